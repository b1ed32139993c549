"""Small pieces of HTML and of its words that several sections use."""

# The report's HTML is written by hand, without a template engine: fewer than a hundred lines of the
# sections hold markup, mostly one element around a value that was computed beside it. The page's
# frame is in `assets/`. Tests put hostile text into every field of an evaluation.

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any


def cell(value: float | None, shown: str | None = None, between: str = "", span: int = 1) -> str:
    """Write a table cell.

    Args:
        value: The value that the column is sorted by; None for an empty cell.
        shown: The text; None for the value itself.
        between: A range, shown below the value.
        span: How many columns it spans.

    Returns:
        HTML.
    """
    if value is None:
        return "<td>–</td>"
    columns = f' colspan="{span}"' if span > 1 else ""
    extra = f'<span class="range">{between}</span>' if between else ""
    return f'<td data-value="{value:.6g}"{columns}>{value if shown is None else shown}{extra}</td>'


def share_cell(mean: float, low: float, high: float) -> str:
    """Write a table cell with a share and its interval in percent.

    Args:
        mean: The share.
        low: The lower end of its interval.
        high: The upper end of its interval.

    Returns:
        HTML.
    """
    return cell(mean, f"{100 * mean:.1f}", f"{100 * low:.1f}–{100 * high:.1f}")


def scrolling(table: str, name: str) -> str:
    """Put a table into a box that the keyboard can scroll.

    Args:
        table: HTML.
        name: What a screen reader calls the box.

    Returns:
        HTML.
    """
    label = attribute(name)
    return f'<div class="scroll" role="region" tabindex="0" aria-label="{label}">{table}</div>'


def attribute(text: str) -> str:
    """Escape a text for an attribute in double quotes."""
    return escape(text, quote=True)


def capital(text: str) -> str:
    """Write the first letter of a text as a capital."""
    return text[:1].upper() + text[1:]


def counted(n: int, noun: str) -> str:
    """Write a number and its noun, in the plural where that is needed."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def plain(value: Any) -> str:
    """Write a single JSON value as text, not escaped."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def nested(value: Any) -> str:
    """Write a JSON value as nested lists of names and values."""
    if isinstance(value, Mapping):
        if not value:
            return "–"
        items = "".join(
            f"<dt><bdi>{escape(str(name).replace('_', ' '))}</bdi></dt>"
            f'<dd dir="auto">{nested(item)}</dd>'
            for name, item in value.items()
        )
        return f"<dl>{items}</dl>"
    if isinstance(value, (list, tuple)):
        if any(isinstance(item, (Mapping, list, tuple)) for item in value):
            return "".join(nested(item) for item in value)
        return ", ".join(nested(item) for item in value) or "–"
    return escape(plain(value)) or "–"
