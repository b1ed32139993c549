"""Writes the training questions that a language model has not scored yet, for `recomp label`.

    python benchmarks/questions_to_label.py build/labels --model smollm2
    recomp label contrastive build/labels/part0.jsonl -o build/labels/out \\
        --model build/labels/smollm2

Each question has all its gold documents, and others up to eight: a model that reads each sentence
alone needs half a minute for a question of MuSiQue with twenty. --parts makes a file for each
process, and --model unpacks the model that is to read them.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator
from pathlib import Path

import data
from default_data import dev_passages, dev_questions
from reader_models import READERS, load

from recomp_core.text.answers import normalize_answer

DOCUMENTS = 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sets", nargs="+", default=["musique", "musique_more", "hotpotqa"])
    parser.add_argument("--parts", type=int, default=1)
    parser.add_argument("--model", choices=READERS)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    found = [record for name in args.sets for record in to_label(name)]
    random.Random(args.seed).shuffle(found)  # what a killed run has done is a fair sample
    args.folder.mkdir(parents=True, exist_ok=True)
    for part in range(args.parts):
        lines = [json.dumps(r, ensure_ascii=False) + "\n" for r in found[part :: args.parts]]
        (args.folder / f"part{part}.jsonl").write_text("".join(lines), encoding="utf-8")
    print(f"questions: {len(found)}")
    if args.model:
        load(args.model, args.folder)


def to_label(name: str) -> Iterator[dict]:
    """The questions of a set that no dev set has, in the format that labelling reads.

    An ID begins with the set's name: `default_data.py --labels` finds the question by it.
    """
    for row in data.questions(name, "train", documents=20):
        if not row["answers"] or normalize_answer(row["question"]) in dev_questions():
            continue
        allowed = [d for d in row["documents"] if normalize_answer(d.text) not in dev_passages()]
        gold = [d for d in allowed if d.metadata.get("is_gold") or d.metadata.get("gold_sentences")]
        others = [d for d in allowed if d not in gold]
        if gold:
            yield {
                "id": f"{name}/{row['id']}",
                "query": row["question"],
                "answers": row["answers"][:1],
                "documents": [
                    {"title": d.title, "text": d.text}
                    for d in [*gold, *others[: max(0, DOCUMENTS - len(gold))]]
                ],
            }


if __name__ == "__main__":
    main()
