"""Traces: the tracer provider, how ended spans leave, and `span`, the context manager services use.

Standard `OTEL_*` variables are honoured: endpoint, headers, protocol, compression and time-out of the exporter,
`OTEL_BSP_*` for the batches, `OTEL_TRACES_SAMPLER`, `OTEL_TRACES_EXPORTER=none`, and the span limits (by the SDK).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import TracebackType
from typing import Any
from urllib.parse import unquote

from opentelemetry.context import attach, detach
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.trace import Span as ApiSpan
from opentelemetry.trace import Status, StatusCode, Tracer, set_span_in_context

from observability.batching import BatchSender
from observability.light_spans import LightTracerProvider
from observability.self_metrics import PipelineMetrics
from observability.settings import Setting, positive_int, read_settings
from observability.span_export import OtlpJsonSender

_HTTP_JSON = "http/json"
_HTTP_PROTOBUF = "http/protobuf"


def _milliseconds(text: str) -> float:
    return positive_int(text) / 1000


#: The names are OpenTelemetry's; the defaults differ where a learner would otherwise wait.
TRACING_SETTINGS = (
    Setting("OTEL_TRACES_EXPORTER", "otlp", "otlp, or none"),
    Setting("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318", "base URL of the OTLP/HTTP receiver"),
    Setting("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "", "full URL for traces; wins over the base URL"),
    Setting("OTEL_EXPORTER_OTLP_PROTOCOL", _HTTP_JSON, "http/json or http/protobuf"),
    Setting("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "", "the same for traces alone"),
    Setting("OTEL_EXPORTER_OTLP_HEADERS", "", "key=value,key=value"),
    Setting("OTEL_EXPORTER_OTLP_COMPRESSION", "none", "none or gzip"),
    Setting("OTEL_EXPORTER_OTLP_TIMEOUT", "10", "seconds one export may take", float),
    # A trace should be visible in two seconds; OpenTelemetry's 5,000 ms is for production.
    Setting("OTEL_BSP_SCHEDULE_DELAY", "200", "milliseconds between two exports", _milliseconds),
    Setting("OTEL_BSP_MAX_QUEUE_SIZE", "8192", "spans that may wait", positive_int),
    Setting("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "512", "spans in one export", positive_int),
)


def use_stable_http_conventions() -> None:
    """Let the instrumentations use today's semantic conventions. Before the first one is switched on.

    Unless told otherwise they speak those of 2021: `http.method`, `http.status_code`. They read it from the
    environment only.
    """
    os.environ.setdefault("OTEL_SEMCONV_STABILITY_OPT_IN", "http")


class SenderSpanProcessor(SpanProcessor):
    """Gives ended, sampled spans to a `BatchSender`."""

    def __init__(self, sender: BatchSender[ReadableSpan]) -> None:
        self._sender = sender
        self._put = sender.put

    def on_end(self, span: ReadableSpan) -> None:
        if span.context.trace_flags.sampled:
            self._put(span)

    def shutdown(self) -> None:
        self._sender.shutdown()

    def force_flush(self, timeout_millis: int = 5000) -> bool:
        return self._sender.flush(timeout_millis / 1000)


def build_tracer_provider(resource: Resource, metrics: PipelineMetrics, environ: Mapping[str, str]) -> TracerProvider:
    """A provider that exports as the environment says. Raises ValueError for a variable it cannot use."""
    settings = read_settings(TRACING_SETTINGS, environ)
    provider = LightTracerProvider(resource=resource, shutdown_on_exit=False)
    exporter = settings["OTEL_TRACES_EXPORTER"]
    if exporter == "none":
        return provider
    if exporter != "otlp":
        raise ValueError(f"OTEL_TRACES_EXPORTER={exporter!r} cannot be used: expected otlp or none")
    provider.add_span_processor(_build_processor(resource, metrics, settings))
    return provider


def _build_processor(resource: Resource, metrics: PipelineMetrics, settings: Mapping[str, Any]) -> SpanProcessor:
    protocol = settings["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"] or settings["OTEL_EXPORTER_OTLP_PROTOCOL"]
    endpoint = settings["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] or (
        settings["OTEL_EXPORTER_OTLP_ENDPOINT"].rstrip("/") + "/v1/traces"
    )
    if protocol == _HTTP_PROTOBUF:
        # Imported here: protobuf would take 6 MB in each service that does not use it.
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        return BatchSpanProcessor(
            OTLPSpanExporter(endpoint=endpoint),
            max_queue_size=settings["OTEL_BSP_MAX_QUEUE_SIZE"],
            max_export_batch_size=settings["OTEL_BSP_MAX_EXPORT_BATCH_SIZE"],
            schedule_delay_millis=settings["OTEL_BSP_SCHEDULE_DELAY"] * 1000,
        )
    if protocol != _HTTP_JSON:
        raise ValueError(f"OTLP protocol {protocol!r} cannot be used: expected {_HTTP_JSON} or {_HTTP_PROTOBUF}")
    sender = OtlpJsonSender(
        endpoint,
        resource,
        headers=_parse_headers(settings["OTEL_EXPORTER_OTLP_HEADERS"]),
        timeout_seconds=settings["OTEL_EXPORTER_OTLP_TIMEOUT"],
        compress=settings["OTEL_EXPORTER_OTLP_COMPRESSION"] == "gzip",
    )
    return SenderSpanProcessor(
        BatchSender(
            "spans",
            sender.send,
            metrics=metrics,
            delay_seconds=settings["OTEL_BSP_SCHEDULE_DELAY"],
            batch_size=settings["OTEL_BSP_MAX_EXPORT_BATCH_SIZE"],
            queue_size=settings["OTEL_BSP_MAX_QUEUE_SIZE"],
        )
    )


def _parse_headers(text: str) -> dict[str, str]:
    headers = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        key, separator, value = pair.partition("=")
        if not separator:
            raise ValueError(f"OTEL_EXPORTER_OTLP_HEADERS has {pair!r}: expected key=value")
        headers[key.strip()] = unquote(value.strip())
    return headers


class current_span:
    """A child span that is current inside the `with` block; an exception marks it as failed and leaves it.

    Does what `Tracer.start_as_current_span` does, as a plain object instead of a generator: a third of the cost,
    which counts at ten spans a request.
    """

    __slots__ = ("_attributes", "_name", "_span", "_token", "_tracer")

    def __init__(self, tracer: Tracer, name: str, attributes: Mapping[str, Any] | None) -> None:
        self._tracer = tracer
        self._name = name
        self._attributes = attributes

    def __enter__(self) -> ApiSpan:
        self._span = span = self._tracer.start_span(self._name, attributes=self._attributes)
        self._token = attach(set_span_in_context(span))
        return span

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        detach(self._token)
        if error is not None:
            record_error(self._span, error)
        self._span.end()


def record_error(span: ApiSpan, error: BaseException) -> None:
    """Mark the span as failed by this exception: error status, an `exception` event and `error.type`."""
    span.record_exception(error)
    span.set_status(Status(StatusCode.ERROR, f"{type(error).__name__}: {error}"))
    span.set_attribute("error.type", type(error).__name__)
