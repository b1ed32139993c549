"""Write the tables of settings from their declarations: `python docs/write_settings.py`.

The tables stand between markers in docs/settings.md; tests/docs/test_settings.py
fails if they are not what this script writes.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from recomp_core._utils.settings import DeclaredSetting, declared_settings

ROOT = Path(__file__).parents[1]
PAGES = ("docs/settings.md",)


def tables() -> dict[str, str]:
    """The tables by the name in their markers.

    Returns:
        Markdown tables: "compressor" and "adapters", and those of the long runs.
    """
    from langchain_recomp.compressor import LangChainSettings
    from llamaindex_recomp.postprocessor import LlamaIndexSettings
    from recomp_core.integration import AdapterSettings, CompressorSettings

    own = declared_settings(CompressorSettings)
    adapters = {n: s for n, s in declared_settings(AdapterSettings).items() if n not in own}
    rows = [_row(s, f"`{s.name}`") for s in adapters.values()]
    for framework, declared_by in (
        ("LangChain", LangChainSettings),
        ("LlamaIndex", LlamaIndexSettings),
    ):
        for name, setting in declared_settings(declared_by).items():
            if name not in own and name not in adapters:
                rows.append(_row(setting, f"`{name}` ({framework})"))
    head = "| setting | default | what it does |\n|---|---|---|\n"
    return {
        "compressor": head + "\n".join(_row(s, _name(s)) for s in own.values()),
        "adapters": head + "\n".join(rows),
        **{name: head + "\n".join(table) for name, table in _long_runs()},
    }


def _long_runs() -> Iterable[tuple[str, list[str]]]:
    from recomp_core.cli.evaluate import ReaderOptions
    from recomp_core.labelling import settings as labelling
    from recomp_core.labelling.teachers import settings as teachers
    from recomp_core.training import settings as training

    for name, declared_by in (
        ("scorers", labelling.ScorerSettings),
        ("teachers", teachers.TeacherSettings),
        ("readers", ReaderOptions),
        ("training-runs", training.RunSettings),
        ("training-extractive", training.ExtractiveSettings),
        ("training-abstractive", training.AbstractiveSettings),
    ):
        yield name, [_row(s, _name(s)) for s in declared_settings(declared_by).values()]


def _name(setting: DeclaredSetting) -> str:
    option = setting.setting.flags[0] if setting.setting.flags else ""
    option = option or f"--{setting.name.replace('_', '-')}"
    return f"`{setting.name}`, `{option}`" if setting.setting.in_command else f"`{setting.name}`"


def _row(setting: DeclaredSetting, name: str) -> str:
    return f"| {name} | {_default(setting)} | {setting.setting.help.replace('|', chr(92) + '|')} |"


def _default(setting: DeclaredSetting) -> str:
    if setting.setting.unset:
        return setting.setting.unset
    default: Any = setting.default
    if default is None or default is dataclasses.MISSING:
        return "–"
    return f'`"{default}"`' if isinstance(default, str) else f"`{default}`"


def written(page: str) -> str:
    """A page with its tables as they should be.

    Args:
        page: The text of a page with markers.

    Returns:
        The text with what stands between each pair of markers written again.
    """
    for name, table in tables().items():
        pattern = rf"(<!-- settings: {name} -->\n).*?(<!-- end -->)"
        page = re.sub(pattern, lambda m, t=table: f"{m[1]}{t}\n{m[2]}", page, flags=re.DOTALL)
    return page


if __name__ == "__main__":
    for name in PAGES:
        path = ROOT / name
        path.write_text(written(path.read_text(encoding="utf-8")), encoding="utf-8")
