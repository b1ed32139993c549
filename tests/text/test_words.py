"""Words of scripts with and without spaces."""

import pytest

from recomp_core.text.words import words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        (" … _ ", []),
        ("Bob's 3rd Tower.", ["bob", "s", "3rd", "tower"]),
        ("ÉCOLE Москва", ["école", "москва"]),
        ("塔高", ["塔", "高", "塔高"]),
        ("iPhone手机壳 ok", ["iphone", "手", "机", "壳", "手机", "机壳", "ok"]),
        ("พ", ["พ"]),
    ],
)
def test_words(text, found):
    assert words(text) == found


def test_pairs_can_be_left_out():
    assert words("塔很高 now", pairs=False) == ["塔", "很", "高", "now"]
