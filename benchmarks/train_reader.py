"""A small extractive reader, so that labels can be made offline: the encoder that the project
embeds, with a question-answering head, trained on the first questions of QED and on the small
multi-hop training sets. The questions that are labelled later are not among them.

    python benchmarks/train_reader.py build/reader
"""

from __future__ import annotations

import argparse
import random
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from data import questions
from transformers import AutoModelForQuestionAnswering, AutoTokenizer

from recomp_core.metrics import contains_answer, exact_match
from recomp_core.sources import embedded_model
from recomp_core.splitting import SentenceSplitter
from recomp_core.training.runs import use_bfloat16

WIDTH_STEP = 32
TRAINED_ON = 4_000  # questions of QED; `label.py` labels those after them


@dataclass(frozen=True)
class Example:
    """A context with the span of the answer in it, in characters; (0, 0) if it is not there."""

    question: str
    context: str
    start: int
    end: int


def examples(rng: random.Random) -> list[Example]:
    rows = questions("qed", "train", n=TRAINED_ON, documents=10)
    for name in ("hotpotqa", "2wiki", "musique"):
        rows += questions(name, "train", documents=20)
    return [example for row in rows for example in _of_question(row, rng)]


def _of_question(row: dict, rng: random.Random) -> list[Example]:
    """The gold sentence, a third of the gold passages, and a sentence without the answer."""
    found, splitter = [], SentenceSplitter()
    for document in row["documents"]:
        text = document.text
        if not document.metadata.get("is_gold") or not contains_answer(text, row["answers"]):
            continue
        for start, end in splitter.split(text):
            if span := _span(text[start:end], row["answers"]):
                found.append(Example(row["question"], text[start:end], *span))
        if rng.random() < 0.33 and (span := _span(text, row["answers"])):
            found.append(Example(row["question"], text, *span))
    others = [
        text
        for document in row["documents"]
        for text in (document.text[s:e] for s, e in splitter.split(document.text))
        if not contains_answer(text, row["answers"])
    ]
    # Those nearest to the question by words are the ones a reader must learn to turn down.
    wanted = set(row["question"].lower().split())
    others.sort(key=lambda text: -len(wanted & set(text.lower().split())))
    found += [Example(row["question"], text, 0, 0) for text in rng.sample(others[:6], 1)]
    return found


def _span(text: str, answers: list[str]) -> tuple[int, int] | None:
    for answer in sorted(answers, key=len, reverse=True):
        start = text.lower().find(answer.lower())
        if start >= 0 and len(text.lower()) == len(text):
            return start, start + len(answer)
    return None


def train(folder: Path, *, epochs: int, learning_rate: float, batch_tokens: int, seed: int) -> None:
    torch.manual_seed(seed)
    rng = random.Random(seed)
    source = embedded_model()
    tokenizer = AutoTokenizer.from_pretrained(source)
    model = AutoModelForQuestionAnswering.from_pretrained(source, dtype=torch.float32)
    model.bert.embeddings.requires_grad_(False)
    encoded = [row for e in examples(rng) if (row := _encode(tokenizer, e))]
    batches_per_epoch = len(_batches(encoded, batch_tokens, rng))
    steps = epochs * batches_per_epoch
    print(f"{len(encoded)} examples, {steps} steps", flush=True)
    weights = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=learning_rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        learning_rate,
        total_steps=steps + epochs,
        pct_start=0.1,
        anneal_strategy="linear",
    )
    bfloat16 = use_bfloat16("auto")
    began, done, losses = time.time(), 0, []
    for epoch in range(epochs):
        model.train()
        for batch in _batches(encoded, batch_tokens, rng)[:batches_per_epoch]:
            with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
                loss = model(**_tensors(tokenizer, batch)).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(weights, 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
            done += 1
            losses.append(loss.item())
            if done % 50 == 0:
                recent = sum(losses[-50:]) / 50
                print(f"{done}/{steps} loss {recent:.3f} {time.time() - began:.0f} s", flush=True)
        model.eval()
        print(f"epoch {epoch + 1}: " + report(model, tokenizer), flush=True)
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)


def _encode(tokenizer, example: Example) -> dict | None:
    row = tokenizer(
        example.question, example.context, truncation="only_second", max_length=160,
        return_offsets_mapping=True,
    )  # fmt: skip
    start = end = 0
    if example.end:
        inside = [
            n
            for n, ((a, b), part) in enumerate(
                zip(row["offset_mapping"], row.sequence_ids(), strict=True)
            )
            if part == 1 and a < example.end and b > example.start
        ]
        if not inside or row["offset_mapping"][inside[-1]][1] < example.end:
            return None  # the answer was cut off
        start, end = inside[0], inside[-1]
    del row["offset_mapping"]
    return {**row, "start_positions": start, "end_positions": end}


def _batches(rows: list[dict], batch_tokens: int, rng: random.Random) -> list[list[dict]]:
    """Of similar length, in random order."""
    order = sorted(rows, key=lambda row: (_width(row), rng.random()))
    batches, batch = [], []
    for row in order:
        if batch and _width(row) * (len(batch) + 1) > batch_tokens:
            batches.append(batch)
            batch = []
        batch.append(row)
    batches.append(batch)
    rng.shuffle(batches)
    return batches


def _width(row: dict) -> int:
    """Few different shapes: a CPU's library compiles kernels for each."""
    return -(-len(row["input_ids"]) // WIDTH_STEP) * WIDTH_STEP


def _tensors(tokenizer, batch: list[dict]) -> dict[str, torch.Tensor]:
    inputs = [{k: v for k, v in row.items() if not k.endswith("positions")} for row in batch]
    padded = dict(tokenizer.pad(inputs, pad_to_multiple_of=WIDTH_STEP, return_tensors="pt"))
    for name in ("start_positions", "end_positions"):
        padded[name] = torch.tensor([row[name] for row in batch])
    return padded


@torch.inference_mode()
def report(model, tokenizer, n: int = 200) -> str:
    """On questions that it was not trained on: exact match, and how often it turns down nothing."""
    rows = questions("qed", "train", n=TRAINED_ON + n, documents=10)[TRAINED_ON:]
    right = answerable = turned_down = empty = 0
    rng = random.Random(0)
    for row in rows:
        for example in _of_question(row, rng):
            encoded = _encode(tokenizer, example)
            if encoded is None:
                continue
            output = model(**_tensors(tokenizer, [encoded]))
            start, end = (
                output.start_logits[0].argmax().item(),
                output.end_logits[0].argmax().item(),
            )
            text = tokenizer.decode(encoded["input_ids"][start : end + 1]) if start else ""
            if example.end:
                answerable += 1
                right += exact_match(text, row["answers"])
            else:
                empty += 1
                turned_down += not text
    return (
        f"exact match {right / answerable:.3f} of {answerable}, "
        f"nothing found where there is nothing {turned_down / empty:.3f} of {empty}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--learning-rate", type=float, default=2e-4)
    parser.add_argument("--batch-tokens", type=int, default=1_536)
    parser.add_argument("--seed", type=int, default=1)
    settings = vars(parser.parse_args())
    train(settings.pop("folder"), **settings)


if __name__ == "__main__":
    main()
