"""Summaries as JSON: the text, and the numbers of the documents that it is drawn from.

To ask for them needs pydantic, which the extra `openai` and both frameworks bring.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from ...errors import SummaryError
from ...text.splitting import replace_surrogates
from .replies import REASONS, UnusableReply

if TYPE_CHECKING:
    from pydantic import BaseModel

_AROUND = "\ufeff \t\r\n"
_OBJECT = re.compile(r'\{\s*"')
# Hostile text may hold a million beginnings of objects, each of which reaches to its end.
_MOST_TRIES = 20
_LENIENT = json.JSONDecoder(strict=False)
# A string, closed or not; or a comma after the last item, which JSON does not allow.
_STRING_OR_COMMA = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|,(?=\s*[}\]])', re.DOTALL)
_PYTHON_OBJECT = re.compile(r"\{\s*'")
# A string of Python's, closed or not, or what else Python writes otherwise than JSON.
_PYTHON = re.compile(
    r"""'[^'\\]*(?:\\.[^'\\]*)*(?:'|\\?\Z)|"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)"""
    r"""|\b(?:None|True|False)\b|[()]""",
    re.DOTALL,
)
_PYTHON_ESCAPE = re.compile(r"""\\x([0-9a-fA-F]{2})|\\(.)|(")""", re.DOTALL)
# What stands between the objects of several summaries.
_BETWEEN = re.compile(r"[\s,;\]}\[]*")
_NAMES_NUMBER = re.compile(
    r"(?:doc(?:ument)?|source|passage)s?(?:[_ ]?(?:id|n(?:umbe)?r|number|no|num)s?)?|id|number|no"
)
_NUMBER_LIST = r"\d{1,9}(?:\s{0,2}(?:[,;&/+–-]|and|und|et|y|e|en|и|i|和|、)\s{0,2}\d{1,9}){0,99}"
_NUMBERS = re.compile(_NUMBER_LIST)
_LABELLED = re.compile(
    rf"(?:doc|dok|док|source|quelle|passage|文档|文書|문서)[^\W\d_]{{0,12}}\W{{0,3}}({_NUMBER_LIST})",
    re.IGNORECASE,
)
_IN_JSON = {"None": "null", "True": "true", "False": "false", "(": "[", ")": "]"}
_SUMMARY = "The summary; the agreed word if nothing in the documents helps."
_SOURCES = "The numbers of the documents that the summary is drawn from."
# What a model that repeats the schema writes in the place of values.
_TYPES = frozenset({"string", "str", "text", "integer", "int", "number", "array", "list"})
# What is no plain text.
_PROMISE = re.compile(
    r"""\A(?:(?:```|~~~)\s*)?(?:\[\s*)?\{\s*(?:["'}]|\Z)|(?:```|~~~)[ \t]*json\b"""
    r"""|["']summary\\?["']\s*:""",
    re.IGNORECASE,
)

# What the words of an error name that speaks of the form, or of what it is made with.
_FORM = re.compile(
    r"response[_ -]?(?:format|schema)|output_(?:format|config)|json_validate|generate json"
    r"|json[_ -]?(?:schema|object|mode)|structured|guided|grammar"
    r"|no endpoints found that",
    re.IGNORECASE,
)
_PERHAPS_FORM = re.compile(r"schema|tool_choice|tools?\b", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]{2,}")
# The words of an error that says no more than that it is one, and the names of its fields.
_SAY_NOTHING = frozenset({
    "bad", "badrequest", "badrequesterror", "body", "client", "code", "detail", "details", "error",
    "errors", "false", "http", "invalid", "message", "msg", "no", "none", "null", "object", "param",
    "provider", "request", "returned", "status", "true", "type", "unprocessable", "entity",
})  # fmt: skip
_LONGEST_ERROR = 10_000


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

    What a model fills in is read as `read_summary` reads it, for a summary must not be lost for the
    form of its sources.

    Returns:
        A model with the fields `summary` and `sources`.
    """
    from pydantic import BaseModel, ConfigDict, Field, model_validator

    class Summary(BaseModel):
        """A summary for the question, and the documents that it is drawn from."""

        model_config = ConfigDict(extra="forbid")

        summary: str = Field(description=_SUMMARY)
        sources: list[int] = Field(description=_SOURCES)

        @model_validator(mode="before")
        @classmethod
        def _read(cls, filled: Any) -> Any:
            if not isinstance(filled, dict):
                return filled
            fields = _in_lower_case(filled)
            # Clients close what was cut, and not all say so: what comes last must be there.
            if "sources" not in fields or (summary := _summary_in(fields)) is None:
                raise ValueError("it holds no summary with its sources")
            return {"summary": str(summary), "sources": list(summary.sources)}

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


def read_summary(
    text: str, means_nothing: Callable[[str], bool] | None = None
) -> str | SourcedSummary | SummaryError:
    """Read a reply that was asked for in this form.

    Models write words or a fence around the JSON, leave out its sources, add fields, and repeat
    the schema, before the summary or with the summary in it. Some write a dict of Python's. Some
    write an object for each document, or each sentence.

    Args:
        text: The reply, without reasoning.
        means_nothing: Whether a summary says nothing, and goes where there are others.

    Returns:
        The summary; the text itself where the model wrote plain text all the same; the error of
        JSON of another form, or that can't be read.
    """
    bare = text.strip(_AROUND)
    if bare == "null":
        return SourcedSummary("")
    in_schemas: list[SourcedSummary] = []
    python = _from_python(bare)
    as_json = (bare, _without_commas(bare), _decoded(bare))
    as_python = (python, _without_commas(python))
    # A dict of Python's may quote JSON, which is not the reply.
    in_turn = (*as_python, *as_json) if _PYTHON_OBJECT.match(bare) else (*as_json, *as_python)
    for written in in_turn:
        summaries: list[SourcedSummary] = []
        end_of_last = 0
        for found, of_schema, start, end in _objects(written):
            if start < end_of_last or (summary := _summary_in(found)) is None:
                continue
            if of_schema:
                in_schemas.append(summary)
                continue
            # Words between two objects may say that the second stands for the first.
            if summaries and not _BETWEEN.fullmatch(written, end_of_last, start):
                break
            summaries.append(summary)
            end_of_last = end
        if summaries:
            return _joined(summaries, means_nothing)
    if in_schemas:
        return in_schemas[0]
    if not _PROMISE.search(bare):
        return text
    return SummaryError(
        "the reply is JSON that holds no summary, or can't be read: ask for plain text "
        "(structured=False)",
        "malformed",
    )


def _joined(
    summaries: list[SourcedSummary], means_nothing: Callable[[str], bool] | None
) -> SourcedSummary:
    """One summary of several; of those that say nothing only if there is no other."""
    said = {
        str(summary): None
        for summary in summaries
        if summary.strip() and not (means_nothing and means_nothing(summary))
    }
    if not said:
        return summaries[0]
    kept = [summary for summary in summaries if summary in said]
    sources = dict.fromkeys(number for summary in kept for number in summary.sources)
    # Sources that one of them does not name may be any.
    return SourcedSummary(" ".join(said), sources if all(one.sources for one in kept) else ())


def _objects(text: str) -> Iterator[tuple[dict[str, Any], bool, int, int]]:
    """The first objects in a text and where they stand, with their fields' names in lower case.

    Of a schema, there are the object itself and its properties, which are told from others: a
    model may have filled them in. What lies deeper is an example at most.
    """
    tries = end_of_schema = 0
    for start in _OBJECT.finditer(text):
        if start.start() < end_of_schema:
            continue
        if (tries := tries + 1) > _MOST_TRIES:
            return
        try:
            found, end = _LENIENT.raw_decode(text, start.start())
        except (ValueError, RecursionError):
            continue
        fields = _in_lower_case(found)
        properties = fields.get("properties")
        if isinstance(properties, dict):
            end_of_schema = end
            yield _in_lower_case(properties), True, start.start(), end
        yield fields, isinstance(properties, dict), start.start(), end


def _in_lower_case(found: dict[str, Any]) -> dict[str, Any]:
    return {name.casefold(): value for name, value in found.items() if isinstance(name, str)}


def _decoded(text: str) -> str:
    """The text of a JSON string: a model may write its JSON as one."""
    try:
        found = _LENIENT.decode(text) if text.startswith('"') else ""
    except ValueError:
        return ""
    return found if isinstance(found, str) else ""


def _without_commas(text: str) -> str:
    return _STRING_OR_COMMA.sub(lambda found: "" if found[0] == "," else found[0], text)


def _from_python(text: str) -> str:
    """The text from the first dict of Python's on, as JSON; "" if there is none.

    Python's own reader of literals would be at the mercy of how deep a text is.
    """
    start = _PYTHON_OBJECT.search(text)
    return _PYTHON.sub(_json_of, text[start.start() :]) if start else ""


def _json_of(found: re.Match[str]) -> str:
    written = found[0]
    if written[0] not in "'\"":
        return _IN_JSON[written]
    if len(written) < 2 or written[-1] != written[0]:
        return written  # it is not closed
    return '"' + _PYTHON_ESCAPE.sub(_escape_of, written[1:-1]) + '"'


def _escape_of(found: re.Match[str]) -> str:
    code, escaped, _ = found.groups()
    if code:
        return f"\\u00{code}"
    if escaped is None:
        return '\\"'
    if escaped in "'\n":  # a line that goes on in the next
        return "'" * (escaped == "'")
    return found[0] if escaped in '"\\/bfnrtu' else f"\\\\{escaped}"


def _summary_in(found: dict[str, Any]) -> SourcedSummary | None:
    """The summary in the fields of an object; None if it holds none."""
    if "summary" not in found:
        return None
    summary, sources = found["summary"], found.get("sources")
    if isinstance(summary, list) and all(isinstance(part, str) for part in summary):
        summary = " ".join(summary)
    if summary is None:
        summary = ""
    if not isinstance(summary, str) or summary == _SUMMARY or _names_types(summary, sources):
        return None
    return SourcedSummary(replace_surrogates(summary), _numbers(sources))


def _names_types(summary: str, sources: Any) -> bool:
    """Whether both fields name what should stand in them: a summary may be the word "string"."""
    named = sources if isinstance(sources, list) else [sources]
    return summary.casefold() in _TYPES and any(
        isinstance(one, dict) or (isinstance(one, str) and one.casefold() in _TYPES)
        for one in named
    )


def _numbers(value: Any) -> Iterator[int]:
    """The documents' numbers in a field: `1`, `[1.0]`, `["Document 1"]`, `"1, 2"`, `[{"id": 1}]`.

    A text may hold other numbers, of pages and in titles.
    """
    if isinstance(value, list):
        for part in value:
            if not isinstance(part, list):
                yield from _numbers(part)
    elif isinstance(value, dict):
        named = (
            found
            for name, found in value.items()
            if _NAMES_NUMBER.fullmatch(name.casefold()) and not isinstance(found, dict)
        )
        yield from _numbers(next(named, None))
    elif isinstance(value, str):
        said = _LABELLED.findall(value) or _NUMBERS.findall(value)[:1]
        yield from (int(number) for numbers in said for number in re.findall(r"\d{1,9}", numbers))
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


def summary_of_call(arguments: Any) -> SourcedSummary | None:
    """The summary in the arguments of a tool's call, which a client could not parse.

    Args:
        arguments: A mapping, or JSON as text, which may be no JSON.

    Returns:
        The summary with its sources; None if they hold none.
    """
    if isinstance(arguments, dict):
        return _summary_in(_in_lower_case(arguments))
    read = read_summary(arguments) if isinstance(arguments, str) and arguments.strip() else None
    return read if isinstance(read, SourcedSummary) else None


def is_unsupported(error: BaseException) -> bool:
    """Tell whether an error of a request that asks for this form may say that it is not supported.

    Args:
        error: What a client raised, or a reply ended with.

    Returns:
        Whether its words speak of it, or it rejects the request and says nothing at all. An error
        of the key, of a quota or of the time is none.
    """
    if isinstance(error, NotImplementedError):
        return True
    status = getattr(error, "status_code", None)
    status = status if isinstance(status, int) else 0
    if status in REASONS or getattr(error, "code", None) in (
        "content_filter",
        "insufficient_quota",
    ):
        return False
    # Not all clients put the words into their error.
    said = f"{error} {getattr(error, 'body', None) or ''}"
    if isinstance(error, UnusableReply):
        said = error.said or said
        if error.reason not in ("invalid", "unavailable"):
            return False
    said = said[:_LONGEST_ERROR]
    if _FORM.search(said):
        return True
    # A server that is out of order may speak of anything.
    if status >= 500:
        return False
    return bool(_PERHAPS_FORM.search(said)) or (
        status in (400, 422) and not set(_WORD.findall(said.casefold())) - _SAY_NOTHING
    )
