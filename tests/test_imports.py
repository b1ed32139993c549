"""Which floor may import what; see docs/architecture.md."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEAVY = ("torch", "numpy", "transformers", "sentence_transformers", "langchain_core", "llama_index",
         "typer", "tqdm", "pydantic", "accelerate", "datasets", "matplotlib", "pandas", "peft",
         "safetensors", "huggingface_hub")  # fmt: skip


def loaded_by(statement):
    probe = f"import sys; {statement}; print(*[m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, check=True, text=True)
    return done.stdout.split()


def test_importing_the_core_loads_nothing_heavy():
    assert loaded_by("import recomp_core; recomp_core.Document('x'); recomp_core.TopK(1)") == []


def test_a_compressor_without_a_model_loads_numpy_alone():
    statement = (
        "from recomp_core import ExtractiveCompressor as E; "
        "E(lambda q, s: [1.0] * len(s)).compress('q', ['One. Two.']).to_dict()"
    )
    assert loaded_by(statement) == ["numpy"]


@pytest.mark.parametrize(
    ("package", "framework"),
    [("langchain_recomp", "langchain_core"), ("llamaindex_recomp", "llama_index")],
)
def test_an_adapter_loads_its_framework_and_no_model(package, framework):
    pytest.importorskip(framework)
    loaded = loaded_by(f"import {package}")
    assert framework in loaded
    assert not {"torch", "transformers", "sentence_transformers"} & set(loaded)
    assert not {"langchain_core", "llama_index"} - {framework} & set(loaded)


def test_the_core_never_names_a_framework():
    for file in (ROOT / "recomp_core").rglob("*.py"):
        for name in imported(file):
            assert not name.startswith(("langchain", "llama_index", "llamaindex")), file


@pytest.mark.parametrize("adapter", ["langchain_recomp", "llamaindex_recomp"])
def test_adapters_do_not_know_each_other_or_the_models(adapter):
    for file in (ROOT / adapter).rglob("*.py"):
        for name in imported(file):
            assert not name.startswith("recomp_core.models"), file
            assert not name.startswith(
                ({"langchain_recomp", "llamaindex_recomp"} - {adapter}).pop()
            ), file


PURE = {
    "types": {"layout", "html"},
    "errors": {"types"},
    "meter": {"errors"},
    "layout": set(),
    "words": set(),
    "prompts": set(),
    "metrics": {"words"},
    "selection": {"layout", "types"},
    "splitting": {"layout"},
    "microbatch": set(),
    "deadline": {"layout", "selection", "types"},
}


@pytest.mark.parametrize("module", PURE)
def test_the_pure_floor_imports_only_what_is_below(module):
    file = ROOT / "recomp_core" / f"{module}.py"
    ours = {name.split(".")[-1] for name in imported(file) if name.startswith(".")}
    others = {name.split(".")[0] for name in imported(file) if not name.startswith(".")}
    assert ours <= PURE[module]
    assert others <= set(sys.stdlib_module_names) | {"sentencex"}


def test_what_is_asked_of_a_scorer_needs_no_model():
    statement = "from recomp_core.labelling import AnswerRequest, PairScorer, mine, Meter"
    assert loaded_by(statement) == []
    loaded = loaded_by("from recomp_core.labelling import build_contrastive_examples")
    assert not {"torch", "transformers", "sentence_transformers"} & set(loaded)


def test_what_training_reads_needs_no_model():
    statement = (
        "from recomp_core.training import ExtractiveSettings, LoraSettings, RunSettings, "
        "TrainingDataError, read_contrastive, read_distillation; LoraSettings.parse('rank=4')"
    )
    assert loaded_by(statement) == []
    statement = "from recomp_core.training import train_extractive, train_abstractive"
    assert loaded_by(statement) == ["numpy"]


def test_an_evaluation_is_read_without_a_model():
    statement = "import recomp_core.evaluation; recomp_core.evaluation.Evaluation(())"
    assert loaded_by(statement) == []
    assert loaded_by("import recomp_core.evaluation.cli") == ["typer"]
    assert loaded_by("import recomp_core.evaluation.calibration.cli") == ["typer"]
    assert loaded_by("import recomp_core.evaluation.reports") == []
    loaded = loaded_by("from recomp_core.evaluation import evaluate, compare, check_gates")
    assert not {"torch", "transformers", "sentence_transformers"} & set(loaded)
    assert "langchain_core" not in loaded


def test_finding_a_compressor_needs_no_model():
    assert loaded_by("import recomp_core.sources, recomp_core.models.delta") == []


@pytest.mark.parametrize(("one", "other"), [("labelling", "training"), ("training", "labelling")])
def test_labels_and_training_meet_in_records_only(one, other):
    for file in (ROOT / "recomp_core" / one).rglob("*.py"):
        assert other not in [part for name in imported(file) for part in name.split(".")], file


@pytest.mark.parametrize(
    "module", ["evaluation", "training", "labelling", "persistence", "sources"]
)
def test_what_lies_below_does_not_import_it(module):
    below = ("layout", "types", "words", "metrics", "selection", "splitting", "protocols",
             "scoring", "extractive", "prompts", "support", "evidence", "gates", "abstractive",
             "llm_summarizer", "folders", "microbatch", "deadline", "timed")  # fmt: skip
    files = [*(ROOT / "recomp_core" / "models").rglob("*.py"),
             *(ROOT / "recomp_core" / f"{name}.py" for name in below)]  # fmt: skip
    for file in files:
        assert module not in [part for name in imported(file) for part in name.split(".")], file


def imported(file):
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")
            if node.level and not node.module:  # from .. import labelling
                yield from ("." * node.level + alias.name for alias in node.names)


def test_everything_on_the_face_can_be_had():
    import recomp_core
    import recomp_core.evaluation
    import recomp_core.evaluation.calibration
    import recomp_core.evaluation.reports
    import recomp_core.labelling
    import recomp_core.training

    for face in (
        recomp_core,
        recomp_core.evaluation,
        recomp_core.evaluation.calibration,
        recomp_core.evaluation.reports,
        recomp_core.labelling,
        recomp_core.training,
    ):
        for name in face.__all__:
            assert getattr(face, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = recomp_core.nonsense
