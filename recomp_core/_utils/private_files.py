"""Files that nobody else can have written. Standard library only."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

_ADMINISTRATOR = 0  # who can do anything anyway
_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def make_private(folder: Path) -> None:
    """Make a folder that only this user may enter, or close one of this user's that is open.

    Args:
        folder: The folder; its parents are made if need be.

    Raises:
        PermissionError: It belongs to another user, so that its files may be anybody's.
        OSError: It can't be made.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    info = folder.stat()
    if not _is_ours(info):
        raise PermissionError(f"{folder} belongs to another user")
    if info.st_mode & _WRITABLE_BY_OTHERS:
        folder.chmod(0o700)


def open_private(file: Path) -> BinaryIO:
    """Open a file that nobody else can have written.

    Args:
        file: The file.

    Returns:
        It, open for reading.

    Raises:
        PermissionError: It belongs to another user, others may write it, or it is a link or no
            ordinary file.
        OSError: It is not there, or can't be read.
    """
    check_private(file, file.lstat())
    # The checks are repeated on what was opened. Opening must not wait for the other end of a pipe.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    stream = open(os.open(file, flags), "rb")  # noqa: SIM115 - the caller closes it
    try:
        check_private(file, os.fstat(stream.fileno()))
    except OSError:
        stream.close()
        raise
    return stream


def check_private(file: Path, info: os.stat_result) -> None:
    """Check that nobody else can have written a file or folder.

    Args:
        file: Its path, for the error.
        info: What the system says about it, links not followed.

    Raises:
        PermissionError: See `open_private`.
    """
    if not (stat.S_ISREG(info.st_mode) or stat.S_ISDIR(info.st_mode)):
        raise PermissionError(f"{file} is a link or no ordinary file")
    if not _is_ours(info):
        raise PermissionError(f"{file} belongs to another user")
    if info.st_mode & _WRITABLE_BY_OTHERS and os.name == "posix":
        raise PermissionError(f"{file} can be written by others")


def _is_ours(info: os.stat_result) -> bool:
    return not hasattr(os, "geteuid") or info.st_uid in (_ADMINISTRATOR, os.geteuid())
