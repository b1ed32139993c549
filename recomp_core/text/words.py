"""Text to words, in scripts with and without spaces. Standard library only."""

from __future__ import annotations

import functools
import re
import unicodedata

UNSPACED = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+")
"""A run of Thai, Lao, Japanese or Chinese, which put no spaces between words."""

_WORD = re.compile(rf"{UNSPACED.pattern}|(?:(?!{UNSPACED.pattern})[^\W_])+")


def words(text: str, *, pairs: bool = True) -> list[str]:
    """Split a text into lower-case words.

    Args:
        text: The text.
        pairs: Whether to add the pairs of neighbouring characters in scripts without spaces.

    Returns:
        The words in order. In scripts without spaces each character is a word.
    """
    found: list[str] = []
    for word in _WORD.findall(text.lower()):
        if UNSPACED.match(word):
            found += word
            if pairs:
                found += (word[i : i + 2] for i in range(len(word) - 1))
        else:
            found.append(word)
    return found


# Accents of Latin, Greek and Cyrillic letters, points of Hebrew and Arabic ones, and joiners. The
# vowel signs of Indic scripts stay: without them another word is left.
_MARKS = re.compile(r"[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u200c\u200d]+")


@functools.lru_cache(maxsize=4096)
def folded(word: str) -> str:
    """Write a word without what often differs between two spellings of it.

    Args:
        word: The word.

    Returns:
        The word without case, accents, vowel points, width and joiners.
    """
    if word.isascii():
        return word.lower()
    plain = unicodedata.normalize("NFKD", word).casefold().replace("ı", "i")
    return unicodedata.normalize("NFC", _MARKS.sub("", plain))
