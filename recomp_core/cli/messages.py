"""What the command says on standard error."""

from __future__ import annotations

import logging
import os


def set_up_messages(verbose: bool) -> None:
    """Our own warnings go to standard error; loading bars and notices of the libraries go nowhere.

    The process is the command's own, and the libraries read the environment when they are loaded.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("recomp: %(message)s"))
    log = logging.getLogger("recomp_core")
    log.addHandler(handler)
    log.setLevel(logging.INFO if verbose else logging.WARNING)
    if not verbose:
        os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
        os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
