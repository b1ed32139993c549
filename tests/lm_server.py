"""What servers of language models reply, each in its documented format, from a tiny real model."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import tiny_causal
from openai_server import Reply, Request

HABIT = "byte-level"


def as_reply(content: Mapping[str, Any]) -> Reply:
    return Reply(body=json.dumps(content).encode())


def vllm(request: Request) -> Reply:
    """`prompt_logprobs`: for each token an object of the tokens asked for; none for the first."""
    ids = request.body["prompt"]
    if "prompt_logprobs" not in request.body:
        return as_reply({"choices": [{"text": " x", "logprobs": None}]})
    tokenizer = tiny_causal.tokenizer(HABIT)
    rows: list[Any] = [None]
    for token, value in zip(ids[1:], logprobs(ids), strict=True):
        word = tokenizer.decode([token])
        rows.append({str(token): {"logprob": value, "rank": 3, "decoded_token": word}})
    return as_reply(
        {
            "choices": [{"text": " x", "logprobs": None, "prompt_logprobs": rows}],
            "usage": {"prompt_tokens": len(ids), "completion_tokens": 1},
        }
    )


def echo(request: Request, model: Any = None) -> Reply:
    """`echo` with `logprobs`: the prompt's tokens and then the one that was written."""
    ids = request.body["prompt"]
    if not request.body.get("echo"):
        return as_reply({"choices": [{"text": " x", "logprobs": None}]})
    values = [None, *logprobs(ids, model), -0.5]
    return as_reply(
        {
            "choices": [
                {"text": "…", "logprobs": {"token_logprobs": values, "tokens": ["t"] * len(values)}}
            ],
            "usage": {"prompt_tokens": len(ids), "completion_tokens": 1},
        }
    )


def sglang(request: Request) -> Reply:
    """`/generate`: [log-probability, id, text] of each token from `logprob_start_len` on."""
    if request.path != "/generate":
        return Reply(status=404, body=b'{"error": {"message": "no such path"}}')
    ids = request.body["input_ids"]
    rows: list[list[Any]] = [[None, ids[0], None]]
    rows += [[value, token, None] for token, value in zip(ids[1:], logprobs(ids), strict=True)]
    rows = rows[request.body["logprob_start_len"] :]
    return as_reply({"text": " x", "meta_info": {"input_token_logprobs": rows}})


def llama_cpp(request: Request) -> Reply:
    """Takes every field and heeds none: log-probabilities of what it wrote alone."""
    if request.path == "/generate":
        return Reply(status=404, body=b'{"error": {"message": "no such path"}}')
    logprobs = {"token_logprobs": [-0.5], "tokens": [" x"]}
    return as_reply({"choices": [{"text": " x", "logprobs": logprobs}]})


def logprobs(ids: Sequence[int], model: Any = None) -> list[float]:
    """Of each token but the first, after those before it; by the tiny model unless another is given."""
    import torch

    with torch.no_grad():
        model = tiny_causal.model("llama") if model is None else model
        logits = model(input_ids=torch.tensor([list(ids)])).logits[0]
    table = torch.log_softmax(logits.double(), dim=-1)
    return [table[n, token].item() for n, token in enumerate(ids[1:])]


class Speller:
    """A chat model that writes letters; its next letter depends on the prompt and on what it wrote.

    Lists the `top` likeliest of its tokens, as the protocol has it. `prefix`: whether it goes on
    with an assistant's last message or begins anew.
    """

    TOKENS = ("a", "d", "da", "e", "r", "y", "s", " ", "1", "5", "Yes", "no", "No", "<end>")

    def __init__(self, *, top: int = 20, prefix: bool = True) -> None:
        self.top, self.prefix = top, prefix

    def distribution(self, prompt: str, written: str) -> dict[str, float]:
        """Log-probabilities, made up but fixed; counting goes on as it should."""
        import math
        import random

        rng = random.Random(f"{prompt}|{written}")
        weights = {token: rng.uniform(0.05, 1.0) for token in self.TOKENS}
        if written.endswith("4,"):
            weights["5"] = 50.0
        total = sum(weights.values())
        return {token: math.log(weight / total) for token, weight in weights.items()}

    def __call__(self, request: Request) -> Reply:
        messages = request.body["messages"]
        last = messages[-1]
        goes_on = last["role"] == "assistant" and self.prefix
        written = last["content"] if goes_on else ""
        listed = self.distribution(messages[0]["content"], written)
        ranked = sorted(listed.items(), key=lambda item: -item[1])[: self.top]
        asked = min(request.body.get("top_logprobs", 0), len(ranked))
        top = [{"token": token, "logprob": value} for token, value in ranked[:asked]]
        token, value = ranked[0]
        content = [{"token": token, "logprob": value, "top_logprobs": top}]
        message = {"role": "assistant", "content": token}
        choice = {"index": 0, "message": message, "finish_reason": "length"}
        return as_reply(
            {
                "choices": [{**choice, "logprobs": {"content": content}}],
                "usage": {"prompt_tokens": 7, "completion_tokens": 1},
            }
        )
