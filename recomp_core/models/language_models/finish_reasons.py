"""How a language model's reply ended, under any of the names that providers use for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any

from ...errors import Reason, SummaryError

_ENDINGS = (
    "finish_reason", "finishReason", "stop_reason", "stopReason", "done_reason", "block_reason",
    "reason",
)  # fmt: skip
# They stand in the response itself or in one of these parts.
_PARTS = (
    "choices", "candidates", "delta", "message", "response", "incomplete_details",
    "prompt_feedback",
)  # fmt: skip

# Names of endings that leave no summary. All others ("stop", "end_turn", "COMPLETE", …) are fine.
_NO_SUMMARY: tuple[tuple[Reason, str, re.Pattern[str]], ...] = (
    ("refused", "the model refused", re.compile("refus")),
    (
        "filtered",
        "the provider's filter withheld the reply",
        re.compile("filter|guardrail|safety|toxic|blocklist|prohibited|recitation|spii"),
    ),
    (
        "cut",
        "the reply was cut: raise the model's own limit on its output, or, if the model thinks "
        "before it writes, turn that off",
        re.compile("length|max_|limit|exceeded|incomplete|insufficient|error"),
    ),
)


def reply_error(model: str, text: str | None, responses: Iterable[Any]) -> SummaryError | None:
    """Tell why a reply is no summary.

    Args:
        model: The name of the model, for the error.
        text: The reply; None if there was none.
        responses: What came with the text: mappings or objects, one for each chunk of a streamed
            reply.

    Returns:
        The error of a reply that is cut, refused, filtered or without a text; None for a summary.
    """
    responses = list(responses)
    if refusal := "".join(_found(response, ("refusal",)) for response in responses):
        return SummaryError(f"{model}: the model refused ({refusal[:300]})", "refused")
    endings = [ending for response in responses if (ending := _found(response, _ENDINGS))]
    for reason, what, names in _NO_SUMMARY:
        if endings and names.search(endings[-1].casefold()):
            return SummaryError(f"{model}: {what} ({endings[-1]})", reason)
    if text is None:
        return SummaryError(f"{model}: the reply has no text", "malformed")
    return None


def _found(response: Any, names: tuple[str, ...]) -> str:
    """The first string under one of `names` in a response or its parts; "" if there is none."""
    if isinstance(response, (list, tuple)):
        return next((found for part in response if (found := _found(part, names))), "")
    for name in names:
        value = _get(response, name)
        value = value.name if isinstance(value, Enum) else value
        if value and isinstance(value, str):
            return value
    parts = (_get(response, name) for name in _PARTS)
    return next((found for part in parts if part and (found := _found(part, names))), "")


def _get(response: Any, name: str) -> Any:
    return response.get(name) if isinstance(response, Mapping) else getattr(response, name, None)
