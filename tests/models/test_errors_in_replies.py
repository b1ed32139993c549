"""Errors that come with a status of success: their reason, words, and whether they pass."""

import json

import pytest
from openai_server import OpenAIServer, Reply, without_environment

from recomp_core.errors import SummaryError
from recomp_core.models.language_models.replies import UnusableReply, raise_error_in, unusable

QUOTA, UNAVAILABLE, TIMEOUT = ("quota", True), ("unavailable", True), ("timeout", True)
INVALID, UNAUTHORIZED = ("invalid", False), ("unauthorized", False)
SPENT, FILTERED = ("quota", False), ("filtered", False)

# What a server sends, what it means, and words of it that must not be lost.
ERRORS = [
    ({"statusCode": 502, "error": "Bad Gateway", "message": "no route"}, UNAVAILABLE, "no route"),
    ({"status": 502, "error": "Bad Gateway"}, UNAVAILABLE, "Bad Gateway"),
    ({"statusCode": 401, "error": "Unauthorized", "message": "who?"}, UNAUTHORIZED, "who?"),
    ({"error": True, "message": "Model is busy", "code": 503}, UNAVAILABLE, "Model is busy"),
    ({"error": "at its limit", "error_type": "overloaded"}, UNAVAILABLE, "at its limit"),
    ({"error": 429}, QUOTA, "429"),
    ({"error": {"message": "slow", "code": 429.0}}, QUOTA, "slow"),
    ({"error": {"message": "slow", "http_code": 503}}, UNAVAILABLE, "slow"),
    ({"type": "error", "error": {"type": "api_error", "message": "oh"}}, UNAVAILABLE, "oh"),
    ({"error": {"type": "service_tier_capacity_exceeded", "code": "3505"}}, QUOTA, "3505"),
    ({"error": "Model too busy, come back"}, UNAVAILABLE, "come back"),
    ({"error": "Model m is currently loading", "estimated_time": 20}, UNAVAILABLE, "loading"),
    ({"error": {"message": "Connection error."}}, UNAVAILABLE, "Connection"),
    ({"error": {"message": "Request timed out.", "code": None}}, TIMEOUT, "timed out"),
    ({"error": {"code": "ModelNotReadyException", "message": "wait"}}, UNAVAILABLE, "wait"),
    ([{"error": {"code": 503, "message": "The model sleeps."}}], UNAVAILABLE, "sleeps"),
    ({"__type": "ThrottlingException", "message": "slower"}, QUOTA, "slower"),
    ({"__type": "ThrottlingException"}, QUOTA, "Throttling"),
    ({"message": "Too many requests, please wait"}, QUOTA, "please wait"),
    ({"message": "Internal server error"}, UNAVAILABLE, "Internal"),
    ({"message": "Endpoint request timed out"}, TIMEOUT, "timed out"),
    ({"error_code": 18, "error_msg": "qps request limit reached"}, QUOTA, "qps"),
    ({"error_code": 17, "error_msg": "no"}, INVALID, "no"),
    ({"code": 10013, "message": "not this text"}, INVALID, "not this text"),
    ({"detail": [{"msg": "field required"}]}, INVALID, "field required"),
    ({"error": {"type": "exceeded_current_quota_error", "message": "pay"}}, SPENT, "pay"),
    ({"error": {"code": "insufficient_quota", "status": 429}}, SPENT, "quota"),
    ({"error": {"code": 429, "message": "You exceeded your current quota"}}, QUOTA, "exceeded"),
    ({"error": {"code": "content_filter", "status": 400, "message": "no"}}, FILTERED, "no"),
    ({"error": {"code": 404, "type": "model_unavailable", "message": "no"}}, INVALID, "no"),
    ({"error": {"code": "invalid_timeout", "type": "invalid_request_error"}}, INVALID, "timeout"),
    ({"error": "'timeout' is not a valid field"}, INVALID, "valid field"),
    ({"error": "unknown field internal_id"}, INVALID, "internal_id"),
    ({"error": {"error": {"code": "429", "message": "slow"}}}, QUOTA, "slow"),
    ({"error": {"code": "1302", "message": "您当前使用该API的并发数过高"}}, QUOTA, "并发数过高"),
    ({"error": {"code": 1305, "message": "wait"}}, QUOTA, "wait"),
    ({"code": 1303, "msg": "wait"}, QUOTA, "wait"),
    ({"message": "请求过于频繁，请稍后再试"}, QUOTA, "请求过于频繁"),
    ({"error": {"message": "该模型当前访问量过大"}}, QUOTA, "访问量过大"),
    ({"error": "リクエストが多すぎます"}, QUOTA, "多すぎます"),
    ({"message": "服务繁忙"}, UNAVAILABLE, "繁忙"),
    ({"error": "Model is loading, please wait"}, UNAVAILABLE, "please wait"),
    ({"message": "Model is loading, please wait"}, UNAVAILABLE, "please wait"),
    ({"error": "トークンが多すぎます"}, INVALID, "トークン"),
    ({"error": {"code": "1301", "message": "敏感内容"}}, FILTERED, "敏感"),
    ({"base_resp": {"status_code": 1027, "status_msg": "output sensitive"}}, FILTERED, "output"),
    ({"choices": None, "base_resp": {"status_code": 1026, "status_msg": "input"}}, FILTERED, "input"),
    ({"choices": [{"message": {"content": ""}}], "base_resp": {"status_code": 1027, "status_msg": "output new_sensitive"}}, FILTERED, "output"),
    ({"base_resp": {"status_code": 1002, "status_msg": "rate limit"}}, QUOTA, "rate"),
    ({"err_no": 1, "err_msg": "qps limit"}, QUOTA, "qps limit"),
    ({"errcode": 5, "errmsg": "no such thing"}, INVALID, "no such thing"),
    ({"header": {"code": 10013, "message": "not this text"}}, INVALID, "not this text"),
    ({"header": {"code": 11202, "message": "qps limit"}}, QUOTA, "qps limit"),
    ({"choices": [{"error": {"code": 502, "message": "gone"}}]}, UNAVAILABLE, "gone"),
    ({"choices": [], "x_groq": {"id": "r", "error": "over capacity"}}, UNAVAILABLE, "over"),
    ({"choices": [{"message": {"content": "Ann"}, "finish_reason": None}], "error": {"code": 502, "message": "gone"}}, UNAVAILABLE, "gone"),
    ({"choices": [{"message": {"content": "Ann"}, "finish_reason": "null"}], "error": {"status": 503, "message": "gone"}}, UNAVAILABLE, "gone"),
    ({"choices": [{"message": {"content": "Ann"}}], "error": True, "code": 503, "message": "gone"}, UNAVAILABLE, "gone"),
    ({"success": False, "errors": [{"code": 3040, "message": "Capacity temporarily exceeded"}]}, UNAVAILABLE, "exceeded"),
]  # fmt: skip
NEW = 34  # those of Zhipu, MiniMax and others


@pytest.mark.parametrize(("sent", "meaning", "words"), ERRORS)
def test_what_an_error_means(sent, meaning, words):
    with pytest.raises(UnusableReply) as caught:
        raise_error_in(sent)
    error = caught.value
    passes = error.status_code in (408, 409, 429) or error.status_code >= 500
    assert (error.reason, passes) == meaning
    assert words in error.said


@pytest.mark.parametrize(
    "reply",
    [
        None,
        [],
        ["a list"],
        {},
        {"ok": True},
        {"choices": [], "code": 200, "message": "success"},
        {"code": 0, "msg": "ok", "data": []},
        {"message": "Anna built it."},
        {"base_resp": {"status_code": 0, "status_msg": "success"}, "choices": []},
        {"header": {"code": 0, "message": "Success", "status": 2}, "payload": {}},
        {"base_resp": {"status_code": 1027}, "choices": [{"message": {"content": "x"}}]},
        {"errno": 0, "errmsg": "ok"},
        {"status": "completed", "text": "x", "type": "message"},
        {"error": {}, "choices": [{"message": {"content": "x"}}]},
        {"error": "a warning", "choices": [{"message": {"content": "x"}}]},
        {"error": {"message": "a warning"}, "choices": [{"message": {"content": "x"}}]},
        {
            "error": {"code": 502},
            "choices": [{"message": {"content": "x"}, "finish_reason": "stop"}],
        },
        {"x_groq": {"id": "r"}, "choices": []},
    ],
)
def test_what_is_no_error(reply):
    raise_error_in(reply)


def test_errors_in_errors_end_somewhere():
    nested = {"message": "x"}
    for _ in range(100):
        nested = {"error": [nested]}
    assert unusable(nested).reason == "invalid"


# Statuses, what comes with them, what that means, and words of it that must not be lost.
WITH_STATUS = [
    (429, {"error": {"type": "exceeded_current_quota_error", "message": "plan"}}, SPENT, "plan"),
    (429, {"error": {"type": "insufficient_quota", "code": None, "message": "pay"}}, SPENT, "pay"),
    (429, {"error": {"code": "1113", "message": "账户已欠费"}}, SPENT, "欠费"),
    (429, {"error": {"code": "1113", "message": "No resource package."}}, SPENT, "package"),
    (429, {"code": "Exhausted", "error": "Your team used all available credits."}, SPENT, "team"),
    (400, {"error": {"message": "Your credit balance is too low to go on"}}, SPENT, "too low"),
    (402, {"error": {"code": "invalid_request_error", "message": "Pay."}}, SPENT, "Pay."),
    (429, {"error": {"code": 429, "message": "You exceeded your current quota"}}, QUOTA, "current"),
    (429, {"error": {"code": "1302", "message": "wait"}}, QUOTA, "wait"),
    (498, {"error": {"type": "capacity_exceeded", "message": "later"}}, UNAVAILABLE, "later"),
    (400, {"__type": "ThrottlingException", "message": "Too fast"}, QUOTA, "Too fast"),
    (425, {"message": "Too Early"}, ("invalid", True), "Too Early"),
    (400, {"error": {"code": "content_policy_violation", "message": "no"}}, FILTERED, "no"),
    (400, {"error": {"code": "1301", "message": "敏感内容"}}, FILTERED, "敏感"),
    (400, {"error": {"code": "invalid_request_error", "message": "Content Exists Risk"}}, FILTERED, "Risk"),
    (400, {"error": {"code": "data_inspection_failed", "message": "no"}}, FILTERED, "no"),
    (403, {"error": {"code": 403, "message": "Your input was flagged for gore"}}, FILTERED, "gore"),
    (400, {"error": {"type": "invalid_request_error", "message": "billing, timed out"}}, INVALID, "billing"),
    (404, {"error": {"code": "model_unavailable", "message": "no"}}, INVALID, "no"),
    (413, {"error": {"code": "rate_limit_exceeded", "message": "too long"}}, INVALID, "too long"),
    (422, {"detail": [{"msg": "field required"}]}, INVALID, "field required"),
    (403, {"error": "who are you"}, UNAUTHORIZED, "who are you"),
    (503, ["anything"], UNAVAILABLE, "anything"),
    (400, "capacity exceeded", INVALID, "capacity"),
]  # fmt: skip


@pytest.mark.enable_socket
class TestEndpoint:
    @pytest.fixture(autouse=True)
    def _alone(self, monkeypatch):
        pytest.importorskip("openai", reason='needs pip install "recomp[openai]"')
        without_environment(monkeypatch)

    def failure(self, body, *, stream=False, events=False, status=200, pauses=None, **headers):
        """The error of a request that may be tried twice, and how often it was."""
        from recomp_core.models.language_models.openai_chat import OpenAIChatModel

        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        body = b"data: " + body + b"\n\n" if events else body
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        with OpenAIServer(Reply(status=status, body=body, headers=names)) as server:
            model = OpenAIChatModel("m", base_url=server.base_url, api_key="any", max_retries=1)

            async def at_once(seconds):
                if pauses is not None:
                    pauses.append(seconds)

            model._sleep = at_once
            if not stream:
                return model(["x"])[0], len(server.requests)
            with pytest.raises(SummaryError) as caught:
                list(model.stream("x"))
            return caught.value, len(server.requests)

    @pytest.mark.parametrize("how", [{}, {"stream": True}, {"stream": True, "events": True}])
    @pytest.mark.parametrize("n", [0, 3, 5, 15, 23, *range(NEW, len(ERRORS))])
    def test_it_has_its_reason_and_words_and_is_tried_again_if_it_passes(self, n, how):
        sent, (reason, passes), words = ERRORS[n]
        error, attempts = self.failure(sent, **how)
        assert (error.reason, attempts) == (reason, 2 if passes else 1)
        assert words in str(error)

    @pytest.mark.parametrize(("status", "sent", "meaning", "words"), WITH_STATUS)
    def test_one_table_reads_the_errors_of_all_statuses(self, status, sent, meaning, words):
        error, attempts = self.failure(sent, status=status)
        assert (error.reason, attempts == 2) == meaning
        assert words in str(error)

    def test_the_server_knows_whether_another_attempt_is_worth_it(self):
        _, attempts = self.failure({"error": "slow"}, status=429, x_should_retry="false")
        assert attempts == 1
        _, attempts = self.failure({"error": "odd"}, status=400, x_should_retry="true")
        assert attempts == 2
        spent = {"error": {"code": "insufficient_quota", "message": "pay"}}
        assert self.failure(spent, status=429, x_should_retry="true")[1] == 1

    @pytest.mark.parametrize("form", [dict, lambda body: [body]])
    def test_a_pause_that_the_body_asks_for_is_waited_for(self, form):
        details = [{"@type": "RetryInfo", "retryDelay": "23.5s"}]
        body = {"error": {"code": 429, "message": "slow", "details": details}}
        pauses = []
        self.failure(form(body), status=429, pauses=pauses)
        self.failure(form(body), status=429, pauses=pauses, retry_after="7")
        assert pauses == [23.5, 7]
        details[0]["retryDelay"] = "86400s"
        assert self.failure(form(body), status=429)[1] == 1

    def test_a_pause_that_is_no_number_is_none(self):
        pauses = []
        self.failure({"error": "slow"}, status=429, pauses=pauses, retry_after="nan")
        assert 0 < pauses[0] <= 1

    @pytest.mark.parametrize(
        "body", [b"too many stars", b'{"detail": "too many stars"}', b'{"error": "too many stars"}']
    )
    @pytest.mark.parametrize("stream", [True, False])
    def test_the_words_of_a_rejection_are_quoted_in_any_form(self, body, stream):
        error, _ = self.failure(body, stream=stream, status=400)
        assert (error.reason, "too many stars" in str(error)) == ("invalid", True)

    @pytest.mark.parametrize(
        "body",
        [
            {"oh": "too many stars"},
            ["too many stars"],
            "too many stars",
            {"choices": [], "x": "too many stars"},
        ],
    )
    def test_the_words_of_an_unknown_shape_in_a_stream_are_kept(self, body):
        error, _ = self.failure(body, stream=True, events=True)
        assert error.reason == "malformed"
        assert "too many stars" in str(error)

    def test_an_error_after_comments_is_found_where_a_whole_reply_was_asked_for(self):
        body = b': busy\n\ndata: {"error": {"message": "slow", "code": 429}}\n\n'
        error, attempts = self.failure(body)
        assert (error.reason, attempts) == ("quota", 2)

    def test_the_time_of_the_provider_is_not_that_of_the_caller(self):
        error, _ = self.failure({"error": {"message": "Request timed out."}})
        assert error.reason == "timeout"
        assert "timeout=" not in str(error)
        assert "the provider ran out of time (Request timed out.)" in str(error)
