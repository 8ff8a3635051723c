"""The pipeline's promise: nothing blocks, nothing is lost silently, and what was down is caught up with."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from prometheus_client import CollectorRegistry

from observability.batching import BatchSender, Rejected
from observability.self_metrics import PipelineMetrics


def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.005)


class Destination:
    """Takes batches; can be down, or refuse."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.error: Exception | None = None
        self.attempts = 0

    def send(self, batch: list[int]) -> None:
        self.attempts += 1
        if self.error:
            raise self.error
        self.batches.append(list(batch))

    @property
    def items(self) -> list[int]:
        return [item for batch in self.batches for item in batch]


class Pipeline:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.metrics = PipelineMetrics(self.registry)
        self.destination = Destination()
        self.senders: list[BatchSender[int]] = []

    def sender(self, **options: float) -> BatchSender[int]:
        sender = BatchSender("logs", self.destination.send, metrics=self.metrics, **{"delay_seconds": 0.01, **options})  # type: ignore[arg-type]
        self.senders.append(sender)
        return sender

    def counts(self) -> dict[str, float]:
        value = self.registry.get_sample_value
        names = {
            "emitted": ("lab_telemetry_emitted_total", {"signal": "logs"}),
            "sent": ("lab_telemetry_sent_total", {"signal": "logs"}),
            "queue_full": ("lab_telemetry_dropped_total", {"signal": "logs", "reason": "queue_full"}),
            "rejected": ("lab_telemetry_dropped_total", {"signal": "logs", "reason": "rejected"}),
            "shutdown": ("lab_telemetry_dropped_total", {"signal": "logs", "reason": "shutdown"}),
        }
        return {key: value(name, labels) or 0 for key, (name, labels) in names.items()}


@pytest.fixture
def pipeline() -> Iterator[Pipeline]:
    pipeline = Pipeline()
    yield pipeline
    pipeline.destination.error = None
    for sender in pipeline.senders:
        sender.shutdown()
    until(lambda: "telemetry-logs" not in {thread.name for thread in threading.enumerate()})


def test_items_arrive_in_order_and_in_batches_of_at_most_the_size(pipeline: Pipeline) -> None:
    sender = pipeline.sender(batch_size=10)
    for item in range(95):
        sender.put(item)
    assert sender.flush()
    assert pipeline.destination.items == list(range(95))
    assert max(map(len, pipeline.destination.batches)) <= 10
    assert pipeline.counts() == {"emitted": 95, "sent": 95, "queue_full": 0, "rejected": 0, "shutdown": 0}


def test_items_leave_without_a_flush(pipeline: Pipeline) -> None:
    pipeline.sender().put(1)
    until(lambda: pipeline.destination.items == [1])


def test_what_waits_during_an_outage_is_delivered_afterwards(pipeline: Pipeline) -> None:
    pipeline.destination.error = ConnectionError("down")
    sender = pipeline.sender()
    for item in range(5):
        sender.put(item)
    until(lambda: pipeline.destination.attempts >= 2)
    assert pipeline.destination.items == []
    pipeline.destination.error = None
    until(lambda: pipeline.destination.items == [0, 1, 2, 3, 4])
    assert pipeline.counts() == {"emitted": 5, "sent": 5, "queue_full": 0, "rejected": 0, "shutdown": 0}


def test_a_full_queue_drops_the_oldest_and_counts_them(pipeline: Pipeline) -> None:
    pipeline.destination.error = ConnectionError("down")
    sender = pipeline.sender(queue_size=10, batch_size=10, delay_seconds=60)
    for item in range(25):
        sender.put(item)
    pipeline.destination.error = None
    assert sender.flush()
    assert pipeline.destination.items == list(range(15, 25))
    assert pipeline.counts() == {"emitted": 25, "sent": 10, "queue_full": 15, "rejected": 0, "shutdown": 0}


def test_a_refused_batch_is_dropped_and_counted_and_does_not_hold_up_the_next(pipeline: Pipeline) -> None:
    pipeline.destination.error = Rejected("400: bad line")
    sender = pipeline.sender()
    sender.put(1)
    until(lambda: pipeline.counts()["rejected"] == 1)
    pipeline.destination.error = None
    sender.put(2)
    until(lambda: pipeline.destination.items == [2])


def test_shutdown_delivers_what_is_queued(pipeline: Pipeline) -> None:
    sender = pipeline.sender(delay_seconds=60)
    for item in range(3):
        sender.put(item)
    sender.shutdown()
    assert pipeline.destination.items == [0, 1, 2]


def test_shutdown_with_the_backend_down_ends_and_counts_what_is_left(pipeline: Pipeline) -> None:
    pipeline.destination.error = ConnectionError("down")
    sender = pipeline.sender(delay_seconds=60, batch_size=2)
    for item in range(3):
        sender.put(item)
    sender.shutdown(timeout_seconds=0.2)
    assert pipeline.counts()["shutdown"] == 3
    assert pipeline.counts()["emitted"] == 3


def test_put_does_not_block_while_the_backend_hangs(pipeline: Pipeline) -> None:
    entered, released = threading.Event(), threading.Event()

    def hang(batch: list[int]) -> None:
        entered.set()
        released.wait(30)

    sender = BatchSender("logs", hang, metrics=pipeline.metrics, delay_seconds=0.01)
    pipeline.senders.append(sender)
    sender.put(0)
    assert entered.wait(10)
    for item in range(1000):
        sender.put(item)
    assert not sender.flush(timeout_seconds=0.05)
    released.set()
