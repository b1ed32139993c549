"""Measures answer recall where a budget limits the text, counted in characters.

    python benchmarks/budgets.py --questions 300
    python benchmarks/budgets.py --encoder multilingual --sets xquad_multi cmrc2018

Each question is compressed as a user would do it, with `TokenBudget`, once for each share of the
characters of its documents: five of them, ten for 2WikiMultihopQA, twenty for MuSiQue. All that
`compress` does counts: titles and headings that come along, sentences that are passed over
because they don't fit, long ones that are divided. `lexical.py` stops at the first sentence that
would pass the rate instead, and judges the ranking alone. "all" is how often all documents together
hold an answer; "rate" is what was kept of the characters. XQuAD is told apart by language.
"""

from __future__ import annotations

import argparse
from collections import defaultdict

import data
import numpy as np
from lexical import DOCUMENTS, RATES
from quality import spaced

from recomp_core import TokenBudget, load_compressor
from recomp_core.text.answers import contains_answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--questions", type=int, default=300, help="of each set, evenly spaced")
    parser.add_argument("--sets", nargs="+", default=list(data.QA_SETS))
    parser.add_argument("--split", default="dev", choices=("dev", "train"))
    parser.add_argument("--encoder", help="a name or folder; default the bundled one")
    parser.add_argument("--context", help="instead of the encoder's own")
    args = parser.parse_args()
    if not data.available():
        print(f"skipped: there is no data in {data.DATA}; set RECOMP_DATA to its folder")
        return
    compressor = load_compressor(args.encoder, context=args.context, device="cpu")
    shown = " / ".join(f"{100 * rate:g} %" for rate in RATES)
    print(f"| set | n | all | found at {shown} | share of all | rate |\n|---|---|---|---|---|---|")
    for name in args.sets:
        rows = data.questions(name, args.split, documents=DOCUMENTS.get(name, 5))
        groups: dict[str, list[Judged]] = defaultdict(list)
        for row in spaced(rows, args.questions):
            judged = judge(compressor, row)
            groups[name].append(judged)
            if name == "xquad_multi":
                groups[f"{name} {row['lang']}"].append(judged)
        for label, members in groups.items():
            print(line(label, members), flush=True)


Judged = tuple[bool, list[bool], list[float]]
"""Whether all documents hold an answer, and for each rate whether the text does, and its rate."""


def judge(compressor: object, row: dict) -> Judged:
    documents, answers = row["documents"], row["answers"]
    size = sum(len(document.text) for document in documents)
    found, rates = [], []
    for rate in RATES:
        compressor.selector = TokenBudget(max(1, int(rate * size)), len)  # type: ignore[attr-defined]
        text = compressor.compress(row["question"], documents).text  # type: ignore[attr-defined]
        found.append(contains_answer(text, answers))
        rates.append(len(text) / size)
    return contains_answer("\n".join(d.text for d in documents), answers), found, rates


def line(label: str, members: list[Judged]) -> str:
    full = np.mean([answerable for answerable, _, _ in members])
    found = np.mean([found for _, found, _ in members], axis=0)
    rates = np.mean([rates for _, _, rates in members], axis=0)
    columns = (found, found / full, rates)
    cells = [" / ".join(f"{100 * value:.1f}" for value in values) for values in columns]
    return f"| {label} | {len(members)} | {100 * full:.1f} | {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
