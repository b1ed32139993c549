"""Documents to sentences, by every kind of splitter."""

from recomp_core import Document, SentenceSplitter
from recomp_core.extractive.sentences import document_sentences
from recomp_core.extractive.structure import Structure
from recomp_core.text.units import Unit

TEXT = "Oven\nIt bakes.\nIt cools."
UNITS = [Unit(0, 4, "heading"), Unit(5, 14, "item", ((0, 4),)), Unit(15, 24, "sentence", ((0, 4),))]


class Structured:
    """Returns the same units for every text, and remembers what it was asked."""

    def __init__(self):
        self.asked = []

    def split(self, text):
        return [(unit.start, unit.end) for unit in self.units(text)]

    def units(self, text, format=None):  # noqa: A002
        self.asked.append((text, format))
        return UNITS


class Batched(Structured):
    def units_all(self, texts, formats):
        self.asked.append((texts, formats))
        return [UNITS for _ in texts]


class Plain:
    def split(self, text):
        return [(unit.start, unit.end) for unit in UNITS]


class PlainBatched(Plain):
    def split_all(self, texts):
        return [self.split(text) for text in texts]


def test_sentences_have_what_their_units_say():
    sentences = document_sentences([Document(TEXT)], Structured())
    assert [(s.text, s.kind, s.path) for s in sentences] == [
        ("Oven", "heading", ()),
        ("It bakes.", "item", ((0, 4),)),
        ("It cools.", "sentence", ((0, 4),)),
    ]


def test_structural_units_can_be_left_out():
    sentences = document_sentences([Document(TEXT)], Structured(), structural=False)
    assert [s.text for s in sentences] == ["It bakes.", "It cools."]


def test_each_text_and_format_is_split_once():
    told = Document(TEXT, metadata={"format": "markdown"})
    documents = [Document(TEXT), told, Document(TEXT), told]
    one_by_one, at_once = Structured(), Batched()
    assert document_sentences(documents, one_by_one) == document_sentences(documents, at_once)
    assert one_by_one.asked == [(TEXT, None), (TEXT, "markdown")]
    assert at_once.asked == [([TEXT, TEXT], [None, "markdown"])]


def test_only_the_documents_reached_are_split():
    documents = [Document("a"), Document(TEXT), Document("b")]
    splitter = Structured()
    sentences = document_sentences(documents, splitter, [1])
    assert {s.doc_index for s in sentences} == {1}
    assert splitter.asked == [(TEXT, None)]


def test_spans_alone_make_plain_sentences():
    for splitter in (Plain(), PlainBatched()):
        sentences = document_sentences([Document(TEXT)], splitter)
        assert [(s.start, s.end, s.kind, s.path) for s in sentences] == [
            (0, 4, "sentence", ()), (5, 14, "sentence", ()), (15, 24, "sentence", ()),
        ]  # fmt: skip


def test_no_documents():
    assert document_sentences([], SentenceSplitter()) == ()


def test_headings_that_differ_in_their_numbers_need_the_ones_above():
    document = Document("# 1 Gate\n\n## 1.1 Rope\n\nRed.\n\n# 2 Quay\n\n## 2.1 Rope\n\nBlue.\n")
    sentences = document_sentences([document], SentenceSplitter())
    structure = Structure([document], sentences)
    above = [[sentences[i].text for i in structure.above(n)] for n in range(len(sentences))]
    assert above[2] == ["# 1 Gate", "## 1.1 Rope"]
    assert above[5] == ["# 2 Quay", "## 2.1 Rope"]
