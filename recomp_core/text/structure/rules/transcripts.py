"""Logs, chats and plays: lines with the time of what happened, and turns with who speaks."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ...questions import ends_in_question
from ..lines import Line
from ..traces import is_frame
from .labels import ANSWER, QUESTION
from .scan import Scan

# A log or chat has at least so many lines with a time, and this share of all.
_FEWEST, _SHARE = 3, 0.3
# A line of a log has at most so many below it that go on with it.
_LONGEST_ENTRY = 6
# A play has as many turns, and this share of all lines.
_FEWEST_TURNS, _SHARE_OF_TURNS = 4, 0.4

_DATE = (
    r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{4}[年년][ ]?\d{1,2}[月월][ ]?\d{1,2}[日일]|"
    r"\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}|"
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}\.?"
    r"[ ]\d{1,2})"
)
_TIME = (
    r"(?:(?:오전|오후|上午|下午|午前|午後)[ ]?)?"
    r"\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d{1,6})?(?:[ ]?[AaPp]\.?[Mm]\b\.?)?"
)
_LEVEL = re.compile(
    r".{0,60}?(?:\b(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|FATAL|CRITICAL)\b|"
    r"\b(?:info|warn|error|debug)\b|[\w/.-]+\[\d+\]:|\"(?:GET|POST|PUT|HEAD|DELETE)[ ])"
)
_LOG = re.compile(
    rf"(?:[\[(<]?{_DATE}[^\n]{{0,20}}?{_TIME}|\[[ ]*\d+\.\d{{3,6}}\]|"
    r"[\[(]?\d{1,2}:\d{2}:\d{2}|"
    r"(?:TRACE|DEBUG|INFO|WARN(?:ING)?|ERROR|FATAL|CRITICAL)\b|"
    r"\d{1,3}(?:\.\d{1,3}){3}[ ]\S+[ ]\S+[ ]\[)"
)
_NAME = r"[^\W\d_][^:：\n\[\]<>]{0,38}"
_CAPITAL = "[A-ZÀ-ÖØ-ÞΆ-ΫЀ-Я]"
# A log's line begins with a capital at most.
_FULL_NAME = rf"{_CAPITAL}[^\s:：\d]{{0,20}}(?:[ ]{_CAPITAL}[^\s:：\d]{{0,20}}){{1,3}}"
_CHAT = re.compile(
    rf"[\[(（]?(?:{_DATE}[,，]?[ T]?(?:at[ ])?)?{_TIME}[\])）]?[ ]?[-–—|,]?[ ]?"
    rf"(?:<{_NAME}>|{_NAME}[:：])[ \t　]?"
    # Not the row of a timetable.
    rf"|{_NAME}[ ]?[,–-]?[ ]?[\[(（]?(?:{_DATE}[,，]?[ ])?{_TIME}[\])）]?[:：]?"
    r"(?=[ \t](?![ \t]|\d{1,2}:\d{2})|$)"
    rf"|<{_NAME}>[ ]"
    # A header on a line of its own: "[Monday 10:07 AM] Ann Lind", "**ann** — today at 14:10".
    rf"|[\[(][^\])\n]{{0,24}}?{_TIME}[\])][ ]{_FULL_NAME}$"
    rf"|\*\*{_NAME}[ ][—–·-][ ][^\n]{{0,24}}?{_TIME}$"
)
_SPEAKER = re.compile(
    rf"(?:{_CAPITAL}[^\s:：\d]{{0,20}}(?:[ .]{_CAPITAL}[^\s:：]{{0,20}}){{0,2}}|"
    # Hebrew, Arabic, Indian and Thai letters have no capitals.
    r"[\u0590-\u06ff\u0900-\u0e7f]{1,15}(?:[ ][\u0590-\u06ff\u0900-\u0e7f]{1,15})?|"
    r"[\u3400-\u9fff\u3040-\u30ff]{1,6}|[\uac00-\ud7af]{1,5})[:：][ \t　]*(?=\S)"
)


def is_log(lines: Sequence[Line]) -> bool:
    """Tell whether lines are a log's.

    Args:
        lines: A container's first lines, without blank ones.

    Returns:
        Whether enough begin with a time or a level, and are no messages of a chat.
    """
    stamped = [line for line in lines if _LOG.match(line.text)]
    return _are_enough(len(stamped), lines) and (
        _count(stamped, _LEVEL) >= 0.5 * len(stamped) or _count(stamped, _CHAT) < 0.5 * len(stamped)
    )


def is_chat(lines: Sequence[Line]) -> bool:
    """Tell whether lines are messages with their times.

    Args:
        lines: A container's first lines, without blank ones, which are no log's.

    Returns:
        Whether enough begin with a time and a name.
    """
    return _are_enough(_count(lines, _CHAT), lines)


def _count(lines: Sequence[Line], pattern: re.Pattern[str]) -> int:
    return sum(pattern.match(line.text) is not None for line in lines)


def _are_enough(count: int, lines: Sequence[Line]) -> bool:
    return count >= max(_FEWEST, _SHARE * len(lines))


def is_play(lines: Sequence[Line]) -> bool:
    """Tell whether lines are turns of few speakers, or of more who ask and reply.

    Few are those who are named twice and more. Among more, one comes again and one asks: a form
    with as many names repeats none.

    Args:
        lines: A container's first lines, without blank ones.

    Returns:
        Whether they are.
    """
    names: dict[str, int] = {}
    asked = False
    for line in lines:
        found = _SPEAKER.match(line.text)
        if found and not QUESTION.match(line.text) and not ANSWER.match(line.text):
            name = found.group().strip(" :：\t　")
            names[name] = names.get(name, 0) + 1
            asked = asked or ends_in_question(line.text)
    turns = sum(names.values())
    if turns < _FEWEST_TURNS or turns < _SHARE_OF_TURNS * len(lines):
        return False
    return len(names) <= turns / 2 or (asked and len(names) < turns)


def begins_turn(scan: Scan, text: str) -> bool:
    """Tell whether a line of a log, a message or a turn begins.

    Args:
        scan: The walk.
        text: The line, stripped.

    Returns:
        Whether one begins, and the walk is over a log, a chat or a play.
    """
    return bool(
        (scan.logged and _LOG.match(text))
        or (scan.chatted and _CHAT.match(text))
        or (scan.spoken and _SPEAKER.match(text))
    )


def message(scan: Scan, number: int) -> int | None:
    """Read a message of a chat, or a turn of a speaker.

    Args:
        scan: The walk.
        number: The line where it may begin.

    Returns:
        The line after it, or None.
    """
    if not (scan.chatted or scan.spoken):
        return None
    begins = _CHAT if scan.chatted else _SPEAKER
    found = begins.match(scan.lines[number].text)
    if found is None:
        return None
    stop = number + 1
    while stop < len(scan.lines) and not (
        scan.lines[stop].blank or begins.match(scan.lines[stop].text)
    ):
        stop += 1
    # `level` keeps how long the speaker's name is.
    scan.add("message", number, stop, found.end())
    return stop


def log_line(scan: Scan, number: int) -> int | None:
    """Read a line of a log, with what is indented below it.

    Args:
        scan: The walk.
        number: The line.

    Returns:
        The line after it, or None.
    """
    line = scan.lines[number]
    if not scan.logged or not _LOG.match(line.text):
        return None
    stop = number + 1
    while stop < min(len(scan.lines), number + _LONGEST_ENTRY):
        below = scan.lines[stop]
        if below.blank or below.indent <= line.indent or _LOG.match(below.text):
            break
        if is_frame(below.text):
            # A trace is divided, so that its error stands by itself.
            stop = number + 1
            break
        stop += 1
    scan.add("line", number, stop)
    return stop
