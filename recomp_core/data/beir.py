"""Reads questions from a folder in BEIR's layout.

corpus.jsonl    {"_id", "title", "text"}
queries.jsonl   {"_id", "text", "answers" or "metadata": {"answers"}}
qrels/test.tsv  query-id, corpus-id, score, with a heading
run.trec        optional results of a retriever: query-id Q0 corpus-id rank score tag
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .._utils.jsonl import described, from_line
from .question import EXCERPT, BadRecord, Question, question_of

_SPLITS = ("test", "dev", "train")


def read_beir(folder: Path) -> Iterator[Question | BadRecord]:
    """Read the queries of a BEIR data set with their documents.

    The documents come from `run.trec`. Without it they are the relevant ones of the first split
    among test, dev and train. Only their texts are held in memory.

    Args:
        folder: The folder.

    Yields:
        One question per query, in order; a `BadRecord` for a broken one.

    Raises:
        ValueError: A file of the data set is missing, or a line has another form.
    """
    corpus, queries = folder / "corpus.jsonl", folder / "queries.jsonl"
    judged = [folder / "qrels" / f"{split}.tsv" for split in _SPLITS]
    run = folder / "run.trec"
    sources = [path for path in (run, *judged) if path.is_file()]
    if not corpus.is_file() or not queries.is_file() or not sources:
        raise ValueError(
            f"{folder} is no BEIR data set: it needs corpus.jsonl, queries.jsonl and either "
            "run.trec or qrels/test.tsv; for other data pass the path of a JSONL file"
        )
    return _questions(corpus, queries, sources[0], is_run=sources[0] == run)


def _questions(
    corpus: Path, queries: Path, source: Path, *, is_run: bool
) -> Iterator[Question | BadRecord]:
    found = _run(source) if is_run else _judgements(source)
    wanted = {identity for ranked in found.values() for identity in ranked}
    texts = {row["_id"]: row for row in _rows(corpus) if row["_id"] in wanted}
    for position, row in enumerate(_rows(queries)):
        if row["_id"] in found:
            yield _question(row, found[row["_id"]], texts, position)


def _question(
    row: Mapping[str, Any], ranked: list[str], texts: Mapping[str, Any], position: int
) -> Question | BadRecord:
    try:
        metadata = dict(row.get("metadata") or {})
        documents = [
            {"id": identity, "title": texts[identity].get("title"), "text": texts[identity]["text"]}
            for identity in ranked
            if identity in texts
        ]
        answers = row.get("answers", metadata.get("answers", metadata.get("answer")))
        record = {
            "id": row["_id"], "query": row["text"], "answers": answers, "documents": documents,
        }  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        return BadRecord(row["_id"], described(error), repr(row)[:EXCERPT])
    return question_of(record, position)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            try:
                row = from_line(line)
                row["_id"] = str(row["_id"])
            except (ValueError, KeyError, TypeError) as error:
                raise ValueError(f"line {number} of {path} is no BEIR record: {error}") from error
            yield row


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Names the file in an error about one of its lines."""
    try:
        yield
    except (ValueError, IndexError, csv.Error) as error:
        raise ValueError(f"{path} is not as BEIR writes it: {error}") from error


def _judgements(path: Path) -> dict[str, list[str]]:
    """The ids of each query's relevant documents, the most relevant first."""
    judged: dict[str, list[tuple[float, str]]] = defaultdict(list)
    with _told(path), path.open(encoding="utf-8", newline="") as stream:
        for row in csv.reader(stream, delimiter="\t"):
            if len(row) == 3 and row[2] != "score" and float(row[2]) > 0:
                judged[row[0]].append((-float(row[2]), row[1]))
    return {
        query: [identity for _, identity in sorted(rows, key=lambda row: row[0])]
        for query, rows in judged.items()
    }


def _run(path: Path) -> dict[str, list[str]]:
    """The ids of each query's retrieved documents, by rank."""
    found: dict[str, list[tuple[int, str]]] = defaultdict(list)
    with _told(path), path.open(encoding="utf-8") as stream:
        for line in stream:
            if fields := line.split():
                found[fields[0]].append((int(fields[3]), fields[2]))
    return {query: [identity for _, identity in sorted(rows)] for query, rows in found.items()}
