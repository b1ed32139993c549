"""The unit: a piece of a document that is kept or dropped whole, and what it stands under."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple

from .markup import label_text

Span = tuple[int, int]
"""Where a piece stands in its text: `(start, end)` in code points."""

Kind = Literal[
    "sentence", "item", "table", "row", "code", "entry", "answer", "message", "line", "part",
    "heading", "lead-in", "header", "question", "key", "boilerplate",
]  # fmt: skip
"""What a unit is in its document.

"sentence": of prose. "item": of a list. "table": a small one, whole. "row": of a table. "code": a
fenced block, or a part of a program. "entry": a key and its value. "answer": to the question above
it. "message": of a chat. "line": of a log, or one that stands by itself. "part": of something that
was too long. "boilerplate": e-mail headers and signatures, quoted mail.

The kinds of `STRUCTURAL` tell what others are about: "heading", "header" (of a table), "question",
"key". A "lead-in" announces a list, and is both.
"""

STRUCTURAL: frozenset[str] = frozenset({"heading", "header", "question", "key"})
"""The kinds that come along with what stands under them, and are not chosen for themselves."""

Format = Literal["markdown", "text", "html", "csv", "json", "yaml", "email", "log", "chat", "code"]
"""The formats that a splitter can be told."""

FORMATS: tuple[str, ...] = (
    "markdown", "text", "html", "csv", "json", "yaml", "email", "log", "chat", "code",
)  # fmt: skip
"""The same, to check a value."""


class Unit(NamedTuple):
    """A piece of a text.

    Attributes:
        start: The offset of its first character, in code points.
        end: The offset after its last character.
        kind: What it is.
        path: The spans of what it stands under, outermost first; each is the span of a unit before
            it.
        markup: Whether it holds HTML tags.
    """

    start: int
    end: int
    kind: Kind = "sentence"
    path: tuple[Span, ...] = ()
    markup: bool = False


def path_text(text: str, path: Iterable[Span]) -> str:
    """Return what a path says, as encoders read it.

    Args:
        text: The document's text.
        path: The spans, outermost first.

    Returns:
        The labels without their marks, with " › " between them.
    """
    labels = (label_text(text[start:end]) for start, end in path)
    return " › ".join(label for label in labels if label)


# What loaders write into metadata: a format, a media type, or a file's name.
_FORMAT_KEYS = ("format", "content_type", "mime_type", "file_type", "mimetype")
_NAME_KEYS = ("source", "file_name", "filename", "file_path", "url")
_BY_NAME: Mapping[str, str] = {
    "markdown": "markdown", "md": "markdown", "mdx": "markdown", "rst": "markdown",
    "plain": "text", "text": "text", "txt": "text",
    "html": "html", "htm": "html", "xhtml": "html", "xhtml+xml": "html",
    "csv": "csv", "tsv": "csv", "tab-separated-values": "csv",
    "json": "json", "jsonl": "json", "ndjson": "json", "x-ndjson": "json",
    "yaml": "yaml", "yml": "yaml", "x-yaml": "yaml", "toml": "yaml", "ini": "yaml",
    "email": "email", "eml": "email", "rfc822": "email",
    "log": "log", "chat": "chat", "code": "code",
    "py": "code", "x-python": "code", "js": "code", "ts": "code", "java": "code", "go": "code",
    "rs": "code", "c": "code", "cpp": "code", "cs": "code", "rb": "code", "php": "code",
    "sh": "code", "sql": "code", "kt": "code", "swift": "code",
}  # fmt: skip


def stated_format(metadata: Mapping[str, Any]) -> str | None:
    """Read a document's format from its metadata.

    Args:
        metadata: What a loader wrote: a format or media type under "format", "content_type",
            "mime_type" or "file_type", or a file's name under "source", "file_name" or "file_path".

    Returns:
        One of `FORMATS`, or None if the metadata names none of them. "text" says only that no other
        program wrote the text, so it counts as nothing stated.
    """
    if not metadata:
        return None
    for key in _FORMAT_KEYS:
        value = metadata.get(key)
        if isinstance(value, str):
            name = value.partition(";")[0].rpartition("/")[2].strip().lower().lstrip(".")
            if (found := _BY_NAME.get(name)) and found != "text":
                return found
    for key in _NAME_KEYS:
        value = metadata.get(key)
        if isinstance(value, str):
            ending = value.partition("?")[0].partition("#")[0].rpartition(".")[2].lower()
            if (found := _BY_NAME.get(ending)) and found != "text" and ending != value.lower():
                return found
    return None
