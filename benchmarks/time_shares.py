"""Where the time of a request went: SQL, Redis, calls between services, or logic, by the self times of its spans."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal, get_args

from lab.exercises.span_times import self_time_ms
from lab.telemetry_client import Span

Kind = Literal["SQL", "Redis", "service calls", "password hash", "logic"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_DATABASES: dict[str, Kind] = {"postgresql": "SQL", "redis": "Redis"}
_PASSWORD_SPANS = ("hash_password", "verify_password")


def kind_of(span: Span) -> Kind:
    """What a span's own time is. That of a call is what is left of it without the called service's span: the network,
    reading and writing HTTP on both sides, and waiting for a thread there."""
    if database := _DATABASES.get(str(span.attributes.get("db.system.name"))):
        return database
    if span.name in _PASSWORD_SPANS:
        return "password hash"
    return "service calls" if span.kind == "client" else "logic"


def until_answered(trace: Sequence[Span]) -> list[Span]:
    """The root and what it waited for: without the handlers of events, and what happens inside them."""
    return _below([span for span in trace if not span.parent_span_id], trace)


def of_handler(trace: Sequence[Span], name: str) -> list[list[Span]]:
    """Each handler of that name, with what it waited for."""
    return [_below([span], trace) for span in trace if span.name == name and span.kind == "consumer"]


def self_times_ms(spans: Sequence[Span]) -> Counter[Kind]:
    """Kind -> milliseconds."""
    times: Counter[Kind] = Counter()
    for span in spans:
        times[kind_of(span)] += self_time_ms(span, spans)  # type: ignore[assignment]
    return times


def shares(times: Iterable[Counter[Kind]]) -> dict[Kind, float]:
    """Kind -> its part of all of these together; they add up to 1."""
    total: Counter[Kind] = Counter()
    for each in times:
        total.update(each)
    whole = sum(total.values())
    return {kind: total[kind] / whole if whole else 0.0 for kind in KINDS}


def _below(roots: Sequence[Span], trace: Sequence[Span]) -> list[Span]:
    found = list(roots)
    # Grows while it is walked.
    for parent in found:
        found += [span for span in trace if span.parent_span_id == parent.span_id and span.kind != "consumer"]
    return found
