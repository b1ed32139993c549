"""The run: every question through every system, measured, written as it is done.

Question → System.attempts → Attempt → Judge.measure → Row      for each question
                                     └→ Answerer, TargetScorer   for some questions at a time
"""

from __future__ import annotations

import logging
import os
import platform
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from .._utils.checks import check_choice, check_whole
from .._utils.jsonl import described
from .._version import __version__
from ..data import BadRecord, Question, Questions, content_hash
from ..data.reading import read_questions
from ..data.retrieval import retrieve, retrieve_once
from ..errors import BudgetError
from ..extractive.selection import Selector
from ..text.joining import Layout
from ..text.tokens import TokenCounter
from .measures import Judge, reader_scores
from .results import Evaluation, Row
from .run_file import RunFile
from .systems import baselines as baselines_
from .systems import peers as peers_
from .systems.base import Attempt, System, UndefinedError, as_system, counter_name, name_of

if TYPE_CHECKING:
    from ..readers.answerers import Answerer
    from ..readers.perplexity import TargetScorer

logger = logging.getLogger(__name__)

Read = Literal["all", "first"]

# What decides numbers and may change with an upgrade.
_LIBRARIES = ("torch", "transformers", "sentence-transformers", "sentencex", "numpy",
              "langchain-core", "llama-index-core")  # fmt: skip


def evaluate(
    questions: str | os.PathLike[str] | Iterable[Mapping[str, Any] | Question],
    systems: Any = None,
    *,
    baselines: Sequence[str] = baselines_.DEFAULT,
    points: Iterable[Selector] | None = None,
    reader: Answerer | None = None,
    read: Read = "all",
    target_scorer: TargetScorer | None = None,
    count_tokens: Callable[[str], int] | str | None = None,
    price_per_million: float | None = None,
    machine_per_hour: float | None = None,
    retriever: Any = None,
    documents: int | None = None,
    limit: int | None = None,
    output: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    batch_questions: int = 16,
    seed: int = 0,
) -> Evaluation:
    """Put every question through every system and measure what comes out.

    questions: what `questions.reading.read_questions` reads: a JSONL file, a BEIR folder, records.
        Questions with the same id get "#2", "#3" … and all stay; broken records are in
        `Evaluation.bad`.
    systems: a mapping from names to what `as_system` takes, a list of it, or one; None for the
        bundled compressor. The seconds of each are of one question at a time, after one question
        to warm up.
    baselines: names of `baselines.baseline` and `peers.peer`; what lacks a library is skipped, and
        `about["skipped"]` says why.
    points: the other selectors at which extractive compressors are evaluated, see
        `ExtractiveSystem`; () for none.
    reader: answers from the compressed texts, see `readers`; with it come exact match, F1 and
        agreement. read: "all" texts, or "first": those of each system's first setting. Equal texts
        are read once.
    target_scorer: gives the likelihood of a question's "target" (a field of its record, or else its
        first answer) after text and query, see `perplexity`.
    count_tokens: a function, or the name of the reader's tokenizer; by default characters.
    price_per_million: of the reader's input tokens; needs count_tokens. machine_per_hour: what the
        machine that compresses costs, in the same money. See `costs`.
    retriever: finds the documents, see `questions.retrieval.retrieve`; with an output, what it
        found is kept beside it and not looked for again.
    documents: keep only the first of each question. limit: take only the first questions.
    output: a JSONL file that grows by a line for each question, so that a run that was stopped is
        carried on; `Evaluation.load` reads it. Questions where something failed are tried again.
        overwrite: begin it anew.
    batch_questions: how many go to the reader together.
    seed: of the baseline "random".

    A row is there even where a system or the reader failed. Raises `ValueError` or `TypeError` for
    settings that cannot work, among them an `output` that was made with others, `FileNotFoundError`
    for questions that are not there, and `BudgetError` when a reader's budget is used up.
    """
    check_choice("read", read, get_args(Read))
    counter = _counter(count_tokens)
    if price_per_million is not None and counter is len:
        raise ValueError(
            f"price_per_million={price_per_million!r} is of tokens: give count_tokens, the name of "
            "the reader's tokenizer"
        )
    check_whole("batch_questions", batch_questions)
    found = read_questions(
        questions, documents=None if retriever is not None else documents, limit=limit
    )
    path = None if output is None else Path(output)
    source = Path(questions) if isinstance(questions, (str, os.PathLike)) else None
    if path is not None and source is not None and path.absolute() == source.absolute():
        raise ValueError(f"{output} is the input itself: choose another output")
    if retriever is not None and path is not None:
        kept = path.with_name(path.name + ".retrieved")
        if overwrite:
            kept.unlink(missing_ok=True)
        found = retrieve_once(found, retriever, kept, top_k=documents)
    elif retriever is not None:
        found = retrieve(found, retriever, top_k=documents)
    named, skipped = _systems(systems, baselines, points, seed)
    about = {
        **_about(named, reader, read, target_scorer, counter, seed),
        "skipped": skipped,
        "price_per_million": price_per_million,
        "machine_per_hour": machine_per_hour,
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "versions": _versions(),
    }
    if source is not None:
        about["source"] = source.name
    run = _Run(named, reader, read, target_scorer, counter, batch_questions)
    return run.over(found, about, path, overwrite=overwrite)


def _counter(count_tokens: Callable[[str], int] | str | None) -> Callable[[str], int]:
    if count_tokens is None:
        return len
    if isinstance(count_tokens, str):
        count_tokens = TokenCounter(count_tokens)
        count_tokens("")  # what is not there is told now
    if not callable(count_tokens):
        raise TypeError(f"count_tokens must be a function or a tokenizer's name: {count_tokens!r}")
    return count_tokens


def _systems(
    systems: Any, baselines: Sequence[str], points: Iterable[Selector] | None, seed: int
) -> tuple[dict[str, System], dict[str, str]]:
    """All systems by name, and why some baselines are not among them."""
    if points is not None:
        points = tuple(points)
    if isinstance(baselines, str):
        raise TypeError(f"baselines must be a list of names, got the string {baselines!r}")
    named: dict[str, System] = {}
    for name, source in _named(systems):
        named[name] = as_system(source, points=points)
    skipped = {}
    for name in dict.fromkeys(baselines):
        if name in named:
            raise ValueError(f"two systems are called {name!r}: a baseline and one of yours")
        try:
            if name.partition(":")[0] in peers_.NAMES:
                named[name] = peers_.peer(name)
            else:
                named[name] = baselines_.baseline(name, seed=seed)
        except (ImportError, OSError) as error:
            skipped[name] = described(error)
            logger.warning("%s is skipped: %s", name, error)
    if not named:
        raise ValueError("there is nothing to evaluate: give systems or baselines")
    return named, skipped


def _named(systems: Any) -> Iterator[tuple[str, Any]]:
    if systems is None:
        from ..persistence.compressors import load_compressor

        yield "recomp", load_compressor()
    elif isinstance(systems, Mapping):
        yield from systems.items()
    else:
        taken: dict[str, int] = {}
        for source in systems if isinstance(systems, (list, tuple)) else [systems]:
            yield _unique(name_of(source), taken), source


def _unique(name: str, taken: dict[str, int]) -> str:
    """`name`, or with "#2", "#3" … if it was there before."""
    found = name
    while found in taken:
        taken[name] += 1
        found = f"{name}#{taken[name]}"
    taken[found] = 1
    return found


def _about(
    named: Mapping[str, System],
    reader: Answerer | None,
    read: Read,
    target_scorer: TargetScorer | None,
    counter: Callable[[str], int],
    seed: int,
) -> dict[str, Any]:
    """What decides the rows, and a digest of it: a run with another one is not carried on."""
    decisive = {
        "systems": {
            name: {**system.identity, "settings": list(system.settings)}
            for name, system in named.items()
        },
        "tokenizer": counter_name(counter),
        "reader": _identity(reader),
        "read": None if reader is None else read,
        "target_scorer": _identity(target_scorer),
        "seed": seed,
    }
    return {**decisive, "settings": content_hash(decisive)[:12]}


def _identity(scorer: Any) -> Mapping[str, Any] | None:
    if scorer is None:
        return None
    known = getattr(scorer, "identity", None)
    return dict(known) if isinstance(known, Mapping) else {"class": type(scorer).__qualname__}


def _versions() -> dict[str, str]:
    found = {"recomp": __version__, "python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


@dataclass
class _Work:
    """A question on its way: its rows so far, and the judge of its texts."""

    question: Question
    judge: Judge
    original_text: str
    rows: list[Row] = field(default_factory=list)


class _Run:
    """Some questions through all systems, and the reader over all their texts at once."""

    def __init__(
        self,
        systems: Mapping[str, System],
        reader: Answerer | None,
        read: Read,
        target_scorer: TargetScorer | None,
        counter: Callable[[str], int],
        batch_questions: int,
    ) -> None:
        self.systems = systems
        self.reader = reader
        self.read = read
        self.target_scorer = target_scorer
        self.counter = counter
        self.batch_questions = batch_questions
        self._is_warm = False

    def over(
        self,
        questions: Questions,
        about: Mapping[str, Any],
        output: Path | None,
        *,
        overwrite: bool,
    ) -> Evaluation:
        """All questions, those that `output` holds already among them."""
        from tqdm import tqdm
        from tqdm.contrib.logging import logging_redirect_tqdm

        # Questions are read ahead: ids must differ, and what is done already must not be warmed up.
        bad: list[Mapping[str, str]] = []
        wanted = dict(_with_ids(questions, bad))
        with ExitStack() as stack:
            file = stack.enter_context(RunFile(output, about, overwrite=overwrite))
            done = {name: rows for name, q in wanted.items() if (rows := file.rows(q)) is not None}
            for record in bad:
                file.write_bad(record)
            stack.enter_context(logging_redirect_tqdm([logging.getLogger("recomp_core")]))
            bar = stack.enter_context(
                tqdm(total=len(wanted), unit=" questions", disable=None, file=sys.stderr)
            )
            bar.update(len(done))
            open_ = (question for name, question in wanted.items() if name not in done)
            while batch := list(islice(open_, self.batch_questions)):
                for work in self._evaluated(batch, bar):
                    file.write(work.question, work.rows)
                    done[work.question.id] = tuple(work.rows)
            about = file.about
        rows = tuple(row for name in wanted for row in done[name])
        return Evaluation(rows, wanted, about, tuple(bad))

    def _evaluated(self, questions: Sequence[Question], bar: Any) -> list[_Work]:
        batch = []
        for question in questions:
            batch.append(self._compressed(question))
            bar.update()
        if self.reader is not None:
            self._read(batch, self.reader)
        if self.target_scorer is not None:
            self._score_targets(batch, self.target_scorer)
        return batch

    def _compressed(self, question: Question) -> _Work:
        original_text = Layout().join(document.text for document in question.documents)
        work = _Work(question, Judge(question, original_text, self.counter), original_text)
        if not self._is_warm:
            self._is_warm = True
            for system in self.systems.values():
                _attempted(system, question)  # the first call loads, compiles and allocates
        for name, system in self.systems.items():
            work.rows += self._rows(name, system, work)
        return work

    def _rows(self, name: str, system: System, work: _Work) -> list[Row]:
        made = _attempted(system, work.question)
        if isinstance(made, Exception):
            note, error = work.judge.note, ""
            if isinstance(made, UndefinedError):
                note = "; ".join(filter(None, (note, str(made))))
            else:
                error = described(made)
                logger.warning("%s, question %s: %s", name, work.question.id, error)
            return [
                Row(work.question.id, name, setting, error=error, note=note)
                for setting in system.settings
            ]
        return [
            Row(
                question=work.question.id,
                system=name,
                setting=attempt.setting,
                seconds=attempt.seconds,
                outcome=attempt.outcome,
                text=attempt.text,
                kept=attempt.kept or (),
                **work.judge.measure(attempt.text, attempt.kept),
            )
            for attempt in made
        ]

    def _read(self, batch: Sequence[_Work], reader: Answerer) -> None:
        """What the reader says to each text, and to all documents for the agreement."""
        asked: dict[tuple[str, str], None] = {}
        for work in batch:
            asked[work.question.query, work.original_text] = None
            for row in self._to_read(work):
                asked[work.question.query, row.text] = None
        said = dict(zip(asked, _answers(reader, list(asked)), strict=True))
        for work in batch:
            query = work.question.query
            without = said[query, work.original_text]
            reference = without if isinstance(without, str) else None
            wanted = set(map(id, self._to_read(work)))
            work.rows = [
                _with_answer(row, said[query, row.text], work.question, reference)
                if id(row) in wanted
                else row
                for row in work.rows
            ]

    def _to_read(self, work: _Work) -> list[Row]:
        first = {name: system.settings[0] for name, system in self.systems.items()}
        return [
            row
            for row in work.rows
            if row.empty is not None and (self.read == "all" or row.setting == first[row.system])
        ]

    def _score_targets(self, batch: Sequence[_Work], scorer: TargetScorer) -> None:
        asked: dict[tuple[str, str], None] = {}
        for work in batch:
            for row in work.rows:
                if row.empty is not None and (pair := _target(work.question, row.text)):
                    asked[pair] = None
        scores = dict(zip(asked, _scores(scorer, list(asked)), strict=True))
        for work in batch:
            work.rows = [
                _with_score(row, scores[pair])
                if row.empty is not None and (pair := _target(work.question, row.text))
                else row
                for row in work.rows
            ]


def _with_ids(questions: Questions, bad: list[Mapping[str, str]]) -> Iterator[tuple[str, Question]]:
    """Each question under an id of its own; broken records go to `bad`."""
    taken: dict[str, int] = {}
    for question in questions:
        if isinstance(question, BadRecord):
            bad.append({"id": question.id, "error": question.error})
            logger.error("record %s: %s", question.id, question.error)
            continue
        identity = _unique(question.id, taken)
        yield identity, question if identity == question.id else replace(question, id=identity)


def _attempted(system: System, question: Question) -> Sequence[Attempt] | Exception:
    try:
        return system.attempts(question)
    except Exception as error:
        return error


def _with_answer(
    row: Row, answer: str | Exception, question: Question, reference: str | None
) -> Row:
    if isinstance(answer, Exception):
        return replace(row, reader_error=described(answer))
    scores: dict[str, Any] = reader_scores(answer, question, reference)
    return replace(row, prediction=answer, **scores)


def _with_score(row: Row, score: tuple[float, int] | Exception) -> Row:
    if isinstance(score, Exception):
        told = "; ".join(filter(None, (row.reader_error, described(score))))
        return replace(row, reader_error=told)
    return replace(row, nll=score[0], target_tokens=score[1])


def _target(question: Question, text: str) -> tuple[str, str] | None:
    """What the target scorer is asked after `text`: prefix and target; None without a target."""
    head = f"{text}\n{question.query}" if text else question.query
    target = question.rest.get("target")
    if isinstance(target, str) and target:
        return head, target  # it goes on where the query ends
    answer = next(iter(question.answers), "")
    return (f"{head}\n", answer) if answer else None


def _answers(reader: Answerer, pairs: Sequence[tuple[str, str]]) -> list[str | Exception]:
    return _each(lambda some: reader.answer([q for q, _ in some], [c for _, c in some]), pairs)


def _scores(
    scorer: TargetScorer, pairs: Sequence[tuple[str, str]]
) -> list[tuple[float, int] | Exception]:
    return _each(lambda some: scorer.score([p for p, _ in some], [t for _, t in some]), pairs)


def _each(ask: Callable[[Sequence[Any]], list[Any]], pairs: Sequence[Any]) -> list[Any]:
    """One result per pair. Where the call itself fails, each pair is asked by itself."""
    if not pairs:
        return []
    try:
        found = ask(pairs)
    except BudgetError:
        raise
    except Exception as error:
        if len(pairs) == 1:
            return [error]
        return [result for pair in pairs for result in _each(ask, [pair])]
    if len(found) != len(pairs):
        raise ValueError(f"the reader gave {len(found)} results for {len(pairs)} questions")
    return found
