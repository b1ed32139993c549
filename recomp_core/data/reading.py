"""Reads questions from files, folders and data sets."""

from __future__ import annotations

import gzip
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, cast

from .._utils.jsonl import described, from_line
from .beir import read_beir
from .question import EXCERPT, BadRecord, Question, Questions, question_of


def read_questions(
    source: str | os.PathLike[str] | Iterable[Mapping[str, Any] | Question],
    *,
    documents: int | None = None,
    limit: int | None = None,
) -> Questions:
    """Read questions one by one.

    Args:
        source: The path of a JSONL file (`.gz` too), "-" for standard input, the folder of a BEIR
            data set (see `beir`), or any iterable of records.
        documents: Keep only so many documents of each question, the first ones.
        limit: Read only so many questions, the first ones.

    Returns:
        The questions in order; a `BadRecord` for each broken record.

    Raises:
        FileNotFoundError: There is no such file.
        TypeError: `source` is neither a path nor an iterable of records.
        ValueError: The folder is no BEIR data set; raised with the first question.
    """
    # Not a generator, so that a wrong source raises now and not with the first question.
    if isinstance(source, (str, os.PathLike)):
        questions = _from_path(os.fspath(source))
    elif isinstance(source, (Mapping, bytes)) or not isinstance(source, Iterable):
        raise TypeError(f"give a path or an iterable of records, got {type(source).__name__}")
    else:
        questions = _from_rows(source)
    return _limited(questions, documents, limit)


def _limited(questions: Questions, documents: int | None, limit: int | None) -> Questions:
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
        return question_of(from_line(raw), position)
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
