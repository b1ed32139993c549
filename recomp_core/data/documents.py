"""Reads documents to index from files, folders and questions."""

from __future__ import annotations

import gzip
import logging
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from .._utils.jsonl import described, from_line
from ..types import Document, as_documents
from .question import BadRecord, Question, document_of

logger = logging.getLogger(__name__)

_TEXT = (".txt", ".md", ".markdown")
_LINES = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")


class DocumentReader:
    """Reads documents one by one and logs what it cannot read.

    Attributes:
        failed: How many lines, files or questions could not be read so far.
    """

    def __init__(self) -> None:
        self.failed = 0

    def from_paths(self, paths: Iterable[Path]) -> Iterator[Document]:
        """Read the documents of files and folders.

        A text or Markdown file is one document. A line of a JSONL file is a document,
        `{"text", "title", …}`, or a record with `"documents"`. A folder stands for all such files
        in it; of a BEIR data set only `corpus.jsonl` counts.

        Args:
            paths: The files and folders.

        Returns:
            The documents, read one by one.

        Raises:
            FileNotFoundError: A path does not exist.
            ValueError: A folder has no such file.
        """
        return self._from_files([file for path in paths for file in _files(path)])

    def _from_files(self, files: Iterable[Path]) -> Iterator[Document]:
        for file in files:
            if file.name.endswith(_LINES):
                yield from self._from_lines(file)
            else:
                try:
                    yield Document(file.read_bytes().decode("utf-8-sig"), id=str(file))
                except (OSError, UnicodeDecodeError) as error:
                    self._set_aside(str(file), described(error))

    def from_questions(self, questions: Iterable[Question | BadRecord]) -> Iterator[Document]:
        """Read the documents of questions.

        Args:
            questions: The questions.

        Yields:
            The documents of all questions, in order.
        """
        for question in questions:
            if isinstance(question, BadRecord):
                self._set_aside(f"question {question.id}", question.error)
            else:
                yield from question.documents

    def _from_lines(self, file: Path) -> Iterator[Document]:
        with gzip.open(file) if file.name.endswith(".gz") else file.open("rb") as stream:
            for number, raw in enumerate(stream, start=1):
                if not raw.strip():
                    continue
                try:
                    documents = _documents(from_line(raw))
                except (ValueError, TypeError, KeyError) as error:
                    self._set_aside(f"{file}, line {number}", described(error))
                else:
                    yield from documents

    def _set_aside(self, where: str, error: str) -> None:
        logger.error("%s: %s", where, error)
        self.failed += 1


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        if (path / "corpus.jsonl").is_file():  # a BEIR data set: its other files hold no documents
            return [path / "corpus.jsonl"]
        files = [
            file
            for file in sorted(path.rglob("*"))
            if file.name.endswith((*_TEXT, *_LINES)) and file.is_file()
        ]
        if not files:
            raise ValueError(
                f"the folder {path} holds no file to index: it needs one that ends with "
                f"{', '.join((*_TEXT, *_LINES))}"
            )
        return files
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    return [path]


def _documents(data: Any) -> tuple[Document, ...]:
    if not isinstance(data, Mapping):
        raise TypeError(f"a line must be a JSON object, got {type(data).__name__}")
    if "documents" not in data:
        return (document_of(data),)
    documents = data["documents"]
    if not isinstance(documents, list):
        raise TypeError(f"documents must be a list, got {type(documents).__name__}")
    return as_documents([document_of(d) if isinstance(d, dict) else d for d in documents])
