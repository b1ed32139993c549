"""The command `recomp evaluate`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from .._utils.files import check_output
from .._utils.json_values import pretty
from .._utils.settings import Setting, declared_settings
from ..integration.fields import CompressorSettings
from ..models.language_models.reply_settings import ReplySettings
from .messages import set_up_messages
from .options import EXIT_PARTLY, Verbose, takes_settings, wrong_usage
from .output import print_table, write

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..evaluation.gates import GateVerdict
    from ..evaluation.results import Evaluation

EXIT_GATE = 4

QUESTIONS_HELP = (
    "JSONL (.gz too) of records with query, answers and documents; a folder of a BEIR data set; "
    "or - for standard input."
)


@dataclass
class RunOptions:
    """How questions are evaluated: the options that `recomp_core.evaluation.evaluate` takes.

    Attributes:
        output: The file of the run.
        overwrite: Whether to start it again.
        read: Which texts the reader reads.
        count_tokens: The reader's tokenizer.
        price_per_million: Price of the reader's input tokens.
        machine_per_hour: Cost of the machine that compresses.
        retriever: What retrieves the documents.
        documents: How many documents of each question.
        limit: How many questions.
        batch_questions: How many questions are read together.
        seed: Of the random baseline and the intervals.
    """

    output: Annotated[
        Path | None,
        Setting("JSONL of all rows; a rerun carries on with it.", flags=("--output", "-o")),
    ] = None
    overwrite: Annotated[
        bool,
        Setting("Start the output file again; the reader's answers stay.", flags=("--overwrite",)),
    ] = False
    read: Annotated[
        Literal["all", "first"],
        Setting("The reader reads all texts, or those of each system's own setting."),
    ] = "all"
    count_tokens: Annotated[
        str | None,
        Setting(
            "Name or folder of the reader's tokenizer.",
            unset="characters count",
            flags=("--tokenizer",),
        ),
    ] = None
    price_per_million: Annotated[
        float | None,
        Setting("Price of a million of the reader's input tokens.", flags=("--price",), minimum=0),
    ] = None
    machine_per_hour: Annotated[
        float | None, Setting("What the machine that compresses costs.", minimum=0)
    ] = None
    retriever: Annotated[
        str | None,
        Setting("Retrieve the documents: module:object of a LangChain or LlamaIndex retriever."),
    ] = None
    documents: Annotated[
        int | None, Setting("Take only the first documents of each question.", minimum=1)
    ] = None
    limit: Annotated[int | None, Setting("Evaluate only the first questions.", minimum=1)] = None
    batch_questions: Annotated[int, Setting("Questions that are read together.", minimum=1)] = 16
    seed: Annotated[int, Setting("Of the random baseline and the intervals.")] = 0


@dataclass(frozen=True)
class ReaderOptions(ReplySettings):
    """Which models read the compressed texts.

    Attributes:
        reader: The model that answers.
        reader_kind: How it answers.
        base_url: The address of its endpoint.
        api_key_env: Where its key is.
        target_model: The language model that scores targets.
    """

    reader: Annotated[
        str | None, Setting("Name or folder of a model that answers, or its name at --base-url.")
    ] = None
    reader_kind: Annotated[
        Literal["span", "causal", "seq2seq", "endpoint"] | None,
        Setting("The kind of the reader.", unset="what its files say"),
    ] = None
    base_url: Annotated[
        str | None, Setting("The address of the reader's OpenAI-compatible endpoint.")
    ] = None
    api_key_env: Annotated[str, Setting("The environment variable that holds its key.")] = (
        "OPENAI_API_KEY"
    )
    target_model: Annotated[
        str | None,
        Setting(
            "Name or folder of a language model: the perplexity of each record's target, or else "
            "of its first answer, after the text and the query."
        ),
    ] = None


@dataclass
class ReportOptions:
    """How the evaluation is shown.

    Attributes:
        html: The file of the report.
        plots: The folder of the plots.
        as_json: Whether to write JSON.
        as_markdown: Whether to write Markdown.
        rates: The compression rates at which curves are read.
    """

    html: Annotated[Path | None, Setting("Write a report to look at.")] = None
    plots: Annotated[Path | None, Setting("Write the plots into this folder.")] = None
    as_json: Annotated[
        bool, Setting("Write JSON to standard output instead of a table.", flags=("--json",))
    ] = False
    as_markdown: Annotated[
        bool, Setting("Write Markdown instead of a table.", flags=("--markdown",))
    ] = False
    rates: Annotated[
        str, Setting("Compression rates to read the curves off at, with commas between.")
    ] = "0.05,0.1,0.2"


@takes_settings(
    "compressor",
    CompressorSettings,
    only=(
        "top_k",
        "top_p",
        "min_score",
        "selector",
        "context",
        "device",
        "empty_word",
        "detect_refusals",
    ),
)
@takes_settings("readers", ReaderOptions, choices=True)
@takes_settings("run", RunOptions, choices=True)
@takes_settings("report", ReportOptions)
def evaluate(
    source: Annotated[str, typer.Argument(metavar="FILE", help=QUESTIONS_HELP)],
    *,
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            "-m",
            help="Name or folder of a compressor, or NAME=FOLDER; several times for several. "
            "Default: the bundled one.",
        ),
    ] = None,
    baselines: Annotated[
        str | None,
        typer.Option(
            help='Names with commas between, or none of them: "". Default: those that need no '
            "model; untrained is the embedded encoder before RECOMP's training.",
        ),
    ] = None,
    peers: Annotated[
        bool,
        typer.Option("--peers", help="Also other projects' compressors, where installed."),
    ] = False,
    run: dict[str, Any],
    report: dict[str, Any],
    compressor: dict[str, Any],
    readers: dict[str, Any],
    fail_under: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GATE",
            help="Exit with 4 unless every model meets it, e.g. answer_recall=0.9@rate=0.1, "
            "answer_recall=90%@rate=0.1 (of what all documents hold), rate<=0.1, "
            "seconds.p95<=0.2; several times for several.",
        ),
    ] = None,
    verbose: Verbose = False,
) -> None:
    """Measure what compressing keeps and saves, beside baselines, with intervals.

    recomp evaluate questions.jsonl --html report.html
    """
    set_up_messages(verbose, resumes=run["output"] is not None)
    from ..evaluation.run import evaluate as evaluate_questions

    # What is written wrongly is reported before a model is loaded.
    gates = [_gate(text) for text in fail_under or ()]
    shown = ReportOptions(**report)
    rates = _rates(shown.rates)
    if shown.as_json and shown.as_markdown:
        raise typer.BadParameter("give --json or --markdown, not both", param_hint="--json")
    if shown.html is not None:
        check_output(shown.html, source, run["output"])
    names = _baselines(baselines, peers)
    systems = _compressors(model, compressor)
    device = compressor["device"]
    evaluation = evaluate_questions(
        source,
        systems,
        baselines=names,
        reader=_reader(readers, device),
        target_scorer=_target_scorer(readers["target_model"], device),
        **{**run, "retriever": _retriever(run["retriever"])},
    )
    if not evaluation.rows:
        raise ValueError(f"{source} holds no question{_first_bad(evaluation)}")
    verdicts = _verdicts(evaluation, gates, systems, run["seed"])
    _show(evaluation, verdicts, rates, run["seed"], shown)
    _write_files(evaluation, shown)
    _finish(evaluation, verdicts)


def _gate(text: str) -> Any:
    from ..evaluation.gates import Gate

    try:
        return Gate.parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--fail-under") from error


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _rates(text: str) -> tuple[float, ...]:
    try:
        rates = tuple(float(part) for part in _parts(text))
    except ValueError:
        rates = ()
    if not rates or not all(0 < rate <= 1 for rate in rates):
        raise typer.BadParameter(
            f"rates are numbers above 0, at most 1, with commas between: got {text!r}",
            param_hint="--rates",
        )
    return rates


def _baselines(names: str | None, peers: bool) -> list[str]:
    from ..evaluation.systems.baselines import BASELINES, DEFAULT, DEFAULT_PEERS

    wanted = list(DEFAULT) if names is None else _parts(names)
    allowed = BASELINES.names()
    if unknown := [name for name in wanted if name.partition(":")[0] not in allowed]:
        raise typer.BadParameter(
            f"no baseline {', '.join(unknown)}: choose among {', '.join(allowed)}",
            param_hint="--baselines",
        )
    return [*wanted, *(DEFAULT_PEERS if peers else ())]


def _compressors(models: Sequence[str] | None, settings: Mapping[str, Any]) -> dict[str, Any]:
    from ..evaluation.systems.base import name_of
    from ..persistence.factory import compressor_from_settings

    if not models:
        with wrong_usage(settings):
            return {"recomp": compressor_from_settings(**settings)}
    found: dict[str, Any] = {}
    for text in models:
        name, equals, source = text.partition("=")
        if not equals:
            name, source = name_of(text), text
        if name in found:
            raise typer.BadParameter(
                f"two models are called {name!r}: name them, NAME={source}", param_hint="--model"
            )
        with wrong_usage(settings):
            found[name] = compressor_from_settings(source, **settings)
    return found


def _reader(options: Mapping[str, Any], device: str | None) -> Any:
    if options["reader"] is None:
        if options["base_url"] is not None or options["reader_kind"] is not None:
            raise typer.BadParameter("name the model that reads", param_hint="--reader")
        return None
    from ..readers.answerers import load_answerer

    settings: dict[str, Any] = {"kind": options["reader_kind"], "device": device}
    own = {name: options[name] for name in declared_settings(ReplySettings)}
    reply = ReplySettings(**own)
    if options["base_url"] is not None or options["reader_kind"] == "endpoint":
        settings |= {"base_url": options["base_url"], "api_key_env": options["api_key_env"]}
        given = reply.reply_settings()
    else:
        given = reply.local_reply_settings()
    settings = {key: value for key, value in settings.items() if value is not None}
    return load_answerer(options["reader"], **settings, **given)


def _target_scorer(name: str | None, device: str | None) -> Any:
    if name is None:
        return None
    from ..readers.perplexity import LMTargetScorer

    return LMTargetScorer.from_pretrained(name, device=device)


def _retriever(name: str | None) -> Any:
    if name is None:
        return None
    from ..data.retrieval import load_retriever

    return load_retriever(name)


def _verdicts(
    evaluation: Evaluation, gates: Sequence[Any], systems: Mapping[str, Any], seed: int
) -> list[GateVerdict]:
    from ..evaluation.gates import check_gates

    return [
        verdict for name in systems for verdict in check_gates(evaluation, gates, name, seed=seed)
    ]


def _show(
    evaluation: Evaluation,
    verdicts: Sequence[GateVerdict],
    rates: Sequence[float],
    seed: int,
    options: ReportOptions,
) -> None:
    from ..evaluation.reports import markdown

    if options.as_json:
        content = markdown.to_dict(evaluation, rates=rates, seed=seed)
        content["gates"] = [verdict.to_dict() for verdict in verdicts]
        write(pretty(content))
    elif options.as_markdown:
        write(markdown.as_markdown(evaluation, rates=rates, seed=seed))
    else:
        print_table(*markdown.points_cells(evaluation, seed=seed), title=markdown.title(evaluation))
        header, rows = markdown.curve_cells(evaluation, rates=rates, seed=seed)
        if rows:
            print_table(header, rows)
        if costs := markdown.all_costs(evaluation):
            print_table(*markdown.costs_cells(costs))


def _write_files(evaluation: Evaluation, options: ReportOptions) -> None:
    from ..evaluation.reports import save_plots, write_report

    if options.html is not None:
        write_report(evaluation, options.html)
        typer.echo(f"recomp: {options.html} is the report to look at", err=True)
    if options.plots is not None:
        for path in save_plots(evaluation, options.plots):
            typer.echo(f"recomp: {path}", err=True)


def _first_bad(evaluation: Evaluation) -> str:
    return f": {evaluation.bad[0]['error']}" if evaluation.bad else ""


def _finish(evaluation: Evaluation, verdicts: Sequence[GateVerdict]) -> None:
    """Report what failed, on standard error and in the exit code."""
    for verdict in verdicts:
        typer.echo(f"recomp: {verdict}", err=True)
    failed = len({row.question for row in evaluation.rows if row.error or row.reader_error})
    if failed or evaluation.bad:
        typer.echo(
            f"recomp: {failed} questions failed in part, {len(evaluation.bad)} records were no "
            "questions",
            err=True,
        )
    if any(not verdict.passed for verdict in verdicts):
        raise typer.Exit(EXIT_GATE)
    if failed or evaluation.bad:
        raise typer.Exit(EXIT_PARTLY)
