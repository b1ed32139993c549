"""Reasoning that a language model writes into its reply, and how it is marked.

Models mark it as `<think>…</think>`, under other names, with special tokens, or by a fixed
sentence; some write only the closing mark, for their chat template holds the opening one.
"""

from __future__ import annotations

from typing import NamedTuple

import regex

_NAME = (
    "(?:(?:seed:)?think(?:ing)?|thoughts?|thought_process|ant_?thinking|reasoning(?:_content)?"
    "|reflection|scratchpad|chain_of_thought|inn?er_(?:thoughts|monologue)"
    "|internal_(?:thoughts|monologue))"
)
_MARKS = (
    "(?i)"
    rf"(?P<opening><\s*{_NAME}(?:\s[^<>]{{0,200}})?(?<!/)>|\[think\]|◁think▷"
    r"|<\|(?:begin_of_thought|start_thinking|thinking|think)\|>|<unused94>thought"
    r"|<\|channel>thought|<\|channel\|>\s*(?:analysis|commentary)[^<]{0,80}<\|message\|>)"
    rf"|(?P<closing><\s*/\s*{_NAME}\s*>|\[/think\]|◁/think▷|<unused95>|<channel\|>"
    r"|<\|(?:end_of_thought|end_thinking|/thinking|/think)\|>|\[begin final response\])"
    r"|(?P<end><\|end\|>)"
    r"|(?P<final><\|channel\|>\s*final[^<]{0,80}<\|message\|>|<\|start_response\|>"
    r"|<\|begin_of_solution\|>)"
    rf"|(?P<dropped><\s*{_NAME}(?:\s[^<>]{{0,200}})?/>|<\|start\|>assistant|<\|return\|>"
    r"|<\|end_response\|>|<\|end_of_solution\|>|\[end final response\])"
    # They stand around the reply of models that think, and mean nothing in other texts.
    r"|(?P<around></?(?:answer|final_answer|response)>)"
)
_MARK = regex.compile(_MARKS)
# Within reasoning, these end it, too.
_MARK_WITHIN = regex.compile(_MARKS + "|(?P<prose>assistantfinal|here is my response:)")

# A name in quotes is spoken of, and marks nothing.
_QUOTES = {"`": "`", '"': '"', "'": "'", "“": "”", "‘": "’", "«": "»", "「": "」"}

_BEGINNING = regex.compile(
    # What a server leaves of the marks of gpt-oss when it drops their special tokens.
    r"\s*(?:(?P<opening>(?i:here is my thought process:|here are my reasoning steps:)"
    r"|analysis(?=[A-Z]))"
    # So models begin to think. The opening mark may be missing.
    r"|(?P<thought>(?i:okay|ok,|alright|hm+[,. ]|wait[,. ]|let me |let['’]s |we need to "
    r"|we are given|i need to |i should |first, |so, |so the user|got it|好的|嗯|首先|我们需要|用户"
    r"|хорошо,|итак,|まず|では、|좋아|bon, |also, ))"
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
    """Takes the reasoning out of a reply that comes in pieces.

    What may become a mark waits for the next piece. A reply that begins as models begin to think
    waits for its end. Nothing else waits.

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
        self._passed = False  # whether anything was passed on
        self._depth = 0  # how often reasoning was opened and not closed
        # What comes after a closing mark, where not all that was opened is closed: that is the
        # reply if an opening mark in the reasoning was only spoken of.
        self._doubtful: str | None = None
        self._text = ""
        self._at = 0  # where in it reading goes on; the character before it is kept
        self._held = ""

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
        if self._hold or not (self._passed or self._held.strip()):
            return ""
        return self._released()

    def rest(self) -> str:
        """Take the end of the reply.

        Returns:
            What was held back and is no reasoning.

        Raises:
            UnopenedReasoning: What was passed on before is reasoning.
        """
        self._read(last=True)
        self._held += (self._doubtful or "").lstrip()
        return self._released()

    def _read(self, *, last: bool) -> None:
        if not self._begun and not self._begin(last):
            return
        while True:
            marks = _MARK_WITHIN if self._depth else _MARK
            found = marks.search(self._text, pos=self._at, partial=not last)
            if found is None or found.partial:
                self._take(len(self._text) if found is None else found.start())
                break
            if self._is_spoken_of(found):
                self._take(found.end())
                continue
            if found.end() == len(self._text) and not last and self._is_quoted(found):
                self._take(found.start())
                break
            self._take(found.start())
            self._at = found.end()
            self._mark(found.lastgroup or "")
        kept = max(0, self._at - 1)
        self._text, self._at = self._text[kept:], self._at - kept

    def _begin(self, last: bool) -> bool:
        """Look at the beginning. Whether enough of it is there."""
        found = _BEGINNING.match(self._text, partial=not last)
        if found and found.partial:
            return False
        self._begun = True
        if found and found["opening"]:
            self._at = found.end()
            self._mark("opening")
        elif found:
            self._hold = True
        return True

    def _is_quoted(self, mark: regex.Match[str]) -> bool:
        return mark.start() > 0 and self._text[mark.start() - 1] in _QUOTES

    def _is_spoken_of(self, mark: regex.Match[str]) -> bool:
        if mark["around"] and not self.reasoned:
            return True
        if not self._is_quoted(mark):
            return False
        return self._text.startswith(_QUOTES[self._text[mark.start() - 1]], mark.end())

    def _mark(self, kind: str) -> None:
        if kind == "opening":
            self.reasoned = True
            self._depth += 1
        elif kind == "final":
            self._depth, self._doubtful = 0, None
        elif self._depth and kind not in ("dropped", "around"):
            self._depth -= 1
            self._doubtful = "" if self._depth else None
        elif kind == "closing":
            self.reasoned = self.unopened = True
            self._held = ""
            if self._passed:
                raise UnopenedReasoning
        if not self._passed and not self._held.strip():
            self._held = ""

    def _take(self, end: int) -> None:
        """Read up to `end`, where no mark is."""
        text, self._at = self._text[self._at : end], end
        if not self._depth:
            is_first = self.reasoned and not self._passed and not self._held
            self._held += text.lstrip() if is_first else text
        elif self._doubtful is not None:
            self._doubtful += text

    def _released(self) -> str:
        released, self._held = self._held, ""
        self._passed = self._passed or bool(released)
        return released
