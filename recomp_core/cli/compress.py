"""The command `recomp compress`."""

from __future__ import annotations

import sys
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .._utils.files import check_output, write_text
from .._utils.json_values import pretty
from ..integration.fields import CompressorSettings
from .messages import set_up_messages
from .options import EXIT_PARTLY, EngineName, Verbose, takes_settings

if TYPE_CHECKING:
    from ..data.records import RecordJob
    from ..extractive.compressor import ExtractiveCompressor
    from ..types import Compression

# A digest of the settings goes with every line of an output. Those that came later are part of it
# only where they are given, so that files begun before can be continued.
_LATER_SETTINGS = (
    "selector", "document_format", "max_unit_tokens", "outline", "lexical_weight", "pin",
)  # fmt: skip


class Format(str, Enum):
    """How one compression is shown."""

    text = "text"
    json = "json"
    html = "html"


@takes_settings("settings", CompressorSettings)
def compress(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE",
            help="Text or Markdown files, one document each, or - for standard input; or, without "
            "--query, one JSONL file of records with query (or question) and documents.",
        ),
    ],
    *,
    query: Annotated[
        str | None, typer.Option("--query", "-q", help="The question to compress for.")
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
    set_up_messages(verbose)
    if query is None:
        job = _record_job(files, output, settings, overwrite, format)
        _compress_records(job, settings, batch_records, engine, workers)
    else:
        _compress_files(query, files, output, settings, format)


def _compress_files(
    query: str,
    files: list[str],
    output: Path | None,
    settings: dict[str, Any],
    format: Format,  # noqa: A002
) -> None:
    from ..persistence.factory import compressor_from_settings
    from ..types import Document, check_query

    check_query(query, "--query")
    if output is not None:
        check_output(output, *files)
    documents = [Document(_read(file), id=None if file == "-" else file) for file in files]
    compressor = compressor_from_settings(**settings)
    shown = _shown(compressor, compressor.compress(query, documents), format)
    if output is None:
        _write_out(shown)
    else:
        write_text(output, shown)


def _record_job(
    files: list[str],
    output: Path | None,
    settings: dict[str, Any],
    overwrite: bool,
    format: Format,  # noqa: A002
) -> RecordJob:
    from ..data.records import RecordJob

    if len(files) != 1 or not (files[0] == "-" or files[0].endswith((".jsonl", ".ndjson"))):
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
        from ..persistence.factory import compressor_from_settings

        summary = job.run(compressor_from_settings(**settings), batch_records=batch_records)
    typer.echo(f"recomp: {summary}", err=True)
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


def _read(file: str) -> str:
    raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{file} is not UTF-8 text ({error}): convert it first") from error


def _write_out(text: str) -> None:
    """Write UTF-8 in every locale; lone surrogates become question marks."""
    sys.stdout.buffer.write(text.encode("utf-8", "replace"))
    sys.stdout.buffer.flush()
