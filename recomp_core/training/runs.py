"""What both trainings share: the folders of a run, its arguments, its progress, and its end."""

# ruff: noqa: ARG002 - a callback of transformers is called with all of its arguments by name

from __future__ import annotations

import hashlib
import json
import logging
import math
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .._utils.checks import require
from .._utils.files import CONFIG_FILE, write_json
from .examples import TrainingData
from .settings import Precision, RunSettings

logger = logging.getLogger(__name__)

RUN_SUFFIX = ".run"
# Written into a checkpoint when all of it is there: one without it is what a kill left behind.
_WHOLE = "whole.json"


@dataclass(frozen=True)
class TrainingResult:
    """A finished training.

    folder: what `load_compressor` takes. metrics: of the saved weights on the held-out questions.
    steps, seconds: updates, and how long all calls of the run took. history: the losses and
    evaluations by step, as the trainer logs them.
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

    tokens_per_step: of the average batch, padding not counted. memory_bytes: weights, gradients,
    optimizer and activations, roughly: within a factor of two.
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
    """One training and its folders: the output, which appears when all is done, and beside it
    `<output>.run` with checkpoints, log and plot.

    identity: JSON values that decide the result: a run is only ever carried on with its own.
    resume: whether to carry on with what the folder holds. overwrite: begin anew.

    Raises `FileExistsError` for an output folder that holds something else, `ValueError` for the
    folder of another run.
    """

    def __init__(
        self,
        output: Path,
        settings: RunSettings,
        identity: Mapping[str, Any],
        *,
        overwrite: bool = False,
        resume: bool = True,
    ) -> None:
        self.output = output
        self.settings = settings
        self.folder = output.with_name(output.name + RUN_SUFFIX)
        self.checkpoints = self.folder / "checkpoints"
        self._seconds_before = 0.0
        check_output(output)
        written = self.folder / "run.json"
        wanted = json.loads(json.dumps({**identity, "run": asdict(settings)}))
        if not is_main_process():
            return  # the main process looks and writes; where it raises, all are ended
        if overwrite:
            shutil.rmtree(self.folder, ignore_errors=True)
        if written.is_file():
            found = json.loads(written.read_text(encoding="utf-8"))
            changed = _changed(found, wanted)
            if changed or not resume:
                why = f"other {', '.join(changed)}" if changed else "resume is off"
                raise ValueError(
                    f"{self.folder} holds another run ({why}): give the same data and settings to "
                    "carry on, overwrite=True (--overwrite) to begin anew, or another output"
                )
        self.checkpoints.mkdir(parents=True, exist_ok=True)
        if not written.is_file():
            write_json(written, wanted)

    def steps(self, n_examples: int) -> int:
        """How many updates the run has."""
        settings = self.settings
        return planned_steps(settings, n_examples)

    def arguments(self, cls: Any, n_examples: int, *, best: str | None, **extra: Any) -> Any:
        """The trainer's arguments, an instance of `cls`.

        best: the evaluated figure whose highest value says which weights are kept; None where
        nothing is held out.
        """
        settings = self.settings
        require("accelerate", "train", "recomp_core.training")
        every = max(1, math.ceil(self.steps(n_examples) / settings.evals))
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
            save_total_limit=2,  # the last, and the best
            logging_steps=max(1, min(50, every // 4)),
            report_to=settings.report_to,
            disable_tqdm=True,  # ours goes to standard error
            **{**evaluation, **_checkpointing(settings.gradient_checkpointing), **extra},
        )

    def equip(self, trainer: Any) -> None:
        """Give a trainer our progress, log, marks of whole checkpoints, and early stopping.

        One whose run is finished is left no step to do.
        """
        from transformers import PrinterCallback

        patience, best = self.settings.patience, trainer.args.metric_for_best_model
        trainer.remove_callback(PrinterCallback)
        last = self._last()
        if last is not None:
            self._seconds_before = json.loads((last / _WHOLE).read_text()).get("seconds", 0.0)
            state = json.loads((last / "trainer_state.json").read_text(encoding="utf-8"))
            done = state["global_step"] >= state["max_steps"]
            if done or _ran_out(patience, best, state["log_history"]):
                trainer.args.max_steps, trainer.args.num_train_epochs = -1, 0
        trainer.add_callback(_callback(self.folder, self._seconds_before))
        if patience is not None and best:
            trainer.add_callback(_early_stopping(patience, best))

    def last_checkpoint(self) -> str | None:
        """The newest checkpoint of which everything is there."""
        last = self._last()
        if last is not None:
            logger.info("carrying on from %s", last)
        return None if last is None else str(last)

    def _last(self) -> Path | None:
        whole = [path.parent for path in self.checkpoints.glob(f"checkpoint-*/{_WHOLE}")]
        return max(whole, key=lambda path: int(path.name.rpartition("-")[2]), default=None)

    def seconds(self, this_call: float) -> float:
        """How long the run took with the calls before this one, each up to its last checkpoint."""
        return self._seconds_before + this_call


def _checkpointing(wanted: bool) -> dict[str, bool]:
    """Under the name that this version of transformers has for it."""
    from dataclasses import fields

    from transformers import TrainingArguments

    names = {f.name for f in fields(TrainingArguments)}
    new = "activation_checkpointing" in names
    return {"activation_checkpointing" if new else "gradient_checkpointing": True} if wanted else {}


def planned_steps(settings: RunSettings, n_examples: int) -> int:
    """Updates of a run over so many questions, on as many processes as there are."""
    if settings.max_steps is not None:
        return settings.max_steps
    batches = math.ceil(n_examples / (settings.batch_size * processes()))
    per_epoch = max(1, math.ceil(batches / settings.gradient_accumulation_steps))
    return math.ceil(settings.epochs * per_epoch)


def check_output(output: Path) -> None:
    """Raise `FileExistsError` for a folder that is not a compressor's, before any work is done."""
    if output.exists() and not (
        output.is_dir() and ((output / CONFIG_FILE).is_file() or not any(output.iterdir()))
    ):
        raise FileExistsError(
            f"{output} exists and is not a compressor that was saved here: choose another folder"
        )


def use_bfloat16(precision: Precision) -> bool:
    """Whether forward passes compute in bfloat16: by wish, or where the hardware has it."""
    if precision != "auto":
        return precision == "bfloat16"
    import torch

    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    probes = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, name, lambda: False)() for name in probes)


def freeze_embeddings(model: Any) -> None:
    """Leave the table of token vectors as it is."""
    model.get_input_embeddings().requires_grad_(False)


def trainable_parameters(model: Any) -> tuple[int, int]:
    """How many weights are trained, and how many there are."""
    weights = list(model.parameters())
    return sum(w.numel() for w in weights if w.requires_grad), sum(w.numel() for w in weights)


def without_dropout(model: Any) -> None:
    """Set every dropout of a model to zero."""
    import torch

    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0


def fingerprint(*data: TrainingData[Any]) -> str:
    """What tells two data sets apart, in a few digits."""
    digest = hashlib.sha256()
    for part in data:
        for example in part.examples:
            digest.update(repr(example).encode("utf-8", "replace"))
        digest.update(b"\n")
    return digest.hexdigest()[:16]


def processes() -> int:
    """How many processes train together (torchrun, accelerate)."""
    import os

    return int(os.environ.get("WORLD_SIZE", "1"))


def is_main_process() -> bool:
    """Whether this process writes the files."""
    import os

    return int(os.environ.get("RANK", "0")) == 0


def _changed(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """The names of what differs, of settings their own."""
    names = []
    for name in sorted({*found, *wanted}):
        before, now = found.get(name), wanted.get(name)
        if isinstance(before, Mapping) and isinstance(now, Mapping):
            names += _changed(before, now)
        elif before != now:
            names.append(name)
    return names


def _ran_out(patience: int | None, best: str | None, history: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the last `patience` evaluations were no better than the best one before them."""
    if patience is None or best is None:
        return False
    figures = [row[best] for row in history if best in row]
    if not figures:
        return False
    return len(figures) - 1 - figures.index(max(figures)) >= patience


def _early_stopping(patience: int, best: str) -> Any:
    """As transformers' own, which forgets on resuming how long it has waited."""
    from transformers import TrainerCallback

    class EarlyStopping(TrainerCallback):
        def on_evaluate(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if _ran_out(patience, best, state.log_history):
                control.should_training_stop = True

    return EarlyStopping()


def _callback(folder: Path, seconds_before: float) -> Any:
    """Progress on standard error (where that is a terminal), log.jsonl, and whole checkpoints."""
    from tqdm import tqdm
    from transformers import TrainerCallback

    class Progress(TrainerCallback):
        bar: Any = None
        began = 0.0

        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            self.began = time.monotonic()
            if state.is_world_process_zero:
                self.bar = tqdm(
                    total=state.max_steps, initial=state.global_step, unit=" steps",
                    disable=None, file=sys.stderr,
                )  # fmt: skip

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if self.bar is not None:
                self.bar.update(state.global_step - self.bar.n)

        def on_log(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if not state.is_world_process_zero or not state.log_history:
                return
            lines = "".join(json.dumps(row) + "\n" for row in state.log_history)
            (folder / "log.jsonl").write_text(lines, encoding="utf-8")
            told = {
                k: v
                for k, v in state.log_history[-1].items()
                if k == "loss" or (k.startswith("eval_") and "per_second" not in k)
            }
            if told:
                text = ", ".join(f"{k.removeprefix('eval_')} {v:.4g}" for k, v in told.items())
                logger.info("step %d of %d: %s", state.global_step, state.max_steps, text)
                if self.bar is not None:
                    self.bar.set_postfix_str(text[:60])

        def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            checkpoint = Path(args.output_dir) / f"checkpoint-{state.global_step}"
            if state.is_world_process_zero and checkpoint.is_dir():
                seconds = seconds_before + time.monotonic() - self.began
                write_json(
                    checkpoint / _WHOLE, {"step": state.global_step, "seconds": round(seconds, 3)}
                )

        def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if self.bar is not None:
                self.bar.close()

    return Progress()
