"""The model card of a trained compressor: README.md, as the hubs of models read it.

The text is in `card.md.jinja`; this module computes what goes into it.
"""

from __future__ import annotations

import datetime
import json
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import fields
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, Literal

from .._version import __version__
from ..persistence.names import DEFAULT, DEFAULT_HUB_MODEL, UNTRAINED
from .examples import EXAMPLES_FILE, DistillationExample, TrainingData
from .settings import AbstractiveSettings, ExtractiveSettings, LoraSettings, RunSettings

_TEMPLATE = Path(__file__).with_name("card.md.jinja")
_LIBRARY = {"extractive": "sentence-transformers", "abstractive": "transformers"}
_TASK = {"extractive": "feature-extraction", "abstractive": "summarization"}
# What the kinds of scores are, in a few words; see `recomp_core.labelling.Kind`.
_SCORES = {
    "exact": "exact log-probabilities",
    "estimate": "estimates from samples",
    "censored": "log-probabilities or upper bounds of them",
    "proxy": "a proxy of what helps the reader",
}
_Row = tuple[str, ...]


def write_card(
    folder: Path,
    *,
    result_kind: Literal["extractive", "abstractive"],
    base: str,
    data: TrainingData[Any],
    held_out: TrainingData[Any],
    run: RunSettings,
    own: ExtractiveSettings | AbstractiveSettings,
    metrics: Mapping[str, float],
    steps: int,
    seconds: float,
) -> None:
    """Write README.md, replacing one that is there.

    Args:
        folder: Where the weights are already written.
        result_kind: Which compressor was trained.
        base: The base model as the user named it. Of a local folder the card names the last part
            alone, as it does of the data's files.
        data: What the model was trained on.
        held_out: What it was evaluated on.
        run: The settings of the run.
        own: The settings of this kind of training.
        metrics: Figures of the saved weights on `held_out`.
        steps: Updates of the run.
        seconds: How long the run took.
    """
    from huggingface_hub import ModelCard, ModelCardData

    adapter = (folder / "adapter_config.json").is_file()
    name, hub_name = _public_model(base)
    library = _LIBRARY[result_kind]
    of_base = {
        "base_model": hub_name,
        "base_model_relation": "adapter" if adapter else "finetune",
    }
    tags = ["recomp", library, _TASK[result_kind], "context-compression"]
    card = ModelCard.from_template(
        ModelCardData(
            library_name=library,
            tags=[*tags, *(("lora", "peft") if adapter else ())],
            **(of_base if hub_name else {}),
        ),
        template_path=str(_TEMPLATE),
        kind=result_kind,
        name=name,
        hub_name=hub_name,
        adapter=adapter,
        context=getattr(own, "context", None),
        auto_class="AutoModelForCausalLM" if _is_causal(folder) else "AutoModelForSeq2SeqLM",
        data=_data_rows(data, held_out),
        teachers=_teacher_rows([*data.examples, *held_out.examples]),
        held_out=len(held_out),
        figures=[(name.replace("_", " "), f"{value:.4f}") for name, value in metrics.items()],
        steps=steps,
        duration=_format_duration(seconds),
        settings=[*_setting_rows(run), *_setting_rows(own)],
        versions=_versions(library, with_lora=run.lora is not None),
        date=datetime.date.today().isoformat(),
    )
    # `card.save` would fail on a lone surrogate in a file's name.
    (folder / "README.md").write_text(f"{card}\n", encoding="utf-8", errors="replace")


def _is_causal(folder: Path) -> bool:
    """Whether a folder's own files say that its model is decoder-only."""
    names = (folder / "adapter_config.json", folder / "config.json")
    file = next((name for name in names if name.is_file()), None)
    if file is None:
        return False
    said = json.loads(file.read_text(encoding="utf-8"))
    if "task_type" in said:
        return bool(said["task_type"] == "CAUSAL_LM")
    return any(name.endswith("ForCausalLM") for name in said.get("architectures") or ())


def _data_rows(data: TrainingData[Any], held_out: TrainingData[Any]) -> list[_Row]:
    examples = [*data.examples, *held_out.examples]
    kinds = sorted({example.kind for example in examples})
    rows: list[_Row] = [
        ("files", ", ".join(dict.fromkeys(map(_public_file, data.sources)))),
        ("questions trained on", f"{len(data):,}"),
        ("questions held out", f"{len(held_out):,}"),
    ]
    if kinds:
        named = [f"{kind}: {_SCORES[kind]}" if kind in _SCORES else kind for kind in kinds]
        rows.append(("scores", "; ".join(named)))
    if examples and isinstance(examples[0], DistillationExample):
        return [
            *rows,
            ("empty targets trained on", f"{sum(not e.target for e in data.examples):,}"),
            ("empty targets held out", f"{sum(not e.target for e in held_out.examples):,}"),
        ]
    return [*rows, ("without a negative", f"{sum(not e.negatives for e in data.examples):,}")]


def _teacher_rows(examples: Iterable[Any]) -> list[_Row]:
    """Teacher, licence, dates and number of records; empty for other than summaries."""
    dates: dict[tuple[str, str], list[str]] = defaultdict(list)
    for example in examples:
        if isinstance(example, DistillationExample):
            dates[example.teacher, example.licence].append(example.date)
    return [
        (
            _public_model(teacher)[0] if teacher else "not recorded",
            licence or "not recorded",
            " to ".join(sorted({min(found), max(found)} - {""})) or "not recorded",
            f"{len(found):,}",
        )
        for (teacher, licence), found in sorted(dates.items())
    ]


def _setting_rows(settings: Any) -> list[_Row]:
    return [(f.name, _format_setting(getattr(settings, f.name))) for f in fields(settings)]


def _format_setting(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, LoraSettings):
        return ", ".join(f"{name} {shown}" for name, shown in _setting_rows(value))
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        # A table cell can't hold the line breaks of a prompt.
        return value if value.isprintable() else f"`{json.dumps(value, ensure_ascii=False)}`"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _versions(library: str, *, with_lora: bool) -> list[str]:
    found = [f"recomp {__version__}"]
    for name in dict.fromkeys(["torch", "transformers", library, *(["peft"] * with_lora)]):
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return found


def _public_model(name: str) -> tuple[str, str | None]:
    """The name of a model without folders of the machine, and its name on the hub or None."""
    if name in (UNTRAINED, DEFAULT):
        return DEFAULT_HUB_MODEL, DEFAULT_HUB_MODEL
    path = name.startswith((".", "~")) or "\\" in name or Path(name).is_absolute()
    if path or name.count("/") > 1 or os.path.isdir(name):
        return _last_part(name), None
    return name, name


def _public_file(source: str) -> str:
    """The file's name, with its folder where labels always have the same file name."""
    name = _last_part(source)
    parent = _last_part(source[: -len(name)].rstrip("/\\"))
    return f"{parent}/{name}" if name == EXAMPLES_FILE and parent else name


def _last_part(path: str) -> str:
    pure = PureWindowsPath(path) if "\\" in path else PurePosixPath(path)
    return pure.name


def _format_duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.1f} hours"
