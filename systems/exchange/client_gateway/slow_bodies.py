"""Bodies that come slowly, or never: they must not take the threads that everybody else's requests need.

The server hands a request over as soon as its head is there; whoever reads the body waits for it, and cannot give up.
So only some of the threads may. Bodies of the exchange are short and there at once, and have no need to wait for their
turn, unless somebody keeps it who sends nothing: what has a body is then refused, and all else goes on.
"""

from __future__ import annotations

import threading
from io import BytesIO
from typing import IO

import flask
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wsgi import get_input_stream

from observability.errors import RequestError

#: How long it is waited for a turn: many times what it takes to read a body that is there.
_TURN_SECONDS = 0.25
_BLOCK_BYTES = 64 * 1024


class SlowBodies:
    """Receives bodies. Safe to use from several threads. `at_once`: threads that may read at the same time."""

    def __init__(self, *, at_once: int) -> None:
        self._turns = threading.BoundedSemaphore(at_once)

    def receive(self, request: flask.Request) -> None:
        """Afterwards the request's body can be read without waiting.

        Raises RequestError (503) when others keep all turns, and RequestEntityTooLarge for a body that is too large,
        whether or not its head says so.
        """
        largest = request.max_content_length
        assert largest is not None, "every app of ours has a largest body"
        if (request.content_length or 0) > largest:
            raise RequestEntityTooLarge
        if not self._turns.acquire(timeout=_TURN_SECONDS):
            raise RequestError(
                503,
                "too_many_slow_bodies",
                "the bodies of too many requests are still on their way",
                "try again in a moment, and send the body together with the head",
            )
        try:
            body = _read(get_input_stream(request.environ), largest)
        finally:
            self._turns.release()
        request.environ["wsgi.input"] = BytesIO(body)


def _read(stream: IO[bytes], largest: int) -> bytes:
    blocks: list[bytes] = []
    size = 0
    while block := stream.read(_BLOCK_BYTES):
        blocks.append(block)
        size += len(block)
        if size > largest:
            raise RequestEntityTooLarge
    return b"".join(blocks)
