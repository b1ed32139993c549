"""The settings of an endpoint's replies: how long they may be, and what else a request says.

Declared once; scorers, teachers and readers of the commands inherit them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from ..._utils.checks import check_whole
from ..._utils.settings import Setting

LIMITS = ("max_tokens", "max_completion_tokens", "max_output_tokens")
"""The fields of a request that limit the reply. A request has one of them at most."""


@dataclass(frozen=True)
class ReplySettings:
    """What a request to an endpoint says about the reply, in plain values.

    Attributes:
        max_new_tokens: The length of the longest reply, in tokens; 0 for no limit, None for the
            default of what asks.
        max_completion_tokens: The same with the reasoning in it, as OpenAI's reasoning models want
            it. It is sent in the place of `max_new_tokens`.
        extra_body: Further fields of each request, as a mapping or as JSON.
    """

    max_new_tokens: Annotated[
        int | None,
        Setting(
            "The longest reply in tokens, sent as max_tokens; 0 sends no limit.",
            unset="32 of scorers, 256 of teachers, 512 of readers and summarizers",
            minimum=0,
        ),
    ] = None
    max_completion_tokens: Annotated[
        int | None,
        Setting(
            "The longest reply in tokens with its reasoning, sent in the place of max_tokens, as "
            "OpenAI's reasoning models want it.",
            minimum=1,
        ),
    ] = None
    extra_body: Annotated[
        str | Mapping[str, Any] | None,
        Setting('Further fields of each request to an endpoint, as JSON: {"seed": 1}.'),
    ] = None

    def reply_settings(self) -> dict[str, Any]:
        """The arguments of what asks the endpoint.

        Returns:
            `max_new_tokens`, `max_completion_tokens` and `extra_body`, as far as they are given.

        Raises:
            ValueError: `extra_body` is no JSON object.
        """
        return given_settings(self.max_new_tokens, self.max_completion_tokens, self.extra_body)

    def local_reply_settings(self) -> dict[str, Any]:
        """The arguments of a model on this machine, which takes `max_new_tokens` alone.

        Returns:
            `max_new_tokens`, if it is given.

        Raises:
            ValueError: A setting is for an endpoint.
        """
        if self.max_completion_tokens is not None or self.extra_body is not None:
            raise ValueError(
                "max_completion_tokens and extra_body are for a model behind an endpoint: give "
                "max_new_tokens for one on this machine"
            )
        if self.max_new_tokens == 0:
            raise ValueError("max_new_tokens=0: a model on this machine needs a limit")
        return given_settings(self.max_new_tokens, None, None)


def given_settings(
    max_new_tokens: int | None,
    max_completion_tokens: int | None,
    extra_body: str | Mapping[str, Any] | None,
) -> dict[str, Any]:
    """The arguments of what asks an endpoint, from `ReplySettings`.

    Args:
        max_new_tokens: 0 for no limit, None for the default.
        max_completion_tokens: None for none.
        extra_body: A mapping, or a JSON object as text.

    Returns:
        Those that are given, by name.

    Raises:
        ValueError: `extra_body` is no JSON object.
    """
    found: dict[str, Any] = {}
    if max_new_tokens is not None:
        found["max_new_tokens"] = max_new_tokens or None
    if max_completion_tokens is not None:
        found["max_completion_tokens"] = max_completion_tokens
    if extra_body is not None:
        found["extra_body"] = _json_object(extra_body)
    return found


def limit_fields(
    max_new_tokens: int | None,
    max_completion_tokens: int | None,
    extra_body: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """The fields of a request that limit the reply.

    Args:
        max_new_tokens: Sent as `max_tokens`; None for no limit.
        max_completion_tokens: Sent under its own name in the place of `max_tokens`; None for none.
        extra_body: Fields that go before these: with a limit of its own, none of these is sent.

    Returns:
        One field, or none.
    """
    if any(name in (extra_body or {}) for name in LIMITS):
        return {}
    if max_completion_tokens is not None:
        return {"max_completion_tokens": max_completion_tokens}
    return {} if max_new_tokens is None else {"max_tokens": max_new_tokens}


def check_completion_tokens(limit: int | None) -> int | None:
    """Check `max_completion_tokens`.

    Args:
        limit: The limit; None for none.

    Returns:
        The limit.

    Raises:
        ValueError: It is no whole number of at least 1.
    """
    return None if limit is None else check_whole("max_completion_tokens", limit)


def check_extra_body(extra_body: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Check `extra_body`.

    Args:
        extra_body: The fields; None for none.

    Returns:
        A copy of them.

    Raises:
        TypeError: It is no mapping, or can't be sent as JSON.
    """
    if extra_body is None:
        return None
    if not isinstance(extra_body, Mapping):
        raise TypeError(f'extra_body must be a mapping such as {{"seed": 1}}, got {extra_body!r}')
    try:
        copied: dict[str, Any] = json.loads(json.dumps(dict(extra_body)))
    except (TypeError, ValueError) as error:
        raise TypeError(f"extra_body can't be sent as JSON: {error}") from error
    return copied


def told_limit(
    max_new_tokens: int | None,
    max_completion_tokens: int | None,
    extra_body: Mapping[str, Any] | None,
) -> str:
    """Say which limit a request had.

    Args:
        max_new_tokens: As for `limit_fields`.
        max_completion_tokens: As for `limit_fields`.
        extra_body: As for `limit_fields`.

    Returns:
        Such as "max_new_tokens=512", for an error.
    """
    for name in LIMITS:
        if (limit := (extra_body or {}).get(name)) is not None:
            return f"{name}={limit!r} in extra_body"
    if max_completion_tokens is not None:
        return f"max_completion_tokens={max_completion_tokens}"
    return f"max_new_tokens={max_new_tokens}"


def _json_object(value: str | Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return dict(value)
    try:
        found = json.loads(value)
    except (TypeError, ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ValueError(f'extra_body must be a JSON object such as {{"seed": 1}}, got {value!r}')
    return found
