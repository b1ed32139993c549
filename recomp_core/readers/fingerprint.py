"""What tells two models apart, wherever their files lie."""

from __future__ import annotations

import hashlib
import json
from typing import Any

_SAMPLE = 1_000  # numbers of each tensor


def weights_fingerprint(model: Any) -> str:
    """A digest of a torch model's class, shape and weights, a sample of each tensor.

    The same for a copy of the model on another device; another one for a fine-tuned copy.
    """
    digest = hashlib.sha256(type(model).__name__.encode())
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(json.dumps([name, list(tensor.shape), str(tensor.dtype)]).encode())
        flat = tensor.detach().flatten()
        step = max(1, flat.numel() // _SAMPLE)
        digest.update(flat[::step].float().cpu().numpy().tobytes())
    return digest.hexdigest()[:16]
