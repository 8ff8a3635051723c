"""Serves a WSGI app with granian: one worker in the process that begins, or several below a parent that stays small.

The app, and with it every telemetry thread, is made inside each worker, never before a fork. This module imports
nothing of OpenTelemetry or prometheus-client, because such a parent must not: prometheus-client decides when it is
imported whether several processes share their metrics.
"""

from __future__ import annotations

import atexit
import gc
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from granian.constants import Interfaces
from granian.errors import FatalError
from granian.log import LogLevels
from granian.server.mp import MPServer

from observability.binding import bound_socket

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
    if workers == 1:
        _serve_here(target, address, port, threads)
    metrics_directory = _share_metrics()
    server = _server(MPServer, target, address, port, workers, threads)
    try:
        server.serve(target_loader=partial(_load_below, target, os.getpid()), wrap_loader=False)
    except (FatalError, OSError, RuntimeError) as error:
        sys.exit(_cannot_serve(target, address, port, error))
    finally:
        if metrics_directory:
            shutil.rmtree(metrics_directory, ignore_errors=True)


def _server(kind: type[MPServer], target: str, address: str, port: int, workers: int, threads: int) -> MPServer:
    return kind(
        target,
        address=address,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=threads,
        respawn_failed_workers=True,
        respawn_interval=0.5,
        workers_kill_timeout=5,
        log_level=LogLevels.error,
        websockets=False,
    )


class _WithoutParent(MPServer):
    """Its only worker is the process that serves: a parent would be 16 MB, and another process to start and to end,
    for a respawn that whoever supervises the service does anyway."""

    def _serve(self, spawn_target: Callable[..., None], target_loader: Callable[[], Any]) -> None:
        self._init_shared_socket()  # type: ignore[no-untyped-call]
        self._start_ipc()  # type: ignore[no-untyped-call]
        # What the worker's process would do, done here. It returns after SIGTERM or SIGINT.
        self._spawn_worker(0, spawn_target, target_loader).inner.run()


def _serve_here(target: str, address: str, port: int, threads: int) -> NoReturn:
    # Until granian takes the signals over: who is asked to end while it starts has nothing to finish.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end_at_once)
    app = _load(target)
    try:
        server = _server(_WithoutParent, target, address, port, 1, threads)
        server.serve(target_loader=lambda: app, wrap_loader=False)
    except (FatalError, OSError, RuntimeError) as error:
        sys.exit(_cannot_serve(target, address, port, error))
    # Telemetry is delivered, threads are stopped. Python itself is not taken down: granian's threads still use it.
    atexit._run_exitfuncs()
    sys.stdout.flush()
    os._exit(0)


def _end_at_once(number: int, frame: FrameType | None) -> NoReturn:
    sys.exit(0)


def _cannot_serve(target: str, address: str, port: int, error: Exception) -> str:
    return f"cannot serve {target} on {address}:{port}: {error}"


def _free_address(host: str, port: int) -> str:
    """The IP address of `host`, where nobody listens on `port`. Raises OSError.

    Granian shares a port with whoever else shares it: two services would get some of the requests each.
    """
    with bound_socket(host, port) as probe:
        return str(probe.getsockname()[0])


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


def _load_below(target: str, parent: int) -> Callable[..., Any]:
    """Make the app, in a worker that has a parent."""
    app = _load(target)
    threading.Thread(target=_end_with, args=(parent,), name="parent-watch", daemon=True).start()
    return app


def _load(target: str) -> Callable[..., Any]:
    """Make the app, in the process that will serve it."""
    module, _, factory = target.partition(":")
    app: Callable[..., Any] = getattr(import_module(module), factory)()
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
