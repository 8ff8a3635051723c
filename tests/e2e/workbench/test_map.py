"""The service map on a lab with traffic, and with the spans of services that the lab does not know."""

from __future__ import annotations

import csv
import io
import json
import re
import time
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.workbench.conftest import Workbench

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

HOSTILE = "<img src=x onerror=alert(1)>"


def row(page: Page, client: str, server: str) -> Any:
    cells = page.locator("tbody tr")
    return cells.filter(has=page.get_by_role("cell", name=client, exact=True)).filter(
        has=page.get_by_role("cell", name=server, exact=True)
    )


def numbers(page: Page, client: str, server: str) -> dict[str, str]:
    titles = [text.strip() for text in page.locator("thead th").all_text_contents()]
    return dict(zip(titles, row(page, client, server).locator("td").all_text_contents(), strict=True))


def test_the_table_has_the_numbers_that_the_api_has(page: Page, workbench: Workbench) -> None:
    page.goto("/map")
    expect(row(page, "frontend", "backend")).to_be_visible()
    shown = numbers(page, "frontend", "backend")
    telemetry = workbench.lab.telemetry
    assert telemetry is not None
    edge = 'client="frontend", server="backend"'
    (calls,) = telemetry.query(f"sum(rate(traces_service_graph_request_total{{{edge}}}[900s]))")
    assert float(shown["Calls/s"].removesuffix("/s")) == pytest.approx(calls.value, rel=0.2, abs=0.1)
    # Answers of 404 are failures to the service graph and none of the backend's.
    failed = telemetry.query(f"sum(increase(traces_service_graph_request_failed_total{{{edge}}}[900s]))")
    errors = 'service="backend", span_kind="SPAN_KIND_SERVER", status_code="STATUS_CODE_ERROR"'
    own = telemetry.query(f"sum(increase(traces_spanmetrics_calls_total{{{errors}}}[900s]))")
    if failed and failed[0].value > 0 and not (own and own[0].value > 0):
        assert shown["Failed"] == "0\u00a0%"
        assert shown["With 4xx"] != "0\u00a0%"


def test_focus_comparison_and_order_live_in_the_address(page: Page) -> None:
    page.goto("/map")
    page.get_by_label("Focus on").select_option("backend")
    page.get_by_label(re.compile("Compare with")).check()
    expect(page.locator(".dependency-difference").first).to_be_visible()
    page.get_by_role("columnheader", name="Server").get_by_role("button").click()
    expect(page).to_have_url(re.compile(r"focus=backend.*compare=1.*sort=server-asc"))
    page.reload()
    expect(page.get_by_label("Focus on")).to_have_value("backend")
    expect(page.locator(".dependency-difference").first).to_be_visible()
    servers = page.locator("tbody tr td:nth-child(2)")
    expect(servers.first).to_have_text("backend")
    page.get_by_label("Focus on").select_option("")
    expect(page.locator(".card.dimmed")).to_have_count(0)


def test_a_row_opens_the_signals_of_its_call(page: Page) -> None:
    page.goto("/map")
    row(page, "backend", "database").click()
    expect(page).to_have_url(re.compile("call=backend%2Cdatabase"))
    panel = page.get_by_role("region", name="backend → database")
    expect(panel.get_by_role("heading", name="Duration of calls")).to_be_visible()
    panel.get_by_role("button", name="Close").click()
    expect(panel).to_have_count(0)


def test_the_table_can_be_taken_along(page: Page) -> None:
    page.goto("/map")
    expect(row(page, "frontend", "backend")).to_be_visible()
    with page.expect_download() as caught:
        page.get_by_role("button", name="CSV").click()
    lines = list(csv.DictReader(io.StringIO(caught.value.path().read_text(encoding="utf-8"))))
    assert ("frontend", "backend") in [(line["client"], line["server"]) for line in lines]
    assert all(float(line["requests_per_second"]) > 0 for line in lines)


def test_services_that_the_lab_does_not_know_are_on_it_as_text(
    page: Page, workbench: Workbench, wait_for: Callable[..., Any]
) -> None:
    address = workbench.lab.state().backends["otlp_http"] + "/v1/traces"

    def arrived() -> bool:
        send(address)
        telemetry = workbench.lab.telemetry
        assert telemetry is not None
        time.sleep(0.5)
        return bool(telemetry.query('rate(traces_service_graph_request_total{client="orders"}[1m]) > 0'))

    wait_for(arrived, "edges of the spans that were sent", 60)
    page.goto("/map")
    expect(page.locator(".card").filter(has_text="<img")).to_be_visible()
    expect(row(page, "orders", HOSTILE)).to_be_visible()
    expect(row(page, "orders", "postgresql")).to_contain_text("database")
    assert page.locator("main img").count() == 0
    page.goto("/")
    expect(page.get_by_role("link", name=re.compile("more services send spans"))).to_be_visible()


def test_without_metrics_of_calls_they_are_read_from_traces(page: Page) -> None:
    def without_calls(route: Any) -> None:
        answer = route.fetch()
        content = answer.json()
        content["data"]["result"] = [
            series for series in content["data"]["result"] if not series["metric"].get("asked", "").startswith("call")
        ]
        route.fulfill(response=answer, json=content)

    page.route("**/api/prometheus/api/v1/query*", without_calls)
    page.goto("/map")
    expect(page.get_by_role("note")).to_contain_text(re.compile(r"read from the newest \d+ traces"))
    expect(row(page, "frontend", "backend")).to_be_visible()


def send(address: str) -> None:
    """A trace of orders, which calls a service with a hostile name, and a database."""
    now = time.time_ns()
    trace_id = f"{now:032x}"

    def span(number: int, parent: int, kind: int, **attributes: str) -> dict[str, Any]:
        return {
            "traceId": trace_id,
            "spanId": f"{now + number:016x}",
            "parentSpanId": f"{now + parent:016x}" if parent else "",
            "name": "work",
            "kind": kind,
            "startTimeUnixNano": str(now - 5_000_000),
            "endTimeUnixNano": str(now),
            "attributes": [{"key": key, "value": {"stringValue": value}} for key, value in attributes.items()],
        }

    server, client = 2, 3
    spans = {
        "orders": [
            span(1, 0, server),
            span(2, 1, client),
            span(4, 1, client, **{"db.system": "postgresql", "db.name": "postgresql"}),
        ],
        HOSTILE: [span(3, 2, server)],
    }
    body = {
        "resourceSpans": [
            {
                "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": name}}]},
                "scopeSpans": [{"spans": list_of_spans}],
            }
            for name, list_of_spans in spans.items()
        ]
    }
    request = urllib.request.Request(address, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200
