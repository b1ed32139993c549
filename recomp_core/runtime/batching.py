"""Calls from many callers, done together: what waits while one batch runs is the next batch.
Standard library only.

    batcher = MicroBatcher(Batching())
    with batcher.submit(work, items, sizes) as call:      # from any thread, for any event loop
        await call.finished()                             # or call.wait(), in a thread
    call.results

A caller who stops waiting leaves the queue. Nothing is started before the first call, and nothing
stays: a worker thread ends when there was no work for a while, when the batcher is collected, and
with the interpreter. In a forked child the queue is empty and the threads are made anew.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from .._utils.checks import check_limit, check_number, check_whole

# What does a batch: items to results in order, an exception standing for the result of its item.
Work = Callable[[list[Any]], Sequence[Any]]

# How long the end of the interpreter waits for batches under way: a thread that is cut off inside
# native code may take the process down with it, one that hangs must not keep it.
_EXIT_WAIT_S = 5.0


class QueueFullError(RuntimeError):
    """More calls wait than `Batching.max_waiting` allows."""


@dataclass(frozen=True, slots=True)
class Batching:
    """How concurrent calls are put together.

    max_wait_ms: how long a batch that is not full waits for company, in milliseconds. By default it
        starts at once, and what comes meanwhile makes the next one.
    max_characters: documents of one batch, in characters; a query with more goes alone. It bounds
        what the others in a batch wait for: a CPU needs a second for the default, and gains nothing
        from larger ones.
    max_queries: of one batch.
    together: whether calls share batches, and large ones are done in parts. Otherwise each is a
        batch of its own, whole, and the limits on a batch mean nothing.
    workers: threads, and so batches under way at one time. 1 for a model on this machine, which has
        its own threads; more for one behind an endpoint, where a thread only waits.
    max_waiting: how many queries may wait: one more raises `QueueFullError` at once. None: callers
        wait, first come, first served.
    idle_s: after how many seconds without work a thread ends.

    Raises `ValueError` for settings that cannot work.
    """

    max_wait_ms: float = 0.0
    max_characters: int = 50_000
    max_queries: int = 64
    together: bool = True
    workers: int = 1
    max_waiting: int | None = None
    idle_s: float = 5.0

    def __post_init__(self) -> None:
        for name in ("max_wait_ms", "idle_s"):
            check_number(name, getattr(self, name), at_least=0)
        for name in ("max_characters", "max_queries", "workers"):
            check_whole(name, getattr(self, name))
        check_limit("max_waiting", self.max_waiting)


CONCURRENT = Batching(workers=32, together=False)
"""Every call in a thread of its own: for what sees one query at a time and mostly waits."""


class Call:
    """What one caller asked for. Leaving the `with` block gives up what is not done yet.

    results: one per item once `is_finished`, an exception where its item failed.
    """

    def __init__(
        self, queue: _Queue, work: Work, items: Sequence[Any], sizes: Sequence[int]
    ) -> None:
        self.work = work
        self.items = items
        self.sizes = sizes
        self.context = copy_context()
        self.results: list[Any] = [None] * len(items)
        self.next = 0  # the first item that no batch has taken
        self.open = len(items)  # items without a result
        self.withdrawn = False
        self.loop: asyncio.AbstractEventLoop | None = None
        self.since = time.monotonic()
        self._queue = queue
        self._wake: Callable[[], None] | None = None
        self._finished = threading.Event()
        if not items:
            self._finished.set()

    @property
    def is_finished(self) -> bool:
        return self._finished.is_set()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Block this thread until all results are there, or for `timeout_s`; which of the two."""
        return self._finished.wait(timeout_s)

    async def finished(self, timeout_s: float | None = None) -> bool:
        """`wait` without blocking the event loop."""
        loop = asyncio.get_running_loop()
        done = loop.create_future()

        def wake() -> None:
            if not done.done():
                done.set_result(None)

        def wake_from_thread() -> None:
            with suppress(RuntimeError):  # the loop was closed: nobody waits any more
                loop.call_soon_threadsafe(wake)

        self.loop = loop
        self._wake = wake_from_thread
        if self.is_finished:  # looked at after `_wake` was set: one of the two sides sees the other
            return True
        if timeout_s is None:
            await done
        else:
            await asyncio.wait([done], timeout=timeout_s)
        return self.is_finished

    def finish(self) -> None:
        """All results are there: let the caller go on."""
        self._finished.set()
        if self._wake is not None:
            self._wake()

    def __enter__(self) -> Call:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not self.is_finished:
            self._queue.withdraw(self)


class MicroBatcher:
    """One queue of calls and the threads that work on it.

    Calls are taken in the order in which they came, as many as a batch may hold. One with more
    items than that gives up the rest of its turn to those behind it and comes again after them.
    Only calls with equal `work` share a batch; it runs in a copy of the first one's context
    variables, so that traces nest.
    """

    def __init__(self, batching: Batching) -> None:
        self.batching = batching
        self._queue = _Queue(batching)
        self._watch()

    def __reduce__(self) -> tuple[Any, ...]:
        return MicroBatcher, (self.batching,)  # a copy has its own queue and threads

    def submit(self, work: Work, items: Sequence[Any], sizes: Sequence[int]) -> Call:
        """Put `items` into the queue. `sizes`: what each takes of `Batching.max_characters`.

        Raises `QueueFullError`, where a limit was set.
        """
        if self._queue.pid != os.getpid():
            # A forked child: it has neither the parent's threads nor, perhaps, a free lock.
            self._queue = _Queue(self.batching)
            self._watch()
        call = Call(self._queue, work, items, sizes)
        if not call.is_finished:
            self._queue.put(call)
        return call

    def _watch(self) -> None:
        weakref.finalize(self, self._queue.close).atexit = False


class _Queue:
    """What the callers, the threads and the end share. Threads know it, and not the batcher."""

    def __init__(self, batching: Batching) -> None:
        self.batching = batching
        self.pid = os.getpid()
        self.threads: set[threading.Thread] = set()
        self._changed = threading.Condition()  # reentrant: `close` may come from a collection
        self._waiting: deque[Call] = deque()
        self._n_waiting = 0  # items
        self._idle = 0
        self._closed = False

    def put(self, call: Call) -> None:
        with self._changed:
            limit = self.batching.max_waiting
            if limit is not None and self._n_waiting + len(call.items) > limit:
                raise QueueFullError(
                    f"{self._n_waiting} queries wait already and {len(call.items)} more would be "
                    f"over max_waiting={limit}: try again later, or raise it"
                )
            self._staff()
            self._waiting.append(call)
            self._n_waiting += len(call.items)
            self._changed.notify()

    def withdraw(self, call: Call) -> None:
        """Take the call out of the queue; what is being worked on for it goes nowhere."""
        if self.pid != os.getpid():
            return
        with self._changed:
            call.withdrawn = True
            if call in self._waiting:
                self._waiting.remove(call)
                self._n_waiting -= len(call.items) - call.next

    def close(self) -> None:
        """Let the threads end when the queue is empty, without waiting for them."""
        if self.pid == os.getpid():
            with self._changed:
                self._closed = True
                self._changed.notify_all()

    def serve(self) -> None:
        """What a thread does."""
        while self._do_batch():
            pass

    def _do_batch(self) -> bool:
        # A function of its own, so that a thread at rest holds nothing of what it did last.
        taken = self._take()
        if not taken:
            return False
        first = taken[0][0]
        items = [call.items[position] for call, position in taken]
        results: Sequence[Any]
        try:
            results = first.context.copy().run(first.work, items)
            if len(results) != len(items):
                raise RuntimeError(f"{len(items)} items of a batch got {len(results)} results")
        except BaseException as error:
            # Whatever it is, it belongs to those who wait; the thread has others to serve.
            results = [error] * len(items)
        finished = []
        with self._changed:
            for (call, position), result in zip(taken, results, strict=True):
                call.results[position] = result
                call.open -= 1
                if not call.open:
                    finished.append(call)
        for call in finished:
            call.finish()
        return True

    def _take(self) -> list[tuple[Call, int]]:
        """The items of the next batch, each as (call, position); [] for the end of the thread."""
        with self._changed:
            while True:
                if taken := self._next_batch():
                    if self._waiting:
                        self._staff()
                        self._changed.notify()
                    return taken
                if not self._waiting and (self._closed or not self._rest()):
                    # Said under the lock: who comes now starts another thread.
                    self.threads.discard(threading.current_thread())
                    return []

    def _rest(self) -> bool:
        """Wait for a call; whether there is one, or the thread was woken for nothing."""
        self._idle += 1
        try:
            return self._changed.wait(self.batching.idle_s) or bool(self._waiting)
        finally:
            self._idle -= 1

    def _next_batch(self) -> list[tuple[Call, int]]:
        taken, size = self._gather()
        wait_s = self.batching.max_wait_ms / 1000
        while taken and wait_s and not self._closed:
            # Company is waited for from the moment when the first call came.
            left = taken[0][0].since + wait_s - time.monotonic()
            if left <= 0 or self._is_full(taken, size):
                break
            self._changed.wait(left)
            taken, size = self._gather(taken, size)
        # Who has left meanwhile is not worked for.
        return [(call, position) for call, position in taken if not _is_gone(call)]

    def _gather(
        self, taken: list[tuple[Call, int]] | None = None, size: int = 0
    ) -> tuple[list[tuple[Call, int]], int]:
        """Items from the head of the queue, as many as a batch holds, and their size."""
        taken = taken or []
        passed: list[Call] = []
        again: list[Call] = []
        while self._waiting and not self._is_full(taken, size):
            call = self._waiting.popleft()
            if _is_gone(call):
                self._n_waiting -= len(call.items) - call.next
                continue
            if taken and call.work != taken[0][0].work:
                passed.append(call)
                continue
            while call.next < len(call.items) and self._fits(call, taken, size):
                taken.append((call, call.next))
                size += call.sizes[call.next]
                call.next += 1
                self._n_waiting -= 1
            if call.next < len(call.items):
                cut = taken and taken[-1][0] is call
                (again if cut else passed).append(call)
                break
        self._waiting.extendleft(reversed(passed))
        self._waiting.extend(again)
        return taken, size

    def _fits(self, call: Call, taken: list[tuple[Call, int]], size: int) -> bool:
        """Whether the call's next item may come into the batch."""
        if not taken or not self.batching.together:
            return not taken or taken[0][0] is call
        size += call.sizes[call.next]
        return len(taken) < self.batching.max_queries and size <= self.batching.max_characters

    def _is_full(self, taken: list[tuple[Call, int]], size: int) -> bool:
        return bool(taken) and (
            not self.batching.together
            or len(taken) >= self.batching.max_queries
            or size >= self.batching.max_characters
        )

    def _staff(self) -> None:
        """Start a thread if none is at rest and there may be another."""
        if self._idle or len(self.threads) >= self.batching.workers:
            return
        thread = threading.Thread(target=self.serve, name="recomp-batch", daemon=True)
        _end_with_interpreter(self)
        self.threads.add(thread)
        try:
            thread.start()
        except BaseException:
            self.threads.discard(thread)
            if not self.threads:
                raise


_LIVE: weakref.WeakSet[_Queue] = weakref.WeakSet()


def _end_with_interpreter(queue: _Queue) -> None:
    if not _LIVE:
        atexit.unregister(_end_all)
        atexit.register(_end_all)
    _LIVE.add(queue)


def _end_all() -> None:
    """Threads are daemons, lest they keep the interpreter; here they get the time to end well."""
    queues = [queue for queue in _LIVE if queue.pid == os.getpid()]
    for queue in queues:
        queue.close()
    until = time.monotonic() + _EXIT_WAIT_S
    for queue in queues:
        for thread in list(queue.threads):
            thread.join(max(0.0, until - time.monotonic()))


def _is_gone(call: Call) -> bool:
    return call.withdrawn or (call.loop is not None and call.loop.is_closed())
