"""What is held in memory, bounded: what was used longest ago makes room."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterable, Sequence
from typing import Generic, TypeVar

from ..runtime.forking import tell_after_fork

# What an entry takes beside key and value: the objects around them, and the place in the table.
OVERHEAD = 200

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Keys to values; safe to share between threads and across a fork.

    max_bytes: of all entries. Whoever puts one in says what it takes.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.size = 0
        self._entries: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._lock = threading.Lock()
        tell_after_fork(self)

    def get(self, keys: Iterable[K]) -> list[V | None]:
        """For each key its value, or None."""
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
        """Put `(key, value, bytes)` in place of what was there. What is too large by itself is left
        out.
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
        """Forget everything."""
        with self._lock:
            self._entries.clear()
            self.size = 0

    def __len__(self) -> int:
        return len(self._entries)

    def after_fork(self) -> None:
        """In the child: another thread of the parent may hold the lock."""
        self._lock = threading.Lock()

    def _drop(self, key: K) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self.size -= entry[1]


class MemoryTable:
    """Keys to records, as `files.FileTable`, for this process.

    max_bytes: of keys, records and what Python needs around them.
    """

    failure: str | None = None

    def __init__(self, max_bytes: int) -> None:
        self._recent: Recent[bytes, bytes] = Recent(max_bytes)

    def read(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """The records of those keys that are there."""
        found = zip(keys, self._recent.get(keys), strict=True)
        return {key: record for key, record in found if record is not None}

    def write(self, records: Iterable[tuple[bytes, bytes]]) -> None:
        """Put records in place of what was there. One that is too large by itself is left out."""
        self._recent.put(
            (key, record, len(key) + len(record) + OVERHEAD) for key, record in records
        )

    def note(self, space: bytes, description: str) -> None:
        """Nothing: nobody looks into this table from outside."""

    def probe(self) -> None:
        """Nothing: it can always be written."""

    def __len__(self) -> int:
        return len(self._recent)

    def size_bytes(self) -> int:
        """What the entries take."""
        return self._recent.size

    def close(self) -> None:
        """Forget everything."""
        self._recent.clear()
