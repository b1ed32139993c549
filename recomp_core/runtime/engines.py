"""Where a worker runs: in this process, or on a Ray cluster of any size.

A worker is a class that is made once per process, where it loads its model, and called with one
batch after another, each a list of JSON objects; it returns one JSON object per item, in order.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from .._utils.checks import check_whole, require

Item = Mapping[str, Any]
Worker = Callable[[Sequence[Item]], Sequence[Item]]


class Engine(Protocol):
    """Something that runs a worker over batches."""

    def map(
        self, worker: Callable[..., Worker], settings: Mapping[str, Any], batches: Iterable[list]
    ) -> Iterator[Sequence[Item]]:
        """The results of each batch, as soon as it is done, in any order.

        worker: makes the worker of a process when called with `settings` as keywords, JSON values.
        """


class LocalEngine:
    """This process."""

    def map(
        self, worker: Callable[..., Worker], settings: Mapping[str, Any], batches: Iterable[list]
    ) -> Iterator[Sequence[Item]]:
        """The results of each batch, in order."""
        yield from map(worker(**settings), batches)


class RayEngine:
    """Ray Data: an actor per worker, which keeps its model. Needs the extra `ray`.

    workers: how many actors. num_cpus, num_gpus: of each, as Ray counts them.

    Runs on the cluster that Ray is connected to, or, where it is connected to none, on what
    `ray.init()` finds: the address in RAY_ADDRESS, or this machine. An actor that dies is started
    anew, and what it had under way is done again. The batches that wait are held in memory.
    """

    def __init__(
        self, *, workers: int = 2, num_cpus: float = 1, num_gpus: float | None = None
    ) -> None:
        require("ray", "ray", "RayEngine")
        self.workers = check_whole("workers", workers)
        self.num_cpus = num_cpus
        self.num_gpus = num_gpus

    def map(
        self, worker: Callable[..., Worker], settings: Mapping[str, Any], batches: Iterable[list]
    ) -> Iterator[Sequence[Item]]:
        """The results of each batch, as soon as it is done, in any order."""
        import ray

        # As text: Arrow would give the same field of two records the same type.
        # Metadata may hold anything, and no worker needs it as it was.
        rows = [json.dumps(batch, default=str) for batch in batches]
        if not rows:
            return
        if not ray.is_initialized():
            ray.init(log_to_driver=False, include_dashboard=False, logging_level=logging.WARNING)
        # One block per batch: what Ray hands back is a block, and a finished batch should not
        # wait for others.
        dataset = ray.data.from_items(rows, override_num_blocks=len(rows))
        dataset.context.enable_progress_bars = False
        done = dataset.map_batches(
            _Actor,
            fn_constructor_args=(worker, dict(settings)),
            batch_size=1,
            compute=ray.data.ActorPoolStrategy(size=self.workers),
            num_cpus=self.num_cpus,
            num_gpus=self.num_gpus,
        )
        for row in done.iter_rows():
            yield json.loads(row["results"])


class _Actor:
    """A worker as Ray Data calls it: columns in, columns out."""

    def __init__(self, worker: Callable[..., Worker], settings: Mapping[str, Any]) -> None:
        self._worker = worker(**settings)

    def __call__(self, columns: Mapping[str, Any]) -> dict[str, list[str]]:
        results = [self._worker(json.loads(str(row))) for row in columns["item"]]
        return {"results": [json.dumps(list(result)) for result in results]}
