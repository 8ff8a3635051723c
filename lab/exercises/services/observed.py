"""What was seen of a service while it was driven: everything that a checker looks at, gathered beforehand."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Sent:
    """One request, and its answer."""

    #: Which kind of requests it is one of.
    of: str
    #: Every request is begun in a trace of its own.
    trace_id: str
    #: None when there was no answer in time.
    status: int | None
    seconds: float
    #: What in it belongs to somebody.
    personal: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sample:
    name: str
    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True)
class Family:
    """All series of one metric, as its `# TYPE` line announces them."""

    name: str
    type: str
    samples: tuple[Sample, ...]


@dataclass(frozen=True)
class Scrape:
    """What `/metrics` answered. `problem` says why nothing could be read from it."""

    families: tuple[Family, ...] = ()
    problem: str = ""


@dataclass(frozen=True)
class SeenSpan:
    trace_id: str
    span_id: str
    #: Empty for the root of a trace.
    parent_span_id: str
    name: str
    kind: str
    #: unset, ok or error.
    status: str = "unset"
    attributes: Mapping[str, Any] = field(default_factory=dict)
    #: The types of the exceptions that it has as events.
    exceptions: tuple[str, ...] = ()
    seconds: float = 0.0
    #: What is begun and not ended arrives nowhere.
    ended: bool = True


@dataclass(frozen=True)
class Call:
    """A request that the neighbour got. Ids are empty where it carried none."""

    path: str
    trace_id: str
    parent_span_id: str


@dataclass(frozen=True)
class Observed:
    #: Why the service does not run, when it could not start or has ended, in a sentence.
    ended: str = ""
    #: The last error that it wrote, in a sentence with its place; empty when there was none.
    last_error: str = ""
    sent: tuple[Sent, ...] = ()
    #: How often it was asked for its metrics before the last time.
    scrapes_before: int = 0
    #: While requests were on their way, and after all of them were answered.
    scrapes_meanwhile: tuple[Scrape, ...] = ()
    scrape: Scrape = Scrape()
    spans: tuple[SeenSpan, ...] = ()
    #: What it wrote to standard output.
    lines: tuple[str, ...] = ()
    calls: tuple[Call, ...] = ()
