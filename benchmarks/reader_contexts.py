"""The texts that readers get: questions with compressed documents, and spans of WikiText-2."""

from __future__ import annotations

import gzip
import random
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import data

from recomp_core import Document, load_compressor
from recomp_core._utils.hashing import content_hash
from recomp_core.data import Question
from recomp_core.evaluation.systems.base import ExtractiveSystem
from recomp_core.evaluation.systems.baselines import baseline
from recomp_core.extractive.compressor import ExtractiveCompressor
from recomp_core.extractive.scoring import BM25Scorer
from recomp_core.extractive.selection import TokenBudget, select
from recomp_core.text.joining import Layout, group_by_document
from recomp_core.types import Compression, assemble, excerpt_of

OURS = ("ours 6 %", "ours 10 %", "ours 20 %")
WITH_TITLES = "ours 10 % with titles"
# In the order in which they are read.
SYSTEMS = (
    "no documents", "first document", "all five", "random words 20 %", "BM25 10 %",
    "untrained 10 %", *OURS, WITH_TITLES, "oracle sentence",
)  # fmt: skip
OF_SPANS = tuple(name for name in SYSTEMS if name not in (WITH_TITLES, "oracle sentence"))

WIKITEXT = "wikitext2"
PASSAGE, QUERY, TARGET = 100, 64, 32  # words
UNKNOWN = "<unk>"


@dataclass(frozen=True)
class Context:
    """What a system makes of a question's documents, and in how many seconds."""

    text: str
    seconds: float


class Contexts:
    """Compresses with every system. A share of the documents is one of their characters."""

    @cached_property
    def _compressors(self) -> dict[str, ExtractiveCompressor]:
        return {
            "ours": load_compressor(device="cpu"),
            "untrained": load_compressor("minilm", device="cpu"),
            "BM25": ExtractiveCompressor(BM25Scorer()),
        }

    @cached_property
    def identity(self) -> dict[str, object]:
        """What decides the texts, in JSON values."""
        found = self._compressors.items()
        return {name: dict(ExtractiveSystem(each, ()).identity) for name, each in found}

    def of(self, question: Question, systems: tuple[str, ...]) -> dict[str, Context]:
        found = {}
        for name, kind in (
            ("no documents", "none"), ("first document", "first-document"), ("all five", "all"),
            ("oracle sentence", "oracle"),
        ):  # fmt: skip
            if name in systems:
                (attempt,) = baseline(kind).attempts(question)
                found[name] = Context(attempt.text, attempt.seconds)
        began = time.perf_counter()
        words = random_words(question, 0.2)
        found["random words 20 %"] = Context(words, time.perf_counter() - began)
        for name, compressor in self._compressors.items():
            began = time.perf_counter()
            scored = compressor.compress(question.query, question.documents)
            scoring = time.perf_counter() - began
            for system in systems:
                kind, _, rest = system.partition(" ")
                if kind == name:
                    began = time.perf_counter()
                    share = int(rest.split(" ")[0]) / 100
                    text = at_share(compressor, scored, share, titles=system == WITH_TITLES)
                    found[system] = Context(text, scoring + time.perf_counter() - began)
        return {system: found[system] for system in systems}


def random_words(question: Question, share: float) -> str:
    """Each document with a share of its words, drawn by the question, in their order."""
    rng = random.Random(content_hash(0, question.query))
    kept = []
    for document in question.documents:
        words = document.text.split()
        places = sorted(rng.sample(range(len(words)), round(share * len(words))))
        kept.append(" ".join(words[place] for place in places))
    return Layout().join(kept)


def at_share(
    compressor: ExtractiveCompressor, scored: Compression, share: float, *, titles: bool = False
) -> str:
    """The best sentences that fit into a share of the documents' characters.

    By default a title is shown where the compressor shows it, and counts. With `titles` the same
    sentences follow the title of their document in any case, so the text is that much longer.
    """
    documents = scored.documents
    most = max(1, int(share * sum(len(document.text) for document in documents)))
    sentences = sorted((*scored.kept, *scored.dropped), key=lambda s: (s.doc_index, s.start))
    budget = TokenBudget(most, len, exact=True)
    kept, _ = select(
        documents, sentences, budget, scored.layout, compressor.expand, compressor.brings_outline
    )
    if not titles:
        return assemble(documents, kept, scored.layout)
    plain = Layout(titles=False)
    return plain.join(
        f"[{documents[n].title}] " * bool(documents[n].title) + excerpt_of(documents, n, own, plain)
        for n, own in group_by_document(kept).items()
    )


def questions(name: str, n: int) -> list[Question]:
    """The first questions of a set, with five documents each."""
    return [
        Question(str(row["id"]), row["question"], tuple(row["answers"]), tuple(row["documents"]))
        for row in data.questions(name, n=n)
    ]


# WikiText-2: the query of a span is the text before it, its documents are other passages.


@dataclass(frozen=True)
class Article:
    """Words, those that are left out included, in passages of `PASSAGE` words."""

    title: str
    words: list[str]

    def passage(self, number: int) -> Document:
        words = self.words[PASSAGE * number : PASSAGE * (number + 1)]
        return Document(shown(words), title=self.title)


def spans(n: int) -> list[Question]:
    """Spans of the validation text, in random order; `rest["target"]` is what comes next.

    A span begins with a passage: `QUERY` words are the query, the next `TARGET` the target, which
    has no unknown word. Retrieved are the five best of all passages by BM25, but for those of the
    span's own article from the query on.
    """
    import bm25s

    articles = list(_articles(data.DATA / "dev" / "wikitext2_valid.txt.gz"))
    places = [(a, p) for a, each in enumerate(articles) for p in range(len(each.words) // PASSAGE)]
    passages = [articles[a].passage(p) for a, p in places]
    retriever = bm25s.BM25()
    cut: Callable = lambda texts: bm25s.tokenize(  # noqa: E731
        texts, stopwords="en", return_ids=False, show_progress=False
    )
    retriever.index(cut([passage.text for passage in passages]), show_progress=False)
    found = []
    order = list(range(len(places)))
    random.Random(0).shuffle(order)
    for a, p in (places[number] for number in order):
        words = articles[a].words[PASSAGE * p :]
        query, target = words[:QUERY], words[QUERY : QUERY + TARGET]
        if p == 0 or UNKNOWN in target:
            continue
        scores = retriever.get_scores(cut([shown(query)])[0])
        ranked = sorted(range(len(places)), key=lambda number: -scores[number])
        allowed = (x for x in ranked if places[x][0] != a or places[x][1] < p)
        documents = tuple(passages[next(allowed)] for _ in range(5))
        own = sum(document.title == articles[a].title for document in documents)
        rest = {"target": " " + shown(target), "own": own}
        found.append(Question(f"{a}-{p}", shown(query), (), documents, rest))
        if len(found) == n:
            break
    return found


def shown(words: list[str]) -> str:
    """The words as text: WikiText's marks resolved, what it calls unknown left out."""
    text = " ".join(word for word in words if word != UNKNOWN)
    text = re.sub(r" @(.)@ ", r"\1", text)
    text = re.sub(r" ([,.;:!?%)\]]|'s\b|n't\b)", r"\1", text)
    return re.sub(r"([(\[]) ", r"\1", text)


def _articles(file: object) -> Iterator[Article]:
    title, words = "", []
    with gzip.open(file, "rt", encoding="utf-8") as stream:
        for line in stream:
            if heading := re.fullmatch(r" = ([^=].*) = \n", line):
                if words:
                    yield Article(title, words)
                title, words = shown(heading[1].split()), []
            elif not line.startswith(" = "):
                words.extend(line.split())
    yield Article(title, words)
