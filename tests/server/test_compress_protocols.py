"""`/v1/compress`, and the form that LiteLLM's guardrail `compresr` posts."""

from __future__ import annotations

import copy

import pytest
from conftest import needs, shared_words
from server_clients import FRUIT, QUERY, TOWER, Words, app_of, client_of

from recomp_core import Batching, Compression, Document, ExtractiveCompressor, TokenBudget
from recomp_core.server.messages import EMPTIED, tool_results, with_results

pytestmark = [needs("fastapi", "serve"), needs("httpx", "test")]

BUILT = "Bob built the tower in 1402."
SINGLE = "/api/compress/question-specific/"
BATCH = "/api/compress/question-specific/batch"
LONG = f"{TOWER} {' '.join(f'Page {n} of the guide lists other things.' for n in range(30))}"


async def test_the_reply_is_the_compression(compressor):
    documents = [{"text": TOWER, "title": "A tower", "id": "7", "metadata": {"page": 3}}, FRUIT]
    body = {"query": QUERY, "documents": documents, "settings": {"top_k": 1}}
    reply = await client_of(compressor=compressor).post("/v1/compress", json=body)
    assert reply.status_code == 200
    read = Compression.from_dict(reply.json())
    assert read.text == BUILT
    assert read.documents == (Document(TOWER, "A tower", "7", {"page": 3}), Document(FRUIT))
    assert reply.json() == read.to_dict()


async def test_without_settings_the_servers_own_hold():
    compressor = ExtractiveCompressor(shared_words, selector=TokenBudget(30, len))
    client = client_of(compressor=compressor)
    body = {"query": QUERY, "documents": [TOWER]}
    assert (await client.post("/v1/compress", json=body)).json()["text"] == BUILT
    body["settings"] = {"max_tokens": 60}  # counted as the server's own: in characters
    kept = (await client.post("/v1/compress", json=body)).json()["text"]
    assert BUILT in kept
    assert 30 < len(kept) <= 60
    assert compressor.selector == TokenBudget(30, len)


async def test_settings_of_the_layout():
    settings = {"top_k": 1, "elision": "[…]", "outline": "none", "lexical_weight": 0,
                "expand": [1, 0], "titles": False, "separator": " ", "document_separator": "\n\n",
                "min_score": 0.5, "top_p": 1.0}  # fmt: skip
    body = {"query": QUERY, "documents": [TOWER, FRUIT], "settings": settings}
    reply = await client_of().post("/v1/compress", json=body)
    assert reply.json()["text"] == f"The tower is old. {BUILT}"


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"top_k": 0}, "TopK"),
        ({"top_k": True}, "settings.top_k"),
        ({"top_k": "2"}, "settings.top_k"),
        ({"min_score": "a"}, "settings.min_score"),
        ({"model": "/etc"}, "settings.model: extra inputs"),
        ({"store": "/tmp/x"}, "settings.store: extra inputs"),
        ({"tokenizer": "gpt2"}, "settings.tokenizer: extra inputs"),
        ({"selector": "top_k:k=1"}, "settings.selector: extra inputs"),
        ({"separator": "x" * 101}, "settings.separator"),
        ({"expand": [-1, 0]}, "expand"),
        ({"outline": "all"}, "settings.outline"),
        ({"pin": ["(a+)+$"]}, "settings.pin[0]: input should be 'numbers', 'dates'"),
        ({"lexical_weight": 2}, "lexical_weight"),
    ],
)
async def test_settings_that_cannot_work_are_named(settings, told):
    body = {"query": QUERY, "documents": [TOWER], "settings": settings}
    reply = await client_of().post("/v1/compress", json=body)
    assert reply.status_code == 400
    error = reply.json()["error"]
    assert error["type"] == "invalid"
    assert told in error["message"]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"documents": [TOWER]}, "give query"),
        ({"query": QUERY}, "give documents, or messages"),
        ({"query": QUERY, "documents": [TOWER], "messages": []}, "give documents, or messages"),
        ({"query": QUERY, "documents": TOWER}, "documents: "),
        ({"query": QUERY, "documents": [{"text": 3}]}, "documents[0]: must be a string"),
        ({"query": QUERY, "documents": [{"text": "a", "title": 3}]}, "title must be a string"),
        ({"query": QUERY, "documents": [TOWER], "setings": {}}, "setings: extra inputs"),
        ({"messages": [{"role": "tool", "content": TOWER}]}, "there is no question"),
        ({"messages": ["hello"]}, "messages[0]"),
        ([], "valid dictionary"),
    ],
)
async def test_requests_that_say_too_little_or_too_much(body, told):
    reply = await client_of().post("/v1/compress", json=body)
    assert reply.status_code == 400
    assert told in reply.json()["error"]["message"]


async def test_what_is_pinned_stays():
    text = "Bob saw it. It weighs 12 tons. It is grey."
    body = {"query": "who saw it", "documents": [text], "settings": {"top_k": 1}}
    client = client_of()
    assert (await client.post("/v1/compress", json=body)).json()["text"] == "Bob saw it."
    body["settings"]["pin"] = ["numbers"]
    kept = (await client.post("/v1/compress", json=body)).json()["text"]
    assert kept == "Bob saw it. It weighs 12 tons."


CHAT = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": [{"type": "text", "text": QUERY}]},
    {"role": "assistant", "content": None, "tool_calls": [{"id": "a"}, {"id": "b"}]},
    {"role": "tool", "tool_call_id": "a", "content": TOWER},
    {"role": "tool", "tool_call_id": "b", "name": "search",
     "content": [{"type": "text", "text": FRUIT * 3}, {"type": "image_url", "image_url": {}}]},
]  # fmt: skip


async def test_tool_results_of_a_chat_are_compressed_for_the_users_question():
    body = {"messages": CHAT, "settings": {"top_k": 1}, "model": "gpt"}
    reply = (await client_of().post("/v1/compress", json=body)).json()
    expected = copy.deepcopy(CHAT)
    expected[3]["content"] = BUILT
    expected[4]["content"][0]["text"] = EMPTIED
    assert reply["messages"] == expected
    assert reply["text"] == BUILT
    assert Compression.from_dict(reply).query == QUERY


async def test_a_chat_without_tool_results_stays():
    reply = (await client_of().post("/v1/compress", json={"messages": CHAT[:2]})).json()
    assert reply["messages"] == CHAT[:2]
    assert reply["outcome"] == "nothing_given"


def test_no_text_of_a_chat_grows_or_is_emptied(compressor):
    chat = [{"role": "tool", "content": "no"}, {"role": "tool", "content": TOWER}]
    before = copy.deepcopy(chat)
    places = tool_results(chat)
    compression = compressor.compress(QUERY, [place.text for place in places])
    written = with_results(chat, places, compression)
    assert chat == before
    assert written[0]["content"] == "no"
    assert 0 < len(written[1]["content"]) < len(TOWER)


async def test_compresr_single():
    body = {"context": LONG, "query": QUERY, "compression_model_name": "latte_v2", "coarse": True,
            "dynamic": True, "target_compression_ratio": 0.5, "source": "x"}  # fmt: skip
    for path in (SINGLE, SINGLE.rstrip("/")):
        reply = (await client_of().post(path, json=body)).json()
        data = reply["data"]
        assert reply["success"] is True
        assert BUILT in data["compressed_context"]
        assert data["compressed_tokens"] <= data["original_tokens"] / 2
        assert data["tokens_saved"] == data["original_tokens"] - data["compressed_tokens"]
        assert data["actual_compression_ratio"] >= 0.5
        assert data["target_compression_ratio"] == 0.5
        assert data["duration_ms"] >= 0


async def test_compresr_batch_keeps_order_and_number():
    inputs = [{"context": LONG, "query": QUERY}, {"context": "", "query": QUERY},
              {"context": FRUIT, "query": "are plums blue"}, {"context": LONG, "query": "visit"}]  # fmt: skip
    body = {"inputs": inputs, "target_compression_ratio": 10}
    data = (await client_of().post(BATCH, json=body)).json()["data"]
    found = [it["compressed_context"] for it in data["results"]]
    assert BUILT in found[0]
    assert found[1:3] == ["", FRUIT]  # so few tokens are not cut further
    assert "Many people visit it." in found[3]
    assert all(it["compressed_tokens"] <= 32 for it in data["results"])
    assert data["count"] == 4
    assert data["total_tokens_saved"] == sum(it["tokens_saved"] for it in data["results"])


@pytest.mark.parametrize(
    ("path", "body", "told"),
    [
        (SINGLE, {"context": TOWER}, "inputs[0] has no query"),
        (SINGLE, {"context": TOWER, "query": ""}, "query: is blank"),
        (SINGLE, {"context": TOWER, "query": QUERY, "target_compression_ratio": -1}, "ratio"),
        (BATCH, {"inputs": []}, "inputs"),
        (BATCH, {"inputs": [{"context": TOWER}]}, "inputs[0] has no query"),
        (BATCH, {"inputs": [{"context": 3, "query": QUERY}]}, "inputs[0].context"),
    ],
)
async def test_compresr_errors(path, body, told):
    reply = await client_of().post(path, json=body)
    assert reply.status_code == 422
    assert reply.json()["success"] is False
    assert told in reply.json()["error"]


class WritesSummaries:
    """A compressor without scores."""

    def compress(self, query, documents): ...

    def compress_batch(self, queries, documents_lists): ...

    async def acompress(self, query, documents):
        from recomp_core import Outcome

        return Compression(query, tuple(documents), "short", (), (), (0,), Outcome.COMPRESSED)

    async def acompress_batch(self, queries, documents_lists): ...


async def test_a_model_that_writes_summaries_compresses_and_does_not_rank():
    client = client_of(compressor=WritesSummaries())
    body = {"query": QUERY, "documents": [TOWER]}
    assert (await client.post("/v1/compress", json=body)).json()["text"] == "short"
    body["settings"] = {"top_k": 1}
    assert "writes summaries" in (await client.post("/v1/compress", json=body)).text
    assert (await client.post("/v1/compress", json={"messages": CHAT})).status_code == 501
    for path in ("/v2/rerank", "/v1/rerank", "/rerank"):
        reply = await client.post(path, json={"query": QUERY, "documents": [TOWER]})
        assert reply.status_code == 501
        assert "can't rank" in reply.text


async def test_requests_with_different_settings_share_the_model_and_not_the_result():
    import asyncio

    app = app_of(compressor=ExtractiveCompressor(Words(), batching=Batching()))
    client = client_of(app=app)

    async def one(k):
        body = {"query": QUERY, "documents": [TOWER], "settings": {"top_k": k}}
        return len((await client.post("/v1/compress", json=body)).json()["kept"])

    wanted = [1, 2, 3] * 5
    assert await asyncio.gather(*map(one, wanted)) == wanted
