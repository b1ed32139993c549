"""Other settings for a call or a copy, and settings that are written down, with LangChain."""

import inspect
import json
import math
from datetime import date

import pytest
from conftest import shared_words

pytest.importorskip("langchain_core", reason='needs pip install "recomp[langchain]"')

from langchain_core.documents import Document
from langchain_core.load import dumpd, dumps, loads
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import (
    ConfigurableField,
    RunnableLambda,
    RunnableParallel,
    RunnablePassthrough,
)
from pydantic import ValidationError

from langchain_recomp import RecompDocumentCompressor, RecompRetriever
from recomp_core import AbstractiveCompressor, ExtractiveCompressor, LLMSummarizer, TopK

pytestmark = pytest.mark.filterwarnings("ignore:The function `loads` is in beta")

QUERY = "who built the tower"
TEXTS = [
    "The tower is tall. Gustave built the tower. It opened in 1889.",
    "Bread is baked. The tower was built there.",
]


def core(**settings):
    settings = {"selector": TopK(3), "lexical_weight": 0.0, **settings}
    return ExtractiveCompressor(shared_words, **settings)


def adapter(**behaviour):
    return RecompDocumentCompressor(compressor=core(), **behaviour)


def documents(**metadata):
    return [Document(text, metadata=dict(metadata)) for text in TEXTS]


def sentences(found):
    return sum(len(document.metadata["recomp"]["spans"]) for document in found)


class Found(BaseRetriever):
    def _get_relevant_documents(self, query, *, run_manager):
        return documents()


# Limits for a call


async def test_limits_of_a_call():
    part = adapter().as_runnable().configurable_fields(top_k=ConfigurableField(id="top_k"))
    given = {"documents": documents(), "query": QUERY}
    one = {"configurable": {"top_k": 1}}
    assert sentences(part.invoke(given)) == 3
    assert sentences(part.invoke(given, one)) == 1
    assert sentences(await part.ainvoke(given, one)) == 1
    assert [sentences(found) for found in part.batch([given] * 2, [{}, one])] == [3, 1]
    assert [sentences(found) for found in await part.abatch([given] * 2, one)] == [1, 1]


def test_limits_of_a_text():
    part = adapter().as_text_runnable().configurable_fields(top_k=ConfigurableField(id="k"))
    given = {"documents": documents(), "query": QUERY}
    text = part.invoke(given, {"configurable": {"k": 1}})
    assert text == "Gustave built the tower."
    assert "".join(part.stream(given, {"configurable": {"k": 1}})) == text


async def test_limits_of_a_call_of_the_retriever():
    retriever = RecompRetriever(base_retriever=Found(), compressor=adapter())
    per_call = retriever.configurable_fields(
        top_k=ConfigurableField(id="top_k"), min_score=ConfigurableField(id="min_score")
    )
    assert sentences(per_call.invoke(QUERY)) == 3
    assert sentences(per_call.invoke(QUERY, config={"configurable": {"top_k": 1}})) == 1
    assert sentences(await per_call.ainvoke(QUERY, {"configurable": {"top_k": 1}})) == 1
    assert per_call.invoke(QUERY, {"configurable": {"min_score": 99.0}}) == []
    chain = per_call | RunnableLambda(sentences)
    assert chain.invoke(QUERY, {"configurable": {"top_k": 2}}) == 2


def test_the_retrievers_parts_can_be_replaced():
    retriever = RecompRetriever(base_retriever=Found(), compressor=adapter())
    retriever.compressor = RecompDocumentCompressor(compressor=core(selector=TopK(1)))
    assert sentences(retriever.invoke(QUERY)) == 1


@pytest.mark.parametrize("value", [0, -1, "many", 1.5])
def test_limits_that_cannot_work(value):
    part = adapter().as_runnable().configurable_fields(top_k=ConfigurableField(id="top_k"))
    given = {"documents": documents(), "query": QUERY}
    with pytest.raises(ValueError, match=r"(?i)top_?k"):
        part.invoke(given, {"configurable": {"top_k": value}})


def test_the_retriever_has_limits_for_our_compressor_alone():
    from langchain_core.documents import BaseDocumentCompressor

    class Other(BaseDocumentCompressor):
        def compress_documents(self, documents, query, callbacks=None):
            return documents

    assert RecompRetriever(base_retriever=Found(), compressor=Other()).invoke(QUERY)
    with pytest.raises(ValidationError, match="top_k: not for Other"):
        RecompRetriever(base_retriever=Found(), compressor=Other(), top_k=1)


def test_limits_are_for_compressors_that_keep_sentences():
    writer = AbstractiveCompressor(LLMSummarizer(lambda prompts: ["Yes."] * len(prompts)))
    compressor = RecompDocumentCompressor(compressor=writer)
    with pytest.raises(ValueError, match="top_k: not for AbstractiveCompressor"):
        compressor.model_copy(update={"top_k": 1})


# Pipes


async def test_in_a_pipe():
    found = {"documents": Found(), "query": RunnablePassthrough()}
    chain = RunnableParallel(found) | adapter()
    assert sentences(chain.invoke(QUERY)) == 3
    assert sentences(await chain.ainvoke(QUERY)) == 3


def test_a_pipe_that_loses_the_question_says_so():
    chain = Found() | adapter()
    with pytest.raises(TypeError, match=r"without the question: give RecompRetriever\("):
        chain.invoke(QUERY)


# Copies


def test_a_copy_with_other_limits_shares_the_model():
    compressor = adapter()
    copy = compressor.model_copy(update={"top_k": 1, "merge": True})
    assert copy.compressor.scorer is compressor.compressor.scorer
    assert (copy.top_k, copy.merge) == (1, True)
    assert (compressor.top_k, compressor.merge) == (None, False)
    (merged,) = copy.compress_documents(documents(), QUERY)
    assert merged.page_content == "Gustave built the tower."
    assert sentences(compressor.compress_documents(documents(), QUERY)) == 3


def test_a_copy_with_other_results_shares_the_compressor():
    compressor = adapter()
    assert compressor.copy(update={"timeout_s": 5.0}).timeout_s == 5.0
    for copy in (compressor.model_copy(), compressor.model_copy(update={"timeout_s": 5.0})):
        assert type(copy) is RecompDocumentCompressor
        assert copy.compressor is compressor.compressor
    assert compressor.model_copy(update={"timeout_s": 5.0}).timeout_s == 5.0


def test_a_copy_of_a_copy():
    copy = adapter(metadata_key="mine").model_copy(update={"top_k": 2})
    again = copy.model_copy(update={"min_score": 2.5})
    assert (again.top_k, again.min_score, again.metadata_key) == (2, 2.5, "mine")
    assert again.compress_documents(documents(), QUERY)


def test_a_copy_with_another_compressor():
    other = core(selector=TopK(1))
    copy = adapter(merge=True).model_copy(update={"compressor": other})
    assert copy.compressor is other
    assert copy.merge


@pytest.mark.parametrize(
    ("update", "says"),
    [
        ({"topk": 1}, "has no setting 'topk'"),
        ({"merge": "perhaps"}, "merge"),
        ({"on_error": "ignore"}, "'raise' or 'passthrough'"),
        ({"model": "another"}, "model: a setting of the compressor that was given"),
        ({"context": "title", "top_k": 1}, "context: a setting of the compressor"),
        ({"top_k": 0}, "top_k|TopK"),
    ],
)
def test_copies_that_cannot_work(update, says):
    with pytest.raises(ValueError, match=says):
        adapter().model_copy(update=update)


def test_a_copy_of_the_retriever_is_checked():
    retriever = RecompRetriever(base_retriever=Found(), compressor=adapter(), tags=["t"])
    copy = retriever.model_copy(update={"top_k": 1})
    assert sentences(copy.invoke(QUERY)) == 1
    assert copy.tags == ["t"]
    with pytest.raises(ValidationError, match="topk"):
        retriever.model_copy(update={"topk": 1})


# Written down


def loaded(text):
    allowed = {"allowed_objects": [RecompDocumentCompressor, RecompRetriever]}
    if "allowed_objects" not in inspect.signature(loads).parameters:  # older langchain-core
        allowed = {}
    return loads(text, valid_namespaces=["langchain_recomp"], **allowed)


def test_a_compressor_that_was_given_is_not_written_down():
    assert dumpd(adapter())["type"] == "not_implemented"
    with pytest.raises(NotImplementedError, match="doesn't implement serialization"):
        loaded(dumps(adapter()))


def test_a_retriever_is_written_down_only_with_both_parts():
    retriever = RecompRetriever(base_retriever=Found(), compressor=adapter())
    with pytest.raises(NotImplementedError, match="doesn't implement serialization"):
        loaded(dumps(retriever))


@pytest.mark.model
def test_settings_are_written_down(embedded):
    compressor = RecompDocumentCompressor(top_k=1, merge=True)
    text = dumps(compressor)
    assert json.loads(text)["kwargs"].items() >= {"top_k": 1, "merge": True}.items()
    again = loaded(text)
    assert again.model_dump() == compressor.model_dump()
    assert again.compress_documents(documents(), QUERY) == compressor.compress_documents(
        documents(), QUERY
    )
    copy = compressor.model_copy(update={"context": "sentence"})  # is loaded anew
    assert copy.compressor.scorer.context == "sentence"
    assert copy.top_k == 1
    limited = compressor.model_copy(update={"top_k": None, "max_tokens": 8})
    assert limited.compressor.scorer is compressor.compressor.scorer
    assert limited.compress_documents(documents(), QUERY)
    assert json.loads(dumps(limited))["kwargs"]["max_tokens"] == 8


# Metadata


@pytest.mark.parametrize("merge", [False, True])
def test_flat_metadata(merge):
    compressor = adapter(flat_metadata=True, merge=merge)
    for document in compressor.compress_documents(documents(page=3), QUERY):
        assert all(isinstance(value, (str, int, float)) for value in document.metadata.values())
        assert document.metadata["recomp_outcome"] == "compressed"
        assert document.metadata["page"] == 3
    if merge:
        sources = json.loads(document.metadata["recomp_sources"])
        assert [source["index"] for source in sources] == [0, 1]
    else:
        assert document.metadata["recomp_index"] == 1
        assert json.loads(document.metadata["recomp_spans"]) == [[16, 42]]


def test_flat_metadata_is_json_whatever_the_documents_have():
    compressor = adapter(flat_metadata=True, merge=True)
    (document,) = compressor.compress_documents(
        documents(long=10**5_000, score=math.inf, day=date(1998, 3, 3)), QUERY
    )
    for source in json.loads(document.metadata["recomp_sources"], parse_constant=pytest.fail):
        assert source["metadata"] == {
            "long": hex(10**5_000), "score": None, "day": "1998-03-03"
        }  # fmt: skip


def test_flat_metadata_of_what_failed():
    def broken(query, sentences):
        raise RuntimeError("no")

    compressor = RecompDocumentCompressor(
        compressor=core_of(broken), flat_metadata=True, on_error="passthrough"
    )
    (first, _) = compressor.compress_documents(documents(), QUERY)
    assert first.metadata == {"recomp_outcome": "failed", "recomp_reason": "RuntimeError: no"}


def core_of(scorer):
    return ExtractiveCompressor(scorer, selector=TopK(1))


def test_flat_metadata_with_a_key_of_ones_own():
    compressor = adapter(flat_metadata=True, metadata_key="kept")
    (first, _) = compressor.compress_documents(documents(), QUERY)
    assert {name for name in first.metadata if name.startswith("kept_")} >= {
        "kept_outcome",
        "kept_index",
        "kept_spans",
        "kept_scores",
    }


def test_where_merged_documents_come_from():
    merged = adapter(merge=True)
    (found,) = merged.compress_documents(documents(source="a.pdf", page=3, other=1), QUERY)
    assert found.metadata["source"] == "a.pdf"
    assert found.metadata["page"] == 3
    assert "other" not in found.metadata
    given = documents(source="a.pdf", page=3)
    given[1].metadata["page"] = 4
    (found,) = merged.compress_documents(given, QUERY)
    assert found.metadata["source"] == "a.pdf"
    assert "page" not in found.metadata
    del given[1].metadata["source"]
    assert "source" not in merged.compress_documents(given, QUERY)[0].metadata


def test_where_a_summary_comes_from():
    writer = AbstractiveCompressor(LLMSummarizer(lambda prompts: ["Yes."] * len(prompts)))
    compressor = RecompDocumentCompressor(compressor=writer)
    (found,) = compressor.compress_documents(documents(source="a.pdf"), QUERY)
    assert found.metadata["source"] == "a.pdf"


@pytest.mark.model
def test_how_replies_are_read_is_written_down(tmp_path):
    import tiny_causal

    place = tiny_causal.save_checkpoint(tmp_path)
    reading = {"empty_word": "NIX", "detect_refusals": False}
    made = RecompDocumentCompressor(model=place, device="cpu", **reading)
    again = loaded(dumps(made))
    other = made.model_copy(update={"detect_refusals": True})
    for compressor, detects in ((made, False), (again, False), (other, True)):
        asked = compressor.compressor.summarizer
        assert (asked.empty_word, asked.detect_refusals) == ("NIX", detects)
