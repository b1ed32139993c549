"""The plain settings of models, answer scorers and labels, and the names that scorers have.

Settings are JSON values, so that a shell or another machine can give them. The name of a scorer
stands for a factory, a function that builds it from the settings:

    def build_mine(settings: ScorerSettings) -> AnswerScorer: ...

One line in `ANSWER_SCORERS` registers it here. Another package registers its own as
an entry point:

    [project.entry-points."recomp.answer_scorers"]
    mine = "my_package:build_mine"

Importing this loads no model's library.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal, Protocol

from .._utils.registry import Registry
from .._utils.settings import Setting
from ..models.language_models.reply_settings import ReplySettings
from ..readers.answer_scores import Answers, AnswerScorer

ANSWER_SCORERS = Registry(
    "answer scorer",
    "recomp.answer_scorers",
    {
        "causal": "recomp_core.labelling.scorers.local:build_causal_scorer",
        "seq2seq": "recomp_core.labelling.scorers.local:build_seq2seq_scorer",
        "completions": "recomp_core.labelling.scorers.completions:build_completions_scorer",
        "chat": "recomp_core.labelling.scorers.chat:build_chat_scorer",
        "reader": "recomp_core.labelling.scorers.reader:build_reader_scorer",
        "end-task": "recomp_core.labelling.scorers.end_task:build_end_task_scorer",
    },
)
"""The names of answer scorers; each points to a `ScorerFactory`."""


class ScorerFactory(Protocol):
    """What a name in `ANSWER_SCORERS` points to."""

    def __call__(self, settings: ScorerSettings) -> AnswerScorer:
        """Build the scorer.

        Args:
            settings: All settings of scorers; a factory reads those that it needs.

        Returns:
            The scorer, which has no budget and no cache yet.

        Raises:
            ValueError: A setting cannot work, or one is missing.
            ModelLoadError: The model can't be loaded.
            ImportError: An extra is not installed.
        """


@dataclass(frozen=True)
class ModelSettings(ReplySettings):
    """A model and where it is. Keys are named by their environment variable, never given.

    Attributes:
        model: Its hub name or folder, or the name that its endpoint knows it by.
        base_url: The address of its endpoint; None for OpenAI's.
        api_key_env: The environment variable that holds the endpoint's key.
        device: Where a local model runs; None for the CPU.
        max_concurrency: The largest number of requests under way at one time.
        requests_per_minute: The largest number of requests a minute; None for no limit.
    """

    model: Annotated[str | None, Setting("The scorer's model.", flags=("--model", "-m"))] = None
    base_url: Annotated[str | None, Setting("The address of its endpoint.")] = None
    api_key_env: Annotated[str, Setting("The environment variable that holds its key.")] = (
        "OPENAI_API_KEY"
    )
    device: Annotated[str | None, Setting("cpu, cuda, mps …")] = None
    max_concurrency: Annotated[int, Setting("Requests under way at one time.", minimum=1)] = 8
    requests_per_minute: Annotated[float | None, Setting("At most so many requests a minute.")] = (
        None
    )

    def endpoint(self) -> dict[str, Any]:
        """The settings of an `Endpoint` among these, by name."""
        return {
            "base_url": self.base_url,
            "api_key_env": self.api_key_env,
            "max_concurrency": self.max_concurrency,
            "requests_per_minute": self.requests_per_minute,
        }

    def required_model(self) -> str:
        """The model.

        Returns:
            Its name or folder.

        Raises:
            ValueError: No model is named.
        """
        if not self.model:
            raise ValueError(f"{self._what()} needs a model: name it (--model, --teacher-model)")
        return self.model

    def _what(self) -> str:
        raise NotImplementedError


@dataclass(frozen=True)
class ScorerSettings(ModelSettings):
    """An answer scorer in plain values.

    Attributes:
        scorer: A name in `ANSWER_SCORERS`.
        answers: Of several gold answers: "best" or "logsum"; see `PairScorer`.
        protocol: How a completions server is asked; see `CompletionsScorer`.
        tokenizer: The hub name or folder of the model's tokenizer, if it is not `model`.
        method: How a chat API is asked; see `ChatScorer`.
        samples: The number of answers that `method="samples"` takes.
        metric: What "end-task" measures; see `EndTaskScorer`.
    """

    scorer: Annotated[
        str,
        Setting(
            "How the reader tells how likely an answer is to it: "
            f"{', '.join(ANSWER_SCORERS.ours)}, or a name that another package registers."
        ),
    ] = "causal"
    answers: Annotated[Answers, Setting("Of several gold answers: best or logsum.")] = "best"
    protocol: Annotated[
        Literal["auto", "vllm", "echo", "sglang"],
        Setting("Of a completions server: auto, vllm, echo or sglang."),
    ] = "auto"
    tokenizer: Annotated[str | None, Setting("The model's tokenizer, if its name differs.")] = None
    method: Annotated[
        Literal["samples", "prefix", "judge"], Setting("Of a chat API: samples, prefix or judge.")
    ] = "samples"
    samples: Annotated[int, Setting("With --method samples: how many.")] = 10
    metric: Annotated[
        Literal["exact_match", "token_f1"], Setting("Of end-task: exact_match or token_f1.")
    ] = "exact_match"

    def build(self) -> AnswerScorer:
        """Build the scorer.

        Returns:
            What the factory of the name `scorer` returns.

        Raises:
            ValueError: No scorer has that name, or a setting cannot work.
            ModelLoadError: The model can't be loaded.
            ImportError: An extra is not installed.
        """
        factory: ScorerFactory = ANSWER_SCORERS.load(self.scorer)
        return factory(self)

    def _what(self) -> str:
        return f"scorer {self.scorer!r}"


@dataclass(frozen=True)
class LabelSettings:
    """How labels are made, and what making them may use.

    Attributes:
        epsilon: A hard negative's score is more than this below the positive's; see `mine`.
        num_negatives: The largest number of hard negatives of a question.
        needs_gain: Whether a positive must be better than no sentence at all.
        max_requests: The run stops after this many requests; None for no limit.
        max_tokens: The run stops after this many tokens; None for no limit.
    """

    epsilon: Annotated[float, Setting("A negative scores more than this below the positive.")] = 0.0
    num_negatives: Annotated[int, Setting("Hard negatives of a question.", minimum=0)] = 5
    needs_gain: Annotated[bool, Setting("A positive must be better than no sentence.")] = True
    max_requests: Annotated[
        int | None, Setting("Stop after so many requests; a rerun carries on.", minimum=1)
    ] = None
    max_tokens: Annotated[int | None, Setting("Stop after so many tokens.", minimum=1)] = None
