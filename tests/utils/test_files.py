"""Files and folders that appear whole or not at all, whenever the process is killed."""

import multiprocessing
import os
import signal

import pytest

from recomp_core._utils import files
from recomp_core._utils.files import replaced_file, restore_folder, staged_folder, write_text

needs_locks = pytest.mark.skipif(os.name == "nt", reason="Windows has no such locks")


def write(folder, text):
    with staged_folder(folder, replace=True) as staging:
        for n in range(3):
            (staging / f"{n}.txt").write_text(text)


def content(folder):
    return {file.name: file.read_text() for file in folder.iterdir()}


def hidden(folder):
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


def killed(act, *arguments):
    """Run something in a process of its own that kills itself."""
    process = multiprocessing.get_context("fork").Process(target=act, args=arguments)
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL


def kill_at(name, number):
    """Kill this process at the call with this number, from 0, of a method of paths."""
    from pathlib import Path

    whole, calls = getattr(Path, name), iter(range(number))

    def call(self, *arguments):
        if next(calls, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)
        return whole(self, *arguments)

    setattr(Path, name, call)


def write_and_die(folder, number, exchanges):
    kill_at("rename", number)
    if not exchanges:
        files._exchanged = lambda *_: False  # this process is about to die
    write(folder, "new")


# Without an exchange in one step there are three renames: the old away, the new in, the old out of
# sight. With one there is only the last.
@needs_locks
@pytest.mark.parametrize(("exchanges", "renames"), [(False, 0), (False, 1), (False, 2), (True, 0)])
def test_a_kill_at_any_rename_leaves_the_old_or_the_new_folder(tmp_path, exchanges, renames):
    folder = tmp_path / "saved"
    write(folder, "old")
    killed(write_and_die, folder, renames, exchanges)
    assert folder.exists() == (exchanges or renames != 1)
    restore_folder(folder)
    assert set(content(folder).values()) == {"new" if exchanges or renames == 2 else "old"}
    assert len(content(folder)) == 3
    write(folder, "newest")
    assert set(content(folder).values()) == {"newest"}
    assert hidden(tmp_path) == []


@needs_locks
def test_what_a_living_process_writes_is_left_alone(tmp_path):
    folder = tmp_path / "saved"
    with staged_folder(folder, replace=True) as mine:
        (mine / "0.txt").write_text("mine")
        write(folder, "theirs")
        assert (mine / "0.txt").exists()
        assert set(content(folder).values()) == {"theirs"}
    assert content(folder) == {"0.txt": "mine"}
    assert hidden(tmp_path) == []


def test_a_folder_that_fails_leaves_the_old_one(tmp_path):
    folder = tmp_path / "saved"
    write(folder, "old")
    with pytest.raises(RuntimeError), staged_folder(folder, replace=True):
        raise RuntimeError
    assert set(content(folder).values()) == {"old"}
    assert hidden(tmp_path) == []


def test_a_link_to_a_folder_stays_a_link(tmp_path):
    write(tmp_path / "saved", "old")
    (tmp_path / "link").symlink_to(tmp_path / "saved")
    write(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert set(content(tmp_path / "saved").values()) == {"new"}


def replace_and_die(path):
    with replaced_file(path) as sink:
        sink.write(b"new")
        sink.flush()
        os.kill(os.getpid(), signal.SIGKILL)


@needs_locks
def test_a_half_written_file_is_removed_by_the_next_write(tmp_path):
    path = tmp_path / "a.json"
    write_text(path, "old")
    killed(replace_and_die, path)
    assert path.read_text() == "old"
    assert len(hidden(tmp_path)) == 1
    with replaced_file(path) as sink:
        write_text(path, "theirs")  # another one, meanwhile
        sink.write(b"mine")
    assert path.read_text() == "mine"
    assert hidden(tmp_path) == []


@pytest.mark.parametrize("name", ["x" * 300, "a\0b", "", "..", "[a-z]*"])
def test_odd_names_are_not_restored(tmp_path, name):
    restore_folder(tmp_path / name)
    assert hidden(tmp_path) == []
