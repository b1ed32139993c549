"""Evaluation of a dual encoder during training: how often what it would keep holds the answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..extractive.scoring import DualEncoderScorer
from ..protocols import Encoder
from ..text.answers import contains_answer
from ..types import Context, ScoringTask, Sentence, SimilarityFunction
from .examples import ContrastiveExample

# Questions that are scored together.
_AT_ONCE = 16


def recall_at_rate(
    encoder: Encoder,
    examples: Sequence[ContrastiveExample],
    *,
    context: Context,
    similarity_fn_name: SimilarityFunction,
    rate: float,
) -> dict[str, float]:
    """Measure answer recall when the best candidates are kept up to a compression rate.

    Of each question the best-scoring sentences are kept, the first always, as long as they take at
    most `rate` of its documents' characters.

    Args:
        encoder: The dual encoder.
        examples: The questions.
        context: What a sentence is encoded with; see `DualEncoderScorer`.
        similarity_fn_name: How vectors are compared.
        rate: Kept characters ÷ all characters of the documents.

    Returns:
        Figures from 0 to 1.

        - "answer_recall": the share of questions whose kept sentences hold a gold answer; it is
          missing where no example has answers.
        - "positive_recall": the share of questions whose positive is kept.
        - "mrr": the mean of 1 / rank of the positive.
        - "rate": the mean rate.
    """
    scorer = DualEncoderScorer(encoder, context=context, similarity_fn_name=similarity_fn_name)
    found: list[tuple[float | None, bool, float, float]] = []
    for first in range(0, len(examples), _AT_ONCE):
        some = examples[first : first + _AT_ONCE]
        tasks = [_task(example) for example in some]
        for example, scores in zip(some, scorer.score(tasks), strict=True):
            found.append(_judged(example, scores, rate))
    figures = {
        "positive_recall": _mean([kept for _, kept, _, _ in found]),
        "mrr": _mean([reciprocal for _, _, _, reciprocal in found]),
        "rate": _mean([share for _, _, share, _ in found]),
    }
    answered = [answer for answer, _, _, _ in found if answer is not None]
    return {"answer_recall": _mean(answered), **figures} if answered else figures


def make_evaluator(
    examples: Sequence[ContrastiveExample], *, batch_size: int, bfloat16: bool, **settings: Any
) -> Any:
    """Make `recall_at_rate` an evaluator of sentence-transformers' trainer.

    Args:
        examples: The held-out questions.
        batch_size: Texts that are encoded together.
        bfloat16: Whether forward passes compute in bfloat16.
        settings: `context`, `similarity_fn_name` and `rate` of `recall_at_rate`.

    Returns:
        A `SentenceEvaluator`: a function of a `SentenceTransformer` that returns the figures.
    """
    import torch
    from sentence_transformers.sentence_transformer.evaluation import SentenceEvaluator

    from ..models.encoders.sentence_transformer import SentenceTransformerEncoder

    class AnswerRecallEvaluator(SentenceEvaluator):
        def __init__(self) -> None:
            super().__init__()
            self.primary_metric = main_figure(examples)

        def __call__(self, model: Any, *_: Any, **__: Any) -> dict[str, float]:
            encoder = SentenceTransformerEncoder(model, batch_size=batch_size)
            mode = model.training
            model.eval()
            try:
                device = model.device.type
                with torch.autocast(device, torch.bfloat16, enabled=bfloat16):
                    return recall_at_rate(encoder, examples, **settings)
            finally:
                model.train(mode)

    return AnswerRecallEvaluator()


def main_figure(examples: Sequence[ContrastiveExample]) -> str:
    """Name the figure by which the best weights are chosen.

    Args:
        examples: The held-out questions.

    Returns:
        "answer_recall", or "positive_recall" where no example has answers.
    """
    return "answer_recall" if any(e.answers for e in examples) else "positive_recall"


def _task(example: ContrastiveExample) -> ScoringTask:
    sentences = tuple(
        Sentence(example.text(n), c.doc_index, c.start, c.end)
        for n, c in enumerate(example.candidates)
    )
    return ScoringTask(example.query, example.documents, sentences)


def _judged(
    example: ContrastiveExample, scores: Sequence[float], rate: float
) -> tuple[float | None, bool, float, float]:
    order = sorted(range(len(scores)), key=lambda n: -scores[n])
    total = sum(len(document.text) for document in example.documents)
    kept: list[int] = []
    length = 0
    for n in order:
        size = len(example.text(n))
        if not kept or length + size <= rate * total:
            kept.append(n)
            length += size
    text = "\n".join(example.text(n) for n in sorted(kept))
    answer = float(contains_answer(text, example.answers)) if example.answers else None
    return (
        answer,
        example.positive in kept,
        length / max(1, total),
        1 / (1 + order.index(example.positive)),
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
