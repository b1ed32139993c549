"""A LlamaIndex embedding model as the encoder of sentences."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from llama_index.core.base.embeddings.base import BaseEmbedding

from recomp_core.integration import named_model


class EmbeddingEncoder:
    """Wraps a LlamaIndex embedding model as a `recomp_core.protocols.Encoder`.

    The model's own batch size, cache and rate limit apply.

    Args:
        embed_model: The model.

    Raises:
        TypeError: It is no embedding model of LlamaIndex.
    """

    def __init__(self, embed_model: BaseEmbedding) -> None:
        if not isinstance(embed_model, BaseEmbedding):
            raise TypeError(
                f"embed_model must be a LlamaIndex embedding model, got {embed_model!r}: give "
                "Settings.embed_model, or what resolve_embed_model returns"
            )
        self.embed_model = embed_model

    @property
    def identity(self) -> list[str] | None:
        """The key of the model's vectors in a store; None for a model without a name."""
        return named_model(self.embed_model)

    def encode_queries(self, queries: Sequence[str]) -> np.ndarray:
        """Encode queries.

        Args:
            queries: The texts.

        Returns:
            A float array of shape (n_queries, dim).
        """
        vectors = [self.embed_model.get_query_embedding(query) for query in queries]
        return np.asarray(vectors, dtype=np.float32)

    def encode_sentences(self, sentences: Sequence[str]) -> np.ndarray:
        """Encode sentences.

        Args:
            sentences: The texts.

        Returns:
            A float array of shape (n_sentences, dim).
        """
        vectors = self.embed_model.get_text_embedding_batch(list(sentences))
        return np.asarray(vectors, dtype=np.float32)
