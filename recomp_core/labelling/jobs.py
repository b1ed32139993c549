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
import json
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
from .._utils.jsonl import described
from .._version import __version__
from ..data import BadRecord, Question, content_hash, question_of
from ..errors import BudgetError
from ..runtime.budget import Usage
from ..runtime.engines import Engine, Item, LocalEngine, Worker
from .labeller import Labelled, Labeller
from .run_files import CACHE_FILE, FILES, LOCK_FILE, Parts

logger = logging.getLogger(__name__)


@dataclass
class LabelReport:
    """What a run did. `seconds` and `usage` are of this run, the counts of the whole folder.

    stopped: why the run ended before its questions did; "" if it did not.
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
        """Count what was asked."""
        self.requests += usage.requests
        self.input_tokens += usage.input_tokens
        self.output_tokens += usage.output_tokens

    def __str__(self) -> str:
        told = ", ".join(f"{self.counts[status]} {name}" for status, name in _NAMES.items())
        if self.done_before:
            told += f"; {self.done_before} were done before"
        return told + (f"; stopped: {self.stopped}" if self.stopped else "")


_NAMES = {"example": "examples", "unhelpful": "unhelpful", "failed": "failed"}


class LabelWorker:
    """Questions to labels, for `engines`.

    labeller: any; without one `settings.labeller_from_settings(**settings)` makes it.
    Items: {"position", "question"}; results: {"position", "status", "record" or "error"}, and with
    the last of a batch "usage". Once the budget is spent, the results have neither.
    """

    def __init__(self, labeller: Labeller | None = None, **settings: Any) -> None:
        if labeller is None:
            from .factory import labeller_from_settings

            labeller = labeller_from_settings(**settings)
        self.labeller = labeller

    def __call__(self, items: Sequence[Item]) -> list[Item]:
        """One result per item, in order."""
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
            # One poisonous question must not take the others along: each by itself.
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
    """Label questions into a folder.

    identity: what makes the labels, JSON values; a folder holds labels of one identity alone.
    overwrite: begin the folder anew when the run begins; what is cached stays.

    `date` is the day on which the folder was begun: records that say when they were made stay the
    same in a later run. Raises `ValueError` for a folder of another identity.
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
        self.identity = json.loads(json.dumps(identity))
        self.date = datetime.date.today().isoformat()
        run = self.folder / "run.json"
        if run.is_file() and not overwrite:
            begun = json.loads(run.read_text(encoding="utf-8"))
            self._refuse_others(begun["identity"])
            self.date = begun["date"]
        elif not run.is_file() and _holds_something_else(self.folder):
            raise ValueError(
                f"{self.folder} holds something else: choose another folder for the labels"
            )

    def run(
        self, labeller: Labeller, questions: Iterable[Question | BadRecord], **settings: Any
    ) -> LabelReport:
        """`run_on` in this process."""
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
        """Label what is not done yet, `batch_questions` at a time, and sort what is there.

        total: how many questions there are, for the time that is left. A spent budget ends the
        run; errors of single questions are written to `failed.jsonl` and tried again next time.
        Raises `ValueError` if the folder holds labels of other questions.
        """
        began = time.monotonic()
        report = LabelReport()
        with ExitStack() as stack:
            stack.enter_context(_alone(self.folder))
            self._begin()
            parts = stack.enter_context(Parts(self.folder / "parts.jsonl"))
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
            f"{self.folder} holds labels that were made otherwise ({', '.join(differ)} differ): "
            "choose another folder, or --overwrite (overwrite=True)"
        )


def _holds_something_else(folder: Path) -> bool:
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    return any(not name.startswith((CACHE_FILE, LOCK_FILE)) for name in names)


def _pending(
    questions: Iterable[Question | BadRecord], parts: Parts, report: LabelReport, bar: Any
) -> Iterator[Item]:
    """What is to be labelled; what is done or broken is passed by."""
    for position, question in enumerate(questions):
        report.questions += 1
        if isinstance(question, BadRecord):
            if parts.has(position):  # labelled before a retriever, say, went down
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
    except ImportError:  # Windows: no such lock, and nothing lost by it
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
