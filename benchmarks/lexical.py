"""Measures answer recall by what the words in common with the query count beside the encoder.

    python benchmarks/lexical.py --questions 300 --weights 0.05 0.1 0.2
    python benchmarks/lexical.py --encoder multilingual --context title --weights 0.1

The encoder scores all sentences once, into build/lexical; everything else takes seconds. "all" is
how often all documents together hold an answer.
The best sentences are taken until the next one would pass 6, 10 and 20 % of the characters of a
question's documents: five of them, ten for 2WikiMultihopQA, twenty for MuSiQue. An answer is found
if one of the sentences taken holds it. "encoder" has the weight 0; the other weights are raised
where the encoder can't read the text, whose share is that of `models.encoders.reading`; "words" has
no encoder, and "BM25" is `BM25Scorer(context="title")`. XQuAD is told apart by language.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import data
import numpy as np
from quality import spaced, task_of

from recomp_core import load_compressor
from recomp_core.extractive.lexical import blend, lexical_scores, weight_for
from recomp_core.extractive.scoring import BM25Scorer
from recomp_core.models.encoders.reading import reader_of
from recomp_core.text.answers import contains_answer
from recomp_core.types import ScoringTask

FOLDER = Path("build/lexical")
RATES = (0.06, 0.10, 0.20)
DOCUMENTS = {"2wiki": 10, "musique": 20}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--questions", type=int, default=300, help="of each set, evenly spaced")
    parser.add_argument("--sets", nargs="+", default=list(data.QA_SETS))
    parser.add_argument("--split", default="dev", help="train, to choose what dev then judges")
    parser.add_argument("--weights", nargs="+", type=float, default=[0.05, 0.1, 0.15, 0.2])
    parser.add_argument("--encoder", help="a name or folder; default the bundled one")
    parser.add_argument("--context", help="instead of the encoder's own")
    args = parser.parse_args()
    if not data.available():
        print(f"skipped: there is no data in {data.DATA}; set RECOMP_DATA to its folder")
        return
    compressor = load_compressor(args.encoder, context=args.context, device="cpu")
    folder = FOLDER
    if args.encoder is not None:
        folder /= f"{Path(args.encoder).name}-{compressor.scorer.context}"
    reads = reader_of(compressor.scorer.encoder)
    columns = ["encoder", *map(str, args.weights), "words", "BM25"]
    print(f"| set | n | readable | all | {' | '.join(columns)} |")
    print("|---|---|---|---|" + "---|" * len(columns))
    seconds: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for name in args.sets:
        groups: dict[str, list[Example]] = defaultdict(list)
        for example in examples(name, args.split, args.questions, compressor, folder):
            label = f"{name} {example.lang}" if name == "xquad_multi" else name
            groups[label].append(example)
        for label, members in groups.items():
            found: dict[str, list[list[bool]]] = defaultdict(list)
            shares = []
            for example in members:
                began = time.perf_counter()
                words = lexical_scores(example.task.query, example.texts)
                seconds[name].append((len(words), time.perf_counter() - began))
                sample = "\n".join([example.task.query, *example.texts])
                shares.append(reads(sample) if reads else 1)
                found["encoder"].append(example.recall(example.scores))
                for weight in args.weights:
                    raised = weight_for(example.task.query, sample, weight, reads)
                    blended, _ = blend(example.scores, words, raised, bounded=True)
                    found[str(weight)].append(example.recall(blended))
                found["words"].append(example.recall(words))
                bm25 = BM25Scorer(context="title").score([example.task])[0]
                found["BM25"].append(example.recall(np.array(bm25)))
            cells = " | ".join(
                " / ".join(f"{100 * value:.1f}" for value in np.mean(found[column], axis=0))
                for column in columns
            )
            full = 100 * np.mean([example.answerable for example in members])
            print(
                f"| {label} | {len(members)} | {np.mean(shares):.2f} | {full:.1f} | {cells} |",
                flush=True,
            )
    for name, times in seconds.items():
        units, spent = np.array(times).T
        print(f"{name}: {1000 * np.median(spent):.1f} ms for {np.median(units):.0f} units")


@dataclass
class Example:
    """A question with the encoder's scores.

    Attributes:
        task: The question and the sentences.
        scores: A score per sentence.
        answers: What counts as an answer.
        lang: The language.
    """

    task: ScoringTask
    scores: np.ndarray
    answers: Sequence[str]
    lang: str

    def __post_init__(self) -> None:
        task = self.task
        titles = [document.title for document in task.documents]
        self.texts = [f"{titles[s.doc_index] or ''}\n{s.text}" for s in task.sentences]
        self._holds = np.array([contains_answer(s.text, self.answers) for s in task.sentences])
        self._sizes = np.array([len(s.text) for s in task.sentences])
        whole = "\n".join(document.text for document in task.documents)
        self.answerable = contains_answer(whole, self.answers)
        self._size = sum(len(document.text) for document in task.documents)

    def recall(self, scores: np.ndarray) -> list[bool]:
        """Whether an answer is found at each rate."""
        order = np.argsort(-scores, kind="stable")
        sizes = np.cumsum(self._sizes[order])
        taken = [np.searchsorted(sizes, rate * self._size, side="right") for rate in RATES]
        return [bool(self._holds[order[:n]].any()) for n in taken]


def examples(name: str, split: str, n: int, compressor: object, folder: Path) -> Iterator[Example]:
    rows = spaced(data.questions(name, split, documents=DOCUMENTS.get(name, 5)), n)
    file = folder / ("" if split == "dev" else split) / f"{name}-{len(rows)}.json"
    known: dict[str, list[float]] = json.loads(file.read_text()) if file.is_file() else {}
    for row in rows:
        task = task_of(row)
        scores = known.get(row["id"])
        if scores is None or len(scores) != len(task.sentences):
            scores = known[row["id"]] = compressor.scorer.score([task])[0]  # type: ignore[attr-defined]
        yield Example(task, np.array(scores), row["answers"], row["lang"])
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(known))


if __name__ == "__main__":
    main()
