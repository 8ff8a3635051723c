"""A light span records what the SDK's span records, whatever is done to it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, DEFAULT_OFF, DEFAULT_ON, TraceIdRatioBased
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
    set_span_in_context,
)

from observability.light_spans import LightSpan, LightTracerProvider


class Keep(SpanProcessor):
    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        self.spans.append(span)


def record(provider_class: type[TracerProvider], steps: list[tuple[str, Any]], limits: SpanLimits) -> dict[str, Any]:
    keep = Keep()
    provider = provider_class(shutdown_on_exit=False, span_limits=limits, sampler=ALWAYS_ON)
    provider.add_span_processor(keep)
    span = provider.get_tracer("t", "1").start_span("first", attributes={"start": 1}, start_time=10)
    for name, argument in steps:
        if name == "attribute":
            span.set_attribute(*argument)
        elif name == "attributes":
            span.set_attributes(argument)
        elif name == "event":
            span.add_event(*argument, timestamp=11)
        elif name == "status":
            span.set_status(argument)
        elif name == "name":
            span.update_name(argument)
        elif name == "end":
            span.end(20)
    span.end(30)
    (ended,) = keep.spans
    content = json.loads(ended.to_json())
    del content["context"]
    return {**content, "dropped": (ended.dropped_attributes, ended.dropped_events)}


keys = st.sampled_from(["a", "b", "c", "d", "http.route"])
values = (
    st.text(max_size=12)
    | st.integers(-(2**60), 2**60)
    | st.booleans()
    | st.floats(allow_nan=False)
    | st.lists(st.text(max_size=3), max_size=3)
    | st.none()
)
steps = st.lists(
    st.tuples(st.just("attribute"), st.tuples(keys, values))
    | st.tuples(st.just("attributes"), st.dictionaries(keys, values, max_size=3))
    | st.tuples(
        st.just("event"), st.tuples(st.text(max_size=5), st.dictionaries(keys, st.text(max_size=12), max_size=2))
    )
    | st.tuples(
        st.just("status"),
        st.sampled_from([Status(StatusCode.OK), Status(StatusCode.ERROR, "bad"), Status(StatusCode.UNSET)]),
    )
    | st.tuples(st.just("name"), st.text(max_size=5))
    | st.tuples(st.just("end"), st.none()),
    max_size=8,
)
limits = st.sampled_from(
    [
        SpanLimits(),
        SpanLimits(max_span_attributes=2),
        SpanLimits(max_span_attribute_length=3),
        SpanLimits(max_events=1),
        SpanLimits(max_span_attributes=0),
    ]
)


@given(steps=steps, limits=limits)
@pytest.mark.filterwarnings("ignore")
def test_any_sequence_of_changes_records_the_same(steps: list[tuple[str, Any]], limits: SpanLimits) -> None:
    assert record(LightTracerProvider, steps, limits) == record(TracerProvider, steps, limits)


def context_of(trace_flags: int, trace_state: TraceState | None = None) -> Any:
    parent = SpanContext(0xABC, 0xDEF, is_remote=True, trace_flags=TraceFlags(trace_flags), trace_state=trace_state)
    return set_span_in_context(NonRecordingSpan(parent))


@pytest.mark.parametrize("sampler", [ALWAYS_ON, DEFAULT_ON, ALWAYS_OFF, DEFAULT_OFF, TraceIdRatioBased(0.0)])
@pytest.mark.parametrize("parent_flags", [None, 0, 1, 2, 3])
def test_sampling_flags_and_parents_are_those_of_the_sdk(sampler: Any, parent_flags: int | None) -> None:
    def start(provider_class: type[TracerProvider]) -> tuple[Any, ...]:
        provider = provider_class(shutdown_on_exit=False, sampler=sampler)
        context = None if parent_flags is None else context_of(parent_flags, TraceState([("vendor", "abc")]))
        span = provider.get_tracer("t").start_span("s", context, kind=SpanKind.SERVER)
        made = span.get_span_context()
        span.end()
        return (
            span.is_recording(),
            made.trace_flags,
            dict(made.trace_state),
            made.trace_id if parent_flags is not None else bool(made.trace_id),
            made.is_valid,
            getattr(span, "parent", None),
        )

    assert start(LightTracerProvider) == start(TracerProvider)


def test_the_usual_span_is_light_and_an_exception_is_recorded_by_the_with_block() -> None:
    keep = Keep()
    provider = LightTracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(keep)
    with (
        pytest.raises(KeyError),
        provider.get_tracer("t").start_as_current_span("s") as span,
    ):
        raise KeyError("x")
    assert isinstance(span, LightSpan)
    assert keep.spans[0].status.status_code is StatusCode.ERROR
    assert [event.name for event in keep.spans[0].events] == ["exception"]


@pytest.mark.parametrize("parent_flags", [None, 0, 1])
def test_a_share_of_the_traces_is_recorded_whatever_the_caller_decided_and_told_on(parent_flags: int | None) -> None:
    keep = Keep()
    provider = LightTracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(keep)
    tracer = provider.get_tracer("t")
    context = None if parent_flags is None else context_of(parent_flags)

    def start() -> Any:
        span = tracer.start_span("s", context)
        span.end()
        return span

    provider.sample(0)
    unrecorded = start()
    assert (unrecorded.is_recording(), unrecorded.get_span_context().trace_flags.sampled) == (False, False)
    assert unrecorded.get_span_context().is_valid
    assert keep.spans == []
    provider.sample(1)
    start()
    assert len(keep.spans) == (0 if parent_flags == 0 else 1)
    assert isinstance(start(), LightSpan) == (parent_flags != 0)


def test_the_share_is_a_share_of_traces_and_holds_for_every_tracer() -> None:
    keep = Keep()
    provider = LightTracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(keep)
    before = provider.get_tracer("before")
    provider.sample(0.25)
    for tracer in (before, provider.get_tracer("before"), provider.get_tracer("after")):
        keep.spans.clear()
        for _ in range(400):
            tracer.start_span("s").end()
        assert 50 < len(keep.spans) < 150


def test_spans_of_one_trace_are_recorded_all_or_none() -> None:
    keep = Keep()
    provider = LightTracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(keep)
    tracer = provider.get_tracer("t")
    provider.sample(0.5)
    for _ in range(50):
        with tracer.start_as_current_span("parent"), tracer.start_as_current_span("child"):
            pass
    by_trace: dict[int, list[str]] = {}
    for span in keep.spans:
        by_trace.setdefault(span.context.trace_id, []).append(span.name)
    assert 5 < len(by_trace) < 45
    assert {tuple(names) for names in by_trace.values()} == {("child", "parent")}


def test_who_is_speaking_changes_for_spans_that_begin_afterwards() -> None:
    keep = Keep()
    provider = LightTracerProvider(shutdown_on_exit=False, resource=Resource({"service.version": "1"}))
    provider.add_span_processor(keep)
    before = provider.get_tracer("before")
    begun = before.start_span("begun before")
    provider.describe(Resource({"service.version": "2"}))
    for tracer in (before, provider.get_tracer("after")):
        tracer.start_span("begun after").end()
    begun.end()
    assert [(span.name, span.resource.attributes["service.version"]) for span in keep.spans] == [
        ("begun after", "2"),
        ("begun after", "2"),
        ("begun before", "1"),
    ]
