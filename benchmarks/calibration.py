"""Checks how often calibration keeps its promise, on many draws of scored questions.

    python benchmarks/quality.py score recomp-minilm --questions 150
    python benchmarks/calibration.py nq_open
    python benchmarks/calibration.py nq_open expmrc_squad xquad_multi    # pooled

No model is loaded: the script reads the scores that `quality.py` wrote. It leaves out questions
whose documents hold no answer, because the promise is not about them. Two experiments, each for the
rules top_p and min_score, run `--splits` times:

halves   The questions are split at random, and one half is used for calibration. "full" is how
         often the promise held on all questions together. "other" is how often the other half lost
         no more than 1 - keep of its answers; that half is itself a sample, so it falls short more
         often although the setting is right. If no two questions had the same need, the number kept
         of m others would be beta-binomial, Beta(r, n - r + 1) with the rank r of n. "expected" is
         what that gives; ties and rounding only increase it.
draws    The questions of the set are treated as the whole population, and half as many are drawn
         with replacement. The draws are independent, and the share kept of the population is known
         exactly, as in the theorem. "expected" is P(Bin(n, keep) < r), without ties.

"smallest" is the share of the answers that the worst setting keeps of all questions, "rate" the
mean compression rate of the settings over the questions, in characters.
"""

from __future__ import annotations

import argparse
import bisect
import math

import data
import numpy as np
from quality import Scored

from recomp_core.evaluation.calibration.guarantees import allowed_losses, choose
from recomp_core.evaluation.calibration.setting_families import Family
from recomp_core.text.answers import contains_answer
from recomp_core.text.joining import Layout
from recomp_core.types import assemble

KEEPS = (0.9, 0.95)
RULES = ("top_p", "min_score")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="+", choices=data.QA_SETS)
    parser.add_argument("--system", default="recomp-minilm")
    parser.add_argument("--splits", type=int, default=100)
    parser.add_argument("--confidence", type=float, default=0.9)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    questions = [
        question
        for dataset in args.sets
        for question in Scored(args.system, dataset).questions
        if any(contains_answer(d.text, question[0]["answers"]) for d in question[1])
    ]
    print(f"{'+'.join(args.sets)}: {len(questions)} questions with an answer in their documents\n")
    print("| rule | keep | of | may lose | experiment | full | other | smallest | rate |")
    print("|---|---|---|---|---|---|---|---|---|")
    for rule in RULES:
        measured = Measured(Family(rule), questions)
        for keep in KEEPS:
            for name in ("halves", "draws"):
                generator = np.random.default_rng(args.seed)
                print(row(name, measured, keep, args.confidence, args.splits, generator))


class Measured:
    """What every question needs, and its compression rate at any caution."""

    def __init__(self, family: Family, questions: list[tuple]) -> None:
        self.family = family
        self.needs = np.array(
            [
                family.needed(documents, sentences, row["answers"], Layout())
                for row, documents, sentences in questions
            ]
        )
        self.curves = [self._curve(documents, sentences) for _, documents, sentences in questions]

    def rate(self, caution: float) -> float:
        """Mean over the questions."""
        return float(
            np.mean([rates[bisect.bisect_right(at, caution)] for at, rates in self.curves])
        )

    def _curve(self, documents, sentences) -> tuple[list[float], list[float]]:
        """At which caution one more sentence is kept, and the rates between."""
        order = sorted(range(len(sentences)), key=lambda i: (-sentences[i].score, i))
        at = self.family.admitted([sentences[i].score for i in order])
        whole = max(1, sum(len(document.text) for document in documents))
        rates = [0.0]
        for size in range(1, len(order) + 1):
            kept = [sentences[i] for i in sorted(order[:size])]
            rates.append(len(assemble(documents, kept, Layout())) / whole)
        return at, rates


def row(name, measured, keep, confidence, splits, generator) -> str:
    needs, size = measured.needs, len(measured.needs)
    n = size // 2
    allowed = allowed_losses(n, keep, confidence)
    rule = measured.family.rule
    if allowed < 0:
        return f"| {rule} | {keep} | {n} | too few | {name} | | | | |"
    full, other, rates = [], [], []
    for _ in range(splits):
        if name == "halves":
            order = generator.permutation(size)
            drawn, left = needs[order[:n]], needs[order[n:]]
        else:
            drawn, left = needs[generator.integers(0, size, n)], None
        # Rounded as `calibrate` rounds it.
        caution = measured.family.caution(measured.family.value(choose(drawn, keep, confidence)))
        full.append(np.mean(needs <= caution))
        rates.append(measured.rate(caution))
        if left is not None:
            other.append(np.mean(left <= caution))
    rank = n - allowed
    if name == "halves":
        beyond = size - n
        of_full = at_least(beyond, rank, n, math.ceil(keep * size - 1e-9) - rank)
        of_other = at_least(beyond, rank, n, math.ceil(keep * beyond - 1e-9))
        of_others = f"{held(other, keep)} (expected {100 * of_other:.0f})"
    else:
        of_full, of_others = 1 - binomial_at_least(n, keep, rank), ""
    return (
        f"| {rule} | {keep} | {n} | {allowed} | {name} "
        f"| {held(full, keep)} (expected {100 * of_full:.0f}) | {of_others} "
        f"| {100 * min(full):.1f} | {100 * np.mean(rates):.1f} |"
    )


def held(shares: list[float], keep: float) -> str:
    return f"{100 * np.mean([share >= keep - 1e-9 for share in shares]):.0f} %"


def at_least(m: int, rank: int, n: int, wanted: int) -> float:
    """P(X ≥ wanted), X beta-binomial: how many of m others lie below the one at `rank` of n."""
    a, b = rank, n - rank + 1
    return math.fsum(
        math.exp(log_choose(m, k) + log_beta(k + a, m - k + b) - log_beta(a, b))
        for k in range(max(0, wanted), m + 1)
    )


def binomial_at_least(n: int, probability: float, wanted: int) -> float:
    return math.fsum(
        math.comb(n, k) * probability**k * (1 - probability) ** (n - k)
        for k in range(wanted, n + 1)
    )


def log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


if __name__ == "__main__":
    main()
