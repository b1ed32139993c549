"""Keys of what decides a sentence's vector: the encoder, the context, what it reads, the spans.

Another encoder, another context or another way of splitting means another key. Entries of several
are in one store side by side, and none is ever taken for another's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from .records import spans_bytes

FORMAT_VERSION = 1
"""How keys are made and vectors written. With another number everything is computed again."""
_KEY_BYTES = 16

INPUTS_VERSION = 2
"""How `models.encoders.inputs` puts together what an encoder reads, and how longer texts than its
window are read: raise it when that changes. Vectors are then made again."""

# What a model's config says about where it came from, and nothing about its vectors.
_ORIGIN = {
    "_name_or_path", "name_or_path", "transformers_version", "architectures", "dtype",
    "torch_dtype", "base_model_name_or_path",
}  # fmt: skip


def namespace(*parts: Any) -> bytes:
    """Make the beginning of all keys of one encoder and context, or of one splitter.

    Args:
        *parts: JSON values that identify the encoder and the context, or the splitter.

    Returns:
        32 bytes.
    """
    text = json.dumps([FORMAT_VERSION, *parts], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).digest()


def passage_key(
    space: bytes, title: str, path: str, text: str, spans: tuple[tuple[int, int], ...]
) -> bytes:
    """Make the key of the vectors of a passage's sentences.

    Args:
        space: See `namespace`.
        title: The document's title as the encoder reads it; "" where it does not.
        path: What the sentences stand under; "" for nothing.
        text: The text that they are part of.
        spans: The sentences' starts and ends, in characters of the text.

    Returns:
        16 bytes.
    """
    parts = [_bytes_of(title), _bytes_of(path), spans_bytes(spans), _bytes_of(text)]
    lengths = b"%d,%d,%d;" % tuple(len(part) for part in parts[:3])
    return hashlib.sha256(b"".join((space, lengths, *parts))).digest()[:_KEY_BYTES]


def text_key(space: bytes, text: str, told: str | None = None) -> bytes:
    """Make the key of a text's units.

    Args:
        space: See `namespace`.
        text: The text.
        told: The format that the splitter was told.

    Returns:
        16 bytes.
    """
    return hashlib.sha256(b"%b%b;%b" % (space, _bytes_of(told or ""), _bytes_of(text))).digest()[
        :_KEY_BYTES
    ]


def encoder_identity(encoder: Any) -> str:
    """Identify an encoder by what distinguishes its vectors from those of any other.

    An encoder may say so by an attribute `identity`, a string or JSON values. For an encoder around
    a sentence-transformers model it is a digest of all weights as they are in memory, adapters
    included, and of what else decides a vector (modules, prompt, tokenizer, longest input,
    `truncate_dim`). A copy elsewhere has the same identity; one changed weight makes another.

    Args:
        encoder: A `protocols.Encoder`.

    Returns:
        The identity.

    Raises:
        ValueError: The encoder has neither an identity nor such a model.
    """
    given = getattr(encoder, "identity", None)
    if given is not None:
        return given if isinstance(given, str) else json.dumps(given, sort_keys=True, default=str)
    model = getattr(encoder, "model", None)
    if hasattr(model, "state_dict"):
        return _model_identity(model)
    raise ValueError(
        f"{type(encoder).__name__} does not say which model it is, so its vectors can't be kept "
        "apart from another's: give it an attribute `identity`, such as the name and version of "
        "the model"
    )


def named_model(model: Any) -> list[str] | None:
    """Identify a framework's embedding model by what its fields say.

    Args:
        model: An embedding model of LangChain or LlamaIndex.

    Returns:
        Its class, its name and the size of its vectors; None if it has no name of its own, because
        then nothing distinguishes it from others of its class.
    """
    names = ("model_name", "model", "model_id", "deployment_name")
    found = (getattr(model, name, None) for name in names)
    name = next((value for value in found if isinstance(value, str) and value), None)
    if name is None or name == "unknown":
        return None
    dimensions = getattr(model, "dimensions", None)
    return [type(model).__qualname__, name, "" if dimensions is None else str(dimensions)]


def splitter_identity(splitter: Any) -> str | None:
    """Identify a splitter by what distinguishes its units from those of any other.

    Args:
        splitter: A `protocols.Splitter`. It says so by an attribute `identity`, a string or JSON
            values.

    Returns:
        The identity; None if nothing is known about the splitter.
    """
    given = getattr(splitter, "identity", None)
    if given is None or isinstance(given, str):
        return given
    return json.dumps(given, sort_keys=True, default=str)


def _model_identity(model: Any) -> str:
    digest = hashlib.sha256(json.dumps(_settings(model), sort_keys=True, default=str).encode())
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(json.dumps([name, list(tensor.shape), str(tensor.dtype)]).encode())
        digest.update(_bytes(tensor))
    return digest.hexdigest()[:32]


def _settings(model: Any) -> dict[str, Any]:
    """Everything but the weights that a sentence's vector depends on."""
    transformer = getattr(model, "transformers_model", None)
    config = transformer.config.to_dict() if transformer is not None else {}
    prompts = getattr(model, "prompts", None) or {}
    return {
        "modules": [
            [
                type(module).__name__,
                module.get_config_dict() if hasattr(module, "get_config_dict") else None,
            ]
            for module in model.children()
        ],
        "config": {key: value for key, value in config.items() if key not in _ORIGIN},
        "prompts": {name: prompt for name, prompt in prompts.items() if name != "query"},
        "default_prompt_name": getattr(model, "default_prompt_name", None),
        "max_seq_length": getattr(model, "max_seq_length", None),
        "truncate_dim": getattr(model, "truncate_dim", None),
        "tokenizer": _tokenizer_digest(getattr(model, "tokenizer", None)),
    }


def _tokenizer_digest(tokenizer: Any) -> str:
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        vocabulary = tokenizer.get_vocab() if hasattr(tokenizer, "get_vocab") else None
        content: Any = [type(tokenizer).__name__, vocabulary]
    else:
        # Padding and truncation are only what the last call left there.
        whole: Mapping[str, Any] = json.loads(backend.to_str())
        content = {k: v for k, v in whole.items() if k not in ("padding", "truncation")}
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def _bytes_of(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _bytes(tensor: Any) -> memoryview:
    """A tensor's memory, whatever its type and device."""
    import torch

    flat = tensor.detach().cpu().contiguous().reshape(-1)
    return memoryview(flat.view(torch.uint8).numpy()).cast("B")
