"""What is known when the time is over. A clock that the scorer moves, or events; no sleeping."""

import asyncio
import math
import threading
import time

import pytest
from conftest import PATIENCE, shared_words

from recomp_core import Document, ExtractiveCompressor, Outcome, Threshold, TokenBudget, TopK
from recomp_core.extractive.partial import Progress, Scored, score_in_groups
from recomp_core.extractive.scoring import DualEncoderScorer
from recomp_core.protocols import Compressor
from recomp_core.runtime.deadline import Deadline, check_timeout
from recomp_core.runtime.timeout import TimedCompressor, with_timeout
from recomp_core.types import ScoringTask, Sentence

SHORT = 0.3  # a limit that passes


def words(text):
    return len(text.split())


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


class SlowScorer:
    """Takes a second per character, on a clock of its own; knows one document at a time."""

    by_document = True

    def __init__(self, clock):
        self.clock = clock
        self.groups = []

    def __call__(self, tasks):
        self.groups.append([[s.doc_index for s in task.sentences] for task in tasks])
        self.clock.now += sum(len(s.text) for task in tasks for s in task.sentences)
        return [Scored(task.sentences, [1.0] * len(task.sentences)) for task in tasks]


def whole(progress, reached):
    documents = progress.documents
    sentences = (Sentence(documents[n].text, n, 0, len(documents[n].text)) for n in reached)
    return ScoringTask(progress.query, documents, tuple(sentences))


def progress_of(n_documents, timeout_s, clock, query="q"):
    # Each takes ten seconds to score.
    return Progress(query, (Document("x" * 10),) * n_documents, Deadline(timeout_s, clock))


def test_documents_are_scored_in_groups_until_the_time_is_over():
    clock = Clock()
    scorer, progress = SlowScorer(clock), progress_of(100, 320, clock)
    score_in_groups([progress], whole, scorer, by_document=True)
    # First one document, to see how fast it goes; then as many as an eighth of 320 s takes, 4 of
    # 10 s. The last group begins before the end.
    assert [len(group[0]) for group in scorer.groups] == [1, *[4] * 8]
    assert clock.now == 330
    assert sorted(progress.scored) == list(range(33))


def test_all_is_scored_when_there_is_time():
    clock = Clock()
    scorer, progress = SlowScorer(clock), progress_of(5, 1000, clock)
    score_in_groups([progress], whole, scorer, by_document=True)
    assert [len(group[0]) for group in scorer.groups] == [1, 4]
    assert sorted(progress.scored) == [0, 1, 2, 3, 4]


def test_queries_take_turns():
    clock = Clock()
    scorer = SlowScorer(clock)
    batch = [progress_of(3, 160, clock, "a"), progress_of(1, 160, clock, "b")]
    score_in_groups(batch, whole, scorer, by_document=True)
    assert scorer.groups == [[[0]], [[0], [1]], [[2]]]


def test_what_can_not_be_taken_apart_is_scored_whole():
    clock = Clock()
    scorer = SlowScorer(clock)
    batch = [
        progress_of(3, 80, clock, "a"),
        progress_of(2, 80, clock, "b"),
        progress_of(0, 80, clock),
    ]
    score_in_groups(batch, whole, scorer, by_document=False)
    assert scorer.groups == [[[0, 1, 2]], [[0, 1]]]


def test_nobody_is_worked_for_whose_time_is_over_or_who_left():
    clock = Clock()
    scorer = SlowScorer(clock)
    late, left, here = (progress_of(1, timeout, clock) for timeout in (5, 100, 100))
    left.abandoned = True
    clock.now = 6
    score_in_groups([late, left, here], whole, scorer, by_document=True)
    assert (late.scored, left.scored, list(here.scored)) == ({}, {}, [0])
    assert len(scorer.groups) == 1


def test_an_error_ends_its_own_query_alone():
    clock = Clock()
    error = RuntimeError("broken")

    def score(tasks):
        return [error if task.query == "bad" else Scored() for task in tasks]

    bad, good = progress_of(3, 100, clock, "bad"), progress_of(3, 100, clock, "good")
    score_in_groups([bad, good], whole, score, by_document=True)
    assert (bad.error, bad.scored) == (error, {})
    assert sorted(good.scored) == [0, 1, 2]


def test_a_document_that_can_not_be_split_ends_its_own_query_alone():
    clock = Clock()
    scorer, error = SlowScorer(clock), ValueError("no sentences")

    def split(progress, reached):
        if progress.query == "bad":
            raise error
        return whole(progress, reached)

    bad, good = progress_of(2, 100, clock, "bad"), progress_of(2, 100, clock, "good")
    score_in_groups([bad, good], split, scorer, by_document=True)
    assert (bad.error, bad.scored) == (error, {})
    assert sorted(good.scored) == [0, 1]


# The compressor: a scorer that stops before the document that says so, until it is let go on.


class Stalling:
    by_document = True

    def __init__(self, stall_at="stall"):
        self.stall_at = stall_at
        self.stalled, self.go = threading.Event(), threading.Event()
        self.calls = 0

    def score(self, tasks):
        self.calls += 1
        if any(self.stall_at in s.text for task in tasks for s in task.sentences):
            self.stalled_at = time.monotonic()
            self.stalled.set()
            assert self.go.wait(PATIENCE)
        return [shared_words(t.query, [s.text for s in t.sentences]) for t in tasks]


@pytest.fixture
def stalling():
    scorer = Stalling()
    yield scorer
    scorer.go.set()


@pytest.fixture
def cut_at_the_stall():
    """What `compress(scorer, limit)` gives if the limit passes while the scorer stalls.

    On a busy machine a short one may pass before: then once more, with a longer one.
    """
    scorers = []

    def attempt(compress):
        for limit in (SHORT, 1.0, 5.0, PATIENCE):
            scorers.append(Stalling())
            began = time.monotonic()
            result = compress(scorers[-1], limit)
            if scorers[-1].stalled.is_set() and scorers[-1].stalled_at < began + limit:
                return result
        raise AssertionError("the scorer never came as far as the stall")

    yield attempt
    for scorer in scorers:
        scorer.go.set()


def compressed(compressor, how, query, documents, **settings):
    if how == "compress":
        return compressor.compress(query, documents, **settings)
    if how == "compress_batch":
        return compressor.compress_batch([query], [documents], **settings)[0]
    if how == "acompress":
        return asyncio.run(compressor.acompress(query, documents, **settings))
    return asyncio.run(compressor.acompress_batch([query], [documents], **settings))[0]


EVERY_WAY = ("compress", "compress_batch", "acompress", "acompress_batch")


@pytest.mark.parametrize("how", EVERY_WAY)
def test_the_best_of_what_was_scored(how, cut_at_the_stall):
    documents = ["Ann sat. Bob ran.", "", "It may stall. Bob sings.", "Bob ran. No."]

    def compress(scorer, limit):
        compressor = ExtractiveCompressor(scorer, selector=TopK(1))
        return compressed(compressor, how, "bob ran", documents, timeout_s=limit)

    result = cut_at_the_stall(compress)
    assert result.outcome is Outcome.TIMED_OUT
    assert result.text == "Bob ran."
    assert [(s.doc_index, s.score) for s in result.kept] == [(0, 2.0)]
    assert [s.text for s in result.dropped] == ["Ann sat."]
    assert result.sources == (0,)
    assert result.reason.endswith(
        " s had passed with 1 of 3 documents scored; the others are left out"
    )


@pytest.mark.parametrize("how", EVERY_WAY)
def test_the_documents_as_they_are_when_nothing_was_scored(how, stalling):
    compressor = ExtractiveCompressor(stalling, selector=TopK(1), timeout_s=SHORT)
    documents = [" It may stall.\n", "", "Bob ran. No."]
    result = compressed(compressor, how, "bob ran", documents)
    assert result.outcome is Outcome.TIMED_OUT
    assert result.text == result.original_text == " It may stall.\n\nBob ran. No."
    assert result.is_excerpt
    assert [excerpt.text for excerpt in result.by_document()] == [documents[0], documents[2]]
    assert (result.sources, result.dropped) == ((0, 2), ())
    assert result.reason == "0.3 s had passed with 0 of 2 documents scored; they come as they are"
    assert result == type(result).from_dict(result.to_dict())


def test_what_nobody_looked_at_comes_whole_if_nothing_else_was_kept(cut_at_the_stall):
    documents = ["Ann sat.", "It may stall. Bob ran.", "Zed. Bob."]

    def compress(scorer, limit):
        compressor = ExtractiveCompressor(scorer, selector=Threshold(1))
        return compressor.compress("bob", documents, timeout_s=limit)

    result = cut_at_the_stall(compress)
    assert result.text == "It may stall. Bob ran.\nZed. Bob."
    assert [s.text for s in result.dropped] == ["Ann sat."]
    assert result.reason.endswith("1 of 3 documents scored; the others come as they are")


def test_a_token_budget_holds_all_the_same(stalling):
    compressor = ExtractiveCompressor(stalling, selector=TopK(9) & TokenBudget(5, words))
    documents = ["It may stall.", "Four words are here.", "Bob ran."]
    result = compressor.compress("bob", documents, timeout_s=SHORT)
    assert result.text == "It may stall.\nBob ran."
    tight = ExtractiveCompressor(stalling, selector=TokenBudget(1, words), timeout_s=SHORT)
    assert tight.compress("bob", documents).text == ""


@pytest.mark.parametrize("how", EVERY_WAY)
def test_with_time_enough_it_is_as_without_a_limit(how):
    compressor = ExtractiveCompressor(Stalling("never"), selector=TopK(2))
    documents = ["Ann sat. Bob ran.", "", "Bob sings. No.", "Ran. Away."]
    expected = compressor.compress("bob ran", documents)
    assert compressed(compressor, how, "bob ran", documents, timeout_s=PATIENCE) == expected
    assert compressor.compress("bob", [" "], timeout_s=PATIENCE).outcome is Outcome.NOTHING_GIVEN


def test_without_a_limit_nothing_is_cut_into_groups():
    scorer = Stalling("never")
    compressor = ExtractiveCompressor(scorer, timeout_s=PATIENCE)
    documents = ["Bob ran. Ann sat."] * 10
    compressor.compress("bob", documents, timeout_s=math.inf)
    assert scorer.calls == 1
    compressor.compress("bob", documents)
    assert scorer.calls > 2


def test_a_scorer_that_hangs_hangs_nobody_with_a_limit(stalling):
    compressor = ExtractiveCompressor(stalling, selector=TopK(1), timeout_s=SHORT)
    results = [compressor.compress("bob", ["It may stall."]) for _ in range(3)]
    assert [result.outcome for result in results] == [Outcome.TIMED_OUT] * 3
    stalling.go.set()
    after = compressor.compress("bob", ["Ann sat. Bob ran."], timeout_s=PATIENCE)
    assert after.text == "Bob ran."


async def test_a_cancelled_call_is_not_scored_further(stalling):
    compressor = ExtractiveCompressor(stalling)
    documents = ["It may stall.", *["Bob ran. Ann sat."] * 5]
    task = asyncio.create_task(compressor.acompress("bob", documents, timeout_s=PATIENCE))
    await asyncio.to_thread(stalling.stalled.wait, PATIENCE)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    stalling.go.set()
    result = await compressor.acompress("bob", ["Bob. Ann."], timeout_s=PATIENCE)
    assert result.outcome is Outcome.UNCHANGED
    assert stalling.calls == 2


def test_some_queries_of_a_batch_are_done_in_time(cut_at_the_stall):
    long = "Bob ran. " + "It took all day, and a part of the night. " * 3  # a group of its own
    lists = [["Ann sat. Bob ran."], [long, "It may stall."], [], ["It may stall. No."]]

    def compress(scorer, limit):
        compressor = ExtractiveCompressor(scorer, selector=TopK(1))
        return compressor.compress_batch(["bob"] * 4, lists, timeout_s=limit)

    results = cut_at_the_stall(compress)
    outcomes = [result.outcome for result in results]
    assert outcomes[2] is Outcome.NOTHING_GIVEN
    assert outcomes[3] is Outcome.TIMED_OUT
    assert results[3].text == "It may stall. No."
    assert [result.text for result in results[:2]] == ["Bob ran.", "Bob ran."]
    assert outcomes[:2] == [Outcome.COMPRESSED, Outcome.TIMED_OUT]


@pytest.mark.parametrize("how", EVERY_WAY)
def test_an_error_before_the_deadline_is_raised(how):
    def breaks(query, sentences):
        raise RuntimeError("the model fell over")

    with pytest.raises(RuntimeError, match="fell over"):
        compressed(ExtractiveCompressor(breaks), how, "q", ["Bob ran."], timeout_s=PATIENCE)


def test_a_selector_that_raises_is_heard():
    class Broken:
        def admits(self, draft):
            raise RuntimeError("no choice")

    compressor = ExtractiveCompressor(shared_words, selector=Broken())
    with pytest.raises(RuntimeError, match="no choice"):
        compressor.compress("q", ["Bob ran."], timeout_s=PATIENCE)


@pytest.mark.parametrize("timeout_s", [0, -1, math.nan, "1", True])
def test_limits_that_are_none(timeout_s):
    with pytest.raises(ValueError, match="timeout_s must be a number of more than 0 seconds"):
        ExtractiveCompressor(shared_words, timeout_s=timeout_s)
    with pytest.raises(ValueError, match="timeout_s must be a number of more than 0 seconds"):
        ExtractiveCompressor(shared_words).compress("q", ["Bob."], timeout_s=timeout_s)
    assert check_timeout(math.inf) is None
    assert check_timeout(2) == 2


def test_a_dual_encoder_knows_each_document_by_itself():
    class Letters:
        def encode_queries(self, queries):
            return self.encode_sentences(queries)

        def encode_sentences(self, sentences):
            import numpy as np

            return np.array([[s.count("a"), s.count("b"), 1.0] for s in sentences])

    compressor = ExtractiveCompressor(DualEncoderScorer(Letters()), selector=TopK(3))
    documents = ["Aab. Bb. Ab.", "Bbb. Cc.", "Ca. Bca."] * 4
    limited = compressor.compress("ab", documents, timeout_s=PATIENCE)
    assert limited == compressor.compress("ab", documents)


# Any compressor, with a limit around it.


class Waiting:
    """A compressor that knows no limits, and waits until it is let go on."""

    def __init__(self):
        self.go = threading.Event()
        self.inner = ExtractiveCompressor(shared_words, selector=TopK(1))
        self.cancelled = False

    def compress(self, query, documents):
        assert self.go.wait(PATIENCE)
        return self.inner.compress(query, documents)

    def compress_batch(self, queries, documents_lists):
        assert self.go.wait(PATIENCE)
        return self.inner.compress_batch(queries, documents_lists)

    async def acompress(self, query, documents):
        return (await self.acompress_batch([query], [documents]))[0]

    async def acompress_batch(self, queries, documents_lists):
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise


@pytest.fixture
def waiting():
    compressor = Waiting()
    yield compressor
    compressor.go.set()


@pytest.mark.parametrize("how", EVERY_WAY)
def test_any_compressor_gives_the_documents_when_the_time_is_over(how, waiting):
    timed = TimedCompressor(waiting, SHORT)
    assert isinstance(timed, Compressor)
    result = compressed(timed, how, "bob", ["Bob ran. No.", Document("Ann.", id="a")])
    assert result.outcome is Outcome.TIMED_OUT
    assert result.text == "Bob ran. No.\nAnn."
    assert result.reason == "0.3 s had passed; the documents come as they are"
    assert waiting.cancelled is how.startswith("a")


def test_any_compressor_in_time(waiting):
    waiting.go.set()
    timed = TimedCompressor(waiting, PATIENCE)
    assert timed.compress("bob", ["Bob ran. No."]) == waiting.inner.compress(
        "bob", ["Bob ran. No."]
    )
    assert [r.text for r in timed.compress_batch(["bob"], [["Bob ran. No."]])] == ["Bob ran."]
    with pytest.raises(ValueError, match="blank"):
        timed.compress("", ["Bob."])
    with pytest.raises(ValueError, match="blank"):
        asyncio.run(timed.acompress("", ["Bob."]))


async def test_an_outer_cancellation_reaches_any_compressor(waiting):
    timed = TimedCompressor(waiting, PATIENCE)
    task = asyncio.create_task(timed.acompress("bob", ["Bob."]))
    for _ in range(3):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0)
    assert waiting.cancelled


@pytest.mark.parametrize("how", EVERY_WAY)
def test_a_compressor_that_knows_limits_is_told_of_it(how, cut_at_the_stall):
    def compress(scorer, limit):
        timed = TimedCompressor(ExtractiveCompressor(scorer, selector=TopK(1)), limit)
        return compressed(timed, how, "bob", ["Bob ran. No.", "It may stall."])

    assert cut_at_the_stall(compress).text == "Bob ran."  # and not both documents


def test_no_limit_no_wrapper():
    compressor = ExtractiveCompressor(shared_words)
    assert with_timeout(compressor, None) is compressor
    assert with_timeout(compressor, math.inf) is compressor
    assert with_timeout(compressor, 1).compressor is compressor
    with pytest.raises(ValueError, match="timeout_s"):
        with_timeout(compressor, -1)


# Both adapters.


def langchain_kit():
    pytest.importorskip("langchain_core", reason='needs pip install "recomp[langchain]"')
    from langchain_core.documents import Document as LangChainDocument

    from langchain_recomp import RecompDocumentCompressor

    def documents(*texts):
        return [LangChainDocument(text, metadata={"n": n}) for n, text in enumerate(texts)]

    def facts(results):
        return [(r.page_content, r.metadata["n"], r.metadata["recomp"]) for r in results]

    return (
        RecompDocumentCompressor,
        documents,
        lambda adapter, items: adapter.compress_documents(items, "bob"),
        lambda adapter, items: adapter.acompress_documents(items, "bob"),
        facts,
    )


def llamaindex_kit():
    pytest.importorskip("llama_index.core", reason='needs pip install "recomp[llamaindex]"')
    from llama_index.core.schema import NodeWithScore, TextNode

    from llamaindex_recomp import RecompNodePostprocessor

    def nodes(*texts):
        return [
            NodeWithScore(node=TextNode(text=text, metadata={"n": n}), score=0.5)
            for n, text in enumerate(texts)
        ]

    def facts(results):
        return [(r.node.text, r.node.metadata["n"], r.node.metadata["recomp"]) for r in results]

    return (
        RecompNodePostprocessor,
        nodes,
        lambda adapter, items: adapter.postprocess_nodes(items, query_str="bob"),
        lambda adapter, items: adapter.apostprocess_nodes(items, query_str="bob"),
        facts,
    )


@pytest.mark.parametrize("kit", [langchain_kit, llamaindex_kit])
@pytest.mark.parametrize("asynchronous", [False, True])
def test_an_adapter_answers_in_time(kit, asynchronous, cut_at_the_stall, waiting):
    make, items, compress, acompress, facts = kit()

    def run(adapter, *texts):
        if asynchronous:
            return facts(asyncio.run(acompress(adapter, items(*texts))))
        return facts(compress(adapter, items(*texts)))

    def compress_until_the_stall(scorer, limit):
        adapter = make(compressor=ExtractiveCompressor(scorer, selector=TopK(1)), timeout_s=limit)
        return run(adapter, "Bob ran. No.", "It may stall. Bob.")

    ((text, n, said),) = cut_at_the_stall(compress_until_the_stall)
    assert (text, n, said["outcome"], said["spans"]) == ("Bob ran.", 0, "timed_out", [[0, 8]])
    assert said["reason"].endswith("with 1 of 2 documents scored; the others are left out")

    results = run(make(compressor=waiting, timeout_s=SHORT), "Bob ran. No.\n", "", "Ann sat.")
    assert [(text, n) for text, n, _ in results] == [("Bob ran. No.\n", 0), ("Ann sat.", 2)]
    assert {said["outcome"] for *_, said in results} == {"timed_out"}
    assert {said["reason"] for *_, said in results} == {
        "0.3 s had passed; the documents come as they are"
    }


@pytest.mark.parametrize("kit", [langchain_kit, llamaindex_kit])
def test_an_adapter_in_time_and_without_a_limit(kit):
    make, items, compress, _, facts = kit()
    found = [
        facts(compress(make(compressor=ExtractiveCompressor(shared_words), **limit), items("Bob.")))
        for limit in ({}, {"timeout_s": PATIENCE})
    ]
    assert found[0] == found[1]
    for bad in (0, -1, "1"):
        with pytest.raises(ValueError, match="timeout_s"):
            make(timeout_s=bad)


def test_the_view_says_that_time_was_short(cut_at_the_stall):
    def compress(scorer, limit):
        compressor = ExtractiveCompressor(scorer, selector=TopK(1), timeout_s=limit)
        return compressor.compress("bob", ["Bob ran. No.", "It may stall."])

    view = cut_at_the_stall(compress)._repr_html_()
    assert "There was no time to score every document." in view
    assert "1 of 2 documents scored; the others are left out" in view


@pytest.mark.model
def test_groups_and_shared_batches_give_the_scores_of_one_call(embedded):
    from recomp_core.data.examples import lighthouse

    query, documents = lighthouse()
    queries = [query, "Who kept the lamp?", "When was it built?"]
    expected = [embedded.compress(query, documents) for query in queries]
    limited = embedded.compress_batch(queries, [documents] * 3, timeout_s=600)

    async def together():
        return await asyncio.gather(*(embedded.acompress(q, documents) for q in queries))

    for results in (limited, asyncio.run(together())):
        for result, wanted in zip(results, expected, strict=True):
            assert result.text == wanted.text
            assert [s.score for s in (*result.kept, *result.dropped)] == pytest.approx(
                [s.score for s in (*wanted.kept, *wanted.dropped)], abs=1e-5
            )


@pytest.mark.parametrize("endless", [None, math.inf, 1e300, 2 * threading.TIMEOUT_MAX])
def test_what_no_clock_can_wait_for_is_no_limit(endless):
    assert check_timeout(endless) is None
    compressor = ExtractiveCompressor(shared_words, timeout_s=endless)
    assert compressor.compress("a tower", ["A tower. A house."]).kept


@pytest.mark.parametrize("wrong", [math.nan, -math.inf, -1, 0, 10**400, "1", True])
def test_what_is_no_time_is_refused(wrong):
    with pytest.raises(ValueError, match="timeout_s must be a number of more than 0 seconds"):
        check_timeout(wrong)
