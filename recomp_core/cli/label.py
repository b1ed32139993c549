"""The commands `recomp label contrastive` and `recomp label distillation`."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .messages import set_up_messages
from .options import Device, Documents, Retriever, Verbose

if TYPE_CHECKING:
    from ..data import Questions
    from ..labelling.jobs import LabelReport

app = typer.Typer(
    help="Make training data for the compressors from questions, answers and documents.",
    no_args_is_help=True,
)

EXIT_PARTLY = 3


class ScorerName(str, Enum):
    causal = "causal"
    seq2seq = "seq2seq"
    completions = "completions"
    chat = "chat"
    reader = "reader"
    end_task = "end-task"


class TeacherName(str, Enum):
    endpoint = "endpoint"
    local = "local"
    extractive = "extractive"


class EngineName(str, Enum):
    local = "local"
    ray = "ray"


# What both commands take, once.
Source = Annotated[
    str,
    typer.Argument(
        help="JSONL (.gz too) of records with query, answers and documents; a folder of a BEIR "
        "data set; or - for standard input."
    ),
]
Output = Annotated[Path, typer.Option("--output", "-o", help="The folder of the labels.")]
Scorer = Annotated[
    ScorerName, typer.Option(help="How the reader tells how likely an answer is to it.")
]
Model = Annotated[str | None, typer.Option("--model", "-m", help="The scorer's model.")]
BaseUrl = Annotated[str | None, typer.Option(help="The address of its endpoint.")]
ApiKeyEnv = Annotated[str, typer.Option(help="The environment variable that holds its key.")]
Answers = Annotated[str, typer.Option(help="Of several gold answers: best or logsum.")]
Protocol = Annotated[str, typer.Option(help="Of a completions server: auto, vllm, echo or sglang.")]
Tokenizer = Annotated[str | None, typer.Option(help="The model's tokenizer, if its name differs.")]
Method = Annotated[str, typer.Option(help="Of a chat API: samples, prefix or judge.")]
Samples = Annotated[int, typer.Option(help="With --method samples: how many.")]
Metric = Annotated[str, typer.Option(help="Of end-task: exact_match or token_f1.")]
Limit = Annotated[int | None, typer.Option(min=1, help="Label only the first questions.")]
MaxRequests = Annotated[
    int | None, typer.Option(min=1, help="Stop after so many requests; a rerun carries on.")
]
MaxTokens = Annotated[int | None, typer.Option(min=1, help="Stop after so many tokens.")]
Concurrency = Annotated[int, typer.Option(min=1, help="Requests under way at one time.")]
PerMinute = Annotated[float | None, typer.Option(help="At most so many requests a minute.")]
Cache = Annotated[
    Path | None, typer.Option(help="The file of finished requests; default: in the output folder.")
]
BatchQuestions = Annotated[int, typer.Option(min=1, help="Questions that are labelled together.")]
Engine = Annotated[EngineName, typer.Option(help="Label here, or by Ray.")]
Workers = Annotated[int, typer.Option(min=1, help="With --engine ray: how many actors.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be asked; ask nothing.")]
Resume = Annotated[bool, typer.Option(help="Carry on with the labels that the folder holds.")]
Overwrite = Annotated[bool, typer.Option(help="Begin the folder anew; the cache stays.")]


@app.command()
def contrastive(
    source: Source,
    output: Output,
    scorer: Scorer = ScorerName.causal,
    model: Model = None,
    base_url: BaseUrl = None,
    api_key_env: ApiKeyEnv = "OPENAI_API_KEY",
    answers: Answers = "best",
    protocol: Protocol = "auto",
    tokenizer: Tokenizer = None,
    method: Method = "samples",
    samples: Samples = 10,
    metric: Metric = "exact_match",
    device: Device = None,
    encoder: Annotated[
        str | None, typer.Option(help="The encoder to be trained; default: minilm.")
    ] = None,
    context: Annotated[
        str | None, typer.Option(help="What it sees a sentence with: sentence, title, document.")
    ] = None,
    epsilon: Annotated[
        float, typer.Option(help="A negative scores more than this below the positive.")
    ] = 0.0,
    num_negatives: Annotated[int, typer.Option(min=0, help="Hard negatives of a question.")] = 5,
    needs_gain: Annotated[
        bool, typer.Option(help="A positive must be better than no sentence.")
    ] = True,
    documents: Documents = None,
    limit: Limit = None,
    retriever: Retriever = None,
    max_requests: MaxRequests = None,
    max_tokens: MaxTokens = None,
    max_concurrency: Concurrency = 8,
    requests_per_minute: PerMinute = None,
    cache: Cache = None,
    batch_questions: BatchQuestions = 8,
    engine: Engine = EngineName.local,
    workers: Workers = 2,
    dry_run: DryRun = False,
    resume: Resume = True,
    overwrite: Overwrite = False,
    verbose: Verbose = False,
) -> None:
    """For each question the sentence that helps the reader most, and hard negatives.

    recomp label contrastive questions.jsonl -o labels --model Qwen/Qwen3-0.6B
    """
    own = locals()
    _LabelRun("contrastive", own).start(
        encoder={"model": encoder, "context": context, "device": device},
        epsilon=epsilon,
        num_negatives=num_negatives,
        needs_gain=needs_gain,
    )


@app.command()
def distillation(
    source: Source,
    output: Output,
    teacher: Annotated[TeacherName, typer.Option(help="Who writes.")] = TeacherName.extractive,
    teacher_model: Annotated[str | None, typer.Option(help="The teacher's model.")] = None,
    teacher_base_url: Annotated[str | None, typer.Option(help="Its endpoint.")] = None,
    teacher_api_key_env: Annotated[str, typer.Option(help="Its key's variable.")] = (
        "OPENAI_API_KEY"
    ),
    accept_terms: Annotated[
        bool, typer.Option(help="You have the right to train on the teacher's outputs.")
    ] = False,
    max_sentences: Annotated[
        int, typer.Option(min=1, help="Of the extractive teacher's summaries.")
    ] = 2,
    scorer: Scorer = ScorerName.causal,
    model: Model = None,
    base_url: BaseUrl = None,
    api_key_env: ApiKeyEnv = "OPENAI_API_KEY",
    answers: Answers = "best",
    protocol: Protocol = "auto",
    tokenizer: Tokenizer = None,
    method: Method = "samples",
    samples: Samples = 10,
    metric: Metric = "exact_match",
    device: Device = None,
    documents: Documents = None,
    limit: Limit = None,
    retriever: Retriever = None,
    max_requests: MaxRequests = None,
    max_tokens: MaxTokens = None,
    max_concurrency: Concurrency = 8,
    requests_per_minute: PerMinute = None,
    cache: Cache = None,
    batch_questions: BatchQuestions = 8,
    engine: Engine = EngineName.local,
    workers: Workers = 2,
    dry_run: DryRun = False,
    resume: Resume = True,
    overwrite: Overwrite = False,
    verbose: Verbose = False,
) -> None:
    r"""For each question the summary that helps the reader most, or the empty one.

    recomp label distillation questions.jsonl -o labels --teacher endpoint \
        --teacher-model deepseek-v4-flash --teacher-base-url https://api.deepseek.com \
        --model Qwen/Qwen3-0.6B
    """
    own = locals()
    _LabelRun("distillation", own).start(
        teacher={
            "teacher": teacher.value,
            "model": teacher_model,
            "base_url": teacher_base_url,
            "api_key_env": teacher_api_key_env,
            "accept_terms": accept_terms,
            "max_sentences": max_sentences,
            "device": device,
            "max_concurrency": max_concurrency,
            "requests_per_minute": requests_per_minute,
        }
    )


_OF_SCORER = (
    "model", "base_url", "api_key_env", "answers", "protocol", "tokenizer", "method", "samples",
    "metric", "device", "max_concurrency", "requests_per_minute",
)  # fmt: skip


class _LabelRun:
    """One call of either command. `options`: what both take, by name."""

    def __init__(self, builder: str, options: dict[str, Any]) -> None:
        self.builder = builder
        self.options = options
        self.output: Path = options["output"]

    def start(self, **own: Any) -> None:
        """Label, and tell how it went."""
        from ..labelling.run_files import CACHE_FILE

        set_up_messages(self.options["verbose"])
        options = self.options
        settings = {
            "builder": self.builder,
            "scorer": {
                "scorer": options["scorer"].value,
                **{name: options[name] for name in _OF_SCORER},
            },
            "max_requests": options["max_requests"],
            "max_tokens": options["max_tokens"],
            **own,
        }
        if (
            not options["resume"]
            and not options["overwrite"]
            and (self.output / "run.json").exists()
        ):
            raise ValueError(
                f"{self.output} holds labels: --resume carries on, --overwrite begins anew"
            )
        questions = self._questions()
        if options["dry_run"]:
            self._dry_run(settings, questions)
            return
        settings["cache"] = str(options["cache"] or self.output / CACHE_FILE)
        report = self._label(settings, questions)
        typer.echo(f"recomp: {report}", err=True)
        if report.counts["failed"] or report.stopped:
            raise typer.Exit(EXIT_PARTLY)

    def _questions(self) -> Questions:
        from ..data.reading import read_questions
        from ..data.retrieval import load_retriever, retrieve, retrieve_once
        from ..labelling.run_files import RETRIEVED_FILE

        questions = read_questions(
            self.options["source"],
            documents=None if self.options["retriever"] else self.options["documents"],
            limit=self.options["limit"],
        )
        if self.options["retriever"]:
            retriever = load_retriever(self.options["retriever"])
            top_k = self.options["documents"]
            if self.options["dry_run"]:
                return retrieve(questions, retriever, top_k=top_k)
            return retrieve_once(questions, retriever, self.output / RETRIEVED_FILE, top_k=top_k)
        return questions

    def _label(self, settings: dict[str, Any], questions: Questions) -> LabelReport:
        from ..labelling.build import check_scorer
        from ..labelling.factory import labeller_from_settings
        from ..labelling.jobs import LabelJob, LabelWorker

        labeller: Any = labeller_from_settings(**settings)
        check_scorer(labeller.scorer)
        job = LabelJob(self.output, labeller.identity, overwrite=self.options["overwrite"])
        if self.builder == "distillation":
            labeller.date = settings["date"] = job.date
        how: dict[str, Any] = {
            "batch_questions": self.options["batch_questions"],
            "total": _count(self.options["source"], self.options["limit"]),
        }
        if self.options["engine"] is EngineName.local:
            return job.run(labeller, questions, **how)
        from ..runtime.engines import RayEngine

        workers = self.options["workers"]
        for name in ("max_requests", "max_tokens"):
            if settings[name]:  # each actor gets its share
                settings[name] = max(1, settings[name] // workers)
        return job.run_on(RayEngine(workers=workers), LabelWorker, settings, questions, **how)

    def _dry_run(self, settings: dict[str, Any], questions: Questions) -> None:
        from ..labelling.plan import plan

        typer.echo(str(plan(settings, questions)))


def _count(source: str, limit: int | None) -> int | None:
    """How many records there are, where that is cheap to know."""
    path = Path(source)
    if source == "-" or not path.is_file() or source.endswith(".gz"):
        return limit
    with path.open("rb") as stream:
        lines = sum(1 for line in stream if line.strip())
    return lines if limit is None else min(lines, limit)
