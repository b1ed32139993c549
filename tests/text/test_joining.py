import pytest

from recomp_core.text.joining import Layout, common_words, is_blank

TEXT = "One. Two. Three. Four."
ONE, TWO, THREE, FOUR = (0, 4), (5, 9), (10, 16), (17, 22)


def test_neighbours_keep_the_text_between_them():
    assert Layout().excerpt("A.\n\n  B. C.", [(0, 2), (6, 8)]) == "A.\n\n  B."


def test_a_gap_becomes_a_space():
    assert Layout().excerpt(TEXT, [ONE, THREE]) == "One. Three."


def test_a_gap_with_a_line_break_becomes_a_line_break():
    assert Layout().excerpt("# T\nSome words here.\nEnd.", [(0, 3), (21, 25)]) == "# T\nEnd."


def test_a_separator_of_ones_own():
    assert Layout(separator=" / ").excerpt(TEXT, [ONE, FOUR]) == "One. / Four."


def test_elision_marks_only_what_was_cut():
    text = "One is here. Two is there, and long. Three. Four."
    spans = [(0, 12), (37, 43), (44, 49)]
    assert Layout(elision="[…]").excerpt(text, spans) == "One is here. […] Three. Four."


@pytest.mark.parametrize("gap", ["</p>\n<p>", "<br>", "</td><td>", '<img src="a.png">', " <br/> "])
def test_tags_alone_are_no_cut(gap):
    text = f"<p>One is here.{gap}Two is there.</p>"
    first, second = text.index("One"), text.index("Two")
    spans = [(first, first + 12), (second, second + 13)]
    found = Layout(elision="[…]").excerpt(text, spans)
    assert found.split() == ["One", "is", "here.", "Two", "is", "there."]


@pytest.mark.parametrize(
    ("gap", "joint"),
    [(" " * 3 + "x" * 20 + " ", " [...] "), ("abcdefg", " "), ("ab", " "), ("a", "")],
)
def test_a_joint_is_shorter_than_what_it_replaces(gap, joint):
    text = f"A{gap}B"
    layout = Layout(separator=" ", elision="[...]")
    assert layout.excerpt(text, [(0, 1), (len(text) - 1, len(text))]) == f"A{joint}B"


def test_a_document_of_which_nothing_was_dropped_stays_as_it_is():
    text = "\n One.  Two. \n"
    assert Layout(separator="|").excerpt(text, [(2, 6), (8, 12)]) == text


def test_blank_parts_leave_no_trace():
    assert Layout().join(["a", " \n", "", "b"]) == "a\nb"


@pytest.mark.parametrize("text", ["", " \t\r\n", "\u200b\ufeff\u3000", "\x00"])
def test_blank(text):
    assert is_blank(text)


def test_not_blank():
    assert not is_blank("\u200b.\n")


@pytest.mark.parametrize("name", ["separator", "elision", "document_separator"])
def test_what_is_no_string_is_refused(name):
    with pytest.raises(TypeError, match=rf"{name} must be a string.*7"):
        Layout(**{name: 7})


@pytest.mark.parametrize("layout", [Layout(), Layout(" "), Layout("", "[…]"), Layout("\n", "…")])
def test_every_span_begins_in_the_excerpt_where_starts_says(layout):
    text = " Ann ran. Bob sat down for a while.\nIt rained on them. The end. "
    spans = [(1, 9), (10, 35), (36, 54), (55, 63)]
    for kept in (spans, spans[:1], spans[1:], spans[::2], spans[::3], [spans[1], spans[3]]):
        excerpt = layout.excerpt(text, kept)
        starts = layout.starts(text, kept)
        for begin, (start, end) in zip(starts, kept, strict=True):
            assert excerpt[begin : begin + end - start] == text[start:end]


@pytest.mark.parametrize(
    ("titles", "text", "is_told"),
    [
        (("The oil works", "Skarvik"), "A larger hall was built by the railway.", True),
        (("The Who", "Skarvik"), "They played in the hall.", False),
        (("Pier North", "Pier South"), "The pier has 20 berths.", True),
        (("Pier North", "Pier South"), "Pier North has 20 berths.", False),
        (("Werft Ost AG", "Werft West AG"), "Die AG hat 20 Boote.", True),
        (("东港公司", "西港公司"), "该公司有20条船。", True),
        (("东港公司", "西港公司"), "东港有20条船。", False),
        (("ノルカ島", "ベスタ島"), "島民は二十人である。", True),
        (("Pier", "Pier South"), "The pier has 20 berths.", False),
        (("Pier North", "Pier  North"), "The pier has 20 berths.", False),
    ],
)
def test_a_word_that_other_titles_have_too_does_not_stand_for_the_title(titles, text, is_told):
    layout = Layout(titles=True, common=common_words(titles))
    found = layout.excerpt(text, [(0, len(text))], title=titles[0])
    assert found == (f"[{titles[0]}] {text}" if is_told else text)
    assert layout.starts(text, [(0, len(text))], title=titles[0]) == [len(found) - len(text)]
