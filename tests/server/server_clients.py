"""Servers to talk to: the application within this process, or uvicorn on the loopback interface."""

from __future__ import annotations

import contextlib
import threading
import time

from conftest import PATIENCE, shared_words

from recomp_core import Batching, ExtractiveCompressor

TOWER = "The tower is old. Bob built the tower in 1402. Many people visit it."
FRUIT = "Bananas are yellow. Plums are blue."
QUERY = "who built the tower"


class Held:
    """A scorer that waits until it is let go; `entered` tells that it was called."""

    def __init__(self):
        self.entered, self.go = threading.Event(), threading.Event()
        self.queries = []

    def score(self, tasks):
        self.queries += [task.query for task in tasks]
        self.entered.set()
        assert self.go.wait(PATIENCE)
        return [shared_words(t.query, [s.text for s in t.sentences]) for t in tasks]


class Words:
    """`shared_words` as a scorer of whole batches; notes how many queries each batch had."""

    def __init__(self):
        self.batches = []

    def score(self, tasks):
        self.batches.append(len(tasks))
        time.sleep(0.005)  # calls that arrive meanwhile form the next batch
        return [shared_words(t.query, [s.text for s in t.sentences]) for t in tasks]


def app_of(scorer=shared_words, *, compressor=None, api_key=None, **limits):
    from recomp_core.server import ServerSettings, create_app

    compressor = compressor or ExtractiveCompressor(scorer, batching=Batching())
    return create_app(compressor, ServerSettings(**limits), api_key=api_key)


def client_of(*scorer, app=None, **settings):
    """A client of an application within this process."""
    import httpx

    transport = httpx.ASGITransport(app or app_of(*scorer, **settings))
    return httpx.AsyncClient(transport=transport, base_url="http://server", timeout=PATIENCE)


@contextlib.contextmanager
def listening(app):
    """Serve an application by uvicorn in a thread; gives its address and the server."""
    import uvicorn

    from recomp_core.server.run import listening_socket

    with listening_socket("127.0.0.1", 0) as listener:
        config = uvicorn.Config(app, log_config=None, lifespan="off", access_log=False)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            wait_until(lambda: server.started)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}", server
        finally:
            server.should_exit = True
            thread.join(PATIENCE)
    assert not thread.is_alive()


def wait_until(condition):
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.01)
