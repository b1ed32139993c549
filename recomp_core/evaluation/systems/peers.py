"""Other projects' compressors as baselines, each optional and measured the same way.

Those that compare by an encoder get the same sentence-transformers model, so that only the way to
compress differs. Each runs at several settings, so that its curve can be read at a rate as those of
the others are. `recomp evaluate --peers` adds them, and `baselines.BASELINES` names them. A missing
library is an `ImportError` that names it.
"""

from __future__ import annotations

import importlib
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from ..._utils.checks import check_choice, require
from ...data import Question
from ...extractive.sentences import document_sentences
from ...persistence.compressors import load_compressor
from ...text.joining import is_blank
from ...text.splitting import SentenceSplitter
from ...types import Document
from .base import Attempt, LlamaIndexSystem, System, attempt_of, visible

_CUTOFFS = (0.25, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7)
_TOP_K = (5, 1, 2, 3, 7, 10, 20)
_RATES = (0.1, 0.05, 0.2, 0.4)


class Sweep:
    """A compressor at several settings, its user's default first.

    Args:
        identity: What it is, in JSON values.
        calls: By setting, a function `(query, documents) -> texts`.
        encoder: The encoder that the settings share. What the first setting encodes serves the
            others, and its seconds are those of all. Without one each setting is timed by itself.
    """

    def __init__(
        self,
        identity: Mapping[str, Any],
        calls: Mapping[str, Callable[[str, Sequence[Document]], Any]],
        encoder: Remembering | None = None,
    ) -> None:
        self.identity = identity
        self.settings = tuple(calls)
        self._calls = calls
        self._encoder = encoder

    def attempts(self, question: Question) -> list[Attempt]:
        """Compress at every setting.

        Args:
            question: The question with its documents.

        Returns:
            One attempt per setting.
        """
        documents = visible(question)
        if self._encoder is not None:
            self._encoder.forget()
        found: list[Attempt] = []
        for setting, call in self._calls.items():
            began = time.perf_counter()
            result = call(question.query, documents)
            seconds = time.perf_counter() - began
            if self._encoder is not None and found:
                seconds = found[0].seconds
            found.append(replace(attempt_of(result, documents, seconds), setting=setting))
        return found


class Remembering:
    """A sentence-transformers model that encodes a text once, until it forgets.

    Args:
        model: The model; None for the embedded one.
        prompts: What is put before a "query" and a "document", as for E5.
    """

    def __init__(self, model: Any, prompts: Mapping[str, str] | None = None) -> None:
        self.model = _embedded() if model is None else model
        self._prompts = prompts or {}
        self._known: dict[str, np.ndarray] = {}

    def forget(self) -> None:
        """Forget all texts: they are encoded again from here on."""
        self._known.clear()

    def encode(
        self, texts: Sequence[str], kind: Literal["query", "document"] = "document"
    ) -> np.ndarray:
        """Encode texts.

        Args:
            texts: The texts.
            kind: What they are.

        Returns:
            Float array (n_texts, dim), as the model's own `encode` gives it.
        """
        before = self._prompts.get(kind, "")
        texts = [before + text for text in texts]
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            vectors = self.model.encode(new, show_progress_bar=False)
            self._known.update(zip(new, vectors, strict=True))
        return np.array([self._known[text] for text in texts])


def _embedded() -> Any:
    return load_compressor("minilm", backend="torch").scorer.encoder.model


def llamaindex_optimizer(model: Any = None, prompts: Mapping[str, str] | None = None) -> System:
    """Make LlamaIndex's `SentenceEmbeddingOptimizer` a system.

    It keeps a quarter of each document's sentences, and from 10 to 70 %. It splits sentences
    itself, and keeps all of a document with so few sentences that the share is none of them.

    Args:
        model: The sentence-transformers model; None for the embedded one.
        prompts: What it needs before a "query" and a "document".

    Returns:
        The system.

    Raises:
        ImportError: A library is missing.
    """
    require("llama_index", "peers", "the baseline llamaindex-optimizer")
    embeddings = importlib.import_module("llama_index.core.base.embeddings.base")
    processors = importlib.import_module("llama_index.core.postprocessor")
    encoder = Remembering(model, prompts)

    class Embedding(embeddings.BaseEmbedding):  # type: ignore[name-defined]
        def _get_query_embedding(self, query: str) -> list[float]:
            vector: list[float] = encoder.encode([query], "query")[0].tolist()
            return vector

        async def _aget_query_embedding(self, query: str) -> list[float]:
            return self._get_query_embedding(query)

        def _get_text_embedding(self, text: str) -> list[float]:
            return self._get_text_embeddings([text])[0]

        def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
            vectors: list[list[float]] = encoder.encode(texts).tolist()
            return vectors

    def call(cutoff: float) -> Callable[[str, Sequence[Document]], list[str]]:
        optimizer = processors.SentenceEmbeddingOptimizer(
            embed_model=Embedding(), percentile_cutoff=cutoff, context_before=0, context_after=0
        )
        system = LlamaIndexSystem(optimizer)

        def compress(query: str, documents: Sequence[Document]) -> list[str]:
            # One blank document would make it raise.
            return system.texts(query, [d for d in documents if not is_blank(d.text)])

        return compress

    calls = {f"percentile_cutoff={cutoff:g}": call(cutoff) for cutoff in _CUTOFFS}
    return Sweep(_identity("llamaindex-optimizer", prompts), calls, encoder)


def langchain_filter(model: Any = None, prompts: Mapping[str, str] | None = None) -> System:
    """Make LangChain's `EmbeddingsFilter` a system.

    It keeps the 5 best sentences of all documents, and from 1 to 20. It filters documents, so every
    sentence is passed to it as one.

    Args:
        model: The sentence-transformers model; None for the embedded one.
        prompts: What it needs before a "query" and a "document".

    Returns:
        The system.

    Raises:
        ImportError: A library is missing.
    """
    require("langchain_classic", "peers", "the baseline langchain-filter")
    # The filter imports it when it is called, and would fail on every question.
    require("langchain_community", "peers", "the baseline langchain-filter")
    compressors = importlib.import_module("langchain_classic.retrievers.document_compressors")
    theirs = importlib.import_module("langchain_core.documents").Document
    embeddings = importlib.import_module("langchain_core.embeddings").Embeddings
    encoder = Remembering(model, prompts)
    splitter = SentenceSplitter()

    class SharedEmbeddings(embeddings):  # type: ignore[valid-type, misc]
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            vectors: list[list[float]] = encoder.encode(texts).tolist()
            return vectors

        def embed_query(self, text: str) -> list[float]:
            vector: list[float] = encoder.encode([text], "query")[0].tolist()
            return vector

    def call(k: int) -> Callable[[str, Sequence[Document]], list[str]]:
        best = compressors.EmbeddingsFilter(embeddings=SharedEmbeddings(), k=k)

        def compress(query: str, documents: Sequence[Document]) -> list[str]:
            sentences = [
                theirs(page_content=sentence.text)
                for sentence in document_sentences(documents, splitter, structural=False)
            ]
            if not sentences:
                return []
            return [found.page_content for found in best.compress_documents(sentences, query)]

        return compress

    calls = {f"k={k}": call(k) for k in _TOP_K}
    return Sweep(_identity("langchain-filter", prompts), calls, encoder)


def _identity(peer: str, prompts: Mapping[str, str] | None) -> dict[str, Any]:
    return {"peer": peer, **({"prompts": dict(prompts)} if prompts else {})}


def ragcompress(argument: str = "", model: Any = None) -> System:
    """Make the `Compressor` of ragcompress a system.

    It keeps 5 sentences, and from 1 to 20.

    Args:
        argument: The name or folder of the cross-encoder that scores, as its own scorer is one; ""
            scores by the encoder.
        model: The sentence-transformers model; None for the embedded one.

    Returns:
        The system.

    Raises:
        ImportError: The library is missing.
    """
    require("ragcompress", "peers", "the baseline ragcompress")
    theirs = importlib.import_module("ragcompress")
    fixed = importlib.import_module("ragcompress.budget.fixed").FixedBudget
    encoder = Remembering(model)
    scorer = _ragcompress_scorer(argument, encoder)

    def call(k: int) -> Callable[[str, Sequence[Document]], list[str]]:
        # Its own counter would look for its vocabulary on the network.
        compressor = theirs.Compressor(scorer, fixed(top_k=k), token_counter=len)

        def compress(query: str, documents: Sequence[Document]) -> list[str]:
            chunks = [theirs.Chunk(str(n), str(n), d.text) for n, d in enumerate(documents)]
            return [sentence.text for sentence in compressor.compress(query, chunks).sentences]

        return compress

    return Sweep(
        {"peer": "ragcompress", "weights": os.path.basename(argument)},
        {f"top_k={k}": call(k) for k in _TOP_K},
        None if argument else encoder,
    )


def _ragcompress_scorer(weights: str, encoder: Remembering) -> Any:
    """Its cross-encoder, or a scorer that compares the vectors of an encoder."""
    if weights:
        scoring = importlib.import_module("ragcompress.scoring.cross_encoder")
        scorer = scoring.CrossEncoderScorer(model_name=weights)
        scorer._embedder = encoder.model  # it would load another copy by name
        return scorer
    base = importlib.import_module("ragcompress.scoring.base").BaseScorer

    class Scorer(base):  # type: ignore[valid-type, misc]
        def score(self, query: str, sentences: Any, context: Any) -> Any:
            del context
            vectors = self.embed([query, *(sentence.text for sentence in sentences)])
            for sentence, score in zip(sentences, vectors[1:] @ vectors[0], strict=True):
                sentence.score = float(score)
            return sentences

        def embed(self, texts: list[str]) -> np.ndarray:
            vectors = encoder.encode(texts)
            return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))

    return Scorer()


def llmlingua(argument: str) -> System:
    """Make LLMLingua-2 a system, at the rate 0.1 and from 0.05 to 0.4.

    Args:
        argument: The name or folder of its weights. The name must hold
            bert-base-multilingual-cased or xlm-roberta-large, by which the library finds the
            tokenizer. With other weights than the published ones only its speed means anything.

    Returns:
        The system.

    Raises:
        ImportError: The library is missing.
        ValueError: No weights are given.
    """
    require("llmlingua", "peers", "the baseline llmlingua")
    if not argument:
        raise ValueError(
            "the baseline llmlingua needs weights: llmlingua:NAME or llmlingua:FOLDER, such as "
            "llmlingua:microsoft/llmlingua-2-bert-base-multilingual-cased-meetingbank"
        )
    compressor = importlib.import_module("llmlingua").PromptCompressor(
        model_name=argument, use_llmlingua2=True, device_map="cpu"
    )

    def call(rate: float) -> Callable[[str, Sequence[Document]], str]:
        def compress(query: str, documents: Sequence[Document]) -> str:
            texts = [document.text for document in documents if not is_blank(document.text)]
            if not texts:
                return ""
            found = compressor.compress_prompt(texts, question=query, rate=rate)
            text: str = found["compressed_prompt"]
            return text

        return compress

    identity = {"peer": "llmlingua", "weights": os.path.basename(argument)}
    return Sweep(identity, {f"rate={rate:g}": call(rate) for rate in _RATES})


def trimwise(argument: str = "") -> System:
    """Make trimwise's `Trimmer` a system: `trim_context` at the rate 0.1 and from 0.05 to 0.4.

    A rate is a share of the documents' tokens, which trimwise counts with its own vocabulary.

    Args:
        argument: How it ranks: "lexical", also for "", or "structural".

    Returns:
        The system.

    Raises:
        ImportError: The library is missing, or the vocabulary is not there and can't be downloaded.
        ValueError: There is no such way to rank.
    """
    require("trimwise", "peers", "the baseline trimwise")
    strategy = argument or "lexical"
    check_choice("the argument of the baseline trimwise", strategy, ("lexical", "structural"))
    theirs = importlib.import_module("trimwise")
    trimmer = theirs.Trimmer()
    name = trimmer.config.token_encoding
    try:
        encoding = importlib.import_module("tiktoken").get_encoding(name)
    except Exception as error:
        raise ImportError(
            f"the baseline trimwise needs tiktoken's vocabulary {name}, which could not be had "
            f"({error}): run it once with a network, or set TIKTOKEN_CACHE_DIR to where it lies"
        ) from error

    def call(rate: float) -> Callable[[str, Sequence[Document]], list[str]]:
        def compress(query: str, documents: Sequence[Document]) -> list[str]:
            texts = [document.text for document in documents if not is_blank(document.text)]
            tokens = sum(len(encoding.encode(text, disallowed_special=())) for text in texts)
            if not texts:
                return []
            found = trimmer.trim_context(
                [theirs.ContextSource(text) for text in texts],
                limit=max(1, round(rate * tokens)),
                strategy=strategy,
                query=query,
            )
            # Its own text marks what it left out, which is no text of a document.
            return [
                texts[source.source_index][span.start : span.end].strip()
                for source in found.sources
                for span in source.spans
            ]

        return compress

    identity = {"peer": "trimwise", "strategy": strategy}
    return Sweep(identity, {f"rate={rate:g}": call(rate) for rate in _RATES})
