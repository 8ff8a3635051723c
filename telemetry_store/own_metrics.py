"""The store's own counters, under the real servers' names where they have one, read when they are scraped."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from .logs.storage import LogStorage
from .metrics.rules.alertmanagers import QUEUE_CAPACITY, Alertmanager, Notifier
from .metrics.rules.groups import Group
from .metrics.rules.manager import RuleManager
from .metrics.storage import MetricStorage
from .metrics.targets import TargetFiles
from .times import NANOSECONDS
from .traces.storage import TraceStorage


class StoreCollector(Collector):
    """What the storages have counted so far; those of APIs that this store does not answer are None."""

    def __init__(self, metrics: MetricStorage | None, logs: LogStorage | None, traces: TraceStorage | None) -> None:
        self._metrics, self._logs, self._traces = metrics, logs, traces

    def describe(self) -> list[Metric]:
        """Nothing: the registry need not collect to know the names."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The metrics as of now."""
        for name, help_, value in self._counts():
            yield CounterMetricFamily(name, help_, value=value)
        if self._metrics:
            yield GaugeMetricFamily("prometheus_tsdb_head_series", "Series known.", value=self._metrics.count_series())
        size = GaugeMetricFamily("telemetry_store_database_size_bytes", "Bytes on disk.", labels=["signal"])
        pending = GaugeMetricFamily("telemetry_store_pending_bytes", "Bytes waiting to be written.", labels=["signal"])
        failing = GaugeMetricFamily(
            "telemetry_store_disk_failing", "1 while the disk refuses writes.", labels=["signal"]
        )
        dropped = CounterMetricFamily(
            "telemetry_store_dropped_batches",
            "Batches that could not be written because of their content.",
            labels=["signal"],
        )
        for signal, storage in (("metrics", self._metrics), ("logs", self._logs), ("traces", self._traces)):
            if storage is not None:
                database = storage.database
                size.add_metric([signal], database.size_bytes())
                pending.add_metric([signal], database.pending_bytes)
                failing.add_metric([signal], float(database.failure is not None))
                dropped.add_metric([signal], database.dropped_batches)
        yield from (size, pending, failing, dropped)

    def _counts(self) -> Iterator[tuple[str, str, int]]:
        if metrics := self._metrics:
            yield "prometheus_tsdb_head_samples_appended", "Samples stored.", metrics.samples_appended
            late = metrics.samples_out_of_order
            yield "prometheus_tsdb_out_of_order_samples", "Samples left out because a newer one was there.", late
            yield "prometheus_tsdb_exemplar_exemplars_appended", "Exemplars stored.", metrics.exemplars_appended
        if logs := self._logs:
            yield "loki_distributor_lines_received", "Log lines taken.", logs.lines_received
            yield "loki_distributor_bytes_received", "Bytes of pushes taken.", logs.bytes_received
        if traces := self._traces:
            yield "tempo_distributor_spans_received", "Spans taken.", traces.spans_received
            yield "tempo_distributor_bytes_received", "Bytes of OTLP requests taken.", traces.bytes_received


class TargetsCollector(Collector):
    """What became of the files that name targets, as Prometheus' service discovery says it."""

    def __init__(self, files: TargetFiles) -> None:
        self._files = files

    def describe(self) -> list[Metric]:
        """Nothing: the registry need not collect to know the names."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The metrics as of now."""
        yield CounterMetricFamily(
            "prometheus_sd_file_read_errors", "Files of targets that could not be used.", value=self._files.read_errors
        )
        modified = GaugeMetricFamily(
            "prometheus_sd_file_mtime_seconds", "When a file of targets changed last.", labels=["filename"]
        )
        for name, seconds in self._files.modified().items():
            modified.add_metric([name], seconds)
        yield modified


class RulesCollector(Collector):
    """How rules are evaluated and alerts are sent, as Prometheus says it."""

    def __init__(self, rules: RuleManager, notifier: Notifier) -> None:
        self._rules, self._notifier = rules, notifier

    def describe(self) -> list[Metric]:
        """Nothing: the registry need not collect to know the names."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The metrics as of now."""
        rules, groups = self._rules, self._rules.groups
        for kind, name, help_, value_of in _GROUP_METRICS:
            metric = kind(f"prometheus_rule_{name}", help_, labels=["rule_group"])
            for group in groups:
                metric.add_metric([group.key], value_of(group))
            yield metric
        for kind, name, help_, count_of in _ALERTMANAGER_METRICS:
            metric = kind(f"prometheus_notifications_{name}", help_, labels=["alertmanager"])
            for alertmanager in self._notifier.alertmanagers:
                metric.add_metric([alertmanager.url], count_of(alertmanager))
            yield metric
        alertmanagers = self._notifier.alertmanagers
        for name, help_, value in (
            ("prometheus_notifications_alertmanagers_discovered", "Alertmanagers.", len(alertmanagers)),
            ("prometheus_notifications_queue_capacity", "Alerts that may wait for one of them.", QUEUE_CAPACITY),
            ("prometheus_config_last_reload_successful", "1 while the rule files are in force.", not rules.error),
            ("prometheus_config_last_reload_success_timestamp_seconds", "When they came into force.", rules.loaded_at),
        ):
            yield GaugeMetricFamily(name, help_, value=float(value))
        yield CounterMetricFamily(
            "prometheus_template_text_expansions", "Templates filled in.", value=rules.outside.expansions
        )
        yield CounterMetricFamily(
            "prometheus_template_text_expansion_failures", "Templates that failed.", value=rules.outside.failures
        )


#: (kind, rest of the name, help, what of a group).
_GROUP_METRICS: tuple[tuple[type[GaugeMetricFamily | CounterMetricFamily], str, str, Callable[[Group], float]], ...] = (
    (CounterMetricFamily, "evaluations", "Evaluations of rules.", lambda group: group.evaluations),
    (CounterMetricFamily, "evaluation_failures", "Evaluations that failed.", lambda group: group.failures),
    (CounterMetricFamily, "group_iterations", "Evaluations of groups.", lambda group: group.iterations + group.missed),
    (CounterMetricFamily, "group_iterations_missed", "Those left out: too slow.", lambda group: group.missed),
    (GaugeMetricFamily, "group_rules", "Rules of a group.", lambda group: len(group.rules)),
    (GaugeMetricFamily, "group_interval_seconds", "Its interval.", lambda group: group.interval / NANOSECONDS),
    (GaugeMetricFamily, "group_last_duration_seconds", "What it took.", lambda group: group.last_duration_seconds),
    (GaugeMetricFamily, "group_last_evaluation_samples", "Samples it gave.", lambda group: group.last_samples),
    (
        GaugeMetricFamily,
        "group_last_evaluation_timestamp_seconds",
        "When it was evaluated last.",
        lambda group: group.last_evaluation / NANOSECONDS,
    ),
)

_ALERTMANAGER_METRICS: tuple[
    tuple[type[GaugeMetricFamily | CounterMetricFamily], str, str, Callable[[Alertmanager], float]], ...
] = (
    (CounterMetricFamily, "sent", "Alerts delivered.", lambda alertmanager: alertmanager.sent),
    (CounterMetricFamily, "errors", "Requests that failed.", lambda alertmanager: alertmanager.errors),
    (CounterMetricFamily, "dropped", "Alerts given up.", lambda alertmanager: alertmanager.dropped),
    (GaugeMetricFamily, "queue_length", "Alerts that wait.", lambda alertmanager: alertmanager.waiting),
)


def create_registry(*collectors: Collector) -> CollectorRegistry:
    """A registry with these collectors and what there is to say of the process."""
    registry = CollectorRegistry()
    for collector in collectors:
        registry.register(collector)
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry
