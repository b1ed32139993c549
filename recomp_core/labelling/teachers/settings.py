"""The plain settings of teachers, and the names that teachers have.

Settings are JSON values, so that a shell or another machine can give them. The name of a teacher
stands for a factory, a function that builds it from the settings:

    def build_mine(settings: TeacherSettings, scorer: Callable[[], AnswerScorer]) -> Teacher: ...

One line in `TEACHERS` registers it here. Another package registers its own as an entry point:

    [project.entry-points."recomp.teachers"]
    mine = "my_package:build_mine"

Importing this loads no model's library.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Protocol

from ..._utils.registry import Registry
from ..._utils.settings import Setting
from ...readers.answer_scores import AnswerScorer
from ..settings import ModelSettings
from .terms import DEFAULT_POLICY, name_of_folder

if TYPE_CHECKING:
    from .base import Teacher

TEACHERS = Registry(
    "teacher",
    "recomp.teachers",
    {
        "endpoint": "recomp_core.labelling.teachers.models:build_endpoint_teacher",
        "local": "recomp_core.labelling.teachers.models:build_local_teacher",
        "extractive": "recomp_core.labelling.teachers.extractive:build_extractive_teacher",
    },
)
"""The names of teachers; each points to a `TeacherFactory`."""


class TeacherFactory(Protocol):
    """What a name in `TEACHERS` points to."""

    def __call__(self, settings: TeacherSettings, scorer: Callable[[], AnswerScorer]) -> Teacher:
        """Build the teacher.

        Args:
            settings: All settings of teachers; a factory reads those that it needs.
            scorer: Builds the scorer of the run, for a teacher that asks it. A factory that looks
                up a model's terms does so first, before anything is loaded.

        Returns:
            The teacher, which has no budget and no cache yet.

        Raises:
            TeacherTermsError: The model's terms restrict training on its outputs.
            ValueError: A setting cannot work, or one is missing.
            ModelLoadError: The model can't be loaded.
            ImportError: An extra is not installed.
        """


@dataclass(frozen=True)
class TeacherSettings(ModelSettings):
    """A teacher in plain values.

    Attributes:
        teacher: A name in `TEACHERS`.
        accept_terms: Whether you state that you have the right to train on its outputs.
        detect_refusals: Whether a reply that says that nothing helps is an empty summary.
        structured: Whether the teacher behind an endpoint is asked for JSON.
        max_sentences: The largest number of sentences that the extractive teacher takes.
    """

    model: Annotated[str | None, Setting("The teacher's model.")] = None
    base_url: Annotated[str | None, Setting("Its endpoint.")] = None
    api_key_env: Annotated[str, Setting("Its key's variable.")] = "OPENAI_API_KEY"
    teacher: Annotated[
        str,
        Setting(
            f"Who writes: {', '.join(TEACHERS.ours)}, or a name that another package registers.",
            flags=("--teacher",),
        ),
    ] = "extractive"
    accept_terms: Annotated[
        bool,
        Setting(
            "You have the right to train on the teacher's outputs.",
            flags=("--accept-terms/--no-accept-terms",),
        ),
    ] = False
    detect_refusals: Annotated[
        bool,
        Setting(
            "A reply that only says that the documents do not help is an empty summary.",
            flags=("--detect-refusals/--no-detect-refusals",),
        ),
    ] = True
    structured: Annotated[
        bool,
        Setting(
            "Ask a teacher behind an endpoint for JSON, of which the summary is taken; one that "
            "does not support it is asked for text.",
            flags=("--structured/--no-structured",),
        ),
    ] = False
    max_sentences: Annotated[
        int,
        Setting("Of the extractive teacher's summaries.", flags=("--max-sentences",), minimum=1),
    ] = 2

    def build(self, scorer: Callable[[], AnswerScorer]) -> Teacher:
        """Build the teacher.

        Args:
            scorer: Builds the scorer of the run, which the extractive teacher asks.

        Returns:
            What the factory of the name `teacher` returns.

        Raises:
            TeacherTermsError: The model's terms restrict training on its outputs.
            ValueError: No teacher has that name, or a setting cannot work.
            ModelLoadError: The model can't be loaded.
            ImportError: An extra is not installed.
        """
        factory: TeacherFactory = TEACHERS.load(self.teacher)
        return factory(self, scorer)

    def check_terms(self) -> None:
        """Look up the terms of the model as `build` does first, and build nothing.

        The teacher of another package looks them up itself, when it is built.

        Raises:
            TeacherTermsError: The model's terms restrict training on its outputs.
            ValueError: No model is named.
        """
        if self.teacher == "endpoint":
            from ...models.language_models.endpoint import address_of

            name, address = self.required_model(), address_of(self.base_url)
        elif self.teacher == "local":
            name, address = name_of_folder(self.required_model()), None
        else:
            return
        DEFAULT_POLICY.check(name, base_url=address, accept_terms=self.accept_terms)

    def _what(self) -> str:
        return f"teacher {self.teacher!r}"
