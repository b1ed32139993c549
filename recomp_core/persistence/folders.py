"""Folders with a compressor in them: written whole or not at all, and checked when read.

Beside the weights stands `recomp_config.json`: the settings, and the SHA-256 of every file that
decides a result.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .._utils.files import CONFIG_FILE, sha256, write_json
from .._version import __version__
from ..errors import ModelLoadError

FORMAT_VERSION = 1
KINDS = ("extractive", "abstractive")


def write_folder(
    target: Path, settings: Mapping[str, Any], save_weights: Callable[[str], object]
) -> None:
    """Write `settings` and what `save_weights(folder)` writes into the folder `target`.

    Replaces only what this function wrote before. Raises `FileExistsError` for a folder that holds
    something else.
    """
    check_target(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        save_weights(str(staging))
        hashes = {file.relative_to(staging).as_posix(): sha256(file) for file in _weighty(staging)}
        content = {
            "format_version": FORMAT_VERSION,
            "recomp_version": __version__,
            **settings,
            "sha256": hashes,
        }
        write_json(staging / CONFIG_FILE, content)
        staging.chmod(0o755)
        if target.exists():
            shutil.rmtree(target)
        staging.rename(target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def check_target(target: Path) -> None:
    """Raise `FileExistsError` if `write_folder` would refuse `target`: ask before long work."""
    if target.exists() and not _is_ours_or_empty(target):
        raise FileExistsError(
            f"{target} exists and is not a compressor that was saved here: choose another folder"
        )


def update_config(folder: Path, changes: Mapping[str, Any]) -> None:
    """Change settings of a folder that `write_folder` wrote; the weights are not touched.

    The new config takes the place of the old one at once. Raises `ModelLoadError` for a folder that
    is damaged, `FileNotFoundError` for one without a config.
    """
    content = dict(read_config(folder))
    if not content:
        raise FileNotFoundError(f"there is no {CONFIG_FILE} in {folder}: save the compressor there")
    write_json(folder / CONFIG_FILE, {**content, **changes})


def read_config(folder: Path) -> Mapping[str, Any]:
    """The settings of a folder that `write_folder` wrote, checked; {} for any other folder."""
    file = folder / CONFIG_FILE
    if not file.is_file():
        return {}
    try:
        settings = json.loads(file.read_text(encoding="utf-8"))
        version, kind, hashes = (
            settings["format_version"], settings["kind"], dict(settings["sha256"]),
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelLoadError(
            f"{file} is damaged ({type(error).__name__}: {error}): save the compressor again"
        ) from error
    if version != FORMAT_VERSION or kind not in KINDS:
        raise ModelLoadError(
            f"{file} is of kind {kind!r}, format {version!r}; this version of recomp "
            f"({__version__}) reads {' and '.join(KINDS)}, format {FORMAT_VERSION}: upgrade recomp"
        )
    for name, expected in hashes.items():
        part = folder / name
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
    return dict(settings)


def _weighty(folder: Path) -> list[Path]:
    """The files that decide a score: everything but the card and our own settings."""
    return sorted(
        file
        for file in folder.rglob("*")
        if file.is_file()
        and file.suffix in {".json", ".safetensors", ".bin", ".txt", ".model"}
        and file.name != CONFIG_FILE
    )


def _is_ours_or_empty(folder: Path) -> bool:
    return folder.is_dir() and ((folder / CONFIG_FILE).is_file() or not any(folder.iterdir()))
