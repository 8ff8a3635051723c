"""The dashboards, as built from code."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from grafana.source import colours, exchange, objectives
from grafana.source.chain import backend, database, database_internals, frontend, logs, overview, traces
from grafana.source.lab import load_test, telemetry_health
from grafana.source.layout import Page, dashboard
from grafana.source.rendering import as_json

#: Where the JSON lives; Grafana is provisioned from here.
DIRECTORY_OF_JSON = Path(__file__).resolve().parents[1] / "dashboards"

PAGES: tuple[Callable[[], Page], ...] = (
    overview.dashboard,
    frontend.dashboard,
    backend.dashboard,
    database.dashboard,
    database_internals.dashboard,
    logs.dashboard,
    traces.dashboard,
    partial(objectives.dashboard, "chain", colours.SUBJECTS),
    *exchange.DASHBOARDS,
    load_test.dashboard,
    telemetry_health.dashboard,
)


def rendered() -> dict[Path, str]:
    """The content of every file, by path. Raises ValueError when two pages share a uid."""
    pages: dict[str, Page] = {}
    for page in (build() for build in PAGES):
        if page.uid in pages:
            raise ValueError(f"two dashboards have the uid {page.uid}")
        pages[page.uid] = page
    return {DIRECTORY_OF_JSON / f"{uid}.json": as_json(dashboard(page, pages)) for uid, page in pages.items()}
