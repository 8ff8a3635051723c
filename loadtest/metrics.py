"""A Locust plugin: serves what Locust counts as metrics, and announces itself to whoever scrapes the lab.

Loaded beside a load test (`locust -f loadtest/chain.py,loadtest/metrics.py`); works headless, with Locust's page, and
on the master of a distributed run. It is told by environment variables, and nothing that goes wrong here stops it:

LOADTEST_METRICS_ADDRESS  where to listen; when another load test has that port, a free one is taken
LOADTEST_METRICS_TARGET   how scrapers reach it, where that is another address, as in a container
LOADTEST_TARGETS_DIR      where to announce itself, in the form of Prometheus' file_sd; without it, nowhere
"""

from __future__ import annotations

import atexit
import errno
import json
import logging
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from gevent.event import Event  # type: ignore[import-untyped]  # it has no types
from gevent.pywsgi import WSGIServer  # type: ignore[import-untyped]  # nor has this
from locust import events
from locust.env import Environment
from locust.runners import WorkerRunner
from locust.stats import StatsEntry
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

ADDRESS_VARIABLE = "LOADTEST_METRICS_ADDRESS"
TARGET_VARIABLE = "LOADTEST_METRICS_TARGET"
DIRECTORY_VARIABLE = "LOADTEST_TARGETS_DIR"

DEFAULT_ADDRESS = "127.0.0.1:8090"

#: The file of the load test that has the port it asked for; another's carries its port in the name.
FILE_NAME = "loadtest.json"

#: Upper bounds in seconds: with all those of the systems' own histograms, so that one can be laid over the other.
BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.25, 0.35, 0.5, 0.75, 1.0, 2.5, 5.0)

#: How long the last numbers wait to be scraped: two intervals of 5 s and a moment.
PATIENCE_SECONDS = 12.0

logger = logging.getLogger("loadtest.metrics")

#: Name and method of a request.
Key = tuple[str, str]


class LoadMetrics(Collector):
    """Locust's statistics as one scraper sees them.

    What it sees for the first time begins at 0: a counter that appears with a value has not risen, as Prometheus sees
    it, and the requests before the first scrape would be in no rate. `begun` holds what it has seen.
    """

    def __init__(self, environment: Environment, begun: set[Key]) -> None:
        self._environment = environment
        self._begun = begun

    def collect(self) -> Iterator[Metric]:
        runner = self._environment.runner
        yield GaugeMetricFamily("loadtest_users", "Users at this moment.", value=runner.user_count if runner else 0)
        requests = CounterMetricFamily(
            "loadtest_requests", "Requests answered, as the user judges them.", labels=["method", "name", "result"]
        )
        durations = HistogramMetricFamily(
            "loadtest_request_duration_seconds",
            "Time from request to answer, as the user waits for it.",
            labels=["method", "name"],
        )
        for key, entry in sorted(self._environment.stats.entries.items()):
            begins = key not in self._begun
            self._begun.add(key)
            name, method = key
            failures = min(entry.num_failures, entry.num_requests)
            for result, count in (("success", entry.num_requests - failures), ("failure", failures)):
                requests.add_metric([method or "", name, result], 0 if begins else count)
            buckets, seconds = _histogram(entry)
            durations.add_metric(
                [method or "", name],
                [(bound, 0 if begins else count) for bound, count in buckets],
                0.0 if begins else seconds,
            )
        yield from (requests, durations)


def _histogram(entry: StatsEntry) -> tuple[list[tuple[str, int]], float]:
    """Cumulative counts by upper bound, and the sum in seconds. Locust keeps milliseconds, from 100 on two digits."""
    times = dict(entry.response_times)
    buckets = [
        (str(bound), sum(count for milliseconds, count in times.items() if milliseconds <= bound * 1000))
        for bound in BOUNDS
    ]
    return [*buckets, ("+Inf", sum(times.values()))], entry.total_response_time / 1000


class Endpoint:
    """WSGI: `/metrics`, and the knowledge whether the last numbers have been fetched."""

    def __init__(self, environment: Environment) -> None:
        self.scrapes = 0
        self._environment = environment
        #: By scraper, what it has seen.
        self._begun: dict[str, set[Key]] = {}
        self._ended = False
        self._complete = Event()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] != "/metrics":
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [b"only /metrics is here\n"]
        begun = self._begun.setdefault(environ.get("HTTP_USER_AGENT", ""), set())
        before = len(begun)
        registry = CollectorRegistry()
        registry.register(LoadMetrics(self._environment, begun))
        encode, content_type = choose_encoder(environ.get("HTTP_ACCEPT", ""))
        body = encode(registry)
        self.scrapes += 1
        if self._ended and len(begun) == before:
            self._complete.set()
        start_response("200 OK", [("Content-Type", content_type), ("Content-Length", str(len(body)))])
        return [body]

    def wait_until_complete(self, timeout_seconds: float) -> None:
        """Nothing counts any more: waits until that has been fetched by a scraper that has seen everything begin."""
        self._ended = True
        self._complete.wait(timeout_seconds)


class Announcement:
    """A file that makes a Prometheus scrape an address, for as long as it is there."""

    def __init__(self, directory: str, name: str, target: str, system: str) -> None:
        self._path = Path(directory) / name
        labels = {"job": "loadtest", "service": "loadtest", "system": system}
        self._content = [{"targets": [target], "labels": labels}]

    def publish(self) -> None:
        """Writes the file, at once and whole. Raises OSError."""
        descriptor, temporary = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(self._content, file)
                # A Prometheus in a container is another user.
                os.fchmod(file.fileno(), 0o644)
            os.replace(temporary, self._path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    def withdraw(self) -> None:
        """Removes the file. May be called more than once."""
        try:
            self._path.unlink(missing_ok=True)
        except OSError as error:
            logger.warning("%s cannot be removed: %s", self._path, error)


@events.init.add_listener
def serve_metrics(environment: Environment, **_: Any) -> None:
    """Listens and announces itself; at the end of Locust, takes that back once the last numbers have been scraped."""
    if isinstance(environment.runner, WorkerRunner):
        # Its numbers are the master's, too.
        return
    endpoint = Endpoint(environment)
    address = os.environ.get(ADDRESS_VARIABLE) or DEFAULT_ADDRESS
    try:
        server, as_asked = _listen(address, endpoint)
    except (OSError, ValueError) as error:
        logger.warning("no metrics of the load test: cannot listen on %s: %s", address, error)
        return
    announcement = _announce(server, as_asked, _system(environment))
    began = time.monotonic()

    # At SIGTERM Locust calls this twice at the same time. Ctrl-C while it waits ends the waiting.
    @environment.events.quit.add_listener
    def end(**_: Any) -> None:
        expected = announcement is not None and time.monotonic() - began < PATIENCE_SECONDS
        try:
            if endpoint.scrapes or expected:
                endpoint.wait_until_complete(PATIENCE_SECONDS)
        finally:
            if announcement is not None:
                announcement.withdraw()


def _listen(address: str, endpoint: Endpoint) -> tuple[WSGIServer, bool]:
    """The server, and whether it has the port that it was to have. Raises OSError, ValueError."""
    host, _, port = address.rpartition(":")
    try:
        return _start(host, int(port), endpoint), True
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
    server = _start(host, 0, endpoint)
    logger.warning("%s is in use, the load test's metrics are at %s:%d", address, host, server.server_port)
    return server, False


def _start(host: str, port: int, endpoint: Endpoint) -> WSGIServer:
    server = WSGIServer((host, port), endpoint, log=None, error_log=logger)
    server.start()
    return server


def _system(environment: Environment) -> str:
    """The system that the journeys go through: the first Locust file is named after it."""
    files = str(getattr(environment.parsed_options, "locustfile", ""))
    return Path(files.partition(",")[0].strip()).stem


def _announce(server: WSGIServer, as_asked: bool, system: str) -> Announcement | None:
    """The announcement, if there is a directory for it."""
    directory = os.environ.get(DIRECTORY_VARIABLE)
    if not directory:
        return None
    target = os.environ.get(TARGET_VARIABLE) or f"{server.server_host}:{server.server_port}"
    name = FILE_NAME if as_asked else f"loadtest-{server.server_port}.json"
    announcement = Announcement(directory, name, target, system)
    try:
        announcement.publish()
    except OSError as error:
        logger.warning("nobody will scrape the load test: %s cannot be written: %s", directory, error)
        return None
    atexit.register(announcement.withdraw)
    return announcement
