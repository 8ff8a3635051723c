"""Whether a running lab is what an exercise needs."""

import time

from lab.exercises.exercise import Needs
from lab.run_state import RunState
from lab.telemetry_client import TelemetryClient

#: The busiest service is the entry; the rule is evaluated on every stack.
_REQUESTS_PER_SECOND = "max(service:requests:rate1m)"

#: Generated traffic comes in waves: half of its mean at their lowest.
_LOWEST_SHARE = 0.4


def unmet(needs: Needs, system: str, state: RunState, client: TelemetryClient) -> list[str]:
    """What is missing, a sentence each, with what to do about it. Raises TelemetryError."""
    if system not in state.systems:
        return [
            f"It is about the system {system}, which does not run. Start it: python3 lab down; python3 lab up {system}"
        ]
    missing = []
    if needs.requests_per_second:
        rate = max((sample.value for sample in client.query(_REQUESTS_PER_SECOND)), default=0.0)
        if rate < needs.requests_per_second * _LOWEST_SHARE:
            missing.append(
                f"It needs about {needs.requests_per_second:g} requests per second, and there are {rate:.1f}. If the "
                "lab has just started, wait a minute; else: python3 lab down; python3 lab up --detach --rps "
                f"{max(needs.requests_per_second, 8):g}"
            )
    minutes = (time.time() - state.started_at) / 60
    if minutes < needs.minutes:
        missing.append(
            f"The lab has been running for {minutes * 60:.0f} s, and there has to be something to look at: answers can "
            f"be checked after {needs.minutes:g} minutes."
        )
    return missing
