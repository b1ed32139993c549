"""What a model reads for the sentences of documents, in each context.

A query, an index and a model without vectors all take their inputs from here, so that they can't
differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple, cast

import numpy as np

from ...protocols import Encoder, SpanEncoder, Windowed
from ...text.markup import label_text
from ...text.units import Span
from ...types import Context, Document, Sentence

Spans = tuple[Span, ...]

PATH_WEIGHT = 0.6
"""How much of its path's vector is added to a sentence's own, with the context "document".

On 233 questions about documents with headings, tables and lists, the mean reciprocal rank of the
best sentence that answers is 0.07 lower if the sentences under one path are encoded together than
if each is encoded alone after its path, for half as many tokens again. The path's vector adds 0.01;
from 0.3 to 1 its weight changes nothing.
"""

# The part of the window that a title may fill, and a path.
_SHARE_OF_HEAD = 4
# Bounds that keep the time linear for any document: those of one label, and of a path.
_LABEL_CHARACTERS = 1_000
_LABELS = 12
# This bounds the memory of a call, and does not change its speed.
_SENTENCES_AT_ONCE = 4_096
_CHARACTERS_AT_ONCE = 1_000_000


class Passage(NamedTuple):
    """Neighbouring sentences of one document that stand under the same path.

    Attributes:
        title: The document's title as the encoder reads it; "" where it does not.
        path: What the sentences stand under, on one line; "" for nothing.
        text: The text that the sentences are part of.
        spans: Their starts and ends, in characters of that text.
    """

    title: str
    path: str
    text: str
    spans: Spans

    @property
    def head(self) -> str:
        """The lines before the text."""
        return _head(self.title, self.path)

    @property
    def size(self) -> int:
        """About how many characters are read."""
        return len(self.text) + len(self.spans) * (len(self.title) + len(self.path))

    def strings(self) -> list[str]:
        """Each sentence alone, after its head."""
        head, text = self.head, self.text
        return [head + text[start:end] for start, end in self.spans]


class Inputs:
    """Makes what a model reads. One serves for one call, and remembers the heads that it made.

    Args:
        context: "sentence": the path and the sentence. "title": the document's title before them.
            "document": the same, and sentences without a path are read within their document.
        model: What reads it. If it is a `protocols.Windowed`, a title takes at most a quarter of
            its window, and so does a path.
    """

    def __init__(self, context: Context, model: object = None) -> None:
        self.context = context
        self._model = model if isinstance(model, Windowed) else None
        self._window = None if self._model is None else self._model.max_tokens
        self._titles: dict[str, str] = {}
        self._lines: dict[tuple[str, ...], str] = {}
        self._cut_titles: set[str] = set()
        self._cut_paths: set[Document] = set()

    def passages(
        self, documents: Sequence[Document], sentences: Sequence[Sentence]
    ) -> Iterator[tuple[Passage, list[int]]]:
        """Put the neighbouring sentences under each path together.

        Args:
            documents: The documents of the call.
            sentences: Some of their sentences, those of a document ascending.

        Yields:
            The passages, each with the positions of its sentences.
        """
        members: dict[int, list[int]] = {}
        for position, sentence in enumerate(sentences):
            members.setdefault(sentence.doc_index, []).append(position)
        for doc_index, positions in members.items():
            document = documents[doc_index]
            title, labels = self.title(document), _Labels(document)
            groups = list(self._groups(sentences, positions))
            alone = len(groups) == 1
            for group in groups:
                path = self._path(labels, sentences[group[0]].path)
                some = [sentences[position] for position in group]
                text, spans = _body(document, some, whole=alone and not path)
                yield Passage(title, path, text, spans), group

    def heads(self, documents: Sequence[Document], sentences: Sequence[Sentence]) -> list[str]:
        """Make the lines before each sentence.

        Args:
            documents: The documents of the call.
            sentences: Some of their sentences.

        Returns:
            For each sentence "", or lines that end with a line break.
        """
        labels = [_Labels(document) for document in documents]
        return [
            _head(self.title(documents[s.doc_index]), self._path(labels[s.doc_index], s.path))
            for s in sentences
        ]

    def title(self, document: Document) -> str:
        """Make the title that the model reads.

        Args:
            document: The document.

        Returns:
            Its title, shortened if it is long; "" where the model reads none.
        """
        title = document.title or ""
        if self.context == "sentence" or not title:
            return ""
        if title not in self._titles:
            self._titles[title] = self._fitted([title])
            if len(self._titles[title]) < len(title):
                self._cut_titles.add(title)
        return self._titles[title]

    def cuts(self, documents: Sequence[Document], sentences: Sequence[Sentence]) -> list[str]:
        """Tell what of these titles and paths the model does not read.

        Args:
            documents: The documents of the call.
            sentences: Some of their sentences, whose passages or heads were made.

        Returns:
            A note for each cut, for a person.
        """
        if not self._cut_titles and not self._cut_paths:
            return []
        notes = []
        for index in sorted({sentence.doc_index for sentence in sentences}):
            if self.context != "sentence" and documents[index].title in self._cut_titles:
                notes.append(f"only the beginning of the title of document {index} was read")
            if documents[index] in self._cut_paths:
                notes.append(f"only the beginnings of some headings of document {index} were read")
        return notes

    def _groups(
        self, sentences: Sequence[Sentence], positions: Sequence[int]
    ) -> Iterator[list[int]]:
        """Neighbours under the same path; those that are read one by one in parts of some size."""
        group: list[int] = []
        for position in positions:
            path = sentences[position].path
            alone = path or self.context != "document"
            if group and (
                path != sentences[group[0]].path or (alone and len(group) >= _SENTENCES_AT_ONCE)
            ):
                yield group
                group = []
            group.append(position)
        if group:
            yield group

    def _path(self, labels: _Labels, path: Sequence[Span]) -> str:
        if not path:
            return ""
        found, complete = labels.of(path)
        title = labels.document.title
        if self.context != "sentence" and found and title and _same(found[0], title):
            found = found[1:]
        if found not in self._lines:
            self._lines[found] = self._fitted(found)
        if not complete or len(self._lines[found]) < len(_line(found)):
            self._cut_paths.add(labels.document)
        return self._lines[found]

    def _fitted(self, labels: Sequence[str]) -> str:
        """Labels on one line. If they take too many tokens, the longest are shortened."""
        line = _line(labels)
        if self._model is None or self._window is None:
            return line
        room = max(1, self._window // _SHARE_OF_HEAD)
        longest = max(map(len, labels), default=0)
        while len(self._model.token_windows(line, room)) > 1 and longest > 1:
            longest = longest * 2 // 3
            line = _line([_shortened(label, longest) for label in labels])
        return line


class _Labels:
    """The texts of what a document's sentences stand under, each made once."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._known: dict[Span, str] = {}

    def of(self, path: Sequence[Span]) -> tuple[tuple[str, ...], bool]:
        """The labels of a path, and whether they are whole and all of them."""
        spans = path[-_LABELS:]
        labels = tuple(label for label in map(self._label, spans) if label)
        whole = len(spans) == len(path) and all(b - a <= _LABEL_CHARACTERS for a, b in spans)
        return labels, whole

    def _label(self, span: Span) -> str:
        if span not in self._known:
            start, end = span
            text = self.document.text[start : min(end, start + _LABEL_CHARACTERS)]
            self._known[span] = label_text(text)
        return self._known[span]


def _line(labels: Sequence[str]) -> str:
    return " › ".join(labels)


def _head(title: str, path: str) -> str:
    return (f"{title}\n" if title else "") + (f"{path}\n" if path else "")


def _same(label: str, title: str) -> bool:
    return label.casefold() == title.strip().casefold()


def _shortened(text: str, most: int) -> str:
    """The beginning of a text, to the end of a word if there is one in its second half."""
    if len(text) <= most:
        return text
    beginning = text[:most]
    words, _, _ = beginning.rpartition(" ")
    return words if len(words) > most // 2 else beginning


def _body(document: Document, sentences: Sequence[Sentence], *, whole: bool) -> tuple[str, Spans]:
    """The text around sentences, and their spans in it."""
    if any(sentence.markup for sentence in sentences):
        texts = [sentence.visible for sentence in sentences]
        spans, at = [], 0
        for text in texts:
            spans.append((at, at + len(text)))
            at += len(text) + 1
        return "\n".join(texts), tuple(spans)
    if whole:
        return document.text, tuple([(sentence.start, sentence.end) for sentence in sentences])
    first = min(sentence.start for sentence in sentences)
    last = max(sentence.end for sentence in sentences)
    return document.text[first:last], tuple([(s.start - first, s.end - first) for s in sentences])


def encode_passages(
    encoder: Encoder, context: Context, passages: Sequence[Passage]
) -> list[np.ndarray]:
    """Encode the sentences of passages.

    Args:
        encoder: The encoder; a `protocols.SpanEncoder` for the context "document".
        context: See `Inputs`.
        passages: The passages, from an `Inputs` with the same context.

    Returns:
        For each passage a float array (n_sentences, dim).
    """
    if context == "document":
        return _encode_spans(cast("SpanEncoder", encoder), passages)
    rows: dict[str, int] = {}
    places = [
        [rows.setdefault(text, len(rows)) for text in passage.strings()] for passage in passages
    ]
    vectors = np.asarray(encoder.encode_sentences(list(rows)), dtype=np.float32)
    return [vectors[place] for place in places]


def _encode_spans(encoder: SpanEncoder, passages: Sequence[Passage]) -> list[np.ndarray]:
    """Sentences within their document; those under a path one by one, with the path's vector."""
    texts: list[str] = []
    spans: list[Spans] = []
    for passage in passages:
        shift = len(passage.head)
        if passage.path:
            strings = passage.strings()
            path = (shift - 1 - len(passage.path), shift - 1)
            texts += strings
            spans += [(path, (shift, len(string))) for string in strings]
        else:
            texts.append(passage.head + passage.text)
            spans.append(tuple([(shift + start, shift + end) for start, end in passage.spans]))
    encoded = iter(encoder.encode_spans(texts, spans))
    return [
        np.stack([own + PATH_WEIGHT * path for path, own in islice(encoded, len(passage.spans))])
        if passage.path
        else np.asarray(next(encoded))
        for passage in passages
    ]


def passage_chunks(passages: Iterable[Passage]) -> Iterator[list[Passage]]:
    """Cut passages into lists that can be held as vectors at one time.

    Args:
        passages: The passages.

    Yields:
        Passages that follow each other, with few enough sentences and characters together. A larger
        passage is alone.
    """
    chunk: list[Passage] = []
    sentences = characters = 0
    for passage in passages:
        sentences += len(passage.spans)
        characters += passage.size
        if chunk and (sentences > _SENTENCES_AT_ONCE or characters > _CHARACTERS_AT_ONCE):
            yield chunk
            chunk, sentences, characters = [], len(passage.spans), passage.size
        chunk.append(passage)
    if chunk:
        yield chunk
