"""The trace that a message belongs to, told in the message: whoever handles it continues the sender's trace.

The text is W3C Trace Context's `traceparent`, as in the header of a request.
"""

from __future__ import annotations

from opentelemetry.context import Context
from opentelemetry.trace import Span, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_PROPAGATOR = TraceContextTextMapPropagator()


def traceparent(span: Span | None = None) -> str | None:
    """What a message says of `span`, or of the current one; None outside a trace."""
    context = (span or get_current_span()).get_span_context()
    if not context.is_valid:
        return None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def continued(traceparent: str | None) -> Context:
    """The context whose current span is the sender's; an empty one when the message names none, or nonsense."""
    return _PROPAGATOR.extract({"traceparent": traceparent} if traceparent else {}, Context())
