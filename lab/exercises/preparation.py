"""Whether the lab is in the state that an exercise needs, and getting it there: for the terminal as for a page."""

from lab.exercises.exercise import Exercise
from lab.exercises.needed_faults import prepare, seconds_to_wait
from lab.faults.switching import SwitchingRefused
from lab.paths import StateDirectory


class NotNow(RuntimeError):
    """The lab is not, or cannot be, prepared for an exercise; the message says why, and what to do."""


def prepare_lab(exercise: Exercise, state_dir: StateDirectory) -> None:
    """Raises NotNow during an incident, which would be over by that, and what `needed_faults.prepare` raises."""
    try:
        prepare(state_dir, exercise.needs.faults)
    except SwitchingRefused as refused:
        raise NotNow(str(refused)) from None


def require_prepared(exercise: Exercise, state_dir: StateDirectory) -> None:
    """What has to be there to be found, is there for long enough. Raises NotNow, which says no more than that."""
    if not exercise.needs.faults:
        return
    seconds = seconds_to_wait(state_dir, exercise.needs.faults)
    if seconds is None:
        raise NotNow(
            f"the lab is not prepared for this exercise: start it (python3 lab exercise start {exercise.number})"
        )
    if seconds > 0:
        raise NotNow(f"there is not enough to see yet: look around, and answer in {seconds:.0f} s")
