"""Sentence vectors made when nodes are ingested, so that queries find them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

from llama_index.core.schema import BaseNode, TransformComponent
from pydantic import ConfigDict, Field, PrivateAttr

from recomp_core.integration import (
    INDEXER_SETTINGS,
    Indexer,
    IndexerSettings,
    IndexReport,
    Int,
    resolve_compressor,
)

from .settled import SettledComponent, document_of, is_text_alone


class RecompNodeIndexer(IndexerSettings, SettledComponent, TransformComponent):
    """Puts the sentence vectors of nodes into a `recomp_core.SentenceStore`.

    The nodes pass through, the same objects, unchanged.

        IngestionPipeline(transformations=[splitter, RecompNodeIndexer(store="store"), embed_model])
        …
        RecompNodePostprocessor(compressor=load_compressor(store="store"))

    Use it after the node parser: a query finds a node's vectors by its text, and by its title where
    the encoder sees that. Nodes that are known cost a look-up; those with an image, audio or video
    are left out. A pipeline with a cache of its own does not show nodes that it has seen: a store
    that was deleted fills again at query time only.

    It can be pickled, as a pipeline with `num_workers` does, and then loads the model again. The
    settings that it inherits, see `docs/settings.md`, must be the same as at query time.

    Attributes:
        compressor: One with a store, of `load_compressor(store=…)`, instead of the other settings.
        title_key: The metadata key that holds a node's title; None for no titles.
        batch_documents: How many nodes are encoded together.

    Raises:
        ValueError: A setting cannot work.
        OSError: The store can't be written.
    """

    model_config = ConfigDict(extra="forbid", protected_namespaces=())

    compressor: Any = None
    title_key: str | None = "title"
    batch_documents: Annotated[Int, Field(ge=1)] = 256

    _indexer: Any = PrivateAttr()

    @classmethod
    def class_name(cls) -> str:
        """The name under which LlamaIndex saves the component."""
        return "RecompNodeIndexer"

    def model_post_init(self, _context: Any, /) -> None:
        """Make the compressor; pydantic calls this after the fields are set.

        Args:
            _context: Pydantic's own.
        """
        if self.store is None and self.compressor is None:
            raise ValueError("give either store=, a folder, or compressor=, one that has a store")
        settings = {name: getattr(self, name) for name in INDEXER_SETTINGS}
        self._indexer = Indexer(resolve_compressor(self.compressor, settings))

    @property
    def report(self) -> IndexReport:
        """The numbers of nodes and sentences so far, and of those that were new."""
        report: IndexReport = self._indexer.report
        return report

    def __call__(self, nodes: Sequence[BaseNode], **kwargs: Any) -> Sequence[BaseNode]:
        """Make and keep the nodes' vectors.

        Args:
            nodes: The nodes as they will be retrieved.
            **kwargs: Ignored; the interface has them.

        Returns:
            The same nodes.
        """
        del kwargs
        documents = [document_of(node, self.title_key) for node in nodes if is_text_alone(node)]
        self._indexer.add(documents, batch_documents=self.batch_documents)
        return nodes

    async def acall(self, nodes: Sequence[BaseNode], **kwargs: Any) -> Sequence[BaseNode]:
        """Do the same without blocking the event loop.

        Args:
            nodes: The nodes as they will be retrieved.
            **kwargs: Ignored; the interface has them.

        Returns:
            The same nodes.
        """
        return await asyncio.to_thread(self.__call__, nodes, **kwargs)
