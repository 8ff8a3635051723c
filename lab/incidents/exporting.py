"""Runs incidents one after the other, and writes each as a case of a data set (export.py)."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from lab.incidents.conduct import Lab, SetUpFailed, Stopped, conducted
from lab.incidents.export import export_case, next_case, require_parquet
from lab.incidents.recording import record
from lab.incidents.report import truth_of
from lab.incidents.scenario import Level, draw


def export_all(
    lab: Lab,
    seeds: Sequence[int],
    level: Level,
    directory: Path,
    *,
    before_seconds: int,
    after_seconds: int,
    parquet: bool = False,
    stop: threading.Event | None = None,
    on_case: Callable[[int, str], None] = lambda seed, what: None,
) -> dict[int, Path]:
    """The folder of each seed that was set up. Raises RecordingError, ParquetUnavailable, TelemetryError, OSError."""
    if parquet:
        # Said before the first incident, and not after the last.
        require_parquet()
    stop = stop or threading.Event()
    cases = {}
    for seed in seeds:
        scenario = draw(seed, level, "analyse", lab.catalogue, lab.about)
        if stop.wait(before_seconds):
            break
        try:
            with conducted(scenario, lab, stop=stop) as incident:
                onset = incident.truth.onset or incident.clock_started_at
                if stop.wait(max(onset + after_seconds - time.time(), 0)):
                    # Half of a case would look like a whole one.
                    raise Stopped
                truth = truth_of(incident)
                with tempfile.TemporaryDirectory() as temporary:
                    start = incident.healthy_at - before_seconds
                    recording = record(lab.client, Path(temporary) / "recording", start, time.time(), truth)
                    folder = next_case(directory, scenario)
                    export_case(recording, scenario, folder, parquet=parquet)
        except Stopped:
            break
        except SetUpFailed as error:
            on_case(seed, f"not set up: {error}")
            continue
        cases[seed] = folder
        on_case(seed, str(folder))
    return cases
