"""The training data of the encoder that ships: records of the labelling format from the training
sets, with questions and passages that also occur in the dev sets taken out.

    python benchmarks/default_data.py build/default-data

What a sentence is worth is told by people where they marked the evidence (QED, SelQA, HotpotQA,
2WikiMultihopQA), by where the answer stands in the gold document elsewhere (MuSiQue, CMRC 2018,
DRCD): 1 for such a sentence, 0.5 for another one that holds the answer, which is neither positive
nor negative, 0 for the rest. Questions with evidence in two documents also come with one of the two
sentences written under the question: what is then wanted is the other.
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

# Questions taken of each set, and how often each comes up in an epoch.
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
    drawn, told, lines = random.Random(args.seed), Counter(), []
    for name, (most, times) in TAKEN.items():
        rows = data.questions(name, "train", documents=20 if name == "musique" else 10)
        drawn.shuffle(rows)
        kept = list(records(rows, *seen, told))[:most]
        told[f"questions of {name}"] = len(kept)
        hops = [hop for record in kept for hop in second_hops(record)]
        told[f"second hops of {name}"] = len(hops)
        lines += [json.dumps(r, ensure_ascii=False) + "\n" for r in kept * times + hops]
    drawn.shuffle(lines)
    (args.folder / "examples.jsonl").write_text("".join(lines), encoding="utf-8")
    for what, n in told.items():
        print(f"{what}: {n}")
    print(f"records: {len(lines)}")


def records(
    rows: list[dict], questions: set[str], passages: set[str], told: Counter
) -> Iterator[dict]:
    for row in rows:
        if normalize_answer(row["question"]) in questions:
            told["questions that a dev set has too: removed"] += 1
            continue
        documents = [d for d in row["documents"] if normalize_answer(d.text) not in passages]
        told["passages of a dev set's gold documents: removed"] += len(row["documents"]) - len(
            documents
        )
        if record := record_of(row, documents):
            yield record
        else:
            told["questions without a positive left: removed"] += 1


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
            for candidate in found:  # nobody marked the evidence: the answer marks it
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
    """Where the evidence lies in two documents: the question with the sentence of one of them asks
    for that of the other.
    """
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
    """Whether people marked this sentence, however they split the text."""
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
