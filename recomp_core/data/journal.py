"""An append-only file of JSON lines that a long run writes and a later run continues.

A line is written and flushed as soon as its work is done, so a killed process loses at most the
line that it was writing. That torn line has no line break, and the next run cuts it off.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO

from .._utils.jsonl import as_line, from_line

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """One whole line of a journal.

    Attributes:
        number: The number of the line, from 1.
        offset: The position of the line in the file, in bytes, for `Journal.read`.
        content: The JSON value.
    """

    number: int
    offset: int
    content: Any


class Journal:
    """A file that is open for reading and appending inside its `with` block.

    Attributes:
        path: The file.
        refusal: The end of the error for a line that does not belong to the file, with the remedy.

    Args:
        path: The file; it is created if it does not exist.
        refusal: See above.
    """

    def __init__(
        self, path: Path, *, refusal: str = "is damaged: choose another file, or delete this one"
    ) -> None:
        self.path = path
        self.refusal = refusal

    def __enter__(self) -> Journal:
        self._file: BinaryIO = self.path.open("a+b")
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def entries(self) -> Iterator[Entry]:
        """Read the file from its beginning and cut off a torn last line.

        Exhaust the iterator before the first `append`.

        Yields:
            The whole lines in order.

        Raises:
            ValueError: A line is not JSON; see `error`.
        """
        self._file.seek(0)
        end = 0
        for number, raw in enumerate(self._file, start=1):
            if not raw.endswith(b"\n"):
                logger.info("%s: cutting off a torn last line", self.path)
                break
            try:
                content = from_line(raw)
            except ValueError as error:
                raise self.error(number) from error
            yield Entry(number, end, content)
            end += len(raw)
        self._file.truncate(end)

    def error(self, number: int) -> ValueError:
        """Build the error for a line that does not belong to this file.

        Args:
            number: The number of the line, from 1.

        Returns:
            An error with the number, the file and the remedy.
        """
        return ValueError(f"line {number} of {self.path} {self.refusal}")

    def append(self, content: Mapping[str, Any]) -> int:
        """Write a line and flush it, so that it survives the end of the process.

        Args:
            content: JSON values.

        Returns:
            The position of the line in the file, in bytes.
        """
        offset = self._file.seek(0, 2)
        self._file.write(as_line(content))
        self._file.flush()
        return offset

    def read(self, offset: int) -> Any:
        """Read one line again.

        Args:
            offset: The position of the line, in bytes.

        Returns:
            The JSON value.
        """
        self._file.seek(offset)
        return from_line(self._file.readline())


class KeptResults:
    """Results by their keys in a journal: what was paid for is kept as it comes.

    Use it in a `with` block. It is safe to share between threads. A value that JSON has no form for
    is not kept.

    Args:
        path: The file; it is made with the first result. None keeps nothing.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._journal: Journal | None = None
        self._places: dict[str, int] = {}
        self._lock = Lock()

    def __enter__(self) -> KeptResults:
        if self._path is not None and self._path.exists():
            self._open(self._path)
        return self

    def __exit__(self, *_: object) -> None:
        if self._journal is not None:
            self._journal.__exit__()
            self._journal = None

    def get(self, key: str) -> Any:
        """Look up a result.

        Args:
            key: Its key.

        Returns:
            The result; None if there is none.
        """
        with self._lock:
            if self._journal is None or key not in self._places:
                return None
            return self._journal.read(self._places[key])["result"]

    def put(self, key: str, result: Any) -> None:
        """Write a result; it survives the end of the process.

        Args:
            key: Its key.
            result: JSON values, not None.
        """
        if self._path is None:
            return
        with self._lock:
            journal = self._journal or self._open(self._path)
            self._places[key] = journal.append({"key": key, "result": result})

    def _open(self, path: Path) -> Journal:
        journal = Journal(path).__enter__()
        self._journal = journal
        for entry in journal.entries():
            try:
                self._places[entry.content["key"]] = entry.offset
            except (KeyError, TypeError) as error:
                raise journal.error(entry.number) from error
        return journal
