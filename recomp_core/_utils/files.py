"""Files that appear whole or not at all, and their digests. Standard library only."""

from __future__ import annotations

import glob
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, BinaryIO
from uuid import uuid4

from .json_values import pretty

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


def check_output(output: str | os.PathLike[str], *inputs: object) -> None:
    """Check that writing an output destroys no input, before anything is opened for writing.

    Files are recognised by what they are, not by their names: through `..`, links and hard links.

    Args:
        output: A file or folder that will be written.
        *inputs: What is read: files and folders, of which all files count. "-" and values that are
            no paths, such as records, are passed over.

    Raises:
        ValueError: The output is an input, stands among the files of one, or is a folder that holds
            one.
    """
    for source in inputs:
        if not isinstance(source, (str, os.PathLike)) or source == "-":
            continue
        if _same(output, source):
            raise ValueError(f"{output} is the input itself: choose another output")
        if os.path.isdir(source) and os.path.isfile(output):
            if any(_same(output, file) for file in Path(source).rglob("*")):
                raise ValueError(f"{output} is a file of the input {source}: choose another output")
        elif os.path.isdir(output) and Path(output).resolve() in Path(source).resolve().parents:
            raise ValueError(f"{output} holds the input {source}: choose another folder")


def _same(one: str | os.PathLike[str], other: str | os.PathLike[str]) -> bool:
    try:
        return os.path.samefile(one, other)
    except OSError:  # one of them is not there yet
        return os.path.realpath(one) == os.path.realpath(other)


@contextmanager
def replaced_file(path: Path) -> Iterator[BinaryIO]:
    """A new file that takes the place of `path` once it is whole.

    Args:
        path: The file to replace or to make. It stays as it was if the block raises or the process
            is killed.

    Yields:
        The new file, open for writing bytes.
    """
    for left in path.parent.glob(f".{glob.escape(path.name)}.{'[0-9a-f]' * 8}.new"):
        with _held(left) as abandoned:
            if abandoned:
                left.unlink(missing_ok=True)
    with ExitStack() as stack:
        staging = _new(stack, lambda: _new_file(path))
        try:
            with staging.open("wb") as sink:
                yield sink
            staging.replace(path)
        finally:
            staging.unlink(missing_ok=True)


@contextmanager
def staged_folder(target: Path, *, replace: bool = False) -> Iterator[Path]:
    """A new folder that appears as `target` once it is whole.

    A folder that is replaced changes names with the new one in one step on Linux. Elsewhere it is
    first renamed: after a kill between the two renames there is none until `restore_folder` brings
    the old one back, as the next use of this function does. That also removes what killed processes
    left.

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
    target = target.resolve() if target.is_symlink() else target
    restore_folder(target)
    _remove_left(target)
    with ExitStack() as stack:
        staging = _new(
            stack,
            lambda: Path(mkdtemp(prefix=f".{target.name}-", suffix=".new", dir=target.parent)),
        )
        try:
            yield staging
            staging.chmod(0o755)
            if replace:
                _put_in_place(stack, staging, target)
            else:
                staging.rename(target)
        finally:
            shutil.rmtree(staging, ignore_errors=True)


def restore_folder(target: Path) -> None:
    """Bring back a folder that a killed process had renamed and not yet replaced.

    Args:
        target: The folder; nothing happens where it is there, or was never.
    """
    for _ in range(_TRIES):
        if os.path.exists(target):  # False for names that no file can have
            return
        renamed = _beside(target, "old")
        for old in renamed:
            with _held(old) as abandoned, suppress(OSError):
                if abandoned:
                    old.rename(target)
        if not renamed or target.exists():
            return
        time.sleep(_PAUSE_SECONDS)  # a living process is just between its two renames


# How often, and how far apart, a process looks whether another one has finished.
_TRIES, _PAUSE_SECONDS = 50, 0.02


def _put_in_place(stack: ExitStack, staging: Path, target: Path) -> None:
    """Give `staging` the name `target`, and remove what was there."""
    if _exchanged(staging, target):
        _remove(staging)
        return
    old = staging.with_suffix(".old")
    for _ in range(_TRIES):
        with suppress(FileNotFoundError):
            stack.enter_context(_held(target))  # it is not abandoned while this process lives
            target.rename(old)
        try:
            staging.rename(target)
        except OSError:
            if not target.exists():
                with suppress(OSError):
                    old.rename(target)
                raise
            _remove(old)  # another process was faster, and its folder is in the way
        else:
            break
    else:
        raise OSError(f"{target} can't be replaced: other processes write there all the time")
    _remove(old)


def _exchanged(one: Path, other: Path) -> bool:
    """Exchange the names of two folders in one step, where the system can: on Linux."""
    import ctypes

    try:
        exchange = ctypes.CDLL(None).renameat2
    except (OSError, AttributeError, TypeError):
        return False
    here, swap = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    return bool(exchange(here, os.fsencode(one), here, os.fsencode(other), swap) == 0)


def _remove(old: Path) -> None:
    """Remove a renamed folder, which must not be restored once it is no longer whole."""
    gone = old.with_suffix(".gone")
    with suppress(FileNotFoundError):
        old.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)


def _remove_left(target: Path) -> None:
    """Remove what killed processes left beside a folder."""
    for ending in ("new", "gone", *(("old",) if target.exists() else ())):
        for left in _beside(target, ending):
            with _held(left) as abandoned, suppress(OSError):
                if abandoned:
                    _remove(left)


def _beside(target: Path, ending: str) -> list[Path]:
    return list(target.parent.glob(f".{glob.escape(target.name)}-{'[a-z0-9_]' * 8}.{ending}"))


def _new_file(path: Path) -> Path:
    staging = path.with_name(f".{path.name}.{uuid4().hex[:8]}.new")
    staging.open("xb").close()
    return staging


def _new(stack: ExitStack, make: Callable[[], Path]) -> Path:
    """Make something that this process holds until the stack is closed."""
    for _ in range(_TRIES):
        made = make()
        if stack.enter_context(_held(made)) is not False:
            break  # else a process that tidies up was faster, and has removed it
    return made


@contextmanager
def _held(path: Path) -> Iterator[bool | None]:
    """Lock a file or folder until the block or the process ends.

    Yields whether that was possible: it is not where another process has it, or it is gone. None
    stands for Windows and file systems that have no such locks.
    """
    held: bool | None = None
    descriptor = -1
    try:
        import fcntl

        descriptor = os.open(path, os.O_RDONLY)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        held = os.path.samestat(os.fstat(descriptor), path.stat())
    except (BlockingIOError, FileNotFoundError):
        held = False
    except (ImportError, OSError):
        pass
    try:
        yield held
    finally:
        if descriptor >= 0:
            os.close(descriptor)


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
        content: JSON values. What JSON has no form for, `json_values.strict` puts aside, and
            `json_values.parsed` reads it back.
    """
    write_text(path, pretty(content) + "\n")
