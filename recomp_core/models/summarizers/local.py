"""What all summarizers on this machine share: limits, batches, streams."""

from __future__ import annotations

import logging
import re
from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import PurePath
from typing import Any

from ..._utils.checks import check_number, check_prompts, check_whole
from ...errors import SummaryError
from ...runtime.forking import ForkSafeLock
from ...text.splitting import replace_surrogates
from ...text.tokens import count_with

logger = logging.getLogger(__name__)

# How many characters at the end of a text may still change when the next token comes, such as half
# of a multi-byte character, or a space before a full stop.
_UNSETTLED = 8

_OUT_OF_MEMORY = re.compile(r"out of memory|not enough memory|can't allocate memory", re.IGNORECASE)


@dataclass(frozen=True)
class GenerationSettings:
    """The limits of what a local summarizer reads and writes, and how it searches.

    Attributes:
        max_input_tokens: The longest input, special tokens included, as the tokenizers'
            `max_length`. Less where the model has fewer positions.
        max_new_tokens: The longest summary, its end included. One that has not ended there is cut,
            and an error.
        min_new_tokens: Tokens before a summary may end; 0 allows the empty one. With as many as
            `max_new_tokens` none can end, and each counts as whole.
        num_beams: The number of beams; 1 for greedy search.
        length_penalty: With beams, a score is divided by the length to this power; above 0 favours
            long summaries.
        batch_size: Prompts per pass.

    Raises:
        ValueError: A setting can't work.
    """

    max_input_tokens: int = 1024
    max_new_tokens: int = 512
    min_new_tokens: int = 0
    num_beams: int = 1
    length_penalty: float = 1.0
    batch_size: int = 8

    def __post_init__(self) -> None:
        for name in ("max_input_tokens", "max_new_tokens", "num_beams", "batch_size"):
            check_whole(name, getattr(self, name))
        if check_whole("min_new_tokens", self.min_new_tokens, at_least=0) > self.max_new_tokens:
            raise ValueError(
                f"min_new_tokens={self.min_new_tokens} is more than max_new_tokens="
                f"{self.max_new_tokens}"
            )
        check_number("length_penalty", self.length_penalty)

    def within(self, config: Any, tokenizer: Any) -> GenerationSettings:
        """Limit the settings to the positions of a model that numbers them absolutely.

        Args:
            config: The model's config, of transformers.
            tokenizer: The model's tokenizer.

        Returns:
            The settings that apply.
        """
        if not getattr(config, "is_encoder_decoder", True):
            return self._within_one(position_limit(config, "decoder"))

        def at_most(wanted: int, positions: int | None) -> int:
            # Some models keep positions to themselves (RoBERTa two); their tokenizers know. Where
            # positions are relative `model_max_length` is no limit: T5's says 512, or 10^30.
            return min(wanted, positions, tokenizer.model_max_length) if positions else wanted

        return replace(
            self,
            max_input_tokens=at_most(self.max_input_tokens, position_limit(config, "encoder")),
            max_new_tokens=at_most(self.max_new_tokens, position_limit(config, "decoder")),
        )

    def _within_one(self, positions: int | None) -> GenerationSettings:
        """The settings for a model whose prompt and summary share its positions."""
        if positions is None:
            return self
        if positions <= self.max_new_tokens:
            raise ValueError(
                f"max_new_tokens={self.max_new_tokens} leaves no room for a prompt: the model has "
                f"{positions} positions for prompt and summary together: give fewer"
            )
        room = positions - self.max_new_tokens
        return replace(self, max_input_tokens=min(self.max_input_tokens, room))


def position_limit(config: Any, side: str) -> int | None:
    """Find the number of positions of one side of a model.

    Args:
        config: The model's config, of transformers.
        side: "encoder" or "decoder".

    Returns:
        The number of positions; None where they are relative.
    """
    config = getattr(config, side, None) or config
    for name in (f"max_{side}_position_embeddings", "max_position_embeddings"):
        if isinstance(limit := getattr(config, name, None), int):
            return limit
    return None


class LocalSummarizer(ABC):
    """A `protocols.Summarizer` that leaves to a backend how tokens become tokens.

    It handles limits, batches and streams. It is safe to call from several threads.

    Args:
        model: An object with a `config` and a `generation_config` of transformers. Only the special
            tokens of the latter are used; the settings alone decide how to generate.
        tokenizer: The model's tokenizer, of transformers.
        **settings: See `GenerationSettings`.

    Attributes:
        model: See above.
        tokenizer: See above.
        settings: The `GenerationSettings` that apply.
        max_input_tokens: What they leave for a prompt, without the special tokens around it.

    Raises:
        TypeError: The model is of another kind.
        ValueError: A setting can't work.
    """

    is_encoder_decoder = True
    """The kind of model."""

    def __init__(self, model: Any, tokenizer: Any, **settings: Any) -> None:
        if bool(getattr(model.config, "is_encoder_decoder", False)) != self.is_encoder_decoder:
            wanted, remedy = (
                ("no encoder-decoder", "for a decoder-only language model use CausalSummarizer")
                if self.is_encoder_decoder
                else ("an encoder-decoder", "use Seq2SeqSummarizer")
            )
            raise TypeError(f"{type(model).__name__} is {wanted} model: {remedy}")
        self.model = model
        self.tokenizer = tokenizer
        self.settings = GenerationSettings(**settings).within(model.config, tokenizer)
        special = self._n_special_tokens()
        self.max_input_tokens: int | None = self.settings.max_input_tokens - special
        if self.max_input_tokens < 1:
            raise ValueError(
                f"max_input_tokens={self.settings.max_input_tokens} leaves no room for a prompt: "
                f"{special} of them are special tokens"
            )
        # A tokenizer's padding and truncation are state of the shared object.
        self._tokenizer_lock = ForkSafeLock()
        self._model_lock = ForkSafeLock()

    def __repr__(self) -> str:
        name = getattr(self.model.config, "_name_or_path", "") or type(self.model).__name__
        shown = "/".join(PurePath(name).parts[-2:])
        limits = self.settings
        return (
            f"{type(self).__name__}({shown!r}, max_input_tokens={limits.max_input_tokens}, "
            f"max_new_tokens={limits.max_new_tokens})"
        )

    def count_tokens(self, text: str) -> int:
        """Count the tokens of a text.

        Args:
            text: Any string.

        Returns:
            The tokens that it takes in the input, without special ones.
        """
        with self._tokenizer_lock:
            return count_with(self.tokenizer, text)

    def truncate(self, text: str, max_tokens: int) -> str:
        """Cut a text to a number of tokens.

        Args:
            text: Any string.
            max_tokens: The most tokens, without special ones.

        Returns:
            The longest prefix that ends with a token and takes at most so many.
        """
        if self.count_tokens(text) <= max_tokens:
            return text
        cuts = [0, *self._token_ends(text, max_tokens)]
        # Counted again at each cut: a prefix may be split into other tokens than the whole.
        fitting = bisect_right(cuts, max_tokens, key=lambda cut: self.count_tokens(text[:cut]))
        return text[: cuts[max(fitting - 1, 0)]]

    def summarize(self, prompts: Sequence[str]) -> list[str | Exception]:
        """Summarize prompts.

        Equal prompts are read once. A batch that fails, mostly for lack of memory, is tried again
        in halves.

        Args:
            prompts: Any number of prompts.

        Returns:
            For each prompt its summary, stripped, or the error that it failed with; in order. A
            summary that was cut at `max_new_tokens` is a `SummaryError`.

        Raises:
            TypeError: `prompts` is not a sequence of strings.
        """
        prompts = check_prompts(prompts)
        self._make_ready()
        inputs = {prompt: self._encode(prompt) for prompt in dict.fromkeys(prompts)}
        results: dict[str, str | Exception] = {
            prompt: error for prompt, ids in inputs.items() if (error := self._too_long(ids))
        }
        # The longest first: little is padded, and what does not fit into memory shows at once.
        ordered = sorted(inputs.keys() - results.keys(), key=lambda p: (-len(inputs[p]), p))
        outputs = self._in_batches([inputs[prompt] for prompt in ordered])
        results.update(zip(ordered, outputs, strict=True))
        return [results[prompt] for prompt in prompts]

    def stream(self, prompt: str) -> Iterator[str]:
        """Summarize one prompt, piece by piece.

        Args:
            prompt: The prompt.

        Yields:
            Pieces of the summary as they are written; with beams, one piece at the end.

        Raises:
            Exception: What `summarize` would return as an error.
        """
        check_prompts([prompt])
        if self.settings.num_beams > 1:
            (summary,) = self.summarize([prompt])
            if isinstance(summary, Exception):
                raise summary
            yield summary
            return
        self._make_ready()
        ids = self._encode(prompt)
        if error := self._too_long(ids):
            raise error
        yield from self._pieces(self._stream(ids))

    def _make_ready(self) -> None:  # noqa: B027
        """Called before anything is read. Raises in a forked process if something is missing."""

    def _n_special_tokens(self) -> int:
        """How many tokens of an input stand around the prompt."""
        return int(self.tokenizer.num_special_tokens_to_add())

    @abstractmethod
    def _generate(self, inputs: Sequence[list[int]]) -> list[list[int]]:
        """The output's token ids for each input's, up to the token that ends it, if one does.

        Special tokens may be among them.
        """

    @abstractmethod
    def _stream(self, inputs: list[int]) -> Iterator[int]:
        """The output's token ids one by one, greedily."""

    def _in_batches(self, inputs: Sequence[list[int]]) -> Iterator[str | Exception]:
        size, done = self.settings.batch_size, 0
        while done < len(inputs):
            batch = inputs[done : done + size]
            try:
                outputs = self._generate(batch)
            except Exception as error:
                if len(batch) == 1:
                    done += 1
                    # Without its traceback, because its frames hold the batch's tensors.
                    yield error.with_traceback(None)
                    continue
                size = len(batch) // 2
                cause = "ran out of memory" if _is_out_of_memory(error) else f"failed ({error!r})"
                logger.warning("a batch of %d %s: going on with %d", len(batch), cause, size)
            else:
                done += len(batch)
                yield from map(self._read, outputs)

    def _encode(self, prompt: str) -> list[int]:
        with self._tokenizer_lock:
            ids: list[int] = self.tokenizer(replace_surrogates(prompt), verbose=False)["input_ids"]
        return ids

    def _too_long(self, ids: Sequence[int]) -> ValueError | None:
        limit = self.settings.max_input_tokens
        if len(ids) <= limit:
            return None
        return ValueError(
            f"the prompt takes {len(ids)} tokens, and max_input_tokens is {limit}, special tokens "
            "included: shorten it, see truncate()"
        )

    def _read(self, ids: Sequence[int]) -> str | Exception:
        return self._problem(ids) or self._decode(ids)

    @cached_property
    def _ends(self) -> frozenset[int]:
        return frozenset(self._find_ends())

    def _find_ends(self) -> Sequence[int]:
        """The tokens that end an output: those of the model, or else that of its tokenizer."""
        listed = _as_list(getattr(self.model.generation_config, "eos_token_id", None))
        own = self.tokenizer
        return listed or _as_list(own.eos_token_id) or _as_list(getattr(own, "sep_token_id", None))

    def _problem(self, ids: Sequence[int]) -> Exception | None:
        """Why an output is no summary; None if it is one."""
        limits = self.settings
        if (ids and ids[-1] in self._ends) or limits.min_new_tokens == limits.max_new_tokens:
            return None
        return SummaryError(
            f"the reply was cut at max_new_tokens={limits.max_new_tokens}: give more, ask for a "
            "shorter one, or let the model read less (extract_tokens)",
            "cut",
        )

    def _decode(self, ids: Sequence[int]) -> str:
        with self._tokenizer_lock:
            text: str = self.tokenizer.decode(ids, skip_special_tokens=True)
        return text.strip()

    def _pieces(self, ids: Iterable[int]) -> Iterator[str]:
        """What each token adds to the text, as soon as later ones can't change it."""
        seen: list[int] = []
        text, written = "", 0
        for token in ids:
            seen.append(token)
            text = self._decode(seen)
            if piece := text[written:-_UNSETTLED]:
                written += len(piece)
                yield piece
        if rest := text[written:]:
            yield rest
        if error := self._problem(seen):
            raise error

    def _token_ends(self, text: str, n_tokens: int) -> Sequence[int]:
        """The ends of the first tokens of `text`, ascending.

        All positions for a tokenizer that is written in Python, which does not return offsets.
        """
        if not self.tokenizer.is_fast:
            return range(1, len(text))
        with self._tokenizer_lock:
            encoded = self.tokenizer(
                replace_surrogates(text),
                add_special_tokens=False,
                return_offsets_mapping=True,
                verbose=False,
            )
        return sorted({end for _, end in encoded["offset_mapping"][: max(n_tokens, 0)]})


def _as_list(value: int | Sequence[int] | None) -> list[int]:
    if value is None:
        return []
    return [value] if isinstance(value, int) else list(value)


def _is_out_of_memory(error: Exception) -> bool:
    return isinstance(error, MemoryError) or bool(_OUT_OF_MEMORY.search(repr(error)))
