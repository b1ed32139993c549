"""The texts in a JSON string: found, replaced, and nothing else touched."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("langchain_core", reason='needs pip install "recomp[langchain]"')

from langchain_recomp.agents.json_text import find_texts, replace_texts

FIELDS = ("content", "text")
KEYS = st.sampled_from([*FIELDS, "url", 'a "key": {', "\\", ""])
STRINGS = st.text() | st.sampled_from(['"', "\\", '{"a": 1}', '"x"', "{", "é", "\ud800", " "])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | STRINGS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)


def is_json(text):
    if text.lstrip()[:1] not in ("{", "[", '"'):
        return False
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def expected(value, key=None, *, change):
    """The same value, with the texts changed where they may be."""
    if isinstance(value, dict):
        return {name: expected(item, name, change=change) for name, item in value.items()}
    if isinstance(value, list):
        return [expected(item, key, change=change) for item in value]
    is_text = isinstance(value, str) and value.strip() and not is_json(value)
    return change(value) if is_text and (key is None or key in FIELDS) else value


@given(VALUES, st.booleans(), st.sampled_from([None, 1, "\t"]))
def test_only_the_texts_change(value, ascii_only, indent):
    source = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    found = find_texts(source, FIELDS)
    if not is_json(source):
        assert found is None
        return
    seen = []
    assert json.loads(replace_texts(source, found, [""] * len(found))) == expected(
        value, change=lambda text: seen.append(text) or ""
    )
    assert [place.text for place in found] == seen
    assert replace_texts(source, found, seen) == source
    longer = [f"{text} and more" for text in seen]
    assert replace_texts(source, found, longer) == source


@given(st.text(alphabet='{}[]":,\\ a1'))
def test_any_text_is_read(text):
    found = find_texts(text, FIELDS)
    assert (found is not None) == is_json(text)
    if found:
        json.loads(replace_texts(text, found, ["" for _ in found]))


@pytest.mark.parametrize(
    "text",
    [
        '{"' + '\\"' * 500_000,  # a string that never ends
        '["' + "\\" * 500_001,
        '"' * 500_001,
        "{" * 500_000,
        '{"content": "' + "\\n" * 300_000 + '"',
        "[" + '"{",' * 100_000 + "1]",
        '{"n": ' + "9" * 500_000 + ', "content": "A text."}',
    ],
)
def test_every_text_is_read_in_one_pass(text):
    """What takes quadratic time does not end here."""
    find_texts(text, FIELDS)


def test_a_number_that_python_refuses_is_json_all_the_same():
    source = '{"n": ' + "9" * 5_000 + ', "content": "A text."}'
    (place,) = find_texts(source, FIELDS)
    assert replace_texts(source, [place], ["A."]) == source.replace("A text.", "A.")
