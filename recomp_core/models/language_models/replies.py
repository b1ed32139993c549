"""What a server may send in place of a reply, and what a reply has cost. Standard library only."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from ...errors import Reason
from ...text.tokens import approximate_tokens
from .finish_reasons import says_ending
from .reading import problem_of_choice


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

# What the words of an error mean, and the status that they stand for; 0 for what does not pass. In
# lower case and with "_" between words. These count whatever the status is, in its message, too.
_PLAIN_WORDS: tuple[tuple[str, Reason, int], ...] = (
    (
        r"insufficient_?(?:quota|balance|funds|credits?)|credit_balance_is_too_low"
        r"|used_all_(?:your_|available_)*credits|余额不足|欠费",
        "quota",
        0,
    ),
    (r"content_exists_risk|input_(?:was|has_been)_flagged", "filtered", 0),
)
# These count so in its codes and types alone.
_DECISIVE: tuple[tuple[str, Reason, int], ...] = (
    *_PLAIN_WORDS,
    (r"exceeded_(?:your_)?current_quota|billing|arrear|overdue", "quota", 0),
    (
        r"content_?filter|content_policy|policy_?violation|new_sensitive|data_inspection_failed",
        "filtered",
        0,
    ),
)
# Numbers that are no status: Zhipu's and MiniMax's.
_NUMBERS: Mapping[str, tuple[Reason, int]] = {
    "1113": ("quota", 0),
    "1301": ("filtered", 0),
    "1302": ("quota", 429),
    "1303": ("quota", 429),
    "1305": ("quota", 429),
    "1026": ("filtered", 0),
    "1027": ("filtered", 0),
}
# Looked for in its codes and types where the status says little, and in its message where they say
# nothing, too.
_MEANINGS: tuple[tuple[str, Reason, int], ...] = (
    *_DECISIVE,
    (
        r"authentication|unauthori[sz]ed|unauthenticated|api_key|(?:invalid|expired)_token",
        "unauthorized",
        401,
    ),
    (r"permission|forbidden|access_denied", "unauthorized", 403),
    (r"invalid_request|bad_request|invalid_argument|validation", "invalid", 400),
    (
        r"rate_?limit|rate_increased|resource_?exhausted|throttl|too_many_(?:concurrent_)?request"
        r"|requests?_limit|tier_capacity|quota|(?:^|[^a-z])[qrt]p[sm]_limit|速率"
        r"|过于频繁|過於頻繁|请求(?:数量?|次数)?过多|請求過多|访问量过大|频率过高|并发数?过高"
        r"|リクエスト(?:数)?が多すぎ|요청이_너무_많",
        "quota",
        429,
    ),
    (
        r"overload|unavailable|bad_gateway|(?:too|is|server|service|engine|model)_busy"
        r"|(?:at|over|out_of|no)_capacity|capacity_(?:temporarily_)?exceeded|not_ready|warming_up"
        r"|(?:currently|still|model_is)_loading|^loading_model|繁忙|混み合って",
        "unavailable",
        503,
    ),
    (
        r"timed_out|deadline_exceeded|time_?out_(?:error|exception)"
        r"|(?:gateway|request|read|idle|upstream|model)_time_?out|(?:^| )time_?out(?: |$)",
        "timeout",
        408,
    ),
    (
        r"connection_(?:error|refused|reset|aborted|closed)|connect_error|disconnected",
        "unavailable",
        503,
    ),
    (
        r"server_error|internal_(?:server|error|failure)|\b(?:internal|api_error|aborted)\b",
        "unavailable",
        500,
    ),
)


def raise_error_in(reply: object) -> None:
    """Raise the error that a server sends with a status of success, as some proxies do.

    Args:
        reply: What came, whole or an event of a stream; an error may be alone in a list.

    Raises:
        UnusableReply: It is an error and no reply.
    """
    if isinstance(reply, list) and reply:
        reply = reply[0]
    if not isinstance(reply, dict):
        return
    choice = _first_choice(reply)
    error = choice.get("error")
    told = {**reply, "error": reply.get("error") or error} if error else reply
    # A whole reply may come with a warning.
    if not _has_text(choice, told):
        if told.get("error") or told.get("errors"):
            raise unusable(told)
        if part := _error_in_part(reply):
            raise unusable(part)
    if not reply.get("choices") and (bare := _bare_error(reply)):
        raise unusable(bare)


def raise_broken_off(reply: Mapping[str, Any]) -> None:
    """Raise the error of a reply that trouble at the provider ended, which may pass.

    Args:
        reply: What came, whole or an event of a stream.

    Raises:
        UnusableReply: Its ending says so.
    """
    choice = _first_choice(reply)
    if choice.get("finish_reason") or choice.get("error"):
        problem = problem_of_choice("text", choice)
        if problem and problem.reason == "unavailable":
            raise UnusableReply(problem.what, problem.said, reason="unavailable")


def unusable(error: object, http_status: int = 0) -> UnusableReply:
    """Read what a server says of an error.

    Its status counts, then its codes, then its words: a message may speak of anything. Only where
    the money is spent or a filter struck, that counts first.

    Args:
        error: The error, in any form, or a mapping that holds it with more that is said of it.
        http_status: The status that the whole came with, 0 for one of success.

    Returns:
        The error with its reason, the status that it stands for, and the server's words.
    """
    told = list(_told(error))
    codes = [part[name] for part in told for name in _CODES if name in part]
    words = " ".join(_plain(code[:_LONGEST_CODE]) for code in codes if isinstance(code, str))
    statuses = [status for code in (http_status, *codes) if (status := _status(code))]
    said = dict.fromkeys(str(part[name]) for part in told for name in _MESSAGES if part.get(name))
    message = ": ".join(said) or ", ".join(map(str, codes)) or str(error)
    plain = _plain(message[:_LONGEST_CODE])
    meaning = _meaning(words, _DECISIVE) or _meaning_of_number(codes)
    meaning = meaning or _meaning(plain, _PLAIN_WORDS)
    status = next((status for status in statuses if status not in _VAGUE), 0)
    if not status:
        meaning = meaning or _meaning(words) or (None if statuses else _meaning(plain))
    if meaning:
        return UnusableReply("", message, reason=meaning[0], status=meaning[1])
    status = status or (statuses[0] if statuses else 400)
    reason = REASONS.get(status, "invalid" if status < 500 else "unavailable")
    return UnusableReply("", message, reason=reason, status=status)


def _told(error: object, depth: int = 0) -> Iterator[Mapping[str, Any]]:
    """What is said of an error, its inner part first."""
    if depth > _DEEPEST or isinstance(error, bool) or not error:
        return
    if isinstance(error, list):
        yield from _told(error[0], depth + 1)
    elif isinstance(error, dict):
        yield from _told(error.get("error") or error.get("errors"), depth + 1)
        yield error
        # A proxy's, with the words of the provider behind it.
        metadata = error.get("metadata")
        if isinstance(metadata, dict) and metadata.get("raw"):
            yield {"message": metadata["raw"]}
    else:
        yield {"code" if isinstance(error, (int, float)) else "message": error}


def _meaning(
    words: str, meanings: tuple[tuple[str, Reason, int], ...] = _MEANINGS
) -> tuple[Reason, int] | None:
    return next(((why, status) for known, why, status in meanings if re.search(known, words)), None)


def _meaning_of_number(codes: list[Any]) -> tuple[Reason, int] | None:
    return next((_NUMBERS[str(code)] for code in codes if str(code) in _NUMBERS), None)


def _plain(words: str) -> str:
    """Words in lower case with "_" between them, those of a name such as "RateLimitError", too."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|[\s-]+", "_", words).lower()


def _status(code: object) -> int:
    """The HTTP status that a code is; 0 for another code."""
    text = str(int(code)) if isinstance(code, float) and math.isfinite(code) else str(code)
    return int(text) if text in _STATUSES else 0


def _bare_error(reply: Mapping[str, Any]) -> object:
    """An error whose fields are those of the reply itself, as some servers have it."""
    codes = [reply.get(name) for name in _CODES]
    said = [part for name in _MESSAGES if isinstance(part := reply.get(name), (str, list))]
    means = "error" in (reply.get("object"), reply.get("type")) or reply.get("success") is False
    means = means or "detail" in reply or any(map(_status, codes))
    means = means or any(_is_code(reply.get(name)) for name in _OWN_CODES)
    words = [part for part in (*codes, *said) if isinstance(part, str)]
    if (said and means) or any(_meaning(_plain(part[:_LONGEST_CODE])) for part in words):
        return reply
    return None


def _error_in_part(reply: Mapping[str, Any]) -> object:
    """An error in the part of a reply that says how it went, as Groq, MiniMax and iFlytek do."""
    part = reply.get("x_groq")
    if isinstance(part, dict) and part.get("error"):
        return part
    for part in map(reply.get, ("base_resp", "header")):
        if isinstance(part, dict) and any(_is_code(part.get(name)) for name in _OWN_CODES):
            return part
    return None


def _names_code(told: Mapping[str, Any]) -> bool:
    """Whether an error has a code or a status, as a warning has not."""
    return any(
        _status(part.get("status")) or any(_is_code(part.get(name)) for name in _OWN_CODES)
        for part in _told(told)
    )


def _is_code(value: object) -> bool:
    """Whether a value is the code of an error, and none that stands for success."""
    known = isinstance(value, (int, str)) and not isinstance(value, bool)
    return known and str(value).lower() not in ("", "0", "200", "ok", "success")


def _has_text(choice: Mapping[str, Any], told: Mapping[str, Any]) -> bool:
    """Whether a choice holds a text, and nothing says that it did not end well."""
    ending = choice.get("finish_reason")
    if ending == "error" or (not says_ending(ending) and _names_code(told)):
        return False
    message = choice.get("message") or choice
    return isinstance(message, dict) and bool(message.get("content") or message.get("text"))


def _first_choice(reply: Mapping[str, Any]) -> dict[str, Any]:
    choices = reply.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    return choice if isinstance(choice, dict) else {}


# What a server may have under these is its own, and 0 for success.
_OWN_CODES = (
    "code", "status_code", "error_code", "errorCode", "err_code", "errcode", "err_no", "errno",
)  # fmt: skip
_CODES = (
    *_OWN_CODES, "statusCode", "http_code", "type", "error_type", "__type", "status", "Code",
)  # fmt: skip
_MESSAGES = (
    "message", "msg", "status_msg", "error_msg", "error_message", "errorMessage", "err_msg",
    "errmsg", "error_description", "description", "detail", "Message",
)  # fmt: skip
_STATUSES = frozenset(map(str, range(400, 600)))
# Those that stand for anything: a bad request, and what HTTP does not know.
_VAGUE = frozenset(range(400, 500)) - (frozenset(HTTPStatus) - {400})
_LONGEST_CODE = 200
# A server may nest errors in each other for ever.
_DEEPEST = 8


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
