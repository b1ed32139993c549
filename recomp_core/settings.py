"""Plain settings to a compressor: what the adapters and the command line share."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from .extractive import ExtractiveCompressor
from .persistence import ModelLoadError, load_compressor
from .protocols import Encoder
from .scoring import Context, DualEncoderScorer, SimilarityFunction
from .selection import check_selector, make_selector
from .splitting import SentenceSplitter
from .tokens import TokenCounter, encoder_token_counter


def compressor_from_settings(
    model: str | os.PathLike[str] | None = None,
    *,
    top_k: int | None = None,
    min_score: float | None = None,
    max_tokens: int | None = None,
    tokenizer: str | None = None,
    **load_settings: Any,
) -> ExtractiveCompressor:
    """A compressor from settings that can be written down.

    model: as `load_compressor`'s `name_or_path`.
    top_k, min_score, max_tokens: the limits, all of which hold; see `TopK`, `Threshold`,
        `TokenBudget`. Giving any of them sets the folder's own selector aside; where none is given
        that selector applies, or else the default.
    tokenizer: name or folder of the reader model's tokenizer, which `max_tokens` is counted with.
        By default the encoder's own tokenizer counts.
    load_settings: the other settings of `load_compressor`; None leaves one at its default.

    Everything is checked and loaded here. Raises `ValueError` or `TypeError` for settings that
    cannot work, `ModelLoadError` for a model or a tokenizer that is not there.
    """
    given = _given(load_settings)
    limits: dict[str, Any] = {"top_k": top_k, "min_score": min_score, "max_tokens": max_tokens}
    counter = _reader_counter(tokenizer, max_tokens, **given)
    # Where the encoder's tokenizer will count, `len` stands in: bad limits raise before it loads.
    selector = make_selector(**limits, count_tokens=counter or len)
    compressor = load_compressor(model, selector=selector, **given)
    if max_tokens is not None and counter is None:
        own = encoder_token_counter(compressor)
        compressor.selector = check_selector(make_selector(**limits, count_tokens=own))
    return compressor


def compressor_from_encoder(
    encoder: Encoder,
    *,
    context: Context = "title",
    similarity_fn_name: SimilarityFunction = "cosine",
    top_k: int | None = None,
    min_score: float | None = None,
    max_tokens: int | None = None,
    tokenizer: str | None = None,
    lang: str | None = None,
    **layout_settings: Any,
) -> ExtractiveCompressor:
    """The same for an encoder that is there already, as an adapter makes it of a framework's
    embedding model.

    context, similarity_fn_name: see `DualEncoderScorer`.
    top_k, min_score, max_tokens, tokenizer: see `compressor_from_settings`; `max_tokens` needs
        `tokenizer` here.
    lang: for the sentence splitter; None picks by script.
    layout_settings: `separator`, `elision`, `document_separator`, `expand` of
        `ExtractiveCompressor`; None leaves one at its default.
    """
    if max_tokens is not None and tokenizer is None:
        raise ValueError(
            f"max_tokens={max_tokens!r} needs tokenizer, the name or folder of the reader model's"
        )
    counter = _reader_counter(tokenizer, max_tokens)
    return ExtractiveCompressor(
        DualEncoderScorer(encoder, context=context, similarity_fn_name=similarity_fn_name),
        selector=make_selector(
            top_k=top_k, min_score=min_score, max_tokens=max_tokens, count_tokens=counter
        ),
        splitter=SentenceSplitter(lang),
        **_given(layout_settings),
    )


def resolve_compressor(compressor: Any, settings: Mapping[str, Any]) -> Any:
    """`compressor` itself, checked, or where it is None the one that `settings` describe.

    settings: those of `compressor_from_settings`; None stands for not given. Raises `ValueError` if
    both are given, `TypeError` for what cannot compress, and as `compressor_from_settings` does.
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


def _given(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if value is not None}


def _reader_counter(
    tokenizer: str | None, max_tokens: int | None, local_files_only: bool = False, **_: Any
) -> Callable[[str], int] | None:
    """The counter of the reader's tokens, already loaded; None if no tokenizer is named."""
    if tokenizer is None:
        return None
    if max_tokens is None:
        raise ValueError(f"tokenizer={tokenizer!r} needs max_tokens, the limit that it counts")
    counter = TokenCounter(tokenizer, local_files_only)
    try:
        counter("")
    except (OSError, ValueError) as error:
        cause = next(iter(str(error).strip().splitlines()), "")
        raise ModelLoadError(
            f"the tokenizer {tokenizer!r} can't be loaded ({type(error).__name__}: {cause}): give "
            "the hub name or the folder of the model that will read the text"
        ) from error
    return counter
