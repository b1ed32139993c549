"""Compares predictions and texts with gold answers. Standard library only.

Answers are compared as SQuAD's evaluation does: in lower case, without punctuation, English
articles and extra space. Other scripts get the same treatment: full-width forms, accents and
Chinese punctuation do not count either. Two answers are also equal if they differ only in the
separators of numbers and the dots of abbreviations: "1,024" and "1024", "U.S.A." and "USA".
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
    """The replacement of each character, for `str.translate`; computed at its first use."""

    def __missing__(self, code: int) -> int | str | None:
        category = unicodedata.category(chr(code))
        became: int | str | None = code
        # Drop accents, but keep the marks that are vowels in Hindi or Thai.
        if 0x300 <= code <= 0x36F or category == "Cf":
            became = None
        elif category[0] in "PS":
            became = " "
        self[code] = became
        return became


_PLAIN = _Plain()


def normalize_answer(text: str) -> str:
    """Reduce a text to the form in which answers are compared.

    Args:
        text: An answer or any other text.

    Returns:
        Its words without case, punctuation, accents and English articles, separated by spaces.
    """
    text = unicodedata.normalize("NFKD", text).casefold().translate(_PLAIN)
    text = unicodedata.normalize("NFKC", text)
    return " ".join(_ARTICLES.sub(" ", text).split())


def exact_match(prediction: str, answers: Iterable[str]) -> bool:
    """Tell whether a prediction equals one of the gold answers.

    Args:
        prediction: The predicted answer.
        answers: The gold answers.

    Returns:
        False without gold answers.
    """
    answers = tuple(answers)
    for form in (normalize_answer, _compact):
        predicted = form(prediction)
        if any(predicted == form(answer) for answer in answers):
            return True
    return False


def token_f1(prediction: str, answers: Iterable[str]) -> float:
    """Compute the F1 of the words that a prediction shares with a gold answer.

    Args:
        prediction: The predicted answer. Scripts without spaces are compared by character.
        answers: The gold answers.

    Returns:
        The best F1 over the gold answers, from 0 to 1; 0.0 without gold answers.
    """
    answers = tuple(answers)
    best = 0.0
    for form in (normalize_answer, _compact):
        predicted = Counter(_answer_words(form(prediction)))
        for answer in answers:
            best = max(best, _f1(predicted, Counter(_answer_words(form(answer)))))
    return best


def contains_answer(text: str, answers: Iterable[str]) -> bool:
    """Tell whether a text contains one of the gold answers.

    The mean of this over questions is the answer recall.

    Args:
        text: The text, such as a compression.
        answers: The gold answers. They match at word borders, in scripts that have them.

    Returns:
        False without gold answers.
    """
    answers = tuple(answers)
    return any(_contains(form, text, answers) for form in (normalize_answer, _compact))


def _contains(form: Callable[[str], str], text: str, answers: Iterable[str]) -> bool:
    padded = f" {form(text)} "
    unspaced = padded.replace(" ", "")
    for answer in answers:
        wanted = form(answer)
        if not wanted:
            continue
        if UNSPACED.search(wanted):
            if wanted.replace(" ", "") in unspaced:
                return True
        elif f" {wanted} " in padded:
            return True
    return False


def _compact(text: str) -> str:
    """Normalize as `normalize_answer`, with numbers and abbreviations in one piece."""
    return _GROUPED.sub("", normalize_answer(_ABBREVIATED.sub("", text)))


def _f1(predicted: Counter[str], wanted: Counter[str]) -> float:
    if not predicted or not wanted:
        return float(predicted == wanted)
    # The gold answer is the shorter one, as a rule.
    shared = sum(min(times, predicted[word]) for word, times in wanted.items())
    if not shared:
        return 0.0
    precision, recall = shared / predicted.total(), shared / wanted.total()
    return 2 * precision * recall / (precision + recall)


def _answer_words(normal: str) -> list[str]:
    return words(normal, pairs=False)
