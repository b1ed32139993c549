"""What a pinned kind or pattern finds, and that a bad pattern hangs nothing."""

import time

import pytest

from recomp_core.text.pins import PIN_NAMES, Pins

FOUND = {
    "numbers": ["It is 330 m tall.", "twelve men", "十二人", "in 1889", "3.5 million", "１２％"],
    "dates": ["on 3 March 1998", "1998-03-03", "In 1889 it", "in May", "the 1980s", "the eighties", "3月"],
    "ids": [
        "KL-200 is new", "the B200 pump", "v2.3", "ticket #4711", "CVE-2024-1234", "order 40012345",
        "550e8400-e29b-41d4-a716-446655440000", "INV/2024/0012", "commit a3f5c9d", "user_42",
    ],
    "urls": ["see https://a.bc/d", "www.example.org", "mail bob@x.org", "ftp://host/x"],
}  # fmt: skip
NOT_FOUND = {
    "numbers": ["One is fine.", "First, do it.", "See [2].", "No digits at all.", "2. Item"],
    "dates": ["It is 330 m tall.", "twelve men", "it may be", "12345 items"],
    "ids": ["330 m tall", "250g flour", "4th of May", "the 1980s", "10kg", "3.5kW", "100MB", "and/or", "20%"],
    "urls": ["no address", "a.b", "and/or", "at @home"],
}  # fmt: skip


@pytest.mark.parametrize("name", PIN_NAMES)
def test_each_kind(name):
    find = Pins([name]).finder()
    assert [text for text in FOUND[name] if not find(text)] == []
    assert [text for text in NOT_FOUND[name] if find(text)] == []


def test_patterns():
    find = Pins([r"§\s?\d+", "(?i)warning:"]).finder()
    assert find("see § 4")
    assert find("WARNING: hot")
    assert not find("see 4")


def test_a_pattern_that_takes_for_ever_is_given_up():
    find = Pins([r"(a|a)*$", "numbers", "b{3}"]).finder()
    started = time.process_time()
    texts = ["a" * 5_000 + "!", "a" * 5_000 + " 5", "a" * 400 + "bbb", *["a" * 5_000 + "!"] * 50]
    assert [find(text) for text in texts] == [False, True, True, *[False] * 50]
    assert find.given_up == [r"(a|a)*$"]
    assert time.process_time() - started < 30
    assert Pins([r"(a|a)*$"]).finder()("aaa")  # the next call tries again


@pytest.mark.parametrize(
    ("wanted", "error", "said"),
    [
        ("numbers", TypeError, "pin must be a list"),
        (3, TypeError, "pin must be a list"),
        ([3], TypeError, "strings, got int 3"),
        (["number"], ValueError, "there is no pin 'number': use numbers, dates, ids, urls"),
        ([" "], ValueError, "there is no pin"),
        (["("], ValueError, "no regular expression: missing"),
        (["x1" * 600], ValueError, "1200 characters"),
        ([r"\d"] * 33, ValueError, "33 entries"),
    ],
)
def test_bad_pins(wanted, error, said):
    with pytest.raises(error, match=said):
        Pins(wanted)


def test_nothing_is_pinned_by_default():
    assert not Pins(None)
    assert not Pins(())
    assert Pins(["ids"])
