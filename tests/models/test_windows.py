"""Where texts that are longer than a window are cut."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomp_core.models.encoders.windows import (
    TokenizerWindows,
    cut_windows,
    surely_fits,
    uncut_copy,
)


def pieces(text, size=3):
    """Tokens of at most three characters, none of white space."""
    spans, start = [], None
    for at, character in enumerate([*text, " "]):
        if start is not None and (character.isspace() or at - start == size):
            spans.append((start, at))
            start = None
        if start is None and not character.isspace():
            start = at
    return spans


def test_a_text_that_fits_is_one_window():
    text = " The tower stands. "
    assert cut_windows(text, pieces(text), len(pieces(text))) == [(0, len(text))]
    assert cut_windows("", [], 4) == [(0, 0)]


def test_windows_overlap_and_begin_with_words():
    text = " ".join(f"alpha{n} bc" for n in range(12))  # three or four tokens each
    windows = [text[start:end] for start, end in cut_windows(text, pieces(text), 20)]
    assert windows[0].startswith("alpha0")
    assert windows[-1].endswith("alpha11 bc")
    assert all(window.startswith(("alpha", "bc")) for window in windows)
    assert all(len(pieces(window)) <= 20 for window in windows)
    assert sum(map(len, windows)) > len(text)


@given(st.text(alphabet="ab 塔\n.", max_size=200), st.integers(min_value=1, max_value=20))
def test_every_character_of_a_token_is_in_a_window(text, room):
    offsets = pieces(text)
    windows = cut_windows(text, offsets, room)
    assert windows[0][0] == 0
    assert windows[-1][1] == len(text)
    for (first, last), (start, end) in pairwise(windows):
        assert first < start
        assert last < end
    for start, end in offsets:
        assert any(first <= start and end <= last for first, last in windows)
    for first, last in windows:
        assert sum(first <= start and end <= last for start, end in offsets) <= room


@pytest.mark.parametrize("word", ["a", "塔", "ab ", "x" * 50])
def test_the_number_of_windows_grows_with_the_text(word):
    counts = []
    for times in (1_000, 2_000):
        text = word * times
        counts.append(len(cut_windows(text, pieces(text), 40)))
    assert counts[1] <= 2.1 * counts[0]


def test_few_bytes_surely_fit():
    assert surely_fits("abcd", 4)
    assert not surely_fits("abcde", 4)
    assert not surely_fits("塔塔", 4)
    assert surely_fits("\ud800", 3)


class Slow:
    """A tokenizer that tells no offsets."""

    def __call__(self, text, *, add_special_tokens, verbose):
        return {"input_ids": text.split()}


def test_tokens_without_offsets_are_spread_over_the_text():
    windows = TokenizerWindows(Slow(), 4)
    assert windows.token_windows("ab cd ef gh") == [(0, 11)]
    text = "ab cd ef gh ij kl mn op"
    found = [text[start:end].strip() for start, end in windows.token_windows(text)]
    assert found == ["ab cd ef gh", "ij kl mn op"]
    assert windows.token_windows(text, 100) == [(0, len(text))]
    assert windows.offsets([]) == []


def test_a_tokenizer_that_can_not_be_called_is_encoded_with():
    tokenizers = pytest.importorskip("tokenizers")
    bare = tokenizers.Tokenizer(tokenizers.models.WordLevel({"a": 0, "u": 1}, unk_token="u"))
    bare.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    bare.enable_truncation(2)
    windows = TokenizerWindows(bare, 2)
    assert windows.token_windows("a a") == [(0, 3)]
    assert windows.token_windows("a b a") == [(0, 3), (4, 5)]
    assert len(uncut_copy(bare).encode("a a a").ids) == 3
    assert len(bare.encode("a a a").ids) == 2  # the model's own one is as it was
