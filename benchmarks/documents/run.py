"""Measures how often the compressed text of messy documents holds the answer, beside others.

    python benchmarks/documents/run.py [--before FOLDER] [-v] [--write]

`dev.jsonl` was there to work on: -v prints its questions that fail. `heldback.jsonl` was not: only
its totals are shown. A budget of 10 or 20 % of the characters of a question's documents is a hard
limit for every system. An answer is found if all its strings are in the compressed text, white
space collapsed. The strict measure also wants the strings without which the answer can't be
understood, such as the heading that names the model or the name of the column.

FOLDER holds the project as it was when it read documents as plain prose, which runs in a process of
its own: `git archive aee069d | tar -x -C FOLDER`, and `pip install sentencex`. trimwise
(`pip install trimwise==0.7.0`) finds its tokenizer's vocabulary in the files of LlamaIndex. --write
puts the tables into RESULTS.md.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import importlib
import importlib.util
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from recomp_core import Document, TokenBudget, load_compressor

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent))  # the other benchmarks
BEGIN, END = "<!-- documents -->", "<!-- /documents -->"
RATES = (0.1, 0.2)
PIECE = 100
"""The characters of a piece, for splitters that want to be told: 200 finds less at either rate."""

OURS, BEFORE = "recomp", "recomp before"
SETTINGS: dict[str, dict[str, Any]] = {
    OURS: {},
    "recomp, outline='none'": {"outline": "none"},
    "recomp, titles=False": {"titles": False},
    "recomp, lexical_weight=0": {"lexical_weight": 0},
    "recomp, none of the three": {"outline": "none", "titles": False, "lexical_weight": 0},
}

Compress = Callable[[Sequence[str], Sequence[Document], int], list[str]]
"""`(queries, documents, most characters) -> a text per query`, over the same documents."""


@dataclass
class Run:
    """What a system made of all questions.

    Attributes:
        texts: A text per question, by rate; "" where the system failed or exceeded its limit.
        seconds: Of one question alone, at the lowest rate: an entry each.
        notes: What went wrong.
    """

    texts: dict[float, list[str]]
    seconds: list[float] = field(default_factory=list)
    notes: dict[str, int] = field(default_factory=dict)

    def note(self, what: str) -> None:
        self.notes[what] = self.notes.get(what, 0) + 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--before", type=Path, help="folder of the project's earlier state")
    parser.add_argument("--systems", nargs="+", choices=[*SYSTEMS, BEFORE], help="default: all")
    parser.add_argument("--files", nargs="+", default=["dev", "heldback"])
    parser.add_argument("--id", nargs="+", help="only these entries of dev")
    parser.add_argument("-v", "--verbose", action="store_true", help="print what fails in dev")
    parser.add_argument("--write", action="store_true", help="into RESULTS.md")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    if args.worker:
        run = measure(ours({}), json.load(sys.stdin))
        json.dump([run.texts[rate] for rate in RATES] + [run.seconds, run.notes], sys.stdout)
        return
    parts = []
    for name in ["dev"] if args.id else args.files:
        entries = read(name)
        if args.id:
            entries = [entry for entry in entries if entry["id"] in args.id]
        if not entries:
            parts.append(f"### {name}\n\nnot there")
            continue
        runs = run_all(entries, args.systems or [*SYSTEMS, BEFORE], args.before)
        parts.append(tables(name, entries, runs))
        print(parts[-1] + "\n", flush=True)
        if args.verbose and name != "heldback" and isinstance(runs.get(OURS), Run):
            print_failures(entries, runs[OURS])
    if args.write:
        from results import write_between

        write_between(BEGIN, END, "\n\n".join([about(), *parts]))


def read(name: str) -> list[dict[str, Any]]:
    """The entries of a file; none if it is not there."""
    file = HERE / f"{name}.jsonl"
    if not file.is_file():
        return []
    return [json.loads(row) for row in file.read_text(encoding="utf-8").splitlines() if row.strip()]


def pairs(entries: Iterable[dict[str, Any]]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Every question with its entry."""
    return [(entry, question) for entry in entries for question in entry["questions"]]


# Running the systems.


def run_all(
    entries: list[dict[str, Any]], names: Iterable[str], before: Path | None
) -> dict[str, Run | str]:
    """By system its run, or why there is none."""
    runs: dict[str, Run | str] = {}
    for name in names:
        print(f"{name} …", file=sys.stderr, flush=True)
        try:
            if name == BEFORE:
                runs[name] = run_before(entries, before)
            else:
                runs[name] = measure(SYSTEMS[name](), entries)
        except Exception as error:  # a system that can't run leaves its row empty
            runs[name] = f"not run: {reason(error)}"
    return runs


def reason(error: Exception) -> str:
    """One short line about an error."""
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return (text if len(text) < 120 else f"{text[:117]}…").replace("|", "/")


def measure(compress: Compress, entries: list[dict[str, Any]]) -> Run:
    run = Run({rate: [] for rate in RATES})
    compress(["warm up"], [Document("One sentence. Another one.")], 20)
    for entry in entries:
        documents = [Document(d["text"], title=d["title"] or None) for d in entry["documents"]]
        queries = [question["question"] for question in entry["questions"]]
        size = sum(len(document.text) for document in documents)
        began = time.perf_counter()
        attempt(run, compress, queries[:1], documents, int(RATES[0] * size))
        run.seconds.append(time.perf_counter() - began)
        for rate in RATES:
            limit = int(rate * size)
            texts = attempt(run, compress, queries, documents, limit)
            long = [n for n, text in enumerate(texts) if len(text) > limit]
            for n in long:
                texts[n] = ""
                run.note("over the limit")
            run.texts[rate] += texts
    return run


def attempt(
    run: Run, compress: Compress, queries: list[str], documents: list[Document], limit: int
) -> list[str]:
    """The texts; an entry that makes a system fail has empty ones."""
    try:
        return compress(queries, documents, limit)
    except Exception as error:  # a crash is an entry without answers
        run.note(reason(error))
        return [""] * len(queries)


def run_before(entries: list[dict[str, Any]], folder: Path | None) -> Run:
    if folder is None or not (folder / "recomp_core").is_dir():
        raise FileNotFoundError("--before names no folder of the project's earlier state")
    done = subprocess.run(
        [sys.executable, str(Path(__file__).resolve()), "--worker"],
        input=json.dumps(entries), text=True, capture_output=True, encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(folder.resolve())}, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or ["no message"])[-1])
    *texts, seconds, notes = json.loads(done.stdout)
    return Run(dict(zip(RATES, texts, strict=True)), seconds, notes)


def ours(settings: dict[str, Any]) -> Compress:
    compressor = load_compressor(**settings)

    def compress(queries: Sequence[str], documents: Sequence[Document], limit: int) -> list[str]:
        compressor.selector = TokenBudget(limit, len)
        # A batch encodes the documents that its queries share once.
        return [
            each.text for each in compressor.compress_batch(queries, [documents] * len(queries))
        ]

    return compress


class Remembering:
    """The bundled encoder, which encodes a text once until it forgets."""

    def __init__(self) -> None:
        self._encoder = load_compressor().scorer.encoder
        self._known: dict[str, np.ndarray] = {}

    def forget(self) -> None:
        self._known.clear()

    def query(self, text: str) -> np.ndarray:
        """A vector of the length 1."""
        return unit(self._encoder.encode_queries([text]))[0]

    def sentences(self, texts: Iterable[str]) -> np.ndarray:
        """Vectors of the length 1, a row each."""
        texts = list(texts)
        if new := [text for text in dict.fromkeys(texts) if text not in self._known]:
            vectors = unit(self._encoder.encode_sentences(new))
            self._known.update(zip(new, vectors, strict=True))
        return np.array([self._known[text] for text in texts])


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def one_by_one(
    encoder: Remembering, compress: Callable[[str, Sequence[Document], int], str]
) -> Compress:
    """Compresses for one query after the other; the encoder remembers the documents meanwhile."""

    def compress_all(
        queries: Sequence[str], documents: Sequence[Document], limit: int
    ) -> list[str]:
        encoder.forget()
        return [compress(query, documents, limit) for query in queries]

    return compress_all


# Other projects' splitters: pieces ranked by the bundled encoder.


@dataclass(frozen=True)
class Piece:
    """A piece of a document.

    Attributes:
        text: What is kept.
        encoded: What the encoder reads, after the title.
    """

    text: str
    encoded: str


def ranked(split: Callable[[str, int], list[Piece]]) -> Compress:
    """Keeps the best pieces that a splitter makes, those that fit, in the documents' order.

    A piece is encoded with the title of its document.
    """
    encoder = Remembering()

    def compress(query: str, documents: Sequence[Document], limit: int) -> str:
        size = min(PIECE, limit)
        pieces, encoded = [], []
        for document in documents:
            parts = split(document.text, size)
            pieces += parts
            title = f"{document.title} › " if document.title else ""
            encoded += [f"{title}{piece.encoded}" for piece in parts]
        scores = encoder.sentences(encoded) @ encoder.query(query)
        kept: list[int] = []
        for position in np.argsort(-scores, kind="stable").tolist():
            offer = sorted([*kept, position])
            if len("\n".join(pieces[n].text for n in offer)) <= limit:
                kept = offer
        return "\n".join(pieces[n].text for n in kept)

    return one_by_one(encoder, compress)


def langchain_recursive() -> Compress:
    splitters = importlib.import_module("langchain_text_splitters")

    def split(text: str, size: int) -> list[Piece]:
        cut = splitters.RecursiveCharacterTextSplitter(chunk_size=size, chunk_overlap=0)
        return [Piece(piece, piece) for piece in cut.split_text(text)]

    return ranked(split)


def langchain_markdown() -> Compress:
    """By heading, then by length. The encoder reads the headings, which are its metadata."""
    splitters = importlib.import_module("langchain_text_splitters")
    levels = [("#" * level, f"h{level}") for level in (1, 2, 3)]

    def split(text: str, size: int) -> list[Piece]:
        by_heading = splitters.MarkdownHeaderTextSplitter(levels, strip_headers=False)
        cut = splitters.RecursiveCharacterTextSplitter(chunk_size=size, chunk_overlap=0)
        return [
            Piece(piece.page_content, " › ".join([*piece.metadata.values(), piece.page_content]))
            for piece in cut.split_documents(by_heading.split_text(text))
        ]

    return ranked(split)


def llamaindex_nodes(*, markdown: bool) -> Compress:
    """The encoder reads the headings above a node. In the text they take more than they give."""
    parsers = importlib.import_module("llama_index.core.node_parser")
    schema = importlib.import_module("llama_index.core.schema")

    def split(text: str, size: int) -> list[Piece]:
        nodes = [schema.Document(text=text)]
        if markdown:
            nodes = parsers.MarkdownNodeParser().get_nodes_from_documents(nodes)
        pieces = []
        for node in nodes:
            path = len(node.get_metadata_str(schema.MetadataMode.EMBED))  # the size counts it
            cut = parsers.SentenceSplitter(chunk_size=size + path, chunk_overlap=0, tokenizer=list)
            with contextlib.redirect_stdout(io.StringIO()):  # it prints what it thinks of the size
                pieces += cut.get_nodes_from_documents([node])
        modes = (schema.MetadataMode.NONE, schema.MetadataMode.EMBED)
        return [Piece(*map(piece.get_content, modes)) for piece in pieces]

    return ranked(split)


# Other projects' compressors.


def trimwise(strategy: str) -> Compress:
    """Words alone, its default for a question, or both words and the bundled encoder."""
    theirs = importlib.import_module("trimwise")
    found = importlib.util.find_spec("llama_index.core")
    if found is not None and found.submodule_search_locations:
        cache = Path(found.submodule_search_locations[0]) / "_static" / "tiktoken_cache"
        os.environ.setdefault("TIKTOKEN_CACHE_DIR", str(cache))
    encoder = Remembering()

    def embed(query: str, passages: Sequence[str]) -> tuple[Any, Any]:
        return encoder.query(query), encoder.sentences(passages)

    # Its own vocabulary would be looked for on the network, and its mark is long.
    config = theirs.TrimConfig(token_encoding="cl100k_base", omission_marker="…")
    trimmer = theirs.Trimmer(config, embedding_callback=embed)

    def compress(query: str, documents: Sequence[Document], limit: int) -> str:
        sources = [document.text for document in documents]
        result = trimmer.trim_context(
            sources, limit, unit="characters", strategy=strategy, query=query, separator="\n"
        )
        text: str = result.text
        return text

    return one_by_one(encoder, compress)


def ragcompress() -> Compress:
    theirs = importlib.import_module("ragcompress")
    budget = importlib.import_module("ragcompress.budget.fixed").FixedBudget
    base = importlib.import_module("ragcompress.scoring.base").BaseScorer
    encoder = Remembering()

    class Scorer(base):  # type: ignore[valid-type, misc]
        def score(self, query: str, sentences: Any, context: Any) -> Any:
            del context
            vectors = self.embed([sentence.text for sentence in sentences])
            for sentence, score in zip(sentences, vectors @ encoder.query(query), strict=True):
                sentence.score = float(score)
            return sentences

        def embed(self, texts: list[str]) -> np.ndarray:
            return encoder.sentences(texts)

    # One more for the space between two sentences.
    compressor = theirs.Compressor(Scorer(), token_counter=lambda text: len(text) + 1)

    def compress(query: str, documents: Sequence[Document], limit: int) -> str:
        compressor.budget = budget(max_tokens=limit)
        chunks = [theirs.Chunk(str(n), str(n), d.text) for n, d in enumerate(documents)]
        return " ".join(sentence.text for sentence in compressor.compress(query, chunks).sentences)

    return one_by_one(encoder, compress)


SYSTEMS: dict[str, Callable[[], Compress]] = {
    **{name: (lambda settings=settings: ours(settings)) for name, settings in SETTINGS.items()},
    "LangChain recursive": langchain_recursive,
    "LangChain Markdown": langchain_markdown,
    "LlamaIndex sentences": lambda: llamaindex_nodes(markdown=False),
    "LlamaIndex Markdown": lambda: llamaindex_nodes(markdown=True),
    "trimwise lexical": lambda: trimwise("lexical"),
    "trimwise hybrid": lambda: trimwise("hybrid"),
    "ragcompress": ragcompress,
}
COLUMNS = [OURS, BEFORE, *(name for name in SYSTEMS if name not in SETTINGS)]
"""The systems of the tables by format and by language."""


# Measures and tables.


def flat(text: str) -> str:
    return " ".join(text.split())


def missing(question: dict[str, Any], text: str, *, strict: bool) -> list[str]:
    """What the measure wants and the text has not."""
    wanted = [*question["answers"], *(question.get("also", ()) if strict else ())]
    text = flat(text)
    return [each for each in wanted if flat(each) not in text]


def found(
    entries: list[dict[str, Any]], run: Run, rate: float, *, strict: bool = False
) -> list[bool]:
    """Whether each question's answer is found."""
    return [
        not missing(question, text, strict=strict)
        for (_, question), text in zip(pairs(entries), run.texts[rate], strict=True)
    ]


def tables(name: str, entries: list[dict[str, Any]], runs: dict[str, Run | str]) -> str:
    formats = {entry["format"] for entry in entries}
    languages = {entry["lang"] for entry in entries}
    documents = [document for entry in entries for document in entry["documents"]]
    size = sum(len(document["text"]) for document in documents)
    parts = [
        f"### {name}\n",
        f"{len(pairs(entries))} questions, {len(documents)} documents in {len(entries)} entries, "
        f"{size:,} characters, {len(formats)} formats, {len(languages)} languages. Answers found, "
        "in %; strict: with what they need to be understood. Difference: recomp less the system, "
        "in points, 95 % interval, bootstrap over entries. ms: median of one "
        "question alone.\n",
        totals(entries, runs),
    ]
    if name != "heldback":
        for key in ("format", "lang"):
            for rate in RATES:
                parts.append(f"\nBy {key} at {100 * rate:g} %:\n")
                parts.append(by(key, entries, runs, rate))
    return "\n".join(parts)


def totals(entries: list[dict[str, Any]], runs: dict[str, Run | str]) -> str:
    heads = [f"{kind}{100 * rate:g} %" for kind in ("", "strict ") for rate in RATES]
    rows = [["", *heads, *(f"difference, {100 * rate:g} %" for rate in RATES), "ms", ""]]
    for name, run in runs.items():
        if isinstance(run, str):
            rows.append([name, *[""] * 7, run])
            continue
        cells = [
            f"{100 * np.mean(found(entries, run, rate, strict=strict)):.1f}"
            for strict in (False, True)
            for rate in RATES
        ]
        cells += [difference(entries, runs, name, rate) for rate in RATES]
        notes = "; ".join(f"{count} × {what}" for what, count in run.notes.items())
        rows.append([name, *cells, f"{1000 * np.median(run.seconds):.0f}", notes])
    return table(rows)


def difference(
    entries: list[dict[str, Any]], runs: dict[str, Run | str], name: str, rate: float
) -> str:
    """Ours less another's, paired. The questions of an entry are drawn together."""
    from recomp_core.evaluation.statistics import ratio_interval

    own, other = runs.get(OURS), runs[name]
    if name == OURS or not isinstance(own, Run) or not isinstance(other, Run):
        return ""
    gained = np.subtract(
        found(entries, own, rate), found(entries, other, rate), dtype=float
    )  # (n_questions)
    sizes = [len(entry["questions"]) for entry in entries]
    sums = [float(part.sum()) for part in np.split(gained, np.cumsum(sizes)[:-1])]
    estimate = ratio_interval(sums, sizes)
    assert estimate is not None
    mean, low, high = (100 * value for value in estimate[:3])
    return f"{mean:+.1f} ({low:+.1f} to {high:+.1f})"


def by(key: str, entries: list[dict[str, Any]], runs: dict[str, Run | str], rate: float) -> str:
    known = {name: run for name in COLUMNS if isinstance(run := runs.get(name), Run)}
    answers = {name: found(entries, run, rate) for name, run in known.items()}
    groups: dict[str, list[int]] = {}
    for position, (entry, _) in enumerate(pairs(entries)):
        groups.setdefault(entry[key], []).append(position)
    rows = [["", "questions", *known]]
    for group, positions in sorted(groups.items()):
        shares = [100 * np.mean([answers[name][n] for n in positions]) for name in known]
        rows.append([group, str(len(positions)), *(f"{share:.0f}" for share in shares)])
    return table(rows)


def print_failures(entries: list[dict[str, Any]], run: Run) -> None:
    """Prints the questions whose answer is not in the text, and at which rates."""
    for number, (entry, question) in enumerate(pairs(entries)):
        for rate in RATES:
            text = run.texts[rate][number]
            lost = missing(question, text, strict=False)
            lacks = missing(question, text, strict=True)
            if lacks:
                kind = "LOST" if lost else "strict"
                print(
                    f"--- {kind} {entry['id']} ({entry['lang']}, {entry['format']}) at "
                    f"{100 * rate:g} %: {question['question']}\n    lacks {lacks}\n"
                    f"    evidence {[each['text'] for each in question['evidence']]}\n"
                    f"    text {text!r}"
                )


def table(rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], "|---" * len(rows[0]) + "|", *lines[1:]])


def about() -> str:
    """When and with what it was measured."""
    from importlib.metadata import PackageNotFoundError, version

    from speed import cpu

    names = ("langchain-text-splitters", "llama-index-core", "trimwise", "ragcompress")
    versions = []
    for name in names:
        try:
            versions.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return (
        f"{datetime.date.today().isoformat()}; {cpu()}; {', '.join(versions)}. All systems but "
        "trimwise lexical rank by the same bundled encoder. LangChain's and LlamaIndex's splitters "
        f"cut pieces of at most {PIECE} characters, which are encoded with the document's title; "
        "the best that fit are kept. trimwise and ragcompress have no place for a title."
    )


if __name__ == "__main__":
    main()
