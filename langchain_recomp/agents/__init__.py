"""RECOMP in LangChain agents: compress what tools return before the model reads it.

    from langchain.agents import create_agent
    from langchain_recomp.agents import RecompMiddleware

    agent = create_agent(model, tools, middleware=[RecompMiddleware()])

json_text      where the texts of a JSON string stand
contents       what a tool result holds, and how it is put together again
query          what a tool was called for
results        one tool result to a compressed one
middleware     `RecompMiddleware`, which needs the package langchain
context_edit   `RecompContextEdit`, for LangChain's `ContextEditingMiddleware`
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .context_edit import RecompContextEdit

if TYPE_CHECKING:
    from .middleware import RecompMiddleware

__all__ = ["RecompContextEdit", "RecompMiddleware"]


def __getattr__(name: str) -> Any:
    # `langchain` costs a second and is not needed for the edit.
    if name != "RecompMiddleware":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        import langchain.agents.middleware  # noqa: F401
    except ImportError as error:
        message = 'RecompMiddleware needs langchain: pip install "recomp[agents]"'
        raise ImportError(message) from error
    from .middleware import RecompMiddleware

    return RecompMiddleware


def __dir__() -> list[str]:
    return [*globals(), "RecompMiddleware"]
