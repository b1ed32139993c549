"""Selectors as others wrote them down: what does not fit is a ValueError that says so."""

import pytest

from recomp_core.extractive.selectors import selector_from_dict


def nested(depth):
    data = {"type": "top_k", "k": 1}
    for _ in range(depth):
        data = {"type": "all", "selectors": [data]}
    return data


@pytest.mark.parametrize(
    "data",
    [
        {"type": "token_budget"}, {"type": "token_budget", "max_tokens": 3},
        {"type": "token_budget", "max_tokens": 3, "tokenizer": "characters"},
        {"type": "all"}, {"type": "all", "k": 1}, {"type": "top_k", "p": 1}, {"type": "top_k", "k": []},
        {"type": "all", "selectors": [{"type": "token_budget"}]}, nested(20_000),
    ],
    ids=range(9),
)  # fmt: skip
def test_settings_that_do_not_fit(data):
    with pytest.raises(ValueError):
        selector_from_dict(data)
