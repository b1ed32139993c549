"""Reasoning that a language model writes into its reply, and how it is marked.

Models mark it as `<think>…</think>`, under other names, with special tokens, or by a fixed
sentence; some write only the closing mark, for their chat template holds the opening one.
"""

from __future__ import annotations

from typing import NamedTuple

import regex

_NAME = (
    r"(?:(?:\w{1,12}[:_])?think(?:ing)?(?::\w{1,12}|[_-](?:process|fast))?|antthinking|cot"
    r"|thoughts?|thought[_-]process|(?:internal|inn?er)[_-](?:thoughts?|monologue)"
    r"|reason(?:ing)?(?:_content)?|reflection|scratchpad|chain[_-]of[_-]thought)"
)
_SPECIAL = r"(?:thinking|think|thought)"
_CHANNEL = r"(?:[^<]|<\|constrain\|>){0,80}<\|message\|>"
_MARKS = (
    # A word in brackets, which may stand in any text.
    rf"(?i)(?P<word><{_NAME}(?:\s[^<>[\]]{{0,200}})?(?<!/)>|\[(?:think|thinking|reasoning)\])"
    r"|(?P<opening>◁think▷|<unused94>thought|<\|channel>thought|<\|inner_prefix\|>"
    rf"|<\|(?:begin_of_thought|start_thinking|{_SPECIAL})\|>"
    rf"|<\|channel\|>\s?(?:analysis|commentary){_CHANNEL})"
    # Reasoning that only its own mark closes.
    r"|(?P<details><details\s[^<>[\]]{0,99}type=[\"']?reasoning[^<>[\]]{0,99}>)"
    r"|(?P<fence>(?<![^\n])```(?:think|thinking|thoughts?|reasoning)[ \t\r]{0,9}\n)"
    r"|(?P<chatml><\|im_start\|>\s?(?:think|thought))"
    # The same, but only before the reply: amid text it is an element's name.
    r"|(?P<leading><analysis(?:\s[^<>[\]]{0,200})?(?<!/)>)"
    rf"|(?P<closing></{_NAME}(?:\s[^<>[\]]{{0,40}})?>|\[/(?:think|thinking|reasoning)\]|◁/think▷"
    r"|<unused95>|<channel\|>|<\|inner_suffix\|>|\[begin final response\]"
    rf"|<\|(?:end_of_thought|end_thinking|/{_SPECIAL})\|>)"
    r"|(?P<end><\|(?:end|call)\|>)"
    rf"|(?P<final><\|channel\|>\s?final{_CHANNEL}|<\|start_response\|>|<\|begin_of_solution\|>)"
    rf"|(?P<empty><{_NAME}(?:\s[^<>[\]]{{0,200}})?/>)"
    r"|(?P<dropped><\|(?:start|begin)\|>assistant|<\|(?:content|return|end_response"
    r"|end_of_solution|begin_of_box|end_of_box)\|>|\[end final response\])"
    # They stand around the reply of models that think, and mean nothing in other texts.
    r"|(?P<around></?(?:answer|final_answer|response|output|summary)>"
    r"|<\|im_start\|>\s?(?:answer|assistant))"
    # They end what a model says, and may be anything before that.
    r"|(?P<turn><\|(?:im_end|eo[ts](?:_id)?|eom_id|endoftext|end_of_(?:text|role|turn(?:_token)?)"
    r"|user|observation)\|>|<\|im_start\|>\s?user|<end_of_turn>|<turn\|>|<eos>|\[eos\]"
    r"|</s>|\[/inst\]|\[\|endofturn\|\]|<｜end▁of▁sentence｜>)"
)
_MARK = regex.compile(_MARKS)
# Within reasoning, these end it, too.
_MARK_WITHIN = regex.compile(_MARKS + r"|(?P<prose>assistantfinal|here(?: is|['’]s) my response:)")
_OPENINGS = frozenset(
    {"word", "opening", "maybe", "details", "fence", "chatml", "leading", "printed"}
)
_CLOSINGS = frozenset({"closing", "end", "final", "prose"})
_OWN_CLOSING = {
    "details": regex.compile("(?i)(?P<closing></details>)"),
    "fence": regex.compile(r"(?P<closing>(?<![^\n])```)"),
    # A model may begin the turn of its reply without ending that of the thought.
    "chatml": regex.compile(r"(?i)(?P<closing><\|im_end\|>|<\|im_start\|>\s?(?:answer|assistant))"),
    "leading": regex.compile(r"(?i)(?P<closing></analysis(?:\s[^<>[\]]{0,40})?>)"),
    "printed": regex.compile(r"(?i)(?P<closing>\.\.\.done thinking\.|\[end thinking\])"),
}

# A name in quotes is spoken of, and marks nothing.
_QUOTES = {"`": "`", '"': '"', "'": "'", "“": "”", "‘": "’", "«": "»", "「": "」"}

_AMID_SENTENCE = regex.compile(r"[\w,;(–-] ")
# After such a beginning, these are words of the sentence if it goes on behind them.
_AMID = frozenset({"closing", "end", "dropped"})
_GOES_ON = regex.compile(r"[.,;:)!?]| \p{Ll}")
# "… between <think> and </think>", "(<think>…</think>)".
_NOTHING_BETWEEN = regex.compile(
    r"(?i)\s{0,2}(?:and|or|to|und|et|y|…|\.\.\.|text)\s{0,2}"
    rf"(?:</{_NAME}>|\[/(?:think|thinking|reasoning)\])"
)

# A whole reply between two marks, as some models write it that were shown such marks.
_WRAPPED = regex.compile(
    r"(?si)\s*<(answer|final_answer|response|output|summary)>(?P<inner>(?:(?!</?\1>).)*)</\1>\s*"
)

_BEGINNING = regex.compile(
    # What a server leaves of the marks of gpt-oss when it drops their special tokens.
    r"(?:(?P<opening>(?i:here(?: is| are|['’]s) my (?:thought process|reasoning steps):)"
    r"|(?:assistant)?(?:analysis|commentary)(?=[A-Z]))"
    r"|(?P<maybe>(?:assistant)?(?:analysis|commentary)(?=[^a-z ]))"
    # What the programs of Ollama and llama.cpp print.
    r"|(?P<printed>(?i:thinking\.\.\.[ \t\r]{0,9}\n|\[start thinking\]))"
    # So models begin to think. The opening mark may be missing.
    r"|(?P<thought>(?i:okay|ok,|alright|hm+[,. ]|wait[,. ]|let me |let['’]s |we need to "
    r"|we are given|i need to |i should |first, |so, |so the user|got it|好的|嗯|首先|我们需要|用户"
    r"|хорошо,|итак,|まず|では、|좋아|bon, |also, ))"
    r"|(?P<wrapped>(?i:<(?:answer|final_answer|response|output|summary)>))"
    ")"
)  # fmt: skip


class UnopenedReasoning(Exception):  # noqa: N818 - says what the text was
    """What a stream has passed on is reasoning: its end is marked, and its beginning was not."""


class WithoutReasoning(NamedTuple):
    """A reply without its reasoning.

    Attributes:
        text: What remains; the text itself if it holds no reasoning.
        reasoned: Whether it holds any.
        unopened: Whether the beginning of some is not marked.
    """

    text: str
    reasoned: bool
    unopened: bool


def without_reasoning(text: str) -> WithoutReasoning:
    """Take the reasoning out of a whole reply.

    Reasoning without an end reaches to the end of the text, and reasoning without a beginning
    starts where the text does.

    Args:
        text: What the model wrote.

    Returns:
        What remains of it.
    """
    stream = ReasoningFilter(hold=True)
    remaining = stream.add(text) + stream.rest()
    return WithoutReasoning(remaining, stream.reasoned, stream.unopened)


class ReasoningFilter:
    """Takes the reasoning out of a reply that comes in pieces, and what marks its end.

    What may become a mark waits for the next piece. A reply that begins as models begin to think
    waits for its end, and so does what follows a mark that is a word of the text unless it is
    closed: "a <reflection> pool". So does a reply that begins with such a mark as "<summary>": if
    the closing one ends it, both go. Nothing else waits.

    Args:
        hold: Whether everything waits for the end, as for a model that does not mark the beginning
            of its reasoning.

    Attributes:
        reasoned: Whether there was any reasoning so far.
        unopened: Whether the beginning of some was not marked.
    """

    def __init__(self, hold: bool = False) -> None:
        self.reasoned = False
        self.unopened = False
        self._hold = hold
        self._begun = False  # whether the beginning has been looked at
        self._written = False  # whether there is more than white space outside of reasoning
        self._passed = False  # whether anything was passed on
        self._thinks = False  # whether it begins as models begin to think
        self._depth = 0  # how often reasoning was opened and not closed
        self._within = _MARK_WITHIN  # the marks that count within it
        # What comes after a closing mark, where not all that was opened is closed: that is the
        # reply if an opening mark in the reasoning was only spoken of.
        self._doubtful: list[str] | None = None
        # What comes from an opening mark on that may be a word of the text.
        self._spoken: list[str] | None = None
        self._wrapped = False  # whether it begins with a mark that may stand around all of it
        self._stray = False  # whether the last mark closed what was not open
        self._ending: list[str] = []  # marks that end the reply, if nothing follows
        self._text = ""
        self._at = 0  # where in it reading goes on; two characters before it are kept
        self._held: list[str] = []

    def add(self, piece: str) -> str:
        """Take the next piece.

        Args:
            piece: The piece.

        Returns:
            What may be passed on.

        Raises:
            UnopenedReasoning: What was passed on before is reasoning.
        """
        self._text += piece
        self._read(last=False)
        return "" if self._hold or not self._written else self._released()

    def rest(self) -> str:
        """Take the end of the reply.

        Returns:
            What was held back and is no reasoning.

        Raises:
            UnopenedReasoning: What was passed on before is reasoning.
        """
        self._read(last=True)
        if self._spoken is not None:
            self._held += self._spoken
        elif self._doubtful is not None:
            self._held.append("".join(self._doubtful).lstrip())
        released = self._released()
        wrapped = _WRAPPED.fullmatch(released) if self._wrapped else None
        return wrapped["inner"].strip() if wrapped else released

    def _read(self, *, last: bool) -> None:
        if self._begun or self._begin(last):
            self._read_marks(last)
        kept = max(0, self._at - 2)
        self._text, self._at = self._text[kept:], self._at - kept

    def _read_marks(self, last: bool) -> None:
        while True:
            marks = self._within if self._depth else _MARK
            found = marks.search(self._text, pos=self._at, partial=not last)
            if found is None or found.partial:
                self._take(len(self._text) if found is None else found.start())
                break
            self._take(found.start())
            if self._is_spoken_of(found):
                self._take(found.end())
                continue
            if found.end() == len(self._text) and not last and self._is_quoted(found):
                break
            if following := self._follows_as_text(found, last):
                if following.partial:
                    break
                self._take(following.end())
                continue
            self._at = found.end()
            self._mark(found)

    def _begin(self, last: bool) -> bool:
        """Look at the beginning. Whether enough of it is there."""
        self._take(len(self._text) - len(self._text[self._at :].lstrip()))
        found = _BEGINNING.match(self._text, pos=self._at, partial=not last)
        if found and found.partial:
            return False
        self._begun = True
        if found and (found["thought"] or found["wrapped"]):
            self._hold = True
            self._thinks = bool(found["thought"])
            self._wrapped = bool(found["wrapped"])
        elif found:
            self._at = found.end()
            self._mark(found)
        return True

    def _is_quoted(self, mark: regex.Match[str]) -> bool:
        return mark.start() > 0 and self._text[mark.start() - 1] in _QUOTES

    def _is_spoken_of(self, mark: regex.Match[str]) -> bool:
        if mark.lastgroup == "around" and not self.reasoned:
            return True
        if mark.lastgroup == "empty" and self._written:
            return True
        if mark.lastgroup == "leading" and (self._written or self._depth):
            return True
        if not self._is_quoted(mark):
            return False
        return self._text.startswith(_QUOTES[self._text[mark.start() - 1]], mark.end())

    def _follows_as_text(self, mark: regex.Match[str], last: bool) -> regex.Match[str] | None:
        """What follows a mark that is a word of a sentence, as far as it is there."""
        if self._depth or self._thinks or not self._written:
            return None
        if mark.lastgroup == "word":
            follows = _NOTHING_BETWEEN
        elif mark.lastgroup in _AMID and _AMID_SENTENCE.fullmatch(
            self._text[max(0, mark.start() - 2) : mark.start()]
        ):
            follows = _GOES_ON
        else:
            return None
        return follows.match(self._text, mark.end(), partial=not last)

    def _may_be_text(self, mark: regex.Match[str]) -> bool:
        """Whether an opening mark is a word of the text, if no closing mark follows."""
        if mark.lastgroup == "maybe":
            return True
        if mark.lastgroup != "word" or not self._written:
            return False
        if "think" not in mark[0].casefold():
            return True
        # A model may begin to think after its reply, but not amid a sentence of it.
        return bool(_AMID_SENTENCE.fullmatch(self._text[max(0, mark.start() - 2) : mark.start()]))

    def _mark(self, mark: regex.Match[str]) -> None:
        kind = mark.lastgroup or ""
        if kind == "turn":
            self._ending.append(mark[0])
            return
        if kind in _OPENINGS:
            if not self._depth:
                self._spoken = [] if self._may_be_text(mark) else None
                self._within = _OWN_CLOSING.get(kind, _MARK_WITHIN)
            self._depth += 1
            self.reasoned = self.reasoned or self._spoken is None
        elif self._depth and kind in _CLOSINGS:
            self._depth = 0 if kind == "final" else self._depth - 1
            self._doubtful = [] if self._depth else None
            self._spoken = None
            self.reasoned = True
        elif kind == "closing" and self.reasoned and self._written:
            self._stray = True
        elif kind == "closing":
            self._unopen()
        if self._spoken is not None:
            self._write(self._spoken, mark[0])
        elif not self._written:
            self._held.clear()

    def _unopen(self) -> None:
        """All up to here is reasoning."""
        self.reasoned = self.unopened = True
        self._stray = self._written = False
        self._held.clear()
        self._ending.clear()
        if self._passed:
            raise UnopenedReasoning

    def _take(self, end: int) -> None:
        """Read up to `end`, where no mark is."""
        text, self._at = self._text[self._at : end], end
        if not text:
            return
        if self._spoken is not None:
            self._write(self._spoken, text)
        elif self._doubtful is not None:
            self._doubtful.append(text)
        elif not self._depth:
            if self._stray and not text.isspace():
                self._unopen()
            if self.reasoned and not self._passed and not self._held:
                text = text.lstrip()
            self._write(self._held, text)
            self._written = self._written or bool(text.strip())

    def _write(self, to: list[str], text: str) -> None:
        if self._ending and (not text or text.isspace()):
            self._ending.append(text)
        elif text:
            to += [*self._ending, text]
            self._ending.clear()

    def _released(self) -> str:
        released = "".join(self._held)
        self._held.clear()
        self._passed = self._passed or bool(released)
        return released
