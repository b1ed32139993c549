"""From what came of a language model to its reply. Every place that reads a reply does it here.

Reasoning is no part of a reply, wherever it stands; a reply that is cut, refused or filtered is an
error, and so is one that is nothing but reasoning. How providers say so: `finish_reasons`. How
models mark reasoning in their text: `text.reasoning`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import regex

from ...errors import SummaryError
from ...text.reasoning import ReasoningFilter, UnopenedReasoning, without_reasoning
from .finish_reasons import (
    ONLY_REASONING,
    Problem,
    name_of_ending,
    problem_of,
    reply_error,
    text_of_content,
)

__all__ = [
    "CALLED_TOOL",
    "ReplyStream",
    "is_tool_call",
    "is_unfinished",
    "plain_reply",
    "problem_of_choice",
    "reply_error",
    "text_of_choice",
]

CALLED_TOOL = "the model called a tool and wrote no text: ask it without tools"
# How models write a call where the server does not read it.
_TOOL_CALL = regex.compile(
    r"(?s)\s*+(?:(?P<tag><tool_call>)\s*+[{<]|\[TOOL_CALLS\]\s*+(?:[\[{]|\w{1,64}[\[{])"
    r"|<\|python_tag\|>\s*+(?:\{|[\w.]{1,64}\()|<｜tool▁calls▁begin｜>"
    r"|<\|tool_calls_section_begin\|>)"
)

_UNOPENED = (
    "what was streamed is reasoning whose beginning the model does not mark: later streams wait "
    "for their end; turn its reasoning off, or ask for whole replies"
)


def text_of_choice(choice: Mapping[str, Any]) -> str | None:
    """Read the text of a choice in OpenAI's protocol, whole or a chunk of it.

    Args:
        choice: One of `choices`.

    Returns:
        The text of its message with the reasoning in it; None if it has none.
    """
    message = choice.get("message")
    return text_of_content(message.get("content")) if isinstance(message, Mapping) else None


def problem_of_choice(
    text: str | None, choice: Mapping[str, Any], usage: Any = None
) -> Problem | None:
    """Tell why a choice in OpenAI's protocol can't be used.

    Args:
        text: Its text, see `text_of_choice`.
        choice: One of `choices`.
        usage: What the response says was used.

    Returns:
        What is wrong with it, also with an ending whose name is not known; None for a reply.
    """
    if error := choice.get("error"):
        told = error.get("message") if isinstance(error, Mapping) else error
        return Problem("unavailable", "the provider broke the reply off", str(told))
    ending = name_of_ending(choice.get("finish_reason"))
    if ending and not isinstance(ending, str):
        return Problem("cut", "the reply is not whole", f"finish_reason: {ending}")
    return problem_of(text, [{"usage": usage}, {**choice, "finish_reason": ending}])


def is_unfinished(responses: Iterable[Any]) -> bool:
    """Tell whether a reply in Ollama's protocol was broken off.

    Args:
        responses: What came with the text, as for `reply_error`.

    Returns:
        Whether the last of them that says whether the model is done says that it is not.
    """
    said = (
        response.get("done") if isinstance(response, Mapping) else getattr(response, "done", None)
        for response in responses
    )
    done = [one for one in said if isinstance(one, bool)]
    return bool(done) and not done[-1]


def plain_reply(text: str) -> str | SummaryError:
    """Take the reasoning, and what marks the end, out of a reply that is nothing but text.

    Args:
        text: What the model wrote.

    Returns:
        The reply, or the error of one that is nothing but reasoning.
    """
    written = without_reasoning(text)
    if written.reasoned and not written.text.strip():
        return SummaryError(ONLY_REASONING, "malformed")
    return written.text


def is_tool_call(text: str) -> bool:
    """Tell whether a reply is nothing but the call of a tool, written as text.

    Args:
        text: The whole reply, without reasoning.

    Returns:
        Whether it is.
    """
    found = _TOOL_CALL.match(text)
    return found is not None and (not found["tag"] or text.rstrip().endswith("</tool_call>"))


class ReplyStream:
    """A reply that comes in pieces, without its reasoning.

    It holds back what may be reasoning, and what may mean "nothing".

    Args:
        hold: Whether all waits for the end, see `ReasoningFilter`.
        may_mean_nothing: Whether a beginning may become a text that `means_nothing`.
        means_nothing: Whether a whole text stands for the empty reply.
    """

    def __init__(
        self,
        *,
        hold: bool = False,
        may_mean_nothing: Callable[[str], bool] | None = None,
        means_nothing: Callable[[str], bool] | None = None,
    ) -> None:
        self._filter = ReasoningFilter(hold)
        self._may_mean_nothing = may_mean_nothing
        self._means_nothing = means_nothing
        self._held = ""
        self._passed = False

    @property
    def unopened(self) -> bool:
        """Whether the model does not mark the beginning of its reasoning."""
        return self._filter.unopened

    def add(self, piece: str) -> str:
        """Take the next piece.

        Args:
            piece: The piece.

        Returns:
            What may be passed on.

        Raises:
            SummaryError: What was passed on before is reasoning.
        """
        try:
            self._held += self._filter.add(piece)
        except UnopenedReasoning:
            self._raise_unopened()
        if not self._held or (not self._passed and self._waits()):
            return ""
        return self._released()

    def _waits(self) -> bool:
        if _TOOL_CALL.match(self._held, partial=True):
            return True
        return self._may_mean_nothing is not None and self._may_mean_nothing(self._held)

    def rest(self) -> str:
        """Take the end of the reply.

        Returns:
            What was held back; "" for a reply that means nothing.

        Raises:
            SummaryError: The reply is nothing but reasoning or the call of a tool, or what was
                passed on is reasoning.
        """
        try:
            self._held += self._filter.rest()
        except UnopenedReasoning:
            self._raise_unopened()
        if self._passed:
            return self._released()
        if self._filter.reasoned and not self._held.strip():
            raise SummaryError(ONLY_REASONING, "malformed")
        if is_tool_call(self._held):
            raise SummaryError(CALLED_TOOL, "malformed")
        if self._means_nothing and self._means_nothing(self._held):
            return ""
        return self._released()

    def _released(self) -> str:
        released, self._held, self._passed = self._held, "", True
        return released

    def _raise_unopened(self) -> None:
        raise SummaryError(_UNOPENED, "malformed") from None
