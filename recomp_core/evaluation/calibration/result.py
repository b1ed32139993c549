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

    rule, value: the setting; `selector()` makes it. temperature: of top_p. tokenizer: of
        max_tokens, by name.
    keep, confidence, guarantee: the promise; a confidence of None where it is on average.
    n: questions with documents. n_answerable: those whose documents hold an answer; the promise is
        about these. n_unanswerable: those with answers that no document holds.
    allowed, lost: how many answers of `n_answerable` might be lost, and how many the setting loses.
    bound: what is kept at least, by the promise; somewhat above `keep`.
    rate, rate_interval: mean compression rate of the setting over the n questions, and the 95 %
        bootstrap interval of that mean. unit: what was counted, "characters" or "tokens of" a
        named tokenizer.
    before: the compressor's own selector, for comparison; rate_before, lost_before: its figures.
    empty_answerable, empty_unanswerable: of how many questions nothing is kept.
    left_out: records that were not used, by reason. compressor: the settings that decide scores.
    date: ISO 8601. digest: a hash of the questions, whatever their order.
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
        """The setting as a selector. Raises `ValueError` if its tokens were counted by a function
        that has no name.
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
        """JSON-ready; `Calibration.from_dict` gives an equal one back."""
        data = {f.name: getattr(self, f.name) for f in fields(self)}
        return {
            **data,
            "rate_interval": list(self.rate_interval),
            "left_out": dict(self.left_out),
            "compressor": dict(self.compressor),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Calibration:
        """The inverse of `to_dict`. Raises `ValueError` for fields of another version."""
        try:
            low, high = data["rate_interval"]
            return cls(**{**data, "rate_interval": (low, high)})
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f"this is no calibration of this version of recomp ({error}): calibrate again"
            ) from error

    @property
    def promise(self) -> str:
        """What is promised, in words."""
        how = "on average" if self.confidence is None else f"with confidence {self.confidence:g}"
        return (
            f"{self.rule}={self.value:g} keeps at least {_percent(self.keep)} of the answers that "
            f"the documents hold, {how}"
        )

    def facts(self) -> dict[str, str]:
        """The rest, in words, by heading."""
        low, high = self.rate_interval
        kept = 1 - self.lost_before / self.n_answerable
        none = "none" if not self.n_unanswerable else f"{self.empty_unanswerable}"
        facts = {
            "Questions": f"{self.n_answerable} of {self.n} have an answer in their documents",
            "Lost": f"{self.lost} answers on these questions; {self.allowed} were allowed",
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
    """The calibration of a saved compressor; None if it has none.

    Raises `ModelLoadError` if the folder is damaged, or its selector is no longer the one that the
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
    """What decides the scores of a compressor and what stands between its sentences, but for the
    weights: the keys of `recomp_config.json`. The calibration holds for these.
    """
    scorer, layout = compressor.scorer, compressor.layout
    settings = {
        "expand": list(compressor.expand),
        "separator": layout.separator,
        "elision": layout.elision,
        "document_separator": layout.document_separator,
    }
    for part, names in (
        (scorer, ("context", "similarity_fn_name")),
        (compressor.splitter, ("lang",)),
        (getattr(getattr(scorer, "encoder", None), "model", None), ("truncate_dim",)),
    ):
        settings.update({name: getattr(part, name) for name in names if hasattr(part, name)})
    return settings


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
