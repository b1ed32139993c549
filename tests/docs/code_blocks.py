"""Runs the code blocks of a Markdown page, in order and in one namespace, and compares output.

- A `python` block is executed; a block without a language or of `text` right below it is what it
  prints.
- In a `console` block a line that begins with `$ ` is a command, which may go on after a backslash;
  the lines up to the next one are its output.
- `...` in an output stands for anything.
- A comment of the source right above a block may say why it is not run:
  `<!-- not run: it needs a network -->`, or that a test of its own runs it.

Commands and code work in a folder of their own, which shows these of the repository.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from doctest import ELLIPSIS, OutputChecker
from pathlib import Path

ROOT = Path(__file__).parents[2]
SHOWN = ("docs", "examples", "benchmarks", "notebooks")
RUN = ("python", "console", "bash", "shell", "sh")

_FENCE = re.compile(
    r"(?:^<!--(?P<comment>(?:(?!-->).)*)-->[ ]*\n+)?^```(?P<language>[\w-]*)\n(?P<text>.*?)^```[ ]*$",
    re.MULTILINE | re.DOTALL,
)


@dataclass
class Block:
    """A fenced block: its line, language, text, output, and why it is not run."""

    line: int
    language: str
    text: str
    expected: str | None = None
    reason: str = ""


def blocks_of(page: str) -> list[Block]:
    """The blocks of a page that hold code, each with the output below it."""
    found: list[Block] = []
    end = None
    for match in _FENCE.finditer(page):
        language, text = match["language"], match["text"]
        between = None if end is None else page[end : match.start()]
        if language in ("", "text") and between is not None and not between.strip():
            if found and found[-1].language == "python" and found[-1].expected is None:
                found[-1].expected = text
        elif language in RUN:
            line = page.count("\n", 0, match.start("language")) + 1
            found.append(Block(line, language, text, reason=_reason(match["comment"])))
        end = match.end()
    return found


def _reason(comment: str | None) -> str:
    words = " ".join((comment or "").split())
    said = re.fullmatch(r"not run: (.{10,})", words)
    if said:
        return said[1]
    named = re.match(r"(tests/\S+\.py) runs", words)
    return words if named and (ROOT / named[1]).is_file() else ""


def run_page(page: str, folder: Path) -> int:
    """Run the blocks of a page in a folder; returns how many. Raises `AssertionError`."""
    for name in SHOWN:
        (folder / name).symlink_to(ROOT / name)
    names: dict[str, object] = {"__name__": "__main__"}
    done = 0
    with contextlib.chdir(folder) if sys.version_info >= (3, 11) else _inside(folder):
        for block in blocks_of(page):
            if block.reason:
                continue
            where = f"the block in line {block.line}"
            if block.language == "python":
                _compare(where, block.expected or "", _printed(block, names))
            else:
                for command, expected in _commands(block):
                    _compare(f"{where}, {command}", expected, _said(command, folder))
            done += 1
    return done


@contextlib.contextmanager
def _inside(folder: Path):
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _printed(block: Block, names: dict[str, object]) -> str:
    printed = io.StringIO()
    code = compile("\n" * block.line + block.text, "<page>", "exec")
    with contextlib.redirect_stdout(printed):
        exec(code, names)
    return printed.getvalue()


def _commands(block: Block) -> list[tuple[str, str]]:
    text = re.sub(r"\\\n\s*", "", block.text)
    assert text.startswith("$ "), f"line {block.line}: a command begins with '$ '"
    parts = re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]
    return [(command, output) for command, _, output in (part.partition("\n") for part in parts)]


def _said(command: str, folder: Path) -> str:
    programs = folder / ".programs"
    programs.mkdir(exist_ok=True)
    for name, start in (("recomp", "-m recomp_core"), ("python", "")):
        program = programs / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {start} "$@"\n')
        program.chmod(0o755)
    paths = f"{programs}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=folder,
        env={**os.environ, "PATH": paths, "PYTHONPATH": str(ROOT), "COLUMNS": "100"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def _compare(where: str, expected: str, got: str) -> None:
    def plain(text: str) -> str:
        return "\n".join(line.rstrip() for line in text.strip("\n").splitlines()) + "\n"

    assert OutputChecker().check_output(plain(expected), plain(got), ELLIPSIS), (
        f"{where} prints\n{got}\ninstead of\n{expected}"
    )
