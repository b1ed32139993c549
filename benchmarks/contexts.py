"""Compares the contexts that a sentence can be encoded with: answer recall and time per set.

    python benchmarks/contexts.py [--questions 200] [--top-k 2]

For each dev set (5 documents per question, 20 for MuSiQue) and each context: how often the kept
sentences hold a gold answer, the compression rate in characters, and the milliseconds per question.
The contexts take turns within one process. The column "documents" is the ceiling: how often all
documents together hold an answer.
"""

from __future__ import annotations

import argparse
import statistics
import time

import data
import torch

from recomp_core import TopK, load_compressor
from recomp_core.text.answers import contains_answer

CONTEXTS = ("sentence", "title", "document")
ROUND = 20  # questions before the next context has its turn


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--questions", type=int, default=200, help="of each set, from its start")
    parser.add_argument("--top-k", type=int, default=2)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--sets", nargs="+", default=data.QA_SETS)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    compressors = {
        context: load_compressor("minilm", context=context, selector=TopK(args.top_k), device="cpu")
        for context in CONTEXTS
    }
    for compressor in compressors.values():
        compressor.compress("warm up", ["One sentence. Two sentences."])
    print(
        f"top {args.top_k} of the untrained encoder, {args.threads} thread(s), answer recall in %, "
    )
    print("rate in % of the characters, milliseconds a question\n")
    heads = " | ".join(f"{context} | rate | ms" for context in CONTEXTS)
    print(f"| set | n | documents | {heads} |")
    print("|---|---|---|" + "---|" * (3 * len(CONTEXTS)))
    for name in args.sets:
        print(row(name, data.questions(name, n=args.questions), compressors), flush=True)


def row(name: str, questions: list[dict], compressors: dict) -> str:
    found = {context: [] for context in compressors}
    rates = {context: [] for context in compressors}
    seconds = {context: [] for context in compressors}
    ceiling = []
    for first in range(0, len(questions), ROUND):
        for context, compressor in compressors.items():
            for question in questions[first : first + ROUND]:
                began = time.perf_counter()
                result = compressor.compress(question["question"], question["documents"])
                seconds[context].append(time.perf_counter() - began)
                found[context].append(contains_answer(result.text, question["answers"]))
                rates[context].append(result.rate())
                if context == CONTEXTS[0]:
                    ceiling.append(contains_answer(result.original_text, question["answers"]))
    cells = " | ".join(
        f"{100 * statistics.mean(found[c]):.1f} | {100 * statistics.mean(rates[c]):.1f} | "
        f"{1000 * statistics.median(seconds[c]):.0f}"
        for c in compressors
    )
    return f"| {name} | {len(questions)} | {100 * statistics.mean(ceiling):.1f} | {cells} |"


if __name__ == "__main__":
    main()
