"""The graph on a page: keyboard, what is read out, updates in place, hostile names."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import Modules

HOSTILE = "<img src=x onerror=alert(1)>"

_SHOW = """(m, { nodes, edges, width, options }) => {
  const root = document.createElement("div");
  root.id = "place";
  root.style.width = `${width}px`;
  document.querySelector("main").replaceChildren(root);
  window.pressed = [];
  window.graph = m.nodeGraph(root, { label: "Services", nodes, edges, ...options,
    onNode: (node) => window.pressed.push(node.id),
    onEdge: (edge) => window.pressed.push(`${edge.source}>${edge.target}`) });
  return null;
}"""


class Shown:
    """A graph on the blank page."""

    def __init__(self, module: Modules) -> None:
        self._module = module
        module.reset()

    @property
    def page(self) -> Page:
        return self._module.page

    def show(self, nodes: list[Any], edges: list[Any], width: int = 1200, **options: Any) -> None:
        self._module("graph/node_graph.js", _SHOW, {"nodes": nodes, "edges": edges, "width": width, "options": options})

    def update(self, nodes: list[Any], edges: list[Any]) -> None:
        self.page.evaluate("([nodes, edges]) => window.graph.update({ nodes, edges })", [nodes, edges])

    def pressed(self) -> list[str]:
        found: list[str] = self.page.evaluate("window.pressed")
        return found


@pytest.fixture
def shown(module: Modules) -> Iterator[Shown]:
    yield Shown(module)
    module.reset()


def node(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "title": name, "kind": "service", "mainStat": "2.1 requests/s", "status": "good", **more}


def edge(source: str, target: str, **more: Any) -> dict[str, Any]:
    return {"source": source, "target": target, "mainStat": "2.1/s", "status": "good", "weight": 0.5, **more}


CHAIN = [node("frontend"), node("backend"), node("database")]
#: Not in the order in which they are reached.
CALLS = [edge("backend", "database"), edge("frontend", "backend")]


def test_nodes_and_edges_are_reached_by_keyboard_and_opened_by_enter(shown: Shown) -> None:
    shown.show(CHAIN, CALLS)
    shown.page.get_by_role("button", name="frontend, good").focus()
    for _ in range(4):
        shown.page.keyboard.press("Enter")
        shown.page.keyboard.press("Tab")
    shown.page.keyboard.press("Space")
    assert shown.pressed() == ["frontend", "backend", "database", "frontend>backend", "backend>database"]


def test_arrow_keys_follow_the_calls(shown: Shown) -> None:
    shown.show(CHAIN, CALLS)
    shown.page.get_by_role("button", name="frontend, good").focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft"):
        shown.page.keyboard.press(key)
    shown.page.keyboard.press("Enter")
    assert shown.pressed() == ["backend"]


def test_a_click_opens_what_it_hits(shown: Shown) -> None:
    shown.show(CHAIN, CALLS)
    shown.page.get_by_role("button", name="database, good").click()
    shown.page.locator(".arrow-main").first.click()
    assert shown.pressed() == ["database", "frontend>backend"]


def test_what_is_read_out_is_what_the_caller_says(shown: Shown) -> None:
    sentence = "frontend calls backend: 4.2 requests per second, 0 % errors, p95 23 ms, within its objective"
    shown.show(CHAIN[:2], [edge("frontend", "backend", label=sentence)])
    expect(shown.page.get_by_role("button", name=sentence)).to_have_count(1)


def test_numbers_change_in_the_elements_that_are_there(shown: Shown) -> None:
    shown.show(CHAIN, CALLS)
    shown.page.evaluate("""() => document.querySelectorAll(".card, .arrow").forEach((one) => { one.marked = true; })""")
    place = shown.page.locator(".card").nth(1).get_attribute("style")
    shown.page.get_by_role("button", name="backend, good").focus()
    shown.update([CHAIN[0], node("backend", mainStat="999 requests/s", status="bad"), CHAIN[2]], CALLS)
    assert shown.page.evaluate("""[...document.querySelectorAll(".card, .arrow")].every((one) => one.marked)""")
    assert (shown.page.locator(".card").nth(1).get_attribute("style") or "") == place
    expect(shown.page.get_by_role("button", name="backend, broken, 999 requests/s")).to_be_focused()
    expect(shown.page.get_by_text("999", exact=True)).to_be_visible()


def test_a_node_that_comes_and_goes_leaves_the_others(shown: Shown) -> None:
    shown.show(CHAIN, CALLS)
    shown.page.get_by_role("button", name="backend, good").focus()
    shown.update([*CHAIN, node("cache")], [*CALLS, edge("backend", "cache")])
    expect(shown.page.locator(".card")).to_have_count(4)
    expect(shown.page.get_by_role("button", name="backend, good")).to_be_focused()
    shown.update(CHAIN[:1], [])
    expect(shown.page.locator(".card")).to_have_count(1)
    expect(shown.page.locator(".arrow")).to_have_count(0)


def test_narrow_places_show_it_from_top_to_bottom(shown: Shown) -> None:
    shown.show(CHAIN, CALLS, width=360)
    places = [shown.page.locator(".card-box").nth(index).bounding_box() for index in range(3)]
    assert all(place is not None for place in places)
    lefts, tops = ([round(place[side]) for place in places if place] for side in ("x", "y"))
    assert len(set(lefts)) == 1
    assert tops == sorted(tops)
    assert tops[0] < tops[1] < tops[2]


def test_what_does_not_fit_begins_where_the_calls_come_from(shown: Shown) -> None:
    names = [f"s{number}" for number in range(7)]
    shown.show([node(name) for name in ("gateway", *names)], [edge("gateway", name) for name in names], width=360)
    place = shown.page.locator("#place").bounding_box()
    gateway = shown.page.get_by_role("button", name="gateway, good").bounding_box()
    assert place is not None
    assert gateway is not None
    assert place["x"] < gateway["x"]
    assert gateway["x"] + gateway["width"] < place["x"] + place["width"]


@pytest.mark.parametrize("count", [3, 30], ids=["large cards", "small cards"])
def test_a_long_name_is_whole_and_its_state_stands_below(shown: Shown, count: int) -> None:
    names = ["notification-service", *(f"s{number}" for number in range(count))]
    shown.show([node(name) for name in names], [])
    card = shown.page.locator(".card").filter(has_text="notification-service")
    expect(card.locator(".card-title")).to_have_text("notification-service")
    title, shape = card.locator(".card-title").bounding_box(), card.locator(".status-shape").bounding_box()
    assert title is not None
    assert shape is not None
    assert shape["y"] >= title["y"] + title["height"] / 2


def test_a_hostile_name_stays_text_and_inside_its_card(shown: Shown) -> None:
    name = HOSTILE * 5
    shown.show([node(name), node("b")], [edge(name, "b", mainStat=HOSTILE)])
    assert shown.page.locator("#place img").count() == 0
    card = shown.page.locator(".card").first
    box, title = card.locator(".card-box").bounding_box(), card.locator(".card-title").bounding_box()
    assert box is not None
    assert title is not None
    assert title["x"] + title["width"] < box["x"] + box["width"]
    expect(card.locator(".card-title")).to_contain_text("<img")
    expect(card).to_have_attribute("aria-label", f"{name}, good, 2.1 requests/s")


def test_a_graph_that_does_not_fit_can_be_moved_and_made_smaller(shown: Shown) -> None:
    names = [f"s{number:02}" for number in range(40)]
    shown.show([node(name) for name in names], [edge(a, b) for a, b in itertools.pairwise(names)], width=700)
    tools = shown.page.locator(".graph-tools")
    expect(tools).to_be_visible()
    tools.get_by_role("button", name="All", exact=True).click()
    last = shown.page.locator(".card").last.bounding_box()
    place = shown.page.locator("#place").bounding_box()
    assert last is not None
    assert place is not None
    assert last["x"] + last["width"] <= place["x"] + place["width"] + 1
    # What the keyboard reaches comes into view.
    for _ in range(3):
        tools.get_by_role("button", name="Larger").click()
    shown.page.get_by_role("button", name="s39, good").focus()
    last = shown.page.locator(".card").last.bounding_box()
    assert last is not None
    assert place["x"] <= last["x"] <= place["x"] + place["width"]


def test_a_graph_that_fits_has_no_tools(shown: Shown) -> None:
    shown.show(CHAIN, CALLS)
    expect(shown.page.locator(".graph-tools")).to_be_hidden()


def test_more_nodes_than_can_be_drawn_are_counted(shown: Shown) -> None:
    shown.show([node(f"s{number}") for number in range(200)], [])
    expect(shown.page.locator(".card")).to_have_count(150)
    expect(shown.page.get_by_text("The first 150 of 200 are drawn")).to_be_visible()


def test_dots_travel_only_for_those_who_want_motion(shown: Shown) -> None:
    shown.show(CHAIN, CALLS)
    shown.page.emulate_media(reduced_motion="reduce")
    shown.page.evaluate("window.graph.pulse()")
    assert shown.page.locator(".arrow-dots circle").count() == 0
    shown.page.emulate_media(reduced_motion="no-preference")
    shown.page.evaluate("window.graph.pulse()")
    assert shown.page.locator(".arrow-dots circle").count() > 0
    shown.page.emulate_media(reduced_motion=None)
