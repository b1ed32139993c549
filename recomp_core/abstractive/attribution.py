"""Which sentences of the documents stand behind a summary."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from ..extractive.scoring import sentence_inputs
from ..protocols import Candidate, SentenceScorer, Splitter
from ..text.splitting import SentenceSplitter
from ..text.words import words
from ..types import Document, ScoredSentence, ScoringTask, Sentence, SummarySentence


class OverlapScorer:
    """The share of the query's words that a sentence has, 0…1; rare words count more. No model.

    The query is a sentence of a summary here. A word that no candidate sentence has counts most:
    it is what the documents do not say.
    """

    default_min_score = 0.35
    """Of sentences by hand in eight languages, 45 of 47 faithful ones reach it, 3 of 44 invented
    ones do (`tests/abstractive/test_attribution_cases.py`).
    """

    def score(self, tasks: Sequence[ScoringTask]) -> list[list[float]]:
        """For each task one share per sentence; a document's title counts for all of its own."""
        return [self._score(task) for task in tasks]

    def _score(self, task: ScoringTask) -> list[float]:
        wanted = _stems(task.query)
        found = [wanted & _stems(text) for text in sentence_inputs(task, "title")]
        frequency = Counter(stem for has in found for stem in has)
        # BM25's weight of a word.
        weight = {
            stem: math.log(1 + (len(found) - frequency[stem] + 0.5) / (frequency[stem] + 0.5))
            for stem in wanted
        }
        # Summed in a fixed order: a set's order changes from process to process.
        total = sum(weight[stem] for stem in sorted(wanted))
        if not total:
            return [0.0] * len(found)
        return [sum(weight[stem] for stem in sorted(has)) / total for has in found]


def _stems(text: str) -> set[str]:
    """The words' first five letters, which most inflections leave as they are; numbers whole."""
    return {word[:5] if word.isalpha() else word for word in words(text)}


class EntailmentScorer:
    """How surely a document sentence entails a sentence of the summary, by a model for natural
    language inference.

    model: a sentence-transformers `CrossEncoder` whose `config.id2label` names an entailment.
    Raises `ValueError` if it names none.
    """

    default_min_score = 0.5

    def __init__(self, model: Any, *, batch_size: int = 32) -> None:
        labels = dict(model.config.id2label)
        found = [int(n) for n, label in labels.items() if str(label).lower().startswith("entail")]
        if len(found) != 1:
            raise ValueError(
                f"a model with the labels {', '.join(map(str, labels.values()))} is not one for "
                "natural language inference: one label must be entailment"
            )
        self.model = model
        self.batch_size = batch_size
        self._entailment = found[0]

    def score(self, tasks: Sequence[ScoringTask]) -> list[list[float]]:
        """For each task the probability, 0…1, that each sentence (premise) entails the query."""
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
    """For each candidate the sentences of its summary, each with the `top` document sentences that
    support it best: those that score above 0, and half as well as the best or better.

    All of them go to the scorer together. `doc_index` counts the candidate's own documents.
    """
    scorer = scorer or OverlapScorer()
    splitter = splitter or SentenceSplitter()
    spans = [splitter.split(candidate.summary) for candidate in candidates]
    tasks = []
    for candidate, summary_spans in zip(candidates, spans, strict=True):
        sentences = tuple(_sentences(candidate.documents, splitter))
        tasks += [
            ScoringTask(candidate.summary[start:end], candidate.documents, sentences)
            for start, end in summary_spans
        ]
    scores = scorer.score([task for task in tasks if task.sentences])
    scored = iter(scores)
    linked = iter([_best(task, next(scored), top) if task.sentences else () for task in tasks])
    return [
        tuple(
            SummarySentence(candidate.summary[start:end], start, end, next(linked))
            for start, end in summary_spans
        )
        for candidate, summary_spans in zip(candidates, spans, strict=True)
    ]


def _sentences(documents: Sequence[Document], splitter: Splitter) -> list[Sentence]:
    return [
        Sentence(document.text[start:end], index, start, end)
        for index, document in enumerate(documents)
        for start, end in splitter.split(document.text)
    ]


def _best(task: ScoringTask, scores: Sequence[float], top: int) -> tuple[ScoredSentence, ...]:
    order = sorted(range(len(scores)), key=lambda i: (-scores[i], i))
    worthwhile = max(scores) / 2
    return tuple(
        ScoredSentence(s.text, s.doc_index, s.start, s.end, float(scores[i]))
        for i in order[:top]
        if scores[i] > 0 and scores[i] >= worthwhile and (s := task.sentences[i])
    )
