"""Times queries about stored documents, and measures how the store's number types change scores.

    python benchmarks/store_speed.py [--rounds 20] [--sentences 1000000] [--questions 100]

warm     a query whose documents are in the store, compared with encoding the query alone, with the
         same call without a store, and with LlamaIndex's SentenceEmbeddingOptimizer (--peer; slow)
open     the time to open a store of `--sentences` made-up sentences (four per document) and to read
         a hundred documents
drift    scores and kept sentences with each type of vector, compared with no store, on the dev sets
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import data
import numpy as np
from speed import PEER, cpu, llamaindex, material, ratio

from recomp_core import TopK, load_compressor
from recomp_core.extractive.indexing import Indexer, with_store
from recomp_core.store import SentenceStore
from recomp_core.store.keys import passage_key
from recomp_core.store.records import pack, vectors_record

SENTENCES, DIM = 4, 384  # of a made-up document
QUERY, AGAIN, OPENED = "the query alone", "with a store, again", "with a store, just opened"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", default=["warm", "open", "drift"])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--sizes", type=int, nargs="+", default=[5, 20, 100])
    parser.add_argument("--context", default=None)
    parser.add_argument("--peer", action="store_true")
    parser.add_argument("--sentences", type=int, default=1_000_000)
    parser.add_argument("--questions", type=int, default=100)
    args = parser.parse_args()
    print(f"{cpu()}, {os.cpu_count()} cores\n")
    folder = Path(tempfile.mkdtemp(prefix="recomp-store-"))
    try:
        if "warm" in args.parts:
            warm(folder / "warm", args.sizes, args.rounds, peer=args.peer, context=args.context)
        if "open" in args.parts:
            opening(folder / "open", args.sentences)
        if "drift" in args.parts:
            drift(args.questions, args.context)
    finally:
        shutil.rmtree(folder)


def warm(
    folder: Path,
    sizes: Sequence[int],
    n_rounds: int,
    *,
    peer: bool = False,
    context: str | None = None,
) -> list[dict[str, list[float]]]:
    """Prints the table. Returns for each size the seconds of each round by system."""
    query, passages = material(max(sizes))
    plain = load_compressor(selector=TopK(5), device="cpu", context=context)
    kept = with_store(plain, folder)
    Indexer(kept).add(passages)
    encoder = plain.scorer.encoder

    def fresh(query, passages):
        """The operating system has cached the files; the process has read nothing."""
        with SentenceStore(folder) as store:
            compressor = with_store(plain, store)
            began = time.perf_counter()
            compressor.compress(query, passages)
            return time.perf_counter() - began

    calls = {
        QUERY: timed(lambda query, _: encoder.encode_queries([query])),
        AGAIN: timed(kept.compress),
        OPENED: fresh,
    }
    if peer:
        calls["without a store"] = timed(plain.compress)
        calls[PEER] = timed(llamaindex(sentence_transformer()))
    print(f"### Warm, context={plain.scorer.context}: milliseconds, median (lowest to highest)\n")
    print("| system | " + " | ".join(f"{n} documents" for n in sizes) + " |")
    print("|---|" + "---|" * len(sizes))
    columns = [rounds(calls, query, passages[:n], n_rounds) for n in sizes]
    for name in calls:
        cells = (
            f"{statistics.median(c[name]) * 1e3:.1f} "
            f"({min(c[name]) * 1e3:.1f} to {max(c[name]) * 1e3:.1f})"
            for c in columns
        )
        print(f"| {name} | " + " | ".join(cells) + " |")
    for name in (AGAIN, OPENED):
        print(f"\n{name}, times the query alone (medians, and of the lowest):", end=" ")
        print(
            " / ".join(
                f"{ratio(c[name], c[QUERY]):.2f} ({min(c[name]) / min(c[QUERY]):.2f})"
                for c in columns
            )
        )
        if peer:
            print(f"{name}, times faster than {PEER}:", end=" ")
            print(" / ".join(f"{ratio(c[PEER], c[name]):.0f}" for c in columns), flush=True)
    return columns


def sentence_transformer():
    """The encoder in the form that the peer takes."""
    return load_compressor(device="cpu", backend="torch").scorer.encoder.model


def timed(call):
    def seconds(query, passages):
        began = time.perf_counter()
        call(query, passages)
        return time.perf_counter() - began

    return seconds


def rounds(calls: dict, query: str, passages: list[str], n: int) -> dict[str, list[float]]:
    for call in calls.values():
        call(query, passages)
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(n):
        for name, call in calls.items():
            seconds[name].append(call(query, passages))
    return seconds


OPEN = """
import sys, time
from recomp_core.store.sentence_store import SentenceStore
from recomp_core.store.keys import passage_key
keys = [passage_key(b"bench", "", "", str(n), ()) for n in map(int, sys.argv[2:])]
began = time.perf_counter()
store = SentenceStore(sys.argv[1])
opened = time.perf_counter()
found = store.read(keys)
assert len(found) == len(set(keys))
print((opened - began) * 1e3, (time.perf_counter() - opened) * 1e3)
"""


def opening(folder: Path, sentences: int) -> float:
    """Prints the times. Returns the median milliseconds to open the store."""
    documents = sentences // SENTENCES
    vectors = np.random.default_rng(0).normal(size=(SENTENCES, DIM)).astype(np.float32)
    packed = pack(vectors, "float16")
    began = time.perf_counter()
    with SentenceStore(folder) as store:
        for first in range(0, documents, 1_000):
            keys = [
                passage_key(b"bench", "", "", str(n), ())
                for n in range(first, min(documents, first + 1_000))
            ]
            store.write([(key, vectors_record(key, packed, "float16")) for key in keys])
        size = store.size_bytes()
    took = time.perf_counter() - began
    random = np.random.default_rng(1)
    opens, reads = [], []
    for _ in range(5):
        chosen = map(str, random.integers(documents, size=100).tolist())
        command = [sys.executable, "-c", OPEN, str(folder), *chosen]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        opened, read = map(float, done.stdout.split())
        opens.append(opened)
        reads.append(read)
    print(
        f"\n### {documents * SENTENCES} sentences, {size / 1e6:.0f} MB: written in {took:.0f} s; "
        f"opened in {statistics.median(opens):.1f} ms ({max(opens):.1f} at most), then 100 "
        f"documents read in {statistics.median(reads):.1f} ms ({max(reads):.1f} at most)"
    )
    return statistics.median(opens)


def drift(n: int, context: str | None) -> None:
    plain = load_compressor(selector=TopK(5), device="cpu", context=context)
    print(
        "\n### Drift: largest and mean change of a score, and questions with the same sentences\n"
    )
    print("| set | type | largest | mean | same kept | kept sentences the same |")
    print("|---|---|---|---|---|---|")
    for name in ("nq_open", "hotpotqa", "xquad_multi"):
        rows = data.questions(name, n=n)
        queries = [row["question"] for row in rows]
        documents = [row["documents"] for row in rows]
        expected = plain.compress_batch(queries, documents)
        for dtype in ("float32", "float16", "int8"):
            with SentenceStore(dtype=dtype) as store:
                found = with_store(plain, store).compress_batch(queries, documents)
            changes = np.concatenate(
                [np.subtract(scores(a), scores(b)) for a, b in zip(expected, found, strict=True)]
            )
            same = [places(a) == places(b) for a, b in zip(expected, found, strict=True)]
            shared = sum(
                len(places(a) & places(b)) for a, b in zip(expected, found, strict=True)
            ) / sum(len(places(a)) for a in expected)
            print(
                f"| {name} | {dtype} | {np.abs(changes).max():.1e} | {np.abs(changes).mean():.1e} "
                f"| {sum(same)}/{len(same)} | {shared:.2%} |"
            )


def scores(compression) -> list[float]:
    every = (*compression.kept, *compression.dropped)
    return [s.score for s in sorted(every, key=lambda s: (s.doc_index, s.start))]


def places(compression) -> set[tuple[int, int]]:
    return {(s.doc_index, s.start) for s in compression.kept}


if __name__ == "__main__":
    main()
