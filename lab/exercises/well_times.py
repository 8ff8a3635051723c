"""When a lab was well: an alert has to be quiet then.

Known from when flags were switched last, and remembered when something is switched on: whoever goes from one exercise
to the next need not wait until the lab has been well for long enough again.
"""

import json
import time
from pathlib import Path

from lab.exercises.results import Stretch
from lab.faults.flag_file import FlagFile
from lab.paths import StateDirectory
from lab.run_state import read_run_state, write_json_atomically

#: After a start, and after something was switched off, rates over a minute still see what was.
SETTLE_SECONDS = 60.0

#: A shorter time says nothing, and is not remembered.
_SHORTEST_SECONDS = 30.0

#: What was longer ago is not in the charts that a learner looks at.
_LONGEST_AGO_SECONDS = 60 * 60.0


def remember(state_dir: StateDirectory) -> None:
    """To be called before anything is switched on. Raises FlagFileError."""
    well = _until_now(state_dir)
    if well is not None and well.end - well.start >= _SHORTEST_SECONDS:
        write_json_atomically(_file(state_dir), {"start": well.start, "end": well.end})


def well_time(state_dir: StateDirectory, minutes: float) -> Stretch | None:
    """The last of the stretches that are long enough, cut to `minutes`. Raises FlagFileError."""
    for stretch in (_until_now(state_dir), _remembered(state_dir)):
        if stretch is not None and stretch.end - stretch.start >= minutes * 60:
            return Stretch(stretch.end - minutes * 60, stretch.end)
    return None


def seconds_until_well(state_dir: StateDirectory, minutes: float) -> float:
    """How long nothing may be switched until there is such a stretch. Raises FlagFileError."""
    if well_time(state_dir, minutes) is not None:
        return 0.0
    well = _until_now(state_dir)
    return minutes * 60 + SETTLE_SECONDS if well is None else minutes * 60 - (well.end - well.start)


def _until_now(state_dir: StateDirectory) -> Stretch | None:
    """Since the lab has started, or the last flag went off, and rates have forgotten it. None if something is on.

    The start of a stretch that has yet to begin is after its end."""
    state = read_run_state(state_dir)
    if state is None or FlagFile(state_dir.flag_file).switched_on():
        return None
    since = state.started_at
    if state_dir.flag_file.exists():
        since = max(since, state_dir.flag_file.stat().st_mtime)
    return Stretch(since + SETTLE_SECONDS, time.time())


def _remembered(state_dir: StateDirectory) -> Stretch | None:
    """Of this run of the lab, and not too long ago."""
    state = read_run_state(state_dir)
    try:
        content = json.loads(_file(state_dir).read_text(encoding="utf-8"))
        stretch = Stretch(float(content["start"]), float(content["end"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if state is None or stretch.start < state.started_at or stretch.end < time.time() - _LONGEST_AGO_SECONDS:
        return None
    return stretch


def _file(state_dir: StateDirectory) -> Path:
    return state_dir.root / "well-time.json"
