"""XML that holds data to entries, each under the tags that lead to it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from .data_formats import is_short_record, named_record
from .lines import Block

# A tag holds no other "<", so that no search runs past the next one.
_TAG = re.compile(r"<!--|<!\[CDATA\[|<[!?][^<>]*>|<(/?)([A-Za-z_][\w:.-]*)([^<>]*)>")
_ENDS = {"<!--": "-->", "<![CDATA[": "]]>"}
_DEEPEST = 100


@dataclass
class _Element:
    name: str
    start: int
    opened: int
    end: int
    is_said: bool
    """Whether it has attributes or text."""
    has_text: bool = False
    children: list[_Element] = field(default_factory=list)


def xml_blocks(text: str) -> list[Block] | None:
    """Read XML.

    Args:
        text: The document's text.

    Returns:
        Keys and entries: an entry is an element with a plain value, or a short one among others of
        its name. None if the text is no XML, or has elements within sentences.
    """
    root = _root(text)
    return None if root is None or not root.children else _blocks(text, root, is_record=False)


def _root(text: str) -> _Element | None:
    outer = _Element("", 0, 0, len(text), is_said=False)
    opened = [outer]
    position = 0
    while (tag := _TAG.search(text, position)) is not None:
        if not _say(opened[-1], text[position : tag.start()]):
            return None
        position = tag.end()
        if tag.group() in _ENDS:
            end = text.find(_ENDS[tag.group()], position)
            position = len(text) if end < 0 else end + 3
            opened[-1].has_text |= tag.group() != "<!--"
            continue
        closing, name, rest = tag.groups()
        if name is None:
            continue
        if closing:
            if opened[-1].name != name or len(opened) == 1:
                return None
            opened.pop().end = position
            continue
        element = _Element(name, tag.start(), position, position, is_said=bool(rest.strip(" /\n")))
        opened[-1].children.append(element)
        if opened[-1].has_text:
            return None
        if not rest.endswith("/"):
            opened.append(element)
        if len(opened) > _DEEPEST:
            return None
    is_whole = not text[position:].strip() and len(opened) == len(outer.children) == 1
    return outer.children[0] if is_whole else None


def _say(element: _Element, text: str) -> bool:
    """Add text to an element; returns whether it may stand there."""
    if not text.strip():
        return True
    element.has_text = element.is_said = True
    return bool(element.name) and not element.children


def _blocks(text: str, element: _Element, *, is_record: bool) -> list[Block]:
    if not element.children and not element.is_said:
        return []
    is_short = is_short_record(text, element.start, element.end)
    if is_short and (is_record or not element.children):
        return [Block("entry", element.start, element.end)]
    if not element.children:
        return [Block("prose", element.start, element.end, markup=True)]
    names = Counter(child.name for child in element.children)
    inside = [
        block
        for child in element.children
        for block in _blocks(text, child, is_record=names[child.name] > 1)
    ]
    if is_record and not element.is_said and inside:
        return [named_record(text, inside)]
    return [Block("key", element.start, element.opened, children=inside)]
