"""Blocks to units: sentences of prose, parts of what is too long, and what each stands under."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ..joining import is_seam
from ..markup import label_text
from ..questions import ends_in_question
from ..sentences import sentence_spans
from ..units import Kind, Span, Unit
from .lines import Block, Line
from .markers import follows, is_next_article, marker_of

_LEAD = re.compile(r"[:：]\s*[*_]{0,2}\s*$")
# A sentence with one of these announces the list right below it: "We need the following papers."
_BELOW = re.compile(
    r"\b(?:following|as follows|folgende[nrs]?|wie folgt|volgende|följande|følgende|seuraava\w*"
    r"|suivante?s?|comme suit|siguientes?|següents|seguintes?|seguenti|următoare\w*|następując\w+"
    r"|následující\w*|nasledujúc\w+|következő\w*|следующ\w+|наступн\w+|следните|ακόλουθ\w+|εξής"
    r"|aşağıdaki\w*|şunlardır|như sau|sau đây|berikut|التالية|يلي|زیر|הבאים|הבאות|निम्न\w*)\b"
    r"|如下|以下|下列|下記|次の(?:とおり|通り)|다음과 같|다음의|ต่อไปนี้|ดังนี้",
    re.IGNORECASE,
)
# Without one of these a line is one sentence; Thai and its like have no full stop.
_MAY_END = re.compile(
    r"[.!?。！？．｡…‥।॥؟۔።;։؛\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]|[:：][)(]|\s{2}"
)
# A line that announces a list is shorter than this, in characters.
_LONGEST_LEAD = 400
# A line above a table that says what it shows is shorter than this, in characters.
_LONGEST_CAPTION = 120
# Blocks that a line with a colon may announce.
_ANNOUNCED = frozenset({"item", "table", "code", "quote", "line", "entry"})
# Over these a line that reads like a title is none.
_APART = frozenset({"heading", "title", "question"})
# So many announcements may be open, one within another.
_DEEPEST_LEAD = 4
# A mark before an item is shorter than this, in characters.
_LONGEST_MARK = 80
# A message that asks is shorter than this, in characters: a longer one says something itself.
_LONGEST_ASKED = 200
# A reply is one of so many messages after the one that asks.
_REPLIES_WITHIN = 3
# What stands beside a speaker's name: times, dates and brackets.
_NO_NAME = re.compile(r"\b[ap]\.?m\b|[\d\W_]+", re.IGNORECASE)

Divide = Callable[[int, int], Sequence[Span]]
"""Divides a span that is too long; returns it alone if it is not."""


@dataclass
class _Place:
    """Where a walk over the blocks of a container is.

    Attributes:
        outer: What the container stands under.
        headings: The open headings, with their levels.
        title: A line that reads like the title of what follows.
        question: The question that is being answered.
        leads: The lines that announce the blocks at hand, outermost first, each with the kind of
            its block.
        is_brief: Whether one paragraph answers the question.
        asker: Who asked the question, in a chat.
        replier: Who answers it there: the first other speaker.
    """

    outer: tuple[Span, ...]
    headings: list[tuple[int, Span]] = field(default_factory=list)
    title: list[Span] = field(default_factory=list)
    question: list[Span] = field(default_factory=list)
    leads: list[tuple[Span, str]] = field(default_factory=list)
    is_brief: bool = False
    asker: str = ""
    replier: str = ""

    @property
    def path(self) -> tuple[Span, ...]:
        """What the next block stands under."""
        headings = (span for _, span in self.headings)
        leads = (span for span, _ in self.leads)
        return (*self.outer, *headings, *self.title, *self.question, *leads)

    def close(self) -> None:
        """End what reaches to the next heading, title or question."""
        self.title, self.question, self.leads, self.is_brief = [], [], [], False
        self.asker, self.replier = "", ""


@dataclass
class Outline:
    """Makes units of one text's blocks.

    Args:
        text: The text.
        lang: The language of its sentences.
        divide: Divides a span that is longer than a unit may be.
        is_small: Tells whether a table is short enough to be one unit.
    """

    text: str
    lang: str
    divide: Divide
    is_small: Callable[[int, int], bool]
    units: list[Unit] = field(default_factory=list)

    def add(self, blocks: Sequence[Block], path: tuple[Span, ...] = ()) -> None:
        """Append the units of some blocks.

        Args:
            blocks: The blocks of one container, in order.
            path: What the container stands under.
        """
        place = _Place(path)
        # A title without others tells no place from another, and would come along for nothing.
        titled = sum(block.kind in ("heading", "title") for block in blocks) > 1
        for number, block in enumerate(blocks):
            following = blocks[number + 1] if number + 1 < len(blocks) else None
            if block.kind == "heading":
                self._heading(block, following, place)
            elif block.kind == "question":
                answered = following is not None and following.kind not in ("heading", "question")
                title = place.title
                place.close()
                place.title = title  # questions stand under it, one after the other
                if self._put(block, "question" if answered else "sentence", place.path):
                    place.question = [(block.start, block.end)] if answered else []
                    place.is_brief = block.level == 1
            elif block.kind == "title":
                before = blocks[number - 1] if number else None
                if following is not None and following.kind == "rule":
                    following = blocks[number + 2] if number + 2 < len(blocks) else None
                self._title(block, before, following, place, titled=titled)
            elif block.kind == "message":
                self._turn(block, blocks[number + 1 : number + 1 + _REPLIES_WITHIN], place)
            else:
                self._close_leads(block, place)
                self._content(block, following, place)
                if place.is_brief and block.kind != "rule":
                    place.question = []

    def _heading(self, block: Block, following: Block | None, place: _Place) -> None:
        place.close()
        while place.headings and place.headings[-1][0] >= block.level:
            place.headings.pop()
        # A heading over nothing says what it says by itself.
        is_empty = following is None or (
            following.kind == "heading" and following.level <= block.level
        )
        if self._put(block, "line" if is_empty else "heading", place.path):
            place.headings.append((block.level, (block.start, block.end)))

    def _title(
        self,
        block: Block,
        before: Block | None,
        following: Block | None,
        place: _Place,
        *,
        titled: bool,
    ) -> None:
        """A line that reads like a title; right below a question it is the answer."""
        if before is not None and self._is_asked(before):
            self._put(block, "answer", place.path)
            if place.is_brief:
                place.question = []
            return
        is_title = following is not None and following.kind != "heading"
        leads = titled and following is not None and self._leads(before, block, following)
        place.close()
        kind: Kind = "heading" if leads else "line" if is_title else "sentence"
        if self._put(block, kind, place.path) and is_title:
            place.title = [(block.start, block.end)]

    def _leads(self, before: Block | None, title: Block, following: Block) -> bool:
        """Whether a line that reads like a title is one: it stands apart, and says no more."""
        text = self.text
        if following.kind in _APART or text[title.start] == "-":
            return False
        is_label = text[title.end - 1] in ":："
        if following.kind == "prose" and text[following.start].islower() and not is_label:
            return False
        gap = text[before.end : title.start] if before is not None else "\n\n"
        return gap.count("\n") > 1 and any(map(str.isalpha, text[title.start : title.end]))

    def _is_asked(self, block: Block) -> bool:
        """Whether a block asks what the next one answers."""
        if block.kind == "heading":
            return ends_in_question(label_text(self.text[block.start : block.end]))
        return block.kind == "question"

    def _close_leads(self, block: Block, place: _Place) -> None:
        """End the announcements that a block does not stand under."""
        if block.kind not in _ANNOUNCED:
            place.leads = []
        if block.kind == "item" and place.headings:
            # An article with a title above its paragraphs, then one whose text stands beside it.
            above = self._first_line(*place.headings[-1][1])
            if is_next_article(above, self._first_line(block.start, block.end)):
                place.headings.pop()
        if not place.leads or block.kind not in ("item", "entry"):
            return
        # "4.2" is beside "4.1", not under it; and what has no marks is beside its like if it
        # announces something, too.
        line = self._first_line(block.start, block.end)
        announces = _LEAD.search(self.text, max(block.start, block.end - 6), block.end)
        for number, (span, kind) in enumerate(place.leads):
            above = self._first_line(*span)
            alike = announces and kind == block.kind and marker_of(above) is None
            if kind != "prose" and (alike or follows(above, line)):
                del place.leads[number:]
                return

    def _first_line(self, start: int, end: int) -> Line:
        """The beginning of a block as a line, for its mark."""
        end = min(end, start + _LONGEST_MARK)
        return Line(start, end, 0, self.text[start:end])

    def _turn(self, block: Block, following: Sequence[Block], place: _Place) -> None:
        """A message, which may ask, or answer the one that asked."""
        place.leads = []
        speaker = self._speaker(block)
        if speaker != place.asker:
            place.replier = place.replier or speaker
        if place.asker and place.replier and speaker != place.replier:
            place.question, place.asker = [], ""
        if self._asks(block) and self._is_answered(following, speaker):
            place.question = []
            if self._put(block, "question", place.path):
                place.question = [(block.start, block.end)]
                place.asker, place.replier = speaker, ""
        elif speaker and speaker == place.asker and self._is_short(block):
            # What is added is part of the question, and no answer to it.
            if self._put(block, "question", place.path):
                place.question = [*place.question, (block.start, block.end)]
        else:
            self._block(block, place.path)

    def _is_answered(self, following: Sequence[Block], speaker: str) -> bool:
        """Whether somebody else replies; who asked may add something before."""
        for block in following:
            if block.kind != "message" or self._asks(block):
                return False
            if (other := self._speaker(block)) != speaker:
                return other != ""
        return False

    def _asks(self, message: Block) -> bool:
        """Whether a message is one question and nothing else."""
        said = message.start + max(0, message.level)
        return (
            self._is_short(message)
            and ends_in_question(self.text[said : message.end])
            and len(sentence_spans(self.text, said, message.end, self.lang)) == 1
        )

    def _is_short(self, message: Block) -> bool:
        return message.end - message.start - max(0, message.level) <= _LONGEST_ASKED

    def _speaker(self, message: Block) -> str:
        """Who says a message; "" if that is not told."""
        label = self.text[message.start : message.start + max(0, message.level)]
        return _NO_NAME.sub(" ", label).strip().casefold()

    def _is_caption(self, block: Block, following: Block | None) -> bool:
        """Whether a line above a table says what it shows: "Table 4. Rye by village"."""
        if block.kind != "prose" or following is None or following.kind != "table":
            return False
        text = self.text[block.start : block.end]
        return len(text) <= _LONGEST_CAPTION and "\n" not in text and text[-1].isalnum()

    def _content(self, block: Block, following: Block | None, place: _Place) -> None:
        if self._is_caption(block, following):
            if self._put(block, "heading", place.path):
                place.leads = [((block.start, block.end), block.kind)]
            return
        found = len(self.units)
        self._block(block, place.path)
        if len(self.units) == found or block.kind not in ("prose", "item", "entry", "answer"):
            return
        last = self.units[-1]
        if not block.children and self._announces(last, block.kind, following):
            self.units[-1] = last._replace(kind="lead-in")
            del place.leads[_DEEPEST_LEAD - 1 :]
            place.leads.append(((last.start, last.end), block.kind))

    def _announces(self, unit: Unit, kind: str, following: Block | None) -> bool:
        """Whether the last unit of a block announces what follows: by a colon, or in words."""
        if following is None or following.kind not in _ANNOUNCED:
            return False
        if unit.end - unit.start > _LONGEST_LEAD:
            return False
        if _LEAD.search(self.text, max(unit.start, unit.end - 6), unit.end):
            return True
        is_list = kind == "prose" and following.kind in ("item", "table")
        return is_list and _BELOW.search(self.text, unit.start, unit.end) is not None

    def _block(self, block: Block, path: tuple[Span, ...]) -> None:
        kind = block.kind
        if kind == "prose":
            if _MAY_END.search(self.text, block.start, block.end - 1) is None:
                self._spans(block.start, block.end, "sentence", path, block.markup)
                return
            for start, end in sentence_spans(self.text, block.start, block.end, self.lang):
                self._spans(start, end, "sentence", path, block.markup)
        elif kind == "table":
            self._table(block, path)
        elif kind in ("item", "key", "entry", "quote"):
            self._container(block, path)
        elif kind == "message":
            self._message(block, path)
        elif kind == "code":
            self._code(block, path)
        elif kind in ("answer", "boilerplate", "line", "row", "part"):
            self._spans(block.start, block.end, kind, path, block.markup)  # type: ignore[arg-type]
        # A rule says nothing; the gap between two units may hold it.

    def _container(self, block: Block, path: tuple[Span, ...]) -> None:
        """An item, or a key, with what stands under it."""
        if block.kind == "quote" or block.start == block.end:
            self.add(block.children, path)
            return
        kind: Kind = "item" if block.kind == "item" else "entry"
        if not block.children:
            self._spans(block.start, block.end, kind, path, block.markup)
            return
        said = len(self.units)
        if block.kind == "key":
            self._put(block, "key", path)
        elif _LEAD.search(self.text, max(block.start, block.end - 6), block.end):
            self._put(block, "lead-in", path)
        else:
            self._spans(block.start, block.end, kind, path, block.markup)
        if len(self.units) == said + 1:  # not divided, and not empty
            path = (*path, (block.start, block.end))
        self.add(block.children, path)

    def _has_rows(self, block: Block) -> bool:
        """Whether a block is a table whose rows are units."""
        # Level 1 is a file of records, whose rows have nothing to do with each other.
        return block.kind == "table" and (
            block.level == 1 or not self.is_small(block.start, block.end)
        )

    def _table(self, block: Block, path: tuple[Span, ...]) -> None:
        if not self._has_rows(block):
            self._put(block, "table", path)
            return
        for row in block.children:
            if row.kind == "header" and len(block.children) > 1:
                if self._put(row, "header", path):
                    path = (*path, (row.start, row.end))
            else:
                self._spans(row.start, row.end, "row", path, row.markup)

    def _message(self, block: Block, path: tuple[Span, ...]) -> None:
        parts = self.divide(block.start, block.end)
        if len(parts) == 1 or block.level <= 0:
            self._put(block, "message", path)
            return
        said = block.start + block.level
        speaker = (block.start, block.start + len(self.text[block.start : said].rstrip()))
        self.units.append(Unit(*speaker, "key", path))
        for start, end in sentence_spans(self.text, said, block.end, self.lang):
            self._spans(start, end, "message", (*path, speaker), False)

    def _code(self, block: Block, path: tuple[Span, ...]) -> None:
        parts = self.divide(block.start, block.end)
        if len(parts) == 1:
            self._put(block, "code", path)
            return
        # Its first line, such as a function's name, tells what the other parts are about.
        first = _signature(self.text, block.start, block.end)
        if first[0] < first[1] < block.end:
            if block.start < first[0]:
                above = len(self.text[block.start : first[0]].rstrip())
                self._spans(block.start, block.start + above, "code", path, block.markup)
            self.units.append(Unit(*first, "header", path))
            parts = self.divide(_skip_blank(self.text, first[1]), block.end)
            path = (*path, first)
        for start, stop in parts:
            self.units.append(Unit(start, stop, "code", path, block.markup))

    def _spans(
        self, start: int, end: int, kind: Kind, path: tuple[Span, ...], markup: bool
    ) -> None:
        """Append one unit, or the parts of one that is too long."""
        if is_seam(self.text[start:end]):
            return
        parts = self.divide(start, end)
        for first, last in parts:
            if len(parts) == 1:
                self.units.append(Unit(first, last, kind, path, markup))
            elif not is_seam(self.text[first:last]):
                self.units.append(Unit(first, last, "part", path, markup))

    def _put(self, block: Block, kind: Kind, path: tuple[Span, ...]) -> bool:
        """Append a block as one unit, if it says anything; returns whether it does."""
        if is_seam(self.text[block.start : block.end]):
            return False
        self.units.append(Unit(block.start, block.end, kind, path, block.markup))
        return True


def _signature(text: str, start: int, end: int) -> Span:
    """The first line of a program's part that is neither a comment nor a decorator."""
    at = start
    while at < end:
        stop = text.find("\n", at, end)
        stop = end if stop < 0 else stop
        line = text[at:stop].strip()
        if line and not line.startswith(("@", "#", "//", "/*", "*", "--", '"', "```", "~~~")):
            first = stop - len(text[at:stop].lstrip())
            return first, first + len(line)
        at = stop + 1
    return start, start


def _skip_blank(text: str, start: int) -> int:
    while start < len(text) and text[start].isspace():
        start += 1
    return start
