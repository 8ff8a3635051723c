"""How much telemetry arrives, asked of Prometheus.

The counters are the real servers' own, so the same questions hold on every stack.
"""

from dataclasses import dataclass

from lab.telemetry_client import TelemetryClient, TelemetryError

#: Long enough for several scrapes, short enough that a change shows soon.
WINDOW_SECONDS = 30

SAMPLES_TOTAL = "prometheus_tsdb_head_samples_appended_total"
LOG_LINES_TOTAL = "loki_distributor_lines_received_total"
SPANS_TOTAL = "tempo_distributor_spans_received_total"


@dataclass(frozen=True)
class Arrival:
    """Each per second; None while it is not known, for example just after the start."""

    samples: float | None
    log_lines: float | None
    spans: float | None
    #: Why something is not known, when it is more than too early.
    problem: str | None = None


def measure_arrival(client: TelemetryClient) -> Arrival:
    """Never raises: a lab whose Prometheus is down still has a status."""
    try:
        return Arrival(
            samples=_rate(client, SAMPLES_TOTAL),
            log_lines=_rate(client, LOG_LINES_TOTAL),
            spans=_rate(client, SPANS_TOTAL),
        )
    except TelemetryError as error:
        return Arrival(None, None, None, str(error))


def _rate(client: TelemetryClient, counter: str) -> float | None:
    samples = client.query(f"sum(rate({counter}[{WINDOW_SECONDS}s]))")
    return samples[0].value if samples else None
