"""The code of the documentation that people will copy, run as it stands."""

import json
import re
from pathlib import Path

import pytest
import tiny_causal

DOCS = Path(__file__).parents[2] / "docs"
ROWS = [
    {
        "id": f"r{n}",
        "query": f"who built tower {n}?",
        "answers": ["Ada Reyes"],
        "documents": [f"Tea is at four. Ada Reyes built tower {n}."],
    }
    for n in range(5)
]


@pytest.fixture
def recipe():
    text = (DOCS / "distributed.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"runs this block -->\n```python\n(.*?)```", text, re.DOTALL)
    names = {}
    exec(compile(block, "distributed.md", "exec"), names)
    return names


def over_partitions(function, settings):
    """As Spark and Dask do it: each partition is an iterator."""
    return [row for part in (ROWS[:2], ROWS[2:]) for row in function(iter(part), settings)]


@pytest.mark.model
def test_compressing_partitions(recipe, embedded):
    rows = over_partitions(recipe["compress_partition"], {"top_k": 1, "device": "cpu"})
    assert [row["id"] for row in rows] == [row["id"] for row in ROWS]
    expected = [embedded.compress(row["query"], row["documents"]) for row in ROWS]
    for row, compression in zip(rows, expected, strict=True):
        assert row["text"] == compression.kept[0].text or len(compression.kept) != 1
        assert row["error"] is None
    assert len(recipe["_workers"]) == 1


@pytest.mark.model
def test_labelling_partitions(recipe, tmp_path):
    tiny_causal.model("llama").save_pretrained(tmp_path)
    tiny_causal.tokenizer("byte-level").save_pretrained(tmp_path)
    settings = {
        "builder": "distillation",
        "scorer": {"scorer": "causal", "model": str(tmp_path), "device": "cpu"},
    }
    rows = over_partitions(recipe["label_partition"], settings)
    assert [row["id"] for row in rows] == [row["id"] for row in ROWS]
    assert {row["status"] for row in rows} == {"example"}
    assert "target" in json.loads(rows[0]["record"])


@pytest.mark.model
def test_a_row_that_fails_says_so(recipe, embedded):
    (row,) = recipe["compress_partition"]([{"id": "x", "query": "", "documents": []}], {"top_k": 1})
    assert row["text"] is None
    assert "query" in row["error"]
