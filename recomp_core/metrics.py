"""What a compression is judged by. Pure functions of strings.

Answers are compared as SQuAD's evaluation compares them (lower case, without punctuation, English
articles and extra space), extended to other scripts: full-width forms, accents and Chinese
punctuation do not count either.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

from .words import UNSPACED, words

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")


def normalize_answer(text: str) -> str:
    """`text` as answers are compared."""
    text = unicodedata.normalize("NFKD", text).casefold()
    # Accents go; the marks that are vowels in Hindi or Thai stay.
    text = "".join(
        c for c in text if not "\u0300" <= c <= "\u036f" and unicodedata.category(c) != "Cf"
    )
    text = "".join(" " if unicodedata.category(c)[0] in "PS" else c for c in text)
    text = unicodedata.normalize("NFKC", text)
    return " ".join(_ARTICLES.sub(" ", text).split())


def exact_match(prediction: str, answers: Iterable[str]) -> bool:
    """Whether the prediction is one of the gold answers."""
    prediction = normalize_answer(prediction)
    return any(prediction == normalize_answer(answer) for answer in answers)


def token_f1(prediction: str, answers: Iterable[str]) -> float:
    """The best F1 of shared words over the gold answers, 0…1; Chinese is compared by character."""
    return max((_f1(prediction, answer) for answer in answers), default=0.0)


def contains_answer(text: str, answers: Iterable[str]) -> bool:
    """Whether one of the gold answers stands in `text`, at word borders where the script has them.

    The mean of this over questions is answer recall.
    """
    padded = f" {normalize_answer(text)} "
    for answer in answers:
        wanted = normalize_answer(answer)
        if not wanted:
            continue
        if UNSPACED.search(wanted):
            if wanted.replace(" ", "") in padded.replace(" ", ""):
                return True
        elif f" {wanted} " in padded:
            return True
    return False


def _f1(prediction: str, answer: str) -> float:
    predicted = _answer_words(prediction)
    wanted = _answer_words(answer)
    if not predicted or not wanted:
        return float(predicted == wanted)
    shared = (Counter(predicted) & Counter(wanted)).total()
    if not shared:
        return 0.0
    precision, recall = shared / len(predicted), shared / len(wanted)
    return 2 * precision * recall / (precision + recall)


def _answer_words(text: str) -> list[str]:
    return words(normalize_answer(text), pairs=False)
