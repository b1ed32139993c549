"""What a server may send in place of a reply, and what a reply has cost. Standard library only."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ...errors import Reason
from ...text.tokens import approximate_tokens


class UnusableReply(Exception):  # noqa: N818 - never leaves the endpoint, which makes an error of it
    """Why a reply is of no use. It may hold the server's words, and the key in them.

    Args:
        what: What is wrong, and the remedy; "" for what goes with the reason.
        said: What the server said.
        reason: See `EndpointError`.
        status: The HTTP status that the server meant, 0 for none.
    """

    def __init__(
        self, what: str, said: str = "", *, reason: Reason = "malformed", status: int = 0
    ) -> None:
        super().__init__(what)
        self.what = what
        self.said = said
        self.reason: Reason = reason
        self.status_code = status


REASONS: Mapping[int, Reason] = {
    401: "unauthorized",
    402: "quota",
    403: "unauthorized",
    408: "timeout",
    429: "quota",
}
"""Those of statuses that mean more than "rejected" (4xx) or "out of order" (5xx)."""

# Words of an error's code or type, and what they mean; 0 for what does not pass.
_MEANINGS: tuple[tuple[str, Reason, int], ...] = (
    ("insufficient_quota", "quota", 0),
    ("billing", "quota", 0),
    ("content_filter", "filtered", 0),
    ("rate_limit", "quota", 429),
    ("rate-limit", "quota", 429),
    ("ratelimit", "quota", 429),
    ("rate_increased", "quota", 429),
    ("resource_exhausted", "quota", 429),
    ("throttl", "quota", 429),
    ("too_many", "quota", 429),
    ("overloaded", "unavailable", 503),
    ("unavailable", "unavailable", 503),
    ("timeout", "timeout", 408),
    ("server_error", "unavailable", 500),
    ("internal", "unavailable", 500),
    ("authentication", "unauthorized", 401),
    ("api_key", "unauthorized", 401),
    ("permission", "unauthorized", 403),
)


def raise_error_in(reply: Mapping[str, Any]) -> None:
    """Raise the error that a server sends with a status of success, as some proxies do.

    Args:
        reply: What came, whole or an event of a stream.

    Raises:
        UnusableReply: It is an error and no reply.
    """
    error = reply.get("error") or reply.get("errors") or _first_choice(reply).get("error")
    if error and _has_text(reply):
        error = None  # a whole reply, with a warning
    if not error and not reply.get("choices"):
        error = _bare_error(reply)
    if error:
        raise unusable(error)


def unusable(error: object) -> UnusableReply:
    """Read what a server says of an error.

    Args:
        error: The error, in any form.

    Returns:
        The error with its reason, the status that it stands for, and the server's words.
    """
    if isinstance(error, list) and error:
        error = error[0]
    told: Mapping[str, Any] = error if isinstance(error, dict) else {"message": error}
    if isinstance(told.get("error"), dict):
        told = told["error"]
    names = [told.get(name) for name in _CODES]
    words = " ".join(name.lower().replace(" ", "_") for name in names if isinstance(name, str))
    statuses = [int(str(name)) for name in names if str(name) in _STATUSES]
    said = [told.get(name) for name in _MESSAGES]
    metadata = told.get("metadata")
    if isinstance(metadata, dict):  # a proxy's, with the words of the provider behind it
        said.append(metadata.get("raw"))
    message = ": ".join(str(part) for part in said if part) or str(error)
    if not words and not statuses:
        words = message.lower().replace(" ", "_")[:_LONGEST_CODE]
    for word, reason, status in _MEANINGS:
        if word in words:
            return UnusableReply("", message, reason=reason, status=status)
    status = statuses[0] if statuses else 400
    reason = REASONS.get(status, "invalid" if status < 500 else "unavailable")
    return UnusableReply("", message, reason=reason, status=status)


def _bare_error(reply: Mapping[str, Any]) -> object:
    """An error whose fields are those of the reply itself, as some servers have it."""
    base = reply.get("base_resp")
    if isinstance(base, dict) and base.get("status_code"):
        return base
    says = any(isinstance(reply.get(name), str) for name in (*_MESSAGES, "detail"))
    means = reply.get("object") == "error" or reply.get("type") == "error"
    means = means or reply.get("success") is False
    means = means or any(str(reply.get(name)) in _STATUSES for name in _CODES)
    means = means or any(isinstance(reply.get(name), str) and reply[name] for name in ("code",))
    return reply if says and (means or "detail" in reply) else None


def _has_text(reply: Mapping[str, Any]) -> bool:
    """Whether the first choice of a reply holds a text and ended well."""
    choice = _first_choice(reply)
    if choice.get("finish_reason") == "error":
        return False
    message = choice.get("message") or choice
    return isinstance(message, dict) and bool(message.get("content") or message.get("text"))


def _first_choice(reply: Mapping[str, Any]) -> dict[str, Any]:
    choices = reply.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    return choice if isinstance(choice, dict) else {}


_CODES = ("code", "status_code", "statusCode", "type", "status", "Code")
_MESSAGES = ("message", "msg", "status_msg", "detail", "Message")
_STATUSES = frozenset(map(str, range(400, 600)))
_LONGEST_CODE = 200


def is_logprob(value: object) -> bool:
    """Tell whether a number of a reply can be a log-probability.

    Args:
        value: Any JSON value.

    Returns:
        Whether it is a finite number of at most 0, but for rounding.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return -1e9 < value <= 1e-6 and math.isfinite(value)


def sent_tokens(body: Mapping[str, Any]) -> int:
    """Estimate how many tokens a request holds.

    Args:
        body: The request: `messages`, a `prompt` of text or token ids, or `input_ids`.

    Returns:
        The number of ids, or the approximate number of tokens.
    """
    messages = body.get("messages") or ()
    texts = [message["content"] for message in messages] + [body.get("prompt"), body.get("text")]
    ids = (body.get("prompt"), body.get("input_ids"))
    return sum(approximate_tokens(text) for text in texts if isinstance(text, str)) + sum(
        len(some) for some in ids if isinstance(some, list)
    )


def written_tokens(reply: Mapping[str, Any]) -> int:
    """Estimate how many tokens a reply holds.

    Args:
        reply: The reply; anything that is JSON.

    Returns:
        The approximate number of tokens of its texts.
    """
    choices = reply.get("choices")
    texts = [reply.get("text")]
    for choice in choices if isinstance(choices, list) else ():
        if isinstance(choice, dict):
            message = choice.get("message")
            texts += [choice.get("text")]
            texts += [message.get("content")] if isinstance(message, dict) else []
    return sum(approximate_tokens(text) for text in texts if isinstance(text, str))
