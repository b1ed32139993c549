"""The losses of the dual encoder, each worked out by hand on made-up similarities."""

import math
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("torch", reason='needs pip install "recomp[train]"')

import torch

from recomp_core.training import ExtractiveSettings
from recomp_core.training.losses import LOSSES as REGISTERED
from recomp_core.training.losses import (
    Candidates,
    candidates_loss,
    in_batch_loss,
    listwise_loss,
    loss_function,
)
from recomp_core.training.settings import LossName

NAN = float("nan")
LOSSES = {"in-batch": in_batch_loss, "candidates": candidates_loss, "listwise": listwise_loss}


def candidates(*rows):
    """From (owner, what, score, text): "+" positive, "-" negative, "" neither."""
    owner, what, scores, texts = zip(*rows, strict=True)
    numbers = {text: n for n, text in enumerate(dict.fromkeys(texts))}
    return Candidates(
        owner=torch.tensor(owner),
        positive=torch.tensor([w == "+" for w in what]),
        negative=torch.tensor([w == "-" for w in what]),
        scores=torch.tensor([NAN if s is None else float(s) for s in scores]),
        same=torch.tensor([numbers[t] for t in texts]),
    )


def against(positive, *others):
    """-log of the positive's share."""
    return -math.log(math.exp(positive) / sum(math.exp(s) for s in (positive, *others)))


# Question 0 has a negative and one that is neither, question 1 two negatives.
BATCH = candidates(
    (0, "+", -1, "a"), (0, "-", -3, "b"), (0, "", -1.5, "c"),
    (1, "+", -2, "d"), (1, "-", -4, "e"), (1, "-", None, "f"),
)  # fmt: skip
SIMILARITIES = torch.tensor([[2.0, 1.0, 0.5, 3.0, -1.0, 0.0], [0.0, 4.0, 1.0, 2.0, 1.0, -2.0]])


class TestInBatch:
    def test_own_negatives_and_all_of_the_others(self):
        expected = (against(2, 1, 3, -1, 0) + against(2, 1, -2, 0, 4, 1)) / 2
        assert in_batch_loss(SIMILARITIES, BATCH).item() == pytest.approx(expected, rel=1e-5)

    def test_several_positives_count_alike_and_not_against_each_other(self):
        batch = candidates((0, "+", 0, "a"), (0, "+", 0, "b"), (0, "-", 0, "c"), (1, "+", 0, "d"))
        similarities = torch.tensor([[1.0, 2.0, 0.0, -1.0], [0.5, 0.0, 1.0, 2.0]])
        first = (against(1, 0, -1) + against(2, 0, -1)) / 2
        # The other question has no negative of its own, but the first one's candidates.
        expected = (first + against(2, 0.5, 0, 1)) / 2
        assert in_batch_loss(similarities, batch).item() == pytest.approx(expected, rel=1e-5)

    def test_the_sentence_that_is_needed_is_not_held_against_it(self):
        batch = candidates((0, "+", 0, "a"), (0, "-", 0, "b"), (1, "+", 0, "c"), (1, "-", 0, "a"))
        similarities = torch.tensor([[1.0, 0.0, -1.0, 1.0], [2.0, 1.0, 0.0, 2.0]])
        expected = (against(1, 0, -1) + against(0, 2, 2, 1)) / 2
        assert in_batch_loss(similarities, batch).item() == pytest.approx(expected, rel=1e-5)

    @pytest.mark.parametrize("negatives", [1, 3])
    def test_is_the_multiple_negatives_ranking_loss(self, negatives):
        from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
        from sentence_transformers.util import dot_score

        torch.manual_seed(0)
        queries, *texts = torch.randn(2 + negatives, 5, 8).unbind()
        theirs = MultipleNegativesRankingLoss(
            torch.nn.Module(), scale=1.0, similarity_fct=dot_score
        )
        expected = theirs.compute_loss_from_embeddings([queries, *texts], None)
        batch = candidates(
            *(
                (n, "+" if k == 0 else "-", None, (k, n))
                for k in range(len(texts))
                for n in range(5)
            )
        )
        found = in_batch_loss(queries @ torch.cat(texts).T, batch)
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


class TestCandidates:
    def test_own_negatives_alone(self):
        expected = (against(2, 1) + against(2, 1, -2)) / 2
        assert candidates_loss(SIMILARITIES, BATCH).item() == pytest.approx(expected, rel=1e-5)

    def test_a_question_without_negatives_says_nothing(self):
        batch = candidates((0, "+", 0, "a"), (0, "-", 0, "b"), (1, "+", 0, "c"), (1, "", 0, "d"))
        similarities = torch.tensor([[1.0, 0.0, 9.0, 9.0], [9.0, 9.0, -1.0, 1.0]])
        expected = pytest.approx(against(1, 0), rel=1e-5)
        assert candidates_loss(similarities, batch).item() == expected
        # Nor does one whose positive was not read.
        unread = candidates((0, "+", 0, "a"), (0, "-", 0, "b"), (1, "-", 0, "c"))
        assert candidates_loss(similarities[:, :3], unread).item() == expected


class TestListwise:
    def test_the_divergence_over_candidates_with_a_score(self):
        def divergence(scores, similarities):
            def shares(values):
                whole = sum(math.exp(v) for v in values)
                return [math.exp(v) / whole for v in values]

            pairs = zip(shares(scores), shares(similarities), strict=True)
            return sum(p * math.log(p / q) for p, q in pairs)

        # The one that is neither counts; the one without a score does not.
        first, second = ([-1, -3, -1.5], [2, 1, 0.5]), ([-2, -4], [2, 1])
        expected = (divergence(*first) + divergence(*second)) / 2
        found = listwise_loss(SIMILARITIES, BATCH).item()
        assert found == pytest.approx(expected, rel=1e-5)
        expected = sum(divergence([s / 2 for s in t], v) for t, v in (first, second)) / 2
        found = listwise_loss(SIMILARITIES, BATCH, temperature=2.0).item()
        assert found == pytest.approx(expected, rel=1e-5)

    def test_nothing_is_lost_by_a_perfect_student(self):
        similarities = (BATCH.scores / 2 + torch.tensor([[5.0], [-3.0]])).nan_to_num(7.0)
        assert listwise_loss(similarities, BATCH, temperature=2.0).item() == pytest.approx(
            0, abs=1e-6
        )
        assert listwise_loss(similarities, BATCH, temperature=1.0).item() > 0.01

    def test_a_question_with_one_score_says_nothing(self):
        batch = candidates((0, "+", -1, "a"), (0, "-", None, "b"), (1, "+", -1, "c"))
        assert listwise_loss(torch.ones(2, 3), batch).item() == 0


class TestBySettings:
    def test_every_name_has_its_loss(self):
        assert tuple(REGISTERED) == get_args(LossName)

    @pytest.mark.parametrize("name", LOSSES)
    def test_each_alone(self, name):
        loss = loss_function(ExtractiveSettings(loss=name))
        assert loss(SIMILARITIES, BATCH) == LOSSES[name](SIMILARITIES, BATCH)

    def test_a_share_of_the_listwise_one(self):
        settings = ExtractiveSettings(
            loss="candidates", listwise_weight=0.5, teacher_temperature=3.0
        )
        expected = candidates_loss(SIMILARITIES, BATCH) + 0.5 * listwise_loss(
            SIMILARITIES, BATCH, temperature=3.0
        )
        assert loss_function(settings)(SIMILARITIES, BATCH) == expected


@pytest.mark.parametrize("name", LOSSES)
def test_a_step_down_the_gradient_is_better(name):
    similarities = SIMILARITIES.clone().requires_grad_()
    before = LOSSES[name](similarities, BATCH)
    before.backward()
    assert similarities.grad.isfinite().all()
    assert LOSSES[name]((similarities - 0.1 * similarities.grad).detach(), BATCH) < before
    # What no loss looks at is not moved.
    looked_at = 2 if name == "listwise" else 5
    assert similarities.grad[0, looked_at] != 0 or name == "candidates"
    assert (similarities.grad[0, 2] == 0) == (name != "listwise")


@pytest.mark.parametrize("name", LOSSES)
def test_a_batch_without_any_candidate(name):
    """As when the titles of all documents fill the model's window."""
    none = torch.empty(0, dtype=torch.long)
    mask = torch.empty(0, dtype=torch.bool)
    nothing = Candidates(none, mask, mask, torch.empty(0), none)
    similarities = torch.empty(2, 0, requires_grad=True)
    loss = LOSSES[name](similarities, nothing)
    loss.backward()
    assert loss.item() == 0


@given(
    similarities=st.lists(st.floats(-1e4, 1e4, width=32), min_size=1, max_size=7),
    rows=st.lists(
        st.tuples(
            st.integers(0, 2), st.sampled_from("+- "),
            st.none() | st.floats(-1e4, 1e4, width=32), st.integers(0, 3),
        ),
        min_size=1, max_size=7,
    ),
)  # fmt: skip
def test_never_not_a_number(similarities, rows):
    batch = candidates(*rows)
    values = torch.tensor([similarities[n % len(similarities)] for n in range(3 * len(rows))])
    for loss in LOSSES.values():
        leaf = values.reshape(3, len(rows)).clone().requires_grad_()
        found = loss(leaf, batch)
        found.backward()
        assert found.isfinite()
        assert found >= -1e-3
        assert leaf.grad.isfinite().all()
