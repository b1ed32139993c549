"""What a training is told: plain values that can be written down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, get_args

from .._utils.checks import check_choice, check_limit, check_number, check_whole

Precision = Literal["auto", "float32", "bfloat16"]
ExportType = Literal["float32", "bfloat16"]
LossName = Literal["in-batch", "candidates", "listwise"]

# What `--lora` and `LoraSettings.parse` understand.
_LORA_KEYS = ("rank", "alpha", "dropout")


@dataclass(frozen=True, slots=True)
class LoraSettings:
    """Low-rank adaptation: only small factors beside the weights are trained.

    alpha: the update is scaled by alpha / rank; None takes the rank, that is 1.
    targets: endings of the names of the linear layers that are adapted; None takes all of the
        encoder, or of encoder and decoder.
    """

    rank: int = 16
    alpha: float | None = None
    dropout: float = 0.0
    targets: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        check_whole("rank", self.rank)
        if self.alpha is not None:
            check_number("alpha", self.alpha, above=0)
        check_number("dropout", self.dropout, at_least=0, below=1)

    @classmethod
    def parse(cls, text: str) -> LoraSettings:
        """From the form of a shell: "rank=16", "rank=16,alpha=32,dropout=0.1"."""
        values: dict[str, Any] = {}
        for part in filter(None, text.split(",")):
            key, _, value = part.partition("=")
            key = key.strip()
            if key not in _LORA_KEYS:
                raise ValueError(f"lora: got {part!r}; write it like rank=16,alpha=32,dropout=0.1")
            try:
                values[key] = int(value) if key == "rank" else float(value)
            except ValueError:
                raise ValueError(f"lora: {key} must be a number, got {value!r}") from None
        return cls(**values)


@dataclass(frozen=True, slots=True)
class RunSettings:
    """What every training run has, whatever is trained.

    epochs, max_steps: how long; max_steps, if given, goes before epochs.
    batch_size: questions per step and device. gradient_accumulation_steps: steps per update.
    learning_rate, weight_decay, max_grad_norm: of AdamW.
    warmup_steps: updates with a rising rate; below 1 a share of all updates. Afterwards the rate
        falls linearly to zero.
    seed: of everything that is drawn. A run with the same seed, data and machine gives the same.
    precision: what the forward passes compute in: "auto" takes bfloat16 on hardware that has it,
        float32 elsewhere; float16 is not offered, T5 overflows in it.
    freeze_embeddings: leave the table of token vectors as it is.
    dropout: whether the layers drop out as the base was trained to; without, training is faster.
    gradient_checkpointing: recompute activations instead of keeping them: slower, less memory.
    held_out: the share of the questions that is kept for evaluation, by a hash of the question, so
        that it is the same share whatever the order; at most `max_held_out` questions.
    evals: how many evenly spaced evaluations (and checkpoints) a run has.
    patience: stop after so many evaluations without a better one; None never stops early. The best
        evaluated weights are what is saved.
    report_to: such as "tensorboard" or "wandb", as in transformers.
    """

    epochs: float = 3.0
    max_steps: int | None = None
    batch_size: int = 32
    gradient_accumulation_steps: int = 1
    learning_rate: float = 2e-5
    weight_decay: float = 0.01
    max_grad_norm: float = 1.0
    warmup_steps: float = 0.1
    seed: int = 42
    precision: Precision = "auto"
    freeze_embeddings: bool = False
    dropout: bool = True
    gradient_checkpointing: bool = False
    held_out: float = 0.05
    max_held_out: int = 500
    evals: int = 5
    patience: int | None = None
    report_to: str = "none"
    lora: LoraSettings | None = None

    def __post_init__(self) -> None:
        check_number("epochs", self.epochs, above=0)
        for name in ("max_steps", "patience"):
            check_limit(name, getattr(self, name))
        for name in ("batch_size", "gradient_accumulation_steps", "evals"):
            check_whole(name, getattr(self, name))
        for name in ("seed", "max_held_out"):
            check_whole(name, getattr(self, name), at_least=0)
        for name in ("learning_rate", "max_grad_norm"):
            check_number(name, getattr(self, name), above=0)
        for name in ("weight_decay", "warmup_steps"):
            check_number(name, getattr(self, name), at_least=0)
        check_number("held_out", self.held_out, at_least=0, below=1)
        check_choice("precision", self.precision, get_args(Precision))


@dataclass(frozen=True, slots=True)
class ExtractiveSettings:
    """What a dual encoder is taught, and how (paper, section 3.1).

    loss: "in-batch": the positive against its own negatives and all candidates of the batch's other
        questions (the paper's). "candidates": against its own negatives only, the algorithm as it
        is written. "listwise": the distribution of the reader's scores over a question's own
        candidates is distilled (Kullback-Leibler divergence).
    scale: similarities are multiplied by it before the softmax. teacher_temperature: the reader's
        scores are divided by it, with "listwise".
    listwise_weight: with the other losses, how much of "listwise" is added.
    context, similarity_fn_name: as in `DualEncoderScorer`; None takes the base's own.
    max_query_tokens, max_tokens: where queries, and sentences or whole documents, are cut.
    documents: with context="document", how many of a question's documents are read: first those of
        the positives, then others in a random order that changes from epoch to epoch.
    positive_gap: every candidate whose score is at most so far below the best is a positive too.
        None: the record's one positive, and the others that are not its negatives do not count.
    rate: the compression rate at which answer recall is evaluated.
    """

    loss: LossName = "in-batch"
    scale: float = 20.0
    teacher_temperature: float = 1.0
    listwise_weight: float = 0.0
    context: Literal["sentence", "title", "document"] | None = None
    similarity_fn_name: Literal["cosine", "dot"] | None = None
    max_query_tokens: int = 64
    max_tokens: int = 256
    documents: int = 3
    positive_gap: float | None = None
    rate: float = 0.1

    def __post_init__(self) -> None:
        check_choice("loss", self.loss, get_args(LossName))
        for name in ("scale", "teacher_temperature"):
            check_number(name, getattr(self, name), above=0)
        check_number("listwise_weight", self.listwise_weight, at_least=0)
        for name in ("max_query_tokens", "max_tokens", "documents"):
            check_whole(name, getattr(self, name))
        if self.positive_gap is not None:
            check_number("positive_gap", self.positive_gap, at_least=0)
        check_number("rate", self.rate, above=0, below=1)
        if self.context is not None:
            check_choice("context", self.context, ("sentence", "title", "document"))
        if self.similarity_fn_name is not None:
            check_choice("similarity_fn_name", self.similarity_fn_name, ("cosine", "dot"))


@dataclass(frozen=True, slots=True)
class AbstractiveSettings:
    """What an encoder-decoder is taught, and how (paper, section 3.2).

    prompt: the input's template; None takes the base folder's own or the published one.
    titles: put each document's title before its text.
    max_input_tokens, max_target_tokens: where inputs and targets are cut, and generation ends.
    num_beams: of the evaluation's summaries.
    """

    prompt: str | None = None
    titles: bool = False
    max_input_tokens: int = 1024
    max_target_tokens: int = 512
    num_beams: int = 1

    def __post_init__(self) -> None:
        for name in ("max_input_tokens", "max_target_tokens", "num_beams"):
            check_whole(name, getattr(self, name))


@dataclass(frozen=True, slots=True)
class Preset:
    """Settings that belong together, with a base model if they name one."""

    base: str | None = None
    run: Mapping[str, Any] = field(default_factory=dict)
    own: Mapping[str, Any] = field(default_factory=dict)


# The authors' script, as far as `docs/training.md` could check it: plain inner products with scale
# 1, 100 tokens, batch 64, 2e-5, 1,000 steps of warm-up, 10 epochs.
EXTRACTIVE_PRESETS: Mapping[str, Preset] = {
    "recomp": Preset(
        base="facebook/contriever-msmarco",
        run={"batch_size": 64, "learning_rate": 2e-5, "warmup_steps": 1_000, "epochs": 10,
             "weight_decay": 0.01},
        own={"loss": "in-batch", "scale": 1.0, "context": "sentence", "similarity_fn_name": "dot",
             "max_query_tokens": 100, "max_tokens": 100},
    ),
}  # fmt: skip
ABSTRACTIVE_PRESETS: Mapping[str, Preset] = {
    "recomp": Preset(
        base="t5-large",
        run={"batch_size": 16, "learning_rate": 1e-5, "epochs": 10},
        own={"max_input_tokens": 1_024, "max_target_tokens": 512},
    ),
}


def preset(name: str | None, presets: Mapping[str, Preset]) -> Preset:
    """The preset of that name; an empty one for None. Raises `ValueError` for an unknown one."""
    if name is None:
        return Preset()
    check_choice("preset", name, tuple(presets))
    return presets[name]


def both_settings(cls: Any, chosen: Preset, given: Mapping[str, Any]) -> tuple[RunSettings, Any]:
    """The run's settings and those of `cls`, from a preset and what was given.

    None stands for not given. Raises `TypeError` for a name that neither has.
    """
    names = {f.name for kind in (RunSettings, cls) for f in fields(kind)}
    if unknown := sorted(set(given) - names):
        raise TypeError(
            f"no such setting: {', '.join(unknown)}; there are {', '.join(sorted(names))}"
        )
    given = {name: value for name, value in given.items() if value is not None}
    if isinstance(given.get("lora"), str):
        given["lora"] = LoraSettings.parse(given["lora"])
    return settings_from(RunSettings, chosen.run, **given), settings_from(cls, chosen.own, **given)


def settings_from(cls: Any, values: Mapping[str, Any], **changed: Any) -> Any:
    """A settings object of `cls` from those of `values` that it knows, `changed` going first.

    None in `changed` stands for not given.
    """
    known = {f.name for f in fields(cls)}
    given = {name: value for name, value in changed.items() if value is not None}
    return replace(cls(), **{k: v for k, v in {**values, **given}.items() if k in known})
