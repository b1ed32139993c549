"""Token budgets over many sentences: what is counted, and that the cap holds."""

import math
import random
from dataclasses import replace

import pytest

import recomp_core.extractive.compressor as compressor_module
from recomp_core import Document, ExtractiveCompressor, Outcome, TokenBudget, TopK
from recomp_core.extractive.partial import timed_out
from recomp_core.extractive.selection import select
from recomp_core.runtime.deadline import Deadline
from recomp_core.runtime.timeout import unchanged_documents
from recomp_core.text.joining import Layout
from recomp_core.types import ScoredSentence, assemble


def scored_documents(n_documents, n_sentences, seed=1):
    """Documents of sentences of 3 to 20 words, with scores in random order."""
    rng = random.Random(seed)
    documents, sentences = [], []
    for index in range(n_documents):
        text = ""
        for number in range(n_sentences):
            words = " ".join(f"word{rng.randrange(999)}" for _ in range(rng.randrange(3, 20)))
            start = len(text)
            text += f"S{index}-{number} {words}."
            sentences.append(ScoredSentence(text[start:], index, start, len(text), rng.random()))
            text += " "
        documents.append(Document(text))
    return documents, sentences


class Counter:
    """Counts words, and remembers how many characters it was given."""

    def __init__(self):
        self.characters = 0
        self.calls = 0

    def __call__(self, text):
        self.calls += 1
        self.characters += len(text)
        return len(text.split())


def test_the_whole_text_is_counted_a_few_times_only():
    documents, sentences = scored_documents(200, 10)
    counter = Counter()
    kept, _ = select(documents, sentences, TokenBudget(4000, counter), Layout())
    text = assemble(documents, kept, Layout())
    assert 3950 < len(text.split()) <= 4000
    # Each sentence once, and the text less than ten times: counting it whole for each sentence
    # takes it some two thousand times.
    assert counter.characters < 10 * len(text)


def test_a_full_budget_ends_the_walk():
    documents, sentences = scored_documents(300, 10)
    counter = Counter()
    select(documents, sentences, TokenBudget(50, counter), Layout())
    assert counter.calls < len(sentences) / 4


@pytest.mark.parametrize(
    "count",
    [
        len,
        lambda text: len(text) // 4,
        lambda text: math.ceil(len(text) / 4),
        lambda text: len(text.split()) + 2,  # special tokens around each text
        lambda text: len(text.split()) + text.count(". "),  # joints cost, which parts don't show
        lambda text: int(len(text) ** 1.1),
        lambda text: max(1, int(len(text) ** 0.8)),
    ],
    ids=["len", "quarter", "quarter up", "special", "joints", "more in all", "less in all"],
)
@pytest.mark.parametrize("expand", [(0, 0), (1, 1)])
def test_the_cap_holds_whatever_counts(count, expand):
    documents, sentences = scored_documents(30, 8)
    whole = count(assemble(documents, sentences, Layout()))
    for budget in (whole // 3, whole - 1):
        for layout in (Layout(), Layout(elision="[…]"), Layout(document_separator="\n\n---\n\n")):
            kept, dropped = select(documents, sentences, TokenBudget(budget, count), layout, expand)
            tokens = count(assemble(documents, kept, layout))
            assert 0.8 * budget < tokens <= budget
            assert len(kept) + len(dropped) == len(sentences)


def test_a_budget_beside_another_policy():
    documents, sentences = scored_documents(60, 8)
    kept, _ = select(
        documents, sentences, TokenBudget(10_000, len) & TokenBudget(900, Counter()), Layout()
    )
    text = assemble(documents, kept, Layout())
    assert len(text) <= 10_000
    assert len(text.split()) <= 900
    kept, _ = select(documents, sentences, TopK(7) & TokenBudget(900, len), Layout())
    assert len(kept) <= 7


def test_a_policy_that_asks_a_budget_gets_exact_answers():
    documents, sentences = scored_documents(20, 8)
    budget = TokenBudget(300, lambda text: len(text) // 4)
    offers = []

    class Asks:
        def admits(self, draft):
            offers.append((budget.admits(draft), budget.count_tokens(draft.text) <= 300))
            return offers[-1][0]

    select(documents, sentences, Asks(), Layout())
    assert all(answer == exact for answer, exact in offers)


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def late_compressor(monkeypatch, selector, clock):
    monkeypatch.setattr(compressor_module, "Deadline", lambda limit: Deadline(limit, clock))
    # The thread leaves choosing to the caller.
    monkeypatch.setattr(ExtractiveCompressor, "_compress_in_time", _score_only)
    return ExtractiveCompressor(
        lambda query, sentences: [float(len(s) % 7) for s in sentences], selector=selector
    )


_compress_in_time = ExtractiveCompressor._compress_in_time


def _score_only(self, batch):
    return [None for _ in _compress_in_time(self, batch)]


def test_choosing_ends_at_the_deadline(monkeypatch):
    documents, sentences = scored_documents(40, 10)
    clock = Clock()

    def slow(text):
        clock.now += 1.0
        return len(text.split())

    compressor = late_compressor(monkeypatch, TokenBudget(1500, slow), clock)
    result = compressor.compress("who?", documents, timeout_s=50)
    assert result.outcome is Outcome.TIMED_OUT
    assert 0 < len(result.kept) < 60
    assert len(result.text.split()) <= 1500
    assert "50 s had passed" in result.reason
    assert "sentences chosen" in result.reason
    assert len(result.kept) + len(result.dropped) == len(sentences)


def test_documents_that_fit_come_whole_however_many_they_are():
    documents = [
        Document(f"Sentence {n} has words number {n * 7919 % 10007}.") for n in range(3000)
    ]
    blank = unchanged_documents("who?", (), "", Layout())
    blank = replace(blank, documents=tuple(documents))
    result = timed_out(blank, range(3000), Deadline(0.001), TokenBudget(1_000_000, len))
    assert len(result.kept) == 3000
    assert result.reason.endswith("0 of 3000 documents scored; they come as they are")
    some = timed_out(blank, range(3000), Deadline(0.001), TokenBudget(900, len))
    assert 0 < len(some.kept) < 30
    assert len(some.text) <= 900
    assert f"come as they are, {len(some.kept)} of 3000" in some.reason


def test_an_exact_budget_counts_each_text():
    documents, sentences = scored_documents(40, 8)
    exact = TokenBudget(700, lambda text: len(text) // 4, exact=True)
    offers = []

    class Counts:
        def admits(self, draft):
            offers.append(len(draft.text) // 4 <= 700)
            return offers[-1]

    assert select(documents, sentences, exact, Layout()) == select(
        documents, sentences, Counts(), Layout()
    )
    assert len(offers) == len(sentences)  # to the last


def test_documents_come_whole_where_nothing_was_chosen_in_time(monkeypatch):
    documents, _ = scored_documents(3, 4)
    clock = Clock()

    class Refuses:
        def admits(self, draft):
            clock.now += 10
            return False

    compressor = late_compressor(monkeypatch, Refuses(), clock)
    result = compressor.compress("who?", documents, timeout_s=15)
    assert result.outcome is Outcome.TIMED_OUT
    assert [sentence.text for sentence in result.kept] == [d.text for d in documents]
    assert "no sentence was chosen; they come as they are" in result.reason
