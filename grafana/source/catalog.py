"""The dashboards, as built from code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from grafana.source.layout import Page, dashboard
from grafana.source.rendering import as_json

#: Where the JSON lives; Grafana is provisioned from here.
DIRECTORY_OF_JSON = Path(__file__).resolve().parents[1] / "dashboards"

PAGES: tuple[Callable[[], Page], ...] = ()


def rendered() -> dict[Path, str]:
    """The content of every file, by path. Raises ValueError when two pages share a uid."""
    files: dict[Path, str] = {}
    for page in (build() for build in PAGES):
        path = DIRECTORY_OF_JSON / f"{page.uid}.json"
        if path in files:
            raise ValueError(f"two dashboards have the uid {page.uid}")
        files[path] = as_json(dashboard(page))
    return files
