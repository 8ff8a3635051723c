"""Asks the telemetry for the evidence of a fault, and judges the answers: what was there before, and what is now.

A reading is one number, or None where there is nothing to read. Judging is pure; only `ask` talks to anybody.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from lab.faults.catalogue import Evidence, ParameterValue
from lab.telemetry_client import TelemetryClient

#: Wide enough for two scrapes of 5 s, whenever it is asked.
DEFAULT_WINDOW_SECONDS = 10.0

#: More than any lab makes in a window; Tempo gives 20 unless asked for more.
_MOST_TRACES = 5000

Reading = float | None


def ask(
    client: TelemetryClient,
    evidence: Evidence,
    values: Mapping[str, ParameterValue],
    at_unix_seconds: float,
    window_seconds: float = DEFAULT_WINDOW_SECONDS,
) -> Reading:
    """What the telemetry says at this moment. Raises TelemetryError."""
    query = evidence.query_with(values, window_seconds)
    if evidence.language == "traceql":
        # Tempo takes whole seconds.
        end = math.ceil(at_unix_seconds)
        start = math.floor(at_unix_seconds - window_seconds)
        return float(len(client.search_traces(q=query, start=start, end=end, limit=_MOST_TRACES, spss=1)))
    if evidence.language == "logql":
        # Loki goes by whole steps: between two of them it would answer for both, and every line would count twice.
        moment = math.ceil(at_unix_seconds)
        at_once = client.log_series(query, moment, moment, 1)
        numbers = [value for series in at_once for _, value in series.points]
    else:
        numbers = [sample.value for sample in client.query(query, at_unix_seconds)]
    # A quantile or a ratio of nothing is not a number.
    numbers = [number for number in numbers if not math.isnan(number)]
    return sum(numbers) if numbers else None


@dataclass(frozen=True)
class Finding:
    """One piece of evidence with what it said."""

    evidence: Evidence
    baseline: Reading
    now: Reading
    holds: bool


def could_show(evidence: Evidence, baseline: Reading) -> bool:
    """Whether the baseline is one against which the effect can be seen: nothing that appears is there already."""
    match evidence.change:
        case "appears" | "absent":
            return not baseline
        case "falls" | "disappears" | "stays":
            return bool(baseline)
        case "rises":
            return baseline is None or math.isfinite(baseline)


def holds(evidence: Evidence, baseline: Reading, now: Reading) -> bool:
    """Whether this is what the fault does."""
    before, after, amount = baseline or 0.0, now or 0.0, evidence.amount or 0.0
    match evidence.change:
        case "rises":
            return after >= amount * before and after > 0
        case "falls":
            return before > 0 and after <= before / amount
        case "stays":
            return _stays(baseline, now, amount)
        case "appears":
            return before == 0 and after > 0 and after >= amount
        case "absent":
            return before == 0 and after == 0
        case "disappears":
            return before > 0 and after == 0


def is_normal_again(evidence: Evidence, baseline: Reading, now: Reading, effect: Reading = None) -> bool:
    """Whether this is as it was before: nearer to the baseline than to the effect, which is the least that the evidence
    asks for, or what was seen if that was more."""
    before, after = baseline or 0.0, now or 0.0
    factor = _half_way(evidence, before, effect or 0.0) if evidence.change in ("rises", "falls") else 0.0
    match evidence.change:
        case "rises":
            return after <= max(factor * before, 0.0) if before else after == 0
        case "falls":
            return after >= before / factor
        case "appears" | "absent":
            # Whatever was there before: it may be asked for later, when a query that looks ahead finds more.
            return after == 0
        case "disappears":
            return after > 0
        case "stays":
            return holds(evidence, baseline, now)


def _half_way(evidence: Evidence, before: float, effect: float) -> float:
    """Half of the way to the effect, as factors go; values never come back to the digit, and visitors come in waves."""
    least = evidence.amount or 1.0
    seen = max(effect / before, before / effect) if before and effect else 0.0
    return math.sqrt(max(least, seen))


def _stays(baseline: Reading, now: Reading, factor: float) -> bool:
    if not baseline or not now:
        # Of nothing no factor leads anywhere: nothing before and nothing now is the same, nothing else is.
        return not baseline and not now
    return baseline / factor <= now <= baseline * factor
