"""Puts the lab into the state that an exercise needs: its faults on, all others off. Learners are not told which."""

import time
from collections.abc import Sequence

from lab.exercises import well_times
from lab.exercises.exercise import NeededFault
from lab.faults.catalogue import read_catalogue
from lab.faults.flag_file import FlagFile
from lab.faults.switching import Switches
from lab.paths import StateDirectory


def prepare(state_dir: StateDirectory, faults: Sequence[NeededFault]) -> None:
    """Raises SwitchingRefused, FlagFileError, UnknownFault or ParameterError. What is on already, as it should be,
    stays on."""
    switches = Switches(state_dir, read_catalogue())
    wishes = [switches.wish(one.name, one.settings) for one in faults]
    if wishes:
        well_times.remember(state_dir)
    switches.switch_on_only(wishes)


def onset(state_dir: StateDirectory, faults: Sequence[NeededFault]) -> float | None:
    """Since when all of them are on, in unix seconds; None when one is off."""
    catalogue = read_catalogue()
    on = FlagFile(state_dir.flag_file).switched_on()
    states = [on.get(catalogue[one.name].flag) for one in faults]
    since = [state.since for state in states if state is not None and state.since is not None]
    return max(since) if since and len(since) == len(faults) else None


def seconds_to_wait(state_dir: StateDirectory, faults: Sequence[NeededFault]) -> float | None:
    """Until there is enough to see; None when something that has to be on is off."""
    catalogue = read_catalogue()
    on = FlagFile(state_dir.flag_file).switched_on()
    longest = 0.0
    for one in faults:
        state = on.get(catalogue[one.name].flag)
        if state is None:
            return None
        longest = max(longest, one.on_for_seconds - (time.time() - (state.since or 0.0)), 0.0)
    return longest
