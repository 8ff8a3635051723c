"""The pictures of README and docs: each page as a reader finds it, after some minutes of traffic.

`UPDATE_SCREENSHOTS=1 .venv/bin/pytest tests/e2e/workbench/test_screenshots.py` makes them anew. Without it the pages
are looked at all the same, and nothing is written.
"""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Callable
from typing import Any, Literal
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.pictures import UPDATE_SCREENSHOTS, picture
from tests.e2e.workbench.conftest import Workbench

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(400)]

#: What the charts of a picture show, and of how many scrapes (one in five seconds) that is nearly all.
LAST_MINUTES = {"from": "now-2m", "to": "now"}
_SCRAPES = 21

_SOON_MS = 30_000

P99 = "histogram_quantile(0.99, sum by (le) (rate(frontend_request_duration_seconds_bucket[1m])))"
PANES = {
    "left": {"source": "prometheus", "query": P99, "view": "graph"},
    "right": {"source": "loki", "query": '{service=~".+", level=~"warning|error"}', "view": "lines"},
}


@pytest.fixture(scope="module", autouse=True)
def minutes_of_traffic(workbench: Workbench, wait_for: Callable[..., Any]) -> None:
    """A picture of a lab's first minute shows empty charts. Where none is made, nobody needs to wait."""
    telemetry = workbench.lab.telemetry
    assert telemetry is not None
    if UPDATE_SCREENSHOTS:
        query = f'min(count_over_time(up{{job="chain"}}[1h])) >= {_SCRAPES}'
        wait_for(lambda: telemetry.query(query), "some minutes of traffic", 240)


@pytest.fixture(autouse=True)
def patient(page: Page) -> None:
    page.set_default_timeout(_SOON_MS)
    expect.set_options(timeout=_SOON_MS)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_now(page: Page, scheme: Literal["light", "dark"]) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto("/")
    for tier in ("frontend", "backend", "database"):
        card = page.locator(".card").filter(has=page.locator(".card-title", has_text=re.compile(f"^{tier}$")))
        expect(card.locator(".card-number")).to_have_text(re.compile(r"^[\d.]*[1-9]"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("All three services answer")
    expect(page.locator(".log-row").nth(2)).to_be_visible()
    picture(page, "workbench-now" if scheme == "light" else f"workbench-now-{scheme}")


def test_a_dashboard(page: Page) -> None:
    page.goto("/dashboards/chain-frontend?" + urlencode(LAST_MINUTES))
    panels = page.locator("[data-panel]")
    expect(panels.nth(8)).to_be_visible()
    for panel in panels.all()[:9]:
        expect(panel).to_have_attribute("data-state", "ready")
    expect(page.locator("section.panel-timeseries", has_text="Duration by route")).to_contain_text("/user/<id>")
    picture(page, "workbench-dashboard")


def test_explore_with_a_metric_beside_log_lines(page: Page) -> None:
    panes = {side: json.dumps(pane) for side, pane in PANES.items()}
    with page.expect_response(re.compile("query_exemplars")) as exemplars:
        page.goto("/explore?" + urlencode({**panes, **LAST_MINUTES}))
    assert any(series["exemplars"] for series in exemplars.value.json()["data"])
    metric, logs = page.locator(".pane").all()
    expect(metric.locator(".result-graph canvas").first).to_be_visible()
    expect(logs.locator(".log-row").nth(5)).to_be_visible()
    expect(logs.locator(".log-row").filter(has_text="trace").first).to_be_visible()
    picture(page, "workbench-explore")


def test_a_trace_with_the_log_lines_of_a_span(page: Page, workbench: Workbench, wait_for: Callable[..., Any]) -> None:
    # A product that nobody has asked for: no cache holds it, so all three services work.
    with urllib.request.urlopen(workbench.lab.url("frontend", "/product/487"), timeout=20) as answer:
        trace_id = answer.headers["X-Trace-Id"]
    telemetry = workbench.lab.telemetry
    assert telemetry is not None
    wait_for(lambda: len(telemetry.logs(f'{{service="database"}} |= "{trace_id}"')) >= 2, "the database's log lines")
    page.goto(f"/trace/{trace_id}")
    page.get_by_role("row").filter(has_text="backend_get_product").first.click()
    details = page.get_by_role("article", name="Span backend_get_product")
    expect(details.get_by_role("heading", name=re.compile(r"Log lines \([1-9]\d*\)"))).to_be_visible()
    expect(details.locator(".log-row").first).to_be_visible()
    expect(page.locator(".wf-critical").first).to_be_visible()
    picture(page, "workbench-trace")


def test_logs(page: Page) -> None:
    page.goto("/logs?" + urlencode(LAST_MINUTES))
    expect(page.locator(".log-row").nth(10)).to_be_visible()
    expect(page.locator(".log-volume canvas").first).to_be_visible()
    page.locator(".log-row", has_text="Transaction committed").first.click()
    expect(page.get_by_role("button", name="Lines around it").first).to_be_visible()
    picture(page, "workbench-logs")


def test_the_service_map(page: Page) -> None:
    page.goto("/map?" + urlencode(LAST_MINUTES))
    for client, server in (("visitors", "frontend"), ("frontend", "backend"), ("backend", "database")):
        row = page.locator("tbody tr").filter(has_text=re.compile(f"{client}.*{server}"))
        expect(row).to_contain_text(re.compile(r"(?:[1-9][\d.]*|0\.\d*[1-9]\d*)/s"))
    picture(page, "workbench-map")
