"""Reads the clauses of a reply by the patterns of one language."""

from __future__ import annotations

from functools import cached_property

import regex

from .language import WORDS, Language

_NAME = regex.compile("<([A-Z_]+)>")
_LONGEST_LEAD = 60  # characters
_NAMED = "<NAMED>[,，、،]? ?"
AROUND = " \t\n\r()[].!?¿¡。！？؟:：;；।॥·\u0387\u037e>#,，、،—–-"
"""What may stand around a clause."""


class Reader:
    """Reads the clauses of a reply as one language."""

    def __init__(self, language: Language) -> None:
        self._language = language
        self._script = regex.compile(rf"\P{{L}}*+(?:{language.script}|\Z)")
        self._joints = f"(?:{language.joints}|{language.news})"
        self._joint = regex.compile(self._joints, regex.IGNORECASE)
        self._news = regex.compile(language.news, regex.IGNORECASE)

    # The two patterns take a tenth of a second to compile, and most replies are in another script.

    @cached_property
    def _first(self) -> regex.Pattern[str]:
        return self._compiled(f"<LEAD>{{0,2}}(?:<LACK>|{_NAMED}<LEAD>?(?:<LACK>|<THEN>))")

    @cached_property
    def _later(self) -> regex.Pattern[str]:
        return self._compiled(f"<LEAD>{{0,2}}(?:<LACK>|<THEN>|{_NAMED}<LEAD>?(?:<LACK>|<THEN>))")

    def _compiled(self, lacks: str) -> regex.Pattern[str]:
        language = self._language
        words = {
            **WORDS,
            **language.words,
            "LEAD": language.leads,
            "NAMED": language.named,
            "LACK": "|".join(language.lacks),
            "THEN": "|".join(language.then),
            "FILLER": "|".join(language.fillers),
            "JOINT": self._joints,
        }
        defined = "".join(f"(?P<{name}>{_calls(pattern)})" for name, pattern in words.items())
        filler = f"<LEAD>{{0,2}}(?:<FILLER>|{_NAMED})|<LEAD>"
        # While a text comes in, the last clause may end with a part of a joint.
        clause = f"(?:(?P<lacks>{lacks})|{filler})(?:<JOINT>)?"
        return regex.compile(f"(?(DEFINE){defined}){_calls(clause)}", regex.IGNORECASE)

    def means_nothing(self, sentences: list[str]) -> bool:
        """Tell whether no clause says anything, and one says that the documents do not help."""
        if not self._script.match("".join(sentences)):
            return False
        read = self._read(self._clauses(sentences))
        return read is not None and any(match["lacks"] for match in read)

    def adds_news(self, text: str) -> bool:
        """Tell whether a statement goes on with another one."""
        return bool(self._script.match(text) and self._news.search(text))

    def may_mean_nothing(self, sentences: list[str], begun: str) -> bool:
        """Tell whether they may, once the sentence that has begun is whole and others follow."""
        if not self._script.match("".join(sentences) + begun):
            return False
        *parts, last = self._joint.split(begun)
        clauses = self._clauses([*sentences, *parts])
        last = last.lstrip(AROUND)
        if self._read(clauses) is None:
            return False
        return not last or bool(self._pattern(len(clauses)).fullmatch(last, partial=True))

    def _clauses(self, sentences: list[str]) -> list[str]:
        return [
            clause
            for sentence in sentences
            for part in self._joint.split(sentence)
            if (clause := part.strip(AROUND))
        ]

    def _read(self, clauses: list[str]) -> list[regex.Match[str]] | None:
        """Match each clause; None as soon as one says something."""
        found = []
        for at, clause in enumerate(clauses):
            pattern = self._pattern(at)
            match = pattern.fullmatch(clause)
            if match is None and len(clause) <= _LONGEST_LEAD:  # a joint may be its comma
                match = pattern.fullmatch(f"{clause}, ")
            if match is None:
                return None
            found.append(match)
        return found

    def _pattern(self, at: int) -> regex.Pattern[str]:
        return self._later if at else self._first


def _calls(pattern: str) -> str:
    # As calls of groups: with the patterns in their place, compiling takes ten times as long.
    return str(_NAME.sub(r"(?&\1)", pattern))
