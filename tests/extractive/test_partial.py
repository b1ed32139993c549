"""Calls with a deadline, on a clock that the scorer moves: nothing waits for a real clock."""

import math

import pytest
from conftest import shared_words

from recomp_core import (
    Document,
    DualEncoderScorer,
    ExtractiveCompressor,
    Outcome,
    Threshold,
    TokenBudget,
    TopK,
)
from recomp_core.extractive import compressor as compressor_module
from recomp_core.extractive.partial import Progress, timed_out
from recomp_core.extractive.scoring import FunctionScorer
from recomp_core.runtime.batching import Batching
from recomp_core.runtime.deadline import Deadline

DOCUMENTS = ["Bob built it. Rain fell.", "Bob sang.", "Ann built it. Snow fell.", " "]


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    """The clock of all deadlines; only a scorer moves it."""
    clock = Clock()
    monkeypatch.setattr(compressor_module, "Deadline", lambda limit: Deadline(limit, clock))
    return clock


class SlowScorer(FunctionScorer):
    """Counts shared words, a document at a time; each call takes 1,000 seconds."""

    by_document = True

    def __init__(self, clock, failing=""):
        super().__init__(shared_words)
        self.clock = clock
        self.failing = failing
        self.calls = []

    def score(self, tasks):
        self.calls.append([sorted({s.doc_index for s in task.sentences}) for task in tasks])
        self.clock.now += 1000
        if self.failing and any(task.query == self.failing for task in tasks):
            raise RuntimeError("the scorer is broken")
        return super().score(tasks)


def test_the_best_of_the_documents_that_were_scored_in_time(clock):
    scorer = SlowScorer(clock)
    result = ExtractiveCompressor(scorer, selector=TopK(1)).compress(
        "built", DOCUMENTS, timeout_s=1500
    )
    assert scorer.calls == [[[0]], [[1]]]
    assert (result.text, result.outcome) == ("Bob built it.", Outcome.TIMED_OUT)
    assert (
        result.reason == "1500 s had passed with 2 of 3 documents scored; the others are left out"
    )
    assert [s.text for s in result.dropped] == ["Rain fell.", "Bob sang."]


def test_unread_documents_come_whole_where_nothing_was_kept(clock):
    def compress(selector):
        compressor = ExtractiveCompressor(SlowScorer(clock), selector=selector, timeout_s=1500)
        return compressor.compress("snow", DOCUMENTS)

    result = compress(Threshold(1))
    assert (result.text, result.sources) == ("Ann built it. Snow fell.", (2,))
    assert result.reason.endswith("2 of 3 documents scored; the others come as they are")
    assert [s.score for s in result.kept] == [0.0]
    assert compress(Threshold(1) & TokenBudget(5, lambda text: len(text.split()))).text
    too_long = compress(Threshold(1) & TokenBudget(4, lambda text: len(text.split())))
    assert (too_long.text, too_long.sources) == ("", ())
    assert too_long.outcome is Outcome.TIMED_OUT


def test_in_time_the_result_is_the_usual_one(clock):
    compressor = ExtractiveCompressor(SlowScorer(clock))
    usual = compressor.compress("bob built", DOCUMENTS)
    assert compressor.compress("bob built", DOCUMENTS, timeout_s=1e6) == usual
    nothing = compressor.compress("bob", [" "], timeout_s=1e6)
    assert nothing.outcome is Outcome.NOTHING_GIVEN
    no_sentences = ExtractiveCompressor(SlowScorer(clock), splitter=NoSentences())
    assert no_sentences.compress("bob", ["Bob."], timeout_s=1e6).outcome is Outcome.NOTHING_GIVEN


class NoSentences:
    def split(self, text):
        return []


def test_a_limit_of_one_call_goes_before_that_of_the_compressor(clock):
    compressor = ExtractiveCompressor(SlowScorer(clock), timeout_s=500)
    assert compressor.compress("built", DOCUMENTS).outcome is Outcome.TIMED_OUT
    assert compressor.compress("built", DOCUMENTS, timeout_s=1e6).outcome is Outcome.COMPRESSED
    lifted = compressor.compress("built", DOCUMENTS, timeout_s=math.inf)
    assert lifted.outcome is Outcome.COMPRESSED
    with pytest.raises(ValueError, match="timeout_s must be a number of more than 0"):
        compressor.compress("built", DOCUMENTS, timeout_s=0)


async def test_the_asynchronous_form_has_the_same_limit(clock):
    compressor = ExtractiveCompressor(SlowScorer(clock), selector=TopK(1))
    result = await compressor.acompress("built", DOCUMENTS, timeout_s=1500)
    assert (result.text, result.outcome) == ("Bob built it.", Outcome.TIMED_OUT)


async def test_without_a_limit_of_its_own_an_asynchronous_call_keeps_the_compressors(clock):
    compressor = ExtractiveCompressor(SlowScorer(clock), timeout_s=1500)
    late = await compressor.acompress("built", DOCUMENTS)
    assert late.outcome is Outcome.TIMED_OUT
    whole = await compressor.acompress("built", DOCUMENTS, timeout_s=math.inf)
    assert whole.outcome is Outcome.COMPRESSED


def test_a_query_that_fails_raises_its_error_and_the_others_are_scored(clock):
    compressor = ExtractiveCompressor(SlowScorer(clock, failing="bad"))
    with pytest.raises(RuntimeError, match="the scorer is broken"):
        compressor.compress_batch(["good", "bad"], [DOCUMENTS] * 2, timeout_s=1e6)
    assert compressor.compress_batch(["good"], [DOCUMENTS], timeout_s=1e6)


def test_a_selector_that_fails_raises_in_the_caller(clock):
    class Broken:
        def admits(self, draft):
            raise RuntimeError("the selector is broken")

    with pytest.raises(RuntimeError, match="the selector is broken"):
        ExtractiveCompressor(SlowScorer(clock), selector=Broken()).compress(
            "bob", DOCUMENTS, timeout_s=1e6
        )


def test_a_splitter_that_fails_raises_in_the_caller(clock):
    class Broken:
        def split(self, text):
            raise RuntimeError("the splitter is broken")

    with pytest.raises(RuntimeError, match="the splitter is broken"):
        ExtractiveCompressor(SlowScorer(clock), splitter=Broken()).compress(
            "bob", DOCUMENTS, timeout_s=1e6
        )


def test_a_scorer_that_needs_all_documents_scores_all_or_nothing(clock):
    scorer = SlowScorer(clock)
    scorer.by_document = False
    result = ExtractiveCompressor(scorer).compress_batch(
        ["built", "sang"], [DOCUMENTS] * 2, timeout_s=500
    )
    assert scorer.calls == [[[0, 1, 2]]]  # the second query's turn came after the deadline
    assert [r.outcome for r in result] == [Outcome.COMPRESSED, Outcome.TIMED_OUT]
    assert (
        result[1].reason == "500 s had passed with 0 of 3 documents scored; they come as they are"
    )
    assert result[1].text == "\n".join(DOCUMENTS[:3])


def test_a_dual_encoder_knows_one_document_at_a_time(clock):
    class Encoder:
        read = []

        def encode_queries(self, queries):
            return [[1.0]] * len(queries)

        def encode_sentences(self, sentences):
            clock.now += 1000
            self.read.append(list(sentences))
            return [[1.0]] * len(sentences)

    encoder = Encoder()
    ExtractiveCompressor(DualEncoderScorer(encoder)).compress("bob", DOCUMENTS, timeout_s=500)
    assert encoder.read == [["Bob built it.", "Rain fell."]]


def test_progress_says_whether_there_is_more_to_do():
    clock = Clock()
    progress = Progress("q", (Document("abc"), Document(" ")), Deadline(5, clock))
    assert (progress.given, progress.characters, progress.is_wanted) == ([0], 4, True)
    progress.abandoned = True
    assert not progress.is_wanted
    progress.abandoned, progress.error = False, ValueError()
    assert not progress.is_wanted
    progress.error, clock.now = None, 5
    assert not progress.is_wanted


def test_without_a_selector_there_is_no_budget_to_hold():
    given = ExtractiveCompressor(shared_words, selector=Threshold(9)).compress("x", ["A b. C d."])
    assert timed_out(given, [0], Deadline(2)).text == "A b. C d."


# Batches


async def test_an_input_that_fails_fails_alone():
    def score(query, sentences):
        if query == "bad":
            raise RuntimeError("broken")
        return shared_words(query, sentences)

    compressor = ExtractiveCompressor(score, batching=Batching())
    assert compressor.batching == Batching()
    results = compressor._compress_each(
        [(query, (Document("Bob. Ann."),)) for query in ("bob", "bad", "ann")]
    )
    assert [r if isinstance(r, Exception) else r.text for r in results][::2] == ["Bob. Ann."] * 2
    assert isinstance(results[1], RuntimeError)
    with pytest.raises(RuntimeError, match="broken"):
        await compressor.acompress_batch(["bob", "bad"], [["Bob."]] * 2)


def test_batching_is_checked():
    with pytest.raises(TypeError, match="batching must be a Batching, got 3"):
        ExtractiveCompressor(shared_words, batching=3)


def test_a_scorer_that_leaves_a_query_out_is_named():
    class Short:
        def score(self, tasks):
            return []

    with pytest.raises(ValueError, match="the scorer gave scores for 0 of 1 queries"):
        ExtractiveCompressor(Short()).compress("q", ["A."])
