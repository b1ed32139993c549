"""An edit for LangChain's `ContextEditingMiddleware`: old tool results are compressed."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.tools import BaseTool

from ..compressor import RecompDocumentCompressor
from .query import user_question
from .results import (
    FACTS_KEY,
    JSON_TEXT_FIELDS,
    PLACEHOLDER,
    ResultSettings,
    ToolResultCompressor,
)

# An agent calls its model many times with the same old results.
_REMEMBERED = 256


class RecompContextEdit:
    """Compresses old tool results by the last question of the user, instead of clearing them.

        ContextEditingMiddleware(edits=[RecompContextEdit(trigger=20_000)])

    The edit changes what the model is sent, not the agent's state, so nothing is lost: the next
    question sees the whole results again. A result that was compressed for a question is
    remembered. LangChain calls edits synchronously, also in asynchronous agents.

    Args:
        compressor: As for `RecompMiddleware`.
        trigger: The edit acts when the messages have more than this many tokens, as the
            middleware counts them.
        keep: So many of the latest results stay whole.
        tools: As for `RecompMiddleware`.
        exclude_tools: As for `RecompMiddleware`.
        min_tokens: As for `RecompMiddleware`.
        max_characters: As for `RecompMiddleware`.
        document_separator: As for `RecompMiddleware`.
        json_text_fields: As for `RecompMiddleware`.
        when_empty: As for `RecompMiddleware`.
        placeholder: As for `RecompMiddleware`.
        on_error: As for `RecompMiddleware`.

    Raises:
        ValueError: A setting has no such value.
        TypeError: `compressor` cannot compress.
        ModelLoadError: The bundled encoder is not there.
    """

    def __init__(
        self,
        compressor: RecompDocumentCompressor | Any | None = None,
        *,
        trigger: int = 100_000,
        keep: int = 3,
        tools: Sequence[str | BaseTool] | None = None,
        exclude_tools: Sequence[str | BaseTool] = (),
        min_tokens: int = 200,
        max_characters: int | None = 1_000_000,
        document_separator: str = "\n\n",
        json_text_fields: Sequence[str] = JSON_TEXT_FIELDS,
        when_empty: str = "placeholder",
        placeholder: str = PLACEHOLDER,
        on_error: str = "passthrough",
    ) -> None:
        for setting, value in (("trigger", trigger), ("keep", keep)):
            if not isinstance(value, int) or isinstance(value, bool) or value < 0:
                raise ValueError(f"{setting} must be a whole number from 0, got {value!r}")
        settings = ResultSettings.model_validate(
            {
                "tools": tools,
                "exclude_tools": exclude_tools,
                "min_tokens": min_tokens,
                "max_characters": max_characters,
                "document_separator": document_separator,
                "json_text_fields": json_text_fields,
                "when_empty": when_empty,
                "placeholder": placeholder,
                "on_error": on_error,
            }
        )
        self.trigger = trigger
        self.keep = keep
        self._results = ToolResultCompressor(compressor, settings)
        self._known: OrderedDict[tuple[str, str, int], ToolMessage] = OrderedDict()
        self._lock = threading.Lock()

    def apply(
        self, messages: list[Any], *, count_tokens: Callable[[Sequence[BaseMessage]], int]
    ) -> None:
        """Replace old tool results in a list of messages by compressed ones.

        Args:
            messages: The list, which is changed; its messages are not.
            count_tokens: Counts the tokens of messages.
        """
        if count_tokens(messages) <= self.trigger:
            return
        if not (question := user_question(messages)):
            return
        names = {
            call["id"]: call["name"]
            for message in messages
            if isinstance(message, AIMessage)
            for call in message.tool_calls
        }
        results = [n for n, message in enumerate(messages) if isinstance(message, ToolMessage)]
        for position in results[: len(results) - self.keep]:
            message = messages[position]
            if self._results.settings.takes(message.name or names.get(message.tool_call_id)):
                messages[position] = self._compressed(message, question)

    def _compressed(self, message: ToolMessage, question: str) -> ToolMessage:
        key = (question, message.tool_call_id, hash(repr(message.content)))
        with self._lock:
            if (known := self._known.get(key)) is not None:
                self._known.move_to_end(key)
                return message.model_copy(
                    update={
                        "content": known.content,
                        "response_metadata": {
                            **message.response_metadata,
                            FACTS_KEY: known.response_metadata[FACTS_KEY],
                        },
                    }
                )
        made = self._results.compress(message, lambda: question)
        outcome = made.response_metadata.get(FACTS_KEY, {}).get("outcome")
        if made is not message and outcome not in ("failed", "timed_out"):
            with self._lock:
                self._known[key] = made
                while len(self._known) > _REMEMBERED:
                    self._known.popitem(last=False)
        return made
