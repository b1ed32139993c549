"""A GGUF file of a causal language model of a few thousand weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tiny_causal

# What the format calls the tensors of a Llama, by the ends of their names in transformers.
_OF_MODEL = {
    "model.embed_tokens.weight": "token_embd.weight",
    "model.norm.weight": "output_norm.weight",
    "lm_head.weight": "output.weight",
}
_OF_LAYER = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def save_gguf(file: Path, chat_template: str | None = None) -> Path:
    """Write the model "llama" of `tiny_causal`, with its byte-level tokenizer.

    Args:
        file: Where to write.
        chat_template: The template that the file brings along.

    Returns:
        The file.
    """
    from gguf import GGUFWriter

    model, tokenizer = tiny_causal.model("llama"), tiny_causal.tokenizer("byte-level")
    config = model.config
    writer = GGUFWriter(str(file), "llama")
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(10_000.0)
    writer.add_rope_dimension_count(config.hidden_size // config.num_attention_heads)
    writer.add_vocab_size(config.vocab_size)
    _add_tokenizer(writer, tokenizer)
    if chat_template is not None:
        writer.add_chat_template(chat_template)
    for name, tensor in model.state_dict().items():
        array = tensor.float().numpy()
        if name.endswith(("q_proj.weight", "k_proj.weight")):
            heads = config.num_attention_heads
            array = _interleaved(array, config.num_key_value_heads if "k_proj" in name else heads)
        writer.add_tensor(_name_of(name), array)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file


def _add_tokenizer(writer: Any, tokenizer: Any) -> None:
    import json

    model = json.loads(tokenizer.backend_tokenizer.to_str())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].__getitem__)
    special = set(tokenizer.all_special_tokens)
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(tokens)
    writer.add_token_types([3 if token in special else 1 for token in tokens])
    writer.add_token_merges([" ".join(merge) for merge in model["merges"]])
    writer.add_bos_token_id(tokenizer.bos_token_id)
    writer.add_eos_token_id(tokenizer.eos_token_id)
    writer.add_unk_token_id(tokenizer.unk_token_id)


def _name_of(name: str) -> str:
    if name in _OF_MODEL:
        return _OF_MODEL[name]
    _, _, number, part = name.split(".", 3)
    return f"blk.{number}.{_OF_LAYER[part.removesuffix('.weight')]}.weight"


def _interleaved(weights: Any, n_heads: int) -> Any:
    """The rows of each head in the order of llama.cpp, which rotates neighbours."""
    rows, width = weights.shape
    return (
        weights.reshape(n_heads, 2, rows // n_heads // 2, width).swapaxes(1, 2).reshape(rows, width)
    )
