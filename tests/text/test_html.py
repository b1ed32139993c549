import re
from html.parser import HTMLParser

from conftest import shared_words
from hypothesis import given
from hypothesis import strategies as st

from recomp_core import (
    AbstractiveCompressor,
    Compression,
    Document,
    ExtractiveCompressor,
    Outcome,
    SupportGate,
    Threshold,
    TopK,
)
from recomp_core.text.html import compression_fragment, compression_page
from recomp_core.types import ScoredSentence


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
    assert "kept 1 of 2 sentences, from 1 of 1 documents, 3 of 6 tokens, rate 50.0%" in text


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


class TestSummaries:
    """The view of a text that was written anew, with its citations."""

    DOCUMENTS = ("Bob built the tower in 1889. It rains.", "Bananas are <b>yellow</b>. Bob eats.")

    def compression(self, summary="Bob built the tower. Bananas are <b>yellow</b>.", **settings):
        class Says:
            max_input_tokens = None

            def count_tokens(self, text):
                return len(text)

            def truncate(self, text, max_tokens):
                return text[:max_tokens]

            def summarize(self, prompts):
                return [summary] * len(prompts)

            def stream(self, prompt):
                yield summary

        return AbstractiveCompressor(Says(), **settings).compress("who?", self.DOCUMENTS)

    def test_every_citation_leads_to_its_source(self):
        page = compression_page(self.compression())
        checked(page)
        links = re.findall(r'href="#([\w-]+)"', page)
        targets = re.findall(r' id="([\w-]+)"', page)
        assert len(links) >= 2
        assert set(links) <= set(targets)
        assert len(targets) == len(set(targets))
        cited = page[page.index(f'id="{links[0]}"') :]
        assert cited.split(">", 1)[1].startswith("Bob built the tower in 1889.")

    def test_a_sentence_lights_up_its_own_sources(self):
        page = compression_page(self.compression())
        name = re.search(r'<section class="recomp" id="([\w-]+)"', page).group(1)
        lit = re.findall(
            rf"#{name}:has\(#{name}-claim-(\d):is\(:hover, :focus-within\)\) #{name}-source-(\d)",
            page,
        )
        for claim, source in lit:
            group = re.search(rf'id="{name}-claim-{claim}".*?</sup>', page, re.S).group()
            assert f'href="#{name}-source-{source}"' in group
        assert {claim for claim, _ in lit} == {"0", "1"}

    def test_two_views_on_one_page_do_not_share_names(self):
        ids = [
            re.findall(r' id="([\w-]+)"', compression_fragment(self.compression(summary)))
            for summary in ("Bob built the tower.", "Bob eats.")
        ]
        assert not set(ids[0]) & set(ids[1])

    def test_what_is_not_supported_is_said_in_words(self):
        result = self.compression(
            "Bob built the tower. Zed sang in 1902.", gate=SupportGate(policy="flag")
        )
        text = "".join(checked(compression_fragment(result)).words)
        assert "Zed sang in 1902. [not supported: 1902]" in text
        assert "1 of 2 sentences not supported" in text

    def test_refused_and_fallen_back(self):
        refused = self.compression("Zed sang in 1902.", gate=SupportGate(policy="empty"))
        assert "kept back" in compression_fragment(refused)
        assert "&#x27;1902&#x27; in no document" in compression_fragment(refused)
        back = self.compression(
            "Zed sang in 1902.", gate=SupportGate(policy="fall_back"), fallback=COMPRESSOR
        )
        assert "these sentences were kept instead" in compression_fragment(back)
        assert "<mark" in compression_fragment(back)

    def test_everything_is_escaped(self):
        page = compression_page(self.compression())
        assert "<b>" not in page
        assert "Bananas are &lt;b&gt;yellow&lt;/b&gt;" in page


def test_a_fallen_back_call_says_so_and_a_cut_document_too():
    document = Document("Bob ran.")
    sentence = ScoredSentence("Bob ran.", 0, 0, 8, 0.5)
    compression = Compression(
        query="who?",
        documents=(document,),
        text="Bob ran.",
        kept=(sentence,),
        dropped=(),
        sources=(0,),
        outcome=Outcome.FELL_BACK,
        truncated=True,
        reason="not supported",
    )
    words = checked(compression_page(compression)).words
    assert "The summary was refused; these sentences were kept instead." in words
    assert "Something was cut to fit a model's input." in words
    assert "not supported" in words


def test_of_overlapping_sentences_the_first_is_shown():
    document = Document("Bob ran home.")
    kept = ScoredSentence("Bob ran home.", 0, 0, 13, 0.5)
    other = ScoredSentence("ran home.", 0, 4, 13, 0.4)
    compression = Compression(
        "q", (document,), "Bob ran home.", (kept,), (other,), (0,), Outcome.COMPRESSED
    )
    fragment = compression_fragment(compression)
    assert "score 0.500" in fragment
    assert "score 0.400" not in fragment


def test_every_outcome_has_its_words():
    for outcome in Outcome:
        compression = Compression("q", (), "", (), (), (), outcome)
        assert checked(compression_page(compression)).words


def test_of_a_web_page_only_what_a_reader_sees_is_shown():
    page = "<head><style>p { margin: 0 }</style></head><p>Bob built it.</p>\n<ul><li>Tea</li></ul>"
    shown = compression_fragment(COMPRESSOR.compress("who built it", [page]))
    assert "&lt;" not in shown
    assert "margin: 0 }" not in shown.rpartition("</style>")[2]
    for words in ("Bob built it.", "Tea"):
        assert words in shown
