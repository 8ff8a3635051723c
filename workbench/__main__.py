"""`python -m workbench`: serve the page until SIGTERM or SIGINT."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator

import uvicorn
from starlette.types import ASGIApp

from workbench.app import create_app
from workbench.settings import Settings, read_settings

#: Seconds that open connections have to finish when the process ends.
_GRACE_SECONDS = 2


def main() -> None:
    """Ends with status 1 and one line on standard error when a setting or the port cannot be used."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        settings = read_settings(os.environ)
        app = create_app(settings)
    except ValueError as error:
        sys.exit(f"workbench: {error}")
    with contextlib.closing(_listen(settings)) as listener, asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(app, listener))


class _Server(uvicorn.Server):
    """Leaves signals to `_serve`: uvicorn would end by the signal, and not with status 0."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Does nothing."""
        yield


async def _serve(app: ASGIApp, listener: socket.socket) -> None:
    server = _Server(
        uvicorn.Config(
            app,
            http="httptools",
            ws="websockets-sansio",
            ws_per_message_deflate=False,
            lifespan="on",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
    )

    def end() -> None:
        server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end)
    await server.serve(sockets=[listener])


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The quicker one where it exists."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def _listen(settings: Settings) -> socket.socket:
    """Ends the process when that cannot be: SystemExit."""
    host, port = settings.host, settings.port
    try:
        known = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        # `localhost` may be both; everything in the lab says 127.0.0.1.
        family, kind, _, _, address = min(known, key=lambda one: one[0] != socket.AF_INET)
        listener = socket.socket(family, kind)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            sys.exit(f"workbench: port {port} on {host} is in use. Stop what listens there, or set WORKBENCH_PORT")
        sys.exit(f"workbench: cannot listen on {host}:{port}: {error.strerror}. Set WORKBENCH_HOST and WORKBENCH_PORT")
    return listener


if __name__ == "__main__":
    main()
