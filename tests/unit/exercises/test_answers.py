"""Answers are read forgivingly."""

import pytest

from lab.exercises.answers import clean, read_names, read_number, read_trace_id


@pytest.mark.parametrize(
    "typed", ["rate(x[1m])", "  rate(x[1m])\n", "`rate(x[1m])`", "```\nrate(x[1m])\n```", "```promql\nrate(x[1m])\n```"]
)
def test_what_copying_adds_is_taken_away(typed):
    assert clean(typed) == "rate(x[1m])"


def test_backticks_that_belong_to_a_query_stay():
    assert clean("{a=`b`} |= `c`") == "{a=`b`} |= `c`"
    assert clean("`a`, `b`") == "`a`, `b`"


def test_an_id_is_filled_up_and_two_are_too_many():
    assert read_trace_id("AF7651916CD43DD8448EB211C80319C") == "0af7651916cd43dd8448eb211c80319c"
    assert read_trace_id("0af7651916cd43dd8448eb211c80319c 1af7651916cd43dd8448eb211c80319c") is None
    assert read_trace_id("abc") is None


@pytest.mark.parametrize(
    ("typed", "unit", "number"),
    [
        ("3", "", 3.0),
        ("-1.5e3", "", -1500.0),
        (".5", "", 0.5),
        ("3 requests", "", None),
        ("2 s", "ms", 2000.0),
        ("19.5 KiB", "bytes", 19968.0),
        ("2 kB", "bytes", 2000.0),
        ("2 kB", "ms", None),
        ("x", "", None),
    ],
)
def test_numbers(typed, unit, number):
    assert read_number(typed, unit) == number


def test_names_are_separated_by_more_than_commas():
    assert read_names("`/user/<id>`, /; 'a' and b\nc") == {"/user/<id>", "/", "a", "b", "c"}
