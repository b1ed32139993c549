"""Summaries as JSON: the text, and the numbers of the documents that it is drawn from.

Needs pydantic, which the extra `openai` and both frameworks bring.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

from ...errors import SummaryError

if TYPE_CHECKING:
    from pydantic import BaseModel

_FENCE = re.compile(r"\A```\w*\s*\n(.*?)\n?\s*```\Z", re.DOTALL)


class SourcedSummary(str):
    """A summary whose model says which documents it is drawn from.

    Attributes:
        sources: The numbers of the documents, as the prompt numbers them, from 1.
    """

    sources: tuple[int, ...]

    def __new__(cls, text: str, sources: Iterable[int] = ()) -> SourcedSummary:
        """Make one.

        Args:
            text: The summary.
            sources: The numbers of the documents.

        Returns:
            The summary.
        """
        made = super().__new__(cls, text)
        made.sources = tuple(sources)
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return SourcedSummary, (str(self), self.sources)


@cache
def summary_schema() -> type[BaseModel]:
    """The form of a summary, for a client that takes pydantic models.

    Returns:
        A model with the fields `summary` and `sources`.
    """
    from pydantic import BaseModel, ConfigDict, Field

    class Summary(BaseModel):
        """A summary for the question, and the documents that it is drawn from."""

        model_config = ConfigDict(extra="forbid")

        summary: str = Field(
            description="The summary; the agreed word if nothing in the documents helps."
        )
        sources: list[int] = Field(
            description="The numbers of the documents that the summary is drawn from."
        )

    return Summary


def response_format() -> dict[str, Any]:
    """The field of a request in OpenAI's protocol that asks for this form.

    Returns:
        The value of `response_format`.
    """
    schema = summary_schema().model_json_schema()
    return {
        "type": "json_schema",
        "json_schema": {"name": "summary", "strict": True, "schema": schema},
    }


def read_summary(text: str) -> str | SourcedSummary | SummaryError:
    """Read a reply that was asked for in this form.

    Args:
        text: The reply, without reasoning.

    Returns:
        The summary; the text itself where the model wrote plain text all the same; the error of
        JSON of another form.
    """
    from pydantic import ValidationError

    bare = text.strip()
    if fenced := _FENCE.match(bare):
        bare = fenced[1].strip()
    if not bare.startswith("{"):
        return text
    try:
        return sourced(summary_schema().model_validate_json(bare))
    except ValidationError:
        return SummaryError(
            "the reply is JSON without summary and sources: ask for plain text (structured=False)",
            "malformed",
        )


def sourced(found: Any) -> SourcedSummary:
    """The summary of a parsed reply.

    Args:
        found: An object of `summary_schema()`.

    Returns:
        The summary with its sources.
    """
    return SourcedSummary(found.summary, found.sources)


def is_unsupported(error: BaseException) -> bool:
    """Tell whether an error may say that this form is not supported.

    Args:
        error: What a client raised, or a reply ended with.

    Returns:
        Whether its words speak of it.
    """
    words = r"response_format|json_?schema|structured|schema|guided|grammar|tool_choice|tools?\b"
    return isinstance(error, NotImplementedError) or bool(re.search(words, str(error), re.I))
