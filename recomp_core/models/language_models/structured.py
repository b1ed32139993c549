"""Summaries as JSON: the text, and the numbers of the documents that it is drawn from.

To ask for them needs pydantic, which the extra `openai` and both frameworks bring.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from ...errors import SummaryError
from ...text.splitting import replace_surrogates

if TYPE_CHECKING:
    from pydantic import BaseModel

_AROUND = "\ufeff \t\r\n"
_OBJECT = re.compile(r'\{\s*"')
# Hostile text may hold a million beginnings of objects, each of which reaches to its end.
_MOST_TRIES = 20
_LENIENT = json.JSONDecoder(strict=False)
# A string, closed or not; or a comma after the last item, which JSON does not allow.
_STRING_OR_COMMA = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|,(?=\s*[}\]])', re.DOTALL)
# What is no plain text.
_PROMISE = re.compile(
    r"""\A(?:(?:```|~~~)\s*)?(?:\[\s*)?\{\s*(?:["'}]|\Z)|(?:```|~~~)[ \t]*json\b"""
    r"""|["']summary\\?["']\s*:""",
    re.IGNORECASE,
)


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

    Models write words or a fence around the JSON, leave out its sources, and add fields.

    Args:
        text: The reply, without reasoning.

    Returns:
        The summary; the text itself where the model wrote plain text all the same; the error of
        JSON of another form, or that can't be read.
    """
    bare = text.strip(_AROUND)
    if bare == "null":
        return SourcedSummary("")
    for written in (bare, _STRING_OR_COMMA.sub(_without_comma, bare), _decoded(bare)):
        for found in _objects(written):
            if "summary" in found and (summary := _summary_of(found["summary"])) is not None:
                sources = _numbers(found.get("sources"))
                return SourcedSummary(replace_surrogates(summary), sources)
    if not _PROMISE.search(bare):
        return text
    return SummaryError(
        "the reply is JSON that holds no summary, or can't be read: ask for plain text "
        "(structured=False)",
        "malformed",
    )


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """The first objects in a text, with the names of their fields in lower case."""
    for start in islice(_OBJECT.finditer(text), _MOST_TRIES):
        try:
            found, _ = _LENIENT.raw_decode(text, start.start())
        except (ValueError, RecursionError):
            continue
        yield {name.casefold(): value for name, value in found.items()}


def _decoded(text: str) -> str:
    """The text of a JSON string: a model may write its JSON as one."""
    try:
        found = _LENIENT.decode(text) if text.startswith('"') else ""
    except ValueError:
        return ""
    return found if isinstance(found, str) else ""


def _without_comma(found: re.Match[str]) -> str:
    return "" if found[0] == "," else found[0]


def _summary_of(value: Any) -> str | None:
    """The summary in a field; None if it is none."""
    if value is None:
        return ""
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return " ".join(value)
    return value if isinstance(value, str) else None


def _numbers(value: Any) -> Iterator[int]:
    """The whole numbers in a field: `1`, `[1.0]`, `["Document 1"]`, `"1, 2"`."""
    if isinstance(value, list):
        for part in value:
            if not isinstance(part, list):
                yield from _numbers(part)
    elif isinstance(value, str):
        yield from map(int, re.findall(r"\d{1,9}", value))
    elif isinstance(value, (int, float)) and not isinstance(value, bool) and value % 1 == 0:
        yield int(value)


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
