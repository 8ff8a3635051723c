"""A dashboard in use: choosing, looking closer, going on from it, and going on without one of the APIs."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, Request, expect

from tests.browser import Watch
from tests.e2e.workbench.conftest import Workbench
from workbench.settings import OWN_DASHBOARDS

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(180)]

#: In a machine that does other things too.
_SOON_MS = 30_000


@pytest.fixture(autouse=True)
def patient(page: Page) -> None:
    page.set_default_timeout(_SOON_MS)
    expect.set_options(timeout=_SOON_MS)


def panel(page: Page, title: str) -> Locator:
    return page.locator("[data-panel]").filter(has=page.get_by_role("heading", level=3, name=title, exact=True))


def ready(page: Page, title: str) -> Locator:
    found = panel(page, title)
    found.scroll_into_view_if_needed()
    expect(found).to_have_attribute("data-state", "ready")
    return found


def choose(found: Locator, text: str) -> None:
    found.get_by_role("button", name=re.compile("^Menu of")).click()
    found.page.get_by_role("menuitem", name=text).click()


def parameters(address: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(address).query)


def queries(requests: list[Request], text: str) -> list[dict[str, list[str]]]:
    """Parameters of those range queries whose text has `text` in it."""
    asked = [parameters(request.url) for request in requests if "/query_range?" in request.url]
    return [found for found in asked if text in found["query"][0]]


def test_the_list_finds_a_dashboard_by_its_words_and_opens_it(page: Page) -> None:
    page.goto("/dashboards")
    expect(page.locator(".dashboards-list li")).to_have_count(len(list(OWN_DASHBOARDS.glob("*.json"))))
    page.get_by_label("Find").fill("chain error budget")
    expect(page.locator(".dashboards-list li")).to_have_count(1)
    assert parameters(page.url) == {"q": ["chain error budget"]}
    page.get_by_role("link", name="Chain: SLOs and error budget").click()
    expect(page.get_by_role("heading", level=1, name="Chain: SLOs and error budget")).to_be_visible()


def test_a_chosen_route_is_asked_for_and_stays_in_the_address(page: Page) -> None:
    page.goto("/dashboards/chain-frontend")
    ready(page, "Requests by route")
    page.get_by_role("button", name="Route", exact=True).click()
    wanted = page.get_by_role("checkbox", name="/user/<id>")
    with page.expect_request(lambda request: 'route=~"/user/<id>"' in parameters(request.url).get("query", [""])[0]):
        wanted.check()
    assert parameters(page.url)["var-route"] == ["/user/<id>"]
    page.reload()
    expect(page.get_by_role("button", name="Route", exact=True)).to_have_text("/user/<id>")
    ready(page, "Requests by route")


def test_another_percentile_changes_titles_too(page: Page) -> None:
    page.goto("/dashboards/chain-traces")
    ready(page, "Duration, p95")
    page.get_by_label("Percentile", exact=True).select_option("p99")
    ready(page, "Duration, p99")
    page.go_back()
    ready(page, "Duration, p95")


def test_a_panel_is_viewed_alone_and_back_leads_back(page: Page) -> None:
    page.goto("/dashboards/chain-overview")
    choose(ready(page, "Rate"), "View alone")
    expect(page.locator("[data-panel]")).to_have_count(1)
    expect(panel(page, "Rate")).to_have_attribute("data-state", "ready")
    page.go_back()
    ready(page, "Requests")
    assert page.locator("[data-panel]").count() > 10


def test_a_closed_row_asks_nothing_and_stays_closed(page: Page) -> None:
    page.goto("/dashboards/chain-overview")
    ready(page, "Rate")
    row = page.get_by_role("button", name=re.compile("^Golden signals by tier"))
    row.click()
    expect(panel(page, "Rate")).to_have_count(0)
    page.reload()
    expect(row).to_have_attribute("aria-expanded", "false")
    expect(row).to_contain_text("4 panels")
    row.click()
    ready(page, "Rate")


def test_panels_out_of_sight_are_not_asked(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/dashboards/chain-overview?refresh=0")
    ready(page, "Requests")
    expect(panel(page, "Warnings and errors")).to_have_attribute("data-state", "waiting")
    assert not any("line_format" in address for address in asked)
    panel(page, "Warnings and errors").scroll_into_view_if_needed()
    expect(panel(page, "Warnings and errors")).not_to_have_attribute("data-state", "waiting")


def test_a_refresh_asks_for_new_points_only(page: Page) -> None:
    asked: list[Request] = []

    # Playwright wants a function of Python's own.
    def note(request: Request) -> None:
        asked.append(request)

    page.on("request", note)
    page.goto("/dashboards/chain-overview?refresh=2")
    ready(page, "Requests")
    # All of that panel's query: parts of it are asked by panels that may still wait for their first answer.
    text = 'sum(service:requests:rate1m{service="frontend"}) or vector(0)'
    first, *_ = queries(asked, text)
    assert float(first["end"][0]) - float(first["start"][0]) > 800
    del asked[:]
    with page.expect_request(
        lambda request: "/query_range?" in request.url and text in parameters(request.url)["query"][0]
    ):
        pass
    (again, *_) = queries(asked, text)
    assert float(again["end"][0]) - float(again["start"][0]) <= 60


def test_a_cell_leads_to_the_dashboard_of_its_tier(page: Page) -> None:
    page.goto("/dashboards/chain-overview?from=now-30m&to=now")
    ready(page, "Calls between the tiers").get_by_role("link", name="backend").click()
    expect(page.get_by_role("heading", level=1, name="Chain: backend")).to_be_visible()
    assert parameters(page.url)["from"] == ["now-30m"]


def test_a_trace_of_a_table_opens(page: Page) -> None:
    page.goto("/dashboards/chain-traces")
    link = ready(page, "Slow traces").locator("a.trace-id").first
    trace_id = link.inner_text()
    link.click()
    expect(page).to_have_url(re.compile(f"/trace/{trace_id}"))


def test_the_query_of_a_panel_can_be_read_and_explored(page: Page) -> None:
    page.goto("/dashboards/chain-overview")
    found = ready(page, "Requests")
    choose(found, "Show the queries")
    expect(page.get_by_role("dialog")).to_contain_text("PromQL")
    expect(page.get_by_role("dialog")).to_contain_text("service:requests:rate1m")
    page.keyboard.press("Escape")
    choose(found, "Explore this query")
    expect(page).to_have_url(re.compile(r"/explore\?"))
    assert "service:requests:rate1m" in parameters(page.url)["left"][0]


def test_what_a_panel_shows_can_be_downloaded(page: Page) -> None:
    page.goto("/dashboards/chain-overview")
    found = ready(page, "Rate")
    with page.expect_download() as download:
        choose(found, "Download as CSV")
    assert download.value.suggested_filename == "rate.csv"
    rows = list(csv.reader(io.StringIO(Path(download.value.path()).read_text())))
    assert rows[0] == ["Time", "frontend", "backend", "database"]
    assert all(float(cell) >= 0 for row in rows[1:] for cell in row[1:] if cell)


def test_marks_can_be_switched_off(page: Page, workbench: Workbench) -> None:
    assert workbench.lab.run("annotate", "a new look", "--kind", "deploy").returncode == 0
    page.goto("/dashboards/chain-overview")
    ready(page, "Rate")
    page.get_by_label("Deploys").uncheck()
    assert parameters(page.url)["hide-marks"] == ["Deploys"]
    page.reload()
    expect(page.get_by_label("Deploys")).not_to_be_checked()
    expect(page.get_by_label("Faults")).to_be_checked()


def test_without_loki_the_rest_goes_on_and_the_lines_come_back_by_themselves(page: Page, watch: Watch) -> None:
    watch.allow(r"502 .*/api/loki/")
    page.route(
        "**/api/loki/**", lambda route: route.fulfill(status=502, json={"error": "gone", "errorType": "unreachable"})
    )
    page.goto("/dashboards/chain-overview?refresh=2")
    lines = panel(page, "Warnings and errors")
    lines.scroll_into_view_if_needed()
    expect(lines).to_have_attribute("data-state", "failed")
    expect(lines.get_by_role("alert")).to_contain_text("No answer")
    ready(page, "Rate")
    page.unroute("**/api/loki/**")
    lines.scroll_into_view_if_needed()
    expect(lines).to_have_attribute("data-state", re.compile("ready|empty"))
    expect(lines.get_by_role("alert")).to_have_count(0)


def test_an_unknown_dashboard_is_said_to_be_unknown(page: Page, watch: Watch) -> None:
    watch.allow(r"404 .*/api/dashboards/nothing-like-it")
    page.goto("/dashboards/nothing-like-it")
    expect(page.get_by_role("alert")).to_contain_text("there is no dashboard 'nothing-like-it'")


def test_on_a_phone_nothing_scrolls_sideways(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    for uid in ("chain-overview", "chain-traces", "telemetry-health"):
        page.goto(f"/dashboards/{uid}")
        expect(page.locator("[data-panel][data-state=ready]").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") == 390
