"""Names and folders to compressors, and compressors to folders.

Only this module knows which class goes with which checkpoint.
"""

from __future__ import annotations

import logging
import os
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, get_args

from .._utils.checks import check_choice, check_limit, check_whole
from .._utils.files import CONFIG_FILE
from ..abstractive.compressor import AbstractiveCompressor, Reads, check_reads, check_room
from ..abstractive.llm_summarizer import LLMSummarizer, check_replies
from ..errors import ModelLoadError
from ..extractive.compressor import DEFAULT_SELECTOR, ExtractiveCompressor, check_expand
from ..extractive.evidence import check_weight
from ..extractive.prefilter import check_prefilter
from ..extractive.recovery import DroppedTexts, check_recovery
from ..extractive.scoring import DualEncoderScorer
from ..extractive.selection import Selector, check_selector, make_selector
from ..extractive.selectors import selector_from_dict, selector_to_dict
from ..models.checkpoints import CheckpointFiles
from ..models.encoders.prompts import check_prompts
from ..models.hub import known_reason
from ..prompts import NOTHING_RELEVANT_WORD, PromptTemplate, llm_prompt
from ..runtime.deadline import check_timeout
from ..text.pins import Pins
from ..text.splitting import SentenceSplitter
from ..text.tokens import TokenCounter, encoder_token_counter
from ..text.units import Format
from ..types import Context, Injections, Outline, SimilarityFunction
from .folders import read_config, update_config, write_folder
from .names import NAMES, Source, find_source, find_weights

if TYPE_CHECKING:
    from ..runtime.batching import Batching
    from ..store import SentenceStore, StoredSplitter

logger = logging.getLogger(__name__)

# The settings that only an abstractive compressor has: its own, then its summarizer's.
_COMPRESSOR_SETTINGS = ("prompt", "gate", "extractor", "reads", "fallback", "support_scorer")
_SUMMARIZER_SETTINGS = (
    "quantization", "max_input_tokens", "max_new_tokens", "min_new_tokens", "num_beams",
    "length_penalty", "empty_word", "detect_refusals",
)  # fmt: skip

# Beside the weights these settings decide what the sentences are and how they score, so a
# calibration holds for them only.
_CALIBRATED_FOR = (
    "context", "similarity_fn_name", "lang", "truncate_dim", "expand", "separator", "elision",
    "document_separator", "outline", "titles", "lexical_weight", "prefilter", "max_unit_tokens",
    "document_format", "prompts",
)  # fmt: skip


# What a saved summarizer says of the encoder of ours that picks its sentences.
_EXTRACTOR_SETTINGS = (
    *_CALIBRATED_FOR, "selector", "batch_size", "pin", "injections",
)  # fmt: skip

# The encoders that were loaded by a name of our own: such a name says which weights they are, and
# that of a folder does not.
_OUR_ENCODERS: weakref.WeakKeyDictionary[Any, str] = weakref.WeakKeyDictionary()


class Calibrated(Protocol):
    """What is stored of a calibration, see `evaluation.calibration.Calibration`."""

    @property
    def compressor(self) -> Mapping[str, Any]:
        """The settings of the compressor that it was made with."""

    def selector(self) -> Selector:
        """Make the selector that was chosen.

        Returns:
            A selector that has a written form.
        """

    def to_dict(self) -> dict[str, Any]:
        """Write the calibration as JSON values.

        Returns:
            What the folder keeps of it.
        """


def load_compressor(
    name_or_path: str | os.PathLike[str] | None = None,
    *,
    top_k: int | None = None,
    top_p: float | None = None,
    min_score: float | None = None,
    max_tokens: int | None = None,
    tokenizer: str | os.PathLike[str] | None = None,
    selector: Selector | None = None,
    context: Context | None = None,
    similarity_fn_name: SimilarityFunction | None = None,
    lang: str | None = None,
    max_unit_tokens: int | None = None,
    document_format: Format | None = None,
    outline: Outline | None = None,
    titles: bool | None = None,
    lexical_weight: float | None = None,
    prefilter: int | None = None,
    separator: str | None = None,
    elision: str | None = None,
    document_separator: str | None = None,
    expand: tuple[int, int] | None = None,
    batch_size: int | None = None,
    truncate_dim: int | None = None,
    prompts: Mapping[str, str] | None = None,
    store: SentenceStore | str | os.PathLike[str] | None = None,
    timeout_s: float | None = None,
    batching: Batching | None = None,
    recovery: DroppedTexts | int | None = None,
    pin: Sequence[str] | None = None,
    injections: Injections | None = None,
    backend: str | None = None,
    compute_type: str | None = None,
    device: str | None = None,
    revision: str | None = None,
    local_files_only: bool = False,
    **summary_settings: Any,
) -> Any:
    """Load a compressor; the checkpoint's config decides its kind.

    It is an `ExtractiveCompressor` around an encoder, or an `AbstractiveCompressor` around a
    language model, encoder-decoder or decoder-only. Code from a model's folder never runs.

    Args:
        name_or_path: What to load:

            - None or "recomp-minilm": the bundled encoder, which is all-MiniLM-L6-v2 trained with
              RECOMP's recipe: the embedded weights (extra `offline`; from the hub where that is not
              installed) and an adapter that comes with this package, both checked by their SHA-256;
            - "minilm": the same model untrained;
            - "multilingual": multilingual-e5-small, for about a hundred languages: from the hub's
              cache, else from the package of the extra `multilingual`, else from the hub;
            - any sentence-transformers model, by name or folder;
            - a plain BERT-like checkpoint without `modules.json`, such as
              `facebook/contriever-msmarco` or `fangyuan/nq_extractive_compressor`: mean pooling,
              inner product, no normalising;
            - a LoRA adapter on one of these, in a folder in PEFT's format: added to its base;
            - any encoder-decoder checkpoint, such as `fangyuan/nq_abstractive_compressor`, or a
              LoRA adapter on one;
            - any decoder-only checkpoint, such as Qwen3, SmolLM2 or Llama, or a LoRA adapter on
              one; also a `.gguf` file or a folder with one (extra `gguf`). The tokenizer's chat
              template decides what the model reads;
            - a folder that `save_compressor` wrote.
        top_k: For sentences only: at most this many, see `TopK`. All limits that are given hold
            together. By default what the folder says, else 2; also beside `min_score`.
        top_p: For sentences only: see `TopP`.
        min_score: For sentences only: see `Threshold`.
        max_tokens: For sentences only: see `TokenBudget`.
        tokenizer: Name or folder of the reader model's tokenizer, which counts for `max_tokens`. By
            default the encoder's own counts.
        selector: For sentences only: what decides instead of these limits, see
            `ExtractiveCompressor`. This and all other settings that are given here overrule what
            the folder says.
        context: For sentences only: see `DualEncoderScorer`. By default what the folder says; else
            "document" where the encoder can do it and "title" where not; for plain checkpoints
            "sentence", as they were trained (paper, section 3.1).
        similarity_fn_name: For sentences only: see `DualEncoderScorer`. By default what the folder
            says; else the model's own similarity; for plain checkpoints "dot", as they were
            trained.
        lang: For sentences only: the language of the documents; None detects it in each.
        max_unit_tokens: For sentences only: see `SentenceSplitter`, as for the next.
        document_format: The format of all documents; None recognises each.
        outline: For sentences only: see `ExtractiveCompressor`.
        titles: Whether the text shows titles: see `ExtractiveCompressor` and
            `AbstractiveCompressor`.
        lexical_weight: For sentences only: see `ExtractiveCompressor`.
        prefilter: For sentences only: of more sentences than these the encoder reads a quarter of
            so many, chosen by words; 0 for no limit, see `ExtractiveCompressor`.
        separator: For sentences only: see `ExtractiveCompressor`.
        elision: For sentences only: see `ExtractiveCompressor`.
        document_separator: For sentences only: see `ExtractiveCompressor`.
        expand: For sentences only: see `ExtractiveCompressor`.
        batch_size: Texts or prompts per pass.
        truncate_dim: For sentences only: as in sentence-transformers.
        prompts: For sentences only: what is put before queries and documents, such as
            `{"query": "query: ", "document": "passage: "}`; {} for nothing. By default what the
            folder says; else what models of its family need, see `models.encoders.prompts`.
        store: For sentences only: a `SentenceStore` or its folder, where sentence vectors are
            looked up and kept.
        timeout_s: For sentences only: see `ExtractiveCompressor`; not saved. `TimedCompressor` puts
            a limit around any compressor.
        batching: For sentences only: see `ExtractiveCompressor`; not saved.
        recovery: Where dropped texts are kept for `read_dropped`: a `DroppedTexts`, or the bytes of
            memory for a new one; not saved.
        pin: For sentences only: see `ExtractiveCompressor`.
        injections: For sentences only: see `ExtractiveCompressor`.
        backend: What computes; not saved. For an encoder "torch", "onnx" or a registered name, see
            `models.encoders.loading.load_encoder`; for a language model "torch" or
            "ctranslate2", see `load_summarizer`. By default, which is "auto", an encoder takes
            onnxruntime where that is installed and can, and an encoder-decoder model takes torch.
        compute_type: The number format, see there; not saved.
        device: As in transformers.
        revision: As in transformers.
        local_files_only: As in transformers.
        **summary_settings: For summaries only: `prompt`, `gate`, `extractor`, `reads`, `fallback`
            and `support_scorer` of `AbstractiveCompressor`; `quantization`, `max_input_tokens`,
            `max_new_tokens`, `min_new_tokens`, `num_beams` and `length_penalty` of
            `load_summarizer`; for decoder-only models `empty_word` and `detect_refusals` of
            `LLMSummarizer`. A prompt that the folder has of its own must name the word itself.

    Returns:
        The compressor.

    Raises:
        ModelLoadError: The model (the error is an `OSError`) is not there, is damaged, or is of
            another kind. The message names it and the remedy.
        ValueError: A setting is wrong, or for the other kind of compressor.
        TypeError: There is no setting of that name, or one is of another type.
        ImportError: An extra is missing.
    """
    limits = _given(top_k=top_k, top_p=top_p, min_score=min_score, max_tokens=max_tokens)
    if limits and selector is not None:
        names = ", ".join(f"{name}={value!r}" for name, value in limits.items())
        raise ValueError(
            f"{names} given together with selector=: give one or the other, or combine selectors, "
            "such as TopK(3) & Threshold(0.3)"
        )
    counter = None if tokenizer is None else reader_counter(tokenizer, max_tokens, local_files_only)
    # Bad limits raise now, before the encoder that may have to count is loaded.
    limiting_selector(**limits, count_tokens=counter or len)
    sentence_settings = _given(
        selector=selector, context=context, similarity_fn_name=similarity_fn_name, lang=lang,
        separator=separator, elision=elision, document_separator=document_separator, expand=expand,
        max_unit_tokens=max_unit_tokens, document_format=document_format, outline=outline,
        lexical_weight=check_weight(lexical_weight), prefilter=check_prefilter(prefilter),
        truncate_dim=truncate_dim, prompts=prompts,
        store=None if store is None else _opened(store),
        timeout_s=check_timeout(timeout_s), batching=batching, pin=pin,
        injections=injections,
    )  # fmt: skip
    if unknown := summary_settings.keys() - {*_COMPRESSOR_SETTINGS, *_SUMMARIZER_SETTINGS}:
        raise TypeError(f"load_compressor has no setting {', '.join(sorted(unknown))}")
    summary_settings = _given(**summary_settings)
    both = _given(
        batch_size=batch_size, device=device, backend=backend, compute_type=compute_type,
        titles=titles, recovery=check_recovery(recovery),
    )  # fmt: skip
    for name, choices in (
        ("context", Context), ("similarity_fn_name", SimilarityFunction), ("outline", Outline),
        ("document_format", Format), ("injections", Injections),
    ):  # fmt: skip
        if name in sentence_settings:  # before the model is loaded, which takes seconds
            check_choice(name, sentence_settings[name], get_args(choices))
    make_splitter(sentence_settings)  # the same for what the splitter checks
    Pins(pin)
    if expand is not None:
        check_expand(expand)
    if prompts is not None:
        check_prompts("prompts", prompts)

    source = find_source(name_or_path, revision=revision, local_files_only=local_files_only)
    if _is_abstractive(source):
        _refuse({**sentence_settings, **limits}, source, "writes summaries", "an extractive")
        writer = _load_abstractive(source, {**both, **summary_settings})
        writer.model_name = source.name
        return writer
    if summary_settings or backend == "ctranslate2":
        _check_config(source.files)
    _refuse(summary_settings, source, "ranks sentences", "an abstractive")
    compressor = _load_extractive(source, {**both, **sentence_settings})
    if limits:
        count_tokens = counter or encoder_token_counter(compressor)
        compressor.selector = check_selector(limiting_selector(**limits, count_tokens=count_tokens))
    return compressor


def limiting_selector(
    *, count_tokens: Callable[[str], int] | None, **limits: float | None
) -> Selector | None:
    """Make the selector of the limits that a user names.

    A lowest score says what may stay, not how much: where it is the only limit, the default's
    `TopK` holds too.

    Args:
        count_tokens: Counts tokens for `max_tokens`.
        **limits: `top_k`, `top_p`, `min_score` and `max_tokens`; None for not given.

    Returns:
        The selector; None without any limit.

    Raises:
        ValueError: A limit is out of its bounds.
    """
    given = _given(**limits)
    if given.keys() == {"min_score"}:
        given["top_k"] = DEFAULT_SELECTOR.k
    return make_selector(**given, count_tokens=count_tokens)


def reader_counter(
    tokenizer: str | os.PathLike[str], max_tokens: int | None, local_files_only: bool = False
) -> TokenCounter:
    """Make the counter of the reader's tokens, and load its tokenizer now.

    Args:
        tokenizer: Name or folder of the reader model's tokenizer.
        max_tokens: The limit that it counts for.
        local_files_only: Whether to look on this machine only.

    Returns:
        The counter.

    Raises:
        ValueError: There is no such limit.
        ModelLoadError: The tokenizer is not there or can't be read.
    """
    if max_tokens is None:
        raise ValueError(f"tokenizer={tokenizer!r} needs max_tokens, the limit that it counts")
    return load_token_counter(os.fspath(tokenizer), local_files_only)


def load_token_counter(name: str, local_files_only: bool = False) -> TokenCounter:
    """Make a counter and load its tokenizer, so that a missing one is noticed now.

    Args:
        name: The hub name or the folder of the model that will read the text.
        local_files_only: Whether to look on this machine only.

    Returns:
        The counter.

    Raises:
        ModelLoadError: The tokenizer is not there or can't be read.
    """
    files = CheckpointFiles(name, local_files_only=local_files_only)
    files.check()
    counter = TokenCounter(name, files.local_files_only)
    try:
        counter("")
    except (OSError, ValueError) as error:
        cause = known_reason() or next(iter(str(error).strip().splitlines()), "")
        raise ModelLoadError(
            f"the tokenizer {name!r} can't be loaded ({type(error).__name__}: {cause}): give the "
            "hub name or the folder of the model that will read the text"
        ) from error
    return counter


def save_compressor(
    compressor: ExtractiveCompressor | AbstractiveCompressor,
    path: str | os.PathLike[str],
    *,
    calibration: Calibrated | None = None,
) -> Path:
    """Write a compressor's model and settings into a folder.

    `load_compressor(path)` then gives the same results. The folder opens in plain
    sentence-transformers or transformers too. It appears whole or not at all, and replaces only
    what this function wrote before.

    Args:
        compressor: What to save.
        path: The folder.
        calibration: What `evaluation.calibrate` found for this compressor. It is written beside the
            settings, and its selector replaces the compressor's own.

    Returns:
        The folder.

    Raises:
        ValueError: A part has no written form, such as a scorer, splitter or gate of your own, or
            the calibration is of another compressor.
        FileExistsError: The folder holds something else.
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
    """Write a calibration, and the selector that it chose, into a saved compressor's folder.

    The weights stay as they are, those of a small adapter too.

    Args:
        calibration: What `evaluation.calibrate` found.
        path: The folder of the compressor that was calibrated.

    Returns:
        The folder.

    Raises:
        ValueError: The folder's settings are not those that were calibrated.
        ModelLoadError: The folder is damaged.
        FileNotFoundError: No compressor was saved there.
    """
    folder = Path(path)
    check_calibrated(calibration.compressor, folder)
    selector = selector_to_dict(calibration.selector())
    update_config(folder, {"selector": selector, "calibration": calibration.to_dict()})
    return folder


def check_calibrated(compressor: Mapping[str, Any], path: str | os.PathLike[str]) -> None:
    """Check that a calibration with these settings could be stored, before long work.

    Args:
        compressor: The settings of the compressor that is calibrated.
        path: The folder of a saved compressor.

    Raises:
        ValueError: See `store_calibration`.
        ModelLoadError: See `store_calibration`.
        FileNotFoundError: See `store_calibration`.
    """
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


def _load_extractive(source: Source, given: Mapping[str, Any]) -> ExtractiveCompressor:
    from ..models.encoders.loading import AUTO, load_encoder

    settings = {**_saved_settings(source), **given}
    if "calibration" in settings and "selector" not in given:
        _warn_of_changes(source, given)
    if "selector" not in given and "selector" in settings:
        settings["selector"] = _read_selector(settings["selector"], source.place)
    weights = find_weights(source)
    loaded = load_encoder(
        weights.files,
        backend=given.get("backend", AUTO),
        compute_type=given.get("compute_type"),
        adapters=weights.adapters,
        device=settings.get("device"),
        truncate_dim=settings.get("truncate_dim"),
        batch_size=settings.get("batch_size", 16),
        prompts=settings.get("prompts"),
    )
    store = settings.get("store")
    splitter = make_splitter(settings)
    compressor = ExtractiveCompressor(
        DualEncoderScorer(
            loaded.encoder,
            context=settings.get("context", loaded.context),
            similarity_fn_name=settings.get("similarity_fn_name", loaded.similarity_fn_name),
            store=store,
        ),
        selector=settings.get("selector"),
        splitter=splitter if store is None else _stored(splitter, store),
        separator=settings.get("separator"),
        elision=settings.get("elision", ""),
        document_separator=settings.get("document_separator", "\n"),
        expand=settings.get("expand", (0, 0)),
        outline=settings.get("outline", "headings"),
        titles=settings.get("titles", True),
        lexical_weight=settings.get("lexical_weight"),
        prefilter=settings.get("prefilter"),
        timeout_s=settings.get("timeout_s"),
        batching=settings.get("batching"),
        recovery=settings.get("recovery"),
        pin=settings.get("pin"),
        injections=settings.get("injections", "flag"),
    )
    compressor.model_name = source.name
    if source.own_name is not None:
        _OUR_ENCODERS[loaded.encoder] = source.own_name
    return compressor


def make_splitter(settings: Mapping[str, Any]) -> SentenceSplitter:
    """Make the default splitter by a compressor's settings.

    Args:
        settings: `lang`, `max_unit_tokens` and `document_format` are read; None and what is missing
            stand for the defaults.

    Returns:
        The splitter.

    Raises:
        ValueError: A setting has another form.
    """
    named = _given(
        lang=settings.get("lang"),
        max_unit_tokens=settings.get("max_unit_tokens"),
        format=settings.get("document_format"),
    )
    return SentenceSplitter(**named)


def _stored(splitter: SentenceSplitter, store: SentenceStore) -> StoredSplitter:
    from ..store import StoredSplitter

    return StoredSplitter(splitter, store)


def _warn_of_changes(source: Source, given: Mapping[str, Any]) -> None:
    """Warn where a calibrated selector meets other scores or sentences than it was made for."""
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


def _load_abstractive(source: Source, given: Mapping[str, Any]) -> AbstractiveCompressor:
    from ..abstractive.loading import load_summarizer

    saved = _saved_settings(source)
    replies = saved.get("replies", {})
    written = {**saved.get("generation", {}), **replies}
    if saved.get("prompt") is not None:
        prompt = PromptTemplate.from_json(saved["prompt"])
        word = replies.get("empty_word", NOTHING_RELEVANT_WORD)
        # The default prompt tells the model the word: with another word it is another prompt.
        if "empty_word" not in given or prompt != llm_prompt(word):
            written["prompt"] = prompt
    shown = _given(titles=saved.get("titles"), reads=saved.get("reads"))
    settings = {**written, **shown, **given}
    names = (*_COMPRESSOR_SETTINGS, "titles", "recovery")
    own = {name: settings.pop(name) for name in names if name in settings}
    extractor = None if "extractor" in own else saved.get("extractor")
    check_reads(own.get("reads", "excerpt"), own.get("extractor", extractor))
    if settings.get("backend") == "auto":
        del settings["backend"]
    check = partial(check_room, prompt=own.get("prompt"))
    summarizer = load_summarizer(source.files, check=check, **settings)
    if extractor:
        own["extractor"] = _load_extractor(extractor, source, settings)
    return AbstractiveCompressor(summarizer, **own)


def _load_extractor(
    saved: Mapping[str, Any], source: Source, given: Mapping[str, Any]
) -> ExtractiveCompressor:
    """Load what picks the sentences for a summarizer: an encoder of ours by its name."""
    model = find_source(saved["model"], local_files_only=source.files.local_files_only)
    own = {name: value for name, value in saved.items() if name not in ("model", "selector")}
    chosen = _given(device=given.get("device"))
    if saved.get("selector") is not None:
        chosen["selector"] = _read_selector(saved["selector"], source.place)
    return _load_extractive(replace(model, settings={**model.settings, **own}), chosen)


def _saved_settings(source: Source) -> dict[str, Any]:
    """What a folder says about its compressor, checked before its model is loaded."""
    settings = {name: value for name, value in source.settings.items() if name in _SAVED}
    try:
        for name, check in _SAVED.items():
            if settings.get(name) is not None:
                check(name, settings[name])
        make_splitter(settings)
    except (ValueError, TypeError, RecursionError) as error:
        raise ModelLoadError(
            f"{source.place}/{CONFIG_FILE} is damaged ({error}): save the compressor again"
        ) from error
    return settings


def _check_type(wanted: type) -> Callable[[str, Any], None]:
    def check(name: str, value: Any) -> None:
        if not isinstance(value, wanted):
            raise TypeError(f"{name} must be a {wanted.__name__}, got {value!r}"[:200])

    return check


def _check_one_of(choices: Any) -> Callable[[str, Any], None]:
    return lambda name, value: check_choice(name, value, get_args(choices))


def _check_generation(name: str, value: Any) -> None:
    from ..models.summarizers.local import GenerationSettings

    _check_type(dict)(name, value)
    GenerationSettings(**value)


def _check_replies(name: str, value: Any) -> None:
    _check_type(dict)(name, value)
    if unknown := value.keys() - {"empty_word", "detect_refusals"}:
        raise ValueError(f"{name} has {', '.join(map(str, unknown))}"[:200])
    check_replies(**value)


def _check_extractor(name: str, value: Any) -> None:
    # A folder of somebody's names no model but ours, and nothing but how it picks.
    _check_type(dict)(name, value)
    settings = {setting: v for setting, v in value.items() if setting != "model"}
    check_choice(f"{name}.model", value.get("model"), NAMES)
    if unknown := settings.keys() - set(_EXTRACTOR_SETTINGS):
        raise ValueError(f"{name} has {', '.join(map(str, unknown))}"[:200])
    for setting, given in settings.items():
        if given is not None:
            _SAVED[setting](setting, given)
    make_splitter(settings)


# The settings that a folder may have, and what they must be. None stands for the default.
_SAVED: Mapping[str, Callable[[str, Any], object]] = {
    "kind": _check_type(str),
    "base": _check_type(str),
    "selector": _check_type(dict),
    "calibration": _check_type(dict),
    "context": _check_one_of(Context),
    "similarity_fn_name": _check_one_of(SimilarityFunction),
    "document_format": _check_one_of(Format),
    "outline": _check_one_of(Outline),
    "lang": _check_type(str),
    "separator": _check_type(str),
    "elision": _check_type(str),
    "document_separator": _check_type(str),
    "titles": _check_type(bool),
    "lexical_weight": lambda _, value: check_weight(value),
    "prefilter": lambda _, value: check_prefilter(value),
    "max_unit_tokens": check_limit,
    "batch_size": check_whole,
    "truncate_dim": check_limit,
    "prompts": check_prompts,
    "expand": lambda _, value: check_expand(value),
    "pin": lambda _, value: Pins(value),
    "injections": _check_one_of(Injections),
    "prompt": lambda _, value: PromptTemplate.from_json(value),
    "generation": _check_generation,
    "replies": _check_replies,
    "extractor": _check_extractor,
    "reads": _check_one_of(Reads),
}


def _is_abstractive(source: Source) -> bool:
    if source.settings:
        return bool(source.settings["kind"] == "abstractive")
    if _is_bert(source.files):  # its files say so, before transformers is loaded to ask it
        return False
    from ..models.summarizers.checkpoint import writer_kind

    return writer_kind(source.files) is not None


def _is_bert(files: CheckpointFiles) -> bool:
    """Whether a folder's config says BERT; False for a hub name."""
    if files.folder is None:
        return False
    try:
        return bool(files.json("config.json")["model_type"] == "bert")
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _opened(store: SentenceStore | str | os.PathLike[str]) -> SentenceStore:
    from ..store import as_store

    return as_store(store)


def _given(**settings: Any) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if value is not None}


def _check_config(files: CheckpointFiles) -> None:
    """Raise `ModelLoadError` for a hub model that is not there, of which no kind can be told."""
    from ..models.summarizers.checkpoint import explaining

    if files.folder is None:
        with explaining(files.place, files.local_files_only):
            _ = files.auto_config


def _refuse(settings: Mapping[str, Any], source: Source, does: str, kind: str) -> None:
    if settings:
        raise ValueError(
            f"{', '.join(settings)}: not for {source.place}, which {does}; that is for {kind} "
            "compressor"
        )


_ToDict = tuple[dict[str, Any], Any]


def extractive_settings(compressor: ExtractiveCompressor) -> dict[str, Any]:
    """Write the settings of an extractive compressor as `recomp_config.json` has them.

    Args:
        compressor: A compressor that can be saved.

    Returns:
        JSON values.

    Raises:
        ValueError: A part has no written form.
    """
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
            "sentence-transformers encoders have a written form; build it again from your code"
        )
    # A store only keeps vectors: it is no part of what is saved.
    splitter = getattr(compressor.splitter, "splitter", compressor.splitter)
    if type(splitter) is not SentenceSplitter:
        raise ValueError(f"the splitter {splitter!r} can't be saved: only SentenceSplitter can")
    settings = {
        "kind": "extractive",
        "context": scorer.context,
        "similarity_fn_name": scorer.similarity_fn_name,
        "selector": selector_to_dict(compressor.selector if selector is None else selector),
        "lang": splitter.lang,
        "max_unit_tokens": splitter.max_unit_tokens,
        "document_format": splitter.format,
        "outline": compressor.outline,
        "titles": compressor.layout.titles,
        "lexical_weight": compressor.lexical_weight,
        "prefilter": compressor.prefilter,
        "separator": compressor.layout.separator,
        "elision": compressor.layout.elision,
        "document_separator": compressor.layout.document_separator,
        "expand": list(compressor.expand),
        "batch_size": encoder.batch_size,
        "truncate_dim": encoder.truncate_dim,
        "prompts": encoder.prompts,
        **({"pin": list(compressor.pins.wanted)} if compressor.pins else {}),
        "injections": compressor.injections,
    }
    return settings, encoder.save_pretrained


def _abstractive_to_dict(compressor: AbstractiveCompressor) -> _ToDict:
    from ..models.summarizers.torch_writer import TorchSummarizer

    replies: dict[str, Any] = {}
    summarizer: Any = compressor.summarizer
    if isinstance(summarizer, LLMSummarizer) and summarizer.local is not None:
        replies = {
            "replies": {
                "empty_word": summarizer.empty_word,
                "detect_refusals": summarizer.detect_refusals,
            }
        }
        summarizer = summarizer.local
    if not isinstance(summarizer, TorchSummarizer):
        raise ValueError(
            f"a compressor with the summarizer {type(summarizer).__name__} can't be saved: only a "
            'local model in torch has a written form (backend="torch")'
        )
    extractor = _extractor_to_dict(compressor.extractor)
    parts = {
        "gate": compressor.gate,
        "extractor": None if extractor else compressor.extractor,
        "fallback": compressor.fallback,
    }
    if compressor.fallback is compressor.extractor:  # as it is by default
        del parts["fallback"]
    for name, part in parts.items():
        if part is not None:
            raise ValueError(
                f"the {name} can't be saved: save the compressor without it, and give it to "
                f"load_compressor(…, {name}=…)"
            )

    def save_weights(folder: str) -> None:
        summarizer.model.save_pretrained(folder, safe_serialization=True)
        summarizer.tokenizer.save_pretrained(folder)

    settings = {
        "kind": "abstractive",
        "prompt": compressor.prompt.to_json(),
        "titles": compressor.titles,
        "generation": asdict(summarizer.settings),
        **replies,
        **({"extractor": extractor, "reads": compressor.reads} if extractor else {}),
    }
    return settings, save_weights


def _extractor_to_dict(extractor: Any) -> dict[str, Any] | None:
    """The settings of an encoder of ours; None for any other part, and without one."""
    scorer = getattr(extractor, "scorer", None)
    if not isinstance(extractor, ExtractiveCompressor) or not isinstance(scorer, DualEncoderScorer):
        return None
    name = _OUR_ENCODERS.get(scorer.encoder)
    if name is None:
        return None
    settings = extractive_settings(extractor)
    return {"model": name, **{setting: settings.get(setting) for setting in _EXTRACTOR_SETTINGS}}


def _read_selector(data: Mapping[str, Any], source: str) -> Selector:
    try:
        return selector_from_dict(data)
    except (
        AttributeError, ImportError, IndexError, KeyError, OverflowError, RecursionError, TypeError,
        ValueError,
    ) as error:  # fmt: skip
        raise ModelLoadError(
            f"the selector in {source}/{CONFIG_FILE} is damaged ({error}): save the compressor "
            "again, or pass selector="
        ) from error
