"""Compares training on a reader's scores with training on where the answer stands.

The questions are those of QED on which the reader of `train_reader.py` was not trained. They are
labelled in two ways, and an encoder is trained in three.

    python benchmarks/train_reader.py build/reader
    python benchmarks/ablation.py build/reader build/ablation --questions 1000
    python benchmarks/quality.py score containment=build/ablation/containment … --questions 150
    python benchmarks/quality.py report minilm containment reader reader-listwise

containment       every sentence with the answer is a positive, every other one a negative
reader            the sentence with the highest reader score is the positive; those that score lower
                  by more than 0.5 are the negatives
reader-listwise   the encoder learns the reader's scores themselves
"""

from __future__ import annotations

import argparse
from pathlib import Path

import data
from train_reader import TRAINED_ON

from recomp_core import BM25Scorer, load_compressor
from recomp_core.labelling import Question, ReaderScorer, build_contrastive_examples
from recomp_core.text.answers import contains_answer
from recomp_core.training import train_extractive

SETTINGS = {
    "base": "minilm", "context": "document", "similarity_fn_name": "cosine", "lora": "rank=32",
    "dropout": False, "batch_size": 24, "learning_rate": 5e-4, "epochs": 1, "held_out": 0,
    "evals": 1, "seed": 1,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("reader", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--questions", type=int, default=1_000)
    args = parser.parse_args()
    rows = data.questions("qed", "train", n=TRAINED_ON + args.questions)[TRAINED_ON:]
    questions = [
        Question(row["id"], row["question"], tuple(row["answers"]), tuple(row["documents"]))
        for row in rows
    ]
    labelled = build_contrastive_examples(
        questions,
        ReaderScorer.from_pretrained(args.reader, device="cpu"),
        BM25Scorer(),  # all negatives are taken, so their order does not matter
        epsilon=0.5,
        num_negatives=200,
        output=args.folder / "labels",
        batch_questions=32,
    )
    read = labelled.examples
    contained = [record for example in read if (record := by_containment(example))]
    print(f"{labelled}\n{len(read)} by the reader, {len(contained)} by containment", flush=True)
    for name, examples, own in (
        ("containment", contained, {"positive_gap": 0.0}),
        ("reader", read, {}),
        ("reader-listwise", read, {"loss": "listwise", "teacher_temperature": 2.0}),
    ):
        result = train_extractive(examples, output=args.folder / name, **{**SETTINGS, **own})
        print(f"{name}: {result}", flush=True)
        load_compressor(args.folder / name)


def by_containment(example: dict) -> dict | None:
    """The same question and candidates, labelled by whether they contain the answer."""
    texts = [example["documents"][c["doc_index"]]["text"] for c in example["candidates"]]
    candidates = [
        {
            **{name: c[name] for name in ("doc_index", "start", "end")},
            "score": float(contains_answer(text[c["start"] : c["end"]], example["answers"])),
        }
        for c, text in zip(example["candidates"], texts, strict=True)
    ]
    positives = [c for c in candidates if c["score"] == 1]
    negatives = [c for c in candidates if c["score"] == 0]
    if not positives or not negatives:
        return None
    return {
        **example,
        "kind": "proxy",
        "candidates": candidates,
        "positive": positives[0],
        "negatives": negatives,
    }


if __name__ == "__main__":
    main()
