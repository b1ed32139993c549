"""Counts tokens as the reader model does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from .division import approximate_tokens as approximate_tokens
from .splitting import replace_surrogates


class BareTokenizer(Protocol):
    """A tokenizer of the library tokenizers, which static embeddings have. It can't be called."""

    def encode(self, sequence: str, *, add_special_tokens: bool) -> Any:
        """Tokenize a text.

        Args:
            sequence: The text.
            add_special_tokens: Whether to put the special tokens around it.

        Returns:
            An encoding, with the token ids as `ids`.
        """


class Tokenizer(Protocol):
    """A tokenizer as transformers has it."""

    def __call__(
        self, text: str, *, add_special_tokens: bool, verbose: bool
    ) -> Mapping[str, Sequence[int]]:
        """Tokenize a text.

        Args:
            text: The text.
            add_special_tokens: Whether to put the special tokens around it.
            verbose: Whether to warn of a text that is longer than the model's input.

        Returns:
            The token ids as `input_ids`, among other things.
        """


@dataclass(frozen=True)
class TokenCounter:
    """Counts tokens with a tokenizer of transformers, which is loaded at the first count.

    The special tokens that a tokenizer puts around a text are not counted: the text is part of a
    prompt. A saved compressor holds the name, not the tokenizer.

    Attributes:
        name_or_path: The tokenizer's name on the hub, or a folder.
        local_files_only: Whether to look for the tokenizer on this machine only.
    """

    name_or_path: str
    local_files_only: bool = False

    def __call__(self, text: str) -> int:
        """Count the tokens of a text.

        Args:
            text: The text.

        Returns:
            The number of tokens.

        Raises:
            OSError: The tokenizer cannot be found.
        """
        with _ONE_AT_A_TIME:
            return count_with(_tokenizer(self.name_or_path, self.local_files_only), text)


# Truncation is state of the shared tokenizer, and the first count may change it.
_ONE_AT_A_TIME = threading.Lock()


@lru_cache(maxsize=8)
def _tokenizer(name_or_path: str, local_files_only: bool) -> Tokenizer:
    from transformers import AutoTokenizer

    tokenizer: Tokenizer = AutoTokenizer.from_pretrained(
        name_or_path, local_files_only=local_files_only, trust_remote_code=False
    )
    return tokenizer


def count_with(tokenizer: Tokenizer | BareTokenizer, text: str) -> int:
    """Count the tokens of a text with a tokenizer of transformers, or of the library tokenizers.

    Args:
        tokenizer: The tokenizer.
        text: The text; lone surrogates count as U+FFFD.

    Returns:
        The number of tokens, without special tokens.
    """
    text = replace_surrogates(text)
    if not callable(tokenizer):
        return len(tokenizer.encode(text, add_special_tokens=False).ids)
    return len(tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])


def encoder_token_counter(compressor: object) -> Callable[[str], int] | None:
    """Find a token counter in the encoder of a compressor.

    Args:
        compressor: Any compressor.

    Returns:
        A counter that uses the encoder's tokenizer; None if the compressor has no such encoder.
    """
    encoder = getattr(getattr(compressor, "scorer", None), "encoder", None)
    make: Callable[[], Callable[[str], int]] | None = getattr(encoder, "token_counter", None)
    return None if make is None else make()
