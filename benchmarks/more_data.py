"""Measures the effect of more data that people did not mark, and of bigger batches.

It starts from what `ablation.py` left: its questions, its encoder "reader", and more questions of
QED.

    python benchmarks/ablation.py build/reader build/ablation --questions 1000
    python benchmarks/more_data.py build/ablation build/more-data --questions 1000
    python benchmarks/quality.py score marked=build/more-data/marked … --questions 150
    python benchmarks/quality.py report minilm marked self-answers self-blind marked-72 marked-72-lr

All arms train on the reader's records of the ablation and on as many further questions. These are
labelled by people (marked), by the encoder among the sentences that hold an answer (self-answers),
or by the encoder alone where it is sure (self-blind). marked-72 and marked-72-lr train on the first
of these with batches three times as large, the latter with a learning rate √3 times as high.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

import data
import numpy as np
from ablation import SETTINGS
from default_data import dev_passages, dev_questions, records
from quality import task_of
from train_reader import TRAINED_ON

from recomp_core import load_compressor
from recomp_core.training import read_contrastive, train_extractive

ARMS = {
    "marked": {},
    "self-answers": {},
    "marked-72": {"batch_size": 72},
    "self-blind": {},
    "marked-72-lr": {"batch_size": 72, "learning_rate": SETTINGS["learning_rate"] * 3**0.5},
}
# The encoder is sure if its best sentence has this share of a softmax over all sentences of the
# question, at the temperature that it was trained with.
SURE = 0.5
TEMPERATURE = 1 / 20
# A sentence this far below the best, in cosine, is a negative. Nearer ones may be as good.
MARGIN = 0.1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ablation", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--questions", type=int, default=1_000)
    args = parser.parse_args()
    known = [graded(e) for e in read_contrastive(args.ablation / "labels").examples]
    asked = {example["query"] for example in known}
    rows = [
        row for row in data.questions("qed", "train")[TRAINED_ON:] if row["question"] not in asked
    ][-args.questions :]
    more = labelled(rows, args.ablation / "reader")
    for name, own in ARMS.items():
        new = more[name.partition("-72")[0]]
        print(f"{name}: {len(known)} records and {len(new)} more", flush=True)
        settings = {**SETTINGS, "positive_gap": 0.0, **own}
        print(train_extractive(known + new, output=args.folder / name, **settings), flush=True)


def graded(example) -> dict:
    """The reader's record, scored 1 for the positive, 0 for negatives, 0.5 for the rest."""
    score = {example.positive: 1.0, **dict.fromkeys(example.negatives, 0.0)}
    candidates = [
        {"doc_index": c.doc_index, "start": c.start, "end": c.end, "score": score.get(n, 0.5)}
        for n, c in enumerate(example.candidates)
    ]
    documents = [{"text": d.text, "title": d.title} for d in example.documents]
    return record(example.query, example.answers, documents, candidates)


def labelled(rows: list[dict], encoder: Path) -> dict[str, list[dict]]:
    """The records of the same questions, labelled in each of the three ways."""
    compressor, counts = load_compressor(encoder, device="cpu"), Counter()
    marked = list(records(rows, dev_questions(), dev_passages(), counts))
    found: dict[str, list[dict]] = {"marked": [], "self-answers": [], "self-blind": []}
    agree = Counter()
    for known in marked:
        task = task_of({
            "question": known["query"],
            "documents": [data.Document(d["text"], title=d["title"]) for d in known["documents"]],
        })  # fmt: skip
        scores = np.array(compressor.scorer.score([task])[0])
        truth = np.array([c["score"] for c in known["candidates"]])
        judged = {
            "marked": truth,
            "self-answers": by_answers(scores, truth > 0),
            "self-blind": when_sure(scores),
        }
        for name, values in judged.items():
            if values is None or not (values == 1).any() or not (values == 0).any():
                continue
            agree[name] += bool(truth[values.argmax()] == 1)
            candidates = [
                {**c, "score": float(v)} for c, v in zip(known["candidates"], values, strict=True)
            ]
            new = record(known["query"], known["answers"], known["documents"], candidates)
            found[name].append(new)
    for name, new in found.items():
        print(f"{name}: {len(new)} of {len(rows)}, positive marked by people in {agree[name]}")
    return found


def by_answers(scores: np.ndarray, holds: np.ndarray) -> np.ndarray | None:
    """Labels the best sentence with an answer 1, those without an answer 0."""
    if not holds.any():
        return None
    values = np.where(holds, 0.5, 0.0)
    values[np.where(holds, scores, -np.inf).argmax()] = 1.0
    return values


def when_sure(scores: np.ndarray) -> np.ndarray | None:
    """Labels the best sentence 1, those far below it 0; None if the encoder is not sure."""
    shares = np.exp((scores - scores.max()) / TEMPERATURE)
    if 1 / shares.sum() < SURE:
        return None
    values = np.where(scores < scores.max() - MARGIN, 0.0, 0.5)
    values[scores.argmax()] = 1.0
    return values


def record(query: str, answers, documents: list[dict], candidates: list[dict]) -> dict:
    return {
        "query": query,
        "answers": list(answers),
        "documents": documents,
        "kind": "proxy",
        "candidates": candidates,
        "positive": next(c for c in candidates if c["score"] == 1),
        "negatives": [c for c in candidates if c["score"] == 0],
    }


if __name__ == "__main__":
    main()
