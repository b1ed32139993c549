"""Writes a benchmark's tables into RESULTS.md."""

from __future__ import annotations

import sys
from pathlib import Path

RESULTS = Path(__file__).with_name("RESULTS.md")


def write_between(begin: str, end: str, text: str, file: Path = RESULTS) -> None:
    """Writes the text between two marks; without them the program ends with an error."""
    before, found, rest = file.read_text(encoding="utf-8").partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        sys.exit(f"{file} has no lines {begin} and {end} to write between")
    file.write_text(f"{before}{begin}\n\n{text}\n\n{end}{after}", encoding="utf-8")
