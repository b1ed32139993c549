"""Agents' tools for what compressing left out, in both frameworks."""

import asyncio

import pytest
from conftest import needs, shared_words

from recomp_core import DroppedTexts, ExtractiveCompressor, TopK

TEXT = "Bob built the tower. Paint peels."


@pytest.fixture
def core():
    return ExtractiveCompressor(shared_words, selector=TopK(1), recovery=DroppedTexts())


@needs("langchain_core", "langchain")
def test_langchain_handle_and_tool(core):
    from langchain_core.documents import Document

    from langchain_recomp import RecompDocumentCompressor, dropped_tool

    adapter = RecompDocumentCompressor(compressor=core)
    (document,) = adapter.compress_documents([Document(TEXT)], "who built the tower")
    handle = document.metadata["recomp"]["handle"]
    assert adapter.read_dropped(handle).text == "Paint peels."
    for given in (adapter, core, core.recovery):
        tool = dropped_tool(given)
        assert tool.name == "read_dropped"
        assert set(tool.args) == {"handle", "query"}
        assert "handle" in tool.args["handle"]["description"]
        assert tool.invoke({"handle": handle}) == "Paint peels."
        assert tool.invoke({"handle": handle, "query": "paint"}) == "Paint peels."
        assert asyncio.run(tool.ainvoke({"handle": handle})) == "Paint peels."
        assert "nothing is kept" in tool.invoke({"handle": "no-such"})
    merged = RecompDocumentCompressor(compressor=core, merge=True)
    (document,) = merged.compress_documents([Document(TEXT)], "who built the tower")
    assert adapter.read_dropped(document.metadata["recomp"]["handle"]).found


@needs("llama_index", "llamaindex")
def test_llamaindex_handle_and_tool(core):
    from llama_index.core.schema import NodeWithScore, TextNode

    from llamaindex_recomp import RecompNodePostprocessor, dropped_tool

    for timeout_s in (None, 30.0):
        adapter = RecompNodePostprocessor(compressor=core, timeout_s=timeout_s)
        nodes = [NodeWithScore(node=TextNode(text=TEXT))]
        (node,) = adapter.postprocess_nodes(nodes, query_str="who built the tower")
        handle = node.node.metadata["recomp"]["handle"]
        assert adapter.read_dropped(handle).text == "Paint peels."
        tool = dropped_tool(adapter)
        assert tool.metadata.name == "read_dropped"
        assert set(tool.metadata.get_parameters_dict()["properties"]) == {"handle", "query"}
        assert tool.call(handle=handle).content == "Paint peels."
        assert asyncio.run(tool.acall(handle=handle, query="paint")).content == "Paint peels."
        assert "nothing is kept" in tool.call(handle="no-such").content


@pytest.mark.parametrize(
    "module",
    [
        pytest.param("langchain_recomp", marks=needs("langchain_core", "langchain")),
        pytest.param("llamaindex_recomp", marks=needs("llama_index", "llamaindex")),
    ],
)
def test_a_tool_for_nothing_is_refused(module, core):
    import importlib

    dropped_tool = importlib.import_module(module).dropped_tool
    with pytest.raises(ValueError, match="recovery=DroppedTexts"):
        dropped_tool(ExtractiveCompressor(shared_words))
    with pytest.raises(TypeError, match="no read_dropped"):
        dropped_tool(object())
    with pytest.raises(ValueError, match="max_tokens"):
        dropped_tool(core, max_tokens=0)


@pytest.mark.model
@needs("langchain_core", "langchain")
def test_the_setting_of_an_adapter(embedded):
    from langchain_core.documents import Document

    from langchain_recomp import RecompDocumentCompressor

    adapter = RecompDocumentCompressor(top_k=1, recovery=100_000)
    (document,) = adapter.compress_documents([Document(TEXT)], "Who built the tower?")
    found = adapter.read_dropped(document.metadata["recomp"]["handle"], "Why repaint it?")
    assert found.text == "Paint peels."
