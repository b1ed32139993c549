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
    "end_of_turn", "end_of_text", "endoftext", "end_of_message", "im_end", "end_token",
    "turn_complete", "stop_turn", "stop_token", "stop_sequence", "stop_string", "stop_str",
    "stop_word", "stop_words", "stop_criteria", "stop_criteria_met", "stopped_word", "stopped_eos",
    "stop_sequences", "stop_token_id", "stop_token_ids", "matched_stop", "hit_stop", "stop_before",
    "stop_sequence_reached", "stop_string_found", "normal_stop", "end_id",
    "eos_id", "eos_found", "eot_id", "s", "end_of_sequence", "natural", "natural_end",
    "complete", "completed", "finish", "finished", "done", "success", "succeeded", "normal", "ok",
})  # fmt: skip

# What says nothing, as a missing ending does.
_FILLERS = frozenset({"unspecified", "unknown", "none", "null"})

_TOOL = frozenset({
    "tool", "tools", "tool_call", "tool_calls", "tool_use", "function", "function_call",
    "function_calls", "too_many_tool_calls",
})  # fmt: skip

# Parts of the names of endings that leave no reply.
_NO_REPLY: tuple[tuple[Reason, re.Pattern[str]], ...] = (
    ("refused", re.compile("refus")),
    (
        "filtered",
        re.compile(
            "filter|guardrail|safety|toxic|block|prohibited|recitation|spii|sensitive|moderat"
            "|blacklist|violat|policy|risk|censor|language|armor"
        ),
    ),
    (
        "cut",
        re.compile(
            "length|max_|limit|budget|exceed|incomplete|truncat|token_count|out_of_|num_ctx"
            "|num_predict|context|insufficient(?!_system)|abort|halt|cancel|interrupt|broken|pause|time"
            "|not_finished|unfinished"
        ),
    ),
    (
        "unavailable",
        re.compile(
            "error|fail|unavailable|overload|malformed|unexpected|abnormal|^other$"
            "|insufficient_system"
        ),
    ),
)
# Those of a limit that the caller sets.
_AT_LIMIT = re.compile(
    "length|max_|token|budget|exceed|incomplete|truncat|num_ctx|num_predict|context|(?<!time_)limit"
)

_WHAT: Mapping[Reason, str] = {
    "refused": "the model refused",
    "filtered": "the provider's filter withheld the reply",
    "cut": "the reply is not whole",
    "unavailable": "the provider broke the reply off",
    "malformed": "the reply has no text",
}
_CUT_AT_LIMIT = (
    "the reply was cut: raise the limit on its length, or, if the model thinks before it writes, "
    "turn that off"
)
ONLY_REASONING = (
    "the reply holds nothing but reasoning: turn that off with extra_body, such as "
    '{"thinking": {"type": "disabled"}} or {"chat_template_kwargs": {"enable_thinking": False}}, '
    "or with the model's own setting, or raise the limit on its length"
)
"""What is wrong with a reply in which a model only thinks."""
_TEXT_IS_LOST = (
    "the reply has no text, though the model wrote some: if it thinks unseen, turn that off with "
    "extra_body"
)
_ONLY_TOOL = "the model called a tool and wrote no text: ask it without tools"
_TOOL_AFTER_TEXT = "the model called a tool before its reply was whole: ask it without tools"

_ENDINGS = (
    "finish_reason", "finishReason", "stop_reason", "stopReason", "done_reason",
    "completion_reason", "completionReason", "block_reason", "blockReason",
)  # fmt: skip
# This may be the reason of anything.
_PERHAPS_ENDING = ("reason",)
# Google's client gives the number of a reason to block; that of none is 0.
_BLOCKS = ("block_reason", "blockReason")
# What a response as a whole may say in the place of an ending.
_STATUSES = frozenset({"incomplete", "failed", "cancelled"})
_REASONING = (
    "reasoning_content", "reasoning", "reasoning_details", "thinking", "thinking_blocks",
    "thinking_delta", "thoughts",
)  # fmt: skip
_REASONING_BLOCKS = frozenset({"thinking", "redacted_thinking", "reasoning", "reasoning_content"})
# Where tokens are counted: what was used, its details, and the number of the reasoning's tokens, of
# those written, read, and all.
_USAGES = ("usage", "usage_metadata", "usageMetadata", "token_usage")
_USAGE_DETAILS = ("completion_tokens_details", "output_tokens_details", "output_token_details")
_REASONING_TOKENS = ("reasoning_tokens", "reasoning", "thoughts_token_count", "thoughtsTokenCount")
_WRITTEN_TOKENS = (
    "completion_tokens", "output_tokens", "candidates_token_count", "candidatesTokenCount",
)  # fmt: skip
_READ_TOKENS = ("prompt_tokens", "input_tokens", "prompt_token_count", "promptTokenCount")
_ALL_TOKENS = ("total_tokens", "total_token_count", "totalTokenCount")
# An empty reply may take some: marks of its end, or of thoughts that the model was told to leave.
_EMPTY_TOKENS = 16
_TOOL_CALLS = ("tool_calls", "function_call", "invalid_tool_calls", "tool_call_chunks")
_TOOL_BLOCKS = frozenset({"tool_use", "toolUse", "tool_call", "function_call"})
_LONGEST_NAME = 80
# A server may nest the parts of a response in each other for ever.
_DEEPEST = 8
# They stand in the response itself or in one of these parts.
_PARTS = (
    "choices", "candidates", "delta", "message", "response", "incomplete_details",
    "prompt_feedback", "promptFeedback",
)  # fmt: skip
_PARTS_AND_BLOCKS = (*_PARTS, "content", "blocks", "parts")


class Problem(NamedTuple):
    """Why a reply can't be used.

    Attributes:
        reason: See `EndpointError`.
        what: What is wrong, and the remedy.
        said: What the response says; "" for nothing.
        at_limit: Whether the limit on the reply's length is what ended it.
    """

    reason: Reason
    what: str
    said: str = ""
    at_limit: bool = False

    def told(self, limit: str) -> str:
        """Say what is wrong.

        Args:
            limit: The limit that the request had.

        Returns:
            `what`, with the limit where that has to do with it.
        """
        return f"{self.what} ({limit})" if self.at_limit else self.what


def ending_of(name: str) -> Reason | Literal["whole", "tool"] | None:
    """Look up what the name of an ending means.

    Args:
        name: Any provider's name for how a reply ended, in any case: "STOP", "maxTokens".

    Returns:
        "whole", "tool" for a reply that goes on after the call of a tool, or the reason for which
        there is no reply; None for a name that is not known.
    """
    name = _plain(name)
    if name in _WHOLE or name in _FILLERS:
        return "whole"
    if name in _TOOL:
        return "tool"
    return next((reason for reason, names in _NO_REPLY if names.search(name)), None)


def says_ending(value: Any) -> bool:
    """Tell whether a value in the place of an ending is one.

    Args:
        value: Anything, such as None, or "null" in each chunk before the last.

    Returns:
        Whether it says how a reply ended, in a name that is known or not.
    """
    return bool(value) and not (isinstance(value, str) and _plain(value) in _FILLERS)


def name_of_ending(value: Any) -> Any:
    """Find the name of an ending in what stands in its place.

    Args:
        value: Anything.

    Returns:
        The type of a mapping that has one, as SGLang's do; other values as they are.
    """
    named = isinstance(value, Mapping) and isinstance(value.get("type"), str)
    return value["type"] if named else value


def _plain(name: str) -> str:
    """A name in lower case, without what says that it is one; "" for what is too long for one."""
    if len(name) > _LONGEST_NAME:
        return ""
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)
    name = re.sub(r"\W+", "_", name.casefold()).strip("_")
    # Where chunks are added up, an ending that came twice is "stopstop".
    name = re.sub(r"^(\w+?)\1+$", r"\1", name)
    return re.sub("^(?:(?:finish|stop|done|completion|block|blocked)?_?reason_)+", "", name)


def names_ending(responses: Iterable[Any]) -> bool:
    """Tell whether a reply says how it ended.

    Args:
        responses: See `problem_of`.

    Returns:
        False for one that may have been cut without a word.
    """
    return any(map(_ending, responses))


def problem_of(
    text: str | None, responses: Iterable[Any], *, by_tool: bool = False
) -> Problem | None:
    """Tell why a reply can't be used.

    Args:
        text: What the model wrote; None if there is no text.
        responses: What came with it: mappings or objects in any provider's dialect, one for each
            chunk of a streamed reply.
        by_tool: Whether the text came as the call of a tool, as it was asked for.

    Returns:
        What is wrong with a reply that is cut, refused or filtered, or that has no text, or only
        reasoning or the call of a tool, or none of the text that was written, or whose ending is
        not known; None for one that can be used.
    """
    responses = list(responses)
    if refusal := "".join(map(refusal_of, responses)):
        return Problem("refused", _WHAT["refused"], refusal)
    endings = [ending for response in responses if (ending := _ending(response))]
    ending = endings[-1] if endings else ""
    meaning = ending_of(ending)
    if meaning == "cut" and _AT_LIMIT.search(_plain(ending)):
        return Problem("cut", _CUT_AT_LIMIT, ending, at_limit=True)
    if ending and meaning is None:  # a new name is more likely one for what went wrong
        return Problem("cut", _WHAT["cut"], f"it ended with {ending}")
    if meaning and meaning != "whole" and meaning != "tool":
        return Problem(meaning, _WHAT[meaning], ending)
    written = without_reasoning(text or "")
    wordless = not written.text.strip()
    if not by_tool and (meaning == "tool" or (wordless and any(map(_calls_tool, responses)))):
        return Problem("malformed", _ONLY_TOOL if wordless else _TOOL_AFTER_TEXT, ending)
    if wordless and (written.reasoned or any(map(has_reasoning, responses))):
        return Problem("malformed", ONLY_REASONING)
    if wordless and not by_tool and any(map(_wrote, responses)):
        return Problem("malformed", _TEXT_IS_LOST)
    return Problem("malformed", _WHAT["malformed"]) if text is None else None


def reply_error(
    model: str, text: str | None, responses: Iterable[Any], *, by_tool: bool = False
) -> SummaryError | None:
    """Tell why a reply is no summary.

    Args:
        model: The name of the model, for the error.
        text: The reply; None if there was none.
        responses: What came with the text: mappings or objects, one for each chunk of a streamed
            reply.
        by_tool: Whether the text came as the call of a tool, as it was asked for.

    Returns:
        The error of a reply that is cut, refused, filtered, without a text or nothing but
        reasoning; None for a summary.
    """
    if (problem := problem_of(text, responses, by_tool=by_tool)) is None:
        return None
    said = f" ({problem.said[:300]})" if problem.said else ""
    return SummaryError(f"{model}: {problem.what}{said}", problem.reason)


def has_reasoning(response: Any) -> bool:
    """Look for reasoning beside the text.

    Args:
        response: A response, or a part of one: a mapping or an object.

    Returns:
        Whether it holds any, or says that it has cost tokens.
    """
    return any(map(_reasons, _parts(response, _PARTS_AND_BLOCKS)))


def refusal_of(response: Any) -> str:
    """Look for the words of a refusal.

    Args:
        response: A response, or a part of one: a mapping or an object.

    Returns:
        The words; "" if it has none.
    """
    return next(_strings(response, ("refusal",), _PARTS_AND_BLOCKS), "")


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
    if _get(block, "type") not in (None, "text", "output_text") or _get(block, "thought") is True:
        return None
    text = _get(block, "text")
    return text if isinstance(text, str) else None


def _reasons(part: Any) -> bool:
    """Whether a part of a response is, holds or counts reasoning."""
    if _kinds(part) & _REASONING_BLOCKS or _get(part, "thought") is True:
        return True
    for name in _REASONING:
        value = _get(part, name)
        # A mapping says how much the model was to think.
        if (value.strip() if isinstance(value, str) else value) and isinstance(
            value, (str, list, tuple)
        ):
            return True
    usages = _usages(part)
    counts = [*usages, *(_get(usage, name) for usage in usages for name in _USAGE_DETAILS)]
    return any(_tokens(count, _REASONING_TOKENS) > 0 for count in counts)


def _wrote(response: Any) -> bool:
    """Whether a response counts more written tokens than an empty reply has.

    Some providers leave the tokens of hidden thoughts out of those written, but not out of all.
    """
    for part in _parts(response, _PARTS_AND_BLOCKS):
        for usage in _usages(part):
            read, total = _tokens(usage, _READ_TOKENS), _tokens(usage, _ALL_TOKENS)
            if max(_tokens(usage, _WRITTEN_TOKENS), total - read if read else 0) > _EMPTY_TOKENS:
                return True
    return False


def _usages(part: Any) -> list[Any]:
    return [usage for name in _USAGES if (usage := _get(part, name)) is not None]


def _tokens(count: Any, names: tuple[str, ...]) -> int:
    """The largest of the numbers under some names; 0 for none."""
    numbers = [_get(count, name) for name in names]
    return max((number for number in numbers if isinstance(number, int)), default=0)


def _calls_tool(response: Any) -> bool:
    """Whether a response calls a tool."""
    return any(
        _kinds(part) & _TOOL_BLOCKS or any(_get(part, name) for name in _TOOL_CALLS)
        for part in _parts(response, _PARTS_AND_BLOCKS)
    )


def _ending(response: Any) -> str:
    """What a response says of its end; "" for nothing."""
    if ending := next(filter(says_ending, _strings(response, _ENDINGS, _PARTS)), ""):
        return ending
    if reason := next(filter(ending_of, _strings(response, _PERHAPS_ENDING, _PARTS)), ""):
        return reason
    for part in _parts(response, _PARTS):
        for name in _BLOCKS:
            value = _get(part, name)
            if isinstance(value, int) and value > 0:
                return f"blocked: {value}"
        status = _get(part, "status")
        if isinstance(status, str) and status in _STATUSES:
            return status
    return ""


def _strings(response: Any, names: tuple[str, ...], inside: tuple[str, ...]) -> Iterator[str]:
    """The strings under `names` in a response and its parts."""
    for part in _parts(response, inside):
        for name in names:
            value = _get(part, name)
            value = value.name if isinstance(value, Enum) else value
            if value and isinstance(value, str):
                yield value


def _parts(response: Any, inside: tuple[str, ...], depth: int = 0) -> Iterator[Any]:
    """A response and the parts of it that stand under the names `inside`, outer ones first."""
    if depth > _DEEPEST or response is None or isinstance(response, (str, bytes, int, float)):
        return
    if isinstance(response, (list, tuple)):
        for part in response:
            yield from _parts(part, inside, depth + 1)
        return
    yield response
    for name in inside:
        yield from _parts(_get(response, name), inside, depth + 1)


def _kinds(part: Any) -> set[str]:
    kinds = (_get(part, "type"), _get(part, "block_type"))
    return {kind for kind in kinds if isinstance(kind, str)}


def _get(response: Any, name: str) -> Any:
    return response.get(name) if isinstance(response, Mapping) else getattr(response, name, None)
