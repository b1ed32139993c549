import pytest

from recomp_core.text.answers import contains_answer, exact_match, normalize_answer, token_f1


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("The  Eiffel-Tower!", "eiffel tower"),
        ("Café Zoë", "cafe zoe"),
        ("Ａ１２", "a12"),
        ("北京，中国。", "北京 中国"),
        ("an apple a day", "apple day"),
        ("$1,024.50", "1 024 50"),
        ("हिन्दी", "हिन्दी"),
        ("", ""),
    ],
)
def test_normalize(text, normal):
    assert normalize_answer(text) == normal


def test_exact_match():
    assert exact_match("the Eiffel tower.", ["Big Ben", "Eiffel Tower"])
    assert not exact_match("Eiffel", ["Eiffel Tower"])
    assert not exact_match("x", [])


def test_f1_by_hand():
    # shared: "gustave"; precision 1/2, recall 1/3
    assert token_f1("gustave smith", ["alexandre gustave eiffel"]) == pytest.approx(2 / 5)
    assert token_f1("eiffel", ["x", "eiffel"]) == 1.0
    assert token_f1("北京市", ["北京"]) == pytest.approx(0.8)
    assert token_f1("nothing", ["x"]) == 0.0
    assert token_f1("", [""]) == 1.0
    assert token_f1("x", []) == 0.0


def test_contains_answer_at_word_borders():
    assert contains_answer("He moved to New York City.", ["new york"])
    assert not contains_answer("He is a Yorkshireman.", ["York"])
    assert contains_answer("他住在北京市。", ["北京"])
    assert contains_answer("滨田 省吾", ["滨田省吾"])
    assert contains_answer("It cost 1,024 euros", ["1 024"])
    assert not contains_answer("anything", ["", "the"])
