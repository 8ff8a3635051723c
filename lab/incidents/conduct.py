"""Makes a scenario happen on a running lab: well at first, then what was drawn, proven, and undone however it ends.

    with conducted(scenario, lab) as incident:
        ...    # the clock runs; all that was drawn is on, and shows

What a player may do meanwhile is game.py's business.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial

from lab.events import Event, EventError, record
from lab.faults.catalogue import EXCLUDED, VISITORS, Catalogue
from lab.faults.evidence import DEFAULT_WINDOW_SECONDS
from lab.faults.flag_file import FlagFile
from lab.faults.injection import Injection, InjectionFailed, switched_on
from lab.faults.states import flags_of
from lab.incidents.acting import Operator, check_action
from lab.incidents.indicators import (
    VISITS,
    Readings,
    bad_ones,
    busy_with_a_start,
    is_up,
    missed_objectives,
    read_indicators,
)
from lab.incidents.labels import Labels, labels_of
from lab.incidents.scenario import Decoy, DrawnFault, Scenario
from lab.incidents.scoring import RepairOutcome, Truth, TruthfulCause
from lab.incidents.system_file import SystemIncidents
from lab.paths import StateDirectory
from lab.run_state import RunState, supervisor_is_alive
from lab.telemetry_client import TelemetryClient, TelemetryError

_HEALTHY_TIMEOUT_SECONDS = 60.0
_LOOK_SECONDS = 1.5
#: Until a scrape has seen what happens now.
_SCRAPE_SECONDS = 5.0
#: As many looks in a row have to be good before something counts as well again.
_GOOD_LOOKS = 3
#: Looks that tell what a repair will be judged by: together longer than a burst of visitors.
_HARM_LOOKS = 14
#: Time that an indicator gets to be well after the last action, at least.
_LEAST_RECOVERY_SECONDS = 15.0
#: Fewer visits a second than this show too little.
_LEAST_VISITS_PER_SECOND = 3.0
#: More than enough for whoever thinks first.
MOST_ACTIONS = 8


class SetUpFailed(RuntimeError):
    """There is no incident; the message may be read by the player, `details` may not."""

    def __init__(self, message: str, details: str = "") -> None:
        super().__init__(message)
        self.details = details


class Stopped(Exception):
    """Somebody has ended it."""


class TooManyActions(RuntimeError):
    """No more can be done about this incident."""


@dataclass(frozen=True)
class Lab:
    """A running lab, with what is needed to break it and to look at it."""

    directory: StateDirectory
    state: RunState
    #: The system that breaks; others may run beside it.
    about: SystemIncidents
    catalogue: Catalogue
    client: TelemetryClient

    @property
    def flags(self) -> FlagFile:
        return FlagFile(self.directory.flag_file)

    @property
    def known_flags(self) -> list[str]:
        return flags_of(self.catalogue)

    @property
    def labels(self) -> Labels:
        return labels_of(self.catalogue, self.about)

    def readings(self, at_unix_seconds: float, window_seconds: float) -> Readings:
        """The system's indicators. Raises TelemetryError."""
        return read_indicators(self.client, self.about.indicators, at_unix_seconds, window_seconds)


@dataclass(frozen=True)
class ActionTaken:
    """By the player, at which time, and whether it mended something: the last is for the report."""

    at: float
    action: str
    target: str
    said: str
    mended: tuple[str, ...]


@dataclass
class _Placed:
    """A fault of the scenario on the lab."""

    drawn: DrawnFault
    injection: Injection
    onset: float | None = None
    end: float | None = None


@dataclass
class RunningIncident:
    """From the start of the clock on. Times are unix seconds."""

    scenario: Scenario
    lab: Lab
    healthy_at: float
    window_seconds: float
    before: Readings
    placed: list[_Placed]
    operator: Operator
    decoy_onsets: dict[str, float] = field(default_factory=dict)
    clock_started_at: float = 0.0
    harmed: tuple[str, ...] = ()
    actions: list[ActionTaken] = field(default_factory=list)
    #: After the end: whether all was well again; None while nobody knows.
    recovered: bool | None = None
    _acting: threading.Lock = field(default_factory=threading.Lock)

    @property
    def truth(self) -> Truth:
        return Truth(
            tuple(
                TruthfulCause(one.drawn.service, one.drawn.component, one.drawn.kind, one.drawn.victims, one.onset)
                for one in self.placed
                if one.onset is not None
            )
        )

    @property
    def ends_at(self) -> float:
        return self.clock_started_at + self.scenario.duration_seconds

    @property
    def has_been_mended(self) -> bool:
        """Whether something of what was drawn is no more."""
        return any(one.end is not None for one in self.placed)

    def forget_actions(self) -> None:
        """Before somebody else plays on."""
        with self._acting:
            self.actions.clear()

    def seconds_since_onset(self, now: float) -> float:
        onset = self.truth.onset
        return now - (self.clock_started_at if onset is None else onset)

    def act(self, action: str, target: str) -> ActionTaken:
        """Take one action, for good or ill. Raises ActionRefused, ActionFailed, TooManyActions."""
        check_action(action, target, self.lab.labels)
        with self._acting:
            if len(self.actions) >= MOST_ACTIONS:
                raise TooManyActions(f"{MOST_ACTIONS} actions have been taken, and there are no more")
            mended = [one for one in self.placed if one.end is None and self._mends(one, action, target)]
            for one in mended:
                # Before the action itself: a service that is started anew must not find it still on.
                one.injection.switch_off()
                one.end = time.time()
            said = self.operator.carry_out(action, target)
            taken = ActionTaken(time.time(), action, target, said, tuple(one.drawn.name for one in mended))
            self.actions.append(taken)
            return taken

    def repair_outcome(self) -> RepairOutcome:
        """Look whether what was harmed is well again, and stays so for some looks. Raises TelemetryError."""
        with self._acting:
            actions = list(self.actions)
        mending = sum(bool(action.mended) for action in actions)
        if not self.placed:
            return RepairOutcome(actions=len(actions))
        longest = max(one.injection.fault.recovery_seconds for one in self.placed)
        patience = max(longest, _LEAST_RECOVERY_SECONDS) + self.window_seconds if actions else 0.0
        deadline = time.time() + patience
        indicators = self.lab.about.indicators
        looks: list[Readings] = []
        while True:
            looks = [*looks, self.lab.readings(time.time(), self.window_seconds)][-_GOOD_LOOKS:]
            bad = {name for look in looks for name in bad_ones(indicators, self.before, look)}
            missed = {name for look in looks for name in missed_objectives(indicators, self.before, look)}
            missed -= set(self.harmed)
            enough = len(looks) == _GOOD_LOOKS
            if enough and ((not bad & set(self.harmed) and not missed) or time.time() >= deadline):
                break
            time.sleep(_LOOK_SECONDS)
        return RepairOutcome(
            harmed=self.harmed,
            recovered=tuple(name for name in self.harmed if name not in bad),
            damaged=tuple(sorted(missed)),
            actions=len(actions),
            mending=mending,
        )

    def _mends(self, one: _Placed, action: str, target: str) -> bool:
        return any(
            repair.action == action and _same_target(repair.target, target)
            for repair in one.injection.fault.repair_with(one.drawn.values)
        )


def _same_target(wanted: str, given: str) -> bool:
    """A user agent may be given in part, or with more around it."""
    first, second = wanted.lower(), given.lower()
    return first == second or (min(len(first), len(second)) >= 5 and (first in second or second in first))


@contextmanager
def conducted(
    scenario: Scenario,
    lab: Lab,
    *,
    window_seconds: float = DEFAULT_WINDOW_SECONDS,
    annotate: bool = False,
    stop: threading.Event | None = None,
    on_phase: Callable[[str], None] = lambda phase: None,
) -> Iterator[RunningIncident]:
    """The incident inside the `with` block, from the start of its clock; after it all is off, and looked at until it is
    well. Raises SetUpFailed, Stopped."""
    pause = _Pause(stop or threading.Event())
    try:
        with ExitStack() as undo:
            incident = _begin(scenario, lab, window_seconds, pause, on_phase)
            _happen(incident, undo, pause, annotate, on_phase)
            try:
                yield incident
            finally:
                on_phase("ending")
                undo.close()
                now = time.time()
                for one in incident.placed:
                    one.end = one.end or now
        incident.recovered = _await_recovery(incident)
    except InjectionFailed as error:
        message = "the lab did not do what it should have, so there is no incident; all is undone. Try another seed"
        raise SetUpFailed(message, str(error)) from None
    except TelemetryError as error:
        raise SetUpFailed(f"the lab's telemetry does not answer: {error}", str(error)) from None


class _Pause:
    """Waiting that ends when somebody stops the incident."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop

    def until(self, unix_seconds: float) -> None:
        """Raises Stopped."""
        if self._stop.wait(max(unix_seconds - time.time(), 0.0)):
            raise Stopped


def _begin(
    scenario: Scenario, lab: Lab, window_seconds: float, pause: _Pause, on_phase: Callable[[str], None]
) -> RunningIncident:
    """A lab in which all is well, and every service watches its flags."""
    on_phase("preparing")
    # Written before anything is measured: what services load at the first sight of the file is not part of any onset.
    is_first = not lab.directory.flag_file.exists()
    lab.flags.clear(lab.known_flags)
    if is_first:
        # Services load for a second or two; a window that begins after the next scrape knows nothing of it.
        pause.until(time.time() + _SCRAPE_SECONDS + window_seconds)
    placed = [_Placed(fault, _injection(fault, lab, window_seconds)) for fault in scenario.faults]
    before = _await_health(lab, window_seconds, pause)
    for one in placed:
        one.injection.await_baseline()
    return RunningIncident(
        scenario=scenario,
        lab=lab,
        healthy_at=time.time(),
        window_seconds=window_seconds,
        before=before,
        placed=placed,
        operator=Operator(lab.directory, lab.about.system.entry_service, lab.about.moments),
    )


def _injection(drawn: DrawnFault, lab: Lab, window_seconds: float) -> Injection:
    fault = lab.catalogue[drawn.name]
    # What a fault alone must not show, another one or a decoy may.
    shown = tuple(one for one in fault.evidence if one.change not in EXCLUDED)
    return Injection(
        replace(fault, evidence=shown),
        lab.flags,
        lab.client,
        drawn.values,
        window_seconds=window_seconds,
        known_flags=lab.known_flags,
    )


def _await_health(lab: Lab, window_seconds: float, pause: _Pause) -> Readings:
    """The indicators when all is well, and no service has the work of a start to do. Raises SetUpFailed."""
    deadline = time.time() + _HEALTHY_TIMEOUT_SECONDS
    while True:
        readings = lab.readings(time.time(), window_seconds)
        visits = readings.get(VISITS, 0.0)
        missed = missed_objectives(lab.about.indicators, {}, readings)
        down = [service.name for service in lab.about.system.services if not is_up(service.name, readings)]
        busy: list[str] = []
        if visits >= _LEAST_VISITS_PER_SECOND and not missed and not down:
            earlier = lab.readings(time.time() - window_seconds, window_seconds)
            busy = busy_with_a_start(earlier, readings)
            if not busy:
                return readings
        if time.time() >= deadline:
            raise SetUpFailed(_ill(visits, missed, down, busy))
        pause.until(time.time() + _LOOK_SECONDS)


def _ill(visits: float, missed: Sequence[str], down: Sequence[str], busy: Sequence[str]) -> str:
    if down:
        return (
            f"the lab is not well, so nothing can begin: nothing is known of {', '.join(down)}. See: python3 lab status"
        )
    if visits < _LEAST_VISITS_PER_SECOND:
        return (
            f"there are {visits:.1f} visits a second, and an incident needs at least {_LEAST_VISITS_PER_SECOND:g}, "
            "better 8: python3 lab up --rps 8"
        )
    if busy:
        return (
            f"the lab has not come to rest within {_HEALTHY_TIMEOUT_SECONDS:g} s: {' and '.join(busy)} still needed "
            "much more of the processor a moment ago. Wait a minute, and start again"
        )
    return f"the lab is not well: too many {' and '.join(missed)}. See: python3 lab status"


def _happen(
    incident: RunningIncident,
    undo: ExitStack,
    pause: _Pause,
    annotate: bool,
    on_phase: Callable[[str], None],
) -> None:
    """Everything that was drawn, at its time; then its effect, then the start of the clock."""
    on_phase("waiting")
    scenario = incident.scenario
    due: list[tuple[int, Callable[[], None]]] = [
        *((one.drawn.onset_seconds, partial(_set_in, one, incident, undo, annotate)) for one in incident.placed),
        *((decoy.onset_seconds, partial(_pretend, decoy, incident, undo)) for decoy in incident.scenario.decoys),
    ]
    for seconds, begin in sorted(due, key=lambda one: one[0]):
        pause.until(incident.healthy_at + seconds)
        begin()
    for one in incident.placed:
        one.injection.await_effect()
    # As long as the proof of an effect takes at least: waiting must not tell whether there is one.
    pause.until(incident.healthy_at + scenario.last_onset_seconds + incident.window_seconds)
    _await_harm(incident, pause)
    pause.until(incident.healthy_at + scenario.last_onset_seconds + scenario.before_clock_seconds)
    incident.clock_started_at = time.time()


def _pretend(decoy: Decoy, incident: RunningIncident, undo: ExitStack) -> None:
    flags = incident.lab.flags
    undo.callback(flags.switch_off, decoy.flag)
    flags.switch_on(decoy.flag, decoy.values, incident.lab.known_flags)
    incident.decoy_onsets[decoy.name] = time.time()


def _set_in(one: _Placed, incident: RunningIncident, undo: ExitStack, annotate: bool) -> None:
    undo.enter_context(switched_on(one.injection))
    one.onset = time.time()
    if annotate:
        fault = one.injection.fault
        service = None if one.drawn.service == VISITORS else one.drawn.service
        try:
            record(incident.lab.state.backends["loki"], Event(fault.title, "fault", service))
        except EventError as error:
            raise SetUpFailed(f"the moment cannot be marked: {error}") from None


def _await_harm(incident: RunningIncident, pause: _Pause) -> None:
    """Which indicators are bad now. A repair needs one; for the other tasks it is only told in the end. Without a fault
    there is as much looking."""
    longest = max((one.injection.fault.effect_seconds for one in incident.placed), default=0.0)
    deadline = time.time() + longest + _HARM_LOOKS * _LOOK_SECONDS
    least = _HARM_LOOKS if incident.scenario.task == "repair" else 1
    bad: Counter[str] = Counter()
    for looks in itertools.count(1):
        now = incident.lab.readings(time.time(), incident.window_seconds)
        bad.update(bad_ones(incident.lab.about.indicators, incident.before, now))
        # What is harmed is bad in most looks; a burst of visitors is over after some.
        if incident.placed:
            incident.harmed = tuple(name for name, times in bad.items() if 2 * times > looks)
        if looks >= least and (incident.harmed or incident.scenario.task != "repair" or not incident.placed):
            return
        if incident.placed and time.time() >= deadline:
            readings = "\n".join(f"  {name}: {incident.before.get(name)} → {now.get(name)}" for name in now)
            message = "the lab did not suffer enough for a repair to be judged; all is undone. Try another seed"
            raise SetUpFailed(message, f"{[one.drawn.name for one in incident.placed]} harmed no indicator\n{readings}")
        pause.until(time.time() + _LOOK_SECONDS)


def _await_recovery(incident: RunningIncident) -> bool:
    """Whether everything that a fault had changed is as it was; nobody knows of a lab that has ended."""
    if not supervisor_is_alive(incident.lab.directory):
        return False
    try:
        for one in incident.placed:
            one.injection.await_recovery()
    except (InjectionFailed, TelemetryError):
        return False
    return True
