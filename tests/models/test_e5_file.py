"""The reader of the 4-bit file: what it reads, and that nothing in a file can harm it."""

import struct

import numpy as np
import pytest
from tiny_e5 import HIDDEN, LAYERS, PIECES, SPECIAL, WORDS, q4_0, save_e5_file

from recomp_core.models.encoders.e5_file import E5File, dequantized


def test_low_halves_come_first_and_eight_is_zero():
    integers = list(range(16)) + [15 - n for n in range(16)]
    halves = bytes(integers[n] | integers[16 + n] << 4 for n in range(16))
    block = np.float16(0.5).tobytes() + halves
    np.testing.assert_array_equal(dequantized(block), [(n - 8) / 2 for n in integers])


def test_a_file_is_read_as_it_was_written(tmp_path):
    meant = save_e5_file(tmp_path / "file")
    with E5File(tmp_path / "file") as file:
        assert file.pieces == PIECES
        assert file.special == SPECIAL
        assert (file.shape.layers, file.shape.words, file.shape.epsilon) == (LAYERS, WORDS, 1e-12)
        read = {name: (shape, np.concatenate(list(rows))) for name, shape, rows in file.tensors()}
    assert all(rows.shape == shape for shape, rows in read.values())
    for ours, theirs in (
        ("embeddings.word_embeddings.weight", "emb.word"),
        ("embeddings.LayerNorm.bias", "emb.ln.b"),
        ("encoder.layer.1.attention.self.key.weight", "l1.k.w"),
        ("encoder.layer.0.intermediate.dense.bias", "l0.fi.b"),
        ("encoder.layer.0.attention.output.LayerNorm.weight", "l0.aln.w"),
        ("encoder.layer.1.output.dense.weight", "l1.fo.w"),
    ):
        np.testing.assert_array_equal(read[ours][1], meant[theirs])


def test_a_vocabulary_is_read_in_parts(tmp_path, monkeypatch):
    meant = save_e5_file(tmp_path / "file")
    monkeypatch.setattr("recomp_core.models.encoders.e5_file._ROWS_AT_ONCE", 5)
    with E5File(tmp_path / "file") as file:
        parts = list(next(iter(file.tensors()))[2])
    assert [len(part) for part in parts] == [5] * (WORDS // 5) + [WORDS % 5]
    np.testing.assert_array_equal(np.concatenate(parts), meant["emb.word"])


def test_blocks_mean_about_the_weights():
    weights = np.random.default_rng(0).normal(size=(4, 64)).astype(np.float32)
    content, means = q4_0(weights)
    np.testing.assert_array_equal(dequantized(content), means.reshape(-1))
    assert np.abs(means - weights).max() < 0.3


def test_no_file_that_is_cut_off_is_read(tmp_path):
    save_e5_file(tmp_path / "file")
    content = (tmp_path / "file").read_bytes()
    for length in [*range(0, 400, 7), len(content) // 2, len(content) - 1]:
        (tmp_path / "cut").write_bytes(content[:length])
        with pytest.raises(ValueError):
            E5File(tmp_path / "cut")


HEADER = {"version": 4, "hidden": 8, "layers": 12, "heads": 16, "intermediate": 20, "words": 24,
          "positions": 28, "segments": 32, "block": 40, "pieces": 44, "bos": 48}  # fmt: skip


@pytest.mark.parametrize("field", HEADER)
@pytest.mark.parametrize("value", [-1, 2**31 - 1])
def test_sizes_that_cant_be_right_allocate_nothing(tmp_path, field, value):
    save_e5_file(tmp_path / "file")
    content = bytearray((tmp_path / "file").read_bytes())
    struct.pack_into("<i", content, HEADER[field], value)
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(ValueError):
        E5File(tmp_path / "file")


@pytest.mark.parametrize(
    ("change", "value"),
    [("offset", 2**64 - 1), ("offset", 2**40), ("bytes", 2**63), ("bytes", 0), ("count", 2**32 - 1),
     ("kind", 7)],
)  # fmt: skip
def test_tensors_lie_in_the_file(tmp_path, change, value):
    save_e5_file(tmp_path / "file")
    content = bytearray((tmp_path / "file").read_bytes())
    at = content.index(b"emb.word") + len(b"emb.word")
    place, kind = {"kind": (0, "B"), "count": (1, "I"), "offset": (5, "Q"), "bytes": (13, "Q")}[change]  # fmt: skip
    struct.pack_into(f"<{kind}", content, at + place, value)
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(ValueError, match="emb.word"):
        E5File(tmp_path / "file")


def test_tensors_have_known_names_and_none_is_missing(tmp_path):
    save_e5_file(tmp_path / "file")
    content = (tmp_path / "file").read_bytes()
    (tmp_path / "file").write_bytes(content.replace(b"l0.q.w", b"../q.w"))
    with pytest.raises(ValueError, match="not known"):
        E5File(tmp_path / "file")
    (tmp_path / "file").write_bytes(content.replace(b"l0.q.w", b"l1.q.w"))
    with pytest.raises(ValueError, match="encoder.layer.0.attention.self.query.weight is missing"):
        E5File(tmp_path / "file")


def test_pieces_are_text_in_order(tmp_path):
    save_e5_file(tmp_path / "file")
    content = bytearray((tmp_path / "file").read_bytes())
    at = 72  # the second offset
    changed = content.copy()
    struct.pack_into("<I", changed, at + 4, 2**32 - 1)
    (tmp_path / "file").write_bytes(changed)
    with pytest.raises(ValueError, match="follow"):
        E5File(tmp_path / "file")
    (tmp_path / "file").write_bytes(content.replace("塔".encode(), b"\xff\xff\xff"))
    with pytest.raises(ValueError):
        E5File(tmp_path / "file")


def test_other_files_are_refused(tmp_path):
    (tmp_path / "file").write_bytes(b"GGUF" + bytes(HIDDEN))
    with pytest.raises(ValueError, match="no E5S1 file"):
        E5File(tmp_path / "file")
    with pytest.raises(OSError):
        E5File(tmp_path / "missing")
