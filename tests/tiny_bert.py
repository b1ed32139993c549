"""A BERT of a few thousand weights with a real tokenizer, saved in the layouts that we must load."""

from __future__ import annotations

from pathlib import Path

VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "tower", "was", "built", "by",
              "bob", "in", "paris", "bananas", "are", "yellow", "who", ".", "?", ":", "query", "s", "##s"]  # fmt: skip


def save_contriever_style(folder: Path, *, safetensors: bool = True, seed: int = 0) -> Path:
    """A plain transformers folder without `modules.json`, as the published RECOMP encoders are."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n", encoding="utf-8")
    tokenizer = BertTokenizerFast.from_pretrained(folder)
    tokenizer.model_max_length = 32
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=len(VOCABULARY), hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=32,
    )  # fmt: skip
    model = BertModel(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3)  # far enough apart that a wrong vector shows
    tokenizer.save_pretrained(folder)
    model.save_pretrained(folder)
    if not safetensors:
        (folder / "model.safetensors").unlink()
        torch.save(model.state_dict(), folder / "pytorch_model.bin")
    return folder


def masked_means(folder: Path, texts: list[str]):
    """What Contriever's authors compute, by hand: the mean of token vectors over the mask."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
    batch = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
    with torch.inference_mode():
        tokens = model(**batch).last_hidden_state
    mask = batch["attention_mask"][..., None]
    return ((tokens * mask).sum(1) / mask.sum(1)).numpy()
