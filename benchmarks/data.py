"""Reads the question-answering sets of the benchmarks, which are not part of the project."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path

from recomp_core import Document

DATA = Path(os.environ.get("RECOMP_DATA", Path(__file__).parents[2] / "shared" / "data"))

QA_SETS = (
    "nq_open", "hotpotqa", "2wiki", "musique", "expmrc_squad", "xquad_multi",
    "cmrc2018", "expmrc_cmrc", "drcd",
)  # fmt: skip


def questions(
    name: str, split: str = "dev", *, n: int | None = None, documents: int = 5
) -> list[dict]:
    """The first `n` questions: {"question", "answers", "documents": [Document, …]}.

    MuSiQue's questions keep all twenty documents, because its answers are spread over them.
    """
    rows = []
    for row in rows_of(name, split):
        if n is not None and len(rows) >= n:
            break
        row["documents"] = [
            Document(
                d["text"],
                title=d["title"] or None,
                metadata={key: d[key] for key in ("is_gold", "gold_sentences") if key in d},
            )
            for d in row["documents"][: None if name == "musique" else documents]
        ]
        rows.append(row)
    return rows


def rows_of(name: str, split: str = "dev") -> Iterator[dict]:
    """The rows of a set as they are."""
    return _lines(DATA / split / f"{name}.jsonl.gz")


def available() -> bool:
    return (DATA / "dev" / "nq_open.jsonl.gz").is_file()


def _lines(path: Path) -> Iterator[dict]:
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not there: set RECOMP_DATA to the folder of the data")
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        for line in stream:
            yield json.loads(line)
