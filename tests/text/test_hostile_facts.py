"""Facts of hostile texts: the time grows with the length, and the facts stay the same."""

import random
import time

import pytest

from recomp_core.text.facts import Evidence, _is_variant, _Variants, missing_claims

LONG = 160_000


@pytest.mark.parametrize(
    "text",
    [
        "一" * LONG,
        "今天天气很好" * (LONG // 6),
        "\n" * LONG,
        " ".join(f"Mr A{'bcdefghijk'[n % 10] * (n % 17)}{n}" for n in range(LONG // 12)),
        "Ann Bob " * (LONG // 8),
        " ".join(f"Ann Bob{n}" for n in range(LONG // 10)),
    ],
    ids=["numerals", "Chinese", "line breaks", "names", "one name", "names alike"],
)
def test_hostile_text_takes_seconds_not_minutes(text):
    began = time.process_time()
    missing_claims(text, Evidence([text]))
    assert time.process_time() - began < 10  # half a minute and more before


def test_variants_are_those_that_a_comparison_with_each_word_finds():
    chance = random.Random(5)
    words = set()
    for stem in ("dostoevsky", "anna", "анна", "verfassungsgerichtshof", "johnson"):
        for _ in range(60):
            letters = list(stem)
            for _ in range(chance.randrange(4)):
                if chance.random() < 0.5:
                    letters.pop(chance.randrange(len(letters)))
                else:
                    letters.insert(chance.randrange(len(letters) + 1), chance.choice("aesnа"))
            words.add("".join(letters))
    variants = _Variants(words)
    for word in words:
        assert set(variants.of(word)) == {other for other in words if _is_variant(word, other)}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Ann x x Bob", True),
        ("Ann x x x Bob", False),
        ("Bob x x Ann x x x Bob", True),
        ("Bob x x x Ann x x x Bob", False),
    ],
)
def test_the_words_of_a_name_stand_close_together(text, found):
    assert Evidence([text]).has_name(["ann", "bob"]) is found


def test_of_words_that_stand_at_several_places_one_stretch_is_enough():
    text = "Ann x x x x x x x x Bob Cid x x x x x x x x x Cid Bob x Ann"
    assert Evidence([text]).has_name(["ann", "bob", "cid"])
    assert not Evidence(["Ann Bob x x x x x x x x x Bob Cid x x x x x Ann"]).has_name(
        ["ann", "bob", "cid"]
    )
