"""The commands `recomp train extractive` and `recomp train abstractive`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from .._utils.settings import Setting
from ..training.settings import (
    ABSTRACTIVE_PRESETS,
    EXTRACTIVE_PRESETS,
    AbstractiveSettings,
    ExportType,
    ExtractiveSettings,
    LoraSettings,
    Preset,
    PresetName,
    RunSettings,
    find_preset,
    resolve_settings,
)
from .messages import set_up_messages
from .options import Verbose, takes_settings, wrong_usage

app = typer.Typer(
    help="Train the compressors on the labels that recomp label made.",
    no_args_is_help=True,
    add_completion=False,
)


@dataclass
class JobOptions:
    """How a training goes about its work: the options of both commands that are no settings.

    Attributes:
        preset: The name of a preset.
        merge: With LoRA, whether a whole model is written.
        export_type: The type of the saved weights.
        device: Where to train.
        resume: Whether to carry on with an unfinished run.
        resume_incomplete: Whether to do so from a checkpoint that has lost a part of its state.
        overwrite: Whether to start again although there is an unfinished run.
        dry_run: Whether only to report what would be done.
    """

    preset: Annotated[
        PresetName | None,
        Setting("The paper's recipe with its base model; your other options override it."),
    ] = None
    merge: Annotated[
        bool,
        Setting(
            "With --lora: write a whole model, or the adapter alone.",
            flags=("--merge/--adapter-only",),
        ),
    ] = True
    export_type: Annotated[ExportType, Setting("The type of the saved weights.")] = "float32"
    device: Annotated[str | None, Setting("cpu, cuda, mps …")] = None
    resume: Annotated[bool, Setting("Carry on with a run that was interrupted.")] = True
    resume_incomplete: Annotated[
        bool,
        Setting(
            "Carry on also where the optimizer's state is lost, which begins anew.",
            flags=("--resume-incomplete",),
        ),
    ] = False
    overwrite: Annotated[bool, Setting("Start the run again from the beginning.")] = False
    dry_run: Annotated[
        bool, Setting("Report what would be done, and do nothing.", flags=("--dry-run",))
    ] = False


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

_Command = TypeVar("_Command", bound=Callable[..., None])


def _takes_training_settings(own: type) -> Callable[[_Command], _Command]:
    """Options for the settings of one kind of training, of a run, and of the job."""

    def decorate(command: _Command) -> _Command:
        command = takes_settings("own", own, unset=True, choices=True)(command)
        command = takes_settings("run", RunSettings, unset=True, choices=True)(command)
        return takes_settings("job", JobOptions, choices=True)(command)

    return decorate


@app.command()
@_takes_training_settings(ExtractiveSettings)
def extractive(
    labels: Labels,
    output: Output,
    *,
    base: Annotated[
        str | None,
        typer.Option("--base", "-b", help="The encoder to begin with; default: the embedded one."),
    ] = None,
    own: dict[str, Any],
    run: dict[str, Any],
    job: dict[str, Any],
    verbose: Verbose = False,
) -> None:
    """Train an encoder that ranks first the sentences that help the reader.

    recomp train extractive labels -o my-compressor --lora rank=16
    """
    set_up_messages(verbose, resumes=True)
    _check_settings(ExtractiveSettings, EXTRACTIVE_PRESETS, job["preset"], {**own, **run})
    from ..training import train_extractive

    _train(train_extractive, labels, output=output, base=base, **own, **run, **job)


@app.command()
@_takes_training_settings(AbstractiveSettings)
def abstractive(
    labels: Labels,
    output: Output,
    *,
    base: Annotated[
        str | None, typer.Option("--base", "-b", help="The model that writes to begin with.")
    ] = None,
    own: dict[str, Any],
    run: dict[str, Any],
    job: dict[str, Any],
    verbose: Verbose = False,
) -> None:
    """Train a language model that writes the summary that helps the reader, or nothing.

    recomp train abstractive summaries -o my-summarizer --base t5-small
    """
    set_up_messages(verbose, resumes=True)
    if base is None and job["preset"] is None:
        message = "name a model that writes, such as t5-small, or give --preset recomp"
        raise typer.BadParameter(message, param_hint="--base")
    _check_settings(AbstractiveSettings, ABSTRACTIVE_PRESETS, job["preset"], {**own, **run})
    from ..training import train_abstractive

    _train(train_abstractive, labels, output=output, base=base, **own, **run, **job)


def _check_settings(
    kind: Any,
    presets: Mapping[str, Preset],
    preset: str | None,
    given: Mapping[str, Any],
) -> None:
    """Report as wrong usage what the training would refuse before it reads a file."""
    if given["lora"] is not None:
        try:
            LoraSettings.parse(given["lora"])
        except ValueError as error:  # its parts have names of their own, which are no options
            raise typer.BadParameter(str(error), param_hint="--lora") from error
    with wrong_usage(given):
        resolve_settings(kind, find_preset(preset, presets), given)


def _train(train: Callable[..., Any], labels: list[str], **options: Any) -> None:
    """Train with the options that were given, and report the result."""
    from ..training.runs import is_main_process

    given = {name: value for name, value in options.items() if value is not None}
    done = train(labels[0] if len(labels) == 1 else labels, **given)
    if not is_main_process():
        return  # of several processes one reports
    if given["dry_run"]:
        typer.echo(str(done))
    else:
        typer.echo(f"recomp: {done}", err=True)
