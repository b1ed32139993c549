"""How a training is killed at a known step, in a process of its own."""

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
