"""Training the extractive compressor: a dual encoder, on sentence-transformers' trainer."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from .._utils.checks import require
from ..extractive.compressor import ExtractiveCompressor
from ..models.summarizers.checkpoint import is_seq2seq
from ..persistence.compressors import extractive_settings, load_compressor
from ..persistence.folders import write_folder
from ..persistence.names import find_source
from .collation import ExampleCollator
from .evaluation import make_evaluator
from .examples import ContrastiveExample, TrainingData, read_contrastive
from .job import TrainingJob
from .lora import add_lora, has_lora, load_lora, save_lora
from .losses import Candidates, loss_function
from .runs import Run, TrainingPlan, TrainingResult, is_main_process, planned_steps
from .settings import EXTRACTIVE_PRESETS, ExportType, ExtractiveSettings, RunSettings
from .weights import count_weights, disable_dropout, freeze_embeddings, use_bfloat16


def train_extractive(
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
    """Train a dual encoder to rank first the sentences that help the reader (paper, section 3.1).

    Args:
        examples: What `recomp_core.labelling` made: a folder, a JSONL file or records; see
            `read_contrastive`.
        base: The encoder to begin with, as `load_compressor` takes it; by default "minilm", the
            embedded one.
        output: The folder that `load_compressor` will take. It appears when all is done, and opens
            in plain sentence-transformers too; checkpoints lie beside it in `<output>.run`.
        preset: "recomp" for the authors' recipe; settings that are given override it.
        merge: With `lora`, whether the low-rank factors are added to the weights, or ship alone.
        export_type: The type of the saved weights.
        overwrite: Whether to start again although there is an unfinished run.
        resume: Whether to carry on with an unfinished run.
        resume_incomplete: Whether to do so also where the last checkpoint has lost the state of the
            optimizer, the learning rate or the random numbers: these begin anew.
        dry_run: Whether to return a `TrainingPlan` instead, and write nothing.
        device: Such as "cpu"; by default an accelerator if there is one.
        settings: Settings of `RunSettings` and `ExtractiveSettings`; `lora` may be "rank=16".

    Returns:
        What was trained, or with `dry_run` what would be.

    Raises:
        TypeError: There is no such setting.
        ValueError: A setting can't work, the run's folder holds another training, or its last
            checkpoint is incomplete.
        FileExistsError: The output folder holds something else.
        ModelLoadError: The base is not there, or is no encoder.
        TrainingDataError: The data can't be trained on.
    """
    job = TrainingJob.of(
        "extractive", ExtractiveSettings, EXTRACTIVE_PRESETS, settings,
        base=base, default_base="minilm", output=output, preset=preset, merge=merge,
        export_type=export_type, overwrite=overwrite, resume=resume,
        resume_incomplete=resume_incomplete,
    )  # fmt: skip
    require("datasets", "train", "recomp_core.training")
    compressor = _load_base(job, device)
    scorer: Any = compressor.scorer
    job = replace(
        job,
        own=replace(job.own, context=scorer.context, similarity_fn_name=scorer.similarity_fn_name),
    )
    data = read_contrastive(examples)
    trained, held_out = data.split(job.run.held_out, job.run.max_held_out)
    _prepare(scorer.encoder.model, job)
    if dry_run:
        return _plan(scorer.encoder.model, trained, held_out, job)
    return _train(job, compressor, trained, held_out)


def _load_base(job: TrainingJob[ExtractiveSettings], device: str | None) -> ExtractiveCompressor:
    """The compressor that is trained, with the context and similarity of the training."""
    if is_seq2seq(find_source(job.base).place):  # its config says so, before any weight is loaded
        raise ValueError(f"{job.base} writes summaries: train it with train_abstractive")
    compressor = load_compressor(
        job.base,
        backend="torch",
        device=device,
        context=job.own.context,
        similarity_fn_name=job.own.similarity_fn_name,
    )
    assert isinstance(compressor, ExtractiveCompressor)  # noqa: S101 - writers were refused
    return compressor


def _prepare(model: Any, job: TrainingJob[ExtractiveSettings]) -> None:
    """Make those of the model's weights trainable that shall be."""
    settings, transformer = job.run, model.transformers_model
    if not settings.dropout:
        disable_dropout(model)
    if model.device.type == "cpu" and hasattr(transformer, "set_attn_implementation"):
        # On a CPU plain attention over few short texts is faster to differentiate.
        transformer.set_attn_implementation("eager")
    if settings.lora is not None:
        # A pooler that no mean-pooled encoder uses would only be dead weight in the adapter.
        add_lora(
            transformer, settings.lora, base=job.base, skip=r"(^|\.)pooler\.", seed=settings.seed
        )
    if settings.freeze_embeddings:
        freeze_embeddings(transformer)


def _train(
    job: TrainingJob[ExtractiveSettings],
    compressor: ExtractiveCompressor,
    trained: TrainingData[ContrastiveExample],
    held_out: TrainingData[ContrastiveExample],
) -> TrainingResult:
    """Train, evaluate what will be saved, and write it."""
    run = job.start(trained, held_out)
    evaluate = _evaluator(held_out, job.run, job.own)
    scorer: Any = compressor.scorer
    model = scorer.encoder.model
    trainer = _trainer(model, trained, run, job.own, evaluate)
    run.train(trainer)
    if not is_main_process():
        return run.result(trainer, {})
    model.eval()
    saved = _Saved.of(compressor, run, job)
    as_loaded: Any = saved.compressor.scorer
    result = run.result(trainer, evaluate(as_loaded.encoder.model) if evaluate else {})
    job.write(result, run, saved.settings, saved.write, trained=trained, held_out=held_out)
    return result


def _trainer(
    model: Any,
    trained: TrainingData[ContrastiveExample],
    run: Run,
    own: ExtractiveSettings,
    evaluate: Any,
) -> Any:
    """The trainer of sentence-transformers, with our batches, loss and checkpoints."""
    from datasets import Dataset
    from sentence_transformers import (
        SentenceTransformerTrainer,
        SentenceTransformerTrainingArguments,
    )

    class EncoderTrainer(SentenceTransformerTrainer):
        def add_model_card_callback(self, _: Mapping[str, Any]) -> None:
            """Ours replaces theirs, which would describe a column of numbers."""

        def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
            inner = self.model.transformers_model
            if has_lora(inner):
                save_lora(inner, str(output_dir))
            else:
                super()._save(output_dir, state_dict)

        def _load_from_checkpoint(self, checkpoint_path: str) -> None:
            inner = self.model.transformers_model
            if has_lora(inner):
                load_lora(inner, checkpoint_path)
            else:
                super()._load_from_checkpoint(checkpoint_path)

    arguments = run.arguments(
        SentenceTransformerTrainingArguments,
        len(trained),
        best=f"eval_{evaluate.primary_metric}" if evaluate else None,
        # The column holds positions, which the collator turns into texts.
        remove_unused_columns=False,
        use_cpu=model.device.type == "cpu",
    )
    return EncoderTrainer(
        model=model,
        args=arguments,
        train_dataset=Dataset.from_dict({"example": list(range(len(trained)))}),
        loss=_loss_module(model, own),
        evaluator=evaluate,
        data_collator=ExampleCollator(
            model, trained.examples, own, str(own.context), seed=run.settings.seed
        ),
    )


def _loss_module(model: Any, own: ExtractiveSettings) -> Any:
    """The loss as the trainer calls it, from the features of a batch to one number."""
    import torch

    loss_of = loss_function(own)
    cosine = own.similarity_fn_name == "cosine"

    class BatchLoss(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model  # the trainer puts its wrapped model here

        def forward(self, features: Sequence[dict[str, Any]], _: Any = None) -> Any:
            asked, *texts = features
            labels = {f.name: asked.pop(f.name) for f in fields(Candidates)}
            queries = embed(self.model, asked)
            vectors = torch.cat([embed(self.model, chunk) for chunk in texts])
            # Half precision is for the encoder: similarities differ in their last digits.
            with torch.autocast(queries.device.type, enabled=False):
                queries, vectors = queries.float(), vectors.float()
                if cosine:
                    queries = torch.nn.functional.normalize(queries, dim=-1)
                    vectors = torch.nn.functional.normalize(vectors, dim=-1)
                return loss_of(queries @ vectors.T * own.scale, Candidates(**labels))

    return BatchLoss()


def embed(model: Any, features: dict[str, Any]) -> Any:
    """Encode a chunk of texts as the encoder does when it compresses, but with gradients.

    Args:
        model: A `SentenceTransformer`, or a module that wraps one.
        features: The tensors of a chunk of `ExampleCollator`; "span" and "n_candidates" are taken
            out.

    Returns:
        Vectors of shape (n_texts, dim), or with spans (n_candidates, dim).
    """
    import torch

    span = features.pop("span", None)
    n_candidates = features.pop("n_candidates", None)
    inner = getattr(model, "module", model)
    output = model(features)
    if span is None:
        return output["sentence_embedding"][:, : inner.truncate_dim]
    tokens = output["token_embeddings"].float().flatten(0, 1)  # (n_texts * width, hidden)
    owner = span.flatten()
    inside = owner >= 0
    n = int(n_candidates)
    sums = tokens.new_zeros(n, tokens.shape[1]).index_add(0, owner[inside], tokens[inside])
    counts = tokens.new_zeros(n).index_add(0, owner[inside], tokens.new_ones(int(inside.sum())))
    pooled = {"sentence_embedding": sums / counts[:, None]}
    # What follows the pooling: dense layers, normalising.
    for module in list(inner)[2:]:
        pooled = module(pooled)
    vectors = pooled["sentence_embedding"]
    assert isinstance(vectors, torch.Tensor)  # noqa: S101 - what every module gives
    return vectors[:, : inner.truncate_dim]


def _evaluator(
    held_out: TrainingData[ContrastiveExample], settings: RunSettings, own: ExtractiveSettings
) -> Any:
    """The evaluator on the held-out questions; None where there are none."""
    if not held_out.examples:
        return None
    return make_evaluator(
        held_out.examples, batch_size=16, bfloat16=use_bfloat16(settings.precision),
        context=own.context, similarity_fn_name=own.similarity_fn_name, rate=own.rate,
    )  # fmt: skip


@dataclass(frozen=True)
class _Saved:
    """What a training leaves.

    Attributes:
        compressor: As it will be loaded, rounded as it will be stored.
        settings: What its config says.
        write: Writes its weights into a folder.
    """

    compressor: ExtractiveCompressor
    settings: Mapping[str, Any]
    write: Callable[[str], None]

    @classmethod
    def of(
        cls, compressor: ExtractiveCompressor, run: Run, job: TrainingJob[ExtractiveSettings]
    ) -> _Saved:
        settings = extractive_settings(compressor)
        if job.run.lora is None:
            return cls._whole(compressor, settings, job.export_type)
        trained: Any = compressor.scorer
        factors = trained.encoder.model.transformers_model
        of_adapter = {**settings, "base": job.base}

        def write_adapter(folder: str) -> None:
            save_lora(factors, folder, "float32" if job.merge else job.export_type)

        # The adapter on its base, loaded in the same way as `load_compressor` does it later.
        adapter = run.folder / "adapter"
        write_folder(adapter, of_adapter, write_adapter)
        loaded = load_compressor(adapter, backend="torch", device=str(trained.encoder.model.device))
        assert isinstance(loaded, ExtractiveCompressor)  # noqa: S101 - its settings say so
        if not job.merge:
            return cls(loaded, of_adapter, write_adapter)
        return cls._whole(loaded, settings, job.export_type)

    @classmethod
    def _whole(
        cls,
        compressor: ExtractiveCompressor,
        settings: Mapping[str, Any],
        export_type: ExportType,
    ) -> _Saved:
        """All weights, in the type in which they are exported."""
        import torch

        scorer: Any = compressor.scorer
        model, dtype = scorer.encoder.model, getattr(torch, export_type)
        model.to(dtype).to(torch.float32)  # what they will be when they are stored and loaded

        def write(folder: str) -> None:
            before = next(model.parameters()).dtype
            model.to(dtype)
            model.save_pretrained(folder)
            model.to(before)

        return cls(compressor, settings, write)


def _plan(
    model: Any,
    trained: TrainingData[ContrastiveExample],
    held_out: TrainingData[ContrastiveExample],
    job: TrainingJob[ExtractiveSettings],
) -> TrainingPlan:
    settings = job.run
    collator = ExampleCollator(
        model, trained.examples, job.own, str(job.own.context), seed=settings.seed
    )
    size = min(settings.batch_size, len(trained))
    batch = collator([{"example": n} for n in range(size)])
    masks = [value for name, value in batch.items() if name.endswith("attention_mask")]
    tokens = int(sum(mask.sum() for mask in masks))
    trainable, parameters = count_weights(model)
    config = model.transformers_model.config
    # The backward pass needs about twelve values of the hidden width per token and layer.
    activations = 12 * 4 * tokens * config.hidden_size * config.num_hidden_layers
    return TrainingPlan(
        examples=len(trained),
        held_out=len(held_out),
        steps=planned_steps(settings, len(trained)),
        tokens_per_step=tokens * settings.gradient_accumulation_steps,
        parameters=parameters,
        trainable=trainable,
        # Weights, and for what is trained its gradient and two moments.
        memory_bytes=4 * (parameters + 3 * trainable) + activations,
        counts=trained.counts,
    )
