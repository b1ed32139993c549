"""Training the abstractive compressor: a model that writes, on the trainer of transformers."""

from __future__ import annotations

import json
import logging
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from .._utils.checks import require
from ..models.checkpoints import ADAPTER_CONFIG
from ..models.summarizers.checkpoint import Checkpoint, adapted, find_checkpoint
from ..persistence.folders import read_config
from ..prompts import LLM_PROMPT, NOTHING_RELEVANT_WORD, T5_PROMPT, PromptTemplate
from .examples import DistillationExample, TrainingData, TrainingDataError, read_distillation
from .job import TrainingJob
from .lora import lora_config
from .runs import Run, TrainingPlan, TrainingResult, is_main_process, planned_steps
from .settings import (
    ABSTRACTIVE_PRESETS,
    AbstractiveSettings,
    ExportType,
    LoraSettings,
    RunSettings,
)
from .summary_evaluation import BEST, SummaryEvaluation
from .summary_inputs import (
    DecoderOnlyInputs,
    EncodedExample,
    EncoderDecoderInputs,
    InputReader,
    encode_examples,
)
from .summary_trainer import EncodedDataset, collate_joined, trainer_class, unwrap_adapter
from .weights import count_weights, disable_dropout, freeze_embeddings, use_bfloat16

logger = logging.getLogger(__name__)

# Where models that have no layer for it, such as BART, keep their probabilities.
_DROPOUTS = ("dropout", "attention_dropout", "activation_dropout")


def train_abstractive(
    examples: Any,
    *,
    base: str | os.PathLike[str] | None = None,
    output: str | os.PathLike[str],
    preset: str | None = None,
    merge: bool = True,
    export_type: ExportType = "float32",
    overwrite: bool = False,
    resume: bool = True,
    resume_incomplete: bool = False,
    dry_run: bool = False,
    device: str | None = None,
    **settings: Any,
) -> TrainingResult | TrainingPlan:
    """Train a language model to write the targets (paper, section 3.2).

    The inputs are those that `AbstractiveCompressor` makes of the same question, cut where it would
    cut. An encoder-decoder learns to write the empty target as the empty text, a decoder-only model
    as the word that `LLMSummarizer` takes for it. A question whose documents are blank, or that
    leaves no room for them, is left out and counted.

    Args:
        examples: What `recomp_core.labelling` made: a folder, a JSONL file or records; see
            `read_distillation`. Empty targets are kept and counted: they teach the model to prepend
            nothing.
        base: A hub name or folder of an encoder-decoder (T5, BART, an `EncoderDecoderModel`), of a
            decoder-only model (Qwen3, SmolLM2, a GGUF file) or of an adapter on one. A folder of
            ours also brings its prompt and titles. An adapter is merged into its base first; with
            `lora` and without `merge`, its own factors are trained further.
        output: The folder that `load_compressor` will take. It appears when all is done;
            checkpoints lie beside it in `<output>.run`.
        preset: "recomp" for the paper's settings and its base, T5-large; settings that are given
            override it.
        merge: With `lora`, whether the low-rank factors are added to the weights, or ship alone.
        export_type: The type of the saved weights.
        overwrite: Whether to start again although there is an unfinished run.
        resume: Whether to carry on with an unfinished run.
        resume_incomplete: Whether to do so also where the last checkpoint has lost the state of the
            optimizer, the learning rate or the random numbers: these begin anew.
        dry_run: Whether to return a `TrainingPlan` instead, and write nothing.
        device: "cpu" for training there; by default an accelerator if there is one.
        settings: Settings of `RunSettings` and `AbstractiveSettings`; `lora` may be "rank=16".

    Returns:
        What was trained, or with `dry_run` what would be.

    Raises:
        TypeError: There is no such setting.
        ValueError: A setting can't work, the run's folder holds another training, or its last
            checkpoint is incomplete.
        FileExistsError: The output folder holds something else.
        ModelLoadError: The base is not there, or writes no text.
        TrainingDataError: The data can't be trained on.
    """
    given = dict(settings)
    if isinstance(prompt := settings.get("prompt"), PromptTemplate):
        settings["prompt"] = prompt.template
    job = TrainingJob.of(
        "abstractive", AbstractiveSettings, ABSTRACTIVE_PRESETS, settings,
        base=base, default_base=None, output=output, preset=preset, merge=merge,
        export_type=export_type, overwrite=overwrite, resume=resume,
        resume_incomplete=resume_incomplete,
    )  # fmt: skip
    if not dry_run:
        require("accelerate", "train", "train_abstractive")
    checkpoint = find_checkpoint(job.base, decoder_only=True)
    goes_on = False
    if checkpoint.adapter is not None and job.run.lora is not None and not merge:
        _check_shape(checkpoint.adapter, job.run.lora)
        goes_on = True
    prompt = _prompt(checkpoint, given.get("prompt"), job.own.prompt)
    job = replace(job, own=_completed(job.own, prompt, job.base, given=given))
    writer = _Writer.load(checkpoint, job.own, prompt, empty=dry_run, goes_on=goes_on)
    data = _encoded(read_distillation(examples), writer, job.run)
    if dry_run:
        model = _prepare(writer.model, job.run, writer.adapter, empty=True)
        return _plan(model, job.run, data)
    return _train(job, writer, data, use_cpu=_on_cpu(device))


@dataclass(frozen=True)
class _Writer:
    """The base model with its tokenizer, and what reads inputs as the compressor does.

    Attributes:
        adapter: The folder of the adapter that is trained further; None where one begins, or none
            is trained.
    """

    model: Any
    tokenizer: Any
    reader: InputReader
    adapter: Path | None

    @classmethod
    def load(
        cls,
        checkpoint: Checkpoint,
        own: AbstractiveSettings,
        prompt: PromptTemplate,
        *,
        empty: bool,
        goes_on: bool,
    ) -> _Writer:
        tokenizer = checkpoint.load_tokenizer()
        if empty:
            model = _empty_model(checkpoint)
            model.generation_config = checkpoint.load_generation_config()
        else:
            loaded = replace(checkpoint, adapter=None) if goes_on else checkpoint
            model = loaded.load_model("float32", device="cpu")
        reader = DecoderOnlyInputs if checkpoint.kind == "decoder-only" else EncoderDecoderInputs
        adapter = checkpoint.adapter if goes_on else None
        return cls(model, tokenizer, reader(model, tokenizer, own, prompt), adapter)

    @property
    def decoder_only(self) -> bool:
        return not self.reader.is_encoder_decoder


@dataclass(frozen=True)
class _Data:
    """The questions that can be asked, as records and as tokens."""

    trained: TrainingData[DistillationExample]
    held_out: TrainingData[DistillationExample]
    train_rows: Sequence[EncodedExample]
    held_rows: Sequence[EncodedExample]
    counts: Mapping[str, int]


def _encoded(
    data: TrainingData[DistillationExample], writer: _Writer, settings: RunSettings
) -> _Data:
    counts = Counter(data.counts)
    train_rows, held_rows = (
        encode_examples(part, writer.reader, counts)
        for part in data.split(settings.held_out, settings.max_held_out)
    )
    if not train_rows:
        raise TrainingDataError(
            f"{', '.join(data.sources)}: no question is left to train on: {dict(counts)}"
        )
    logger.info(
        "%d questions to train on, %d held out: %s",
        len(train_rows), len(held_rows), ", ".join(f"{k} {n}" for k, n in counts.items()),
    )  # fmt: skip
    trained, held_out = (
        TrainingData(tuple(row.example for row in rows), data.sources, dict(counts))
        for rows in (train_rows, held_rows)
    )
    return _Data(trained, held_out, train_rows, held_rows, counts)


def _train(
    job: TrainingJob[AbstractiveSettings], writer: _Writer, data: _Data, *, use_cpu: bool
) -> TrainingResult:
    """Train, evaluate what will be saved, and write it."""
    run = job.start(data.trained, data.held_out)
    evaluation = SummaryEvaluation(
        data.held_out.examples,
        [row.prompt for row in data.held_rows],
        writer.tokenizer,
        replace(writer.reader.settings, batch_size=job.run.batch_size),
    )
    trainer, model = _fit(writer, run, data, evaluation, use_cpu=use_cpu)
    model, metrics = _finished(
        model, trainer, evaluation, merge=job.merge, export_type=job.export_type
    )
    result = run.result(trainer, metrics)
    if is_main_process():
        if hasattr(model, "peft_config") and writer.adapter is None:
            model.peft_config["default"].base_model_name_or_path = job.base

        def save_weights(folder: str) -> None:
            import torch

            model.to(getattr(torch, job.export_type)).save_pretrained(folder)
            writer.tokenizer.save_pretrained(folder)

        config = folder_settings(job.own, writer.reader)
        job.write(result, run, config, save_weights, trained=data.trained, held_out=data.held_out)
    trainer.accelerator.wait_for_everyone()
    return result


def _on_cpu(device: str | None) -> bool:
    import torch

    return device == "cpu" or not torch.accelerator.is_available()


def _prompt(
    checkpoint: Checkpoint, given: str | PromptTemplate | None, preset: str | None
) -> PromptTemplate:
    """The prompt that was given, that of the base's folder, or the default of its kind."""
    decoder_only = checkpoint.kind == "decoder-only"
    if given is None and preset is None:
        saved = _saved(checkpoint.source).get("prompt")
        default = LLM_PROMPT if decoder_only else T5_PROMPT
        prompt = PromptTemplate.from_json(saved) if saved else default
    else:
        chosen = preset if given is None else given
        prompt = chosen if isinstance(chosen, PromptTemplate) else PromptTemplate(str(chosen))
    if prompt.numbered and not decoder_only:
        raise ValueError(
            "an encoder-decoder is trained on a prompt that joins the documents, and this one "
            "numbers them: give its text, or another prompt"
        )
    return prompt


def _completed(
    own: AbstractiveSettings, prompt: PromptTemplate, source: str, *, given: Mapping[str, Any]
) -> AbstractiveSettings:
    """The settings with the prompt, and with the base folder's titles unless they are given."""
    titles = own.titles
    if given.get("titles") is None:
        titles = bool(_saved(source).get("titles", titles or prompt.numbered))
    return replace(own, prompt=prompt.template, titles=titles)


def _saved(source: str) -> Mapping[str, Any]:
    """What the base's folder says of itself, where it is one of ours."""
    return read_config(Path(source)) if os.path.isdir(source) else {}


def _empty_model(checkpoint: Checkpoint) -> Any:
    """The model without its weights, which take time and memory."""
    import torch
    from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM

    decoder_only = checkpoint.kind == "decoder-only"
    with torch.device("meta"):
        auto = AutoModelForCausalLM if decoder_only else AutoModelForSeq2SeqLM
        return auto.from_config(checkpoint.config)


def _check_shape(adapter: Path, lora: LoraSettings) -> None:
    """Check that an adapter that is trained further keeps its shape."""
    own = json.loads((adapter / ADAPTER_CONFIG).read_text("utf-8"))
    asked = {"rank": lora.rank, "alpha": lora.alpha or lora.rank}
    found = {"rank": own.get("r"), "alpha": own.get("lora_alpha")}
    if asked != found or lora.targets is not None:
        raise ValueError(
            f"{adapter} is an adapter of rank {found['rank']} and alpha {found['alpha']} on its "
            f"own layers, got lora {lora}: with merge=False it is trained further as it is. "
            f'Give lora="rank={found["rank"]},alpha={found["alpha"]}", or merge it (merge=True)'
        )


def _prepare(
    model: Any, settings: RunSettings, adapter: Path | None = None, *, empty: bool = False
) -> Any:
    """The model with those of its weights trainable that shall be.

    adapter: the folder of one that is trained further; of an empty model its shape alone.
    """
    if not settings.dropout:
        _drop_nothing(model)
    seq2seq = bool(model.config.is_encoder_decoder)
    if settings.freeze_embeddings:
        parts = (model, model.get_encoder(), model.get_decoder()) if seq2seq else (model,)
        for part in parts:
            freeze_embeddings(part)  # one built from two encoders has two tables
    if settings.lora is None:
        return model
    from peft import LoraConfig, get_peft_model

    if adapter is not None:
        if empty:
            shape = LoraConfig.from_pretrained(str(adapter))
            shape.inference_mode = False
            return get_peft_model(model, shape)
        model = adapted(model, adapter, trainable=True)
        if not settings.dropout:
            _drop_nothing(model)  # its own dropout, which nobody asked for now
        return model
    targets = list(settings.lora.targets) if settings.lora.targets else "all-linear"
    task = "SEQ_2_SEQ_LM" if seq2seq else "CAUSAL_LM"
    return get_peft_model(model, lora_config(settings.lora, targets=targets, task=task))


def _drop_nothing(model: Any) -> None:
    disable_dropout(model)
    for module in model.modules():
        for name in _DROPOUTS:
            if isinstance(getattr(module, name, None), float):
                setattr(module, name, 0.0)


def _fit(
    writer: _Writer, run: Run, data: _Data, evaluation: SummaryEvaluation, *, use_cpu: bool
) -> tuple[Any, Any]:
    """The trainer at its end, and the model with the best weights, unwrapped."""
    from transformers import DataCollatorForSeq2Seq, Seq2SeqTrainingArguments, set_seed

    set_seed(run.settings.seed)  # LoRA draws its first factors
    model = _prepare(writer.model, run.settings, writer.adapter)
    used_cache = getattr(model.config, "use_cache", None)
    joined = writer.decoder_only
    trainer = trainer_class()(
        model=model,
        args=run.arguments(
            Seq2SeqTrainingArguments,
            len(data.train_rows),
            best=f"eval_{BEST}" if data.held_rows else None,
            use_cpu=use_cpu,
        ),
        data_collator=(
            collate_joined if joined else DataCollatorForSeq2Seq(writer.tokenizer, model=model)
        ),
        train_dataset=EncodedDataset(data.train_rows, joined=joined),
        eval_dataset=EncodedDataset(data.held_rows, joined=joined) if data.held_rows else None,
    )
    trainer.summaries = evaluation
    # Not every model uses what the trainer would pass about the size of an accumulated batch: an
    # `EncoderDecoderModel` takes the mean of its part all the same.
    trainer.model_accepts_loss_kwargs = False
    run.train(trainer)
    model = trainer.accelerator.unwrap_model(trainer.model, keep_fp32_wrapper=False)
    if used_cache is not None:
        model.config.use_cache = used_cache  # the trainer turns it off, and would save that
    return trainer, model


def _finished(
    model: Any, trainer: Any, evaluation: SummaryEvaluation, *, merge: bool, export_type: ExportType
) -> tuple[Any, dict[str, float]]:
    """The model as it is shipped, in float32, and its figures."""
    import torch

    if merge and hasattr(model, "merge_and_unload"):
        model = model.merge_and_unload()
    # Rounded to what will be written, and computed with as it will be by default.
    model = model.to(getattr(torch, export_type)).float().eval()
    if not evaluation.examples:
        return model, {}
    history = trainer.state.log_history
    losses = {row["step"]: row["eval_loss"] for row in history if "eval_loss" in row}
    best = getattr(trainer.state, "best_global_step", None)
    loss = {"loss": float(losses[best])} if best in losses else {}
    return model, {**evaluation(unwrap_adapter(model)), **loss}


def folder_settings(own: AbstractiveSettings, reader: InputReader) -> dict[str, Any]:
    """Make the config of the output, in the form that `save_compressor` writes.

    Args:
        own: The settings of the training, with a prompt.
        reader: What read the inputs, with its prompt and its limits.

    Returns:
        JSON values that `load_compressor` reads.
    """
    # A decoder-only model that was trained to say the word says nothing else for it.
    replies = {"empty_word": NOTHING_RELEVANT_WORD, "detect_refusals": True}
    return {
        "kind": "abstractive",
        "prompt": reader.prompt.to_json(),
        "titles": own.titles,
        "generation": asdict(reader.settings),
        **({} if reader.is_encoder_decoder else {"replies": replies}),
    }


def _plan(model: Any, settings: RunSettings, data: _Data) -> TrainingPlan:
    rows = data.train_rows
    trainable, parameters = count_weights(model)
    lengths = [len(row.inputs) + len(row.labels) for row in rows]
    seq2seq = bool(model.config.is_encoder_decoder)
    predicted = max(len(row.labels) for row in rows) if seq2seq else max(lengths)
    encoder, decoder = (
        getattr(model.config, side, None) or model.config for side in ("encoder", "decoder")
    )
    width = getattr(encoder, "hidden_size", None) or model.config.d_model
    sides = (encoder, decoder) if seq2seq else (decoder,)
    layers = sum(getattr(part, "num_hidden_layers", 0) or 0 for part in sides)
    # The backward pass needs about 16 values per token and layer; of the output the logits, their
    # logarithms, and the gradients of both, in float32.
    bytes_each = 2 if use_bfloat16(settings.precision) else 4
    kept = 2 * layers if settings.gradient_checkpointing else 16 * layers
    activations = settings.batch_size * max(lengths) * width * kept * bytes_each
    logits = settings.batch_size * predicted * decoder.vocab_size * 16
    per_update = settings.batch_size * settings.gradient_accumulation_steps
    return TrainingPlan(
        examples=len(rows),
        held_out=len(data.held_rows),
        steps=planned_steps(settings, len(rows)),
        tokens_per_step=round(sum(lengths) / len(lengths) * per_update),
        parameters=parameters,
        trainable=trainable,
        # Weights; gradients and the optimizer's two means of those that are trained.
        memory_bytes=round(4 * parameters + 12 * trainable + activations + logits),
        counts=dict(data.counts),
    )
