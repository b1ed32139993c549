"""One declaration of the settings: what the library, the adapters and type checkers make of it."""

import importlib
import inspect
import subprocess
import sys
import typing

import pytest
from conftest import needs

from recomp_core import load_compressor
from recomp_core._utils.settings import declared_settings
from recomp_core.integration import COMPRESSOR_SETTINGS, AdapterSettings, CompressorSettings
from recomp_core.persistence.factory import compressor_from_encoder, compressor_from_settings

# What load_compressor calls by another name, or leaves to the summarizer.
OTHERWISE = {
    "model", "extract_tokens",
    "prompt", "titles", "quantization", "max_input_tokens", "max_new_tokens", "min_new_tokens",
    "num_beams", "length_penalty", "empty_word", "detect_refusals",
}  # fmt: skip


def test_load_compressor_spells_out_the_declared_settings():
    parameters = inspect.signature(load_compressor).parameters
    hints = typing.get_type_hints(
        load_compressor, vars(sys.modules["recomp_core.persistence.compressors"]) | _lazy_types()
    )
    for name, declared in declared_settings(CompressorSettings).items():
        if name in OTHERWISE:
            continue
        assert name in parameters, name
        if name not in ("store", "selector", "recovery", "local_files_only"):  # objects; never None
            assert hints[name] == declared.type, name


def _lazy_types():
    from recomp_core.runtime.batching import Batching
    from recomp_core.store import SentenceStore

    return {"Batching": Batching, "SentenceStore": SentenceStore}


@pytest.mark.parametrize("make", [compressor_from_settings, compressor_from_encoder])
def test_a_factory_takes_no_setting_that_is_not_declared(make):
    own = {"encoder"}
    for name, parameter in inspect.signature(make).parameters.items():
        if parameter.kind is not parameter.VAR_KEYWORD and name not in own:
            assert name in COMPRESSOR_SETTINGS, name


def test_a_setting_that_does_not_exist_is_refused():
    with pytest.raises(TypeError, match="top_kk"):
        compressor_from_settings(top_kk=2)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        pytest.param(
            "langchain_recomp",
            "RecompDocumentCompressor",
            marks=needs("langchain_core", "langchain"),
        ),
        pytest.param(
            "llamaindex_recomp", "RecompNodePostprocessor", marks=needs("llama_index", "llamaindex")
        ),
    ],
)
def test_an_adapter_has_every_declared_field_with_its_default(module, name):
    adapter = getattr(importlib.import_module(module), name)
    for setting in declared_settings(AdapterSettings).values():
        field = adapter.model_fields[setting.name]
        assert field.default == setting.default


@pytest.mark.parametrize("module", ["langchain_recomp", "llamaindex_recomp"])
def test_adapters_import_recomp_core_and_its_integration_only(module):
    import ast
    from pathlib import Path

    root = Path(__file__).parents[2] / module
    for file in root.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for imported in names:
                if imported.startswith("recomp_core"):
                    assert imported in ("recomp_core", "recomp_core.integration"), file


GOOD = """
from langchain_recomp import RecompDocumentCompressor
from llamaindex_recomp import RecompNodePostprocessor
from recomp_core import load_compressor

RecompDocumentCompressor(top_k=3, min_score=0.3, context="title", merge=True, store="folder")
RecompNodePostprocessor(top_k=3, max_tokens=100, on_empty="placeholder", timeout_s=1.0)
load_compressor("minilm", context="sentence", expand=(1, 0))
compressor: RecompDocumentCompressor = RecompDocumentCompressor()
limit: int | None = compressor.top_k
"""

# Each line with what a type checker says of it.
BAD = {
    "RecompDocumentCompressor(topk=3)": '"topk"',
    'RecompDocumentCompressor(top_k="3")': '"top_k"',
    'RecompDocumentCompressor(context="titel")': '"context"',
    "RecompNodePostprocessor(min_scores=0.1)": '"min_scores"',
    'RecompNodePostprocessor(on_empty="nothing")': '"on_empty"',
    'load_compressor(context="titel")': '"context"',
    "compressor.top_kk": '"top_kk"',
}


@pytest.mark.slow
def test_type_checkers_see_every_setting(tmp_path):
    pytest.importorskip("mypy", reason='needs pip install "recomp[lint]"')
    pytest.importorskip("langchain_core", reason='needs pip install "recomp[langchain]"')
    pytest.importorskip("llama_index.core", reason='needs pip install "recomp[llamaindex]"')
    (tmp_path / "good.py").write_text(GOOD)
    (tmp_path / "bad.py").write_text(GOOD + "\n".join(BAD) + "\n")
    # The frameworks are read with their types; what they stand on takes minutes and decides nothing.
    skipped = (
        "PIL", "aiohttp", "fsspec", "httpx", "langsmith", "networkx", "nltk", "numpy", "openai",
        "sentence_transformers", "sqlalchemy", "tiktoken", "torch", "transformers", "workflows",
    )  # fmt: skip
    overrides = "".join(f"[mypy-{name}.*]\nfollow_imports = skip\n" for name in skipped)
    (tmp_path / "mypy.ini").write_text(f"[mypy]\nignore_missing_imports = True\n{overrides}")
    first = len(GOOD.splitlines()) + 1
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--follow-imports=silent", "--no-error-summary",
         "good.py", "bad.py"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    said = {}
    for line in done.stdout.splitlines():
        place, _, message = line.partition(": error: ")
        said.setdefault(place, []).append(message)
    assert not [place for place in said if place.startswith("good.py")], done.stdout + done.stderr
    for number, (statement, name) in enumerate(BAD.items(), start=first):
        messages = said.get(f"bad.py:{number}", [])
        assert any(name in message for message in messages), (statement, done.stdout)
