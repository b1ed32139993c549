"""Sentence-transformers folders around a BERT of a few thousand weights, in every make we read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tiny_bert import save_contriever_style

TEXTS = [
    "the tower was built by bob.",
    "",
    "   bananas  are\n\nyellow. ",
    "who was in paris?",
    "bob " * 50,
    "\ud800 the [SEP] tower ## 's [MASK] \u0301 BÖB \x00 塔",
    ".",
]


def save_encoder(
    folder: Path,
    *,
    pooling: str = "mean",
    dense: str | None = None,
    normalize: bool = False,
    max_seq_length: int | None = None,
    similarity_fn_name: str | None = None,
    prompts: dict[str, str] | None = None,
    seed: int = 0,
) -> Path:
    """A model saved by sentence-transformers itself.

    dense: the name of the activation in `torch.nn` of a dense layer from 16 to 6.
    """
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import (
        Dense,
        Normalize,
        Pooling,
        Transformer,
    )

    save_contriever_style(folder / "base", seed=seed)
    transformer = Transformer(str(folder / "base"))
    modules: list[Any] = [transformer, Pooling(transformer.get_embedding_dimension(), pooling)]
    if dense is not None:
        torch.manual_seed(seed + 1)
        modules.append(Dense(16, 6, activation_function=getattr(torch.nn, dense)()))
    if normalize:
        modules.append(Normalize())
    model = SentenceTransformer(
        modules=modules, device="cpu", prompts=prompts, similarity_fn_name=similarity_fn_name
    )
    if max_seq_length is not None:
        model.max_seq_length = max_seq_length
    model.save_pretrained(str(folder / "model"))
    return folder / "model"
