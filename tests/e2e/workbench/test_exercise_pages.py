"""An exercise beside Explore, and the instructor's switches, as they are used: in a browser, on a lab with traffic."""

import re
import shutil
import time

import pytest
from playwright.sync_api import Page, expect

from lab.exercises.loader import EXERCISES
from lab.faults.flag_file import FlagFile
from lab.paths import StateDirectory

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

GAUGES = "/exercises/03-a-gauge-is-a-level"


@pytest.fixture
def exercise(page: Page) -> Page:
    """An exercise that was begun just now."""
    page.goto(GAUGES)
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_role("button", name="Start", exact=True)).to_have_count(0)
    yield page
    page.goto(GAUGES)
    page.get_by_role("button", name="Begin anew").click()
    page.get_by_role("button", name="Forget them").click()
    expect(page.get_by_role("button", name="Start", exact=True)).to_be_visible()


def task(page: Page, number: int):
    return page.get_by_role("region", name=f"Task {number} of 3")


def verdict(page: Page, number: int):
    return task(page, number).locator(".exercise-verdict")


def use_the_query_of_the_pane(page: Page, number: int):
    """Again, as long as the lab is too young for an answer to be judged."""
    deadline = time.monotonic() + 90
    while True:
        task(page, number).get_by_role("button", name="Use the query of the pane").click()
        expect(verdict(page, number)).to_contain_text(re.compile("Not yet|Right|cannot be judged"), timeout=20_000)
        if "cannot be judged" not in verdict(page, number).inner_text() or time.monotonic() > deadline:
            return
        page.wait_for_timeout(2000)


def test_the_query_of_the_pane_is_the_answer(exercise):
    editor = exercise.get_by_role("region", name="Explore", exact=True).get_by_label("PromQL query")
    editor.fill("rate(frontend_active_users[2m])")
    use_the_query_of_the_pane(exercise, 3)
    expect(verdict(exercise, 3)).to_contain_text("Not yet")

    editor.fill("max_over_time(frontend_active_users[2m])")
    use_the_query_of_the_pane(exercise, 3)
    expect(verdict(exercise, 3)).to_contain_text("Right: 8 points")
    expect(task(exercise, 3)).to_contain_text("solved")


def test_without_a_query_the_task_says_what_to_do(exercise):
    task(exercise, 3).get_by_role("button", name="Use the query of the pane").click()

    expect(verdict(exercise, 3)).to_contain_text("choose Metrics")


def test_a_choice_is_answered_and_its_wrong_ones_say_why(exercise):
    for words, hears in (("transactions ended", "only rises"), ("visitors seen", "Right: 3 points")):
        task(exercise, 1).locator("label", has_text=words).click()
        task(exercise, 1).get_by_role("button", name="Check").click()
        expect(verdict(exercise, 1)).to_contain_text(hears)


def test_a_hint_costs_what_its_button_says_and_stays(exercise):
    task(exercise, 3).get_by_role("button", name="Hint (−2 points)").click()
    expect(task(exercise, 3)).to_contain_text("Hint 1 of 2")
    exercise.reload()

    expect(task(exercise, 3)).to_contain_text("Hint 1 of 2")
    expect(task(exercise, 3)).to_contain_text("6 points")


def test_the_solution_is_shown_after_a_warning(exercise):
    task(exercise, 3).get_by_role("button", name="Solution").click()
    expect(exercise.get_by_role("dialog")).to_contain_text("no points")
    exercise.get_by_role("button", name="Show it").click()

    expect(task(exercise, 3)).to_contain_text("max_over_time(frontend_active_users[2m])")
    expect(task(exercise, 3)).to_contain_text("the solution was shown")


def test_what_is_written_is_there_after_a_reload_and_gone_when_it_is_begun_anew(page):
    page.goto(GAUGES)
    page.get_by_role("button", name="Start", exact=True).click()
    task(page, 3).get_by_label("Your query, in PromQL").fill("max_over_time(frontend_active")
    task(page, 1).locator("label", has_text="visitors seen").click()
    page.reload()

    expect(task(page, 3).get_by_label("Your query, in PromQL")).to_have_value("max_over_time(frontend_active")
    expect(task(page, 1).locator("input:checked")).to_have_count(1)
    page.get_by_role("button", name="Begin anew").click()
    page.get_by_role("button", name="Forget them").click()
    expect(task(page, 3).get_by_label("Your query, in PromQL")).to_have_value("")
    expect(task(page, 1).locator("input:checked")).to_have_count(0)


def test_explore_asks_in_the_language_of_the_task_and_offers_that_of_another(page):
    explore = page.get_by_role("region", name="Explore", exact=True)
    page.goto("/exercises/06-streams-of-lines")
    expect(explore.get_by_label("LogQL query")).to_be_visible()

    page.goto("/exercises/14-one-error-in-three-signals")
    metrics, traces = (page.get_by_role("region", name=f"Task {number} of 4") for number in (1, 3))
    explore.get_by_label("PromQL query").fill("up")
    metrics.get_by_label("Your query").click()
    expect(metrics.get_by_role("button", name="in Explore")).to_have_count(0)
    traces.get_by_label("Your query").click()
    expect(explore.get_by_label("TraceQL query")).to_have_count(0)
    traces.get_by_role("button", name="Show Traces in Explore").click()
    expect(explore.get_by_label("TraceQL query")).to_be_focused()
    expect(explore.get_by_label("PromQL query")).to_have_value("up")
    expect(traces.get_by_role("button", name="in Explore")).to_have_count(0)


def test_a_service_is_edited_elsewhere_and_checked_here(page, workbench):
    page.goto("/exercises/41-a-span-of-your-own")
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_text("Your service, for your editor")).to_be_visible()
    [app] = (workbench.lab.state_dir / "services").glob("*/41-a-span-of-your-own/app.py")
    expect(page.get_by_text(str(app))).to_be_visible()

    task(page, 1).get_by_role("button", name="Check").click()
    expect(verdict(page, 1)).to_contain_text("No span is called hold seats", timeout=20_000)
    shutil.copy(EXERCISES / "41-a-span-of-your-own" / "solution" / "app.py", app)
    task(page, 1).get_by_role("button", name="Check").click()
    expect(verdict(page, 1)).to_contain_text("Right: 10 points", timeout=20_000)

    page.get_by_role("button", name="Begin anew").click()
    expect(page.get_by_role("dialog")).to_contain_text("Your folder is kept under another name")
    page.get_by_role("button", name="Forget them").click()
    expect(page.get_by_role("button", name="Start", exact=True)).to_be_visible()


def test_switches_are_behind_a_warning_and_do_what_they_say(workbench, page):
    page.goto("/faults")
    fault = page.locator("details", has_text="A table has lost its index")
    fault.locator("summary").click()
    expect(page.get_by_role("button", name="Switch on")).to_have_count(0)
    page.get_by_role("button", name="Show what is on").click()
    fault.get_by_role("button", name="Switch on").click()
    try:
        expect(page.locator(".faults-curtain").get_by_role("status")).to_have_text("One fault is on.")
        shows = re.compile("as they should be|It shows now")
        expect(fault.get_by_role("status")).to_contain_text(shows, timeout=20_000)
        expect(fault.locator(".fault-evidence li")).to_have_count(5)
        assert len(FlagFile(StateDirectory(workbench.lab.state_dir).flag_file).switched_on()) == 1
    finally:
        page.get_by_role("button", name="Switch everything off").click()
    expect(page.locator(".faults-curtain").get_by_role("status")).to_have_text("Nothing is on.")
    expect(fault.get_by_role("status")).to_contain_text(
        re.compile("as they were before|All is as it was"), timeout=20_000
    )
    assert FlagFile(StateDirectory(workbench.lab.state_dir).flag_file).switched_on() == {}
