"""The real clients, as far as they are installed here; `benchmarks/serving/clients.py` drives them.

Their versions exclude each other: an environment has some of them at most.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from conftest import needs
from server_clients import app_of, listening

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "serving" / "clients.py"

pytestmark = [
    needs("fastapi", "serve"),
    needs("httpx", "test"),
    pytest.mark.model,
    pytest.mark.enable_socket,
]


def script():
    spec = importlib.util.spec_from_file_location("serving_clients", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


NAMES = [try_it.__name__ for _, try_it in script().CLIENTS] if SCRIPT.is_file() else []


@pytest.mark.parametrize("name", NAMES)
def test_a_client_as_it_is(name, request):
    clients = script()
    packages = next(packages for packages, try_it in clients.CLIENTS if try_it.__name__ == name)
    try:
        clients.version(*packages)
    except clients.MissingError as error:
        pytest.skip(str(error))
    compressor = request.getfixturevalue("embedded")
    with listening(app_of(compressor=compressor, api_key="sesame")) as (url, _):
        try:
            assert getattr(clients, name)(url, "sesame")
        except clients.MissingError as error:
            pytest.skip(str(error))


def test_the_configuration_for_litellm_is_the_one_that_is_described():
    page = (SCRIPT.parents[2] / "docs" / "server.md").read_text(encoding="utf-8")
    config = script().CONFIG.read_text(encoding="utf-8")
    for line in ("guardrail: compresr", "mode: pre_call", "default_on: true",
                 "target_compression_ratio: 0.5"):  # fmt: skip
        assert line in page
        assert line in config
