"""Spans of compressions, read with the SDK's exporter in memory."""

import asyncio
import subprocess
import sys
from dataclasses import replace

import pytest
from conftest import shared_words

pytest.importorskip("opentelemetry.sdk.trace", reason="needs pip install opentelemetry-sdk")

from opentelemetry import trace
from opentelemetry.sdk import trace as sdk
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from recomp_core import (
    AbstractiveCompressor,
    BatchError,
    Document,
    ExtractiveCompressor,
    TimedCompressor,
    TopK,
)
from recomp_core.protocols import Verdict
from recomp_core.runtime.tracing import MOST_DOCUMENTS, model_name

QUERY = "tower built"
DOCUMENTS = [
    Document("The tower was built by Ana. Rain fell all day.", id="a.md"),
    Document("Bread is baked at night."),
]
CONTENT = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"


@pytest.fixture
def tracer(monkeypatch):
    for name in (CONTENT, "OPENINFERENCE_HIDE_INPUTS", "OPENINFERENCE_HIDE_OUTPUTS"):
        monkeypatch.delenv(name, raising=False)
    provider = sdk.TracerProvider()
    exporter = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    # Not set as the program's own, which can be done once only.
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    own = provider.get_tracer("of the caller")
    own.spans = exporter.get_finished_spans
    return own


def compressor(**settings):
    return ExtractiveCompressor(shared_words, selector=TopK(1), **settings)


class Writer:
    """A summarizer that copies the end of its prompt, or fails where that says so."""

    max_input_tokens = None

    def summarize(self, prompts):
        return [RuntimeError(p) if "fail" in p else "Ana built it." for p in prompts]

    def stream(self, prompt):
        yield from ("Ana ", "built ", "it.")

    def count_tokens(self, text):
        return len(text.split())

    def truncate(self, text, max_tokens):
        return " ".join(text.split()[:max_tokens])


def texts_of(spans):
    return " ".join(str(value) for span in spans for value in span.attributes.values())


EXPECTED = {
    "openinference.span.kind": "RERANKER",
    "reranker.input_documents.0.document.id": "a.md",
    "reranker.input_documents.1.document.id": "1",
    "reranker.output_documents.0.document.id": "a.md",
    "reranker.output_documents.0.document.score": 2.0,
    "reranker.model_name": "FunctionScorer",
    "reranker.top_k": 1,
    "recomp.documents.before": 2,
    "recomp.documents.after": 1,
    "recomp.sentences.kept": 1,
    "recomp.sentences.dropped": 2,
    "recomp.characters.before": 70,
    "recomp.characters.after": 27,
    "recomp.outcome": "compressed",
    "recomp.truncated": False,
}


@pytest.mark.parametrize("timeout_s", [None, 60])
@pytest.mark.parametrize("how", ["compress", "acompress"])
async def test_a_compression_is_one_span_without_content(how, timeout_s, tracer):
    asked = getattr(compressor(timeout_s=timeout_s), how)
    with tracer.start_as_current_span("answer") as answer:
        result = asked(QUERY, DOCUMENTS)
        if how == "acompress":
            result = await result
    assert result.text == "The tower was built by Ana."
    span, _ = tracer.spans()
    assert span.name == "recomp.compress"
    assert span.parent.span_id == answer.get_span_context().span_id
    assert dict(span.attributes) == EXPECTED
    assert span.status.is_unset
    assert span.instrumentation_scope.name == "recomp_core"
    assert span.end_time >= span.start_time


@pytest.mark.parametrize("wanted", ["true", "SPAN_ONLY", "span_and_event"])
def test_content_is_recorded_where_it_is_asked_for(wanted, tracer, monkeypatch):
    monkeypatch.setenv(CONTENT, wanted)
    compressor().compress(QUERY, DOCUMENTS)
    (span,) = tracer.spans()
    content = {
        "reranker.query": QUERY,
        "input.value": QUERY,
        "output.value": "The tower was built by Ana.",
        "reranker.input_documents.0.document.content": DOCUMENTS[0].text,
        "reranker.input_documents.1.document.content": DOCUMENTS[1].text,
        "reranker.output_documents.0.document.content": "The tower was built by Ana.",
        "recomp.reason": "",
    }
    assert dict(span.attributes) == {**EXPECTED, **content}


def test_what_openinference_hides_stays_hidden(tracer, monkeypatch):
    monkeypatch.setenv(CONTENT, "true")
    monkeypatch.setenv("OPENINFERENCE_HIDE_INPUTS", "true")
    compressor().compress(QUERY, DOCUMENTS)
    monkeypatch.setenv("OPENINFERENCE_HIDE_OUTPUTS", "true")
    compressor().compress(QUERY, DOCUMENTS)
    outputs, nothing = tracer.spans()
    assert "Bread" not in texts_of([outputs])
    assert "tower built" not in texts_of([outputs])
    assert outputs.attributes["output.value"] == "The tower was built by Ana."
    assert dict(nothing.attributes) == EXPECTED


@pytest.mark.parametrize("wanted", ["", "false", "no_content", "event_only"])
def test_no_content_with_other_words(wanted, tracer, monkeypatch):
    monkeypatch.setenv(CONTENT, wanted)
    compressor().compress(QUERY, DOCUMENTS)
    assert dict(tracer.spans()[0].attributes) == EXPECTED


async def test_a_batch_is_a_span_around_its_compressions(tracer):
    compressor().compress_batch([QUERY, "bread"], [DOCUMENTS, DOCUMENTS])
    first, second, batch = tracer.spans()
    assert (batch.name, batch.attributes["openinference.span.kind"]) == (
        "recomp.compress_batch", "CHAIN",
    )  # fmt: skip
    assert batch.attributes["recomp.queries"] == 2
    assert [span.parent.span_id for span in (first, second)] == [batch.context.span_id] * 2
    assert dict(first.attributes) == EXPECTED
    assert second.attributes["reranker.output_documents.0.document.id"] == "1"
    compressor().compress_batch([], [])
    assert tracer.spans()[-1].attributes["recomp.queries"] == 0


async def test_calls_that_share_a_batch_have_a_span_each(tracer):
    shared = compressor()
    await asyncio.gather(*(shared.acompress(QUERY, DOCUMENTS) for _ in range(5)))
    assert [span.name for span in tracer.spans()] == ["recomp.compress"] * 5
    assert all(span.parent is None for span in tracer.spans())


def test_an_error_is_named_and_not_quoted(tracer):
    def broken(query, sentences):
        raise RuntimeError(f"can't read {query}")

    with pytest.raises(RuntimeError, match="tower"):
        ExtractiveCompressor(broken).compress(QUERY, DOCUMENTS)
    with pytest.raises(TypeError):
        compressor().compress(QUERY, ["The secret.", 7])
    for span, name in zip(tracer.spans(), ("RuntimeError", "TypeError"), strict=True):
        assert span.status.status_code is trace.StatusCode.ERROR
        assert span.status.description == span.attributes["error.type"] == name
        assert not span.events
    assert "tower" not in texts_of(tracer.spans())


def test_an_error_is_quoted_with_content(tracer, monkeypatch):
    monkeypatch.setenv(CONTENT, "true")
    with pytest.raises(ValueError):
        compressor().compress(" ", DOCUMENTS)
    (event,) = tracer.spans()[0].events
    assert "blank" in event.attributes["exception.message"]


@pytest.mark.parametrize("how", ["compress", "acompress"])
async def test_a_summary_and_its_extractor_are_one_span(how, tracer, monkeypatch):
    writer = AbstractiveCompressor(Writer(), extractor=compressor())
    result = getattr(writer, how)(QUERY, DOCUMENTS)
    if how == "acompress":
        await result
    (span,) = tracer.spans()
    assert span.attributes["reranker.model_name"] == "Writer"
    assert span.attributes["recomp.documents.after"] == 1
    assert "Ana" not in texts_of([span])
    monkeypatch.setenv(CONTENT, "true")
    writer.compress(QUERY, DOCUMENTS)
    content = tracer.spans()[-1].attributes["reranker.output_documents.0.document.content"]
    assert content == "Ana built it."


@pytest.mark.parametrize("how", ["compress_batch", "acompress_batch"])
async def test_a_query_of_a_batch_that_fails_is_an_error_in_its_own_span(how, tracer):
    writer = AbstractiveCompressor(Writer())

    async def call():
        result = getattr(writer, how)([QUERY, "fail"], [DOCUMENTS, DOCUMENTS])
        return await result if how == "acompress_batch" else result

    with pytest.raises(BatchError):
        await call()
    good, bad, batch = tracer.spans()
    assert good.status.is_unset
    assert batch.status.is_unset
    assert bad.attributes["error.type"] == "RuntimeError"


@pytest.mark.parametrize("how", ["compress", "acompress"])
async def test_a_span_of_the_model_s_client_is_a_child(how, tracer):
    class Traced(Writer):
        def summarize(self, prompts):
            with tracer.start_as_current_span("chat"):
                return super().summarize(prompts)

    result = getattr(AbstractiveCompressor(Traced()), how)(QUERY, DOCUMENTS)
    if how == "acompress":
        await result
    chat, span = tracer.spans()
    assert (chat.name, span.name) == ("chat", "recomp.compress")
    assert chat.parent.span_id == span.context.span_id


def test_several_queries_are_one_span(tracer, monkeypatch):
    monkeypatch.setenv(CONTENT, "true")
    compressor().compress([QUERY, "bread baked"], DOCUMENTS)
    (span,) = tracer.spans()
    assert span.name == "recomp.compress"
    assert span.attributes["reranker.query"] == f"{QUERY}\nbread baked"


def test_a_gate_sees_the_text_in_the_same_span(tracer):
    class Refuses:
        def check(self, candidates):
            return [Verdict("", "no Ana here", fall_back=True)] * len(candidates)

    writer = AbstractiveCompressor(Writer(), gate=Refuses(), fallback=compressor())
    writer.compress(QUERY, DOCUMENTS)
    list(writer.stream(QUERY, DOCUMENTS))
    assert [s.attributes["recomp.outcome"] for s in tracer.spans()] == ["fell_back"] * 2
    assert "Ana" not in texts_of(tracer.spans())


@pytest.mark.parametrize("how", ["stream", "astream"])
async def test_a_stream_is_a_span(how, tracer, monkeypatch):
    monkeypatch.setenv(CONTENT, "true")
    writer = AbstractiveCompressor(Writer())
    with tracer.start_as_current_span("answer"):
        if how == "stream":
            for _ in writer.stream(QUERY, DOCUMENTS):
                assert trace.get_current_span().name == "answer"
        else:
            async for _ in writer.astream(QUERY, DOCUMENTS):
                assert trace.get_current_span().name == "answer"
    span, answer = tracer.spans()
    assert span.name == "recomp.stream"
    assert span.parent.span_id == answer.context.span_id
    assert span.attributes["output.value"] == "Ana built it."
    assert span.attributes["recomp.characters.after"] == 13
    assert span.attributes["recomp.characters.before"] == 70


def test_a_stream_that_is_left_ends_its_span(tracer):
    pieces = AbstractiveCompressor(Writer()).stream(QUERY, DOCUMENTS)
    first = next(pieces)
    pieces.close()
    (span,) = tracer.spans()
    assert span.attributes["recomp.characters.after"] == len(first)


@pytest.mark.parametrize("how", ["compress", "acompress"])
async def test_a_time_limit_around_a_compressor_adds_no_span(how, tracer):
    timed = TimedCompressor(AbstractiveCompressor(Writer()), 60)
    result = getattr(timed, how)(QUERY, DOCUMENTS)
    if how == "acompress":
        await result
    (span,) = tracer.spans()
    assert span.attributes["reranker.model_name"] == "Writer"


def test_many_documents_leave_room_for_all_else(tracer, monkeypatch):
    monkeypatch.setenv(CONTENT, "true")
    documents = [replace(DOCUMENTS[0], id=str(n)) for n in range(1_000)]
    everything = ExtractiveCompressor(shared_words, selector=TopK(5_000))
    everything.compress(QUERY, documents)
    (span,) = tracer.spans()
    assert span.dropped_attributes == 0
    assert span.attributes["recomp.documents.before"] == 1_000
    assert f"reranker.input_documents.{MOST_DOCUMENTS - 1}.document.content" in span.attributes
    assert f"reranker.input_documents.{MOST_DOCUMENTS}.document.content" not in span.attributes


def test_text_without_an_encoding_is_recorded(tracer, monkeypatch):
    monkeypatch.setenv(CONTENT, "true")
    compressor().compress("tower \ud800", ["The tower\ud800."])
    tracer.spans()[0].to_json().encode()
    texts_of(tracer.spans()).encode()


def test_a_span_that_is_not_sampled_costs_nothing_more(tracer, monkeypatch):
    never = sdk.TracerProvider(sampler=sdk.sampling.ALWAYS_OFF)
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: never)
    monkeypatch.setattr("recomp_core.runtime.tracing._note", None)
    assert compressor().compress(QUERY, DOCUMENTS).text
    assert not tracer.spans()


def test_nothing_of_opentelemetry_is_loaded_by_a_compression():
    code = (
        "import sys; from recomp_core import ExtractiveCompressor as E; "
        "E(lambda q, s: [1.0] * len(s)).compress('q', ['One. Two.']); "
        "print(*(m for m in sys.modules if m.startswith('opentelemetry')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == ""


def test_the_name_of_a_model():
    class Named:
        model_name = "small-embedder"

    class Encoder:
        def __init__(self, model):
            self.embed_model = model

        @property
        def model(self):
            raise AssertionError("this would load the model")

        def encode_queries(self, queries):
            return [[1.0]] * len(queries)

        encode_sentences = encode_queries

    assert model_name(ExtractiveCompressor(Encoder(Named()))) == "small-embedder"
    assert model_name(compressor()) == "FunctionScorer"
    assert model_name(object()) == "object"
    loaded = compressor()
    loaded.model_name = "recomp-minilm"
    assert model_name(TimedCompressor(loaded, 1)) == "recomp-minilm"
