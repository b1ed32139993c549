"""Compares the local answer scorer with scoring one pair at a time on the same model.

Figures are (sentence, answer) pairs per second. One at a time means a full forward pass of
transformers for each pair, with logits at all positions. The weights are random, in the shape of a
small current language model (hidden size 576, 49,152 tokens; 8 of its 30 layers, to save time). The
sentences are those of one question's five documents.

    python benchmarks/scorer_speed.py
"""

from __future__ import annotations

import argparse
import statistics
import time

import torch
from data import questions
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

from recomp_core.labelling import AnswerPrompt, AnswerRequest, CausalLMScorer
from recomp_core.persistence.names import embedded_model
from recomp_core.readers.answer_scores import Pair
from recomp_core.readers.tokenization import join_all
from recomp_core.text.splitting import SentenceSplitter


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--layers", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(embedded_model())
    config = LlamaConfig(
        vocab_size=49_152, hidden_size=576, intermediate_size=1536,
        num_hidden_layers=arguments.layers, num_attention_heads=9, num_key_value_heads=3,
        max_position_embeddings=8192, initializer_range=0.1,
    )  # fmt: skip
    model = LlamaForCausalLM(config).eval()
    print(f"{arguments.layers} layers, {arguments.threads} threads, {arguments.rounds} rounds")
    print(f"{'':44} {'one by one':>12} {'ours':>9} {'ratio':>7} {'most differing by':>18}")
    for name, prompt, answers in _shapes():
        requests = _requests(answers)
        scorer = CausalLMScorer(model, tokenizer, prompt=prompt)
        theirs, ours = [], []
        for _ in range(arguments.rounds):
            began = time.perf_counter()
            expected = _one_by_one(scorer, requests)
            theirs.append(time.perf_counter() - began)
            began = time.perf_counter()
            found = scorer.score(requests)
            ours.append(time.perf_counter() - began)
        differing = max(abs(s.value - v) for s, v in zip(found, expected, strict=True))
        slow, fast = statistics.median(theirs), statistics.median(ours)
        n = len(requests)
        print(
            f"{name:44} {n / slow:8.1f} /s {n / fast:7.1f} /s {slow / fast:6.1f} × "
            f"{differing:18.1e}",
            flush=True,
        )
        assert differing <= 1e-4, "the scores must be equal"


def _shapes() -> list[tuple[str, AnswerPrompt, int]]:
    rows = questions("nq_open", n=10)[5:]
    shots = "".join(
        f"{row['documents'][0].text[:200]}\n\nQuestion: {row['question']}\n"
        f"Answer: {row['answers'][0]}\n\n"
        for row in rows
    )
    plain = AnswerPrompt()
    few_shot = AnswerPrompt(shots + plain.with_context, shots + plain.without_context)
    return [
        ("one answer", plain, 1),
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


@torch.inference_mode()
def _one_by_one(scorer: CausalLMScorer, requests: list[AnswerRequest]) -> list[float]:
    values = []
    for request in requests:
        best = -float("inf")
        for answer in request.answers:
            pair = Pair(scorer.prompt.prompt(request), scorer.prompt.continuation(answer))
            (joined,) = join_all(scorer.tokenizer, [pair])
            logits = scorer.model(input_ids=torch.tensor([joined.ids])).logits[0]
            table = torch.log_softmax(logits[-joined.n - 1 : -1].float(), dim=-1)
            own = table.gather(1, torch.tensor(joined.continuation)[:, None])
            best = max(best, own.sum().item())
        values.append(best)
    return values


if __name__ == "__main__":
    main()
