"""One compressor for all callers: each request with settings of its own, all in one queue."""

from __future__ import annotations

import asyncio
import copy
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..extractive.compressor import ExtractiveCompressor, check_expand
from ..extractive.evidence import LexicalEvidence, check_weight
from ..extractive.selection import make_selector, token_budgets
from ..protocols import Compressor
from ..runtime.deadline import Deadline
from ..runtime.timeout import unchanged_documents, with_timeout
from ..text.pins import Pins
from ..text.tokens import approximate_tokens, encoder_token_counter
from ..types import Compression, Document, Outcome
from .errors import INVALID, LATE, RequestError
from .relevance import Ranked, rank, relevance_of

LIMITS = ("top_k", "top_p", "min_score", "max_tokens")
"""The settings of a request that choose sentences. Giving any sets the server's own aside."""

LAYOUT = ("separator", "elision", "document_separator", "titles")
"""The settings of a request that say what joins what is kept."""

REQUEST_SETTINGS = (*LIMITS, *LAYOUT, "outline", "lexical_weight", "expand", "pin")
"""The settings that a request may give. None of them names a model, a file or a folder."""

# Requests with the same settings share batches if they share a compressor.
_REMEMBERED = 64


class Engine:
    """Compresses and ranks for many callers at once.

    Args:
        compressor: The compressor. Callers share its model and its queue; it is not changed.

    Attributes:
        compressor: See above.
        ranks: Whether it has scores to rank documents by.
        count_tokens: Counts tokens as the server's own `max_tokens` does, else as the encoder does.
    """

    def __init__(self, compressor: Compressor) -> None:
        self.compressor = compressor
        budgets = token_budgets(getattr(compressor, "selector", None))
        counter = budgets[0].count_tokens if budgets else encoder_token_counter(compressor)
        self.count_tokens: Callable[[str], int] = counter or approximate_tokens
        self._tuned: OrderedDict[Any, Compressor] = OrderedDict()
        # Found now, while no other call uses the encoder.
        self._relevance = (
            relevance_of(compressor) if isinstance(compressor, ExtractiveCompressor) else None
        )
        self.ranks = self._relevance is not None

    async def compress(
        self,
        query: str,
        documents: Sequence[Document],
        deadline: Deadline,
        settings: Mapping[str, Any] | None = None,
    ) -> Compression:
        """Compress documents; a deadline that passes leaves the best so far.

        Args:
            query: The question.
            documents: The documents.
            deadline: When the request has to be answered.
            settings: Some of `REQUEST_SETTINGS`.

        Returns:
            The compression; see `Outcome.TIMED_OUT`.

        Raises:
            RequestError: A setting cannot work, or is for another kind of compressor; or the
                deadline has passed already.
        """
        try:
            tuned = self.tuned(settings or {})
        except (ValueError, TypeError) as error:
            raise RequestError(400, INVALID, f"settings: {error}") from None
        if deadline.left <= 0:
            raise _late(deadline)
        if not isinstance(tuned, ExtractiveCompressor):
            return await with_timeout(tuned, deadline.left).acompress(query, documents)
        if sum(len(document.text) for document in documents) > tuned.batching.max_characters:
            return await tuned.acompress(query, documents, timeout_s=deadline.left)
        # What fits into a batch is not divided further: it takes no longer than the batch.
        try:
            return await asyncio.wait_for(tuned.acompress(query, documents), deadline.left)
        except (asyncio.TimeoutError, TimeoutError):
            reason = f"{deadline.timeout_s:g} s had passed; the documents come as they are"
            return unchanged_documents(query, tuple(documents), reason, tuned.layout)

    async def rank(
        self, query: str, documents: Sequence[Document], deadline: Deadline
    ) -> list[Ranked]:
        """Rank documents by their best sentence.

        Args:
            query: The question.
            documents: The documents.
            deadline: When the request has to be answered.

        Returns:
            All documents, best first.

        Raises:
            RequestError: The model writes summaries and has no scores, or the deadline passed.
        """
        if self._relevance is None:
            raise RequestError(
                501,
                "unsupported",
                "this server's model writes summaries and can't rank documents: use /v1/compress, "
                "or start a server with an encoder",
            )
        # All sentences have scores, kept or not; the choice itself is not used.
        settings = {
            "top_k": 1, "outline": "none", "expand": (0, 0), "titles": False, "pin": (),
        }  # fmt: skip
        compression = await self.compress(query, documents, deadline, settings)
        if compression.outcome is Outcome.TIMED_OUT:
            raise _late(deadline)
        return rank(compression, self._relevance)

    def tuned(self, settings: Mapping[str, Any]) -> Compressor:
        """The compressor with settings of a request.

        Args:
            settings: Some of `REQUEST_SETTINGS`; None leaves one as the server has it.

        Returns:
            A copy that shares model and queue; the compressor itself without settings.

        Raises:
            ValueError: A setting cannot work, or is for another kind of compressor.
        """
        given = {name: value for name, value in settings.items() if value is not None}
        if not given:
            return self.compressor
        if unknown := given.keys() - set(REQUEST_SETTINGS):
            raise ValueError(f"a request can't set {', '.join(sorted(unknown))}")
        if not isinstance(self.compressor, ExtractiveCompressor):
            raise ValueError(
                f"{', '.join(given)}: not for this server's model, which writes summaries"
            )
        key = tuple(sorted(given.items()))
        if key not in self._tuned:
            self._tuned[key] = _tuned(self.compressor, given, self.count_tokens)
            while len(self._tuned) > _REMEMBERED:
                self._tuned.popitem(last=False)
        self._tuned.move_to_end(key)
        return self._tuned[key]


def _tuned(
    compressor: ExtractiveCompressor, given: Mapping[str, Any], count_tokens: Callable[[str], int]
) -> ExtractiveCompressor:
    tuned = copy.copy(compressor)  # the copy has the same model, and the same queue of calls
    limits = {name: given[name] for name in LIMITS if name in given}
    selector = make_selector(**limits, count_tokens=count_tokens)
    tuned.selector = compressor.selector if selector is None else selector
    tuned.layout = replace(
        compressor.layout, **{name: given[name] for name in LAYOUT if name in given}
    )
    tuned.outline = given.get("outline", compressor.outline)
    tuned.expand = check_expand(given.get("expand", compressor.expand))
    if "pin" in given:
        tuned.pins = Pins(given["pin"])
    if "lexical_weight" in given:
        weight = check_weight(given["lexical_weight"])
        tuned.evidence = LexicalEvidence(compressor.scorer, weight)
    return tuned


def _late(deadline: Deadline) -> RequestError:
    return RequestError(
        504,
        LATE,
        f"{deadline.timeout_s:g} s had passed before all documents were scored: send fewer or "
        "shorter documents, or start the server with a larger --timeout",
    )
