"""Exact log-probabilities of answers from a language model on this machine."""

from __future__ import annotations

import copy
import inspect
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..errors import BudgetError
from ..models.summarizers.local import position_limit
from ..models.token_rows import pad_rows
from ..models.torch_batches import by_length, run_with_bisection, token_budget
from ..models.torch_inference import inference
from ..runtime.forking import ForkSafeLock, torch_works_here
from ..text.splitting import replace_surrogates
from .answer_scores import AnswerScore, Kind, Pair, PairScorer
from .fingerprint import weights_fingerprint
from .loading import Pretrained, load_causal, load_seq2seq
from .packing import Branches, in_packs, pack
from .tokenization import Joined, join_all

# A shorter beginning that prompts share is not worth a pass of its own.
_LEAST_TRUNK = 16

# What the models call their keys and values: transformers from 5.24 on, and before.
_CACHE_NAMES = ("cache", "past_key_values")


class _LocalScorer(Pretrained, PairScorer):
    """What scorers on local models share. Safe to call from several threads.

    max_batch_tokens: The largest number of tokens per pass, padding included; None for what suits
        the model's device. settings: Those of `PairScorer`.
    """

    def __init__(
        self, model: Any, tokenizer: Any, *, max_batch_tokens: int | None = None, **settings: Any
    ) -> None:
        super().__init__(**settings)
        self.model = model
        self.tokenizer = tokenizer
        self.max_batch_tokens = max_batch_tokens or token_budget(model)
        # The tokenizer's padding is state of a shared object, and so is the mode of a model.
        self._lock = ForkSafeLock()
        torch_works_here()

    @cached_property
    def identity(self) -> Mapping[str, Any]:
        """JSON values that decide the scores."""
        return {**self._shared_identity(), "model": weights_fingerprint(self.model)}

    def _admitted(
        self, found: Sequence[Joined | Exception]
    ) -> tuple[list[tuple[int, Joined]], list[tuple[int, Exception]]]:
        """What may be scored, and what is wrong with the others."""
        good: list[tuple[int, Joined]] = []
        bad: list[tuple[int, Exception]] = []
        for position, joined in enumerate(found):
            if isinstance(joined, Exception):
                bad.append((position, joined))
                continue
            try:
                self.meter.admit()
                good.append((position, joined))
            except BudgetError as error:
                bad.append((position, error))
        return good, bad


@dataclass(frozen=True)
class _Group:
    """The continuations of one prompt. `rows`: positions among the pairs."""

    prompt: tuple[int, ...]
    rows: tuple[tuple[int, tuple[int, ...]], ...]

    @property
    def width(self) -> int:
        """Tokens of the longest row."""
        return len(self.prompt) + max(len(ids) for _, ids in self.rows) - 1

    @property
    def branches(self) -> Branches:
        """The prompt and the continuations without their positions."""
        return Branches(self.prompt, tuple(ids for _, ids in self.rows))


class CausalLMScorer(_LocalScorer):
    """A causal language model of transformers: exact. Safe to call from several threads.

    The end of the answer is not scored: the sum is over the answer's own tokens.

    Work is shared: a beginning that all prompts have in common (instructions, worked examples) is
    read once, and so is a prompt with several answers; only the answers' positions are turned into
    logits. On a CPU, prompts are packed into one row without padding, where the model can read it
    (`packing`). Models whose cache can't be copied read everything again.

    Args:
        model: As transformers loads it.
        tokenizer: The model's.
        settings: `max_batch_tokens`, the largest number of tokens per pass, padding included (None
            for what suits the model's device, see `torch_batches.token_budget`); and `prompt`,
            `answers` and `meter` of `PairScorer`.

    Raises:
        TypeError: The model is an encoder-decoder model.
    """

    def __init__(self, model: Any, tokenizer: Any, **settings: Any) -> None:
        if getattr(model.config, "is_encoder_decoder", False):
            raise TypeError(
                f"{type(model).__name__} is an encoder-decoder model: use Seq2SeqLMScorer"
            )
        super().__init__(model, tokenizer, **settings)

    @classmethod
    def _load(cls, source: str | os.PathLike[str], **settings: Any) -> tuple[Any, Any]:
        return load_causal(source, **settings)

    def _each(self, pairs: Sequence[Pair]) -> Iterator[tuple[int, AnswerScore | Exception]]:
        with self._lock:
            joined = [self._checked_length(found) for found in join_all(self.tokenizer, pairs)]
        good, bad = self._admitted(joined)
        yield from bad
        groups = _grouped(good)
        with self._lock:
            trunk = self._trunk(groups)
            packs = bool(groups) and self._can_pack
        for batch in self._batches(groups, trunk, packs):
            for group, result in run_with_bisection(lambda own: self._scores(own, trunk), batch):
                for n, (position, _) in enumerate(group.rows):
                    yield position, result if isinstance(result, Exception) else result[n]

    def _batches(
        self, groups: Sequence[_Group], trunk: _Trunk, packs: bool
    ) -> Iterator[list[_Group]]:
        if packs:
            widths = [group.branches.width(trunk.length) for group in groups]
            for batch in in_packs(widths, self.max_batch_tokens):
                yield [groups[n] for n in batch]
            return
        single = [group for group in groups if len(group.rows) == 1]
        several = [group for group in groups if len(group.rows) > 1]
        for some in (single, several):
            # Logits are wide: a long answer counts for more than its tokens.
            widths = [max(g.width - trunk.length, 4 * (g.width - len(g.prompt))) for g in some]
            for batch in by_length(widths, self.max_batch_tokens):
                yield [some[n] for n in batch]

    def _checked_length(self, joined: Joined | ValueError) -> Joined | ValueError:
        limit = position_limit(self.model.config, "decoder")
        if isinstance(joined, Joined) and limit is not None and len(joined.ids) > limit:
            return ValueError(
                f"prompt and answer take {len(joined.ids)} tokens, the model has {limit} "
                "positions: shorten the context"
            )
        return joined

    def _scores(self, groups: list[_Group], trunk: _Trunk) -> list[list[AnswerScore]]:
        """One score per row of each group."""
        with self._lock, inference(self.model):
            if self._can_pack:
                return self._scores_of_pack(groups, trunk)
            branches = any(len(group.rows) > 1 for group in groups)
            # A prompt of one token leaves nothing to read before its answers branch off.
            if branches and self._can_share and all(len(group.prompt) > 1 for group in groups):
                return self._scores_of_branches(groups, trunk)
            return self._scores_of_rows(groups, trunk)

    def _scores_of_pack(self, groups: Sequence[_Group], trunk: _Trunk) -> list[list[AnswerScore]]:
        """Scores from reading all prompts and answers in one row."""
        packed = pack([group.branches for group in groups], trunk.length)
        device = self.model.device
        self.meter.add(input_tokens=packed.ids.shape[1])
        settings = {
            "position_ids": packed.positions.to(device),
            "logits_to_keep": packed.predicting.to(device),
            self._cache_name: trunk.copies(1),
            "use_cache": trunk.cache is not None,
        }
        logits = self.model(
            input_ids=packed.ids.to(device),
            attention_mask=packed.mask(self.model.dtype).to(device),
            **{name: value for name, value in settings.items() if name in self._accepted},
        ).logits[0]
        if "logits_to_keep" not in self._accepted:
            logits = logits[packed.predicting.to(device)]
        sums = iter(packed.sums(logits))
        return [
            [AnswerScore(next(sums), len(ids), Kind.EXACT) for _, ids in group.rows]
            for group in groups
        ]

    def _scores_of_rows(self, groups: Sequence[_Group], trunk: _Trunk) -> list[list[AnswerScore]]:
        """Scores from reading each prompt with its answer."""
        rows = [(group.prompt + ids, len(ids)) for group in groups for _, ids in group.rows]
        inputs = _Inputs([ids[trunk.length : -1] for ids, _ in rows], trunk)
        logits = self._logits(inputs, trunk.copies(len(rows)), max(n for _, n in rows))
        sums = iter(_sums(logits, [ids[-n:] for ids, n in rows]))
        return [[next(sums) for _ in group.rows] for group in groups]

    def _scores_of_branches(
        self, groups: Sequence[_Group], trunk: _Trunk
    ) -> list[list[AnswerScore]]:
        """Each prompt read once, up to its last token; from there on each of its answers."""
        import torch

        inputs = _Inputs([group.prompt[trunk.length : -1] for group in groups], trunk)
        output = self._forward(inputs, trunk.copies(len(groups)), use_cache=True, keep=1)
        cache = getattr(output, self._cache_name)
        owners = [n for n, group in enumerate(groups) for _ in group.rows]
        cache.batch_select_indices(torch.tensor(owners, device=self.model.device))
        rows = [(group.prompt[-1:], ids) for group in groups for _, ids in group.rows]
        branches = inputs.followed_by([last + ids[:-1] for last, ids in rows], owners)
        longest = max(len(ids) for _, ids in rows)
        logits = self._logits(branches, cache, longest)
        sums = iter(_sums(logits, [ids for _, ids in rows]))
        return [[next(sums) for _ in group.rows] for group in groups]

    def _logits(self, inputs: _Inputs, cache: Any, keep: int) -> Any:
        """Of the last `keep` positions: (n_rows, keep, vocabulary)."""
        logits = self._forward(inputs, cache, use_cache=cache is not None, keep=keep).logits
        return logits[:, -keep:]

    def _forward(self, inputs: _Inputs, cache: Any, *, use_cache: bool, keep: int) -> Any:
        self.meter.add(input_tokens=inputs.n_tokens)
        accepted = self._accepted
        settings = {
            "position_ids": inputs.positions,
            "logits_to_keep": keep,
            self._cache_name: cache,
            "use_cache": use_cache,
        }
        tensors = {
            name: value.to(self.model.device) if hasattr(value, "to") else value
            for name, value in settings.items()
            if name in accepted and value is not None
        }
        return self.model(
            input_ids=inputs.ids.to(self.model.device),
            attention_mask=inputs.mask.to(self.model.device),
            **tensors,
        )

    @cached_property
    def _accepted(self) -> frozenset[str]:
        return frozenset(inspect.signature(self.model.forward).parameters)

    @cached_property
    def _cache_name(self) -> str:
        """The name of the cache, as argument and in the output; "" if the model takes none."""
        return next((name for name in _CACHE_NAMES if name in self._accepted), "")

    @cached_property
    def _can_share(self) -> bool:
        """Whether the model keeps plain keys and values, which can be copied row by row."""
        from transformers.cache_utils import DynamicCache, DynamicLayer

        if not self._cache_name:
            return False
        inputs = _Inputs([(0,)], _Trunk())
        with inference(self.model):
            output = self._forward(inputs, None, use_cache=True, keep=1)
        cache: Any = getattr(output, self._cache_name, None)
        return type(cache) is DynamicCache and all(type(x) is DynamicLayer for x in cache.layers)

    @cached_property
    def _can_pack(self) -> bool:
        """Whether the model reads two texts in a row as it reads them apart."""
        import torch

        model = self.model
        if model.device.type != "cpu" or getattr(model, "dtype", None) != torch.float32:
            return (
                False  # an accelerator fills its passes with padding more cheaply than with masks
            )
        if not self._can_share or "position_ids" not in self._accepted:
            return False
        groups = [_Group((3, 1, 2, 2), ((0, (1, 3)), (1, (2, 2)))), _Group((2, 3), ((2, (3, 1)),))]
        with inference(model):
            apart = self._scores_of_rows(groups, _Trunk())
            try:
                packed = self._scores_of_pack(groups, _Trunk())
            except Exception:
                return False  # it takes no mask of this form
        return all(
            abs(one.value - other.value) < 1e-3
            for own, others in zip(apart, packed, strict=True)
            for one, other in zip(own, others, strict=True)
        )

    def _trunk(self, groups: Sequence[_Group]) -> _Trunk:
        """The beginning that all prompts share, read."""
        # Of each prompt two tokens are left: one to read, one from which the answers branch.
        common = _common_prefix([group.prompt[:-2] for group in groups])
        if len(groups) < 2 or len(common) < _LEAST_TRUNK or not self._can_share:
            return _Trunk()
        with inference(self.model):
            output = self._forward(_Inputs([common], _Trunk()), None, use_cache=True, keep=1)
        return _Trunk(len(common), getattr(output, self._cache_name))


@dataclass(frozen=True)
class _Trunk:
    """What was read once for all rows of a run. `length`: in tokens."""

    length: int = 0
    cache: Any = None

    def copies(self, n: int) -> Any:
        if self.cache is None:
            return None
        cache = copy.deepcopy(self.cache)
        cache.batch_repeat_interleave(n)
        return cache


class _Inputs:
    """Rows of ids, padded on the left, so that all end in the same column.

    ids, positions: (n_rows, width). mask: (n_rows, before + width), over what was read before too.
    """

    def __init__(self, rows: Sequence[tuple[int, ...]], trunk: _Trunk) -> None:
        import torch

        lengths = torch.full((len(rows),), trunk.length)
        mask = torch.ones(len(rows), trunk.length, dtype=torch.long)
        self._place(rows, lengths, mask)

    def followed_by(self, rows: Sequence[tuple[int, ...]], owners: Sequence[int]) -> _Inputs:
        """What comes after these: row n after the row `owners[n]`."""
        inputs = copy.copy(self)
        inputs._place(rows, self._lengths[list(owners)], self.mask[list(owners)])
        return inputs

    def _place(self, rows: Sequence[tuple[int, ...]], before: Any, mask_before: Any) -> None:
        import torch

        self.n_tokens = sum(map(len, rows))
        self.ids, own = pad_rows(rows, left=True)
        self.positions = (before[:, None] + own.cumsum(1) - 1) * own  # 0 for padding
        self.mask = torch.cat([mask_before, own], dim=1)
        self._lengths = before + own.sum(1)


class Seq2SeqLMScorer(_LocalScorer):
    """An encoder-decoder language model of transformers: exact. Safe to call from several threads.

    The encoder reads a prompt once for all its answers. To such a model an answer is a text of its
    own: the space before it is dropped, and its end is not scored.

    Args:
        model: As transformers loads it.
        tokenizer: The model's.
        settings: As for `CausalLMScorer`.

    Raises:
        TypeError: The model is no encoder-decoder model.
    """

    def __init__(self, model: Any, tokenizer: Any, **settings: Any) -> None:
        if not getattr(model.config, "is_encoder_decoder", False):
            raise TypeError(
                f"{type(model).__name__} is no encoder-decoder model: use CausalLMScorer"
            )
        super().__init__(model, tokenizer, **settings)

    @classmethod
    def _load(cls, source: str | os.PathLike[str], **settings: Any) -> tuple[Any, Any]:
        return load_seq2seq(source, **settings)

    def _each(self, pairs: Sequence[Pair]) -> Iterator[tuple[int, AnswerScore | Exception]]:
        with self._lock:
            joined = [self._joined(pair) for pair in pairs]
        good, bad = self._admitted(joined)
        yield from bad
        groups = _grouped(good)
        widths = [max(len(g.prompt), g.width - len(g.prompt)) for g in groups]
        for batch in by_length(widths, self.max_batch_tokens):
            for group, result in run_with_bisection(self._scores, [groups[n] for n in batch]):
                for n, (position, _) in enumerate(group.rows):
                    yield position, result if isinstance(result, Exception) else result[n]

    def _joined(self, pair: Pair) -> Joined | ValueError:
        """The encoder's ids and, after them, those of the answer that are scored."""
        prompt = self.tokenizer(replace_surrogates(pair.prompt), verbose=False)["input_ids"]
        answer = replace_surrogates(pair.continuation).strip()
        ids = self._answer_ids(answer, add_special_tokens=False)
        if not ids:
            return ValueError(f"there is nothing to score in {pair.continuation[:80]!r}")
        for side, n in (("encoder", len(prompt)), ("decoder", len(ids) + 2)):
            limit = position_limit(self.model.config, side)
            if limit is not None and n > limit:
                return ValueError(f"the text takes {n} tokens, the model's {side} has {limit} "
                                  "positions: shorten it")  # fmt: skip
        return Joined((*prompt, *ids), len(ids))

    def _answer_ids(self, answer: str, **settings: Any) -> list[int]:
        return list(self.tokenizer(text_target=answer, verbose=False, **settings)["input_ids"])

    @cached_property
    def _head(self) -> list[int]:
        """What the decoder has written before an answer.

        That is its start token, and for some models (BART) the token that the tokenizer puts before
        every text.
        """
        theirs = self.model.config, getattr(self.model, "generation_config", None)
        starts = [getattr(config, "decoder_start_token_id", None) for config in theirs]
        start = next((found for found in starts if found is not None), None)
        if start is None:
            raise ValueError(f"{type(self.model).__name__} has no decoder_start_token_id: set it")
        bare = self._answer_ids("a", add_special_tokens=False)
        whole = self._answer_ids("a")
        before = next((n for n in range(len(whole)) if whole[n : n + len(bare)] == bare), 0)
        return [start, *whole[:before]]

    def _scores(self, groups: list[_Group]) -> list[list[AnswerScore]]:
        from transformers.modeling_outputs import BaseModelOutput

        device = self.model.device
        with self._lock, inference(self.model):
            ids, mask = pad_rows([group.prompt for group in groups])
            encoded = self.model.get_encoder()(
                input_ids=ids.to(device), attention_mask=mask.to(device)
            ).last_hidden_state
            rows = [row for group in groups for _, row in group.rows]
            owners = [n for n, group in enumerate(groups) for _ in group.rows]
            self.meter.add(input_tokens=int(mask.sum()) + sum(map(len, rows)))
            written, _ = pad_rows([(*self._head, *row[:-1]) for row in rows])
            logits = self.model(
                encoder_outputs=BaseModelOutput(last_hidden_state=encoded[owners]),
                attention_mask=mask[owners].to(device),
                decoder_input_ids=written.to(device),
                use_cache=False,
            ).logits
            # The logits for the n-th token of an answer stand where the token before it stands.
            first = len(self._head) - 1
            sums = iter(_sums(logits[:, first:], rows, right=True))
            return [[next(sums) for _ in group.rows] for group in groups]


def _grouped(rows: Sequence[tuple[int, Joined]]) -> list[_Group]:
    groups: dict[tuple[int, ...], list[tuple[int, tuple[int, ...]]]] = {}
    for position, joined in rows:
        groups.setdefault(joined.prompt, []).append((position, joined.continuation))
    return [_Group(prompt, tuple(own)) for prompt, own in groups.items()]


def _sums(
    logits: Any, rows: Sequence[tuple[int, ...]], *, right: bool = False
) -> list[AnswerScore]:
    """The summed log-probabilities of each row's ids.

    logits: (n_rows, width, vocabulary), the ids' own in the last columns, with `right` the first.
    """
    import torch

    width = logits.shape[1]
    targets = torch.zeros(len(rows), width, dtype=torch.long)
    own = torch.zeros(len(rows), width)
    for n, ids in enumerate(rows):
        columns = slice(0, len(ids)) if right else slice(width - len(ids), width)
        targets[n, columns] = torch.tensor(ids)
        own[n, columns] = 1
    logits = logits.float()
    chosen = logits.gather(-1, targets.to(logits.device)[..., None])[..., 0]
    logprobs = (chosen - logits.logsumexp(-1)).cpu()
    # Padding may hold anything, not-a-number included.
    sums = torch.where(own > 0, logprobs, 0.0).double().sum(1).tolist()
    return [AnswerScore(value, len(ids), Kind.EXACT) for value, ids in zip(sums, rows, strict=True)]


def _common_prefix(rows: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    if not rows:
        return ()
    # In sorted order, all rows between the first and the last share what these two share.
    low, high = min(rows), max(rows)
    return low[: next((n for n, (a, b) in enumerate(zip(low, high, strict=False)) if a != b),
                      min(len(low), len(high)))]  # fmt: skip
