"""`recomp demo`: what the page computes, what it draws, and the page itself, without a browser."""

import json
import math
import re
import socket
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from threading import Thread

import numpy as np
import pytest
import typer
from conftest import shared_words
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from recomp_core import (
    AbstractiveCompressor,
    Document,
    DualEncoderScorer,
    ExtractiveCompressor,
    Outcome,
    Threshold,
    TokenBudget,
    TokenCounter,
    TopK,
    TopP,
)
from recomp_core.cli.demo import demo
from recomp_core.demo import Limits, Price, Session
from recomp_core.demo.examples import EXAMPLES
from recomp_core.demo.serving import PAGE, flags, put, serve
from recomp_core.demo.session import document_from_file, documents_from_text, text_of
from recomp_core.demo.view import duration, figures_fragment, money, scores_fragment

QUERY = "who built the tower"
# Scores, by words shared with the query: 3, 1, 0 and 1.
DOCUMENTS = [
    Document("Bob built the tower. The rain fell.", title="Tower"),
    Document("Bananas are yellow. Nobody knows who."),
]
TEXTS = ["Bob built the tower.", "The rain fell.", "Bananas are yellow.", "Nobody knows who."]


class Counting:
    """Words in common, and how often they were counted."""

    def __init__(self):
        self.calls = 0

    def score(self, tasks):
        self.calls += len(tasks)
        return [shared_words(task.query, [s.text for s in task.sentences]) for task in tasks]


class Letters:
    """Texts as how often each letter occurs; a span knows the whole document, half as much."""

    def encode_queries(self, queries):
        return np.array([[text.count(letter) for letter in "abtw"] for text in queries], float)

    encode_sentences = encode_queries

    def encode_spans(self, texts, spans):
        return [
            self.encode_queries([text[start:end] for start, end in found])
            + 0.5 * self.encode_queries([text])
            for text, found in zip(texts, spans, strict=True)
        ]


def words(text):
    return len(text.split())


@pytest.fixture
def scorer():
    return Counting()


@pytest.fixture
def session(scorer):
    return Session(ExtractiveCompressor(scorer), count_tokens=words)


def kept(trial):
    return [sentence.text for sentence in trial.compression.kept]


class TestSession:
    def test_another_setting_does_not_score_again(self, session, scorer):
        for limits, expected in (
            (Limits(top_k=1), TEXTS[:1]),
            (Limits(top_k=2), TEXTS[:2]),
            (Limits(min_score=1.0), [TEXTS[0], TEXTS[1], TEXTS[3]]),
            (Limits(min_score=3.5), []),
            (Limits(max_tokens=7), TEXTS[:2]),
            (Limits(top_k=3, max_tokens=5), TEXTS[:1]),
            (Limits(), TEXTS),
        ):
            assert kept(session.compress(QUERY, DOCUMENTS, limits)) == expected, limits
        assert scorer.calls == 1

    def test_another_question_or_document_does(self, session, scorer):
        session.compress(QUERY, DOCUMENTS, Limits())
        session.compress("who fell", DOCUMENTS, Limits())
        session.compress(QUERY, DOCUMENTS[:1], Limits())
        session.compress(QUERY, [replace(DOCUMENTS[0], title="Rain"), DOCUMENTS[1]], Limits())
        assert scorer.calls == 4

    def test_only_the_latest_are_remembered(self, session, scorer):
        for number in range(33):
            session.compress(f"who {number}", DOCUMENTS, Limits())
        session.compress("who 32", DOCUMENTS, Limits())
        assert scorer.calls == 33
        session.compress("who 0", DOCUMENTS, Limits())
        assert scorer.calls == 34

    @given(
        top_k=st.none() | st.integers(1, 5),
        top_p=st.none() | st.floats(0.1, 1),
        min_score=st.none() | st.floats(-1, 4),
        max_tokens=st.none() | st.integers(1, 20),
    )
    def test_it_is_what_the_compressor_does(self, **limits):
        limits = Limits(**limits)
        compressor = ExtractiveCompressor(shared_words, elision="…", expand=(0, 1))
        trial = Session(compressor, count_tokens=words).compress(QUERY, DOCUMENTS, limits)
        compressor.selector = limits.selector(words)
        assert trial.compression == compressor.compress(QUERY, DOCUMENTS)
        assert trial.tokens_after == words(trial.compression.text)
        assert trial.tokens_before == 13

    def test_the_compressor_is_left_as_it_is(self, scorer):
        compressor = ExtractiveCompressor(scorer, selector=TopK(3))
        Session(compressor).compress(QUERY, DOCUMENTS, Limits(top_k=1))
        assert compressor.scorer is scorer
        assert compressor.selector == TopK(3)

    def test_the_time_of_the_scoring_stays_known(self, session):
        first = session.compress(QUERY, DOCUMENTS, Limits())
        second = session.compress(QUERY, DOCUMENTS, Limits(top_k=1))
        assert first.scoring_seconds == second.scoring_seconds > 0
        assert second.selecting_seconds > 0

    def test_nothing_to_score(self, session, scorer):
        trial = session.compress(QUERY, ["", "\n"], Limits())
        assert trial.compression.outcome is Outcome.NOTHING_GIVEN
        assert (trial.scoring_seconds, trial.tokens_before, trial.ranked) == (None, 0, ())
        assert scorer.calls == 0

    def test_ranked_from_the_best_down(self, session):
        found = session.compress(QUERY, DOCUMENTS, Limits(top_k=1)).ranked
        assert [s.text for s in found] == [TEXTS[0], TEXTS[1], TEXTS[3], TEXTS[2]]

    def test_threads_share_the_scores(self, session, scorer):
        def work():
            results.extend(
                (k, session.compress(QUERY, DOCUMENTS, Limits(top_k=k))) for k in (1, 2, 3)
            )

        results = []
        threads = [Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert scorer.calls == 1
        assert len(results) == 12
        assert all(len(trial.compression.kept) == k for k, trial in results)

    def test_the_contexts_of_a_dual_encoder(self):
        compressor = ExtractiveCompressor(DualEncoderScorer(Letters(), context="title"))
        session = Session(compressor)
        assert session.contexts == ("document", "title", "sentence")
        assert session.context == "title"
        assert session.cosine
        for context in session.contexts:
            own = ExtractiveCompressor(DualEncoderScorer(Letters(), context=context))
            found = session.compress(QUERY, DOCUMENTS, Limits(top_k=2), context)
            assert found.compression == own.compress(QUERY, DOCUMENTS)
        scores = {
            context: session.compress(QUERY, DOCUMENTS, Limits(), context).compression.kept
            for context in session.contexts
        }
        assert len(set(scores.values())) == 3

    def test_other_scorers_have_one_context(self, session):
        assert session.contexts == ("sentence",)
        assert not session.cosine
        with pytest.raises(ValueError, match="no context 'document' here: choose among sentence"):
            session.compress(QUERY, DOCUMENTS, Limits(), "document")

    def test_without_a_tokenizer_characters_are_counted(self, scorer):
        session = Session(ExtractiveCompressor(scorer))
        assert session.unit == "characters"
        trial = session.compress("rain", ["The rain fell."], Limits())
        assert trial.tokens_before == 14

    def test_a_compressor_that_writes_is_refused(self):
        with pytest.raises(TypeError, match=r"t5 writes summaries: give it as --summarizer"):
            Session(AbstractiveCompressor.__new__(AbstractiveCompressor), model="t5")

    def test_errors_are_those_of_the_compressor(self, session):
        with pytest.raises(ValueError, match="query is blank"):
            session.compress(" ", DOCUMENTS, Limits())
        with pytest.raises(ValueError, match="k=0"):
            session.compress(QUERY, DOCUMENTS, Limits(top_k=0))


class TestLimits:
    @pytest.mark.parametrize(
        "selector",
        [
            TopK(3),
            TopP(0.5, 0.1),
            Threshold(-0.2),
            TokenBudget(9, words),
            TopK(5) & Threshold(0.3) & TokenBudget(40, words) & TopP(0.9),
        ],
    )
    def test_a_selector_and_back(self, selector):
        limits = Limits.of(selector)
        assert Limits.of(limits.selector(words)) == limits
        assert limits != Limits()

    def test_no_limit_keeps_all(self):
        assert Limits().selector(words) == Threshold(-math.inf)

    def test_a_selector_of_another_kind_has_none(self):
        class Odd:
            def admits(self, draft):
                return draft.rank % 2 == 0

        assert Limits.of(Odd()) == Limits()


def test_the_page_chooses_of_large_inputs_as_the_compressor_does():
    documents = [Document(f"Tea {n} is hot. Rain {n} fell. Gulls nest.") for n in range(20)]
    documents.append(Document("Ada built the tower. It is tall."))
    compressor = ExtractiveCompressor(shared_words, selector=TopK(1), prefilter=16)
    trial = Session(compressor, count_tokens=words).compress(
        "Who built the tower?", documents, Limits(top_k=1)
    )
    expected = compressor.compress("Who built the tower?", documents)
    assert trial.compression == expected
    assert "4 of 62 sentences" in expected.reason


class TestCode:
    @pytest.mark.parametrize(
        "limits",
        [
            Limits(),
            Limits(top_k=1),
            Limits(top_p=0.7, min_score=0.5),
            Limits(top_p=0.7, temperature=0.5),
            Limits(max_tokens=15, top_k=3),
        ],
    )
    def test_the_lines_do_the_same(self, limits, monkeypatch):
        import recomp_core.persistence.compressors

        monkeypatch.setattr(
            recomp_core.persistence.compressors,
            "load_compressor",
            lambda: ExtractiveCompressor(shared_words),
        )
        session = Session(ExtractiveCompressor(shared_words))
        names = {"question": QUERY, "documents": DOCUMENTS}
        exec(session.code(limits), names)
        assert names["text"] == session.compress(QUERY, DOCUMENTS, limits).compression.text

    def test_model_context_and_tokenizer_are_named(self):
        compressor = ExtractiveCompressor(DualEncoderScorer(Letters()))
        session = Session(compressor, count_tokens=words, model="./m", tokenizer="gpt2")
        code = session.code(Limits(max_tokens=9), "title")
        assert "load_compressor('./m', context='title')" in code
        assert "TokenBudget(9, TokenCounter('gpt2'))" in code
        assert "import TokenBudget, TokenCounter, load_compressor\n" in code
        assert "context" not in session.code(Limits(), "sentence")


def test_a_month_has_thirty_days():
    # 200 tokens × 1,000 calls × 30 days = 6 million tokens
    assert Price(2.5, 1_000).per_month(200) == pytest.approx(15.0)
    assert Price(2.5, 0).per_month(200) == 0
    with pytest.raises(ValueError, match="per_million of at least 0, got -1"):
        Price(-1, 10)
    with pytest.raises(ValueError, match="per_million of at least 0, got nan"):
        Price(math.nan, 10)


class TestDocuments:
    def test_a_line_of_hyphens_stands_between_two(self):
        text = "# The tower\n\nBob built it.\r\n\r\nIn 1889.\n---\n \n-----  \nA -- b --- c.\n"
        assert documents_from_text(text) == [
            Document("Bob built it.\n\nIn 1889.", title="The tower"),
            Document("A -- b --- c."),
        ]

    def test_what_is_no_title(self):
        for text in ("## Part\n\nx", "#hash x", "#", "x\n# y"):
            assert documents_from_text(text) == [Document(text)]

    def test_nothing(self):
        assert documents_from_text(" \n---\n") == []

    @given(st.lists(st.tuples(st.sampled_from(["", "Tower", "塔"]), st.sampled_from(
        ["Bob built it.", "One.\n\nTwo.", "鲍勃建了塔。", "- a\n- b"])), max_size=4))  # fmt: skip
    def test_the_box_holds_what_was_put_in(self, pairs):
        documents = [Document(text, title=title or None) for title, text in pairs]
        assert documents_from_text(text_of(documents)) == documents

    def test_a_file(self):
        raw = "\ufeff# 塔\r\n\r\n鲍勃\r\n---\r\n建了塔。".encode()
        expected = Document("鲍勃\n---\n建了塔。", title="塔", id="tower.md")
        assert document_from_file("tower.md", raw) == expected
        assert document_from_file("a.txt", b"Bob.") == Document("Bob.", title="a.txt", id="a.txt")
        with pytest.raises(ValueError, match=r"photo\.txt is not UTF-8 text .*convert it first"):
            document_from_file("photo.txt", b"\xff\xd8")


class Reader(HTMLParser):
    """The text of a fragment, and its elements, all of them closed."""

    def __init__(self, fragment):
        super().__init__()
        self.open, self.items, self.seen = [], [], []
        self.feed(fragment)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.seen.append(tag)
        if tag in ("li", "div"):
            self.items.append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.items and "style" not in self.open:
            self.items[-1] += data


class TestView:
    def items(self, trial, **settings):
        fragment = scores_fragment(trial, **settings)
        return [item.strip() for item in Reader(fragment).items if item.strip()]

    def test_the_cut_lies_below_the_last_that_is_kept(self, session):
        trial = session.compress(QUERY, DOCUMENTS, Limits(top_k=2))
        assert self.items(trial) == [
            "3.000Bob built the tower. ✓ kept · Tower",
            "1.000The rain fell. ✓ kept · Tower",
            "The cut: nothing below is kept.",
            "1.000Nobody knows who. document 2",
            "0.000Bananas are yellow. document 2",
        ]

    def test_a_budget_passes_over_what_does_not_fit(self):
        session = Session(ExtractiveCompressor(shared_words), count_tokens=words)
        long = "Who built the tower is what nobody here knows. Bob built the hut. It rains."
        found = self.items(session.compress(QUERY, [long], Limits(max_tokens=4)))
        assert found == [
            "4.000Who built the tower is what nobody here knows. document 1",
            "2.000Bob built the hut. ✓ kept · document 1",
            "The cut: nothing below is kept.",
            "0.000It rains. document 1",
        ]

    def test_nothing_or_everything_is_kept(self, session):
        nothing = self.items(session.compress(QUERY, DOCUMENTS, Limits(min_score=9.0)))
        assert nothing[0] == "Nothing is kept."
        assert len(nothing) == 5
        everything = self.items(session.compress(QUERY, DOCUMENTS, Limits()))
        assert len(everything) == 4
        assert all("✓ kept" in item for item in everything)
        empty = scores_fragment(session.compress(QUERY, [], Limits()))
        assert "There is no sentence to score." in empty

    def test_a_long_list_is_cut(self, session):
        trial = session.compress(QUERY, DOCUMENTS, Limits(top_k=3))
        found = self.items(trial, most=2)
        assert len(found) == 2
        assert found[-1].endswith("and 2 more, 1 of them kept")

    def test_figures(self, session):
        trial = session.compress(QUERY, DOCUMENTS, Limits(top_k=1))
        trial = replace(trial, scoring_seconds=0.0421, selecting_seconds=0.0004)
        found = [
            i.strip() for i in Reader(figures_fragment(trial, "tokens", Price(1e4, 100))).items
        ]
        # 13 and 4 tokens × 100 calls × 30 days = 39,000 and 12,000 tokens
        assert [i for i in found if i] == [
            "Tokens4of 13",
            "Rate30.8%of the tokens stay",
            "Sentences1of 4",
            "Input, 30 days120.00instead of 390.00",
            "New question42 msthen 0.4 ms a setting",
        ]

    def test_figures_of_nothing(self, session):
        found = figures_fragment(session.compress(QUERY, [], Limits()), "tokens")
        assert "0.0%" in found
        assert "New question" not in found

    @given(st.text("<>&\"'ab. \n", max_size=30))
    def test_everything_is_escaped(self, text):
        session = Session(ExtractiveCompressor(shared_words))
        trial = session.compress("q", [Document(f"<b>{text}", title=f"<i>{text}")], Limits(top_k=1))
        assert not {"b", "i"} & set(Reader(scores_fragment(trial).replace("<i style", "<u style")
                                           .replace("</i></span>", "</u></span>")).seen)  # fmt: skip

    def test_numbers_for_people(self):
        assert [money(x) for x in (0, 0.0042, 0.5, 12.3, 1234.5)] == [
            "0.00", "0.0042", "0.50", "12.30", "1,234",
        ]  # fmt: skip
        assert [duration(x) for x in (0.0004, 0.0421, 1.25)] == ["0.4 ms", "42 ms", "1.2 s"]


class TestExamples:
    @pytest.mark.parametrize("name", EXAMPLES)
    def test_each_fills_the_page(self, name):
        query, documents = EXAMPLES[name]()
        assert query
        found = documents_from_text(text_of(documents))
        assert [(d.title, d.text) for d in found] == [(d.title, d.text) for d in documents]

    def test_the_questions_are_what_they_say(self):
        from recomp_core.data.examples import questions
        from recomp_core.text.answers import contains_answer

        found = questions()
        assert len({question.id for question in found}) == len(found) == 32
        for question in found:
            gold = [
                (document.text, sentence)
                for document in question.documents
                for sentence in document.metadata.get("gold_sentences", ())
            ]
            assert all(sentence in text for text, sentence in gold)
            kind = question.rest["kind"]
            assert len(gold) == {"one": 1, "two": 2, "none": 0}[kind], question.id
            anywhere = any(contains_answer(d.text, question.answers) for d in question.documents)
            assert anywhere == (kind != "none"), question.id
            if gold:
                assert any(contains_answer(s, question.answers) for _, s in gold), question.id
        assert sum(bool(re.search("[一-鿿]", question.query)) for question in found) == 3


class TestServing:
    def test_nothing_asks_the_network(self):
        found = dict(flag[2:].split("=") for flag in flags("127.0.0.1", 7860, False))
        assert found["browser.gatherUsageStats"] == "false"
        assert found["server.address"] == "127.0.0.1"
        assert found["server.headless"] == "true"
        assert found["client.showErrorDetails"] == "none"

    @pytest.mark.enable_socket
    def test_a_port_that_is_taken(self, session):
        pytest.importorskip("streamlit", reason='needs pip install "recomp[demo]"')
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            with pytest.raises(OSError, match=f"127.0.0.1:{port} .*give another --port"):
                serve(session, port=port)

    def test_without_streamlit(self, session, monkeypatch):
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
        with pytest.raises(ImportError, match=r'the demo needs streamlit: .*"recomp\[demo\]"'):
            serve(session)


class TestCommand:
    @pytest.fixture
    def app(self):
        app = typer.Typer(pretty_exceptions_enable=False)
        app.command()(demo)
        return app

    @pytest.fixture
    def started(self, monkeypatch):
        """What the command would serve, with a compressor that loads no model."""
        pytest.importorskip("streamlit", reason='needs pip install "recomp[demo]"')
        calls = []
        monkeypatch.setattr(
            "recomp_core.persistence.factory.compressor_from_settings",
            lambda model=None, **_: ExtractiveCompressor(shared_words),
        )
        monkeypatch.setattr(
            "recomp_core.demo.serving.serve",
            lambda models, **settings: calls.append((models, settings)),
        )
        return calls

    def test_it_is_known_without_loading_anything(self):
        probe = (
            "import sys, recomp_core.cli.demo; "
            "print([m for m in ('torch', 'numpy', 'streamlit') if m in sys.modules])"
        )
        shown = subprocess.run([sys.executable, "-c", probe], capture_output=True, check=True)
        assert shown.stdout.split() == [b"[]"]

    def test_this_machine_alone_by_default(self, app, started):
        done = CliRunner().invoke(app, ["--no-browser"])
        assert done.exit_code == 0, done.output
        [(models, settings)] = started
        assert settings == {"host": "127.0.0.1", "port": 7860, "open_browser": False}
        assert models.session.unit == "characters"
        assert "http://127.0.0.1:7860" in done.output
        assert "can use the page" not in done.output

    def test_an_open_door_is_said(self, app, started):
        done = CliRunner().invoke(app, ["--host", "0.0.0.0", "--port", "80"])
        assert "anyone who reaches 0.0.0.0:80 can use the page" in done.output
        assert "http://127.0.0.1:80 " in done.output

    def test_an_address_needs_the_model_there(self, app, started):
        done = CliRunner().invoke(app, ["--base-url", "http://127.0.0.1:1/v1"])
        assert done.exit_code == 2
        assert "--summarizer" in done.output
        assert started == []

    def test_without_streamlit_it_says_what_to_install(self, app, monkeypatch):
        monkeypatch.setitem(sys.modules, "streamlit", None)
        done = CliRunner().invoke(app, [])
        assert isinstance(done.exception, ImportError)
        assert 'recomp demo needs streamlit: pip install "recomp[demo]"' in str(done.exception)

    def test_a_tokenizer_that_is_not_there(self, app, started):
        done = CliRunner().invoke(app, ["--tokenizer", "./nowhere"])
        assert isinstance(done.exception, OSError)
        assert "the tokenizer './nowhere' can't be loaded" in str(done.exception)
        assert started == []

    def test_a_tokenizer_counts(self, app, started, tmp_path):
        from tokenizers import Tokenizer, models, pre_tokenizers
        from transformers import PreTrainedTokenizerFast

        tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
        tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
        PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]").save_pretrained(
            tmp_path
        )
        done = CliRunner().invoke(app, ["--tokenizer", str(tmp_path)])
        assert done.exit_code == 0, done.output
        session = started[0][0].session
        assert isinstance(session.count_tokens, TokenCounter)
        assert session.count_tokens("Bob built it.") == 3
        assert session.unit == "tokens"


class TestPage:
    """The page as Streamlit runs it, without a browser."""

    @pytest.fixture
    def page(self, session):
        testing = pytest.importorskip(
            "streamlit.testing.v1", reason='needs pip install "recomp[demo]"'
        )
        put(session)
        return testing.AppTest.from_file(str(PAGE), default_timeout=60).run()

    def fill(self, page, query=QUERY, documents=DOCUMENTS):
        page.text_input(key="question").set_value(query)
        page.text_area(key="documents").set_value(text_of(documents))
        return page.run()

    def shown(self, page):
        """Figures, documents and scores."""
        assert not page.exception
        assert not page.error
        return [found.proto.body for found in page.get("html")]

    def test_the_example_is_there_at_the_start(self, page):
        figures, documents, _ = self.shown(page)
        assert "Who designed the Skerry Point lighthouse?" in documents
        assert "of 33" in figures
        assert documents.count("<mark") == 2

    def test_a_slider_changes_what_is_kept_and_scores_nothing(self, page, scorer):
        self.fill(page)
        before = scorer.calls
        assert self.shown(page)[1].count("<mark") == 2
        page.slider(key="top_k").set_value(1).run()
        assert self.shown(page)[1].count("<mark") == 1
        page.checkbox(key="use_top_k").uncheck()
        page.checkbox(key="use_min_score").check().run()
        page.slider(key="min_score").set_value(1.0).run()
        assert self.shown(page)[1].count("<mark") == 3
        assert "Threshold(1.0)" in page.code[1].value
        assert scorer.calls == before

    def test_the_sliders_end_where_the_documents_do(self, page):
        self.fill(page)
        assert page.slider(key="top_k").max == 4
        assert page.slider(key="max_tokens").max == 13
        assert page.slider(key="max_tokens").value == 13
        assert (page.slider(key="min_score").min, page.slider(key="min_score").max) == (0.0, 3.0)

    def test_nothing_kept_is_said(self, page):
        page.checkbox(key="use_min_score").check().run()
        page.slider(key="min_score").set_value(1.0).run()
        self.fill(page, "nothing in common", [Document("Bob. Ann.")])
        assert "nothing will be prepended" in self.shown(page)[1]
        assert page.info[0].value == "Nothing is left: prepend nothing."

    def test_one_sentence_and_none(self, page):
        for documents in ([Document("Bob built it.")], []):
            self.fill(page, documents=documents)
            assert len(self.shown(page)) == 3

    def test_what_it_costs(self, page):
        self.fill(page)
        page.number_input(key="price").set_value(1e4)
        page.number_input(key="calls").set_value(100).run()
        # 7 of 13 tokens × 100 calls × 30 days = 21,000 and 39,000 tokens
        assert "210.00<small>instead of 390.00" in self.shown(page)[0]

    def test_another_example(self, page):
        page.selectbox(key="example").select("一个中文问题").run()
        assert "云栖渡廊桥是谁设计的" in self.shown(page)[1]

    def test_the_question_stays_when_a_slider_moves(self, page):
        self.fill(page, "who fell")
        page.slider(key="top_k").set_value(1).run()
        assert page.text_input(key="question").value == "who fell"

    def test_a_blank_question_is_an_error_in_words(self, page):
        page.text_input(key="question").set_value(" ").run()
        assert not page.exception
        assert [error.value for error in page.error] == [
            "query is blank (' '): without a question nothing can be relevant"
        ]

    def test_what_breaks_is_said_without_a_trace(self, page, scorer, monkeypatch):
        def broken(tasks):
            raise RuntimeError("the graphics card has gone")

        monkeypatch.setattr(scorer, "score", broken)
        self.fill(page, "who is new")
        assert not page.exception
        [error] = page.error
        assert error.value == "This did not work: RuntimeError: the graphics card has gone"
        monkeypatch.undo()
        self.shown(page.run())

    def test_the_contexts_can_be_chosen(self):
        testing = pytest.importorskip(
            "streamlit.testing.v1", reason='needs pip install "recomp[demo]"'
        )
        put(Session(ExtractiveCompressor(DualEncoderScorer(Letters(), context="title"))))
        page = testing.AppTest.from_file(str(PAGE), default_timeout=60).run()
        assert page.selectbox(key="context").value == "title"
        page.selectbox(key="context").select("document").run()
        self.shown(page)
        assert "context='document'" in page.code[1].value
        # No tokenizer here, and nothing calls characters tokens.
        figures, documents, _ = self.shown(page)
        assert "Characters" in figures
        assert "characters, rate" in documents
        assert "tokens" not in figures + documents

    def test_a_saved_selector_is_where_it_begins(self):
        testing = pytest.importorskip(
            "streamlit.testing.v1", reason='needs pip install "recomp[demo]"'
        )
        put(Session(ExtractiveCompressor(shared_words, selector=Threshold(1.5))))
        page = testing.AppTest.from_file(str(PAGE), default_timeout=60).run()
        assert page.slider(key="min_score").value == 1.5
        assert not page.checkbox(key="use_top_k").value
        assert page.checkbox(key="use_min_score").value


@pytest.mark.model
def test_the_bundled_encoder(embedded):
    session = Session(embedded)
    assert session.contexts == ("document", "title", "sentence")
    assert session.unit == "tokens"
    query, documents = EXAMPLES["一个中文问题"]()
    trial = session.compress(query, documents, Limits(top_k=2))
    assert trial.compression == embedded.compress(query, documents)
    assert json.dumps(trial.compression.to_dict())
    names = {"question": query, "documents": documents}
    exec(session.code(Limits(max_tokens=60)), names)
    assert (
        names["text"] == session.compress(query, documents, Limits(max_tokens=60)).compression.text
    )
