"""Exact scorers against a log-softmax token by token, for models and tokenizers of all habits."""

import itertools
import random

import pytest
import tiny_causal
import tiny_seq2seq

from recomp_core.errors import BudgetError, ModelLoadError
from recomp_core.models.token_rows import leading_ids
from recomp_core.readers.answer_scores import AnswerPrompt, AnswerRequest, AnswerScore, Kind, Pair
from recomp_core.readers.likelihood import CausalLMScorer, Seq2SeqLMScorer
from recomp_core.readers.tokenization import Joined, join_all
from recomp_core.runtime.budget import Meter

pytestmark = pytest.mark.model

SHOTS = "Question: when did the tea come?\nAnswer: at four\n\n" * 3
FEW_SHOT = AnswerPrompt(
    SHOTS + "{context}\n\nQuestion: {query}\nAnswer:", SHOTS + "Question: {query}\nAnswer:"
)
WORDS = [
    "the",
    "tower",
    "tea",
    "gulls",
    "of",
    "Málaga",
    "painted",
    "1889",
    "中文",
    "Ada",
    "Reyes",
    "built",
    "at",
    "four",
]


def requests(n, answers, seed=0):
    rng = random.Random(seed)

    def text(most):
        return " ".join(rng.choice(WORDS) for _ in range(rng.randint(1, most)))

    return [
        AnswerRequest(
            text(6) + "?", rng.choice(["", text(20)]), tuple(text(4) for _ in range(answers))
        )
        for _ in range(n)
    ]


def expected(scorer, request):
    """The best over the answers, each by hand."""
    values = []
    for answer in request.answers:
        pair = Pair(scorer.prompt.prompt(request), scorer.prompt.continuation(answer))
        (joined,) = join_all(scorer.tokenizer, [pair])
        values.append((tiny_causal.by_hand(scorer.model, list(joined.ids), joined.n), joined.n))
    return max(values)


@pytest.mark.parametrize(
    ("kind", "habit"), list(itertools.product(tiny_causal.MODELS, tiny_causal.TOKENIZERS))
)
@pytest.mark.parametrize("answers", [1, 3])
@pytest.mark.parametrize("prompt", [AnswerPrompt(), FEW_SHOT], ids=["plain", "few-shot"])
def test_equal_to_one_token_at_a_time(kind, habit, answers, prompt):
    scorer = CausalLMScorer(
        tiny_causal.model(kind, habit), tiny_causal.tokenizer(habit), prompt=prompt,
        max_batch_tokens=200,
    )  # fmt: skip
    asked = requests(6, answers)
    for request, score in zip(asked, scorer.score(asked), strict=True):
        value, n = expected(scorer, request)
        assert score.value == pytest.approx(value, abs=1e-4)
        assert (score.n_tokens, score.kind) == (n, Kind.EXACT)
        assert score.answer in request.answers


@pytest.mark.parametrize("kind", ["gpt2", "llama"])
def test_what_is_shared_is_read_once(kind):
    model, tokenizer = tiny_causal.model(kind), tiny_causal.tokenizer("byte-level")
    asked = requests(8, 3)
    shared = CausalLMScorer(model, tokenizer, prompt=FEW_SHOT)
    shared.score(asked)
    pairs = [
        Pair(FEW_SHOT.prompt(r), FEW_SHOT.continuation(a)) for r in asked for a in set(r.answers)
    ]
    alone = sum(len(joined.ids) for joined in join_all(tokenizer, pairs))
    assert shared.meter.usage.input_tokens < alone / 3


def test_a_cache_that_forgets_is_not_shared():
    scorer = CausalLMScorer(tiny_causal.model("sliding"), tiny_causal.tokenizer("byte-level"))
    assert not scorer._can_share
    scorer = CausalLMScorer(tiny_causal.model("llama"), tiny_causal.tokenizer("byte-level"))
    assert scorer._can_share


def text_of(tokenizer, ids):
    """Without the special tokens, and without the space that some tokenizers put before a text."""
    ids = [n for n in ids if n not in (tokenizer.bos_token_id, tokenizer.eos_token_id)]
    return tokenizer.decode(ids).removeprefix(" ")


@pytest.mark.parametrize("habit", tiny_causal.TOKENIZERS)
@pytest.mark.parametrize("answer", [" Ada Reyes", " Málaga", " 中文", "\nAda", " the  tea"])
def test_the_border_keeps_the_space_as_it_is(habit, answer):
    tokenizer = tiny_causal.tokenizer(habit)
    prompt = "Question: who?\nAnswer:"
    (joined,) = join_all(tokenizer, [Pair(prompt, answer)])
    assert isinstance(joined, Joined)
    assert list(joined.prompt)[: len(leading_ids(tokenizer))] == leading_ids(tokenizer)
    assert joined.ids[-1] != tokenizer.eos_token_id
    assert text_of(tokenizer, joined.ids) == prompt + answer
    # The border lies between the two texts: the answer's own ids begin with its space.
    assert text_of(tokenizer, joined.prompt) == prompt


def test_leading_ids():
    assert leading_ids(tiny_causal.tokenizer("byte-level")) == []
    assert leading_ids(tiny_causal.tokenizer("metaspace")) == [0]
    assert leading_ids(tiny_causal.tokenizer("ends-with-eos")) == [0]


def test_a_border_within_a_token_is_an_error_with_the_remedy():
    tokenizer = tiny_causal.tokenizer("byte-level")
    (whole,) = tokenizer(["Answer"])["input_ids"]
    assert len(whole) == 1  # so that it can be cut in two
    (joined,) = join_all(tokenizer, [Pair("Answ", "er")])
    assert isinstance(joined, ValueError) or joined.ids != tuple(whole)
    (nothing,) = join_all(tokenizer, [Pair("Answer:", "")])
    assert "nothing to score" in str(nothing)


def test_a_text_that_is_too_long_is_an_error_of_its_own_and_nothing_is_cut():
    scorer = CausalLMScorer(tiny_causal.model("gpt2"), tiny_causal.tokenizer("byte-level"))
    long = AnswerRequest("who?", "tower " * 400, ("Ada",))
    short = AnswerRequest("who?", "tower", ("Ada",))
    first, second, third = scorer.score([short, long, short])
    assert first == third
    assert isinstance(second, ValueError)
    assert "256 positions" in str(second)


def test_log_sum_of_several_answers():
    import math

    model, tokenizer = tiny_causal.model("llama"), tiny_causal.tokenizer("byte-level")
    request = AnswerRequest("who?", "tea", ("Ada", "Reyes"))
    single = [
        CausalLMScorer(model, tokenizer).score([AnswerRequest("who?", "tea", (answer,))])[0].value
        for answer in request.answers
    ]
    (total,) = CausalLMScorer(model, tokenizer, answers="logsum").score([request])
    assert total.value == pytest.approx(math.log(sum(map(math.exp, single))), abs=1e-4)
    assert total.answer == ""


def test_a_batch_that_fails_is_halved():
    import torch

    class Fragile(torch.nn.Module):
        """A model that has no memory for more than two rows."""

        def __init__(self, inner):
            super().__init__()
            self.inner, self.config, self.device, self.widest = inner, inner.config, inner.device, 0

        def forward(self, input_ids, attention_mask, position_ids=None):
            if len(input_ids) > 2:
                raise MemoryError("no memory")
            self.widest = max(self.widest, len(input_ids))
            return self.inner(
                input_ids=input_ids, attention_mask=attention_mask, position_ids=position_ids
            )

    inner, tokenizer = tiny_causal.model("gpt2"), tiny_causal.tokenizer("byte-level")
    fragile = Fragile(inner)
    asked = requests(7, 1)
    found = CausalLMScorer(fragile, tokenizer).score(asked)
    assert fragile.widest == 2
    whole = CausalLMScorer(inner, tokenizer).score(asked)
    assert [s.value for s in found] == pytest.approx([s.value for s in whole], abs=1e-4)


def test_budget_mode_and_identity():
    model, tokenizer = tiny_causal.model("gpt2"), tiny_causal.tokenizer("byte-level")
    scorer = CausalLMScorer(model, tokenizer, meter=Meter(max_requests=2))
    model.train()
    try:
        results = scorer.score([AnswerRequest(f"who {n}?", "tea", ("Ada",)) for n in range(4)])
        assert model.training
    finally:
        model.eval()
    assert [type(result) for result in results] == [AnswerScore] * 2 + [BudgetError] * 2
    assert scorer.identity == CausalLMScorer(model, tokenizer).identity
    other = CausalLMScorer(tiny_causal.model("llama"), tokenizer)
    assert scorer.identity != other.identity
    assert scorer.identity != CausalLMScorer(model, tokenizer, answers="logsum").identity
    assert other.capabilities().usable


def test_loading(tmp_path):
    model, tokenizer = tiny_causal.model("llama"), tiny_causal.tokenizer("metaspace")
    model = tiny_causal.model("llama", "metaspace")
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    loaded = CausalLMScorer.from_pretrained(tmp_path)
    asked = requests(3, 1)
    here = CausalLMScorer(model, tokenizer)
    assert [s.value for s in loaded.score(asked)] == pytest.approx(
        [s.value for s in here.score(asked)], abs=1e-5
    )
    assert loaded.identity == here.identity
    with pytest.raises(ModelLoadError, match="no folder"):
        CausalLMScorer.from_pretrained(tmp_path / "nowhere")
    with pytest.raises(TypeError, match="CausalLMScorer"):
        Seq2SeqLMScorer(model, tokenizer)


def seq2seq_by_hand(model, tokenizer, prompt, answer):
    """Token by token; what the tokenizer puts before a text has been written already."""
    import torch

    ids = tokenizer(text_target=answer.strip(), add_special_tokens=False)["input_ids"]
    whole = tokenizer(text_target=answer.strip())["input_ids"]
    before = whole[: next(n for n in range(len(whole)) if whole[n : n + len(ids)] == ids)]
    written = [model.config.decoder_start_token_id, *before]
    source = tokenizer(prompt, return_tensors="pt")
    total = 0.0
    with torch.no_grad():
        for token in ids:
            logits = model(
                input_ids=source["input_ids"], attention_mask=source["attention_mask"],
                decoder_input_ids=torch.tensor([written]),
            ).logits[0, -1]  # fmt: skip
            total += torch.log_softmax(logits.double(), dim=-1)[token].item()
            written.append(token)
    return total, len(ids)


@pytest.mark.parametrize("kind", tiny_seq2seq.KINDS)
def test_encoder_decoder_models_too(kind):
    folder = tiny_seq2seq.checkpoint(kind)
    scorer = Seq2SeqLMScorer.from_pretrained(folder, device="cpu", max_batch_tokens=64)
    asked = [
        AnswerRequest("who built it?", context, answers)
        for context in ("the tower was built by Ada", "many people saw it", "")
        for answers in (("Ada",), ("the old tower", "Bach Curie", "stone"))
    ]
    for request, score in zip(asked, scorer.score(asked), strict=True):
        by_hand = [
            seq2seq_by_hand(scorer.model, scorer.tokenizer, scorer.prompt.prompt(request), answer)
            for answer in request.answers
        ]
        value, n = max(by_hand)
        assert score.value == pytest.approx(value, abs=1e-4)
        assert score.n_tokens == n
    assert scorer.capabilities().usable
    with pytest.raises(TypeError, match="Seq2SeqLMScorer"):
        CausalLMScorer(scorer.model, scorer.tokenizer)
