"""Measures answer recall by compression rate on the dev sets, for any number of encoders.

    python benchmarks/quality.py score minilm recomp-minilm --questions 200
    python benchmarks/quality.py report minilm recomp-minilm

`score` writes each encoder's scores of all sentences into build/quality; `report` needs no model.
The curves come from `TopP` at the temperature 0.05 with p from 0.02 to 0.999. The answer recall at
a rate is interpolated between the two nearest points, so that the answers don't influence which p
is used. The oracle keeps the shortest sentence that holds an answer, if there is one. Differences
are paired by question; intervals are 95 %, from 2,000 bootstrap draws.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import data
import numpy as np

from recomp_core import load_compressor
from recomp_core.extractive.selection import Selector, TopK, TopP, select
from recomp_core.text.answers import contains_answer
from recomp_core.text.joining import Layout
from recomp_core.text.splitting import SentenceSplitter
from recomp_core.types import ScoredSentence, ScoringTask, Sentence, assemble

FOLDER = Path("build/quality")
POINTS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.98,
          0.99, 0.999)  # fmt: skip
RATES = (0.06, 0.10, 0.20)
AT_ONCE = 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("action", choices=("score", "report"))
    parser.add_argument("systems", nargs="+", help="names or folders, NAME=FOLDER to name one")
    parser.add_argument("--questions", type=int, help="of each set, evenly spaced; default all")
    parser.add_argument("--sets", nargs="+", default=list(data.QA_SETS))
    parser.add_argument("--context", help="instead of the encoder's own")
    args = parser.parse_args()
    named = [system.partition("=") for system in args.systems]
    systems = {name: source or name for name, _, source in named}
    if args.action == "score":
        for name, source in systems.items():
            score(name, source, args.sets, args.questions, args.context)
    else:
        report(list(systems), args.sets)


def score(name: str, source: str, sets: list[str], n: int | None, context: str | None) -> None:
    compressor = load_compressor(source, device="cpu", context=context)
    for dataset in sets:
        rows, began = spaced(data.questions(dataset), n), time.perf_counter()
        lines = []
        for first in range(0, len(rows), AT_ONCE):
            some = rows[first : first + AT_ONCE]
            tasks = [task_of(row) for row in some]
            found = compressor.scorer.score(tasks)
            lines += [{"id": r["id"], "scores": s} for r, s in zip(some, found, strict=True)]
        file = FOLDER / name / f"{dataset}.jsonl"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(json.dumps(line) + "\n" for line in lines))
        print(f"{name} {dataset}: {len(rows)} in {time.perf_counter() - began:.0f} s", flush=True)


def spaced(rows: list[dict], n: int | None) -> list[dict]:
    """`n` of the rows, evenly spaced, because the sets are sorted by language or topic."""
    if n is None or n >= len(rows):
        return rows
    return [rows[int(position)] for position in np.linspace(0, len(rows) - 1, n)]


def task_of(row: dict) -> ScoringTask:
    splitter = SentenceSplitter()
    sentences = tuple(
        Sentence(document.text[start:end], doc_index, start, end)
        for doc_index, document in enumerate(row["documents"])
        for start, end in splitter.split(document.text)
    )
    return ScoringTask(row["question"], tuple(row["documents"]), sentences)


class Scored:
    """The questions of a set with one system's scores."""

    def __init__(self, system: str, dataset: str) -> None:
        rows = {row["id"]: row for row in data.questions(dataset)}
        lines = (FOLDER / system / f"{dataset}.jsonl").read_text().splitlines()
        self.questions = []
        for line in map(json.loads, lines):
            row = rows[line["id"]]
            task = task_of(row)
            sentences = [
                ScoredSentence(s.text, s.doc_index, s.start, s.end, score)
                for s, score in zip(task.sentences, line["scores"], strict=True)
            ]
            self.questions.append((row, task.documents, sentences))

    def judge(self, selector: Selector) -> tuple[np.ndarray, np.ndarray]:
        """Per question: whether the kept text holds an answer, and its rate in characters."""
        found, rates = [], []
        for row, documents, sentences in self.questions:
            kept, _ = select(documents, sentences, selector, Layout())
            text = assemble(documents, kept, Layout())
            found.append(contains_answer(text, row["answers"]))
            rates.append(len(text) / max(1, sum(len(d.text) for d in documents)))
        return np.array(found, float), np.array(rates)

    def everything(self) -> np.ndarray:
        return np.array(
            [
                contains_answer("\n".join(d.text for d in documents), row["answers"])
                for row, documents, _ in self.questions
            ],
            float,
        )

    def oracle(self) -> tuple[np.ndarray, np.ndarray]:
        found, rates = [], []
        for row, documents, sentences in self.questions:
            texts = [s.text for s in sentences if contains_answer(s.text, row["answers"])]
            found.append(bool(texts))
            total = max(1, sum(len(d.text) for d in documents))
            rates.append(min(map(len, texts), default=0) / total)
        return np.array(found, float), np.array(rates)

    def at_rates(self) -> dict[float, np.ndarray]:
        """Per question the answer recall at each of RATES, between the two nearest points."""
        points = [self.judge(TopP(p)) for p in POINTS]
        means = [rates.mean() for _, rates in points]
        result = {}
        for rate in RATES:
            above = next((n for n, mean in enumerate(means) if mean >= rate), len(points) - 1)
            below = max(0, above - 1)
            span = means[above] - means[below]
            share = 1.0 if span <= 0 else min(1.0, max(0.0, (rate - means[below]) / span))
            result[rate] = (1 - share) * points[below][0] + share * points[above][0]
        return result


def interval(values: np.ndarray, seed: int = 0) -> tuple[float, float]:
    drawn = np.random.default_rng(seed).integers(0, len(values), (2_000, len(values)))
    low, high = np.percentile(values[drawn].mean(1), [2.5, 97.5])
    return float(low), float(high)


def report(systems: list[str], sets: list[str]) -> None:
    heads = " | ".join(f"{100 * rate:.0f} %" for rate in RATES)
    first = systems[0]
    print(f"Answer recall in %; differences to {first} at 10 %, paired, 95 % intervals.\n")
    print(
        f"| set | n | all | oracle sentence (rate) | system | top 2 (rate) | {heads} | difference |"
    )
    print("|---|---|---|---|---|---|" + "---|" * (len(RATES) + 1))
    for dataset in sets:
        if not all((FOLDER / s / f"{dataset}.jsonl").is_file() for s in systems):
            continue
        base = None
        for system in systems:
            scored = Scored(system, dataset)
            curves = scored.at_rates()
            two, rate = scored.judge(TopK(2))
            full = 100 * scored.everything().mean()
            best, best_rate = scored.oracle()
            base = curves[0.10] if base is None else base
            difference = curves[0.10] - base
            low, high = interval(difference)
            compared = (
                "–"
                if system == first
                else f"{100 * difference.mean():+.1f} ({100 * low:+.1f} to {100 * high:+.1f})"
            )
            cells = " | ".join(f"{100 * curves[r].mean():.1f}" for r in RATES)
            print(
                f"| {dataset} | {len(two)} | {full:.1f} | {100 * best.mean():.1f} "
                f"({100 * best_rate.mean():.1f}) | {system} | {100 * two.mean():.1f} "
                f"({100 * rate.mean():.1f}) | {cells} | {compared} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
