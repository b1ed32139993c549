"""A local page to try a compressor: paste a question and documents, see what stays.

    recomp demo

session   scores once per question, and what each setting keeps of them; no user interface
view      a session's findings as HTML
page      the page itself: a script that Streamlit runs
serving   the server on this machine
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .serving import serve
    from .session import Limits, Price, Session, Trial

_MODULES = {
    "serve": ".serving",
    "Limits": ".session",
    "Price": ".session",
    "Session": ".session",
    "Trial": ".session",
}

__all__ = ["Limits", "Price", "Session", "Trial", "serve"]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        from importlib import import_module

        return getattr(import_module(_MODULES[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
