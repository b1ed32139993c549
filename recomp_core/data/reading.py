"""Questions from files, folders and data sets."""

from __future__ import annotations

import gzip
import json
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, cast

from .._utils.jsonl import described
from .beir import read_beir
from .question import EXCERPT, BadRecord, Question, Questions, question_of


def read_questions(
    source: str | os.PathLike[str] | Iterable[Mapping[str, Any] | Question],
    *,
    documents: int | None = None,
    limit: int | None = None,
) -> Questions:
    """The questions of `source`, in order and one by one; broken ones as `BadRecord`.

    source: the path of a JSONL file (`.gz` too), "-" for standard input, the folder of a BEIR data
        set (see `beir`), or any iterable of records.
    documents: keep only the first of each question. limit: read only the first questions.

    Raises `FileNotFoundError` and `ValueError` for a path that can't be read.
    """
    # What can't be read is told now, not when the first question is asked for.
    if isinstance(source, (str, os.PathLike)):
        questions = _from_path(os.fspath(source))
    elif isinstance(source, (Mapping, bytes)) or not isinstance(source, Iterable):
        raise TypeError(f"give a path or an iterable of records, got {type(source).__name__}")
    else:
        questions = _from_rows(source)
    return _taken(questions, documents, limit)


def _taken(questions: Questions, documents: int | None, limit: int | None) -> Questions:
    for question in islice(questions, limit):
        if documents is not None and isinstance(question, Question):
            question = replace(question, documents=question.documents[:documents])
        yield question


def _from_path(path: str) -> Questions:
    if path != "-" and os.path.isdir(path):
        return read_beir(Path(path))
    if path != "-" and not os.path.isfile(path):
        raise FileNotFoundError(f"there is no file {path}")
    return _from_lines(path)


def _from_lines(path: str) -> Questions:
    with _opened(path) as stream:
        for position, raw in enumerate(stream):
            if raw.strip():
                yield _from_line(raw, position)


def _from_line(raw: bytes, position: int) -> Question | BadRecord:
    try:
        return question_of(json.loads(raw), position)
    except ValueError as error:
        excerpt = raw[:EXCERPT].decode("utf-8", "replace")
        return BadRecord(str(position), described(error), excerpt)


def _opened(path: str) -> BinaryIO:
    if path == "-":
        return sys.stdin.buffer
    return cast("BinaryIO", gzip.open(path) if path.endswith(".gz") else open(path, "rb"))


def _from_rows(rows: Iterable[Any]) -> Questions:
    for position, row in enumerate(rows):
        if isinstance(row, BadRecord):
            yield row
        else:
            yield question_of(row.to_dict() if isinstance(row, Question) else row, position)
