"""Both pages in a browser: the instructor's orders, and what everybody sees of it, which is nothing."""

import pytest
import requests
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from lab.faults.catalogue import read_catalogue
from tests.integration.workshop.workshop_processes import Workshop

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


class Learner:
    """Reports when the test says so, and does what it says."""

    def __init__(self, workshop: Workshop, name: str, team: str | None, points: int) -> None:
        self.workshop, self.name, self.points = workshop, name, points
        self.token = name.ljust(32, ".")
        self.post("/api/join", {"name": name, "team": team, "token": self.token})
        self.report()

    def post(self, path: str, content: dict) -> dict:
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = requests.post(self.workshop.address + path, json=content, headers=headers, timeout=10)
        assert answer.ok, answer.text
        return answer.json()

    def report(self, *answers: dict, on: tuple[str, ...] = (), healthy: int = 5, problem: str = "") -> list[dict]:
        report = {
            "lab": {"up": True, "healthy": healthy, "of": 5, "problem": problem},
            "exercises": {"solved": 2, "of": 24, "points": self.points, "points_possible": 500, "at": "3. Gauges"},
            "on": list(on),
            "answers": list(answers),
        }
        return self.post("/api/report", report)["orders"]


@pytest.fixture
def origin(workshop: Workshop) -> str:
    """Where the pages of `page` are: see tests/conftest.py."""
    return workshop.address


@pytest.fixture
def learners(workshop: Workshop):
    three = [
        Learner(workshop, "ada", "red", 30),
        Learner(workshop, "bob", "blue", 20),
        Learner(workshop, "cy", None, 50),
    ]
    yield three
    for one in three:
        one.post("/api/leave", {})


def lab_of(page: Page, name: str):
    return page.get_by_role("table", name="Labs").get_by_role("row", name=name)


def test_the_instructor_gives_an_order_to_a_team_and_sees_what_becomes_of_it(page, workshop, learners):
    ada, bob, _ = learners
    page.goto(f"/instructor#{workshop.secret}")
    expect(lab_of(page, "ada")).to_contain_text("well")
    assert workshop.secret not in page.url

    bob.report(healthy=4, problem="database not well")
    expect(lab_of(page, "bob")).to_contain_text("database not well")

    page.get_by_label("Orders go to").select_option("team red")
    fault = page.locator("details.fault", has_text="A tier's metrics cannot be scraped")
    fault.locator("summary").click()
    expect(fault).to_contain_text("scrape")
    fault.get_by_label("service").select_option("database")
    fault.get_by_role("button", name="Switch on").click()
    expect(lab_of(page, "ada")).to_contain_text("switch on unscrapable: waits")
    expect(lab_of(page, "bob")).not_to_contain_text("switch on")

    [order] = ada.report()
    assert (order["fault"], order["set"]) == ("unscrapable", {"service": "database"})
    assert bob.report() == []
    ada.report({"id": order["id"], "state": "done", "says": ""}, on=("unscrapable",))
    expect(lab_of(page, "ada")).to_contain_text("switch on unscrapable: done")
    expect(fault.get_by_role("button", name="Switch off")).to_be_visible()

    page.get_by_label("Orders go to").select_option("everybody (3)")
    expect(fault.locator(".fault-state")).to_have_text("on at 1 of 3")
    page.get_by_role("button", name="Mend everything").click()
    assert [[one["do"] for one in learner.report()] for learner in learners] == [["clear"]] * 3


def test_a_reset_and_a_removal_ask_first(page, workshop, learners):
    page.goto(f"/instructor#{workshop.secret}")
    page.get_by_role("button", name="bob", exact=True).click()
    page.get_by_role("button", name="Reset …").click()
    dialog = page.get_by_role("dialog", name="Reset bob?")
    dialog.get_by_role("button", name="Leave it").click()
    assert learners[1].report() == []

    page.get_by_role("button", name="Reset …").click()
    dialog.get_by_role("button", name="Forget their progress").click()
    expect(lab_of(page, "bob")).to_contain_text("reset: waits")
    assert [one["do"] for one in learners[1].report()] == ["reset"]

    page.get_by_role("button", name="Remove cy").click()
    page.get_by_role("dialog", name="Remove cy?").get_by_role("button", name="Remove").click()
    expect(lab_of(page, "cy")).to_have_count(0)


def test_the_solutions_are_there(page, workshop):
    page.goto(f"/instructor#{workshop.secret}")
    page.get_by_role("tab", name="Solutions of the exercises").click()
    first = page.locator("details.fault").first
    first.locator("summary").first.click()

    expect(first).to_contain_text("Explanation, which they see when all is solved")


def test_without_the_secret_the_page_holds_nothing(page, watch, learners):
    page.goto("/instructor")
    expect(page.get_by_text("Open the secret address")).to_be_visible()

    watch.allow("403 .*/api/instructor")
    page.goto("/instructor?again#a-guess")
    expect(page.get_by_text("This is for the instructor")).to_be_visible()
    assert [name for name in read_catalogue() if name in page.content()] == []


def test_everybody_sees_names_and_points_and_no_fault(page, learners):
    learners[0].report(on=("unscrapable",))
    page.goto("/")

    rows = page.get_by_role("table", name="Learners").get_by_role("row")
    expect(rows).to_contain_text(["Name", "cy", "ada", "bob"])
    expect(page.get_by_role("list", name="Teams").get_by_role("listitem")).to_contain_text(["red", "blue"])
    row = rows.nth(3).element_handle()
    learners[1].points = 90
    learners[1].report()
    expect(rows).to_contain_text(["Name", "bob", "cy", "ada"])
    # Moved, and not made anew: nothing flickers.
    assert row.evaluate("row => row.isConnected")
    assert [name for name in read_catalogue() if name in page.content()] == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_neither_page_has_a_barrier_or_is_wider_than_the_screen(page, workshop, learners, scheme, width):
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 800})
    for path in ("/", f"/instructor#{workshop.secret}"):
        page.goto(path)
        expect(page.get_by_role("table").get_by_role("row", name="bob")).to_be_visible()
        found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]})
        assert [(one["id"], one["nodes"][0]["html"][:160]) for one in found.response["violations"]] == []
        assert page.evaluate("document.scrollingElement.scrollWidth") <= width
