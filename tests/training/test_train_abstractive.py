"""`train_abstractive` on encoder-decoders of a few thousand weights."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_seq2seq import checkpoint, edit_json
from tiny_seq2seq import examples as pairs
from training_kill import kill_while_training

pytest.importorskip("accelerate", reason='needs pip install "recomp[train]"')

from recomp_core import Document, ModelLoadError, SummaryError, load_compressor
from recomp_core.training import TrainingDataError, TrainingPlan, train_abstractive
from recomp_core.training.examples import DistillationExample
from recomp_core.training.summary_evaluation import summary_metrics

pytestmark = pytest.mark.model

PROMPT = "Question: {query}\n Document: {documents}\n Summary: "
SHORT = {"max_input_tokens": 100, "max_target_tokens": 12, "precision": "float32", "evals": 2}


def records(n, seed=7):
    """What `recomp label distillation` writes; the target is the names in reverse order, which the
    base models have not learned."""
    rows = []
    for number, (prompt, summary) in enumerate(pairs(n, seed)):
        query, _, rest = prompt.removeprefix("Question: ").partition("\n Document: ")
        rows.append(
            {
                "query": f"{query} {number}",
                "documents": [{"text": rest.removesuffix("\n Summary: "), "title": None}],
                "answers": summary.split()[:1],
                "target": " ".join(reversed(summary.split())),
                "kind": "proxy",
                "teacher": {"teacher": "extractive", "licence": "own"},
                "date": "2026-01-01",
            }
        )
    return rows


def weights(folder):
    from safetensors.torch import load_file

    return load_file(Path(folder) / "model.safetensors")


def same_weights(one, other):
    import torch

    one, other = weights(one), weights(other)
    return one.keys() == other.keys() and all(torch.equal(one[k], other[k]) for k in one)


def written(folder, rows):
    compressor = load_compressor(folder, device="cpu")
    prompts = [PROMPT.format(query=r["query"], documents=r["documents"][0]["text"]) for r in rows]
    found = compressor.summarizer.summarize(prompts)
    return [None if isinstance(summary, SummaryError) else summary for summary in found]


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Models this small are fastest, and sums are always added in the same order."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    """A T5 that can write the names, taught to write them in the other order."""
    output = tmp_path_factory.mktemp("learned") / "compressor"
    rows = records(600)
    result = train_abstractive(
        rows, base=checkpoint("t5"), output=output, learning_rate=5e-3, max_steps=120, batch_size=32,
        held_out=0.1, device="cpu", **SHORT,
    )  # fmt: skip
    return rows, result


class TestWhatIsLearned:
    def test_the_targets(self, learned):
        _, result = learned
        untaught = {k: v for k, v in result.history[0].items() if k == "loss"}
        assert untaught
        assert result.metrics["token_f1"] > 0.9
        assert result.metrics["answer_recall"] > 0.9
        assert 0 < result.metrics["rate"] < 0.5
        assert result.metrics["loss"] < untaught["loss"]

    def test_on_questions_that_it_never_saw(self, learned):
        _, result = learned
        rows = records(60, seed=99)
        right = sum(
            s == r["target"] for s, r in zip(written(result.folder, rows), rows, strict=True)
        )
        before = written(checkpoint("t5"), rows)
        right_before = sum(s == r["target"] for s, r in zip(before, rows, strict=True))
        assert right > 45
        assert right_before < 40  # the empty ones and those of one name

    def test_to_be_silent(self, learned):
        rows, result = learned
        assert any(not r["target"] for r in rows)
        assert result.metrics["empty_where_target_is_empty"] > 0.9
        assert result.metrics["empty_where_target_is_not"] < 0.1

    def test_the_figures_are_those_of_the_saved_weights(self, learned):
        from recomp_core.training import read_distillation

        rows, result = learned
        _, held_out = read_distillation(rows).split(0.1, 500)
        by_query = {r["query"]: r for r in rows}
        found = written(result.folder, [by_query[e.query] for e in held_out.examples])
        expected = summary_metrics(held_out.examples, found)
        assert {k: v for k, v in result.metrics.items() if k != "loss"} == pytest.approx(expected)


class TestTheFolder:
    def test_holds_prompt_and_limits(self, learned):
        _, result = learned
        compressor = load_compressor(result.folder, device="cpu")
        assert compressor.prompt.template == PROMPT
        assert compressor.titles is False
        assert compressor.summarizer.settings.max_input_tokens == 100
        assert compressor.summarizer.settings.max_new_tokens == 12

    def test_is_plain_transformers(self, learned):
        from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

        rows, result = learned
        model = AutoModelForSeq2SeqLM.from_pretrained(result.folder)
        tokenizer = AutoTokenizer.from_pretrained(result.folder)
        row = next(r for r in rows if r["target"])
        prompt = PROMPT.format(query=row["query"], documents=row["documents"][0]["text"])
        ids = model.generate(**tokenizer(prompt, return_tensors="pt"), max_new_tokens=12)
        assert tokenizer.decode(ids[0], skip_special_tokens=True) == row["target"]
        assert model.config.use_cache

    def test_has_a_card_and_a_plot(self, learned):
        _, result = learned
        card = (result.folder / "README.md").read_text()
        assert str(result.steps) in card
        assert "| extractive | own |" in card
        assert (result.folder / "training.png").is_file()

    def test_in_bfloat16_half_the_size(self, tmp_path):
        import torch

        output = tmp_path / "out"
        train_abstractive(
            records(20), base=checkpoint("t5"), output=output, max_steps=1, export_type="bfloat16",
            device="cpu", **SHORT,
        )  # fmt: skip
        assert {w.dtype for w in weights(output).values()} == {torch.bfloat16}
        assert written(output, records(1))


class TestEmptyTargets:
    @pytest.mark.parametrize("kind", ["t5", "bart", "encoder-decoder"])
    def test_their_label_is_the_end(self, kind):
        from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

        from recomp_core.prompts import T5_PROMPT
        from recomp_core.training.settings import AbstractiveSettings
        from recomp_core.training.summary_inputs import (
            EncoderDecoderInputs,
            complete_special_tokens,
        )

        model = AutoModelForSeq2SeqLM.from_pretrained(checkpoint(kind))
        tokenizer = AutoTokenizer.from_pretrained(checkpoint(kind))
        special = complete_special_tokens(model, tokenizer)
        own = AbstractiveSettings(max_input_tokens=100, max_target_tokens=12)
        reader = EncoderDecoderInputs(model, tokenizer, own, T5_PROMPT)
        empty = reader.labels("")
        assert empty[-1] == special.end
        # BART's labels begin with <s>, as it was trained.
        assert empty[:-1] == ([tokenizer.bos_token_id] if kind == "bart" else [])
        full = reader.labels("Ada Bach")
        assert full[-1] == special.end
        assert tokenizer.decode(full, skip_special_tokens=True).strip() == "Ada Bach"

    def test_all_of_them_are_there_and_counted(self, tmp_path):
        rows = records(100)
        plan = train_abstractive(
            rows, base=checkpoint("t5"), output=tmp_path / "out", dry_run=True, **SHORT
        )
        assert isinstance(plan, TrainingPlan)
        assert plan.examples + plan.held_out == 100
        assert plan.counts["empty_targets"] == sum(not r["target"] for r in rows) > 0
        assert "empty targets" in str(plan)
        assert not list(tmp_path.iterdir())


class TestInputs:
    """Training reads what the compressor would send."""

    LONG = [
        Document("the tower was built by Ada . " * 3, title="One"),
        Document(" "),
        Document("many people saw it . " * 3, title="Two"),
        Document("stone and stone . " * 9, title="Three"),
    ]

    @pytest.mark.parametrize("titles", [False, True])
    @pytest.mark.parametrize("limit", [40, 80, 250])
    def test_are_the_compressors(self, limit, titles):
        from collections import Counter

        from recomp_core import AbstractiveCompressor
        from recomp_core.abstractive.loading import load_summarizer
        from recomp_core.prompts import PromptTemplate
        from recomp_core.training.settings import AbstractiveSettings
        from recomp_core.training.summary_inputs import EncoderDecoderInputs

        summarizer = load_summarizer(checkpoint("t5"), max_input_tokens=limit, device="cpu")
        compressor = AbstractiveCompressor(summarizer, prompt=PROMPT, titles=titles)
        seen = []
        nothing = [summarizer.tokenizer.eos_token_id]
        summarizer._generate = lambda inputs: seen.extend(inputs) or [nothing for _ in inputs]
        result = compressor.compress("who ?", self.LONG)

        own = AbstractiveSettings(PROMPT, titles=titles, max_input_tokens=limit)
        reader = EncoderDecoderInputs(
            summarizer.model, summarizer.tokenizer, own, PromptTemplate(PROMPT)
        )
        counts = Counter()
        example = DistillationExample("who ?", tuple(self.LONG), "Ada", "proxy")
        _, inputs = reader.read(example, counts)
        assert [inputs.tolist()] == seen
        assert len(inputs) <= limit
        assert counts["cut_documents"] == result.truncated == (limit == 40)
        assert counts["with_documents_left_out"] == (limit < 250)

    def test_what_cannot_be_asked_is_left_out_and_counted(self, tmp_path):
        rows = records(20)
        rows[0]["documents"] = [{"text": " "}]
        rows[1]["query"] = "who " * 200
        rows[2]["target"] = "Ada " * 50
        plan = train_abstractive(
            rows, base=checkpoint("t5"), output=tmp_path / "out", dry_run=True, **SHORT
        )
        assert plan.counts["without_room_or_documents"] == 2
        assert plan.counts["cut_targets"] == 1
        assert plan.examples + plan.held_out == 18

    def test_nothing_left(self, tmp_path):
        rows = records(20)
        for row in rows:
            row["query"] = "who " * 200
        with pytest.raises(TrainingDataError, match="no question is left"):
            train_abstractive(rows, base=checkpoint("t5"), output=tmp_path / "out", **SHORT)


class TestBases:
    def test_of_a_wrong_kind_are_refused_before_data_is_read(self, tmp_path):
        from tiny_bert import save_contriever_style

        def unread():
            raise AssertionError("the data was read")
            yield

        encoder = save_contriever_style(tmp_path / "encoder")
        with pytest.raises(ModelLoadError, match="is an encoder"):
            train_abstractive(unread(), base=encoder, output=tmp_path / "out")
        with pytest.raises(ModelLoadError, match="no folder"):
            train_abstractive(unread(), base="./not-there", output=tmp_path / "out")
        foreign = tmp_path / "foreign"
        foreign.mkdir()
        (foreign / "thesis.txt").write_text("precious")
        with pytest.raises(FileExistsError, match="foreign"):
            train_abstractive(unread(), base=checkpoint("t5"), output=foreign)
        with pytest.raises(TypeError, match="learning_rat"):
            train_abstractive(
                unread(), base=checkpoint("t5"), output=tmp_path / "o", learning_rat=1
            )
        for wrong in ({"export_type": "int4"}, {"prompt": "no fields"}, {"preset": "paper"}):
            with pytest.raises(ValueError):
                train_abstractive(
                    unread(), **{"base": checkpoint("t5"), "output": tmp_path / "o", **wrong}
                )
        with pytest.raises(ValueError, match="give base="):
            train_abstractive(unread(), output=tmp_path / "out")

    def test_two_encoders(self, tmp_path):
        """As `EncoderDecoderModel` joins them: fresh cross-attention, no special tokens set."""
        from transformers import AutoTokenizer, EncoderDecoderModel

        tokenizer = AutoTokenizer.from_pretrained(checkpoint("encoder-decoder"))
        source = EncoderDecoderModel.from_pretrained(checkpoint("encoder-decoder"))
        source.encoder.save_pretrained(tmp_path / "encoder")
        joined = EncoderDecoderModel.from_encoder_decoder_pretrained(
            str(tmp_path / "encoder"), str(tmp_path / "encoder")
        )
        joined.save_pretrained(tmp_path / "base")
        tokenizer.save_pretrained(tmp_path / "base")
        result = train_abstractive(
            records(60), base=tmp_path / "base", output=tmp_path / "out", max_steps=6,
            batch_size=8, gradient_accumulation_steps=2, learning_rate=3e-3, device="cpu",
            freeze_embeddings=True, dropout=False, **SHORT,
        )  # fmt: skip
        losses = [row["loss"] for row in result.history if "loss" in row]
        assert losses[-1] < losses[0] < 8  # accumulated batches are averaged, not added
        before, after = weights(tmp_path / "base"), weights(tmp_path / "out")
        frozen = [k for k in before if "word_embeddings" in k]
        assert len(frozen) == 2
        assert all((before[k] == after[k]).all() for k in frozen)
        assert written(tmp_path / "out", records(2))

    def test_bart(self, tmp_path):
        result = train_abstractive(
            records(40), base=checkpoint("bart"), output=tmp_path / "out", max_steps=2,
            batch_size=8, device="cpu", **SHORT,
        )  # fmt: skip
        # It has learned the names already, and writes some of them.
        assert result.metrics["answer_recall"] > 0.3

    def test_a_folder_of_ours_brings_its_prompt(self, tmp_path):
        first = tmp_path / "first"
        train_abstractive(
            records(20), base=checkpoint("t5"), output=first, max_steps=1, device="cpu",
            prompt="{query} | {documents}", titles=True, **SHORT,
        )  # fmt: skip
        train_abstractive(
            records(20), base=first, output=tmp_path / "second", max_steps=1, device="cpu", **SHORT
        )
        compressor = load_compressor(tmp_path / "second", device="cpu")
        assert compressor.prompt.template == "{query} | {documents}"
        assert compressor.titles


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    pytest.importorskip("peft", reason='needs pip install "recomp[lora]"')
    folder = tmp_path_factory.mktemp("lora")
    for name, merge in (("merged", True), ("adapter", False)):
        train_abstractive(
            records(200), base=checkpoint("t5"), output=folder / name, lora="rank=4",
            merge=merge, learning_rate=2e-2, max_steps=20, batch_size=16, device="cpu", **SHORT,
        )  # fmt: skip
    return folder / "merged", folder / "adapter"


class TestLora:
    def test_merged_and_alone_write_the_same(self, both):
        merged, adapter = both
        rows = records(40, seed=3)
        assert written(merged, rows) == written(adapter, rows)
        assert written(merged, rows) != written(checkpoint("t5"), rows)

    def test_the_adapter_is_small_and_names_its_base(self, both):
        merged, adapter = both
        assert not (adapter / "model.safetensors").exists()
        config = json.loads((adapter / "adapter_config.json").read_text())
        assert config["base_model_name_or_path"] == str(checkpoint("t5"))
        assert not (merged / "adapter_config.json").exists()

    def test_all_linear_layers_but_the_output(self, both):
        from safetensors.torch import load_file

        names = {n.split(".lora_")[0] for n in load_file(both[1] / "adapter_model.safetensors")}
        ends = {n.rpartition(".")[2] for n in names}
        assert ends == {"q", "k", "v", "o", "wi", "wo"}

    def test_a_plan_counts_what_is_trained(self, tmp_path):
        def plan(**settings):
            return train_abstractive(
                records(40), base=checkpoint("t5"), output=tmp_path / "o", dry_run=True,
                max_steps=7, **settings, **SHORT,
            )  # fmt: skip

        full, lora, frozen = plan(), plan(lora="rank=2"), plan(freeze_embeddings=True)
        assert full.steps == 7
        assert full.trainable == full.parameters
        assert 0 < lora.trainable < full.trainable / 5
        assert frozen.trainable < full.trainable
        assert lora.memory_bytes < full.memory_bytes
        assert full.tokens_per_step > 32 * 20

    def test_an_adapter_alone_is_trained_further(self, both, tmp_path):
        from safetensors.torch import load_file

        result = train_abstractive(
            records(200), base=both[1], output=tmp_path / "o", lora="rank=4", merge=False,
            learning_rate=1e-5, max_steps=3, batch_size=16, device="cpu", **SHORT,
        )  # fmt: skip
        before, after = (
            load_file(folder / "adapter_model.safetensors") for folder in (both[1], result.folder)
        )
        assert before.keys() == after.keys()
        changes = [float((after[name] - before[name]).abs().max()) for name in before]
        assert 0 < max(changes) < 1e-4  # small steps from where it was, not a new beginning
        config = json.loads((result.folder / "adapter_config.json").read_text())
        assert config["base_model_name_or_path"] == str(checkpoint("t5"))
        assert written(result.folder, records(8))

    def test_a_plan_of_an_adapter_counts_its_own_factors(self, both, tmp_path):
        from safetensors.torch import load_file

        plan = train_abstractive(
            records(40), base=both[1], output=tmp_path / "o", lora="rank=4", merge=False,
            dry_run=True, **SHORT,
        )  # fmt: skip
        factors = load_file(both[1] / "adapter_model.safetensors")
        assert plan.trainable == sum(tensor.numel() for tensor in factors.values())

    @pytest.mark.parametrize("lora", ["rank=2", "rank=4,alpha=8"])
    def test_an_adapter_that_is_trained_further_keeps_its_shape(self, both, tmp_path, lora):
        with pytest.raises(ValueError, match="rank 4 and alpha 4.*lora=.rank=4,alpha=4"):
            train_abstractive(
                records(20), base=both[1], output=tmp_path / "o", lora=lora, merge=False
            )


class TestKilled:
    # Without a held-out part the last weights are kept, not some earlier and better ones.
    SETTINGS = {
        **SHORT, "epochs": 3, "batch_size": 16, "evals": 6, "learning_rate": 1e-3, "device": "cpu",
        "held_out": 0.0,
    }  # fmt: skip

    @pytest.fixture
    def base(self, tmp_path):
        # With dropout: the state of the random numbers has to be carried on too.
        folder = tmp_path / "base"
        shutil.copytree(checkpoint("t5"), folder)
        edit_json(folder / "config.json", dropout_rate=0.1)
        return folder

    def test_a_run_that_is_carried_on_ends_the_same(self, base, tmp_path):
        rows, given = tmp_path / "rows.jsonl", {"base": str(base), **self.SETTINGS}
        rows.write_text("".join(json.dumps(r) + "\n" for r in records(108)))
        # Killed between two checkpoints: after the fourth of six, within an epoch.
        kill_while_training(
            train_abstractive, rows, tmp_path / "killed", steps=18, checkpoint=16, **given
        )
        resumed, unbroken = (
            train_abstractive(rows, output=tmp_path / name, **given)
            for name in ("killed", "unbroken")
        )
        assert resumed.steps == unbroken.steps
        assert resumed.history[-1]["train_loss"]
        assert same_weights(tmp_path / "killed", tmp_path / "unbroken")
        assert not same_weights(tmp_path / "killed", base)

    def test_it_is_saved_by_the_clock_too(self, base, tmp_path, monkeypatch):
        from recomp_core.training import callbacks

        saved, sizes = [], callbacks._sizes
        monkeypatch.setattr(callbacks, "_SAVE_EVERY_S", 0.0)
        monkeypatch.setattr(
            callbacks, "_sizes", lambda folder: saved.append(folder.name) or sizes(folder)
        )
        settings = {**self.SETTINGS, "epochs": 1, "evals": 1, "held_out": 0.2, "max_steps": 3}
        result = train_abstractive(records(40), base=base, output=tmp_path / "out", **settings)
        assert saved == ["checkpoint-1", "checkpoint-2", "checkpoint-3"]
        assert sum("eval_loss" in row for row in result.history) == 1

    def test_a_finished_run_only_writes_its_output_again(self, base, tmp_path):
        output = tmp_path / "out"
        settings = {**self.SETTINGS, "held_out": 0.2}
        first = train_abstractive(records(40), base=base, output=output, **settings)
        kept = tmp_path / "kept"
        output.rename(kept)
        again = train_abstractive(records(40), base=base, output=output, **settings)
        assert same_weights(output, kept)
        assert again.metrics == first.metrics
        with pytest.raises(ValueError, match="another run"):
            train_abstractive(records(41), base=base, output=output, **settings)


@pytest.mark.slow
def test_two_processes_train_together(tmp_path):
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records(60)))
    script = tmp_path / "script.py"
    script.write_text(
        "import json, os, torch; torch.set_num_threads(1)\n"
        "from recomp_core.training import train_abstractive\n"
        f"result = train_abstractive({str(tmp_path / 'rows.jsonl')!r},"
        f" base={str(checkpoint('t5'))!r}, output={str(tmp_path / 'out')!r},"
        f" batch_size=8, epochs=1, held_out=0.2, device='cpu', **{SHORT!r})\n"
        f"with open({str(tmp_path)!r} + '/' + os.environ['RANK'] + '.json', 'w') as file:\n"
        "    json.dump([result.steps, dict(result.metrics)], file)\n"
    )
    subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2",
         str(script)],
        check=True, timeout=180, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    first, second = (json.loads((tmp_path / f"{n}.json").read_text()) for n in (0, 1))
    assert first == second
    assert first[0] < 60 / 8  # each takes its half
    assert written(tmp_path / "out", records(2))


class TestFigures:
    def example(self, target, answers=("Ada",), text="It was Ada who built it."):
        return DistillationExample("who?", (Document(text),), target, "proxy", answers)

    def test_silence_is_right_only_where_nothing_is_wanted(self):
        examples = [self.example("Ada"), self.example(""), self.example(""), self.example("Ada")]
        found = summary_metrics(examples, ["Ada", "", "Ada", ""])
        assert found["token_f1"] == 0.5
        assert found["answer_recall"] == 0.5
        assert found["answer_recall_of_targets"] == 0.5
        assert found["empty"] == 0.5
        assert found["empty_where_target_is_empty"] == 0.5
        assert found["empty_where_target_is_not"] == 0.5
        assert found["rate"] == pytest.approx(2 * 3 / 24 / 4)

    def test_silence_does_not_win_where_most_targets_are_empty(self):
        examples = [self.example("Ada"), *[self.example("")] * 3]
        silent = summary_metrics(examples, ["", "", "", ""])
        assert silent["token_f1"] == 0.75
        assert silent["balanced_f1"] == 0.5  # (0 + 1) / 2
        tried = summary_metrics(examples, ["Ada", "", "Ada", "Ada"])
        assert tried["token_f1"] == 0.5
        assert tried["balanced_f1"] == pytest.approx((1 + 1 / 3) / 2)

    def test_where_all_targets_are_alike_both_means_are_the_same(self):
        found = summary_metrics([self.example("Ada"), self.example("Ada")], ["Ada", ""])
        assert found["balanced_f1"] == found["token_f1"] == 0.5

    def test_what_no_question_bears_on_is_left_out(self):
        found = summary_metrics([self.example("Ada", answers=())], ["Ada"])
        assert "answer_recall" not in found
        assert "empty_where_target_is_empty" not in found

    def test_what_is_cut_counts_as_failed(self):
        from recomp_core.abstractive.loading import load_summarizer
        from recomp_core.models.summarizers.local import GenerationSettings
        from recomp_core.training.summary_evaluation import SummaryEvaluation

        loaded = load_summarizer(checkpoint("t5"), device="cpu")
        asked = pairs(20)
        evaluate = SummaryEvaluation(
            [self.example(target) for _, target in asked],
            [prompt for prompt, _ in asked],
            loaded.tokenizer,
            GenerationSettings(max_new_tokens=2),
        )
        summaries = evaluate.summaries(loaded.model)
        assert 0 < summaries.count(None) < len(summaries)
        assert evaluate(loaded.model)["failed"] == summaries.count(None) / len(summaries)
