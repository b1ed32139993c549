"""Sentence vectors made when documents are ingested, and reused by every query.

records     vectors and spans as bytes with a checksum
keys        what decides a vector: encoder, context, text, spans
files       the table on disk, in SQLite; memory: the one in memory, and what is at hand
store       SentenceStore, around either
splitter    spans that are looked up; passages: vectors that are looked up, and made where missing
ingest      a compressor with a store, and documents into it
sources     documents from files, folders and retrievers; cli: the command `recomp index`
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._utils.lazy import lazy_names

if TYPE_CHECKING:
    from .sentence_store import SentenceStore, as_store
    from .splitter import StoredSplitter

# The command is known by name before numpy is needed.
_WHERE = {
    "SentenceStore": ".sentence_store",
    "StoredSplitter": ".splitter",
    "as_store": ".sentence_store",
}

__all__ = ["SentenceStore", "StoredSplitter", "as_store"]


__getattr__, __dir__ = lazy_names(__name__, _WHERE, __all__)
