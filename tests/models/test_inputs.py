"""What a model reads for the sentences of documents."""

import numpy as np
import pytest

from recomp_core.models.encoders import inputs as inputs_module
from recomp_core.models.encoders.inputs import Inputs, Passage, encode_passages, passage_chunks
from recomp_core.types import Document, Sentence

MANUAL = "# Ovens\n\n## B20\n\nIt bakes. It cools.\n\n## C30\n\nIt grills."
OVENS, B20, C30 = (0, 7), (9, 15), (38, 44)


def sentence(text, document=MANUAL, path=(), doc_index=0, markup=False, after=0):
    start = document.index(text, after)
    return Sentence(text, doc_index, start, start + len(text), path=path, markup=markup)


SENTENCES = [
    sentence("It bakes.", path=(OVENS, B20)),
    sentence("It cools.", path=(OVENS, B20)),
    sentence("It grills.", path=(OVENS, C30)),
]


def passages(documents, sentences, context="document", model=None):
    return list(Inputs(context, model).passages(documents, sentences))


def test_neighbours_under_one_path_are_one_passage():
    found = passages([Document(MANUAL, title="Kitchen")], SENTENCES)
    assert found == [
        (Passage("Kitchen", "Ovens › B20", "It bakes. It cools.", ((0, 9), (10, 19))), [0, 1]),
        (Passage("Kitchen", "Ovens › C30", "It grills.", ((0, 10),)), [2]),
    ]
    assert found[0][0].strings() == [
        "Kitchen\nOvens › B20\nIt bakes.", "Kitchen\nOvens › B20\nIt cools.",
    ]  # fmt: skip


@pytest.mark.parametrize("context", ["sentence", "title", "document"])
def test_a_document_without_paths_is_read_whole(context):
    text = " \n One. Two. \n"
    both = [sentence("One.", text), sentence("Two.", text)]
    title = "" if context == "sentence" else "T"
    for some in (both, both[1:]):
        ((passage, positions),) = passages([Document(text, title="T")], some, context)
        spans = tuple((s.start, s.end) for s in some)
        assert passage == Passage(title, "", text, spans)
        assert positions == list(range(len(some)))


def test_passages_end_where_the_path_changes_and_begin_again():
    text = "One. Two.\nName | Age\nAda | 9\nThree."
    row = sentence("Ada | 9", text, path=((10, 20),))
    found = passages(
        [Document(text)],
        [sentence("One.", text), sentence("Two.", text), row, sentence("Three.", text)],
    )
    assert [passage.text for passage, _ in found] == ["One. Two.", "Ada | 9", "Three."]
    assert [passage.path for passage, _ in found] == ["", "Name | Age", ""]


def test_documents_are_apart_and_positions_are_those_of_the_call():
    documents = [Document("One.", title="A"), Document("Two. One.")]
    some = [sentence("One.", "One."), sentence("Two.", "Two. One.", doc_index=1)]
    found = passages(documents, [some[1], some[0]])
    assert [(passage.title, passage.text, positions) for passage, positions in found] == [
        ("", "Two. One.", [0]), ("A", "One.", [1]),
    ]  # fmt: skip


def test_tags_are_not_read():
    text = "<p>One <b>two</b>.</p><p>Three.</p>"
    some = [
        sentence("<p>One <b>two</b>.</p>", text, markup=True),
        sentence("<p>Three.</p>", text, markup=True),
    ]
    ((passage, _),) = passages([Document(text)], some)
    assert passage == Passage("", "", "One two.\nThree.", ((0, 8), (9, 15)))


def test_a_title_that_is_the_first_heading_is_read_once():
    ((passage, _),) = passages([Document(MANUAL, title="ovens ")], SENTENCES[2:])
    assert passage.head == "ovens \nC30\n"
    ((passage, _),) = passages([Document(MANUAL, title="ovens")], SENTENCES[2:], "sentence")
    assert passage.head == "Ovens › C30\n"


class Window:
    """Cuts texts by words."""

    def __init__(self, max_tokens):
        self.max_tokens = max_tokens

    def token_windows(self, text, max_tokens=None):
        room = max_tokens or self.max_tokens
        count = len(text.split())
        return [(0, len(text))] * -(-count // room) if text else [(0, 0)]


def test_titles_and_paths_take_a_quarter_of_the_window_each():
    text = "# A very long heading about baking bread at home\n\n## Oven\n\nIt bakes."
    inner = text.index("## Oven")
    some = [sentence("It bakes.", text, path=((0, 49), (inner, inner + 7)))]
    documents = [Document(text, title="The book of bread and of much more")]
    inputs = Inputs("title", Window(20))
    ((passage, _),) = inputs.passages(documents, some)
    assert passage.title == "The book of bread and"
    assert passage.path == "A very long › Oven"  # the longest label gives way
    assert inputs.cuts(documents, some) == [
        "only the beginning of the title of document 0 was read",
        "only the beginnings of some headings of document 0 were read",
    ]
    assert inputs.heads(documents, some) == [passage.head]
    inputs = Inputs("title", Window(100))
    ((passage, _),) = inputs.passages(documents, some)
    assert passage.head.startswith("The book of bread and of much more\nA very long heading about")
    assert inputs.cuts(documents, some) == []


def test_a_title_without_spaces_is_shortened_too():
    class Characters(Window):
        def token_windows(self, text, max_tokens=None):
            return [(0, 1)] * -(-len(text) // (max_tokens or self.max_tokens))

    title = Inputs("title", Characters(40)).title(Document("x", title="塔" * 300))
    assert 5 <= len(title) <= 10
    assert set(title) == {"塔"}


def test_a_hostile_heading_is_bounded():
    text = "x" * 100_000 + "\nIt bakes."
    some = [sentence("It bakes.", text, path=tuple((n, 100_000) for n in range(50)))]
    inputs = Inputs("document")
    ((passage, _),) = inputs.passages([Document(text)], some)
    assert len(passage.path) < 13_000
    assert inputs.cuts([Document(text)], some)


def test_many_sentences_under_one_path_are_several_passages(monkeypatch):
    monkeypatch.setattr(inputs_module, "_SENTENCES_AT_ONCE", 2)
    text = "Head\n" + "One. " * 5
    path = ((0, 4),)
    some = [sentence("One.", text, path, after=5 * n) for n in range(1, 6)]
    assert [len(positions) for _, positions in passages([Document(text)], some)] == [2, 2, 1]
    plain = [sentence("One.", text, after=5 * n) for n in range(1, 6)]
    assert len(passages([Document(text)], plain)) == 1
    assert len(passages([Document(text)], plain, "title")) == 3
    parts = [Passage("", "", str(n), ((0, 1),)) for n in range(5)]
    assert [len(some) for some in passage_chunks(parts)] == [2, 2, 1]


class Spans:
    """A span's vector says how many a's and b's it has, and how long the text is."""

    def __init__(self):
        self.read = []

    def encode_sentences(self, sentences):
        self.read.append(list(sentences))
        return np.array([[text.count("a"), text.count("b"), len(text)] for text in sentences])

    def encode_spans(self, texts, spans):
        self.read.append(list(zip(texts, spans, strict=True)))
        return [
            np.array([[t[a:b].count("a"), t[a:b].count("b"), len(t)] for a, b in its])
            for t, its in zip(texts, spans, strict=True)
        ]


def test_a_sentence_under_a_path_is_read_alone_and_with_the_path_s_vector(monkeypatch):
    monkeypatch.setattr(inputs_module, "PATH_WEIGHT", 0.5)
    encoder = Spans()
    whole = Passage("T", "", "aa. b.", ((0, 3), (4, 6)))
    under = Passage("T", "bb", "a. ab.", ((0, 2), (3, 6)))
    first, second = encode_passages(encoder, "document", [whole, under])
    assert encoder.read == [[
        ("T\naa. b.", ((2, 5), (6, 8))),
        ("T\nbb\na.", ((2, 4), (5, 7))),
        ("T\nbb\nab.", ((2, 4), (5, 8))),
    ]]  # fmt: skip
    assert first.tolist() == [[2, 0, 8], [0, 1, 8]]
    assert second.tolist() == [[1, 1, 7 * 1.5], [1, 2, 8 * 1.5]]


def test_equal_strings_are_encoded_once():
    encoder = Spans()
    one = Passage("", "", "a. b.", ((0, 2), (3, 5)))
    two = Passage("", "", "b. a.", ((0, 2), (3, 5)))
    first, second = encode_passages(encoder, "title", [one, two])
    assert encoder.read == [["a.", "b."]]
    assert first.tolist() == second[::-1].tolist()
