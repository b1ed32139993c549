"""Questions by how they end."""

import pytest

from recomp_core.text.questions import asks, ends_in_question


@pytest.mark.parametrize(
    "text",
    [
        "Is it open?",
        "**Is it open?**",
        "几点开门？",
        "هل هو مفتوح؟",
        "Πότε ανοίγει;",
        "何時ですか。",
        "開きますか",
    ],
)
def test_questions(text):
    assert asks(text)
    assert ends_in_question(text)


@pytest.mark.parametrize("text", ["", "It is open.", "int x;", "Ναι·", "静か", "ほか。"])
def test_no_questions(text):
    assert not asks(text)
    assert not ends_in_question(text)


@pytest.mark.parametrize("text", ['He asked, "Is it open?"', "Brida (or Ann?)", "「何時？」"])
def test_a_quotation_or_aside_at_the_end(text):
    assert not asks(text)
    assert ends_in_question(text)
