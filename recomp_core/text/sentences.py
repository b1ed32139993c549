"""Splits prose into sentences: one pass over full stops and their kin, each judged by its vicinity.

Our own, because the libraries for it cut "am 3. Mai" and "approx. 5 kg", keep whatever stands
between two unpaired marks in one piece, and some take time with the square of the text. Here a mark
never swallows more than its sentence: quotations are not paired, and only what follows a closing
mark tells whether the sentence goes on.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from enum import Enum, auto
from functools import lru_cache

from .abbreviations import habits
from .joining import INVISIBLE

Span = tuple[int, int]

_SPACED = ".!?…‽⁇⁈⁉‼"
"""Marks that end a sentence before a space."""
_FULL = "。！？｡．︒︕︖।॥؟۔։።፧།။។៕᠃᱾"
"""Marks that end a sentence without a space, too."""
_CLOSING = ")]}）］｝】》〉」』｣〞〟”’›»"
# These open in one language and close in another.
_EITHER = "\"'“‘«‹*_~`"
_OPENING = "([{（［｛【《〈「『｢〝“‘„‚«‹»›\"'¿¡*_~`<"
_OPENING_OF = {
    ")": "(", "]": "[", "}": "{", "）": "（", "］": "［", "】": "【", "》": "《", "〉": "〈",
    "」": "「", "』": "『", "｣": "｢", "”": "“”„", "’": "‘’‚", "»": "«»", "«": "»«", "“": "„“",
    "‘": "‚", "›": "‹›", "‹": "›", '"': '"', "'": "'",
}  # fmt: skip
# A quotation that its sentence goes on after is looked for this many characters back.
_QUOTATION = 120
_NEAR = 40
# Lines of so many characters come again and again in lists and data.
_REMEMBERED = 40

_MARKS = re.escape(_SPACED[1:] + _FULL)
# A full stop before a letter or a digit ends nothing, unless a space may be missing. One class for
# all that may follow the first mark, so that the pattern is linear.
_MORE = re.escape("." + _SPACED[1:] + _FULL + _CLOSING + _EITHER)
# "It was sold.2,3 Then": the numbers of footnotes, which are no decimals.
_NOTES = r"\d{1,3}(?:[,–-]\d{1,3}){0,8}(?= [\"“(\[]?[^\W\d_a-z])"
_SMALL = "a-zß-öø-ÿа-яёα-ω"
_CANDIDATE = re.compile(
    rf"((?:\.(?![0-9a-z]|[A-Z](?![a-z]{{0,15}} ))|[{_MARKS}]|(?<=[{_SMALL}]{{3}})\.(?={_NOTES}))"
    rf"[{_MORE}]*)( *)"
)
_GREEK_CANDIDATE = re.compile(_CANDIDATE.pattern.replace("(?:", "(?:[;\u037e](?= )|", 1))
_NEXT = re.compile(rf"(?:[{re.escape(_OPENING)} —–―\-]{{0,8}})([^\s,.;:!?)\]}}\"”»…]{{0,24}})")

_EMOJI = r"[\u2600-\u27bf\u2b50\u2b55\ufe0f\u200d\U0001f1e6-\U0001faff]{1,16}"
_SMILEY = r"[:;=8xX]['’]?[-o^]?[()\[\]{}DPpOo3|/\\*]+(?![^ ])|\^_*\^|<3(?![^ ])"
# What belongs to the sentence before it: a footnote's mark, a closing tag, a smiley.
_TAIL = re.compile(
    r"(?:\[(?:\d{1,3}(?:[,–-] ?\d{1,3}){0,8}|\^[\w-]{1,20})\](?![^ \[])"
    rf"|\(\d{{1,3}}(?:[,–-] ?\d{{1,3}}){{0,8}}\)(?![^ ])|(?P<notes>(?<!\d){_NOTES})"
    r"|[\u00b9\u00b2\u00b3\u2070-\u2079]{1,4}|</[A-Za-z]\w{0,9}>"
    rf"| ?[»›](?!\w)|(?P<smiley> ?(?:{_EMOJI}|{_SMILEY}))){{1,6}}"
)
_CJK = re.compile(
    r"[\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uff10-\uff5a\U00020000-\U0003ffff]"
)

# 「…。」と言った is one sentence: a particle ties the quotation to its verb. The exceptions are
# words that begin with the same syllable.
_PARTICLE = re.compile(
    r"と(?!ても|ころ|にかく|はいえ|もかく|きに|いうのも|りわけ)|って|など|を|の(?!ち)|が(?!っ)"
    r"|は(?!い|じめ|やく)|に(?!わか|もかか)|で(?!も|は[、，]|すが|した)|も(?!う|し|ちろん|とも|っと)"
    r"|から(?!だ)|まで|より(?!も)|[、，。]"
)
# “走吧！”他大声说。
_CHINESE_SPEECH = re.compile(
    r"(?:(?![没沒不])[\u4e00-\u9fff]){0,6}?(?:说|說|问|問|道|喊|叫|答|叹|嘆|嚷|吼)(?:着|著|道|了)?[，。：！,]|的"
)
_LOWER_LIST = re.compile(r"(?:[a-z]|[ivx]{1,4})\)")
# "12 (3)", "99, 010401 (2025)" and "15:51" after the name of a journal or a book, and the rest of
# such a name.
_VOLUME = re.compile(r"\d+ ?\(\d+\)|\d+:\d+|\d+, ?\d+(?:[–-]\d+)? ?\(\d{4}\)")
_JOURNAL = re.compile(r"(?:[A-Z]\w{0,9}\. ?){1,4}\d")
# A quotation that ends like "this. " and goes on, as some corpora have it.
_SPACED_QUOTE = re.compile(r' "(?=[ ,])')
_OTHER_SPACE = re.compile(f"[{re.escape(INVISIBLE.replace(' ', ''))}]")
_BLANK_LINE = re.compile(r"\n(?:[ \t\r]*\n)+")
_CAPITAL_AFTER_MARK = re.compile(r"[.!?][\"')\]]? +[\"'(\[]?(\w)")

_NUMBER = re.compile(r"#?\d+(?:[.,:/]\d+)*")
_ORDINAL = re.compile(r"\d{1,3}|\d{1,2}\.\d{1,2}")
_ROMAN = re.compile(r"[IVXLC]+")
_YEAR = re.compile(r" ?[^\W\d_]{3,12} \d{4}")
_ABBREVIATED = re.compile(r"(?:[^\W\d_]{1,2}\.)+[^\W\d_]{1,3}")
_LABEL = re.compile(r"[\[(]?(?:\d|[A-Z]?\d|[IVXLC]+\b|[A-Z]\b)")
_CONSONANTS = re.compile(r"[b-df-hj-np-tv-xzßñçčćšśžźżłńřďťň]{2,4}")


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_UNITS = _set(
    "km m cm mm µm nm kg g mg µg t l ml cl dl h min s ms sec Hz kHz MHz GHz V mV kV W mW kW MW GW "
    "kWh MWh A mA Ah C kN kJ MJ Pa kPa MPa bar KB kB MB GB TB px pt dB rpm psi in ft yd "
    "lb lbs oz mi mph mol cal kcal км м см мм кг мг т л мл В Вт кВт А Гц"
)
_CURRENCIES = _set("Kč Kčs zł kr Ft lei руб грн")
# These stand between a number and its unit.
_MULTIPLES = _set("mln mld tys tys. Mio Mio. Mrd Mrd. mil mil. млн млрд тыс тыс. кв. куб.")
# "Article 5. Notices", "图1. 结构": what begins a paragraph is the number of what follows.
_NUMBERED_NAME = re.compile(
    r"[^\s\d.,:;!?()]{2,14}\.? (?:\d{1,3}(?:\.\d{1,3}){0,3}|[IVXLC]{1,7})|[图圖図表]\d{1,3}"
)
_LONGEST_NUMBERED_NAME = 32
# Names and asides, within which a mark ends nothing: 《你好！旧时光》, （成立于1990年。后搬迁）.
_ENCLOSED = {"《": "》", "〈": "〉", "（": "）"}
# What may follow "Co." or "p.m." within a sentence.
_CONTINUATIONS = _set(
    "KG KGaA OHG Ltd Inc Limited LLC GmbH EST EDT PST PDT CST CDT MST MDT GMT UTC BST CET CEST ET "
    "PT Eastern Pacific Central Monday Tuesday Wednesday Thursday Friday Saturday Sunday January "
    "February March April May June July August September October November December"
)
# After these a single capital is a name of its own: "vitamin C. Then".
_BEFORE_LETTER = _set(
    "vitamin plan group type class grade hepatitis category appendix section figure table part "
    "point site side option platform hall terminal schedule exhibit variant building block gate "
    "team step level phase zone model route line room case version typ gruppe klasse halle gleis "
    "punkt haus variante vitamina tipo grupo clase groupe annexe tabla grupp"
)


def sentence_spans(text: str, start: int, end: int, lang: str) -> list[Span]:
    """Split a block of prose into sentences.

    Single line breaks end nothing; blank lines do.

    Args:
        text: The document.
        start: The offset of the block's first character.
        end: The offset after its last character.
        lang: A code of ISO 639, such as "de".

    Returns:
        Spans `(start, end)` in characters of `text`, ascending. Between them is nothing visible,
        and none is blank or only a number, a mark or a link, unless the block is.
    """
    flat = _flat(text[start:end])
    phrased = _PHRASED.search(flat) is not None
    spans: list[Span] = []
    for first, last in _paragraphs(text, start, end):
        paragraph = flat[first - start : last - start].rstrip(" ")
        if not paragraph.lstrip(" "):
            continue
        short = len(paragraph) <= _REMEMBERED
        pieces: Sequence[Span] = (_short_pieces if short else _pieces)(paragraph, lang)
        if phrased:
            pieces = [phrase for a, b in pieces for phrase in _phrases(paragraph, a, b)]
        spans.extend((first + a, first + b) for a, b in pieces)
    return spans


def _pieces(paragraph: str, lang: str) -> list[Span]:
    return _without_scraps(paragraph, _Paragraph(paragraph, lang).cuts())


@lru_cache(maxsize=4_096)
def _short_pieces(paragraph: str, lang: str) -> tuple[Span, ...]:
    return tuple(_pieces(paragraph, lang))


def _paragraphs(text: str, start: int, end: int) -> Iterator[Span]:
    if text.find("\n", start, end) < 0:
        yield start, end
        return
    for match in _BLANK_LINE.finditer(text, start, end):
        yield start, match.start()
        start = match.end()
    yield start, end


def _flat(piece: str) -> str:
    """The same with a space for every invisible character."""
    return _OTHER_SPACE.sub(" ", piece)


class _Kind(Enum):
    """What stands before a full stop."""

    WORD = auto()
    LEADING = auto()
    NUMBERING = auto()
    INNER = auto()
    FINAL = auto()
    INITIAL = auto()
    NUMBER = auto()
    ROMAN = auto()
    BARE = auto()


class _Paragraph:
    """A paragraph with spaces only, and where its sentences end."""

    def __init__(self, flat: str, lang: str) -> None:
        self.flat = flat
        self.habits = habits(lang)
        self.lang = lang
        self.ends: list[int] = []
        self._quotes = (0, 0)  # up to where they are counted, and how many there are
        self._encloses = any(mark in flat for mark in _ENCLOSED)
        # A text without capitals has small letters at the beginning of each sentence.
        self._small = flat[:40].lstrip(_OPENING + " ")[:1].islower() and not any(
            match[1].isupper() for match in _CAPITAL_AFTER_MARK.finditer(flat)
        )

    def cuts(self) -> list[int]:
        """The offsets after each sentence but the last."""
        flat, size, small = self.flat, len(self.flat), self._small
        code = _code_spans(flat)
        pattern = _GREEK_CANDIDATE if self.lang == "el" else _CANDIDATE
        for match in pattern.finditer(flat):
            start, close = match.span(1)
            after = match.end()
            if after == size:
                break
            if code and _inside(code, start):
                continue
            following = flat[after]
            # The quick ways for the usual cases; `_judge` would come to the same.
            if after > close and following in ",.!?)]}%&+/":
                if close > start + 1 and self.ends:
                    self._join_quotation(start, close)
                continue
            if close == start + 1 and start > 0 and following.isalpha():
                mark = flat[start]
                if mark != ".":
                    if not following.islower() and self._is_plain_mark(start, after, following):
                        self.ends.append(close)
                        continue
                elif after > close:
                    if flat[start - 2 : start - 1] == " " and self._is_initial(start, after):
                        continue
                    if following.islower() and not small:
                        ahead = flat[after + 1 : after + 5]
                        if ")" not in ahead and not ahead[:1].isupper():
                            continue
                    elif self._is_plain(start):
                        self.ends.append(close)
                        continue
            self._judge(start, close, after)
        return self.ends

    def _is_initial(self, start: int, after: int) -> bool:
        """Whether two single letters stand around, as in "J. R."."""
        flat = self.flat
        return (
            flat[after + 1 : after + 2] == "."
            and flat[start - 1].isalpha()
            and not flat[start - 3].isdigit()
        )

    def _is_plain_mark(self, start: int, after: int, following: str) -> bool:
        """Whether a mark other than a full stop ends a sentence without further questions."""
        mark = self.flat[start]
        if mark not in "。！？!?।" or self.flat[start - 1] in _OPENING or self._encloses:
            return False
        if self.lang == "ja" and mark in "!?":
            return False  # "Yahoo! の株"
        return after > start + 1 or (mark in "。！？" and _CJK.match(following) is not None)

    def _is_plain(self, start: int) -> bool:
        """Whether a usual word stands before the full stop, and no abbreviation before that."""
        flat = self.flat
        begin = self._word_begin(start)
        return (
            begin > 1
            and (flat[begin - 2] != "." or (bool(self.ends) and self.ends[-1] == begin - 1))
            and self._kind_of(flat[begin:start].lstrip(_OPENING)) is _Kind.WORD
        )

    def _judge(self, start: int, close: int, after: int) -> None:
        """Decide whether a sentence ends with the marks from `start` to `close`."""
        flat = self.flat
        full = flat[start] in _FULL
        if close == after:
            close = after = self._before_opening(start, close)
        elif (
            flat[close + 1] == '"'
            and _SPACED_QUOTE.match(flat, close)
            and self._quotes_before(close) % 2
        ):
            close += 2
            after = close + (flat[close] == " ")
        plain = flat[after].isalpha() or (after > close and flat[after] in "0123456789")
        tail = None if plain else _TAIL.match(flat, close)
        if tail is not None:
            if tail["notes"] is not None and self._kind(start)[0] is not _Kind.WORD:
                return  # "vol.3 The"
            close = after = tail.end()
            while after < len(flat) and flat[after] == " ":
                after += 1
            if after == len(flat):
                return
        following, word = flat[after], self._next_word(after)
        if close == after and tail is None and not full and _CJK.match(following) is None:
            if self._lacks_space(start, after):
                self.ends.append(close)
            else:
                self._join_quotation(start, close)  # "Stop!", he said
        elif following in ",;:，；：、)]}）】」』”%&+=/·" or self._goes_on(
            start, close, after, word
        ):
            self._join_quotation(start, close)
        elif (
            (tail is not None and tail["smiley"] is not None)
            or (full and self._ends_full(start))
            or (not full and self._ends(start, after, word))
        ):
            self.ends.append(close)

    def _quotes_before(self, place: int) -> int:
        """The number of straight quotation marks in the paragraph before a place."""
        counted, number = self._quotes
        self._quotes = place, number + self.flat.count('"', counted, place)
        return self._quotes[1]

    def _lacks_space(self, start: int, after: int) -> bool:
        """Whether a sentence begins right after the mark, as in "It fell.The end"."""
        flat = self.flat
        if not flat[after].isupper():
            return False
        word = flat[self._word_begin(start) : start].lstrip(_OPENING)
        return len(word) > 2 and word.isalpha() and self._starts(self._next_word(after))

    def _before_opening(self, start: int, close: int) -> int:
        """`close` without marks that open what follows them: 他说。"走吧。"."""
        flat = self.flat
        stop = close
        while stop > start + 1 and flat[stop - 1] in _EITHER:
            stop -= 1
        if stop == close or not flat[close].isalnum():
            return close
        mark = flat[stop]
        last = self.ends[-1] if self.ends else 0
        opened = flat.count(mark, max(last, stop - _QUOTATION), stop) if mark in "\"'" else 0
        return close if opened % 2 else stop

    def _join_quotation(self, start: int, close: int) -> None:
        """Take back the ends within a short quotation after which the sentence goes on."""
        if not self.ends or close == start + 1:
            return
        mark = next((c for c in self.flat[start + 1 : start + 4] if c in _OPENING_OF), None)
        if mark is None:
            return
        low = max(0, start - _QUOTATION)
        opened = max(self.flat.rfind(opening, low, start) for opening in _OPENING_OF[mark])
        while opened >= 0 and self.ends and self.ends[-1] > opened:
            self.ends.pop()

    def _goes_on(self, start: int, close: int, after: int, word: str) -> bool:
        """Whether the sentence goes on after a quotation or with a small letter."""
        flat = self.flat
        quoted = close > start + 1
        if self._encloses and flat[start] in _FULL and self._is_enclosed(start, close):
            return True
        if _CJK.match(flat, after):
            if not quoted:
                if self.lang != "ja":
                    return False
                if flat[start] == "…" and close == after:
                    return True  # "大工…家を建てる人"
                named = flat[start] in "!?" and flat[start - 1].isascii()
                return named and _PARTICLE.match(flat, after) is not None  # "Yahoo! の株"
            if flat[close - 1] in "》〉" or (flat[close - 1] in "）)" and self._is_aside(start)):
                return True
            tie = _PARTICLE if self.lang == "ja" else _CHINESE_SPEECH
            return close == after and tie.match(flat, after) is not None
        if not word[:1].islower() or flat[start] in "。｡．।॥":
            return False
        if _LOWER_LIST.match(flat, after) and self._kind(start)[0] is _Kind.NUMBERING:
            return True  # "lit. b) of the law"
        if _LOWER_LIST.match(flat, after) or word[1:3].upper() == word[1:3] != word[1:3].lower():
            return False  # "b) …", "iPhones …"
        if flat[after] in "¿¡":
            return False
        return quoted or not self._small or self._kind(start)[0] is not _Kind.WORD

    def _is_enclosed(self, start: int, close: int) -> bool:
        """Whether a mark stands within a name or an aside of the sentence."""
        flat = self.flat
        last = self.ends[-1] if self.ends else 0
        for opening, closing in _ENCLOSED.items():
            opened = flat.rfind(opening, max(last, start - _NEAR), start)
            if opened > last and flat.find(closing, opened, close) < 0:
                return flat.find(closing, close, close + _NEAR) > 0
        return False

    def _is_aside(self, start: int) -> bool:
        """Whether the bracket that closes after a mark opened within the sentence."""
        last = self.ends[-1] if self.ends else 0
        opened = max(self.flat.rfind(mark, max(last, start - _QUOTATION), start) for mark in "（(")
        return opened > last and self.flat[opened - 1] != " "

    def _next_word(self, after: int) -> str:
        match = _NEXT.match(self.flat, after)
        return match[1] if match else ""

    def _ends_full(self, start: int) -> bool:
        mark, before = self.flat[start], self.flat[start - 1 : start]
        if mark == "．":
            return not before.isdigit() and not (before.isascii() and before.isalpha())
        return start > 0 and before not in _OPENING

    def _ends(self, start: int, after: int, word: str) -> bool:
        """Whether a sentence ends with a mark before a space, where no small letter follows."""
        flat = self.flat
        mark = flat[start]
        before = flat[start - 1 : start]
        if not before or before in "([{（［":
            return False  # "(!)", "[…]"
        if mark == "…" or flat.startswith("..", start):
            return not flat[after].isdigit() and before != " "
        if mark in ";\u037e":
            return "\u0370" <= before <= "\u1fff"
        if mark != ".":
            return True
        if flat.endswith(" . . . .", 0, start + 1):
            return False  # the dots that lead to a page
        if flat[after] in "•·▪◦●■►":
            return True
        return self._ends_full_stop(start, after, word)

    def _ends_full_stop(self, start: int, after: int, word: str) -> bool:
        flat = self.flat
        if start <= _LONGEST_NUMBERED_NAME and _NUMBERED_NAME.fullmatch(flat, 0, start):
            return flat[0].islower()
        kind, before, previous = self._kind(start)
        first = flat[after]
        if first in "¿¡":
            return True
        digit = word[:1].isdigit()
        if before in _CURRENCIES and self._is_unit(before, previous):
            if digit:
                return False  # "5 kr. 50 øre"
            kind = _Kind.WORD
        if kind is _Kind.NUMBER or kind is _Kind.ROMAN:
            return self._ends_after_number(kind, before, previous, word, start)
        if kind is _Kind.LEADING:
            return False
        if flat[start + 1] == ")" and (before in _UNITS or self._kind_of(before) is not _Kind.WORD):
            return self._starts(word)  # "(8.8 lb.) Steam"
        if kind is not _Kind.WORD and kind is not _Kind.FINAL and self._is_unit(before, previous):
            kind = _Kind.INNER if self.habits.nouns else _Kind.WORD
        if kind is _Kind.WORD:
            named = previous.endswith(".") and word[:1].isupper() and _JOURNAL.match(flat, after)
            return not (named or (digit and _VOLUME.match(flat, after)))
        if kind is _Kind.NUMBERING:
            if _LABEL.match(flat, after):
                return word in ("I", "A") and before.lower() == "no"
            if len(before) > 1:
                return True
        if digit or first == "[" or (first == "(" and not self._starts(word)):
            return False
        if kind is _Kind.FINAL:
            if word in _CONTINUATIONS:
                return False
            return not self.habits.nouns or self._starts(word)
        if kind is _Kind.INITIAL and previous.lower() in _BEFORE_LETTER:
            return True
        return self._starts(word, after)

    def _ends_after_number(
        self, kind: _Kind, before: str, previous: str, word: str, start: int
    ) -> bool:
        """Whether a sentence ends with "3." or "XIV."."""
        habits = self.habits
        last = self.ends[-1] if self.ends else 0
        head = self.flat[last : start - len(before)] if start - last < 16 else "x"
        if not head.strip(_OPENING + " -–—•·") or self.flat[start - len(before) - 1] in "([":
            return False  # "2. Add water", "(5. Rang": a number of a list or an ordinal
        if head.endswith((": ", "; ", ", ")) and len(before) < 3:
            return False
        if self.flat[start - len(before) - 2 : start - len(before) - 1] in (":", ";") and (
            len(before) < 3
        ):
            return False
        if previous.endswith(".") and self._kind_of(previous[:-1]) is _Kind.NUMBERING:
            return True  # "p. 12. Then"
        if len(before) < 3 and word.lower() in habits.months and _YEAR.match(self.flat, start + 1):
            return False  # "3. March 2031"
        if habits.verbs_last and self.flat[start + 1] != ")":
            return self._starts(word)
        if kind is _Kind.ROMAN:
            return not habits.ordinals or self._starts(word)
        if (
            self.flat[start + 2 : start + 3] == "§"
            and not self.flat[start + 3 : start + 6].strip("§ ")[:1].isdigit()
        ):
            return False  # "5. § (2)"
        if not habits.ordinals or not _ORDINAL.fullmatch(before):
            return True
        if word.lower() in habits.months or word[:1].isdigit():
            return False
        ordinal = previous.lower() in habits.before_ordinals or _ORDINAL.fullmatch(
            previous.rstrip(".")
        )
        return not ordinal or self._starts(word)

    def _starts(self, word: str, after: int = -1) -> bool:
        """Whether a word begins a sentence rather than a name."""
        low = word.lower()
        if len(word) == 1 and after >= 0:
            place = self.flat.find(word, after, after + 10)
            if self.flat[place + 1 : place + 2] == ".":
                return False  # "J. A. Smith"
        return low in self.habits.starters or re.split("['’]", low, maxsplit=1)[0] in (
            self.habits.starters
        )

    def _is_unit(self, before: str, previous: str) -> bool:
        return (before in _UNITS or before in _CURRENCIES) and (
            previous[-1:].isdigit() or previous in _MULTIPLES
        )

    def _word_begin(self, end: int) -> int:
        """Where the word that ends at `end` begins, or a place not too far before."""
        low = end - _NEAR if end > _NEAR else 0
        space = self.flat.rfind(" ", low, end)
        return low if space < 0 else space + 1

    def _kind(self, start: int) -> tuple[_Kind, str, str]:
        """What stands before the full stop at `start`: its kind, itself and the word before it."""
        flat = self.flat
        begin = self._word_begin(start)
        word = flat[begin:start].lstrip(_OPENING)
        previous = ""
        if begin > 1:
            previous = flat[self._word_begin(begin - 1) : begin - 1].lstrip(_OPENING)
        kind = self._kind_of(word)
        in_parts = len(word) <= 3 and begin > 1 and flat[begin - 2] == "." and word.isalpha()
        if in_parts and not (self.ends and self.ends[-1] == begin - 1):
            kind = self._kind_of_parts(begin, word, kind)
        if kind is _Kind.BARE:
            kind = _Kind.WORD if previous[-1:].isdigit() else _Kind.INNER
        return kind, word, previous

    def _kind_of_parts(self, begin: int, word: str, kind: _Kind) -> _Kind:
        """The kind of an abbreviation with spaces, such as "z. B." or "и т. д."."""
        joined = word
        for part in reversed(self.flat[max(0, begin - 12) : begin].split(" ")[-4:-1]):
            if not 0 < len(part) <= 4 or part[-1] != ".":
                break
            joined = part.lstrip(_OPENING) + joined
            if word.isupper() and joined[0].islower():
                kind = _lists_of(self.lang).get(joined) or kind  # "κ. Α." is no "κ.ά."
            else:
                kind = _listed(joined, self.lang) or kind
        return kind

    def _kind_of(self, word: str) -> _Kind:
        return _kind_of_word(word, self.lang)


@lru_cache(maxsize=4_096)
def _kind_of_word(word: str, lang: str) -> _Kind:
    listed = _listed(word, lang)
    if len(word) == 1 and word.isalpha():
        return _Kind.INITIAL if listed in (None, _Kind.LEADING) else listed
    if listed is not None:
        return listed
    if _NUMBER.fullmatch(word):
        return _Kind.NUMBER
    if _ROMAN.fullmatch(word):
        return _Kind.ROMAN
    if "'" in word or "’" in word:
        return _kind_of_word(re.split("['’]", word)[-1], lang)  # "l'art. 5"
    # Thai ends no sentence with a full stop.
    if word.endswith(habits(lang).endings) or _ABBREVIATED.fullmatch(word) or _PHRASED.match(word):
        return _Kind.INNER
    return _Kind.BARE if _lacks_vowels(word, lang) else _Kind.WORD


def _lacks_vowels(word: str, lang: str) -> bool:
    """Whether a word is an abbreviation that no list has, such as "pkg."."""
    if _CONSONANTS.fullmatch(word) is None or word in _UNITS:
        return False
    return set(word).isdisjoint(habits(lang).syllabic)


def _listed(word: str, lang: str) -> _Kind | None:
    lists = _lists_of(lang)
    kind = lists.get(word)
    if kind is None and len(word) > 1:
        if not word.isupper():
            return lists.get(word.lower())
        kind = lists.get(word.capitalize())
        if kind is None and lists.get(word.lower()) is _Kind.NUMBERING:
            kind = _Kind.NUMBERING
    return kind


@lru_cache(maxsize=64)
def _lists_of(lang: str) -> dict[str, _Kind]:
    """The abbreviations of a language; of the lists that one is in, the last here counts."""
    own = habits(lang)
    return {
        word: kind
        for kind, words in (
            (_Kind.NUMBERING, own.numbering),
            (_Kind.INNER, own.inner),
            (_Kind.FINAL, own.final),
            (_Kind.LEADING, own.leading),
        )
        for word in words
    }


def _code_spans(flat: str) -> list[int]:
    """The offsets of code spans in backticks: one begins, it ends, the next begins."""
    if "`" not in flat:
        return []
    runs = [match.span() for match in re.finditer("`+", flat)]
    by_length: dict[int, list[int]] = {}
    for number, (begin, end) in enumerate(runs):
        by_length.setdefault(end - begin, []).append(number)
    spans: list[int] = []
    number = 0
    while number < len(runs):
        begin, end = runs[number]
        same = by_length[end - begin]
        place = bisect_left(same, number) + 1
        if place < len(same) and runs[same[place]][0] - end <= 200:
            number = same[place]
            spans += begin, runs[number][1]
        number += 1
    return spans


def _inside(spans: list[int], position: int) -> bool:
    return bisect_left(spans, position + 1) % 2 == 1


_LINK = re.compile(r"[(<\[]?(?:https?://|www\.|doi:|DOI:|mailto:)\s?[^\s]+")
_SHORT = re.compile(r"[\W\d_]*|\W*[A-Za-z]\W*|[(\[]?[^\W\d_]{1,5}\. ?[\d\W_]*\d[\d\W_]*")


def _without_scraps(flat: str, cuts: list[int]) -> list[Span]:
    """The sentences between cuts; a number, mark or link joins the sentence before it."""
    spans: list[Span] = []
    start = 0
    scrap_first = False
    for end in (*cuts, len(flat)):
        while flat[start] == " ":
            start += 1
        scrap = _is_scrap(flat, start, end)
        if spans and (scrap or scrap_first):
            spans[-1] = (spans[-1][0], end)
            scrap_first = scrap and scrap_first
        else:
            spans.append((start, end))
            scrap_first = scrap
        start = end
    return spans


def _is_scrap(flat: str, start: int, end: int) -> bool:
    if end - start > 300:
        return False
    piece = flat[start:end]
    if len(piece) <= 40 and _SHORT.fullmatch(piece) is not None:
        return True
    return piece[0] in "(<[hwdDm" and _LINK.fullmatch(piece) is not None


_PHRASED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")
# In characters: Thai, Lao, Khmer and Burmese put spaces between phrases and rarely mark the end of
# a sentence, so that units of this size are cut at spaces.
_SMALLEST, _LARGEST = 40, 120
# No cut after a space that belongs to a number or an abbreviation.
_PHRASE_END = re.compile(r"(?<![\d.ๆ]) +(?![\dๆฯ)])")


def _phrases(flat: str, start: int, end: int) -> Iterator[Span]:
    if end - start > _LARGEST and 2 * len(_PHRASED.findall(flat, start, end)) > end - start:
        begin = start
        ends: list[Span] = [m.span() for m in _PHRASE_END.finditer(flat, start, end)]
        for number, (stop, resume) in enumerate(ends):
            following = ends[number + 1][0] if number + 1 < len(ends) else end
            long_enough = stop - begin >= _SMALLEST and end - resume >= _SMALLEST
            if long_enough and (stop - begin >= 2 * _SMALLEST or following - begin > _LARGEST):
                yield begin, stop
                begin = resume
        start = begin
    yield start, end
