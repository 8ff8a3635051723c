"""The store as a whole: for each API that it answers a part, with the storage and what works on it."""

from __future__ import annotations

import argparse
import asyncio
import errno
import fcntl
import logging
import os
import sqlite3
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, Protocol

from prometheus_client import CollectorRegistry
from prometheus_client.registry import Collector
from starlette.types import ASGIApp

from .logs.api import create_logs_app
from .logs.query_language.parser import parse as parse_logql
from .logs.storage import LogStorage
from .metrics.api import create_metrics_app
from .metrics.ingest import Scraper
from .metrics.remote_write_sender import RemoteWriteSender
from .metrics.remote_write_sender_metrics import RemoteWriteCollector
from .metrics.rules.alertmanagers import Notifier
from .metrics.rules.manager import RuleManager
from .metrics.storage import MetricStorage
from .metrics.targets import TargetFiles
from .own_metrics import RulesCollector, StoreCollector, TargetsCollector, create_registry
from .retention import Retention, Storage
from .start_error import EXIT_DATA_DIRECTORY, EXIT_RULES, StartError
from .traces.api import create_otlp_app, create_traces_app
from .traces.generated_metrics.destinations import Destination, OwnStorage
from .traces.generated_metrics.generator import MetricsGenerator
from .traces.generated_metrics.own_metrics import GeneratorCollector
from .traces.query_language.parser import parse as parse_traceql
from .traces.storage import TraceStorage

logger = logging.getLogger(__name__)

#: Seconds after the start, when services beside the store have started as well, until the parsers are made.
_SECONDS_BEFORE_PARSERS = 3.0


class _Part(Protocol):
    """What answers one API."""

    @property
    def storage(self) -> Storage:
        """Where its signal is kept."""

    def collectors(self) -> Iterator[Collector]:
        """What it says about itself, besides what its storage counts."""

    def applications(self, registry: CollectorRegistry) -> dict[str, ASGIApp]:
        """Its applications by the setting that names the port."""

    def chores(self) -> Iterator[Coroutine[Any, Any, None]]:
        """What is to be done as long as the process runs."""

    def close(self) -> None:
        """Writes everything that was acknowledged and closes the files."""


class _Prometheus:
    """Metrics: scraping, rules, alerts."""

    def __init__(self, settings: argparse.Namespace, url: str) -> None:
        self._settings = settings
        self.storage = MetricStorage(settings.data_dir)
        self._scraper = Scraper(self.storage, TargetFiles(settings.targets_file), settings.scrape_interval)
        self._notifier = Notifier(settings.alertmanager_url, settings.external_labels, url)
        self._rules = RuleManager(
            self.storage,
            settings.rule_files,
            settings.evaluation_interval,
            settings.external_labels,
            url,
            self._notifier.send,
        )
        # As Prometheus: later changes that are wrong leave the rules as they were, but at first there are none to keep,
        # and a lab without alerts looks like a healthy one.
        self._rules.load_if_changed()
        if self._rules.error:
            self.close()
            raise StartError(
                f"the rule files cannot be used:\n{self._rules.error}\nMend them, or leave out --rule-files.",
                EXIT_RULES,
            )

    def collectors(self) -> Iterator[Collector]:
        yield RulesCollector(self._rules, self._notifier)
        yield TargetsCollector(self._scraper.targets)

    def applications(self, registry: CollectorRegistry) -> dict[str, ASGIApp]:
        application = create_metrics_app(
            self.storage, self._scraper, self._rules, self._notifier, registry, self._settings
        )
        return {"prometheus": application}

    def chores(self) -> Iterator[Coroutine[Any, Any, None]]:
        yield self._scraper.run()
        yield self._rules.run()

    def close(self) -> None:
        self._scraper.close()
        self._rules.close()
        self._notifier.close()
        self.storage.close()


class _Loki:
    """Log lines."""

    def __init__(self, settings: argparse.Namespace) -> None:
        self._discover_levels: bool = settings.discover_log_levels
        self.storage = LogStorage(settings.data_dir)

    def collectors(self) -> Iterator[Collector]:
        yield from ()

    def applications(self, registry: CollectorRegistry) -> dict[str, ASGIApp]:
        return {"loki": create_logs_app(self.storage, registry, self._discover_levels)}

    def chores(self) -> Iterator[Coroutine[Any, Any, None]]:
        yield _make_parser(parse_logql, '{a="b"}')

    def close(self) -> None:
        self.storage.close()


class _Tempo:
    """Spans, and the metrics made from them: for the store's own Prometheus API, for a real one, or for both."""

    def __init__(self, settings: argparse.Namespace, metrics: MetricStorage | None) -> None:
        self.storage = TraceStorage(settings.data_dir)
        url, interval = settings.generated_metrics_remote_write, settings.generated_metrics_interval
        self._sender = RemoteWriteSender(url) if url and interval else None
        destinations: list[Destination] = [OwnStorage(metrics)] if metrics else []
        if self._sender:
            destinations.append(self._sender)
        self._generator = (
            MetricsGenerator(destinations, interval, settings.service_graph_buckets)
            if destinations and interval
            else None
        )
        if interval and not destinations:
            logger.warning("no metrics are made from spans: --generated-metrics-remote-write says where they go")

    def collectors(self) -> Iterator[Collector]:
        if self._generator:
            yield GeneratorCollector(self._generator)
        if self._sender:
            yield RemoteWriteCollector(self._sender)

    def applications(self, registry: CollectorRegistry) -> dict[str, ASGIApp]:
        on_stored = self._generator.offer if self._generator else None
        return {"tempo": create_traces_app(self.storage, registry), "otlp": create_otlp_app(self.storage, on_stored)}

    def chores(self) -> Iterator[Coroutine[Any, Any, None]]:
        yield _make_parser(parse_traceql, "{}")

    def close(self) -> None:
        if self._generator:
            self._generator.close()
        if self._sender:
            self._sender.close()
        self.storage.close()


class Store:
    """The parts that the settings ask for, and what looks after them."""

    def __init__(self, settings: argparse.Namespace, prometheus_url: str = "") -> None:
        """Opens the storages; `prometheus_url` is where the Prometheus API will be. Raises StartError."""
        directory: Path = settings.data_dir
        prometheus: _Prometheus | None = None
        loki: _Loki | None = None
        tempo: _Tempo | None = None
        try:
            directory.mkdir(parents=True, exist_ok=True)
            self._lock = _lock(directory)
            if "prometheus" in settings.apis:
                prometheus = _Prometheus(settings, settings.external_url or prometheus_url)
            if "loki" in settings.apis:
                loki = _Loki(settings)
            if "tempo" in settings.apis:
                tempo = _Tempo(settings, prometheus.storage if prometheus else None)
        except (OSError, sqlite3.Error) as error:
            raise StartError(
                f"cannot open the databases in {directory}: {error}. "
                "Check that the directory can be written and that no other store uses it, or choose another "
                "--data-dir.",
                EXIT_DATA_DIRECTORY,
            ) from error
        counts = StoreCollector(
            prometheus.storage if prometheus else None, loki.storage if loki else None, tempo.storage if tempo else None
        )
        # Tempo's closes first: it may still have metrics for Prometheus'.
        self._parts: list[_Part] = [part for part in (tempo, loki, prometheus) if part is not None]
        self._registry = create_registry(counts, *(each for part in self._parts for each in part.collectors()))
        self._retention = Retention(
            [part.storage for part in self._parts], settings.retention_hours, settings.retention_megabytes
        )

    def applications(self) -> dict[str, ASGIApp]:
        """The application of every port, by the setting that names the port."""
        return {name: app for part in self._parts for name, app in part.applications(self._registry).items()}

    async def look_after(self) -> None:
        """Scrapes, evaluates rules and forgets until cancelled; each storage packs by itself."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._retention.run())
            for part in self._parts:
                for chore in part.chores():
                    tasks.create_task(chore)

    def close(self) -> None:
        """Writes everything that was acknowledged and closes the files."""
        for part in self._parts:
            part.close()
        os.close(self._lock)


async def _make_parser(parse: Callable[[str], object], query: str) -> None:
    """Makes a parser's tables while nobody waits for them: the first query would take half a second longer."""
    await asyncio.sleep(_SECONDS_BEFORE_PARSERS)
    await asyncio.to_thread(parse, query)


def _lock(directory: Path) -> int:
    """Keeps a second store out of the directory for as long as this process lives. Raises OSError."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise OSError(errno.EBUSY, "another telemetry_store is using it") from None
    return descriptor
