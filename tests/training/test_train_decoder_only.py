"""`train_abstractive` on a decoder-only model of a few thousand weights."""

import random

import pytest
import tiny_causal

pytest.importorskip("accelerate", reason='needs pip install "recomp[train]"')

from recomp_core import Document, load_compressor
from recomp_core.prompts import LLM_PROMPT, PromptTemplate
from recomp_core.training import TrainingPlan, read_distillation, train_abstractive
from recomp_core.training.summary_evaluation import summary_metrics
from recomp_core.training.summary_trainer import collate_joined, keeps_logits, reply_loss

pytestmark = pytest.mark.model

TEMPLATE = (
    "{% for m in messages %}<s>{{ m.role }} {{ m.content }}</s>{% endfor %}"
    "{% if add_generation_prompt %}<s>assistant {% endif %}"
)
PROMPT = "{documents} {query}"
NAMES = ("Ada", "Reyes", "gulls")
SHORT = {"max_input_tokens": 60, "max_target_tokens": 16, "precision": "float32", "evals": 2,
         "prompt": PROMPT, "device": "cpu"}  # fmt: skip


def records(n, seed=3):
    """The target is the name in the document; without one it is empty."""
    rng = random.Random(seed)
    rows = []
    for number in range(n):
        name = rng.choice([*NAMES, ""])
        rows.append(
            {
                "query": f"who? {number}",
                "documents": [{"text": f"the tea {name} at four", "title": None}],
                "answers": [name] if name else ["nobody"],
                "target": name,
                "kind": "proxy",
                "teacher": {"teacher": "extractive", "licence": "own"},
                "date": "2026-01-01",
            }
        )
    return rows


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    folder = tmp_path_factory.mktemp("base")
    tokenizer = tiny_causal.tokenizer("byte-level")
    tokenizer.chat_template, before = TEMPLATE, tokenizer.chat_template
    tokenizer.save_pretrained(folder)
    tokenizer.chat_template = before
    model = tiny_causal.model("llama")
    model.generation_config.eos_token_id = 1
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def learned(base, tmp_path_factory):
    output = tmp_path_factory.mktemp("learned") / "compressor"
    rows = records(400)
    result = train_abstractive(
        rows, base=base, output=output, learning_rate=1e-2, max_steps=150, batch_size=16,
        held_out=0.1, **SHORT,
    )  # fmt: skip
    return rows, result


def test_it_learns_to_write_and_to_be_silent(learned):
    _, result = learned
    assert result.metrics["answer_recall"] > 0.6  # of the three names and nobody
    assert result.metrics["empty_where_target_is_empty"] > 0.9
    assert result.metrics["empty_where_target_is_not"] < 0.1
    assert "failed" not in result.metrics or result.metrics["failed"] < 0.1


def test_the_loss_without_the_logits_of_prompts_is_the_models_own():
    import torch

    model = tiny_causal.model("llama").eval()
    rows = [([3, 4, 5, 6], [7, 8]), ([9, 10], [11, 12, 13, 1])]
    batch = collate_joined(
        [
            {"input_ids": [*ids, *reply], "labels": [*[-100] * len(ids), *reply]}
            for ids, reply in rows
        ]
    )
    asked = []
    model.lm_head.register_forward_hook(lambda _, given, __: asked.append(given[0].shape[1]))
    assert keeps_logits(model)
    with torch.no_grad():
        outputs, loss = reply_loss(model, batch)
        whole = model(**batch)
    torch.testing.assert_close(loss, whole.loss, atol=1e-5, rtol=0)
    assert asked == [5, 6]  # from the last token of the shortest prompt on
    assert outputs["logits"].shape[1] == 5
    everything = {**batch, "labels": batch["input_ids"]}
    with torch.no_grad():  # the first token of a row is never predicted
        torch.testing.assert_close(
            reply_loss(model, everything)[1], model(**everything).loss, atol=1e-5, rtol=0
        )


def test_the_folder_is_a_compressor_with_its_prompt(learned):
    rows, result = learned
    compressor = load_compressor(result.folder, device="cpu")
    assert compressor.prompt == PromptTemplate(PROMPT)
    assert compressor.summarizer.local.settings.max_new_tokens == 16
    for name in (*NAMES, ""):
        documents = [Document(f"the tea {name} at four")]
        assert compressor.compress("who? 9", documents).text == name
    _, held_out = read_distillation(rows).split(0.1, 500)
    found = [compressor.compress(e.query, e.documents).text for e in held_out.examples]
    expected = summary_metrics(held_out.examples, found)
    # The compressor gives back a document that is shorter than its summary.
    same = {k: v for k, v in result.metrics.items() if k in expected and k != "rate"}
    assert same == pytest.approx({k: expected[k] for k in same})


def test_only_the_reply_is_learned(base):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from recomp_core.training.settings import AbstractiveSettings
    from recomp_core.training.summary_inputs import DecoderOnlyInputs, encode_examples
    from recomp_core.training.summary_trainer import EncodedDataset, collate_joined

    model = AutoModelForCausalLM.from_pretrained(base)
    tokenizer = AutoTokenizer.from_pretrained(base)
    own = AbstractiveSettings(max_input_tokens=60, max_target_tokens=16)
    reader = DecoderOnlyInputs(model, tokenizer, own, PromptTemplate(PROMPT))
    from collections import Counter

    data = read_distillation([{**records(1)[0], "target": target} for target in ("Ada", "")])
    rows = encode_examples(data, reader, Counter())
    batch = collate_joined([EncodedDataset(rows, joined=True)[n] for n in range(2)])
    for row, reply in zip(range(2), ("Ada</s>", "IRRELEVANT</s>"), strict=True):
        labels = batch["labels"][row]
        learned = labels >= 0
        assert tokenizer.decode(labels[learned]) == reply
        assert batch["input_ids"][row][learned].equal(labels[learned])
        seen = batch["input_ids"][row][batch["attention_mask"][row].bool() & ~learned]
        assert tokenizer.decode(seen).endswith("who? 0</s><s>assistant ")


def test_the_default_prompt_is_that_of_language_models(base, tmp_path):
    settings = {**SHORT, "max_input_tokens": 1500}
    del settings["prompt"]
    plan = train_abstractive(
        records(20), base=base, output=tmp_path / "out", dry_run=True, **settings
    )
    assert isinstance(plan, TrainingPlan)
    assert plan.examples + plan.held_out == 20
    train_abstractive(
        records(8), base=base, output=tmp_path / "out", max_steps=1, batch_size=2, **settings
    )
    compressor = load_compressor(tmp_path / "out", device="cpu")
    assert compressor.prompt == LLM_PROMPT
    assert compressor.titles


@pytest.mark.parametrize("merge", [True, False])
def test_lora(base, tmp_path, merge):
    pytest.importorskip("peft", reason='needs pip install "recomp[lora]"')
    result = train_abstractive(
        records(60), base=base, output=tmp_path / "out", lora="rank=4", merge=merge, max_steps=4,
        batch_size=4, learning_rate=1e-2, **SHORT,
    )  # fmt: skip
    assert (result.folder / "adapter_model.safetensors").is_file() != merge
    losses = [row["loss"] for row in result.history if "loss" in row]
    assert losses
    compressor = load_compressor(result.folder, device="cpu")
    assert compressor.prompt.template == PROMPT


def test_a_reply_that_does_not_end_has_no_summary(learned):
    rows, _ = learned
    examples = read_distillation(rows).examples[:4]
    targets = [example.target for example in examples]
    figures = summary_metrics(examples, [None, *targets[1:]])
    assert figures["failed"] == 0.25
    assert figures["token_f1"] == 0.75
    assert figures["empty"] == sum(not target for target in targets[1:]) / 4
    assert "failed" not in summary_metrics(examples, targets)


def test_the_card_loads_it_as_what_it_is(learned):
    _, result = learned
    card = (result.folder / "README.md").read_text(encoding="utf-8")
    assert "AutoModelForCausalLM.from_pretrained" in card
    assert "Seq2Seq" not in card
