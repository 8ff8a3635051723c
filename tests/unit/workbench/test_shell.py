"""The frame of every page: navigation, history, the keyboard, the time range, refreshing, marks, errors.

Nobody stands behind the APIs here, so the pages themselves show errors; what is looked at is what is around them.
"""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser import Watch

PAGES = {
    "Now": "/",
    "Dashboards": "/dashboards",
    "Explore": "/explore",
    "Logs": "/logs",
    "Traces": "/trace",
    "Map": "/map",
    "Exercises": "/exercises",
}

#: A page's module in place of the real one: what it is told, it writes down; `throw` makes it fail at its start.
PROBE = """
export const usesTime = true;
export const defaultRefresh = %(refresh)s;
export function mount(root, context) {
  if (%(fails)s) throw new Error("a part is broken");
  context.setTitle("Probe");
  const heading = document.createElement("h1");
  heading.textContent = "Probe";
  const log = document.createElement("ol");
  log.id = "log";
  const tall = document.createElement("div");
  tall.style.height = "3000px";
  const input = document.createElement("input");
  input.setAttribute("aria-label", "Query");
  input.type = "search";
  root.append(heading, log, input, tall);
  const write = (text) => {
    const item = document.createElement("li");
    item.textContent = text;
    log.append(item);
  };
  context.time.onChange((reason) => write(`${reason} ${context.time.texts().from} ${context.time.texts().to}`));
  context.url.onChange(() => write(`address ${location.search}`));
  context.shortcut("x", "Do something of this page", () => write("shortcut"));
  return { unmount() { document.documentElement.dataset.unmounted = "yes"; } };
}
"""


@pytest.fixture
def quiet(page: Page, watch: Watch) -> Page:
    """A page on which nobody answering the APIs is no complaint, and each API answers nothing."""
    watch.allow(r"request: 50\d .*/api/", r"console error: ")
    return page


@pytest.fixture
def probe(quiet: Page):
    """probe("logs") puts PROBE in the place of a page."""

    def install(name: str, *, refresh: int = 0, fails: bool = False) -> Page:
        body = PROBE % {"refresh": refresh, "fails": json.dumps(fails)}
        quiet.route(f"**/pages/{name}.js", lambda route: route.fulfill(content_type="text/javascript", body=body))
        return quiet

    return install


def log_of(page: Page) -> list[str]:
    return page.locator("#log li").all_inner_texts()


@pytest.mark.parametrize(("title", "path"), PAGES.items())
def test_each_page_has_its_address_a_heading_a_title_and_its_place_in_the_navigation(quiet, title, path):
    quiet.goto(path)
    expect(quiet.locator("main h1").first).to_be_visible()
    expect(quiet).to_have_title(re.compile("Glasshouse"))
    expect(quiet.locator("nav#pages a[aria-current]")).to_have_text(title)


def test_a_link_opens_a_page_without_loading_the_document_and_moves_the_focus_to_its_heading(probe):
    page = probe("logs")
    page.goto("/map")
    page.evaluate("document.documentElement.dataset.same = 'yes'")
    page.get_by_role("navigation").get_by_role("link", name="Logs").click()
    expect(page.locator("h1")).to_have_text("Probe")
    expect(page.locator("h1")).to_be_focused()
    expect(page).to_have_title("Probe · Glasshouse")
    assert page.evaluate("document.documentElement.dataset.same") == "yes"


def test_back_finds_the_page_where_it_was_scrolled_to(probe):
    page = probe("logs")
    probe("map")
    page.goto("/logs")
    expect(page.locator("h1")).to_have_text("Probe")
    page.mouse.wheel(0, 900)
    page.wait_for_timeout(100)
    before = page.evaluate("scrollY")
    assert before > 500
    page.keyboard.press("g")
    page.keyboard.press("m")
    expect(page).to_have_url(re.compile("/map"))
    expect(page.locator("h1")).to_have_text("Probe")
    assert page.evaluate("scrollY") == 0
    page.go_back()
    expect(page).to_have_url(re.compile("/logs"))
    expect(page.locator("h1")).to_have_text("Probe")
    for _ in range(50):
        if page.evaluate("scrollY") == before:
            break
        page.wait_for_timeout(40)
    assert page.evaluate("scrollY") == before
    assert page.evaluate("document.documentElement.dataset.unmounted") == "yes"


def test_an_address_that_is_none_says_so_and_leads_on(quiet, watch):
    watch.allow("404 .*/nowhere")
    answer = quiet.goto("/nowhere")
    assert answer is not None
    assert answer.status == 404
    expect(quiet.get_by_role("heading", level=1)).to_have_text("There is no such page")
    expect(quiet.locator("main").get_by_role("link", name="Explore")).to_be_visible()


def test_a_page_that_throws_shows_an_error_and_a_way_out(probe):
    page = probe("logs", fails=True)
    messages = []
    page.on("console", lambda message: messages.append(message.text))
    page.goto("/logs")
    expect(page.get_by_role("heading", level=1)).to_have_text("This page failed")
    expect(page.get_by_role("alert")).to_contain_text("a part is broken")
    assert any("The page failed to start." in text for text in messages)
    page.get_by_role("link", name="To the first page", exact=True).click()
    expect(page).to_have_url(re.compile(r"/$"))
    expect(page.locator("main h1").first).not_to_have_text("This page failed")


def test_a_page_whose_code_cannot_be_loaded_says_so(quiet, watch):
    watch.allow("pages/logs.js")
    quiet.route("**/pages/logs.js", lambda route: route.abort())
    quiet.goto("/logs")
    expect(quiet.get_by_role("alert")).to_contain_text("could not be loaded")


def test_keys_lead_to_pages_but_not_while_somebody_types(probe):
    page = probe("logs")
    page.goto("/logs")
    query = page.get_by_role("searchbox", name="Query")
    expect(query).to_be_visible()
    page.keyboard.press("/")
    expect(query).to_be_focused()
    query.press_sequentially("g d ?")
    expect(query).to_have_value("g d ?")
    expect(page).to_have_url(re.compile("/logs"))
    page.locator("h1").click()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("x")
    assert log_of(page) == ["shortcut"]
    page.keyboard.press("g")
    page.keyboard.press("d")
    expect(page).to_have_url(re.compile("/dashboards"))


def test_the_sheet_of_shortcuts_lists_those_of_the_page_too(probe):
    page = probe("logs")
    page.goto("/logs")
    expect(page.locator("h1")).to_have_text("Probe")
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(sheet).to_contain_text("Do something of this page")
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    page.keyboard.press("g")
    page.keyboard.press("e")
    expect(page).to_have_url(re.compile("/explore"))
    expect(page.locator("main h1").first).to_be_visible()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("?")
    expect(sheet).not_to_contain_text("Do something of this page")


def test_the_first_stop_of_tab_leads_past_the_navigation(quiet):
    quiet.goto("/map")
    expect(quiet.locator("main h1").first).to_be_visible()
    quiet.evaluate("document.activeElement.blur()")
    quiet.keyboard.press("Tab")
    expect(quiet.get_by_role("link", name="Skip to the page")).to_be_focused()
    quiet.keyboard.press("Enter")
    assert quiet.evaluate("document.activeElement.id") == "page"


def test_a_range_that_is_chosen_stands_in_the_address_and_back_undoes_it(probe):
    page = probe("logs")
    page.goto("/logs")
    button = page.get_by_role("button", name="Time range: Last 15 minutes")
    expect(button).to_be_visible()
    page.keyboard.press("t")
    page.get_by_role("button", name="Last hour").click()
    expect(page).to_have_url(re.compile(r"from=now-1h&to=now"))
    expect(page.get_by_role("button", name="Time range: Last hour")).to_be_focused()
    page.go_back()
    expect(button).to_be_visible()
    assert [line.partition("&")[0] for line in log_of(page)] == ["range now-1h now", "range now-15m now", "address"]


@pytest.mark.slow
def test_who_goes_back_before_a_slow_page_is_there_finds_the_page_that_was_left(probe):
    page = probe("logs")
    held: list[Route] = []

    # Playwright cannot mark a built-in method as a handler of its own.
    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/pages/dashboards.js", hold)
    page.goto("/logs")
    expect(page.locator("h1")).to_have_text("Probe")
    page.get_by_role("navigation").get_by_role("link", name="Dashboards").click()
    page.evaluate("history.back()")
    # Longer than it takes until a page that is loading says so.
    page.wait_for_timeout(800)
    expect(page.locator("h1")).to_have_text("Probe")
    (route,) = held
    route.continue_()
    page.wait_for_timeout(200)
    expect(page).to_have_url(re.compile("/logs"))
    expect(page.locator("h1")).to_have_text("Probe")


def test_what_floats_over_a_page_goes_with_it(probe):
    page = probe("logs")
    page.goto("/logs")
    expect(page.locator("h1")).to_have_text("Probe")
    page.keyboard.press("t")
    expect(page.get_by_role("dialog", name="Time range")).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("m")
    expect(page).to_have_url(re.compile("/map"))
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_range_is_carried_along_to_other_pages(probe):
    page = probe("logs")
    page.goto("/logs?from=now-3h&to=now")
    link = page.get_by_role("navigation").get_by_role("link", name="Explore")
    expect(link).to_have_attribute("href", "/explore?from=now-3h&to=now")


def test_what_is_no_time_is_told_at_its_field(probe):
    page = probe("logs")
    page.goto("/logs")
    page.keyboard.press("t")
    panel = page.get_by_role("dialog", name="Time range")
    start, end = panel.get_by_label("From"), panel.get_by_label("To")
    start.fill("yesterday")
    expect(start).to_have_attribute("aria-invalid", "true")
    expect(panel).to_contain_text("“yesterday” is no time")
    start.fill("2026-11-21 14:00")
    end.fill("2026-11-21 13:00")
    expect(panel).to_contain_text("The end has to be after the beginning.")
    end.fill("2026-11-21 14:30")
    end.press("Enter")
    expect(panel).to_be_hidden()
    expect(page.locator(".time-text")).to_have_text(re.compile("14:00:00 to 14:30:00"))
    found = re.search(r"from=(\d+)&to=(\d+)", page.url)
    assert found
    assert int(found[2]) - int(found[1]) == 30 * 60 * 1000


def test_a_range_copied_elsewhere_is_pasted_into_both_fields(probe):
    page = probe("logs")
    page.goto("/logs")
    page.keyboard.press("t")
    panel = page.get_by_role("dialog", name="Time range")
    paste = """(input, text) => {
      const clipboardData = new DataTransfer();
      clipboardData.setData("text", text);
      input.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
    }"""
    panel.get_by_label("To").evaluate(paste, '{"from":"now-2d","to":"now-1d"}')
    expect(panel.get_by_label("From")).to_have_value("now-2d")
    expect(panel.get_by_label("To")).to_have_value("now-1d")


def test_wider_earlier_and_later(probe):
    page = probe("logs")
    page.goto("/logs")
    later = page.get_by_role("button", name="Later")
    expect(later).to_be_disabled()
    page.get_by_role("button", name=re.compile("Wider")).click()
    expect(page).to_have_url(re.compile("from=now-30m&to=now"))
    page.get_by_role("button", name="Earlier").click()
    found = re.search(r"from=(\d+)&to=(\d+)", page.url)
    assert found
    assert int(found[2]) - int(found[1]) == 30 * 60 * 1000
    expect(later).to_be_enabled()


def test_an_address_with_a_range_that_makes_no_sense_shows_the_usual_one(probe):
    page = probe("logs")
    page.goto("/logs?from=%3Cscript%3E&to=now")
    expect(page.locator(".time-text")).to_have_text("Last 15 minutes")


@pytest.mark.slow
def test_a_page_refreshes_as_often_as_it_is_told(probe):
    page = probe("logs", refresh=1)
    page.goto("/logs")
    expect(page.locator("#log li").nth(1)).to_have_text("refresh now-15m now", timeout=10_000)
    page.get_by_role("button", name=re.compile("Refreshes every")).click()
    page.get_by_role("menuitemradio", name="Off").click()
    expect(page).to_have_url(re.compile("refresh=0"))
    page.evaluate("document.getElementById('log').replaceChildren()")
    page.wait_for_timeout(1500)
    assert log_of(page) == []
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("r")
    assert log_of(page) == ["manual now-15m now"]


@pytest.mark.slow
def test_a_hidden_tab_does_not_refresh_until_somebody_looks(probe):
    page = probe("logs", refresh=1)
    page.goto("/logs")
    expect(page.locator("#log li").first).to_be_attached(timeout=10_000)
    hide = """(hidden) => {
      Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }"""
    page.evaluate(hide, True)
    page.evaluate("document.getElementById('log').replaceChildren()")
    page.wait_for_timeout(2200)
    assert log_of(page) == []
    page.evaluate(hide, False)
    assert log_of(page) == ["refresh now-15m now"]


def test_a_chosen_theme_holds_and_does_not_flash(quiet):
    quiet.emulate_media(color_scheme="light")
    quiet.goto("/map")
    quiet.get_by_role("button", name="More: theme, shortcuts").click()
    quiet.get_by_role("menuitemradio", name="Dark").click()
    assert quiet.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"
    # Before app.js has run: the classic script in the head does it.
    quiet.route("**/app.js", lambda route: route.fulfill(content_type="text/javascript", body=""))
    quiet.reload()
    assert quiet.evaluate("document.documentElement.dataset.theme") == "dark"


@pytest.mark.slow
def test_apis_that_do_not_answer_are_named_and_their_return_is_seen(quiet):
    answering = {"loki": False}

    def answer(route):
        if "/api/loki/" in route.request.url and not answering["loki"]:
            route.fulfill(status=502, json={"error": "Loki does not answer", "errorType": "unreachable"})
        else:
            route.fulfill(json={"status": "success", "data": {"resultType": "vector", "result": []}})

    quiet.route(re.compile(r"/api/(prometheus|loki|tempo)/"), answer)
    quiet.goto("/dashboards")
    sign = quiet.locator(".health")
    expect(sign).to_have_attribute(
        "aria-label", "Prometheus answers, Loki does not answer, Tempo answers", timeout=15_000
    )
    expect(sign).to_have_text("Loki: no answer")
    answering["loki"] = True
    expect(sign).to_have_attribute("aria-label", "Prometheus answers, Loki answers, Tempo answers", timeout=20_000)


def test_marking_a_moment_sends_what_was_said(probe):
    page = probe("logs")
    sent = []

    def take(route):
        sent.append(route.request.post_data_json)
        route.fulfill(json={"status": "ok"})

    page.route("**/api/annotations", take)
    page.goto("/logs")
    expect(page.locator("h1")).to_have_text("Probe")
    page.keyboard.press("m")
    form = page.get_by_role("dialog", name="Mark a moment")
    form.get_by_role("button", name="Mark this moment").click()
    expect(form.get_by_role("alert")).to_have_text("Say what happened, in a few words.")
    form.get_by_label("What happened").fill("new <b>version</b>")
    form.get_by_label("What it is").select_option("deploy")
    form.get_by_label("The service").select_option("backend")
    form.get_by_label("What happened").press("Enter")
    expect(form).to_be_hidden()
    expect(page.get_by_role("status").filter(has_text="Marked.")).to_be_visible()
    assert sent == [{"text": "new <b>version</b>", "kind": "deploy", "service": "backend"}]


def test_a_mark_that_is_refused_says_why_and_keeps_what_was_typed(probe, watch):
    watch.allow("403 .*/api/annotations")
    page = probe("logs")
    page.route("**/api/annotations", lambda route: route.fulfill(status=403, json={"error": "only from this machine"}))
    page.goto("/logs")
    expect(page.locator("h1")).to_have_text("Probe")
    page.keyboard.press("m")
    form = page.get_by_role("dialog", name="Mark a moment")
    form.get_by_label("What happened").fill("something")
    form.get_by_label("What happened").press("Enter")
    expect(form.get_by_role("alert")).to_contain_text("only from this machine")
    expect(form.get_by_label("What happened")).to_have_value("something")


def test_an_error_that_no_part_caught_is_said_once(probe):
    page = probe("logs")
    page.goto("/logs")
    expect(page.locator("h1")).to_have_text("Probe")
    for _ in range(3):
        page.evaluate("dispatchEvent(new ErrorEvent('error', { message: 'boom' }))")
    expect(page.locator(".toast")).to_have_count(1)
    page.get_by_role("button", name="Start the page again").click()
    expect(page.locator("h1")).to_have_text("Probe")


@pytest.mark.slow
def test_on_a_phone_nothing_is_wider_than_the_screen(quiet):
    quiet.set_viewport_size({"width": 390, "height": 844})
    for path in PAGES.values():
        quiet.goto(path)
        expect(quiet.locator("main h1").first).to_be_visible()
        assert quiet.evaluate("document.documentElement.scrollWidth") <= 390, path
