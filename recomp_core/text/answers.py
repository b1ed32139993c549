"""What a compression is judged by. Pure functions of strings.

Answers are compared as SQuAD's evaluation compares them (lower case, without punctuation, English
articles and extra space), extended to other scripts: full-width forms, accents and Chinese
punctuation do not count either. Two answers are also the same if they are once the separators in
numbers and the dots of abbreviations are gone: "1,024" and "1024", "U.S.A." and "USA".
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable

from .words import UNSPACED, words

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_ABBREVIATED = re.compile(r"(?<=\b[^\W\d_])\.\s?(?=[^\W\d_]\b)")  # U.S.A., J. K. Rowling
_GROUPED = re.compile(r"(?<=\d) (?=\d{3}\b)")


class _Plain(dict[int, "int | str | None"]):
    """What becomes of a character, for `str.translate`; found out when it is first met."""

    def __missing__(self, code: int) -> int | str | None:
        category = unicodedata.category(chr(code))
        became: int | str | None = code
        # Accents go; the marks that are vowels in Hindi or Thai stay.
        if 0x300 <= code <= 0x36F or category == "Cf":
            became = None
        elif category[0] in "PS":
            became = " "
        self[code] = became
        return became


_PLAIN = _Plain()


def normalize_answer(text: str) -> str:
    """`text` as answers are compared."""
    text = unicodedata.normalize("NFKD", text).casefold().translate(_PLAIN)
    text = unicodedata.normalize("NFKC", text)
    return " ".join(_ARTICLES.sub(" ", text).split())


def exact_match(prediction: str, answers: Iterable[str]) -> bool:
    """Whether the prediction is one of the gold answers."""
    answers = tuple(answers)
    return any(
        form(prediction) == form(answer)
        for form in (normalize_answer, _compact)
        for answer in answers
    )


def token_f1(prediction: str, answers: Iterable[str]) -> float:
    """The best F1 of shared words over the gold answers, 0…1; Chinese is compared by character."""
    return max((_f1(prediction, answer) for answer in answers), default=0.0)


def contains_answer(text: str, answers: Iterable[str]) -> bool:
    """Whether one of the gold answers stands in `text`, at word borders where the script has them.

    The mean of this over questions is answer recall.
    """
    answers = tuple(answers)
    return any(_contains(form, text, answers) for form in (normalize_answer, _compact))


def _contains(form: Callable[[str], str], text: str, answers: Iterable[str]) -> bool:
    padded = f" {form(text)} "
    for answer in answers:
        wanted = form(answer)
        if not wanted:
            continue
        if UNSPACED.search(wanted):
            if wanted.replace(" ", "") in padded.replace(" ", ""):
                return True
        elif f" {wanted} " in padded:
            return True
    return False


def _compact(text: str) -> str:
    """As `normalize_answer`, with numbers and abbreviations in one piece."""
    return _GROUPED.sub("", normalize_answer(_ABBREVIATED.sub("", text)))


def _f1(prediction: str, answer: str) -> float:
    return max(
        _f1_of(_answer_words(form(prediction)), _answer_words(form(answer)))
        for form in (normalize_answer, _compact)
    )


def _f1_of(predicted: list[str], wanted: list[str]) -> float:
    if not predicted or not wanted:
        return float(predicted == wanted)
    shared = (Counter(predicted) & Counter(wanted)).total()
    if not shared:
        return 0.0
    precision, recall = shared / len(predicted), shared / len(wanted)
    return 2 * precision * recall / (precision + recall)


def _answer_words(normal: str) -> list[str]:
    return words(normal, pairs=False)
