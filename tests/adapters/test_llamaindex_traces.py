"""What OpenInference's instrumentation of LlamaIndex shows of the postprocessor."""

import pytest

pytest.importorskip("llama_index.core", reason='needs pip install "recomp[llamaindex]"')
pytest.importorskip(
    "openinference.instrumentation.llama_index",
    reason="needs pip install openinference-instrumentation-llama-index",
)
pytest.importorskip("opentelemetry.sdk.trace", reason="needs pip install opentelemetry-sdk")

import json

from conftest import shared_words
from llama_index.core.schema import NodeWithScore, TextNode
from openinference.instrumentation.llama_index import LlamaIndexInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from llamaindex_recomp import RecompNodePostprocessor
from recomp_core import ExtractiveCompressor, Threshold

TOWER = "The tower was built by Ana. Rain fell all day."
BREAD = "Bread is baked at night."


@pytest.fixture
def spans():
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    instrumentor = LlamaIndexInstrumentor()
    instrumentor.instrument(tracer_provider=provider)
    yield exporter.get_finished_spans
    instrumentor.uninstrument()


@pytest.mark.parametrize("how", ["postprocess_nodes", "apostprocess_nodes"])
async def test_a_compression_is_a_span_of_a_reranker_with_documents(how, spans):
    pp = RecompNodePostprocessor(
        compressor=ExtractiveCompressor(shared_words, selector=Threshold(1))
    )
    nodes = [
        NodeWithScore(node=TextNode(text=text, id_=text[:5].strip()), score=0.5)
        for text in (TOWER, BREAD)
    ]
    result = getattr(pp, how)(nodes, query_str="tower built")
    if how == "apostprocess_nodes":
        await result
    (span,) = [span for span in spans() if "reranker.query" in span.attributes]
    assert span.name == f"RecompNodePostprocessor._{how}"
    said = dict(span.attributes)
    assert said["openinference.span.kind"] == "RERANKER"
    assert said["reranker.query"] == "tower built"
    assert (said["reranker.model_name"], said["reranker.top_k"]) == ("FunctionScorer", 2)
    inputs, outputs = "reranker.input_documents", "reranker.output_documents"
    assert [said[f"{inputs}.{n}.document.content"] for n in (0, 1)] == [TOWER, BREAD]
    assert said[f"{outputs}.0.document.content"] == "The tower was built by Ana."
    assert said[f"{outputs}.0.document.id"] == "The t"
    assert json.loads(said[f"{outputs}.0.document.metadata"])["recomp"]["outcome"] == "compressed"
    assert f"{outputs}.1.document.content" not in said
