"""How kept sentences become one text: the joints between them. Standard library only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Protocol, TypeVar

from .function_words import function_words
from .markup import breaks_line, visible_text
from .words import words

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


# A longer title is a sentence, and the excerpt can do without it.
_LONGEST_TITLE = 120
# What stands between the units of data and of pages, and says nothing without them.
_MARKS = INVISIBLE + "{}[],-*_=~|`>"


def is_seam(text: str) -> bool:
    """Tell whether a text may lie between two units without being one.

    Args:
        text: The text.

    Returns:
        True for "", white space, the brackets and commas of JSON, rules, and HTML tags.
    """
    if text[:1].isalnum():
        return False
    bare = text.strip(_MARKS)
    return not bare or (bare[0] == "<" and not visible_text(bare).strip(_MARKS))


def _is_gap(text: str) -> bool:
    """Tell whether what lies between two units says nothing: a seam, or tags alone.

    Where units are made, tags alone may be an example of HTML, which is one.
    """
    return is_seam(text) or (
        text.lstrip(_MARKS).startswith("<") and not visible_text(text).strip(_MARKS)
    )


def _telling(title: str) -> set[str]:
    """The words of a title; in scripts without spaces the pairs of characters.

    One character of Chinese, two letters, or "the" stand in many texts that say nothing of the
    title.
    """
    found = {word for word in words(title) if len(word) > 1 + word.isascii()}
    return found - function_words(found) or found


def common_words(titles: Iterable[str]) -> frozenset[str]:
    """Find the words that tell no title from the others: "Hotel" of "Hotel North", "Hotel South".

    Args:
        titles: The titles of the documents of a call.

    Returns:
        The words that two different titles have, in small letters.
    """
    found: set[str] = set()
    common: set[str] = set()
    for title in {" ".join(title.split()) for title in titles if len(title) <= 2 * _LONGEST_TITLE}:
        own = _telling(title)
        common |= found & own
        found |= own
    return frozenset(common)


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
        titles: Whether an excerpt begins with its document's title, as "[Title] ", where none of
            the words that tell the title from others stands in it and another document of the call
            has another title: "He died in 1502." then says who.
        common: The words that several titles of the call have, see `common_words`: they tell no
            document from another.

    Raises:
        TypeError: An attribute has the wrong type.
    """

    separator: str | None = None
    elision: str = ""
    document_separator: str = "\n"
    titles: bool = field(default=False, repr=False)
    common: frozenset[str] = field(default=frozenset(), repr=False, compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.titles, bool):
            raise TypeError(f"titles must be True or False, got {self.titles!r}")
        for name in ("elision", "document_separator"):
            if not isinstance(getattr(self, name), str):
                raise TypeError(f"{name} must be a string, got {getattr(self, name)!r}")
        if self.separator is not None and not isinstance(self.separator, str):
            raise TypeError(f"separator must be a string or None, got {self.separator!r}")

    def excerpt(
        self,
        text: str,
        spans: Sequence[tuple[int, int]],
        pieces: Sequence[str] | None = None,
        title: str | None = None,
    ) -> str:
        """Join spans of one document.

        Args:
            text: The document's text.
            spans: The spans `(start, end)` to keep, in characters, ascending.
            pieces: What to write for each span, if that is not the text itself.
            title: The document's title.

        Returns:
            The excerpt; "" without spans.
        """
        if not spans:
            return ""
        head, gaps, tail = self._around(text, spans)
        if pieces is None:
            pieces = [text[start:end] for start, end in spans]
        excerpt = "".join(map("".join, zip((head, *gaps), pieces, strict=True))) + tail
        return self._titled(excerpt, title)

    def starts(
        self,
        text: str,
        spans: Sequence[tuple[int, int]],
        pieces: Sequence[str] | None = None,
        title: str | None = None,
    ) -> list[int]:
        """Find the spans in the excerpt that `excerpt` builds of them.

        Args:
            text: The document's text.
            spans: At least one span `(start, end)`, in characters, ascending.
            pieces: What stands for each span, see `excerpt`.
            title: The document's title.

        Returns:
            For each span the offset of its first character in the excerpt.
        """
        if pieces is None:
            pieces = [text[start:end] for start, end in spans]
        head, gaps, tail = self._around(text, spans)
        starts: list[int] = []
        position = 0
        for gap, piece in zip((head, *gaps), pieces, strict=True):
            starts.append(position + len(gap))
            position = starts[-1] + len(piece)
        if self.titles and title:
            excerpt = "".join(map("".join, zip((head, *gaps), pieces, strict=True))) + tail
            before = len(self._titled(excerpt, title)) - len(excerpt)
            starts = [start + before for start in starts]
        return starts

    def _titled(self, excerpt: str, title: str | None) -> str:
        """The excerpt with the title before it, if no word stands there that tells the title."""
        if not self.titles or not title or not excerpt:
            return excerpt
        label = " ".join(title.split())
        if len(label) > _LONGEST_TITLE:
            return excerpt
        said = _telling(label)
        said = said - self.common or said
        is_said = not said or not said.isdisjoint(words(excerpt))
        return excerpt if is_said else f"[{label}] {excerpt}"

    def join(self, excerpts: Iterable[str]) -> str:
        """Join the parts of several documents.

        Args:
            excerpts: The parts, in order; blank ones are left out.

        Returns:
            The text.
        """
        return self.document_separator.join(part for part in excerpts if not is_blank(part))

    def _around(self, text: str, spans: Sequence[tuple[int, int]]) -> tuple[str, list[str], str]:
        """The strings before the first span, between the spans, and after the last."""
        head, tail = text[: spans[0][0]], text[spans[-1][1] :]
        gaps = [text[end:start] for (_, end), (start, _) in pairwise(spans)]
        if all(map(is_blank, (head, *gaps, tail))):
            return head, gaps, tail  # nothing was dropped
        joints = [self._joint(gap) for gap in gaps]
        whole = all(map(_is_gap, (head, *gaps, tail)))
        if whole and not any("<" in gap for gap in (head, *gaps, tail)):
            return head, joints, tail  # nothing but the brackets of data
        return "", joints, ""

    def _joint(self, gap: str) -> str:
        """The string that replaces `gap` between two kept sentences; neighbours keep it."""
        if _is_gap(gap):
            if "<" not in gap:
                return gap
            return "\n" if breaks_line(gap) else " "
        separator = self.separator
        if separator is None:
            separator = "\n" if "\n" in gap or "\r" in gap or breaks_line(gap) else " "
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
