"""A headless Chromium for the tests of pages. Without one, or without its driver, they skip."""

from __future__ import annotations

import shutil

import pytest

# The driver is spoken to over a socket of this machine; nothing else may be reached.
LOCAL = ["127.0.0.1", "::1", "localhost"]


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.is_relative_to(__file__.rpartition("/")[0]):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.allow_hosts(LOCAL))


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """A `chromium.Browser`, started once."""
    pytest.importorskip("selenium", reason="needs pip install selenium")
    binary = next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )
    driver = shutil.which("chromedriver")
    if not binary or not driver:
        pytest.skip("needs chromium and its driver: apt-get install chromium chromium-driver")
    from .chromium import Browser

    browser = Browser(binary, driver, tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()
