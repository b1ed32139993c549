"""Questions and targets as tokens, made by the code that makes a summarizer's inputs later."""

from __future__ import annotations

import logging
from abc import abstractmethod
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from ..abstractive.compressor import AbstractiveCompressor
from ..abstractive.llm_summarizer import LLMSummarizer
from ..errors import ModelLoadError
from ..models.summarizers.causal import CausalSummarizerBase
from ..models.summarizers.local import LocalSummarizer
from ..prompts import NOTHING_RELEVANT_WORD, PromptTemplate
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

    Attributes:
        asked: The prompts of the last question with their tokens.
        prompt: The prompt of the compressor.
    """

    asked: list[tuple[str, list[int]]]
    prompt: PromptTemplate
    _compressor: AbstractiveCompressor

    @abstractmethod
    def labels(self, target: str) -> list[int]:
        """Make what the model learns to write.

        Args:
            target: A summary; "" for nothing.

        Returns:
            Its tokens and the end.
        """

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
            What says that nothing helps, for each prompt.
        """
        self._prompts = list(prompts)
        return super().summarize(prompts)

    def _generate(self, inputs: Sequence[list[int]]) -> list[list[int]]:
        self.asked += zip(self._prompts, inputs, strict=True)
        return [self.labels("") for _ in inputs]

    def _stream(self, inputs: list[int]) -> Iterator[int]:
        raise NotImplementedError


class EncoderDecoderInputs(InputReader):
    """The inputs of an encoder-decoder.

    Args:
        model: The model; its configs are completed, nothing else is read.
        tokenizer: Its tokenizer.
        own: The settings of the training.
        prompt: The prompt of the compressor.
    """

    def __init__(
        self, model: Any, tokenizer: Any, own: AbstractiveSettings, prompt: PromptTemplate
    ) -> None:
        self._special = complete_special_tokens(model, tokenizer)
        configs = SimpleNamespace(config=model.config, generation_config=model.generation_config)
        super().__init__(configs, tokenizer, **_limits(own))
        self.asked = []
        self.prompt = prompt
        self._compressor = AbstractiveCompressor(self, prompt=prompt, titles=own.titles)

    def labels(self, target: str) -> list[int]:
        """Make what the model learns to write.

        Args:
            target: A summary; "" for nothing.

        Returns:
            Its tokens and the end; for nothing the end alone.
        """
        text = replace_surrogates(target)
        ids = list(self.tokenizer(text_target=text, verbose=False)["input_ids"])
        if ids[:1] == [self._special.start]:
            ids = ids[1:]  # every decoder input begins with it anyway: BERT's [CLS]
        end = self._special.end
        return ids if ids[-1:] == [end] else [*ids, end]


class DecoderOnlyInputs(InputReader, CausalSummarizerBase):
    """The inputs of a decoder-only model: the user's turn, where it has a chat template.

    Args:
        model: The model; only its configs are read.
        tokenizer: Its tokenizer.
        own: The settings of the training.
        prompt: The prompt of the compressor.

    Raises:
        ModelLoadError: No token ends a reply.
        ValueError: The chat template can't be used.
    """

    def __init__(
        self, model: Any, tokenizer: Any, own: AbstractiveSettings, prompt: PromptTemplate
    ) -> None:
        configs = SimpleNamespace(config=model.config, generation_config=model.generation_config)
        super().__init__(configs, tokenizer, **_limits(own))
        if not self._turns.ends:
            raise ModelLoadError(
                "neither the chat template nor the tokenizer of the base has a token that ends a "
                "reply: set its eos_token"
            )
        self.asked = []
        self.prompt = prompt
        summarizer = LLMSummarizer.from_local(self)
        self._compressor = AbstractiveCompressor(summarizer, prompt=prompt, titles=own.titles)

    def labels(self, target: str) -> list[int]:
        """Make what the model learns to reply.

        Args:
            target: A summary; "" for nothing.

        Returns:
            The tokens of the reply, for nothing those of the agreed word, and the end of the turn.
        """
        text = self._turns.defused(replace_surrogates(target)) or NOTHING_RELEVANT_WORD
        ids = self.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
        return [*ids, self._turns.ends[0]]


def _limits(own: AbstractiveSettings) -> dict[str, int]:
    return {
        "max_input_tokens": own.max_input_tokens,
        "max_new_tokens": own.max_target_tokens,
        "num_beams": own.num_beams,
    }


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
    data: TrainingData[DistillationExample], reader: InputReader, counts: Counter[str]
) -> list[EncodedExample]:
    """Encode the examples that can be asked; the others are left out and counted.

    Args:
        data: The examples.
        reader: Makes their inputs and labels.
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
        labels = reader.labels(example.target)
        if len(labels) > (most := reader.settings.max_new_tokens):
            counts["cut_targets"] += 1
            labels = [*labels[: most - 1], labels[-1]]
        rows.append(EncodedExample(example, prompt, inputs, array("i", labels)))
    return rows
