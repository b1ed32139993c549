"""Names to things: ours, and those that other packages register."""

import subprocess
import sys

import pytest

from recomp_core._utils.registry import Registry

COLOURS = Registry(
    "colour",
    "recomp.test_colours",
    {"path": "pathlib:Path", "gone": "pathlib:Nothing", "missing": "no_such_module:x"},
)


def test_a_name_gives_its_object():
    from pathlib import Path

    assert COLOURS.load("path") is Path
    from fractions import Fraction

    assert Registry("number", "recomp.none", {"f": "fractions:Fraction"}).name_of(Fraction) == "f"
    assert COLOURS.names() == ["path", "gone", "missing"]


def test_an_unknown_name_lists_the_others_and_the_remedy():
    with pytest.raises(
        ValueError, match=r"no colour 'pathh'.*'path', 'gone'.*recomp\.test_col.*did you"
    ):
        COLOURS.load("pathh")


@pytest.mark.parametrize("name", ["gone", "missing"])
def test_what_is_registered_and_not_there_is_an_import_error(name):
    with pytest.raises(ImportError, match=f"'{name}' is registered as .*can't be imported"):
        COLOURS.load(name)


def test_what_is_not_registered_has_no_name():
    assert COLOURS.name_of(object()) is None


def test_another_package_adds_a_name_that_ours_go_before(tmp_path):
    (tmp_path / "their_colours.py").write_text("class Green: pass\n")
    info = tmp_path / "their_colours-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: their-colours\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[recomp.test_colours]\ngreen = their_colours:Green\npath = their_colours:Green\n"
    )
    probe = (
        "from recomp_core._utils.registry import Registry\n"
        "import their_colours\n"
        "r = Registry('colour', 'recomp.test_colours', {'path': 'pathlib:Path'})\n"
        "print(r.names(), r.load('green').__name__, r.load('path').__name__,"
        " r.name_of(their_colours.Green))"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=True, cwd=tmp_path,
        env={**__import__("os").environ, "PYTHONPATH": str(tmp_path)},
    )  # fmt: skip
    assert done.stdout.split() == ["['path',", "'green']", "Green", "Path", "green"]
