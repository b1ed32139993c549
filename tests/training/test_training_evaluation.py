"""Answer recall at a rate, counted by hand with an encoder that is a table."""

import numpy as np
import pytest
from tiny_bert import save_contriever_style

from recomp_core import Document
from recomp_core.training import ContrastiveExample
from recomp_core.training.evaluation import main_figure, make_evaluator, recall_at_rate
from recomp_core.training.examples import CandidateSentence


class Table:
    """Every query is 1; a sentence is the number that it ends with."""

    def __init__(self):
        self.calls = 0

    def encode_queries(self, queries):
        self.calls += 1
        return np.ones((len(queries), 1), dtype=np.float32)

    def encode_sentences(self, sentences):
        return np.asarray([[float(s.split()[-1])] for s in sentences], dtype=np.float32)


def example(*sentences, positive=0, answers=("Ada",), title=None):
    text = "|".join(sentences)
    starts = [text.index(s) for s in sentences]
    return ContrastiveExample(
        "who?", (Document(text, title=title),),
        tuple(CandidateSentence(0, start, start + len(s)) for start, s in zip(starts, sentences, strict=True)),
        positive, (), "exact", answers,
    )  # fmt: skip


def recall(*examples, rate=0.5, context="sentence", encoder=None):
    return recall_at_rate(
        encoder or Table(), examples, context=context, similarity_fn_name="dot", rate=rate
    )


# 6 characters each, 20 in all with the two between them.
SENTENCES = ("Ada: 1", "Bob: 3", "Cee: 2")


def test_the_best_up_to_the_rate():
    # 12 of 20 characters, that is two sentences: the 3 and the 2.
    found = recall(example(*SENTENCES), rate=0.6)
    assert found == {
        "answer_recall": 0, "positive_recall": 0, "rate": 0.6, "mrr": pytest.approx(1 / 3),
    }  # fmt: skip
    found = recall(example(*SENTENCES, answers=("Cee",), positive=2), rate=0.6)
    assert found == {"answer_recall": 1, "positive_recall": 1, "rate": 0.6, "mrr": 0.5}
    assert recall(example(*SENTENCES), rate=0.95)["answer_recall"] == 1


def test_the_first_is_always_kept():
    found = recall(example(*SENTENCES, answers=("Bob",), positive=1), rate=0.01)
    assert found == {"answer_recall": 1, "positive_recall": 1, "rate": 0.3, "mrr": 1}


def test_what_is_too_long_is_passed_over_for_what_fits():
    long = example("Ada: 5", "Bob bought a boat and left: 4", "Cee: 2", answers=("Cee",))
    found = recall(long, rate=0.3)
    assert found["rate"] == 12 / 43
    assert found["answer_recall"] == 1


def test_an_answer_is_not_found_across_two_sentences():
    found = recall(example("the Ada 2", "Reyes 1", answers=("Ada 2 Reyes",)), rate=0.5)
    assert found["answer_recall"] == 0


def test_the_mean_over_questions_and_without_answers():
    good = example(*SENTENCES, answers=("Bob",), positive=1)
    bad = example(*SENTENCES, positive=0)
    unknown = example(*SENTENCES, answers=(), positive=1)
    found = recall(good, bad, unknown, rate=0.3)
    assert found["answer_recall"] == 0.5  # of those two that have answers
    assert found["positive_recall"] == pytest.approx(2 / 3)
    assert found["mrr"] == pytest.approx((1 + 1 / 3 + 1) / 3)
    assert "answer_recall" not in recall(unknown)
    assert main_figure([unknown, good]) == "answer_recall"
    assert main_figure([unknown]) == "positive_recall"


def test_many_questions_in_parts():
    encoder = Table()
    good, bad = example(*SENTENCES, answers=("Bob",)), example(*SENTENCES)
    found = recall(*[good] * 30, *[bad] * 10, encoder=encoder, rate=0.3)
    assert found["answer_recall"] == 0.75
    assert encoder.calls == 3


@pytest.mark.model
def test_the_evaluator_leaves_the_model_as_it_was(tmp_path):
    torch = pytest.importorskip("torch", reason='needs pip install "recomp[train]"')
    from recomp_core.models.encoders.loading import load_encoder

    loaded = load_encoder(str(save_contriever_style(tmp_path)), backend="torch", device="cpu")
    model = loaded.encoder.model
    text = "the tower was built by bob .|bananas are yellow ."
    one = ContrastiveExample(
        "bob ?",
        (Document(text),),
        (CandidateSentence(0, 0, 28), CandidateSentence(0, 29, 49)),
        0,
        (1,),
        "exact",
    )
    settings = {"context": "document", "similarity_fn_name": "dot", "rate": 0.1}
    expected = recall_at_rate(loaded.encoder, [one], **settings)
    for training in (True, False):
        model.train(training)
        evaluate = make_evaluator([one], batch_size=4, bfloat16=False, **settings)
        assert evaluate.primary_metric == "positive_recall"
        assert evaluate(model) == expected  # dropout is off, whatever the mode was
        assert model.training is training
    half = make_evaluator([one], batch_size=4, bfloat16=True, **settings)(model)
    assert half.keys() == expected.keys()
    assert not torch.is_autocast_enabled("cpu")
