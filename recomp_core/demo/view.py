"""A trial as HTML: figures in a row, and all sentences by score with the cut between them.

There is no script, no colour carries a meaning alone, and everything is escaped.
"""

from __future__ import annotations

from html import escape

from ..types import ScoredSentence
from .session import Price, Trial

SHOWN = 30  # sentences in the list

_STYLE = """
.trial { --ink: #1d2329; --soft: #5c6570; --line: #d9dee4; --paper: #fff; --bar: #2b8a3e;
  --rest: #b4bcc6; color: var(--ink); font: 15px/1.5 system-ui, sans-serif; margin: 0;
  overflow-wrap: anywhere; }
@media (prefers-color-scheme: dark) { .trial { --ink: #e6e9ed; --soft: #98a2ae; --line: #39424d;
  --paper: #171b20; --bar: #69db7c; --rest: #56616e; } }
.trial dl.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(7.2rem, 1fr));
  gap: .6rem; margin: 0; padding: 0; }
.trial dl.figures div { background: var(--paper); border: 1px solid var(--line);
  border-radius: 10px; padding: .5rem .7rem; margin: 0; }
.trial dt { color: var(--soft); font-size: .85rem; margin: 0; font-weight: 400; }
.trial dd { margin: 0; font-size: 1.35rem; font-weight: 600; line-height: 1.3; }
.trial dd small { display: block; color: var(--soft); font-size: .85rem; font-weight: 400; }
.trial ol.scores { list-style: none; margin: 0; padding: 0; }
.trial ol.scores li { display: grid; grid-template-columns: 3.6rem 5rem 1fr; gap: .2rem .7rem;
  align-items: baseline; padding: .25rem 0; margin: 0; color: var(--soft); }
.trial ol.scores li.kept { color: var(--ink); }
.trial ol.scores li.kept .words { font-weight: 600; }
.trial ol.scores li.cut { display: block; color: var(--ink); font-size: .85rem;
  border-top: 2px dashed var(--bar); margin-top: .35rem; padding-top: .15rem; }
.trial .score { font-variant-numeric: tabular-nums; text-align: right; }
.trial .bar { height: .6rem; border-radius: 3px; background: var(--line);
  align-self: start; margin-top: .45rem; }
.trial .bar i { display: block; height: 100%; border-radius: 3px; background: var(--rest); }
.trial .kept .bar i { background: var(--bar); }
.trial .from { display: block; color: var(--soft); font-size: .85rem; font-weight: 400; }
.trial .more { color: var(--soft); margin: .3rem 0 0; }
@media (max-width: 40rem) { .trial ol.scores li { grid-template-columns: 3.4rem 1fr; }
  .trial .words { grid-column: 1 / -1; } }
"""


def figures_fragment(trial: Trial, unit: str, price: Price | None = None) -> str:
    """Show the figures of a trial in a row.

    Args:
        trial: The trial.
        unit: What its tokens are: "tokens" or "characters".
        price: Adds the cost of a month.

    Returns:
        HTML.
    """
    compression = trial.compression
    sentences = len(compression.kept) + len(compression.dropped)
    rate = trial.tokens_after / trial.tokens_before if trial.tokens_before else 0.0
    figures = [
        (unit.capitalize(), f"{trial.tokens_after:,}", f"of {trial.tokens_before:,}"),
        ("Rate", f"{rate:.1%}", f"of the {unit} stay"),
        ("Sentences", str(len(compression.kept)), f"of {sentences}"),
    ]
    if price is not None:
        before, after = map(price.per_month, (trial.tokens_before, trial.tokens_after))
        figures.append(
            (
                "Input, 30 days",
                money(after),
                f"instead of {money(before)}",
            )
        )
    if trial.scoring_seconds is not None:
        figures.append(
            (
                "New question",
                duration(trial.scoring_seconds),
                f"then {duration(trial.selecting_seconds)} a setting",
            )
        )
    shown = "\n".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}<small>{escape(note)}</small></dd></div>"
        for name, value, note in figures
    )
    return f'<div class="trial"><dl class="figures">\n{shown}\n</dl></div>{style()}'


def scores_fragment(trial: Trial, most: int = SHOWN) -> str:
    """Show the sentences from the best down, with a line at the cut.

    Args:
        trial: The trial.
        most: How many sentences are shown.

    Returns:
        HTML.
    """
    sentences = trial.ranked
    if not sentences:
        return (
            f'<div class="trial"><p class="more">There is no sentence to score.</p></div>{style()}'
        )
    kept = frozenset((s.doc_index, s.start) for s in trial.compression.kept)
    high, low = sentences[0].score, min(sentences[-1].score, 0.0)
    places = [i for i, s in enumerate(sentences) if (s.doc_index, s.start) in kept]
    cut = places[-1] if places else -1
    items = ['<li class="cut">Nothing is kept.</li>'] if cut < 0 else []
    for position, sentence in enumerate(sentences[:most]):
        wide = (sentence.score - low) / (high - low) if high > low else 1.0
        items.append(_item(trial, sentence, (sentence.doc_index, sentence.start) in kept, wide))
        if position == cut < len(sentences) - 1:
            items.append('<li class="cut">The cut: nothing below is kept.</li>')
    hidden = len(sentences) - most
    more = ""
    if hidden > 0:
        below = sum(place >= most for place in places)
        more = f'<p class="more">and {hidden:,} more, {below:,} of them kept</p>'
    listed = "\n".join(items)
    return f'<div class="trial"><ol class="scores">\n{listed}\n</ol>{more}</div>{style()}'


def _item(trial: Trial, sentence: ScoredSentence, kept: bool, wide: float) -> str:
    document = trial.compression.documents[sentence.doc_index]
    source = document.title or f"document {sentence.doc_index + 1}"
    sign = "✓ kept · " if kept else ""
    return (
        f'<li class="{"kept" if kept else "dropped"}">'
        f'<span class="score">{sentence.score:.3f}</span>'
        f'<span class="bar" aria-hidden="true"><i style="width: {100 * wide:.0f}%"></i></span>'
        f'<span class="words" dir="auto">{escape(sentence.text)} '
        f'<span class="from">{sign}{escape(source)}</span></span></li>'
    )


def style() -> str:
    """Return the styles of both fragments, which stand last: HTML cleaners drop a leading style."""
    return f"<style>{_STYLE}</style>"


def money(amount: float) -> str:
    """Write an amount with the digits that matter: 1,234; 12.30; 0.0042."""
    if amount >= 1000:
        return f"{amount:,.0f}"
    return f"{amount:.2f}" if amount >= 0.1 or amount == 0 else f"{amount:.2g}"


def duration(seconds: float) -> str:
    """Write a duration, in milliseconds below a second."""
    if seconds >= 1:
        return f"{seconds:.1f} s"
    milliseconds = 1000 * seconds
    return f"{milliseconds:.0f} ms" if milliseconds >= 10 else f"{milliseconds:.1f} ms"
