"""Records through `recomp compress`, in this process and on Ray: rows per second, and what it costs
to begin.

    python benchmarks/engine_speed.py [--rows 512] [--documents 5] [--workers 1 2]

Each way is a process of its own, as the command is. Its rate is that of the rows after the first
batch; the time until the first batch is there (imports, cluster, actors, the model in each) is
counted apart. From both follows after how many rows Ray is done first.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch
from concurrency import material
from speed import cpu

BATCH = 16
SETTINGS = {"top_k": 2, "device": "cpu"}


@dataclass(frozen=True)
class Run:
    """Seconds until the first batch was there, and rows per second from then on."""

    start: float
    rate: float

    def seconds(self, rows: float) -> float:
        return self.start + rows / self.rate


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--rows", type=int, default=512)
    parser.add_argument("--documents", type=int, default=5, help="of a row")
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2], help="of Ray")
    args = parser.parse_args()
    print(f"{cpu()}, {os.cpu_count()} cores; {args.rows} rows of {args.documents} documents\n")
    measure(args.rows, args.documents, args.workers)


def measure(rows: int, documents: int, workers: list[int]) -> dict[str, Run]:
    """Prints the table. Runs by name."""
    cores = os.cpu_count() or 1
    ways: dict[str, tuple[int | None, int]] = {
        f"no engine, {threads} thread(s)": (None, threads) for threads in dict.fromkeys([1, cores])
    }
    ways |= {f"ray, {n} worker(s) of one thread": (n, 1) for n in workers}
    print("| way | until the first batch, s | rows/s from then on |")
    print("|---|---|---|")
    runs = {}
    with tempfile.TemporaryDirectory(prefix="recomp-engines-") as folder:
        source = Path(folder, "records.jsonl")
        with source.open("w", encoding="utf-8") as sink:
            for query, given in material(rows, documents):
                texts = [{"title": d.title, "text": d.text} for d in given]
                sink.write(json.dumps({"query": query, "documents": texts}) + "\n")
        for number, (name, (n_workers, threads)) in enumerate(ways.items()):
            runs[name] = anew(run, str(source), f"{folder}/{number}.jsonl", n_workers, threads)
            print(f"| {name} | {runs[name].start:.1f} | {runs[name].rate:.1f} |", flush=True)
    best = max((r for name, r in runs.items() if "ray" not in name), key=lambda r: r.rate)
    for name, ours in runs.items():
        if "ray" in name:
            print(f"\n{name}: {pays(ours, best)}")
    return runs


def pays(ours: Run, alone: Run) -> str:
    """After how many rows `ours` is done before `alone`."""
    if ours.rate <= alone.rate:
        return f"{ours.rate / alone.rate:.2f} × the best rate without: never done first"
    later = ours.start - alone.start
    rows = max(0.0, later / (1 / alone.rate - 1 / ours.rate))
    return f"{ours.rate / alone.rate:.2f} × the best rate without: done first from {rows:.0f} rows"


def anew(function, *arguments):
    """A function's result from a process of its own: nothing is loaded there yet."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(function, *arguments).result()


def run(source: str, output: str, workers: int | None, threads: int) -> Run:
    torch.set_num_threads(threads)  # of this process; Ray gives its actors as many as their CPUs
    began = time.perf_counter()
    from recomp_core.engines import LocalEngine, RayEngine
    from recomp_core.records import CompressWorker, RecordJob

    engine = Timed(LocalEngine() if workers is None else RayEngine(workers=workers))
    job = RecordJob(source, Path(output), settings=SETTINGS)
    summary = job.run_on(engine, CompressWorker, SETTINGS, batch_records=BATCH)
    ended = time.perf_counter()
    if engine.first is None or summary.failed:
        raise RuntimeError(f"not all rows were compressed: {summary}")
    # All workers begin at one time: as many batches come with the first.
    rest = summary.compressed - BATCH * (workers or 1)
    return Run(engine.first - began, rest / (ended - engine.first))


class Timed:
    """An engine, and when its first batch was there."""

    def __init__(self, engine) -> None:
        self.engine = engine
        self.first: float | None = None

    def map(self, worker, settings, batches) -> Iterator:
        for results in self.engine.map(worker, settings, batches):
            self.first = self.first or time.perf_counter()
            yield results


if __name__ == "__main__":
    main()
