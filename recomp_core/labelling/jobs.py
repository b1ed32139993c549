"""A long run of a labeller: nothing finished is lost, and a rerun gives the same files.

run.json          what makes the labels, and when that began; another run must agree
parts.jsonl       one line per finished question, in the order in which they finished
examples.jsonl    ┐
unhelpful.jsonl   ├ the same, sorted as the input is; written at the end of every run
failed.jsonl      ┘
report.json       what the last run counted
"""

from __future__ import annotations

import datetime
import logging
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from .._utils.files import write_json
from .._utils.json_values import json_ready, parsed
from .._utils.jsonl import described
from .._version import __version__
from ..data import BadRecord, Question, content_hash, question_of
from ..errors import BudgetError
from ..runtime.budget import Usage
from ..runtime.engines import Engine, Item, LocalEngine, Worker
from .labeller import Labelled, Labeller
from .run_files import CACHE_FILE, FILES, LOCK_FILE, Parts, open_parts

logger = logging.getLogger(__name__)


@dataclass
class LabelReport:
    """What a run did.

    Attributes:
        questions: The number of questions that the run saw.
        done_before: The number of these that an earlier run had labelled.
        counts: The number of questions of each status, in the whole folder.
        requests: The number of requests of this run.
        input_tokens: The number of tokens that the models read in this run.
        output_tokens: The number of tokens that the models wrote in this run.
        seconds: How long this run took.
        stopped: Why the run ended before its questions did; "" if it did not.
    """

    questions: int = 0
    done_before: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    seconds: float = 0.0
    stopped: str = ""

    def add(self, usage: Usage) -> None:
        """Add what was asked.

        Args:
            usage: The requests and tokens to add.
        """
        self.requests += usage.requests
        self.input_tokens += usage.input_tokens
        self.output_tokens += usage.output_tokens

    def __str__(self) -> str:
        text = ", ".join(f"{self.counts[status]} {name}" for status, name in _NAMES.items())
        if self.done_before:
            text += f"; {self.done_before} were done before"
        return text + (f"; stopped: {self.stopped}" if self.stopped else "")


_NAMES = {"example": "examples", "unhelpful": "unhelpful", "failed": "failed"}


class LabelWorker:
    """Labels questions for an engine.

    Args:
        labeller: Labels the questions; None for `labeller_from_settings(**settings)`.
        settings: The plain settings of a labeller.
    """

    def __init__(self, labeller: Labeller | None = None, **settings: Any) -> None:
        if labeller is None:
            from .factory import labeller_from_settings

            labeller = labeller_from_settings(**settings)
        self.labeller = labeller

    def __call__(self, items: Sequence[Item]) -> list[Item]:
        """Label one batch.

        Args:
            items: `{"position", "question"}` each.

        Returns:
            One result per item, in order: `{"position", "id", "digest", "status"}` with "record" or
            "error", and with "usage" in the last one. Once the budget is spent, the status is
            "stopped".
        """
        before = self._usage()
        questions = [_question(item["question"], item["position"]) for item in items]
        results = [
            _result(item, result)
            for item, result in zip(items, self._label(questions), strict=True)
        ]
        after = self._usage()
        used = {name: asdict(after)[name] - asdict(before)[name] for name in asdict(after)}
        return [*results[:-1], {**results[-1], "usage": used}] if results else []

    def _label(self, questions: Sequence[Question]) -> list[Labelled | Exception]:
        try:
            return list(self.labeller.label(questions))
        except BudgetError as error:
            return [error for _ in questions]
        except Exception as error:
            # A question that makes a batch fail must not cost the others: label each by itself.
            if len(questions) == 1:
                return [error]
            return [result for question in questions for result in self._label([question])]

    def _usage(self) -> Usage:
        used = [meter.usage for meter in self.labeller.meters]
        return Usage(
            sum(u.requests for u in used),
            sum(u.input_tokens for u in used),
            sum(u.output_tokens for u in used),
        )


class LabelJob:
    """A run that labels questions into a folder.

    Args:
        output: The folder; it is made if it is not there.
        identity: What makes the labels, JSON values; a folder holds labels of one identity.
        overwrite: Whether the run deletes the labels in the folder first; the cache stays.

    Attributes:
        folder: The folder.
        overwrite: As given.
        identity: As given.
        date: The day on which the folder was begun, an ISO date. Records that say when they were
            made stay the same in a later run.

    Raises:
        ValueError: The folder holds labels of another identity, or something else.
    """

    def __init__(
        self,
        output: str | os.PathLike[str],
        identity: Mapping[str, Any],
        *,
        overwrite: bool = False,
    ) -> None:
        self.folder = Path(output)
        self.overwrite = overwrite
        self.identity = json_ready(identity)
        self.date = datetime.date.today().isoformat()
        run = self.folder / "run.json"
        if run.is_file() and not overwrite:
            begun = parsed(run.read_bytes())
            self._refuse_others(begun["identity"])
            self.date = begun["date"]
        elif not run.is_file() and _holds_something_else(self.folder):
            raise ValueError(
                f"{self.folder} holds something else: choose another folder for the labels"
            )

    def run(
        self, labeller: Labeller, questions: Iterable[Question | BadRecord], **settings: Any
    ) -> LabelReport:
        """Label in this process.

        Args:
            labeller: Labels the questions.
            questions: The input, in order.
            settings: `batch_questions` and `total` of `run_on`.

        Returns:
            What the run did.

        Raises:
            ValueError: The folder holds labels of other questions, or another run works in it.
        """
        return self.run_on(LocalEngine(), lambda: LabelWorker(labeller), {}, questions, **settings)

    def run_on(
        self,
        engine: Engine,
        worker: Callable[..., Worker],
        worker_settings: Mapping[str, Any],
        questions: Iterable[Question | BadRecord],
        *,
        batch_questions: int = 8,
        total: int | None = None,
    ) -> LabelReport:
        """Label what is not done yet, and sort what is there.

        A spent budget ends the run. Errors of single questions are written to `failed.jsonl`; the
        next run tries these questions again.

        Args:
            engine: Where the labelling runs.
            worker: Makes a worker, such as `LabelWorker`.
            worker_settings: The keyword arguments of `worker`.
            questions: The input, in order.
            batch_questions: The number of questions that are labelled together.
            total: The number of questions, for the progress bar; None if it is not known.

        Returns:
            What the run did.

        Raises:
            ValueError: The folder holds labels of other questions, or another run works in it.
        """
        began = time.monotonic()
        report = LabelReport()
        with ExitStack() as stack:
            stack.enter_context(_alone(self.folder))
            self._begin()
            parts = stack.enter_context(open_parts(self.folder / "parts.jsonl"))
            bar = stack.enter_context(_progress(total))
            pending = _pending(questions, parts, report, bar)
            batches = _batches(pending, batch_questions)
            for results in engine.map(worker, worker_settings, batches):
                for result in results:
                    self._take(result, parts, report)
                    bar.update()
                bar.set_postfix(_cost(report), refresh=False)
                if report.stopped:
                    break
            report.counts.update(parts.sort_into(self.folder))
        report.seconds = time.monotonic() - began
        write_json(self.folder / "report.json", {**asdict(report), "counts": report.counts})
        return report

    def _take(self, result: Item, parts: Parts, report: LabelReport) -> None:
        if "usage" in result:
            report.add(Usage(**result["usage"]))
        if result["status"] == "stopped":
            report.stopped = result["error"]
            return
        if result["status"] == "failed":
            logger.error("question %s: %s", result["id"], result["error"])
        parts.write({key: value for key, value in result.items() if key != "usage"})

    def _begin(self) -> None:
        run = self.folder / "run.json"
        if self.overwrite:
            for name in ("parts.jsonl", "report.json", *FILES.values()):
                (self.folder / name).unlink(missing_ok=True)
        if self.overwrite or not run.is_file():
            begun = {"date": self.date, "version": __version__, "identity": self.identity}
            write_json(run, begun)

    def _refuse_others(self, identity: Mapping[str, Any]) -> None:
        if identity == self.identity:
            return
        names = {*identity, *self.identity}
        differ = sorted(n for n in names if identity.get(n) != self.identity.get(n))
        raise ValueError(
            f"{self.folder} holds labels that were made in another way ({', '.join(differ)} "
            "differ): choose another folder, or --overwrite (overwrite=True)"
        )


def _holds_something_else(folder: Path) -> bool:
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    return any(not name.startswith((CACHE_FILE, LOCK_FILE)) for name in names)


def _pending(
    questions: Iterable[Question | BadRecord], parts: Parts, report: LabelReport, bar: Any
) -> Iterator[Item]:
    """The questions to label, as items. Broken records are written to `parts` at once."""
    for position, question in enumerate(questions):
        report.questions += 1
        if isinstance(question, BadRecord):
            if parts.has(position):  # labelled before a retriever, say, stopped working
                report.done_before += 1
            else:
                logger.error("record %s: %s", question.id, question.error)
                parts.write(_broken(question, position))
        elif parts.is_done(position, question.digest):
            report.done_before += 1
        else:
            yield {"position": position, "question": question.to_dict()}
            continue
        bar.update()


def _broken(record: BadRecord, position: int) -> Item:
    return {
        "position": position,
        "id": record.id,
        "digest": content_hash(record.excerpt)[:16],
        "status": "failed",
        "error": record.error,
        "excerpt": record.excerpt,
    }


def _question(record: Mapping[str, Any], position: int) -> Question:
    question = question_of(record, position)
    if isinstance(question, BadRecord):
        raise ValueError(question.error)
    return question


def _result(item: Item, result: Labelled | Exception) -> dict[str, Any]:
    question = _question(item["question"], item["position"])
    fields = {"position": item["position"], "id": question.id, "digest": question.digest}
    if isinstance(result, BudgetError):
        return {**fields, "status": "stopped", "error": str(result)}
    if isinstance(result, Exception):
        return {**fields, "status": "failed", "error": described(result)}
    return {**fields, "status": result.status, "record": dict(result.record)}


def _batches(items: Iterator[Item], size: int) -> Iterator[list[Item]]:
    while batch := list(islice(items, size)):
        yield batch


def _progress(total: int | None) -> Any:
    from tqdm import tqdm

    return tqdm(total=total, unit=" questions", disable=None, file=sys.stderr)


def _cost(report: LabelReport) -> dict[str, str]:
    return {
        "requests": f"{report.requests:,}",
        "tokens in": f"{report.input_tokens:,}",
        "out": f"{report.output_tokens:,}",
    }


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder for this process. Raises `ValueError` if another one works in it."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        import fcntl
    except ImportError:  # Windows has no such lock, and a run works without it
        yield
        return
    with (folder / LOCK_FILE).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ValueError(
                f"another run is at work in {folder}: wait for it, or choose another folder"
            ) from error
        yield
