"""`select` against the plain walk that says what it means: a set of the kept for each sentence."""

from hypothesis import given
from hypothesis import strategies as st

from recomp_core import Document, Threshold, TokenBudget, TopK, TopP
from recomp_core.extractive.selection import Ranking, select
from recomp_core.text.joining import Layout
from recomp_core.types import ScoredSentence, assemble


class ReferenceDraft:
    def __init__(self, documents, sentences, layout, position, size, kept, ranking, rank):
        self.sentence, self.size = sentences[position], size
        self.ranking, self.rank = ranking, rank
        self.text = assemble(documents, [sentences[i] for i in sorted(kept)], layout)

    def fits(self, max_tokens, count_tokens):
        return count_tokens(self.text) <= max_tokens


def reference(documents, sentences, selector, layout, expand):
    size, keep, said = 0, set(), set()
    order = sorted(range(len(sentences)), key=lambda i: (-sentences[i].score, i))
    ranking = Ranking([sentences[i].score for i in order])
    for rank, position in enumerate(order):
        if sentences[position].text in said:
            continue
        near = range(max(0, position - expand[0]), min(len(sentences), position + expand[1] + 1))
        around = {i for i in near if sentences[i].doc_index == sentences[position].doc_index}
        for group in (around, {position}):
            draft = ReferenceDraft(
                documents, sentences, layout, position, size + 1, keep | group, ranking, rank
            )
            if selector.admits(draft):
                keep |= group
                said.add(sentences[position].text)
                size += 1
                break
            if len(group) == 1:
                break
    kept = tuple(s for i, s in enumerate(sentences) if i in keep)
    return kept, tuple(s for i, s in enumerate(sentences) if i not in keep)


def words(text):
    return len(text.split())


class Remembers:
    """Admits every other one, by what would come out, and keeps all drafts."""

    def __init__(self):
        self.drafts = []

    def admits(self, draft):
        self.drafts.append(draft)
        return len(draft.text) % 2 == 0


SELECTORS = [
    lambda: TopK(1),
    lambda: TopK(3),
    lambda: TopP(0.7, 0.5),
    lambda: Threshold(0.5),
    lambda: TokenBudget(6, words),
    lambda: TokenBudget(9, len),
    lambda: TopK(4) & TokenBudget(8, words),
    lambda: Threshold(-1) & TopP(0.9, 1.0),
    Remembers,
]


@st.composite
def scored_documents(draw):
    documents, sentences = [], []
    for index in range(draw(st.integers(0, 4))):
        parts = draw(
            st.lists(st.sampled_from(["One.", "Two words.", "A b c d.", "Ö!"]), max_size=5)
        )
        text, start = " ".join(parts), 0
        for part in parts:
            score = draw(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]))
            sentences.append(ScoredSentence(part, index, start, start + len(part), score))
            start += len(part) + 1
        documents.append(Document(text))
    return documents, sentences


@given(
    scored_documents(),
    st.sampled_from(SELECTORS),
    st.tuples(st.integers(0, 2), st.integers(0, 2)),
    st.sampled_from([Layout(), Layout(" ", "[…]", "\n\n")]),
)
def test_select_is_the_plain_walk(given_, make_selector, expand, layout):
    documents, sentences = given_
    ours, theirs = make_selector(), make_selector()
    assert select(documents, sentences, ours, layout, expand) == reference(
        documents, sentences, theirs, layout, expand
    )
    if isinstance(ours, Remembers):  # a draft stays what it was, whatever was admitted afterwards
        for mine, plain in zip(ours.drafts, theirs.drafts, strict=True):
            assert (mine.text, mine.size, mine.rank) == (plain.text, plain.size, plain.rank)
            assert mine.sentence == plain.sentence
