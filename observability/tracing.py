"""Traces: the tracer provider, how ended spans leave, and `span`, the context manager services use.

Standard `OTEL_*` variables are honoured: endpoint, headers, protocol, compression and time-out of the exporter,
`OTEL_BSP_*` for the batches, `OTEL_TRACES_SAMPLER`, `OTEL_TRACES_EXPORTER=none`, and the span limits (by the SDK).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from opentelemetry.propagate import set_global_textmap
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from observability.batching import BatchSender
from observability.clock import Clock
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
    Setting(
        "OTEL_EXPORTER_OTLP_PROTOCOL",
        _HTTP_JSON,
        "http/json, or http/protobuf (the SDK's exporter, which `lab_telemetry_…` does not count)",
    ),
    Setting("OTEL_EXPORTER_OTLP_HEADERS", "", "key=value,key=value"),
    Setting("OTEL_EXPORTER_OTLP_COMPRESSION", "none", "none or gzip"),
    Setting("OTEL_EXPORTER_OTLP_TIMEOUT", "10", "seconds one export may take"),
    Setting("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "", "for traces alone; wins, like the three below"),
    Setting("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "", "for traces alone"),
    Setting("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "", "for traces alone"),
    Setting("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "", "for traces alone"),
    # A trace should be visible in two seconds; OpenTelemetry's 5,000 ms is for production.
    Setting("OTEL_BSP_SCHEDULE_DELAY", "200", "milliseconds between two exports", _milliseconds),
    Setting("OTEL_BSP_MAX_QUEUE_SIZE", "8192", "spans that may wait", positive_int),
    Setting("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "512", "spans in one export", positive_int),
)


def prepare_instrumentations() -> None:
    """What the official instrumentations take from the process alone. Before the first one is switched on.

    Unless told otherwise they speak the semantic conventions of 2021 (`http.method`, `http.status_code`), and pass on
    baggage, which nothing in the lab uses and whose parser writes a warning for whatever a client sends.
    """
    os.environ.setdefault("OTEL_SEMCONV_STABILITY_OPT_IN", "http")
    if not os.environ.get("OTEL_PROPAGATORS"):
        set_global_textmap(TraceContextTextMapPropagator())


class SenderSpanProcessor(SpanProcessor):
    """Gives ended, sampled spans to a `BatchSender`, with the times of `clock`."""

    def __init__(self, sender: BatchSender[ReadableSpan], clock: Clock) -> None:
        self._sender = sender
        self._put = sender.put
        self._clock = clock

    def on_end(self, span: ReadableSpan) -> None:
        if span.context.trace_flags.sampled:
            if self._clock.offset_nanoseconds:
                self._clock.restamp(span)
            self._put(span)

    def shutdown(self) -> None:
        self._sender.shutdown()

    def force_flush(self, timeout_millis: int = 5000) -> bool:
        return self._sender.flush(timeout_millis / 1000)


class ClockedSpanProcessor(SpanProcessor):
    """Puts the times of `clock` on ended spans before another processor gets them."""

    def __init__(self, processor: SpanProcessor, clock: Clock) -> None:
        self._processor = processor
        self._clock = clock

    def on_end(self, span: ReadableSpan) -> None:
        if self._clock.offset_nanoseconds:
            self._clock.restamp(span)
        self._processor.on_end(span)

    def shutdown(self) -> None:
        self._processor.shutdown()

    def force_flush(self, timeout_millis: int = 5000) -> bool:
        return self._processor.force_flush(timeout_millis)


def build_tracer_provider(
    resource: Resource, metrics: PipelineMetrics, environ: Mapping[str, str], clock: Clock
) -> LightTracerProvider:
    """A provider that exports as the environment says. Raises ValueError for a variable it cannot use."""
    settings = read_settings(TRACING_SETTINGS, environ)
    provider = LightTracerProvider(resource=resource, shutdown_on_exit=False)
    exporter = settings["OTEL_TRACES_EXPORTER"]
    if exporter == "none":
        return provider
    if exporter != "otlp":
        raise ValueError(f"OTEL_TRACES_EXPORTER={exporter!r} cannot be used: expected otlp or none")
    provider.add_span_processor(_build_processor(resource, metrics, settings, clock))
    return provider


def _build_processor(
    resource: Resource, metrics: PipelineMetrics, settings: Mapping[str, Any], clock: Clock
) -> SpanProcessor:
    def chosen(name: str) -> str:
        return str(settings[f"OTEL_EXPORTER_OTLP_TRACES_{name}"] or settings[f"OTEL_EXPORTER_OTLP_{name}"])

    protocol, compression = chosen("PROTOCOL"), chosen("COMPRESSION")
    endpoint = settings["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] or (
        settings["OTEL_EXPORTER_OTLP_ENDPOINT"].rstrip("/") + "/v1/traces"
    )
    if protocol == _HTTP_PROTOBUF:
        # Imported here: protobuf would take 6 MB in each service that does not use it.
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        batches = BatchSpanProcessor(
            OTLPSpanExporter(endpoint=endpoint),
            max_queue_size=settings["OTEL_BSP_MAX_QUEUE_SIZE"],
            max_export_batch_size=settings["OTEL_BSP_MAX_EXPORT_BATCH_SIZE"],
            schedule_delay_millis=settings["OTEL_BSP_SCHEDULE_DELAY"] * 1000,
        )
        return ClockedSpanProcessor(batches, clock)
    if protocol != _HTTP_JSON:
        raise ValueError(f"OTLP protocol {protocol!r} cannot be used: expected {_HTTP_JSON} or {_HTTP_PROTOBUF}")
    if compression not in ("none", "gzip"):
        raise ValueError(f"OTLP compression {compression!r} cannot be used: expected none or gzip")
    sender = OtlpJsonSender(
        endpoint,
        resource,
        headers=_parse_headers(chosen("HEADERS")),
        timeout_seconds=_parse_timeout(chosen("TIMEOUT")),
        compress=compression == "gzip",
    )
    return SenderSpanProcessor(
        BatchSender(
            "spans",
            sender.send,
            metrics=metrics,
            delay_seconds=settings["OTEL_BSP_SCHEDULE_DELAY"],
            batch_size=settings["OTEL_BSP_MAX_EXPORT_BATCH_SIZE"],
            queue_size=settings["OTEL_BSP_MAX_QUEUE_SIZE"],
        ),
        clock,
    )


def _parse_timeout(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise ValueError(f"OTLP timeout {text!r} cannot be used: expected seconds, more than 0")
    return seconds


def _parse_headers(text: str) -> dict[str, str]:
    headers = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        key, separator, value = pair.partition("=")
        if not separator:
            raise ValueError(f"OTEL_EXPORTER_OTLP_HEADERS has {pair!r}: expected key=value")
        headers[key.strip()] = unquote(value.strip())
    return headers
