"""Small examples, written for this package: their people and places do not exist.

`lighthouse`: a question and six documents, mostly distractors. `questions`: 32 questions over other
documents, some of which need two of them, some of which have no answer there, some in Chinese.
"""

from __future__ import annotations

import json
from importlib.resources import files

from ...types import Document
from .. import Question, question_of


def lighthouse() -> tuple[str, list[Document]]:
    """The query and its documents."""
    text = files(__package__).joinpath("lighthouse.json").read_text(encoding="utf-8")
    example = json.loads(text)
    return example["query"], [Document(d["text"], title=d["title"]) for d in example["documents"]]


def questions() -> list[Question]:
    """Questions with gold answers, and gold sentences in the metadata of their documents.

    `rest["kind"]` says where the answer stands: in "one" sentence, in "two" of different documents,
    or, with "none", in no document.
    """
    text = files(__package__).joinpath("questions.jsonl").read_text(encoding="utf-8")
    found = []
    for position, line in enumerate(text.splitlines()):
        question = question_of(json.loads(line), position)
        assert isinstance(question, Question), question  # noqa: S101 - the file is ours
        found.append(question)
    return found
