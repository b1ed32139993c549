"""Plain settings to compressors: what the adapters and the command share."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from .._utils.checks import check_limit
from ..abstractive.compressor import AbstractiveCompressor
from ..data.records import CompressWorker
from ..extractive.compressor import ExtractiveCompressor
from ..extractive.scoring import DualEncoderScorer
from ..extractive.selection import (
    All,
    Selector,
    Threshold,
    TokenBudget,
    check_selector,
    make_selector,
)
from ..extractive.selectors import parse_selector
from ..protocols import Encoder, Summarizer
from ..text.tokens import encoder_token_counter
from ..types import Context, SimilarityFunction
from .compressors import (
    limiting_selector,
    load_compressor,
    make_splitter,
    reader_counter,
)
from .compressors import load_token_counter as load_token_counter

if TYPE_CHECKING:
    from ..store import SentenceStore

SUMMARY_SETTINGS = (
    "prompt", "titles", "extract_tokens", "extractor", "gate", "fallback", "support_scorer",
    "splitter", "recovery",
)  # fmt: skip
"""The settings of `compressor_from_summarizer`."""

# With extract_tokens, settings for what picks the sentences, not for what writes.
_FOR_EXTRACTOR = ("store", "pin", "injections")


def compressor_from_settings(
    model: str | os.PathLike[str] | None = None,
    *,
    top_k: int | None = None,
    top_p: float | None = None,
    min_score: float | None = None,
    max_tokens: int | None = None,
    selector: str | None = None,
    tokenizer: str | None = None,
    extract_tokens: int | None = None,
    **load_settings: Any,
) -> Any:
    """Make a compressor from settings that can be written down.

    The checkpoint decides whether it ranks sentences or writes summaries. Everything is checked
    and loaded here.

    Args:
        model: As `load_compressor`'s `name_or_path`.
        top_k: At most this many sentences, see `TopK`. All limits that are given hold together,
            and giving any sets the folder's own selector aside; without one that selector applies,
            or else the default, 2, which holds beside `min_score` too.
        top_p: See `TopP`.
        min_score: See `Threshold`.
        max_tokens: See `TokenBudget`.
        selector: A registered selector by name, see `extractive.selectors.parse_selector`; it
            holds together with the limits.
        tokenizer: Name or folder of the reader model's tokenizer, which counts for `max_tokens`. By
            default the encoder's own tokenizer counts.
        extract_tokens: For a model that writes summaries: the bundled encoder first picks the best
            sentences that fit into this many of the model's own tokens, within the limits above,
            and the model reads only those. They also replace a summary that a gate refuses.
        **load_settings: The other settings of `load_compressor`; None leaves one at its default.

    Returns:
        An `ExtractiveCompressor` or an `AbstractiveCompressor`.

    Raises:
        ValueError: A setting cannot work, or is for the other kind of compressor.
        TypeError: A setting is of the wrong type.
        ModelLoadError: The model or the tokenizer is not there.
    """
    given = _given(load_settings)
    limits: dict[str, Any] = {
        "top_k": top_k, "top_p": top_p, "min_score": min_score, "max_tokens": max_tokens,
        "selector": selector,
    }  # fmt: skip
    offline = bool(given.get("local_files_only"))
    counter = None if tokenizer is None else reader_counter(tokenizer, max_tokens, offline)
    # Where the encoder's tokenizer will count, `len` stands in: bad limits raise before it loads.
    chosen = _combined_selector(**limits, count_tokens=counter or len)
    _check_extract_tokens(extract_tokens, given)
    compressor = _loaded(model, given, extract_tokens)
    if isinstance(compressor, AbstractiveCompressor):
        if extract_tokens is not None:
            names = ("device", "local_files_only", *_FOR_EXTRACTOR)
            own = {name: given[name] for name in names if name in given}
            _add_extractor(compressor, extract_tokens, **limits, tokenizer=tokenizer, **own)
        elif refused := _given(limits):
            raise ValueError(
                f"{', '.join(refused)}: not for {model}, which writes summaries: give "
                "max_new_tokens to limit them, or extract_tokens to have sentences picked first"
            )
        return compressor
    if extract_tokens is not None:
        raise ValueError(
            f"extract_tokens={extract_tokens!r} is for a model that writes summaries, but "
            f"{model or 'the bundled encoder'} keeps sentences as they are: give max_tokens"
        )
    if max_tokens is not None and counter is None:
        chosen = _combined_selector(**limits, count_tokens=encoder_token_counter(compressor))
    if chosen is not None:
        compressor.selector = check_selector(chosen)
    return compressor


def compress_worker(**settings: Any) -> CompressWorker:
    """The worker of a process that compresses records, for `runtime.engines`.

    Args:
        **settings: Those of `compressor_from_settings`, as JSON values.

    Returns:
        A worker around a compressor of its own.
    """
    return CompressWorker(compressor_from_settings(**settings))


def _loaded(
    model: str | os.PathLike[str] | None, given: Mapping[str, Any], extract_tokens: int | None
) -> Any:
    """The compressor; where sentences are picked first, some settings are for those that pick."""
    if extract_tokens is not None:
        given = {name: value for name, value in given.items() if name not in _FOR_EXTRACTOR}
    return load_compressor(model, **given)


def compressor_from_summarizer(
    summarizer: Summarizer, *, extract_tokens: int | None = None, **settings: Any
) -> AbstractiveCompressor:
    """Make a compressor around a summarizer, such as one that asks a framework's language model.

    Args:
        summarizer: It writes the summaries.
        extract_tokens: See `compressor_from_settings`.
        **settings: Those of `AbstractiveCompressor`; None leaves one at its default.

    Returns:
        The compressor.

    Raises:
        ValueError: A setting cannot work.
        TypeError: A setting is of the wrong type.
    """
    _check_extract_tokens(extract_tokens, settings)
    compressor = AbstractiveCompressor(summarizer, **_given(settings))
    if extract_tokens is not None:
        _add_extractor(compressor, extract_tokens)
    return compressor


def compressor_from_encoder(
    encoder: Encoder,
    *,
    context: Context = "title",
    similarity_fn_name: SimilarityFunction = "cosine",
    top_k: int | None = None,
    top_p: float | None = None,
    min_score: float | None = None,
    max_tokens: int | None = None,
    selector: str | None = None,
    tokenizer: str | None = None,
    lang: str | None = None,
    max_unit_tokens: int | None = None,
    document_format: str | None = None,
    store: SentenceStore | str | os.PathLike[str] | None = None,
    **own_settings: Any,
) -> ExtractiveCompressor:
    """Make a compressor around an encoder, such as one around a framework's embedding model.

    Args:
        encoder: It encodes queries and sentences.
        context: See `DualEncoderScorer`.
        similarity_fn_name: See `DualEncoderScorer`.
        top_k: See `compressor_from_settings`, as for the next four.
        top_p: See `TopP`.
        min_score: See `Threshold`.
        max_tokens: See `TokenBudget`; it needs `tokenizer` here.
        selector: A registered selector by name.
        tokenizer: Name or folder of the reader model's tokenizer.
        lang: See `SentenceSplitter`, as for the next two.
        max_unit_tokens: About how many tokens a unit may have.
        document_format: The format of all documents.
        store: Where sentence vectors are looked up and kept, see `SentenceStore`.
        **own_settings: `separator`, `elision`, `document_separator`, `expand`, `outline`, `titles`,
            `lexical_weight`, `prefilter`, `batching`, `recovery`, `pin` and `injections` of
            `ExtractiveCompressor`; None leaves one at its default.

    Returns:
        The compressor.

    Raises:
        ValueError: A setting cannot work.
        ModelLoadError: The tokenizer is not there.
    """
    if max_tokens is not None and tokenizer is None:
        raise ValueError(
            f"max_tokens={max_tokens!r} needs tokenizer, the name or folder of the reader model's"
        )
    counter = None if tokenizer is None else reader_counter(tokenizer, max_tokens)
    compressor = ExtractiveCompressor(
        DualEncoderScorer(encoder, context=context, similarity_fn_name=similarity_fn_name),
        selector=_combined_selector(
            selector=selector,
            top_k=top_k,
            top_p=top_p,
            min_score=min_score,
            max_tokens=max_tokens,
            count_tokens=counter,
        ),
        splitter=make_splitter(
            {"lang": lang, "max_unit_tokens": max_unit_tokens, "document_format": document_format}
        ),
        **_given(own_settings),
    )
    if store is None:
        return compressor
    from ..extractive.indexing import with_store

    return with_store(compressor, store)


def resolve_compressor(compressor: Any, settings: Mapping[str, Any]) -> Any:
    """Check a compressor, or make the one that settings describe.

    Args:
        compressor: A ready compressor, or None.
        settings: Those of `compressor_from_settings`; None stands for not given.

    Returns:
        `compressor` itself, or a new one where it is None.

    Raises:
        ValueError: Both are given, or a setting cannot work.
        TypeError: `compressor` cannot compress.
        ModelLoadError: The model is not there.
    """
    if compressor is None:
        return compressor_from_settings(**settings)
    if given := _given(settings):
        raise ValueError(
            f"{', '.join(given)} given together with compressor=, which has settings of its own: "
            "give one or the other"
        )
    methods = ("compress", "compress_batch", "acompress", "acompress_batch")
    if isinstance(compressor, type) or not all(hasattr(compressor, name) for name in methods):
        raise TypeError(
            f"{compressor!r} is not a compressor: give what load_compressor returns, or an object "
            f"with {', '.join(methods)}"
        )
    return compressor


def pop_settings(settings: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Take the settings of some names out of a dict.

    Args:
        settings: All settings; those taken are no longer in it afterwards.
        names: Which to take; a name that is not there is passed over.

    Returns:
        The settings taken.
    """
    return {name: settings.pop(name) for name in names if name in settings}


def _check_extract_tokens(tokens: int | None, settings: Mapping[str, Any]) -> None:
    check_limit("extract_tokens", tokens)
    if tokens is not None and settings.get("extractor") is not None:
        raise ValueError(
            f"extract_tokens={tokens!r} given together with extractor=: give one or the other"
        )


def _add_extractor(compressor: AbstractiveCompressor, tokens: int, **settings: Any) -> None:
    """Have the bundled encoder pick sentences for the summarizer first, and for a refused summary.

    It takes the place of an extractor that a saved folder brings along.

    settings: of the extractor, see `compressor_from_settings`.
    """
    extractor = compressor_from_settings(**settings)
    budget = TokenBudget(tokens, compressor.summarizer.count_tokens)
    limits = ("top_k", "top_p", "min_score", "max_tokens", "selector")
    given = {name for name in limits if settings.get(name) is not None}
    if given == {"min_score"}:  # the tokens say how much, so the default's number does not
        extractor.selector = All(Threshold(settings["min_score"]), budget)
    else:
        extractor.selector = All(extractor.selector, budget) if given else budget
    if compressor.fallback is None or compressor.fallback is compressor.extractor:
        compressor.fallback = extractor
    compressor.extractor = extractor


def _combined_selector(*, selector: str | None, **limits: Any) -> Selector | None:
    """The limits and the named selector, all of which hold; None if none is given."""
    if selector is None:
        return limiting_selector(**limits)
    limiting = make_selector(**limits)
    named = parse_selector(selector)
    return named if limiting is None else All(limiting, named)


def _given(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if value is not None}
