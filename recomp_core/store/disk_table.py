"""Records on disk, in SQLite: indexed, safe for several processes, for a crash and for damage.

A transaction writes each record: if the process ends, the record is there whole or not at all. What
SQLite does not notice (a file that was cut or changed by others), the record's own checksum does,
see `records`. When the file is full, entries are deleted in the order in which they were written,
oldest first. Their pages are used again, and given back to the file system where the bound was
lowered.

The store only saves time, so nothing that befalls its file stops the caller. A file of ours that is
damaged, or that declares anything but our tables, is deleted and begun again; one that was removed
or replaced while it was open is opened again. Where the folder can't be written, the disk is full
or another process holds the file for long, nothing is kept. Each of these is logged once.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from .._utils.sqlite import (
    Connection,
    check_files,
    connect,
    files,
    is_damage,
    is_locked,
    leave_log,
    number,
    schema_made_by,
    schema_of,
)
from ..runtime.forking import tell_after_fork
from .keys import FORMAT_VERSION

logger = logging.getLogger(__name__)

FILE = "sentences.sqlite"
"""The name of the file in a store's folder."""

_APPLICATION = 0x52434D50  # "RCMP" marks a file as ours
_PAGE = 16_384  # bytes; four or five records of an everyday document
_BUSY_SECONDS = 5.0
_BUSY_AGAIN = 0.05  # once another process has held the file for as long as that
_RETRY_SECONDS = 30.0  # between two attempts to open a file that could not be opened
_AT_ONCE = 500  # keys per query: SQLite limits the number of its parameters
_LARGEST = 256 << 20  # bytes of a record: far more than those of any document that is worth it
_SPACES = 1_000  # how many are looked at; a store has one for each encoder and context

_SCHEMA = (
    "CREATE TABLE records (id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, record BLOB NOT NULL)",
    "CREATE TABLE spaces (space BLOB PRIMARY KEY, description TEXT NOT NULL)",
)

_DECLARED = schema_made_by(_SCHEMA)

T = TypeVar("T")

# Connections of the process that this one was forked from: never used here, and never closed.
_PARENTS: list[Connection | None] = []


class _DamagedError(Exception):
    """A file that says it is ours is not as we make it."""


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
        # The journal counts too: what one transaction replaces.
        self._log_bytes = min(16 << 20, max_bytes // 4)
        self._pages = (max_bytes - self._log_bytes) // _PAGE
        self._largest = min(_LARGEST, self._pages * _PAGE // 4)
        self._lock = threading.Lock()
        self._warned: set[str] = set()
        self.failure: str | None = None
        self._closed = False
        self._forked = False
        self._connection: Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._patience = _BUSY_SECONDS
        self._retry_at = 0.0
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

        def found(connection: Connection) -> dict[bytes, bytes]:
            records: dict[bytes, bytes] = {}
            for first in range(0, len(keys), _AT_ONCE):
                some = keys[first : first + _AT_ONCE]
                marks = ",".join("?" * len(some))
                select = (
                    f"SELECT key, record FROM records WHERE key IN ({marks})"  # noqa: S608
                    " AND typeof(record) = 'blob' AND length(record) <= ?"
                )
                records.update(connection.execute(select, [*some, self._largest]).fetchall())
            return records

        return self._attempt("read", found) or {}

    def write(self, records: Iterable[tuple[bytes, bytes]]) -> None:
        """Write records; they replace those of the same keys.

        Args:
            records: Keys and records. A record that takes more than a quarter of the table, or
                more than 256 MiB, is left out.
        """
        batch: list[tuple[bytes, bytes]] = []
        size = 0
        for key, record in records:
            if len(record) > self._largest:
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

        def noted(connection: Connection) -> None:
            select = (
                "SELECT space, substr(description, 1, 200) FROM spaces"
                " WHERE typeof(space) = 'blob' AND typeof(description) = 'text' LIMIT ?"
            )
            known = dict(connection.execute(select, [_SPACES]).fetchall())
            if space in known:
                return
            if description[:200] in known.values():
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

        def tried(connection: Connection) -> None:
            connection.execute("BEGIN IMMEDIATE")
            try:
                connection.execute(f"PRAGMA user_version={FORMAT_VERSION}")
            finally:
                connection.execute("ROLLBACK")

        self._attempt("write", tried)

    def __len__(self) -> int:
        def counted(connection: Connection) -> int:
            # COUNT(*) is one step of SQLite, which no clock ends.
            return int(connection.execute("SELECT TOTAL(1) FROM records").fetchone()[0])

        return self._attempt("read", counted) or 0

    def size_bytes(self) -> int:
        """Measure the table.

        Returns:
            The size of its files, in bytes.
        """
        return sum(_size(file) for file in files(self.file))

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._closed = True
            self._disconnect()

    def after_fork(self) -> None:
        """In a forked process, drop the parent's connection, and its lock, which may be held.

        The child connects again when it needs to.
        """
        _PARENTS.append(self._connection)  # closing it would close the parent's
        self._connection = None
        self._lock = threading.Lock()
        self._forked = True

    def _write(self, batch: Sequence[tuple[bytes, bytes]]) -> None:
        def written(connection: Connection) -> None:
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

    def _make_room(self, connection: Connection, batch: Sequence[tuple[bytes, bytes]]) -> None:
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
            connection.clock.check()
            last, freed = None, 0
            oldest = connection.execute(
                "SELECT id, iif(typeof(record) = 'blob', length(record), 0) FROM records"
                " ORDER BY id"
            )
            for identity, length in oldest:
                last, freed = identity, freed + length
                if freed >= surplus * _PAGE:
                    break
            oldest.close()
            if last is None:
                return
            connection.execute("DELETE FROM records WHERE id <= ?", (last,))

    def _give_back(self, connection: Connection) -> None:
        """Return empty pages to the file system, if the bound was lowered since the file grew."""
        step = max(1, self._log_bytes // 2 // _PAGE)
        while (surplus := number(connection, "page_count") - self._pages) > 0:
            connection.clock.check()
            # Not with `execute`, which gives back one page and stops.
            connection.executescript(f"PRAGMA incremental_vacuum({min(step, surplus)})")
            if number(connection, "page_count") - self._pages >= surplus:
                return

    @staticmethod
    def _used(connection: Connection) -> int:
        """The number of pages that hold something."""
        return number(connection, "page_count") - number(connection, "freelist_count")

    def _attempt(self, to: str, work: Callable[[Connection], T]) -> T | None:
        """What `work` returns; None, and one line in the log, where the file does not allow it."""
        with self._lock:
            if self._closed:
                raise ValueError(f"the sentence store {self.path} is closed: open it again")
            connection = self._connected()
            if connection is None:
                self.failure = self.failure or "it can't be opened"
                return None
            connection.clock.start()
            try:
                result = work(connection)
            except (sqlite3.Error, OSError) as error:
                self.failure = str(error)
                if is_damage(error):
                    self._make_anew(error)
                else:
                    if is_locked(error):
                        self._wait_for_others(connection, _BUSY_AGAIN)
                    self._warn(
                        to, "the sentence store %s can't be %s: %s",
                        self.path, "read" if to == "read" else "written, so nothing is kept", error,
                    )  # fmt: skip
                return None
            self._wait_for_others(connection, _BUSY_SECONDS)
            if to == "write":
                self.failure = None
            return result

    def _connected(self) -> Connection | None:
        """The connection to the file that is there now."""
        if self._connection is not None and self._identity != _identity(self.file):
            self._disconnect()  # the file was removed or replaced
            self._retry_at = 0.0
        if self._connection is None and (self._forked or time.monotonic() >= self._retry_at):
            self._forked = False
            try:
                self._connect()
            except ValueError as error:
                self.failure = str(error)
                self._warn("read", "the sentence store %s can't be opened: %s", self.path, error)
        return self._connection

    def _wait_for_others(self, connection: Connection, patience: float) -> None:
        if patience != self._patience:
            self._patience = patience
            connection.execute(f"PRAGMA busy_timeout={int(patience * 1000)}")

    def _make_anew(self, why: Exception) -> None:
        """Begin again in a new file, unless another process did so already."""
        self._warn(
            "damaged",
            "the sentence store %s is damaged (%s): %s is deleted and made anew",
            self.path,
            why,
            self.file,
        )
        is_that_file = self._identity == _identity(self.file)
        self._disconnect()
        self._retry_at = 0.0
        if is_that_file:
            try:
                self._delete()
            except OSError as error:
                self.failure = str(error)
                self._retry_at = float("inf")
                self._warn("delete", "%s can't be deleted, so it is not used: %s", self.file, error)

    def _delete(self) -> None:
        # The log and its index first: they must not meet a new file.
        for file in reversed(files(self.file)):
            file.unlink(missing_ok=True)

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

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
        check_files(self.file)
        failure: Exception | None = None
        # The last is for a folder that can't be written and that a process left when it was killed.
        for mode in ("mode=rwc", "mode=ro", "mode=ro&immutable=1"):
            try:
                self._connection = self._opened(mode)
                self._identity = _identity(self.file)
                return
            except _DamagedError as error:
                self._identity = _identity(self.file)
                self._make_anew(error)
                if self._retry_at == 0.0:
                    self._connect()
                return
            except sqlite3.Error as error:
                failure = failure or error
                if is_damage(error):
                    raise ValueError(
                        f"{self.file} is no sentence store, or is damaged ({error}): choose "
                        "another folder, or delete the file"
                    ) from error
                if is_locked(error):
                    break
        self._retry_at = time.monotonic() + _RETRY_SECONDS
        self._warn("read", "the sentence store %s can't be opened: %s", self.path, failure)

    def _opened(self, mode: str) -> Connection:
        connection = connect(self.file, mode=mode, patience=_BUSY_SECONDS)
        try:
            connection.execute("BEGIN")  # one look, whatever another process makes meanwhile
            is_ours = self._is_ours(connection)
            connection.execute("COMMIT")
            if not is_ours:
                self._begin(connection)
            self._check_schema(connection)
            leave_log(connection)
            connection.execute("PRAGMA synchronous=NORMAL").fetchall()
        except BaseException:
            connection.close()
            raise
        return connection

    def _is_ours(self, connection: Connection) -> bool:
        """Whether the file is a store of this version; False for an empty one."""
        application = number(connection, "application_id")
        version = number(connection, "user_version")
        if application == _APPLICATION:
            if version != FORMAT_VERSION:
                raise ValueError(
                    f"the sentence store {self.path} is of format {version}, and this version of "
                    f"recomp writes format {FORMAT_VERSION}: choose another folder, or delete "
                    f"{self.file}, and it is made again"
                )
            return True
        if application or version or schema_of(connection):
            raise ValueError(f"{self.file} is another program's data base: choose another folder")
        return False

    @staticmethod
    def _check_schema(connection: Connection) -> None:
        """Check that the file declares our tables and nothing else, before any query on them."""
        try:
            if schema_of(connection) != _DECLARED:
                raise _DamagedError("it declares other tables, views or triggers")
            if number(connection, "page_size") != _PAGE:
                raise _DamagedError("its pages are of another size")
            connection.execute("SELECT key FROM records LIMIT 1").fetchall()
        except sqlite3.Error as error:
            if is_damage(error):
                raise _DamagedError(str(error)) from error
            raise

    def _begin(self, connection: Connection) -> None:
        """Make the tables. If several processes try at the same time, one of them does it."""
        connection.execute(f"PRAGMA page_size={_PAGE}")
        connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
        connection.execute("BEGIN IMMEDIATE")
        if not self._is_ours(connection):
            for statement in _SCHEMA:
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id={_APPLICATION}")
            connection.execute(f"PRAGMA user_version={FORMAT_VERSION}")
        connection.execute("COMMIT")


def _identity(file: Path) -> tuple[int, int] | None:
    """What tells a file from another in its place; None where there is none."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0
