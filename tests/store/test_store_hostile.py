"""Stores that others changed, made or took away: made anew or refused, never a crash or a hang."""

import logging
import os
import shutil
import sqlite3
import struct
import subprocess
import sys
import textwrap
import zlib

import numpy as np
import pytest

from recomp_core._utils import sqlite
from recomp_core.store import SentenceStore, disk_table
from recomp_core.store.disk_table import FILE
from recomp_core.store.records import pack, read_units, read_vectors, units_record, vectors_record
from recomp_core.text.units import Unit

KEY, OTHER = b"k" * 16, b"o" * 16
ENDLESS = "WITH RECURSIVE t(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM t) SELECT x"


def record(key=KEY):
    return units_record(key, [Unit(0, 3)])


@pytest.fixture
def folder(tmp_path):
    with SentenceStore(tmp_path / "store") as store:
        store.write([(KEY, record())])
    return tmp_path / "store"


def change(folder, *statements):
    connection = sqlite3.connect(folder / FILE, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()


def warnings_of(caplog):
    return [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]


CUT = """
    import os, sys
    from recomp_core.store import SentenceStore
    for length in (0, 16, 16384, 70_000):
        folder = f"{sys.argv[1]}/{length}"
        with SentenceStore(folder) as store:
            keys = [bytes([n]) * 16 for n in range(200)]
            written = {key: key * 300 for key in keys}
            store.write(written.items())
            os.truncate(f"{folder}/sentences.sqlite", length)
            assert store.read(keys).items() <= written.items()
            len(store)
            for _ in range(3):
                store.write(written.items())
                found = store.read(keys)
            assert found == written, length
"""


def test_a_file_that_is_cut_while_it_is_open_is_made_anew(tmp_path):
    # In a process of its own: where the file is mapped, the signal ends it.
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(CUT), str(tmp_path)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr.count("Error")) == (0, 0), done.stderr


def test_no_file_of_an_open_store_is_mapped(folder):
    with SentenceStore(folder) as store:
        store.read([KEY])
        assert [file.name for file in folder.iterdir()] == [FILE]
        assert sqlite.number(store._table._connection, "mmap_size") == 0


@pytest.mark.parametrize(
    "statements",
    [
        ["DROP TABLE records", f"CREATE VIEW records AS {ENDLESS} AS key, x AS record FROM t"],
        ["DROP TABLE spaces", f"CREATE VIEW spaces AS {ENDLESS}, x AS description FROM t"],
        [
            "CREATE TRIGGER endless AFTER INSERT ON records BEGIN INSERT INTO spaces "
            "SELECT randomblob(9), x FROM (WITH RECURSIVE t(x) AS "
            "(SELECT 1 UNION ALL SELECT x+1 FROM t) SELECT x FROM t); END"
        ],
        ["ALTER TABLE records ADD COLUMN more AS (hex(record))"],
        ["CREATE INDEX more ON records (hex(zeroblob(100000000)) || record)"],
        ["CREATE TABLE more (a)"],
        ["DROP TABLE spaces"],
        ["DROP TABLE records", "CREATE TABLE records (id INTEGER, key BLOB, record BLOB)"],
        ["PRAGMA page_size=512", "PRAGMA journal_mode=DELETE", "VACUUM"],
    ],
    ids=range(9),
)
def test_a_store_that_declares_anything_else_is_made_anew(folder, caplog, statements):
    if "hex(zeroblob" in statements[0]:
        change(folder, "DELETE FROM records")
    change(folder, *statements)
    with SentenceStore(folder) as store:
        store.note(b"space", "description")
        assert store.read([KEY]) == {}
        store.write([(KEY, record())])
        assert store.read([KEY]) == {KEY: record()}
    (message,) = warnings_of(caplog)
    assert f"{folder / FILE} is deleted and made anew" in message


def test_a_query_ends_in_time(folder, monkeypatch):
    monkeypatch.setattr(sqlite, "QUERY_SECONDS", 0.05)
    with SentenceStore(folder) as store:
        table = store._table
        endless = f"{ENDLESS} FROM t WHERE x < 0"
        assert table._attempt("read", lambda it: it.execute(endless).fetchall()) is None
        assert table.failure == "interrupted"
        assert store.read([KEY]) == {KEY: record()}


@pytest.mark.parametrize(
    "value", ["'text'", "1", "2.5", "CAST(x'ff' AS TEXT)", "zeroblob(300000)", "x''"]
)
def test_what_is_no_record_is_not_read(folder, value):
    change(folder, f"UPDATE records SET record = {value}")
    change(folder, "INSERT INTO spaces VALUES (1, x'00'), (x'01', CAST(x'ff' AS TEXT))")
    with SentenceStore(folder, max_bytes=1 << 20) as store:
        store.note(b"space", "description")
        found = store.read([KEY]).get(KEY, b"")
        assert read_units(KEY, found, 3) is None
        store.write([(KEY, record()), (OTHER, record(OTHER))])
        assert read_units(KEY, store.read([KEY])[KEY], 3) == (Unit(0, 3),)


def forged(kind, n, dim, body=b""):
    """A record whose checksum is right, whatever its counts say."""
    rest = struct.pack("<B3xII", kind, n, dim) + body
    return struct.pack("<I", zlib.crc32(rest, zlib.crc32(KEY))) + rest


MANY = 2**32 - 1


@pytest.mark.parametrize("dtype", ["float16", "int8", "float32"])
@pytest.mark.parametrize(
    ("n", "dim"), [(MANY, MANY), (MANY, 0), (0, MANY), (1, MANY), (MANY, 1), (2, 8), (1, 7)]
)
@pytest.mark.parametrize("length", [0, 3, 16, 36, 4096])
def test_vectors_with_false_counts_are_not_read(dtype, n, dim, length):
    kind = ["float16", "int8", "float32"].index(dtype)
    right = {(2, 8, "int8"): 24, (2, 8, "float16"): 40, (2, 8, "float32"): 64}.get((n, dim, dtype))
    found = read_vectors(KEY, forged(kind, n, dim, bytes(length)), dtype)
    assert found is None or n == 0 or length == right


@pytest.mark.parametrize("counts", [(MANY, MANY), (MANY, 0), (0, MANY), (1, MANY), (1, 1), (2, 0)])
@pytest.mark.parametrize("length", [0, 3, 4, 16, 20, 4096])
def test_units_with_false_counts_are_not_read(counts, length):
    for byte in (b"\0", b"\xff"):
        found = read_units(KEY, forged(4, *counts, byte * length), 100)
        assert found is None or len(found) == counts[0]


@pytest.mark.parametrize("dtype", ["float16", "int8", "float32"])
@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_vectors_that_are_no_numbers_are_not_read(dtype, wrong):
    packed = pack(np.ones((2, 4), dtype=np.float32), dtype)
    assert read_vectors(KEY, vectors_record(KEY, packed, dtype), dtype) is not None
    for part in (packed.values, packed.scales):
        if part is not None and part.dtype != np.int8:
            changed = [np.array(packed.values), np.array(packed.scales)]
            changed[0 if part is packed.values else 1].flat[1] = wrong
            scales = None if packed.scales is None else changed[1]
            made = vectors_record(KEY, type(packed)(changed[0], scales), dtype)
            assert read_vectors(KEY, made, dtype) is None


@pytest.mark.parametrize("ends", ["", "-journal", "-wal", "-shm"])
@pytest.mark.parametrize("kind", ["folder", "pipe", "link", "broken link"])
def test_what_is_no_plain_file_is_refused(tmp_path, folder, kind, ends):
    file, elsewhere = folder / (FILE + ends), tmp_path / "elsewhere"
    file.unlink(missing_ok=True)
    if kind == "folder":
        file.mkdir()
    elif kind == "pipe":
        os.mkfifo(file)
    else:
        file.symlink_to(elsewhere)
        if kind == "link":
            elsewhere.write_bytes(b"")
    with pytest.raises(ValueError, match=f"{FILE}{ends} is no plain file"):
        SentenceStore(folder)
    assert kind == "link" or not elsewhere.exists()
    assert kind != "link" or elsewhere.read_bytes() == b""


def test_a_journal_deletes_no_other_file(tmp_path, folder):
    # The end of a journal may name a file that SQLite deletes after a rollback.
    victim = tmp_path / "victim"
    victim.write_text("mine")
    connection = sqlite3.connect(folder / FILE, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("UPDATE spaces SET description = ''")
    connection.execute("INSERT INTO records (key, record) VALUES (x'00', x'00')")
    planted = tmp_path / "planted"
    shutil.copytree(folder, planted)
    connection.close()
    name = os.fsencode(victim)
    checksum = sum(struct.unpack(f"{len(name)}b", name)) % 2**32
    end = struct.pack(">I", 1) + name + struct.pack(">II", len(name), checksum)
    with (planted / (FILE + "-journal")).open("ab") as journal:
        journal.write(end + bytes.fromhex("d9d505f920a163d7"))
    with pytest.raises(ValueError, match="names another file"):
        SentenceStore(planted)
    assert victim.read_text() == "mine"


def test_a_file_that_is_removed_or_replaced_while_it_is_open_is_opened_again(tmp_path, folder):
    other = tmp_path / "other"
    with SentenceStore(other) as store:
        store.write([(OTHER, record(OTHER))])
    with SentenceStore(folder) as store:
        os.replace(other / FILE, folder / FILE)
        assert store.read([KEY, OTHER]) == {OTHER: record(OTHER)}
        shutil.rmtree(folder)
        assert store.read([KEY, OTHER]) == {}
        store.write([(KEY, record())])
        assert store.read([KEY, OTHER]) == {KEY: record()}
        store.check_written()


def test_what_takes_the_place_of_an_open_file_stops_nothing(folder, caplog):
    with SentenceStore(folder) as store:
        (folder / FILE).unlink()
        (folder / FILE).mkdir()
        for _ in range(3):
            assert store.read([KEY]) == {}
            store.write([(KEY, record())])
        with pytest.raises(OSError, match="is no plain file"):
            store.check_written()
    (message,) = warnings_of(caplog)
    assert "is no plain file" in message


def test_a_damaged_file_that_can_not_be_deleted_is_not_used(folder, monkeypatch, caplog):
    change(folder, "CREATE TABLE more (a)")

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(folder), "unlink", refuse)
    with SentenceStore(folder) as store:
        for _ in range(3):
            store.write([(KEY, record())])
            assert store.read([KEY]) == {}
    assert len(warnings_of(caplog)) == 2
    assert "can't be deleted, so it is not used" in warnings_of(caplog)[1]


def test_a_store_that_another_process_holds_costs_one_wait(folder, monkeypatch, caplog):
    monkeypatch.setattr(disk_table, "_BUSY_SECONDS", 0.2)
    store = SentenceStore(folder)
    other = sqlite3.connect(folder / FILE, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    waits = []
    execute = store._table._wait_for_others
    monkeypatch.setattr(
        store._table, "_wait_for_others", lambda _, wait: (waits.append(wait), execute(_, wait))
    )
    assert store.read([KEY]) == {}
    store.write([(OTHER, record(OTHER))])
    assert store.read([KEY]) == {}
    assert waits == [disk_table._BUSY_AGAIN] * 3
    with SentenceStore(folder) as late:  # opening waits no longer
        assert late.read([KEY]) == {}
    other.execute("COMMIT")
    other.close()
    assert store.read([KEY]) == {KEY: record()}
    store.write([(OTHER, record(OTHER))])
    store.check_written()
    store.close()
    assert all("locked" in message for message in warnings_of(caplog))
