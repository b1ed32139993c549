"""The tokenizer of a BERT folder as transformers makes it, without transformers.

Written by hand so that an encoder starts without torch and transformers, which take seconds to
import.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from ..folder_checks import read_json
from .backends import UnsupportedModelError
from .span_pooling import EncoderWindow, TokenizedWindow, assign_tokens
from .unigram import UnigramTokenizer
from .windows import window_overlap

# The classes whose tokenizer is rebuilt from the vocabulary, and those that take `tokenizer.json`
# as it is.
_BERT_CLASSES = ("BertTokenizer", "BertTokenizerFast", None)
_XLM_CLASSES = ("XLMRobertaTokenizer", "XLMRobertaTokenizerFast")
_PLAIN_CLASSES = ("PreTrainedTokenizerFast", "TokenizersBackend")
_SPECIAL = {
    "pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]",
    "mask_token": "[MASK]",
}  # fmt: skip


_AROUND = 2  # special tokens around a text
_LARGE = 4 << 20  # bytes of a tokenizer whose vocabulary is worth another form


class BertTextTokenizer:
    """Texts to token ids, whole windows at a time. Safe to call from several threads.

    Args:
        serialized: The JSON of a `tokenizers.Tokenizer`.
        max_length: Tokens of a window, with the special ones around them.
        described: What the JSON says, where it was parsed before.

    Attributes:
        max_length: See above.
    """

    def __init__(
        self, serialized: str, max_length: int, described: Mapping[str, Any] | None = None
    ) -> None:
        self._content = serialized.encode()  # takes half as much as a string of many scripts
        self.max_length = max_length
        if len(self._content) > _LARGE:
            self._ours = UnigramTokenizer.read(described or json.loads(serialized))

    @property
    def serialized(self) -> str:
        """The JSON that it was made of."""
        return self._content.decode()

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.serialized, self.max_length)

    _ours: UnigramTokenizer | None = None

    # Truncation is state of a tokenizer, so each use has a tokenizer of its own that never changes.
    # They share the vocabulary, which may be large.

    @cached_property
    def _whole(self) -> Any:
        from tokenizers import Tokenizer

        if self._ours is not None:
            return self._ours
        tokenizer = Tokenizer.from_buffer(self._content)
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer

    @cached_property
    def _cutting(self) -> Any:
        return self._cut(0)

    @cached_property
    def _windowing(self) -> Any:
        return self._cut(self._overlap)

    @cached_property
    def _measuring(self) -> Any:
        return self.plain()

    @property
    def room(self) -> int:
        """Tokens of a window, without the special ones."""
        room: int = self.max_length - self._cutting.num_special_tokens_to_add(False)
        return room

    @property
    def _overlap(self) -> int:
        return window_overlap(self.room)

    def ids(self, texts: Sequence[str]) -> tuple[list[list[int]], list[int]]:
        """Split texts into tokens and cut them to the window.

        Args:
            texts: Any strings.

        Returns:
            Each text's token ids, at most `max_length`, and the positions of the texts that were
            cut.
        """
        encodings = self._cutting.encode_batch_fast(list(texts))
        cut = [number for number, encoding in enumerate(encodings) if encoding.overflowing]
        return [encoding.ids for encoding in encodings], cut

    def offsets(self, texts: Sequence[str]) -> list[Sequence[tuple[int, int]]]:
        """Find the tokens of texts.

        Args:
            texts: Any strings.

        Returns:
            For each text start and end of its tokens, in characters, without the special ones.
        """
        encodings = self._measuring.encode_batch(list(texts), add_special_tokens=False)
        return [encoding.offsets for encoding in encodings]

    def windows(self, texts: Sequence[str]) -> list[EncoderWindow]:
        """Cut texts into overlapping windows.

        Args:
            texts: Any strings.

        Returns:
            The windows of all texts, sorted by length.
        """
        rows = []
        for number, encoding in enumerate(self._windowing.encode_batch(list(texts))):
            for part in (encoding, *encoding.overflowing):
                features = {"input_ids": part.ids}
                rows.append(
                    TokenizedWindow(number, features, part.special_tokens_mask, part.offsets)
                )
        return assign_tokens(rows, self._overlap)

    def plain(self) -> Any:
        """Make a tokenizer that neither cuts nor pads.

        Returns:
            A new `tokenizers.Tokenizer`, or a `UnigramTokenizer`.
        """
        from tokenizers import Tokenizer

        whole = self._whole
        if isinstance(whole, UnigramTokenizer):
            return whole
        tokenizer = Tokenizer(whole.model)
        for part in ("normalizer", "pre_tokenizer", "post_processor", "decoder"):
            if (own := getattr(whole, part)) is not None:
                setattr(tokenizer, part, own)
        for _, token in sorted(whole.get_added_tokens_decoder().items()):
            (tokenizer.add_special_tokens if token.special else tokenizer.add_tokens)([token])
        return tokenizer

    def _cut(self, overlap: int) -> Any:
        """A tokenizer that cuts texts into windows."""
        tokenizer = self.plain()
        if isinstance(tokenizer, UnigramTokenizer):
            return tokenizer.cutting(self.max_length, overlap)
        tokenizer.enable_truncation(self.max_length, stride=overlap)
        return tokenizer


def read_tokenizer(
    folder: Path, config: Mapping[str, Any], max_length: int, words: int
) -> BertTextTokenizer:
    """Read the tokenizer of a folder, from `tokenizer.json` or `vocab.txt`.

    Args:
        folder: The folder with the tokenizer's files.
        config: What `tokenizer_config.json` says there.
        max_length: Tokens of a window, with the special ones around them.
        words: How many words the model knows.

    Returns:
        The tokenizer, as transformers would make it.

    Raises:
        UnsupportedModelError: It is of another kind than BERT's, or has more words than the model.
        OSError: A file can't be read.
        ValueError: A file is damaged.
    """
    file = folder / "tokenizer.json"
    whole = dict(read_json(file)) if file.is_file() else {}
    kind = config.get("tokenizer_class")
    if kind is not None and not isinstance(kind, str):
        raise UnsupportedModelError(f"its tokenizer is a {kind!r}")
    described = None
    if (kind in _PLAIN_CLASSES or kind in _XLM_CLASSES) and whole:
        described = whole if kind in _PLAIN_CLASSES else _as_xlm_roberta(whole, config)
        serialized = json.dumps(described, ensure_ascii=False)
    elif kind in _BERT_CLASSES:
        serialized = _rebuilt(folder, config, whole)
    else:
        raise UnsupportedModelError(f"its tokenizer is a {kind}")
    if config.get("truncation_side", "right") != "right":
        raise UnsupportedModelError(f"truncation_side={config['truncation_side']!r}")
    if (largest := _largest_id(folder, whole)) >= words:
        raise UnsupportedModelError(
            f"its tokenizer has the token {largest}, and its weights have {words}"
        )
    tokenizer = BertTextTokenizer(serialized, max_length, described)
    if max_length <= _AROUND or (kind in _PLAIN_CLASSES and tokenizer.room < 1):
        raise UnsupportedModelError(f"its window of {max_length} tokens leaves no room for a text")
    return tokenizer


def _rebuilt(folder: Path, config: Mapping[str, Any], whole: Mapping[str, Any]) -> str:
    """BERT's tokenizer around a vocabulary. The config overrules what `tokenizer.json` says."""
    from tokenizers import (
        AddedToken,
        Tokenizer,
        decoders,
        models,
        normalizers,
        pre_tokenizers,
        processors,
    )

    vocabulary = _vocabulary(folder, whole)
    special = {name: _text(config.get(name) or usual) for name, usual in _SPECIAL.items()}
    if missing := [token for token in special.values() if token not in vocabulary]:
        raise UnsupportedModelError(f"its vocabulary lacks {', '.join(missing)}")
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token=special["unk_token"]))
    tokenizer.normalizer = normalizers.BertNormalizer(
        clean_text=True,
        handle_chinese_chars=config.get("tokenize_chinese_chars", True),
        strip_accents=config.get("strip_accents"),
        lowercase=config.get("do_lower_case", True),
    )
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece(prefix="##")
    cls, sep = special["cls_token"], special["sep_token"]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{cls}:0 $A:0 {sep}:0",
        pair=f"{cls}:0 $A:0 {sep}:0 $B:1 {sep}:1",
        special_tokens=[(cls, vocabulary[cls]), (sep, vocabulary[sep])],
    )
    tokenizer.add_special_tokens(list(dict.fromkeys(special.values())))
    added = [
        token for token in whole.get("added_tokens", ()) if token["content"] not in special.values()
    ]
    for token in sorted(added, key=lambda token: token["id"]):
        settings = {
            name: token[name]
            for name in ("single_word", "lstrip", "rstrip", "normalized", "special")
            if name in token
        }
        tokenizer.add_tokens([AddedToken(token["content"], **settings)])
        if tokenizer.token_to_id(token["content"]) != token["id"]:
            raise UnsupportedModelError(f"its tokenizer gives {token['content']!r} another number")
    return str(tokenizer.to_str())


def _as_xlm_roberta(whole: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    """XLM-RoBERTa's tokenizer around the pieces of a file, as transformers makes it.

    Of what the file says besides, it takes the table of characters and what is put around a text.
    """
    if whole["model"].get("type") != "Unigram":
        raise UnsupportedModelError(f"its tokenizer has type={whole['model'].get('type')!r}")
    if config.get("add_prefix_space", True) is not True:
        raise UnsupportedModelError(f"add_prefix_space={config['add_prefix_space']!r}")
    normalizer = whole.get("normalizer") or {}
    parts = normalizer["normalizers"] if normalizer.get("type") == "Sequence" else [normalizer]
    tables = [part for part in parts if part.get("type") == "Precompiled"]
    spaces = {"replacement": "▁", "prepend_scheme": "always", "split": True}
    return {
        **whole,
        "model": {
            "type": "Unigram", "unk_id": 3, "vocab": whole["model"]["vocab"], "byte_fallback": False
        },
        "normalizer": tables[0] if tables else None,
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [{"type": "WhitespaceSplit"}, {"type": "Metaspace", **spaces}],
        },
    }  # fmt: skip


def _vocabulary(folder: Path, whole: Mapping[str, Any]) -> dict[str, int]:
    if whole:
        model = whole["model"]
        for name, usual in (("type", "WordPiece"), ("continuing_subword_prefix", "##")):
            if model.get(name) != usual:
                raise UnsupportedModelError(f"its tokenizer has {name}={model.get(name)!r}")
        return dict(model["vocab"])
    file = folder / "vocab.txt"
    if not file.is_file():
        raise UnsupportedModelError(f"{folder} has neither tokenizer.json nor vocab.txt")
    with file.open(encoding="utf-8", newline="\n") as lines:
        return {line.rstrip("\n"): number for number, line in enumerate(lines)}


def _largest_id(folder: Path, whole: Mapping[str, Any]) -> int:
    if not whole:
        return len(_vocabulary(folder, whole)) - 1
    vocabulary = whole["model"]["vocab"]
    ids = vocabulary.values() if isinstance(vocabulary, dict) else [len(vocabulary) - 1]
    added = [token["id"] for token in whole.get("added_tokens") or ()]
    return max([*ids, *added], default=-1)


def _text(token: Any) -> str:
    """The text of a special token, which some configs write with its settings."""
    return token["content"] if isinstance(token, dict) else str(token)
