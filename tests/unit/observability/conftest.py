"""What these tests share: a telemetry object whose spans and lines can be looked at, and a real HTTP server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor

from observability.light_spans import LightTracerProvider
from observability.logs import LineLogger, LogLine
from observability.metrics import build_registry
from observability.resource import build_resource
from observability.telemetry import Telemetry
from tests.stand_in import StandIn, standing_in


class CollectedSpans(SpanProcessor):
    """Keeps every ended span."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        self.spans.append(span)


@dataclass
class Visible:
    """A telemetry object and what came out of it."""

    telemetry: Telemetry
    collected: CollectedSpans
    lines: list[LogLine]

    @property
    def spans(self) -> dict[str, ReadableSpan]:
        return {span.name: span for span in self.collected.spans}


@pytest.fixture
def visible() -> Visible:
    resource = build_resource("frontend", "chain", "1.0.0")
    provider = LightTracerProvider(resource=resource, shutdown_on_exit=False)
    collected = CollectedSpans()
    provider.add_span_processor(collected)
    lines: list[LogLine] = []
    telemetry = Telemetry(
        "frontend",
        enabled=True,
        logger=LineLogger("frontend", "INFO", [lines.append]),
        registry=build_registry(),
        tracer_provider=provider,
    )
    return Visible(telemetry, collected, lines)


@pytest.fixture
def backend() -> Iterator[StandIn]:
    """Somebody to call, or to send telemetry to."""
    with standing_in() as backend:
        yield backend
