"""Bounded tables in memory. An entry that was used longest ago makes room for a new one.

The table is written by hand: with cachetools' `LRUCache` the lock, the bytes of each entry and the
renewal after a fork, which are most of it, would remain.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterable, Sequence
from typing import Generic, TypeVar

from ..runtime.forking import tell_after_fork

OVERHEAD = 200
"""Bytes of an entry beside key and value: the objects around them, and the place in the table."""

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Keys to values; safe to share between threads and across a fork.

    Args:
        max_bytes: The bound on all entries together. The caller says how much each one takes.

    Attributes:
        max_bytes: See above.
        size: Bytes of all entries now.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.size = 0
        self._entries: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._lock = threading.Lock()
        tell_after_fork(self)

    def get(self, keys: Iterable[K]) -> list[V | None]:
        """Look up values.

        Args:
            keys: Any number of keys.

        Returns:
            For each key its value, or None.
        """
        values: list[V | None] = []
        with self._lock:
            for key in keys:
                entry = self._entries.get(key)
                if entry is None:
                    values.append(None)
                else:
                    self._entries.move_to_end(key)
                    values.append(entry[0])
        return values

    def put(self, entries: Iterable[tuple[K, V, int]]) -> None:
        """Keep values; they replace those of the same keys.

        Args:
            entries: Key, value and size in bytes of each. An entry that is larger than the whole
                table is left out.
        """
        with self._lock:
            for key, value, size in entries:
                self._drop(key)
                if size > self.max_bytes:
                    continue
                while self.size + size > self.max_bytes:
                    self._drop(next(iter(self._entries)))
                self._entries[key] = value, size
                self.size += size

    def clear(self) -> None:
        """Delete all entries."""
        with self._lock:
            self._entries.clear()
            self.size = 0

    def __len__(self) -> int:
        return len(self._entries)

    def after_fork(self) -> None:
        """In a forked process, make a new lock: another thread of the parent may hold the old."""
        self._lock = threading.Lock()

    def _drop(self, key: K) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self.size -= entry[1]


class MemoryTable:
    """Keys to records, as in `disk_table.FileTable`, for this process only.

    Args:
        max_bytes: The bound on keys, records and what Python needs around them.

    Attributes:
        failure: Always None: a write does not fail.
    """

    failure: str | None = None

    def __init__(self, max_bytes: int) -> None:
        self._recent: Recent[bytes, bytes] = Recent(max_bytes)

    def read(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """Look up records.

        Args:
            keys: Any number of keys.

        Returns:
            The records of those keys that are there.
        """
        found = zip(keys, self._recent.get(keys), strict=True)
        return {key: record for key, record in found if record is not None}

    def write(self, records: Iterable[tuple[bytes, bytes]]) -> None:
        """Keep records; they replace those of the same keys.

        Args:
            records: Keys and records. A record that is larger than the whole table is left out.
        """
        self._recent.put(
            (key, record, len(key) + len(record) + OVERHEAD) for key, record in records
        )

    def note(self, space: bytes, description: str) -> None:
        """Do nothing: nobody looks into this table from outside.

        Args:
            space: Not used.
            description: Not used.
        """

    def probe(self) -> None:
        """Do nothing: the table can always be written."""

    def __len__(self) -> int:
        return len(self._recent)

    def size_bytes(self) -> int:
        """Measure the table.

        Returns:
            The size of its entries, in bytes.
        """
        return self._recent.size

    def close(self) -> None:
        """Delete all entries."""
        self._recent.clear()
