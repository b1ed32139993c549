"""The student's records train any language model, an encoder-decoder too."""

import sys
from pathlib import Path

import pytest
from conftest import shared_words
from tiny_seq2seq import checkpoint

FOLDER = Path(__file__).parents[2] / "benchmarks"
pytest.importorskip("torch")
sys.path.insert(0, str(FOLDER))  # as for a script; only this import needs it
import train_summarizer  # noqa: E402

sys.path.remove(str(FOLDER))

from recomp_core import ExtractiveCompressor, TopK, load_compressor  # noqa: E402
from recomp_core.training import train_abstractive  # noqa: E402

NAMES = ("Ada", "Bach", "Curie", "Darwin")


def records(n):
    """Every fourth has nothing that helps."""
    for number in range(n):
        name = NAMES[number % 4]
        helps = f"the tower was built by {name} ." if number % 4 else ""
        texts = [helps or "it was old .", "many people saw it ."]
        yield {
            "id": str(number), "query": f"who built tower {number} ?", "answers": [name],
            "documents": [{"title": f"tower {number}", "text": text} for text in texts],
            "gold": helps, "candidates": texts, "none": -2.0,
            "scores": [-1.0 if helps else -3.0, -4.0],
        }  # fmt: skip


@pytest.mark.parametrize(("way", "n", "empty"), [("people", 8, 2), ("no-empty", 6, 0)])
def test_a_way_decides_which_targets_are_learned(way, n, empty):
    found = [e for r in records(8) if (e := train_summarizer.example_of(r, way))]
    assert len(found) == n
    assert sum(not example["target"] for example in found) == empty


def test_the_readers_choice_is_the_target():
    found = [train_summarizer.example_of(record, "reader")["target"] for record in records(4)]
    assert found == ["", *(f"the tower was built by {name} ." for name in NAMES[1:])]


@pytest.mark.model
@pytest.mark.parametrize("kind", ["t5", "bart"])
def test_the_records_train_an_encoder_decoder(kind, tmp_path):
    examples = [train_summarizer.example_of(record, "people") for record in records(24)]
    result = train_abstractive(
        examples, base=checkpoint(kind), output=tmp_path / "student", titles=True,
        prompt=train_summarizer.PROMPT, max_input_tokens=96, max_target_tokens=24, max_steps=2,
        batch_size=4, device="cpu",
    )  # fmt: skip
    assert result.steps == 2
    compressor = load_compressor(
        result.folder, device="cpu", min_new_tokens=8, max_new_tokens=8, reads="sentence",
        extractor=ExtractiveCompressor(shared_words, selector=TopK(2)),
    )  # fmt: skip
    written = compressor.compress(
        "who built it ?", ["the tower was built by Ada . it was old ."] * 2
    )
    assert written.sources
