"""The endpoints about the process itself: `status/…`. Source: Prometheus HTTP API v1."""

from __future__ import annotations

import argparse
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable

import yaml
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ..http_api import JsonAnswer, QueryThreads, read_parameters
from ..limits import QUERY_SAMPLES
from ..times import format_rfc3339
from .parameters import read_limit, success
from .rules.manager import RuleManager
from .storage import MetricStorage
from .targets import SCRAPE_POOL

#: The version whose answers these are.
VERSION = "2.42.0"

_BUILD = {"version": VERSION, "revision": "", "branch": "", "buildUser": "", "buildDate": "", "goVersion": ""}

#: Rows of each list of `status/tsdb` unless `limit` says otherwise.
_ROWS = 10


class StatusApi:
    """What this process is, and how it was told to be."""

    def __init__(
        self, storage: MetricStorage, rules: RuleManager, settings: argparse.Namespace, threads: QueryThreads
    ) -> None:
        self._storage = storage
        self._rules = rules
        self._settings = settings
        self._threads = threads
        self._started = time.time_ns()

    def routes(self) -> list[BaseRoute]:
        """The endpoints."""
        return [
            Route("/api/v1/status/buildinfo", self.build_info),
            Route("/api/v1/status/runtimeinfo", self.runtime_info),
            Route("/api/v1/status/config", self.config),
            Route("/api/v1/status/flags", self.flags),
            Route("/api/v1/status/tsdb", self.tsdb),
            Route("/api/v1/status/walreplay", self.replay),
            Route("/api/v1/status/rules", self.rule_files),
            Route("/version", self.version),
        ]

    async def build_info(self, request: Request) -> Response:
        """Whose answers these are."""
        return success(_BUILD)

    async def version(self, request: Request) -> Response:
        """The same without a frame."""
        return JsonAnswer(_BUILD)

    async def replay(self, request: Request) -> Response:
        """How far reading the log has come: it is read before the first request."""
        return success({"min": 0, "max": 0, "current": 0})

    async def runtime_info(self, request: Request) -> Response:
        """How the process does. What only Go has stands for its like here: threads for goroutines."""
        loaded = int(self._rules.loaded_at * 1e9) or self._started
        return success(
            {
                "startTime": format_rfc3339(self._started),
                "CWD": os.getcwd(),
                "reloadConfigSuccess": not self._rules.error,
                "lastConfigTime": format_rfc3339(loaded // 1_000_000_000 * 1_000_000_000),
                "corruptionCount": 0,
                "goroutineCount": threading.active_count(),
                "GOMAXPROCS": os.cpu_count() or 1,
                "GOGC": "",
                "GODEBUG": "",
                "storageRetention": self._retention(),
            }
        )

    def _retention(self) -> str:
        hours, megabytes = self._settings.retention_hours, self._settings.retention_megabytes
        bounds = ([f"{hours:g}h"] if hours else []) + ([f"{megabytes:g}MB"] if megabytes else [])
        return " or ".join(bounds)

    async def config(self, request: Request) -> Response:
        """What a configuration file of Prometheus would say to make it do the same."""
        settings = self._settings
        document: dict[str, object] = {
            "global": {
                "scrape_interval": f"{settings.scrape_interval:g}s",
                "scrape_timeout": f"{min(settings.scrape_interval, 10.0):g}s",
                "evaluation_interval": f"{settings.evaluation_interval:g}s",
            }
            | ({"external_labels": settings.external_labels} if settings.external_labels else {}),
        }
        if settings.alertmanager_url:
            addresses = [url.partition("://")[2] for url in settings.alertmanager_url]
            document["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": addresses}]}]}
        if settings.rule_files:
            document["rule_files"] = list(settings.rule_files)
        if settings.targets_file:
            files = list(settings.targets_file)
            document["scrape_configs"] = [{"job_name": SCRAPE_POOL, "file_sd_configs": [{"files": files}]}]
        return success({"yaml": yaml.safe_dump(document, sort_keys=False)})

    async def flags(self, request: Request) -> Response:
        """The flags of Prometheus that would make it do the same."""
        settings = self._settings
        return success(
            {
                "config.file": "",
                "query.lookback-delta": "5m",
                "query.max-samples": str(QUERY_SAMPLES),
                "query.timeout": f"{settings.query_seconds:g}s",
                "storage.tsdb.path": str(settings.data_dir),
                "storage.tsdb.retention.size": f"{settings.retention_megabytes:g}MB",
                "storage.tsdb.retention.time": f"{settings.retention_hours:g}h",
                "web.enable-admin-api": "false",
                "web.enable-lifecycle": "true",
                "web.enable-remote-write-receiver": "true",
                "web.external-url": settings.external_url or "",
                "web.listen-address": f"{settings.host}:{settings.prometheus_port}",
            }
        )

    async def tsdb(self, request: Request) -> Response:
        """How many series there are, and which names and labels make them many."""
        parameters = await read_parameters(request)
        rows = read_limit(parameters) or _ROWS
        return success(await self._threads.run(self._statistics, rows))

    def _statistics(self, rows: int) -> dict[str, object]:
        known = self._storage.statistics()
        by_metric: Counter[str] = Counter()
        pairs: Counter[tuple[str, str]] = Counter()
        for labels in known.labels:
            pairs.update(labels)
            by_metric.update(value for name, value in labels if name == "__name__")
        values: Counter[str] = Counter()
        memory: Counter[str] = Counter()
        for name, value in pairs:
            values[name] += 1
            memory[name] += len(value.encode())

        def first(counts: Iterable[tuple[str, int]]) -> list[dict[str, object]]:
            ordered = sorted(counts, key=lambda row: (-row[1], row[0]))[:rows]
            return [{"name": name, "value": count} for name, count in ordered]

        return {
            "headStats": {
                "numSeries": len(known.labels),
                "numLabelPairs": len(pairs),
                "chunkCount": known.chunks,
                "minTime": known.first_time if known.labels else sys.maxsize,
                "maxTime": known.last_time if known.labels else -sys.maxsize - 1,
            },
            "seriesCountByMetricName": first(by_metric.items()),
            "labelValueCountByLabelName": first(values.items()),
            "memoryInBytesByLabelName": first(memory.items()),
            "seriesCountByLabelValuePair": first((f"{name}={value}", count) for (name, value), count in pairs.items()),
        }

    async def rule_files(self, request: Request) -> Response:
        """Whether the rule files are in force, and if not, what is wrong with them. Not in Prometheus."""
        rules = self._rules
        return success(
            {
                "patterns": list(rules.patterns),
                "loaded": not rules.error,
                "errors": rules.error.splitlines(),
                "lastLoaded": format_rfc3339(int(rules.loaded_at * 1e9)) if rules.loaded_at else None,
            }
        )
