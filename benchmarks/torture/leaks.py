"""Memory: it does not grow with the number of calls, whether they succeed, fail or time out."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from trials import Outcome

from recomp_core import AbstractiveCompressor, LLMSummarizer, SentenceStore, load_compressor

# What the allocators may keep, in MB.
_GROWTH_MB = 24.0


def torture(short: bool) -> Iterator[Outcome]:
    """Call again and again, and watch the resident memory and the threads.

    Args:
        short: Whether to make a tenth of the calls.

    Yields:
        One outcome for each way to call.
    """
    n_calls = 400 if short else 4_000
    compressor = load_compressor()
    with tempfile.TemporaryDirectory() as folder:
        stored = load_compressor(store=SentenceStore(folder, max_bytes=4_000_000))
        summarizing = AbstractiveCompressor(LLMSummarizer(lambda prompts: ["x"] * len(prompts)))

        def late(n: int) -> None:
            compressor.compress(f"who built tower {n}?", _documents(n) * 8, timeout_s=0.004)

        def fails(n: int) -> None:
            with contextlib.suppress(ValueError):
                compressor.compress(" ", _documents(n))

        def cancelled(n: int) -> None:
            async def main() -> None:
                call = asyncio.ensure_future(compressor.acompress(f"who {n}?", _documents(n)))
                await asyncio.sleep(0)
                call.cancel()

            asyncio.run(main())

        ways: dict[str, Callable[[int], object]] = {
            "new documents": lambda n: compressor.compress(f"who built {n}?", _documents(n)),
            "new documents, a small store": lambda n: stored.compress(f"who {n}?", _documents(n)),
            "calls that time out": late,
            "calls that fail": fails,
            "calls that are cancelled": cancelled,
            "summaries": lambda n: summarizing.compress(f"who built {n}?", _documents(n)),
            "summaries, streamed": lambda n: "".join(summarizing.stream("who?", _documents(n))),
        }
        for name, call in ways.items():
            yield _watched(name, call, n_calls)


def _watched(name: str, call: Callable[[int], object], n_calls: int) -> Outcome:
    outcome = Outcome(f"{name}, {n_calls:,} calls")
    for number in range(n_calls // 4):  # what grows once, such as caches, is full then
        call(number)
    before = _resident_mb()
    for number in range(n_calls):
        call(n_calls + number)
    growth = _resident_mb() - before
    outcome.count(f"{growth:.0f} MB more" if growth > _GROWTH_MB else None)
    outcome.worst = f"{growth:+.1f} MB"
    return outcome


def _resident_mb() -> float:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _documents(number: int) -> list[str]:
    return [
        f"Tower {number}-{n} was built by Ada {number} in {1000 + n}. Gulls nest on its roof. "
        f"The keeper's lamp {number} was sold twice."
        for n in range(3)
    ]
