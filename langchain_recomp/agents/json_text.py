"""Finds the texts in a JSON string, and replaces them; every other byte stays as it is."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

# A string, a key if a colon follows, or a bracket. The string has no alternation within its
# repetition, and one that never ends is one too: so every text is read in one pass.
_TOKEN = re.compile(r'("[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z))(\s*:)?|[{}\[\]]', re.DOTALL)

# What is nested deeper is not read: each level takes a frame of the interpreter's stack.
_DEEPEST = 100


@dataclass(frozen=True)
class JsonText:
    """One text of a JSON string.

    Attributes:
        start: Where its literal begins in the JSON, the quotation mark included.
        end: Where its literal ends.
        text: The text itself.
    """

    start: int
    end: int
    text: str


def find_texts(source: str, fields: Collection[str]) -> list[JsonText] | None:
    """Find the texts of a JSON string that may be compressed.

    Those are strings under one of `fields`, also in arrays, and a string or an array of strings
    that is the whole. A string that is JSON itself is none.

    Args:
        source: Any text.
        fields: Keys of objects.

    Returns:
        The texts in order; [] for JSON without any, or nested too deeply to be read; None for what
        is no JSON.
    """
    if not _is_json(source):
        return None
    texts: list[JsonText] = []
    if _is_deep(source):
        return texts
    # The key that each open object or array has read last, or stands under; None outside objects.
    keys: list[str | None] = [None]
    for token in _TOKEN.finditer(source):
        literal, colon = token.groups()
        if colon:
            keys[-1] = json.loads(literal)
        elif literal:
            if keys[-1] is None or keys[-1] in fields:
                text = json.loads(literal)
                if text.strip() and not _is_json(text):
                    texts.append(JsonText(token.start(), token.end(1), text))
        elif token[0] in "{[":
            keys.append(keys[-1])
        else:
            keys.pop()
    return texts


def replace_texts(source: str, found: Sequence[JsonText], texts: Sequence[str]) -> str:
    """Put other texts in the places of those that were found.

    Args:
        source: The JSON.
        found: What `find_texts` gave for it.
        texts: One text for each.

    Returns:
        The JSON with these texts. A literal that would become longer stays as it was.
    """
    parts, end = [], 0
    for place, text in zip(found, texts, strict=True):
        literal = source[place.start : place.end]
        written = json.dumps(text, ensure_ascii=literal.isascii())
        shorter = text != place.text and len(written) <= len(literal)
        parts += [source[end : place.start], written if shorter else literal]
        end = place.end
    return "".join([*parts, source[end:]])


def _is_json(text: str) -> bool:
    """Whether the text is a JSON object, array or string; True if it is too deep to be read."""
    if text.lstrip()[:1] not in ("{", "[", '"'):
        return False
    if _is_deep(text):
        return True
    try:
        # Numbers stay text: Python refuses those of thousands of digits.
        json.loads(text, parse_int=str, parse_float=str)
    except ValueError:
        return False
    return True


def _is_deep(text: str) -> bool:
    depth = 0
    for token in _TOKEN.finditer(text):
        if not token[1]:
            depth += 1 if token[0] in "{[" else -1
            if depth > _DEEPEST:
                return True
    return False
