"""The documents of one question: files, folders and standard input."""

from __future__ import annotations

import gzip
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from ..types import Document

LINES = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")
"""How the names of files end that hold a JSON value on each line."""

# What a folder is searched for where no --glob says it.
_TEXTS = (
    ".md", ".markdown", ".txt", ".text", ".rst", ".html", ".htm", ".csv", ".tsv", ".eml", ".log",
    ".json", ".yaml", ".yml",
)  # fmt: skip


def refuse_addresses(files: Iterable[str]) -> None:
    """Refuse addresses of pages: nothing is downloaded.

    Args:
        files: What the user gave as files.

    Raises:
        typer.BadParameter: One of them is an address.
    """
    for file in files:
        if re.match(r"(https?|ftp|file):/", file, re.IGNORECASE):  # a path has lost a slash
            file = re.sub(r":/+", "://", file, count=1)
            raise typer.BadParameter(
                f"{file} is an address, and recomp downloads nothing: save the page first "
                f"(curl -L -o page.html '{file}') and give the file",
                param_hint="FILE",
            )


def read_documents(files: Iterable[str], glob: str | None) -> list[Document]:
    """Read the documents that a question is asked about.

    A file is one document; of JSONL each line is one. A folder stands for the text files in it.

    Args:
        files: Files, folders, or "-" for standard input.
        glob: Which files of a folder, such as "**/*.md"; None for all text files.

    Returns:
        The documents in order; blank ones too.

    Raises:
        typer.BadParameter: A file holds records with questions of their own, or a folder no files.
        OSError: A file can't be read.
        ValueError: A file is no text.
    """
    refuse_addresses(files)
    found: list[Document] = []
    for file in files:
        if file != "-" and Path(file).is_dir():
            for one in _files_in(Path(file), glob):
                found += _read(str(one))
        else:
            found += _read(file)
    return found


def _files_in(folder: Path, glob: str | None) -> list[Path]:
    files = [
        file
        for file in sorted(folder.glob(glob or "**/*"))
        if file.is_file()
        and (glob is not None or file.name.lower().endswith((*_TEXTS, *LINES)))
        and not any(part.startswith(".") for part in file.relative_to(folder).parts)
    ]
    if not files:
        wanted = f"that match {glob}" if glob else "of text (choose others with --glob)"
        raise typer.BadParameter(f"the folder {folder} holds no files {wanted}", param_hint="FILE")
    return files


def _read(file: str) -> list[Document]:
    from ..types import Document

    if file == "-":
        return [Document(_decoded(sys.stdin.buffer.read(), "standard input"))]
    if not Path(file).is_file():
        raise FileNotFoundError(f"there is no file {file}")
    if file.lower().endswith(LINES) and (lines := _documents_of_lines(file)) is not None:
        return lines
    return [Document(_decoded(Path(file).read_bytes(), file), id=file)]


def _decoded(raw: bytes, name: str) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{name} is not UTF-8 text ({error}): convert it first") from error


def _documents_of_lines(file: str) -> list[Document] | None:
    """The documents of a JSONL file; None for lines that are neither documents nor records."""
    from ..data.documents import DocumentReader
    from ..data.question import holds_document

    first = _first_value(file)
    if isinstance(first, dict) and ("query" in first or "question" in first):
        raise typer.BadParameter(
            f"{file} holds records, each with a question of its own: leave --query out, or give "
            'the documents alone, one {"text": …} a line',
            param_hint="--query",
        )
    if not isinstance(first, dict) or not holds_document(first):
        if file.lower().endswith(".gz"):
            raise ValueError(f'{file}, line 1: a document needs "text": unpack what is no JSONL')
        return None
    reader = DocumentReader()
    documents = list(reader.from_paths([Path(file)]))
    if reader.failed:
        raise ValueError(f"{reader.failed} lines of {file} could not be read")
    return documents


def _first_value(file: str) -> Any:
    from .._utils.jsonl import from_line

    with gzip.open(file) if file.lower().endswith(".gz") else open(file, "rb") as stream:
        for raw in stream:
            if raw.strip():
                try:
                    return from_line(raw)
                except ValueError:
                    return None
    return None
