"""Sentence vectors that are made once and used by every later query."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from .._utils.checks import check_choice
from .disk_table import FileTable
from .memory_table import MemoryTable
from .records import DTYPES, DType

DISK_BYTES = 10 << 30
MEMORY_BYTES = 256 << 20
_LEAST_BYTES = 1 << 20


class SentenceStore:
    """The vectors of documents' sentences, kept for the next query.

        store = SentenceStore("store")                       # a folder, made where there is none
        compressor = load_compressor(store=store)            # or store="store"

    A document's vectors are found by its text, the title where the encoder sees it, the encoder,
    the context and the sentences' spans, all by content: another encoder in the same store finds
    nothing of this one's, and never a wrong vector. What is missing is made and kept.

    path: the folder; None keeps everything in memory, for this process.
    dtype: how vectors are kept. "float16" moves a cosine by less than 0.001; "int8", at half the
        size, by a few thousandths at most with usual encoders; "float32", at twice the size, not
        at all. Scores are the same whether a vector was kept before or is made now.
    max_bytes: of the files, 10 GiB by default, or of the memory, 256 MiB. When it is reached,
        what was written first goes first (in memory: what was used longest ago).

    Threads may share one, and the processes of one machine its folder (not over a network file
    system); it survives a fork. A folder that can't be written is read; a full disk or a damaged
    file costs time and no result. Each is logged once.

    Raises `ValueError` for settings that cannot work and for a folder that is no store or one of
    another version.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        dtype: DType = "float16",
        max_bytes: int | None = None,
    ) -> None:
        check_choice("dtype", dtype, DTYPES)
        if max_bytes is None:
            max_bytes = MEMORY_BYTES if path is None else DISK_BYTES
        if isinstance(max_bytes, bool) or not isinstance(max_bytes, int):
            raise TypeError(f"max_bytes must be a whole number, got {max_bytes!r}")
        if max_bytes < _LEAST_BYTES:
            raise ValueError(f"max_bytes must be at least {_LEAST_BYTES}, got {max_bytes}")
        self.path = None if path is None else Path(path)
        self.dtype: DType = dtype
        self.max_bytes = max_bytes
        self._closed = False
        self._table: FileTable | MemoryTable = (
            MemoryTable(max_bytes) if self.path is None else FileTable(self.path, max_bytes)
        )

    def read(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """The records of those keys that are there."""
        self.check_open()
        return self._table.read(keys)

    def write(self, records: Iterable[tuple[bytes, bytes]]) -> None:
        """Put records in place of what was there."""
        self.check_open()
        self._table.write(records)

    def note(self, space: bytes, description: str) -> None:
        """Remember that keys of `space` are of `description`."""
        self.check_open()
        self._table.note(space, description)

    def check_open(self) -> None:
        """Raise `ValueError` if the store was closed."""
        if self._closed:
            raise ValueError(f"{self!r} is closed: open it again, SentenceStore(…)")

    def check_writable(self) -> None:
        """Raise `OSError` if nothing can be kept: for those who would work for nothing."""
        self.check_open()
        self._table.probe()
        self.check_written()

    def check_written(self) -> None:
        """Raise `OSError` if what was to be kept last was not."""
        if self._table.failure is not None:
            raise OSError(
                f"the sentence store {self.path} can't be written ({self._table.failure}): give "
                "another folder, or make room; what was kept before is not lost"
            )

    def size_bytes(self) -> int:
        """What is taken, in the files or in memory."""
        self.check_open()
        return self._table.size_bytes()

    def close(self) -> None:
        """Close the files, or forget what was in memory. Later calls raise `ValueError`."""
        self._closed = True
        self._table.close()

    def __len__(self) -> int:
        """How many entries there are: of a document one for its spans, and one for the vectors of
        each encoder and context.
        """
        self.check_open()
        return len(self._table)

    def __bool__(self) -> bool:
        return True

    def __enter__(self) -> SentenceStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        place = "in memory" if self.path is None else repr(str(self.path))
        return f"SentenceStore({place}, dtype={self.dtype!r}, max_bytes={self.max_bytes})"

    def __reduce__(self) -> tuple[Any, ...]:
        # In another process: the same folder, or an empty memory.
        return _reopened, (self.path, self.dtype, self.max_bytes)

    def __deepcopy__(self, memo: dict[int, Any]) -> SentenceStore:
        return self


def as_store(store: SentenceStore | str | os.PathLike[str]) -> SentenceStore:
    """`store` itself, or the store in that folder. Raises as `SentenceStore`, and `TypeError`."""
    if isinstance(store, SentenceStore):
        return store
    if isinstance(store, (str, os.PathLike)):
        return SentenceStore(store)
    raise TypeError(f"store must be a SentenceStore or a folder, got {store!r}")


def _reopened(path: Path | None, dtype: DType, max_bytes: int) -> SentenceStore:
    return SentenceStore(path, dtype=dtype, max_bytes=max_bytes)
