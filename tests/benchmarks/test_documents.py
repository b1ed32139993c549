"""The benchmark of messy documents: what its marks say is true.

The texts of `heldback.jsonl` are never shown, not even by a failing test: nobody works on them.
"""

import json
from collections import Counter
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks" / "documents"
FILES = {name: FOLDER / f"{name}.jsonl" for name in ("dev", "heldback")}


def read(name):
    if not FILES[name].is_file():
        pytest.skip(f"there is no {name}.jsonl")
    rows = FILES[name].read_text(encoding="utf-8").splitlines()
    return [json.loads(row) for row in rows if row.strip()]


def flat(text):
    return " ".join(text.split())


def wrong_marks(entry):
    """The numbers of the questions whose marks are not in the documents, and what is wrong."""
    texts = [document["text"] for document in entry["documents"]]
    readable = flat(" ".join(f"{d['title'] or ''} {d['text']}" for d in entry["documents"]))
    for number, question in enumerate(entry["questions"]):
        evidence = question["evidence"]
        if not evidence or not question["answers"]:
            yield number, "nothing marked"
        if any(each["text"] not in texts[each["document"]] for each in evidence):
            yield number, "evidence"
        for what in ("answers", "also"):
            if any(flat(each) not in readable for each in question.get(what, ())):
                yield number, what


@pytest.mark.parametrize("name", FILES)
def test_every_mark_stands_in_the_documents(name):
    wrong = {entry["id"]: list(wrong_marks(entry)) for entry in read(name)}
    assert not {entry: found for entry, found in wrong.items() if found}


@pytest.mark.parametrize("name", FILES)
def test_a_tenth_leaves_room_for_every_answer(name):
    tight = []
    for entry in read(name):
        size = sum(len(document["text"]) for document in entry["documents"])
        for number, question in enumerate(entry["questions"]):
            if sum(len(each["text"]) for each in question["evidence"]) >= 0.08 * size:
                tight.append((entry["id"], number))
    assert not tight


def test_a_wrong_mark_is_found():
    question = {"answers": ["blue"], "evidence": [{"document": 0, "text": "It is red."}]}
    entry = {"documents": [{"title": None, "text": "It is red."}], "questions": [question]}
    assert list(wrong_marks(entry)) == [(0, "answers")]
    question.update(answers=["red"], also=["The kettle"])
    assert list(wrong_marks(entry)) == [(0, "also")]
    entry["documents"][0]["title"] = "The kettle"
    assert not list(wrong_marks(entry))


def test_the_numbers_are_as_promised():
    dev, heldback = read("dev"), read("heldback")
    for entries in (dev, heldback):
        assert len({entry["format"] for entry in entries}) >= 15
        assert len({entry["lang"] for entry in entries}) >= 6
    both = [*dev, *heldback]
    assert all(count == 1 for count in Counter(entry["id"] for entry in both).values())
    assert sum(len(entry["documents"]) for entry in both) >= 60
    assert sum(len(entry["questions"]) for entry in both) >= 250


def test_no_document_is_in_both_files():
    texts = [{flat(d["text"]) for e in read(name) for d in e["documents"]} for name in FILES]
    assert len(texts[0] & texts[1]) == 0
