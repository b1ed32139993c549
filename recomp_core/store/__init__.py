"""Sentence vectors that are computed when documents are ingested, and reused by every query.

- `records`: vectors and units as bytes with a checksum;
- `keys`: what decides a vector: encoder, context, what is read, spans;
- `disk_table`, `memory_table`: the table on disk, in SQLite, and the table in memory;
- `sentence_store`: `SentenceStore`, around one of them;
- `splitter`: units that are looked up; `passages`: vectors that are looked up.

The store on SQLite is written by hand: it is one small table, and it must survive forks, several
processes, full disks and damage without stopping the caller. Caching libraries on SQLite do not.

Imports `models` and what is below it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._utils.lazy import lazy_names

if TYPE_CHECKING:
    from .sentence_store import SentenceStore, as_store
    from .splitter import StoredSplitter

# numpy is imported only when one of these names is asked for.
_WHERE = {
    "SentenceStore": ".sentence_store",
    "StoredSplitter": ".splitter",
    "as_store": ".sentence_store",
}

__all__ = ["SentenceStore", "StoredSplitter", "as_store"]


__getattr__, __dir__ = lazy_names(__name__, _WHERE, __all__)
