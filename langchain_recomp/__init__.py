"""RECOMP for LangChain: compress retrieved documents before they reach the prompt.

    from langchain_recomp import RecompDocumentCompressor, RecompRetriever

    compressor = RecompDocumentCompressor(top_k=3)      # the bundled encoder, offline
    retriever = RecompRetriever(base_retriever=vectorstore.as_retriever(), compressor=compressor)
    retriever.invoke("who built the tower?")            # [] when nothing retrieved helps

In a chain of your own: `compressor.as_runnable()` takes `{"documents": [...], "query": "..."}` and
gives documents, `compressor.as_text_runnable()` the text, also streamed. A chat model that writes a
summary: `RecompDocumentCompressor.from_chat_model(chat_model)`. In an agent:
`langchain_recomp.agents.RecompMiddleware`.
"""

try:
    import langchain_core  # noqa: F401
except ImportError as error:
    message = 'langchain_recomp needs langchain-core: pip install "recomp[langchain]"'
    raise ImportError(message) from error

from .chat_model import summarizer_from_chat_model, teacher_from_chat_model
from .compressor import RecompDocumentCompressor
from .embeddings import EmbeddingsEncoder
from .ingest import RecompDocumentIndexer
from .recovery import dropped_tool
from .retriever import RecompRetriever

__all__ = [
    "EmbeddingsEncoder",
    "RecompDocumentCompressor",
    "RecompDocumentIndexer",
    "RecompRetriever",
    "dropped_tool",
    "summarizer_from_chat_model",
    "teacher_from_chat_model",
]
