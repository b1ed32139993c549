"""Which sentences of a large input a scorer reads: those beside the most words of the query.

A model's time grows with what it reads. So that the cost of a call is bounded whatever comes in,
words choose first where a call has very many sentences: documents, and parts of long ones, are
ranked by the words that they have in common with the query, and the best of them are read until
their number is reached. The scores are those of `lexical`, which knows languages without spaces,
endings, names and numbers.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, groupby
from typing import NamedTuple

from .._utils.checks import check_whole
from ..protocols import SentenceScorer
from ..text.units import Span
from ..types import Document, ScoringTask, Sentence
from .lexical import lexical_scores
from .scoring import CrossEncoderScorer, DualEncoderScorer

DEFAULT_PREFILTER = 2_000
"""The default. Calls about some four hundred passages are read whole."""

# Of more sentences so large a share of the limit is read. Words rank well enough: of 60 questions
# of Natural Questions among 500 passages, 250 sentences held all answers that were found in all.
_READ_SHARE = 1 / 4

# A document of more characters is chosen from in parts of about so many: what an encoder reads at
# one time. Retrieved passages stay whole, so that a store knows them.
_PART = 1_000
_WHOLE = 2_000
# Documents of which nothing has a word in common with the query, such as those in another language,
# get this share of what is read.
_WORDLESS_SHARE = 1 / 4


class Prefilter:
    """Chooses what a scorer reads where a call has many sentences.

    Args:
        scorer: The scorer.
        most: From more sentences for one query than these, words choose a quarter of this number;
            0 for no limit. None for the default: `DEFAULT_PREFILTER` for models, no limit for
            functions and scorers that count words.

    Attributes:
        most: See above.
        n_read: How many sentences are read where words choose.

    Raises:
        ValueError: `most` is no such number.
    """

    def __init__(self, scorer: SentenceScorer, most: int | None = None) -> None:
        if most is None:
            models = DualEncoderScorer, CrossEncoderScorer
            most = DEFAULT_PREFILTER if isinstance(scorer, models) else 0
        self.most: int = check_whole("prefilter", most, at_least=0)
        self.n_read = max(1, int(self.most * _READ_SHARE))

    def chooses(self, characters: int) -> bool:
        """Tell whether documents may have more sentences than are read.

        Args:
            characters: The length of all documents together.

        Returns:
            Whether it may choose; a sentence has at least one character.
        """
        return 0 < self.most < characters

    def task(
        self, query: str, documents: tuple[Document, ...], sentences: tuple[Sentence, ...]
    ) -> ScoringTask:
        """Make the task of a query.

        Args:
            query: The query.
            documents: The documents.
            sentences: The sentences that could be scored, those of a document ascending.

        Returns:
            The task with all sentences, or with those that are chosen.
        """
        if not self.most or len(sentences) <= self.most:
            return ScoringTask(query, documents, sentences)
        parts = list(_parts(documents, sentences))
        scores = lexical_scores(query, [_text(documents, part.sentences) for part in parts])
        ranked = _ranked(parts, scores.tolist(), int(self.n_read * _WORDLESS_SHARE))
        read: list[Sentence] = []
        spans: dict[int, list[Span]] = {}
        for part in sorted(_first(ranked, self.n_read)):
            read += part.sentences
            if not part.is_whole:
                span = part.sentences[0].start, part.sentences[-1].end
                spans.setdefault(part.doc_index, []).append(span)
        return ScoringTask(query, documents, tuple(read), spans)


class _Part(NamedTuple):
    """A document, or a part of a long one.

    Attributes:
        doc_index: The position of the document.
        number: Which part of the document it is.
        sentences: Its sentences, which follow one another.
        is_whole: Whether it is the whole document.
    """

    doc_index: int
    number: int
    sentences: Sequence[Sentence]
    is_whole: bool


def _parts(documents: Sequence[Document], sentences: Sequence[Sentence]) -> Iterator[_Part]:
    for doc_index, its in groupby(sentences, key=lambda sentence: sentence.doc_index):
        if len(documents[doc_index].text) <= _WHOLE:
            yield _Part(doc_index, 0, list(its), True)
            continue
        number = 0
        part: list[Sentence] = []
        for sentence in its:
            if part and sentence.end - part[0].start > _PART:
                yield _Part(doc_index, number, part, False)
                part, number = [], number + 1
            part.append(sentence)
        yield _Part(doc_index, number, part, False)


def _text(documents: Sequence[Document], sentences: Sequence[Sentence]) -> str:
    """What is said in a part, with what it stands under."""
    document = documents[sentences[0].doc_index]
    headings = dict.fromkeys(sentence.heading(document) for sentence in sentences)
    return "\n".join([document.title or "", *headings, *(s.visible for s in sentences)])


def _ranked(parts: Sequence[_Part], scores: Sequence[float], wordless: int) -> list[_Part]:
    """The parts in the order in which they are read.

    wordless: As many sentences are read first of documents of which no part has a score.
    """
    # Of equal scores, the first parts of all documents come before the second ones.
    order = sorted(range(len(parts)), key=lambda n: (-scores[n], parts[n].number, n))
    worded = {part.doc_index for part, score in zip(parts, scores, strict=True) if score}
    others = [parts[n] for n in order if parts[n].doc_index not in worded]
    ends = list(accumulate(len(part.sentences) for part in others))
    n_first = bisect_right(ends, wordless)
    ranked = [parts[n] for n in order if parts[n].doc_index in worded]
    return [*others[:n_first], *ranked, *others[n_first:]]


def _first(parts: Iterable[_Part], room: int) -> Iterator[_Part]:
    """The first parts that have so many sentences together; the last of them is cut to fit."""
    for part in parts:
        if not room:
            return
        if len(part.sentences) > room:
            part = part._replace(sentences=part.sentences[:room], is_whole=False)
        room -= len(part.sentences)
        yield part


def check_prefilter(prefilter: object) -> int | None:
    """Check a `prefilter`.

    Args:
        prefilter: The most sentences that a scorer reads whole; 0 for no limit, None for the
            default.

    Returns:
        The value itself.

    Raises:
        ValueError: It is neither None nor a whole number of at least 0.
    """
    return None if prefilter is None else check_whole("prefilter", prefilter, at_least=0)
