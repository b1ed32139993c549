"""Makes the training data of the bundled encoder, in the labelling format.

Questions and passages that also occur in the dev sets are removed.

    python benchmarks/default_data.py build/default-data

A sentence scores 1 if people marked it as evidence (QED, SelQA, HotpotQA, 2WikiMultihopQA) or, in
sets without such marks (MuSiQue, CMRC 2018, DRCD), if it holds the answer in the gold document. It
scores 0.5 if it holds the answer elsewhere, which makes it neither positive nor negative, and 0
otherwise. A question with evidence in two documents also appears with one of the two sentences
appended; the positive is then the other sentence.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import data

from recomp_core.text.answers import contains_answer, normalize_answer
from recomp_core.text.splitting import SentenceSplitter
from recomp_core.types import Document

# The most questions of each set (None: all), and how often each occurs in an epoch.
TAKEN = {
    "qed": (None, 1), "selqa": (1_200, 1), "hotpotqa": (None, 3), "2wiki": (None, 1),
    "musique": (None, 2), "cmrc2018": (1_000, 1), "drcd": (1_000, 1),
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    seen = dev_questions(), dev_passages()
    drawn, counts, lines = random.Random(args.seed), Counter(), []
    for name, (most, times) in TAKEN.items():
        rows = data.questions(name, "train", documents=20 if name == "musique" else 10)
        drawn.shuffle(rows)
        kept = list(records(rows, *seen, counts))[:most]
        counts[f"questions of {name}"] = len(kept)
        hops = [hop for record in kept for hop in second_hops(record)]
        counts[f"second hops of {name}"] = len(hops)
        lines += [json.dumps(r, ensure_ascii=False) + "\n" for r in kept * times + hops]
    drawn.shuffle(lines)
    (args.folder / "examples.jsonl").write_text("".join(lines), encoding="utf-8")
    for what, n in counts.items():
        print(f"{what}: {n}")
    print(f"records: {len(lines)}")


def records(
    rows: list[dict], questions: set[str], passages: set[str], counts: Counter
) -> Iterator[dict]:
    for row in rows:
        if normalize_answer(row["question"]) in questions:
            counts["questions that a dev set has too: removed"] += 1
            continue
        documents = [d for d in row["documents"] if normalize_answer(d.text) not in passages]
        counts["passages of a dev set's gold documents: removed"] += len(row["documents"]) - len(
            documents
        )
        if record := record_of(row, documents):
            yield record
        else:
            counts["questions without a positive left: removed"] += 1


def record_of(row: dict, documents: list[Document]) -> dict | None:
    splitter = SentenceSplitter()
    candidates = []
    for doc_index, document in enumerate(documents):
        marked = [key(s) for s in document.metadata.get("gold_sentences") or () if key(s)]
        found = []
        for start, end in splitter.split(document.text):
            text = document.text[start:end]
            score = 1.0 if is_marked(text, marked) else 0.5 * contains_answer(text, row["answers"])
            found.append({"doc_index": doc_index, "start": start, "end": end, "score": score})
        if document.metadata.get("is_gold") and not any(c["score"] == 1 for c in found):
            for candidate in found:  # without marked evidence, the answer marks it
                candidate["score"] = 2 * candidate["score"]
        candidates += found
    positives = [c for c in candidates if c["score"] == 1]
    negatives = [c for c in candidates if c["score"] == 0]
    if not positives or not negatives:
        return None
    return {
        "id": row["id"],
        "query": row["question"],
        "answers": row["answers"],
        "documents": [{"text": d.text, "title": d.title} for d in documents],
        "kind": "proxy",
        "candidates": candidates,
        "positive": positives[0],
        "negatives": negatives,
    }


def second_hops(record: dict) -> Iterator[dict]:
    """If two documents hold evidence: the question with one sentence, asking for the other."""
    positives = [c for c in record["candidates"] if c["score"] == 1]
    first = {c["doc_index"]: c for c in reversed(positives)}
    if len(first) != 2:
        return
    for known, wanted in (tuple(first.values()), tuple(reversed(first.values()))):
        text = record["documents"][known["doc_index"]]["text"][known["start"] : known["end"]]
        others = [c for c in record["candidates"] if c["doc_index"] != known["doc_index"]]
        negatives = [c for c in others if c["score"] == 0]
        if negatives:
            yield {
                **record,
                "id": f"{record['id']}/{known['doc_index']}",
                "query": f"{record['query']}\n{text}",
                "candidates": others,
                "positive": wanted,
                "negatives": negatives,
            }


def is_marked(text: str, marked: list[str]) -> bool:
    """Whether people marked this sentence, even if they split the text elsewhere."""
    own = key(text)
    return any(
        own == one or (len(own) > 15 and own in one) or (len(one) > 15 and one in own)
        for one in marked
    )


def key(text: str) -> str:
    return "".join(c for c in text.lower() if c.isalnum())


def dev_questions() -> set[str]:
    return {normalize_answer(r["question"]) for name in data.QA_SETS for r in data.questions(name)}


def dev_passages() -> set[str]:
    """The gold passages of the dev sets."""
    return {
        normalize_answer(d.text)
        for name in data.QA_SETS
        for row in data.questions(name, documents=10)
        for d in row["documents"]
        if d.metadata.get("is_gold")
    }


if __name__ == "__main__":
    main()
