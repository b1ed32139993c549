"""Sentence vectors that LlamaIndex's ingestion makes are those that its queries find."""

import pytest

pytest.importorskip("llama_index.core", reason='needs pip install "recomp[llamaindex]"')

from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.schema import Document, ImageNode, MetadataMode, NodeWithScore

from llamaindex_recomp import EmbeddingEncoder, RecompNodeIndexer, RecompNodePostprocessor
from recomp_core import DualEncoderScorer, ExtractiveCompressor
from recomp_core.extractive.indexing import with_store
from recomp_core.store import SentenceStore

TEXTS = ["The tower stands. Bob built the tower.", "Bread is baked. Cats sleep."]
WORDS = ("tower", "bread", "cats", "bob")


class Counting(BaseEmbedding):
    """Counts words; `read` has the sentences that it was asked for."""

    model_name: str = "counting"
    read: list = []

    def _get_text_embedding(self, text):
        self.read.append(text)
        return self._get_query_embedding(text)

    def _get_query_embedding(self, query):
        return [float(query.lower().count(word)) for word in WORDS] + [0.01]

    async def _aget_query_embedding(self, query):
        return self._get_query_embedding(query)


def compressor(embedding, store):
    encoder = EmbeddingEncoder(embedding)
    return with_store(ExtractiveCompressor(DualEncoderScorer(encoder, context="title")), store)


@pytest.fixture
def pipeline(tmp_path):
    """An ingestion of split documents, and what its model read."""
    embedding = Counting(read=[])
    with SentenceStore(tmp_path / "store") as store:
        indexer = RecompNodeIndexer(compressor=compressor(embedding, store), batch_documents=1)
        splitter = SentenceSplitter(chunk_size=200, chunk_overlap=0)
        yield IngestionPipeline(transformations=[splitter, indexer]), embedding


@pytest.mark.parametrize("how", ["sync", "async"])
async def test_a_query_embeds_nothing_that_the_ingestion_saw(how, pipeline, tmp_path):
    pipeline, embedding = pipeline
    documents = [Document(text=text, metadata={"title": 7}) for text in TEXTS]
    if how == "sync":
        nodes = pipeline.run(documents=documents)
    else:
        nodes = await pipeline.arun(documents=documents)
    assert [node.get_content(MetadataMode.NONE) for node in nodes] == TEXTS
    assert len(embedding.read) == 4

    asked = Counting(read=[])
    pp = RecompNodePostprocessor.from_embed_model(asked, store=tmp_path / "store", top_k=1)
    found = pp.postprocess_nodes([NodeWithScore(node=n) for n in nodes], query_str="who is bob?")
    assert [n.node.get_content(MetadataMode.NONE) for n in found] == ["Bob built the tower."]
    assert asked.read == []
    pp.postprocess_nodes([NodeWithScore(node=Document(text="New."))], query_str="who is bob?")
    assert asked.read == ["New."]


def test_a_title_is_part_of_what_is_embedded_unless_none_is_wanted():
    node = Document(text="It stands.", metadata={"head": "Tower"})
    for title_key, read in (("head", ["Tower\nIt stands."]), ("title", ["It stands."])):
        embedding = Counting(read=[])
        own = compressor(embedding, SentenceStore())
        RecompNodeIndexer(compressor=own, title_key=title_key)([node])
        assert embedding.read == read


def test_nodes_pass_through_and_are_counted_and_images_are_no_text():
    embedding = Counting(read=[])
    indexer = RecompNodeIndexer(compressor=compressor(embedding, SentenceStore()))
    nodes = [Document(text=TEXTS[0]), ImageNode(text="A tower.", image_url="file:///no.png")]
    assert indexer(nodes) is nodes
    assert embedding.read == ["The tower stands.", "Bob built the tower."]
    assert (indexer.report.documents, indexer.report.sentences) == (1, 2)
    indexer(nodes)
    assert (indexer.report.documents, indexer.report.encoded) == (2, 2)


def test_it_needs_a_store():
    with pytest.raises(ValueError, match="give either store=, a folder, or compressor="):
        RecompNodeIndexer()
    without = ExtractiveCompressor(DualEncoderScorer(EmbeddingEncoder(Counting())))
    with pytest.raises(ValueError, match="has no sentence store"):
        RecompNodeIndexer(compressor=without)
