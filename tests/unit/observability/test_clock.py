"""A clock set apart from the machine's: its time stands on spans and lines, and durations stay true."""

import json
import time

import pytest

from observability.batching import BatchSender
from observability.clock import Clock
from observability.logs import LineLogger, LogLine
from observability.self_metrics import PipelineMetrics
from observability.telemetry import setup
from observability.tracing import ClockedSpanProcessor, SenderSpanProcessor
from tests.stand_in import StandIn

from .conftest import CollectedSpans, Visible

MINUTE = 60_000_000_000


def test_a_clock_agrees_with_the_machine_until_it_is_shifted_and_again_afterwards() -> None:
    clock = Clock()
    assert clock.offset_nanoseconds == 0
    clock.shift(-1.5)
    assert clock.offset_nanoseconds == -1_500_000_000
    clock.shift(0)
    assert clock.offset_nanoseconds == 0


def test_lines_have_the_clocks_time() -> None:
    clock, lines = Clock(), list[LogLine]()
    logger = LineLogger("frontend", "INFO", [lines.append], clock)
    clock.shift(60)
    logger.info("ahead")
    clock.shift(0)
    logger.info("right")
    ahead, right = lines
    assert 59e9 < ahead.time_unix_nano - right.time_unix_nano <= MINUTE


@pytest.mark.parametrize("protocol", ["http/json", "http/protobuf"])
def test_a_span_and_its_events_are_shifted_and_last_as_long_as_they_did(visible: Visible, protocol: str) -> None:
    clock, ended = Clock(), CollectedSpans()
    sender = BatchSender("spans", ended.spans.extend, metrics=PipelineMetrics(None), delay_seconds=0)
    processor = SenderSpanProcessor(sender, clock) if protocol == "http/json" else ClockedSpanProcessor(ended, clock)
    clock.shift(60)
    # The Flask instrumentation tells the start itself.
    span = visible.telemetry.tracer.start_span("frontend_get_user", start_time=1_000)
    span.add_event("cache.miss", timestamp=1_500)
    span.end(2_000)
    processor.on_end(visible.collected.spans[0])
    assert processor.force_flush()
    processor.shutdown()
    (sent,) = ended.spans
    assert (sent.start_time, sent.end_time) == (MINUTE + 1_000, MINUTE + 2_000)
    assert [event.timestamp for event in sent.events] == [MINUTE + 1_500]


def test_a_service_has_one_clock_for_both(backend: StandIn) -> None:
    backend.answer = lambda method, path: (204 if "loki" in path else 200, b"")
    telemetry = setup(
        "frontend",
        namespace="chain",
        version="1.0.0",
        environ={"LOG_CONSOLE": "false", "LOKI_URL": backend.url, "OTEL_EXPORTER_OTLP_ENDPOINT": backend.url},
    )
    telemetry.clock.shift(3600)
    with telemetry.span("frontend_get_user"):
        telemetry.logger.info("Fetching user 123")
    assert telemetry.flush()
    telemetry.shutdown()
    sent = {path: json.loads(body) for _, path, _, body in backend.requests}
    (span,) = sent["/v1/traces"]["resourceSpans"][0]["scopeSpans"][0]["spans"]
    (stream,) = sent["/loki/api/v1/push"]["streams"]
    for nanoseconds in (span["startTimeUnixNano"], span["endTimeUnixNano"], stream["values"][0][0]):
        assert int(nanoseconds) / 1e9 == pytest.approx(time.time() + 3600, abs=60)
