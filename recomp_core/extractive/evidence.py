"""Scores that a scorer gave, blended with the words that a sentence and the query share."""

from __future__ import annotations

import math
import numbers
from collections.abc import Sequence
from itertools import groupby

from ..protocols import SentenceScorer
from ..text.units import Span
from ..types import Document, ScoredSentence, Sentence, with_score

DEFAULT_WEIGHT = 0.1
"""Chosen on all dev sets, see benchmarks/EXPERIMENTS.md."""

# Of so many samples the encoder's share is remembered.
_REMEMBERED = 512
# As much of a call tells whether the encoder can read its documents: so many sentences of all, and
# so much of each.
_SAMPLE, _SAMPLE_CHARACTERS = 12, 80


class LexicalEvidence:
    """Blends a scorer's scores with lexical evidence.

    Args:
        scorer: The scorer.
        weight: What the words count, 0…1; None for the default.

    Attributes:
        weight: What the words count, 0…1, in text that the encoder can read; more where its
            vocabulary does not know the script or the language.
    """

    def __init__(self, scorer: SentenceScorer, weight: float | None = None) -> None:
        from .scoring import DualEncoderScorer

        self._bounded = (
            isinstance(scorer, DualEncoderScorer) and scorer.similarity_fn_name == "cosine"
        )
        # Scores of another scale may have a threshold, which should go on to mean what it says.
        self.weight = (DEFAULT_WEIGHT if self._bounded else 0.0) if weight is None else weight
        self._encoder = getattr(scorer, "encoder", None)
        self._shares: dict[str, float] = {}

    def blend(
        self,
        query: str,
        documents: Sequence[Document],
        sentences: Sequence[Sentence],
        scores: Sequence[float],
    ) -> list[ScoredSentence]:
        """Blend the scores of a call.

        Args:
            query: The query.
            documents: The documents.
            sentences: Their sentences.
            scores: The scorer's scores, one per sentence.

        Returns:
            The sentences with the blended scores, and the part that the words gave.
        """
        self._check_query(query)
        if not self.weight:
            self._reads(_sample([s.visible for s in sentences]))
            return [with_score(s, score) for s, score in zip(sentences, scores, strict=True)]
        from .lexical import blend, lexical_scores, weight_for

        texts = []
        heads: dict[tuple[int, tuple[Span, ...]], str] = {}
        for sentence in sentences:
            place = sentence.doc_index, sentence.path
            if place not in heads:
                document = documents[sentence.doc_index]
                parts = (document.title, sentence.heading(document))
                heads[place] = "".join(f"{part}\n" for part in parts if part)
            texts.append(heads[place] + sentence.visible)
        sizes = [len(list(its)) for _, its in groupby(s.doc_index for s in sentences)]
        sample = _sample(texts)
        self._reads(sample)
        weight = weight_for(query, sample, self.weight, self._reads)
        blended, shares = blend(scores, lexical_scores(query, texts, sizes), weight, self._bounded)
        return [
            with_score(sentence, score, share)
            for sentence, score, share in zip(
                sentences, blended.tolist(), shares.tolist(), strict=True
            )
        ]

    def _reads(self, text: str) -> float:
        """How well the encoder can read documents, with a warning; the same ones come again."""
        known = self._shares.get(text)
        if known is None:
            from ..models.encoders.reading import reader_of, warn_if_unread

            reads = reader_of(self._encoder)
            known = 1.0 if reads is None else reads(text)
            warn_if_unread(self._encoder, text, known)
            if len(self._shares) >= _REMEMBERED:
                self._shares.clear()
            self._shares[text] = known
        return known

    def _check_query(self, query: str) -> None:
        """Warn of a query in another script than the encoder reads, such as one in Chinese."""
        if query.isascii():
            return
        from ..models.encoders.reading import reader_of, warn_if_query_unread

        if reads := reader_of(self._encoder):
            warn_if_query_unread(self._encoder, query, reads(query))


def _sample(texts: Sequence[str]) -> str:
    """The beginnings of some texts from all over the documents, which may differ in language."""
    n = min(len(texts), _SAMPLE)
    return "\n".join(texts[i * len(texts) // n][:_SAMPLE_CHARACTERS] for i in range(n))


def check_weight(value: object) -> float | None:
    """Check a `lexical_weight`.

    Args:
        value: The value.

    Returns:
        The value itself.

    Raises:
        ValueError: It is neither None nor a number from 0 to 1.
    """
    if value is None:
        return None
    good = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not good or math.isnan(value) or not 0 <= value <= 1:  # type: ignore[arg-type, operator]
        raise ValueError(f"lexical_weight must be a number from 0 to 1, or None, got {value!r}")
    return float(value)  # type: ignore[arg-type]
