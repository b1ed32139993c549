"""How kept sentences become one text: the joints between them, and nothing else. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

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
        head, tail = text[: spans[0][0]], text[spans[-1][1] :]
        joints = [self._joint(text[end:start]) for (_, end), (start, _) in pairwise(spans)]
        whole = all(joint is None for joint in joints) and is_blank(head) and is_blank(tail)
        if whole:
            return text
        pieces = [text[spans[0][0] : spans[0][1]]]
        for joint, ((_, end), (start, stop)) in zip(joints, pairwise(spans), strict=True):
            pieces += (text[end:start] if joint is None else joint, text[start:stop])
        return "".join(pieces)

    def join(self, excerpts: Iterable[str]) -> str:
        """The parts of several documents as one text; blank ones leave no trace."""
        return self.document_separator.join(part for part in excerpts if not is_blank(part))

    def _joint(self, gap: str) -> str | None:
        """What replaces `gap`; None where the two sentences are neighbours and keep it."""
        if is_blank(gap):
            return None
        separator = self.separator
        if separator is None:
            separator = "\n" if "\n" in gap or "\r" in gap else " "
        marked = f"{separator}{self.elision}{separator}" if self.elision else separator
        for joint in (marked, separator, " "):
            if len(joint) < len(gap):
                return joint
        return ""
