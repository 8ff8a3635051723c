"""Players who look at nothing: their scores are what can be had for nothing, and should be the floor."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from types import MappingProxyType

from lab.incidents.answers import DONE, Answer, Cause
from lab.incidents.labels import Labels, component_label
from lab.incidents.scenario import Task

#: What a player decides: an answer, and before it, when something is to be mended, actions.
Decision = tuple[list[tuple[str, str]], Answer]
Decide = Callable[[Task, Labels, float, random.Random], Decision]


def always_yes(task: Task, labels: Labels, clock_started_at: float, chance: random.Random) -> Decision:
    """It is the usual suspect, always, and has just begun."""
    suspect = labels.usual_suspect
    if task == "repair":
        return [("restart", suspect.service)], DONE
    cause = Cause(suspect.service, component_label(suspect.component), suspect.kind, suspect.victims)
    return [], Answer(True, clock_started_at - 20, () if task == "detect" else (cause,))


def do_nothing(task: Task, labels: Labels, clock_started_at: float, chance: random.Random) -> Decision:
    """Nothing is ever wrong."""
    return [], DONE if task == "repair" else Answer(fault=False)


def guess(task: Task, labels: Labels, clock_started_at: float, chance: random.Random) -> Decision:
    """Heads or tails, and then any label."""
    wrong = chance.random() < 0.5
    if task == "repair":
        services = labels.targets("restart")
        action = (chance.choice(("restart", "rollback")), chance.choice(services if services else [""]))
        return [action] if wrong else [], DONE
    if not wrong:
        return [], Answer(fault=False)
    cause = Cause(chance.choice(labels.services), chance.choice(labels.components), chance.choice(list(labels.kinds)))
    return [], Answer(True, clock_started_at - chance.uniform(0, 60), () if task == "detect" else (cause,))


BLIND: Mapping[str, Decide] = MappingProxyType({"always-yes": always_yes, "do-nothing": do_nothing, "random": guess})
