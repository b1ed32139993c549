import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomp_core import Document
from recomp_core.abstractive.attribution import EntailmentScorer, OverlapScorer, link_all
from recomp_core.protocols import Candidate
from recomp_core.types import ScoringTask, Sentence

TOWER = Document("The tower is tall. Bob built the tower in 1889. Paint peels.")
FRUIT = Document("Bananas are yellow. Bob eats them.")


def link(summary, *documents, **settings):
    (linked,) = link_all([Candidate("q", documents, summary)], **settings)
    return linked


def overlap(query, *sentences):
    located = tuple(Sentence(text, 0, 0, len(text)) for text in sentences)
    return OverlapScorer().score([ScoringTask(query, (Document(""),), located)])[0]


def test_overlap_is_a_share_and_rare_words_count_more():
    same, half, none = overlap("bob built it", "Bob built it.", "Bob sang.", "Rain.")
    assert same == pytest.approx(1)
    assert none == 0
    assert 0 < half < 0.5
    rare, common = overlap("the tower", "tower", "the", "the", "the")[:2]
    assert rare > common
    assert overlap("！？", "x") == [0.0]
    assert overlap("塔很高", "这座塔很高。", "下雨了。") == [pytest.approx(1), 0]


def test_each_sentence_has_its_sources_best_first_at_true_offsets():
    summary = "Bob built the tower. Bananas are yellow."
    first, second = link(summary, FRUIT, TOWER)
    assert [summary[s.start : s.end] for s in (first, second)] == [first.text, second.text]
    assert [(s.doc_index, s.text) for s in first.sources] == [(1, "Bob built the tower in 1889.")]
    assert [s.score for s in first.sources] == sorted(
        (s.score for s in first.sources), reverse=True
    )
    assert second.sources[0].doc_index == 0


def test_only_what_supports_is_a_source_and_not_too_many():
    (sentence,) = link("Zebras run.", TOWER)
    assert sentence.sources == ()
    (sentence,) = link("Bob.", *[Document(f"Bob is here {i}.") for i in range(9)], top=2)
    assert [s.doc_index for s in sentence.sources] == [0, 1]


def test_all_candidates_go_to_the_scorer_together():
    class Once:
        calls = 0

        def score(self, tasks):
            self.calls += 1
            return [[1.0] * len(task.sentences) for task in tasks]

    scorer = Once()
    candidates = [
        Candidate("q", (TOWER,), "One. Two."),
        Candidate("q", (), "Three."),
        Candidate("q", (FRUIT,), ""),
    ]
    one, two, three = link_all(candidates, scorer=scorer)
    assert scorer.calls == 1
    assert (len(one), len(two), len(three)) == (2, 1, 0)
    assert two[0].sources == ()


class Entails:
    """A cross-encoder for inference: a premise entails a hypothesis that it contains."""

    class config:  # noqa: N801
        id2label = {0: "CONTRADICTION", 1: "ENTAILMENT", 2: "NEUTRAL"}

    def predict(self, pairs, batch_size, apply_softmax, show_progress_bar):
        assert apply_softmax
        return [[0.0, 0.9, 0.1] if b.strip(".") in a else [0.1, 0.2, 0.7] for a, b in pairs]


def test_entailment():
    (sentence,) = link("Bob eats them.", TOWER, FRUIT, scorer=EntailmentScorer(Entails()))
    assert (sentence.sources[0].text, sentence.sources[0].score) == ("Bob eats them.", 0.9)


def test_entailment_of_nothing_asks_nobody():
    class Untouched(Entails):
        predict = None

    assert EntailmentScorer(Untouched()).score([ScoringTask("q", (), ())]) == [[]]
    with pytest.raises(ValueError, match="batch_size must be a whole number of at least 1, got 0"):
        EntailmentScorer(Entails(), batch_size=0)


def test_a_model_without_entailment_is_refused():
    class Sentiment:
        class config:  # noqa: N801
            id2label = {0: "good", 1: "bad"}

    with pytest.raises(ValueError, match="good, bad is not one for natural language inference"):
        EntailmentScorer(Sentiment())


texts = st.lists(
    st.sampled_from(["Bob ran. ", "Ann sang.", "你好。", "\n- x\n", " ", "\ud800"]), max_size=8
).map("".join)


@given(st.lists(texts, max_size=3), texts)
def test_links_are_true(documents, summary):
    documents = tuple(map(Document, documents))
    for sentence in link(summary, *documents):
        assert summary[sentence.start : sentence.end] == sentence.text
        for source in sentence.sources:
            assert documents[source.doc_index].text[source.start : source.end] == source.text
            assert 0 < source.score <= 1 + 1e-9
