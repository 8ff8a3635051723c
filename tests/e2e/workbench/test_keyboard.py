"""Every page without a mouse: Tab reaches every control and never loses the focus, and all that matters can be done."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.workbench.test_accessibility import EXERCISE, EXPLORE, a_trace, settled

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

#: More stops than any page has: who is still on the way then goes round in circles.
MOST_STOPS = 400

PAGES = (
    *("/", "/dashboards", "/dashboards/chain-overview", "/explore", EXPLORE, "/logs", "/trace", "/map"),
    *("/exercises", EXERCISE, "/faults"),
)

#: Of the element that has the focus: what it is, and what is wrong with having it there.
STOP = """async () => {
  // What moves into sight with the focus has done so.
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const moving = document.getAnimations().filter((one) => one instanceof CSSTransition);
  await Promise.allSettled(moving.map(({ finished }) => finished));
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  const seen = (window.stops ??= new Set());
  const again = seen.has(element);
  seen.add(element);
  const { x, y, width, height, top, bottom } = element.getBoundingClientRect();
  const words = element.getAttribute("aria-label") ?? element.labels?.[0]?.textContent ?? element.textContent;
  const outlined = (one) => {
    const { outlineStyle, outlineWidth } = getComputedStyle(one);
    return outlineStyle !== "none" && parseFloat(outlineWidth) >= 1;
  };
  const middle = [Math.min(innerWidth, x + width / 2), Math.max(0, top) / 2 + Math.min(innerHeight, bottom) / 2];
  const hit = document.elementFromPoint(...middle);
  return {
    name: `${element.localName}.${element.classList[0] ?? ""} "${words.trim().replace(/\\s+/g, " ").slice(0, 60)}"`,
    again,
    inside: bottom > 0 && top < innerHeight && width > 1 && height > 1,
    covered: hit !== null && !element.contains(hit) && !hit.contains(element) ? hit.outerHTML.slice(0, 60) : null,
    outlined: outlined(element),
    ahead: element.tabIndex > 0,
  };
}"""

#: What a mouse can press and Tab has not come to. Of a group that the arrow keys move through one is enough.
PASSED_BY = """() => [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")]
  .filter((one) => !window.stops.has(one) && one.tabIndex >= 0 && !one.disabled && !one.closest("[inert]"))
  .filter((one) => one.checkVisibility({ visibilityProperty: true }))
  .filter((one) => one.type !== "radio" || ![...window.stops].some(({ type, name }) => type && name === one.name))
  .map((one) => one.outerHTML.slice(0, 120))"""


def focus_is_seen(page: Page) -> bool:
    """For what has no outline of its own: whether the picture of it changes when the focus goes."""
    handle = page.evaluate_handle("document.activeElement")
    box = handle.as_element().bounding_box()
    assert box is not None
    around = {
        "x": max(0, box["x"] - 6),
        "y": max(0, box["y"] - 6),
        "width": box["width"] + 12,
        "height": box["height"] + 12,
    }
    focused = page.screenshot(clip=around, caret="hide")
    page.evaluate("element => element.blur()", handle)
    without = page.screenshot(clip=around, caret="hide")
    page.evaluate("element => element.focus({ focusVisible: true, preventScroll: true })", handle)
    return focused != without


def walk(page: Page) -> tuple[list[str], list[str]]:
    """Tab once round a page: the names of all stops, and what was wrong with them."""
    stops: list[str] = []
    wrong: list[str] = []
    outside = 0
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        stop = page.evaluate(STOP)
        if stop is None:
            # Behind the last control is the browser's own bar; then the page begins again.
            outside += 1
            continue
        if stop["again"]:
            break
        stops.append(stop["name"])
        if not stop["inside"]:
            wrong.append(f"out of sight: {stop['name']}")
        elif stop["covered"]:
            wrong.append(f"covered: {stop['name']} by {stop['covered']}")
        elif not stop["outlined"] and not focus_is_seen(page):
            wrong.append(f"focus not to be seen: {stop['name']}")
        if stop["ahead"]:
            wrong.append(f"jumps the queue: {stop['name']}")
    else:
        wrong.append(f"no end after {MOST_STOPS} stops, the last: {stops[-3:]}")
    if outside > 1:
        wrong.append(f"the focus got lost {outside - 1} times")
    return stops, wrong + [f"passed by: {html}" for html in page.evaluate(PASSED_BY)]


def at_rest(page: Page) -> None:
    """Everything has loaded, also what does so only when it comes into sight; nothing refreshes any more."""
    settled(page)
    # The name of this button says what the APIs do.
    expect(page.get_by_role("button", name="was not asked yet")).to_have_count(0)
    height = page.evaluate("document.documentElement.scrollHeight")
    for top in range(0, height, 600):
        page.evaluate("top => scrollTo(0, top)", top)
        settled(page)
    page.evaluate("scrollTo(0, 0)")
    page.evaluate("document.activeElement.blur()")


def resting(path: str) -> str:
    return f"{path}{'&' if '?' in path else '?'}refresh=off"


@pytest.mark.parametrize("width", [1280, 390])
def test_tab_reaches_every_control_and_its_focus_is_seen(workbench, page, width):
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(reduced_motion="reduce")
    faults: list[str] = []
    for path in (*PAGES, a_trace(workbench)):
        page.goto(resting(path))
        at_rest(page)
        stops, wrong = walk(page)
        assert len(stops) > 8, path
        faults += [f"{path} {fault}" for fault in wrong]
    assert not faults, "\n".join(faults)


def test_tab_goes_down_the_page_and_shift_tab_back_the_same_way(page):
    page.goto(resting("/dashboards"))
    at_rest(page)
    there, _ = walk(page)
    assert there[0].endswith('"Skip to the page"')
    page.evaluate("() => { window.stops = new Set(); }")
    back = []
    for _ in there:
        page.keyboard.press("Shift+Tab")
        back.append(page.evaluate(STOP)["name"])
    assert sorted(back) == sorted(there)


class Keys:
    """A person with a keyboard."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def tab_to(self, target: Locator) -> None:
        """Tab until `target` has the focus."""
        passed = []
        for _ in range(MOST_STOPS):
            self.page.keyboard.press("Tab")
            if target.evaluate_all("found => found.includes(document.activeElement)"):
                return
            passed.append(self.page.evaluate("() => document.activeElement.outerHTML.slice(0, 80)"))
        raise AssertionError(f"Tab does not lead to {target}; it led to {passed[:40]}")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)


@pytest.fixture
def keys(page: Page) -> Keys:
    return Keys(page)


@pytest.fixture
def opened(page: Page) -> Callable[[str], Page]:
    def open_page(path: str) -> Page:
        page.goto(resting(path))
        settled(page)
        return page

    return open_page


def test_a_trace_is_opened_and_read(opened: Any, keys: Keys):
    page = opened("/trace")
    keys.tab_to(page.locator("a.trace-list-name"))
    keys.press("Enter")
    expect(page).to_have_url(re.compile("/trace/[0-9a-f]{32}"))
    rows = page.locator(".wf-row")
    expect(rows.first).to_be_visible()
    keys.tab_to(page.get_by_role("treegrid"))
    keys.press("Enter")
    expect(page.locator(".span-details")).to_be_visible()
    keys.press("Escape")
    expect(page.locator(".span-details")).to_have_count(0)
    expect(page.get_by_role("treegrid")).to_be_focused()


def test_a_query_is_written_and_run_and_tab_leaves_the_editor(opened: Any, keys: Keys):
    page = opened("/explore")
    editor = page.locator(".query-field")
    keys.tab_to(editor)
    page.keyboard.type("vector(42)")
    keys.press("Control+Enter")
    expect(page.locator(".pane .chart, .pane canvas").first).to_be_visible()
    keys.press("Escape", "Tab")
    expect(editor).not_to_be_focused()
    assert page.evaluate("document.activeElement !== document.body")


def test_a_log_line_is_expanded(opened: Any, keys: Keys):
    page = opened("/logs")
    keys.tab_to(page.locator(".log-head"))
    keys.press("ArrowDown", "Enter")
    expect(page.locator(".log-details")).to_be_visible()
    keys.press("Escape")
    expect(page.locator(".log-details")).to_have_count(0)


def test_a_panels_menu_is_used(opened: Any, keys: Keys):
    page = opened("/dashboards/chain-overview")
    button = page.get_by_role("button", name="Menu of Requests", exact=True)
    keys.tab_to(button)
    keys.press("Enter")
    expect(page.get_by_role("menu")).to_be_visible()
    keys.press("Escape")
    expect(page.get_by_role("menu")).to_have_count(0)
    expect(button).to_be_focused()
    keys.press("Enter")
    alone = page.get_by_role("menuitem", name="View alone")
    for _ in range(10):
        if alone.evaluate("one => one === document.activeElement"):
            break
        keys.press("ArrowDown")
    keys.press("Enter")
    expect(page.locator(".board-single > .panel")).to_be_visible()


def test_a_service_of_the_map_tells_of_itself(opened: Any, keys: Keys):
    page = opened("/")
    keys.tab_to(page.get_by_role("button", name=re.compile("^frontend: ")))
    keys.press("Enter")
    panel = page.locator(".signals")
    expect(panel).to_be_visible()
    keys.press("Escape")
    expect(panel).to_have_count(0)
    assert page.evaluate("document.activeElement !== document.body")


def test_another_time_is_chosen(opened: Any, keys: Keys):
    page = opened("/logs")
    button = page.get_by_role("button", name=re.compile("Last 15 minutes"))
    keys.tab_to(button)
    keys.press("Enter")
    hour = page.locator(".popover").get_by_role("button", name="Last hour")
    keys.tab_to(hour)
    keys.press("Enter")
    expect(page.get_by_role("button", name=re.compile("Last hour"))).to_be_visible()
    expect(page).to_have_url(re.compile("from=now-1h"))
