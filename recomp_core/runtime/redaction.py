"""Takes secrets out of text, whatever way they are written in it. Standard library only.

A server that quotes the request that it got may quote the key in it, and not only as it stands:
URL-encoded, escaped for JSON or HTML, in base64 or hexadecimal, over several lines, or in part.
"""

from __future__ import annotations

import base64
import html
import re
import string
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

MARK = "[API key]"
"""Stands where a secret stood."""

# So many characters in a row are taken for a part of a secret. Shorter ones are no use to anybody.
_PIECE = 8
# Escapes may be escaped again: `%2573` is `%73` is `s`.
_LEVELS = 4
# Beyond this length a text that holds a secret is replaced as a whole: finding every place in it
# would take seconds.
_LONGEST = 100_000
# So many characters of a stream wait at most; a secret that is spread over more is none.
_LONGEST_HELD = 4_000
# A stream waits for more once so many letters and digits of a secret are there. The few before
# them tell nothing, and waiting for each would break up words; but they are remembered.
_BEGINNING = 4
_REMEMBERED = 64

# Only those that can stand for a letter, a digit or a further escape, or whose own letters would
# stand in between.
_ESCAPE = re.compile(
    r"[%=][2-7][0-9a-fA-F]|\\{1,8}u[02]0[0-9a-fA-F]{2}|\\{1,8}x[2-7][0-9a-fA-F]"
    r"|\\{1,8}[01][0-7]{2}|\\{1,8}[abfnrtv]|&#[xX]0{0,8}[0-9a-fA-F]{1,6};?|&#[0-9]{1,8};?"
    r"|&[a-zA-Z]{2,8};|<[^<>]{0,80}>"
)
_UNFINISHED_ESCAPE = re.compile(r"(?:[%=][2-7]?|\\{1,8}\w{0,4}|&#?\w{0,10}|<[^<>]{0,80})\Z")
_TOKEN = re.compile(r"[0-9A-Za-z+/=_-]*")
_DROPPED = bytes(n for n in range(128) if chr(n) not in string.ascii_letters + string.digits)


class Redaction:
    """Takes some secrets out of any text.

    Letters and digits are compared, in any case: what stands between them (spaces, quotes, line
    breaks, tags) hides nothing. Parts of a secret go too, from 8 characters at its beginning and
    from 15 anywhere else.

    Args:
        secrets: What to take out. Of a secret with less than 8 letters and digits only the whole is
            found, as it stands; one of less than 4 characters is none.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        secrets = sorted({secret for secret in secrets if secret}, key=len, reverse=True)
        plain = {secret: _bare(secret) for secret in secrets}
        self._words = [s for s in secrets if len(plain[s]) < _PIECE and len(s) >= _BEGINNING]
        long = [secret for secret in secrets if len(plain[secret]) >= _PIECE]
        self._forms = [
            *(_Form.of(plain[secret], _PIECE, False) for secret in long),
            # A byte is two hexadecimal digits.
            *(_Form.of(secret.encode().hex(), 2 * _PIECE, True) for secret in long),
            *(_Form.of(bare, _PIECE, True) for secret in long for bare in _base64(secret)),
        ]

    def __call__(self, text: str) -> str:
        """Take the secrets out of a text.

        Args:
            text: Any text.

        Returns:
            The text with `MARK` in the place of each secret; the text itself if it holds none.
        """
        return self._after(text, 0)

    def finds(self, text: str) -> bool:
        """Look for the secrets in a text.

        Args:
            text: Any text.

        Returns:
            Whether it holds one, or a part of one.
        """
        if any(word in text for word in self._words):
            return True
        for level in range(_LEVELS):
            bare = _bare(text)
            if any(anchor in bare for form in self._forms for anchor in form.anchors):
                return True
            if level + 1 == _LEVELS or not _ESCAPE.search(text):
                break
            text = _ESCAPE.sub(lambda escape: _meant(escape[0]), text)
        return False

    def stream(self) -> RedactedStream:
        """Take the secrets out of a text that comes in pieces.

        Returns:
            What takes the pieces.
        """
        return RedactedStream(self)

    def _after(self, text: str, start: int) -> str:
        """The text from `start` on without the secrets, also without those that begin earlier."""
        if not self.finds(text):
            return text[start:]
        if len(text) > _LONGEST:
            return MARK
        cleaned = _replaced(text, sorted(self._places(text)), start)
        for word in self._words:
            cleaned = cleaned.replace(word, MARK)
        return cleaned

    def _open_end(self, text: str) -> int:
        """Where at the end of a text a secret may begin that goes on; its length if none does."""
        start = len(text)
        for view in _views(text):
            # What an unfinished escape stands for is not known yet.
            unfinished = _UNFINISHED_ESCAPE.search(view.text)
            end = unfinished.start() if unfinished else len(view.text)
            if unfinished:
                start = min(start, view.places[end][0])
            bare, places = view.bare(end)
            for form in self._forms:
                length = _BEGINNING
                while length <= len(bare) and bare[-length:] in form.text:
                    start = min(start, places[-length][0])
                    length += 1
        return start

    def _places(self, text: str) -> Iterator[tuple[int, int]]:
        """Where the secrets are, in characters."""
        for view in _views(text):
            bare, places = view.bare(len(view.text))
            for form in self._forms:
                for first, last in form.find(bare):
                    start, end = places[first][0], places[last - 1][1]
                    if form.is_code:  # what is coded with it, such as "Bearer", goes too
                        start = _begin_of_code(text, start)
                        end = _TOKEN.match(text, end).end()  # type: ignore[union-attr]
                    yield start, end


class RedactedStream:
    """Takes secrets out of a text that comes in pieces. A piece that may begin one has to wait.

    Args:
        redaction: Knows the secrets.
    """

    def __init__(self, redaction: Redaction) -> None:
        self._redaction = redaction
        self._sent = ""  # the end of what was passed on, as it came
        self._held = ""

    def add(self, piece: str) -> str:
        """Take the next piece.

        Args:
            piece: The piece.

        Returns:
            What may be passed on, with what was held back.
        """
        text = self._sent + self._held + piece
        before = max(0, len(text) - _LONGEST_HELD)
        end = max(before + self._redaction._open_end(text[before:]), len(self._sent))
        if end == before > 0:
            end = len(text)
        return self._pass_on(text, end)

    def rest(self) -> str:
        """Return what is held back at the end."""
        text = self._sent + self._held
        return self._pass_on(text, len(text))

    def _pass_on(self, text: str, end: int) -> str:
        known = self._redaction._after(text[:end], len(self._sent))
        self._sent, self._held = text[max(0, end - _REMEMBERED) : end], text[end:]
        return known


class _View(NamedTuple):
    """A text, decoded so and so often, and where in the original each character comes from."""

    text: str
    places: Sequence[tuple[int, int]]

    def bare(self, end: int) -> tuple[str, Sequence[tuple[int, int]]]:
        """The letters and digits before `end`, and where they come from."""
        text = self.text[:end]
        kept = [place for c, place in zip(text, self.places) if c.isascii() and c.isalnum()]  # noqa: B905 - up to the end
        return _bare(text), kept


class _Form(NamedTuple):
    """One way to write a secret.

    Attributes:
        text: The letters and digits of it.
        anchors: Parts of it, of which every longer part holds one.
        is_code: Whether it is a code for bytes.
    """

    text: str
    anchors: Sequence[str]
    is_code: bool

    @classmethod
    def of(cls, text: str, piece: int, is_code: bool) -> _Form:
        starts = range(0, max(1, len(text) - piece + 1), piece)
        return cls(text, [text[start : start + piece] for start in starts], is_code)

    def find(self, text: str) -> Iterator[tuple[int, int]]:
        """Where the secret or a part of it is."""
        begin = 0
        while begin < len(text):
            found = [(at, a) for a in self.anchors if (at := text.find(a, begin)) >= 0]
            if not found:
                return
            at, anchor = min(found)
            own = self.text.index(anchor)
            first, last = at, at + len(anchor)
            while own and first > begin and text[first - 1] == self.text[own - 1]:
                own, first = own - 1, first - 1
            own += last - first
            while own < len(self.text) and last < len(text) and text[last] == self.text[own]:
                own, last = own + 1, last + 1
            yield first, last
            begin = last


def _bare(text: str) -> str:
    """The letters and digits of a text, in lower case."""
    return text.encode("ascii", "ignore").translate(None, _DROPPED).lower().decode()


def _base64(secret: str) -> Iterator[str]:
    """What base64 makes of the secret, whatever number of bytes stands before it."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for before in range(3):
            code = encode(b"\0" * before + secret.encode()).decode().rstrip("=")
            # The first and the last character depend on the neighbours, too.
            bare = _bare(code[-(-before * 4 // 3) : -1])
            if len(bare) >= _PIECE:
                yield bare


def _views(text: str) -> Iterator[_View]:
    """The text as it stands, then with its escapes decoded, then with those in that."""
    places = [(n, n + 1) for n in range(len(text))]
    for _ in range(_LEVELS):
        yield _View(text, places)
        if not _ESCAPE.search(text):
            return
        pieces: list[str] = []
        new: list[tuple[int, int]] = []
        end = 0
        for escape in _ESCAPE.finditer(text):
            pieces.append(text[end : escape.start()])
            new += places[end : escape.start()]
            end = escape.end()
            meant = _meant(escape[0])
            pieces.append(meant)
            new += [(places[escape.start()][0], places[end - 1][1])] * len(meant)
        text, places = "".join([*pieces, text[end:]]), new + places[end:]


def _meant(escape: str) -> str:
    """The character that an escape stands for; "" for none that matters."""
    bare = escape.lstrip("\\")
    if escape[0] == "&":
        return html.unescape(escape)
    if escape[0] in "%=":
        return chr(int(bare[1:], 16))
    if escape[0] == "<" or bare[0] in "abfnrtv":
        return ""
    return chr(int(bare[1:], 16)) if bare[0] in "ux" else chr(int(bare, 8))


def _begin_of_code(text: str, start: int) -> int:
    before = text[max(0, start - 1000) : start][::-1]
    return start - len(_TOKEN.match(before)[0])  # type: ignore[index]


def _replaced(text: str, places: Iterable[tuple[int, int]], end: int) -> str:
    """The text from `end` on, with the mark in the places of secrets."""
    parts: list[str] = []
    for start, stop in places:
        if stop <= end:
            continue
        if start > end or not parts:
            parts += [text[end:start], MARK]
        end = stop
    return "".join([*parts, text[end:]])
