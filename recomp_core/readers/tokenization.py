"""A prompt and what follows it, joined as token ids.

Language models are scored on ids, and where the border lies matters: " Paris" after "Answer:" is
one token of most models, "Paris" after "Answer: " another and a much less likely one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..models.token_rows import leading_ids
from ..text.splitting import replace_surrogates
from .answer_scores import Pair


@dataclass(frozen=True, slots=True)
class Joined:
    """The ids of a prompt and its continuation.

    Attributes:
        ids: All ids, those of the continuation last.
        n: The number of ids of the continuation.
    """

    ids: tuple[int, ...]
    n: int

    @property
    def prompt(self) -> tuple[int, ...]:
        """The ids of the prompt."""
        return self.ids[: -self.n]

    @property
    def continuation(self) -> tuple[int, ...]:
        """The ids of the continuation."""
        return self.ids[-self.n :]


def join_all(tokenizer: Any, pairs: Sequence[Pair]) -> list[Joined | ValueError]:
    """Tokenize prompts and their continuations.

    The ids of a pair are those that the tokenizer puts in front of a text (a BOS token, or
    nothing), the prompt's and the continuation's; what the tokenizer appends to a text is left out.

    Both are tokenized as one text if the border falls between two tokens, which it does if the
    continuation begins with a space. So the space is neither lost nor doubled, as it would be by
    tokenizers that add one in front of every text.

    Args:
        tokenizer: One of transformers.
        pairs: Prompts with their continuations.

    Returns:
        For each pair its ids; or a `ValueError` if its border falls within a token or there is
        nothing to score.
    """
    prompts = list(dict.fromkeys(pair.prompt for pair in pairs))
    by_prompt = dict(zip(prompts, _ids(tokenizer, prompts), strict=True))
    wholes = _ids(tokenizer, [pair.prompt + pair.continuation for pair in pairs])
    head = leading_ids(tokenizer)
    return [
        _joined(tokenizer, pair, head, by_prompt[pair.prompt], whole)
        for pair, whole in zip(pairs, wholes, strict=True)
    ]


def _joined(
    tokenizer: Any, pair: Pair, head: list[int], prompt: list[int], whole: list[int]
) -> Joined | ValueError:
    if whole[: len(prompt)] != prompt:
        # Alone, the prompt ends with other tokens; its last character may do as an anchor.
        anchor = pair.prompt[-1:]
        before, after = _ids(tokenizer, [anchor, anchor + pair.continuation])
        if not before or after[: len(before)] != before:
            return ValueError(
                f"the tokenizer joins the end of the prompt {pair.prompt[-20:]!r} and the "
                f"beginning of the answer {pair.continuation[:20]!r} in one token: let the prompt "
                "end without a space and the answer's template begin with one"
            )
        whole = prompt + after[len(before) :]
    n = len(whole) - len(prompt)
    if n == 0 or not (head or prompt):
        return ValueError(f"there is nothing to score in {pair.continuation[:80]!r} after "
                          f"{pair.prompt[-20:]!r}")  # fmt: skip
    return Joined((*head, *whole), n)


def _ids(tokenizer: Any, texts: Sequence[str]) -> list[list[int]]:
    if not texts:
        return []
    cleaned = [replace_surrogates(text) for text in texts]
    encoded = tokenizer(cleaned, add_special_tokens=False, verbose=False)
    return [list(ids) for ids in encoded["input_ids"]]
