"""The backends that compute an encoder's vectors, by name.

To add one, write a loader in a module of its own (see `EncoderLoader`) and register it: here in one
line, or in another package as an entry point:

    [project.entry-points."recomp.encoder_backends"]
    mine = "my_package.encoders:load_mine"

`load_compressor(backend="mine")`, the adapters' `backend=` and the command's `--backend` then find
it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from ..._utils.registry import Registry
from ...protocols import Encoder
from ...types import Context, SimilarityFunction
from ..checkpoints import CheckpointFiles
from .lora import LoraAdapter

ENCODER_BACKENDS = Registry(
    "encoder backend",
    "recomp.encoder_backends",
    {
        "torch": "recomp_core.models.encoders.torch_loading:load_torch",
        "onnx": "recomp_core.models.encoders.onnx_loading:load_onnx",
    },
)
"""The backends by name. Each name leads to an `EncoderLoader`."""


@dataclass(frozen=True)
class EncoderRequest:
    """What a backend is asked to load.

    Attributes:
        files: The checkpoint, with its small files as far as they were read before.
        adapters: LoRA adapters to add to its weights, in this order.
        device: Where to compute, such as "cpu" or "cuda:0"; None leaves the choice to the backend.
        truncate_dim: Keep only so many dimensions of a vector, as in sentence-transformers; None
            keeps all.
        batch_size: Texts per forward pass, at least 1.
        compute_type: The number format, such as "float32"; None for the backend's default. A
            backend refuses one that it does not know.
        prompts: What to put before queries and documents, by "query" and "document"; None for what
            `prompts.choose_prompts` finds.
    """

    files: CheckpointFiles
    adapters: tuple[LoraAdapter, ...] = ()
    device: str | None = None
    truncate_dim: int | None = None
    batch_size: int = 16
    compute_type: str | None = None
    prompts: Mapping[str, str] | None = None

    @property
    def place(self) -> str:
        """The checkpoint's folder or hub name."""
        return self.files.place

    @property
    def revision(self) -> str | None:
        """The branch, tag or commit on the hub; None for the default branch."""
        return self.files.revision

    @property
    def local_files_only(self) -> bool:
        """Whether to look only at what was downloaded before."""
        return self.files.local_files_only


@dataclass(frozen=True)
class LoadedEncoder:
    """An encoder with what its checkpoint says about using it.

    Attributes:
        encoder: Turns texts into vectors. A `protocols.SpanEncoder` if `context` is "document"; a
            `SpanPoolingEncoder` if compressors around it are to be saved.
        context: What a sentence is encoded with, unless the user says otherwise.
        similarity_fn_name: How vectors are compared, unless the user says otherwise.
    """

    encoder: Encoder
    context: Context
    similarity_fn_name: SimilarityFunction


class EncoderLoader(Protocol):
    """A function that loads checkpoints for one backend."""

    def __call__(self, request: EncoderRequest, /) -> LoadedEncoder:
        """Load a checkpoint. Never run code from its folder.

        Args:
            request: What to load, and how.

        Returns:
            The encoder, ready to use.

        Raises:
            ModelLoadError: The checkpoint is missing, damaged, or of a kind that this backend
                can't compute. The message names it and the remedy.
            ImportError: A library is missing. The message names the extra.
            ValueError: A setting can't work with this backend.
        """


class UnsupportedModelError(Exception):
    """A backend can't compute a model. The message says which part of it."""
