"""Opens SQLite files that may come from elsewhere, so that they can't crash or hang the process.

Nothing is mapped into memory: a process that reads a mapped file which another cuts is killed. For
the same reason there is no write-ahead log, whose index SQLite always maps. Standard library only.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from collections.abc import Sequence
from pathlib import Path

QUERY_SECONDS = 20.0
"""How long one query may run. Only a file that was made to be endless needs longer."""

_COMPANIONS = ("-journal", "-wal", "-shm")
_OPERATIONS = 50_000  # between two looks at the clock: some milliseconds
# SQLite deletes the file that the end of a journal names, wherever it is.
_JOURNAL_END = bytes.fromhex("d9d505f920a163d7")

Schema = frozenset[tuple[str, str, str | None]]
"""Type, name and SQL of everything that a data base declares."""


class Clock:
    """When the queries of a connection must end.

    Attributes:
        until: The time, by `time.monotonic`.
    """

    until = float("inf")

    def start(self) -> None:
        """Give the queries that follow `QUERY_SECONDS` together."""
        self.until = time.monotonic() + QUERY_SECONDS

    def is_late(self) -> bool:
        """Whether their time has passed."""
        return time.monotonic() > self.until

    def check(self) -> None:
        """Check that there is time left, between short queries.

        Raises:
            sqlite3.OperationalError: There is none.
        """
        if self.is_late():
            raise sqlite3.OperationalError("interrupted")


class Connection(sqlite3.Connection):
    """A connection whose queries end in time, with `sqlite3.OperationalError`.

    Attributes:
        clock: When they end; start it before each piece of work.
    """

    clock: Clock


def connect(path: Path, *, mode: str = "mode=rwc", patience: float = 5.0) -> Connection:
    """Open a file.

    Args:
        path: The file.
        mode: Parameters of SQLite's URI.
        patience: Seconds to wait for another process that holds the file.

    Returns:
        The connection, which commits each statement. Threads may share it, one at a time.

    Raises:
        sqlite3.Error: The file can't be opened.
    """
    connection: Connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{mode}",
        uri=True,
        timeout=patience,
        check_same_thread=False,
        isolation_level=None,
        factory=Connection,
    )
    try:
        connection.clock = Clock()
        connection.clock.start()
        connection.set_progress_handler(connection.clock.is_late, _OPERATIONS)
        # Text that is not UTF-8 must not fail the rows around it.
        connection.text_factory = _text
        for setting in ("mmap_size=0", "trusted_schema=OFF", "cell_size_check=ON"):
            connection.execute(f"PRAGMA {setting}").fetchall()
    except BaseException:
        connection.close()
        raise
    return connection


def leave_log(connection: sqlite3.Connection) -> None:
    """Keep a journal instead of the write-ahead log that earlier versions kept.

    Args:
        connection: Where nobody else uses the file. Elsewhere the log stays for this time.
    """
    if number(connection, "page_count") and _mode(connection) == "wal":
        try:
            connection.execute("PRAGMA journal_mode=DELETE").fetchall()
        except sqlite3.OperationalError:
            return


def check_files(path: Path) -> None:
    """Check that a data base and what lies beside it are plain files that lead nowhere else.

    Args:
        path: The file of the data base, which need not exist.

    Raises:
        ValueError: One of them is a link, a folder, a pipe or the like, or its journal names
            another file.
        OSError: They can't be looked at.
    """
    for file in files(path):
        try:
            mode = file.lstat().st_mode
        except FileNotFoundError:
            continue
        if not stat.S_ISREG(mode):
            raise ValueError(f"{file} is no plain file: choose another place, or remove it")
    # Only the journal is read here: closing the data base itself would give up SQLite's locks.
    journal = path.with_name(path.name + "-journal")
    try:
        with journal.open("rb") as stream:
            stream.seek(-min(8, journal.stat().st_size), os.SEEK_END)
            names_a_file = stream.read(8) == _JOURNAL_END
    except FileNotFoundError:
        return
    if names_a_file:
        raise ValueError(f"{journal} names another file: it is no journal of recomp, so remove it")


def files(path: Path) -> list[Path]:
    """List the files that a data base may have.

    Args:
        path: The file of the data base.

    Returns:
        That file, its journal, its log and the log's index.
    """
    return [path, *(path.with_name(path.name + end) for end in _COMPANIONS)]


def schema_of(connection: sqlite3.Connection) -> Schema:
    """Read what a data base declares, without a query on any of it.

    Args:
        connection: The data base.

    Returns:
        All tables, indexes, views and triggers; of more than a hundred, some.

    Raises:
        sqlite3.Error: The file is damaged, or no data base.
    """
    rows = connection.execute(
        "SELECT substr(type, 1, 100), substr(name, 1, 100), substr(sql, 1, 10000)"
        " FROM sqlite_master LIMIT 100"
    )
    return frozenset(rows.fetchall())


def schema_made_by(statements: Sequence[str]) -> Schema:
    """Compute the schema that some statements make.

    Args:
        statements: `CREATE` statements.

    Returns:
        See `schema_of`.
    """
    connection = sqlite3.connect(":memory:")
    try:
        for statement in statements:
            connection.execute(statement)
        return schema_of(connection)
    finally:
        connection.close()


def number(connection: sqlite3.Connection, pragma: str) -> int:
    """Read a number that SQLite keeps of a file.

    Args:
        connection: The data base.
        pragma: The name of the number.

    Returns:
        The number.
    """
    return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])


def is_damage(error: Exception) -> bool:
    """Tell a file that is not what it should be from one that can't be had now.

    Args:
        error: What SQLite raised.

    Returns:
        Whether the file is damaged, or no data base, or lost its tables.
    """
    lost = isinstance(error, sqlite3.OperationalError) and "no such " in str(error)
    return lost or type(error) is sqlite3.DatabaseError


def is_locked(error: Exception) -> bool:
    """Tell whether another process holds the file.

    Args:
        error: What SQLite raised.

    Returns:
        Whether it is that.
    """
    return isinstance(error, sqlite3.OperationalError) and "locked" in str(error)


def _mode(connection: sqlite3.Connection) -> str:
    return str(connection.execute("PRAGMA journal_mode").fetchone()[0])


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
