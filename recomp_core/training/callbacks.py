"""What a run adds to a trainer of transformers: progress, a log, marks of checkpoints, patience."""

# ruff: noqa: ARG002 - transformers calls a callback with all of its arguments by name

from __future__ import annotations

import json
import logging
import shutil
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from .._utils.files import write_json

logger = logging.getLogger(__name__)

# A kill costs no more than this, however rarely a run evaluates.
_SAVE_EVERY_S = 600.0

WHOLE_FILE = "whole.json"
"""Written into a checkpoint last: a checkpoint without it was torn by a kill or a full disk.

It lists the other files of the checkpoint with their sizes.
"""


def out_of_patience(
    patience: int | None, best: str | None, history: Sequence[Mapping[str, Any]]
) -> bool:
    """Decide whether a run stops early.

    Args:
        patience: Evaluations to wait for a better one; None never stops.
        best: The figure of an evaluation that is compared, higher is better; None never stops.
        history: A trainer's `log_history`.

    Returns:
        Whether none of the last `patience` evaluations was better than the best one before them.
    """
    if patience is None or best is None:
        return False
    figures = [row[best] for row in history if best in row]
    if not figures:
        return False
    return len(figures) - 1 - figures.index(max(figures)) >= patience


def early_stopping(patience: int, best: str) -> Any:
    """Make the callback that stops a run early.

    The callback of transformers forgets on resuming how long it has waited; this one reads the
    history.

    Args:
        patience: See `out_of_patience`.
        best: See `out_of_patience`.

    Returns:
        A `TrainerCallback`.
    """
    from transformers import TrainerCallback

    class EarlyStopping(TrainerCallback):
        def on_evaluate(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if out_of_patience(patience, best, state.log_history):
                control.should_training_stop = True

    return EarlyStopping()


def run_progress(folder: Path, seconds_before: float) -> Any:
    """Make the callback that reports a run, marks its checkpoints and removes old ones.

    Args:
        folder: Where `log.jsonl` is written.
        seconds_before: How long earlier calls of the run took.

    Returns:
        A `TrainerCallback`. It shows progress on standard error where that is a terminal.
    """
    from tqdm import tqdm
    from transformers import TrainerCallback

    class RunProgress(TrainerCallback):
        bar: Any = None
        began = 0.0
        saved = 0.0

        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            self.began = self.saved = time.monotonic()
            if state.is_world_process_zero:
                self.bar = tqdm(
                    total=state.max_steps, initial=state.global_step, unit=" steps",
                    disable=None, file=sys.stderr,
                )  # fmt: skip

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if self.bar is not None:
                self.bar.update(state.global_step - self.bar.n)
            # Several processes have to save at the same step, and each has a clock of its own.
            if args.world_size == 1 and time.monotonic() - self.saved >= _SAVE_EVERY_S:
                control.should_save = True

        def on_log(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if not state.is_world_process_zero or not state.log_history:
                return
            lines = "".join(json.dumps(row) + "\n" for row in state.log_history)
            (folder / "log.jsonl").write_text(lines, encoding="utf-8")
            if text := _format_figures(state.log_history[-1]):
                logger.info("step %d of %d: %s", state.global_step, state.max_steps, text)
                if self.bar is not None:
                    self.bar.set_postfix_str(text[:60])

        def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            self.saved = time.monotonic()
            checkpoint = Path(args.output_dir) / f"checkpoint-{state.global_step}"
            if state.is_world_process_zero and checkpoint.is_dir():
                seconds = round(seconds_before + time.monotonic() - self.began, 3)
                content = {"step": state.global_step, "seconds": seconds}
                write_json(checkpoint / WHOLE_FILE, {**content, "files": _sizes(checkpoint)})
                best = Path(state.best_model_checkpoint or checkpoint)
                _remove_others(checkpoint, keep={checkpoint.name, best.name})

        def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if self.bar is not None:
                self.bar.close()

    return RunProgress()


def _remove_others(checkpoint: Path, keep: Collection[str]) -> None:
    """Remove all other checkpoints, now that this one is whole.

    Each loses its mark first, so that a kill leaves none that looks whole and is not. (The trainer
    itself removes them before the new one is marked, and in any order.)
    """
    for other in checkpoint.parent.glob("checkpoint-*"):
        if other.name not in keep:
            (other / WHOLE_FILE).unlink(missing_ok=True)
            shutil.rmtree(other, ignore_errors=True)


def _sizes(checkpoint: Path) -> dict[str, int]:
    files = (path for path in sorted(checkpoint.rglob("*")) if path.is_file())
    return {path.relative_to(checkpoint).as_posix(): path.stat().st_size for path in files}


def _format_figures(row: Mapping[str, Any]) -> str:
    """The loss and the evaluated figures of a row of the log, in one line."""
    return ", ".join(
        f"{name.removeprefix('eval_')} {value:.4g}"
        for name, value in row.items()
        if name == "loss" or (name.startswith("eval_") and "per_second" not in name)
    )
