"""The report as text, its data, charts and plots; how it looks and behaves is tests/browser's."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import math
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from evaluation_samples import evaluation
from hypothesis import given
from hypothesis import strategies as st

from recomp_core import Document
from recomp_core._utils.notebook import notebook_html
from recomp_core.data import Question
from recomp_core.evaluation.reports import evaluation_fragment, report_page, write_report
from recomp_core.evaluation.reports.payload import Offsets, data_element, payload
from recomp_core.evaluation.reports.pictures import (
    COLOURS,
    curve_measures,
    curves,
    format_seconds,
    percent,
    times,
)
from recomp_core.evaluation.reports.plots import plot_curves, save_plots
from recomp_core.evaluation.reports.svg import (
    Axis,
    Chart,
    Mark,
    Series,
    marker,
    rate_axis,
    seconds_axis,
    share_axis,
)
from recomp_core.evaluation.results import Evaluation, Row
from recomp_core.evaluation.statistics import summarize

VOID = {"meta", "br", "input"}


class Checker(HTMLParser):
    """Fails on what is closed wrongly; collects text, elements and attributes."""

    def __init__(self):
        super().__init__()
        self.open, self.seen, self.words, self.attributes = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("script", "style"):
            self.words.append(data)


def checked(page):
    checker = Checker()
    checker.feed(page)
    checker.close()
    assert checker.open == []
    return checker


def said(page):
    """The words of a page, elements set apart, with plain spaces."""
    words = " ".join(" ".join(checked(page).words).replace("\u00a0", " ").split())
    return re.sub(r" ([,.;:)])", r"\1", words)


def question(name="q", *, text="Ann did it. Tea is at four.", answers=("Ann",), **metadata):
    return Question(name, "who did it?", answers, (Document(text, title="One", metadata=metadata),))


def rows(system, *recalls, setting="", rate=10, **known):
    """Rows of questions q0, q1, …, each with its answer recall, at a rate in percent."""
    return tuple(
        Row(f"q{n}", system, setting, tokens_before=100, tokens_after=rate, answerable=True,
            answer_recall=recall, **known)
        for n, recall in enumerate(recalls)
    )  # fmt: skip


SMALL = Evaluation(
    (
        *rows("ours", True, True, True, False, rate=10, seconds=0.02),
        *rows("other", True, False, False, False, rate=10, seconds=0.5),
        *rows("all", True, True, True, True, rate=100),
    ),
    {f"q{n}": question(f"q{n}") for n in range(4)},
)


def test_the_first_sentence_names_the_best_system_and_what_it_keeps_of_all():
    text = said(report_page(SMALL))
    assert "At a compression rate of 10 %, ours has the highest answer recall: 75.0 %" in text
    assert "n = 4). All documents together reach 100.0 %: 75 % of that is kept." in text
    assert "Next: other 25.0 %" in text


def test_the_oracle_is_never_the_best_and_is_shown_with_its_rate():
    page = replace(SMALL, rows=(*SMALL.rows, *rows("oracle", True, True, True, True, rate=5)))
    text = said(report_page(page))
    assert "10 %, ours has the highest" in text
    assert "oracle sentence 100.0 % at a rate of 5.0 %" in text
    assert "all documents 100.0 % at a rate of 100.0 %" in text


def test_the_table_by_rate_is_read_off_between_the_points():
    # At 5 % half of the way from nothing (0 % recall) to 75 % at 10 %; beyond it stays.
    cells = re.findall(
        r'<tr><th scope="row" class="words"><bdi>ours</bdi></th>(.*?)</tr>', report_page(SMALL)
    )
    assert re.findall(r'data-value="([\d.]+)"', cells[0]) == ["0.375", "0.75", "0.75"]


def test_without_all_documents_the_answerable_questions_are_what_could_be_kept():
    ours = rows("ours", True, False, False, False)
    lacking = (*ours[:3], replace(ours[3], answerable=False))
    text = said(report_page(Evaluation(lacking, SMALL.questions)))
    assert "All documents together reach 75.0 %: 33 % of that is kept." in text
    assert "1 of 4 questions have no document with a gold answer." in text


def test_failures_empty_results_and_bad_records_are_counted():
    page = Evaluation(
        (
            *rows("ours", True, False, empty=True),
            Row("q2", "ours", error="RuntimeError: out of memory"),
            Row("q3", "ours", reader_error="TimeoutError: no answer", answerable=False, empty=False,
                answer_recall=False, tokens_before=9, tokens_after=9),
        ),
        SMALL.questions,
        {},
        ({"id": "x", "error": "ValueError: query is blank"},),
    )  # fmt: skip
    text = said(report_page(page))
    assert "1 of 4 rows failed and count in no mean" in text
    assert "The reader failed on 1 row." in text
    kept = (
        "ours keeps nothing for 66.7 % of the questions: 100.0 % of those that a document answers"
    )
    assert f"{kept}, 0.0 % of the others." in text
    assert "1 record could not be read as questions." in text
    assert "ValueError: query is blank" in text
    assert "reader_error" not in text


def test_without_gold_answers_or_reader_the_page_says_what_it_cannot():
    page = Evaluation(
        (Row("q", "ours", tokens_before=10, tokens_after=1, seconds=0.1),), {"q": question()}
    )
    text = said(report_page(page))
    assert "No measure of quality is defined for these questions" in text
    assert "Time by compression rate" in text


def test_no_rows_at_all_still_make_a_page():
    text = said(report_page(Evaluation((), {}, {}, ({"id": "1", "error": "no query"},))))
    assert "There is nothing to report: the evaluation has no row." in text
    assert "no query" in text
    assert 'id="data"' not in report_page(Evaluation(()))


def test_rates_no_system_reaches_are_said():
    # Where there is no gold answer, nothing is known of the empty text.
    page = Evaluation(
        (Row("q", "ours", tokens_before=10, tokens_after=5, f1=0.5),), {"q": question()}
    )
    assert "No system was measured at a compression rate as low as 10.0 %." in said(
        report_page(page)
    )


def test_settings_skipped_systems_and_the_tokenizer_are_shown():
    about = {"tokenizer": "gpt2", "reader": {"name": "tiny", "k": 3}, "seed": 0, "date": "2026-01-02",
             "skipped": {"llmlingua": "needs llmlingua"}, "none": None, "yes": True, "list": [1, 2.5]}  # fmt: skip
    text = said(report_page(replace(SMALL, about=about)))
    assert "4 questions · 3 systems · reader tiny · rates in tokens of gpt2 · 2026-01-02" in text
    assert "Left out llmlingua needs llmlingua" in text
    assert "1, 2.5" in text
    assert "rates in characters" in said(report_page(SMALL))


def test_what_is_saved_is_told_where_tokens_were_counted():
    assert 'id="costs"' not in report_page(SMALL)
    # 90 tokens saved in 20 ms: 4,500 a second. At 2 per million, 1,000 questions save 0.18.
    about = {"tokenizer": "gpt2", "price_per_million": 2.0}
    text = said(report_page(replace(SMALL, about=about)))
    assert "What it saves" in text
    assert "ours – 90 0.18 – 4,500 other" in text


def test_a_comparison_has_a_section_of_its_own():
    from recomp_core.evaluation.comparison import compare

    found = compare(SMALL, systems=("other", "ours"))
    text = said(report_page(SMALL, comparison=found))
    assert found.verdict.replace("\u00a0", " ") in text
    assert 'id="comparison"' not in report_page(SMALL)


def test_the_page_loads_nothing_and_its_policy_allows_only_its_own_style_and_script():
    page = report_page(evaluation(12, 3))
    checker = checked(page)
    assert not {"link", "img", "iframe", "object", "embed"} & set(checker.seen)
    assert not [value for name, value in checker.attributes if name in ("src", "style", "srcset")]
    assert not [name for name, _ in checker.attributes if name.startswith("on")]
    assert all(value.startswith("#") for name, value in checker.attributes if name == "href")
    for tag, rule in (("style", "style-src"), ("script", "script-src")):
        content = re.search(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{rule} 'sha256-{digest}'" in page.replace("&#x27;", "'")
    assert "default-src 'none'" in page.replace("&#x27;", "'")


def test_tables_have_captions_and_heads_that_say_what_they_head():
    checker = checked(report_page(evaluation(12, 3)))
    assert checker.seen.count("table") == checker.seen.count("caption") > 2
    assert checker.seen.count("th") == [name for name, _ in checker.attributes].count("scope")


EVIL = "</script><script>alert(1)</script><!-- <b>&amp; \ud800\x00 \u2028"


def test_nothing_that_comes_from_data_becomes_html():
    page = Evaluation(
        (
            Row("q", EVIL, EVIL, error=EVIL, note=EVIL),
            Row(
                "q",
                "ours",
                prediction=EVIL,
                text=EVIL,
                tokens_before=2,
                tokens_after=1,
                f1=0.0,
                seconds=1.0,
            ),
        ),
        {"q": Question("q", EVIL, (EVIL,), (Document(EVIL, title=EVIL),))},
        {EVIL: [EVIL, {EVIL: EVIL}], "reader": EVIL, "date": EVIL, "skipped": {EVIL: EVIL}},
        ({"id": EVIL, "error": EVIL},),
    )
    text = report_page(page, title=EVIL, lang='en" onload="x')
    checker = checked(text)
    assert checker.seen.count("script") == 2
    assert "b" not in checker.seen
    assert "onload" not in [name for name, _ in checker.attributes]
    assert "\x00" not in text
    text.encode("utf-8")


@given(st.lists(st.text(), min_size=5, max_size=5))
def test_any_text_makes_a_page_that_holds_together(texts):
    query, answer, body, system, note = texts
    page = Evaluation(
        (
            Row(
                "q",
                system,
                note,
                note=note,
                text=body,
                tokens_before=3,
                tokens_after=1,
                f1=0.5,
                seconds=0.1,
            ),
        ),
        {"q": Question("q", query, (answer,), (Document(body, title=note),))},
        {note: body},
    )
    text = report_page(page)
    assert checked(text).seen.count("script") == 2
    text.encode("utf-8")


def test_a_report_is_written_whole_and_replaces_the_one_before(tmp_path):
    file = tmp_path / "r.html"
    file.write_text("before")
    assert write_report(SMALL, file) == file
    assert file.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert list(tmp_path.iterdir()) == [file]
    with pytest.raises(FileNotFoundError):
        write_report(SMALL, tmp_path / "nowhere" / "r.html")


def test_equal_evaluations_make_equal_pages():
    assert report_page(evaluation(12, 3), compress=True) == report_page(
        evaluation(12, 3), compress=True
    )


# The embedded data


def test_documents_are_held_once_and_rows_are_columns():
    shared = Document(
        "Ann did it. Tea.", title="One", metadata={"gold_sentences": ["Ann did it.", "gone"]}
    )
    page = Evaluation(
        (
            Row("a", "ours", "k=1", tokens_before=4, tokens_after=3, kept=((1, 0, 11),), text="Ann did it.",
                answerable=True, answer_recall=True, empty=False, seconds=0.0123456),
            Row("b", "ours", "k=1", error="broken"),
            Row("b", "all", text="written anew", answerable=True, answer_recall=False),
        ),
        {
            "a": Question("a", "who?", ("Ann",), (Document("Other."), shared)),
            "b": Question("b", "what?", (), (replace(shared),)),
        },
    )  # fmt: skip
    assert payload(page) == {
        "documents": [["", "Other.", []], ["One", "Ann did it. Tea.", [0, 11]]],
        "questions": [["a", "who?", ["Ann"], [0, 1]], ["b", "what?", [], [1]]],
        "points": [
            {"system": "ours", "setting": "k=1", "flags": [8 | 16 | 32 | 64, 1], "before": [4, None],
             "after": [3, None], "seconds": [0.01235, None], "error": [None, "broken"],
             "kept": [[1, 0, 11], None]},
            {"system": "all", "setting": "", "flags": [None, 8 | 16 | 32], "text": [None, "written anew"]},
        ],
    }  # fmt: skip


def test_questions_that_were_not_kept_are_there_by_id():
    assert payload(Evaluation((Row("q7", "ours"),)))["questions"] == [["q7", "", [], []]]


@given(st.text(max_size=30), st.data())
def test_offsets_count_as_javascript_counts(text, data):
    place = data.draw(st.integers(0, len(text)))
    as_utf16 = len(text[:place].encode("utf-16-le", "surrogatepass")) // 2
    assert Offsets(text)(place) == as_utf16


def test_large_data_is_packed_and_holds_the_same():
    page = evaluation(12, 2)
    plain = data_element(page, compress=False)
    packed = data_element(page, compress=True)
    content = re.search(r">(.*)</script>", packed, re.DOTALL)[1]
    unpacked = json.loads(gzip.decompress(base64.b64decode(content)))
    assert (
        unpacked == json.loads(re.search(r">(.*)</script>", plain, re.DOTALL)[1]) == payload(page)
    )
    assert data_element(page) == plain  # small: it stays readable


# Pictures


def test_the_measures_drawn_are_those_measured():
    def measured(**known):
        return curve_measures(summarize(Evaluation((Row("q", "s", **known),))))

    assert measured(answer_recall=True, agreement=0.5, support=1.0) == (
        "answer_recall",
        "agreement",
    )
    assert measured(support=1.0, gold_recall=0.5) == ("gold_recall",)
    assert measured(seconds=1.0) == ()


def test_a_curve_has_its_points_by_rate_and_the_own_setting_beside_it():
    page = Evaluation(
        (
            *rows("ours", True, False, setting="top_k=2", rate=30),
            *rows("ours", True, True, setting="top_p=0.9", rate=50),
            *rows("ours", False, False, setting="top_p=0.1", rate=5),
        )
    )
    (trace,) = curves(page, summarize(page), "answer_recall")
    assert [(spot.rate, spot.value) for spot in trace.curve] == [(0.05, 0.0), (0.5, 1.0)]
    assert (trace.own.rate, trace.own.value) == (0.3, 0.5)
    assert "top_k=2: answer recall 50.0\u00a0%" in trace.own.words


def test_times_that_are_shared_are_shown_once_and_references_not():
    page = Evaluation(
        (
            *rows("ours", True, setting="k=1", rate=5, seconds=0.2),
            *rows("ours", True, setting="k=2", rate=9, seconds=0.2),
            *rows("other", True, setting="a", rate=5, seconds=0.1),
            *rows("other", True, setting="b", rate=9, seconds=0.3),
            *rows("all", True, rate=100, seconds=1e-6),
        )
    )
    found = {trace.system: [s.value for s in trace.spots] for trace in times(page, summarize(page))}
    assert found == {"ours": [0.2], "other": [0.1, 0.3]}


def test_axes_hold_their_values_at_round_ticks():
    assert [text for _, text in share_axis("y", [0.55, 0.81]).ticks] == [
        "40 %",
        "50 %",
        "60 %",
        "70 %",
        "80 %",
        "90 %",
    ]
    assert [text for _, text in share_axis("y", [0.1, 0.95]).ticks] == [
        "0 %",
        "20 %",
        "40 %",
        "60 %",
        "80 %",
        "100 %",
    ]
    assert share_axis("y", [1.0]).high == 1.0
    assert [text for _, text in rate_axis("x", [0.02, 0.11]).ticks] == ["0 %", "1 %", "5 %", "10 %"]
    assert [text for _, text in seconds_axis("y", [0.02, 0.5]).ticks] == [
        "10\u00a0ms",
        "100\u00a0ms",
        "1\u00a0s",
    ]
    assert seconds_axis("y", [0.0]).low == 1e-4
    axis = Axis("x", 0.0, 1.0, (), math.sqrt)
    assert (axis.share(0.25), axis.share(2.0), axis.share(-1.0)) == (0.5, 1.0, 0.0)


def test_a_chart_names_itself_describes_itself_and_labels_every_system():
    marks = (Mark(0.1, 0.5, 0.4, 0.6, "ours at 10 %"), Mark(0.2, 0.8, 0.7, 0.9, "ours at 20 %"))
    lone = Series("a <b>", (), 9, (Mark(0.1, 0.5, 0.5, 0.5, "alone"),))
    x, y = rate_axis("x", [0.2]), share_axis("y", [0.4, 0.9])
    drawn = Chart([Series("ours", marks, 0), lone], x, y, width=400, height=300, name="c").svg(
        "T & t", "D"
    )
    checked(drawn)
    assert 'role="img"' in drawn
    assert '<title id="c-title">T &amp; t</title>' in drawn
    assert drawn.count('class="label') == 2
    assert "a &lt;b&gt;" in drawn
    assert drawn.count('<path class="marker') == 3
    assert drawn.count('class="line') == drawn.count('class="band') == 1
    assert 'class="marker s1 hollow"' in drawn
    assert marks[0].words in drawn


def test_labels_of_points_at_one_place_do_not_cover_each_other():
    series = [Series(f"system {n}", (), n, (Mark(0.1, 0.5, 0.5, 0.5, ""),)) for n in range(6)]
    chart = Chart(
        series, rate_axis("x", [0.2]), share_axis("y", [0.0, 1.0]), width=700, height=400, name="c"
    )
    places = re.findall(r'<text class="label [^"]*" x="([\d.]+)" y="([\d.]+)"', chart.svg("", ""))
    assert len(places) == len(set(places)) == 6


def test_sixteen_styles_differ_without_colour():
    outlines = {marker(style, 0, 0) for style in range(8)}
    assert len(outlines) == len(COLOURS) == 8
    assert marker(8, 0, 0) == marker(0, 0, 0)  # told apart by being hollow


def test_numbers_are_told_in_their_units():
    assert percent(0.1234) == "12.3\u00a0%"
    assert [format_seconds(s) for s in (0.00012, 0.0293, 1.5, 1234.0)] == [
        "0.12\u00a0ms", "29.3\u00a0ms", "1.5\u00a0s", "1,234\u00a0s",
    ]  # fmt: skip


# Notebooks


def test_the_view_of_a_notebook_is_small_and_runs_nothing():
    page = evaluation(12, 6)
    view = page._repr_html_()
    assert view == evaluation_fragment(page)
    checker = checked(view)
    assert "script" not in checker.seen
    assert checker.seen.count("svg") == 1 + 7  # the chart, and a key for each system
    assert checker.seen.count("tr") == 1 + 7  # the head, and the own setting of each system
    assert len(view) < 60_000


def test_a_subclass_has_the_view_of_its_class_and_other_classes_have_none():
    class Mine(Evaluation):
        pass

    assert notebook_html(Mine(SMALL.rows)) == notebook_html(Evaluation(SMALL.rows))
    with pytest.raises(TypeError, match="no notebook view is known for dict"):
        notebook_html({})


def test_views_on_one_page_have_their_own_ids():
    def ids(page):
        return {
            value for name, value in checked(evaluation_fragment(page)).attributes if name == "id"
        }

    assert ids(SMALL)
    assert not ids(SMALL) & ids(evaluation(12, 2))


def test_the_view_of_an_empty_evaluation_is_empty_too():
    assert "0 questions · 0 systems" in said(evaluation_fragment(Evaluation(())))


# Plots


def test_plots_are_written_in_every_format_and_alike(tmp_path):
    pytest.importorskip("matplotlib")
    page = evaluation(12, 3)
    files = save_plots(page, tmp_path / "new" / "plots")
    assert [file.name for file in files] == [
        "answer_recall.png", "answer_recall.svg", "f1.png", "f1.svg", "agreement.png",
        "agreement.svg", "latency.png", "latency.svg",
    ]  # fmt: skip
    assert files[0].read_bytes().startswith(b"\x89PNG")
    assert "<svg" in files[1].read_text()
    again = save_plots(page, tmp_path / "again", formats=("png",))
    assert again[0].read_bytes() == files[0].read_bytes()


def test_a_plot_can_be_drawn_into_axes_and_leaves_matplotlib_as_it_is():
    pytest.importorskip("matplotlib")
    import matplotlib
    from matplotlib.figure import Figure

    before = matplotlib.get_backend(auto_select=False)
    axes = Figure().subplots()
    assert plot_curves(SMALL, axes) is axes
    names = [text.get_text() for text in axes.get_legend().get_texts()]
    assert names == ["ours", "other", "all"]
    assert [list(line.get_ydata()) for line in axes.lines if line.get_label() == "ours"] == [[0.75]]
    assert plot_curves(SMALL).figure is not axes.figure
    assert matplotlib.get_backend(auto_select=False) == before


def test_what_cannot_be_drawn_is_said(tmp_path):
    pytest.importorskip("matplotlib")
    with pytest.raises(ValueError, match="no format 'gif': choose among png, svg, pdf"):
        save_plots(SMALL, tmp_path, formats=("gif",))
    with pytest.raises(ValueError, match="no row of the evaluation has both a rate and f1"):
        plot_curves(SMALL, measure="f1")
    with pytest.raises(ValueError, match="no curve of 'seconds'"):
        plot_curves(SMALL, measure="seconds")
    assert save_plots(Evaluation(()), tmp_path / "none") == []
