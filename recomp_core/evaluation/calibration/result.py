"""What a calibration found: a setting, what it promises, and what it costs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from ..._utils.notebook import notebook_html
from ...extractive.selection import Selector, TopP
from ...text.tokens import TokenCounter
from .guarantees import Guarantee
from .setting_families import Family, Rule

if TYPE_CHECKING:
    from ...extractive.compressor import ExtractiveCompressor


@dataclass(frozen=True)
class Calibration:
    """A setting, what it promises, and what it costs.

    Attributes:
        rule: Which limit was chosen.
        value: Its value; `selector()` makes the setting.
        keep: The share of the answers that is promised.
        confidence: The confidence of the promise; None where it is on average.
        guarantee: "confidence" or "average".
        n: How many questions have documents.
        n_answerable: How many of them have documents that hold an answer; the promise is about
            these.
        n_unanswerable: How many of them have answers that no document holds.
        allowed: How many answers of `n_answerable` the setting may lose.
        lost: How many it loses.
        bound: The share that is kept at least, by the promise; somewhat above `keep`.
        rate: Mean compression rate of the setting over the n questions.
        rate_interval: The 95 % bootstrap interval of that mean.
        unit: What was counted: "characters", or "tokens of" a named tokenizer.
        before: The compressor's own selector, for comparison.
        rate_before: The mean compression rate of that selector.
        lost_before: How many answers that selector loses.
        empty_answerable: Of how many answerable questions nothing is kept.
        empty_unanswerable: Of how many unanswerable questions nothing is kept.
        date: The day of the calibration, ISO 8601.
        digest: A hash of the questions in any order.
        temperature: Of top_p.
        tokenizer: Of max_tokens, by name.
        left_out: How many records were not used, by reason.
        compressor: The settings that decide scores.
    """

    rule: Rule
    value: float
    keep: float
    confidence: float | None
    guarantee: Guarantee
    n: int
    n_answerable: int
    n_unanswerable: int
    allowed: int
    lost: int
    bound: float
    rate: float
    rate_interval: tuple[float, float]
    unit: str
    before: str
    rate_before: float
    lost_before: int
    empty_answerable: int
    empty_unanswerable: int
    date: str
    digest: str
    temperature: float | None = None
    tokenizer: str | None = None
    left_out: Mapping[str, int] = field(default_factory=dict)
    compressor: Mapping[str, Any] = field(default_factory=dict)

    def selector(self) -> Selector:
        """Make the setting.

        Returns:
            The selector.

        Raises:
            ValueError: Its tokens were counted by a function that has no name.
        """
        counter = None if self.tokenizer is None else TokenCounter(self.tokenizer)
        if self.rule == "max_tokens" and counter is None:
            raise ValueError(
                f"max_tokens={self.value} was counted by a function without a name: make "
                "TokenBudget(…, count_tokens) yourself, or calibrate with a TokenCounter"
            )
        temperature = TopP.temperature if self.temperature is None else self.temperature
        return Family(self.rule, temperature, counter).selector(self.value)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values; `Calibration.from_dict` reads them."""
        data = {f.name: getattr(self, f.name) for f in fields(self)}
        return {
            **data,
            "rate_interval": list(self.rate_interval),
            "left_out": dict(self.left_out),
            "compressor": dict(self.compressor),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Calibration:
        """Make the calibration that `to_dict` wrote.

        Args:
            data: The JSON values.

        Returns:
            The calibration.

        Raises:
            ValueError: The fields are of another version.
        """
        try:
            low, high = data["rate_interval"]
            return cls(**{**data, "rate_interval": (low, high)})
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f"this is no calibration of this version of recomp ({error}): calibrate again"
            ) from error

    @property
    def promise(self) -> str:
        """The promise in words."""
        how = "on average" if self.confidence is None else f"with confidence {self.confidence:g}"
        return (
            f"{self.rule}={self.value:g} keeps at least {_percent(self.keep)} of the answers that "
            f"the documents hold, {how}"
        )

    def facts(self) -> dict[str, str]:
        """Return everything but the promise in words, by heading."""
        low, high = self.rate_interval
        kept = 1 - self.lost_before / self.n_answerable
        none = "none" if not self.n_unanswerable else f"{self.empty_unanswerable}"
        facts = {
            "Questions": f"{self.n_answerable} of {self.n} have an answer in their documents",
            "Lost": f"{self.lost} of the answers here; {self.allowed} were allowed",
            "Bound": f"{_percent(self.bound)} of all such answers "
            + ("are kept on average" if self.confidence is None else "at least are kept"),
            "Rate": f"{_percent(self.rate)} of the {self.unit} "
            f"({_percent(low)} to {_percent(high)})",
            "Before": f"{self.before}: {_percent(self.rate_before)} of the {self.unit}, "
            f"{_percent(kept)} of the answers here",
            "Empty": f"{self.empty_answerable} of {self.n_answerable} with an answer, "
            f"{none} of {self.n_unanswerable} without one in their documents",
        }
        if self.left_out:
            facts["Left out"] = ", ".join(f"{n} {why}" for why, n in self.left_out.items())
        return facts

    def __str__(self) -> str:
        facts = self.facts()
        width = max(map(len, facts))
        return "\n".join([self.promise, *(f"  {k:<{width}}  {v}" for k, v in facts.items())])

    def _repr_html_(self) -> str:
        return notebook_html(self)


def load_calibration(name_or_path: str | os.PathLike[str] | None = None) -> Calibration | None:
    """Read the calibration of a saved compressor.

    Args:
        name_or_path: As `load_compressor` takes it; None for the bundled compressor.

    Returns:
        The calibration; None if the compressor has none.

    Raises:
        ModelLoadError: The folder is damaged, or its selector is no longer the one that the
            calibration chose.
    """
    from ...errors import ModelLoadError
    from ...extractive.selectors import selector_to_dict
    from ...persistence.names import find_source

    source = find_source(name_or_path)
    data = source.settings.get("calibration")
    if data is None:
        return None
    try:
        calibration = Calibration.from_dict(data)
    except ValueError as error:
        raise ModelLoadError(f"{source.place}: {error}") from error
    chosen = selector_to_dict(calibration.selector())
    if source.settings.get("selector") != chosen:
        raise ModelLoadError(
            f"the selector of {source.place} was changed after it was calibrated: it is "
            f"{source.settings.get('selector')}, the calibration chose {chosen}; calibrate again"
        )
    return calibration


def scoring_settings(compressor: ExtractiveCompressor) -> dict[str, Any]:
    """Collect the settings that decide a compressor's scores and the text between its sentences.

    The calibration holds for these settings, and for the weights.

    Args:
        compressor: The compressor.

    Returns:
        The settings by their keys in `recomp_config.json`.
    """
    scorer, layout = compressor.scorer, compressor.layout
    settings = {
        "expand": list(compressor.expand),
        "separator": layout.separator,
        "elision": layout.elision,
        "document_separator": layout.document_separator,
        "outline": compressor.outline,
        "titles": layout.titles,
        "lexical_weight": compressor.lexical_weight,
        "prefilter": compressor.prefilter,
    }
    for part, names in (
        (scorer, ("context", "similarity_fn_name")),
        (compressor.splitter, ("lang", "max_unit_tokens")),
        (getattr(getattr(scorer, "encoder", None), "model", None), ("truncate_dim",)),
    ):
        settings.update({name: getattr(part, name) for name in names if hasattr(part, name)})
    return settings


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
