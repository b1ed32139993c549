"""The language of a text: by its script where that decides, else by py3langid.

The library is loaded at the first text that needs it, and reads its model from its own package.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

# py3langid reads bytes in a Python loop: a few stretches of a document say as much as all of it.
_REACH = 4_000
_STRETCH, _STRETCHES = 75, 6
# Below this probability a text counts as English: code, names, one or two words.
_DOUBTFUL = 0.4

# A text is in the first language whose script has this share of it. An ideograph or a syllable of
# Hangul says about as much as three letters. In this order: a text with kana is Japanese even if
# most of its characters are Han.
_SHARE = 0.1
_SCRIPTS = (
    ("ja", 3, re.compile(r"[\u3041-\u30fa\u30fd-\u30ff\uff66-\uff9d]")),
    ("zh", 3, re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")),
    ("ko", 3, re.compile(r"[\uac00-\ud7af\u1100-\u11ff\u3130-\u318f]")),
    ("th", 1, re.compile(r"[\u0e00-\u0e7f]")),
    ("lo", 1, re.compile(r"[\u0e80-\u0eff]")),
    ("my", 1, re.compile(r"[\u1000-\u109f]")),
    ("km", 1, re.compile(r"[\u1780-\u17ff]")),
    ("hi", 1, re.compile(r"[\u0900-\u097f]")),
    ("bn", 1, re.compile(r"[\u0980-\u09ff]")),
    ("pa", 1, re.compile(r"[\u0a00-\u0a7f]")),
    ("gu", 1, re.compile(r"[\u0a80-\u0aff]")),
    ("ta", 1, re.compile(r"[\u0b80-\u0bff]")),
    ("te", 1, re.compile(r"[\u0c00-\u0c7f]")),
    ("kn", 1, re.compile(r"[\u0c80-\u0cff]")),
    ("ml", 1, re.compile(r"[\u0d00-\u0d7f]")),
    ("si", 1, re.compile(r"[\u0d80-\u0dff]")),
    ("ar", 1, re.compile(r"[\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufefc]")),
    ("he", 1, re.compile(r"[\u0590-\u05ff]")),
    ("ru", 1, re.compile(r"[\u0400-\u052f]")),
    ("el", 1, re.compile(r"[\u0370-\u03ff\u1f00-\u1fff]")),
    ("hy", 1, re.compile(r"[\u0530-\u058f]")),
    ("ka", 1, re.compile(r"[\u10a0-\u10ff\u1c90-\u1cbf]")),
    ("am", 1, re.compile(r"[\u1200-\u139f]")),
)  # fmt: skip
# Most texts have none of these: one search is faster than all the counts.
_ANY_SCRIPT = re.compile("|".join(pattern.pattern for _, _, pattern in _SCRIPTS))
_WORD = re.compile(r"[^\W\d_]+")


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


# Scripts of several languages, which the library tells apart.
_SHARED_SCRIPTS = _set("ar ru hi")
# The library also knows rarer languages, which a few words of a common one are easily taken for;
# "zxx" is what is no language.
_TOLD_APART = _set(
    "ar be bg ca cs da de en es et eu fa fi fr hi hr hu id is it lt lv mk mr ne nl no pl pt ro ru "
    "sk sl sr sv tr uk ur vi zxx"
)
_CODES = {"no": "nb", "zxx": "en"}

# Words of English that no other language with its script has, or has as rarely. They are a
# seventh of English prose, which spares most texts the library.
_ENGLISH = _set(
    "and are been for from had has have he his it its not that the their they this to were which "
    "with would you your"
)


def detect_language(text: str) -> str:
    """Detect the language in which most of a text is written.

    Args:
        text: The text; some stretches of its first 4,000 characters are looked at.

    Returns:
        A code of ISO 639-1, such as "de". "en" for a text in the Latin script that is too short or
        too odd to tell, and without py3langid for each.
    """
    sample = _stretches(text[:_REACH])
    words = _WORD.findall(sample)
    script = _language_of_script(sample, sum(map(len, words)))
    if script is not None:
        return (_identify(words) if script in _SHARED_SCRIPTS else None) or script
    if sum(word.lower() in _ENGLISH for word in words) > max(2, 0.1 * len(words)):
        return "en"
    return _identify(words) or "en"


def _stretches(text: str) -> str:
    if len(text) <= _STRETCH * _STRETCHES:
        return text
    step = (len(text) - _STRETCH) // (_STRETCHES - 1)
    return " ".join(text[i * step : i * step + _STRETCH] for i in range(_STRETCHES))


def _language_of_script(sample: str, letters: int) -> str | None:
    """The language that stands for a script other than Latin; None for Latin."""
    rest = len(_ANY_SCRIPT.findall(sample))
    if rest == 0:
        return None
    shares = dict.fromkeys((lang for lang, _, _ in _SCRIPTS), 0.0)
    for lang, weight, pattern in _SCRIPTS:
        count = len(pattern.findall(sample))
        shares[lang] = float(weight * count)
        letters += (weight - 1) * count
        rest -= count
        if rest == 0:
            break
    # Kana and Han are written together; of any other two scripts the larger counts.
    east = shares["ja"] + shares["zh"]
    if shares["ja"] >= _SHARE * east > 0:
        shares["ja"], shares["zh"] = east, 0.0
    lang = max(shares, key=shares.__getitem__)
    return lang if shares[lang] >= _SHARE * letters else None


def _identify(words: list[str]) -> str | None:
    """What py3langid takes the words for; None if it is missing or in doubt."""
    identifier = _identifier()
    if identifier is None or not words:
        return None
    lang, probability = identifier.classify(" ".join(words))
    return _CODES.get(lang, lang) if probability >= _DOUBTFUL else None


@lru_cache(maxsize=1)
def _identifier() -> Any | None:
    try:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier
    except ImportError:
        return None
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(_TOLD_APART)
    # It would keep the table of all its languages beside that of these: 27 MB.
    return LanguageIdentifier(
        identifier.nb_ptc, identifier.nb_pc, identifier.nb_classes, identifier.tk_nextmove,
        identifier.tk_output, norm_probs=True, tk_row=identifier.tk_row,
    )  # fmt: skip
