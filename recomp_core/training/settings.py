"""The settings of the trainings: plain values that can be written down.

Each is declared once, with its help; `recomp train` makes its options of these classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Annotated, Any, Literal, TypeVar, get_args

from .._utils.checks import check_choice, check_limit, check_number, check_whole
from .._utils.settings import Setting
from ..prompts import PromptTemplate
from ..types import Context, SimilarityFunction

Precision = Literal["auto", "float32", "bfloat16"]
ExportType = Literal["float32", "bfloat16"]
LossName = Literal["in-batch", "candidates", "listwise"]
PresetName = Literal["recomp"]  # those of the tables below

# What `--lora` and `LoraSettings.parse` understand.
_LORA_KEYS = ("rank", "alpha", "dropout")


@dataclass(frozen=True, slots=True)
class LoraSettings:
    """Low-rank adaptation: only small factors beside the weights are trained.

    Attributes:
        rank: The rank of the factors.
        alpha: The update is scaled by alpha / rank; None takes the rank, that is a scale of 1.
        dropout: The share of the factors' inputs that is dropped in training.
        targets: Endings of the names of the linear layers that are adapted; None takes all of the
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
        """Read the settings in the form of a shell.

        Args:
            text: Such as "rank=16" or "rank=16,alpha=32,dropout=0.1".

        Returns:
            The settings.

        Raises:
            ValueError: The text has another form, or a value is not possible.
        """
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
    """The settings of every training run, whichever compressor is trained.

    Attributes:
        epochs: How many times all questions are used.
        max_steps: How many updates the run has; if given, it overrides `epochs`.
        batch_size: Questions per step and device.
        gradient_accumulation_steps: Steps per update.
        learning_rate: The highest learning rate of AdamW.
        weight_decay: The weight decay of AdamW.
        max_grad_norm: The norm at which gradients are clipped.
        warmup_steps: Updates with a rising rate; below 1 a share of all updates. Afterwards the
            rate falls linearly to zero.
        seed: The seed of everything that is drawn. A run with the same seed, data and machine gives
            the same result.
        precision: What the forward passes compute in: "auto" takes bfloat16 on hardware that has
            it, float32 elsewhere. float16 is not offered: T5 overflows in it.
        lora: Low-rank adaptation; None trains all weights.
        freeze_embeddings: Whether the table of token vectors is left as it is.
        dropout: Whether the layers drop out as the base was trained to; without, training is
            faster.
        gradient_checkpointing: Whether activations are computed again instead of kept: slower, less
            memory.
        held_out: The share of the questions that is kept for evaluation. A hash of the question
            chooses them, so that it is the same share whatever the order.
        max_held_out: The most questions that are kept for evaluation.
        evals: How many evenly spaced evaluations (and checkpoints) a run has. The best evaluated
            weights are saved.
        patience: Stop after this many evaluations without a better one; None never stops early.
        report_to: Where transformers reports to, such as "tensorboard" or "wandb".
    """

    epochs: Annotated[float, Setting("How many times all questions are used.")] = 3.0
    max_steps: Annotated[
        int | None, Setting("The number of updates; overrides --epochs.", minimum=1)
    ] = None
    batch_size: Annotated[int, Setting("Questions per step and device.", minimum=1)] = 32
    gradient_accumulation_steps: Annotated[int, Setting("Steps per update.", minimum=1)] = 1
    learning_rate: Annotated[float, Setting("The highest learning rate, after the warm-up.")] = 2e-5
    weight_decay: Annotated[float, Setting("The weight decay of AdamW.")] = 0.01
    max_grad_norm: Annotated[
        float, Setting("The norm at which gradients are clipped.", in_command=False)
    ] = 1.0
    warmup_steps: Annotated[
        float, Setting("Updates with a rising learning rate; below 1, a share of all updates.")
    ] = 0.1
    seed: Annotated[int, Setting("The seed of everything that is drawn.", minimum=0)] = 42
    precision: Annotated[
        Precision, Setting("What to compute in; auto takes bfloat16 where the hardware has it.")
    ] = "auto"
    freeze_embeddings: Annotated[bool, Setting("Leave the token vectors as they are.")] = False
    dropout: Annotated[
        bool, Setting("Drop out as the base was trained to; --no-dropout is faster.")
    ] = True
    gradient_checkpointing: Annotated[
        bool, Setting("Compute activations again to save memory; slower.")
    ] = False
    held_out: Annotated[
        float, Setting("The share of the questions that is kept for evaluation.")
    ] = 0.05
    max_held_out: Annotated[
        int, Setting("Keep at most this many questions for evaluation.", minimum=0)
    ] = 500
    evals: Annotated[
        int, Setting("The number of evaluations and checkpoints of a run.", minimum=1)
    ] = 5
    patience: Annotated[
        int | None,
        Setting("Stop after this many evaluations without a better one.", minimum=1),
    ] = None
    report_to: Annotated[str, Setting("tensorboard, wandb … as in transformers.")] = "none"
    lora: Annotated[
        LoraSettings | None,
        Setting(
            "Train low-rank factors beside the weights: rank=16 or rank=16,alpha=32,dropout=0.1."
        ),
    ] = None

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
    """The settings of the training of a dual encoder (paper, section 3.1).

    Attributes:
        loss: "in-batch" contrasts the positive with its own negatives and all candidates of the
            batch's other questions (the paper's). "candidates" contrasts it with its own negatives
            only, the algorithm as it is written. "listwise" distils the distribution of the
            reader's scores over a question's own candidates (Kullback-Leibler divergence).
        scale: Similarities are multiplied by it before the softmax.
        teacher_temperature: With "listwise", the reader's scores are divided by it.
        listwise_weight: With the other losses, how much of "listwise" is added.
        context: What a sentence is encoded with, as in `DualEncoderScorer`; None takes the base's
            own.
        similarity_fn_name: How vectors are compared; None takes the base's own.
        max_query_tokens: The length at which queries are cut, in tokens.
        max_tokens: The length at which sentences or whole documents are cut, in tokens.
        documents: With context="document", how many of a question's documents are read: first those
            of the positives, then others in a random order that changes from epoch to epoch.
        positive_gap: Every candidate whose score is at most this far below the best is a positive
            too. None takes the record's one positive; candidates that are neither it nor negatives
            do not count.
        rate: The compression rate at which answer recall is evaluated.
    """

    loss: Annotated[
        LossName,
        Setting(
            "Contrast the positive with its negatives and the batch's other sentences, or with its "
            "negatives alone, or learn the reader's scores themselves."
        ),
    ] = "in-batch"
    scale: Annotated[float, Setting("Similarities are multiplied by it before the softmax.")] = 20.0
    teacher_temperature: Annotated[
        float, Setting("With listwise: the reader's scores are divided by it.")
    ] = 1.0
    listwise_weight: Annotated[
        float, Setting("With another loss: how much of listwise is added.")
    ] = 0.0
    context: Annotated[
        Context | None,
        Setting("What a sentence is encoded with.", unset="as the base does"),
    ] = None
    similarity_fn_name: Annotated[
        SimilarityFunction | None,
        Setting(
            "How vectors are compared.",
            flags=("--similarity",),
            unset="as the base does",
        ),
    ] = None
    max_query_tokens: Annotated[
        int, Setting("The length at which questions are cut, in tokens.", minimum=1)
    ] = 64
    max_tokens: Annotated[
        int, Setting("The length at which sentences or documents are cut, in tokens.", minimum=1)
    ] = 256
    documents: Annotated[
        int, Setting("With --context document: how many to read per question.", minimum=1)
    ] = 3
    positive_gap: Annotated[
        float | None,
        Setting("Sentences that score at most this far below the best are positives too."),
    ] = None
    rate: Annotated[float, Setting("The compression rate of the evaluation.")] = 0.1

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
            check_choice("context", self.context, get_args(Context))
        if self.similarity_fn_name is not None:
            check_choice(
                "similarity_fn_name", self.similarity_fn_name, get_args(SimilarityFunction)
            )


@dataclass(frozen=True, slots=True)
class AbstractiveSettings:
    """The settings of the training of a model that writes (paper, section 3.2).

    Attributes:
        prompt: The template of the input; None takes the base folder's own, else the published one
            for an encoder-decoder, that of language models for a decoder-only model.
        titles: Whether each document's title stands before its text; a prompt that numbers the
            documents shows their titles unless this is given.
        max_input_tokens: The length at which inputs are cut, in tokens.
        max_target_tokens: The length at which targets are cut and generation ends, in tokens.
        num_beams: Beams of the evaluation's summaries.
    """

    prompt: Annotated[
        str | None,
        Setting(
            "The input, with {query} and {documents}.",
            unset="the paper's; that of language models for a decoder-only base",
        ),
    ] = None
    titles: Annotated[bool, Setting("Put each document's title before its text.")] = False
    max_input_tokens: Annotated[
        int, Setting("The length at which inputs are cut, in tokens.", minimum=1)
    ] = 1024
    max_target_tokens: Annotated[
        int,
        Setting("The length at which targets are cut and generation ends, in tokens.", minimum=1),
    ] = 512
    num_beams: Annotated[int, Setting("Beams of the evaluation's summaries.", minimum=1)] = 1

    def __post_init__(self) -> None:
        if self.prompt is not None:
            PromptTemplate(self.prompt)  # raises for one that can't be filled in
        for name in ("max_input_tokens", "max_target_tokens", "num_beams"):
            check_whole(name, getattr(self, name))


@dataclass(frozen=True, slots=True)
class Preset:
    """Settings that belong together.

    Attributes:
        base: The base model, or None.
        run: Settings of the run.
        own: Settings of this kind of training.
    """

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


def find_preset(name: str | None, presets: Mapping[str, Preset]) -> Preset:
    """Find a preset.

    Args:
        name: Its name, or None.
        presets: The presets by name.

    Returns:
        The preset; an empty one for None.

    Raises:
        ValueError: There is no preset of that name.
    """
    if name is None:
        return Preset()
    check_choice("preset", name, tuple(presets))
    return presets[name]


_Settings = TypeVar("_Settings", RunSettings, ExtractiveSettings, AbstractiveSettings)


def resolve_settings(
    cls: type[_Settings], chosen: Preset, given: Mapping[str, Any]
) -> tuple[RunSettings, _Settings]:
    """Combine a preset with what was given.

    Args:
        cls: The class of the settings of one kind of training.
        chosen: The preset.
        given: Settings of the run and of `cls`; None stands for not given. `lora` may be text.

    Returns:
        The settings of the run, and those of `cls`.

    Raises:
        TypeError: Neither class has a setting of that name.
        ValueError: A value is not possible.
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


def settings_from(cls: type[_Settings], values: Mapping[str, Any], **changed: Any) -> _Settings:
    """Make settings from those values that their class knows.

    Args:
        cls: The class of the settings.
        values: Values by name.
        changed: Values that override `values`; None stands for not given.

    Returns:
        The settings.
    """
    known = {f.name for f in fields(cls)}
    given = {name: value for name, value in changed.items() if value is not None}
    return replace(cls(), **{k: v for k, v in {**values, **given}.items() if k in known})
