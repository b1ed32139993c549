"""What the terms of language models say about training other models on what they write.

The entries are facts with links, as found on the day that each entry names. They are no legal
advice, and terms change: read them yourself before you train.
"""

from __future__ import annotations

import logging
import os
import re
import warnings
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

logger = logging.getLogger(__name__)

Verdict = Literal["allowed", "conditional", "restricted", "unknown"]
_STRICTNESS: tuple[Verdict, ...] = ("allowed", "conditional", "restricted")

RECOMMENDED = "DeepSeek's open models (MIT) and Qwen's Apache-2.0 sizes allow it"


class TeacherTermsError(ValueError):
    """A teacher's terms restrict training on its outputs, and `accept_terms` was not given."""


class TeacherTermsWarning(UserWarning):
    """Nothing is known here about a teacher's terms."""


@dataclass(frozen=True, slots=True)
class Terms:
    """A family of models and what its terms say.

    Attributes:
        family: The name of the family.
        pattern: A regular expression that is searched for in the lower-case name of a model.
        verdict: Whether the terms allow training on the outputs.
        licence: The name of the terms.
        summary: What they say, in one sentence.
        source: A link to them.
        quality: "primary" for the provider's own text, "secondary" for an account of it.
        checked: When they were read, an ISO date.
        condition: What a model trained on the outputs must observe.
        host: The host of an endpoint all of whose models have these terms, or its end after a full
            stop; "" for none.
    """

    family: str
    pattern: str
    verdict: Verdict
    licence: str
    summary: str
    source: str
    quality: Literal["primary", "secondary"]
    checked: str = "2026-11-23"
    condition: str = ""
    host: str = ""


@dataclass(frozen=True, slots=True)
class TeacherLicence:
    """What every record says of its teacher: its name, and its terms with their source.

    Attributes:
        teacher: The name of the model.
        family: The family whose terms apply; "" if they are not known.
        verdict: Whether they allow training on the outputs.
        licence: The name of the terms.
        condition: What a model trained on the outputs must observe.
        source: A link to the terms.
        checked: When they were read, an ISO date.
        accepted: Whether the user stated that they have the right to train on the outputs.
    """

    teacher: str
    family: str = ""
    verdict: Verdict = "unknown"
    licence: str = "unknown"
    condition: str = ""
    source: str = ""
    checked: str = ""
    accepted: bool = False

    @classmethod
    def unknown(cls, teacher: str) -> TeacherLicence:
        """Make the licence of a teacher whose terms are not known.

        Args:
            teacher: The name of the model.

        Returns:
            The licence.
        """
        return cls(teacher)

    def to_dict(self) -> dict[str, Any]:
        """The licence as JSON values, without what is empty."""
        return {name: value for name, value in asdict(self).items() if value != ""}


_R1 = "https://github.com/deepseek-ai/DeepSeek-R1"
_LLAMA = "https://github.com/meta-llama/llama-models/blob/main/models/llama3_1/LICENSE"

# Of several entries that match, the most specific one of each family in the name counts, and of
# several families (a distilled model has two) the strictest: see `TeacherPolicy.find`.
ENTRIES: tuple[Terms, ...] = (
    Terms(
        # "ft:gpt-4o:mine", "gpt4o", "prod-gpt-35": the marks around the name differ from place to
        # place. Open models are called GPT ("gpt4all", "gpt-5b") and o1 ("Marco-o1"), too.
        "OpenAI",
        r"(?<![a-z0-9])(gpt[-_ ]?[345](?!all|\d*[bm]($|[^a-z]))|chatgpt|(text-)?davinci)"
        r"|(^|[:.])o[134](?![a-z0-9])",
        "restricted", "OpenAI terms of use",
        "Output may not be used to develop models that compete with OpenAI.",
        "https://openai.com/policies/terms-of-use", "secondary", host="api.openai.com",
    ),
    Terms(
        "OpenAI at Azure", r"azure[-_ ]?openai", "restricted", "OpenAI terms of use",
        "A deployment there is one of OpenAI's models, whatever it is called.",
        "https://openai.com/policies/terms-of-use", "secondary", host=".openai.azure.com",
    ),
    Terms(
        "Anthropic", r"claude", "restricted", "Anthropic commercial terms (2025-06-17)",
        "Building competing products, training competing models included, is barred.",
        "https://www.anthropic.com/legal/commercial-terms", "secondary", host="api.anthropic.com",
    ),
    Terms(
        "Gemini", r"gemini", "restricted", "Gemini API additional terms (2024-12-13)",
        "The services may not be used to develop models that compete with them.",
        "https://ai.google.dev/gemini-api/terms", "primary",
        host="generativelanguage.googleapis.com",
    ),
    Terms(
        "Gemma", r"gemma-?[123]?(\D|$)", "conditional", "Gemma terms of use (2024-04-01)",
        "Allowed; a model made from Gemma's output is a derivative that the terms bind.",
        "https://ai.google.dev/gemma/terms", "primary",
        condition="the trained model is a Model Derivative under the Gemma terms",
    ),
    Terms(
        "Llama 3.1 and later 3.x", r"llama-?3\.[1-9]", "conditional",
        "Llama 3.1 community licence (2024-07-23)",
        "Allowed; what is trained on the outputs and distributed carries the name.",
        _LLAMA, "primary",
        condition='the model\'s name begins with "Llama", and "Built with Llama" is shown',
    ),
    Terms(
        "Llama 2 and 3", r"llama(-?[23](?![\d.])|-\d+b|$)", "restricted",
        "Llama 2 and 3 community licences",
        "The older licences are said to forbid improving other language models with outputs.",
        "https://www.llama.com/license/", "secondary",
    ),
    Terms(
        "Mistral API", r"(mistral|magistral|codestral|ministral)-(large|medium|small|tiny)-latest",
        "restricted", "Mistral AI terms (2026-01-26)",
        "Reverse engineering by means of the outputs is barred.",
        "https://legal.mistral.ai/terms", "secondary", host="api.mistral.ai",
    ),
    Terms(
        "DeepSeek", r"deepseek", "allowed", "MIT",
        "Commercial use, derivatives and distillation for training other models are allowed.",
        _R1, "primary",
    ),
    Terms(
        "DeepSeek V3 base and older", r"deepseek-(v2|v3-base|llm|coder)", "conditional",
        "DeepSeek model licence 1.0 (2023-10-23)",
        "Allowed; models trained on the outputs are derivatives to which use restrictions pass on.",
        "https://huggingface.co/deepseek-ai/DeepSeek-V3-Base/discussions/2", "primary",
        condition="the licence's use restrictions are passed on",
    ),
    Terms(
        "Qwen", r"qwen", "allowed", "Apache-2.0", "No rule about outputs.",
        "https://github.com/QwenLM/Qwen3", "secondary",
    ),
    Terms(
        "Qwen2.5 72B", r"qwen-?2(\.5)?-72b", "conditional", "Qwen licence",
        "Allowed with a notice.",
        "https://huggingface.co/Qwen/Qwen2.5-72B-Instruct/discussions/18", "primary",
        condition='"Built with Qwen" or "Improved using Qwen" is shown',
    ),
    Terms(
        "Qwen research licence", r"qwen-?2\.5-(coder-)?3b", "restricted", "Qwen research licence",
        "For non-commercial use only.",
        "https://huggingface.co/Qwen/Qwen2.5-3B-Instruct/blob/main/LICENSE", "secondary",
    ),
)  # fmt: skip


class TeacherPolicy:
    """A table of terms, and what it means for one teacher.

    Args:
        entries: The terms of each family.
    """

    def __init__(self, entries: tuple[Terms, ...] = ENTRIES) -> None:
        self.entries = entries

    def with_entry(self, entry: Terms) -> TeacherPolicy:
        """Add an entry.

        Args:
            entry: The terms; they replace those of the same family.

        Returns:
            A new table.
        """
        return TeacherPolicy((entry, *(e for e in self.entries if e.family != entry.family)))

    def find(self, name: str, base_url: str | None = None) -> Terms | None:
        """Find the terms of a model.

        Of the entries that match at the same place of the name, the one that matches most of it
        counts: "qwen2.5-3b" before "qwen". Of those that match at different places, as in
        "DeepSeek-R1-Distill-Llama-70B", and of the host's, the strictest counts.

        Args:
            name: The name of the model.
            base_url: The address of its endpoint, whose host may have terms of its own.

        Returns:
            The terms; None if they are not known here.
        """
        name = name.lower().rstrip("/").rpartition("/")[2]  # the publisher's name does not count
        found: dict[int, tuple[int, Terms]] = {}
        for entry in self.entries:
            if entry.host and entry.host in (base_url or "").lower():
                found[-1] = (0, entry)
            if match := re.search(entry.pattern, name):
                length = match.end() - match.start()
                if length > found.get(match.start(), (0, entry))[0]:
                    found[match.start()] = (length, entry)
        terms = [entry for _, entry in found.values()]
        return max(terms, key=lambda t: _STRICTNESS.index(t.verdict), default=None)

    def check(
        self, name: str, *, base_url: str | None = None, accept_terms: bool = False
    ) -> TeacherLicence:
        """Check whether a model may be a teacher.

        Args:
            name: The name of the model.
            base_url: The address of its endpoint, whose host may have terms of its own.
            accept_terms: Whether the user states that they have the right to train on its outputs.

        Returns:
            What is to be recorded of it. A model whose terms are not known causes a
            `TeacherTermsWarning`.

        Raises:
            TeacherTermsError: The terms restrict training on its outputs, and `accept_terms` is
                false.
        """
        terms = self.find(name, base_url)
        if terms is None:
            if not accept_terms:
                warnings.warn(
                    f"nothing is known here about the terms of {name!r}: find out whether they "
                    f"allow training on its outputs, and give accept_terms=True. {RECOMMENDED}",
                    TeacherTermsWarning,
                    stacklevel=3,
                )
            return replace(TeacherLicence.unknown(name), accepted=accept_terms)
        if terms.verdict == "restricted" and not accept_terms:
            raise TeacherTermsError(
                f"the terms of {terms.family} ({name!r}; {terms.licence}, checked {terms.checked}) "
                f"restrict training on its outputs: {terms.summary} See {terms.source}. If you "
                f"still have the right, give accept_terms=True (--accept-terms): it is recorded in "
                f"the data. Or take another teacher: {RECOMMENDED}"
            )
        if terms.condition:
            logger.warning("%s: training on the outputs has a condition: %s (%s)", name,
                           terms.condition, terms.source)  # fmt: skip
        return TeacherLicence(
            teacher=name,
            family=terms.family,
            verdict=terms.verdict,
            licence=terms.licence,
            condition=terms.condition,
            source=terms.source,
            checked=terms.checked,
            accepted=accept_terms,
        )


DEFAULT_POLICY = TeacherPolicy()


def name_of_folder(source: str | os.PathLike[str]) -> str:
    """Find the name by which the terms of a model on this machine are looked up.

    Args:
        source: A hub name or a folder.

    Returns:
        Its last part.
    """
    return os.path.basename(os.path.normpath(os.fspath(source)))
