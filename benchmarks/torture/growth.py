"""Measures whether the time that a text takes grows with its length, for all that reads texts.

    python benchmarks/torture/growth.py [--functions splitting …] [--constructs yaml …]

Each function reads each hostile construct, first at a thousand characters and then at twice the
length, again and again, until it takes a tenth of a second of CPU time. It fails where twice the
text takes more than three times as long, in the best of five tries: nothing may be worse than
linear. Prints a line for each function, with its slowest construct in seconds a megabyte.

`FUNCTIONS` has everything that is public in the room `text` and reads a text, and what reads whole
documents in other rooms; `EXEMPT` says why something is not there. A test compares both with the
code, so that nothing new is forgotten.
"""

from __future__ import annotations

import argparse
import functools
import gc
import string
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise, product
from typing import NamedTuple

from trials import Outcome

from recomp_core.abstractive.attribution import link_all
from recomp_core.abstractive.gates import SupportGate
from recomp_core.abstractive.streams import LengthLimit, bare_words
from recomp_core.data.question import Question
from recomp_core.demo.session import documents_from_text
from recomp_core.evaluation.gates import Gate
from recomp_core.evaluation.measures import Judged, support, usable_answers
from recomp_core.evaluation.spans import find_gold, gold_scores, locate
from recomp_core.extractive.compressor import ExtractiveCompressor
from recomp_core.extractive.diversity import MMR, NoNearDuplicates
from recomp_core.extractive.lexical import exactness, lexical_scores, weight_for
from recomp_core.extractive.queries import is_question
from recomp_core.extractive.scoring import BM25Scorer
from recomp_core.extractive.selection import Threshold
from recomp_core.extractive.selectors import parse_selector
from recomp_core.extractive.structure import folded_text
from recomp_core.models.language_models.reading import ReplyStream
from recomp_core.prompts import PromptTemplate, llm_prompt
from recomp_core.protocols import Candidate
from recomp_core.readers.answer_scores import AnswerPrompt, AnswerRequest
from recomp_core.text import (
    answers,
    division,
    facts,
    function_words,
    html,
    injections,
    joining,
    languages,
    markup,
    pins,
    questions,
    reasoning,
    refusals,
    sentences,
    splitting,
    terms,
    units,
    words,
)
from recomp_core.text.structure import (
    blocks,
    data_formats,
    drawn_tables,
    formats,
    headings,
    lines,
    markers,
    markup_blocks,
    paragraphs,
    records,
    section_words,
    source_code,
    tables,
    traces,
    xml_data,
)
from recomp_core.text.structure.rules import entries, transcripts
from recomp_core.types import Compression, Document

Read = Callable[[str], object]
"""Reads one text."""

SHORTEST = 1_000
"""The characters of the first text of a construct."""
NOISE = 0.02
"""Seconds; nothing is said of what takes less."""
ENOUGH = 0.1
"""Seconds; what takes as long is not doubled any more."""
LONGEST, LONGEST_SHORT = 400_000, 16_000
"""The most characters of a text, in both forms."""
SAMPLE = 6
"""In the short form each function reads one construct of so many, beginning with another one."""


# Texts.


def _letters(number: int) -> str:
    """The number in letters, so that a word is another one and holds no digit."""
    return "".join(string.ascii_lowercase[int(digit)] for digit in str(number))


def _counted(form: str) -> Callable[[int], str]:
    """Repeats a form with another number, `{n}`, or another word, `{w}`, each time."""

    def of_size(size: int) -> str:
        width = len(form.format(n=10_000, w=_letters(10_000)))
        numbers = range(10_000, 10_001 + size // width)
        return "".join(form.format(n=n, w=_letters(n)) for n in numbers)[:size]

    return of_size


def _repeated(piece: str) -> Callable[[int], str]:
    return lambda size: (piece * (size // len(piece) + 1))[:size]


def _deeper(piece: str) -> Callable[[int], str]:
    """Repeats a line, indented more and more."""

    def of_size(size: int) -> str:
        found, depth = "", 0
        while len(found) < size:
            found += " " * depth + piece
            depth += 1
        return found[:size]

    return of_size


def _mixed(size: int) -> str:
    """Sentences of few words, each another one."""
    some = [
        "harbour",
        "ferry",
        "island",
        "water",
        "winter",
        "morning",
        "captain",
        "letter",
        "engine",
        "market",
    ]
    parts: list[str] = []
    length = 0
    for row in product(some, repeat=8):
        parts.append(f"The {' '.join(row)} of it was seen. ")
        length += len(parts[-1])
        if length >= size:
            break
    return "".join(parts)[:size]


_PIECES = {
    "prose": "The harbour of Skarn was dredged in spring. People came from far away to see it.\n\n",
    "list": "- item one two three\n",
    "numbered": "1. item one\n",
    "nested list": "  - x\n",
    "pipes": "| x y z | 1 2 3 |\n",
    "a rule of spaces": "a|b\n" + " " * 200 + "-" + " " * 200 + "x|\n",
    "csv": "a,b,c,1,2\n",
    "drawn rules": "+--+--+\n",
    "drawn rows": "| a | b |\n+---+---+\n",
    "columns": "one  two  three\n",
    "gaps": "a  b  ",
    "quotation": "> a quote\n",
    "nested quotation": ">",
    "empty quotation": ">\n",
    "empty quotation of quotations": "> >\n",
    "headings": "## h\ntext here.\n",
    "underlined": "h\n==\n",
    "underlined with waves": "Title\n~~~~~\n",
    "headings of wikis": "== h ==\ntext here.\n",
    "signs": "■ h\n",
    "titles on their text": "Title\nA text that ends here.\n\n",
    "fences": "```a\n",
    "two fences": "~~~\n```\n",
    "open elements": "<div>\n",
    "rows": "<tr><td>a</td></tr>",
    "open tables": "<table><tr><td>a",
    "open tags": "<a ",
    "angle brackets": "<",
    "comments": "<!--",
    "entities": "&amp",
    "braces": '{"a":',
    "lists of lists": "[",
    "json": '{"a": [1, 2, {"b": "c"}]}\n',
    "quotes": '"',
    "backslashes": '"\\',
    "backticks": "`a ``",
    "apostrophes": "'",
    "yaml": "  key:\n",
    "ini": "[section]\na = b\n",
    "log": "2031-02-11 04:00:00 INFO [web-0] GET /cart 200\n",
    "chat": "[12/07/31, 18:02] Ann: we are on the ferry now\n",
    "forms": "Name: Ann\nPhone: 12\nBoat: Tern\n\n",
    "forms without blank lines": "Name: Ann\nPhone: 12\nBoat: Tern\n",
    "calendar": "BEGIN:VEVENT\nSUMMARY:x\nEND:VEVENT\n",
    "speakers": "Ann: we are here\nTom: yes\n",
    "questions": "Q: what?\nA: that\n",
    "mail headers": "Received: a\n  b\n",
    "options": "  -a, --all  all\n",
    "options below a line": "x:\n  -a  all\n  -b  both\n",
    "mail": "From: a\nTo: b\n",
    "bold lines": "**Title**\n",
    "stars": "*",
    "capitals": "TITLE\ntext here\n",
    "chapters": "第一章 总则\n",
    "Chinese without marks": "今天天气很好我们去公园玩",
    "Chinese": "今天。",
    "Chinese numerals": "一",
    "Chinese units": "万亿",
    "Thai": "ภาษาไทยเขียนติดกัน",
    "Korean": "안녕하세요 ",
    "Hindi": "नमस्ते दुनिया। ",
    "accents": "a\u0301",
    "emoji": "👩‍👩‍👧",
    "words": "word ",
    "names": "Ann Bob ",
    "long name": "Ann ",
    "one word": "x",
    "one name": "X",
    "spaces": " ",
    "line breaks": "\n",
    "carriage returns": "\r",
    "blank lines": " \n\t",
    "tabs": "\t",
    "no-break spaces": "\xa0",
    "zero-width spaces": "\u200b",
    "lone surrogates": "\ud800",
    "code": "def f(x):\n    return x\n\n",
    "closing braces": "}\n",
    "tracebacks": 'Traceback (most recent call last):\n  File "a.py", line 1, in f\n    f()\n',
    "stack trace": "    at com.orlo.Runner(Run.java:88)\n",
    "terms": "term\n    text of it\n",
    "full stops": ".",
    "full stops and spaces": ". ",
    "dots of abbreviations": "U.S.",
    "question marks": "what?\n",
    "smileys": ":-) ",
    "hyphens": "-",
    "hyphens and letters": "a-",
    "underscores": "_",
    "commas": ",",
    "digits": "1",
    "digits and commas": "1,",
    "grouped digits": "1 000 000 ",
    "thousands": ",000",
    "dates": "1998-03-03 ",
    "numbers in words": "one million two hundred and five thousand ",
    "hundreds": "hundred and ",
    "months": "March ",
    "deep numbers": "1.1.1 x\n",
    "Roman numbers": "iv. x\n",
    "rules": "---\n",
    "abbreviations": "e.g. ",
    "initials": "J. R. ",
    "links": "http://a.b/c ",
    "camel case": "aB",
    "versions": "v2.3-",
    "markers": "[1]",
    "footnotes": "abc.[1,2] ",
    "numbers of footnotes": "abc.1,2",
    "leaders": "a . . . . ",
    "dashes": "– x\n",
    "letters": "A. x\nB. y\n",
    "announcements": "1. a:\n(1) b:\n",
    "announced lines": "a:\nb\nc\n",
    "announced code": "a:\n\n    b\n\n",
    "titles": "A\n\nb.\n\n",
}

CONSTRUCTS: dict[str, Callable[[int], str]] = {
    **{name: _repeated(piece) for name, piece in _PIECES.items()},
    "deep yaml": _deeper("key:\n"),
    "deep list": _deeper("- x\n"),
    "deep announcements": _deeper("x:\n\n"),
    "distinct words": _counted("{w} "),
    "distinct names": _counted("Mr {w}son A{w}.\n"),
    "distinct declined names": _counted("Анна{w} "),
    "distinct long names": _counted("Verfassungsgerichtshof{w} "),
    "distinct numbers": _counted("{n} "),
    "distinct sentences": _counted("The harbour of B{w} has {n} boats in winter. "),
    "distinct headings": _counted("# Heading {w}\n\nText {n} of it.\n\n"),
    "distinct rows": _counted("| {w} | {n} |\n"),
    "mixed sentences": _mixed,
}
"""From a size to a text of about so many characters."""


# Readers.


def _is_word(text: str) -> str:
    """The text as one word: most functions of words never see a space."""
    return "".join(text.split()) or "x"


def _lines(text: str) -> list[lines.Line]:
    return lines.lines_of(text)


def _of_lines(read: Callable[[Sequence[lines.Line]], object]) -> Read:
    return lambda text: read(_lines(text))


def _each(
    read: Callable[[Sequence[lines.Line], int], tuple[object, int]],
) -> Callable[[Sequence[lines.Line]], object]:
    """Reads what begins at each line that is not part of what was read before."""

    def of_lines(found: Sequence[lines.Line]) -> object:
        at = 0
        while at < len(found):
            if found[at].blank:
                at += 1
            else:
                at = max(at + 1, read(found, at)[1])
        return at

    return of_lines


def _whole(text: str) -> tuple[Document, ...]:
    return (Document(text, title="Skarn"),)


def _candidate(text: str) -> Candidate:
    return Candidate("Who came?", _whole(text), text)


def _halves(text: str) -> list[str]:
    """The text in pieces of a few words."""
    split = text.split(" ")
    return [" ".join(split[n : n + 8]) for n in range(0, len(split), 8)]


def _length_scores(query: str, texts: Sequence[str]) -> list[float]:  # noqa: ARG001
    return [float(len(text) % 7) for text in texts]


def _compressor(**settings: object) -> ExtractiveCompressor:
    return ExtractiveCompressor(_length_scores, selector=Threshold(3.0), **settings)  # type: ignore[arg-type]


def _compressed(text: str) -> Compression:
    return _compressor().compress("Who came?", list(_whole(text)))


def _gold(text: str) -> object:
    some = _halves(text)
    return find_gold([Document(text, metadata={"gold_sentences": some})])


def _scores_of_gold(text: str) -> object:
    spans = [(0, n, n + 3) for n in range(0, len(text), 5)]
    return gold_scores(spans, [(doc, start + 1, end + 1) for doc, start, end in spans])


def _streamed(text: str) -> object:
    limit = LengthLimit(2 * len(text))
    reply = ReplyStream(
        may_mean_nothing=refusals.may_mean_nothing, means_nothing=refusals.means_nothing
    )
    for character in f"<think>{text[::2]}</think>x{text[1::2]}":
        reply.add(limit.allow(character))
    return reply.rest()


def _filtered(text: str) -> object:
    reply = reasoning.ReasoningFilter()
    return [reply.add(character) for character in f"<think>{text[::2]}</think>x{text[1::2]}"]


def _without_reasoning(text: str) -> object:
    return [
        reasoning.without_reasoning(said)
        for said in (text, f"<think>{text}", f"{text}</think>", f"<think>{text}</think>{text}")
    ]


def _spelled(text: str) -> object:
    prompt = AnswerPrompt()
    return prompt.prompt(AnswerRequest(text, text, ("a",))), prompt.continuation(text)


def _parts(text: str) -> object:
    return division.divide(text, 0, len(text), 30, division.approximate_tokens)


def _rest_of_unit(text: str) -> object:
    unit = units.Unit(0, len(text), "table")
    return splitting.divided(text, unit, 30, division.approximate_tokens)


def _raises(read: Read) -> Read:
    """A reader of a short form, which refuses almost every text."""

    def of_text(text: str) -> object:
        try:
            return read(text)
        except ValueError as error:
            return error

    return of_text


_SPLITTER = splitting.SentenceSplitter()


def _judged(text: str) -> Judged:
    return Judged(Question("1", "Who came?", tuple(_halves(text)), _whole(text)), text)


FUNCTIONS: dict[str, Read] = {
    "text.answers.normalize_answer": answers.normalize_answer,
    "text.answers.exact_match": lambda text: answers.exact_match(text, _halves(text)),
    "text.answers.token_f1": lambda text: answers.token_f1(text, _halves(text)[:8]),
    "text.answers.contains_answer": lambda text: answers.contains_answer(text, [text + "x", "?"]),
    "text.division.divide": _parts,
    "text.division.approximate_tokens": division.approximate_tokens,
    "text.facts.Evidence": lambda text: facts.Evidence([text]),
    "text.facts.Evidence.has_name": lambda text: facts.Evidence([text]).has_name(
        [word.lower() for word in text.split()] or ["x"]
    ),
    "text.facts.has_number": facts.has_number,
    "text.facts.has_date": facts.has_date,
    "text.facts.missing_claims": lambda text: facts.missing_claims(text, facts.Evidence([text])),
    "text.function_words.function_words": lambda text: function_words.function_words(text.split()),
    "text.function_words.without_question_words": function_words.without_question_words,
    "text.html.compression_page": lambda text: html.compression_page(_compressed(text)),
    "text.html.compression_fragment": lambda text: html.compression_fragment(_compressed(text)),
    "text.html.displayable": html.displayable,
    "text.joining.is_blank": joining.is_blank,
    "text.joining.common_words": lambda text: joining.common_words(text.split("\n")),
    "text.joining.is_seam": joining.is_seam,
    "text.joining.Layout.excerpt": lambda text: joining.Layout(titles=True).excerpt(
        text, _SPLITTER.split(text)[::2], title=text[:100]
    ),
    "text.joining.Layout.starts": lambda text: joining.Layout(titles=True).starts(
        text, _SPLITTER.split(text)[::2] or [(0, 1)], title=text[:100]
    ),
    "text.joining.Layout.join": lambda text: joining.Layout().join(_halves(text)),
    "text.languages.detect_language": languages.detect_language,
    "text.markup.visible_text": markup.visible_text,
    "text.markup.breaks_line": markup.breaks_line,
    "text.markup.label_text": markup.label_text,
    "text.sentences.sentence_spans": lambda text: sentences.sentence_spans(
        text, 0, len(text), "en"
    ),
    "text.splitting.SentenceSplitter.split": _SPLITTER.split,
    "text.splitting.SentenceSplitter.units": _SPLITTER.units,
    **{
        f"text.splitting.SentenceSplitter.units as {told}": functools.partial(
            _SPLITTER.units, format=told
        )
        for told in ("html", "csv", "json", "yaml", "code")
    },
    "text.splitting.divided": _rest_of_unit,
    "text.splitting.replace_surrogates": splitting.replace_surrogates,
    "text.structure.blocks.text_blocks": lambda text: blocks.text_blocks(text, _lines(text)),
    "text.structure.data_formats.is_short_record": lambda text: data_formats.is_short_record(
        text, 0, len(text)
    ),
    "text.structure.data_formats.json_blocks": data_formats.json_blocks,
    "text.structure.data_formats.record_blocks": lambda text: data_formats.record_blocks(
        text, 0, len(text)
    ),
    "text.structure.data_formats.looks_like_settings": _of_lines(data_formats.looks_like_settings),
    "text.structure.data_formats.settings_blocks": _of_lines(data_formats.settings_blocks),
    "text.structure.xml_data.xml_blocks": xml_data.xml_blocks,
    "text.structure.formats.parse": formats.parse,
    "text.structure.headings.underlined": _of_lines(
        lambda found: [headings.underlined(found, n) for n in range(len(found))]
    ),
    "text.structure.headings.is_as_long": lambda text: headings.is_as_long(text, len(text)),
    "text.structure.headings.signed_level": lambda text: headings.signed_level(
        text, apart=True, first=True
    ),
    "text.structure.headings.is_in_brackets": headings.is_in_brackets,
    "text.structure.headings.follows_sign": _of_lines(
        lambda found: [
            headings.follows_sign(found, n, n + 1)
            for n in range(len(found) - 1)
            if found[n].text and found[n + 1].text
        ]
    ),
    "text.structure.headings.titles_above": _of_lines(
        lambda found: headings.titles_above(found, 0)
    ),
    "text.structure.lines.lines_of": lines.lines_of,
    "text.structure.lines.inner": _of_lines(
        lambda found: [lines.inner(line, 1, 1) for line in found]
    ),
    "text.structure.lines.span_of": lambda text: lines.span_of(_lines(f"x{text}x")),
    "text.structure.lines.columns_of": lines.columns_of,
    "text.structure.markers.follows": _of_lines(
        lambda found: [markers.follows(a, b) for a, b in pairwise(found)]
    ),
    "text.structure.markers.is_next_article": _of_lines(
        lambda found: [markers.is_next_article(a, b) for a, b in pairwise(found)]
    ),
    "text.structure.markers.marker_of": _of_lines(
        lambda found: [markers.marker_of(line) for line in found]
    ),
    "text.structure.markers.reads_like_title": markers.reads_like_title,
    "text.structure.markers.trusted_markers": _of_lines(markers.trusted_markers),
    "text.structure.markup_blocks.is_page": markup_blocks.is_page,
    "text.structure.markup_blocks.opens_element": markup_blocks.opens_element,
    "text.structure.markup_blocks.elements_of": markup_blocks.elements_of,
    "text.structure.markup_blocks.html_blocks": markup_blocks.html_blocks,
    "text.structure.paragraphs.ends_sentence": paragraphs.ends_sentence,
    "text.questions.asks": questions.asks,
    "text.questions.ends_in_question": questions.ends_in_question,
    "text.structure.paragraphs.is_labelled": paragraphs.is_labelled,
    "text.structure.paragraphs.ends_within": paragraphs.ends_within,
    "text.structure.paragraphs.has_label": paragraphs.has_label,
    "text.structure.paragraphs.wrapped_width": _of_lines(paragraphs.wrapped_width),
    "text.structure.paragraphs.joined_lines": _of_lines(
        lambda found: (
            list(paragraphs.joined_lines([x for x in found if not x.blank] or found, 80))
            if any(not line.blank for line in found)
            else None
        )
    ),
    "text.structure.records.repeated_forms": _of_lines(records.repeated_forms),
    "text.structure.rules.entries.forms_of": _of_lines(entries.forms_of),
    "text.structure.rules.transcripts.is_log": _of_lines(transcripts.is_log),
    "text.structure.rules.transcripts.is_chat": _of_lines(transcripts.is_chat),
    "text.structure.rules.transcripts.is_play": _of_lines(transcripts.is_play),
    "text.structure.section_words.section_mark": section_words.section_mark,
    "text.structure.source_code.looks_like_code": _of_lines(source_code.looks_like_code),
    "text.structure.source_code.code_blocks": _of_lines(source_code.code_blocks),
    "text.structure.drawn_tables.drawn_table": _of_lines(_each(drawn_tables.drawn_table)),
    "text.structure.drawn_tables.column_table": _of_lines(_each(drawn_tables.column_table)),
    "text.structure.drawn_tables.is_drawn_rule": drawn_tables.is_drawn_rule,
    "text.structure.drawn_tables.is_header": lambda text: drawn_tables.is_header(text.split(",")),
    "text.structure.tables.may_be_row": tables.may_be_row,
    "text.structure.tables.table_at": _of_lines(_each(tables.table_at)),
    "text.structure.tables.separated_run": _of_lines(_each(tables.separated_run)),
    "text.structure.tables.pipe_table": _of_lines(lambda found: tables.pipe_table(found, 0)),
    "text.structure.tables.is_rule": tables.is_rule,
    "text.structure.tables.separated_rows": _of_lines(
        lambda found: tables.separated_rows(found, told=True)
    ),
    "text.structure.traces.is_frame": traces.is_frame,
    "text.structure.traces.begins_trace": traces.begins_trace,
    "text.structure.traces.trace": _of_lines(_each(traces.trace)),
    "text.structure.traces.end_of_frames": _of_lines(
        lambda found: traces.end_of_frames(found, 0, -1)
    ),
    "text.reasoning.without_reasoning": _without_reasoning,
    "text.reasoning.ReasoningFilter.add": _filtered,
    "text.injections.injection_flags": injections.injection_flags,
    "text.pins.Finder.__call__": pins.Pins(pins.PIN_NAMES).finder(),
    "text.refusals.adds_news": refusals.adds_news,
    "text.refusals.means_nothing": refusals.means_nothing,
    "text.refusals.may_mean_nothing": refusals.may_mean_nothing,
    "text.terms.tokens": terms.tokens,
    "text.terms.spans_of_tokens": terms.spans_of_tokens,
    "text.terms.is_unspaced": terms.is_unspaced,
    "text.terms.pairs": terms.pairs,
    "text.terms.folded": terms.folded,
    "text.terms.is_plain": lambda text: terms.is_plain(_is_word(text)),
    "text.terms.terms_of": lambda text: (terms.terms_of(_is_word(text)), terms.terms_of(text)),
    "text.units.path_text": lambda text: units.path_text(text, [(0, len(text))]),
    "text.units.stated_format": lambda text: units.stated_format({"format": text, "source": text}),
    "text.words.words": words.words,
    "abstractive.attribution.OverlapScorer and link_all": lambda text: link_all([_candidate(text)]),
    "abstractive.gates.SupportGate": lambda text: SupportGate().check([_candidate(text)]),
    "abstractive.streams": _streamed,
    "abstractive.streams.bare_words": bare_words,
    "evaluation.gates.Gate": _raises(Gate.parse),
    "evaluation.measures.support": lambda text: support("Who came?", _whole(text), text),
    "evaluation.measures.usable_answers": lambda text: usable_answers(_halves(text)),
    "evaluation.spans.find_gold": _gold,
    "evaluation.spans.gold_scores": _scores_of_gold,
    "evaluation.spans.locate": lambda text: locate(_halves(text), _whole(text)),
    "extractive.ExtractiveCompressor": _compressed,
    "extractive.ExtractiveCompressor, of the query": lambda text: _compressor(
        lexical_weight=0.5
    ).compress(f"Who came? {text}", ["Ann came to Skarn. Bob did not."]),
    "extractive.diversity": lambda text: ExtractiveCompressor(
        _length_scores, selector=Threshold(3.0) & NoNearDuplicates() & MMR()
    ).compress("Who came?", [text]),
    "extractive.lexical.lexical_scores": lambda text: lexical_scores(text, _halves(text)),
    "extractive.lexical.exactness": exactness,
    "extractive.lexical.weight_for": lambda text: weight_for(text, text, 0.1, None),
    "extractive.queries.is_question": is_question,
    "extractive.scoring.BM25Scorer": lambda text: _bm25().compress(f"Who came? {text}", [text]),
    "extractive.selectors.parse_selector": _raises(parse_selector),
    "extractive.structure.folded_text": folded_text,
    "demo.session.documents_from_text": _raises(documents_from_text),
    "prompts.PromptTemplate": _raises(PromptTemplate),
    "prompts.llm_prompt": lambda text: llm_prompt(text).format(text, text),
    "readers.answer_scores.AnswerPrompt": _raises(_spelled),
    "types.Compression": lambda text: (
        Compression.from_dict(_compressed(text).to_dict()).by_document(),
        _compressed(text).rate(),
    ),
}
"""Readers of one text by name: the module without `recomp_core`, and what of it reads."""

EXEMPT = {
    "text.structure.data_formats.named_record": "record_blocks and xml_blocks try it",
    "text.abbreviations.habits": "takes a language code",
    "text.joining.group_by_document": "reads no text",
    "text.refusals.language.news": "makes a pattern",
    "text.refusals.reader.Reader.adds_news": "refusals.adds_news tries it",
    "text.refusals.reader.Reader.means_nothing": "refusals.means_nothing tries it",
    "text.refusals.reader.Reader.may_mean_nothing": "refusals.may_mean_nothing tries it",
    "text.tokens.TokenCounter": "the tokenizer of a checkpoint counts",
    "text.tokens.count_with": "a foreign tokenizer counts",
    "text.tokens.encoder_token_counter": "reads no text",
    "text.structure.outline.Outline.add": "takes blocks; SentenceSplitter.units tries it",
    **{
        f"{rule.__module__.removeprefix('recomp_core.')}.{rule.__name__}": "text_blocks tries it"
        for rule, _ in blocks.RULES
    },
    "text.structure.rules.ends.ends_paragraph": "text_blocks tries it",
    "text.structure.rules.markdown.begins_element": "text_blocks tries it",
    "text.structure.rules.questions.question_of_paragraph": "text_blocks tries it",
    "text.structure.rules.scan.Scan.add": "reads no text",
    "text.structure.rules.scan.Scan.level_of": "takes a sign",
    "text.structure.rules.transcripts.begins_turn": "text_blocks tries it",
}
"""What is public in the room `text` and not among `FUNCTIONS`, and why."""


def _bm25() -> ExtractiveCompressor:
    return ExtractiveCompressor(BM25Scorer(), selector=Threshold(0.1))


# Measuring.


class Growth(NamedTuple):
    """What one reader took for one construct.

    Attributes:
        size: The characters of the longest text.
        seconds: What it took.
        factor: How many times as long as half of it that was; 0 below the noise.
    """

    size: int
    seconds: float
    factor: float

    @property
    def a_megabyte(self) -> float:
        """Seconds for a million characters."""
        return self.seconds / self.size * 1e6


def growth(read: Read, of_size: Callable[[int], str], longest: int) -> Growth:
    """Double a text until it takes long enough, or more than three times as long as its half.

    Args:
        read: Reads the text.
        of_size: Makes the text.
        longest: The most characters.

    Returns:
        The last step, or the first that is worse than linear.
    """
    size = SHORTEST
    once = seconds(read, of_size(size))
    while True:
        text = of_size(2 * size)
        twice = seconds(read, text)
        factor = 0.0 if twice < NOISE else twice / max(once, NOISE / 100)
        for _ in range(4):
            if factor <= 3:
                break
            once, twice = seconds(read, of_size(size)), seconds(read, text)
            factor = min(factor, 0.0 if twice < NOISE else twice / max(once, NOISE / 100))
        size, once = 2 * size, twice
        if factor > 3 or twice >= ENOUGH or 2 * size > longest:
            return Growth(size, twice, factor)


def seconds(read: Read, text: str) -> float:
    """The CPU seconds that reading a text takes."""
    gc.disable()  # a collection in one of two measurements looks like growth
    began = time.process_time()
    try:
        read(text)
    finally:
        took = time.process_time() - began
        gc.enable()
    return took


def outcome_of(name: str, longest: int, constructs: Sequence[str] = tuple(CONSTRUCTS)) -> Outcome:
    """Try one reader with the constructs.

    Args:
        name: One of `FUNCTIONS`.
        longest: The most characters of a text.
        constructs: Some of `CONSTRUCTS`.

    Returns:
        The outcome; an exception is a failure too.
    """
    read = FUNCTIONS[name]
    read("Nothing is loaded later. 今天天气很好\n\nภาษาไทย <p>and so on</p>")
    outcome = Outcome(name)
    worst, slowest = 0.0, ""
    for construct in constructs:
        try:
            found = growth(read, CONSTRUCTS[construct], longest)
        except Exception as error:  # a failure is a result here, whatever its class
            outcome.count(f"{construct}: {type(error).__name__}: {error}"[:300])
            continue
        worse = f"{construct}: {found.factor:.1f} times as long for {found.size:,} characters"
        outcome.count(worse if found.factor > 3 else None)
        if found.seconds >= NOISE and found.a_megabyte > worst:
            worst, slowest = found.a_megabyte, construct
    outcome.worst = f"{worst:.2f} s/MB ({slowest})" if slowest else ""
    return outcome


def torture(short: bool) -> Iterator[Outcome]:
    """Try everything.

    Args:
        short: Whether texts stay short, and each function reads some of the constructs: a minute
            instead of many.

    Yields:
        The outcome of each function.
    """
    for number, name in enumerate(FUNCTIONS):
        if short:
            some = tuple(CONSTRUCTS)[number % SAMPLE :: SAMPLE]
            yield outcome_of(name, LONGEST_SHORT, some)
        else:
            yield outcome_of(name, LONGEST)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--functions", nargs="+", default=[""], help="parts of their names")
    parser.add_argument("--constructs", nargs="+", default=[""], help="parts of their names")
    parser.add_argument("--longest", type=int, default=LONGEST, help="characters of a text")
    args = parser.parse_args()
    constructs = [name for name in CONSTRUCTS if any(part in name for part in args.constructs)]
    print(f"{'function':56} {'tried':>6} {'linear':>6}  slowest", flush=True)
    failed = 0
    for name in FUNCTIONS:
        if not any(part in name for part in args.functions):
            continue
        outcome = outcome_of(name, args.longest, constructs)
        print(f"{name:56} {outcome.tried:6} {outcome.survived:6}  {outcome.worst}", flush=True)
        for failure in outcome.failures:
            print(f"    {failure}", flush=True)
        failed += len(outcome.failures)
    if failed:
        sys.exit(f"{failed} worse than linear, or failed")


if __name__ == "__main__":
    main()
