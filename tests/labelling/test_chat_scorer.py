"""Chat APIs: each method against a distribution that is known, and every trap."""

import json
import math

import pytest
from lm_server import Speller, as_reply
from openai_server import OpenAIServer, Reply, error, without_environment

from recomp_core.errors import BudgetError, EndpointError
from recomp_core.readers.answer_scores import AnswerRequest, AnswerScore, Kind
from recomp_core.runtime.budget import Meter

pytest.importorskip("openai", reason='needs pip install "recomp[openai]"')
from recomp_core.labelling.chat_client import thinking_off
from recomp_core.labelling.scorers.chat import ChatScorer

pytestmark = pytest.mark.enable_socket

REQUEST = AnswerRequest("Who?", "Ada did.", ("ada",))


@pytest.fixture(autouse=True)
def _environment(monkeypatch):
    without_environment(monkeypatch)


def scorer_of(server, method, **settings):
    settings = {"timeout": 5.0, "max_retries": 0, **settings}
    return ChatScorer(
        "m", method=method, base_url=server.base_url, api_key="secret-key", **settings
    )


@pytest.mark.parametrize("continuation", ["prefix", "continue"])
def test_prefix_sums_what_the_model_says_of_each_token(continuation):
    speller = Speller()
    with OpenAIServer(reply_to=speller) as server:
        scorer = scorer_of(server, "prefix", continuation=continuation)
        (score,) = scorer.score([REQUEST])
        prompt = scorer.prompt.prompt(REQUEST)
        bodies = [request.body for request in server.requests]
    # "a" and then "da": the longest token that the rest begins with.
    by_hand = speller.distribution(prompt, "")["a"] + speller.distribution(prompt, "a")["da"]
    assert score.value == pytest.approx(by_hand, abs=1e-4)
    assert (score.kind, score.n_tokens, scorer.kind) == (Kind.EXACT, 2, Kind.CENSORED)
    last = bodies[1]["messages"][-1]
    assert (last["role"], last["content"]) == ("assistant", "a")
    assert last.get("prefix", False) == (continuation == "prefix")
    assert bodies[1].get("continue_final_message", False) == (continuation == "continue")
    for body in bodies:
        assert (body["temperature"], body["max_tokens"], body["logprobs"]) == (1.0, 1, True)
        assert body["top_logprobs"] == 20


@pytest.mark.parametrize("seed", range(8))
def test_a_token_that_is_not_listed_bounds_the_score_from_above(seed):
    request = AnswerRequest(f"Who {seed}?", "Ada did.", ("ada",))
    speller = Speller(top=4)
    with OpenAIServer(reply_to=speller) as server:
        scorer = scorer_of(server, "prefix")
        (score,) = scorer.score([request])
    prompt = scorer.prompt.prompt(request)
    exact = speller.distribution(prompt, "")["a"] + speller.distribution(prompt, "a")["da"]
    letters = (
        speller.distribution(prompt, "")["a"]
        + speller.distribution(prompt, "a")["d"]
        + speller.distribution(prompt, "ad")["a"]
    )
    if score.kind is Kind.EXACT:
        assert any(score.value == pytest.approx(value, abs=1e-4) for value in (exact, letters))
    else:
        assert score.kind is Kind.CENSORED
        assert score.value >= exact - 1e-9  # "da" is how this model's tokenizer cuts


class Cutter:
    """Cuts "ada" into a, d, a."""

    def __call__(self, text, add_special_tokens):
        return {"input_ids": [*text]}

    def decode(self, ids):
        return "".join(ids)


def test_with_a_tokenizer_the_answer_is_walked_through_by_its_tokens():
    speller = Speller()
    with OpenAIServer(reply_to=speller) as server:
        scorer = scorer_of(server, "prefix", tokenizer=Cutter())
        (score,) = scorer.score([REQUEST])
        prompt = scorer.prompt.prompt(REQUEST)
    by_hand = sum(
        speller.distribution(prompt, written)[letter]
        for written, letter in (("", "a"), ("a", "d"), ("ad", "a"))
    )
    assert score.value == pytest.approx(by_hand, abs=1e-4)
    assert score.n_tokens == 3


def test_the_probe_sees_that_a_beginning_is_not_honoured():
    with OpenAIServer(reply_to=Speller(prefix=False)) as server:
        found = scorer_of(server, "prefix").capabilities()
    assert not found.usable
    assert "not honoured" in found.reason
    with OpenAIServer(reply_to=Speller()) as server:
        assert scorer_of(server, "prefix").capabilities().usable


def saying(*texts):
    """Each reply with as many of these texts as it was asked for, at most three."""
    texts = list(texts)

    def reply_to(request):
        n = min(request.body.get("n", 1), 3, len(texts))
        given = [texts.pop(0) for _ in range(n)]
        return as_reply(
            {"choices": [{"index": i, "message": {"content": t}} for i, t in enumerate(given)]}
        )

    return reply_to


def test_samples_are_counted_whatever_the_wording():
    texts = [
        "Ada.",
        "ADA",
        "Bo",
        "the Ada",
        "nobody",
        "Ada did",
        "Bo",
        "ada",
        "Cy",
        "Di",
        "left over",
    ]
    with OpenAIServer(reply_to=saying(*texts)) as server:
        scorer = scorer_of(server, "samples", samples=10)
        (score,) = scorer.score([REQUEST])
        # Asked for 10, given 3 at most: the rest is asked for again.
        assert [request.body["n"] for request in server.requests] == [10, 7, 4, 1]
    p = 4.5 / 11
    assert score.value == pytest.approx(math.log(p))
    assert score.standard_error == pytest.approx(math.sqrt((1 - p) / (p * 12)))
    assert (score.kind, scorer.kind, score.n_tokens) == (Kind.ESTIMATE, Kind.ESTIMATE, 0)


def test_an_empty_sample_is_no_error_for_what_the_others_cost():
    choices = [{"index": i, "message": {"content": t}} for i, t in enumerate(["Ada", ""])]
    usage = {"prompt_tokens": 9, "completion_tokens": 60}
    with OpenAIServer(as_reply({"choices": choices, "usage": usage})) as server:
        (score,) = scorer_of(server, "samples", samples=2).score([REQUEST])
    assert score.value == pytest.approx(math.log(1.5 / 3))


def test_no_hit_is_no_minus_infinity():
    with OpenAIServer(reply_to=saying(*["Bo"] * 4)) as server:
        (score,) = scorer_of(server, "samples", samples=4).score([REQUEST])
    assert score.value == pytest.approx(math.log(0.5 / 5))


def test_the_judge_compares_yes_and_no_in_all_their_spellings():
    def reply_to(request):
        listed = {"Yes": 0.4, " yes": 0.1, "NO": 0.2, "Perhaps": 0.3}
        top = [{"token": t, "logprob": math.log(p)} for t, p in listed.items()]
        return as_reply(
            {"choices": [{"message": {"content": "Yes"}, "logprobs": {"content": [
                {"token": "Yes", "logprob": math.log(0.4), "top_logprobs": top}]}}]}
        )  # fmt: skip

    with OpenAIServer(reply_to=reply_to) as server:
        scorer = scorer_of(server, "judge")
        (score,) = scorer.score([AnswerRequest("Who {context}?", "Ada.", ("Ada", "A. Reyes"))])
        prompt = server.requests[0].prompt
    assert score.value == pytest.approx(math.log(0.5 / 0.7))
    assert score.kind is Kind.PROXY
    assert "Ada / A. Reyes" in prompt
    assert "Who {context}?" in prompt


def judged(listed):
    """What the judge makes of these first tokens and their probabilities, the likeliest first."""
    top = [{"token": t, "logprob": math.log(p)} for t, p in listed.items()]
    content = [{**top[0], "top_logprobs": top}]
    choice = {"message": {"content": top[0]["token"]}, "logprobs": {"content": content}}
    with OpenAIServer(as_reply({"choices": [choice]})) as server:
        return scorer_of(server, "judge").score([REQUEST])[0]


@pytest.mark.parametrize(
    "listed",
    [
        {"Sorry": 0.97, "The": 0.01, "No": 0.004},
        {"As": 0.6, "yes": 0.2, "no": 0.1},
        {"Maybe": 0.9, "Hardly": 0.05},
    ],
)
def test_a_reply_that_is_no_verdict_has_no_score(listed):
    error = judged(listed)
    assert isinstance(error, EndpointError)
    assert (error.reason, "neither yes nor no" in str(error)) == ("malformed", True)
    assert repr(next(iter(listed))) in str(error)


def test_a_word_that_is_not_listed_has_no_more_than_what_is_left():
    # The only other token is "no" itself, which must not stand for yes, too.
    assert judged({"Well": 0.04, "no": 0.95}).value == pytest.approx(math.log(0.01 / 0.96))
    assert judged({"yes": 0.9, "Well": 0.05}).value == pytest.approx(math.log(0.9 / 0.95))
    assert judged({"yes": 0.9, "Well": 0.01}).value == pytest.approx(math.log(0.9 / 0.91))


def test_marks_around_a_verdict_do_no_harm():
    assert judged({'"Yes': 0.6, "**No": 0.2, "Hm": 0.1}).value == pytest.approx(math.log(0.75))


def token(logprob, top):
    content = [{"token": "x", "logprob": logprob, "top_logprobs": top}]
    return as_reply({"choices": [{"message": {"content": "x"}, "logprobs": {"content": content}}]})


@pytest.mark.parametrize("method", ["prefix", "judge"])
@pytest.mark.parametrize(
    ("choice", "reason", "words"),
    [
        ({"message": {"content": ""}, "finish_reason": "content_filter"}, "filtered", "filter"),
        ({"message": {"content": None, "refusal": "I won't judge."}}, "refused", "I won't judge."),
        ({"message": {"content": ""}, "finish_reason": "error"}, "unavailable", "broke"),
    ],
)
def test_a_refused_or_filtered_reply_says_so(method, choice, reason, words):
    with OpenAIServer(as_reply({"choices": [{**choice, "logprobs": None}]})) as server:
        (error,) = scorer_of(server, method).score([REQUEST])
    assert (error.reason, words in str(error)) == (reason, True)


OTHERS = [{"token": "x", "logprob": 0.0}, {"token": "y", "logprob": -9999.0}]
TRAPS = {
    "as DeepSeek at temperature 0": (token(0.0, OTHERS), "temperature 0"),
    "no log-probabilities": (as_reply({"choices": [{"message": {"content": "x"}}]}), "samples"),
    "no top_logprobs": (token(-0.1, []), "top_logprobs"),
    "thoughts apart": (
        as_reply({"choices": [{"message": {"content": "x", "reasoning_content": "hm"}}]}), "thinks"
    ),
    "thoughts within": (as_reply({"choices": [{"message": {"content": "<think>hm"}}]}), "thinks"),
    "no choices": (as_reply({"choices": []}), "no choices"),
    "out of order": (error(500, "out"), "out of order"),
    "cut": (Reply(body=b"{}" * 40, cut=True), "broke off"),
}  # fmt: skip


@pytest.mark.parametrize("method", ["prefix", "judge"])
@pytest.mark.parametrize("trap", TRAPS)
def test_traps_are_seen_by_the_probe_and_in_the_middle_of_a_run(method, trap):
    reply, message = TRAPS[trap]
    with OpenAIServer(reply) as server:
        scorer = scorer_of(server, method)
        found = scorer.capabilities()
        (result,) = scorer.score([REQUEST])
    assert not found.usable
    assert message in found.reason
    assert isinstance(result, EndpointError)
    assert "secret-key" not in str(result)


def test_thinking_is_off_for_deepseek_and_for_whom_it_is_asked():
    off = {"thinking": {"type": "disabled"}}
    assert thinking_off("https://api.deepseek.com/beta") == off
    assert thinking_off("https://deepseek.com.example.org/v1") == {}
    with OpenAIServer(reply_to=Speller()) as server:
        scorer_of(server, "prefix", extra_body=off).score([REQUEST])
        assert server.requests[0].body["thinking"] == {"type": "disabled"}
    scorer = ChatScorer("m", base_url="https://api.deepseek.com", api_key="k")
    assert scorer.chat.extra_body == off


def test_budget_identity_and_settings():
    with OpenAIServer(reply_to=saying(*["Ada"] * 12)) as server:
        scorer = scorer_of(
            server, "samples", samples=3, meter=Meter(max_requests=2), max_concurrency=1
        )
        results = scorer.score([REQUEST] * 4)
        assert len(server.requests) == 2
    assert [type(result) for result in results] == [AnswerScore] * 2 + [BudgetError] * 2
    other = ChatScorer("m", base_url="http://a/v1", api_key="other", samples=3)
    assert scorer.identity == other.identity
    assert "secret" not in json.dumps(scorer.identity)
    assert other.identity != ChatScorer("m", base_url="http://a/v1", api_key="k").identity
    with pytest.raises(ValueError, match="method"):
        ChatScorer("m", method="guess", base_url="http://a/v1", api_key="k")


def test_a_chat_model_as_the_reader_of_an_end_task_scorer():
    from recomp_core.labelling.scorers.end_task import ChatAnswers, EndTaskScorer

    def reply_to(request):
        text = "Ada" if "Ada did" in request.prompt else "no idea"
        return as_reply({"choices": [{"message": {"content": text}}]})

    with OpenAIServer(reply_to=reply_to) as server:
        answers = ChatAnswers("m", base_url=server.base_url, api_key="secret-key")
        scorer = EndTaskScorer(answers, name="m")
        scores = scorer.score([REQUEST, AnswerRequest("Who?", "", ("Ada",))])
        assert server.requests[0].body["temperature"] == 0
    assert [score.value for score in scores] == [1.0, 0.0]
