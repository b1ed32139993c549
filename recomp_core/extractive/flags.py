"""Flags sentences that look like orders to the model that reads them, and leaves them out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from ..text.injections import injection_flags
from ..types import Compression, Outcome, ScoredSentence, Sentence, assemble

_AnySentence = TypeVar("_AnySentence", bound=Sentence)


def without_flagged(sentences: Iterable[_AnySentence]) -> list[_AnySentence]:
    """Leave out the sentences that look like orders.

    Args:
        sentences: The sentences.

    Returns:
        The others.
    """
    return [sentence for sentence in sentences if not injection_flags(sentence.visible)]


def with_flags(compression: Compression, drop: bool) -> Compression:
    """Give the sentences of a compression their flags.

    Args:
        compression: The compression.
        drop: Whether nothing flagged may be kept. Where a time limit let whole documents through,
            those that hold something flagged are dropped here.

    Returns:
        The compression, the same if there is nothing to flag.
    """
    flags = {
        id(sentence): found
        for sentence in (*compression.kept, *compression.dropped)
        if (found := _flags_of(sentence))
    }
    if not flags:
        return compression
    kept, dropped = (
        [replace(s, flags=flags[id(s)]) if id(s) in flags else s for s in part]
        for part in (compression.kept, compression.dropped)
    )
    if not drop:
        return replace(compression, kept=tuple(kept), dropped=tuple(dropped))
    reasons = [compression.reason, f"{len(flags)} sentences that look like orders were dropped"]
    result = replace(compression, reason="; ".join(filter(None, reasons)), dropped=tuple(dropped))
    clean = [sentence for sentence in kept if not sentence.flags]
    if len(clean) == len(kept):
        return result
    rest = sorted((*dropped, *(s for s in kept if s.flags)), key=lambda s: (s.doc_index, s.start))
    return replace(
        result,
        text=assemble(compression.documents, clean, compression.layout),
        kept=tuple(clean),
        dropped=tuple(rest),
        sources=tuple(sorted({sentence.doc_index for sentence in clean})),
        outcome=_outcome(compression, clean),
    )


def _outcome(compression: Compression, kept: Sequence[ScoredSentence]) -> Outcome:
    if compression.outcome is Outcome.TIMED_OUT:
        return Outcome.TIMED_OUT
    return Outcome.COMPRESSED if kept else Outcome.NOTHING_RELEVANT


def _flags_of(sentence: ScoredSentence) -> tuple[str, ...]:
    text = sentence.visible
    if sentence.start or "\n" not in text:
        return injection_flags(text)
    # It may be a whole document, of which no part must be missed.
    found = [injection_flags(text), *map(injection_flags, text.splitlines())]
    return tuple(dict.fromkeys(flag for flags in found for flag in flags))
