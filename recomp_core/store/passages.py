"""Documents' sentences to vectors, through the store: read what is there, compute the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import cast

import numpy as np

from ..models.encoders.inputs import Passage, encode_passages, passage_chunks
from ..protocols import Encoder
from ..types import Context
from .keys import INPUTS_VERSION, encoder_identity, namespace, passage_key
from .memory_table import OVERHEAD, Recent
from .records import Packed, pack, read_vectors, unpacked, vectors_record
from .sentence_store import SentenceStore

# The vectors that were used last stay in memory, ready to be compared: some 10,000 usual documents.
_RECENT_BYTES = 64 << 20


class PassageEncoder:
    """Vectors of passages, kept in a store.

    Args:
        encoder: See `extractive.scoring.DualEncoderScorer`.
        context: See there.
        store: Where vectors are looked up and kept.
        finish: A function of vectors, (n, dim), that is applied when they are read.

    Attributes:
        encoder: See above.
        context: See above.
        store: See above.
        finish: See above.
        encoded: The number of sentences that the encoder has encoded so far.

    Raises:
        ValueError: The encoder has no identity, see `keys.encoder_identity`.
    """

    def __init__(
        self,
        encoder: Encoder,
        context: Context,
        store: SentenceStore,
        finish: Callable[[np.ndarray], np.ndarray],
    ) -> None:
        self.encoder = encoder
        self.context = context
        self.store = store
        self.finish = finish
        self.encoded = 0
        identity = encoder_identity(encoder)
        self._space = namespace("vectors", INPUTS_VERSION, identity, context, store.dtype)
        self._recent: Recent[Passage, np.ndarray] = Recent(_RECENT_BYTES)
        name = f"{type(encoder).__name__} {identity[:12]} (context={context}, {store.dtype})"
        store.note(self._space, name)

    def vectors(
        self, passages: Iterable[Passage], dim: int
    ) -> Iterator[tuple[list[Passage], np.ndarray]]:
        """Look up the vectors of passages, and compute those that are missing.

        Args:
            passages: Distinct passages.
            dim: The size of the encoder's vectors. Kept vectors of another size are computed again.

        Yields:
            Some passages at a time, with the finished vectors of all their sentences,
            (n_sentences, dim).
        """
        self.store.check_open()
        for some in passage_chunks(passages):
            known = self._recent.get(some)
            missing = [one for one, it in zip(some, known, strict=True) if it is None]
            if missing:
                found = self._finished(missing, dim)
                known = [
                    found[one] if it is None else it for one, it in zip(some, known, strict=True)
                ]
            yield some, np.concatenate(cast("list[np.ndarray]", known))

    def keep(self, passages: Iterable[Passage]) -> None:
        """Compute and keep the vectors that are missing.

        Args:
            passages: Distinct passages.
        """
        for some in passage_chunks(passages):
            self._packed(some, None)

    def _finished(self, passages: Sequence[Passage], dim: int) -> dict[Passage, np.ndarray]:
        packed = self._packed(passages, dim)
        whole = self.finish(unpacked(packed))
        found, first = {}, 0
        for passage in passages:
            # A copy, because a view would keep the whole array in memory.
            found[passage] = whole[first : first + len(passage.spans)].copy()
            first += len(passage.spans)
        self._recent.put(
            (passage, vectors, vectors.nbytes + len(passage.text) + OVERHEAD)
            for passage, vectors in found.items()
            if np.isfinite(vectors).all()
        )
        return found

    def _packed(self, passages: Sequence[Passage], dim: int | None) -> list[Packed]:
        """The vectors of each passage as they are kept; the missing ones are computed first."""
        keys = [passage_key(self._space, *passage) for passage in passages]
        records = self.store.read(keys)
        packed: list[Packed | None] = []
        for key, passage in zip(keys, passages, strict=True):
            record = records.get(key)
            it = None if record is None else read_vectors(key, record, self.store.dtype)
            if it is not None and (
                len(it.values) != len(passage.spans) or it.dim != (dim or it.dim)
            ):
                it = None
            packed.append(it)
        missing = [place for place, it in enumerate(packed) if it is None]
        if missing:
            made = self._made([passages[i] for i in missing], [keys[i] for i in missing])
            for place, it in zip(missing, made, strict=True):
                packed[place] = it
        return cast("list[Packed]", packed)

    def _made(self, passages: Sequence[Passage], keys: Sequence[bytes]) -> list[Packed]:
        """Vectors from the encoder, in the form in which they are kept and will be read."""
        dtype = self.store.dtype
        encoded = encode_passages(self.encoder, self.context, passages)
        made: list[Packed] = []
        records = []
        for key, vectors in zip(keys, encoded, strict=True):
            vectors = np.asarray(vectors, dtype=np.float32)
            if np.isfinite(vectors).all():
                packed = pack(vectors, dtype)
                records.append((key, vectors_record(key, packed, dtype)))
            else:
                # Not kept. The scorer's caller gets an error.
                scales = None if dtype == "float32" else np.ones(len(vectors), dtype=np.float32)
                packed = Packed(vectors, scales)
            made.append(packed)
            self.encoded += len(vectors)
        self.store.write(records)
        return made
