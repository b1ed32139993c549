"""Compares the local answer scorer with plain passes of transformers over the same model.

Figures are (sentence, answer) pairs per second, of the sentences of one question's five documents.
One by one: a full forward pass for each pair. Padded: batches of 16 pairs in order, padded to the
longest. Both with logits at all positions. Bound: only the matrix products of the layers, for the
same tokens without padding, so that no way of reading them all can be faster.

With `--model` the weights are those of a folder, such as the one that `make bench-readers` makes of
SmolLM2. Without, they are random, in the shape of a small current language model (hidden size 576,
49,152 tokens; 8 of its 30 layers, to save time).

    python benchmarks/scorer_speed.py --model build/readers/models/smollm2
"""

from __future__ import annotations

import argparse
import statistics
import time
from functools import partial

import torch
from data import questions
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM

from recomp_core.labelling import AnswerPrompt, AnswerRequest, CausalLMScorer
from recomp_core.models.token_rows import pad_rows
from recomp_core.persistence.names import embedded_model
from recomp_core.readers.answer_scores import Pair
from recomp_core.readers.tokenization import Joined, join_all
from recomp_core.text.splitting import SentenceSplitter

TOLERANCES = {"float32": 1e-4, "bfloat16": 2.0}
"""Nats by which a score may differ from one of its own pass: in bfloat16 a logit of 30 has steps
of an eighth."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", help="a folder; else random weights")
    parser.add_argument("--layers", type=int, default=8, help="of the random weights")
    parser.add_argument("--dtype", choices=TOLERANCES, default="float32")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--shapes", type=int, default=5, help="so many of the shapes of prompts")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    if arguments.model:
        tokenizer = AutoTokenizer.from_pretrained(arguments.model)
        model = AutoModelForCausalLM.from_pretrained(arguments.model).eval()
    else:
        tokenizer = AutoTokenizer.from_pretrained(embedded_model())
        model = LlamaForCausalLM(_config(arguments.layers)).eval()
    model = model.to(getattr(torch, arguments.dtype))
    print(
        f"{arguments.dtype}, {model.config.num_hidden_layers} layers, {arguments.threads} threads, "
        f"medians of {arguments.rounds} rounds; pairs a second, × the padded batch"
    )
    print(f"{'':36}{'one by one':>15}{'padded':>9}{'ours':>15}{'bound':>15}{'differing by':>14}")
    for name, prompt, answers in _shapes()[: arguments.shapes]:
        requests = _requests(answers)
        scorer = CausalLMScorer(model, tokenizer, prompt=prompt)
        rows = _rows(scorer, requests)
        scorer.score(requests[:2])  # what is looked up once
        ways = {
            "one by one": partial(_padded, scorer, rows, 1),
            "padded": partial(_padded, scorer, rows, 16),
            "ours": partial(scorer.score, requests),
            "bound": partial(_products, model, sum(len(row.ids) for row in rows)),
        }
        seconds: dict[str, list[float]] = {way: [] for way in ways}
        found = {}
        for _ in range(arguments.rounds):
            for way, run in ways.items():
                began = time.perf_counter()
                found[way] = run()
                seconds[way].append(time.perf_counter() - began)
        median = {way: statistics.median(some) for way, some in seconds.items()}
        expected = _best(found["one by one"], answers)
        differing = max(abs(a.value - b) for a, b in zip(found["ours"], expected, strict=True))
        shown = {
            way: f"{len(rows) / s:.1f} ({median['padded'] / s:.1f} ×)" for way, s in median.items()
        }
        print(
            f"{name:36}{shown['one by one']:>15}{len(rows) / median['padded']:9.1f}"
            f"{shown['ours']:>15}{shown['bound']:>15}{differing:14.1e}   "
            f"{len(rows)} pairs of {statistics.mean(len(row.ids) for row in rows):.0f} tokens",
            flush=True,
        )
        assert differing <= TOLERANCES[arguments.dtype], "the scores must be equal"


def _config(layers: int) -> LlamaConfig:
    return LlamaConfig(
        vocab_size=49_152, hidden_size=576, intermediate_size=1536, num_hidden_layers=layers,
        num_attention_heads=9, num_key_value_heads=3, max_position_embeddings=8192,
        initializer_range=0.1,
    )  # fmt: skip


def _shapes() -> list[tuple[str, AnswerPrompt, int]]:
    rows = questions("nq_open", n=10)[5:]
    shots = "".join(
        f"{row['documents'][0].text[:200]}\n\nQuestion: {row['question']}\n"
        f"Answer: {row['answers'][0]}\n\n"
        for row in rows
    )
    plain = AnswerPrompt()
    few_shot = AnswerPrompt(shots + plain.with_context, shots + plain.without_context)
    instruction = (
        "Answer the question with a short phrase that stands in the passage. Reply with that "
        "phrase alone.\n\n"
    )
    instructed = AnswerPrompt(instruction + plain.with_context, instruction + plain.without_context)
    return [
        ("one answer", plain, 1),
        ("an instruction, one answer", instructed, 1),
        ("four answers", plain, 4),
        ("five worked examples, one answer", few_shot, 1),
        ("five worked examples, four answers", few_shot, 4),
    ]


def _requests(answers: int) -> list[AnswerRequest]:
    """The sentences of one question's documents."""
    (row,) = questions("nq_open", n=1)
    splitter = SentenceSplitter()
    aliases = ["Gary Player", "Player", "Gary Jim Player", "the golfer Gary Player"][:answers]
    sentences = [
        document.text[start:end]
        for document in row["documents"]
        for start, end in splitter.split(document.text)
    ]
    return [AnswerRequest(row["question"], text, tuple(aliases)) for text in sentences]


def _rows(scorer: CausalLMScorer, requests: list[AnswerRequest]) -> list[Joined]:
    pairs = [
        Pair(scorer.prompt.prompt(request), scorer.prompt.continuation(answer))
        for request in requests
        for answer in request.answers
    ]
    return join_all(scorer.tokenizer, pairs)


@torch.inference_mode()
def _padded(scorer: CausalLMScorer, rows: list[Joined], size: int) -> list[float]:
    values = []
    for start in range(0, len(rows), size):
        batch = rows[start : start + size]
        ids, mask = pad_rows([row.ids for row in batch])
        logits = scorer.model(input_ids=ids, attention_mask=mask).logits
        for row, own in zip(batch, logits, strict=True):
            end = len(row.ids) - 1
            table = torch.log_softmax(own[end - row.n : end].float(), dim=-1)
            values.append(table.gather(1, torch.tensor(row.continuation)[:, None]).sum().item())
    return values


def _best(values: list[float], answers: int) -> list[float]:
    return [max(values[n : n + answers]) for n in range(0, len(values), answers)]


@torch.inference_mode()
def _products(model: torch.nn.Module, tokens: int) -> None:
    """The layers' matrix products over so many tokens, in passes of 512."""
    layers = [
        module
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear) and "lm_head" not in name
    ]
    for start in range(0, tokens, 512):
        n = min(512, tokens - start)
        inputs = {
            layer.in_features: torch.randn(n, layer.in_features, dtype=layer.weight.dtype)
            for layer in layers
        }
        for layer in layers:
            layer(inputs[layer.in_features])


if __name__ == "__main__":
    main()
