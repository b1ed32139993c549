"""Files below allowed folders, and what tries to get out of them."""

import os
import threading

import pytest

from recomp_core.mcp_server.files import AllowedFiles


@pytest.fixture
def home(tmp_path):
    """docs/a.md, docs/sub/b.txt, and beside docs what nobody may read."""
    docs = tmp_path / "docs"
    (docs / "sub").mkdir(parents=True)
    (docs / "a.md").write_text("The tower.", "utf-8")
    (docs / "sub" / "b.txt").write_text("Bread.", "utf-8")
    (docs / ".env").write_text("KEY=1", "utf-8")
    (docs / ".git").mkdir()
    (docs / ".git" / "config").write_text("secret", "utf-8")
    (tmp_path / "secret.txt").write_text("secret", "utf-8")
    (tmp_path / "docs2").mkdir()
    (tmp_path / "docs2" / "c.txt").write_text("secret", "utf-8")
    return tmp_path


def read(home, *paths, roots=("docs",), **limits):
    files = AllowedFiles([home / root for root in roots], **limits)
    return [(document.id, document.text) for document in files.read(paths)]


def test_files_below_a_root(home):
    absolute = str(home / "docs" / "sub" / "b.txt")
    assert read(home, "a.md", absolute, "sub/../a.md") == [
        ("a.md", "The tower."), (absolute, "Bread."), ("sub/../a.md", "The tower."),
    ]  # fmt: skip
    assert read(home) == []


def test_the_first_root_that_has_a_file_gives_it(home):
    assert read(home, "c.txt", "a.md", roots=("docs", "docs2")) == [
        ("c.txt", "secret"), ("a.md", "The tower."),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "path",
    [
        "../secret.txt", "sub/../../secret.txt", "../docs2/c.txt", "/etc/passwd", "nothing.md",
        "a.md/x", "~/.bashrc", "out/c.txt", "link.txt", "loop", "x" * 5_000,
    ],
)  # fmt: skip
def test_what_is_elsewhere_is_not_there(path, home):
    (home / "docs" / "link.txt").symlink_to(home / "secret.txt")
    (home / "docs" / "out").symlink_to(home / "docs2")
    (home / "docs" / "loop").symlink_to(home / "docs" / "loop")
    for given in (path, str(home / "docs" / path)):
        with pytest.raises(ValueError, match="there is no file") as error:
            read(home, given)
        assert "secret" not in str(error.value).replace("secret.txt", "")


def test_a_link_within_the_root_is_followed(home):
    (home / "docs" / "link.md").symlink_to(home / "docs" / "a.md")
    (home / "linked").symlink_to(home / "docs")
    assert read(home, "link.md") == [("link.md", "The tower.")]
    assert (
        read(home, "a.md", str(home / "linked" / "a.md"), roots=("linked",))[1][1] == "The tower."
    )


@pytest.mark.parametrize("path", [".env", ".git/config", "sub/../.env", "visible.md", ".link.md"])
def test_hidden_files_are_refused(path, home):
    (home / "docs" / "visible.md").symlink_to(home / "docs" / ".env")
    (home / "docs" / ".link.md").symlink_to(home / "docs" / "a.md")
    for given in (path, str(home / "docs" / path)):
        with pytest.raises(ValueError, match="hidden"):
            read(home, given)


def test_a_root_may_be_hidden_itself(home):
    assert read(home, "config", str(home / "docs" / ".git" / "config"), roots=("docs/.git",))
    assert read(home, str(home / "docs" / ".git" / "config"), roots=("docs", "docs/.git"))


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"a\0b", "binary"), (b"\xff\xfe", "UTF-8"), ("é".encode("latin-1"), "UTF-8")],
)
def test_only_text_is_read(content, says, home):
    (home / "docs" / "data").write_bytes(content)
    with pytest.raises(ValueError, match=says):
        read(home, "data")


def test_a_byte_order_mark_is_no_text(home):
    (home / "docs" / "bom.txt").write_bytes("\ufeffTower.".encode())
    assert read(home, "bom.txt") == [("bom.txt", "Tower.")]


@pytest.mark.parametrize("path", ["", " ", "a\0.md"])
def test_no_path(path, home):
    with pytest.raises(ValueError, match="is no path"):
        read(home, path)


def test_a_folder_says_what_is_in_it(home):
    with pytest.raises(ValueError, match=r"'\.' is a folder: give its files \(a\.md\)"):
        read(home, ".")
    for number in range(30):
        (home / "docs" / "sub" / f"{number:02}.txt").touch()
    with pytest.raises(ValueError, match=r"\(00\.txt, .*19\.txt, …\)"):
        read(home, "sub")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes in the file system")
def test_a_pipe_is_not_waited_for(home):
    os.mkfifo(home / "docs" / "pipe")
    errors = []

    def attempt():
        with pytest.raises(ValueError, match="is no file") as error:
            read(home, "pipe")
        errors.append(error)

    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(30)
    assert len(errors) == 1


def test_sizes_are_bounded(home):
    (home / "docs" / "long.txt").write_text("x" * 100, "utf-8")
    assert read(home, "long.txt", max_bytes=100)
    with pytest.raises(ValueError, match="'long.txt' is too large: one file may have 99 bytes"):
        read(home, "long.txt", max_bytes=99)
    with pytest.raises(ValueError, match="all files of one call 150"):
        read(home, "long.txt", "long.txt", max_bytes=100, max_total_bytes=150)
    with pytest.raises(ValueError, match="2 paths are more than the 1"):
        read(home, "a.md", "a.md", max_files=1)


def test_a_link_that_is_exchanged_meanwhile_leads_nowhere(home, monkeypatch):
    opens = os.open

    def exchange_and_open(path, flags, *args, **kwargs):
        if str(path).endswith("a.md"):
            os.unlink(path)
            os.symlink(home / "secret.txt", path)
        return opens(path, flags, *args, **kwargs)

    monkeypatch.setattr(os, "open", exchange_and_open)
    with pytest.raises(ValueError):
        read(home, "a.md")


def test_a_folder_that_is_exchanged_meanwhile_leads_nowhere(home, monkeypatch):
    opens = os.open
    (home / "other").mkdir()
    (home / "other" / "b.txt").write_text("secret", "utf-8")

    def exchange_and_open(path, flags, *args, **kwargs):
        if str(path).endswith("b.txt"):
            (home / "docs" / "sub").rename(home / "moved")
            (home / "docs" / "sub").symlink_to(home / "other")
        return opens(path, flags, *args, **kwargs)

    monkeypatch.setattr(os, "open", exchange_and_open)
    with pytest.raises(ValueError, match="no file"):
        read(home, "sub/b.txt")


def test_roots_must_be_folders(home):
    with pytest.raises(ValueError, match="no folder is allowed"):
        AllowedFiles([])
    with pytest.raises(ValueError, match="a.md is no folder"):
        AllowedFiles([home / "docs" / "a.md"])
    with pytest.raises(ValueError, match="max_bytes"):
        AllowedFiles([home], max_bytes=0)
