"""Loads a `recomp serve` of its own on the loopback interface, for a few minutes at most.

    python benchmarks/serving/load.py                       # 1, 8, 32 and 128 clients
    python benchmarks/serving/load.py --seconds 5 --clients 1 8

Each client sends one request after another: a question with five documents of about 100 words, as
Jina's protocol has it. "known" documents were seen before and lie in a sentence store, "unseen"
ones never come twice. Every reply is checked to hold the documents of its own request. At the end
the server is told to stop while clients go on: what it has accepted has to be answered, and new
requests are refused (ConnectError, or ReadError on a connection that it has just closed).

"CPU ms" is the server's time of all cores for one request, which tells more than the rest where the
machine has other work. The clients take their share of the same cores.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx

from recomp_core.data.examples import questions

DOCUMENTS = 5
SENTENCES = 6
KNOWN = 24  # requests' worth of documents in the store


HEAD = ("documents", "clients", "requests/s", "p50 ms", "p95 ms", "p99 ms", "CPU ms", "answered",
        "mixed up", "other")  # fmt: skip


@dataclass
class Load:
    """What came of some seconds of requests."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    mixed_up: int = 0
    cpu: float = 0.0  # seconds of the server's

    def row(self) -> list[str]:
        done = len(self.latencies)
        ranked = sorted(self.latencies) or [0.0]
        places = [ranked[min(int(share * done), done - 1)] for share in (0.5, 0.95, 0.99)]
        cpu = f"{1000 * self.cpu / max(done, 1):.0f}"
        other = {name: n for name, n in self.outcomes.items() if name != "200"}
        milliseconds = [f"{1000 * it:.0f}" for it in places]
        told = json.dumps(other) if other else "none"
        rate = f"{done / self.seconds:.1f}"
        return [rate, *milliseconds, cpu, str(done), str(self.mixed_up), told]


class Server:
    """A server process, its address, and its log."""

    def __init__(self, store: str) -> None:
        env = {**os.environ, "HF_HUB_OFFLINE": "1"}
        command = [
            sys.executable,
            "-m",
            "recomp_core",
            "serve",
            "--port",
            "0",
            "--store",
            store,
            "--timeout",
            "120",
        ]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, env=env, text=True)
        self.log: list[dict] = []
        self._listening = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()
        if not self._listening.wait(180):
            raise RuntimeError("the server did not start")
        self.url = next(line["url"] for line in self.log if line["event"] == "listening")

    def _read(self) -> None:
        for line in self.process.stderr or ():
            self.log.append(json.loads(line))
            if self.log[-1]["event"] == "listening":
                self._listening.set()

    def stop(self) -> tuple[int, float]:
        started = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60), time.monotonic() - started


def requests(kind: str) -> Iterator[dict]:
    """Questions with documents; endlessly."""
    rng = random.Random(kind)
    examples = questions()
    sentences = [
        sentence
        for question in examples
        for document in question.documents
        for sentence in re.split(r"(?<=[.!?])\s+", document.text)
        if sentence
    ]
    for number in itertools.count():
        of = number % KNOWN if kind == "known" else number
        seeded = random.Random(f"{kind} {of}")
        marks = [f"{kind[0]}{of}d{place}" for place in range(DOCUMENTS)]
        documents = [
            " ".join([*seeded.choices(sentences, k=SENTENCES), f"This is page {mark}."])
            for mark in marks
        ]
        yield {"query": rng.choice(examples).query, "documents": documents}


async def client_loop(
    client: httpx.AsyncClient, url: str, source: Iterator[dict], until: float, load: Load
) -> None:
    while time.monotonic() < until:
        body = next(source)
        started = time.monotonic()
        try:
            reply = await client.post(f"{url}/v1/rerank", json=body)
        except httpx.HTTPError as error:
            load.outcomes[type(error).__name__] += 1
            if isinstance(error, httpx.ConnectError):
                return
            continue
        load.outcomes[str(reply.status_code)] += 1
        if reply.status_code == 200:
            load.latencies.append(time.monotonic() - started)
            results = reply.json()["results"]
            own = [body["documents"][it["index"]] for it in results]
            fine = len(results) == DOCUMENTS
            load.mixed_up += not fine or own != [it["document"]["text"] for it in results]


async def run_load(
    url: str, clients: int, seconds: float, source: Iterator[dict], load: Load | None = None
) -> Load:
    load = load or Load()
    limits = httpx.Limits(max_connections=clients, max_keepalive_connections=clients)
    async with httpx.AsyncClient(timeout=120, limits=limits) as client:
        started, cpu = time.monotonic(), await cpu_seconds(client, url)
        until = started + seconds
        await asyncio.gather(
            *(client_loop(client, url, source, until, load) for _ in range(clients))
        )
        load.seconds = time.monotonic() - started
        load.cpu = await cpu_seconds(client, url) - cpu
    return load


async def cpu_seconds(client: httpx.AsyncClient, url: str) -> float:
    """The CPU time of the server so far; NaN once it is stopped."""
    try:
        figures = (await client.get(f"{url}/metrics")).text
    except httpx.HTTPError:
        return float("nan")
    return float(re.findall(r"^process_cpu_seconds_total (\S+)$", figures, re.MULTILINE)[0])


async def warm_up(url: str) -> None:
    """Put the known documents into the store."""
    async with httpx.AsyncClient(timeout=120) as client:
        replies = await asyncio.gather(
            *(client.post(f"{url}/v1/rerank", json=body)
              for body in itertools.islice(requests("known"), KNOWN))
        )  # fmt: skip
        for reply in replies:
            reply.raise_for_status()


async def stop_under_load(server: Server, clients: int, seconds: float) -> str:
    load = Load()
    running = asyncio.ensure_future(run_load(server.url, clients, 60, requests("last"), load))
    await asyncio.sleep(seconds)
    code, took = await asyncio.to_thread(server.stop)
    await running
    answered = Counter(
        str(line["status"]) for line in server.log
        if line["event"] == "request" and line["endpoint"] == "/v1/rerank"
    )  # fmt: skip
    return (
        f"stopped under the load of {clients} clients in {took:.1f} s with exit code {code}; "
        f"outcomes at the clients {dict(load.outcomes)}, {load.mixed_up} mixed up; statuses in "
        f"the server's log since its start {dict(answered)}"
    )


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clients", type=int, nargs="*", default=[1, 8, 32, 128])
    parser.add_argument("--seconds", type=float, default=15, help="For each row.")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as store:
        server = Server(store)
        try:
            started = time.monotonic()
            await warm_up(server.url)
            print(f"{KNOWN} requests put into the store in {time.monotonic() - started:.1f} s")
            print(f"| {' | '.join(HEAD)} |\n{'|---' * len(HEAD)}|")
            unseen = requests("unseen")
            for kind, clients in itertools.product(("known", "unseen"), asked.clients):
                source = requests("known") if kind == "known" else unseen
                load = await run_load(server.url, clients, asked.seconds, source)
                print(f"| {kind} | {clients} | {' | '.join(load.row())} |", flush=True)
            print(await stop_under_load(server, 32, min(asked.seconds, 5)))
        finally:
            if server.process.poll() is None:
                server.process.kill()
    print(f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f} at the end")


if __name__ == "__main__":
    asyncio.run(main())
