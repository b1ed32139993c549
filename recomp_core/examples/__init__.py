"""A small example, written for this package: a question and six documents, mostly distractors."""

from __future__ import annotations

import json
from importlib.resources import files

from ..types import Document


def lighthouse() -> tuple[str, list[Document]]:
    """The query and its documents."""
    text = files(__package__).joinpath("lighthouse.json").read_text(encoding="utf-8")
    example = json.loads(text)
    return example["query"], [Document(d["text"], title=d["title"]) for d in example["documents"]]
