"""Scores sentences with a second query that contains the best sentence of the first.

    python benchmarks/second_hop.py recomp-minilm --questions 200
    python benchmarks/quality.py report recomp-minilm hop-max hop-mean --sets hotpotqa 2wiki

The query of the second hop is the question with the best sentence on the next line, as in the
second hops of `default_data.py`. "hop-max" takes the higher score of both hops, "hop-mean" their
mean. "hop-late" keeps the best sentence of the first hop on top and scores the others by the second
hop alone. `quality.py report` reads the scores.
"""

from __future__ import annotations

import argparse
import json

import data
from quality import AT_ONCE, FOLDER, spaced, task_of

from recomp_core import load_compressor
from recomp_core.types import ScoringTask

SETS = ("hotpotqa", "2wiki", "musique", "nq_open", "expmrc_squad")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("system")
    parser.add_argument("--questions", type=int)
    parser.add_argument("--sets", nargs="+", default=SETS)
    args = parser.parse_args()
    scorer = load_compressor(args.system, device="cpu").scorer
    for dataset in args.sets:
        rows = spaced(data.questions(dataset), args.questions)
        variants: dict[str, list[dict]] = {"hop-max": [], "hop-mean": [], "hop-late": []}
        for first in range(0, len(rows), AT_ONCE):
            some = rows[first : first + AT_ONCE]
            tasks = [task_of(row) for row in some]
            ones = scorer.score(tasks)
            twos = scorer.score([asked_again(*both) for both in zip(tasks, ones, strict=True)])
            for row, one, two in zip(some, ones, twos, strict=True):
                best = max(range(len(one)), key=one.__getitem__)
                late = [max(one) if n == best else s for n, s in enumerate(two)]
                pairs = list(zip(one, two, strict=True))
                for name, scores in (
                    ("hop-max", [max(pair) for pair in pairs]),
                    ("hop-mean", [sum(pair) / 2 for pair in pairs]),
                    ("hop-late", late),
                ):
                    variants[name].append({"id": row["id"], "scores": scores})
        for name, lines in variants.items():
            file = FOLDER / name / f"{dataset}.jsonl"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("".join(json.dumps(line) + "\n" for line in lines))
        print(dataset, len(rows), flush=True)


def asked_again(task: ScoringTask, scores: list[float]) -> ScoringTask:
    best = task.sentences[max(range(len(scores)), key=scores.__getitem__)]
    return ScoringTask(f"{task.query}\n{best.text}", task.documents, task.sentences)


if __name__ == "__main__":
    main()
