"""Queries that are longer than a model's window, such as a conversation or an e-mail."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from ..protocols import Windowed
from ..text.languages import detect_language
from ..text.sentences import sentence_spans
from ..text.splitting import replace_surrogates
from ..text.words import words

# The most windows and questions that are read of a query, and the most characters that are looked
# at: these bound the time.
_WINDOWS = 32
_QUESTIONS = 32
_CHARACTERS = 200_000
# The most tokens of a model's own prompt, and of its special tokens.
_PROMPT = 64
# A last sentence with fewer words is a greeting or a name.
_WORDS = 4

# Question marks of all scripts, perhaps followed by marks that close. A Greek one looks like a
# semicolon; an Armenian one stands within its word.
_QUESTION = re.compile(r"(?:[?？؟⁇⁈⁉‽⸮፧꘏᥅\u037e]|(?<=[\u0370-\u03ff]);)[\W_]{0,4}\Z")
_ARMENIAN = "\u055e"


class QueryParts(NamedTuple):
    """What a model reads of a query.

    Attributes:
        texts: The whole query if it fits into the window. Else overlapping windows over it, the
            questions in it, and its last sentence.
        complete: Whether they are all that belongs to it; False for a query that is longer than
            some dozens of windows.
    """

    texts: tuple[str, ...]
    complete: bool = True


def query_parts(query: str, model: object, max_tokens: int | None = None) -> QueryParts:
    """Divide a query that is longer than a model's window.

    Args:
        query: The query.
        model: The model. A query for one that is no `protocols.Windowed` stays whole.
        max_tokens: The most tokens of a part; by default the model's window.

    Returns:
        Its parts, at least one.
    """
    if not isinstance(model, Windowed):
        return QueryParts((query,))
    window = max_tokens or model.max_tokens
    if window is not None and query.isascii() and len(query) + _PROMPT <= window:
        return QueryParts((query,))  # a token has at least one character
    complete = len(query) <= _CHARACTERS
    if not complete:
        query = f"{query[: _CHARACTERS // 2]}\n{query[-_CHARACTERS // 2 :]}"
    windows = model.token_windows(query, max_tokens)
    if len(windows) == 1:
        return QueryParts((query,))
    # What is longer is in the windows.
    sentences = [
        sentence
        for sentence in _sentences(query)
        if len(model.token_windows(sentence, max_tokens)) == 1
    ]
    asked = [sentence for sentence in sentences if is_question(sentence)]
    texts = _distinct([
        *(query[start:end].strip() for start, end in _ends(windows, _WINDOWS)),
        *asked[-_QUESTIONS:],
        *[sentence for sentence in sentences if len(words(sentence)) >= _WORDS][-1:],
    ])  # fmt: skip
    complete = complete and len(windows) <= _WINDOWS and len(asked) <= _QUESTIONS
    return QueryParts(texts or (query,), complete)


def is_question(sentence: str) -> bool:
    """Tell whether a sentence ends with a question mark of any script.

    Args:
        sentence: The sentence.

    Returns:
        True if it does.
    """
    return _QUESTION.search(sentence[-8:]) is not None or _ARMENIAN in sentence


def _sentences(query: str) -> list[str]:
    # A query is prose, whatever marks stand in it: no part of it is only a heading.
    text = replace_surrogates(query)
    spans = sentence_spans(text, 0, len(text), detect_language(text))
    return [query[start:end].strip() for start, end in spans]


def _ends(windows: Iterable[tuple[int, int]], most: int) -> list[tuple[int, int]]:
    """The windows at both ends, if there are too many."""
    windows = list(windows)
    return windows if len(windows) <= most else [*windows[: most // 2], *windows[-most // 2 :]]


def _distinct(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in texts if text))
