"""`evaluate`: questions and systems in, an evaluation out; what decides a run, and its digest."""

from __future__ import annotations

import logging
import os
import platform
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from .._utils.checks import check_choice, check_whole
from .._utils.files import check_output
from .._utils.hashing import content_hash
from .._utils.jsonl import described
from .._version import __version__
from ..data import Question, Questions
from ..data.reading import read_questions
from ..data.retrieval import retrieve, retrieve_once
from ..extractive.selection import Selector
from ..text.tokens import TokenCounter
from .measures import added_measures
from .results import Evaluation
from .runner import EvaluationRun, Read, beside, unique_name
from .systems.base import System, as_system, counter_name, name_of
from .systems.baselines import DEFAULT as DEFAULT_BASELINES
from .systems.baselines import baseline

if TYPE_CHECKING:
    from ..readers.answerers import Answerer
    from ..readers.perplexity import TargetScorer

logger = logging.getLogger(__name__)

# What may lie beside an output, by the endings of the names.
_BESIDE = ("retrieved", "answers", "attempts")

# What decides numbers and may change with an upgrade.
_LIBRARIES = ("torch", "transformers", "sentence-transformers", "py3langid", "budoux", "numpy",
              "langchain-core", "llama-index-core")  # fmt: skip


def evaluate(
    questions: str | os.PathLike[str] | Iterable[Mapping[str, Any] | Question],
    systems: Any = None,
    *,
    baselines: Sequence[str] = DEFAULT_BASELINES,
    points: Iterable[Selector] | None = None,
    reader: Answerer | None = None,
    read: Read = "all",
    target_scorer: TargetScorer | None = None,
    count_tokens: Callable[[str], int] | str | None = None,
    price_per_million: float | None = None,
    machine_per_hour: float | None = None,
    retriever: Any = None,
    documents: int | None = None,
    limit: int | None = None,
    output: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    batch_questions: int = 16,
    seed: int = 0,
) -> Evaluation:
    """Put every question through every system and measure the results.

    Args:
        questions: What `data.reading.read_questions` reads: a JSONL file, a BEIR folder, records.
            Questions with the same id get "#2", "#3" … and all stay; broken records are in
            `Evaluation.bad`.
        systems: A mapping from names to what `as_system` takes, a list of it, or one; None for the
            bundled compressor. The seconds of each are of one question at a time, after one
            question to warm up.
        baselines: Names that `baselines.baseline` takes. A baseline that lacks a library is
            skipped, and `about["skipped"]` says why.
        points: The other selectors at which extractive compressors are evaluated, see
            `ExtractiveSystem`; () for none.
        reader: Answers from the compressed texts, see `readers`; it gives exact match, F1 and
            agreement.
        read: "all" texts, or "first": those of each system's first setting. Equal texts are read
            once.
        target_scorer: Gives the likelihood of a question's "target" (a field of its record, or
            else its first answer) after text and query, see `readers.perplexity`.
        count_tokens: A function, or the name of the reader's tokenizer; by default characters.
        price_per_million: Price of the reader's input tokens; needs `count_tokens`.
        machine_per_hour: Cost of the machine that compresses, in the same money. See `costs`.
        retriever: Finds the documents, see `data.retrieval.retrieve`; with an output, the
            documents are kept beside it and not retrieved again.
        documents: Keep only this many documents of each question.
        limit: Take only this many questions.
        output: A JSONL file that grows by a line for each question, so that a run that was stopped
            is carried on; `Evaluation.load` reads it. Questions that failed are tried again. Beside
            it lie `.answers`, in which each of a reader's answers is kept as it comes, and
            `.attempts`, the same of systems that may be paid: neither is asked twice.
        overwrite: Start the output again; the answers stay.
        batch_questions: How many questions go to the reader together.
        seed: Of the baseline "random".

    Returns:
        The evaluation. It has a row even where a system or the reader failed.

    Raises:
        ValueError: A setting is out of range, or the output was made with other settings.
        TypeError: A system or the counter is of the wrong kind.
        FileNotFoundError: The questions are not there.
        BudgetError: The reader's budget is used up.
    """
    check_choice("read", read, get_args(Read))
    counter = _counter(count_tokens)
    if price_per_million is not None and counter is len:
        raise ValueError(
            f"price_per_million={price_per_million!r} is of tokens: give count_tokens, the name of "
            "the reader's tokenizer"
        )
    check_whole("batch_questions", batch_questions)
    path = None if output is None else Path(output)
    source = Path(questions) if isinstance(questions, (str, os.PathLike)) else None
    if path is not None:
        for written in (path, *(beside(path, name) for name in _BESIDE)):
            check_output(written, source)
    found = _questions(questions, retriever, documents, limit, path, overwrite=overwrite)
    named, skipped = _systems(systems, baselines, points, seed)
    about = {
        **_about(named, reader, read, target_scorer, counter, seed),
        "skipped": skipped,
        "price_per_million": price_per_million,
        "machine_per_hour": machine_per_hour,
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "versions": _versions(),
    }
    if source is not None:
        about["source"] = source.name
    run = EvaluationRun(named, reader, read, target_scorer, counter, batch_questions, about)
    return run.over(found, about, path, overwrite=overwrite)


def _questions(
    source: Any,
    retriever: Any,
    documents: int | None,
    limit: int | None,
    output: Path | None,
    *,
    overwrite: bool,
) -> Questions:
    """The questions with their documents, retrieved if there is a retriever."""
    if retriever is None:
        return read_questions(source, documents=documents, limit=limit)
    found = read_questions(source, limit=limit)
    if output is None:
        return retrieve(found, retriever, top_k=documents)
    kept = beside(output, "retrieved")
    if overwrite:
        kept.unlink(missing_ok=True)
    return retrieve_once(found, retriever, kept, top_k=documents)


def _counter(count_tokens: Callable[[str], int] | str | None) -> Callable[[str], int]:
    if count_tokens is None:
        return len
    if isinstance(count_tokens, str):
        count_tokens = TokenCounter(count_tokens)
        count_tokens("")  # a tokenizer that is missing must fail now
    if not callable(count_tokens):
        raise TypeError(f"count_tokens must be a function or a tokenizer's name: {count_tokens!r}")
    return count_tokens


def _systems(
    systems: Any, baselines: Sequence[str], points: Iterable[Selector] | None, seed: int
) -> tuple[dict[str, System], dict[str, str]]:
    """All systems by name, and why some baselines are not among them."""
    if points is not None:
        points = tuple(points)
    if isinstance(baselines, str):
        raise TypeError(f"baselines must be a list of names, got the string {baselines!r}")
    named: dict[str, System] = {}
    for name, source in _named(systems):
        named[name] = as_system(source, points=points)
    skipped = {}
    for name in dict.fromkeys(baselines):
        if name in named:
            raise ValueError(f"two systems are called {name!r}: a baseline and one of yours")
        try:
            named[name] = baseline(name, seed=seed)
        except (ImportError, OSError) as error:
            skipped[name] = described(error)
            logger.warning("%s is skipped: %s", name, error)
    if not named:
        raise ValueError("there is nothing to evaluate: give systems or baselines")
    return named, skipped


def _named(systems: Any) -> Iterator[tuple[str, Any]]:
    if systems is None:
        from ..persistence.compressors import load_compressor

        yield "recomp", load_compressor()
    elif isinstance(systems, Mapping):
        yield from systems.items()
    else:
        taken: dict[str, int] = {}
        for source in systems if isinstance(systems, (list, tuple)) else [systems]:
            yield unique_name(name_of(source), taken), source


def _about(
    named: Mapping[str, System],
    reader: Answerer | None,
    read: Read,
    target_scorer: TargetScorer | None,
    counter: Callable[[str], int],
    seed: int,
) -> dict[str, Any]:
    """What decides the rows, and its digest: a run with another digest is not carried on."""
    decisive: dict[str, Any] = {
        "systems": {
            name: {**system.identity, "settings": list(system.settings)}
            for name, system in named.items()
        },
        "tokenizer": counter_name(counter),
        "reader": _identity(reader),
        "read": None if reader is None else read,
        "target_scorer": _identity(target_scorer),
        "seed": seed,
    }
    if added := [measure.name for measure in added_measures()]:
        decisive["measures"] = added
    return {**decisive, "settings": content_hash(decisive)[:12]}


def _identity(scorer: Any) -> Mapping[str, Any] | None:
    if scorer is None:
        return None
    known = getattr(scorer, "identity", None)
    return dict(known) if isinstance(known, Mapping) else {"class": type(scorer).__qualname__}


def _versions() -> dict[str, str]:
    found = {"recomp": __version__, "python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
