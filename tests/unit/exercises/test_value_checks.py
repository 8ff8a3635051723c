"""Letters, numbers and names."""

import pytest

from lab.exercises.checking import check
from lab.exercises.exercise import Choice, Mistake, Task
from lab.exercises.results import Data
from tests.unit.exercises.conftest import numbers, series


def task(kind, **fields):
    return Task(**{"id": "t", "kind": kind, "asks": "?", "points": 5, "solution": "!", **fields})


CHOICE = task(
    "choice",
    choices=(
        Choice("reset", "It goes on.", True, "A fall is a restart."),
        Choice("gap", "It stops.", False, "There is no need to wait."),
    ),
)


@pytest.mark.parametrize("answer", ["a", "A", "a.", "a)", "reset"])
def test_a_choice_is_made_by_letter_or_id(answer):
    verdict = check(CHOICE, answer, Data())

    assert (verdict.passed, verdict.points) == (True, 5)
    assert verdict.says == ("Right. A fall is a restart.",)


def test_a_wrong_choice_is_told_why():
    assert check(CHOICE, "b", Data()).says == ("There is no need to wait.",)
    assert check(CHOICE, "c", Data()).says == ("Answer with one letter of a, b.",)


def number(**fields):
    return task("number", reference="x", unit="ms", **fields)


def judged(answer, values=12.5, of=None, *mistakes):
    return check(of or number(), answer, Data(reference=numbers(series(values)), mistakes=mistakes))


@pytest.mark.parametrize("answer", ["12.5", "12,5", "12.5 ms", "12.5ms", "0.0125 s", "12.6", "12500 µs"])
def test_a_number_is_right_within_the_tolerance_in_any_unit_of_time(answer):
    assert judged(answer).passed


def test_a_number_may_have_been_right_at_any_moment_of_the_range():
    values = [10.0, 11.0, 12.0, 13.0, 14.0, 15.0, 16.0, 17.0, 18.0]

    assert judged("14", values).passed
    assert judged("19", values).says == ("Too large.",)
    assert judged("9", values).says == ("Too small.",)
    assert judged("14.5", values, number(tolerance=0.001)).says == ("Near, but not near enough.",)
    assert judged("18.1", values, number(tolerance=0.001)).says == ("Near, but not near enough.",)


@pytest.mark.parametrize(("answer", "said"), [("12500", "1000 times too large"), ("0.0125", "1000 times too small")])
def test_a_number_in_another_unit_is_recognised(answer, said):
    assert said in judged(answer).says[0]


def test_percent_and_share_are_told_apart():
    share = task("number", reference="x")

    assert check(share, "25 %", Data(reference=numbers(series(0.25)))).passed
    assert "in percent" in check(share, "25", Data(reference=numbers(series(0.25)))).says[0]


def test_a_mistake_is_a_number_or_a_query_for_another_number():
    of = number(mistakes=(Mistake("sum(x)", "That is all of them."), Mistake("7", "Seven is never right.")))

    assert judged("40", 12.5, of, numbers(series(40.0))).says == ("That is all of them.",)
    assert judged("7", 12.5, of, numbers(series(40.0))).says == ("Seven is never right.",)


def test_what_is_no_number_and_what_cannot_be_judged():
    assert "no number" in judged("many").says[0]
    assert "no number" in judged("12 apples").says[0]
    assert not check(number(), "3", Data(reference=numbers())).judged
    assert not check(number(), "3", Data(reference=numbers(series(1.0, a="b"), series(2.0, a="c")))).judged


NAMES = task("text_set", names=("users", "orders"), mistakes=(Mistake("users", "One more."),))


@pytest.mark.parametrize(
    "answer", ["users, orders", "orders,users", "`users` and `orders`", "users\norders", "Users, ORDERS"]
)
def test_names_are_right_in_any_order_and_form(answer):
    assert check(NAMES, answer, Data()).passed


def test_names_that_are_missing_or_too_many_are_told():
    assert check(NAMES, "users", Data()).says == ("One more.",)
    assert check(NAMES, "orders", Data()).says == ("1 of 2 are right; 1 is missing.",)
    assert check(NAMES, "users, orders, cats", Data()).says == ("`cats` does not belong there.",)
    assert check(NAMES, "cats", Data()).says == (
        "`cats` does not belong there.",
        "None of them is right; 2 are missing.",
    )
    assert "Put commas" in check(NAMES, "users orders", Data()).says[0]
    assert check(NAMES, " , ", Data()).says == ("Give names, with commas between them.",)


def test_a_name_with_something_around_it_is_not_called_wrong():
    id = task("text_set", names=("129",))

    assert check(id, "/api/product/129", Data()).says == (
        "`/api/product/129` says too much: give the name alone, without what stands around it.",
    )
    assert "does not belong" in check(id, "1290", Data()).says[0]


def test_names_may_come_from_the_values_of_a_label():
    of = task("text_set", reference="x", label="table")
    data = Data(reference=numbers(series(1.0, table="users"), series(0.0, table="orders")))

    assert check(of, "orders, users", data).passed
    assert not check(of, "orders", data).passed
    assert not check(of, "orders", Data(reference=numbers())).judged
