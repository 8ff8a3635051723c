"""TraceQL trees -> traces. Candidates come from SQL by what columns can tell; each is then judged as a whole."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ...deadline import Deadline
from ...regexes import compile_pattern
from ..storage import StoredSpan, TraceStorage, Value, plain_attributes
from .parser import KINDS, STATUSES, Attribute, Compare, Intrinsic, Literal, Logical, Not, Operand, SpanFilter

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_FLIPPED = {">": "<", ">=": "<=", "<": ">", "<=": ">=", "=": "=", "!=": "!="}

#: Intrinsics that are columns of the span table.
_COLUMNS = {"span:name": "name", "span:status": "status", "span:kind": "kind", "span:duration": "duration"}

_STATUS_WORDS = {number: word for word, number in STATUSES.items()}
_KIND_WORDS = {number: word for word, number in KINDS.items()}

#: Spans looked at between two checks of the deadline.
_SPANS_PER_CHECK = 500


@dataclass
class Trace:
    """A whole trace: its spans by start time, and what is true of it as a whole. Times in nanoseconds."""

    id: bytes
    spans: list[StoredSpan]

    @cached_property
    def start(self) -> int:
        """When the first span started."""
        return min(span.start for span in self.spans)

    @cached_property
    def end(self) -> int:
        """When the last span ended."""
        return max(span.end for span in self.spans)

    @property
    def duration(self) -> int:
        """From the first start to the last end."""
        return self.end - self.start

    @cached_property
    def root(self) -> StoredSpan | None:
        """The span without a parent, if it has arrived."""
        return next((span for span in self.spans if not span.parent_id), None)


@dataclass
class Found:
    """A trace with the spans that the query selects, and for each what its conditions looked at."""

    trace: Trace
    spans: list[StoredSpan] = field(default_factory=list)


def search(
    storage: TraceStorage,
    query: SpanFilter,
    start: int,
    end: int,
    limit: int,
    deadline: Deadline,
    accepts_trace: Callable[[Trace], bool] = lambda trace: True,
) -> list[Found]:
    """At most `limit` traces that touch [start, end) and have spans that the query selects, newest first.

    Raises TimedOut.
    """
    found: list[Found] = []
    condition, parameters = _sql(query.condition)
    with storage.reader(deadline) as connection:
        seen: set[bytes] = set()
        for number, span in enumerate(storage.spans(connection, start, end, condition, parameters)):
            if number % _SPANS_PER_CHECK == 0:
                deadline.check()
            if span.trace_id in seen or not _may_match(query.condition, span):
                continue
            seen.add(span.trace_id)
            trace = Trace(span.trace_id, storage.trace(connection, span.trace_id))
            if trace.start >= end or trace.end < start or not accepts_trace(trace):
                continue
            selected = [s for s in trace.spans if matches(query.condition, s, trace)]
            if selected:
                found.append(Found(trace, selected))
                if len(found) >= limit:
                    break
    return sorted(found, key=lambda item: item.trace.start, reverse=True)


def matches(condition: Operand | None, span: StoredSpan, trace: Trace | None) -> bool:
    """Whether a span of a trace fulfils the condition."""
    if condition is None:
        return True
    if isinstance(condition, Logical):
        every = condition.operation == "&&"
        return (all if every else any)(matches(part, span, trace) for part in condition.parts)
    if isinstance(condition, Not):
        return not matches(condition.part, span, trace)
    if isinstance(condition, Compare):
        return _compare(condition, span, trace)
    # A bare attribute or literal selects where it is true.
    return any(value is True for value in values_of(condition, span, trace))


def _may_match(condition: Operand | None, span: StoredSpan) -> bool:
    """Like `matches` before the rest of the trace is known: what depends on that is taken as fulfilled."""
    if condition is None or _needs_trace(condition):
        return True
    return matches(condition, span, None)


def _needs_trace(operand: Operand) -> bool:
    if isinstance(operand, Intrinsic):
        return operand.name.startswith("trace:")
    if isinstance(operand, Compare):
        return _needs_trace(operand.left) or _needs_trace(operand.right)
    if isinstance(operand, Not):
        return _needs_trace(operand.part)
    return isinstance(operand, Logical) and any(_needs_trace(part) for part in operand.parts)


def _compare(condition: Compare, span: StoredSpan, trace: Trace | None) -> bool:
    operation = condition.operation
    lefts = values_of(condition.left, span, trace)
    if isinstance(condition.right, Literal) and condition.right.type == "nil":
        exists = bool(lefts)
        return (
            exists
            if operation == "!="
            else not exists
            if operation == "=" and not isinstance(condition.left, Literal)
            else False
        )
    if operation in ("=~", "!~"):
        assert isinstance(condition.right, Literal)
        pattern = compile_pattern(str(condition.right.value))
        wanted = operation == "=~"
        return any(isinstance(v, str) and (pattern.fullmatch(v) is not None) == wanted for v in lefts)
    rights = values_of(condition.right, span, trace)
    loose = _is_time(condition.left) or _is_time(condition.right)
    return any(
        _comparable(left, right, loose) and _COMPARE[operation](left, right) for left in lefts for right in rights
    )


def _is_time(operand: Operand) -> bool:
    return (
        isinstance(operand, Intrinsic) and operand.name in ("span:duration", "trace:duration", "event:timeSinceStart")
    ) or (isinstance(operand, Literal) and operand.type == "duration")


def _comparable(left: Value, right: Value, loose: bool) -> bool:
    # As in Tempo, whole and broken numbers of attributes do not compare, and truth values are not numbers.
    if type(left) is type(right):
        return not isinstance(left, list)
    return loose and isinstance(left, (int, float)) and isinstance(right, (int, float))


def values_of(operand: Operand, span: StoredSpan, trace: Trace | None) -> list[Value]:
    """What an operand stands for at a span: none when it is absent, several for an array or for events and links."""
    if isinstance(operand, Literal):
        return [] if operand.value is None else [operand.value]
    if isinstance(operand, Attribute):
        return [item for value in _attribute(operand, span) for item in (value if isinstance(value, list) else [value])]
    if isinstance(operand, Intrinsic):
        return _INTRINSICS[operand.name](span, trace)
    return [matches(operand, span, trace)]


def _attribute(attribute: Attribute, span: StoredSpan) -> Iterator[Value]:
    name = attribute.name
    match attribute.scope:
        case "span":
            scopes = [span.attributes]
        case "resource":
            scopes = [span.source.resource]
        case "instrumentation":
            scopes = [span.source.scope_attributes]
        case "event" | "link" as kind:
            scopes = [plain_attributes(item.get("attributes", ())) for item in span.details.get(f"{kind}s", ())]
        case _:
            own = span.attributes.get(name)
            scopes = [span.attributes] if own is not None else [span.source.resource]
    return (scope[name] for scope in scopes if name in scope)


def _events(span: StoredSpan) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = span.details.get("events", [])
    return events


_INTRINSICS: dict[str, Callable[[StoredSpan, Trace | None], list[Value]]] = {
    "span:name": lambda span, _: [span.name],
    "span:status": lambda span, _: [span.status],
    "span:statusMessage": lambda span, _: [span.details.get("statusMessage", "")],
    "span:kind": lambda span, _: [span.kind],
    "span:duration": lambda span, _: [span.duration],
    "span:id": lambda span, _: [span.span_id.hex()],
    "span:parentID": lambda span, _: [span.parent_id.hex()] if span.parent_id else [],
    "trace:duration": lambda _, trace: [trace.duration] if trace else [],
    "trace:rootName": lambda _, trace: [trace.root.name if trace.root else ""] if trace else [],
    "trace:rootService": lambda _, trace: [trace.root.source.service_name if trace.root else ""] if trace else [],
    "trace:id": lambda _, trace: [trace.id.hex(), trace.id.hex().lstrip("0")] if trace else [],
    "event:name": lambda span, _: [event.get("name", "") for event in _events(span)],
    "event:timeSinceStart": lambda span, _: [int(event.get("timeUnixNano", 0)) - span.start for event in _events(span)],
    "link:traceID": lambda span, _: [link.get("traceId", "") for link in span.details.get("links", ())],
    "link:spanID": lambda span, _: [link.get("spanId", "") for link in span.details.get("links", ())],
    "instrumentation:name": lambda span, _: [span.source.decoded.scope.name],
    "instrumentation:version": lambda span, _: [span.source.decoded.scope.version],
}


def operands(condition: Operand | None) -> list[Attribute | Intrinsic]:
    """The attributes and intrinsics that a condition looks at, each once, in the order of the text."""
    if isinstance(condition, (Attribute, Intrinsic)):
        return [condition]
    if isinstance(condition, Compare):
        parts: tuple[Operand, ...] = (condition.left, condition.right)
    elif isinstance(condition, Logical):
        parts = condition.parts
    elif isinstance(condition, Not):
        parts = (condition.part,)
    else:
        return []
    return list(dict.fromkeys(operand for part in parts for operand in operands(part)))


def shown_value(operand: Attribute | Intrinsic, value: Value) -> dict[str, Any]:
    """The value as a search answer shows it: status and kind by their words."""
    if isinstance(operand, Intrinsic):
        if operand.name == "span:status" and isinstance(value, int):
            return {"stringValue": _STATUS_WORDS.get(value, str(value))}
        if operand.name == "span:kind" and isinstance(value, int):
            return {"stringValue": _KIND_WORDS.get(value, str(value))}
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    return {"doubleValue": value} if isinstance(value, float) else {"stringValue": str(value)}


def _sql(condition: Operand | None) -> tuple[str, list[object]]:
    """The part of a condition that SQLite can check on columns; empty when there is none."""
    parts = condition.parts if isinstance(condition, Logical) and condition.operation == "&&" else (condition,)
    clauses: list[str] = []
    parameters: list[object] = []
    for part in parts:
        if not isinstance(part, Compare) or part.operation not in _FLIPPED:
            continue
        left, right, operation = part.left, part.right, part.operation
        if isinstance(left, Literal):
            left, right, operation = right, left, _FLIPPED[operation]
        if (
            isinstance(left, Intrinsic)
            and left.name in _COLUMNS
            and isinstance(right, Literal)
            and right.value is not None
        ):
            clauses.append(f"{_COLUMNS[left.name]} {operation} ?")
            parameters.append(right.value)
    return " AND ".join(clauses), parameters
