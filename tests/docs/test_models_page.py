"""What docs/models.md says of the models that ship."""

import json
import re
from pathlib import Path

import pytest

from recomp_core.models.encoders.e5_small import FILE_SHA256
from recomp_core.persistence.names import BUNDLED, DEFAULT, EMBEDDED_SHA256

ROOT = Path(__file__).parents[2]
CARD = BUNDLED[DEFAULT] / "README.md"
ADAPTER = json.loads((BUNDLED[DEFAULT] / "recomp_config.json").read_text("utf-8"))["sha256"]


@pytest.mark.parametrize(
    ("page", "hashes"),
    [
        (ROOT / "docs" / "models.md",
         {ADAPTER["adapter_model.safetensors"], EMBEDDED_SHA256, FILE_SHA256}),
        (CARD, {*ADAPTER.values(), EMBEDDED_SHA256}),
    ],
    ids=["page", "card"],
)  # fmt: skip
def test_its_hashes_are_those_that_are_checked(page, hashes):
    assert set(re.findall("[0-9a-f]{64}", page.read_text("utf-8"))) == hashes
