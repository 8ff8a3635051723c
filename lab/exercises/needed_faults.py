"""Puts the lab into the state that an exercise needs: its faults on, all others off. Learners are not told which."""

import time
from collections.abc import Sequence

from lab.exercises.exercise import NeededFault
from lab.faults.catalogue import read_catalogue
from lab.faults.flag_file import FlagFile
from lab.faults.parameters import chosen_parameters
from lab.paths import StateDirectory


def prepare(state_dir: StateDirectory, faults: Sequence[NeededFault]) -> None:
    """Raises FlagFileError, UnknownFault or ParameterError. What is on already, as it should be, stays on."""
    catalogue = read_catalogue()
    wanted = {
        catalogue[one.name].flag: chosen_parameters(
            catalogue[one.name], [f"{name}={value}" for name, value in one.settings.items()]
        )
        for one in faults
    }
    file = FlagFile(state_dir.flag_file)
    on = file.switched_on()
    # Of one without anything to choose, that it is on is all there is to know.
    right = {flag for flag, values in wanted.items() if flag in on and (not values or on[flag].values == values)}
    for flag in on.keys() - right:
        file.switch_off(flag)
    for flag in wanted.keys() - right:
        file.switch_on(flag, wanted[flag])


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
