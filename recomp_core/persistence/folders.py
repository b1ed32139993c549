"""Folders of saved compressors: written whole or not at all, and checked when they are read.

Beside the weights is `recomp_config.json`, with the settings and the SHA-256 of every file that
decides a result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .._utils.files import CONFIG_FILE, restore_folder, sha256, staged_folder, write_json
from .._version import __version__
from ..errors import ModelLoadError
from ..models.folder_checks import inside, read_json

FORMAT_VERSION = 2
"""The format of `recomp_config.json`."""
# What format 1 did not know was off: a folder keeps the results that it was saved with.
_OFF_IN_FORMAT_1 = {"outline": "none", "titles": False, "lexical_weight": 0.0, "prefilter": 0}
KINDS = ("extractive", "abstractive")
"""The kinds of compressors that a folder may hold."""


def write_folder(
    target: Path, settings: Mapping[str, Any], save_weights: Callable[[str], object]
) -> None:
    """Write a folder with weights and settings; it replaces only what this function wrote before.

    Args:
        target: The folder to write. It appears whole or not at all.
        settings: JSON values; `kind` is one of `KINDS`.
        save_weights: Writes the weights into the folder that it gets.

    Raises:
        FileExistsError: The folder holds something else.
    """
    check_target(target)
    with staged_folder(target, replace=True) as staging:
        save_weights(str(staging))
        hashes = {file.relative_to(staging).as_posix(): sha256(file) for file in _weighty(staging)}
        content = {
            "format_version": FORMAT_VERSION,
            "recomp_version": __version__,
            **settings,
            "sha256": hashes,
        }
        write_json(staging / CONFIG_FILE, content)


def check_target(target: Path) -> None:
    """Check that `write_folder` would write a folder, before long work.

    Args:
        target: The folder to write.

    Raises:
        FileExistsError: The folder holds something else than a saved compressor.
    """
    restore_folder(target)
    if target.exists() and not _is_ours_or_empty(target):
        raise FileExistsError(
            f"{target} exists and is not a compressor that was saved here: choose another folder"
        )


def update_config(folder: Path, changes: Mapping[str, Any]) -> None:
    """Change settings of a saved folder. The weights stay as they are.

    Args:
        folder: A folder that `write_folder` wrote.
        changes: The settings to change; the new config replaces the old one in one step.

    Raises:
        ModelLoadError: The folder is damaged.
        FileNotFoundError: The folder has no config.
    """
    content = dict(read_config(folder))
    if not content:
        raise FileNotFoundError(f"there is no {CONFIG_FILE} in {folder}: save the compressor there")
    write_json(folder / CONFIG_FILE, {**content, **changes})


def read_config(folder: Path) -> Mapping[str, Any]:
    """Read the settings of a saved folder, and check its files against them.

    A folder that is missing because a process was killed while it replaced it is brought back.

    Args:
        folder: Any folder.

    Returns:
        The settings; {} for a folder that `write_folder` did not write.

    Raises:
        ModelLoadError: The config is damaged or of another version, or a file is missing, changed
            or was added after saving.
    """
    restore_folder(folder)
    file = folder / CONFIG_FILE
    if not file.is_file():
        return {}
    try:
        settings = read_json(file)
        version, kind, hashes = (
            settings["format_version"], settings["kind"], dict(settings["sha256"]),
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelLoadError(
            f"{file} is damaged ({type(error).__name__}: {error}): save the compressor again"
        ) from error
    if version not in (1, FORMAT_VERSION) or kind not in KINDS:
        raise ModelLoadError(
            f"{file} is of kind {kind!r}, format {version!r}; this version of recomp "
            f"({__version__}) reads {' and '.join(KINDS)}, format {FORMAT_VERSION}: upgrade recomp"
        )
    for name, expected in hashes.items():
        part = inside(folder, name)
        if not part.is_file():
            raise ModelLoadError(f"{folder} is damaged: {name} is missing; copy the folder again")
        if sha256(part) != expected:
            raise ModelLoadError(
                f"{part} was changed after it was saved (its SHA-256 is not the one in "
                f"{CONFIG_FILE}): restore the file, or save the compressor again"
            )
    if unknown := {file.relative_to(folder).as_posix() for file in _weighty(folder)} - set(hashes):
        raise ModelLoadError(
            f"{folder} holds {', '.join(sorted(unknown))}, which was not there when it was saved: "
            "remove it, or save the compressor again"
        )
    if version == 1 and kind == "extractive":
        settings = {**_OFF_IN_FORMAT_1, **settings}
    return dict(settings)


def _weighty(folder: Path) -> list[Path]:
    """The files that decide a score: all but the model card and our own settings."""
    return sorted(
        file
        for file in folder.rglob("*")
        if file.is_file()
        and file.suffix in {".json", ".safetensors", ".bin", ".txt", ".model"}
        and file.name != CONFIG_FILE
    )


def _is_ours_or_empty(folder: Path) -> bool:
    return folder.is_dir() and ((folder / CONFIG_FILE).is_file() or not any(folder.iterdir()))
