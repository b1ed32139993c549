"""Summaries by CTranslate2, which is fast on a CPU. Needs the extra `ct2`."""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..._utils.files import sha256, staged_folder, write_json
from ..._utils.private_files import check_private, make_private
from ...errors import ModelLoadError
from ..folder_checks import read_json
from .causal import CausalSummarizerBase
from .local import LocalSummarizer

if TYPE_CHECKING:
    from .checkpoint import Checkpoint, ComputeType

logger = logging.getLogger(__name__)

# Part of a conversion's key: raise it when what `_convert` writes changes.
_FORMAT = 1

_SEAL = "sha256.json"  # the content of the other files


@dataclass(frozen=True)
class ConvertedModel:
    """A converted model, with what transformers knows about it and CTranslate2 does not.

    Attributes:
        engine: The `ctranslate2.Translator`; of a decoder-only model the `ctranslate2.Generator`.
        config: The model's config, of transformers.
        generation_config: The model's generation config, of transformers.
    """

    engine: Any
    config: Any
    generation_config: Any


class _Converted(LocalSummarizer):
    """What converted models share."""

    model: ConvertedModel

    def __init__(self, model: ConvertedModel, tokenizer: Any, **settings: Any) -> None:
        super().__init__(model, tokenizer, **settings)
        self._process = os.getpid()

    def _make_ready(self) -> None:
        if os.getpid() != self._process:
            raise RuntimeError(
                "this process was forked after the summarizer was loaded, and CTranslate2's "
                "threads stayed behind: load it after the fork, or in torch (backend='torch')"
            )

    def _with_end(self, steps: Iterable[Any]) -> Iterator[int]:
        """The tokens of a stream, and one that ends it where it ended before the limit."""
        n_written = 0
        for step in steps:
            n_written += 1
            yield step.token_id
        if n_written < self.settings.max_new_tokens and self._ends:
            yield min(self._ends)  # the library keeps to itself which one it was

    def _tokens(self, ids: Sequence[int]) -> list[str]:
        with self._tokenizer_lock:
            tokens: list[str] = self.tokenizer.convert_ids_to_tokens(ids)
        return tokens


class CTranslate2Summarizer(_Converted):
    """A converted encoder-decoder model, as `load_summarizer(…, backend="ctranslate2")` makes it.

    It writes what `Seq2SeqSummarizer` writes: in float32 exactly; in int8 and bfloat16, which round
    the weights, nearly always. One exception: where a checkpoint forces the first token, beam
    search considers ending right after it in its best beam only.

    Args:
        model: The converted model.
        tokenizer: The checkpoint's tokenizer.
        **settings: See `GenerationSettings`.

    Raises:
        ValueError: See `LocalSummarizer`.
    """

    def _generate(self, inputs: Sequence[list[int]]) -> list[list[int]]:
        prefix = self._prefix()
        results = self.model.engine.translate_batch(
            [self._tokens(ids) for ids in inputs],
            target_prefix=[prefix] * len(inputs) if prefix else None,
            beam_size=self.settings.num_beams,
            # At 0 it would stop at the first finished beam.
            length_penalty=self.settings.length_penalty or 1e-9,
            return_end_token=True,
            **self._limits(),
        )
        with self._tokenizer_lock:
            return [self.tokenizer.convert_tokens_to_ids(r.hypotheses[0]) for r in results]

    def _stream(self, inputs: list[int]) -> Iterator[int]:
        steps = self.model.engine.generate_tokens(
            self._tokens(inputs), target_prefix=self._prefix(), **self._limits()
        )
        yield from self._with_end(steps)

    def _limits(self) -> dict[str, Any]:
        return {
            "end_token": sorted(self._ends),
            "max_decoding_length": self.settings.max_new_tokens,
            # The library's own default, 1, makes the empty summary impossible.
            "min_decoding_length": self.settings.min_new_tokens,
            # And its own limit on the input cuts silently.
            "max_input_length": 0,
        }

    def _prefix(self) -> list[str] | None:
        forced = self.model.generation_config.forced_bos_token_id
        return None if forced is None else self._tokens([forced])


class CTranslate2CausalSummarizer(CausalSummarizerBase, _Converted):
    """A converted decoder-only model: replies as `CausalSummarizer` writes them, in int8 nearly.

    Args:
        model: The converted model.
        tokenizer: The checkpoint's tokenizer.
        **settings: See `CausalSummarizerBase`.

    Raises:
        ValueError: See `CausalSummarizerBase`.
    """

    def _generate(self, inputs: Sequence[list[int]]) -> list[list[int]]:
        results = self.model.engine.generate_batch(
            [self._tokens(ids) for ids in inputs],
            max_length=self.settings.max_new_tokens,
            min_length=self.settings.min_new_tokens,
            beam_size=self.settings.num_beams,
            length_penalty=self.settings.length_penalty or 1e-9,
            include_prompt_in_result=False,
            return_end_token=True,
            end_token=sorted(self._ends),
        )
        return [list(result.sequences_ids[0]) for result in results]

    def _stream(self, inputs: list[int]) -> Iterator[int]:
        steps = self.model.engine.generate_tokens(
            self._tokens(inputs),
            max_length=self.settings.max_new_tokens,
            min_length=self.settings.min_new_tokens,
            end_token=sorted(self._ends),
        )
        yield from self._with_end(steps)


def load_converted(
    checkpoint: Checkpoint, tokenizer: Any, compute_type: ComputeType, device: str | None
) -> ConvertedModel:
    """Read a checkpoint's conversion from the cache, or convert it and store the conversion there.

    Args:
        checkpoint: What to convert.
        tokenizer: The checkpoint's tokenizer.
        compute_type: The number format of the conversion.
        device: Such as "cpu" or "cuda:0"; None takes a CUDA device if there is one.

    Returns:
        The converted model on its device.

    Raises:
        ModelLoadError: CTranslate2 does not know the model, or its conversion is damaged.
        ValueError: The device is not there, or does not have the number format.
    """
    import ctranslate2

    cuda = ctranslate2.get_cuda_device_count()
    device, _, index = (device or ("cuda" if cuda else "cpu")).partition(":")
    if device == "cuda" and not cuda:
        raise ValueError('device="cuda" is not here: CTranslate2 sees no CUDA device; give cpu')
    supported = sorted(ctranslate2.get_supported_compute_types(device))
    if compute_type not in supported:
        raise ValueError(
            f"this {device} has no compute_type={compute_type!r}: it has {', '.join(supported)}"
        )
    with _converted(checkpoint, tokenizer, compute_type) as folder:
        try:
            engine = _engine_class(checkpoint)(
                str(folder), device, device_index=int(index or 0), compute_type=compute_type
            )
        except RuntimeError as error:
            raise ModelLoadError(f"{folder} can't be opened ({error})") from error
    return ConvertedModel(engine, checkpoint.config, checkpoint.load_generation_config())


@contextmanager
def _converted(checkpoint: Checkpoint, tokenizer: Any, compute_type: ComputeType) -> Iterator[Path]:
    """The folder of the conversion: in the cache, or where that is another user's, a private one.

    The latter is removed afterwards; an open `Translator` has read all of it.
    """
    content = _content_hash(checkpoint.deciding_files())
    target = _cache() / f"{content[:32]}-{compute_type}"
    try:
        make_private(target.parent)
    except OSError as error:
        logger.warning("a conversion can't be kept, and is made at every start (%s)", error)
        with tempfile.TemporaryDirectory() as private:
            _convert(checkpoint, tokenizer, compute_type, Path(private))
            yield Path(private)
        return
    if not _is_whole(target):
        what = checkpoint.source
        logger.info("converting %s to CTranslate2 (%s): %s", what, compute_type, target)
        try:
            with staged_folder(target, replace=True) as staging:
                _convert(checkpoint, tokenizer, compute_type, staging)
                _seal(staging)
        except OSError:
            if not _is_whole(target):  # else another process was faster
                raise
    yield target


def _engine_class(checkpoint: Checkpoint) -> Any:
    import ctranslate2

    return ctranslate2.Translator if checkpoint.kind == "encoder-decoder" else ctranslate2.Generator


def _seal(folder: Path) -> None:
    """Write down the content of a conversion's files, and close them to others."""
    hashes = {file.name: sha256(file) for file in folder.iterdir()}
    write_json(folder / _SEAL, hashes)
    for file in folder.iterdir():
        file.chmod(0o600)


def _is_whole(folder: Path) -> bool:
    """Whether a conversion is there as it was made, and nobody else can have changed it."""
    try:
        check_private(folder, folder.lstat())
        files = list(folder.iterdir())
        for file in files:
            check_private(file, file.lstat())
        expected = read_json(folder / _SEAL)
        return bool(expected == {f.name: sha256(f) for f in files if f.name != _SEAL})
    except FileNotFoundError:
        if folder.is_dir():
            logger.warning("the conversion in %s is not whole, and is made again", folder)
    except (OSError, ValueError) as error:
        logger.warning("a stored conversion is not used, and is made again (%s)", error)
    return False


def _convert(
    checkpoint: Checkpoint, tokenizer: Any, compute_type: ComputeType, target: Path
) -> None:
    from ctranslate2.converters import TransformersConverter

    class Converter(TransformersConverter):
        def load_model(self, *_: Any, **__: Any) -> Any:
            model = checkpoint.load_model("float32", device="cpu")
            _as_before_transformers_5(model.config)
            return model

        def load_tokenizer(self, *_: Any, **__: Any) -> Any:
            return tokenizer

    try:
        with _folder_with_config(checkpoint) as folder:
            converter = Converter(str(folder))
            converter.convert(str(target), quantization=compute_type, force=True)
    except (OSError, MemoryError):
        raise
    except Exception as error:
        raise ModelLoadError(
            f'CTranslate2 can\'t convert {checkpoint.source} ({error}): use backend="torch"'
        ) from error


@contextmanager
def _folder_with_config(checkpoint: Checkpoint) -> Iterator[Path]:
    """Where the converter finds the config: beside the weights, which a GGUF file holds too."""
    if checkpoint.gguf is None:
        yield checkpoint.folder
        return
    with tempfile.TemporaryDirectory() as folder:
        checkpoint.config.save_pretrained(folder)
        yield Path(folder)


def _as_before_transformers_5(config: Any) -> None:
    """Set in a config what the converter looks for and transformers 5 has moved or dropped."""
    # T5 v1.0 scales what it puts into the output layer, v1.1 and Flan-T5 do not. "Tied" used to
    # tell them apart, and is now true of all.
    if hasattr(config, "scale_decoder_outputs"):
        config.tie_word_embeddings = config.scale_decoder_outputs
    if config.model_type == "bart" and not hasattr(config, "normalize_before"):
        config.normalize_before = False


def _cache() -> Path:
    from huggingface_hub import constants

    return Path(constants.HF_HOME) / "recomp" / "ctranslate2"


def _content_hash(files: Iterable[Path]) -> str:
    parts = [f"{_FORMAT}", *(f"{file.name} {sha256(file)}" for file in files)]
    return hashlib.sha256("\n".join(parts).encode(errors="surrogateescape")).hexdigest()
