"""Trains a small summarizer in several ways, and compares it with the extractive compressor.

The student is SmolLM2-135M-Instruct with a LoRA adapter. It reads the six sentences that the
extractive compressor selects, each alone under its document's title and the best first, and learns
to write those that help, or nothing (paper, section 3.2).

    python benchmarks/train_summarizer.py records build/summarizer
    python benchmarks/train_summarizer.py scores build/summarizer
    python benchmarks/train_summarizer.py train build/summarizer reader
    python benchmarks/train_summarizer.py judge build/summarizer reader

A way decides who says what helps: the sentences that people marked, or those of several candidates
after which a reader finds the answer likeliest. `prefer` goes on from what `train` wrote: the
student writes several summaries of other questions, and learns from those that make the reader
right more than from those that don't.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

import data
import torch
from default_data import dev_passages, dev_questions, is_marked, key
from quality import spaced
from reader_models import READERS, ReadOnce, load
from safetensors.torch import save_file

from recomp_core import (
    AbstractiveCompressor,
    Compression,
    Document,
    SupportGate,
    TopK,
    load_compressor,
)
from recomp_core._utils.files import CONFIG_FILE
from recomp_core.errors import BatchError
from recomp_core.models.encoders.lora import ADAPTER_WEIGHTS
from recomp_core.models.token_rows import pad_rows
from recomp_core.persistence.folders import read_config, write_folder
from recomp_core.prompts import NOTHING_RELEVANT_WORD, PromptTemplate
from recomp_core.protocols import Candidate
from recomp_core.readers.answer_scores import AnswerRequest
from recomp_core.readers.likelihood import CausalLMScorer
from recomp_core.text.answers import contains_answer, exact_match, normalize_answer, token_f1
from recomp_core.training import LoraSettings, train_abstractive
from recomp_core.training.examples import DistillationExample
from recomp_core.types import Outcome, ScoredSentence, assemble

READ = 6
"""The sentences that the student reads."""
PROMPT = "Question: {query}\n\n{documents}\n\nQuestion: {query}\nThe sentences that help:"
"""The question stands in front too: a decoder-only model reads the sentences in its light."""
MAX_INPUT_TOKENS = 640
MAX_TARGET_TOKENS = 128
ROWS = 4
"""Questions that are read at once in training: each takes about a gigabyte."""
DOCUMENTS = 5
DATE = "2026-11-30"


class Part(NamedTuple):
    """The questions of a set."""

    name: str
    most: int | None = None


MIXTURE = (
    Part("hotpotqa"), Part("hotpotqa_more", 900), Part("2wiki"), Part("2wiki_more", 700),
    Part("musique_more"), Part("multihop_retrieved"), Part("qed", 1_100), Part("selqa", 100),
)  # fmt: skip
MORE = (
    Part("qed", 2_500), Part("hotpotqa_more", 1_785), Part("2wiki_more", 1_395),
    Part("abs_fetaqa", 300), Part("abs_mediqa21"),
)  # fmt: skip
"""Further questions for a student that has learned those of `MIXTURE`, which are left out here."""
ROUNDS = Part("hotpotqa_more", 1_785), Part("2wiki_more", 1_395)
"""Where `prefer` finds questions; it leaves out those that were trained on."""
WAYS = {
    "people": "what people marked; nothing where nothing of it was picked",
    "no-empty": "the same without the records whose target is empty",
    "reader": "the candidate that the reader likes best; nothing where none helps it",
}
DEV_SETS = ("hotpotqa", "2wiki", "nq_open", "expmrc_squad")


# --- records ---


def write_records(folder: Path, most: int | None, without: Path | None, seed: int = 1) -> None:
    """Write every question's picked sentences, with candidates for what helps.

    Questions of the records in the folder `without` are left out.
    """
    file = folder / "records.jsonl"
    if file.is_file():
        print(f"{file} is there")
        return
    rng, counts = random.Random(seed), Counter[str]()
    mixture, known = MIXTURE, set[str]()
    if without is not None:
        mixture, known = MORE, {record["query"] for record in rows_of(without / "records.jsonl")}
    cases = [
        case
        for part in mixture
        for case in cases_of(part, rng, counts)
        if case.row["question"] not in known
    ]
    rng.shuffle(cases)
    cases = cases[:most]
    records = []
    for case, picked in zip(cases, picks(cases), strict=True):
        if record := record_of(case, picked):
            records.append(record)
        else:
            counts["what helps was not picked: left out"] += 1
    folder.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    part.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records), "utf-8")
    part.rename(file)
    counts["records"] = len(records)
    counts["without a gold sentence"] = sum(not r["gold"] for r in records)
    for what, n in counts.items():
        print(f"{what}: {n}")


class Case(NamedTuple):
    """A question with the documents that are shown, and whether some of them help."""

    row: dict
    documents: tuple[Document, ...]


def cases_of(part: Part, rng: random.Random, counts: Counter[str]) -> Iterator[Case]:
    """Yields each question with five documents that help; every third also with five that don't.

    What a dev set holds is left out. One question in six with several gold documents has only one
    of them, as retrieval often brings no more.
    """
    rows = data.questions(part.name, "train", documents=20)
    rng.shuffle(rows)
    taken = 0
    for row in rows:
        if taken == part.most:
            break
        if normalize_answer(row["question"]) in dev_questions():
            counts["questions that a dev set has too: removed"] += 1
            continue
        documents = [d for d in row["documents"] if normalize_answer(d.text) not in dev_passages()]
        gold = [d for d in documents if d.metadata.get("gold_sentences")]
        others = [
            d
            for d in documents
            if not d.metadata.get("is_gold") and not contains_answer(d.text, row["answers"])
        ]
        if not gold or not (row["answers"] or row.get("summaries")):
            continue
        taken += 1
        if len(gold) > 1 and rng.random() < 1 / 6:
            gold = [rng.choice(gold)]
        shown = [*gold[:DOCUMENTS], *others[: max(0, DOCUMENTS - len(gold))]]
        yield Case(row, tuple(d for d in documents if d in shown))
        if len(others) >= DOCUMENTS - 1 and rng.random() < 1 / 3:
            yield Case(row, tuple(others[:DOCUMENTS]))
    counts[f"questions of {part.name}"] = taken


def picks(cases: Sequence[Case]) -> Iterator[Compression]:
    """What the extractive compressor picks of each case."""
    extractor = picker()
    for first in range(0, len(cases), 64):
        some = cases[first : first + 64]
        yield from extractor.compress_batch(
            [case.row["question"] for case in some], [case.documents for case in some]
        )


def picker(read: int = READ) -> Any:
    return load_compressor(selector=TopK(read), device="cpu")


def record_of(case: Case, picked: Compression) -> dict | None:
    """The picked sentences with those that people marked, and candidates for a target.

    Where people wrote a summary, the shortest is the target, if the picked sentences support it.
    """
    if case.row.get("summaries"):
        return summary_record(case, picked)
    answers = case.row["answers"]
    best = sorted(picked.kept, key=lambda s: -s.score)
    gold = [s for s in best if marked(s, picked.documents)]
    if not gold and any(contains_answer(s.text, answers) for s in picked.kept):
        return None
    sets = [gold[:3], best[:1], best[:2], *([s] for s in gold[:2]), *([s] for s in best[1:4])]
    if gold:  # a bridge: what people marked last, after what the encoder likes best
        sets.append([best[0], gold[-1]])
    candidates = dict.fromkeys(target_of(sentences) for sentences in sets if sentences)
    return read_by(case, picked) | {"gold": target_of(gold[:3]), "candidates": list(candidates)}


def summary_record(case: Case, picked: Compression) -> dict | None:
    summary = min(case.row["summaries"], key=len)
    candidate = Candidate(case.row["question"], picked.documents, summary)
    (verdict,) = SupportGate(policy="flag").check([candidate])
    if not all(sentence.supported for sentence in verdict.support):
        return None
    return read_by(case, picked) | {"gold": summary, "candidates": [summary]}


def read_by(case: Case, picked: Compression) -> dict:
    """What the student reads of a question."""
    return {
        "id": case.row["id"],
        "query": case.row["question"],
        "answers": case.row["answers"],
        "documents": [{"title": d.title, "text": d.text} for d in best_first(picked)],
    }


def best_first(picked: Compression) -> list[Document]:
    """The picked sentences as documents of their own."""
    return [
        Document(" ".join(s.visible.split()), title=picked.documents[s.doc_index].title)
        for s in sorted(picked.kept, key=lambda s: -s.score)
    ]


def marked(sentence: ScoredSentence, documents: Sequence[Document]) -> bool:
    """Whether people marked this sentence."""
    gold = documents[sentence.doc_index].metadata.get("gold_sentences") or ()
    return is_marked(sentence.text, [key(s) for s in gold if key(s)])


def target_of(sentences: Sequence[ScoredSentence]) -> str:
    """The sentences in the order in which the student reads them."""
    ordered = sorted(sentences, key=lambda s: -s.score)
    return " ".join(" ".join(s.text.split()) for s in dict.fromkeys(ordered))


def load_scorer(folder: Path) -> CausalLMScorer:
    return CausalLMScorer(*load("smollm2", folder / "models", "bfloat16"))


def values(scorer: CausalLMScorer, asked: Sequence[AnswerRequest]) -> list[float]:
    """The log-likelihoods of the answers; what can't be scored is an error."""
    found = []
    for score in scorer.score(asked):
        if isinstance(score, Exception):
            raise score
        found.append(score.value)
    return found


def score_records(folder: Path, block: int = 50) -> None:
    """Write the reader's log-likelihoods of each answer: without context, after each candidate.

    It goes on where it was stopped.
    """
    file, began = folder / "scores.jsonl", time.time()
    known = rows_of(file) if file.is_file() else []
    records = rows_of(folder / "records.jsonl")
    scorer = load_scorer(folder)
    with file.open("a", encoding="utf-8") as stream:
        for first in range(len(known), len(records), block):
            some = records[first : first + block]
            asked = [
                AnswerRequest(record["query"], text, tuple(record["answers"][:1]))
                for record in some
                for text in ("", *record["candidates"])
            ]
            found = iter(values(scorer, asked))
            for record in some:
                row = {"none": next(found), "scores": [next(found) for _ in record["candidates"]]}
                stream.write(json.dumps(row) + "\n")
            stream.flush()
            print(f"{first + len(some)} of {len(records)}: {time.time() - began:.0f} s", flush=True)


def rows_of(file: Path) -> list[dict]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


# --- training ---


def train(folder: Path, way: str, args: argparse.Namespace) -> None:
    """Train the student in one way; what differs is in the name of its folder."""
    records = rows_of(folder / "records.jsonl")
    if way == "reader":
        scored = zip(records, rows_of(folder / "scores.jsonl"), strict=False)
        records = [{**record, **scores} for record, scores in scored]
    records = records[: args.most]
    examples = [example for r in records if (example := example_of(r, way))]
    base = folder / "models" / "smollm2"
    if args.base is not None:
        base = args.base  # a student, which learns on
    elif not base.is_dir():
        load("smollm2", folder / "models")  # turns the GGUF file to weights
    result = train_abstractive(
        examples,
        base=base,
        output=folder / args.name,
        prompt=PROMPT,
        titles=True,
        max_input_tokens=MAX_INPUT_TOKENS,
        max_target_tokens=MAX_TARGET_TOKENS,
        epochs=args.epochs,
        max_steps=args.steps,
        batch_size=ROWS,
        gradient_accumulation_steps=args.batch_size // ROWS,
        learning_rate=args.learning_rate,
        evals=1,
        max_held_out=8,
        dropout=False,
        lora=LoraSettings(rank=8),
        merge=False,
        export_type="bfloat16",
        overwrite=args.overwrite,
    )
    print(result, flush=True)


def example_of(record: dict, way: str) -> dict | None:
    """The record with a target; None where this way has none."""
    target = record["gold"]
    if way == "reader":
        score, best = max(zip(record["scores"], record["candidates"], strict=True))
        target = best if record["gold"] and score > record["none"] else ""
    if way == "no-empty" and not target:
        return None
    return {
        **{name: record[name] for name in ("id", "query", "answers", "documents")},
        "target": target,
        "kind": "proxy",
        "teacher": {"name": way, "licence": "own"},
        "date": DATE,
    }


# --- preference ---


def prefer(folder: Path, args: argparse.Namespace) -> None:
    """Go on with a student by direct preference (Rafailov et al., 2023).

    Of four summaries that it draws, the one after which the reader finds the answer likeliest is
    preferred to the one after which it finds it least likely; a word costs as much as `WORD_COST`.
    """
    from transformers import set_seed

    set_seed(1)
    student = Student(folder, args.names[0])
    file = folder / f"{args.names[0]}.pairs.jsonl"
    known = {}
    if file.is_file():
        known = {pair["id"]: pair for pair in rows_of(file)}
    trained = {record["query"] for record in rows_of(folder / "records.jsonl")}
    counts = Counter[str]()
    cases = [c for part in ROUNDS for c in cases_of(part, random.Random(2), counts)]
    cases = [case for case in cases if case.row["question"] not in trained]
    random.Random(2).shuffle(cases)
    cases = cases[: args.most or 100]
    scorer = load_scorer(folder)
    with file.open("a", encoding="utf-8") as stream:
        for n, (case, picked) in enumerate(zip(cases, picks(cases), strict=True), start=1):
            if case.row["id"] not in known:
                pair = student.pair(case.row, picked, scorer)
                known[case.row["id"]] = pair
                stream.write(json.dumps(pair, ensure_ascii=False) + "\n")
                stream.flush()
            if n % 10 == 0:
                print(f"drawn for {n} of {len(cases)}", flush=True)
    pairs = [pair for case in cases if "better" in (pair := known[case.row["id"]])]
    student.learn(pairs, args)
    student.save(folder / args.name, folder / args.names[0])


WORD_COST = 0.03
"""Nats of the answer that a further word of a summary has to bring."""
DRAWN = 4
BETA = 0.1
"""How far direct preference may move the student; the larger, the less."""


class Student:
    """A trained student with its adapter open for training; the weights below are bfloat16."""

    def __init__(self, folder: Path, name: str) -> None:
        from peft import PeftModel

        from recomp_core.training.settings import AbstractiveSettings
        from recomp_core.training.summary_inputs import DecoderOnlyInputs

        model, self.tokenizer = load("smollm2", folder / "models", "bfloat16")
        self.model = PeftModel.from_pretrained(model, folder / name, is_trainable=True)
        own = AbstractiveSettings(
            titles=True, max_input_tokens=MAX_INPUT_TOKENS, max_target_tokens=MAX_TARGET_TOKENS
        )
        self.inputs = DecoderOnlyInputs(model, self.tokenizer, own, PromptTemplate(PROMPT))

    def pair(self, row: dict, picked: Compression, scorer: CausalLMScorer) -> dict:
        """The best and the worst of what the student draws; the id alone where all are equal."""
        example = DistillationExample(row["question"], tuple(best_first(picked)), "", "proxy")
        _, ids = self.inputs.read(example, Counter())
        texts = list(dict.fromkeys(self.draw(list(ids))))
        asked = [AnswerRequest(row["question"], t, tuple(row["answers"][:1])) for t in texts]
        scores = [
            value - WORD_COST * len(text.split())
            for text, value in zip(texts, values(scorer, asked), strict=True)
        ]
        found = {"id": row["id"], "ids": list(ids), "drawn": texts, "scores": scores}
        if len(texts) > 1 and max(scores) - min(scores) > 0.5:
            found["better"] = texts[scores.index(max(scores))]
            found["worse"] = texts[scores.index(min(scores))]
        return found

    def draw(self, ids: list[int]) -> list[str]:
        self.model.eval()
        with torch.inference_mode():
            rows = self.model.generate(
                input_ids=torch.tensor([ids] * DRAWN),
                attention_mask=torch.ones(DRAWN, len(ids), dtype=torch.long),
                do_sample=True, temperature=1.0, top_k=0, top_p=0.95, max_new_tokens=96,
                pad_token_id=self.tokenizer.pad_token_id,
            )  # fmt: skip
        texts = self.tokenizer.batch_decode(rows[:, len(ids) :], skip_special_tokens=True)
        return ["" if text.strip() == NOTHING_RELEVANT_WORD else text.strip() for text in texts]

    def learn(self, pairs: Sequence[dict], args: argparse.Namespace) -> None:
        rows = [
            [(pair["ids"], self.inputs.labels(pair[which])) for which in ("better", "worse")]
            for pair in pairs
        ]
        self.model.eval()  # no dropout either way
        with torch.no_grad():
            before = [self.likelihoods(two) for two in rows]
        factors = [p for p in self.model.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(factors, lr=args.learning_rate, weight_decay=0)
        began, right = time.time(), []
        for n, (two, reference) in enumerate(zip(rows, before, strict=True), start=1):
            gain = self.likelihoods(two) - reference
            margin = BETA * (gain[0] - gain[1])
            (-torch.nn.functional.logsigmoid(margin) / args.batch_size).backward()
            right.append(margin.item() > 0)
            if n % args.batch_size == 0 or n == len(rows):
                torch.nn.utils.clip_grad_norm_(factors, 1.0)
                optimizer.step()
                optimizer.zero_grad()
                print(f"pair {n} of {len(rows)}: {100 * fmean(right):.0f} % the right way, "
                      f"{time.time() - began:.0f} s", flush=True)  # fmt: skip

    def likelihoods(self, rows: Sequence[tuple[list[int], list[int]]]) -> torch.Tensor:
        """The log-likelihood of each reply, (n_rows,)."""
        ids, mask = pad_rows([[*prompt, *reply] for prompt, reply in rows])
        first = min(len(prompt) for prompt, _ in rows) - 1
        logits = self.model(
            input_ids=ids, attention_mask=mask, logits_to_keep=ids.shape[1] - first
        ).logits
        found = torch.log_softmax(logits[:, :-1].float(), dim=-1)
        found = found.gather(-1, ids[:, first + 1 :, None])[..., 0]
        places = torch.arange(first + 1, ids.shape[1])
        own = torch.stack(
            [(places >= len(p)) & (places < len(p) + len(reply)) for p, reply in rows]
        )
        return (found * own).sum(1)

    def save(self, output: Path, start: Path) -> None:
        """Write the folder of the student it began with, with the new factors."""
        state = {
            name.replace(".default.", "."): value.to(torch.bfloat16).contiguous()
            for name, value in self.model.state_dict().items()
            if ".lora_" in name
        }

        def write(folder: str) -> None:
            for file in start.iterdir():
                if file.name not in (CONFIG_FILE, ADAPTER_WEIGHTS):
                    shutil.copy(file, folder)
            save_file(state, Path(folder) / ADAPTER_WEIGHTS, metadata={"format": "pt"})

        write_folder(output, read_config(start), write)


# --- the verdict ---


def judge(folder: Path, args: argparse.Namespace) -> None:
    """Print each student beside the extractive compressor at the same rate."""
    readers = {name: ReadOnce(*load(name, folder / "models", "bfloat16")) for name in args.readers}
    titles = [f"{READERS[name].title.split(' (')[0]} EM | F1" for name in readers]
    ranker = load_compressor(selector=TopK(1), device="cpu")
    print("| set | n | compressor | answer recall | rate | empty: should be | should not be | "
          f"supported | s | {' | '.join(titles)} |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|" + "---|---|" * len(readers), flush=True)
    for name in args.sets:
        rows = spaced(data.questions(name), args.questions)
        whole = [(row["question"], row["documents"]) for row in rows]
        without = [
            (row["question"], kept)
            for row in rows
            if (kept := [d for d in row["documents"] if not _bears(d, row["answers"])])
        ][: args.questions // 2]
        began = time.time()
        ranked, ranked_without = compressed(ranker, whole), compressed(ranker, without)
        seconds = (time.time() - began) / (len(whole) + len(without))
        for student_name in args.names:
            student = with_picker(
                load_compressor(folder / student_name, device="cpu", compute_type="bfloat16")
            )
            began = time.time()
            written = compressed(student, whole)
            own_seconds = (time.time() - began) / len(whole)
            systems = {student_name: (written, compressed(student, without), own_seconds)}
            rate = fmean(r.rate() for r in written)
            for title, cut in at_same_rate(ranked, rate).items():
                systems[f"extractive, {title}"] = (cut(ranked), cut(ranked_without), seconds)
            for system, (results, results_without, each) in systems.items():
                cells = figures(rows, results, results_without)
                for reader in readers.values():
                    cells += answers_of(reader, rows, results)
                cells[5:5] = [f"{each:.2f}"]
                print(f"| {name} | {len(rows)} | {system} | {' | '.join(cells)} |", flush=True)
            if args.examples:
                show(rows, written, args.examples)


def with_picker(student: AbstractiveCompressor) -> AbstractiveCompressor:
    """The student as it was trained: it reads the picked sentences one by one."""
    return AbstractiveCompressor(
        student.summarizer, prompt=student.prompt, titles=True, extractor=picker(), reads="sentence"
    )


def at_same_rate(
    ranked: Sequence[Compression], rate: float
) -> dict[str, Callable[[Sequence[Compression]], list[Compression]]]:
    """Two ways to select that keep this much: up to a share of each question's text, or a score."""
    share = at_rate(lambda share: fmean(r.rate() for r in budgeted(ranked, share)), rate)
    least = -at_rate(lambda t: fmean(r.rate() for r in above(ranked, -t)), rate, low=-1.0)
    return {
        "its best sentences": lambda results: budgeted(results, share),
        f"from {least:.3f} on": lambda results: above(results, least),
    }


def answers_of(reader: ReadOnce, rows: list[dict], results: Sequence[Compression]) -> list[str]:
    """Exact match and F1 of what a reader answers."""
    asked = [row["question"] for row in rows]
    golds = [row["answers"][0] for row in rows]
    replies = reader.read(asked, [result.text for result in results], golds)
    found = [(reply.answer, row["answers"]) for reply, row in zip(replies, rows, strict=True)]
    return [
        f"{100 * fmean(measure(*pair) for pair in found):.1f}"
        for measure in (exact_match, token_f1)
    ]


def show(rows: list[dict], written: Sequence[Compression], n: int) -> None:
    for row, result in list(zip(rows, written, strict=True))[:n]:
        print(f"\n    {row['question']} → {row['answers'][0]}\n    {result.text!r}")


def figures(
    rows: list[dict], results: Sequence[Compression], without: Sequence[Compression]
) -> list[str]:
    """Answer recall, rate, empty where it should be and where not, and what is supported, in %."""
    answerable = [
        result
        for row, result in zip(rows, results, strict=True)
        if contains_answer(result.original_text, row["answers"])
    ]
    found = [contains_answer(r.text, row["answers"]) for row, r in zip(rows, results, strict=True)]
    shares = (
        fmean(found),
        fmean(r.rate() for r in results),
        fmean(not r.text for r in without),
        fmean(not r.text for r in answerable),
        supported([*results, *without]),
    )
    return [f"{100 * share:.1f}" for share in shares]


def _bears(document: Document, answers: Sequence[str]) -> bool:
    return bool(document.metadata.get("is_gold")) or contains_answer(document.text, answers)


def compressed(
    compressor: Any, asked: Sequence[tuple[str, Sequence[Document]]]
) -> list[Compression]:
    """The compressions; one that failed, such as a summary without an end, is empty."""
    results: list[Compression] = []
    for first in range(0, len(asked), 32):
        queries, documents = zip(*asked[first : first + 32], strict=True)
        try:
            results += compressor.compress_batch(queries, documents)
        except BatchError as error:
            print(error, flush=True)
            for query, own, found in zip(queries, documents, error.results, strict=True):
                if isinstance(found, Exception):
                    found = Compression(query, tuple(own), "", (), (), (), Outcome.FAILED)
                results.append(found)
    return results


def supported(results: Sequence[Compression]) -> float:
    """The share of the written sentences that the documents support (`SupportGate`)."""
    gate = SupportGate(policy="flag")
    verdicts = gate.check([Candidate(r.query, r.documents, r.text) for r in results if r.text])
    sentences = [sentence for verdict in verdicts for sentence in verdict.support]
    return fmean(s.supported for s in sentences) if sentences else float("nan")


def budgeted(ranked: Sequence[Compression], share: float) -> list[Compression]:
    """The best sentences of each question up to a share of its characters, at least one."""
    results = []
    for result in ranked:
        left = share * len(result.original_text)
        kept: list[ScoredSentence] = []
        for sentence in sorted([*result.kept, *result.dropped], key=lambda s: -s.score):
            if not kept or len(sentence.text) <= left:
                kept.append(sentence)
                left -= len(sentence.text)
        results.append(_keeping(result, kept))
    return results


def above(ranked: Sequence[Compression], least: float) -> list[Compression]:
    """The sentences with a score of at least `least`."""
    return [
        _keeping(result, [s for s in (*result.kept, *result.dropped) if s.score >= least])
        for result in ranked
    ]


def _keeping(result: Compression, kept: list) -> Compression:
    kept = sorted(kept, key=lambda s: (s.doc_index, s.start))
    text = assemble(result.documents, kept, result.layout)
    return replace(result, kept=tuple(kept), text=text)


def at_rate(
    rate_of: Callable[[float], float], rate: float, low: float = 0.0, high: float = 1.0
) -> float:
    """The number at which a rising function reaches `rate`."""
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (middle, high) if rate_of(middle) < rate else (low, middle)
    return low


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("what", choices=("records", "scores", "train", "prefer", "judge"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", help="train: a way; prefer, judge: students")
    parser.add_argument("--name", help="of the student that is written")
    parser.add_argument("--most", type=int, help="records of train, questions of prefer")
    parser.add_argument("--without", type=Path, help="records: another folder's are left out")
    parser.add_argument("--base", type=Path, help="train: a student that learns on")
    parser.add_argument("--epochs", type=float, default=1)
    parser.add_argument("--steps", type=int, help="train: how many, instead of epochs")
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--overwrite", action="store_true")
    parser.add_argument("--questions", type=int, default=100, help="judge: of each set")
    parser.add_argument("--sets", nargs="+", default=list(DEV_SETS))
    parser.add_argument("--readers", nargs="*", default=[], choices=list(READERS))
    parser.add_argument("--examples", type=int, default=0, help="judge: how many are shown")
    args = parser.parse_args()
    args.name = args.name or "-".join([*args.names, *(["preferred"] * (args.what == "prefer"))])
    if args.what == "records":
        write_records(args.folder, args.most, args.without)
    elif args.what == "scores":
        score_records(args.folder)
    elif args.what == "train":
        train(args.folder, args.names[0], args)
    elif args.what == "prefer":
        prefer(args.folder, args)
    else:
        judge(args.folder, args)


if __name__ == "__main__":
    main()
