"""The abstractive compressor around summarizers whose every answer is known."""

import asyncio
import json
import re

import pytest
from conftest import shared_words
from hypothesis import given
from hypothesis import strategies as st

from recomp_core import (
    AbstractiveCompressor,
    BatchError,
    Compression,
    Document,
    ExtractiveCompressor,
    Outcome,
    Threshold,
    TopK,
)
from recomp_core.prompts import PromptTemplate
from recomp_core.protocols import Verdict


class Words:
    """A summarizer that counts words as tokens and answers with `answer(prompt)`."""

    def __init__(self, answer, max_input_tokens=None):
        self.answer = answer
        self.max_input_tokens = max_input_tokens
        self.prompts = []

    def count_tokens(self, text):
        return len(text.split())

    def truncate(self, text, max_tokens):
        ends = [match.end() for match in re.finditer(r"\S+", text)]
        return text if len(ends) <= max_tokens else text[: ends[max_tokens - 1]]

    def summarize(self, prompts):
        self.prompts += prompts
        return [self._one(prompt) for prompt in prompts]

    def _one(self, prompt):
        try:
            return self.answer(prompt)
        except Exception as error:
            return error

    def stream(self, prompt):
        self.prompts.append(prompt)
        yield from self.answer(prompt)


TOWER = Document(
    "The tower is tall. Bob built the tower in 1889. Paint peels.", title="Tower", id="t"
)
FRUIT = Document("Bananas are yellow. Bob eats them.", title="Fruit", id="f")
PROMPT = "Q {query} D {documents}"


def says(text, **settings):
    return AbstractiveCompressor(Words(lambda prompt: text), prompt=PROMPT, **settings)


def test_the_prompt_is_the_checkpoints_own_string():
    summarizer = Words(lambda prompt: "Bob.")
    AbstractiveCompressor(summarizer).compress("who built it?", [TOWER, "", FRUIT])
    assert summarizer.prompts == [
        f"Question: who built it?\n Document: {TOWER.text}\n{FRUIT.text}\n Summary: "
    ]


def test_titles_and_a_prompt_of_ones_own():
    summarizer = Words(lambda prompt: "Bob.")
    compressor = AbstractiveCompressor(summarizer, prompt=PROMPT, titles=True)
    compressor.compress("{query}?", [Document("One {documents}.", title="T"), "Two."])
    assert summarizer.prompts == ["Q {query}? D T\nOne {documents}.\nTwo."]


def test_a_summary_is_the_text():
    result = says("  Bob built it.\n").compress("who?", [TOWER, FRUIT])
    assert result.text == "Bob built it."
    assert result.outcome is Outcome.COMPRESSED
    assert result.sources == (0, 1)
    assert (result.kept, result.dropped, result.truncated) == ((), (), False)
    assert not result.is_excerpt
    assert Compression.from_dict(json.loads(json.dumps(result.to_dict()))) == result


@pytest.mark.parametrize("text", ["", " \n", "\u200b"])
def test_an_empty_summary_is_a_result(text):
    result = says(text).compress("who?", [TOWER])
    assert (result.text, result.outcome, result.sources) == ("", Outcome.NOTHING_RELEVANT, (0,))


@pytest.mark.parametrize("documents", [[], ["", " \n"]])
def test_nothing_given_asks_nobody(documents):
    compressor = says("something")
    result = compressor.compress("who?", documents)
    assert (result.text, result.outcome) == ("", Outcome.NOTHING_GIVEN)
    assert compressor.summarizer.prompts == []


def test_never_longer_than_the_documents():
    result = says("A rather long summary of it all.").compress("who?", ["Bob. \n", "Ann."])
    assert result.outcome is Outcome.UNCHANGED
    assert result.text == result.original_text == "Bob. \n\nAnn."
    assert [s.text for s in result.kept] == ["Bob.", "Ann."]
    assert result.is_excerpt


# The prompt around the documents takes 3 words: "Q", the query, "D".


@pytest.mark.parametrize(
    ("limit", "read", "truncated"),
    [
        (9, (0, 1, 2), False),
        (8, (0, 1), False),
        (7, (0, 1), False),
        (5, (0,), False),
        (4, (0,), True),
    ],
)
def test_documents_are_fitted_whole_and_in_order(limit, read, truncated):
    summarizer = Words(lambda prompt: "x", max_input_tokens=limit)
    result = AbstractiveCompressor(summarizer, prompt=PROMPT).compress(
        "q", ["one two", "three four", "five six"]
    )
    assert (result.sources, result.truncated) == (read, truncated)
    assert len(summarizer.prompts[0].split()) <= limit


def test_what_does_not_fit_is_not_skipped_over():
    summarizer = Words(lambda prompt: "x", max_input_tokens=7)
    result = AbstractiveCompressor(summarizer, prompt=PROMPT).compress(
        "q", ["one two", "a b c d e f g", "three"]
    )
    assert result.sources == (0,)


def test_a_first_document_that_is_too_long_is_cut():
    summarizer = Words(lambda prompt: "x", max_input_tokens=6)
    compressor = AbstractiveCompressor(summarizer, prompt=PROMPT, titles=True)
    result = compressor.compress("q", [Document("one two three four", title="T")])
    assert summarizer.prompts == ["Q q D T\none two"]
    assert result.truncated


def test_a_cut_that_does_not_fit_into_the_prompt_is_made_shorter():
    class Merging(Words):
        """The seam between prompt and document takes a token of its own."""

        def count_tokens(self, text):
            return len(text.split()) + ("Q q D 1a" in text)

    summarizer = Merging(lambda prompt: "x", max_input_tokens=8)
    result = AbstractiveCompressor(summarizer, prompt=PROMPT).compress("q", ["1a 1b 1c 1d 1e 1f"])
    assert summarizer.prompts == ["Q q D 1a 1b 1c 1d"]
    assert result.truncated


def test_a_query_that_fills_the_input_is_an_error():
    compressor = AbstractiveCompressor(Words(lambda p: "x", max_input_tokens=5), prompt=PROMPT)
    with pytest.raises(ValueError, match="leave no room.*they take 6 of 5 tokens"):
        compressor.compress("a b c d", ["one two"])


def test_one_failure_does_not_lose_the_batch():
    def answer(prompt):
        if "poison" in prompt:
            raise RuntimeError("the endpoint fell over")
        return "ok"

    compressor = AbstractiveCompressor(Words(answer, max_input_tokens=12), prompt=PROMPT)
    queries = ["first", "poison", "too " * 20, "last"]
    with pytest.raises(
        BatchError, match="2 of 4 queries failed, the first at position 1"
    ) as caught:
        compressor.compress_batch(queries, [[TOWER.text[:30]]] * 4)
    first, poisoned, long, last = caught.value.results
    assert (first.text, last.text) == ("ok", "ok")
    assert str(poisoned) == "the endpoint fell over"
    assert isinstance(long, ValueError)
    with pytest.raises(RuntimeError, match="fell over"):
        compressor.compress("poison", [TOWER])


def test_batch_equals_one_by_one():
    compressor = AbstractiveCompressor(Words(lambda p: p.split()[1]), prompt=PROMPT)
    queries, lists = ["a", "b", "c"], [[TOWER], [], [FRUIT, TOWER]]
    assert compressor.compress_batch(queries, lists) == [
        compressor.compress(q, d) for q, d in zip(queries, lists, strict=True)
    ]
    assert compressor.compress_batch([], []) == []


def test_every_summary_sentence_has_its_sources():
    result = says("Bob built the tower. Bananas are yellow.").compress("who?", [TOWER, FRUIT])
    first, second = result.support
    assert result.text[first.start : first.end] == first.text == "Bob built the tower."
    best = first.sources[0]
    assert (best.doc_index, best.text) == (0, "Bob built the tower in 1889.")
    assert TOWER.text[best.start : best.end] == best.text
    assert second.sources[0].text == "Bananas are yellow."
    assert second.sources[0].doc_index == 1


class Judge:
    """A gate that answers with prepared verdicts and remembers what it was asked."""

    def __init__(self, verdict):
        self.verdict = verdict
        self.asked = []

    def check(self, candidates):
        self.asked += candidates
        return [self.verdict for _ in candidates]


def test_a_gate_can_refuse():
    gate = Judge(Verdict("", "not worth it"))
    result = says("Bob built it.", gate=gate).compress("who?", [TOWER, FRUIT])
    assert (result.text, result.outcome, result.reason) == ("", Outcome.REFUSED, "not worth it")
    (candidate,) = gate.asked
    assert (candidate.query, candidate.documents, candidate.summary) == (
        "who?",
        (TOWER, FRUIT),
        "Bob built it.",
    )


def test_a_gate_can_shorten():
    result = says("Bob built it. Ann lied.", gate=Judge(Verdict("Bob built it.", "half"))).compress(
        "who?", [TOWER]
    )
    assert (result.text, result.outcome, result.reason) == (
        "Bob built it.",
        Outcome.COMPRESSED,
        "half",
    )
    assert [s.text for s in result.support] == ["Bob built it."]


def test_empty_summaries_are_not_sent_to_the_gate():
    gate = Judge(Verdict("x"))
    assert says(" ", gate=gate).compress("who?", [TOWER]).outcome is Outcome.NOTHING_RELEVANT
    assert gate.asked == []


def test_falling_back_to_sentences():
    gate = Judge(Verdict("", "invented", fall_back=True))
    fallback = ExtractiveCompressor(shared_words, selector=Threshold(2))
    result = says("Zed built it.", gate=gate, fallback=fallback).compress(
        "bob built", [TOWER, FRUIT]
    )
    assert result.text == "Bob built the tower in 1889."
    assert (result.outcome, result.reason) == (Outcome.FELL_BACK, "invented")
    assert result.is_excerpt
    nothing = says("Zed.", gate=gate, fallback=fallback).compress("zebra", [TOWER])
    assert (nothing.outcome, nothing.reason) == (Outcome.NOTHING_RELEVANT, "invented")
    alone = says("Zed.", gate=gate).compress("bob", [TOWER])
    assert alone.outcome is Outcome.REFUSED


def test_a_gate_that_fails_for_one_does_not_lose_the_others():
    class Fragile:
        def check(self, candidates):
            if any(c.query == "bad" for c in candidates):
                raise RuntimeError("gate broke")
            return [Verdict(c.summary) for c in candidates]

    with pytest.raises(BatchError) as caught:
        says("Bob.", gate=Fragile()).compress_batch(["good", "bad"], [[TOWER], [TOWER]])
    good, bad = caught.value.results
    assert good.text == "Bob."
    assert str(bad) == "gate broke"


EXTRACTOR = ExtractiveCompressor(shared_words, selector=TopK(2), elision="[…]")


def test_a_fallback_that_fails_is_the_error_of_its_query():
    class Broken(ExtractiveCompressor):
        def compress(self, query, documents):
            if query == "bad":
                raise RuntimeError("no sentences")
            return super().compress(query, documents)

    gate = Judge(Verdict("", "made up", fall_back=True))
    compressor = says("Ann.", gate=gate, fallback=Broken(shared_words))
    with pytest.raises(RuntimeError, match="no sentences"):
        compressor.compress("bad", [TOWER])
    with pytest.raises(BatchError) as raised:
        compressor.compress_batch(["bad", "bob"], [[TOWER]] * 2)
    assert isinstance(raised.value.results[0], RuntimeError)
    assert raised.value.results[1].outcome is Outcome.FELL_BACK


def test_extract_then_abstract():
    summarizer = Words(lambda prompt: "Bob built it. Bob eats.")
    compressor = AbstractiveCompressor(summarizer, prompt=PROMPT, extractor=EXTRACTOR, titles=True)
    documents = ["Nothing here.", TOWER, FRUIT]
    result = compressor.compress("bob built", documents)
    assert summarizer.prompts == [
        "Q bob built D Tower\nBob built the tower in 1889.\nFruit\nBob eats them."
    ]
    assert result.sources == (1, 2)
    assert [s.text for s in result.kept] == ["Bob built the tower in 1889.", "Bob eats them."]
    assert len(result.dropped) == 4
    first, second = result.support
    assert (first.sources[0].doc_index, first.sources[0].text) == (
        1,
        "Bob built the tower in 1889.",
    )
    assert (second.sources[0].doc_index, second.sources[0].text) == (2, "Bob eats them.")
    for sentence in result.support:
        for source in sentence.sources:
            text = result.documents[source.doc_index].text
            assert text[source.start : source.end] == source.text


def test_an_extractors_best_document_is_read_first():
    summarizer = Words(lambda prompt: "Bob built it. Bob eats.")
    compressor = AbstractiveCompressor(summarizer, prompt=PROMPT, extractor=EXTRACTOR, titles=True)
    result = compressor.compress("bob built", [FRUIT, "Nothing here.", TOWER])
    assert summarizer.prompts == [
        "Q bob built D Tower\nBob built the tower in 1889.\nFruit\nBob eats them."
    ]
    assert result.sources == (0, 2)
    assert [sentence.sources[0].doc_index for sentence in result.support] == [2, 0]
    assert [s.doc_index for s in result.kept] == [0, 2]


def test_of_what_an_extractor_picked_the_least_relevant_does_not_fit():
    summarizer = Words(lambda prompt: "Bob.", max_input_tokens=11)
    compressor = AbstractiveCompressor(summarizer, prompt=PROMPT, extractor=EXTRACTOR, titles=True)
    result = compressor.compress("bob built", [FRUIT, TOWER])
    assert summarizer.prompts == ["Q bob built D Tower\nBob built the tower in 1889."]
    assert result.sources == (1,)


def test_each_extracted_sentence_is_read_alone_the_best_first():
    extractor = ExtractiveCompressor(shared_words, selector=TopK(3))
    summarizer = Words(lambda prompt: "Bob built it in 1889. Bob eats.")
    compressor = AbstractiveCompressor(
        summarizer, prompt=PROMPT, extractor=extractor, titles=True, reads="sentence"
    )
    documents = [FRUIT, "Nothing here.", Document(TOWER.text + " So bob says.", title="Tower")]
    result = compressor.compress("bob built", documents)
    assert summarizer.prompts == [
        "Q bob built D Tower\nBob built the tower in 1889.\nFruit\nBob eats them.\n"
        "Tower\nSo bob says."
    ]
    assert result.sources == (0, 2)
    first, second = (sentence.sources[0] for sentence in result.support)
    assert (first.doc_index, first.text) == (2, "Bob built the tower in 1889.")
    assert (second.doc_index, second.text) == (0, "Bob eats them.")
    assert documents[2].text[first.start : first.end] == first.text


def test_a_sentence_that_is_read_alone_has_no_gaps_around_it():
    extractor = ExtractiveCompressor(shared_words, selector=TopK(2), elision="[...]")
    summarizer = Words(lambda prompt: "Bob.")
    settings = {"prompt": PROMPT, "extractor": extractor}
    text = "It rains. Bob ran. Nothing else was said of it by anyone there. Bob slept. It snows."
    AbstractiveCompressor(summarizer, **settings).compress("bob", [text])
    AbstractiveCompressor(summarizer, **settings, reads="sentence").compress("bob", [text])
    assert summarizer.prompts == [
        "Q bob D Bob ran. [...] Bob slept.",
        "Q bob D Bob ran.\nBob slept.",
    ]


def test_single_sentences_need_an_extractor():
    with pytest.raises(ValueError, match="needs extractor=, such as load_compressor"):
        says("x", reads="sentence")
    with pytest.raises(ValueError, match="reads must be one of 'excerpt', 'sentence'"):
        says("x", extractor=EXTRACTOR, reads="word")


def test_citations_point_through_a_joint_into_the_original():
    text = "First: Bob ran fast. A long sentence that nobody ever asked about. Then Bob slept well."
    compressor = says("Bob ran fast. Bob slept well.", extractor=EXTRACTOR)
    result = compressor.compress("bob", [text])
    assert [s.text for s in result.kept] == ["First: Bob ran fast.", "Then Bob slept well."]
    assert [s.sources[0].text for s in result.support] == [
        "First: Bob ran fast.",
        "Then Bob slept well.",
    ]
    assert all(text[s.start : s.end] == s.text for r in result.support for s in r.sources)


def test_what_the_extractor_finds_irrelevant_is_not_summarized():
    extractor = ExtractiveCompressor(shared_words, selector=Threshold(1))
    compressor = says("something", extractor=extractor)
    assert compressor.compress("zebra", [TOWER]).outcome is Outcome.NOTHING_RELEVANT
    assert compressor.summarizer.prompts == []


def test_the_extractor_is_the_fallback_and_is_not_asked_twice():
    class Counting(ExtractiveCompressor):
        calls = 0

        def compress_batch(self, queries, documents_lists):
            self.calls += 1
            return super().compress_batch(queries, documents_lists)

    extractor = Counting(shared_words, selector=TopK(1))
    gate = Judge(Verdict("", "invented", fall_back=True))
    result = says("Zed.", gate=gate, extractor=extractor).compress("bob built", [TOWER])
    assert (result.text, result.outcome) == ("Bob built the tower in 1889.", Outcome.FELL_BACK)
    assert extractor.calls == 1


async def test_async():
    compressor = says("Bob.")
    results = await asyncio.gather(*(compressor.acompress("q", [TOWER]) for _ in range(3)))
    assert results == [compressor.compress("q", [TOWER])] * 3
    assert await compressor.acompress_batch(["q"], [[TOWER]]) == results[:1]


async def test_an_asynchronous_summarizer_is_awaited():
    class Async(Words):
        awaited = 0

        async def asummarize(self, prompts):
            self.awaited += 1
            return self.summarize(prompts)

        async def astream(self, prompt):
            for piece in ("Bob", " built."):
                self.awaited += 1
                yield piece

    summarizer = Async(lambda p: "Bob built.")
    compressor = AbstractiveCompressor(summarizer, prompt=PROMPT)
    assert (await compressor.acompress("q", [TOWER])).text == "Bob built."
    assert [piece async for piece in compressor.astream("q", [TOWER])] == ["Bob", " built."]
    assert summarizer.awaited == 3


@pytest.mark.parametrize("summary", ["Bob built it.", "  \n Bob  built. \n", "", " \n"])
async def test_a_stream_joins_to_the_text(summary):
    compressor = says(summary)
    text = compressor.compress("q", [TOWER]).text
    pieces = list(compressor.stream("q", [TOWER]))
    assert "".join(pieces) == text
    assert len(pieces) == len(text.replace(" ", "").replace("\n", ""))
    assert "".join([piece async for piece in compressor.astream("q", [TOWER])]) == text


def test_a_stream_with_a_gate_waits_for_the_whole():
    shortened = says("Bob built it. Ann lied.", gate=Judge(Verdict("Bob built it.")))
    assert list(shortened.stream("q", [TOWER])) == ["Bob built it."]
    assert list(says("Bob.", gate=Judge(Verdict("", "no"))).stream("q", [TOWER])) == []


async def test_a_stream_of_nothing_and_of_too_much():
    assert list(says("x").stream("q", [])) == []
    assert "".join(says("abcdefghij").stream("q", ["12345"])) == "abcde"
    assert [piece async for piece in says("x").astream("q", [])] == []
    assert "".join([p async for p in says("abcdefghij").astream("q", ["12345"])]) == "abcde"


async def test_an_extractor_that_writes_itself_is_the_whole_stream():
    # It keeps no sentences to summarize, so its text is the result.
    compressor = says("never asked", extractor=says("Bob."))
    assert compressor.compress("q", [TOWER]).text == "Bob."
    assert list(compressor.stream("q", [TOWER])) == ["Bob."]
    assert [piece async for piece in compressor.astream("q", [TOWER])] == ["Bob."]


async def test_a_stream_asks_the_extractor_once():
    class Counting(ExtractiveCompressor):
        calls = 0

        def compress_batch(self, queries, documents_lists):
            self.calls += 1
            return super().compress_batch(queries, documents_lists)

    extractor = Counting(shared_words, selector=Threshold(1))
    for gate in (None, Judge(Verdict("Bob."))):
        compressor = says("Bob.", extractor=extractor, gate=gate)
        for query, text in (("bob", "Bob."), ("zebra", "")):
            extractor.calls = 0
            assert "".join(compressor.stream(query, [TOWER])) == text
            assert "".join([p async for p in compressor.astream(query, [TOWER])]) == text
            assert extractor.calls == 2


def test_a_gate_that_miscounts_is_named():
    class Mute:
        def check(self, candidates):
            return []

    with pytest.raises(ValueError, match="gave 0 verdicts for 1 candidates"):
        says("Bob.", gate=Mute()).compress("q", [TOWER])


def test_a_stream_raises_what_went_wrong():
    def broken(prompt):
        raise RuntimeError("cut off")

    with pytest.raises(RuntimeError, match="cut off"):
        list(AbstractiveCompressor(Words(broken)).stream("q", [TOWER]))
    with pytest.raises(ValueError, match="blank"):
        list(says("x").stream(" ", [TOWER]))


@pytest.mark.parametrize("part", ["gate", "extractor", "fallback", "support_scorer", "splitter"])
def test_wrong_parts_are_refused(part):
    with pytest.raises(TypeError, match=f"{part}=3 is not a "):
        says("x", **{part: 3})


def test_wrong_summarizers_and_prompts_are_refused():
    with pytest.raises(TypeError, match="is not a Summarizer"):
        AbstractiveCompressor(str.upper)
    with pytest.raises(ValueError, match="lacks {documents}"):
        AbstractiveCompressor(Words(str), prompt="Only {query}")
    assert says("x").prompt == PromptTemplate(PROMPT)


texts = st.lists(
    st.sampled_from(["Bob ran. ", "Ann sang.", "你好。", "\n", " ", "[…]", "\ud800", "1889. "]),
    max_size=8,
).map("".join)


@given(st.lists(texts, max_size=4), texts, st.booleans(), st.integers(4, 30))
def test_what_holds_for_every_abstractive_compression(documents, summary, extract, limit):
    summarizer = Words(lambda prompt: summary, max_input_tokens=limit)
    extractor = ExtractiveCompressor(shared_words, selector=TopK(2)) if extract else None
    compressor = AbstractiveCompressor(summarizer, prompt=PROMPT, extractor=extractor)
    result = compressor.compress("bob", documents)
    assert len(result.text) <= len(result.original_text)
    assert all(summarizer.count_tokens(prompt) <= limit for prompt in summarizer.prompts)
    assert set(result.sources) <= set(range(len(documents)))
    for sentence in result.support:
        assert result.text[sentence.start : sentence.end] == sentence.text
        for source in sentence.sources:
            assert result.documents[source.doc_index].text[source.start : source.end] == source.text
    assert Compression.from_dict(json.loads(json.dumps(result.to_dict()))) == result
