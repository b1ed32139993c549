"""Marks to text: what a reader sees of HTML, and what a heading says without its marks.

Standard library only. Every pattern is linear in the length of the text.
"""

from __future__ import annotations

import html
import re

# A tag holds no other "<", so that a search never runs past the next one.
_TAG = re.compile(r"</?[A-Za-z!?][^<>]*>")
_COMMENT = "<!--"
_CELL_END = re.compile(r"</t[dh]\s*>\s*(?=<t[dh])", re.IGNORECASE)
_LINE_TAG = re.compile(
    r"<br\b[^<>]*>|</?(?:p|div|tr|li|ul|ol|dl|dt|dd|h[1-6]|table|thead|tbody|blockquote|pre)\b[^<>]*>",
    re.IGNORECASE,
)
_SPACES = re.compile(r"[ \t\r\f\v\u00a0]+")
_LINES = re.compile(r" ?\n[ \n]*")


def visible_text(text: str) -> str:
    """Return what a reader sees of a piece of HTML.

    Args:
        text: HTML; it may begin or end inside an element.

    Returns:
        The text without tags, never longer: cells have " | " between them, blocks and rows a line
        each, and entities are characters.
    """
    if _COMMENT in text:
        text = _without_comments(text)
    text = _CELL_END.sub(" | ", text)
    text = _LINE_TAG.sub("\n", text)
    text = html.unescape(_TAG.sub("", text))
    return _LINES.sub("\n", _SPACES.sub(" ", text)).strip()


def _without_comments(text: str) -> str:
    kept = []
    position = 0
    while (start := text.find(_COMMENT, position)) >= 0:
        kept.append(text[position:start])
        end = text.find("-->", start)
        if end < 0:
            return "".join(kept)  # nothing closes it: it hides the rest, as in a browser
        position = end + 3
    return "".join((*kept, text[position:]))


def breaks_line(text: str) -> bool:
    """Tell whether something in a piece of HTML begins a new line.

    Args:
        text: The piece.

    Returns:
        Whether a line break, or the tag of a block or row stands in it.
    """
    return "\n" in text or "\r" in text or ("<" in text and _LINE_TAG.search(text) is not None)


_MARKS_BEFORE = re.compile(r"[\s>#*_=|\-+•‣◦·]+")
_MARKS_AFTER = re.compile(r"[\s#*_=|:：\-]+$")
_RULE = re.compile(r"\n[\s=\-|:+]+$")
_CELLS = re.compile(r"\s*\|\s*")


def _says_something(line: str) -> bool:
    return not line.startswith("```") and any(c.isalnum() for c in line)


def label_text(text: str) -> str:
    """Return what a heading, a header row or a key says, without its marks.

    Args:
        text: The heading as it stands in the document.

    Returns:
        One line without Markdown marks, HTML tags and the colon at its end.
    """
    if "<" in text:
        text = visible_text(text) or text  # a tag of XML is a label, too
    lines = text.strip().splitlines()
    # A line of signs below the title, or above, says nothing; nor does a fence.
    line = " ".join([line for line in lines if _says_something(line)] or lines)
    opening = _MARKS_BEFORE.match(line)
    line = line[opening.end() :] if opening else line
    line = line.rstrip(" \t#*_=|:：\"'`").lstrip("\"'`")
    return _CELLS.sub(" | ", _SPACES.sub(" ", line))
