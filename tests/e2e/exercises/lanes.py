"""Several labs at the same time, each with exercises of its own that are walked in it one after the other.

Most of the time of an exercise is waiting until there is enough to see. While one is walked in one lab, the others are
made ready for what is next in them, as `lab exercise start` does it."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lab.exercises.exercise import Exercise
from lab.exercises.loader import read_exercises
from lab.exercises.needed_faults import seconds_to_wait
from lab.exercises.needs import unmet
from lab.exercises.personal import personalise
from lab.exercises.preparation import prepare_lab, require_prepared, times_of
from lab.exercises.well_times import SETTLE_SECONDS, seconds_until_well
from lab.manifest import discover
from lab.paths import StateDirectory
from lab.stacks.programs import find_server
from lab.telemetry_client import TelemetryClient
from tests.e2e.conftest import boot
from tests.e2e.exercises.answering import Learner
from tests.e2e.exercises.real_prometheus import beside

NAME = "ada"

#: All that are about a running lab. Those with a service need none: tests/integration/exercises.
EXERCISES: Mapping[str, Exercise] = {name: one for name, one in read_exercises().items() if not one.service}

#: Who answers PromQL.
STORE = "telemetry store"
PROMETHEUS = "real Prometheus"

#: By system. An order at the exchange is work for seven services.
_REQUESTS_PER_SECOND: Mapping[str, float] = {"chain": 8, "exchange": 4}

#: About as long as one exercise takes, once its lab is ready.
_WALK_SECONDS = 8.0
_BETWEEN_REFUSALS_SECONDS = 10.0


def in_several_labs(system: str, labs_with_causes: int) -> list[list[str]]:
    """The names of a system's exercises in each of several labs: quickly done on a machine that bears them."""
    healthy, acting, causes = _sorted(system)
    return [
        # What has to be quiet in a healthy lab is compared with one time in which it was: the beginning. The longest
        # first.
        acting,
        *(causes[first::labs_with_causes] for first in range(labs_with_causes)),
        healthy,
    ]


def in_one_lab(system: str) -> list[list[str]]:
    """All of a system's exercises one after the other, those first that need it healthy."""
    healthy, acting, causes = _sorted(system)
    return [[*healthy, *acting, *causes]]


def _sorted(system: str) -> tuple[list[str], list[str], list[str]]:
    """Those for which nothing has to be wrong, those which also ask how it was before, those that only ask why."""
    exercises = {name: one for name, one in EXERCISES.items() if one.system == system}
    healthy = [name for name, one in exercises.items() if not one.needs.faults]
    acting = [name for name, one in exercises.items() if one.needs.healthy_minutes]
    causes = [name for name, one in exercises.items() if one.needs.faults and not one.needs.healthy_minutes]
    return sorted(healthy, key=lambda name: exercises[name].needs.minutes), acting, causes


def in_order(lanes: Sequence[Sequence[str]]) -> list[str]:
    """All of them in the order in which labs that start together are ready for them, by what the exercises say."""
    to_come = [list(lane) for lane in lanes]
    free_at = [0.0 for _ in lanes]
    order: list[str] = []

    def ready_at(lane: int) -> float:
        needs = EXERCISES[to_come[lane][0]].needs
        on_for = max((fault.on_for_seconds for fault in needs.faults), default=0.0)
        quiet = needs.healthy_minutes * 60 + SETTLE_SECONDS if needs.healthy_minutes else 0.0
        return max(max(free_at[lane], quiet) + on_for, needs.minutes * 60)

    clock = 0.0
    while any(to_come):
        lane = min((number for number, names in enumerate(to_come) if names), key=lambda one: max(ready_at(one), clock))
        clock = max(ready_at(lane), clock) + _WALK_SECONDS
        free_at[lane] = clock
        order.append(to_come[lane].pop(0))
    return order


def in_promql(exercise: Exercise) -> Exercise:
    """With those tasks only for which Prometheus is asked something."""
    tasks = tuple(task for task in exercise.tasks if task.reference and task.language == "promql")
    return dataclasses.replace(exercise, tasks=tasks)


class Lane:
    """One of the labs."""

    def __init__(self, system: str, directory: Path, wait_for: Callable[..., Any]) -> None:
        """Boots it, and a real Prometheus beside it if this machine has one. To be closed."""
        options = ("--system", system, "--rps", f"{_REQUESTS_PER_SECOND[system]:g}")
        with contextlib.ExitStack() as closing:
            lab = closing.enter_context(contextlib.contextmanager(boot)(directory / "lab", *options))
            assert lab.telemetry is not None
            at_entry = Learner(lab.telemetry, system, lab.url(discover()[system].entry_service))
            self._learners = {STORE: at_entry}
            if (program := find_server("prometheus").path) is not None:
                url = closing.enter_context(beside(lab, program, directory / "prometheus", wait_for))
                backends = {**lab.state().backends, "prometheus": url}
                client = closing.enter_context(TelemetryClient.from_backends(backends))
                self._learners[PROMETHEUS] = dataclasses.replace(at_entry, client=client)
            self._closing = closing.pop_all()
        self._directory = StateDirectory(lab.state_dir)
        self._state = lab.state()
        self._prepared = ""
        self._ready_at = 0.0
        self._refused_at = 0.0

    def close(self) -> None:
        """Again does no harm."""
        self._closing.close()

    def approach(self, exercise: Exercise) -> None:
        """Prepares the lab for it, if it is not and that can be now."""
        needs = exercise.needs
        if not needs.faults and time.monotonic() - self._refused_at > _BETWEEN_REFUSALS_SECONDS:
            # Refusals of each kind, now and then, so that there is something to count.
            self._learners[STORE].visit_refused()
            self._refused_at = time.monotonic()
        if self._prepared == exercise.name:
            return
        if needs.healthy_minutes and seconds_until_well(self._directory, needs.healthy_minutes) > 0:
            return
        prepare_lab(exercise, self._directory)
        seconds = seconds_to_wait(self._directory, needs.faults)
        assert seconds is not None
        self._prepared = exercise.name
        self._ready_at = max(time.time() + seconds, self._state.started_at + needs.minutes * 60)

    def is_ready(self, exercise: Exercise) -> bool:
        """For answers: so for long enough, and as `lab exercise start` says that the lab has to be."""
        if self._prepared != exercise.name or time.time() < self._ready_at:
            return False
        if exercise.needs.faults:
            require_prepared(exercise, self._directory)
            return True
        clients = [learner.client for learner in self._learners.values()]
        return not any(unmet(exercise.needs, exercise.system, self._state, client) for client in clients)

    def learner(self, exercise: Exercise, server: str) -> Learner | None:
        """None if this machine does not have the server."""
        learner = self._learners.get(server)
        return learner and dataclasses.replace(learner, times=times_of(exercise, self._directory))


class Lanes:
    """The labs, and what is to be walked in them."""

    def __init__(self, lanes: Mapping[str, Lane], names: Sequence[str]) -> None:
        """The lab of each exercise; `names` are those that are to be walked, in their order."""
        self._lanes = lanes
        self._names = names
        self._exercises = {name: personalise(EXERCISES[name], NAME) for name in names}

    def stand_ready(self, name: str) -> bool:
        """Whether the lab of this exercise is ready for it. The others are made ready for what comes next in them, and
        where nothing comes they are closed."""
        to_come = self._names[self._names.index(name) :]
        upcoming = {self._lanes[one]: self._exercises[one] for one in reversed(to_come)}
        for lane in {*self._lanes.values()}:
            if lane in upcoming:
                lane.approach(upcoming[lane])
            else:
                lane.close()
        return self._lanes[name].is_ready(self._exercises[name])

    def learner(self, name: str, server: str) -> Learner | None:
        """At the lab of this exercise; None if this machine does not have the server."""
        return self._lanes[name].learner(self._exercises[name], server)


@contextlib.contextmanager
def open_lanes(
    lanes_of_all: Sequence[Sequence[str]], names: Sequence[str], directory: Path, wait_for: Callable[..., Any]
) -> Iterator[Lanes]:
    """As many of these labs as there have to be for the exercises of these names."""
    with contextlib.ExitStack() as closing:
        lanes: dict[str, Lane] = {}
        for number, lane_names in enumerate(lanes_of_all):
            if wanted := [name for name in names if name in lane_names]:
                lane = Lane(EXERCISES[wanted[0]].system, directory / str(number), wait_for)
                closing.enter_context(contextlib.closing(lane))
                lanes |= dict.fromkeys(wanted, lane)
        yield Lanes(lanes, names)
