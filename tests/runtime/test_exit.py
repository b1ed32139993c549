"""The end of a process while calls are under way."""

import asyncio
import subprocess
import sys
import threading
import time

import pytest

from recomp_core import AbstractiveCompressor, LLMSummarizer, Outcome
from recomp_core.runtime.timeout import TimedCompressor


def end_of(program):
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, timeout=100
    )


def test_a_call_that_nobody_waits_for_is_stopped_at_the_end():
    ended = end_of(
        """
import asyncio, threading, time
from recomp_core import ExtractiveCompressor

begun = threading.Event()

def scorer(query, sentences):
    begun.set()
    try:
        while True:
            time.sleep(0.01)
    finally:
        print("stopped", flush=True)

async def main():
    call = asyncio.ensure_future(ExtractiveCompressor(scorer).acompress("who?", ["Bob. Eve."]))
    while not begun.is_set():
        await asyncio.sleep(0.01)

asyncio.run(main())
print("done")
"""
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.split() == ["done", "stopped"]


def test_the_exit_status_is_the_programs_own():
    ended = end_of(
        """
import sys, threading, time
from recomp_core import ExtractiveCompressor

def scorer(query, sentences):
    while True:
        time.sleep(0.01)

print(ExtractiveCompressor(scorer, timeout_s=0.1).compress("who?", ["Bob. Eve."]).outcome)
sys.exit(7)
"""
    )
    assert (ended.returncode, ended.stdout) == (7, "timed_out\n")


def test_native_code_does_not_crash_the_end(embedded):
    ended = end_of(
        """
import asyncio
from recomp_core import load_compressor

documents = [f"The tower of place {i} was built in {i}. It rains there." * 8 for i in range(5000)]
compressor = load_compressor(backend="onnx")

async def main():
    call = asyncio.ensure_future(compressor.acompress("who?", documents))
    await asyncio.sleep(1)

asyncio.run(main())
"""
    )
    assert (ended.returncode, ended.stderr) == (0, "")


def asyncio_threads():
    return {thread for thread in threading.enumerate() if thread.name.startswith("asyncio_")}


@pytest.mark.parametrize("streams", [False, True])
async def test_hanging_models_leave_the_loop_its_threads(streams):
    go_on = threading.Event()

    def hangs(prompts):
        go_on.wait(30)
        return [""] * len(prompts)

    def streams_nothing(prompt):
        go_on.wait(30)
        yield ""

    known = asyncio_threads()
    stream = streams_nothing if streams else None
    compressor = AbstractiveCompressor(LLMSummarizer(hangs, stream=stream))
    try:
        if streams:
            pieces = compressor.astream("who?", ["Bob built it."])
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(pieces.__anext__(), 0.05)
        else:
            timed = TimedCompressor(compressor, 0.05)
            calls = (timed.acompress("who?", ["Bob built it."]) for _ in range(40))
            for result in await asyncio.gather(*calls):
                assert result.outcome is Outcome.TIMED_OUT
        assert not asyncio_threads() - known
    finally:
        go_on.set()
        time.sleep(0)
