"""Questions and targets to tokens, by the very code that makes a summarizer's inputs later."""

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
from ..models.summarizers.seq2seq import LocalSummarizer
from ..text.splitting import replace_surrogates
from .examples import DistillationExample, TrainingData
from .settings import AbstractiveSettings

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class SpecialTokens:
    """start: what a decoder's input begins with. end: the end of every label."""

    start: int
    end: int


def complete_special_tokens(model: Any, tokenizer: Any) -> SpecialTokens:
    """The decoder's special tokens, filled in where the checkpoint leaves them open, as one that
    was built from two encoders does.
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
    """Stands where the summarizer does, notes what it is asked, and writes nothing.

    So the inputs of the training come out of the very code that makes them at inference.
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
        """The prompt and its tokens. Raises `ValueError` for a question that can't be asked."""
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
        self._prompts = list(prompts)
        return super().summarize(prompts)

    def _generate(self, inputs: Sequence[list[int]]) -> list[list[int]]:
        self.asked += zip(self._prompts, inputs, strict=True)
        return [[] for _ in inputs]

    def _stream(self, inputs: list[int]) -> Iterator[int]:
        raise NotImplementedError


@dataclass(frozen=True)
class Row:
    """An example as the model sees it. In arrays: lists take ten times as much memory."""

    example: DistillationExample
    prompt: str
    inputs: array[int]
    labels: array[int]


def encoded(
    data: TrainingData[DistillationExample],
    reader: InputReader,
    special: SpecialTokens,
    counts: Counter[str],
) -> list[Row]:
    """The examples that can be asked, as the model sees them; `counts` tells what befell them."""
    rows = []
    # Named even where they are zero.
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
        rows.append(Row(example, prompt, inputs, array("i", labels)))
    return rows


def _labels(target: str, tokenizer: Any, special: SpecialTokens) -> list[int]:
    """The target's tokens and the end; of the empty target the end alone."""
    ids = list(tokenizer(text_target=replace_surrogates(target), verbose=False)["input_ids"])
    if ids[:1] == [special.start]:
        ids = ids[1:]  # every decoder input begins with it anyway: BERT's [CLS]
    return ids if ids[-1:] == [special.end] else [*ids, special.end]
