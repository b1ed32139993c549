"""Tries the real clients of other services, as they are, against a running `recomp serve`.

    RECOMP_API_KEY=sesame recomp serve --port 8080
    RECOMP_API_KEY=sesame python benchmarks/serving/clients.py --url http://127.0.0.1:8080

It tries what is installed in the environment that it runs in and says what is not; it needs nothing
of recomp itself. Some clients can't be installed together: cohere 5 (for langchain-cohere), 6 (for
LlamaIndex) and 7 (which knows relevant_spans) need an environment each.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import uuid
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

CONFIG = Path(__file__).parents[2] / "examples" / "litellm" / "config.yaml"
QUERY = "When was the tower built?"
DOCUMENTS = [
    "Bananas are yellow. They grow in bunches and are eaten raw.",
    "🗼 The tower stands by the river. It was built in 1402 by a mason called Bob.",
    "The river floods in spring. Ships can't pass then.",
]
PROXY_KEY = f"sk-{uuid.uuid4().hex}"
BUILT = "It was built in 1402 by a mason called Bob."


class MissingError(Exception):
    """What a client needs is not installed."""


def version(*packages: str) -> str:
    try:
        return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in packages)
    except importlib.metadata.PackageNotFoundError as error:
        raise MissingError(f"{error.name} is not installed") from None


def check(indices: list[int], scores: list[float]) -> str:
    assert indices[0] == 1, f"the second document is the best, got {indices}"
    assert scores == sorted(scores, reverse=True), scores
    assert all(0 <= score <= 1 for score in scores), scores
    return f"ranked {indices} with {[round(score, 3) for score in scores]}"


def cohere_v2(url: str, key: str) -> str:
    import cohere

    client = cohere.ClientV2(api_key=key, base_url=url)
    reply = client.rerank(model="rerank-v3.5", query=QUERY, documents=DOCUMENTS, top_n=2)
    told = check([it.index for it in reply.results], [it.relevance_score for it in reply.results])
    try:
        client.rerank(model="rerank-v3.5", query=" ", documents=DOCUMENTS)
    except cohere.errors.BadRequestError as error:
        body = error.body
    else:
        raise AssertionError("a blank query went through")
    assert "query: is blank" in body["message"], body
    try:
        cohere.ClientV2(api_key="wrong", base_url=url).rerank(
            model="x", query=QUERY, documents=DOCUMENTS
        )
    except cohere.errors.UnauthorizedError:
        return f"{told}; a blank query is a BadRequestError, a wrong key an UnauthorizedError"
    return f"{told}; a blank query is a BadRequestError (the server has no key)"


def cohere_v1(url: str, key: str) -> str:
    import cohere

    reply = cohere.Client(api_key=key, base_url=url).rerank(
        model="rerank-v3.5", query=QUERY, documents=DOCUMENTS, return_documents=True
    )
    assert reply.results[0].document.text == DOCUMENTS[1]
    return check([it.index for it in reply.results], [it.relevance_score for it in reply.results])


def cohere_spans(url: str, key: str) -> str:
    import cohere

    if not hasattr(cohere, "RerankRelevantSpans"):
        raise MissingError("this version of cohere knows no relevant_spans")
    reply = cohere.ClientV2(api_key=key, base_url=url).rerank(
        model="rerank-v5.0-fast", query=QUERY, documents=DOCUMENTS,
        relevant_spans=cohere.RerankRelevantSpans(mode="enabled", threshold=0.2, max_spans=2),
    )  # fmt: skip
    best = reply.results[0]
    shown = [DOCUMENTS[best.index][span.start : span.end] for span in best.relevant_spans]
    assert shown[0] == BUILT, shown
    return f"relevant_spans of the best document: {shown}"


def langchain_cohere(url: str, key: str) -> str:
    from langchain_cohere import CohereRerank
    from langchain_core.documents import Document

    reranker = CohereRerank(cohere_api_key=key, base_url=url, model="rerank-v3.5", top_n=2)
    found = reranker.compress_documents([Document(text) for text in DOCUMENTS], QUERY)
    indices = [DOCUMENTS.index(it.page_content) for it in found]
    return check(indices, [it.metadata["relevance_score"] for it in found])


def _nodes() -> list:
    from llama_index.core.schema import NodeWithScore, TextNode

    return [NodeWithScore(node=TextNode(text=text), score=0.5) for text in DOCUMENTS]


def _ranked_nodes(postprocessor) -> str:
    found = postprocessor.postprocess_nodes(_nodes(), query_str=QUERY)
    return check([DOCUMENTS.index(it.node.text) for it in found], [it.score for it in found])


def llamaindex_cohere(url: str, key: str) -> str:
    from llama_index.postprocessor.cohere_rerank import CohereRerank

    return _ranked_nodes(CohereRerank(api_key=key, base_url=url, top_n=2))


def llamaindex_jina(url: str, key: str) -> str:
    from llama_index.postprocessor.jinaai_rerank import JinaRerank

    told = [_ranked_nodes(JinaRerank(api_key=key, base_url=base, top_n=2))
            for base in (url, f"{url}/v1")]  # fmt: skip
    return told[0]


def llamaindex_tei(url: str, key: str) -> str:
    from llama_index.postprocessor.tei_rerank import TextEmbeddingInference

    return _ranked_nodes(TextEmbeddingInference(base_url=url, auth_token=f"Bearer {key}", top_n=2))


def _litellm(model: str, base: str, key: str) -> str:
    import litellm

    reply = litellm.rerank(
        model=model, query=QUERY, documents=DOCUMENTS, top_n=2, api_base=base, api_key=key
    )
    results = [dict(it) for it in reply.results]
    return check([it["index"] for it in results], [it["relevance_score"] for it in results])


def litellm_rerank(url: str, key: str) -> str:
    routes = {"hosted_vllm/x": url, "cohere/x": f"{url}/v2/rerank", "jina_ai/x": f"{url}/v1/rerank",
              "huggingface/x": url}  # fmt: skip
    told = {model.split("/")[0]: _litellm(model, base, key) for model, base in routes.items()}
    return f"as {', '.join(told)}: {next(iter(told.values()))}"


def compresr_sdk(url: str, key: str) -> str:
    if not key.startswith("cmp_"):
        raise MissingError("it takes only keys that begin with cmp_")
    os.environ["COMPRESR_BASE_URL"] = url
    from compresr import CompressionClient

    client = CompressionClient(api_key=key, base_url=url)
    data = client.compress(context=" ".join(DOCUMENTS), query=QUERY,
                           target_compression_ratio=0.7).data  # fmt: skip
    assert BUILT in data.compressed_context, data
    return f"{data.original_tokens} tokens to {data.compressed_tokens}: {data.compressed_context!r}"


class Upstream(BaseHTTPRequestHandler):
    """A model's endpoint that answers "ok" and keeps what it was sent."""

    received: ClassVar[list] = []

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.received.append(body)
        message = {"role": "assistant", "content": "ok"}
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        reply = {"id": "1", "object": "chat.completion", "created": 1, "model": "m",
                 "choices": [choice], "usage": usage}  # fmt: skip
        written = json.dumps(reply).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(written)))
        self.end_headers()
        self.wfile.write(written)

    def log_message(self, *_: object) -> None:
        pass


def litellm_proxy(url: str, key: str) -> str:
    """The proxy with examples/litellm/config.yaml: what the model behind it is sent."""
    command = shutil.which("litellm", path=str(Path(sys.executable).parent))
    if command is None:
        raise MissingError("the command litellm is not installed")
    upstream = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    threading.Thread(target=upstream.serve_forever, daemon=True).start()
    port = 20_000 + os.getpid() % 20_000
    env = {**os.environ, "RECOMP_API_KEY": key, "RECOMP_API_BASE": url, "OPENAI_API_KEY": "any",
           "OPENAI_API_BASE": f"http://127.0.0.1:{upstream.server_port}/v1",
           "OPENAI_BASE_URL": f"http://127.0.0.1:{upstream.server_port}/v1",
           "LITELLM_MASTER_KEY": PROXY_KEY, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}  # fmt: skip
    with tempfile.TemporaryFile() as output:
        proxy = subprocess.Popen(
            [command, "--config", str(CONFIG), "--port", str(port), "--host", "127.0.0.1"],
            env=env, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            base = f"http://127.0.0.1:{port}"
            _wait_for(f"{base}/health/liveliness", proxy)
            return _through_proxy(base)
        except BaseException:
            output.seek(0)
            print(output.read().decode("utf-8", "replace")[-3000:])
            raise
        finally:
            proxy.terminate()
            proxy.wait(30)
            upstream.shutdown()


def _through_proxy(base: str) -> str:
    tool_result = " ".join([DOCUMENTS[0]] * 8 + [DOCUMENTS[1]] + [DOCUMENTS[2]] * 8)
    other = " ".join([DOCUMENTS[2]] * 15)
    calls = [
        {"id": name, "type": "function",
         "function": {"name": "search", "arguments": json.dumps({"query": question})}}
        for name, question in (("a", QUERY), ("b", "When can ships not pass?"))
    ]  # fmt: skip
    messages = [
        {"role": "user", "content": QUERY},
        {"role": "assistant", "content": None, "tool_calls": calls},
        {"role": "tool", "tool_call_id": "a", "content": tool_result},
        {"role": "tool", "tool_call_id": "b", "content": other},
    ]
    told = []
    for sent in (messages[:3], messages):  # the single form and the batch
        if len(sent) == 3:
            sent = [sent[0], {**sent[1], "tool_calls": calls[:1]}, sent[2]]
        reply = _post(f"{base}/v1/chat/completions", {"model": "gpt-4o-mini", "messages": sent})
        assert reply["choices"][0]["message"]["content"] == "ok"
        received = Upstream.received[-1]["messages"]
        assert len(received) == len(sent)
        assert received[0]["content"] == QUERY
        compressed = received[2]["content"]
        assert BUILT in compressed, compressed
        assert len(compressed) < len(tool_result) / 2
        told.append(f"{len(tool_result)} characters to {len(compressed)}")
    ranked = _post(f"{base}/rerank", {"model": "recomp", "query": QUERY, "documents": DOCUMENTS})
    results = ranked["results"]
    check([it["index"] for it in results], [it["relevance_score"] for it in results])
    return f"guardrail compresr, single: {told[0]}; in a batch of two: {told[1]}; /rerank ranks"


def _post(url: str, body: dict) -> dict:
    request = urllib.request.Request(
        url,
        json.dumps(body).encode(),
        {"content-type": "application/json", "authorization": f"Bearer {PROXY_KEY}"},
    )
    with urllib.request.urlopen(request, timeout=120) as reply:
        return json.load(reply)


def _wait_for(url: str, process: subprocess.Popen) -> None:
    until = time.monotonic() + 180
    while time.monotonic() < until:
        assert process.poll() is None, "the proxy ended"
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.5)
    raise AssertionError("the proxy did not start")


CLIENTS: tuple[tuple[tuple[str, ...], Callable[[str, str], str]], ...] = (
    (("cohere",), cohere_v2),
    (("cohere",), cohere_v1),
    (("cohere",), cohere_spans),
    (("langchain-cohere", "cohere"), langchain_cohere),
    (("llama-index-postprocessor-cohere-rerank", "cohere"), llamaindex_cohere),
    (("llama-index-postprocessor-jinaai-rerank",), llamaindex_jina),
    (("llama-index-postprocessor-tei-rerank",), llamaindex_tei),
    (("litellm",), litellm_rerank),
    (("litellm",), litellm_proxy),
    (("compresr",), compresr_sdk),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--only", nargs="*", help="Names of functions of this file.")
    asked = parser.parse_args()
    key = os.environ.get("RECOMP_API_KEY", "any")
    failed = 0
    for packages, try_it in CLIENTS:
        if asked.only and try_it.__name__ not in asked.only:
            continue
        try:
            found = version(*packages)
            print(f"ok       {try_it.__name__} ({found}): {try_it(asked.url, key)}", flush=True)
        except MissingError as error:
            print(f"skipped  {try_it.__name__}: {error}", flush=True)
        except Exception as error:
            failed += 1
            print(f"FAILED   {try_it.__name__}: {type(error).__name__}: {error}", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
