"""Files that appear whole or not at all, and their digests. Standard library only."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4

CONFIG_FILE = "recomp_config.json"
"""The settings of a saved compressor, beside its weights."""


def sha256(file: Path) -> str:
    """The SHA-256 of a file.

    Args:
        file: The file to read.

    Returns:
        64 hexadecimal digits.
    """
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


@contextmanager
def replaced_file(path: Path) -> Iterator[BinaryIO]:
    """A new file that takes the place of `path` once it is whole.

    Args:
        path: The file to replace or to make. It stays as it was if the block raises or the process
            is killed.

    Yields:
        The new file, open for writing bytes.
    """
    staging = path.with_name(f".{path.name}.{uuid4().hex[:8]}.new")
    try:
        with staging.open("xb") as sink:
            yield sink
        staging.replace(path)
    finally:
        staging.unlink(missing_ok=True)


@contextmanager
def staged_folder(target: Path, *, replace: bool = False) -> Iterator[Path]:
    """A new folder that appears as `target` once it is whole.

    Args:
        target: The folder to make; its parents are made if need be. It stays as it was if the block
            raises.
        replace: Whether to remove a folder that is there. Without it, only an empty one is
            replaced.

    Yields:
        An empty folder to fill, beside `target`.

    Raises:
        OSError: The folder can't be written, or `target` is there and may not be replaced.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        yield staging
        staging.chmod(0o755)
        if replace and target.exists():
            shutil.rmtree(target)
        staging.rename(target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file, whole or not at all.

    Args:
        path: The file to replace or to make.
        text: Its content; a lone surrogate becomes a question mark.
    """
    with replaced_file(path) as sink:
        sink.write(text.encode("utf-8", "replace"))


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file, whole or not at all.

    Args:
        path: The file to replace or to make.
        content: JSON values. They are read back as they are, lone surrogates too.
    """
    text = json.dumps(content, ensure_ascii=False, indent=2)
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate has no UTF-8, but JSON can escape it
        text = json.dumps(content, indent=2)
    write_text(path, text + "\n")
