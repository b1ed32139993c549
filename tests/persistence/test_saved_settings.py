"""What a foreign `recomp_config.json` may say."""

import json
import shutil

import pytest
from tiny_bert import save_contriever_style

from recomp_core import ModelLoadError, load_compressor, save_compressor

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    base = save_contriever_style(tmp_path_factory.mktemp("base"))
    return save_compressor(load_compressor(base, device="cpu"), base.parent / "saved")


@pytest.fixture
def folder(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "copy")


def edit(folder, **changes):
    file = folder / "recomp_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


@pytest.mark.parametrize(
    "wrong",
    [
        {"batch_size": "many"}, {"batch_size": 0}, {"batch_size": True}, {"batch_size": 10**40},
        {"truncate_dim": 0}, {"truncate_dim": 2.5}, {"context": 5}, {"context": "paragraph"},
        {"similarity_fn_name": ["dot"]}, {"lang": 7}, {"max_unit_tokens": -1},
        {"document_format": "pdf"}, {"outline": {}}, {"titles": "yes"}, {"lexical_weight": 2},
        {"prefilter": -1},
        {"lexical_weight": float("nan")}, {"separator": 5}, {"elision": []},
        {"document_separator": 1}, {"expand": 3}, {"expand": ["a", "b"]}, {"expand": [1]},
        {"expand": [-1, 0]}, {"selector": 5}, {"selector": {"type": ["top_k"]}},
        {"pin": "numbers"}, {"pin": ["numbres"]}, {"pin": ["("]}, {"injections": "maybe"},
        {"injections": None, "base": 3}, {"base": 3}, {"calibration": "x"},
    ],
)  # fmt: skip
def test_a_setting_of_another_type(folder, wrong):
    edit(folder, **wrong)
    with pytest.raises(ModelLoadError, match=r"recomp_config.json is damaged"):
        load_compressor(folder, device="cpu")


@pytest.mark.parametrize(
    "wrong",
    [{"sha256": {"../elsewhere.json": "0"}}, {"sha256": {"/etc/passwd": "0"}}, {"sha256": 5},
     {"kind": ["extractive"]}, {"format_version": {}}],
)  # fmt: skip
def test_what_the_folder_is_of(folder, wrong):
    edit(folder, **wrong)
    with pytest.raises(ModelLoadError):
        load_compressor(folder, device="cpu")


def test_a_folder_names_no_store_and_no_device(folder, tmp_path):
    edit(folder, store=str(tmp_path / "store"), device="cuda:7", timeout_s=1e-9, unknown=1)
    assert load_compressor(folder, device="cpu").compress("bob?", ["the tower. bob."]).kept
    assert not (tmp_path / "store").exists()


def test_pins_and_flags_are_saved(folder, tmp_path):
    compressor = load_compressor(folder, device="cpu", pin=("numbers", r"§ \d"), injections="drop")
    again = load_compressor(save_compressor(compressor, tmp_path / "again"), device="cpu")
    assert again.injections == "drop"
    assert again.pins.wanted == ("numbers", r"§ \d")
    assert "12" in again.compress("bob?", ["the tower. bob. bob bob. it cost 12."]).text
    assert not load_compressor(folder, device="cpu").pins


def test_a_config_that_is_nested_too_deeply(folder):
    (folder / "recomp_config.json").write_text("[" * 100_000)
    with pytest.raises(ModelLoadError, match="nested too deeply|damaged"):
        load_compressor(folder, device="cpu")
