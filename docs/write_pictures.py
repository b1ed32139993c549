"""Draw the README's picture, documents with what was kept: `python docs/write_pictures.py`.

It compresses the bundled example, and writes docs/pictures/kept-light.svg and kept-dark.svg;
tests/docs/test_readme.py fails if they show something else.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from html import escape
from pathlib import Path

from recomp_core import Compression, load_compressor
from recomp_core.data.examples import lighthouse

FOLDER = Path(__file__).parent / "pictures"
COLOURS = {
    "light": {"page": "#ffffff", "card": "#f6f8fa", "line": "#d1d9e0", "dropped": "#818b98",
              "text": "#1f2328", "kept": "#1a7f37", "box": "#dafbe1"},
    "dark": {"page": "#0d1117", "card": "#151b23", "line": "#3d444d", "dropped": "#717983",
             "text": "#f0f6fc", "kept": "#3fb950", "box": "#12261e"},
}  # fmt: skip
WIDTH, ROW = 620, 17
# So many documents are drawn, and so many characters of a line: wide fonts have room too.
DRAWN, LINE = 3, 76
FONT = "-apple-system, 'Segoe UI', Helvetica, Arial, sans-serif"


def compressed() -> Compression:
    """Compress the example with the bundled encoder.

    Returns:
        The compression that the picture shows.
    """
    query, documents = lighthouse()
    compression: Compression = load_compressor(top_k=2).compress(query, documents)
    return compression


def picture(compression: Compression, colours: dict[str, str]) -> str:
    """Draw a compression.

    Args:
        compression: What to draw.
        colours: Colours by what they are for.

    Returns:
        An SVG file.
    """
    parts: list[str] = []
    y = 50
    for number, document in enumerate(compression.documents[:DRAWN]):
        lines = list(_lines(compression, number))
        height = 32 + ROW * len(lines)
        parts.append(_box(12, y, WIDTH - 24, height, colours["card"], colours["line"]))
        parts.append(_text(24, y + 20, document.title or "", colours["text"], "bold"))
        for row, runs in enumerate(lines):
            spans = "".join(
                f'<tspan fill="{colours["kept" if kept else "dropped"]}"'
                f' font-weight="{600 if kept else 400}">{escape(words)}</tspan>'
                for kept, words in runs
            )
            place = f'x="24" y="{y + 39 + ROW * row}" xml:space="preserve"'
            parts.append(f'<text {place} font-size="12">{spans}</text>')
        y += height + 8
    more = f"… and {len(compression.documents) - DRAWN} more documents, of which nothing is kept"
    parts.append(_text(24, y + 14, more, colours["dropped"]))
    y += 44
    before, after = len(compression.original_text), len(compression.text)
    said = f"What the model reads: {after} of {before:,} characters"
    parts.append(_text(12, y, said, colours["text"], "bold"))
    answer = [line for part in compression.text.splitlines() for line in textwrap.wrap(part, LINE)]
    height = 16 + ROW * len(answer)
    parts.append(_box(12, y + 10, WIDTH - 24, height, colours["box"], colours["kept"]))
    for row, line in enumerate(answer):
        parts.append(_text(24, y + 30 + ROW * row, line, colours["text"]))
    y += height + 22
    question = f"“{compression.query}”"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" font-family="{FONT}" '
        f'role="img" aria-label="Six documents; the two sentences that answer the question are '
        f'kept">\n{_box(0, 0, WIDTH, y, colours["page"], colours["page"])}\n'
        f'<text x="12" y="32" font-size="18" font-weight="600" fill="{colours["text"]}">'
        f"{escape(question)}</text>\n" + "\n".join(parts) + "\n</svg>\n"
    )


def _lines(compression: Compression, number: int) -> Iterator[list[tuple[bool, str]]]:
    """The lines of a document, each as runs of kept and of dropped text."""
    text = compression.documents[number].text
    kept = [False] * len(text)
    for sentence in compression.kept:
        if sentence.doc_index == number:
            kept[sentence.start : sentence.end] = [True] * (sentence.end - sentence.start)
    start = 0
    for paragraph in text.splitlines(keepends=True):
        place = start
        for line in textwrap.wrap(paragraph.rstrip("\n"), LINE):
            begin = text.index(line, place)
            place = begin + len(line)
            runs: list[tuple[bool, str]] = []
            for position in range(begin, place):
                if runs and runs[-1][0] == kept[position]:
                    runs[-1] = (kept[position], runs[-1][1] + text[position])
                else:
                    runs.append((kept[position], text[position]))
            yield runs
        start += len(paragraph)


def _box(x: int, y: int, width: int, height: int, fill: str, line: str) -> str:
    return (
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="6" fill="{fill}" '
        f'stroke="{line}"/>'
    )


def _text(x: int, y: int, words: str, colour: str, weight: str = "normal") -> str:
    return (
        f'<text x="{x}" y="{y}" font-size="12" font-weight="{weight}" fill="{colour}">'
        f"{escape(words)}</text>"
    )


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    drawn = compressed()
    for name, colours in COLOURS.items():
        (FOLDER / f"kept-{name}.svg").write_text(picture(drawn, colours), encoding="utf-8")
