"""The embedded encoder is what was published: its tokenizer, pooling and settings too."""

import os
from pathlib import Path

import pytest

from recomp_core import ModelLoadError
from recomp_core.persistence import names

pytestmark = pytest.mark.model


@pytest.fixture
def embedded(tmp_path, monkeypatch):
    """A copy of the embedded package, of links for speed, in its place."""
    pytest.importorskip(names.EMBEDDED_PACKAGE, reason='needs pip install "recomp[offline]"')
    original = Path(names.embedded_model())
    for file in original.rglob("*"):
        if file.is_file():
            copy = tmp_path / "model" / file.relative_to(original)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.symlink_to(file)

    class Spec:
        submodule_search_locations = (str(tmp_path),)

    monkeypatch.setattr(names, "find_spec", lambda _: Spec)
    # Its weights are checked elsewhere, and take long.
    monkeypatch.setattr(names, "check_embedded", lambda _: None)
    return tmp_path / "model"


def test_links_to_the_same_content_are_fine(embedded):
    assert names.embedded_model() == str(embedded)


@pytest.mark.parametrize("name", [*names.EMBEDDED_FILES])
@pytest.mark.parametrize("how", ["changed", "missing"])
def test_a_file_that_differs(embedded, name, how):
    content = (embedded / name).read_bytes()
    os.unlink(embedded / name)
    if how == "changed":
        (embedded / name).write_bytes(content + b" ")
    with pytest.raises(ModelLoadError, match=f"is not as it was published: .*{how}.*reinstall"):
        names.embedded_model()


@pytest.mark.parametrize(
    "name", ["adapter_config.json", "added_tokens.json", "2_Normalize/config.json"]
)
def test_a_file_that_was_added(embedded, name):
    (embedded / name).parent.mkdir(exist_ok=True)
    (embedded / name).write_text("{}")
    with pytest.raises(ModelLoadError, match="is not a part of it"):
        names.embedded_model()
