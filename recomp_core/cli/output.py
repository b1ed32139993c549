"""How commands write tables and text to standard output."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def print_table(
    header: Sequence[str], rows: Sequence[Sequence[str]], title: str | None = None
) -> None:
    """Print a table for people.

    Args:
        header: The columns' heads; empty ones are not shown.
        rows: The cells of each row.
        title: A line above the table.
    """
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    if not console.is_terminal:
        console = Console(width=200)  # a file has no width, and cells must not be cut short
    named = None if title is None else escape(title)
    table = Table(title=named, title_justify="left", show_header=any(header))
    for column, head in enumerate(header):
        table.add_column(escape(head), justify="right" if column > 1 else "left")
    for row in rows:
        table.add_row(*map(escape, row))
    console.print(table)


def write(text: str) -> None:
    """Write text as UTF-8 in any locale of the terminal.

    Args:
        text: The text; lone surrogates become question marks.
    """
    sys.stdout.buffer.write(text.encode("utf-8", "replace").rstrip(b"\n") + b"\n")
    sys.stdout.buffer.flush()
