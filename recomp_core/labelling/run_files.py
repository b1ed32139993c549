"""The files of a labelling run: one that grows, and those that are sorted from it at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from .._utils.files import check_output, replaced_file
from .._utils.jsonl import as_line
from ..data.journal import Journal
from ..runtime.engines import Item

Status = Literal["example", "unhelpful", "failed"]
FILES: Mapping[Status, str] = {
    "example": "examples.jsonl",
    "unhelpful": "unhelpful.jsonl",
    "failed": "failed.jsonl",
}

CACHE_FILE = "cache.sqlite"
LOCK_FILE = ".lock"
RETRIEVED_FILE = "retrieved.jsonl"
WRITTEN = ("run.json", "parts.jsonl", "report.json", LOCK_FILE, RETRIEVED_FILE)
"""What a run writes beside `FILES` and the cache."""


def check_files(folder: Path, cache: Path, source: object) -> None:
    """Check that a run overwrites no file that it reads.

    Args:
        folder: The folder of the labels.
        cache: The file of the cache.
        source: Where the questions come from.

    Raises:
        ValueError: It is one of the run's own files.
    """
    for written in (cache, *(folder / name for name in (*WRITTEN, *FILES.values()))):
        check_output(written, source)


@contextmanager
def open_parts(path: Path) -> Iterator[Parts]:
    """Open the file of finished questions, and read what an earlier run left in it.

    Args:
        path: The file; it is made if it is not there.

    Yields:
        The finished questions.

    Raises:
        ValueError: A line is not JSON.
    """
    with Journal(path) as journal:
        yield Parts(journal)


class Parts:
    """The finished questions in an append-only file, and where in it each of them is.

    A later line of a position replaces an earlier one: that of a question that had failed.

    Args:
        journal: The open file.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._places: dict[int, tuple[int, Status, str]] = {}  # position: offset, status, digest
        for entry in journal.entries():
            self._note(entry.content, entry.offset)

    def write(self, result: Item) -> None:
        """Append a result; it survives the end of the process.

        Args:
            result: Has "position", "status" and "digest".
        """
        self._note(result, self._journal.append(result))

    def has(self, position: int) -> bool:
        """Look for a position.

        Args:
            position: The place of a question in the input.

        Returns:
            Whether any question is labelled there.
        """
        return position in self._places and self._places[position][1] != "failed"

    def is_done(self, position: int, digest: str) -> bool:
        """Look for a question.

        Args:
            position: Its place in the input.
            digest: The digest of its content.

        Returns:
            Whether it needs no more work.

        Raises:
            ValueError: Another question is labelled at this position.
        """
        _, status, theirs = self._places.get(position, (0, "failed", digest))
        if theirs != digest:
            if status == "failed":
                return False  # a broken record may have been repaired
            raise ValueError(
                f"{self._journal.path} holds the labels of another question at position "
                f"{position}: the input was changed or is another one; choose another folder, or "
                "--overwrite"
            )
        return status != "failed"

    def sort_into(self, folder: Path) -> Counter[str]:
        """Write the file of each status, sorted by position; each file whole or not at all.

        Args:
            folder: Where the files go.

        Returns:
            The number of questions of each status.
        """
        counts: Counter[str] = Counter()
        for status, name in FILES.items():
            wanted = sorted(p for p, (_, s, _) in self._places.items() if s == status)
            with replaced_file(folder / name) as sink:
                for position in wanted:
                    result = self._journal.read(self._places[position][0])
                    sink.write(as_line(_final(result)))
            counts[status] = len(wanted)
        return counts

    def _note(self, result: Item, offset: int) -> None:
        self._places[result["position"]] = (offset, result["status"], result["digest"])


def _final(result: Item) -> Mapping[str, Any]:
    """A line of the sorted files: the record, or what is known of a question that failed."""
    if result["status"] != "failed":
        return dict(result["record"])
    return {name: result[name] for name in ("id", "position", "error", "excerpt") if name in result}
