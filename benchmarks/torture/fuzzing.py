"""Calls every public entry point with made-up input, and checks what is promised of each.

Offsets are true, inputs stay as they are, only documented errors are raised, results are JSON and
come back equal, budgets hold, and an empty result is a value. The scorers are cheap fakes. The
cases are the same in every run with one `SEED`.
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
import os
import re
import shutil
import struct
import tempfile
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import HypothesisWarning
from trials import Outcome

from recomp_core import (
    AbstractiveCompressor,
    Compression,
    Document,
    ExtractiveCompressor,
    SentenceSplitter,
    SentenceStore,
    SupportGate,
    Threshold,
    TokenBudget,
    TopK,
    TopP,
    make_selector,
)
from recomp_core import (
    Outcome as Result,
)
from recomp_core._utils.jsonl import as_line, from_line
from recomp_core.data import Question, question_of
from recomp_core.data.reading import read_questions
from recomp_core.data.records import RecordJob
from recomp_core.evaluation import Evaluation, Row, calibrate, evaluate
from recomp_core.evaluation.measures import token_f1
from recomp_core.evaluation.reports.payload import data_element
from recomp_core.extractive.selectors import selector_from_dict
from recomp_core.store.records import pack, read_units, read_vectors, units_record, vectors_record
from recomp_core.text.answers import contains_answer, exact_match, normalize_answer
from recomp_core.text.facts import Evidence, missing_claims
from recomp_core.text.html import compression_fragment, compression_page
from recomp_core.text.joining import is_blank
from recomp_core.text.units import FORMATS
from recomp_core.text.words import words

SEED = 20_231_107
LONG, SHORT = 100_000, 5_000

# What texts are made of: structure of all formats, scripts, and what breaks programs.
PIECES = (
    "Bob built the tower. ",
    "It was late",
    "! ",
    "? ",
    ".\n",
    "\n\n",
    "\n",
    "\r\n",
    "\t",
    " ",
    "",
    "# Heading\n",
    "## Second\n\n",
    "- item\n",
    "* one\n",
    "1. first\n",
    "> quoted\n",
    "---\n",
    "| a | b |\n|---|---|\n",
    "| 1 | 2 |\n",
    "```\ncode()\n```\n",
    "```",
    "~~~\n",
    "    indented\n",
    "<p>Ann &amp; Bob</p>",
    "<table><tr><td>1</td></tr></table>",
    "<script>x</script>",
    "<!--",
    "-->",
    "<b",
    "</",
    "&#x0;",
    '{"key": "value", "list": [1, 2]}',
    "[",
    "]",
    "{",
    "}",
    '"',
    "\\",
    "key: value\n",
    "a,b,c\n1,2,3\n",
    "From: ann@example.org\nSubject: x\n\n",
    "2024-01-01 12:00:00 ERROR failed\n",
    "Ann: hello\nBob: hi\n",
    "def f(x):\n    return x\n",
    "Q: Who?\nA: Bob.\n",
    "e.g. Dr. U.S. 3.14 ",
    "\ud83d",
    "\ude00",
    "\ud83d\ude00",
    "\U0001f600",
    "e\u0301",
    "\u202e",
    "\u200b",
    "\ufeff",
    "\x00",
    "\x1b[31m",
    "\u2028",
    "\u0661\u0662\u0663",
    "東京は首都です。",
    "一千二百三十四",
    "Москва. ",
    "قال بوب. ",
    "1234567890",
    "$1,234.56 ",
    "12 March 2024",
    "A" * 40,
    " " * 40,
    "." * 40,
    "\n" * 20,
    "|" * 20,
)

# Mostly pieces: hypothesis takes far longer to make up a text of its own.
pieces = st.lists(st.sampled_from(PIECES), max_size=10).map("".join)
texts = st.one_of(pieces, pieces, pieces, st.text(max_size=20))
queries = st.one_of(st.sampled_from(["who built the tower?", "Bob", "東京"]), texts)
numbers = st.one_of(st.integers(), st.floats(), st.sampled_from([0, -1, 1, 10**30, math.nan]))
values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts, st.just(date(1998, 3, 3))),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
metadata = st.dictionaries(st.text(max_size=6), values, max_size=2)
names = st.one_of(st.none(), texts)
documents = st.one_of(texts, st.builds(Document, texts, names, names, metadata))
document_lists = st.lists(documents, max_size=4)


def n_words(text: str) -> int:
    """A cheap tokenizer: words and characters that are no spaces."""
    return len(text.split())


selectors = st.one_of(
    st.builds(TopK, st.integers(1, 5)),
    st.builds(TopP, st.floats(0.05, 1.0)),
    st.builds(Threshold, st.floats(-1, 3)),
    st.builds(TokenBudget, st.integers(1, 30), st.just(n_words)),
)


def shared(query: str, sentences: list[str]) -> list[float]:
    """A cheap scorer: words in common."""
    wanted = set(query.split())
    return [float(len(wanted & set(sentence.split()))) for sentence in sentences]


compressors = st.builds(
    ExtractiveCompressor,
    st.just(shared),
    selector=selectors,
    separator=st.one_of(st.none(), st.sampled_from(["", " ", "\n", " … "])),
    elision=st.sampled_from(["", "[…]"]),
    document_separator=st.sampled_from(["\n", "", "\n\n"]),
    expand=st.tuples(st.integers(0, 2), st.integers(0, 2)),
    outline=st.sampled_from(["headings", "none"]),
    titles=st.booleans(),
    lexical_weight=st.one_of(st.none(), st.floats(0, 1)),
    splitter=st.one_of(
        st.none(),
        st.builds(
            SentenceSplitter,
            st.one_of(st.none(), st.sampled_from(["en", "de", "zh"])),
            st.integers(8, 200),
            st.one_of(st.none(), st.sampled_from(FORMATS)),
        ),
    ),
)


class Writes:
    """A summarizer that writes what it is told, word by word."""

    def __init__(self, text: str, max_input_tokens: int | None) -> None:
        self.text = text
        self.max_input_tokens = max_input_tokens

    def count_tokens(self, text: str) -> int:
        return n_words(text)

    def truncate(self, text: str, max_tokens: int) -> str:
        ends = [word.end() for word in re.finditer(r"\S+", text)]
        return text if len(ends) <= max_tokens else text[: [0, *ends][max_tokens]]

    def summarize(self, prompts: list[str]) -> list[str]:
        return [self.text] * len(prompts)

    def stream(self, prompt: str) -> Iterator[str]:
        del prompt
        yield from (self.text[n : n + 3] for n in range(0, len(self.text), 3))


# What is checked


def refused(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")


def strictly(text: str | bytes) -> Any:
    """What a strict parser reads."""
    value = json.loads(text, parse_constant=refused)
    json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    return value


def plain(value: Any) -> str:
    """A form in which values with NaN can be compared."""
    return repr(value)


def check_compression(compression: Compression, query: str, given: list[Any]) -> None:
    """What holds for every compression."""
    found = compression.documents
    assert compression.query == query
    assert [d.text for d in found] == [d if isinstance(d, str) else d.text for d in given]
    sources = [source for claim in compression.support for source in claim.sources]
    for sentence in (*compression.kept, *compression.dropped, *sources):
        text = found[sentence.doc_index].text
        assert 0 <= sentence.start <= sentence.end <= len(text)
        assert text[sentence.start : sentence.end] == sentence.text, "offsets"
        assert all(0 <= a <= b <= sentence.start for a, b in sentence.path), "path"
    places = [(s.doc_index, s.start) for s in compression.kept]
    assert places == sorted(places), "order"
    assert len(compression.text) <= len(compression.original_text), "longer"
    assert 0 <= compression.rate() <= 1
    compression.by_document()
    repr(compression)
    data = strictly(json.dumps(compression.to_dict(), allow_nan=False))
    again = Compression.from_dict(data)
    if not any(isinstance(d, Document) and d.metadata for d in given):
        assert again == compression, "round trip"
    assert plain(Compression.from_dict(again.to_dict())) == plain(again)


def kept_by_budget(compressor: ExtractiveCompressor, compression: Compression) -> None:
    selector = compressor.selector
    if isinstance(selector, TokenBudget) and compression.outcome is not Result.UNCHANGED:
        assert n_words(compression.text) <= selector.max_tokens, "budget"


def compress(case: tuple[ExtractiveCompressor, str, list[Any]]) -> None:
    compressor, query, given = case
    if is_blank(query):
        return raises(ValueError, lambda: compressor.compress(query, given))
    before = plain(given)
    compression = compressor.compress(query, given)
    assert plain(given) == before, "input changed"
    check_compression(compression, query, given)
    kept_by_budget(compressor, compression)
    return None


def acompress(case: tuple[ExtractiveCompressor, list[tuple[str, list[Any]]]]) -> None:
    compressor, calls = case
    asked = [f"x{query}" for query, _ in calls]
    given = [documents for _, documents in calls]
    results = asyncio.run(compressor.acompress_batch(asked, given))
    for compression, query, documents in zip(results, asked, given, strict=True):
        check_compression(compression, query, documents)
        kept_by_budget(compressor, compression)
    assert results == compressor.compress_batch(asked, given)


def summarize(case: tuple[str, int | None, bool, str, list[Any], Any]) -> None:
    text, limit, gated, query, given, extractor = case
    compressor = AbstractiveCompressor(
        Writes(text, limit), gate=SupportGate() if gated else None, extractor=extractor
    )
    query = f"x{query}"
    before = plain(given)
    try:
        compression = compressor.compress(query, given)
    except ValueError:
        assert limit is not None  # the prompt alone may not fit
        return
    assert plain(given) == before, "input changed"
    check_compression(compression, query, given)
    streamed = "".join(compressor.stream(query, given))
    assert streamed == compression.text or not gated or compression.text == "", "streamed"


def split(case: tuple[str, str | None, str | None, int]) -> None:
    text, told, lang, longest = case
    splitter = SentenceSplitter(lang, longest, told)
    end = 0
    for unit in splitter.units(text):
        assert end <= unit.start <= unit.end <= len(text), "order"
        assert all(0 <= a <= b <= unit.start for a, b in unit.path), "path"
        end = unit.end
    SentenceSplitter(lang, longest).units(text, told)
    assert [tuple(span) for span in splitter.split(text)] == [
        (unit.start, unit.end) for unit in splitter.units(text)
    ]


def raises(kinds: Any, call: Callable[[], Any]) -> None:
    """Passes if the call returns, or raises one of these."""
    with suppress(kinds):
        call()


def hostile_selector(data: Any) -> None:
    raises((ValueError, TypeError), lambda: selector_from_dict(data))
    if isinstance(data, dict):
        settings_of = {str(name): value for name, value in data.items() if name != "type"}
        raises((ValueError, TypeError), lambda: make_selector(data.get("type"), **settings_of))


EXAMPLE = ExtractiveCompressor(shared, selector=TopK(2)).compress(
    "who built the tower?",
    [Document("# Tower\n\nIt is tall. Bob built it.", "a", "b", {"n": [1]}), "Bob sleeps. So."],
)


def hostile_compression(case: tuple[list[int], Any]) -> None:
    """A value anywhere in a written compression is replaced."""
    way, value = case
    data = json.loads(json.dumps(EXAMPLE.to_dict()))
    inner, last = data, None
    for step in way:
        keys = list(inner) if isinstance(inner, dict) else range(len(inner))
        if not keys:
            break
        outer, last = inner, list(keys)[step % len(keys)]
        inner = outer[last]
        if not isinstance(inner, (dict, list)):
            break
    if last is None:
        data = value
    else:
        outer[last] = value
    try:
        found = Compression.from_dict(data)
    except ValueError:
        return
    check_compression(found, found.query, list(found.documents))


def hostile_row(case: tuple[dict[str, Any], Any]) -> None:
    right, whole = case
    for data in ({"question": "1", "system": "a", **right}, whole):
        try:
            row = Row.from_dict(data)
        except ValueError:
            continue
        line = as_line(row.to_dict())
        strictly(line)
        assert plain(Row.from_dict(from_line(line))) == plain(row)


def line(value: Any) -> None:
    content = {"value": value}
    written = as_line(content)
    strictly(written)
    found = from_line(written)
    with suppress(RecursionError):
        assert plain(found) == plain(from_line(as_line(found)))


def hostile_line(raw: bytes) -> None:
    raises(ValueError, lambda: from_line(raw))


def question(record: Any) -> None:
    made = question_of(record, 0)
    if isinstance(made, Question):
        again = question_of(from_line(as_line(made.to_dict())), 0)
        assert isinstance(again, Question)
        assert (again.id, again.query, again.answers) == (made.id, made.query, made.answers)
        assert [d.text for d in again.documents] == [d.text for d in made.documents]
        assert again.digest == made.digest


class Tags(HTMLParser):
    """Collects the tags of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        assert not any(name.startswith("on") for name, _ in attrs), "handler"
        self.found.append(tag)


def html(case: tuple[ExtractiveCompressor, str, list[Any], str]) -> None:
    compressor, query, given, title = case
    compression = compressor.compress(f"x{query}", given)
    for page in (compression_page(compression, title=title), compression_fragment(compression)):
        page.encode()
        tags = Tags()
        tags.feed(page)
        assert not {"script", "iframe", "img", "object", "link", "base", "form"} & set(tags.found)


def measured(case: tuple[str, str, list[str]]) -> None:
    text, other, answers = case
    assert isinstance(normalize_answer(text), str)
    assert 0 <= token_f1(text, other) <= 1
    assert isinstance(exact_match(text, answers), bool)
    assert isinstance(contains_answer(text, answers), bool)
    assert isinstance(missing_claims(text, Evidence([other, *answers])), tuple)
    words(text)


def evaluated(records: list[Any]) -> None:
    found = evaluate(
        records,
        {"ours": ExtractiveCompressor(shared, selector=TopK(1))},
        baselines=(),
        count_tokens=n_words,
    )
    folder = Path(tempfile.mkdtemp(prefix="recomp-fuzz-"))
    try:
        path = found.save(folder / "rows.jsonl")
        for raw in path.read_bytes().splitlines():
            strictly(raw)
        again = Evaluation.load(path)
        assert plain(again.rows) == plain(found.rows)
        assert list(again.questions) == list(found.questions)
    finally:
        shutil.rmtree(folder)
    element = data_element(found, compress=False)
    strictly(element[element.index(">") + 1 : element.rindex("</script>")])


def calibrated(case: tuple[list[Any], float]) -> None:
    records, keep = case
    compressor = ExtractiveCompressor(shared, selector=TopK(1))
    raises(ValueError, lambda: calibrate(records, compressor, keep=keep))


def stored_record(case: tuple[int, int, int, bytes]) -> None:
    """Any bytes under a right checksum."""
    kind, n, dim, body = case
    rest = struct.pack("<B3xII", kind, n, dim) + body
    record = struct.pack("<I", zlib.crc32(rest, zlib.crc32(b"k"))) + rest
    for dtype in ("float16", "int8", "float32"):
        found = read_vectors(b"k", record, dtype)
        assert found is None or len(found.values) == n
    units = read_units(b"k", record, 1_000)
    assert units is None or all(0 <= u.start <= u.end <= 1_000 for u in units)


def stored(case: tuple[str, str, list[list[float]]]) -> None:
    """What a store keeps comes back, and what is kept under another key does not."""
    import numpy as np

    text, dtype, rows = case
    units = tuple(SentenceSplitter().units(text))
    vectors = np.array(rows, dtype=np.float32)
    with SentenceStore() as store:
        packed = pack(vectors, dtype)
        store.write(
            [(b"u", units_record(b"u", units)), (b"v", vectors_record(b"v", packed, dtype))]
        )
        found = store.read([b"u", b"v"])
    assert read_units(b"u", found[b"u"], len(text)) == units
    again = read_vectors(b"v", found[b"v"], dtype)
    assert again is not None
    assert again.values.tobytes() == packed.values.tobytes()
    assert read_units(b"v", found[b"u"], len(text)) is None


def adapted(case: tuple[str, list[tuple[str, dict[str, Any], bool]], Any, bool]) -> None:
    """LangChain documents and LlamaIndex nodes; some metadata can't be copied."""
    from langchain_core.documents import Document as LangChainDocument
    from llama_index.core.schema import NodeWithScore, TextNode

    from langchain_recomp import RecompDocumentCompressor
    from llamaindex_recomp import RecompNodePostprocessor

    query, items, compressor, fails = case
    given = [
        (text, {**more, "lock": threading.Lock()} if locked else more)
        for text, more, locked in items
    ]
    query = query if fails else f"x{query}"
    told = {"compressor": compressor, "on_error": "passthrough"}
    ours = [LangChainDocument(text, id=str(n), metadata=m) for n, (text, m) in enumerate(given)]
    before = plain(ours)
    result = RecompDocumentCompressor(**told).compress_documents(ours, query)
    assert plain(ours) == before, "input changed"
    for document in result:
        said = document.metadata["recomp"]
        source = ours[int(document.id)]
        assert all(source.page_content[a:b] for a, b in said.get("spans", ()))
    nodes = [
        NodeWithScore(node=TextNode(text=text, id_=str(n), metadata=more), score=math.nan)
        for n, (text, more) in enumerate(given)
    ]
    before = plain(nodes)
    for scored in RecompNodePostprocessor(**told).postprocess_nodes(nodes, query_str=query):
        assert "recomp" in scored.node.metadata
    assert plain(nodes) == before, "input changed"


def in_files(lines: list[bytes]) -> None:
    """Any lines as questions and as records; a second run does nothing again."""
    folder = Path(tempfile.mkdtemp(prefix="recomp-fuzz-"))
    try:
        source = folder / "in.jsonl"
        source.write_bytes(b"\n".join(lines))
        list(read_questions(source))
        compressor = ExtractiveCompressor(shared, selector=TopK(1))
        first = RecordJob(str(source), folder / "out.jsonl", settings={}).run(compressor)
        content = (folder / "out.jsonl").read_bytes()
        assert len([strictly(raw) for raw in content.splitlines()]) == first.compressed
        again = RecordJob(str(source), folder / "out.jsonl", settings={}).run(compressor)
        assert (again.compressed, again.done_before) == (0, first.compressed)
        assert (folder / "out.jsonl").read_bytes() == content
    finally:
        shutil.rmtree(folder)


def in_shell(case: tuple[list[bytes], list[str]]) -> None:
    """The command over any file, with any options."""
    from typer.testing import CliRunner

    from recomp_core.cli.main import app

    lines, options = case
    folder = Path(tempfile.mkdtemp(prefix="recomp-fuzz-"))
    try:
        (folder / "in.jsonl").write_bytes(b"\n".join(lines))
        arguments = ["compare", str(folder / "in.jsonl"), *options]
        for command in (arguments, ["compress", str(folder / "none.jsonl"), *options]):
            found = CliRunner().invoke(app, command)
            error = found.exception
            assert error is None or isinstance(error, (SystemExit, ValueError, OSError)), error
    finally:
        shutil.rmtree(folder)


# The cases


@dataclass
class Entry:
    """One entry point.

    Attributes:
        name: What the table says.
        share: Its share of all cases, relative to the others.
        cases: Makes them.
        check: Raises for one that does not go as promised.
    """

    name: str
    share: float
    cases: st.SearchStrategy[Any]
    check: Callable[[Any], None]


def loosely(fields: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    """Objects with some of these fields, and others."""
    return st.one_of(
        st.fixed_dictionaries({}, optional=fields),
        st.builds(lambda a, b: {**a, **b}, st.fixed_dictionaries(fields), json_values.map(as_dict)),
        json_values,
    )


def as_dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {"more": value}


record_fields = {
    "query": st.one_of(queries, queries, json_values),
    "answers": st.one_of(st.lists(texts, max_size=2), json_values),
    "documents": st.one_of(
        st.lists(st.one_of(texts, st.fixed_dictionaries({"text": texts})), max_size=3), json_values
    ),
    "id": st.one_of(texts, json_values),
}
records = loosely(record_fields)
row_fields = {
    "kept": st.one_of(st.lists(st.lists(st.integers(0, 9), min_size=3, max_size=3)), json_values),
    "f1": st.one_of(st.floats(), json_values), "text": st.one_of(texts, json_values),
    "extra": json_values, "tokens_after": json_values, "empty": json_values, "note": json_values,
}  # fmt: skip
selector_fields = {
    "type": st.sampled_from(["top_k", "top_p", "threshold", "token_budget", "all", "none"]),
    "k": numbers, "p": numbers, "temperature": numbers, "min_score": numbers, "max_tokens": numbers,
}  # fmt: skip
lines = st.lists(
    st.one_of(records.map(lambda record: as_line({"r": record})[6:-2]), st.binary(max_size=20)).map(
        lambda raw: raw.replace(b"\n", b" ")
    ),
    max_size=5,
)
rows = st.integers(1, 3).flatmap(
    lambda n: st.lists(
        st.lists(st.floats(-1e3, 1e3, width=32), min_size=4, max_size=4), min_size=n, max_size=n
    )
)

ENTRIES = (
    Entry("compress", 10, st.tuples(compressors, queries, document_lists), compress),
    Entry(
        "acompress_batch and compress_batch",
        2,
        st.tuples(compressors, st.lists(st.tuples(queries, document_lists), max_size=3)),
        acompress,
    ),
    Entry(
        "compress and stream, abstractive",
        5,
        st.tuples(
            texts,
            st.one_of(st.none(), st.integers(1, 60)),
            st.booleans(),
            queries,
            document_lists,
            st.one_of(st.none(), compressors),
        ),
        summarize,
    ),
    Entry(
        "SentenceSplitter, all formats",
        20,
        st.tuples(
            texts,
            st.one_of(st.none(), st.sampled_from(FORMATS)),
            st.one_of(st.none(), st.sampled_from(["en", "de", "fr", "zh", "ja", "ar"])),
            st.integers(8, 200),
        ),
        split,
    ),
    Entry("selectors of any settings", 3, loosely(selector_fields), hostile_selector),
    Entry(
        "Compression.from_dict of any values",
        8,
        st.tuples(st.lists(st.integers(0, 20), max_size=6), json_values),
        hostile_compression,
    ),
    Entry(
        "Row.from_dict of any values",
        4,
        st.tuples(st.fixed_dictionaries({}, optional=row_fields), json_values),
        hostile_row,
    ),
    Entry("JSON lines of any values", 8, values, line),
    Entry(
        "JSON lines of any bytes",
        10,
        st.one_of(st.binary(), json_values.map(lambda value: json.dumps(value).encode())),
        hostile_line,
    ),
    Entry("questions of any records", 8, records, question),
    Entry("HTML views", 3, st.tuples(compressors, queries, document_lists, texts), html),
    Entry(
        "answers, facts, words", 8, st.tuples(texts, texts, st.lists(texts, max_size=2)), measured
    ),
    Entry("evaluate, save, load, browse", 1, st.lists(records, max_size=3), evaluated),
    Entry(
        "calibrate", 0.5, st.tuples(st.lists(records, max_size=3), st.floats(0.5, 0.99)), calibrated
    ),
    Entry(
        "records of a store, any bytes",
        10,
        st.tuples(
            st.integers(0, 5),
            *[st.one_of(st.integers(0, 4), st.integers(0, 2**32 - 1))] * 2,
            st.binary(max_size=80),
        ),
        stored_record,
    ),
    Entry(
        "a store and back",
        2,
        st.tuples(texts, st.sampled_from(["float16", "int8", "float32"]), rows),
        stored,
    ),
    Entry(
        "both adapters",
        2,
        st.tuples(
            queries,
            st.lists(st.tuples(texts, metadata, st.booleans()), max_size=3),
            compressors,
            st.booleans(),
        ),
        adapted,
    ),
    Entry("files of questions and records", 1.5, lines, in_files),
    Entry(
        "the command, any file and options",
        0.3,
        st.tuples(
            lines,
            st.lists(
                st.sampled_from(
                    [
                        "--json",
                        "--markdown",
                        "--measure",
                        "f1",
                        "--query",
                        "x",
                        "--top-k",
                        "0",
                        "-1",
                    ]
                ),
                max_size=3,
            ),
        ),
        in_shell,
    ),
)


def torture(short: bool) -> Iterator[Outcome]:
    """Tries every entry point.

    Args:
        short: Whether to try 5,000 cases instead of 100,000.

    Yields:
        An outcome per entry point.
    """
    import warnings

    warnings.simplefilter("ignore", HypothesisWarning)
    logging.disable(logging.CRITICAL)
    os.environ["TQDM_DISABLE"] = "1"
    total = sum(entry.share for entry in ENTRIES)
    try:
        for entry in ENTRIES:
            yield tried(entry, math.ceil((SHORT if short else LONG) * entry.share / total))
    finally:
        logging.disable(logging.NOTSET)


def tried(entry: Entry, n: int) -> Outcome:
    """Tries one entry point with `n` cases; a failure of each kind is told once."""
    outcome = Outcome(entry.name, worst=f"seed {SEED}")
    seen: set[str] = set()

    @seed(SEED)
    @settings(
        max_examples=n,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
        verbosity=Verbosity.quiet,
    )
    @given(entry.cases)
    def each(case: Any) -> None:
        shown = repr(case)[:300]
        try:
            entry.check(case)
        except Exception as error:  # a failure is a result here, whatever its class
            kind = f"{type(error).__name__}: {error}"[:60]
            outcome.tried += 1
            if kind not in seen and len(seen) < 5:
                seen.add(kind)
                outcome.failures.append(f"{type(error).__name__}: {error}; {shown}"[:700])
        else:
            outcome.count()

    each()
    return outcome
