"""Finds cut sentences at the edges of chunks that stand whole in a chunk that overlaps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby, islice

from ..text.units import STRUCTURAL
from ..types import Sentence
from .structure import folded_text

# A shorter piece may stand in another sentence by chance.
_LEAST = 20
# So many characters at its edge find where a piece could belong.
_KEY = 12
# Almost always found in so many characters of the text: folding all of every sentence takes time.
_NEAR = 24
# Folding leaves these as they are but for case, and tells most sentences apart at once.
_FIRST, _LAST = slice(3), slice(-3, None)
# Of so many that share the edge one is looked for: hostile chunks may all end alike.
_MOST = 50


def whole_sentences(sentences: Sequence[Sentence]) -> dict[int, int]:
    """Find for each cut sentence the one that has all of its words.

    Splitters that count characters let chunks overlap without regard to sentences: a chunk begins
    with the end of a sentence that the chunk before has whole, and ends with the beginning of one
    that the next chunk has whole.

    Args:
        sentences: All sentences of a call, in document order.

    Returns:
        By the position of the first or last sentence of a document, where it is cut, the position
        of a longer one in another document that ends or begins with it.
    """
    content = [n for n, sentence in enumerate(sentences) if sentence.kind not in STRUCTURAL]
    groups = (list(group) for _, group in groupby(content, lambda n: sentences[n].doc_index))
    edges = [(group[0], group[-1]) for group in groups]
    # Most calls have no cut sentence, and are asked no more than this.
    cut_before = [first for first, _ in edges if _begins_within(sentences[first].text)]
    cut_behind = [last for _, last in edges if _ends_within(sentences[last].text)]
    if len(edges) < 2 or not (cut_before or cut_behind):
        return {}
    found = _longer(sentences, content, cut_behind, str.startswith, _beginning, _FIRST)
    found |= _longer(sentences, content, cut_before, str.endswith, _ending, _LAST)
    for n in found:
        while found[n] in found:  # the whole is a piece of another
            found[n] = found[found[n]]
    return found


def _longer(
    sentences: Sequence[Sentence],
    content: Sequence[int],
    cut: Sequence[int],
    shares: Callable[[str, str], bool],
    edge: Callable[[str], str],
    tip: slice,
) -> dict[int, int]:
    """Which sentences begin, or end, as these do and are longer, in another document."""
    texts = {n: folded_text(sentences[n].visible) for n in cut}
    pieces = {n: text for n, text in texts.items() if len(text) >= _LEAST}
    edges = {n: edge(sentences[n].visible) for n in pieces}
    alike: dict[str, list[int]] = {key: [] for key in edges.values()}
    tips = {key[tip] for key in alike}
    for n in content if pieces else ():
        text = sentences[n].visible
        if _is_plain(text[tip]) and text[tip].lower() not in tips:
            continue
        if (key := edge(text)) in alike:
            alike[key].append(n)
    found = {}
    for n, piece in pieces.items():
        for other in islice(alike[edges[n]], _MOST):
            if sentences[other].doc_index == sentences[n].doc_index:
                continue
            if other not in texts:
                texts[other] = folded_text(sentences[other].visible)
            if len(texts[other]) > len(piece) and shares(texts[other], piece):
                found[n] = other
                break
    return found


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text


def _beginning(text: str) -> str:
    """The first characters of the folded text."""
    key = folded_text(text[:_NEAR])[:_KEY]
    return key if len(key) == _KEY else folded_text(text)[:_KEY]


def _ending(text: str) -> str:
    """The last characters of the folded text."""
    key = folded_text(text[-_NEAR:])[-_KEY:]
    return key if len(key) == _KEY else folded_text(text)[-_KEY:]


def _begins_within(text: str) -> bool:
    """Whether a text may begin within a sentence: not with a capital letter, a digit or a mark."""
    first = next(iter(text.lstrip()), "")
    return first.isalpha() and not first.isupper()


def _ends_within(text: str) -> bool:
    """Whether a text may end within a sentence: not with a mark."""
    return text.rstrip()[-1:].isalnum()
