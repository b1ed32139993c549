"""The values that travel through one call, each made from the one before. Standard library only.

    Document -> Sentence -> ScoredSentence -> Compression

Everything relies on one invariant, for every sentence of every compression:

    compression.documents[s.doc_index].text[s.start:s.end] == s.text

A document is identified by its position, never by its id: ids repeat in real data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Literal, TypeVar, get_args

from ._utils.json_values import EXCEPTIONS, json_ready, restored, strict
from ._utils.notebook import notebook_html
from .text.joining import Layout, common_words, group_by_document, is_blank
from .text.markup import visible_text
from .text.units import Kind, Span, Unit, path_text

Context = Literal["sentence", "title", "document"]
"""What a sentence is encoded with; see `extractive.scoring.DualEncoderScorer`."""

Injections = Literal["off", "flag", "drop"]
"""What becomes of sentences that look like orders to the reader model; see `text.injections`."""

Outline = Literal["headings", "none"]
"""What comes along with a kept sentence; see `extractive.compressor.ExtractiveCompressor`."""

SimilarityFunction = Literal["cosine", "dot"]
"""How two vectors are compared; see `extractive.scoring.DualEncoderScorer`."""


@dataclass(frozen=True, slots=True)
class Document:
    """A retrieved document as the caller passed it.

    Attributes:
        text: The text to compress.
        title: A title that may help the encoder (`context="title"` or `"document"`). It stands in
            the compressed text only in brackets, see `Layout.titles`.
        id: The caller's own identifier, carried along untouched.
        metadata: Any other values of the caller, carried along untouched.

    Raises:
        TypeError: `text` is not a string, `title` or `id` is neither a string nor None, or
            `metadata` is not a mapping.
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

    A heading, a list item, a small table and a fenced code block count as one sentence each.

    Attributes:
        text: The sentence itself.
        doc_index: The position of its document among the documents of the call.
        start: The offset of its first character in the document, in code points.
        end: The offset after its last character in the document, in code points.
        kind: What it is in its document; see `text.units.Kind`.
        path: The spans of what it stands under, outermost first: headings, the line that announces
            a list, a table's header row, the question of an answer, the keys above an entry.
        markup: Whether `text` holds HTML tags, which the compressed text leaves out.
    """

    text: str
    doc_index: int
    start: int
    end: int
    kind: Kind = field(default="sentence", kw_only=True)
    path: tuple[Span, ...] = field(default=(), kw_only=True)
    markup: bool = field(default=False, kw_only=True)

    @classmethod
    def of_unit(cls, text: str, doc_index: int, unit: Unit) -> Sentence:
        """Make a sentence of a unit.

        Args:
            text: The document's text.
            doc_index: The position of the document.
            unit: The unit.

        Returns:
            The sentence.
        """
        return Sentence(
            text[unit.start : unit.end],
            doc_index,
            unit.start,
            unit.end,
            kind=unit.kind,
            path=unit.path,
            markup=unit.markup,
        )

    @property
    def visible(self) -> str:
        """The text as a reader sees it: without HTML tags."""
        return visible_text(self.text) if self.markup else self.text

    def heading(self, document: Document) -> str:
        """Read what the sentence stands under.

        Args:
            document: Its document.

        Returns:
            The texts of `path`, outermost first, with " › " between them; "" without a path.
        """
        return path_text(document.text, self.path)


@dataclass(frozen=True, slots=True)
class ScoredSentence(Sentence):
    """A sentence with its relevance to the query.

    Attributes:
        score: The relevance. Higher is better; the scale is the scorer's.
        lexical: The part of the score that words in common with the query gave.
        queries: Where a call has several queries, the positions of those that it was kept for.
        flags: Why it looks like an order to the model that reads it; see `text.injections.FLAGS`.
    """

    score: float
    lexical: float = field(default=0.0, kw_only=True)
    queries: tuple[int, ...] = field(default=(), kw_only=True)
    flags: tuple[str, ...] = field(default=(), kw_only=True)


def with_score(sentence: Sentence, score: float, lexical: float = 0.0) -> ScoredSentence:
    """Give a sentence its score.

    Args:
        sentence: The sentence.
        score: The score.
        lexical: The part of it that words in common with the query gave.

    Returns:
        The scored sentence.
    """
    return ScoredSentence(
        sentence.text,
        sentence.doc_index,
        sentence.start,
        sentence.end,
        kind=sentence.kind,
        path=sentence.path,
        markup=sentence.markup,
        score=score,
        lexical=lexical,
    )


@dataclass(frozen=True, slots=True)
class ScoringTask:
    """The sentences of one call that a scorer compares with a query.

    Attributes:
        query: The query that the scores refer to.
        documents: The documents of the sentences, for scorers that read more than the sentence,
            such as its title or the text around it.
        sentences: The sentences to score, one score each.
        parts: The spans of large documents, by their position, in which their sentences lie. A
            scorer that reads more than the sentence reads no more of such a document than these.
    """

    query: str
    documents: tuple[Document, ...]
    sentences: tuple[Sentence, ...]
    parts: Mapping[int, Sequence[Span]] = field(default_factory=dict, hash=False)


class Outcome(str, Enum):
    """What happened to the documents of a call."""

    COMPRESSED = "compressed"
    """Something was kept and something was dropped."""
    NOTHING_GIVEN = "nothing_given"
    """There were no documents, or only blank ones; the text is empty."""
    NOTHING_RELEVANT = "nothing_relevant"
    """The selector kept no sentence (selective augmentation); the text is empty."""
    UNCHANGED = "unchanged"
    """Every sentence was kept: compressing would not have made the documents shorter."""
    REFUSED = "refused"
    """A gate refused the summary; the text is empty and `reason` says why."""
    FELL_BACK = "fell_back"
    """A gate refused the summary and sentences took its place; `reason` says why."""
    FAILED = "failed"
    """The compressor raised an error and an adapter passed the original documents through."""
    TIMED_OUT = "timed_out"
    """`timeout_s` passed before all documents were scored. The text holds the best sentences of the
    documents scored by then, or the whole documents if there were none; `reason` says how far the
    call got."""

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class SummarySentence:
    """A sentence of a summary with the document sentences that support it.

    Attributes:
        text: The sentence itself: `compression.text[start:end]`.
        start: The offset of its first character in the summary, in code points.
        end: The offset after its last character in the summary, in code points.
        sources: The document sentences that support it best, best first. The scale of their scores
            is that of the scorer that compared them.
        unsupported: The numbers, dates and names in it that no document contains.
        supported: Whether the documents support it; True if no gate checked it.
    """

    text: str
    start: int
    end: int
    sources: tuple[ScoredSentence, ...]
    unsupported: tuple[str, ...] = ()
    supported: bool = True


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The part of a compression that comes from one document.

    Attributes:
        doc_index: The position of the document among the documents of the call.
        document: The document itself.
        text: The kept sentences of the document, joined.
        kept: The kept sentences of the document, in order.
        score: The best score among `kept`.
    """

    doc_index: int
    document: Document
    text: str
    kept: tuple[ScoredSentence, ...]
    score: float


@dataclass(frozen=True, slots=True, repr=False)
class Compression:
    """The result of compressing `documents` for `query`.

    Attributes:
        query: The query; of several, all of them, one a line.
        documents: All documents of the call, in order.
        text: The text to prepend to the query; "" means prepend nothing. It is never longer than
            `original_text`.
        kept: The kept sentences, in document order. For a summary: the sentences that the
            summarizer read, if an extractive compressor chose them for it; else empty.
        dropped: The other sentences, in document order; `kept` and `dropped` together are all
            sentences.
        sources: The positions in `documents` of those that `text` was made from, ascending; those
            that hold a kept sentence again are among them. For a summary: the documents that the
            summarizer read.
        outcome: What happened; see `Outcome`.
        layout: The strings that join the kept sentences.
        truncated: Whether something was cut to fit a model's input: the last document that a
            summarizer read, or a query, title or sentence that an encoder read. `reason` says what.
        support: Every sentence of a summary with the document sentences that support it.
        reason: A gate's reason, how far a call got before its timeout, what was cut, or what did
            not fit into a budget; "" otherwise.
        handle: What `read_dropped` takes to return what this call dropped; "" if nothing was
            dropped, or if the compressor does not keep that (see `extractive.recovery`). Who has it
            can read that text.
        queries: The queries of a call with several; empty for one. `ScoredSentence.queries` says
            which of them a sentence was kept for.
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
    handle: str = ""
    queries: tuple[str, ...] = ()

    @property
    def original_text(self) -> str:
        """The uncompressed documents, joined."""
        return self.layout.join(document.text for document in self.documents)

    @property
    def flagged(self) -> tuple[ScoredSentence, ...]:
        """The sentences, kept or dropped, that look like orders to the model that reads them."""
        return tuple(sentence for sentence in (*self.kept, *self.dropped) if sentence.flags)

    @property
    def is_excerpt(self) -> bool:
        """Whether `text` consists of the kept sentences; False if a summarizer wrote it."""
        return assemble(self.documents, self.kept, self.layout) == self.text

    def rate(self, count_tokens: Callable[[str], int] = len) -> float:
        """Compute the compression rate, tokens of `text` ÷ tokens of the documents.

        Args:
            count_tokens: Counts the tokens of a text as the reader model does. The default counts
                characters.

        Returns:
            A share: 0.06 keeps 6 % (paper, section 2). 0.0 if there was nothing to compress.
        """
        before = count_tokens(self.original_text)
        return count_tokens(self.text) / before if before else 0.0

    def by_document(self) -> tuple[Excerpt, ...]:
        """Split the compression by source document.

        Returns:
            One excerpt per document with a kept sentence, in document order. For an extractive
            compression `layout.join` of their texts is `text`.
        """
        grouped = group_by_document(self.kept)
        layout = shown_layout(self.documents, self.kept, self.layout)
        return tuple(
            Excerpt(
                doc_index=index,
                document=self.documents[index],
                text=excerpt_of(self.documents, index, sentences, layout),
                kept=tuple(sentences),
                score=max(sentence.score for sentence in sentences),
            )
            for index, sentences in grouped.items()
        )

    def to_dict(self) -> dict[str, Any]:
        """Convert the compression to JSON values that every strict parser reads.

        Returns:
            A dictionary from which `Compression.from_dict` builds an equal compression. Metadata
            values that JSON does not know, such as dates and arrays, become strings, and so does
            what lies more than a hundred levels deep. A lone surrogate becomes U+FFFD, so that
            offsets stay true, NaN or an infinity becomes null, and an integer of more than 640
            digits a hexadecimal text; what they were stands under the key "beyond_json", which is
            there only then.
        """
        values: dict[str, Any] = {
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
                    "metadata": json_ready(document.metadata),
                }
                for document in self.documents
            ],
            "layout": {
                "separator": self.layout.separator,
                "elision": self.layout.elision,
                "document_separator": self.layout.document_separator,
                "titles": self.layout.titles,
            },
        }
        if self.handle:
            values["handle"] = self.handle
        if self.queries:
            values["queries"] = list(self.queries)
        return strict(values)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Compression:
        """Build a compression from the result of `to_dict`.

        Args:
            data: The dictionary that `to_dict` returned.

        Returns:
            An equal compression.

        Raises:
            ValueError: The dictionary is not one that `to_dict` returned: a key is missing, a value
                has the wrong type, the outcome is unknown, or a sentence does not lie at its
                offsets.
        """
        try:
            return _compression_from_dict(data)
        except _WRONG_DATA as error:
            raise ValueError(
                f"this is no compression that to_dict() wrote: {type(error).__name__}: {error}"
            ) from error

    def __repr__(self) -> str:
        # The documents are long: in a prompt or a log a person wants to see the result.
        sentences = len(self.kept) + len(self.dropped)
        kept = f"kept {len(self.kept)} of {sentences} sentences, " if sentences else ""
        return f"Compression({self.outcome}, {kept}text={self.text!r})"

    def _repr_html_(self) -> str:
        return notebook_html(self)


def excerpt_of(
    documents: Sequence[Document], doc_index: int, kept: Sequence[Sentence], layout: Layout
) -> str:
    """Join the kept sentences of one document.

    Args:
        documents: All documents of the call.
        doc_index: The position of the document.
        kept: Its kept sentences, ascending.
        layout: The strings that join them, see `shown_layout`.

    Returns:
        The excerpt; "" without sentences.
    """
    spans = [(sentence.start, sentence.end) for sentence in kept]
    document = documents[doc_index]
    return layout.excerpt(document.text, spans, _pieces(kept), document.title)


def excerpt_starts(
    documents: Sequence[Document], doc_index: int, kept: Sequence[Sentence], layout: Layout
) -> list[int]:
    """Find sentences in the excerpt that `excerpt_of` builds of them.

    Args:
        documents: All documents of the call.
        doc_index: The position of the document.
        kept: Its kept sentences, ascending; at least one.
        layout: The strings that join them, see `shown_layout`.

    Returns:
        For each sentence the offset of its first character in the excerpt, in code points.
    """
    spans = [(sentence.start, sentence.end) for sentence in kept]
    document = documents[doc_index]
    return layout.starts(document.text, spans, _pieces(kept), document.title)


def _pieces(kept: Sequence[Sentence]) -> list[str] | None:
    """What the excerpt writes for each sentence; None where that is the text itself."""
    if any(sentence.markup for sentence in kept):
        return [sentence.visible for sentence in kept]
    return None


def assemble(documents: Sequence[Document], kept: Iterable[Sentence], layout: Layout) -> str:
    """Join the kept sentences of all documents.

    Args:
        documents: All documents of the call.
        kept: The kept sentences, in document order.
        layout: The strings that join them.

    Returns:
        The text to prepend.
    """
    kept = tuple(kept)
    return _joined(documents, kept, shown_layout(documents, kept, layout))


def shown_layout(documents: Sequence[Document], kept: Sequence[Sentence], layout: Layout) -> Layout:
    """Return the layout that `assemble` uses: with titles only where they serve an end.

    Args:
        documents: All documents of the call.
        kept: The kept sentences, in document order.
        layout: The strings that join them.

    Returns:
        The layout with the words that the titles have in common; or the same without titles, where
        no two documents have different ones, or where the text would not be shorter than all
        documents.
    """
    if not layout.titles:
        return layout
    if titles_differ(documents):
        titled = replace(layout, common=titles_in_common(documents))
        if _is_shorter(_joined(documents, kept, titled), documents, layout):
            return titled
    return replace(layout, titles=False)


def titles_differ(documents: Iterable[Document]) -> bool:
    """Tell whether titles tell documents apart.

    Args:
        documents: All documents of a call.

    Returns:
        Whether two of them have different titles; no title is none.
    """
    titles = (document.title for document in documents if document.title)
    first = next(titles, None)
    return any(title != first for title in titles)


def titles_in_common(documents: Iterable[Document]) -> frozenset[str]:
    """Find the words that tell no document's title from another's.

    Args:
        documents: All documents of a call.

    Returns:
        The words, see `Layout.common`.
    """
    return common_words(document.title for document in documents if document.title)


def _joined(documents: Sequence[Document], kept: Iterable[Sentence], layout: Layout) -> str:
    return layout.join(
        excerpt_of(documents, index, sentences, layout)
        for index, sentences in group_by_document(kept).items()
    )


def _is_shorter(text: str, documents: Sequence[Document], layout: Layout) -> bool:
    # The documents are many, and the first of them mostly tell.
    length = -len(layout.document_separator)
    for document in documents:
        if not is_blank(document.text):
            length += len(layout.document_separator) + len(document.text)
            if length > len(text):
                return True
    return False


def as_documents(documents: object, where: str = "documents") -> tuple[Document, ...]:
    """Convert strings and `Document`s to `Document`s.

    Args:
        documents: An iterable of strings and `Document`s.
        where: The argument's name, for the error.

    Returns:
        One `Document` per item, in order.

    Raises:
        TypeError: The argument or one of its items has another type; the message names the position
            and the value.
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
    """Check that a query is a string with visible characters.

    Args:
        query: The query to check.
        where: The argument's name, for the error.

    Returns:
        The query itself.

    Raises:
        TypeError: The query is not a string.
        ValueError: The query is blank.
    """
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
    written: dict[str, Any] = {
        "doc_index": sentence.doc_index,
        "start": sentence.start,
        "end": sentence.end,
        "score": sentence.score,
        "text": sentence.text,
    }
    if sentence.kind != "sentence":
        written["kind"] = sentence.kind
    if sentence.path:
        written["path"] = [list(span) for span in sentence.path]
    if sentence.markup:
        written["markup"] = True
    if sentence.lexical:
        written["lexical"] = sentence.lexical
    if sentence.queries:
        written["queries"] = list(sentence.queries)
    if sentence.flags:
        written["flags"] = list(sentence.flags)
    return written


# What wrong data raises where it is read.
_WRONG_DATA = (
    ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError,
)  # fmt: skip
_KINDS = get_args(Kind)

T = TypeVar("T")


def _compression_from_dict(data: Mapping[str, Any]) -> Compression:
    if EXCEPTIONS in data:
        data = restored(json_ready(data))
    documents = tuple(Document(**document) for document in data["documents"])
    sources = tuple(_whole(source, len(documents) - 1) for source in data["sources"])
    return Compression(
        query=_typed(data["query"], str),
        documents=documents,
        text=_typed(data["text"], str),
        kept=tuple(_sentence_from_dict(s, documents) for s in data["kept"]),
        dropped=tuple(_sentence_from_dict(s, documents) for s in data["dropped"]),
        sources=sources,
        outcome=Outcome(data["outcome"]),
        layout=Layout(**data["layout"]),
        truncated=_typed(data["truncated"], bool),
        reason=_typed(data["reason"], str),
        handle=_typed(data.get("handle", ""), str),
        queries=tuple(_typed(query, str) for query in data.get("queries", ())),
        support=tuple(
            SummarySentence(
                text=_typed(sentence["text"], str),
                start=_whole(sentence["start"]),
                end=_whole(sentence["end"]),
                sources=tuple(_sentence_from_dict(s, documents) for s in sentence["sources"]),
                unsupported=tuple(_typed(fact, str) for fact in sentence["unsupported"]),
                supported=_typed(sentence["supported"], bool),
            )
            for sentence in data["support"]
        ),
    )


def _sentence_from_dict(data: Mapping[str, Any], documents: Sequence[Document]) -> ScoredSentence:
    doc_index = _whole(data["doc_index"], len(documents) - 1)
    text = documents[doc_index].text
    path = tuple((_whole(a, len(text)), _whole(b, len(text))) for a, b in data.get("path", ()))
    queries = tuple(_whole(number) for number in data.get("queries", ()))
    flags = tuple(_typed(flag, str) for flag in data.get("flags", ()))
    read = {**data, "path": path, "queries": queries, "flags": flags}
    sentence = ScoredSentence(**read)
    found = text[_whole(sentence.start, len(text)) : _whole(sentence.end, len(text))]
    if found != sentence.text:
        raise ValueError(
            f"offsets {sentence.start}:{sentence.end} of document {sentence.doc_index} hold "
            f"{found!r}, not {sentence.text!r}: the data was changed after it was written"
        )
    for number in (sentence.score, sentence.lexical):
        if isinstance(number, bool) or not isinstance(number, (int, float)):
            raise TypeError(f"a score must be a number, got {_described(number)}")
    if sentence.kind not in _KINDS:
        raise ValueError(f"there is no kind {sentence.kind!r}: {', '.join(_KINDS)}")
    _typed(sentence.markup, bool)
    return sentence


def _typed(value: Any, kind: type[T]) -> T:
    if not isinstance(value, kind):
        raise TypeError(f"a value must be of type {kind.__name__}, got {_described(value)}")
    return value


def _whole(value: Any, most: float = float("inf")) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise ValueError(f"an offset or position must be from 0 to {most}, got {_described(value)}")
    return value


Queries = tuple[str, ...]
"""Several queries about the same documents."""

MOST_QUERIES = 64
"""The most queries about the same documents."""


def check_queries(queries: object, where: str = "query") -> str | Queries:
    """Check a query, or several about the same documents.

    Args:
        queries: A string, or a list of strings.
        where: The argument's name, for the error.

    Returns:
        The query itself, or the queries as a tuple.

    Raises:
        TypeError: It is neither, or one of the list is no string.
        ValueError: One of them is blank, or the list is empty or too long.
    """
    if isinstance(queries, str) or not isinstance(queries, (list, tuple)):
        return check_query(queries, where)
    if not queries:
        raise ValueError(f"{where} is an empty list: give a question, or a list of them")
    if len(queries) > MOST_QUERIES:
        raise ValueError(
            f"{where} has {len(queries)} queries: give at most {MOST_QUERIES}, such as the last "
            "turns of a conversation"
        )
    return tuple(check_query(one, f"{where}[{n}]") for n, one in enumerate(queries))


def check_batch(
    queries: Sequence[str], documents_lists: Sequence[Iterable[str | Document]]
) -> list[tuple[str, tuple[Document, ...]]]:
    """Check the arguments of `compress_batch` and pair each query with its documents.

    Args:
        queries: The queries.
        documents_lists: One list of documents per query.

    Returns:
        Pairs of a query and its documents, in order.

    Raises:
        TypeError: An argument or one of its items has the wrong type.
        ValueError: A query is blank, or the numbers of queries and document lists differ.
    """
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


def check_batch_of_several(
    queries: Sequence[str | Sequence[str]], documents_lists: Sequence[Iterable[str | Document]]
) -> list[tuple[str | Queries, tuple[Document, ...]]]:
    """Check as `check_batch` does, where each query may be several about the same documents.

    Args:
        queries: The queries; each is a string, or a list of strings.
        documents_lists: One list of documents per query.

    Returns:
        Pairs of a query, or of several as a tuple, and its documents, in order.

    Raises:
        TypeError: As `check_batch`.
        ValueError: As `check_batch`, or a list of queries is empty or too long.
    """
    if isinstance(queries, str):
        raise TypeError(f"queries must be a list of strings, got the string {queries!r}")
    queries = list(queries)
    alone = len(queries) == 1
    checked = [
        check_queries(query, "query" if alone else f"queries[{number}]")
        for number, query in enumerate(queries)
    ]
    firsts = [query if isinstance(query, str) else query[0] for query in checked]
    pairs = check_batch(firsts, documents_lists)
    return [(query, documents) for query, (_, documents) in zip(checked, pairs, strict=True)]
