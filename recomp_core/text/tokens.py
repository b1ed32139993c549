"""Counting tokens as the reader model does."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from .splitting import replace_surrogates


@dataclass(frozen=True)
class TokenCounter:
    """Counts tokens with the tokenizer of `name_or_path` (a hub name or a folder).

    Special tokens that a tokenizer puts around a text are not counted: the text stands inside a
    prompt. Saved and loaded by name. The tokenizer is loaded at the first count; `OSError` if it is
    not there.
    """

    name_or_path: str
    local_files_only: bool = False

    def __call__(self, text: str) -> int:
        with _ONE_AT_A_TIME:
            return count_with(_tokenizer(self.name_or_path, self.local_files_only), text)


# A tokenizer's truncation is state of the shared object, and the first count may change it.
_ONE_AT_A_TIME = threading.Lock()


@lru_cache(maxsize=8)
def _tokenizer(name_or_path: str, local_files_only: bool) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(
        name_or_path, local_files_only=local_files_only, trust_remote_code=False
    )


def count_with(tokenizer: Any, text: str) -> int:
    """How many tokens a transformers tokenizer makes of `text`, special tokens left out."""
    ids = tokenizer(replace_surrogates(text), add_special_tokens=False, verbose=False)["input_ids"]
    return len(ids)


def encoder_token_counter(compressor: Any) -> Callable[[str], int] | None:
    """Counts with the tokenizer of the compressor's own encoder; None if it has none."""
    encoder = getattr(getattr(compressor, "scorer", None), "encoder", None)
    token_counter = getattr(encoder, "token_counter", None)
    return None if token_counter is None else token_counter()


def approximate_tokens(text: str) -> int:
    """UTF-8 bytes ÷ 4, rounded up.

    Four characters a token in English, as is usually reckoned; close to what today's tokenizers
    make of Chinese, Russian or Arabic too. An approximation: give a real counter where it matters.
    """
    return math.ceil(len(text.encode("utf-8", "surrogatepass")) / 4)
