"""The first page while the APIs are away, and when they come back; answers are made up here."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, Route, expect

from tests.browser import Watch

#: What the union of questions is answered: all three tiers are scraped, one is not reached.
UP = {"frontend": "1", "backend": "1", "database": "0"}
HOSTILE = "<img src=x onerror=alert(1)>"


def answering(data: Any) -> Callable[[Route], None]:
    body = json.dumps({"status": "success", "data": data})
    return lambda route: route.fulfill(status=200, content_type="application/json", body=body)


def answer(page: Page) -> None:
    """Prometheus and Loki as a page finds them that has a database which is gone."""
    samples = [
        {"metric": {"asked": "up", "service": name}, "value": [1_800_000_000, value]} for name, value in UP.items()
    ]
    edge = {"asked": "calls", "client": "backend", "server": HOSTILE}
    samples.append({"metric": edge, "value": [1_800_000_000, "2.5"]})
    alert = {
        "labels": {"alertname": "TargetDown", "severity": "page", "service": "database"},
        "annotations": {"summary": f"database is gone {HOSTILE}", "look_first": "python3 lab status"},
        "state": "firing",
        "activeAt": "2026-11-21T14:03:00Z",
        "value": "0",
    }
    answers = {
        "query": {"resultType": "vector", "result": samples},
        "query_range": {"resultType": "matrix", "result": []},
        "query_exemplars": [],
        "alerts": {"alerts": [alert]},
        "rules": {"groups": []},
    }
    for name, data in answers.items():
        pattern = re.compile(rf"/api/prometheus/api/v1/{name}(\?|$)")
        page.route(pattern, answering(data))
    page.route("**/api/tempo/**", lambda route: route.fulfill(status=200, json={"traces": []}))
    page.route("**/api/loki/**", answering({"resultType": "streams", "result": []}))


def test_while_nothing_answers_each_place_says_so_and_each_recovers_by_itself(page: Page, watch: Watch) -> None:
    watch.allow("502 .*/api/")
    page.goto("/?refresh=1")
    expect(page.locator(".now-map .state-error")).to_contain_text("Prometheus")
    expect(page.get_by_role("region", name="Last errors and warnings").locator(".state-error")).to_contain_text("Loki")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Prometheus does not answer")
    answer(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Database does not answer", timeout=20_000)
    expect(page.locator(".state-error")).to_have_count(0, timeout=20_000)
    expect(page.get_by_text("No error and no warning")).to_be_visible()


def test_names_and_summaries_stay_text(page: Page) -> None:
    answer(page)
    page.goto("/?refresh=0")
    expect(page.locator(".card").filter(has_text="<img")).to_be_visible()
    expect(page.get_by_role("heading", name=f"database is gone {HOSTILE}")).to_be_visible()
    assert page.locator("main img").count() == 0


def test_an_address_with_a_panel_opens_it_although_nothing_is_known_of_it(page: Page, watch: Watch) -> None:
    # The test ends while questions are under way.
    watch.allow("502 .*/api/")
    answer(page)
    page.goto("/?service=nobody&refresh=0")
    panel = page.get_by_role("region", name="nobody", exact=True)
    expect(panel).to_contain_text("no data")
    panel.get_by_role("button", name="Close").click()
    expect(panel).to_have_count(0)
    expect(page).not_to_have_url(re.compile("service="))


def test_on_a_phone_nothing_scrolls_sideways(page: Page, watch: Watch) -> None:
    # The test ends while questions are under way.
    watch.allow("502 .*/api/")
    answer(page)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/?refresh=0")
    expect(page.locator(".card").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
