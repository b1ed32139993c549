"""Makes the project's scoreboard: every dev set through every system, as `recomp evaluate` does.

    python benchmarks/scoreboard.py build/scoreboard --questions 100
    python benchmarks/scoreboard.py build/scoreboard --before build/old-encoder
    python benchmarks/scoreboard.py build/scoreboard --tables-only --write
    python benchmarks/scoreboard.py --own build/scoreboard-own

Each set is a separate run, which continues where it was stopped. --own evaluates the project's own
example questions instead, which needs no data and takes seconds. --write puts the tables into
RESULTS.md and the picture beside it. What real language models answer from the texts is measured by
`readers.py`.
"""

from __future__ import annotations

import argparse
import datetime
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import data
from quality import spaced
from results import RESULTS, write_between
from speed import cpu, find_vocabulary

from recomp_core import TopK, TopP, load_compressor
from recomp_core.data import examples
from recomp_core.evaluation import (
    Evaluation,
    at_rate,
    compare,
    evaluate,
    mean_interval,
    plot_curves,
    write_report,
)
from recomp_core.evaluation.statistics import values_at_rate
from recomp_core.evaluation.systems.peers import langchain_filter, llamaindex_optimizer
from recomp_core.extractive.selection import Selector

HERE = Path(__file__).parent
PICTURE = HERE / "scoreboard.png"
BEGIN, END = "<!-- scoreboard: written by scoreboard.py -->", "<!-- end of the scoreboard -->"

OURS, UNTRAINED, MULTILINGUAL = "recomp-minilm", "minilm", "multilingual"
BEFORE = "recomp-minilm before"
BASELINES = ("none", "all", "first-document", "first-k", "random", "bm25", "oracle",
             "llamaindex-optimizer", "langchain-filter", "trimwise")  # fmt: skip
PEERS_WITH_E5 = {
    "llamaindex-optimizer, e5": llamaindex_optimizer,
    "langchain-filter, e5": langchain_filter,
}
"""Peers that take an encoder, with the multilingual one instead of the embedded one."""
# Points around the rate that the tables name.
POINTS: tuple[Selector, ...] = (*map(TopK, (1, 2, 3, 5)),
          *map(TopP, (0.1, 0.3, 0.5, 0.65, 0.75, 0.85, 0.9, 0.95, 0.98, 0.999)))  # fmt: skip
RATE = 0.10
LANGUAGES_OF_SETS = {
    "expmrc_squad": "en (ExpMRC-SQuAD)",
    "cmrc2018": "zh (CMRC)",
    "drcd": "zh-Hant (DRCD)",
}
ALL = "all"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--questions", type=int, help="of each set, evenly spaced; default all")
    parser.add_argument("--sets", nargs="+", default=list(data.QA_SETS))
    parser.add_argument("--before", type=Path, help="an older encoder's folder, shown beside")
    parser.add_argument("--own", action="store_true", help="the project's own questions")
    parser.add_argument("--baselines", nargs="*", default=list(BASELINES))
    parser.add_argument("--tables-only", action="store_true", help="from the runs that are there")
    parser.add_argument("--write", action="store_true", help=f"into {RESULTS.name}")
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    sets = ["own"] if args.own else args.sets
    if not args.tables_only:
        for name in sets:
            run(name, args)
    found = {
        name: Evaluation.load(file)
        for name in sets
        if (file := args.folder / f"{name}.jsonl").is_file()
    }
    text = tables(found, args.questions)
    print(text)
    draw(found, args.folder / PICTURE.name)
    if args.write:
        draw(found, PICTURE)
        write_between(
            BEGIN, END, f"{text}\n\n![Answer recall by compression rate]({PICTURE.name})\n"
        )


def run(name: str, args: argparse.Namespace) -> None:
    rows = examples.questions() if name == "own" else spaced(data.questions(name), args.questions)
    systems: dict[str, Any] = {OURS: load_compressor(device="cpu")}
    if args.before is not None:
        systems[BEFORE] = load_compressor(args.before, device="cpu")
    if name != "own":
        find_vocabulary()
        e5 = load_compressor(MULTILINGUAL, device="cpu", backend="torch").scorer.encoder
        systems |= {
            MULTILINGUAL: load_compressor(MULTILINGUAL, device="cpu"),
            **{peer: build(e5.model, e5.prompts) for peer, build in PEERS_WITH_E5.items()},
        }
    systems[UNTRAINED] = load_compressor(UNTRAINED, device="cpu")
    output = args.folder / f"{name}.jsonl"
    evaluation = evaluate(rows, systems, baselines=args.baselines, points=POINTS, output=output)
    write_report(evaluation, args.folder / f"{name}.html", title=f"RECOMP on {name}")
    print(f"{name}: {len(evaluation.questions)} questions", flush=True)


def tables(found: dict[str, Evaluation], n: int | None) -> str:
    about = next(iter(found.values())).about
    versions = ", ".join(f"{name} {number}" for name, number in about["versions"].items())
    shown = "all questions" if n is None else f"at most {n} questions a set, evenly spaced"
    return "\n".join(
        [
            f"{datetime.date.today().isoformat()}; {cpu()}; {versions}; seed {about['seed']}; "
            f"{shown}. Rates in characters. Intervals: 95 %, bootstrap over questions.\n",
            f"Answer recall in % at a rate of {100 * RATE:g} %, read off each system's curve. "
            "oracle: the shortest sentence that holds an answer, at its own rate.\n",
            recall_table(found),
            "\nA curve that does not go so low runs on to the empty text. LlamaIndex's optimizer "
            "chooses within each document and keeps all of a short one: its cheapest setting keeps "
            f"{cheapest(found)}, so what stands here is mostly for questions left without text, "
            "and no judgement of its ranking.\n",
            f"\n{OURS} beside others at {100 * RATE:g} %: difference in points, paired.\n",
            difference_table(found),
            *language_table(found),
        ]
    )


def recall_table(found: dict[str, Evaluation]) -> str:
    systems = list(dict.fromkeys(name for e in found.values() for name in e.systems))
    rows = [["", *found], ["questions", *(str(len(e.questions)) for e in found.values())]]
    for system in systems:
        if system == "none":
            continue
        rows.append([system, *(recall(e, system) for e in found.values())])
    return table(rows)


def recall(evaluation: Evaluation, system: str) -> str:
    if system not in evaluation.systems:
        return "–"
    if system in ("all", "first-document", "oracle"):
        rows = evaluation.of(system)
        mean = mean_interval(row.value("answer_recall") for row in rows)
        rate = mean_interval(row.rate for row in rows)
        if mean is None or rate is None:
            return "–"
        return f"{100 * mean.mean:.1f}" + ("" if system == "all" else f" ({100 * rate.mean:.0f} %)")
    return share(at_rate(evaluation, system, "answer_recall", RATE))


def share(estimate: Any) -> str:
    if estimate is None:
        return "–"
    return f"{100 * estimate.mean:.1f} ({100 * estimate.low:.0f}–{100 * estimate.high:.0f})"


def cheapest(found: dict[str, Evaluation], system: str = "llamaindex-optimizer") -> str:
    """The lowest mean rate of its settings, over the sets."""
    lowest = []
    for evaluation in found.values():
        if system in evaluation.systems:
            points = [evaluation.of(system, setting) for setting in evaluation.settings(system)]
            means = [mean_interval(row.rate for row in rows) for rows in points]
            lowest.append(min(mean.mean for mean in means if mean is not None))
    return f"{100 * min(lowest):.0f} % or more" if lowest else "more"


def difference_table(found: dict[str, Evaluation]) -> str:
    others = (BEFORE, UNTRAINED, MULTILINGUAL, "bm25")
    rows = [["", *found]]
    for other in others:
        if not any(other in evaluation.systems for evaluation in found.values()):
            continue
        cells = []
        for evaluation in found.values():
            if other not in evaluation.systems:
                cells.append("–")
                continue
            try:
                between = compare(evaluation, systems=(other, OURS), at_rate=RATE).difference
            except ValueError:
                cells.append("–")
                continue
            cells.append(
                f"{100 * between.mean:+.1f} ({100 * between.low:+.1f} to {100 * between.high:+.1f})"
            )
        rows.append([f"beside {other}", *cells])
    return table(rows)


def language_table(found: dict[str, Evaluation]) -> list[str]:
    """A column for each language: XQuAD's stand in the questions' ids, others are sets."""
    columns: dict[str, tuple[Evaluation, list[str]]] = {}
    for name, title in LANGUAGES_OF_SETS.items():
        if name in found:
            columns[title] = found[name], list(found[name].questions)
    if "xquad_multi" in found:
        for question in found["xquad_multi"].questions:
            title = question.split("-")[1]
            columns.setdefault(title, (found["xquad_multi"], []))[1].append(question)
    if not columns:
        return []
    rows = [["", *columns], ["questions", *(str(len(own)) for _, own in columns.values())]]
    for system in (OURS, BEFORE, UNTRAINED, MULTILINGUAL, "langchain-filter",
                   "langchain-filter, e5", "llamaindex-optimizer", "llamaindex-optimizer, e5",
                   "bm25", "trimwise", ALL):  # fmt: skip
        if any(system in evaluation.systems for evaluation in found.values()):
            cells = (mean_of(evaluation, system, own) for evaluation, own in columns.values())
            rows.append([system, *cells])
    return [f"\nBy language at {100 * RATE:g} %; XQuAD where no set is named:\n", table(rows)]


def mean_of(evaluation: Evaluation, system: str, questions: list[str]) -> str:
    """The mean answer recall over some questions, in %."""
    values: dict[str, float] = {}
    if system == ALL:
        values = {row.question: row.value("answer_recall") or 0 for row in evaluation.of(ALL)}
    elif system in evaluation.systems and (
        at := values_at_rate(evaluation, system, "answer_recall", RATE)
    ):
        values = dict(at[0])
    return f"{100 * fmean(values[q] for q in questions):.0f}" if values else "–"


def table(rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], "|---" * len(rows[0]) + "|", *lines[1:]])


def draw(found: dict[str, Evaluation], file: Path) -> None:
    """Draws a panel for each set."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = min(3, len(found))
    lines = -(-len(found) // columns)
    figure = Figure(figsize=(6.4 * columns, 4.4 * lines), layout="constrained")
    FigureCanvasAgg(figure)
    for number, (name, evaluation) in enumerate(found.items(), start=1):
        axes = figure.add_subplot(lines, columns, number)
        plot_curves(evaluation, axes)
        axes.set_title(f"{name}, {len(evaluation.questions)} questions")
    figure.savefig(file, dpi=80)


if __name__ == "__main__":
    main()
