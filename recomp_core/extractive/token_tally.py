"""Counts the tokens of a growing selection without counting the whole text for each sentence.

Tokens of parts don't add up to the tokens of the joined text: they merge and split at the seams. So
the sum of the parts only guides. The whole text is counted where the sum leaves it open whether a
sentence fits, and at the end, so that the cap always holds. Each count teaches how far it and the
sum differ. A text of a few sentences is always counted whole.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Collection, Sequence

from ..text.joining import Layout
from ..types import Document, ScoredSentence, assemble

# A text up to this length, in characters, is counted whole: that is cheap, and exact.
_SHORT = 1_000
# So many tokens may a sum and a count differ without having been seen to.
_SLACK = 2.0
# Where the sum leaves it open, texts of so many characters in all are counted in vain.
_OPEN_CHARACTERS = 65_536
# After so many sentences in a row, with so many characters, that did not fit, no other is tried.
_PASSED_OVER = 64
_PASSED_CHARACTERS = 16_384


class TokenTally:
    """The tokens of the admitted sentences, as one counter counts them.

    Args:
        documents: All documents.
        sentences: All sentences, in document order.
        layout: What joins them.
        count_tokens: Counts the tokens of a text.
    """

    def __init__(
        self,
        documents: Sequence[Document],
        sentences: Sequence[ScoredSentence],
        layout: Layout,
        count_tokens: Callable[[str], int],
    ) -> None:
        self._documents = documents
        self._sentences = sentences
        self._layout = layout
        self._count = count_tokens
        self._costs: dict[int, float] = {}
        self._joint: float | None = None
        self._groups: list[Collection[int]] = []  # as they were admitted
        self._characters = 0
        self._counted = 0.0  # tokens of the whole text when it was last counted
        self._since = 0.0  # the sum of the parts that were admitted since then
        self._n_since = 0
        self._more = 0.0  # by how many tokens a part was seen to take more than its own
        self._less = 0.0  # and less
        self._limit: int | None = None
        self._offer: tuple[float, int, int | None] = (0.0, 0, None)
        self._in_vain = 0
        self._refused = 0
        self._refused_characters = 0

    def fits(self, group: Collection[int], limit: int, text: Callable[[], str]) -> bool:
        """Tell whether the text has at most so many tokens with some more sentences.

        Args:
            group: The positions of the sentences that are not admitted yet.
            limit: The most tokens.
            text: Makes the whole text with them.

        Returns:
            Whether it fits.
        """
        self._limit = limit if self._limit is None else min(limit, self._limit)
        characters = sum(len(self._sentences[position].text) for position in group)
        if self._characters + characters <= _SHORT:
            return self._fits_counted(group, limit, text())
        parts = sum(map(self._cost, group))
        n_parts = self._n_since + len(group)
        total = self._counted + self._since + parts
        self._offer = (parts, len(group), None)
        if total - n_parts * self._less - _SLACK > limit:
            return False
        if total + n_parts * self._more + _SLACK <= limit:
            return True
        if self._in_vain >= _OPEN_CHARACTERS:
            return False
        whole = text()
        fits = self._fits_counted(group, limit, whole)
        if not fits:
            self._in_vain += len(whole)
        return fits

    def admit(self, group: Collection[int]) -> None:
        """Note that sentences were admitted, those of the last call of `fits`.

        Args:
            group: Their positions.
        """
        parts, n_parts, counted = self._offer
        self._groups.append(group)
        self._characters += sum(len(self._sentences[position].text) for position in group)
        self._refused = self._refused_characters = 0
        if counted is None:
            self._since += parts
            self._n_since += n_parts
        else:
            self._counted, self._since, self._n_since = float(counted), 0.0, 0

    def refuse(self, position: int) -> None:
        """Note that a sentence was not admitted.

        Args:
            position: Its position.
        """
        self._refused += 1
        self._refused_characters += len(self._sentences[position].text)

    @property
    def is_full(self) -> bool:
        """Whether so many sentences did not fit that no other is worth a try."""
        return (
            bool(self._groups)
            and self._refused >= _PASSED_OVER
            and self._refused_characters >= _PASSED_CHARACTERS
        )

    def surplus(self) -> set[int]:
        """Find what is too much at the end: the sums were a guess.

        Returns:
            The positions that were admitted last and exceed the limit; usually none.
        """
        if self._limit is None or not self._n_since:
            return set()
        # The whole text is counted first: mostly it fits.
        limit, last = self._limit, len(self._groups)
        if self._tokens(last) <= limit:
            return set()
        first = bisect.bisect_right(range(1, last), limit, key=self._tokens)
        return {position for group in self._groups[first:] for position in group}

    def _tokens(self, n_groups: int) -> int:
        positions = sorted({place for group in self._groups[:n_groups] for place in group})
        kept = [self._sentences[position] for position in positions]
        return self._count(assemble(self._documents, kept, self._layout))

    def _fits_counted(self, group: Collection[int], limit: int, text: str) -> bool:
        counted = self._count(text)
        if counted <= limit:
            parts, n_parts = sum(map(self._cost, group)), len(group)
            n_since = self._n_since + n_parts
            error = (counted - self._counted - self._since - parts) / max(1, n_since)
            self._more, self._less = max(self._more, error), max(self._less, -error)
            self._offer = (parts, n_parts, counted)
        return counted <= limit

    def _cost(self, position: int) -> float:
        """The tokens of a sentence and of a joint."""
        if position not in self._costs:
            if self._joint is None:
                self._joint = float(self._count(self._layout.elision or "\n"))
            self._costs[position] = self._count(self._sentences[position].visible) + self._joint
        return self._costs[position]
