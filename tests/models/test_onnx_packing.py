"""Tables of packed sequences, and graphs on disk: no model, no onnxruntime."""

import os
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomp_core.models.encoders.onnx_cache import cache_folder, cached_graph
from recomp_core.models.encoders.onnx_packing import PackedTable, pack
from recomp_core.models.tensors import read_tensors


@given(st.lists(st.integers(1, 300), max_size=60), st.sampled_from([64, 512]))
def test_every_sequence_stands_in_one_table_whole(lengths, max_tokens):
    sequences = [[number + 1] * length for number, length in enumerate(lengths)]
    tables = pack(lengths, max_tokens, 0.001)
    found = []
    for table in tables:
        feeds = table.feeds(sequences)
        assert feeds["ids"].shape == (len(table.rows), table.width)
        assert feeds["ids"].size <= max_tokens or len(table.rows) == 1
        for row, start, number in table.places(sequences):
            end = start + lengths[number]
            assert feeds["ids"][row, start:end].tolist() == sequences[number]
            assert feeds["positions"][row, start:end].tolist() == list(range(lengths[number]))
            found.append(number)
    assert sorted(found) == list(range(len(lengths)))


def test_sequences_of_one_row_do_not_see_each_other():
    feeds = PackedTable(rows=((1, 0), (2,)), width=4).feeds([[5], [6, 7], [8, 9, 4, 3]])
    assert feeds["ids"].tolist() == [[6, 7, 5, 0], [8, 9, 4, 3]]
    assert feeds["positions"].tolist() == [[0, 1, 0, 0], [0, 1, 2, 3]]
    sees = feeds["mask"][0, 0] == 0
    assert sees.tolist() == [
        [True, True, False, False],
        [True, True, False, False],
        [False, False, True, False],
        [False, False, False, True],  # padding sees itself: a softmax over nothing would be nan
    ]
    assert not feeds["mask"][1].any()


def test_sentences_of_usual_lengths_leave_next_to_no_padding():
    lengths = np.random.default_rng(0).integers(8, 60, size=200).tolist()
    places = sum(len(table.rows) * table.width for table in pack(lengths, 512, 0.0008))
    assert places < 1.02 * sum(lengths)


def test_nothing_needs_no_table():
    assert pack([], 512) == []


def stored(*args):
    """What onnxruntime would read from the cache."""
    graph = cached_graph(*args)
    return graph if isinstance(graph, bytes) else Path(graph).read_bytes()


def test_a_graph_is_made_once(tmp_path):
    made = []
    for _ in range(3):
        graph = stored("key", lambda: made.append(1) or b"the graph", tmp_path)
        assert graph.startswith(b"the graph")
    assert made == [1]
    assert [file.name for file in tmp_path.iterdir()] == ["key.onnx"]
    assert stored("other", lambda: b"another", tmp_path).startswith(b"another")


@pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b"", lambda b: b"x" + b[1:],
                                    lambda b: b[:5], lambda b: b + b"x"])  # fmt: skip
def test_a_damaged_graph_is_noticed_and_made_anew(tmp_path, damage):
    file = tmp_path / "key.onnx"
    good = stored("key", lambda: b"the graph", tmp_path)
    file.write_bytes(damage(good))
    assert stored("key", lambda: b"the graph", tmp_path) == good
    assert file.read_bytes() == good


def test_a_new_graph_makes_unread_ones_leave(tmp_path):
    long_ago = time.time() - 31 * 24 * 3600
    for name in ("unread", "read"):
        cached_graph(name, lambda: b"graph", tmp_path)
    for name in (".graph-half", ".key.onnx.0a1b2c3d.new"):
        (tmp_path / name).write_bytes(b"half")
    (tmp_path / "mine.txt").write_text("not ours")
    for file in tmp_path.iterdir():
        os.utime(file, (long_ago, long_ago))
    cached_graph("read", lambda: pytest.fail("it is there"), tmp_path)
    cached_graph("new", lambda: b"graph", tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {"read.onnx", "new.onnx", "mine.txt"}


def test_where_nothing_can_be_written_the_graph_is_made_each_time(tmp_path, caplog):
    (tmp_path / "file").write_text("no folder")
    made = []
    for _ in range(2):
        graph = cached_graph("key", lambda: made.append(1) or b"graph", tmp_path / "file" / "cache")
        assert graph.startswith(b"graph")
    assert made == [1, 1]
    assert "made at every start" in caplog.text


def test_the_cache_lies_where_the_hubs_does(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "recomp" / "onnx"
    monkeypatch.delenv("HF_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "huggingface" / "recomp" / "onnx"


def test_half_precision_is_read_as_float32(tmp_path):
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file

    values = torch.tensor([[1.5, -2.25, 3e-3]])
    stored = {str(d): values.to(getattr(torch, d)) for d in ("float32", "bfloat16", "float16", "float64")}  # fmt: skip
    save_file({**stored, "ids": torch.arange(3)}, tmp_path / "file")
    read = read_tensors(tmp_path / "file")
    assert read.keys() == stored.keys()
    for name, tensor in stored.items():
        assert read[name].dtype == np.float32
        np.testing.assert_array_equal(read[name], tensor.float().numpy())


def test_a_graph_that_others_could_write_is_made_anew(tmp_path, caplog):
    folder = tmp_path / "cache"
    good = stored("key", lambda: b"the graph", folder)
    assert (folder.stat().st_mode & 0o777, (folder / "key.onnx").stat().st_mode & 0o777) == (
        0o700,
        0o600,
    )
    poisoned = stored("key", lambda: b"poisoned", tmp_path / "theirs")
    (folder / "key.onnx").write_bytes(poisoned)  # with a seal that is right
    (folder / "key.onnx").chmod(0o666)
    folder.chmod(0o777)
    assert stored("key", lambda: b"the graph", folder) == good
    assert "can be written by others" in caplog.text
    assert folder.stat().st_mode & 0o777 == 0o700
    assert stored("key", lambda: pytest.fail("it was kept"), folder) == good


def test_a_graph_behind_a_link_or_a_pipe_is_made_anew(tmp_path):
    folder = tmp_path / "cache"
    good = stored("key", lambda: b"the graph", folder)
    stored("key", lambda: b"poisoned", tmp_path / "theirs")
    for put in (
        lambda file: file.symlink_to(tmp_path / "theirs" / "key.onnx"),
        os.mkfifo,
        os.mkdir,
    ):
        (folder / "key.onnx").unlink()
        put(folder / "key.onnx")
        assert stored("key", lambda: b"the graph", folder) == good


def test_a_graph_of_another_user_is_made_anew(tmp_path, caplog, monkeypatch):
    stored("key", lambda: b"poisoned", tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    monkeypatch.setattr("recomp_core._utils.private_files._ADMINISTRATOR", -1)
    graph = cached_graph("key", lambda: b"the graph", tmp_path)
    assert isinstance(graph, bytes)  # theirs stays where it is
    assert graph.startswith(b"the graph")
    assert "belongs to another user" in caplog.text
