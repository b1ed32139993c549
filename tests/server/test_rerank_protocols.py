"""Each rerank protocol's request and reply, as its clients send and read them."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from conftest import needs
from server_clients import FRUIT, QUERY, TOWER, client_of

from recomp_core import DualEncoderScorer, ExtractiveCompressor, load_compressor
from recomp_core.server.relevance import rank, relevance_of
from recomp_core.store import SentenceStore

pytestmark = [needs("fastapi", "serve"), needs("httpx", "test")]

DOCUMENTS = [FRUIT, TOWER, "  ", "The tower fell."]


async def test_cohere_ranks_by_the_best_sentence():
    body = {"model": "rerank-v5", "query": QUERY, "documents": DOCUMENTS,
            "max_tokens_per_doc": None, "priority": 0}  # fmt: skip
    reply = await client_of().post("/v2/rerank", json=body)
    assert reply.status_code == 200
    results = reply.json()["results"]
    assert [it["index"] for it in results] == [1, 3, 0, 2]
    scores = [it["relevance_score"] for it in results]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    assert all("relevant_spans" not in it and "document" not in it for it in results)
    # "Bob built the tower in 1402." has three of the query's words; 1 / (1 + exp(-3)).
    assert math.isclose(scores[0], 1 / (1 + math.exp(-3)))


async def test_relevant_spans_count_code_points():
    text = "It is the 🏰 of 塔 here. Bob built the tower. " + FRUIT
    spans = {"mode": "enabled", "threshold": 0.9, "max_spans": 1}
    body = {"query": QUERY, "documents": [FRUIT, text], "relevant_spans": spans}
    results = (await client_of().post("/v2/rerank", json=body)).json()["results"]
    (span,) = results[0]["relevant_spans"]
    assert text[span["start"] : span["end"]] == "Bob built the tower."
    assert span["score"] == results[0]["relevance_score"]
    assert "relevant_spans" not in results[1]  # none is relevant enough


async def test_spans_come_best_first_and_only_if_enabled():
    body = {"query": QUERY, "documents": [TOWER], "relevant_spans": {"mode": "enabled"}}
    client = client_of()
    spans = (await client.post("/v2/rerank", json=body)).json()["results"][0]["relevant_spans"]
    assert next(TOWER[s["start"] : s["end"]] for s in spans) == "Bob built the tower in 1402."
    assert [s["score"] for s in spans] == sorted((s["score"] for s in spans), reverse=True)
    body["relevant_spans"] = {"mode": "disabled"}
    result = (await client.post("/v2/rerank", json=body)).json()["results"][0]
    assert "relevant_spans" not in result


@pytest.mark.parametrize("path", ["/v1/rerank", "/rerank"])
async def test_jina_and_vllm(path):
    body = {"model": "any", "query": QUERY, "documents": [FRUIT, {"text": TOWER}], "top_n": 1,
            "rank_fields": ["text"], "truncate_prompt_tokens": 3}  # fmt: skip
    client = client_of()
    reply = (await client.post(path, json=body)).json()
    assert reply["model"] == "any"
    (result,) = reply["results"]
    assert result["index"] == 1
    assert result["document"] == {"text": TOWER}
    reply = (await client.post(path, json={**body, "return_documents": False})).json()
    assert "document" not in reply["results"][0]


async def test_tei_is_told_from_jina_by_its_texts():
    client = client_of()
    body = {"query": QUERY, "texts": DOCUMENTS, "truncate": True}
    reply = (await client.post("/rerank", json=body)).json()
    assert [it["index"] for it in reply] == [1, 3, 0, 2]
    assert all(set(it) == {"index", "score"} and 0 <= it["score"] <= 1 for it in reply)
    wanted = {**body, "raw_scores": True, "return_text": True}
    reply = (await client.post("/rerank", json=wanted)).json()
    assert [it["score"] for it in reply] == [3.0, 2.0, 0.0, 0.0]
    assert reply[0]["text"] == TOWER


async def test_no_documents_are_no_error():
    client = client_of()
    reply = await client.post("/v2/rerank", json={"query": QUERY, "documents": []})
    assert (reply.status_code, reply.json()["results"]) == (200, [])
    reply = await client.post("/rerank", json={"query": QUERY, "texts": []})
    assert (reply.status_code, reply.json()) == (200, [])


async def test_documents_under_headings_are_ranked_by_their_content():
    text = "# Who built the tower\n\nNobody knows.\n"
    body = {"query": QUERY, "documents": [text], "relevant_spans": {"mode": "enabled"}}
    (result,) = (await client_of().post("/v2/rerank", json=body)).json()["results"]
    assert [text[s["start"] : s["end"]] for s in result["relevant_spans"]] == ["Nobody knows."]


async def test_what_utf_8_has_no_form_for_comes_back():
    body = b'{"query": "who", "documents": ["\\ud800 who"]}'
    json = {"content-type": "application/json"}
    reply = await client_of().post("/v1/rerank", content=body, headers=json)
    assert reply.json()["results"][0]["document"] == {"text": "\ud800 who"}


def test_relevance_keeps_the_order_of_all_scores(compressor):
    relevance = relevance_of(compressor)
    scores = [-1e9, -750.0, -30.0, -1.0, 0.0, 0.1, 1.0, 30.0, 1e9]
    found = [relevance(score) for score in scores]
    assert found == sorted(found)
    assert all(0 <= score <= 1 for score in found)
    assert relevance(0.0) == 0.5


class Spread:
    """Its cosines lie between `low`, for texts without a word in common, and 1."""

    identity = "spread"

    def __init__(self, low):
        self.low = low

    def encode_queries(self, queries):
        return self.encode_sentences(queries)

    def encode_sentences(self, sentences):
        topics = ("bridge", "hedgehog", "committee", "password", "sea")
        rows = [[topic in text for topic in topics] for text in sentences]
        return np.hstack(
            [np.sqrt(1 - self.low) * np.array(rows), np.full((len(rows), 1), np.sqrt(self.low))]
        )


@pytest.mark.parametrize("low", [0.0, 0.75, 1.0])
def test_cosines_have_the_scale_of_their_encoder(low):
    relevance = relevance_of(ExtractiveCompressor(DualEncoderScorer(Spread(low))))
    cosines = [n / 100 for n in range(101)]
    found = [relevance(cosine) for cosine in cosines]
    assert all(a < b for a, b in itertools.pairwise(found))  # no two are mixed up
    if low == 1.0:  # it tells nothing apart
        assert relevance(0.48) == pytest.approx(0.5)
    else:
        assert relevance(low) < 0.02
        assert relevance(low + 0.8 * (1 - low)) == pytest.approx(0.5)
        assert relevance(1) > 0.75


def test_the_scale_leaves_nothing_in_the_store():
    scorer = DualEncoderScorer(Spread(0.0), store=SentenceStore())
    relevance_of(ExtractiveCompressor(scorer))
    assert len(scorer.store) == 0


@pytest.mark.model
def test_what_has_nothing_to_do_with_the_query_has_no_relevance():
    compressor = load_compressor(device="cpu")
    documents = ["The kettle holds two litres.", "Penguins breed on the ice in winter."]
    penguins, kettle = rank(
        compressor.compress("Where do penguins breed?", documents), relevance_of(compressor)
    )
    assert (penguins.index, kettle.index) == (1, 0)
    assert kettle.score < 0.1
    assert penguins.score > 0.5


def test_ranking_does_not_depend_on_what_was_kept(compressor):
    compression = compressor.compress(QUERY, DOCUMENTS)
    ranked = rank(compression, relevance_of(compressor))
    assert [it.index for it in ranked] == [1, 3, 0, 2]
    assert ranked[-1].score == 0
