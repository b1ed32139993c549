"""A builder that is killed again and again finishes with the same files, and pays once."""

import json
import math
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from recomp_core.labelling.build import build_contrastive_examples

HERE = Path(__file__).parent
QUESTIONS = [
    {
        "query": f"who built tower {n}?",
        "answers": [f"Ada {n}"],
        "documents": [f"Tea {n}. Ada {n} built it. Gulls {n} nest.", f"Rain {n}. Sun {n}."],
    }
    for n in range(40)
]

SCRIPT = """
import sys
sys.path[:0] = {here!r}
from test_label_kill import QUESTIONS, Paid, words
from recomp_core.labelling.build import build_contrastive_examples
build_contrastive_examples(
    QUESTIONS, Paid({paid!r}, pause=0.002, at_most=float(sys.argv[1])), words,
    output={output!r}, batch_questions=4,
)
"""


class Paid:
    """Writes down what it is asked for, before and after; longer contexts score higher.

    After `at_most` it waits to be killed: a busy machine may be late with that.
    """

    def __init__(self, path, pause=0.0, at_most=math.inf):
        from recomp_core.readers.answer_scores import Kind
        from recomp_core.runtime.budget import Meter

        self.path, self.pause, self.at_most = path, pause, at_most
        self.kind, self.meter = Kind.EXACT, Meter()

    identity = {"scorer": "paid"}

    def capabilities(self):
        from recomp_core.readers.answer_scores import Capabilities

        return Capabilities(True, self.kind, "")

    def score(self, requests):
        return [score for _, score in self.score_each(requests)]

    def score_each(self, requests):
        from recomp_core.readers.answer_scores import AnswerScore

        for position, request in enumerate(requests):
            self.at_most -= 1
            time.sleep(self.pause if self.at_most >= 0 else 600)
            with open(self.path, "a") as file:
                file.write(json.dumps([request.query, request.context]) + "\n")
            yield position, AnswerScore(len(request.context) / 7 - 9, 1, self.kind)


def words(query, sentences):
    return [1 / (1 + len(sentence)) for sentence in sentences]


@pytest.mark.slow
def test_killed_at_any_moment(tmp_path):
    rng = random.Random(5)
    paid, output = tmp_path / "paid.txt", tmp_path / "labels"
    here = [str(HERE), str(Path(__file__).parent)]
    script = SCRIPT.format(here=here, paid=str(paid), output=str(output))
    kills = 0
    while True:
        at_most = "20" if kills < 12 else "inf"
        command = [sys.executable, "-c", script, at_most]
        process = subprocess.Popen(command, stderr=subprocess.PIPE)
        # Killed while it works: how far it has come is seen from what it has paid.
        goal = _count(paid) + rng.randint(1, 20)
        while process.poll() is None and _count(paid) < goal:
            time.sleep(0.001)
        if process.poll() is None and kills < 12:
            process.kill()
            process.wait()
            kills += 1
            continue
        assert process.wait() == 0, process.stderr.read().decode()
        break
    assert kills >= 8
    build_contrastive_examples(
        QUESTIONS, Paid(tmp_path / "other.txt"), words, output=tmp_path / "once", batch_questions=4
    )
    for name in ("examples.jsonl", "unhelpful.jsonl", "failed.jsonl"):
        assert (output / name).read_bytes() == (tmp_path / "once" / name).read_bytes()
    counts = Counter(paid.read_text().splitlines())
    assert set(counts) == set((tmp_path / "other.txt").read_text().splitlines())
    # One request is under way at a time: each kill may cost that one, and no finished one.
    assert sum(counts.values()) - len(counts) <= kills


def _count(path):
    return path.read_bytes().count(b"\n") if path.exists() else 0
