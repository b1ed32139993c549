"""Packed prompts: what each token sees, and that a pack is used only where a model can read it."""

import pytest
import tiny_causal
import torch

from recomp_core.readers.answer_scores import AnswerRequest
from recomp_core.readers.likelihood import CausalLMScorer
from recomp_core.readers.packing import Branches, in_packs, pack


def test_each_token_sees_its_own_beginning():
    packed = pack([Branches((5, 6), ((7, 8), (9,), (10, 11))), Branches((12,), ((13, 14),))])
    assert packed.ids.tolist() == [[5, 6, 7, 10, 12, 13]]  # a last token is only predicted
    assert packed.positions.tolist() == [[0, 1, 2, 2, 0, 1]]
    assert packed.visible[0, 0].int().tolist() == [
        [1, 0, 0, 0, 0, 0],
        [1, 1, 0, 0, 0, 0],
        [1, 1, 1, 0, 0, 0],
        [1, 1, 0, 1, 0, 0],
        [0, 0, 0, 0, 1, 0],
        [0, 0, 0, 0, 1, 1],
    ]
    assert packed.predicting.tolist() == [1, 2, 1, 1, 3, 4, 5]
    assert packed.predicted.tolist() == [7, 8, 9, 10, 11, 13, 14]
    assert packed.lengths == [2, 1, 2, 2]


def test_what_was_read_before_is_seen_by_all_and_computed_no_more():
    texts = [Branches((1, 2, 3), ((4, 5),)), Branches((1, 2, 6), ((7,),))]
    packed = pack(texts, before=2)
    assert packed.ids.tolist() == [[3, 4, 6]]
    assert packed.ids.shape[1] == sum(text.width(2) for text in texts)
    assert packed.positions.tolist() == [[2, 3, 2]]
    assert packed.visible[0, 0].int().tolist() == [
        [1, 1, 1, 0, 0],
        [1, 1, 1, 1, 0],
        [1, 1, 0, 0, 1],
    ]
    added = packed.mask(torch.float32)
    assert (added == 0).equal(packed.visible)
    assert added.max() == 0


def test_sums_of_continuations():
    packed = pack([Branches((1,), ((0, 1), (1,)))])
    logits = torch.tensor([[0.0, 0.0], [0.0, 1.0], [2.0, 0.0]])
    log = torch.log_softmax(logits.double(), -1)
    expected = [float(log[0, 0] + log[1, 1]), float(log[2, 1])]
    assert packed.sums(logits) == pytest.approx(expected, abs=1e-6)


def test_packs_are_filled_in_order():
    assert list(in_packs([3, 4, 9, 1, 1], 8)) == [[0, 1], [2], [3, 4]]
    assert list(in_packs([], 8)) == []


@pytest.mark.model
@pytest.mark.parametrize(("kind", "packs"), [("gpt2", True), ("llama", True), ("sliding", False)])
def test_only_models_that_keep_texts_apart_get_packs(kind, packs):
    scorer = CausalLMScorer(tiny_causal.model(kind), tiny_causal.tokenizer("byte-level"))
    assert scorer._can_pack == packs


@pytest.mark.model
def test_a_model_that_reads_over_the_border_gets_no_packs():
    class Leaking(torch.nn.Module):
        """Ignores masks of the form of a pack's, as a model with its own attention may."""

        def __init__(self, inner):
            super().__init__()
            self.inner, self.config, self.device = inner, inner.config, inner.device
            self.dtype = inner.dtype

        def forward(
            self, input_ids, attention_mask, position_ids=None, past_key_values=None,
            use_cache=None, logits_to_keep=0,
        ):  # fmt: skip
            mask = None if attention_mask.dim() == 4 else attention_mask
            return self.inner(
                input_ids=input_ids, attention_mask=mask, past_key_values=past_key_values,
                use_cache=use_cache, logits_to_keep=logits_to_keep,
            )  # fmt: skip

    inner, tokenizer = tiny_causal.model("llama"), tiny_causal.tokenizer("byte-level")
    leaking = CausalLMScorer(Leaking(inner), tokenizer)
    assert not leaking._can_pack
    asked = [AnswerRequest("who?", text, ("Ada", "Reyes")) for text in ("tea", "the tower", "")]
    whole = CausalLMScorer(inner, tokenizer)
    assert whole._can_pack
    expected = [score.value for score in whole.score(asked)]
    assert [score.value for score in leaking.score(asked)] == pytest.approx(expected, abs=1e-3)
