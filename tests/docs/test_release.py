"""What a release compares: versions of all distributions, and the texts of the frameworks' ones."""

import importlib.util
import re
from pathlib import Path

import pytest

import recomp_core

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(
    not (ROOT / "packaging").is_dir(), reason="the sdist holds nothing of a release"
)


def check_version():
    place = ROOT / ".ci" / "check_version.py"
    spec = importlib.util.spec_from_file_location("check_version", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.problems


def test_all_distributions_have_one_version():
    problems = check_version()
    assert problems(None) == []
    assert "the tag is v9.9, the version" in problems("v9.9")[0]


def test_the_distributions_of_the_frameworks_hold_no_code():
    folders = sorted((ROOT / "packaging").iterdir())
    assert [folder.name for folder in folders] == [
        "langchain-recomp",
        "llama-index-postprocessor-recomp",
    ]
    for folder, extra in zip(folders, ("langchain", "llamaindex"), strict=True):
        assert {file.name for file in folder.iterdir()} == {"README.md", "pyproject.toml"}
        text = (folder / "pyproject.toml").read_text("utf-8")
        assert f'"recomp[{extra},offline]=={recomp_core.__version__}"' in text
        assert re.search(r"^bypass-selection = true$", text, re.M)
