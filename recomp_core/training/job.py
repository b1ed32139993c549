"""What the two trainings have in common: a call's arguments, checked, and the folder it leaves."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar, get_args

from .._utils.checks import check_choice, require
from .._utils.files import check_output
from ..persistence.folders import check_target, write_folder
from .card import write_card
from .examples import TrainingData
from .plot import write_plot
from .runs import RUN_SUFFIX, Run, TrainingResult, fingerprint
from .settings import (
    AbstractiveSettings,
    ExportType,
    ExtractiveSettings,
    Preset,
    RunSettings,
    find_preset,
    resolve_settings,
)

_Own = TypeVar("_Own", ExtractiveSettings, AbstractiveSettings)

PLOT_FILE = "training.png"


@dataclass(frozen=True)
class TrainingJob(Generic[_Own]):
    """What a call of `train_extractive` or `train_abstractive` asks for.

    Attributes:
        kind: Which compressor is trained.
        base: The base model; of a local one the absolute path.
        output: The folder that appears when all is done.
        run: The settings of the run.
        own: The settings of this kind of training.
        merge: With LoRA, whether the factors are merged into the weights.
        export_type: The type of the saved weights.
        overwrite: Whether to start again although there is an unfinished run.
        resume: Whether to carry on with an unfinished run.
        resume_incomplete: Whether to do so from a checkpoint that has lost a part of its state.
    """

    kind: Literal["extractive", "abstractive"]
    base: str
    output: Path
    run: RunSettings
    own: _Own
    merge: bool
    export_type: ExportType
    overwrite: bool
    resume: bool
    resume_incomplete: bool

    @classmethod
    def of(
        cls,
        kind: Literal["extractive", "abstractive"],
        own: type[_Own],
        presets: Mapping[str, Preset],
        settings: Mapping[str, Any],
        *,
        base: str | os.PathLike[str] | None,
        default_base: str | None,
        output: str | os.PathLike[str],
        preset: str | None,
        merge: bool,
        export_type: ExportType,
        overwrite: bool,
        resume: bool,
        resume_incomplete: bool,
    ) -> TrainingJob[_Own]:
        """Check the arguments of a call, before any model or data is read.

        Args:
            kind: Which compressor is trained.
            own: The class of the settings of this kind of training.
            presets: The presets of this kind of training.
            settings: Settings that were given, of the run and of `own`.
            base: The base model that was given.
            default_base: The base model where neither the call nor the preset names one; None if
                there is no such default.
            output: The output folder.
            preset: The name of a preset, or None.
            merge: As the attribute.
            export_type: As the attribute.
            overwrite: As the attribute.
            resume: As the attribute.
            resume_incomplete: As the attribute.

        Returns:
            The job.

        Raises:
            TypeError: There is no such setting.
            ValueError: A setting can't work, or there is no base.
            FileExistsError: The output folder holds something else.
            ImportError: LoRA is asked for and PEFT is not installed.
        """
        chosen = find_preset(preset, presets)
        source = base if base is not None else chosen.base or default_base
        if source is None:
            raise ValueError(
                'give base=, a model that writes such as "t5-small", or preset="recomp"'
            )
        name = os.fspath(source)
        run_settings, own_settings = resolve_settings(own, chosen, settings)
        check_choice("export_type", export_type, get_args(ExportType))
        check_target(Path(output))
        if run_settings.lora is not None:
            require("peft", "train", "lora")
        return cls(
            kind,
            # An adapter names its base, which must be found from any working directory.
            os.path.abspath(name) if os.path.isdir(name) else name,
            Path(output),
            run_settings,
            own_settings,
            merge,
            export_type,
            overwrite,
            resume,
            resume_incomplete,
        )

    def start(self, trained: TrainingData[Any], held_out: TrainingData[Any]) -> Run:
        """Open the run's folder.

        Args:
            trained: What the model is trained on.
            held_out: What it is evaluated on.

        Returns:
            The run.

        Raises:
            ValueError: The folder holds another run, or the output would replace what is read.
        """
        read = (*trained.sources, self.base if os.path.isdir(self.base) else None)
        check_output(self.output, *read)
        if self.overwrite:
            check_output(self.output.with_name(self.output.name + RUN_SUFFIX), *read)
        identity = {
            "task": self.kind,
            "base": self.base,
            "data": fingerprint(trained, held_out),
            "own": asdict(self.own),
        }
        return Run(
            self.output,
            self.run,
            identity,
            overwrite=self.overwrite,
            resume=self.resume,
            resume_incomplete=self.resume_incomplete,
        )

    def write(
        self,
        result: TrainingResult,
        run: Run,
        config: Mapping[str, Any],
        save_weights: Callable[[str], object],
        *,
        trained: TrainingData[Any],
        held_out: TrainingData[Any],
    ) -> None:
        """Write the output folder: weights, config, model card and plot.

        Args:
            result: The result of the run.
            run: The run, whose folder gets the plot too.
            config: What `load_compressor` reads, in the form that `save_compressor` writes.
            save_weights: Writes weights and tokenizer into a folder.
            trained: What the model was trained on.
            held_out: What it was evaluated on.
        """

        def save(folder: str) -> None:
            save_weights(folder)
            write_card(
                Path(folder),
                result_kind=self.kind,
                base=self.base,
                data=trained,
                held_out=held_out,
                run=self.run,
                own=self.own,
                metrics=result.metrics,
                steps=result.steps,
                seconds=result.seconds,
            )
            write_plot(result.history, Path(folder) / PLOT_FILE)

        write_folder(self.output, config, save)
        write_plot(result.history, run.folder / PLOT_FILE)
