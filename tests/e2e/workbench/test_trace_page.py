"""The trace page on a lab with traffic: a request as a tree, its log lines, comparison, and what may go wrong."""

import json
import re
import secrets
import time
import urllib.request

import pytest
from playwright.sync_api import Page, expect

from lab.telemetry_client import spans_of
from tests.e2e.workbench.sent_traces import large_trace, pairs, send, span
from tests.integration.telemetry_store.conftest import Store

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

CHAIN = [
    "frontend_get_user",
    "GET",
    "backend_get_user",
    "validate_user_id",
    "GET",
    "database_get_user",
    "transaction_begin",
    "query_planning",
    "query_execution",
    "transaction_commit",
]


class TracePage:
    """What a person sees of a trace, and does with it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.grid = page.get_by_role("treegrid", name="Spans of the trace")
        self.rows = page.locator(".wf-row")
        self.names = page.locator(".wf-row .wf-operation")
        self.details = page.locator(".span-details")
        self.search = page.get_by_role("searchbox", name="Find spans in this trace")

    def open(self, trace_id: str, query: str = "") -> "TracePage":
        self.page.goto(f"/trace/{trace_id}{query}")
        expect(self.rows.first).to_be_visible()
        return self

    def row(self, name: str):
        return self.rows.filter(
            has=self.page.locator(".wf-operation", has_text=re.compile(f"^{re.escape(name)}$"))
        ).first

    def choose(self, *path: str) -> None:
        """A way through a menu: its button, then an entry."""
        self.page.get_by_role("button", name=path[0], exact=True).click()
        self.page.get_by_role("menuitem", name=re.compile(f"^{path[1]}")).click()

    @property
    def active(self):
        return self.page.locator(".wf-row.active .wf-operation")


@pytest.fixture
def trace_page(page: Page) -> TracePage:
    return TracePage(page)


@pytest.fixture
def otlp(workbench) -> str:
    return workbench.lab.state().backends["otlp_http"]


def request(workbench, path: str) -> str:
    """Asks the chain's entry; the id of the trace that this made."""
    with urllib.request.urlopen(workbench.lab.url("frontend", path), timeout=10) as answer:
        return answer.headers["X-Trace-Id"]


@pytest.fixture(scope="module")
def miss(workbench, wait_for) -> str:
    """A request that the cache could not answer, with all its spans: the id of its trace."""

    def whole_trace() -> str | None:
        trace_id = request(workbench, f"/user/{int.from_bytes(secrets.token_bytes(2)) % 900 + 1}")
        time.sleep(0.5)
        names = {one.name for one in spans_of(answer_of(workbench, trace_id))}
        return trace_id if names == set(CHAIN) else None

    return wait_for(whole_trace, "a request that misses the cache", 60)


def answer_of(workbench, trace_id: str):
    with urllib.request.urlopen(f"{workbench.origin}/api/tempo/api/v2/traces/{trace_id}", timeout=10) as answer:
        return json.load(answer)


def test_a_request_is_a_tree_through_three_services(workbench, trace_page, miss):
    page = trace_page.open(miss).page
    expect(trace_page.names).to_have_text(CHAIN)
    expect(page.get_by_role("heading", level=1)).to_have_text("frontend frontend_get_user")
    head = page.locator(".trace-facts")
    for fact in ("10 spans", "3 services", "6 levels", "no errors", miss):
        expect(head).to_contain_text(fact)
    levels = trace_page.rows.evaluate_all("rows => rows.map((row) => Number(row.getAttribute('aria-level')))")
    assert levels == [1, 2, 3, 4, 4, 5, 6, 6, 6, 6]
    spans = {one.name: one for one in spans_of(answer_of(workbench, miss))}
    shown = trace_page.row("query_execution").locator(".wf-number").first.inner_text()
    number, unit = shown.split()
    seconds = float(number) * {"µs": 1e-6, "ms": 1e-3, "s": 1}[unit]
    assert seconds == pytest.approx(spans["query_execution"].duration_seconds, rel=0.01)


def test_a_trace_that_is_still_on_its_way_is_looked_for_again(workbench, trace_page):
    trace_page.open(request(workbench, "/user/7"))
    expect(trace_page.names.first).to_have_text("frontend_get_user")


def test_it_can_be_read_with_the_keyboard_alone(trace_page, miss):
    page = trace_page.open(miss).page
    trace_page.grid.focus()
    expect(trace_page.active).to_have_text("frontend_get_user")
    for _ in range(2):
        page.keyboard.press("ArrowDown")
    expect(trace_page.active).to_have_text("backend_get_user")
    page.keyboard.press("ArrowLeft")
    expect(trace_page.names).to_have_text(CHAIN[:3])
    expect(trace_page.row("backend_get_user")).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("ArrowRight")
    expect(trace_page.names).to_have_text(CHAIN)
    page.keyboard.press("End")
    expect(trace_page.active).to_have_text("transaction_commit")
    page.keyboard.press("ArrowLeft")
    expect(trace_page.active).to_have_text("database_get_user")
    page.keyboard.press("Home")
    expect(trace_page.active).to_have_text("frontend_get_user")
    page.keyboard.press("Enter")
    expect(trace_page.details.get_by_role("heading", level=3)).to_have_text("frontend_get_user")
    expect(page).to_have_url(re.compile(r"span=[0-9a-f]{16}"))
    page.keyboard.press("Escape")
    expect(trace_page.details).to_have_count(0)
    named = trace_page.grid.get_attribute("aria-activedescendant")
    assert page.locator(f"[id='{named}'] .wf-operation").inner_text() == "frontend_get_user"


def test_a_spans_log_lines_stand_in_its_details(workbench, trace_page, miss):
    spans = {one.name: one for one in spans_of(answer_of(workbench, miss))}
    span_id = spans["backend_get_user"].span_id
    start = spans["frontend_get_user"].start_time_unix_nano
    lines = workbench.lab.telemetry.logs(f'{{service=~".+"}} |= "{miss}"', start - 10**9, start + 60 * 10**9)
    expected = [line.fields["message"] for line in lines if line.fields["span_id"] == span_id]
    assert expected
    trace_page.open(miss)
    # One dot or more on its bar: lines of the same moment are one.
    expect(trace_page.row("backend_get_user").locator(".wf-line").first).to_be_attached()
    trace_page.row("backend_get_user").click()
    expect(trace_page.details.get_by_role("heading", name=f"Log lines ({len(expected)})")).to_be_visible()
    for message in expected:
        expect(trace_page.details.locator(".details-lines")).to_contain_text(message)


def test_a_span_leads_to_its_metrics_its_log_lines_and_traces_like_it(trace_page, miss):
    trace_page.open(miss)
    trace_page.row("backend_get_user").click()
    for text, part in (
        ("Requests per second", 'service_route:requests:rate1m{service="backend", route="/api/user/<id>"}'),
        ("Log lines in Explore", "span_id ="),
        ("Traces like it, but slower", 'name = "backend_get_user" && duration >'),
    ):
        link = trace_page.details.get_by_role("link", name=text)
        left = link.evaluate("link => JSON.parse(new URL(link.href).searchParams.get('left'))")
        assert part in left["query"]
    trace_page.details.get_by_role("link", name="Requests per second").click()
    expect(trace_page.page).to_have_url(re.compile(r"/explore\?"))


def test_an_address_restores_the_span_the_search_and_the_time(trace_page, miss):
    page = trace_page.open(miss).page
    trace_page.search.fill("service=database > 0")
    expect(page.locator(".find-place")).to_have_text("– of 5")
    page.keyboard.press("Enter")
    expect(page.locator(".find-place")).to_have_text("1 of 5")
    expect(trace_page.details.get_by_role("heading", level=3)).to_have_text("database_get_user")
    page.get_by_role("slider", name="Start of the time shown").focus()
    for _ in range(3):
        page.keyboard.press("Shift+ArrowRight")
    expect(page.get_by_role("button", name="All of the time")).to_be_visible()
    starts = "bars => bars.map((bar) => parseFloat(bar.style.left))"
    shared, bars = page.url, page.locator(".wf-bar").evaluate_all(starts)
    page.goto("/trace")
    page.goto(shared)
    expect(page.locator(".find-place")).to_have_text("1 of 5")
    expect(trace_page.details.get_by_role("heading", level=3)).to_have_text("database_get_user")
    # The address has the time to the nanosecond.
    assert page.locator(".wf-bar").evaluate_all(starts) == pytest.approx(bars, abs=0.01)


def test_only_what_is_looked_for_and_what_leads_there(trace_page, miss):
    page = trace_page.open(miss).page
    trace_page.search.fill("query_execution")
    page.get_by_role("button", name="Only these").click()
    expect(trace_page.names).to_have_text([CHAIN[0], CHAIN[1], CHAIN[2], CHAIN[4], CHAIN[5], "query_execution"])


def test_compared_with_a_usual_one(trace_page, miss):
    page = trace_page.open(miss).page
    trace_page.choose("Compare", "With a usual one")
    expect(page.locator(".compare-summary")).to_have_text(re.compile(r"slower|faster|about as long"))
    expect(page).to_have_url(re.compile(r"compare=[0-9a-f]{32}"))
    expect(page.locator(".compare-body .compare-row").first).to_contain_text("frontend_get_user")
    other = re.search(r"compare=([0-9a-f]{32})", page.url)[1]
    page.get_by_role("link", name="The other way round").click()
    expect(page).to_have_url(re.compile(rf"/trace/{other}\?compare={miss}"))
    page.get_by_role("button", name="End the comparison").click()
    expect(trace_page.rows.first).to_be_visible()


def test_statistics_flame_graph_services_and_json_tell_of_the_same_trace(trace_page, miss):
    page = trace_page.open(miss).page
    page.get_by_role("tab", name="Statistics").click()
    table = page.get_by_role("table", name="Where the time of this trace went")
    expect(table.locator("tbody tr")).to_have_count(10)
    expect(page).to_have_url(re.compile("view=statistics"))
    page.get_by_role("tab", name="Flame graph").click()
    expect(page.locator(".flame-block").first).to_have_text("frontend_get_user")
    page.get_by_role("tab", name="Services").click()
    for service in ("frontend", "backend", "database"):
        expect(page.get_by_role("tabpanel").get_by_role("button", name=re.compile(f"^{service},"))).to_be_visible()
    page.get_by_role("tab", name="JSON").click()
    expect(page.locator(".trace-json")).to_contain_text(miss)
    page.get_by_role("tab", name="Statistics").click()
    table.locator("tbody tr").filter(has_text="query_execution").click()
    expect(page.get_by_role("tab", name="Waterfall")).to_have_attribute("aria-selected", "true")
    expect(page.locator(".wf-row.match .wf-operation")).to_have_text(["query_execution"])


def test_a_downloaded_trace_can_be_sent_to_another_store(workbench, trace_page, miss, tmp_path):
    page = trace_page.open(miss).page
    with page.expect_download() as download:
        trace_page.choose("More", "Download as OTLP JSON")
    assert download.value.suggested_filename == f"trace-{miss}.json"
    content = download.value.path().read_bytes()
    targets = tmp_path / "targets.json"
    targets.write_text("[]")
    store = Store(tmp_path / "data", targets, ())
    store.start()
    try:
        assert store.post("otlp", "/v1/traces", content).status == 200
        read_back = spans_of(store.get("tempo", f"/api/traces/{miss}").json)
    finally:
        store.stop()
    assert read_back == spans_of(answer_of(workbench, miss))


def test_a_trace_of_two_thousand_spans_has_rows_only_for_what_is_seen(trace_page, otlp):
    spans = large_trace(2000)
    send(otlp, spans)
    page = trace_page.open(spans[0]["traceId"]).page
    expect(page.locator(".trace-facts")).to_contain_text("2,000 spans")
    assert trace_page.rows.count() < 150
    trace_page.grid.focus()
    page.keyboard.press("End")
    expect(page.locator(".wf-row[aria-rowindex='2001']")).to_be_visible()
    assert trace_page.rows.count() < 150
    trace_page.search.fill('name="step_1234"')
    page.keyboard.press("Enter")
    expect(trace_page.row("step_1234")).to_be_in_viewport()
    # As long as a span is chosen, the way to it stays open.
    page.get_by_role("button", name="Close the details").click()
    page.get_by_label("Levels shown").select_option("2")
    expect(page.locator(".wf-row[aria-level='4']")).to_have_count(0)


def test_what_came_from_a_service_stays_text(trace_page, otlp):
    hostile = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    now, trace_id = time.time_ns(), secrets.token_hex(16)
    exception = {"exception.type": hostile, "exception.message": hostile, "exception.stacktrace": f"line 1\n{hostile}"}
    root = span(
        trace_id,
        f"{hostile} {'long_name_' * 60}",
        now - 10**9,
        now,
        attributes={hostile: hostile, "__proto__": "mine", "link": "javascript:alert(3)", "long": "w" * 20_000},
        status={"code": 2, "message": hostile},
        events=[
            {"name": "exception", "timeUnixNano": str(now), "attributes": pairs(exception)},
        ],
    )
    child = span(trace_id, hostile, now - 10**8, now, root["spanId"], service=hostile)
    send(otlp, [root, child])
    page = trace_page.open(trace_id).page
    trace_page.rows.first.click()
    for text in (hostile, "__proto__", "show all 20,000 characters"):
        expect(trace_page.details).to_contain_text(text)
    for view in ("Statistics", "Flame graph", "Services", "JSON", "Waterfall"):
        page.get_by_role("tab", name=view).click()
        expect(page.get_by_role("tabpanel")).to_contain_text("<img src=x")
    assert page.locator("#page img, #page script").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280


def test_spans_that_come_later_are_added_without_losing_the_place(trace_page, otlp):
    now, trace_id = time.time_ns(), secrets.token_hex(16)
    root = span(trace_id, "order", now - 10**9, now)
    call = span(trace_id, "reserve", now - 9 * 10**8, now - 10**8, root["spanId"], "stock")
    write = span(trace_id, "write", now - 8 * 10**8, now - 2 * 10**8, call["spanId"], "stock")
    send(otlp, [call, write])
    page = trace_page.open(trace_id).page
    expect(trace_page.names).to_have_text(["missing parent", "reserve", "write"])
    expect(page.locator(".trace-notes")).to_contain_text("1 parent is missing")
    trace_page.row("write").click()
    expect(trace_page.details.get_by_role("heading", level=3)).to_have_text("write")
    send(otlp, [root])
    page.locator(".trace-actions").get_by_role("button", name="Look again").click()
    expect(trace_page.names).to_have_text(["order", "reserve", "write"])
    expect(trace_page.details.get_by_role("heading", level=3)).to_have_text("write")
    expect(page.locator(".trace-facts")).to_contain_text("3 spans")


def test_a_trace_that_is_nowhere_is_looked_for_and_then_explained(page, watch):
    watch.allow("404 .*/api/tempo")
    page.goto(f"/trace/{'ab' * 16}")
    expect(page.get_by_text("it may still be on its way")).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("There is no such trace", timeout=20_000)
    expect(page.get_by_role("alert")).to_contain_text("only a sample")


def test_what_is_no_id_is_said_without_asking(page):
    asked = []
    page.on("request", lambda sent: asked.append(sent.url) if "/api/tempo" in sent.url else None)
    page.goto("/trace/not-an-id")
    expect(page.get_by_role("alert")).to_contain_text("This is no trace id")
    assert asked == []


def test_log_lines_that_cannot_be_asked_for_leave_the_rest_in_place(trace_page, miss, watch):
    watch.allow("/api/loki/")
    trace_page.page.route("**/api/loki/**", lambda route: route.abort())
    trace_page.open(miss)
    expect(trace_page.names).to_have_text(CHAIN)
    expect(trace_page.page.locator(".trace-note")).to_contain_text("The log lines are missing")
    trace_page.row("backend_get_user").click()
    expect(trace_page.details.locator(".state-error")).to_be_visible()
    expect(trace_page.details).to_contain_text("http.route")


def test_a_trace_is_found_by_its_id_or_among_the_recent_the_slow_and_the_failed(page, miss):
    page.goto("/trace")
    rows = page.locator(".trace-list tbody tr")
    expect(rows.nth(5)).to_be_visible()
    page.get_by_role("button", name="Slowest").click()
    expect(page).to_have_url(re.compile("kind=slow"))
    page.get_by_role("button", name="Failed").click()
    expect(rows.first.locator(".error-word")).to_be_visible()
    page.get_by_label("Open a trace by its id").fill(f"00-{miss}-00f067aa0ba902b7-01")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/trace/{miss}$"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("frontend_get_user")


@pytest.mark.parametrize("width", [390, 900])
def test_where_it_is_narrow_the_details_stand_under_their_row(trace_page, miss, width):
    page = trace_page.page
    page.set_viewport_size({"width": width, "height": 844})
    trace_page.open(miss)
    trace_page.row("query_planning").click()
    expect(page.locator(".virtual-list-row .span-details")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.set_viewport_size({"width": 1600, "height": 900})
    expect(page.locator(".trace-side .span-details")).to_be_visible()
