"""Serves an ASGI app with uvicorn until SIGTERM or SIGINT, in this process. WSGI apps: `serving.py`."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn

from observability.binding import bound_socket

#: Seconds that open connections have to finish when the process ends.
_GRACE_SECONDS = 2
#: So long an idle connection is kept. More than a scrape interval: at exactly that (uvicorn's 5 s) whoever scrapes asks
#: on a connection that is being closed, now and then, and finds the service gone.
KEPT_SECONDS = 75
#: A client that does not answer a ping in time is gone.
_PING_SECONDS = 20.0


def serve_asgi(make_app: Callable[[], Any], host: str, port: int, *, largest_message_bytes: int = 4096) -> None:
    """Exits with status 1 and one line on standard error when a setting or the port cannot be used.

    `largest_message_bytes`: what a WebSocket's client may send at once.
    """
    try:
        listener = bound_socket(host, port)
    except OSError as error:
        sys.exit(f"cannot serve on {host}:{port}: {error.strerror}")
    with contextlib.closing(listener):
        try:
            app = make_app()
        except ValueError as error:
            sys.exit(str(error))
        asyncio.run(_serve(app, listener, largest_message_bytes))


class _Server(uvicorn.Server):
    """Leaves signals to `_serve`: uvicorn would end by the signal, and not with status 0."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _serve(app: Any, listener: socket.socket, largest_message_bytes: int) -> None:
    server = _Server(
        uvicorn.Config(
            app,
            http="httptools",
            ws="websockets-sansio",
            ws_max_size=largest_message_bytes,
            ws_ping_interval=_PING_SECONDS,
            ws_ping_timeout=_PING_SECONDS,
            # Compression costs more than the loopback.
            ws_per_message_deflate=False,
            lifespan="on",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=KEPT_SECONDS,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
    )

    def end() -> None:
        server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end)
    await server.serve(sockets=[listener])
    if not server.started:
        sys.exit("the app could not start")
