"""Measures each stage of a call about unseen documents, with the default backend.

    python benchmarks/cold_profile.py [--threads 1] [--documents 5 20 100] [--rounds 5]

A stage's time does not include that of the stages that it calls. Figures are medians of the rounds.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from statistics import median
from typing import Any
from unittest.mock import patch

import onnxruntime
import torch
from speed import cpu, material

from recomp_core import DualEncoderScorer, ExtractiveCompressor, TopK, load_compressor
from recomp_core.models.encoders.bert_tokenizer import BertTextTokenizer
from recomp_core.models.encoders.onnx_encoder import OnnxEncoder
from recomp_core.text.splitting import SentenceSplitter

REST = "sentences as objects, checks"
STAGES: dict[str, list[tuple[type, str]]] = {
    "splitting": [(SentenceSplitter, "split")],
    "tokenizing": [(BertTextTokenizer, "ids"), (BertTextTokenizer, "windows")],
    "the graph (onnxruntime)": [(onnxruntime.InferenceSession, "run")],
    "packing, pooling": [(OnnxEncoder, "encode_sentences"), (OnnxEncoder, "encode_spans"),
                         (OnnxEncoder, "encode_queries")],
    "similarities": [(DualEncoderScorer, "score")],
    "selecting": [(ExtractiveCompressor, "_select")],
    REST: [(ExtractiveCompressor, "compress")],
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--documents", type=int, nargs="+", default=[5, 20, 100])
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    print(f"{cpu()}, {args.threads} thread(s)")
    torch.set_num_threads(args.threads)
    for context in ("sentence", "document"):
        for compute_type in ("float32", "int8"):
            profile(context, compute_type, args.documents, args.rounds)


def profile(context: str, compute_type: str, sizes: list[int], rounds: int) -> None:
    """Prints a table: milliseconds and share of each stage, by number of documents."""
    compressor = load_compressor(
        selector=TopK(5), device="cpu", context=context, backend="onnx", compute_type=compute_type
    )
    query, passages = material(max(sizes))
    compressor.compress(query, passages[:1])
    columns = []
    for size in sizes:
        seen = []
        for _ in range(rounds):
            with watching() as spent:
                compressor.compress(query, passages[:size])
            seen.append(spent)
        columns.append({stage: median(spent[stage] for spent in seen) for stage in STAGES})
    print(f"\n| {context}, {compute_type} | " + " | ".join(f"{n} documents" for n in sizes) + " |")
    print("|---|" + "---|" * len(sizes))
    for stage in STAGES:
        cells = (f"{1000 * c[stage]:.1f} ms ({c[stage] / sum(c.values()):.1%})" for c in columns)
        print(f"| {stage} | " + " | ".join(cells) + " |")


@contextmanager
def watching() -> Iterator[Counter[str]]:
    """Yields the seconds of each stage, counted while the block runs."""
    spent: Counter[str] = Counter()
    inner = [0.0]  # for each running call: the seconds of the calls inside it

    def watched(stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            inner.append(0.0)
            began = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                took = time.perf_counter() - began
                spent[stage] += took - inner.pop()
                inner[-1] += took

        return call

    with ExitStack() as stack:
        for stage, methods in STAGES.items():
            for owner, name in methods:
                function = getattr(owner, name)
                stack.enter_context(patch.object(owner, name, watched(stage, function)))
        yield spent


if __name__ == "__main__":
    main()
