"""Whether a checkpoint has the tensors that its architecture needs, by names and shapes.

transformers fills what is missing with random numbers, anew at each load.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ..errors import ModelLoadError
from .checkpoints import ONE_AT_A_TIME, load_error_message

# What a checkpoint may lack: buffers that are computed, and a pooler that nothing reads.
_UNUSED = re.compile(r"(^|\.)(position_ids$|pooler\.)")
_LAYER = re.compile(r"(?:^|\.)(?:layers?|h|block)\.(\d+)\.")
_NAMED = 3
# Numbers for each byte of the weights: twice as many as bytes where a file of half precision lacks
# its largest part, such as the decoder of an encoder-decoder model.
_NUMBERS_PER_BYTE = 2
_WEIGHT_FILES = ("*.safetensors", "*.bin")


def check_weights(
    auto_class: str,
    place: str,
    *,
    config: Any = None,
    subfolder: str = "",
    encoder_only: bool = False,
    **hub: Any,
) -> None:
    """Compare the tensors of a checkpoint with those of its architecture, without reading them.

    Where accelerate is missing, the weights are read, because transformers needs it to leave them.

    Args:
        auto_class: The class of transformers that will load the model, such as "AutoModel".
        place: A folder or a hub name.
        config: Its config, if it was read before; it is not changed.
        subfolder: Where the model is in it.
        encoder_only: Whether a decoder may be missing, and a pooler.
        **hub: `revision` and `local_files_only`.

    Raises:
        ModelLoadError: Tensors are missing, have another shape than the config says, or belong to
            layers of an encoder that it does not have; or the model can't be built at all.
    """
    import torch
    import transformers

    auto = getattr(transformers, auto_class)
    at = {"subfolder": subfolder, "trust_remote_code": False, **hub}
    with ONE_AT_A_TIME, _quietly():
        try:
            if config is None:
                config = transformers.AutoConfig.from_pretrained(place, **at)
            else:
                config = copy.deepcopy(config)
            if getattr(config, "quantization_config", None):
                return  # its tensors have other shapes than the model's until it is loaded
            _check_size(auto, config, Path(place, subfolder))
            _, report = auto.from_pretrained(
                place,
                config=config,
                dtype=torch.float32,
                ignore_mismatched_sizes=True,  # to list them all
                output_loading_info=True,
                **({"device_map": "meta"} if find_spec("accelerate") else {}),
                **at,
            )
        except Exception as error:
            message = load_error_message(place, bool(hub.get("local_files_only")), error)
            raise ModelLoadError(message) from error
    decoder = encoder_only and getattr(config, "is_encoder_decoder", False)
    unused = [
        name
        for name in report["missing_keys"]
        if (encoder_only and _UNUSED.search(name)) or (decoder and name.startswith("decoder."))
    ]
    surplus: list[str] = []
    if encoder_only:  # language models have layers of their own for guessing several tokens
        layers = getattr(config, "num_hidden_layers", None)
        surplus = surplus_layers(report["unexpected_keys"], layers)
    check_report(
        place,
        {
            **report,
            "missing_keys": set(report["missing_keys"]) - set(unused),
            "surplus_keys": surplus,
        },
    )


def surplus_layers(names: Iterable[str], layers: int | None) -> list[str]:
    """Find the weights of layers that a config does not know, so that they would be left out.

    Args:
        names: The names of an encoder's weights, or of those among them that nothing reads.
        layers: How many layers its config has; None if it does not say.

    Returns:
        The names of weights whose layer has a number that this count does not reach.
    """
    if layers is None:
        return []
    return [
        name
        for name in names
        if not name.startswith("decoder.")
        and (match := _LAYER.search(name))
        and int(match[1][:9]) >= layers
    ]


def check_report(place: str, report: Mapping[str, Any]) -> None:
    """Check what transformers reports about the tensors of a model that it loaded.

    Args:
        place: What was loaded, for the error.
        report: The loading info; under "surplus_keys" what `surplus_layers` found.

    Raises:
        ModelLoadError: Tensors are missing, have another shape, or would be left out.
    """
    wrong = []
    if missing := sorted(report["missing_keys"]):
        wrong.append(f"{len(missing)} weights are missing, such as {', '.join(missing[:_NAMED])}")
    if misfits := sorted(report["mismatched_keys"], key=str):
        named = ", ".join(
            f"{name} {tuple(found)}, which must be {tuple(needed)}"
            for name, found, needed in misfits[:_NAMED]
        )
        wrong.append(f"{len(misfits)} weights have another shape, such as {named}")
    if surplus := sorted(report.get("surplus_keys", ())):
        wrong.append(
            f"{len(surplus)} weights are of layers that its config does not have, such as "
            f"{', '.join(surplus[:_NAMED])}"
        )
    if report.get("error_msgs"):
        wrong.append(str(report["error_msgs"][0]))
    if wrong:
        raise ModelLoadError(
            f"the model in {place} can't be loaded: {'; '.join(wrong)}. It is damaged or "
            "incomplete, or its config is that of another model"
        )


def _check_size(auto: Any, config: Any, folder: Path) -> None:
    """Raise if the config describes a far larger model than the folder holds."""
    import torch

    stored = sum(file.stat().st_size for kind in _WEIGHT_FILES for file in folder.glob(kind))
    if not stored:
        return  # on the hub, or missing, which transformers explains
    with torch.device("meta"):
        model = auto.from_config(config, trust_remote_code=False)
    numbers = sum(parameter.numel() for parameter in model.parameters())
    if numbers > stored * _NUMBERS_PER_BYTE:
        raise ValueError(
            f"its config describes a model of {numbers:,} numbers, and its weights have only "
            f"{stored:,} bytes"
        )


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep transformers from reporting in its log what becomes an error here."""
    from transformers.utils import logging

    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity(logging.CRITICAL)
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()
