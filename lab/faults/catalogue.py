"""Reads faults/*.yaml: what each fault does, the truth about it, and the evidence that it leaves.

Checking happens here; switching is flag_file.py's and injection.py's job.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Literal, get_args

from lab.faults.repairs import ACTIONS, Repair
from lab.manifest import System, discover, unusable
from lab.paths import REPOSITORY, SYSTEMS
from lab.yaml_document import ContentError, Item, Scalar, read_yaml

FAULTS = REPOSITORY / "faults"

#: The service of a fault that comes from outside: what visitors do.
VISITORS = "visitors"

#: What there is to answer when somebody is asked what kind of fault it is; a line each for those who choose.
KINDS: Mapping[str, str] = MappingProxyType(
    {
        "missing_index": "the rows of a table are searched one by one, because its index is gone",
        "connection_leak": "connections are taken and not given back, until there are none",
        "lock_contention": "transactions wait for a lock that another one holds",
        "query_per_row": "one query for each row, where one for all of them would do",
        "cache_unavailable": "a cache cannot be reached, so everything is fetched anew",
        "cache_stampede": "many fetch the same thing at the same moment, because it expired for all of them",
        "corrupt_cache_entry": "a cache holds something that cannot be used, and keeps giving it out",
        "business_rule_error": "a rule of the business fails for some of what it is applied to",
        "segment_failure": "requests of one group of users fail",
        "memory_growth": "a process keeps what it no longer needs",
        "cpu_saturation": "a process computes so much that requests wait for the processor",
        "retry_storm": "callers give up on a slow service and ask again, which makes it slower",
        "bad_release": "a new version of a service is worse than the one before",
        "broken_propagation": "calls carry no trace context, so that traces end where they should go on",
        "clock_skew": "a machine's clock is wrong",
        "span_loss": "spans are thrown away before they are sent",
        "uncorrelated_logs": "log lines do not say to which trace they belong",
        "log_flood": "far more log lines than there is something to say",
        "label_explosion": "a label takes ever new values, and each makes a series of its own",
        "scrape_failure": "a service is well, but its metrics cannot be fetched",
        "traffic_surge": "many more visitors than usual",
        "bot_traffic": "a program asks, and not people",
        "event_delay": "events do not come the way they should, and are found late",
        "unhandled_event": "an event cannot be handled, and is tried again and again",
        "repeated_events": "events come again and again, although they were handled",
        "stale_data": "a copy of data is no longer brought up to date",
        "forgotten_release": "what was taken for something is not given back when nothing comes of it",
        "needless_work": "the same is computed or asked over and over, although nothing has changed",
    }
)

Language = Literal["promql", "logql", "traceql"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

Change = Literal["rises", "falls", "stays", "appears", "absent", "disappears"]
#: With a factor: `rises: 3` is three times as much.
_WITH_FACTOR: tuple[Change, ...] = ("rises", "falls", "stays")
_CHANGES: tuple[Change, ...] = get_args(Change)
#: What a fault must not show.
EXCLUDED: tuple[Change, ...] = ("stays", "absent")

SIGNALS = ("metrics", "logs", "traces")

#: In a query: the range over which it looks.
WINDOW = "{window}"
_IDENTIFIER = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
#: A range that is written out, where WINDOW belongs.
OWN_RANGE = re.compile(r"\[\d+(ms|[smhdwy])[\]:]")

ParameterValue = Scalar


class CatalogueError(ValueError):
    """A file of the catalogue that cannot be used; the message names the file, the place and what was expected."""


class UnknownFault(KeyError):
    """There is no fault of this name; the message says which there are that look like it."""

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True)
class Parameter:
    """Something about a fault that can be chosen when it is switched on."""

    name: str
    default: ParameterValue
    help: str
    choices: tuple[ParameterValue, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    #: How little of it, and how much, an incident has; None: always the default.
    weak: float | None = None
    strong: float | None = None

    def refusal(self, value: ParameterValue) -> str | None:
        """Why the value cannot be taken; None if it can."""
        if self.choices and value not in self.choices:
            return f"must be one of {', '.join(map(str, self.choices))}, not {value}"
        if isinstance(value, str | bool):
            return None
        if self.minimum is not None and value < self.minimum:
            return f"must be at least {self.minimum:g}, not {value}"
        if self.maximum is not None and value > self.maximum:
            return f"must be at most {self.maximum:g}, not {value}"
        return None


@dataclass(frozen=True)
class Truth:
    """What whoever looks for the cause is to find."""

    #: A service of the system, or VISITORS; or `{parameter}`, where a parameter says which.
    service: str
    component: str
    #: One of KINDS.
    kind: str
    #: Services that suffer downstream, in the order of cause and effect.
    victims: tuple[str, ...] = ()


@dataclass(frozen=True)
class Signal:
    """What one of metrics, logs and traces shows of a fault, and what it does not: sentences for people."""

    shows: tuple[str, ...] = ()
    hides: tuple[str, ...] = ()


@dataclass(frozen=True)
class Evidence:
    """A question to the telemetry, and how its answer must have changed since before the fault."""

    says: str
    language: Language
    query: str
    change: Change
    #: Of rises, falls and stays the factor; of `appears` the least value, if it is not enough that there is one.
    amount: float | None = None

    @property
    def expectation(self) -> str:
        """As a table shows it."""
        words = {
            "rises": f"≥ {self.amount:g} × before" if self.amount else "",
            "falls": f"≤ before / {self.amount:g}" if self.amount else "",
            "stays": f"within × {self.amount:g} of before" if self.amount else "",
            "appears": f"≥ {self.amount:g}, none before" if self.amount else "some, none before",
            "absent": "none",
            "disappears": "none, some before",
        }
        return words[self.change]

    def query_with(self, values: Mapping[str, ParameterValue], window_seconds: float) -> str:
        """The query as it is asked: `{window}` and the names of parameters are filled in."""
        return _filled(self.query.replace(WINDOW, f"{window_seconds:g}s"), values)


@dataclass(frozen=True)
class Fault:
    """One entry of the catalogue."""

    name: str
    title: str
    system: str
    #: What really happens, inside which part.
    what: str
    #: The feature flag that switches it. Never to be seen in telemetry, as little as anything else here.
    flag: str
    parameters: Mapping[str, Parameter]
    truth: Truth
    #: By name: metrics, logs, traces.
    signals: Mapping[str, Signal]
    evidence: tuple[Evidence, ...]
    #: The longest time until all of the evidence holds, and until none is left.
    effect_seconds: float = 20.0
    recovery_seconds: float = 20.0
    #: Requests per second from which on the evidence is reliable.
    needs_rps: float = 8.0
    #: What mends it, any one of them.
    repair: tuple[Repair, ...] = ()

    @property
    def defaults(self) -> dict[str, ParameterValue]:
        return {name: parameter.default for name, parameter in self.parameters.items()}

    def truth_with(self, values: Mapping[str, ParameterValue]) -> Truth:
        """The truth when these are the parameters."""
        return replace(self.truth, service=_filled(self.truth.service, values))

    def repair_with(self, values: Mapping[str, ParameterValue]) -> tuple[Repair, ...]:
        """What mends it when these are the parameters."""
        return tuple(replace(one, target=_filled(one.target, values)) for one in self.repair)


def _filled(text: str, values: Mapping[str, ParameterValue]) -> str:
    """`{name}` replaced by the value; other braces belong to the languages of the queries."""
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", str(value))
    return text


@dataclass(frozen=True)
class Catalogue(Mapping[str, Fault]):
    """All faults by name, and why each of the others cannot be used."""

    faults: Mapping[str, Fault] = field(default_factory=dict)
    #: By the name of the file, the problem with its file and line.
    unreadable: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Fault:
        """Raises UnknownFault."""
        try:
            return self.faults[name]
        except KeyError:
            reason = self.unreadable.get(name) or _no_such_fault(name, list(self.faults))
            raise UnknownFault(reason) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self.faults)

    def __len__(self) -> int:
        return len(self.faults)


def _no_such_fault(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.6) or [one for one in known if name in one]
    hint = f"did you mean {' or '.join(near)}?" if near else "all of them: python3 lab fault list"
    return f"there is no fault {name!r}; {hint}"


def read_whole_catalogue(directory: Path = FAULTS, systems: Path = SYSTEMS) -> Catalogue:
    """Every fault of the directory. Raises CatalogueError at the first that cannot be used."""
    catalogue = read_catalogue(directory, systems)
    for problem in catalogue.unreadable.values():
        raise CatalogueError(problem)
    return catalogue


def read_catalogue(directory: Path = FAULTS, systems: Path = SYSTEMS) -> Catalogue:
    """Every fault that can be used: one that somebody is just writing, or whose system cannot be used, keeps nobody
    from the others."""
    known, unusable_systems = discover(systems), unusable(systems)
    faults: dict[str, Fault] = {}
    unreadable: dict[str, str] = {}
    flags: dict[str, str] = {}
    for path in sorted(directory.glob("*.yaml")):
        try:
            fault = read_fault(path, known, unusable_systems)
            if fault.flag in flags:
                raise CatalogueError(f"{fault.name} and {flags[fault.flag]} have the same flag, {fault.flag}")
        except CatalogueError as error:
            unreadable[path.stem] = str(error)
        else:
            flags[fault.flag] = fault.name
            faults[fault.name] = fault
    return Catalogue(faults, unreadable)


def read_fault(path: Path, systems: Mapping[str, System], unusable_systems: Mapping[str, str]) -> Fault:
    """Reads and checks one file. `unusable_systems`: why others cannot be used. Raises CatalogueError."""
    try:
        return _fault(read_yaml(path), systems, unusable_systems)
    except ContentError as error:
        raise CatalogueError(str(error)) from None


_NEEDED = ("name", "title", "system", "what", "flag", "truth", "signals", "evidence")


def _fault(top: Item, systems: Mapping[str, System], unusable_systems: Mapping[str, str]) -> Fault:
    entries = top.mapping(_NEEDED, optional=("parameters", "settle_seconds", "needs", "repair"))
    name_of_system = entries["system"].one_of([*systems, *unusable_systems])
    if name_of_system in unusable_systems:
        raise entries["system"].error(f"it cannot be used: {unusable_systems[name_of_system]}")
    system = systems[name_of_system]
    settle = entries["settle_seconds"].mapping(optional=("effect", "recovery")) if "settle_seconds" in entries else {}
    needs = entries["needs"].mapping(optional=("rps",)) if "needs" in entries else {}
    chosen = entries["parameters"].entries() if "parameters" in entries else {}
    parameters = {name: _parameter(item, name) for name, item in chosen.items()}
    return Fault(
        name=_name(entries["name"]),
        title=entries["title"].text(),
        system=system.name,
        what=entries["what"].text(),
        flag=_identifier(entries["flag"]),
        parameters=parameters,
        truth=_truth(entries["truth"], [service.name for service in system.services], parameters),
        signals=_signals(entries["signals"]),
        evidence=_evidences(entries["evidence"]),
        effect_seconds=settle["effect"].number_above(0) if "effect" in settle else Fault.effect_seconds,
        recovery_seconds=settle["recovery"].number_above(0) if "recovery" in settle else Fault.recovery_seconds,
        needs_rps=needs["rps"].number_above(0) if "rps" in needs else Fault.needs_rps,
        repair=tuple(_repair(item) for item in entries["repair"].items()) if "repair" in entries else (),
    )


def _identifier(item: Item) -> str:
    text = item.text()
    if not _IDENTIFIER.fullmatch(text):
        raise item.error(f"expected lower-case words with dashes between them, not {text!r}")
    return text


def _name(item: Item) -> str:
    name = _identifier(item)
    if name != item.file.stem:
        raise item.error(f"it is {name!r}, but the file is called {item.file.name}")
    return name


def _parameter(item: Item, name: str) -> Parameter:
    limits = ("minimum", "maximum", "weak", "strong")
    entries = item.mapping(required=("default", "help"), optional=("choices", *limits))
    default = entries["default"].scalar()
    if isinstance(default, str | bool):
        for key in limits:
            if key in entries:
                raise entries[key].error(f"only a number has this, and the default is {default!r}")
    numbers = {key: entries[key].any_number() for key in limits if key in entries}
    parameter = Parameter(
        name=name,
        default=default,
        help=entries["help"].text(),
        choices=_choices(entries["choices"], default) if "choices" in entries else (),
        **numbers,
    )
    for key, value in {"default": default, **numbers}.items():
        refusal = parameter.refusal(value)
        if refusal:
            raise entries[key].error(refusal)
    if (parameter.weak is None) != (parameter.strong is None):
        raise item.error("'weak' and 'strong' belong together")
    return parameter


def _choices(item: Item, default: ParameterValue) -> tuple[ParameterValue, ...]:
    for one in item.items():
        if type(one.scalar()) is not type(default):
            raise one.error(f"expected the same type as the default's, {default!r}, not {one.scalar()!r}")
    return tuple(one.scalar() for one in item.items())


def _repair(item: Item) -> Repair:
    named = item.entries().get("action")
    if named is None:
        raise item.error("'action' is missing")
    action = ACTIONS[named.one_of(list(ACTIONS))]
    entries = item.mapping(required=("action",) if action.target == "none" else ("action", "target"))
    return Repair(action.name, entries["target"].text() if "target" in entries else "")


def _truth(item: Item, services: list[str], parameters: Mapping[str, Parameter]) -> Truth:
    # Where the fault can be had in one service or another, a parameter that can be nothing else than a service.
    choosing = [
        f"{{{name}}}" for name, one in parameters.items() if one.choices and set(one.choices) <= {*services, VISITORS}
    ]
    entries = item.mapping(required=("service", "component", "kind"), optional=("victims",))
    victims = entries["victims"].items(least=0) if "victims" in entries else []
    truth = Truth(
        service=entries["service"].one_of([*services, VISITORS, *choosing]),
        component=entries["component"].text(),
        kind=entries["kind"].one_of(list(KINDS)),
        victims=tuple(victim.one_of(services) for victim in victims),
    )
    if truth.service in truth.victims:
        raise entries["victims"].error(f"{truth.service} is where it happens, and no victim of it")
    return truth


def _signals(item: Item) -> Mapping[str, Signal]:
    signals = {}
    for name, one in item.mapping(required=SIGNALS).items():
        entries = one.mapping(required=("shows", "hides"))
        signals[name] = Signal(_texts(entries["shows"]), _texts(entries["hides"]))
    return signals


def _texts(item: Item) -> tuple[str, ...]:
    return tuple(one.text() for one in item.items(least=0))


def _evidences(item: Item) -> tuple[Evidence, ...]:
    evidence = tuple(_evidence(one) for one in item.items())
    if not any(one.change in EXCLUDED for one in evidence):
        raise item.error(f"nothing says what does not happen: one must be {' or '.join(EXCLUDED)}")
    if all(one.change in EXCLUDED for one in evidence):
        raise item.error(f"nothing says what happens: one must be another than {' and '.join(EXCLUDED)}")
    return evidence


def _evidence(item: Item) -> Evidence:
    entries = item.mapping(required=("says", "language", "query", "expect"))
    change, amount = _expectation(entries["expect"])
    query = entries["query"].text()
    if OWN_RANGE.search(query):
        raise entries["query"].error(f"it looks over a range of its own: write [{WINDOW}]")
    return Evidence(entries["says"].text(), entries["language"].one_of(LANGUAGES), query, change, amount)


def _expectation(item: Item) -> tuple[Change, float | None]:
    entries = item.mapping(optional=_CHANGES)
    changes = [change for change in _CHANGES if change in entries]
    if len(changes) != 1:
        raise item.error(f"expected exactly one of {', '.join(_CHANGES)}")
    [change] = changes
    value = entries[change]
    if change in _WITH_FACTOR:
        return change, value.number_above(1)
    if value.scalar() is True:
        return change, None
    if change == "appears":
        return change, value.number_above(0)
    raise value.error("expected true")
