"""A compression as plain, JSON-ready facts, which the adapters write into metadata."""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from typing import Any

from ..types import Compression, Excerpt


def span_facts(excerpt: Excerpt) -> dict[str, Any]:
    """Say where the kept sentences of one document stand in it, and their scores.

    Args:
        excerpt: What the document gave.

    Returns:
        "spans", `[start, end]` of each sentence in characters, "scores", and "kinds" unless all
        are sentences of prose: headings and the like came along with what was chosen. "flags" are
        those of `text.injections` that any of them has, and "queries", of several, those that they
        were kept for.
    """
    facts: dict[str, Any] = {
        "spans": [[int(sentence.start), int(sentence.end)] for sentence in excerpt.kept],
        "scores": [float(sentence.score) for sentence in excerpt.kept],
    }
    kinds = [str(sentence.kind) for sentence in excerpt.kept]
    if set(kinds) != {"sentence"}:
        facts["kinds"] = kinds
    if flags := {flag for sentence in excerpt.kept for flag in sentence.flags}:
        facts["flags"] = sorted(flags)
    if queries := {number for sentence in excerpt.kept for number in sentence.queries}:
        facts["queries"] = sorted(queries)
    return facts


def reason_facts(compression: Compression) -> dict[str, Any]:
    """Say what a gate reported, and with which handle `read_dropped` returns what was dropped.

    Args:
        compression: The compression.

    Returns:
        "reason" and "handle", each only where there is one.
    """
    facts = {"reason": compression.reason, "handle": compression.handle}
    return {name: value for name, value in facts.items() if value}


def source_facts(
    compression: Compression, positions: Sequence[int] | None = None
) -> list[dict[str, Any]]:
    """List the documents that the text was made from.

    Args:
        compression: The compression.
        positions: For each document its index among those that the adapter was given; None for
            the same index.

    Returns:
        For each source "index", "id" and "metadata", with `span_facts` where sentences were picked.
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
    """Say all that is known of a summary.

    Args:
        compression: The compression.
        positions: As for `source_facts`.

    Returns:
        "outcome", "sources", "truncated", "reason" and "support", and "handle" where there is one.
    """
    return {
        **({"handle": compression.handle} if compression.handle else {}),
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
    """Copy a value deeply.

    Args:
        value: Anything. Dicts, lists, tuples and pydantic models may hold themselves, and what
            can't be copied, such as a lock or a client.

    Returns:
        A copy that shares only what can't be copied.
    """
    try:
        return copy.deepcopy(value)
    except Exception:  # of another's class
        return _copied_in_parts(value, {})


def remade(model: Any, **changes: Any) -> Any:
    """Make another pydantic model of a model's class, for a text that is not the model's own.

    Its constructor runs, so that nothing is left that was made of the old text: neither private
    attributes nor fields, and keys in fields, that are called a state, an embedding or a vector.

    Args:
        model: The model; it is not changed.
        **changes: The fields that are new.

    Returns:
        The new model, which shares only what can't be copied; None if the class refuses these
        values, or changes them.
    """
    fields = {
        name: copied(_without_derived(value))
        for name, value in model
        if name not in changes and not _DERIVED.search(name)
    }
    try:
        made = type(model)(**fields, **changes)
        kept = all(getattr(made, name) == value for name, value in changes.items())
    except Exception:  # of another's class
        return None
    return made if kept else None


# LangChain's filters keep a text's vector as `state["embedded_doc"]`.
_DERIVED = re.compile("embedding|embedded|vector|^_?state$")


def _without_derived(value: Any) -> Any:
    if type(value) is not dict:
        return value
    return {
        key: item
        for key, item in value.items()
        if not (isinstance(key, str) and _DERIVED.search(key))
    }


def _copied_in_parts(value: Any, seen: dict[int, Any]) -> Any:
    """A copy of what `deepcopy` does not copy as a whole."""
    if id(value) in seen:
        return seen[id(value)]
    copy_of: Any = value
    try:
        if type(value) is dict:
            copy_of = seen[id(value)] = {}
            for key, item in value.items():
                copy_of[key] = _copied_in_parts(item, seen)
        elif type(value) is list:
            copy_of = seen[id(value)] = []
            for item in value:
                copy_of.append(_copied_in_parts(item, seen))
        elif type(value) is tuple:
            copy_of = tuple(_copied_in_parts(item, seen) for item in value)
        elif hasattr(value, "model_copy"):
            copy_of = seen[id(value)] = value.model_copy()
            for name in ("__dict__", "__pydantic_extra__", "__pydantic_private__"):
                state = getattr(value, name, None)
                if state is not None:
                    object.__setattr__(copy_of, name, _copied_in_parts(state, seen))
        else:
            copy_of = copy.deepcopy(value)
    except Exception:  # it can't be copied, or is nested too deeply
        copy_of = value
    seen[id(value)] = copy_of
    return copy_of
