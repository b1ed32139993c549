"""Caches of results that others changed: refused when opened, or asked for again."""

import os
import sqlite3

import pytest

from recomp_core.labelling.scorers.cache import ResultCache

ENDLESS = "WITH RECURSIVE t(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM t) SELECT x"


def change(path, *statements):
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()


@pytest.fixture
def path(tmp_path):
    with ResultCache(tmp_path / "cache.sqlite") as cache:
        cache.put("a", {"value": 1})
    return tmp_path / "cache.sqlite"


@pytest.mark.parametrize(
    "statements",
    [
        ["DROP TABLE results", f"CREATE VIEW results AS {ENDLESS} AS key, x AS value FROM t"],
        ["CREATE TRIGGER t AFTER INSERT ON results BEGIN DELETE FROM results; END"],
        ["CREATE TABLE more (a)"],
        ["ALTER TABLE results ADD COLUMN more AS (hex(value))"],
    ],
    ids=range(4),
)
def test_a_cache_that_declares_anything_else_is_refused(path, statements):
    change(path, *statements)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="is no cache of results .it declares other tables"):
        ResultCache(path)
    assert path.read_bytes() == before  # what it cost is not thrown away


@pytest.mark.parametrize(
    "value", ["x'00'", "'{'", "'[' || hex(zeroblob(9))", "CAST(x'ff' AS TEXT)"]
)
def test_a_value_that_is_none_is_not_there(path, value):
    change(path, f"UPDATE results SET value = {value}")
    with ResultCache(path) as cache:
        assert cache.get_many(["a"]) == {}
        cache.put("a", 2)
        assert cache.get_many(["a"]) == {"a": 2}


def test_values_come_back_equal(path):
    odd = ["\ud83d\ude00", float("inf"), {"strict": 1}, {"a": ["\ude00"]}, "\\ud83d", None]
    with ResultCache(path) as cache:
        for number, value in enumerate(odd):
            cache.put(str(number), value)
        assert cache.get_many(map(str, range(9))) == dict(zip("012345", odd, strict=True))


@pytest.mark.parametrize("length", [0, 100, 4096])
def test_a_cache_that_is_cut_while_it_is_open_says_so(path, length):
    with ResultCache(path) as cache:
        assert [file.name for file in path.parent.iterdir()] == [path.name]  # nothing is mapped
        os.truncate(path, length)
        for _ in range(2):
            with pytest.raises(OSError, match="delete it or give another file"):
                cache.put("a", 1)


def test_what_is_no_plain_file_is_refused(path, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(path)
    for file in (link, tmp_path):
        with pytest.raises(ValueError, match="is no plain file"):
            ResultCache(file)
