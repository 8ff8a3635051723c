"""Whether a running lab is what an exercise needs."""

import time
from collections.abc import Sequence

from lab.exercises.exercise import Needs
from lab.manifest import DEFAULT_SYSTEM, System, find
from lab.run_state import RunState
from lab.telemetry_client import TelemetryClient

#: Generated traffic comes in waves: half of its mean at their lowest.
_LOWEST_SHARE = 0.4

#: With fewer generated requests per second there is little to see, whatever an exercise needs at least.
_FEWEST_TO_START_WITH = 8.0


def command_to_start(system: str, requests_per_second: float) -> str:
    """Starts a lab in which an exercise about this system can be done."""
    of_system = "" if system == DEFAULT_SYSTEM else f"--system {system} "
    return f"python3 lab up --detach {of_system}--rps {max(requests_per_second, _FEWEST_TO_START_WITH):g}"


def missing_system(needs: Needs, system: str, running: Sequence[str]) -> str | None:
    """What to do about a lab without the system that an exercise is about."""
    if system in running:
        return None
    return (
        f"It is about another system than your lab runs: {find(system).title}. "
        f"Start it: python3 lab down; {command_to_start(system, needs.requests_per_second)}"
    )


def unmet(needs: Needs, system: str, state: RunState, client: TelemetryClient) -> list[str]:
    """What is missing, a sentence each, with what to do about it. Raises TelemetryError."""
    if other := missing_system(needs, system, state.systems):
        return [other]
    missing = []
    query = _requests_per_second(find(system))
    if needs.requests_per_second and query:
        rate = max((sample.value for sample in client.query(query)), default=0.0)
        if rate < needs.requests_per_second * _LOWEST_SHARE:
            missing.append(
                f"It needs about {needs.requests_per_second:g} requests per second, and there are {rate:.1f}. If the "
                "lab has just started, wait a minute; else: python3 lab down; "
                f"{command_to_start(system, needs.requests_per_second)}"
            )
    minutes = (time.time() - state.started_at) / 60
    if minutes < needs.minutes:
        missing.append(
            f"The lab has been running for {minutes * 60:.0f} s, and there has to be something to look at: answers can "
            f"be checked after {needs.minutes:g} minutes."
        )
    return missing


def _requests_per_second(system: System) -> str | None:
    """Where a system is entered; None where its manifest names no metric for that."""
    if system.requests_metric is None:
        return None
    return f'sum(rate({system.requests_metric}{{service="{system.entry_service}"}}[1m]))'
