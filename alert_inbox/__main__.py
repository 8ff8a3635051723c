"""`python -m alert_inbox`: serve the inbox until SIGTERM or SIGINT."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from granian import Granian
from granian.constants import Interfaces
from granian.errors import FatalError
from granian.log import LogLevels

from alert_inbox.settings import read_settings

_PARENT_CHECK_SECONDS = 0.5


def main() -> None:
    """Ends with status 1 and one line on standard error when a setting, the port or the file cannot be used."""
    try:
        settings = read_settings(os.environ)
    except ValueError as error:
        sys.exit(str(error))
    try:
        address = _free_address(settings.host, settings.port)
    except OSError as error:
        sys.exit(f"cannot serve the alert inbox on {settings.host}:{settings.port}: {error.strerror}")
    server = Granian(
        "alert_inbox.app:create_app",
        address=address,
        port=settings.port,
        interface=Interfaces.WSGI,
        # One process owns the file and the memory.
        workers=1,
        blocking_threads=4,
        workers_kill_timeout=5,
        log_level=LogLevels.error,
        websockets=False,
    )
    try:
        server.serve(target_loader=partial(_load, os.getpid()), wrap_loader=False)
    except (FatalError, OSError, RuntimeError) as error:
        sys.exit(f"cannot serve the alert inbox on {settings.host}:{settings.port}: {error}")


def _free_address(host: str, port: int) -> str:
    """The IP address of `host`, where nobody listens on `port`. Raises OSError.

    Granian shares a port with whoever else shares it: two inboxes would get half of the notifications each.
    """
    with bound_socket(host, port) as probe:
        return str(probe.getsockname()[0])


def bound_socket(host: str, port: int) -> socket.socket:
    """A TCP socket with this address, which does not listen yet. Raises OSError when somebody else listens there."""
    known = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    # `localhost` may be both; everything in the lab says 127.0.0.1.
    family, kind, _, _, address = min(known, key=lambda one: one[0] != socket.AF_INET)
    bound = socket.socket(family, kind)
    try:
        # Connections of an inbox that has just ended do not count.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except BaseException:
        bound.close()
        raise
    return bound


def _load(parent: int) -> Callable[..., Any]:
    """Make the app, in the worker process."""
    from alert_inbox.app import create_app

    try:
        app = create_app()
    except OSError as error:
        sys.exit(f"ALERT_INBOX_FILE cannot be used: {error}. Name a file in a directory that can be written.")
    threading.Thread(target=_end_with, args=(parent,), name="parent-watch", daemon=True).start()
    return app


def _end_with(parent: int) -> None:
    """End this worker when its parent is gone (kill -9): it would hold the port for ever."""
    while os.getppid() == parent:
        time.sleep(_PARENT_CHECK_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    main()
