"""What a service is sent, and what has to arrive from it: data, as `reading.py` finds it in exercise.yaml.

Requests of one kind have a name there, such as `sold`; what is expected refers to these names.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

MetricType = Literal["counter", "gauge", "histogram"]
METRIC_TYPES: tuple[MetricType, ...] = get_args(MetricType)

SpanKind = Literal["internal", "server", "client", "producer", "consumer"]
SPAN_KINDS: tuple[SpanKind, ...] = get_args(SpanKind)


@dataclass(frozen=True)
class Requests:
    """Requests of one kind."""

    name: str
    method: Literal["GET", "POST"]
    #: In path and body, `{n}` is 1 for the first of them, 2 for the second.
    path: str
    body: Any = None
    times: int = 1
    #: The status that the service answers with, before and after it was instrumented.
    answers: int = 200
    #: How long each of them takes at the least, by what the service does.
    seconds: float = 0.0
    #: All at the same time, while the metrics are looked at.
    at_once: bool = False
    #: Asked again and again until the answer contains this.
    until: str = ""


@dataclass(frozen=True)
class Neighbour:
    """Another service that this one calls. The checker plays it, and remembers the calls."""

    name: str
    #: The environment variable with its address.
    variable: str


@dataclass(frozen=True)
class Service:
    #: Of the exercise: `service/` as a learner gets it, and `solution/`.
    folder: Path
    #: As it is called in telemetry.
    name: str
    sends: tuple[Requests, ...]
    neighbour: Neighbour | None = None
    #: Fields of the bodies whose values belong to somebody, and into no telemetry.
    personal: tuple[str, ...] = ()

    def requests(self, name: str) -> Requests:
        """Raises KeyError."""
        for one in self.sends:
            if one.name == name:
                return one
        raise KeyError(name)


@dataclass(frozen=True)
class ExpectedSeries:
    """One series of a metric, and the requests that are in it."""

    of: tuple[str, ...]
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ExpectedMetric:
    """A counter counts its requests, a histogram how long they took; a gauge has risen with them and is down again."""

    name: str
    type: MetricType
    series: tuple[ExpectedSeries, ...]
    #: Of a histogram: between each pair of seconds there has to be a bound, or the two cannot be told apart.
    tells_apart: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class ExpectedSpan:
    """One span for each of these requests, in the request's trace."""

    name: str
    of: tuple[str, ...]
    kind: SpanKind = "internal"
    #: The name of the span that is its parent; empty for the span of the request itself.
    child_of: str = ""
    #: The values that an attribute can have; none: whatever is there.
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    #: Requests whose span ends with an error, and has the exception as an event.
    errors_of: tuple[str, ...] = ()
    #: Whether the time of the work has to be in it.
    holds_the_work: bool = False


@dataclass(frozen=True)
class ExpectedLines:
    """A JSON line, at least, for each of these requests, with the ids of its span."""

    #: Requests -> level.
    levels: Mapping[str, str]
    #: Fields beside `level`, `message`, `trace_id` and `span_id`.
    fields: tuple[str, ...] = ()
    #: Whether what belongs to somebody is looked for.
    nothing_personal: bool = False


@dataclass(frozen=True)
class ExpectedCalls:
    """One call to the neighbour for each of these requests, in the request's trace."""

    of: tuple[str, ...]
    #: The name of the span that the neighbour's spans are to be children of; empty: any of the trace.
    child_of: str = ""


Expected = ExpectedMetric | ExpectedSpan | ExpectedLines | ExpectedCalls


@dataclass(frozen=True)
class Version:
    """The solution with some of its text changed: another right one, or a wrong one."""

    #: What stands in the solution, exactly once, and what stands there instead.
    changes: tuple[tuple[str, str], ...]
    #: Of a wrong one: a part of what the checker says to it.
    hears: str = ""
