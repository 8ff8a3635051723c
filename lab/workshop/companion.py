"""The process beside a learner's lab that reports every few seconds and does what the instructor wants.

It outlives the lab and the workshop's server, and waits for both to come back. However it ends, nothing that the
instructor has switched on stays on; what a killed one has left, `lab workshop leave` and the next `join` undo.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from typing import Any

from lab.exercises.exercise import Exercise
from lab.exercises.loader import read_path
from lab.exercises.progress import ProgressStore, progress_file
from lab.faults.catalogue import read_catalogue
from lab.faults.flag_file import FlagFileError
from lab.paths import StateDirectory
from lab.process_group import identify
from lab.workshop.membership import Membership, MembershipFiles
from lab.workshop.obeying import LabOfLearner, Obedience
from lab.workshop.reporting import LabHealth, exercises_report, read_progress
from lab.workshop.server import Away, Forgotten, Refused, WorkshopServer

_REPORT_SECONDS = 3.0
#: What became of an order is told sooner: somebody looks at the page and waits for it.
_ANSWER_SECONDS = 0.2
#: So long after the server's last answer, nobody is there who could switch off what is on.
_ALONE_AFTER_SECONDS = 600.0
#: And so long after it, the workshop is over.
_OVER_AFTER_SECONDS = 12 * 3600.0


def accompany(state_dir: StateDirectory, stop: threading.Event) -> None:
    """Until `stop` is set, or the workshop is over. Raises CompanionRunning."""
    files = MembershipFiles(state_dir)
    with files.held(identify(os.getpid())):
        membership = files.membership()
        if membership is None:
            return
        companion = _Companion(state_dir, files, membership)
        try:
            companion.run(stop)
        finally:
            companion.close()


def obedience_of(state_dir: StateDirectory, files: MembershipFiles, learner: str) -> Obedience:
    """Raises CatalogueError."""
    lab = LabOfLearner(state_dir, read_catalogue(), _exercises(), ProgressStore(progress_file()), learner)
    return Obedience(lab, files)


def _exercises() -> Mapping[str, Exercise]:
    """Without those that cannot be read, which `lab exercise` tells."""
    path = read_path()
    for problem in path.unreadable.values():
        print(f"without an exercise: {problem}", flush=True)
    return path.exercises


class _Companion:
    def __init__(self, state_dir: StateDirectory, files: MembershipFiles, membership: Membership) -> None:
        self._state_dir = state_dir
        self._files = files
        self._membership = membership
        self._server = WorkshopServer(membership.address)
        self._health = LabHealth(state_dir)
        self._obedience = obedience_of(state_dir, files, membership.learner)
        self._answers: list[dict[str, Any]] = []
        self._problem: str | None = ""
        self._heard_at = time.time()

    def run(self, stop: threading.Event) -> None:
        # Who has left meanwhile is not joined anew.
        while not stop.is_set() and self._files.membership() == self._membership:
            try:
                self._report()
            except Away as away:
                self._away(str(away))
                if time.time() - self._heard_at > _OVER_AFTER_SECONDS:
                    print("the workshop is over", flush=True)
                    return
            except Refused as no:
                print(f"ended: {no}", flush=True)
                self._files.write_contact({"heard_at": time.time(), "problem": str(no)})
                return
            stop.wait(_ANSWER_SECONDS if self._answers else _REPORT_SECONDS)

    def close(self) -> None:
        if self._state_dir.root.exists():
            self._undo()
        self._server.close()

    def _undo(self) -> None:
        try:
            self._obedience.undo()
        except FlagFileError as error:
            print(error, flush=True)

    def _report(self) -> None:
        lab = self._obedience.lab
        report = {
            "lab": self._health.report(),
            "exercises": exercises_report(lab.exercises, read_progress(lab.store, lab.learner)),
            "on": self._obedience.still_on(),
            "answers": self._answers,
        }
        membership = self._membership
        try:
            orders = self._server.report(membership.token, report)
        except Forgotten:
            # Its file was deleted, or it is another one by now.
            self._server.join(membership.name, membership.team, membership.token)
            orders = []
        self._heard(time.time())
        done = [self._obedience.obey(order) for order in orders]
        self._answers = [answer for answer in done if answer is not None]
        for answer in self._answers:
            print(f"an order of the instructor: {answer['state']}", flush=True)

    def _heard(self, now: float) -> None:
        if self._problem is not None:
            print("the workshop's server answers", flush=True)
        self._problem, self._heard_at = None, now
        self._files.write_contact({"heard_at": now, "problem": None})

    def _away(self, problem: str) -> None:
        self._answers = []
        if problem != self._problem:
            print(problem, flush=True)
        self._problem = problem
        self._files.write_contact({"heard_at": self._heard_at, "problem": problem})
        if time.time() - self._heard_at > _ALONE_AFTER_SECONDS and self._obedience.still_on():
            self._undo()
