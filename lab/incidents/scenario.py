"""What happens in an incident, drawn from a seed: pure, and the same bytes for the same seed, level and catalogue.

Half of the incidents have no fault at all: of the seeds 1 and 2 one, of 3 and 4 one, and so on. Times are relative to
the moment at which all was found well; when they come true is conduct.py's business.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any, Literal, get_args

from lab.faults.catalogue import Catalogue, Fault, Parameter, ParameterValue
from lab.incidents.labels import component_label
from lab.incidents.system_file import Harmless, SystemIncidents

Task = Literal["detect", "locate", "analyse", "repair"]
TASKS: tuple[Task, ...] = get_args(Task)

Level = Literal["easy", "medium", "hard"]
LEVELS: tuple[Level, ...] = get_args(Level)

#: What an incident does when nobody answers it: it ends.
_DURATION_SECONDS: Mapping[Level, tuple[int, int]] = MappingProxyType(
    {"easy": (600, 900), "medium": (600, 900), "hard": (600, 900)}
)
#: From the moment at which all is well to the first that happens.
_QUIET_SECONDS = (4, 12)
#: From the last that happens to the start of the clock, at least: the same with a fault and without.
_BEFORE_CLOCK_SECONDS = (12, 20)
#: Some faults show late, and their clocks start later still. So does that of some incidents without one.
_SHOWS_LATE_SHARE = 0.35
_SHOWS_LATE_SECONDS = (4, 25)
#: Between two faults.
_BETWEEN_SECONDS = (5, 12)

#: How strong a fault is, from 0 (as weak as still shows) to 1.
_INTENSITY: Mapping[Level, tuple[float, float]] = MappingProxyType(
    {"easy": (0.8, 1.0), "medium": (0.3, 0.7), "hard": (0.0, 0.2)}
)
_DECOYS: Mapping[Level, tuple[int, ...]] = MappingProxyType({"easy": (0,), "medium": (0, 1), "hard": (1, 2)})
#: How often a hard incident with a fault has a second one.
_SECOND_FAULT_SHARE = 0.4

#: Kinds that leave so little of the rest that nobody could find a second fault beside them, or prove it.
_DROWN_OTHERS = frozenset(
    {
        "connection_leak",
        "retry_storm",
        "lock_contention",
        "cache_unavailable",
        "cache_stampede",
        "traffic_surge",
        "bot_traffic",
        "scrape_failure",
        "broken_propagation",
        "span_loss",
        "clock_skew",
    }
)


@dataclass(frozen=True)
class DrawnFault:
    """A fault of the scenario, with what was chosen about it and what is true then."""

    name: str
    flag: str
    values: Mapping[str, ParameterValue]
    #: Seconds after all was well.
    onset_seconds: int
    #: 0 (as weak as still shows) to 1; None where nothing about it can be weaker.
    intensity: float | None
    service: str
    component: str
    kind: str
    victims: tuple[str, ...]


@dataclass(frozen=True)
class Decoy:
    """Something that really happens, can be seen, and harms nobody."""

    name: str
    says: str
    flag: str
    values: Mapping[str, ParameterValue]
    onset_seconds: int


@dataclass(frozen=True)
class Scenario:
    """Everything about an incident that does not depend on when it is played."""

    seed: int
    level: Level
    task: Task
    faults: tuple[DrawnFault, ...]
    decoys: tuple[Decoy, ...]
    #: The clock starts this long after the last that happens, or later, when all of it shows.
    before_clock_seconds: int
    #: Seconds after all was well; then everything ends by itself.
    duration_seconds: int
    #: The moment for which a scenario without a fault waits, too, so that waiting tells nothing.
    quiet_seconds: int

    @property
    def last_onset_seconds(self) -> int:
        onsets = [fault.onset_seconds for fault in self.faults] + [decoy.onset_seconds for decoy in self.decoys]
        return max(onsets, default=self.quiet_seconds)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def as_bytes(self) -> bytes:
        """The same for the same seed, level, task and catalogue, on every machine."""
        return json.dumps(self.as_json(), ensure_ascii=False, sort_keys=True, indent=2).encode() + b"\n"


def draw(seed: int, level: Level, task: Task, catalogue: Catalogue, about: SystemIncidents) -> Scenario:
    """The scenario of a seed. Raises ValueError when there is nothing to draw from."""
    faults = [fault for fault in catalogue.values() if fault.system == about.system.name]
    if task == "repair":
        faults = [fault for fault in faults if is_repairable(fault)]
    if not faults:
        raise ValueError(f"the catalogue has no fault of {about.system.name} for this task")
    # The three tasks that only look share their incidents: one run can be asked all three questions.
    family = "repair" if task == "repair" else "look"
    chance = _chance(family, level, seed)
    quiet_seconds = chance.randint(*_QUIET_SECONDS)
    drawn: tuple[DrawnFault, ...] = ()
    if has_fault(seed, level, family):
        drawn = _faults(chance, seed, level, family, faults, quiet_seconds)
    return Scenario(
        seed=seed,
        level=level,
        task=task,
        faults=drawn,
        decoys=_decoys(chance, level, about.harmless, drawn, quiet_seconds),
        before_clock_seconds=chance.randint(*_BEFORE_CLOCK_SECONDS) + _late_by(seed, level, family, drawn),
        duration_seconds=chance.randint(*_DURATION_SECONDS[level]),
        quiet_seconds=quiet_seconds,
    )


def is_repairable(fault: Fault) -> bool:
    """Whether there is an action that mends it, and an indicator that says so."""
    return bool(fault.repair) and fault.truth.kind not in _WITHOUT_INDICATOR


#: What harms no indicator that metrics have (indicators.py), so that a repair could not be judged by one.
_WITHOUT_INDICATOR = frozenset({"clock_skew", "uncorrelated_logs", "broken_propagation", "span_loss"})


def has_fault(seed: int, level: Level, family: str) -> bool:
    """Of each pair of seeds (1 and 2, 3 and 4 …) exactly one has."""
    first_has = _chance("pair", family, level, (seed + 1) // 2).random() < 0.5
    return first_has == (seed % 2 == 1)


def _late_by(seed: int, level: Level, family: str, drawn: Sequence[DrawnFault]) -> int:
    """What a fault that shows late takes longer, where there is none: how long `start` takes must tell nothing."""
    chance = _chance("late", family, level, seed)
    if drawn or chance.random() >= _SHOWS_LATE_SHARE:
        return 0
    return chance.randint(*_SHOWS_LATE_SECONDS)


def _faults(
    chance: random.Random, seed: int, level: Level, family: str, faults: Sequence[Fault], quiet_seconds: int
) -> tuple[DrawnFault, ...]:
    first = _next_of_deck(seed, level, family, faults)
    chosen = [_drawn(first, chance, level, quiet_seconds)]
    if level == "hard" and chance.random() < _SECOND_FAULT_SHARE:
        fits = [fault for fault in faults if _fit_together(first, fault)]
        if fits:
            second = _drawn(chance.choice(fits), chance, level, quiet_seconds + chance.randint(*_BETWEEN_SECONDS))
            # Two causes in one place could not be told apart by what they do.
            if second.service != chosen[0].service:
                chosen.append(second)
    return tuple(chosen)


def _next_of_deck(seed: int, level: Level, family: str, faults: Sequence[Fault]) -> Fault:
    """Like cards: every fault comes once before one comes again."""
    turn, position = divmod((seed + 1) // 2 - 1, len(faults))
    deck = sorted(faults, key=lambda fault: fault.name)
    _chance("deck", family, level, turn).shuffle(deck)
    return deck[position]


def _fit_together(first: Fault, second: Fault) -> bool:
    if {first.truth.kind, second.truth.kind} & _DROWN_OTHERS:
        return False
    return first.flag != second.flag


def _drawn(fault: Fault, chance: random.Random, level: Level, onset_seconds: int) -> DrawnFault:
    intensity = round(chance.uniform(*_INTENSITY[level]), 3)
    values = {name: _value(parameter, chance, intensity) for name, parameter in fault.parameters.items()}
    truth = fault.truth_with(values)
    return DrawnFault(
        name=fault.name,
        flag=fault.flag,
        values=values,
        onset_seconds=onset_seconds,
        intensity=intensity if any(one.weak is not None for one in fault.parameters.values()) else None,
        service=truth.service,
        component=component_label(truth.component),
        kind=truth.kind,
        victims=tuple(victim for victim in truth.victims if victim != truth.service),
    )


def _value(parameter: Parameter, chance: random.Random, intensity: float) -> ParameterValue:
    if parameter.choices:
        return chance.choice(parameter.choices)
    if parameter.weak is None or parameter.strong is None:
        return parameter.default
    value = parameter.weak + (parameter.strong - parameter.weak) * intensity
    return round(value) if isinstance(parameter.default, int) else round(value, 3)


def _decoys(
    chance: random.Random,
    level: Level,
    harmless: Sequence[Harmless],
    faults: Sequence[DrawnFault],
    quiet_seconds: int,
) -> tuple[Decoy, ...]:
    taken = {fault.flag for fault in faults}
    free = [one for one in harmless if one.flag not in taken]
    count = min(chance.choice(_DECOYS[level]), len(free))
    return tuple(
        Decoy(one.name, one.says, one.flag, one.values, quiet_seconds + chance.randint(0, _BETWEEN_SECONDS[1]))
        for one in chance.sample(free, count)
    )


def _chance(*parts: object) -> random.Random:
    """A source of its own for each purpose, so that what is drawn for one changes nothing in another."""
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    return random.Random(int.from_bytes(digest[:8]))
