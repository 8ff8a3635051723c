"""The process: opens the store, stands on a port for each API in one event loop, and ends in order on SIGTERM or
Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import errno
import logging
import signal
import socket
import sys
from collections.abc import Iterator

import uvicorn

from .deadline import Deadline
from .start_error import EXIT_PORT, StartError
from .store import Store

logger = logging.getLogger(__name__)

#: Seconds that open connections have to finish when the process ends.
_GRACE_SECONDS = 3


class _Server(uvicorn.Server):
    """Leaves signals to `serve`: several servers share this process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Does nothing."""
        yield


def run(settings: argparse.Namespace) -> int:
    """Runs until told to end; returns the exit code."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    Deadline.longest = settings.query_seconds
    sockets: dict[str, socket.socket] = {}
    try:
        for name in (*settings.apis, *(["otlp"] if "tempo" in settings.apis else [])):
            sockets[name] = _listen(settings.host, getattr(settings, f"{name}_port"), f"--{name}-port")
        store = Store(settings, _address(sockets["prometheus"]) if "prometheus" in sockets else "")
    except StartError as error:
        print(f"telemetry_store: {error}", file=sys.stderr)
        for open_socket in sockets.values():
            open_socket.close()
        return error.exit_code
    try:
        import uvloop

        runner: asyncio.Runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
    except ImportError:
        runner = asyncio.Runner()
    with runner:
        runner.run(_serve(store, sockets))
    return 0


def _address(listener: socket.socket) -> str:
    return "http://{}:{}".format(*listener.getsockname()[:2])


def _listen(host: str, port: int, option: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(1024)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            message = f"port {port} on {host} is in use. Stop what listens there, or choose another {option}."
        else:
            message = f"cannot listen on {host}:{port}: {error.strerror or error}. Check --host and {option}."
        raise StartError(message, EXIT_PORT) from error
    listener.setblocking(False)
    return listener


async def _serve(store: Store, sockets: dict[str, socket.socket]) -> None:
    servers = {
        name: _Server(
            uvicorn.Config(
                application,
                http="httptools",
                # Only Loki's API has a WebSocket: tail.
                ws="wsproto" if name == "loki" else "none",
                lifespan="off",
                log_config=None,
                log_level="warning",
                access_log=False,
                server_header=False,
                timeout_keep_alive=75,
                timeout_graceful_shutdown=_GRACE_SECONDS,
                limit_concurrency=1000,
            )
        )
        for name, application in store.applications().items()
    }

    def end() -> None:
        for server in servers.values():
            server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end)
    serving = [asyncio.create_task(server.serve(sockets=[sockets[name]])) for name, server in servers.items()]
    while not all(server.started for server in servers.values()) and not any(task.done() for task in serving):
        await asyncio.sleep(0.005)
    caring = asyncio.create_task(store.look_after())
    places = (f"{name}={_address(listener)}" for name, listener in sockets.items())
    print("telemetry_store ready: " + " ".join(places), flush=True)
    try:
        await asyncio.gather(*serving)
    finally:
        caring.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await caring
        await asyncio.to_thread(store.close)
        logger.info("ended; everything acknowledged is on disk")


__all__ = ["run"]
