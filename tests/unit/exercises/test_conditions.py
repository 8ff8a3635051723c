"""What an expression depends on."""

import pytest

from lab.exercises.conditions import Condition, conditions


@pytest.mark.parametrize(
    ("expr", "deciding"),
    [
        ("up == 0", [("up", "==", "0")]),
        ("(sum by (service) (rate(x[1m])) / y) >= (0.05)", [("sum by (service) (rate(x[1m])) / y", ">=", "0.05")]),
        ("0.05 < x", [("x", ">", "0.05")]),
        ("x > 1 and on (service) (y < 2)", [("x", ">", "1"), ("y", "<", "2")]),
        ("x > 1 or y > 1", [("x", ">", "1"), ("y", ">", "1")]),
        ("x > 1 unless y > 1", [("x", ">", "1")]),
        ("x > 2 * y", [("x", ">", "2 * y")]),
        ("sum(up == 0)", []),
        ("x > bool 1", []),
        ("rate(x[1m])", []),
        ("x >", []),
    ],
)
def test_the_comparisons_that_decide_are_found(expr, deciding):
    found = [(one.left, one.operator, one.right) for one in conditions(expr).deciding]

    assert [("".join(left.split()), operator, right) for left, operator, right in found] == [
        ("".join(left.split()), operator, right) for left, operator, right in deciding
    ]


@pytest.mark.parametrize(
    "expr", ["up == 0", "sum(up == 0)", "absent(up)", "absent_over_time(up[1m])", "a unless b", "a and b"]
)
def test_there_is_a_condition(expr):
    assert conditions(expr).any


@pytest.mark.parametrize("expr", ["up", "rate(x[1m]) * 60", "vector(1)", "x > bool 1", "a or b", "no promql"])
def test_there_is_none(expr):
    assert not conditions(expr).any


def test_a_comparison_that_is_always_a_result_is_told_apart():
    assert conditions("x > bool 1").as_bool
    assert not conditions("x > 1").as_bool


def test_a_threshold_is_a_number_or_none():
    assert Condition("x", ">", "250000000").threshold == 2.5e8
    assert Condition("x", ">", "y").threshold is None
