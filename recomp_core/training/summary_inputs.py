"""Questions and targets as tokens, made by the code that makes a summarizer's inputs later."""

from __future__ import annotations

import logging
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from ..abstractive.compressor import AbstractiveCompressor
from ..errors import ModelLoadError
from ..models.summarizers.local import LocalSummarizer
from ..text.splitting import replace_surrogates
from .examples import DistillationExample, TrainingData
from .settings import AbstractiveSettings

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class SpecialTokens:
    """The special tokens of a decoder.

    Attributes:
        start: The token that a decoder's input begins with.
        end: The last token of every label.
    """

    start: int
    end: int


def complete_special_tokens(model: Any, tokenizer: Any) -> SpecialTokens:
    """Complete the special tokens of a checkpoint: one built from two encoders leaves them open.

    Args:
        model: An encoder-decoder of transformers; its configs are completed.
        tokenizer: Its tokenizer.

    Returns:
        The decoder's special tokens.

    Raises:
        ModelLoadError: Neither model nor tokenizer has such a token.
    """
    of_tokenizer = {
        "decoder_start_token_id": ("cls_token_id", "bos_token_id", "pad_token_id"),
        "eos_token_id": ("eos_token_id", "sep_token_id"),
        "pad_token_id": ("pad_token_id",),
    }
    found = {}
    for name, candidates in of_tokenizer.items():
        places = (model.generation_config, model.config)
        known = [value for place in places if (value := getattr(place, name, None)) is not None]
        known += [
            value for name in candidates if (value := getattr(tokenizer, name, None)) is not None
        ]
        if not known:
            raise ModelLoadError(
                f"neither the model nor the tokenizer has a {name}: set it in the base's config"
            )
        for place in places:
            if getattr(place, name, None) is None:
                setattr(place, name, known[0])
        value = known[0]
        found[name] = value[0] if isinstance(value, (list, tuple)) else value
    return SpecialTokens(found["decoder_start_token_id"], found["eos_token_id"])


class InputReader(LocalSummarizer):
    """A summarizer that records the inputs of a compressor and writes nothing.

    The inputs of the training come out of the code that makes them at inference.

    Args:
        model: The encoder-decoder; only its config is read.
        tokenizer: Its tokenizer.
        own: The settings of the training.

    Attributes:
        asked: The prompts of the last question with their tokens.
    """

    def __init__(self, model: Any, tokenizer: Any, own: AbstractiveSettings) -> None:
        super().__init__(
            SimpleNamespace(config=model.config),
            tokenizer,
            max_input_tokens=own.max_input_tokens,
            max_new_tokens=own.max_target_tokens,
            num_beams=own.num_beams,
        )
        self.asked: list[tuple[str, list[int]]] = []
        self._prompts: list[str] = []
        self._compressor = AbstractiveCompressor(self, prompt=own.prompt, titles=own.titles)

    def read(self, example: DistillationExample, counts: Counter[str]) -> tuple[str, array[int]]:
        """Make the input of an example.

        Args:
            example: The question with its documents.
            counts: Documents that were cut or left out are counted here.

        Returns:
            The prompt and its tokens.

        Raises:
            ValueError: The question can't be asked: its documents are blank, or have no room.
        """
        self.asked.clear()
        result = self._compressor.compress(example.query, example.documents)
        if not self.asked:
            raise ValueError("the documents are blank")
        counts["cut_documents"] += result.truncated
        readable = sum(bool(document.text.strip()) for document in example.documents)
        counts["with_documents_left_out"] += len(result.sources) < readable
        ((prompt, ids),) = self.asked
        return prompt, array("i", ids)

    def summarize(self, prompts: Sequence[str]) -> list[str | Exception]:
        """Record the prompts with their tokens.

        Args:
            prompts: What the compressor sends.

        Returns:
            An empty summary for each prompt.
        """
        self._prompts = list(prompts)
        return super().summarize(prompts)

    def _generate(self, inputs: Sequence[list[int]]) -> list[list[int]]:
        self.asked += zip(self._prompts, inputs, strict=True)
        return [[] for _ in inputs]

    def _stream(self, inputs: list[int]) -> Iterator[int]:
        raise NotImplementedError


@dataclass(frozen=True)
class EncodedExample:
    """An example as the model sees it.

    Attributes:
        example: The record.
        prompt: What the compressor sends.
        inputs: The tokens of the prompt, in an array: a list takes ten times as much memory.
        labels: The tokens of the target, and the end.
    """

    example: DistillationExample
    prompt: str
    inputs: array[int]
    labels: array[int]


def encode_examples(
    data: TrainingData[DistillationExample],
    reader: InputReader,
    special: SpecialTokens,
    counts: Counter[str],
) -> list[EncodedExample]:
    """Encode the examples that can be asked; the others are left out and counted.

    Args:
        data: The examples.
        reader: Makes their inputs.
        special: The decoder's special tokens.
        counts: What was cut or left out is counted here.

    Returns:
        The examples as the model sees them, in order.
    """
    rows = []
    # The plan lists them even where they are zero.
    counts.update(dict.fromkeys(("cut_documents", "with_documents_left_out", "cut_targets"), 0))
    for example in data.examples:
        try:
            prompt, inputs = reader.read(example, counts)
        except ValueError as error:
            counts["without_room_or_documents"] += 1
            logger.warning("left out: the question %.80r: %s", example.query, error)
            continue
        labels = _labels(example.target, reader.tokenizer, special)
        if len(labels) > (most := reader.settings.max_new_tokens):
            counts["cut_targets"] += 1
            labels = [*labels[: most - 1], special.end]
        rows.append(EncodedExample(example, prompt, inputs, array("i", labels)))
    return rows


def _labels(target: str, tokenizer: Any, special: SpecialTokens) -> list[int]:
    """The target's tokens and the end; for the empty target the end alone."""
    ids = list(tokenizer(text_target=replace_surrogates(target), verbose=False)["input_ids"])
    if ids[:1] == [special.start]:
        ids = ids[1:]  # every decoder input begins with it anyway: BERT's [CLS]
    return ids if ids[-1:] == [special.end] else [*ids, special.end]
