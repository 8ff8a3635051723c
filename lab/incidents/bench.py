"""Plays incidents one after the other with several players, and adds up their scores.

A program is any command: it finds the addresses in its environment, and nothing else of the lab's. Beside it play those
who look at nothing, and the baseline.
"""

from __future__ import annotations

import itertools
import os
import random
import shlex
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from lab.faults.flag_file import FlagFileError
from lab.incidents.acting import ActionFailed
from lab.incidents.conduct import Lab, RunningIncident, SetUpFailed, Stopped, conducted
from lab.incidents.game import Game
from lab.incidents.http_api import served
from lab.incidents.players.blind import BLIND
from lab.incidents.players.playing import INCIDENT_VARIABLE, TELEMETRY_VARIABLES
from lab.incidents.players.program import ProgramStopped, run_program
from lab.incidents.scenario import Level, Task, draw
from lab.incidents.scoring import corrected
from lab.paths import REPOSITORY

BASELINE = "baseline"
AGENT = "agent"
NO_FAULT = "no fault"

#: Of the lab's own environment, what a program gets: what any needs to run at all.
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TERM")


@dataclass(frozen=True)
class Played:
    """One player at one task of one incident."""

    seed: int
    level: Level
    task: Task
    player: str
    #: The kinds of what was wrong; NO_FAULT where nothing was.
    kind: str
    score: float
    reasons: tuple[str, ...]
    #: From the start of the clock to the answer; None without one.
    seconds: float | None
    #: What a program printed last, when it failed.
    problem: str = ""


@dataclass
class Results:
    """Everything that was played."""

    played: list[Played] = field(default_factory=list)
    #: Seed → why there was no incident.
    not_set_up: dict[int, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {
            "scores": self.scores(),
            "by_kind": self.by_kind(),
            "not_set_up": {str(seed): why for seed, why in self.not_set_up.items()},
            "played": [asdict(one) for one in self.played],
        }

    def scores(self) -> list[dict[str, Any]]:
        """By task and player: the corrected score, and the means that it is made of."""
        rows = []
        for task, player in dict.fromkeys((one.task, one.player) for one in self.played):
            mine = [one for one in self.played if (one.task, one.player) == (task, player)]
            faulty = [one.score for one in mine if one.kind != NO_FAULT]
            quiet = [one.score for one in mine if one.kind == NO_FAULT]
            rows.append(
                {
                    "task": task,
                    "player": player,
                    # Without both halves chance cannot be taken off.
                    "score": corrected(faulty, quiet) if faulty and quiet else None,
                    "with_fault": _mean(faulty),
                    "without": _mean(quiet),
                    "incidents": len(mine),
                }
            )
        return rows

    def by_kind(self) -> list[dict[str, Any]]:
        """By task and kind: each player's mean, nothing taken off."""
        rows = []
        for task, kind in sorted({(one.task, one.kind) for one in self.played}):
            row: dict[str, Any] = {"task": task, "kind": kind}
            for player in dict.fromkeys(one.player for one in self.played):
                row[player] = _mean(
                    [one.score for one in self.played if (one.task, one.kind, one.player) == (task, kind, player)]
                )
            rows.append(row)
        return rows

    def as_markdown(self) -> str:
        if not self.played and not self.not_set_up:
            return "Nothing was played."
        return "\n".join(self._markdown())

    def _markdown(self) -> Iterator[str]:
        yield "| task | player | score | with a fault | without | incidents |"
        yield "|---|---|---|---|---|---|"
        for row in self.scores():
            means = " | ".join(_text(row[name]) for name in ("score", "with_fault", "without"))
            yield f"| {row['task']} | {row['player']} | {means} | {row['incidents']} |"
        yield ""
        players = list(dict.fromkeys(one.player for one in self.played))
        yield f"| task | kind | {' | '.join(players)} |"
        yield f"|---|---|{'---|' * len(players)}"
        for row in self.by_kind():
            yield f"| {row['task']} | {row['kind']} | {' | '.join(_text(row[player]) for player in players)} |"
        if self.not_set_up:
            yield ""
            yield f"Not set up, and so not counted: seeds {', '.join(map(str, sorted(self.not_set_up)))}."


def _mean(values: Sequence[float]) -> float | None:
    return round(sum(values) / len(values), 4) if values else None


def _text(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def players_of(agent: str | None) -> list[str]:
    return [*([AGENT] if agent else []), BASELINE, *BLIND]


def bench(
    lab: Lab,
    seeds: Sequence[int],
    level: Level,
    tasks: Sequence[Task],
    *,
    agent: str | None = None,
    players: Sequence[str] | None = None,
    stop: threading.Event | None = None,
    on_played: Callable[[Played], None] = lambda played: None,
    on_not_set_up: Callable[[int, str], None] = lambda seed, why: None,
) -> Results:
    """Every task of every seed, as far as nobody stops it.

    One incident serves all who only look. Of those who act, one after the other plays the same incident until somebody
    has mended something; then it is made anew for the others."""
    results = Results()
    chosen = list(players_of(agent) if players is None else players)
    stop = stop or threading.Event()
    looking: list[Task] = [task for task in tasks if task != "repair"]
    for seed in seeds:
        try:
            if looking:
                with conducted(draw(seed, level, looking[0], lab.catalogue, lab.about), lab, stop=stop) as incident:
                    for task, player in itertools.product(looking, chosen):
                        _keep(results, _play(incident, task, player, agent, stop), on_played)
            if "repair" in tasks:
                scenario = draw(seed, level, "repair", lab.catalogue, lab.about)
                waiting = _in_order_of_acting(chosen)
                while waiting:
                    with conducted(scenario, lab, stop=stop) as incident:
                        while waiting and not incident.has_been_mended:
                            incident.forget_actions()
                            _keep(results, _play(incident, "repair", waiting.pop(0), agent, stop), on_played)
        except (Stopped, ProgramStopped):
            break
        except SetUpFailed as error:
            results.not_set_up[seed] = f"{error}\n{error.details}".strip()
            on_not_set_up(seed, str(error))
    return results


def _keep(results: Results, played: Played, on_played: Callable[[Played], None]) -> None:
    results.played.append(played)
    on_played(played)


def _in_order_of_acting(players: Sequence[str]) -> list[str]:
    """Who does nothing leaves all as it is for those who look; who looks at nothing may find it as others left it."""
    return sorted(players, key=lambda player: (player != "do-nothing", player in BLIND))


def _play(incident: RunningIncident, task: Task, player: str, agent: str | None, stop: threading.Event) -> Played:
    """Raises Stopped, ProgramStopped, TelemetryError."""
    if stop.is_set():
        raise Stopped
    scenario = incident.scenario
    game = Game(task, incident)
    problem = ""
    if player in BLIND:
        chance = random.Random(f"{player}/{task}/{scenario.level}/{scenario.seed}")
        actions, answer = BLIND[player](task, game.labels, incident.clock_started_at, chance)
        try:
            for action, target in actions:
                game.act({"action": action, "target": target})
        except (ActionFailed, FlagFileError) as error:
            problem = str(error)
        game.say(answer.as_json())
    else:
        command = shlex.split(agent) if player == AGENT and agent else baseline_command()
        with served(game) as address:
            problem = run_program(command, agent_environment(address, incident.lab.state.backends), stop)
    judged = game.score()
    return Played(
        seed=scenario.seed,
        level=scenario.level,
        task=task,
        player=player,
        kind=" + ".join(fault.kind for fault in scenario.faults) or NO_FAULT,
        score=judged.value,
        reasons=judged.reasons,
        seconds=round(game.answered_at - incident.clock_started_at, 1) if game.answered_at else None,
        problem=problem,
    )


def baseline_command() -> list[str]:
    return [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(REPOSITORY)!r}); {_RUN_BASELINE}"]


_RUN_BASELINE = "import runpy; runpy.run_module('lab.incidents.players.baseline', run_name='__main__')"


def agent_environment(address: str, backends: Mapping[str, str]) -> dict[str, str]:
    """What a program is told: four addresses."""
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    environment |= {variable: backends[name] for name, variable in TELEMETRY_VARIABLES.items()}
    return {**environment, INCIDENT_VARIABLE: address}
