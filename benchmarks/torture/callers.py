"""Many callers at once: 200 threads, 1,500 tasks, calls that are cancelled."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

from trials import Outcome

from recomp_core import (
    AbstractiveCompressor,
    Compression,
    ExtractiveCompressor,
    LLMSummarizer,
    load_compressor,
)

_CASES = 40


def torture(short: bool) -> Iterator[Outcome]:
    """Let many callers share compressors.

    Args:
        short: Whether to use 50 threads and 300 tasks.

    Yields:
        One outcome for each compressor and way to call it.
    """
    n_threads, n_tasks = (50, 300) if short else (200, 1_500)
    cases = [_case(number) for number in range(_CASES)]
    for name, compressor in {
        "the bundled encoder": load_compressor(),
        "a function": ExtractiveCompressor(_by_length),
        "a language model": AbstractiveCompressor(LLMSummarizer(_last_lines)),
    }.items():
        expected = [compressor.compress(*case) for case in cases]
        yield _threads(name, compressor, cases, expected, n_threads)
        yield _tasks(name, compressor, cases, expected, n_tasks)


_Case = tuple[str, list[str]]


def _threads(
    name: str,
    compressor: Any,
    cases: Sequence[_Case],
    expected: Sequence[Compression],
    n_threads: int,
) -> Outcome:
    outcome = Outcome(f"{name}, {n_threads} threads")
    results: dict[int, Compression | Exception] = {}
    start = threading.Barrier(n_threads)

    def call(number: int) -> None:
        start.wait()
        try:
            results[number] = compressor.compress(*cases[number % _CASES])
        except Exception as error:
            results[number] = error

    threads = [threading.Thread(target=call, args=(n,), daemon=True) for n in range(n_threads)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    for number in range(n_threads):
        outcome.count(_difference(results.get(number), expected[number % _CASES]))
    outcome.worst = f"{time.perf_counter() - began:.1f} s for all"
    return outcome


def _tasks(
    name: str,
    compressor: Any,
    cases: Sequence[_Case],
    expected: Sequence[Compression],
    n_tasks: int,
) -> Outcome:
    outcome = Outcome(f"{name}, {n_tasks} tasks, a third cancelled")
    rng = random.Random(1)

    async def main() -> list[Any]:
        tasks = [
            asyncio.ensure_future(compressor.acompress(*cases[n % _CASES])) for n in range(n_tasks)
        ]
        for task in tasks[::3]:
            await asyncio.sleep(rng.random() / 1_000)
            task.cancel()
        return await asyncio.gather(*tasks, return_exceptions=True)

    began = time.perf_counter()
    for number, result in enumerate(asyncio.run(main())):
        if number % 3 == 0 and isinstance(result, asyncio.CancelledError):
            outcome.count()
        else:
            outcome.count(_difference(result, expected[number % _CASES]))
    outcome.worst = f"{time.perf_counter() - began:.1f} s for all"
    return outcome


def _difference(result: object, expected: Compression) -> str | None:
    if isinstance(result, Compression) and result == expected:
        return None
    if isinstance(result, Compression) and result.text == expected.text:
        # In another batch a sum is rounded otherwise, in the last places.
        pairs = zip(result.kept + result.dropped, expected.kept + expected.dropped, strict=True)
        if all(abs(ours.score - theirs.score) < 1e-5 for ours, theirs in pairs):
            return None
    return f"{result!r} instead of {expected!r}"[:300]


def _case(number: int) -> _Case:
    return f"who built tower {number}?", [
        f"Tower {number} was built by Ada {number} in {1500 + number}. Gulls nest on roof {n}."
        for n in range(1 + number % 5)
    ]


def _by_length(query: str, sentences: list[str]) -> list[float]:
    return [float(len(sentence) + len(query)) for sentence in sentences]


def _last_lines(prompts: list[str]) -> list[str]:
    time.sleep(0.002)
    return [prompt[-60:] for prompt in prompts]
