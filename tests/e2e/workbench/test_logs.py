"""The Logs page on a lab with traffic: what it shows is what Loki has, live and looking back."""

import json
import os
import re
import signal
import time
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from tests.browser import Watch

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

SECOND = 1_000_000_000


class Journal:
    """Pushes lines to Loki's API as a service would, under a service name of its own, and asks for them."""

    def __init__(self, url: str, service: str) -> None:
        self.url = url
        self.service = service

    def push(self, *lines: tuple[int, str], level: str = "info") -> None:
        stream = {"service": self.service, "level": level}
        body = json.dumps({"streams": [{"stream": stream, "values": [[str(nano), line] for nano, line in lines]}]})
        request = urllib.request.Request(
            f"{self.url}/loki/api/v1/push", body.encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 204

    def address(self, around: float, **parameters: Any) -> str:
        """The page for this service's lines, a minute each way."""
        query = f'{{service="{self.service}"}}'
        times = {"from": int((around - 60) * 1000), "to": int((around + 60) * 1000)}
        return "/logs?" + urlencode({"query": query, **times, **parameters}, doseq=True)


@pytest.fixture
def journal(workbench) -> Journal:
    return Journal(workbench.lab.state().backends["loki"], f"journal-{time.time_ns() % 10**9}")


def messages(page: Page) -> list[str]:
    return page.locator(".log-message").all_inner_texts()


def test_the_page_shows_lines_their_bars_and_how_many_of_how_many(page: Page, workbench):
    page.goto("/logs")
    expect(page.get_by_role("heading", name="Logs", exact=True)).to_be_visible()
    expect(page.locator(".log-row").nth(10)).to_be_visible()
    expect(page.locator(".log-status")).to_have_text(re.compile(r"^[\d,]+ (of [\d,]+ )?lines, .* read in "))
    expect(page.locator(".log-volume canvas").first).to_be_visible()


def test_the_bars_count_exactly_the_lines_that_the_list_has(page: Page, workbench, journal):
    now = time.time_ns() // SECOND * SECOND
    journal.push(*[(now - n * SECOND // 7, f"line {n}") for n in range(150)])
    # Ends in the middle of a bar.
    times = {"from": (now - 15 * SECOND) // 10**6 + 3, "to": now // 10**6 - 4}
    inside = [n for n in range(150) if times["from"] * 10**6 < now - n * SECOND // 7 <= times["to"] * 10**6]
    page.goto("/logs?" + urlencode({"query": f'{{service="{journal.service}"}}', **times}))
    expect(page.locator(".log-status")).to_have_text(re.compile(rf"^{len(inside)} lines,"))
    counted = page.evaluate(
        """async ([query, from, to]) => {
          const base = document.querySelector('script[type="module"]').src.replace(/app\\.js$/, "");
          const { volumeOf } = await import(`${base}logs/volume.js`);
          return (await volumeOf(query, {from, to})).total;
        }""",
        [f'{{service="{journal.service}"}}', times["from"] / 1000, times["to"] / 1000],
    )
    assert counted == len(inside)


def test_simple_filters_write_the_query_and_the_query_moves_the_filters(page: Page, workbench):
    page.goto("/logs")
    expect(page.locator(".log-row").first).to_be_visible()
    page.get_by_role("group", name="Services").get_by_role("button", name="backend").click()
    page.get_by_label("Contains").fill('Cache "miss"')
    page.get_by_label("Contains").press("Enter")
    editor = page.get_by_label("LogQL query")
    expect(editor).to_have_value('{service="backend"} |= "Cache \\"miss\\""')
    expect(page.locator(".log-empty")).to_contain_text("No line of this kind")
    editor.fill('{service="database", level="warning"}')
    editor.press("Control+Enter")
    for group, name in (("Services", "database"), ("Levels", "warning")):
        choice = page.get_by_role("group", name=group).get_by_role("button", name=name)
        expect(choice).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_label("Contains")).to_have_value("")
    editor.fill('{service="backend"} | json | cache="miss"')
    editor.press("Control+Enter")
    expect(page.get_by_text("This query is beyond the simple filters.")).to_be_visible()
    expect(page.locator(".log-row").first).to_be_visible()
    page.get_by_role("button", name="Start again with all lines").click()
    expect(editor).to_have_value('{service=~".+"}')


def test_markup_in_a_line_stays_text(page: Page, workbench, journal):
    now = time.time_ns()
    hostile = '<script>document.title="gone"</script><img src=x onerror=alert(1)>'
    journal.push((now, hostile), (now + 1, json.dumps({"message": hostile, hostile: hostile})))
    page.goto(journal.address(now / SECOND, wrap=1))
    expect(page.locator(".log-row")).to_have_count(2)
    assert [text[: len("<script>")] for text in messages(page)] == ["<script>"] * 2
    page.locator(".log-head").first.click()
    expect(page.locator(".log-details")).to_contain_text(hostile)
    assert page.locator(".log-list script, .log-list img").count() == 0
    expect(page).to_have_title(re.compile("Logs"))


def test_a_field_is_filtered_for_and_out_and_shown_as_a_column(page: Page, workbench, journal):
    now = time.time_ns()
    journal.push(*[(now + n, json.dumps({"message": f"m{n}", "colour": ["red", "blue"][n % 2]})) for n in range(6)])
    page.goto(journal.address(now / SECOND))
    expect(page.locator(".log-row")).to_have_count(6)
    page.locator(".log-head").first.click()
    page.get_by_role("button", name="Show colour as a column").click()
    expect(page.locator(".log-column")).to_have_text(["blue", "red"] * 3)
    assert "columns=colour" in page.url
    page.get_by_role("button", name="Only lines where colour is this").click()
    expect(page.locator(".log-row")).to_have_count(3)
    expect(page.get_by_label("LogQL query")).to_have_value(f'{{service="{journal.service}"}} | json | colour="blue"')
    # The line that was open still is.
    page.get_by_role("button", name="No lines where colour is this").click()
    expect(page.locator(".log-message").first).to_contain_text("m4")
    expect(page.locator(".log-row")).to_have_count(3)
    page.go_back()
    expect(page.get_by_label("LogQL query")).to_have_value(f'{{service="{journal.service}"}} | json | colour="blue"')


def test_all_lines_of_a_crowded_nanosecond_are_loaded_page_by_page(page: Page, workbench, journal):
    now = time.time_ns()
    journal.push(*[(now + n // 900, f"line {n}") for n in range(2700)])
    page.goto(journal.address(now / SECOND))
    status = page.locator(".log-status")
    expect(status).to_have_text(re.compile("^900 of 2,700 lines"))
    page.get_by_role("button", name="older lines").click()
    expect(status).to_have_text(re.compile("^1,800 of 2,700 lines"))
    page.get_by_role("button", name="older lines").click()
    expect(status).to_have_text(re.compile("^2,700 lines"))
    expect(page.get_by_role("button", name="older lines")).to_have_count(0)


def test_the_lines_around_a_line_are_those_of_its_stream(page: Page, workbench, journal):
    now = time.time_ns()
    journal.push(*[(now + n // 3, f"line {n:03}") for n in range(90)])
    journal.push(*[(now + n // 3, f"other {n:03}") for n in range(90)], level="debug")
    page.goto(journal.address(now / SECOND, direction="forward"))
    expect(page.locator(".log-row").first).to_be_visible()
    editor = page.get_by_label("LogQL query")
    editor.fill(f'{{service="{journal.service}"}} |= "line 046"')
    editor.press("Control+Enter")
    expect(page.locator(".log-row")).to_have_count(1)
    page.locator(".log-head").click()
    page.get_by_role("button", name="Lines around it").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Of the same stream").click()
    expect(dialog.locator("[aria-busy]")).to_have_count(0)
    # A nanosecond is shown whole: a few more than twenty.
    before = dialog.get_by_text(re.compile(r"^2[0-9] lines before it · show 20 more"))
    expect(before).to_be_visible()
    rows = dialog.locator(".log-row")
    expect(dialog.locator(".log-row[data-marked]")).to_contain_text("line 046")
    before.click()
    after = dialog.locator(".log-more").last
    for _ in range(4):
        text = after.inner_text()
        if "no more" in text:
            break
        after.click()
        expect(after).not_to_have_text(text)
        expect(after).to_have_text(re.compile(r"^[0-9]+ lines after it"))
    expect(after).to_have_text(re.compile(r"^42 lines after it, no more"))
    texts = set()
    for at in range(0, 4000, 200):
        dialog.locator(".log-list").evaluate("(list, at) => { list.scrollTop = at; }", at)
        page.wait_for_timeout(60)
        texts |= {text.strip() for text in rows.locator(".log-message").all_inner_texts()}
    numbers = sorted(int(text.removeprefix("line ")) for text in texts)
    assert numbers == list(range(numbers[0], 90)), "lines in a row, up to the last, none of another stream"
    assert numbers[0] <= 5


def test_a_link_to_a_line_opens_it_among_its_neighbours(page: Page, workbench, journal):
    now = time.time_ns()
    journal.push(*[(now + n, f"line {n}") for n in range(3000)])
    page.goto(journal.address(now / SECOND))
    page.locator(".log-head").nth(3).click()
    expect(page).to_have_url(re.compile("line="))
    opened = page.url
    page.goto("/logs")
    page.goto(opened)
    expect(page.locator(".log-details")).to_be_visible()
    expect(page.locator(".log-row[data-marked]")).to_contain_text("line 2996")
    # One that is not on the first page.
    page.goto(journal.address(now / SECOND, line=_line_id(page, now + 150, journal.service, "line 150")))
    expect(page.locator(".log-row[data-marked]")).to_contain_text("line 150")
    expect(page.locator(".log-row[data-marked] .log-details")).to_be_visible()


def _line_id(page: Page, nano: int, service: str, line: str) -> str:
    found = page.evaluate(
        """async ([nano, service, line]) => {
          const base = document.querySelector('script[type="module"]').src.replace(/app\\.js$/, "");
          const { lineId } = await import(`${base}logs/order.js`);
          return lineId({nano, labels: {service}, line});
        }""",
        [str(nano), service, line],
    )
    return str(found)


def test_a_drag_over_the_bars_is_the_new_range(page: Page, workbench):
    page.goto("/logs")
    canvas = page.locator(".log-volume canvas").first
    expect(canvas).to_be_visible()
    expect(page.locator(".log-row").first).to_be_visible()
    box = canvas.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + 40, steps=5)
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"from=\d{13}&to=\d{13}"))


def test_a_line_appears_live_and_waits_while_the_list_is_paused(page: Page, workbench, journal):
    journal.push((time.time_ns(), "before"))
    page.goto("/logs?" + urlencode({"query": f'{{service="{journal.service}"}}', "live": 1}))
    expect(page.locator(".log-live")).to_contain_text("Live ·")
    expect(page.locator(".log-message")).to_have_text(["before"])
    journal.push((time.time_ns(), "live one"))
    expect(page.locator(".log-message")).to_have_text(["live one", "before"])
    page.get_by_role("button", name="Pause").click()
    journal.push((time.time_ns(), "waiting one"), (time.time_ns() + 1, "waiting two"))
    expect(page.get_by_role("button", name="Resume (2 waiting)")).to_be_visible()
    expect(page.locator(".log-message")).to_have_text(["live one", "before"])
    page.get_by_role("button", name="Resume").click()
    expect(page.locator(".log-message")).to_have_text(["waiting two", "waiting one", "live one", "before"])


def test_who_scrolls_away_from_the_newest_line_is_not_disturbed(page: Page, workbench, journal):
    start = time.time_ns()
    journal.push(*[(start - 200 + n, f"line {n}") for n in range(200)])
    page.goto("/logs?" + urlencode({"query": f'{{service="{journal.service}"}}', "live": 1}))
    expect(page.locator(".log-live")).to_contain_text("Live ·")
    page.locator(".log-list").evaluate("(list) => { list.scrollTop = 500; }")
    expect(page.locator(".log-live")).to_contain_text("you scrolled away")
    shown = page.locator(".log-row").nth(10).inner_text()
    journal.push((time.time_ns(), "new"))
    expect(page.get_by_role("button", name="Resume (1 waiting)")).to_be_visible()
    assert shown in page.locator(".log-row").all_inner_texts()
    page.locator(".log-list").evaluate("(list) => { list.scrollTop = 0; }")
    expect(page.locator(".log-message").first).to_have_text("new")


def test_lines_written_while_the_store_was_killed_come_afterwards_none_lost_none_twice(
    page: Page, watch: Watch, workbench, journal, wait_for
):
    watch.allow("502 ", "504 ", "WebSocket", "net::ERR")
    journal.push((time.time_ns(), "line 0"))
    page.goto("/logs?" + urlencode({"query": f'{{service="{journal.service}"}}', "live": 1}))
    expect(page.locator(".log-live")).to_contain_text("Live ·")
    journal.push((time.time_ns(), "line 1"))
    expect(page.locator(".log-row")).to_have_count(2)
    os.kill(workbench.lab.pid("telemetry_store"), signal.SIGKILL)
    expect(page.locator(".log-live")).to_contain_text("Not live", timeout=15_000)

    def written() -> bool:
        try:
            journal.push((time.time_ns(), "line 2"), (time.time_ns() + 1, "line 3"))
        except OSError:
            return False
        return True

    wait_for(written, "the store takes lines again", 30)
    expect(page.locator(".log-live")).to_contain_text("Live ·", timeout=30_000)
    journal.push((time.time_ns(), "line 4"))
    expect(page.locator(".log-message")).to_have_text([f"line {n}" for n in (4, 3, 2, 1, 0)], timeout=15_000)


def test_a_loki_that_hangs_shows_an_error_and_recovers(page: Page, watch: Watch, workbench):
    page.route(
        "**/api/loki/**/query_range*",
        lambda route: route.fulfill(
            status=502,
            content_type="application/json",
            body='{"error": "Loki cannot be reached.", "errorType": "unreachable"}',
        ),
    )
    watch.allow("502 ")
    page.goto("/logs")
    expect(page.locator(".logs-notice")).to_contain_text("No answer")
    page.unroute("**/api/loki/**/query_range*")
    expect(page.locator(".log-row").first).to_be_visible(timeout=15_000)
    expect(page.locator(".logs-notice")).to_be_empty()


def test_a_wrong_query_shows_its_error_at_the_query(page: Page, watch: Watch, workbench):
    watch.allow("400 ")
    page.goto("/logs?" + urlencode({"query": '{service="backend"} |= '}))
    expect(page.locator(".query-error")).to_be_visible()
    page.get_by_label("LogQL query").fill('{service="backend"}')
    page.get_by_role("button", name="Run").click()
    expect(page.locator(".log-row").first).to_be_visible()
    expect(page.locator(".query-error")).to_be_hidden()


def test_fields_and_patterns_stand_beside_the_list(page: Page, workbench):
    page.goto("/logs?panel=fields")
    side = page.get_by_role("complementary", name="Fields of the lines")
    side.get_by_role("button", name=re.compile("^cache ")).click()
    expect(side.get_by_text("of the lines have it")).to_be_visible()
    side.get_by_role("button", name="Count over the whole range").click()
    expect(side.get_by_text("lines of the whole range have it")).to_be_visible()
    page.get_by_role("button", name="Patterns").click()
    side = page.get_by_role("complementary", name="Patterns")
    side.get_by_role("button", name="Only lines of this kind").first.click()
    expect(page.get_by_label("LogQL query")).to_have_value(re.compile(r"\|> "))
    expect(page.locator(".log-row").first).to_be_visible()


def test_the_list_is_walked_by_keyboard(page: Page, workbench):
    page.goto("/logs")
    expect(page.locator(".log-row").nth(5)).to_be_visible()
    page.locator(".log-head").first.focus()
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(".log-row").nth(3).locator(".log-details")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".log-details")).to_have_count(0)
    page.keyboard.press("End")
    expect(page.locator(".log-row").last).to_have_attribute("aria-posinset", "1000")


def test_shown_lines_are_downloaded(page: Page, workbench, journal):
    now = time.time_ns()
    journal.push((now, "one"), (now + 1, "two"))
    page.goto(journal.address(now / SECOND))
    expect(page.locator(".log-row")).to_have_count(2)
    page.get_by_role("button", name="Download", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name=re.compile("JSON lines")).click()
    rows = [json.loads(row) for row in Path(download.value.path()).read_text().splitlines()]
    assert [row["line"] for row in rows] == ["one", "two"]
    assert rows[0]["labels"]["service"] == journal.service
