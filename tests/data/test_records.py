import json
import logging
import os
import signal
import subprocess
import sys
import time

import pytest
from conftest import PATIENCE, shared_words

from recomp_core import ExtractiveCompressor, TopK
from recomp_core._utils.jsonl import from_line
from recomp_core.data.records import RecordJob

SETTINGS = {"model": None, "top_k": 1}


@pytest.fixture
def one_sentence():
    return ExtractiveCompressor(shared_words, selector=TopK(1))


def write(path, *records):
    path.write_text("".join(r if isinstance(r, str) else json.dumps(r) + "\n" for r in records))
    return str(path)


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


RECORDS = [
    {"id": i, "question": "who is bob", "documents": [f"Ann sings {i}. Bob is number {i}."]}
    for i in range(10)
]


def test_records_come_out_in_order_with_their_other_fields(tmp_path, one_sentence):
    source = write(
        tmp_path / "in.jsonl",
        {"id": "a", "query": "bob", "documents": ["Ann sat. Bob ran."], "answers": ["x"]},
        {
            "question": "ann",
            "documents": [{"text": "Ann sat. Bob ran.", "title": "Ann", "is_gold": True}],
        },
    )
    out = tmp_path / "deep" / "out.jsonl"
    summary = RecordJob(source, out, settings=SETTINGS).run(one_sentence)
    first, second = read(out)
    assert str(summary) == "2 compressed, 0 done before, 0 failed"
    assert (first["id"], first["query"], first["text"], first["answers"]) == (
        "a",
        "bob",
        "Bob ran.",
        ["x"],
    )
    assert first["kept"] == [
        {"doc_index": 0, "start": 9, "end": 17, "score": 1.0, "text": "Bob ran."}
    ]
    assert "documents" not in first
    assert (second["text"], second["outcome"], second["rate"]) == (
        "Ann sat.",
        "compressed",
        0.470588,
    )


def test_several_queries_of_a_record(tmp_path, one_sentence):
    documents = ["Ann sat. Bob ran. Eve swam."]
    source = write(
        tmp_path / "in.jsonl",
        {"queries": ["bob", "eve"], "documents": documents},
        {"queries": [], "documents": documents},
        {"queries": "bob", "documents": documents},
        {"queries": ["bob", 3], "documents": documents},
        {"query": "ann", "queries": "kept as it is", "documents": documents},
    )
    out = tmp_path / "out.jsonl"
    summary = RecordJob(source, out, settings=SETTINGS).run(one_sentence)
    assert summary.failed == 3
    first, second = read(out)
    assert first["text"] == "Bob ran. Eve swam."
    assert first["queries"] == ["bob", "eve"]
    assert first["query"] == "bob\neve"
    assert [sentence["queries"] for sentence in first["kept"]] == [[0], [1]]
    assert (second["query"], second["queries"]) == ("ann", "kept as it is")


def test_broken_lines_are_named_and_the_rest_goes_on(tmp_path, one_sentence, caplog):
    source = write(
        tmp_path / "in.jsonl",
        "{not json\n",
        RECORDS[0],
        "\n",
        {"query": " ", "documents": []},
        {"query": "q"},
        {"query": "q", "documents": [None]},
        {"query": "q", "documents": [{"title": "no text"}]},
        "[1, 2]\n",
        b"\xff\xfe".decode("latin-1") + "\n",
        RECORDS[1],
    )
    with caplog.at_level(logging.ERROR):
        summary = RecordJob(source, tmp_path / "out.jsonl", settings=SETTINGS).run(one_sentence)
    assert [r["id"] for r in read(tmp_path / "out.jsonl")] == [0, 1]
    assert summary.failed == 7
    for number, cause in [(1, "JSONDecodeError"), (4, "query is blank"), (5, "a record needs"),
                          (6, r"documents[0]"), (7, 'needs "text"'), (8, "must be a JSON object"), (9, "Error")]:  # fmt: skip
        assert any(f"line {number}: " in m and cause in m for m in caplog.messages), number


def test_a_record_that_breaks_the_compressor_does_not_take_its_batch_along(tmp_path, caplog):
    def picky(query, sentences):
        if any("number 3" in s for s in sentences):
            raise RuntimeError("poison")
        return shared_words(query, sentences)

    source = write(tmp_path / "in.jsonl", *RECORDS)
    job = RecordJob(source, tmp_path / "out.jsonl", settings=SETTINGS)
    summary = job.run(ExtractiveCompressor(picky), batch_records=4)
    assert (summary.compressed, summary.failed) == (9, 1)
    assert [r["id"] for r in read(tmp_path / "out.jsonl")] == [0, 1, 2, 4, 5, 6, 7, 8, 9]
    assert any("line 4: RuntimeError: poison" in m for m in caplog.messages)


@pytest.mark.parametrize("cut", [0, 1, 40, 300, 301, 700])
def test_an_interrupted_file_is_carried_on_to_the_same_end(tmp_path, one_sentence, cut):
    source = write(tmp_path / "in.jsonl", *RECORDS)
    whole = tmp_path / "whole.jsonl"
    RecordJob(source, whole, settings=SETTINGS).run(one_sentence)
    torn = tmp_path / "torn.jsonl"
    torn.write_bytes(whole.read_bytes()[:cut])
    job = RecordJob(source, torn, settings=SETTINGS)
    summary = job.run(one_sentence, batch_records=3)
    assert torn.read_bytes() == whole.read_bytes()
    assert summary.compressed == 10 - whole.read_bytes()[:cut].count(b"\n")


def test_a_finished_file_is_left_as_it_is(tmp_path, one_sentence):
    source = write(tmp_path / "in.jsonl", *RECORDS)
    out = tmp_path / "out.jsonl"
    RecordJob(source, out, settings=SETTINGS).run(one_sentence)
    before = out.read_bytes()
    summary = RecordJob(source, out, settings=SETTINGS).run(one_sentence)
    assert (summary.compressed, summary.done_before) == (0, 10)
    assert out.read_bytes() == before


def test_results_of_other_settings_or_inputs_are_not_mixed(tmp_path, one_sentence):
    source = write(tmp_path / "in.jsonl", *RECORDS)
    out = tmp_path / "out.jsonl"
    RecordJob(source, out, settings=SETTINGS).run(one_sentence)
    with pytest.raises(ValueError, match="other settings: choose another output, or --overwrite"):
        RecordJob(source, out, settings={**SETTINGS, "top_k": 2})
    other = write(tmp_path / "other.jsonl", *reversed(RECORDS))
    with pytest.raises(ValueError, match="another line 1"):
        RecordJob(other, out, settings=SETTINGS).run(one_sentence)
    before = out.read_bytes()
    job = RecordJob(other, out, settings={}, overwrite=True)
    assert out.read_bytes() == before  # nothing is thrown away before the work begins
    assert job.run(one_sentence).compressed == 10
    (tmp_path / "notes.txt").write_text("my notes\n")
    with pytest.raises(ValueError, match="line 1 of .* was not written by this command"):
        RecordJob(source, tmp_path / "notes.txt", settings=SETTINGS)
    assert (tmp_path / "notes.txt").read_text() == "my notes\n"


def test_the_input_is_never_the_output(tmp_path):
    source = write(tmp_path / "in.jsonl", *RECORDS)
    with pytest.raises(ValueError, match="is the input itself"):
        RecordJob(source, tmp_path / "in.jsonl", settings=SETTINGS, overwrite=True)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        RecordJob(str(tmp_path / "nowhere.jsonl"), None, settings=SETTINGS)


def test_lone_surrogates_survive(tmp_path, one_sentence):
    source = write(tmp_path / "in.jsonl", {"query": "bob", "documents": ["Bob \ud800 sings. No."]})
    RecordJob(source, tmp_path / "out.jsonl", settings=SETTINGS).run(one_sentence)
    (line,) = (tmp_path / "out.jsonl").read_bytes().splitlines()
    assert from_line(line)["text"] == "Bob \ud800 sings."
    assert json.loads(line)["text"] == "Bob \ufffd sings."  # what other programs read


SLOW_JOB = """
import sys, time
from pathlib import Path
from recomp_core import ExtractiveCompressor, TopK
from recomp_core.data.records import RecordJob

left = float(sys.argv[3])

def slow(query, sentences):
    global left
    left -= 1
    time.sleep(0.01 if left >= 0 else 600)  # waits to be killed: a busy machine may be late
    return [float("Bob" in s) for s in sentences]

job = RecordJob(sys.argv[1], Path(sys.argv[2]), settings={})
job.run(ExtractiveCompressor(slow, selector=TopK(1)), batch_records=2)
"""


def test_killed_again_and_again_the_file_is_the_same(tmp_path):
    records = [{**r, "id": i} for i, r in enumerate(RECORDS * 10)]
    source = write(tmp_path / "in.jsonl", *records)
    out = tmp_path / "out.jsonl"
    kills = 0
    for attempt in range(50):
        at_most = "20" if attempt < 4 else "inf"
        command = [sys.executable, "-c", SLOW_JOB, source, str(out), at_most]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        size = out.stat().st_size if out.exists() else 0
        deadline = time.monotonic() + PATIENCE
        while process.poll() is None and time.monotonic() < deadline and attempt < 4:
            if out.exists() and out.stat().st_size > size:
                os.kill(process.pid, signal.SIGKILL)
                kills += 1
                break
            time.sleep(0.002)
        if process.wait(timeout=PATIENCE) == 0:
            break
    assert kills >= 2
    assert [r["id"] for r in read(out)] == list(range(100))
