"""One training run: its folders, what the trainer is given, and how it is carried on."""

from __future__ import annotations

import hashlib
import json
import logging
import math
import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from .._utils.checks import require
from .._utils.files import write_json
from .._utils.json_values import json_ready, parsed
from ..persistence.folders import check_target
from .callbacks import WHOLE_FILE, early_stopping, out_of_patience, run_progress
from .examples import TrainingData
from .settings import RunSettings
from .weights import use_bfloat16

logger = logging.getLogger(__name__)

RUN_SUFFIX = ".run"
"""What the name of a run's folder adds to that of the output."""


# What a checkpoint holds beside the weights: of the optimizer, the learning rate, the scale of
# float16's gradients and the random numbers of each process. Checkpoints of former versions don't
# list their files.
_STATE_NAMES = ("optimizer", "scheduler.pt", "scaler.pt", "rng_state")
_STATE_FILES: Mapping[str, None] = {"optimizer.pt": None, "scheduler.pt": None}


@dataclass(frozen=True)
class TrainingResult:
    """A finished training.

    Attributes:
        folder: What `load_compressor` takes.
        metrics: Figures of the saved weights on the held-out questions.
        steps: Updates of the weights.
        seconds: How long all calls of the run took.
        history: The losses and evaluations by step, as the trainer logs them.
    """

    folder: Path
    metrics: Mapping[str, float]
    steps: int
    seconds: float
    history: tuple[Mapping[str, float], ...] = ()

    def __str__(self) -> str:
        figures = ", ".join(f"{name} {value:.3f}" for name, value in self.metrics.items())
        held_out = f"; held out: {figures}" if figures else ""
        return f"{self.folder}: {self.steps} steps in {self.seconds:.0f} s{held_out}"


@dataclass(frozen=True)
class TrainingPlan:
    """What a training would do, estimated without training.

    Attributes:
        examples: Questions to train on.
        held_out: Questions to evaluate on.
        steps: Updates of the weights.
        tokens_per_step: Tokens of an average update, without padding.
        parameters: Weights of the model.
        trainable: Those of them that are trained.
        memory_bytes: Weights, gradients, optimizer and activations, within a factor of two.
        counts: What was found in the data, by name.
    """

    examples: int
    held_out: int
    steps: int
    tokens_per_step: int
    parameters: int
    trainable: int
    memory_bytes: int
    counts: Mapping[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        counts = ", ".join(f"{name.replace('_', ' ')}: {n:,}" for name, n in self.counts.items())
        return (
            f"{self.examples:,} questions to train on, {self.held_out:,} held out ({counts})\n"
            f"{self.steps:,} steps of about {self.tokens_per_step:,} tokens\n"
            f"{self.trainable:,} of {self.parameters:,} weights are trained\n"
            f"about {self.memory_bytes / 2**30:.1f} GiB of memory"
        )


class Run:
    """One training and its folders.

    The output appears when all is done. Beside it lies `<output>.run` with checkpoints, log and
    plot.

    Args:
        output: The folder that will hold the compressor.
        settings: The settings of the run.
        identity: JSON values that decide the result, beside `settings`. A run is only ever carried
            on with its own.
        overwrite: Whether to start again although the folder holds an unfinished run.
        resume: Whether to carry on with what the folder holds.
        resume_incomplete: Whether to carry on from a checkpoint that has lost a part of its state.

    Raises:
        FileExistsError: The output folder holds something else.
        ValueError: The run's folder holds another run.
    """

    def __init__(
        self,
        output: Path,
        settings: RunSettings,
        identity: Mapping[str, Any],
        *,
        overwrite: bool = False,
        resume: bool = True,
        resume_incomplete: bool = False,
    ) -> None:
        self.output = output
        self.settings = settings
        self.resume_incomplete = resume_incomplete
        self.folder = output.with_name(output.name + RUN_SUFFIX)
        self.checkpoints = self.folder / "checkpoints"
        self._began = time.monotonic()
        self._seconds_before = 0.0
        check_target(output)
        written = self.folder / "run.json"
        wanted = json_ready({**identity, "run": asdict(settings)})
        if not is_main_process():
            return  # the main process looks and writes; where it raises, all are ended
        if overwrite:
            written.unlink(missing_ok=True)  # the first, so that a kill leaves no run to carry on
            shutil.rmtree(self.folder, ignore_errors=True)
        if not written.is_file():
            shutil.rmtree(self.checkpoints, ignore_errors=True)  # nobody knows what made them
        if written.is_file():
            found = parsed(written.read_bytes())
            changed = _changed(found, wanted)
            if changed or not resume:
                why = f"other {', '.join(changed)}" if changed else "resume is off"
                raise ValueError(
                    f"{self.folder} holds another run ({why}): give the same data and settings to "
                    "carry on, overwrite=True (--overwrite) to start again, or another output"
                )
        self.checkpoints.mkdir(parents=True, exist_ok=True)
        if not written.is_file():
            write_json(written, wanted)

    def arguments(self, cls: Any, n_examples: int, *, best: str | None, **extra: Any) -> Any:
        """Make the trainer's arguments.

        Args:
            cls: The class of the arguments, `TrainingArguments` of transformers or a subclass.
            n_examples: Questions to train on.
            best: The evaluated figure whose highest value says which weights are kept; None where
                nothing is held out.
            extra: More arguments of `cls`.

        Returns:
            An instance of `cls`.
        """
        settings = self.settings
        require("accelerate", "train", "recomp_core.training")
        every = max(1, math.ceil(planned_steps(settings, n_examples) / settings.evals))
        evaluation = (
            {
                "eval_strategy": "steps",
                "eval_steps": every,
                "load_best_model_at_end": True,
                "metric_for_best_model": best,
                "greater_is_better": True,
            }
            if best
            else {}
        )
        return cls(
            output_dir=str(self.checkpoints),
            num_train_epochs=settings.epochs,
            max_steps=settings.max_steps or -1,
            per_device_train_batch_size=settings.batch_size,
            per_device_eval_batch_size=settings.batch_size,
            gradient_accumulation_steps=settings.gradient_accumulation_steps,
            learning_rate=settings.learning_rate,
            weight_decay=settings.weight_decay,
            max_grad_norm=settings.max_grad_norm,
            warmup_steps=settings.warmup_steps,
            lr_scheduler_type="linear",
            seed=settings.seed,
            bf16=use_bfloat16(settings.precision),
            save_strategy="steps",
            save_steps=every,
            logging_steps=max(1, min(50, every // 4)),
            report_to=settings.report_to,
            disable_tqdm=True,  # ours goes to standard error
            **{**evaluation, **_checkpointing(settings.gradient_checkpointing), **extra},
        )

    def train(self, trainer: Any) -> None:
        """Train, or carry on from the last whole checkpoint.

        A run that is finished has no step left to do.

        Args:
            trainer: A trainer of transformers. It gets the run's progress, log, marks of whole
                checkpoints and early stopping; the last checkpoint and the best are kept.

        Raises:
            ValueError: The checkpoint has lost files.
        """
        from transformers import PrinterCallback

        patience, best = self.settings.patience, trainer.args.metric_for_best_model
        trainer.remove_callback(PrinterCallback)
        last = self._last_checkpoint()
        if last is not None:
            logger.info("carrying on from %s", last)
            mark = json.loads((last / WHOLE_FILE).read_text())
            self._seconds_before = mark.get("seconds", 0.0)
            state = json.loads((last / "trainer_state.json").read_text(encoding="utf-8"))
            done = state["global_step"] >= state["max_steps"]
            if done or out_of_patience(patience, best, state["log_history"]):
                trainer.args.max_steps, trainer.args.num_train_epochs = -1, 0
            else:
                self._check_whole(last, mark.get("files") or _STATE_FILES)
        trainer.add_callback(run_progress(self.folder, self._seconds_before))
        if patience is not None and best:
            trainer.add_callback(early_stopping(patience, best))
        trainer.train(resume_from_checkpoint=None if last is None else str(last))

    def result(self, trainer: Any, metrics: Mapping[str, float]) -> TrainingResult:
        """Sum up the run.

        Args:
            trainer: The trainer at its end.
            metrics: Figures of the saved weights.

        Returns:
            The result. Its seconds are those of this call, and of earlier ones up to their last
            checkpoints.
        """
        return TrainingResult(
            self.output,
            metrics,
            int(trainer.state.global_step),
            self._seconds_before + time.monotonic() - self._began,
            tuple(trainer.state.log_history),
        )

    def _check_whole(self, checkpoint: Path, files: Mapping[str, int | None]) -> None:
        """Raise `ValueError` if a checkpoint has lost files; warn where that is allowed.

        files: their sizes by name, None where the size is not known.
        """
        lost = [name for name, size in files.items() if _is_lost(checkpoint / name, size)]
        if not lost:
            return
        names = ", ".join(lost)
        state = all(name.startswith(_STATE_NAMES) for name in lost)
        if state and self.resume_incomplete:
            logger.warning("%s has lost %s, which begins anew", checkpoint, names)
            for name in lost:
                (checkpoint / name).unlink(missing_ok=True)
            return
        remedies = "overwrite=True (--overwrite) to start again"
        if state:
            remedies = f"resume_incomplete=True (--resume-incomplete) to do without, or {remedies}"
        raise ValueError(f"{checkpoint} has lost {names}: restore it, or give {remedies}")

    def _last_checkpoint(self) -> Path | None:
        """The newest checkpoint of which everything is there."""
        whole = [path.parent for path in self.checkpoints.glob(f"checkpoint-*/{WHOLE_FILE}")]
        return max(whole, key=lambda path: int(path.name.rpartition("-")[2]), default=None)


def _is_lost(file: Path, size: int | None) -> bool:
    return not file.is_file() or size not in (None, file.stat().st_size)


def planned_steps(settings: RunSettings, n_examples: int) -> int:
    """Count the updates of a run.

    Args:
        settings: The settings of the run.
        n_examples: Questions to train on.

    Returns:
        Updates, with the questions spread over as many processes as there are.
    """
    if settings.max_steps is not None:
        return settings.max_steps
    processes = int(os.environ.get("WORLD_SIZE", "1"))  # torchrun, accelerate
    batches = math.ceil(n_examples / (settings.batch_size * processes))
    per_epoch = max(1, math.ceil(batches / settings.gradient_accumulation_steps))
    return math.ceil(settings.epochs * per_epoch)


def fingerprint(*data: TrainingData[Any]) -> str:
    """Digest data sets, so that a run is not carried on with others.

    Args:
        data: The data sets, in order.

    Returns:
        16 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for part in data:
        for example in part.examples:
            digest.update(repr(example).encode("utf-8", "replace"))
        digest.update(b"\n")
    return digest.hexdigest()[:16]


def is_main_process() -> bool:
    """Whether this process writes the files."""
    return int(os.environ.get("RANK", "0")) == 0


def _checkpointing(wanted: bool) -> dict[str, bool]:
    """The argument under the name that this version of transformers has for it."""
    from transformers import TrainingArguments

    names = {f.name for f in fields(TrainingArguments)}
    new = "activation_checkpointing" in names
    return {"activation_checkpointing" if new else "gradient_checkpointing": True} if wanted else {}


def _changed(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """The names of what differs; of settings their own names."""
    names = []
    for name in sorted({*found, *wanted}):
        before, now = found.get(name), wanted.get(name)
        if isinstance(before, Mapping) and isinstance(now, Mapping):
            names += _changed(before, now)
        elif before != now:
            names.append(name)
    return names
