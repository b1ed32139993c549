"""How a language model's reply ended, under any of the names that providers use for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import Any, Literal, NamedTuple

from ...errors import Reason, SummaryError
from ...text.reasoning import without_reasoning

# Compared without case, and with "_" for what stands between words.
_WHOLE = frozenset({
    "stop", "stopped", "end", "ended", "eos", "eos_token", "eos_token_found", "eot", "end_turn",
    "end_of_turn", "end_of_text", "endoftext", "end_of_message", "stop_sequence", "stop_word",
    "stop_criteria_met", "complete", "completed", "finish", "finished", "done", "success",
    "succeeded", "normal", "ok", "unspecified", "null",
})  # fmt: skip

# Parts of the names of endings that leave no reply.
_NO_REPLY: tuple[tuple[Reason, re.Pattern[str]], ...] = (
    ("refused", re.compile("refus")),
    (
        "filtered",
        re.compile(
            "filter|guardrail|safety|toxic|block|prohibited|recitation|spii|sensitive|moderat"
            "|violat|policy|risk|censor|language"
        ),
    ),
    (
        "cut",
        re.compile(
            "length|max_|limit|budget|exceed|incomplete|insufficient|truncat|token_count|abort"
            "|cancel|interrupt|broken|pause|time"
        ),
    ),
    ("unavailable", re.compile("error|fail|unavailable|overload|malformed|unexpected|^other$")),
)

_WHAT: Mapping[Reason, str] = {
    "refused": "the model refused",
    "filtered": "the provider's filter withheld the reply",
    "cut": "the reply was cut: raise the limit on its length, or, if the model thinks before it "
    "writes, turn that off",
    "unavailable": "the provider broke the reply off",
    "malformed": "the reply has no text",
}
_ONLY_REASONING = (
    "the reply holds nothing but reasoning: turn that off, or raise the limit on its length"
)

_ENDINGS = (
    "finish_reason", "finishReason", "stop_reason", "stopReason", "done_reason", "block_reason",
    "blockReason", "reason",
)  # fmt: skip
_REASONING = (
    "reasoning_content", "reasoning", "reasoning_details", "thinking", "thinking_blocks",
    "thinking_delta", "thoughts",
)  # fmt: skip
_REASONING_BLOCKS = frozenset({"thinking", "redacted_thinking", "reasoning", "reasoning_content"})
_LONGEST_NAME = 80
# A server may nest the parts of a response in each other for ever.
_DEEPEST = 8
# They stand in the response itself or in one of these parts.
_PARTS = (
    "choices", "candidates", "delta", "message", "response", "incomplete_details",
    "prompt_feedback", "promptFeedback",
)  # fmt: skip


class Problem(NamedTuple):
    """Why a reply can't be used.

    Attributes:
        reason: See `EndpointError`.
        what: What is wrong, and the remedy.
        said: What the response says; "" for nothing.
    """

    reason: Reason
    what: str
    said: str = ""


def ending_of(name: str) -> Reason | Literal["whole"] | None:
    """Look up what the name of an ending means.

    Args:
        name: Any provider's name for how a reply ended, in any case: "STOP", "max_tokens".

    Returns:
        "whole", or the reason for which there is no reply; None for a name that is not known.
    """
    if len(name) > _LONGEST_NAME:
        return None
    name = re.sub(r"\W+", "_", name.strip().casefold())
    name = re.sub("^finish_?reason_", "", name)
    if name in _WHOLE:
        return "whole"
    return next((reason for reason, names in _NO_REPLY if names.search(name)), None)


def problem_of(text: str | None, responses: Iterable[Any]) -> Problem | None:
    """Tell why a reply can't be used.

    Args:
        text: What the model wrote; None if there is no text.
        responses: What came with it: mappings or objects in any provider's dialect, one for each
            chunk of a streamed reply.

    Returns:
        What is wrong with a reply that is cut, refused or filtered, or that has no text or only
        reasoning; None for one that can be used.
    """
    responses = list(responses)
    if refusal := "".join(_found(response, ("refusal",)) for response in responses):
        return Problem("refused", _WHAT["refused"], refusal)
    endings = [ending for response in responses if (ending := _found(response, _ENDINGS))]
    meaning = ending_of(endings[-1]) if endings else None
    if meaning and meaning != "whole":
        return Problem(meaning, _WHAT[meaning], endings[-1])
    written = without_reasoning(text or "")
    if not written.text.strip() and (
        written.reasoned or any(any(_reasoning(response)) for response in responses)
    ):
        return Problem("malformed", _ONLY_REASONING)
    return Problem("malformed", _WHAT["malformed"]) if text is None else None


def reply_error(model: str, text: str | None, responses: Iterable[Any]) -> SummaryError | None:
    """Tell why a reply is no summary.

    Args:
        model: The name of the model, for the error.
        text: The reply; None if there was none.
        responses: What came with the text: mappings or objects, one for each chunk of a streamed
            reply.

    Returns:
        The error of a reply that is cut, refused, filtered, without a text or nothing but
        reasoning; None for a summary.
    """
    if (problem := problem_of(text, responses)) is None:
        return None
    said = f" ({problem.said[:300]})" if problem.said else ""
    return SummaryError(f"{model}: {problem.what}{said}", problem.reason)


def has_reasoning(response: Any) -> bool:
    """Look for reasoning beside the text.

    Args:
        response: A response, or a part of one: a mapping or an object.

    Returns:
        Whether it holds any.
    """
    return any(_reasoning(response))


def text_of_content(content: Any) -> str | None:
    """Read the content of a message.

    Args:
        content: A text, or the blocks of one.

    Returns:
        The text, without the blocks of other types such as reasoning; None if there is none.
    """
    if isinstance(content, str):
        return content
    if not isinstance(content, (list, tuple)):
        return None
    texts = [_text_of_block(block) for block in content]
    known = [text for text in texts if text is not None]
    return "".join(known) if known or any(map(has_reasoning, content)) else None


def _text_of_block(block: Any) -> str | None:
    if isinstance(block, str):
        return block
    if _get(block, "type") not in (None, "text", "output_text"):
        return None
    text = _get(block, "text")
    return text if isinstance(text, str) else None


def _reasoning(response: Any, depth: int = 0) -> Iterator[bool]:
    """Whether a response or one of its parts holds reasoning, for each place of it."""
    if depth > _DEEPEST or response is None or isinstance(response, (str, bytes, int, float)):
        return
    if isinstance(response, (list, tuple)):
        for part in response:
            yield from _reasoning(part, depth + 1)
        return
    for name in ("type", "block_type"):
        kind = _get(response, name)
        yield isinstance(kind, str) and kind in _REASONING_BLOCKS
    for name in _REASONING:
        value = _get(response, name)
        # A mapping says how much the model was to think.
        yield isinstance(value, (str, list, tuple)) and bool(
            value.strip() if isinstance(value, str) else value
        )
    details = _get(_get(response, "usage"), "completion_tokens_details")
    tokens = _get(details, "reasoning_tokens")
    yield isinstance(tokens, int) and tokens > 0
    for name in (*_PARTS, "content", "blocks", "parts"):
        yield from _reasoning(_get(response, name), depth + 1)


def _found(response: Any, names: tuple[str, ...], depth: int = 0) -> str:
    """The first string under one of `names` in a response or its parts; "" if there is none."""
    if depth > _DEEPEST:
        return ""
    if isinstance(response, (list, tuple)):
        return next((found for part in response if (found := _found(part, names, depth + 1))), "")
    for name in names:
        value = _get(response, name)
        value = value.name if isinstance(value, Enum) else value
        if value and isinstance(value, str):
            return value
    parts = (_get(response, name) for name in _PARTS)
    return next((found for part in parts if part and (found := _found(part, names, depth + 1))), "")


def _get(response: Any, name: str) -> Any:
    return response.get(name) if isinstance(response, Mapping) else getattr(response, name, None)
