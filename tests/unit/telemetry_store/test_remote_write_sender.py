"""The sender of remote write beside a receiver that fails: order, what is tried again, what is given up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from telemetry_store.metrics import remote_write
from telemetry_store.metrics.exposition import Exemplar, Labels
from telemetry_store.metrics.pushes import Push
from telemetry_store.metrics.remote_write_sender import SAMPLES_PER_REQUEST, RemoteWriteSender

NOW = 1_700_000_000_000


class Receiver:
    """Answers with the next of `statuses`, then with 204, and keeps what it took."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.taken: list[Push] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = outer.statuses.pop(0) if outer.statuses else 204
                if status == 204:
                    outer.taken.append(remote_write.decode_v1(remote_write.decompress(body)))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Says nothing."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/api/v1/write"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def receive() -> Iterator[Callable[..., Receiver]]:
    receivers: list[Receiver] = []

    def start(*statuses: int) -> Receiver:
        receivers.append(Receiver(*statuses))
        return receivers[-1]

    yield start
    for receiver in receivers:
        receiver.close()


def labels(number: int) -> Labels:
    return (("__name__", "calls_total"), ("number", str(number)))


def take(sender: RemoteWriteSender, count: int, at: int = NOW) -> None:
    sender.take([(labels(number), float(number), at) for number in range(count)], ())


def settle(sender: RemoteWriteSender) -> None:
    deadline = time.monotonic() + 10
    while sender.samples.pending:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_samples_and_exemplars_arrive_as_they_were(receive: Callable[..., Receiver]) -> None:
    receiver = receive()
    sender = RemoteWriteSender(receiver.url)
    exemplar = Exemplar(labels(1), (("traceID", "abc"),), 0.25, NOW)
    sender.take([(labels(1), 1.5, NOW), (labels(2), 0.0, NOW)], [exemplar])
    settle(sender)
    sender.close()
    (push,) = receiver.taken
    assert push.series == [labels(1), labels(2)]
    assert (push.times.tolist(), push.values.tolist()) == ([NOW, NOW], [1.5, 0.0])
    assert push.exemplars == [exemplar]
    assert (sender.samples.sent, sender.exemplars.sent, sender.newest_sent) == (2, 1, NOW)


def test_what_lies_before_the_newest_goes_by_itself_and_first(receive: Callable[..., Receiver]) -> None:
    receiver = receive(400)
    sender = RemoteWriteSender(receiver.url)
    sender.take([(labels(1), 0.0, NOW - 30_000), (labels(1), 5.0, NOW)], ())
    settle(sender)
    sender.close()
    assert [push.values.tolist() for push in receiver.taken] == [[5.0]]
    assert (sender.samples.failed, sender.samples.sent) == (1, 1)


def test_many_samples_are_several_requests(receive: Callable[..., Receiver]) -> None:
    receiver = receive()
    sender = RemoteWriteSender(receiver.url)
    take(sender, 2 * SAMPLES_PER_REQUEST + 1)
    settle(sender)
    sender.close()
    assert [len(push.series) for push in receiver.taken] == [SAMPLES_PER_REQUEST, SAMPLES_PER_REQUEST, 1]


def test_a_failing_receiver_gets_everything_later_and_in_order(receive: Callable[..., Receiver]) -> None:
    receiver = receive(503, 500, 502)
    sender = RemoteWriteSender(receiver.url)
    for number in range(3):
        take(sender, 10, NOW + number)
    settle(sender)
    sender.close()
    assert [push.times.tolist()[0] for push in receiver.taken] == [NOW, NOW + 1, NOW + 2]
    assert (sender.samples.sent, sender.samples.retried, sender.samples.dropped) == (30, 30, 0)


@pytest.mark.parametrize("status", [400, 404, 415, 302])
def test_what_is_refused_for_good_is_not_sent_again(receive: Callable[..., Receiver], status: int) -> None:
    receiver = receive(status)
    sender = RemoteWriteSender(receiver.url)
    take(sender, 4)
    take(sender, 6, NOW + 1)
    settle(sender)
    sender.close()
    assert (sender.samples.failed, sender.samples.sent, sender.samples.retried) == (4, 6, 0)


def test_when_too_much_waits_the_oldest_go() -> None:
    # Nobody listens there.
    sender = RemoteWriteSender("http://127.0.0.1:9/api/v1/write", queue_bytes=2_000)
    begin = time.monotonic()
    for number in range(200):
        take(sender, 50, NOW + number)
    assert time.monotonic() - begin < 30
    assert 0 < sender.samples.pending < 2_000
    assert sender.samples.dropped + sender.samples.pending == sender.samples.offered == 10_000
    sender.close()
    assert sender.samples.sent == 0
