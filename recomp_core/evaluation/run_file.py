"""The file of a run: one line per question, appended when it is done, carried on after a kill."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..data import Question, content_hash
from ..data.journal import Journal
from .results import Row, about_of, content_of, header_of, line_of

logger = logging.getLogger(__name__)


class RunFile:
    """What an earlier run left, and where this one writes. Without a path nothing is written.

    about: of this run; its "settings" is the digest that must be that of the file. `about` is then
    that of the file, which tells when it was begun.

    Entering it raises `ValueError` if the file is of other settings, or is no evaluation.
    """

    def __init__(self, path: Path | None, about: Mapping[str, Any], *, overwrite: bool) -> None:
        self.path = path
        self.about = about
        self.overwrite = overwrite
        self._journal: Journal | None = None
        self._done: dict[str, tuple[str, tuple[Row, ...]]] = {}
        self._bad: list[Mapping[str, str]] = []

    def __enter__(self) -> RunFile:
        if self.path is None:
            return self
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self.overwrite:
            self.path.unlink(missing_ok=True)
        refusal = "is not of an evaluation: choose another output, or overwrite"
        self._journal = Journal(self.path, refusal=refusal)
        self._journal.__enter__()
        try:
            self._carry_on(self._journal)
        except BaseException:
            self._journal.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._journal is not None:
            self._journal.__exit__()

    def rows(self, question: Question) -> tuple[Row, ...] | None:
        """What the file holds of a question; None if it is to be evaluated, anew if it failed.

        Raises `ValueError` if the file has another question of that id.
        """
        if question.id not in self._done:
            return None
        digest, rows = self._done[question.id]
        if any(row.error or row.reader_error for row in rows):
            return None
        if digest != _digest(question):
            raise ValueError(
                f"{self.path} holds the results of another question {question.id!r}: the input was "
                "changed or is another one; choose another output, or overwrite"
            )
        return rows

    def write(self, question: Question, rows: Iterable[Row]) -> None:
        """Append a question with its rows; they survive the end of the process."""
        self._append(line_of(question, rows))

    def write_bad(self, record: Mapping[str, str]) -> None:
        """Append a record that is no question, once."""
        if record not in self._bad:
            self._bad.append(record)
            self._append({"bad": dict(record)})

    def _append(self, line: Mapping[str, Any]) -> None:
        if self._journal is not None:
            self._journal.append(line)

    def _carry_on(self, journal: Journal) -> None:
        is_new = True
        for entry in journal.entries():
            is_new = False
            try:
                self._note(entry.content, is_first=entry.number == 1)
            except (KeyError, TypeError, AttributeError) as error:
                raise journal.error(entry.number) from error
        if is_new:
            self._append(header_of(self.about))

    def _note(self, line: Mapping[str, Any], *, is_first: bool) -> None:
        if is_first:
            about = about_of(line)
            if about["settings"] != self.about["settings"]:
                raise ValueError(
                    f"{self.path} was made with other settings ({_differing(about, self.about)}): "
                    "choose another output, or overwrite"
                )
            # What decides no row may differ, and this run's is what is wanted now.
            self.about = {**self.about, "date": about["date"]}
        elif "bad" in line:
            self._bad.append(line["bad"])
        else:
            question, rows = content_of(line)
            if question is None:
                raise KeyError("question")
            self._done[question.id] = (_digest(question), rows)


def _digest(question: Question) -> str:
    """Of all that decides the rows: beside what labels depend on, gold sentences and the target."""
    record = json.loads(json.dumps(question.to_dict(), default=str))
    return content_hash(record)


def _differing(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> str:
    names = ("systems", "tokenizer", "reader", "read", "target_scorer", "seed")
    mine = header_of(ours)["about"]
    return ", ".join(name for name in names if theirs.get(name) != mine.get(name)) or "settings"
