"""Lines are judged by whether they can be found again, and by what is in them that should not be."""

import json

import pytest

from lab.exercises.services.description import ExpectedLines
from lab.exercises.services.log_checks import check_lines
from tests.unit.exercises.services.conftest import REFUSED, SALES, request_spans, traces

LINES = ExpectedLines({SALES: "info", REFUSED: "warning"}, ("till",))


def line(trace, **changes):
    fields = {"level": "info", "message": "sold", "trace_id": trace, "span_id": f"{trace[-15:]}1", "till": 1, **changes}
    return json.dumps({name: value for name, value in fields.items() if value is not None})


@pytest.fixture
def problems(service, observe):
    """With a line for each request, which `of_sale` and `of_refusal` change."""

    def problems(of_sale=None, of_refusal=None, expected=LINES, more=()):
        observed = observe()
        lines = [line(one, **(of_sale or {})) for one in traces(observed, SALES)]
        lines += [line(one, **{"level": "warning", **(of_refusal or {})}) for one in traces(observed, REFUSED)]
        return check_lines(expected, service, observe(spans=request_spans(observed), lines=(*lines, *more)))

    return problems


def test_lines_with_ids_levels_and_fields_are_right(problems):
    assert problems() == []
    assert problems({"level": "INFO", "till": "south"}) == []


def test_lines_of_no_request_need_no_ids(problems):
    assert problems(more=['{"level": "info", "message": "started"}']) == []


def test_silence_is_told(service, observe):
    [said] = check_lines(LINES, service, observe())

    assert said.startswith("The service writes nothing to standard output.")


@pytest.mark.parametrize("text", ["sold", '"sold"', "[1]"])
def test_a_line_that_is_no_object_is_told(problems, text):
    assert problems(more=[text]) == [f"This line is no JSON object: `{text}`."]


@pytest.mark.parametrize(("text", "hears"), [("{", "without `indent`"), ("{'level': 'info'}", "`json.dumps(…)` makes")])
def test_how_a_line_became_no_object_is_told(problems, text, hears):
    [said] = problems(more=[text])

    assert hears in said


@pytest.mark.parametrize(
    ("written", "hears"),
    [
        (None, "None of 5 lines has the field `trace_id`."),
        ("0" * 32, "`trace_id` is 0 in every line"),
        ("100985939111033328018442752961257817859", "expected are 32 digits of 0-9 and a-f"),
        ("e" * 32, "it is that of none of the requests"),
    ],
)
def test_ids_that_find_nothing_are_told(problems, written, hears):
    [said] = problems({"trace_id": written}, {"trace_id": written})

    assert hears in said


@pytest.mark.parametrize(
    ("change", "hears"),
    [
        ({"level": "info"}, "has the level `info`; `warning` is what it is to have."),
        ({"level": None}, "has the level `none`; `warning` is what it is to have."),
        ({"till": None}, "has no field `till`."),
        ({"message": ""}, "has no field `message`."),
        ({"span_id": "1" * 16}, "has no `span_id` of a span in its trace"),
        ({"trace_id": None}, "There is no line with the `trace_id` of the request for the 2 requests"),
    ],
)
def test_what_is_missing_in_the_lines_of_some_requests_is_told(problems, change, hears):
    [said] = problems(of_refusal=change)

    assert hears in said
    assert "`POST /sales` that are answered with 409" in said


def test_what_belongs_to_somebody_is_looked_for_where_it_is_asked_for(problems):
    carefully = ExpectedLines({SALES: "info"}, nothing_personal=True)
    told = {"message": "sold to Grace Hopper"}

    assert problems(told) == []
    [said] = problems(told, expected=carefully)
    assert said.startswith("A line has `Grace Hopper` in it, which belongs to somebody")
