"""Compares `acompress`, which batches concurrent calls, with a thread pool around `compress`.

    python benchmarks/concurrency.py [--callers 32] [--calls 8] [--documents 5] [--known]

Every caller asks one question after the other, each about other documents, as the handlers of a
server do. Three ways: a coroutine per caller that awaits `acompress`; a thread per caller in a
`ThreadPoolExecutor` around `compress`; and, as the reference, the same questions in calls of
`compress_batch` of `--callers` at a time. Rounds are interleaved, and their order changes. With
--known the vectors of the documents are in a store, so that little but the query is encoded.
Throughput is in queries per second. Latency is what a caller sees: p50 and p95 over all rounds. CPU
is the time of this process on all cores, which is meaningful on a busy machine too; "cores" is how
many of them it keeps busy.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from itertools import chain

import data
import torch

from recomp_core import Document, ExtractiveCompressor, TopK, load_compressor
from recomp_core.data.examples import lighthouse
from recomp_core.runtime.batching import Batching
from recomp_core.store import SentenceStore

Question = tuple[str, list[Document]]
Latencies = list[float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--callers", type=int, default=32)
    parser.add_argument("--calls", type=int, default=8, help="questions per caller and round")
    parser.add_argument("--documents", type=int, default=5, help="per question")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--workers", type=int, default=1, help="batches that run at one time")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--known", action="store_true", help="the documents' vectors are stored")
    args = parser.parse_args()
    measure(**vars(args))


def measure(
    callers: int = 32,
    calls: int = 8,
    documents: int = 5,
    rounds: int = 3,
    threads: int = os.cpu_count() or 1,
    workers: int = 1,
    device: str = "cpu",
    known: bool = False,
) -> tuple[float, float]:
    """Prints the table.

    Returns the throughput as a multiple of the pool's, and the p95 as a multiple of the time of one
    batch with all callers.
    """
    torch.set_num_threads(threads)
    questions = material(callers * calls, documents)
    store = SentenceStore() if known else None
    loaded = load_compressor(selector=TopK(5), device=device, store=store)
    compressor = ExtractiveCompressor(
        loaded.scorer,
        selector=loaded.selector,
        splitter=loaded.splitter,
        batching=Batching(workers=workers),
    )
    # Pay for everything that is made at the first use.
    compressor.compress_batch(*columns(questions if known else questions[:2]))

    ways: dict[str, Callable[[], Latencies]] = {
        "acompress": lambda: asyncio.run(coroutines(compressor, questions, callers)),
        "thread pool around compress": lambda: pooled(compressor, questions, callers),
        "compress_batch": lambda: batches(compressor, questions, callers),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    cpu: dict[str, list[float]] = {name: [] for name in ways}
    latencies: dict[str, Latencies] = {name: [] for name in ways}
    for number in range(rounds):
        names = list(ways)
        for name in names[number % 3 :] + names[: number % 3]:
            began, cpu_began = time.perf_counter(), time.process_time()
            latencies[name] += ways[name]()
            seconds[name].append(time.perf_counter() - began)
            cpu[name].append(time.process_time() - cpu_began)

    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, {threads} "
        f"threads, {workers} worker(s), {device}, torch {version('torch')}; "
        f"{callers} callers, {calls} questions each, {documents} documents each, "
        f"{'known before, ' if known else ''}{rounds} rounds\n"
    )
    print("| way | queries/s, median (range) | latency p50, ms | p95, ms | CPU ms/query | cores |")
    print("|---|---|---|---|---|---|")
    for name in ways:
        rates = sorted(len(questions) / taken for taken in seconds[name])
        p50, p95 = percentile(latencies[name], 50), percentile(latencies[name], 95)
        print(
            f"| {name} | {statistics.median(rates):.1f} ({rates[0]:.1f}–{rates[-1]:.1f}) "
            f"| {1000 * p50:.0f} | {1000 * p95:.0f} "
            f"| {1000 * statistics.median(cpu[name]) / len(questions):.1f} "
            f"| {sum(cpu[name]) / sum(seconds[name]):.2f} |"
        )
    ours, pool, batch = (seconds[name] for name in ways)
    ratios = [there / here for there, here in zip(pool, ours, strict=True)]
    own = statistics.median(latencies["compress_batch"])
    p95 = percentile(latencies["acompress"], 95)
    print(
        f"\nThroughput against the thread pool: {statistics.median(ratios):.2f} × "
        f"({min(ratios):.2f}–{max(ratios):.2f}), against compress_batch: "
        f"{statistics.median([t / h for t, h in zip(batch, ours, strict=True)]):.2f} ×. "
        f"p95 of acompress: {p95 / own:.2f} × the time of a batch of {callers}.",
        flush=True,
    )
    return statistics.median(ratios), p95 / own


def percentile(values: list[float], rank: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * rank / 100))]


def material(n: int, documents: int) -> list[Question]:
    """`n` questions with distinct passages: real ones if the data is available."""
    if data.available():
        rows = data.questions("nq_open", n=n, documents=documents)
        found = [(row["question"], row["documents"]) for row in rows]
        if len(found) == n and all(len(docs) == documents for _, docs in found):
            return found
    query, example = lighthouse()
    return [
        (f"{query} ({i})", [Document(f"{d.text} ({i})", title=d.title) for d in passages])
        for i in range(n)
        for passages in [[example[(i + j) % len(example)] for j in range(documents)]]
    ]


def columns(questions: list[Question]) -> tuple[list[str], list[list[Document]]]:
    return [query for query, _ in questions], [documents for _, documents in questions]


async def coroutines(compressor, questions: list[Question], callers: int) -> Latencies:
    async def caller(first: int) -> Latencies:
        seen = []
        for query, documents in questions[first::callers]:
            began = time.perf_counter()
            await compressor.acompress(query, documents)
            seen.append(time.perf_counter() - began)
        return seen

    return list(chain.from_iterable(await asyncio.gather(*map(caller, range(callers)))))


def pooled(compressor, questions: list[Question], callers: int) -> Latencies:
    def caller(first: int) -> Latencies:
        seen = []
        for query, documents in questions[first::callers]:
            began = time.perf_counter()
            compressor.compress(query, documents)
            seen.append(time.perf_counter() - began)
        return seen

    with ThreadPoolExecutor(callers) as pool:
        return list(chain.from_iterable(pool.map(caller, range(callers))))


def batches(compressor, questions: list[Question], callers: int) -> Latencies:
    seen = []
    for first in range(0, len(questions), callers):
        part = questions[first : first + callers]
        began = time.perf_counter()
        compressor.compress_batch(*columns(part))
        seen.append(time.perf_counter() - began)
    return seen


if __name__ == "__main__":
    main()
