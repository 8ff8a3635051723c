"""What the trickier queries of panels answer, on samples that are written down."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grafana.query_catalogue.variables import fill, macros
from lab.manifest import System, discover
from telemetry_store.deadline import Deadline
from telemetry_store.metrics.query_language.evaluator import evaluate
from telemetry_store.metrics.query_language.parser import parse
from telemetry_store.metrics.storage import MetricStorage
from telemetry_store.vectors import Vector

Labels = tuple[tuple[str, str], ...]

NOW = 1_000
SERVER, CLIENT, INTERNAL = "SPAN_KIND_SERVER", "SPAN_KIND_CLIENT", "SPAN_KIND_INTERNAL"


class Samples:
    """A storage in which series stand still or grow evenly, and which answers the queries of panels."""

    def __init__(self, storage: MetricStorage, dashboards: dict[str, dict[str, Any]]) -> None:
        self._storage, self._dashboards = storage, dashboards

    def steady(self, metric: str, value: float, /, **labels: str) -> None:
        self._put(metric, labels, dict.fromkeys(range(NOW - 300, NOW + 1, 5), value))

    def growing(self, metric: str, per_second: float, /, **labels: str) -> None:
        self._put(metric, labels, {at: per_second * (at - NOW + 300) for at in range(NOW - 300, NOW + 1, 5)})

    def ask(self, uid: str, title: str, letter: str = "A") -> dict[str, float]:
        """The answer by the values of its labels."""
        (panel,) = [panel for panel in self._dashboards[uid]["panels"] if panel.get("title") == title]
        (target,) = [target for target in panel["targets"] if target["refId"] == letter]
        query = fill(target["expr"], macros(minutes=1) | {"service": ".+", "percentile": "0.95"})
        value, _ = evaluate(self._storage, parse(query), NOW * 1000, NOW * 1000, 1, Deadline())
        assert isinstance(value, Vector)
        return {
            " ".join(text for _, text in sorted(labels.items())): float(row[0])
            for labels, row in zip(value.labels, value.values, strict=True)
        }

    def _put(self, metric: str, labels: dict[str, str], samples: dict[int, float]) -> None:
        handle = self._storage.series_of(tuple(sorted({"__name__": metric, **labels}.items())))
        self._storage.append([(handle, value, at * 1000) for at, value in samples.items()])


@pytest.fixture
def samples(tmp_path: Path, dashboards: dict[str, dict[str, Any]]) -> Iterator[Samples]:
    storage = MetricStorage(tmp_path)
    yield Samples(storage, dashboards)
    storage.close()


def test_the_parts_of_a_requests_time_add_up_to_its_duration(samples: Samples) -> None:
    # Ten requests a second of 50 ms: 20 ms of them in the database, which every second request reaches.
    samples.growing("traces_spanmetrics_calls_total", 10, service="frontend", span_kind=SERVER)
    for service, kind, seconds in (
        ("frontend", SERVER, 0.5),
        ("frontend", CLIENT, 0.42),
        ("backend", SERVER, 0.4),
        ("backend", CLIENT, 0.25),
        ("backend", INTERNAL, 0.01),
        ("database", SERVER, 0.2),
    ):
        samples.growing("traces_spanmetrics_latency_sum", seconds, service=service, span_kind=kind)
    for client, server, waited, worked in (
        ("user", "frontend", 0, 0.5),
        ("frontend", "backend", 0.42, 0.4),
        ("backend", "database", 0.25, 0.2),
    ):
        samples.growing("traces_service_graph_request_client_seconds_sum", waited, client=client, server=server)
        samples.growing("traces_service_graph_request_server_seconds_sum", worked, client=client, server=server)
    title = "A request's mean time, by where it is spent"

    itself = samples.ask("chain-traces", title, "A")
    on_the_way = samples.ask("chain-traces", title, "B")

    assert itself == pytest.approx({"frontend": 0.008, "backend": 0.015, "database": 0.02})
    assert on_the_way == pytest.approx({"frontend backend": 0.002, "backend database": 0.005})
    assert sum(itself.values()) + sum(on_the_way.values()) == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("left", "burn_rate", "seconds"),
    [
        pytest.param(1.0, 0.0, 7 * 24 * 3600, id="nothing burns"),
        pytest.param(1.0, 1.0, 6 * 3600, id="just as fast as allowed"),
        pytest.param(0.5, 6.0, 1800, id="half is left"),
        pytest.param(0.0, 2.0, 0, id="nothing is left"),
        pytest.param(-3.0, 2.0, 0, id="overspent"),
        pytest.param(1.0, 1e-6, 7 * 24 * 3600, id="hardly burns"),
    ],
)
def test_the_time_until_the_error_budget_is_used_up(
    samples: Samples, left: float, burn_rate: float, seconds: float
) -> None:
    samples.steady("slo:error_budget_remaining:ratio", left, service="frontend", slo="latency")
    samples.steady("slo:burn_rate:5m", burn_rate, service="frontend", slo="latency")

    assert list(samples.ask("chain-slo", "Used up in, latency").values()) == [pytest.approx(seconds)]


@pytest.mark.parametrize("system", discover().values(), ids=discover().keys())
def test_what_a_route_spends_of_the_error_budget_of_its_system(samples: Samples, system: System) -> None:
    for one in discover().values():
        samples.steady("slo:objective:ratio", 0.99, service=one.entry_service, slo="availability")
    metric, entry = str(system.requests_metric), system.entry_service
    samples.growing(metric, 9, service=entry, endpoint="/", status="200")
    samples.growing(metric, 0.95, service=entry, endpoint="/user/<id>", status="200")
    samples.growing(metric, 0.05, service=entry, endpoint="/user/<id>", status="503")
    samples.growing(metric, 5, service="somebody-behind", endpoint="/user/<id>", status="503")

    # Half a percent of all requests fail where one percent may.
    assert samples.ask(f"{system.name}-slo", "By route", "D") == pytest.approx({"/": 0, "/user/<id>": 0.5})
    assert samples.ask(f"{system.name}-slo", "Failing now, by route") == pytest.approx({"/": 0, "/user/<id>": 0.5})


@pytest.mark.parametrize("system", discover())
def test_the_overview_of_a_system_tells_of_its_own_budget(samples: Samples, system: str) -> None:
    for one, left in zip(discover().values(), (0.25, 0.75), strict=True):
        samples.steady("slo:error_budget_remaining:ratio", left, service=one.entry_service, slo="latency")

    answer = samples.ask(f"{system}-overview", "Error budget left")
    assert list(answer.values()) == [{"chain": 0.25, "exchange": 0.75}[system]]


def test_an_alert_that_fires_outweighs_one_that_is_pending(samples: Samples) -> None:
    samples.steady("ALERTS", 1, alertname="HighLatency", service="backend", alertstate="pending")
    samples.steady("ALERTS", 1, alertname="HighLatency", service="frontend", alertstate="firing")
    samples.steady("ALERTS", 1, alertname="SlowServiceCalls", service="backend", alertstate="pending", client="a")
    samples.steady("ALERTS", 1, alertname="SlowServiceCalls", service="backend", alertstate="firing", client="b")

    assert samples.ask("chain-slo", "Alerts over time", "A") == {"": 2}
    assert samples.ask("chain-slo", "Alerts over time", "B") == {
        "HighLatency backend": 1,
        "HighLatency frontend": 2,
        "SlowServiceCalls backend": 2,
    }


def test_without_alerts_the_timeline_says_so(samples: Samples) -> None:
    assert samples.ask("chain-slo", "Alerts over time", "A") == {"": 0}


def test_what_waits_is_neither_sent_nor_given_up(samples: Samples) -> None:
    for service, emitted, sent in (("backend", 100, 90), ("database", 50, 50)):
        samples.steady("lab_telemetry_emitted_total", emitted, service=service, signal="spans")
        samples.steady("lab_telemetry_sent_total", sent, service=service, signal="spans")
        for reason in ("queue_full", "shutdown"):
            samples.steady("lab_telemetry_dropped_total", 0, service=service, signal="spans", reason=reason)
    samples.steady("lab_telemetry_dropped_total", 3, service="backend", signal="spans", reason="rejected")
    # Standard output is no backend: nothing of it is ever on its way.
    samples.steady("lab_telemetry_emitted_total", 7, service="backend", signal="console")

    assert samples.ask("telemetry-health", "Waiting, by service") == {"backend spans": 7, "database spans": 0}
    assert list(samples.ask("telemetry-health", "Waiting").values()) == [7]


@pytest.mark.parametrize(
    ("size", "series"),
    [
        ("telemetry_store_database_size_bytes", {"signal": "logs"}),
        ("prometheus_tsdb_storage_blocks_bytes", {}),
    ],
)
def test_the_disk_is_that_of_the_store_or_of_prometheus(samples: Samples, size: str, series: dict[str, str]) -> None:
    samples.steady(size, 1000, service="it", **series)
    samples.steady("prometheus_tsdb_wal_storage_size_bytes", 0, service="it")

    assert samples.ask("telemetry-health", "Disk") == {"it": 1000}


def test_a_load_test_without_failures_fails_at_nothing(samples: Samples) -> None:
    samples.growing("loadtest_requests_total", 4, system="chain", name="/", method="GET", result="success")

    assert samples.ask("loadtest", "Failures") == {"chain": 0}
    assert samples.ask("loadtest", "Requests of the test", "B") == {"GET / chain": 0}


def test_a_load_test_is_laid_over_the_system_that_it_uses(samples: Samples) -> None:
    for system, service, outside, inside in (("chain", "frontend", 0.3, 0.2), ("exchange", "client-gateway", 0.7, 0.1)):
        metric = str(discover()[system].durations_metric)
        samples.growing("loadtest_request_duration_seconds_sum", outside, system=system)
        samples.growing("loadtest_request_duration_seconds_count", 1, system=system)
        samples.growing(f"{metric}_sum", inside, service=service)
        samples.growing(f"{metric}_count", 1, service=service)
    # What another service of the same system measures is no part of it.
    samples.growing("http_request_duration_seconds_sum", 9, service="wallet-service")
    samples.growing("http_request_duration_seconds_count", 1, service="wallet-service")

    before = [samples.ask("loadtest", "Mean time before the first service", letter) for letter in "AB"]

    assert [round(one[""], 6) for one in before] == [0.1, 0.6]


def test_a_load_test_of_one_system_says_nothing_of_the_other(samples: Samples) -> None:
    samples.growing("loadtest_requests_total", 4, system="exchange", name="/", method="GET", result="success")
    samples.growing("http_requests_total", 5, service="client-gateway", status="200")
    samples.growing("http_requests_total", 1, service="client-gateway", status="503")
    samples.growing("frontend_requests_total", 7, service="frontend", status="200")

    title = "Requests, outside and inside"
    assert [samples.ask("loadtest", title, letter) for letter in "ABC"] == [{"exchange": 4}, {"": 7}, {"": 6}]
    assert [samples.ask("loadtest", "Failures over time", letter) for letter in "BC"] == [{"": 0}, {"": 1}]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("Fetching user 778766", "Fetching user …"),
        ("Cache miss for user:12", "Cache miss for user:…"),
        ("Slow query on inventory took 197 ms", "Slow query on inventory took … ms"),
        ("all 1 database connections stayed in use for 0.3 s", "all … database connections stayed in use for … s"),
        ("at most 10 digits, not 'abc'", "at most … digits, not …"),
        ("Transaction committed", "Transaction committed"),
    ],
)
def test_lines_that_say_the_same_have_one_text(line: str, text: str, dashboards: dict[str, dict[str, Any]]) -> None:
    (messages,) = [panel for panel in dashboards["chain-logs"]["panels"] if panel.get("title") == "Messages"]
    (expression,) = re.findall(r'regexReplaceAll "([^"]+)"', messages["targets"][0]["expr"])

    assert re.sub(expression, "…", line) == text
