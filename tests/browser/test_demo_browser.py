"""The page of `recomp demo` in a real browser: quiet, offline, in both schemes and on a phone."""

import os
import socket
import subprocess
import sys
import time
from urllib.error import URLError
from urllib.request import urlopen

import pytest

pytest.importorskip("streamlit", reason='needs pip install "recomp[demo]"')

RIGHT, TAB = "\ue014", "\ue004"
READY = "document.querySelector('.trial dd') && document.querySelector('.recomp mark')"
DONE = "document.querySelector('[data-test-script-state=notRunning]')"
MARKS = "document.querySelectorAll('.recomp mark').length"

# The page around a compressor that loads no model: words in common.
SERVER = """
import sys
from recomp_core import ExtractiveCompressor
from recomp_core.demo import Session, serve

def shared_words(query, sentences):
    wanted = set(query.lower().split())
    return [float(len(wanted & set(s.lower().strip(".!?").split()))) for s in sentences]

serve(Session(ExtractiveCompressor(shared_words)), port=int(sys.argv[1]), open_browser=False)
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Where the page is served."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    home = tmp_path_factory.mktemp("home")
    log = home / "log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(port)],
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "HOME": str(home)},
        )
    try:
        for _ in range(240):
            assert server.poll() is None, log.read_text()
            try:
                urlopen(f"http://127.0.0.1:{port}", timeout=10).close()
                break
            except URLError:
                time.sleep(0.5)
        else:
            raise AssertionError(f"the page does not come up: {log.read_text()}")
        yield f"http://127.0.0.1:{port}/"
        assert "Traceback" not in log.read_text()
    finally:
        server.terminate()
        server.wait(30)


def opened(browser, address, **window):
    browser.open(address, **window)
    browser.wait(READY)
    # Streamlit draws piece by piece, and greys out what it is about to replace.
    browser.wait(f"{DONE} && !document.querySelector('[data-stale=true]')")
    # The first page of a server can pause between two pieces.
    browser.wait("document.querySelectorAll('input[type=range], [role=slider]').length >= 4")
    browser.wait("document.querySelector('[data-testid=stFileUploader] input[type=file]')")


@pytest.mark.parametrize(
    ("width", "scheme"), [(1400, "light"), (1400, "dark"), (390, "light"), (390, "dark")]
)
def test_the_page_is_quiet_fits_and_can_be_read(browser, address, tmp_path, width, scheme):
    opened(browser, address, width=width, height=1200, scheme=scheme)
    assert browser.console() == []
    assert browser.run("return document.documentElement.scrollWidth") <= width
    ours = [
        ratio for ratio, *_ in browser.run(
            "return [...document.querySelectorAll('.trial, .recomp')].map(e => [e.scrollWidth - e.clientWidth])"
        )
    ]  # fmt: skip
    assert ours
    assert max(ours) <= 0
    # Our own colours follow the scheme, as Streamlit's do.
    ink = browser.run("return getComputedStyle(document.querySelector('.trial dd')).color")
    assert ink == {"light": "rgb(29, 35, 41)", "dark": "rgb(230, 233, 237)"}[scheme]
    read = [
        found for found in browser.contrasts() if found[2] in ("score", "words", "from", "facts")
    ]
    assert read
    assert min(read)[0] >= 4.5, min(read)
    assert browser.screenshot(tmp_path / "page.png").stat().st_size > 20_000


def test_nothing_is_fetched_from_elsewhere(browser, address):
    opened(browser, address)
    fetched = browser.run("return performance.getEntriesByType('resource').map(e => e.name)")
    assert len(fetched) > 3
    assert [url for url in fetched if not url.startswith((address, "data:", "blob:"))] == []


def test_a_slider_is_moved_by_keyboard_and_other_sentences_are_kept(browser, address):
    opened(browser, address)
    assert browser.run(f"return {MARKS}") == 2
    browser.run("document.querySelector('input[type=range], [role=slider]').focus()")
    browser.press(RIGHT)
    browser.wait(f"{MARKS} === 3")
    browser.press(RIGHT, RIGHT)
    browser.wait(f"{MARKS} === 5")
    assert browser.console() == []


def test_every_slider_and_box_has_a_name(browser, address):
    opened(browser, address)
    named = {
        (node.role, node.name) for node in browser.accessibility()
        if node.role in ("slider", "checkbox", "textbox", "spinbutton", "tab", "combobox")
    }  # fmt: skip
    sliders = [name for role, name in named if role == "slider"]
    assert len(sliders) == 4
    assert any(name.startswith("At most so many sentences") for name in sliders)
    assert ("checkbox", "At most so many sentences") in named
    assert ("tab", "Scores") in named
    assert [role for role, name in named if not name] == []


def test_a_typed_question_is_answered_and_a_blank_one_is_an_error(browser, address):
    opened(browser, address)
    box = browser.find("input[aria-label=Question]")
    box.send_keys(" Who were the masons?", TAB)
    browser.wait("document.querySelector('.recomp .query').textContent.includes('masons')")
    browser.run("arguments[0].select()", box)
    box.send_keys(" ", TAB)
    browser.wait(
        "document.querySelector('[data-testid=stAlert]')?.textContent.includes('query is blank')"
    )
    assert "Traceback" not in browser.find("body").text


def test_a_file_is_a_document(browser, address, tmp_path):
    opened(browser, address)
    file = tmp_path / "fog.md"
    file.write_text("# 雾\n\nWho designed the lighthouse? Fog did.\n", encoding="utf-8")
    browser.find("[data-testid=stFileUploader] input[type=file]").send_keys(str(file))
    browser.wait("document.querySelector('.recomp').textContent.includes('7. 雾')")


def test_the_scores_show_the_cut(browser, address):
    opened(browser, address)
    browser.run("document.querySelectorAll('[role=tab]')[1].click()")
    browser.wait("document.querySelector('.trial li.cut')?.checkVisibility()")
    shown = browser.run("return [...document.querySelectorAll('.trial li')].map(e => e.className)")
    assert shown.index("cut") == 2
    assert shown.count("kept") == 2
