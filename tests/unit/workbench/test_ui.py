"""The shared parts of pages: what they make of hostile text, and that each is used with the keyboard alone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

SCRIPT = "<img src=x onerror=alert(1)><script>alert(2)</script>"


@pytest.fixture
def place(module):
    """place("ui/menu.js", "(m, root) => …"): runs with a fresh element in a fresh document; the page to look at."""
    module.reset()

    def run(path, body):
        expression = f"""(m) => {{
          const root = document.createElement("div");
          root.id = "root";
          document.getElementById("page").append(root);
          window.heard = [];
          return (({body})(m, root, (...words) => window.heard.push(words.join(" "))), null);
        }}"""
        module(path, expression)
        return module.page

    yield run
    module.reset()


def heard(page):
    return page.evaluate("window.heard")


def test_text_stays_text_whatever_it_says(module):
    html = module("ui/dom.js", "(m, text) => m.h('p', { title: text }, text)", SCRIPT)
    assert "<img" not in html.replace('title="<img', "")
    assert "&lt;img src=x onerror=alert(1)&gt;&lt;script&gt;" in html


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("/explore?left=1", True),
        ("https://example.org/", True),
        ("javascript:alert(1)", False),
        (" java\nscript:alert(1)", False),
        ("data:text/html,hello", False),
        ("vbscript:x", False),
        ("//example.org/", True),
        ("http://[", False),
    ],
)
def test_only_addresses_that_are_safe_become_links(module, address, kept):
    html = module("ui/dom.js", "(m, address) => m.h('a', { href: address }, 'here')", address)
    assert ("href=" in html) is kept


def test_attributes_mean_what_they_say(module):
    found = module(
        "ui/dom.js",
        """m => [
          m.h("button", { disabled: true, hidden: false, "aria-expanded": false, "data-n": 0, title: null }),
          m.h("i", { style: { "--colour": "red", lineHeight: 2, color: null } }),
          m.h("p", null, "a", 1, null, false, [["b"], m.svg("path", { d: "M0 0" })]),
        ]""",
    )
    assert found == [
        '<button disabled="" aria-expanded="false" data-n="0"></button>',
        '<i style="--colour: red; line-height: 2;"></i>',
        '<p>a1b<path d="M0 0"></path></p>',
    ]


def test_a_menu_is_used_with_the_keyboard(place):
    page = place(
        "ui/menu.js",
        """(m, root, hear) => root.append(m.menuButton({ class: "button" }, "Do", () => [
          { text: "Alpha", onSelect: () => hear("alpha") },
          null,
          { text: "Beta", disabled: true, onSelect: () => hear("beta") },
          { heading: "More" },
          { text: "Gamma", hint: "the third", onSelect: () => hear("gamma") },
        ], { label: "Things" }))""",
    )
    button = page.get_by_role("button", name="Do")
    expect(button).to_have_attribute("aria-expanded", "false")
    button.focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("menu", name="Things")).to_be_visible()
    expect(page.get_by_role("menuitem", name="Alpha")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("menuitem", name="Gamma")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("menuitem", name="Alpha")).to_be_focused()
    page.keyboard.press("g")
    page.keyboard.press("Enter")
    assert heard(page) == ["gamma"]
    expect(button).to_be_focused()
    button.press("Enter")
    page.keyboard.press("Escape")
    expect(page.get_by_role("menu")).to_have_count(0)
    expect(button).to_be_focused()


def test_a_menu_goes_when_somebody_clicks_elsewhere(place):
    page = place("ui/menu.js", "(m, root) => m.menu({ x: 40, y: 40 }, [{ text: 'One' }])")
    expect(page.get_by_role("menu")).to_be_visible()
    page.mouse.click(600, 500)
    expect(page.get_by_role("menu")).to_have_count(0)


def test_a_menu_at_the_edge_stays_inside_the_window(place):
    page = place(
        "ui/menu.js", "(m, root) => m.menu({ x: innerWidth - 4, y: innerHeight - 4 }, [{ text: 'A long one' }])"
    )
    box = page.get_by_role("menu").bounding_box()
    size = page.viewport_size
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= size["width"]
    assert box["y"] + box["height"] <= size["height"]


def test_tabs_are_chosen_with_the_arrow_keys(place):
    page = place(
        "ui/tabs.js",
        """(m, root, hear) => m.tabs(root, {
          label: "Views",
          tabs: ["one", "two", "three"].map((id) => ({
            id,
            title: `Title ${id}`,
            render: (panel) => { panel.textContent = `Panel ${id}`; return () => hear(`end ${id}`); },
          })),
          onSelect: (id) => hear(id),
        })""",
    )
    expect(page.get_by_role("tab", selected=True)).to_have_text("Title one")
    page.get_by_role("tab", name="Title one").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("tab", name="Title three")).to_be_focused()
    expect(page.get_by_role("tabpanel", name="Title three")).to_have_text("Panel three")
    page.keyboard.press("Home")
    assert heard(page) == ["end one", "three", "end three", "one"]


def test_a_dialog_keeps_the_focus_and_gives_it_back(place):
    page = place(
        "ui/dialog.js",
        """(m, root, hear) => {
          const button = document.createElement("button");
          button.textContent = "Open";
          button.onclick = () => m.dialog({ title: "A question", content: "Really?", onClose: () => hear("closed") });
          root.append(button);
        }""",
    )
    button = page.get_by_role("button", name="Open")
    button.click()
    expect(page.get_by_role("dialog", name="A question")).to_be_visible()
    for _ in range(4):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('dialog')")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(button).to_be_focused()
    assert heard(page) == ["closed"]


TABLE = """(m, root, hear) => {
  const rows = [["b", 2], ["a", 10], ["c", NaN]];
  window.table = m.table(root, {
    caption: "Letters",
    columns: [
      { id: "name", title: "Name", render: ([name]) => name, sort: ([name]) => name },
      { id: "count", title: "Count", align: "end", render: ([, count]) => String(count), sort: ([, count]) => count },
    ],
    rows,
    onRow: ([name]) => hear(name),
    rowLabel: ([name]) => `Open ${name}`,
    onSort: ({ id, descending }) => hear(`${id} ${descending}`),
  });
}"""


def first_column(page):
    return [text.split("\t")[0] for text in page.locator("tbody tr").all_inner_texts()]


def test_a_table_is_sorted_by_its_heads_numbers_from_the_largest(place):
    page = place("ui/table.js", TABLE)
    assert first_column(page) == ["b", "a", "c"]
    page.get_by_role("button", name="Name").click()
    assert first_column(page) == ["a", "b", "c"]
    expect(page.get_by_role("columnheader", name="Name")).to_have_attribute("aria-sort", "ascending")
    page.get_by_role("button", name="Count").click()
    assert first_column(page) == ["a", "b", "c"], "what has no value is last"
    page.get_by_role("button", name="Count").click()
    assert first_column(page) == ["b", "a", "c"]
    expect(page.get_by_role("columnheader", name="Name")).to_have_attribute("aria-sort", "none")
    assert heard(page) == ["name false", "count true", "count false"]


def test_a_row_is_opened_with_enter_and_keeps_the_focus_when_the_table_is_updated(place):
    page = place("ui/table.js", TABLE)
    row = page.locator("tbody tr").nth(1)
    row.focus()
    row.press("Enter")
    assert heard(page) == ["a"]
    page.evaluate("window.table.update([['x', 1], ['y', 2]])")
    expect(page.locator("tbody tr").nth(1)).to_be_focused()
    page.evaluate("window.table.update([])")
    expect(page.locator("tbody")).to_have_text("Nothing to show.")


def test_of_a_very_long_table_the_first_rows_are_drawn_and_it_says_so(place):
    page = place("ui/table.js", TABLE)
    page.evaluate("window.table.update(Array.from({ length: 5000 }, (_, i) => [`n${i}`, i]))")
    expect(page.locator("tbody tr")).to_have_count(1000)
    expect(page.locator(".table-note")).to_have_text("The first 1000 of 5000 rows.")


LIST = """(m, root, hear) => {
  root.style.height = "300px";
  window.tall = new Set();
  window.list = m.virtualList(root, {
    count: 100000,
    rowHeight: 20,
    heightOf: (i) => (window.tall.has(i) ? 200 : 20),
    keyOf: (i) => `row ${i}`,
    render: (i) => {
      const button = document.createElement("button");
      button.textContent = `Row ${i}`;
      return button;
    },
  });
}"""


def test_of_a_long_list_only_what_can_be_seen_is_in_the_document(place):
    page = place("ui/virtual_list.js", LIST)
    assert page.locator(".virtual-list-row").count() < 60
    page.evaluate("window.list.scrollTo(99999, { align: 'center' })")
    last = page.get_by_role("button", name="Row 99999")
    expect(last).to_be_visible()
    assert page.locator(".virtual-list-row").count() < 60


def test_a_row_that_opens_moves_those_below_it(place):
    page = place("ui/virtual_list.js", LIST)
    before = page.get_by_role("button", name="Row 3", exact=True).bounding_box()["y"]
    page.evaluate("window.tall.add(2); window.list.update({})")
    assert page.get_by_role("button", name="Row 3", exact=True).bounding_box()["y"] == before + 180


def test_a_row_keeps_its_element_and_the_focus_when_the_list_is_updated_or_scrolled(place):
    page = place("ui/virtual_list.js", LIST)
    row = page.get_by_role("button", name="Row 4", exact=True)
    row.focus()
    page.evaluate("window.list.update({ count: 90000 })")
    expect(row).to_be_focused()
    page.evaluate("document.getElementById('root').scrollTop = 50000")
    expect(page.get_by_role("button", name="Row 2500", exact=True)).to_be_attached()
    expect(row).to_be_focused()


def test_rows_are_in_the_document_in_their_order(place):
    page = place("ui/virtual_list.js", LIST)
    for top in (5000, 4500, 5300, 4900):
        page.evaluate("(top) => { document.getElementById('root').scrollTop = top; }", top)
        page.wait_for_timeout(60)
    rows = page.evaluate("[...document.querySelectorAll('.virtual-list-row')].map((row) => Number(row.dataset.index))")
    assert rows == sorted(rows)


SHOWING = """(m, root, hear) => {
  window.answers = [];
  window.shown = m.showing(root, (signal) => new Promise((resolve, reject) => {
    window.answers.push({ resolve, reject, signal });
  }), (data, content) => { content.textContent = data; }, { label: "Loading the letters" });
}"""


def test_what_loads_quickly_never_says_that_it_loads_and_what_is_slow_does(place):
    page = place("ui/states.js", SHOWING)
    expect(page.locator("#root")).to_have_attribute("aria-busy", "true")
    expect(page.get_by_role("status")).to_have_text("Loading the letters…")
    page.evaluate("window.answers[0].resolve('abc')")
    expect(page.locator("#root")).to_have_text("abc")
    expect(page.locator("#root")).to_have_attribute("aria-busy", "false")


def test_a_failed_refresh_keeps_the_old_content_under_the_error_until_it_works_again(place):
    page = place("ui/states.js", SHOWING)
    page.evaluate("window.answers[0].resolve('abc')")
    expect(page.locator(".showing-content")).to_have_text("abc")
    page.evaluate(
        """() => {
          window.shown.refresh();
          const about = { name: "ApiError", kind: "unreachable", hint: "Wait." };
          const error = Object.assign(new Error("Loki is away"), about);
          window.answers[1].reject(error);
        }"""
    )
    expect(page.get_by_role("alert")).to_contain_text("Loki is away")
    expect(page.locator(".showing-content")).to_have_text("abc")
    expect(page.locator(".showing-content")).to_have_class("showing-content stale")
    page.get_by_role("button", name="Try again").click()
    page.evaluate("window.answers[2].resolve('def')")
    expect(page.locator("#root")).to_have_text("def")
    expect(page.get_by_role("alert")).to_have_count(0)


def test_the_answer_to_an_older_question_is_not_shown(place):
    page = place("ui/states.js", SHOWING)
    page.evaluate("() => void window.shown.refresh()")
    assert page.evaluate("window.answers[0].signal.aborted")
    page.evaluate("() => { window.answers[1].resolve('new'); window.answers[0].resolve('old'); }")
    expect(page.locator("#root")).to_have_text("new")


def test_a_tip_is_shown_to_the_keyboard_too_and_escape_hides_it(place):
    page = place(
        "ui/tooltip.js",
        """(m, root) => {
          const before = document.createElement("button");
          const button = document.createElement("button");
          button.textContent = "What";
          root.append(before, button);
          m.tooltip(button, "A sentence about it");
          before.focus();
        }""",
    )
    page.keyboard.press("Tab")
    tip = page.get_by_role("tooltip")
    expect(tip).to_have_text("A sentence about it")
    assert page.get_by_role("button", name="What").get_attribute("aria-describedby") == tip.get_attribute("id")
    page.keyboard.press("Escape")
    expect(tip).to_have_count(0)
