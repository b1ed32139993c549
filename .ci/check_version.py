"""Checks that a version can be released: `python .ci/check_version.py [v0.1.0]`."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def problems(tag: str | None) -> list[str]:
    """What speaks against a release; tag: its name, or None before there is one."""
    file = (ROOT / "recomp_core/_version.py").read_text(encoding="utf-8")
    (version,) = re.findall(r'^__version__ = "(.+)"$', file, re.M)
    found = []
    if tag is not None and tag != f"v{version}":
        found.append(f"the tag is {tag}, the version {version}")
    for pyproject in sorted(ROOT.glob("packaging/*/pyproject.toml")):
        text = pyproject.read_text(encoding="utf-8")
        said = {a or b for a, b in re.findall(r'^version = "(.+)"$|==([^"]+)"\]$', text, re.M)}
        if said != {version}:
            found.append(f"{pyproject.parent.name} says {', '.join(sorted(said))}, not {version}")
    if f"version: {version}\n" not in (ROOT / "CITATION.cff").read_text(encoding="utf-8"):
        found.append(f"CITATION.cff does not say {version}")
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    if tag is not None and f"## [{version}]" not in changes:
        found.append(f"CHANGELOG.md has no section [{version}]")
    return found


if __name__ == "__main__":
    for problem in (there := problems(sys.argv[1] if len(sys.argv) > 1 else None)):
        print(problem)
    sys.exit(bool(there))
