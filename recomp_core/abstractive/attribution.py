"""Attribution: which sentences of the documents support a summary."""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice, repeat
from typing import Any, Protocol

from .._utils.checks import check_whole
from ..extractive.scoring import sentence_inputs
from ..extractive.sentences import document_sentences
from ..protocols import Candidate, SentenceScorer, Splitter
from ..text.splitting import SentenceSplitter
from ..text.words import words
from ..types import ScoredSentence, ScoringTask, SummarySentence, with_score

# A sentence of a summary is compared with so many document sentences at most, beginning with those
# that share its rarest words: more would take time with the square of the texts.
_COMPARED = 1_000


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
        found = []
        for task, index in _with_indexes(tasks):
            shares = [0.0] * len(task.sentences)
            for number, share in index.shares(task.query):
                shares[number] = share
            found.append(shares)
        return found

    def best(self, tasks: Sequence[ScoringTask], top: int) -> list[list[tuple[int, float]]]:
        """Find the best sentences of each task, without scoring all.

        Args:
            tasks: As for `score`.
            top: The most sentences of a task.

        Returns:
            For each task the positions and scores of the sentences that score highest, best first.
            Those with less than half of the best score may be missing. Of many sentences that have
            words in common with the query, the 1,000 that share its rarest are compared.
        """
        return [index.best(task.query, top) for task, index in _with_indexes(tasks)]


class _Index:
    """Sentences by their words; those with the same words are looked at together."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._size = 0
        groups: dict[frozenset[str], list[int]] = {}
        for number, text in enumerate(texts):
            groups.setdefault(frozenset(_stems(text)), []).append(number)
            self._size += 1
        self._stems = list(groups)
        self._numbers = list(groups.values())
        self._frequency: Counter[str] = Counter()
        self._groups: dict[str, dict[int, None]] = {}  # ordered, and quick to intersect
        for group, (stems, numbers) in enumerate(groups.items()):
            for stem in stems:
                self._frequency[stem] += len(numbers)
                self._groups.setdefault(stem, {})[group] = None
        self._found: dict[tuple[int, frozenset[str]], list[tuple[int, float]]] = {}

    def shares(self, query: str) -> Iterator[tuple[int, float]]:
        """The score of each sentence that has one of the query's words."""
        weights, total = self._weights(_stems(query))
        for group in {group for stem in weights for group in self._groups.get(stem, ())}:
            share = self._weight(group, weights) / total
            yield from ((number, share) for number in self._numbers[group])

    def best(self, query: str, top: int) -> list[tuple[int, float]]:
        """The best sentences and their scores, see `OverlapScorer.best`."""
        asked = top, frozenset(_stems(query))
        if asked not in self._found:
            self._found[asked] = self._best(*asked)
        return self._found[asked]

    def _best(self, top: int, stems: frozenset[str]) -> list[tuple[int, float]]:
        weights, total = self._weights(stems)
        rest = total
        found: dict[int, float] = {}  # what the words so far count in each group
        complete = False
        for stem in sorted(weights, key=lambda stem: (-weights[stem], stem)):
            if not complete and rest < total - rest:
                # A sentence with none of the words so far may come to be neither among the best nor
                # half as good.
                leading = heapq.nlargest(top, chain(found.values(), repeat(0.0, top)))
                complete = rest < (1 - 1e-9) * max(leading[0] / 2, leading[-1])
            weight = weights[stem]
            groups = self._groups.get(stem, {})
            for group in found.keys() & groups.keys():
                found[group] += weight
            if not complete:
                for group in islice(groups, _COMPARED - len(found)):
                    found.setdefault(group, weight)
            rest -= weight
        # Added in one order, equal sums are equal to the last digit.
        least = (1 - 1e-9) * min(heapq.nlargest(top, found.values()), default=0.0)
        exact = (
            (number, self._weight(group, weights) / total)
            for group, weight in found.items()
            if weight >= least
            for number in self._numbers[group][:top]
        )
        return heapq.nsmallest(top, exact, key=lambda item: (-item[1], item[0]))

    def _weights(self, stems: Iterable[str]) -> tuple[dict[str, float], float]:
        """What each of a query's words counts, as in BM25, and their sum."""
        # A fixed order makes sums the same in every process: a set's order changes.
        frequency = {stem: self._frequency[stem] for stem in sorted(stems)}
        weights = {
            stem: math.log(1 + (self._size - n + 0.5) / (n + 0.5)) for stem, n in frequency.items()
        }
        return weights, sum(weights.values())

    def _weight(self, group: int, weights: Mapping[str, float]) -> float:
        stems = self._stems[group]
        return sum(weight for stem, weight in weights.items() if stem in stems)


def _with_indexes(tasks: Iterable[ScoringTask]) -> Iterator[tuple[ScoringTask, _Index]]:
    """The tasks with an index of their sentences, one for the neighbours that share them."""
    shared: ScoringTask | None = None
    for task in tasks:
        if shared is None or not (
            task.sentences is shared.sentences and task.documents is shared.documents
        ):
            shared, index = task, _Index(sentence_inputs(task, "title"))
        yield task, index


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
    found = iter(_best([task for task in tasks if task.sentences], scorer, top))
    linked = iter([_sources(task, next(found)) if task.sentences else () for task in tasks])
    return [
        tuple(
            SummarySentence(candidate.summary[start:end], start, end, next(linked))
            for start, end in summary_spans
        )
        for candidate, summary_spans in zip(candidates, spans, strict=True)
    ]


def _best(
    tasks: Sequence[ScoringTask], scorer: SentenceScorer, top: int
) -> list[list[tuple[int, float]]]:
    """The positions and scores of each task's best sentences, best first."""
    if isinstance(scorer, OverlapScorer) and top > 0:
        return scorer.best(tasks, top)
    return [
        heapq.nsmallest(top, enumerate(scores), key=lambda item: (-item[1], item[0]))
        for scores in scorer.score(tasks)
    ]


def _sources(task: ScoringTask, best: Sequence[tuple[int, float]]) -> tuple[ScoredSentence, ...]:
    return tuple(
        with_score(task.sentences[number], float(score))
        for number, score in best
        if score > 0 and score >= best[0][1] / 2
    )
