"""The commands `recomp label contrastive` and `recomp label distillation`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from .._utils.registry import Registry
from .._utils.settings import Setting
from ..labelling.settings import ANSWER_SCORERS, LabelSettings, ScorerSettings
from ..labelling.teachers.settings import TEACHERS, TeacherSettings
from .messages import set_up_messages
from .options import EXIT_PARTLY, Documents, Retriever, Verbose, takes_settings

if TYPE_CHECKING:
    from ..data import Questions
    from ..labelling.jobs import LabelReport

app = typer.Typer(
    help="Make training data for the compressors from questions, answers and documents.",
    no_args_is_help=True,
    add_completion=False,
)

Source = Annotated[
    str,
    typer.Argument(
        help="JSONL (.gz too) of records with query, answers and documents; a folder of a BEIR "
        "data set; or - for standard input."
    ),
]
Output = Annotated[Path, typer.Option("--output", "-o", help="The folder of the labels.")]


@dataclass(frozen=True)
class LabelRunSettings:
    """How a run of either command goes on.

    Attributes:
        limit: The number of questions, from the first; None for all.
        cache: The file of the `ResultCache`; None for one in the output folder.
        batch_questions: The number of questions that are labelled together.
        engine: Where they are labelled.
        workers: The number of Ray's actors.
        dry_run: Whether to say only what would be asked.
        resume: Whether to carry on with the labels that the folder holds.
        overwrite: Whether to delete them first.
    """

    limit: Annotated[int | None, Setting("Label only the first questions.", minimum=1)] = None
    cache: Annotated[
        Path | None, Setting("The file of finished requests; default: in the output folder.")
    ] = None
    batch_questions: Annotated[int, Setting("Questions that are labelled together.", minimum=1)] = 8
    engine: Annotated[Literal["local", "ray"], Setting("Label here, or by Ray.")] = "local"
    workers: Annotated[int, Setting("With --engine ray: how many actors.", minimum=1)] = 2
    dry_run: Annotated[
        bool, Setting("Say what would be asked; ask nothing.", flags=("--dry-run",))
    ] = False
    resume: Annotated[bool, Setting("Carry on with the labels that the folder holds.")] = True
    overwrite: Annotated[bool, Setting("Begin the folder again; the cache stays.")] = False


# The teacher asks with the scorer's device and at its pace.
_SHARED = ("device", "max_concurrency", "requests_per_minute")


@app.command()
@takes_settings("scorer", ScorerSettings)
@takes_settings("labels", LabelSettings)
@takes_settings("run", LabelRunSettings, choices=True)
def contrastive(
    *,
    source: Source,
    output: Output,
    scorer: dict[str, Any],
    encoder: Annotated[
        str | None, typer.Option(help="The encoder to be trained; default: minilm.")
    ] = None,
    context: Annotated[
        str | None, typer.Option(help="What it sees a sentence with: sentence, title, document.")
    ] = None,
    labels: dict[str, Any],
    documents: Documents = None,
    retriever: Retriever = None,
    run: dict[str, Any],
    verbose: Verbose = False,
) -> None:
    """For each question the sentence that helps the reader most, and hard negatives.

    recomp label contrastive questions.jsonl -o labels --model Qwen/Qwen3-0.6B
    """
    set_up_messages(verbose, resumes=True)
    _check_name(ANSWER_SCORERS, scorer["scorer"], "--scorer")
    settings = {
        "builder": "contrastive",
        "scorer": scorer,
        "encoder": {"model": encoder, "context": context, "device": scorer["device"]},
        **labels,
    }
    _LabelRun(source, output, documents, retriever, LabelRunSettings(**run)).start(settings)


@app.command()
@takes_settings("teacher", TeacherSettings, prefix="teacher_", without=_SHARED)
@takes_settings("scorer", ScorerSettings)
@takes_settings("labels", LabelSettings, only=("max_requests", "max_tokens"))
@takes_settings("run", LabelRunSettings, choices=True)
def distillation(
    *,
    source: Source,
    output: Output,
    teacher: dict[str, Any],
    scorer: dict[str, Any],
    labels: dict[str, Any],
    documents: Documents = None,
    retriever: Retriever = None,
    run: dict[str, Any],
    verbose: Verbose = False,
) -> None:
    r"""For each question the summary that helps the reader most, or the empty one.

    recomp label distillation questions.jsonl -o labels --teacher endpoint \
        --teacher-model deepseek-v4-flash --teacher-base-url https://api.deepseek.com \
        --model Qwen/Qwen3-0.6B
    """
    set_up_messages(verbose, resumes=True)
    _check_name(TEACHERS, teacher["teacher"], "--teacher")
    _check_name(ANSWER_SCORERS, scorer["scorer"], "--scorer")
    settings = {
        "builder": "distillation",
        "scorer": scorer,
        "teacher": {**teacher, **{name: scorer[name] for name in _SHARED}},
        **labels,
    }
    _LabelRun(source, output, documents, retriever, LabelRunSettings(**run)).start(settings)


def _check_name(registry: Registry, name: str, flag: str) -> None:
    """Refuse a name that stands for nothing as wrong usage."""
    if name in registry.names():
        return  # loading waits until the input was read
    try:
        registry.load(name)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=flag) from error


@dataclass(frozen=True)
class _LabelRun:
    """One call of either command."""

    source: str
    output: Path
    documents: int | None
    retriever: str | None
    options: LabelRunSettings

    def start(self, settings: dict[str, Any]) -> None:
        """Label, and report how it went. settings: The arguments of `labeller_from_settings`."""
        from ..labelling.run_files import CACHE_FILE, check_files

        options = self.options
        begun = (self.output / "run.json").exists()
        if begun and not options.resume and not options.overwrite:
            raise ValueError(
                f"{self.output} holds labels: --resume carries on, --overwrite begins again"
            )
        cache = options.cache or self.output / CACHE_FILE
        check_files(self.output, cache, self.source)
        questions = self._questions()
        if options.dry_run:
            self._dry_run(settings, questions)
            return
        settings["cache"] = str(cache)
        report = self._label(settings, questions)
        typer.echo(f"recomp: {report}", err=True)
        if report.counts["failed"] or report.stopped:
            raise typer.Exit(EXIT_PARTLY)

    def _questions(self) -> Questions:
        from ..data.reading import read_questions
        from ..data.retrieval import load_retriever, retrieve, retrieve_once
        from ..labelling.run_files import RETRIEVED_FILE

        questions = read_questions(
            self.source,
            documents=None if self.retriever else self.documents,
            limit=self.options.limit,
        )
        if not self.retriever:
            return questions
        retriever = load_retriever(self.retriever)
        if self.options.dry_run:
            return retrieve(questions, retriever, top_k=self.documents)
        found = self.output / RETRIEVED_FILE
        return retrieve_once(questions, retriever, found, top_k=self.documents)

    def _label(self, settings: dict[str, Any], questions: Questions) -> LabelReport:
        from ..labelling.build import check_scorer
        from ..labelling.factory import labeller_from_settings
        from ..labelling.jobs import LabelJob, LabelWorker

        options = self.options
        labeller: Any = labeller_from_settings(**settings)
        check_scorer(labeller.scorer)
        job = LabelJob(self.output, labeller.identity, overwrite=options.overwrite)
        if settings["builder"] == "distillation":
            labeller.date = settings["date"] = job.date
        how: dict[str, Any] = {
            "batch_questions": options.batch_questions,
            "total": _count(self.source, options.limit),
        }
        if options.engine == "local":
            return job.run(labeller, questions, **how)
        from ..runtime.engines import RayEngine

        for name in ("max_requests", "max_tokens"):
            if settings[name]:  # each actor gets its share
                settings[name] = max(1, settings[name] // options.workers)
        engine = RayEngine(workers=options.workers)
        return job.run_on(engine, LabelWorker, settings, questions, **how)

    def _dry_run(self, settings: dict[str, Any], questions: Questions) -> None:
        from ..labelling.plan import plan

        typer.echo(str(plan(settings, questions)))


def _count(source: str, limit: int | None) -> int | None:
    """The number of records, if it is cheap to find out."""
    path = Path(source)
    if source == "-" or not path.is_file() or source.endswith(".gz"):
        return limit
    with path.open("rb") as stream:
        lines = sum(1 for line in stream if line.strip())
    return lines if limit is None else min(lines, limit)
