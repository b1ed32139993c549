import asyncio
import copy
import dataclasses
import json
import logging
import re
import subprocess
import sys
import threading

import numpy as np
import pytest
from conftest import PATIENCE

pytest.importorskip("langchain_classic", reason='needs pip install "recomp[test]"')
pytest.importorskip("langchain_tests", reason='needs pip install "recomp[test]"')

from langchain_classic.retrievers import ContextualCompressionRetriever
from langchain_classic.retrievers.document_compressors import DocumentCompressorPipeline
from langchain_core.callbacks import AsyncCallbackHandler, BaseCallbackHandler, CallbackManager
from langchain_core.callbacks.manager import AsyncCallbackManager
from langchain_core.documents import BaseDocumentTransformer, Document
from langchain_core.embeddings import Embeddings
from langchain_core.language_models import FakeListChatModel
from langchain_core.load import dumps
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda, RunnablePassthrough
from langchain_tests.integration_tests import RetrieversIntegrationTests
from pydantic import ValidationError

from langchain_recomp import EmbeddingsEncoder, RecompDocumentCompressor, RecompRetriever
from recomp_core import (
    Compression,
    ExtractiveCompressor,
    ModelLoadError,
    Outcome,
    ScoredSentence,
    Threshold,
    TopK,
)


def by_number(query, sentences):
    """A sentence's score is the number that stands in it."""
    return [float(re.search(r"\d+", sentence)[0]) for sentence in sentences]


def broken(query, sentences):
    raise RuntimeError("the model fell over")


def adapter(selector=None, scorer=by_number, **behaviour):
    core = ExtractiveCompressor(scorer, selector=selector or TopK(2))
    return RecompDocumentCompressor(compressor=core, **behaviour)


def three_documents():
    """The two best sentences are 9 (first document) and 8 (third)."""
    return [
        Document("Alpha is 1. Beta is 9.", id="a", metadata={"tags": ["x"], "page": 3}),
        Document("Gamma is 2.", id="b", metadata={"tags": ["y"]}),
        Document("Delta is 8. Epsilon is 4. Zeta is 3.", metadata={"title": "Greek"}),
    ]


def contents(documents):
    return [document.page_content for document in documents]


class Found(BaseRetriever):
    documents: list[Document]
    k: int = 3

    def _get_relevant_documents(self, query, *, run_manager, k=None):
        return self.documents[: k or self.k]

    async def _aget_relevant_documents(self, query, *, run_manager, k=None):
        return self.documents[: k or self.k]


class Summary:
    """Writes its text anew, as an abstractive compressor does, and notes how it was called."""

    def __init__(self, text, kept=()):
        self.text = text
        self.kept = kept
        self.calls = []

    def written(self, query, documents):
        return Compression(
            query=query,
            documents=tuple(documents),
            text=self.text,
            kept=self.kept,
            dropped=(),
            sources=(0, 2) if self.text else (),
            outcome=Outcome.COMPRESSED if self.text else Outcome.NOTHING_RELEVANT,
        )

    def compress(self, query, documents):
        self.calls.append("compress")
        return self.written(query, documents)

    def compress_batch(self, queries, documents_lists):
        self.calls.append(f"compress_batch of {len(queries)}")
        return list(map(self.written, queries, documents_lists))

    async def acompress(self, query, documents):
        self.calls.append("acompress")
        return self.written(query, documents)

    async def acompress_batch(self, queries, documents_lists):
        self.calls.append(f"acompress_batch of {len(queries)}")
        return list(map(self.written, queries, documents_lists))


class Runs(BaseCallbackHandler):
    """Writes down every run: name, parent's name, how it ended."""

    def __init__(self):
        self.names = {}
        self.parents = {}
        self.ends = {}

    def _start(self, serialized, inputs, *, run_id, parent_run_id=None, name=None, **kwargs):
        self.names[run_id] = name
        self.parents[name] = self.names.get(parent_run_id)

    def _end(self, outputs, *, run_id, **kwargs):
        self.ends[self.names[run_id]] = outputs

    on_chain_start = on_retriever_start = _start
    on_chain_end = on_retriever_end = on_chain_error = on_retriever_error = _end


class AsyncRuns(AsyncCallbackHandler):
    """The same by coroutines."""

    def __init__(self):
        self.runs = Runs()

    async def on_chain_start(self, *args, **kwargs):
        self.runs.on_chain_start(*args, **kwargs)

    async def on_retriever_start(self, *args, **kwargs):
        self.runs.on_retriever_start(*args, **kwargs)

    async def on_chain_end(self, *args, **kwargs):
        self.runs.on_chain_end(*args, **kwargs)


# What comes out


def test_one_document_per_source_that_kept_something():
    first, second = adapter().compress_documents(three_documents(), "which?")
    assert first == Document(
        "Beta is 9.",
        id="a",
        metadata={
            "tags": ["x"],
            "page": 3,
            "relevance_score": 9.0,
            "recomp": {"outcome": "compressed", "index": 0, "spans": [[12, 22]], "scores": [9.0]},
        },
    )
    assert second == Document(
        "Delta is 8.",
        metadata={
            "title": "Greek",
            "relevance_score": 8.0,
            "recomp": {"outcome": "compressed", "index": 2, "spans": [[0, 11]], "scores": [8.0]},
        },
    )


async def test_async_gives_the_same():
    documents = three_documents()
    assert await adapter().acompress_documents(documents, "which?") == adapter().compress_documents(
        documents, "which?"
    )


def test_relevance_score_is_the_best_of_the_kept_and_spans_hold_true():
    documents = three_documents()
    result = adapter(TopK(4)).compress_documents(documents, "which?")
    assert contents(result) == ["Beta is 9.", "Delta is 8. Epsilon is 4. Zeta is 3."]
    assert result[1].metadata["relevance_score"] == 8.0
    assert result[1].metadata["recomp"]["scores"] == [8.0, 4.0, 3.0]
    for document in result:
        note = document.metadata["recomp"]
        for start, end in note["spans"]:
            assert documents[note["index"]].page_content[start:end] in document.page_content


@pytest.mark.parametrize(
    "compressor",
    [
        adapter(),
        adapter(TopK(99)),
        adapter(merge=True),
        adapter(scorer=broken, on_error="passthrough"),
    ],
    ids=["compressed", "unchanged", "merged", "failed"],
)
def test_the_input_stays_untouched_and_shares_nothing_with_the_result(compressor):
    documents = three_documents()
    before = copy.deepcopy(documents)
    result = compressor.compress_documents(documents, "which?")
    assert documents == before
    sources = result[0].metadata["recomp"].get("sources")
    (sources[0]["metadata"] if sources else result[0].metadata)["tags"].append("changed")
    assert documents == before


def test_position_tells_documents_apart_not_id():
    documents = [
        Document("Same is 5.", id="1", metadata={"n": 0}),
        Document("Other is 6.", id="1", metadata={"n": 1}),
        Document("Third is 4.", id="1", metadata={"n": 2}),
    ]
    result = adapter(TopK(3)).compress_documents(documents, "which?")
    assert contents(result) == ["Same is 5.", "Other is 6.", "Third is 4."]
    assert [d.metadata["n"] for d in result] == [0, 1, 2]
    assert [d.metadata["recomp"]["index"] for d in result] == [0, 1, 2]
    assert [d.id for d in result] == ["1", "1", "1"]


def test_what_stands_in_two_documents_comes_once():
    documents = [Document("Same is 5.", metadata={"n": n}) for n in range(3)]
    (result,) = adapter(TopK(3)).compress_documents(documents, "which?")
    assert (result.page_content, result.metadata["n"]) == ("Same is 5.", 0)


def test_metadata_that_cannot_be_copied_is_shared_and_the_rest_copied():
    lock = threading.Lock()
    source = Document(
        "Eta is 5.", metadata={"client": {"lock": lock, "urls": ["u"]}, "tags": [lock]}
    )
    (result,) = adapter().compress_documents([source], "which?")
    assert result.metadata["client"]["lock"] is lock
    assert result.metadata["client"]["urls"] == ["u"]
    assert result.metadata["client"]["urls"] is not source.metadata["client"]["urls"]
    assert result.metadata["tags"] == [lock]
    assert result.metadata["tags"] is not source.metadata["tags"]


def test_a_documents_own_class_and_fields_survive():
    class Page(Document):
        number: int

    (result,) = adapter().compress_documents([Page("Theta is 5.", id="p", number=7)], "which?")
    assert isinstance(result, Page)
    assert (result.id, result.number) == ("p", 7)


def test_numbers_are_pythons_own_and_everything_can_be_written_as_json():
    def scores(query, sentences):
        return np.array(by_number(query, sentences), dtype=np.float32)

    for merge in (False, True):
        for document in adapter(scorer=scores, merge=merge).compress_documents(
            three_documents(), "which?"
        ):
            assert type(document.metadata["relevance_score"]) is float
            assert json.loads(json.dumps(document.metadata)) == document.metadata
            assert Document.model_validate_json(document.model_dump_json()) == document
            assert "not_implemented" not in dumps(document)


def test_numpy_numbers_of_a_compressor_of_ones_own_become_pythons():
    class Numpy(Summary):
        def written(self, query, documents):
            kept = ScoredSentence("Beta is 9.", 0, np.int64(12), np.int64(22), np.float32(9))
            return dataclasses.replace(super().written(query, documents), kept=(kept,))

    (result,) = RecompDocumentCompressor(compressor=Numpy("Beta is 9.")).compress_documents(
        three_documents(), "which?"
    )
    assert type(result.metadata["relevance_score"]) is float
    assert json.loads(json.dumps(result.metadata["recomp"])) == {
        "outcome": "compressed", "index": 0, "spans": [[12, 22]], "scores": [9.0],
    }  # fmt: skip


class NoTruth:
    """Equal to nothing and unequal to nothing, as missing values and arrays are."""

    def __eq__(self, other):
        return self

    def __bool__(self):
        raise TypeError("no truth value")

    __hash__ = None


def test_sources_that_cannot_be_compared_are_left_out():
    page = NoTruth()
    text = "Sentence 2 is about rain. Sentence 3 is about towers."
    one, other = (Document(page_content=text, metadata={"page": p}) for p in (page, NoTruth()))
    (merged,) = adapter(merge=True).compress_documents([one], "who built the tower?")
    assert "page" in merged.metadata
    (merged,) = adapter(merge=True).compress_documents([one, other], "who built the tower?")
    assert "page" not in merged.metadata


@pytest.mark.parametrize("merge", [False, True])
@pytest.mark.parametrize("documents", [[], [Document("")], [Document(" \n"), Document("\u200b")]])
def test_nothing_given(documents, merge):
    assert adapter(merge=merge).compress_documents(documents, "which?") == []


@pytest.mark.parametrize("merge", [False, True])
def test_nothing_relevant(merge):
    compressor = adapter(Threshold(10), merge=merge)
    assert compressor.compress_documents(three_documents(), "which?") == []


def test_unchanged_gives_the_same_contents():
    documents = three_documents()
    result = adapter(TopK(99)).compress_documents(documents, "which?")
    assert contents(result) == contents(documents)
    assert {d.metadata["recomp"]["outcome"] for d in result} == {"unchanged"}


def test_merge_gives_one_document_with_its_sources():
    (result,) = adapter(merge=True).compress_documents(three_documents(), "which?")
    assert result == Document(
        "Beta is 9.\nDelta is 8.",
        metadata={
            "relevance_score": 9.0,
            "recomp": {
                "outcome": "compressed",
                "sources": [
                    {
                        "index": 0,
                        "id": "a",
                        "metadata": {"tags": ["x"], "page": 3},
                        "spans": [[12, 22]],
                        "scores": [9.0],
                    },
                    {
                        "index": 2,
                        "id": None,
                        "metadata": {"title": "Greek"},
                        "spans": [[0, 11]],
                        "scores": [8.0],
                    },
                ],
            },
        },
    )


@pytest.mark.parametrize("merge", [False, True])
def test_a_text_written_anew_is_one_document(merge):
    compressor = RecompDocumentCompressor(compressor=Summary("In short: 9."), merge=merge)
    assert compressor.compress_documents(three_documents(), "which?") == [
        Document(
            "In short: 9.",
            metadata={
                "recomp": {
                    "outcome": "compressed",
                    "sources": [
                        {"index": 0, "id": "a", "metadata": {"tags": ["x"], "page": 3}},
                        {"index": 2, "id": None, "metadata": {"title": "Greek"}},
                    ],
                    "truncated": False,
                    "reason": "",
                    "support": [],
                }
            },
        )
    ]


def test_a_text_written_anew_from_kept_sentences_says_which():
    kept = adapter(TopK(1)).compressor.compress("which?", ["Alpha is 1. Beta is 9."]).kept
    compressor = RecompDocumentCompressor(compressor=Summary("In short: 9.", kept))
    (result,) = compressor.compress_documents(three_documents(), "which?")
    assert result.page_content == "In short: 9."
    assert result.metadata["relevance_score"] == 9.0
    assert result.metadata["recomp"]["sources"][0]["spans"] == [[12, 22]]
    assert "spans" not in result.metadata["recomp"]["sources"][1]


def test_an_empty_summary_gives_no_document():
    compressor = RecompDocumentCompressor(compressor=Summary(""))
    assert compressor.compress_documents(three_documents(), "which?") == []


def test_metadata_key():
    (result, _) = adapter(metadata_key="why").compress_documents(three_documents(), "which?")
    assert "recomp" not in result.metadata
    assert result.metadata["why"]["outcome"] == "compressed"


def seen_titles(documents, **behaviour):
    seen = []

    class Looks:
        def score(self, tasks):
            seen.extend(document.title for task in tasks for document in task.documents)
            return [[1.0] * len(task.sentences) for task in tasks]

    adapter(scorer=Looks(), **behaviour).compress_documents(documents, "which?")
    return seen


def test_titles_reach_the_scorer_if_they_are_strings():
    documents = [
        Document("Iota is 1.", metadata={"title": "T", "name": "N"}),
        Document("Kappa is 2.", metadata={"title": 5}),
        Document("Lambda is 3."),
    ]
    assert seen_titles(documents) == ["T", None, None]
    assert seen_titles(documents, title_key="name") == ["N", None, None]
    assert seen_titles(documents, title_key=None) == [None, None, None]


# Where it is put


RETRIEVERS = {
    "ours": lambda found, compressor: RecompRetriever(base_retriever=found, compressor=compressor),
    "classic": lambda found, compressor: ContextualCompressionRetriever(
        base_retriever=found, base_compressor=compressor
    ),
}


@pytest.fixture(params=RETRIEVERS)
def retrieving(request):
    """A compressor to a retriever over three documents."""
    found = Found(documents=three_documents())
    return lambda compressor: RETRIEVERS[request.param](found, compressor)


async def test_in_a_retriever(retrieving):
    retriever = retrieving(adapter())
    assert contents(retriever.invoke("which?")) == ["Beta is 9.", "Delta is 8."]
    assert contents(await retriever.ainvoke("which?")) == ["Beta is 9.", "Delta is 8."]
    assert contents(retriever.invoke("which?", k=2)) == ["Beta is 9.", "Gamma is 2."]
    assert contents(await retriever.ainvoke("which?", k=2)) == ["Beta is 9.", "Gamma is 2."]
    both = [["Beta is 9.", "Delta is 8."]] * 2
    assert list(map(contents, retriever.batch(["which?", "what?"]))) == both
    assert list(map(contents, await retriever.abatch(["which?", "what?"]))) == both


async def test_in_a_retriever_that_finds_nothing(retrieving):
    retriever = retrieving(adapter(Threshold(10)))
    assert retriever.invoke("which?") == await retriever.ainvoke("which?") == []


async def test_a_compressor_is_not_asked_about_nothing():
    summary = Summary("A summary.")
    retriever = RecompRetriever(
        base_retriever=Found(documents=[]), compressor=RecompDocumentCompressor(compressor=summary)
    )
    assert retriever.invoke("which?") == await retriever.ainvoke("which?") == []
    assert summary.calls == []


def test_our_retriever_takes_any_runnable_and_refuses_typos():
    retriever = RecompRetriever(
        base_retriever=RunnableLambda(lambda query: three_documents()), compressor=adapter()
    )
    assert contents(retriever.invoke("which?")) == ["Beta is 9.", "Delta is 8."]
    with pytest.raises(ValidationError, match="base_compressor"):
        RecompRetriever(
            base_retriever=Found(documents=[]), compressor=adapter(), base_compressor=adapter()
        )


async def test_in_a_pipeline():
    class Reversed(BaseDocumentTransformer):
        def transform_documents(self, documents, **kwargs):
            return documents[::-1]

    pipeline = DocumentCompressorPipeline(
        transformers=[adapter(TopK(3)), Reversed(), adapter(TopK(2))]
    )
    expected = ["Delta is 8.", "Beta is 9."]
    documents = three_documents()
    assert contents(pipeline.compress_documents(documents, "which?")) == expected
    assert contents(await pipeline.acompress_documents(documents, "which?")) == expected


async def test_in_a_chain():
    chain = (
        {"documents": Found(documents=three_documents()), "query": RunnablePassthrough()}
        | adapter().as_runnable()
        | (lambda documents: {"context": " ".join(contents(documents))})
        | ChatPromptTemplate.from_template("{context}")
        | RunnableLambda(lambda prompt: prompt.to_string())
        | FakeListChatModel(responses=["nine"])
        | StrOutputParser()
    )
    assert chain.invoke("which?") == "nine"
    assert await chain.ainvoke("which?") == "nine"
    assert chain.batch(["which?", "what?"]) == ["nine", "nine"]
    assert await chain.abatch(["which?", "what?"]) == ["nine", "nine"]
    assert list(chain.stream("which?")) == list("nine")


# One query, or many at once


def question(number=0):
    return {"documents": three_documents()[number:], "query": "which?"}


async def test_each_way_calls_the_compressors_own_method_once():
    summary = Summary("A summary.")
    compressor = RecompDocumentCompressor(compressor=summary)
    runnable = compressor.as_runnable()
    inputs = [question(), question()]
    compressor.compress_documents(**question())
    await compressor.acompress_documents(**question())
    assert contents(runnable.invoke(question())) == ["A summary."]
    assert contents(await runnable.ainvoke(question())) == ["A summary."]
    assert list(map(contents, runnable.batch(inputs))) == [["A summary."]] * 2
    assert list(map(contents, await runnable.abatch(inputs))) == [["A summary."]] * 2
    assert summary.calls == [
        "compress", "acompress", "compress", "acompress",
        "compress_batch of 2", "acompress_batch of 2",
    ]  # fmt: skip


async def test_a_batch_is_the_same_as_one_by_one():
    runnable = adapter().as_runnable()
    inputs = [question(0), question(1), question(2), {"documents": [], "query": "which?"}]
    one_by_one = [runnable.invoke(given) for given in inputs]
    assert runnable.batch(inputs) == one_by_one
    assert await runnable.abatch(inputs) == one_by_one
    assert runnable.batch([]) == await runnable.abatch([]) == []
    assert [index for index, _ in runnable.batch_as_completed(inputs[:1])] == [0]


async def test_in_a_batch_each_input_meets_only_its_own_error():
    runnable = adapter().as_runnable()
    blank = {**question(), "query": " "}
    wrong = {"documents": ["a string"], "query": "which?"}
    for results in (
        runnable.batch([question(), blank, wrong], return_exceptions=True),
        await runnable.abatch([question(), blank, wrong], return_exceptions=True),
    ):
        assert contents(results[0]) == ["Beta is 9.", "Delta is 8."]
        assert isinstance(results[1], ValueError)
        assert isinstance(results[2], TypeError)
    with pytest.raises(ValueError, match=r"queries\[1\] is blank"):
        runnable.batch([question(), blank])
    with pytest.raises(ValueError, match=r"queries\[1\] is blank"):
        await runnable.abatch([question(), blank])


async def test_in_a_batch_only_what_failed_is_passed_through():
    runnable = adapter(on_error="passthrough").as_runnable()
    inputs = [question(), {**question(), "query": " "}]
    for results in (runnable.batch(inputs), await runnable.abatch(inputs)):
        assert contents(results[0]) == ["Beta is 9.", "Delta is 8."]
        assert contents(results[1]) == contents(three_documents())
        assert results[1][0].metadata["recomp"]["outcome"] == "failed"


def test_the_runnable_says_what_it_takes():
    runnable = adapter().as_runnable()
    assert runnable.get_name() == "RecompDocumentCompressor"
    schema = runnable.get_input_jsonschema()
    assert schema["$defs"]["CompressionInput"]["required"] == ["documents", "query"]


# When something is wrong


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"documents": None, "query": "q"}, "documents must be a list of LangChain Documents"),
        ({"documents": "text", "query": "q"}, "documents must be a list of LangChain Documents"),
        ({"documents": Document("x"), "query": "q"}, "documents must be a list of LangChain"),
        ({"documents": [Document("x"), None], "query": "q"}, r"documents\[1\] .* got None"),
        ({"documents": ["text"], "query": "q"}, r"documents\[0\] .* got 'text'"),
        ({"docs": [], "query": "q"}, r'expected {"documents": \[...\], "query": "..."}'),
        ("q", "got 'q'"),
    ],
)
@pytest.mark.parametrize("on_error", ["raise", "passthrough"])
async def test_what_are_no_documents_is_refused(given, says, on_error):
    runnable = adapter(on_error=on_error).as_runnable()
    with pytest.raises(TypeError, match=says):
        runnable.invoke(given)
    with pytest.raises(TypeError, match=says):
        await runnable.ainvoke(given)


def test_documents_may_be_any_iterable():
    assert contents(adapter().compress_documents(iter(three_documents()), "which?")) == [
        "Beta is 9.",
        "Delta is 8.",
    ]


@pytest.mark.parametrize(
    ("query", "error"), [("", ValueError), (" ", ValueError), (None, TypeError)]
)
def test_a_query_that_asks_nothing(query, error):
    with pytest.raises(error, match="query"):
        adapter().compress_documents(three_documents(), query)


async def test_errors_are_raised():
    compressor = adapter(scorer=broken)
    with pytest.raises(RuntimeError, match="the model fell over"):
        compressor.compress_documents(three_documents(), "which?")
    with pytest.raises(RuntimeError, match="the model fell over"):
        await compressor.acompress_documents(three_documents(), "which?")


@pytest.mark.parametrize("merge", [False, True])
async def test_passthrough_gives_the_originals_with_the_reason(merge, caplog):
    compressor = adapter(scorer=broken, on_error="passthrough", merge=merge)
    note = {"outcome": "failed", "reason": "RuntimeError: the model fell over"}
    expected = [
        document.model_copy(update={"metadata": {**document.metadata, "recomp": note}})
        for document in three_documents()
    ]
    with caplog.at_level(logging.WARNING, logger="langchain_recomp"):
        assert compressor.compress_documents(three_documents(), "which?") == expected
        assert await compressor.acompress_documents(three_documents(), "which?") == expected
    assert len(caplog.records) == 2
    assert "3 documents" in caplog.text
    assert "the model fell over" in caplog.text


def test_passthrough_is_not_for_interrupts():
    def interrupted(query, sentences):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        adapter(scorer=interrupted, on_error="passthrough").compress_documents(
            three_documents(), "which?"
        )


# Traces


async def test_a_run_of_its_own_within_the_retrievers(retrieving):
    retriever = retrieving(adapter())
    runs, aruns, coroutines = Runs(), Runs(), AsyncRuns()
    retriever.invoke("which?", {"callbacks": [runs]})
    await retriever.ainvoke("which?", {"callbacks": [aruns, coroutines]})
    for seen in (runs, aruns, coroutines.runs):
        assert seen.parents == {
            retriever.get_name(): None,
            "Found": retriever.get_name(),
            "RecompDocumentCompressor": retriever.get_name(),
        }
        assert contents(seen.ends["RecompDocumentCompressor"]) == [
            "Beta is 9.",
            "Delta is 8.",
        ]


async def test_either_kind_of_callback_manager_serves_either_way():
    for manager_class in (CallbackManager, AsyncCallbackManager):
        runs = Runs()
        manager = manager_class(handlers=[runs])
        adapter().compress_documents(three_documents(), "which?", callbacks=manager)
        await adapter().acompress_documents(three_documents(), "which?", manager)
        assert list(runs.names.values()) == ["RecompDocumentCompressor"] * 2
        assert contents(runs.ends["RecompDocumentCompressor"]) == [
            "Beta is 9.",
            "Delta is 8.",
        ]


async def test_a_run_within_the_lambda_that_calls_it():
    def work(query):
        return adapter().compress_documents(three_documents(), query)

    async def awork(query):
        return await adapter().acompress_documents(three_documents(), query)

    outer = RunnableLambda(work, awork, name="outer")
    runs, aruns = Runs(), Runs()
    outer.invoke("which?", {"callbacks": [runs]})
    assert runs.parents == {"outer": None, "RecompDocumentCompressor": "outer"}
    if sys.version_info >= (3, 11):  # before, asyncio tasks could not be given a context
        await outer.ainvoke("which?", {"callbacks": [aruns]})
        assert aruns.parents == runs.parents


async def test_what_the_compressor_calls_is_traced_within_its_run():
    inner = RunnableLambda(lambda number: float(number), name="inner")

    def scores(query, sentences):
        return [inner.invoke(number) for number in by_number(query, sentences)]

    compressor = adapter(scorer=scores)
    runs, aruns = Runs(), Runs()
    compressor.compress_documents(three_documents(), "which?", [runs])
    assert runs.parents == {"RecompDocumentCompressor": None, "inner": "RecompDocumentCompressor"}
    if sys.version_info >= (3, 11):
        await compressor.acompress_documents(three_documents(), "which?", [aruns])
        assert aruns.parents == runs.parents


async def test_a_run_for_each_input_of_a_batch():
    runnable = adapter().as_runnable()
    for named in ({}, {"run_name": "mine"}):
        runs = Runs()
        runnable.batch([question(), question(1)], {"callbacks": [runs], **named})
        await runnable.abatch([question(), question(1)], {"callbacks": [runs], **named})
        expected = named.get("run_name", "RecompDocumentCompressor")
        assert list(runs.names.values()) == [expected] * 4


def test_errors_are_traced():
    runs = Runs()
    with pytest.raises(RuntimeError):
        adapter(scorer=broken).compress_documents(three_documents(), "which?", [runs])
    assert isinstance(runs.ends["RecompDocumentCompressor"], RuntimeError)


async def test_async_does_not_block_the_event_loop():
    started, go = threading.Event(), threading.Event()

    def waits(query, sentences):
        started.set()
        assert go.wait(PATIENCE)
        return by_number(query, sentences)

    task = asyncio.create_task(adapter(scorer=waits).acompress_documents(three_documents(), "q"))
    while not started.is_set():
        await asyncio.sleep(0)
    go.set()  # a blocked loop would never come here
    assert contents(await task) == ["Beta is 9.", "Delta is 8."]


# Settings


@pytest.mark.parametrize("on_error", ["raise", "passthrough"])
@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"topk": 3}, "topk"),
        ({"top_k": 0}, "top_k|TopK"),
        ({"top_k": True}, "top_k"),
        ({"top_k": "3"}, "top_k"),
        ({"min_score": "0.3"}, "min_score"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"tokenizer": "gpt2"}, "needs max_tokens"),
        ({"context": "chapter"}, "'sentence', 'title' or 'document'"),
        ({"similarity_fn_name": "euclidean"}, "'cosine' or 'dot'"),
        ({"expand": (1, 2, 3)}, "expand"),
        ({"title_key": 3}, "title_key"),
        ({"compressor": adapter().compressor, "top_k": 3, "device": "cpu"}, "top_k, device given"),
    ],
)
def test_bad_settings_raise_whatever_on_error_says(settings, says, on_error):
    with pytest.raises(ValueError, match=says):
        RecompDocumentCompressor(**settings, on_error=on_error)


def test_on_error_itself_is_checked():
    with pytest.raises(ValueError, match="'raise' or 'passthrough'"):
        adapter(on_error="ignore")


@pytest.mark.parametrize("thing", [3, "a name", ExtractiveCompressor, by_number])
def test_what_is_no_compressor(thing):
    with pytest.raises(TypeError, match="is not a compressor"):
        RecompDocumentCompressor(compressor=thing)


@pytest.mark.parametrize("on_error", ["raise", "passthrough"])
def test_a_model_that_is_not_there(on_error, tmp_path):
    with pytest.raises(ModelLoadError, match=r"nowhere.*give a folder or a hub name"):
        RecompDocumentCompressor.from_pretrained(tmp_path / "nowhere", on_error=on_error)


def test_a_subclass_may_have_fields_and_a_name_of_its_own():
    class Mine(RecompDocumentCompressor):
        note: str = "mine"

    runs = Runs()
    Mine(compressor=adapter().compressor).compress_documents(three_documents(), "which?", [runs])
    assert list(runs.names.values()) == ["Mine"]


def test_settings_cannot_be_changed_later():
    with pytest.raises(ValidationError, match="frozen"):
        adapter().merge = True


def test_neither_repr_nor_dump_shows_the_compressor():
    compressor = adapter(merge=True)
    assert "ExtractiveCompressor" not in repr(compressor)
    assert "compressor" not in compressor.model_dump()
    assert json.loads(compressor.model_dump_json())["merge"] is True


# Embeddings


class Directions(Embeddings):
    """A text's vector is the direction that it names; the query looks east."""

    vectors = {"north": [0.0, 2.0], "east": [3.0, 0.0], "northeast": [1.0, 1.0]}

    def embed_query(self, text):
        return [1.0, 0.0]

    def embed_documents(self, texts):
        return [self.vectors[text.split()[-1].rstrip(".")] for text in texts]


WINDS = [Document("Wind from north. Wind from east."), Document("Wind from northeast.")]


def test_embeddings_by_cosine_and_by_inner_product():
    cosine = RecompDocumentCompressor.from_embeddings(Directions(), top_k=3)
    scores = [d.metadata["recomp"]["scores"] for d in cosine.compress_documents(WINDS, "q")]
    assert scores == [pytest.approx([0, 1]), pytest.approx([0.5**0.5])]
    dot = RecompDocumentCompressor.from_embeddings(
        Directions(), top_k=3, similarity_fn_name="dot", merge=True
    )
    (merged,) = dot.compress_documents(WINDS, "q")
    scores = [source["scores"] for source in merged.metadata["recomp"]["sources"]]
    assert scores == [pytest.approx([0, 3]), pytest.approx([1])]


async def test_embeddings_with_limits_and_layout():
    compressor = RecompDocumentCompressor.from_embeddings(
        Directions(), min_score=0.9, expand=(1, 0), on_error="passthrough"
    )
    assert contents(await compressor.acompress_documents(WINDS, "q")) == [WINDS[0].page_content]


def test_embeddings_read_titles_unless_told_otherwise():
    seen = []

    class Looks(Directions):
        def embed_documents(self, texts):
            seen.append(texts)
            return super().embed_documents(texts)

    documents = [Document("Wind from east.", metadata={"title": "Weather"})]
    RecompDocumentCompressor.from_embeddings(Looks()).compress_documents(documents, "q")
    RecompDocumentCompressor.from_embeddings(Looks(), context="sentence").compress_documents(
        documents, "q"
    )
    assert seen == [["Weather\nWind from east."], ["Wind from east."]]


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"context": "document"}, 'context="document" needs'),
        ({"max_tokens": 5}, "max_tokens=5 needs tokenizer"),
        ({"top_k": 0}, "TopK"),
        ({"on_error": "ignore"}, "'raise' or 'passthrough'"),
    ],
)
def test_bad_settings_for_embeddings(settings, says):
    with pytest.raises(ValueError, match=says):
        RecompDocumentCompressor.from_embeddings(Directions(), **settings)


def test_settings_that_embeddings_do_not_have():
    with pytest.raises(TypeError, match="topk"):
        RecompDocumentCompressor.from_embeddings(Directions(), topk=3)
    with pytest.raises(TypeError, match="must be a LangChain Embeddings"):
        RecompDocumentCompressor.from_embeddings("all-MiniLM-L6-v2")


def test_encoder_gives_a_row_per_text():
    encoder = EmbeddingsEncoder(Directions())
    assert encoder.encode_queries(["a", "b"]).tolist() == [[1, 0], [1, 0]]
    vectors = encoder.encode_sentences(["east", "north"])
    assert vectors.dtype == np.float32
    assert vectors.tolist() == [[3, 0], [0, 2]]


@pytest.mark.parametrize("vectors", [[], [[1.0]], [[1.0], [1.0, 2.0]], [[1.0]] * 3])
def test_embeddings_that_give_something_else(vectors):
    class Odd(Directions):
        def embed_documents(self, texts):
            return vectors

    with pytest.raises(ValueError, match=f"Odd gave {len(vectors)} vectors .* for 2 texts"):
        EmbeddingsEncoder(Odd()).encode_sentences(["a", "b"])


def test_embeddings_never_see_lone_surrogates():
    class Strict(Directions):
        def embed_documents(self, texts):
            for text in texts:
                text.encode("utf-8")
            return super().embed_documents(texts)

        def embed_query(self, text):
            text.encode("utf-8")
            return super().embed_query(text)

    compressor = RecompDocumentCompressor.from_embeddings(Strict())
    documents = [Document("\ud800 from east.")]
    assert (
        compressor.compress_documents(documents, "\ud800?")[0].page_content == "\ud800 from east."
    )


# Imports


def test_importing_needs_langchain_core_alone():
    script = (
        "import sys, langchain_recomp; "
        "print([m for m in ('langchain_classic', 'langchain', 'torch', 'llama_index') "
        "if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_without_langchain_core_the_error_says_what_to_install():
    script = "import sys; sys.modules['langchain_core'] = None; import langchain_recomp"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert 'pip install "recomp[langchain]"' in done.stderr


# LangChain's own tests for retrievers


class TestRecompRetriever(RetrieversIntegrationTests):
    @property
    def retriever_constructor(self):
        return lambda k=2: RecompRetriever(
            base_retriever=Found(documents=three_documents(), k=k), compressor=adapter(TopK(99))
        )

    @property
    def retriever_query_example(self):
        return "which?"


# With the embedded encoder


TOWERS = [
    Document(
        "The tower stands on the left bank. It was designed by the engineer Maurice Koechlin.",
        id="tower",
        metadata={"title": "The iron tower"},
    ),
    Document("Bananas grow in the tropics. They are picked green.", id="banana"),
]


@pytest.fixture(scope="module")
def offline(embedded):
    return RecompDocumentCompressor(top_k=1)


@pytest.mark.model
async def test_works_without_naming_a_model(offline):
    (result,) = offline.compress_documents(TOWERS, "Who designed the tower?")
    assert result.page_content == "It was designed by the engineer Maurice Koechlin."
    assert result.id == "tower"
    assert await offline.acompress_documents(TOWERS, "Who designed the tower?") == [result]


@pytest.mark.model
def test_what_is_dumped_makes_the_same_compressor(offline):
    again = RecompDocumentCompressor(**json.loads(offline.model_dump_json()))
    query = "Where do bananas grow?"
    assert again.compress_documents(TOWERS, query) == offline.compress_documents(TOWERS, query)


@pytest.mark.model
def test_the_token_budget_holds_for_the_merged_document(embedded):
    compressor = RecompDocumentCompressor(max_tokens=12, merge=True)
    (result,) = compressor.compress_documents(TOWERS, "Who designed the tower?")
    assert result.page_content == "It was designed by the engineer Maurice Koechlin."


@pytest.mark.model
def test_an_embedding_model_scores_as_the_same_model_by_name(embedded):
    encoder = embedded.scorer.encoder

    class Model(Embeddings):
        def embed_query(self, text):
            return encoder.encode_queries([text])[0].tolist()

        def embed_documents(self, texts):
            return encoder.encode_sentences(texts).tolist()

    by_name = RecompDocumentCompressor(top_k=9, context="title")
    by_embeddings = RecompDocumentCompressor.from_embeddings(Model(), top_k=9)
    for expected, found in zip(
        by_name.compress_documents(TOWERS, "Who designed the tower?"),
        by_embeddings.compress_documents(TOWERS, "Who designed the tower?"),
        strict=True,
    ):
        scores = expected.metadata["recomp"]["scores"]
        assert found.metadata["recomp"]["scores"] == pytest.approx(scores, abs=1e-5)
