"""Replies that say only that the documents do not help: "The documents do not contain …".

A language model that is told to reply with one agreed word writes such a sentence instead, in the
language of the question. A reply is one if each of its clauses is: a summary that says what the
documents lack, and then something that they hold, is a summary. To lose a summary is worse than to
pass on a refusal, so a pattern asks for more than a "not": for the documents and a verb for what
documents say, for a word for information, or for a question ("… who built it").
"""

from __future__ import annotations

from functools import cache

import regex

from .languages import LANGUAGES
from .reader import Reader

_LONGEST = 800  # characters; a longer reply says something
_SPACES = regex.compile(" {2,}")
_END = regex.compile(
    r"(?<!\b(?:Dr|Mr|Mrs|Ms|St|Prof))[.!?。！？؟:：;；।॥·\u0387\u037e]+[)\]]*(?:\s+|\Z|(?<=[。！？：；।॥]))"
    r"|\n+| [-—–]+ |—"
)
_SIGNS = str.maketrans(
    {"’": "'", "‘": "'", "\u00a0": " ", **dict.fromkeys('*_`"“”„«»「」『』', "")}
)
_CITED = regex.compile(r" ?\[\d[\d, ]*(?:\](?=\s*(?:[.,;!?。，]|\Z))|\Z)")


def means_nothing(text: str) -> bool:
    """Tell whether a reply says only that the documents do not help.

    Args:
        text: A whole reply, in one of the languages that have a module in `languages`.

    Returns:
        Whether it says no more than that.
    """
    if len(text) > _LONGEST:
        return False
    sentences = _END.split(_plain(text))
    return any(reader.means_nothing(sentences) for reader in _readers())


def may_mean_nothing(beginning: str) -> bool:
    """Tell whether the beginning of a reply may go on so that it says only that.

    Args:
        beginning: What there is of the reply.

    Returns:
        Whether the reply may become one that `means_nothing`.
    """
    if len(beginning) > _LONGEST:
        return False
    *sentences, begun = _END.split(_plain(beginning))
    return any(reader.may_mean_nothing(sentences, begun) for reader in _readers())


def adds_news(text: str) -> bool:
    """Tell whether what seems to say only that the documents do not help goes on with a fact.

    Args:
        text: A sentence: "the builder is not named, and the mason was Anna".

    Returns:
        Whether another statement, or an exception, follows in it.
    """
    plain = _plain(text)
    return any(reader.adds_news(plain) for reader in _readers())


@cache
def _readers() -> tuple[Reader, ...]:
    return tuple(map(Reader, LANGUAGES))


def _plain(text: str) -> str:
    """The text without quotation marks, emphasis and citations, which may stand anywhere."""
    text = _CITED.sub("", text.translate(_SIGNS).replace("(s)", "s"))
    return str(_SPACES.sub(" ", text))
