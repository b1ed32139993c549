"""The command `recomp index`."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..integration.fields import IndexerSettings
from .inputs import refuse_addresses
from .messages import set_up_messages
from .options import EXIT_PARTLY, Documents, Retriever, Verbose, takes_settings, wrong_usage

if TYPE_CHECKING:
    from ..data.documents import DocumentReader
    from ..extractive.indexing import Indexer
    from ..types import Document


class DTypeName(str, Enum):
    """The numbers in which a store keeps vectors."""

    float16 = "float16"
    int8 = "int8"
    float32 = "float32"


@takes_settings("settings", IndexerSettings, only=("model", "context", "lang", "device"))
def index(
    *,
    store: Annotated[Path, typer.Option("--store", "-s", help="The folder of the sentence store.")],
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILE",
            help="Text or Markdown files, one document each; JSONL (.gz too) of documents or of "
            "records with documents; folders of such files.",
        ),
    ] = None,
    questions: Annotated[
        str | None,
        typer.Option(help="Index the documents of these records: JSONL, a BEIR folder, or -."),
    ] = None,
    retriever: Retriever = None,
    documents: Documents = None,
    settings: dict[str, Any],
    dtype: Annotated[DTypeName, typer.Option(help="How vectors are kept.")] = DTypeName.float16,
    max_bytes: Annotated[
        int | None, typer.Option(help="Largest size of the store; the oldest entries go first.")
    ] = None,
    batch_documents: Annotated[
        int, typer.Option(min=1, help="Documents that are encoded together.")
    ] = 256,
    verbose: Verbose = False,
) -> None:
    """Make the sentence vectors of documents before anyone asks; queries then reuse them.

        recomp index chunks.jsonl --store store

    A query finds them by its documents' texts: index the chunks as they are retrieved, with their
    titles, and with the same model, context and language. Run it again after an interruption, or
    with new documents: what is there is not made again.
    """
    set_up_messages(verbose, resumes=True)
    refuse_addresses(map(str, files or ()))
    if not files and questions is None:
        raise typer.BadParameter("give files or folders, or --questions", param_hint="FILE")
    if retriever is not None and questions is None:
        raise typer.BadParameter("needs --questions to ask", param_hint="--retriever")
    if documents is not None and questions is None:
        raise typer.BadParameter("is for --questions", param_hint="--documents")

    from ..data.documents import DocumentReader

    reader = DocumentReader()
    # Files that can't be read are reported before the model is loaded.
    found = _found(reader, files or [], questions, retriever, documents)
    indexer = _indexer(store, dtype, max_bytes, settings)
    _run(indexer, found, batch_documents)
    size = indexer.store.size_bytes()
    typer.echo(f"recomp: {indexer.report}; {store} takes {size / 1e6:.1f} MB", err=True)
    indexer.store.close()
    if reader.failed:
        typer.echo(f"recomp: {reader.failed} could not be read", err=True)
        raise typer.Exit(EXIT_PARTLY)


def _found(
    reader: DocumentReader,
    files: list[Path],
    questions: str | None,
    retriever: str | None,
    documents: int | None,
) -> Iterator[Document]:
    from itertools import chain

    parts: list[Iterator[Document]] = [reader.from_paths(files)] if files else []
    if questions is not None:
        from ..data.reading import read_questions
        from ..data.retrieval import load_retriever, retrieve

        read = read_questions(questions, documents=None if retriever else documents)
        if retriever is not None:
            read = retrieve(read, load_retriever(retriever), top_k=documents)
        parts.append(reader.from_questions(read))
    return chain.from_iterable(parts)


def _indexer(
    store: Path, dtype: DTypeName, max_bytes: int | None, settings: dict[str, Any]
) -> Indexer:
    from ..extractive.indexing import Indexer, with_store
    from ..persistence.factory import compressor_from_settings
    from ..store.sentence_store import SentenceStore

    opened = SentenceStore(store, dtype=dtype.value, max_bytes=max_bytes)
    opened.check_writable()
    with wrong_usage(settings):
        compressor = compressor_from_settings(**settings)
    return Indexer(with_store(compressor, opened))


def _run(indexer: Indexer, documents: Iterator[Document], batch_documents: int) -> None:
    import logging
    import sys
    from itertools import islice

    from tqdm import tqdm
    from tqdm.contrib.logging import logging_redirect_tqdm

    log = logging.getLogger("recomp_core")
    with (
        logging_redirect_tqdm([log]),
        tqdm(unit=" documents", disable=None, file=sys.stderr) as bar,
    ):
        while batch := list(islice(documents, batch_documents)):
            indexer.add(batch, batch_documents=batch_documents)
            bar.update(len(batch))
            bar.set_postfix_str(f"{indexer.report.encoded} sentences encoded")
