"""Graphs on disk, keyed by their content: made once, and read by every later process."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from ..._utils.files import replaced_file
from ..._utils.private_files import make_private, open_private

logger = logging.getLogger(__name__)

# A graph ends with its SHA-256 as one more field of the message, `doc_string`. The file is still an
# ordinary ONNX model, and one that was cut off or changed is noticed.
_FIELD = b"\x32\x40"  # field 6, a string of 64 bytes
_SEAL_BYTES = len(_FIELD) + 64
_CHUNK_BYTES = 1 << 20

# Graphs, and what killed processes left half written (the last pattern is of former versions).
_CACHED = ("*.onnx", ".*.onnx.*.new", ".graph-*")

# A file that no process has read for so long makes room: it is another version's, or of a model
# that is gone.
_KEPT_SECONDS = 30 * 24 * 3600


def cached_graph(key: str, build: Callable[[], bytes], folder: Path | None = None) -> str | bytes:
    """Find a graph in the cache, or make it and store it there.

    Storing a graph also deletes those that were not read for thirty days.

    Args:
        key: What decides the graph, as a file name without ending.
        build: Makes the serialized graph.
        folder: The cache's folder; by default `recomp/onnx` in the Hugging Face cache home. Only
            this user may enter it. Where it can't be written or belongs to another user, the graph
            is made each time, and the log says so; so is one that others could have written.

    Returns:
        The file of the serialized graph, with a checksum that ONNX readers skip: from a file
        onnxruntime takes half the memory that it takes from bytes. Where the graph can't be kept,
        its bytes.
    """
    file = (folder or cache_folder()) / f"{key}.onnx"
    try:
        make_private(file.parent)
        with open_private(file) as stream:
            whole = _is_whole(stream)
        if whole:
            with contextlib.suppress(OSError):  # a folder that may only be read
                os.utime(file)
            return str(file)
        logger.warning("%s is damaged: it is made again", file)
    except FileNotFoundError:
        pass
    except OSError as error:
        logger.warning("a stored graph is not used, and is made again (%s)", error)
    graph = build()
    graph += _seal(hashlib.sha256(graph).hexdigest())
    try:
        make_private(file.parent)
        with replaced_file(file) as sink:
            if hasattr(os, "fchmod"):
                os.fchmod(sink.fileno(), 0o600)
            sink.write(graph)
        _drop_unread(file.parent)
    except OSError as error:
        logger.warning("the graph can't be kept, and is made at every start (%s)", error)
        return graph
    return str(file)


def cache_folder(kind: str = "onnx") -> Path:
    """Find the folder of the cache, as huggingface_hub finds its home; that takes long to import.

    Args:
        kind: What is kept there.

    Returns:
        The folder, which may not exist yet.
    """
    caches = os.getenv("XDG_CACHE_HOME") or os.path.join("~", ".cache")
    home = os.getenv("HF_HOME") or os.path.join(caches, "huggingface")
    return Path(os.path.expandvars(os.path.expanduser(home))) / "recomp" / kind


def _drop_unread(folder: Path) -> None:
    """Delete what was not read for thirty days."""
    for file in (file for pattern in _CACHED for file in folder.glob(pattern)):
        with contextlib.suppress(OSError):  # another process was first, or has it open
            if time.time() - file.stat().st_mtime > _KEPT_SECONDS:
                file.unlink()


def _is_whole(stream: BinaryIO) -> bool:
    """Whether a stored graph ends with the seal of what stands before."""
    digest, left = hashlib.sha256(), os.fstat(stream.fileno()).st_size - _SEAL_BYTES
    while left > 0:
        chunk = stream.read(min(left, _CHUNK_BYTES))
        if not chunk:
            return False
        digest.update(chunk)
        left -= len(chunk)
    return stream.read() == _seal(digest.hexdigest())


def _seal(digest: str) -> bytes:
    return _FIELD + digest.encode()
