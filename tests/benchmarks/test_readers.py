"""The benchmark of readers: reading once gives what answering and scoring one by one give."""

import json
import sys
from pathlib import Path

import pytest
import tiny_causal

FOLDER = Path(__file__).parents[2] / "benchmarks"
pytest.importorskip("torch")
sys.path.insert(0, str(FOLDER))  # as for a script; only these imports need it
import reader_contexts  # noqa: E402
import reader_models  # noqa: E402
import readers  # noqa: E402

sys.path.remove(str(FOLDER))

from recomp_core import Document  # noqa: E402
from recomp_core.data import Question  # noqa: E402
from recomp_core.readers.answer_scores import AnswerRequest  # noqa: E402
from recomp_core.readers.answerers import ReaderPrompt, WorkedExample  # noqa: E402
from recomp_core.readers.generative import LocalReader  # noqa: E402
from recomp_core.readers.likelihood import CausalLMScorer  # noqa: E402

QUESTIONS = ["who came?", "when did the tea come?", "who built the tower?", "why?"]
CONTEXTS = ["", "Ada came. " * 4, "The lighthouse was painted in 1889.", "Tea."]
GOLDS = ["Ada", "at four", "Ada Reyes", "tea"]


@pytest.mark.model
@pytest.mark.parametrize(("kind", "habit"), [("llama", "byte-level"), ("sliding", "metaspace")])
def test_a_prompt_that_is_read_once_is_answered_and_scored_as_by_itself(kind, habit):
    model, tokenizer = tiny_causal.model(kind, habit), tiny_causal.tokenizer(habit)
    prompt = ReaderPrompt("Answer.", (WorkedExample("where?", "there"),))
    reader = reader_models.ReadOnce(model, tokenizer, prompt, max_new_tokens=6)
    found = reader.read(QUESTIONS, CONTEXTS, GOLDS)
    template = prompt.template
    for question, context, gold, reading in zip(QUESTIONS, CONTEXTS, GOLDS, found, strict=True):
        text = prompt.format(question, context)
        (alone,) = LocalReader(model, tokenizer, max_new_tokens=6).answer([text])
        assert reading.answer == alone.text
        raw = type(template)("{context}{query}", "{query}", "{answer}")
        request = AnswerRequest(text, "", (template.continuation(gold),))
        (score,) = CausalLMScorer(model, tokenizer, prompt=raw).score([request])
        assert reading.tokens == score.n_tokens
        assert reading.nats == pytest.approx(-score.value, abs=1e-3)


def test_random_words_keep_their_order_and_their_share():
    words = [f"w{n}" for n in range(50)]
    question = Question("1", "who?", ("x",), (Document(" ".join(words)),))
    kept = reader_contexts.random_words(question, 0.2).split()
    assert len(kept) == 10
    assert kept == sorted(kept, key=words.index)
    assert kept == reader_contexts.random_words(question, 0.2).split()


def test_the_marks_of_wikitext_are_resolved():
    words = ["1", "@,@", "200", "<unk>", "sails", "(", "0", "@.@", "5", "m", ")", ",", "Ann", "'s"]
    assert reader_contexts.shown(words) == "1,200 sails (0.5 m), Ann's"


def test_only_questions_that_every_system_has_are_compared():
    rows = {"a": {"1": {}, "2": {}, "3": {}}, "b": {"3": {}, "2": {}}}
    assert {name: list(own) for name, own in readers.shared(rows).items()} == {
        "a": ["2", "3"],
        "b": ["2", "3"],
    }
    assert readers.shared({"a": {"1": {}}, "b": {}}) == {}


def test_a_difference_counts_where_its_interval_excludes_nothing_at_all():
    full = {str(n): {"f1": 0.0, "nats": 5.0, "answer_tokens": 2} for n in range(8)}
    same = {name: dict(row) for name, row in full.items()}
    better = {name: {"f1": 0.5, "nats": 3.0, "answer_tokens": 2} for name in full}
    rows = {readers.FULL: full, "same": same, "better": better}
    found = {name: readers.difference(rows, name, "f1") for name in ("same", "better")}
    text = readers.sorted_out("F1", found, 100, 1, higher_is_better=True)
    assert text == "F1 better: better +50.0; not told apart: same +0.0."
    spans = {"better": readers.span_difference(rows, "better")}
    text = readers.sorted_out("nats a token", spans, 1, 1, higher_is_better=False)
    assert text == "nats a token better: better -1.0."


def test_a_file_of_other_settings_is_refused_and_a_torn_line_cut(tmp_path):
    file = tmp_path / "run.jsonl"
    with readers.opened(file, {"identity": "a"}) as (journal, done):
        assert not done
        journal.append({"id": "1", "f1": 0.5})
    with file.open("a") as stream:
        stream.write(json.dumps({"id": "2"})[:-3])
    with readers.opened(file, {"identity": "a"}) as (_, done):
        assert list(done) == ["1"]
    with pytest.raises(SystemExit, match="other settings"), readers.opened(file, {"identity": "b"}):
        pass
