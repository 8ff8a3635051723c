"""The process that an incident lives in: it goes on when `lab incident start` has returned, and undoes everything.

What it prints may tell the truth; it goes into a file beside the truth.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

from lab.end_signals import stop_on_signals
from lab.faults.catalogue import read_catalogue
from lab.incidents.conduct import Lab, RunningIncident, SetUpFailed, Stopped, conducted
from lab.incidents.files import IncidentFiles
from lab.incidents.game import Game
from lab.incidents.http_api import served
from lab.incidents.report import report_of, truth_of
from lab.incidents.scenario import Scenario
from lab.incidents.scoring import Score
from lab.incidents.system_file import SystemIncidents
from lab.paths import StateDirectory
from lab.process_group import identify
from lab.run_state import RunState, supervisor_is_alive
from lab.telemetry_client import TelemetryClient, TelemetryError

_POLL_SECONDS = 0.25


def open_lab(directory: StateDirectory, state: RunState, about: SystemIncidents, undo: ExitStack) -> Lab:
    """Of a lab that runs; its client is closed with `undo`. Raises CatalogueError."""
    client = undo.enter_context(TelemetryClient.from_backends(state.backends))
    return Lab(directory, state, about, read_catalogue(), client)


def watch(
    scenario: Scenario, about: SystemIncidents, directory: StateDirectory, state: RunState, *, annotate: bool
) -> int:
    """From the preparations to the recovery. Returns an exit code."""
    files = IncidentFiles(directory)
    with files.held(), ExitStack() as undo, stop_on_signals() as stop:
        files.forget()
        public = _Public(files, scenario, about.system.name)
        lab = open_lab(directory, state, about, undo)
        try:
            with conducted(scenario, lab, annotate=annotate, stop=stop, on_phase=public.phase) as incident:
                files.write_truth(truth_of(incident))
                game = Game(scenario.task, incident)
                with served(game) as address:
                    public.running(incident, address)
                    _await_answer(game, directory, stop)
                    public.phase("judging")
                    score = _judged(game)
                files.write_report(report_of(game, score))
                # Only now nothing of it is on any more; what follows is only looking.
            files.write_truth(truth_of(incident))
            files.write_report(report_of(game, score))
            public.phase("ended")
        except Stopped:
            public.failed("it was ended before the clock started")
        except SetUpFailed as error:
            sys.stderr.write(f"{error}\n{error.details}\n")
            public.failed(str(error))
            return 1
        except Exception:
            traceback.print_exc()
            public.failed("it ended by a mistake of the lab's own; everything is undone")
            return 1
    return 0


def _await_answer(game: Game, directory: StateDirectory, stop: threading.Event) -> None:
    """Until there is one, or no more time, or no more lab."""
    while not game.answered.wait(_POLL_SECONDS):
        if stop.is_set() or time.time() > game.incident.ends_at or not supervisor_is_alive(directory):
            return


def _judged(game: Game) -> Score:
    try:
        return game.score()
    except TelemetryError as error:
        return Score(0.0, (f"it cannot be judged, because the telemetry does not answer: {error}",))


class _Public:
    """status.json: what a player may know, whatever is the case."""

    def __init__(self, files: IncidentFiles, scenario: Scenario, system: str) -> None:
        self._files = files
        identity = identify(os.getpid())
        self._content: dict[str, Any] = {
            "system": system,
            "task": scenario.task,
            "level": scenario.level,
            "seed": scenario.seed,
            "phase": "preparing",
            "message": None,
            "pid": identity.pid,
            "pid_created_at": identity.create_time,
            "healthy_at": None,
            "clock_started_at": None,
            "api": None,
        }

    def phase(self, name: str) -> None:
        # "preparing" and "waiting" look the same from outside: the one says that something is about to happen.
        self._write({"phase": "preparing" if name == "waiting" else name})

    def running(self, incident: RunningIncident, address: str) -> None:
        self._write(
            {
                "phase": "running",
                "healthy_at": incident.healthy_at,
                "clock_started_at": incident.clock_started_at,
                "api": address,
            }
        )

    def failed(self, message: str) -> None:
        self._write({"phase": "failed", "message": message, "api": None})

    def _write(self, changes: Mapping[str, Any]) -> None:
        self._content |= changes
        self._files.write_status(self._content)
