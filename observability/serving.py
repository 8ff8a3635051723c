"""Serves a WSGI app with granian: a parent process that stays small, and worker processes that make the app.

The app, and with it every telemetry thread, is made inside each worker, never before a fork. This module imports
nothing of OpenTelemetry or prometheus-client, because the parent must not: prometheus-client decides when it is
imported whether several processes share their metrics.
"""

from __future__ import annotations

import gc
import os
import shutil
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from granian import Granian
from granian.constants import Interfaces
from granian.errors import FatalError
from granian.log import LogLevels

_PARENT_CHECK_SECONDS = 0.5
_MULTIPROC_DIR = "PROMETHEUS_MULTIPROC_DIR"


def serve(target: str, host: str, port: int, workers: int = 1, threads: int = 8) -> None:
    """Serve until SIGTERM or SIGINT. `target` is `package.module:factory`; the factory is called in each worker.

    Exits with status 1 and one line on standard error when the port cannot be bound or a worker cannot start.
    """
    try:
        address = _free_address(host, port)
    except OSError as error:
        sys.exit(f"cannot serve {target} on {host}:{port}: {error.strerror}")
    metrics_directory = _share_metrics() if workers > 1 else None
    server = Granian(
        target,
        address=address,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=threads,
        # With one worker the whole service ends with it, and whoever supervises it starts it again.
        respawn_failed_workers=workers > 1,
        respawn_interval=0.5,
        workers_kill_timeout=5,
        log_level=LogLevels.error,
        websockets=False,
    )
    try:
        server.serve(target_loader=partial(_load, target, os.getpid()), wrap_loader=False)
    except (FatalError, OSError, RuntimeError) as error:
        sys.exit(f"cannot serve {target} on {host}:{port}: {error}")
    finally:
        if metrics_directory:
            shutil.rmtree(metrics_directory, ignore_errors=True)


def _free_address(host: str, port: int) -> str:
    """The IP address of `host`, where nobody listens on `port`. Raises OSError.

    Granian shares a port with whoever else shares it: two services would get some of the requests each.
    """
    known = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    # `localhost` may be both; everything in the lab says 127.0.0.1.
    family, kind, _, _, address = min(known, key=lambda one: one[0] != socket.AF_INET)
    with socket.socket(family, kind) as probe:
        # Connections of a service that has just ended do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
    return str(address[0])


def _share_metrics() -> str | None:
    """Let the workers share their metrics in an empty directory; its name when it has to be removed at the end.

    `PROMETHEUS_MULTIPROC_DIR` may name one. What an earlier run left there would be counted as a worker's.
    """
    if _MULTIPROC_DIR not in os.environ:
        directory = os.environ[_MULTIPROC_DIR] = tempfile.mkdtemp(prefix="lab-metrics-")
        return directory
    named = Path(os.environ[_MULTIPROC_DIR])
    named.mkdir(parents=True, exist_ok=True)
    for left_over in named.glob("*.db"):
        left_over.unlink()
    return None


def _load(target: str, parent: int) -> Callable[..., Any]:
    """Make the app, in a worker."""
    module, _, factory = target.partition(":")
    app: Callable[..., Any] = getattr(import_module(module), factory)()
    threading.Thread(target=_end_with, args=(parent,), name="parent-watch", daemon=True).start()
    # What exists now lives as long as the process: keep the garbage collector from walking it at every collection.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    # Requests give the interpreter lock away by themselves whenever they wait; taking it away every 5 ms only makes
    # the threads that encode telemetry and those that answer swap places more often.
    sys.setswitchinterval(0.01)
    return app


def _end_with(parent: int) -> None:
    """End this worker when its parent is gone (kill -9): it would hold the port for ever."""
    while os.getppid() == parent:
        time.sleep(_PARENT_CHECK_SECONDS)
    os._exit(1)
