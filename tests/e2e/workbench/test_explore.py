"""Explore on a lab with traffic: three languages by keyboard, errors at their place, two panes, shared addresses."""

import json
import re
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

#: For an answer of an API, on a machine that does much else.
PATIENCE_MS = 20_000

#: Three series, one a tier.
UP = 'up{job="chain"}'

ERRORS_AND_WARNINGS = '{service=~".+", level=~"warning|error"}'


def address(*panes, **more):
    sides = dict(zip(("left", "right"), map(json.dumps, panes), strict=False))
    return "/explore?" + urlencode({**sides, **more})


def prometheus(query, **more):
    return {"source": "prometheus", "query": query, **more}


def loki(query, **more):
    return {"source": "loki", "query": query, **more}


def tempo(query, **more):
    return {"source": "tempo", "query": query, **more}


def panes_in(page):
    asked = parse_qs(urlsplit(page.url).query)
    return [json.loads(asked[side][0]) for side in ("left", "right") if side in asked]


class Pane:
    """What a person sees of one pane, and does with it."""

    def __init__(self, page: Page, index: int = 0) -> None:
        self.page = page
        self.root = page.locator(".pane").nth(index)
        self.field = self.root.locator("textarea")
        self.status = self.root.locator(".pane-status")
        self.options = self.root.get_by_role("option")
        self.error = self.root.locator(".query-error")
        self.mark = self.root.locator(".token-wrong")

    def type(self, text):
        self.page.keyboard.type(text, delay=10)

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    def choose(self, label):
        """The arrow keys to a suggestion, and Enter."""
        option = self.options.filter(
            has=self.page.locator(".suggestion-label", has_text=re.compile(f"^{re.escape(label)}$"))
        )
        expect(option).to_have_count(1, timeout=PATIENCE_MS)
        for _ in range(100):
            if option.get_attribute("aria-selected") == "true":
                break
            self.press("ArrowDown")
        expect(option).to_have_attribute("aria-selected", "true")
        assert self.field.get_attribute("aria-activedescendant") == option.get_attribute("id")
        self.press("Enter")

    def answered(self, text=""):
        expect(self.root).to_have_attribute("aria-busy", "false", timeout=PATIENCE_MS)
        expect(self.status).to_contain_text(text or "·", timeout=PATIENCE_MS)


@pytest.fixture
def pane(page):
    page.goto("/explore")
    shown = Pane(page)
    expect(shown.field).to_be_focused(timeout=PATIENCE_MS)
    return shown


def test_a_query_of_metrics_is_written_and_asked_by_keyboard_alone(pane, page):
    pane.type("sum(rat")
    pane.choose("rate")
    pane.type("frontend_requ")
    expect(pane.options.first).to_be_visible()
    pane.choose("frontend_requests_total")
    pane.type("{")
    pane.choose("endpoint")
    pane.choose("/user/<id>")
    assert pane.field.input_value() == 'sum(rate(frontend_requests_total{endpoint="/user/<id>"}))'
    pane.press("ArrowRight")
    pane.type("[")
    pane.choose("1m")
    assert pane.field.input_value() == 'sum(rate(frontend_requests_total{endpoint="/user/<id>"}[1m]))'
    pane.press("End", "Enter")
    pane.answered("1 series")
    expect(pane.root.locator("canvas").first).to_be_visible()
    assert panes_in(page) == [prometheus('sum(rate(frontend_requests_total{endpoint="/user/<id>"}[1m]))')]


def test_a_query_of_logs_is_written_and_asked_by_keyboard_alone(pane, page):
    page.get_by_label("Logs", exact=True).first.check()
    expect(pane.field).to_be_focused()
    pane.type("{")
    pane.choose("service")
    pane.choose("frontend")
    pane.press("End")
    pane.type(" | js")
    pane.choose("json")
    pane.type("| duration")
    pane.choose("duration_ms")
    pane.type("> 0")
    pane.press("Control+Enter")
    pane.answered("lines")
    expect(pane.root.locator(".log-row").first).to_be_visible()
    assert panes_in(page) == [loki('{service="frontend"} | json | duration_ms > 0')]


def test_a_query_of_traces_is_written_and_asked_by_keyboard_alone(pane, page):
    page.get_by_label("Traces", exact=True).first.check()
    expect(pane.field).to_be_focused()
    pane.type("{ resource.service.na")
    pane.choose("resource.service.name")
    pane.choose("frontend")
    pane.type("&& sta")
    pane.choose("status")
    pane.choose("error")
    assert pane.field.input_value() == '{ resource.service.name = "frontend" && status = error  }'
    pane.press("Shift+Enter")
    pane.answered()
    assert panes_in(page) == [tempo('{ resource.service.name = "frontend" && status = error  }')]


def test_names_that_come_late_are_offered_for_what_is_typed_by_then(pane, page):
    held = []

    def hold(route):
        held.append(route)

    page.route(re.compile("/label/__name__/values"), hold)
    with page.expect_request(re.compile("/label/__name__/values")):
        pane.type("zzz_frontend_req")
    expect(pane.options).to_have_count(0)
    pane.press(*["Home", "Delete", "Delete", "Delete", "Delete", "End"])
    pane.type("u")
    held[0].continue_()
    pane.choose("frontend_requests_total")
    assert pane.field.input_value() == "frontend_requests_total"


def test_undo_takes_a_chosen_suggestion_back(pane):
    pane.type("ra")
    pane.choose("rate")
    assert pane.field.input_value() == "rate()"
    pane.press("Control+z")
    assert pane.field.input_value() == "ra"


def test_escape_closes_the_suggestions_and_control_space_opens_them(pane):
    pane.type("up{")
    expect(pane.options.first).to_be_visible()
    pane.press("Escape")
    expect(pane.options).to_have_count(0)
    pane.press("Control+Space")
    expect(pane.options.first).to_be_visible()
    assert pane.field.get_attribute("role") == "combobox"


@pytest.mark.parametrize(
    ("state", "marked", "sentence"),
    [
        (prometheus("sum(rate(up))"), "up", "Column 10: expected type range vector"),
        (loki('{service="backend"}\n| jsonn x'), "x", "Line 2, column 9"),
        (tempo("{ foo = 1 }"), "foo", "Column 3: unknown identifier: foo"),
        (prometheus("sum(up"), " ", "Column 7: unclosed left parenthesis"),
    ],
    ids=["promql", "logql", "traceql", "end"],
)
def test_an_error_is_marked_at_its_place_and_goes_with_it(page, watch, state, marked, sentence):
    watch.allow(r"request: 400 ")
    page.goto(address(state))
    pane = Pane(page)
    expect(pane.error).to_contain_text(sentence, timeout=PATIENCE_MS)
    expect(pane.mark).to_have_text(marked)
    expect(pane.field).to_have_attribute("aria-invalid", "true")
    assert pane.error.get_attribute("id") in pane.field.get_attribute("aria-describedby").split()
    pane.field.focus()
    pane.press("End")
    pane.type(" ")
    expect(pane.mark).to_have_count(0)


def test_a_shared_address_shows_the_same_again(page):
    left = prometheus("service:requests:rate1m", style="stacked", step=30)
    right = loki('{service=~".+"} |= "user" | json', limit=37, order="oldest", range={"from": "now-5m", "to": "now"})
    page.goto(address(left, right, **{"from": "now-30m", "to": "now"}))
    one, other = Pane(page, 0), Pane(page, 1)
    one.answered("3 series")
    other.answered("37 lines")
    assert panes_in(page) == [left, right]
    expect(one.root.get_by_label("Stacked")).to_be_checked()
    expect(other.root.get_by_label("At most")).to_have_value("37")
    page.reload()
    Pane(page, 0).answered("3 series")
    Pane(page, 1).answered("37 lines")
    assert panes_in(page) == [left, right]


def test_a_pane_is_split_swapped_and_closed_and_back_undoes_it(page):
    page.goto(address(prometheus(UP)))
    pane = Pane(page)
    pane.answered("3 series")
    pane.root.get_by_role("button", name="Split").click()
    other = Pane(page, 1)
    other.answered("3 series")
    other.root.get_by_label("Logs", exact=True).check()
    other.type(ERRORS_AND_WARNINGS)
    assert other.field.input_value() == ERRORS_AND_WARNINGS
    other.press("Control+Enter")
    other.answered("lines")
    assert panes_in(page) == [prometheus(UP), loki(ERRORS_AND_WARNINGS)]
    pane.root.get_by_role("button", name="Swap").click()
    expect(Pane(page, 0).field).to_have_value(ERRORS_AND_WARNINGS)
    assert panes_in(page) == [loki(ERRORS_AND_WARNINGS), prometheus(UP)]
    Pane(page, 0).root.get_by_role("button", name="Close").click()
    expect(page.locator(".pane")).to_have_count(1)
    assert panes_in(page) == [prometheus(UP)]
    page.go_back()
    expect(page.locator(".pane")).to_have_count(2)
    assert panes_in(page) == [loki(ERRORS_AND_WARNINGS), prometheus(UP)]


def test_every_ready_question_is_offered_and_answers(page, workbench, wait_for):
    # One of them asks for the spans of this user.
    requests.get(workbench.lab.url("frontend", "/user/123"), timeout=10)
    wait_for(lambda: workbench.lab.telemetry.search_traces(q='{ span.url.path = "/user/123" }'), "a trace of user 123")
    page.goto("/explore")
    questions = page.evaluate("JSON.parse(document.getElementById('lab').textContent).questions")
    ready = [one for one in questions if "{trace_id}" not in one["query"]]
    buttons = page.locator(".start-question")
    expect(buttons).to_have_count(len(ready), timeout=PATIENCE_MS)
    pane = Pane(page)
    for question in ready:
        buttons.filter(
            has=page.locator(".start-title", has_text=re.compile(f"^{re.escape(question['title'])}$"))
        ).click()
        expect(pane.field).to_have_value(question["query"])
        pane.answered()
        empty = pane.root.locator(".state-empty").locator("visible=true")
        if question["emptyWhenHealthy"] and empty.count():
            expect(empty).to_contain_text(question["emptyWhenHealthy"])
        else:
            expect(
                pane.root.locator(".result canvas, .result tbody tr, .result .log-row, .result .graph-cards").first
            ).to_be_visible(timeout=PATIENCE_MS)
        pane.root.get_by_role("button", name="Examples").click()
        expect(pane.field).to_have_value("")


def test_the_history_survives_a_reload_and_asks_again(pane, page):
    pane.type(UP)
    pane.press("Escape", "Control+Enter")
    pane.answered("3 series")
    page.goto("/explore")
    Pane(page).root.get_by_role("button", name="History").click()
    dialog = page.get_by_role("dialog", name="History")
    dialog.get_by_role("button", name="Keep with a star").click()
    dialog.get_by_label("Find in the queries").fill("nothing like it")
    expect(dialog).to_contain_text("No query fits.")
    dialog.get_by_label("Find in the queries").fill("chain")
    dialog.locator(".history-choose").first.click()
    Pane(page).answered("3 series")
    assert panes_in(page) == [prometheus(UP)]


def test_a_metric_of_the_list_gives_a_first_query(pane, page):
    pane.root.get_by_role("button", name="Metrics list").click()
    dialog = page.get_by_role("dialog", name="Metrics")
    dialog.get_by_label("Find a metric by name or meaning").fill("frontend time from request")
    dialog.get_by_role("button", name="frontend_request_duration_seconds_bucket").click()
    expect(pane.field).to_have_value(
        "histogram_quantile(0.95, sum by (le) (rate(frontend_request_duration_seconds_bucket[1m])))"
    )
    pane.answered("1 series")


def test_format_writes_the_query_as_the_api_would(page):
    page.goto(address(prometheus("sum by(service)(rate( frontend_requests_total[1m] ))")))
    pane = Pane(page)
    pane.answered("1 series")
    pane.root.get_by_role("button", name="Format").click()
    expect(pane.field).to_have_value("sum by (service) (rate(frontend_requests_total[1m]))", timeout=PATIENCE_MS)
    expect(pane.root).to_contain_text("Changed: not asked yet.")


def test_a_value_of_a_line_goes_into_the_query(page):
    page.goto(address(loki('{service="frontend"}')))
    pane = Pane(page)
    pane.answered("lines")
    pane.root.locator(".log-row .log-head").first.click()
    pane.root.locator("[data-field='level']").first.get_by_role(
        "button", name=re.compile("^Only lines where level")
    ).click()
    expect(pane.field).to_have_value(re.compile(r'^\{service="frontend", level="\w+"\}$'))
    pane.answered("lines")


def test_a_line_leads_to_its_trace_in_the_other_pane(page):
    page.goto(address(loki('{service="backend"} |= "trace_id"')))
    pane = Pane(page)
    pane.answered("lines")
    pane.root.locator(".log-row .log-head").first.click()
    pane.root.get_by_role("button", name="This trace, beside this", exact=True).click()
    other = Pane(page, 1)
    other.answered("1 trace")
    expect(other.root.get_by_role("link", name="Open the whole trace")).to_be_visible()
    assert [state["source"] for state in panes_in(page)] == ["loki", "tempo"]


HOSTILE = '<img src=x onerror="alert(1)">\'"`{{x}}\\'


def test_hostile_values_stay_text_in_suggestions_graphs_and_tables(page):
    def names(route):
        route.fulfill(json={"status": "success", "data": [HOSTILE]})

    def answer(route):
        matrix = {"resultType": "matrix", "result": [{"metric": {"a": HOSTILE}, "values": [[1763640000, "1"]]}]}
        vector = {"resultType": "vector", "result": [{"metric": {"a": HOSTILE}, "value": [1763640000, "1"]}]}
        route.fulfill(json={"status": "success", "data": vector if "/query?" in route.request.url else matrix})

    page.route(re.compile("/api/prometheus/api/v1/label/"), names)
    page.route(re.compile(r"/api/prometheus/api/v1/query(_range)?\?"), answer)
    page.goto(address(prometheus("x", view="now")))
    pane = Pane(page)
    expect(pane.root.locator("tbody td").first).to_have_text(HOSTILE, timeout=PATIENCE_MS)
    pane.field.focus()
    pane.press("End")
    pane.type("{a=")
    expect(pane.options.first).to_contain_text("<img")
    pane.press("ArrowDown", "Enter")
    assert page.locator("img[src='x']").count() == 0
    written = pane.field.input_value()
    assert written == 'x{a="' + HOSTILE.replace("\\", "\\\\").replace('"', '\\"') + '"}'
    pane.press("Control+Enter")
    pane.answered("1 value")
    pane.root.get_by_label("Graph").check()
    pane.answered("1 series")
    assert page.locator("img[src='x']").count() == 0


def test_an_api_that_is_down_is_told_and_the_last_answer_stays_until_it_is_back(page, watch):
    watch.allow(r"request: 502 ")
    page.goto(address(prometheus(UP)))
    pane = Pane(page)
    pane.answered("3 series")

    def down(route):
        route.fulfill(status=502, json={"error": "Prometheus does not answer.", "errorType": "unreachable"})

    page.route(re.compile("/api/prometheus/"), down)
    pane.root.get_by_role("button", name="Run").click()
    expect(pane.root.get_by_role("alert")).to_contain_text("Prometheus does not answer")
    expect(pane.root.locator(".pane-content.stale canvas").first).to_be_visible()
    pane.field.focus()
    pane.press("End")
    pane.type(" + x{")
    expect(pane.root.locator(".suggestions")).to_contain_text("The API did not answer")
    page.unroute(re.compile("/api/prometheus/"))
    pane.root.get_by_role("button", name="Try again").click()
    pane.answered("3 series")
    expect(pane.root.get_by_role("alert")).to_have_count(0)


def test_while_an_api_is_slow_one_can_type_and_give_up(page):
    held = []

    def hold(route):
        held.append(route)

    page.route(re.compile(r"/api/prometheus/api/v1/(query_range|label)"), hold)
    page.goto(address(prometheus(UP)))
    pane = Pane(page)
    cancel = pane.root.get_by_role("button", name="Cancel")
    expect(cancel).to_be_visible(timeout=PATIENCE_MS)
    pane.field.focus()
    pane.press("End")
    pane.type(" + rate(")
    assert pane.field.input_value() == UP + " + rate()"
    cancel.click()
    expect(pane.status).to_have_text("Cancelled.")
    assert held
    page.unroute_all(behavior="ignoreErrors")


def test_a_graph_is_of_the_time_of_the_page(page):
    with page.expect_request(re.compile("query_range")) as asked:
        page.goto(address(prometheus(UP), **{"from": "now-5m", "to": "now"}))
    times = parse_qs(urlsplit(asked.value.url).query)
    assert 280 <= float(times["end"][0]) - float(times["start"][0]) <= 300
    Pane(page).answered("3 series")


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_the_screen(page, width, scheme):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 800})
    long = 'sum by (service, method, endpoint, status) (rate(frontend_requests_total{endpoint=~".+", method!="x"}[1m]))'
    page.goto(address(prometheus(long), loki('{service=~".+"} | json')))
    Pane(page, 0).answered("series")
    Pane(page, 1).answered("lines")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
