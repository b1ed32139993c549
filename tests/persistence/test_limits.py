"""load_compressor takes the limits by the names that adapters and the command have."""

import pytest

from recomp_core import ModelLoadError, Threshold, TokenBudget, TopK, TopP, load_compressor

pytestmark = pytest.mark.model


@pytest.mark.usefixtures("embedded")
def test_limits_hold_together():
    compressor = load_compressor(top_k=3, min_score=0.2, max_tokens=50)
    limits = compressor.selector.selectors
    assert limits[:2] == (TopK(3), Threshold(0.2))
    assert isinstance(limits[2], TokenBudget)
    assert limits[2].count_tokens("Ada built it.") == 4
    assert load_compressor(top_p=0.5).selector == TopP(0.5)
    assert load_compressor().selector == TopK(2)


@pytest.mark.usefixtures("embedded")
def test_a_lowest_score_does_not_lift_the_default_number():
    assert load_compressor(min_score=0.2).selector == TopK(2) & Threshold(0.2)
    sure = load_compressor(min_score=-1)
    assert len(sure.compress("Who?", ["Ada did. Bea did. Cy did. Di did."]).kept) == 2


def test_limits_and_a_selector_are_too_much():
    with pytest.raises(ValueError, match=r"^top_k=3, max_tokens=9 given together with selector="):
        load_compressor(top_k=3, max_tokens=9, selector=TopK(1))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"top_k": 0}, "got k=0"),
        ({"min_score": float("nan")}, "Threshold"),
        ({"tokenizer": "x"}, "needs max_tokens"),
        ({"expand": 1}, r"expand must be \(before, after\).*got 1"),
        ({"expand": (1, -1)}, "expand must be"),
    ],
)
def test_limits_are_checked_before_a_model_is_loaded(settings, message):
    with pytest.raises(ValueError, match=message):
        load_compressor("./nowhere", **settings)


@pytest.mark.parametrize(
    "settings",
    [{"backend": "ctranslate2"}, {"num_beams": 2}, {"prompt": "{query} {documents}"}, {}],
)
def test_a_model_that_is_not_there_is_not_blamed_on_a_setting(settings):
    with pytest.raises(ModelLoadError, match="nobody/no-such-model") as failure:
        load_compressor("nobody/no-such-model", **settings)
    assert "HF_HUB_OFFLINE" in str(failure.value)


@pytest.mark.usefixtures("embedded")
def test_reprs_are_one_line_that_helps():
    shown = repr(load_compressor(top_k=3))
    assert shown.startswith("ExtractiveCompressor(DualEncoderScorer(")
    assert "recomp-minilm" in shown or "SentenceTransformerEncoder" in shown
    assert shown.endswith("selector=TopK(k=3))")
    assert "\n" not in shown
