"""The commands `recomp evaluate` and `recomp compare`."""

from __future__ import annotations

import json
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .messages import set_up_messages
from .options import Context, Device, Documents, Retriever, Verbose

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..evaluation.gates import GateVerdict
    from ..evaluation.results import Evaluation

EXIT_PARTLY, EXIT_GATE = 3, 4


class ReadName(str, Enum):
    all = "all"
    first = "first"


class ReaderKindName(str, Enum):
    span = "span"
    causal = "causal"
    seq2seq = "seq2seq"
    endpoint = "endpoint"


def evaluate(
    source: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="JSONL (.gz too) of records with query, answers and documents; a folder of a BEIR "
            "data set; or - for standard input.",
        ),
    ],
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
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="JSONL of all rows; a rerun carries on with it."),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Begin the output file anew.")
    ] = False,
    html: Annotated[Path | None, typer.Option(help="Write a report to look at.")] = None,
    plots: Annotated[Path | None, typer.Option(help="Write the plots into this folder.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Write JSON to standard output instead of a table.")
    ] = False,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="Write Markdown instead of a table.")
    ] = False,
    rates: Annotated[
        str, typer.Option(help="Compression rates to read the curves off at, with commas between.")
    ] = "0.05,0.1,0.2",
    top_k: Annotated[int | None, typer.Option(help="Of the models: this many sentences.")] = None,
    top_p: Annotated[
        float | None, typer.Option(help="Of the models: this much of the probability.")
    ] = None,
    min_score: Annotated[
        float | None, typer.Option(help="Of the models: sentences that score at least this.")
    ] = None,
    context: Context = None,
    device: Device = None,
    reader: Annotated[
        str | None,
        typer.Option(help="Name or folder of a model that answers, or its name at --base-url."),
    ] = None,
    reader_kind: Annotated[
        ReaderKindName | None, typer.Option(help="Of the reader; default: what its files say.")
    ] = None,
    base_url: Annotated[
        str | None, typer.Option(help="The address of the reader's OpenAI-compatible endpoint.")
    ] = None,
    api_key_env: Annotated[
        str, typer.Option(help="The environment variable that holds its key.")
    ] = "OPENAI_API_KEY",
    read: Annotated[
        ReadName,
        typer.Option(help="The reader reads all texts, or those of each system's own setting."),
    ] = ReadName.all,
    target_model: Annotated[
        str | None,
        typer.Option(
            help="Name or folder of a language model: the perplexity of each record's target, or "
            "else of its first answer, after the text and the query."
        ),
    ] = None,
    tokenizer: Annotated[
        str | None,
        typer.Option(help="Name or folder of the reader's tokenizer; default: characters count."),
    ] = None,
    price: Annotated[
        float | None, typer.Option(min=0, help="Of a million of the reader's input tokens.")
    ] = None,
    machine_per_hour: Annotated[
        float | None, typer.Option(min=0, help="What the machine that compresses costs.")
    ] = None,
    retriever: Retriever = None,
    documents: Documents = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Evaluate only the first questions.")
    ] = None,
    fail_under: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GATE",
            help="Exit with 4 unless every model meets it, e.g. answer_recall=0.9@rate=0.1, "
            "answer_recall=90%@rate=0.1 (of what all documents hold), rate<=0.1, "
            "seconds.p95<=0.2; several times for several.",
        ),
    ] = None,
    batch_questions: Annotated[
        int, typer.Option(min=1, help="Questions that are read together.")
    ] = 16,
    seed: Annotated[int, typer.Option(help="Of the random baseline and the intervals.")] = 0,
    verbose: Verbose = False,
) -> None:
    """Measure what compressing keeps and saves, beside baselines, with intervals.

    recomp evaluate questions.jsonl --html report.html
    """
    set_up_messages(verbose)
    from ..evaluation.gates import Gate
    from ..evaluation.run import evaluate as run
    from ..evaluation.systems.baselines import BASELINES, DEFAULT, DEFAULT_PEERS

    # What is written wrongly is told before a model is loaded.
    gates = [Gate.parse(text) for text in fail_under or ()]
    wanted_rates = _rates(rates)
    if as_json and as_markdown:
        raise typer.BadParameter("give --json or --markdown, not both", param_hint="--json")
    names = DEFAULT if baselines is None else _parts(baselines)
    allowed = BASELINES.names()
    if unknown := [name for name in names if name.partition(":")[0] not in allowed]:
        raise typer.BadParameter(
            f"no baseline {', '.join(unknown)}: choose among {', '.join(allowed)}",
            param_hint="--baselines",
        )
    settings = {
        "top_k": top_k, "top_p": top_p, "min_score": min_score, "context": context,
        "device": device,
    }  # fmt: skip
    systems = _compressors(model, settings)
    evaluation = run(
        source,
        systems,
        baselines=[*names, *(DEFAULT_PEERS if peers else ())],
        reader=_reader(reader, reader_kind, base_url, api_key_env, device),
        read=read.value,
        target_scorer=_target_scorer(target_model, device),
        count_tokens=tokenizer,
        price_per_million=price,
        machine_per_hour=machine_per_hour,
        retriever=_retriever(retriever),
        documents=documents,
        limit=limit,
        output=output,
        overwrite=overwrite,
        batch_questions=batch_questions,
        seed=seed,
    )
    if not evaluation.rows:
        raise ValueError(f"{source} holds no question{_first_bad(evaluation)}")
    verdicts = _verdicts(evaluation, gates, systems, seed)
    _show(evaluation, verdicts, wanted_rates, seed, as_json=as_json, as_markdown=as_markdown)
    if html is not None:
        from ..evaluation.reports import write_report

        write_report(evaluation, html)
        typer.echo(f"recomp: {html} is the report to look at", err=True)
    if plots is not None:
        from ..evaluation.reports import save_plots

        for path in save_plots(evaluation, plots):
            typer.echo(f"recomp: {path}", err=True)
    _finish(evaluation, verdicts)


def compare(
    first: Annotated[Path, typer.Argument(metavar="A.jsonl", help="What evaluate --output wrote.")],
    second: Annotated[
        Path | None,
        typer.Argument(metavar="[B.jsonl]", help="Another run, over the same questions."),
    ] = None,
    measure: Annotated[
        list[str] | None,
        typer.Option(help="What to compare; several times for several. Default: answer_recall."),
    ] = None,
    system: Annotated[
        list[str] | None,
        typer.Option(help="The system; twice for one of each. Default: the first of each run."),
    ] = None,
    setting: Annotated[
        list[str] | None, typer.Option(help="A setting; twice for one of each. Default: the first.")
    ] = None,
    at_rate: Annotated[
        float | None, typer.Option(help="Compare the curves at this compression rate.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Write JSON to standard output instead of a table.")
    ] = False,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="Write Markdown instead of a table.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of the intervals.")] = 0,
) -> None:
    """Is B better than A? Paired by question, with an interval and a verdict.

    recomp compare before.jsonl after.jsonl --at-rate 0.1

    recomp compare rows.jsonl --system bm25 --system recomp
    """
    set_up_messages(verbose=False)
    from ..evaluation.comparison import compare as run
    from ..evaluation.reports.markdown import comparison_cells, comparison_table
    from ..evaluation.results import Evaluation

    a = Evaluation.load(first)
    b = None if second is None else Evaluation.load(second)
    systems: Any = None if system is None else _pair(system, "--system")
    chosen = (None, None) if setting is None else _pair(setting, "--setting")
    found = [
        run(a, b, systems=systems, settings=chosen, measure=name, at_rate=at_rate, seed=seed)
        for name in measure or ["answer_recall"]
    ]
    if as_json:
        _write(json.dumps([one.to_dict() for one in found], ensure_ascii=False, indent=2))
    elif as_markdown:
        _write(comparison_table(found))
    else:
        for one in found:
            _print_table(["", ""], comparison_cells(one), title=one.verdict)


def _pair(values: Sequence[str], option: str) -> tuple[str, str]:
    if len(values) > 2:
        raise typer.BadParameter("give it once or twice", param_hint=option)
    return values[0], values[-1]


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


def _compressors(models: Sequence[str] | None, settings: Mapping[str, Any]) -> dict[str, Any]:
    from ..evaluation.systems.base import name_of
    from ..persistence.factory import compressor_from_settings

    if not models:
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
        found[name] = compressor_from_settings(source, **settings)
    return found


def _reader(
    name: str | None,
    kind: ReaderKindName | None,
    base_url: str | None,
    api_key_env: str,
    device: str | None,
) -> Any:
    if name is None:
        if base_url is not None or kind is not None:
            raise typer.BadParameter("name the model that reads", param_hint="--reader")
        return None
    from ..readers.answerers import load_answerer

    settings: dict[str, Any] = {"kind": None if kind is None else kind.value, "device": device}
    if base_url is not None:
        settings |= {"base_url": base_url, "api_key_env": api_key_env}
    return load_answerer(name, **{key: v for key, v in settings.items() if v is not None})


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
    *,
    as_json: bool,
    as_markdown: bool,
) -> None:
    from ..evaluation.reports import markdown

    if as_json:
        content = markdown.to_dict(evaluation, rates=rates, seed=seed)
        content["gates"] = [verdict.to_dict() for verdict in verdicts]
        _write(json.dumps(content, ensure_ascii=False, indent=2))
    elif as_markdown:
        _write(markdown.as_markdown(evaluation, rates=rates, seed=seed))
    else:
        _print_table(
            *markdown.points_cells(evaluation, seed=seed), title=markdown.title(evaluation)
        )
        header, rows = markdown.curve_cells(evaluation, rates=rates, seed=seed)
        if rows:
            _print_table(header, rows)
        if costs := markdown.all_costs(evaluation):
            _print_table(*markdown.costs_cells(costs))


def _print_table(
    header: Sequence[str], rows: Sequence[Sequence[str]], title: str | None = None
) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    if not console.is_terminal:
        console = Console(width=200)  # a file has no width, and cells cut short say nothing
    named = None if title is None else escape(title)
    table = Table(title=named, title_justify="left", show_header=any(header))
    for column, head in enumerate(header):
        table.add_column(escape(head), justify="right" if column > 1 else "left")
    for row in rows:
        table.add_row(*map(escape, row))
    console.print(table)


def _write(text: str) -> None:
    """UTF-8 whatever the terminal's locale; lone surrogates as question marks."""
    import sys

    sys.stdout.buffer.write(text.encode("utf-8", "replace").rstrip(b"\n") + b"\n")
    sys.stdout.buffer.flush()


def _first_bad(evaluation: Evaluation) -> str:
    return f": {evaluation.bad[0]['error']}" if evaluation.bad else ""


def _finish(evaluation: Evaluation, verdicts: Sequence[GateVerdict]) -> None:
    """What failed, on standard error and in the exit code."""
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
