"""Kills: processes are killed at random moments and started again until their work is done.

What they leave must equal the work of a process that nobody disturbed, and of what a model was
asked, only what was under way at a kill may be asked again. The models are fakes that write down
what they are asked, before they answer.
"""

from __future__ import annotations

import functools
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from trials import Outcome

from recomp_core import Document, DualEncoderScorer, ExtractiveCompressor
from recomp_core.data.records import RecordJob
from recomp_core.evaluation import evaluate
from recomp_core.extractive.indexing import Indexer, with_store
from recomp_core.labelling.build import build_contrastive_examples, build_distillation_examples
from recomp_core.labelling.teachers.base import BaseTeacher, TeacherRequest
from recomp_core.labelling.teachers.terms import TeacherLicence
from recomp_core.persistence.folders import read_config, write_folder
from recomp_core.readers.answer_scores import AnswerRequest, AnswerScore, BaseScorer, Kind
from recomp_core.store import SentenceStore

TESTS = Path(__file__).parents[2] / "tests"
PAUSE = 0.0005  # seconds that a fake model takes for one answer


def torture(short: bool) -> Iterator[Outcome]:
    """Yields one outcome for each kind of work."""
    for name, act, check, kills in (
        ("save", save, saved, 10 if short else 500),
        ("compress", compress, files_of("out.jsonl"), 6 if short else 150),
        ("index", index, indexed, 6 if short else 120),
        ("label", label, files_of("labels/examples.jsonl", "labels/unhelpful.jsonl"),
         6 if short else 120),
        ("distil", distil, files_of("labels/examples.jsonl"), 6 if short else 100),
        ("evaluate", evaluation, evaluated, 6 if short else 100),
        ("train", train, trained, 1 if short else 20),
    ):  # fmt: skip
        if act is train:
            base()  # all processes begin with the same
        try:
            yield killed_again_and_again(name, act, check, kills)
        except RuntimeError as error:  # the work itself fails
            failed = Outcome(f"{name}, killed and started again")
            failed.count(str(error))
            yield failed


def killed_again_and_again(
    name: str, act: Callable[[Path], None], check: Callable[[Path], Any], kills: int
) -> Outcome:
    """Rounds of work, each in a folder of its own, until there were so many kills."""
    outcome = Outcome(f"{name}, killed and started again")
    rng = random.Random(name)
    most_repeated = 0
    with tempfile.TemporaryDirectory() as place:
        calm = Path(place, "calm")
        calm.mkdir()
        began = time.monotonic()
        in_a_process(act, calm, None)
        seconds = time.monotonic() - began
        expected = check(calm)
        while outcome.tried < kills:
            folder = Path(tempfile.mkdtemp(dir=place))
            done, here = False, 0
            while not done and outcome.tried < kills:
                done = in_a_process(act, folder, rng.uniform(0, seconds * 0.5))
                if not done:
                    here += 1
                    outcome.count(problem(name, check, folder) if name == "save" else None)
            if not done:
                in_a_process(act, folder, None)
            found = problem(name, check, folder, expected)
            repeated = repetitions(folder)
            most_repeated = max(most_repeated, repeated)
            if found is None and repeated > here * under_way(name) + (name == "evaluate"):
                found = f"{repeated} of {len(ledger(folder))} were asked for again, {here} kills"
            if found is not None:
                outcome.survived -= 1
                outcome.failures.append(found)
            shutil.rmtree(folder, ignore_errors=True)
    if name not in ("save", "compress", "train"):
        outcome.worst = f"{most_repeated} asked again in a round"
    return outcome


def problem(name: str, check: Callable[[Path], Any], folder: Path, *expected: Any) -> str | None:
    """What is wrong with what was left, None if nothing is."""
    try:
        found = check(folder)
    except Exception as error:  # a failure is a result here, whatever its class
        return f"{name}: {type(error).__name__}: {error}"
    if expected and found != expected[0]:
        return f"{name}: the result differs from that of an undisturbed run"
    return None


def in_a_process(act: Callable[[Path], None], folder: Path, seconds: float | None) -> bool:
    """Whether the work was done by a new process before it was killed."""
    pid = os.fork()
    if pid == 0:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        errors = os.open(folder / "stderr", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(nowhere, 1)
        os.dup2(errors, 2)
        code = 1
        try:
            act(folder)
            code = 0
        except BaseException as error:  # whatever it is, the parent must hear of it
            os.write(2, f"{type(error).__name__}: {error}\n".encode())
        finally:
            os._exit(code)
    deadline = None if seconds is None else time.monotonic() + seconds
    while True:
        ended, status = os.waitpid(pid, 0 if deadline is None else os.WNOHANG)
        if ended:
            break
        if deadline is not None and time.monotonic() >= deadline:
            os.kill(pid, signal.SIGKILL)
            deadline = None
        time.sleep(0.0002)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise RuntimeError((folder / "stderr").read_text().strip()[-500:])
    return os.WIFEXITED(status)


# What models are asked is written into a ledger, a line before each answer.


def ask(folder: Path, *what: str) -> None:
    time.sleep(PAUSE)
    with (folder / "ledger").open("a") as file:
        file.write(json.dumps(what) + "\n")


def under_way(name: str) -> int:
    """How many questions may be asked again after a kill."""
    if name == "index":  # the texts of a batch
        return BATCH * 3
    # One; and an evaluation calls a function once at each start, to warm it up.
    return 2 if name == "evaluate" else 1


def ledger(folder: Path) -> list[str]:
    file = folder / "ledger"
    return file.read_text().splitlines() if file.exists() else []


def repetitions(folder: Path) -> int:
    asked = Counter(ledger(folder))
    return sum(asked.values()) - len(asked)


BATCH = 4
ROWS = [
    {
        "id": str(n),
        "query": f"who built tower {n}?",
        "answers": [f"Ada {n}"],
        "documents": [f"Tea {n}. Ada {n} built it. Gulls {n} nest.", f"Rain {n}. Sun {n}."],
    }
    for n in range(40)
]


def words(query: str, sentences: list[str]) -> list[float]:
    del query
    return [1 / (1 + len(sentence)) for sentence in sentences]


class Scorer(BaseScorer):
    """Longer contexts score higher."""

    identity: ClassVar = {"scorer": "ledger"}

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def score_each(
        self, requests: Sequence[AnswerRequest]
    ) -> Iterator[tuple[int, AnswerScore | Exception]]:
        for position, request in enumerate(requests):
            ask(self.folder, "score", request.query, request.context)
            yield position, AnswerScore(len(request.context) / 7 - 9, 1, Kind.EXACT)


class Teacher(BaseTeacher):
    identity: ClassVar = {"teacher": "ledger"}

    def __init__(self, folder: Path) -> None:
        licence = TeacherLicence("ledger", "ledger", "allowed", "none", checked="2026-01-01")
        super().__init__("ledger", licence, None)
        self.folder = folder

    def write_each(
        self, requests: Sequence[TeacherRequest]
    ) -> Iterator[tuple[int, str | Exception]]:
        for position, request in enumerate(requests):
            ask(self.folder, "write", request.prompt)
            yield position, f"Ada {len(request.prompt)} built it."


class Reader:
    identity: ClassVar = {"reader": "ledger"}

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def answer_each(
        self, questions: Sequence[str], contexts: Sequence[str]
    ) -> Iterator[tuple[int, str]]:
        for position, (question, context) in enumerate(zip(questions, contexts, strict=True)):
            ask(self.folder, "read", question, context)
            yield position, f"Ada {len(context)}"

    def answer(self, questions: Sequence[str], contexts: Sequence[str]) -> list[str]:
        return [answer for _, answer in self.answer_each(questions, contexts)]


class Encoder:
    """Counts letters; a folder is where it writes down what it encodes."""

    identity = "ledger"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def encode_queries(self, queries: Sequence[str]) -> np.ndarray:
        return self._vectors(queries)

    def encode_sentences(self, sentences: Sequence[str]) -> np.ndarray:
        for sentence in sentences:
            ask(self.folder, "encode", sentence)
        return self._vectors(sentences)

    @staticmethod
    def _vectors(texts: Sequence[str]) -> np.ndarray:
        counts = [[text.count(letter) + 0.5 for letter in "aeiourst"] for text in texts]
        return np.asarray(counts, dtype=np.float32)


def save(folder: Path) -> None:
    """Replaces a folder again and again."""
    for number in range(40):

        def weights(place: str, number: int = number) -> None:
            for n in range(4):
                (Path(place) / f"{n}.safetensors").write_bytes(b"%d" % number * 20_000)

        write_folder(folder / "saved", {"kind": "extractive"}, weights)


def saved(folder: Path) -> str:
    target = folder / "saved"
    left = [path for path in folder.iterdir() if path.name.startswith(".saved-")]
    if len(left) > 2:
        raise AssertionError(f"{len(left)} folders of killed processes lie around")
    if not target.exists() and not left:
        return ""  # killed before anything was saved
    config = read_config(target)
    if target.exists() and not config:
        raise AssertionError("a folder without its config")
    return str(config.get("kind", ""))


def compress(folder: Path) -> None:
    source = folder / "in.jsonl"
    if not source.exists():
        whole = folder / "in.new"
        whole.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
        whole.rename(source)

    def scores(query: str, sentences: list[str]) -> list[float]:
        time.sleep(PAUSE)
        return words(query, sentences)

    job = RecordJob(str(source), folder / "out.jsonl", settings={})
    job.run(ExtractiveCompressor(scores), batch_records=BATCH)


def stored(folder: Path) -> tuple[ExtractiveCompressor, SentenceStore]:
    store = SentenceStore(folder / "store")
    plain = ExtractiveCompressor(DualEncoderScorer(Encoder(folder), context="sentence"))
    return with_store(plain, store), store


def index(folder: Path) -> None:
    compressor, store = stored(folder)
    documents = [Document(text) for row in ROWS for text in row["documents"]]
    for first in range(0, len(documents), BATCH):
        Indexer(compressor).add(documents[first : first + BATCH], batch_documents=BATCH)
    store.close()


def indexed(folder: Path) -> list[Any]:
    known = len(ledger(folder))
    compressor, store = stored(folder)
    found = []
    for row in ROWS:
        result = compressor.compress(row["query"], row["documents"])
        found.append((result.text, [round(s.score, 5) for s in result.kept]))
    store.close()
    return [found, ledger(folder)[known:]]  # nothing is left to encode


def label(folder: Path) -> None:
    build_contrastive_examples(
        ROWS, Scorer(folder), words, output=folder / "labels", batch_questions=BATCH
    )


def distil(folder: Path) -> None:
    build_distillation_examples(
        ROWS, Teacher(folder), None, Scorer(folder), output=folder / "labels", batch_questions=BATCH
    )


def evaluation(folder: Path) -> None:
    def paid(query: str, documents: list[Document]) -> str:
        ask(folder, "compress", query)
        return documents[0].text.split(". ")[1] + "."

    paid.__qualname__ = "paid"
    evaluate(
        ROWS,
        {"paid": paid},
        baselines=("all", "first-document"),
        reader=Reader(folder),
        output=folder / "rows.jsonl",
        batch_questions=BATCH,
    )


def evaluated(folder: Path) -> list[Any]:
    from recomp_core.evaluation import Evaluation

    rows = Evaluation.load(folder / "rows.jsonl").rows
    return [(r.question, r.system, r.text, r.prediction, r.exact_match, r.note) for r in rows]


def files_of(*names: str) -> Callable[[Path], list[bytes]]:
    return lambda folder: [(folder / name).read_bytes() for name in names]


def train(folder: Path) -> None:
    from recomp_core.training import train_extractive

    train_extractive(
        examples(), base=base()[0], output=folder / "trained", epochs=2, batch_size=4, evals=4,
        held_out=0.0, precision="float32", device="cpu", max_tokens=32, dropout=True,
        learning_rate=1e-3,
    )  # fmt: skip


def trained(folder: Path) -> list[bytes]:
    if not read_config(folder / "trained"):
        raise AssertionError("there is no trained folder")
    return [(folder / "trained" / "model.safetensors").read_bytes()]


@functools.cache
def base() -> tuple[Path, tempfile.TemporaryDirectory[str]]:
    """A BERT of a few thousand weights, made by the tests' own code, and what holds its folder."""
    sys.path.insert(0, str(TESTS))
    import torch
    from tiny_bert import save_contriever_style
    from transformers.utils import logging

    logging.disable_progress_bar()
    torch.set_num_threads(1)
    place = tempfile.TemporaryDirectory()
    return save_contriever_style(Path(place.name) / "base"), place


def examples() -> list[dict[str, Any]]:
    """Questions whose answer stands in one of two sentences."""
    rows = []
    for n in range(16):
        topic, answer = ("bob", "paris") if n % 2 else ("tower", "yellow")
        text = f"the {answer} was built {n}. the query is by {n}."
        middle = text.index(". ") + 1
        places = [(0, middle), (middle + 1, len(text))]
        candidates = [
            {"doc_index": 0, "start": start, "end": end, "score": -1.0 - 3 * number}
            for number, (start, end) in enumerate(places)
        ]
        rows.append(
            {"query": f"who is {topic} {n} ?", "documents": [text], "answers": [answer],
             "kind": "exact", "candidates": candidates, "positive": candidates[0],
             "negatives": candidates[1:]}
        )  # fmt: skip
    return rows
