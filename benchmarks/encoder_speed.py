"""Times the encoder's backends beside the matrix products alone.

    python benchmarks/encoder_speed.py [--rounds 5] [--threads 1 2] [--sizes 5 20 100]
    python benchmarks/encoder_speed.py --drift [--questions 30] [--encoders multilingual]

Each backend in turn encodes a query and the sentences of 5, 20 or 100 documents of about 100 words,
in one process. Figures are medians over the rounds, with the spread. The limit is the time of the
products of token vectors with the layers' matrices alone, by the faster of torch and onnxruntime,
in the same rounds. GFLOP/s counts these products and the attention within each sentence, without
padding.

--drift measures how often int8 keeps the same sentences as float32, on the dev sets.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable, Sequence

import data
import numpy as np
import torch
from quality import spaced
from speed import cpu, material, shown

from recomp_core import SentenceSplitter, load_compressor
from recomp_core.models.encoders.onnx_encoder import OnnxEncoder

SIZES = (5, 20, 100)
LIMIT_ROWS = 512
CONTEXTS = ("document", "sentence")
ENCODERS = ("recomp-minilm", "minilm")
LIMIT = "matrix products alone"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, os.cpu_count() or 1])
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--drift", action="store_true")
    parser.add_argument("--questions", type=int, default=30, help="of each set, evenly spaced")
    parser.add_argument("--encoders", nargs="+", default=list(ENCODERS), help="of --drift")
    parser.add_argument("--sets", nargs="+", default=list(data.QA_SETS))
    args = parser.parse_args()
    print(f"{cpu()}, {os.cpu_count()} cores\n")
    if args.drift:
        drift(args.questions, args.sets, args.encoders)
        return
    for threads in dict.fromkeys(args.threads):
        backends(threads, args.sizes, args.rounds)


def backends(
    threads: int, sizes: Sequence[int], rounds: int
) -> list[tuple[dict[str, list[float]], float]]:
    """Prints the table. Returns for each size the seconds of each round by backend, and GFLOP."""
    torch.set_num_threads(threads)
    query, passages = material(max(sizes))
    calls, counter = systems()
    columns, counts = [], []
    for size in sizes:
        sentences = split(passages[:size])
        sequences, _ = counter.tokenizer.ids([query, *sentences])
        lengths = [len(ids) for ids in sequences]
        columns.append(column(calls, counter, query, sentences, lengths, rounds))
        counts.append(len(sentences))
    print(f"\n### {threads} thread(s): seconds, median (lowest to highest); sentences/s; GFLOP/s\n")
    print("| | " + " | ".join(f"{n} documents" for n in sizes) + " |")
    print("|---|" + "---|" * len(sizes))
    for name in columns[0][0]:
        cells = (
            f"{shown(seconds[name])}; {count / statistics.median(seconds[name]):.0f}; "
            f"{work / statistics.median(seconds[name]):.0f}"
            for (seconds, work), count in zip(columns, counts, strict=True)
        )
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)
    return columns


Call = Callable[[str, list[str]], object]


def systems() -> tuple[dict[str, Call], OnnxEncoder]:
    """Functions that encode a query and sentences, by name; and the float32 graph's encoder."""

    def encoder(**settings):
        return load_compressor("minilm", device="cpu", **settings).scorer.encoder

    reference, exact, near = (
        encoder(backend="torch"),
        encoder(backend="onnx"),
        encoder(backend="onnx", compute_type="int8"),
    )

    def both(encoder):
        return lambda query, sentences: (
            encoder.encode_queries([query]), encoder.encode_sentences(sentences),
        )  # fmt: skip

    def plain(query, sentences):
        return reference.model.encode(query), reference.model.encode(sentences)

    return {
        "sentence-transformers, encode": plain,
        "ours, torch": both(reference),
        "ours, onnx": both(exact),
        "ours, onnx int8": both(near),
    }, exact


def column(
    calls: dict[str, Call],
    encoder: OnnxEncoder,
    query: str,
    sentences: list[str],
    lengths: list[int],
    rounds: int,
) -> tuple[dict[str, list[float]], float]:
    """The seconds of each round by name, and the GFLOP that the encoding needs."""
    limits = products(encoder)
    for call in calls.values():
        call(query, sentences[:20])
    for limit in limits:
        limit()
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    seconds[LIMIT] = []
    for _ in range(rounds):
        for name, call in calls.items():
            seconds[name].append(timed(lambda call=call: call(query, sentences)))
        for_rows = min(min(timed(limit) for _ in range(3)) for limit in limits)
        seconds[LIMIT].append(for_rows * sum(lengths) / LIMIT_ROWS)
    hidden, layers = encoder.folder.dimension, encoder.folder.shape.layers
    per_token = sum(2 * rows * columns for rows, columns in matrices(encoder))
    attention = sum(4 * hidden * layers * length**2 for length in lengths)
    return seconds, (sum(lengths) * per_token + attention) / 1e9


def matrices(encoder: OnnxEncoder) -> list[tuple[int, int]]:
    """Shapes (in, out) of all linear layers."""
    weights = encoder.folder.weights()
    shapes = []
    for number in range(encoder.folder.shape.layers):
        prefix = f"encoder.layer.{number}."
        sizes = {
            name: weights[f"{prefix}{name}.weight"].shape[::-1]
            for name in ("attention.output.dense", "intermediate.dense", "output.dense")
        }
        inner, outer = weights[f"{prefix}attention.self.query.weight"].shape[::-1]
        shapes += [(inner, 3 * outer), *sizes.values()]
    return shapes


def products(encoder: OnnxEncoder) -> list[Callable[[], object]]:
    """Functions that compute all products for `LIMIT_ROWS` tokens, with torch and onnxruntime."""
    random = np.random.default_rng(0)
    shapes = matrices(encoder)
    inputs = {size: random.standard_normal((LIMIT_ROWS, size), np.float32) for size, _ in shapes}
    factors = [random.standard_normal(shape, np.float32) for shape in shapes]
    by_torch = [
        (torch.from_numpy(inputs[len(factor)]), torch.from_numpy(factor)) for factor in factors
    ]

    def with_torch():
        with torch.inference_mode():
            return [a @ b for a, b in by_torch]

    session = product_session(factors)
    feeds = {f"x{size}": array for size, array in inputs.items()}
    return [with_torch, lambda: session.run(None, feeds)]


def product_session(factors: list[np.ndarray]):
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    nodes, constants = [], []
    for number, factor in enumerate(factors):
        constants.append(numpy_helper.from_array(factor, f"b{number}"))
        nodes += [
            helper.make_node("MatMul", [f"x{len(factor)}", f"b{number}"], [f"y{number}"]),
            # Return little, so that copying the result costs nothing.
            helper.make_node("Slice", [f"y{number}", "zero", "one"], [f"z{number}"]),
        ]
    constants += [
        numpy_helper.from_array(np.array([n]), name) for n, name in ((0, "zero"), (1, "one"))
    ]
    inputs = [
        helper.make_tensor_value_info(f"x{size}", TensorProto.FLOAT, [LIMIT_ROWS, size])
        for size in sorted({len(factor) for factor in factors})
    ]
    outputs = [
        helper.make_tensor_value_info(f"z{number}", TensorProto.FLOAT, None)
        for number in range(len(factors))
    ]
    graph = helper.make_graph(nodes, "products", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def timed(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def split(passages: list[str]) -> list[str]:
    splitter = SentenceSplitter()
    return [text[start:end] for text in passages for start, end in splitter.split(text)]


def drift(
    questions: int, sets: Sequence[str] = data.QA_SETS, encoders: Sequence[str] = ENCODERS
) -> float:
    """Prints how many of the sentences that float32 keeps int8 keeps too. Returns their share."""
    print(f"Of the 2 / 5 best sentences, how many int8 keeps; {questions} questions a set.\n")
    ways = [(name, context) for name in encoders for context in contexts_of(name)]
    print("| set | " + " | ".join(map(", ".join, ways)) + " | largest difference of a score |")
    print("|---|" + "---|" * (len(ways) + 1))
    pairs = {way: both_types(*way) for way in ways}
    all_same = all_of = 0
    for dataset in sets:
        rows = spaced(data.questions(dataset), questions)
        queries, documents = [row["question"] for row in rows], [row["documents"] for row in rows]
        cells, moved = [], 0.0
        for exact, near in pairs.values():
            found = [
                (scores(a), scores(b))
                for a, b in zip(
                    exact.compress_batch(queries, documents),
                    near.compress_batch(queries, documents),
                    strict=True,
                )
            ]
            moved = max(moved, *(abs(x - y) for a, b in found for x, y in zip(a, b, strict=True)))
            shares = []
            for k in (2, 5):
                same = sum(len(best(a, k) & best(b, k)) for a, b in found)
                of = sum(len(best(a, k)) for a, _ in found)
                all_same, all_of = all_same + same, all_of + of
                shares.append(f"{100 * same / of:.1f}")
            cells.append(" / ".join(shares))
        print(f"| {dataset} | " + " | ".join(cells) + f" | {moved:.4f} |", flush=True)
    print(f"\nAll together: {all_same / all_of:.1%}")
    return all_same / all_of


def contexts_of(encoder: str) -> Sequence[str]:
    """Those that it is used with: one for texts of its own before what it reads."""
    return ("title",) if encoder == "multilingual" else CONTEXTS


def both_types(name: str, context: str):
    """The same compressor in float32 and in int8."""
    return tuple(
        load_compressor(name, device="cpu", context=context, backend="onnx", compute_type=kind)
        for kind in ("float32", "int8")
    )


def best(scores: list[float], k: int) -> set[int]:
    return set(sorted(range(len(scores)), key=lambda n: -scores[n])[:k])


def scores(compression) -> list[float]:
    sentences = (*compression.kept, *compression.dropped)
    return [s.score for s in sorted(sentences, key=lambda s: (s.doc_index, s.start))]


if __name__ == "__main__":
    main()
