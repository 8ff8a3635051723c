"""A span is judged by its place, and by what it says of a request of which it is known how it went."""

import pytest

from lab.exercises.services.description import ExpectedCalls, ExpectedSpan
from lab.exercises.services.observed import Call, SeenSpan
from lab.exercises.services.span_checks import check_calls, check_span
from tests.unit.exercises.services.conftest import REFUSED, SALES, child_span, request_spans, traces

PAY = ExpectedSpan(
    "pay", (SALES, REFUSED), attributes={"shop.till": ("1", "2")}, errors_of=(REFUSED,), holds_the_work=True
)
WELL = {"attributes": {"shop.till": 1}}
FAILED = {**WELL, "status": "error", "exceptions": ("Refused",)}


@pytest.fixture
def problems(service, observe):
    """With one span for each request, which `of_sale` and `of_refusal` change."""

    def problems(of_sale=WELL, of_refusal=FAILED, expected=PAY, more=()):
        observed = observe()
        sold = [child_span(one, **of_sale) for one in traces(observed, SALES)]
        refused = [child_span(one, **of_refusal) for one in traces(observed, REFUSED)]
        return check_span(expected, service, observe(spans=(*request_spans(observed), *sold, *refused, *more)))

    return problems


def test_a_span_for_each_request_with_what_it_has_to_say_is_right(problems):
    assert problems() == []


def test_without_it_there_is_said_what_else_there_is(service, observe):
    observed = observe()
    others = (child_span(traces(observed, SALES)[0], name="Pay"),)

    assert check_span(PAY, service, observe(spans=request_spans(observed))) == [
        "No span is called `pay`. There are only the requests' own."
    ]
    assert check_span(PAY, service, observe(spans=others)) == [
        "No span is called `pay`. Beside the requests' own there is `Pay`."
    ]


def test_spans_that_do_not_end_are_told(problems):
    assert problems({"ended": False}, {"ended": False}) == [
        "`pay` is begun 5 times and never ended. What is not ended is not sent."
    ]
    [said] = problems(WELL, {"ended": False})
    assert said.startswith("`pay` is begun and not ended for the 2 requests `POST /sales` that are answered with 409")


def test_one_that_is_missing_for_some_requests_is_told(problems):
    assert problems(WELL, {"name": "other"}) == [
        "There is no span `pay` for the 2 requests `POST /sales` that are answered with 409."
    ]


def test_two_in_a_request_are_told(problems, observe):
    second = child_span(traces(observe(), SALES)[0], **WELL)

    [said] = problems(more=(second,))
    assert said.startswith("There is more than one span `pay` in a trace of the 3 requests")


@pytest.mark.parametrize(
    ("parent", "hears"), [("", "each of them begins a trace of its own"), ("00f067aa0ba902b8", "none of the requests'")]
)
def test_a_span_in_another_trace_is_no_child(service, observe, parent, hears):
    observed = observe()
    elsewhere = tuple(SeenSpan(f"{n:031x}f", f"{n:016x}", parent, "pay", "internal") for n in range(5))

    said = check_span(PAY, service, observe(spans=(*request_spans(observed), *elsewhere)))
    assert all(hears in one for one in said)
    assert said


def test_another_parent_is_told(problems):
    [said] = problems(expected=ExpectedSpan("pay", (SALES,), child_of="bill"), of_refusal={})
    assert said == "`pay` is to be a child of `bill`, and it is a child of `POST /sales`."

    [said, *_] = problems({**WELL, "parent_span_id": "00f067aa0ba902b7"})
    assert said == "`pay` is to be a child of the request's span, and its parent is none of this service."


@pytest.mark.parametrize(
    ("change", "hears"),
    [
        ({"attributes": {}}, "`pay` has no attribute `shop.till` for the 3 requests"),
        ({"attributes": {"shop.till": 7}}, "`shop.till` of `pay` is `7`; what it can be is `1` and `2`."),
        ({"attributes": {"shop.till": 1, "shop.customer": "Grace Hopper"}}, "`Grace Hopper`: that belongs to somebody"),
        ({"kind": "client"}, "`pay` is of the kind client, and internal is what it is to be."),
        ({"kind": '"internal"'}, 'The kind of `pay` is the text `"internal"`, which no exporter can send'),
        ({"status": "error"}, "has the status error for the 3 requests"),
        ({"seconds": 0.001}, "`pay` lasts 1 ms for the 3 requests"),
    ],
)
def test_what_a_span_says_otherwise_is_told_once(problems, change, hears):
    [said] = problems({**WELL, **change})

    assert hears in said


def test_what_is_wrong_for_several_kinds_of_requests_is_told_once(problems):
    [said] = problems({**WELL, "attributes": {}}, {**FAILED, "attributes": {}})

    assert "`shop.till` for the 3 requests `POST /sales` that are answered with 201 and the 2 requests" in said


def test_a_failure_needs_a_status_and_a_reason(problems):
    [no_status] = problems(of_refusal={**FAILED, "status": "unset"})
    [no_reason] = problems(of_refusal={**FAILED, "exceptions": ()})

    assert "`pay` ends as if all were well for the 2 requests" in no_status
    assert "but not why: the exception is no event of it" in no_reason


CALLS = ExpectedCalls((SALES,), "pay")


@pytest.fixture
def calls(service, observe):
    """One for each sale, which `change` changes."""

    def calls(change, expected=CALLS):
        observed = observe()
        spans = [child_span(one) for one in traces(observed, SALES)]
        made = tuple(change(Call("/bookings", span.trace_id, span.span_id)) for span in spans)
        return check_calls(
            expected,
            service,
            observe(spans=(*request_spans(observed), *spans), calls=tuple(one for one in made if one is not None)),
        )

    return calls


def test_calls_that_carry_their_context_are_right(calls):
    assert calls(lambda call: call) == []
    assert calls(lambda call: Call(call.path, call.trace_id, "1"), ExpectedCalls((SALES,))) == []


def test_a_call_may_have_a_span_of_its_own(service, observe):
    observed = observe()
    spans = [child_span(one) for one in traces(observed, SALES)]
    around_calls = [
        SeenSpan(one.trace_id, f"a{one.span_id[1:]}", one.span_id, "ask the bank", "client") for one in spans
    ]
    made = tuple(Call("/bookings", one.trace_id, one.span_id) for one in around_calls)

    assert (
        check_calls(CALLS, service, observe(spans=(*request_spans(observed), *spans, *around_calls), calls=made)) == []
    )


@pytest.mark.parametrize(
    ("change", "hears"),
    [
        (lambda call: None, "the bank gets 0 calls, and one for each of the 3 requests"),
        (lambda call: Call(call.path, "", ""), "3 of 3 calls reach the bank without the header `traceparent`"),
        (lambda call: Call(call.path, "f" * 32, "1"), "but not of the request that they are made for"),
        (
            lambda call: Call(call.path, call.trace_id, f"{call.parent_span_id[:-1]}1"),
            "For the bank the caller is `POST /sales`, and `pay` is what it is to be",
        ),
        (lambda call: Call(call.path, call.trace_id, "9"), "the caller is `a span that never arrives`"),
    ],
)
def test_calls_that_do_not_are_told(calls, change, hears):
    [said] = calls(change)

    assert hears in said
