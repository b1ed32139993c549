"""Attribution: which sentences of the documents support a summary."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from .._utils.checks import check_whole
from ..extractive.scoring import sentence_inputs
from ..extractive.sentences import document_sentences
from ..protocols import Candidate, SentenceScorer, Splitter
from ..text.splitting import SentenceSplitter
from ..text.words import words
from ..types import ScoredSentence, ScoringTask, SummarySentence, with_score


class OverlapScorer:
    """Scores a sentence by the share of the query's words that it has; needs no model.

    The query is a sentence of a summary here. Rare words count more. A word that no candidate
    sentence has counts most: the documents do not say it.

    Attributes:
        default_min_score: The score that counts as support, 0.35. Of hand-written sentences in
            eight languages, 45 of 47 faithful ones reach it, and 3 of 44 invented ones
            (`tests/abstractive/test_attribution_cases.py`).
    """

    default_min_score = 0.35

    def score(self, tasks: Sequence[ScoringTask]) -> list[list[float]]:
        """Score the sentences of each task.

        Args:
            tasks: Sentences of a summary as queries, with the documents' sentences.

        Returns:
            One list per task with one share per sentence, 0…1. The words of a document's title
            count for each of its sentences.
        """
        return [self._score(task) for task in tasks]

    def _score(self, task: ScoringTask) -> list[float]:
        wanted = _stems(task.query)
        found = [wanted & _stems(text) for text in sentence_inputs(task, "title")]
        frequency = Counter(stem for has in found for stem in has)
        # The weight that BM25 gives to a word.
        weight = {
            stem: math.log(1 + (len(found) - frequency[stem] + 0.5) / (frequency[stem] + 0.5))
            for stem in wanted
        }
        # A fixed order makes the sum the same in every process: a set's order changes.
        total = sum(weight[stem] for stem in sorted(wanted))
        if not total:
            return [0.0] * len(found)
        return [sum(weight[stem] for stem in sorted(has)) / total for has in found]


def _stems(text: str) -> set[str]:
    """Return the words' first five letters, which most inflections do not change; numbers whole."""
    return {word[:5] if word.isalpha() else word for word in words(text)}


class EntailmentModel(Protocol):
    """A model for natural language inference, such as a sentence-transformers `CrossEncoder`."""

    @property
    def config(self) -> EntailmentConfig:
        """The settings of the model, its labels among them."""

    def predict(
        self,
        pairs: list[list[str]],
        /,
        *,
        batch_size: int,
        apply_softmax: bool,
        show_progress_bar: bool,
    ) -> Iterable[Any]:  # rows: lists, arrays or tensors, which have no type in common
        """Classify pairs of texts.

        Args:
            pairs: Lists of a premise and a hypothesis.
            batch_size: How many pairs to compute at one time.
            apply_softmax: Whether to return probabilities; always True here.
            show_progress_bar: Whether to draw progress on the terminal; always False here.

        Returns:
            For each pair one probability per label, (n_pairs, n_labels).
        """


class EntailmentConfig(Protocol):
    """The part of a model's config that `EntailmentScorer` reads."""

    @property
    def id2label(self) -> Mapping[int, str] | Mapping[str, str]:
        """The names of the labels, by their number."""


class EntailmentScorer:
    """Scores how surely a document sentence entails a sentence of the summary.

    Args:
        model: A sentence-transformers `CrossEncoder` for natural language inference: one name in
            its `config.id2label` begins with "entail".
        batch_size: Pairs per forward pass.

    Attributes:
        default_min_score: The probability that counts as support, 0.5.

    Raises:
        ValueError: The model has no such label, or several; or `batch_size` is not above 0.
    """

    default_min_score = 0.5

    def __init__(self, model: EntailmentModel, *, batch_size: int = 32) -> None:
        labels = dict(model.config.id2label)
        found = [int(n) for n, label in labels.items() if str(label).lower().startswith("entail")]
        if len(found) != 1:
            raise ValueError(
                f"a model with the labels {', '.join(map(str, labels.values()))} is not one for "
                "natural language inference: one label must be entailment"
            )
        self.model = model
        self.batch_size = check_whole("batch_size", batch_size)
        self._entailment = found[0]

    def score(self, tasks: Sequence[ScoringTask]) -> list[list[float]]:
        """Score the sentences of each task.

        Args:
            tasks: Sentences of a summary as queries, with the documents' sentences.

        Returns:
            One list per task with the probability, 0…1, that each sentence (the premise) entails
            the query.
        """
        pairs = dict.fromkeys((s.text, task.query) for task in tasks for s in task.sentences)
        if not pairs:
            return [[] for _ in tasks]
        predicted = self.model.predict(
            [list(pair) for pair in pairs],
            batch_size=self.batch_size,
            apply_softmax=True,
            show_progress_bar=False,
        )
        entailed = {
            pair: float(row[self._entailment]) for pair, row in zip(pairs, predicted, strict=True)
        }
        return [[entailed[s.text, task.query] for s in task.sentences] for task in tasks]


def link_all(
    candidates: Sequence[Candidate],
    *,
    scorer: SentenceScorer | None = None,
    splitter: Splitter | None = None,
    top: int = 3,
) -> list[tuple[SummarySentence, ...]]:
    """Link each sentence of each summary to the document sentences that support it best.

    All sentences go to the scorer together.

    Args:
        candidates: Summaries with their documents.
        scorer: Compares sentences; by default `OverlapScorer()`.
        splitter: Cuts summaries and documents into sentences.
        top: The most sources per sentence. A source scores above 0, and at least half of the best
            score.

    Returns:
        For each candidate the sentences of its summary with their sources, best first. The sources'
        `doc_index` counts the candidate's own documents.
    """
    scorer = OverlapScorer() if scorer is None else scorer
    splitter = SentenceSplitter() if splitter is None else splitter
    spans = [splitter.split(candidate.summary) for candidate in candidates]
    tasks = []
    for candidate, summary_spans in zip(candidates, spans, strict=True):
        sentences = document_sentences(candidate.documents, splitter, structural=False)
        tasks += [
            ScoringTask(candidate.summary[start:end], candidate.documents, sentences)
            for start, end in summary_spans
        ]
    scores = iter(scorer.score([task for task in tasks if task.sentences]))
    linked = iter([_best(task, next(scores), top) if task.sentences else () for task in tasks])
    return [
        tuple(
            SummarySentence(candidate.summary[start:end], start, end, next(linked))
            for start, end in summary_spans
        )
        for candidate, summary_spans in zip(candidates, spans, strict=True)
    ]


def _best(task: ScoringTask, scores: Sequence[float], top: int) -> tuple[ScoredSentence, ...]:
    order = sorted(range(len(scores)), key=lambda i: (-scores[i], i))
    worthwhile = max(scores) / 2
    return tuple(
        with_score(task.sentences[i], float(scores[i]))
        for i in order[:top]
        if scores[i] > 0 and scores[i] >= worthwhile
    )
