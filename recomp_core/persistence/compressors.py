"""Names and folders to compressors, and back. The one place that knows what goes with what."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, get_args

from .._utils.checks import check_choice
from .._utils.files import CONFIG_FILE
from ..abstractive.compressor import AbstractiveCompressor
from ..errors import ModelLoadError
from ..extractive.compressor import ExtractiveCompressor
from ..extractive.scoring import DualEncoderScorer
from ..extractive.selection import Selector
from ..extractive.selectors import selector_from_dict, selector_to_dict
from ..runtime.deadline import check_timeout
from ..text.splitting import SentenceSplitter
from ..types import Context, SimilarityFunction
from .folders import read_config, update_config, write_folder
from .names import Source, find_source, find_weights

if TYPE_CHECKING:
    from ..runtime.batching import Batching
    from ..store import SentenceStore

logger = logging.getLogger(__name__)

# The settings that only an abstractive compressor has: its own, and its summarizer's.
_COMPRESSOR_SETTINGS = ("prompt", "titles", "gate", "extractor", "fallback", "support_scorer")
_SUMMARIZER_SETTINGS = (
    "quantization", "max_input_tokens", "max_new_tokens", "min_new_tokens", "num_beams",
    "length_penalty",
)  # fmt: skip

# What decides which sentences an answer stands in and how they score, beside the weights: a
# calibration holds for these alone.
_CALIBRATED_FOR = (
    "context", "similarity_fn_name", "lang", "truncate_dim", "expand", "separator", "elision",
    "document_separator",
)  # fmt: skip


class Calibrated(Protocol):
    """What is stored of a calibration, see `evaluation.calibration.Calibration`.

    compressor: the settings of the compressor that it was made with.
    """

    @property
    def compressor(self) -> Mapping[str, Any]: ...

    def selector(self) -> Selector:
        """The setting that was chosen."""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""


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
    truncate_dim: int | None = None,
    store: SentenceStore | str | os.PathLike[str] | None = None,
    timeout_s: float | None = None,
    batching: Batching | None = None,
    backend: str | None = None,
    compute_type: str | None = None,
    device: str | None = None,
    revision: str | None = None,
    local_files_only: bool = False,
    **summary_settings: Any,
) -> Any:
    """An `ExtractiveCompressor` around an encoder, or an `AbstractiveCompressor` around an
    encoder-decoder model: which, the checkpoint's config says.

    name_or_path:
        - None or "recomp-minilm": the bundled encoder, which is all-MiniLM-L6-v2 trained with
          RECOMP's recipe: the embedded weights (extra `offline`; from the hub where that is not
          installed) and an adapter that this package brings along, both checked by their SHA-256;
        - "minilm": the same model untrained;
        - any sentence-transformers model, by name or folder;
        - a plain BERT-like checkpoint without `modules.json`, such as `facebook/contriever-msmarco`
          or `fangyuan/nq_extractive_compressor`: mean pooling, inner product, no normalising;
        - a LoRA adapter on one of these, in a folder in PEFT's format: added to its base;
        - any encoder-decoder checkpoint, such as `fangyuan/nq_abstractive_compressor`, or a LoRA
          adapter on one;
        - a folder that `save_compressor` wrote.

    Of an extractive compressor:
    context, similarity_fn_name: see `DualEncoderScorer`. By default what the folder says; else the
        model's own similarity with "document" where the encoder can do it and "title" where not;
        for plain checkpoints "dot" and "sentence", as they were trained (paper, section 3.1).
    selector, separator, elision, document_separator, expand: see `ExtractiveCompressor`; what is
        given here goes before what the folder says.
    lang: for the sentence splitter; None picks by script.
    truncate_dim: as in sentence-transformers.
    store: a `SentenceStore` or its folder, where sentence vectors are looked up and kept.
    timeout_s, batching: see `ExtractiveCompressor`; not saved. `TimedCompressor` puts a limit
        around any compressor.

    Of an abstractive compressor, `summary_settings`:
    prompt, titles, gate, extractor, fallback, support_scorer: see `AbstractiveCompressor`.
    quantization, max_input_tokens, max_new_tokens, min_new_tokens, num_beams, length_penalty: see
        `models.seq2seq_loading.load_summarizer`.

    Of both:
    backend, compute_type: what computes, and with which numbers. Of an encoder "torch" or "onnx",
        see `models.loading.load_encoder`; of an encoder-decoder model "torch" or "ctranslate2",
        see `load_summarizer`. By default, which is "auto", an encoder takes onnxruntime where that
        is installed and can, and an encoder-decoder model torch. They are not saved.
    batch_size, device, revision, local_files_only: as in transformers.

    Never runs code from a model's folder. Raises `ModelLoadError` (an `OSError`), naming the model
    and the remedy, if it is not there, is damaged, or is of another kind; `ValueError` for settings
    of the other kind of compressor.
    """
    sentence_settings = _given(
        selector=selector, context=context, similarity_fn_name=similarity_fn_name, lang=lang,
        separator=separator, elision=elision, document_separator=document_separator, expand=expand,
        truncate_dim=truncate_dim, store=None if store is None else _opened(store),
        timeout_s=check_timeout(timeout_s), batching=batching,
    )  # fmt: skip
    if unknown := summary_settings.keys() - {*_COMPRESSOR_SETTINGS, *_SUMMARIZER_SETTINGS}:
        raise TypeError(f"load_compressor has no setting {', '.join(sorted(unknown))}")
    summary_settings = _given(**summary_settings)
    both = _given(batch_size=batch_size, device=device, backend=backend, compute_type=compute_type)
    hub = {"revision": revision, "local_files_only": local_files_only}
    for name, choices in (("context", Context), ("similarity_fn_name", SimilarityFunction)):
        if name in sentence_settings:  # before the model is loaded, which takes seconds
            check_choice(name, sentence_settings[name], get_args(choices))

    source = find_source(name_or_path)
    if _is_abstractive(source, **hub):
        _refuse(sentence_settings, source, "writes summaries", "an extractive")
        return _load_abstractive(source, {**both, **summary_settings}, hub)
    _refuse(summary_settings, source, "ranks sentences", "an abstractive")
    return _load_extractive(source, {**both, **sentence_settings}, hub)


def save_compressor(
    compressor: ExtractiveCompressor | AbstractiveCompressor,
    path: str | os.PathLike[str],
    *,
    calibration: Calibrated | None = None,
) -> Path:
    """Write model and settings into the folder `path`; `load_compressor(path)` gives the same
    results.

    calibration: what `evaluation.calibrate` found for this compressor; it is written beside the
        settings, and its selector takes the place of the compressor's own.

    The folder opens in plain sentence-transformers or transformers too. It appears whole or not at
    all, and replaces only what this function wrote before. Raises `ValueError` for parts that have
    no written form, such as a selector, splitter or gate of your own, and for a calibration of
    another compressor; `FileExistsError` for a folder that holds something else.
    """
    target = Path(path)
    if isinstance(compressor, AbstractiveCompressor):
        if calibration is not None:
            raise ValueError("a calibration is for a compressor that ranks sentences")
        settings, save_weights = _abstractive_to_dict(compressor)
    else:
        chosen = None if calibration is None else calibration.selector()
        settings, save_weights = _extractive_to_dict(compressor, chosen)
        if calibration is not None:
            _check_same(calibration.compressor, settings, "the compressor")
            settings["calibration"] = calibration.to_dict()
    write_folder(target, settings, save_weights)
    return target


def store_calibration(calibration: Calibrated, path: str | os.PathLike[str]) -> Path:
    """Write a calibration, and the selector that it chose, into the folder of a saved compressor.

    The weights stay as they are, a small adapter's too. Raises `ValueError` if the folder's
    settings are not those that were calibrated, `ModelLoadError` if it is damaged,
    `FileNotFoundError` if no compressor was saved there.
    """
    folder = Path(path)
    check_calibrated(calibration.compressor, folder)
    selector = selector_to_dict(calibration.selector())
    update_config(folder, {"selector": selector, "calibration": calibration.to_dict()})
    return folder


def check_calibrated(compressor: Mapping[str, Any], path: str | os.PathLike[str]) -> None:
    """Raise as `store_calibration` would for a calibration with these settings."""
    folder = Path(path)
    settings = read_config(folder)
    if not settings:
        raise FileNotFoundError(
            f"no compressor was saved in {folder}: give another folder to save it in"
        )
    if settings["kind"] != "extractive":
        raise ValueError(f"{folder} writes summaries: only what ranks sentences is calibrated")
    _check_same(compressor, settings, str(folder))


def _check_same(calibrated: Mapping[str, Any], settings: Mapping[str, Any], where: str) -> None:
    for name in _CALIBRATED_FOR:
        if name in calibrated and name in settings and settings[name] != calibrated[name]:
            raise ValueError(
                f"calibrated with {name}={calibrated[name]!r}, but {where} has "
                f"{settings[name]!r}: calibrate again"
            )


def _load_extractive(
    source: Source, given: Mapping[str, Any], hub: Mapping[str, Any]
) -> ExtractiveCompressor:
    from ..models.encoders.loading import load_encoder

    settings = {**source.settings, **given}
    store = settings.pop("store", None)
    if "calibration" in settings and "selector" not in given:
        _warn_of_changes(source, given)
    if "selector" not in given and "selector" in settings:
        settings["selector"] = _read_selector(settings["selector"], source.place)
    weights = find_weights(source, **hub)
    loaded = load_encoder(
        weights.place,
        backend=given.get("backend", "auto"),
        compute_type=given.get("compute_type"),
        adapters=weights.adapters,
        device=settings.get("device"),
        truncate_dim=settings.get("truncate_dim"),
        batch_size=settings.get("batch_size", 16),
        revision=weights.revision,
        local_files_only=hub["local_files_only"],
    )
    scorer = DualEncoderScorer(
        loaded.encoder,
        context=settings.get("context", loaded.context),
        similarity_fn_name=settings.get("similarity_fn_name", loaded.similarity_fn_name),
    )
    compressor = ExtractiveCompressor(
        scorer,
        selector=settings.get("selector"),
        splitter=SentenceSplitter(settings.get("lang")),
        separator=settings.get("separator"),
        elision=settings.get("elision", ""),
        document_separator=settings.get("document_separator", "\n"),
        expand=tuple(settings.get("expand", (0, 0))),
        timeout_s=settings.get("timeout_s"),
        batching=settings.get("batching"),
    )
    if store is None:
        return compressor
    from ..extractive.indexing import with_store

    return with_store(compressor, store)


def _warn_of_changes(source: Source, given: Mapping[str, Any]) -> None:
    """A setting that was calibrated promises nothing of other scores or other sentences."""
    as_saved = {**given, "expand": list(given.get("expand", ()))}
    changed = [
        name
        for name in _CALIBRATED_FOR
        if name in given and as_saved[name] != source.settings.get(name)
    ]
    if changed:
        logger.warning(
            "%s was calibrated without %s: what was promised does not hold with it; calibrate "
            "again, or give a selector",
            source.place,
            ", ".join(f"{name}={given[name]!r}" for name in changed),
        )


def _load_abstractive(
    source: Source, given: Mapping[str, Any], hub: Mapping[str, Any]
) -> AbstractiveCompressor:
    from ..models.summarizers.loading import load_summarizer

    saved = source.settings
    written = {**saved.get("generation", {}), **_given(prompt=saved.get("prompt"))}
    settings = {**written, **_given(titles=saved.get("titles")), **given}
    own = {name: settings.pop(name) for name in _COMPRESSOR_SETTINGS if name in settings}
    if settings.get("backend") == "auto":
        del settings["backend"]
    return AbstractiveCompressor(load_summarizer(source.place, **settings, **hub), **own)


def _is_abstractive(source: Source, **hub: Any) -> bool:
    if source.settings:
        return source.settings["kind"] == "abstractive"
    if _is_bert(Path(source.place)):  # said by its files, before transformers is loaded to ask it
        return False
    from ..models.summarizers.checkpoint import is_seq2seq

    return is_seq2seq(source.place, **hub)


def _is_bert(folder: Path) -> bool:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        return bool(config["model_type"] == "bert")
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _opened(store: SentenceStore | str | os.PathLike[str]) -> SentenceStore:
    from ..store import as_store

    return as_store(store)


def _given(**settings: Any) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if value is not None}


def _refuse(settings: Mapping[str, Any], source: Source, does: str, kind: str) -> None:
    if settings:
        raise ValueError(
            f"{', '.join(settings)}: not for {source.place}, which {does}; that is for {kind} "
            "compressor"
        )


_ToDict = tuple[dict[str, Any], Any]


def extractive_settings(compressor: ExtractiveCompressor) -> dict[str, Any]:
    """What `recomp_config.json` says of an extractive compressor. Raises as `save_compressor`."""
    return _extractive_to_dict(compressor)[0]


def _extractive_to_dict(
    compressor: ExtractiveCompressor, selector: Selector | None = None
) -> _ToDict:
    from ..models.encoders.span_pooling import SpanPoolingEncoder

    scorer = compressor.scorer
    encoder = getattr(scorer, "encoder", None)
    if not isinstance(scorer, DualEncoderScorer) or not isinstance(encoder, SpanPoolingEncoder):
        raise ValueError(
            f"a compressor with the scorer {type(scorer).__name__} can't be saved: only "
            "sentence-transformers encoders have a written form; build it anew from your code"
        )
    # A store is where vectors are kept, no part of what is saved.
    splitter = getattr(compressor.splitter, "splitter", compressor.splitter)
    if type(splitter) is not SentenceSplitter:
        raise ValueError(f"the splitter {splitter!r} can't be saved: only SentenceSplitter can")
    settings = {
        "kind": "extractive",
        "context": scorer.context,
        "similarity_fn_name": scorer.similarity_fn_name,
        "selector": selector_to_dict(compressor.selector if selector is None else selector),
        "lang": splitter.lang,
        "separator": compressor.layout.separator,
        "elision": compressor.layout.elision,
        "document_separator": compressor.layout.document_separator,
        "expand": list(compressor.expand),
        "batch_size": encoder.batch_size,
        "truncate_dim": encoder.truncate_dim,
    }
    return settings, encoder.save_pretrained


def _abstractive_to_dict(compressor: AbstractiveCompressor) -> _ToDict:
    from ..models.summarizers.seq2seq import Seq2SeqSummarizer

    summarizer = compressor.summarizer
    if not isinstance(summarizer, Seq2SeqSummarizer):
        raise ValueError(
            f"a compressor with the summarizer {type(summarizer).__name__} can't be saved: only a "
            'Seq2SeqSummarizer has a written form (backend="torch")'
        )
    for name in ("gate", "extractor", "fallback"):
        if getattr(compressor, name) is not None:
            raise ValueError(
                f"the {name} can't be saved: save the compressor without it, and give it to "
                f"load_compressor(…, {name}=…)"
            )

    def save_weights(folder: str) -> None:
        summarizer.model.save_pretrained(folder, safe_serialization=True)
        summarizer.tokenizer.save_pretrained(folder)

    settings = {
        "kind": "abstractive",
        "prompt": compressor.prompt.template,
        "titles": compressor.titles,
        "generation": asdict(summarizer.settings),
    }
    return settings, save_weights


def _read_selector(data: Mapping[str, Any], source: str) -> Selector:
    try:
        return selector_from_dict(data)
    except (KeyError, TypeError, ValueError) as error:
        raise ModelLoadError(
            f"the selector in {source}/{CONFIG_FILE} is damaged ({error}): save the compressor "
            "again, or pass selector="
        ) from error
