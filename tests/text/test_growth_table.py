"""Whatever reads a text in the room `text` is among the functions whose growth is measured."""

import importlib
import importlib.util
import inspect
import pkgutil
import re
import sys
from pathlib import Path

import pytest

import recomp_core.text

FOLDER = Path(__file__).parents[2] / "benchmarks" / "torture"

# The annotation of a parameter that holds text, or the lines of one.
TEXT = re.compile(r"\bstr\b|\bLine\b|\bUnit\b|_Compression\b|\bBareTokenizer\b|\bScan\b")


@pytest.fixture(scope="module")
def growth():
    sys.path.insert(0, str(FOLDER))
    try:
        return importlib.import_module("growth")
    finally:
        sys.path.remove(str(FOLDER))


def readers():
    """The names of all public functions and methods of the room that take a text."""
    for module in pkgutil.walk_packages(recomp_core.text.__path__, "recomp_core.text."):
        own = importlib.import_module(module.name)
        for name, found in vars(own).items():
            if name.startswith("_") or getattr(found, "__module__", None) != module.name:
                continue
            place = f"{module.name.removeprefix('recomp_core.')}.{name}"
            if inspect.isclass(found):
                if getattr(found, "_is_protocol", False):
                    continue
                for method, function in vars(found).items():
                    if inspect.isfunction(function) and not method.startswith("_"):
                        yield f"{place}.{method}", function
            elif inspect.isfunction(inspect.unwrap(found)):
                yield place, inspect.unwrap(found)


def test_every_function_that_reads_a_text_is_measured(growth):
    missing = [
        name
        for name, function in readers()
        if any(
            TEXT.search(str(p.annotation)) for p in inspect.signature(function).parameters.values()
        )
        and name not in growth.FUNCTIONS
        and name not in growth.EXEMPT
    ]
    assert not missing, "add them to FUNCTIONS, or to EXEMPT with the reason"


def test_what_is_exempt_is_there_and_not_measured(growth):
    there = {name for name, _ in readers()} | {"text.tokens.TokenCounter"}
    assert set(growth.EXEMPT) <= there
    assert all(growth.EXEMPT.values())
    assert not growth.EXEMPT.keys() & growth.FUNCTIONS.keys()


def test_constructs_have_the_size_that_is_asked_for(growth):
    for name, of_size in growth.CONSTRUCTS.items():
        text = of_size(2_000)
        assert len(text) == 2_000, name
        assert of_size(4_000)[:1_000] == text[:1_000], name


def test_what_is_worse_than_linear_is_told(growth, monkeypatch):
    monkeypatch.setattr(growth, "seconds", lambda read, text: len(text) ** 2 / 1e9)
    found = growth.growth(len, lambda size: "x" * size, 100_000)
    assert found.factor > 3
    monkeypatch.setattr(growth, "seconds", lambda read, text: len(text) / 1e6)
    assert growth.growth(len, lambda size: "x" * size, 100_000).factor < 3
