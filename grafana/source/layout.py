"""Pages on Grafana's grid of 24 columns. A band fills its whole width, so there are neither gaps nor overlaps."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders.dashboard import Dashboard, Row
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.dashboard import DashboardCursorSync

from grafana.source import events, links
from grafana.source.directory import COMMON_TAG, DIRECTORY
from grafana.source.variables import Variable

COLUMNS = 24

PanelBuilder = Builder[models.Panel]


@dataclass(frozen=True)
class Band:
    """Panels side by side, `height` grid units (30 px each) high, each with its width in columns."""

    height: int
    panels: tuple[tuple[PanelBuilder, int], ...]


@dataclass(frozen=True)
class Section:
    """Bands under a heading that folds them; without a title, at the top of the page."""

    title: str
    bands: tuple[Band, ...]


@dataclass(frozen=True)
class Page:
    """One dashboard; its title, tags and links come from `directory.py`."""

    uid: str
    description: str
    sections: Sequence[Section]
    variables: Sequence[Variable] = ()
    #: How far back the page looks when opened.
    time_from: str = "now-15m"
    #: The one service that the page is about, so that its links to logs and traces choose it there.
    service: str = ""
    #: Every second scrape: the map of services is laid out anew each time, and a laptop has other things to do.
    refresh: str = "10s"


def band(height: int, *panels: PanelBuilder | tuple[PanelBuilder, int]) -> Band:
    """Panels of equal width, or each with its width in columns: `band(8, (graph, 16), (table, 8))`.

    Raises ValueError when the widths do not fill the 24 columns."""
    if not panels:
        raise ValueError("a band needs at least one panel")
    share = COLUMNS // len(panels)
    sized = tuple(panel if isinstance(panel, tuple) else (panel, share) for panel in panels)
    total = sum(width for _, width in sized)
    if total != COLUMNS:
        raise ValueError(f"the panels of a band are {total} columns wide together, not {COLUMNS}: give their widths")
    return Band(height, sized)


def section(title: str, *bands: Band) -> Section:
    return Section(title, bands)


def top(*bands: Band) -> Section:
    """What a reader sees first, without a heading."""
    return Section("", bands)


def dashboard(page: Page, pages: Mapping[str, Page]) -> models.Dashboard:
    """The page as Grafana's model; `pages` are all of them by uid, for the links.

    Raises ValueError when two panels share a title: ids are made from titles."""
    entry = DIRECTORY[page.uid]
    builder = (
        Dashboard(entry.title)
        .uid(page.uid)
        .description(page.description)
        .tags([COMMON_TAG, entry.tag])
        .timezone("browser")
        .time(page.time_from, "now")
        .refresh(page.refresh)
        # The cursor stands at the same moment in every panel.
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .links(_links(page, pages))
        .variables(list(page.variables))
        .annotations(list(events.every_dashboard()))
    )
    model = builder.build()
    model.panels = _placed(page.sections)
    return model


def _links(page: Page, pages: Mapping[str, Page]) -> list[Builder[models.DashboardLink]]:
    """To the neighbours and to everything. What is chosen here stays chosen where the variable means the same."""
    neighbours = [
        links.to_neighbour(uid, _carried(page, pages[uid])) for uid in DIRECTORY[page.uid].neighbours if uid in pages
    ]
    return [*neighbours, links.to_all_dashboards()]


def _carried(page: Page, target: Page) -> list[str]:
    here = {variable.name: variable for variable in (builder.build() for builder in page.variables)}
    there = {variable.name: variable for variable in (builder.build() for builder in target.variables)}
    same = [name for name in here if name in there and here[name].query == there[name].query]
    fixed = [f"var-service={page.service}"] if page.service and "service" in there else []
    return [*fixed, *(f"${{{name}:queryparam}}" for name in same)]


def _placed(sections: Sequence[Section]) -> list[models.Panel | models.RowPanel]:
    placed: list[models.Panel | models.RowPanel] = []
    seen: dict[int, str] = {}
    y = 0
    for part in sections:
        if part.title:
            row = Row(part.title).id(_panel_id(f"section {part.title}", seen)).build()
            row.grid_pos = models.GridPos(x=0, y=y, w=COLUMNS, h=1)
            row.collapsed = False
            placed.append(row)
            y += 1
        for line in part.bands:
            x = 0
            for builder, width in line.panels:
                panel = builder.build()
                panel.id_val = _panel_id(panel.title or "", seen)
                panel.grid_pos = models.GridPos(x=x, y=y, w=width, h=line.height)
                placed.append(panel)
                x += width
            y += line.height
    return placed


def _panel_id(title: str, seen: dict[int, str]) -> int:
    """From the title, so that a new panel changes no other's id and links to a panel (`viewPanel=`) go on working."""
    number = zlib.crc32(title.encode()) % 1_000_000 + 1
    if number in seen:
        raise ValueError(f"the panels {seen[number]!r} and {title!r} get the same id: choose another title for one")
    seen[number] = title
    return number
