"""Runs all speed benchmarks and compares the results with the goals in one table.

    python benchmarks/speed_goals.py [--rounds 3] [--write]
    python benchmarks/speed_goals.py --short

Cold (speed.py, encoder_speed.py), warm (store_speed.py), start-up, many callers at one time
(concurrency.py), memory (memory.py), engines (engine_speed.py): each part runs in its own process,
and the systems that it compares take turns. --write puts everything into RESULTS.md. --short takes
a minute or two and only shows that every part runs; its figures mean nothing. The script fails on
errors, not on missed goals.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import concurrency
import data
import encoder_speed
import engine_speed
import memory
import speed
import store_speed
from results import RESULTS, write_between

BEGIN, END = "<!-- speed -->", "<!-- /speed -->"
THREADS = tuple(dict.fromkeys((1, os.cpu_count() or 1)))
# Times faster than LlamaIndex's optimizer, by threads: float32, int8.
COLD = {1: (2.0, 3.5), "all": (3.5, 6.0)}


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    rounds: int
    documents: tuple[int, ...] = (5, 20, 100)
    threads: tuple[int, ...] = THREADS
    warm_rounds: int = 30
    store_sentences: int = 1_000_000
    drift_questions: int = 30
    drift_sets: tuple[str, ...] = data.QA_SETS
    calls: int = 4
    memory_documents: int = 10_000
    memory_calls: int = 10_000
    rows: int = 256
    workers: tuple[int, ...] = (1, 2)


SHORT = Size(
    1, (2, 5), (1,), 2, 4_000, drift_questions=2, drift_sets=("nq_open",), calls=1,
    memory_documents=40, memory_calls=20, rows=64, workers=(1,),
)  # fmt: skip


@dataclass(frozen=True)
class Goal:
    """A measured value and its goal, which is None if none was set."""

    what: str
    measured: float
    goal: float | None
    unit: str = "×"
    at_least: bool = True

    def line(self) -> str:
        """A row of the table."""
        unit = self.unit if self.unit == "%" else f" {self.unit}"
        goal = met = "–"
        if self.goal is not None:
            goal = f"{'≥' if self.at_least else '≤'} {self.goal:g}{unit}"
            reached = self.measured >= self.goal if self.at_least else self.measured <= self.goal
            met = "yes" if reached else "no"
        return f"| {self.what} | {goal} | {self.measured:.3g}{unit} | {met} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--write", action="store_true", help=f"into {RESULTS.name}")
    args = parser.parse_args()
    size = SHORT if args.short else Size(args.rounds)
    header = f"{speed.cpu()}, {os.cpu_count()} cores; {speed.versions()}"
    print(header)
    goals, texts = [], []
    for name in args.parts:
        found, text = engine_speed.in_new_process(printed, PARTS[name], size)
        goals += found
        texts.append(text)
    table = "\n".join(
        ["| | goal | measured | met |", "|---|---|---|---|", *(g.line() for g in goals)]
    )
    print(f"\n## Goals\n\n{table}")
    if args.write:
        write_between(BEGIN, END, "\n\n".join([header, table, *(text.strip() for text in texts)]))


def printed(part: Callable[[Size], Iterator[Goal]], size: Size) -> tuple[list[Goal], str]:
    """The goals of a part, and the text that it printed."""
    output = Twice()
    with contextlib.redirect_stdout(output):
        print()
        goals = list(part(size))
    return goals, output.getvalue()


class Twice(io.StringIO):
    """Keeps the printed text and prints it too."""

    def write(self, text: str) -> int:
        print(text, end="", file=sys.__stdout__, flush=True)
        return super().write(text)


def start(size: Size) -> Iterator[Goal]:
    seconds = speed.start_up(size.rounds)
    yield Goal("`import recomp_core`", seconds[speed.IMPORT], 0.2, "s", at_least=False)
    yield Goal("first compress from the shell", seconds[speed.FIRST], 1.5, "s", at_least=False)


def cold(size: Size) -> Iterator[Goal]:
    for threads in size.threads:
        columns = speed.cold(threads, size.documents, size.rounds)
        exact, near = COLD[1 if threads == 1 else "all"]
        for compute, goal in (("onnx", exact), ("onnx int8", near)):
            # Encoded as the peer encodes them, so that both keep the same sentences.
            name = f"{speed.OURS}sentence, {compute}"
            for n, column in list(zip(size.documents, columns, strict=True))[1:]:
                times = speed.ratio(column[speed.PEER], column[name])
                what = (
                    f"cold, {n} documents, {threads} thread(s), {compute}: faster than LlamaIndex"
                )
                yield Goal(what, times, goal)
        times = speed.ratio(columns[-1][speed.AUTHORS], columns[-1][f"{speed.OURS}sentence, onnx"])
        what = f"cold, {size.documents[-1]} documents, {threads} thread(s): faster than the authors"
        yield Goal(what, times, 10)


def encoder(size: Size) -> Iterator[Goal]:
    for threads in size.threads:
        seconds, _ = encoder_speed.backends(threads, size.documents, size.rounds)[-1]
        times = speed.ratio(seconds["ours, onnx"], seconds[encoder_speed.LIMIT])
        what = f"encoding, {threads} thread(s), float32: times the matrix products alone"
        yield Goal(what, times, 1.1, at_least=False)
    if data.available():
        print("\n### int8 beside float32\n")
        share = encoder_speed.drift(size.drift_questions, size.drift_sets)
        yield Goal("int8 keeps the same sentences", 100 * share, 98, "%")


def warm(size: Size) -> Iterator[Goal]:
    with tempfile.TemporaryDirectory(prefix="recomp-store-") as folder:
        path = Path(folder)
        columns = store_speed.warm(path / "warm", size.documents, size.warm_rounds)
        last = columns[-1]
        times = speed.ratio(last[store_speed.AGAIN], last[store_speed.QUERY])
        what = f"warm, {size.documents[-1]} documents: times encoding the query"
        yield Goal(what, times, 1.3, at_least=False)
        print()
        sizes = size.documents[-1:]
        (column,) = store_speed.warm(path / "beside", sizes, size.rounds, peer=True)
        times = speed.ratio(column[speed.PEER], column[store_speed.AGAIN])
        yield Goal(f"warm, {sizes[0]} documents: faster than LlamaIndex", times, 50)
        ms = store_speed.opening(path / "open", size.store_sentences)
        what = f"a store of {size.store_sentences} sentences opens in"
        yield Goal(what, ms, 100, "ms", at_least=False)


def callers(size: Size) -> Iterator[Goal]:
    print("### Many callers at one time\n")
    for known in (False, True):
        times, p95 = concurrency.measure(calls=size.calls, rounds=size.rounds, known=known)
        print()
        documents = "known documents" if known else "unseen documents"
        yield Goal(f"32 callers, {documents}: throughput of a thread pool", times, 1.5)
        what = f"32 callers, {documents}: p95, times a batch of all"
        yield Goal(what, p95, 2, at_least=False)


def memories(size: Size) -> Iterator[Goal]:
    print("### Memory\n")
    peak, grown = memory.measure(size.memory_documents, size.memory_calls)
    what = f"memory over the model, {size.memory_documents} documents in a call"
    yield Goal(what, peak, memory.PEAK_LIMIT_MIB, "MiB", at_least=False)
    what = f"memory that {size.memory_calls} calls leave"
    yield Goal(what, grown, memory.GROWTH_LIMIT_MIB, "MiB", at_least=False)


def engines(size: Size) -> Iterator[Goal]:
    print("### Engines\n")
    for job in engine_speed.JOBS:
        runs = engine_speed.measure(job, size.rows, 5, list(size.workers))
        alone = runs["no engine, 1 thread(s)"]
        for n in size.workers:
            times = runs[f"ray, {n} worker(s) of one thread"].rate / alone.rate
            yield Goal(f"{job}, Ray, {n} worker(s): rows/s of one thread without", times, None)


PARTS: dict[str, Callable[[Size], Iterator[Goal]]] = {
    "start": start, "cold": cold, "encoder": encoder, "warm": warm, "callers": callers,
    "memory": memories, "engines": engines,
}  # fmt: skip


if __name__ == "__main__":
    main()
