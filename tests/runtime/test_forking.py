"""A process that was forked after a model was loaded: a correct answer or an error, never a wait
for the threads that stayed in the parent.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_seq2seq import checkpoint, examples

pytestmark = [
    pytest.mark.model,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork"),
]

# What the parent does first (it sets `work`), and what must hold in the child.
FORK = """
import logging, os, signal, sys
logging.basicConfig(format="%(message)s", level=logging.WARNING)
import torch
torch.set_num_threads(2)
torch.randn(1000, 1000) @ torch.randn(1000, 1000)  # from now on the second thread exists
{before}
expected = work()
child = os.fork()
if child == 0:
    signal.alarm(60)
    {in_child}
    found = work()
    torch.randn(1000, 1000) @ torch.randn(1000, 1000)
    os._exit(0 if found == expected else 3)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def forked(before: str, in_child: str = "pass") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", FORK.format(before=before, in_child=in_child)],
        capture_output=True,
        text=True,
        timeout=180,
    )


def test_the_encoder_in_torch_goes_on_with_one_thread():
    done = forked(
        """
from recomp_core import load_compressor
compressor = load_compressor("minilm", backend="torch", device="cpu")
documents = ["The tower was built by Ada. Gulls nest here. Tea is at four."] * 3
work = lambda: compressor.compress("Who built the tower?", documents).text
"""
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("Load the model after the fork") == 1


def summarizer(backend: str, cache: Path) -> str:
    return f"""
os.environ["HF_HOME"] = {str(cache)!r}
from recomp_core.abstractive.loading import load_summarizer
summarizer = load_summarizer({str(checkpoint("t5"))!r}, backend={backend!r}, device="cpu")
work = lambda: summarizer.summarize([{examples(1)[0][0]!r}])
"""


def test_a_summarizer_in_torch_goes_on_with_one_thread(tmp_path: Path):
    done = forked(summarizer("torch", tmp_path))
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("Load the model after the fork") == 1


USERS = {
    "cross-encoder": """
from transformers import BertForSequenceClassification
import tiny_reader
from sentence_transformers import CrossEncoder
from recomp_core import CrossEncoderScorer, ExtractiveCompressor
bert, words = tiny_reader.bert(), tiny_reader.tokenizer()
bert.config.num_labels = 1
with tempfile.TemporaryDirectory() as folder:
    BertForSequenceClassification(bert.config).save_pretrained(folder)
    words.save_pretrained(folder)
    model = CrossEncoder(folder, device="cpu", local_files_only=True)
compressor = ExtractiveCompressor(CrossEncoderScorer(model))
work = lambda: compressor.compress("Who?", ["The tower was built by Ada. Gulls nest."]).text
""",
    "span reader": """
import tiny_reader
from recomp_core.readers.span_model import SpanModel
reader = SpanModel(tiny_reader.bert(), tiny_reader.tokenizer())
work = lambda: [round(w.nothing, 3) for ws in reader.read(["who"], ["the tower of ada"]) for w in ws]
""",
    "reader": """
import tiny_causal
from recomp_core.readers.generative import LocalReader
reader = LocalReader(tiny_causal.model("gpt2"), tiny_causal.tokenizer("byte-level"))
work = lambda: [answer.text for answer in reader.answer(["Who built the tower?"])]
""",
    "causal scorer": """
import tiny_causal
from recomp_core.labelling import AnswerRequest, CausalLMScorer
scorer = CausalLMScorer(tiny_causal.model("gpt2"), tiny_causal.tokenizer("byte-level"))
asked = [AnswerRequest("Who?", "By Ada.", ("Ada",))]
work = lambda: [round(score.value, 3) for score in scorer.score(asked)]
""",
}


@pytest.mark.parametrize("name", USERS)
def test_so_does_everything_else_in_torch(name):
    here = f"sys.path.insert(0, {str(Path(__file__).parents[1])!r})\nimport tempfile"
    done = forked(here + USERS[name])
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("Load the model after the fork") == 1


def test_a_lock_that_another_thread_holds_is_free_in_the_child():
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            """
import os, signal, sys, threading
from recomp_core.runtime.forking import ForkSafeLock
lock, held, over = ForkSafeLock(), threading.Event(), threading.Event()
def hold():
    with lock:
        held.set()
        over.wait()
threading.Thread(target=hold).start()
held.wait()
child = os.fork()
if child == 0:
    signal.alarm(20)
    with lock:
        os._exit(7)
over.set()
with lock:
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
""",
        ],
        timeout=60,
    )
    assert done.returncode == 7


def test_a_summarizer_in_ctranslate2_says_that_it_can_not(tmp_path: Path):
    pytest.importorskip("ctranslate2", reason='needs pip install "recomp[ct2]"')
    done = forked(
        summarizer("ctranslate2", tmp_path),
        in_child="""
    try:
        work()
    except RuntimeError as error:
        os._exit(0 if "load it after the fork" in str(error) else 4)""",
    )
    assert done.returncode == 0, done.stderr
