"""How well an encoder's vocabulary knows the script and language of a text."""

from __future__ import annotations

import contextlib
import logging
import re
import unicodedata
import weakref
from collections import Counter
from collections.abc import Callable
from typing import Any

from ...text.splitting import replace_surrogates

logger = logging.getLogger(__name__)

# What a character says, in letters of the Latin alphabet: (first, last, letters).
_DENSE = (
    (0x3040, 0x30FF, 1.5),  # Japanese syllables
    (0x3400, 0x9FFF, 3.0),  # Chinese characters
    (0xAC00, 0xD7AF, 2.5),  # Korean syllables
    (0xF900, 0xFAFF, 3.0),
    (0x20000, 0x3FFFF, 3.0),
)
# Letters that a token has on average in a language that the vocabulary was made for; a little less
# than in English prose (4.4; of 95 in 100 texts at least 3.8), because names and codes are cut to
# small pieces anywhere.
_FLUENT = 3.5
# A cuneiform sign, which stands in no vocabulary: what it becomes says nothing.
_UNKNOWN = "𒀱"
# Enough to tell, and read in half a millisecond.
_CHARACTERS = 1_000
_ASCII_LETTER = re.compile("[A-Za-z]")
# With the bundled encoder English texts and code are above 0.8, German, Spanish and Romanian at
# 0.75, Turkish and Vietnamese at 0.6, other scripts at 0.3. Data in ASCII (digests, codes) may be
# at 0.5, and no encoder reads it better.
_READABLE = 0.7
# A query is short, and a name may be all of it: only what is in another script is told of.
_READABLE_QUERY = 0.35
_MANY_WORDS = 100_000  # a vocabulary of many languages, beside which there is nothing better here
_warned: weakref.WeakSet[Any] = weakref.WeakSet()


def readable_share(text: str, tokenizer: Any) -> float:
    """Measure how well a vocabulary knows a text, by the letters that one token stands for.

    A vocabulary cuts words of languages that it was not made for into pieces of two or three
    letters, and those of other scripts into single letters or nothing at all. Over the languages
    of XQuAD that predicts what an encoder makes of them.

    Args:
        text: The text; its first 1,000 characters are read.
        tokenizer: A `tokenizers.Tokenizer`.

    Returns:
        1 for a language that the vocabulary was made for, 0 for one that it can't read. A text
        without letters is readable.
    """
    text = replace_surrogates(text[:_CHARACTERS])
    encoding = tokenizer.encode(text, add_special_tokens=False)
    unknown = set(tokenizer.encode(_UNKNOWN, add_special_tokens=False).tokens)
    if text.isascii() and unknown.isdisjoint(encoding.tokens):
        pieces = [len(_ASCII_LETTER.findall(text, *span)) for span in encoding.offsets]
        spoken = sum(map(bool, pieces))
        return min(1.0, sum(pieces) / spoken / _FLUENT) if spoken else 1.0
    times = Counter(encoding.offsets)
    n_tokens, letters = 0, 0.0
    for token, (start, end) in zip(encoding.tokens, encoding.offsets, strict=True):
        size = sum(map(_letters, text[start:end]))
        n_tokens += size > 0
        # A character of several tokens is one that is spelled in bytes, or in strokes.
        if token not in unknown and times[start, end] == 1:
            letters += size
    return min(1.0, letters / n_tokens / _FLUENT) if n_tokens else 1.0


def reader_of(encoder: Any) -> Callable[[str], float] | None:
    """Return the function that tells how well an encoder can read a text.

    Args:
        encoder: An encoder. If it has a method `reads(text)`, that is the function.

    Returns:
        A function from a text to a share from 0 to 1; None if the encoder's vocabulary is not
        known.
    """
    reads = getattr(encoder, "reads", None)
    if reads is not None:
        return reads
    tokenizer = _tokenizer(encoder)
    return None if tokenizer is None else lambda text: readable_share(text, tokenizer)


def warn_if_unread(encoder: Any, text: str, share: float) -> None:
    """Warn, once for each encoder, of texts in a language that it was not made for.

    Args:
        encoder: The encoder.
        text: What it is to read.
        share: How much of that its vocabulary knows, see `readable_share`.
    """
    if share < _READABLE:
        _warn(encoder, text, share, "these documents")


def warn_if_query_unread(encoder: Any, query: str, share: float) -> None:
    """Warn of a query in a script that an encoder was not made for, as of documents.

    Args:
        encoder: The encoder.
        query: The query.
        share: How much of it the encoder's vocabulary knows, see `readable_share`.
    """
    if share < _READABLE_QUERY:
        _warn(encoder, query, share, "this query")


def _warn(encoder: Any, text: str, share: float, what: str) -> None:
    if text.isascii() or encoder in _warned:
        return
    tokenizer = _tokenizer(encoder)
    if tokenizer is not None and tokenizer.get_vocab_size() > _MANY_WORDS:
        return
    with contextlib.suppress(TypeError):  # an object that can't be remembered is told again
        _warned.add(encoder)
    logger.warning(
        "the encoder was not made for the language of %s (its vocabulary knows %.0f %%), so "
        "words in common decide most of what is kept. Remedy: "
        'load_compressor("multilingual") reads about a hundred languages: '
        'pip install "recomp[multilingual]", or download intfloat/multilingual-e5-small',
        what,
        100 * share,
    )


def _tokenizer(encoder: Any) -> Any:
    """The `tokenizers.Tokenizer` of an encoder of either backend, if it has one."""
    from tokenizers import Tokenizer

    from .bert_tokenizer import BertTextTokenizer

    own = getattr(encoder, "tokenizer", None)
    if isinstance(own, BertTextTokenizer):
        return own._cutting  # shared and never changed; cut to the window, which is enough
    of_model = getattr(getattr(encoder, "model", None), "tokenizer", None)
    for candidate in (of_model, getattr(of_model, "backend_tokenizer", None)):
        if isinstance(candidate, Tokenizer):
            return candidate
    return None


def _letters(character: str) -> float:
    code = ord(character)
    if code >= 0x3040:
        for first, last, letters in _DENSE:
            if first <= code <= last:
                return letters
    # Vowels of Indic scripts and Thai are marks, which are as much of a word as its letters.
    return float(character.isalpha() or unicodedata.category(character)[0] == "M")
