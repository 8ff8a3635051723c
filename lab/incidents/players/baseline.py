"""The honest baseline: ranks services by how their errors and their own time changed, along the service graph.

It asks the three telemetry APIs and nothing else, and knows the system only from what these say. The same few questions
for every incident; no rule of it was made for a fault of the catalogue.

    LAB_INCIDENT_URL=http://127.0.0.1:40123 python3 -m lab.incidents.players.baseline
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lab.incidents.players.playing import IncidentClient
from lab.telemetry_client import TelemetryClient, TelemetryError

#: Over which each rate is taken, now and before.
_WINDOW_SECONDS = 20
#: What changed by less than this is what always changes.
_ALARM = 1.2
_LEAST_ERROR_SHARE = 0.01
_LEAST_SECONDS = 0.002


@dataclass(frozen=True)
class Change:
    """How far one signal of one service is from what it was; 1 is e times as much."""

    service: str
    signal: str
    size: float
    #: The query of it, for finding out when it changed.
    promql: str


@dataclass
class Look:
    """What the services do at one moment."""

    #: Requests per second, failed ones per second and mean seconds of what a service is asked, by service.
    rate: dict[str, float] = field(default_factory=dict)
    errors: dict[str, float] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    #: Spent in those that a service calls, for each request that it is asked itself.
    below: dict[str, float] = field(default_factory=dict)
    errors_below: dict[str, float] = field(default_factory=dict)
    calls: set[tuple[str, str]] = field(default_factory=set)

    def own_seconds(self, service: str) -> float:
        return max(self.seconds.get(service, 0.0) - self.below.get(service, 0.0), 0.0)

    def own_error_share(self, service: str) -> float:
        errors = max(self.errors.get(service, 0.0) - self.errors_below.get(service, 0.0), 0.0)
        return errors / self.rate[service] if self.rate.get(service) else 0.0


def look(client: TelemetryClient, at: float) -> Look:
    """From the metrics that are made of spans: the same for every service."""
    seen = Look()

    def ask(promql: str) -> list[tuple[Mapping[str, str], float]]:
        found = client.query(promql.replace("{window}", f"{_WINDOW_SECONDS}s"), at)
        return [(one.labels, one.value) for one in found if math.isfinite(one.value)]

    spans = 'sum by (service) (rate(traces_spanmetrics_{what}{span_kind="SPAN_KIND_SERVER"{more}}[{window}]))'
    for labels, value in ask(spans.replace("{what}", "calls_total").replace("{more}", "")):
        seen.rate[labels.get("service", "")] = value
    for labels, value in ask(
        spans.replace("{what}", "calls_total").replace("{more}", ', status_code="STATUS_CODE_ERROR"')
    ):
        seen.errors[labels.get("service", "")] = value
    for labels, value in ask(spans.replace("{what}", "latency_sum").replace("{more}", "")):
        service = labels.get("service", "")
        if seen.rate.get(service):
            seen.seconds[service] = value / seen.rate[service]
    edges = "sum by (client, server) (rate(traces_service_graph_request_{what}[{window}]))"
    for labels, value in ask(edges.replace("{what}", "client_seconds_sum")):
        caller, called = labels.get("client", ""), labels.get("server", "")
        if caller in seen.rate and called in seen.rate:
            seen.calls.add((caller, called))
            seen.below[caller] = seen.below.get(caller, 0.0) + value / max(seen.rate[caller], 1e-9)
    for labels, value in ask(edges.replace("{what}", "failed_total")):
        caller = labels.get("client", "")
        seen.errors_below[caller] = seen.errors_below.get(caller, 0.0) + value
    return seen


def changes(before: Look, now: Look) -> list[Change]:
    """The largest first."""
    found = []
    for service in sorted({*before.rate, *now.rate} - {""}):
        rate = _promql("calls_total", service)
        grown = _log_ratio(before.rate.get(service, 0.0), now.rate.get(service, 0.0), 1.0)
        found.append(Change(service, "rate", abs(grown), rate))
        slower = _log_ratio(before.own_seconds(service), now.own_seconds(service), _LEAST_SECONDS)
        found.append(Change(service, "time", slower, f"{_promql('latency_sum', service)} / {rate}"))
        share = now.own_error_share(service) - before.own_error_share(service)
        size = _ALARM + share * 5 if share > _LEAST_ERROR_SHARE else 0.0
        failed = _promql("calls_total", service, ', status_code="STATUS_CODE_ERROR"')
        found.append(Change(service, "errors", size, failed))
    return sorted(found, key=lambda change: -change.size)


def _promql(what: str, service: str, more: str = "") -> str:
    kind = 'span_kind="SPAN_KIND_SERVER"'
    return f'sum(rate(traces_spanmetrics_{what}{{service="{service}", {kind}{more}}}[{_WINDOW_SECONDS}s]))'


def _log_ratio(before: float, now: float, least: float) -> float:
    """0 for no change; what is smaller than `least` counts as that."""
    return math.log(max(now, least) / max(before, least))


def onset(client: TelemetryClient, change: Change, start: float, end: float) -> float:
    """When the signal was half of the way from what it was to what it is."""
    series = client.query_range(change.promql, start, end, 1)
    points = [(at, value) for one in series for at, value in one.points if math.isfinite(value)]
    if len(points) < 2:
        return (points[0][0] if points else end) - _WINDOW_SECONDS / 2
    half = (points[0][1] + points[-1][1]) / 2
    rises = points[-1][1] > points[0][1]
    crossed = next((at for at, value in points if (value > half) == rises), end)
    # A rate over a window is half of the way when half of the window has passed.
    return max(crossed - _WINDOW_SECONDS / 2, start)


def victims(service: str, calls: set[tuple[str, str]]) -> list[str]:
    """Who called it, and who called those: the nearest first."""
    found: list[str] = []
    reached = [service]
    while reached:
        reached = [caller for caller, called in sorted(calls) if called in reached and caller not in (service, *found)]
        found += reached
    return found


def play(incident: IncidentClient) -> None:
    task = incident.task()
    labels = incident.labels()
    apis = task["telemetry"]
    with TelemetryClient(apis["prometheus"], apis["loki"], apis["tempo"]) as client:
        before, now = look(client, task["healthy_at"]), look(client, task["now"])
        # Other systems may run beside the one that the incident is about.
        ranked = [change for change in changes(before, now) if change.service in labels["services"]]
        worst = ranked[0] if ranked and ranked[0].size >= _ALARM else None
        since = None if worst is None else onset(client, worst, task["healthy_at"], task["now"])
    if worst is None:
        incident.answer(fault=task["task"] == "repair")
        return
    cause = _explained(worst, ranked, now, labels)
    if task["task"] == "repair":
        incident.act("limit-traffic") if cause["service"] == "visitors" else incident.act("restart", cause["service"])
    incident.answer(True, since, [cause] if task["task"] in ("locate", "analyse") else [])


def _explained(worst: Change, ranked: Sequence[Change], now: Look, labels: Mapping[str, Any]) -> dict[str, Any]:
    """The plainest explanation of each signal; which of the kinds it really is these metrics do not say."""
    entry = {service for service in now.rate if service not in {called for _, called in now.calls}}
    if worst.signal == "rate" and entry:
        cause = {"service": "visitors", "component": "arrival-rate", "kind": "traffic_surge"}
        chain = [*entry, *(called for _, called in sorted(now.calls, key=lambda call: call[0] not in entry))]
    else:
        kind = "cpu_saturation" if worst.signal == "time" else "business_rule_error"
        cause = {"service": worst.service, "component": "", "kind": kind}
        chain = victims(worst.service, now.calls)
    # No system has every part and kind: what cannot be said of this one is left open.
    cause |= {key: "" for key in ("component", "kind") if cause[key] not in labels[f"{key}s"]}
    return {**cause, "victims": [service for service in dict.fromkeys(chain) if service in labels["services"]]}


if __name__ == "__main__":
    try:
        play(IncidentClient.from_environment())
    except TelemetryError as error:
        raise SystemExit(str(error)) from None
