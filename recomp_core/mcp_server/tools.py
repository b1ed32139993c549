"""What the tools do, and what they return. Nothing here knows the SDK."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, Field

from ..extractive.compressor import ExtractiveCompressor
from ..extractive.selection import make_selector, token_budgets
from ..protocols import Compressor
from ..runtime.deadline import check_timeout
from ..runtime.timeout import with_timeout
from ..text.joining import group_by_document
from ..text.tokens import approximate_tokens, encoder_token_counter
from ..types import Compression, Document
from .files import AllowedFiles

MAX_DOCUMENTS = 1_000
"""The most documents of one call."""
MAX_CHARACTERS = 4_000_000
"""The most characters of all documents of one call."""
MAX_QUERY = 10_000
"""The most characters of a query."""
MAX_DROPPED_TOKENS = 20_000
"""The most tokens of one reply of `read_dropped`, about."""

Query = Annotated[
    str, Field(max_length=MAX_QUERY, description="The question, or what is looked for.")
]
Documents = Annotated[
    list[str], Field(max_length=MAX_DOCUMENTS, description="The texts, in any order.")
]
Paths = Annotated[
    list[str],
    Field(description="Text files: absolute paths, or paths below an allowed folder."),
]
MaxTokens = Annotated[
    int | None, Field(ge=1, description="Keep at most so many tokens; give more to see more.")
]
TopK = Annotated[int | None, Field(ge=1, description="Keep at most so many sentences.")]
Handle = Annotated[str, Field(max_length=200, description="The handle of a compressed text.")]
LookFor = Annotated[
    str, Field(max_length=MAX_QUERY, description="What to look for; empty for all, in order.")
]
DroppedTokens = Annotated[
    int, Field(ge=1, le=MAX_DROPPED_TOKENS, description="Return at most so many tokens, about.")
]


class Source(BaseModel):
    """What was kept of one document."""

    index: int = Field(description="The document's position among those given, from 0.")
    path: str | None = Field(None, description="The file, as it was given.")
    spans: list[tuple[int, int]] = Field(
        description="Start and end of each kept sentence in the document, in characters."
    )


class Compressed(BaseModel):
    """A compressed text and where it is from."""

    text: str = Field(description="The sentences that help; empty if nothing in it is relevant.")
    outcome: str = Field(description="compressed, unchanged, nothing_relevant, timed_out, …")
    sources: list[Source] = Field(description="The documents that the text is from.")
    sentences_kept: int
    sentences_dropped: int
    characters_before: int
    characters_after: int
    reason: str = Field("", description="What to know about it, such as that time ran out.")
    handle: str = Field("", description="For read_dropped, which returns what was left out.")

    def readable(self) -> str:
        """Write it for a model: the text, and what to know about it.

        Returns:
            The text with a line after it.
        """
        sentences = self.sentences_kept + self.sentences_dropped
        notes = [f"left out: {self.sentences_dropped} of {sentences} sentences"]
        if self.handle:
            notes.append(f"handle for read_dropped: {self.handle}")
        if self.outcome not in ("compressed", "unchanged"):
            notes += filter(None, (f"outcome: {self.outcome}", self.reason))
        text = self.text or "Nothing in it is relevant to the query."
        return text if self.outcome == "unchanged" else f"{text}\n\n({'; '.join(notes)})"


class DroppedText(BaseModel):
    """What a call left out."""

    found: bool = Field(description="Whether anything is kept under the handle.")
    text: str = Field(description="The sentences, one a line.")
    left_out: int = Field(description="How many more there are.")
    note: str = ""

    def readable(self) -> str:
        """Write it for a model.

        Returns:
            The text, and the note in brackets.
        """
        return "\n".join(filter(None, (self.text, self.note and f"({self.note})")))


class Tools:
    """Compresses for an agent.

    Args:
        compressor: What compresses; it is not changed.
        files: The files that may be read; None for none.
        max_tokens: The most tokens that a call keeps which gives no limit of its own; None for the
            compressor's own limits.
        timeout_s: Seconds that a call may take; then the best result so far comes out.

    Attributes:
        files: See above.
        keeps_dropped: Whether what calls leave out can be read.

    Raises:
        ValueError: A limit is not positive.
    """

    def __init__(
        self,
        compressor: Compressor,
        *,
        files: AllowedFiles | None = None,
        max_tokens: int | None = None,
        timeout_s: float | None = 60.0,
    ) -> None:
        self.files = files
        self.keeps_dropped = getattr(compressor, "recovery", None) is not None
        self._timeout_s = check_timeout(timeout_s)
        self._compressor = compressor
        if max_tokens is not None:
            self._compressor = self._limited(max_tokens, None)

    async def compress(
        self,
        query: Query,
        documents: Documents,
        max_tokens: MaxTokens = None,
        top_k: TopK = None,
    ) -> Compressed:
        """Keep the sentences of texts that help to answer a question.

        Use it on long search results, pages or logs before reading them. The sentences come back
        word for word, in their order.
        """
        if sum(map(len, documents)) > MAX_CHARACTERS:
            raise ValueError(
                f"the documents have more than {MAX_CHARACTERS:,} characters: give fewer at a time"
            )
        return await self._compress(
            query, [Document(text) for text in documents], max_tokens, top_k
        )

    async def compress_files(
        self, query: Query, paths: Paths, max_tokens: MaxTokens = None, top_k: TopK = None
    ) -> Compressed:
        """Keep the sentences of text files that help to answer a question.

        Use it instead of reading long files as a whole.
        """
        if self.files is None:
            raise ValueError("no folder is allowed: start the server with --root FOLDER")
        documents = await asyncio.to_thread(self.files.read, paths)
        return await self._compress(query, documents, max_tokens, top_k)

    async def read_dropped(
        self, handle: Handle, query: LookFor = "", max_tokens: DroppedTokens = 1_000
    ) -> DroppedText:
        """Read what was left out of a compressed text.

        Use it when a text that has a handle lacks something you need.
        """
        read = getattr(self._compressor, "read_dropped", None)
        if read is None or not self.keeps_dropped:
            raise ValueError("this server keeps nothing of what it leaves out")
        found = await asyncio.to_thread(read, handle, query or None, max_tokens=max_tokens)
        return DroppedText(
            found=found.found, text=found.text, left_out=found.left_out, note=found.note
        )

    async def _compress(
        self,
        query: str,
        documents: Sequence[Document],
        max_tokens: int | None,
        top_k: int | None,
    ) -> Compressed:
        compressor = with_timeout(self._limited(max_tokens, top_k), self._timeout_s)
        return _told(await compressor.acompress(query, documents))

    def _limited(self, max_tokens: int | None, top_k: int | None) -> Compressor:
        """The compressor with a call's own limits; the copy shares its model and its queue."""
        if max_tokens is None and top_k is None:
            return self._compressor
        if not isinstance(self._compressor, ExtractiveCompressor):
            raise ValueError(
                "this server's model writes summaries and takes no max_tokens and no top_k: leave "
                "them out"
            )
        budgets = token_budgets(self._compressor.selector)
        counter = budgets[0].count_tokens if budgets else encoder_token_counter(self._compressor)
        selector = make_selector(
            top_k=top_k, max_tokens=max_tokens, count_tokens=counter or approximate_tokens
        )
        limited = copy.copy(self._compressor)
        limited.selector = selector or limited.selector
        return limited


def _told(compression: Compression) -> Compressed:
    spans = {
        index: [(sentence.start, sentence.end) for sentence in kept]
        for index, kept in group_by_document(compression.kept).items()
    }
    return Compressed(
        text=compression.text,
        outcome=compression.outcome.value,
        sources=[
            Source(index=index, path=compression.documents[index].id, spans=spans.get(index, []))
            for index in compression.sources
        ],
        sentences_kept=len(compression.kept),
        sentences_dropped=len(compression.dropped),
        characters_before=sum(len(document.text) for document in compression.documents),
        characters_after=len(compression.text),
        reason=compression.reason,
        handle=compression.handle,
    )
