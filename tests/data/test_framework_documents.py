"""Documents of LangChain and LlamaIndex, as their users write them into JSON."""

import json

import pytest
from conftest import needs

from recomp_core.data.question import document_of, holds_document
from recomp_core.data.records import CompressWorker
from recomp_core.extractive.compressor import ExtractiveCompressor
from recomp_core.types import Document


@needs("langchain_core", "langchain")
def test_a_document_of_langchain():
    from langchain_core.documents import Document as Theirs
    from langchain_core.load import dumps

    theirs = Theirs(page_content="Ada built it.", metadata={"title": "Tower", "page": 3}, id="7")
    expected = Document(
        "Ada built it.", title="Tower", id="7", metadata={"title": "Tower", "page": 3}
    )
    assert document_of(json.loads(theirs.model_dump_json())) == expected
    assert document_of(json.loads(dumps(theirs))) == expected


@needs("llama_index.core", "llamaindex")
def test_a_node_of_llamaindex():
    from llama_index.core.schema import Document as TheirDocument
    from llama_index.core.schema import NodeWithScore, TextNode

    node = TextNode(text="Ada built it.", id_="7", metadata={"title": "Tower"}, embedding=[0.5])
    expected = Document("Ada built it.", title="Tower", id="7", metadata={"title": "Tower"})
    for written in (node.to_dict(), NodeWithScore(node=node, score=0.5).to_dict()):
        assert document_of(json.loads(json.dumps(written))) == expected
    theirs = TheirDocument(text="Ada built it.", id_="7", metadata={"title": "Tower"})
    assert document_of(json.loads(json.dumps(theirs.to_dict()))) == expected


def test_our_own_form_stays_as_it_is():
    own = {"text": "Ada.", "title": "T", "id": 7, "metadata": {"title": "M"}, "class": "x"}
    expected = Document("Ada.", title="T", id="7", metadata={"title": "M", "class": "x"})
    assert document_of(own) == expected
    assert holds_document(own)
    assert not holds_document({"level": "info", "message": "started"})


@pytest.mark.parametrize("data", [{"node": 3}, {"page": "x"}, {"lc": 1, "kwargs": {}}, {}])
def test_what_is_no_document(data):
    with pytest.raises(ValueError, match="needs"):
        document_of(data)


def test_the_nodes_of_a_record():
    worker = CompressWorker(ExtractiveCompressor(lambda query, texts: [len(t) for t in texts]))
    nodes = [{"node": {"id_": "a", "text": "Ada built the tower. Tea."}, "score": 0.1}]
    (done,) = worker([{"line": 1, "digest": "", "record": {"question": "Who?", "nodes": nodes}}])
    assert done["content"]["outcome"] == "unchanged"
    assert "nodes" not in done["content"]
