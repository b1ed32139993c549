"""Measures and baselines of other packages, as a package that pip installed would add them."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from recomp_core import ExtractiveCompressor, TopK
from recomp_core.evaluation import (
    Evaluation,
    Row,
    check_gates,
    compare,
    evaluate,
    plot_curves,
    points_table,
    summarize,
)
from recomp_core.evaluation.reports import report_page
from recomp_core.evaluation.reports.markdown import as_markdown

RECORDS = [
    {"id": "a", "query": "who built the tower", "answers": ["Ada"],
     "documents": ["The tower was built by Ada. It rains a lot.", "Bananas are yellow."]},
    {"id": "b", "query": "what are bananas", "answers": ["yellow"],
     "documents": ["Bananas are yellow. Nobody built them."]},
]  # fmt: skip
CODE = """
from recomp_core.evaluation import Measure
from recomp_core.evaluation.systems.base import FunctionSystem

WORDS = Measure(
    "words", "length", more="writes more words", less="writes fewer words",
    higher_is_better=False, unit="words", compute=lambda judged: len(judged.text.split()),
)
BREVITY = Measure(
    "brevity", "brevity", more="is briefer", less="is longer", chart="always",
    compute=lambda judged: 1 / (1 + len(judged.text)) if judged.text else None,
)
ECHOED = Measure(
    "echoed", "echoed", more="is echoed more", less="is echoed less", needs_reader=True,
    compute=lambda judged: judged.prediction in judged.text,
)
BROKEN = Measure("broken", "broken", more="", less="", compute=lambda judged: 1 / 0)


def last(argument):
    text = argument or "first"
    return FunctionSystem(lambda query, documents: documents[-1].text, {"last": text})
"""


def install(folder, monkeypatch, **measures):
    """A package with an entry point for each measure, and one for a baseline."""
    (folder / "added_things.py").write_text(CODE)
    info = folder / "added_things-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: added-things\nVersion: 1.0\n")
    lines = [f"{name} = added_things:{target}" for name, target in measures.items()]
    (info / "entry_points.txt").write_text(
        "\n".join(["[recomp.measures]", *lines, "[recomp.baselines]", "last = added_things:last"])
    )
    monkeypatch.syspath_prepend(folder)


@pytest.fixture(autouse=True)
def forget_the_package():
    yield
    sys.modules.pop("added_things", None)


class Echo:
    """A reader that answers the first word."""

    identity = {"reader": "echo"}

    def answer(self, queries, contexts):
        return [context.partition(" ")[0] for context in contexts]


def run(**settings):
    first = ExtractiveCompressor(lambda _, s: [-n for n in range(len(s))], selector=TopK(1))
    return evaluate(RECORDS, {"ours": first}, baselines=["none", "all"], points=(), **settings)


def test_a_measure_of_another_package_is_everywhere(tmp_path, monkeypatch):
    install(tmp_path, monkeypatch, words="WORDS", brevity="BREVITY", echoed="ECHOED")
    found = run(reader=Echo())
    ours, _ = found.of("ours")
    assert ours.text == "The tower was built by Ada.\nBananas are yellow."[: len(ours.text)]
    assert ours.extra == {
        "words": len(ours.text.split()), "brevity": 1 / (1 + len(ours.text)), "echoed": 1.0,
    }  # fmt: skip
    assert ours.value("words") == len(ours.text.split())
    assert found.of("none")[0].value("brevity") is None

    point = summarize(found)[0]
    assert point.means["words"].mean == sum(r.extra["words"] for r in found.of("ours")) / 2
    head = points_table(found).splitlines()[0]
    assert "| support % | empty % | brevity % | echoed % | length words | p50 s |" in head
    assert "brevity" in as_markdown(found)
    page = report_page(found)
    assert "Brevity by compression rate" in page
    assert "length words" in page

    verdict = compare(found, systems=("all", "ours"), measure="words")
    assert verdict.difference.mean < 0
    assert verdict.better == 1.0  # fewer is better
    (gate,) = check_gates(found, ["words<=3"], "none")
    assert (gate.passed, gate.found) == (True, 0.0)
    assert not check_gates(found, ["words<=3"], "all")[0].passed

    saved = found.save(tmp_path / "rows.jsonl")
    assert [r.extra for r in Evaluation.load(saved).rows] == [r.extra for r in found.rows]
    pytest.importorskip("matplotlib")
    assert plot_curves(found, measure="brevity") is not None
    with pytest.raises(ValueError, match="no curve of 'words'"):
        plot_curves(found, measure="words")


def test_rows_without_added_measures_are_written_as_ever():
    assert Row("q", "ours", f1=0.5).to_dict() == {"question": "q", "system": "ours", "f1": 0.5}
    assert "measures" not in run().about
    assert Row.from_dict({"question": "q", "system": "s"}).extra == {}
    assert hash(Row("q", "s")) == hash(Row("q", "s"))


def test_a_run_is_carried_on_only_with_the_same_measures(tmp_path, monkeypatch):
    run(output=tmp_path / "rows.jsonl")
    install(tmp_path, monkeypatch, words="WORDS")
    with pytest.raises(ValueError, match=r"other settings \(measures\)"):
        run(output=tmp_path / "rows.jsonl")


def test_a_measure_that_fails_is_noted_and_the_run_goes_on(tmp_path, monkeypatch):
    install(tmp_path, monkeypatch, broken="BROKEN", words="WORDS")
    row = run().of("ours")[0]
    assert row.error == ""
    assert row.note == "broken is not measured: ZeroDivisionError: division by zero"
    assert set(row.extra) == {"words"}


@pytest.mark.parametrize(
    ("registered", "error", "message"),
    [
        ({"words": "BREVITY"}, ValueError, "'brevity' is registered as 'words'"),
        ({"words": "last"}, TypeError, "'words' must be registered as .*Measure, got function"),
        ({"words": "GONE"}, ImportError, "'words' is registered as added_things:GONE"),
    ],
)
def test_a_wrong_registration_is_named(tmp_path, monkeypatch, registered, error, message):
    install(tmp_path, monkeypatch, **registered)
    with pytest.raises(error, match=message):
        run()


def test_ours_keep_their_names(tmp_path, monkeypatch):
    install(tmp_path, monkeypatch, f1="WORDS")
    assert run().of("ours")[0].extra == {}


def test_unknown_measures_are_refused_with_all_names(tmp_path, monkeypatch):
    install(tmp_path, monkeypatch, words="WORDS")
    row = replace(Row("q", "s"), extra={"gone": 1.0})
    with pytest.raises(ValueError, match="no measure 'gone': choose among rate, .*words"):
        row.value("gone")
    with pytest.raises(ValueError, match="no measure 'perplexity' of single rows"):
        row.value("perplexity")


def test_a_baseline_of_another_package(tmp_path, monkeypatch):
    install(tmp_path, monkeypatch)
    found = evaluate(RECORDS, {"f": lambda q, d: ""}, baselines=["last", "last:x"])
    assert found.systems == ("f", "last", "last:x")
    assert found.about["systems"]["last:x"] == {"last": "x", "settings": [""]}
    assert found.of("last")[0].text == "Bananas are yellow."


@pytest.mark.model
def test_the_command_knows_them(tmp_path, monkeypatch):
    from tiny_bert import save_contriever_style

    install(tmp_path, monkeypatch, words="WORDS")
    questions = tmp_path / "questions.jsonl"
    questions.write_text("".join(json.dumps(record) + "\n" for record in RECORDS))
    encoder = save_contriever_style(tmp_path / "encoder")
    done = subprocess.run(
        [sys.executable, "-m", "recomp_core", "evaluate", str(questions), "-m", f"tiny={encoder}",
         "--baselines", "none,last", "--json", "--fail-under", "words<=1"],
        capture_output=True, cwd=tmp_path, check=False, timeout=300, encoding="utf-8",
        env={"PYTHONPATH": str(tmp_path), "PATH": "", "HF_HUB_OFFLINE": "1"},
    )  # fmt: skip
    assert done.returncode == 4, done.stderr
    last = json.loads(done.stdout)["points"][-1]
    assert (last["system"], last["means"]["words"]["mean"]) == ("last", 4.5)
    assert "FAILED: words<=1 of tiny" in done.stderr
