"""What an import loads. Which room may import which is held by import-linter, see pyproject.toml."""

import subprocess
import sys

import pytest

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
    assert loaded_by("import recomp_core.cli.evaluate") == ["typer"]
    assert loaded_by("import recomp_core.cli.calibrate") == ["typer"]
    assert loaded_by("import recomp_core.evaluation.reports") == []
    loaded = loaded_by("from recomp_core.evaluation import evaluate, compare, check_gates")
    assert not {"torch", "transformers", "sentence_transformers"} & set(loaded)
    assert "langchain_core" not in loaded


def test_finding_a_compressor_needs_no_model():
    assert loaded_by("import recomp_core.persistence.names, recomp_core.models.encoders.lora") == []


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
