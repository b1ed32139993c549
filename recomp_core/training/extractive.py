"""Training the extractive compressor: a dual encoder, on sentence-transformers' trainer."""

from __future__ import annotations

import dataclasses
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from .._utils.checks import require
from ..extractive.compressor import ExtractiveCompressor
from ..models.summarizers.checkpoint import is_seq2seq
from ..persistence.compressors import extractive_settings, load_compressor
from ..persistence.folders import write_folder
from ..persistence.names import find_source
from .card import write_card
from .collation import ExampleCollator
from .evaluation import make_evaluator
from .examples import ContrastiveExample, TrainingData, read_contrastive
from .lora import add_lora, has_lora, load_lora, save_lora
from .losses import Candidates, loss_function
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
from .settings import EXTRACTIVE_PRESETS, ExportType, ExtractiveSettings, RunSettings, both_settings
from .settings import preset as preset_named

logger = logging.getLogger(__name__)


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
    dry_run: bool = False,
    device: str | None = None,
    **settings: Any,
) -> TrainingResult | TrainingPlan:
    """Train a dual encoder to rank first the sentences that help the reader (paper, section 3.1).

    examples: what `recomp_core.labelling` made: a folder, a JSONL file, records; see
        `examples.read_contrastive`.
    base: the encoder to begin with, as `load_compressor` takes it; "minilm", the embedded one, by
        default. output: the folder that `load_compressor` will take; it appears when all is done,
        and opens in plain sentence-transformers too.
    preset: "recomp" for the authors' recipe; settings that are given go before it.
    merge: with `lora`, whether the low-rank factors are added to the weights, or shipped alone.
    export_type: of the saved weights.
    resume, overwrite: a run that was interrupted carries on when it is started again; see `Run`.
    dry_run: return what would be done, and do nothing.
    device: such as "cpu"; by default an accelerator if there is one.
    settings: those of `RunSettings` and `ExtractiveSettings`; `lora` also in the form "rank=16".

    Raises `TrainingDataError` for data that can't be trained on, `ModelLoadError` for a base that
    is not there or of another kind, `FileExistsError` for an output folder that holds something
    else.
    """
    chosen = preset_named(preset, EXTRACTIVE_PRESETS)
    run_settings, own = both_settings(ExtractiveSettings, chosen, settings)
    target = Path(output)
    check_output(target)
    require("datasets", "train", "recomp_core.training")
    if run_settings.lora is not None:
        require("peft", "train", "lora")
    source = os.fspath(base) if base is not None else chosen.base or "minilm"
    if os.path.isdir(source):  # what an adapter says of its base must hold wherever it is loaded
        source = os.path.abspath(source)
    compressor = _base(source, device, own)
    scorer: Any = compressor.scorer
    own = dataclasses.replace(
        own, context=scorer.context, similarity_fn_name=scorer.similarity_fn_name
    )
    data = read_contrastive(examples)
    trained, held_out = data.split(run_settings.held_out, run_settings.max_held_out)
    model = scorer.encoder.model
    _prepare(model, run_settings, source)
    if dry_run:
        return _plan(model, trained, held_out, run_settings, own)
    identity = {
        "task": "extractive", "base": source, "data": fingerprint(trained, held_out),
        "own": asdict(own),
    }  # fmt: skip
    run = Run(target, run_settings, identity, overwrite=overwrite, resume=resume)
    began = time.monotonic()
    evaluate = _evaluator(held_out, run_settings, own)
    trainer = _trainer(model, trained, run, own, evaluate)
    trainer.train(resume_from_checkpoint=run.last_checkpoint())
    seconds = run.seconds(time.monotonic() - began)
    history = tuple(trainer.state.log_history)
    steps = int(trainer.state.global_step)
    if not is_main_process():
        return TrainingResult(target, {}, steps, seconds, history)
    model.eval()
    saved = _Saved.of(compressor, run, source, merge=merge, export_type=export_type)
    as_loaded: Any = saved.compressor.scorer
    metrics = evaluate(as_loaded.encoder.model) if evaluate else {}

    def save(folder: str) -> None:
        saved.write(folder)
        write_card(
            Path(folder), result_kind="extractive", base=source, data=trained, held_out=held_out,
            run=run_settings, own=own, metrics=metrics, steps=steps, seconds=seconds,
        )  # fmt: skip
        write_plot(history, Path(folder) / "training.png")

    write_folder(target, saved.settings, save)
    write_plot(history, run.folder / "training.png")
    return TrainingResult(target, metrics, steps, seconds, history)


def _base(source: str, device: str | None, own: ExtractiveSettings) -> ExtractiveCompressor:
    """The compressor that is trained, with the context and similarity of the training."""
    if is_seq2seq(find_source(source).place):  # said by its config, before any weight is loaded
        raise ValueError(f"{source} writes summaries: train it with train_abstractive")
    compressor = load_compressor(
        source,
        backend="torch",
        device=device,
        context=own.context,
        similarity_fn_name=own.similarity_fn_name,
    )
    assert isinstance(compressor, ExtractiveCompressor)  # noqa: S101 - writers were refused
    return compressor


def _prepare(model: Any, settings: RunSettings, base: str) -> None:
    transformer = model.transformers_model
    if not settings.dropout:
        without_dropout(model)
    if model.device.type == "cpu" and hasattr(transformer, "set_attn_implementation"):
        # On a CPU plain attention over few short texts is faster to differentiate.
        transformer.set_attn_implementation("eager")
    if settings.lora is not None:
        # A pooler that no mean-pooled encoder uses would only be dead weight in the adapter.
        add_lora(transformer, settings.lora, base=base, skip=r"(^|\.)pooler\.", seed=settings.seed)
    if settings.freeze_embeddings:
        freeze_embeddings(transformer)


def _trainer(
    model: Any,
    trained: TrainingData[ContrastiveExample],
    run: Run,
    own: ExtractiveSettings,
    evaluate: Any,
) -> Any:
    from datasets import Dataset
    from sentence_transformers import (
        SentenceTransformerTrainer,
        SentenceTransformerTrainingArguments,
    )

    class Trainer(SentenceTransformerTrainer):
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
    trainer = Trainer(
        model=model,
        args=arguments,
        train_dataset=Dataset.from_dict({"example": list(range(len(trained)))}),
        loss=_loss_module(model, own),
        evaluator=evaluate,
        data_collator=ExampleCollator(
            model, trained.examples, own, str(own.context), seed=run.settings.seed
        ),
    )
    run.equip(trainer)
    return trainer


def _loss_module(model: Any, own: ExtractiveSettings) -> Any:
    """The loss as the trainer calls it: features of a batch of `ExampleCollator` to one number."""
    import torch

    loss_of = loss_function(own)
    cosine = own.similarity_fn_name == "cosine"

    class Loss(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model  # the trainer puts its wrapped model here

        def forward(self, features: Sequence[dict[str, Any]], _: Any = None) -> Any:
            asked, *texts = features
            labels = {f.name: asked.pop(f.name) for f in fields(Candidates)}
            queries = embedded(self.model, asked)
            vectors = torch.cat([embedded(self.model, chunk) for chunk in texts])
            # Half precision is for the encoder: similarities are told apart by their last digits.
            with torch.autocast(queries.device.type, enabled=False):
                queries, vectors = queries.float(), vectors.float()
                if cosine:
                    queries = torch.nn.functional.normalize(queries, dim=-1)
                    vectors = torch.nn.functional.normalize(vectors, dim=-1)
                return loss_of(queries @ vectors.T * own.scale, Candidates(**labels))

    return Loss()


def embedded(model: Any, features: dict[str, Any]) -> Any:
    """Vectors of a chunk of texts as the encoder gives them when it compresses, but with gradients:
    (n_texts, dim), or with spans (n_candidates, dim).
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
    """What judges a model by the held-out questions; None where there are none."""
    if not held_out.examples:
        return None
    return make_evaluator(
        held_out.examples, batch_size=16, bfloat16=use_bfloat16(settings.precision),
        context=own.context, similarity_fn_name=own.similarity_fn_name, rate=own.rate,
    )  # fmt: skip


@dataclass(frozen=True)
class _Saved:
    """What a training leaves: the compressor as it will be loaded, rounded as it will be stored,
    what its config says, and what writes its weights into a folder.
    """

    compressor: ExtractiveCompressor
    settings: Mapping[str, Any]
    write: Callable[[str], None]

    @classmethod
    def of(
        cls,
        compressor: ExtractiveCompressor,
        run: Run,
        source: str,
        *,
        merge: bool,
        export_type: ExportType,
    ) -> _Saved:
        settings = extractive_settings(compressor)
        trained: Any = compressor.scorer
        if run.settings.lora is not None:
            factors = trained.encoder.model.transformers_model
            of_adapter = {**settings, "base": source}

            def write_adapter(folder: str) -> None:
                save_lora(factors, folder, "float32" if merge else export_type)

            # On the base with the adapter, the same way that `load_compressor` goes.
            adapter = run.folder / "adapter"
            write_folder(adapter, of_adapter, write_adapter)
            compressor = load_compressor(
                adapter, backend="torch", device=str(trained.encoder.model.device)
            )
            if not merge:
                return cls(compressor, of_adapter, write_adapter)
        whole: Any = compressor.scorer
        model = whole.encoder.model
        _round(model, export_type)

        def write(folder: str) -> None:
            import torch

            before = next(model.parameters()).dtype
            model.to(getattr(torch, export_type))
            model.save_pretrained(folder)
            model.to(before)

        return cls(compressor, settings, write)


def _round(model: Any, export_type: ExportType) -> None:
    """To what the weights will be when they have been stored and loaded."""
    import torch

    model.to(getattr(torch, export_type)).to(torch.float32)


def _plan(
    model: Any,
    trained: TrainingData[ContrastiveExample],
    held_out: TrainingData[ContrastiveExample],
    settings: RunSettings,
    own: ExtractiveSettings,
) -> TrainingPlan:
    collator = ExampleCollator(model, trained.examples, own, str(own.context), seed=settings.seed)
    size = min(settings.batch_size, len(trained))
    batch = collator([{"example": n} for n in range(size)])
    masks = [value for name, value in batch.items() if name.endswith("attention_mask")]
    tokens = int(sum(mask.sum() for mask in masks))
    trainable, parameters = trainable_parameters(model)
    config = model.transformers_model.config
    # Some twelve values of the hidden width are kept per token and layer for the way back.
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
