"""Calibrations in the folders of saved compressors, and what else a folder refuses."""

import json

import pytest
from tiny_bert import save_contriever_style

from recomp_core import (
    AbstractiveCompressor,
    ExtractiveCompressor,
    TopK,
    load_compressor,
    save_compressor,
)
from recomp_core.persistence.compressors import check_calibrated, store_calibration
from recomp_core.persistence.folders import update_config

pytestmark = pytest.mark.model


class Calibration:
    """A calibration that chose three sentences, of a compressor with these settings."""

    def __init__(self, **compressor):
        self.compressor = compressor

    def selector(self):
        return TopK(3)

    def to_dict(self):
        return {"chosen": "top_k=3"}


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    return save_contriever_style(tmp_path_factory.mktemp("bert"))


@pytest.fixture(scope="module")
def compressor(bert):
    return load_compressor(bert, device="cpu")


@pytest.fixture
def saved(compressor, tmp_path):
    return save_compressor(compressor, tmp_path / "saved")


def settings_of(folder):
    return json.loads((folder / "recomp_config.json").read_text())


def test_a_calibration_is_saved_with_its_compressor(compressor, tmp_path):
    calibration = Calibration(context="sentence", expand=[0, 0])
    folder = save_compressor(compressor, tmp_path / "saved", calibration=calibration)
    assert settings_of(folder)["calibration"] == {"chosen": "top_k=3"}
    assert load_compressor(folder, device="cpu").selector == TopK(3)


def test_a_calibration_is_stored_later_and_the_weights_stay(saved):
    before = settings_of(saved)
    written = (saved / "model.safetensors").stat().st_mtime_ns
    assert store_calibration(Calibration(context="sentence"), saved) == saved
    after = settings_of(saved)
    assert after.pop("calibration") == {"chosen": "top_k=3"}
    assert after == {**before, "selector": {"type": "top_k", "k": 3}}
    assert (saved / "model.safetensors").stat().st_mtime_ns == written


def test_a_calibration_of_another_compressor_is_refused(compressor, saved, tmp_path):
    other = Calibration(context="title")
    message = "calibrated with context='title', but .* has 'sentence': calibrate again"
    with pytest.raises(ValueError, match=message):
        save_compressor(compressor, tmp_path / "other", calibration=other)
    with pytest.raises(ValueError, match=message):
        store_calibration(other, saved)
    assert not (tmp_path / "other").exists()
    assert "calibration" not in settings_of(saved)


def test_only_a_saved_compressor_that_ranks_is_calibrated(saved, tmp_path):
    with pytest.raises(FileNotFoundError, match="no compressor was saved in"):
        check_calibrated({}, tmp_path)
    with pytest.raises(FileNotFoundError, match="there is no recomp_config.json in"):
        update_config(tmp_path, {})
    update_config(saved, {"kind": "abstractive"})
    with pytest.raises(ValueError, match="writes summaries: only what ranks sentences"):
        check_calibrated({}, saved)


def test_a_changed_setting_is_warned_about_unless_a_selector_is_given(saved, caplog):
    store_calibration(Calibration(context="sentence"), saved)
    load_compressor(saved, device="cpu", context="sentence", expand=(0, 0))
    load_compressor(saved, device="cpu", context="title", selector=TopK(1))
    assert "was calibrated without" not in caplog.text
    load_compressor(saved, device="cpu", context="title", expand=(0, 1))
    assert "was calibrated without context='title', expand=(0, 1)" in caplog.text


class Summarizer:
    """Writes nothing; what it is made of is not known here."""

    max_input_tokens = None

    def count_tokens(self, text):
        return len(text.split())

    def truncate(self, text, max_tokens):
        return text

    def summarize(self, prompts):
        return ["" for _ in prompts]

    def stream(self, prompt):
        yield ""


def test_parts_of_your_own_are_named(compressor, tmp_path):
    class Splitter:
        def split(self, text):
            return [(0, len(text))]

    with pytest.raises(ValueError, match="the splitter .*Splitter.* can't be saved"):
        save_compressor(
            ExtractiveCompressor(compressor.scorer, splitter=Splitter()), tmp_path / "x"
        )
    with pytest.raises(ValueError, match="the summarizer Summarizer can't be saved"):
        save_compressor(AbstractiveCompressor(Summarizer()), tmp_path / "x")
    with pytest.raises(ValueError, match="a calibration is for a compressor that ranks"):
        save_compressor(
            AbstractiveCompressor(Summarizer()), tmp_path / "x", calibration=Calibration()
        )
    assert not (tmp_path / "x").exists()
