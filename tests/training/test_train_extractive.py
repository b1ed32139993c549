"""`train_extractive` on a BERT of a few thousand weights."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tiny_bert import save_contriever_style
from training_kill import kill_while_training

pytest.importorskip("accelerate", reason='needs pip install "recomp[train]"')
pytest.importorskip("datasets", reason='needs pip install "recomp[train]"')

from recomp_core import load_compressor
from recomp_core.training import TrainingPlan, read_contrastive, train_extractive
from recomp_core.training.evaluation import recall_at_rate

pytestmark = pytest.mark.model

# What a question is about, and the word that answers it: no word in common.
ANSWERS = {"bob": "paris", "tower": "yellow", "bananas": "built", "who": "in"}
FILLERS = ("the", "was", "by", "are", "query", "s")
SHORT = {"precision": "float32", "evals": 2, "device": "cpu", "max_tokens": 32, "dropout": False}


def records(n, seed=5):
    """Two documents of two sentences each; which one is right can only be learned."""
    drawn = random.Random(seed)
    rows = []
    for _ in range(n):
        topic = drawn.choice(list(ANSWERS))
        words = [topic, *drawn.choices(FILLERS, k=4)]
        drawn.shuffle(words)
        keys = drawn.sample(list(ANSWERS.values()), 4)
        texts = [" ".join([drawn.choice(FILLERS), key, drawn.choice(FILLERS), "."]) for key in keys]
        documents = [
            {"text": f"{texts[n]} {texts[n + 1]}", "title": drawn.choice(FILLERS)} for n in (0, 2)
        ]
        candidates = []
        for number, text in enumerate(texts):
            start = 0 if number % 2 == 0 else len(texts[number - 1]) + 1
            score = -0.1 if keys[number] == ANSWERS[topic] else -4.0
            candidates.append(
                {"doc_index": number // 2, "start": start, "end": start + len(text), "score": score}
            )
        right = keys.index(ANSWERS[topic])
        rows.append(
            {
                "query": " ".join(words) + " ?",
                "documents": documents,
                "answers": [ANSWERS[topic]],
                "kind": "exact",
                "candidates": candidates,
                "positive": candidates[right],
                "negatives": [c for c in candidates if c is not candidates[right]],
            }
        )
    return rows


def weights(folder):
    from safetensors.torch import load_file

    return load_file(Path(folder) / "model.safetensors")


def assert_same_weights(one, other):
    one, other = weights(one), weights(other)
    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_allclose(one[name], other[name], atol=1e-6, err_msg=name)


def recall(folder, rows, **changed):
    """The figures of a folder, as whoever loads it gets them."""
    scorer = load_compressor(folder, device="cpu", **changed).scorer
    return recall_at_rate(
        scorer.encoder, read_contrastive(rows).examples, context=scorer.context,
        similarity_fn_name=scorer.similarity_fn_name, rate=0.1,
    )  # fmt: skip


def scores(folder):
    compressor = load_compressor(folder, device="cpu")
    result = compressor.compress("who built the tower ?", ["the tower. bob. paris was in. yellow."])
    return [s.score for s in sorted((*result.kept, *result.dropped), key=lambda s: s.start)]


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Models this small are fastest, and sums are always added in the same order."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return save_contriever_style(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def trained(base, tmp_path_factory):
    """One training per set of settings, made when it is first asked for."""
    done = {}
    defaults = {
        "learning_rate": 5e-3, "max_steps": 60, "batch_size": 32, "held_out": 0.2, "scale": 1.0,
    }  # fmt: skip

    def train(**settings):
        key = repr(sorted(settings.items()))
        if key not in done:
            output = tmp_path_factory.mktemp("trained") / "compressor"
            done[key] = train_extractive(
                records(300), base=base, output=output, **{**defaults, **SHORT, **settings}
            )
        return done[key]

    return train


LORA = {"lora": "rank=8", "learning_rate": 1e-2, "max_steps": 150}
UNSEEN = records(80, seed=99)
CONTEXTS = ("sentence", "title", "document")


class TestWhatIsLearned:
    @pytest.mark.parametrize("context", CONTEXTS)
    def test_in_each_context(self, trained, base, context):
        before = recall(base, UNSEEN, context=context)
        assert before["answer_recall"] < 0.5  # one of four by chance
        result = trained(context=context)
        assert result.steps == 60
        assert result.metrics["answer_recall"] > 0.95
        after = recall(result.folder, UNSEEN)
        assert after["answer_recall"] > 0.95
        assert after["positive_recall"] > 0.95
        losses = [row["loss"] for row in result.history if "loss" in row]
        assert losses[-1] < losses[0] / 2

    @pytest.mark.parametrize(
        "settings",
        [
            {"loss": "candidates"},
            {"loss": "listwise"},
            {"loss": "in-batch", "listwise_weight": 0.5},
            {"similarity_fn_name": "cosine", "scale": 20.0},
            {"gradient_accumulation_steps": 2, "batch_size": 16},
            pytest.param(LORA, marks=pytest.mark.slow),
        ],
        ids=str,
    )
    def test_with_each_loss_and_way(self, trained, settings):
        result = trained(**settings)
        assert recall(result.folder, UNSEEN)["answer_recall"] > 0.9

    def test_nothing_from_what_is_not_so(self, base, tmp_path):
        """Labels that have nothing to do with the question teach nothing: this can fail."""
        rows = records(200)
        drawn = random.Random(1)
        for row in rows:
            row["positive"], *row["negatives"] = drawn.sample(row["candidates"], 4)
        train_extractive(
            rows, base=base, output=tmp_path / "out", learning_rate=5e-3, max_steps=20,
            scale=1.0, **SHORT,
        )  # fmt: skip
        assert recall(tmp_path / "out", UNSEEN)["answer_recall"] < 0.6


class TestTheFolder:
    @pytest.mark.parametrize("context", CONTEXTS)
    def test_has_context_and_similarity(self, trained, context):
        scorer = load_compressor(trained(context=context).folder, device="cpu").scorer
        assert (scorer.context, scorer.similarity_fn_name) == (context, "dot")
        folder = trained(similarity_fn_name="cosine", scale=20.0).folder
        assert load_compressor(folder, device="cpu").scorer.similarity_fn_name == "cosine"

    def test_is_plain_sentence_transformers(self, trained):
        from sentence_transformers import SentenceTransformer

        folder = trained(context="sentence").folder
        texts = ["the tower was built .", "bob ?"]
        plain = SentenceTransformer(str(folder), device="cpu").encode(texts)
        ours = load_compressor(folder, device="cpu").scorer.encoder.encode_sentences(texts)
        np.testing.assert_allclose(plain, ours, atol=1e-5, rtol=1e-5)

    def test_the_figures_are_those_of_the_saved_weights(self, trained):
        result = trained(context="document")
        _, held_out = read_contrastive(records(300)).split(0.2, 500)
        scorer = load_compressor(result.folder, device="cpu").scorer
        expected = recall_at_rate(
            scorer.encoder, held_out.examples, context="document", similarity_fn_name="dot",
            rate=0.1,
        )  # fmt: skip
        assert {k: result.metrics[k] for k in expected} == pytest.approx(expected)

    def test_has_a_card_and_a_plot_and_nothing_of_how_it_was_trained(self, trained):
        result = trained(context="sentence")
        assert "60" in (result.folder / "README.md").read_text()
        assert (result.folder / "training.png").is_file()
        assert "eager" not in "".join(p.read_text() for p in result.folder.rglob("*.json"))
        run = result.folder.with_name("compressor.run")
        rows = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
        assert rows == list(result.history)

    def test_in_bfloat16(self, base, tmp_path):
        import torch

        result = train_extractive(
            records(40), base=base, output=tmp_path / "out", max_steps=2, held_out=0.3,
            export_type="bfloat16", learning_rate=1e-3, **SHORT,
        )  # fmt: skip
        assert {w.dtype for w in weights(tmp_path / "out").values()} == {torch.bfloat16}
        model = load_compressor(tmp_path / "out", device="cpu").scorer.encoder.model
        assert {w.dtype for w in model.parameters()} == {torch.float32}
        _, held_out = read_contrastive(records(40)).split(0.3, 500)
        by_query = {r["query"]: r for r in records(40)}
        found = recall(tmp_path / "out", [by_query[e.query] for e in held_out.examples])
        assert {k: result.metrics[k] for k in found} == pytest.approx(found)


class TestLora:
    def test_merged_and_alone_give_the_same_scores(self, trained):
        pytest.importorskip("peft", reason='needs pip install "recomp[lora]"')
        settings = {**LORA, "max_steps": 10}
        merged, adapter = trained(**settings), trained(**settings, merge=False)
        np.testing.assert_allclose(scores(merged.folder), scores(adapter.folder), atol=1e-4)
        assert merged.metrics == pytest.approx(adapter.metrics)
        assert not (merged.folder / "adapter_config.json").exists()
        assert not (adapter.folder / "model.safetensors").exists()

    def test_the_adapter_names_its_base_from_anywhere(self, base, tmp_path, monkeypatch):
        pytest.importorskip("peft", reason='needs pip install "recomp[lora]"')
        monkeypatch.chdir(base.parent)
        train_extractive(
            records(20), base=base.name, output=tmp_path / "out", max_steps=1, lora="rank=2",
            merge=False, export_type="bfloat16", context="title", **SHORT,
        )  # fmt: skip
        monkeypatch.chdir(tmp_path)
        config = json.loads((tmp_path / "out" / "adapter_config.json").read_text())
        assert config["base_model_name_or_path"] == str(base)
        assert load_compressor("./out", device="cpu").scorer.context == "title"

    def test_a_plan_counts_what_is_trained(self, base, tmp_path):
        pytest.importorskip("peft", reason='needs pip install "recomp[lora]"')

        def plan(**settings):
            return train_extractive(
                records(40), base=base, output=tmp_path / "o", dry_run=True, **settings, **SHORT
            )

        full, lora, frozen = plan(), plan(lora="rank=2"), plan(freeze_embeddings=True)
        assert full.trainable == full.parameters
        assert 0 < lora.trainable < full.trainable / 2
        assert frozen.trainable == full.trainable - 23 * 16
        assert lora.memory_bytes < full.memory_bytes


def test_frozen_embeddings_stay(base, tmp_path):
    train_extractive(
        records(20), base=base, output=tmp_path / "out", max_steps=2, freeze_embeddings=True,
        learning_rate=1e-2, held_out=0.0, **SHORT,
    )  # fmt: skip
    before, after = weights(base), weights(tmp_path / "out")
    changed = {name for name in before if (before[name] != after[name]).any()}
    assert "embeddings.word_embeddings.weight" not in changed
    assert "encoder.layer.0.attention.self.query.weight" in changed


@pytest.mark.parametrize(
    "settings",
    [{"epochs": 2}, {"epochs": 1.5, "gradient_accumulation_steps": 2}, {"max_steps": 3}],
    ids=str,
)
def test_a_plan_touches_nothing_and_is_right(base, tmp_path, settings):
    rows, settings = records(50), {"batch_size": 8, **settings, **SHORT}
    output = tmp_path / "out"
    plan = train_extractive(rows, base=base, output=output, dry_run=True, **settings)
    assert isinstance(plan, TrainingPlan)
    assert not list(tmp_path.iterdir())
    assert plan.examples + plan.held_out == 50
    assert plan.tokens_per_step > 8 * 4
    result = train_extractive(rows, base=base, output=output, **settings)
    assert result.steps == plan.steps


class TestRefused:
    def test_before_data_is_read(self, base, tmp_path, monkeypatch):
        import tiny_seq2seq

        def unread():
            raise AssertionError("the data was read")
            yield

        writer = tiny_seq2seq.checkpoint("t5")
        with pytest.raises(ValueError, match="train_abstractive"):
            train_extractive(unread(), base=writer, output=tmp_path / "out")
        with pytest.raises(OSError, match="no folder"):
            train_extractive(unread(), base="./not-there", output=tmp_path / "out")
        # And these before any model is.
        monkeypatch.setattr("recomp_core.training.extractive.load_compressor", None)
        with pytest.raises(TypeError, match=r"learning_rat.*learning_rate"):
            train_extractive(unread(), base=base, output=tmp_path / "out", learning_rat=1)
        for wrong in ({"loss": "triplet"}, {"preset": "paper"}, {"lora": "rang=1"}, {"scale": 0}):
            with pytest.raises(ValueError):
                train_extractive(unread(), base=base, output=tmp_path / "out", **wrong)
        foreign = tmp_path / "foreign"
        foreign.mkdir()
        (foreign / "thesis.txt").write_text("precious")
        with pytest.raises(FileExistsError, match="foreign"):
            train_extractive(unread(), base=base, output=foreign)
        assert [p.name for p in tmp_path.iterdir()] == ["foreign"]

    def test_another_run(self, base, tmp_path):
        given = {"base": base, "output": tmp_path / "out", "max_steps": 2, **SHORT}
        train_extractive(records(20), **given)
        for changed, why in (
            ({"learning_rate": 1e-3}, "other learning_rate"),
            ({"loss": "candidates"}, "other loss"),
            ({"resume": False}, "resume is off"),
        ):
            with pytest.raises(ValueError, match=rf"another run \({why}\)"):
                train_extractive(records(20), **{**given, **changed})
        with pytest.raises(ValueError, match="other data"):
            train_extractive(records(21), **given)
        result = train_extractive(
            records(20), **{**given, "overwrite": True, "learning_rate": 1e-3, "max_steps": 3}
        )
        assert result.steps == 3
        assert recall(tmp_path / "out", records(2))


class TestKilled:
    # Without a held-out part the last weights are kept, not some earlier and better ones. With
    # dropout: the state of the random numbers has to be carried on too.
    SETTINGS = {
        **SHORT, "epochs": 3, "batch_size": 8, "evals": 6, "learning_rate": 1e-3, "held_out": 0.0,
        "dropout": True, "context": "document", "documents": 1,
    }  # fmt: skip

    @pytest.mark.slow
    @pytest.mark.parametrize("more", [{}, {"lora": "rank=4"}], ids=str)
    def test_a_run_that_is_carried_on_ends_the_same(self, base, tmp_path, more):
        if more:
            pytest.importorskip("peft", reason='needs pip install "recomp[lora]"')
        rows, given = tmp_path / "rows.jsonl", {"base": str(base), **self.SETTINGS, **more}
        rows.write_text("".join(json.dumps(r) + "\n" for r in records(108)))
        # Killed between two checkpoints: after the third of six, within an epoch.
        kill_while_training(
            train_extractive, rows, tmp_path / "killed", steps=24, checkpoint=21, **given
        )
        resumed, unbroken = (
            train_extractive(rows, output=tmp_path / name, **given)
            for name in ("killed", "unbroken")
        )
        assert resumed.steps == unbroken.steps == 42
        assert_same_weights(tmp_path / "killed", tmp_path / "unbroken")
        losses = [[r["loss"] for r in run.history if "loss" in r] for run in (resumed, unbroken)]
        assert losses[0] == pytest.approx(losses[1])

    def test_a_checkpoint_that_has_lost_a_part_of_its_state(self, base, tmp_path, caplog):
        from torch.optim.optimizer import register_optimizer_step_post_hook

        given = {"base": base, "output": tmp_path / "out", **self.SETTINGS, "max_steps": 4,
                 "evals": 2}  # fmt: skip
        left = iter(range(2))

        def end_at_the_third_step(*_):
            if next(left, None) is None:
                raise KeyboardInterrupt

        hook = register_optimizer_step_post_hook(end_at_the_third_step)
        with pytest.raises(KeyboardInterrupt):
            train_extractive(records(60), **given)
        hook.remove()
        checkpoint = tmp_path / "out.run" / "checkpoints" / "checkpoint-2"
        whole = (checkpoint / "rng_state.pth").read_bytes()
        (checkpoint / "rng_state.pth").write_bytes(whole[:-1])
        with pytest.raises(ValueError, match=r"lost rng_state\.pth: .*resume_incomplete=True"):
            train_extractive(records(60), **given)
        (checkpoint / "rng_state.pth").write_bytes(whole)
        (checkpoint / "optimizer.pt").unlink()
        with pytest.raises(ValueError, match=r"lost optimizer\.pt: .*resume_incomplete=True"):
            train_extractive(records(60), **given)
        assert train_extractive(records(60), **given, resume_incomplete=True).steps == 4
        assert "optimizer.pt, which begins anew" in caplog.text

    def test_checkpoints_without_the_settings_that_made_them(self, base, tmp_path):
        """A run that was killed while it was being overwritten leaves nothing to carry on."""
        given = {"base": base, "output": tmp_path / "out", **self.SETTINGS, "max_steps": 2}
        train_extractive(records(20), **given)
        (tmp_path / "out.run" / "run.json").unlink()
        assert train_extractive(records(21), **given).history[-1]["train_loss"] > 0

    def test_a_finished_run_only_writes_its_output_again(self, base, tmp_path):
        given = {"base": base, "output": tmp_path / "out", **self.SETTINGS, "max_steps": 3}
        first = train_extractive(records(60), **given)
        (tmp_path / "out").rename(tmp_path / "kept")
        again = train_extractive(records(60), **given)
        assert (again.steps, again.history[:-1]) == (3, first.history[:-1])
        assert_same_weights(tmp_path / "out", tmp_path / "kept")

    @pytest.fixture
    def full_disk(self, monkeypatch):
        """From the third save on there is no room, until `room()`."""
        import torch

        saves, save = [], torch.save

        def fails(thing, file, *args, **kwargs):
            # The optimizer's state is written after the weights.
            if str(file).endswith("optimizer.pt"):
                saves.append(file)
                if len(saves) >= 3:
                    Path(file).write_bytes(b"torn")
                    raise OSError(28, "No space left on device")
            save(thing, file, *args, **kwargs)

        monkeypatch.setattr(torch, "save", fails)
        return lambda: monkeypatch.setattr(torch, "save", save)

    def test_a_full_disk(self, base, tmp_path, full_disk):
        given = {"base": base, **self.SETTINGS}
        with pytest.raises(OSError, match="No space left"):
            train_extractive(records(108), output=tmp_path / "out", **given)
        checkpoints = tmp_path / "out.run" / "checkpoints"
        assert (checkpoints / "checkpoint-14" / "whole.json").is_file()
        assert not (checkpoints / "checkpoint-21" / "whole.json").exists()
        assert not (tmp_path / "out").exists()
        assert [p.name for p in tmp_path.iterdir()] == ["out.run"]
        # Started again while it is still full: nothing gets worse.
        opened = Path.open
        with pytest.MonkeyPatch.context() as patch:

            def no_room(self, *args, **kwargs):
                mode = args[0] if args else kwargs.get("mode", "r")
                if self.suffix not in (".json", ".new") or mode[0] == "r":
                    return opened(self, *args, **kwargs)
                opened(self, "wb").close()
                raise OSError(28, "No space left on device")

            patch.setattr(Path, "open", no_room)
            with pytest.raises(OSError, match="No space left"):
                train_extractive(records(108), output=tmp_path / "out", **given)
        full_disk()
        result = train_extractive(records(108), output=tmp_path / "out", **given)
        train_extractive(records(108), output=tmp_path / "unbroken", **given)
        assert result.steps == 42
        assert_same_weights(tmp_path / "out", tmp_path / "unbroken")

    def test_the_seconds_of_all_calls_are_counted(self, base, tmp_path, full_disk, monkeypatch):
        from recomp_core.training import callbacks

        given = {"base": base, "output": tmp_path / "out", **self.SETTINGS}
        with pytest.raises(OSError, match="No space left"):
            train_extractive(records(108), **given)
        whole = tmp_path / "out.run" / "checkpoints" / "checkpoint-14" / callbacks.WHOLE_FILE
        assert json.loads(whole.read_text())["seconds"] > 0
        whole.write_text(json.dumps({"step": 14, "seconds": 1000.0}))
        full_disk()
        assert train_extractive(records(108), **given).seconds > 1000


class TestStoppedEarly:
    # So small a rate changes no ranking: every evaluation but the first is no better.
    SETTINGS = {
        **SHORT, "max_steps": 20, "batch_size": 4, "evals": 10, "learning_rate": 1e-9,
        "held_out": 0.3, "patience": 2,
    }  # fmt: skip

    def test_after_evaluations_without_a_better_one(self, base, tmp_path):
        given = {"base": base, "output": tmp_path / "out", **self.SETTINGS}
        result = train_extractive(records(60), **given)
        evaluations = [r["step"] for r in result.history if "eval_answer_recall" in r]
        assert evaluations == [2, 4, 6]
        assert result.steps == 6
        # It is done: starting it again trains no further.
        (tmp_path / "out").rename(tmp_path / "kept")
        again = train_extractive(records(60), **given)
        assert [r["step"] for r in again.history if "eval_answer_recall" in r] == [2, 4, 6]
        assert_same_weights(tmp_path / "out", tmp_path / "kept")
        assert again.metrics == result.metrics
        assert again.steps == 6

    def test_the_best_weights_are_kept(self, base, tmp_path):
        """The rate is far too high at first: what comes first is best, or what is last is not."""
        result = train_extractive(
            records(60), base=base, output=tmp_path / "out",
            **{**self.SETTINGS, "learning_rate": 0.5, "patience": None},
        )  # fmt: skip
        evaluated = [r["eval_answer_recall"] for r in result.history if "eval_answer_recall" in r]
        assert len(evaluated) == 10
        assert result.metrics["answer_recall"] == pytest.approx(max(evaluated))


@pytest.mark.slow
def test_two_processes_train_together(base, tmp_path):
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records(60)))
    script = tmp_path / "script.py"
    script.write_text(
        "import json, os, torch; torch.set_num_threads(1)\n"
        "from recomp_core.training import train_extractive\n"
        f"result = train_extractive({str(tmp_path / 'rows.jsonl')!r}, base={str(base)!r},"
        f" output={str(tmp_path / 'out')!r}, batch_size=8, epochs=1, held_out=0.2,"
        f" context='document', **{SHORT!r})\n"
        f"with open({str(tmp_path)!r} + '/' + os.environ['RANK'] + '.json', 'w') as file:\n"
        "    json.dump(result.steps, file)\n"
    )
    subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2",
         str(script)],
        check=True, timeout=180, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    steps = [json.loads((tmp_path / f"{n}.json").read_text()) for n in (0, 1)]
    trained, _ = read_contrastive(records(60)).split(0.2, 500)
    assert steps == [len(trained) // 16] * 2  # each takes its half, whole batches only
    assert recall(tmp_path / "out", records(4))
