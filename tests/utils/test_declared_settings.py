"""Settings that are declared once: by plain classes, dataclasses and pydantic models."""

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import pytest

from recomp_core._utils.settings import (
    Checked,
    Float,
    Int,
    Name,
    Setting,
    choices_of,
    declaration,
    declared_settings,
    plain_type,
)


@declaration
class Base:
    place: Annotated[Name | None, Setting("Where.")] = None
    hidden: int = 3


def positive(value):
    if value is not None and value <= 0:
        raise ValueError(f"must be above 0, got {value}")
    return value


@declaration
class Declared(Base):
    count: Annotated[Int | None, Setting("How many.", unset="all")] = None
    share: Annotated[Float, Checked(positive), Setting("How much.")] = 0.5
    mode: Annotated[Literal["slow", "fast"], Setting("How.")] = "slow"
    pair: Annotated[tuple[Int, Int] | None, Setting("Two.", in_command=False)] = None


def test_a_class_tells_its_settings_its_own_before_those_it_inherits():
    found = declared_settings(Declared)
    assert list(found) == ["count", "share", "mode", "pair", "place"]
    assert found["count"].type == int | None
    assert found["count"].setting.unset == "all"
    assert (found["share"].type, found["share"].default) == (float, 0.5)
    assert found["pair"].type == tuple[int, int] | None
    assert choices_of(found["mode"].type) == ("slow", "fast")
    assert choices_of(found["count"].type) == ()


def test_dataclasses_declare_too():
    @dataclass
    class Run:
        steps: Annotated[int, Setting("How many.")]
        names: Annotated[list[str], Setting("Which.")] = field(default_factory=list)
        scale: Annotated[float, Setting("How much.")] = 1.0

    found = declared_settings(Run)
    assert found["steps"].default is dataclasses.MISSING
    assert (found["names"].default, found["names"].type) == ([], list[str])
    assert found["scale"].default == 1.0


def test_plain_types_have_no_metadata_at_any_depth():
    assert plain_type(Annotated[tuple[Int, Int] | None, "x"]) == tuple[int, int] | None
    assert plain_type(str) is str


class TestInPydantic:
    @pytest.fixture
    def model(self):
        pydantic = pytest.importorskip("pydantic")

        class Model(Declared, pydantic.BaseModel):
            model_config = pydantic.ConfigDict(extra="forbid", arbitrary_types_allowed=True)
            own: Annotated[int, Setting("Its own.")] = 7
            needed: Annotated[str, Setting("Needed.")]

        return Model

    def test_a_model_has_the_declared_fields(self, model):
        made = model(count=2, place=Path("a/b"), pair=[1, 2], needed="x")
        assert (made.count, made.share, made.pair, made.own) == (2, 0.5, (1, 2), 7)
        assert made.place == str(Path("a/b"))
        assert not hasattr(model.model_fields, "hidden")
        found = declared_settings(model)
        assert found["own"].default == 7
        assert found["needed"].default is dataclasses.MISSING
        assert found["count"].default is None

    @pytest.mark.parametrize(
        "wrong",
        [
            {"count": True},
            {"count": "3"},
            {"share": "1"},
            {"share": 0.0},
            {"mode": "odd"},
            {"coutn": 1},
        ],
    )
    def test_a_wrong_value_is_refused(self, model, wrong):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            model(needed="x", **wrong)
