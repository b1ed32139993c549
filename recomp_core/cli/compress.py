"""The command `recomp compress`."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .._utils.files import check_output, write_text
from .._utils.json_values import pretty
from ..integration.fields import CompressorSettings
from .inputs import LINES, read_documents, refuse_addresses
from .messages import set_up_messages
from .options import EXIT_PARTLY, EngineName, Verbose, takes_settings, wrong_usage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..data.records import RecordJob
    from ..extractive.compressor import ExtractiveCompressor
    from ..types import Compression, Document

# A digest of the settings goes with every line of an output. Those that came later are part of it
# only where they are given, so that files begun before can be continued.
_LATER_SETTINGS = (
    "selector", "document_format", "max_unit_tokens", "outline", "lexical_weight", "pin",
    "injections", "prefilter", "empty_word", "detect_refusals",
)  # fmt: skip

# From this many characters on, reading takes seconds.
_LONG = 100_000


class Format(str, Enum):
    """How one compression is shown."""

    text = "text"
    json = "json"
    html = "html"


@takes_settings("settings", CompressorSettings, choices=True)
def compress(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE",
            help="With --query: files of text, one document each; JSONL of documents; folders of "
            "such files; or - for standard input. Without --query: one JSONL file (.gz too) of "
            "records with query (or question) and documents.",
        ),
    ],
    *,
    query: Annotated[
        str | None, typer.Option("--query", "-q", help="The question to compress for.")
    ] = None,
    glob: Annotated[
        str | None,
        typer.Option(help='Which files of a folder, such as "**/*.md"; default: all of text.'),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write here instead of to standard output."),
    ] = None,
    format: Annotated[  # noqa: A002 - the option's name
        Format, typer.Option("--format", "-f", help="How to show one compression.")
    ] = Format.text,
    settings: dict[str, Any],
    batch_records: Annotated[
        int, typer.Option(min=1, help="Records of a JSONL file that are compressed together.")
    ] = 32,
    engine: Annotated[
        EngineName, typer.Option(help="Where JSONL records are compressed: here, or by Ray.")
    ] = EngineName.local,
    workers: Annotated[int, typer.Option(min=1, help="With --engine ray: how many actors.")] = 2,
    overwrite: Annotated[
        bool, typer.Option(help="Start the output file again instead of continuing it.")
    ] = False,
    verbose: Verbose = False,
) -> None:
    """Keep the sentences that help to answer the question.

    One question about a few files:

        recomp compress --query "who built the tower?" tower.md paris.txt

    Thousands of records; run it again after an interruption and it carries on:

        recomp compress records.jsonl --output compressed.jsonl
    """
    set_up_messages(verbose, resumes=query is None and output is not None)
    if query is None:
        job = _record_job(files, output, settings, overwrite, format)
        _compress_records(job, settings, batch_records, engine, workers)
    else:
        _compress_files(query, files, glob, output, settings, format)


def _compress_files(
    query: str,
    files: list[str],
    glob: str | None,
    output: Path | None,
    settings: dict[str, Any],
    format: Format,  # noqa: A002
) -> None:
    from ..types import check_query

    try:
        check_query(query, "--query")
    except ValueError as error:
        raise typer.BadParameter("it is blank: give a question", param_hint="--query") from error
    if output is not None:
        check_output(output, *files)
    documents = read_documents(files, glob)
    _note_blank(documents)
    compressor = _compressor(settings)
    with _busy(sum(len(document.text) for document in documents)):
        result = compressor.compress(query, documents)
    shown = _shown(compressor, result, format)
    if output is None:
        _write_out(shown)
    else:
        write_text(output, shown)
    if note := _note(result, settings):
        typer.echo(f"recomp: {note}", err=True)


def _compressor(settings: dict[str, Any]) -> Any:
    from ..persistence.factory import compressor_from_settings

    with wrong_usage(settings):
        return compressor_from_settings(**settings)


def _note_blank(documents: Sequence[Document]) -> None:
    blank = [document.id or "standard input" for document in documents if not document.text.strip()]
    if blank:
        more = f" and {len(blank) - 3} more" if len(blank) > 3 else ""
        typer.echo(f"recomp: nothing to read in {', '.join(blank[:3])}{more}", err=True)


def _note(result: Compression, settings: dict[str, Any]) -> str:
    """What to say of a result that may surprise: an empty text, or one that is not shorter."""
    from ..types import Outcome

    why = f" ({result.reason})" if result.reason else ""
    if result.outcome is Outcome.NOTHING_RELEVANT:
        remedy = "; a lower --min-score keeps more" if settings["min_score"] is not None else ""
        return f"nothing relevant was found, so the text is empty{why}{remedy}"
    if result.outcome is Outcome.REFUSED:
        return f"the summary was refused, so the text is empty{why}"
    if result.outcome is Outcome.UNCHANGED and result.kept:
        remedy = "; a lower --top-k keeps fewer" if len(result.kept) > 1 else ""
        return f"nothing was dropped: the text is that of the documents{why}{remedy}"
    return ""


@contextmanager
def _busy(characters: int) -> Iterator[None]:
    """Show on a terminal that a long text is being read, and for how long."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    long = characters > _LONG and console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=not long) as bar:
        bar.add_task(f"recomp: reading {characters:,} characters")
        yield


def _record_job(
    files: list[str],
    output: Path | None,
    settings: dict[str, Any],
    overwrite: bool,
    format: Format,  # noqa: A002
) -> RecordJob:
    from ..data.records import RecordJob

    refuse_addresses(files)
    if len(files) != 1 or not (files[0] == "-" or files[0].lower().endswith(LINES)):
        raise typer.BadParameter(
            "give --query with these files, or one .jsonl file of records without it",
            param_hint="--query",
        )
    if format is Format.html:
        raise typer.BadParameter(
            "records are written as JSONL: --format html is for one --query", param_hint="--format"
        )
    digested = {n: v for n, v in settings.items() if v is not None or n not in _LATER_SETTINGS}
    return RecordJob(files[0], output, settings=digested, overwrite=overwrite)


def _compress_records(
    job: RecordJob, settings: dict[str, Any], batch_records: int, engine: EngineName, workers: int
) -> None:
    if engine is EngineName.ray:
        from ..persistence.factory import compress_worker
        from ..runtime.engines import RayEngine

        on_ray = RayEngine(workers=workers)
        summary = job.run_on(on_ray, compress_worker, settings, batch_records=batch_records)
    else:
        summary = job.run(_compressor(settings), batch_records=batch_records)
    typer.echo(f"recomp: {summary}", err=True)
    if not any((summary.compressed, summary.done_before, summary.failed)):
        typer.echo(f"recomp: {job.source} holds no records", err=True)
    if summary.failed:
        raise typer.Exit(EXIT_PARTLY)


def _shown(compressor: ExtractiveCompressor, result: Compression, format: Format) -> str:  # noqa: A002
    if format is Format.json:
        return pretty(result.to_dict()) + "\n"
    if format is Format.html:
        from ..text.html import compression_page
        from ..text.tokens import encoder_token_counter

        return compression_page(result, count_tokens=encoder_token_counter(compressor))
    return result.text + "\n" if result.text else ""


def _write_out(text: str) -> None:
    """Write UTF-8 in every locale; lone surrogates become question marks."""
    sys.stdout.buffer.write(text.encode("utf-8", "replace"))
    sys.stdout.buffer.flush()
