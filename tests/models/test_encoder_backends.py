"""Backends by name: ours, and one that another package registers as an entry point."""

import sys

import numpy as np
import pytest

from recomp_core import load_compressor, save_compressor
from recomp_core.models.encoders.backends import ENCODER_BACKENDS
from recomp_core.models.encoders.loading import load_encoder

BACKEND = """
import numpy as np

from recomp_core.models.encoders.backends import LoadedEncoder

REQUESTS = []


class Lengths:
    identity = "lengths 1"

    def encode_queries(self, queries):
        return np.array([[1.0, 0.0] for _ in queries], dtype=np.float32)

    def encode_sentences(self, sentences):
        return np.array([[len(text), 1.0] for text in sentences], dtype=np.float32)


def load_lengths(request):
    REQUESTS.append(request)
    return LoadedEncoder(Lengths(), context="sentence", similarity_fn_name="dot")
"""


@pytest.fixture
def backend(tmp_path, monkeypatch):
    """The module of another package that adds the backend "lengths"."""
    site = tmp_path / "site"
    (site / "other-1.0.dist-info").mkdir(parents=True)
    (site / "other_package.py").write_text(BACKEND)
    (site / "other-1.0.dist-info" / "METADATA").write_text("Name: other\nVersion: 1.0\n")
    (site / "other-1.0.dist-info" / "entry_points.txt").write_text(
        "[recomp.encoder_backends]\nlengths = other_package:load_lengths\n"
    )
    monkeypatch.syspath_prepend(site)
    yield __import__("other_package")
    sys.modules.pop("other_package", None)


def test_another_package_adds_one(backend, tmp_path):
    (tmp_path / "model").mkdir()
    compressor = load_compressor(
        tmp_path / "model",
        backend="lengths",
        device="cuda:3",
        compute_type="float8",
        truncate_dim=7,
        batch_size=5,
        revision="v2",
        local_files_only=True,
    )
    result = compressor.compress("q", ["Short. A much longer sentence is here. Mid one."])
    assert result.kept[0].text == "A much longer sentence is here."
    (request,) = backend.REQUESTS
    assert request.place == str(tmp_path / "model")
    assert (request.device, request.compute_type) == ("cuda:3", "float8")
    assert (request.truncate_dim, request.batch_size, request.adapters) == (7, 5, ())
    assert (request.revision, request.local_files_only) == ("v2", True)


def test_it_works_with_a_store_and_has_no_written_form(backend, tmp_path):
    (tmp_path / "model").mkdir()
    settings = {"backend": "lengths", "store": tmp_path / "store"}
    documents = ["Short. A much longer sentence is here."]
    first = load_compressor(tmp_path / "model", **settings).compress("q", documents)
    again = load_compressor(tmp_path / "model", **settings)
    again.scorer.encoder.encode_sentences = lambda texts: pytest.fail("the store has them")
    assert again.compress("q", documents) == first
    with pytest.raises(ValueError, match="only sentence-transformers encoders have a written form"):
        save_compressor(again, tmp_path / "saved")


def test_the_command_takes_it(backend, tmp_path):
    from typer.testing import CliRunner

    from recomp_core.cli.main import app

    (tmp_path / "model").mkdir()
    (tmp_path / "a.txt").write_text("Short. A much longer sentence is here.")
    arguments = ["compress", "-q", "q", "-m", str(tmp_path / "model"), "--backend", "lengths",
                 "--top-k", "1", str(tmp_path / "a.txt")]  # fmt: skip
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert result.stdout.strip() == "A much longer sentence is here."


@pytest.mark.usefixtures("backend")
def test_names():
    assert ENCODER_BACKENDS.names() == ["torch", "onnx", "lengths"]
    with pytest.raises(
        ValueError, match="backend must be one of 'auto', 'torch', 'onnx', 'lengths', got 'length'"
    ):
        load_encoder("anything", backend="length")


@pytest.mark.parametrize("name", ["torch", "onnx"])
def test_ours_can_be_loaded(name):
    assert callable(ENCODER_BACKENDS.load(name))


def test_vectors_are_what_the_loader_gives(backend):
    vectors = load_encoder("anything", backend="lengths").encoder.encode_sentences(["ab"])
    np.testing.assert_array_equal(vectors, [[2.0, 1.0]])
