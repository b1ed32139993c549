"""HTML to blocks, one tag after the other; what stands between the tags keeps its offsets."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ..joining import INVISIBLE, is_blank
from .lines import Block

# A tag holds no other "<", so that no search runs past the next one.
_TAG = re.compile(r"<!--|<(/?)([A-Za-z][A-Za-z0-9:-]{0,30})(?=[\s/>])[^<>]*>|<[!?][^<>]*>")
_BLOCKS = frozenset(
    {
        "address", "article", "aside", "blockquote", "body", "br", "caption", "center", "dd",
        "details", "dialog", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer",
        "form", "h1", "h2", "h3", "h4", "h5", "h6", "head", "header", "hr", "html", "legend",
        "li", "main", "nav", "ol", "option", "p", "pre", "section", "summary", "table", "tbody",
        "td", "tfoot", "th", "thead", "title", "tr", "ul",
    }
)  # fmt: skip
_LISTS = frozenset({"ul", "ol"})
# Lists in lists: what lies deeper stands beside the last item.
_DEEPEST = 12
_MOST_HEADERS = 4
# What stands in these is no text of the page.
_HIDDEN = frozenset({"script", "style", "template", "noscript", "svg", "iframe", "object"})
_OPENING = re.compile(
    r"<(table|ul|ol|dl|div|p|h[1-6]|section|article|aside|main|header|footer|nav|pre|details|figure|"
    r"blockquote|html|body|head|form|center)(?=[\s>])[^<>]*>",
    re.IGNORECASE,
)
_MARK = re.compile(r"<[A-Za-z/!]|&[A-Za-z#]")
# A document that begins with one of these is a page, or a part of one.
_OF_PAGES = _BLOCKS - {"br", "hr", "details", "summary", "option", "legend"}
# These may stand before it. XML has other names; a custom element's has a hyphen.
_BEFORE_PAGES = _HIDDEN | frozenset(
    {
        "a", "abbr", "b", "base", "br", "button", "em", "font", "hr", "i", "img", "input", "label",
        "link", "meta", "small", "span", "strong", "u",
    }
)  # fmt: skip
_DOCTYPE = re.compile(r"<!doctype\s+html", re.IGNORECASE)
# What stands after a closing tag in HTML, and not where a text speaks of a tag.
_ENDS_LINE = re.compile(r"[ \t]*(?:[<\r\n]|$)")
_MARKDOWN = re.compile(r"^ {0,3}(?:#{1,6}[ \t]|```|~~~)", re.MULTILINE)
_INVISIBLE = frozenset(INVISIBLE)


def is_page(text: str) -> bool:
    """Tell whether a document is HTML: a page, or a chunk of one.

    Comments, scripts and tags without a block may stand before the first block. A chunk may begin
    inside an element, so that its first block's tag is a closing one. A file of Markdown may begin
    with HTML, too, but has headings or fences outside its elements.

    Args:
        text: The document.

    Returns:
        Whether it is.
    """
    return "<" in text and _begins_page(text) and not _has_markdown(text)


def _begins_page(text: str) -> bool:
    """Whether the first block's tag has no text before it, or closes an element that has."""
    position = 0
    hidden, said = "", False
    while tag := _TAG.search(text, position):
        said = said or not (hidden or is_blank(text[position : tag.start()]))
        position = tag.end()
        name, closing = (tag.group(2) or "").lower(), bool(tag.group(1))
        if tag.group() == "<!--":
            closed = text.find("-->", position)
            if closed < 0:
                return False
            position = closed + 3
        elif hidden:
            hidden = "" if closing and name == hidden else hidden
        elif name in _OF_PAGES:
            return _ENDS_LINE.match(text, position) is not None if closing else not said
        elif name in _HIDDEN and not closing and not tag.group().endswith("/>"):
            hidden = name
        elif not name and _DOCTYPE.match(tag.group()):
            return not said
        elif name not in _BEFORE_PAGES and "-" not in name and (name or tag.group()[1] == "?"):
            return False
    return False


def _has_markdown(text: str) -> bool:
    """Whether a heading or fence of Markdown stands outside all elements."""
    ends = elements_of(text)
    position = 0
    for start in sorted(ends):
        if start >= position:
            if _MARKDOWN.search(text, position, start):
                return True
            position = ends[start]
    return _MARKDOWN.search(text, position) is not None


def opens_element(text: str) -> str | None:
    """Tell whether a line begins with a block of HTML.

    Args:
        text: The line.

    Returns:
        The element's name in small letters, or None.
    """
    found = _OPENING.match(text)
    return found.group(1).lower() if found else None


def elements_of(text: str) -> dict[int, int]:
    """Find where the elements of a text end.

    Args:
        text: The text.

    Returns:
        For each start of an opening tag that is closed, the offset after its closing tag.
    """
    ends: dict[int, int] = {}
    opened: dict[str, list[int]] = {}
    for tag in _TAG.finditer(text):
        name = (tag.group(2) or "").lower()
        if not name:
            continue
        if not tag.group(1):
            opened.setdefault(name, []).append(tag.start())
        elif opened.get(name):
            ends[opened[name].pop()] = tag.end()
    return ends


@dataclass
class _Page:
    text: str
    blocks: list[Block] = field(default_factory=list)
    tables: list[Block] = field(default_factory=list)
    inside: list[str] = field(default_factory=list)
    start: int = -1
    end: int = -1
    row_start: int = -1
    cells: list[str] = field(default_factory=list)
    nested: int = 0
    term: Block | None = None
    lists: int = 0
    items: list[tuple[int, Block]] = field(default_factory=list)

    def open(self, name: str) -> None:
        """Enter an element."""
        self.inside.append(name)
        self.lists += name in _LISTS

    def close(self, name: str) -> None:
        """Leave an element, and what was opened inside it and never closed."""
        # Few elements are open at a time.
        for at in range(len(self.inside) - 1, max(-1, len(self.inside) - 40), -1):
            if self.inside[at] == name:
                self.lists -= sum(inner in _LISTS for inner in self.inside[at:])
                del self.inside[at:]
                break
        if not self.lists:
            self.items.clear()

    def add(self, block: Block) -> None:
        """Append a block; an item of a list in a list goes below the item around it."""
        if block.kind != "item" or not self.lists:
            # What stands below it comes after it, and so does what follows.
            self.items.clear()
            self.blocks.append(block)
            return
        while self.items and self.items[-1][0] >= self.lists:
            self.items.pop()
        (self.items[-1][1].children if self.items else self.blocks).append(block)
        if len(self.items) < _DEEPEST:
            self.items.append((self.lists, block))

    def say(self, start: int, end: int) -> None:
        """Add text between two tags to the current run."""
        while start < end and self.text[start] in _INVISIBLE:
            start += 1
        while end > start and self.text[end - 1] in _INVISIBLE:
            end -= 1
        if start < end:
            if self.start < 0:
                self.start = start
            self.end = end

    def flush(self) -> None:
        """End the current run of text."""
        if self.start < 0:
            return
        start, end, self.start = self.start, self.end, -1
        if self.tables:
            return  # a row's span holds its cells
        kind, level = self._kind()
        block = Block(
            kind, start, end, level, markup=_MARK.search(self.text, start, end) is not None
        )
        if kind == "definition" and self.term is not None:
            self.term.end, self.term.kind, self.term.markup = end, "entry", True
            self.term = None
        elif kind == "definition":
            block.kind = "prose"
            self.add(block)
        else:
            self.add(block)
            self.term = block if kind == "term" else None

    def _kind(self) -> tuple[str, int]:
        for name in reversed(self.inside):
            if len(name) == 2 and name[0] == "h" and name[1].isdigit():
                return "heading", int(name[1])
            if name in ("title", "caption", "summary", "legend"):
                return "heading", 1 if name == "title" else 6
            if name == "li":
                return "item", 0
            if name in ("pre", "textarea"):
                return "code", 0
            if name == "dt":
                return "term", 0
            if name == "dd":
                return "definition", 0
        return "prose", 0


def html_blocks(text: str, start: int = 0, end: int | None = None) -> list[Block]:
    """Read HTML.

    Args:
        text: The document's text.
        start: Where the HTML begins.
        end: Where it ends; None for the end of the text.

    Returns:
        Its blocks, in order. Tags, comments, scripts and styles are in none of them.
    """
    end = len(text) if end is None else end
    page = _Page(text)
    position = start
    hidden = ""
    while position < end:
        tag = _TAG.search(text, position, end)
        if tag is None:
            if not hidden:
                page.say(position, end)
            break
        if not hidden:
            page.say(position, tag.start())
        position = tag.end()
        if tag.group() == "<!--":
            closed = text.find("-->", position, end)
            position = end if closed < 0 else closed + 3
            continue
        name, closing = (tag.group(2) or "").lower(), bool(tag.group(1))
        if hidden:
            hidden = "" if closing and name == hidden else hidden
        elif name in _HIDDEN and not closing and not tag.group().endswith("/>"):
            hidden = name
        elif name in _BLOCKS:
            _turn(page, name, closing, tag.start(), tag.end())
    page.flush()
    while page.tables:
        _end_table(page, page.end)
    for block in page.blocks:
        if block.kind == "term":
            block.kind = "prose"
    return page.blocks


def _turn(page: _Page, name: str, closing: bool, start: int, end: int) -> None:
    """Read the tag of a block."""
    page.flush()
    if page.tables and (page.nested or (name == "table" and not closing)):
        # A table in a cell is part of the outer row.
        if name == "table":
            page.nested += -1 if closing else 1
        return
    if name in ("td", "th"):
        if not closing and page.tables:
            page.cells.append(name)
            if page.row_start < 0:
                page.row_start = start
    elif name == "tr":
        if page.tables:
            _end_row(page, end if closing else start)
            page.row_start = -1 if closing else start
    elif name == "table":
        if not closing:
            page.tables.append(Block("table", start, end, markup=True))
        elif page.tables:
            _end_row(page, start)
            _end_table(page, end)
    elif name == "br":
        return
    if closing:
        page.close(name)
    elif name in ("p", "li", "td", "th", "tr", "dt", "dd", "option") and page.inside[-1:] == [name]:
        pass  # the one before ends without a closing tag
    elif name not in ("hr",):
        page.open(name)


def _end_row(page: _Page, end: int) -> None:
    if page.row_start < 0 or not page.cells:
        page.cells = []
        return
    kind = "header" if set(page.cells) == {"th"} or "thead" in page.inside[-6:] else "row"
    page.tables[-1].children.append(Block(kind, page.row_start, end, markup=True))
    page.cells, page.row_start = [], -1


def _end_table(page: _Page, end: int) -> None:
    table = page.tables.pop()
    table.end = max(end, table.end)
    if not table.children:
        return
    first = table.children[0]
    if all(row.kind == "row" for row in table.children) and len(table.children) > 2:
        first.kind = "header"
    # Some headers have several rows: groups of columns above the columns.
    headers = 1
    while headers < min(_MOST_HEADERS, len(table.children) - 1):
        if first.kind != "header" or table.children[headers].kind != "header":
            break
        headers += 1
    first.end = table.children[headers - 1].end
    del table.children[1:headers]
    for row in table.children[1:]:
        row.kind = "row"
    page.add(table)
