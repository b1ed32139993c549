"""Scorers give each sentence its relevance; `context` says what a sentence is read with.

A scorer is any object with `score(tasks)`, see `protocols.SentenceScorer`. This module needs only
NumPy; the models come from outside.
"""

from __future__ import annotations

import logging
import math
import os
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import TYPE_CHECKING, Protocol, cast, get_args, runtime_checkable

import numpy as np

from .._utils.checks import check_choice, check_whole, require
from .._utils.chunking import chunks
from ..models.encoders.inputs import Inputs, Passage, encode_passages, passage_chunks
from ..protocols import Encoder, SentenceScorer, SpanEncoder
from ..runtime.forking import torch_works_here
from ..text.units import Span
from ..text.words import words
from ..types import (
    Context,
    Document,
    ScoringTask,
    Sentence,
    SimilarityFunction,
)
from .pairs import PairWindow
from .queries import QueryParts, query_parts

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from ..store import SentenceStore

logger = logging.getLogger(__name__)

# How many pairs are held at one time: this bounds the memory of a call, not its speed.
_PAIRS_AT_ONCE = 4_096


class Scores(list[list[float]]):
    """The scores of several tasks, with what the model did not read of them.

    Args:
        scores: For each task one score per sentence.
        notes: For each task what was not read, a few words for each cut.

    Attributes:
        notes: See above.
    """

    def __init__(self, scores: Iterable[list[float]], notes: Sequence[Sequence[str]]) -> None:
        super().__init__(scores)
        self.notes = [tuple(its) for its in notes]
        if told := list(dict.fromkeys(note for its in self.notes for note in its)):
            more = f" (and {len(told) - 3} more like that)" if len(told) > 3 else ""
            logger.warning("longer than the model's window: %s%s", "; ".join(told[:3]), more)


class PairModel(Protocol):
    """A cross-encoder as `CrossEncoderScorer` calls it, such as sentence-transformers' own."""

    def predict(
        self, pairs: list[list[str]], /, *, batch_size: int, show_progress_bar: bool
    ) -> ArrayLike:
        """Score pairs of texts.

        Args:
            pairs: Lists of a query and a sentence.
            batch_size: How many pairs to compute at one time.
            show_progress_bar: Whether to draw progress on the terminal; always False here.

        Returns:
            One number per pair, (n_pairs,).
        """


@runtime_checkable
class _SentenceTransformer(Protocol):
    """What `as_scorer` recognises as a sentence-transformers model."""

    @property
    def similarity_fn_name(self) -> str: ...

    def encode_query(self, sentences: list[str], /) -> object: ...

    def encode_document(self, sentences: list[str], /) -> object: ...


ScoringFunction = Callable[[str, list[str]], Iterable[float]]
"""A function `(query, sentences) -> scores`, one score per sentence."""

Scorable = SentenceScorer | Encoder | _SentenceTransformer | PairModel | ScoringFunction
"""What `as_scorer` accepts."""


@dataclass
class _Places:
    """The sentences that a chunk of vectors stands for, one entry per sentence.

    Attributes:
        rows: The row of the sentence's vector in the chunk.
        tasks: The number of the task.
        sentences: The position among the task's sentences.
    """

    rows: list[int] = field(default_factory=list)
    tasks: list[int] = field(default_factory=list)
    sentences: list[int] = field(default_factory=list)


_Wanted = dict[Passage, list[tuple[int, list[int]]]]
"""Passages to the tasks that have them, each with the positions of their sentences there."""


class DualEncoderScorer:
    """Encodes query and sentences with one encoder and compares the vectors.

    This is the extractive compressor of the paper (section 3.1). Equal sentences get equal scores,
    in the contexts "sentence" and "title". A score does not depend on what else is in the call,
    apart from the rounding of the encoder's batches (below 1e-5; with a store, the rounding of its
    `dtype`).

    In every context a sentence is read with its path, the headings and the like that it stands
    under (`Sentence.path`), on a line before it.

    Nothing is cut in silence if the encoder says how long its window is (`protocols.Windowed`):
    those of this package do. A longer query is read as several parts: overlapping windows over it,
    each question in it, and its last sentence; a sentence's score is the best over the parts. A
    longer sentence is read through windows, see `models.encoders.span_pooling`. Of a title, or a
    path, that takes more than a quarter of the window, only the beginning is read. What is not read
    is logged, and told in `Scores.notes`.

    Args:
        encoder: Turns texts into vectors.
        context: What a sentence is encoded with. "sentence": alone, as in the paper. "title": after
            its document's title. "document": the whole document, title first, is encoded once, and
            a sentence's vector is the mean over its own tokens; this needs a
            `protocols.SpanEncoder`. A sentence with a path is encoded alone, after title and path,
            and the mean over the path's tokens is added to its own.
        similarity_fn_name: "cosine", or "dot" for the plain inner product. The published RECOMP
            encoders were trained with "dot", unnormalised.
        store: A `store.SentenceStore` or its folder. Sentences whose vectors it holds are not
            encoded; the vectors of the others are added to it. Scores then have the precision of
            its `dtype`. The encoder's weights must not change any more.

    Raises:
        ValueError: A setting has no such choice, or the encoder gives no token vectors although
            `context="document"` needs them.
    """

    def __init__(
        self,
        encoder: Encoder,
        *,
        context: Context = "sentence",
        similarity_fn_name: SimilarityFunction = "cosine",
        store: SentenceStore | str | os.PathLike[str] | None = None,
    ) -> None:
        check_choice("context", context, get_args(Context))
        check_choice("similarity_fn_name", similarity_fn_name, get_args(SimilarityFunction))
        if context == "document" and not isinstance(encoder, SpanEncoder):
            raise ValueError(
                'context="document" needs an encoder that shows its token vectors, and '
                f'{type(encoder).__name__} gives one vector per text: use "title" or "sentence"'
            )
        self.encoder = encoder
        self.context: Context = context
        self.similarity_fn_name: SimilarityFunction = similarity_fn_name
        self.store = None
        if store is not None:
            from ..store import as_store
            from ..store.passages import PassageEncoder

            self.store = as_store(store)
            self.passages = PassageEncoder(encoder, context, self.store, self._comparable)

    def __repr__(self) -> str:
        store = "" if self.store is None else f", store={self.store!r}"
        return (
            f"DualEncoderScorer({self.encoder!r}, context={self.context!r}, "
            f"similarity_fn_name={self.similarity_fn_name!r}{store})"
        )

    def score(self, tasks: Sequence[ScoringTask]) -> Scores:
        """Score the sentences of each task.

        Args:
            tasks: Queries with their documents and sentences.

        Returns:
            One list per task with one score per sentence: the cosine, -1…1, or the inner product.
        """
        if not tasks:
            return Scores([], [])
        parts = {query: query_parts(query, self.encoder) for query in {t.query: 0 for t in tasks}}
        texts = {text: 0 for its in parts.values() for text in its.texts}
        rows = {text: row for row, text in enumerate(texts)}
        query_vectors = self._comparable(self.encoder.encode_queries(list(rows)))
        asked = [[rows[text] for text in parts[task.query].texts] for task in tasks]

        inputs = Inputs(self.context, self.encoder)
        wanted: _Wanted = {}
        for number, task in enumerate(tasks):
            for passage, positions in _passages(inputs, task):
                wanted.setdefault(passage, []).append((number, positions))

        ends = np.cumsum([len(task.sentences) for task in tasks])
        starts = np.concatenate([[0], ends[:-1]])
        scores = np.zeros(ends[-1], dtype=np.float32)
        n_chunks = 0
        for some, vectors in self._vectors(wanted, query_vectors.shape[1]):
            n_chunks += 1
            places = _places_of([wanted[passage] for passage in some])
            scores[starts[places.tasks] + places.sentences] = _best_similarities(
                vectors, query_vectors, places, asked
            )
        if self.context != "document" and (n_chunks > 1 or self.store is not None):
            scores = scores[_first_equal(wanted, starts, len(scores))]
        notes = [
            [*_query_notes(parts[t.query]), *inputs.cuts(t.documents, t.sentences)] for t in tasks
        ]
        return Scores([part.tolist() for part in np.split(scores, ends[:-1])], notes)

    def _vectors(self, wanted: _Wanted, dim: int) -> Iterator[tuple[list[Passage], np.ndarray]]:
        """Some passages at a time, with the comparable vectors of all their sentences, (n, dim)."""
        if self.store is not None:
            yield from self.passages.vectors(wanted, dim)
            return
        for some in passage_chunks(wanted):
            vectors = encode_passages(self.encoder, self.context, some)
            yield some, self._comparable(np.concatenate(vectors))

    def _comparable(self, vectors: np.ndarray) -> np.ndarray:
        vectors = np.asarray(vectors, dtype=np.float32)
        if self.similarity_fn_name == "dot":
            return vectors
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors / np.where(lengths > 0, lengths, 1)


def _passages(inputs: Inputs, task: ScoringTask) -> Iterator[tuple[Passage, list[int]]]:
    """What is read for a task's sentences, each with their positions."""
    if not task.parts:
        yield from inputs.passages(task.documents, task.sentences)
        return
    # What stands under a path is read with it, and not with the text around it.
    in_part = [s.doc_index in task.parts and not s.path for s in task.sentences]
    documents, sentences = _cut_out(task, in_part)
    places: list[int] = [n for n, cut in enumerate(in_part) if cut]
    others = [n for n, cut in enumerate(in_part) if not cut]
    for passage, its in inputs.passages(task.documents, [task.sentences[n] for n in others]):
        yield passage, [others[n] for n in its]
    for passage, its in inputs.passages(documents, sentences):
        yield passage, [places[n] for n in its]


def _cut_out(task: ScoringTask, wanted: Sequence[bool]) -> tuple[list[Document], list[Sentence]]:
    """The parts of a task's documents as documents of their own, and the wanted sentences there."""
    documents: list[Document] = []
    starts: list[int] = []
    firsts: dict[int, int] = {}  # the place of each document's first part
    for doc_index, spans in task.parts.items():
        firsts[doc_index] = len(documents)
        given = task.documents[doc_index]
        documents += (Document(given.text[start:end], given.title) for start, end in spans)
        starts += (start for start, _ in spans)
    sentences = []
    for sentence in compress(task.sentences, wanted):
        spans = task.parts[sentence.doc_index]
        place = firsts[sentence.doc_index] + bisect_right(spans, sentence.start, key=_start) - 1
        start, end = sentence.start - starts[place], sentence.end - starts[place]
        sentences.append(Sentence(sentence.text, place, start, end, markup=sentence.markup))
    return documents, sentences


def _start(span: Span) -> int:
    return span[0]


def _places_of(wanted: Sequence[Sequence[tuple[int, list[int]]]]) -> _Places:
    """Return the places of passages' vectors, which follow one another in a chunk.

    Args:
        wanted: For each passage the tasks that have it, with the positions of its sentences there.
    """
    places = _Places()
    first = 0
    for passage in wanted:
        for number, positions in passage:
            places.rows.extend(range(first, first + len(positions)))
            places.tasks.extend([number] * len(positions))
            places.sentences.extend(positions)
        first += len(passage[0][1])
    return places


def _best_similarities(
    vectors: np.ndarray, query_vectors: np.ndarray, places: _Places, asked: Sequence[list[int]]
) -> np.ndarray:
    """Each sentence's inner product with its query, the best over the query's parts.

    Args:
        vectors: The sentences' vectors, (n, dim).
        query_vectors: The vectors of all queries' parts, (n_parts, dim).
        places: Which sentences they are.
        asked: For each task the rows of its query's parts.
    """
    if len(query_vectors) == 1:
        alone: np.ndarray = np.einsum("ij,j->i", vectors, query_vectors[0])[places.rows]
        return alone
    numbers = np.array(places.tasks)
    chosen = vectors[places.rows]
    counts = np.array([len(rows) for rows in asked])[numbers]
    first = np.array([rows[0] for rows in asked])
    best: np.ndarray = np.einsum("ij,ij->i", chosen, query_vectors[first[numbers]])
    for part in range(1, int(counts.max(initial=1))):
        has = np.flatnonzero(counts > part)
        row = np.array([rows[min(part, len(rows) - 1)] for rows in asked])
        found = np.einsum("ij,ij->i", chosen[has], query_vectors[row[numbers[has]]])
        best[has] = np.maximum(best[has], found)
    return best


def _first_equal(wanted: _Wanted, starts: np.ndarray, count: int) -> np.ndarray:
    """Return for every sentence one place for all of its task that are the same string.

    Vectors that were made in different batches, or kept by a store at different times, may differ
    by rounding.
    """
    places = np.arange(count)
    first: dict[tuple[int, str], int] = {}
    for passage, tasks in wanted.items():
        strings = passage.strings()
        for number, positions in tasks:
            for text, position in zip(strings, positions, strict=True):
                place = int(starts[number]) + position
                places[place] = first.setdefault((number, text), place)
    return places


def _query_notes(parts: QueryParts) -> list[str]:
    return [] if parts.complete else ["the middle of the query was not read"]


class CrossEncoderScorer:
    """Reads query and sentence together: better and more expensive than a dual encoder.

    A sentence is read with its path, and nothing is cut in silence, as by `DualEncoderScorer`, if
    the model has a tokenizer and a `max_seq_length`: a pair that is longer is read as pairs of
    parts of the query and windows of the sentence, and the best of them counts.

    Args:
        model: A sentence-transformers `CrossEncoder` with one output, or another `PairModel`.
        context: "sentence" or "title", as for `DualEncoderScorer`.
        batch_size: Pairs per forward pass.

    Raises:
        ValueError: A setting has no such value, or the model has several outputs.
    """

    def __init__(
        self, model: PairModel, *, context: Context = "sentence", batch_size: int = 32
    ) -> None:
        check_choice("context", context, ("sentence", "title"))
        outputs = getattr(model, "num_labels", 1)
        if outputs != 1:
            raise ValueError(
                f"a cross-encoder with {outputs} outputs gives no single relevance: "
                "use one with one output"
            )
        self.model = model
        self.context: Context = context
        self.batch_size = check_whole("batch_size", batch_size)
        self._window = PairWindow.of(model)
        torch_works_here()

    def score(self, tasks: Sequence[ScoringTask]) -> Scores:
        """Score the sentences of each task; each distinct pair is computed once.

        Args:
            tasks: Queries with their documents and sentences.

        Returns:
            One list per task with the model's own output for each sentence.
        """
        inputs = Inputs(self.context, self._window)
        wanted = [self._pairs(task, inputs) for task in tasks]
        torch_works_here()
        scores: dict[tuple[str, str], float] = {}
        distinct = dict.fromkeys(pair for its in wanted for pairs in its for pair in pairs)
        for chunk in chunks(distinct, _PAIRS_AT_ONCE):
            predicted = self.model.predict(
                [list(pair) for pair in chunk], batch_size=self.batch_size, show_progress_bar=False
            )
            scores.update(zip(chunk, np.asarray(predicted, dtype=float).tolist(), strict=True))
        return Scores(
            [[max(scores[pair] for pair in pairs) for pairs in its] for its in wanted],
            [self._notes(task, inputs) for task in tasks],
        )

    def _pairs(self, task: ScoringTask, inputs: Inputs) -> list[list[tuple[str, str]]]:
        """For each sentence what the model reads: one pair, or several if that is too long."""
        heads = inputs.heads(task.documents, task.sentences)
        texts = [sentence.visible for sentence in task.sentences]
        if self._window is None:
            return [[(task.query, head + text)] for head, text in zip(heads, texts, strict=True)]
        return [
            self._window.pairs(task.query, head, text)
            for head, text in zip(heads, texts, strict=True)
        ]

    def _notes(self, task: ScoringTask, inputs: Inputs) -> list[str]:
        cuts = inputs.cuts(task.documents, task.sentences)
        if self._window is None:
            return cuts
        return [*_query_notes(self._window.parts(task.query)), *cuts]


class BM25Scorer:
    """Counts words in common, weighted by their rarity among the sentences; needs no model.

    Chinese, Japanese and Thai are written without spaces: single characters and pairs of them are
    compared.

    Args:
        context: "sentence" or "title", as for `DualEncoderScorer`.
        k1: How slowly repetitions of a word stop to count.
        b: How much long sentences are held back, 0…1.

    Raises:
        ImportError: `bm25s` is not installed.
        ValueError: `context` has no such choice.
    """

    def __init__(self, *, context: Context = "sentence", k1: float = 1.5, b: float = 0.75) -> None:
        check_choice("context", context, ("sentence", "title"))
        require("bm25s", "bm25", "BM25Scorer")
        self.context: Context = context
        self.k1 = k1
        self.b = b

    def score(self, tasks: Sequence[ScoringTask]) -> list[list[float]]:
        """Score the sentences of each task among themselves.

        Args:
            tasks: Queries with their documents and sentences.

        Returns:
            One list per task with the BM25 score of each sentence; 0 for no word in common.
        """
        return [self._score_task(task) for task in tasks]

    def _score_task(self, task: ScoringTask) -> list[float]:
        import bm25s

        corpus = [words(text) for text in sentence_inputs(task, self.context)]
        query = words(task.query)
        if not any(set(sentence) & set(query) for sentence in corpus):
            return [0.0] * len(corpus)
        index = bm25s.BM25(k1=self.k1, b=self.b)
        index.index(corpus, show_progress=False)
        scores: list[float] = np.asarray(index.get_scores(query), dtype=float).tolist()
        return scores


class FunctionScorer:
    """Makes a scorer of a plain function.

    Args:
        function: Takes a query and a list of sentences and returns one score per sentence. A
            sentence that stands under something (`Sentence.path`) comes after a line with it.
    """

    def __init__(self, function: ScoringFunction) -> None:
        self.function = function

    def score(self, tasks: Sequence[ScoringTask]) -> list[list[float]]:
        """Call the function once per task.

        Args:
            tasks: Queries with their documents and sentences.

        Returns:
            The function's scores, one list per task.
        """
        return [
            [float(score) for score in self.function(task.query, sentence_inputs(task, "sentence"))]
            for task in tasks
        ]


def as_scorer(scorer: Scorable) -> SentenceScorer:
    """Make a scorer of anything that can score sentences.

    Args:
        scorer: A scorer, an `Encoder`, a sentence-transformers model or cross-encoder, or a
            function `(query, sentences) -> scores`.

    Returns:
        The scorer itself, or one around it.

    Raises:
        TypeError: The argument is none of these.
    """
    if isinstance(scorer, type):
        raise TypeError(f"got the class {scorer.__name__}, not a scorer: make an instance of it")
    if isinstance(scorer, SentenceScorer):
        return scorer
    if isinstance(scorer, Encoder):
        return DualEncoderScorer(scorer)
    if isinstance(scorer, _SentenceTransformer):
        # Imported here: this is the one place of the room that needs torch.
        from ..models.encoders.sentence_transformer import SentenceTransformerEncoder

        encoder = SentenceTransformerEncoder(scorer)
        return DualEncoderScorer(
            encoder,
            context="document" if encoder.can_encode_spans else "title",
            similarity_fn_name=cast(SimilarityFunction, scorer.similarity_fn_name),
        )
    if hasattr(scorer, "predict"):
        return CrossEncoderScorer(scorer)
    if callable(scorer):
        return FunctionScorer(scorer)
    raise TypeError(
        f"{scorer!r} can't score sentences: give an object with score(tasks), a "
        "sentence-transformers model or cross-encoder, or a function (query, sentences) -> scores"
    )


def checked_scores(task: ScoringTask, scores: Sequence[float]) -> list[float]:
    """Check what a scorer answered.

    Args:
        task: What it was asked.
        scores: What it answered, one score per sentence.

    Returns:
        The scores.

    Raises:
        ValueError: There are too few or too many scores, or one is not a finite number.
    """
    if len(scores) != len(task.sentences):
        raise ValueError(
            f"the scorer gave {len(scores)} scores for {len(task.sentences)} sentences"
        )
    found = [float(score) for score in scores]
    for sentence, score in zip(task.sentences, found, strict=True):
        if not math.isfinite(score):
            raise ValueError(f"the scorer gave {score} to the sentence {sentence.text[:80]!r}")
    return found


def sentence_inputs(task: ScoringTask, context: Context) -> list[str]:
    """Return the strings that a model without a window reads for a task's sentences.

    Args:
        task: A query with its documents and sentences.
        context: "title" puts the document's title on a line before each sentence; "sentence" does
            not. The sentence's path follows on a line of its own.

    Returns:
        One string per sentence.
    """
    heads = Inputs(context).heads(task.documents, task.sentences)
    return [head + s.visible for head, s in zip(heads, task.sentences, strict=True)]
