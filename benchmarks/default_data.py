"""Makes the training data of the encoders that ship, in the labelling format.

    python benchmarks/default_data.py build/data --mixture multilingual

Questions and passages that also occur in the dev sets are removed. A sentence scores 1 if it is a
positive, 0 if it is a negative, and 0.5 if it counts as neither. Who says which:

- people: those that people marked as evidence (QED, SelQA, HotpotQA, 2WikiMultihopQA), or, without
  such marks, those that hold the answer in the gold document. One that holds the answer elsewhere
  is neither.
- likelihood: the one after which a language model finds the answer likeliest, where it helps at
  all; what comes within a margin of it is neither (paper, section 3.1). The scores are those of
  `lm_scores_smollm2`, made with SmolLM2-135M-Instruct, and those in `--labels`, the folders that
  `recomp label contrastive` made of the questions of `questions_to_label.py`.
- both: the one that the language model likes best, where people marked it or the margin is large;
  elsewhere those that people marked. Neither: whatever one of the two likes.

A question with evidence in two documents also appears with one of the two sentences appended; the
positive is then the other sentence.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

import data

from recomp_core.extractive.lexical import lexical_scores
from recomp_core.text.answers import contains_answer, normalize_answer
from recomp_core.text.splitting import SentenceSplitter
from recomp_core.types import Document

Labels = Literal["people", "likelihood", "both"]
Scores = Mapping[tuple[str, str], dict]
"""By set and question: the answer's log-likelihood without context, and after each sentence."""


class Part(NamedTuple):
    """What a mixture takes of a set.

    Attributes:
        name: The set.
        most: The most questions; None for all.
        labels: Who says which sentences help.
        times: How often each question occurs in an epoch.
        hops: Whether second hops are added.
        epsilon: In nats: a sentence that is so much less helpful than the best one is a negative.
        sure: In nats: with "both", the language model is believed against people from here on.
    """

    name: str
    most: int | None = None
    labels: Labels = "people"
    times: int = 1
    hops: bool = False
    epsilon: float = 1.0
    sure: float = 3.0


SCORED = ("qed", "hotpotqa_more", "hotpotqa_train_eren", "2wiki_more")
"""The sets of which `lm_scores_smollm2` has scores."""
MIXTURES: dict[str, tuple[Part, ...]] = {
    "first": (
        Part("qed"),
        Part("selqa", 1_200),
        Part("hotpotqa", times=3, hops=True),
        Part("2wiki", hops=True),
        Part("musique", times=2, hops=True),
        Part("cmrc2018", 1_000),
        Part("drcd", 1_000),
    ),
    "english": (
        Part("qed", 1_500, "both"),
        *(Part(name, labels="both") for name in SCORED[1:]),
        Part("selqa", 200),
        Part("hotpotqa"),
        Part("hotpotqa_rejoined"),
        Part("hotpotqa_course"),
        Part("2wiki"),
        Part("musique", times=2),
        Part("musique_more", times=2),
        Part("multihop_retrieved"),
    ),
    "second": (
        Part("qed", 1_500, "both"),
        *(Part(name, labels="likelihood") for name in SCORED[1:]),
        Part("selqa", 300),
        Part("musique", times=2),
        Part("musique_more", times=2),
    ),
    "second-labelled": (
        Part("qed", 1_500, "both"),
        *(Part(name, labels="likelihood") for name in SCORED[1:]),
        Part("selqa", 300),
        Part("hotpotqa", labels="likelihood"),
        Part("musique", labels="likelihood", times=2),
        Part("musique_more", labels="likelihood", times=2),
    ),
    "multi-hop": (
        Part("qed", 600, "both"),
        *(Part(name, labels="likelihood") for name in SCORED[1:]),
    ),
    "multilingual": (
        Part("qed", 1_100, "both"),
        Part("hotpotqa_more", 700, "both"),
        Part("2wiki_more", 500, "both"),
        Part("cmrc2018", 1_000),
        Part("drcd", 1_000),
        Part("ml_dureader_checklist", 400),
        Part("ml_mlqa"),
        Part("ml_tydiqa", 900),
        Part("ml_idkmrc", 400),
        Part("ml_jsquad", 500),
        Part("ml_arcd", 400),
        Part("ml_afriqa", 200),
    ),
    "multilingual-more": (
        Part("qed", 2_600, "both"),
        *(Part(name, labels="both") for name in SCORED[1:]),
        Part("musique"),
        Part("cmrc2018", 1_500),
        Part("drcd", 1_500),
        Part("ml_dureader_checklist"),
        Part("ml_mlqa"),
        Part("ml_tydiqa"),
        Part("ml_idkmrc", 500),
        Part("ml_jsquad", 600),
        Part("ml_arcd", 600),
        Part("ml_afriqa", 200),
    ),
    "multilingual-likelihood": (
        Part("qed", 1_500, "both"),
        *(Part(name, 500, labels="likelihood") for name in SCORED[1:]),
        Part("cmrc2018", 1_000),
        Part("drcd", 1_500),
        Part("ml_dureader_checklist"),
        Part("ml_mlqa", 1_200),
        Part("ml_tydiqa", 800),
        Part("ml_idkmrc", 300),
        Part("ml_jsquad", 400),
        Part("ml_arcd", 400),
    ),
    **{f"scored-{labels}": tuple(Part(name, labels=labels) for name in SCORED)
       for labels in ("people", "likelihood", "both")},
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--mixture", choices=MIXTURES, default="first")
    parser.add_argument("--most", type=int, help="keep so many records, drawn at random")
    parser.add_argument("--epsilon", type=float, help="nats, of all parts: see Part")
    parser.add_argument("--sure", type=float, help="nats, of all parts: see Part")
    parser.add_argument("--negatives", type=int, help="keep so many negatives of each question")
    parser.add_argument(
        "--only-scored",
        action="store_true",
        help="of sets with scores, take only the questions that have some",
    )
    parser.add_argument(
        "--like",
        type=Path,
        nargs="+",
        default=[],
        help="take only questions that these folders have",
    )
    parser.add_argument(
        "--labels",
        type=Path,
        nargs="+",
        default=[],
        help="folders of `recomp label contrastive`: scores of further questions",
    )
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    scores = {**lm_scores(), **labelled(args.labels)}
    args.folder.mkdir(parents=True, exist_ok=True)
    drawn, counts = random.Random(args.seed), Counter()
    given = {name: getattr(args, name) for name in ("epsilon", "sure")}
    margins = {name: nats for name, nats in given.items() if nats is not None}
    found = [
        record
        for part in MIXTURES[args.mixture]
        for record in taken(
            part._replace(**margins), scores, drawn, counts, only_scored=args.only_scored
        )
    ]
    for folder in args.like:
        known = {record["query"] for record in written(folder)}
        found = [record for record in found if record["query"] in known]
    drawn.shuffle(found)
    found = found[: args.most]
    if args.negatives:
        found = [with_fewer_negatives(record, args.negatives, drawn) for record in found]
    lines = [json.dumps(record, ensure_ascii=False) + "\n" for record in found]
    part = args.folder / "examples.part"  # a killed run leaves no half of the data
    part.write_text("".join(lines), encoding="utf-8")
    part.rename(args.folder / "examples.jsonl")
    for what, n in counts.items():
        print(f"{what}: {n}")
    print(f"records: {len(lines)}")


def written(folder: Path) -> list[dict]:
    """The records that an earlier run wrote."""
    lines = (folder / "examples.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def taken(
    part: Part, scores: Scores, drawn: random.Random, counts: Counter, *, only_scored: bool = False
) -> list[dict]:
    """The records of one part of a mixture."""
    rows = data.questions(
        part.name, "train", documents=20 if part.name.startswith("musique") else 10
    )
    if only_scored and part.labels != "people":
        rows = [row for row in rows if (part.name, row["id"]) in scores]
    drawn.shuffle(rows)
    found = []
    for record in records(rows, part, counts, scores):
        found.append(record)
        if len(found) == part.most:
            break
    counts[f"questions of {part.name}"] = len(found)
    hops = [hop for record in found if part.hops for hop in second_hops(record)]
    counts[f"second hops of {part.name}"] = len(hops)
    return found * part.times + hops


def records(
    rows: Iterable[dict], part: Part, counts: Counter, scores: Scores | None = None
) -> Iterator[dict]:
    """The questions that no dev set has and that have a positive and a negative.

    `scores` are needed where a language model has a say in the labels.
    """
    questions, passages = dev_questions(), dev_passages()
    for row in rows:
        if normalize_answer(row["question"]) in questions:
            counts["questions that a dev set has too: removed"] += 1
            continue
        documents = [d for d in row["documents"] if normalize_answer(d.text) not in passages]
        removed = len(row["documents"]) - len(documents)
        counts["passages of a dev set's gold documents: removed"] += removed
        scored = (scores or {}).get((part.name, row["id"])) if part.labels != "people" else None
        if record := record_of(row, documents, part, scored):
            yield record
        else:
            counts["questions without a positive or a negative: removed"] += 1


def record_of(
    row: dict, documents: Sequence[Document], part: Part, scored: dict | None
) -> dict | None:
    """A question with its sentences and their scores; None without a positive or a negative."""
    candidates = marked_by_people(row, documents)
    if scored:
        likelihoods = dict(zip(scored["sentences"], scored["scores"], strict=True))
        candidates = [c for c in candidates if text_of(c, documents) in likelihoods]
        apply_likelihoods(
            candidates, [likelihoods[text_of(c, documents)] for c in candidates], scored, part
        )
    positives = [c for c in candidates if c["score"] == 1]
    negatives = [c for c in candidates if c["score"] == 0]
    if not positives or not negatives:
        return None
    return {
        "id": row["id"],
        "query": row["question"],
        "answers": row["answers"],
        "documents": [{"text": d.text, "title": d.title} for d in documents],
        "kind": "proxy",
        "candidates": candidates,
        "positive": positives[0],
        "negatives": negatives,
    }


def marked_by_people(row: dict, documents: Sequence[Document]) -> list[dict]:
    """All sentences, with their scores by people's marks."""
    splitter = SentenceSplitter()
    candidates = []
    for doc_index, document in enumerate(documents):
        marked = [key(s) for s in document.metadata.get("gold_sentences") or () if key(s)]
        found = []
        for start, end in splitter.split(document.text):
            text = document.text[start:end]
            score = 1.0 if is_marked(text, marked) else 0.5 * contains_answer(text, row["answers"])
            found.append({"doc_index": doc_index, "start": start, "end": end, "score": score})
        if document.metadata.get("is_gold") and not any(c["score"] == 1 for c in found):
            for candidate in found:  # without marked evidence, the answer marks it
                candidate["score"] = 2 * candidate["score"]
        candidates += found
    return candidates


def apply_likelihoods(
    candidates: Sequence[dict], likelihoods: Sequence[float], scored: dict, part: Part
) -> None:
    """Replace the scores of people's marks by what the language model says of the sentences."""
    if not candidates:
        return
    first, *others = sorted(likelihoods, reverse=True)
    helps = first > scored["none"]
    margin = first - (others[0] if others else scored["none"])
    for candidate, likelihood in zip(candidates, likelihoods, strict=True):
        by_people, is_best = candidate["score"] == 1, likelihood == first
        far = likelihood < first - part.epsilon
        if part.labels == "likelihood":
            candidate["score"] = float(helps and is_best) if is_best or far else 0.5
        elif by_people:
            # A sentence that people marked stays, unless the model is sure of another one.
            candidate["score"] = 0.5 if margin > part.sure and not is_best else 1.0
        elif is_best:
            candidate["score"] = 1.0 if helps and margin > part.sure else 0.5
        elif candidate["score"] == 0:
            candidate["score"] = 0.0 if far else 0.5


def text_of(candidate: dict, documents: Sequence[Document]) -> str:
    return documents[candidate["doc_index"]].text[candidate["start"] : candidate["end"]]


def second_hops(record: dict) -> Iterator[dict]:
    """If two documents hold evidence: the question with one sentence, asking for the other."""
    positives = [c for c in record["candidates"] if c["score"] == 1]
    first = {c["doc_index"]: c for c in reversed(positives)}
    if len(first) != 2:
        return
    for known, wanted in (tuple(first.values()), tuple(reversed(first.values()))):
        text = record["documents"][known["doc_index"]]["text"][known["start"] : known["end"]]
        others = [c for c in record["candidates"] if c["doc_index"] != known["doc_index"]]
        negatives = [c for c in others if c["score"] == 0]
        if negatives:
            yield {
                **record,
                "id": f"{record['id']}/{known['doc_index']}",
                "query": f"{record['query']}\n{text}",
                "candidates": others,
                "positive": wanted,
                "negatives": negatives,
            }


def with_fewer_negatives(record: dict, most: int, drawn: random.Random) -> dict:
    """Half of the negatives that stay have the most words in common with the question."""
    negatives = record["negatives"]
    if len(negatives) <= most:
        return record
    documents = [Document(d["text"], title=d["title"]) for d in record["documents"]]
    likeness = lexical_scores(record["query"], [text_of(c, documents) for c in negatives])
    order = sorted(range(len(negatives)), key=lambda n: -likeness[n])
    hard = most // 2
    picked = order[:hard] + drawn.sample(order[hard:], most - hard)
    return {**record, "negatives": [negatives[n] for n in sorted(picked)]}


def is_marked(text: str, marked: list[str]) -> bool:
    """Whether people marked this sentence, even if they split the text elsewhere."""
    own = key(text)
    return any(
        own == one or (len(own) > 15 and own in one) or (len(one) > 15 and one in own)
        for one in marked
    )


def key(text: str) -> str:
    return "".join(c for c in text.lower() if c.isalnum())


def lm_scores() -> Scores:
    """The language model's scores, by set and question."""
    rows = data.rows_of("lm_scores_smollm2", "train")
    return {(row["source"], row["id"]): row for row in rows}


def labelled(folders: Iterable[Path]) -> Scores:
    """The scores in the examples of labelling, in the form of `lm_scores`."""
    found = {}
    for folder in folders:
        for record in written(folder):
            name, _, question = record["id"].partition("/")
            documents = [Document(d["text"]) for d in record["documents"]]
            found[name, question] = {
                "none": record["no_context"]["score"],
                "sentences": [text_of(c, documents) for c in record["candidates"]],
                "scores": [c["score"] for c in record["candidates"]],
            }
    return found


@cache
def dev_questions() -> frozenset[str]:
    return frozenset(
        normalize_answer(r["question"]) for name in data.QA_SETS for r in data.questions(name)
    )


@cache
def dev_passages() -> frozenset[str]:
    """The gold passages of the dev sets."""
    return frozenset(
        normalize_answer(d.text)
        for name in data.QA_SETS
        for row in data.questions(name, documents=10)
        for d in row["documents"]
        if d.metadata.get("is_gold")
    )


if __name__ == "__main__":
    main()
