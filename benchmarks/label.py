"""Makes both kinds of labels offline.

The span reader of `train_reader.py` gives the scores. Gold sentences and those with the highest
scores are the teacher's summaries. The questions are those of QED on which the reader was not
trained, with their first five retrieved passages.

    python benchmarks/train_reader.py build/reader
    python benchmarks/label.py build/reader build/labels
"""

from __future__ import annotations

import argparse
import json
import random
import time
from pathlib import Path

from data import questions
from train_reader import TRAINED_ON

from recomp_core import load_compressor
from recomp_core.labelling import (
    ExtractiveTeacher,
    LabelledData,
    Question,
    ReaderScorer,
    build_contrastive_examples,
    build_distillation_examples,
)
from recomp_core.text.answers import contains_answer


def read_questions(n: int | None) -> list[Question]:
    rows = questions("qed", "train", n=None if n is None else TRAINED_ON + n)[TRAINED_ON:]
    return [
        Question(row["id"], row["question"], tuple(row["answers"]), tuple(row["documents"]))
        for row in rows
    ]


def print_report(name: str, data: LabelledData) -> None:
    report = data.report
    print(
        f"\n{name}: {report.questions} questions in {report.seconds:.0f} s "
        f"({report.questions / report.seconds:.1f} a second; done before: {report.done_before}), "
        f"{report.requests:,} contexts read by the model, {report.input_tokens:,} tokens\n"
        f"  {report}"
    )


def contrastive(scorer: ReaderScorer, rows: list[Question], folder: Path, epsilon: float) -> None:
    data = build_contrastive_examples(
        rows, scorer, load_compressor("minilm", device="cpu"), epsilon=epsilon, output=folder,
        batch_questions=32,
    )  # fmt: skip
    print_report("contrastive", data)
    examples = data.examples
    holds = sum(contains_answer(e["positive"]["text"], e["answers"]) for e in examples)
    gold = {
        row.query: {s for d in row.documents for s in d.metadata.get("gold_sentences") or ()}
        for row in rows
    }
    with_gold = [e for e in examples if gold[e["query"]]]
    is_gold = sum(e["positive"]["text"] in gold[e["query"]] for e in with_gold)
    ambiguous, right, by_chance = 0, 0, 0.0
    for example in examples:
        texts = [_text(example, place) for place in example["candidates"]]
        texts = [text for text in texts if contains_answer(text, example["answers"])]
        marked = sum(text in gold[example["query"]] for text in texts)
        if len(texts) > 1 and marked:
            ambiguous += 1
            right += example["positive"]["text"] in gold[example["query"]]
            by_chance += marked / len(texts)
    best_by_encoder = sum(
        contains_answer(max(_chosen(e), key=lambda c: c["similarity"])["text"], e["answers"])
        for e in examples
    )
    negatives = [len(e["negatives"]) for e in examples]
    print(
        f"  a sentence helps: {len(examples)} of {data.report.questions}\n"
        f"  the argmax sentence contains the answer: {holds} of {len(examples)}\n"
        f"  a person marked it: {is_gold} of {len(with_gold)} where some were retrieved\n"
        f"  where several contain the answer and a person marked one: {right} of {ambiguous} are "
        f"marked, by chance {by_chance:.0f}\n"
        f"  of positive and negatives the encoder's nearest contains it: {best_by_encoder}\n"
        f"  negatives a question: {sum(negatives) / len(negatives):.2f}, none: {negatives.count(0)}"
    )
    for example in random.Random(7).sample(examples, min(20, len(examples))):
        print(f"\n  {example['query']}  → {example['answers']}")
        print(f"  + {example['positive']['score']:7.3f} {example['positive']['text'][:160]}")
        for negative in example["negatives"][:2]:
            print(f"  - {negative['score']:7.3f} {negative['text'][:160]}")


def _text(example: dict, place: dict) -> str:
    return example["documents"][place["doc_index"]]["text"][place["start"] : place["end"]]


def _chosen(example: dict) -> list[dict]:
    return [example["positive"], *example["negatives"]]


def distillation(scorer: ReaderScorer, rows: list[Question], folder: Path) -> None:
    data = build_distillation_examples(
        rows, ExtractiveTeacher(scorer), None, scorer, output=folder, batch_questions=32
    )
    print_report("distillation", data)
    examples = data.examples
    empty = sum(not e["target"] for e in examples)
    holds = sum(contains_answer(e["target"], e["answers"]) for e in examples)
    words = [len(e["target"].split()) for e in examples if e["target"]]
    before = sum(len(d["text"].split()) for e in examples if e["target"] for d in e["documents"])
    print(
        f"  empty targets: {empty} of {len(examples)}\n"
        f"  targets that contain the answer: {holds}\n"
        f"  words a target: {sum(words) / len(words):.1f}, {sum(words) / before:.3f} of all\n"
    )
    for example in random.Random(7).sample(examples, min(20, len(examples))):
        print(f"\n  {example['query']}  → {example['answers']}")
        scores = [c.get("score") for c in example["candidates"]]
        print(f"  {scores} {example['no_context']['score']}: {example['target'][:200]!r}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("reader", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--questions", type=int)
    parser.add_argument("--epsilon", type=float, default=0.5)
    arguments = parser.parse_args()
    rows = read_questions(arguments.questions)
    scorer = ReaderScorer.from_pretrained(arguments.reader)
    print(json.dumps(scorer.identity))
    began = time.perf_counter()
    contrastive(scorer, rows, arguments.output / "contrastive", arguments.epsilon)
    distillation(scorer, rows, arguments.output / "distillation")
    print(f"\nboth data sets: {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
