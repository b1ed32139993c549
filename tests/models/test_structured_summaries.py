"""Summaries as JSON, with the documents that they are drawn from."""

from __future__ import annotations

import asyncio
import json
import pickle
import time

import pytest
from openai_server import OpenAIServer, Reply, error

from recomp_core import AbstractiveCompressor, Document, LLMSummarizer
from recomp_core.errors import SummaryError
from recomp_core.models.language_models.structured import (
    SourcedSummary,
    read_summary,
    response_format,
    summary_of_call,
    summary_schema,
)

DOCUMENTS = [
    Document("Pigs eat apples, and the mill by the river closed in 1990 after a long dispute."),
    Document(" "),
    Document("Anna Horvat built the bell tower in 1871, and it still stands beside the mill."),
]
SUMMARY = "Anna Horvat built it in 1871."
JSON = json.dumps({"summary": SUMMARY, "sources": [2]})


def compressed(reply, **settings):
    summarizer = LLMSummarizer(lambda prompts: [reply] * len(prompts), **settings)
    return AbstractiveCompressor(summarizer).compress("who built the tower?", DOCUMENTS)


def test_the_sources_are_the_documents_that_the_model_names():
    found = compressed(JSON, structured=True)
    assert (found.text, found.sources) == (SUMMARY, (2,))  # the blank document has no number
    for sources in ([], [9], [0, -1]):
        reply = json.dumps({"summary": SUMMARY, "sources": sources})
        assert compressed(reply, structured=True).sources == (0, 2)


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        (f"<think>hm</think>```json\n{JSON}\n```", SUMMARY),
        (SUMMARY, SUMMARY),
        ('{"summary": "IRRELEVANT", "sources": []}', ""),
        ('{"summary": "", "sources": []}', ""),
        ('{"summary": "The documents do not mention it.", "sources": []}', ""),
    ],
)
def test_what_a_reply_means(reply, text):
    assert compressed(reply, structured=True).text == text


@pytest.mark.parametrize(
    "reply",
    [
        f"Here is the JSON:\n```json\n{JSON}\n```",
        f"```json\n{JSON}\n```\nHope this helps!",
        f"Here is the {{summary}}: {JSON}",
        f"```json{JSON}```",
        f"~~~json\n{JSON}\n~~~",
        f"\ufeff{JSON}",
        f"[{JSON}]",
        json.dumps(JSON),
        f"{JSON}\n\nLet me know if you need more.",
        f"{JSON}<|im_end|>",
        json.dumps({"result": {"Summary": SUMMARY, "Sources": [2]}}),
        json.dumps({"summary": SUMMARY, "sources": [2], "confidence": 0.9}),
        json.dumps({"summary": SUMMARY, "sources": 2}),
        json.dumps({"summary": SUMMARY, "sources": [2.0, None, True, [7]]}),
        json.dumps({"summary": SUMMARY, "sources": ["Document 2"]}),
        f'{{"summary": "{SUMMARY}", "sources": "2",}}',
        json.dumps({"summary": ["Anna Horvat built it", "in 1871."], "sources": [2]}),
        json.dumps({"summary": f"<think>{{}}</think>{SUMMARY}", "sources": [2]}),
        json.dumps({"summary": f"<think>x</think>{SUMMARY}</s>", "sources": [2]}).replace(
            "<", "\\u003c"
        ),
    ],
)
def test_a_summary_is_found_however_it_is_wrapped(reply):
    found = compressed(reply, structured=True)
    assert (found.text, found.sources) == (SUMMARY, (2,))


FIRST = {"summary": "Ivan Kos cast the bell.", "sources": [2]}
SECOND = {"summary": "It hangs in the tower.", "sources": [1, 2]}
EMPTY = {"summary": "", "sources": []}


@pytest.mark.parametrize(
    "reply",
    [
        json.dumps([FIRST, SECOND]),
        f"{json.dumps(FIRST)}\n{json.dumps(SECOND)}",
        json.dumps({"summaries": [FIRST, SECOND]}),
        json.dumps([EMPTY, FIRST, {"summary": "IRRELEVANT", "sources": []}, SECOND, FIRST]),
    ],
)
def test_several_summaries_are_one(reply):
    found = LLMSummarizer(lambda _: [reply], structured=True).summarize(["x"])[0]
    assert (found, found.sources) == ("Ivan Kos cast the bell. It hangs in the tower.", (2, 1))


def test_several_summaries_may_all_be_empty():
    assert compressed(json.dumps([EMPTY, EMPTY]), structured=True).text == ""
    word = {"summary": "IRRELEVANT", "sources": []}
    assert compressed(json.dumps([word, word]), structured=True).text == ""


def test_several_summaries_are_drawn_from_all_if_one_does_not_say_from_which():
    found = read_summary(json.dumps([FIRST, {"summary": "It rings."}]))
    assert (found, found.sources) == ("Ivan Kos cast the bell. It rings.", ())


def test_an_object_after_words_is_not_a_second_summary():
    assert read_summary(f"{json.dumps(FIRST)}\nor rather\n{json.dumps(SECOND)}") == FIRST["summary"]


@pytest.mark.parametrize(
    ("sources", "numbers"),
    [
        (["Document 1, page 7"], (1,)),
        (["Document 2: The 5 bells"], (2,)),
        (["The 5 bells (document 2)"], (2,)),
        (["Documents 1 and 3"], (1, 3)),
        (["Dokument 3, S. 8"], (3,)),
        (["2, section 4"], (2,)),
        ("1, 2 and 3", (1, 2, 3)),
        ("Document 1, document 3", (1, 3)),
        ([{"document": 2, "page": 7}], (2,)),
        ([{"quote": "5 bells", "id": 1}], (1,)),
        ({"documents": [1, 3]}, (1, 3)),
        ([{"quote": "5 bells"}], ()),
    ],
)
def test_the_number_of_a_document_is_told_from_other_numbers(sources, numbers):
    found = read_summary(json.dumps({"summary": SUMMARY, "sources": sources}))
    assert found.sources == numbers


def test_a_summary_without_sources_is_drawn_from_all():
    for fields in ({}, {"sources": None}, {"sources": "all"}, {"sources": {"a": 1}}):
        found = compressed(json.dumps({"summary": SUMMARY, **fields}), structured=True)
        assert (found.text, found.sources) == (SUMMARY, (0, 2))


def test_what_json_does_not_allow_is_read():
    assert read_summary('{"summary": "Anna\nHorvat, }", "sources": [1, ], }') == "Anna\nHorvat, }"
    assert read_summary('{"summary": "Anna \\ud800", "sources": []}') == "Anna \ufffd"


@pytest.mark.parametrize(
    "reply", ["null", '{"summary": null, "sources": []}', '{"summary": "Answer: IRRELEVANT."}']
)
def test_nothing_in_the_place_of_a_summary_is_the_empty_one(reply):
    assert compressed(reply, structured=True).text == ""


@pytest.mark.parametrize(
    "filled",
    [
        {"summary": SUMMARY, "sources": [2]},
        {"summary": SUMMARY, "sources": (2,)},
        {"summary": SUMMARY, "sources": [2, None, True], "sure": False},
        {"Summary": SUMMARY, "Sources": "2"},
        {"result": {"summary": SUMMARY, "sources": [2]}},
    ],
)
def test_a_dict_of_python_is_read_as_json_is(filled):
    for reply in (
        f"{filled}",
        f"It's this:\n```python\n{filled}\n```\nThat's it!",
        f"[{filled}]",
        f"{SCHEMA}\n{filled}",
        f"{filled}".replace("}", ", }"),
        f"{filled}".replace("None", "null").replace("False", "false"),
    ):
        found = compressed(reply, structured=True)
        assert (found.text, found.sources) == (SUMMARY, (2,)), reply


@pytest.mark.parametrize(
    "text",
    [
        "It's Anna's.",
        'She said "yes", and "no".',
        """It's "hers".""",
        "One\nline, and\tanother \\ one",
        "naïve \x07 \u2028 \\x41 \\d {'a': 1}, }",
        "安娜",
    ],
)
def test_the_strings_of_python_are_what_they_were(text):
    for written in ({"summary": text, "sources": [1]}, {"summary": text}):
        assert read_summary(repr(written)) == text
        assert read_summary(ascii(written)) == text
    assert (
        read_summary("{'summary': '" + text.replace("\\", "\\\\").replace("'", "\\'") + "'}")
        == text
    )


def test_json_that_a_dict_quotes_is_not_the_reply():
    reply = """{'summary': 'It says {"summary": "evil", "sources": [9]} there.', 'sources': [1]}"""
    found = read_summary(reply)
    assert found == 'It says {"summary": "evil", "sources": [9]} there.'
    assert found.sources == (1,)


def test_what_is_no_dict_of_python_is_no_summary():
    for reply in ("{'summary': 'Anna", "{'summary': 5}", "{'answer': 'Anna'}", "{'summary': f('x')}",
                  "{'summary': 'It's hers.'}"):  # fmt: skip
        with pytest.raises(SummaryError, match="structured=False"):
            compressed(reply, structured=True)
    for text in (
        "{'summary': " + part * 50_000 for part in ("[", "{'a': ", "(", "-", "not ", "1+")
    ):
        assert isinstance(read_summary(text), SummaryError)


def test_plain_text_stays_as_it_is():
    for text in (
        "{Anna} built it.",
        f'"{SUMMARY}"',
        "A summary: it was [Anna]. {",
        "```\nAnna\n```",
    ):
        assert read_summary(text) == text
        assert not isinstance(read_summary(text), SourcedSummary)


def test_json_of_another_form_is_no_summary():
    for reply in (
        '{"answer": "Anna"}',
        '{"summary": "Anna"',
        '{"summary": 5, "sources": []}',
        '{"summary": {"text": "Anna"}}',
        "{}",
        "[{}]",
        '```\n{"answer": "Anna"}\n```',
        'Here it is:\n```json\n{"answer": "Anna"}\n```',
        f"Here it is: {JSON[:-12]}",
        json.dumps(JSON[:-12]),
    ):
        with pytest.raises(SummaryError, match="structured=False"):
            compressed(reply, structured=True)
    assert compressed(JSON).text == JSON  # nobody asked for JSON


SCHEMA = summary_schema().model_json_schema()
EXAMPLE = {"summary": "Paris is the capital.", "sources": [1]}
SCHEMAS = {
    "as it was sent": SCHEMA,
    "in what was sent": response_format(),
    "with an example": {**SCHEMA, "examples": [EXAMPLE], "default": EXAMPLE},
    "with descriptions alone": {
        "type": "object",
        "properties": {
            name: field["description"] for name, field in SCHEMA["properties"].items()
        },
        "required": ["summary", "sources"],
    },
    "with types alone": {"properties": {"summary": "string", "sources": ["integer"]}},
    "its properties alone": {"summary": "string", "sources": "array"},
    "its descriptions alone": {"summary": SCHEMA["properties"]["summary"]["description"]},
}  # fmt: skip


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
def test_a_schema_that_the_model_repeats_is_no_summary(schema):
    schema = json.dumps(schema, indent=1)
    with pytest.raises(SummaryError, match="holds no summary"):
        compressed(schema, structured=True)
    for answer in (JSON, f"The answer:\n```json\n{JSON[:-1]},}}\n```"):
        for reply in (
            f"{schema}\n{answer}",
            f"```json\n{schema}\n```\n{answer}",
            f"{answer} {schema}",
        ):
            found = compressed(reply, structured=True)
            assert (found.text, found.sources) == (SUMMARY, (2,))


def test_a_schema_that_the_model_fills_in_holds_the_summary():
    filled = {"type": "object", "properties": {"Summary": SUMMARY, "Sources": [2]}}
    for reply in (filled, {**SCHEMA, "summary": SUMMARY, "sources": [2]}):
        found = compressed(json.dumps(reply), structured=True)
        assert (found.text, found.sources) == (SUMMARY, (2,))
        # What stands outside of it counts more.
        assert read_summary(json.dumps(reply) + json.dumps(EXAMPLE)) == EXAMPLE["summary"]
    # A type may be what was asked for.
    assert read_summary('{"summary": "String", "sources": [1]}') == "String"
    assert read_summary('{"summary": "string"}') == "string"


def test_a_schema_of_many_objects_does_not_hide_the_summary_behind_it():
    schema = {"properties": {f"p{n}": {"type": "string"} for n in range(99)}}
    assert read_summary(json.dumps(schema) + JSON) == SUMMARY


def test_a_long_reply_takes_no_long_time():
    for part in (
        "{",
        '{"a":',
        '{"a',
        '"',
        '\\"',
        ",",
        ", ",
        '{"summary": ',
        "```",
        "[{",
        '{"a":1}',
        '{"properties":{"a":',
        '{"properties":{}}',
        "{'a':",
        "{'a",
        "{'a':1}",
        "'",
        "{'\\'",
        "{'properties':{}}",
    ):
        began = time.monotonic()
        read_summary(part * (1_000_000 // len(part)))
        assert time.monotonic() - began < 20, part


def test_reasoning_in_a_summary_that_came_parsed_is_no_part_of_it():
    def summarize(text):
        reply = SourcedSummary(text, [2])
        return LLMSummarizer(lambda _: [reply], structured=True).summarize(["x"])[0]

    found = summarize(f"<think>x</think>{SUMMARY}<|im_end|>")
    assert (found, found.sources) == (SUMMARY, (2,))
    assert summarize("<think>x</think>**IRRELEVANT**") == ""
    assert summarize("The documents do not mention it.") == ""
    failed = summarize("<think>x</think>")
    assert isinstance(failed, SummaryError)
    assert "nothing but reasoning" in str(failed)


def test_a_summary_keeps_its_sources_between_processes():
    sent = pickle.loads(pickle.dumps(SourcedSummary("x", [1])))
    assert (sent, sent.sources) == ("x", (1,))
    assert isinstance(read_summary(JSON), SourcedSummary)


@pytest.mark.enable_socket
@pytest.mark.usefixtures("endpoint_environment")
class TestEndpoint:
    def summarizer(self, server, **settings):
        own = {"base_url": server.base_url, "api_key": "any", "max_retries": 0, **settings}
        return LLMSummarizer.from_endpoint("m", structured=True, **own)

    def test_an_endpoint_that_supports_it(self):
        with OpenAIServer(Reply(JSON)) as server:
            (summary,) = self.summarizer(server).summarize(["x"])
            assert (summary, summary.sources) == (SUMMARY, (2,))
            sent = server.requests[0].body["response_format"]
            assert sent == response_format()
            assert sent["json_schema"]["schema"]["additionalProperties"] is False
            assert set(sent["json_schema"]["schema"]["required"]) == {"summary", "sources"}
            list(self.summarizer(server).stream("x"))
            assert "response_format" not in server.requests[-1].body

    def test_an_endpoint_that_does_not_is_asked_for_text_from_then_on(self):
        def reply_to(request):
            if "response_format" in request.body:
                return error(400, "response_format json_schema is not supported by this model")
            return Reply(SUMMARY)

        with OpenAIServer(reply_to=reply_to) as server:
            summarizer = self.summarizer(server)
            assert summarizer.summarize(["x"]) == [SUMMARY]
            assert asyncio.run(summarizer.asummarize(["y"])) == [SUMMARY]
            assert ["response_format" in r.body for r in server.requests] == [True, False, False]

    @pytest.mark.parametrize(
        "refusal",
        [
            error(404, "No endpoints found that can handle the requested parameters."),
            error(400, "Invalid schema for the reply"),
            error(422, "guided decoding is not available"),
            error(422, "Extra inputs are not permitted: response_format"),
            error(500, "json_schema: not implemented"),
            error(501, "structured output is not implemented"),
            error(503, "This response_format type is unavailable now"),
            Reply(status=500, body=b"NotImplementedError: grammar"),
            Reply(body=b'{"error": {"message": "response_format is not supported"}}'),
            Reply(body=b'{"error": {"message": "json_schema is unavailable", "code": 500}}'),
            Reply(body=b'{"code": 20015, "message": "response_format is invalid"}'),
            Reply(status=400, body=b""),
            Reply(status=400, body=b"Bad Request"),
            Reply(
                status=400, body=b'{"error": {"message": "Provider returned error", "code": 400}}'
            ),
            Reply(status=422, body=b'{"detail": "Unprocessable Entity"}'),
            Reply(body=b'{"error": {"code": 400}}'),
        ],
    )
    def test_however_an_endpoint_says_so_text_is_asked_for_once(self, refusal):
        def reply_to(request):
            return refusal if "response_format" in request.body else Reply(SUMMARY)

        with OpenAIServer(reply_to=reply_to) as server:
            summarizer = self.summarizer(server, max_retries=3)
            assert summarizer.summarize(["x"]) == [SUMMARY]
            assert summarizer.summarize(["y"]) == [SUMMARY]
            assert ["response_format" in r.body for r in server.requests] == [True, False, False]

    @pytest.mark.parametrize(
        "other",
        [
            error(400, "the prompt is too long"),
            error(401, "no key for structured output"),
            error(402, "pay for json_schema"),
            error(403, "structured output is not in your plan"),
            error(404, "no such model"),
            error(500, "no tools in the shed"),
            error(500, ""),
            Reply(status=500, body=b""),
            Reply(status=400, body=b"the prompt is too long"),
            Reply(status=400, body=b'{"detail": "messages are wrong"}'),
            Reply(body=b"<html>structured tools</html>"),
            Reply(body=b'{"error": {"message": "no such model", "code": 404}}'),
            error(400, "content of schema.sql", "content_filter"),
        ],
    )
    def test_another_error_is_that_error(self, other):
        with OpenAIServer(other) as server:
            (failed,) = self.summarizer(server).summarize(["x"])
            assert isinstance(failed, SummaryError)
            assert ["response_format" in r.body for r in server.requests] == [True]

    def test_json_that_the_model_failed_to_write_is_asked_for_as_text(self):
        failed = error(400, "Failed to generate JSON. Please adjust your prompt.")
        with OpenAIServer(failed) as server:
            self.summarizer(server).summarize(["x"])
            assert ["response_format" in r.body for r in server.requests] == [True, False]

    def test_an_error_without_words_that_text_ends_with_too_is_that_error(self):
        with OpenAIServer(Reply(status=400, body=b"")) as server:
            summarizer = self.summarizer(server)
            for _ in range(2):  # the form was not what was wrong: it is asked for again
                (failed,) = summarizer.summarize(["x"])
                assert failed.reason == "invalid"
            assert ["response_format" in r.body for r in server.requests] == [True, False] * 2

    def test_without_a_form_nothing_is_asked_for_again(self):
        for reply in (Reply(status=400, body=b""), error(400, "response_format is wrong")):
            with OpenAIServer(reply) as server:
                own = {"base_url": server.base_url, "max_retries": 0}
                LLMSummarizer.from_endpoint("m", **own).summarize(["x"])
                form = {"response_format": {"type": "json_object"}}  # the caller's own
                LLMSummarizer.from_endpoint("m", structured=True, extra_body=form, **own).summarize(
                    ["x"]
                )
                assert [r.body.get("response_format") for r in server.requests] == [
                    None,
                    form["response_format"],
                ]

    def test_the_name_of_the_model_and_the_address_are_no_words_of_the_server(self):
        with OpenAIServer(error(400, "the prompt is too long")) as server:
            LLMSummarizer.from_endpoint(
                "structured-tools", structured=True, base_url=server.base_url, max_retries=0
            ).summarize(["x"])
            assert len(server.requests) == 1


def test_a_langchain_chat_model_by_its_own_means():
    pytest.importorskip("langchain_core")
    from langchain_core.language_models.fake_chat_models import FakeListChatModel
    from langchain_core.messages import AIMessage
    from langchain_core.runnables import RunnableLambda

    from langchain_recomp.chat_model import summarizer_from_chat_model

    class Structured(FakeListChatModel):
        replies: list = []

        def with_structured_output(self, schema, *, include_raw=False, **_):
            assert schema is summary_schema()
            assert include_raw
            return RunnableLambda(lambda _: self.replies.pop(0))

    def said(parsed, text="", **metadata):
        return {"raw": AIMessage(text, response_metadata=metadata), "parsed": parsed,
                "parsing_error": None}  # fmt: skip

    parsed = summary_schema()(summary=f"<think>x</think>{SUMMARY}", sources=[2])
    replies = [said(parsed), said(None, SUMMARY), said(parsed, finish_reason="length")]
    model = Structured(responses=["plain"], replies=replies)
    summarizer = summarizer_from_chat_model(model, structured=True, max_concurrency=1)
    found = [summarizer.summarize(["x"])[0] for _ in range(3)]
    assert found[:2] == [SUMMARY, SUMMARY]
    assert found[0].sources == (2,)
    assert found[2].reason == "cut"

    class Refusing(FakeListChatModel):
        def with_structured_output(self, schema, **_):
            def refuse(_):
                raise ValueError("response_format is not supported")

            return RunnableLambda(refuse)

    for other in (Refusing(responses=[SUMMARY]), FakeListChatModel(responses=[SUMMARY])):
        summarizer = summarizer_from_chat_model(other, structured=True)
        assert summarizer.summarize(["x"]) == [SUMMARY]
        assert asyncio.run(summarizer.asummarize(["x"])) == [SUMMARY]


def test_a_langchain_chat_model_is_asked_for_text_only_where_it_refused_the_form():
    pytest.importorskip("langchain_core")
    from langchain_core.language_models.fake_chat_models import FakeListChatModel
    from langchain_core.messages import AIMessage
    from langchain_core.runnables import RunnableLambda

    from langchain_recomp.chat_model import summarizer_from_chat_model

    class RejectedError(Exception):
        status_code = 400

    asked = []

    class Partly(FakeListChatModel):
        def with_structured_output(self, schema, **_):
            def reply(prompt):
                asked.append(prompt)
                if prompt == "x":
                    raise RejectedError("Error code: 400")
                parsed = schema(summary="by the form", sources=[1])
                return {"raw": AIMessage(""), "parsed": parsed, "parsing_error": None}

            return RunnableLambda(reply)

    for summarize in (
        lambda s, prompts: s.summarize(prompts),
        lambda s, prompts: asyncio.run(s.asummarize(prompts)),
    ):
        asked.clear()
        summarizer = summarizer_from_chat_model(Partly(responses=[SUMMARY]), structured=True)
        assert summarize(summarizer, ["x", "y"]) == [SUMMARY, "by the form"]
        assert summarize(summarizer, ["y"]) == [SUMMARY]
        assert sorted(asked) == ["x", "y"]


CALLS = [
    ({"summary": SUMMARY}, ()),
    ({"summary": SUMMARY, "sources": None}, ()),
    ({"summary": SUMMARY, "sources": "1"}, (1,)),
    ({"summary": SUMMARY, "sources": 2.0}, (2,)),
    ({"summary": SUMMARY, "sources": [1, "Document 2", None, 1.5, {}]}, (1, 2)),
    ({"summary": SUMMARY, "sources": [1], "confidence": 0.9, "note": {"a": 1}}, (1,)),
    ({"Summary": SUMMARY, "Sources": [1]}, (1,)),
]
NO_CALLS = [
    {},
    {"text": SUMMARY},
    {"summary": 5, "sources": [1]},
    {"summary": "string", "sources": "array"},
]


@pytest.mark.parametrize(("arguments", "sources"), CALLS)
def test_the_form_takes_a_summary_whatever_its_sources_are(arguments, sources):
    from pydantic import ValidationError

    if "sources" not in {name.lower() for name in arguments}:  # it may be cut: nobody can tell
        with pytest.raises(ValidationError):
            summary_schema()(**arguments)
    else:
        found = summary_schema()(**arguments)
        assert (found.summary, tuple(found.sources)) == (SUMMARY, sources)


@pytest.mark.parametrize("arguments", NO_CALLS)
def test_the_form_takes_nothing_without_a_summary(arguments):
    from pydantic import ValidationError

    with pytest.raises(ValidationError):
        summary_schema()(**arguments)
    assert summary_of_call(arguments) is None


def test_arguments_that_a_client_could_not_read_hold_a_summary():
    for text in (JSON, JSON[:-1] + ",}", f"```json\n{JSON}\n```"):
        found = summary_of_call(text)
        assert (found, found.sources) == (SUMMARY, (2,))
    for wrong in ("", " ", "null and void", JSON[:-12], SUMMARY, None, 5, [JSON]):
        assert summary_of_call(wrong) is None


class TestLangChainTools:
    """A LangChain chat model that gives the form as the arguments of a tool's call."""

    def summarized(self, *messages):
        pytest.importorskip("langchain_core")
        from langchain_core.language_models.fake_chat_models import GenericFakeChatModel

        from langchain_recomp.chat_model import summarizer_from_chat_model

        class Calling(GenericFakeChatModel):
            def bind_tools(self, tools, **_):
                return self

        model = Calling(messages=iter(messages))
        summarizer = summarizer_from_chat_model(model, structured=True, max_concurrency=1)
        return [summarizer.summarize(["x"])[0] for _ in messages]

    def message(self, arguments, name="Summary", ending="tool_calls"):
        from langchain_core.messages import AIMessage

        call = {"name": name, "args": arguments, "id": "1"}
        kind = "invalid_tool_calls" if isinstance(arguments, str) else "tool_calls"
        own = {"error": None} if isinstance(arguments, str) else {}
        metadata = {"finish_reason": ending}
        return AIMessage("", response_metadata=metadata, **{kind: [{**call, **own}]})

    @pytest.mark.parametrize(("arguments", "sources"), CALLS)
    def test_the_summary_is_taken_whatever_its_sources_are(self, arguments, sources):
        pytest.importorskip("langchain_core")
        for name in ("Summary", "summary"):
            (found,) = self.summarized(self.message(arguments, name))
            assert (found, found.sources) == (SUMMARY, sources)

    def test_so_is_one_in_arguments_that_are_no_json(self):
        pytest.importorskip("langchain_core")
        (found,) = self.summarized(self.message(JSON[:-1] + ",}"))
        assert (found, found.sources) == (SUMMARY, (2,))

    def test_an_empty_summary_is_empty_and_a_cut_one_is_cut(self):
        pytest.importorskip("langchain_core")
        empty, cut = self.summarized(
            self.message({"summary": ""}), self.message({"summary": "Anna Hor"}, ending="length")
        )
        assert empty == ""
        assert cut.reason == "cut"

    def test_one_that_may_be_cut_is_none(self):
        pytest.importorskip("langchain_core")
        whole, perhaps = {"summary": SUMMARY, "sources": [2]}, {"summary": "Anna Hor"}
        found, failed = self.summarized(*(self.message(a, ending="") for a in (whole, perhaps)))
        assert (found, found.sources) == (SUMMARY, (2,))
        assert "the model called a tool" in str(failed)

    @pytest.mark.parametrize("arguments", [*NO_CALLS, JSON[:-12]])
    def test_a_call_without_a_summary_is_none(self, arguments):
        pytest.importorskip("langchain_core")
        (failed,) = self.summarized(self.message(arguments))
        assert "the model called a tool" in str(failed)


def test_a_llamaindex_llm_by_its_own_means():
    pytest.importorskip("llama_index.core")
    from llama_index.core.llms import LLMMetadata, MockLLM

    from llamaindex_recomp.llm import summarizer_from_llm

    class Calling(MockLLM):
        @property
        def metadata(self):
            return LLMMetadata(is_function_calling_model=True, model_name="m")

        def structured_predict(self, output_cls, prompt, llm_kwargs=None, **values):
            assert prompt.format(**values) == "x {y}"
            return output_cls(summary=f"<think>x</think>{SUMMARY}", sources=[2])

        async def astructured_predict(self, output_cls, prompt, llm_kwargs=None, **values):
            return output_cls(summary=SUMMARY, sources=[2])

    class Failing(Calling):
        def structured_predict(self, output_cls, prompt, llm_kwargs=None, **values):
            raise ValueError("no tool call came")

    summarizer = summarizer_from_llm(Calling(), structured=True)
    for (summary,) in (
        summarizer.summarize(["x {y}"]),
        asyncio.run(summarizer.asummarize(["x {y}"])),
    ):
        assert (summary, summary.sources) == (SUMMARY, (2,))
    for other in (Failing(), MockLLM()):
        assert summarizer_from_llm(other, structured=True).summarize(["x"]) == ["x"]
