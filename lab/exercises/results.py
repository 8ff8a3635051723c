"""What queries came to: everything that a checker looks at, gathered beforehand."""

from dataclasses import dataclass

from lab.exercises.conditions import Condition
from lab.exercises.exercise import TimeRange
from lab.exercises.services.observed import Observed
from lab.telemetry_client import LogLine, Series, Span


@dataclass(frozen=True)
class Numbers:
    """Values over time, of PromQL or of LogQL."""

    series: tuple[Series, ...]


@dataclass(frozen=True)
class Lines:
    """Log lines."""

    lines: tuple[LogLine, ...]


@dataclass(frozen=True)
class FoundTrace:
    trace_id: str
    root: str
    duration_ms: float


@dataclass(frozen=True)
class Traces:
    """What a search found."""

    traces: tuple[FoundTrace, ...]


@dataclass(frozen=True)
class Refused:
    """The server did not take the query; why, in its own words."""

    said: str


Result = Numbers | Lines | Traces | Refused


def is_empty(result: Result) -> bool:
    match result:
        case Numbers(series):
            return not series
        case Lines(lines):
            return not lines
        case Traces(traces):
            return not traces
    return False


@dataclass(frozen=True)
class Evaluated:
    """One query over each of a task's time ranges, in their order."""

    results: tuple[Result, ...]


@dataclass(frozen=True)
class Stretch:
    """A time, in unix seconds."""

    start: float
    end: float


@dataclass(frozen=True)
class Times:
    """When all was well, and since when something is not."""

    well: Stretch
    #: Unix seconds.
    onset: float


@dataclass(frozen=True)
class Watched:
    """An expression over the time in which all was well, and over that in which something is not."""

    well: Result
    ill: Result


@dataclass(frozen=True)
class AlertData:
    """What a verdict on an alerting rule depends on."""

    #: The times looked at: their first and last moments are on whole steps.
    well: Stretch
    ill: Stretch
    step_seconds: float
    answer: Watched
    reference: Watched
    #: In the order of the task's mistakes.
    mistakes: tuple[Watched, ...] = ()
    #: Of each condition in the answer's expression, what its left side is.
    left_sides: tuple[tuple[Condition, Watched], ...] = ()


@dataclass(frozen=True)
class Data:
    """All that a verdict on one answer depends on, besides the task. Empty fields were not asked for by its kind."""

    ranges: tuple[TimeRange, ...] = ()
    reference: Evaluated = Evaluated(())
    answer: Evaluated = Evaluated(())
    #: In the order of the task's mistakes.
    mistakes: tuple[Evaluated, ...] = ()
    #: Answer and reference at a moment before there was any lab: a query that looks at data has no result there.
    answer_long_ago: Result = Numbers(())
    reference_long_ago: Result = Numbers(())
    #: Why the answer's query finds nothing, a sentence each; empty when it finds something.
    reasons_for_nothing: tuple[str, ...] = ()
    #: What is in the answer's trace that must not be; empty is well.
    unwanted: Result = Numbers(())
    #: The trace that an answer names, None when there is no such trace.
    trace: tuple[Span, ...] | None = None
    #: Of an alert: None when it is not known since when something is wrong.
    alert: AlertData | None = None
    #: Of an instrument.
    service: Observed | None = None
