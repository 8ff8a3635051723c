"""The pictures of the exchange's guide: its page, the trace of an order, and its overview, while traders trade.

`UPDATE_SCREENSHOTS=1 .venv/bin/pytest tests/e2e/test_exchange_pictures.py` makes them anew.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import watched_page
from tests.e2e.conftest import BootedLab, boot
from tests.e2e.pictures import UPDATE_SCREENSHOTS, picture

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(400)]

#: What the charts of a picture show, and of how many scrapes (one in five seconds) that is nearly all.
LAST_MINUTES = {"from": "now-2m", "to": "now"}
_SCRAPES = 21

_SOON_MS = 30_000


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, wait_for: Callable[..., Any]) -> Iterator[BootedLab]:
    if not UPDATE_SCREENSHOTS:
        pytest.skip("pictures of the exchange are made when UPDATE_SCREENSHOTS is set; test_page.py looks at its page")
    options = ("--system", "exchange", "--rps", "8")
    with contextmanager(boot)(tmp_path_factory.mktemp("lab"), *options) as booted:
        telemetry = booted.telemetry
        assert telemetry is not None
        wait_for(lambda: telemetry.query("sum(rate(exchange_fills_total[1m])) > 0"), "trades", 60)
        # A picture of a lab's first minute shows empty charts.
        query = f'min(count_over_time(up{{job="exchange"}}[1h])) >= {_SCRAPES}'
        wait_for(lambda: telemetry.query(query), "some minutes of trade", 240)
        yield booted


@pytest.fixture
def page(browser: Browser, lab: BootedLab) -> Iterator[Page]:
    with watched_page(browser, base_url=lab.url("workbench")) as (page, _):
        page.set_default_timeout(_SOON_MS)
        expect.set_options(timeout=_SOON_MS)
        yield page


def test_an_order_on_the_trading_page_and_its_trace(page: Page, lab: BootedLab, wait_for: Callable[..., Any]) -> None:
    page.goto(lab.url("client-gateway"))
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill("correct horse")
    page.get_by_label("E-mail").fill("ada@example.org")
    page.get_by_role("button", name="Sign up").click()
    expect(page.locator("#stream")).to_have_text("live")
    page.get_by_role("button", name="Add funds").click()
    expect(page.locator("#wallet")).to_contain_text("10,000.00")
    # One that trades at once, and one that waits far below the market.
    page.get_by_role("radio", name="Market").check()
    page.get_by_role("button", name="Place the order").click()
    expect(page.locator("#log")).to_contain_text(re.compile(r"bought \d+ \w+"))
    page.get_by_role("radio", name="Limit").check()
    limit = page.get_by_label("Limit in dollars")
    limit.fill(f"{float(limit.input_value()) * 0.97:.1f}0")
    page.get_by_role("button", name="Place the order").click()
    expect(page.get_by_role("button", name="Cancel order")).to_be_visible()
    expect(page.locator("[data-position]")).to_be_visible()
    expect(page.locator("tr.level").nth(6)).to_be_visible()
    picture(page, "exchange-page")

    traded = page.locator("#log li").filter(has_text="bought").locator("a").last
    trace_id = traded.get_attribute("data-trace") or ""
    telemetry = lab.telemetry
    assert telemetry is not None
    wait_for(lambda: "settle_trade" in {span.name for span in telemetry.trace(trace_id)}, "the settlement in the trace")
    page.goto(traded.get_attribute("href") or "")
    for span in ("POST /v1/order", "process_order"):
        expect(page.get_by_role("row").filter(has_text=span).first).to_be_visible()
    expect(page.locator(".wf-critical").first).to_be_visible()
    picture(page, "exchange-trace")


def test_the_overview(page: Page) -> None:
    page.goto("/dashboards/exchange-overview?" + urlencode(LAST_MINUTES))
    panels = page.locator("[data-panel]")
    expect(panels.nth(10)).to_be_visible()
    for panel in panels.all()[:11]:
        expect(panel).to_have_attribute("data-state", re.compile("ready|empty"))
    picture(page, "exchange-overview")
