"""How providers say that a reply is no summary, in their own words."""

from enum import Enum
from types import SimpleNamespace

import pytest

from recomp_core import SummaryError
from recomp_core.models.language_models.finish_reasons import reply_error


class FinishReason(Enum):
    STOP = 1
    MAX_TOKENS = 2


def as_object(value):
    """The same response as a client's typed object."""
    if isinstance(value, dict):
        return SimpleNamespace(**{key: as_object(item) for key, item in value.items()})
    return [as_object(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("form", [lambda response: response, as_object])
@pytest.mark.parametrize(
    ("response", "reason"),
    [
        ({"choices": [{"finish_reason": "length"}]}, "cut"),
        ({"choices": [{"finish_reason": "content_filter"}]}, "filtered"),
        ({"choices": [{"finish_reason": "stop", "message": {"refusal": "I can't."}}]}, "refused"),
        ({"choices": [{"finish_reason": "insufficient_system_resource"}]}, "cut"),
        ({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}, "cut"),
        ({"incomplete_details": {"reason": "content_filter"}}, "filtered"),
        ({"stop_reason": "max_tokens"}, "cut"),
        ({"stop_reason": "refusal"}, "refused"),
        ({"delta": {"stop_reason": "model_context_window_exceeded"}}, "cut"),
        ({"stopReason": "guardrail_intervened"}, "filtered"),
        ({"candidates": [{"finishReason": "SAFETY"}]}, "filtered"),
        ({"candidates": [{"finish_reason": FinishReason.MAX_TOKENS}]}, "cut"),
        ({"prompt_feedback": {"block_reason": "PROHIBITED_CONTENT"}}, "filtered"),
        ({"done_reason": "length"}, "cut"),
        ({"finish_reason": "ERROR_TOXIC"}, "filtered"),
        ([{"type": "text", "text": "No."}, {"type": "refusal", "refusal": "No."}], "refused"),
    ],
)
def test_what_is_no_summary(response, reason, form):
    error = reply_error("model", "some text", [form(response)])
    assert isinstance(error, SummaryError)
    assert error.reason == reason
    assert str(error).startswith("model: ")


@pytest.mark.parametrize(
    "response",
    [
        None,
        {},
        "length",
        {"choices": []},
        {"choices": [{"finish_reason": None, "message": {"refusal": None}}]},
        {"choices": [{"finish_reason": "stop"}], "usage": {"length": 9}},
        {"stop_reason": "end_turn"},
        {"finish_reason": "COMPLETE"},
        {"candidates": [{"finish_reason": FinishReason.STOP}]},
        {"prompt_feedback": {"block_reason": 0}, "finish_reason": "STOP"},
        SimpleNamespace(finish_reason=3),
    ],
)
def test_what_may_be_a_summary(response):
    assert reply_error("model", "", [response]) is None


def test_of_a_stream_the_last_ending_counts_and_a_refusal_may_come_in_pieces():
    assert (
        reply_error("m", "x", [{"finish_reason": "length"}, {}, {"finish_reason": "stop"}]) is None
    )
    assert reply_error("m", "x", [{"finish_reason": "length"}, {}]).reason == "cut"
    error = reply_error("m", "", [{"delta": {"refusal": "I "}}, {"delta": {"refusal": "won't."}}])
    assert str(error) == "m: the model refused (I won't.)"


def test_a_reply_without_text():
    assert reply_error("model", None, []).reason == "malformed"
    assert reply_error("model", None, [{"finish_reason": "length"}]).reason == "cut"
