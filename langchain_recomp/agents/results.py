"""Compresses tool results, one message at a time. The message that is given is never changed."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from langchain_core.messages import ToolMessage
from langchain_core.runnables import RunnableConfig
from pydantic import BaseModel, ConfigDict, Field, field_validator

from recomp_core import AbstractiveCompressor, Compression, Outcome
from recomp_core.integration import approximate_tokens

from ..compressor import RecompDocumentCompressor
from ..runnables import CompressionInput, ResultRunnable
from .contents import Contents, find_contents, text_of, with_note

logger = logging.getLogger(__name__)

FACTS_KEY = "recomp"
"""The key in a message's `response_metadata` under which stands what was done."""

ORIGINAL_KEY = "original_content"
"""The key in a message's artifact under which stands the content before compressing."""

JSON_TEXT_FIELDS = (
    "content",
    "text",
    "snippet",
    "raw_content",
    "body",
    "page_content",
    "markdown",
    "extract",
    "passage",
    "chunk",
    "documents",
)
PLACEHOLDER = "[Nothing in this result answers the question.]"


class RefusedResultError(ValueError):
    """A tool result that can't be compressed as it is; the text quotes nothing of it."""


class ResultSettings(BaseModel):
    """How tool results are compressed, see `RecompMiddleware`.

    Raises:
        ValidationError: A value cannot work (pydantic's error, a `ValueError`).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    tools: frozenset[str] | None
    exclude_tools: frozenset[str]
    min_tokens: int = Field(ge=0)
    max_characters: int | None = Field(ge=1)
    document_separator: str = Field(min_length=1)
    json_text_fields: frozenset[str]
    when_empty: Literal["placeholder", "original"]
    placeholder: str
    on_error: Literal["passthrough", "raise"]
    keep_original: Literal["artifact", "none"] = "none"
    shadow: bool = False

    @field_validator("tools", "exclude_tools", mode="before")
    @classmethod
    def _names(cls, given: Any) -> Any:
        if given is None or isinstance(given, str) or not isinstance(given, Sequence):
            return given
        return frozenset(getattr(tool, "name", getattr(tool, "__name__", tool)) for tool in given)

    @field_validator("json_text_fields", mode="before")
    @classmethod
    def _fields(cls, given: Any) -> Any:
        return given if isinstance(given, str) or not isinstance(given, Sequence) else set(given)

    @field_validator("placeholder")
    @classmethod
    def _not_blank(cls, given: str) -> str:
        if not given.strip():
            raise ValueError("a placeholder must not be blank: some providers refuse empty results")
        return given

    def takes(self, tool: str | None) -> bool:
        """Say whether the results of a tool are compressed.

        Args:
            tool: The tool's name.

        Returns:
            Whether they are.
        """
        return (self.tools is None or tool in self.tools) and tool not in self.exclude_tools


@dataclass(frozen=True)
class _Job:
    """A message whose texts wait for the compressor."""

    message: ToolMessage
    contents: Contents
    query: str
    inputs: list[CompressionInput]
    started: float


class ToolResultCompressor:
    """Compresses the texts of tool results with a compressor of documents.

    Args:
        compressor: A `RecompDocumentCompressor`, a compressor of the core, or None for the bundled
            encoder and the five best sentences.
        settings: How results are compressed.

    Raises:
        TypeError: `compressor` cannot compress.
        ModelLoadError: The bundled encoder is not there.
    """

    def __init__(self, compressor: Any, settings: ResultSettings) -> None:
        if compressor is None:
            compressor = RecompDocumentCompressor(top_k=5)
        elif not isinstance(compressor, RecompDocumentCompressor):
            compressor = RecompDocumentCompressor(compressor=compressor)
        self.compressor: RecompDocumentCompressor = compressor
        self.settings = settings
        self._runnable = ResultRunnable(compressor=compressor)

    def compress(
        self,
        message: ToolMessage,
        make_query: Callable[[], str],
        config: RunnableConfig | None = None,
    ) -> ToolMessage:
        """Compress one result.

        Args:
            message: The result.
            make_query: Makes the question; it is called only for what is long enough.
            config: The config of the agent's run, of which compressing becomes a part.

        Returns:
            A new message; the same one where there is nothing to compress.
        """
        started = time.perf_counter()
        try:
            if (job := self._job(message, make_query, started)) is None:
                return message
            return self._finished(job, self._runnable.batch(job.inputs, config))
        except Exception as error:
            return self._failed(message, error, started)

    async def acompress(
        self,
        message: ToolMessage,
        make_query: Callable[[], str],
        config: RunnableConfig | None = None,
    ) -> ToolMessage:
        """Do what `compress` does without blocking the event loop.

        Args:
            message: As for `compress`.
            make_query: As for `compress`.
            config: As for `compress`.

        Returns:
            As `compress`.
        """
        started = time.perf_counter()
        try:
            if (job := self._job(message, make_query, started)) is None:
                return message
            return self._finished(job, await self._runnable.abatch(job.inputs, config))
        except Exception as error:
            return self._failed(message, error, started)

    def _job(
        self, message: ToolMessage, make_query: Callable[[], str], started: float
    ) -> _Job | None:
        settings, size = self.settings, len(text_of(message.content))
        if size < settings.min_tokens or message.status == "error":  # no character is two tokens
            return None
        if settings.max_characters is not None and size > settings.max_characters:
            raise RefusedResultError(
                f"the result has {size} characters and max_characters is "
                f"{settings.max_characters}: raise it, or let the tool return less"
            )
        contents = find_contents(message, settings.json_text_fields, settings.document_separator)
        if contents is None or _tokens(contents) < settings.min_tokens:
            return None
        if not (query := make_query()):
            return None
        # A summary has one text for all documents, which can't be spread over fields of JSON.
        apart = contents.has_json and isinstance(self.compressor.compressor, AbstractiveCompressor)
        groups = [[text] for text in contents.texts] if apart else [list(contents.texts)]
        inputs = [CompressionInput(documents=group, query=query) for group in groups]
        return _Job(message, contents, query, inputs, started)

    def _finished(self, job: _Job, results: list[Compression]) -> ToolMessage:
        old: Any = job.message.content
        facts: dict[str, Any] = {"outcome": _outcome(results), "reason": _reason(results)}
        texts = [text for result in results for text in _texts(result, job.contents.has_json)]
        facts["pieces_kept"] = sum(map(bool, texts))
        if not any(texts):
            if self.settings.when_empty == "original":
                return self._written(job, old, facts)
            longest = max(range(len(texts)), key=lambda n: len(job.contents.texts[n].page_content))
            texts[longest] = self.settings.placeholder
        new = job.contents.rebuild(texts)
        if len(results) == 1 and results[0].handle:
            facts["handle"] = results[0].handle
            noted = with_note(new, f"[What was left out has the handle {results[0].handle}]")
            if job.contents.form != "json" and len(text_of(noted)) < len(text_of(old)):
                new = noted
        # Titles, a long placeholder or a verbose summary can make it longer.
        if len(text_of(new)) >= len(text_of(old)):
            if facts["outcome"] == Outcome.COMPRESSED.value:
                facts["outcome"] = Outcome.UNCHANGED.value
            return self._written(job, old, facts)
        return self._written(job, new, facts)

    def _written(self, job: _Job, content: Any, facts: dict[str, Any]) -> ToolMessage:
        """The message with its new content, if it is new, and the facts."""
        before, after = text_of(job.message.content), text_of(content)
        noted = {
            "outcome": facts["outcome"],
            "form": job.contents.form,
            "query": job.query,
            "pieces": len(job.contents.texts),
            "pieces_kept": facts["pieces_kept"],
            "tokens_before": approximate_tokens(before),
            "tokens_after": approximate_tokens(after),
            "seconds": round(time.perf_counter() - job.started, 4),
            "shadow": self.settings.shadow,
            **{name: facts[name] for name in ("reason", "handle") if facts.get(name)},
        }
        changes: dict[str, Any] = {}
        if content is not job.message.content and not self.settings.shadow:
            changes["content"] = content
            if self.settings.keep_original == "artifact":
                changes["artifact"] = _with_original(job.message)
        return _with_facts(job.message, noted, changes)

    def _failed(self, message: ToolMessage, error: Exception, started: float) -> ToolMessage:
        if self.settings.on_error == "raise":
            raise error
        # Neither another's text nor its traceback: they may quote the result.
        reason = str(error) if isinstance(error, RefusedResultError) else type(error).__name__
        logger.warning(
            "a result of the tool %r could not be compressed (%s): passing it through",
            message.name,
            reason,
        )
        facts = {
            "outcome": Outcome.FAILED.value,
            "reason": reason,
            "seconds": round(time.perf_counter() - started, 4),
            "shadow": self.settings.shadow,
        }
        return _with_facts(message, facts, {})


def _texts(result: Compression, in_json: bool) -> list[str]:
    """For each document its new text, "" where nothing was kept; a summary replaces the first."""
    olds = [document.text for document in result.documents]
    if result.is_excerpt:
        kept = {excerpt.doc_index: excerpt.text for excerpt in result.by_document()}
        return [
            text if len(text := kept.get(index, "")) <= len(old) else old
            for index, old in enumerate(olds)
        ]
    if in_json and len(olds) > 1:
        raise RefusedResultError(
            "the compressor writes one text for several fields of JSON: leave their keys out of "
            "json_text_fields, or take a compressor that keeps sentences"
        )
    return [result.text, *[""] * (len(olds) - 1)]


def _outcome(results: Sequence[Compression]) -> str:
    """That of the only one; of several, what one of them was beside unchanged and empty ones."""
    outcomes = [result.outcome for result in results]
    if len(set(outcomes)) == 1:
        return outcomes[0].value
    rare = (Outcome.TIMED_OUT, Outcome.FELL_BACK, Outcome.REFUSED)
    return next((one for one in rare if one in outcomes), Outcome.COMPRESSED).value


def _reason(results: Sequence[Compression]) -> str:
    return "; ".join(dict.fromkeys(result.reason for result in results if result.reason))


def _tokens(contents: Contents) -> int:
    return sum(approximate_tokens(document.page_content) for document in contents.texts)


def _with_original(message: ToolMessage) -> Any:
    """An artifact that has the content too; one of another kind than a dict stays as it is."""
    if message.artifact is None:
        return {ORIGINAL_KEY: message.content}
    if isinstance(message.artifact, dict):
        return {ORIGINAL_KEY: message.content, **message.artifact}
    return message.artifact


def _with_facts(
    message: ToolMessage, facts: dict[str, Any], changes: dict[str, Any]
) -> ToolMessage:
    metadata = {**message.response_metadata, FACTS_KEY: facts}
    return message.model_copy(update={"response_metadata": metadata, **changes})
