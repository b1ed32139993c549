"""What was asked once is never paid for twice: results in SQLite, by the hash of what was asked.

A result is written the moment it comes, so that a killed process loses what was under way and
nothing else. (A power cut may also lose the last results that the disk had not seen yet.)
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from ...data import content_hash
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

_BUSY_SECONDS = 60.0
_AT_ONCE = 500  # keys per query: SQLite limits the number of its parameters


class ResultCache:
    """A table from keys to JSON values. Safe to share between threads, and its file between the
    processes of one machine.

    path: of the file, made where there is none. Raises `ValueError` if it is no such cache.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        try:
            self._connection = sqlite3.connect(
                self.path, timeout=_BUSY_SECONDS, check_same_thread=False, isolation_level=None
            )
            # Readers and a writer at a time; safe against the end of a process.
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=NORMAL")
            self._connection.execute(
                "CREATE TABLE IF NOT EXISTS results (key TEXT PRIMARY KEY, value TEXT NOT NULL)"
            )
        except sqlite3.DatabaseError as error:
            raise ValueError(
                f"{self.path} is no cache of results ({error}): choose another file, or delete it"
            ) from error

    def get_many(self, keys: Iterable[str]) -> dict[str, Any]:
        """The values of those keys that are there."""
        wanted = list(dict.fromkeys(keys))
        found: dict[str, Any] = {}
        with self._lock:
            for first in range(0, len(wanted), _AT_ONCE):
                some = wanted[first : first + _AT_ONCE]
                marks = ", ".join("?" * len(some))
                rows = self._connection.execute(
                    f"SELECT key, value FROM results WHERE key IN ({marks})",  # noqa: S608
                    some,
                )
                found.update((key, json.loads(value)) for key, value in rows)
        return found

    def put(self, key: str, value: Any) -> None:
        """Write one value, JSON, at once."""
        text = json.dumps(value)
        with self._lock:
            self._connection.execute("INSERT OR REPLACE INTO results VALUES (?, ?)", (key, text))

    def __len__(self) -> int:
        with self._lock:
            (count,) = self._connection.execute("SELECT COUNT(*) FROM results").fetchone()
        return int(count)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def __enter__(self) -> ResultCache:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class CachedScorer:
    """A scorer that asks only for what the cache does not hold. An `AnswerScorer`.

    Errors are not kept: they are asked for again. hits, misses: requests so far.
    """

    def __init__(self, scorer: AnswerScorer, cache: ResultCache) -> None:
        self.scorer = scorer
        self.cache = cache
        self.hits = 0
        self.misses = 0

    @property
    def kind(self) -> Kind:
        """That of the scorer."""
        return self.scorer.kind

    @property
    def meter(self) -> Meter:
        """That of the scorer."""
        return self.scorer.meter

    @meter.setter
    def meter(self, meter: Meter) -> None:
        self.scorer.meter = meter

    @property
    def identity(self) -> Mapping[str, Any]:
        """That of the scorer."""
        return self.scorer.identity

    @cached_property
    def _identity(self) -> Mapping[str, Any]:
        return self.scorer.identity

    def capabilities(self) -> Capabilities:
        """Those of the scorer."""
        return self.scorer.capabilities()

    def score(self, requests: Sequence[AnswerRequest]) -> list[AnswerScore | Exception]:
        """For each request its score or the error that befell it, in order."""
        return in_order(self.score_each(requests))

    def score_each(
        self, requests: Sequence[AnswerRequest]
    ) -> Iterator[tuple[int, AnswerScore | Exception]]:
        """`(position, result)`: first what is known, then the others as they come."""
        keys = [self._key(request) for request in requests]
        known = self.cache.get_many(keys)
        positions: dict[str, list[int]] = defaultdict(list)
        for position, key in enumerate(keys):
            if key in known:
                self.hits += 1
                yield position, AnswerScore.from_dict(known[key])
            else:
                positions[key].append(position)
        missing = list(positions.values())
        self.misses += len(missing)
        if not missing:
            return
        for number, result in self.scorer.score_each([requests[same[0]] for same in missing]):
            if isinstance(result, AnswerScore):
                self.cache.put(keys[missing[number][0]], result.to_dict())
            yield from ((position, result) for position in missing[number])

    def _key(self, request: AnswerRequest) -> str:
        asked = [request.query, request.context, request.answers]
        return content_hash("score", self._identity, asked)


class CachedTeacher:
    """A teacher that writes only what the cache does not hold. A `Teacher`. Errors are not kept."""

    def __init__(self, teacher: Teacher, cache: ResultCache) -> None:
        self.teacher = teacher
        self.cache = cache
        self.name = teacher.name
        self.prompts = teacher.prompts
        self.hits = 0
        self.misses = 0

    @property
    def licence(self) -> TeacherLicence:
        """That of the teacher."""
        return self.teacher.licence

    @property
    def meter(self) -> Meter:
        """That of the teacher."""
        return self.teacher.meter

    @meter.setter
    def meter(self, meter: Meter) -> None:
        self.teacher.meter = meter

    @property
    def identity(self) -> Mapping[str, Any]:
        """That of the teacher."""
        return self.teacher.identity

    @cached_property
    def _identity(self) -> Mapping[str, Any]:
        return self.teacher.identity

    def write(self, requests: Sequence[TeacherRequest]) -> list[str | Exception]:
        """For each request its summary or the error that befell it, in order."""
        return in_order(self.write_each(requests))

    def write_each(
        self, requests: Sequence[TeacherRequest]
    ) -> Iterator[tuple[int, str | Exception]]:
        """`(position, result)`: first what is known, then the others as they come."""
        keys = [content_hash("teacher", self._identity, request.asked) for request in requests]
        known = self.cache.get_many(keys)
        missing = [position for position, key in enumerate(keys) if key not in known]
        self.hits += len(requests) - len(missing)
        self.misses += len(missing)
        yield from ((n, known[key]) for n, key in enumerate(keys) if key in known)
        if not missing:
            return
        for number, result in self.teacher.write_each([requests[n] for n in missing]):
            if isinstance(result, str):
                self.cache.put(keys[missing[number]], result)
            yield missing[number], result
