"""Prompts to replies with a local decoder-only language model, such as Qwen3, SmolLM2 or Llama."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from typing import Any

from ...text.splitting import replace_surrogates
from ..token_rows import leading_ids, pad_rows
from .local import LocalSummarizer
from .torch_writer import TorchSummarizer

logger = logging.getLogger(__name__)

# The longest input by default. A prompt with instructions and five documents has about 1,000.
_MAX_INPUT_TOKENS = 4096

# Stand for a user's and an assistant's words where a template is tried out.
_USER, _ASSISTANT = "recomp0user", "recomp0assistant"


class ChatTurns:
    """How one prompt becomes the input of a chat model, and how its reply ends.

    A model whose tokenizer has no chat template reads the prompt as it is.

    Args:
        tokenizer: The model's, of transformers.
        name: The model's name, for errors.

    Attributes:
        tokenizer: See above.
        has_template: Whether the tokenizer has a chat template.
        ends: The tokens by which the template and the tokenizer end a reply, the template's first.

    Raises:
        ValueError: The template can't be used: it fails, or it does not open the model's turn.
    """

    def __init__(self, tokenizer: Any, name: str) -> None:
        self.tokenizer = tokenizer
        self.has_template = bool(getattr(tokenizer, "chat_template", None))
        # Written in a document, these would end the user's turn and begin another's.
        marks = {
            token.content
            for token in getattr(tokenizer, "added_tokens_decoder", {}).values()
            if len(token.content.strip()) > 1
            and (token.special or token.content in str(tokenizer.chat_template or ""))
        }
        ordered = sorted(marks, key=lambda mark: (-len(mark), mark))
        self._marks = re.compile("|".join(map(re.escape, ordered))) if ordered else None
        if self.has_template:
            self._check(name)
        self.ends = self._find_ends()

    def defused(self, text: str) -> str:
        """Break up the marks of a chat that stand in a text, so that they are words like others.

        Args:
            text: A prompt.

        Returns:
            The text; a space stands after the first character of each mark.
        """
        while self._marks is not None and self._marks.search(text):
            text = self._marks.sub(lambda found: f"{found[0][0]} {found[0][1:]}", text)
        return text

    def ids(self, prompt: str) -> list[int]:
        """Make the input of a prompt.

        Args:
            prompt: What the model is to reply to.

        Returns:
            Token ids, up to where the reply begins.
        """
        prompt = self.defused(replace_surrogates(prompt))
        text = self._rendered(prompt) if self.has_template else prompt
        encoded = self.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
        # A template writes the first token itself. Some tokenizers end a text with its last one,
        # after which nothing follows: only what they put in front is taken.
        head = [] if self.has_template else leading_ids(self.tokenizer)
        return [*head, *encoded]

    def _find_ends(self) -> tuple[int, ...]:
        found = [self.tokenizer.eos_token_id]
        if self.has_template:
            after = self._conversation().partition(_ASSISTANT)[2]
            marks = self.tokenizer.added_tokens_decoder
            ids = self.tokenizer(after, add_special_tokens=False, verbose=False)["input_ids"]
            found.insert(0, next((n for n in ids if n in marks and marks[n].content.strip()), None))
        return tuple(dict.fromkeys(n for n in found if n is not None))

    def _check(self, name: str) -> None:
        try:
            opened, bare = self._rendered(_USER), self._rendered(_USER, opened=False)
            whole = self._conversation()
        except Exception as error:
            raise ValueError(
                f"the chat template of {name} can't be used ({type(error).__name__}: {error}): "
                "give its tokenizer another"
            ) from error
        if _USER not in opened:
            raise ValueError(
                f"the chat template of {name} leaves out what the user says: give its tokenizer "
                "another"
            )
        # Where the end of the user's turn opens the model's ([/INST]), there is nothing to add.
        # One that shows no replies has a single turn, and opens the model's in its own way.
        follows = whole[len(opened) :] if whole.startswith(opened) else ""
        if opened == bare and _ASSISTANT in whole and not follows.strip().startswith(_ASSISTANT):
            raise ValueError(
                f"the chat template of {name} does not open the model's turn: it pays no heed to "
                "add_generation_prompt. Give its tokenizer a template that does"
            )

    def _rendered(self, prompt: str, *, opened: bool = True) -> str:
        text: str = self.tokenizer.apply_chat_template(
            [{"role": "user", "content": prompt}],
            tokenize=False,
            add_generation_prompt=opened,
            enable_thinking=False,  # heeded by templates of models that can reason
        )
        return text

    def _conversation(self) -> str:
        text: str = self.tokenizer.apply_chat_template(
            [{"role": "user", "content": _USER}, {"role": "assistant", "content": _ASSISTANT}],
            tokenize=False,
            enable_thinking=False,
        )
        return text


class CausalSummarizerBase(LocalSummarizer):
    """What decoder-only models share in both backends: chat turns, and replies that must end.

    It returns replies as the model writes them; `LLMSummarizer.from_local` makes summaries of them.

    Args:
        model: See `LocalSummarizer`.
        tokenizer: The model's tokenizer. With a chat template, a prompt is the user's turn.
        **settings: See `GenerationSettings`; `max_input_tokens` is 4,096 by default, and prompt and
            reply together have at most as many tokens as the model has positions.

    Raises:
        TypeError: The model is an encoder-decoder model.
        ValueError: A setting or the chat template can't work.
    """

    is_encoder_decoder = False

    def __init__(self, model: Any, tokenizer: Any, **settings: Any) -> None:
        name = getattr(model.config, "name_or_path", "") or getattr(tokenizer, "name_or_path", "")
        name = name or type(model).__name__
        self._turns = ChatTurns(tokenizer, name)
        if not self._turns.has_template:
            self._tell_of_missing_template(name)
        settings.setdefault("max_input_tokens", _MAX_INPUT_TOKENS)
        super().__init__(model, tokenizer, **settings)

    def count_tokens(self, text: str) -> int:
        """Count the tokens of a text.

        Args:
            text: Any string.

        Returns:
            The tokens that it takes in the input, without the turn around it.
        """
        return super().count_tokens(self._turns.defused(text))

    def _n_special_tokens(self) -> int:
        word = "a"
        bare = self.tokenizer(word, add_special_tokens=False, verbose=False)["input_ids"]
        return len(self._turns.ids(word)) - len(bare)

    def _encode(self, prompt: str) -> list[int]:
        with self._tokenizer_lock:
            return self._turns.ids(prompt)

    def _tell_of_missing_template(self, name: str) -> None:
        logger.warning(
            "%s has no chat template: it reads prompts as they are and may not know when a reply "
            "ends", name,
        )  # fmt: skip

    def _find_ends(self) -> Sequence[int]:
        return [*super()._find_ends(), *self._turns.ends]


class CausalSummarizer(CausalSummarizerBase, TorchSummarizer):
    """Any decoder-only model of transformers, in torch.

    In float32 a reply does not depend on what else is in the batch, except for ties at the sixth
    digit.

    Args:
        model: The model, on its device and in its number format; it is not changed.
        tokenizer: The model's tokenizer.
        **settings: See `CausalSummarizerBase`.

    Raises:
        TypeError: See `CausalSummarizerBase`.
        ValueError: See `CausalSummarizerBase`.
    """

    def _generate(self, inputs: Sequence[list[int]], streamer: Any = None) -> list[list[int]]:
        # A reply begins where its prompt ends, so padding stands in front.
        ids, mask = pad_rows(inputs, pad=self._pad, left=True)
        written = [row[ids.shape[1] :] for row in self._write(ids, mask, streamer)]
        return [self._up_to_end(row) for row in written]

    def _stream(self, inputs: list[int]) -> Iterator[int]:
        written = super()._stream(inputs)
        for _ in inputs:  # `generate` shows its streamer the prompt first
            next(written, None)
        return written

    def _endings(self) -> dict[str, Any]:
        return {**super()._endings(), "pad_token_id": self._pad}
