"""Questions and their answers: with "Q:" and "A:", in bold, numbered, or by themselves."""

from __future__ import annotations

import re
import unicodedata

from ...questions import ends_in_question
from ..paragraphs import ends_within, is_labelled
from .ends import ends_paragraph
from .labels import ANSWER, QUESTION
from .scan import Scan

_BOLD_QUESTION = re.compile(r"(\*\*|__)[^*_\n]{3,200}[?？؟]\1$")
# A question by itself has at most so many characters.
_LONGEST_ALONE = 200
# One with its answer right below it, and as many lines of answer.
_LONGEST_QUESTION, _LONGEST_ANSWER = 120, 4


def question(scan: Scan, number: int) -> int | None:
    """Read a question with a label, or in bold.

    Args:
        scan: The walk.
        number: The line where it may begin.

    Returns:
        The line after it, or None.
    """
    line = scan.lines[number]
    asked = QUESTION.match(line.text)
    if asked is None and not _BOLD_QUESTION.match(line.text):
        return None
    stop = number + 1
    while (
        stop < len(scan.lines)
        and not scan.lines[stop].blank
        and not ANSWER.match(scan.lines[stop].text)
        and not QUESTION.match(scan.lines[stop].text)
        and not ends_in_question(scan.lines[stop - 1].text)
    ):
        stop += 1
    following = scan.next_line(stop - 1)
    if following is None:
        return None
    answered = ANSWER.match(scan.lines[following].text)
    if asked is not None and answered is not None:
        scan.add("question", number, stop)
        return stop
    if following - stop > 1:
        return None
    if asked is None:
        scan.add("question", number, stop)
        return stop
    if not _is_answer(scan, stop - 1, following):
        return None
    scan.add("question", number, stop, 1)
    return _end_of_paragraph(scan, stop)


def marked_question(scan: Scan, number: int) -> int | None:
    """Read a question behind a number or bullet, with its answer below it.

    Args:
        scan: The walk.
        number: The line where it may stand.

    Returns:
        The line after its answer, or after the question if the answer stands apart; or None.
    """
    line, following = scan.lines[number], scan.next_line(number)
    if number not in scan.markers or following is None or following > number + 2:
        return None
    # Questions right below each other are a list that nobody answers.
    if len(line.text) > _LONGEST_ALONE or number - 1 in scan.markers:
        return None
    if scan.lines[following].indent > line.indent or not _is_answer(scan, number, following):
        return None
    scan.add("question", number, number + 1, 1)
    return _end_of_paragraph(scan, number + 1)


def _is_answer(scan: Scan, number: int, following: int) -> bool:
    """Whether a line asks, and the next one neither asks nor begins an item."""
    below = scan.lines[following].text
    return (
        ends_in_question(scan.lines[number].text)
        and not ends_in_question(below)
        and QUESTION.match(below) is None
        and following not in scan.markers
    )


def _end_of_paragraph(scan: Scan, number: int) -> int:
    """Add the lines right below a question as one block, for one block is under it."""
    stop = number
    while stop < len(scan.lines) and not ends_paragraph(scan, stop):
        stop += 1
    if stop > number:
        scan.add("prose", number, stop)
    return stop


def answer(scan: Scan, number: int) -> int | None:
    """Read an answer with a label.

    Args:
        scan: The walk.
        number: The line where it may begin.

    Returns:
        The line after it, or None.
    """
    if ANSWER.match(scan.lines[number].text) is None:
        return None
    if not any(block.kind == "question" for block in scan.blocks[-3:]):
        return None
    stop = number + 1
    while stop < len(scan.lines) and not (
        scan.lines[stop].blank
        or ends_paragraph(scan, stop)
        or QUESTION.match(scan.lines[stop].text)
    ):
        stop += 1
    scan.add("answer", number, stop)
    return stop


def question_of_paragraph(scan: Scan, number: int, stop: int) -> int | None:
    """Read the question that a paragraph is, or begins with.

    Args:
        scan: The walk.
        number: The paragraph's first line.
        stop: The line after its last.

    Returns:
        The line after the question, or after its answer if the paragraph has it; or None.
    """
    if stop == number + 1 and _is_plain_question(scan, number):
        scan.add("question", number, stop, 1)
        return stop
    end = _end_of_answer(scan, number, stop)
    if end is not None:
        scan.add("question", number, number + 1, 1)
        # One block, for only one is under such a question.
        scan.add("prose", number + 1, end)
    return end


def _is_plain_question(scan: Scan, number: int) -> bool:
    """Whether a paragraph of one line asks what the next paragraph answers."""
    text = scan.lines[number].text
    if not ends_in_question(text) or len(text) > _LONGEST_ALONE:
        return False
    following = scan.next_line(number)
    return following is not None and following <= number + 2 and _is_answer(scan, number, following)


def _end_of_answer(scan: Scan, number: int, stop: int) -> int | None:
    """The line after the answer if a paragraph begins with a question by itself, and answers it."""
    line = scan.lines[number]
    text = line.text
    if not ends_in_question(text) or len(text) > _LONGEST_QUESTION:
        return None
    sign = unicodedata.category(text[0]) == "So"  # "▸", "❓"
    if not (text[0].isalnum() or text[0] in "¿(" or sign):  # a quotation or an aside
        return None
    if text[0].islower() or ends_within(text[:-1]) or is_labelled(text):
        return None
    if scan.width and len(text) + line.indent > 0.7 * scan.width:
        return None
    before = [block.kind for block in scan.blocks[-2:]]
    if (
        not scan.begins(number)
        and before != ["question", "prose"]
        and before[-1:] not in (["heading"], ["title"])
    ):
        return None
    end = number + 1
    while end < stop and not ends_in_question(scan.lines[end].text):
        end += 1
    if end == number + 1 or end - number - 1 > _LONGEST_ANSWER:
        return None
    return end
