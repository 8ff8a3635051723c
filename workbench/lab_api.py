"""What the lab is, for the page to know without asking around."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from lab.explore import questions
from lab.manifest import Service, System, discover
from lab.paths import REPOSITORY
from lab.ports import url
from lab.stacks.stack import SCRAPE_INTERVAL_SECONDS
from workbench import dashboards
from workbench.answers import answer
from workbench.security import why_it_is_read_only
from workbench.settings import Settings


class Lab:
    """One lab, as the settings and the manifests describe it."""

    def __init__(self, settings: Settings) -> None:
        """Raises ValueError when a system or a service of the settings is not known, or a manifest is wrong."""
        self._settings = settings
        self._systems = _chosen(settings.systems)
        #: Names of all services.
        self.services = [service.name for system in self._systems for service in system.services]
        for name in settings.service_urls:
            if name not in self.services:
                raise ValueError(
                    f"WORKBENCH_SERVICE_URLS names a service {name!r}; there are: {', '.join(self.services)}"
                )
        self._version = _version()

    def routes(self) -> list[BaseRoute]:
        return [Route("/api/lab", self._show)]

    def describe(self, request: Request) -> dict[str, Any]:
        """Everything, for whoever asks: what may be changed depends on where he is."""
        settings = self._settings
        return {
            "version": self._version,
            "stack": settings.stack,
            "readOnly": why_it_is_read_only(request.scope, settings.writers) is not None,
            "grafanaUrl": settings.grafana_url,
            "alertInbox": settings.alert_inbox_url is not None,
            "systems": [self._system(system) for system in self._systems],
            "dashboards": dashboards.summaries(settings.dashboards),
            "questions": [_in_camel_case(asdict(link)) for link in questions(system.name for system in self._systems)],
            "scrapeIntervalSeconds": SCRAPE_INTERVAL_SECONDS,
        }

    async def _show(self, request: Request) -> Response:
        return answer(self.describe(request))

    def _system(self, system: System) -> dict[str, Any]:
        return {
            "name": system.name,
            "title": system.title,
            "entry": system.entry_service,
            "services": [
                {
                    "name": service.name,
                    "address": self._address(service),
                    "dependsOn": list(system.called_by(service)),
                    "example": service.example,
                    "colour": service.colour,
                }
                for service in system.services
            ],
            "backing": [backing.name for backing in system.backing],
            "dashboards": list(system.dashboards),
        }

    def _address(self, service: Service) -> str:
        return self._settings.service_urls.get(service.name) or url(service.port)


def _chosen(names: Sequence[str]) -> list[System]:
    known = discover()
    for name in names:
        if name not in known:
            raise ValueError(f"WORKBENCH_SYSTEMS names a system {name!r}; there are: {', '.join(known)}")
    return [known[name] for name in names] if names else list(known.values())


def _version() -> str:
    with (REPOSITORY / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])


def _in_camel_case(fields: Mapping[str, Any]) -> dict[str, Any]:
    """As JavaScript writes names."""
    return {
        first + "".join(word.capitalize() for word in rest): value
        for name, value in fields.items()
        for first, *rest in [name.split("_")]
    }
