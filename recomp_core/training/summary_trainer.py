"""The trainer of summarizers, on that of transformers: batches of similar length, our figures."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..models.token_rows import pad_rows
from .summary_evaluation import SummaryEvaluation
from .summary_inputs import EncodedExample

# So many batches are drawn together and sorted by length.
_SORTED_TOGETHER = 50

# The label of what no loss is taken of, in transformers.
_IGNORED = -100


def collate_joined(rows: Sequence[dict[str, list[int]]]) -> dict[str, Any]:
    """Make a batch of joined rows; a decoder-only model may know no padding token.

    Args:
        rows: What an `EncodedDataset` with `joined` holds.

    Returns:
        Tensors (n_rows, width): "input_ids", "attention_mask" and "labels".
    """
    ids, mask = pad_rows([row["input_ids"] for row in rows])
    labels, _ = pad_rows([row["labels"] for row in rows], pad=_IGNORED)
    return {"input_ids": ids, "attention_mask": mask, "labels": labels}


class EncodedDataset:
    """The examples as the collator wants them; a dataset of torch.

    Args:
        rows: The encoded examples.
        joined: Whether the model reads input and labels in one row, as decoder-only models do, so
            that nothing is to be learned from the input's tokens.
    """

    def __init__(self, rows: Sequence[EncodedExample], *, joined: bool = False) -> None:
        self.rows = rows
        self.joined = joined

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, position: int) -> dict[str, list[int]]:
        row = self.rows[position]
        if self.joined:
            ignored = [_IGNORED] * len(row.inputs)
            return {
                "input_ids": [*row.inputs, *row.labels],
                "labels": [*ignored, *row.labels],
            }
        return {"input_ids": row.inputs.tolist(), "labels": row.labels.tolist()}


class LengthSampler:
    """Batches of similar length in an order that depends on seed and epoch alone.

    The order of the trainer's own "group_by_length" depends on all that was drawn before, so that a
    run that is carried on in a later epoch would see other batches.

    Args:
        dataset: The examples.
        batch_size: Examples per batch.
        seed: The seed of the order.

    Attributes:
        epoch: The epoch whose order is drawn next, from 0.
    """

    def __init__(self, dataset: EncodedDataset, batch_size: int, seed: int) -> None:
        self.lengths = [len(row.inputs) for row in dataset.rows]
        self.batch_size = batch_size
        self.seed = seed
        self.epoch = 0

    def __len__(self) -> int:
        return len(self.lengths)

    def __iter__(self) -> Iterator[int]:
        import torch

        draw = torch.Generator().manual_seed(self.seed + self.epoch)
        order = torch.randperm(len(self.lengths), generator=draw).tolist()
        step, size = self.batch_size * _SORTED_TOGETHER, self.batch_size
        batches = []
        for start in range(0, len(order), step):
            part = sorted(order[start : start + step], key=lambda n: -self.lengths[n])
            batches += [part[first : first + size] for first in range(0, len(part), size)]
        # The short batch stays last: the trainer cuts batches by count.
        full = [batch for batch in batches if len(batch) == size]
        rest = [batch for batch in batches if len(batch) < size]
        for n in torch.randperm(len(full), generator=draw).tolist():
            yield from full[n]
        for batch in rest:
            yield from batch


def trainer_class() -> Any:
    """Make the class of the trainer; the import takes seconds.

    Returns:
        A `Seq2SeqTrainer` whose attribute `summaries`, a `SummaryEvaluation`, evaluates.
    """
    import torch
    from transformers import Seq2SeqTrainer, TrainerCallback

    class EpochCallback(TrainerCallback):
        """Sets the sampler's epoch; the trainer does not where it skips what was done."""

        def __init__(self) -> None:
            self.sampler: LengthSampler | None = None

        def on_epoch_begin(self, _args: Any, state: Any, _control: Any, **_: Any) -> None:
            if self.sampler is not None:
                self.sampler.epoch = int(state.epoch or 0)

    class SummaryTrainer(Seq2SeqTrainer):
        summaries: SummaryEvaluation

        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self._epochs = EpochCallback()
            self.add_callback(self._epochs)

        def compute_loss(
            self,
            model: Any,
            inputs: dict[str, Any],
            return_outputs: bool = False,
            num_items_in_batch: Any = None,
        ) -> Any:
            own = unwrap_adapter(self.accelerator.unwrap_model(model))
            if not self.train_dataset.joined or not keeps_logits(own):
                return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
            outputs, loss = reply_loss(model, inputs)
            return (loss, outputs) if return_outputs else loss

        def _get_train_sampler(self, train_dataset: Any = None) -> Any:
            dataset = train_dataset or self.train_dataset
            size = self.args.train_batch_size
            self._epochs.sampler = LengthSampler(dataset, size, self.args.seed)
            return self._epochs.sampler

        def _get_eval_sampler(self, eval_dataset: Any) -> Any:
            return torch.utils.data.SequentialSampler(eval_dataset)

        def evaluation_loop(
            self,
            dataloader: Any,
            description: str,
            prediction_loss_only: bool | None = None,  # noqa: ARG002 - always
            ignore_keys: list[str] | None = None,
            metric_key_prefix: str = "eval",
        ) -> Any:
            """The loss, and what the summaries are worth."""
            output = super().evaluation_loop(
                dataloader, description, True, ignore_keys, metric_key_prefix
            )
            found = self.summaries(unwrap_adapter(self.accelerator.unwrap_model(self.model)))
            named = {f"{metric_key_prefix}_{name}": value for name, value in found.items()}
            output.metrics.update(named)
            return output

    return SummaryTrainer


def keeps_logits(model: Any) -> bool:
    """Tell whether a decoder-only model can be asked for the logits of its last positions alone.

    Args:
        model: A model of transformers.

    Returns:
        Whether its `forward` takes `logits_to_keep`.
    """
    return "logits_to_keep" in inspect.signature(type(model).forward).parameters


def reply_loss(model: Any, inputs: Mapping[str, Any]) -> tuple[Any, Any]:
    """Compute the loss of the replies without the logits of the prompts.

    These would be most of the logits, of which a vocabulary of 50,000 takes as long as a fifth of a
    small model.

    Args:
        model: A decoder-only model that `keeps_logits`, maybe in a wrapper that passes it on.
        inputs: What `collate_joined` makes.

    Returns:
        The model's outputs, and the mean loss of the tokens with a label, as the model's own.
    """
    from torch.nn.functional import cross_entropy

    labels = inputs["labels"]
    labelled = (labels != _IGNORED).any(dim=0).nonzero()
    first = max(1, int(labelled[0])) if len(labelled) else 1
    rest = {name: value for name, value in inputs.items() if name != "labels"}
    # What predicts a token is the logits of the position before it.
    outputs = model(**rest, logits_to_keep=labels.shape[1] - first + 1)
    logits = outputs["logits"][:, :-1].float()
    targets = labels[:, first:]
    return outputs, cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=_IGNORED)


def unwrap_adapter(model: Any) -> Any:
    """Take a model out of its PEFT wrapper.

    Args:
        model: A model of transformers or PEFT.

    Returns:
        The model of transformers, with the adapter's layers in it.
    """
    return model.get_base_model() if hasattr(model, "get_base_model") else model
