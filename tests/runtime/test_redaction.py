"""Secrets are taken out of text in every encoding, whole or in pieces, and nothing else is."""

import base64
import html
import json
from urllib.parse import quote

import pytest

from recomp_core.runtime.redaction import MARK, Redaction

KEYS = ("sk-SECRETKEY/+=abcdef0123456789", "sk-live-0123456789abcdef", "ab12cd34ef56ab78cd90")


def pieces(key: str) -> list[str]:
    return [key[n : n + 5] for n in range(0, len(key), 5)]


FORMS = {
    "plain": str,
    "upper case": str.upper,
    "URL": lambda key: quote(key, safe=""),
    "URL, every byte": lambda key: "".join(f"%{byte:02X}" for byte in key.encode()),
    "URL, every other byte": lambda key: "".join(
        f"%{ord(c):02x}" if n % 2 else c for n, c in enumerate(key)
    ),
    "URL, twice": lambda key: quote("".join(f"%{byte:02x}" for byte in key.encode())),
    "JSON": lambda key: "".join(f"\\u{ord(c):04x}" for c in key),
    "JSON, twice": lambda key: json.dumps("".join(f"\\u{ord(c):04X}" for c in key)),
    "JSON, slashes": lambda key: key.replace("/", "\\/"),
    "JSON, a list": lambda key: json.dumps(list(key)),
    "HTML": html.escape,
    "HTML, decimal": lambda key: "".join(f"&#{ord(c)};" for c in key),
    "HTML, hexadecimal, twice": lambda key: html.escape("".join(f"&#x{ord(c):X};" for c in key)),
    "HTML, tags": lambda key: "<wbr>".join(pieces(key)),
    "base64": lambda key: base64.b64encode(key.encode()).decode(),
    "base64 of a header": lambda key: base64.b64encode(f"Bearer {key}".encode()).decode(),
    "base64 of a user": lambda key: base64.urlsafe_b64encode(f"user:{key}".encode()).decode(),
    "base64, escaped": lambda key: quote(base64.b64encode(key.encode()).decode(), safe=""),
    "base64, over lines": lambda key: "\n".join(pieces(base64.b64encode(key.encode()).decode())),
    "hexadecimal": lambda key: key.encode().hex(),
    "hexadecimal, apart": lambda key: key.encode().hex(":").upper(),
    "bytes": lambda key: "".join(f"\\x{byte:02x}" for byte in key.encode()),
    "octal": lambda key: "".join(f"\\{byte:03o}" for byte in key.encode()),
    "UTF-16": lambda key: key.encode("utf-16-le").decode("latin-1"),
    "over lines": lambda key: "\n".join(pieces(key)),
    "over escaped lines": lambda key: "\\r\\n".join(pieces(key)),
    "letters apart": " ".join,
    "without width between": "\u200b".join,
    "quoted in pieces": lambda key: "' + '".join(pieces(key)),
    "its beginning": lambda key: key[:14],
    "its end": lambda key: key[-16:],
    "after a percent sign": lambda key: f"%{key}",
    "after an equals sign": lambda key: f"api_key={key}",
}


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("form", FORMS)
def test_a_secret_goes_in_every_encoding(form, key):
    redaction = Redaction([key])
    said = redaction(f"It said: {FORMS[form](key)}; quite so.")
    assert MARK in said
    assert len(said) < 60, said  # no encoding of what is left of a key is as short
    assert said.startswith("It said: ")
    assert said.endswith("; quite so.")
    assert redaction(said) == said


@pytest.mark.parametrize("size", [1, 2, 7])
@pytest.mark.parametrize("form", FORMS)
def test_a_secret_goes_from_a_stream_in_every_encoding(form, size):
    text = f"It said: {FORMS[form](KEYS[1])}; quite so."
    stream = Redaction([KEYS[1]]).stream()
    passed = [stream.add(text[n : n + size]) for n in range(0, len(text), size)]
    said = "".join([*passed, stream.rest()])
    assert MARK in said
    assert len(said) < 70 or form == "over escaped lines", said
    assert not any(part in said for part in ("01234", "live", "MDEy", "30313"))


def test_what_is_no_secret_stays():
    redaction = Redaction([KEYS[1]])
    for text in ("", "a live 0123 text, sk-", "%41 \\u0041 &amp; <b>x</b> = 7%\n", "für 漢字 😀"):
        assert redaction(text) is text
        stream = redaction.stream()
        assert "".join([*map(stream.add, text), stream.rest()]) == text


def test_a_stream_waits_only_where_a_secret_may_begin():
    stream = Redaction([KEYS[1]]).stream()
    pieces = ("birds", " fly", " sk-li", "ke", " on")
    assert [stream.add(piece) for piece in pieces] == ["birds", " fly", " ", "sk-like", " on"]


def test_all_of_several_secrets_go():
    said = Redaction(KEYS)(" or ".join(KEYS))
    assert said == f"{MARK} or {MARK} or {MARK}"


def test_a_short_secret_goes_as_it_stands():
    assert Redaction(["pass"])("the pass, compass, p a s s") == f"the {MARK}, com{MARK}, p a s s"
    assert Redaction(["", "abc"])("abc") == "abc"


@pytest.mark.parametrize("many", ["\\" * 200_000, "<" * 200_000, "&#0" * 70_000, "%25" * 70_000])
def test_hostile_text_is_read_in_one_go(many):
    assert Redaction(KEYS)(many) == many
    assert Redaction(KEYS)(many + KEYS[0]) == MARK
