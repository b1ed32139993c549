"""The commands `recomp train extractive` and `recomp train abstractive`."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from .messages import set_up_messages
from .options import Device, Verbose

app = typer.Typer(
    help="Train the compressors on the labels that recomp label made.",
    no_args_is_help=True,
)


class PresetName(str, Enum):
    recomp = "recomp"


class PrecisionName(str, Enum):
    auto = "auto"
    float32 = "float32"
    bfloat16 = "bfloat16"


class ExportName(str, Enum):
    float32 = "float32"
    bfloat16 = "bfloat16"


class LossChoice(str, Enum):
    in_batch = "in-batch"
    candidates = "candidates"
    listwise = "listwise"


class ContextName(Enum):  # a str has a method named title
    sentence = "sentence"
    title = "title"
    document = "document"


class SimilarityName(str, Enum):
    cosine = "cosine"
    dot = "dot"


# What both commands take, once. None stands for not given: the preset's value, or the default.
Labels = Annotated[
    list[str],
    typer.Argument(
        metavar="LABELS",
        help="Folders that recomp label wrote, or JSONL files (.gz too) of such records.",
    ),
]
Output = Annotated[
    Path, typer.Option("--output", "-o", help="The folder that load_compressor will take.")
]
Preset = Annotated[
    PresetName | None,
    typer.Option(help="The paper's recipe with its base; what else is given goes before it."),
]
Epochs = Annotated[float | None, typer.Option(help="How often all questions are seen.")]
MaxSteps = Annotated[int | None, typer.Option(min=1, help="Updates; goes before --epochs.")]
BatchSize = Annotated[int | None, typer.Option(min=1, help="Questions per step and device.")]
Accumulation = Annotated[int | None, typer.Option(min=1, help="Steps per update.")]
LearningRate = Annotated[float | None, typer.Option(help="The highest, after the warm-up.")]
WeightDecay = Annotated[float | None, typer.Option(help="Of AdamW.")]
Warmup = Annotated[
    float | None, typer.Option(help="Updates with a rising rate; below 1, a share of all.")
]
Seed = Annotated[int | None, typer.Option(min=0, help="Of everything that is drawn.")]
Precision = Annotated[
    PrecisionName | None,
    typer.Option(help="What is computed in: auto takes bfloat16 where the hardware has it."),
]
Lora = Annotated[
    str | None,
    typer.Option(
        help="Train low-rank factors beside the weights: rank=16, rank=16,alpha=32,dropout=0.1."
    ),
]
Merge = Annotated[
    bool, typer.Option("--merge/--adapter-only", help="With --lora: a whole model, or a small one.")
]
FreezeEmbeddings = Annotated[
    bool | None,
    typer.Option(
        "--freeze-embeddings/--no-freeze-embeddings", help="Leave the token vectors as they are."
    ),
]
Dropout = Annotated[
    bool | None, typer.Option("--dropout/--no-dropout", help="Without, training is faster.")
]
Checkpointing = Annotated[
    bool | None,
    typer.Option(
        "--gradient-checkpointing/--no-gradient-checkpointing", help="Slower, with less memory."
    ),
]
Export = Annotated[ExportName, typer.Option("--export-type", help="Of the saved weights.")]
HeldOut = Annotated[
    float | None, typer.Option(help="The share of the questions that is kept for evaluation.")
]
MaxHeldOut = Annotated[int | None, typer.Option(min=0, help="At most so many of them.")]
Evals = Annotated[int | None, typer.Option(min=1, help="Evaluations and checkpoints of a run.")]
Patience = Annotated[
    int | None, typer.Option(min=1, help="Stop after so many evaluations without a better one.")
]
ReportTo = Annotated[str | None, typer.Option(help="tensorboard, wandb … as in transformers.")]
Resume = Annotated[bool, typer.Option(help="Carry on with a run that was interrupted.")]
Overwrite = Annotated[bool, typer.Option(help="Begin the run anew.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done; do nothing.")]


@app.command()
def extractive(
    labels: Labels,
    output: Output,
    base: Annotated[
        str | None,
        typer.Option("--base", "-b", help="The encoder to begin with; default: the embedded one."),
    ] = None,
    preset: Preset = None,
    loss: Annotated[
        LossChoice | None,
        typer.Option(
            help="The positive against its negatives and the batch's other sentences, against its "
            "negatives alone, or the reader's scores themselves."
        ),
    ] = None,
    listwise_weight: Annotated[
        float | None, typer.Option(help="With another loss: how much of listwise is added.")
    ] = None,
    teacher_temperature: Annotated[
        float | None, typer.Option(help="With listwise: the reader's scores are divided by it.")
    ] = None,
    scale: Annotated[
        float | None, typer.Option(help="Similarities are multiplied by it before the softmax.")
    ] = None,
    positive_gap: Annotated[
        float | None,
        typer.Option(help="Sentences that score at most so far below the best are positives too."),
    ] = None,
    context: Annotated[
        ContextName | None,
        typer.Option(help="What a sentence is encoded with; default: as the base does."),
    ] = None,
    similarity: Annotated[
        SimilarityName | None,
        typer.Option(help="How vectors are compared; default: as the base does."),
    ] = None,
    max_tokens: Annotated[
        int | None, typer.Option(min=1, help="Where sentences or documents are cut.")
    ] = None,
    max_query_tokens: Annotated[
        int | None, typer.Option(min=1, help="Where questions are cut.")
    ] = None,
    documents: Annotated[
        int | None,
        typer.Option(min=1, help="With --context document: how many are read per question."),
    ] = None,
    rate: Annotated[
        float | None, typer.Option(help="The compression rate of the evaluation.")
    ] = None,
    epochs: Epochs = None,
    max_steps: MaxSteps = None,
    batch_size: BatchSize = None,
    gradient_accumulation_steps: Accumulation = None,
    learning_rate: LearningRate = None,
    weight_decay: WeightDecay = None,
    warmup_steps: Warmup = None,
    seed: Seed = None,
    precision: Precision = None,
    lora: Lora = None,
    merge: Merge = True,
    freeze_embeddings: FreezeEmbeddings = None,
    dropout: Dropout = None,
    gradient_checkpointing: Checkpointing = None,
    export_type: Export = ExportName.float32,
    held_out: HeldOut = None,
    max_held_out: MaxHeldOut = None,
    evals: Evals = None,
    patience: Patience = None,
    report_to: ReportTo = None,
    device: Device = None,
    resume: Resume = True,
    overwrite: Overwrite = False,
    dry_run: DryRun = False,
    verbose: Verbose = False,
) -> None:
    """An encoder that ranks first the sentences that help the reader.

    recomp train extractive labels -o my-compressor --lora rank=16
    """
    options = dict(locals())
    options["similarity_fn_name"] = options.pop("similarity")
    set_up_messages(options.pop("verbose"))
    from ..training import train_extractive

    _run(train_extractive, options)


@app.command()
def abstractive(
    labels: Labels,
    output: Output,
    base: Annotated[
        str | None, typer.Option("--base", "-b", help="The encoder-decoder to begin with.")
    ] = None,
    preset: Preset = None,
    prompt: Annotated[
        str | None,
        typer.Option(help="The input, with {query} and {documents}; default: the paper's."),
    ] = None,
    titles: Annotated[
        bool | None,
        typer.Option("--titles/--no-titles", help="Put each document's title before its text."),
    ] = None,
    max_input_tokens: Annotated[
        int | None, typer.Option(min=1, help="Where inputs are cut.")
    ] = None,
    max_target_tokens: Annotated[
        int | None, typer.Option(min=1, help="Where targets are cut, and generation ends.")
    ] = None,
    num_beams: Annotated[int | None, typer.Option(min=1, help="Of the evaluation.")] = None,
    epochs: Epochs = None,
    max_steps: MaxSteps = None,
    batch_size: BatchSize = None,
    gradient_accumulation_steps: Accumulation = None,
    learning_rate: LearningRate = None,
    weight_decay: WeightDecay = None,
    warmup_steps: Warmup = None,
    seed: Seed = None,
    precision: Precision = None,
    lora: Lora = None,
    merge: Merge = True,
    freeze_embeddings: FreezeEmbeddings = None,
    dropout: Dropout = None,
    gradient_checkpointing: Checkpointing = None,
    export_type: Export = ExportName.float32,
    held_out: HeldOut = None,
    max_held_out: MaxHeldOut = None,
    evals: Evals = None,
    patience: Patience = None,
    report_to: ReportTo = None,
    device: Device = None,
    resume: Resume = True,
    overwrite: Overwrite = False,
    dry_run: DryRun = False,
    verbose: Verbose = False,
) -> None:
    """An encoder-decoder that writes the summary that helps the reader, or nothing.

    recomp train abstractive summaries -o my-summarizer --base t5-small
    """
    options = dict(locals())
    set_up_messages(options.pop("verbose"))
    from ..training import train_abstractive

    _run(train_abstractive, options)


def _run(train: Callable[..., Any], options: dict[str, Any]) -> None:
    """Train with the options that were given, and tell how it went."""
    from ..training.runs import is_main_process

    given = {
        name: value.value if isinstance(value, Enum) else value
        for name, value in options.items()
        if value is not None
    }
    labels = given.pop("labels")
    done = train(labels[0] if len(labels) == 1 else labels, **given)
    if not is_main_process():
        return  # of several processes one speaks
    if given["dry_run"]:
        typer.echo(str(done))
    else:
        typer.echo(f"recomp: {done}", err=True)
