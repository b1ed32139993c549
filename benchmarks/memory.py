"""Measures the memory that calls take, and what they leave behind.

    python benchmarks/memory.py [--documents 10000] [--calls 10000] [--growth]

The figures are the resident memory of this process (psutil): after the model was loaded and used
once; the highest while one call compresses all `--documents` for one query, and while batches
compress ten documents for each of a fiftieth as many queries; then ten times during `--calls` small
calls. `--growth` also shows the lines of code that hold the memory allocated since (tracemalloc,
slow). The script fails if a peak is more than 1 GiB above the loaded model, or if calls leave more
than 64 MiB.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable
from importlib.metadata import version
from types import TracebackType

import psutil
from concurrency import material

from recomp_core import TopK, load_compressor

MIB = 2**20
PEAK_LIMIT_MIB = 1024
GROWTH_LIMIT_MIB = 64


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--documents", type=int, default=10_000)
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--growth", action="store_true", help="show what grows, by line of code")
    args = parser.parse_args()
    peak, grown = measure(args.documents, args.calls, by_line=args.growth)
    return int(peak > PEAK_LIMIT_MIB or grown > GROWTH_LIMIT_MIB)


def measure(n_documents: int, calls: int, *, by_line: bool = False) -> tuple[float, float]:
    """Prints the tables. Returns the highest MiB above the model, and the MiB that calls left."""
    compressor = load_compressor(selector=TopK(2), device="cpu", prefilter=0)  # all is encoded
    documents = [d for _, five in material(max(20, n_documents // 5), 5) for d in five]
    compressor.compress("what is used at the first call?", documents[:40])
    gc.collect()
    base = resident()
    print(f"torch {version('torch')}; after the first call {base:.0f} MiB\n")
    print("| what | seconds | highest, MiB over the model | afterwards |")
    print("|---|---|---|---|")
    queries = [f"question {n}" for n in range(max(1, n_documents // 50))]
    lists = [documents[10 * n : 10 * n + 10] for n in range(len(queries))]
    works: dict[str, Callable[[], object]] = {
        f"one query, {n_documents} documents": lambda: compressor.compress(
            "who built the tower?", documents[:n_documents]
        ),
        f"compress_batch, {len(queries)} queries of 10": lambda: compressor.compress_batch(
            queries, lists
        ),
        f"acompress_batch, {len(queries)} queries of 10": lambda: asyncio.run(
            compressor.acompress_batch(queries, lists)
        ),
    }
    peaks = [peak_of(name, work, base) for name, work in works.items()]
    grown = growth(compressor, documents, calls, by_line=by_line)
    print(f"\nGrown over {calls} calls: {grown:.0f} MiB")
    return max(peaks), grown


def peak_of(name: str, work: Callable[[], object], base: float) -> float:
    began = time.perf_counter()
    with Highest() as highest:
        work()
    seconds = time.perf_counter() - began
    gc.collect()
    print(f"| {name} | {seconds:.1f} | {highest.mib - base:.0f} | {resident() - base:.0f} |")
    return highest.mib - base


def growth(compressor, documents, calls: int, *, by_line: bool) -> float:
    """MiB gained from the first tenth of the calls to the last; each call has other documents."""
    if by_line:
        tracemalloc.start(12)
    marks, before = [], None
    for number in range(calls):
        first = (7 * number) % (len(documents) - 5)
        query = f"who lit lamp {number}?"
        if number % 2:
            compressor.compress(query, documents[first : first + 3])
        else:
            asyncio.run(compressor.acompress(query, documents[first : first + 3]))
        if (number + 1) % max(1, calls // 10) == 0:
            gc.collect()
            marks.append(resident())
            if by_line and before is None:
                before = tracemalloc.take_snapshot()
    print("\nDuring the calls, MiB: " + " ".join(f"{mark:.0f}" for mark in marks))
    if before is not None:
        print("\nHeld now and not after the first tenth:")
        for line in tracemalloc.take_snapshot().compare_to(before, "lineno")[:12]:
            print(f"  {line}")
    return marks[-1] - marks[0]


def resident() -> float:
    return psutil.Process().memory_info().rss / MIB


class Highest:
    """Watches the highest resident memory, every five milliseconds."""

    def __enter__(self) -> Highest:
        self.mib = resident()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def _watch(self) -> None:
        while not self._over.wait(0.005):
            self.mib = max(self.mib, resident())

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()
        self.mib = max(self.mib, resident())


if __name__ == "__main__":
    sys.exit(main())
