"""Sentence vectors that are computed once and used by every later query."""

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

    Sentences' vectors are found by the text around them, the title and the path where the encoder
    sees them, the encoder, the context and the sentences' spans, all by content. Another encoder in
    the same store finds nothing of this one's, and never a wrong vector. Missing vectors are
    computed and kept.

    Threads may share a store, and the processes of one machine may share its folder (not over a
    network file system). It survives a fork. A folder that can't be written is read; a full disk or
    a damaged file costs time and changes no result. Each of these is logged once.

    Args:
        path: The folder; it is made if need be. None keeps everything in memory, for this process.
        dtype: How vectors are kept. "float16" moves a cosine by less than 0.001; "int8", at half
            the size, by a few thousandths at most with usual encoders; "float32", at twice the
            size, not at all. Scores are the same whether a vector was kept before or is computed
            now.
        max_bytes: The bound on the files, by default 10 GiB, or on the memory, by default 256 MiB.
            When it is reached, the entries that were written first are deleted (in memory: those
            that were used longest ago).

    Attributes:
        path: See above.
        dtype: See above.
        max_bytes: See above.

    Raises:
        ValueError: A setting can't work, or the folder holds something else than a store of this
            version.
        TypeError: `max_bytes` is not a whole number.

    Example:
        store = SentenceStore("store")
        compressor = load_compressor(store=store)  # or store="store"
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
        """Look up records.

        Args:
            keys: Any number of keys.

        Returns:
            The records of those keys that are there.

        Raises:
            ValueError: The store was closed.
        """
        self.check_open()
        return self._table.read(keys)

    def write(self, records: Iterable[tuple[bytes, bytes]]) -> None:
        """Keep records; they replace those of the same keys.

        Args:
            records: Keys and records.

        Raises:
            ValueError: The store was closed.
        """
        self.check_open()
        self._table.write(records)

    def note(self, space: bytes, description: str) -> None:
        """Remember what the keys of a space are for.

        Args:
            space: What all keys of one encoder and context begin with.
            description: The encoder and the context, for the log.

        Raises:
            ValueError: The store was closed.
        """
        self.check_open()
        self._table.note(space, description)

    def check_open(self) -> None:
        """Check that the store is open.

        Raises:
            ValueError: The store was closed.
        """
        if self._closed:
            raise ValueError(f"{self!r} is closed: open it again, SentenceStore(…)")

    def check_writable(self) -> None:
        """Check that something can be kept, before work that would be lost.

        Raises:
            OSError: Nothing can be kept.
            ValueError: The store was closed.
        """
        self.check_open()
        self._table.probe()
        self.check_written()

    def check_written(self) -> None:
        """Check that the last write succeeded.

        Raises:
            OSError: It did not.
        """
        if self._table.failure is not None:
            raise OSError(
                f"the sentence store {self.path} can't be written ({self._table.failure}): give "
                "another folder, or make room; what was kept before is not lost"
            )

    def size_bytes(self) -> int:
        """Measure the store.

        Returns:
            The bytes of its files or of its entries in memory.

        Raises:
            ValueError: The store was closed.
        """
        self.check_open()
        return self._table.size_bytes()

    def close(self) -> None:
        """Close the files, or delete what is in memory. Later calls raise `ValueError`."""
        self._closed = True
        self._table.close()

    def __len__(self) -> int:
        """Count the entries.

        A document has one for its units, and for each encoder and context one for its vectors, or
        for those of each of its sections.
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
    """Take a store, or open the store in a folder.

    Args:
        store: A `SentenceStore` or a folder.

    Returns:
        `store` itself, or the store in that folder.

    Raises:
        TypeError: It is neither.
        ValueError: See `SentenceStore`.
    """
    if isinstance(store, SentenceStore):
        return store
    if isinstance(store, (str, os.PathLike)):
        return SentenceStore(store)
    raise TypeError(f"store must be a SentenceStore or a folder, got {store!r}")


def _reopened(path: Path | None, dtype: DType, max_bytes: int) -> SentenceStore:
    return SentenceStore(path, dtype=dtype, max_bytes=max_bytes)
