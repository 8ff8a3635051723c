"""What an action really does to a running lab, whether it mends something or not.

A process is ended and started anew by its supervisor, the cache is emptied, or a long transaction holds the database's
lock: each has its price, as in life. Whether a fault goes off with it is conduct.py's business.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Mapping

from lab import process_group
from lab.faults.flag_file import FlagFile
from lab.incidents.labels import Labels
from lab.incidents.system_file import Moment
from lab.paths import StateDirectory
from lab.run_state import RunState, read_run_state

_RESTART_SECONDS = 45.0
_POLL_SECONDS = 0.1


class ActionRefused(ValueError):
    """There is no such action, or not on this; the message says what there is."""


class ActionFailed(RuntimeError):
    """The action was taken, and the lab did not follow; the message says what did not happen."""


def check_action(action: str, target: str, labels: Labels) -> None:
    """Raises ActionRefused."""
    if action not in labels.actions:
        raise ActionRefused(f"there is no action {action!r}; there are {', '.join(labels.actions)}")
    targets = labels.targets(action)
    if targets is None and target:
        raise ActionRefused(f"{action} needs no target")
    if targets is not None and not target:
        what = targets if isinstance(targets, str) else ", ".join(targets)
        raise ActionRefused(f"{action} needs a target: {what}")
    if isinstance(targets, list) and target not in targets:
        raise ActionRefused(f"{action} cannot be done to {target!r}; it can to {', '.join(targets)}")
    if targets is not None and len(target) > 200:
        raise ActionRefused("the target is too long")


class Operator:
    """Does things to a system in the lab of a state directory."""

    def __init__(self, directory: StateDirectory, entry_service: str, moments: Mapping[str, Moment]) -> None:
        self._directory = directory
        self._flags = FlagFile(directory.flag_file)
        self._entry_service = entry_service
        self._moments = moments

    def carry_out(self, action: str, target: str) -> str:
        """Does it, waits until it is done, and says what happened. Raises ActionFailed."""
        if action in self._moments:
            moment = self._moments[action]
            self._for_a_moment(moment.flag, moment.seconds)
            return moment.says.replace("{target}", target)
        match action:
            case "block-client":
                self._restart(self._entry_service)
                return f"{self._entry_service} turns away whoever calls itself {target}"
            case "limit-traffic":
                self._restart(self._entry_service)
                return f"{self._entry_service} lets in no more visitors than usual"
            case _:
                self._restart(target)
                return {
                    "restart": f"{target} has been started anew",
                    "rollback": f"{target} has its earlier version and settings back",
                    "recycle-connections": f"{target} has new connections",
                    "stop-job": f"{target} has ended its background work",
                    "sync-clock": f"the clock of {target} has been set",
                }[action]

    def _for_a_moment(self, flag: str, seconds: float) -> None:
        """The behaviour is there for a moment; one that is there already stays."""
        if flag in self._flags.switched_on():
            time.sleep(seconds)
            return
        try:
            self._flags.switch_on(flag, {})
            time.sleep(seconds)
        finally:
            self._flags.switch_off(flag)

    def _restart(self, service: str) -> None:
        before = self._state().process(service)
        if before.watched_only or before.identity is None:
            raise ActionFailed(f"{service} was started by somebody else, and cannot be started anew from here")
        process_group.signal_group(before.identity.pid, signal.SIGTERM)
        deadline = time.monotonic() + _RESTART_SECONDS
        while time.monotonic() < deadline:
            now = self._state().process(service)
            if now.phase == "ready" and now.identity is not None and now.identity != before.identity:
                return
            if now.phase == "failed":
                break
            time.sleep(_POLL_SECONDS)
        raise ActionFailed(f"{service} did not come back within {_RESTART_SECONDS:g} s: see `lab logs {service}`")

    def _state(self) -> RunState:
        state = read_run_state(self._directory)
        if state is None:
            raise ActionFailed("the lab has ended")
        return state
