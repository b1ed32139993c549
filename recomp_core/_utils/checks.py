"""Checks of what was given and of what is installed. Standard library only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit


def check_choice(name: str, value: object, choices: Sequence[str]) -> None:
    """Raise `ValueError` unless `value` is one of `choices`."""
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, choices))}, got {value!r}")


def require(module: str, extra: str, what: str) -> None:
    """Raise `ImportError` with the line that mends it unless `module` can be imported."""
    from importlib.util import find_spec

    if find_spec(module) is None:
        raise ImportError(f'{what} needs {module}: pip install "recomp[{extra}]"')


def check_whole(name: str, value: object, *, at_least: int = 1) -> int:
    """`value` itself. Raises `ValueError` unless it is a whole number of at least `at_least`."""
    if isinstance(value, bool) or not isinstance(value, int) or value < at_least:
        raise ValueError(f"{name} must be a whole number of at least {at_least}, got {value!r}")
    return value


def check_url(base_url: str | None) -> str | None:
    """`base_url` itself. Raises `ValueError` for what is none, or holds a secret."""
    if base_url is None:
        return None
    parts = urlsplit(base_url)
    if "@" in parts.netloc:
        raise ValueError("base_url holds a user name or password: give the key as api_key instead")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"base_url must begin with http:// or https://, got {base_url!r}")
    return base_url


def _check_positive(name: str, value: object, unit: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < math.inf:
        raise ValueError(f"{name} must be a positive number {unit}, got {value!r}")
    return value


def check_limit(name: str, value: object) -> int | None:
    """`check_whole`, or None for no limit."""
    return None if value is None else check_whole(name, value)


def check_prompts(prompts: Sequence[str]) -> list[str]:
    """The prompts as a list. Raises `TypeError` for anything but a sequence of strings."""
    if isinstance(prompts, str):
        raise TypeError(f"prompts must be a list of strings, got the string {prompts[:80]!r}")
    prompts = list(prompts)
    for position, prompt in enumerate(prompts):
        if not isinstance(prompt, str):
            raise TypeError(f"prompts[{position}] must be a string, got {prompt!r}")
    return prompts


def check_batch_size(batch_size: object) -> None:
    """Raise `ValueError` unless it is a whole number of at least 1."""
    if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
        raise ValueError(f"batch_size must be a whole number of at least 1, got {batch_size!r}")


def check_number(
    name: str,
    value: Any,
    *,
    least: float | None = None,
    above: float | None = None,
    below: float | None = None,
) -> None:
    """Raise `ValueError` unless `value` is a finite number within the bounds."""
    good = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    good = good and (least is None or value >= least) and (above is None or value > above)
    if not good or (below is not None and value >= below):
        bounds = [
            f"at least {least}" if least is not None else "",
            f"more than {above}" if above is not None else "",
            f"less than {below}" if below is not None else "",
        ]
        raise ValueError(
            f"{name} must be a number of {' and '.join(filter(None, bounds))}, got {value!r}"
        )


def _check_one_of(name: str, value: Any, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, choices))}, got {value!r}")
