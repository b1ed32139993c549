"""A compression as HTML: every sentence of every document, the kept ones marked; all escaped.

Kept sentences are told apart by weight, underline and a printed score, not by colour alone.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from .types import Compression, Document, Outcome, ScoredSentence, group_by_document

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
.recomp mark sup { font-weight: 400; font-size: .7em; padding-left: .2em; }
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
    Outcome.COMPRESSED: "",
    Outcome.NOTHING_GIVEN: "There was nothing to compress.",
    Outcome.NOTHING_RELEVANT: "No sentence is relevant enough: nothing will be prepended.",
    Outcome.UNCHANGED: "Everything was kept: compressing would not have made it shorter.",
    Outcome.FAILED: "The compressor failed; the original documents were passed through.",
}


def compression_page(
    compression: Compression,
    *,
    count_tokens: Callable[[str], int] | None = None,
    title: str = "RECOMP",
    lang: str = "en",
) -> str:
    """A whole page that needs no network. `count_tokens` adds tokens before and after."""
    body = compression_fragment(compression, count_tokens=count_tokens)
    return _displayable(_PAGE.format(title=escape(title), lang=escape(lang, quote=True), body=body))


def compression_fragment(
    compression: Compression, *, count_tokens: Callable[[str], int] | None = None
) -> str:
    """The highlighted view for a notebook cell or as a part of a page."""
    parts = [
        f"<style>{_STYLE}</style>",
        '<section class="recomp" aria-label="Compression">',
        f'<p class="query" dir="auto">{escape(compression.query)}</p>',
        f'<p class="facts">{escape(_facts(compression, count_tokens))}</p>',
        _result(compression),
    ]
    kept = frozenset(compression.kept)
    sentences = group_by_document(
        sorted((*compression.kept, *compression.dropped), key=lambda s: (s.doc_index, s.start))
    )
    strength = _strength_between([sentence.score for sentence in compression.kept])
    for index, document in enumerate(compression.documents):
        parts.append(_document(index, document, sentences.get(index, []), kept, strength))
    parts.append("</section>")
    return _displayable("\n".join(parts))


def _facts(compression: Compression, count_tokens: Callable[[str], int] | None) -> str:
    unit, count = ("characters", len) if count_tokens is None else ("tokens", count_tokens)
    before, after = count(compression.original_text), count(compression.text)
    sentences = len(compression.kept) + len(compression.dropped)
    facts = [
        f"kept {len(compression.kept)} of {sentences} sentences",
        f"from {len(compression.sources)} of {len(compression.documents)} documents",
        f"{after} of {before} {unit}",
    ]
    if before:
        facts.append(f"rate {compression.rate(count):.1%}")
    return ", ".join(facts)


def _result(compression: Compression) -> str:
    if note := _OUTCOMES[compression.outcome]:
        return f'<p class="none">{escape(note)}</p>'
    return f'<div class="result" dir="auto">{escape(compression.text)}</div>'


def _document(
    index: int,
    document: Document,
    sentences: list[ScoredSentence],
    kept: frozenset[ScoredSentence],
    strength: Callable[[float], float],
) -> str:
    heading = document.title or document.id or f"Document {index + 1}"
    text, position = [], 0
    for sentence in sentences:
        text.append(escape(document.text[position : sentence.start]))
        words, score = escape(sentence.text), sentence.score
        if sentence in kept:
            text.append(
                f'<mark style="--strength: {strength(score):.2f}" title="kept, score {score:.3f}">'
                f"{words}<sup>{score:.2f}</sup></mark>"
            )
        else:
            text.append(f'<span title="dropped, score {score:.3f}">{words}</span>')
        position = sentence.end
    text.append(escape(document.text[position:]))
    return (
        f'<h3 dir="auto">{index + 1}. {escape(heading)}</h3>\n'
        f'<div class="document" dir="auto">{"".join(text)}</div>'
    )


def _strength_between(scores: list[float]) -> Callable[[float], float]:
    """How strongly a kept sentence is tinted: 0.12 for the lowest score kept, 0.42 for the best."""
    low, high = min(scores, default=0.0), max(scores, default=0.0)
    return lambda score: 0.12 + 0.3 * ((score - low) / (high - low) if high > low else 1.0)


def _displayable(text: str) -> str:
    """Without what a page cannot hold: lone surrogates and control characters."""
    text = text.encode("utf-8", "replace").decode("utf-8")
    return "".join(c if c >= " " or c in "\t\n\r" else "\ufffd" for c in text)
