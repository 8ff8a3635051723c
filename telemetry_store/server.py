"""The process: opens the storages, stands on four ports in one event loop, and ends in order on SIGTERM or Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import errno
import fcntl
import logging
import os
import signal
import socket
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from .deadline import Deadline
from .logs.api import create_logs_app
from .logs.query_language.parser import parse as parse_logql
from .logs.storage import LogStorage
from .metrics.api import create_metrics_app
from .metrics.ingest import Scraper
from .metrics.rules.alertmanagers import Notifier
from .metrics.rules.manager import RuleManager
from .metrics.storage import MetricStorage
from .metrics.targets import TargetsFile
from .own_metrics import create_registry
from .retention import Retention
from .traces.api import create_otlp_app, create_traces_app
from .traces.generated_metrics.generator import MetricsGenerator
from .traces.generated_metrics.own_metrics import GeneratorCollector
from .traces.query_language.parser import parse as parse_traceql
from .traces.storage import TraceStorage

logger = logging.getLogger(__name__)

#: Exit codes, after sysexits.h: a port is in use, the data directory cannot be written.
EXIT_PORT = 69
EXIT_DATA_DIRECTORY = 73

#: Seconds after the start, when services beside the store have started as well, until the parsers are made.
_SECONDS_BEFORE_PARSERS = 3.0

#: Seconds that open connections have to finish when the process ends.
_GRACE_SECONDS = 3


class StartError(Exception):
    """The process cannot start; the message says why and what to do."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class _Server(uvicorn.Server):
    """Leaves signals to `serve`: four servers share this process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Does nothing."""
        yield


class Store:
    """The three storages and what looks after them."""

    def __init__(
        self, data_directory: Path, targets_file: Path | None, settings: argparse.Namespace, prometheus_url: str = ""
    ) -> None:
        self._settings = settings
        try:
            data_directory.mkdir(parents=True, exist_ok=True)
            self._lock = _lock(data_directory)
            self.metrics = MetricStorage(data_directory)
            self.logs = LogStorage(data_directory)
            self.traces = TraceStorage(data_directory)
        except (OSError, sqlite3.Error) as error:
            raise StartError(
                f"cannot open the databases in {data_directory}: {error}. "
                "Check that the directory can be written and that no other store uses it, or choose another "
                "--data-dir.",
                EXIT_DATA_DIRECTORY,
            ) from error
        self.scraper = Scraper(self.metrics, TargetsFile(targets_file), settings.scrape_interval)
        url = settings.external_url or prometheus_url
        self.notifier = Notifier(settings.alertmanager_url, settings.external_labels, url)
        self.rules = RuleManager(
            self.metrics,
            settings.rule_files,
            settings.evaluation_interval,
            settings.external_labels,
            url,
            self.notifier.send,
        )
        self.generator = (
            MetricsGenerator(self.metrics, settings.generated_metrics_interval)
            if settings.generated_metrics_interval
            else None
        )
        self.retention = Retention(
            (self.metrics, self.logs, self.traces), settings.retention_hours, settings.retention_megabytes
        )

    def applications(self) -> dict[str, ASGIApp]:
        """The application of every port, by the setting that names the port."""
        registry = create_registry(self.metrics, self.logs, self.traces, self.rules, self.notifier)
        if self.generator:
            registry.register(GeneratorCollector(self.generator))
        return {
            "prometheus": create_metrics_app(
                self.metrics, self.scraper, self.rules, self.notifier, registry, self._settings
            ),
            "loki": create_logs_app(self.logs, self._settings.discover_log_levels),
            "tempo": create_traces_app(self.traces),
            "otlp": create_otlp_app(self.traces, self.generator.offer if self.generator else None),
        }

    async def look_after(self) -> None:
        """Scrapes, evaluates rules and forgets until cancelled; each storage packs by itself."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.scraper.run())
            tasks.create_task(self.rules.run())
            tasks.create_task(self.retention.run())
            tasks.create_task(_make_parsers())

    def close(self) -> None:
        """Writes everything that was acknowledged and closes the files."""
        self.scraper.close()
        self.rules.close()
        self.notifier.close()
        if self.generator:
            self.generator.close()
        for storage in (self.metrics, self.logs, self.traces):
            storage.close()
        os.close(self._lock)


async def _make_parsers() -> None:
    """Makes the tables of the parsers while nobody waits for them: the first query would take half a second longer."""
    await asyncio.sleep(_SECONDS_BEFORE_PARSERS)
    await asyncio.to_thread(parse_logql, '{a="b"}')
    await asyncio.to_thread(parse_traceql, "{}")


def run(settings: argparse.Namespace) -> int:
    """Runs until told to end; returns the exit code."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    Deadline.longest = settings.query_seconds
    sockets: dict[str, socket.socket] = {}
    try:
        for name in ("prometheus", "loki", "tempo", "otlp"):
            sockets[name] = _listen(settings.host, getattr(settings, f"{name}_port"), f"--{name}-port")
        prometheus_url = "http://{}:{}".format(*sockets["prometheus"].getsockname()[:2])
        store = Store(settings.data_dir, settings.targets_file, settings, prometheus_url)
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


def _lock(directory: Path) -> int:
    """Keeps a second store out of the directory for as long as this process lives. Raises OSError."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise OSError(errno.EBUSY, "another telemetry_store is using it") from None
    return descriptor


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
    places = {name: "http://{}:{}".format(*listener.getsockname()[:2]) for name, listener in sockets.items()}
    print("telemetry_store ready: " + " ".join(f"{name}={url}" for name, url in places.items()), flush=True)
    try:
        await asyncio.gather(*serving)
    finally:
        caring.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await caring
        await asyncio.to_thread(store.close)
        logger.info("ended; everything acknowledged is on disk")


__all__ = ["EXIT_DATA_DIRECTORY", "EXIT_PORT", "StartError", "Store", "run"]
