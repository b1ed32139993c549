"""Systems to measure a compressor against: nothing, everything, the obvious ones, the oracle.

They run as any other system does, with the same splitter as the compressors. A baseline of another
package needs no change here: it is a function that its package registers in `pyproject.toml`:

    [project.entry-points."recomp.baselines"]
    last = "my_package.baselines:last"

    def last(seed: int, argument: str) -> System: ...

It takes `seed`, `argument` (what follows a colon: "x" for "last:x", else ""), or neither.
"""

from __future__ import annotations

import inspect
import random
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..._utils.hashing import content_hash
from ..._utils.registry import Registry
from ...data import Question
from ...extractive.compressor import ExtractiveCompressor
from ...extractive.scoring import BM25Scorer
from ...extractive.selection import TopK
from ...extractive.sentences import document_sentences
from ...persistence.compressors import load_compressor
from ...text.answers import contains_answer
from ...text.joining import Layout
from ...text.splitting import SentenceSplitter
from ...types import Outcome
from ..measures import usable_answers
from ..spans import Span
from .base import TOP_K_CURVE, Attempt, ExtractiveSystem, System, UndefinedError, visible

_HERE, _PEERS = "recomp_core.evaluation.systems.baselines", "recomp_core.evaluation.systems.peers"

BASELINES = Registry(
    "baseline",
    "recomp.baselines",
    {
        "none": f"{_HERE}:nothing",
        "all": f"{_HERE}:everything",
        "first-document": f"{_HERE}:first_document",
        "first-k": f"{_HERE}:first_k",
        "random": f"{_HERE}:random_sentences",
        "bm25": f"{_HERE}:bm25",
        "untrained": f"{_HERE}:untrained",
        "oracle": f"{_HERE}:Oracle",
        "llamaindex-optimizer": f"{_PEERS}:llamaindex_optimizer",
        "langchain-filter": f"{_PEERS}:langchain_filter",
        "ragcompress": f"{_PEERS}:ragcompress",
        "trimwise": f"{_PEERS}:trimwise",
        "llmlingua": f"{_PEERS}:llmlingua",
    },
)
"""The names of all baselines: ours, other projects' compressors, those that packages register."""

DEFAULT = ("none", "all", "first-document", "first-k", "random", "bm25", "oracle")
"""The baselines that need no model."""

DEFAULT_PEERS = ("llamaindex-optimizer", "langchain-filter", "ragcompress", "trimwise")
"""Other projects' compressors that work without weights of their own."""


def baseline(name: str, *, seed: int = 0) -> System:
    """Make a baseline.

    Args:
        name: One of `BASELINES`, or "NAME:ARGUMENT" for those that take one.
            none: prepend nothing. all: all documents as they are. first-document: the first one
            that is not blank. first-k: the first sentences. random: sentences drawn with `seed`.
            bm25: the best by BM25. untrained: the embedded encoder before RECOMP's training.
            oracle: the shortest sentence that holds a gold answer, nothing if none does. first-k,
            random and bm25 run at `TopK` from 1 to 50. The others are in `systems.peers`.
        seed: Of "random".

    Returns:
        The system.

    Raises:
        ValueError: There is no baseline of that name, or it takes no argument.
        ImportError: A library is missing.
    """
    kind, _, argument = name.partition(":")
    build: Callable[..., System] = BASELINES.load(kind)
    taken = inspect.signature(build).parameters
    if argument and "argument" not in taken:
        raise ValueError(f"the baseline {kind!r} takes no argument: got {name!r}")
    given = {"argument": argument, "seed": seed}
    return build(**{key: value for key, value in given.items() if key in taken})


class Whole:
    """Some of the documents of each question, as they are.

    Args:
        name: The baseline's name.
        choose: Chooses among the positions of the documents that are not blank.
    """

    settings: tuple[str, ...] = ("",)

    def __init__(self, name: str, choose: Callable[[Sequence[int]], Sequence[int]]) -> None:
        self.identity: Mapping[str, Any] = {"baseline": name}
        self._choose = choose

    def attempts(self, question: Question) -> list[Attempt]:
        """Choose documents; the seconds are close to 0.

        Args:
            question: The question with its documents.

        Returns:
            One attempt.
        """
        began = time.perf_counter()
        layout = Layout()
        documents = question.documents
        present = [n for n, document in enumerate(documents) if layout.join([document.text])]
        chosen = self._choose(present)
        text = layout.join(documents[n].text for n in chosen)
        kept: tuple[Span, ...] = tuple((n, 0, len(documents[n].text)) for n in chosen)
        return [Attempt("", text, kept, time.perf_counter() - began, _outcome(present, chosen))]


class Oracle:
    """The shortest sentence that holds a gold answer; nothing where no sentence holds one.

    It is the best that choosing a single sentence can reach.
    """

    settings: tuple[str, ...] = ("",)
    identity: Mapping[str, Any] = {"baseline": "oracle"}

    def __init__(self) -> None:
        self._splitter = SentenceSplitter()

    def attempts(self, question: Question) -> list[Attempt]:
        """Find the sentence.

        Args:
            question: The question with its documents and gold answers.

        Returns:
            One attempt.

        Raises:
            UndefinedError: The question has no gold answers.
        """
        answers = usable_answers(question.answers)
        if not answers:
            raise UndefinedError("the oracle needs gold answers")
        began = time.perf_counter()
        found: list[tuple[int, Span]] = [
            (len(sentence.text), (sentence.doc_index, sentence.start, sentence.end))
            for sentence in document_sentences(visible(question), self._splitter, structural=False)
            if contains_answer(sentence.text, answers)
        ]
        seconds = time.perf_counter() - began
        if not found:
            return [Attempt("", "", (), seconds, Outcome.NOTHING_RELEVANT.value)]
        _, (doc_index, start, end) = min(found)
        text = question.documents[doc_index].text[start:end]
        return [Attempt("", text, ((doc_index, start, end),), seconds, Outcome.COMPRESSED.value)]


def nothing() -> System:
    """Make the baseline "none": prepend nothing."""
    return Whole("none", lambda _: ())


def everything() -> System:
    """Make the baseline "all": all documents as they are."""
    return Whole("all", lambda present: present)


def first_document() -> System:
    """Make the baseline "first-document": the first document that is not blank."""
    return Whole("first-document", lambda present: present[:1])


def first_k() -> System:
    """Make the baseline "first-k": the first sentences."""
    return _sentences("first-k", lambda _, sentences: [-n for n in range(len(sentences))])


def random_sentences(seed: int = 0) -> System:
    """Make the baseline "random".

    Args:
        seed: Draws the scores of the sentences, together with the query.

    Returns:
        The system.
    """

    def draw(query: str, sentences: Sequence[str]) -> list[float]:
        # By the question, so that neither the order of questions nor a resumed run matters.
        rng = random.Random(content_hash(seed, query))  # noqa: S311 - nothing secret
        return [rng.random() for _ in sentences]

    return _sentences("random", draw, seed=seed)


def bm25() -> System:
    """Make the baseline "bm25": the best sentences by BM25."""
    return _sentences("bm25", BM25Scorer())


def untrained() -> System:
    """Make the baseline "untrained": the embedded encoder before RECOMP's training."""
    return ExtractiveSystem(load_compressor("minilm"))


def _sentences(name: str, scorer: Any, **settings: Any) -> System:
    first, *others = map(TopK, TOP_K_CURVE)
    system = ExtractiveSystem(ExtractiveCompressor(scorer, selector=first), others)
    system.identity = {"baseline": name, **settings}
    return system


def _outcome(present: Sequence[int], chosen: Sequence[int]) -> str:
    if not present:
        return Outcome.NOTHING_GIVEN.value
    if not chosen:
        return Outcome.NOTHING_RELEVANT.value
    whole = len(chosen) == len(present)
    return (Outcome.UNCHANGED if whole else Outcome.COMPRESSED).value
