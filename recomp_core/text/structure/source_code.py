"""Programs: divided where a new definition begins at the edge of the page."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .lines import Block, Line, span_of
from .traces import is_frame

# As many lines tell whether a text is a program.
_SAMPLE = 500
_DEFINITION = re.compile(
    r"(?:(?:export|default|public|private|protected|internal|static|final|abstract|async|pub|unsafe|"
    r"virtual|override|inline|const|extern)\s+)*"
    r"(?:def|class|function|func|fn|struct|enum|interface|trait|impl|module|namespace|type|sub|proc|"
    r"CREATE\s+\w+|create\s+\w+|let|const|var|val)\s+[\w$(*&\[]"
    r"|@\w[\w.]*(?:\(|$)|#\[\w"
    r"|[A-Za-z_][\w<>\[\],*& ]{0,60}\s[*&]?[A-Za-z_]\w*\s*\([^;]{0,200}\)\s*\{?$"
    r"|[\w.]+\s*=\s*(?:async\s+)?(?:function|\([^)]{0,100}\)\s*=>)"
    r"|[\w-]+\s*\(\)\s*\{"
)
_STATEMENT = re.compile(
    r"(?:import|from|package|using|use|include|require|return|if|for|while|else|elif|try|except|"
    r"catch|finally|raise|throw|with|assert|pass|break|continue|print|switch|case|yield|await)\b"
    r"|#include|[})\]]|\"\"\"|'''|//|/\*|\*[ /]"
)
_ENDS = re.compile(r"[{};]$|[\w\])]\($|:$|=>$|\)$|\\$|,$")
_ASSIGNMENT = re.compile(r"[\w.\[\]\"']+\s*(?:[+*/-]?=|:=)\s*\S")


def looks_like_code(lines: Sequence[Line]) -> bool:
    """Tell whether lines are a program.

    Args:
        lines: All lines of the text.

    Returns:
        Whether it defines something, and most lines look like statements.
    """
    given = [line for line in lines[:_SAMPLE] if not line.blank]
    if len(given) < 4:
        return False
    definitions = statements = 0
    for line in given:
        if is_frame(line.text):
            continue  # of a trace: it looks like a definition
        if _DEFINITION.match(line.text):
            definitions += 1
        elif _STATEMENT.match(line.text) or _ASSIGNMENT.match(line.text):
            statements += (
                1 if _ENDS.search(line.text) or "(" in line.text or "=" in line.text else 0
            )
        elif _ENDS.search(line.text) and "(" in line.text:
            statements += 1
    return definitions > 0 and definitions + statements >= 0.5 * len(given)


def code_blocks(lines: Sequence[Line]) -> list[Block]:
    """Divide a program into its definitions.

    Args:
        lines: All lines of the text.

    Returns:
        One block for each definition at the edge of the page, with the comments and decorators
        above it, and one for each run of other statements.
    """
    blocks: list[Block] = []
    run: list[Line] = []
    quoted = ""
    for line in lines:
        new = not quoted and not line.blank and line.indent == 0 and _begins(line, run)
        if new and run:
            _flush(blocks, run)
            run = []
        if not line.blank or run:
            run.append(line)
        for mark in ('"""', "'''"):
            if quoted in ("", mark) and line.text.count(mark) % 2:
                quoted = "" if quoted else mark
    _flush(blocks, run)
    return blocks


def _begins(line: Line, run: Sequence[Line]) -> bool:
    """Whether a line at the edge begins a part of its own."""
    if line.text[0] in "})]":
        return False
    above = next((before for before in reversed(run) if not before.blank), None)
    if above is None:
        return True
    after_gap = run[-1].blank
    is_comment = above.text.startswith(("#", "//", "/*", "*", "@", "--"))
    if _DEFINITION.match(line.text):
        return after_gap or not is_comment
    return after_gap


def _flush(blocks: list[Block], run: list[Line]) -> None:
    if any(not line.blank for line in run):
        blocks.append(Block("code", *span_of(run)))
