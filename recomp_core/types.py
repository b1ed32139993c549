"""The values that travel through one call, each made from the one before. Standard library only.

    Document -> Sentence -> ScoredSentence -> Compression

The invariant that everything hangs on, for every sentence of every compression:

    compression.documents[s.doc_index].text[s.start:s.end] == s.text

Documents are told apart by position, never by id: ids repeat in the real world.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal

from .text.joining import Layout, group_by_document, is_blank

Context = Literal["sentence", "title", "document"]
"""What a sentence is encoded with, see `extractive.scoring.DualEncoderScorer`."""

SimilarityFunction = Literal["cosine", "dot"]
"""How two vectors are compared, see `extractive.scoring.DualEncoderScorer`."""


@dataclass(frozen=True, slots=True)
class Document:
    """A retrieved document as the caller handed it over.

    `title` may help the encoder (`context="title"` or `"document"`); it never becomes part of the
    compressed text. `id` and `metadata` are carried along untouched.
    """

    text: str
    title: str | None = None
    id: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if not isinstance(self.text, str):
            raise TypeError(f"Document.text must be a string, got {_described(self.text)}")
        for name in ("title", "id"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, str):
                raise TypeError(
                    f"Document.{name} must be a string or None, got {_described(value)}"
                )
        if not isinstance(self.metadata, Mapping):
            raise TypeError(f"Document.metadata must be a mapping, got {_described(self.metadata)}")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A located piece of a document: `documents[doc_index].text[start:end] == text`.

    `start` and `end` are offsets in characters (code points). A heading, a list item, a table and
    a fenced code block count as one sentence each.
    """

    text: str
    doc_index: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ScoredSentence(Sentence):
    """A sentence with its relevance to the query; higher is better, the scale is the scorer's."""

    score: float


@dataclass(frozen=True, slots=True)
class ScoringTask:
    """What a scorer is asked: one score for each of `sentences`, seen from `query`.

    `documents` are there for scorers that look at more than the sentence: a title, the text around.
    """

    query: str
    documents: tuple[Document, ...]
    sentences: tuple[Sentence, ...]


class Outcome(str, Enum):
    """What became of the documents."""

    COMPRESSED = "compressed"
    """Something was kept and something was dropped."""
    NOTHING_GIVEN = "nothing_given"
    """There were no documents, or only blank ones; the text is empty."""
    NOTHING_RELEVANT = "nothing_relevant"
    """No sentence met the selector: selective augmentation, the text is empty. Prepend nothing."""
    UNCHANGED = "unchanged"
    """Every sentence was kept: compressing would not have made the documents shorter."""
    REFUSED = "refused"
    """A summary was written and a gate kept it back; the text is empty, `reason` says why."""
    FELL_BACK = "fell_back"
    """A gate refused the summary and sentences were kept instead; `reason` says why."""
    FAILED = "failed"
    """The compressor raised and an adapter passed the original documents through."""
    TIMED_OUT = "timed_out"
    """`timeout_s` passed: kept is what was best of the documents scored by then, or the documents
    as they are if that is nothing; `reason` says how far it got."""

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class SummarySentence:
    """A sentence of a summary, and what the documents say to it.

    start, end: offsets in the summary, in characters: `compression.text[start:end] == text`.
    sources: the document sentences that support it best, best first; the scale of their scores is
        that of the scorer that compared them.
    unsupported: numbers, dates and names in it that no document has.
    supported: whether it stands on the documents; True where nobody checked.
    """

    text: str
    start: int
    end: int
    sources: tuple[ScoredSentence, ...]
    unsupported: tuple[str, ...] = ()
    supported: bool = True


@dataclass(frozen=True, slots=True)
class Excerpt:
    """What one document gave to a compression.

    `score` is the best score among `kept`.
    """

    doc_index: int
    document: Document
    text: str
    kept: tuple[ScoredSentence, ...]
    score: float


@dataclass(frozen=True, slots=True, repr=False)
class Compression:
    """The result of compressing `documents` for `query`.

    text: prepend this to the query; "" means prepend nothing. Never longer than `original_text`.
    kept, dropped: all sentences, in document order; together they are every sentence there was.
    sources: positions in `documents` of those that `text` was made from, ascending.
    outcome: what happened, see `Outcome`.
    layout: the strings that joined the kept sentences.

    Of an abstractive compressor, whose text was written anew (`is_excerpt` is False):
    kept: the sentences that the summarizer read, where an extractive compressor chose them for it;
        else empty.
    sources: the documents that the summarizer read.
    truncated: whether the last of them was cut to fit the input limit.
    support: every sentence of the summary with the source sentences that support it.
    reason: what a gate had to say; "" where there was none.
    """

    query: str
    documents: tuple[Document, ...]
    text: str
    kept: tuple[ScoredSentence, ...]
    dropped: tuple[ScoredSentence, ...]
    sources: tuple[int, ...]
    outcome: Outcome
    layout: Layout = field(default_factory=Layout)
    truncated: bool = False
    support: tuple[SummarySentence, ...] = ()
    reason: str = ""

    @property
    def original_text(self) -> str:
        """The documents as they would have been prepended without compressing."""
        return self.layout.join(document.text for document in self.documents)

    @property
    def is_excerpt(self) -> bool:
        """Whether `text` is cut out of the documents; otherwise it was written anew."""
        return assemble(self.documents, self.kept, self.layout) == self.text

    def rate(self, count_tokens: Callable[[str], int] = len) -> float:
        """Compression rate: tokens of `text` ÷ tokens of the documents; 0.06 keeps 6 %.

        `count_tokens` should be the reader model's own count; without it, characters are counted.
        0.0 when there was nothing to compress (paper, section 2).
        """
        before = count_tokens(self.original_text)
        return count_tokens(self.text) / before if before else 0.0

    def by_document(self) -> tuple[Excerpt, ...]:
        """What each source document gave, in order; `layout.join` of their texts is `text`."""
        grouped = group_by_document(self.kept)
        return tuple(
            Excerpt(
                doc_index=index,
                document=self.documents[index],
                text=excerpt_of(self.documents[index], sentences, self.layout),
                kept=tuple(sentences),
                score=max(sentence.score for sentence in sentences),
            )
            for index, sentences in grouped.items()
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; `Compression.from_dict` gives an equal compression back.

        Metadata values that JSON does not know (dates, arrays) become strings.
        """
        return {
            "query": self.query,
            "text": self.text,
            "outcome": self.outcome.value,
            "sources": list(self.sources),
            "kept": [_sentence_to_dict(sentence) for sentence in self.kept],
            "dropped": [_sentence_to_dict(sentence) for sentence in self.dropped],
            "truncated": self.truncated,
            "reason": self.reason,
            "support": [
                {
                    "text": sentence.text,
                    "start": sentence.start,
                    "end": sentence.end,
                    "sources": [_sentence_to_dict(source) for source in sentence.sources],
                    "unsupported": list(sentence.unsupported),
                    "supported": sentence.supported,
                }
                for sentence in self.support
            ],
            "documents": [
                {
                    "text": document.text,
                    "title": document.title,
                    "id": document.id,
                    "metadata": _json_ready(document.metadata),
                }
                for document in self.documents
            ],
            "layout": {
                "separator": self.layout.separator,
                "elision": self.layout.elision,
                "document_separator": self.layout.document_separator,
            },
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Compression:
        """The inverse of `to_dict`. Raises `KeyError` or `ValueError` on anything else."""
        documents = tuple(Document(**document) for document in data["documents"])
        return cls(
            query=data["query"],
            documents=documents,
            text=data["text"],
            kept=tuple(_sentence_from_dict(s, documents) for s in data["kept"]),
            dropped=tuple(_sentence_from_dict(s, documents) for s in data["dropped"]),
            sources=tuple(data["sources"]),
            outcome=Outcome(data["outcome"]),
            layout=Layout(**data["layout"]),
            truncated=data["truncated"],
            reason=data["reason"],
            support=tuple(
                SummarySentence(
                    text=sentence["text"],
                    start=sentence["start"],
                    end=sentence["end"],
                    sources=tuple(_sentence_from_dict(s, documents) for s in sentence["sources"]),
                    unsupported=tuple(sentence["unsupported"]),
                    supported=sentence["supported"],
                )
                for sentence in data["support"]
            ),
        )

    def __repr__(self) -> str:
        # The documents are long: what a person wants to see in a prompt or a log is the result.
        sentences = len(self.kept) + len(self.dropped)
        kept = f"kept {len(self.kept)} of {sentences} sentences, " if sentences else ""
        return f"Compression({self.outcome}, {kept}text={self.text!r})"

    def _repr_html_(self) -> str:
        from .text.html import compression_fragment

        return compression_fragment(self)


def excerpt_of(document: Document, kept: Sequence[Sentence], layout: Layout) -> str:
    """The kept sentences of one document as text."""
    return layout.excerpt(document.text, [(sentence.start, sentence.end) for sentence in kept])


def assemble(documents: Sequence[Document], kept: Iterable[Sentence], layout: Layout) -> str:
    """The kept sentences (in document order) of all documents as the text to prepend."""
    grouped = group_by_document(kept)
    return layout.join(
        excerpt_of(documents[index], sentences, layout) for index, sentences in grouped.items()
    )


def as_documents(documents: object, where: str = "documents") -> tuple[Document, ...]:
    """Plain strings and `Document`s as a tuple of `Document`s.

    Raises `TypeError` with the position and the value for anything else.
    """
    if isinstance(documents, (str, bytes, Document, Mapping)) or not isinstance(
        documents, Iterable
    ):
        raise TypeError(
            f"{where} must be a list of strings or Documents, got {_described(documents)}"
        )
    checked = []
    for position, document in enumerate(documents):
        if isinstance(document, str):
            document = Document(document)
        elif not isinstance(document, Document):
            raise TypeError(
                f"{where}[{position}] must be a string or a Document, got {_described(document)}"
            )
        checked.append(document)
    return tuple(checked)


def check_query(query: object, where: str = "query") -> str:
    """The query itself. Raises `TypeError` if it is no string, `ValueError` if it is blank."""
    if not isinstance(query, str):
        raise TypeError(f"{where} must be a string, got {_described(query)}")
    if is_blank(query):
        raise ValueError(
            f"{where} is blank ({query!r}): without a question nothing can be relevant"
        )
    return query


def _described(value: object) -> str:
    text = repr(value)
    return f"{type(value).__name__} {text if len(text) <= 80 else text[:77] + '…'}"


def _sentence_to_dict(sentence: ScoredSentence) -> dict[str, Any]:
    return {
        "doc_index": sentence.doc_index,
        "start": sentence.start,
        "end": sentence.end,
        "score": sentence.score,
        "text": sentence.text,
    }


def _sentence_from_dict(data: Mapping[str, Any], documents: Sequence[Document]) -> ScoredSentence:
    sentence = ScoredSentence(**data)
    found = documents[sentence.doc_index].text[sentence.start : sentence.end]
    if found != sentence.text:
        raise ValueError(
            f"offsets {sentence.start}:{sentence.end} of document {sentence.doc_index} hold "
            f"{found!r}, not {sentence.text!r}: the data was changed after it was written"
        )
    return sentence


def _json_ready(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _json_ready(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_json_ready(item) for item in value]
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    return str(value)


def check_batch(
    queries: Sequence[str], documents_lists: Sequence[Iterable[str | Document]]
) -> list[tuple[str, tuple[Document, ...]]]:
    """Queries paired with their documents. Raises as `compress_batch` says."""
    if isinstance(queries, str):
        raise TypeError(f"queries must be a list of strings, got the string {queries!r}")
    queries, documents_lists = list(queries), list(documents_lists)
    if len(queries) != len(documents_lists):
        raise ValueError(
            f"got {len(queries)} queries but {len(documents_lists)} document lists: "
            "give one list of documents per query"
        )
    alone = len(queries) == 1
    return [
        (
            check_query(query, "query" if alone else f"queries[{number}]"),
            as_documents(documents, "documents" if alone else f"documents_lists[{number}]"),
        )
        for number, (query, documents) in enumerate(zip(queries, documents_lists, strict=True))
    ]
