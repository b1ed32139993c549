"""Causal language models of a few thousand weights, with tokenizers that differ in their habits."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

TEXTS = [
    "Question: who built the tower?\nAnswer: Ada Reyes",
    "The lighthouse of Málaga was painted by gulls in 1889.",
    "Question: when did the tea come?\nAnswer: at four",
] * 3

TOKENIZERS = ("byte-level", "metaspace", "ends-with-eos")
MODELS = ("gpt2", "llama", "sliding")


@functools.cache
def tokenizer(habit: str) -> Any:
    """byte-level: GPT-2's, no BOS. metaspace: Llama's, a space before every text, BOS, unknown
    characters by their bytes. ends-with-eos: BOS before and EOS after every text.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    special = ["<s>", "</s>", "<unk>"]
    raw_bytes = [f"<0x{n:02X}>" for n in range(256)] if habit == "metaspace" else []
    model = models.BPE(unk_token="<unk>", byte_fallback=True) if raw_bytes else models.BPE()
    raw = Tokenizer(model)
    if raw_bytes:
        raw.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
        raw.decoder = decoders.Sequence(
            [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
        )
        alphabet = []
    else:
        raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        raw.decoder = decoders.ByteLevel()
        alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=len(special) + len(raw_bytes) + len(alphabet) + 120,
        special_tokens=[*special, *raw_bytes], initial_alphabet=alphabet, show_progress=False,
    )  # fmt: skip
    raw.train_from_iterator(TEXTS, trainer)
    if habit == "metaspace":
        raw.post_processor = processors.TemplateProcessing(
            single="<s> $A", special_tokens=[("<s>", 0)]
        )
    if habit == "ends-with-eos":
        raw.post_processor = processors.TemplateProcessing(
            single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 1)]
        )
    return PreTrainedTokenizerFast(
        tokenizer_object=raw, bos_token="<s>", eos_token="</s>", unk_token="<unk>"
    )


@functools.cache
def model(kind: str, habit: str = "byte-level") -> Any:
    """gpt2: absolute positions. llama: rotary ones. sliding: a cache that forgets."""
    import torch
    from transformers import (
        GPT2Config,
        GPT2LMHeadModel,
        LlamaConfig,
        LlamaForCausalLM,
        MistralConfig,
        MistralForCausalLM,
    )

    size = len(tokenizer(habit))
    torch.manual_seed(1)
    shape = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
             "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": size,
             "initializer_range": 0.3, "max_position_embeddings": 2048}  # fmt: skip
    if kind == "gpt2":
        found = GPT2LMHeadModel(
            GPT2Config(
                vocab_size=size,
                n_embd=32,
                n_layer=2,
                n_head=4,
                n_positions=256,
                initializer_range=0.3,
            )
        )
    elif kind == "llama":
        found = LlamaForCausalLM(LlamaConfig(**shape))
    else:
        found = MistralForCausalLM(MistralConfig(**shape, sliding_window=8))
    return found.eval()


def save_checkpoint(folder: Path) -> str:
    """A decoder-only checkpoint in a folder; without a chat template, so that prompts are plain."""
    model("llama").save_pretrained(folder)
    tokenizer("byte-level").save_pretrained(folder)
    return str(folder)


def always_replying(monkeypatch: Any, reply: str) -> None:
    """Have every decoder-only model that is loaded in torch reply the same."""
    from recomp_core.models.summarizers.causal import CausalSummarizer

    monkeypatch.setattr(CausalSummarizer, "_generate", lambda _, prompts: [[5]] * len(prompts))
    monkeypatch.setattr(CausalSummarizer, "_read", lambda *_: reply)


def ending(model: Any, after: int) -> Any:
    """A model, changed so that it ends a reply with the token 1 once it has `after` others."""
    import torch

    forward, seen = model.forward, []

    @functools.wraps(forward)  # `generate` looks at the names of its arguments
    def counted(*args: Any, **kwargs: Any) -> Any:
        output = forward(*args, **kwargs)
        if kwargs["input_ids"].shape[1] > 1:
            seen.clear()
        seen.append(1)
        output.logits[..., 1] = -torch.inf
        if len(seen) > after:
            output.logits[..., 1] = torch.finfo(output.logits.dtype).max
        return output

    model.forward = counted
    return model


def by_hand(model: Any, ids: list[int], n: int) -> float:
    """The sum of the log-probabilities of the last `n` ids, token by token, each from the start."""
    import torch

    total = 0.0
    with torch.no_grad():
        for end in range(len(ids) - n, len(ids)):
            logits = model(input_ids=torch.tensor([ids[:end]])).logits[0, -1]
            total += torch.log_softmax(logits.double(), dim=-1)[ids[end]].item()
    return total
