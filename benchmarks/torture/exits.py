"""Ends of processes: whatever is under way, a program ends with its own exit status."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

from trials import Outcome

_BEGIN = """
import asyncio, sys, threading, time
from recomp_core import AbstractiveCompressor, ExtractiveCompressor, LLMSummarizer, load_compressor
from recomp_core.runtime.timeout import with_timeout
big = [f"The tower of place {i} was built in {i}. It rains there." * 8 for i in range(5000)]
"""

_CANCELLED = """
compressor = load_compressor(backend=%r)
async def main():
    call = asyncio.ensure_future(compressor.acompress("who built it?", big))
    await asyncio.sleep(%s)
asyncio.run(main())
"""

_PROGRAMS = {
    "onnx, cancelled at once": _CANCELLED % ("onnx", 0),
    "onnx, cancelled": _CANCELLED % ("onnx", 0.7),
    "torch, cancelled": _CANCELLED % ("torch", 0.7),
    "onnx, timed out": """
load_compressor(backend="onnx").compress("who built it?", big, timeout_s=0.3)
""",
    "onnx, in a thread of the program": """
compressor = load_compressor(backend="onnx")
threading.Thread(target=compressor.compress, args=("who?", big[:50]), daemon=False).start()
""",
    "a model that hangs": """
def hangs(prompts):
    time.sleep(60)
compressor = with_timeout(AbstractiveCompressor(LLMSummarizer(hangs)), 0.1)
async def main():
    await asyncio.gather(*(compressor.acompress("who?", ["Bob did."]) for _ in range(40)))
asyncio.run(main())
""",
    "a function without end": """
def scorer(query, sentences):
    while True:
        pass
ExtractiveCompressor(scorer).compress("who?", ["Bob did. Eve did not."], timeout_s=0.1)
""",
    "a stream left in the middle": """
def stream(prompt):
    for number in range(10**9):
        time.sleep(0.01)
        yield "x "
compressor = AbstractiveCompressor(LLMSummarizer(lambda p: p, stream=stream))
async def main():
    async for piece in compressor.astream("who?", ["Bob did. " * 50]):
        break
asyncio.run(main())
""",
}
_STATUSES = {"ends": ("", 0), "exits with 3": ("sys.exit(3)", 3), "raises": ("raise OSError", 1)}


def torture(short: bool) -> Iterator[Outcome]:
    """End programs in every state.

    Args:
        short: Whether to run each program once instead of six times, and only those that end.

    Yields:
        One outcome for each state.
    """
    for name, program in _PROGRAMS.items():
        outcome = Outcome(name)
        longest = 0.0
        for end, (line, status) in _STATUSES.items():
            if short and end != "ends":
                continue
            for _ in range(1 if short else 6):
                began = time.perf_counter()
                try:
                    done = subprocess.run(
                        [sys.executable, "-W", "ignore", "-c", _BEGIN + program + line],
                        capture_output=True,
                        text=True,
                        timeout=120,
                    )
                except subprocess.TimeoutExpired:
                    outcome.count(f"{end}: did not end in 120 s")
                    continue
                longest = max(longest, time.perf_counter() - began)
                wrong = done.returncode != status
                outcome.count(
                    f"{end}: status {done.returncode}, {done.stderr[-200:]}" if wrong else None
                )
        outcome.worst = f"{longest:.1f} s from start to end"
        yield outcome
