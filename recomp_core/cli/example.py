"""The command `recomp example`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from .messages import set_up_messages

if TYPE_CHECKING:
    from ..extractive.compressor import ExtractiveCompressor
    from ..types import Compression


def example(
    html: Annotated[
        Path | None, typer.Option(help="Also write the highlighted view to this HTML file.")
    ] = None,
    top_k: Annotated[int, typer.Option(min=1, help="Keep this many sentences.")] = 2,
    lang: Annotated[
        Literal["en", "zh"],
        typer.Option(help="In English, or in Chinese with the multilingual encoder."),
    ] = "en",
) -> None:
    """Compress a small example and show what was kept."""
    set_up_messages(verbose=False)
    from ..data import examples
    from ..persistence.factory import compressor_from_settings
    from ..persistence.names import MULTILINGUAL

    load, model = (examples.bridge, MULTILINGUAL) if lang == "zh" else (examples.lighthouse, None)
    compressor = compressor_from_settings(model, top_k=top_k)
    _show_example(compressor, compressor.compress(*load()), html)


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
