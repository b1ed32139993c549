"""Compares the time of a query with the peers': same encoder, one process, interleaved rounds.

    python benchmarks/speed.py [--rounds 5] [--threads 1 2]
    python benchmarks/speed.py --others --sizes 20 --threads 1

A call takes 5, 20 or 100 documents of about 100 words, splits them, encodes the query and the
sentences, and selects. Figures are medians over the rounds, with the spread; ratios are medians of
the rounds' ratios. The peers are LlamaIndex's SentenceEmbeddingOptimizer and LangChain's
EmbeddingsFilter over documents that our splitter split, both with the same sentence-transformers
model at its default batch size; and the method of the RECOMP authors' script, which encodes all
sentences of a query in one padded batch. Our rows differ in the backend, the context of a sentence,
and whether a store has the vectors already. --sizes and --systems (parts of names) shorten a run.
--others adds the multilingual encoder, the peers with it, and what ranks by words alone.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import data
import torch

from recomp_core import ExtractiveCompressor, SentenceSplitter, TopK, load_compressor
from recomp_core.data.examples import lighthouse
from recomp_core.extractive.indexing import Indexer
from recomp_core.extractive.scoring import BM25Scorer
from recomp_core.store import SentenceStore

SIZES = (5, 20, 100)
OURS = "recomp, "
AUTHORS = "one padded batch, as the RECOMP authors' script"
PEER = "LlamaIndex SentenceEmbeddingOptimizer"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, os.cpu_count() or 1])
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--systems", nargs="+", default=[""], help="parts of names")
    parser.add_argument("--others", action="store_true", help="other encoders, and words alone")
    args = parser.parse_args()
    print(f"{cpu()}, {os.cpu_count()} cores; {versions()}\n")
    start_up()
    for threads in dict.fromkeys(args.threads):
        cold(threads, args.sizes, args.rounds, args.systems, others=args.others)


def cold(
    threads: int,
    sizes: Sequence[int],
    rounds: int,
    names: Sequence[str] = ("",),
    *,
    others: bool = False,
) -> list[dict[str, list[float]]]:
    """Prints the tables. Returns for each size the seconds of each round by system.

    Args:
        threads: The threads of torch and onnxruntime.
        sizes: The numbers of documents.
        rounds: How often each system runs.
        names: Parts of the systems' names; the peer that all are compared with always runs.
        others: Whether the systems of `other_systems` run, too.
    """
    torch.set_num_threads(threads)
    query, passages = material(max(sizes))
    # Load again for each number of threads: a graph's threads are fixed when it is loaded.
    calls = {
        name: call
        for name, call in (systems(passages) | (other_systems() if others else {})).items()
        if name == PEER or any(part in name for part in names)
    }
    print(f"\n### {threads} thread(s): seconds for a call, median (lowest to highest)\n")
    print("| system | " + " | ".join(f"{n} documents" for n in sizes) + " |")
    print("|---|" + "---|" * len(sizes))
    columns = [measure(calls, query, passages[:n], rounds) for n in sizes]
    for name in calls:
        print(f"| {name} | " + " | ".join(shown(column[name]) for column in columns) + " |")
    print(f"\nTimes faster than LlamaIndex's optimizer, {threads} thread(s):\n")
    for name in (name for name in calls if name != PEER):
        ratios = (ratio(column[PEER], column[name]) for column in columns)
        print(f"- {name}: " + " / ".join(f"{r:.2f}" for r in ratios))
    return columns


def material(n: int) -> tuple[str, list[str]]:
    """A query and `n` distinct passages: real ones if the data is available, else the example."""
    if data.available():
        rows = data.questions("nq_open", n=n)
        passages = dict.fromkeys(d.text for row in rows for d in row["documents"])
        return rows[0]["question"], list(passages)[:n]
    query, documents = lighthouse()
    return query, [f"{documents[i % len(documents)].text} ({i})" for i in range(n)]


def systems(passages: list[str]) -> dict:
    """Functions of (query, passages) by name; each makes new objects of the peer's own kind."""

    def ours(**settings):
        return load_compressor(selector=TopK(5), device="cpu", **settings)

    model = ours(backend="torch").scorer.encoder.model
    calls = {PEER: llamaindex(model)}
    if filtering := langchain(model):
        calls["LangChain EmbeddingsFilter on sentences"] = filtering
    calls[AUTHORS] = padded(model)
    backends = {
        "torch": {"backend": "torch"},
        "onnx": {"backend": "onnx"},
        "onnx int8": {"backend": "onnx", "compute_type": "int8"},
    }
    for context in ("sentence", "document"):
        for name, backend in backends.items():
            calls[f"{OURS}{context}, {name}"] = ours(context=context, **backend).compress
    stored = ours(backend="onnx", store=SentenceStore())
    Indexer(stored).add(passages)
    calls[f"{OURS}document, onnx, known documents"] = stored.compress
    encoder = stored.scorer.encoder
    calls["encoding the query alone, onnx"] = lambda query, _: encoder.encode_queries([query])
    return calls


def other_systems() -> dict:
    """The multilingual encoder, the peers with it, and what ranks by words alone."""

    def multilingual(**settings):
        return load_compressor("multilingual", selector=TopK(5), device="cpu", **settings)

    e5 = multilingual(backend="torch").scorer.encoder.model
    calls = {f"{PEER}, e5": llamaindex(e5)}
    if filtering := langchain(e5):
        calls["LangChain EmbeddingsFilter on sentences, e5"] = filtering
    calls[f"{OURS}multilingual, onnx"] = multilingual(backend="onnx").compress
    calls[f"{OURS}multilingual, onnx int8"] = multilingual(
        backend="onnx", compute_type="int8"
    ).compress
    calls[f"{OURS}BM25 alone"] = ExtractiveCompressor(BM25Scorer(), selector=TopK(5)).compress
    if trimming := trimwise():
        calls["trimwise"] = trimming
    return calls


def find_vocabulary() -> None:
    """Let trimwise count offline: LlamaIndex brings the vocabulary that it would download."""
    spec = importlib.util.find_spec("llama_index.core")
    if spec and spec.origin:
        cache = Path(spec.origin).with_name("_static") / "tiktoken_cache"
        os.environ.setdefault("TIKTOKEN_CACHE_DIR", str(cache))


def trimwise():
    """trimwise at a tenth of the characters; None where it or its vocabulary is missing."""
    try:
        find_vocabulary()
        from trimwise import ContextSource, Trimmer

        trimmer = Trimmer()

        def call(query, passages):
            trimmer.trim_context(
                [ContextSource(text) for text in passages],
                limit=sum(map(len, passages)) // 40,  # about four characters a token
                strategy="lexical", query=query,
            )  # fmt: skip

        call("a tower", ["A tower stands here. It is tall."])
    except Exception as error:
        print(f"without trimwise: {error}")
        return None
    return call


def padded(model):
    splitter = SentenceSplitter()

    def call(query, passages):
        sentences = [text[a:b] for text in passages for a, b in splitter.split(text)]
        texts = [query, *sentences]
        vectors = model.encode(texts, batch_size=len(texts), show_progress_bar=False)
        scores = vectors[1:] @ vectors[0]
        return [sentences[n] for n in scores.argsort()[::-1][:5]]

    return call


def llamaindex(model):
    from llama_index.core.base.embeddings.base import BaseEmbedding
    from llama_index.core.postprocessor import SentenceEmbeddingOptimizer
    from llama_index.core.schema import NodeWithScore, TextNode

    class Embedding(BaseEmbedding):
        def _get_query_embedding(self, query):
            return model.encode(query, show_progress_bar=False).tolist()

        async def _aget_query_embedding(self, query):
            return self._get_query_embedding(query)

        def _get_text_embedding(self, text):
            return self._get_query_embedding(text)

        def _get_text_embeddings(self, texts):
            return model.encode(texts, show_progress_bar=False).tolist()

    optimizer = SentenceEmbeddingOptimizer(
        embed_model=Embedding(), percentile_cutoff=0.25, context_before=0, context_after=0
    )

    def call(query, passages):
        nodes = [NodeWithScore(node=TextNode(text=text), score=1.0) for text in passages]
        optimizer.postprocess_nodes(nodes, query_str=query)

    return call


def langchain(model):
    """The filter; None without langchain-community, which it imports at call time."""
    try:
        from langchain_classic.retrievers.document_compressors import EmbeddingsFilter
        from langchain_community.utils import math  # noqa: F401
    except ImportError:
        return None
    from langchain_core.documents import Document
    from langchain_core.embeddings import Embeddings

    class Encoder(Embeddings):
        def embed_documents(self, texts):
            return model.encode(texts, show_progress_bar=False).tolist()

        def embed_query(self, text):
            return model.encode(text, show_progress_bar=False).tolist()

    splitter = SentenceSplitter()
    best = EmbeddingsFilter(embeddings=Encoder(), k=5)

    def call(query, passages):
        sentences = [Document(text[a:b]) for text in passages for a, b in splitter.split(text)]
        best.compress_documents(sentences, query)

    return call


def measure(calls: dict, query: str, passages: list[str], rounds: int) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call(query, passages[:5])  # warm
    for _ in range(rounds):
        for name, call in calls.items():
            began = time.perf_counter()
            call(query, passages)
            seconds[name].append(time.perf_counter() - began)
    return seconds


def shown(seconds: list[float]) -> str:
    digits = 2 if statistics.median(seconds) >= 0.1 else 4
    return " ".join(
        [f"{statistics.median(seconds):.{digits}f}",
         f"({min(seconds):.{digits}f} to {max(seconds):.{digits}f})"]
    )  # fmt: skip


def ratio(theirs: list[float], ours: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(theirs, ours, strict=True))


IMPORT = "`import recomp_core`"
FIRST = "`recomp example` (load the model, compress once)"


def start_up(runs: int = 3) -> dict[str, float]:
    """Prints and returns the median seconds of whole processes, until the first result."""
    commands = {
        IMPORT: [sys.executable, "-c", "import recomp_core"],
        "`recomp --version`": [sys.executable, "-m", "recomp_core", "--version"],
        FIRST: [sys.executable, "-m", "recomp_core", "example"],
        "`import sentence_transformers`": [sys.executable, "-c", "import sentence_transformers"],
        "`python -c pass`": [sys.executable, "-c", "pass"],
    }  # fmt: skip
    print("### Start-up: seconds of a whole process\n\n| command | median |\n|---|---|")
    medians = {}
    for name, command in commands.items():
        seconds = []
        for _ in range(runs):
            began = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            seconds.append(time.perf_counter() - began)
        medians[name] = statistics.median(seconds)
        print(f"| {name} | {medians[name]:.2f} |", flush=True)
    return medians


def cpu() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            return next(line.split(":")[1].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor()


def versions() -> str:
    names = (
        "torch",
        "transformers",
        "sentence-transformers",
        "llama-index-core",
        "langchain-classic",
    )
    return ", ".join(f"{name} {version(name)}" for name in names)


if __name__ == "__main__":
    main()
