"""Text to words, in scripts with and without spaces. Pure."""

from __future__ import annotations

import re

# Thai, Lao, Japanese and Chinese are written without spaces between words.
UNSPACED = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+")
_WORD = re.compile(rf"{UNSPACED.pattern}|(?:(?!{UNSPACED.pattern})[^\W_])+")


def words(text: str, *, pairs: bool = True) -> list[str]:
    """Lower-cased words; a run of a script without spaces as its characters and pairs of them."""
    found: list[str] = []
    for word in _WORD.findall(text.lower()):
        if UNSPACED.match(word):
            found += word
            if pairs:
                found += (word[i : i + 2] for i in range(len(word) - 1))
        else:
            found.append(word)
    return found
