"""Text to terms, the words that a search compares: words, numbers, versions and identifiers.

    tokens("Is KL-200 in v2.3?")        ["Is", "KL-200", "in", "v2.3"]
    terms_of("KL-200")                  ("kl200", ("kl", "200"))
    terms_of("listOrders")              ("listorders", ("list", "orders"))
    terms_of("v2.3")                    ("2.3", ())

Standard library only.
"""

from __future__ import annotations

import functools
import re
import unicodedata

# Chinese, Japanese, Thai, Lao, Burmese, Khmer and Tibetan put no spaces between words; Korean does,
# but its words take on so many endings that pairs of syllables are compared as well.
_UNSPACED = (
    r"\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
    r"\U00020000-\U0003ffff"
)
# What is in no word: spaces, punctuation and symbols. `\w` would leave out the vowel signs of Indic
# scripts and of Arabic.
_BETWEEN = (
    r"\x00-/:-@\[-^`{-\xa9\xab-\xb4\xb6-\xb9\xbb-\xbf×÷\u055a-\u055f\u0589\u060c\u061b\u061f"
    r"\u066a-\u066d\u06d4\u0964\u0965\u2000-\u200b\u200e-\u2bff\u2e00-\u2e7f\u3000-\u303f"
    r"\ufe10-\ufe6f\uff00-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65\U0001f000-\U0001faff"
)
_JOINTS = r".,\-‐‑/:@·"
_WORD = rf"[^{_BETWEEN}{_UNSPACED}]+"
_TOKEN = re.compile(rf"[{_UNSPACED}]+|{_WORD}(?:[{_JOINTS}]{_WORD})*(?:\+\+|#)?")
# The same for plain ASCII, three times as fast.
_ASCII_TOKEN = re.compile(r"[0-9A-Za-z_]+(?:[.,\-/:@][0-9A-Za-z_]+)*(?:\+\+|#)?")

_UNSPACED_RUN = re.compile(rf"[{_UNSPACED}]")
_PLAIN = re.compile(rf"[^\d_{_JOINTS}+#]+")
_PIECE = re.compile(rf"\d+(?:[.,]\d+)*|[^\d_{_JOINTS}+#]+")
_CAMEL = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

# Accents of Latin, Greek and Cyrillic letters, points of Hebrew and Arabic ones, and joiners. The
# vowel signs of Indic scripts stay: without them another word is left.
_MARKS = re.compile(
    r"[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u200c\u200d]+"
)

# Articles, prepositions and conjunctions that Arabic and Hebrew write as one word with the next.
_PREFIX = re.compile(
    r"(?:[وفبك]?ال|لل|[وبل])(?=[\u0620-\u06ff]{3})|[הובלמשכ](?=[\u05d0-\u05ea]{3})"
)


def tokens(text: str) -> list[str]:
    """Split a text into words, identifiers with their joints, and runs of unspaced scripts.

    Args:
        text: The text.

    Returns:
        The tokens in order, as they stand in the text.
    """
    return (_ASCII_TOKEN if text.isascii() else _TOKEN).findall(text)


def spans_of_tokens(text: str) -> list[tuple[int, int]]:
    """Return where the tokens of a text stand.

    Args:
        text: The text.

    Returns:
        The spans of `tokens(text)`.
    """
    return [match.span() for match in (_ASCII_TOKEN if text.isascii() else _TOKEN).finditer(text)]


def is_unspaced(token: str) -> bool:
    """Tell whether a token is a run of a script whose words stand without spaces.

    Args:
        token: One of `tokens`.

    Returns:
        Whether to compare its `pairs` instead of the token.
    """
    return _UNSPACED_RUN.match(token) is not None


def pairs(run: str) -> list[str]:
    """Return the pairs of neighbouring characters.

    Args:
        run: Characters of an unspaced script.

    Returns:
        The pairs in order; the character itself if it is alone.
    """
    return [run[i : i + 2] for i in range(len(run) - 1)] or [run]


def folded(word: str) -> str:
    """Write a word without what often differs between two spellings of it.

    Args:
        word: The word.

    Returns:
        The word without case, accents, vowel points, width and joiners.
    """
    if word.isascii():
        return word.lower()
    return _folded(word) if len(word) < 50 else _folded.__wrapped__(word)


@functools.lru_cache(maxsize=4096)
def _folded(word: str) -> str:
    plain = unicodedata.normalize("NFKD", word).casefold().replace("ı", "i")
    return unicodedata.normalize("NFC", _MARKS.sub("", plain))


def is_plain(term: str) -> bool:
    """Tell whether a term is an ordinary word: it has no digits and no joints.

    Args:
        term: A term of `terms_of`, or a token.

    Returns:
        Whether it is neither a number nor an identifier.
    """
    return _PLAIN.fullmatch(term) is not None


Terms = tuple[str, tuple[str, ...]]
"""A term, and the terms of its parts."""


def terms_of(token: str) -> Terms:
    """Return the term that a token is as a whole, and those that its parts are.

    Hyphens and underscores make no difference to the whole: "KL-200" is "kl200". The parts of a
    decimal number, a version or a short code ("B200") are other things, and are left out.

    Args:
        token: One of `tokens`, of a spaced script.

    Returns:
        The whole term, and the terms of the parts without it; all are `folded`.
    """
    return _terms_of(token) if len(token) < 50 else _terms_of.__wrapped__(token)


@functools.lru_cache(maxsize=8192)
def _terms_of(token: str) -> Terms:
    whole = folded(token)
    if whole.isdecimal() or (is_plain(token) and not _CAMEL.search(token)):
        return whole if whole.isascii() else _without_prefix(whole), ()
    parts = [folded(part) for piece in _PIECE.findall(token) for part in _CAMEL.split(piece)]
    if not parts:
        return whole, ()  # "__"
    if len(parts) > 1 and all(len(part) == 1 and part.isalpha() for part in parts):
        return "".join(parts), ()  # "U.S"
    if not any(character.isalpha() for character in whole):
        if not re.search(r"[\-‐‑/:]", whole):
            return _number(whole), ()
        return whole, tuple(part for part in parts if len(part) == 4)  # the year of a date
    if re.fullmatch(r"v\d+(?:\.\d+)*", whole):
        return whole[1:], ()  # "v2.3"
    is_code = re.fullmatch(r"[^\W\d_]{1,2}\d+|\d+[^\W\d_]{1,2}", whole)
    whole = re.sub(r"[-‐‑_·]", "", whole)
    if is_code or len(parts) == 1:
        return whole, ()  # "B200", "C++"
    return whole, tuple(dict.fromkeys(part for part in parts if len(part) > 1 and part != whole))


def _without_prefix(word: str) -> str:
    prefix = _PREFIX.match(word)
    return word[prefix.end() :] if prefix else word


def _number(term: str) -> str:
    """Write a number without thousands separators and with a decimal point."""
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", term):
        return term.replace(",", "")
    return term.replace(",", ".")
