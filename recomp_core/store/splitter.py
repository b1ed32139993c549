"""A splitter that splits each text once: its units are kept beside their vectors."""

from __future__ import annotations

from collections.abc import Sequence

from ..protocols import Splitter, StructureSplitter
from ..text.units import Unit
from .keys import namespace, splitter_identity, text_key
from .memory_table import OVERHEAD, Recent
from .records import read_units, units_record
from .sentence_store import SentenceStore

Units = tuple[Unit, ...]

# The units that were used last stay in memory: some 20,000 usual documents.
_RECENT_BYTES = 32 << 20
_BYTES_OF_UNIT = 170  # a tuple with two numbers, and the path that it shares with others


class StoredSplitter:
    """A `protocols.BatchStructureSplitter` that looks into a store before it splits.

    Units are found by the text, its format and the splitter's attribute `identity`, such as the
    language and version of a `SentenceSplitter`. A splitter without an identity is called every
    time. The units of one that knows only spans are sentences without a path.

    Args:
        splitter: Splits the texts that are not in the store.
        store: Where units are looked up and kept.

    Attributes:
        splitter: See above.
        store: See above.
    """

    def __init__(self, splitter: Splitter, store: SentenceStore) -> None:
        self.splitter = splitter
        self.store = store
        identity = splitter_identity(splitter)
        self._space = None if identity is None else namespace("units", identity)
        self._recent: Recent[tuple[str, str | None], Units] = Recent(_RECENT_BYTES)

    def split(self, text: str) -> Sequence[tuple[int, int]]:
        """Split one text.

        Args:
            text: The text.

        Returns:
            Spans `(start, end)` in characters, those of the splitter.
        """
        return [(unit.start, unit.end) for unit in self.units(text)]

    def split_all(self, texts: Sequence[str]) -> list[Sequence[tuple[int, int]]]:
        """Split several texts, which are looked up together.

        Args:
            texts: The texts.

        Returns:
            For each text its spans `(start, end)` in characters.
        """
        found = self.units_all(texts, [None] * len(texts))
        return [[(unit.start, unit.end) for unit in units] for units in found]

    def units(self, text: str, format: str | None = None) -> Units:  # noqa: A002
        """Split one text, and say what each piece is.

        Args:
            text: The text.
            format: The text's format, one of `text.units.FORMATS`; None recognises it.

        Returns:
            The units of the splitter.
        """
        return self.units_all([text], [format])[0]

    def units_all(self, texts: Sequence[str], formats: Sequence[str | None]) -> list[Units]:
        """Split several texts, which are looked up together, and say what each piece is.

        Args:
            texts: The texts.
            formats: The format of each, None to recognise it.

        Returns:
            For each text the units of the splitter.
        """
        if not isinstance(self.splitter, StructureSplitter):
            formats = [None] * len(texts)
        wanted = list(zip(texts, formats, strict=True))
        if self._space is None:
            return [self._split(text, told) for text, told in wanted]
        self.store.check_open()
        known = self._recent.get(wanted)
        missing = dict.fromkeys(
            one for one, units in zip(wanted, known, strict=True) if units is None
        )
        found = self._looked_up(list(missing), self._space) if missing else {}
        return [
            found[one] if units is None else units for one, units in zip(wanted, known, strict=True)
        ]

    def __repr__(self) -> str:
        return f"StoredSplitter({self.splitter!r}, {self.store!r})"

    def _looked_up(
        self, wanted: Sequence[tuple[str, str | None]], space: bytes
    ) -> dict[tuple[str, str | None], Units]:
        """The units of distinct texts, from the store or else the splitter."""
        keys = [text_key(space, text, told) for text, told in wanted]
        records = self.store.read(keys)
        found: dict[tuple[str, str | None], Units] = {}
        new = []
        for key, (text, told) in zip(keys, wanted, strict=True):
            record = records.get(key)
            kept = None if record is None else read_units(key, record, len(text))
            found[text, told] = self._split(text, told) if kept is None else kept
            if kept is None:
                new.append((key, units_record(key, found[text, told])))
        if new:
            self.store.write(new)
        self._recent.put(
            (one, units, len(one[0]) + _BYTES_OF_UNIT * len(units) + OVERHEAD)
            for one, units in found.items()
        )
        return found

    def _split(self, text: str, told: str | None) -> Units:
        if isinstance(self.splitter, StructureSplitter):
            return tuple(self.splitter.units(text, told))
        return tuple([Unit(start, end) for start, end in self.splitter.split(text)])
