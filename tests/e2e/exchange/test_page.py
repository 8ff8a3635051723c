"""The trading page in a browser: two users who trade with each other, and no barrier for anybody."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser import watched_page
from tests.e2e.exchange.conftest import Exchange, User

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
#: Everything that is done is told there, with its trace.
JOURNAL = "#log li"
PATIENCE_MILLISECONDS = 20_000


@pytest.fixture
def page(browser: Browser, exchange: Exchange) -> Iterator[Page]:
    with watched_page(browser) as (page, _):
        page.set_default_timeout(PATIENCE_MILLISECONDS)
        page.goto(exchange.gateway)
        yield page


def sign_up(page: Page, user: User) -> None:
    page.get_by_label("Name").fill(user.name)
    page.get_by_label("Password").fill(user.password)
    page.get_by_label("E-mail").fill(f"{user.name}@example.com")
    page.get_by_role("button", name="Sign up").click()
    expect(page.locator("#who")).to_have_text(user.name, timeout=PATIENCE_MILLISECONDS)
    expect(page.locator("#stream")).to_have_text("live", timeout=PATIENCE_MILLISECONDS)


def tells(page: Page, text: str) -> None:
    expect(page.locator(JOURNAL).filter(has_text=text)).to_have_count(1, timeout=PATIENCE_MILLISECONDS)


def place(page: Page, side: str, quantity: int, dollars: str) -> None:
    page.get_by_role("radio", name=side).check()
    page.get_by_label("Shares", exact=True).first.fill(str(quantity))
    page.get_by_label("Limit in dollars").fill(dollars)
    page.get_by_role("button", name="Place the order").click()


def test_two_users_trade_with_each_other(page: Page, browser: Browser, exchange: Exchange) -> None:
    seller, buyer = exchange.new_user(), exchange.new_user()
    with watched_page(browser) as (other, _):
        other.goto(exchange.gateway)
        for each, user in ((page, seller), (other, buyer)):
            sign_up(each, user)
            each.get_by_label("Symbol").first.select_option("QUIL")
        page.locator("#brought-symbol").select_option("QUIL")
        page.get_by_role("button", name="Add shares").click()
        tells(page, "100 QUIL added")
        other.get_by_role("button", name="Add funds").click()
        tells(other, "$10,000.00 paid in")

        place(page, "Sell", 12, "65.00")
        # It comes by itself: the other one asked for nothing.
        expect(other.locator(".asks")).to_contain_text("65.00", timeout=PATIENCE_MILLISECONDS)
        place(other, "Buy", 5, "65.05")
        tells(other, "bought 5 QUIL at 65.00")
        tells(page, "sold 5 QUIL at 65.00")
        expect(page.locator("#trades")).to_contain_text("65.00", timeout=PATIENCE_MILLISECONDS)
        expect(other.locator('[data-position="QUIL"]')).to_contain_text("325.00", timeout=PATIENCE_MILLISECONDS)
        expect(other.locator("#wallet")).to_contain_text("9,675.00", timeout=PATIENCE_MILLISECONDS)
        expect(page.locator("#orders")).to_contain_text("5 / 12", timeout=PATIENCE_MILLISECONDS)

        page.get_by_role("button", name="Cancel order").click()
        tells(page, "cancelled")
        expect(page.locator("#orders")).to_contain_text("cancelled", timeout=PATIENCE_MILLISECONDS)
        expect(other.locator(".asks")).to_have_count(1)
        expect(other.locator(".asks")).not_to_contain_text("65.00", timeout=PATIENCE_MILLISECONDS)

        # Each line leads to its trace; that of a fill is the one of the order that brought it about.
        placed = other.locator(JOURNAL).filter(has_text="placed").locator("a")
        sold = page.locator(JOURNAL).filter(has_text="sold 5").locator("a")
        trace_id = placed.get_attribute("data-trace")
        assert trace_id == sold.get_attribute("data-trace")
        workbench = exchange.lab.url("workbench")
        assert (placed.get_attribute("href") or "").startswith(workbench)
    spans = exchange.lab.telemetry.trace(trace_id) if exchange.lab.telemetry else []
    assert "process_order" in {span.name for span in spans}


def test_what_is_refused_is_said_with_a_reason(exchange: Exchange, browser: Browser) -> None:
    with watched_page(browser) as (page, watch):
        watch.allow("409 .*/v1/order", "401 .*/auth/login")
        page.goto(exchange.gateway)
        user = exchange.new_user()
        page.get_by_role("button", name="Log in").click()
        tells(page, "Not logged in: that takes a name and a password")
        page.get_by_label("Name").fill(user.name)
        page.get_by_label("Password").fill(user.password)
        # The browser says at the field what is missing; the exchange is not even asked.
        page.get_by_role("button", name="Sign up").click()
        expect(page.get_by_label("E-mail")).to_be_focused()
        page.get_by_role("button", name="Log in").click()
        tells(page, "Not logged in: there is no user with this name and this password")
        sign_up(page, user)
        place(page, "Buy", 1, "42.00")
        tells(page, "Not placed")
        place(page, "Buy", 1, "forty")
        tells(page, "a limit is dollars with at most two decimals")
        page.get_by_label("Dollars", exact=True).fill("0")
        page.get_by_role("button", name="Add funds").click()
        tells(page, "Nothing paid in: an amount is dollars above 0")


def test_an_order_without_an_answer_can_be_placed_again_and_is_one(exchange: Exchange, browser: Browser) -> None:
    def lose_the_answer(route: Route) -> None:
        # The exchange has it, and the page never hears so.
        route.fetch()
        route.abort()

    with watched_page(browser) as (page, watch):
        watch.allow("net::ERR_FAILED .*/v1/order")
        page.goto(exchange.gateway)
        user = exchange.new_user()
        sign_up(page, user)
        page.get_by_role("button", name="Add funds").click()
        tells(page, "$10,000.00 paid in")

        page.route("**/v1/order", lose_the_answer, times=1)
        place(page, "Buy", 3, "42.00")
        tells(page, "Perhaps not placed: the exchange is away. Place it again")
        place(page, "Buy", 3, "42.00")
        tells(page, "placed: buy 3")
        mine = "SELECT * FROM orders WHERE user_id = (SELECT id FROM users WHERE username = %(name)s)"
        assert len(exchange.rows(mine, name=user.name)) == 1

        # What is placed after an answer is another order, however alike.
        place(page, "Buy", 3, "42.00")
        expect(page.locator("[data-order]")).to_have_count(2, timeout=PATIENCE_MILLISECONDS)


def test_that_the_exchange_is_away_is_told_once_and_so_is_its_return(exchange: Exchange, browser: Browser) -> None:
    with watched_page(browser) as (page, watch):
        watch.allow("ERR_INTERNET_DISCONNECTED")
        page.clock.install()
        page.goto(f"{exchange.gateway}#QUIL")
        expect(page.locator("#stream")).to_have_text("asks every two seconds", timeout=PATIENCE_MILLISECONDS)
        page.context.set_offline(True)
        page.clock.run_for(10_000)
        tells(page, "The market may be out of date: the exchange is away")
        expect(page.locator("#stream")).to_have_text("does not answer")
        page.context.set_offline(False)
        page.clock.run_for(4_000)
        tells(page, "The market is up to date again")
        expect(page.locator("#price")).to_contain_text("QUIL")


def test_nobody_sees_what_was_shown_to_the_one_before(exchange: Exchange, browser: Browser) -> None:
    def log_in(page: Page, user: User) -> None:
        page.get_by_label("Name").fill(user.name)
        page.get_by_label("Password").fill(user.password)
        page.get_by_role("button", name="Log in").click()
        expect(page.locator("#who")).to_have_text(user.name, timeout=PATIENCE_MILLISECONDS)

    with watched_page(browser) as (page, watch):
        watch.allow("net::ERR_FAILED .*/reports/positions")
        page.goto(exchange.gateway)
        log_in(page, exchange.user(cents=123_400, shares={"ACRN": 5}))
        expect(page.locator("[data-position]")).to_have_count(1, timeout=PATIENCE_MILLISECONDS)
        expect(page.locator("#wallet")).to_contain_text("1,234.00")
        page.get_by_role("button", name="Log out").click()

        # Whatever fails then.
        page.route("**/reports/positions", lambda route: route.abort())
        log_in(page, exchange.user())
        tells(page, "The report of positions may be out of date")
        expect(page.locator("[data-position]")).to_have_count(0)
        expect(page.locator("#wallet")).to_contain_text("Empty")


def test_the_keyboard_keeps_its_place_while_the_page_is_refreshed(page: Page, exchange: Exchange) -> None:
    seller, buyer = exchange.user(shares={"QUIL": 5}), exchange.user(cents=100_000)
    order = seller.place("sell", "QUIL", 3, 6_600).json["order"]["id"]
    page.get_by_label("Name").fill(seller.name)
    page.get_by_label("Password").fill(seller.password)
    page.keyboard.press("Enter")
    expect(page.locator("#stream")).to_have_text("live", timeout=PATIENCE_MILLISECONDS)
    button = page.get_by_role("button", name=f"Cancel order {order}")
    button.focus()
    # Its row is drawn anew with every trade.
    assert buyer.place("buy", "QUIL", 1, 6_600).status == 201
    expect(page.locator("#orders")).to_contain_text("1 / 3", timeout=PATIENCE_MILLISECONDS)
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    tells(page, f"Order {order} cancelled")


def test_the_chosen_symbol_is_there_after_a_reload(page: Page) -> None:
    page.get_by_label("Symbol").first.select_option("QUIL")
    expect(page.locator("#book h2")).to_have_text("Book of QUIL")
    page.reload()
    expect(page.locator("#book h2")).to_have_text("Book of QUIL")
    expect(page.get_by_label("Symbol").first).to_have_value("QUIL")


def test_a_token_stays_in_its_tab_and_ends_with_the_logout(page: Page, browser: Browser, exchange: Exchange) -> None:
    user = exchange.new_user()
    sign_up(page, user)
    page.reload()
    expect(page.locator("#who")).to_have_text(user.name, timeout=PATIENCE_MILLISECONDS)
    other = page.context.new_page()
    other.goto(exchange.gateway)
    expect(other.get_by_role("button", name="Log in")).to_be_visible()
    other.close()
    assert page.evaluate("localStorage.length") == 0
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_has_no_barrier(page: Page, exchange: Exchange, width: int, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    page.set_viewport_size({"width": width, "height": 800})
    expect(page.locator("#book h2")).to_be_visible()
    found = barriers(page)
    user = exchange.user(cents=100_000, shares={"ACRN": 5})
    user.place("sell", "ACRN", 3, 4_300)
    page.get_by_label("Name").fill(user.name)
    page.get_by_label("Password").fill(user.password)
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("[data-order]")).to_have_count(1, timeout=PATIENCE_MILLISECONDS)
    expect(page.locator("[data-position]")).to_have_count(1, timeout=PATIENCE_MILLISECONDS)
    assert found + barriers(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def barriers(page: Page) -> list[str]:
    violations = Axe().run(page, options=RULES).response["violations"]
    return [
        f"{violation['id']}: {node['html'][:160]} {node.get('failureSummary', '')[:200]}"
        for violation in violations
        for node in violation["nodes"][:3]
    ]
