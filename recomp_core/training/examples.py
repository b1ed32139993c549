"""The records that training reads: those of `recomp_core.labelling`, checked line by line."""

from __future__ import annotations

import gzip
import hashlib
import math
import os
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from .._utils.jsonl import from_line
from ..text.answers import contains_answer, normalize_answer
from ..types import Document

EXAMPLES_FILE = "examples.jsonl"
"""The file of a folder of labels that holds the records."""


class TrainingDataError(ValueError):
    """A record can't be trained on; the message names the file, the line and the remedy."""


@dataclass(frozen=True, slots=True)
class CandidateSentence:
    """A sentence of a question's documents: `documents[doc_index].text[start:end]`.

    Attributes:
        doc_index: The position of its document.
        start: Where it begins, in characters.
        end: Where it ends, exclusive.
        score: The reader's score, higher is better; None where the record has none.
    """

    doc_index: int
    start: int
    end: int
    score: float | None = None

    def __repr__(self) -> str:
        # `runs.fingerprint` digests this text: runs from before the class was renamed carry on.
        place = f"doc_index={self.doc_index!r}, start={self.start!r}, end={self.end!r}"
        return f"Candidate({place}, score={self.score!r})"


@dataclass(frozen=True, slots=True)
class ContrastiveExample:
    """A question with its candidate sentences (paper, section 3.1).

    Attributes:
        query: The question.
        documents: What was retrieved for it.
        candidates: Sentences of the documents.
        positive: The position of the best candidate.
        negatives: The positions of worse candidates. A candidate that is neither is not known to be
            worse: only a listwise loss uses it.
        kind: The kind of the scores; see `recomp_core.labelling.Kind`.
        answers: The gold answers, if there are any.
    """

    query: str
    documents: tuple[Document, ...]
    candidates: tuple[CandidateSentence, ...]
    positive: int
    negatives: tuple[int, ...]
    kind: str
    answers: tuple[str, ...] = ()

    def text(self, position: int) -> str:
        """The text of a candidate.

        Args:
            position: Its position among `candidates`.
        """
        candidate = self.candidates[position]
        return self.documents[candidate.doc_index].text[candidate.start : candidate.end]


@dataclass(frozen=True, slots=True)
class DistillationExample:
    """A question with the summary that the model learns to write (paper, section 3.2).

    Attributes:
        query: The question.
        documents: What was retrieved for it.
        target: The summary; "" where none helps.
        kind: The kind of the scores; see `recomp_core.labelling.Kind`.
        answers: The gold answers, if there are any.
        teacher: The model that wrote the summary.
        licence: The licence of the teacher's outputs, with its conditions.
        date: When the summary was written.
    """

    query: str
    documents: tuple[Document, ...]
    target: str
    kind: str
    answers: tuple[str, ...] = ()
    teacher: str = ""
    licence: str = ""
    date: str = ""


Example = TypeVar("Example", ContrastiveExample, DistillationExample)


@dataclass(frozen=True)
class TrainingData(Generic[Example]):
    """Examples, and where they come from.

    Attributes:
        examples: The records, all of one kind.
        sources: The files that they were read from.
        counts: What was found, by name: "examples", "empty_targets", "without_negatives" …
    """

    examples: tuple[Example, ...]
    sources: tuple[str, ...]
    counts: Mapping[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.examples)

    @property
    def kind(self) -> str:
        """The kind of the scores, the same for all examples."""
        return self.examples[0].kind

    def split(self, share: float, most: int) -> tuple[TrainingData[Example], TrainingData[Example]]:
        """Hold examples out, chosen by a hash of the question.

        Equal questions fall on one side, whatever the order of the data.

        Args:
            share: The share of the questions to hold out, from 0 to 1.
            most: Hold out at most this many.

        Returns:
            What is trained on, and what is held out.
        """
        if share <= 0 or most == 0:
            return self, TrainingData((), self.sources)
        ranked: list[tuple[float, Example]] = [(_rank(e.query), e) for e in self.examples]
        limit = share
        held = sorted(rank for rank, _ in ranked if rank < share)
        if len(held) > most:
            limit = held[most]
        return (
            TrainingData(
                tuple(e for rank, e in ranked if rank >= limit), self.sources, self.counts
            ),
            TrainingData(tuple(e for rank, e in ranked if rank < limit), self.sources),
        )


def read_contrastive(source: Any) -> TrainingData[ContrastiveExample]:
    """Read the examples of the extractive compressor.

    Args:
        source: A folder that `build_contrastive_examples` or `recomp label contrastive` wrote, a
            JSONL file of such records (`.gz` too), an iterable of them, or a list of paths.

    Returns:
        The examples.

    Raises:
        FileNotFoundError: There is no such file.
        TypeError: The source is of another type.
        TrainingDataError: The records can't be trained on: they have the wrong format, mixed kinds
            of scores or no negatives, or most of the questions hold their answers.
    """
    data = _read(source, _contrastive)
    without = sum(not e.negatives for e in data.examples)
    if without == len(data):
        raise TrainingDataError(
            f"{_named(data.sources)}: no example has a negative, so there is nothing to tell the "
            "positive from: label again with num_negatives above 0, or with a smaller epsilon"
        )
    return TrainingData(data.examples, data.sources, {**data.counts, "without_negatives": without})


def read_distillation(source: Any) -> TrainingData[DistillationExample]:
    """Read the examples of the abstractive compressor, empty targets too.

    Args:
        source: What `build_distillation_examples` or `recomp label distillation` wrote, in the
            forms of `read_contrastive`.

    Returns:
        The examples.

    Raises:
        FileNotFoundError: There is no such file.
        TypeError: The source is of another type.
        TrainingDataError: The records can't be trained on; see `read_contrastive`. Data in which
            every target is empty is refused too.
    """
    data = _read(source, _distillation)
    empty = sum(not e.target for e in data.examples)
    if empty == len(data):
        raise TrainingDataError(
            f"{_named(data.sources)}: every target is empty, which teaches a summarizer to write "
            "nothing: look at the teacher's candidates in the records"
        )
    return TrainingData(data.examples, data.sources, {**data.counts, "empty_targets": empty})


def _read(source: Any, parse: Any) -> TrainingData[Any]:
    examples: list[Any] = []
    sources: list[str] = []
    counts: Counter[str] = Counter()
    kinds: dict[str, str] = {}
    for name, rows in _sources(source):
        sources.append(name)
        for place, row in rows:
            example = _parsed(row, parse, place)
            kinds.setdefault(example.kind, place)
            if len(kinds) > 1:
                (one, first), (other, second) = kinds.items()
                raise TrainingDataError(
                    f"{second}: its scores are of the kind {other!r}, those of {first} of the kind "
                    f"{one!r}: kinds are never mixed in one data set; train on one of them"
                )
            counts["answer_in_query"] += _leaks(example)
            examples.append(example)
    if not examples:
        raise TrainingDataError(f"{_named(sources)}: there is no example in it")
    if counts["answer_in_query"] * 2 > len(examples):
        raise TrainingDataError(
            f"{_named(sources)}: in {counts['answer_in_query']} of {len(examples)} examples the "
            "answer already stands in the query, so no sentence could help: was it leaked?"
        )
    counts["examples"] = len(examples)
    return TrainingData(tuple(examples), tuple(sources), dict(counts))


_Rows = Iterator[tuple[str, Any]]


def _sources(source: Any) -> Iterator[tuple[str, _Rows]]:
    """Name and (place, row) pairs of each part of `source`."""
    if isinstance(source, (str, os.PathLike)):
        path = Path(source)
        file = path / EXAMPLES_FILE if path.is_dir() else path
        if not file.is_file():
            raise FileNotFoundError(
                f"there is no file {file}: give a folder of labels or a JSONL file"
            )
        yield str(file), _lines(file)
        return
    name = "records"
    if isinstance(source, TrainingData):  # read before
        name, source = ", ".join(source.sources), source.examples
    elif hasattr(source, "examples"):  # what a builder of `recomp_core.labelling` returns
        if hasattr(source, "folder"):
            yield from _sources(source.folder)
            return
        source = source.examples
    if isinstance(source, (Mapping, bytes)) or not isinstance(source, Iterable):
        raise TypeError(
            f"give a folder of labels, a JSONL file or records, got {type(source).__name__}"
        )
    rows = list(source)
    if rows and all(isinstance(row, (str, os.PathLike)) for row in rows):
        for row in rows:
            yield from _sources(row)
        return
    yield name, ((f"record {n}", row) for n, row in enumerate(rows, start=1))


def _lines(file: Path) -> _Rows:
    for number, raw in enumerate(_raw_lines(file), start=1):
        if not raw.strip():
            continue
        place = f"{file}, line {number}"
        try:
            row = from_line(raw)
        except ValueError as error:
            raise TrainingDataError(f"{place}: not JSON ({error})") from error
        yield place, row


def _raw_lines(file: Path) -> Iterator[bytes]:
    if file.suffix != ".gz":
        with file.open("rb") as stream:
            yield from stream
        return
    try:
        with gzip.open(file, "rb") as unpacked:
            yield from unpacked
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise TrainingDataError(f"{file} is damaged ({error}): copy it again") from error


def _parsed(row: Any, parse: Any, place: str) -> Any:
    if isinstance(row, (ContrastiveExample, DistillationExample)):
        if isinstance(row, _EXAMPLE_OF[parse]):
            return row
        raise TrainingDataError(f"{place}: {_OF_THE_OTHER[parse]}")
    if not isinstance(row, Mapping):
        raise TrainingDataError(f"{place}: a record is a JSON object, got {type(row).__name__}")
    try:
        return parse(row)
    except KeyError as error:
        raise TrainingDataError(f"{place}: {error.args[0]!r} is missing") from error
    except (TypeError, ValueError, AttributeError, IndexError) as error:
        raise TrainingDataError(f"{place}: {error}") from error


def _contrastive(row: Mapping[str, Any]) -> ContrastiveExample:
    if "positive" not in row and "target" in row:
        raise ValueError(_OF_THE_OTHER[_contrastive])
    query, documents = _query(row), _documents(row)
    chosen = [row["positive"], *row["negatives"]]
    rows = row.get("candidates") or chosen
    candidates = [_candidate(found, documents) for found in rows]
    places = {(c.doc_index, c.start, c.end): n for n, c in enumerate(candidates)}
    positions = []
    for found in chosen:
        candidate = _candidate(found, documents)
        place = (candidate.doc_index, candidate.start, candidate.end)
        if place not in places:
            places[place] = len(candidates)
            candidates.append(candidate)
        positions.append(places[place])
    if positions[0] in positions[1:]:
        raise ValueError("the positive is among the negatives")
    return ContrastiveExample(
        query, documents, tuple(candidates), positions[0], tuple(positions[1:]),
        str(row["kind"]), _answers(row),
    )  # fmt: skip


def _candidate(found: Mapping[str, Any], documents: Sequence[Document]) -> CandidateSentence:
    doc_index, start, end = (int(found[name]) for name in ("doc_index", "start", "end"))
    if not 0 <= doc_index < len(documents):
        raise ValueError(f"doc_index {doc_index} is out of range: there are {len(documents)}")
    text = documents[doc_index].text
    if not 0 <= start < end <= len(text):
        raise ValueError(f"the span {start}…{end} does not lie in document {doc_index}")
    if "text" in found and found["text"] != text[start:end]:
        raise ValueError(
            f"the span {start}…{end} of document {doc_index} is {text[start:end][:60]!r}, but the "
            f"record says {str(found['text'])[:60]!r}"
        )
    score = found.get("score")
    if score is not None and not math.isfinite(float(score)):
        raise ValueError(f"a score must be a finite number, got {score!r}")
    # An upper bound says nothing about how good a sentence is.
    known = score is not None and not found.get("bound")
    return CandidateSentence(
        doc_index, start, end, float(score) if known and score is not None else None
    )


def _distillation(row: Mapping[str, Any]) -> DistillationExample:
    if "target" not in row and "positive" in row:
        raise ValueError(_OF_THE_OTHER[_distillation])
    target = row["target"]
    if not isinstance(target, str):
        raise ValueError(f"target must be a string, got {target!r}")
    teacher = row.get("teacher") or {}
    if not isinstance(teacher, Mapping):
        teacher = {"teacher": teacher}
    return DistillationExample(
        _query(row), _documents(row), target.strip(), str(row["kind"]), _answers(row),
        str(teacher.get("teacher") or teacher.get("name", "")), _licence(teacher),
        str(row.get("date", "")),
    )  # fmt: skip


def _licence(teacher: Mapping[str, Any]) -> str:
    """What `TeacherLicence` recorded, with the conditions that bind a user of the student."""
    parts = [teacher.get("licence", ""), teacher.get("condition", "")]
    if teacher.get("verdict") == "restricted" and teacher.get("accepted"):
        parts.append("restricted; the right to train on the outputs was stated")
    return "; ".join(str(part) for part in parts if part)


_EXAMPLE_OF: Mapping[Any, type] = {
    _contrastive: ContrastiveExample, _distillation: DistillationExample,
}  # fmt: skip
_OF_THE_OTHER: Mapping[Any, str] = {
    _contrastive: "this is a record of the abstractive compressor: use train_abstractive",
    _distillation: "this is a record of the extractive compressor: use train_extractive",
}


def _query(row: Mapping[str, Any]) -> str:
    query = row["query"]
    if not isinstance(query, str) or not query.strip():
        raise ValueError(f"query must be text, got {query!r}")
    return query


def _documents(row: Mapping[str, Any]) -> tuple[Document, ...]:
    if "documents" not in row:
        raise ValueError("the documents are missing: label with keep_documents=True")
    documents = row["documents"]
    if isinstance(documents, (str, Mapping)):
        raise ValueError("documents must be a list of texts or of objects with a text")
    return tuple(
        Document(d) if isinstance(d, str) else Document(d["text"], title=d.get("title") or None)
        for d in documents
    )


def _answers(row: Mapping[str, Any]) -> tuple[str, ...]:
    answers = row.get("answers") or ()
    return (answers,) if isinstance(answers, str) else tuple(str(answer) for answer in answers)


def _leaks(example: ContrastiveExample | DistillationExample) -> bool:
    return contains_answer(example.query, example.answers)


def _rank(query: str) -> float:
    """Between 0 and 1, by the text alone."""
    digest = hashlib.sha256(normalize_answer(query).encode("utf-8", "replace")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def _named(sources: Sequence[str]) -> str:
    return ", ".join(sources) or "the examples"
