"""Makes the paper's tables with real readers: answers, likelihoods and perplexity by context.

    python benchmarks/readers.py build/readers --questions 200 --spans 100 --max-minutes 90
    python benchmarks/readers.py build/readers --tables-only --write

Two small language models that come as Python packages (see `reader_models.py`) read what each
system of `reader_contexts.py` makes of five documents. Each reader goes through the questions in
rounds, a round of every set with every system, so that a run that is stopped has as many of each.
It continues where it stopped: every batch is appended to FOLDER/READER/SET/SYSTEM.jsonl when done.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import json
import logging
import re
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import reader_contexts
import reader_models
import torch
from reader_contexts import OF_SPANS, OURS, SYSTEMS, WIKITEXT, WITH_TITLES, Context, Contexts
from reader_models import PROMPT, READERS, MissingError, ReadOnce
from results import RESULTS, write_between
from speed import cpu
from tqdm import tqdm

from recomp_core._utils.hashing import content_hash
from recomp_core.data import Question
from recomp_core.data.journal import Journal
from recomp_core.evaluation.measures import usable_answers
from recomp_core.evaluation.statistics import (
    Estimate,
    difference_interval,
    ratio_interval,
)
from recomp_core.readers.fingerprint import weights_fingerprint
from recomp_core.readers.perplexity import LMTargetScorer
from recomp_core.text.answers import contains_answer, exact_match, token_f1

BEGIN, END = "<!-- readers: written by readers.py -->", "<!-- end of the readers -->"
SETS = ("nq_open", "hotpotqa", "2wiki")
ROUND = 24
FULL = "all five"
# What a table shows of an answer: heading, name in the rows, factor, decimals.
MEASURES = (
    ("EM", "exact_match", 100, 1), ("F1", "f1", 100, 1), ("answer in reply", "contained", 100, 1),
    ("nats of the answer", "nats", 1, 2),
)  # fmt: skip
COMPRESSING = (
    "first document",
    "random words 20 %",
    "BM25 10 %",
    "untrained 10 %",
    *OURS,
    WITH_TITLES,
)

Row = dict[str, Any]
Rows = dict[str, dict[str, Row]]  # by system and question


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--questions", type=int, default=200, help="of each set, from its start")
    parser.add_argument("--spans", type=int, default=100, help="of WikiText-2; 0 for none")
    parser.add_argument("--sets", nargs="*", default=list(SETS), choices=SETS)
    parser.add_argument("--readers", nargs="+", default=list(READERS), choices=list(READERS))
    parser.add_argument("--max-minutes", type=float, default=float("inf"))
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument(
        "--dtype", default="float32", choices=("float32", "bfloat16"),
        help="of the readers; bfloat16 is faster on processors that compute in it",
    )  # fmt: skip
    parser.add_argument("--tables-only", action="store_true", help="of what was read")
    parser.add_argument("--write", action="store_true", help=f"into {RESULTS.name}")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    logging.getLogger("transformers").setLevel(logging.ERROR)
    if not args.tables_only:
        run = Run(args.folder, time.monotonic() + 60 * args.max_minutes, args.dtype)
        with contextlib.suppress(OutOfTimeError):
            run.all(args.readers, args.sets, args.questions, args.spans)
    text = report(args.folder)
    print(text)
    if args.write:
        write_between(BEGIN, END, text)


class OutOfTimeError(Exception):
    """The minutes that were given are over."""


class Run:
    """Reads what was not read yet, until the deadline."""

    def __init__(self, folder: Path, deadline: float, dtype: str) -> None:
        self.folder = folder
        self.deadline = deadline
        self.dtype = dtype
        self.contexts = Contexts()

    def all(self, readers: Sequence[str], sets: Sequence[str], n: int, n_spans: int) -> None:
        tasks = {name: reader_contexts.questions(name, n) for name in sets}
        spans = reader_contexts.spans(n_spans) if n_spans else []
        for name in readers:
            try:
                model, tokenizer = reader_models.load(name, self.folder / "models", self.dtype)
            except MissingError as error:
                print(error, file=sys.stderr, flush=True)
                continue
            identity = {"model": weights_fingerprint(model), "contexts": self.contexts.identity}
            reader = ReadOnce(model, tokenizer)
            reader.read(["Who?"], ["It was Ada."], ["Ada"])  # the first pass is slower
            self._rounds(
                name, tasks, SYSTEMS, {**identity, "prompt": PROMPT.to_dict(), "new": 16},
                lambda batch, texts, reader=reader: read(reader, batch, texts),
            )  # fmt: skip
            scorer = LMTargetScorer(model, tokenizer, max_batch_tokens=1024)
            self._rounds(
                name, {WIKITEXT: spans}, OF_SPANS, identity,
                lambda batch, texts, reader=reader, scorer=scorer: score(
                    scorer, reader.count, batch, texts
                ),
            )  # fmt: skip

    def _rounds(
        self,
        reader: str,
        tasks: Mapping[str, Sequence[Question]],
        systems: Sequence[str],
        identity: Mapping[str, Any],
        work: Callable[[Sequence[Question], Sequence[Context]], list[Row]],
    ) -> None:
        header = {"identity": content_hash(identity), "dtype": self.dtype}
        total = sum(len(own) for own in tasks.values()) * len(systems)
        with tqdm(total=total, desc=reader, unit=" prompts", disable=None) as bar:
            for first in range(0, max(map(len, tasks.values()), default=0), ROUND):
                for name, questions in tasks.items():
                    batch = questions[first : first + ROUND]
                    if not batch:
                        continue
                    contexts = self._compressed(name, batch, tuple(systems))
                    for system in systems:
                        file = self.folder / reader / name / f"{file_name(system)}.jsonl"
                        self._system(file, header, system, batch, contexts, work)
                        bar.update(len(batch))

    def _system(
        self,
        file: Path,
        header: Mapping[str, Any],
        system: str,
        batch: Sequence[Question],
        contexts: Mapping[str, Mapping[str, Context]],
        work: Callable[[Sequence[Question], Sequence[Context]], list[Row]],
    ) -> None:
        with opened(file, {**header, "system": system}) as (journal, done):
            # Another question, or another text of it, may not go by an earlier one's name.
            open_ = []
            for question in batch:
                digest = content_hash(question.digest, contexts[question.id][system].text)[:16]
                known = done.get(question.id)
                if known is None:
                    open_.append((question, digest))
                elif known["digest"] != digest:
                    sys.exit(f"{file} was made of other questions or contexts: delete it")
            if not open_:
                return
            if time.monotonic() > self.deadline:
                print("the time is over: run it again to go on", file=sys.stderr, flush=True)
                raise OutOfTimeError
            texts = [contexts[question.id][system] for question, _ in open_]
            rows = work([question for question, _ in open_], texts)
            for (question, digest), context, row in zip(open_, texts, rows, strict=True):
                journal.append(
                    {"id": question.id, "digest": digest, "compressing": context.seconds, **row}
                )

    def _compressed(
        self, name: str, batch: Sequence[Question], systems: tuple[str, ...]
    ) -> dict[str, dict[str, Context]]:
        """The contexts by question: every reader gets the same."""
        header = {"identity": content_hash(self.contexts.identity, systems)}
        found = {}
        with opened(self.folder / "contexts" / f"{name}.jsonl", header) as (journal, done):
            for question in batch:
                row = done.get(question.id)
                if row is None or row["digest"] != question.digest:
                    made = self.contexts.of(question, systems)
                    texts = {system: [own.text, own.seconds] for system, own in made.items()}
                    row = {"id": question.id, "digest": question.digest, "texts": texts}
                    journal.append(row)
                found[question.id] = {system: Context(*row["texts"][system]) for system in systems}
        return found


@contextlib.contextmanager
def opened(file: Path, header: Mapping[str, Any]) -> Iterator[tuple[Journal, dict[str, Row]]]:
    """The journal of a run with what it holds, by question; with another header it is an error."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with Journal(file) as journal:
        rows = [entry.content for entry in journal.entries()]
        if not rows:
            journal.append(header)
        elif rows[0] != header:
            sys.exit(f"{file} was made with other settings or models: choose another folder")
        yield journal, {row["id"]: row for row in rows[1:]}


def file_name(system: str) -> str:
    return re.sub(r"\W+", "-", system.replace("%", "")).strip("-").lower()


def read(reader: ReadOnce, batch: Sequence[Question], contexts: Sequence[Context]) -> list[Row]:
    """Answers questions. The gold answer that is scored is a question's first."""
    readings = reader.read(
        [question.query for question in batch],
        [context.text for context in contexts],
        [question.answers[0] for question in batch],
    )
    rows = []
    for question, context, reading in zip(batch, contexts, readings, strict=True):
        answers = usable_answers(question.answers)
        rows.append(
            {
                "answer": reading.answer,
                "exact_match": float(exact_match(reading.answer, answers)),
                "f1": token_f1(reading.answer, answers),
                "contained": float(contains_answer(reading.answer, answers)),
                "recall": float(contains_answer(context.text, answers)),
                "nats": reading.nats,
                "answer_tokens": reading.tokens,
                "tokens": reader.count(context.text) if context.text else 0,
                "seconds": reading.seconds,
            }
        )
    return rows


def score(
    scorer: LMTargetScorer,
    count: Callable[[str], int],
    batch: Sequence[Question],
    contexts: Sequence[Context],
) -> list[Row]:
    """Scores what follows a text that stands after a context."""
    began = time.perf_counter()
    prefixes = [
        f"{context.text}\n\n{question.query}" if context.text else question.query
        for question, context in zip(batch, contexts, strict=True)
    ]
    found = scorer.score(prefixes, [question.rest["target"] for question in batch])
    seconds = (time.perf_counter() - began) / len(batch)
    rows = []
    for question, context, result in zip(batch, contexts, found, strict=True):
        if isinstance(result, Exception):
            raise result
        rows.append(
            {
                "nats": result[0],
                "answer_tokens": result[1],
                "own": question.rest["own"],
                "tokens": count(context.text) if context.text else 0,
                "seconds": seconds,
            }
        )
    return rows


# The tables.


def load_rows(folder: Path, reader: str, name: str, systems: Sequence[str]) -> Rows:
    """The rows of the questions that every system has; empty if there are none."""
    found: Rows = {}
    for system in systems:
        file = folder / reader / name / f"{file_name(system)}.jsonl"
        lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
        found[system] = {row["id"]: row for row in _whole(lines[1:])}
    return shared(found)


def _whole(lines: Sequence[str]) -> Iterator[Row]:
    for line in lines:
        with contextlib.suppress(ValueError):  # the last line of a killed run
            yield json.loads(line)


def shared(rows: Rows) -> Rows:
    """Only the questions that every system has, in one order."""
    first, *others = rows.values()
    common = [name for name in first if all(name in other for other in others)]
    if not common:
        return {}
    return {system: {name: own[name] for name in common} for system, own in rows.items()}


def column(rows: Mapping[str, Row], measure: str) -> list[float]:
    return [row[measure] for row in rows.values()]


def report(folder: Path) -> str:
    lines = [
        f"{datetime.date.today().isoformat()}; {cpu()}; torch {torch.__version__}; weights "
        f"dequantised from the GGUF files, in {dtypes(folder)}; greedy, at most 16 new tokens, "
        "up to the first line break. Differences to all five documents are paired by question, "
        "with 95 % bootstrap intervals; bold ones exclude 0. Nats: negative log-likelihood of "
        "the first gold answer, summed over its tokens; lower is better. Tokens are the "
        "reader's, of the context; seconds are medians of a question on a machine with other "
        "work, reading and compressing apart. There are many intervals, and none is widened for"
        " that: one in twenty misses by chance."
    ]
    verdicts, missing = [], []
    for reader, packaged in READERS.items():
        for name in SETS:
            rows = load_rows(folder, reader, name, SYSTEMS)
            if not rows:
                missing.append(f"{packaged.title} on {name}")
                continue
            n = len(rows[FULL])
            lines += ["", f"**{packaged.title}, {name}, {n} questions**", "", answers_table(rows)]
            verdicts.append(verdict(packaged.title, name, rows))
        rows = load_rows(folder, reader, WIKITEXT, OF_SPANS)
        if not rows:
            missing.append(f"{packaged.title} on WikiText-2")
            continue
        own = sum(column(rows[FULL], "own")) / len(rows[FULL])
        lines += [
            "",
            f"**{packaged.title}, WikiText-2 validation, {len(rows[FULL])} spans** (of the five "
            f"passages {own:.1f} on average are from the span's own article)",
            "",
            spans_table(rows),
        ]
        verdicts.append(span_verdict(packaged.title, rows))
    if missing:
        lines += ["", f"Not run: {'; '.join(missing)}."]
    if verdicts:
        lines += ["", "Beside all five documents, from these figures:", "", *verdicts]
    return "\n".join(lines)


def dtypes(folder: Path) -> str:
    """What the models computed in, as the runs say."""
    found = set()
    for reader in READERS:
        for file in (folder / reader).glob("*/*.jsonl"):
            with file.open(encoding="utf-8") as lines:
                if header := next(lines, ""):  # nothing yet in a run that was killed at once
                    found.add(json.loads(header).get("dtype", "float32"))
    return " and ".join(sorted(found)) or "float32"


def answers_table(rows: Rows) -> str:
    heads = [f"{head} | difference" for head, *_ in MEASURES]
    lines = [
        f"| context | {' | '.join(heads)} | answer in context | tokens | s reading "
        "| s compressing |",
        "|---" * (5 + 2 * len(MEASURES)) + "|",
    ]
    for system, own in rows.items():
        cells = [system]
        for _, measure, factor, digits in MEASURES:
            values = column(own, measure)
            cells.append(f"{factor * statistics.fmean(values):.{digits}f}")
            cells.append(
                "" if system == FULL else written(difference(rows, system, measure), factor, digits)
            )
        cells += [
            f"{100 * statistics.fmean(column(own, 'recall')):.1f}",
            f"{statistics.fmean(column(own, 'tokens')):.0f}",
            f"{statistics.median(column(own, 'seconds')):.2f}",
            f"{statistics.median(column(own, 'compressing')):.2f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def spans_table(rows: Rows) -> str:
    lines = [
        "| context | perplexity | nats a token | difference | tokens | s reading | s compressing |",
        "|---|---|---|---|---|---|---|",
    ]
    for system, own in rows.items():
        ratio = per_token(own)
        cells = [
            system,
            f"{2.718281828459045**ratio.mean:.2f}",
            f"{ratio.mean:.3f}",
            "" if system == FULL else written(span_difference(rows, system), 1, 3),
            f"{statistics.fmean(column(own, 'tokens')):.0f}",
            f"{statistics.median(column(own, 'seconds')):.2f}",
            f"{statistics.median(column(own, 'compressing')):.2f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def difference(rows: Rows, system: str, measure: str) -> Estimate:
    """That of a system to all five documents."""
    found = difference_interval(column(rows[FULL], measure), column(rows[system], measure))
    assert found is not None
    return found


def per_token(rows: Mapping[str, Row]) -> Estimate:
    found = ratio_interval(column(rows, "nats"), column(rows, "answer_tokens"))
    assert found is not None
    return found


def span_difference(rows: Rows, system: str) -> Estimate:
    """Nats a token beyond those with all five: both have the same targets."""
    nats = zip(column(rows[FULL], "nats"), column(rows[system], "nats"), strict=True)
    found = ratio_interval([b - a for a, b in nats], column(rows[FULL], "answer_tokens"))
    assert found is not None
    return found


def written(estimate: Estimate, factor: float = 1, digits: int = 1) -> str:
    mean, low, high = (
        f"{factor * value:+.{digits}f}" for value in (estimate.mean, estimate.low, estimate.high)
    )
    text = f"{mean} ({low} to {high})"
    return f"**{text}**" if side(estimate) else text


def side(estimate: Estimate) -> int:
    """1 if the whole interval is above 0, -1 if it is below, else 0."""
    return int(estimate.low > 0) - int(estimate.high < 0)


def verdict(reader: str, name: str, rows: Rows) -> str:
    n = len(rows[FULL])
    parts = []
    for head, measure, factor, digits in (MEASURES[1], MEASURES[3]):
        parts.append(
            sorted_out(
                head, {s: difference(rows, s, measure) for s in COMPRESSING}, factor, digits,
                higher_is_better=measure != "nats",
            )
        )  # fmt: skip
    return f"- {reader}, {name} ({n}): {' '.join(parts)}"


def span_verdict(reader: str, rows: Rows) -> str:
    found = {s: span_difference(rows, s) for s in OF_SPANS if s in COMPRESSING}
    text = sorted_out("nats a token", found, 1, 3, higher_is_better=False)
    return f"- {reader}, WikiText-2 ({len(rows[FULL])}): {text}"


def sorted_out(
    head: str,
    differences: Mapping[str, Estimate],
    factor: float,
    digits: int,
    *,
    higher_is_better: bool,
) -> str:
    """Which systems are better, which are worse, and for which the interval holds 0."""
    better = 1 if higher_is_better else -1
    groups: dict[int, list[str]] = {1: [], -1: [], 0: []}
    for system, found in differences.items():
        groups[side(found) * better].append(f"{system} {factor * found.mean:+.{digits}f}")
    said = [
        f"{word}: {', '.join(groups[key])}"
        for key, word in ((1, "better"), (-1, "worse"), (0, "not told apart"))
        if groups[key]
    ]
    return f"{head} {'; '.join(said)}."


if __name__ == "__main__":
    main()
