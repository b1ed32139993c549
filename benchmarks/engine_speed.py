"""Compares `recomp compress` and `recomp label contrastive` in one process and on Ray.

    python benchmarks/engine_speed.py [--jobs compress label] [--rows 512] [--workers 1 2]

Each way runs in its own process, as the command does. The table shows the rows per second after
the first batch, and separately the seconds until the first batch is done (imports, cluster, actors,
the model in each). From both follows the number of rows from which Ray finishes first. The reader
that labels is the embedded encoder with an untrained head: its labels mean nothing, its cost is
that of a trained reader.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch
from concurrency import material
from speed import cpu

from recomp_core.persistence.names import embedded_model

# Rows of a batch, as many as the commands take.
BATCHES = {"compress": 16, "label": 8}
LEAST = 32  # questions to label
COMPRESSION = {"top_k": 2, "device": "cpu"}
COMPRESSED, LABELLED, READER = "records.jsonl", "questions.jsonl", "reader"


@dataclass(frozen=True)
class Run:
    """Seconds until the first batch was done, and rows per second after it."""

    start: float
    rate: float

    def seconds(self, rows: float) -> float:
        return self.start + rows / self.rate


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--jobs", nargs="+", choices=JOBS, default=list(JOBS))
    parser.add_argument("--rows", type=int, default=512, help="of labelling a quarter of them")
    parser.add_argument("--documents", type=int, default=5, help="of a row")
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2], help="of Ray")
    args = parser.parse_args()
    print(f"{cpu()}, {os.cpu_count()} cores; {args.rows} rows of {args.documents} documents\n")
    for job in args.jobs:
        measure(job, args.rows, args.documents, args.workers)


def measure(job: str, rows: int, documents: int, workers: list[int]) -> dict[str, Run]:
    """Prints the table of one of `JOBS`. Returns the runs by name."""
    cores = os.cpu_count() or 1
    ways: dict[str, tuple[int | None, int]] = {
        f"no engine, {threads} thread(s)": (None, threads) for threads in dict.fromkeys([1, cores])
    }
    ways |= {f"ray, {n} worker(s) of one thread": (n, 1) for n in workers}
    print(f"| {job} | until the first batch, s | rows/s from then on |")
    print("|---|---|---|")
    runs = {}
    with tempfile.TemporaryDirectory(prefix="recomp-engines-") as name:
        folder = Path(name)
        write_material(folder, rows, documents)
        for number, (way, (n_workers, threads)) in enumerate(ways.items()):
            runs[way] = in_new_process(run, job, folder, str(number), n_workers, threads)
            print(f"| {way} | {runs[way].start:.1f} | {runs[way].rate:.1f} |", flush=True)
    best = max((r for name, r in runs.items() if "ray" not in name), key=lambda r: r.rate)
    for name, ours in runs.items():
        if "ray" in name:
            print(f"\n{name}: {pays(ours, best)}")
    print()
    return runs


def write_material(folder: Path, rows: int, documents: int) -> None:
    """Writes what the jobs read: records, some of them as questions with answers, and a reader."""
    with (folder / COMPRESSED).open("w") as all_of_them, (folder / LABELLED).open("w") as some:
        for number, (query, given) in enumerate(material(rows, documents)):
            texts = [{"title": d.title, "text": d.text} for d in given]
            all_of_them.write(json.dumps({"query": query, "documents": texts}) + "\n")
            if number < max(rows // 4, LEAST):
                answer = " ".join(given[0].text.split()[:2])
                question = {"question": query, "answers": [answer], "documents": texts}
                some.write(json.dumps(question) + "\n")
    in_new_process(write_reader, folder / READER)


def write_reader(folder: Path) -> None:
    from transformers import AutoModelForQuestionAnswering, AutoTokenizer

    source = embedded_model()
    AutoModelForQuestionAnswering.from_pretrained(source).save_pretrained(folder)
    AutoTokenizer.from_pretrained(source).save_pretrained(folder)


def pays(ours: Run, alone: Run) -> str:
    """Says from how many rows on `ours` finishes before `alone`."""
    if ours.rate <= alone.rate:
        return f"{ours.rate / alone.rate:.2f} × the best rate without: never done first"
    later = ours.start - alone.start
    rows = max(0.0, later / (1 / alone.rate - 1 / ours.rate))
    return f"{ours.rate / alone.rate:.2f} × the best rate without: done first from {rows:.0f} rows"


def in_new_process(function, *arguments):
    """The result of a function that runs in a new process, where nothing is loaded yet."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(function, *arguments).result()


def run(job: str, folder: Path, name: str, workers: int | None, threads: int) -> Run:
    torch.set_num_threads(threads)  # in this process; Ray gives its actors as many threads as CPUs
    began = time.perf_counter()
    from recomp_core.runtime.engines import LocalEngine, RayEngine

    engine = Timed(LocalEngine() if workers is None else RayEngine(workers=workers))
    rows = JOBS[job](engine, folder, name)
    ended = time.perf_counter()
    if engine.first is None:
        raise RuntimeError(f"{job}: nothing was done")
    # All workers begin at the same time, so as many batches come with the first.
    rest = rows - BATCHES[job] * (workers or 1)
    return Run(engine.first - began, rest / (ended - engine.first))


def compress(engine: Timed, folder: Path, name: str) -> int:
    """Compresses as `recomp compress` does. Returns the number of rows."""
    from recomp_core.data.records import RecordJob
    from recomp_core.persistence.factory import compress_worker

    job = RecordJob(str(folder / COMPRESSED), folder / f"{name}.jsonl", settings=COMPRESSION)
    summary = job.run_on(engine, compress_worker, COMPRESSION, batch_records=BATCHES["compress"])
    if summary.failed:
        raise RuntimeError(f"not all rows were compressed: {summary}")
    return summary.compressed


def label(engine: Timed, folder: Path, name: str) -> int:
    """Labels as `recomp label contrastive` does. Returns the number of questions."""
    from recomp_core.data.reading import read_questions
    from recomp_core.labelling.factory import labeller_from_settings
    from recomp_core.labelling.jobs import LabelJob, LabelWorker

    settings = {
        "builder": "contrastive",
        "scorer": {"scorer": "reader", "model": str(folder / READER), "device": "cpu"},
        "encoder": {"device": "cpu"},
        "cache": str(folder / f"labels-{name}" / "cache.sqlite"),
    }
    job = LabelJob(folder / f"labels-{name}", labeller_from_settings(**settings).identity)
    questions = read_questions(str(folder / LABELLED))
    report = job.run_on(engine, LabelWorker, settings, questions, batch_questions=BATCHES["label"])
    if report.counts["failed"]:
        raise RuntimeError(f"not all questions were labelled: {report}")
    return report.questions


class Timed:
    """An engine that notes when its first batch was done."""

    def __init__(self, engine) -> None:
        self.engine = engine
        self.first: float | None = None

    def map(self, worker, settings, batches) -> Iterator:
        for results in self.engine.map(worker, settings, batches):
            self.first = self.first or time.perf_counter()
            yield results


# Each job runs on an engine, reads from the folder, writes there under a name, and counts rows.
JOBS: dict[str, Callable[[Timed, Path, str], int]] = {"compress": compress, "label": label}


if __name__ == "__main__":
    main()
