"""Small examples that were written for this package: their people and places do not exist.

`lighthouse` is a question with six documents, mostly distractors; `bridge` is one in Chinese with
five; `web_page` one about a page of HTML. `questions` are 32 questions with other documents: some
need two of them, some have no answer there, some are in Chinese.
"""

from __future__ import annotations

import json
from importlib.resources import files

from ...types import Document
from .. import Question, question_of


def lighthouse() -> tuple[str, list[Document]]:
    """Load a question with six documents.

    Returns:
        The query and its documents.
    """
    return _example("lighthouse.json")


def bridge() -> tuple[str, list[Document]]:
    """Load a question in Chinese with five documents.

    Returns:
        The query and its documents.
    """
    return _example("bridge_zh.json")


def web_page() -> tuple[str, list[Document]]:
    """Load a question about a web page, whose answer stands in a table.

    Returns:
        The query and one document, the page's HTML.
    """
    text = files(__package__).joinpath("visit.html").read_text(encoding="utf-8")
    return "What does a child pay for the tower and the museum?", [Document(text.strip())]


def questions() -> list[Question]:
    """Load 32 questions with gold answers.

    Returns:
        The questions. `rest["kind"]` says where the answer is: in "one" sentence, in "two" of
        different documents, or in "none". The metadata of a document holds its gold sentences.
    """
    text = files(__package__).joinpath("questions.jsonl").read_text(encoding="utf-8")
    found = []
    for position, line in enumerate(text.splitlines()):
        question = question_of(json.loads(line), position)
        assert isinstance(question, Question), question  # noqa: S101 - the file is ours
        found.append(question)
    return found


def _example(name: str) -> tuple[str, list[Document]]:
    example = json.loads(files(__package__).joinpath(name).read_text(encoding="utf-8"))
    return example["query"], [Document(d["text"], title=d["title"]) for d in example["documents"]]
