"""Shows a compression as HTML: all documents in full with the kept sentences marked.

Weight, underline and a printed score mark kept sentences, not colour alone. All text is escaped.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Any, Protocol

from .joining import group_by_document, is_seam
from .markup import breaks_line
from .units import STRUCTURAL

# The parts of the values in `types` that the view reads; this module may not import `types`.


class _Sentence(Protocol):
    @property
    def text(self) -> str: ...
    @property
    def doc_index(self) -> int: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def score(self) -> float: ...
    @property
    def lexical(self) -> float: ...
    @property
    def kind(self) -> str: ...
    @property
    def visible(self) -> str: ...


class _Claim(Protocol):
    @property
    def text(self) -> str: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def sources(self) -> Sequence[_Sentence]: ...
    @property
    def unsupported(self) -> Sequence[str]: ...
    @property
    def supported(self) -> bool: ...


class _Document(Protocol):
    @property
    def text(self) -> str: ...
    @property
    def title(self) -> str | None: ...
    @property
    def id(self) -> str | None: ...


class _Outcome(Protocol):
    @property
    def value(self) -> str: ...


class _Compression(Protocol):
    @property
    def query(self) -> str: ...
    @property
    def documents(self) -> Sequence[_Document]: ...
    @property
    def text(self) -> str: ...
    @property
    def original_text(self) -> str: ...
    @property
    def kept(self) -> Sequence[_Sentence]: ...
    @property
    def dropped(self) -> Sequence[_Sentence]: ...
    @property
    def sources(self) -> Sequence[int]: ...
    @property
    def support(self) -> Sequence[_Claim]: ...
    @property
    def outcome(self) -> _Outcome: ...
    @property
    def truncated(self) -> bool: ...
    @property
    def reason(self) -> str: ...
    def rate(self, count_tokens: Callable[[str], int] = ...) -> float: ...
    def to_dict(self) -> Mapping[str, Any]: ...


_STYLE = """
.recomp { --ink: #1d2329; --soft: #6b7480; --line: #d9dee4; --paper: #fff; --mark: 43 138 62;
  color: var(--ink); background: var(--paper); font: 15px/1.6 system-ui, sans-serif;
  border: 1px solid var(--line); border-radius: 10px; padding: 1rem 1.25rem; max-width: 60rem;
  overflow-wrap: anywhere; }
@media (prefers-color-scheme: dark) { .recomp { --ink: #e6e9ed; --soft: #98a2ae; --line: #39424d;
  --paper: #171b20; --mark: 105 219 124; } }
.recomp h3 { font-size: 1rem; margin: 1.2rem 0 .3rem; }
.recomp p { margin: .3rem 0; }
.recomp .query { font-size: 1.15rem; font-weight: 600; }
.recomp .facts, .recomp .none { color: var(--soft); }
.recomp .result { border-left: 4px solid rgb(var(--mark)); padding: .2rem .8rem; margin: .6rem 0;
  white-space: pre-wrap; }
.recomp .document { white-space: pre-wrap; color: var(--soft); }
.recomp mark { color: var(--ink); font-weight: 600; border-radius: 3px; padding: 0 2px;
  background: rgb(var(--mark) / var(--strength)); border-bottom: 2px solid rgb(var(--mark)); }
.recomp mark.outline { background: none; border-bottom-style: dotted; }
.recomp .heading, .recomp .question { color: var(--ink); font-weight: 600; }
.recomp .heading { font-size: 1.05em; }
.recomp .code, .recomp .row, .recomp .header, .recomp .table, .recomp .line, .recomp .key,
.recomp .entry { font-family: ui-monospace, monospace; font-size: .88em; }
.recomp .boilerplate { font-size: .88em; }
.recomp mark sup { font-weight: 400; font-size: .7em; padding-left: .2em; }
.recomp .claim { border-radius: 3px; padding: 0 2px; outline-offset: 2px; }
.recomp .claim a { color: inherit; }
.recomp .claim sup, .recomp .source sup { font-size: .7em; padding-left: .15em; }
.recomp .unsupported { text-decoration: underline wavy; text-underline-offset: 3px; }
.recomp .source { color: var(--ink); border-bottom: 2px dotted rgb(var(--mark)); }
.recomp .claim:is(:hover, :focus-within), .recomp .source:target {
  background: rgb(var(--mark) / .3); }
"""

_PAGE = """<!doctype html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ margin: 1.5rem auto; padding: 0 1rem; max-width: 62rem; }}
</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""

_OUTCOMES = {
    "compressed": "",
    "nothing_given": "There was nothing to compress.",
    "nothing_relevant": "No sentence is relevant enough: nothing will be prepended.",
    "unchanged": "Everything was kept: compressing would not have made it shorter.",
    "refused": "A summary was written and kept back: nothing will be prepended.",
    "fell_back": "",
    "failed": "The compressor failed; the original documents were passed through.",
    "timed_out": "There was no time to score every document.",
}


def compression_page(
    compression: _Compression,
    *,
    count_tokens: Callable[[str], int] | None = None,
    title: str = "RECOMP",
    lang: str = "en",
) -> str:
    """Render a compression as a whole page, which loads nothing from the network.

    Args:
        compression: The compression.
        count_tokens: Counts the tokens of a text, to show sizes in tokens instead of characters.
        title: The title of the page.
        lang: The language code of the page.

    Returns:
        The HTML document.
    """
    body = compression_fragment(compression, count_tokens=count_tokens)
    return displayable(_PAGE.format(title=escape(title), lang=escape(lang, quote=True), body=body))


def compression_fragment(
    compression: _Compression, *, count_tokens: Callable[[str], int] | None = None
) -> str:
    """Render a compression for a notebook cell or as a part of a page.

    Args:
        compression: The compression.
        count_tokens: Counts the tokens of a text, to show sizes in tokens instead of characters.

    Returns:
        A fragment of HTML with its style sheet.
    """
    view = _View(compression)
    parts = [
        f"<style>{_STYLE}{view.lights()}</style>",
        f'<section class="recomp" id="{view.name}" aria-label="Compression">',
        f'<p class="query" dir="auto">{escape(compression.query)}</p>',
        f'<p class="facts">{escape(_facts(compression, count_tokens))}</p>',
        view.result(),
        *(view.document(index) for index in range(len(compression.documents))),
        "</section>",
    ]
    return displayable("\n".join(parts))


def _facts(compression: _Compression, count_tokens: Callable[[str], int] | None) -> str:
    unit, count = ("characters", len) if count_tokens is None else ("tokens", count_tokens)
    before, after = count(compression.original_text), count(compression.text)
    sentences = len(compression.kept) + len(compression.dropped)
    facts = [f"kept {len(compression.kept)} of {sentences} sentences"] if sentences else []
    facts += [
        f"from {len(compression.sources)} of {len(compression.documents)} documents",
        f"{after} of {before} {unit}",
    ]
    if before:
        facts.append(f"rate {compression.rate(count):.1%}")
    return ", ".join(facts)


class _View:
    """The parts of the view of one compression.

    The sentences that a summary cites have numbers in the order of the citations. One CSS rule per
    citation highlights a source while its sentence of the summary is hovered or focused, so the
    view needs no script; `name` separates the rules of several views on one page.
    """

    def __init__(self, compression: _Compression) -> None:
        self.compression = compression
        digest = hashlib.sha256(repr(compression.to_dict()).encode("utf-8", "replace"))
        self.name = f"recomp-{digest.hexdigest()[:8]}"
        self.kept = frozenset(map(_place, compression.kept))
        self.strength = _strength_between([sentence.score for sentence in compression.kept])
        located = {_place(s): s for sentence in compression.support for s in sentence.sources}
        located.update({_place(s): s for s in (*compression.kept, *compression.dropped)})
        self.sentences = group_by_document(_apart(located[place] for place in sorted(located)))
        shown = {_place(s) for sentences in self.sentences.values() for s in sentences}
        self.cited: dict[tuple[int, int, int], int] = {}
        for sentence in compression.support:
            for source in sentence.sources:
                if _place(source) in shown:
                    self.cited.setdefault(_place(source), len(self.cited) + 1)

    def lights(self) -> str:
        """The rules by which a sentence of the summary highlights its sources."""
        rules = []
        for number, sentence in enumerate(self.compression.support):
            claim = f"#{self.name}-claim-{number}"
            rules += [
                f"#{self.name}:has({claim}:is(:hover, :focus-within)) "
                f"#{self.name}-source-{self.cited[_place(source)]} "
                "{ background: rgb(var(--mark) / .3); outline: 2px solid rgb(var(--mark)); }\n"
                for source in sentence.sources
                if _place(source) in self.cited
            ]
        return "".join(rules)

    def result(self) -> str:
        compression = self.compression
        notes = [_OUTCOMES[compression.outcome.value], compression.reason]
        if compression.outcome.value == "fell_back":
            notes[0] = "The summary was refused; these sentences were kept instead."
        if compression.truncated:
            notes.append("Something was cut to fit a model's input.")
        shown = [f'<p class="none">{escape(note)}</p>' for note in notes if note]
        if compression.text and compression.outcome.value != "unchanged":
            shown.append(f'<div class="result" dir="auto">{self._text()}</div>')
        return "\n".join(shown)

    def _text(self) -> str:
        text, position = [], 0
        for number, sentence in enumerate(self.compression.support):
            text.append(escape(self.compression.text[position : sentence.start]))
            text.append(self._claim(number, sentence))
            position = sentence.end
        return "".join(text) + escape(self.compression.text[position:])

    def _claim(self, number: int, sentence: _Claim) -> str:
        links = ", ".join(
            f'<a href="#{self.name}-source-{n}" aria-label="source {n}">{n}</a>'
            for n in map(self.cited.get, map(_place, sentence.sources))
            if n is not None
        )
        words, note = escape(sentence.text), ""
        if not sentence.supported:
            missing = ", ".join(sentence.unsupported)
            words = f'<span class="unsupported">{words}</span>'
            note = f" [not supported{': ' + escape(missing) if missing else ''}]"
        return (
            f'<span class="claim" id="{self.name}-claim-{number}">{words}'
            f"{note}{f'<sup>{links}</sup>' if links else ''}</span>"
        )

    def document(self, index: int) -> str:
        document = self.compression.documents[index]
        heading = document.title or document.id or f"Document {index + 1}"
        sentences = self.sentences.get(index, [])
        # Where all sentences are known, only marks are between them: tags, scripts, styles.
        marks = bool(sentences and (self.compression.kept or self.compression.dropped))
        text, position = [], 0
        for sentence in sentences:
            text.append(self._gap(document.text[position : sentence.start], marks))
            text.append(self._sentence(sentence))
            position = sentence.end
        text.append(self._gap(document.text[position:], marks))
        return (
            f'<h3 dir="auto">{index + 1}. {escape(heading)}</h3>\n'
            f'<div class="document" dir="auto">{"".join(text).lstrip()}</div>'
        )

    def _gap(self, gap: str, marks: bool) -> str:
        """What stands between two sentences; the tags of a page show as the breaks they make."""
        if "<" in gap and (marks or is_seam(gap)):
            return "\n" if breaks_line(gap) else " "
        return escape(gap)

    def _sentence(self, sentence: _Sentence) -> str:
        words, score, place = escape(sentence.visible), sentence.score, _place(sentence)
        kind = "" if sentence.kind == "sentence" else f" {sentence.kind}"
        note = f", {sentence.lexical:.3f} of it by words" if sentence.lexical else ""
        if place in self.kept and sentence.kind in STRUCTURAL:
            words = (
                f'<mark class="outline{kind}" title="came along: {sentence.kind}">{words}</mark>'
            )
        elif place in self.kept:
            words = (
                f'<mark class="kept{kind}" style="--strength: {self.strength(score):.2f}" '
                f'title="kept{kind and ","}{kind}, score {score:.3f}{note}">'
                f"{words}<sup>{score:.2f}</sup></mark>"
            )
        elif place not in self.cited:
            return (
                f'<span class="dropped{kind}" '
                f'title="dropped{kind and ","}{kind}, score {score:.3f}{note}">{words}</span>'
            )
        if number := self.cited.get(place):
            words = (
                f'<span class="source" id="{self.name}-source-{number}">{words}'
                f"<sup>[{number}]</sup></span>"
            )
        return words


def _apart(sentences: Iterable[_Sentence]) -> Iterator[_Sentence]:
    """The sentences that overlap no earlier one: a gate may split differently than an extractor."""
    index, end = -1, 0
    for sentence in sentences:
        if sentence.doc_index != index or sentence.start >= end:
            index, end = sentence.doc_index, sentence.end
            yield sentence


def _place(sentence: _Sentence) -> tuple[int, int, int]:
    return sentence.doc_index, sentence.start, sentence.end


def _strength_between(scores: list[float]) -> Callable[[float], float]:
    """A function from a score to a tint, from 0.12 for the lowest kept score to 0.42."""
    low, high = min(scores, default=0.0), max(scores, default=0.0)
    return lambda score: 0.12 + 0.3 * ((score - low) / (high - low) if high > low else 1.0)


def displayable(text: str) -> str:
    """Replace the characters that a page cannot hold: lone surrogates and control characters.

    Args:
        text: Any text.

    Returns:
        A text that UTF-8 can encode and HTML allows.
    """
    text = text.encode("utf-8", "replace").decode("utf-8")
    return "".join(c if c >= " " or c in "\t\n\r" else "\ufffd" for c in text)
