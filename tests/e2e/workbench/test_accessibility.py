"""Every page for everybody: no barrier that axe-core finds, and nothing wider than the screen."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

_PANE = {"source": "prometheus", "query": "service:requests:rate1m", "view": "graph"}
EXPLORE = "/explore?" + urlencode({"left": json.dumps(_PANE)})
EXERCISE = "/exercises/03-a-gauge-is-a-level"
PAGES = (
    *("/", "/dashboards", "/dashboards/chain-overview", EXPLORE, "/logs", "/trace", "/map"),
    *("/exercises", EXERCISE, "/faults", "/nowhere"),
)

#: WCAG 2.2 A and AA, and what axe's authors call best practice.
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def settled(page: Page) -> None:
    """The page has its heading, and nothing on it is loading for the first time."""
    expect(page.locator("main h1").first).to_be_visible()
    expect(page.locator(".state-loading")).to_have_count(0, timeout=20_000)


#: Findings that are none: the waterfall's grid around its rows has the focus, and its keys move through them.
NO_BARRIERS = {"scrollable-region-focusable": 'class="wf-body'}


def barriers(page: Page) -> list[str]:
    # On a phone the pages' names lie over whatever has not been scrolled away from under them.
    page.evaluate("document.getElementById('pages').style.position = 'static'")
    found = Axe().run(page, options=RULES).response["violations"]
    return [
        f"{violation['id']}: {violation['help']}: {node['html'][:160]} {node.get('failureSummary', '')[:200]}"
        for violation in found
        for node in violation["nodes"][:3]
        if NO_BARRIERS.get(violation["id"], "-") not in node["html"]
    ]


def a_trace(workbench) -> str:
    (found, *_) = workbench.lab.telemetry.search_traces(q='{ resource.service.name = "database" }')
    return f"/trace/{found['traceID']}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_no_page_has_a_barrier(workbench, page, watch, width, scheme):
    watch.allow("404 .*/nowhere")
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 800})
    found = {}
    for path in (*PAGES, a_trace(workbench)):
        page.goto(path)
        settled(page)
        if barrier := barriers(page):
            found[path] = barrier
    assert found == {}


def test_the_panels_that_open_have_no_barrier(workbench, page):
    page.goto("/logs")
    settled(page)
    found = []
    for keys, selector in (("t", ".popover"), ("?", "dialog[open]"), ("m", "dialog[open]")):
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press(keys)
        expect(page.locator(selector)).to_be_visible()
        found += barriers(page)
        page.keyboard.press("Escape")
        expect(page.locator(selector)).to_have_count(0)
    assert found == []


@pytest.mark.parametrize("width", [1920, 1280, 768, 390])
def test_no_page_scrolls_sideways(workbench, page, watch, width):
    watch.allow("404 .*/nowhere")
    page.set_viewport_size({"width": width, "height": 900})
    wide = {}
    for path in (*PAGES, a_trace(workbench)):
        page.goto(path)
        settled(page)
        found = page.evaluate("document.documentElement.scrollWidth")
        if found > width:
            wide[path] = found
    assert wide == {}
