"""The model card of what was trained: README.md, as the hubs of models read it."""

from __future__ import annotations

import datetime
import json
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, Literal

from .._version import __version__
from ..persistence.names import DEFAULT, DEFAULT_HUB_MODEL, UNTRAINED
from .examples import EXAMPLES_FILE, DistillationExample, TrainingData
from .settings import AbstractiveSettings, ExtractiveSettings, LoraSettings, RunSettings

_LIBRARY = {"extractive": "sentence-transformers", "abstractive": "transformers"}
_TAGS = {
    "extractive": ("recomp", "sentence-transformers", "feature-extraction", "context-compression"),
    "abstractive": ("recomp", "transformers", "summarization", "context-compression"),
}
_DOES = {
    "extractive": "An extractive compressor: an encoder that ranks first the sentences of "
    "retrieved documents that help a reader to the answer of a question.",
    "abstractive": "An abstractive compressor: an encoder-decoder that writes from retrieved "
    "documents the short summary that helps a reader to the answer of a question, or nothing where "
    "none would.",
}
# What the kinds of scores are, in a few words; see `recomp_core.labelling.Kind`.
_SCORES = {
    "exact": "exact log-probabilities",
    "estimate": "estimates from samples",
    "censored": "log-probabilities or upper bounds of them",
    "proxy": "a proxy of what helps the reader",
}
_RECOMP = """```python
from recomp_core import load_compressor

compressor = load_compressor("path/to/this/folder")
compressor.compress("who built the tower?", ["passage one …", "passage two …"]).text
```
"""
_PLAIN_LOAD = """from sentence_transformers import SentenceTransformer

model = SentenceTransformer("path/to/this/folder")
"""
_ADAPTER_LOAD = """from peft import PeftModel
from sentence_transformers import SentenceTransformer

model = SentenceTransformer("{}")
model[0].auto_model = PeftModel.from_pretrained(model[0].auto_model, "path/to/this/folder")
"""
_PLAIN = {
    "extractive": f"""```python
{_PLAIN_LOAD}queries = model.encode_query(["who built the tower?"])
model.similarity(queries, model.encode_document(["Ada Reyes built it.", "Tea is at four."]))
```
""",
    "abstractive": """```python
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("path/to/this/folder")
model = AutoModelForSeq2SeqLM.from_pretrained("path/to/this/folder")
```
""",
}
_CONTEXT = {
    "sentence": "A sentence is encoded alone.",
    "title": "A sentence is encoded after its document's title; plain sentence-transformers leaves "
    "putting it there to you.",
    "document": "A sentence's vector is the mean over its own tokens within its encoded document; "
    "plain sentence-transformers gives vectors of whole texts only.",
}


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
    """Write README.md into `folder`, over one that is there.

    base: as the user named it; of a local folder only the last part of the name is told, as of the
        files of the data. metrics: of the saved weights on `held_out`.
    """
    adapter = (folder / "adapter_config.json").is_file()
    name, hub_name = _model(base)
    shown = f"`{name}`" if hub_name else f"`{name}` (a local folder)"
    parts = [
        _front_matter(result_kind, hub_name, adapter),
        f"# {result_kind.capitalize()} RECOMP compressor from {name}\n",
        f"{_DOES[result_kind]} Trained from {shown} as in RECOMP "
        "([Xu, Shi and Choi, 2023](https://arxiv.org/abs/2310.04408)).\n",
        "## Use\n",
        _RECOMP,
        _plain_use(result_kind, own, hub_name, adapter),
        "## Data\n",
        _data(data, held_out),
        "## Figures\n",
        _figures(metrics, len(held_out)),
        "## Training\n",
        f"{steps:,} steps in {_duration(seconds)}.\n",
        _table(("setting", "value"), [*_settings(run), *_settings(own)]),
        "## Versions\n",
        f"{', '.join(_versions(result_kind, run.lora is not None))}. "
        f"Written on {datetime.date.today().isoformat()}.\n",
    ]
    (folder / "README.md").write_text("\n".join(parts), encoding="utf-8", errors="replace")


def _front_matter(result_kind: str, hub_name: str | None, adapter: bool) -> str:
    lines = ["---", f"library_name: {_LIBRARY[result_kind]}"]
    if hub_name:
        lines.append(f"base_model: {json.dumps(hub_name)}")
        lines.append(f"base_model_relation: {'adapter' if adapter else 'finetune'}")
    tags = (*_TAGS[result_kind], *(("lora", "peft") if adapter else ()))
    return "\n".join([*lines, "tags:", *(f"- {tag}" for tag in tags), "---\n"])


def _plain_use(
    result_kind: str,
    own: ExtractiveSettings | AbstractiveSettings,
    hub_name: str | None,
    adapter: bool,
) -> str:
    library = _LIBRARY[result_kind]
    told = f"Or in plain {library}:\n\n{_PLAIN[result_kind]}"
    if adapter:
        needs = "base model and `peft`"
        if isinstance(own, ExtractiveSettings):
            needs = f"base model, and in plain {library} `peft`"
            told = told.replace(_PLAIN_LOAD, _ADAPTER_LOAD.format(hub_name or "path/to/the/base"))
        told = f"This folder holds a LoRA adapter alone, which needs its {needs}.\n\n{told}"
    if isinstance(own, ExtractiveSettings):
        return f"{told}\n{_CONTEXT[own.context]}\n" if own.context else told
    return f"{told}\nThe input is the template `prompt` of `recomp_config.json`, filled in.\n"


def _data(data: TrainingData[Any], held_out: TrainingData[Any]) -> str:
    examples = [*data.examples, *held_out.examples]
    rows: list[tuple[str, str]] = [
        ("files", ", ".join(dict.fromkeys(map(_file, data.sources)))),
        ("questions trained on", f"{len(data):,}"),
        ("questions held out", f"{len(held_out):,}"),
    ]
    if kinds := sorted({example.kind for example in examples}):
        told = [f"{kind}: {_SCORES[kind]}" if kind in _SCORES else kind for kind in kinds]
        rows.append(("scores", "; ".join(told)))
    if examples and isinstance(examples[0], DistillationExample):
        rows += [
            ("empty targets trained on", f"{sum(not e.target for e in data.examples):,}"),
            ("empty targets held out", f"{sum(not e.target for e in held_out.examples):,}"),
        ]
        teachers = _table(("teacher", "licence", "dates", "records"), _teachers(examples))
        return f"{_table(('what', 'how much'), rows)}\n{teachers}"
    rows.append(("without a negative", f"{sum(not e.negatives for e in data.examples):,}"))
    return _table(("what", "how much"), rows)


def _teachers(examples: Iterable[DistillationExample]) -> list[tuple[str, ...]]:
    dates: dict[tuple[str, str], list[str]] = defaultdict(list)
    for example in examples:
        dates[example.teacher, example.licence].append(example.date)
    return [
        (
            _model(teacher)[0] if teacher else "not recorded",
            licence or "not recorded",
            " to ".join(sorted({min(found), max(found)} - {""})) or "not recorded",
            f"{len(found):,}",
        )
        for (teacher, licence), found in sorted(dates.items())
    ]


def _figures(metrics: Mapping[str, float], held_out: int) -> str:
    if not held_out:
        return "No question was held out, so there are no figures.\n"
    rows = [(name.replace("_", " "), f"{value:.4f}") for name, value in metrics.items()]
    questions = "question" if held_out == 1 else "questions"
    told = f"Of the saved weights, on {held_out:,} held-out {questions} of the same data:\n"
    return f"{told}\n{_table(('figure', 'value'), rows)}"


def _settings(settings: Any) -> list[tuple[str, str]]:
    return [(f.name, _shown(getattr(settings, f.name))) for f in fields(settings)]


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, LoraSettings):
        return ", ".join(f"{name} {shown}" for name, shown in _settings(value))
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        # A prompt has line breaks, which a table has not.
        return value if value.isprintable() else f"`{json.dumps(value, ensure_ascii=False)}`"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(c.replace('|', chr(92) + '|') for c in r)} |\n" for r in lines)


def _versions(result_kind: str, lora: bool) -> list[str]:
    found = [f"recomp {__version__}"]
    names = ["torch", "transformers"]
    names += ["sentence-transformers"] if result_kind == "extractive" else []
    names += ["peft"] if lora else []
    for name in names:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return found


def _model(name: str) -> tuple[str, str | None]:
    """How a model is called in public, and its name on the hub; None for a folder, of which only
    the last part is told.
    """
    if name in (UNTRAINED, DEFAULT):
        return DEFAULT_HUB_MODEL, DEFAULT_HUB_MODEL
    path = name.startswith((".", "~")) or "\\" in name or Path(name).is_absolute()
    if path or name.count("/") > 1 or os.path.isdir(name):
        return _last(name), None
    return name, name


def _file(source: str) -> str:
    """The file's name, and its folder's where labels always have the same file name."""
    name = _last(source)
    parent = _last(source[: -len(name)].rstrip("/\\"))
    return f"{parent}/{name}" if name == EXAMPLES_FILE and parent else name


def _last(path: str) -> str:
    pure = PureWindowsPath(path) if "\\" in path else PurePosixPath(path)
    return pure.name


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.1f} hours"
