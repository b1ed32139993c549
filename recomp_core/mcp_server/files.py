"""Reads text files below allowed folders, and no other."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from .._utils.checks import check_whole
from ..types import Document

_NAMES_SHOWN = 20  # of a folder that was given as a file


class AllowedFiles:
    """The files that an agent may have read.

    Links are followed first, and what they lead to must lie below an allowed folder, so that no
    link leads out. Hidden files and folders (names that begin with a dot) are refused.

    Attributes:
        roots: The allowed folders, resolved.
        max_files: The most files of one call.
        max_bytes: The largest size of one file, in bytes.
        max_total_bytes: The largest size of all files of one call, in bytes.

    Args:
        roots: The folders.
        max_files: See above.
        max_bytes: See above.
        max_total_bytes: See above.

    Raises:
        ValueError: There is no folder, one of them is none, or a limit is less than 1.
    """

    def __init__(
        self,
        roots: Sequence[str | os.PathLike[str]],
        *,
        max_files: int = 100,
        max_bytes: int = 2_000_000,
        max_total_bytes: int = 4_000_000,
    ) -> None:
        if not roots:
            raise ValueError("no folder is allowed: give at least one")
        self.roots = tuple(dict.fromkeys(_folder(root) for root in roots))
        self.max_files = check_whole("max_files", max_files)
        self.max_bytes = check_whole("max_bytes", max_bytes)
        self.max_total_bytes = check_whole("max_total_bytes", max_total_bytes)

    def read(self, paths: Sequence[str]) -> list[Document]:
        """Read files.

        Args:
            paths: Absolute paths, or paths below one of the allowed folders.

        Returns:
            One document per path, in order; its id is the path as it was given, its title the
            file's name.

        Raises:
            ValueError: A path is not allowed, is no text file, or is too large, or there are too
                many. The message names the path and what to give instead.
        """
        if len(paths) > self.max_files:
            raise ValueError(
                f"{len(paths)} paths are more than the {self.max_files} of one call: give fewer"
            )
        documents = []
        left = self.max_total_bytes
        for path in paths:
            text, size = self._read(path, left)
            left -= size
            documents.append(Document(text, title=Path(path).name, id=path))
        return documents

    def _read(self, path: str, left: int) -> tuple[str, int]:
        file = self._resolved(path)
        limit = min(self.max_bytes, left)
        # Not to wait for a pipe, and not to follow a link that was put there since.
        flags = os.O_RDONLY
        for name in ("O_NONBLOCK", "O_NOFOLLOW", "O_BINARY"):  # as far as the system has them
            flags |= getattr(os, name, 0)
        try:
            with open(os.open(file, flags), "rb") as stream:
                status = os.fstat(stream.fileno())
                # The folders above it may have changed since, too.
                if not os.path.samestat(status, os.stat(self._resolved(path))):
                    raise ValueError(f"{path!r} changed while it was opened: try again")
                if not stat.S_ISREG(status.st_mode):
                    raise ValueError(f"{path!r} is no file")
                raw = stream.read(limit + 1)
        except OSError as error:
            raise ValueError(f"{path!r} can't be read ({error.strerror})") from None
        if len(raw) > limit:
            raise ValueError(
                f"{path!r} is too large: one file may have {self.max_bytes:,} bytes, and all files "
                f"of one call {self.max_total_bytes:,}"
            )
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise ValueError(f"{path!r} is not UTF-8 text: give text files") from None
        if "\0" in text:
            raise ValueError(f"{path!r} is a binary file: give text files")
        return text, len(raw)

    def _resolved(self, path: str) -> Path:
        """The file behind a path, which lies below a root."""
        if not path.strip() or "\0" in path:
            raise ValueError(f"{path!r} is no path")
        allowed = ", ".join(map(str, self.roots))
        hidden = False
        for root in self.roots:
            # An absolute path is itself: joining leaves the root out.
            try:
                found = (root / path).resolve(strict=True)
            except (OSError, RuntimeError, ValueError):
                continue
            for above in self.roots:
                if not found.is_relative_to(above):
                    continue
                if _is_hidden(found, above) or _is_hidden(root / path, root):
                    hidden = True
                    continue
                if found.is_dir():
                    raise ValueError(f"{path!r} is a folder: give its files{_names_in(found)}")
                return found
        if hidden:
            raise ValueError(f"{path!r} is hidden: hidden files and folders are not read")
        # The same words for what is not there and what is elsewhere: that is nobody's business.
        raise ValueError(f"there is no file {path!r} below the allowed folders: {allowed}")


def _folder(root: str | os.PathLike[str]) -> Path:
    folder = Path(root).expanduser()
    if not folder.is_dir():
        raise ValueError(f"{os.fspath(root)} is no folder: give folders whose files may be read")
    return folder.resolve()


def _is_hidden(path: Path, root: Path) -> bool:
    """Whether a part of the path below the root is hidden; the root may be."""
    parts = path.relative_to(root).parts if path.is_relative_to(root) else ()
    return any(part.startswith(".") and part != ".." for part in parts)


def _names_in(folder: Path) -> str:
    names = sorted(
        entry.name for entry in os.scandir(folder)
        if entry.is_file(follow_symlinks=False) and not entry.name.startswith(".")
    )  # fmt: skip
    more = ", …" if len(names) > _NAMES_SHOWN else ""
    return f" ({', '.join(names[:_NAMES_SHOWN])}{more})" if names else ""
