"""A LangChain embedding model as the encoder of an extractive compressor."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from langchain_core.embeddings import Embeddings

from recomp_core.integration import named_model, replace_surrogates


class EmbeddingsEncoder:
    """Wraps a LangChain `Embeddings` as a `recomp_core.protocols.Encoder`.

    Args:
        embeddings: The model.

    Raises:
        TypeError: It is no `Embeddings`.
        ValueError: At a call: the model gives too few vectors, too many, or vectors of different
            lengths.
    """

    def __init__(self, embeddings: Embeddings) -> None:
        if not isinstance(embeddings, Embeddings):
            raise TypeError(f"embeddings must be a LangChain Embeddings, got {embeddings!r}")
        self.embeddings = embeddings

    @property
    def identity(self) -> list[str] | None:
        """The key of the model's vectors in a store; None for a model without a name."""
        return named_model(self.embeddings)

    def encode_queries(self, queries: Sequence[str]) -> np.ndarray:
        """Encode queries by `embed_query`.

        Args:
            queries: The texts.

        Returns:
            A float array of shape (n_queries, dim).
        """
        return self._matrix(
            [self.embeddings.embed_query(replace_surrogates(query)) for query in queries], queries
        )

    def encode_sentences(self, sentences: Sequence[str]) -> np.ndarray:
        """Encode sentences by `embed_documents`.

        Args:
            sentences: The texts.

        Returns:
            A float array of shape (n_sentences, dim).
        """
        return self._matrix(
            self.embeddings.embed_documents([replace_surrogates(text) for text in sentences]),
            sentences,
        )

    def _matrix(self, vectors: Sequence[Sequence[float]], texts: Sequence[str]) -> np.ndarray:
        lengths = sorted({len(vector) for vector in vectors})
        if len(vectors) != len(texts) or len(lengths) > 1:
            raise ValueError(
                f"{type(self.embeddings).__name__} gave {len(vectors)} vectors of length "
                f"{', '.join(map(str, lengths))} for {len(texts)} texts: one vector per text is "
                "needed, all of one length"
            )
        return np.asarray(vectors, dtype=np.float32).reshape(len(texts), -1)
