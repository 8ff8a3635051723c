"""From a spike to its cause by clicking only: exemplar, trace, a span's log lines, Explore, and back to a metric."""

import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psutil
import pytest
import requests
from playwright.sync_api import Locator, Page, expect

from tests.e2e.workbench.conftest import Workbench

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

#: How long the database stands still, and from when on a request counts as one that had to wait for it.
_STANDSTILL_SECONDS = 1.6
_SLOW_SECONDS = 1.0

#: Every so many pixels the pointer looks for a dot: a dot can be hit within nine.
_STRIDE = 8
_IN_SECONDS = re.compile(r"([\d.]+) s\b")


@pytest.fixture(scope="module")
def spike(workbench: Workbench, wait_for: Callable[..., Any]) -> str:
    """The id of a user's trace that was slow because the database stood still; its exemplar has been scraped."""
    database = psutil.Process(workbench.lab.pid("database"))
    database.suspend()
    try:
        # Users that no cache holds: each of these has to wait.
        with ThreadPoolExecutor(4) as visitors:
            address = workbench.lab.url("frontend", "/user/")
            answers = [visitors.submit(requests.get, f"{address}{user}", timeout=20) for user in range(801, 805)]
            time.sleep(_STANDSTILL_SECONDS)
            database.resume()
            for answer in answers:
                answer.result()
    finally:
        database.resume()

    def scraped() -> str | None:
        now = time.time()
        found = workbench.lab.telemetry.exemplars("frontend_request_duration_seconds_bucket", now - 300, now)
        # Of several slow ones a bucket keeps the last: it may be that of another visitor.
        return next(
            (
                exemplar["labels"]["trace_id"]
                for series in found
                for exemplar in series["exemplars"]
                if series["seriesLabels"]["endpoint"] == "/user/<id>" and float(exemplar["value"]) > _SLOW_SECONDS
            ),
            None,
        )

    trace_id = wait_for(scraped, "the exemplar of a slow request", 60)
    wait_for(lambda: workbench.lab.telemetry.trace(trace_id), "its trace")
    return str(trace_id)


def test_the_way_from_a_spike_to_its_cause_needs_nothing_but_clicks(page: Page, spike: str) -> None:
    page.goto("/dashboards/chain-frontend")
    panel = page.locator("section.panel-timeseries", has_text="Duration by route")
    panel.scroll_into_view_if_needed()
    expect(panel).to_have_attribute("data-state", "ready", timeout=30_000)

    click_a_slow_exemplar(page, panel)
    page.get_by_role("menuitem", name=re.compile("Open its trace")).click()

    # The trace: the database's part is where the time went.
    page.wait_for_url(re.compile(r"/trace/[0-9a-f]{32}"), timeout=20_000)
    rows = page.get_by_role("row")
    expect(rows.filter(has_text="frontend_get_user").first).to_be_visible(timeout=20_000)
    span = rows.filter(has_text="database_get_user").first
    span.click()

    # Its log lines, in place; each names the service that wrote it.
    details = page.get_by_role("article", name="Span database_get_user")
    expect(details.get_by_role("heading", name=re.compile(r"Log lines \(\d+\)"))).to_be_visible(timeout=20_000)
    expect(details.get_by_text(re.compile("from database")).first).to_be_visible()

    # On to Explore: the same lines, as a query that can be changed.
    details.get_by_role("link", name="Log lines in Explore").click()
    page.wait_for_url(re.compile("/explore"), timeout=20_000)
    expect(page.get_by_text(re.compile("from database")).first).to_be_visible(timeout=20_000)

    # And back to a metric, of the service that wrote the line.
    page.go_back()
    expect(details).to_be_visible(timeout=20_000)
    details.get_by_title(re.compile("at that time")).first.click()
    page.wait_for_url(re.compile("/explore"), timeout=20_000)
    expect(page.locator("canvas").first).to_be_visible(timeout=20_000)


def test_a_link_that_was_shared_shows_the_same_view_to_somebody_else(page: Page, spike: str) -> None:
    page.goto(f"/trace/{spike}")
    rows = page.get_by_role("row")
    rows.filter(has_text="backend_get_user").first.click()
    expect(page.get_by_role("article", name="Span backend_get_user")).to_be_visible(timeout=20_000)
    address = page.url

    # Another browser: no history, no storage.
    assert page.context.browser is not None
    with page.context.browser.new_context() as elsewhere:
        theirs = elsewhere.new_page()
        theirs.goto(address)
        expect(theirs.get_by_role("article", name="Span backend_get_user")).to_be_visible(timeout=20_000)


def click_a_slow_exemplar(page: Page, panel: Locator) -> None:
    """Moves the pointer over the plot, newest and slowest first, until the tooltip shows a slow request; clicks it.

    Looks more than once: a range ends at a whole step, so what has just happened is drawn at one of the next refreshes.
    """
    plot = panel.locator("canvas").first
    tooltip = page.locator(".chart-tooltip")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        box = plot.bounding_box()
        assert box is not None
        right, bottom = int(box["x"] + box["width"]), int(box["y"] + box["height"])
        for x in range(right - 4, int(box["x"]) + 40, -_STRIDE):
            for y in range(int(box["y"]) + 4, bottom - 30, _STRIDE):
                page.mouse.move(x, y)
                text = tooltip.inner_text() if tooltip.count() else ""
                if "Exemplar" in text and (found := _IN_SECONDS.search(text)) and float(found[1]) > _SLOW_SECONDS:
                    page.mouse.click(x, y)
                    return
    raise AssertionError("no slow request can be pointed at in the panel")
