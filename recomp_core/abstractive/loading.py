"""Names and folders to summarizers, whatever kind of language model they hold."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..models.checkpoints import CheckpointFiles
from ..protocols import Summarizer
from .llm_summarizer import LLMSummarizer, check_replies

if TYPE_CHECKING:
    from ..models.summarizers.loading import Backend
    from ..models.summarizers.local import LocalSummarizer


def load_summarizer(
    source: str | os.PathLike[str] | CheckpointFiles,
    *,
    backend: Backend = "torch",
    empty_word: str | None = None,
    detect_refusals: bool | None = None,
    check: Callable[[Summarizer], None] | None = None,
    **settings: Any,
) -> Summarizer:
    """Load a summarizer from any language model of transformers; its config decides the kind.

    Args:
        source: A hub name, a folder, a GGUF file, or a checkpoint whose files were inspected
            before; also of a LoRA adapter, which is merged into its base model.
        backend: "torch" or "ctranslate2", see `models.summarizers.loading.load_local_summarizer`.
        empty_word: For decoder-only models: see `LLMSummarizer`, as for the next.
        detect_refusals: Whether a refusal counts as an empty summary.
        check: Called before the weights are read, with the same summarizer without them, which
            counts and cuts but can't write. What it raises ends the loading.
        **settings: The others of `load_local_summarizer`: `compute_type`, `quantization`, `device`,
            `revision`, `local_files_only`, and those of `GenerationSettings`.

    Returns:
        An encoder-decoder model as it is; a decoder-only one within an `LLMSummarizer`.

    Raises:
        ModelLoadError: The checkpoint is missing, damaged or of another kind. The message names the
            remedy.
        ImportError: An extra is missing.
        ValueError: A setting can't work, or is not for this kind of model.
        TypeError: `detect_refusals` is no bool.
    """
    from ..models.summarizers.loading import load_local_summarizer

    reading: dict[str, Any] = {"empty_word": empty_word, "detect_refusals": detect_refusals}
    given = {name: value for name, value in reading.items() if value is not None}
    check_replies(**given)
    place = source.place if isinstance(source, CheckpointFiles) else source

    def read(model: LocalSummarizer) -> Summarizer:
        if not model.is_encoder_decoder:
            return LLMSummarizer.from_local(model, **given)
        if given:
            raise ValueError(
                f"{', '.join(given)}: not for {place}, an encoder-decoder model, whose empty "
                "summaries are empty texts"
            )
        return model

    def check_unread(model: LocalSummarizer) -> None:
        unread = read(model)
        if check is not None:
            check(unread)

    model = load_local_summarizer(source, backend=backend, check=check_unread, **settings)
    return read(model)
