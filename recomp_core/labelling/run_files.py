"""The files of a labelling run: one that grows, and those that are sorted from it at the end."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from .._utils.files import replaced_file
from .._utils.jsonl import as_line
from ..data.journal import Journal
from ..runtime.engines import Item

logger = logging.getLogger(__name__)

Status = Literal["example", "unhelpful", "failed"]
FILES: Mapping[Status, str] = {
    "example": "examples.jsonl",
    "unhelpful": "unhelpful.jsonl",
    "failed": "failed.jsonl",
}

CACHE_FILE = "cache.sqlite"
LOCK_FILE = ".lock"
RETRIEVED_FILE = "retrieved.jsonl"


class Parts:
    """The append-only file of finished questions, and where in it each of them stands.

    A later line of a position replaces an earlier one: that of a question that had failed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._journal = Journal(path)
        self.places: dict[int, tuple[int, Status, str]] = {}  # position: offset, status, digest

    def __enter__(self) -> Parts:
        self._journal.__enter__()
        for entry in self._journal.entries():
            self._note(entry.content, entry.offset)
        return self

    def __exit__(self, *_: object) -> None:
        self._journal.__exit__()

    def write(self, result: Item) -> None:
        """Append a result; it survives the end of the process."""
        self._note(result, self._journal.append(result))

    def has(self, position: int) -> bool:
        """Whether the question at a position is labelled, whichever it was."""
        return position in self.places and self.places[position][1] != "failed"

    def is_done(self, position: int, digest: str) -> bool:
        """Whether a question needs no work. Raises `ValueError` if another was at its place."""
        _, status, theirs = self.places.get(position, (0, "failed", digest))
        if theirs != digest:
            if status == "failed":
                return False  # a broken record may have been mended
            raise ValueError(
                f"{self.path} holds the labels of another question at position {position}: the "
                "input was changed or is another one; choose another folder, or --overwrite"
            )
        return status != "failed"

    def sort_into(self, folder: Path) -> Counter[str]:
        """Write the files of each status, sorted by position, whole or not at all; the counts."""
        counts: Counter[str] = Counter()
        for status, name in FILES.items():
            wanted = sorted(p for p, (_, s, _) in self.places.items() if s == status)
            with replaced_file(folder / name) as sink:
                for position in wanted:
                    result = self._journal.read(self.places[position][0])
                    sink.write(as_line(_final(result)))
            counts[status] = len(wanted)
        return counts

    def _note(self, result: Item, offset: int) -> None:
        self.places[result["position"]] = (offset, result["status"], result["digest"])


def _final(result: Item) -> Mapping[str, Any]:
    """A line of the sorted files: the record, or what is known of a question that failed."""
    if result["status"] != "failed":
        return dict(result["record"])
    return {name: result[name] for name in ("id", "position", "error", "excerpt") if name in result}
