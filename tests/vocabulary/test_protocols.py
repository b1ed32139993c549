"""Any object with the right methods fits a protocol."""

import math

import pytest

from recomp_core.protocols import (
    BatchSplitter,
    Encoder,
    ReaderAnswer,
    SentenceScorer,
    SpanEncoder,
    Splitter,
    Summarizer,
    SummaryGate,
)


class Splits:
    def split(self, text):
        return [(0, len(text))]


class SplitsMany(Splits):
    def split_all(self, texts):
        return [self.split(text) for text in texts]


class Encodes:
    def encode_queries(self, queries): ...

    def encode_sentences(self, sentences): ...


class EncodesSpans(Encodes):
    def encode_spans(self, texts, spans): ...


@pytest.mark.parametrize(
    ("thing", "fits", "not_fits"),
    [
        (Splits(), [Splitter], [BatchSplitter, SentenceScorer]),
        (SplitsMany(), [Splitter, BatchSplitter], [Encoder]),
        (Encodes(), [Encoder], [SpanEncoder, Summarizer]),
        (EncodesSpans(), [Encoder, SpanEncoder], [SummaryGate]),
    ],
)
def test_protocols_look_at_methods_only(thing, fits, not_fits):
    assert all(isinstance(thing, protocol) for protocol in fits)
    assert not any(isinstance(thing, protocol) for protocol in not_fits)


def test_confidence_is_the_geometric_mean_of_the_tokens_probabilities():
    assert ReaderAnswer("Bob", math.log(0.5) + math.log(0.125), 2).confidence == pytest.approx(0.25)
    assert ReaderAnswer("Bob", 0.0, 3).confidence == 1.0
    assert ReaderAnswer("", 0.0, 0).confidence == 0.0
