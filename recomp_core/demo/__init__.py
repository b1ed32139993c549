"""A local page to try a compressor: paste a question and documents, see what stays.

    recomp demo

It may import every room but `cli`.

session   scores once per question, and what each setting keeps of them; no user interface
view      a session's findings as HTML
page      the page itself: a script that Streamlit runs
serving   the server on this machine
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._utils.lazy import lazy_names

if TYPE_CHECKING:
    from .serving import serve
    from .session import Limits, Price, Session, Trial

_MODULES = {
    "serve": ".serving",
    "Limits": ".session",
    "Price": ".session",
    "Session": ".session",
    "Trial": ".session",
}

__all__ = ["Limits", "Price", "Session", "Trial", "serve"]


__getattr__, __dir__ = lazy_names(__name__, _MODULES, __all__)
