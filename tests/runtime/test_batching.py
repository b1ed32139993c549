"""Calls that wait at one time are done together. Events and barriers, no clocks."""

import asyncio
import copy
import gc
import math
import os
import pickle
import subprocess
import sys
import threading
import weakref
from contextvars import ContextVar
from dataclasses import replace

import pytest
from conftest import PATIENCE, shared_words

from recomp_core import ExtractiveCompressor, TopK
from recomp_core.runtime.batching import CONCURRENT, Batching, MicroBatcher, QueueFullError


class Gate:
    """Work that writes down its batches and stops at every one until it is let through."""

    def __init__(self, is_open=False):
        self.batches = []
        self.threads = set()
        self.begun = threading.Semaphore(0)
        self._through = threading.Semaphore(0)
        self._open = is_open

    def __call__(self, items):
        self.batches.append(list(items))
        self.threads.add(threading.current_thread())
        self.begun.release()
        if not self._open:
            assert self._through.acquire(timeout=PATIENCE)
        return [item * 10 for item in items]

    def until_begun(self):
        assert self.begun.acquire(timeout=PATIENCE)

    def let_all_through(self):
        self._open = True
        for _ in range(100):
            self._through.release()


def submit(batcher, work, *items):
    return batcher.submit(work, items, [1] * len(items))


def batcher(**settings):
    return MicroBatcher(Batching(**settings))


def test_what_waits_while_one_batch_runs_is_the_next_batch():
    gate, queue = Gate(), batcher()
    calls = [submit(queue, gate, 1)]
    gate.until_begun()
    calls += [submit(queue, gate, n) for n in (2, 3, 4)]
    gate.let_all_through()
    assert all(call.wait(PATIENCE) for call in calls)
    assert [call.results for call in calls] == [[10], [20], [30], [40]]
    assert gate.batches == [[1], [2, 3, 4]]
    assert len(gate.threads) == 1


def test_nothing_is_started_before_the_first_call(started_threads):
    ExtractiveCompressor(shared_words)
    batcher()
    assert started_threads == []


def test_a_batch_is_bounded_by_queries_and_by_characters():
    gate, queue = Gate(), batcher(max_queries=3, max_characters=10)
    calls = [submit(queue, gate, 0)]
    gate.until_begun()
    for item, size in ((1, 1), (2, 1), (3, 1), (4, 1), (5, 8), (6, 2), (7, 99), (8, 1)):
        calls.append(queue.submit(gate, [item], [size]))
    gate.let_all_through()
    assert all(call.wait(PATIENCE) for call in calls)
    # 7 is too large for any company, and nobody goes before it who came after.
    assert gate.batches == [[0], [1, 2, 3], [4, 5], [6], [7], [8]]


def test_a_large_call_does_not_keep_small_ones_waiting_for_its_end():
    gate, queue = Gate(), batcher(max_queries=2)
    large = submit(queue, gate, 1, 2, 3, 4, 5)
    gate.until_begun()
    small = submit(queue, gate, 6)
    gate.let_all_through()
    assert large.wait(PATIENCE)
    assert small.wait(PATIENCE)
    assert gate.batches == [[1, 2], [3, 4], [6, 5]]  # in turns
    assert large.results == [10, 20, 30, 40, 50]
    assert small.results == [60]


def test_only_calls_for_the_same_work_share_a_batch():
    gate, queue, doubled = Gate(), batcher(), []

    def double(items):
        doubled.append(items)
        return [2 * item for item in items]

    calls = [submit(queue, gate, 0)]
    gate.until_begun()
    calls += [submit(queue, work, n) for n, work in enumerate((gate, double, gate, double), 1)]
    gate.let_all_through()
    assert all(call.wait(PATIENCE) for call in calls)
    assert [call.results for call in calls] == [[0], [10], [4], [30], [8]]
    assert gate.batches == [[0], [1, 3]]
    assert doubled == [[2, 4]]


def test_who_gives_up_leaves_the_queue():
    gate, queue = Gate(), batcher()
    first = submit(queue, gate, 1)
    gate.until_begun()
    with submit(queue, gate, 2) as given_up:
        assert not given_up.wait(0.001)
    last = submit(queue, gate, 3)
    gate.let_all_through()
    assert last.wait(PATIENCE)
    assert first.is_finished
    assert gate.batches == [[1], [3]]


async def test_a_cancelled_caller_is_not_worked_for_and_harms_nobody():
    gate, queue = Gate(), batcher()

    async def ask(n):
        with submit(queue, gate, n) as call:
            await call.finished()
            return call.results[0]

    running = asyncio.create_task(ask(1))
    await asyncio.to_thread(gate.until_begun)
    waiting, mate = asyncio.create_task(ask(2)), asyncio.create_task(ask(3))
    await asyncio.sleep(0)
    running.cancel()
    waiting.cancel()
    await asyncio.wait([running, waiting])
    gate.let_all_through()
    assert await mate == 30
    assert gate.batches == [[1], [3]]
    for task in (running, waiting):
        with pytest.raises(asyncio.CancelledError):
            await task


def test_many_may_wait_and_one_too_many_is_told_so():
    gate, queue = Gate(), batcher(max_waiting=2)
    calls = [submit(queue, gate, 1)]
    gate.until_begun()
    calls += [submit(queue, gate, 2), submit(queue, gate, 3)]
    with pytest.raises(QueueFullError, match="2 queries wait already and 1 more .* max_waiting=2"):
        submit(queue, gate, 4)
    with calls.pop():
        pass  # who gives up makes room
    calls.append(submit(queue, gate, 5))
    gate.let_all_through()
    assert all(call.wait(PATIENCE) for call in calls)
    assert gate.batches == [[1], [2, 5]]


def test_several_workers_work_at_one_time():
    together = threading.Barrier(3)
    queue = MicroBatcher(CONCURRENT)

    def meet(items):
        together.wait(PATIENCE)
        return items

    calls = [submit(queue, meet, n) for n in range(3)]
    assert all(call.wait(PATIENCE) for call in calls)
    assert [call.results for call in calls] == [[0], [1], [2]]


def test_calls_that_are_not_put_together_are_not_taken_apart_either():
    gate, queue = Gate(), batcher(together=False, max_queries=1, max_characters=1)
    calls = [submit(queue, gate, 1)]
    gate.until_begun()
    calls += [submit(queue, gate, 2, 3, 4), submit(queue, gate, 5)]
    gate.let_all_through()
    assert all(call.wait(PATIENCE) for call in calls)
    assert gate.batches == [[1], [2, 3, 4], [5]]


def test_a_batch_waits_for_company_if_it_is_told_to():
    gate = Gate(is_open=True)
    queue = batcher(max_wait_ms=60_000, max_queries=2)
    first = submit(queue, gate, 1)
    second = submit(queue, gate, 2)
    assert first.wait(PATIENCE)  # long before the minute is over: the batch is full
    assert second.wait(PATIENCE)
    assert gate.batches == [[1, 2]]


def test_who_leaves_while_a_batch_waits_for_company_is_not_worked_for():
    gate = Gate(is_open=True)
    queue = batcher(max_wait_ms=60_000, max_queries=2)
    with submit(queue, gate, 1):
        pass
    calls = [submit(queue, gate, n) for n in (2, 3, 4)]
    assert calls[0].wait(PATIENCE)
    assert 1 not in gate.batches[0]


@pytest.mark.parametrize("error", [RuntimeError("broken"), KeyboardInterrupt(), StopIteration()])
def test_work_that_raises_reaches_the_callers_and_not_the_thread(error):
    queue = batcher()

    def fail(items):
        raise error

    call = submit(queue, fail, 1, 2)
    assert call.wait(PATIENCE)
    assert call.results == [error, error]
    after = submit(queue, Gate(is_open=True), 3)
    assert after.wait(PATIENCE)
    assert after.results == [30]


def test_work_that_gives_too_few_results_is_an_error():
    call = submit(batcher(), lambda items: items[1:], 1, 2)
    assert call.wait(PATIENCE)
    assert "2 items of a batch got 1 results" in str(call.results[0])


def test_an_empty_call_is_done():
    call = submit(batcher(), Gate())
    assert call.is_finished
    assert call.results == []


def test_callers_of_several_event_loops_share_a_batch():
    gate, queue = Gate(), batcher()
    first = submit(queue, gate, 0)
    gate.until_begun()
    waiting = threading.Semaphore(0)

    async def ask(n):
        with submit(queue, gate, n) as call:
            waiting.release()
            await call.finished()
            return call.results[0]

    results = {}
    threads = [
        threading.Thread(target=lambda n=n: results.update({n: asyncio.run(ask(n))}))
        for n in (1, 2, 3)
    ]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert waiting.acquire(timeout=PATIENCE)
    gate.let_all_through()
    for thread in threads:
        thread.join(PATIENCE)
    assert results == {1: 10, 2: 20, 3: 30}
    assert first.is_finished
    assert [len(batch) for batch in gate.batches] == [1, 3]


def test_a_closed_loop_harms_nobody():
    gate, queue = Gate(), batcher()

    def leave_waiting(n, begun=lambda: None):
        # A loop that is closed over a task which still waits, as when a program stops it by force.
        loop = asyncio.new_event_loop()
        call = submit(queue, gate, n)
        task = loop.create_task(call.finished())
        loop.run_until_complete(asyncio.sleep(0))
        begun()
        loop.close()
        return task

    tasks = [leave_waiting(1, gate.until_begun), leave_waiting(2)]
    last = submit(queue, gate, 3)
    gate.let_all_through()
    assert last.wait(PATIENCE)
    assert gate.batches == [[1], [3]]
    for task in tasks:
        task._log_destroy_pending = False


def test_a_batch_runs_in_the_context_of_its_first_caller():
    who = ContextVar("who", default="nobody")
    gate, queue, seen = Gate(), batcher(), []

    def look(items):
        seen.append(who.get())
        who.set("the work")
        return items

    calls = [submit(queue, gate, 0)]
    gate.until_begun()
    for name in ("ann", "bob"):
        token = who.set(name)
        calls.append(submit(queue, look, 1))
        who.reset(token)
    gate.let_all_through()
    assert all(call.wait(PATIENCE) for call in calls)
    assert seen == ["ann"]
    assert who.get() == "nobody"


def test_a_thread_ends_when_there_is_nothing_to_do_and_another_takes_its_place():
    gate, queue = Gate(is_open=True), batcher(idle_s=0.0)
    for n in (1, 2):
        assert submit(queue, gate, n).wait(PATIENCE)
        for thread in list(gate.threads):
            thread.join(PATIENCE)
            assert not thread.is_alive()
    assert len(gate.threads) == 2


def test_the_thread_ends_when_the_compressor_is_collected():
    threads = []

    def score(query, sentences):
        threads.append(threading.current_thread())
        return [1.0] * len(sentences)

    compressor = ExtractiveCompressor(score, batching=Batching(idle_s=3600))
    asyncio.run(compressor.acompress("q", ["One. Two. Three."]))
    gone = weakref.ref(compressor)
    del compressor
    gc.collect()
    assert gone() is None  # the thread at rest holds nothing of it
    threads[0].join(PATIENCE)
    assert not threads[0].is_alive()


def test_copies_have_threads_of_their_own():
    compressor = ExtractiveCompressor(shared_words, batching=Batching(max_queries=7))
    for copied in (copy.deepcopy(compressor), pickle.loads(pickle.dumps(compressor))):
        assert copied.batching == Batching(max_queries=7)
        assert copied._batcher._queue is not compressor._batcher._queue
    other = copy.copy(compressor)  # shares the queue: its calls are done with its own settings
    other.selector = TopK(1)

    async def both():
        return await asyncio.gather(
            compressor.acompress("aa bb", ["Aa. Bb. Cc."]),
            other.acompress("aa bb", ["Aa. Bb. Cc."]),
        )

    assert [len(result.kept) for result in asyncio.run(both())] == [2, 1]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_works_on(tmp_path):
    # In a process of its own: the child must not run what is left of the test suite.
    program = """
import asyncio, os, sys, threading
from recomp_core import ExtractiveCompressor
from recomp_core.runtime.batching import Batching
inside, go = threading.Event(), threading.Event()

class Scorer:
    def score(self, tasks):
        if os.getpid() == parent:
            inside.set()
            go.wait(60)
        return [[float(len(s.text)) for s in t.sentences] for t in tasks]

parent = os.getpid()
c = ExtractiveCompressor(Scorer(), batching=Batching(idle_s=3600))
ask = lambda: asyncio.run(c.acompress("q", ["Aa. Bbbb. Ccc."])).text
asker = threading.Thread(target=ask)
asker.start()
inside.wait(60)
queue = c._batcher._queue
with queue._changed:  # fork at the worst moment: a batch runs and the lock is held
    child = os.fork()
if child == 0:
    print(ask(), flush=True)
    os._exit(0)
_, status = os.waitpid(child, 0)
go.set()
asker.join(60)
print(ask(), status, flush=True)
"""
    done = run(program)
    assert done.stdout.split("\n")[:2] == ["Bbbb. Ccc.", "Bbbb. Ccc. 0"]


def test_the_interpreter_ends_while_a_batch_hangs_or_a_thread_rests():
    program = """
import asyncio, threading
import recomp_core.runtime.batching as microbatch
from recomp_core import ExtractiveCompressor
from recomp_core.runtime.batching import Batching
microbatch._EXIT_WAIT_S = 0.1
resting = ExtractiveCompressor(lambda q, s: [1.0] * len(s), batching=Batching(idle_s=3600))
asyncio.run(resting.acompress("q", ["Aa. Bb."]))
hanging = ExtractiveCompressor(lambda q, s: threading.Event().wait())
result = hanging.compress("q", ["Aa. Bb."], timeout_s=0.05)
print(result.outcome)
"""
    assert run(program).stdout.split() == ["timed_out"]


def run(program):
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True, timeout=120
    )


# The compressor on top of it.


class SlowScorer:
    """Writes down how many queries it sees at a time, and waits for `through` before it answers."""

    def __init__(self):
        self.sizes = []
        self.begun, self.through = threading.Event(), threading.Event()

    def score(self, tasks):
        self.sizes.append(len(tasks))
        self.begun.set()
        assert self.through.wait(PATIENCE)
        return [shared_words(t.query, [s.text for s in t.sentences]) for t in tasks]


async def test_concurrent_calls_are_scored_together():
    scorer = SlowScorer()
    compressor = ExtractiveCompressor(scorer, selector=TopK(1))
    first = asyncio.create_task(compressor.acompress("aa", ["Aa. Bb. Cc."]))
    await asyncio.to_thread(scorer.begun.wait, PATIENCE)
    others = [
        asyncio.create_task(compressor.acompress(query, ["Aa. Bb. Cc."]))
        for query in ("bb", "cc", "bb")
    ]
    several = asyncio.create_task(
        compressor.acompress_batch(["aa", "cc"], [["Aa. Bb."], ["Cc. Dd."]])
    )
    await asyncio.sleep(0)
    scorer.through.set()
    assert [r.text for r in await asyncio.gather(first, *others)] == ["Aa.", "Bb.", "Cc.", "Bb."]
    assert [r.text for r in await several] == ["Aa.", "Cc."]
    assert scorer.sizes == [1, 5]


async def test_one_bad_input_does_not_harm_its_mates():
    class Scorer:
        def score(self, tasks):
            if any(task.query == "bad" for task in tasks):
                raise RuntimeError("the model fell over")
            return [[1.0, 0.0] for _ in tasks]

    compressor = ExtractiveCompressor(Scorer(), selector=TopK(1))
    queries = ["good", "good", "bad", "good", "bad"]
    results = await asyncio.gather(
        *(compressor.acompress(query, ["Aa. Bb."]) for query in queries), return_exceptions=True
    )
    assert [getattr(r, "text", str(r)) for r in results] == [
        "Aa.", "Aa.", "the model fell over", "Aa.", "the model fell over",
    ]  # fmt: skip
    with pytest.raises(RuntimeError, match="fell over"):
        await compressor.acompress_batch(queries, [["Aa. Bb."]] * 5)


async def test_arguments_are_checked_before_the_queue(started_threads):
    compressor = ExtractiveCompressor(shared_words)
    with pytest.raises(ValueError, match="query is blank"):
        await compressor.acompress(" ", ["Aa."])
    with pytest.raises(TypeError, match=r"documents_lists\[1\]\[0\] must be a string"):
        await compressor.acompress_batch(["q", "r"], [["Aa."], [1]])
    with pytest.raises(ValueError, match="got 1 queries but 2 document lists"):
        await compressor.acompress_batch(["q"], [["Aa."], ["Bb."]])
    assert started_threads == []
    assert await compressor.acompress_batch([], []) == []


async def test_async_calls_give_what_sync_calls_give(compressor):
    queries = [f"bob {n}" for n in range(50)]
    lists = [[f"Bob {n}. Ann {n % 7}. No."] * (n % 4) for n in range(50)]
    expected = compressor.compress_batch(queries, lists)
    assert await compressor.acompress_batch(queries, lists) == expected
    together = (compressor.acompress(q, d) for q, d in zip(queries, lists, strict=True))
    assert await asyncio.gather(*together) == expected


async def test_a_subclass_that_compresses_otherwise_does_so_asynchronously_too():
    class Loud(ExtractiveCompressor):
        def compress_batch(self, queries, documents_lists, **settings):
            results = super().compress_batch(queries, documents_lists, **settings)
            return [replace(result, reason="loud") for result in results]

    for compressor in (Loud(shared_words), Loud(shared_words, timeout_s=PATIENCE)):
        result = await compressor.acompress("aa", ["Aa. Bb."], timeout_s=math.inf)
        assert (result.text, result.reason) == ("Aa. Bb.", "loud")


async def test_a_plain_function_is_called_from_several_threads():
    # It may wait for an endpoint: one after the other, 32 callers would wait 32 times as long.
    together = threading.Barrier(4)

    def score(query, sentences):
        together.wait(PATIENCE)
        return [1.0] * len(sentences)

    compressor = ExtractiveCompressor(score)
    results = await asyncio.gather(*(compressor.acompress("q", ["Aa."]) for _ in range(4)))
    assert len(results) == 4


def test_a_scorer_that_forgets_a_query_is_told_so():
    class Forgetful:
        def score(self, tasks):
            return []

    with pytest.raises(ValueError, match="scores for 0 of 1 queries"):
        ExtractiveCompressor(Forgetful()).compress("q", ["Aa."])


@pytest.mark.parametrize(
    "settings",
    [
        {"max_wait_ms": -1}, {"max_wait_ms": float("nan")}, {"idle_s": float("inf")},
        {"max_characters": 0}, {"max_queries": 1.5}, {"workers": True}, {"max_waiting": 0},
    ],
)  # fmt: skip
def test_settings_that_cannot_work(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        Batching(**settings)


def test_batching_must_be_one():
    with pytest.raises(TypeError, match="batching must be a Batching, got 3"):
        ExtractiveCompressor(shared_words, batching=3)


def langchain_way(compressor):
    pytest.importorskip("langchain_core", reason='needs pip install "recomp[langchain]"')
    from langchain_core.documents import Document

    from langchain_recomp import RecompDocumentCompressor

    adapter = RecompDocumentCompressor(compressor=compressor)

    async def ask(query):
        documents = await adapter.acompress_documents([Document("Aa. Bb. Cc.")], query)
        return [document.page_content for document in documents]

    return ask


def llamaindex_way(compressor):
    pytest.importorskip("llama_index.core", reason='needs pip install "recomp[llamaindex]"')
    from llama_index.core.schema import NodeWithScore, TextNode

    from llamaindex_recomp import RecompNodePostprocessor

    adapter = RecompNodePostprocessor(compressor=compressor)

    async def ask(query):
        nodes = [NodeWithScore(node=TextNode(text="Aa. Bb. Cc."))]
        return [n.node.text for n in await adapter.apostprocess_nodes(nodes, query_str=query)]

    return ask


@pytest.mark.parametrize("way", [langchain_way, llamaindex_way])
async def test_what_an_adapter_is_asked_at_one_time_is_scored_together(way):
    scorer = SlowScorer()
    ask = way(ExtractiveCompressor(scorer, selector=TopK(1)))
    first = asyncio.create_task(ask("aa"))
    await asyncio.to_thread(scorer.begun.wait, PATIENCE)
    others = [asyncio.create_task(ask(query)) for query in ("bb", "cc", "aa")]
    for _ in range(50):  # until all have come as far as the queue
        await asyncio.sleep(0)
    scorer.through.set()
    assert await asyncio.gather(first, *others) == [["Aa."], ["Bb."], ["Cc."], ["Aa."]]
    assert scorer.sizes == [1, 3]


@pytest.mark.parametrize("way", ["langchain", "llamaindex"])
async def test_the_embedding_models_of_a_framework_are_asked_from_several_threads(way):
    # Most of them wait for an endpoint, and take one query at a time.
    together = threading.Barrier(3)

    def embed(texts):
        together.wait(PATIENCE)
        return [[float(len(text)), 1.0] for text in texts]

    if way == "langchain":
        pytest.importorskip("langchain_core", reason='needs pip install "recomp[langchain]"')
        from langchain_core.embeddings import Embeddings

        from langchain_recomp import RecompDocumentCompressor

        class Model(Embeddings):
            def embed_documents(self, texts):
                return embed(texts)

            def embed_query(self, text):
                return [1.0, 0.0]

        compressor = RecompDocumentCompressor.from_embeddings(Model()).compressor
    else:
        pytest.importorskip("llama_index.core", reason='needs pip install "recomp[llamaindex]"')
        from llama_index.core.embeddings import MockEmbedding

        from llamaindex_recomp import RecompNodePostprocessor

        class Model(MockEmbedding):
            def _get_text_embeddings(self, texts):
                return embed(texts)

        compressor = RecompNodePostprocessor.from_embed_model(Model(embed_dim=2)).compressor
    results = await asyncio.gather(*(compressor.acompress("q", ["Aa. Bbb."]) for _ in range(3)))
    assert len(results) == 3
    assert compressor.batching == CONCURRENT
