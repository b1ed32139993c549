"""What a tool result holds for the model, and how it is put together again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from langchain_core.documents import Document
from langchain_core.messages import ToolMessage

from .json_text import find_texts, replace_texts

Form: TypeAlias = Literal["text", "documents", "json", "blocks"]
"""In what form the texts came; a message's facts name it."""


@dataclass(frozen=True)
class Contents:
    """The texts of a tool result.

    Attributes:
        form: In what form they came.
        texts: The texts, as documents to compress, in order.
        rebuild: Makes the new content of as many other texts, "" for one that is dropped.
        has_json: Whether some of the texts are strings within JSON.
    """

    form: Form
    texts: tuple[Document, ...]
    rebuild: Callable[[Sequence[str]], Any]
    has_json: bool = False


def find_contents(
    message: ToolMessage, json_text_fields: Collection[str], document_separator: str
) -> Contents | None:
    """Find the texts of a tool result.

    Args:
        message: The result; it is not changed.
        json_text_fields: The keys in JSON that hold text.
        document_separator: What stands between documents in the content.

    Returns:
        What was found; None where there is no text that may be changed.
    """
    content: Any = message.content
    if isinstance(content, list):
        return _blocks(content, json_text_fields)
    if not isinstance(content, str):
        return None
    documents = _documents(content, message.artifact, document_separator)
    return documents or _string(content, json_text_fields)


def text_of(content: Any) -> str:
    """Join the text that a content holds; images and the like have none.

    Args:
        content: The content of a message.

    Returns:
        The text.
    """
    if isinstance(content, str):
        return content
    return "".join(text for item in content if (text := _block_text(item)) is not None)


def with_note(content: Any, note: str) -> Any:
    """Add a line for the model.

    Args:
        content: The content of a message; it is not changed.
        note: The line.

    Returns:
        The content with the line at its end, as a block of its own where it has blocks.
    """
    if isinstance(content, str):
        return f"{content}\n{note}"
    return [*content, {"type": "text", "text": note}]


def _string(content: str, json_text_fields: Collection[str]) -> Contents | None:
    found = find_texts(content, json_text_fields)
    if found is None:
        return _only_if_text("text", (Document(content),), lambda texts: texts[0])
    return _only_if_text(
        "json",
        tuple(Document(place.text) for place in found),
        lambda texts: replace_texts(content, found, texts),
        has_json=True,
    )


def _documents(content: str, artifact: Any, separator: str) -> Contents | None:
    """The documents of the artifact, where the content shows all of them in order.

    A prompt may stand around each, such as its source. It stays with a document that kept
    something, and goes with one that did not. What stands before or after all of them stays.
    """
    if not _are_documents(artifact):
        return None
    between, end = [], 0
    for document in artifact:
        start = content.find(document.page_content, end)
        if start < 0:
            return None
        between.append(content[end:start])
        end = start + len(document.page_content)
    around = [part.partition(separator) for part in between[1:]]
    if not all(found for _, found, _ in around):
        return None
    head, head_end, prefix = between[0].rpartition(separator)
    suffix, tail_start, tail = content[end:].partition(separator)
    before = [prefix, *(prefix for _, _, prefix in around)]
    after = [*(suffix for suffix, _, _ in around), suffix]

    def rebuild(texts: Sequence[str]) -> str:
        shown = zip(before, texts, after, strict=True)
        kept = separator.join(f"{prefix}{text}{suffix}" for prefix, text, suffix in shown if text)
        return f"{head}{head_end}{kept}{tail_start}{tail}"

    return _only_if_text("documents", tuple(artifact), rebuild)


def _are_documents(artifact: Any) -> bool:
    return (
        isinstance(artifact, (list, tuple))
        and bool(artifact)
        and all(isinstance(item, Document) for item in artifact)
    )


def _blocks(content: list[Any], json_text_fields: Collection[str]) -> Contents | None:
    """The text blocks of a content, JSON among them. Other blocks stay where they are."""
    parts = {
        position: part
        for position, item in enumerate(content)
        if (text := _block_text(item)) and (part := _string(text, json_text_fields)) is not None
    }

    def rebuild(texts: Sequence[str]) -> list[Any]:
        rest = iter(texts)
        return list(_rebuilt(content, parts, rest))

    return _only_if_text(
        "blocks",
        tuple(text for part in parts.values() for text in part.texts),
        rebuild,
        has_json=any(part.has_json for part in parts.values()),
    )


def _rebuilt(content: list[Any], parts: dict[int, Contents], texts: Iterator[str]) -> Iterator[Any]:
    for position, item in enumerate(content):
        part = parts.get(position)
        if part is None:
            yield item
        elif text := part.rebuild([next(texts) for _ in part.texts]):  # providers refuse empty ones
            yield text if isinstance(item, str) else {**item, "text": text}


def _block_text(item: Any) -> str | None:
    if isinstance(item, str):
        return item
    if isinstance(item, dict) and item.get("type") == "text" and isinstance(item.get("text"), str):
        text: str = item["text"]
        return text
    return None


def _only_if_text(
    form: Form,
    texts: tuple[Document, ...],
    rebuild: Callable[[Sequence[str]], Any],
    has_json: bool = False,
) -> Contents | None:
    if not any(document.page_content.strip() for document in texts):
        return None
    return Contents(form, texts, rebuild, has_json)
