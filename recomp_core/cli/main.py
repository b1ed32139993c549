"""The command `recomp`.

Exit codes: 0 all went well; 1 an error (a model, a file); 2 wrong usage; 3 finished, but some
records could not be read or compressed; 4 `evaluate --fail-under` was not met; 130 interrupted.
"""

from __future__ import annotations

import json
import sys
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .._version import __version__
from .calibrate import calibrate
from .demo import demo
from .evaluate import compare, evaluate
from .index import index
from .label import EngineName
from .label import app as label_app
from .messages import set_up_messages
from .options import Context, Device, Lang, Verbose
from .train import app as train_app

if TYPE_CHECKING:
    from ..data.records import RecordJob
    from ..extractive.compressor import ExtractiveCompressor
    from ..types import Compression

app = typer.Typer(
    name="recomp",
    help="Compress retrieved documents before they reach the prompt.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.add_typer(label_app, name="label")
app.add_typer(train_app, name="train")
app.command()(evaluate)
app.command()(compare)
app.command()(calibrate)
app.command()(demo)
app.command()(index)

EXIT_ERROR, EXIT_PARTLY, EXIT_INTERRUPTED = 1, 3, 130


class Format(str, Enum):
    text = "text"
    json = "json"
    html = "html"


def main() -> None:
    """The entry point: errors of the work become one line on standard error."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:
        # The reader (head, less) has gone: not an error of ours.
        sys.stderr.close()
        sys.exit(0)
    except (OSError, ValueError, TypeError, ImportError) as error:
        typer.echo(f"recomp: {error}", err=True)
        sys.exit(EXIT_ERROR)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"recomp {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    del version


@app.command()
def compress(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE",
            help="Text or Markdown files, one document each, or - for standard input; or, without "
            "--query, one JSONL file of records with query (or question) and documents.",
        ),
    ],
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
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "-m",
            help="Name or folder of an encoder or a model that writes; default: bundled.",
        ),
    ] = None,
    top_k: Annotated[int | None, typer.Option(help="Keep at most this many sentences.")] = None,
    top_p: Annotated[
        float | None,
        typer.Option(help="Keep the fewest that make up this much of the probability."),
    ] = None,
    max_tokens: Annotated[
        int | None, typer.Option(help="Never more tokens than this; see --tokenizer.")
    ] = None,
    min_score: Annotated[
        float | None, typer.Option(help="Keep only sentences that score at least this.")
    ] = None,
    tokenizer: Annotated[
        str | None,
        typer.Option(help="The reader model's tokenizer for --max-tokens; default: the encoder's."),
    ] = None,
    context: Context = None,
    lang: Lang = None,
    elision: Annotated[
        str | None, typer.Option(help='A mark where text was dropped, e.g. "[…]".')
    ] = None,
    device: Device = None,
    max_new_tokens: Annotated[
        int | None, typer.Option(help="Longest summary, for a model that writes one.")
    ] = None,
    num_beams: Annotated[
        int | None, typer.Option(help="Beams of a model that writes; default: greedy.")
    ] = None,
    backend: Annotated[
        str | None,
        typer.Option(
            help="auto, torch or onnx for an encoder; torch or ctranslate2 for a model that writes."
        ),
    ] = None,
    compute_type: Annotated[
        str | None, typer.Option(help="Numbers that are computed with, such as int8.")
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(help="Folder of a sentence store, which recomp index fills beforehand."),
    ] = None,
    extract_tokens: Annotated[
        int | None,
        typer.Option(help="First pick sentences of this many tokens for a model that writes."),
    ] = None,
    batch_records: Annotated[
        int, typer.Option(min=1, help="Records of a JSONL file that are compressed together.")
    ] = 32,
    engine: Annotated[
        EngineName, typer.Option(help="Where JSONL records are compressed: here, or by Ray.")
    ] = EngineName.local,
    workers: Annotated[int, typer.Option(min=1, help="With --engine ray: how many actors.")] = 2,
    overwrite: Annotated[
        bool, typer.Option(help="Begin the output file anew instead of carrying on with it.")
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
    settings = {
        "top_k": top_k, "top_p": top_p, "max_tokens": max_tokens, "min_score": min_score,
        "tokenizer": tokenizer,
        "context": context, "lang": lang, "elision": elision, "device": device,
        "max_new_tokens": max_new_tokens, "num_beams": num_beams, "backend": backend,
        "compute_type": compute_type, "store": store,
        "extract_tokens": extract_tokens,
    }  # fmt: skip
    if query is None:
        job = _record_job(files, output, model, settings, overwrite, format)
        _compress_records(job, {"model": model, **settings}, batch_records, engine, workers)
    else:
        _compress_files(query, files, output, model, settings, format)


@app.command()
def example(
    html: Annotated[
        Path | None, typer.Option(help="Also write the highlighted view to this HTML file.")
    ] = None,
    top_k: Annotated[int, typer.Option(help="Keep this many sentences.")] = 2,
) -> None:
    """Compress a small example with the bundled encoder and show what was kept."""
    set_up_messages(verbose=False)
    from ..data.examples import lighthouse
    from ..persistence.factory import compressor_from_settings

    compressor = compressor_from_settings(top_k=top_k)
    _show_example(compressor, compressor.compress(*lighthouse()), html)


def _show_example(compressor: ExtractiveCompressor, result: Compression, html: Path | None) -> None:
    from rich.console import Console
    from rich.table import Table

    from ..text.html import compression_page
    from ..text.tokens import encoder_token_counter

    count_tokens = encoder_token_counter(compressor) or len
    table = Table("score", "from", "sentence", title="Kept", title_justify="left", show_lines=True)
    for sentence in result.kept:
        title = result.documents[sentence.doc_index].title or f"document {sentence.doc_index + 1}"
        table.add_row(f"{sentence.score:.3f}", title, sentence.text)
    before, after = count_tokens(result.original_text), count_tokens(result.text)
    console = Console()
    console.print(f"\n[bold]Question[/bold]  {result.query}\n")
    console.print(table)
    console.print(
        f"\n{len(result.documents)} documents, {len(result.kept) + len(result.dropped)} sentences: "
        f"{before} tokens before, [bold]{after}[/bold] after ({result.rate(count_tokens):.1%})."
    )
    if html is not None:
        html.write_text(compression_page(result, count_tokens=count_tokens), encoding="utf-8")
        console.print(f"Every sentence of every document: [bold]{html}[/bold]")


def _compress_files(
    query: str,
    files: list[str],
    output: Path | None,
    model: str | None,
    settings: dict[str, Any],
    format: Format,  # noqa: A002
) -> None:
    from ..persistence.factory import compressor_from_settings
    from ..types import Document, check_query

    check_query(query, "--query")
    documents = [Document(_read(file), id=None if file == "-" else file) for file in files]
    compressor = compressor_from_settings(model, **settings)
    shown = _shown(compressor, compressor.compress(query, documents), format)
    if output is None:
        _write_out(shown)
    else:
        output.write_text(shown, encoding="utf-8", errors="replace")


def _record_job(
    files: list[str],
    output: Path | None,
    model: str | None,
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
    return RecordJob(files[0], output, settings={"model": model, **settings}, overwrite=overwrite)


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
        return json.dumps(result.to_dict(), ensure_ascii=False, indent=2) + "\n"
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
    """UTF-8 whatever the terminal's locale; lone surrogates as question marks."""
    sys.stdout.buffer.write(text.encode("utf-8", "replace"))
    sys.stdout.buffer.flush()
