"""Measures what `prefilter` saves on large inputs, and what it loses.

    python benchmarks/long_documents.py [--questions 60] [--sizes 500 2000 5000] [--write]

Found    Questions of Natural Questions (dev), evenly spaced, each with its own ten passages among
         others of the same set: 500 to 5,000 in all, each a document by itself, and as documents of
         fifty passages. The two best sentences by the bundled encoder, with the default prefilter
         and without one; "of the same answers" is how many of those that are found in everything
         are found with it. All are encoded once, into --store, which continues where it stopped.
Seconds  A call about a megabyte of passages that are not known, in a process of its own.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import data
from quality import spaced
from results import write_between
from speed import cpu
from tqdm import tqdm

from recomp_core import Document, TopK, load_compressor
from recomp_core.extractive.indexing import Indexer, with_store
from recomp_core.text.answers import contains_answer

BEGIN, END = "<!-- large inputs: written by long_documents.py -->", "<!-- end of large inputs -->"
SET, OWN = "nq_open", 10
TOGETHER = 50  # passages in a long document
AT_ONCE = 64
MEGABYTE = 1_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--questions", type=int, default=60)
    parser.add_argument("--sizes", type=int, nargs="+", default=[500, 2000, 5000])
    parser.add_argument("--cold", type=int, default=3, help="processes timed with and without")
    parser.add_argument("--store", type=Path, default=Path("build/long-documents"))
    parser.add_argument("--write", action="store_true", help="into RESULTS.md")
    parser.add_argument("--timed", choices=("0", "default"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if not data.available():
        print(f"skipped: there is no data in {data.DATA}; set RECOMP_DATA to its folder")
        return
    rows = data.questions(SET, documents=OWN)
    asked = spaced(rows, args.questions)
    pool = pool_of(asked, rows, max(args.sizes))
    if args.timed:
        print(seconds_of_a_megabyte(rows[0]["question"], pool, args.timed))
        return
    text = "\n\n".join([
        f"{cpu()}, {os.cpu_count()} cores. {SET}, {len(asked)} questions.",
        found_table(asked, pool, args.sizes, args.store),
        *([seconds_table(args.cold)] if args.cold else []),
    ])  # fmt: skip
    print(text)
    if args.write:
        write_between(BEGIN, END, text)


Passage = tuple[str, str]
"""A title and a text."""


def passages_of(row: dict) -> list[Passage]:
    return [(document.title or "", document.text) for document in row["documents"]]


def pool_of(asked: Sequence[dict], rows: Sequence[dict], size: int) -> list[Passage]:
    """All passages of the questions, and others up to that size, in a fixed disorder."""
    ordered = (passage for row in (*asked, *rows) for passage in passages_of(row))
    pool = list(dict.fromkeys(ordered))[:size]
    random.Random(0).shuffle(pool)
    return pool


def as_passages(passages: Sequence[Passage]) -> list[Document]:
    return [Document(text, title=title or None) for title, text in passages]


def as_long_documents(passages: Sequence[Passage]) -> list[Document]:
    """Fifty passages each, under headings."""
    parts = [f"## {title}\n\n{text}" if title else text for title, text in passages]
    return [
        Document("\n\n".join(parts[first : first + TOGETHER]))
        for first in range(0, len(parts), TOGETHER)
    ]


def material(own: set[str], documents: Sequence[Document], n: int) -> list[Document]:
    """The documents that hold a question's own passages, and the first others, in their order."""
    holding = [any(text in document.text for text in own) for document in documents]
    room = n - sum(holding)
    chosen = []
    for document, holds in zip(documents, holding, strict=True):
        if holds or room > 0:
            chosen.append(document)
            room -= not holds
    return chosen


def found_table(
    rows: Sequence[dict], pool: Sequence[Passage], sizes: Sequence[int], folder: Path
) -> str:
    everything = with_store(load_compressor(selector=TopK(2), device="cpu", prefilter=0), folder)
    chosen_from = with_store(load_compressor(selector=TopK(2), device="cpu"), folder)
    lines = [
        "| passages | as | found in everything | found with `prefilter` | of the same answers | "
        "read of the sentences |",
        "|---|---|---|---|---|---|",
    ]
    forms = (("passages", as_passages, 1), ("documents of fifty", as_long_documents, TOGETHER))
    for name, build, together in forms:
        documents = build(pool)
        each = AT_ONCE // together or 1
        for first in tqdm(range(0, len(documents), each), desc=f"encoding {name}", unit="batch"):
            Indexer(everything).add(documents[first : first + each])
        for size in sizes:
            found_all, found_some, read = [], [], []
            for row in tqdm(rows, desc=f"{size} as {name}", unit="question"):
                own = {text for _, text in passages_of(row)}
                given = material(own, documents, size // together)
                some = chosen_from.compress(row["question"], given)
                found_some.append(contains_answer(some.text, row["answers"]))
                share = some.reason.partition(" sentences were scored")[0].split(" of ")
                read.append(int(share[0]) / int(share[1]) if len(share) == 2 else 1.0)
                whole = everything.compress(row["question"], given)
                found_all.append(contains_answer(whole.text, row["answers"]))
            lines.append(row_of(size, name, found_all, found_some, read))
    return "\n".join(lines)


def row_of(
    size: int, name: str, found_all: list[bool], found_some: list[bool], read: list[float]
) -> str:
    same = [some for every, some in zip(found_all, found_some, strict=True) if every]
    cells = (
        f"{100 * statistics.mean(found_all):.1f} %",
        f"{100 * statistics.mean(found_some):.1f} %",
        f"{sum(same)} of {len(same)} ({100 * statistics.mean(same):.1f} %)",
        f"{100 * statistics.mean(read):.0f} %",
    )
    return f"| {size} | {name} | {' | '.join(cells)} |"


def seconds_table(n: int) -> str:
    lines = [
        "| a megabyte of unknown passages | seconds, median (lowest to highest) |",
        "|---|---|",
    ]
    for name, label in (
        ("default", "with `prefilter`, the default"),
        ("0", "without (`prefilter=0`)"),
    ):
        times = []
        for _ in range(n):
            command = [sys.executable, __file__, "--timed", name]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            times.append(float(done.stdout))
        spread = f" ({min(times):.2f} to {max(times):.2f})" if n > 1 else ""
        lines.append(f"| {label} | {statistics.median(times):.2f}{spread} |")
    return "\n".join(lines)


def seconds_of_a_megabyte(question: str, pool: Sequence[Passage], prefilter: str) -> float:
    settings = {} if prefilter == "default" else {"prefilter": int(prefilter)}
    compressor = load_compressor(selector=TopK(2), device="cpu", **settings)
    compressor.compress(question, as_passages(pool[:3]))  # the model is loaded, its engine started
    documents, size = [], 0
    for document in as_passages(pool[3:]):
        documents.append(document)
        size += len(document.text)
        if size >= MEGABYTE:
            break
    began = time.perf_counter()
    compressor.compress(question, documents)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
