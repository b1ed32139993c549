"""How kept sentences become one text: the joints between them, and nothing else. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol, TypeVar

# Whitespace, control characters, zero-width space, word joiner and byte order mark: what a reader
# cannot see at the edge of a sentence. (Joiners that shape letters and emoji are not among them.)
INVISIBLE = (
    "".join(chr(c) for c in (*range(0x21), *range(0x7F, 0xA1)))
    + "".join(chr(c) for c in (*range(0x2000, 0x200C), 0x1680, 0x2028, 0x2029, 0x202F, 0x205F))
    + "\u3000\u2060\ufeff"
)


def is_blank(text: str) -> bool:
    """Whether a reader would see nothing in `text`."""
    return not text.strip(INVISIBLE)


@dataclass(frozen=True, slots=True)
class Layout:
    """The strings between kept sentences.

    separator: between two kept sentences of one document with something dropped between them.
        None (the default) puts a line break where the document had one, else a space, so that
        tables, lists and headings stay on lines of their own. The paper's choice is `" "`.
    elision: a mark such as "[…]" that tells the reader model that text was cut there; "" for none.
    document_separator: between the parts of different documents.

    Neighbouring sentences keep the text that stood between them, and a document of which nothing
    was dropped stays as it is. A joint is always shorter than the text it replaces, so dropping
    anything makes the result shorter, whatever the marks.
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
        """The spans `[(start, end), …]` of one document's text, ascending, joined."""
        if not spans:
            return ""
        before, after = self._around(text, spans)
        pieces = (gap + text[a:b] for gap, (a, b) in zip(before, spans, strict=True))
        return "".join(pieces) + after

    def starts(self, text: str, spans: Sequence[tuple[int, int]]) -> list[int]:
        """Where each span begins in `excerpt(text, spans)`."""
        starts: list[int] = []
        position = 0
        for gap, (start, end) in zip(self._around(text, spans)[0], spans, strict=True):
            starts.append(position + len(gap))
            position = starts[-1] + end - start
        return starts

    def join(self, excerpts: Iterable[str]) -> str:
        """The parts of several documents as one text; blank ones leave no trace."""
        return self.document_separator.join(part for part in excerpts if not is_blank(part))

    def _around(self, text: str, spans: Sequence[tuple[int, int]]) -> tuple[list[str], str]:
        """What stands before each span in the excerpt, and after the last."""
        head, tail = text[: spans[0][0]], text[spans[-1][1] :]
        gaps = [text[end:start] for (_, end), (start, _) in pairwise(spans)]
        if all(map(is_blank, (head, *gaps, tail))):
            return [head, *gaps], tail  # nothing was dropped
        return ["", *map(self._joint, gaps)], ""

    def _joint(self, gap: str) -> str:
        """What stands for `gap` between two kept sentences; neighbours keep it."""
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
    """Sentences by `doc_index`, order kept within and between documents."""
    grouped: dict[int, list[_Located]] = {}
    for sentence in sentences:
        grouped.setdefault(sentence.doc_index, []).append(sentence)
    return grouped
