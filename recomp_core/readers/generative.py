"""Language models as readers: their answers, and how likely each was."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from ..errors import SummaryError
from ..models.summarizers.local import position_limit
from ..models.summarizers.torch_writer import SPECIAL_TOKENS
from ..models.token_rows import pad_rows
from ..models.torch_inference import inference
from ..protocols import ReaderAnswer
from ..runtime.forking import ForkSafeLock, torch_works_here
from ..text.splitting import replace_surrogates


class LocalReader:
    """A causal or an encoder-decoder model of transformers. Safe to call from several threads.

    Args:
        model: As transformers loads it.
        tokenizer: The model's.
        max_new_tokens: The length of the longest answer, in tokens. One that has not ended there
            counts as it is, unlike a summary: a model that never learned to stop answers first and
            then writes on, and no other model reads what it wrote.
        batch_size: The number of prompts per pass.
        stop: An answer ends before this text. A line break ends the short answers of a causal model
            that would go on with another question.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        *,
        max_new_tokens: int = 32,
        batch_size: int = 8,
        stop: str = "\n",
    ) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.max_new_tokens = max_new_tokens
        self.batch_size = batch_size
        self.stop = stop
        self._lock = ForkSafeLock()
        torch_works_here()

    def answer(self, prompts: Sequence[str]) -> list[ReaderAnswer]:
        """Answer prompts by greedy search.

        Args:
            prompts: What the model reads.

        Returns:
            One answer per prompt, in order.

        Raises:
            ValueError: A prompt and its answer do not fit into the model's positions.
        """
        order = sorted(range(len(prompts)), key=lambda n: (-len(prompts[n]), n))
        answers: dict[int, ReaderAnswer] = {}
        for first in range(0, len(order), self.batch_size):
            batch = order[first : first + self.batch_size]
            with self._lock:
                found = self._generate([replace_surrogates(prompts[n]) for n in batch])
            answers.update(zip(batch, found, strict=True))
        return [answers[n] for n in range(len(prompts))]

    def _generate(self, prompts: Sequence[str]) -> list[ReaderAnswer]:
        import torch

        ids = [self.tokenizer(prompt, verbose=False)["input_ids"] for prompt in prompts]
        longest = max(map(len, ids))
        # A causal model goes on where its prompt ends, so its padding stands in front.
        causal = not self.model.config.is_encoder_decoder
        limit = position_limit(self.model.config, "encoder")
        if limit is not None and longest + (self.max_new_tokens if causal else 0) > limit:
            raise ValueError(
                f"a prompt of {longest} tokens and max_new_tokens={self.max_new_tokens} do not fit "
                f"into the reader's {limit} positions: shorten the prompt"
            )
        pad = self.tokenizer.pad_token_id
        pad = self.tokenizer.eos_token_id if pad is None else pad
        rows, mask = pad_rows(ids, pad=pad or 0, left=causal)
        with inference(self.model):
            output = self._writer(pad).generate(
                input_ids=rows.to(self.model.device),
                attention_mask=mask.to(self.model.device),
            )
        written = output.sequences[:, longest if causal else 1 :]
        logits = torch.stack(output.logits, dim=1).float()  # (n_prompts, n_written, vocabulary)
        logprobs = torch.log_softmax(logits, dim=-1).gather(-1, written[..., None])[..., 0]
        return [
            self._read(tokens, values)
            for tokens, values in zip(written.tolist(), logprobs.tolist(), strict=True)
        ]

    def _writer(self, pad: int | None) -> Any:
        """The model with plain greedy search instead of its own generation config.

        A penalty on repetition, say, would make it write what it does not find likely.
        """
        from transformers import GenerationConfig

        writer, theirs = copy.copy(self.model), self.model.generation_config
        special = {name: getattr(theirs, name, None) for name in SPECIAL_TOKENS}
        writer.generation_config = GenerationConfig(
            **{**special, "pad_token_id": pad},
            max_new_tokens=self.max_new_tokens,
            do_sample=False,
            return_dict_in_generate=True,
            output_logits=True,
        )
        return writer

    def _read(self, tokens: Sequence[int], logprobs: Sequence[float]) -> ReaderAnswer:
        """The answer up to its end: the end token, which counts, or the stop text."""
        ends = {self.tokenizer.eos_token_id, *_as_list(self.model.generation_config.eos_token_id)}
        length = next((n + 1 for n, token in enumerate(tokens) if token in ends), len(tokens))
        for n in range(1, length + 1):
            text: str = self.tokenizer.decode(tokens[:n], skip_special_tokens=True)
            if text.strip() and self.stop in text.lstrip():
                length, text = n, text.lstrip().split(self.stop)[0]
                break
        else:
            text = self.tokenizer.decode(tokens[:length], skip_special_tokens=True)
        return ReaderAnswer(text.strip(), sum(logprobs[:length]), length)


class ChatReader:
    """A chat model behind an OpenAI-compatible endpoint that returns log-probabilities.

    Args:
        chat: An `OpenAIChatModel`.
    """

    def __init__(self, chat: Any) -> None:
        self.chat = chat

    def answer(self, prompts: Sequence[str]) -> list[ReaderAnswer]:
        """Ask the model for answers.

        Args:
            prompts: What the model reads.

        Returns:
            One answer per prompt, in order.

        Raises:
            SummaryError: A reply has no log-probabilities, or a request failed; the error is that
                of the first such prompt.
        """
        answers = []
        for reply in self.chat.with_logprobs(prompts):
            if isinstance(reply, Exception):
                raise reply
            text, logprobs = reply
            # DeepSeek answers 0 and -9999 at temperature 0: no probabilities at all.
            if not logprobs or all(value == 0 for value in logprobs):
                place = getattr(self.chat, "base_url", None) or "its provider's own address"
                raise SummaryError(
                    f"{self.chat.model} gave no log-probabilities for its reply, at {place}: use "
                    "an endpoint that does, or temperature=1.0 where 0 leaves them out (DeepSeek)",
                    "malformed",
                )
            answers.append(ReaderAnswer(text.strip(), sum(logprobs), len(logprobs)))
        return answers


def _as_list(value: int | Sequence[int] | None) -> list[int]:
    if value is None:
        return []
    return [value] if isinstance(value, int) else list(value)
