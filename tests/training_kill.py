"""How a training is killed at a known step, in a process of its own."""

import signal
import subprocess
import sys

# The beginning of the process's code; the steps are those of the optimizer.
KILLED_AFTER = """
import os, signal, torch
from torch.optim.optimizer import register_optimizer_step_post_hook
torch.set_num_threads(1)
left = iter(range({steps} - 1))
register_optimizer_step_post_hook(
    lambda *_: next(left, None) is None and os.kill(os.getpid(), signal.SIGKILL)
)
"""


def kill_while_training(train, rows, output, *, steps, checkpoint, **given):
    """Kill a training after so many steps, and leave the torn checkpoint of a kill while writing.

    `checkpoint` is the step of the last whole one.
    """
    code = (
        f"{KILLED_AFTER.format(steps=steps)}"
        f"from recomp_core.training import {train.__name__}\n"
        f"{train.__name__}({str(rows)!r}, output={str(output)!r}, **{given!r})"
    )
    killed = subprocess.run([sys.executable, "-c", code], check=False)
    checkpoints = output.with_name(f"{output.name}.run") / "checkpoints"
    assert killed.returncode == -signal.SIGKILL
    assert (checkpoints / f"checkpoint-{checkpoint}" / "whole.json").exists()
    assert not output.exists()
    torn = checkpoints / "checkpoint-999"
    torn.mkdir()
    (torn / "trainer_state.json").write_text("{")
