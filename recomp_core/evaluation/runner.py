"""The run: every question through every system, measured, and written when it is done.

Question → System.attempts → Attempt → Judge.measure → Row      for each question
                                     └→ Answerer, TargetScorer   for some questions at a time
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from .._utils.hashing import content_hash
from .._utils.jsonl import described
from ..data import BadRecord, Question, Questions
from ..data.journal import KeptResults
from ..errors import BudgetError
from ..text.joining import Layout
from .judge import Judge
from .results import Evaluation, Row
from .run_file import open_run, question_digest
from .systems.base import Attempt, System, UndefinedError

if TYPE_CHECKING:
    from ..readers.answerers import Answerer
    from ..readers.perplexity import TargetScorer

logger = logging.getLogger(__name__)

Read = Literal["all", "first"]

_Pair = tuple[str, str]
_AT_ONCE = 64  # pairs that go to a reader in one call, and are kept together


@dataclass
class _Work:
    """A question in progress: its rows so far, and the judge of its texts."""

    question: Question
    judge: Judge
    original_text: str
    rows: list[Row] = field(default_factory=list)


class EvaluationRun:
    """Puts questions through all systems, some questions at a time.

    Args:
        systems: The systems by name.
        reader: Answers from the compressed texts; None for no answers.
        read: "all" texts, or "first": those of each system's first setting.
        target_scorer: Scores the targets after the texts; None for no perplexity.
        counter: Counts the tokens of a text.
        batch_questions: How many questions go to the reader together.
        identities: What decides what the readers and systems say, JSON values: "reader",
            "target_scorer" and "systems", as in `Evaluation.about`.
    """

    def __init__(
        self,
        systems: Mapping[str, System],
        reader: Answerer | None,
        read: Read,
        target_scorer: TargetScorer | None,
        counter: Callable[[str], int],
        batch_questions: int,
        identities: Mapping[str, Any],
    ) -> None:
        self.systems = systems
        self.reader = reader
        self.read = read
        self.target_scorer = target_scorer
        self.counter = counter
        self.batch_questions = batch_questions
        self.identities = identities
        self._answers = self._attempts = KeptResults(None)
        self._is_warm = False

    def over(
        self,
        questions: Questions,
        about: Mapping[str, Any],
        output: Path | None,
        *,
        overwrite: bool,
    ) -> Evaluation:
        """Evaluate questions; those that `output` holds already are not evaluated again.

        What may be paid for is kept beside the output as it comes, in `.answers` and `.attempts`.

        Args:
            questions: The questions and the broken records.
            about: What the evaluation is made with; its "settings" is the digest.
            output: The file of the run; None for no file.
            overwrite: Start the file again, and the attempts; the answers stay.

        Returns:
            The evaluation.

        Raises:
            ValueError: The file is of another run.
            BudgetError: The reader's budget is used up.
        """
        from tqdm import tqdm
        from tqdm.contrib.logging import logging_redirect_tqdm

        # Questions are read ahead: ids must differ, and finished ones must not be warmed up.
        bad: list[Mapping[str, str]] = []
        wanted = dict(_with_ids(questions, bad))
        answers, attempts = (
            None if output is None else beside(output, name) for name in ("answers", "attempts")
        )
        if overwrite and attempts is not None:
            attempts.unlink(missing_ok=True)
        with ExitStack() as stack:
            file = stack.enter_context(open_run(output, about, overwrite=overwrite))
            self._answers = stack.enter_context(KeptResults(answers))
            self._attempts = stack.enter_context(KeptResults(attempts))
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
                if not getattr(system, "asks_endpoint", False):
                    _attempted(system, question)  # the first call loads, compiles and allocates
        for name, system in self.systems.items():
            work.rows += self._rows(name, system, work)
        return work

    def _rows(self, name: str, system: System, work: _Work) -> list[Row]:
        made = self._attempted(name, system, work.question)
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

    def _attempted(
        self, name: str, system: System, question: Question
    ) -> Sequence[Attempt] | Exception:
        """The attempts of a system; those that may be paid for are kept."""
        if not getattr(system, "may_cost", False):
            return _attempted(system, question)
        identity = self.identities["systems"][name]
        key = content_hash("attempts", identity, question_digest(question))
        if (kept := self._attempts.get(key)) is not None:
            return [Attempt.from_dict(data) for data in kept]
        made = _attempted(system, question)
        if not isinstance(made, Exception):
            self._attempts.put(key, [attempt.to_dict() for attempt in made])
        return made

    def _read(self, batch: Sequence[_Work], reader: Answerer) -> None:
        """Ask the reader about each text, and about all documents for the agreement."""
        asked: dict[tuple[str, str], None] = {}
        for work in batch:
            asked[work.question.query, work.original_text] = None
            for row in self._to_read(work):
                asked[work.question.query, row.text] = None
        said = self._each_once("reader", lambda pairs: _answers(reader, pairs), list(asked))
        for work in batch:
            query = work.question.query
            without = said[query, work.original_text]
            reference = without if isinstance(without, str) else None
            wanted = set(map(id, self._to_read(work)))
            work.rows = [
                _with_answer(row, said[query, row.text], work.judge, reference)
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
        scores = self._each_once("target_scorer", lambda pairs: _scores(scorer, pairs), list(asked))
        for work in batch:
            work.rows = [
                _with_score(row, scores[pair])
                if row.empty is not None and (pair := _target(work.question, row.text))
                else row
                for row in work.rows
            ]

    def _each_once(
        self,
        who: str,
        ask: Callable[[Sequence[_Pair]], Iterator[tuple[int, Any]]],
        pairs: Sequence[_Pair],
    ) -> dict[_Pair, Any]:
        """What a model says to each pair. Each result is kept as it comes, and is asked for once.

        who: names its identity. ask: from pairs to `(position, result)` in any order.
        """
        keys = {pair: content_hash(who, self.identities[who], pair) for pair in pairs}
        known = {pair: self._answers.get(key) for pair, key in keys.items()}
        missing = [pair for pair, result in known.items() if result is None]
        for position, result in ask(missing):
            pair = missing[position]
            known[pair] = result
            if not isinstance(result, Exception):
                self._answers.put(keys[pair], result)
        return known


def beside(output: Path, name: str) -> Path:
    """Name a file that a run writes beside its output.

    Args:
        output: The output.
        name: What is added to its name.

    Returns:
        The file.
    """
    return output.with_name(f"{output.name}.{name}")


def unique_name(name: str, taken: dict[str, int]) -> str:
    """Make a name unique.

    Args:
        name: The wanted name.
        taken: The names so far with their counts; the new name is added.

    Returns:
        The name, or the name with "#2", "#3" … if it was there before.
    """
    found = name
    while found in taken:
        taken[name] += 1
        found = f"{name}#{taken[name]}"
    taken[found] = 1
    return found


def _with_ids(questions: Questions, bad: list[Mapping[str, str]]) -> Iterator[tuple[str, Question]]:
    """Give each question an id of its own; broken records go to `bad`."""
    taken: dict[str, int] = {}
    for question in questions:
        if isinstance(question, BadRecord):
            bad.append({"id": question.id, "error": question.error})
            logger.error("record %s: %s", question.id, question.error)
            continue
        identity = unique_name(question.id, taken)
        yield identity, question if identity == question.id else replace(question, id=identity)


def _attempted(system: System, question: Question) -> Sequence[Attempt] | Exception:
    try:
        return system.attempts(question)
    except Exception as error:
        return error


def _with_answer(
    row: Row, answer: str | Exception, judge: Judge, without_compression: str | None
) -> Row:
    if isinstance(answer, Exception):
        return replace(row, reader_error=described(answer))
    return judge.read(row, answer, without_compression)


def _with_score(row: Row, score: tuple[float, int] | Exception) -> Row:
    if isinstance(score, Exception):
        problems = "; ".join(filter(None, (row.reader_error, described(score))))
        return replace(row, reader_error=problems)
    return replace(row, nll=score[0], target_tokens=score[1])


def _target(question: Question, text: str) -> tuple[str, str] | None:
    """Make the prefix and the target that the target scorer gets; None without a target."""
    head = f"{text}\n{question.query}" if text else question.query
    target = question.rest.get("target")
    if isinstance(target, str) and target:
        return head, target  # it continues where the query ends
    answer = next(iter(question.answers), "")
    return (f"{head}\n", answer) if answer else None


def _answers(reader: Answerer, pairs: Sequence[_Pair]) -> Iterator[tuple[int, str | Exception]]:
    questions, contexts = [q for q, _ in pairs], [c for _, c in pairs]
    answer_each = getattr(reader, "answer_each", None)
    if answer_each is not None:
        return cast("Iterator[tuple[int, str | Exception]]", answer_each(questions, contexts))
    return _each(lambda some: reader.answer([q for q, _ in some], [c for _, c in some]), pairs)


def _scores(
    scorer: TargetScorer, pairs: Sequence[_Pair]
) -> Iterator[tuple[int, tuple[float, int] | Exception]]:
    return _each(lambda some: scorer.score([p for p, _ in some], [t for _, t in some]), pairs)


def _each(
    ask: Callable[[Sequence[_Pair]], list[Any]], pairs: Sequence[_Pair]
) -> Iterator[tuple[int, Any]]:
    """`(position, result)` of each pair, some at a time."""
    for first in range(0, len(pairs), _AT_ONCE):
        yield from enumerate(_some(ask, pairs[first : first + _AT_ONCE]), start=first)


def _some(ask: Callable[[Sequence[_Pair]], list[Any]], pairs: Sequence[_Pair]) -> list[Any]:
    """One result per pair. If the call itself fails, each pair is asked by itself."""
    try:
        found = ask(pairs)
    except BudgetError:
        raise
    except Exception as error:
        if len(pairs) == 1:
            return [error]
        return [result for pair in pairs for result in _some(ask, [pair])]
    if len(found) != len(pairs):
        raise ValueError(f"the reader gave {len(found)} results for {len(pairs)} questions")
    return found
