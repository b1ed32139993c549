"""The blocks of Markdown beside those of markdown-it-py, for what both read alike."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomp_core.text.splitting import SentenceSplitter

markdown_it = pytest.importorskip("markdown_it")

LINES = [
    "# One", "## Two", "#no heading", "plain text", "More text.", "", "", "- a", "- b", "  - c",
    "* d", "1. e", "2. f", "> quoted", "```", "```py", "~~~", "| a | b |", "|---|---|", "| 1 | 2 |",
    "Title", "=====", "    indented", "`code` here", "```span``` here",
]  # fmt: skip


def theirs(text):
    """The headings and fences of the outermost level, as (kind, first line, line after)."""
    parser = markdown_it.MarkdownIt("commonmark").enable("table")
    parser.core.ruler.disable(["inline", "text_join"])
    kinds = {"heading_open": "heading", "fence": "code"}
    return [
        (kinds[token.type], *token.map)
        for token in parser.parse(text)
        if token.type in kinds and token.level == 0
    ]


def ours(text):
    found = []
    for unit in SentenceSplitter("en").units(text, "markdown"):
        said = text[unit.start : unit.end]
        first = text.count("\n", 0, unit.start)
        is_heading = said.startswith(("# ", "## ")) or said.endswith("=====")
        if is_heading and unit.kind in ("heading", "line"):
            found.append(("heading", first, first + said.count("\n") + 1))
        elif unit.kind == "code":
            found.append(("code", first, first + said.count("\n") + 1))
    return found


@pytest.mark.parametrize(
    "text",
    [
        "# One\n\ntext\n\n## Two\n\nmore\n",
        "Title\n=====\n\ntext\n",
        "text\n\n```py\nx = 1\n\ny = 2\n```\n\nmore\n",
        "~~~\na\n```\nb\n~~~\n",
        "````\n```\nx\n```\n````\n",
        "text\n```\ncode\n```\ntext\n",
        "#no heading\n\n# heading\n",
        "```span``` is code\n\n# One\n",
        "- item\n\n# One\n",
        "> quoted\n\n# One\n",
    ],
)
def test_headings_and_fences(text):
    assert ours(text) == theirs(text)


@given(st.lists(st.sampled_from(LINES), max_size=12).map("\n".join))
def test_headings_that_stand_by_themselves(text):
    """With a blank line on each side and no fence, every heading is found by both."""
    text = "\n\n".join(line for line in text.split("\n") if line and line[0] not in "`~ =|")
    mine = [found for found in ours(text) if found[0] == "heading"]
    assert mine == [found for found in theirs(text) if found[0] == "heading"]
