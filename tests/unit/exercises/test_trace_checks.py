"""Traces that learners have found, and times that they have read from them."""

import dataclasses

import pytest

from lab.exercises.checking import check
from lab.exercises.exercise import Mistake, Task
from lab.exercises.results import Data, Evaluated, FoundTrace, Traces
from lab.exercises.span_times import self_time_ms
from lab.telemetry_client import Span

ID = "0af7651916cd43dd8448eb211c80319c"
NOTHING = Evaluated((Traces(()),))
FOUND = Evaluated((Traces((FoundTrace(ID, "frontend_get_user", 10.0),)),))


def span(name, parent, begin_ms, end_ms, service="frontend", **attributes):
    return Span(
        trace_id=ID,
        span_id=name,
        parent_span_id=parent,
        name=name,
        kind="server",
        status="unset",
        status_message="",
        start_time_unix_nano=int(begin_ms * 1e6),
        end_time_unix_nano=int(end_ms * 1e6),
        service=service,
        attributes=attributes,
    )


TRACE = (
    span("frontend_get_user", "", 0, 10, **{"url.path": "/user/7", "http.response.status_code": 200}),
    span("GET", "frontend_get_user", 1, 9),
    span("backend_get_user", "GET", 2, 8, "backend"),
)

FIND = Task(
    id="find",
    kind="trace_id",
    asks="?",
    points=5,
    solution="!",
    reference="{ }",
    language="traceql",
    mistakes=(Mistake("{ a }", "That is a."), Mistake("{ b }", "That is b.")),
)


@pytest.mark.parametrize("answer", [ID, ID.upper(), f"http://127.0.0.1:8000/trace/{ID}", f"x-trace-id: {ID}"])
def test_a_trace_that_the_reference_finds_is_right_however_its_id_is_given(answer):
    assert check(FIND, answer, Data(reference=FOUND, mistakes=(NOTHING, NOTHING), trace=TRACE)).passed


def test_a_trace_that_has_what_it_must_not_have_is_wrong():
    data = Data(reference=FOUND, unwanted=FOUND.results[0], mistakes=(NOTHING, FOUND), trace=TRACE)

    assert check(FIND, ID, data).says == ("That is b.",)


def test_another_trace_is_described():
    data = Data(reference=NOTHING, mistakes=(NOTHING, NOTHING), trace=TRACE)

    (said,) = check(FIND, ID, data).says
    assert said == (
        "That trace exists, but it is not one of those asked for. It is `frontend_get_user` of `/user/7`: 10.0 ms, "
        "answer 200, 3 spans in frontend, backend."
    )


def test_what_is_no_id_and_what_is_no_trace():
    assert "no trace id" in check(FIND, "the slow one", Data()).says[0]
    assert f"no trace `{ID}`" in check(FIND, ID, Data()).says[0]


SELF = Task(id="self", kind="self_time", asks="?", points=5, solution="!", span="frontend_get_user", tolerance=0.05)


@pytest.mark.parametrize("answer", [f"{ID} 2", f"{ID} 2.0 ms", f"{ID}, 2,05 ms", f"{ID}: 0.002 s"])
def test_the_time_of_a_span_without_its_children_is_right(answer):
    assert check(SELF, answer, Data(trace=TRACE)).passed


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (f"{ID} 10", "the whole duration"),
        (f"{ID} 8", "what the children of `frontend_get_user` took"),
        (f"{ID} 5", "took 10.00 ms"),
        (f"{ID} 0.002", "right in seconds"),
        (f"{ID}", "Give the trace's id and the milliseconds"),
        ("2 ms", "Give the trace's id and the milliseconds"),
    ],
)
def test_another_time_is_recognised(answer, said):
    assert said in check(SELF, answer, Data(trace=TRACE)).says[0]


def test_a_trace_without_the_span_is_described():
    assert "there is no span `frontend_get_user`" in check(SELF, f"{ID} 2", Data(trace=TRACE[1:])).says[0]


def test_children_that_run_at_the_same_time_are_counted_once_and_what_outlives_its_parent_is_cut():
    trace = (
        span("parent", "", 0, 10),
        span("one", "parent", 1, 5),
        span("two", "parent", 3, 7),
        span("inside", "parent", 4, 5),
        span("late", "parent", 9, 12),
        span("grandchild", "one", 0, 10),
    )

    assert self_time_ms(trace[0], trace) == 3.0


def test_the_wrong_time_of_a_span_without_children_is_not_told_to_take_something_away():
    task = dataclasses.replace(SELF, span="query_execution")
    trace = (*TRACE, span("query_execution", TRACE[0].span_id, 2, 3))

    (said,) = check(task, f"{ID} 7", Data(trace=trace)).says

    assert said == "`query_execution` has no children in this trace: all of its duration is its own."
