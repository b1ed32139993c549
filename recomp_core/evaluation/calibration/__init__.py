"""Calibration: the setting that keeps the promised share of the answers, found on your questions.

    calibration = calibrate("questions.jsonl", keep=0.95, confidence=0.9)
    save_compressor(compressor, "my-compressor", calibration=calibration)

A rule (`top_p`, `min_score`, `top_k`, `max_tokens`) is a family of settings, ordered by caution:
the more caution, the more is kept. A question whose documents hold an answer needs some caution:
the least one at which some document's kept sentences hold an answer, and hold it at every higher
caution too. So a setting loses exactly the answers of the questions that need more, and with more
caution it never loses more, also where sentences are joined.

The promise, `guarantee="confidence"`: with probability `confidence` over the draw of the questions,
the chosen setting keeps at least the share `keep` of the answers of all questions of the same kind.
Each setting is tested by the exact binomial tail: if it lost more than 1 - keep of all answers, n
questions would show l lost ones or fewer with a probability of at most P(Bin(n, 1 - keep) ≤ l).
Testing goes from the most cautious setting on and ends with the first that fails at 1 - confidence
(fixed-sequence testing, Angelopoulos et al. 2021, "Learn then Test", section 2; since losses only
grow on the way, no correction for many tests is needed, and it is the upper confidence bound of
Bates et al. 2021, "Distribution-free, risk-controlling prediction sets", with the bound of Clopper
and Pearson). All settings with up to l losses pass, where l is the most for which that tail is at
most 1 - confidence. So the setting chosen is an order statistic: of the n needs, ascending, the one
at rank n - l.

`guarantee="average"`: over all draws of the questions together, the chosen setting keeps on average
at least `keep` of the answers (Angelopoulos et al. 2022, "Conformal risk control"; for a loss of 0
or 1 this is split-conformal prediction). The rank is ⌈(n + 1) · keep⌉. It takes fewer questions and
cuts more, but a single calibration keeps less than `keep` about half of the time.

Both hold for questions drawn independently from those that will come; the needs are computed
without a grid, so nothing is lost between settings. No model is loaded before it is needed.

calibrator        calibrate: questions in, a calibration out
cases             the questions with their scored sentences, each with the caution that it needs
setting_families  a rule as a family of settings, and the caution that a question needs
guarantees        arithmetic: from lost answers to what can be promised
result            Calibration: the setting, its promise, its price; read from a saved compressor
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._utils.lazy import lazy_names

if TYPE_CHECKING:
    from .calibrator import calibrate
    from .result import Calibration, load_calibration

_WHERE = {
    "Calibration": ".result",
    "calibrate": ".calibrator",
    "load_calibration": ".result",
}

__all__ = ["Calibration", "calibrate", "load_calibration"]


__getattr__, __dir__ = lazy_names(__name__, _WHERE, __all__)
