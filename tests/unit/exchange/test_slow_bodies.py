"""Bodies that do not come: somebody waits for them, but not everybody."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed

import flask
import pytest
from werkzeug.exceptions import RequestEntityTooLarge

from observability.errors import RequestError
from systems.exchange.client_gateway.slow_bodies import SlowBodies

LARGEST = 200_000


class Trickle(io.RawIOBase):
    """Gives what it has, and then lets whoever reads wait until the asker has gone."""

    def __init__(self, content: bytes) -> None:
        self._content = io.BytesIO(content)
        self.gone = threading.Event()

    def read(self, size: int | None = -1, /) -> bytes:
        if block := self._content.read(size):
            return block
        self.gone.wait(20)
        return b""


Receive = Callable[[SlowBodies, io.RawIOBase | io.BytesIO], bytes]


@pytest.fixture
def receive() -> Receive:
    app = flask.Flask("bodies")
    app.config["MAX_CONTENT_LENGTH"] = LARGEST

    def receive(bodies: SlowBodies, stream: io.RawIOBase | io.BytesIO) -> bytes:
        """What a route reads afterwards of a body that has not said how long it is."""
        overrides = {"wsgi.input": stream, "wsgi.input_terminated": True}
        with app.test_request_context(method="POST", environ_overrides=overrides):
            bodies.receive(flask.request)
            return flask.request.get_data()

    return receive


@pytest.fixture
def trickle() -> Iterator[Trickle]:
    trickle = Trickle(b'{"half": ')
    yield trickle
    trickle.gone.set()


@pytest.mark.parametrize("content", [b"", b"{}", b"x" * LARGEST])
def test_a_body_that_is_there_is_read_as_it_is(receive: Receive, content: bytes) -> None:
    assert receive(SlowBodies(at_once=1), io.BytesIO(content)) == content


def test_a_body_that_is_too_large_is_refused_and_not_cut_off(receive: Receive) -> None:
    stream = io.BytesIO(b"x" * 10 * LARGEST)
    with pytest.raises(RequestEntityTooLarge):
        receive(SlowBodies(at_once=1), stream)
    # Nobody has read the rest.
    assert stream.tell() < 2 * LARGEST


def test_what_comes_late_is_still_read(receive: Receive, trickle: Trickle) -> None:
    threading.Timer(0.3, trickle.gone.set).start()
    assert receive(SlowBodies(at_once=1), trickle) == b'{"half": '


def test_only_so_many_are_waited_for_and_nobody_after_that(receive: Receive, trickle: Trickle) -> None:
    bodies = SlowBodies(at_once=2)
    with ThreadPoolExecutor(6) as pool:
        slow = [pool.submit(receive, bodies, trickle) for _ in range(6)]
        ended = as_completed(slow, timeout=20)
        refusals = [next(ended).exception() for _ in range(4)]
        with pytest.raises(RequestError, match="too many"):
            receive(bodies, io.BytesIO(b"{}"))
        trickle.gone.set()
        waited = [next(ended).exception() for _ in range(2)]
    assert [refusal.status for refusal in refusals if isinstance(refusal, RequestError)] == [503] * 4
    assert waited == [None, None]
    # Each has given its turn back.
    assert [receive(bodies, io.BytesIO(b"{}")) for _ in range(3)] == [b"{}"] * 3
