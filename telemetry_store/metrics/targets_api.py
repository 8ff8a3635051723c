"""The endpoints about scraping: what is scraped, how it is, and what it says about its metrics.

Source: Prometheus HTTP API v1.
"""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ..http_api import Parameters, read_parameters
from ..refusals import BadRequest
from ..times import format_rfc3339
from .ingest import Scraper, TargetState
from .parameters import parse_matchers, success, wrong_parameter
from .targets import SCRAPE_POOL, format_prometheus_duration

#: Hosts that only this machine reaches by that name.
_LOCAL = ("127.0.0.1", "localhost", "::1")


class TargetsApi:
    """What one scraper knows."""

    def __init__(self, scraper: Scraper, external_url: str) -> None:
        self._scraper = scraper
        self._external_url = external_url

    def routes(self) -> list[BaseRoute]:
        """The endpoints."""
        return [
            Route("/api/v1/targets", self.targets),
            Route("/api/v1/scrape_pools", self.scrape_pools),
            Route("/api/v1/targets/metadata", self.targets_metadata),
            Route("/api/v1/metadata", self.metadata),
        ]

    async def targets(self, request: Request) -> Response:
        """What is scraped, and how it is."""
        parameters = await read_parameters(request)
        pool, state = parameters.get("scrapePool"), parameters.get("state", "any").lower()
        active = [
            self._target(known)
            for known in sorted(self._scraper.states(), key=lambda known: (known.target.url, known.target.labels))
            if state in ("any", "active") and pool in ("", SCRAPE_POOL)
        ]
        return success({"activeTargets": active, "droppedTargets": []})

    def _target(self, known: TargetState) -> dict[str, object]:
        target = known.target
        last_scrape = format_rfc3339(int(known.last_scrape * 1e9)) if known.last_scrape else "0001-01-01T00:00:00Z"
        return {
            "discoveredLabels": self._scraper.discovered_labels(target),
            "labels": dict(target.labels),
            "scrapePool": SCRAPE_POOL,
            "scrapeUrl": target.url,
            "globalUrl": _reachable(target.url, self._external_url),
            "lastError": known.last_error,
            "lastScrape": last_scrape,
            "lastScrapeDuration": known.last_duration,
            "health": known.health,
            "scrapeInterval": format_prometheus_duration(self._scraper.interval_of(target)),
            "scrapeTimeout": format_prometheus_duration(self._scraper.timeout_of(target)),
        }

    async def scrape_pools(self, request: Request) -> Response:
        """The one scrape configuration, if there are files for it."""
        return success({"scrapePools": [SCRAPE_POOL] if self._scraper.targets.patterns else []})

    async def targets_metadata(self, request: Request) -> Response:
        """Type, help and unit of metrics, target by target."""
        parameters = await read_parameters(request)
        limit, wanted = _limit(parameters, "limit"), parameters.get("metric")
        selector = parameters.get("match_target")
        try:
            matchers = parse_matchers(selector) if selector else ()
        except BadRequest as refusal:
            raise wrong_parameter("match_target", refusal) from None
        found: list[dict[str, object]] = []
        for target, families in self._scraper.metadata():
            labels = dict(target.labels)
            # As in Prometheus, the limit stops at targets, not within one.
            if (limit >= 0 and len(found) >= limit) or not all(m.accepts_labels(labels) for m in matchers):
                continue
            for name, family in families.items():
                if wanted in ("", name):
                    said = {"type": family.type, "help": family.help, "unit": family.unit}
                    found.append({"target": labels, **({} if wanted else {"metric": name}), **said})
        return success(found)

    async def metadata(self, request: Request) -> Response:
        """Type, help and unit of metrics, as all targets together say it."""
        parameters = await read_parameters(request)
        limit, of_each = _limit(parameters, "limit"), _limit(parameters, "limit_per_metric")
        wanted = parameters.get("metric")
        merged: dict[str, list[dict[str, str]]] = {}
        for _, families in self._scraper.metadata():
            for name, family in families.items():
                if wanted in ("", name):
                    said = {"type": family.type, "help": family.help, "unit": family.unit}
                    entries = merged.setdefault(name, [])
                    if said not in entries and not 0 < of_each <= len(entries):
                        entries.append(said)
        return success(dict(sorted(merged.items())[: limit if limit >= 0 else None]))


def _limit(parameters: Parameters, name: str) -> int:
    """A whole number, -1 when there is none. Raises BadRequest."""
    text = parameters.get(name)
    if not text:
        return -1
    if not (text.lstrip("+-").isdigit() and text.isascii() and len(text) < 19):
        raise BadRequest(f"{name} must be a number")
    return int(text)


def _reachable(url: str, external_url: str) -> str:
    """A target's address as others reach it: of a target on this machine, the host is the one that they see."""
    parts, ours = urlsplit(url), urlsplit(external_url)
    if parts.hostname not in _LOCAL or not ours.hostname:
        return url
    host = f"[{ours.hostname}]" if ":" in ours.hostname else ours.hostname
    return urlunsplit(parts._replace(netloc=f"{host}:{parts.port}" if parts.port else host))
