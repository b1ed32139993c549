"""Finds cut sentences at the edges of chunks that stand whole in a chunk that overlaps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby, islice

from ..text.units import STRUCTURAL
from ..types import Sentence
from .structure import folded_text

# A shorter piece may stand in another sentence by chance.
_LEAST = 20
# So many characters at its edge find where a piece could belong.
_KEY = 12
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
    texts = {n: folded_text(sentences[n].visible) for n in content}
    found = _longer(sentences, texts, cut_behind)
    mirrored = {n: text[::-1] for n, text in texts.items()}
    found |= _longer(sentences, mirrored, cut_before)
    for n in sorted(found, key=lambda n: -len(texts[n])):  # a whole may be a piece of another
        found[n] = found.get(found[n], found[n])
    return found


def _longer(
    sentences: Sequence[Sentence], texts: Mapping[int, str], cut: Sequence[int]
) -> dict[int, int]:
    """Which sentences begin as these do and go on, in another document."""
    cut = [n for n in cut if len(texts[n]) >= _LEAST]
    keys = {texts[n][:_KEY] for n in cut}
    alike: dict[str, list[int]] = {}
    for n, text in texts.items():
        if text[:_KEY] in keys:
            alike.setdefault(text[:_KEY], []).append(n)
    found = {}
    for n in cut:
        for other in islice(alike.get(texts[n][:_KEY], ()), _MOST):
            if (
                sentences[other].doc_index != sentences[n].doc_index
                and len(texts[other]) > len(texts[n])
                and texts[other].startswith(texts[n])
            ):
                found[n] = other
                break
    return found


def _begins_within(text: str) -> bool:
    """Whether a text may begin within a sentence: not with a capital letter, a digit or a mark."""
    first = next(iter(text.lstrip()), "")
    return first.isalpha() and not first.isupper()


def _ends_within(text: str) -> bool:
    """Whether a text may end within a sentence: not with a mark."""
    return text.rstrip()[-1:].isalnum()
