"""Makes a reader's training examples: contexts of a question, with or without its answer.

The contexts are of the kinds that a reader gets: a sentence (in labelling), sentences of several
documents (after compression), passages and whole lists of documents (without compression).
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from recomp_core import Document
from recomp_core.text.answers import contains_answer
from recomp_core.text.joining import Layout
from recomp_core.text.splitting import SentenceSplitter
from recomp_core.types import Sentence, assemble

Contexts = Literal["sentence", "documents", "mixed"]

# How many contexts of each sort are drawn per question and epoch, on average. Long contexts take
# most of the time, so fewer of them are drawn.
SHARES: dict[Contexts, dict[str, float]] = {
    "sentence": {"sentence": 1.0, "other sentence": 1.0, "passage": 0.33},
    "documents": {"sentence": 0.25, "passage": 0.5, "documents": 1.0},
    "mixed": {"sentence": 1.0, "other sentence": 0.5, "excerpt": 0.5, "passage": 0.15,
              "documents": 0.33},
}  # fmt: skip

DOCUMENTS = 5
_MISSING = 0.25  # the share of excerpts and document lists without the gold sentences
_NEAR = 8  # sentences without the answer that share the most words with the question


@dataclass(frozen=True)
class Example:
    """A context with the span of its answer in characters; (0, 0) if it has none."""

    question: str
    context: str
    start: int = 0
    end: int = 0


class Source:
    """A question of the data sets with the parts of its contexts.

    Attributes:
        gold: The sentences that people marked, or those of gold passages that hold the answer.
        holding: Those of `gold` that hold the answer. The reader learns answers from these only: in
            other passages the same words may mean something else.
        near: Sentences without the answer that share the most words with the question.
    """

    def __init__(self, row: dict) -> None:
        self.question: str = row["question"]
        self.answers: list[str] = [a for a in row["answers"] if a.lower() not in ("yes", "no")]
        self.documents: Sequence[Document] = row["documents"]
        splitter = SentenceSplitter()
        sentences = [
            Sentence(document.text[start:end], n, start, end)
            for n, document in enumerate(self.documents)
            for start, end in splitter.split(document.text)
        ]
        marked = [s for s in sentences if _is_marked(s.text, self.documents[s.doc_index])]
        holding = [
            sentence
            for sentence in sentences
            if self.documents[sentence.doc_index].metadata.get("is_gold")
            and find_answer(sentence.text, self.answers)
        ]
        self.holding = [s for s in holding if s in marked] or holding
        self.gold = list(dict.fromkeys([*marked, *self.holding]))
        wanted = set(self.question.lower().split())
        nearest = sorted(sentences, key=lambda s: -len(wanted & set(s.text.lower().split())))
        others = (s for s in nearest if not contains_answer(s.text, self.answers))
        self.near = list(islice(others, _NEAR))
        self._draws = {
            "sentence": self.sentence,
            "other sentence": self.other_sentence,
            "excerpt": self.excerpt,
            "passage": self.passage,
            "documents": self.list_of_documents,
        }

    def draw(self, contexts: Contexts, rng: random.Random) -> Iterator[Example]:
        """Yields examples of each sort, in the shares of `SHARES`."""
        for sort, share in SHARES[contexts].items():
            if rng.random() < share and (example := self._draws[sort](rng)):
                yield example

    def sentence(self, rng: random.Random) -> Example | None:
        return self._example([rng.choice(self.holding)]) if self.holding else None

    def other_sentence(self, rng: random.Random) -> Example | None:
        return self._example([rng.choice(self.near)]) if self.near else None

    def excerpt(self, rng: random.Random) -> Example | None:
        """One to five sentences as a compressor would keep them, often with the gold sentences."""
        kept = set(rng.sample(self.near, min(len(self.near), rng.randint(1, 5))))
        if rng.random() >= _MISSING:
            kept |= set(self.gold)
        return self._example(sorted(kept, key=lambda s: (s.doc_index, s.start)))

    def passage(self, rng: random.Random) -> Example | None:
        return self._of([rng.choice(self.holding).doc_index]) if self.holding else None

    def list_of_documents(self, rng: random.Random) -> Example | None:
        """The gold passages and others, five in all, in any order."""
        found = [] if rng.random() < _MISSING else sorted({s.doc_index for s in self.gold})
        rest = [n for n, d in enumerate(self.documents) if not d.metadata.get("is_gold")]
        chosen = [*found, *rest[: max(0, DOCUMENTS - len(found))]]
        rng.shuffle(chosen)
        return self._of(chosen)

    def _of(self, indices: Sequence[int]) -> Example | None:
        return self.located(Layout().join(self.documents[n].text for n in indices))

    def _example(self, kept: Sequence[Sentence]) -> Example | None:
        return self.located(assemble(self.documents, kept, Layout()))

    def located(self, context: str) -> Example | None:
        """The context with its answer; None if it is uncertain whether it holds one."""
        for sentence in self.holding:
            at = context.find(sentence.text)
            if at >= 0 and (span := find_answer(sentence.text, self.answers)):
                return Example(self.question, context, at + span[0], at + span[1])
        if not context.strip() or contains_answer(context, self.answers):
            return None
        return Example(self.question, context)


def find_answer(text: str, answers: Sequence[str]) -> tuple[int, int] | None:
    """The first span of the longest answer found, as whole words in any case."""
    for answer in sorted(answers, key=len, reverse=True):
        if found := re.search(rf"(?<!\w){re.escape(answer)}(?!\w)", text, re.IGNORECASE):
            return found.span()
    return None


def _is_marked(sentence: str, document: Document) -> bool:
    marked = document.metadata.get("gold_sentences") or ()
    return any(sentence in gold or gold in sentence for gold in marked)
