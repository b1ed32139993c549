"""Deadlines: how much longer than `timeout_s` a call takes, whatever it uses."""

from __future__ import annotations

import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from trials import Outcome

from recomp_core import (
    AbstractiveCompressor,
    ExtractiveCompressor,
    LLMSummarizer,
    TokenBudget,
    load_compressor,
)
from recomp_core.runtime.timeout import with_timeout

# A call is late if it takes so many seconds more than its limit. Threads share two cores with the
# encoder, which does not stop in the middle of a batch.
_LATE_S = 0.5
_WORDS = ("tower", "bridge", "river", "stone", "lamp", "keeper", "built", "painted", "sold")


def torture(short: bool) -> Iterator[Outcome]:
    """Call with limits that are too short, and take the times.

    Args:
        short: Whether to make 250 calls instead of 5,000.

    Yields:
        One outcome for each kind of compressor.
    """
    n_calls = 25 if short else 500
    limits = (0.02, 0.05, 0.1)
    with tempfile.TemporaryDirectory() as folder:
        kinds: dict[str, Callable[[], Any]] = {
            "onnx": partial(load_compressor, backend="onnx"),
            "onnx, budget of 2,000 tokens": _budgeted,
            "onnx, store": partial(load_compressor, backend="onnx", store=folder),
            "onnx, store, budget": partial(_budgeted, store=folder),
            "torch": partial(load_compressor, backend="torch"),
            "torch, budget": partial(_budgeted, backend="torch"),
            "a slow function": partial(ExtractiveCompressor, _slow_scorer),
            "a fast function, budget of a slow counter": partial(
                ExtractiveCompressor, _fast_scorer, selector=TokenBudget(5_000, _slow_counter)
            ),
        }
        for name, make in kinds.items():
            yield _timed(name, make(), limits, n_calls)
    yield _timed(
        "a model that hangs", with_timeout(AbstractiveCompressor(LLMSummarizer(_hangs)), 0.05),
        (0.05,), min(n_calls, 60), takes_limit=False,
    )  # fmt: skip
    yield _event_loop(n_calls)


def _budgeted(backend: str = "onnx", store: str | None = None) -> ExtractiveCompressor:
    from recomp_core.text.tokens import encoder_token_counter

    plain = load_compressor(backend=backend)
    counter = encoder_token_counter(plain)
    return load_compressor(backend=backend, store=store, selector=TokenBudget(2_000, counter))


def _timed(
    name: str, compressor: Any, limits: tuple[float, ...], n_calls: int, takes_limit: bool = True
) -> Outcome:
    outcome = Outcome(name)
    rng = random.Random(name)
    compressor.compress("who built the tower?", _documents(rng, 1))
    over: list[float] = []
    for number in range(n_calls):
        limit = limits[number % len(limits)]
        documents = _documents(rng, rng.choice((1, 5, 40, 150)))
        began = time.perf_counter()
        if takes_limit:
            compressor.compress("who built the tower?", documents, timeout_s=limit)
        else:
            compressor.compress("who built the tower?", documents)
        late = time.perf_counter() - began - limit
        over.append(late)
        outcome.count(f"{late:.2f} s over {limit} s" if late > _LATE_S else None)
    outcome.worst = _spread(over)
    return outcome


def _event_loop(n_calls: int) -> Outcome:
    """How long the event loop stands still while calls with a limit run."""
    outcome = Outcome("the event loop's longest pause")
    compressor = _budgeted()
    rng = random.Random(1)
    gaps: list[float] = []

    async def watch() -> None:
        last = time.perf_counter()
        while True:
            await asyncio.sleep(0.005)
            now = time.perf_counter()
            gaps.append(now - last - 0.005)
            last = now

    async def main() -> None:
        watching = asyncio.ensure_future(watch())
        for _ in range(n_calls):
            await compressor.acompress("who built it?", _documents(rng, 40), timeout_s=0.05)
        watching.cancel()

    asyncio.run(main())
    for gap in gaps:
        outcome.count(f"{gap:.2f} s" if gap > _LATE_S else None)
    outcome.worst = _spread(gaps).replace("over the limit", "still for")
    return outcome


def _documents(rng: random.Random, n_documents: int) -> list[str]:
    return [
        " ".join(
            f"The {rng.choice(_WORDS)} of place {rng.randrange(9999)} was {rng.choice(_WORDS)} in "
            f"the year {rng.randrange(1000, 2000)}."
            for _ in range(12)
        )
        for _ in range(n_documents)
    ]


def _spread(seconds: list[float]) -> str:
    cuts = statistics.quantiles(seconds, n=100)
    return (
        f"over the limit: p50 {1000 * cuts[49]:.0f} ms, p99 {1000 * cuts[98]:.0f} ms, most "
        f"{1000 * max(seconds):.0f} ms"
    )


def _slow_scorer(_: str, sentences: list[str]) -> list[float]:
    time.sleep(0.001 * len(sentences))
    return [float(len(sentence) % 7) for sentence in sentences]


def _fast_scorer(_: str, sentences: list[str]) -> list[float]:
    return [float(len(sentence) % 7) for sentence in sentences]


def _slow_counter(text: str) -> int:
    time.sleep(0.002)
    return len(text.split())


def _hangs(prompts: list[str]) -> list[str]:
    time.sleep(20)
    return ["" for _ in prompts]
