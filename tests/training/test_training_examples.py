"""Records to examples, and what is wrong with a record: every message by hand."""

import gzip
import json
from dataclasses import replace
from types import SimpleNamespace
from typing import get_args

import pytest
from labelling_fakes import TableScorer, WrittenTeacher, by_words

from recomp_core.training import (
    AbstractiveSettings,
    ExtractiveSettings,
    LoraSettings,
    RunSettings,
    TrainingDataError,
    read_contrastive,
    read_distillation,
)
from recomp_core.training.examples import CandidateSentence, ContrastiveExample, TrainingData
from recomp_core.training.settings import (
    ABSTRACTIVE_PRESETS,
    EXTRACTIVE_PRESETS,
    PresetName,
    find_preset,
    resolve_settings,
    settings_from,
)

TEXT = "Tea is at four. Ada Reyes built it."  # 0…15 and 16…35
TEA = {"doc_index": 0, "start": 0, "end": 15, "score": -7.0}
ADA = {"doc_index": 0, "start": 16, "end": 35, "score": -1.0}


def contrastive(**changes):
    record = {
        "query": "who built the tower?",
        "answers": ["Ada Reyes"],
        "documents": [{"text": TEXT, "title": "Tower", "id": "d1"}],
        "kind": "exact",
        "candidates": [TEA, ADA],
        "positive": {"text": "Ada Reyes built it.", **ADA, "similarity": 0.25},
        "negatives": [{"text": "Tea is at four.", **TEA, "similarity": 0.0}],
    }
    record.update(changes)
    return {name: value for name, value in record.items() if value is not ...}


def distillation(**changes):
    record = {
        "query": "who built the tower?",
        "answers": ["Ada Reyes"],
        "documents": [{"text": TEXT}],
        "kind": "exact",
        "target": "Ada Reyes built it.",
        "teacher": {"teacher": "qwen3", "verdict": "allowed", "licence": "Apache-2.0",
                    "accepted": False},
        "date": "2026-01-02",
    }  # fmt: skip
    record.update(changes)
    return {name: value for name, value in record.items() if value is not ...}


def write(path, *records):
    lines = (r if isinstance(r, str) else json.dumps(r) for r in records)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


# What is read


def test_a_contrastive_record_by_hand():
    data = read_contrastive([contrastive()])
    (example,) = data.examples
    assert example.candidates == (
        CandidateSentence(0, 0, 15, -7.0),
        CandidateSentence(0, 16, 35, -1.0),
    )
    assert (example.positive, example.negatives) == (1, (0,))
    assert (example.text(1), example.text(0)) == ("Ada Reyes built it.", "Tea is at four.")
    assert (example.query, example.kind, example.answers) == (
        "who built the tower?", "exact", ("Ada Reyes",)
    )  # fmt: skip
    assert example.documents[0].title == "Tower"
    assert (len(data), data.kind, data.sources) == (1, "exact", ("records",))
    assert data.counts == {"examples": 1, "answer_in_query": 0, "without_negatives": 0}


def test_without_a_list_of_candidates_the_chosen_ones_are_all():
    (example,) = read_contrastive([contrastive(candidates=...)]).examples
    assert example.candidates == (
        CandidateSentence(0, 16, 35, -1.0),
        CandidateSentence(0, 0, 15, -7.0),
    )
    assert (example.positive, example.negatives) == (0, (1,))


def test_an_upper_bound_is_no_score():
    bound = {**TEA, "bound": True}
    (example,) = read_contrastive([contrastive(candidates=[bound, ADA])]).examples
    assert [c.score for c in example.candidates] == [None, -1.0]


def test_documents_as_plain_texts_and_one_answer_without_a_list():
    record = contrastive(documents=[TEXT], answers="Ada Reyes")
    (example,) = read_contrastive([record]).examples
    assert (example.documents[0].text, example.documents[0].title) == (TEXT, None)
    assert example.answers == ("Ada Reyes",)


def test_a_distillation_record_by_hand_and_empty_targets_are_kept():
    data = read_distillation([distillation(), distillation(target=""), distillation(target=" \n")])
    first, second, third = data.examples
    assert (first.target, first.teacher, first.licence, first.date) == (
        "Ada Reyes built it.", "qwen3", "Apache-2.0", "2026-01-02"
    )  # fmt: skip
    assert second.target == third.target == ""
    assert data.counts["empty_targets"] == 2


def test_what_a_teacher_s_licence_asks_for_is_not_lost():
    gemma = {"teacher": "gemma-3", "licence": "Gemma terms", "condition": "they bind the model"}
    gpt = {
        "teacher": "gpt-4o",
        "licence": "OpenAI terms",
        "verdict": "restricted",
        "accepted": True,
    }
    data = read_distillation([distillation(teacher=gemma), distillation(teacher=gpt),
                              distillation(teacher=...)])  # fmt: skip
    assert [e.licence for e in data.examples] == [
        "Gemma terms; they bind the model",
        "OpenAI terms; restricted; the right to train on the outputs was stated",
        "",
    ]
    assert [e.teacher for e in data.examples] == ["gemma-3", "gpt-4o", ""]


# Where it is read from


def test_folder_file_packed_file_and_lists_of_them(tmp_path):
    folder = tmp_path / "labels"
    folder.mkdir()
    file = write(folder / "examples.jsonl", contrastive(), "", contrastive(query="who?"))
    packed = tmp_path / "more.jsonl.gz"
    packed.write_bytes(gzip.compress(file.read_bytes()))
    here = read_contrastive(folder)
    assert len(here) == 2
    assert here.sources == (str(file),)
    assert read_contrastive(str(file)).examples == here.examples
    assert read_contrastive(packed).examples == here.examples
    both = read_contrastive([str(folder), packed])
    assert both.examples == here.examples * 2
    assert both.sources == (str(file), str(packed))


def test_records_and_what_was_read_before_and_what_builders_return(tmp_path):
    data = read_contrastive(iter([contrastive()]))
    assert read_contrastive(data).examples == data.examples
    assert read_contrastive(replace(data, sources=("mine.jsonl",))).sources == ("mine.jsonl",)
    assert read_contrastive(list(data.examples)).examples == data.examples
    labelled = SimpleNamespace(examples=[contrastive()])
    assert read_contrastive(labelled).examples == data.examples
    write(tmp_path / "examples.jsonl", contrastive())
    labelled = SimpleNamespace(examples=[contrastive()], folder=tmp_path)
    assert read_contrastive(labelled).sources == (str(tmp_path / "examples.jsonl"),)


def test_what_the_builders_write_is_what_is_read(tmp_path):
    from recomp_core.labelling import build_contrastive_examples, build_distillation_examples

    questions = [
        {"id": n, "query": f"who built tower {n}?", "answers": ["Ada Reyes"], "documents": [TEXT]}
        for n in range(3)
    ]
    table = {"": -6.0, "Tea is at four.": -7.0, "Ada Reyes built it.": -1.0}
    labels = build_contrastive_examples(
        questions, TableScorer(table), by_words, output=tmp_path / "labels"
    )
    for data in (read_contrastive(labels), read_contrastive(tmp_path / "labels")):
        assert len(data) == 3
        assert data.examples[0].candidates == (
            CandidateSentence(0, 0, 15, -7.0),
            CandidateSentence(0, 16, 35, -1.0),
        )
        assert (data.examples[0].positive, data.examples[0].negatives) == (1, (0,))
        assert data.sources == (str(tmp_path / "labels" / "examples.jsonl"),)
    teacher = WrittenTeacher(lambda r: "" if "tower 1" in r.query else "Ada Reyes built it.")
    summaries = build_distillation_examples(questions, teacher, None, TableScorer(table))
    data = read_distillation(summaries)
    assert [e.target for e in data.examples] == ["Ada Reyes built it.", "", "Ada Reyes built it."]
    assert data.counts["empty_targets"] == 1
    assert {(e.teacher, e.licence) for e in data.examples} == {("written", "unknown")}
    assert all(e.date for e in data.examples)


# What is wrong, and where


@pytest.mark.parametrize(
    ("record", "says"),
    [
        ("{broken", "line 2: not JSON"),
        (b"\xff\xfe".decode("latin-1"), "line 2: not JSON"),
        ("[1, 2]", "line 2: a record is a JSON object, got list"),
        (contrastive(query=" "), "line 2: query must be text, got ' '"),
        (contrastive(query=...), "line 2: 'query' is missing"),
        (contrastive(kind=...), "line 2: 'kind' is missing"),
        (contrastive(negatives=...), "line 2: 'negatives' is missing"),
        (contrastive(documents=...), "line 2: the documents are missing: label with keep_documents"),
        (contrastive(documents=TEXT), "line 2: documents must be a list"),
        (contrastive(documents=[{"title": "T"}]), "line 2: 'text' is missing"),
        (contrastive(documents=[{"text": 3}]), "line 2: Document.text must be a string"),
        (contrastive(positive={**ADA, "doc_index": 1}), "line 2: doc_index 1 is out of range: there are 1"),
        (contrastive(positive={**ADA, "end": 36}), "line 2: the span 16…36 does not lie in document 0"),
        (contrastive(positive={**ADA, "end": 16}), "line 2: the span 16…16 does not lie in document 0"),
        (contrastive(positive={**ADA, "text": "Bob."}),
         "line 2: the span 16…35 of document 0 is 'Ada Reyes built it.', but the record says 'Bob.'"),
        (contrastive(positive={**ADA, "score": float("nan")}), "line 2: a score must be a finite number"),
        (contrastive(negatives=[TEA, ADA]), "line 2: the positive is among the negatives"),
        (contrastive(kind="proxy"),
         "line 2: its scores are of the kind 'proxy', those of .*, line 1 of the kind 'exact'"),
        (distillation(), "line 2: this is a record of the abstractive compressor: use train_abstractive"),
    ],
)  # fmt: skip
def test_a_bad_contrastive_record_is_named_with_its_line(tmp_path, record, says):
    file = write(tmp_path / "some.jsonl", contrastive(), record)
    with pytest.raises(TrainingDataError, match=rf"some\.jsonl, {says}"):
        read_contrastive(file)


@pytest.mark.parametrize(
    ("record", "says"),
    [
        (distillation(target=None), "line 2: target must be a string, got None"),
        (distillation(target=...), "line 2: 'target' is missing"),
        (distillation(documents=...), "line 2: the documents are missing"),
        (distillation(kind="proxy"), "line 2: its scores are of the kind 'proxy'"),
        (
            contrastive(),
            "line 2: this is a record of the extractive compressor: use train_extractive",
        ),
    ],
)
def test_a_bad_distillation_record_is_named_with_its_line(tmp_path, record, says):
    file = write(tmp_path / "some.jsonl", distillation(), record)
    with pytest.raises(TrainingDataError, match=rf"some\.jsonl, {says}"):
        read_distillation(file)


def test_kinds_mixed_over_two_files_are_named_with_both_places(tmp_path):
    one = write(tmp_path / "one.jsonl", contrastive(), contrastive())
    other = write(tmp_path / "other.jsonl", contrastive(kind="estimate"))
    with pytest.raises(TrainingDataError) as error:
        read_contrastive([one, other])
    assert f"{other}, line 1" in str(error.value)
    assert f"{one}, line 1" in str(error.value)


def test_records_that_are_no_file_are_counted():
    with pytest.raises(TrainingDataError, match="record 2: a record is a JSON object, got int"):
        read_contrastive([contrastive(), 3])


def test_an_example_of_the_other_compressor():
    summaries = read_distillation([distillation()])
    with pytest.raises(TrainingDataError, match="record 1: this is a record of the abstractive"):
        read_contrastive(summaries)


def test_nothing_to_tell_the_positive_from():
    data = read_contrastive([contrastive(), contrastive(negatives=[])])
    assert data.counts["without_negatives"] == 1
    with pytest.raises(TrainingDataError, match="records: no example has a negative"):
        read_contrastive([contrastive(negatives=[])])


def test_only_empty_targets_teach_silence():
    with pytest.raises(TrainingDataError, match="every target is empty"):
        read_distillation([distillation(target="")])


@pytest.mark.parametrize(("query", "answer"), [
    ("did Ada Reyes build the tower?", "Ada Reyes"), ("塔是李明建的吗?", "李明"),
])  # fmt: skip
def test_answers_that_leaked_into_more_than_half_of_the_queries(query, answer):
    leaked = contrastive(query=query, answers=["nobody", answer])
    assert read_contrastive([leaked, contrastive()]).counts["answer_in_query"] == 1  # just half
    with pytest.raises(TrainingDataError, match="in 2 of 3 examples the answer already stands"):
        read_contrastive([leaked, leaked, contrastive()])


def test_a_blank_answer_is_in_no_query():
    assert read_contrastive([contrastive(answers=[" "])]).counts["answer_in_query"] == 0


def test_nothing_at_all(tmp_path):
    empty = write(tmp_path / "empty.jsonl", "")
    with pytest.raises(TrainingDataError, match=r"empty\.jsonl: there is no example in it"):
        read_contrastive(empty)
    with pytest.raises(TrainingDataError, match="the examples: there is no example|records: there"):
        read_contrastive([])


def test_what_is_not_there_or_no_source(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r"no file .*examples\.jsonl: give a folder of labels"
    ):
        read_contrastive(tmp_path)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        read_contrastive(tmp_path / "nowhere")
    for source in (3, None, contrastive(), b"labels"):
        with pytest.raises(TypeError, match="give a folder of labels"):
            read_contrastive(source)


@pytest.mark.parametrize("damage", [lambda raw: raw[:-12], lambda raw: b"PK" + raw])
def test_a_packed_file_that_is_damaged(tmp_path, damage):
    file = tmp_path / "some.jsonl.gz"
    file.write_bytes(damage(gzip.compress(json.dumps(contrastive()).encode() * 50)))
    with pytest.raises(TrainingDataError, match=r"some\.jsonl\.gz is damaged"):
        read_contrastive(file)


# What is held out


def many(n=200):
    return [contrastive(query=f"who built tower {number // 2}?") for number in range(n)]


def queries(data):
    return {example.query for example in data.examples}


def test_equal_questions_are_on_one_side():
    train, held = read_contrastive(many()).split(0.2, 1_000)
    assert len(train) + len(held) == 200
    assert 10 < len(held) < 80  # a share of the hashes, not of the count
    assert not queries(train) & queries(held)
    assert len(train) % 2 == len(held) % 2 == 0
    assert train.sources == held.sources == ("records",)


def test_at_most_so_many_whatever_the_order():
    data = read_contrastive(many())
    for most in (1, 2, 7, 8):
        _, held = data.split(0.2, most)
        assert len(held) == most // 2 * 2  # each question is there twice
        _, again = read_contrastive(many()[::-1]).split(0.2, most)
        assert queries(again) == queries(held)


def test_a_question_stays_on_its_side_when_others_come():
    _, few = read_contrastive(many(100)).split(0.2, 1_000)
    _, more = read_contrastive(many(200)).split(0.2, 1_000)
    assert queries(few) <= queries(more)


def test_case_and_punctuation_make_no_other_question():
    data = read_contrastive(
        [contrastive(query=q) for q in ("Who was IT?", "who was it", "Who was it!")]
    )
    assert sorted(map(len, data.split(0.5, 9))) == [0, 3]


@pytest.mark.parametrize(("share", "most"), [(0, 10), (0.5, 0)])
def test_nothing_is_held_out(share, most):
    data = read_contrastive(many(10))
    train, held = data.split(share, most)
    assert train is data
    assert len(held) == 0


def test_a_data_set_is_its_examples():
    example = ContrastiveExample("q", (), (), 0, (), "exact")
    assert len(TrainingData((example,), ("a",))) == 1


# Settings


def test_lora_as_a_shell_writes_it():
    assert LoraSettings.parse("rank=8") == LoraSettings(rank=8)
    assert LoraSettings.parse("rank=8,alpha=16, dropout=0.1") == LoraSettings(8, 16.0, 0.1)
    assert LoraSettings.parse("") == LoraSettings(16)
    for text, says in [
        ("8", "got '8'; write it like rank=16"),
        ("targets=q", "got 'targets=q'"),
        ("rank=big", "rank must be a number, got 'big'"),
        ("rank=8.5", "rank must be a number, got '8.5'"),
        ("rank", "rank must be a number, got ''"),
        ("rank=0", "rank must be a whole number of at least 1, got 0"),
        ("rank=8,alpha=0", "alpha must be a number of more than 0, got 0.0"),
        ("rank=8,dropout=1", "dropout must be a number of at least 0 and less than 1, got 1.0"),
    ]:
        with pytest.raises(ValueError, match=says):
            LoraSettings.parse(text)


@pytest.mark.parametrize(
    ("cls", "settings", "says"),
    [
        (RunSettings, {"epochs": 0}, "epochs must be a number of more than 0, got 0"),
        (RunSettings, {"max_steps": 0}, "max_steps must be a whole number of at least 1"),
        (RunSettings, {"batch_size": 1.5}, "batch_size must be a whole number of at least 1"),
        (RunSettings, {"batch_size": True}, "batch_size must be a whole number"),
        (RunSettings, {"learning_rate": float("nan")}, "learning_rate must be a number"),
        (RunSettings, {"warmup_steps": -1}, "warmup_steps must be a number of at least 0"),
        (RunSettings, {"held_out": 1}, "held_out must be a number of at least 0 and less than 1"),
        (RunSettings, {"patience": 0}, "patience must be a whole number of at least 1"),
        (
            RunSettings,
            {"precision": "float16"},
            "precision must be one of 'auto', 'float32', 'bfloat16'",
        ),
        (ExtractiveSettings, {"loss": "triplet"}, "loss must be one of 'in-batch'"),
        (ExtractiveSettings, {"scale": 0}, "scale must be a number of more than 0"),
        (ExtractiveSettings, {"context": "page"}, "context must be one of 'sentence'"),
        (
            ExtractiveSettings,
            {"similarity_fn_name": "l2"},
            "similarity_fn_name must be one of 'cosine'",
        ),
        (ExtractiveSettings, {"positive_gap": -1}, "positive_gap must be a number of at least 0"),
        (ExtractiveSettings, {"rate": 1.0}, "rate must be a number of more than 0 and less than 1"),
        (AbstractiveSettings, {"num_beams": 0}, "num_beams must be a whole number of at least 1"),
        (
            AbstractiveSettings,
            {"max_target_tokens": "9"},
            "max_target_tokens must be a whole number",
        ),
    ],
)
def test_settings_that_cannot_be(cls, settings, says):
    with pytest.raises(ValueError, match=says):
        cls(**settings)


def test_what_is_given_goes_before_the_preset_and_none_is_not_given():
    recipe = find_preset("recomp", EXTRACTIVE_PRESETS)
    run, own = resolve_settings(
        ExtractiveSettings, recipe, {"scale": 2.0, "epochs": None, "lora": "rank=4"}
    )
    assert (run.batch_size, run.learning_rate, run.warmup_steps, run.epochs) == (
        64,
        2e-5,
        1_000,
        10,
    )
    assert run.lora == LoraSettings(4)
    assert (own.scale, own.similarity_fn_name, own.max_tokens, own.context) == (
        2.0,
        "dot",
        100,
        "sentence",
    )
    assert settings_from(RunSettings, {"seed": 3, "loss": "listwise"}, epochs=None) == RunSettings(
        seed=3
    )


def test_every_preset_has_its_name_in_the_command():
    assert {*EXTRACTIVE_PRESETS, *ABSTRACTIVE_PRESETS} == set(get_args(PresetName))


def test_unknown_presets_and_settings():
    with pytest.raises(ValueError, match="preset must be one of 'recomp', got 'paper'"):
        find_preset("paper", EXTRACTIVE_PRESETS)
    with pytest.raises(TypeError, match="no such setting: learning_rat; there are batch_size"):
        resolve_settings(
            ExtractiveSettings, find_preset(None, EXTRACTIVE_PRESETS), {"learning_rat": 1}
        )


def test_reading_needs_no_model():
    from test_imports import loaded_by

    read = "from recomp_core.training import read_contrastive, RunSettings; RunSettings()"
    assert loaded_by(read) == []
