"""One validator of each kind: what it lets through, and what its error says."""

import math

import pytest

from recomp_core._utils.checks import (
    check_choice,
    check_limit,
    check_number,
    check_prompts,
    check_url,
    check_whole,
    require,
)


def test_a_choice_is_one_of_several_names():
    check_choice("kind", "a", ("a", "b"))
    for wrong in ("c", None, ["a"]):
        with pytest.raises(ValueError, match="^kind must be one of 'a', 'b', got "):
            check_choice("kind", wrong, ("a", "b"))


def test_a_whole_number_comes_back():
    assert check_whole("k", 1) == check_limit("k", 1) == 1
    assert check_whole("k", 0, at_least=0) == 0
    assert check_limit("k", None) is None


@pytest.mark.parametrize("wrong", [0, -1, True, 1.0, "1", math.nan])
def test_what_is_no_whole_number_is_refused(wrong):
    for check in (check_whole, check_limit):
        with pytest.raises(
            ValueError, match=f"^k must be a whole number of at least 1, got {wrong!r}$"
        ):
            check("k", wrong)


def test_none_is_a_limit_and_no_number():
    with pytest.raises(ValueError, match="got None"):
        check_whole("k", None)


@pytest.mark.parametrize(
    ("value", "bounds", "message"),
    [
        (math.inf, {}, "x must be a finite number, got inf"),
        (math.nan, {}, "x must be a finite number, got nan"),
        ("1", {}, "x must be a finite number, got '1'"),
        (True, {}, "x must be a finite number, got True"),
        (-0.1, {"at_least": 0}, "x must be a number of at least 0, got -0.1"),
        (0, {"above": 0}, "x must be a number of more than 0, got 0"),
        (1, {"below": 1}, "x must be a number of less than 1, got 1"),
        (2, {"above": 0, "below": 1}, "x must be a number of more than 0 and less than 1, got 2"),
        (0, {"above": 0, "unit": "seconds"}, "x must be a number of more than 0 seconds, got 0"),
    ],
)
def test_a_number_outside_its_bounds_is_refused(value, bounds, message):
    with pytest.raises(ValueError) as raised:
        check_number("x", value, **bounds)
    assert str(raised.value) == message


def test_a_number_within_its_bounds_comes_back():
    assert check_number("x", -3) == -3
    assert check_number("x", 0, at_least=0) == 0
    assert check_number("x", 0.5, above=0, below=1) == 0.5


def test_an_address_is_http_and_holds_no_secret():
    assert check_url(None) is None
    assert check_url("http://localhost:8000/v1") == "http://localhost:8000/v1"
    for wrong in ("localhost:8000", "https://", "ftp://host"):
        with pytest.raises(ValueError, match="base_url must begin with http:// or https://"):
            check_url(wrong)
    with pytest.raises(ValueError, match="give the key as api_key") as raised:
        check_url("https://user:secret@host")
    assert "secret" not in str(raised.value)


def test_prompts_are_a_sequence_of_strings():
    assert check_prompts(("a", "b")) == ["a", "b"]
    with pytest.raises(TypeError, match="prompts must be a list of strings, got the string 'a'"):
        check_prompts("a")
    with pytest.raises(TypeError, match=r"prompts\[1\] must be a string, got 3"):
        check_prompts(["a", 3])


def test_a_missing_package_is_named_with_its_extra():
    require("json", "any", "This")
    with pytest.raises(ImportError) as raised:
        require("no_such_package", "ray", "RayEngine")
    assert str(raised.value) == 'RayEngine needs no_such_package: pip install "recomp[ray]"'


@pytest.mark.parametrize("huge", [10**400, -(10**400)])
def test_a_number_that_no_float_holds_is_refused(huge):
    with pytest.raises(ValueError, match="x must be a finite number"):
        check_number("x", huge)


def test_a_whole_number_that_64_bits_do_not_hold_is_refused():
    assert check_whole("k", 2**63 - 1)
    with pytest.raises(ValueError, match="k must be a whole number of at most"):
        check_whole("k", 2**63)
