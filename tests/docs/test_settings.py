"""The tables of settings are those that the declarations give."""

import importlib.util
from pathlib import Path

import pytest

pytest.importorskip("langchain_core", reason='needs pip install "recomp[langchain]"')
pytest.importorskip("llama_index.core", reason='needs pip install "recomp[llamaindex]"')

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("write_settings", ROOT / "docs/write_settings.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", ["docs/settings.md"])
def test_a_page_holds_the_tables_that_its_declarations_give(script, page):
    text = (ROOT / page).read_text(encoding="utf-8")
    assert "<!-- settings: compressor -->" in text
    assert text == script.written(text), "run python docs/write_settings.py"


def test_every_table_has_a_place(script):
    text = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    for name, table in script.tables().items():
        assert f"<!-- settings: {name} -->" in text
        assert len(table.splitlines()) > 2, name


def test_a_table_says_name_option_default_and_help(script):
    table = script.tables()["compressor"]
    assert (
        "| `top_k`, `--top-k` | 2, where neither top_p, max_tokens nor selector is given | Keep at most"
        in table
    )
    assert "| `expand` | none |" in table  # no option of the command
