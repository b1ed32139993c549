"""With keep_empty, documents stay in their places, so that numbers of citations stay true."""

import asyncio

import pytest
from conftest import needs, shared_words

from recomp_core import ExtractiveCompressor, Threshold

TEXTS = ["Rain is wet. Sun is hot.", "Bob built the tower. Paint peels.", "Grass grows."]


@pytest.fixture
def core():
    return ExtractiveCompressor(shared_words, selector=Threshold(2))


@needs("langchain_core", "langchain")
def test_langchain(core):
    from langchain_core.documents import Document

    from langchain_recomp import RecompDocumentCompressor

    documents = [Document(text, id=str(n), metadata={"n": n}) for n, text in enumerate(TEXTS)]
    adapter = RecompDocumentCompressor(compressor=core, keep_empty=True)
    for result in (
        adapter.compress_documents(documents, "Bob built"),
        asyncio.run(adapter.acompress_documents(documents, "Bob built")),
    ):
        assert [d.page_content for d in result] == ["", "Bob built the tower.", ""]
        assert [d.metadata["recomp"]["index"] for d in result] == [0, 1, 2]
        assert [(d.id, d.metadata["n"]) for d in result] == [("0", 0), ("1", 1), ("2", 2)]
        assert result[0].metadata["recomp"]["spans"] == []
        assert "relevance_score" not in result[0].metadata
    nothing = adapter.compress_documents(documents, "zebra lion")
    assert [d.page_content for d in nothing] == ["", "", ""]
    assert nothing[0].metadata["recomp"]["outcome"] == "nothing_relevant"
    assert adapter.compress_documents([], "zebra") == []
    assert [d.page_content for d in documents] == TEXTS
    without = RecompDocumentCompressor(compressor=core)
    assert len(without.compress_documents(documents, "Bob built")) == 1
    assert without.compress_documents(documents, "zebra lion") == []
    merged = RecompDocumentCompressor(compressor=core, keep_empty=True, merge=True)
    assert len(merged.compress_documents(documents, "Bob built")) == 1
    flat = RecompDocumentCompressor(compressor=core, keep_empty=True, flat_metadata=True)
    assert flat.compress_documents(documents, "Bob built")[0].metadata["recomp_spans"] == "[]"


@needs("llama_index", "llamaindex")
def test_llamaindex(core):
    from llama_index.core.schema import NodeWithScore, TextNode

    from llamaindex_recomp import RecompNodePostprocessor

    def nodes():
        return [
            NodeWithScore(node=TextNode(text=text, id_=str(n)), score=0.9 - n / 10)
            for n, text in enumerate(TEXTS)
        ]

    for on_empty, empty in (("empty_node", ""), ("drop", ""), ("placeholder", "(none)")):
        adapter = RecompNodePostprocessor(
            compressor=core, keep_empty=True, on_empty=on_empty, placeholder="(none)"
        )
        result = adapter.postprocess_nodes(nodes(), query_str="Bob built")
        assert [n.node.get_content() for n in result] == [empty, "Bob built the tower.", empty]
        assert [n.node.node_id for n in result] == ["0", "1", "2"]
        assert [n.score for n in result] == [n.score for n in nodes()]
        assert [n.node.metadata["recomp"]["index"] for n in result] == [0, 1, 2]
        nothing = adapter.postprocess_nodes(nodes(), query_str="zebra lion")
        assert [n.node.get_content() for n in nothing] == [empty] * 3
    without = RecompNodePostprocessor(compressor=core)
    assert len(without.postprocess_nodes(nodes(), query_str="Bob built")) == 1


@needs("llama_index", "llamaindex")
def test_numbers_of_citations_stay_true(core):
    from llama_index.core.llms import MockLLM
    from llama_index.core.query_engine import CitationQueryEngine
    from llama_index.core.retrievers import BaseRetriever
    from llama_index.core.schema import NodeWithScore, TextNode

    from llamaindex_recomp import RecompNodePostprocessor

    class Retriever(BaseRetriever):
        def _retrieve(self, query_bundle):
            return [NodeWithScore(node=TextNode(text=text), score=0.5) for text in TEXTS]

    adapter = RecompNodePostprocessor(
        compressor=core, keep_empty=True, on_empty="placeholder", placeholder="(nothing)"
    )
    engine = CitationQueryEngine(
        retriever=Retriever(), llm=MockLLM(), node_postprocessors=[adapter]
    )
    sources = [n.node.get_content() for n in engine.query("Bob built").source_nodes]
    assert len(sources) == 3
    assert sources[1].startswith("Source 2:")
    assert "Bob built the tower." in sources[1]
