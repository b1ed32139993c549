"""An object that is given is used, also where it is empty and so counts as false."""

from labelling_fakes import TableScorer

from recomp_core.abstractive.compressor import AbstractiveCompressor
from recomp_core.abstractive.gates import SupportGate
from recomp_core.abstractive.llm_summarizer import LLMSummarizer
from recomp_core.labelling.contrastive import ContrastiveLabeller
from recomp_core.labelling.teachers.extractive import ExtractiveTeacher


class Empty:
    """All parts in one, with a length of 0."""

    def __len__(self):
        return 0

    def split(self, text):
        return [(0, len(text))]

    def score(self, *_):
        return []

    def compress(self, query, documents):
        raise NotImplementedError

    compress_batch = acompress = acompress_batch = compress

    def __call__(self, text):
        return 7


def test_parts_of_an_abstractive_compressor():
    empty = Empty()
    made = AbstractiveCompressor(LLMSummarizer(list), splitter=empty, support_scorer=empty)
    assert made.splitter is empty
    assert made.support_scorer is empty
    gate = SupportGate(empty, min_score=0.5, splitter=empty)
    assert gate.scorer is empty
    assert gate.splitter is empty


def test_counters():
    assert LLMSummarizer(list, count_tokens=Empty()).count_tokens("a b") == 7


def test_parts_of_labelling():
    empty = Empty()
    scorer = TableScorer({})
    assert ContrastiveLabeller(scorer, lambda *_: [], splitter=empty).splitter is empty
    assert ExtractiveTeacher(splitter=empty).splitter is empty
