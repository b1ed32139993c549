import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomp_core import (
    BM25Scorer,
    CrossEncoderScorer,
    Document,
    DualEncoderScorer,
    ExtractiveCompressor,
    TopK,
)
from recomp_core.extractive.scoring import FunctionScorer, as_scorer
from recomp_core.text.words import words
from recomp_core.types import ScoringTask, Sentence, with_score


class LetterEncoder:
    """Counts of the letters a to d; what a model reads can be seen in `read`."""

    def __init__(self):
        self.read = []

    def _count(self, texts):
        return np.array([[text.lower().count(letter) for letter in "abcd"] for text in texts])

    def encode_queries(self, queries):
        return self._count(queries)

    def encode_sentences(self, sentences):
        self.read.append(list(sentences))
        return self._count(sentences)


DOCUMENTS = [Document("Aab. Cc. Zz.", title="D"), Document("Aab. Dd.")]


def scores(compressor, query, documents=DOCUMENTS):
    result = compressor.compress(query, documents)
    every = sorted((*result.kept, *result.dropped), key=lambda s: (s.doc_index, s.start))
    return [s.score for s in every]


def test_inner_product_and_cosine_by_hand():
    dot = ExtractiveCompressor(
        DualEncoderScorer(LetterEncoder(), similarity_fn_name="dot"), lexical_weight=0
    )
    assert scores(dot, "ac") == [2, 2, 0, 2, 0]
    cosine = ExtractiveCompressor(DualEncoderScorer(LetterEncoder()), lexical_weight=0)
    expected = [2 / 10**0.5, 1 / 2**0.5, 0, 2 / 10**0.5, 0]
    assert scores(cosine, "ac") == pytest.approx(expected, abs=1e-6)


def test_a_sentence_is_encoded_once_and_with_its_title_where_asked():
    encoder = LetterEncoder()
    scorer = DualEncoderScorer(encoder, context="title", similarity_fn_name="dot")
    assert scores(ExtractiveCompressor(scorer, lexical_weight=0), "d") == [1, 1, 1, 0, 2]
    assert encoder.read == [["D\nAab.", "D\nCc.", "D\nZz.", "Aab.", "Dd."]]
    encoder = LetterEncoder()
    ExtractiveCompressor(DualEncoderScorer(encoder)).compress_batch(["a", "b"], [DOCUMENTS] * 2)
    assert encoder.read == [["Aab.", "Cc.", "Zz.", "Dd."]]


def test_every_query_of_a_batch_is_compared_with_its_own_sentences():
    compressor = ExtractiveCompressor(DualEncoderScorer(LetterEncoder()), selector=TopK(1))
    results = compressor.compress_batch(["d", "a"], [["Aa. Dd."], ["Dd. Aa."]])
    assert [r.text for r in results] == ["Dd.", "Aa."]


def test_nothing_to_score_is_no_error():
    assert DualEncoderScorer(LetterEncoder()).score([]) == []


def test_document_context_needs_token_vectors():
    with pytest.raises(ValueError, match='LetterEncoder gives one vector per text: use "title"'):
        DualEncoderScorer(LetterEncoder(), context="document")


@pytest.mark.parametrize("setting", ["context", "similarity_fn_name"])
def test_settings_are_checked(setting):
    with pytest.raises(ValueError, match=rf"{setting} must be one of .*got 'nope'"):
        DualEncoderScorer(LetterEncoder(), **{setting: "nope"})


class LengthCrossEncoder:
    num_labels = 1

    def predict(self, pairs, batch_size, show_progress_bar):
        self.pairs = pairs
        return np.array([len(text) for _, text in pairs], dtype=np.float32)


def test_cross_encoder():
    model = LengthCrossEncoder()
    compressor = ExtractiveCompressor(model)
    assert isinstance(compressor.scorer, CrossEncoderScorer)
    assert scores(compressor, "q") == [4, 3, 3, 4, 3]
    assert model.pairs == [["q", "Aab."], ["q", "Cc."], ["q", "Zz."], ["q", "Dd."]]
    model.num_labels = 3
    with pytest.raises(ValueError, match="3 outputs"):
        ExtractiveCompressor(model)
    with pytest.raises(ValueError, match="batch_size must be a whole number of at least 1, got 0"):
        CrossEncoderScorer(LengthCrossEncoder(), batch_size=0)


def test_bm25():
    pytest.importorskip("bm25s")
    compressor = ExtractiveCompressor(BM25Scorer(), selector=TopK(1))
    documents = ["The tower is tall. The tower was built by Bob. The sky."]
    assert (
        compressor.compress("who built the tower", documents).text == "The tower was built by Bob."
    )
    assert compressor.compress("谁建了塔", ["天很蓝。鲍勃建了塔。"]).text == "鲍勃建了塔。"
    assert scores(compressor, "zebra", documents) == [0, 0, 0]


def test_bm25_does_not_depend_on_the_batch():
    pytest.importorskip("bm25s")
    compressor = ExtractiveCompressor(BM25Scorer())
    alone = compressor.compress("aa dd", DOCUMENTS)
    assert compressor.compress_batch(["cc", "aa dd"], [["Cc dd."], DOCUMENTS])[1] == alone


MANUAL = "Tools\n\nHammers\n<b>Steel</b> head."
NAIL = Sentence("<b>Steel</b> head.", 0, 15, 33, path=((0, 5), (7, 14)), markup=True)
TASK = ScoringTask("steel tools", (Document(MANUAL, title="Shop"),), (NAIL,))


def test_every_scorer_reads_what_a_sentence_stands_under():
    assert MANUAL[15:33] == NAIL.text
    read = []
    FunctionScorer(lambda query, texts: [read.append(text) or 1 for text in texts]).score([TASK])
    model = LengthCrossEncoder()
    for context in ("sentence", "title"):
        encoder = LetterEncoder()
        DualEncoderScorer(encoder, context=context).score([TASK])
        read += encoder.read[0]
        CrossEncoderScorer(model, context=context).score([TASK])
        read.append(model.pairs[0][1])
    assert read == ["Tools › Hammers\nSteel head."] * 3 + ["Shop\nTools › Hammers\nSteel head."] * 2


def test_bm25_finds_the_words_of_the_path():
    pytest.importorskip("bm25s")
    other = Sentence("Steel", 0, 18, 23)
    task = ScoringTask("tools", TASK.documents, (NAIL, other))
    ((with_path, without),) = BM25Scorer().score([task])
    assert with_path > 0 == without


def test_a_scored_sentence_keeps_kind_path_and_markup():
    scored = with_score(NAIL, 0.5)
    assert (scored.path, scored.kind, scored.markup) == (NAIL.path, NAIL.kind, True)


@pytest.mark.parametrize("thing", [3, None, "all-MiniLM-L6-v2"])
def test_what_cannot_score_is_refused(thing):
    with pytest.raises(TypeError, match="can't score sentences"):
        as_scorer(thing)


def test_a_class_is_no_scorer():
    with pytest.raises(TypeError, match="got the class LetterEncoder"):
        as_scorer(LetterEncoder)


def test_an_encoder_is_scorer_enough():
    assert isinstance(as_scorer(LetterEncoder()), DualEncoderScorer)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Who's there? 3.5 apples", ["who", "s", "there", "3", "5", "apples"]),
        ("我爱A1塔", ["我", "爱", "我爱", "a1", "塔"]),
        ("snake_case", ["snake", "case"]),
        ("", []),
    ],
)
def test_words(text, expected):
    assert words(text) == expected


@given(
    st.lists(st.sampled_from(["Aab.", "Cc.", "Ddd.", "Aa.", "Bcc."]), min_size=1, max_size=6),
    st.data(),
)
def test_scores_do_not_depend_on_what_else_is_in_the_call(sentences, data):
    compressor = ExtractiveCompressor(DualEncoderScorer(LetterEncoder()))
    document = " ".join(sentences)
    others = data.draw(st.lists(st.sampled_from(["Dd.", "Aac. Bbb.", ""]), max_size=3))
    alone = compressor.compress("abc", [document])
    batch = compressor.compress_batch(
        ["d"] * len(others) + ["abc"], [[o] for o in others] + [[document]]
    )
    assert batch[-1] == alone
