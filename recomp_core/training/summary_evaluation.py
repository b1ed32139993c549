"""How good the summaries for held-out questions are, measured on strings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from statistics import fmean
from typing import Any

from ..abstractive.llm_summarizer import LLMSummarizer
from ..errors import SummaryError
from ..models.summarizers.causal import CausalSummarizer
from ..models.summarizers.local import GenerationSettings
from ..models.summarizers.seq2seq import Seq2SeqSummarizer
from ..protocols import Summarizer
from ..text.answers import contains_answer, token_f1
from ..text.joining import Layout
from .examples import DistillationExample

BEST = "balanced_f1"
"""The figure that decides which weights are kept.

Questions that want a summary and those that want none weigh the same in it, however many there are
of each: where most targets are empty, a model that writes nothing would win by the plain mean.
"""


def summary_metrics(
    examples: Sequence[DistillationExample], summaries: Sequence[str | None]
) -> dict[str, float]:
    """Measure summaries.

    Args:
        examples: The questions.
        summaries: A summary for each question; "" for nothing, None where none came, as from a
            model that did not end.

    Returns:
        Figures from 0 to 1, each a mean over the questions. A figure that no question bears on is
        left out.

        - "token_f1": of the words shared with the target; 1 where both are empty, 0 where one is.
        - "balanced_f1": the mean of two means of "token_f1", that over the questions with a target
          and that over those without.
        - "answer_recall": how often the summary holds a gold answer, and
          "answer_recall_of_targets" how often the target does, which is what can be reached; of the
          questions with answers only.
        - "rate": characters of the summary ÷ characters of the documents (`Compression.rate`).
        - "empty": the share of empty summaries, and the same where the target is empty
          ("empty_where_target_is_empty") and where it is not ("empty_where_target_is_not").
        - "failed": the share of questions without a summary, where there are any. They hold no
          answer, are not empty, and have the F1 0 and the rate 1.
    """
    pairs = list(zip(examples, summaries, strict=True))
    answerable = [(e, s or "") for e, s in pairs if e.answers]
    f1 = [0.0 if s is None else token_f1(s, [e.target]) for e, s in pairs]
    wanted = [value for (e, _), value in zip(pairs, f1, strict=True) if e.target]
    unwanted = [value for (e, _), value in zip(pairs, f1, strict=True) if not e.target]
    samples: dict[str, Sequence[float]] = {
        "token_f1": f1,
        BEST: [fmean(group) for group in (wanted, unwanted) if group],
        "answer_recall": [contains_answer(s, e.answers) for e, s in answerable],
        "answer_recall_of_targets": [contains_answer(e.target, e.answers) for e, _ in answerable],
        "rate": [_rate(e, s) for e, s in pairs],
        "empty": [s == "" for _, s in pairs],
        "empty_where_target_is_empty": [s == "" for e, s in pairs if not e.target],
        "empty_where_target_is_not": [s == "" for e, s in pairs if e.target],
        "failed": [s is None for _, s in pairs] if None in summaries else [],
    }
    return {name: fmean(values) for name, values in samples.items() if values}


class SummaryEvaluation:
    """Evaluation of a model by its summaries of the held-out questions, written as at inference.

    Where several processes train, each writes its share and all of them get the figures of the
    whole.

    Args:
        examples: The held-out questions.
        prompts: What the compressor sends for each of them.
        tokenizer: The model's tokenizer.
        settings: The limits of inputs and summaries.
    """

    def __init__(
        self,
        examples: Sequence[DistillationExample],
        prompts: Sequence[str],
        tokenizer: Any,
        settings: GenerationSettings,
    ) -> None:
        self.examples = examples
        self.prompts = prompts
        self.tokenizer = tokenizer
        self.settings = settings

    def __call__(self, model: Any) -> dict[str, float]:
        """Measure what a model writes.

        Args:
            model: A model of transformers that writes.

        Returns:
            The figures of `summary_metrics`.
        """
        return summary_metrics(self.examples, self.summaries(model))

    def summaries(self, model: Any) -> list[str | None]:
        """Write the summaries of the held-out questions.

        Args:
            model: A model of transformers that writes.

        Returns:
            A summary for each question, in order; None where the model's reply is none.

        Raises:
            Exception: A summary failed; it is the first such error.
        """
        from accelerate import PartialState
        from accelerate.utils import gather_object

        state = PartialState()
        mine = range(state.process_index, len(self.prompts), state.num_processes)
        summarizer = _summarizer(model, self.tokenizer, self.settings)
        written = summarizer.summarize([self.prompts[n] for n in mine])
        by_position = dict(gather_object(list(zip(mine, written, strict=True))))
        summaries: list[str | None] = []
        for position in range(len(self.prompts)):
            summary = by_position[position]
            if isinstance(summary, SummaryError):
                summary = None
            if isinstance(summary, Exception):
                raise summary
            summaries.append(summary)
        return summaries


def _summarizer(model: Any, tokenizer: Any, settings: GenerationSettings) -> Summarizer:
    if model.config.is_encoder_decoder:
        return Seq2SeqSummarizer(model, tokenizer, **asdict(settings))
    return LLMSummarizer.from_local(CausalSummarizer(model, tokenizer, **asdict(settings)))


def _rate(example: DistillationExample, summary: str | None) -> float:
    if summary is None:
        return 1.0
    documents = Layout().join(document.text for document in example.documents)
    # A compressor gives back the documents themselves where a summary is no shorter.
    return min(1.0, len(summary) / len(documents)) if documents else 0.0
