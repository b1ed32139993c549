"""How providers say that a reply is no summary, in their own words."""

from enum import Enum
from types import SimpleNamespace

import pytest

from recomp_core import SummaryError
from recomp_core.models.language_models.finish_reasons import (
    problem_of,
    reply_error,
    text_of_content,
)


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
        ({"choices": [{"finish_reason": "insufficient_system_resource"}]}, "unavailable"),
        ({"choices": [{"finish_reason": "insufficient_tokens"}]}, "cut"),
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
        ({"stopReason": "maxTokens"}, "cut"),
        ({"finish_reason": "NOT_FINISHED"}, "cut"),
        ({"status": "incomplete"}, "cut"),
        ({"response": {"status": "failed"}}, "unavailable"),
        ({"status": "cancelled"}, "cut"),
        ({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}, "filtered"),
        ({"completionReason": "CONTENT_FILTERED"}, "filtered"),
        ({"prompt_feedback": {"block_reason": 1}}, "filtered"),
        ({"finish_reason": "MODEL_ARMOR"}, "filtered"),
        ({"choices": [{"message": {"content": [{"type": "refusal", "refusal": "No."}]}}]}, "refused"),
        ([{"type": "text", "text": "No."}, {"type": "refusal", "refusal": "No."}], "refused"),
    ],
)  # fmt: skip
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
        {"status": "completed"},
        {"status": "in_progress"},
        {"choices": [{"message": {"tool_calls": [], "function_call": None}}]},
        {"usage": {"completion_tokens_details": {"reasoning_tokens": 0}}},
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


@pytest.mark.parametrize("form", [lambda response: response, as_object])
@pytest.mark.parametrize(
    "response",
    [
        {"choices": [{"finish_reason": "tool_calls"}]},
        {"stop_reason": "tool_use"},
        {"stopReason": "toolUse"},
        {"choices": [{"message": {"tool_calls": [{"id": "1"}]}, "finish_reason": "stop"}]},
        {"message": {"function_call": {"name": "f"}}},
        {"invalid_tool_calls": [{"name": "f"}]},
        {"tool_call_chunks": [{"name": "f"}]},
        {"content": [{"type": "tool_use", "name": "f"}]},
        {"blocks": [{"block_type": "tool_call", "tool_name": "f"}]},
    ],
)
def test_the_call_of_a_tool_is_no_empty_summary(response, form):
    for text in ("", None):
        error = reply_error("m", text, [form(response)])
        assert error.reason == "malformed"
        assert "the model called a tool and wrote no text" in str(error)
        # As a parsed form comes.
        assert reply_error("m", "text", [form(response)], by_tool=True) is None


def test_text_before_the_call_of_a_tool_is_no_summary_and_text_beside_one_is():
    error = reply_error("m", "Let me look.", [{"finish_reason": "tool_calls"}])
    assert (error.reason, "before its reply was whole" in str(error)) == ("malformed", True)
    called = {"message": {"tool_calls": [{"id": "1"}]}, "finish_reason": "stop"}
    assert reply_error("m", "Bob did.", [{"choices": [called]}]) is None


@pytest.mark.parametrize(
    "used",
    [
        {"usage_metadata": {"output_token_details": {"reasoning": 9}}},
        {"token_usage": {"completion_tokens_details": {"reasoning_tokens": 9}}},
        {"usage": {"output_tokens_details": {"reasoning_tokens": 9}}},
        {"usage_metadata": {"thoughts_token_count": 9}},
        {"parts": [{"text": "hm", "thought": True}]},
    ],
)
def test_reasoning_that_only_the_usage_shows_is_no_empty_summary(used):
    error = reply_error("m", "", [used])
    assert (error.reason, "nothing but reasoning" in str(error)) == ("malformed", True)
    assert reply_error("m", "Bob did.", [used]) is None


@pytest.mark.parametrize("form", [lambda response: response, as_object])
@pytest.mark.parametrize(
    "used",
    [
        {"usage": {"prompt_tokens": 50, "completion_tokens": 260, "total_tokens": 310}},
        {"usage": {"prompt_tokens": 50, "completion_tokens": 0, "total_tokens": 310}},
        {"usage_metadata": {"input_tokens": 50, "output_tokens": 0, "total_tokens": 310}},
        {"usageMetadata": {"promptTokenCount": 50, "totalTokenCount": 310}},
        {"token_usage": {"completion_tokens": 260}},
    ],
)
def test_an_empty_text_for_which_many_tokens_were_written_is_no_empty_summary(used, form):
    for text in ("", " \n", None):
        error = reply_error("m", text, [form({**used, "finish_reason": "stop"})])
        assert (error.reason, "though the model wrote" in str(error)) == ("malformed", True)
    assert reply_error("m", "Bob did.", [form(used)]) is None
    # The tokens are those of the tool's call.
    assert reply_error("m", "", [form(used)], by_tool=True) is None


@pytest.mark.parametrize(
    "used",
    [
        {"usage": {"prompt_tokens": 50, "completion_tokens": 3, "total_tokens": 53}},
        {"usage": {"completion_tokens": 1, "total_tokens": 310}},
        {"usage": {"prompt_tokens": None, "completion_tokens": "260"}},
        {"usage": 260},
    ],
)
def test_an_empty_summary_may_have_cost_some_tokens(used):
    assert reply_error("m", "", [used]) is None


def test_only_an_ending_at_a_limit_speaks_of_it():
    for name in ("length", "maxTokens", "MAX_TOKENS", "ERROR_LIMIT"):
        problem = problem_of("x", [{"finish_reason": name}])
        assert problem.told("max_new_tokens=9").endswith("(max_new_tokens=9)")
    for name in ("abort", "TIME_LIMIT", "NOT_FINISHED"):
        problem = problem_of("x", [{"finish_reason": name}])
        assert problem.told("max_new_tokens=9") == "the reply is not whole"


def test_thoughts_among_the_blocks_are_no_text():
    blocks = [{"text": "hm", "thought": True}, {"text": "Bob ", "thought": False}, {"text": "did."}]
    assert text_of_content(blocks) == "Bob did."
    assert text_of_content(blocks[:1]) == ""
    assert text_of_content([]) is None


@pytest.mark.parametrize(
    "ending",
    ["stop_sequence_reached", "stop_before", "eosFound", "stopStringFound", "end_of_sequence",
     "</s>", "<|eot_id|>", "stop_token_ids"],
)  # fmt: skip
def test_a_reply_that_ends_by_itself_is_whole(ending):
    assert problem_of("Paris.", [{"finish_reason": ending}]) is None
