"""Trains a small extractive reader, which gives labels and exact match without a network.

It is the embedded encoder with a question-answering head, trained on the first questions of QED and
on the small multi-hop training sets. The questions that are labelled later and the dev sets are not
among them.

    python benchmarks/train_reader.py build/reader --max-minutes 25

--contexts chooses what it reads in training (see `reader_examples`): "sentence" for a reader that
only labels, "documents" for one that only answers from long contexts, "mixed" for both. SelQA is
left out because its answers are not marked, Chinese because the encoder's vocabulary lacks 58 % of
its words.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import get_args

import torch
from data import questions
from reader_examples import DOCUMENTS, SHARES, Contexts, Example, Source
from transformers import AutoModelForQuestionAnswering, AutoTokenizer

from recomp_core.persistence.names import embedded_model
from recomp_core.readers.answerers import SpanReader
from recomp_core.readers.span_model import SpanModel, Window
from recomp_core.text.answers import contains_answer, exact_match, token_f1
from recomp_core.text.joining import Layout
from recomp_core.training.weights import disable_dropout, use_bfloat16

WIDTH_STEP = 32
TRAINED_ON = 4_000  # questions of QED; `label.py` labels those after them
MULTI_HOP = ("hotpotqa", "2wiki", "musique")
WITH_ANSWER = 0.8  # the share of windows with the answer; the others teach "no answer"
LOG_EVERY = 25


@dataclass(frozen=True)
class Settings:
    """The settings of a run.

    Attributes:
        max_minutes: The learning rate falls to 0 by then at the latest.
        max_steps: The same, in steps.
    """

    contexts: Contexts = "mixed"
    epochs: int = 3
    max_minutes: float | None = None
    max_steps: int | None = None
    learning_rate: float = 2e-4
    warmup: float = 0.06
    weight_decay: float = 0.01
    batch_tokens: int = 2_048
    max_length: int = 384
    stride: int = 128
    seed: int = 1


@dataclass(frozen=True)
class Labelled:
    """A window with the positions of its answer's first and last token; both are 0 without one."""

    window: Window
    start: int
    end: int

    @property
    def width(self) -> int:
        """The padded length. There are few: a CPU library compiles kernels for each shape."""
        return -(-len(self.window.features["input_ids"]) // WIDTH_STEP) * WIDTH_STEP


def sources() -> list[Source]:
    rows = questions("qed", "train", n=TRAINED_ON, documents=10)
    for name in MULTI_HOP:
        rows += questions(name, "train", documents=20)
    return [Source(row) for row in rows]


def train(folder: Path, settings: Settings, *, held_out: int) -> None:
    torch.manual_seed(settings.seed)
    rng = random.Random(settings.seed)
    source = embedded_model()
    tokenizer = AutoTokenizer.from_pretrained(source)
    model = AutoModelForQuestionAnswering.from_pretrained(
        source,
        dtype=torch.float32,
        attn_implementation="eager",  # the fastest to differentiate on a CPU
    )
    model.bert.embeddings.requires_grad_(False)
    disable_dropout(model)
    reading = SpanModel(model, tokenizer, max_length=settings.max_length, stride=settings.stride)
    began = time.perf_counter()
    asked = sources()
    print(f"{len(asked)} questions, read in {time.perf_counter() - began:.0f} s", flush=True)
    steps = _train(model, reading, asked, settings, rng)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    found = report(folder, held_out)
    print(found)
    (folder / "README.md").write_text(_readme(settings, steps, found), encoding="utf-8")


def _train(
    model: torch.nn.Module,
    reading: SpanModel,
    asked: list[Source],
    settings: Settings,
    rng: random.Random,
) -> int:
    """Trains the model. Returns the number of steps."""
    weights = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(weights, weight_decay=settings.weight_decay)
    bfloat16 = use_bfloat16("auto")
    model.train()
    began, losses, tokens = time.perf_counter(), [], 0
    for progress, batch in _schedule(reading, asked, settings, rng):
        for group in optimizer.param_groups:
            group["lr"] = settings.learning_rate * _share_of_rate(progress, settings.warmup)
        inputs = _tensors(reading, batch)
        with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            loss = model(**inputs).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
        tokens += inputs["input_ids"].numel()
        if len(losses) % LOG_EVERY == 0:
            seconds = time.perf_counter() - began
            print(
                f"step {len(losses)}, {100 * progress:.1f} % done, loss "
                f"{sum(losses[-LOG_EVERY:]) / LOG_EVERY:.3f}, {seconds:.0f} s, "
                f"{tokens / seconds:,.0f} tokens a second",
                flush=True,
            )
    seconds = time.perf_counter() - began
    print(f"{len(losses)} steps, {tokens:,} tokens with padding, {seconds:.0f} s", flush=True)
    model.eval()
    return len(losses)


def _schedule(
    reading: SpanModel, asked: list[Source], settings: Settings, rng: random.Random
) -> Iterator[tuple[float, list[Labelled]]]:
    """Yields the progress, 0 to 1, by epochs, steps or time, whichever ends first; and a batch."""
    began, done = time.perf_counter(), 0
    for epoch in range(settings.epochs):
        drawn = [example for one in asked for example in one.draw(settings.contexts, rng)]
        batches = _batches(_labelled(reading, drawn, rng), settings.batch_tokens, rng)
        print(f"epoch {epoch + 1}: {len(drawn)} contexts, {len(batches)} batches", flush=True)
        for n, batch in enumerate(batches):
            progress = (epoch + n / len(batches)) / settings.epochs
            if settings.max_steps is not None:
                progress = max(progress, done / settings.max_steps)
            if settings.max_minutes is not None:
                minutes = (time.perf_counter() - began) / 60
                progress = max(progress, minutes / settings.max_minutes)
            if progress >= 1:
                return
            yield progress, batch
            done += 1


def _share_of_rate(progress: float, warmup: float) -> float:
    return min(progress / warmup if warmup else 1.0, (1 - progress) / (1 - warmup))


def _labelled(reading: SpanModel, examples: list[Example], rng: random.Random) -> list[Labelled]:
    """One window of each context, cut as the reader cuts them."""
    own: list[list[Window]] = [[] for _ in examples]
    for window in reading.windows(
        [example.question for example in examples], [example.context for example in examples]
    ):
        own[window.owner].append(window)
    chosen = (_choose(example, found, rng) for example, found in zip(examples, own, strict=True))
    return [labelled for labelled in chosen if labelled is not None]


def _choose(example: Example, windows: list[Window], rng: random.Random) -> Labelled | None:
    if not example.end:
        return Labelled(rng.choice(windows), 0, 0)
    holding = [found for window in windows if (found := _located(example, window))]
    answer = example.context[example.start : example.end]
    without = [
        window for window in windows if not contains_answer(_text(example, window), [answer])
    ]
    if holding and (not without or rng.random() < WITH_ANSWER):
        return rng.choice(holding)
    return Labelled(rng.choice(without), 0, 0) if without else None


def _located(example: Example, window: Window) -> Labelled | None:
    """The window with its answer, if it holds the whole answer."""
    inside = [n for n, (a, b) in enumerate(window.offsets) if a < example.end and b > example.start]
    if not inside:
        return None
    first, last = inside[0], inside[-1]
    if window.offsets[first][0] > example.start or window.offsets[last][1] < example.end:
        return None
    return Labelled(window, int(window.inside[first]), int(window.inside[last]))


def _text(example: Example, window: Window) -> str:
    if not window.offsets:
        return ""
    return example.context[window.offsets[0][0] : window.offsets[-1][1]]


def _batches(rows: list[Labelled], batch_tokens: int, rng: random.Random) -> list[list[Labelled]]:
    """Batches of similar lengths, in random order."""
    batches: list[list[Labelled]] = []
    batch: list[Labelled] = []
    for row in sorted(rows, key=lambda row: (row.width, rng.random())):
        if batch and row.width * (len(batch) + 1) > batch_tokens:
            batches.append(batch)
            batch = []
        batch.append(row)
    if batch:
        batches.append(batch)
    rng.shuffle(batches)
    return batches


def _tensors(reading: SpanModel, batch: list[Labelled]) -> dict[str, torch.Tensor]:
    inputs = reading.tokenizer.pad(
        [row.window.features for row in batch], pad_to_multiple_of=WIDTH_STEP, return_tensors="pt"
    )
    return {
        **inputs,
        "start_positions": torch.tensor([row.start for row in batch]),
        "end_positions": torch.tensor([row.end for row in batch]),
    }


def report(folder: Path, n: int) -> str:
    """A table of exact match and F1 on other questions, by the context that the reader gets."""
    reader = SpanReader.from_pretrained(folder, device="cpu")
    rows = questions("qed", "train", n=TRAINED_ON + n, documents=10)[TRAINED_ON:]
    asked = [source for source in map(Source, rows) if source.holding]
    five = [_five(source) for source in asked]
    lines = ["| context | questions | exact match | F1 | no answer |", "|---|---|---|---|---|"]
    for name, contexts in (
        ("gold sentence", [source.holding[0].text for source in asked]),
        ("gold passage", [s.documents[s.holding[0].doc_index].text for s in asked]),
        (f"{DOCUMENTS} documents with it", five),
        (f"{DOCUMENTS} documents without an answer", [_without(source) for source in asked]),
        ("nothing", [""] * len(asked)),
    ):
        found = reader.answer([s.question for s in asked], contexts)
        pairs = [
            ("" if isinstance(answer, Exception) else answer, source.answers)
            for answer, source in zip(found, asked, strict=True)
        ]
        exact = sum(exact_match(*pair) for pair in pairs) / len(pairs)
        f1 = sum(token_f1(*pair) for pair in pairs) / len(pairs)
        empty = sum(not answer for answer, _ in pairs) / len(pairs)
        lines.append(f"| {name} | {len(pairs)} | {exact:.3f} | {f1:.3f} | {empty:.3f} |")
    return "\n".join(lines)


def _five(source: Source) -> str:
    """The gold passage and the first others, in the retriever's order."""
    gold = {source.holding[0].doc_index}
    others = [n for n in range(len(source.documents)) if n not in gold]
    chosen = sorted([*gold, *others[: DOCUMENTS - 1]])
    return Layout().join(source.documents[n].text for n in chosen)


def _without(source: Source) -> str:
    texts = [d.text for d in source.documents if not contains_answer(d.text, source.answers)]
    return Layout().join(texts[:DOCUMENTS])


def _readme(settings: Settings, steps: int, found: str) -> str:
    shown = "\n".join(f"- {name}: {value}" for name, value in asdict(settings).items())
    return f"""# A small extractive reader

The encoder that the project embeds with a question-answering head, made by
`python benchmarks/train_reader.py`. It reads English; it answers with a piece of its context, or
with nothing.

Data: the first {TRAINED_ON:,} questions of QED (Natural Questions; text CC BY-SA 3.0) and the
training parts of {", ".join(MULTI_HOP)}. Contexts drawn of a question in an epoch, on average:
{SHARES[settings.contexts]}.

{shown}
- steps made: {steps}; embeddings frozen, no dropout, AdamW, linear decay

On questions of QED after those, which it was not trained on:

{found}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--contexts", choices=get_args(Contexts), default=Settings.contexts)
    parser.add_argument("--epochs", type=int, default=Settings.epochs)
    parser.add_argument("--max-minutes", type=float)
    parser.add_argument("--max-steps", type=int)
    parser.add_argument("--learning-rate", type=float, default=Settings.learning_rate)
    parser.add_argument("--batch-tokens", type=int, default=Settings.batch_tokens)
    parser.add_argument("--seed", type=int, default=Settings.seed)
    parser.add_argument("--held-out", type=int, default=200, help="questions of the report")
    given = vars(parser.parse_args())
    folder, held_out = given.pop("folder"), given.pop("held_out")
    train(folder, Settings(**given), held_out=held_out)


if __name__ == "__main__":
    main()
