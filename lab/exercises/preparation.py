"""Whether the lab is in the state that an exercise needs, and getting it there: for the terminal as for a page."""

import math

from lab.exercises.exercise import Exercise
from lab.exercises.needed_faults import onset, prepare, seconds_to_wait
from lab.exercises.needs import missing_system
from lab.exercises.results import Times
from lab.exercises.well_times import seconds_until_well, well_time
from lab.faults.switching import SwitchingRefused
from lab.paths import StateDirectory
from lab.run_state import read_run_state


class NotNow(RuntimeError):
    """The lab is not, or cannot be, prepared for an exercise; the message says why, and what to do."""

    def __init__(self, message: str, start: Exercise | None = None) -> None:
        """`start` is the exercise that has to be started then."""
        super().__init__(message)
        #: How a terminal does that; a page has a button.
        self.command = f"python3 lab exercise start {start.number}" if start else ""


def prepare_lab(exercise: Exercise, state_dir: StateDirectory) -> None:
    """In a lab without the exercise's system there is nothing to prepare; `needs.unmet` says so.

    Raises NotNow during an incident, which would be over by that, or if the lab has to be well for longer before; and
    what `needed_faults.prepare` raises."""
    if _missing_system(exercise, state_dir):
        return
    minutes = exercise.needs.healthy_minutes
    try:
        if minutes and seconds_until_well(state_dir, minutes) > 0:
            # From now on the lab is well.
            prepare(state_dir, ())
            seconds = seconds_until_well(state_dir, minutes)
            raise NotNow(
                "your lab has to be well for a while before this exercise, so that there is something to compare with: "
                f"start it again in {math.ceil(seconds)} s",
                start=exercise,
            )
        prepare(state_dir, exercise.needs.faults)
    except SwitchingRefused as refused:
        raise NotNow(str(refused)) from None


def times_of(exercise: Exercise, state_dir: StateDirectory) -> Times | None:
    """By which an alert is judged; None when it is not known when the lab was well, or since when it is not."""
    since = onset(state_dir, exercise.needs.faults)
    well = well_time(state_dir, exercise.needs.healthy_minutes)
    return Times(well, since) if since is not None and well is not None else None


def is_prepared(exercise: Exercise, state_dir: StateDirectory) -> bool:
    """What it needs is on, if not for long enough yet; and where somebody asks, it is known when the lab was well."""
    if exercise.needs.healthy_minutes:
        return times_of(exercise, state_dir) is not None
    return seconds_to_wait(state_dir, exercise.needs.faults) is not None


def require_prepared(exercise: Exercise, state_dir: StateDirectory) -> None:
    """What has to be there to be found, is there for long enough. Raises NotNow, which says no more than that."""
    if missing := _missing_system(exercise, state_dir):
        raise NotNow(missing)
    if not exercise.needs.faults:
        return
    if not is_prepared(exercise, state_dir):
        raise NotNow("the lab is not prepared for this exercise: start it", start=exercise)
    seconds = seconds_to_wait(state_dir, exercise.needs.faults)
    if seconds:
        raise NotNow(f"there is not enough to see yet: look around, and answer in {seconds:.0f} s")


def _missing_system(exercise: Exercise, state_dir: StateDirectory) -> str | None:
    state = read_run_state(state_dir)
    return None if state is None else missing_system(exercise.needs, exercise.system, state.systems)
