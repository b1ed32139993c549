"""Who the demo answers: browsers that came to this machine's address, and nobody else."""

import asyncio
import base64
import http.client
import os
import socket
import subprocess
import sys
import textwrap
import time

import pytest

from recomp_core.demo.guard import OwnHost, is_own_request
from recomp_core.demo.serving import flags

HERE = socket.gethostname().lower()


def admits(listening, host, origin=None):
    headers = {"host": [host] if isinstance(host, str) else host}
    return is_own_request(headers | ({} if origin is None else {"origin": [origin]}), listening)


@pytest.mark.parametrize(
    ("listening", "host"),
    [
        ("127.0.0.1", "127.0.0.1:7860"), ("127.0.0.1", "localhost:7860"), ("::1", "[::1]:7860"),
        ("127.0.0.1", "127.0.0.1"), ("127.0.0.1", "LocalHost:1"), ("localhost", "127.0.0.1:1"),
        ("0.0.0.0", "192.168.0.7:7860"), ("0.0.0.0", "localhost"), ("::", "[fe80::1]:7860"),
        ("0.0.0.0", f"{HERE}:7860"), ("192.168.0.7", "192.168.0.7:7860"),
        ("demo.local", "demo.local:7860"), ("demo.local", "127.0.0.1"),
    ],
)  # fmt: skip
def test_this_machine_is_known_by_address_and_name(listening, host):
    assert admits(listening, host)
    assert admits(listening, host, f"http://{host}")
    for origin in (
        "http://evil.example",
        f"http://{host}.evil.example",
        "null",
        "",
        f"ftp://{host}",
    ):
        assert not admits(listening, host, origin)


@pytest.mark.parametrize("listening", ["127.0.0.1", "localhost", "::1", "0.0.0.0", "192.168.0.7"])
@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "evil.example:7860", "127.0.0.1.evil.example", "localhost.evil.example",
        "evil.example:7860@127.0.0.1", "127.0.0.1@evil.example", "", " ", ":7860", "[", "[::1",
        "127.0.0.1, evil.example", "127.0.0.1 evil", "2130706433", "0x7f.1", [], ["localhost"] * 2,
    ],
)  # fmt: skip
def test_a_name_that_others_decide_about_is_refused(listening, host):
    assert not admits(listening, host)


def test_another_address_is_no_name_of_a_page_for_this_machine_alone():
    assert not admits("127.0.0.1", "192.168.0.7:7860")
    assert not admits("localhost", "10.0.0.1")


def exchange(kind, headers):
    seen, sent = [], []

    async def inside(scope, _, send):
        seen.append(scope)
        await send({"type": "done"})

    async def receive():
        return {"type": f"{kind}.connect"}

    async def send(message):
        sent.append(message)

    scope = {"type": kind, "headers": headers}
    asyncio.run(OwnHost(inside, "127.0.0.1")(scope, receive, send))
    return seen, sent


def test_what_is_inside_sees_no_foreign_request_and_no_origin():
    own = [(b"host", b"127.0.0.1:1"), (b"origin", b"http://127.0.0.1:1"), (b"x", b"y")]
    for kind in ("http", "websocket"):
        (scope,), (done,) = exchange(kind, own)
        assert done == {"type": "done"}
        assert scope["headers"] == [own[0], own[2]]
    foreign = [(b"host", b"evil.example")]
    assert exchange("websocket", foreign) == ([], [{"type": "websocket.close", "code": 1008}])
    seen, (start, _) = exchange("http", foreign)
    assert (seen, start["status"]) == ([], 403)
    assert exchange("lifespan", [])[1] == [{"type": "done"}]


@pytest.mark.parametrize(
    ("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "localhost"), ("::1", "[::1]")]
)
def test_the_address_is_told_and_not_looked_up(host, shown):
    assert f"--browser.serverAddress={shown}" in flags(host, 7860, False)


# The page, served; what leaves this machine is printed and refused.
SERVER = """
    import socket, sys
    from recomp_core import ExtractiveCompressor
    from recomp_core.demo import Session, serve

    def local(address):
        return not isinstance(address, tuple) or address[0] in ("127.0.0.1", "::1", "localhost")

    class Watched(socket.socket):
        def connect(self, address):
            if not local(address):
                print("LEFT", address, flush=True)
                raise OSError("no network")
            return super().connect(address)

    look_up = socket.getaddrinfo
    def getaddrinfo(host, *rest, **more):
        if host is not None and not local((host,)) and host != "0.0.0.0":
            print("LEFT", host, flush=True)
            raise socket.gaierror("no network")
        return look_up(host, *rest, **more)

    socket.socket, socket.getaddrinfo = Watched, getaddrinfo
    score = lambda query, sentences: [1.0] * len(sentences)
    session = Session(ExtractiveCompressor(score))
    serve(session, host="0.0.0.0", port=int(sys.argv[1]), open_browser=False)
"""


def status(port, host, path="/", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.putrequest("GET", path, skip_host=True)
        for name, value in {"Host": host, **headers}.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.enable_socket
def test_the_served_page_answers_nobody_else_and_asks_nobody(tmp_path):
    pytest.importorskip("streamlit", reason='needs pip install "recomp[demo]"')
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = tmp_path / "log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(SERVER), str(port)],
            stdout=output, stderr=subprocess.STDOUT, env={**os.environ, "HOME": str(tmp_path)},
        )  # fmt: skip
    try:
        own = f"127.0.0.1:{port}"
        for _ in range(600):
            assert server.poll() is None, log.read_text()
            try:
                assert status(port, own) == 200
                break
            except OSError:
                time.sleep(0.1)
        socket_headers = {
            "Connection": "Upgrade", "Upgrade": "websocket", "Sec_WebSocket_Version": "13",
            "Sec_WebSocket_Key": base64.b64encode(b"k" * 16).decode(),
        }  # fmt: skip
        stream = "/_stcore/stream"
        assert status(port, own, stream, Origin=f"http://{own}", **socket_headers) == 101
        assert status(port, own, stream, Origin="http://evil.example", **socket_headers) == 403
        assert status(port, "evil.example", stream, **socket_headers) == 403
        for path in ("/", "/_stcore/health", "/_stcore/host-config", "/_stcore/upload_file/a/b"):
            assert status(port, f"evil.example:{port}", path) == 403
            assert status(port, own, path, Origin="http://evil.example") == 403
        assert status(port, own, "/_stcore/health", Origin=f"http://{own}") == 200
    finally:
        server.terminate()
        server.wait(30)
    assert "LEFT" not in log.read_text()
    assert "Traceback" not in log.read_text()
