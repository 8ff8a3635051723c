"""`setup`: one call that makes a process visible, and the `Telemetry` object services hold on to.

    telemetry = setup("frontend", namespace="chain", version="1.0.0")
    telemetry.logger.info("Fetching user %s", 123, extra={"user_id": 123})
    with telemetry.span("validate_user_id", {"user.id": 123}):
        ...

Nothing is registered globally and nothing starts at import: two services can live in one process, as in tests.
"""

from __future__ import annotations

import atexit
import logging
import os
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from multiprocessing.util import Finalize
from typing import Any

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import INVALID_SPAN, NoOpTracerProvider, Span, Tracer
from prometheus_client import CollectorRegistry

from observability.batching import BatchSender
from observability.clock import Clock
from observability.light_spans import LightTracerProvider
from observability.logs import LineLogger, LogLine, log_level, write_to_console
from observability.loki import BatchedLokiEmitter
from observability.metrics import build_registry, exemplar
from observability.resource import build_resource
from observability.self_metrics import PipelineMetrics, ServiceInfo
from observability.settings import Setting, boolean, non_negative_float, read_settings
from observability.status_lines import StatusLines
from observability.tracing import build_tracer_provider

SETTINGS = (
    Setting("OTEL_SDK_DISABLED", "false", "true: no spans, no log lines, no request metrics", boolean),
    Setting("LOKI_URL", "http://127.0.0.1:3100", "where log lines are pushed; empty = nowhere"),
    Setting("LOG_LEVEL", "INFO", "DEBUG, INFO, WARNING or ERROR", log_level),
    Setting("LOG_CONSOLE", "true", "whether log lines also go to standard output", boolean),
    Setting("LOKI_SCHEDULE_DELAY", "0.2", "seconds between two pushes", non_negative_float),
)

_DISABLED_SPAN = nullcontext(INVALID_SPAN)


class Telemetry:
    """What a service uses to make itself visible.

    Attributes:
        service: service.name, also the `service` label of log streams.
        enabled: False when `OTEL_SDK_DISABLED=true`; everything below then still works and does nothing.
        logger: `extra={...}` become fields of the JSON line.
        registry: where the service creates its metrics.
        tracer, tracer_provider: for instrumentations and for spans with links or kinds of their own.
        clock: the time that stands on spans and log lines.
        status_lines: log lines that say how the process is; off until asked for.
    """

    def __init__(
        self,
        service: str,
        *,
        enabled: bool,
        logger: LineLogger,
        registry: CollectorRegistry,
        tracer_provider: TracerProvider | NoOpTracerProvider,
        senders: tuple[BatchSender[LogLine], ...] = (),
        clock: Clock | None = None,
        service_info: ServiceInfo | None = None,
    ) -> None:
        self.service = service
        self.enabled = enabled
        self.logger = logger
        self.registry = registry
        self.tracer_provider = tracer_provider
        self.tracer: Tracer = tracer_provider.get_tracer(f"{service}_service")
        self.clock = clock or Clock()
        self.status_lines = StatusLines(logger)
        self._senders = senders
        self._service_info = service_info
        #: version -> the resource that tells it
        self._resources: dict[str, Resource] = {}
        self._finished = False

    def span(self, name: str, attributes: Mapping[str, Any] | None = None) -> AbstractContextManager[Span]:
        """A child span, current inside the `with` block. An exception that leaves the block is recorded and marks
        it as failed."""
        if not self.enabled:
            return _DISABLED_SPAN
        return self.tracer.start_as_current_span(name, attributes=attributes)

    def observe(self, histogram: Any, seconds: float) -> None:
        """Observe a duration on a histogram (or its labelled child), with the current trace as exemplar."""
        histogram.observe(seconds, exemplar())

    def sample(self, share: float) -> None:
        """Record this share of the traces, and tell those who are called to do the same. From 1 on: as at the start."""
        if isinstance(self.tracer_provider, LightTracerProvider):
            self.tracer_provider.sample(share)

    @property
    def version(self) -> str:
        """service.version, as spans that begin now carry it; "" when telemetry is disabled."""
        if not isinstance(self.tracer_provider, TracerProvider):
            return ""
        return str(self.tracer_provider.resource.attributes["service.version"])

    def release(self, version: str) -> None:
        """From now on the service is of another version: for spans that begin, and for `lab_service_info`."""
        provider = self.tracer_provider
        if isinstance(provider, LightTracerProvider):
            # Remembered: who encodes spans knows a resource by its identity.
            known = self._resources.setdefault(self.version, provider.resource)
            described = self._resources.get(version) or known.merge(Resource({"service.version": version}))
            provider.describe(self._resources.setdefault(version, described))
        if self._service_info:
            self._service_info.tell(version)

    def flush(self, timeout_seconds: float = 5.0) -> bool:
        """Deliver what is queued now. True when the backends took everything within the time (for each signal)."""
        delivered = [sender.flush(timeout_seconds) for sender in self._senders]
        if isinstance(self.tracer_provider, TracerProvider):
            delivered.append(self.tracer_provider.force_flush(int(timeout_seconds * 1000)))
        return all(delivered)

    def shutdown(self) -> None:
        """Deliver what is left, for a bounded time, and stop the background threads. May be called more than once."""
        if self._finished:
            return
        self._finished = True
        self.status_lines.stop()
        # All signals at the same time: with every backend away, an end takes the time of one.
        for sender in self._senders:
            sender.begin_shutdown()
        if isinstance(self.tracer_provider, TracerProvider):
            self.tracer_provider.shutdown()
        for sender in self._senders:
            sender.shutdown()


def setup(service: str, *, namespace: str, version: str, environ: Mapping[str, str] | None = None) -> Telemetry:
    """Make this process visible as `service`: tracer, logger and metrics registry, exporting as the environment says.

    Raises ValueError that names the variable when the environment cannot be used.
    """
    environ = os.environ if environ is None else environ
    settings = read_settings(SETTINGS, environ)
    registry = build_registry()
    resource = build_resource(service, namespace, version)
    service = str(resource.attributes["service.name"])
    if settings["OTEL_SDK_DISABLED"]:
        silent = LineLogger(service, logging.CRITICAL + 1)
        return Telemetry(service, enabled=False, logger=silent, registry=registry, tracer_provider=NoOpTracerProvider())
    service_info = ServiceInfo(registry, str(resource.attributes["service.version"]))
    clock = Clock()
    metrics = PipelineMetrics(registry)
    senders = _build_log_senders(service, settings, metrics)
    logger = LineLogger(service, settings["LOG_LEVEL"], (sender.put for sender in senders), clock)
    telemetry = Telemetry(
        service,
        enabled=True,
        logger=logger,
        registry=registry,
        tracer_provider=build_tracer_provider(resource, metrics, environ, clock),
        senders=senders,
        clock=clock,
        service_info=service_info,
    )
    # A worker process of the server ends through multiprocessing, which does not run atexit's functions.
    Finalize(None, telemetry.shutdown, exitpriority=10)
    atexit.register(telemetry.shutdown)
    return telemetry


def _build_log_senders(
    service: str, settings: Mapping[str, Any], metrics: PipelineMetrics
) -> tuple[BatchSender[LogLine], ...]:
    senders = []
    delay_seconds = settings["LOKI_SCHEDULE_DELAY"]
    if settings["LOKI_URL"]:
        emitter = BatchedLokiEmitter(settings["LOKI_URL"], service)
        senders.append(BatchSender("logs", emitter.send, metrics=metrics, delay_seconds=delay_seconds))
    if settings["LOG_CONSOLE"]:
        senders.append(BatchSender("console", write_to_console, metrics=metrics, delay_seconds=delay_seconds))
    return tuple(senders)
