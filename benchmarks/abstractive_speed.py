"""Seconds per summary and peak memory of local summarizers, on t5-small, base and large shapes.

    python benchmarks/abstractive_speed.py [--shapes small,base,large] [--rounds 3]

The weights are random: the times are real, the summaries are nonsense. Every query has 5 documents
of 100 words (about 900 tokens), and every summary has exactly 64 tokens. Each system runs in its
own process, and they take turns. The table shows medians per summary, ratios to the first row, and
the highest resident memory while the system ran. A second table compares the time per written token
with the time to read the decoder's weights once at this machine's memory bandwidth.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import data
import numpy as np

from recomp_core import TokenBudget, load_compressor
from recomp_core.abstractive.loading import load_summarizer
from recomp_core.prompts import T5_PROMPT

SHAPES = {
    "small": {"d_model": 512, "d_ff": 2048, "num_layers": 6, "num_heads": 8},
    "base": {"d_model": 768, "d_ff": 3072, "num_layers": 12, "num_heads": 12},
    "large": {"d_model": 1024, "d_ff": 4096, "num_layers": 24, "num_heads": 16},
}
HEAD, VOCABULARY = 64, 32_128
NEW_TOKENS = 64
EXTRACTED = 100  # tokens that the extractive compressor leaves


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shapes", type=names, default=list(SHAPES))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batches", type=numbers, default=[1, 8])
    parser.add_argument("--beams", type=numbers, default=[1, 4])
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--folder", type=Path, help="where to put the checkpoints (large: 4 GB)")
    args = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(args.threads)
    questions = passages(max(args.batches))
    bandwidth = memory_bandwidth(args.threads)
    print(f"Random weights: speed only. {args.threads} thread(s), {args.rounds} round(s).")
    print(f"Memory bandwidth (numpy copy, read + written): {bandwidth / 1e9:.1f} GB/s\n")
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        # Converted models go there too, not into the user's cache.
        os.environ["HF_HOME"] = folder
        for shape in args.shapes:
            checkpoint = make_checkpoint(shape, Path(folder) / shape)
            measure(shape, checkpoint, questions, bandwidth, args)


def measure(
    shape: str,
    checkpoint: Path,
    questions: list[dict],
    bandwidth: float,
    args: argparse.Namespace,
) -> None:
    workers = {name: Worker(name, checkpoint) for name in SYSTEMS}
    for worker in workers.values():
        worker.run(questions[:1], 1, 4)  # warm up
    cases = [(batch, beams) for batch in args.batches for beams in args.beams]
    seconds: dict[Any, list[float]] = {}
    memory: dict[Any, float] = {}
    for batch, beams in cases:
        for _ in range(args.rounds):
            for name, worker in workers.items():
                took, peak = worker.run(questions[:batch], beams, NEW_TOKENS)
                seconds.setdefault((name, batch, beams), []).append(took / batch)
                memory[name, batch, beams] = max(memory.get((name, batch, beams), 0), peak)
    first_token = {
        name: statistics.median(
            worker.run(questions[:1], 1, 1)[0] for _ in range(max(args.rounds, 3))
        )
        for name, worker in workers.items()
    }
    for worker in workers.values():
        worker.stop()
    median = {case: statistics.median(values) for case, values in seconds.items()}
    print(f"## t5-{shape}\n")
    print_table(median, memory, cases)
    if (1, 1) in cases:
        decoding = {
            name: (median[name, 1, 1] - first_token[name]) / (NEW_TOKENS - 1) for name in SYSTEMS
        }
        print_limits(shape, decoding, bandwidth)


def print_table(median: dict, memory: dict, cases: list[tuple[int, int]]) -> None:
    heads = [
        f"batch {batch}, {'greedy' if beams == 1 else f'{beams} beams'}" for batch, beams in cases
    ]
    print(f"| seconds per summary (× as fast), peak MB | {' | '.join(heads)} |")
    print("|---|" + "---|" * len(cases))
    reference = next(iter(SYSTEMS))
    for name in SYSTEMS:
        cells = []
        for batch, beams in cases:
            took, base = median[name, batch, beams], median[reference, batch, beams]
            cells.append(f"{took:.2f} ({base / took:.1f} ×), {memory[name, batch, beams]:.0f}")
        print(f"| {name} | {' | '.join(cells)} |")
    print(flush=True)


def print_limits(shape: str, decoding: dict[str, float], bandwidth: float) -> None:
    print("| batch 1, greedy | ms per token | limit: weights | limit: and cache | × the limit |")
    print("|---|---|---|---|---|")
    for name, seconds in decoding.items():
        weights, cache = bytes_per_token(SHAPES[shape], **BYTES[name])
        limits = [1000 * weights / bandwidth, 1000 * (weights + cache) / bandwidth]
        print(
            f"| {name} | {1000 * seconds:.1f} | {limits[0]:.1f} | {limits[1]:.1f} | "
            f"{1000 * seconds / limits[1]:.1f} |"
        )
    print(flush=True)


def bytes_per_token(shape: dict[str, int], weight: int, read: int) -> tuple[int, int]:
    """The bytes that one step of greedy decoding must read.

    Returns those of the decoder's weights (the keys and values of the cross-attention are computed
    once), and those of the cached keys and values of `read` input tokens.
    """
    width, inner = shape["d_model"], shape["num_heads"] * HEAD
    layer = 6 * width * inner + 2 * width * shape["d_ff"]
    weights = weight * (shape["num_layers"] * layer + VOCABULARY * width)
    return weights, 4 * shape["num_layers"] * 2 * inner * read


def memory_bandwidth(threads: int, size: int = 1 << 28, repeats: int = 5) -> float:
    """Bytes per second, read and written: the fastest of several copies by `threads` threads."""
    sources = np.array_split(np.ones(size // 8), threads)
    targets = [np.zeros_like(source) for source in sources]
    best = 0.0
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(repeats):
            began = time.perf_counter()
            list(pool.map(np.copyto, targets, sources))
            best = max(best, 2 * size / (time.perf_counter() - began))
    return best


# --- inputs ------------------------------------------------------------------------------------


def passages(n: int) -> list[dict]:
    """`n` questions with 5 documents of 100 words each."""
    return [
        {
            "question": row["question"],
            "documents": [" ".join((d.text.split() * 100)[:100]) for d in row["documents"]],
        }
        for row in data.questions("nq_open", n=n)
    ]


def prompt(question: dict) -> str:
    return T5_PROMPT.format(question["question"], "\n".join(question["documents"]))


def make_checkpoint(shape: str, folder: Path) -> Path:
    from transformers import T5Config, T5ForConditionalGeneration

    tokenizer = make_tokenizer()
    config = T5Config(vocab_size=VOCABULARY, d_kv=HEAD, decoder_start_token_id=0, **SHAPES[shape])
    T5ForConditionalGeneration(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def make_tokenizer() -> Any:
    """A unigram tokenizer that splits these documents into about as many tokens as T5's does."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import T5Tokenizer

    trained = Tokenizer(models.Unigram())
    trained.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]
    )
    trainer = trainers.UnigramTrainer(
        vocab_size=5_500,
        special_tokens=["<pad>", "</s>", "<unk>"],
        unk_token="<unk>",
        show_progress=False,
    )
    texts = (d.text for row in data.questions("nq_open", n=400) for d in row["documents"])
    trained.train_from_iterator(texts, trainer)
    vocabulary = json.loads(trained.to_str())["model"]["vocab"]
    return T5Tokenizer(vocab=[tuple(piece) for piece in vocabulary])


# --- systems -----------------------------------------------------------------------------------


def as_flashrag(folder: Path) -> Any:
    import torch
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    model = AutoModelForSeq2SeqLM.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)

    def run(questions: list[dict], beams: int, new_tokens: int) -> None:
        inputs = tokenizer(
            [prompt(question) for question in questions],
            return_tensors="pt",
            padding=True,
            truncation=True,
            max_length=1024,
        )
        with torch.no_grad():
            outputs = model.generate(
                input_ids=inputs["input_ids"],
                attention_mask=inputs["attention_mask"],
                num_beams=beams,
                max_new_tokens=new_tokens,
                min_new_tokens=new_tokens,
                do_sample=False,
            )
        tokenizer.batch_decode(outputs, skip_special_tokens=True)

    return run


def with_torch(folder: Path) -> Any:
    loaded = load_summarizer(folder, device="cpu")
    return lambda questions, *how: summarize(loaded, [prompt(q) for q in questions], *how)


def with_int8(folder: Path) -> Any:
    loaded = load_summarizer(folder, backend="ctranslate2", device="cpu")
    return lambda questions, *how: summarize(loaded, [prompt(q) for q in questions], *how)


def extract_then_int8(folder: Path) -> Any:
    loaded = load_summarizer(folder, backend="ctranslate2", device="cpu")
    extractor = load_compressor(selector=TokenBudget(EXTRACTED, loaded.count_tokens), device="cpu")

    def run(questions: list[dict], *how: int) -> None:
        extracts = extractor.compress_batch(
            [question["question"] for question in questions],
            [question["documents"] for question in questions],
        )
        summarize(loaded, [T5_PROMPT.format(e.query, e.text) for e in extracts], *how)

    return run


def summarize(loaded: Any, prompts: list[str], beams: int, new_tokens: int) -> None:
    summarizer = type(loaded)(
        loaded.model,
        loaded.tokenizer,
        num_beams=beams,
        max_new_tokens=new_tokens,
        min_new_tokens=new_tokens,
    )
    for summary in summarizer.summarize(prompts):
        if isinstance(summary, Exception):
            raise summary


SYSTEMS = {
    "transformers, as FlashRAG calls it": as_flashrag,
    "recomp, torch": with_torch,
    "recomp, CTranslate2 int8": with_int8,
    "recomp, extract, then CTranslate2 int8": extract_then_int8,
}
BYTES = {
    "transformers, as FlashRAG calls it": {"weight": 4, "read": 900},
    "recomp, torch": {"weight": 4, "read": 900},
    "recomp, CTranslate2 int8": {"weight": 1, "read": 900},
    "recomp, extract, then CTranslate2 int8": {"weight": 1, "read": EXTRACTED},
}


class Worker:
    """A system in its own process."""

    def __init__(self, system: str, folder: Path) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(system, folder, theirs), daemon=True)
        self._process.start()
        self._pipe.recv()  # loaded

    def run(self, *job: Any) -> tuple[float, float]:
        """The seconds of a job, and the highest resident memory during it in MB."""
        self._pipe.send(job)
        return self._pipe.recv()

    def stop(self) -> None:
        self._pipe.send(None)
        self._process.join()


def serve(system: str, folder: Path, pipe: Any) -> None:
    run = SYSTEMS[system](folder)
    pipe.send("loaded")
    while job := pipe.recv():
        Path("/proc/self/clear_refs").write_text("5")  # resets the peak
        began = time.perf_counter()
        run(*job)
        pipe.send((time.perf_counter() - began, peak_memory()))


def peak_memory() -> float:
    """The highest resident memory since the last reset, in MB (Linux)."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def names(text: str) -> list[str]:
    if unknown := set(text.split(",")) - set(SHAPES):
        raise argparse.ArgumentTypeError(f"no such shape: {', '.join(unknown)}")
    return text.split(",")


def numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


if __name__ == "__main__":
    main()
