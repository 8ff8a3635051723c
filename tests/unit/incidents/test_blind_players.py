"""Who looks at nothing scores at the floor, over the same fifty incidents as everybody else. That needs no lab."""

from __future__ import annotations

import random

import pytest

from lab.faults.catalogue import Catalogue
from lab.incidents.labels import labels_of
from lab.incidents.players.blind import BLIND
from lab.incidents.scenario import LEVELS, TASKS, Level, Task, draw
from lab.incidents.scoring import RepairOutcome, Truth, TruthfulCause, corrected, score
from tests.unit.incidents.systems import ABOUT


def over_fifty(player: str, task: Task, level: Level, catalogue: Catalogue, system: str) -> float:
    labels = labels_of(catalogue, ABOUT[system])
    halves: dict[bool, list[float]] = {True: [], False: []}
    for seed in range(1, 51):
        drawn = draw(seed, level, task, catalogue, ABOUT[system])
        clock = float(drawn.last_onset_seconds + drawn.before_clock_seconds)
        causes = tuple(
            TruthfulCause(one.service, one.component, one.kind, one.victims, one.onset_seconds) for one in drawn.faults
        )
        chance = random.Random(f"{player}/{task}/{level}/{seed}")
        actions, answer = BLIND[player](task, labels, clock, chance)
        mending = sum(
            any(
                (repair.action, repair.target) == action
                for fault in drawn.faults
                for repair in catalogue[fault.name].repair_with(fault.values)
            )
            for action in actions
        )
        harmed = ("requests that fail",) if causes else ()
        # As if every action that mends one of the faults had mended all there is.
        outcome = RepairOutcome(harmed, harmed if mending else (), (), len(actions), mending)
        halves[bool(causes)].append(score(task, answer, Truth(causes), clock, outcome).value)
    return corrected(halves[True], halves[False])


@pytest.mark.parametrize("system", sorted(ABOUT))
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("player", ["always-yes", "do-nothing"])
def test_who_always_does_the_same_scores_nothing(
    player: str, task: Task, level: Level, system: str, catalogue: Catalogue
) -> None:
    assert over_fifty(player, task, level, catalogue, system) == 0


@pytest.mark.parametrize("system", sorted(ABOUT))
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("task", TASKS)
def test_who_guesses_scores_next_to_nothing(task: Task, level: Level, system: str, catalogue: Catalogue) -> None:
    assert over_fifty("random", task, level, catalogue, system) < 0.2
