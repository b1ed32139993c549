"""Readers against an argmax by hand and models with known opinions; perplexity by hand."""

import json
import math

import pytest
import tiny_causal
import tiny_reader
import tiny_seq2seq
from openai_server import OpenAIServer, Reply, error

from recomp_core.errors import BudgetError, ModelLoadError, SummaryError
from recomp_core.protocols import ReaderAnswer
from recomp_core.readers.answer_scores import AnswerPrompt
from recomp_core.readers.answerers import (
    CHAT_READER_PROMPT,
    READER_PROMPT,
    Answerer,
    PromptReader,
    ReaderPrompt,
    SpanReader,
    WorkedExample,
    load_answerer,
)
from recomp_core.readers.generative import ChatReader, LocalReader
from recomp_core.readers.perplexity import LMTargetScorer, TargetScorer, perplexity
from recomp_core.runtime.budget import Meter
from recomp_core.text.answers import token_f1

# Span readers


def by_hand(question, context, *, room=None, stride=0, longest=30):
    """The best span with its logit, and that of "no answer", over windows of `room` tokens."""
    import torch

    model, tokenizer = tiny_reader.bert(), tiny_reader.tokenizer()
    asked = tokenizer(question, add_special_tokens=False)["input_ids"]
    read = tokenizer(context, add_special_tokens=False, return_offsets_mapping=True)
    ids, offsets = read["input_ids"], read["offset_mapping"]
    room = room or len(ids)
    spans, nothing = [], []
    for at in range(0, max(len(ids) - stride, 1), room - stride):
        own = ids[at : at + room]
        row = [2, *asked, 3, *own, 3]
        types = [0] * (len(asked) + 2) + [1] * (len(own) + 1)
        with torch.no_grad():
            output = model(torch.tensor([row]), token_type_ids=torch.tensor([types]))
        start, end = output.start_logits[0].tolist(), output.end_logits[0].tolist()
        before = len(asked) + 2
        nothing.append(start[0] + end[0])
        spans += [
            (start[before + i] + end[before + j], context[offsets[at + i][0] : offsets[at + j][1]])
            for i in range(len(own))
            for j in range(i, min(i + longest, len(own)))
        ]
    return max(spans), min(nothing)


@pytest.fixture
def bert_reader():
    pytest.importorskip("torch")
    return lambda **settings: SpanReader(tiny_reader.bert(), tiny_reader.tokenizer(), **settings)


@pytest.fixture
def brackets_reader():
    pytest.importorskip("torch")
    return lambda **settings: SpanReader(
        tiny_reader.brackets(), tiny_reader.tokenizer(), **settings
    )


CONTEXTS = ["Ada built it in 1889.", "Gulls nest on the tower.", "埃菲尔铁塔 is é."]


@pytest.mark.model
@pytest.mark.parametrize("longest", [30, 3])
def test_one_window_gives_the_likeliest_span(bert_reader, longest):
    reader = bert_reader(no_answer_threshold=None, max_answer_tokens=longest)
    expected = [by_hand("Who?", context, longest=longest)[0][1] for context in CONTEXTS]
    assert reader.answer(["Who?"] * 3, CONTEXTS) == expected
    assert len(set(expected)) == 3


@pytest.mark.model
def test_windows_longer_than_the_model_are_cut_to_its_size(bert_reader):
    context = " ".join(f"gull {n} saw the tower" for n in range(12))
    room = tiny_reader.POSITIONS - 3 - 4  # net of [CLS], two [SEP] and "Who?"
    (_, expected), _ = by_hand("Who?", context, room=room, stride=16)
    reader = bert_reader(no_answer_threshold=None, stride=16)
    assert reader.answer(["Who?"], [context]) == [expected]


@pytest.mark.model
def test_no_answer_stands_against_the_best_span_of_all_windows(bert_reader):
    for context in CONTEXTS:
        (value, text), nothing = by_hand("Who?", context)
        gap = nothing - value
        for threshold, expected in ((gap + 0.01, text), (gap - 0.01, "")):
            assert bert_reader(no_answer_threshold=threshold).answer(["Who?"], [context]) == [
                expected
            ]


@pytest.mark.model
def test_an_answer_is_found_wherever_it_stands_and_nothing_where_there_is_none(brackets_reader):
    contexts = ["x " * before + "(Ada) " + "y " * (150 - before) for before in (0, 20, 75, 149)]
    contexts += ["x " * 150, "only ( half of one", "", " \n\u200b"]
    reader = brackets_reader(stride=16)
    assert reader.answer(["Who?"] * 8, contexts) == ["(Ada)"] * 4 + [""] * 4


@pytest.mark.model
def test_an_answer_is_a_piece_of_its_own_context(brackets_reader):
    contexts = ["那是（x）(埃菲尔铁塔)。", "It was (Málaga ).", "A lone \ud800 (half) stays."]
    assert brackets_reader().answer(["是什么？"] * 3, contexts) == [
        "(埃菲尔铁塔)", "(Málaga )", "(half)",
    ]  # fmt: skip


@pytest.mark.model
def test_equal_rows_are_read_once_and_a_row_that_fails_fails_alone(brackets_reader):
    reader = brackets_reader()
    questions = ["Who?", "why " * 60, "Who?", "Who?"]
    first, failed, second, third = reader.answer(questions, ["(Ada)", "(Bo)", "(Ada)", "(Cy)"])
    assert (first, second, third) == ("(Ada)", "(Ada)", "(Cy)")
    assert isinstance(failed, ValueError)
    assert "shorten" in str(failed)
    model = tiny_reader.brackets()
    SpanReader(model, tiny_reader.tokenizer()).answer(["Who?"] * 5, ["(Ada)"] * 5)
    assert sum(rows for rows, _ in model.shapes) == 1


@pytest.mark.model
def test_questions_and_contexts_go_in_pairs(brackets_reader):
    with pytest.raises(ValueError, match="got 2 questions but 1 contexts"):
        brackets_reader().answer(["Who?", "Who?"], ["Ada."])
    with pytest.raises(TypeError, match="lists of strings"):
        brackets_reader().answer("Who?", ["Ada."])
    assert brackets_reader().answer([], []) == []


# Language models


class Parrot:
    """Answers with the first word of its prompt; poison fails the whole of its call."""

    def __init__(self):
        self.calls = []

    def answer(self, prompts):
        self.calls.append(list(prompts))
        if any("poison" in prompt for prompt in prompts):
            raise OSError("it bites")
        return [ReaderAnswer(f" {prompt.split()[0]}\n", -1.0, 1) for prompt in prompts]


def test_a_prompt_is_instruction_examples_context_question():
    prompt = ReaderPrompt(
        "Be short.", (WorkedExample("Where?", "Here"), WorkedExample("When?", "1889", "In 1889."))
    )
    assert prompt.format("Who?", "{Ada} came.") == (
        "Be short.\n\nQuestion: Where?\nAnswer: Here\n\nIn 1889.\n\nQuestion: When?\nAnswer: 1889"
        "\n\n{Ada} came.\n\nQuestion: Who?\nAnswer:"
    )
    assert READER_PROMPT.format("Who?", "") == "Question: Who?\nAnswer:"
    assert READER_PROMPT.format("谁？", "埃达。") == "埃达。\n\nQuestion: 谁？\nAnswer:"
    own = ReaderPrompt(template=AnswerPrompt("{context} | {query}", "{query}"))
    assert own.format("Who?", "Ada.") == "Ada. | Who?"
    json.dumps(prompt.to_dict())


def test_a_reader_that_fails_on_one_row_answers_the_others():
    parrot = Parrot()
    reader = PromptReader(parrot, name="parrot")
    answers = reader.answer(["Who?"] * 4, ["Ada.", "poison", "Bo.", "Ada."])
    assert [answers[0], answers[2], answers[3]] == ["Ada.", "Bo.", "Ada."]
    assert isinstance(answers[1], OSError)
    assert len(parrot.calls[0]) == 3  # equal rows once


def test_a_function_is_a_reader_and_its_errors_stay_in_their_rows():
    bad = RuntimeError("no")
    reader = PromptReader(lambda prompts: [bad, " Ada ", 3][: len(prompts)])
    first, second, third = reader.answer(["a?", "b?", "c?"], ["", "", ""])
    assert first is bad
    assert second == "Ada"
    assert isinstance(third, SummaryError)
    (short,) = PromptReader(lambda prompts: []).answer(["a?"], [""])
    assert "for 1 prompts it returned 0" in str(short)
    with pytest.raises(TypeError, match="3 is no reader"):
        PromptReader(3)


def test_a_budget_is_kept_to_the_row():
    reader = PromptReader(lambda prompts: ["x"] * len(prompts), meter=Meter(max_requests=2))
    answers = reader.answer([f"{n}?" for n in range(4)], [""] * 4)
    assert [isinstance(answer, BudgetError) for answer in answers] == [False, False, True, True]
    assert reader.meter.usage.requests == 2


@pytest.mark.enable_socket
def test_an_endpoint_without_log_probabilities_answers_in_place():
    pytest.importorskip("openai")

    def reply(request):
        if "poison" in request.prompt:
            return error(400, "not that")
        return Reply(" Ada Reyes\n")

    with OpenAIServer(reply_to=reply) as server:
        reader = load_answerer(
            "some-model", base_url=server.base_url, api_key="secret-key", max_retries=0
        )
        good, bad = reader.answer(["Who?", "Who?"], ["Ada Reyes came.", "poison"])
        assert good == "Ada Reyes"
        assert isinstance(bad, SummaryError)
        assert len(server.requests) == 2  # a bad row does not ask the good ones again
        prompts = {request.prompt for request in server.requests}
        assert CHAT_READER_PROMPT.format("Who?", "Ada Reyes came.") in prompts
        identity = json.dumps(reader.identity)
        assert "some-model" in identity
        assert "secret-key" not in identity
        wrapped = PromptReader(ChatReader(reader.reader))
        assert wrapped.answer(["Who?"], ["Ada."]) == ["Ada Reyes"]
        assert wrapped.identity == reader.identity


@pytest.mark.model
def test_what_a_checkpoint_is_decides_who_reads(tmp_path):
    pytest.importorskip("torch")
    for name, model, tokenizer in (
        ("span", tiny_reader.bert(), tiny_reader.tokenizer()),
        ("causal", tiny_causal.model("gpt2"), tiny_causal.tokenizer("byte-level")),
        ("encoder", tiny_reader.bert().bert, tiny_reader.tokenizer()),
    ):
        model.save_pretrained(tmp_path / name)
        tokenizer.save_pretrained(tmp_path / name)
    span = load_answerer(tmp_path / "span", local_files_only=True, no_answer_threshold=None)
    assert span.answer(["Who?"], CONTEXTS[:1]) == [by_hand("Who?", CONTEXTS[0])[0][1]]
    assert span.identity == load_answerer(
        tmp_path / "span", kind="span", no_answer_threshold=None
    ).identity  # fmt: skip

    causal = load_answerer(tmp_path / "causal", max_new_tokens=4)
    asked = READER_PROMPT.format("who built the tower?", "Ada Reyes.")
    plain = LocalReader(
        tiny_causal.model("gpt2"), tiny_causal.tokenizer("byte-level"), max_new_tokens=4
    )
    assert causal.answer(["who built the tower?"], ["Ada Reyes."]) == [
        plain.answer([asked])[0].text
    ]
    assert causal.identity["max_new_tokens"] == 4

    seq2seq = load_answerer(tiny_seq2seq.checkpoint("t5"))
    assert seq2seq.reader.model.config.is_encoder_decoder
    (answer,) = seq2seq.answer(["Who?"], ["Ada saw the tower."])
    assert isinstance(answer, str)
    for reader in (span, causal, seq2seq):
        assert isinstance(reader, Answerer)
        json.dumps(dict(reader.identity))

    with pytest.raises(ModelLoadError, match="BertModel, which answers no questions"):
        load_answerer(tmp_path / "encoder")
    with pytest.raises(ModelLoadError, match="no folder"):
        load_answerer(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="takes no prompt"):
        load_answerer(tmp_path / "span", prompt=READER_PROMPT)


def test_settings_that_contradict_each_other():
    with pytest.raises(
        ValueError, match="kind must be one of 'span', 'causal', 'seq2seq', 'endpoint'"
    ):
        load_answerer("any", kind="extractive")
    with pytest.raises(ValueError, match="drop one"):
        load_answerer("any", kind="causal", base_url="http://localhost:1/v1")


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("The Eiffel Tower", "eiffel tower.", 1.0),
        ("Ada Reyes", "Reyes", 2 / 3),  # 1 of 2 and 1 of 1
        ("埃菲尔", "埃菲尔铁塔", 0.75),  # 3 of 3 and 3 of 5
        ("", "", 1.0),
        ("", "Ada", 0.0),
        ("Ada", "", 0.0),
    ],
)
def test_agreement_is_the_f1_of_two_answers(one, other, expected):
    assert token_f1(one, [other]) == pytest.approx(expected)


# Perplexity


def nats_by_hand(prefix_ids, target_ids):
    import torch

    with torch.no_grad():
        logits = tiny_causal.model("gpt2")(torch.tensor([[*prefix_ids, *target_ids]])).logits[0]
    logprobs = torch.log_softmax(logits.double(), dim=-1)
    return -sum(
        logprobs[len(prefix_ids) + n - 1, target].item() for n, target in enumerate(target_ids)
    )


@pytest.mark.model
def test_the_perplexity_of_a_corpus_by_hand():
    pytest.importorskip("torch")
    tokenizer = tiny_causal.tokenizer("byte-level")
    scorer = LMTargetScorer(tiny_causal.model("gpt2"), tokenizer)
    assert isinstance(scorer, TargetScorer)
    texts = [
        ("who built the tower?", " Ada Reyes"),
        ("The lighthouse", " was painted by gulls in 1889."),
        ("", "tea at four"),
    ]
    expected = []
    for prefix, target in texts:
        before = tokenizer(prefix)["input_ids"] or [tokenizer.bos_token_id]
        ids = tokenizer(target)["input_ids"]
        expected.append((nats_by_hand(before, ids), len(ids)))
    found = scorer.score(*zip(*texts, strict=True))
    for (nats, tokens), (hand, n) in zip(found, expected, strict=True):
        assert nats == pytest.approx(hand, abs=1e-4)
        assert tokens == n
    total, n = sum(nats for nats, _ in expected), sum(n for _, n in expected)
    assert perplexity(found) == pytest.approx(math.exp(total / n), rel=1e-5)


@pytest.mark.model
def test_a_space_belongs_to_the_target_wherever_it_stands():
    pytest.importorskip("torch")
    scorer = LMTargetScorer(tiny_causal.model("gpt2"), tiny_causal.tokenizer("byte-level"))
    one, other = scorer.score(["The tower was ", "The tower was"], ["painted", " painted"])
    assert one == other


@pytest.mark.model
def test_targets_that_cannot_be_scored_fail_alone():
    pytest.importorskip("torch")
    scorer = LMTargetScorer(tiny_causal.model("gpt2"), tiny_causal.tokenizer("byte-level"))
    good, blank, long = scorer.score(["Tea", "Tea", "tea " * 5_000], [" at four", " ", " at four"])
    assert good[1] > 0
    assert "blank" in str(blank)
    assert "positions" in str(long)
    with pytest.raises(ValueError, match="got 2 prefixes but 1 targets"):
        scorer.score(["a", "b"], [" c"])


@pytest.mark.model
def test_an_encoder_decoder_model_scores_targets_too(tmp_path):
    pytest.importorskip("torch")
    scorer = LMTargetScorer.from_pretrained(tiny_seq2seq.checkpoint("t5"), local_files_only=True)
    ((nats, tokens),) = scorer.score(["Ada saw the tower."], ["Ada"])
    assert nats > 0
    assert tokens > 0
    json.dumps(dict(scorer.identity))
    tiny_reader.bert().save_pretrained(tmp_path)
    with pytest.raises(ValueError, match="question answering"):
        LMTargetScorer.from_pretrained(tmp_path)


def test_perplexity_weighs_tokens_and_has_its_ends():
    # (2·ln 2 + 1·ln 16) / 3 = ln 64 / 3 = ln 4
    assert perplexity([(2 * math.log(2), 2), (math.log(16), 1)]) == pytest.approx(4.0)
    assert perplexity([(1e6, 1)]) == math.inf
    with pytest.raises(ValueError, match="there is no token"):
        perplexity([])
