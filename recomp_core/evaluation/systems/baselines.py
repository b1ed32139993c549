"""What a compressor is measured beside: nothing, everything, the obvious, the lucky and the oracle.

They run as any other system does, with the same splitter as the compressors.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...data import Question, content_hash
from ...extractive.compressor import ExtractiveCompressor
from ...extractive.scoring import BM25Scorer
from ...extractive.selection import TopK
from ...persistence.compressors import load_compressor
from ...text.answers import contains_answer
from ...text.joining import Layout
from ...text.splitting import SentenceSplitter
from ...types import Outcome
from ..measures import Span, usable_answers
from .base import TOP_K_CURVE, Attempt, ExtractiveSystem, System, UndefinedError, visible

DEFAULT = ("none", "all", "first-document", "first-k", "random", "bm25", "oracle")
"""The baselines that need no model."""


def baseline(name: str, *, seed: int = 0) -> System:
    """The baseline of that name.

    none: prepend nothing. all: all documents as they are. first-document: the first that is not
    blank. first-k, random, bm25: the first sentences, sentences drawn with `seed`, the best by
    BM25, all at `TopK` from 1 to 50. untrained: the embedded encoder before RECOMP's training.
    oracle: the shortest sentence that holds a gold answer, nothing if none does.

    Raises `ValueError` for another name, `ImportError` if a library is missing.
    """
    if name not in _BASELINES:
        raise ValueError(f"no baseline {name!r}: choose among {', '.join(_BASELINES)}")
    return _BASELINES[name](seed)


class Whole:
    """The documents of each question from `first` to `last`, as they are."""

    settings: tuple[str, ...] = ("",)

    def __init__(self, name: str, choose: Callable[[Sequence[int]], Sequence[int]]) -> None:
        self.identity: Mapping[str, Any] = {"baseline": name}
        self._choose = choose

    def attempts(self, question: Question) -> list[Attempt]:
        """One attempt; the seconds are next to none."""
        began = time.perf_counter()
        layout = Layout()
        documents = question.documents
        present = [n for n, document in enumerate(documents) if layout.join([document.text])]
        chosen = self._choose(present)
        text = layout.join(documents[n].text for n in chosen)
        kept: tuple[Span, ...] = tuple((n, 0, len(documents[n].text)) for n in chosen)
        return [Attempt("", text, kept, time.perf_counter() - began, _outcome(present, chosen))]


class Oracle:
    """The shortest sentence that holds a gold answer: what choosing sentences could reach at best
    with one of them. Nothing where no sentence holds one.
    """

    settings: tuple[str, ...] = ("",)
    identity: Mapping[str, Any] = {"baseline": "oracle"}

    def __init__(self) -> None:
        self._splitter = SentenceSplitter()

    def attempts(self, question: Question) -> list[Attempt]:
        """One attempt. Raises `UndefinedError` for a question without gold answers."""
        answers = usable_answers(question.answers)
        if not answers:
            raise UndefinedError("the oracle needs gold answers")
        began = time.perf_counter()
        found: list[tuple[int, Span]] = []
        for doc_index, document in enumerate(visible(question)):
            for start, end in self._splitter.split(document.text):
                if contains_answer(document.text[start:end], answers):
                    found.append((end - start, (doc_index, start, end)))
        seconds = time.perf_counter() - began
        if not found:
            return [Attempt("", "", (), seconds, Outcome.NOTHING_RELEVANT.value)]
        _, (doc_index, start, end) = min(found)
        text = question.documents[doc_index].text[start:end]
        return [Attempt("", text, ((doc_index, start, end),), seconds, Outcome.COMPRESSED.value)]


def _first_k(_: int) -> System:
    return _sentences("first-k", lambda _, sentences: [-n for n in range(len(sentences))])


def _random(seed: int) -> System:
    def drawn(query: str, sentences: Sequence[str]) -> list[float]:
        # By the question, so that neither the order of questions nor a resumed run matters.
        rng = random.Random(content_hash(seed, query))  # noqa: S311 - nothing secret
        return [rng.random() for _ in sentences]

    return _sentences("random", drawn, seed=seed)


def _bm25(_: int) -> System:
    return _sentences("bm25", BM25Scorer())


def _untrained(_: int) -> System:
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


_BASELINES: Mapping[str, Callable[[int], System]] = {
    "none": lambda _: Whole("none", lambda _: ()),
    "all": lambda _: Whole("all", lambda present: present),
    "first-document": lambda _: Whole("first-document", lambda present: present[:1]),
    "first-k": _first_k,
    "random": _random,
    "bm25": _bm25,
    "untrained": _untrained,
    "oracle": lambda _: Oracle(),
}
NAMES = tuple(_BASELINES)
