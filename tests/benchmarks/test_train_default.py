"""The script that rebuilds the encoders, with commands that only write what they would have made."""

import os
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "train_default.sh"

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")

# Writes its arguments into a log, and the folder or file that the real command would write.
FAKE = r"""#!/usr/bin/env bash
echo "$(basename "$0") $*" >> "$LOG"
case "$*" in
*"$FAIL"*) exit 1 ;;
*default_data.py*) mkdir -p "$2" && touch "$2/examples.jsonl" ;;
*questions_to_label.py*) mkdir -p "$2/$4" && touch "$2/part0.jsonl" ;;
*label\ contrastive*) mkdir -p "$5" && touch "$5/examples.jsonl" ;;
*fold_adapters.py*) mkdir -p "$3" ;;
*--output*) while [ "$1" != --output ]; do shift; done; mkdir -p "$2" ;;
esac
"""


@pytest.fixture
def rebuild(tmp_path):
    for name in ("recomp", "python"):
        (tmp_path / name).write_text(FAKE)
        (tmp_path / name).chmod(0o755)
    log = tmp_path / "log"

    def run(*encoder, fail="nothing fails"):
        log.write_text("")
        path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", str(SCRIPT), str(tmp_path / "out"), *encoder],
            env={**os.environ, "PATH": path, "LOG": str(log), "FAIL": fail},
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        return done, [line.split() for line in log.read_text().splitlines()]

    return run


def setting(command, name):
    """The value of an option, the last one where it is given twice."""
    return [value for option, value in pairwise(command) if option == name][-1]


def test_the_english_encoder_learns_in_two_steps(rebuild, tmp_path):
    done, commands = rebuild()
    assert done.returncode == 0, done.stderr
    data, people, questions, label, second, likelihood, fold = commands
    assert data[1].endswith("default_data.py")
    assert questions[1].endswith("questions_to_label.py")
    assert label[:3] == ["recomp", "label", "contrastive"]
    assert setting(label, "--model") == str(tmp_path / "out" / "labels" / "smollm2")
    assert setting(second, "--labels") == setting(label, "-o")
    assert fold[1].endswith("fold_adapters.py")
    assert people[3:6] == [str(tmp_path / "out" / "default-data"), "--base", "minilm"]
    assert setting(people, "--max-held-out") == "120"
    assert setting(likelihood, "--base") == str(tmp_path / "out" / "recomp-minilm-people")
    assert setting(likelihood, "--max-held-out") == "60"
    for command in (people, likelihood):
        assert setting(command, "--context") == "document"
        assert setting(command, "--batch-size") == "24"
    assert (tmp_path / "out" / "recomp-minilm").is_dir()


def test_what_is_made_stays(rebuild):
    done, commands = rebuild(fail="recomp-minilm-likelihood")
    assert done.returncode
    assert len(commands) == 6
    done, commands = rebuild()
    assert done.returncode == 0
    assert [command[0] for command in commands] == ["recomp", "python"]
    assert "recomp-minilm-people is there" in done.stdout
    assert rebuild()[1] == []


def test_the_multilingual_encoder(rebuild, tmp_path):
    done, commands = rebuild("multilingual")
    assert done.returncode == 0, done.stderr
    data, training = commands
    assert setting(data, "--mixture") == "multilingual-more"
    assert setting(training, "--base") == "multilingual-e5-small"
    assert setting(training, "--context") == "title"
    assert (tmp_path / "out" / "recomp-multilingual").is_dir()


def test_an_encoder_of_no_name(rebuild):
    done, commands = rebuild("klingon")
    assert done.returncode == 2
    assert "give english or multilingual" in done.stderr
    assert commands == []
