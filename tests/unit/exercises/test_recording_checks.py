"""A recording rule has to record what is asked for, under a name that says what it is."""

import pytest

from lab.exercises.checking import check
from lab.exercises.exercise import Mistake
from tests.unit.exercises.conftest import numbers, query_data, query_task, series

REFERENCE = "record: service:requests:rate1m\nexpr: sum by (service) (rate(requests_total[1m]))"
RESULT = numbers(series(3.0, service="frontend"), series(2.0, service="backend"))


def task(**changes):
    return query_task(kind="recording_rule", **{"reference": REFERENCE, **changes})


def rule(name="service:requests:rate1m", expr="sum by (service) (rate(requests_total[1m]))", more=""):
    return f"record: {name}\nexpr: {expr}\n{more}"


def said(answer, found=RESULT, of=None, mistakes=()):
    verdict = check(of or task(), answer, query_data(found, RESULT, *mistakes))
    assert not verdict.passed
    return " ".join(verdict.says)


@pytest.mark.parametrize("name", ["service:requests:rate1m", "service:frontend_requests:sum_rate1m"])
def test_the_right_values_under_a_good_name_are_right(name):
    verdict = check(task(), rule(name), query_data(RESULT, RESULT))

    assert verdict.passed
    assert f"asks for `{name}`" in verdict.says[0]


@pytest.mark.parametrize(
    ("name", "hears"),
    [
        ("requests_rate1m", "it has no colon"),
        ("requests:rate1m", "Missing is the level"),
        ("service:requests", "Missing is what was done to the metric"),
        ("service::rate1m", "the metric before or after a colon is empty"),
        (":requests:rate1m", "the level before or after a colon is empty"),
        ("lab:service:requests:rate1m", "it has 4 parts in place of three"),
        ("endpoint:requests:rate1m", "begins with the level `endpoint`, and the result has `service`"),
        ("service_endpoint:requests:rate1m", "the level names what is left"),
        ("service:requests:rate5m", "The name says 5m; the expression looks over 1m"),
        ("service:requests:rate", "the operations of the name end in 1m, as in `rate1m`"),
    ],
)
def test_a_name_that_says_too_little_or_something_else_is_told_what(name, hears):
    answered = said(rule(name))

    assert "It records the right values. But:" in answered
    assert hears in answered


def test_a_level_of_several_labels_names_them_in_any_order():
    both = numbers(series(3.0, service="frontend", span_kind="server"))

    for name in ("service_span_kind:calls:rate1m", "span_kind_service:calls:rate1m"):
        assert check(task(), rule(name), query_data(both, both)).passed


def test_where_no_label_is_left_there_is_no_level_that_fits():
    everything = numbers(series(5.0))

    verdict = check(task(), rule(), query_data(everything, everything))

    assert "the result has no label at all" in " ".join(verdict.says)


def test_values_are_compared_as_those_of_a_query():
    assert "60 times as large" in said(
        rule(), numbers(series(180.0, service="frontend"), series(120.0, service="backend"))
    )


def test_a_known_mistake_is_told():
    wrong = numbers(series(5.0))
    of = task(mistakes=(Mistake(rule(expr="sum(rate(requests_total[1m]))"), "That is everything in one."),))

    assert (
        said(rule("all:requests:rate1m", "sum(rate(requests_total[1m]))"), wrong, of, [wrong])
        == "That is everything in one."
    )


def test_labels_are_those_that_are_asked_for():
    labelled = task(reference=f"{REFERENCE}\nlabels:\n  team: shop")

    assert check(labelled, rule(more="labels: {team: shop}"), query_data(RESULT, RESULT)).passed
    assert "The label `team: shop` is missing" in said(rule(), of=labelled)
    assert "Nobody has asked for the label `team`" in said(rule(more="labels: {team: shop}"))


def test_an_alerting_rule_is_no_recording_rule():
    assert "This is an alerting rule" in said("alert: A\nexpr: up == 0")
