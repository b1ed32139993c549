"""Checks of arguments and of installed packages. Standard library only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from urllib.parse import urlsplit

_LARGEST_WHOLE = 2**63 - 1  # what libraries count with


def check_choice(name: str, value: object, choices: Sequence[str]) -> None:
    """Check that a value is one of several names.

    Args:
        name: The argument's name, for the error.
        value: The value to check.
        choices: The allowed values, in the order in which the error lists them.

    Raises:
        ValueError: The value is not one of `choices`.
    """
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, choices))}, got {value!r}")


def check_whole(name: str, value: object, *, at_least: int = 1) -> int:
    """Check that a value is a whole number.

    Args:
        name: The argument's name, for the error.
        value: The value to check.
        at_least: The smallest allowed value.

    Returns:
        The value itself.

    Raises:
        ValueError: The value is a bool, not an int, too small, or larger than 64 bits hold.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < at_least:
        raise ValueError(f"{name} must be a whole number of at least {at_least}, got {value!r}")
    if value > _LARGEST_WHOLE:
        raise ValueError(f"{name} must be a whole number of at most {_LARGEST_WHOLE}")
    return value


def check_limit(name: str, value: object) -> int | None:
    """Check that a value is a whole number of at least 1, or None for no limit.

    Args:
        name: The argument's name, for the error.
        value: The value to check.

    Returns:
        The value itself.

    Raises:
        ValueError: The value is neither None nor a whole number of at least 1.
    """
    return None if value is None else check_whole(name, value)


def check_number(
    name: str,
    value: object,
    *,
    at_least: float | None = None,
    above: float | None = None,
    below: float | None = None,
    unit: str = "",
) -> float:
    """Check that a value is a finite number within bounds.

    Args:
        name: The argument's name, for the error.
        value: The value to check.
        at_least: The smallest allowed value.
        above: A bound that the value must exceed.
        below: A bound that the value must not reach.
        unit: What the number counts, such as "seconds", for the error.

    Returns:
        The value itself.

    Raises:
        ValueError: The value is a bool, not a number, not finite, or outside the bounds.
    """
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, float))
        or not _is_finite(value)
        or (at_least is not None and value < at_least)
        or (above is not None and value <= above)
        or (below is not None and value >= below)
    ):
        bounds = (("at least", at_least), ("more than", above), ("less than", below))
        listed = " and ".join(f"{words} {bound}" for words, bound in bounds if bound is not None)
        wanted = f"number of {listed}" if listed else "finite number"
        raise ValueError(f"{name} must be a {wanted}{f' {unit}' if unit else ''}, got {value!r}")
    return value


def _is_finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:  # a whole number that is too large for a float
        return False


def check_url(base_url: str | None, name: str = "base_url") -> str | None:
    """Check that an endpoint's address is an HTTP address without a secret in it.

    Args:
        base_url: The address to check, or None for the provider's own.
        name: The argument's name, for the error.

    Returns:
        The address itself.

    Raises:
        ValueError: The address has another scheme or no host, or it holds a user name, a password,
            a query or a fragment. The error shows none of these.
    """
    if base_url is None:
        return None
    if "@" in base_url:
        raise ValueError(f"{name} holds a user name or password: give the key as api_key instead")
    if "?" in base_url or "#" in base_url:
        raise ValueError(
            f"{name} holds a query or a fragment (from its ? or # on): leave that out, and give a "
            "key as api_key"
        )
    try:
        parts = urlsplit(base_url)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname)
        is_address = is_address and parts.port != 0 and base_url.isprintable()
    except ValueError:  # brackets without an address, or a port that is no number
        is_address = False
    if not is_address:
        raise ValueError(
            f"{name} must begin with http:// or https:// and name a host, got {base_url!r}"
        )
    return base_url


def check_prompts(prompts: Sequence[str]) -> list[str]:
    """Check that prompts are a sequence of strings.

    Args:
        prompts: The prompts to check.

    Returns:
        The prompts as a list.

    Raises:
        TypeError: The prompts are a single string, or one of them is not a string.
    """
    if isinstance(prompts, str):
        raise TypeError(f"prompts must be a list of strings, got the string {prompts[:80]!r}")
    prompts = list(prompts)
    for position, prompt in enumerate(prompts):
        if not isinstance(prompt, str):
            raise TypeError(f"prompts[{position}] must be a string, got {prompt!r}")
    return prompts


def require(module: str, extra: str, what: str) -> None:
    """Check that an optional package is installed, without importing it.

    Args:
        module: The name under which the package is imported.
        extra: The extra of this package that installs it.
        what: What needs the package, for the error.

    Raises:
        ImportError: The package is missing; the message says how to install it.
    """
    from importlib.util import find_spec

    if find_spec(module) is None:
        raise ImportError(f'{what} needs {module}: pip install "recomp[{extra}]"')
