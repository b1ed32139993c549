from html.parser import HTMLParser

from conftest import shared_words
from hypothesis import given
from hypothesis import strategies as st

from recomp_core import Document, ExtractiveCompressor, Threshold, TopK
from recomp_core.html import compression_fragment, compression_page


class Checker(HTMLParser):
    """Collects what was opened and not closed, the text, and the elements."""

    def __init__(self):
        super().__init__()
        self.open, self.seen, self.words = [], [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def checked(page):
    checker = Checker()
    checker.feed(page)
    checker.close()
    assert checker.open == []
    return checker


COMPRESSOR = ExtractiveCompressor(shared_words, selector=TopK(1))


def test_every_sentence_is_shown_and_the_kept_one_marked():
    result = COMPRESSOR.compress(
        "who built it", [Document("Bob built it. Ann saw. 😀", title="Tower")]
    )
    checker = checked(compression_page(result, count_tokens=lambda text: len(text.split())))
    assert checker.seen.count("mark") == 1
    text = "".join(checker.words)
    assert "Bob built it.2.00 Ann saw. 😀" in text
    assert "1. Tower" in text
    assert "kept 1 of 3 sentences, from 1 of 1 documents, 3 of 6 tokens, rate 50.0%" in text


def test_outcomes_are_said():
    empty = ExtractiveCompressor(shared_words, selector=Threshold(5)).compress("q", ["Nope."])
    assert "nothing will be prepended" in compression_fragment(empty)
    assert "nothing to compress" in compression_fragment(COMPRESSOR.compress("q", []))
    assert "Everything was kept" in compression_fragment(COMPRESSOR.compress("q", ["One."]))


def test_notebooks_show_it():
    result = COMPRESSOR.compress("bob", ["Bob. Ann."])
    assert result._repr_html_() == compression_fragment(result)


nasty = st.lists(
    st.sampled_from([*"<>&\"'/ab. \x00\ud800\n", "<script>", "</style>", "</section>"]), max_size=20
).map("".join)


@given(nasty, nasty, nasty, nasty)
def test_everything_is_escaped(query, text, title, identity):
    result = COMPRESSOR.compress(f"q{query}", [Document(text, title=title, id=identity), "Plain."])
    checker = checked(compression_page(result, title=title))
    assert "script" not in checker.seen
    assert checker.seen.count("style") == 2
    compression_page(result).encode("utf-8")
