"""What is evaluated: any compressor of ours, of LangChain or LlamaIndex, or a plain function.

A system gets one question at a time, and its seconds are those that a user waits for. Objects of a
framework are recognised by their methods; a framework is imported only to make its own documents.
"""

from __future__ import annotations

import copy
import importlib
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol, runtime_checkable

from ..._utils.checks import require
from ...abstractive.llm_summarizer import LLMSummarizer
from ...data import Question
from ...extractive.compressor import ExtractiveCompressor
from ...extractive.prefilter import Prefilter
from ...extractive.scoring import DualEncoderScorer
from ...extractive.selection import (
    All,
    Selector,
    Threshold,
    TokenBudget,
    TopK,
    TopP,
    check_selector,
    select,
)
from ...persistence.compressors import load_compressor
from ...prompts import NOTHING_RELEVANT_WORD, PromptTemplate
from ...readers.fingerprint import weights_fingerprint
from ...text.joining import Layout
from ...text.tokens import TokenCounter
from ...types import Compression, Document, Outcome, assemble
from ..spans import GOLD_FIELDS, Span, locate

TOP_P_POINTS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95,
                0.98, 0.99, 0.999)  # fmt: skip
TOP_K_POINTS = (1, 2, 3, 5, 10)
TOP_K_CURVE = (1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 50)


# What stands for a class of ours in the digest of a run, wherever its module is.
_OURS = ("recomp_core", "langchain_recomp", "llamaindex_recomp")
_NAMES_IN_RUNS = {
    "ExtractiveCompressor": "recomp_core.extractive.ExtractiveCompressor",
    "AbstractiveCompressor": "recomp_core.abstractive.AbstractiveCompressor",
    "RecompDocumentCompressor": "langchain_recomp.compressor.RecompDocumentCompressor",
    "RecompNodePostprocessor": "llamaindex_recomp.postprocessor.RecompNodePostprocessor",
}


class UndefinedError(ValueError):
    """A system has no result for this question, such as an oracle without answers.

    The question does not count as failed.
    """


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a system made of a question at one setting.

    Attributes:
        setting: The setting.
        text: The compressed text.
        kept: Where the text stands in the documents; None if it is no excerpt of them.
        seconds: Time of compressing; attempts that were read off one scoring share its time.
        outcome: See `Outcome`; "" from systems that have none.
    """

    setting: str
    text: str
    kept: tuple[Span, ...] | None
    seconds: float
    outcome: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The attempt as JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Attempt:
        """Make the attempt that `to_dict` wrote.

        Args:
            data: JSON values.

        Returns:
            The attempt.
        """
        kept = data["kept"]
        spans = None if kept is None else tuple((n, start, end) for n, start, end in kept)
        return cls(**{**data, "kept": spans})


@runtime_checkable
class System(Protocol):
    """What can be evaluated. `as_system` makes one of most things.

    Two attributes may be missing: `may_cost`, whether its calls may be paid for, so that each
    result is kept as it comes; and `asks_endpoint`, whether they are, so that none is for warming
    up.
    """

    @property
    def settings(self) -> tuple[str, ...]:
        """The settings at which it is evaluated; the first one is its user's default."""

    @property
    def identity(self) -> Mapping[str, Any]:
        """What it is, in JSON values: a run is carried on only with the same identity."""

    def attempts(self, question: Question) -> Sequence[Attempt]:
        """Compress the documents of a question.

        Args:
            question: The question with its documents.

        Returns:
            One attempt for each of `settings`, in order.

        Raises:
            UndefinedError: There can be no result for this question.
            Exception: It failed, for any other reason.
        """


def as_system(source: Any, *, points: Iterable[Selector] | None = None) -> System:
    """Make something a system that can be evaluated.

    No system sees which documents or sentences are gold.

    Args:
        source: A `System`; a compressor of this package or one with its `compress(query,
            documents)`; the name or folder of one; a LangChain compressor (`compress_documents`);
            a LlamaIndex postprocessor (`postprocess_nodes`); or a function
            `(query, documents) -> result`, where `documents` is a list of `Document` and the
            result a string, a list of strings or a `Compression`.
        points: The other selectors at which an `ExtractiveCompressor` is evaluated, see
            `ExtractiveSystem`; other systems have one setting.

    Returns:
        The system.

    Raises:
        TypeError: The source is something else.
    """
    if isinstance(source, type):
        raise TypeError(f"got the class {source.__name__}, not a system: make an instance of it")
    if isinstance(source, System):
        return source
    if isinstance(source, (str, os.PathLike)):
        name = os.fspath(source)
        return as_system(load_compressor(name), points=points)
    if isinstance(source, ExtractiveCompressor):
        return ExtractiveSystem(source, points)
    if hasattr(source, "compress_documents"):
        return LangChainSystem(source)
    if hasattr(source, "postprocess_nodes"):
        return LlamaIndexSystem(source)
    if callable(getattr(source, "compress", None)):
        summarizer = getattr(source, "summarizer", None)
        asks_endpoint = isinstance(summarizer, LLMSummarizer) and summarizer.chat is not None
        return FunctionSystem(source.compress, _described(source), asks_endpoint=asks_endpoint)
    if callable(source):
        return FunctionSystem(source, _described(source))
    raise TypeError(
        f"{source!r} can't be evaluated: give a compressor, a LangChain compressor, a LlamaIndex "
        "postprocessor, or a function (query, documents) -> text"
    )


def name_of(source: Any) -> str:
    """Name a system that came without a name.

    Args:
        source: What `as_system` takes.

    Returns:
        The last part of a path, a function's name, or a class's name.
    """
    if isinstance(source, (str, os.PathLike)):
        return os.path.basename(os.fspath(source).rstrip("/\\")) or os.fspath(source)
    name = getattr(source, "__name__", None)
    return name if isinstance(name, str) else type(source).__name__


class FunctionSystem:
    """A function of query and documents, or the `compress` of an object.

    Args:
        function: The function `(query, documents) -> result`.
        identity: What it is, in JSON values.
        asks_endpoint: Whether each call is known to be paid for. Then there is none to warm up.
    """

    settings: tuple[str, ...] = ("",)
    may_cost = True

    def __init__(
        self,
        function: Callable[[str, list[Document]], Any],
        identity: Mapping[str, Any],
        *,
        asks_endpoint: bool = False,
    ) -> None:
        self.function = function
        self.identity = identity
        self.asks_endpoint = asks_endpoint

    def attempts(self, question: Question) -> list[Attempt]:
        """Call the function.

        Args:
            question: The question with its documents.

        Returns:
            One attempt, timed.
        """
        documents = visible(question)
        began = time.perf_counter()
        result = self.function(question.query, list(documents))
        seconds = time.perf_counter() - began
        return [attempt_of(result, documents, seconds)]


class LangChainSystem:
    """A LangChain compressor: an object with `compress_documents(documents, query)`.

    Args:
        compressor: The compressor.
    """

    settings: tuple[str, ...] = ("",)
    may_cost = True

    def __init__(self, compressor: Any) -> None:
        require("langchain_core", "langchain", "a LangChain compressor")
        self.compressor = compressor
        self.identity: Mapping[str, Any] = _described(compressor)
        self._document = importlib.import_module("langchain_core.documents").Document

    def attempts(self, question: Question) -> list[Attempt]:
        """Call the compressor; the titles are in the documents' metadata.

        Args:
            question: The question with its documents.

        Returns:
            One attempt, timed.
        """
        documents = visible(question)
        theirs = [
            self._document(page_content=d.text, metadata=_metadata(d), id=d.id) for d in documents
        ]
        began = time.perf_counter()
        result = self.compressor.compress_documents(theirs, question.query)
        seconds = time.perf_counter() - began
        return [attempt_of([d.page_content for d in result], documents, seconds)]


class LlamaIndexSystem:
    """A LlamaIndex node postprocessor: an object with `postprocess_nodes(nodes, query_str=…)`.

    Args:
        postprocessor: The postprocessor.
    """

    settings: tuple[str, ...] = ("",)
    may_cost = True

    def __init__(self, postprocessor: Any) -> None:
        require("llama_index", "llamaindex", "a LlamaIndex postprocessor")
        self.postprocessor = postprocessor
        self.identity: Mapping[str, Any] = _described(postprocessor)
        self._schema = importlib.import_module("llama_index.core.schema")

    def attempts(self, question: Question) -> list[Attempt]:
        """Call the postprocessor.

        Metadata is kept out of what a language model would see, because some postprocessors write
        it into the text.

        Args:
            question: The question with its documents.

        Returns:
            One attempt, timed.
        """
        documents = visible(question)
        began = time.perf_counter()
        pieces = self.texts(question.query, documents)
        return [attempt_of(pieces, documents, time.perf_counter() - began)]

    def texts(self, query: str, documents: Sequence[Document]) -> list[str]:
        """Call the postprocessor with documents as nodes.

        Args:
            query: The question.
            documents: The documents.

        Returns:
            One text for each node that comes back.
        """
        nodes = [self._node(document, position) for position, document in enumerate(documents)]
        found = self.postprocessor.postprocess_nodes(nodes, query_str=query)
        return [scored.node.get_content(metadata_mode="none") for scored in found]

    def _node(self, document: Document, position: int) -> Any:
        metadata = _metadata(document)
        node = self._schema.TextNode(
            text=document.text,
            # Ids repeat in the real world; LlamaIndex tells nodes apart by them.
            id_=f"{position}:{document.id or ''}",
            metadata=metadata,
            excluded_llm_metadata_keys=list(metadata),
        )
        return self._schema.NodeWithScore(node=node, score=1.0)


class ExtractiveSystem:
    """An `ExtractiveCompressor` at its own selector and at others, all from one scoring.

    The seconds are those of one `compress` with the compressor's own selector, and the other points
    share them: selecting takes a small part of the time of scoring. A selector that counts tokens
    takes more; give it to a compressor of its own to time it.

    Args:
        compressor: The compressor.
        points: The other selectors. By default, for a dual encoder that compares by cosine, `TopP`
            from 0.02 to 0.999 at its temperature of 0.05 and `TopK` of 1, 2, 3, 5 and 10; for other
            scorers, whose scores have another scale, `TopK` from 1 to 50.
    """

    def __init__(
        self, compressor: ExtractiveCompressor, points: Iterable[Selector] | None = None
    ) -> None:
        others = default_points(compressor) if points is None else tuple(points)
        self.compressor = compressor
        self.points = {setting_name(compressor.selector): compressor.selector}
        for selector in others:
            self.points.setdefault(setting_name(check_selector(selector)), selector)
        self.settings = tuple(self.points)
        self.identity: Mapping[str, Any] = {
            **_described(compressor),
            **_described_extractive(compressor),
        }

    def attempts(self, question: Question) -> list[Attempt]:
        """Score once and select at every point; see the class for the seconds.

        Args:
            question: The question with its documents.

        Returns:
            One attempt per point.
        """
        documents = visible(question)
        began = time.perf_counter()
        own = self.compressor.compress(question.query, documents)
        seconds = time.perf_counter() - began
        scored = sorted((*own.kept, *own.dropped), key=lambda s: (s.doc_index, s.start))
        first, *others = self.points.items()
        found = [replace(attempt_of(own, documents, seconds), setting=first[0])]
        for setting, selector in others:
            kept, dropped = select(
                own.documents, scored, selector, own.layout, self.compressor.expand,
                self.compressor.brings_outline,
            )  # fmt: skip
            outcome = own.outcome
            if outcome is not Outcome.NOTHING_GIVEN:
                outcome = Outcome.COMPRESSED if dropped else Outcome.UNCHANGED
                outcome = outcome if kept else Outcome.NOTHING_RELEVANT
            text = assemble(own.documents, kept, own.layout)
            spans = tuple((s.doc_index, s.start, s.end) for s in kept)
            found.append(Attempt(setting, text, spans, seconds, outcome.value))
        return found


def default_points(compressor: ExtractiveCompressor) -> tuple[Selector, ...]:
    """Choose the default points of an `ExtractiveSystem`.

    Args:
        compressor: The compressor.

    Returns:
        The selectors.
    """
    scorer = compressor.scorer
    if isinstance(scorer, DualEncoderScorer) and scorer.similarity_fn_name == "cosine":
        return (*map(TopP, TOP_P_POINTS), *map(TopK, TOP_K_POINTS))
    return tuple(map(TopK, TOP_K_CURVE))


def setting_name(selector: Selector) -> str:
    """Name a selector for tables.

    Args:
        selector: The selector.

    Returns:
        Its name: "top_p=0.6", "top_k=5 & min_score=0.3".
    """
    if isinstance(selector, TopK):
        return f"top_k={selector.k}"
    if isinstance(selector, TopP):
        default = TopP(0.5).temperature
        at = "" if selector.temperature == default else f", temperature={selector.temperature:g}"
        return f"top_p={selector.p:g}{at}"
    if isinstance(selector, Threshold):
        return f"min_score={selector.min_score:g}"
    if isinstance(selector, TokenBudget):
        return f"max_tokens={selector.max_tokens}"
    if isinstance(selector, All):
        return " & ".join(map(setting_name, selector.selectors))
    named = repr(selector)
    # An object's address changes from run to run.
    return type(selector).__name__ if " at 0x" in named else named


def attempt_of(result: Any, documents: Sequence[Document], seconds: float) -> Attempt:
    """Make an attempt of what a system returned.

    Args:
        result: A string, strings, or a `Compression`.
        documents: The documents that it was made from.
        seconds: Time of compressing.

    Returns:
        The attempt.

    Raises:
        TypeError: The result is something else.
    """
    if isinstance(result, Compression):
        excerpt = result.is_excerpt
        spans = tuple((s.doc_index, s.start, s.end) for s in result.kept) if excerpt else None
        return Attempt("", result.text, spans, seconds, result.outcome.value)
    pieces = [result] if isinstance(result, str) else result
    if not isinstance(pieces, Iterable):
        raise TypeError(f"a system must give text, a list of texts or a Compression: {result!r}")
    pieces = list(pieces)
    for piece in pieces:
        if not isinstance(piece, str):
            raise TypeError(f"a system must give text, a list of texts or a Compression: {piece!r}")
    return Attempt("", Layout().join(pieces), locate(pieces, documents), seconds)


def visible(question: Question) -> tuple[Document, ...]:
    """Hide which documents and sentences are gold.

    Args:
        question: The question with its documents.

    Returns:
        The documents without `GOLD_FIELDS`.
    """
    return tuple(
        replace(document, metadata=_without_gold(document.metadata))
        if any(name in document.metadata for name in GOLD_FIELDS)
        else document
        for document in question.documents
    )


def _without_gold(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in metadata.items() if name not in GOLD_FIELDS}


def _metadata(document: Document) -> dict[str, Any]:
    title = {} if document.title is None else {"title": document.title}
    return copy.deepcopy({**_without_gold(document.metadata), **title})


def _described(source: Any) -> dict[str, Any]:
    """The identity of an object, as far as it is visible from outside."""
    named = source if hasattr(source, "__qualname__") else type(source)
    place = f"{named.__module__}.{named.__qualname__}"
    package = named.__module__.partition(".")[0]
    if package in _OURS:  # modules move, and a run that was begun must be carried on
        place = _NAMES_IN_RUNS.get(named.__qualname__, f"{package}.{named.__qualname__}")
    described: dict[str, Any] = {"class": place}
    summarizer = getattr(source, "summarizer", None)
    if summarizer is not None:
        described["summarizer"] = type(summarizer).__name__
        local = getattr(summarizer, "local", None) or summarizer
        if weights := _weights(getattr(local, "model", None)):
            described["weights"] = weights
        described |= _described_replies(summarizer)
    extractor = getattr(source, "extractor", None)
    if isinstance(extractor, ExtractiveCompressor):
        picks = {"selector": setting_name(extractor.selector)}
        described["extractor"] = {**_described_extractive(extractor), **picks}
        if (reads := getattr(source, "reads", "excerpt")) != "excerpt":
            described["reads"] = reads
    prompt = getattr(source, "prompt", None)
    if isinstance(prompt, PromptTemplate) and prompt.numbered:
        described["prompt"] = prompt.to_json()
    return described


def _described_replies(summarizer: Any) -> dict[str, Any]:
    """How a summarizer reads replies differently from the defaults.

    The defaults are left out: a run begun before they were told is carried on.
    """
    found: dict[str, Any] = {}
    if isinstance(summarizer, LLMSummarizer):
        if summarizer.empty_word != NOTHING_RELEVANT_WORD:
            found["empty_word"] = summarizer.empty_word
        if not summarizer.detect_refusals:
            found["detect_refusals"] = False
    return found


def _described_extractive(compressor: ExtractiveCompressor) -> dict[str, Any]:
    scorer = compressor.scorer
    encoder = getattr(scorer, "encoder", None)
    model = getattr(encoder, "model", None)
    prefilter = compressor.prefilter
    facts = {
        "scorer": type(scorer).__name__,
        "function": getattr(getattr(scorer, "function", None), "__qualname__", None),
        "context": getattr(scorer, "context", None),
        "similarity": getattr(scorer, "similarity_fn_name", None),
        "encoder": _weights(model),
        "expand": list(compressor.expand) if any(compressor.expand) else None,
        "layout": repr(compressor.layout),
        "token_counters": sorted(_counters(compressor.selector)) or None,
        "outline": compressor.outline if compressor.brings_outline else None,
        "titles": compressor.layout.titles or None,
        "lexical_weight": compressor.lexical_weight or None,
        # It came later: runs begun before, without a limit, are continued with the default too.
        "prefilter": None if prefilter in (0, Prefilter(scorer).most) else prefilter,
    }
    return {name: value for name, value in facts.items() if value is not None}


def _counters(selector: Selector) -> Iterator[str]:
    if isinstance(selector, TokenBudget):
        yield counter_name(selector.count_tokens)
    for part in getattr(selector, "selectors", ()):
        yield from _counters(part)


def counter_name(count_tokens: Callable[[str], int] | None) -> str:
    """Name what texts are counted with, as an evaluation states it.

    Args:
        count_tokens: The counter; None for characters.

    Returns:
        "characters", a tokenizer's name, or a function's name.
    """
    if count_tokens is None or count_tokens is len:
        return "characters"
    if isinstance(count_tokens, TokenCounter):
        return count_tokens.name_or_path
    named: Any = count_tokens
    return getattr(named, "__qualname__", type(count_tokens).__name__)


def _weights(model: Any) -> str | None:
    """A fingerprint of a torch model's weights; None for anything else."""
    return weights_fingerprint(model) if callable(getattr(model, "state_dict", None)) else None
