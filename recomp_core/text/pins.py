r"""Tells which texts hold what must not get lost: numbers, dates, identifiers, addresses, patterns.

    find = Pins(["numbers", r"§\s?\d+"]).finder()
    find("It is 330 m tall.")       True

Patterns are a user's own, and a bad one may take for ever on a text that fits it badly. So each has
a time limit within a call, and a pattern that exceeds it is left out and named.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping

import regex

from .facts import has_date, has_number

_MOST_PINS = 32
_LONGEST_PATTERN = 1_000
# Seconds that all patterns of a call may take together, after the first that each may have.
_SECONDS = 0.25

_IDS = regex.compile(
    r"(?<![\w/@.-])(?:"
    r"#\d+"  # "#4711"
    r"|\d{6,}"  # "40012345"
    r"|(?=[\w./-]*\d)(?=[\w./-]*[A-Za-z])(?!\d+(?:[.,]\d+)*(?-i:[a-z%]|°|[kMG]?[A-Z][a-z]?){1,4}(?![\w-]))"
    r"\w+(?:[-_./]\w+)*"  # "KL-200", "B200", "v2.3", "CVE-2024-1234"; not "250g", "4th"
    r")(?!\w)"
)
_URLS = regex.compile(
    r"(?i:\b(?:[a-z][a-z\d+.-]{1,15}://|www\.)[^\s<>\"]{3}|\b[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]{2})"
)

_NAMED: Mapping[str, Callable[[str], bool]] = {
    "numbers": has_number,
    "dates": has_date,
    "ids": lambda text: _IDS.search(text) is not None,
    "urls": lambda text: _URLS.search(text) is not None,
}

PIN_NAMES: tuple[str, ...] = tuple(_NAMED)
"""What can be pinned by name."""


class Pins:
    """What must not be dropped.

    Attributes:
        wanted: The names and patterns, as given.

    Args:
        wanted: Names of `PIN_NAMES`, and regular expressions as the package regex reads them.

    Raises:
        TypeError: It is no sequence of strings.
        ValueError: A name is unknown, a pattern is wrong or too long, or there are too many.
    """

    def __init__(self, wanted: Iterable[str] | None) -> None:
        self.wanted = _checked(wanted)
        self._named = [_NAMED[name] for name in self.wanted if name in _NAMED]
        self._patterns = [_compiled(one) for one in self.wanted if one not in _NAMED]

    def __bool__(self) -> bool:
        return bool(self.wanted)

    def finder(self) -> Finder:
        """Make what looks through the texts of one call.

        Returns:
            The finder.
        """
        return Finder(self._named, self._patterns)


class Finder:
    """Tells for the texts of one call whether each holds something that is pinned.

    Attributes:
        given_up: The patterns that took too long, and are not looked for any more.

    Args:
        named: Functions that tell of a text whether it holds a kind.
        patterns: Compiled patterns.
    """

    def __init__(
        self, named: Iterable[Callable[[str], bool]], patterns: Iterable[regex.Pattern[str]]
    ) -> None:
        self._named = tuple(named)
        self._patterns = list(patterns)
        self._left = _SECONDS
        self.given_up: list[str] = []

    def __call__(self, text: str) -> bool:
        """Tell whether a text holds something that is pinned.

        Args:
            text: The text.

        Returns:
            Whether it does.
        """
        return any(find(text) for find in self._named) or any(
            self._holds(pattern, text) for pattern in list(self._patterns)
        )

    def _holds(self, pattern: regex.Pattern[str], text: str) -> bool:
        started = time.monotonic()
        try:
            return pattern.search(text, timeout=max(self._left, 0.001)) is not None
        except TimeoutError:
            self._patterns.remove(pattern)
            self.given_up.append(pattern.pattern)
            # The others have a chance of their own.
            self._left = _SECONDS / 4
            started = time.monotonic()
            return False
        finally:
            self._left -= time.monotonic() - started


def _checked(wanted: Iterable[str] | None) -> tuple[str, ...]:
    if wanted is None:
        return ()
    if isinstance(wanted, (str, bytes)) or not isinstance(wanted, Iterable):
        raise TypeError(
            f"pin must be a list such as ['numbers', 'dates'], got {type(wanted).__name__} "
            f"{wanted!r:.80}"
        )
    checked = tuple(wanted)
    if len(checked) > _MOST_PINS:
        raise ValueError(f"pin has {len(checked)} entries: give at most {_MOST_PINS}")
    for one in checked:
        if not isinstance(one, str):
            raise TypeError(f"pin must hold strings, got {type(one).__name__} {one!r:.80}")
        if one not in _NAMED and (not one.strip() or one.isalpha()):
            raise ValueError(
                f"there is no pin {one!r:.80}: use {', '.join(PIN_NAMES)}, or a regular expression "
                r"such as r'\bword\b'"
            )
    return checked


def _compiled(pattern: str) -> regex.Pattern[str]:
    if len(pattern) > _LONGEST_PATTERN:
        raise ValueError(
            f"a pattern of pin has {len(pattern)} characters: give at most {_LONGEST_PATTERN}"
        )
    try:
        return regex.compile(pattern)
    except (regex.error, OverflowError, RecursionError, MemoryError) as error:
        raise ValueError(f"pin {pattern!r:.80} is no regular expression: {error}") from error
