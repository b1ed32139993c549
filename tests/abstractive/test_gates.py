import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomp_core import AllGates, Document, SupportGate, UsefulnessGate
from recomp_core.protocols import Candidate, ReaderAnswer, Verdict

TOWER = Document("Bob Smith built the tower in 1889. It is tall and red.", title="Selby Tower")
TRUE = "Bob Smith built the tower in 1889."
INVENTED = "Ann Jones painted it in 1902."


def check(gate, summary, *documents):
    (verdict,) = gate.check([Candidate("who?", documents or (TOWER,), summary)])
    return verdict


def test_a_supported_summary_passes_as_it_is():
    verdict = check(SupportGate(), TRUE)
    assert (verdict.summary, verdict.reason) == (TRUE, "")
    (sentence,) = verdict.support
    assert sentence.supported
    assert sentence.sources[0].text == TRUE


def test_what_is_invented_is_dropped_and_said():
    verdict = check(SupportGate(), f"{TRUE} {INVENTED} It is tall.")
    assert verdict.summary == f"{TRUE} It is tall."
    assert (
        verdict.reason
        == "1 of 3 sentences not supported: '1902', 'Ann Jones' in no document; dropped"
    )
    assert [verdict.summary[s.start : s.end] for s in verdict.support] == [TRUE, "It is tall."]


def test_a_wrong_number_is_not_saved_by_its_neighbours():
    verdict = check(SupportGate(), "Bob Smith built the tower in 1898.")
    assert verdict.summary == ""
    assert "'1898' in no document" in verdict.reason


def test_true_names_do_not_save_an_unsupported_sentence():
    verdict = check(SupportGate(), "Later Bob Smith regretted everything and emigrated.")
    assert verdict.summary == ""
    assert "no document says 'Later Bob Smith" in verdict.reason


def test_titles_are_evidence():
    assert check(SupportGate(min_score=0.3), "Bob Smith built the Selby Tower.").summary


@pytest.mark.parametrize(
    ("policy", "summary", "fall_back"),
    [("empty", "", False), ("fall_back", "", True), ("flag", f"{TRUE} {INVENTED}", False)],
)
def test_policies(policy, summary, fall_back):
    verdict = check(SupportGate(policy=policy), f"{TRUE} {INVENTED}")
    assert (verdict.summary, verdict.fall_back) == (summary, fall_back)
    assert verdict.reason.startswith("1 of 2 sentences not supported: '1902', 'Ann Jones'")
    if policy == "flag":
        assert [s.supported for s in verdict.support] == [True, False]
        assert verdict.support[1].unsupported == ("1902", "Ann Jones")


def test_a_scorer_of_ones_own_needs_its_scale():
    class Mine:
        def score(self, tasks):
            return [[7.0] * len(task.sentences) for task in tasks]

    with pytest.raises(ValueError, match="needs min_score"):
        SupportGate(Mine())
    assert check(SupportGate(Mine(), min_score=7), "Whatever.").summary == "Whatever."
    assert check(SupportGate(Mine(), min_score=7.1), "Whatever.").summary == ""
    with pytest.raises(ValueError, match="policy must be one of"):
        SupportGate(policy="shrug")


class Sure:
    """A reader whose confidence is looked up by what its prompt contains."""

    def __init__(self, **confidence):
        self.confidence = confidence
        self.prompts = []

    def answer(self, prompts):
        self.prompts += prompts
        return [
            ReaderAnswer(key, 3 * math.log(value), 3)
            for prompt in prompts
            for key, value in [next((k, v) for k, v in self.confidence.items() if k in prompt)]
        ]


def test_a_useful_summary_passes():
    reader = Sure(helps=0.8, Question=0.5)
    verdict = check(UsefulnessGate(reader), "This helps.")
    assert verdict.summary == "This helps."
    assert (
        verdict.reason
        == "the reader is surer with the summary: 0.80 for 'helps', without it 0.50 for 'Question'"
    )
    assert reader.prompts == ["This helps.\n\nQuestion: who?\nAnswer:", "Question: who?\nAnswer:"]


def test_a_useless_summary_does_not():
    assert check(UsefulnessGate(Sure(no=0.4, Question=0.5)), "no use").summary == ""
    assert check(UsefulnessGate(Sure(same=0.5, Question=0.5)), "the same").summary == ""
    assert check(UsefulnessGate(Sure(helps=0.55, Question=0.5), margin=0.1), "helps").summary == ""


def test_braces_are_just_text():
    reader = Sure(Question=0.5)
    UsefulnessGate(reader).check([Candidate("{summary}?", (TOWER,), "{query}!")])
    assert reader.prompts[0] == "{query}!\n\nQuestion: {summary}?\nAnswer:"


def test_wrong_settings():
    with pytest.raises(TypeError, match="is not a reader"):
        UsefulnessGate(len)
    with pytest.raises(ValueError, match="prompt lacks {summary}"):
        UsefulnessGate(Sure(), prompt="{query}")
    with pytest.raises(TypeError, match="is not a gate"):
        AllGates(len)


def test_gates_in_a_row():
    class Cuts:
        def check(self, candidates):
            return [Verdict(c.summary[:4], "cut") for c in candidates]

    class Refuses:
        asked = ()

        def check(self, candidates):
            self.asked = [c.summary for c in candidates]
            return [Verdict("", "no") for c in candidates]

    last = Refuses()
    (verdict,) = AllGates(Cuts(), last).check([Candidate("q", (TOWER,), "Bob Smith")])
    assert (verdict.summary, verdict.reason, last.asked) == ("", "cut; no", ["Bob "])
    (verdict,) = AllGates(last, Cuts()).check([Candidate("q", (TOWER,), "Bob Smith")])
    assert (verdict.summary, verdict.reason) == ("", "no")
    both = AllGates(SupportGate(), UsefulnessGate(Sure(built=0.9, Question=0.1)))
    (verdict,) = both.check([Candidate("q", (TOWER,), TRUE)])
    assert verdict.support[0].sources[0].text == TRUE


texts = st.lists(
    st.sampled_from([f"{TRUE} ", f"{INVENTED} ", "It is tall.", "\n", "[…]", "你好。", "12 "]),
    max_size=6,
).map("".join)


@given(texts, st.sampled_from(["drop", "flag", "empty", "fall_back"]))
def test_a_gate_never_adds(summary, policy):
    verdict = check(SupportGate(policy=policy), summary)
    assert len(verdict.summary) <= len(summary)
    for sentence in verdict.support:
        assert verdict.summary[sentence.start : sentence.end] == sentence.text
        assert sentence.text in summary


@pytest.mark.model
class TestLocalReader:
    """A model's own confidence against log-softmax by hand, one prompt at a time."""

    PROMPTS = ("the tower was", "bob", "who built the tower ? bob built the tower in paris")

    def by_hand(self, model, tokenizer, prompt, new_tokens):
        import torch

        ids = torch.tensor([tokenizer(prompt)["input_ids"]])
        total, written = 0.0, []
        for _ in range(new_tokens):
            with torch.inference_mode():
                logits = model(input_ids=ids).logits[0, -1].float()
            logprobs = torch.log_softmax(logits, -1)
            token = int(logprobs.argmax())
            total += float(logprobs[token])
            written.append(token)
            if token == tokenizer.eos_token_id:
                break
            ids = torch.cat([ids, torch.tensor([[token]])], dim=1)
        return total, len(written)

    def test_causal(self, tmp_path):
        import torch
        from tiny_bert import save_contriever_style
        from transformers import AutoTokenizer, GPT2Config, GPT2LMHeadModel

        from recomp_core.readers.generative import LocalReader

        tokenizer = AutoTokenizer.from_pretrained(save_contriever_style(tmp_path))
        tokenizer.eos_token = "[SEP]"
        torch.manual_seed(1)
        config = GPT2Config(vocab_size=len(tokenizer), n_embd=16, n_layer=2, n_head=2, n_positions=64,
                            bos_token_id=2, eos_token_id=3, pad_token_id=0)  # fmt: skip
        model = GPT2LMHeadModel(config).eval()
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.mul_(3)
        reader = LocalReader(model, tokenizer, max_new_tokens=5, batch_size=2, stop="\x00")
        answers = reader.answer(self.PROMPTS)
        for prompt, answer in zip(self.PROMPTS, answers, strict=True):
            total, n_tokens = self.by_hand(model, tokenizer, prompt, 5)
            assert answer.n_tokens == n_tokens
            assert answer.logprob == pytest.approx(total, abs=1e-4)
            assert 0 < answer.confidence <= 1
        # Neither dropout nor the model's own generation settings have a say in it.
        model.train()
        model.generation_config.repetition_penalty = 5.0
        assert reader.answer(self.PROMPTS) == answers
        assert model.training
        with pytest.raises(ValueError, match="do not fit into the reader's 64 positions"):
            reader.answer(["bob " * 100])


def test_chat_reader_needs_logprobs():
    from recomp_core import SummaryError
    from recomp_core.readers.generative import ChatReader

    class Chat:
        model = "some-model"
        replies = [("Bob. ", [-0.1, -0.3])]

        def with_logprobs(self, prompts):
            return self.replies

    assert ChatReader(Chat()).answer(["q"]) == [ReaderAnswer("Bob.", -0.4, 2)]
    for reply in ([("Bob", [])], [("Bob", [0.0, 0.0])]):
        Chat.replies = reply
        with pytest.raises(SummaryError, match="some-model gave no log-probabilities"):
            ChatReader(Chat()).answer(["q"])
    Chat.replies = [SummaryError("down", "unavailable")]
    with pytest.raises(SummaryError, match="down"):
        ChatReader(Chat()).answer(["q"])
