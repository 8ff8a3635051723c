"""Scraping: asks targets for their metrics page and stores the samples, with what Prometheus itself adds.

Per scrape: `job`, `instance` and the target's labels (a sample's own label of that name becomes `exported_…`), the
series `up`, `scrape_duration_seconds`, `scrape_samples_scraped`, `scrape_samples_post_metric_relabeling` and
`scrape_series_added`, and staleness markers for series that are gone. The formats are in `exposition`.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import urllib3

from ..limits import BODY_BYTES, SCRAPE_SAMPLES
from ..refusals import BadRequest, Refusal
from .exposition import BrokenPage, Exemplar, Metadata, parse_page, parse_series
from .samples import STALE
from .storage import MetricStorage, Series
from .targets import Target, TargetFiles, format_prometheus_duration

logger = logging.getLogger(__name__)

#: As Prometheus asks: OpenMetrics where there is a choice, because it carries exemplars.
ACCEPT = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)

#: What is answered with another place is asked there; nothing is asked twice.
_RETRIES = urllib3.Retry(total=10, connect=0, read=0, redirect=10, status=0, other=0)

#: Targets asked at the same time.
_THREADS = 4

#: Names on a target's pages whose meaning is remembered; a page whose names always change must not fill memory.
_REMEMBERED = 2 * SCRAPE_SAMPLES

_REPORTED = (
    "up",
    "scrape_duration_seconds",
    "scrape_samples_scraped",
    "scrape_samples_post_metric_relabeling",
    "scrape_series_added",
)


@dataclass
class TargetState:
    """How the last scrape of a target went."""

    target: Target
    health: str = "unknown"
    last_error: str = ""
    last_scrape: float = 0.0
    last_duration: float = 0.0


class _Scraped:
    """One target between its scrapes: what the names on its page mean, and which series were there last time."""

    def __init__(self, target: Target, storage: MetricStorage) -> None:
        self.state = TargetState(target)
        self.metadata: dict[str, Metadata] = {}
        self.busy = False
        self._target = target
        self._storage = storage
        self._series: dict[str, Series] = {}
        self._present: set[Series] = set()
        self._untimed: dict[Series, Exemplar[Series]] = {}

    def fetch(self, pool: urllib3.PoolManager, timeout_seconds: float) -> tuple[str, bool]:
        """The target's page and whether it is OpenMetrics. Raises OSError, BadRequest or urllib3's errors."""
        response = pool.request(
            "GET",
            self._target.url,
            headers={
                "Accept": ACCEPT,
                "Accept-Encoding": "gzip",
                "User-Agent": "telemetry_store",
                "X-Prometheus-Scrape-Timeout-Seconds": f"{timeout_seconds:g}",
            },
            timeout=urllib3.Timeout(connect=timeout_seconds, read=timeout_seconds),
            retries=_RETRIES,
            preload_content=False,
            decode_content=True,
        )
        try:
            if response.status != 200:
                raise BadRequest(f"server returned HTTP status {response.status} {response.reason or ''}".rstrip())
            body = bytearray()
            deadline = time.monotonic() + timeout_seconds
            for part in response.stream(64 * 1024, decode_content=True):
                body += part
                if len(body) > BODY_BYTES:
                    raise BadRequest(f"body size limit exceeded: {BODY_BYTES} bytes")
                if time.monotonic() > deadline:
                    raise BadRequest("context deadline exceeded")
            kind = response.headers.get("Content-Type", "").split(";")[0].strip().lower()
        except BaseException:
            response.close()
            raise
        response.release_conn()
        try:
            return body.decode(), kind == "application/openmetrics-text"
        except UnicodeDecodeError as error:
            raise BadRequest(f"the page is not UTF-8: {error}") from None

    def scrape(self, pool: urllib3.PoolManager, timeout_seconds: float) -> None:
        """Asks the target once and stores the outcome, whatever it is."""
        milliseconds = time.time_ns() // 1_000_000
        begin = time.monotonic()
        samples: list[tuple[Series, float, int]] = []
        exemplars: list[Exemplar[Series]] = []
        present: set[Series] = set()
        count = kept = 0
        size = 1024
        error = ""
        try:
            text, openmetrics = self.fetch(pool, timeout_seconds)
            size += len(text)
            page = parse_page(text, openmetrics, self._series_of)
            count = kept = len(page.samples)
            samples = [(series, value, milliseconds if at is None else at) for series, value, at in page.samples]
            # Whoever sets the time of a sample also says when it ends.
            present = {series for series, _, at in page.samples if at is None}
            exemplars = self._new_exemplars(page.exemplars, milliseconds)
            self.metadata = page.metadata
        except (Refusal, OSError, urllib3.exceptions.HTTPError, zlib.error) as caught:
            samples, exemplars, present = [], [], set()
            if isinstance(caught, BrokenPage):
                count, kept = caught.scraped, caught.kept
            error = _reason(self._target, caught)
        duration = time.monotonic() - begin
        samples += [(series, STALE, milliseconds) for series in self._present - present]
        self._present = present
        state = self.state
        state.health, state.last_error = ("down", error) if error else ("up", "")
        state.last_scrape, state.last_duration = milliseconds / 1000, duration
        try:
            added = self._storage.append(samples, exemplars, size) if samples else 0
            report = (0.0 if error else 1.0, duration, float(count), float(kept), float(added))
            self._storage.append(
                [(self._report(name), v, milliseconds) for name, v in zip(_REPORTED, report, strict=True)]
            )
        except Refusal as refusal:
            state.health, state.last_error = "down", str(refusal)

    def _new_exemplars(self, exemplars: list[Exemplar[Series]], milliseconds: int) -> list[Exemplar[Series]]:
        """Exemplars with a time. One without that is the same at every scrape is one, not many."""
        found = []
        for exemplar in exemplars:
            if exemplar.time is None:
                known = self._untimed.get(exemplar.series)
                if known is not None and (known.labels, known.value) == (exemplar.labels, exemplar.value):
                    continue
                self._untimed[exemplar.series] = exemplar
                exemplar = replace(exemplar, time=milliseconds)  # noqa: PLW2901
            found.append(exemplar)
        return found

    def end(self) -> None:
        """Marks every series of the target as ended: it is scraped no more."""
        milliseconds = time.time_ns() // 1_000_000
        try:
            ending = [*self._present, *(self._report(name) for name in _REPORTED)]
            self._storage.append([(series, STALE, milliseconds) for series in ending])
        except Refusal as refusal:
            logger.warning("the end of %s is not recorded: %s", self._target.url, refusal)

    def _series_of(self, text: str) -> Series:
        """The series that a text on the page means: its own labels together with the target's."""
        series = self._series.get(text)
        if series is None:
            if len(self._series) >= _REMEMBERED:
                self._series.clear()
                self._untimed.clear()
            merged = dict(parse_series(text))
            for name, value in self._target.labels:
                if name in merged:
                    exported = f"exported_{name}"
                    while exported in merged:
                        exported = f"exported_{exported}"
                    merged[exported] = merged[name]
                merged[name] = value
            series = self._series[text] = self._storage.series_of(tuple(sorted(merged.items())))
        return series

    def _report(self, name: str) -> Series:
        return self._storage.series_of(tuple(sorted((*self._target.labels, ("__name__", name)))))


def _reason(target: Target, error: BaseException) -> str:
    """Why a scrape failed, in the words of Go's HTTP client where it is the one to speak."""
    if isinstance(error, urllib3.exceptions.MaxRetryError) and error.reason is not None:
        error = error.reason
    asked = f'Get "{target.url}": '
    match error:
        case urllib3.exceptions.NameResolutionError():
            return f"{asked}dial tcp: lookup {target.address.rpartition(':')[0]}: no such host"
        case urllib3.exceptions.NewConnectionError():
            cause = error.__cause__
            reason = os.strerror(cause.errno) if isinstance(cause, OSError) and cause.errno else str(error)
            return f"{asked}dial tcp {target.address}: connect: {reason.lower()}"
        case urllib3.exceptions.TimeoutError():
            return f"{asked}context deadline exceeded"
        case urllib3.exceptions.ProtocolError():
            return f"{asked}EOF"
        case urllib3.exceptions.DecodeError():
            return "gzip: invalid header"
    return str(error) or type(error).__name__


class Scraper:
    """Scrapes every target of files at an interval, each at its own offset so that they do not come all at once."""

    def __init__(self, storage: MetricStorage, targets: TargetFiles, interval_seconds: float) -> None:
        self.interval_seconds = interval_seconds
        self.targets = targets
        self._storage = storage
        self._scraped: dict[Target, _Scraped] = {}
        self._due: dict[Target, float] = {}
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="scrape")
        self._pool = urllib3.PoolManager(num_pools=64, maxsize=_THREADS)
        # It tells of every redirect, at every scrape.
        logging.getLogger("urllib3.poolmanager").setLevel(logging.WARNING)
        self._running: set[asyncio.Task[None]] = set()

    def interval_of(self, target: Target) -> float:
        """Seconds between two scrapes of a target."""
        return target.interval_seconds or self.interval_seconds

    def timeout_of(self, target: Target) -> float:
        """Seconds that a target has for its answer (Prometheus: 10, but never more than the interval)."""
        return min(self.interval_of(target), target.timeout_seconds or 10.0)

    def discovered_labels(self, target: Target) -> dict[str, str]:
        """What is known of a target before its labels are made of it."""
        interval, timeout = (format_prometheus_duration(f(target)) for f in (self.interval_of, self.timeout_of))
        return {"__scrape_interval__": interval, "__scrape_timeout__": timeout, **dict(target.discovered)}

    def states(self) -> list[TargetState]:
        """Every target and how it is."""
        return [scraped.state for scraped in list(self._scraped.values())]

    def metadata(self) -> list[tuple[Target, dict[str, Metadata]]]:
        """What each target says about its metrics."""
        return [(target, scraped.metadata) for target, scraped in list(self._scraped.items())]

    async def run(self) -> None:
        """Scrapes until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            now = loop.time()
            self._follow(self.targets.read(), now)
            for target, due in self._due.items():
                scraped = self._scraped[target]
                if due <= now and not scraped.busy:
                    # A scrape that was missed is not made up for.
                    interval = self.interval_of(target)
                    self._due[target] = due + interval * (1 + (now - due) // interval)
                    scraped.busy = True
                    task = asyncio.create_task(self._scrape(scraped))
                    self._running.add(task)
                    task.add_done_callback(self._running.discard)
            next_due = min(self._due.values(), default=now + 1.0)
            await asyncio.sleep(min(max(next_due - loop.time(), 0.02), 0.5))

    def _follow(self, targets: list[Target], now: float) -> None:
        for gone in self._scraped.keys() - set(targets):
            scraped = self._scraped[gone]
            if not scraped.busy:
                del self._scraped[gone], self._due[gone]
                scraped.end()
        for target in targets:
            if target in self._scraped:
                self._scraped[target].state.target = target
            else:
                self._scraped[target] = _Scraped(target, self._storage)
                # Spread over the first moments: a new target should show soon.
                place = (zlib.crc32(target.url.encode()) % 1000) / 1000
                self._due[target] = now + place * min(self.interval_of(target), 1.0)

    async def _scrape(self, scraped: _Scraped) -> None:
        try:
            await asyncio.get_running_loop().run_in_executor(
                self._threads, scraped.scrape, self._pool, self.timeout_of(scraped.state.target)
            )
        except Exception:
            logger.exception("scraping %s failed", scraped.state.target.url)
        finally:
            scraped.busy = False

    def close(self) -> None:
        """Waits for running scrapes and closes connections."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._pool.clear()
