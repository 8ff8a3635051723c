"""The grid: 24 columns, no gap, no overlap; ids that stay."""

from __future__ import annotations

from typing import Any

import pytest

from grafana.source import panels, units
from grafana.source.directory import DIRECTORY
from grafana.source.layout import Page, band, dashboard, top
from grafana.source.queries import prometheus

UIDS = sorted(DIRECTORY)


def _panel(title: str) -> Any:
    return panels.stat(title, shows="…", bad_day="…", unit=units.COUNT, queries=[prometheus("up")])


def _page(*sections: Any) -> Page:
    return Page(uid="chain-slo", description="", sections=sections)


@pytest.mark.parametrize("uid", UIDS)
def test_every_cell_of_the_grid_belongs_to_one_panel(uid: str, dashboards: dict[str, dict[str, Any]]) -> None:
    taken: dict[tuple[int, int], str] = {}
    for panel in dashboards[uid]["panels"]:
        place = panel["gridPos"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert (x, y) not in taken, f"{panel['title']} lies on {taken[x, y]}"
                taken[x, y] = panel["title"]

    bottom = max(y for _, y in taken) + 1
    assert set(taken) == {(x, y) for x in range(24) for y in range(bottom)}


@pytest.mark.parametrize("uid", UIDS)
def test_ids_are_unique_within_a_dashboard(uid: str, dashboards: dict[str, dict[str, Any]]) -> None:
    ids = [panel["id"] for panel in dashboards[uid]["panels"]]

    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("uid", UIDS)
def test_the_first_thing_is_a_row_of_numbers(uid: str, dashboards: dict[str, dict[str, Any]]) -> None:
    top_row = [panel for panel in dashboards[uid]["panels"] if panel["gridPos"]["y"] == 0]

    assert {panel["type"] for panel in top_row} <= {"stat", "gauge", "text", "bargauge"}
    assert len(top_row) >= 4


def test_a_new_panel_changes_no_other_panels_id() -> None:
    before = dashboard(_page(top(band(4, _panel("a"), _panel("b")))), {})
    after = dashboard(_page(top(band(4, _panel("new"), _panel("a"), _panel("b")))), {})

    ids = {panel.title: panel.id_val for panel in after.panels or []}
    assert {panel.title: panel.id_val for panel in before.panels or []}.items() <= ids.items()


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: band(8), "at least one panel"),
        (lambda: band(8, *(_panel(str(n)) for n in range(5))), "20 columns wide together, not 24"),
        (lambda: band(8, (_panel("a"), 12), (_panel("b"), 13)), "25 columns wide"),
    ],
)
def test_a_band_that_leaves_a_gap_is_refused(build: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build()


def test_two_panels_of_one_title_are_refused() -> None:
    with pytest.raises(ValueError, match="'twice' and 'twice' get the same id"):
        dashboard(_page(top(band(4, _panel("twice"), _panel("twice")))), {})
