"""A cache of results in SQLite, by the hash of what was asked: nothing is paid for twice.

A result is written the moment it comes, so a killed process loses what was under way and nothing
else. (A power cut may also lose the last results, which the disk had not yet received.)
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, TypeVar

from ..._utils.hashing import content_hash
from ..._utils.json_values import parsed, strict
from ..._utils.sqlite import (
    Connection,
    check_files,
    connect,
    leave_log,
    schema_made_by,
    schema_of,
)
from ...readers.answer_scores import (
    AnswerRequest,
    AnswerScore,
    AnswerScorer,
    Capabilities,
    Kind,
    in_order,
)
from ...runtime.budget import Meter
from ..teachers.base import Teacher, TeacherRequest
from ..teachers.terms import TeacherLicence

W = TypeVar("W", AnswerScorer, Teacher)
R = TypeVar("R")
T = TypeVar("T")

_BUSY_SECONDS = 60.0  # how long a writer waits for another process
_AT_ONCE = 500  # keys per query: SQLite limits the number of its parameters
_LONGEST = 64 << 20  # characters of a value
_TABLE = "CREATE TABLE results (key TEXT PRIMARY KEY, value TEXT NOT NULL)"
_ODD = "strict"  # the only key around a value that JSON has no form for
_WRONG_VALUE = (KeyError, TypeError, ValueError, AttributeError, OverflowError)


class ResultCache:
    """A table from keys to JSON values.

    It is safe to share between threads, and its file between the processes of one machine. Use it
    in a `with` block, or close it.

    Args:
        path: The file; it is made if it is not there.

    Raises:
        ValueError: The file is no such cache.

    Attributes:
        path: The file.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        check_files(self.path)
        try:
            self._connection = self._opened()
        except sqlite3.DatabaseError as error:
            raise ValueError(
                f"{self.path} is no cache of results ({error}): choose another file, or delete it"
            ) from error

    def get_many(self, keys: Iterable[str]) -> dict[str, Any]:
        """Look up keys.

        Args:
            keys: The keys, in any number.

        Returns:
            The values of those keys that are there, and are what `put` wrote.

        Raises:
            OSError: The file was damaged since it was opened.
        """
        wanted = list(dict.fromkeys(keys))
        found: dict[str, Any] = {}
        with self._working() as connection:
            for first in range(0, len(wanted), _AT_ONCE):
                some = wanted[first : first + _AT_ONCE]
                marks = ", ".join("?" * len(some))
                rows = connection.execute(
                    f"SELECT key, value FROM results WHERE key IN ({marks})"  # noqa: S608
                    " AND typeof(value) = 'text' AND length(value) <= ?",
                    [*some, _LONGEST],
                )
                for key, value in rows:
                    with suppress(ValueError):  # it is damaged: it will be asked for again
                        content = parsed(value)
                        found[key] = content[_ODD] if _is_odd(content) else content
        return found

    def put(self, key: str, value: Any) -> None:
        """Write one value at once.

        Args:
            key: Its key; an earlier value of this key is replaced.
            value: JSON values.

        Raises:
            OSError: The file can't be written, or was damaged since it was opened.
        """
        text = json.dumps(value)
        if "\\ud" in text or not _is_strict(value):
            text = json.dumps(strict({_ODD: value}))
        with self._working() as connection:
            connection.execute("INSERT OR REPLACE INTO results VALUES (?, ?)", (key, text))

    def __len__(self) -> int:
        with self._working() as connection:
            # COUNT(*) is one step of SQLite, which no clock ends.
            (count,) = connection.execute("SELECT TOTAL(1) FROM results").fetchone()
        return int(count)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def __enter__(self) -> ResultCache:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _opened(self) -> Connection:
        connection = connect(self.path, patience=_BUSY_SECONDS)
        try:
            if not schema_of(connection):
                connection.execute("BEGIN IMMEDIATE")
                if not schema_of(connection):  # no other process was faster
                    connection.execute(_TABLE)
                connection.execute("COMMIT")
            # Before any query: a view or a trigger of another's may never end.
            if schema_of(connection) != schema_made_by([_TABLE]):
                raise sqlite3.DatabaseError("it declares other tables, views or triggers")
            leave_log(connection)
            connection.execute("PRAGMA synchronous=NORMAL").fetchall()
        except BaseException:
            connection.close()
            raise
        return connection

    @contextmanager
    def _working(self) -> Iterator[Connection]:
        with self._lock:
            self._connection.clock.start()
            try:
                yield self._connection
            except sqlite3.ProgrammingError:  # it is closed
                raise
            except sqlite3.Error as error:
                raise OSError(
                    f"the cache of results {self.path} can't be used ({error}): make room, or "
                    "delete it or give another file, and what it held is asked for again"
                ) from error


def _is_odd(content: Any) -> bool:
    return isinstance(content, dict) and content.keys() == {_ODD}


def _is_strict(value: Any) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        return False
    return not _is_odd(value)


class KeepsReplies:
    """A scorer, or a part of one, that keeps what it made of each reply.

    A score may take several replies, and is kept when it is whole. A process that is killed before
    has paid for some of them.
    """

    _kept: ResultCache | None = None

    def keep_in(self, cache: ResultCache) -> None:
        """Keep replies from now on, and ask for none that the cache holds.

        Args:
            cache: Where they are kept.
        """
        self._kept = cache

    async def _once(self, asked: Any, ask: Callable[[], Awaitable[T]]) -> T:
        """The kept result of a request, or else that of `ask()`, which is then kept.

        asked: all that decides the result, JSON values. ask: gives JSON values; what it raises is
        not kept.
        """
        if self._kept is None:
            return await ask()
        key = content_hash("reply", asked)
        known: dict[str, T] = self._kept.get_many([key])
        if key in known:
            return known[key]
        result = await ask()
        self._kept.put(key, result)
        return result


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a summary is a text, got {value!r:.80}")
    return value


class _Cached(Generic[W]):
    """What a cached scorer and a cached teacher share; `wrapped` is asked for what is missing."""

    def __init__(self, wrapped: W, cache: ResultCache) -> None:
        self._wrapped: W = wrapped
        self.cache = cache
        self.hits = 0
        self.misses = 0

    @property
    def meter(self) -> Meter:
        """The meter of the wrapped object."""
        return self._wrapped.meter

    @meter.setter
    def meter(self, meter: Meter) -> None:
        self._wrapped.meter = meter

    @property
    def identity(self) -> Mapping[str, Any]:
        """The identity of the wrapped object."""
        return self._wrapped.identity

    @cached_property
    def _identity(self) -> Mapping[str, Any]:
        return self._wrapped.identity

    def _look_up(
        self,
        keys: Sequence[str],
        ask: Callable[[list[int]], Iterator[tuple[int, R | Exception]]],
        *,
        read: Callable[[Any], R],
        write: Callable[[R], Any],
    ) -> Iterator[tuple[int, R | Exception]]:
        """`(position, result)`: first what the cache holds, then the others as they come.

        keys: one for each request. ask: from the positions of requests to their results, by their
        place in that list. read, write: from a JSON value to a result, and back.
        """
        known = self.cache.get_many(keys)
        missing: dict[str, list[int]] = {}
        for position, key in enumerate(keys):
            try:
                kept = read(known[key])
            except _WRONG_VALUE:  # it is not there, or is not what `write` made
                missing.setdefault(key, []).append(position)
            else:
                self.hits += 1
                yield position, kept
        self.misses += len(missing)
        if not missing:
            return
        wanted = list(missing.items())
        for number, result in ask([positions[0] for _, positions in wanted]):
            key, positions = wanted[number]
            if not isinstance(result, Exception):
                self.cache.put(key, write(result))
            yield from ((position, result) for position in positions)


class CachedScorer(_Cached[AnswerScorer]):
    """A scorer that asks only for what the cache does not hold. An `AnswerScorer`.

    Errors are not kept: they are asked for again.

    Args:
        scorer: Scores what is missing.
        cache: Where the scores are kept.

    Attributes:
        hits: The number of requests so far that the cache answered.
        misses: The number of different requests so far that the scorer was asked.
    """

    def __init__(self, scorer: AnswerScorer, cache: ResultCache) -> None:
        super().__init__(scorer, cache)
        self.scorer = scorer
        if isinstance(scorer, KeepsReplies):
            scorer.keep_in(cache)

    @property
    def kind(self) -> Kind:
        """The kind of the scorer."""
        return self.scorer.kind

    def capabilities(self) -> Capabilities:
        """Ask the scorer once, cheaply, whether this can work; a probe that could is kept.

        Returns:
            What the probe found.
        """
        key = content_hash("probe", self._identity)
        if (kept := self.cache.get_many([key]).get(key)) is not None:
            with suppress(*_WRONG_VALUE):
                return Capabilities(True, Kind(kept["kind"]), kept["reason"], kept["details"])
        found = self.scorer.capabilities()
        if found.usable:
            kept = {"kind": str(found.kind), "reason": found.reason, "details": found.details}
            self.cache.put(key, kept)
        return found

    def score(self, requests: Sequence[AnswerRequest]) -> list[AnswerScore | Exception]:
        """Score all requests.

        Args:
            requests: What to score.

        Returns:
            For each request its score, or the exception that it ended with; in order.
        """
        return in_order(self.score_each(requests))

    def score_each(
        self, requests: Sequence[AnswerRequest]
    ) -> Iterator[tuple[int, AnswerScore | Exception]]:
        """Score all requests, and hand over each result as soon as it is there.

        Args:
            requests: What to score.

        Yields:
            `(position, result)`: first what the cache holds, then the others as they come.
        """
        return self._look_up(
            [self._key(request) for request in requests],
            lambda positions: self.scorer.score_each([requests[n] for n in positions]),
            read=AnswerScore.from_dict,
            write=AnswerScore.to_dict,
        )

    def _key(self, request: AnswerRequest) -> str:
        asked = [request.query, request.context, request.answers]
        return content_hash("score", self._identity, asked)


class CachedTeacher(_Cached[Teacher]):
    """A teacher that writes only what the cache does not hold. A `Teacher`.

    Errors are not kept: they are asked for again.

    Args:
        teacher: Writes what is missing.
        cache: Where the summaries are kept.

    Attributes:
        name: The name of the teacher.
        prompts: The templates of the teacher, by name.
        hits: The number of requests so far that the cache answered.
        misses: The number of different requests so far that the teacher was asked.
    """

    def __init__(self, teacher: Teacher, cache: ResultCache) -> None:
        super().__init__(teacher, cache)
        self.teacher = teacher
        self.name = teacher.name
        self.prompts = teacher.prompts

    @property
    def licence(self) -> TeacherLicence:
        """The licence of the teacher."""
        return self.teacher.licence

    def write(self, requests: Sequence[TeacherRequest]) -> list[str | Exception]:
        """Write all summaries.

        Args:
            requests: What to write.

        Returns:
            For each request its summary, "" for nothing to say, or the exception that it ended
            with; in order.
        """
        return in_order(self.write_each(requests))

    def write_each(
        self, requests: Sequence[TeacherRequest]
    ) -> Iterator[tuple[int, str | Exception]]:
        """Write all summaries, and hand over each as soon as it is there.

        Args:
            requests: What to write.

        Yields:
            `(position, result)`: first what the cache holds, then the others as they come.
        """
        return self._look_up(
            [content_hash("teacher", self._identity, request.asked) for request in requests],
            lambda positions: self.teacher.write_each([requests[n] for n in positions]),
            read=_text,
            write=str,
        )
