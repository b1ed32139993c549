"""Links of long summaries to long documents: each sentence is read once, and the best are found."""

import math
import random
from collections import Counter

import pytest

from recomp_core import Document, SentenceSplitter
from recomp_core.abstractive import attribution
from recomp_core.abstractive.attribution import OverlapScorer, link_all
from recomp_core.protocols import Candidate


class OneByOne:
    """The shares as `OverlapScorer` defines them, each sentence by itself."""

    def score(self, tasks):
        return [self._scores(task.query, [s.text for s in task.sentences]) for task in tasks]

    @staticmethod
    def _scores(query, texts):
        wanted = attribution._stems(query)
        found = [wanted & attribution._stems(text) for text in texts]
        times = Counter(stem for has in found for stem in has)
        weight = {s: math.log(1 + (len(found) - times[s] + 0.5) / (times[s] + 0.5)) for s in wanted}
        total = sum(weight[stem] for stem in sorted(wanted))
        return [sum(weight[stem] for stem in sorted(has)) / total if total else 0 for has in found]


def text_of(chance, n_sentences):
    some = [f"word{n}" if n % 3 else f"x{n}" for n in range(120)]
    often = [1 / (n + 1) for n in range(len(some))]
    sentences = (" ".join(chance.choices(some, often, k=9)) for _ in range(n_sentences))
    return " ".join(f"{sentence.capitalize()}." for sentence in sentences)


@pytest.mark.parametrize("seed", range(6))
def test_the_best_are_those_of_scoring_all(seed):
    chance = random.Random(seed)
    document = text_of(chance, 80)
    summary = f"{text_of(chance, 8)} {document[:200]}. Nothing of this is known."
    candidate = Candidate("q", (Document(document),), summary)
    splitter = SentenceSplitter("en")
    quick = link_all([candidate], splitter=splitter)
    assert quick == link_all([candidate], scorer=OneByOne(), splitter=splitter)


def test_each_sentence_is_read_once(monkeypatch):
    read = []
    stems = attribution._stems
    monkeypatch.setattr(attribution, "_stems", lambda text: read.append(text) or stems(text))
    document = " ".join(f"The boat {n} came." for n in range(60))
    (links,) = link_all(
        [Candidate("q", (Document(document),), document)], splitter=SentenceSplitter("en")
    )
    assert [claim.sources[0].text for claim in links] == [claim.text for claim in links]
    assert len(read) == 2 * len(links) == 120


def test_a_sentence_is_compared_with_so_many_that_share_its_rarest_words(monkeypatch):
    monkeypatch.setattr(attribution, "_COMPARED", 10)
    document = " ".join(f"The boat {n} came." for n in range(60))
    candidate = Candidate("q", (Document(document),), "The boat 57 came. The boat came.")
    ((named, common),) = link_all([candidate], splitter=SentenceSplitter("en"))
    assert named.sources[0].text == "The boat 57 came."
    assert [source.text for source in common.sources][:1] == ["The boat 0 came."]


def test_no_sources_are_wanted():
    candidate = Candidate("q", (Document("The boat came."),), "The boat came.")
    ((claim,),) = link_all([candidate], scorer=OverlapScorer(), top=0)
    assert claim.sources == ()
