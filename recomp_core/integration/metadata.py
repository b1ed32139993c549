"""What the adapters write into metadata: a compression as plain, JSON-ready facts."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from ..types import Compression, Excerpt


def span_facts(excerpt: Excerpt) -> dict[str, Any]:
    """Where the kept sentences of one document stand in it, and their scores."""
    return {
        "spans": [[int(sentence.start), int(sentence.end)] for sentence in excerpt.kept],
        "scores": [float(sentence.score) for sentence in excerpt.kept],
    }


def reason_facts(compression: Compression) -> dict[str, Any]:
    """What a gate had to say, if anything."""
    return {"reason": compression.reason} if compression.reason else {}


def source_facts(
    compression: Compression, positions: Sequence[int] | None = None
) -> list[dict[str, Any]]:
    """The documents that the text was made from, with `span_facts` where sentences were picked.

    positions: for each document its index among what the adapter was given; by default its own.
    """
    picked = {excerpt.doc_index: span_facts(excerpt) for excerpt in compression.by_document()}
    return [
        {
            "index": index if positions is None else positions[index],
            "id": compression.documents[index].id,
            "metadata": copied(compression.documents[index].metadata),
            **picked.get(index, {}),
        }
        for index in compression.sources
    ]


def summary_facts(
    compression: Compression, positions: Sequence[int] | None = None
) -> dict[str, Any]:
    """What there is to know of a text that was written anew; `positions` as in `source_facts`."""
    return {
        "outcome": compression.outcome.value,
        "sources": source_facts(compression, positions),
        "truncated": compression.truncated,
        "reason": compression.reason,
        "support": [
            {
                "text": sentence.text,
                "start": int(sentence.start),
                "end": int(sentence.end),
                "supported": bool(sentence.supported),
                "unsupported": list(sentence.unsupported),
                "sources": [
                    {
                        "index": source.doc_index
                        if positions is None
                        else positions[source.doc_index],
                        "id": compression.documents[source.doc_index].id,
                        "start": int(source.start),
                        "end": int(source.end),
                        "score": float(source.score),
                        "text": source.text,
                    }
                    for source in sentence.sources
                ],
            }
            for sentence in compression.support
        ],
    }


def copied(value: Any) -> Any:
    """A deep copy; of a dict or list that holds what can't be copied (a lock, a client), a copy
    that shares only that.
    """
    try:
        return copy.deepcopy(value)
    except Exception:
        if type(value) is dict:
            return {key: copied(item) for key, item in value.items()}
        if type(value) is list:
            return [copied(item) for item in value]
        return value
