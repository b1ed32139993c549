"""How likely a text is after a compressed context: the paper's language-modelling task."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from ..models.token_rows import leading_ids
from .answer_scores import AnswerPrompt, AnswerRequest, AnswerScore
from .answerers import checkpoint_kind, load_language_model
from .likelihood import CausalLMScorer, Seq2SeqLMScorer
from .loading import Pretrained

# A prefix goes to the model as it is, and so does the target after it.
_RAW = AnswerPrompt("{context}{query}", "{query}", "{answer}")


@runtime_checkable
class TargetScorer(Protocol):
    """A language model that says how likely a text is to it."""

    @property
    def identity(self) -> Mapping[str, Any]:
        """JSON values that decide its scores."""

    def score(
        self, prefixes: Sequence[str], targets: Sequence[str]
    ) -> list[tuple[float, int] | Exception]:
        """Score texts after what is prepended to them.

        Args:
            prefixes: What stands before each target.
            targets: The texts to score.

        Returns:
            For each target `(nats, tokens)`, its negative log-likelihood summed over its tokens and
            the number of these; or the exception that it ended with. In order.
        """


class LMTargetScorer(Pretrained):
    """A causal or an encoder-decoder language model of transformers. A `TargetScorer`.

    The prefix is what is prepended and the beginning of the text, the target is what comes next,
    with the space that stands before it: `("Documents. The tower was built", " by Ada.")`. Spaces
    at the end of a prefix are read as the target's, because a model's tokens carry them in front. A
    causal model reads an empty prefix as the beginning of a text. A prefix and a target that do not
    fit into the model's positions together are an error; they are never cut.

    Args:
        model: A causal or an encoder-decoder model.
        tokenizer: The model's.
        settings: `max_batch_tokens` and `meter` of `CausalLMScorer`.
    """

    def __init__(self, model: Any, tokenizer: Any, **settings: Any) -> None:
        encodes = getattr(model.config, "is_encoder_decoder", False)
        scorer_class = Seq2SeqLMScorer if encodes else CausalLMScorer
        self._scorer = scorer_class(model, tokenizer, prompt=_RAW, **settings)
        self._beginning = "" if encodes else _beginning_of_text(tokenizer)

    @classmethod
    def _load(
        cls, source: str | os.PathLike[str], *, device: str | None = None, **settings: Any
    ) -> tuple[Any, Any]:
        source = os.fspath(source)
        kind = checkpoint_kind(
            source,
            revision=settings["revision"],
            local_files_only=settings["local_files_only"],
        )
        if kind == "span":
            raise ValueError(
                f"{source} is a model for question answering, which gives no likelihood of a text: "
                "give a causal or an encoder-decoder language model"
            )
        return load_language_model(source, kind == "seq2seq", device=device, **settings)

    @property
    def identity(self) -> Mapping[str, Any]:
        """JSON values that decide the scores."""
        return {**self._scorer.identity, "scorer": type(self).__name__}

    def score(
        self, prefixes: Sequence[str], targets: Sequence[str]
    ) -> list[tuple[float, int] | Exception]:
        """Score texts after what is prepended to them.

        Args:
            prefixes: What stands before each target.
            targets: The texts to score.

        Returns:
            For each target `(nats, tokens)`, its negative log-likelihood summed over its tokens and
            the number of these; or the exception that it ended with. In order.

        Raises:
            ValueError: There are not as many prefixes as targets.
        """
        if len(prefixes) != len(targets):
            raise ValueError(f"got {len(prefixes)} prefixes but {len(targets)} targets")
        results: list[tuple[float, int] | Exception] = [
            ValueError(f"the target is blank ({target!r}): there is nothing to score")
            for target in targets
        ]
        positions = [n for n, target in enumerate(targets) if target.strip()]
        scores = self._scorer.score([self._request(prefixes[n], targets[n]) for n in positions])
        for n, score in zip(positions, scores, strict=True):
            results[n] = (-score.value, score.n_tokens) if isinstance(score, AnswerScore) else score
        return results

    def _request(self, prefix: str, target: str) -> AnswerRequest:
        bare = prefix.rstrip(" ")
        # The template without context is "{query}" alone, so the query is the whole prompt.
        return AnswerRequest(bare or self._beginning, "", (prefix[len(bare) :] + target,))


def perplexity(scores: Iterable[tuple[float, int]]) -> float:
    """Compute the perplexity of a corpus: exp(all nats ÷ all tokens).

    Args:
        scores: `(nats, tokens)` of each target. Long targets count for more than short ones.

    Returns:
        The perplexity; infinite if it is too large for a float.

    Raises:
        ValueError: There is no token.
    """
    nats, tokens = 0.0, 0
    for own_nats, own_tokens in scores:
        nats += own_nats
        tokens += own_tokens
    if not tokens:
        raise ValueError("there is no token to compute the perplexity of")
    try:
        return math.exp(nats / tokens)
    except OverflowError:
        return math.inf


def _beginning_of_text(tokenizer: Any) -> str:
    """The token that begins a text; "" if the tokenizer puts one there by itself."""
    if leading_ids(tokenizer):
        return ""
    return str(tokenizer.bos_token or tokenizer.eos_token or "")
