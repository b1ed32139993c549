"""What an evaluation found: a row for every question, system and setting. Needs no model.

    Question × System × setting → Row → Evaluation → report, table, comparison

A row is there even where something failed, with its reason; a mean is over the rows that have the
measure, and says over how many.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache, cached_property
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from .._utils.json_values import json_ready
from .._utils.jsonl import as_line, described, from_line
from .._utils.notebook import notebook_html
from ..data import Question, question_of
from ..text.joining import Layout
from .measures import MEASURES, find_measure, mean_measures

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Row:
    """What one system made of one question at one setting.

    None stands for what was not measured, or is not defined.

    Attributes:
        question: The question's id.
        system: The system's name.
        setting: The system's setting; the settings of one system are the points of its curve.
        error: Why there is no compression; the measures are then None.
        reader_error: Why there is no answer of the reader; the other measures stand.
        note: Why a measure is not defined here.
        seconds: Time of compressing this question alone. Points that were read off one scoring
            share its time.
        outcome: The outcome of the compression, see `Outcome`; "" for systems that have none.
        tokens_before: Tokens of all documents, by the evaluation's counter.
        tokens_after: Tokens of the compressed text.
        empty: Whether nothing was kept.
        answerable: Whether some document holds a gold answer.
        answer_recall: Whether the compressed text holds one.
        gold_precision: Of the kept characters, the share in gold sentences.
        gold_recall: Of the characters in gold sentences, the share that was kept.
        support: The share of the text's sentences that the documents support; 1 for excerpts.
        prediction: The reader's answer to the compressed text.
        exact_match: Whether it is a gold answer.
        f1: Its F1 against the gold answers.
        agreement: Its F1 against the reader's own answer to all documents.
        nll: Sum of the target's negative log-likelihood after the text, in nats.
        target_tokens: How many tokens that is; perplexity is exp of the sums' ratio.
        text: What would be prepended.
        kept: (doc_index, start, end) of what was kept, where the text is an excerpt.
        extra: The measures that other packages add, by name.
    """

    question: str
    system: str
    setting: str = ""
    error: str = ""
    reader_error: str = ""
    note: str = ""
    seconds: float | None = None
    outcome: str = ""
    tokens_before: int | None = None
    tokens_after: int | None = None
    empty: bool | None = None
    answerable: bool | None = None
    answer_recall: bool | None = None
    gold_precision: float | None = None
    gold_recall: float | None = None
    support: float | None = None
    prediction: str | None = None
    exact_match: bool | None = None
    f1: float | None = None
    agreement: float | None = None
    nll: float | None = None
    target_tokens: int | None = None
    text: str = ""
    kept: tuple[tuple[int, int, int], ...] = ()
    extra: Mapping[str, float] = field(default_factory=dict, hash=False)

    @property
    def rate(self) -> float | None:
        """Tokens after ÷ tokens before; 0 where there was nothing to compress."""
        if self.tokens_before is None or self.tokens_after is None:
            return None
        return self.tokens_after / self.tokens_before if self.tokens_before else 0.0

    def value(self, measure: str) -> float | None:
        """Look up a measure.

        Args:
            measure: One of `MEASURES`, or the name of a measure that another package adds.

        Returns:
            The value as a number; None where it is not measured or not defined.

        Raises:
            ValueError: There is no such measure, or it has no mean.
        """
        if measure in MEASURES:
            found = getattr(self, measure)
        elif find_measure(measure).aggregate == "mean":
            found = self.extra.get(measure)
        else:
            raise ValueError(
                f"no measure {measure!r} of single rows: choose among {', '.join(mean_measures())}"
            )
        return None if found is None else float(found)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values, without what is not measured."""
        data = {f.name: getattr(self, f.name) for f in fields(self)}
        return {
            name: value
            for name, value in data.items()
            if name in ("question", "system") or (value is not None and value not in ("", (), {}))
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Row:
        """Make the row that `to_dict` wrote.

        Args:
            data: The JSON values.

        Returns:
            The row.

        Raises:
            ValueError: There is a field of another version, one is missing, or a value has the
                wrong type.
        """
        try:
            if unknown := data.keys() - _hints().keys():
                raise ValueError(f"a row has no field {', '.join(sorted(map(str, unknown)))}")
            row = cls(**{**data, "kept": tuple(tuple(span) for span in data.get("kept", ()))})
            for name, hint in _hints().items():
                if not _fits(getattr(row, name), hint):
                    raise TypeError(f"{name} must be {hint}, got {getattr(row, name)!r:.80}")
        except (TypeError, AttributeError, OverflowError) as error:
            raise ValueError(f"this is no row that to_dict() wrote ({error})") from error
        return row


@cache
def _hints() -> dict[str, Any]:
    return get_type_hints(Row)


def _fits(value: Any, hint: Any) -> bool:
    """Whether a JSON value is of the type of a field of a row."""
    if get_origin(hint) in (Union, UnionType):
        return any(_fits(value, part) for part in get_args(hint))
    if get_origin(hint) is tuple:
        return all(len(span) == 3 and all(_fits(n, int) and n >= 0 for n in span) for span in value)
    if get_origin(hint) is Mapping:
        return isinstance(value, Mapping) and all(_fits(n, float) for n in value.values())
    if isinstance(value, bool):
        return hint is bool
    return isinstance(value, (int, float) if hint is float else hint)


@dataclass(frozen=True)
class Evaluation:
    """Rows of all systems, with what they were made from.

    Attributes:
        rows: The rows.
        questions: The evaluated questions by id, in order.
        about: JSON values that say how it was made: date, versions, seed, tokenizer ("characters"
            where none), reader, settings of every system.
        bad: Records that were no questions, as {"id", "error"}.
    """

    rows: tuple[Row, ...]
    questions: Mapping[str, Question] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)
    bad: tuple[Mapping[str, str], ...] = ()

    def __repr__(self) -> str:
        bad = f", {len(self.bad)} broken records" if self.bad else ""
        return (
            f"Evaluation({len(self.questions)} questions, {len(self.rows)} rows, systems: "
            f"{', '.join(self.systems) or 'none'}{bad})"
        )

    @property
    def systems(self) -> tuple[str, ...]:
        """The systems' names, in the order in which they were evaluated."""
        return tuple(dict.fromkeys(system for system, _ in self._points))

    def settings(self, system: str) -> tuple[str, ...]:
        """List the settings of a system.

        Args:
            system: The system's name.

        Returns:
            The settings in order.

        Raises:
            ValueError: There is no such system.
        """
        found = tuple(setting for name, setting in self._points if name == system)
        if not found:
            raise ValueError(f"no system {system!r}: there are {', '.join(self.systems)}")
        return found

    def of(self, system: str, setting: str | None = None) -> tuple[Row, ...]:
        """Take the rows of a system at a setting.

        Args:
            system: The system's name.
            setting: The setting; None for the system's first.

        Returns:
            The rows in the order of the questions.

        Raises:
            ValueError: There is no such system.
        """
        wanted = self.settings(system)[0] if setting is None else setting
        return self._points.get((system, wanted), ())

    def points(self) -> Iterator[tuple[str, str, tuple[Row, ...]]]:
        """Go through all points.

        Yields:
            The system, the setting, and their rows, in order.
        """
        for (system, setting), rows in self._points.items():
            yield system, setting, rows

    def curve(self, system: str) -> tuple[str, ...]:
        """Choose the settings that make up a system's curve.

        They are of one kind ("top_p=0.5", "top_p=0.6"). Where there are several kinds, it is the
        one with the most settings, so that a curve does not jump between two ways to choose.

        Args:
            system: The system's name.

        Returns:
            The settings, from the lowest mean rate to the highest.

        Raises:
            ValueError: There is no such system.
        """
        kinds: dict[str, list[str]] = {}
        for setting in self.settings(system):
            kinds.setdefault(setting.partition("=")[0], []).append(setting)
        longest = max(kinds.values(), key=len)
        return tuple(sorted(longest, key=lambda setting: self._mean_rate(system, setting)))

    def _mean_rate(self, system: str, setting: str) -> float:
        rates = [rate for row in self.of(system, setting) if (rate := row.rate) is not None]
        return sum(rates) / len(rates) if rates else 0.0

    @cached_property
    def _points(self) -> dict[tuple[str, str], tuple[Row, ...]]:
        grouped: dict[tuple[str, str], list[Row]] = {}
        for row in self.rows:
            grouped.setdefault((row.system, row.setting), []).append(row)
        return {point: tuple(rows) for point, rows in grouped.items()}

    def only(self, systems: Iterable[str]) -> Evaluation:
        """Keep the rows of some systems.

        Args:
            systems: The systems' names.

        Returns:
            An evaluation with these systems alone.

        Raises:
            ValueError: There is no such system.
        """
        names = tuple(systems)
        for name in names:
            self.settings(name)
        return replace(self, rows=tuple(row for row in self.rows if row.system in names))

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write it as JSONL: a line about the evaluation, then one per question with its rows.

        `recomp evaluate --output` writes the same, line by line.

        Args:
            path: The file to write.

        Returns:
            The file's path.
        """
        rows: dict[str, list[Row]] = {question: [] for question in self.questions}
        for row in self.rows:
            rows.setdefault(row.question, []).append(row)
        target = Path(path)
        with target.open("wb") as stream:
            stream.write(as_line(header_of(self.about)))
            for bad in self.bad:
                stream.write(as_line({"bad": dict(bad)}))
            for identity, its_rows in rows.items():
                stream.write(as_line(line_of(self.questions.get(identity), its_rows)))
        return target

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Evaluation:
        """Read what `save` wrote. A torn last line, which a killed run leaves, is skipped.

        Args:
            path: The file.

        Returns:
            The evaluation.

        Raises:
            FileNotFoundError: The file is not there.
            ValueError: A line is not of an evaluation; the message names file and line.
        """
        if os.path.isdir(path) or not os.path.exists(path):  # a pipe will do
            raise FileNotFoundError(
                f"there is no file {os.fspath(path)}: give what recomp evaluate --output wrote"
            )
        about: Mapping[str, Any] = {}
        questions: dict[str, Question] = {}
        rows: dict[str, tuple[Row, ...]] = {}
        bad: dict[str, Mapping[str, str]] = {}
        with open(path, "rb") as lines:
            for number, raw in enumerate(lines, start=1):
                if not raw.endswith(b"\n"):
                    break
                try:
                    data = from_line(raw)
                    if number == 1:
                        about = about_of(data)
                    elif "bad" in data:
                        bad[data["bad"]["id"]] = data["bad"]
                    else:
                        question, its_rows = content_of(data)
                        # A question that failed is evaluated again: what was written last counts.
                        if question is not None:
                            questions[question.id] = question
                        if its_rows:
                            rows[its_rows[0].question] = its_rows
                except (ValueError, KeyError, TypeError, AttributeError) as error:
                    raise ValueError(
                        f"line {number} of {path} is not of an evaluation ({described(error)}): "
                        "write it again with recomp evaluate --output"
                    ) from error
        return cls(
            tuple(row for its_rows in rows.values() for row in its_rows),
            questions,
            about,
            tuple(bad.values()),
        )

    def _repr_html_(self) -> str:
        return notebook_html(self)


# The lines of an evaluation's file.


def header_of(about: Mapping[str, Any]) -> dict[str, Any]:
    """Make the first line of an evaluation's file.

    Args:
        about: What the rows were made with.

    Returns:
        JSON values.
    """
    return {"format": FORMAT, "about": json_ready(about)}


def about_of(header: Mapping[str, Any]) -> Mapping[str, Any]:
    """Read what `header_of` made.

    Args:
        header: The first line.

    Returns:
        What the rows were made with.

    Raises:
        ValueError: The file is of another format.
    """
    if header["format"] != FORMAT:
        raise ValueError(f"format {header['format']!r}, this is {FORMAT}")
    about: Mapping[str, Any] = header["about"]
    return about


def line_of(question: Question | None, rows: Iterable[Row]) -> dict[str, Any]:
    """Make the line of a question.

    Args:
        question: The question; None if it is not known.
        rows: Its rows. A text that follows from what was kept is not written.

    Returns:
        JSON values.
    """
    record = None if question is None else json_ready(question.to_dict())
    written = []
    for row in rows:
        data = row.to_dict()
        if question is not None and row.kept and _text_of(question, row.kept) == row.text:
            data.pop("text", None)  # "" is not there
        written.append(data)
    return {"question": record, "rows": written}


def content_of(line: Mapping[str, Any]) -> tuple[Question | None, tuple[Row, ...]]:
    """Read what `line_of` made.

    Args:
        line: The line of a question.

    Returns:
        The question, or None if it is not known, and its rows.

    Raises:
        ValueError: The question or a row can't be read.
    """
    rows = tuple(Row.from_dict(row) for row in line["rows"])
    if line["question"] is None:
        return None, rows
    question = question_of(line["question"], 0)
    if not isinstance(question, Question):
        raise ValueError(question.error)
    lengths = [len(document.text) for document in question.documents]
    for row in rows:
        for index, start, end in row.kept:
            if index >= len(lengths) or not start <= end <= lengths[index]:
                raise ValueError(f"there is no span {start}:{end} in a document {index}")
    return question, tuple(
        replace(row, text=_text_of(question, row.kept)) if row.kept and not row.text else row
        for row in rows
    )


def _text_of(question: Question, kept: Iterable[tuple[int, int, int]]) -> str:
    """The kept spans as text, joined in the default layout."""
    spans: dict[int, list[tuple[int, int]]] = {}
    for doc_index, start, end in kept:
        spans.setdefault(doc_index, []).append((start, end))
    layout = Layout()
    return layout.join(
        layout.excerpt(question.documents[doc_index].text, its_spans)
        for doc_index, its_spans in spans.items()
    )
