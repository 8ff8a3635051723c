"""The instructor's orders, carried out by one lab: each once, and everything undone at the end.

Nothing here prints or logs the name of a fault: whoever sits at this machine is to find it out.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lab.exercises.exercise import Exercise
from lab.exercises.needed_faults import seconds_to_wait
from lab.exercises.progress import ProgressError, ProgressStore
from lab.exercises.session import Session
from lab.faults.catalogue import Catalogue, UnknownFault
from lab.faults.flag_file import FlagFile, FlagFileError
from lab.faults.parameters import ParameterError
from lab.faults.switching import Switches, SwitchingRefused
from lab.paths import StateDirectory
from lab.run_state import read_run_state, supervisor_is_alive
from lab.workshop.membership import MembershipFiles
from lab.workshop.reporting import read_progress

#: So many answers are kept, should the server ask again.
_MOST_ANSWERS = 100


class _NotNow(RuntimeError):
    """An order that is not for this moment; the message says why."""


@dataclass(frozen=True)
class LabOfLearner:
    """The lab that obeys, and whose exercises are done in it."""

    state_dir: StateDirectory
    catalogue: Catalogue
    exercises: Mapping[str, Exercise]
    store: ProgressStore
    learner: str


@dataclass
class Obedience:
    """Remembers in a file what was done, so that neither a restart nor a lost answer does it twice."""

    lab: LabOfLearner
    files: MembershipFiles
    _answers: dict[int, dict[str, Any]] = field(default_factory=dict)
    #: Fault -> since when it is on, as the flag file says; None until that is known.
    _set: dict[str, float | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        kept = self.files.obeyed() or {}
        self._answers = {int(id): answer for id, answer in kept.get("answers", {}).items()}
        self._set = dict(kept.get("set", {}))

    def obey(self, order: object) -> dict[str, Any] | None:
        """The answer, `{id, state, says}`; the one from before, if it was asked before. None to what is no order."""
        if not isinstance(order, dict) or not isinstance(order.get("id"), int):
            return None
        id: int = order["id"]
        if id not in self._answers:
            state, says = self._carry_out(order)
            self._answers[id] = {"id": id, "state": state, "says": says[:300]}
            self._save()
        return self._answers[id]

    def still_on(self) -> list[str]:
        """Of what the instructor has switched on: what nobody has switched off, or on anew, since."""
        try:
            on = self._flags().switched_on()
        except FlagFileError:
            return []
        flags = {name: self.lab.catalogue[name].flag for name in self._set if name in self.lab.catalogue}
        return [
            name
            for name, flag in flags.items()
            if flag in on and (self._set[name] is None or on[flag].since == self._set[name])
        ]

    def undo(self) -> None:
        """Nothing that the instructor has switched on is on any more. Raises FlagFileError."""
        for name in self.still_on():
            self._flags().switch_off(self.lab.catalogue[name].flag)
        self._set = {}
        self._save()

    def _carry_out(self, order: Mapping[str, Any]) -> tuple[str, str]:
        switches = Switches(self.lab.state_dir, self.lab.catalogue)
        try:
            match order.get("do"):
                case "on":
                    self._switch_on(switches, str(order.get("fault")), order.get("set") or {})
                case "off":
                    self._switch_off(switches, str(order.get("fault")))
                case "clear":
                    for name in self.still_on():
                        switches.switch_off(name)
                    self._set = {}
                case "reset":
                    switches.clear()
                    self._set = {}
                    Session(self.lab.exercises, self.lab.store, self.lab.learner).reset(None)
                case unknown:
                    return "failed", f"this lab does not know how to do {unknown!r}: it is of another version"
        except (SwitchingRefused, _NotNow) as refused:
            return "refused", str(refused)
        except (UnknownFault, ParameterError, FlagFileError, ProgressError) as error:
            return "failed", str(error)
        return "done", ""

    def _switch_on(self, switches: Switches, name: str, settings: Mapping[str, object]) -> None:
        wish = switches.wish(name, settings)
        state = read_run_state(self.lab.state_dir) if supervisor_is_alive(self.lab.state_dir) else None
        if state is None:
            raise _NotNow("no lab is running there")
        if wish.fault.system not in state.systems:
            raise _NotNow(f"its lab runs without {wish.fault.system}")
        self._refuse_during_exercise()
        was_set = dict(self._set)
        # Before the deed: whoever is killed in between knows that it is to be undone.
        self._set[name] = None
        self._save()
        try:
            switches.switch_on(name, settings)
        except (SwitchingRefused, FlagFileError):
            self._set = was_set
            raise
        self._set[name] = self._flags().switched_on()[wish.fault.flag].since

    def _switch_off(self, switches: Switches, name: str) -> None:
        if name not in self.still_on():
            self._refuse_during_exercise()
        switches.switch_off(name)
        self._set.pop(name, None)

    def _refuse_during_exercise(self) -> None:
        """Raises _NotNow when an exercise has prepared the lab and is not solved: another fault would spoil it."""
        progress = read_progress(self.lab.store, self.lab.learner)
        exercise = self.lab.exercises.get(progress.current or "")
        if exercise is None or progress.has_solved(exercise):
            return
        own = self.still_on()
        needed = [one for one in exercise.needs.faults if one.name not in own]
        if needed and seconds_to_wait(self.lab.state_dir, needed) is not None:
            raise _NotNow(f"exercise {exercise.number} is being worked on, and has prepared the lab for it")

    def _flags(self) -> FlagFile:
        return FlagFile(self.lab.state_dir.flag_file)

    def _save(self) -> None:
        self._answers = dict(sorted(self._answers.items())[-_MOST_ANSWERS:])
        # A full disk: what is on is undone all the same, as long as this process lives.
        with contextlib.suppress(OSError):
            self.files.write_obeyed({"answers": self._answers, "set": self._set})
