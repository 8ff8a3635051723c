from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask

from frontend_service.visitors import COOKIE, Siblings, Visitors, follow_visitors, new_visitor


@dataclass
class RememberingGauge:
    """A gauge to look at."""

    value: float = 0

    def set(self, value: float) -> None:
        self.value = value


@dataclass
class Clock:
    """Time that passes when it is told to."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def active() -> RememberingGauge:
    return RememberingGauge()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_each_visitor_counts_once(active: RememberingGauge, clock: Clock) -> None:
    visitors = Visitors(active, clock=clock)
    for name in ("ida", "jon", "ida"):
        visitors.seen(name)
    assert active.value == 2


def test_a_visitor_is_forgotten_thirty_seconds_after_the_last_request(active: RememberingGauge, clock: Clock) -> None:
    visitors = Visitors(active, clock=clock)
    visitors.seen("ida")
    clock.now = 20
    visitors.seen("jon")
    clock.now = 29.9
    visitors.refresh()
    assert active.value == 2
    clock.now = 30
    visitors.refresh()
    assert active.value == 1
    visitors.seen("jon")
    clock.now = 50
    visitors.refresh()
    assert active.value == 1
    clock.now = 60
    visitors.refresh()
    assert active.value == 0


def test_however_many_come_memory_is_bounded(active: RememberingGauge, clock: Clock) -> None:
    visitors = Visitors(active, max_visitors=100, clock=clock)
    for number in range(1_000):
        visitors.seen(str(number))
    assert active.value == 100


def test_worker_processes_know_the_visitors_of_all(clock: Clock, tmp_path: Path) -> None:
    gauges = RememberingGauge(), RememberingGauge()
    first, second = (
        Visitors(gauge, clock=clock, siblings=Siblings(tmp_path, process=number)) for number, gauge in enumerate(gauges)
    )
    first.seen("ida")
    first.seen("jon")
    second.seen("ida")
    second.seen("zoe")
    for visitors in (first, second, first):
        visitors.refresh()
    assert [gauge.value for gauge in gauges] == [3, 3]
    # The second process has ended: what it wrote goes out of date.
    clock.now = 31
    first.seen("jon")
    first.refresh()
    assert gauges[0].value == 1


def test_a_newcomer_who_becomes_known_by_cookie_is_not_counted_twice(active: RememberingGauge, clock: Clock) -> None:
    visitors = Visitors(active, clock=clock)
    visitors.seen("address and agent")
    visitors.seen("cookie", formerly="address and agent")
    assert active.value == 1


def test_two_browsers_at_one_address_are_two_visitors_once_they_send_their_cookies(
    active: RememberingGauge, clock: Clock
) -> None:
    app = Flask("test")
    app.get("/")(lambda: "hello")
    follow_visitors(app, Visitors(active, clock=clock))
    first, second = app.test_client(), app.test_client()
    for browser in (first, second, first, second):
        browser.get("/")
    assert active.value == 2


def test_a_client_without_cookies_is_one_visitor(active: RememberingGauge, clock: Clock) -> None:
    app = Flask("test")
    app.get("/")(lambda: "hello")
    follow_visitors(app, Visitors(active, clock=clock))
    client = app.test_client(use_cookies=False)
    for _ in range(5):
        client.get("/")
    assert active.value == 1


def test_the_cookie_is_given_once_and_a_made_up_one_is_replaced(active: RememberingGauge, clock: Clock) -> None:
    app = Flask("test")
    app.get("/")(lambda: "hello")
    follow_visitors(app, Visitors(active, clock=clock))
    given = app.test_client().get("/").headers["Set-Cookie"]
    assert re.fullmatch(rf"{COOKIE}=[0-9a-f]{{32}}; Expires=.*; Max-Age=86400; HttpOnly; Path=/; SameSite=Lax", given)
    client = app.test_client(use_cookies=False)
    assert "Set-Cookie" not in client.get("/", headers={"Cookie": f"{COOKIE}={new_visitor()}"}).headers
    assert "Set-Cookie" in client.get("/", headers={"Cookie": f"{COOKIE}=<script>"}).headers
