"""Records on disk, in SQLite: indexed, memory-mapped, safe for several processes and for a crash.

A transaction in the write-ahead log writes each record: if the process ends, the record is there
whole or not at all. What SQLite does not notice (a file that was cut or changed by others), the
record's own checksum does, see `records`. When the file is full, entries are deleted in the order
in which they were written, oldest first. Their pages are used again, and given back to the file
system where the bound was lowered.

The store only saves time, so a folder that can't be written, a full disk or a damaged file never
stops the caller. It is logged once, and from then on nothing is found or kept.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from ..runtime.forking import tell_after_fork
from .keys import FORMAT_VERSION

logger = logging.getLogger(__name__)

FILE = "sentences.sqlite"
"""The name of the file in a store's folder."""

_APPLICATION = 0x52434D50  # "RCMP" marks a file as ours
_PAGE = 16_384  # bytes; four or five records of an everyday document
_BUSY_SECONDS = 5.0
_AT_ONCE = 500  # keys per query: SQLite limits the number of its parameters
_MAPPED = 1 << 40  # the whole file, up to the two gigabytes that SQLite is usually built for

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS records"
    " (id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, record BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS spaces (space BLOB PRIMARY KEY, description TEXT NOT NULL)",
)

T = TypeVar("T")

# Connections of the process that this one was forked from: never used here, and never closed.
_PARENTS: list[sqlite3.Connection | None] = []


class FileTable:
    """Keys to records, in a folder.

    Threads may share it, also across a fork, and the processes of one machine may share its folder.

    Args:
        path: The folder; it is made if need be.
        max_bytes: The bound on all files of the table together.

    Attributes:
        path: See above.
        max_bytes: See above.
        failure: Why the last write failed; None if it did not.

    Raises:
        ValueError: The path is no folder, or holds a file that is no store or one of another
            version.
    """

    def __init__(self, path: Path, max_bytes: int) -> None:
        self.path = path
        self.max_bytes = max_bytes
        # The write-ahead log counts too: what one transaction writes, and when it is emptied.
        self._log_bytes = min(16 << 20, max_bytes // 4)
        self._pages = (max_bytes - self._log_bytes) // _PAGE
        self._lock = threading.Lock()
        self._warned: set[str] = set()
        self.failure: str | None = None
        self._closed = False
        self._forked = False
        self._connection: sqlite3.Connection | None = None
        self._connect()
        tell_after_fork(self)

    @property
    def file(self) -> Path:
        """The file that holds the records."""
        return self.path / FILE

    def read(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """Look up records.

        Args:
            keys: Any number of keys.

        Returns:
            The records of those keys that are there.
        """

        def found(connection: sqlite3.Connection) -> dict[bytes, bytes]:
            records: dict[bytes, bytes] = {}
            for first in range(0, len(keys), _AT_ONCE):
                some = keys[first : first + _AT_ONCE]
                marks = ",".join("?" * len(some))
                select = f"SELECT key, record FROM records WHERE key IN ({marks})"  # noqa: S608
                records.update(connection.execute(select, some).fetchall())
            return records

        return self._attempt("read", found) or {}

    def write(self, records: Iterable[tuple[bytes, bytes]]) -> None:
        """Write records; they replace those of the same keys.

        Args:
            records: Keys and records. A record that takes more than a quarter of the table is left
                out.
        """
        batch: list[tuple[bytes, bytes]] = []
        size = 0
        for key, record in records:
            if len(record) > self._pages * _PAGE // 4:
                continue
            if batch and size + len(record) > self._log_bytes // 4:
                self._write(batch)
                batch, size = [], 0
            batch.append((key, record))
            size += len(record)
        if batch:
            self._write(batch)

    def note(self, space: bytes, description: str) -> None:
        """Remember what the keys of a space are for, and warn if the store holds only others.

        Args:
            space: What all keys of one encoder and context begin with.
            description: The encoder and the context, for the log.
        """

        def noted(connection: sqlite3.Connection) -> None:
            known = dict(connection.execute("SELECT space, description FROM spaces").fetchall())
            if space in known:
                return
            if description in known.values():
                logger.warning(
                    "the vectors of %s in the sentence store %s are another version's: they are "
                    "made again as they are asked for",
                    description,
                    self.path,
                )
            elif known:
                logger.warning(
                    "the sentence store %s holds no vectors of %s yet, but of %s: they are made as "
                    "they are asked for",
                    self.path,
                    description,
                    "; ".join(sorted(known.values())),
                )
            connection.execute("INSERT OR IGNORE INTO spaces VALUES (?, ?)", (space, description))

        self._attempt("write", noted)

    def probe(self) -> None:
        """Try whether the file can be written, and set `failure`."""

        def tried(connection: sqlite3.Connection) -> None:
            connection.execute("BEGIN IMMEDIATE")
            try:
                connection.execute(f"PRAGMA user_version={FORMAT_VERSION}")
            finally:
                connection.execute("ROLLBACK")

        self._attempt("write", tried)

    def __len__(self) -> int:
        def counted(connection: sqlite3.Connection) -> int:
            return int(connection.execute("SELECT COUNT(*) FROM records").fetchone()[0])

        return self._attempt("read", counted) or 0

    def size_bytes(self) -> int:
        """Measure the table.

        Returns:
            The size of its files, in bytes.
        """
        files = (self.file.with_name(FILE + end) for end in ("", "-wal"))
        return sum(file.stat().st_size for file in files if file.exists())

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._closed = True
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def after_fork(self) -> None:
        """In a forked process, drop the parent's connection, and its lock, which may be held.

        The child connects again when it needs to.
        """
        _PARENTS.append(self._connection)  # closing it would close the parent's
        self._connection = None
        self._lock = threading.Lock()
        self._forked = True

    def _write(self, batch: Sequence[tuple[bytes, bytes]]) -> None:
        def written(connection: sqlite3.Connection) -> None:
            connection.execute("BEGIN IMMEDIATE")
            try:
                self._make_room(connection, batch)
                connection.executemany(
                    "INSERT OR REPLACE INTO records (key, record) VALUES (?, ?)", batch
                )
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            self._give_back(connection)

        self._attempt("write", written)

    def _make_room(
        self, connection: sqlite3.Connection, batch: Sequence[tuple[bytes, bytes]]
    ) -> None:
        """Delete the oldest records until `batch` fits."""
        # A page holds whole records, so with large ones up to half of it stays empty.
        needed = 2 * sum(len(record) for _, record in batch) // _PAGE + len(batch) // 100 + 8
        if self._used(connection) + needed <= self._pages:
            return
        self._warn(
            "full",
            "the sentence store %s has reached max_bytes=%d: its oldest entries make room",
            self.path,
            self.max_bytes,
        )
        # Delete some more than is needed, so that not every write has to.
        goal = max(0, self._pages - needed - self._pages // 64)
        while (surplus := self._used(connection) - goal) > 0:
            last, freed = None, 0
            oldest = connection.execute("SELECT id, length(record) FROM records ORDER BY id")
            for number, length in oldest:
                last, freed = number, freed + length
                if freed >= surplus * _PAGE:
                    break
            oldest.close()
            if last is None:
                return
            connection.execute("DELETE FROM records WHERE id <= ?", (last,))

    def _give_back(self, connection: sqlite3.Connection) -> None:
        """Return empty pages to the file system, if the bound was lowered since the file grew."""
        step = max(1, self._log_bytes // 2 // _PAGE)
        while (surplus := _number(connection, "page_count") - self._pages) > 0:
            # Not with `execute`, which gives back one page and stops.
            connection.executescript(f"PRAGMA incremental_vacuum({min(step, surplus)})")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            if _number(connection, "page_count") - self._pages >= surplus:
                return

    @staticmethod
    def _used(connection: sqlite3.Connection) -> int:
        """The number of pages that hold something."""
        return _number(connection, "page_count") - _number(connection, "freelist_count")

    def _attempt(self, to: str, work: Callable[[sqlite3.Connection], T]) -> T | None:
        """What `work` returns; None, and one line in the log, where the file does not allow it."""
        with self._lock:
            if self._closed:
                raise ValueError(f"the sentence store {self.path} is closed: open it again")
            if self._forked:
                self._forked = False
                self._connect()
            if self._connection is None:
                self.failure = self.failure or "it can't be opened"
                return None
            try:
                result = work(self._connection)
            except (sqlite3.Error, OSError) as error:
                self.failure = str(error)
                if _is_damage(error):
                    self._warn(
                        "damaged",
                        "the sentence store %s is damaged (%s): it is not used; delete %s, and it "
                        "is made again",
                        self.path,
                        error,
                        self.file,
                    )
                else:
                    self._warn(
                        to, "the sentence store %s can't be %s: %s",
                        self.path, "read" if to == "read" else "written, so nothing is kept", error,
                    )  # fmt: skip
                return None
            if to == "write":
                self.failure = None
            return result

    def _warn(self, about: str, message: str, *values: Any) -> None:
        log = logger.debug if about in self._warned else logger.warning
        self._warned.add(about)
        log(message, *values)

    def _connect(self) -> None:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise ValueError(
                f"the sentence store {self.path} can't be made ({error}): give a folder"
            ) from error
        except OSError as error:
            self.failure = str(error)
            self._warn("write", "the sentence store %s can't be made: %s", self.path, error)
            return
        failure: Exception | None = None
        # The last is for a folder that can't be written and that a process left when it was killed.
        for how in ("mode=rwc", "mode=ro", "mode=ro&immutable=1"):
            try:
                self._connection = self._opened(how)
                return
            except sqlite3.Error as error:
                failure = failure or error
                if _is_damage(error):
                    raise ValueError(
                        f"{self.file} is no sentence store, or is damaged ({error}): choose "
                        "another folder, or delete the file"
                    ) from error
        self._warn("read", "the sentence store %s can't be opened: %s", self.path, failure)

    def _opened(self, how: str) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"{self.file.absolute().as_uri()}?{how}",
            uri=True,
            timeout=_BUSY_SECONDS,
            check_same_thread=False,
            isolation_level=None,
        )
        try:
            if not self._is_ours(connection):
                self._begin(connection)
            pages_of_log = max(4, self._log_bytes // 4 // _PAGE)
            for setting in (
                "synchronous=NORMAL",
                f"mmap_size={_MAPPED}",
                f"wal_autocheckpoint={pages_of_log}",
                f"journal_size_limit={self._log_bytes // 2}",
            ):
                connection.execute(f"PRAGMA {setting}").fetchall()
            connection.execute("SELECT key FROM records LIMIT 1").fetchall()
        except BaseException:
            connection.close()
            raise
        return connection

    def _is_ours(self, connection: sqlite3.Connection) -> bool:
        """Whether the file is a store of this version; False for an empty one."""
        application = _number(connection, "application_id")
        version = _number(connection, "user_version")
        if application == _APPLICATION:
            if version != FORMAT_VERSION:
                raise ValueError(
                    f"the sentence store {self.path} is of format {version}, and this version of "
                    f"recomp writes format {FORMAT_VERSION}: choose another folder, or delete "
                    f"{self.file}, and it is made again"
                )
            return True
        tables = connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0]
        if application or version or tables:
            raise ValueError(f"{self.file} is another program's data base: choose another folder")
        return False

    @staticmethod
    def _begin(connection: sqlite3.Connection) -> None:
        """Make the tables. If several processes try at the same time, one of them does it."""
        connection.execute(f"PRAGMA page_size={_PAGE}")
        connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
        _patiently(lambda: connection.execute("PRAGMA journal_mode=WAL").fetchall())
        _patiently(lambda: connection.execute("BEGIN IMMEDIATE"))
        for statement in _SCHEMA:
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id={_APPLICATION}")
        connection.execute(f"PRAGMA user_version={FORMAT_VERSION}")
        connection.execute("COMMIT")


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])


def _is_damage(error: Exception) -> bool:
    """Whether SQLite says that the file is not what it should be."""
    return type(error) is sqlite3.DatabaseError


def _patiently(work: Callable[[], object]) -> None:
    """Retry what SQLite itself does not wait for: switching to the log while others do."""
    for attempt in range(100):
        try:
            work()
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or attempt == 99:
                raise
            time.sleep(_BUSY_SECONDS / 100)
