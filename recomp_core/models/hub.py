"""Whether the hub can be reached, which is asked once and not ten times with pauses between."""

from __future__ import annotations

import time

_SECONDS = 4.0
# A hub that answered is not asked again by this process, one that did not only after this time.
_ASK_AGAIN_S = 60.0

_reached = False
_failed_at: float | None = None
_reason = ""


def why_unreachable() -> str:
    """Find out whether the hub answers.

    Returns:
        The reason in a few words; "" if it answers.
    """
    global _reached, _failed_at, _reason
    if _reached:
        return ""
    if _failed_at is not None and time.monotonic() - _failed_at < _ASK_AGAIN_S:
        return _reason
    from huggingface_hub import constants
    from huggingface_hub.utils import get_session

    if constants.HF_HUB_OFFLINE:  # then its libraries don't ask it, and say so
        return ""
    try:
        get_session().head(constants.ENDPOINT, timeout=_SECONDS)
    except Exception as error:  # whatever the connection, a proxy or a certificate raises
        cause = next(iter(str(error).strip().splitlines()), "") or type(error).__name__
        _failed_at, _reason = time.monotonic(), f"{constants.ENDPOINT} can't be reached: {cause}"
        return _reason
    _reached = True
    return ""


def known_reason() -> str:
    """Say why the hub could not be reached, without asking it.

    Returns:
        What `why_unreachable` found a short while ago; "" if it was not asked, or answered.
    """
    recent = _failed_at is not None and time.monotonic() - _failed_at < _ASK_AGAIN_S
    return _reason if recent and not _reached else ""
