"""Queries and pairs that are longer than a model's window."""

import logging
import re

import numpy as np
import pytest

from recomp_core import CrossEncoderScorer, Document, DualEncoderScorer
from recomp_core.extractive.pairs import PairWindow
from recomp_core.extractive.queries import is_question, query_parts
from recomp_core.extractive.scoring import Scores
from recomp_core.types import ScoringTask, Sentence


class WordEncoder:
    """Reads six words; a vector says which of the words it knows are in a text."""

    known = ("fuse", "lamp", "roof", "heater", "plum")

    def __init__(self, max_tokens=6):
        self.max_tokens = max_tokens
        self.asked = []

    def token_windows(self, text, max_tokens=None):
        room = max_tokens or self.max_tokens
        starts = [word.start() for word in re.finditer(r"\S+", text)]
        if len(starts) <= room:
            return [(0, len(text))]
        firsts = starts[::room]
        return list(zip(firsts, [*firsts[1:], len(text)], strict=True))

    def _vectors(self, texts):
        return np.array([[word in text for word in self.known] for text in texts], dtype=float)

    def encode_queries(self, queries):
        self.asked = list(queries)
        return self._vectors(queries)

    def encode_sentences(self, sentences):
        return self._vectors(sentences)


def task(query, *texts, title=None):
    document = Document(" ".join(texts), title=title)
    sentences, start = [], 0
    for text in texts:
        sentences.append(Sentence(text, 0, start, start + len(text)))
        start += len(text) + 1
    return ScoringTask(query, (document,), tuple(sentences))


LONG = "We spoke about the roof at length. Where is the fuse? Then we went home by bus."


def test_a_query_that_fits_stays_whole():
    assert query_parts("Where is the fuse?", WordEncoder()) == (("Where is the fuse?",), True)
    assert query_parts(LONG, object()) == ((LONG,), True)


def test_a_long_query_is_its_windows_its_questions_and_its_last_sentence():
    texts, complete = query_parts(LONG, WordEncoder())
    assert complete
    assert texts == (
        "We spoke about the roof at",
        "length. Where is the fuse? Then",
        "we went home by bus.",
        "Where is the fuse?",
        "Then we went home by bus.",
    )


def test_a_greeting_is_not_taken_for_the_last_sentence():
    texts, _ = query_parts(f"{LONG} Yours, Ada", WordEncoder())
    assert "Yours, Ada" not in texts
    assert texts[-1] == "Then we went home by bus."


def test_parts_are_bounded_and_the_rest_is_told():
    query = " ".join(f"Is it {n} today then?" for n in range(300))
    texts, complete = query_parts(query, WordEncoder())
    assert not complete
    assert len(texts) <= 65
    assert texts[0].startswith("Is it 0 today")
    assert texts[-1] == "Is it 299 today then?"


def test_only_both_ends_of_an_endless_query_are_looked_at():
    class Counting(WordEncoder):
        seen = 0

        def token_windows(self, text, max_tokens=None):
            self.seen += len(text)
            return super().token_windows(text, max_tokens)

    encoder = Counting()
    texts, complete = query_parts(
        "First words. " + "no " * 1_000_000 + ". Where is the fuse?", encoder
    )
    assert not complete
    assert texts[0].startswith("First words.")
    assert texts[-1] == "Where is the fuse?"
    assert encoder.seen < 1_000_000


@pytest.mark.parametrize(
    "text", ["Why?", "なぜですか？", "لماذا؟", "γιατί;", "ինչո՞ւ", "Is it “so?”", "(why?)"]
)
def test_questions_of_every_script(text):
    assert is_question(text)


@pytest.mark.parametrize("text", ["So.", "a; b", "f(x);", "", "What? No."])
def test_no_questions(text):
    assert not is_question(text)


def test_the_best_part_decides_and_short_queries_are_as_before():
    encoder = WordEncoder()
    scorer = DualEncoderScorer(encoder, similarity_fn_name="dot")
    sentences = ("The fuse is here.", "The roof is red.", "A plum.")
    scores = scorer.score([task(LONG, *sentences), task("a plum and the fuse", *sentences)])
    assert list(scores) == [[1, 1, 0], [1, 0, 1]]
    assert "a plum and the fuse" in encoder.asked
    assert len(encoder.asked) == 6
    # The same alone, and with another order of tasks.
    assert list(scorer.score([task(LONG, *sentences)])) == [[1, 1, 0]]
    assert scorer.score([task("a plum and the fuse", *sentences)])[0] == [1, 0, 1]
    assert encoder.asked == ["a plum and the fuse"]


def test_what_is_not_read_is_told_once(caplog):
    many = " ".join(f"Is it {n} today then?" for n in range(300))
    title = "The long story of how the lamp and the roof came to be"
    with caplog.at_level(logging.WARNING):
        scores = DualEncoderScorer(WordEncoder(40), context="title").score(
            [task("a plum", "A plum."), task(many, "A plum.", title=title)]
        )
    assert isinstance(scores, Scores)
    assert scores.notes == [
        (),
        (
            "the middle of the query was not read",
            "only the beginning of the title of document 0 was read",
        ),
    ]
    assert [record.getMessage() for record in caplog.records] == [
        "longer than the model's window: the middle of the query was not read; only the beginning "
        "of the title of document 0 was read"
    ]


def test_a_long_title_leaves_room_for_the_sentence():
    encoder = WordEncoder(16)
    read = []
    encoder.encode_sentences = lambda texts: (read.extend(texts), encoder._vectors(texts))[1]
    title = "Story of a lamp, a roof, a fuse and a heater"
    DualEncoderScorer(encoder, context="title").score([task("a plum", "A plum.", title=title)])
    assert read == ["Story of a\nA plum."]


# Cross-encoders


class WordTokenizer:
    """A token is a word; three special ones stand around a pair."""

    is_fast = True

    def num_special_tokens_to_add(self, pair=False):
        return 3 if pair else 2

    def __call__(self, texts, *, add_special_tokens, return_offsets_mapping, verbose):
        assert not add_special_tokens
        encoder = WordEncoder(1)
        return {"offset_mapping": [encoder.token_windows(t) if t.strip() else [] for t in texts]}


class Judge:
    """Counts the query's words that the sentence has, and refuses what is too long."""

    tokenizer = WordTokenizer()
    max_seq_length = 19

    def predict(self, pairs, batch_size, show_progress_bar):
        self.pairs = pairs
        assert all(len(f"{query} {text}".split()) <= 16 for query, text in pairs)
        return np.array([
            len(set(query.lower().split()) & set(text.lower().split())) for query, text in pairs
        ])  # fmt: skip


def test_a_pair_that_fits_is_one_pair():
    judge = Judge()
    scores = CrossEncoderScorer(judge).score([task("the red plum", "A plum is red .", "No .")])
    assert list(scores) == [[2, 0]]
    assert judge.pairs == [["the red plum", "A plum is red ."], ["the red plum", "No ."]]


def test_a_long_sentence_is_read_through_windows():
    judge = Judge()
    long = "one two three four five six seven eight nine ten " * 3 + "plum"
    assert list(CrossEncoderScorer(judge).score([task("the red plum", long)])) == [[1]]
    assert len(judge.pairs) > 1
    assert "".join(text for _, text in judge.pairs[:1])[:7] == "one two"


def test_a_long_query_is_read_in_parts():
    judge = Judge()
    query = "nothing of this is asked at all " * 5 + ". where is the plum ?"
    assert list(CrossEncoderScorer(judge).score([task(query, "the plum is here")])) == [[3]]


def test_title_and_path_come_before_each_window():
    judge = Judge()
    document = Document("Trees\nplum " + "x " * 30, title="Garden")
    sentence = Sentence(document.text[6:], 0, 6, len(document.text), path=((0, 5),))
    CrossEncoderScorer(judge, context="title").score(
        [ScoringTask("plum", (document,), (sentence,))]
    )
    assert len(judge.pairs) == 3
    assert all(text.startswith("Garden\nTrees\n") for _, text in judge.pairs)


def test_a_model_that_says_nothing_about_its_window_is_left_alone():
    assert PairWindow.of(object()) is None
    odd = Judge()
    odd.max_seq_length = float("inf")
    assert PairWindow.of(odd) is None
