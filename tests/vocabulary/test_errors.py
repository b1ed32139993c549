"""What the errors of this package say and carry."""

import pickle

import pytest

from recomp_core.errors import BatchError, BudgetError, EndpointError, ModelLoadError, SummaryError


def test_a_batch_error_names_the_first_failure_and_keeps_all_results():
    error = BatchError(["fine", ValueError("no room"), "fine", KeyError("x")])
    assert str(error) == "2 of 4 queries failed, the first at position 1: ValueError: no room"
    assert [type(result) for result in error.results] == [str, ValueError, str, KeyError]


@pytest.mark.parametrize("kind", [EndpointError, SummaryError])
def test_an_endpoint_error_shows_its_message_and_carries_its_reason(kind):
    error = kind("the reply was cut", "cut")
    assert (str(error), error.reason) == ("the reply was cut", "cut")
    again = pickle.loads(pickle.dumps(error))  # Ray brings errors from other processes
    assert (type(again), str(again), again.reason) == (kind, "the reply was cut", "cut")


def test_errors_can_be_caught_as_what_they_are():
    assert issubclass(ModelLoadError, OSError)
    assert issubclass(SummaryError, EndpointError)
    assert issubclass(BudgetError, RuntimeError)
