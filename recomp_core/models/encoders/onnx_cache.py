"""Graphs on disk, by what decides them: made once, and read by every later process."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

logger = logging.getLogger(__name__)

# A graph ends with its SHA-256 as one more field of the message, `doc_string`: so the file is an
# ordinary ONNX model, and one that was cut off or changed is noticed.
_FIELD = b"\x32\x40"  # field 6, a string of 64 bytes
_SEAL_BYTES = len(_FIELD) + 64

_STAGING = ".graph-"

# What no process has read for so long makes room: another version's, or a model's that is gone.
_KEPT_SECONDS = 30 * 24 * 3600


def cached_graph(key: str, build: Callable[[], bytes], folder: Path | None = None) -> bytes:
    """The graph of that key, from the cache or made now and stored there.

    folder: of the cache, by default `recomp/onnx` in the Hugging Face cache home. Where it can't be
        written, the graph is made each time. A new graph makes those leave that were not read for
        thirty days.
    """
    file = (folder or cache_folder()) / f"{key}.onnx"
    try:
        content = file.read_bytes()
    except OSError:
        content = b""
    if content and _sealed(content[:-_SEAL_BYTES]) == content[-_SEAL_BYTES:]:
        with contextlib.suppress(OSError):  # a folder that may only be read
            os.utime(file)
        return content
    if content:
        logger.warning("%s is damaged: it is made anew", file)
    graph = build()
    graph += _sealed(graph)
    try:
        _write(file, graph)
        _drop_unread(file.parent)
    except OSError as error:
        logger.warning("the graph can't be kept, and is made at every start (%s)", error)
    return graph


def cache_folder() -> Path:
    """Where graphs lie. As huggingface_hub finds its home, which takes long to import."""
    caches = os.getenv("XDG_CACHE_HOME") or os.path.join("~", ".cache")
    home = os.getenv("HF_HOME") or os.path.join(caches, "huggingface")
    return Path(os.path.expandvars(os.path.expanduser(home))) / "recomp" / "onnx"


def _drop_unread(folder: Path) -> None:
    """Also what a killed process left half written."""
    for file in (*folder.glob("*.onnx"), *folder.glob(f"{_STAGING}*")):
        with contextlib.suppress(OSError):  # another process was first, or has it open
            if time.time() - file.stat().st_mtime > _KEPT_SECONDS:
                file.unlink()


def _sealed(graph: bytes) -> bytes:
    return _FIELD + hashlib.sha256(graph).hexdigest().encode()


def _write(file: Path, content: bytes) -> None:
    """Whole or not at all, also if another process writes the same."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, staging = tempfile.mkstemp(prefix=_STAGING, dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        os.chmod(staging, 0o644)
        os.replace(staging, file)
    except BaseException:
        Path(staging).unlink(missing_ok=True)
        raise
