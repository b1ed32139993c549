"""The same worker in this process and on a local Ray cluster of two actors."""

import json
import os
import signal

import pytest

from recomp_core.runtime.engines import LocalEngine

BATCHES = [[{"n": n}, {"n": n + 1}] for n in range(0, 40, 2)]


def make_worker():
    """Defined here, so that it travels to the actors by value."""

    class Worker:
        def __init__(self, add, die_once=None):
            self.add, self.die_once, self.batches = add, die_once, 0

        def __call__(self, batch):
            self.batches += 1
            if self.die_once and batch[0]["n"] == 10 and not os.path.exists(self.die_once):
                open(self.die_once, "w").close()
                os.kill(os.getpid(), signal.SIGKILL)
            return [
                {"n": item["n"] + self.add, "worker": os.getpid(), "batches": self.batches}
                for item in batch
            ]

    return Worker


@pytest.fixture(scope="module")
def ray_engine():
    ray = pytest.importorskip("ray", reason='needs pip install "recomp[ray]"')
    from recomp_core.runtime.engines import RayEngine

    yield RayEngine(workers=2, num_cpus=0.5)
    ray.shutdown()


def test_here_one_worker_sees_all_batches_in_order():
    results = list(LocalEngine().map(make_worker(), {"add": 100}, BATCHES))
    assert [[item["n"] for item in batch] for batch in results] == [
        [item["n"] + 100 for item in batch] for batch in BATCHES
    ]
    assert results[-1][0]["batches"] == len(BATCHES)


def test_here_a_batch_is_asked_for_only_when_the_one_before_is_done():
    asked = []

    def batches():
        for batch in BATCHES:
            asked.append(batch)
            yield batch

    results = LocalEngine().map(make_worker(), {"add": 0}, batches())
    next(results)
    assert len(asked) == 1


@pytest.mark.slow
@pytest.mark.enable_socket
def test_a_killed_actor_is_replaced_and_nothing_is_lost(ray_engine, tmp_path):
    flag = tmp_path / "died"
    settings = {"add": 100, "die_once": str(flag)}
    results = [item for b in ray_engine.map(make_worker(), settings, BATCHES) for item in b]
    assert flag.exists()
    assert sorted(item["n"] for item in results) == list(range(100, 140))
    # Actors are kept: many batches, few processes.
    assert len({item["worker"] for item in results}) in (2, 3)
    assert max(item["batches"] for item in results) > 3


@pytest.mark.slow
@pytest.mark.model
@pytest.mark.enable_socket
def test_records_compressed_by_ray_are_those_compressed_here(ray_engine, tmp_path, embedded):
    from recomp_core.data.records import RecordJob

    source = tmp_path / "in.jsonl"
    texts = ["Gulls nest here. Ada Reyes built the tower.", "Tea is at four. The tower is white."]
    lines = [{"id": n, "query": f"who built tower {n}?", "documents": texts} for n in range(6)]
    lines[3]["documents"] = 7
    source.write_text("\n".join(map(json.dumps, lines)))
    settings = {"top_k": 1, "device": "cpu"}

    def run(name, compress):
        output = tmp_path / name
        summary = compress(RecordJob(str(source), output, settings=settings))
        rows = [json.loads(line) for line in output.read_text().splitlines()]
        return summary, sorted(rows, key=lambda row: row["recomp"]["line"])

    from recomp_core.persistence.factory import compress_worker, compressor_from_settings

    here = run("here", lambda job: job.run(compressor_from_settings(**settings), batch_records=2))
    there = run(
        "there", lambda job: job.run_on(ray_engine, compress_worker, settings, batch_records=2)
    )
    assert str(here[0]) == str(there[0]) == "5 compressed, 0 done before, 1 failed"
    assert here[1] == there[1]
