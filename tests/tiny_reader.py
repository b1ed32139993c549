"""Extractive question-answering models of a few thousand weights, one token a character."""

from __future__ import annotations

import functools
from typing import Any

POSITIONS = 64
_CHARACTERS = [chr(n) for n in range(33, 127)] + ["é", "塔", "埃", "菲", "尔"]


@functools.cache
def tokenizer() -> Any:
    """WordPiece over single characters, so that offsets can be counted by hand."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    pieces += [mark + c for mark in ("", "##") for c in _CHARACTERS]
    raw = Tokenizer(
        models.WordPiece({piece: n for n, piece in enumerate(pieces)}, unk_token="[UNK]")
    )
    raw.normalizer = normalizers.BertNormalizer(lowercase=True, strip_accents=False)
    raw.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    raw.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )  # fmt: skip
    return PreTrainedTokenizerFast(
        tokenizer_object=raw, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]",
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    )  # fmt: skip


@functools.cache
def bert() -> Any:
    """A BERT with random weights, far enough apart that every span has a score of its own."""
    import torch
    from transformers import BertConfig, BertForQuestionAnswering

    state = torch.random.get_rng_state()
    torch.manual_seed(3)
    config = BertConfig(
        vocab_size=len(tokenizer()), hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=48, max_position_embeddings=POSITIONS, initializer_range=0.6,
    )  # fmt: skip
    model = BertForQuestionAnswering(config).eval()
    torch.random.set_rng_state(state)
    return model


def brackets() -> Any:
    """A model with an opinion: the answer stands between "(" and ")", both included; "no answer"
    lies between a whole pair and half of one.
    """
    from types import SimpleNamespace

    import torch

    class Brackets(torch.nn.Module):
        config = SimpleNamespace(max_position_embeddings=POSITIONS)
        device = torch.device("cpu")

        def __init__(self) -> None:
            super().__init__()
            self.shapes: list[tuple[int, ...]] = []

        def forward(self, input_ids: Any, **_: Any) -> Any:
            self.shapes.append(tuple(input_ids.shape))
            first = (input_ids == tokenizer().cls_token_id).float()
            opens, closes = (
                sum(
                    (input_ids == n).float()
                    for n in tokenizer().convert_tokens_to_ids([bracket, "##" + bracket])
                )
                for bracket in "()"
            )
            return SimpleNamespace(
                start_logits=10 * opens + 7 * first, end_logits=10 * closes + 7 * first
            )

    return Brackets()
