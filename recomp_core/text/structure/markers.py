"""The numbers and marks before list items and section titles, in the scripts that have them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from .lines import Line
from .paragraphs import ends_sentence
from .section_words import ORDINAL, RANKS, SectionMark, section_mark

_HAN = "一二三四五六七八九十百零〇两壹贰叁"
_HAN_DIGITS = {c: n for n, c in enumerate("〇一二三四五六七八九")} | {"零": 0, "两": 2}
# Word processors write bullets in fonts of symbols, as private characters.
_SYMBOLS = "‣⁃◦·∙▪▫●○■□◆◇▶►➢➤❖✓✔✗✘★☆\uf020-\uf0ff"
_BULLET = re.compile(rf"[-*+•{_SYMBOLS}–—o](?=[ \t])|[•・●○■□◆◇▪▶►➤\uf020-\uf0ff](?=\S)")
# These stand in prose, too: a bullet is one of them only among others.
_WEAK_BULLETS = "–—o"
_LETTERS = "а-яα-ωأ-ي"
_HANGUL = "가나다라마바사아자차카타파하"
_NUMBERED = re.compile(
    rf"""
    (?P<deep>\d{{1,4}}(?:\.\d{{1,4}}){{1,5}})(?:[.)]?[ \t　]+|(?=[\u3400-\u9fff]))
  | (?P<dot>\d{{1,9}})(?P<dotmark>\.?-|[.)º°])(?:[ \t]+|$)
  | (?P<bare>\d{{1,2}})[ 　]{{1,3}}(?=[A-ZÀ-ÖØ-ÞА-Я\u3400-\u9fff\u3040-\u30ff])
  | (?P<tight>\d{{1,3}})(?P<tightmark>[.)])(?=[^\W\d_])
  | (?P<round>[(（](?:\d{{1,3}}|[{_HAN}]{{1,4}})[)）])[ \t　]*
  | (?P<square>\[\d{{1,3}}\])[ \t]+(?=[^\W\d_])
  | (?P<cjk>(?:\d{{1,3}}|[{_HAN}]{{1,4}})[、．])[ \t　]*
  | (?P<circled>[①-⑳⑴-⒛㈠-㈩])[ \t　]*
  | (?P<wide>(?:\d{{1,3}}|[{_HAN}]{{1,4}})）)[ \t　]*
  | (?P<letter>\(?[a-z][.)](?=[ \t])|（?[a-z]）)[ \t　]*
  | (?P<capital>\(?[A-Z]\)(?=[ \t])|（?[A-Z]）|[A-Z][、．])[ \t　]*
  | (?P<initial>[A-ZА-ЯΑ-Ω]\.)[ \t]+
  | (?P<roman>\(?[ivxIVX]{{2,5}}[.)](?=[ \t])|（?[ivxIVX]{{2,5}}）)[ \t　]*
  | (?P<other>\(?[{_LETTERS}]\)|[أ-ي]-)[ \t]+
  | (?P<hangul>[{_HANGUL}]\.)[ \t]+
  | (?P<figure>[Ⅰ-Ⅻ]\.)[ \t]+
  | (?P<section>第[ ]?(?:\d{{1,4}}|[{_HAN}]{{1,6}})[ ]?[章节節编編篇部卷])[ \t　:：]*
  | (?P<article>第[ ]?(?:\d{{1,4}}|[{_HAN}]{{1,6}})[ ]?[条條款項项])[ \t　:：]*
  | (?P<korean>제[ ]?\d{{1,4}}[ ]?[장절편조항])(?:\([^()\n]{{1,40}}\))?[ \t:]*
  | (?P<paragraph>§{{1,2}}[ ]?\d{{1,4}}[a-z]?)[ \t]+
    """,
    re.VERBOSE,
)
# The styles of parts that are named and not only numbered.
_NAMED = frozenset({"article条", "article條", "korean조", "paragraph", ORDINAL, *RANKS})
# So many lines may stand between two items with weak marks.
_NEAR = 12
_LONGEST_TITLE, _MOST_WORDS = 80, 10
# A turn of a dialogue that begins with a dash: it asks, or says who speaks.
_SPOKEN = re.compile(r"[?!…؟][\"”’»]*(?:$|[ ][–—])|[,.][ ][–—]")


class Marker(NamedTuple):
    """What stands before a list item or a section's title.

    Attributes:
        style: What its siblings share, such as "1." or the "12." of "12.3".
        number: Its place among them; 0 for a bullet.
        depth: How deep the number says it lies, 1 for the outermost.
        width: The characters of the mark and the space after it.
        strong: Whether it is a mark without siblings, too.
        weak: Whether only a sibling right beside it makes it a mark: "A.", a dash.
    """

    style: str
    number: int
    depth: int
    width: int
    strong: bool
    weak: bool = False

    @property
    def name(self) -> str:
        """The kind of part that it numbers, without the number of a part around it."""
        return self.style.partition(" ")[0]

    @property
    def is_named(self) -> bool:
        """Whether it says so: "Article 5", "§ 5"; it may have lists with numbers below it."""
        return self.name in _NAMED


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
        weak = found.group() in _WEAK_BULLETS
        return Marker(found.group(), 0, 1, width, not weak, weak) if width < len(text) else None
    if section := section_mark(text):
        return _marker_of_section(text, section)
    found = _NUMBERED.match(text)
    if found is None:
        return None
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
        style += found.group("dotmark")
        strong = number == 1 and found.end() < len(text) and style in ("dot.", "dot)")
    elif style == "tight":
        style += found.group("tightmark")
    elif style in ("section", "article", "korean"):
        style += mark.strip()[-1]
    elif style in ("round", "cjk"):
        style += "d" if any(c.isdecimal() for c in raw) else "h"
    return Marker(style, number, 1, found.end(), strong, style == "initial")


def _marker_of_section(text: str, section: SectionMark) -> Marker:
    """The mark of a chapter or an article, whose number may be that of a part of it, "5.02"."""
    outer, _, figure = section.figure.rpartition(".")
    number = section.number or _value(figure)
    if figure in ("I", "V", "X"):
        number = _ROMAN[figure.lower()]
    title = text[section.width :]
    sure = section.name in RANKS and (section.is_marked or not title)
    style = f"{section.name} {outer}".rstrip()
    return Marker(style, number, 1, section.width, sure and reads_like_title(title))


def reads_like_title(text: str) -> bool:
    """Tell whether what stands after a number reads like a title.

    Args:
        text: The rest of the line.

    Returns:
        Whether it is empty, or short, begins with no small letter and ends no sentence.
    """
    if not text:
        return True
    if ends_sentence(text) or text[-1] in ",;，；、:：" or len(text) > _LONGEST_TITLE:
        return False
    if text[0].islower() or text[0].isdigit():
        return False
    return len(text.split()) <= _MOST_WORDS and not any(c in text for c in "。；;，")


_AROUND = str.maketrans("", "", "[]()（）.、．-º°§第제章节節编編篇部卷条條款項项장절편조항 ")
_ROMAN = {"i": 1, "v": 5, "x": 10, "l": 50}
# "i", "v" and "x" by their place in the alphabet.
_ROMAN_LETTERS = {9: 1, 22: 5, 24: 10}
# Lists in Russian leave out the letters that are missing here.
_ALPHABETS = (
    "abcdefghijklmnopqrstuvwxyz", "абвгдежзиклмнопрстуфхцчшщэюя", "αβγδεζηθικλμνξοπρστυφχψω",
    "أبجدهوزحطيكلمنسعفصقرشتثخذضظغ", "אבגדהוזחטיכלמנסעפצקרשת", _HANGUL, "ⅰⅱⅲⅳⅴⅵⅶⅷⅸⅹⅺⅻ",
)  # fmt: skip


@lru_cache(maxsize=1_024)
def _value(mark: str) -> int:
    """The number that a mark writes; 0 if it is none."""
    core = mark.translate(_AROUND).lower()
    if core.isdecimal():
        return int(core)
    if len(core) == 1:
        for first in ("①", "⑴", "⒈", "㈠"):
            if 0 <= ord(core) - ord(first) < 20:
                return ord(core) - ord(first) + 1
        for alphabet in _ALPHABETS:
            if core in alphabet:
                return alphabet.index(core) + 1
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
    or if its form says so. A weak mark needs a sibling right beside it.

    Args:
        lines: The lines of a document or container.

    Returns:
        The marks by the index of their line.
    """
    found: dict[int, Marker] = {}
    last: dict[str, tuple[int, Marker]] = {}
    bullets: list[list[tuple[int, Marker]]] = []
    for index, line in enumerate(lines):
        marker = marker_of(line) if _FIRST.match(line.text) else None
        if marker is not None and marker.number == 0 and marker.weak:
            if (
                not bullets
                or bullets[-1][-1][1].style != marker.style
                or not _is_next(lines, found, bullets[-1][-1][0], index)
            ):
                bullets.append([])
            bullets[-1].append((index, marker))
            continue
        if marker is None or (marker.number == 0 and not marker.strong):
            continue
        marker = _reading(marker, last)
        above = _above(marker, last)
        if above is not None:
            found[above[0]] = above[1]
        if above is not None or marker.strong:
            found[index] = marker
        before = last.get(marker.style)
        if (
            before is not None
            and _counts_on(lines, found, before, (index, marker))
            and (not (marker.weak or before[1].weak) or _are_alike(lines, found, before[0], index))
        ):
            found[before[0]] = before[1]
            found[index] = marker
        last[marker.style] = (index, marker)
    for run in bullets:
        if _are_items(lines, found, run):
            found.update(run)
    return found


def _counts_on(
    lines: Sequence[Line],
    found: dict[int, Marker],
    before: tuple[int, Marker],
    after: tuple[int, Marker],
) -> bool:
    """Whether a mark has the next number, or a later one in a list of references."""
    step = after[1].number - before[1].number
    return step == 1 or (
        step > 0 and after[1].style == "square" and _is_next(lines, found, before[0], after[0])
    )


def _precedes(before: tuple[int, Marker] | None, marker: Marker) -> bool:
    return before is not None and before[1].number == marker.number - 1


def _as_roman(marker: Marker) -> Marker | None:
    """The same mark as a Roman number, if its letter is one."""
    value = _ROMAN_LETTERS.get(marker.number)
    if value is None or marker.style not in ("letter", "capital", "initial"):
        return None
    return marker._replace(style="roman", number=value)


def _reading(marker: Marker, last: dict[str, tuple[int, Marker]]) -> Marker:
    """What a letter counts: "v." is the fifth after "iv.", and the 22nd after "u."."""
    roman = _as_roman(marker)
    if roman is None or _precedes(last.get(marker.style), marker):
        return marker
    return roman if roman.number == 1 or _precedes(last.get("roman"), roman) else marker


def follows(before: Line, line: Line) -> bool:
    """Tell whether a line's mark is that of the next item after another line, and not one below it.

    Args:
        before: The line before it.
        line: The line.

    Returns:
        Whether "4.2" follows "4.1", "(b)" follows "(a)", or a bullet one of its kind.
    """
    first, second = marker_of(before), marker_of(line)
    if first is None or second is None:
        return False
    if first.depth == second.depth > 1:
        return True
    readings = [(first, second), (_as_roman(first), second), (_as_roman(first), _as_roman(second))]
    return any(
        a is not None
        and b is not None
        and a.style == b.style
        and b.number - a.number in (0, 1)  # Markdown may number all items "1."
        for a, b in readings
    )


def is_next_article(before: Line, line: Line) -> bool:
    """Tell whether a line begins the article, or other named part, after that of another line.

    Args:
        before: The line before it.
        line: The line.

    Returns:
        Whether "Article 4" follows "Article 3".
    """
    second = marker_of(line)
    return second is not None and second.is_named and follows(before, line)


def _is_next(lines: Sequence[Line], found: dict[int, Marker], before: int, index: int) -> bool:
    """Whether nothing stands between two lines but what lies below the first."""
    if index - before > _NEAR:
        return False
    between = range(before + 1, index)
    edge = lines[before].indent
    return all(lines[i].blank or lines[i].indent > edge or i in found for i in between)


def _are_alike(lines: Sequence[Line], found: dict[int, Marker], before: int, index: int) -> bool:
    """Whether two lines with weak marks are items right after each other, or both titles."""
    return _is_next(lines, found, before, index) or (
        _is_title(lines, before) and _is_title(lines, index)
    )


def _is_title(lines: Sequence[Line], index: int) -> bool:
    """Whether a line stands by itself and reads like a title."""
    text = lines[index].text
    if len(text) > _LONGEST_TITLE or ends_sentence(text):
        return False
    begins = index == 0 or lines[index - 1].blank
    return begins and index + 1 < len(lines) and lines[index + 1].blank


def _are_items(
    lines: Sequence[Line], found: dict[int, Marker], run: Sequence[tuple[int, Marker]]
) -> bool:
    """Whether lines with the same weak bullet are a list, and no dialogue."""
    if len(run) < 2:
        return False
    first, marker = run[0]
    above = first - 1
    while above > max(-1, first - _NEAR) and lines[above].blank:
        above -= 1
    announced = above >= 0 and lines[above].text.endswith((":", "："))
    if marker.style == "o":  # a word in some languages
        return announced or above in found
    texts = [lines[index].text for index, _ in run]
    if any(_SPOKEN.search(text) for text in texts):
        return False
    return announced or not all(ends_sentence(text) for text in texts)


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
    rf"[-*+•・{_SYMBOLS}–—\d(\[{_HAN}（①-⑳⑴-⒛㈠-㈩第제§]|o[ \t]"
    rf"|[a-zA-ZА-ЯΑ-Ω{_LETTERS}][-.)）、．]|[ivxIVX]{{2,5}}[.)）]|[^\s\d]{{1,15}}[ ]"
)
