"""Span readers against a softmax over all spans by hand; end-task measures with a fake reader."""

import math

import pytest

from recomp_core.errors import BudgetError, ModelLoadError
from recomp_core.labelling.scorers.end_task import EndTaskScorer
from recomp_core.labelling.scorers.reader import ReaderScorer
from recomp_core.protocols import ReaderAnswer
from recomp_core.readers.answer_scores import AnswerRequest, AnswerScore, Kind
from recomp_core.runtime.budget import Meter
from recomp_core.text.answers import normalize_answer

CONTEXTS = [
    "Ada Reyes built the tower in 1889.",
    "Gulls nest on the tower of Ada Reyes, and Ada Reyes paints them.",
    "In the year 1889 the Lord of the Rings came to Málaga.",
]


@pytest.fixture(scope="module")
def reader():
    pytest.importorskip("torch")
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertForQuestionAnswering, PreTrainedTokenizerFast

    letters = [chr(n) for n in range(33, 127)] + ["á", "é", "中", "文"]
    words = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        *letters,
        *("##" + c for c in letters),
        "the",
        "tower",
    ]
    vocabulary = {word: n for n, word in enumerate(words)}
    raw = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    raw.normalizer = normalizers.Lowercase()
    raw.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    raw.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )  # fmt: skip
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=raw, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]",
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    )  # fmt: skip
    torch.manual_seed(3)
    config = BertConfig(
        vocab_size=len(words), hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=48, max_position_embeddings=256, initializer_range=0.6,
    )  # fmt: skip
    return BertForQuestionAnswering(config).eval(), tokenizer


def by_hand(reader, request, max_answer_tokens=30):
    """{span text: log-probability} of one window, and that of "no answer"."""
    import torch

    model, tokenizer = reader
    encoded = tokenizer(request.query, request.context, return_offsets_mapping=True)
    inputs = {name: torch.tensor([encoded[name]]) for name in tokenizer.model_input_names}
    with torch.no_grad():
        output = model(**inputs)
    start, end = output.start_logits[0].tolist(), output.end_logits[0].tolist()
    inside = [n for n, part in enumerate(encoded.sequence_ids()) if part == 1]
    rows = [("", start[0] + end[0])]
    for i in inside:
        for j in inside:
            if i <= j < i + max_answer_tokens:
                a, b = encoded["offset_mapping"][i][0], encoded["offset_mapping"][j][1]
                rows.append((request.context[a:b], start[i] + end[j]))
    total = math.log(sum(math.exp(value) for _, value in rows))
    return [(text, value - total) for text, value in rows]


@pytest.mark.model
@pytest.mark.parametrize("answers", [("Ada Reyes",), ("1889", "Lord of Rings"), ("málaga!",)])
@pytest.mark.parametrize("how", ["best", "logsum"])
def test_the_value_is_that_of_the_matching_spans(reader, answers, how):
    scorer = ReaderScorer(*reader, floor=-50.0, answers=how)
    wanted = {normalize_answer(answer) for answer in answers}
    requests = [AnswerRequest("Who built it?", context, answers) for context in CONTEXTS]
    seen = 0
    for request, score in zip(requests, scorer.score(requests), strict=True):
        spans = by_hand(reader, request)[1:]
        values = [value for text, value in spans if normalize_answer(text) in wanted]
        if not values:
            assert score == AnswerScore(-50.0, 0, Kind.PROXY)
            continue
        seen += 1
        expected = max(values) if how == "best" else math.log(sum(map(math.exp, values)))
        assert score.value == pytest.approx(expected, abs=1e-5)
        assert score.n_tokens > 0
    assert seen


@pytest.mark.model
def test_the_floor_holds_what_is_missing_blank_or_less_likely(reader):
    request = AnswerRequest("Who?", CONTEXTS[0], ("Ada Reyes",))
    (value,) = [v for text, v in by_hand(reader, request) if normalize_answer(text) == "ada reyes"]
    assert -40 < value < -0.01
    scorer = ReaderScorer(*reader, floor=value / 2)  # above it
    requests = [
        request,
        AnswerRequest("Who?", "", ("Ada",)),
        AnswerRequest("Who?", "Tea.", ("Ada",)),
    ]
    assert [score.value for score in scorer.score(requests)] == [value / 2] * 3
    assert ReaderScorer(*reader, floor=-40.0).score([request])[0].value == pytest.approx(
        value, abs=1e-5
    )


@pytest.mark.model
def test_only_contexts_that_hold_an_answer_are_read(reader):
    scorer = ReaderScorer(*reader)
    scorer.score([AnswerRequest("Who?", text, ("Ada Reyes",)) for text in CONTEXTS])
    assert scorer.meter.usage.requests == 2


@pytest.mark.model
def test_the_longest_span_and_the_windows(reader):
    request = AnswerRequest("Who?", CONTEXTS[0], ("Ada Reyes",))  # one token a letter
    assert ReaderScorer(*reader, max_answer_tokens=7, floor=-30).score([request])[0].value == -30
    short = ReaderScorer(*reader, max_answer_tokens=8, floor=-30).score([request])[0]
    (value,) = [
        v for text, v in by_hand(reader, request, 8) if normalize_answer(text) == "ada reyes"
    ]
    assert short.value == pytest.approx(value, abs=1e-5)
    # In a long text the answer is found whichever window it stands in.
    for filler in (0, 40, 80):
        text = "x " * filler + "Ada Reyes" + " y" * (120 - filler)
        scorer = ReaderScorer(*reader, max_length=64, stride=16, floor=-60)
        (score,) = scorer.score([AnswerRequest("Who?", text, ("Ada Reyes",))])
        assert -60 < score.value < 0


@pytest.mark.model
def test_a_result_does_not_depend_on_the_others(reader):
    scorer = ReaderScorer(*reader, floor=-50.0, batch_tokens=64)
    requests = [AnswerRequest(f"Who built {n}?", CONTEXTS[n % 2], ("Ada Reyes",)) for n in range(7)]
    together = [score.value for score in scorer.score(requests)]
    alone = [scorer.score([request])[0].value for request in requests]
    assert together == pytest.approx(alone, abs=1e-5)


@pytest.mark.model
def test_a_request_that_fails_fails_alone(reader):
    long = AnswerRequest("why " * 300, CONTEXTS[0], ("Ada Reyes",))  # no room for the context
    good = AnswerRequest("Who?", CONTEXTS[0], ("Ada Reyes",))
    first, second, third = ReaderScorer(*reader).score([good, long, good])
    assert first == third
    assert isinstance(second, Exception)


@pytest.mark.model
def test_the_budget_and_the_identity(reader):
    scorer = ReaderScorer(*reader, meter=Meter(max_requests=1))
    requests = [AnswerRequest("Who?", text, ("Ada Reyes",)) for text in CONTEXTS]
    results = scorer.score(requests)
    assert isinstance(results[0], AnswerScore)
    assert isinstance(results[1], BudgetError)
    assert results[2].value == scorer.floor
    assert scorer.identity == ReaderScorer(*reader).identity
    assert scorer.identity != ReaderScorer(*reader, floor=-1.0).identity
    assert ReaderScorer(*reader).capabilities().usable


@pytest.mark.model
def test_loading(reader, tmp_path):
    model, tokenizer = reader
    model.save_pretrained(tmp_path / "qa")
    tokenizer.save_pretrained(tmp_path / "qa")
    loaded = ReaderScorer.from_pretrained(tmp_path / "qa", floor=-30.0)
    request = AnswerRequest("Who?", CONTEXTS[0], ("Ada Reyes",))
    assert loaded.score([request]) == ReaderScorer(model, tokenizer, floor=-30.0).score([request])
    assert loaded.identity["model"] == ReaderScorer(model, tokenizer).identity["model"]
    model.bert.save_pretrained(tmp_path / "no_head")
    tokenizer.save_pretrained(tmp_path / "no_head")
    with pytest.raises(ModelLoadError, match=r"qa_outputs\.bias"):
        ReaderScorer.from_pretrained(tmp_path / "no_head")
    with pytest.raises(ModelLoadError, match="no folder"):
        ReaderScorer.from_pretrained(tmp_path / "nowhere")


def test_settings_that_cannot_work():
    class Fast:
        is_fast = True

    with pytest.raises(ValueError, match="floor"):
        ReaderScorer(None, Fast(), floor=0.0)
    with pytest.raises(TypeError, match="fast tokenizer"):
        ReaderScorer(None, object())


class Echo:
    """Answers with the first word of its prompt; a prompt with poison fails its whole call."""

    def __init__(self):
        self.calls = []

    def answer(self, prompts):
        self.calls.append(list(prompts))
        if any("poison" in prompt for prompt in prompts):
            raise OSError("it bites")
        return [ReaderAnswer(prompt.split()[0], -1.0, 1) for prompt in prompts]


def test_end_task_measures():
    reader = Echo()
    requests = [
        AnswerRequest("Who?", "Ada did.", ("ada", "Bo")),
        AnswerRequest("Who?", "Tea.", ("Ada",)),
        AnswerRequest("Who?", "Ada did.", ("Ada Reyes",)),
    ]
    scores = EndTaskScorer(reader, name="echo").score(requests)
    assert [score.value for score in scores] == [1.0, 0.0, 0.0]
    assert len(reader.calls[0]) == 2  # the first and the third have one prompt
    assert {score.kind for score in scores} == {Kind.PROXY}
    f1 = EndTaskScorer(reader, name="echo", metric="token_f1").score(requests)
    assert [round(score.value, 3) for score in f1] == [1.0, 0.0, 0.667]  # 1 of 1, 1 of 2


def test_a_poisonous_prompt_fails_alone():
    requests = [AnswerRequest("Who?", text, ("Ada",)) for text in ("Ada.", "poison", "Tea.", "Bo.")]
    results = EndTaskScorer(Echo(), name="echo").score(requests)
    assert [r.value if isinstance(r, AnswerScore) else type(r) for r in results] == [
        1.0, OSError, 0.0, 0.0
    ]  # fmt: skip


def test_a_function_is_a_reader_too_and_the_budget_is_exact():
    asked = []

    def read(prompts):
        asked.extend(prompts)
        return ["Ada"] * len(prompts)

    scorer = EndTaskScorer(read, name="f", meter=Meter(max_requests=2))
    results = scorer.score([AnswerRequest(f"Who {n}?", "", ("Ada",)) for n in range(5)])
    assert len(asked) == 2
    assert [isinstance(result, BudgetError) for result in results] == [
        False,
        False,
        True,
        True,
        True,
    ]
    with pytest.raises(TypeError, match="no reader"):
        EndTaskScorer(3, name="three")
    with pytest.raises(ValueError, match="metric"):
        EndTaskScorer(read, name="f", metric="bleu")
