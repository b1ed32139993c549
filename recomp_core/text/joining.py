"""How kept sentences become one text: the joints between them. Standard library only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol, TypeVar

INVISIBLE = (
    "".join(chr(c) for c in (*range(0x21), *range(0x7F, 0xA1)))
    + "".join(chr(c) for c in (*range(0x2000, 0x200C), 0x1680, 0x2028, 0x2029, 0x202F, 0x205F))
    + "\u3000\u2060\ufeff"
)
"""The characters that a reader cannot see at the edge of a sentence.

Whitespace, control characters, zero-width space, word joiner and byte order mark. Joiners that
shape letters and emoji are not among them.
"""


def is_blank(text: str) -> bool:
    """Tell whether a text has no visible character.

    Args:
        text: The text.

    Returns:
        True for "" too.
    """
    return not text.strip(INVISIBLE)


@dataclass(frozen=True, slots=True)
class Layout:
    """The strings between kept sentences.

    Neighbouring sentences keep the text between them, and a document without dropped sentences
    stays as it is. A joint is always shorter than the text that it replaces, so dropping a sentence
    makes the result shorter with any marks.

    Attributes:
        separator: The string between two kept sentences of one document with a dropped one between
            them. None puts a line break where the document has one, else a space, so that tables,
            lists and headings stay on lines of their own. The paper's choice is `" "`.
        elision: A mark such as "[…]" that shows the reader model where text was cut; "" for none.
        document_separator: The string between the parts of different documents.

    Raises:
        TypeError: An attribute has the wrong type.
    """

    separator: str | None = None
    elision: str = ""
    document_separator: str = "\n"

    def __post_init__(self) -> None:
        for name in ("elision", "document_separator"):
            if not isinstance(getattr(self, name), str):
                raise TypeError(f"{name} must be a string, got {getattr(self, name)!r}")
        if self.separator is not None and not isinstance(self.separator, str):
            raise TypeError(f"separator must be a string or None, got {self.separator!r}")

    def excerpt(self, text: str, spans: Sequence[tuple[int, int]]) -> str:
        """Join spans of one document.

        Args:
            text: The document's text.
            spans: The spans `(start, end)` to keep, in characters, ascending.

        Returns:
            The excerpt; "" without spans.
        """
        if not spans:
            return ""
        before, after = self._around(text, spans)
        pieces = (gap + text[a:b] for gap, (a, b) in zip(before, spans, strict=True))
        return "".join(pieces) + after

    def starts(self, text: str, spans: Sequence[tuple[int, int]]) -> list[int]:
        """Find the spans in the excerpt that `excerpt` builds of them.

        Args:
            text: The document's text.
            spans: At least one span `(start, end)`, in characters, ascending.

        Returns:
            For each span the offset of its first character in the excerpt.
        """
        starts: list[int] = []
        position = 0
        for gap, (start, end) in zip(self._around(text, spans)[0], spans, strict=True):
            starts.append(position + len(gap))
            position = starts[-1] + end - start
        return starts

    def join(self, excerpts: Iterable[str]) -> str:
        """Join the parts of several documents.

        Args:
            excerpts: The parts, in order; blank ones are left out.

        Returns:
            The text.
        """
        return self.document_separator.join(part for part in excerpts if not is_blank(part))

    def _around(self, text: str, spans: Sequence[tuple[int, int]]) -> tuple[list[str], str]:
        """The strings before each span of the excerpt, and the string after the last."""
        head, tail = text[: spans[0][0]], text[spans[-1][1] :]
        gaps = [text[end:start] for (_, end), (start, _) in pairwise(spans)]
        if all(map(is_blank, (head, *gaps, tail))):
            return [head, *gaps], tail  # nothing was dropped
        return ["", *map(self._joint, gaps)], ""

    def _joint(self, gap: str) -> str:
        """The string that replaces `gap` between two kept sentences; neighbours keep it."""
        if is_blank(gap):
            return gap
        separator = self.separator
        if separator is None:
            separator = "\n" if "\n" in gap or "\r" in gap else " "
        marked = f"{separator}{self.elision}{separator}" if self.elision else separator
        for joint in (marked, separator, " "):
            if len(joint) < len(gap):
                return joint
        return ""


class _OfDocument(Protocol):
    @property
    def doc_index(self) -> int: ...


_Located = TypeVar("_Located", bound=_OfDocument)


def group_by_document(sentences: Iterable[_Located]) -> dict[int, list[_Located]]:
    """Group sentences by their document.

    Args:
        sentences: Anything with a `doc_index`.

    Returns:
        The sentences of each document by `doc_index`; documents and sentences keep their order.
    """
    grouped: dict[int, list[_Located]] = {}
    for sentence in sentences:
        grouped.setdefault(sentence.doc_index, []).append(sentence)
    return grouped
