"""The command `recomp calibrate`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from .._utils.files import check_output
from .._utils.json_values import pretty
from .._utils.settings import Setting
from ..integration.fields import IndexerSettings
from .evaluate import QUESTIONS_HELP
from .messages import set_up_messages
from .options import EXIT_PARTLY, Documents, Retriever, Verbose, takes_settings, wrong_usage

if TYPE_CHECKING:
    from ..evaluation.calibration.result import Calibration
    from ..extractive.compressor import ExtractiveCompressor


@dataclass
class PromiseOptions:
    """What is promised: the options that `recomp_core.evaluation.calibrate` takes.

    Attributes:
        keep: The share of the answers.
        confidence: How sure the promise is.
        guarantee: What the promise is about.
        rule: The kind of setting that is chosen.
        temperature: Of top_p.
    """

    keep: Annotated[float, Setting("The share of the answers that is kept.")] = 0.95
    confidence: Annotated[float, Setting("How sure that is, over the draw of the questions.")] = 0.9
    guarantee: Annotated[
        Literal["confidence", "average"],
        Setting("With that confidence; or only on average, which cuts more."),
    ] = "confidence"
    rule: Annotated[
        Literal["top_p", "min_score", "top_k", "max_tokens"], Setting("Which limit is chosen.")
    ] = "top_p"
    temperature: Annotated[
        float | None, Setting("Of top_p.", unset="the compressor's own, or 0.05")
    ] = None


@takes_settings("promise", PromiseOptions, choices=True)
@takes_settings("encoder", IndexerSettings, only=("model", "context", "lang", "device"))
def calibrate(
    source: Annotated[str, typer.Argument(metavar="FILE", help=QUESTIONS_HELP)],
    *,
    promise: dict[str, Any],
    tokenizer: Annotated[
        str | None,
        typer.Option(help="The reader model's, to count with; default: characters are counted."),
    ] = None,
    encoder: dict[str, Any],
    documents: Documents = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Read only the first questions.")] = None,
    retriever: Retriever = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Store the setting in this folder: that of --model itself, or a new one, into "
            "which the whole compressor is written. Default: only show it.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Show the calibration as JSON.")] = False,
    batch_questions: Annotated[
        int, typer.Option(min=1, help="Questions that are scored together.")
    ] = 32,
    verbose: Verbose = False,
) -> None:
    """Find the setting that keeps the promised share of the answers, and what it costs.

    Keep 95 % of the answers that the documents hold, with confidence 90 %:

        recomp calibrate questions.jsonl --keep 0.95 --output my-compressor

    load_compressor("my-compressor") then compresses with that setting.
    """
    set_up_messages(verbose)
    from ..evaluation.calibration.calibrator import calibrate as calibrate_questions
    from ..evaluation.calibration.guarantees import check_promise
    from ..persistence.compressors import load_compressor
    from ..text.tokens import TokenCounter

    # What is wrong is reported before the model is loaded.
    with wrong_usage(promise):
        check_promise(promise["keep"], promise["confidence"], promise["guarantee"])
    model = encoder.pop("model")
    in_place = output is not None and model is not None and _same_folder(output, model)
    if output is not None:
        check_output(output, source, model if not in_place and _is_folder(model) else None)
    questions = _questions(source, documents, limit, retriever)
    with wrong_usage({"model": model, **encoder}):
        compressor: Any = load_compressor(model, **encoder)
    if output is not None:
        _check_output(compressor, output, in_place)
    found = calibrate_questions(
        questions,
        compressor,
        count_tokens=None if tokenizer is None else TokenCounter(tokenizer),
        batch_questions=batch_questions,
        **promise,
    )
    typer.echo(pretty(found.to_dict()) if as_json else str(found))
    if output is not None:
        _store(found, compressor, output, in_place)
        typer.echo(f"recomp: stored in {output}", err=True)
    if found.left_out.get("broken records"):
        raise typer.Exit(EXIT_PARTLY)


def _questions(source: str, documents: int | None, limit: int | None, retriever: str | None) -> Any:
    from ..data.reading import read_questions

    if retriever is None:
        return read_questions(source, documents=documents, limit=limit)
    from ..data.retrieval import load_retriever, retrieve

    return retrieve(read_questions(source, limit=limit), load_retriever(retriever), top_k=documents)


def _check_output(compressor: Any, output: Path, in_place: bool) -> None:
    """Check that the calibration can be stored, before the questions are scored."""
    from ..evaluation.calibration.result import scoring_settings
    from ..extractive.compressor import ExtractiveCompressor
    from ..persistence.compressors import check_calibrated, extractive_settings
    from ..persistence.folders import check_target

    if not isinstance(compressor, ExtractiveCompressor):
        return  # `calibrate` says what is wrong with it
    if in_place:
        check_calibrated(scoring_settings(compressor), output)
    else:
        check_target(output)
        extractive_settings(compressor)


def _store(
    found: Calibration, compressor: ExtractiveCompressor, output: Path, in_place: bool
) -> None:
    from ..persistence.compressors import save_compressor, store_calibration

    if in_place:
        store_calibration(found, output)
    else:
        save_compressor(compressor, output, calibration=found)


def _same_folder(output: Path, model: str) -> bool:
    return output.is_dir() and _is_folder(model) and output.samefile(model)


def _is_folder(model: str | None) -> bool:
    return model is not None and os.path.isdir(model)
