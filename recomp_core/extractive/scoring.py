"""Scorers give each sentence its relevance; `context` says what a sentence is read with.

A scorer is any object with `score(tasks)`, see `protocols.SentenceScorer`. This module needs only
NumPy; the models come from outside.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast, get_args, runtime_checkable

import numpy as np

from .._utils.checks import check_choice, check_whole, require
from .._utils.chunking import chunks
from ..protocols import Encoder, SentenceScorer, SpanEncoder
from ..runtime.forking import torch_works_here
from ..text.words import words
from ..types import Context, ScoredSentence, ScoringTask, SimilarityFunction

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from ..store import SentenceStore
    from ..store.passages import Passage

# How many strings, or characters of whole documents, are held as vectors at one time: this bounds
# the memory of a call, not its speed.
_SENTENCES_AT_ONCE = 4_096
_CHARACTERS_AT_ONCE = 1_000_000


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


class _Places(NamedTuple):
    """The sentences that a chunk of vectors stands for, one entry per sentence.

    Attributes:
        rows: The row of the sentence's vector in the chunk.
        tasks: The number of the task.
        sentences: The position among the task's sentences.
    """

    rows: list[int]
    tasks: list[int]
    sentences: list[int]


class DualEncoderScorer:
    """Encodes query and sentences with one encoder and compares the vectors.

    This is the extractive compressor of the paper (section 3.1). Equal sentences get equal scores.
    A score does not depend on what else is in the call, apart from the rounding of the encoder's
    batches (below 1e-5; with a store, the rounding of its `dtype`).

    Args:
        encoder: Turns texts into vectors.
        context: What a sentence is encoded with. "sentence": alone, as in the paper. "title": after
            its document's title. "document": the whole document, title first, is encoded once, and
            a sentence's vector is the mean over its own tokens; this needs a
            `protocols.SpanEncoder`.
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

    def score(self, tasks: Sequence[ScoringTask]) -> list[list[float]]:
        """Score the sentences of each task.

        Args:
            tasks: Queries with their documents and sentences.

        Returns:
            One list per task with one score per sentence: the cosine, -1…1, or the inner product.
        """
        queries = {query: row for row, query in enumerate(dict.fromkeys(t.query for t in tasks))}
        if not queries:
            return []
        query_vectors = self._comparable(self.encoder.encode_queries(list(queries)))
        query_rows = np.array([queries[task.query] for task in tasks])
        ends = np.cumsum([len(task.sentences) for task in tasks])
        starts = np.concatenate([[0], ends[:-1]])
        scores = np.zeros(ends[-1], dtype=np.float32)
        for vectors, places in self._vectors(tasks, query_vectors.shape[1]):
            numbers = np.array(places.tasks)
            if len(query_vectors) == 1:
                similarities = np.einsum("ij,j->i", vectors, query_vectors[0])[places.rows]
            else:
                similarities = np.einsum(
                    "ij,ij->i", vectors[places.rows], query_vectors[query_rows[numbers]]
                )
            scores[starts[numbers] + places.sentences] = similarities
        if self.store is not None and self.context != "document":
            scores = scores[_first_equal(tasks, self.context, starts)]
        return [part.tolist() for part in np.split(scores, ends[:-1])]

    # Each way yields comparable vectors, (n, dim), chunk by chunk, with their places.

    def _vectors(
        self, tasks: Sequence[ScoringTask], dim: int
    ) -> Iterator[tuple[np.ndarray, _Places]]:
        if self.store is not None:
            return self._vectors_from_store(tasks, dim)
        if self.context == "document":
            return self._vectors_in_documents(tasks)
        return self._vectors_of_strings(tasks)

    def _vectors_of_strings(
        self, tasks: Sequence[ScoringTask]
    ) -> Iterator[tuple[np.ndarray, _Places]]:
        wanted: dict[str, list[tuple[int, int]]] = {}
        for number, task in enumerate(tasks):
            for position, text in enumerate(sentence_inputs(task, self.context)):
                wanted.setdefault(text, []).append((number, position))
        for chunk in chunks(wanted, _SENTENCES_AT_ONCE):
            places = _Places([], [], [])
            for row, text in enumerate(chunk):
                for number, position in wanted[text]:
                    places.rows.append(row)
                    places.tasks.append(number)
                    places.sentences.append(position)
            yield self._comparable(self.encoder.encode_sentences(chunk)), places

    def _vectors_in_documents(
        self, tasks: Sequence[ScoringTask]
    ) -> Iterator[tuple[np.ndarray, _Places]]:
        encoder = cast(SpanEncoder, self.encoder)  # the constructor checked it
        # (text, spans) -> the tasks that have it, with the positions of the spans' sentences there
        wanted: dict[tuple[str, tuple[tuple[int, int], ...]], list[tuple[int, list[int]]]] = {}
        for number, task, doc_index, positions in _by_document(tasks):
            document = task.documents[doc_index]
            head = f"{document.title}\n" if document.title else ""
            spans = tuple(
                (len(head) + task.sentences[i].start, len(head) + task.sentences[i].end)
                for i in positions
            )
            wanted.setdefault((head + document.text, spans), []).append((number, positions))
        for chunk in chunks(wanted, _CHARACTERS_AT_ONCE, size=lambda key: len(key[0])):
            encoded = encoder.encode_spans([text for text, _ in chunk], [s for _, s in chunk])
            yield (
                self._comparable(np.concatenate(encoded)),
                _places_of([wanted[key] for key in chunk]),
            )

    def _vectors_from_store(
        self, tasks: Sequence[ScoringTask], dim: int
    ) -> Iterator[tuple[np.ndarray, _Places]]:
        wanted: dict[Passage, list[tuple[int, list[int]]]] = {}
        for number, task, doc_index, positions in _by_document(tasks):
            members = [task.sentences[i] for i in positions]
            spans = tuple([(sentence.start, sentence.end) for sentence in members])
            passage = self.passages.passage(task.documents[doc_index], spans)
            wanted.setdefault(passage, []).append((number, positions))
        for chunk, vectors in self.passages.vectors(wanted, dim):
            yield vectors, _places_of([wanted[passage] for passage in chunk])

    def _comparable(self, vectors: np.ndarray) -> np.ndarray:
        vectors = np.asarray(vectors, dtype=np.float32)
        if self.similarity_fn_name == "dot":
            return vectors
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors / np.where(lengths > 0, lengths, 1)


def _by_document(
    tasks: Sequence[ScoringTask],
) -> Iterator[tuple[int, ScoringTask, int, list[int]]]:
    """Yield (number of the task, task, doc_index, positions of that document's sentences)."""
    for number, task in enumerate(tasks):
        members: dict[int, list[int]] = {}
        for position, sentence in enumerate(task.sentences):
            members.setdefault(sentence.doc_index, []).append(position)
        for doc_index, positions in members.items():
            yield number, task, doc_index, positions


def _places_of(wanted: Sequence[Sequence[tuple[int, list[int]]]]) -> _Places:
    """Return the places of whole documents' vectors, which follow one another in a chunk.

    Args:
        wanted: For each document the tasks that have it, with the positions of its sentences there.
    """
    places = _Places([], [], [])
    first = 0
    for document in wanted:
        for number, positions in document:
            places.rows.extend(range(first, first + len(positions)))
            places.tasks.extend([number] * len(positions))
            places.sentences.extend(positions)
        first += len(document[0][1])
    return places


def _first_equal(tasks: Sequence[ScoringTask], context: Context, starts: np.ndarray) -> list[int]:
    """Return for every sentence the first of its task that a model reads as the same string.

    Vectors that a store kept at different times may differ by its rounding.
    """
    places: list[int] = []
    for task, start in zip(tasks, starts.tolist(), strict=True):
        first: dict[str, int] = {}
        for place, text in enumerate(sentence_inputs(task, context), start):
            places.append(first.setdefault(text, place))
    return places


class CrossEncoderScorer:
    """Reads query and sentence together: better and more expensive than a dual encoder.

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
        torch_works_here()

    def score(self, tasks: Sequence[ScoringTask]) -> list[list[float]]:
        """Score the sentences of each task; each distinct pair is computed once.

        Args:
            tasks: Queries with their documents and sentences.

        Returns:
            One list per task with the model's own output for each sentence.
        """
        wanted = [
            [(task.query, text) for text in sentence_inputs(task, self.context)] for task in tasks
        ]
        torch_works_here()
        scores: dict[tuple[str, str], float] = {}
        distinct = dict.fromkeys(pair for pairs in wanted for pair in pairs)
        for chunk in chunks(distinct, _SENTENCES_AT_ONCE):
            predicted = self.model.predict(
                [list(pair) for pair in chunk], batch_size=self.batch_size, show_progress_bar=False
            )
            scores.update(zip(chunk, np.asarray(predicted, dtype=float).tolist(), strict=True))
        return [[scores[pair] for pair in pairs] for pairs in wanted]


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
        function: Takes a query and a list of sentences and returns one score per sentence.
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
            [float(score) for score in self.function(task.query, [s.text for s in task.sentences])]
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


def scored_sentences(task: ScoringTask, scores: Sequence[float]) -> list[ScoredSentence]:
    """Return a task's sentences with their scores.

    Args:
        task: What the scorer was asked.
        scores: What it answered, one score per sentence.

    Returns:
        The sentences in their order.

    Raises:
        ValueError: There are too few or too many scores, or one is not a finite number.
    """
    if len(scores) != len(task.sentences):
        raise ValueError(
            f"the scorer gave {len(scores)} scores for {len(task.sentences)} sentences"
        )
    result = []
    for sentence, score in zip(task.sentences, scores, strict=True):
        score = float(score)
        if not math.isfinite(score):
            raise ValueError(f"the scorer gave {score} to the sentence {sentence.text[:80]!r}")
        result.append(
            ScoredSentence(sentence.text, sentence.doc_index, sentence.start, sentence.end, score)
        )
    return result


def sentence_inputs(task: ScoringTask, context: Context) -> list[str]:
    """Return the strings that a model reads for a task's sentences.

    Args:
        task: A query with its documents and sentences.
        context: "title" puts the document's title on a line before each sentence; "sentence" does
            not.

    Returns:
        One string per sentence.
    """
    if context == "sentence":
        return [sentence.text for sentence in task.sentences]
    titles = [document.title for document in task.documents]
    return [
        f"{titles[s.doc_index]}\n{s.text}" if titles[s.doc_index] else s.text
        for s in task.sentences
    ]
