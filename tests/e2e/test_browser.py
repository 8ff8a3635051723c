"""The pages in real Chromium, as a visitor sees them."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page

from lab.paths import REPOSITORY

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

#: Set to keep the README's picture up to date: `UPDATE_SCREENSHOTS=1 python3 lab test tests/e2e/test_browser.py`.
UPDATE_SCREENSHOTS = "UPDATE_SCREENSHOTS" in os.environ
SCREENSHOTS = REPOSITORY / "docs" / "images"


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that must not complain: no console error, no refused resource."""
    context = browser.new_context(viewport={"width": 1280, "height": 640})
    page = context.new_page()
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        # A page that is meant to be a 404 is one resource that failed to load.
        if message.type in ("error", "warning") and "status of 4" not in message.text:
            complaints.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


def save(page: Page, name: str) -> None:
    if UPDATE_SCREENSHOTS:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(SCREENSHOTS / name))


def test_a_visitor_sees_the_user_the_path_and_the_way_to_the_trace(lab, page, wait_for):
    response = page.goto(lab.url("frontend", "/user/123"))
    trace_id = response.header_value("x-trace-id")
    assert response.status == 200
    text = page.inner_text("body")
    for expected in (trace_id, "backend", "database", "ms"):
        assert expected.lower() in text.lower()
    save(page, "user-page.png")
    wait_for(lambda: lab.telemetry.search_traces(q='{ name = "frontend_get_user" }'), "a trace")
    link = page.locator(f'a[href*="{trace_id}"]').first
    link.click()
    page.wait_for_load_state()
    wait_for(lambda: page.reload() and "frontend_get_user" in page.inner_text("body"), "the trace behind its link")


def test_the_second_visit_shows_the_cache_hit(lab, page):
    page.goto(lab.url("frontend", "/product/7"))
    page.reload()
    assert "hit" in page.inner_text("body").lower()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("path", ["/", "/user/123", "/product/7", "/user/abc", "/user/999999"])
def test_every_page_fits_the_screen(lab, page, path, width, scheme):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(lab.url("frontend", path))
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_an_error_page_is_a_page_with_the_trace_id(lab, page):
    response = page.goto(lab.url("frontend", "/user/abc"))
    assert response.status == 400
    assert re.search(response.header_value("x-trace-id"), page.inner_text("body"))
