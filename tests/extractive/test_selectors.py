"""Selectors by name: what is written of them, what is read, and what a line of text makes."""

import importlib
import json
import re
import sys

import numpy as np
import pytest

from recomp_core import Threshold, TokenBudget, TokenCounter, TopK, TopP
from recomp_core.extractive.selection import All, Selector
from recomp_core.extractive.selectors import (
    SELECTORS,
    parse_selector,
    selector_from_dict,
    selector_to_dict,
)

MODULE = '''
from dataclasses import dataclass, field

@dataclass(frozen=True)
class Middle:
    width: int
    share: float = 1
    names: tuple[str, ...] = ()
    inner: object = None
    cache: dict = field(default_factory=dict, init=False, compare=False)

    def admits(self, draft):
        return True

class Secret:
    """Writes itself."""

    def __init__(self, words):
        self.words = words

    def admits(self, draft):
        return True

    def to_dict(self):
        return {"text": " ".join(self.words)}

    @classmethod
    def from_dict(cls, data):
        return cls(data["text"].split())

class Plain:
    def __init__(self, **anything):
        self.anything = anything

    def admits(self, draft):
        return True

class NoSelector:
    pass

class Exported(Middle):
    pass
'''


@pytest.fixture
def other_package(tmp_path, monkeypatch):
    """A package of somebody else that registers selectors, as pip would install it."""
    (tmp_path / "their_selectors.py").write_text(MODULE)
    (tmp_path / "their_package.py").write_text("from their_selectors import Exported")
    info = tmp_path / "theirs-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[recomp.selectors]\nmiddle = their_selectors:Middle\nsecret = their_selectors:Secret\n"
        "plain = their_selectors:Plain\nnone = their_selectors:NoSelector\n"
        "gone = their_selectors:Gone\nexported = their_package:Exported\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("their_selectors")
    for module in ("their_selectors", "their_package"):
        sys.modules.pop(module, None)


# As folders of earlier versions hold them: neither form nor order may change.
WRITTEN = [
    (TopK(2), '{"type": "top_k", "k": 2}'),
    (TopP(0.6), '{"type": "top_p", "p": 0.6, "temperature": 0.05}'),
    (TopP(1), '{"type": "top_p", "p": 1.0, "temperature": 0.05}'),
    (Threshold(1), '{"type": "threshold", "min_score": 1.0}'),
    (
        TokenBudget(200, TokenCounter("gpt2", True)),
        '{"type": "token_budget", "max_tokens": 200, "tokenizer": "gpt2", '
        '"local_files_only": true}',
    ),
    (
        TopK(5) & Threshold(0.3),
        '{"type": "all", "selectors": [{"type": "top_k", "k": 5}, '
        '{"type": "threshold", "min_score": 0.3}]}',
    ),
]


@pytest.mark.parametrize(("selector", "written"), WRITTEN)
def test_the_written_form_of_every_selector_stays(selector, written):
    assert json.dumps(selector_to_dict(selector)) == written
    assert selector_from_dict(json.loads(written)) == selector


def test_numbers_of_numpy_are_written_as_plain_numbers():
    assert json.dumps(selector_to_dict(TopK(np.int64(3)))) == '{"type": "top_k", "k": 3}'
    half = selector_to_dict(Threshold(np.float32(0.5)))
    assert json.dumps(half) == '{"type": "threshold", "min_score": 0.5}'


def test_every_name_stands_for_a_selector():
    for name in SELECTORS.ours:
        assert issubclass(SELECTORS.load(name), Selector)
        assert SELECTORS.name_of(SELECTORS.load(name)) == name


def test_what_is_not_registered_has_no_written_form():
    class Mine(TopK):
        pass

    message = r"can't be saved: TopK, TopP, .*selector=\), or register it as an entry point"
    with pytest.raises(ValueError, match=message):
        selector_to_dict(Mine(2))
    with pytest.raises(ValueError, match="use TokenCounter"):
        selector_to_dict(TopK(2) & TokenBudget(9, len))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, 'a selector is written as {"type": "top_k", "k": 2}, got {}'),
        ("top_k", "got 'top_k'"),
        ({"type": ["top_k"]}, r"got {'type': \['top_k'\]}"),
        ({"type": "treshold"}, "there is no selector 'treshold': .*did you mean 'threshold'"),
        ({"type": "top_k", "k": 0}, "whole number of at least 1, got k=0"),
        ({"type": "top_k", "n": 2}, "'top_k' has no setting n: it has k"),
        ({"type": "top_p"}, "'top_p' needs a value for p: \"top_p:p=…\""),
    ],
)
def test_damaged_forms(data, message):
    with pytest.raises(ValueError, match=message):
        selector_from_dict(data)


def test_a_registered_dataclass_is_written_by_its_fields(other_package):
    middle = other_package.Middle(3, names=("a", "b"), inner=TopK(1))
    written = {
        "type": "middle", "width": 3, "share": 1.0, "names": ["a", "b"],
        "inner": {"type": "top_k", "k": 1},
    }  # fmt: skip
    assert json.dumps(selector_to_dict(middle)) == json.dumps(written)
    assert selector_from_dict(written) == middle
    both = TopK(2) & middle
    assert selector_from_dict(json.loads(json.dumps(selector_to_dict(both)))) == both


def test_a_registered_class_may_write_itself(other_package):
    written = selector_to_dict(other_package.Secret(["x", "y"]))
    assert written == {"type": "secret", "text": "x y"}
    assert selector_from_dict(written).words == ["x", "y"]


def test_a_class_may_be_registered_where_it_is_exported(other_package):
    exported = selector_from_dict({"type": "exported", "width": 1})
    assert type(exported) is other_package.Exported
    assert selector_to_dict(exported)["type"] == "exported"


def test_registered_classes_that_cannot_be_written_say_what_to_do(other_package):
    with pytest.raises(ValueError, match=r"make Plain a dataclass, or give it to_dict\(\)"):
        selector_to_dict(other_package.Plain())
    with pytest.raises(ValueError, match=r"Middle's inner can't be saved: \{\} is not a string"):
        selector_to_dict(other_package.Middle(3, inner={}))


def test_a_registration_that_does_not_fit_says_so(other_package):
    with pytest.raises(TypeError, match="is not a selector"):
        selector_from_dict({"type": "none"})
    with pytest.raises(ImportError, match="'gone' is registered as their_selectors:Gone"):
        selector_from_dict({"type": "gone"})


@pytest.mark.parametrize(
    ("text", "selector"),
    [
        ("top_k:k=2", TopK(2)),
        (" top_p : p = 0.6 , temperature = 1e-1 ", TopP(0.6, 0.1)),
        ("top_p:p=0.6", TopP(0.6)),
        ("threshold:min_score=-1", Threshold(-1)),
        ("top_k:k=5 & threshold:min_score=0.3", All(TopK(5), Threshold(0.3))),
    ],
)
def test_a_line_of_text_makes_a_selector(text, selector):
    assert parse_selector(text) == selector


def test_a_line_of_text_makes_a_registered_selector(other_package):
    assert parse_selector("middle:width=3,share=0.5") == other_package.Middle(3, 0.5)
    assert parse_selector("secret:text=x").words == ["x"]
    assert parse_selector("plain").anything == {}
    assert parse_selector("plain:a=true,b=False,c=2,d=2.5,e=two").anything == {
        "a": True, "b": False, "c": 2, "d": 2.5, "e": "two",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "there is no selector '': choose one of 'top_k', "),
        ("best:k=2", "there is no selector 'best': choose one of 'top_k', "),
        ("top_k", 'needs a value for k: "top_k:k=…"'),
        ("top_k:", "the selector 'top_k:': '' must be a setting and its value"),
        ("top_k:2", "'2' must be a setting and its value, .*write \"top_k:k=2\""),
        ("top_k:k=", "'k=' must be a setting and its value"),
        ("top_k:k=1,k=2", "'k=2' must be a setting and its value, each setting once"),
        ("top_k:type=top_p", "'type=top_p' must be a setting and its value"),
        ("top_k:k=2,n=3,m=4", "'top_k' has no setting m, n: it has k"),
        ("top_k:k=two", "whole number of at least 1, got k='two'"),
        ("top_k:k=true", "whole number of at least 1, got k=True"),
        ("top_p:p=2", "at most 1, got p=2"),
        ("token_budget:max_tokens=200", "counts tokens; give max_tokens instead"),
        ("top_k:k=2 & all", 'join the selectors with "&" instead'),
        ("top_k:k=2 &", "there is no selector ''"),
    ],
)
def test_a_line_of_text_that_says_nothing_clear(text, message):
    with pytest.raises(ValueError, match=message):
        parse_selector(text)


def test_a_combination_names_the_whole_text():
    with pytest.raises(ValueError, match=re.escape("the selector 'top_k:k=2 & all'")):
        parse_selector("top_k:k=2 & all")
