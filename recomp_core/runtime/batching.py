"""Runs the calls of many callers in batches: the calls that wait for one batch form the next.

    batcher = MicroBatcher(Batching())
    with batcher.submit(work, items, sizes) as call:      # from any thread, for any event loop
        await call.finished()                             # or call.wait(), in a thread
    call.results

A caller who stops waiting leaves the queue. No thread starts before the first call. A worker thread
ends after some time without work, when its batcher is collected, and with the interpreter. A forked
child has an empty queue and starts its own threads. Standard library only.
"""

from __future__ import annotations

import asyncio
import atexit
import ctypes
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
from typing import Any, TypeVar

from .._utils.checks import check_limit, check_number, check_whole

_Result = TypeVar("_Result")

Work = Callable[[list[Any]], Sequence[Any]]
"""Turns the items of a batch into results, in order; an exception may replace a result."""

# How long the interpreter waits at its end for running batches: first for those that are nearly
# done, then for those that are told to stop. A thread that is cut off inside native code may crash
# the process, but a thread that hangs must not keep it alive.
_EXIT_WAIT_S = 5.0
_EXIT_GRACE_S = 0.2


class QueueFullError(RuntimeError):
    """More queries wait than `Batching.max_waiting` allows."""


@dataclass(frozen=True, slots=True)
class Batching:
    """How concurrent calls are batched.

    Attributes:
        max_wait_ms: How long a batch that is not full waits for more calls, in milliseconds. By
            default it starts at once, and the calls that arrive meanwhile form the next one.
        max_characters: The size of the documents of one batch, in characters; a query with more
            makes a batch alone. It bounds how long the other queries of a batch wait: a CPU takes
            about a second for the default and gains nothing from larger batches.
        max_queries: The number of queries of one batch.
        together: Whether calls share batches and large calls are done in parts. Otherwise each call
            is one batch, and the limits on batches do not apply.
        workers: The number of threads and so of concurrent batches. 1 suits a model on this
            machine, which has its own threads; use more for an endpoint, for which a thread waits.
        max_waiting: How many queries may wait; one more raises `QueueFullError` at once. None sets
            no limit: calls are served in the order of their arrival.
        idle_s: After how many seconds without work a thread ends.

    Raises:
        ValueError: An attribute is not a number or is too small.
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
"""Runs every call in a thread of its own, for work that takes one query and mostly waits."""


class Call:
    """The items that one caller submitted; leaving its `with` block withdraws unfinished items.

    Attributes:
        results: After `is_finished` one result per item, in order; an exception if the item failed.

    Args:
        queue: The queue that holds the call.
        work: The function that handles the items.
        items: The items.
        sizes: The size of each item, as `Batching.max_characters` counts.
    """

    def __init__(
        self, queue: _Queue, work: Work, items: Sequence[Any], sizes: Sequence[int]
    ) -> None:
        self.work = work
        self.items = items
        self.sizes = sizes
        self.context = copy_context()
        self.results: list[Any] = [None] * len(items)
        self.next = 0  # the position of the first item that no batch has taken
        self.open = len(items)  # the number of items without a result
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
        """Whether all results are there."""
        return self._finished.is_set()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Block this thread until all results are there.

        Args:
            timeout_s: How many seconds to wait at most; None for no limit.

        Returns:
            False if the time passed first.
        """
        return self._finished.wait(timeout_s)

    async def finished(self, timeout_s: float | None = None) -> bool:
        """Wait until all results are there, without blocking the event loop.

        Args:
            timeout_s: How many seconds to wait at most; None for no limit.

        Returns:
            False if the time passed first.
        """
        loop = asyncio.get_running_loop()
        done = loop.create_future()

        def wake() -> None:
            if not done.done():
                done.set_result(None)

        def wake_from_thread() -> None:
            with suppress(RuntimeError):  # the loop was closed: nobody is waiting
                loop.call_soon_threadsafe(wake)

        self.loop = loop
        self._wake = wake_from_thread
        if self.is_finished:  # checked after setting `_wake`: one of the two sides sees the other
            return True
        if timeout_s is None:
            await done
        else:
            await asyncio.wait([done], timeout=timeout_s)
        return self.is_finished

    def finish(self) -> None:
        """Wake the caller; call it when all results are there."""
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

    A batch takes calls in the order of their arrival, as many as it may hold. A call with more
    items than that goes back to the end of the queue with the rest. Only calls with equal `work`
    share a batch. A batch runs in a copy of the context variables of its first call, so that traces
    nest.

    Attributes:
        batching: The settings.

    Args:
        batching: The settings.
    """

    def __init__(self, batching: Batching) -> None:
        self.batching = batching
        self._queue = _Queue(batching)
        self._watch()

    def __reduce__(self) -> tuple[type[MicroBatcher], tuple[Batching]]:
        return MicroBatcher, (self.batching,)  # a copy has its own queue and threads

    def submit(self, work: Work, items: Sequence[Any], sizes: Sequence[int]) -> Call:
        """Put items into the queue.

        Args:
            work: The function that handles the items of a batch.
            items: The items.
            sizes: The size of each item, as `Batching.max_characters` counts.

        Returns:
            The call, to wait for in a `with` block.

        Raises:
            QueueFullError: More queries would wait than `Batching.max_waiting` allows.
        """
        if self._queue.pid != os.getpid():
            # A forked child has none of the parent's threads, and the lock may not be free.
            self._queue = _Queue(self.batching)
            self._watch()
        call = Call(self._queue, work, items, sizes)
        if not call.is_finished:
            self._queue.put(call)
        return call

    async def run(self, function: Callable[[], _Result]) -> _Result:
        """Run a function in one of the threads, without blocking the event loop.

        `asyncio.to_thread` takes a thread of the loop's own executor: functions that hang would
        leave none for the program's other work, and the loop could not close.

        Args:
            function: The function. If the caller is cancelled, it goes on in its thread.

        Returns:
            Its result.

        Raises:
            QueueFullError: See `submit`.
        """
        with self.submit(run_each, [function], [0]) as call:
            await call.finished()
            result: _Result | BaseException = call.results[0]
        if isinstance(result, BaseException):
            raise result
        return result

    def _watch(self) -> None:
        weakref.finalize(self, self._queue.close).atexit = False


def run_each(functions: Sequence[Callable[[], Any]]) -> list[Any]:
    """Call functions one after another: work for a `MicroBatcher` whose items are functions.

    Args:
        functions: The functions.

    Returns:
        Their results.
    """
    return [function() for function in functions]


class _Queue:
    """The state that callers and threads share. Threads refer to it and not to the batcher."""

    def __init__(self, batching: Batching) -> None:
        self.batching = batching
        self.pid = os.getpid()
        self.threads: set[threading.Thread] = set()
        self._changed = threading.Condition()  # reentrant: garbage collection may call `close`
        self._waiting: deque[Call] = deque()
        self._n_waiting = 0  # items
        self._idle = 0
        self._closed = False

    def put(self, call: Call) -> None:
        with self._changed:
            limit = self.batching.max_waiting
            if limit is not None and self._n_waiting + len(call.items) > limit:
                raise QueueFullError(
                    f"{self._n_waiting} queries wait already and {len(call.items)} more would "
                    f"exceed max_waiting={limit}: try again later, or raise the limit"
                )
            self._staff()
            self._waiting.append(call)
            self._n_waiting += len(call.items)
            self._changed.notify()

    def withdraw(self, call: Call) -> None:
        """Take the call out of the queue and ignore the results that are still to come."""
        if self.pid != os.getpid():
            return
        with self._changed:
            call.withdrawn = True
            if call in self._waiting:
                self._waiting.remove(call)
                self._n_waiting -= len(call.items) - call.next

    def close(self) -> None:
        """Let the threads end when the queue is empty; return without waiting for them."""
        if self.pid == os.getpid():
            with self._changed:
                self._closed = True
                self._changed.notify_all()

    def serve(self) -> None:
        """Run batches until the queue tells this thread to end."""
        while self._do_batch():
            pass

    def _do_batch(self) -> bool:
        # A function of its own, so that an idle thread keeps no reference to its last batch.
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
            # The error belongs to the callers; the thread has other calls to serve.
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
        """The items of the next batch, each as `(call, position)`; [] ends the thread."""
        with self._changed:
            while True:
                if taken := self._next_batch():
                    if self._waiting:
                        self._staff()
                        self._changed.notify()
                    return taken
                if not self._waiting and (self._closed or not self._rest()):
                    # Done under the lock: the next call starts another thread.
                    self.threads.discard(threading.current_thread())
                    return []

    def _rest(self) -> bool:
        """Wait for a call; False after `idle_s` without one."""
        self._idle += 1
        try:
            return self._changed.wait(self.batching.idle_s) or bool(self._waiting)
        finally:
            self._idle -= 1

    def _next_batch(self) -> list[tuple[Call, int]]:
        taken, size = self._gather()
        wait_s = self.batching.max_wait_ms / 1000
        while taken and wait_s and not self._closed:
            # The wait counts from the arrival of the first call.
            left = taken[0][0].since + wait_s - time.monotonic()
            if left <= 0 or self._is_full(taken, size):
                break
            self._changed.wait(left)
            taken, size = self._gather(taken, size)
        # Drop the calls that were withdrawn meanwhile.
        return [(call, position) for call, position in taken if not _is_gone(call)]

    def _gather(
        self, taken: list[tuple[Call, int]] | None = None, size: int = 0
    ) -> tuple[list[tuple[Call, int]], int]:
        """Items from the head of the queue, as many as a batch may hold, and their size."""
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
        """Whether the next item of the call may join the batch."""
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
        """Start a thread if none is idle and there may be another."""
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
    """Give the threads time to end; they are daemons, so that they don't block the interpreter."""
    queues = [queue for queue in _LIVE if queue.pid == os.getpid()]
    for queue in queues:
        queue.close()
    threads = [thread for queue in queues for thread in list(queue.threads)]
    _join(threads, _EXIT_GRACE_S)
    for thread in threads:
        if thread.is_alive():
            _stop(thread)
    _join(threads, _EXIT_WAIT_S)


def _join(threads: Sequence[threading.Thread], wait_s: float) -> None:
    until = time.monotonic() + wait_s
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))


def _stop(thread: threading.Thread) -> None:
    """Raise an exception in a thread, as soon as it is out of native code."""
    # Nobody will read its result, and it may have minutes of work left. CPython has no other way.
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread.ident or 0), ctypes.py_object(SystemExit)
    )


def _is_gone(call: Call) -> bool:
    return call.withdrawn or (call.loop is not None and call.loop.is_closed())
