"""Runs a worker in this process or on a Ray cluster of any size.

A worker is built once per process, where it loads its model, and then called with one batch after
another. A batch is a list of JSON objects; the worker returns one JSON object per item, in order.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from .._utils.checks import check_whole, require
from .._utils.json_values import parsed, strict

Item = Mapping[str, Any]
"""A JSON object."""

Worker = Callable[[Sequence[Item]], Sequence[Item]]
"""Turns a batch of items into one result per item, in order."""


class Engine(Protocol):
    """Runs a worker over batches."""

    def map(
        self,
        worker: Callable[..., Worker],
        settings: Mapping[str, Any],
        batches: Iterable[list[Item]],
    ) -> Iterator[Sequence[Item]]:
        """Run a worker over batches.

        Args:
            worker: Builds the worker of a process from the settings.
            settings: The keyword arguments of `worker`, JSON values.
            batches: The batches.

        Yields:
            The results of each batch as soon as it is done, in any order of the batches.
        """


class LocalEngine:
    """Runs a worker in this process."""

    def map(
        self,
        worker: Callable[..., Worker],
        settings: Mapping[str, Any],
        batches: Iterable[list[Item]],
    ) -> Iterator[Sequence[Item]]:
        """Run a worker over batches.

        Args:
            worker: Builds the worker from the settings.
            settings: The keyword arguments of `worker`.
            batches: The batches.

        Yields:
            The results of each batch, in order.
        """
        yield from map(worker(**settings), batches)


class RayEngine:
    """Runs workers as actors of Ray Data, each with its own model. Needs the extra `ray`.

    The workers run on the cluster that Ray is connected to. Without a connection they run where
    `ray.init()` connects to: the address in `RAY_ADDRESS`, or this machine. Ray restarts an actor
    that dies and repeats its unfinished batches. Waiting batches are held in memory.

    Attributes:
        workers: The number of actors.
        num_cpus: The CPUs of each actor, as Ray counts them.
        num_gpus: The GPUs of each actor, as Ray counts them.

    Args:
        workers: See above.
        num_cpus: See above.
        num_gpus: See above.

    Raises:
        ImportError: Ray is not installed.
        ValueError: `workers` is not a whole number of at least 1.
    """

    def __init__(
        self, *, workers: int = 2, num_cpus: float = 1, num_gpus: float | None = None
    ) -> None:
        require("ray", "ray", "RayEngine")
        self.workers = check_whole("workers", workers)
        self.num_cpus = num_cpus
        self.num_gpus = num_gpus

    def map(
        self,
        worker: Callable[..., Worker],
        settings: Mapping[str, Any],
        batches: Iterable[list[Item]],
    ) -> Iterator[Sequence[Item]]:
        """Run a worker over batches.

        Args:
            worker: Builds the worker of an actor from the settings.
            settings: The keyword arguments of `worker`, JSON values.
            batches: The batches. Values that JSON does not know become strings.

        Yields:
            The results of each batch as soon as it is done, in any order of the batches.
        """
        import ray

        # As text: Arrow would give the same field of two records the same type. No worker needs
        # metadata in its original types, so what JSON does not know becomes a string.
        rows = [json.dumps(strict({"batch": batch})) for batch in batches]
        if not rows:
            return
        if not ray.is_initialized():
            ray.init(log_to_driver=False, include_dashboard=False, logging_level=logging.WARNING)
        # One block per batch: Ray returns whole blocks, and a finished batch should not wait for
        # others.
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
            yield parsed(row["results"])["results"]


class _Actor:
    """A worker in the form that Ray Data calls: it takes and returns columns."""

    def __init__(self, worker: Callable[..., Worker], settings: Mapping[str, Any]) -> None:
        self._worker = worker(**settings)

    def __call__(self, columns: Mapping[str, Any]) -> dict[str, list[str]]:
        results = [self._worker(parsed(str(row))["batch"]) for row in columns["item"]]
        return {"results": [json.dumps(strict({"results": list(r)})) for r in results]}
