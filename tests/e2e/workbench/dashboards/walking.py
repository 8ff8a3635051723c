"""Walks through a dashboard in a real browser as a reader does: opens rows, looks at each panel until it has come."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from playwright.sync_api import Locator, Page, expect

#: How a panel can end up.
_ARRIVED = re.compile("^(ready|empty|failed|unsupported)$")
_TIMEOUT_MS = 20_000

#: What a mistake in a program leaves in a text.
_MISTAKE = re.compile(r"\b(NaN|undefined|Infinity|Invalid Date)\b|\[object|\$\{|\{\{")


def faults_of(page: Page, document: Mapping[str, Any], *, load_test: bool = False) -> list[str]:
    """What is wrong with the panels of a dashboard, in sentences. `page` is on the workbench.

    A panel whose `noValue` says why it may be empty may be, unless a load test runs and it asks about load tests."""
    page.set_viewport_size({"width": 1400, "height": 1600})
    page.goto(f"/dashboards/{document['uid']}")
    expect(page.get_by_role("heading", level=1, name=document["title"], exact=True)).to_be_visible(timeout=_TIMEOUT_MS)
    for row in page.locator(".board-row[aria-expanded=false]").all():
        row.click()
    expected = {panel["id"]: panel for panel in _drawn(document)}
    panels = {int(panel.get_attribute("data-panel") or 0): panel for panel in page.locator("[data-panel]").all()}
    faults = [f'"{panel["title"]}" is not there' for key, panel in expected.items() if key not in panels]
    for key, locator in panels.items():
        panel = expected[key]
        fault = _fault(locator, panel, excuses=not (load_test and _asks_about_load_tests(panel)))
        if fault:
            faults.append(f'"{panel["title"]}" ({panel["type"]}) {fault}')
    return faults


def _drawn(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    rows = [panel.get("panels", []) for panel in document["panels"] if panel["type"] == "row"]
    return [panel for panel in document["panels"] if panel["type"] != "row"] + [panel for row in rows for panel in row]


def _asks_about_load_tests(panel: Mapping[str, Any]) -> bool:
    return any("loadtest_" in target.get("expr", "") for target in panel.get("targets", []))


def _fault(locator: Locator, panel: Mapping[str, Any], *, excuses: bool) -> str | None:
    locator.scroll_into_view_if_needed()
    try:
        expect(locator).to_have_attribute("data-state", _ARRIVED, timeout=_TIMEOUT_MS)
    except AssertionError:
        return f"does not come: it is {locator.get_attribute('data-state')}"
    state, text = locator.get_attribute("data-state"), locator.inner_text()
    if state in ("failed", "unsupported"):
        return f"{state}: {text[-300:]}"
    reason = panel.get("fieldConfig", {}).get("defaults", {}).get("noValue")
    if state == "empty" and not (reason and excuses):
        return f"is empty: {text}"
    mistake = _MISTAKE.search(text)
    if mistake:
        return f"shows {mistake[0]!r}: {text[:300]}"
    return None if state == "empty" else _unpainted(locator, panel)


#: What a drawing of each type consists of; a number alone is drawn without a canvas.
_DRAWINGS = {
    "table": "tbody tr td",
    "logs": "[role=listitem], .log-row, tr, li",
    "nodeGraph": "svg",
    "stat": "*",
    "bargauge": "*",
}


def _unpainted(locator: Locator, panel: Mapping[str, Any]) -> str | None:
    drawing = locator.locator(".panel-drawing")
    selector = _DRAWINGS.get(panel["type"], "canvas, svg")
    if not drawing.locator(selector).count():
        return f"has no {selector}"
    return "is without a word" if selector == "*" and not drawing.inner_text().strip() else None
