"""Text to words, in scripts with and without spaces. Standard library only."""

from __future__ import annotations

import re

_UNSPACED = r"\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
UNSPACED = re.compile(f"[{_UNSPACED}]+")
"""A run of Thai, Lao, Japanese or Chinese, which put no spaces between words."""
SPACED = rf"[^\W_{_UNSPACED}]+"
"""The pattern of a word in another script."""

_WORD = re.compile(f"{UNSPACED.pattern}|{SPACED}")


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
