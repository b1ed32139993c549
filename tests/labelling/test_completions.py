"""Each server's format, answered from a tiny real model: the same scores as the model itself."""

import itertools

import lm_server
import pytest
import tiny_causal
from conftest import PATIENCE
from openai_server import OpenAIServer, Reply, error, without_environment

from recomp_core.errors import BudgetError, EndpointError
from recomp_core.labelling.scorers.completions import CompletionsScorer
from recomp_core.readers.answer_scores import AnswerRequest, AnswerScore, Kind
from recomp_core.readers.likelihood import CausalLMScorer
from recomp_core.runtime.budget import Meter

pytest.importorskip("openai", reason='needs pip install "recomp[openai]"')
pytestmark = [pytest.mark.model, pytest.mark.enable_socket]

REQUESTS = [
    AnswerRequest("who built the tower?", "Ada Reyes built it in 1889.", ("Ada Reyes", "Reyes")),
    AnswerRequest("who built the tower?", "", ("Málaga",)),
    AnswerRequest("when?", "Tea came at four.", ("at four",)),
]


@pytest.fixture(autouse=True)
def _environment(monkeypatch):
    without_environment(monkeypatch)


def scorer_of(server, **settings):
    settings = {"protocol": "auto", "timeout": 5.0, "max_retries": 0, **settings}
    return CompletionsScorer(
        "tiny", base_url=server.base_url, api_key="secret-key",
        tokenizer=tiny_causal.tokenizer(lm_server.HABIT), **settings,
    )  # fmt: skip


FORMATS = {"vllm": lm_server.vllm, "echo": lm_server.echo, "sglang": lm_server.sglang}


@pytest.mark.parametrize("protocol", FORMATS)
def test_equal_to_the_local_scorer(protocol):
    local = CausalLMScorer(tiny_causal.model("llama"), tiny_causal.tokenizer(lm_server.HABIT))
    with OpenAIServer(reply_to=FORMATS[protocol]) as server:
        scorer = scorer_of(server, protocol=protocol)
        for here, there in zip(local.score(REQUESTS), scorer.score(REQUESTS), strict=True):
            assert there.value == pytest.approx(here.value, abs=1e-4)
            assert (there.n_tokens, there.kind, there.answer) == (
                here.n_tokens, Kind.EXACT, here.answer
            )  # fmt: skip
        assert scorer.meter.usage.requests == 4  # one for each different pair


@pytest.mark.parametrize("protocol", FORMATS)
def test_the_protocol_is_found_by_asking(protocol):
    with OpenAIServer(reply_to=FORMATS[protocol]) as server:
        scorer = scorer_of(server)
        found = scorer.capabilities()
        assert found.usable
        assert found.details["protocol"] == scorer.protocol == protocol


def test_a_server_that_gives_no_log_probabilities_of_a_prompt_is_refused_before_the_run():
    with OpenAIServer(reply_to=lm_server.llama_cpp) as server:
        found = scorer_of(server).capabilities()
    assert not found.usable
    assert "ChatScorer" in found.reason
    assert all(protocol in found.reason for protocol in FORMATS)


def changed(**rows):
    """vLLM's reply with something wrong in the row of the answer's first token."""

    def reply(request):
        import json

        content = json.loads(lm_server.vllm(request).body)
        listed = content["choices"][0]["prompt_logprobs"]
        listed[-1] = {key: {**value, **rows} for key, value in listed[-1].items()}
        return lm_server.as_reply(content)

    return reply


@pytest.mark.parametrize(
    ("reply_to", "message"),
    [
        (lambda r: Reply(body=b"not json"), "tiny|127.0.0.1"),
        (lambda r: Reply(body=b"[1, 2]"), "no JSON object"),
        (lambda r: Reply(body=b'{"choices": []}'), "no log-probabilities"),
        (lambda r: Reply(body=b'{"choices": [{"prompt_logprobs": [null]}]}'), "1 entries for"),
        (changed(logprob=-9999.0), "-9999"),
        (changed(logprob=None), "None"),
        (changed(logprob=0.5), "0.5"),
        (lm_server.llama_cpp, "llama.cpp"),
        (lambda r: error(401, "bad key secret-key"), "API key was rejected"),
        (lambda r: error(500, "broken"), "out of order"),
        (lambda r: Reply(body=b"{}" * 50, cut=True), "broke off"),
        (lambda r: Reply(delay=PATIENCE), "within timeout"),
    ],
)
def test_a_reply_that_can_t_be_used_is_an_error_of_its_own(reply_to, message):
    with OpenAIServer(reply_to=reply_to) as server:
        scorer = scorer_of(
            server, protocol="vllm", timeout=0.5 if "timeout" in message else PATIENCE
        )
        (result,) = scorer.score(REQUESTS[1:2])
    assert isinstance(result, EndpointError)
    import re

    assert re.search(message, str(result)), str(result)
    assert "secret-key" not in str(result)


def test_a_spent_budget_and_what_came_before_it():
    with OpenAIServer(reply_to=lm_server.vllm) as server:
        scorer = scorer_of(server, protocol="vllm", meter=Meter(max_requests=2), max_concurrency=1)
        results = scorer.score([AnswerRequest(f"who {n}?", "", ("Ada",)) for n in range(4)])
        assert len(server.requests) == 2
    assert [type(result) for result in results] == [AnswerScore] * 2 + [BudgetError] * 2


def test_the_identity_is_the_model_s_and_not_the_server_s():
    tokenizer = tiny_causal.tokenizer(lm_server.HABIT)
    scorers = [
        CompletionsScorer("tiny", base_url=url, api_key=key, tokenizer=tokenizer)
        for url, key in itertools.product(["http://a/v1", "http://b/v1"], ["one", "two"])
    ]
    assert all(scorer.identity == scorers[0].identity for scorer in scorers)
    assert "one" not in str(scorers[0].identity)
    with pytest.raises(ValueError, match="protocol"):
        CompletionsScorer("tiny", base_url="http://a/v1", api_key="k", protocol="tgi")
