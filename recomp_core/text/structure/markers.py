"""The numbers and marks before list items and section titles, in the scripts that have them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from .lines import Line

_HAN = "一二三四五六七八九十百零〇两壹贰叁"
_HAN_DIGITS = {c: n for n, c in enumerate("〇一二三四五六七八九")} | {"零": 0, "两": 2}
_BULLET = re.compile(r"[-*+•‣◦·▪▫●○■□➤►✓✔★☆](?=[ \t])|[・●○■□▪➤►](?=\S)")
_NUMBERED = re.compile(
    rf"""
    (?P<deep>\d{{1,4}}(?:\.\d{{1,4}}){{1,5}})(?:[.)]?[ \t　]+|(?=[\u3400-\u9fff]))
  | (?P<dot>\d{{1,9}})(?P<dotmark>[.)])(?:[ \t]+|$)
  | (?P<bare>\d{{1,2}})[ ]{{1,3}}(?=[A-ZÀ-ÖØ-ÞА-Я\u3400-\u9fff\u3040-\u30ff])
  | (?P<tight>\d{{1,3}})(?P<tightmark>[.)])(?=[^\W\d_])
  | (?P<round>[(（](?:\d{{1,3}}|[{_HAN}]{{1,4}})[)）])[ \t　]*
  | (?P<cjk>(?:\d{{1,3}}|[{_HAN}]{{1,4}})[、．])[ \t　]*
  | (?P<circled>[①-⑳⑴-⒛㈠-㈩])[ \t　]*
  | (?P<letter>\(?[a-z][.)])[ \t]+
  | (?P<capital>\(?[A-Z]\))[ \t]+
  | (?P<roman>\(?[ivxIVX]{{2,5}}[.)])[ \t]+
  | (?P<section>第[ ]?(?:\d{{1,4}}|[{_HAN}]{{1,6}})[ ]?[章节節编編篇部卷])[ \t　:：]*
  | (?P<article>第[ ]?(?:\d{{1,4}}|[{_HAN}]{{1,6}})[ ]?[条條款項项])[ \t　:：]*
  | (?P<korean>제[ ]?\d{{1,4}}[ ]?[장절편조항])(?:\([^()\n]{{1,40}}\))?[ \t:]*
  | (?P<paragraph>§{{1,2}}[ ]?\d{{1,4}}[a-z]?)[ \t]+
    """,
    re.VERBOSE,
)
_WORDED = re.compile(
    r"(?:chapter|section|part|article|appendix|annex|step|kapitel|abschnitt|teil|artikel|anhang|"
    r"schritt|chapitre|partie|annexe|étape|capítulo|sección|artículo|anexo|capitolo|sezione|"
    r"articolo|fase|seção|artigo|глава|раздел|статья|часть|шаг|rozdział|artykuł|kapitola|článek|"
    r"hoofdstuk|bölüm|madde|art\.|čl\.|ст\.|kap\.|cap\.|sec\.)[ ]+"
    r"(?:\d{1,3}(?:\.\d{1,3}){0,3}|[ivxlIVXL]{1,6}|[A-Z])\b[.:)]?[ \t]*",
    re.IGNORECASE,
)


class Marker(NamedTuple):
    """What stands before a list item or a section's title.

    Attributes:
        style: What its siblings share, such as "1." or the "12." of "12.3".
        number: Its place among them; 0 for a bullet.
        depth: How deep the number says it lies, 1 for the outermost.
        width: The characters of the mark and the space after it.
        strong: Whether it is a mark without siblings, too.
    """

    style: str
    number: int
    depth: int
    width: int
    strong: bool


def marker_of(line: Line) -> Marker | None:
    """Read the mark at the beginning of a line.

    Args:
        line: The line.

    Returns:
        The mark, or None.
    """
    text = line.text
    if found := _BULLET.match(text):
        width = found.end()
        while width < len(text) and text[width] in " \t":
            width += 1
        return Marker(found.group(), 0, 1, width, True) if width < len(text) else None
    found = _NUMBERED.match(text)
    if found is None:
        worded = _WORDED.match(text)
        if worded is None:
            return None
        word, _, figure = worded.group().strip(" \t.:)").rpartition(" ")
        return Marker(word.lower(), _value(figure.split(".")[0]), 1, worded.end(), False)
    style, raw = str(found.lastgroup), found.group()
    if style.endswith("mark"):
        style = style[:-4]
    mark = found.group(style)
    if style == "deep":
        numbers = mark.split(".")
        head = ".".join(numbers[:-1])
        return Marker(f"{head}.", int(numbers[-1]), len(numbers), found.end(), False)
    number = _value(mark)
    strong = style in ("round", "cjk", "circled", "section", "article", "korean", "paragraph")
    if style == "dot":
        strong = number == 1 and found.end() < len(text)
        style += found.group("dotmark")
    elif style == "tight":
        style += found.group("tightmark")
    elif style in ("section", "article", "korean"):
        style += mark.strip()[-1]
    elif style in ("round", "cjk"):
        style += "d" if any(c.isdigit() and c.isascii() for c in raw) else "h"
    return Marker(style, number, 1, found.end(), strong)


_AROUND = str.maketrans("", "", "()（）.、．§第제章节節编編篇部卷条條款項项장절편조항 ")
_ROMAN = {"i": 1, "v": 5, "x": 10, "l": 50}


@lru_cache(maxsize=1_024)
def _value(mark: str) -> int:
    """The number that a mark writes; 0 if it is none."""
    core = mark.translate(_AROUND).lower()
    if core.isascii() and core.isdigit():
        return int(core)
    if len(core) == 1:
        for first in ("①", "⑴", "⒈", "㈠"):
            if 0 <= ord(core) - ord(first) < 20:
                return ord(core) - ord(first) + 1
        if "a" <= core <= "z":
            return ord(core) - ord("a") + 1
    if core and all(c in _ROMAN for c in core):
        values = [_ROMAN[c] for c in core]
        return sum(-v if v < max(values[i:]) else v for i, v in enumerate(values))
    if core and all(c in _HAN for c in core):
        return _han_value(core)
    return 0


def _han_value(core: str) -> int:
    total, digit = 0, 0
    for c in core:
        if c in "十百":
            total += (digit or 1) * (10 if c == "十" else 100)
            digit = 0
        else:
            digit = _HAN_DIGITS.get(c, 0)
    return total + digit


def trusted_markers(lines: Sequence[Line]) -> dict[int, Marker]:
    """Find the lines that begin with a mark and not with a number of the prose.

    A number is a mark if its neighbour in counting is one too ("1998." and "2.5 litres" have none),
    or if its form says so.

    Args:
        lines: The lines of a document or container.

    Returns:
        The marks by the index of their line.
    """
    found: dict[int, Marker] = {}
    last: dict[str, tuple[int, Marker]] = {}
    for index, line in enumerate(lines):
        marker = marker_of(line) if _FIRST.match(line.text) else None
        if marker is None or (marker.number == 0 and not marker.strong):
            continue
        above = _above(marker, last)
        if above is not None:
            found[above[0]] = above[1]
        if above is not None or marker.strong:
            found[index] = marker
        before = last.get(marker.style)
        if before is not None and before[1].number == marker.number - 1:
            found[before[0]] = before[1]
            found[index] = marker
        last[marker.style] = (index, marker)
    return found


def _above(marker: Marker, last: dict[str, tuple[int, Marker]]) -> tuple[int, Marker] | None:
    """The section that a sub-number belongs to: "12." or "12" above "12.3"."""
    if marker.depth == 1:
        return None
    outer = marker.style[:-1]
    head, _, number = outer.rpartition(".")
    styles = (f"{head}.",) if head else ("dot.", "bare", "dot)")
    for style in styles:
        above = last.get(style)
        if above is not None and str(above[1].number) == number:
            return above
    return None


_FIRST = re.compile(
    rf"[-*+•‣◦·▪▫●○■□➤►✓✔★☆・\d({_HAN}（①-⑳⑴-⒛㈠-㈩第제§]|[a-zA-Z][.)]|[ivxIVX]{{2,5}}[.)]|"
    r"[^\W\d_]{4,10}[ ][\dA-ZivxlIVXL]|[^\W\d_]{2,3}\.[ ][\dIVX]"
)
