"""Trains a small summarizer and compares it with the extractive compressor at the same rate.

It is an encoder-decoder that starts from the embedded encoder and learns to write the sentences
that help, or nothing (paper, section 3.2).

    python benchmarks/train_student.py --output build/student
    python benchmarks/train_student.py --output build/student --eval-only

It reads the sentences that the extractive compressor selects first (`--read`; 0 for whole
documents), because it has 512 positions and five passages take more. Its targets are gold
sentences; for a copy of the questions without the documents that hold the answer, the target is
empty.
"""

from __future__ import annotations

import argparse
import functools
import json
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import data
import torch

from recomp_core import Compression, Document, SupportGate, Threshold, TopK, load_compressor
from recomp_core.labelling import ExtractiveTeacher, TeacherRequest
from recomp_core.persistence.names import embedded_model
from recomp_core.protocols import Candidate
from recomp_core.text.answers import contains_answer
from recomp_core.text.splitting import SentenceSplitter
from recomp_core.training import LoraSettings, train_abstractive

TRAIN_SETS = ("qed", "selqa", "hotpotqa", "2wiki")  # those with gold sentences
DEV_SETS = ("nq_open", "hotpotqa", "expmrc_squad")
PROMPT = "{query} documents: {documents}"
MAX_INPUT_TOKENS = 512
DATE = "2026-11-25"


# --- the student ---


def build(folder: Path, layers: int, seed: int = 1) -> Path:
    """The untrained student: the encoder's weights twice, with fresh cross-attention between.

    The decoder has the encoder's first `layers` layers and its token vectors, for the input and
    for the output.
    """
    from transformers import (
        AutoModel,
        AutoTokenizer,
        BertConfig,
        BertLMHeadModel,
        EncoderDecoderModel,
    )

    if (folder / "model.safetensors").is_file():
        return folder
    torch.manual_seed(seed)
    source = embedded_model()
    encoder = AutoModel.from_pretrained(source, dtype=torch.float32)
    shape = {**encoder.config.to_dict(), "num_hidden_layers": layers}
    decoder = BertLMHeadModel(
        BertConfig(**{**shape, "is_decoder": True, "add_cross_attention": True})
    )
    fresh = decoder.bert.load_state_dict(encoder.state_dict(), strict=False).missing_keys
    assert all("crossattention" in name for name in fresh), fresh
    # The output is compared with the token vectors: begin there, not at a random rotation.
    with torch.no_grad():
        decoder.cls.predictions.transform.dense.weight.copy_(torch.eye(shape["hidden_size"]))
    model = EncoderDecoderModel(encoder=encoder, decoder=decoder)
    tokenizer = readable(AutoTokenizer.from_pretrained(source))
    tokens = {
        "decoder_start_token_id": tokenizer.cls_token_id,
        "eos_token_id": tokenizer.sep_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
    for name, value in tokens.items():
        setattr(model.config, name, value)
        setattr(model.generation_config, name, value)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def readable(tokenizer):
    """The tokenizer with a decoder that joins numbers and punctuation: 1,000, not 1, 000.

    BERT's tokenizer class would restore its own decoder when it is loaded, so another is used.
    """
    from tokenizers import Regex, decoders
    from transformers import PreTrainedTokenizerFast

    joins = {
        r" (?=[.,;:!?%)\]])": "",
        r"(?<=[(\[$£€#]) ": "",
        r"(?<=\d[.:]) (?=\d{1,3}\b)": "",
        r"(?<=\d,) (?=\d{3}\b)": "",  # 1,000, but March 3, 1972
        r"(?<=\w) ' (?=(s|t|re|ve|ll|d|m)\b)": "'",
        r"(?<=\w) (?=[-–/] \w)": "",
        r"(?<=\w[-–/]) (?=\w)": "",
        r"(?<=\b\w\.) (?=\w\.)": "",
    }
    backend = tokenizer.backend_tokenizer
    backend.decoder = decoders.Sequence(
        [
            decoders.WordPiece(prefix="##", cleanup=False),
            decoders.Fuse(),
            *(decoders.Replace(Regex(pattern), into) for pattern, into in joins.items()),
        ]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        model_max_length=tokenizer.model_max_length,
        **tokenizer.special_tokens_map,
    )


# --- its data ---


def examples(file: Path, n: int | None, read: int, seed: int = 1) -> Path:
    """Writes records as `recomp_core.labelling` does.

    Each question with gold sentences gives one record with them; half of the questions also give
    one without.
    """
    if file.is_file():
        return file
    rng, began = random.Random(seed), time.time()
    rows = [row for name in TRAIN_SETS for row in data.questions(name, "train", documents=10)]
    rng.shuffle(rows)
    cases = [case for row in rows[:n] for case in _cases(row, rng)]
    asked = [(row["question"], documents) for row, documents in cases]
    teacher = ExtractiveTeacher()
    (prompt,) = teacher.prompts.values()
    targets = teacher.write(
        [
            TeacherRequest(row["question"], tuple(documents), tuple(row["answers"]), prompt)
            for row, documents in cases
        ]
    )
    records, dropped = [], 0
    for (row, _), target, documents in zip(cases, targets, excerpts(asked, read), strict=True):
        documents = documents_that_fit(row["question"], documents)
        text = "\n".join(document.text for document in documents)
        if target and not all(part in text for part in _sentences(target)):
            # The gold sentence was not selected: the rest may hold the answer or not.
            if contains_answer(text, row["answers"]):
                dropped += 1
                continue
            target = ""
        records.append(
            {
                "query": row["question"],
                "documents": [{"title": d.title, "text": d.text} for d in documents],
                "answers": row["answers"],
                "target": target,
                "kind": "proxy",
                "teacher": {**teacher.licence.to_dict(), "licence": "own"},
                "date": DATE,
            }
        )
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    part.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records), "utf-8")
    part.rename(file)
    empty = sum(not record["target"] for record in records)
    print(
        f"{len(records)} records of {len(rows[:n])} questions in {time.time() - began:.0f} s, "
        f"{empty} with an empty target; {dropped} left out, whose gold sentence was not picked",
        flush=True,
    )
    return file


def _cases(row: dict, rng: random.Random) -> Iterator[tuple[dict, list[Document]]]:
    """Yields the question with documents that help, and with documents that don't.

    Either way there are two to five documents, so that their number reveals nothing.
    """
    helps = [d for d in row["documents"] if d.metadata.get("gold_sentences")]
    others = [
        d
        for d in row["documents"]
        if not d.metadata.get("is_gold") and not contains_answer(d.text, row["answers"])
    ]
    size = rng.randint(2, 5)
    if helps:
        chosen = [*helps[:size], *others[: max(0, size - len(helps))]]
        yield row, [d for d in row["documents"] if d in chosen]
    if others and rng.random() < 0.5:
        yield row, others[:size]


def excerpts(
    asked: Sequence[tuple[str, Sequence[Document]]], read: int
) -> Iterator[tuple[Document, ...]]:
    """The documents as the student reads them: their best sentences, or whole."""
    if not read:
        yield from (tuple(documents) for _, documents in asked)
        return
    extractor = picker(read)
    for first in range(0, len(asked), 64):
        some = asked[first : first + 64]
        queries, documents = zip(*some, strict=True)
        for result in extractor.compress_batch(queries, documents):
            yield tuple(replace(e.document, text=e.text) for e in result.by_document())


def documents_that_fit(query: str, documents: tuple[Document, ...]) -> tuple[Document, ...]:
    """The documents that fit into the student's input: what it does not read is no target."""
    tokenizer = _tokenizer()

    def length(documents: tuple[Document, ...]) -> int:
        texts = "\n".join(f"{d.title}\n{d.text}" for d in documents)
        prompt = PROMPT.format(query=query, documents=texts)
        return len(tokenizer(prompt, verbose=False)["input_ids"])

    while len(documents) > 1 and length(documents) > MAX_INPUT_TOKENS:
        documents = documents[:-1]
    return documents


@functools.cache
def _tokenizer():
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(embedded_model())


def picker(read: int):
    return load_compressor("minilm", selector=TopK(read), device="cpu")


def _sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in SentenceSplitter().split(text)]


# --- its figures ---


def report(folder: Path, n: int, read: int) -> None:
    student = load_compressor(folder, device="cpu", **({"extractor": picker(read)} if read else {}))
    size = sum(f.stat().st_size for f in folder.iterdir() if f.is_file()) / 1e6
    print(f"\n{folder}: {size:.1f} MB; reads {read or 'all'} sentences; {n} questions a set\n")
    print("| set | compressor | answer recall | documents | rate | empty: should be | "
          "should not be | supported | ms |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|")
    for name in DEV_SETS:
        rows = data.questions(name, n=n)
        for line in compare(rows, student):
            print(f"| {name} | {line} |", flush=True)


def compare(rows: list[dict], student) -> Iterator[str]:
    """Yields the table's lines: the student, and the extractive compressor twice at its rate."""
    whole = [(row["question"], row["documents"]) for row in rows]
    without = [
        (row["question"], kept)
        for row in rows
        if (kept := [d for d in row["documents"] if not _bears(d, row["answers"])])
    ]
    began = time.time()
    written = compressed(student, whole)
    ms = 1000 * (time.time() - began) / len(whole)
    rate = fmean(r.rate() for r in written)
    yield line("student", rows, written, compressed(student, without), ms)

    ranker = load_compressor("minilm", selector=TopK(1), device="cpu")
    began = time.time()
    ranked = compressed(ranker, whole)
    ms = 1000 * (time.time() - began) / len(whole)
    ranked_without = compressed(ranker, without)
    budget = at_rate(lambda share: fmean(r.rate() for r in budgeted(ranked, share)), rate)
    yield line(
        "extractive, its best sentences", rows, budgeted(ranked, budget),
        budgeted(ranked_without, budget), ms,
    )  # fmt: skip
    least = -at_rate(lambda t: fmean(r.rate() for r in above(ranked, -t)), rate, low=-1.0)
    yield line(
        f"extractive, {Threshold(round(least, 3))}", rows, above(ranked, least),
        above(ranked_without, least), ms,
    )  # fmt: skip


def _bears(document: Document, answers: Sequence[str]) -> bool:
    return bool(document.metadata.get("is_gold")) or contains_answer(document.text, answers)


def compressed(compressor, asked) -> list[Compression]:
    results: list[Compression] = []
    for first in range(0, len(asked), 32):
        queries, documents = zip(*asked[first : first + 32], strict=True)
        results += compressor.compress_batch(queries, documents)
    return results


def line(
    name: str,
    rows: list[dict],
    results: Sequence[Compression],
    without: Sequence[Compression],
    ms: float,
) -> str:
    answerable = [
        result
        for row, result in zip(rows, results, strict=True)
        if contains_answer(result.original_text, row["answers"])
    ]
    found = [contains_answer(r.text, row["answers"]) for row, r in zip(rows, results, strict=True)]
    shares = {
        "recall": fmean(found),
        "documents": len(answerable) / len(rows),
        "rate": fmean(r.rate() for r in results),
        "should be": fmean(not r.text for r in without),
        "should not be": fmean(not r.text for r in answerable),
        "supported": supported([*results, *without]),
    }
    return " | ".join([name, *(f"{100 * share:.1f}" for share in shares.values()), f"{ms:.0f}"])


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
        kept = []
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
    from recomp_core.types import assemble

    kept = sorted(kept, key=lambda s: (s.doc_index, s.start))
    text = assemble(result.documents, kept, result.layout)
    return replace(result, kept=tuple(kept), text=text)


def at_rate(rate_of, rate: float, low: float = 0.0, high: float = 1.0) -> float:
    """The number at which a rising function reaches `rate`."""
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (middle, high) if rate_of(middle) < rate else (low, middle)
    return low


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--questions", type=int, default=200, help="of each dev set")
    parser.add_argument("--train-questions", type=int, help="all by default")
    parser.add_argument("--read", type=int, default=8, help="sentences; 0: whole documents")
    parser.add_argument("--eval-only", action="store_true")
    parser.add_argument("--max-steps", type=int)
    parser.add_argument("--epochs", type=float, default=4)
    parser.add_argument("--layers", type=int, default=3, help="of the decoder")
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--learning-rate", type=float, default=5e-4)
    parser.add_argument("--evals", type=int, default=6)
    parser.add_argument("--lora", help="such as rank=32; by default all but the token vectors")
    parser.add_argument("--train-embeddings", action="store_true")
    parser.add_argument("--overwrite", action="store_true")
    args = parser.parse_args()
    if not args.eval_only:
        work = args.output.with_name(f"{args.output.name}.data")
        labels = f"examples-{args.train_questions or 'all'}-{args.read}.jsonl"
        result = train_abstractive(
            examples(work / labels, args.train_questions, args.read),
            base=build(work / f"base-{args.layers}", args.layers),
            output=args.output,
            prompt=PROMPT,
            titles=True,
            max_input_tokens=MAX_INPUT_TOKENS,
            max_target_tokens=64,
            max_steps=args.max_steps,
            epochs=args.epochs,
            batch_size=args.batch_size,
            learning_rate=args.learning_rate,
            evals=args.evals,
            max_held_out=200,
            freeze_embeddings=not args.train_embeddings,
            dropout=False,
            lora=LoraSettings.parse(args.lora) if args.lora else None,
            overwrite=args.overwrite,
        )
        print(result, flush=True)
    report(args.output, args.questions, args.read)


if __name__ == "__main__":
    main()
