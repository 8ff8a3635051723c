"""Reads systems/*/incidents.yaml: what incidents of a system need to know of it, checked.

What holds for any system (whether it is up, its processor and memory, its log lines and samples) is indicators.py's
business; what its faults are and what mends them stands in faults/.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lab.faults.catalogue import KINDS, OWN_RANGE, WINDOW, ParameterValue
from lab.faults.repairs import ACTIONS
from lab.incidents.indicators import VISITS, Indicator, general_indicators
from lab.manifest import System
from lab.paths import SYSTEMS
from lab.yaml_document import ContentError, Item, read_yaml

FILE_NAME = "incidents.yaml"

_PARTICULAR = [action.name for action in ACTIONS.values() if action.is_particular]


class NoIncidents(ValueError):
    """A system of which there are no incidents, or a file that cannot be used; the message says why."""


@dataclass(frozen=True)
class Harmless:
    """What a decoy is made of: something that can be seen and harms nobody."""

    name: str
    says: str
    #: A behaviour of the services. One that a fault has as well is not drawn together with it.
    flag: str
    values: Mapping[str, ParameterValue]


@dataclass(frozen=True)
class Moment:
    """How an action is done that only some systems have: by a behaviour that is there for a moment."""

    flag: str
    seconds: float
    #: What the player is told; `{target}` is filled in.
    says: str
    #: What it can be done to; empty for an action that needs no target.
    targets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Suspect:
    """The cause that somebody names who always names the same; `component` is the words of a fault."""

    service: str
    component: str
    kind: str
    victims: tuple[str, ...]


@dataclass(frozen=True)
class SystemIncidents:
    """What incidents need to know of a system besides its manifest and its faults."""

    system: System
    #: The system's own, and before them those that any system has.
    indicators: tuple[Indicator, ...]
    harmless: tuple[Harmless, ...]
    #: By the action's name.
    moments: Mapping[str, Moment]
    usual_suspect: Suspect

    @property
    def actions(self) -> list[str]:
        """What can be done about this system, by name."""
        return [name for name, action in ACTIONS.items() if not action.is_particular or name in self.moments]


def has_incidents(system: System, systems: Path = SYSTEMS) -> bool:
    return _file_of(system, systems).exists()


def read_system_incidents(system: System, systems: Path = SYSTEMS) -> SystemIncidents:
    """Raises NoIncidents."""
    if not has_incidents(system, systems):
        raise NoIncidents(f"there are no incidents of {system.name}: it has no {_file_of(system, systems)}")
    try:
        return _system_incidents(read_yaml(_file_of(system, systems)), system)
    except ContentError as error:
        raise NoIncidents(str(error)) from None


def _file_of(system: System, systems: Path) -> Path:
    return systems / system.name / FILE_NAME


def _system_incidents(top: Item, system: System) -> SystemIncidents:
    entries = top.mapping(required=("visits", "indicators", "usual_suspect"), optional=("harmless", "actions"))
    visits = _visits(entries["visits"])
    indicators = [*general_indicators(system.name, visits)]
    for item in entries["indicators"].items():
        indicator = _indicator(item)
        if indicator.name in [one.name for one in indicators]:
            raise item.error(f"there is an indicator {indicator.name!r} already")
        indicators.append(indicator)
    harmless = tuple(_harmless(item) for item in entries["harmless"].items()) if "harmless" in entries else ()
    if len({one.flag for one in harmless}) < len(harmless):
        raise entries["harmless"].error("two of them have the same flag")
    return SystemIncidents(
        system=system,
        indicators=tuple(indicators),
        harmless=harmless,
        moments=_moments(entries["actions"]) if "actions" in entries else {},
        usual_suspect=_suspect(entries["usual_suspect"], [service.name for service in system.services]),
    )


def _visits(item: Item) -> Indicator:
    entries = item.mapping(required=("query", "factor", "least_rise"))
    return Indicator(
        VISITS,
        _query(entries["query"]),
        factor=entries["factor"].number_above(1),
        least_rise=entries["least_rise"].number(),
    )


def _indicator(item: Item) -> Indicator:
    entries = item.mapping(required=("name", "query"), optional=("label", "most", "factor", "least_rise"))
    if ("most" in entries) == ("factor" in entries):
        raise item.error("expected either 'most' or 'factor': what makes it bad")
    if "least_rise" in entries and "factor" not in entries:
        raise entries["least_rise"].error("this belongs to 'factor'")
    return Indicator(
        entries["name"].text(),
        _query(entries["query"]),
        label=entries["label"].text() if "label" in entries else "",
        most=entries["most"].number() if "most" in entries else None,
        factor=entries["factor"].number_above(1) if "factor" in entries else Indicator.factor,
        least_rise=entries["least_rise"].number() if "least_rise" in entries else 0.0,
    )


def _query(item: Item) -> str:
    query = item.text()
    if OWN_RANGE.search(query):
        raise item.error(f"it looks over a range of its own: write [{WINDOW}]")
    return query


def _harmless(item: Item) -> Harmless:
    entries = item.mapping(required=("name", "says", "flag", "values"))
    return Harmless(
        name=entries["name"].text(),
        says=entries["says"].text(),
        flag=entries["flag"].text(),
        values={name: value.scalar() for name, value in entries["values"].entries().items()},
    )


def _moments(item: Item) -> Mapping[str, Moment]:
    moments = {}
    for name, one in item.mapping(optional=_PARTICULAR).items():
        required = ("flag", "seconds", "says", *(() if ACTIONS[name].target == "none" else ("targets",)))
        entries = one.mapping(required)
        moments[name] = Moment(
            flag=entries["flag"].text(),
            seconds=entries["seconds"].number_above(0),
            says=entries["says"].text(),
            targets=tuple(target.text() for target in entries["targets"].items()) if "targets" in entries else (),
        )
    return moments


def _suspect(item: Item, services: list[str]) -> Suspect:
    entries = item.mapping(required=("service", "component", "kind", "victims"))
    return Suspect(
        service=entries["service"].one_of(services),
        component=entries["component"].text(),
        kind=entries["kind"].one_of(list(KINDS)),
        victims=tuple(victim.one_of(services) for victim in entries["victims"].items(least=0)),
    )
