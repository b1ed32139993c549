"""Evaluations made up for the report: a few places, their stories, and systems of known quality."""

from __future__ import annotations

import random
from dataclasses import replace

from recomp_core import Document
from recomp_core.data import Question
from recomp_core.evaluation.results import Evaluation, Row

_PLACES = ("Harrow Point", "Lindqvist Mill", "Okafor Bridge", "Sallow Fen", "Tern Rock", "Vesper Hall",
           "Quill Lane", "Brackwater", "Ashen Tor", "Corrin Ferry")  # fmt: skip
_PEOPLE = ("Ada Reyes", "Tomasz Wolny", "Mireille Aubry", "Kofi Mensah", "Ingrid Dahl", "Yusuf Kaya",
           "Noor Rahimi", "Petra Novák")  # fmt: skip
_FILLER = (
    "The path along the water floods in most winters.",
    "A tea room opens at four, except on Mondays.",
    "Gulls nest under the eaves & on the chimney <to the keeper's dismay>.",
    "Visitors leave coins in the well, which the parish counts in spring 🪙.",
    "The old ledger lists eleven goats, two carts and a bell.",
    "Nobody remembers why the gate is painted green.",
    "In 1911 the roof was repaired with slate from the next valley.",
)
_FOREIGN = (
    ("塔是谁建造的？", "陈月明", "塔由陈月明建造。塔高四十米，从海上可以看见。", "渔船每天清晨五点出海。"),
    ("من صمم المنارة؟", "ليلى حداد", "صممت ليلى حداد المنارة قبل مئة عام.", "تصل العبّارة في الظهيرة كل يوم."),
)  # fmt: skip


def question(number: int) -> Question:
    """The question of that number: every ninth is Chinese or Arabic, every eleventh unanswerable."""
    rng = random.Random(number)
    if number % 9 == 4:
        query, answer, told, other = _FOREIGN[number // 9 % 2]
        documents = [
            Document(f"{told} {other}", metadata={"gold_sentences": [told]}),
            Document(other),
        ]
        return Question(f"q{number}", query, (answer,), tuple(documents))
    place, person = _PLACES[number % len(_PLACES)], rng.choice(_PEOPLE)
    year = 1800 + number % 150
    told = f"{person} built {place} in {year}."
    documents = []
    for index in range(5):
        sentences = rng.sample(_FILLER, 4)
        metadata = {}
        if index == number % 5 and number % 11:
            sentences.insert(rng.randrange(4), told)
            metadata = {"gold_sentences": [told]}
        documents.append(
            Document(" ".join(sentences), title=f"{place}, part {index + 1}", metadata=metadata)
        )
    answers = () if number % 13 == 0 else (person, person.split()[-1])
    return Question(f"q{number}", f"Who built {place} in {year}?", answers, tuple(documents))


def evaluation(n: int = 60, points: int = 6, *, reader: bool = True) -> Evaluation:
    """Systems of known quality: what a setting keeps grows with it, and some do better at it."""
    questions = {q.id: q for q in map(question, range(n))}
    rows = []
    for skill, system in ((0.9, "recomp-minilm"), (0.55, "bm25"), (0.3, "random")):
        for setting in range(points):
            share = 0.02 + 0.5 * (setting / max(1, points - 1)) ** 2
            rows += [
                _row(q, system, f"top_p={share:.2f}", share, skill, reader)
                for q in questions.values()
            ]
    for q in questions.values():
        rows.append(_whole(q, "all", True, reader))
        rows.append(_whole(q, "none", False, reader))
        rows.append(_row(q, "oracle", "", 0.05, 9.0, reader))
        rows.append(_summary(q, reader))
    about = {
        "date": "2026-11-25",
        "seed": 0,
        "tokenizer": "gpt2",
        "reader": {"name": "tiny-reader", "kind": "extractive"} if reader else None,
        "versions": {"recomp": "0.6.0", "numpy": "2.4.6"},
        "systems": {
            "recomp-minilm": {"selector": {"top_p": 0.5}, "scorer": "DualEncoderScorer"},
            "bm25": {},
        },
        "skipped": {"llmlingua": 'needs llmlingua: pip install "llmlingua"'},
    }
    bad = ({"id": "q-broken", "error": "ValueError: query is blank ('  ')"},)
    return Evaluation(tuple(rows), questions, about, bad)


def many(n: int, points: int) -> Evaluation:
    """A large one: the first thirty questions of `evaluation` over and over, each with its own id."""
    few = evaluation(30, 1, reader=True).only(["recomp-minilm"])
    originals = list(few.questions.values())
    rows = {row.question: row for row in few.rows}
    questions = {}
    for number in range(n):
        original = originals[number % len(originals)]
        documents = tuple(replace(d, text=f"{d.text} Page {number}.") for d in original.documents)
        query = f"{original.query} ({number})"
        questions[f"q{number}"] = replace(
            original, id=f"q{number}", query=query, documents=documents
        )
    copies = (
        replace(
            rows[originals[number % len(originals)].id], question=f"q{number}", setting=f"top_k={k}"
        )
        for k in range(1, points + 1)
        for number in range(n)
    )
    return Evaluation(tuple(copies), questions, few.about)


def _sentences(document: Document) -> list[tuple[int, int]]:
    spans, start = [], 0
    for end, character in enumerate(document.text, start=1):
        if character in ".。？" and (
            end == len(document.text) or document.text[end] == " " or character != "."
        ):
            spans.append((start, end))
            start = end + (end < len(document.text) and document.text[end] == " ")
    return spans


def _row(q: Question, system: str, setting: str, share: float, skill: float, reader: bool) -> Row:
    rng = random.Random(f"{q.id} {system}")
    if rng.random() < 0.01:
        return Row(q.id, system, setting, error="RuntimeError: the tokenizer gave no offsets")
    spans = [(n, *span) for n, document in enumerate(q.documents) for span in _sentences(document)]
    held = [s for s in spans if any(a in q.documents[s[0]].text[s[1] : s[2]] for a in q.answers)]
    rng.shuffle(spans)
    luck = rng.random()
    kept = sorted(spans[: max(0, round(share * len(spans)))])
    found = bool(held) and luck < skill * (0.35 + 1.2 * share)
    kept = sorted({*kept, *held[:1]} if found else set(kept) - set(held))
    text = " ".join(q.documents[n].text[start:end] for n, start, end in kept)
    before = sum(len(d.text.split()) for d in q.documents)
    return Row(
        q.id, system, setting,
        seconds=(0.02 if system == "recomp-minilm" else 0.0015) * (1 + luck),
        outcome="compressed" if kept else "nothing_relevant",
        tokens_before=before, tokens_after=len(text.split()), empty=not kept,
        note="" if q.answers else "no gold answers",
        answerable=bool(held) if q.answers else None, answer_recall=found if q.answers else None,
        gold_precision=(found / len(kept) if kept else None), gold_recall=float(found), support=1.0,
        text=text, kept=tuple(kept), **_read(q, found, luck, reader),
    )  # fmt: skip


def _read(q: Question, found: bool, luck: float, reader: bool) -> dict:
    if not reader:
        return {}
    if luck > 0.985:
        return {"reader_error": "TimeoutError: no answer within 60 s"}
    right = found and luck < 0.8 and bool(q.answers)
    prediction = q.answers[0] if right else ("the parish" if luck > 0.4 else "")
    known = {"exact_match": right, "f1": float(right)} if q.answers else {}
    return {"prediction": prediction, "agreement": float(right), **known}


def _whole(q: Question, system: str, everything: bool, reader: bool) -> Row:
    text = "\n".join(document.text for document in q.documents)
    held = any(answer in text for answer in q.answers)
    before = len(text.split())
    kept = tuple((n, 0, len(d.text)) for n, d in enumerate(q.documents)) if everything else ()
    return Row(
        q.id, system, seconds=1e-6, outcome="unchanged" if everything else "nothing_relevant",
        tokens_before=before, tokens_after=before if everything else 0, empty=not everything,
        answerable=held if q.answers else None, answer_recall=(held and everything) if q.answers else None,
        text=text if everything else "", kept=kept, support=1.0,
        **_read(q, held and everything, 0.3, reader),
    )  # fmt: skip


def _summary(q: Question, reader: bool) -> Row:
    rng = random.Random(f"{q.id} summary")
    held = any(a in d.text for a in q.answers for d in q.documents)
    found = held and rng.random() < 0.6
    text = f"It was {q.answers[0]}, say the documents." if found else ""
    before = sum(len(d.text.split()) for d in q.documents)
    return Row(
        q.id, "flan-summarizer", seconds=0.4 + rng.random(), outcome="compressed" if text else "refused",
        tokens_before=before, tokens_after=len(text.split()), empty=not text,
        answerable=held if q.answers else None, answer_recall=found if q.answers else None,
        support=1.0 if rng.random() < 0.8 else 0.5, text=text, **_read(q, found, rng.random(), reader),
    )  # fmt: skip
