"""Sentence vectors made when nodes are ingested, so that queries find them."""

from __future__ import annotations

import asyncio
import os
import pickle
from collections.abc import Mapping, Sequence
from typing import Any

from llama_index.core.bridge.pydantic import (
    ConfigDict,
    Field,
    PrivateAttr,
    StrictInt,
    field_serializer,
    field_validator,
)
from llama_index.core.schema import BaseNode, TransformComponent

from recomp_core import Document

from .postprocessor import _is_text_alone, _text

# The fields that say which compressor to make; `compressor` stands in for all of them.
_SETTINGS = (
    "store", "model", "context", "lang", "batch_size", "device", "revision", "local_files_only",
)  # fmt: skip


class RecompNodeIndexer(TransformComponent):
    """Puts the sentence vectors of nodes into a `recomp_core.store.SentenceStore`; the nodes pass
    through, the same objects, unchanged.

        IngestionPipeline(transformations=[splitter, RecompNodeIndexer(store="store"), embed_model])
        …
        RecompNodePostprocessor(compressor=load_compressor(store="store"))

    Use it after the node parser: a query finds a node's vectors by its text, and by its title where
    the encoder sees that. Nodes that are known cost a look-up; those with an image, audio or video
    are left out. A pipeline with a cache of its own does not show nodes that it has seen: a store
    that was deleted fills again at query time only.

    store: the folder of the store.
    model, context, lang, batch_size, device, revision, local_files_only: see
        `recomp_core.load_compressor`; the same as at query time.
    compressor: one with a store, of `load_compressor(store=…)`, instead of all these.
    title_key: the metadata key that holds a node's title; None for no titles.

    It can be pickled, as a pipeline with `num_workers` does, and then loads the model anew. Raises
    `ValueError` for settings that cannot work, `OSError` if the store can't be written.
    """

    model_config = ConfigDict(extra="forbid", protected_namespaces=())

    store: str | None = Field(None, frozen=True)
    model: str | None = Field(None, frozen=True)
    context: str | None = Field(None, frozen=True)
    lang: str | None = Field(None, frozen=True)
    batch_size: StrictInt | None = Field(None, frozen=True)
    device: str | None = Field(None, frozen=True)
    revision: str | None = Field(None, frozen=True)
    local_files_only: bool | None = Field(None, frozen=True)
    compressor: Any = Field(None, frozen=True)

    title_key: str | None = Field("title", frozen=True)
    batch_documents: StrictInt = Field(256, frozen=True, ge=1)

    _indexer: Any = PrivateAttr()

    @classmethod
    def class_name(cls) -> str:
        return "RecompNodeIndexer"

    @field_validator("store", "model", mode="before")
    @classmethod
    def _path_to_string(cls, path: Any) -> Any:
        return os.fspath(path) if isinstance(path, os.PathLike) else path

    @field_validator("compressor")
    @classmethod
    def _refuse_name(cls, compressor: Any) -> Any:
        if isinstance(compressor, str):
            raise ValueError(
                f"the compressor {compressor} was given as an object and is not among the saved "
                "settings: give it again, from_dict(data, compressor=…)"
            )
        return compressor

    # Its name stands in the saved settings, so that they do not load as those of the default.
    @field_serializer("compressor")
    def _name_of_compressor(self, compressor: Any) -> str | None:
        return None if compressor is None else type(compressor).__qualname__

    def model_post_init(self, _context: Any, /) -> None:
        """Makes the compressor. Raises as `recomp_core.persistence.factory.resolve_compressor`."""
        from recomp_core.extractive.indexing import Indexer
        from recomp_core.persistence.factory import resolve_compressor

        if self.store is None and self.compressor is None:
            raise ValueError("give either store=, a folder, or compressor=, one that has a store")
        settings = {name: getattr(self, name) for name in _SETTINGS}
        self._indexer = Indexer(resolve_compressor(self.compressor, settings))

    @property
    def report(self) -> Any:
        """How many nodes and sentences there were so far, and how many were new."""
        return self._indexer.report

    def __call__(self, nodes: Sequence[BaseNode], **kwargs: Any) -> Sequence[BaseNode]:
        """The nodes as they are, after their vectors were made and kept."""
        del kwargs
        documents = [self._as_document(node) for node in nodes if _is_text_alone(node)]
        self._indexer.add(documents, batch_documents=self.batch_documents)
        return nodes

    async def acall(self, nodes: Sequence[BaseNode], **kwargs: Any) -> Sequence[BaseNode]:
        """The same without blocking the event loop."""
        return await asyncio.to_thread(self.__call__, nodes, **kwargs)

    def __getstate__(self) -> dict[str, Any]:
        """The settings; the model is loaded anew from them."""
        try:
            pickle.dumps(self.compressor)
        except Exception as error:
            raise pickle.PicklingError(
                f"compressor={self.compressor!r} can't be pickled ({error}): give store= and "
                "settings instead, or make the indexer where it is used"
            ) from error
        return dict(self)

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> RecompNodeIndexer:
        # Settings are frozen and models are shared.
        return self.__copy__()

    def _as_document(self, node: BaseNode) -> Document:
        title = node.metadata.get(self.title_key)
        return Document(_text(node), title=title if isinstance(title, str) else None)
