"""The list of lines in a page: what it draws, by whom it is walked, and that nothing in a line does anything."""

import json

import pytest

#: A list of 300 px over lines `line 0` to `line n`, newest first, in a document of its own place.
LIST = """
document.querySelector("#list-for-tests")?.remove();
const place = document.createElement("div");
place.id = "list-for-tests";
place.style.setProperty("height", "300px");
place.style.setProperty("width", "900px");
document.body.append(place);
const lineOf = (text, i, labels = {service: "backend", level: "info"}) =>
  ({nano: String(1795261777000000000n + BigInt(i)), time: 1795261777, labels, metadata: {}, parsed: {}, line: text});
const many = (count) => Array.from({length: count}, (_, i) => lineOf(`line ${i}`, i));
const rows = () => [...place.querySelectorAll(".log-row")];
const messages = () => rows().map((row) => row.querySelector(".log-message").textContent);
const frame = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
const press = async (key) => {
  document.activeElement.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true}));
  await frame();
};
const scroller = () => place.querySelector(".log-list");
"""


@pytest.fixture
def listed(module):
    def run(script: str, argument: object = None):
        return module("logs/list.js", f"async (m, argument) => {{{LIST}{script}}}", argument)

    return run


def test_of_many_lines_only_those_in_sight_are_in_the_document(listed):
    drawn, first, sizes, after = listed("""
      const list = m.logList(place, {lines: many(10000)});
      const before = [rows().length, messages()[0], rows()[0].getAttribute("aria-setsize")];
      scroller().scrollTop = scroller().scrollHeight / 2;
      await frame();
      const middle = Number(messages()[0].slice(5));
      list.destroy();
      return [before[0], before[1], [before[2], rows().length], middle];
    """)
    assert 10 < drawn < 80
    assert first == "line 9999"
    assert sizes == ["10000", 0]
    assert 4500 < after < 5500


def test_the_longest_name_of_a_service_is_read_and_messages_stand_below_each_other(listed):
    cut, lefts = listed("""
      const names = ["backend", "market-data-service", "redis"];
      m.logList(place, {lines: names.map((service, i) => lineOf(`line ${i}`, i, {service, level: "info"}))});
      await frame();
      const services = [...place.querySelectorAll(".log-service")];
      const left = (element) => Math.round(element.getBoundingClientRect().left);
      return [
        services.filter((each) => each.scrollWidth > each.clientWidth).map((each) => each.textContent),
        [...place.querySelectorAll(".log-message")].map(left),
      ];
    """)
    assert cut == []
    assert len(set(lefts)) == 1


def test_lines_that_come_keep_in_place_what_is_read(listed):
    before, after, newest = listed("""
      const list = m.logList(place, {lines: many(500)});
      scroller().scrollTop = 2000;
      await frame();
      const edge = () => scroller().getBoundingClientRect().top;
      const top = () => rows().find((row) => row.getBoundingClientRect().bottom > edge());
      const before = [top().textContent, Math.round(top().getBoundingClientRect().top)];
      list.append([lineOf("new", 600), lineOf("late", 3)]);
      await frame();
      const after = [top().textContent, Math.round(top().getBoundingClientRect().top)];
      list.goToNewest();
      list.append([lineOf("newer", 601)]);
      await frame();
      return [before, after, messages()[0]];
    """)
    assert after == before
    assert newest == "newer"


def test_equal_lines_and_equal_moments_are_rows_of_their_own(listed):
    assert listed("""
      m.logList(place, {lines: [lineOf("same", 1), lineOf("same", 1), lineOf("other", 1)], newestFirst: false});
      return [messages(), new Set(rows().map((row) => row.dataset.key)).size];
    """) == [["same", "same", "other"], 3]


def test_the_keyboard_walks_opens_and_closes(listed):
    walked, opened, closed, last = listed("""
      m.logList(place, {lines: many(100)});
      rows()[0].querySelector(".log-head").focus();
      await press("ArrowDown");
      await press("ArrowDown");
      const walked = document.activeElement.querySelector(".log-message").textContent;
      await press("Enter");
      const details = () => place.querySelectorAll(".log-details").length;
      const opened = [details(), document.activeElement.getAttribute("aria-expanded")];
      await press("Escape");
      const closed = [details(), document.activeElement.textContent.includes("line 97")];
      await press("End");
      return [walked, opened, closed, document.activeElement.querySelector(".log-message").textContent];
    """)
    assert walked == "line 97"
    assert opened == [1, "true"]
    assert closed == [0, True]
    assert last == "line 0"


HOSTILE = '<script>document.title = "gone"</script><img src=x onerror="document.title=1"><a href="javascript:alert(1)">'


def test_whatever_a_line_holds_stays_text(listed):
    line = json.dumps({"message": HOSTILE, HOSTILE: HOSTILE, "trace_id": HOSTILE})
    found = listed(
        """
        const lines = [lineOf(argument.line, 1, {service: argument.text, level: argument.text, [argument.text]: "x"})];
        m.logList(place, {lines, columns: ["message"], onFilter() {}, onColumns() {}});
        rows()[0].querySelector(".log-head").click();
        await frame();
        const markup = place.querySelectorAll("script, img").length;
        const links = [...place.querySelectorAll("a")].map((link) => new URL(link.href).protocol);
        const details = place.querySelector(".log-details").textContent;
        return [markup, new Set(links), details.includes(argument.text), document.title];
        """,
        {"line": line, "text": HOSTILE},
    )
    assert found[0] == 0
    assert set(found[1]) <= {"http:"}
    assert found[2] is True
    assert found[3] != "gone"


def test_a_line_of_five_million_characters_is_drawn_in_part_and_read_piece_by_piece(listed):
    row, raw, more = listed("""
      m.logList(place, {lines: [lineOf("x".repeat(5000000), 1)], wrap: true});
      const row = rows()[0].textContent.length;
      rows()[0].querySelector(".log-head").click();
      await frame();
      const raw = () => place.querySelector(".log-raw").textContent.length;
      const first = raw();
      const button = [...place.querySelectorAll(".log-unfold")].at(-1);
      button.click();
      return [row, [first, raw()], button.textContent];
    """)
    assert row < 5_000
    assert raw == [50_000, 100_000]
    assert more == "Show the next 50,000 of 4,900,000 more characters"


def test_a_stack_trace_is_folded_until_it_is_asked_for(listed):
    found = listed(
        """
        m.logList(place, {lines: [lineOf(argument, 1)], wrap: true});
        const button = rows()[0].querySelector(".log-unfold");
        const before = [button.textContent, rows()[0].textContent.includes("frame 36")];
        button.click();
        await frame();
        return [before, rows()[0].textContent.includes("frame 36"), rows()[0].querySelector(".log-unfold")];
        """,
        "\n".join(["Traceback:", *(f"  frame {number}" for number in range(37))]),
    )
    assert found == [["Show 34 more lines", False], True, None]


def test_what_the_query_looks_for_is_marked(listed):
    assert listed("""
      const line = lineOf('{"message": "Cache miss for user", "cache": "miss"}', 1);
      m.logList(place, {lines: [line], query: '{a="b"} |= "miss"'});
      return [...rows()[0].querySelectorAll("mark")].map((mark) => mark.textContent);
    """) == ["miss", "miss"]


def test_filters_say_what_they_filter(listed):
    assert listed("""
      const asked = [];
      const onFilter = (name, value, operator, {kind, format}) => asked.push([name, value, operator, kind, format]);
      m.logList(place, {lines: [lineOf('{"message": "m", "user_id": 7}', 1)], onFilter});
      rows()[0].querySelector(".log-head").click();
      await frame();
      place.querySelector('[data-field="user_id"] [aria-label^="Only"]').click();
      place.querySelector('[data-field="level"] [aria-label^="No lines"]').click();
      return asked;
    """) == [["user_id", "7", "=", "field", "json"], ["level", "info", "!=", "label", "json"]]


def test_a_line_leads_to_its_trace_its_span_its_metrics_and_its_stream(listed):
    trace, span = "5184f7d84fc0f0b2e086cdb8a2640c5d", "42e9380573c29f2f"
    links = listed(
        """
        m.logList(place, {lines: [lineOf(argument, 1)]});
        rows()[0].querySelector(".log-head").click();
        await frame();
        const links = [...place.querySelectorAll(".log-actions a")];
        return links.map((link) => [link.textContent, link.getAttribute("href")]);
        """,
        json.dumps({"message": "m", "trace_id": trace, "span_id": span}),
    )
    addresses = dict(links)
    assert addresses["Trace"] == f"/trace/{trace}"
    assert addresses["Its span"] == f"/trace/{trace}?span={span}"
    assert addresses["Metrics of backend at this time"].startswith("/explore?left=%7B%22source%22%3A%22prometheus%22")
    assert addresses["Open in Explore"].startswith("/explore?left=")
    assert addresses["All lines of the trace"].startswith("/logs?query=")


def test_a_list_that_ends_leaves_nothing_behind(listed):
    assert (
        listed("""
      const list = m.logList(place, {lines: many(50)});
      list.destroy();
      return place.childNodes.length;
    """)
        == 0
    )
