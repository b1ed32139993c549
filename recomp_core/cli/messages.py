"""What the command says on standard error."""

from __future__ import annotations

import logging
import os
import warnings

_resumes = False


def set_up_messages(verbose: bool, *, resumes: bool = False) -> None:
    """Our own warnings go to standard error; bars and notices of the libraries go nowhere.

    The process is the command's own, and the libraries read the environment when they are loaded.

    Args:
        verbose: Whether to show what is logged for information, and the libraries' own messages.
        resumes: Whether a rerun of the command carries on after an interruption.
    """
    global _resumes
    _resumes = resumes
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("recomp: %(message)s"))
    log = logging.getLogger("recomp_core")
    log.addHandler(handler)
    log.setLevel(logging.INFO if verbose else logging.WARNING)
    if not verbose:
        os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
        os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
        warnings.simplefilter("ignore")


def interruption_note() -> str:
    """What to add to the message that a command was interrupted.

    Returns:
        The remedy; "" where nothing was begun that a rerun could carry on with.
    """
    return ": run the same command again, and it carries on where it stopped" if _resumes else ""
