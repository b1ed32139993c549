"""What the code before the move into rooms saved still opens, and what it began is carried on.

`tests/fixtures/before_move/make_fixtures.py` made the files with that code, commit 33075c6.
"""

import json
import math
import shutil
from dataclasses import asdict
from pathlib import Path

import pytest

from recomp_core import (
    AbstractiveCompressor,
    Document,
    ExtractiveCompressor,
    SentenceSplitter,
    TopK,
    load_compressor,
)
from recomp_core.labelling import AnswerRequest, AnswerScore, Capabilities, Kind, Meter

FIXTURES = Path(__file__).parents[1] / "fixtures" / "before_move"
EXPECTED = json.loads((FIXTURES / "expected.json").read_text(encoding="utf-8"))

pytestmark = pytest.mark.model


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """A copy of all fixtures, as the current folder: what is carried on is written to."""
    place = tmp_path / "place"
    shutil.copytree(FIXTURES, place, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    monkeypatch.chdir(place)
    return place


def same(found, expected, tolerance=1e-4):
    """Whether two JSON values are equal, numbers up to rounding."""
    if isinstance(expected, dict):
        return found.keys() == expected.keys() and all(
            same(found[key], value, tolerance) for key, value in expected.items()
        )
    if isinstance(expected, (list, tuple)):
        return len(found) == len(expected) and all(
            same(one, other, tolerance) for one, other in zip(found, expected, strict=True)
        )
    if isinstance(expected, float):
        return math.isclose(found, expected, abs_tol=tolerance)
    return found == expected


def never(*_, **__):
    raise AssertionError("it was made again")


def lines(path):
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]


def is_torn(path):
    return not Path(path).read_bytes().endswith(b"\n")


def check_compressed(compressor, expected, tolerance=1e-4):
    asked = EXPECTED["extractive"]
    documents = [Document(d["text"], title=d["title"]) for d in asked["documents"]]
    result = compressor.compress(asked["query"], documents)
    assert (result.text, result.outcome.value) == (expected["text"], expected["outcome"])
    for name in ("kept", "dropped"):
        found = [[s.doc_index, s.start, s.end, s.score] for s in getattr(result, name)]
        assert same(found, expected[name], tolerance), (found, expected[name])


BACKENDS = ("torch", "onnx")


def needs(backend):
    if backend == "onnx":
        pytest.importorskip("onnxruntime")
        pytest.importorskip("onnx")


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_extractive_compressor(backend):
    needs(backend)
    expected = EXPECTED["extractive"]
    compressor = load_compressor("extractive", device="cpu", backend=backend)
    assert compressor.scorer.context == expected["context"]
    assert compressor.scorer.similarity_fn_name == expected["similarity_fn_name"]
    assert compressor.selector == TopK(expected["top_k"])
    assert compressor.splitter == SentenceSplitter(expected["lang"])
    layout = compressor.layout
    assert [layout.separator, layout.elision, layout.document_separator] == expected["layout"]
    assert compressor.expand == tuple(expected["expand"])
    assert compressor.scorer.encoder.batch_size == expected["batch_size"]
    check_compressed(compressor, expected)


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_adapter_on_it(backend):
    needs(backend)
    check_compressed(load_compressor("adapter", device="cpu", backend=backend), EXPECTED["adapter"])


def test_a_calibration():
    from recomp_core.evaluation.calibration import Calibration, load_calibration

    expected = EXPECTED["calibrated"]
    found = load_calibration("calibrated")
    assert found == Calibration.from_dict(expected["calibration"])
    assert found.to_dict() == expected["calibration"]
    compressor = load_compressor("calibrated", device="cpu")
    assert compressor.selector == found.selector()
    assert [compressor.selector.p, compressor.selector.temperature] == expected["top_p"]
    check_compressed(compressor, expected)


def test_an_abstractive_compressor():
    expected = EXPECTED["abstractive"]
    compressor = load_compressor("abstractive", device="cpu")
    assert isinstance(compressor, AbstractiveCompressor)
    assert compressor.prompt.template == expected["prompt"]
    assert compressor.titles == expected["titles"]
    assert asdict(compressor.summarizer.settings) == expected["generation"]
    result = compressor.compress(expected["query"], expected["documents"])
    assert (result.text, result.outcome.value) == (expected["text"], expected["outcome"])
    assert list(result.sources) == expected["sources"]


def test_a_sentence_store(monkeypatch):
    """It opens, and what it lacks is added once.

    Its spans know neither kinds nor paths, and its vectors were made when an encoder read neither
    paths nor more than its window: both are made again.
    """
    needs("onnx")
    from recomp_core.store import SentenceStore
    from recomp_core.store.keys import encoder_identity

    expected = EXPECTED["store"]
    with SentenceStore("store") as store:
        assert len(store) == expected["entries"]
        compressor = load_compressor("extractive", device="cpu", backend="onnx", store=store)
        encoder = compressor.scorer.encoder
        assert encoder_identity(encoder) == expected["encoder_identity"]
        check_compressed(compressor, expected)
        assert compressor.scorer.passages.encoded > 0
        assert len(store) == 2 * expected["entries"]
    monkeypatch.setattr(SentenceSplitter, "units", never)
    with SentenceStore("store") as store:
        compressor = load_compressor("extractive", device="cpu", backend="onnx", store=store)
        monkeypatch.setattr(compressor.scorer.encoder, "encode_sentences", never)
        check_compressed(compressor, expected)
        assert compressor.scorer.passages.encoded == 0


def test_a_graph_that_was_kept(place, monkeypatch):
    needs("onnx")
    from recomp_core.models.encoders import onnx_encoder

    expected = EXPECTED["onnx"]
    monkeypatch.setenv("HF_HOME", str(place / "onnx_cache"))
    monkeypatch.setattr(onnx_encoder, "build_graph", never)
    compressor = load_compressor("extractive", device="cpu", backend="onnx")
    assert compressor.scorer.encoder._key() == expected["key"]
    check_compressed(compressor, expected)
    (file,) = (place / "onnx_cache").rglob("*.onnx")
    assert file.relative_to(place / "onnx_cache").as_posix() == expected["file"]


class TableScorer:
    """As that of `labelling_fakes`."""

    identity = {"scorer": "table"}
    kind = Kind.EXACT

    def __init__(self, table, default):
        self.table, self.default = table, default
        self.meter = Meter()
        self.asked = []

    def capabilities(self):
        return Capabilities(True, self.kind, "a table")

    def score(self, requests):
        return [self._one(request) for request in requests]

    def score_each(self, requests):
        return enumerate(self.score(requests))

    def _one(self, request):
        self.asked.append(request.context)
        found = self.table.get(request.context, self.default)
        return AnswerScore(found, 1, self.kind, request.answers[0])


def test_a_cache_of_results():
    from recomp_core.labelling import (
        CachedScorer,
        CachedTeacher,
        ResultCache,
        TeacherLicence,
        TeacherRequest,
    )
    from recomp_core.prompts import TEACHER_PROMPTS

    class WrittenTeacher:
        name = "written"
        identity = {"teacher": "written"}
        prompts = TEACHER_PROMPTS
        licence = TeacherLicence.unknown("written")

        def write_each(self, requests):
            raise AssertionError("the teacher was asked")

    expected = EXPECTED["label_cache"]
    with ResultCache("label_cache.sqlite") as cache:
        assert len(cache) == expected["entries"]
        inner = TableScorer({}, 0.0)
        assert inner.identity == expected["scorer_identity"]
        scorer = CachedScorer(inner, cache)
        found = scorer.score([AnswerRequest(q, c, (a,)) for q, c, a in expected["requests"]])
        assert [score.to_dict() for score in found] == expected["scores"]
        assert (scorer.hits, scorer.misses, inner.asked) == (len(found), 0, [])
        teacher = CachedTeacher(WrittenTeacher(), cache)
        assert teacher.identity == expected["teacher_identity"]
        prompt = teacher.prompts[expected["teacher_prompt"]]
        asked = TeacherRequest("who built it?", (Document("Ada built it."),), ("Ada",), prompt)
        assert teacher.write([asked]) == [expected["summary"]]
        assert (teacher.hits, teacher.misses) == (1, 0)
        assert sorted(cache.get_many(expected["keys"])) == expected["keys"]


class SplitsAsBefore:
    """These documents are split as they were then."""

    def __init__(self, lang):
        self.lang = lang

    def __repr__(self):
        return f"SentenceSplitter(lang={self.lang!r})"

    def split(self, text):
        return SentenceSplitter(self.lang).split(text)


@pytest.mark.parametrize("kind", ["contrastive", "distillation"])
def test_a_run_of_labels_is_not_mixed_with_sentences_of_other_rules(kind):
    from recomp_core.labelling import (
        ExtractiveTeacher,
        build_contrastive_examples,
        build_distillation_examples,
    )

    folder = Path("labels") / kind
    scorer = TableScorer({}, EXPECTED["labels"]["others"])
    if kind == "contrastive":
        build, parts = build_contrastive_examples, (scorer, load_compressor("extractive"))
    else:
        teacher = ExtractiveTeacher(scorer, max_sentences=1)
        build, parts = build_distillation_examples, (teacher, None, scorer)
    with pytest.raises(ValueError, match=r"made in another way \((splitter|teacher) differ\)"):
        build("questions.jsonl", *parts, output=folder)
    assert scorer.asked == []


@pytest.mark.parametrize("kind", ["contrastive", "distillation"])
def test_a_run_of_labels_is_carried_on(kind):
    from recomp_core.labelling import (
        ExtractiveTeacher,
        build_contrastive_examples,
        build_distillation_examples,
    )

    expected = EXPECTED["labels"][kind]
    folder = Path("labels") / kind
    assert is_torn(folder / "parts.jsonl")
    scorer = TableScorer(EXPECTED["labels"]["table"], EXPECTED["labels"]["others"])
    if kind == "contrastive":
        encoder = load_compressor("extractive", device="cpu")
        encoder.splitter = SplitsAsBefore("en")
        labels = build_contrastive_examples("questions.jsonl", scorer, encoder, output=folder)
    else:
        teacher = ExtractiveTeacher(scorer, max_sentences=1, splitter=SplitsAsBefore(None))
        labels = build_distillation_examples(
            "questions.jsonl", teacher, None, scorer, output=folder
        )
    assert (labels.report.questions, labels.report.done_before) == (5, 2)
    for name in ("examples", "unhelpful", "failed"):
        assert same(lines(folder / f"{name}.jsonl"), expected[name], 1e-3), name
    assert scorer.asked == expected["asked_when_resumed"]
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert (run["identity"], run["date"]) == (expected["identity"], expected["date"])


ASKED = []


def shared_words(query, sentences):
    """By this name the run knows it."""
    ASKED.append(query)
    wanted = set(query.lower().split())
    return [float(len(wanted & set(s.lower().strip(".!?").split()))) for s in sentences]


class LastWords:
    identity = {"reader": "last words"}

    def answer(self, questions, contexts):
        return [(context.rstrip(".").split() or ["nothing"])[-1] for context in contexts]


class Echo:
    max_input_tokens = None

    def count_tokens(self, text):
        return len(text.split())

    def truncate(self, text, max_tokens):
        return " ".join(text.split()[:max_tokens])

    def summarize(self, prompts):
        return [prompt.split("Document: ")[1].partition(".")[0] + "." for prompt in prompts]

    def stream(self, prompt):
        yield from self.summarize([prompt])


def systems(name):
    # What was off then decides what is kept, and is part of what the run knows of its systems.
    words = ExtractiveCompressor(shared_words, selector=TopK(1), outline="none", titles=False)
    if name == "words":
        return {"words": words, "echo": AbstractiveCompressor(Echo())}
    if name == "models":
        return {kind: load_compressor(kind, device="cpu") for kind in ("extractive", "abstractive")}
    pytest.importorskip("langchain_core")
    pytest.importorskip("llama_index.core")
    from langchain_recomp import RecompDocumentCompressor
    from llamaindex_recomp import RecompNodePostprocessor

    return {
        "langchain": RecompDocumentCompressor(compressor=words),
        "llamaindex": RecompNodePostprocessor(compressor=words),
    }


@pytest.mark.parametrize(
    ("name", "baselines"), [("words", ["all", "oracle"]), ("models", ["none"]), ("frameworks", [])]
)
def test_a_run_of_an_evaluation_is_carried_on(name, baselines):
    from recomp_core.evaluation import Evaluation, evaluate

    expected = EXPECTED["evaluation"][name]
    output = Path("evaluation") / f"{name}.jsonl"
    begun = Evaluation.load(output)
    assert (is_torn(output), list(begun.questions)) == (True, ["q0", "q1"])
    ASKED.clear()
    found = evaluate(
        "questions.jsonl", systems(name), baselines=baselines, points=[TopK(2)], batch_questions=1,
        seed=7, reader=LastWords() if name == "words" else None, output=output,
    )  # fmt: skip
    assert found.about["settings"] == expected["settings"]
    assert found.about["date"] == begun.about["date"]
    # What was done is not done again.
    assert [row for row in found.rows if row.question in ("q0", "q1")] == list(begun.rows)
    assert not {"who built the tower", "what are bananas"} & set(ASKED)
    rows = [
        {key: getattr(row, key) for key in expected_row}
        for row, expected_row in zip(found.rows, expected["rows"], strict=True)
    ]
    assert rows == expected["rows"]
    again = Evaluation.load(output)
    assert (again.rows, list(again.questions)) == (found.rows, list(found.questions))


def test_records_are_carried_on():
    from typer.testing import CliRunner

    from recomp_core.cli.main import app

    expected = EXPECTED["records"]
    assert is_torn("compressed.jsonl")
    before = Path("compressed.jsonl").read_bytes().splitlines()[:2]
    done = CliRunner().invoke(app, expected["arguments"])
    assert done.exit_code == 0, done.output
    assert expected["told_when_resumed"] in done.stderr
    assert same(lines("compressed.jsonl"), expected["lines"])
    assert Path("compressed.jsonl").read_bytes().splitlines()[:2] == before


def test_what_was_retrieved_is_not_looked_for_again():
    from recomp_core.data.retrieval import retrieve_once
    from recomp_core.labelling import read_questions

    expected = EXPECTED["retrieved"]
    asked = []

    def find(query):
        asked.append(query)
        topic = query.split()[-1]
        return [
            {"text": expected["shelf"][topic], "title": topic, "id": f"{topic}-1", "page": 3},
            Document("An old ledger."),
            "Never kept.",
        ]

    assert is_torn("retrieved.jsonl")
    questions = read_questions(expected["records"])
    kept = Path("retrieved.jsonl")
    found = list(retrieve_once(questions, find, kept, top_k=expected["top_k"]))
    assert [json.loads(json.dumps(q.to_dict())) for q in found] == expected["questions"]
    assert asked == expected["asked_when_resumed"]
    assert len(lines("retrieved.jsonl")) == 3


def moved_here(folder, base):
    """A run names its base by its path, and it lies elsewhere now."""
    file = Path(folder) / "run.json"
    run = json.loads(file.read_text(encoding="utf-8"))
    assert run["base"] == base
    file.write_text(json.dumps({**run, "base": str(Path(base).absolute())}), encoding="utf-8")


@pytest.fixture
def one_thread():
    """Sums are always added in the same order."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def test_an_extractive_training_is_carried_on(one_thread):
    for library in ("accelerate", "datasets", "peft"):
        pytest.importorskip(library)
    from recomp_core.training import train_extractive

    expected = EXPECTED["extractive_training"]
    logged = lines("trained.run/log.jsonl")
    moved_here("trained.run", "extractive")
    given = {"base": "extractive", "output": "trained", **expected["settings"]}
    with pytest.raises(ValueError, match=r"holds another run \(other seed\)"):
        train_extractive("contrastive.jsonl", **{**given, "seed": 1})
    result = train_extractive("contrastive.jsonl", **given)
    assert result.steps == expected["steps"]
    assert list(result.history[: len(logged)]) == logged  # not trained again
    losses = [row["loss"] for row in result.history if "loss" in row]
    assert losses == pytest.approx(expected["losses"], abs=1e-3)
    check_compressed(load_compressor("trained", device="cpu"), expected, 1e-2)


def test_an_abstractive_training_is_carried_on(one_thread):
    """No checkpoint is there: what is seen is that the run's settings and data are still its own."""
    for library in ("accelerate", "datasets"):
        pytest.importorskip(library)
    from recomp_core.training import train_abstractive

    expected = EXPECTED["abstractive_training"]
    moved_here("writer.run", "abstractive")
    given = {"base": "abstractive", "output": "writer", **expected["settings"]}
    with pytest.raises(ValueError, match=r"holds another run \(other seed\)"):
        train_abstractive("distillation.jsonl", **{**given, "seed": 1})
    result = train_abstractive("distillation.jsonl", **given)
    assert result.steps == expected["steps"]


def test_nothing_names_the_machine_it_was_made_on():
    for file in Path().rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert not any(there in content for there in (b"/tmp/", b"/home/", b"/root/")), file
