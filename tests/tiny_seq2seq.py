"""Encoder-decoder checkpoints of a few thousand weights that have learned to copy, in seconds.

What they have learned: a summary is the document's names (see `NAMES`), in alphabetical order, and
nothing where no name occurs. Their tokenizers are real ones: sentencepiece's unigram model, a
byte-level BPE, WordPiece.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import random
import shutil
import tempfile
from pathlib import Path
from typing import Any

from recomp_core.prompts import T5_PROMPT

KINDS = ("t5", "t5-v1.1", "bart", "encoder-decoder")

NAMES = (
    "Ada", "Bach", "Curie", "Darwin", "Euler", "Fermi",
    "Gauss", "Hopper", "Ising", "Joule", "Kepler", "Linnaeus",
)  # fmt: skip
_WORDS = (
    "the", "tower", "was", "built", "by", "in", "of", "with", "a",
    "old", "new", "stone", "and", "many", "people", "saw", "it", "then",
)  # fmt: skip
_CHARACTERS = [chr(c) for c in range(0x21, 0x7F)]
_STEPS, _BATCH, _WIDTH = 220, 16, 32
_DEVIATION = 0.1


@functools.cache
def checkpoint(kind: str) -> Path:
    """The folder of a trained checkpoint of one of `KINDS`, made at the first call of a session.

    All processes of a test session share it. Tests must not write into it.
    """
    from filelock import FileLock

    shared = os.environ.get("RECOMP_TESTS_FOLDER")
    if shared is None:
        shared = tempfile.mkdtemp(prefix="recomp-checkpoints-")
        atexit.register(shutil.rmtree, shared, ignore_errors=True)
    folder = Path(shared) / kind
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            begun = Path(f"{folder}.begun")
            _save(kind, begun)
            begun.rename(folder)
    return folder


def _save(kind: str, folder: Path) -> None:
    import torch

    state = torch.random.get_rng_state()
    try:
        torch.manual_seed(0)
        tokenizer = _TOKENIZERS[kind]()
        model = _MODELS[kind](tokenizer)
        _train(model, tokenizer)
    finally:
        torch.random.set_rng_state(state)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    if kind == "t5-v1.1":
        # As the hub's own are written.
        edit_json(folder / "config.json", tie_word_embeddings=False, scale_decoder_outputs=None)


def examples(n: int, seed: int = 1) -> list[tuple[str, str]]:
    """`n` pairs of a prompt and the summary that it should get."""
    rng = random.Random(seed)
    return [_example(rng) for _ in range(n)]


def save_as_bin(folder: Path, target: Path) -> Path:
    """A copy of a checkpoint with its weights in `pytorch_model.bin`, as the published ones are."""
    import torch
    from safetensors.torch import load_file

    shutil.copytree(folder, target)
    weights = target / "model.safetensors"
    torch.save(load_file(weights), target / "pytorch_model.bin")
    weights.unlink()
    return target


def edit_json(file: Path, **changes: Any) -> None:
    """Set keys of a JSON file; None removes one."""
    data = json.loads(file.read_text(encoding="utf-8"))
    data = {key: value for key, value in {**data, **changes}.items() if value is not None}
    file.write_text(json.dumps(data), encoding="utf-8")


def _example(rng: random.Random) -> tuple[str, str]:
    names = sorted(rng.sample(NAMES, rng.choice((0, 1, 1, 2, 2, 3))))
    words = [rng.choice(_WORDS) for _ in range(rng.randint(3, 10))]
    places = sorted(rng.randint(0, len(words)) for _ in names)
    for offset, (place, name) in enumerate(zip(places, names, strict=True)):
        words.insert(place + offset, name)
    query = " ".join(rng.choice(_WORDS) for _ in range(3))
    return T5_PROMPT.format(f"{query}?", f"{' '.join(words)}."), " ".join(names)


def _corpus() -> list[str]:
    return [" ".join(pair) for pair in examples(500, seed=0)]


def _train(model: Any, tokenizer: Any) -> None:
    import torch

    rng = random.Random(0)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 5e-3, total_steps=_STEPS)
    model.train()
    for _ in range(_STEPS):
        prompts, summaries = zip(*(_example(rng) for _ in range(_BATCH)), strict=True)
        inputs = tokenizer(list(prompts), padding=True, return_tensors="pt")
        # With a space in front, as byte-level tokenizers see words within a text.
        summaries = [f" {summary}" if summary else "" for summary in summaries]
        targets = tokenizer(text_target=summaries, padding=True, return_tensors="pt")
        labels = targets["input_ids"].masked_fill(targets["attention_mask"] == 0, -100)
        loss = model(
            input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"], labels=labels
        ).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
    model.eval()


def _unigram_tokenizer() -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import T5Tokenizer

    trained = Tokenizer(models.Unigram())
    trained.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]
    )
    trainer = trainers.UnigramTrainer(
        vocab_size=250,
        special_tokens=["<pad>", "</s>", "<unk>"],
        unk_token="<unk>",
        initial_alphabet=_CHARACTERS,
        show_progress=False,
    )
    trained.train_from_iterator(_corpus(), trainer)
    vocabulary = json.loads(trained.to_str())["model"]["vocab"]
    # The order and the last digits differ from run to run.
    pieces = sorted((piece, round(score, 1)) for piece, score in vocabulary[3:])
    return T5Tokenizer(vocab=[*map(tuple, vocabulary[:3]), *pieces], extra_ids=0)


def _byte_level_tokenizer() -> Any:
    from tokenizers import ByteLevelBPETokenizer
    from transformers import BartTokenizer

    trained = ByteLevelBPETokenizer()
    trained.train_from_iterator(
        _corpus(),
        vocab_size=450,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
        show_progress=False,
    )
    model = json.loads(trained.to_str())["model"]
    return BartTokenizer(vocab=model["vocab"], merges=[tuple(pair) for pair in model["merges"]])


def _word_piece_tokenizer() -> Any:
    from transformers import BertTokenizer

    # Not trained: which pieces come out of training differs from run to run.
    special = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
    inner = [f"##{character}" for character in _CHARACTERS]
    words = ("Question", "Document", "Summary", *NAMES, *_WORDS)
    pieces = dict.fromkeys([*special, *_CHARACTERS, *inner, *words])
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    return BertTokenizer(vocab=vocabulary, do_lower_case=False)


def _t5(tokenizer: Any, **settings: Any) -> Any:
    from transformers import T5Config, T5ForConditionalGeneration

    return T5ForConditionalGeneration(
        T5Config(
            vocab_size=len(tokenizer),
            d_model=_WIDTH,
            d_kv=8,
            d_ff=2 * _WIDTH,
            num_layers=2,
            num_heads=4,
            dropout_rate=0.0,
            decoder_start_token_id=tokenizer.pad_token_id,
            **settings,
        )
    )


def _t5_v1_1(tokenizer: Any) -> Any:
    """With an output layer of its own, unscaled, as T5 v1.1 and Flan-T5 have."""
    import torch

    model = _t5(tokenizer, feed_forward_proj="gated-gelu", tie_word_embeddings=False)
    model.lm_head.weight = torch.nn.Parameter(model.lm_head.weight.detach().clone())
    return model


def _bart(tokenizer: Any) -> Any:
    from transformers import BartConfig, BartForConditionalGeneration

    return BartForConditionalGeneration(
        BartConfig(
            vocab_size=len(tokenizer),
            max_position_embeddings=128,
            d_model=_WIDTH,
            encoder_layers=2,
            decoder_layers=2,
            encoder_attention_heads=4,
            decoder_attention_heads=4,
            encoder_ffn_dim=2 * _WIDTH,
            decoder_ffn_dim=2 * _WIDTH,
            dropout=0.0,
            init_std=_DEVIATION,
            **{
                f"{name}_token_id": getattr(tokenizer, f"{name}_token_id")
                for name in ("bos", "pad", "eos")
            },
            decoder_start_token_id=tokenizer.eos_token_id,
            forced_eos_token_id=tokenizer.eos_token_id,
        )
    )


def _encoder_decoder(tokenizer: Any) -> Any:
    from transformers import BertConfig, EncoderDecoderConfig, EncoderDecoderModel

    half = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=_WIDTH,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=2 * _WIDTH,
        max_position_embeddings=128,
        initializer_range=_DEVIATION,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    config = EncoderDecoderConfig.from_encoder_decoder_configs(half, half)
    config.decoder_start_token_id = tokenizer.cls_token_id
    config.pad_token_id = tokenizer.pad_token_id
    config.eos_token_id = tokenizer.sep_token_id
    return EncoderDecoderModel(config)


_TOKENIZERS = {
    "t5": _unigram_tokenizer,
    "t5-v1.1": _unigram_tokenizer,
    "bart": _byte_level_tokenizer,
    "encoder-decoder": _word_piece_tokenizer,
}
_MODELS = {"t5": _t5, "t5-v1.1": _t5_v1_1, "bart": _bart, "encoder-decoder": _encoder_decoder}
