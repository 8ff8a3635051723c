"""The endpoints that tell what there is: series, labels, targets, metadata. Source: Prometheus HTTP API v1."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ..http_api import Parameters, QueryThreads, read_parameters
from ..matchers import Matcher
from ..refusals import BadRequest
from ..times import format_rfc3339
from .ingest import Scraper
from .parameters import read_limit, read_range, read_selectors, success
from .storage import MetricStorage

_LABEL_NAME_MESSAGE = 'invalid label name: "{}"'


class MetadataApi:
    """What one storage and its scraper know."""

    def __init__(self, storage: MetricStorage, scraper: Scraper, threads: QueryThreads) -> None:
        self._storage = storage
        self._scraper = scraper
        self._threads = threads

    def routes(self) -> list[BaseRoute]:
        """The endpoints."""
        both = ["GET", "POST"]
        return [
            Route("/api/v1/series", self.series, methods=both),
            Route("/api/v1/labels", self.labels, methods=both),
            Route("/api/v1/label/{name}/values", self.label_values),
            Route("/api/v1/targets", self.targets),
            Route("/api/v1/metadata", self.metadata),
        ]

    async def series(self, request: Request) -> Response:
        """The series that selectors accept."""
        parameters = await read_parameters(request)
        start, end = read_range(parameters)
        if not parameters.all("match[]"):
            raise BadRequest("no match[] parameter provided")
        found = {
            tuple(sorted(labels.items())): labels
            for matchers in read_selectors(parameters)
            for labels in self._storage.series(matchers, start, end)
        }
        return success([found[key] for key in sorted(found)][: read_limit(parameters)])

    async def labels(self, request: Request) -> Response:
        """The names of labels."""
        parameters = await read_parameters(request)
        names = {name for labels in self._found(parameters) for name in labels}
        return success(sorted(names)[: read_limit(parameters)])

    async def label_values(self, request: Request) -> Response:
        """The values of one label."""
        name = request.path_params["name"]
        if (
            not name
            or not (name[0].isalpha() or name[0] == "_")
            or not name.replace("_", "a").isalnum()
            or not name.isascii()
        ):
            raise BadRequest(_LABEL_NAME_MESSAGE.format(name))
        parameters = await read_parameters(request)
        values = {labels[name] for labels in self._found(parameters) if name in labels}
        return success(sorted(values)[: read_limit(parameters)])

    def _found(self, parameters: Parameters) -> list[dict[str, str]]:
        start, end = read_range(parameters)
        selectors: list[tuple[Matcher, ...]] = read_selectors(parameters) or [()]
        return [labels for matchers in selectors for labels in self._storage.series(matchers, start, end)]

    async def targets(self, request: Request) -> Response:
        """What is scraped, and how it is."""
        parameters = await read_parameters(request)
        state = parameters.get("state", "any").lower()
        active = [
            {
                "discoveredLabels": dict(known.target.discovered),
                "labels": dict(known.target.labels),
                "scrapePool": dict(known.target.labels).get("job", ""),
                "scrapeUrl": known.target.url,
                "globalUrl": known.target.url,
                "lastError": known.last_error,
                "lastScrape": format_rfc3339(int(known.last_scrape * 1e9))
                if known.last_scrape
                else "0001-01-01T00:00:00Z",
                "lastScrapeDuration": known.last_duration,
                "health": known.health,
                "scrapeInterval": f"{self._scraper.interval_seconds:g}s",
                "scrapeTimeout": f"{self._scraper.timeout_seconds:g}s",
            }
            for known in self._scraper.states()
        ]
        return success({"activeTargets": active if state in ("any", "active") else [], "droppedTargets": []})

    async def metadata(self, request: Request) -> Response:
        """Type, help and unit of metrics."""
        parameters = await read_parameters(request)
        wanted = parameters.get("metric")
        limit = read_limit(parameters)
        merged: dict[str, list[dict[str, str]]] = {}
        for _, families in self._scraper.metadata():
            for name, family in families.items():
                if wanted and name != wanted:
                    continue
                entry = {"type": family.type, "help": family.help, "unit": family.unit}
                entries = merged.setdefault(name, [])
                if entry not in entries:
                    entries.append(entry)
        return success(dict(sorted(merged.items())[:limit]))
