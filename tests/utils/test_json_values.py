"""JSON that every strict parser reads, and that comes back equal."""

import contextlib
import copy
import json
import math
from datetime import date

import pytest

from recomp_core import Compression, Document, ExtractiveCompressor, TopK
from recomp_core._utils.files import write_json
from recomp_core._utils.json_values import as_json, json_ready, parsed, pretty, restored, strict
from recomp_core._utils.jsonl import as_line, from_line

HIGH, LOW = "\ud83d", "\ude00"  # side by side, JSON's escapes for them are those of one character


def refused(name):
    raise AssertionError(f"{name} is no JSON")


def strictly(text):
    """What a parser makes of it that knows neither NaN nor lone surrogates."""
    if isinstance(text, bytes):
        text = text.decode()
    value = json.loads(text, parse_constant=refused)
    json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    return value


ODD = [
    {"text": f"It {HIGH}{LOW} is. {LOW}{HIGH}", "same": "\U0001f600"},
    {f"{HIGH}{LOW}": {LOW: 1, "\ufffd": 2, "\ufffd\ufffd": 3, HIGH: f"{LOW}"}, "\ufffd\ufffd": 4},
    {"n": [math.inf, -math.inf, 1e308, {"in": [math.inf, {LOW: -math.inf}]}]},
    {"plain": ["a", 1, 2.5, None, True, {"b": []}]},
    {"n": 10**640, "in": [-(10**5_000), {"n": 1 - 10**640}], "said": "0x1f"},
    {HIGH: math.inf, "rows": [{"x": HIGH}, {"x": math.inf, "y": ""}]},
]


@pytest.mark.parametrize("content", ODD)
def test_what_json_has_no_form_for_comes_back(content):
    before = copy.deepcopy(content)
    for line in (as_line(content), pretty(content)):
        strictly(line)
        assert parsed(line) == content
    assert restored(strictly(json.dumps(strict(content)))) == content
    assert content == before


def test_what_json_can_say_is_written_as_it_is():
    assert as_line(ODD[3]) == json.dumps(ODD[3]).encode() + b"\n"
    assert strict(ODD[3]) == ODD[3]
    assert from_line(b'{"a": "\\ud83d"}') == {"a": HIGH}  # as earlier versions wrote it


def test_an_integer_that_python_can_not_write_is_hexadecimal():
    long = 10**5_000
    written = strict({"n": long, "in": [-long]})
    assert (written["n"], written["in"]) == (hex(long), [hex(-long)])
    assert json_ready({long: 1}) == {hex(long): 1}
    assert strict({"n": 10**640 - 1}) == {"n": 10**640 - 1}


def test_any_value_as_json():
    value = [date(1998, 3, 3), {1: math.nan}, f"é{HIGH}", -(10**5_000)]
    expected = ["1998-03-03", {"1": None}, "é\ufffd", hex(-(10**5_000))]
    assert strictly(as_json(value)) == expected
    assert as_json("é").isascii()


def test_nan_comes_back():
    (found,) = from_line(as_line({"a": [math.nan]}))["a"]
    assert math.isnan(found)


def test_anything_else_becomes_a_text():
    class Odd:
        def __repr__(self):
            raise RuntimeError

    deep = inner = []
    for _ in range(100_000):
        inner.append([])
        inner = inner[0]
    around = {}
    around["itself"] = around
    ready = json_ready({1: date(1998, 3, 3), "odd": Odd(), "deep": deep, "around": around})
    assert (ready["1"], ready["odd"]) == ("1998-03-03", "<Odd>")
    strictly(as_line(ready))
    strictly(as_line({"deep": deep, "around": around}))
    while inner is not deep and deep:  # let go of it level by level
        deep = deep.pop()


@pytest.mark.parametrize(
    "exceptions",
    [
        7, None, {}, [7], ["a"], [{}], [{"at": []}], [{"at": 7, "number": "NaN"}],
        [{"at": ["a"], "number": "nine"}], [{"at": ["a"], "number": "hexadecimal"}],
        [{"at": ["b"], "number": "hexadecimal"}], [{"at": ["a", "b"], "number": "NaN"}],
        [{"at": ["a"], "surrogates": [[9, 55357]]}], [{"at": ["a"], "surrogates": [[0, 1 << 40]]}],
        [{"at": ["b"], "surrogates": [[0, 55357]]}], [{"at": ["c"], "key": [97]}],
    ],
)  # fmt: skip
def test_a_list_of_exceptions_of_another_form_is_refused(exceptions):
    line = json.dumps({"a": "x", "b": 1, "beyond_json": exceptions})
    with pytest.raises(ValueError, match="beyond_json"):
        parsed(line)


@pytest.mark.parametrize("raw", [b"[" * 200_000, b'{"a":' * 200_000, b"\xff", b"", b"9" * 5_000])
def test_what_can_not_be_parsed_is_a_value_error(raw):
    with contextlib.suppress(ValueError):
        assert isinstance(from_line(raw), int)  # old Pythons read any number of digits


def test_a_file_of_settings_comes_back(tmp_path):
    for number, content in enumerate(ODD):
        file = tmp_path / f"{number}.json"
        write_json(file, content)
        strictly(file.read_bytes())
        assert parsed(file.read_bytes()) == content


# Compressions


def odd_compression():
    metadata = {"score": math.inf, HIGH: [-math.inf, LOW], "day": "1998-03-03"}
    metadata["long"] = [10**5_000]
    documents = [
        Document(f"It {HIGH}{LOW} is. So it was.", title=LOW, id=HIGH, metadata=metadata),
        Document("Something else. It was so."),
    ]
    compressor = ExtractiveCompressor(lambda _, s: [float(len(x)) for x in s], selector=TopK(2))
    return compressor.compress(f"who {HIGH}{LOW}?", documents)


def test_a_compression_comes_back_equal():
    compression = odd_compression()
    for text in (json.dumps(compression.to_dict()), pretty(compression.to_dict())):
        data = strictly(text)
        again = Compression.from_dict(data)
        assert again == compression
        assert data == strictly(text)  # which is not changed


def places(value, at=()):
    """All ways into JSON values."""
    yield at
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in inner:
        if isinstance(item, (dict, list)):
            yield from places(item, (*at, key))
        else:
            yield (*at, key)


def test_wrong_values_are_refused_wherever_they_stand():
    whole = json.dumps(odd_compression().to_dict())
    wrong = [None, True, -1, 10**30, 1.5, math.nan, "x", "\ufffd", [], {}, [[]], [7], {"a": {}}]
    refusals = 0
    for at in list(places(json.loads(whole)))[1:]:
        for value in [*wrong, "missing"]:
            data = json.loads(whole)
            inner = data
            for step in at[:-1]:
                inner = inner[step]
            if value == "missing":
                del inner[at[-1]]
            else:
                inner[at[-1]] = value
            try:
                found = Compression.from_dict(data)
            except ValueError as error:
                refusals += 1
                assert "no compression that to_dict() wrote" in str(error)  # noqa: PT017
            else:
                strictly(json.dumps(found.to_dict()))
                for sentence in (*found.kept, *found.dropped):
                    text = found.documents[sentence.doc_index].text
                    assert text[sentence.start : sentence.end] == sentence.text
    assert refusals > 500


@pytest.mark.parametrize("data", [None, 7, "text", [], {}, [1], {"documents": 7}])
def test_what_is_no_compression_is_refused(data):
    with pytest.raises(ValueError, match="no compression that to_dict"):
        Compression.from_dict(data)


def test_an_integer_that_python_does_not_read_is_named():
    with pytest.raises(ValueError, match="too many digits: write it as text"):
        parsed('{"n": 1' + "0" * 5_000 + "}")
