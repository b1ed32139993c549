"""What do more data that nobody marked, and bigger batches, bring? From the start that
`ablation.py` left: its questions, its encoder "reader", and other questions of QED.

    python benchmarks/ablation.py build/reader build/ablation --questions 1000
    python benchmarks/more_data.py build/ablation build/more-data --questions 1000
    python benchmarks/quality.py score marked=build/more-data/marked … --questions 150
    python benchmarks/quality.py report minilm marked self-answers self-blind marked-72 marked-72-lr

All arms learn from the reader's records of the ablation and from as many questions more, which are
labelled by people (marked), by the encoder among the sentences that hold an answer (self-answers),
or by the encoder alone where it is sure (self-blind). marked-72 and marked-72-lr learn from the
first of these in batches three times as big, the latter at a rate √3 times as high.
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
# The encoder is sure of its best sentence when that has this share of a softmax over all of the
# question's sentences, at the temperature that it was trained with.
SURE = 0.5
TEMPERATURE = 1 / 20
# What is this far below the best, in cosine, is a negative. Nearer ones may be as good.
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
    """A record of the reader, its scores replaced by what they were read as: 1 for the positive,
    0 for a negative, 0.5 for what is neither.
    """
    score = {example.positive: 1.0, **dict.fromkeys(example.negatives, 0.0)}
    candidates = [
        {"doc_index": c.doc_index, "start": c.start, "end": c.end, "score": score.get(n, 0.5)}
        for n, c in enumerate(example.candidates)
    ]
    documents = [{"text": d.text, "title": d.title} for d in example.documents]
    return record(example.query, example.answers, documents, candidates)


def labelled(rows: list[dict], encoder: Path) -> dict[str, list[dict]]:
    """The records of the same questions by each of the three judges."""
    compressor, told = load_compressor(encoder, device="cpu"), Counter()
    marked = list(records(rows, dev_questions(), dev_passages(), told))
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
    """The best of the sentences that hold an answer is wanted, those without one are not."""
    if not holds.any():
        return None
    values = np.where(holds, 0.5, 0.0)
    values[np.where(holds, scores, -np.inf).argmax()] = 1.0
    return values


def when_sure(scores: np.ndarray) -> np.ndarray | None:
    """The best sentence is wanted, those far below it are not; None where the best is doubtful."""
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
