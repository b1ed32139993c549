"""Keeps what calls dropped, so that an agent that misses something can ask for it.

    kept = DroppedTexts(max_bytes=16_000_000)
    compressor = load_compressor(recovery=kept)
    compression = compressor.compress(query, documents)
    compressor.read_dropped(compression.handle, "when was it painted?", max_tokens=200).text

The texts stay in this process's memory, and the oldest calls leave first. A handle is a secret that
can't be guessed: who has it can read what was dropped of that call, and nothing else.
"""

from __future__ import annotations

import secrets
import sys
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .._utils.checks import check_limit, check_whole
from ..protocols import Splitter
from ..runtime.forking import ForkSafeLock
from ..text.joining import is_blank
from ..text.markup import visible_text
from ..text.splitting import SentenceSplitter
from ..text.tokens import approximate_tokens
from ..text.units import STRUCTURAL, Span, stated_format
from ..types import Compression, Document, Outcome, ScoredSentence, Sentence
from .flags import without_flagged
from .sentences import document_sentences

_HANDLE_BYTES = 16
# What a sentence takes in memory beside its text: the object, its numbers, its place in a tuple.
_OBJECT_BYTES = 250
_NOT_KEPT = (
    "nothing is kept under this handle: it is wrong, or of another process, or its texts had to "
    "leave for those of later calls; compress the documents again"
)


@dataclass(frozen=True, slots=True)
class DroppedSentence:
    """A sentence, row, list item or the like that a call left out.

    Attributes:
        text: The sentence as it stands in its document.
        doc_index: The position of its document among the documents of the call.
        start: The offset of its first character in the document, in code points.
        end: The offset after its last character in the document, in code points.
        score: Its relevance to the query: that of `read_dropped` if it got one, else the call's.
            0.0 if nothing scored it, as for a summary.
        heading: What it stands under, outermost first, with " › " between; "" for nothing.
        title: The document's title.
        id: The document's id.
        markup: Whether `text` holds HTML tags, which `Dropped.text` leaves out.
    """

    text: str
    doc_index: int
    start: int
    end: int
    score: float = 0.0
    heading: str = ""
    title: str | None = None
    id: str | None = None
    markup: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Convert the sentence to JSON values.

        Returns:
            The attributes by name.
        """
        return {
            "text": self.text, "doc_index": self.doc_index, "start": self.start, "end": self.end,
            "score": self.score, "heading": self.heading, "title": self.title, "id": self.id,
            "markup": self.markup,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Dropped:
    """What `read_dropped` found.

    Attributes:
        found: Whether anything is kept under the handle.
        sentences: The sentences: with a query those that fit it best first, otherwise in the order
            of the documents.
        left_out: How many more there are that `max_tokens` had no room for.
        note: What to know about it, in words; "" for nothing.
    """

    found: bool
    sentences: tuple[DroppedSentence, ...] = ()
    left_out: int = 0
    note: str = ""

    @property
    def text(self) -> str:
        """The sentences for a prompt, one a line, each after its title and headings in brackets."""
        return "\n".join(map(_line, self.sentences))

    def __str__(self) -> str:
        """What a model reads: the text, and the note."""
        note = f"({self.note})" if self.note else ""
        return "\n".join(filter(None, (self.text, note)))

    def to_dict(self) -> dict[str, Any]:
        """Convert the result to JSON values.

        Returns:
            The attributes by name, and "text".
        """
        return {
            "found": self.found,
            "text": self.text,
            "sentences": [sentence.to_dict() for sentence in self.sentences],
            "left_out": self.left_out,
            "note": self.note,
        }


ScoreDropped = Callable[[str, Sequence[DroppedSentence]], Sequence[float]]
"""From a query and sentences to one score each; higher is better."""


@dataclass(frozen=True, slots=True)
class _Call:
    """What one call dropped: sentences, and documents that it did not split, with their places."""

    sentences: tuple[DroppedSentence, ...]
    documents: tuple[tuple[int, Document], ...]
    splitter: Splitter | None
    size: int
    flagged: bool


class DroppedTexts:
    """A bounded store of what calls dropped, in memory and for any number of threads.

    It holds texts, titles, ids and scores, no metadata. A copy by pickle or `deepcopy` is empty.

    Attributes:
        max_bytes: The most memory for the texts of all calls, in bytes, estimated from above. What
            a single call dropped is not kept if it is larger, and the call has no handle.
        max_calls: The most calls.

    Args:
        max_bytes: See above.
        max_calls: See above.

    Raises:
        ValueError: A limit is less than 1.
        TypeError: A limit is no whole number.
    """

    def __init__(self, max_bytes: int = 16_000_000, max_calls: int = 10_000) -> None:
        self.max_bytes = check_whole("max_bytes", max_bytes)
        self.max_calls = check_whole("max_calls", max_calls)
        self._calls: OrderedDict[str, _Call] = OrderedDict()
        self._size = 0
        self._lock = ForkSafeLock()

    def __len__(self) -> int:
        """How many calls are kept."""
        return len(self._calls)

    def __bool__(self) -> bool:
        return True

    def __reduce__(self) -> tuple[Any, ...]:
        return DroppedTexts, (self.max_bytes, self.max_calls)

    def __repr__(self) -> str:
        return f"DroppedTexts(max_bytes={self.max_bytes}, max_calls={self.max_calls})"

    @property
    def size(self) -> int:
        """The memory in use, in bytes, estimated from above."""
        return self._size

    def record(
        self,
        compression: Compression,
        splitter: Splitter | None = None,
        *,
        flagged: bool = True,
    ) -> Compression:
        """Keep what a call dropped.

        Args:
            compression: The call's result. Of a summary, and of a document that was not read in
                time, everything counts as dropped.
            splitter: Cuts documents into sentences that the call did not cut itself, when they are
                read; a `SentenceSplitter` by default.
            flagged: Whether to keep sentences that look like orders, see `text.injections`.

        Returns:
            The compression with its `handle`; as it was if nothing was dropped, or too much to
            keep.
        """
        call = _dropped_of(compression, splitter, flagged)
        if call is None or call.size > self.max_bytes:
            return compression
        handle = secrets.token_urlsafe(_HANDLE_BYTES)
        with self._lock:
            self._calls[handle] = call
            self._size += call.size
            while self._size > self.max_bytes or len(self._calls) > self.max_calls:
                _, oldest = self._calls.popitem(last=False)
                self._size -= oldest.size
        return replace(compression, handle=handle)

    def forget(self, handle: str) -> bool:
        """Remove what one call dropped.

        Args:
            handle: The call's `Compression.handle`.

        Returns:
            Whether anything was kept under it.
        """
        with self._lock:
            call = self._calls.pop(handle, None)
            self._size -= 0 if call is None else call.size
        return call is not None

    def read_dropped(
        self,
        handle: str,
        query: str | None = None,
        *,
        max_tokens: int | None = None,
        count_tokens: Callable[[str], int] = approximate_tokens,
        score: ScoreDropped | None = None,
    ) -> Dropped:
        """Read what a call dropped.

        Args:
            handle: The call's `Compression.handle`.
            query: What to look for: what fits it best comes first. None or blank for the order of
                the documents.
            max_tokens: The most tokens of `Dropped.text`; what does not fit is passed over.
            count_tokens: Counts them; by default they are estimated from the number of characters.
            score: Scores the sentences for `query`; by default the words in common count. A
                compressor's own `read_dropped` scores as the compressor does.

        Returns:
            The sentences; `found` is False, and `note` says why, for a handle under which nothing
            is kept (any longer).

        Raises:
            TypeError: `handle` or `query` is no string.
            ValueError: `max_tokens` is less than 1.
        """
        if not isinstance(handle, str):
            raise TypeError(f"handle must be a string, got {type(handle).__name__}")
        if query is not None and not isinstance(query, str):
            raise TypeError(f"query must be a string or None, got {type(query).__name__}")
        check_limit("max_tokens", max_tokens)
        with self._lock:
            call = self._calls.get(handle.strip())
        if call is None:
            return Dropped(False, note=_NOT_KEPT)
        sentences = _sentences_of(call)
        if query is not None and not is_blank(query):
            sentences = _ranked(query, sentences, score or _words_in_common)
        fitting = _fitting(sentences, max_tokens, count_tokens)
        left_out = len(sentences) - len(fitting)
        note = f"{left_out} more did not fit into max_tokens={max_tokens}" if left_out else ""
        return Dropped(True, tuple(fitting), left_out, note)


def check_recovery(recovery: object) -> DroppedTexts | None:
    """Check the setting `recovery`, or make the store that it asks for.

    Args:
        recovery: A `DroppedTexts`, the number of bytes for a new one, or None.

    Returns:
        The store, or None.

    Raises:
        ValueError: The number is less than 1.
        TypeError: It is none of these.
    """
    if recovery is None or isinstance(recovery, DroppedTexts):
        return recovery
    if isinstance(recovery, bool) or not isinstance(recovery, int):
        raise TypeError(
            f"recovery must be a DroppedTexts or a number of bytes, got {recovery!r:.80}"
        )
    return DroppedTexts(check_whole("recovery", recovery))


def recovery_of(compressor: object) -> DroppedTexts:
    """The store of a compressor.

    Args:
        compressor: A compressor.

    Returns:
        What it records dropped texts in.

    Raises:
        ValueError: It records none.
    """
    recovery = getattr(compressor, "recovery", None)
    if not isinstance(recovery, DroppedTexts):
        raise ValueError(
            "this compressor keeps nothing of what it drops: make it with recovery=DroppedTexts()"
        )
    return recovery


def _dropped_of(compression: Compression, splitter: Splitter | None, flagged: bool) -> _Call | None:
    """What a call dropped; None for nothing."""
    if compression.outcome is Outcome.UNCHANGED:
        return None
    documents = compression.documents
    found: Sequence[ScoredSentence] = (*compression.kept, *compression.dropped)
    known = {sentence.doc_index for sentence in found}
    whole = tuple(
        (index, Document(document.text, document.title, document.id, _format_of(document)))
        for index, document in enumerate(documents)
        if index not in known and not is_blank(document.text)
    )
    if compression.is_excerpt:  # else it is a summary, which holds no sentence as it was
        found = compression.dropped
    # Headings and the like stand with what is under them.
    found = [sentence for sentence in found if sentence.kind not in STRUCTURAL] or found
    if not flagged:
        found = without_flagged(found)
    if not found and not whole:
        return None
    headings: dict[tuple[int, tuple[Span, ...]], str] = {}
    sentences = []
    for sentence in sorted(found, key=_place):
        document, place = documents[sentence.doc_index], (sentence.doc_index, sentence.path)
        if place not in headings:
            headings[place] = sentence.heading(document) if sentence.path else ""
        sentences.append(_dropped_sentence(sentence, sentence.score, document, headings[place]))
    texts = [
        *headings.values(),
        *(sentence.text for sentence in sentences),
        *(document.text for _, document in whole),
        *(name for document in documents for name in (document.title, document.id) if name),
    ]
    size = sum(map(sys.getsizeof, texts)) + _OBJECT_BYTES * (len(sentences) + len(whole) + 1)
    return _Call(tuple(sentences), whole, splitter, size, flagged)


def _format_of(document: Document) -> dict[str, str]:
    stated = stated_format(document.metadata)
    return {} if stated is None else {"format": stated}


def _dropped_sentence(
    sentence: Sentence, score: float, document: Document, heading: str
) -> DroppedSentence:
    return DroppedSentence(
        sentence.text, sentence.doc_index, sentence.start, sentence.end, float(score), heading,
        document.title, document.id, sentence.markup,
    )  # fmt: skip


def _place(sentence: Sentence | DroppedSentence) -> tuple[int, int]:
    return sentence.doc_index, sentence.start


def _sentences_of(call: _Call) -> list[DroppedSentence]:
    """All that a call dropped, in the order of the documents."""
    if not call.documents:
        return list(call.sentences)
    documents = [document for _, document in call.documents]
    splitter = SentenceSplitter() if call.splitter is None else call.splitter
    found = document_sentences(documents, splitter, structural=False)
    split = [
        replace(
            _dropped_sentence(sentence, 0.0, document, sentence.heading(document)), doc_index=index
        )
        for sentence in (found if call.flagged else without_flagged(found))
        for index, document in (call.documents[sentence.doc_index],)
    ]
    return sorted([*call.sentences, *split], key=_place)


def _ranked(
    query: str, sentences: Sequence[DroppedSentence], score: ScoreDropped
) -> list[DroppedSentence]:
    """Sentences with their scores for a query, best first; of equal scores, the earlier first."""
    if not sentences:
        return []
    scores = score(query, sentences)
    scored = [replace(s, score=float(n)) for s, n in zip(sentences, scores, strict=True)]
    return sorted(scored, key=lambda sentence: sentence.score, reverse=True)


def _words_in_common(query: str, sentences: Sequence[DroppedSentence]) -> Sequence[float]:
    from .lexical import lexical_scores  # with NumPy

    scores: list[float] = lexical_scores(query, list(map(_line, sentences))).tolist()
    return scores


def _fitting(
    sentences: Sequence[DroppedSentence],
    max_tokens: int | None,
    count_tokens: Callable[[str], int],
) -> list[DroppedSentence]:
    """Those that fit, the first first."""
    if max_tokens is None:
        return list(sentences)
    fitting: list[DroppedSentence] = []
    room = max_tokens
    for sentence in sentences:
        size = count_tokens(_line(sentence) + "\n")
        if size <= room:
            fitting.append(sentence)
            room -= size
    while fitting and count_tokens("\n".join(map(_line, fitting))) > max_tokens:
        fitting.pop()  # tokens of lines need not add up
    return fitting


def _line(sentence: DroppedSentence) -> str:
    under = " › ".join(part for part in (sentence.title, sentence.heading) if part)
    text = visible_text(sentence.text) if sentence.markup else sentence.text
    return f"[{under}] {text}" if under else text
