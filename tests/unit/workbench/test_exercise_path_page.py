"""The page of all exercises, where not all of them can be done or read. What there is, is made up here."""

from playwright.sync_api import Page, expect

EXERCISE = {
    "name": "01-tables",
    "number": 1,
    "title": "Tables",
    "part": 1,
    "system": "chain",
    "here": True,
    "idea": "There are tables.",
    "minutes": 5,
    "started": False,
    "solved": False,
    "points": 0,
    "points_possible": 10,
}
PROBLEM = "exercises/02-chairs/exercise.yaml:2: minutes: expected a whole number, not '<b>five</b>'"


def test_what_cannot_be_read_is_listed_with_its_problem_below_the_others(page: Page) -> None:
    told = {
        "learner": "ada",
        "parts": [{"number": 1, "title": "Reading each signal"}],
        "exercises": [EXERCISE],
        "unreadable": [{"name": "02-chairs", "problem": PROBLEM}],
    }
    page.route("**/api/exercises", lambda route: route.fulfill(status=200, json=told))
    page.goto("/exercises")

    expect(page.get_by_role("link", name="1. Tables", exact=True)).to_be_visible()
    expect(page.get_by_text("0 of 1 solved")).to_be_visible()
    unreadable = page.get_by_role("region", name="Not readable")
    expect(unreadable.get_by_role("listitem")).to_have_count(1)
    expect(unreadable).to_contain_text("02-chairs")
    expect(unreadable).to_contain_text(PROBLEM)


def test_a_lab_without_a_system_leads_to_what_can_be_done_in_it(page: Page) -> None:
    elsewhere = {"system": "shop", "here": False}
    told = {
        "learner": "ada",
        "parts": [{"number": 1, "title": "Reading each signal"}],
        "exercises": [
            {**EXERCISE, **elsewhere, "started": True},
            {**EXERCISE, "name": "02-chairs", "number": 2, "title": "Chairs"},
        ],
        "unreadable": [],
    }
    page.route("**/api/exercises", lambda route: route.fulfill(status=200, json=told))
    page.goto("/exercises")

    expect(page.get_by_role("link", name="Begin with 2. Chairs")).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text="1. Tables")).to_contain_text(
        "needs a lab with the system shop"
    )
    expect(page.get_by_role("listitem").filter(has_text="2. Chairs")).not_to_contain_text("needs a lab")
