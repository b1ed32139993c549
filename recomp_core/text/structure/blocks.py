"""Markdown and plain text to blocks, line by line."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache

from ..division import approximate_tokens
from ..joining import INVISIBLE, is_blank
from .headings import (
    follows_sign,
    is_as_long,
    is_in_brackets,
    signed_level,
    titles_above,
    underlined,
)
from .lines import Block, Line, inner, span_of
from .markers import Marker, trusted_markers
from .markup_blocks import elements_of, html_blocks, opens_element
from .paragraphs import ends_sentence, is_labelled, joined_lines, wrapped_width
from .records import repeated_forms
from .tables import separated_rows, table_at
from .traces import begins_trace, end_of_frames, is_frame, trace

# As many lines tell whether they are a log's, a chat's or a play's.
_SAMPLE = 1_000
# Fewer are none of these.
_FEWEST = 3
# A line of a list without marks is shorter, in characters.
_LONGEST_LISTED = 60
# Code without a fence is indented by so many columns.
_INDENT = 4
# A record of so many tokens is one unit.
_RECORD = 64
# The level of a title over titles.
_OVER_TITLES = 8
# Lists in lists in quotations: what lies deeper is read as text.
_DEEPEST = 12

_FENCE = re.compile(r"(`{3,})[^`]*$|(~{3,})")
_ATX = re.compile(r"(#{1,6})(?:[ \t]+|$)")
_SETEXT = re.compile(r"=+$|-{2,}$")
_RULE = re.compile(r"(?:\*[ \t]*){3,}$|(?:_[ \t]*){3,}$|(?:-[ \t]*){3,}$")
_BOLD = re.compile(r"(\*\*|__)(?=\S)([^*_\n]{1,120})\1[ \t]*[:：]?$")
_QUESTION = re.compile(
    r"(?:q(?:uestion)?|frage|f|pregunta|p|domanda|d|pergunta|question|вопрос|в|otázka|pytanie|"
    r"soru|câu hỏi|pertanyaan|سؤال|س|प्रश्न|คำถาม|ถาม|질문|문|問|问|質問|提问|问题|Ｑ)"
    r"[ ]?\d{0,3}[ ]?[:：.)]\s*",
    re.IGNORECASE,
)
_ANSWER = re.compile(
    r"(?:a(?:nswer)?|antwort|respuesta|réponse|r|risposta|resposta|ответ|о|odpověď|odpowiedź|"
    r"cevap|trả lời|jawaban|جواب|ج|उत्तर|คำตอบ|ตอบ|답변|답|答|回答|答案|Ａ)"
    r"[ ]?\d{0,3}[ ]?[:：.)]\s*",
    re.IGNORECASE,
)
_ENDS_IN_QUESTION = re.compile(r"[?？؟;][\"'”’»)*_]*$")
_BOLD_QUESTION = re.compile(r"(\*\*|__)[^*_\n]{3,200}[?？؟]\1$")
_ENDS_WITHIN = re.compile(r"[.!?][ \t]|[。！？]")
_DATE = (
    r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}|"
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}\.?"
    r"[ ]\d{1,2})"
)
_TIME = r"\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d{1,6})?(?:[ ]?[AaPp]\.?[Mm]\b\.?)?"
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
_CHAT = re.compile(
    rf"[\[(（]?(?:{_DATE}[,，]?[ T]?(?:at[ ])?)?{_TIME}[\])）]?[ ]?[-–—|,]?[ ]?"
    rf"(?:<{_NAME}>|{_NAME}[:：])[ \t　]?"
    rf"|{_NAME}[ ]?[,–-]?[ ]?[\[(（]?(?:{_DATE}[,，]?[ ])?{_TIME}[\])）]?[:：]?(?=[ \t]|$)"
    rf"|<{_NAME}>[ ]"
)
_CAPITAL = "[A-ZÀ-ÖØ-ÞА-Я]"
_SPEAKER = re.compile(
    rf"(?:{_CAPITAL}[^\s:：\d]{{0,20}}(?:[ .]{_CAPITAL}[^\s:：]{{0,20}}){{0,2}}|"
    r"[\u3400-\u9fff\u3040-\u30ff]{1,6}|[\uac00-\ud7af]{1,5})[:：][ \t　]*(?=\S)"
)
_MAIL_HEADER = re.compile(
    r"(?:from|to|cc|bcc|date|sent|subject|reply-to|message-id|von|an|gesendet|datum|betreff|de|à|"
    r"envoyé|objet|para|enviado|fecha|asunto|data|assunto|oggetto|inviato|от|кому|дата|тема|发件人|"
    r"收件人|抄送|日期|发送时间|主题|寄件者|收件者|主旨|差出人|宛先|日時|件名|"
    r"보낸 사람|받는 사람|제목|날짜|van|aan|onderwerp|od|do|temat|komu|předmět)[ ]?[:：]",
    re.IGNORECASE,
)
# What a mail has as it was sent: any header, and those that show that it is one.
_ANY_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]*:(?:[ \t]|$)|From \S+@\S+ ")
_TRACE_HEADER = re.compile(
    r"(?:return-path|received|delivered-to|dkim-signature|message-id|mime-version|list-id|"
    r"authentication-results|content-type|x-[a-z-]+):",
    re.IGNORECASE,
)
_FEWEST_KNOWN = 3
_SUBJECT = re.compile(
    r"(?:subject|betreff|objet|asunto|assunto|oggetto|тема|主题|主旨|件名|제목|onderwerp|temat|předmět)"
    r"[ ]?[:：]",
    re.IGNORECASE,
)
# Of a calendar or card.
_PROPERTY = re.compile(r"[A-Z-]+(?:;[^:]+)?:\S")
_SIGNATURE = re.compile(r"--[ ]?$|_{5,}$")
_CAUSE = re.compile(
    r"(?:[\w.$]*[A-Za-z](?:Exception|Error|Fault|Panic)\b|"
    r"(?:Root cause|Caused by|Traceback)\b|panic: )"
)
# The levels of lines of signs in Markdown, and in Sphinx, whose parts and chapters have one above.
_LEVELS = {"##": -2, "**": -1, "=": 1, "-": 2}


@dataclass
class _Scan:
    """A walk over the lines of a container.

    Attributes:
        text: The document's text.
        lines: The container's lines.
        depth: How many containers it lies in.
        width: The document's `wrapped_width`.
        markers: The lines that begin with a mark.
        elements: Where each HTML element of the text ends, by its start.
        logged: Whether the lines are a log's.
        chatted: Whether they are messages with their times.
        spoken: Whether they are turns of speakers.
        records: The first lines of filled-in forms, with the lines after these.
        titles: The lines that are titles by their place above a text.
        levels: The levels of the styles of headings that came up.
        blocks: What was found so far.
        unclosed: For each fence character, the shortest fence that nothing closes from here on.
    """

    text: str
    lines: Sequence[Line]
    depth: int
    width: int
    markers: dict[int, Marker]
    elements: dict[int, int]
    logged: bool
    chatted: bool
    spoken: bool
    records: dict[int, int] = field(default_factory=dict)
    titles: frozenset[int] = frozenset()
    levels: dict[str, int] = field(default_factory=lambda: dict(_LEVELS))
    blocks: list[Block] = field(default_factory=list)
    unclosed: dict[str, int] = field(default_factory=dict)


def text_blocks(text: str, lines: Sequence[Line]) -> list[Block]:
    """Read Markdown or plain text.

    Args:
        text: The document's text.
        lines: Its lines, or some of them.

    Returns:
        The blocks, in order.
    """
    elements = elements_of(text) if "</" in text else {}
    return _scan(text, lines, 0, wrapped_width(lines), elements)


def _scan(
    text: str, lines: Sequence[Line], depth: int, width: int, elements: dict[int, int]
) -> list[Block]:
    given = [line for line in lines[:_SAMPLE] if line.text]
    if len(given) < _FEWEST:
        given = []
    enough = max(_FEWEST, 0.3 * len(given))
    stamped = [line for line in given if _LOG.match(line.text)]
    logged = len(stamped) >= enough and (
        _count(stamped, _LEVEL) >= 0.5 * len(stamped) or _count(stamped, _CHAT) < 0.5 * len(stamped)
    )
    records = {} if logged else _records(lines)
    scan = _Scan(
        text, lines, depth, width, trusted_markers(lines), elements,
        logged=logged, chatted=not logged and _count(given, _CHAT) >= enough,
        spoken=not records and _are_spoken(given), records=records,
    )  # fmt: skip
    if not (scan.logged or scan.chatted or scan.spoken):
        scan.titles = titles_above(lines, width)
    number = 0
    while number < len(lines):
        text_of_line = lines[number].text
        if not text_of_line:
            number += 1
            continue
        for rule in _rules_of(text_of_line):
            stop = rule(scan, number)
            if stop is not None:
                number = stop
                break
    return scan.blocks


def _count(lines: Sequence[Line], pattern: re.Pattern[str]) -> int:
    return sum(pattern.match(line.text) is not None for line in lines)


def _records(lines: Sequence[Line]) -> dict[int, int]:
    """The filled-in forms that are neither questions with answers nor the headers of mails."""
    return {
        start: stop
        for start, stop in repeated_forms(lines).items()
        if not _ANSWER.match(lines[start + 1].text)
        and not (
            _MAIL_HEADER.match(lines[start].text) and _MAIL_HEADER.match(lines[start + 1].text)
        )
    }


def _are_spoken(lines: Sequence[Line]) -> bool:
    """Whether the lines are turns of few speakers, or of more who ask and reply.

    Few are those who are named twice and more. Among more, one comes again and one asks: a form
    with as many names repeats none.
    """
    names: dict[str, int] = {}
    asked = False
    for line in lines:
        found = _SPEAKER.match(line.text)
        if found and not _QUESTION.match(line.text) and not _ANSWER.match(line.text):
            name = found.group().strip(" :：\t　")
            names[name] = names.get(name, 0) + 1
            asked = asked or _ENDS_IN_QUESTION.search(line.text) is not None
    turns = sum(names.values())
    if turns < 4 or turns < 0.4 * len(lines):
        return False
    return len(names) <= turns / 2 or (asked and len(names) < turns)


# Rules: each looks at line `number` and returns the line after its block, or None.


def _fence(scan: _Scan, number: int) -> int | None:
    line = scan.lines[number]
    found = _FENCE.match(line.text) if line.text[0] in "`~" else None
    if found is None:
        return None
    mark = found.group(1) or found.group(2)
    stop = _end_of_fence(scan, number, mark[0], len(mark))
    if stop is None:
        if line.text == mark:
            # Nothing closes it, so it closes what stood before this chunk of a document.
            scan.blocks.append(Block("rule", line.start, line.end))
            return number + 1
        stop = len(scan.lines)
    block = Block("code", *span_of(scan.lines[number:stop]))
    if line.text[len(mark) :].strip().lower() in ("csv", "tsv"):
        block = _fenced_rows(scan.lines[number:stop], mark) or block
    scan.blocks.append(block)
    return stop


def _fenced_rows(lines: Sequence[Line], mark: str) -> Block | None:
    """The table in a fence whose mark says so; the mark goes with the first row."""
    table = separated_rows([x for x in lines[1:] if not x.text.startswith(mark)], told=True)
    if table is not None:
        table.start = table.children[0].start = lines[0].start
    return table


def _end_of_fence(scan: _Scan, number: int, mark: str, length: int) -> int | None:
    if length >= scan.unclosed.get(mark, 1 << 30):
        return None
    for at in range(number + 1, len(scan.lines)):
        text = scan.lines[at].text
        if text.startswith(mark * length) and not text.strip(mark):
            return at + 1
    scan.unclosed[mark] = length
    return None


def _element(scan: _Scan, number: int) -> int | None:
    """A block of HTML among Markdown."""
    line = scan.lines[number]
    if not _begins_element(scan, line):
        return None
    end = scan.elements[line.start]
    blocks = html_blocks(scan.text, line.start, end)
    if not blocks:
        return None
    scan.blocks.extend(blocks)
    stop = number
    while stop < len(scan.lines) and scan.lines[stop].start < end:
        stop += 1
    last = scan.lines[stop - 1].end
    if last > end and not is_blank(scan.text[end:last]):
        start = last - len(scan.text[end:last].lstrip(INVISIBLE))
        scan.blocks.append(Block("prose", start, last))
    return stop


def _begins_element(scan: _Scan, line: Line) -> bool:
    """Whether a block of HTML begins with a line, and ends somewhere."""
    return (
        line.text[0] == "<" and opens_element(line.text) is not None and line.start in scan.elements
    )


def _atx(scan: _Scan, number: int) -> int | None:
    line = scan.lines[number]
    found = _ATX.match(line.text) if line.text[0] == "#" else None
    if found is None or line.indent > 3:
        return None
    if not line.text.strip("#") and (stop := _underlined(scan, number)) is not None:
        return stop  # signs above and below a title
    scan.blocks.append(Block("heading", line.start, line.end, len(found.group(1))))
    return number + 1


def _underlined(scan: _Scan, number: int) -> int | None:
    """A title with a line of one sign below it, as in Markdown and reStructuredText."""
    line = scan.lines[number]
    if number and not scan.lines[number - 1].blank and not _is_done(scan):
        return None
    found = underlined(scan.lines, number)
    if found is None:
        return None
    stop, style = found
    marker = scan.markers.get(number)
    if marker is not None:
        # A numbered title, or an item above a rule.
        length = len(scan.lines[number + 1].text)
        if marker.number == 0 or length < _FEWEST_SIGNS or not is_as_long(line.text, length):
            return None
    scan.blocks.append(
        Block("heading", line.start, scan.lines[stop - 1].end, _level_of_style(scan, style))
    )
    return stop


# Below an item's number, fewer are a rule.
_FEWEST_SIGNS = 5


def _level_of_style(scan: _Scan, style: str) -> int:
    """A style's level: by what it is for, or below those that came before it."""
    if style not in scan.levels:
        below = max(scan.levels.values()) + 1
        scan.levels[style] = 0 if len(style) == 2 else below
    return scan.levels[style]


def _signed(scan: _Scan, number: int) -> int | None:
    """A heading of MediaWiki or AsciiDoc."""
    line = scan.lines[number]
    apart = number == 0 or scan.lines[number - 1].blank or below_heading(scan)
    level = signed_level(line.text, apart=apart, first=not scan.blocks)
    if level is None:
        return None
    scan.blocks.append(Block("heading", line.start, line.end, level))
    return number + 1


def _is_done(scan: _Scan) -> bool:
    """Whether the last block has ended without a blank line."""
    return bool(scan.blocks) and scan.blocks[-1].kind in ("heading", "code", "table")


def _rule(scan: _Scan, number: int) -> int | None:
    # Skipped: a rule says nothing, and what nobody can see needs no unit. Yet a unit must cover all
    # that is visible, so it joins what stands before it.
    line = scan.lines[number]
    if line.text[0] not in "*_-":
        return None
    if not _RULE.match(line.text) and not _SIGNATURE.match(line.text):
        return None
    if _SIGNATURE.match(line.text) and not _RULE.match(line.text):
        stop = number + 1
        while stop < len(scan.lines) and not scan.lines[stop].blank and stop - number < 10:
            stop += 1
        scan.blocks.append(Block("boilerplate", *span_of(scan.lines[number:stop])))
        return stop
    scan.blocks.append(Block("rule", line.start, line.end))
    return number + 1


def _table(scan: _Scan, number: int) -> int | None:
    block, stop = _table_at(scan, number)
    if block is None:
        return None
    scan.blocks.append(block)
    return stop


def _indented(scan: _Scan, number: int) -> int | None:
    """Code that is indented below the line that announces it."""
    lines = scan.lines
    if lines[number].indent < _INDENT or number < 2 or not lines[number - 1].blank:
        return None
    # "-a" is an option of a program, as a manual page lists them.
    if number in scan.markers or lines[number].text[0] == "-" or not _is_announced(scan):
        return None
    edge = lines[number].indent
    above = number - 2
    while above > 0 and lines[above].blank:
        above -= 1
    if edge < lines[above].indent + _INDENT:
        return None
    stop = number
    while stop < len(lines) and (lines[stop].blank or lines[stop].indent >= edge):
        stop += 1
    while lines[stop - 1].blank:
        stop -= 1
    given = [line.text for line in lines[number:stop] if line.text]
    if any(map(ends_sentence, given)) or 2 * sum(map(is_labelled, given)) > len(given):
        return None
    scan.blocks.append(Block("code", *span_of(lines[number:stop])))
    return stop


def _record(scan: _Scan, number: int) -> int | None:
    """A filled-in form: whole if it is short, else its first line with the others below it."""
    stop = scan.records.get(number)
    if stop is None:
        return None
    start, end = span_of(scan.lines[number:stop])
    block = Block("entry", start, end)
    if approximate_tokens(scan.text[start:end]) > _RECORD and scan.depth < _DEEPEST:
        block.end = scan.lines[number].end
        rest = scan.lines[number + 1 : stop]
        block.children = _scan(scan.text, rest, scan.depth + 1, scan.width, scan.elements)
    scan.blocks.append(block)
    return stop


def _table_at(scan: _Scan, number: int) -> tuple[Block | None, int]:
    # Items, messages and lines of a log may have columns, too.
    plain = not (scan.logged or scan.chatted or scan.spoken or number in scan.markers)
    return table_at(scan.lines, number, plain=plain)


def _mail(scan: _Scan, number: int) -> int | None:
    if not scan.blocks and not scan.depth:
        end = _end_of_raw_headers(scan, number)
        if end is not None:
            _add_headers(scan, number, end)
            return end
    stop = number
    if not _has_label(scan.lines[number].text):
        return None
    while stop < len(scan.lines) and _MAIL_HEADER.match(scan.lines[stop].text):
        stop += 1
    if stop - number < 2:
        return None
    _add_headers(scan, number, stop)
    return stop


def _end_of_raw_headers(scan: _Scan, number: int) -> int | None:
    """The line after the headers of a mail as it was sent; None if a document begins otherwise.

    Its programs write headers of any name. Those that are usual show that it is a mail.
    """
    stop = number
    known = of_programs = 0
    while stop < len(scan.lines) and not scan.lines[stop].blank:
        line = scan.lines[stop]
        folded = line.indent > 0 and stop > number
        if not folded and _ANY_HEADER.match(line.text) is None:
            break
        if not folded:
            known += _MAIL_HEADER.match(line.text) is not None
            of_programs += _TRACE_HEADER.match(line.text) is not None
        stop += 1
    return stop if of_programs and known + of_programs >= _FEWEST_KNOWN else None


def _add_headers(scan: _Scan, number: int, stop: int) -> None:
    for line in scan.lines[number:stop]:
        if line.indent and scan.blocks and line is not scan.lines[number]:
            scan.blocks[-1].end = line.end  # a folded header goes on
            continue
        kind = "heading" if _SUBJECT.match(line.text) else "boilerplate"
        scan.blocks.append(Block(kind, line.start, line.end, 1))


def _quotation(scan: _Scan, number: int) -> int | None:
    if not scan.lines[number].text.startswith(">") or scan.depth >= _DEEPEST:
        return None
    stop = number
    inside = []
    while stop < len(scan.lines) and scan.lines[stop].text.startswith(">"):
        line = scan.lines[stop]
        mark = 2 if line.text[1:2] in (" ", "\t") else 1
        inside.append(inner(line, mark, line.indent + mark))
        stop += 1
    children = _scan(scan.text, inside, scan.depth + 1, scan.width, scan.elements)
    if not children:
        return stop  # all of it is empty: to look at each of its lines anew would take long
    scan.blocks.append(Block("quote", children[0].start, children[0].start, children=children))
    return stop


def _question(scan: _Scan, number: int) -> int | None:
    line = scan.lines[number]
    asked = _QUESTION.match(line.text) if _has_label(line.text) else None
    if asked is None and line.text[0] not in "*_":
        return None
    if asked is None and not _BOLD_QUESTION.match(line.text):
        return None
    stop = number + 1
    while (
        stop < len(scan.lines)
        and not scan.lines[stop].blank
        and not _ANSWER.match(scan.lines[stop].text)
        and not _QUESTION.match(scan.lines[stop].text)
        and not _ENDS_IN_QUESTION.search(scan.lines[stop - 1].text)
    ):
        stop += 1
    following = next((at for at in range(stop, len(scan.lines)) if not scan.lines[at].blank), None)
    if following is None:
        return None
    answered = _ANSWER.match(scan.lines[following].text)
    if asked is not None and answered is None:
        return None
    if following != stop and asked is None and following - stop > 1:
        return None
    scan.blocks.append(Block("question", *span_of(scan.lines[number:stop])))
    return stop


def _answer(scan: _Scan, number: int) -> int | None:
    text = scan.lines[number].text
    if not _has_label(text) or _ANSWER.match(text) is None:
        return None
    if not any(block.kind == "question" for block in scan.blocks[-3:]):
        return None
    stop = number + 1
    while stop < len(scan.lines) and not (
        scan.lines[stop].blank
        or _ends_paragraph(scan, stop)
        or _QUESTION.match(scan.lines[stop].text)
    ):
        stop += 1
    scan.blocks.append(Block("answer", *span_of(scan.lines[number:stop])))
    return stop


def _message(scan: _Scan, number: int) -> int | None:
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
    start, end = span_of(scan.lines[number:stop])
    # `level` keeps how long the speaker's name is.
    scan.blocks.append(Block("message", start, end, found.end()))
    return stop


def _log(scan: _Scan, number: int) -> int | None:
    line = scan.lines[number]
    if scan.logged and _LOG.match(line.text):
        scan.blocks.append(Block("line", line.start, line.end))
        return number + 1
    if begins_trace(line.text):
        found, stop = trace(scan.lines, number)
        scan.blocks.extend(found)
        return stop
    if is_frame(line.text) and (line.indent or scan.blocks):
        stop = end_of_frames(scan.lines, number + 1, line.indent)
        scan.blocks.append(Block("code", *span_of(scan.lines[number:stop])))
        return stop
    if _CAUSE.match(line.text) and not ends_sentence(line.text):
        scan.blocks.append(Block("line", line.start, line.end))
        return number + 1
    return None


def _heading(scan: _Scan, number: int) -> int | None:
    """A heading without Markdown's marks: bold, in capitals, or numbered."""
    line = scan.lines[number]
    if len(line.text) > 120:
        return None
    level = _level_of_heading(scan, number)
    if level is None:
        return None
    scan.blocks.append(Block("heading", line.start, line.end, level))
    return number + 1


def _level_of_heading(scan: _Scan, number: int) -> int | None:
    line = scan.lines[number]
    following = _next_line(scan, number)
    if following is None:
        return None
    if line.text[0] in "*_" and _BOLD.match(line.text):
        return 4 if following > number + 1 else 5  # titles stand apart from the text
    if is_in_brackets(line.text):
        return _level_of_style(scan, line.text[0])
    if follows_sign(scan.lines, number, following):
        return _level_of_style(scan, line.text[0])
    marker = scan.markers.get(number)
    if marker is None:
        return 2 if _is_capitals(scan, number) else None
    if marker.number == 0 or not _is_title(line.text[marker.width :]):
        return None
    level = _RANK.get(marker.style, 2 + marker.depth)
    after = scan.markers.get(following)
    if after is not None:
        is_below = after.style != marker.style and (
            after.depth > marker.depth or _RANK.get(after.style, 3) > level
        )
        previous = _sibling_before(scan, number, marker)
        return (
            level
            if is_below and not previous and line.indent <= scan.lines[following].indent
            else None
        )
    if _sibling_before(scan, number, marker):
        return None
    if scan.lines[following].indent > line.indent:
        return None
    begins = number == 0 or scan.lines[number - 1].blank
    alone = following > number + 1 and begins
    if marker.style in ("dot.", "dot)", "bare") and not alone:
        below = scan.lines[following].text
        if not begins or below[0].islower() or len(line.text) > 60:
            return None
        return level
    if marker.style not in _RANK and marker.depth == 1 and not alone and not marker.strong:
        return None
    return level


# The levels of marks that have a place of their own in a document: chapters above sections.
_RANK = {
    "section章": 1, "section编": 1, "section編": 1, "section篇": 1, "section部": 1, "section卷": 1,
    "section节": 2, "section節": 2, "korean편": 1, "korean장": 1, "korean절": 2,
    "chapter": 1, "part": 1, "kapitel": 1, "teil": 1, "chapitre": 1, "partie": 1, "capítulo": 1,
    "capitolo": 1, "глава": 1, "часть": 1, "rozdział": 1, "kapitola": 1, "hoofdstuk": 1, "bölüm": 1,
    "art.": 3, "čl.": 3, "ст.": 3, "kap.": 1, "cap.": 1, "sec.": 2,
    "section": 2, "abschnitt": 2, "sección": 2, "sezione": 2, "seção": 2, "раздел": 2,
    "article条": 4, "article條": 4, "korean조": 4, "article": 3, "artikel": 3, "статья": 3,
    "cjkh": 3, "roundh": 4, "cjkd": 5, "roundd": 5, "circled": 6, "dot.": 3, "dot)": 4, "bare": 3,
}  # fmt: skip


def _sibling_before(scan: _Scan, number: int, marker: Marker) -> bool:
    """Whether the line right before is the item before this one: then both are items."""
    before = scan.markers.get(number - 1)
    return (
        before is not None and before.style == marker.style and before.number == marker.number - 1
    )


def _next_line(scan: _Scan, number: int) -> int | None:
    lines = scan.lines
    at = number + 1
    while at < len(lines) and not lines[at].text:
        at += 1
    return at if at < len(lines) else None


def _is_title(text: str) -> bool:
    """Whether a numbered line's text reads like a title."""
    if not text:
        return True
    if ends_sentence(text) or text[-1] in ",;，；、:：" or len(text) > 80:
        return False
    if text[0].islower() or text[0].isdigit():
        return False
    return len(text.split()) <= 10 and not any(c in text for c in "。；;，")


def _is_capitals(scan: _Scan, number: int) -> bool:
    line = scan.lines[number]
    text = line.text
    if not text.isupper() or len(text) > 70 or text[-1] in ".,;!?" or "|" in text:
        return False
    if _PROPERTY.match(text):
        return False
    if sum(c.isalpha() for c in text) < 3 or sum(c.isdigit() for c in text) > len(text) / 3:
        return False
    if number + 1 < len(scan.lines) and not scan.lines[number + 1].blank:
        below = scan.lines[number + 1]
        if below.indent > line.indent:
            return True
        first = below.text.split(None, 1)[0]
        if len(first) > 1 and first.isupper() and first.strip(".,:").isalpha():
            return False  # the capitals go on
    return number == 0 or scan.lines[number - 1].blank or below_heading(scan)


def below_heading(scan: _Scan) -> bool:
    """Whether the last block is a heading.

    Args:
        scan: The walk.

    Returns:
        Whether it is.
    """
    return bool(scan.blocks) and scan.blocks[-1].kind == "heading"


def _item(scan: _Scan, number: int) -> int | None:
    marker = scan.markers.get(number)
    if marker is None or scan.depth >= _DEEPEST:
        return None
    line = scan.lines[number]
    # Columns, not characters: what lies below belongs to the item if it is indented as its text.
    content = line.indent + max(marker.width, 2)
    first = inner(line, marker.width, content)
    inside = [first]
    stop = number + 1
    blank_seen = False
    while stop < len(scan.lines):
        below = scan.lines[stop]
        if below.blank:
            blank_seen = True
        elif below.indent >= min(content, line.indent + 2) and below.indent > line.indent:
            blank_seen = False
        elif (
            blank_seen
            or stop in scan.markers
            or _ends_paragraph(scan, stop)
            or not _is_lazy(scan, stop)
        ):
            break
        inside.append(below if below.blank else inner(below, 0, min(content, below.indent)))
        stop += 1
    while inside and inside[-1].blank and len(inside) > 1:
        inside.pop()
    scan.blocks.append(_item_block(scan, line, first, inside))
    return stop


def _is_lazy(scan: _Scan, number: int) -> bool:
    """Whether a line that is not indented carries on the item before it."""
    before, line = scan.lines[number - 1], scan.lines[number]
    if is_labelled(line.text):
        return False
    if before.text.endswith("-") and before.text[-2:-1].isalpha():
        return True
    if scan.width or line.text[0].islower():
        return True
    return not ends_sentence(before.text) and len(before.text) + before.indent >= 50


def _item_block(scan: _Scan, line: Line, first: Line, inside: list[Line]) -> Block:
    if first.blank:
        return Block("item", line.start, line.end)
    if _FENCE.match(first.text) or _begins_element(scan, first) or _ATX.match(first.text):
        children = _scan(scan.text, inside, scan.depth + 1, scan.width, scan.elements)
        if children and children[0].kind != "prose":
            children[0].start = line.start if children[0].kind != "table" else children[0].start
            return Block("item", line.start, line.start, children=children)
    own = 1
    markers = trusted_markers(inside[1:])
    while own < len(inside) and not inside[own].blank and (own - 1) not in markers:
        if _FENCE.match(inside[own].text) or inside[own].text.startswith((">", "|", "<")):
            break
        own += 1
    end = span_of(inside[:own])[1]
    block = Block("item", line.start, end)
    if own < len(inside):
        block.children = _scan(scan.text, inside[own:], scan.depth + 1, scan.width, scan.elements)
    return block


def _ends_paragraph(scan: _Scan, number: int) -> bool:
    """Whether line `number` begins a block of its own, although no blank line precedes it."""
    line = scan.lines[number]
    text = line.text
    if not text or number in scan.markers:
        return True
    first = text[0]
    if first == "`" or first == "~":
        return _FENCE.match(text) is not None
    if first == "#":
        return _ATX.match(text) is not None
    if first == ">":
        return True
    if first == "<":
        return _begins_element(scan, line)
    if first == "=":
        return signed_level(text, apart=False, first=False) is not None
    if is_in_brackets(text):
        return True
    if number in scan.records or (scan.logged and _LOG.match(text)):
        return True
    if (scan.chatted and _CHAT.match(text)) or (scan.spoken and _SPEAKER.match(text)):
        return True
    if first in "*_-" and (_BOLD.match(text) or _RULE.match(text)):
        return True
    if begins_trace(text) or (line.indent and is_frame(text)):
        return True
    if _has_label(text) and _QUESTION.match(text) and _question_is_answered(scan, number):
        return True
    return _may_be_table(text) and _table_at(scan, number)[0] is not None


def _may_be_table(text: str) -> bool:
    """Whether a line has what stands between cells: a quick test before slow ones."""
    return "|" in text or text[0] in _CORNERS or _CELLS.search(text) is not None


_CORNERS = frozenset("+┌╔┏╒│║┃")
_CELLS = re.compile(r" {2}|\t[^\t]*\t|,[^ ,]*,|;[^ ;]*;")


_EARLY_LABEL = re.compile(r"[^\n:：.)]{0,24}[:：.)]")


def _has_label(text: str) -> bool:
    """Whether a mark as after a label stands near the beginning: a quick test before slow ones."""
    return _EARLY_LABEL.match(text) is not None


def _question_is_answered(scan: _Scan, number: int) -> bool:
    return any(
        _ANSWER.match(scan.lines[at].text)
        for at in range(number + 1, min(number + 4, len(scan.lines)))
    )


def _hanging(scan: _Scan, number: int) -> int | None:
    """A term with its text indented below it, as in a manual page, or after a colon below it."""
    line = scan.lines[number]
    is_option = _OPTION.match(line.text) is not None
    stop = number + 1
    while (
        stop < len(scan.lines)
        and not scan.lines[stop].blank
        and (scan.lines[stop].indent >= line.indent + 2 or scan.lines[stop].text.startswith(": "))
        # Where long names stand below each other, those without a short one look indented.
        and not (is_option and _OPTION.match(scan.lines[stop].text))
    ):
        stop += 1
    if is_option and (stop > number + 1 or _stands_among_options(scan, number)):
        scan.blocks.append(Block("entry", *span_of(scan.lines[number:stop])))
        return stop
    if stop == number + 1 or ends_sentence(line.text) or len(line.text) > 100:
        return None
    if scan.width and len(line.text) + line.indent > 0.7 * scan.width:
        return None
    block = Block("entry", *span_of(scan.lines[number:stop]))
    below = scan.lines[number + 1 : stop]
    if scan.depth < _DEEPEST and _is_list_below(line, below):
        block.end = line.end
        block.children = _scan(scan.text, below, scan.depth + 1, scan.width, scan.elements)
    scan.blocks.append(block)
    return stop


# An option of a program, with its value or text.
_OPTION = re.compile(r"--?[A-Za-z?][\w-]*(?:[ ,=\[<]|$)")


def _stands_among_options(scan: _Scan, number: int) -> bool:
    around = [*scan.lines[max(0, number - 1) : number], *scan.lines[number + 1 : number + 2]]
    return "  " in scan.lines[number].text or any(_OPTION.match(line.text) for line in around)


def _is_list_below(line: Line, below: Sequence[Line]) -> bool:
    """Whether a line announces several options or entries, and not one text."""
    edge = min(one.indent for one in below)
    first = [one for one in below if one.indent == edge]
    if sum(_OPTION.match(one.text) is not None for one in first) > 1:
        return True
    labelled = sum(_TWO_COLUMNS.match(one.text) is not None for one in first)
    return len(first) > 1 and line.text[-1] in ":：" and 2 * labelled >= len(first)


_TWO_COLUMNS = re.compile(r"\S+(?: \S+){0,4}(?: {2,}|\t+)\S|\S+[:：] |-\S")


def _title(scan: _Scan, number: int) -> int | None:
    """A title that stands right on its text."""
    if number not in scan.titles:
        return None
    line = scan.lines[number]
    scan.blocks.append(Block("title", line.start, line.end))
    return number + 1


def _paragraph(scan: _Scan, number: int) -> int | None:
    stop = number + 1
    while stop < len(scan.lines) and not _ends_paragraph(scan, stop):
        if scan.lines[stop].text[0] in "=-" and _SETEXT.match(scan.lines[stop].text):
            break
        stop += 1
    lines = scan.lines[number:stop]
    if len(lines) == 1 and _is_plain_question(scan, number):
        scan.blocks.append(Block("question", lines[0].start, lines[0].end, 1))
        return stop
    answered = _end_of_answer(scan, number, stop)
    if answered:
        scan.blocks.append(Block("question", lines[0].start, lines[0].end, 1))
        # One block, for only one is under such a question.
        scan.blocks.append(Block("prose", *span_of(scan.lines[number + 1 : answered])))
        return answered
    alone = len(lines) == 1
    runs = list(joined_lines(lines, scan.width))
    announced = _announced_runs(scan, runs)
    for place, run in enumerate(runs):
        start, end = span_of(run)
        if len(run) > 1 or ends_sentence(run[-1].text):
            kind = "prose"
        elif is_labelled(run[0].text):
            kind = "entry"
        elif place in announced:
            kind = "line"
        else:
            kind = "title" if alone and _is_title_line(scan, number) else "prose"
        if kind == "title" and _next_line(scan, number) in scan.titles:
            # It heads the titles below it.
            scan.blocks.append(Block("heading", start, end, _OVER_TITLES))
        else:
            scan.blocks.append(Block(kind, start, end))
    return stop


def _is_announced(scan: _Scan) -> bool:
    """Whether the last block is text that ends with a colon."""
    last = scan.blocks[-1] if scan.blocks else None
    return (
        last is not None
        and last.kind in ("prose", "item", "entry", "answer")
        and scan.text.endswith((":", "："), last.start, last.end)
    )


def _announced_runs(scan: _Scan, runs: Sequence[Sequence[Line]]) -> set[int]:
    """Which lines of a paragraph are a list without marks below a line that ends with a colon."""
    found: set[int] = set()
    listed: list[int] = []
    announced = _is_announced(scan)
    for place, run in enumerate(runs):
        text = run[-1].text
        if text.endswith((":", "：")):
            announced = True
            found.update(listed if len(listed) > 1 else ())
            listed = []
        elif announced and len(text) <= _LONGEST_LISTED and not ends_sentence(text):
            listed.append(place)
        else:
            announced = False
            listed = []
    return found | set(listed if len(listed) > 1 else ())


def _is_title_line(scan: _Scan, number: int) -> bool:
    """Whether a line by itself reads like the title of what follows."""
    text = scan.lines[number].text
    if len(text) > 80 or len(text.split()) > 12 or text[-1] in ":：,;，；、":
        return False
    return _ENDS_WITHIN.search(text) is None


def _is_plain_question(scan: _Scan, number: int) -> bool:
    """Whether a paragraph of one line asks what the next paragraph answers."""
    line = scan.lines[number]
    if not _ENDS_IN_QUESTION.search(line.text) or len(line.text) > 200 or line.text[-1] == ";":
        return False
    following = _next_line(scan, number)
    if following is None or following > number + 2:
        return False
    below = scan.lines[following].text
    return not _ENDS_IN_QUESTION.search(below) and following not in scan.markers


# A question has at most so many characters, and its answer so many lines, right below it.
_LONGEST_QUESTION, _LONGEST_ANSWER = 120, 4


def _end_of_answer(scan: _Scan, number: int, stop: int) -> int | None:
    """The line after the answer if a paragraph begins with a question by itself, and answers it."""
    line = scan.lines[number]
    text = line.text
    if not _ENDS_IN_QUESTION.search(text) or text[-1] == ";" or len(text) > _LONGEST_QUESTION:
        return None
    if not text[0].isalnum() and text[0] not in "¿(":  # a quotation or an aside
        return None
    if text[0].islower() or _ENDS_WITHIN.search(text[:-1]) or is_labelled(text):
        return None
    if scan.width and len(text) + line.indent > 0.7 * scan.width:
        return None
    begins = number == 0 or scan.lines[number - 1].blank
    before = [block.kind for block in scan.blocks[-2:]]
    if (
        not begins
        and before != ["question", "prose"]
        and before[-1:] not in (["heading"], ["title"])
    ):
        return None
    end = number + 1
    while end < stop and not _ENDS_IN_QUESTION.search(scan.lines[end].text):
        end += 1
    if end == number + 1 or end - number - 1 > _LONGEST_ANSWER:
        return None
    return end


_Rule = Callable[[_Scan, int], int | None]

# In the order in which they look at a line, and the first characters without which each finds
# nothing: most lines begin with none of them.
_RULES: tuple[tuple[_Rule, str], ...] = (
    (_fence, "`~"), (_element, "<"), (_indented, ""), (_atx, "#"), (_record, ""), (_table, ""),
    (_mail, ""), (_question, ""), (_answer, ""), (_message, ""), (_log, ""), (_quotation, ">"),
    (_signed, "="), (_underlined, ""), (_rule, "*_-"), (_heading, ""), (_item, ""), (_title, ""),
    (_hanging, ""), (_paragraph, ""),
)  # fmt: skip
_MARKED = frozenset("".join(marks for _, marks in _RULES))


def _rules_of(text: str) -> tuple[_Rule, ...]:
    """The rules that may find something at a line."""
    first = text[0]
    return _rules_for(first if first in _MARKED else "", _may_be_table(text), _has_label(text))


@cache
def _rules_for(first: str, has_cells: bool, has_label: bool) -> tuple[_Rule, ...]:
    left_out = set()
    if not has_cells:
        left_out.add(_table)
    if not has_label:
        left_out |= {_mail, _answer}
        if first not in ("*", "_"):
            left_out.add(_question)
    return tuple(
        rule
        for rule, marks in _RULES
        if rule not in left_out and (not marks or (first and first in marks))
    )
