"""Splits text into units: blocks by their structure, prose into sentences.

`structure` reads the blocks, `sentences` finds the ends of sentences, and `division` cuts what is
longer than a unit may be. Between two units lie white space and marks (rules, brackets of data,
HTML tags) only, see `joining.is_seam`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .division import approximate_tokens, divide
from .languages import detect_language
from .structure.data_formats import record_blocks
from .structure.formats import parse
from .structure.lines import Block, lines_of
from .structure.markup_blocks import html_blocks
from .structure.outline import Outline
from .structure.tables import table_at
from .units import FORMATS, Unit

# What is too long is divided into parts of this share of the limit: about a sentence each.
_PARTS = 3
VERSION = 3
"""Of the rules: raise it when a text's units change. Stores then split and encode again."""


@dataclass(frozen=True)
class SentenceSplitter:
    """The default splitter.

    A heading, a list item, a small table, a fenced code block, a row, a log line and a message of a
    chat are one unit each; prose is split into sentences.

    Attributes:
        lang: The ISO 639-1 code ("en", "zh", "de") of the language whose abbreviations and marks to
            use; None detects it in each text.
        max_unit_tokens: About how many tokens a unit may have at most; a longer one is divided
            where it hurts least.
        format: The format of all texts, one of `units.FORMATS`; None recognises it in each text.

    Raises:
        ValueError: A setting has another form.
    """

    lang: str | None = None
    max_unit_tokens: int = 120
    format: str | None = None

    def __post_init__(self) -> None:
        if self.lang is not None and not re.fullmatch(r"[a-z]{2,3}", self.lang):
            raise ValueError(
                f'lang must be an ISO 639 code such as "en" or "zh", got {self.lang!r}'
            )
        if isinstance(self.max_unit_tokens, bool) or not (
            isinstance(self.max_unit_tokens, int) and self.max_unit_tokens >= 8
        ):
            raise ValueError(
                "max_unit_tokens must be a whole number of at least 8, got "
                f"{self.max_unit_tokens!r}"
            )
        if self.format is not None and self.format not in FORMATS:
            raise ValueError(
                f"format must be one of {', '.join(FORMATS)}, or None, got {self.format!r}"
            )

    @property
    def identity(self) -> str:
        """What distinguishes its units from those of another splitter, for stores."""
        return json.dumps(["sentences", VERSION, self.lang, self.max_unit_tokens, self.format])

    def split(self, text: str) -> list[tuple[int, int]]:
        """Split one text.

        Args:
            text: The text.

        Returns:
            Spans `(start, end)` in characters, ascending; none is blank.
        """
        return [(unit.start, unit.end) for unit in self.units(text)]

    def units(self, text: str, format: str | None = None) -> list[Unit]:  # noqa: A002
        """Split one text, and say what each piece is and what it stands under.

        Args:
            text: The text.
            format: The text's format, if it is known, one of `units.FORMATS`.

        Returns:
            The units, ascending; none is blank.
        """
        text = replace_surrogates(text)
        lang = self.lang or detect_language(text)
        limit = self.max_unit_tokens
        outline = Outline(
            text,
            lang,
            _divider(text, limit, approximate_tokens, max(8, limit // _PARTS)),
            _is_at_most(text, limit // 2, approximate_tokens),
        )
        outline.add(parse(text, self.format or format))
        return outline.units


def divided(text: str, unit: Unit, limit: int, count_tokens: Callable[[str], int]) -> list[Unit]:
    """Divide a unit that is too long for a budget.

    Args:
        text: The document's text.
        unit: The unit.
        limit: The most tokens of a part.
        count_tokens: Counts a text's tokens.

    Returns:
        Its parts, a table's rows under their header; the unit itself if it can't be divided.
    """
    blocks: list[Block] = []
    if unit.kind == "table" and unit.markup:
        blocks = html_blocks(text, unit.start, unit.end)
    elif unit.kind == "table":
        table, _ = table_at(lines_of(text, unit.start, unit.end), 0)
        blocks = [] if table is None else [table]
    elif unit.kind == "entry" and text[unit.start] == "{":
        blocks = record_blocks(text, unit.start, unit.end)
    if not blocks:
        blocks = [Block("part", unit.start, unit.end, markup=unit.markup)]
    outline = Outline(
        text,
        "en",
        _divider(text, max(limit, 1), count_tokens, max(limit, 1)),
        _is_at_most(text, limit, count_tokens),
    )
    outline.add(blocks, unit.path)
    return outline.units if len(outline.units) > 1 else [unit]


def _divider(
    text: str, limit: int, count_tokens: Callable[[str], int], part: int
) -> Callable[[int, int], Sequence[tuple[int, int]]]:
    is_short = _is_at_most(text, limit, count_tokens)

    def of_span(start: int, end: int) -> Sequence[tuple[int, int]]:
        if end - start <= limit or is_short(start, end):
            return [(start, end)]
        return divide(text, start, end, part, count_tokens)

    return of_span


def _is_at_most(
    text: str, limit: int, count_tokens: Callable[[str], int]
) -> Callable[[int, int], bool]:
    def of_span(start: int, end: int) -> bool:
        # No usual tokenizer has more tokens than a text has characters.
        return end - start <= limit or count_tokens(text[start:end]) <= limit

    return of_span


_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")


def replace_surrogates(text: str) -> str:
    """Replace every lone surrogate by U+FFFD, so that the text has an encoding.

    Args:
        text: The text.

    Returns:
        A text of the same length.
    """
    return _LONE_SURROGATE.sub("\ufffd", text)
