"""Extractive question-answering models: they score every span of a context."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..models.summarizers.local import position_limit
from ..models.torch_batches import by_length, token_budget
from ..models.torch_inference import inference
from ..runtime.forking import ForkSafeLock, torch_works_here
from ..text.splitting import replace_surrogates

_LEAST_ROOM = 8  # tokens of context beside a question; fewer are not worth a pass


@dataclass
class Window:
    """A question with a stretch of its context, as the model reads it.

    Attributes:
        owner: Which of the questions it belongs to.
        features: The model's inputs by name, without padding.
        inside: The positions of the context's tokens, (n,).
        offsets: The place of each of these tokens in the context, `(start, end)` in characters.
        first: The position that stands for "no answer".
        start: The start logits of the context's tokens, (n,).
        end: Their end logits, (n,).
        nothing: The start and end logit of "no answer", added.
    """

    owner: int
    features: Mapping[str, list[int]]
    inside: np.ndarray
    offsets: Sequence[tuple[int, int]]
    first: int
    start: np.ndarray = None  # type: ignore[assignment]
    end: np.ndarray = None  # type: ignore[assignment]
    nothing: float = 0.0

    def spans(self, max_tokens: int) -> np.ndarray:
        """Add the start and end logits of every span.

        Args:
            max_tokens: The length of the longest span, in tokens.

        Returns:
            The logit of each span by its first and last token, (n, n); -inf for what is no span
            and for those that are too long.
        """
        spans = self.start[:, None] + self.end[None, :]
        length = np.arange(len(spans))[None, :] - np.arange(len(spans))[:, None] + 1
        return np.where((length >= 1) & (length <= max_tokens), spans, -np.inf)

    def best(self, max_tokens: int) -> tuple[float, int, int]:
        """Find the best span; of equal ones the first.

        Args:
            max_tokens: The length of the longest span, in tokens.

        Returns:
            `(logit, start, end)`, the place in the context's characters; the logit is -inf if the
            window holds no context.
        """
        if not len(self.inside):
            return -math.inf, 0, 0
        spans = self.spans(max_tokens)
        first, last = divmod(int(spans.argmax()), len(spans))
        return float(spans[first, last]), self.offsets[first][0], self.offsets[last][1]


class SpanModel:
    """An `AutoModelForQuestionAnswering` with its fast tokenizer. Safe to share between threads.

    Args:
        model: As transformers loads it.
        tokenizer: The model's, a fast one.
        max_length: The length of the windows through which a long context is read, in tokens. A
            model with fewer positions gets windows of its own size.
        stride: The number of tokens that two neighbouring windows share.
        batch_tokens: The largest number of tokens per pass, padding included; None for what suits
            the model's device, see `torch_batches.token_budget`.

    Raises:
        TypeError: The tokenizer gives no offsets.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        *,
        max_length: int = 384,
        stride: int = 128,
        batch_tokens: int | None = None,
    ) -> None:
        if not getattr(tokenizer, "is_fast", False):
            raise TypeError(f"{type(tokenizer).__name__} gives no offsets: use a fast tokenizer")
        self.model = model
        self.tokenizer = tokenizer
        self.max_length = max_length
        self.stride = stride
        self.batch_tokens = batch_tokens or token_budget(model)
        self._lock = ForkSafeLock()
        torch_works_here()

    def read(self, questions: Sequence[str], contexts: Sequence[str]) -> list[list[Window]]:
        """Read each question's context.

        Args:
            questions: What is asked.
            contexts: The text that each question is answered from.

        Returns:
            For each question the windows of its context, with their logits.

        Raises:
            ValueError: A question is so long that no context fits beside it.
        """
        with self._lock:
            windows = self.windows(questions, contexts)
            self._fill(windows)
        own: list[list[Window]] = [[] for _ in questions]
        for window in windows:
            own[window.owner].append(window)
        return own

    def windows(self, questions: Sequence[str], contexts: Sequence[str]) -> list[Window]:
        """Cut contexts into windows, without reading them.

        Args:
            questions: What is asked.
            contexts: The text that each question is answered from.

        Returns:
            All windows in the order of the questions, without logits.

        Raises:
            ValueError: A question is so long that no context fits beside it.
        """
        questions = [replace_surrogates(question) for question in questions]
        contexts = [replace_surrogates(context) for context in contexts]
        if not questions:
            return []
        max_length = self._window_length()
        # The tokenizer takes one stride for all questions, and the windows must move forward.
        groups: dict[int, list[int]] = defaultdict(list)
        for position, room in enumerate(self._rooms(questions, max_length)):
            groups[min(self.stride, room // 2)].append(position)
        windows = [
            window
            for stride, rows in groups.items()
            for window in self._cut(
                rows,
                [questions[n] for n in rows],
                [contexts[n] for n in rows],
                max_length=max_length,
                stride=stride,
            )
        ]
        return sorted(windows, key=lambda window: window.owner)

    def _window_length(self) -> int:
        limits = [position_limit(self.model.config, "encoder"), self.tokenizer.model_max_length]
        return min([self.max_length, *(limit for limit in limits if limit)])

    def _rooms(self, questions: Sequence[str], max_length: int) -> list[int]:
        """How many tokens of context fit beside each question."""
        encoded = self.tokenizer(list(questions), add_special_tokens=False, verbose=False)
        special = self.tokenizer.num_special_tokens_to_add(pair=True)
        rooms = [max_length - special - len(ids) for ids in encoded["input_ids"]]
        for question, room in zip(questions, rooms, strict=True):
            if room < _LEAST_ROOM:
                raise ValueError(
                    f"the question {question[:60]!r}… takes {max_length - special - room} tokens "
                    f"of the {max_length} that the model reads at a time: shorten it"
                )
        return rooms

    def _cut(
        self,
        owners: Sequence[int],
        questions: list[str],
        contexts: list[str],
        *,
        max_length: int,
        stride: int,
    ) -> list[Window]:
        encoded = self.tokenizer(
            questions,
            contexts,
            truncation="only_second",
            max_length=max_length,
            stride=stride,
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
            verbose=False,
        )
        names = [name for name in self.tokenizer.model_input_names if name in encoded]
        cls = self.tokenizer.cls_token_id
        windows = []
        for row, owner in enumerate(encoded["overflow_to_sample_mapping"]):
            inside = [n for n, part in enumerate(encoded.sequence_ids(row)) if part == 1]
            ids = encoded["input_ids"][row]
            windows.append(
                Window(
                    owners[owner],
                    {name: encoded[name][row] for name in names},
                    np.asarray(inside, dtype=np.int64),
                    [encoded["offset_mapping"][row][n] for n in inside],
                    ids.index(cls) if cls in ids else 0,
                )
            )
        return windows

    def _fill(self, windows: Sequence[Window]) -> None:
        """Read the windows, in batches of similar length."""
        lengths = [len(window.features["input_ids"]) for window in windows]
        for batch in by_length(lengths, self.batch_tokens):
            features = self.tokenizer.pad(
                [windows[n].features for n in batch], padding_side="right", return_tensors="pt"
            ).to(self.model.device)
            with inference(self.model):
                output = self.model(**features)
            starts = output.start_logits.double().cpu().numpy()
            ends = output.end_logits.double().cpu().numpy()
            for n, start, end in zip(batch, starts, ends, strict=True):
                window = windows[n]
                window.start, window.end = start[window.inside], end[window.inside]
                window.nothing = float(start[window.first] + end[window.first])
