"""The store itself: records, the table in memory, the table on disk and what may befall it."""

import errno
import logging
import os
import pickle
import shutil
import sqlite3
import struct
import subprocess
import sys
import textwrap
import threading
import zlib
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from recomp_core.store import SentenceStore, as_store, disk_table
from recomp_core.store.disk_table import FILE
from recomp_core.store.records import (
    KINDS,
    pack,
    read_units,
    read_vectors,
    units_record,
    unpacked,
    vectors_record,
)
from recomp_core.text.units import Kind, Unit

KEY, OTHER = b"k" * 16, b"o" * 16


def vectors(n=3, dim=8, seed=0, scale=1.0):
    return (np.random.default_rng(seed).normal(size=(n, dim)) * scale).astype(np.float32)


def record_of(number, size=2_000):
    """A key and a record that can be told from any other's."""
    key = number.to_bytes(16, "big")
    return key, units_record(key, [Unit(number, number)] * (size // 16))


def is_right(key, record):
    number = int.from_bytes(key, "big")
    return read_units(key, record, number)[0] == Unit(number, number)


# Records


@pytest.mark.parametrize("scale", [1e-30, 1e-3, 1.0, 1e4, 1e30])
@pytest.mark.parametrize(
    ("dtype", "most"), [("float32", 0), ("float16", 2**-11), ("int8", 0.5 / 127)]
)
def test_vectors_come_back_as_exactly_as_their_type_allows(dtype, most, scale):
    given = vectors(scale=scale)
    record = vectors_record(KEY, pack(given, dtype), dtype)
    found = unpacked([read_vectors(KEY, record, dtype)])
    largest = np.abs(given).max(axis=1, keepdims=True)
    assert (np.abs(found - given) <= most * 1.001 * largest).all()


def test_vectors_of_nothing_but_zeros():
    zeros = np.zeros((2, 4), dtype=np.float32)
    for dtype in ("float16", "int8", "float32"):
        assert (unpacked([pack(zeros, dtype)]) == 0).all()


def test_several_passages_are_read_one_after_the_other():
    parts = [vectors(n, seed=n) for n in (2, 1, 3)]
    assert (unpacked([pack(part, "float32") for part in parts]) == np.concatenate(parts)).all()


@pytest.mark.parametrize("dtype", ["float16", "int8", "float32"])
def test_a_record_with_any_byte_changed_or_missing_is_no_record(dtype):
    record = vectors_record(KEY, pack(vectors(), dtype), dtype)
    for position in range(len(record)):
        changed = bytearray(record)
        changed[position] ^= 1
        assert read_vectors(KEY, bytes(changed), dtype) is None
        assert read_vectors(KEY, record[:position], dtype) is None
    assert read_vectors(KEY, record + b"\0", dtype) is None
    assert read_vectors(KEY, record, dtype) is not None


def test_a_record_is_not_taken_for_another_kind_or_another_keys():
    record = vectors_record(KEY, pack(vectors(), "float16"), "float16")
    units = units_record(KEY, [Unit(0, 3), Unit(4, 9)])
    assert read_units(KEY, units, 9) == (Unit(0, 3), Unit(4, 9))
    assert read_vectors(OTHER, record, "float16") is None
    assert read_vectors(KEY, record, "int8") is None
    assert read_vectors(KEY, units, "float16") is None
    assert read_units(KEY, record, 9) is None
    assert read_units(OTHER, units, 9) is None


UNITS = (
    Unit(0, 4, "heading"),
    Unit(5, 9, "item", ((0, 4),), markup=True),
    Unit(9, 12, "row", ((0, 4), (5, 9))),
    Unit(13, 20, "item", ((0, 4),)),
)


def test_units_come_back_with_kind_path_and_markup():
    assert read_units(KEY, units_record(KEY, UNITS), 20) == UNITS
    every = tuple(Unit(n, n + 1, kind) for n, kind in enumerate(KINDS))
    assert read_units(KEY, units_record(KEY, every), len(every)) == every
    assert read_units(KEY, units_record(KEY, []), 0) == ()


def test_every_kind_has_a_number():
    assert sorted(KINDS) == sorted(get_args(Kind))
    # The numbers are in every store: new kinds come after these.
    assert KINDS[:4] == ("sentence", "item", "table", "row")
    assert KINDS[15] == "boilerplate"


def test_units_with_any_byte_changed_or_missing_are_no_record():
    record = units_record(KEY, UNITS)
    for position in range(len(record)):
        changed = bytearray(record)
        changed[position] ^= 1
        assert read_units(KEY, bytes(changed), 20) is None
        assert read_units(KEY, record[:position], 20) is None


def checked(numbers, n, n_paths):
    """A record with the right checksum over any content."""
    body = struct.pack(f"<B3xII{len(numbers)}I", 4, n, n_paths, *numbers)
    return struct.pack("<I", zlib.crc32(body, zlib.crc32(KEY))) + body


@pytest.mark.parametrize(
    ("numbers", "n", "n_paths"),
    [
        ((0, 4, 0, 0), 1, 1),  # the path is missing
        ((0, 4, 99, 0, 0), 1, 1),  # no such kind
        ((0, 4, 0, 3, 0), 1, 1),  # no such path
        ((0, 30, 0, 0, 0), 1, 1),  # beyond the text
        ((4, 0, 0, 0, 0), 1, 1),  # backwards
        ((0, 4, 0, 0, 2, 0, 1), 1, 1),  # a path that is cut
        ((0, 4, 0, 0, 1, 0, 30), 1, 1),  # a path beyond the text
        ((0, 4, 0, 0, 1, 3, 1), 1, 1),  # a path backwards
        ((0, 4, 0, 0, 0, 7), 1, 1),  # something is left over
        ((5, 9, 0, 0, 0, 4, 0, 0, 0), 2, 1),  # not ascending
        ((0, 4), 4_000_000_000, 4_000_000_000),
        ((0, 4, 0, 0, 4_000_000_000), 1, 1),
    ],
)
def test_units_that_can_not_be_of_the_text_are_not_read(numbers, n, n_paths):
    assert read_units(KEY, checked((0, 4, 0, 0, 0), 1, 1), 20) == (Unit(0, 4),)
    assert read_units(KEY, checked(numbers, n, n_paths), 20) is None


# Both tables


@pytest.fixture(params=["memory", "disk"])
def store(request, tmp_path):
    with SentenceStore(None if request.param == "memory" else tmp_path / "store") as opened:
        yield opened


def test_what_was_written_is_read(store):
    records = dict(record_of(number) for number in range(700))
    store.write(list(records.items()))
    assert len(store) == 700
    assert store.read([*records, OTHER]) == records
    assert store.read([]) == {}
    replaced = units_record((5).to_bytes(16, "big"), [Unit(1, 2)])
    store.write([((5).to_bytes(16, "big"), replaced)])
    assert len(store) == 700
    assert store.read([(5).to_bytes(16, "big")]) == {(5).to_bytes(16, "big"): replaced}


def test_a_closed_store_says_so(store):
    store.close()
    for call in (
        lambda: store.read([KEY]),
        lambda: store.write([record_of(1)]),
        lambda: len(store),
        store.size_bytes,
    ):
        with pytest.raises(ValueError, match=r"SentenceStore\(.* is closed: open it again"):
            call()
    store.close()


@pytest.mark.parametrize("place", ["memory", "disk"])
def test_the_size_stays_under_its_bound_and_the_newest_stay(place, tmp_path, caplog):
    bound = 1 << 20
    path = None if place == "memory" else tmp_path
    with SentenceStore(path, max_bytes=bound) as store:
        for first in range(0, 3_000, 20):
            store.write([record_of(number) for number in range(first, first + 20)])
            taken = store.size_bytes()
            if path:
                taken = sum(f.stat().st_size for f in path.iterdir() if f.name != FILE + "-shm")
            assert taken <= bound
    with SentenceStore(path, max_bytes=bound) as store:
        if path is None:
            store.write([record_of(number) for number in range(3_000)])
        found = store.read([record_of(number)[0] for number in range(3_000)])
    assert all(is_right(key, record) for key, record in found.items())
    numbers = sorted(int.from_bytes(key, "big") for key in found)
    assert numbers == list(range(3_000 - len(numbers), 3_000))
    assert len(numbers) * 2_000 > bound / 3
    if place == "disk":
        assert [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING] == [
            f"the sentence store {tmp_path} has reached max_bytes=1048576: its oldest entries make "
            "room"
        ]


def test_in_memory_what_was_used_longest_ago_goes_first():
    with SentenceStore(max_bytes=1 << 20) as store:
        first, second = record_of(0), record_of(1)
        store.write([first, second])
        for number in range(2, 2_000):
            store.write([record_of(number)])
            store.read([first[0]])
        assert store.read([first[0], second[0]]) == dict([first])


@pytest.mark.parametrize("place", ["memory", "disk"])
def test_a_record_larger_than_the_store_is_left_out(place, tmp_path):
    with SentenceStore(None if place == "memory" else tmp_path, max_bytes=1 << 20) as store:
        store.write([record_of(1), record_of(2, size=2 << 20), record_of(3)])
        assert len(store) == 2


# The table on disk


def test_it_is_there_the_next_time(tmp_path):
    key, record = record_of(7)
    with SentenceStore(tmp_path / "a" / "b") as store:
        store.write([(key, record)])
    with SentenceStore(str(tmp_path / "a" / "b"), dtype="int8") as store:
        assert store.read([key]) == {key: record}
        assert as_store(store) is store
    with pytest.raises(TypeError, match="a SentenceStore or a folder, got 7"):
        as_store(7)


def test_room_that_is_not_needed_any_more_is_given_back(tmp_path):
    with SentenceStore(tmp_path, max_bytes=16 << 20) as store:
        store.write([record_of(number) for number in range(3_000)])
        large = store.size_bytes()
    with SentenceStore(tmp_path, max_bytes=1 << 20) as store:
        store.write([record_of(3_000)])
        assert store.size_bytes() <= 1 << 20 < large
        assert store.read([record_of(3_000)[0]]) != {}


def copied(source, target, *, length=None, name=FILE):
    """The files of a store as a crash might leave them: one of them cut to `length`."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("*-shm"))
    if length is not None:
        os.truncate(target / name, length)
    return target


def found_in(folder):
    """What a store gives that was opened after a crash; None if it can't be opened."""
    try:
        with SentenceStore(folder) as store:
            return store.read([record_of(number)[0] for number in range(4)])
    except ValueError as error:
        assert "no sentence store, or is damaged" in str(error)  # noqa: PT017
        return None


def test_a_torn_write_is_noticed_wherever_it_was_torn(tmp_path):
    known = dict(record_of(number) for number in range(3))
    whole = dict(record_of(number) for number in range(4))
    store = SentenceStore(tmp_path / "store")
    store.write([record_of(number) for number in range(3)])
    connection = store._table._connection
    # A write as it stands when its process is killed: in the journal, and partly in the file.
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO records (key, record) VALUES (?, ?)", record_of(3))
    begun = copied(tmp_path / "store", tmp_path / "begun")
    connection.execute("PRAGMA cache_size=1")
    connection.executemany(
        "INSERT INTO records (key, record) VALUES (?, ?)", map(record_of, range(4, 200))
    )
    spilled = copied(tmp_path / "store", tmp_path / "spilled")
    connection.execute("ROLLBACK")
    store.close()
    assert (spilled / FILE).read_bytes() != (begun / FILE).read_bytes()
    journal = FILE + "-journal"
    for length in range(0, (begun / journal).stat().st_size, 487):
        torn = copied(begun, tmp_path / "torn", length=length, name=journal)
        assert found_in(torn) == known
    assert found_in(copied(spilled, tmp_path / "torn")) == known
    with SentenceStore(spilled) as again:  # and it can be written anew
        again.write([record_of(3)])
        assert again.read(list(whole)) == whole
        assert len(again) == 4


def test_a_file_that_was_cut_never_gives_a_wrong_record(tmp_path):
    with SentenceStore(tmp_path / "store") as store:
        store.write([record_of(number) for number in range(4)])
    size = (tmp_path / "store" / FILE).stat().st_size
    right = dict(record_of(number) for number in range(4))
    for length in range(1, size, 997):
        found = found_in(copied(tmp_path / "store", tmp_path / "cut", length=length))
        assert found is None or found.items() <= right.items()


def test_a_file_with_changed_bytes_never_gives_a_wrong_record(tmp_path):
    with SentenceStore(tmp_path / "store") as store:
        store.write([record_of(number) for number in range(4)])
    content = (tmp_path / "store" / FILE).read_bytes()
    target = tmp_path / "changed"
    lost = 0
    for position in range(100, len(content), 331):
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        changed = bytearray(content)
        changed[position] ^= 0x55
        (target / FILE).write_bytes(changed)
        for key, record in (found_in(target) or {}).items():
            if read_units(key, record, 1 << 31) is None:
                lost += 1
            else:
                assert (key, record) == record_of(int.from_bytes(key, "big"))
    assert lost  # some changes are noticed by nothing but the checksum


def test_damage_that_shows_later_costs_no_result(tmp_path, caplog):
    with SentenceStore(tmp_path) as store:
        store.write([record_of(number) for number in range(2_000)])
    content = bytearray((tmp_path / FILE).read_bytes())
    half = len(content) // 2 // 16_384 * 16_384
    content[half:] = b"\xff" * (len(content) - half)
    (tmp_path / FILE).write_bytes(content)
    with SentenceStore(tmp_path) as store:
        for _ in range(3):
            found = store.read([record_of(number)[0] for number in range(2_002)])
            store.write([record_of(2_001)])
        assert found.keys() == {record_of(2_001)[0]}
    assert all(is_right(key, record) for key, record in found.items())
    messages = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
    assert len(messages) == 1
    assert "is damaged (database disk image is malformed)" in messages[0]
    assert messages[0].endswith("is deleted and made anew")


WRITER = """
    import sys
    sys.path[:0] = {path!r}
    from test_store import record_of
    from recomp_core.store import SentenceStore
    with SentenceStore(sys.argv[1]) as store:
        print("ready", flush=True)
        for number in range(int(sys.argv[2]), int(sys.argv[3])):
            store.write([record_of(number)])
"""


def writer(folder, first, last):
    code = textwrap.dedent(WRITER).format(path=[str(Path(__file__).parents[1]), *sys.path])
    return subprocess.Popen(
        [sys.executable, "-c", code, str(folder), str(first), str(last)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_two_processes_write_at_once(tmp_path):
    # They also begin at once, in a folder that is not there.
    both = [writer(tmp_path / "store", 0, 300), writer(tmp_path / "store", 200, 500)]
    for process in both:
        _, errors = process.communicate(timeout=120)
        assert (process.returncode, errors) == (0, "")
    with SentenceStore(tmp_path / "store") as store:
        right = dict(record_of(number) for number in range(500))
        assert store.read(list(right)) == right
        assert len(store) == 500


def test_a_store_that_another_makes_while_this_one_looks_is_no_foreign_one(tmp_path, monkeypatch):
    others = []

    def number_then_wait(connection, pragma, number=disk_table.number):
        found = number(connection, pragma)
        if pragma == "user_version" and not others:
            others.append(threading.Thread(target=lambda: SentenceStore(tmp_path).close()))
            others[0].start()
            others[0].join(timeout=0.5)  # it is done by then, or waits until this one has looked
        return found

    monkeypatch.setattr(disk_table, "number", number_then_wait)
    with SentenceStore(tmp_path) as store:
        others[0].join()
        store.write([record_of(0)])
        assert len(store) == 1


def test_a_process_that_is_killed_while_it_writes_leaves_whole_records(tmp_path):
    process = writer(tmp_path, 0, 1_000_000)
    assert process.stdout.readline() == "ready\n"
    with SentenceStore(tmp_path) as store:
        while len(store) < 20:
            pass
        process.kill()
        process.communicate()
        n = len(store)
        right = dict(record_of(number) for number in range(n))
        assert store.read(list(right)) == right
        store.write([record_of(n)])
        assert len(store) == n + 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_has_a_connection_of_its_own(tmp_path):
    with SentenceStore(tmp_path) as store, SentenceStore() as memory:
        store.write([record_of(0)])
        memory.write([record_of(0)])
        store._table._lock.acquire()  # as another thread might at that moment
        memory._table._recent._lock.acquire()
        child = os.fork()
        if child == 0:
            status = 1
            try:
                keys = [record_of(0)[0]]
                store.write([record_of(1)])
                status = 0 if store.read(keys) == memory.read(keys) == dict([record_of(0)]) else 2
            finally:
                os._exit(status)
        store._table._lock.release()
        memory._table._recent._lock.release()
        assert os.waitpid(child, 0)[1] == 0
        store.write([record_of(2)])
        assert len(store) == 3


def test_in_another_process_it_is_the_same_folder_or_an_empty_memory(tmp_path):
    with SentenceStore(tmp_path, dtype="int8", max_bytes=5 << 20) as store:
        store.write([record_of(1)])
        again = pickle.loads(pickle.dumps(store))
        assert (again.path, again.dtype, again.max_bytes) == (tmp_path, "int8", 5 << 20)
        assert len(again) == 1
        again.close()
    with SentenceStore() as memory:
        memory.write([record_of(1)])
        assert len(pickle.loads(pickle.dumps(memory))) == 0


# What does not let itself be written, or is something else


def warnings_of(caplog):
    return [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]


@pytest.mark.parametrize("left_over", [False, True])
def test_a_folder_that_can_only_be_read_is_read(tmp_path, monkeypatch, caplog, left_over):
    folder = tmp_path / "store"
    with SentenceStore(folder) as store:
        store.write([record_of(1)])
    connect = sqlite3.connect

    def read_only(database, **settings):
        # What SQLite says of a file system that is mounted for reading; if a process ended early
        # and left its log, it says so until it is told that nothing changes.
        if "mode=rwc" in database or (left_over and "immutable" not in database):
            raise sqlite3.OperationalError("unable to open database file")
        return connect(database, **settings)

    monkeypatch.setattr(sqlite3, "connect", read_only)
    with SentenceStore(folder) as store:
        for number in (2, 3):
            assert store.read([record_of(1)[0]]) == dict([record_of(1)])
            store.write([record_of(number)])
        assert warnings_of(caplog) == [
            f"the sentence store {folder} can't be written, so nothing is kept: attempt to write a "
            "readonly database"
        ]
        with pytest.raises(OSError, match=r"can't be written \(attempt to write a readonly"):
            store.check_writable()
        assert len(store) == 1
        assert store.read([record_of(2)[0]]) == {}


def test_a_folder_that_can_not_be_made_holds_nothing(tmp_path, monkeypatch, caplog):
    def refuse(*_, **__):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with SentenceStore(tmp_path / "store") as store:
        store.write([record_of(1)])
        assert store.read([record_of(2)[0]]) == {}
        assert len(store) == 0
        with pytest.raises(OSError, match="Read-only file system"):
            store.check_writable()
    assert warnings_of(caplog) == [
        f"the sentence store {tmp_path / 'store'} can't be made: [Errno 30] Read-only file system"
    ]


def test_a_full_disk_costs_no_result(tmp_path, caplog):
    with SentenceStore(tmp_path) as store:
        store.write([record_of(0)])
        pages = store._table._connection.execute("PRAGMA page_count").fetchone()[0]
        # SQLite's own limit ends in the same error as a full disk.
        store._table._connection.execute(f"PRAGMA max_page_count={pages}")
        for first in (1, 101):
            store.write([record_of(number) for number in range(first, first + 100)])
            assert store.read([record_of(0)[0]]) == dict([record_of(0)])
        with pytest.raises(OSError, match="database or disk is full"):
            store.check_written()
        assert warnings_of(caplog) == [
            f"the sentence store {tmp_path} can't be written, so nothing is kept: database or disk "
            "is full"
        ]
        store._table._connection.execute(f"PRAGMA max_page_count={1 << 30}")
        store.write([record_of(1)])
        store.check_written()
        assert len(store) == 2


def test_what_is_no_store_is_refused(tmp_path):
    (tmp_path / "file").write_text("a")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(ValueError, match="can't be made .*: give a folder"):
            SentenceStore(path)
    (tmp_path / FILE).write_bytes(b"no data base at all, but long enough to be one" * 100)
    with pytest.raises(ValueError, match="is no sentence store, or is damaged"):
        SentenceStore(tmp_path)
    (tmp_path / FILE).unlink()
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.execute("CREATE TABLE mine (a)")
    connection.close()
    with pytest.raises(ValueError, match="is another program's data base"):
        SentenceStore(tmp_path)


def test_a_store_of_another_version_is_refused_by_name(tmp_path):
    SentenceStore(tmp_path).close()
    connection = sqlite3.connect(tmp_path / FILE)
    connection.execute("PRAGMA user_version=99")
    connection.close()
    with pytest.raises(ValueError, match="is of format 99, and this version of recomp .* format 1"):
        SentenceStore(tmp_path)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"dtype": "float8"}, ValueError, "dtype must be one of .*'int8'.* got 'float8'"),
        ({"max_bytes": 1000}, ValueError, "max_bytes must be at least 1048576, got 1000"),
        ({"max_bytes": 1e9}, TypeError, "max_bytes must be a whole number, got 1000000000.0"),
        ({"max_bytes": True}, TypeError, "max_bytes must be a whole number, got True"),
    ],
)
def test_settings_are_checked(settings, error, message):
    with pytest.raises(error, match=message):
        SentenceStore(**settings)


def test_it_says_what_it_is(tmp_path):
    with SentenceStore(tmp_path) as store, SentenceStore() as memory:
        assert repr(store) == f"SentenceStore('{tmp_path}', dtype='float16', max_bytes=10737418240)"
        assert repr(memory) == "SentenceStore(in memory, dtype='float16', max_bytes=268435456)"
        assert store  # an empty store is one too
