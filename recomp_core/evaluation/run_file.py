"""The file of a run: one line per question, appended when it is done; a later run carries on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .._utils.hashing import content_hash
from .._utils.json_values import json_ready
from ..data import Question
from ..data.journal import Journal
from .results import Row, about_of, content_of, header_of, line_of

_REMEDY = "choose another output, or overwrite"


@contextmanager
def open_run(path: Path | None, about: Mapping[str, Any], *, overwrite: bool) -> Iterator[RunFile]:
    """Open the file of a run, and read what an earlier run left in it.

    Args:
        path: The file; None writes nothing.
        about: What this run is made with; its "settings" is the digest that must be the file's.
        overwrite: Whether to start the file again.

    Yields:
        The run.

    Raises:
        ValueError: The file is of other settings, or is no evaluation.
    """
    if path is None:
        yield RunFile(None, about)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if overwrite:
        path.unlink(missing_ok=True)
    with Journal(path, refusal=f"is not of an evaluation: {_REMEDY}") as journal:
        yield RunFile(journal, about)


class RunFile:
    """What an earlier run left, and where this one writes.

    Args:
        journal: The open file; None writes nothing.
        about: What this run is made with.

    Attributes:
        about: The same, with the date on which the file was begun.

    Raises:
        ValueError: The file is of other settings, or is no evaluation.
    """

    def __init__(self, journal: Journal | None, about: Mapping[str, Any]) -> None:
        self.about = about
        self._journal = journal
        self._done: dict[str, tuple[str, tuple[Row, ...]]] = {}
        self._bad: list[Mapping[str, str]] = []
        if journal is not None:
            self._carry_on(journal)

    def rows(self, question: Question) -> tuple[Row, ...] | None:
        """Look up the rows of a question.

        Args:
            question: The question.

        Returns:
            Its rows; None if it is not in the file, or failed and must be evaluated again.

        Raises:
            ValueError: The file has another question of that id.
        """
        if question.id not in self._done:
            return None
        digest, rows = self._done[question.id]
        if any(row.error or row.reader_error for row in rows):
            return None
        if digest != question_digest(question):
            assert self._journal is not None  # noqa: S101 - the rows came from it
            raise ValueError(
                f"{self._journal.path} holds the results of another question {question.id!r}: the "
                f"input was changed or is another one; {_REMEDY}"
            )
        return rows

    def write(self, question: Question, rows: Iterable[Row]) -> None:
        """Append a question with its rows; they survive the end of the process.

        Args:
            question: The question.
            rows: Its rows.
        """
        self._append(line_of(question, rows))

    def write_bad(self, record: Mapping[str, str]) -> None:
        """Append a record that is no question, once.

        Args:
            record: The record's id and its error.
        """
        if record not in self._bad:
            self._bad.append(record)
            self._append({"bad": dict(record)})

    def _append(self, line: Mapping[str, Any]) -> None:
        if self._journal is not None:
            self._journal.append(line)

    def _carry_on(self, journal: Journal) -> None:
        entries = 0
        for entry in journal.entries():
            entries += 1
            try:
                self._read(journal.path, entry.content, is_first=entry.number == 1)
            except (KeyError, TypeError, AttributeError) as error:
                raise journal.error(entry.number) from error
        if not entries:
            self._append(header_of(self.about))

    def _read(self, path: Path, line: Mapping[str, Any], *, is_first: bool) -> None:
        if is_first:
            about = about_of(line)
            if about["settings"] != self.about["settings"]:
                raise ValueError(
                    f"{path} was made with other settings ({_differing(about, self.about)}): "
                    f"{_REMEDY}"
                )
            # What decides no row may differ: this run's values are the ones that are wanted now.
            self.about = {**self.about, "date": about["date"]}
        elif "bad" in line:
            self._bad.append(line["bad"])
        else:
            question, rows = content_of(line)
            if question is None:
                raise KeyError("question")
            self._done[question.id] = (question_digest(question), rows)


def question_digest(question: Question) -> str:
    """Compute the digest of all that decides the rows, gold sentences and the target among them.

    Args:
        question: The question.

    Returns:
        64 hexadecimal digits.
    """
    return content_hash(json_ready(question.to_dict()))


def _differing(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> str:
    names = ("systems", "tokenizer", "reader", "read", "target_scorer", "seed", "measures")
    mine = header_of(ours)["about"]
    return ", ".join(name for name in names if theirs.get(name) != mine.get(name)) or "settings"
