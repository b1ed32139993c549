"""Retrieval-augmented generation with LlamaIndex, compressed: `python examples/llamaindex_rag.py`.

An index, RECOMP as the query engine's postprocessor, a model. The embeddings are those of the
bundled encoder and the model answers with its prompt, so that it runs offline and shows what a
model would read; put yours in their place. Needs the extras `offline` and `llamaindex`.
"""

from typing import Any

from llama_index.core import Document, VectorStoreIndex
from llama_index.core.embeddings import BaseEmbedding
from llama_index.core.llms import MockLLM
from pydantic import PrivateAttr

from llamaindex_recomp import RecompNodePostprocessor
from recomp_core import load_compressor
from recomp_core.data.examples import lighthouse

QUESTION, DOCUMENTS = lighthouse()


class BundledEmbedding(BaseEmbedding):
    """The bundled encoder as LlamaIndex's embedding; any other would do."""

    _encoder: Any = PrivateAttr(default_factory=lambda: load_compressor().scorer.encoder)

    def _get_text_embedding(self, text):
        return self._encoder.encode_sentences([text])[0].tolist()

    def _get_query_embedding(self, query):
        return self._encoder.encode_queries([query])[0].tolist()

    async def _aget_query_embedding(self, query):
        return self._get_query_embedding(query)


def main() -> None:
    """Index, ask, and show what the model reads."""
    index = VectorStoreIndex.from_documents(
        [Document(text=d.text, metadata={"title": d.title}) for d in DOCUMENTS],
        embed_model=BundledEmbedding(),
    )
    engine = index.as_query_engine(
        llm=MockLLM(),
        similarity_top_k=4,
        node_postprocessors=[RecompNodePostprocessor(top_k=2)],
    )
    print(engine.query(QUESTION))


if __name__ == "__main__":
    main()
