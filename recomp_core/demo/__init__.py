"""A local page to try a compressor: paste a question and documents, see what stays.

    recomp demo

It may import every room but `cli`.

session   scores once per question, and what each setting keeps of them; no user interface
models    the encoder for other languages, and what writes summaries
view      a session's findings as HTML
page      the page itself: a script that Streamlit runs
serving   the server on this machine
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._utils.lazy import lazy_names

if TYPE_CHECKING:
    from .models import Models, Writer, find_writer
    from .serving import serve
    from .session import Limits, Price, Session, Trial

_MODULES = {
    "Models": ".models",
    "Writer": ".models",
    "find_writer": ".models",
    "serve": ".serving",
    "Limits": ".session",
    "Price": ".session",
    "Session": ".session",
    "Trial": ".session",
}

__all__ = ["Limits", "Models", "Price", "Session", "Trial", "Writer", "find_writer", "serve"]


__getattr__, __dir__ = lazy_names(__name__, _MODULES, __all__)
