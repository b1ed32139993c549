"""Compresses the records of one JSONL file into another: streamed, batched and resumable.

In:  {"query" or "question": str, "documents": [str or {"text", "title", "id", …}, …], …}; a
     document may have the form of LangChain or LlamaIndex, and the key may be "nodes"
Out: {…the record's other fields…, "query", "rate", "text", "outcome", "sources", "kept",
      "truncated", "support", "reason", "recomp"}

Every written line names its line of the input, with digests of that line and of the settings. A
later run reads them to continue, and refuses an output of other settings or another input.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import logging
import os
import stat
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Literal, Protocol, cast

from .._utils.files import check_output
from .._utils.json_values import restored
from .._utils.jsonl import as_line, described, from_line
from ..errors import BatchError
from ..protocols import Compressor
from ..runtime.engines import Engine, Item, LocalEngine, Worker
from ..types import Compression, Document, Queries, as_documents, check_queries, check_query
from .journal import Journal, KeptResults
from .question import document_of

logger = logging.getLogger(__name__)

# The parts of a compression that a line holds; the documents are in the input.
_WRITTEN = ("text", "outcome", "sources", "kept", "truncated", "support", "reason")


@dataclass
class Summary:
    """The result of a run, in numbers of records.

    Attributes:
        compressed: Compressed by this run.
        done_before: Compressed by an earlier run.
        failed: Not compressed and not in the output; the next run tries them again.
    """

    compressed: int = 0
    done_before: int = 0
    failed: int = 0

    def __str__(self) -> str:
        return f"{self.compressed} compressed, {self.done_before} done before, {self.failed} failed"


class _ProgressBar(Protocol):
    def update(self) -> object: ...


class RecordJob:
    """Compresses the records of a file.

    Attributes:
        source: The path of the input, also of one that ends with .gz, or "-" for standard input.
        output: The file to append to; None for standard output.
        settings: A digest of the settings.
        done: The digests of the input lines that the output holds already, by their numbers.

    Args:
        source: See above.
        output: See above.
        settings: All settings that determine the results; every written line holds their digest.
        overwrite: Whether to replace an existing output instead of continuing it.

    Raises:
        FileNotFoundError: The source does not exist.
        ValueError: The output is the source itself, or holds results of other settings.
    """

    def __init__(
        self,
        source: str,
        output: Path | None,
        *,
        settings: Mapping[str, Any],
        overwrite: bool = False,
    ) -> None:
        if source != "-" and not Path(source).is_file():
            raise FileNotFoundError(f"there is no file {source}")
        _check_apart(source, output)
        self.source = source
        self.output = output
        self.settings = _digest(json.dumps(settings, sort_keys=True, default=str).encode())
        # The old file is replaced when the work begins, not now: the model may fail to load.
        self._mode: Literal["wb", "ab"] = "wb" if overwrite else "ab"
        self.done = {} if output is None or overwrite else self._read_done(output)

    def run(self, compressor: Compressor, *, batch_records: int = 32) -> Summary:
        """Compress the records that the output does not hold yet, in this process.

        Replies of an endpoint are kept as they come, in a file beside the output that ends with
        `.replies`: a later run does not ask for them again.

        Args:
            compressor: The compressor.
            batch_records: How many records to compress at a time.

        Returns:
            The numbers of the run. Broken lines are logged and counted as failed.

        Raises:
            ValueError: The output holds the result of another input.
        """
        with _kept_replies(compressor, self.output):
            return self.run_on(
                LocalEngine(), lambda: CompressWorker(compressor), {}, batch_records=batch_records
            )

    def run_on(
        self,
        engine: Engine,
        worker: Callable[..., Worker],
        settings: Mapping[str, Any],
        *,
        batch_records: int = 32,
    ) -> Summary:
        """Compress the records that the output does not hold yet, on an engine.

        Args:
            engine: The engine.
            worker: Builds the worker of a process, such as a `CompressWorker`.
            settings: The keyword arguments of `worker`.
            batch_records: How many records to compress at a time.

        Returns:
            The numbers of the run. Broken lines are logged and counted as failed.

        Raises:
            ValueError: The output holds the result of another input.
        """
        from tqdm import tqdm
        from tqdm.contrib.logging import logging_redirect_tqdm

        summary = Summary()
        with ExitStack() as stack:
            stack.enter_context(logging_redirect_tqdm([logging.getLogger("recomp_core")]))
            source = stack.enter_context(_opened(self.source))
            sink = sys.stdout.buffer
            if self.output is not None:
                self.output.parent.mkdir(parents=True, exist_ok=True)
                sink = stack.enter_context(self.output.open(self._mode))
            bar = stack.enter_context(
                tqdm(total=self._count_lines(), unit=" records", disable=None, file=sys.stderr)
            )
            batches = _batched(self._items(source, summary, bar), batch_records)
            for results in engine.map(worker, settings, batches):
                for result in results:
                    self._write(result, sink, summary)
                    bar.update()
                sink.flush()
        return summary

    def _items(
        self, source: Iterable[bytes], summary: Summary, bar: _ProgressBar
    ) -> Iterator[Item]:
        """The records that are still to be done; the bar counts every other line."""
        for line, raw in enumerate(source, start=1):
            item = self._item(line, raw, summary)
            if item is None:
                bar.update()
            else:
                yield item

    def _item(self, line: int, raw: bytes, summary: Summary) -> Item | None:
        """The record of a line that is still to be done; None for any other line."""
        if not raw.strip():
            return None
        digest = _digest(raw.strip())
        if line in self.done:
            if self.done[line] != digest:
                raise ValueError(
                    f"{self.output} holds the result of another line {line}: the input was changed "
                    "or is another file; choose another output, or --overwrite"
                )
            summary.done_before += 1
            return None
        try:
            return {"line": line, "digest": digest, "record": from_line(raw)}
        except ValueError as error:
            self._set_aside(line, described(error), summary)
            return None

    def _write(self, result: Item, sink: BinaryIO, summary: Summary) -> None:
        if "error" in result:
            self._set_aside(result["line"], result["error"], summary)
            return
        mark = {"line": result["line"], "input": result["digest"], "settings": self.settings}
        sink.write(as_line({**result["content"], "recomp": mark}))
        summary.compressed += 1

    def _read_done(self, output: Path) -> dict[int, str]:
        """The digests of the input lines that `output` holds; cuts off a torn last line."""
        if not output.exists():
            return {}
        done: dict[int, str] = {}
        refusal = "was not written by this command: choose another output, or --overwrite"
        with Journal(output, refusal=refusal) as journal:
            for entry in journal.entries():
                try:
                    mark = entry.content["recomp"]
                    line, digest, settings = mark["line"], mark["input"], mark["settings"]
                except (KeyError, TypeError) as error:
                    raise journal.error(entry.number) from error
                if settings != self.settings:
                    raise ValueError(
                        f"{output} was made with other settings: choose another output, or "
                        "--overwrite"
                    )
                done[line] = digest
        return done

    def _count_lines(self) -> int | None:
        if self.source == "-":
            return None
        with _opened(self.source) as stream:
            return sum(1 for _ in stream)

    def _set_aside(self, line: int, error: str, summary: Summary) -> None:
        logger.error("%s, line %d: %s", self.source, line, error)
        summary.failed += 1


class CompressWorker:
    """Compresses batches of records, as a worker of `runtime.engines`.

    An item is `{"line", "digest", "record"}`; its result is `{"line", "digest", "content"}` or
    `{"line", "error"}`. `persistence.factory.compress_worker` builds a worker from plain settings.

    Attributes:
        compressor: The compressor.

    Args:
        compressor: The compressor.
    """

    def __init__(self, compressor: Compressor) -> None:
        self.compressor = compressor

    def __call__(self, items: Sequence[Item]) -> list[Item]:
        """Compress a batch.

        Args:
            items: The records.

        Returns:
            One result per item, in order.
        """
        records = [_parsed(item["record"]) for item in items]
        whole = [record for record in records if isinstance(record, Record)]
        results = self._results(whole) if whole else iter(())
        return [
            self._result(item, record, next(results) if isinstance(record, Record) else record)
            for item, record in zip(items, records, strict=True)
        ]

    def _results(self, records: Sequence[Record]) -> Iterator[Compression | Exception]:
        # What takes one query only refuses several.
        queries: list[Any] = [record.query for record in records]
        documents = [record.documents for record in records]
        try:
            yield from self.compressor.compress_batch(queries, documents)
        except BatchError as error:
            yield from error.results
        except Exception as error:
            # One bad record must not fail the others of its batch: try each alone.
            if len(records) == 1:
                yield error
            else:
                for record in records:
                    yield from self._results([record])

    @staticmethod
    def _result(
        item: Item, record: Record | Exception, result: Compression | Exception
    ) -> dict[str, Any]:
        if isinstance(result, Exception) or isinstance(record, Exception):
            return {"line": item["line"], "error": described(result)}
        written = _rounded(restored(result.to_dict()))
        content = {
            **record.rest,
            **_asked(record.query),
            "rate": round(result.rate(), 6),
            **{key: value for key, value in written.items() if key in _WRITTEN},
        }
        return {"line": item["line"], "digest": item["digest"], "content": content}


@dataclass(frozen=True)
class Record:
    """A valid record of the input.

    Attributes:
        query: The query; or several, where the input has "queries" instead.
        documents: Its documents.
        rest: The other fields.
    """

    query: str | Queries
    documents: tuple[Document, ...]
    rest: Mapping[str, Any]


def _query_of(rest: dict[str, Any]) -> str | Queries:
    """Take the query out of a record's fields; "queries" counts where there is no other."""
    if "query" in rest or "question" in rest:
        return check_query(rest.pop("query", None) or rest.pop("question", None))
    queries = rest.pop("queries")
    if not isinstance(queries, list):
        raise TypeError(f"queries must be a list of strings, got {type(queries).__name__}")
    return check_queries(queries, "queries")


def _asked(query: str | Queries) -> dict[str, Any]:
    if isinstance(query, str):
        return {"query": query}
    return {"query": "\n".join(query), "queries": list(query)}


def _parsed(data: Any) -> Record | Exception:
    try:
        return _parse(data)
    except (ValueError, TypeError, KeyError) as error:
        return error


def _parse(data: Any) -> Record:
    if not isinstance(data, dict):
        raise ValueError(f"a record must be a JSON object, got {type(data).__name__}")
    rest = dict(data)
    if "documents" not in rest and isinstance(rest.get("nodes"), list):  # as LlamaIndex says
        rest["documents"] = rest.pop("nodes")
    if "documents" not in rest or not rest.keys() & {"query", "question", "queries"}:
        raise ValueError(
            f'a record needs "query" (or "question", or "queries") and "documents", got '
            f"{', '.join(data)}"
        )
    query = _query_of(rest)
    documents = rest.pop("documents")
    if isinstance(documents, list):
        documents = [document_of(d) if isinstance(d, dict) else d for d in documents]
    return Record(query, as_documents(documents), rest)


def _rounded(value: Any) -> Any:
    """Round scores to five digits: the seventh depends on the batch, and the file must not."""
    if isinstance(value, dict):
        return {
            key: round(item, 5) if key == "score" else _rounded(item) for key, item in value.items()
        }
    return [_rounded(item) for item in value] if isinstance(value, list) else value


def _batched(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    items = iter(items)
    while batch := list(islice(items, size)):
        yield batch


@contextmanager
def _opened(source: str) -> Iterator[BinaryIO]:
    if source == "-":
        with open(0, "rb", closefd=False) as stream:
            yield stream
    elif not source.lower().endswith(".gz"):
        with open(source, "rb") as stream:
            yield stream
    else:
        with gzip.open(source) as stream:
            try:
                yield cast("BinaryIO", stream)
            except (EOFError, gzip.BadGzipFile, zlib.error) as error:
                raise ValueError(f"{source} is damaged ({error}): compress it again") from error


@contextmanager
def _kept_replies(compressor: Any, output: Path | None) -> Iterator[None]:
    """Keep the replies of the endpoint that a compressor asks, if it does, beside the output."""
    chat = getattr(getattr(compressor, "summarizer", None), "chat", None)
    if chat is None or output is None:
        yield
        return
    output.parent.mkdir(parents=True, exist_ok=True)
    with KeptResults(output.with_name(f"{output.name}.replies")) as kept:
        chat.kept, before = kept, chat.kept
        try:
            yield
        finally:
            chat.kept = before


def _check_apart(source: str, output: Path | None) -> None:
    """Raise `ValueError` if the output is the input, through standard streams, too."""
    if output is not None and source != "-":
        check_output(output, source)
        return
    try:
        read = os.fstat(0) if source == "-" else os.stat(source)
        written = os.fstat(sys.stdout.fileno()) if output is None else output.stat()
    except (OSError, ValueError):  # a stream that is no file, or an output that is not there yet
        return
    if stat.S_ISREG(read.st_mode) and os.path.samestat(read, written):
        raise ValueError("the output is the input itself: choose another output")


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:12]
