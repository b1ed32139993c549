"""A splitter that splits each text once: its spans are kept beside its vectors."""

from __future__ import annotations

from collections.abc import Sequence

from ..protocols import Splitter
from .keys import namespace, splitter_identity, text_key
from .memory_table import OVERHEAD, Recent
from .records import read_spans, spans_record
from .sentence_store import SentenceStore

Spans = tuple[tuple[int, int], ...]

# The spans that were used last stay in memory: some 20,000 usual documents.
_RECENT_BYTES = 32 << 20
_BYTES_OF_SPAN = 120  # a tuple of two numbers


class StoredSplitter:
    """A `protocols.Splitter` that looks into a store before it splits.

    Spans are found by the text and by the splitter's identity: the language and version of a
    `SentenceSplitter`, the attribute `identity` of one of your own. A splitter without an identity
    is called every time.

    Args:
        splitter: Splits the texts that are not in the store.
        store: Where spans are looked up and kept.

    Attributes:
        splitter: See above.
        store: See above.
    """

    def __init__(self, splitter: Splitter, store: SentenceStore) -> None:
        self.splitter = splitter
        self.store = store
        identity = splitter_identity(splitter)
        self._space = None if identity is None else namespace("spans", identity)
        self._recent: Recent[str, Spans] = Recent(_RECENT_BYTES)

    def split(self, text: str) -> Sequence[tuple[int, int]]:
        """Split one text.

        Args:
            text: The text.

        Returns:
            Spans `(start, end)` in characters, those of the splitter.
        """
        return self.split_all([text])[0]

    def split_all(self, texts: Sequence[str]) -> list[Sequence[tuple[int, int]]]:
        """Split several texts, which are looked up together.

        Args:
            texts: The texts.

        Returns:
            For each text its spans `(start, end)` in characters.
        """
        if self._space is None:
            return [self.splitter.split(text) for text in texts]
        self.store.check_open()
        known = self._recent.get(texts)
        missing = [text for text, spans in zip(texts, known, strict=True) if spans is None]
        if not missing:
            return list(known)  # type: ignore[arg-type]
        found = self._looked_up(list(dict.fromkeys(missing)), self._space)
        return [
            found[text] if spans is None else spans
            for text, spans in zip(texts, known, strict=True)
        ]

    def __repr__(self) -> str:
        return f"StoredSplitter({self.splitter!r}, {self.store!r})"

    def _looked_up(self, texts: Sequence[str], space: bytes) -> dict[str, Spans]:
        """The spans of distinct texts, from the store or else the splitter."""
        keys = [text_key(space, text) for text in texts]
        records = self.store.read(keys)
        found: dict[str, Spans] = {}
        new = []
        for key, text in zip(keys, texts, strict=True):
            record = records.get(key)
            kept = None if record is None else read_spans(key, record)
            found[text] = tuple(self.splitter.split(text) if kept is None else kept)
            if kept is None:
                new.append((key, spans_record(key, found[text])))
        if new:
            self.store.write(new)
        self._recent.put(
            (text, spans, len(text) + _BYTES_OF_SPAN * len(spans) + OVERHEAD)
            for text, spans in found.items()
        )
        return found
