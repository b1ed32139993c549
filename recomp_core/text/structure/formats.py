"""What a text is, and the reader for it."""

from __future__ import annotations

import re

from .blocks import text_blocks
from .data_formats import json_blocks, looks_like_settings, settings_blocks
from .lines import Block, Line, lines_of
from .markup_blocks import html_blocks, is_page
from .records import repeated_forms
from .source_code import code_blocks, looks_like_code
from .tables import separated_rows
from .xml_data import xml_blocks

# So many lines of a few characters each are scraps of data: they are divided by length.
_MANY_LINES = 50_000
_SHORT_LINE = 12

_JSON = re.compile(r"\s*(?:\{\s*[\"}]|\[\s*[\[{\"\d\-ntf\]])")
_XML = re.compile(r"\s*<(?:\?xml\s|[A-Za-z_])")


def parse(text: str, stated: str | None = None) -> list[Block]:
    """Read a document to a tree of blocks.

    Args:
        text: The document's text.
        stated: One of `units.FORMATS`, if it is known; a text that turns out to be something else
            is read as plain text.

    Returns:
        The blocks of the outermost level, in order.
    """
    if stated == "html" or (stated is None and is_page(text)):
        return html_blocks(text)
    if stated == "json" or (stated is None and _JSON.match(text)):
        found = json_blocks(text)
        if found is not None:
            return found
    if stated is None and _XML.match(text):
        found = xml_blocks(text)
        if found is not None:
            return found
    lines = lines_of(text)
    if len(lines) > _MANY_LINES and len(text) < _SHORT_LINE * len(lines):
        return [Block("part", 0, len(text))]
    return _from_lines(text, lines, stated)


def _from_lines(text: str, lines: list[Line], stated: str | None) -> list[Block]:
    if stated == "csv":
        table = separated_rows(lines, told=True)
        if table is not None:
            return [table]
    elif stated == "yaml":
        return settings_blocks(lines)
    elif stated == "code":
        return code_blocks(lines)
    elif stated is None and len(lines) > 2:
        if looks_like_code(lines):
            return code_blocks(lines)
        if looks_like_settings(lines) and not repeated_forms(lines):
            return settings_blocks(lines)
        table = separated_rows(lines)
        if table is not None:
            return [table]
    return text_blocks(text, lines)
