"""Sentence vectors made when documents are ingested, and reused by every query.

records     vectors and spans as bytes with a checksum
keys        what decides a vector: encoder, context, text, spans
files       the table on disk, in SQLite; memory: the one in memory, and what is at hand
store       SentenceStore, around either
splitter    spans that are looked up; passages: vectors that are looked up, and made where missing
ingest      a compressor with a store, and documents into it
sources     documents from files, folders and retrievers; cli: the command `recomp index`
"""

from .splitter import StoredSplitter
from .store import SentenceStore, as_store

__all__ = ["SentenceStore", "StoredSplitter", "as_store"]
