"""Whatever asks a language model reads its reply in the same way."""

from __future__ import annotations

import json

import pytest
from openai_server import OpenAIServer, Reply, error

from recomp_core import AbstractiveCompressor, Document, LLMSummarizer
from recomp_core.errors import EndpointError, SummaryError
from recomp_core.labelling.scorers.end_task import EndTaskScorer
from recomp_core.labelling.teachers.base import LanguageModelTeacher, TeacherRequest
from recomp_core.models.language_models.finish_reasons import ending_of, reply_error
from recomp_core.models.language_models.reading import problem_of_choice
from recomp_core.models.language_models.reply_settings import ReplySettings
from recomp_core.prompts import LLM_PROMPT
from recomp_core.readers.answer_scores import AnswerRequest
from recomp_core.readers.answerers import PromptReader

ANSWER = "Anna Horvat"
THOUGHT = f"<think>\nIt says Anna.\n</think>\n\n{ANSWER}"
REQUEST = TeacherRequest(
    "who?", (Document("Anna Horvat built it. A mill stands by."),), ("Anna",), LLM_PROMPT
)
SCORED = AnswerRequest("who?", "", (ANSWER,))


# Any callable.


@pytest.mark.parametrize(
    ("reply", "summary"),
    [
        (THOUGHT, ANSWER),
        ("<think>\n\n</think>\n\nIRRELEVANT", ""),
        ("hm</think>irrelevant.", ""),
        (f"<summary>{ANSWER}</summary>", ANSWER),
        ("<summary>IRRELEVANT</summary>", ""),
        ("IRRELEVANT: all about mills.", ""),
        ("Die Dokumente sind nicht relevant.", ""),
    ],
)
def test_a_callable_s_reply_is_read_before_it_is_a_summary(reply, summary):
    summarizer = LLMSummarizer(lambda prompts: [reply] * len(prompts))
    assert summarizer.summarize(["x"]) == [summary]
    teacher = LanguageModelTeacher(lambda prompts: [reply] * len(prompts), name="qwen3")
    assert teacher.write([REQUEST]) == [summary]
    compressor = AbstractiveCompressor(summarizer)
    assert compressor.compress("who?", REQUEST.documents).text == summary


def test_a_callable_reader_s_reasoning_is_no_answer():
    def reader(prompts):
        return [THOUGHT] * len(prompts)

    assert PromptReader(reader).answer(["who?"], [""]) == [ANSWER]
    (score,) = EndTaskScorer(reader, name="m").score([SCORED])
    assert score.value == 1.0
    (failed,) = PromptReader(lambda _: ["<think>hm"]).answer(["who?"], [""])
    assert isinstance(failed, SummaryError)
    (failed,) = EndTaskScorer(lambda _: ["<think>hm"], name="m").score([SCORED])
    assert isinstance(failed, SummaryError)


# Endings.

ENDINGS = {
    "whole": ["stop", "STOP", "Stop", "end_turn", "eos", "EOS", "eos_token", "COMPLETE", "FINISH",
              "stop_sequence", "FinishReason.STOP", "FINISH_REASON_STOP", "endoftext", "completed",
              "endTurn", "EndTurn", "stopSequence", "StopReason.END_TURN", "stop_reason.end_turn",
              "FinishReason.FINISH_REASON_UNSPECIFIED", "<|im_end|>", "<|endoftext|>", "none",
              "unknown", "stop_string", "natural", "hit_stop", "HIT_STOP", "stop_token", "stopstop",
              "end_turnend_turn", "REASON_STOP", "FinishReason.STOPFinishReason.STOP"],
    "tool": ["tool_calls", "tool_use", "toolUse", "TOOL_CALL", "tool-calls", "function_call"],
    "cut": ["length", "LENGTH", "MAX_TOKENS", "max_tokens", "max_output_tokens", "model_length",
            "ERROR_LIMIT", "token_limit", "model_context_window_exceeded", "FinishReason.MAX_TOKENS",
            "maxTokens", "NOT_FINISHED", "out_of_tokens", "time_limit", "num_predict",
            "context_window", "contextWindow", "CONTEXT_LENGTH", "halt", "halted", "lengthlength"],
    "filtered": ["content_filter", "SAFETY", "safety", "RECITATION", "guardrail_intervened",
                 "PROHIBITED_CONTENT", "ERROR_TOXIC", "sensitive", "BLOCKLIST", "SPII", "blacklist"],
    "refused": ["refusal", "REFUSAL"],
    "unavailable": ["error", "ERROR", "network_error", "abnormal", "abnormal_stop"],
}  # fmt: skip


@pytest.mark.parametrize("meaning", ENDINGS)
def test_one_table_has_the_endings_of_all_providers_in_any_case(meaning):
    for name in ENDINGS[meaning]:
        assert ending_of(name) == meaning, name
        found = reply_error("m", "text", [{"choices": [{"finish_reason": name}]}])
        reason = {"whole": None, "tool": "malformed"}.get(meaning, meaning)
        assert (found and found.reason) == reason, name


@pytest.mark.parametrize("name", ["something new", "###", "x" * 99])
def test_a_reply_whose_ending_is_not_known_may_be_cut(name):
    assert ending_of(name) is None
    choice = {"finish_reason": name, "message": {"content": "text"}}
    for found in (
        problem_of_choice("text", choice),
        reply_error("m", "text", [{"choices": [choice]}]),
        reply_error("m", "text", [{"done_reason": name}]),
        reply_error("m", "text", [{"finish_reason": name}], by_tool=True),
    ):
        assert found.reason == "cut"
    assert name in str(reply_error("m", "text", [choice]))
    # The reason of something else.
    assert reply_error("m", "text", [{"reason": name}]) is None
    assert reply_error("m", "text", [{"incomplete_details": {"reason": "length"}}]).reason == "cut"
    new = {"status": "incomplete", "incomplete_details": {"reason": name}}
    assert reply_error("m", "text", [new]).reason == "cut"


@pytest.mark.parametrize(
    "response",
    [
        {"choices": [{"message": {"content": "", "reasoning_content": "hm"}}]},
        {"message": {"reasoning": "hm"}},
        {"reasoning_content": "hm"},
        {"content": [{"type": "thinking", "thinking": "hm"}]},
        {"choices": [{"message": {"reasoning_details": [{"text": "hm"}]}}]},
        {"usage": {"completion_tokens_details": {"reasoning_tokens": 9}}},
        [{"type": "reasoning", "summary": []}],
    ],
)
def test_reasoning_beside_an_empty_text_is_no_empty_summary(response):
    assert reply_error("m", " \n", [response]).reason == "malformed"
    assert reply_error("m", "text", [response]) is None
    assert reply_error("m", "", [{"reasoning": {"effort": "low"}}]) is None


def test_parts_in_parts_end_somewhere():
    nested: dict = {}
    for _ in range(5000):
        nested = {"message": nested, "content": [nested]}
    assert reply_error("m", "", [nested]) is None


# An endpoint.


def body(**choice):
    return Reply(body=json.dumps({"choices": [{"finish_reason": "stop", **choice}]}).encode())


def said(content, **message):
    return body(message={"role": "assistant", "content": content, **message})


def called(content, ending="tool_calls"):
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    message = {"role": "assistant", "content": content, "tool_calls": [call]}
    return body(message=message, finish_reason=ending)


def counted(content):
    """A reply whose usage alone shows that the model thought."""
    usage = {"completion_tokens_details": {"reasoning_tokens": 9}}
    choice = {"message": {"role": "assistant", "content": content}, "finish_reason": "stop"}
    return Reply(body=json.dumps({"choices": [choice], "usage": usage}).encode())


BLOCKS = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
          {"type": "text", "text": ANSWER}]  # fmt: skip


@pytest.mark.enable_socket
@pytest.mark.usefixtures("endpoint_environment")
class TestEndpoint:
    def asking(self, server, **settings):
        """Each that asks, as a function without arguments that gives a text or an error."""
        from recomp_core.labelling.scorers.chat import ChatScorer
        from recomp_core.labelling.scorers.end_task import ChatAnswers
        from recomp_core.labelling.teachers.models import EndpointTeacher
        from recomp_core.readers.answerers import load_answerer

        own = {"base_url": server.base_url, "max_retries": 0, **settings}
        summarizer = LLMSummarizer.from_endpoint("m", **own)

        def sampled():
            (score,) = ChatScorer("m", samples=2, **own).score([SCORED])
            return score if isinstance(score, Exception) else ANSWER * (score.value > -0.5)

        return {
            "summarizer": lambda: summarizer.summarize(["x"])[0],
            "teacher": lambda: EndpointTeacher("qwen3", **own).write([REQUEST])[0],
            "reader": lambda: load_answerer("m", **own).answer(["who?"], [""])[0],
            "answers": lambda: ChatAnswers("m", **own)(["x"])[0],
            "samples": sampled,
        }

    @pytest.mark.parametrize(
        "reply",
        [
            Reply(THOUGHT),
            said(ANSWER, reasoning_content="hm"),
            said(BLOCKS),
            Reply(ANSWER, finish_reason="STOP"),
            Reply(ANSWER, finish_reason="eos"),
            Reply(ANSWER, finish_reason=None),
            Reply(ANSWER, finish_reason="endTurn"),
            said([{"text": "hm", "thought": True}, {"text": ANSWER}]),
            called(ANSWER, "stop"),
            counted(ANSWER),
        ],
        ids=[
            "tags",
            "beside",
            "blocks",
            "STOP",
            "eos",
            "no ending",
            "endTurn",
            "thought",
            "tool beside",
            "counted",
        ],
    )
    def test_the_reply_is_what_remains(self, reply):  # fmt: skip
        with OpenAIServer(reply) as server:
            for name, ask in self.asking(server).items():
                assert ask() == ANSWER, name

    @pytest.mark.parametrize(
        ("reply", "reason", "words"),
        [
            (said("", reasoning_content="hm"), "malformed", "reasoning"),
            (said("\n", reasoning="hm"), "malformed", "reasoning"),
            (said(BLOCKS[:1]), "malformed", "reasoning"),
            (Reply("<think>hm"), "malformed", "reasoning"),
            (counted(""), "malformed", "reasoning"),
            (Reply(None), "malformed", "no text"),
            (said([]), "malformed", "no text"),
            (body(message={"role": "assistant"}), "malformed", "no text"),
            (called(None), "malformed", "called a tool and wrote no text"),
            (called("", "stop"), "malformed", "called a tool and wrote no text"),
            (called("Let me look."), "malformed", "called a tool"),
            (said([{"type": "refusal", "refusal": "never"}]), "refused", "never"),
            (Reply("Anna Hor", finish_reason="MAX_TOKENS"), "cut", "max_new_tokens"),
            (Reply("Anna Hor", finish_reason="SAFETY"), "filtered", "filter"),
            (Reply(None, refusal="never"), "refused", "never"),
            (Reply(body=b'{"error": {"message": "slow down", "code": 429}}'), "quota", "slow down"),
            (Reply(body=b'{"error": "upstream is overloaded"}'), "unavailable", "overloaded"),
            (Reply(body=b'{"object": "error", "message": "no such model", "code": 404}'), "invalid", "no such"),
            (Reply(body=b'{"detail": "Not allowed"}'), "invalid", "Not allowed"),
            (body(message={"content": ""}, error={"code": 502, "message": "upstream"}, finish_reason="error"), "unavailable", "upstream"),
            (Reply(body=b'data: {"error": {"message": "slow down", "code": 429}}\n\n'), "quota", "slow down"),
            (Reply(body=b'{"error": {"message": "Provider returned error", "code": 429, "metadata": {"raw": "slow down"}}}'), "quota", "slow down"),
        ],
    )  # fmt: skip
    def test_what_is_no_reply_says_why(self, reply, reason, words):
        with OpenAIServer(reply) as server:
            for name, ask in self.asking(server).items():
                found = ask()
                assert isinstance(found, EndpointError), name
                assert (found.reason, words in str(found)) == (reason, True), (name, str(found))

    @pytest.mark.parametrize(
        "event",
        [
            {"error": {"message": "slow down", "code": 429}},
            {"error": {"message": "slow down", "type": "rate_limit_error"}},
            {"message": "slow down", "code": 429},
            {"choices": [{"delta": {"content": ""}, "finish_reason": "error"}],
             "error": {"code": 429, "message": "slow down"}},
            {"choices": [{"delta": {}, "finish_reason": "error",
                          "error": {"code": 429, "message": "slow down"}}]},
        ],
    )  # fmt: skip
    def test_an_error_in_a_stream_has_its_code_and_words(self, event):
        data = b"data: " + json.dumps(event).encode() + b"\n\n"
        sent = Reply(body=data, headers={"content-type": "text/event-stream"})
        with OpenAIServer(sent) as server:
            summarizer = LLMSummarizer.from_endpoint("m", base_url=server.base_url, max_retries=0)
            with pytest.raises(SummaryError, match="slow down") as caught:
                list(summarizer.stream("x"))
            assert caught.value.reason == "quota"

    @pytest.mark.parametrize("ending", ["tool_calls", "something new"])
    def test_the_limit_is_named_only_where_it_was_reached(self, ending):
        for limit in ({}, {"max_new_tokens": 9}, {"max_completion_tokens": 9}):
            with OpenAIServer(called(None, ending)) as server:
                for name, ask in self.asking(server, **limit).items():
                    assert "tokens=" not in str(ask()), name

    def test_a_scorer_that_gets_no_text_can_t_score(self):
        from recomp_core.labelling.scorers.chat import ChatScorer

        for reply in (Reply(None), counted("")):
            with OpenAIServer(reply) as server:
                scorer = ChatScorer("m", samples=2, base_url=server.base_url, max_retries=0)
                assert not scorer.capabilities().usable

    @pytest.mark.parametrize("wrong", ["{}", [1], {"a": {1}}])
    def test_an_extra_body_that_cannot_be_sent_is_named(self, wrong):
        from recomp_core.labelling.scorers.chat import ChatScorer
        from recomp_core.labelling.scorers.end_task import ChatAnswers
        from recomp_core.labelling.teachers.models import EndpointTeacher

        for client in (EndpointTeacher, ChatScorer, ChatAnswers):
            with pytest.raises(TypeError, match="extra_body"):
                client("qwen3", base_url="http://127.0.0.1:1/v1", extra_body=wrong)

    def test_an_error_that_passes_is_tried_again(self):
        busy = Reply(body=b'{"error": {"message": "busy", "code": 429}}')
        event = Reply(body=b'data: {"error": {"message": "busy", "code": 429}}\n\n')
        wrong = Reply(body=b'{"error": {"message": "no such model", "code": 404}}')
        for first, asked in ((busy, 2), (event, 2), (wrong, 1)):
            with OpenAIServer(first, Reply(ANSWER)) as server:
                from recomp_core.models.language_models.openai_chat import OpenAIChatModel

                model = OpenAIChatModel("m", base_url=server.base_url, max_retries=1)

                async def at_once(_):
                    pass

                model._sleep = at_once
                model(["x"])
                assert len(server.requests) == asked
                list(model.stream("x"))

    async def test_streams_hold_nothing_of_the_reasoning(self):
        with OpenAIServer(Reply(THOUGHT)) as server:
            summarizer = LLMSummarizer.from_endpoint("m", base_url=server.base_url)
            assert "".join(summarizer.stream("x")) == ANSWER
            assert "".join([piece async for piece in summarizer.astream("x")]) == ANSWER
            assert "".join(summarizer.chat.stream("x")) == ANSWER

    def test_a_model_that_marks_only_the_end_of_its_reasoning_is_streamed_whole_later(self):
        with OpenAIServer(Reply(f"It says Anna.</think>{ANSWER}")) as server:
            summarizer = LLMSummarizer.from_endpoint("m", base_url=server.base_url)
            with pytest.raises(SummaryError, match="is reasoning"):
                list(summarizer.stream("x"))
            assert list(summarizer.stream("x")) == [ANSWER]

    # Limits.

    @pytest.mark.parametrize(
        ("settings", "sent"),
        [
            ({}, {"max_tokens"}),
            ({"max_new_tokens": None}, set()),
            ({"max_completion_tokens": 99}, {"max_completion_tokens"}),
            ({"extra_body": {"max_completion_tokens": 99}}, {"max_completion_tokens"}),
            ({"extra_body": {"max_tokens": 7}}, {"max_tokens"}),
        ],
    )
    def test_one_limit_is_sent_or_none(self, settings, sent):
        with OpenAIServer(Reply(ANSWER)) as server:
            for ask in self.asking(server, **settings).values():
                assert ask() == ANSWER
            for request in server.requests:
                limits = {name for name in request.body if name.startswith("max_")}
                assert limits == sent

    @pytest.mark.parametrize("method", ["judge", "prefix"])
    def test_methods_of_one_token_take_the_limit_s_name_too(self, method):
        from recomp_core.labelling.scorers.chat import ChatScorer

        with OpenAIServer(error(400, "no")) as server:
            own = {"base_url": server.base_url, "max_retries": 0, "max_completion_tokens": 9}
            scorer = ChatScorer("m", method=method, **own)
            scorer.score([SCORED])
            assert scorer.identity["max_completion_tokens"] == 9
            assert "max_tokens" not in server.requests[0].body
            assert server.requests[0].body["max_completion_tokens"] == 9

    def test_plain_settings_reach_the_request(self):
        from recomp_core.labelling.settings import ScorerSettings
        from recomp_core.labelling.teachers.settings import TeacherSettings

        plain = {"model": "qwen3", "max_completion_tokens": 9, "extra_body": '{"seed": 3}'}
        with OpenAIServer(Reply(ANSWER)) as server:
            own = {**plain, "base_url": server.base_url}
            ScorerSettings(scorer="chat", samples=2, **own).build().score([SCORED])
            ScorerSettings(scorer="end-task", **own).build().score([SCORED])
            TeacherSettings(teacher="endpoint", **own).build(lambda: None).write([REQUEST])
            assert len(server.requests) >= 3
            for request in server.requests:
                assert (request.body["seed"], request.body["max_completion_tokens"]) == (3, 9)
                assert "max_tokens" not in request.body


def test_plain_settings():
    assert ReplySettings().reply_settings() == {}
    assert ReplySettings(max_new_tokens=0).reply_settings() == {"max_new_tokens": None}
    assert ReplySettings(extra_body='{"a": 1}').reply_settings() == {"extra_body": {"a": 1}}
    assert ReplySettings(max_new_tokens=5).local_reply_settings() == {"max_new_tokens": 5}
    for wrong in ("[1]", "{", "5"):
        with pytest.raises(ValueError, match="extra_body must be a JSON object"):
            ReplySettings(extra_body=wrong).reply_settings()
    for mine in ({"max_completion_tokens": 5}, {"extra_body": {}}, {"max_new_tokens": 0}):
        with pytest.raises(ValueError, match="endpoint|limit"):
            ReplySettings(**mine).local_reply_settings()
