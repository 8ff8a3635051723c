"""The SDK's tracer and span with the cost of a span cut to a third; what a span records stays the same.

The SDK's span copies and checks each attribute, makes three locks and is copied once more when it ends: about 15
µs, ten times a request. Here a span keeps its attributes in a plain dict while they are ordinary (a string, number
or bool, within the limits) and turns to the SDK's own bookkeeping for everything else. Anything but the usual case
(links, an unusual sampler) is left to the SDK. See docs/performance.md for the figures and
tests/unit/observability/test_light_spans.py for the comparison with the SDK's spans.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from time import time_ns
from types import TracebackType
from typing import Any

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.context import Context, attach, detach
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Span, SpanLimits, SpanProcessor, Tracer, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, DEFAULT_ON, TraceIdRatioBased
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    Link,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    get_current_span,
    set_span_in_context,
)
from opentelemetry.trace import Span as ApiSpan
from opentelemetry.trace import Tracer as ApiTracer

_ORDINARY = frozenset((str, int, float, bool))
_UNSET = Status(StatusCode.UNSET)
_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
_SAMPLED_RANDOM = TraceFlags(TraceFlags.SAMPLED | TraceFlags.RANDOM_TRACE_ID)
_NO_ITEMS: tuple[Any, ...] = ()


class LightSpan(Span):
    """A recording span. Made by `LightTracer` only.

    It takes no lock: a span of the lab is changed by the thread that handles its request, and each single change is
    atomic anyway.
    """

    def __init__(
        self,
        name: str,
        context: SpanContext,
        parent: SpanContext | None,
        kind: SpanKind,
        tracer: LightTracer,
        attributes: Mapping[str, Any] | None,
        start_time: int,
    ) -> None:
        # Sets what ReadableSpan and Span read, without their constructors' copies and locks.
        self._name = name
        self._context = context
        self._parent = parent
        self._kind = kind
        self._tracer = tracer
        self._resource = tracer.resource
        self._instrumentation_info = None
        self._instrumentation_scope = tracer.scope
        self._status = _UNSET
        self._start_time = start_time
        self._end_time = None
        self._limits = tracer.limits
        self._events: Any = _NO_ITEMS
        self._links: Any = _NO_ITEMS
        self._record_exception = self._set_status_on_exception = True
        self._attributes: Any = {}
        if attributes:
            self.set_attributes(attributes)

    def set_attribute(self, key: str, value: Any) -> None:
        attributes = self._attributes
        if (
            type(attributes) is dict
            and type(value) in _ORDINARY
            and (len(attributes) < self._tracer.attribute_limit or key in attributes)
            and key
            and self._end_time is None
        ):
            attributes[key] = value
            return
        self._set_unusual({key: value})

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        for key, value in attributes.items():
            self.set_attribute(key, value)

    def _set_unusual(self, attributes: Mapping[str, Any]) -> None:
        """The SDK's way, from here on for this span: sequences, length limits, too many attributes, None, an ended
        span."""
        if self._end_time is not None:
            return
        if type(self._attributes) is dict:
            self._attributes = BoundedAttributes(
                self._limits.max_span_attributes,
                self._attributes,
                immutable=False,
                max_value_len=self._limits.max_span_attribute_length,
            )
        for key, value in attributes.items():
            self._attributes[key] = value

    def _add_event(self, event: Any) -> None:
        if self._end_time is None:
            if self._events is _NO_ITEMS:
                self._events = self._new_events()  # type: ignore[no-untyped-call]
            self._events.append(event)

    def add_link(self, context: SpanContext, attributes: Any = None) -> None:
        if self._end_time is None:
            if self._links is _NO_ITEMS:
                self._links = self._new_links(())
            super().add_link(context, attributes)

    # The SDK guards these with a lock each; see the class's docstring.
    def update_name(self, name: str) -> None:
        if self._end_time is None:
            self._name = name

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        if self._end_time is not None or self._status.status_code is StatusCode.OK:
            return
        new = status if isinstance(status, Status) else Status(status, description)
        if new.status_code is not StatusCode.UNSET:
            self._status = new

    def end(self, end_time: int | None = None) -> None:
        if self._end_time is None:
            self._end_time = time_ns() if end_time is None else end_time
            self._tracer.span_processor.on_end(self)

    def __repr__(self) -> str:
        return f"LightSpan(name={self._name!r}, context={self._context})"


class CurrentSpan:
    """A span that is current inside the `with` block; an exception marks it as failed (and `error.type` names it).

    As a plain object instead of the SDK's generator: a third of the cost.
    """

    __slots__ = ("_span", "_token")

    def __init__(self, span: ApiSpan) -> None:
        self._span = span

    def __enter__(self) -> ApiSpan:
        self._token = attach(set_span_in_context(self._span))
        return self._span

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        detach(self._token)
        if error is not None:
            self._span.record_exception(error)
            self._span.set_status(Status(StatusCode.ERROR, f"{type(error).__name__}: {error}"))
            self._span.set_attribute("error.type", type(error).__name__)
        self._span.end()


class LightTracer(Tracer):
    """The SDK's tracer, making `LightSpan`s wherever the decision to sample is plain."""

    scope: InstrumentationScope
    limits: SpanLimits
    attribute_limit: int
    _root_flags: TraceFlags

    @classmethod
    def of(cls, tracer: Tracer, processor: SpanProcessor) -> LightTracer:
        """A light tracer with the settings of the SDK's own; `processor` gets every ended span."""
        light = cls.__new__(cls)
        vars(light).update(vars(tracer))
        light.scope = tracer._instrumentation_scope
        light.limits = tracer._span_limits
        length_limited = light.limits.max_span_attribute_length is not None
        # A limited length means that every value has to be looked at: the SDK's way, from the first attribute on.
        limit = light.limits.max_span_attributes
        light.attribute_limit = 0 if length_limited else sys.maxsize if limit is None else limit
        light._root_flags = _SAMPLED_RANDOM if light.id_generator.is_trace_id_random() else _SAMPLED
        light.span_processor = processor  # type: ignore[assignment]
        return light

    def start_span(
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Mapping[str, Any] | None = None,
        links: Sequence[Link] | None = (),
        start_time: int | None = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
    ) -> ApiSpan:
        parent: SpanContext | None = get_current_span(context).get_span_context()
        sampler = self.sampler
        if (
            links
            or not (record_exception and set_status_on_exception)
            or not (sampler is ALWAYS_ON or sampler is DEFAULT_ON)
        ):
            return super().start_span(
                name, context, kind, attributes, links, start_time, record_exception, set_status_on_exception
            )
        trace_state = None
        if parent is None or not parent.is_valid:
            parent = None
            trace_id = self.id_generator.generate_trace_id()
            flags = self._root_flags
        elif parent.trace_flags & TraceFlags.SAMPLED or sampler is ALWAYS_ON:
            trace_id = parent.trace_id
            trace_state = parent.trace_state
            flags = _SAMPLED_RANDOM if parent.trace_flags & TraceFlags.RANDOM_TRACE_ID else _SAMPLED
        else:
            return super().start_span(name, context, kind, attributes, links, start_time)
        span_context = SpanContext(trace_id, self.id_generator.generate_span_id(), False, flags, trace_state)
        return LightSpan(name, span_context, parent, kind, self, attributes, start_time or time_ns())

    def start_as_current_span(  # type: ignore[override]
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Mapping[str, Any] | None = None,
        **unusual: Any,
    ) -> AbstractContextManager[ApiSpan]:
        # As a decorator the SDK's own would make a span a call; nothing here uses it so.
        if unusual:
            return super().start_as_current_span(name, context, kind, attributes, **unusual)
        return CurrentSpan(self.start_span(name, context, kind, attributes))


class LightTracerProvider(TracerProvider):
    """The SDK's provider, giving out `LightTracer`s. All processors are added before the first tracer is asked for.

    What the SDK decides once, at the start, can be changed while it runs: which share of the traces is recorded, and
    who is speaking.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._usual_sampler = self.sampler
        self._given_out: list[LightTracer] = []

    def sample(self, share: float) -> None:
        """Record this share of the traces, whatever the caller decided: the others' spans are not made, and whom this
        process calls is told so. From 1 on, record what was recorded at the start."""
        self.sampler = self._usual_sampler if share >= 1 else TraceIdRatioBased(share)
        for tracer in self._given_out:
            tracer.sampler = self.sampler

    def describe(self, resource: Resource) -> None:
        """Spans that begin from now on carry this resource."""
        self._resource = resource
        for tracer in self._given_out:
            tracer.resource = resource

    def get_tracer(self, *args: Any, **kwargs: Any) -> ApiTracer:
        tracer = super().get_tracer(*args, **kwargs)
        if not isinstance(tracer, Tracer):
            return tracer
        processors = self._active_span_processor._span_processors
        processor = processors[0] if len(processors) == 1 else self._active_span_processor
        light = LightTracer.of(tracer, processor)
        # The SDK hands out the tracer it made at first, whatever has changed since.
        light.sampler, light.resource = self.sampler, self.resource
        self._given_out.append(light)
        return light
