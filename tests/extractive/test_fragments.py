"""Sentences that chunks cut, and that stand whole in a chunk that overlaps."""

import pytest

from recomp_core import ExtractiveCompressor, TokenBudget, TopK
from recomp_core.extractive.fragments import whole_sentences
from recomp_core.types import Sentence


def words_in_common(query, sentences):
    asked = set(query.lower().split())
    return [len(asked & set(s.lower().replace(".", "").split())) for s in sentences]


def compress(query, documents, selector):
    return ExtractiveCompressor(words_in_common, selector=selector).compress(query, documents)


def sentences(*documents):
    return [
        Sentence(text, n, start, start + len(text))
        for n, document in enumerate(documents)
        for start, text in [
            (sum(len(t) + 1 for t in document[:i]), t) for i, t in enumerate(document)
        ]
    ]


CHUNKS = [
    "The harbour closes at ten. The ferry to Ommen carries up to forty bicycles on its deck. Dogs",
    "carries up to forty bicycles on its deck. Dogs travel free if they stay below deck. Ask us.",
]


def test_the_whole_sentence_stays_once():
    result = compress("ferry bicycles deck", CHUNKS, TopK(2))
    assert "carries up to forty bicycles on its deck." in [s.text for s in result.dropped]
    assert [s.text for s in result.kept] == [
        "The ferry to Ommen carries up to forty bicycles on its deck.",
        "Dogs travel free if they stay below deck.",
    ]


def test_the_whole_comes_where_the_piece_scores_higher():
    def likes_short(query, sentences):
        return [1.0 if "forty" in s and len(s) < 45 else 0.1 for s in sentences]

    result = ExtractiveCompressor(likes_short, selector=TopK(1)).compress("how many", CHUNKS)
    assert result.text == "The ferry to Ommen carries up to forty bicycles on its deck."


def test_the_piece_comes_where_the_whole_does_not_fit():
    budget = TokenBudget(13, lambda text: len(text.split()))
    result = compress("harbour closes ten: forty bicycles", CHUNKS, budget)
    assert [s.text for s in result.kept] == [
        "The harbour closes at ten.",
        "carries up to forty bicycles on its deck.",
    ]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (["Der Speicher wurde 1902 als Kornlager gebaut."], ["wurde 1902 als Kornlager gebaut."]),
        (["Le phare fut allumé en mai par la reine"], ["Le phare fut allumé en mai par la reine Anne."]),
        (["灯塔由港务局在一九零二年建成并且一直使用到今天的秋季。"],
         ["港务局在一九零二年建成并且一直使用到今天的秋季。"]),
        # The edges differ in case and in spaces, which is the same when folded.
        (["THE OLD BOAT was sold in May to a"], ["The old boat was sold in May to a man."]),
        (["A b  c of the harbour was printed"], ["A B C of the harbour was printed in May."]),
        (["He saw the boat that was SOLD IN MAY."], ["the boat that was sold in May."]),
    ],
)  # fmt: skip
def test_pieces_are_found_in_any_script(first, second):
    found = whole_sentences(sentences(first, second))
    assert len(found) == 1
    ((piece, whole),) = found.items()
    assert {piece, whole} == {0, 1}


@pytest.mark.parametrize(
    "documents",
    [
        [["They sold the old boat in May."], ["The old boat in May."]],  # begins as sentences do
        [["Nobody there spoke of the old boat."], ["the old boat."]],  # too short to tell
        [
            ["Nobody there spoke of an old boat."],
            ["of an old boat."],
            ["there spoke of an old boat"],
        ],
        [["One two three four five six seven."], ["Other.", "three four five six seven."]],
        [["It was sold to a man from Ommen.", "sold to a man from Ommen."]],  # one document
        [["sold to a man from Ommen again."], ["sold to a man from Ommen again."]],  # the same
    ],
)
def test_what_is_no_piece_stays(documents):
    assert whole_sentences(sentences(*documents)) == {}


def test_of_three_overlapping_chunks_the_longest_is_the_whole():
    texts = (
        ["at the end of the long pier, behind the hall."],
        ["behind the hall stands nothing at all"],
        ["waits at the end of the long pier, behind the hall."],
        ["The boat waits at the end of the long pier, behind the hall."],
    )
    assert whole_sentences(sentences(*texts)) == {0: 3, 2: 3}
