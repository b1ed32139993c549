"""Scorers and teachers by name: ours, and those that another package registers."""

import importlib
import json
import sys

import pytest
from typer.testing import CliRunner

from recomp_core.cli.main import app
from recomp_core.labelling import (
    ANSWER_SCORERS,
    TEACHERS,
    ScorerSettings,
    TeacherSettings,
    labeller_from_settings,
)
from recomp_core.labelling.settings import LabelSettings

MODULE = '''
from recomp_core.labelling import AnswerScore, Kind, TeacherRequest
from recomp_core.labelling.teachers.base import BaseTeacher
from recomp_core.labelling.teachers.terms import TeacherLicence
from recomp_core.readers.answer_scores import BaseScorer

class LengthScorer(BaseScorer):
    """The longer a context, the better."""

    kind = Kind.PROXY

    def __init__(self, model):
        super().__init__()
        self.model = model

    @property
    def identity(self):
        return {"scorer": "length", "model": self.model}

    def score_each(self, requests):
        for position, request in enumerate(requests):
            yield position, AnswerScore(float(len(request.context)), 0, self.kind)

class TitleTeacher(BaseTeacher):
    """Writes the title of the first document."""

    @property
    def identity(self):
        return {"teacher": "title"}

    def write_each(self, requests):
        for position, request in enumerate(requests):
            yield position, request.documents[0].title

def build_scorer(settings):
    return LengthScorer(settings.required_model())

def build_teacher(settings, scorer):
    return TitleTeacher("title", TeacherLicence.unknown("title"), None)
'''

ROWS = [
    {
        "id": f"q{n}",
        "query": f"who built tower {n}?",
        "answers": ["Ada Reyes"],
        "documents": [{"title": "A tower", "text": f"Tea at four. Ada Reyes built tower {n}."}],
    }
    for n in range(2)
]


@pytest.fixture
def other_package(tmp_path, monkeypatch):
    """A package of somebody else that registers a scorer and a teacher."""
    (tmp_path / "their_labels.py").write_text(MODULE)
    info = tmp_path / "theirs-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[recomp.answer_scorers]\nlength = their_labels:build_scorer\n"
        "[recomp.teachers]\ntitle = their_labels:build_teacher\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("their_labels")
    sys.modules.pop("their_labels", None)


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "questions.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return path


def recomp(*arguments):
    return CliRunner().invoke(app, ["label", *map(str, arguments)])


@pytest.mark.parametrize("registry", [ANSWER_SCORERS, TEACHERS])
def test_every_name_of_ours_stands_for_a_factory(registry):
    pytest.importorskip("torch", reason="some of them import torch")
    for name in registry.ours:
        assert callable(registry.load(name))


def test_a_scorer_and_a_teacher_of_another_package_in_the_library(other_package):
    scorer = ScorerSettings(scorer="length", model="any").build()
    assert isinstance(scorer, other_package.LengthScorer)
    assert scorer.capabilities().usable
    teacher = TeacherSettings(teacher="title").build(lambda: scorer)
    assert isinstance(teacher, other_package.TitleTeacher)
    labeller = labeller_from_settings(
        "distillation",
        scorer={"scorer": "length", "model": "any"},
        teacher={"teacher": "title"},
        max_requests=5,
    )
    assert labeller.teacher.name == "title"
    assert labeller.scorer.meter.max_requests == 5


def test_an_error_without_a_message_is_a_reason_by_its_name(other_package, monkeypatch):
    def fail(self, requests):
        raise MemoryError

    scorer = ScorerSettings(scorer="length", model="any").build()
    monkeypatch.setattr(other_package.LengthScorer, "score_each", fail)
    assert scorer.capabilities().reason == "MemoryError"


def test_a_scorer_and_a_teacher_of_another_package_in_the_command(other_package, tmp_path, source):
    out = tmp_path / "labels"
    done = recomp("distillation", source, "-o", out, "--scorer", "length", "--model", "any",
                  "--teacher", "title")  # fmt: skip
    assert done.exit_code == 0, done.output
    records = [json.loads(line) for line in (out / "examples.jsonl").read_text().splitlines()]
    assert [record["target"] for record in records] == ["A tower", "A tower"]
    assert records[0]["kind"] == "proxy"
    assert records[0]["teacher"]["teacher"] == "title"


@pytest.mark.parametrize(
    ("command", "flag", "kind"),
    [
        ("contrastive", "--scorer", "answer scorer"),
        ("distillation", "--scorer", "answer scorer"),
        ("distillation", "--teacher", "teacher"),
    ],
)
def test_a_wrong_name_is_wrong_usage_and_the_names_are_listed(
    command, flag, kind, tmp_path, source
):
    wrong = recomp(command, source, "-o", tmp_path / "labels", flag, "nobody", "--model", "m")
    assert wrong.exit_code == 2
    said = " ".join(wrong.output.replace("│", " ").split())
    assert f"there is no {kind} 'nobody'" in said
    assert flag in said
    assert not (tmp_path / "labels").exists()


def test_a_wrong_name_in_the_library():
    with pytest.raises(ValueError, match="there is no answer scorer 'casual'.*did you mean 'caus"):
        ScorerSettings(scorer="casual").build()
    with pytest.raises(ValueError, match="there is no teacher 'nobody'"):
        TeacherSettings(teacher="nobody").build(lambda: None)


def test_a_setting_that_does_not_exist():
    with pytest.raises(TypeError, match="epsilom"):
        labeller_from_settings("contrastive", scorer={}, epsilom=0.5)
    assert LabelSettings().epsilon == 0.0


@pytest.mark.parametrize(
    ("settings", "what"),
    [(ScorerSettings(scorer="chat"), "'chat'"), (TeacherSettings(teacher="local"), "'local'")],
)
def test_a_model_that_is_not_named(settings, what):
    with pytest.raises(ValueError, match=f"{what} needs a model.*--model"):
        settings.required_model()
