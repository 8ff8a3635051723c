"""The way of log lines, spans and samples to the backends: what is sent, waits, is given up, arrives."""

from __future__ import annotations

from dataclasses import dataclass

from grafana_foundation_sdk.builders.stat import Panel as Stat
from grafana_foundation_sdk.builders.timeseries import Panel as TimeSeries

from grafana.source import colours, panels, slo, units
from grafana.source.layout import Section, band, section
from grafana.source.queries import prometheus, prometheus_now
from grafana.source.tables import Column

_RATE = "[$__rate_interval]"
_RANGE = "[$__range]"

_EMITTED = 'lab_telemetry_emitted_total{signal=~"logs|spans"}'
_SENT = 'lab_telemetry_sent_total{signal=~"logs|spans"}'
_GIVEN_UP = 'lab_telemetry_dropped_total{signal=~"logs|spans"}'

#: Items that a service keeps waiting before it gives up the oldest (OTEL_BSP_MAX_QUEUE_SIZE).
_QUEUE = 8192

_STEPS = {"emitted": "#CFE2FF", "sent": "#6CA6E8", "arrived": "#3F6FB5"}


@dataclass(frozen=True)
class _Sent:
    """What services send somewhere: its name in their counters and in words, who gets it and counts what arrives."""

    signal: str
    words: str
    backend: str
    received: str
    unit: str


_LOGS = _Sent("logs", "Log lines", "Loki", "loki_distributor_lines_received_total", units.LINES_PER_SECOND)
_TRACES = _Sent("spans", "Spans", "Tempo", "tempo_distributor_spans_received_total", units.SPANS_PER_SECOND)


def at_a_glance() -> list[Stat]:
    return [
        panels.stat(
            "Given up",
            shows="Log lines and spans that services had to give up in the time range. They will never arrive.",
            bad_day="Anything above 0. The absence of an error in the logs proves nothing for that time.",
            unit=units.COUNT,
            decimals=0,
            queries=[prometheus_now(f"sum(increase({_GIVEN_UP}{_RANGE}))")],
            thresholds=slo.rising(None, 1),
            sparkline=False,
        ),
        panels.stat(
            "Waiting",
            shows="Log lines and spans that services hold and the backends do not have yet. They leave every 0.2 s.",
            bad_day=f"Hundreds and growing: a backend is away or slow. At {_QUEUE} in a service the oldest are lost.",
            unit=units.COUNT,
            decimals=0,
            queries=[prometheus(f"sum({_EMITTED}) - sum({_SENT}) - sum({_GIVEN_UP})")],
            thresholds=slo.rising(500, _QUEUE / 2),
        ),
        _arrived(_TRACES),
        _arrived(_LOGS),
    ]


def _arrived(sent: _Sent) -> Stat:
    sent_total = f'lab_telemetry_sent_total{{signal="{sent.signal}"}}'
    return panels.stat(
        f"{sent.words} arrived",
        shows=f"{sent.words} that {sent.backend} received of those that services say they sent, over 5 minutes.",
        bad_day="Well below 100 %: something on the way swallows them, and acknowledges them.",
        unit=units.RATIO,
        decimals=0,
        # Two counters, scraped at two moments: their quotient wanders around 1.
        queries=[prometheus(f"clamp_max(sum(rate({sent.received}[5m])) / sum(rate({sent_total}[5m])), 1)")],
        thresholds=slo.falling(0.9, 0.5),
    )


def _on_their_way(sent: _Sent) -> TimeSeries:
    by_services = 'sum(rate(lab_telemetry_{}_total{{signal="' + sent.signal + '"}}' + _RATE + "))"
    return panels.timeseries(
        f"{sent.words} on their way",
        shows=f"{sent.words} per second that services hand over, have acknowledged, and that {sent.backend} received. "
        "In order, the three lie on each other.",
        bad_day="Sent falls below emitted: they wait. Arrived falls below sent: they are lost behind the service.",
        unit=sent.unit,
        decimals=1,
        queries=[
            prometheus(by_services.format("emitted"), "emitted"),
            prometheus(by_services.format("sent"), "sent"),
            prometheus(f"sum(rate({sent.received}{_RATE}))", "arrived"),
        ],
        colour_by=_STEPS,
    )


def details() -> Section:
    by = "sum by (service, signal)"
    refused = " or ".join(
        f"rate({name}{_RATE})"
        for name in (
            "loki_discarded_samples_total",
            "tempo_discarded_spans_total",
            "telemetry_store_dropped_batches_total",
        )
    )
    return section(
        "From the services to the backends",
        band(
            8,
            _on_their_way(_LOGS),
            _on_their_way(_TRACES),
            panels.timeseries(
                "Samples arriving",
                shows="Samples per second that Prometheus takes in, scraped and pushed. It follows the number of "
                "series, not the traffic: every series gives one sample a scrape.",
                bad_day="A step down: a target is gone. A slope up without end: labels with ever new values.",
                unit=units.SAMPLES_PER_SECOND,
                decimals=0,
                queries=[prometheus("sum(rate(prometheus_tsdb_head_samples_appended_total[1m]))", "samples")],
                colour_by={"samples": _STEPS["arrived"]},
                legend="none",
            ),
        ),
        band(
            8,
            (
                panels.timeseries(
                    "Waiting, by service",
                    shows="Handed over, less sent, less given up: what each service still holds.",
                    bad_day="A ramp: the backend of that signal is away. When it is back, the ramp falls to 0 at once.",
                    unit=units.COUNT,
                    queries=[
                        prometheus(f"{by} ({_EMITTED}) - {by} ({_SENT}) - {by} ({_GIVEN_UP})", "{{service}} {{signal}}")
                    ],
                    colour_by=colours.CHAIN,
                    soft_max=100,
                ),
                7,
            ),
            (
                panels.table(
                    "By service and signal",
                    shows="Per second over the last minute, what waits now, and what was given up in the time range.",
                    bad_day="Red numbers. All services: the backend. One: that service, or its network.",
                    queries=[
                        prometheus_now(f"{by} (rate({_EMITTED}[1m]))", table=True),
                        prometheus_now(f"{by} (rate({_SENT}[1m]))", table=True),
                        prometheus_now(f"{by} ({_EMITTED}) - {by} ({_SENT}) - {by} ({_GIVEN_UP})", table=True),
                        prometheus_now(f"{by} (increase({_GIVEN_UP}{_RANGE}))", table=True),
                    ],
                    columns={
                        "service": Column("Service", width=85),
                        "signal": Column("Signal", width=70),
                        "Value #A": Column("Emitted/s", unit=units.COUNT, decimals=1, width=85),
                        "Value #B": Column("Sent/s", unit=units.COUNT, decimals=1, width=80),
                        "Value #C": Column(
                            "Waiting", unit=units.COUNT, decimals=0, width=80, thresholds=slo.rising(500, _QUEUE / 2)
                        ),
                        "Value #D": Column(
                            "Given up", unit=units.COUNT, decimals=0, width=80, thresholds=slo.rising(None, 1)
                        ),
                    },
                    sort_by="Service",
                    descending=False,
                ),
                10,
            ),
            (
                panels.timeseries(
                    "Given up and refused",
                    shows="Items per second that services gave up, by reason, and what the backends refused to keep.",
                    bad_day="queue_full: the backend was away too long. rejected: it refuses them, and its log says "
                    "why. shutdown: a service ended too fast.",
                    unit=units.EVENTS_PER_SECOND,
                    queries=[
                        prometheus(f"sum by (signal, reason) (rate({_GIVEN_UP}{_RATE}))", "{{signal}}: {{reason}}"),
                        prometheus(f"sum by (service) ({refused})", "refused by {{service}}"),
                    ],
                    soft_max=1,
                    legend="none",
                    empty="Nothing was given up or refused: good.",
                ),
                7,
            ),
        ),
    )
