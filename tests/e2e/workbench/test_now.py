"""Now on a lab with traffic: what it shows is what the APIs say; a tier that hangs, a store that is gone, a new lab."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Response, expect

from tests.browser import watched_page
from tests.e2e.conftest import BootedLab
from tests.e2e.workbench.conftest import Workbench

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

TIERS = ("frontend", "backend", "database")

#: A scrape, an evaluation of the rules and a refresh of the page, on a machine that is busy.
SOON = 60_000


def card(page: Page, name: str) -> Any:
    return page.locator(".card").filter(has=page.locator(".card-title", has_text=re.compile(f"^{name}$")))


def arrow(page: Page, client: str, server: str) -> Any:
    verb = "call" if client == "visitors" else "calls"
    return page.get_by_role("button", name=re.compile(f"^{client} {verb} {server}:"))


def number(text: str | None) -> float:
    found = re.search(r"[\d.]+", text or "")
    assert found is not None, text
    return float(found[0])


def is_asked_for_the_map(answer: Response) -> bool:
    question = answer.url + (answer.request.post_data or "")
    return urlsplit(answer.url).path.endswith("/api/v1/query") and "asked" in question


def test_it_shows_each_tier_with_the_numbers_that_the_api_has(page: Page, workbench: Workbench) -> None:
    page.goto("/")
    for tier in TIERS:
        expect(card(page, tier).locator(".card-number")).to_have_text(re.compile(r"^\d"))
    # What was asked is in the page's own requests: the same question about the same moment has the same answer.
    with page.expect_response(is_asked_for_the_map) as caught:
        page.get_by_role("button", name="Refresh", exact=True).click()
    answer = caught.value.json()
    requests = {
        series["metric"]["service"]: float(series["value"][1])
        for series in answer["data"]["result"]
        if series["metric"].get("asked") == "requests"
    }
    at = answer["data"]["result"][0]["value"][0]
    telemetry = workbench.lab.telemetry
    assert telemetry is not None
    server = 'span_kind=~"SPAN_KIND_SERVER|SPAN_KIND_CONSUMER"'
    for tier in TIERS:
        (sample,) = telemetry.query(
            f'sum(rate(traces_spanmetrics_calls_total{{{server}, service="{tier}"}}[1m]))', at_unix_seconds=at
        )
        assert requests[tier] == pytest.approx(sample.value, rel=0.01)
        shown = card(page, tier).locator(".card-number")
        expect(shown).not_to_have_text("")
        assert number(shown.text_content()) == pytest.approx(sample.value, rel=0.35, abs=0.3)


def test_the_sentence_and_the_arrows_are_read_out(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("All three services answer")
    for pair in (("visitors", "frontend"), ("frontend", "backend"), ("backend", "database")):
        expect(arrow(page, *pair)).to_have_attribute(
            "aria-label", re.compile(r"[\d.]+ requests per second, .*\d.*% errors, p95 [\d.]+ ms|s, ")
        )


def test_what_stands_behind_the_tiers_is_on_their_cards(page: Page) -> None:
    page.goto("/")
    expect(card(page, "backend")).to_contain_text("cache")
    for part in ("pool", "users", "products"):
        expect(card(page, "database")).to_contain_text(part)


def test_a_click_on_a_node_leads_to_a_trace(page: Page) -> None:
    page.goto("/")
    card(page, "backend").click()
    expect(page).to_have_url(re.compile("service=backend"))
    panel = page.get_by_role("region", name="backend", exact=True)
    expect(panel.get_by_role("heading", name="Requests per second")).to_be_visible()
    expect(panel.locator("canvas").first).to_be_visible()
    slowest = panel.get_by_role("region", name="Slowest requests", exact=True)
    slowest.locator("tbody tr").first.click()
    expect(page).to_have_url(re.compile("/trace/[0-9a-f]{32}"))
    page.go_back()
    expect(page.get_by_role("region", name="backend", exact=True)).to_be_visible()


def test_an_address_opens_an_arrow_and_escape_closes_it(page: Page) -> None:
    page.goto("/?call=frontend,backend")
    panel = page.get_by_role("region", name="frontend → backend")
    expect(panel.get_by_role("heading", name="Calls per second")).to_be_visible()
    panel.get_by_role("button", name="Close").focus()
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    expect(page).not_to_have_url(re.compile("call="))


def test_the_keyboard_alone_reaches_everything(page: Page) -> None:
    page.goto("/")
    expect(arrow(page, "backend", "database")).to_be_attached()
    card(page, "frontend").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=2, name="backend")).to_be_focused()
    page.keyboard.press("Escape")
    expect(card(page, "backend")).to_be_focused()


def test_every_number_tells_how_it_is_measured(page: Page) -> None:
    page.goto("/")
    map_of_system = page.get_by_role("region", name="The system now")
    map_of_system.get_by_role("button", name="How is this measured?").click()
    told = page.locator(".measured-card:popover-open")
    expect(told).to_contain_text("traces_service_graph_request_total")
    expect(told).to_contain_text("service:cache_hits:ratio1m")
    told.get_by_role("link", name="Ask it in Explore").first.click()
    expect(page).to_have_url(re.compile("/explore"))


def test_what_arrives_and_what_was_promised_is_shown(page: Page) -> None:
    page.goto("/")
    for name in ("Samples", "Log lines", "Spans"):
        row = page.locator(".arrival-row").filter(has_text=name)
        expect(row.locator(".arrival-value")).to_have_text(re.compile(r"^[\d.]+.*/s$"))
    expect(page.locator(".objective").filter(has_text="Availability")).to_contain_text("99\u00a0% of requests")


def test_it_asks_few_questions(page: Page) -> None:
    page.goto("/")
    expect(card(page, "frontend").locator(".card-number")).not_to_have_text("")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/api/" in request.url else None)
    with page.expect_request(lambda request: "/api/prometheus/api/v1/alerts" in request.url, timeout=SOON):
        pass
    page.wait_for_timeout(2_000)
    # The numbers, the alerts, what arrives, the last errors, the marks.
    assert len(asked) <= 2 * 5


@pytest.fixture
def hanging(workbench: Workbench) -> Iterator[Callable[[], None]]:
    """Stops the database in its tracks; afterwards it goes on."""
    database = workbench.lab.pid("database")
    yield lambda: os.kill(database, signal.SIGSTOP)
    os.kill(database, signal.SIGCONT)


def test_a_tier_that_hangs_is_shown_as_down_with_its_alert_and_recovers(
    page: Page, workbench: Workbench, hanging: Callable[[], None]
) -> None:
    page.goto("/")
    expect(card(page, "database")).to_have_attribute("data-status", re.compile("good|warning"), timeout=SOON)
    hanging()
    expect(card(page, "database")).to_contain_text("no answer", timeout=SOON)
    expect(card(page, "database")).to_have_attribute("data-status", "bad")
    expect(page.get_by_role("heading", level=1)).to_contain_text(re.compile("atabase.* not answer"))
    expect(arrow(page, "backend", "database")).to_have_attribute("data-status", "bad")
    alert = page.locator(".alert").filter(has_text="TargetDown")
    expect(alert).to_contain_text("database is gone", timeout=SOON)
    expect(page.get_by_role("heading", level=1)).to_contain_text(re.compile(r"since \d\d:\d\d:\d\d"))
    alert.get_by_role("link", name="Dashboard").click()
    expect(page).to_have_url(re.compile("/dashboards/chain-database"))
    page.go_back()
    os.kill(workbench.lab.pid("database"), signal.SIGCONT)
    expect(page.get_by_role("heading", level=1)).to_contain_text("All three services answer", timeout=SOON)
    expect(card(page, "database").locator(".card-number")).to_have_text(re.compile(r"^\d"), timeout=SOON)


def test_a_store_that_is_gone_is_an_error_above_the_last_picture_and_recovers(
    browser: Browser, fresh_lab: BootedLab
) -> None:
    with watched_page(browser, base_url=fresh_lab.url("workbench")) as (page, watch):
        page.goto("/")
        expect(card(page, "frontend")).to_contain_text("idle", timeout=SOON)
        watch.allow(r"/api/(prometheus|loki|tempo)", "console")
        os.kill(fresh_lab.pid("telemetry_store"), signal.SIGKILL)
        # The supervisor soon starts it again; what is asked before has no answer.
        page.get_by_role("button", name="Refresh", exact=True).click()
        expect(page.locator(".now-map .state-error")).to_be_visible(timeout=SOON)
        expect(card(page, "frontend")).to_be_visible()
        expect(page.locator(".now-map .state-error")).to_have_count(0, timeout=SOON)
        expect(page.get_by_role("heading", level=1)).to_contain_text("All three services answer", timeout=SOON)


def test_a_lab_that_has_just_started_fills_its_page(browser: Browser, fresh_lab: BootedLab) -> None:
    with watched_page(browser, base_url=fresh_lab.url("workbench")) as (page, _):
        page.goto("/")
        heading = page.get_by_role("heading", level=1)
        expect(heading).to_contain_text(re.compile("just started|nobody asks"))
        expect(heading).to_contain_text("All three services answer, but nobody asks", timeout=SOON)
        expect(card(page, "frontend")).to_contain_text("idle")
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and "requests/s" not in (card(page, "frontend").text_content() or ""):
            page.request.get(fresh_lab.url("frontend") + "/user/123")
            page.wait_for_timeout(500)
        expect(card(page, "backend").locator(".card-number")).to_have_text(re.compile(r"^[<\d]"), timeout=SOON)
