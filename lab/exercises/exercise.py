"""What an exercise consists of. `loader.py` reads it from its folder; docs/guide/exercises.md explains each field."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from lab.exercises.services.description import Expected, Service, Version

#: What a learner answers with: a query, a trace's id, a trace's id and a time, a letter, a number, names, a rule of
#: Prometheus in YAML, or a service in a folder of the learner's.
Kind = Literal[
    "promql",
    "logql",
    "traceql",
    "trace_id",
    "self_time",
    "choice",
    "number",
    "text_set",
    "alert_rule",
    "recording_rule",
    "instrument",
]
KINDS: tuple[Kind, ...] = get_args(Kind)

#: What a reference is written in.
Language = Literal["promql", "logql", "traceql"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

PARTS: Mapping[int, str] = {
    1: "Reading each signal",
    2: "From one signal to the next",
    3: "Finding causes",
    4: "Acting on it",
    5: "Instrumenting",
    6: "A larger system: the exchange",
}


@dataclass(frozen=True)
class TimeRange:
    """Over which time an answer is compared with the reference: `minutes` up to `ended_minutes_ago`."""

    minutes: float = 5.0
    step_seconds: float = 15.0
    ended_minutes_ago: float = 0.0


@dataclass(frozen=True)
class AlertWish:
    """What an alert has to do, besides firing when it should and being quiet when it should not."""

    #: It fires so soon after it began; `for` counts.
    within_seconds: float = 60.0
    #: What stands on the alert that fires, whether it comes from the expression or from the rule.
    labels: Mapping[str, str] = field(default_factory=dict)
    #: Annotations that it has to have.
    annotations: tuple[str, ...] = ()
    #: How long the condition has to hold at least before it fires.
    for_at_least_seconds: float = 0.0
    #: Over each of these times in `[…]` something has to be compared, or it must not fire.
    windows_seconds: tuple[float, ...] = ()


@dataclass(frozen=True)
class Hint:
    text: str
    #: Points that reading it costs.
    costs: int


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that people give, and what to say to it. A query, or another answer as it would be typed."""

    answer: str
    says: str


@dataclass(frozen=True)
class Choice:
    id: str
    text: str
    right: bool
    #: Why it is right, or wrong.
    why: str


@dataclass(frozen=True)
class Task:
    """One question. Which fields a kind has stands in `loader.py`; the others keep their defaults."""

    id: str
    kind: Kind
    #: Markdown.
    asks: str
    points: int
    #: Markdown: an answer, and why it is one.
    solution: str
    #: A query whose result the answer is compared with. Of a trace_id: TraceQL that finds every right trace. Of a rule:
    #: one that is right, in YAML.
    reference: str = ""
    language: Language = "promql"
    #: Of a trace_id: TraceQL that must find nothing in a right trace.
    lacks: str = ""
    over: tuple[TimeRange, ...] = (TimeRange(),)
    #: How far a value may be off, as a share of it.
    tolerance: float = 0.02
    #: What a value is measured in: "requests per second", "ms".
    unit: str = ""
    #: Labels that an answer may carry beyond the reference's.
    extra_labels: tuple[str, ...] = ()
    #: Of a text_set: the label of the reference's result whose values are asked for.
    label: str = ""
    #: Of a text_set without a reference: the names.
    names: tuple[str, ...] = ()
    #: Of a self_time: the name of the span.
    span: str = ""
    choices: tuple[Choice, ...] = ()
    #: Of an alert_rule.
    alert: AlertWish = AlertWish()
    #: Of an instrument: the exercise's service, and what has to arrive from it.
    service: Service | None = None
    expects: tuple[Expected, ...] = ()
    #: The exercise's solution otherwise put, and wrong in ways that people get it wrong; for tests.
    right_versions: tuple[Version, ...] = ()
    wrong_versions: tuple[Version, ...] = ()
    #: Answers in other words that are right as well; tests hold the checker to them.
    also_right: tuple[str, ...] = ()
    mistakes: tuple[Mistake, ...] = ()
    #: Wrong answers with a part of what the checker says to them by itself; tests hold it to that.
    also_wrong: tuple[Mistake, ...] = ()
    hints: tuple[Hint, ...] = ()


@dataclass(frozen=True)
class NeededFault:
    """A fault that has to be on, and for how long, before there is something to find. Learners do not see it."""

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    on_for_seconds: float = 60.0


@dataclass(frozen=True)
class Needs:
    """What a lab must be like for an exercise."""

    #: Generated requests per second, on average.
    requests_per_second: float = 4.0
    #: How long it must have been running.
    minutes: float = 3.0
    #: For how long nothing must have been wrong before something goes wrong: an alert is quiet then. 0 if nobody asks.
    healthy_minutes: float = 0.0
    faults: tuple[NeededFault, ...] = ()


@dataclass(frozen=True)
class ValueSource:
    """What a value that differs from learner to learner can be. A sample may have parts, by name."""

    samples: tuple[Any, ...]


@dataclass(frozen=True)
class Exercise:
    #: The folder's name, such as "03-where-requests-go".
    name: str
    title: str
    part: int
    minutes: int
    #: The new idea, in a sentence.
    idea: str
    system: str
    #: Markdown.
    story: str
    explanation: str
    tasks: tuple[Task, ...]
    needs: Needs = Needs()
    values: Mapping[str, ValueSource] = field(default_factory=dict)

    @property
    def number(self) -> int:
        return int(self.name.partition("-")[0])

    @property
    def service(self) -> Service | None:
        """What is instrumented in a folder of the learner's. An exercise with one asks nothing of a running lab."""
        return next((task.service for task in self.tasks if task.service is not None), None)

    @property
    def points(self) -> int:
        return sum(task.points for task in self.tasks)

    def task(self, id: str) -> Task:
        """Raises KeyError."""
        for task in self.tasks:
            if task.id == id:
                return task
        raise KeyError(id)
