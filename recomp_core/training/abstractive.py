"""Training of the abstractive compressor: an encoder-decoder learns to write the targets, the empty
ones too (paper, section 3.2).
"""

from __future__ import annotations

import logging
import os
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, get_args

from .._utils.checks import check_choice, require
from ..models.summarizers.checkpoint import Checkpoint, find_checkpoint
from ..models.summarizers.seq2seq import GenerationSettings
from ..persistence.folders import read_config, write_folder
from ..prompts import T5_PROMPT, PromptTemplate
from .card import write_card
from .examples import DistillationExample, TrainingData, TrainingDataError, read_distillation
from .plot import write_plot
from .runs import (
    Run,
    TrainingPlan,
    TrainingResult,
    check_output,
    fingerprint,
    freeze_embeddings,
    is_main_process,
    planned_steps,
    trainable_parameters,
    use_bfloat16,
    without_dropout,
)
from .settings import (
    ABSTRACTIVE_PRESETS,
    AbstractiveSettings,
    ExportType,
    RunSettings,
    both_settings,
)
from .settings import preset as preset_named
from .summary_evaluation import BEST, SummaryEvaluation
from .summary_inputs import InputReader, Row, complete_special_tokens, encoded
from .summary_trainer import Rows, bare, trainer_class

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
    dry_run: bool = False,
    device: str | None = None,
    **settings: Any,
) -> TrainingResult | TrainingPlan:
    """Teach an encoder-decoder to write the targets; `load_compressor(output)` takes the result.

    examples: a folder or file of labels, or records: see `read_distillation`. Empty targets are
        kept and counted: they teach to prepend nothing.
    base: a hub name or a folder of any encoder-decoder: T5, BART, an `EncoderDecoderModel`; or of
        an adapter on one. What a folder of ours says about prompt and titles is taken over.
    output: the folder that appears when all is done; checkpoints lie beside it in `<output>.run`.
    preset: "recomp" for the paper's settings and its base, T5-large.
    merge: with LoRA, whether the factors are merged into the weights, or ship alone.
    export_type: what the weights are written as.
    overwrite: begin anew although there is an unfinished run. resume: carry on with one.
    dry_run: return a `TrainingPlan` instead, and write nothing.
    device: "cpu" stays there; by default an accelerator is used if there is one.
    settings: those of `RunSettings` and `AbstractiveSettings`; lora may be "rank=16".

    The inputs are those that `AbstractiveCompressor` makes of the same question, cut where it would
    cut. A question whose documents are blank, or that leaves no room for them, is left out and
    counted.

    Raises, before any data is read: `TypeError` for unknown settings and `ValueError` for those
    that cannot work; `FileExistsError` for an output folder that holds something else;
    `ModelLoadError` for a base that is not there or is no encoder-decoder. Then `TrainingDataError`
    for unusable data, and `ValueError` for the run folder of another training.
    """
    chosen = preset_named(preset, ABSTRACTIVE_PRESETS)
    source = _base_name(base if base is not None else chosen.base)
    if isinstance(prompt := settings.get("prompt"), PromptTemplate):
        settings["prompt"] = prompt.template
    run_settings, own = both_settings(AbstractiveSettings, chosen, settings)
    if own.prompt is not None:
        PromptTemplate(own.prompt)  # raises for one that can't be filled in
    check_choice("export_type", export_type, get_args(ExportType))
    output = Path(output)
    check_output(output)
    if not dry_run:
        require("accelerate", "train", "train_abstractive")
    if run_settings.lora is not None:
        require("peft", "train", "lora")

    began = time.monotonic()
    checkpoint = find_checkpoint(source)
    if checkpoint.adapter and run_settings.lora is not None and not merge:
        raise ValueError(
            f"{source} is an adapter itself: another one can't ship alone. Merge (merge=True), or "
            "train on its base model"
        )
    own = _with_bases_own(own, source, given=settings)
    tokenizer = checkpoint.load_tokenizer()
    model = _empty_model(checkpoint) if dry_run else checkpoint.load_model("float32", device="cpu")
    special = complete_special_tokens(model, tokenizer)
    reader = InputReader(model, tokenizer, own)

    data = read_distillation(examples)
    training, held_out = data.split(run_settings.held_out, run_settings.max_held_out)
    counts = Counter(data.counts)
    train_rows = encoded(training, reader, special, counts)
    held_rows = encoded(held_out, reader, special, counts)
    if not train_rows:
        raise TrainingDataError(
            f"{', '.join(data.sources)}: no question is left to train on: {dict(counts)}"
        )
    training, held_out = (
        replace(part, examples=tuple(row.example for row in rows), counts=dict(counts))
        for part, rows in ((training, train_rows), (held_out, held_rows))
    )
    logger.info(
        "%d questions to train on, %d held out: %s",
        len(train_rows), len(held_rows), ", ".join(f"{k} {n}" for k, n in counts.items()),
    )  # fmt: skip

    if dry_run:
        model = _prepared(model, run_settings)
        return _plan(model, run_settings, train_rows, held_rows, counts)
    run = Run(
        output,
        run_settings,
        {
            "task": "abstractive",
            "base": source,
            "data": fingerprint(training, held_out),
            "own": asdict(own),
        },
        overwrite=overwrite,
        resume=resume,
    )
    evaluation = SummaryEvaluation(
        held_out.examples,
        [row.prompt for row in held_rows],
        tokenizer,
        replace(reader.settings, batch_size=run_settings.batch_size),
    )
    trainer, model = _train(
        model, tokenizer, run, train_rows, held_rows, evaluation, use_cpu=_on_cpu(device)
    )
    model, metrics = _finished(model, trainer, evaluation, merge=merge, export_type=export_type)
    result = TrainingResult(
        output,
        metrics,
        trainer.state.global_step,
        run.seconds(time.monotonic() - began),
        tuple(trainer.state.log_history),
    )
    if is_main_process():
        if hasattr(model, "peft_config"):
            model.peft_config["default"].base_model_name_or_path = source
        _write(
            result, model, tokenizer, run, reader, own,
            training=training, held_out=held_out, base=source, export_type=export_type,
        )  # fmt: skip
    trainer.accelerator.wait_for_everyone()
    return result


def _base_name(base: str | os.PathLike[str] | None) -> str:
    if base is None:
        raise ValueError('give base=, an encoder-decoder such as "t5-small", or preset="recomp"')
    name = os.fspath(base)
    # An adapter names its base: it must be found from any working directory.
    return os.path.abspath(name) if os.path.isdir(name) else name


def _on_cpu(device: str | None) -> bool:
    import torch

    return device == "cpu" or not torch.accelerator.is_available()


def _with_bases_own(
    own: AbstractiveSettings, source: str, *, given: Mapping[str, Any]
) -> AbstractiveSettings:
    """With prompt and titles as the base's folder has them, unless they are given."""
    saved = read_config(Path(source)) if os.path.isdir(source) else {}
    if own.prompt is None:
        own = replace(own, prompt=saved.get("prompt") or T5_PROMPT.template)
    if given.get("titles") is None:
        own = replace(own, titles=bool(saved.get("titles", own.titles)))
    return own


def _empty_model(checkpoint: Checkpoint) -> Any:
    """The model without its weights, which take time and memory."""
    import torch
    from transformers import AutoModelForSeq2SeqLM

    with torch.device("meta"):
        return AutoModelForSeq2SeqLM.from_config(checkpoint.config)


def _prepared(model: Any, settings: RunSettings) -> Any:
    """The model with those of its weights trainable that shall be."""
    if not settings.dropout:
        without_dropout(model)
        for module in model.modules():
            for name in _DROPOUTS:
                if isinstance(getattr(module, name, None), float):
                    setattr(module, name, 0.0)
    if settings.freeze_embeddings:
        for part in (model, model.get_encoder(), model.get_decoder()):
            freeze_embeddings(part)  # one built from two encoders has two tables
    if settings.lora is None:
        return model
    from peft import LoraConfig, TaskType, get_peft_model

    lora = settings.lora
    return get_peft_model(
        model,
        LoraConfig(
            r=lora.rank,
            lora_alpha=lora.alpha or lora.rank,
            lora_dropout=lora.dropout,
            target_modules=list(lora.targets) if lora.targets else "all-linear",
            task_type=TaskType.SEQ_2_SEQ_LM,
        ),
    )


def _train(
    model: Any,
    tokenizer: Any,
    run: Run,
    train_rows: Sequence[Row],
    held_rows: Sequence[Row],
    evaluation: SummaryEvaluation,
    *,
    use_cpu: bool,
) -> tuple[Any, Any]:
    """The trainer at its end, and the model with the best weights, unwrapped."""
    from transformers import DataCollatorForSeq2Seq, Seq2SeqTrainingArguments, set_seed

    set_seed(run.settings.seed)  # LoRA draws its first factors
    model = _prepared(model, run.settings)
    used_cache = getattr(model.config, "use_cache", None)
    trainer = trainer_class()(
        model=model,
        args=run.arguments(
            Seq2SeqTrainingArguments,
            len(train_rows),
            best=f"eval_{BEST}" if held_rows else None,
            use_cpu=use_cpu,
        ),
        data_collator=DataCollatorForSeq2Seq(tokenizer, model=model),
        train_dataset=Rows(train_rows),
        eval_dataset=Rows(held_rows) if held_rows else None,
    )
    trainer.summaries = evaluation
    # Not every model heeds what the trainer would tell it about the size of an accumulated batch:
    # an `EncoderDecoderModel` takes the mean of its part all the same.
    trainer.model_accepts_loss_kwargs = False
    run.equip(trainer)
    trainer.train(resume_from_checkpoint=run.last_checkpoint())
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
    return model, {**evaluation(bare(model)), **loss}


def _write(
    result: TrainingResult,
    model: Any,
    tokenizer: Any,
    run: Run,
    reader: InputReader,
    own: AbstractiveSettings,
    *,
    training: TrainingData[DistillationExample],
    held_out: TrainingData[DistillationExample],
    base: str,
    export_type: ExportType,
) -> None:
    import torch

    def save(folder: str) -> None:
        model.to(getattr(torch, export_type)).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        write_card(
            Path(folder),
            result_kind="abstractive",
            base=base,
            data=training,
            held_out=held_out,
            run=run.settings,
            own=own,
            metrics=result.metrics,
            steps=result.steps,
            seconds=result.seconds,
        )
        write_plot(result.history, Path(folder) / "training.png")

    write_folder(result.folder, folder_settings(own, reader.settings), save)
    write_plot(result.history, run.folder / "training.png")


def folder_settings(own: AbstractiveSettings, generation: GenerationSettings) -> dict[str, Any]:
    """What `load_compressor` reads, in the form that `save_compressor` writes."""
    return {
        "kind": "abstractive",
        "prompt": own.prompt,
        "titles": own.titles,
        "generation": asdict(generation),
    }


def _plan(
    model: Any,
    settings: RunSettings,
    train_rows: Sequence[Row],
    held_rows: Sequence[Row],
    counts: Mapping[str, int],
) -> TrainingPlan:
    trainable, parameters = trainable_parameters(model)
    tokens = sum(len(row.inputs) + len(row.labels) for row in train_rows) / len(train_rows)
    longest = max(len(row.inputs) + len(row.labels) for row in train_rows)
    longest_label = max(len(row.labels) for row in train_rows)
    encoder, decoder = (
        getattr(model.config, side, None) or model.config for side in ("encoder", "decoder")
    )
    width = getattr(encoder, "hidden_size", None) or model.config.d_model
    layers = sum(getattr(part, "num_hidden_layers", 0) or 0 for part in (encoder, decoder))
    # Of a layer about 16 values a token are kept for the way back; of the output the logits, their
    # logarithms, and the gradients of both, in float32.
    bytes_each = 2 if use_bfloat16(settings.precision) else 4
    kept = 2 * layers if settings.gradient_checkpointing else 16 * layers
    activations = settings.batch_size * longest * width * kept * bytes_each
    logits = settings.batch_size * longest_label * decoder.vocab_size * 16
    return TrainingPlan(
        examples=len(train_rows),
        held_out=len(held_rows),
        steps=planned_steps(settings, len(train_rows)),
        tokens_per_step=round(tokens * settings.batch_size * settings.gradient_accumulation_steps),
        parameters=parameters,
        trainable=trainable,
        # Weights; gradients and the optimizer's two means of those that are trained.
        memory_bytes=round(4 * parameters + 12 * trainable + activations + logits),
        counts=dict(counts),
    )
