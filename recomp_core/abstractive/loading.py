"""Names and folders to summarizers, whatever kind of language model they hold."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ..models.checkpoints import CheckpointFiles, as_checkpoint_files
from ..protocols import Summarizer
from .llm_summarizer import LLMSummarizer, check_replies

if TYPE_CHECKING:
    from ..models.summarizers.loading import Backend


def load_summarizer(
    source: str | os.PathLike[str] | CheckpointFiles,
    *,
    backend: Backend = "torch",
    empty_word: str | None = None,
    detect_refusals: bool | None = None,
    **settings: Any,
) -> Summarizer:
    """Load a summarizer from any language model of transformers; its config decides the kind.

    Args:
        source: A hub name, a folder, a GGUF file, or a checkpoint whose files were inspected
            before; also of a LoRA adapter, which is merged into its base model.
        backend: "torch" or "ctranslate2", see `models.summarizers.loading.load_local_summarizer`.
        empty_word: For decoder-only models: see `LLMSummarizer`, as for the next.
        detect_refusals: Whether a refusal counts as an empty summary.
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
    from ..models.summarizers.checkpoint import is_seq2seq
    from ..models.summarizers.loading import load_local_summarizer

    reading: dict[str, Any] = {"empty_word": empty_word, "detect_refusals": detect_refusals}
    given = {name: value for name, value in reading.items() if value is not None}
    check_replies(**given)
    if given:  # before the weights are read
        files = as_checkpoint_files(
            source,
            revision=settings.get("revision"),
            local_files_only=settings.get("local_files_only", False),
        )
        if is_seq2seq(files):
            raise ValueError(
                f"{', '.join(given)}: not for {files.place}, an encoder-decoder model, whose empty "
                "summaries are empty texts"
            )
    model = load_local_summarizer(source, backend=backend, **settings)
    return model if model.is_encoder_decoder else LLMSummarizer.from_local(model, **given)
