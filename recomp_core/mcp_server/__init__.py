"""A server of the Model Context Protocol: an agent compresses what it would have to read.

    recomp mcp --root docs

Beside `server` and `demo`; the SDK is the extra `mcp`.

files       reads files below allowed folders
tools       what the tools do, and what they return
server      the tools as a server of the SDK, version 1 or 2
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._utils.lazy import lazy_names

if TYPE_CHECKING:
    from .files import AllowedFiles
    from .server import create_server, run
    from .tools import Tools

_MODULES = {
    "AllowedFiles": ".files",
    "Tools": ".tools",
    "create_server": ".server",
    "run": ".server",
}

__all__ = ["AllowedFiles", "Tools", "create_server", "run"]


__getattr__, __dir__ = lazy_names(__name__, _MODULES, __all__)
