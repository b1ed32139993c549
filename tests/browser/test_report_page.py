"""The report in a real browser: in both schemes, on a phone, by keyboard, to a screen reader."""

from __future__ import annotations

from itertools import pairwise

import pytest
from evaluation_samples import evaluation, many

from recomp_core import Document
from recomp_core.data import Question
from recomp_core.evaluation.reports import write_report
from recomp_core.evaluation.results import Evaluation, Row

ENTER, ESCAPE, TAB = "\ue007", "\ue00c", "\ue004"
DOWN, UP, END, HOME, PAGE_DOWN = "\ue015", "\ue013", "\ue010", "\ue011", "\ue00f"
READY = "document.querySelector('#browser:not([hidden]) .option')"
WINDOWS = [(1280, "light"), (1280, "dark"), (375, "light"), (375, "dark")]


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return write_report(evaluation(60, 6), tmp_path_factory.mktemp("report") / "report.html")


def opened(browser, page, **window):
    browser.open(page, **window)
    browser.wait(READY)


def active(browser):
    return browser.run("return document.querySelector('[aria-selected=true] span').textContent")


def tab_to(browser, wanted, most=80):
    for _ in range(most):
        browser.press(TAB)
        if browser.focused() == wanted:
            return
    raise AssertionError(f"{wanted} cannot be reached with the tabulator: at {browser.focused()}")


@pytest.mark.parametrize(("width", "scheme"), WINDOWS)
def test_the_page_is_quiet_fits_the_window_and_can_be_read(
    browser, report, tmp_path, width, scheme
):
    opened(browser, report, width=width, height=812, scheme=scheme)
    browser.find("#next").click()
    browser.run("document.querySelector('details').open = true")
    assert browser.console() == []
    assert browser.run("return document.documentElement.scrollWidth") == width
    assert browser.screenshot(tmp_path / f"{width}-{scheme}.png").stat().st_size > 20_000
    contrasts = browser.contrasts()
    assert len(contrasts) > 300
    assert min(contrasts)[0] >= 4.5, min(contrasts)
    # What was asked for is what was painted.
    paper = browser.run("return getComputedStyle(document.body).backgroundColor")
    assert paper == {"light": "rgb(255, 255, 255)", "dark": "rgb(23, 27, 32)"}[scheme]


@pytest.mark.parametrize(("width", "shown"), [(1280, "wide"), (375, "narrow")])
def test_of_each_chart_one_drawing_is_shown_at_its_own_size(browser, report, width, shown):
    opened(browser, report, width=width)
    sizes = browser.run(
        "return [...document.querySelectorAll('.chart')].filter((e) => e.checkVisibility())"
        ".map((e) => [e.classList[1], e.getBoundingClientRect().width / e.viewBox.baseVal.width])"
    )
    assert [kind for kind, _ in sizes] == [shown] * 4
    assert all(scale == pytest.approx(1, abs=0.03) for _, scale in sizes)


@pytest.mark.parametrize("width", [1280, 375])
def test_no_label_of_a_chart_lies_over_another_or_outside(browser, report, width):
    opened(browser, report, width=width)
    crossing = browser.run(
        """
        const boxes = (chart, kind) => [...chart.querySelectorAll(kind)].map((e) => [e.textContent, e.getBoundingClientRect()]);
        const found = [];
        for (const chart of document.querySelectorAll('.chart')) {
          if (!chart.checkVisibility()) continue;
          const frame = chart.getBoundingClientRect();
          for (const kind of ['.label', '.tick']) {
            const texts = boxes(chart, kind);
            texts.forEach(([name, a], n) => {
              if (a.left < frame.left - 1 || a.right > frame.right + 1) found.push([name, 'outside']);
              for (const [other, b] of texts.slice(n + 1)) {
                if (a.left < b.right && b.left < a.right && a.top + 3 < b.bottom && b.top + 3 < a.bottom) found.push([name, other]);
              }
            });
          }
        }
        return found;
        """
    )
    assert crossing == []


def test_by_keyboard_tables_are_sorted(browser, report):
    opened(browser, report)
    tab_to(browser, "button:rate")
    rates = "return [...document.querySelectorAll('.sortable tbody tr')].map((r) => Number(r.cells[2].dataset.value))"
    state = "return document.activeElement.parentElement.getAttribute('aria-sort')"
    browser.press(ENTER)
    assert browser.run(state) == "descending"
    assert browser.run(rates) == sorted(browser.run(rates), reverse=True)
    browser.press(" ")
    assert browser.run(state) == "ascending"
    assert browser.run(rates) == sorted(browser.run(rates))
    assert browser.focused() == "button:rate"
    assert browser.run("return getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_what_is_not_measured_is_sorted_last_both_ways(browser, tmp_path):
    rows = [
        Row("q", name, tokens_before=10, tokens_after=1, f1=f1)
        for name, f1 in (("low", 0.1), ("none measured", None), ("high", 0.9))
    ]
    questions = {"q": Question("q", "who?", (), (Document("Ann."),))}
    opened(browser, write_report(Evaluation(tuple(rows), questions), tmp_path / "r.html"))
    names = "return [...document.querySelectorAll('.sortable tbody th')].map((e) => e.textContent)"
    button = next(
        b
        for b in browser.driver.find_elements("css selector", "th button")
        if b.text.startswith("F1")
    )
    button.click()
    assert browser.run(names) == ["high", "low", "none measured"]
    button.click()
    assert browser.run(names) == ["low", "high", "none measured"]


def test_by_keyboard_questions_are_walked_through_and_opened(browser, report):
    opened(browser, report)
    tab_to(browser, "div#list")
    assert browser.run("return getComputedStyle(document.activeElement).outlineStyle") == "solid"
    first = active(browser)
    browser.press(DOWN)
    second = active(browser)
    assert second != first
    assert browser.find("#asked").text == second
    browser.press(UP)
    assert active(browser) == first
    browser.press(END)
    assert active(browser) == "Who built Corrin Ferry in 1859?"
    chosen = browser.run(
        "return document.getElementById(document.activeElement.getAttribute('aria-activedescendant')).innerText"
    )
    assert chosen.startswith("Who built Corrin Ferry in 1859?")
    browser.press(ENTER)
    assert browser.focused() == "h3#asked"
    browser.press(ESCAPE)
    assert browser.focused() == "div#list"
    browser.press(HOME)
    assert active(browser) == first
    tab_to(browser, "button#next", most=3)
    browser.press(ENTER, ENTER)
    assert browser.focused() == "button#next"
    assert active(browser) != second


def test_at_the_end_of_the_list_the_focus_stays(browser, report):
    opened(browser, report)
    browser.find("#list").click()
    browser.press(END)
    browser.find("#next").click()
    assert browser.focused() == "button#next"
    assert browser.find("#next").get_attribute("aria-disabled") == "true"


def test_a_screen_reader_gets_names_landmarks_and_headings_in_order(browser, report):
    opened(browser, report)
    nodes = browser.accessibility()
    controls = ("button", "link", "combobox", "searchbox", "checkbox", "listbox", "option", "table", "region",
                "image", "navigation", "search", "article", "textbox")  # fmt: skip
    named = [node for node in nodes if node.role in controls]
    assert len(named) > 50
    assert [node for node in named if not node.name.strip()] == []
    roles = {node.role for node in nodes}
    assert {"banner", "main", "navigation", "search", "listbox", "status"} <= roles
    levels = [node.properties["level"] for node in nodes if node.role == "heading"]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    heads = [node.name for node in nodes if node.role == "columnheader"]
    assert "answer recall" in heads
    options = [node for node in nodes if node.role == "option"]
    assert any("Who built" in node.name for node in options)


def test_ids_are_not_repeated_and_every_reference_leads_somewhere(browser, report):
    opened(browser, report)
    ids = browser.run("return [...document.querySelectorAll('[id]')].map((e) => e.id)")
    assert len(ids) == len(set(ids))
    wanted = browser.run(
        "return ['aria-labelledby', 'aria-describedby', 'aria-activedescendant'].flatMap((name) =>"
        "[...document.querySelectorAll(`[${name}]`)].flatMap((e) => e.getAttribute(name).split(' ')))"
        ".concat([...document.querySelectorAll('a[href^=\"#\"]')].map((e) => e.hash.slice(1)))"
    )
    assert wanted
    assert set(wanted) <= set(ids)


QUESTION = Question(
    "q1", "who?", ("Ann Lee",),
    (Document("Tea 🪙 at four. Ann Lee did it. Bye.", title="One", metadata={"gold_sentences": ["Ann Lee did it."]}),
     Document("Nothing here.")),
)  # fmt: skip


def one(**known):
    row = Row("q1", "ours", "top_k=1", tokens_before=10, tokens_after=4, answerable=True, **known)
    return Evaluation((row,), {"q1": QUESTION})


def test_kept_gold_and_answer_are_marked_where_they_stand(browser, tmp_path):
    page = one(kept=((0, 15, 30),), answer_recall=True, text="Ann Lee did it.")
    opened(browser, write_report(page, tmp_path / "r.html"))
    text = "return [...document.querySelectorAll(arguments[0])].map((e) => e.textContent)"
    assert browser.run(text, ".text .kept") == ["Ann Lee did it."]
    assert browser.run(text, ".text .gold") == ["Ann Lee did it."]
    assert browser.run(text, ".text .answer") == ["Ann Lee"]
    assert browser.run(text, ".text .dropped") == ["Tea 🪙 at four. ", " Bye.", "Nothing here."]
    assert "The answer is in what was kept." in browser.find("#found").text
    browser.find("#short").click()
    assert browser.find(".text").text.strip() == "… Ann Lee did it. …"


def test_a_lost_answer_is_said_and_shown(browser, tmp_path):
    opened(browser, write_report(one(answer_recall=False, empty=True), tmp_path / "r.html"))
    said = browser.find("#found").text
    assert "The documents hold the answer, and it was lost." in said
    assert "Nothing was kept: nothing would be prepended." in said
    assert browser.run("return document.querySelector('.text .answer').textContent") == "Ann Lee"
    assert browser.run("return document.querySelectorAll('.text .kept').length") == 0


def test_a_summary_is_shown_as_text_and_an_error_with_its_reason(browser, tmp_path):
    rows = (
        Row("q1", "summarizer", text="It was Ann Lee.", tokens_before=10, tokens_after=4),
        Row("q1", "broken", error="RuntimeError: out of memory"),
    )
    opened(browser, write_report(Evaluation(rows, {"q1": QUESTION}), tmp_path / "r.html"))
    assert browser.find(".summary").text == "It was Ann Lee."
    browser.run(
        "const s = document.getElementById('point'); s.value = 1; s.dispatchEvent(new Event('change'))"
    )
    assert "No compression: RuntimeError: out of memory" in browser.find("#found").text


def test_what_the_reader_said_with_and_without(browser, tmp_path):
    rows = tuple(
        Row("q1", system, prediction=said, exact_match=right, f1=float(right))
        for system, said, right in (
            ("ours", "Bob", False),
            ("all", "Ann Lee", True),
            ("none", "", False),
        )
    )
    opened(browser, write_report(Evaluation(rows, {"q1": QUESTION}), tmp_path / "r.html"))
    table = browser.run(
        "return [...document.querySelectorAll('#found tbody tr')].map((r) => [...r.cells].map((c) => c.textContent))"
    )
    assert table == [
        ["this text", "Bob", "no", "0.00"],
        ["all documents", "Ann Lee", "yes", "1.00"],
        ["no documents", "(no answer)", "no", "0.00"],
    ]
    browser.run(
        "const s = document.getElementById('filter'); s.value = 'spoiled'; s.dispatchEvent(new Event('change'))"
    )
    assert browser.find("#count").text == "1 of 1 questions"


def test_text_that_is_html_is_text_and_arabic_runs_from_the_right(browser, tmp_path):
    evil = "</script><script>document.title='bad'</script><!-- <img src=x onerror=alert(1)> & \ud800 \x00"
    questions = {
        "q1": Question("q1", f"who {evil}?", (evil,), (Document(evil, title=evil),)),
        "q2": Question(
            "q2", "من صمم المنارة؟", ("ليلى حداد",), (Document("صممت ليلى حداد المنارة."),)
        ),
    }
    rows = tuple(
        Row(q, f"ours {evil}", f"s {evil}", text=evil, prediction=evil, note=evil)
        for q in questions
    )
    page = Evaluation(
        rows, questions, {"note": evil, "skipped": {evil: evil}}, ({"id": evil, "error": evil},)
    )
    opened(browser, write_report(page, tmp_path / "r.html", title=f"T {evil}"))
    assert browser.console() == []
    assert browser.run("return document.title").startswith("T </script><script>")
    assert browser.run("return document.querySelectorAll('img').length") == 0
    assert "<!-- <img src=x onerror=alert(1)> & ?" in browser.find("#asked").text
    browser.find("#next").click()
    assert (
        browser.run(
            "return getComputedStyle(document.querySelector('#found .text:last-of-type')).direction"
        )
        == "rtl"
    )
    assert (
        browser.run("return getComputedStyle(document.getElementById('asked')).direction") == "rtl"
    )


def test_questions_are_filtered_by_words_and_outcome(browser, report):
    opened(browser, report)
    browser.find("#words").send_keys("HARROW point")
    assert browser.find("#count").text == "5 of 60 questions"  # 0, 10, 20, 30, 50: 40 is Chinese
    browser.find("#words").clear()
    browser.find("#words").send_keys("陈月明")
    assert browser.find("#count").text == "4 of 60 questions"
    browser.find("#words").send_keys(" in no question")
    assert browser.find("#count").text == "0 of 60 questions"
    assert browser.find("#asked").text == "No question"
    browser.find("#words").clear()
    browser.find("#words").send_keys(" ")
    options = browser.run(
        "return [...document.getElementById('filter').options].map((o) => o.textContent)"
    )
    assert options[0] == "all questions (60)"
    counts = dict(option[:-1].split(" (") for option in options)
    # 11, 33, 44, 55: 22 is Chinese, 0 has no gold answers.
    assert int(counts["answer in no document"]) == 4
    browser.run(
        "const s = document.getElementById('filter'); s.value = 'lost'; s.dispatchEvent(new Event('change'))"
    )
    assert browser.find("#count").text == f"{counts['answer lost']} of 60 questions"
    shown = browser.run(
        "return [...document.querySelectorAll('.option small')].map((e) => e.textContent)"
    )
    assert shown
    assert all("answer lost" in told for told in shown)


def test_thousands_of_questions_put_only_some_in_the_page(browser, tmp_path):
    page = write_report(many(3_000, 20), tmp_path / "r.html")
    assert 'data-encoding="gzip"' in page.read_text()
    opened(browser, page)
    count = "return document.getElementsByTagName('*').length"
    assert browser.find("#count").text == "3,000 of 3,000 questions"
    assert browser.run(count) < 2_500
    assert browser.run("return document.querySelectorAll('.option').length") < 40
    browser.find("#list").click()
    browser.press(END)
    assert active(browser).endswith("(2999)")
    assert "Page 2999." in browser.find("#found").text
    browser.press(PAGE_DOWN, UP)
    assert active(browser).endswith("(2998)")
    browser.find("#words").send_keys("(1234)")
    assert browser.find("#count").text == "1 of 3,000 questions"
    assert browser.find("#asked").text.endswith("(1234)")
    assert browser.run(count) < 2_500
    assert browser.console() == []


def test_without_scripts_everything_but_the_questions_is_there(browser, report):
    browser.open(report, scripts=False)
    texts = [e.text for e in browser.driver.find_elements("css selector", "section")]
    browser.open(report)  # scripts are on again
    whole = "\n".join(texts)
    assert "has the highest answer recall" in whole
    assert "scripts are off here" in whole
    assert "top_p=0.02" in whole
    assert "System and setting" not in whole
    assert "↕" not in whole


def test_a_print_leaves_out_the_browser_and_is_light(browser, report, tmp_path):
    opened(browser, report, scheme="dark")
    media = {"media": "print", "features": [{"name": "prefers-color-scheme", "value": "dark"}]}
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    assert not browser.find("#questions").is_displayed()
    assert (
        browser.run("return getComputedStyle(document.body).backgroundColor")
        == "rgb(255, 255, 255)"
    )
    assert (
        browser.run(
            "return getComputedStyle(document.querySelector('.sortable').parentElement).overflow"
        )
        == "visible"
    )


def test_a_page_that_cannot_read_its_questions_says_so(browser, report, tmp_path):
    broken = tmp_path / "broken.html"
    text = report.read_text(encoding="utf-8").replace('id="data">{', 'id="data">{{')
    broken.write_text(text, encoding="utf-8")
    browser.open(broken)
    browser.wait("document.querySelector('[role=alert]')")
    assert "The questions cannot be shown" in browser.find("[role=alert]").text


def test_the_other_points_of_a_question_are_shown_when_asked_for(browser, report):
    opened(browser, report)
    rows = "return [...document.querySelectorAll('#found details tbody tr')].map((r) => r.cells[0].textContent)"
    assert browser.run(rows) == []
    browser.find("#found summary").click()
    browser.wait("document.querySelector('#found details tbody')")
    shown = browser.run(rows)
    assert len(shown) == 22  # three systems with six settings, four with one
    assert shown[0] == "recomp-minilm, top_p=0.02"
