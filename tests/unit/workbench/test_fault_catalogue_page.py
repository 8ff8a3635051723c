"""The page of faults, where one of the catalogue cannot be read. What there is, is made up here."""

from playwright.sync_api import Page, expect

PROBLEM = "faults/slow-disk.yaml:3: title: expected a text, not ['<b>slow</b>']"
NAME = "slow-disk"


def test_what_cannot_be_read_is_listed_with_its_problem(page: Page) -> None:
    told = {"faults": [], "unreadable": [{"name": NAME, "problem": PROBLEM}]}
    page.route("**/api/faults", lambda route: route.fulfill(status=200, json=told))
    page.goto("/faults")

    unreadable = page.get_by_role("region", name="Not readable")
    expect(unreadable.get_by_role("listitem")).to_have_count(1)
    expect(unreadable).to_contain_text(NAME)
    expect(unreadable).to_contain_text(PROBLEM)
    expect(page.get_by_text("There is no catalogue here.")).to_have_count(0)
