"""What an encoder wants to have put before queries and documents.

A checkpoint says it in `config_sentence_transformers.json`. Several well-known ones do not, though
their model cards demand it; those are recognised by their names.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..._utils.files import CONFIG_FILE

logger = logging.getLogger(__name__)

E5_PROMPTS: Mapping[str, str] = {"query": "query: ", "document": "passage: "}
"""What the encoders of the E5 family read queries and passages after."""

_ENGLISH = {"query": "Represent this sentence for searching relevant passages: "}
_CHINESE = {"query": "为这个句子生成表示以用于检索相关文章："}
_NOMIC = {"query": "search_query: ", "document": "search_document: "}
# Owner and name on the hub, and what goes before a text. As the model cards say it; looked up in
# November 2026. Left out are models whose own config says it (Qwen3-Embedding, Arctic 2.0), that
# need nothing (GTE, bge-m3), or that run code of their own (Jina).
_FAMILIES: tuple[tuple[str, str, Mapping[str, str]], ...] = (
    # huggingface.co/intfloat/multilingual-e5-small, FAQ; not those that take an instruction
    ("intfloat", r"(multilingual-)?e5-(small|base|large)(-v2|-unsupervised)?", E5_PROMPTS),
    # github.com/FlagOpen/FlagEmbedding, the table of models
    ("baai", r"bge-(small|base|large)-en(-v1\.5)?", _ENGLISH),
    ("baai", r"bge-(small|base|large)-zh(-v1\.5)?", _CHINESE),
    # huggingface.co/mixedbread-ai/mxbai-embed-large-v1
    ("mixedbread-ai", r"mxbai-embed-large-v1", _ENGLISH),
    # huggingface.co/Snowflake/snowflake-arctic-embed-m
    ("snowflake", r"snowflake-arctic-embed-(xs|s|m|l|m-long|m-v1\.5)", _ENGLISH),
    # huggingface.co/nomic-ai/nomic-embed-text-v1.5, "task instruction prefixes"
    ("nomic-ai", r"nomic-embed-text-v1(\.5)?", _NOMIC),
)
_SNAPSHOT = re.compile(r"models--([^/\\]+?)--([^/\\]+)[/\\]snapshots[/\\][^/\\]+[/\\]?$")
_LONGEST = 2_000  # characters; an instruction is a sentence


def choose_prompts(
    given: Mapping[str, str] | None, stated: Any, place: str | None
) -> dict[str, str]:
    """Choose what is put before queries and documents, and log it.

    Args:
        given: What the user wants, "query" and "document"; {} for nothing, None for no wish.
        stated: What the checkpoint's files say under `prompts`.
        place: The folder or hub name, to recognise a well-known model; None where it tells nothing.

    Returns:
        The texts by role, "query" and "document". An empty one is left out.

    Raises:
        ValueError: `stated` has another form.
    """
    if given is not None:
        return {role: text for role, text in given.items() if text}
    prompts = by_role(stated)
    source = "its files say so"
    if not prompts and place is not None:
        prompts, source = known_prompts(place), "models of its family need it"
    for role, text in prompts.items():
        logger.info("%r is put before each %s of %s: %s", text, role, place, source)
    return prompts


def by_role(stated: Any) -> dict[str, str]:
    """Read prompts as sentence-transformers writes them.

    Args:
        stated: Texts by name. That of documents may be called "passage" or "corpus" instead.

    Returns:
        The texts by role, "query" and "document". An empty one is left out.

    Raises:
        ValueError: It has another form.
    """
    if not isinstance(stated or {}, Mapping):
        raise ValueError("prompts must be texts by name")
    named = stated or {}
    texts = {
        "query": named.get("query"),
        "document": named.get("document") or named.get("passage") or named.get("corpus"),
    }
    return {role: check_prompt(role, text) for role, text in texts.items() if text}


def check_prompts(name: str, prompts: object) -> None:
    """Check prompts that a user gave or a folder kept.

    Args:
        name: The setting's name, for the error.
        prompts: The prompts.

    Raises:
        ValueError: They are no short texts by "query" and "document".
    """
    if not isinstance(prompts, Mapping) or not set(prompts) <= {"query", "document"}:
        raise ValueError(
            f'{name} must be like {{"query": "query: ", "document": "passage: "}}, or {{}} for '
            f"nothing, got {prompts!r}"[:300]
        )
    for role, text in prompts.items():
        check_prompt(role, text)


def check_prompt(role: str, text: object) -> str:
    """Check one prompt.

    Args:
        role: What it is put before, for the error.
        text: The prompt.

    Returns:
        The prompt itself.

    Raises:
        ValueError: It is no string, or too long for one.
    """
    if not isinstance(text, str) or len(text) > _LONGEST:
        raise ValueError(f"the prompt of {role} must be a text of at most {_LONGEST} characters")
    return text


def known_prompts(place: str) -> dict[str, str]:
    """Find the prompts of a well-known model by its name.

    Args:
        place: A hub name, or a folder that is called like the model. In a folder that this package
            saved, its own settings decide.

    Returns:
        The texts by role; {} for any other model.
    """
    if (Path(place) / CONFIG_FILE).is_file():
        return {}
    snapshot = _SNAPSHOT.search(place)
    if snapshot:
        owner, name = snapshot.groups()
    elif os.path.isdir(place):
        owner, name = None, Path(place).resolve().name
    else:
        owner, _, name = place.partition("/")
    for family_owner, pattern, prompts in _FAMILIES:
        theirs = owner is None or owner.lower() == family_owner
        if theirs and re.fullmatch(pattern, name.lower()):
            return dict(prompts)
    return {}
