"""`python -m workbench`: serve the page until SIGTERM or SIGINT."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import socket
import sys

import uvicorn

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
    with contextlib.closing(_listen(settings)) as listener:
        server = uvicorn.Server(
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
        with contextlib.suppress(KeyboardInterrupt):
            server.run(sockets=[listener])


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
    listener.set_inheritable(True)
    return listener


if __name__ == "__main__":
    main()
