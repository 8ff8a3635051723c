"""kill -9 of each service, of Redis and of PostgreSQL while everybody trades: nothing is lost, nothing is doubled.

What was answered is remembered here, so that what the exchange has promised can be compared with what it has.
"""

from __future__ import annotations

import os
import random
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count

import pytest
import requests

from tests.e2e.exchange.adding_up import ALWAYS, IN_THE_END
from tests.e2e.exchange.conftest import Answer, Exchange, User

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(300)]

#: Who dies together; everybody in the end.
VICTIMS = (
    ("wallet-service",),
    ("matching-engine", "reporting-service"),
    ("redis",),
    ("order-manager", "market-data-service"),
    ("postgresql", "notification-service"),
    ("client-gateway", "risk-manager"),
    ("user-service",),
)
_PAUSE_SECONDS = 0.15


@dataclass
class Promises:
    """What the gateway has said yes to."""

    #: client_order_id -> order id
    orders: dict[str, int] = field(default_factory=dict)
    #: Idempotency-Key -> cents
    deposits: dict[str, int] = field(default_factory=dict)
    cancelled: set[int] = field(default_factory=set)
    failures: int = 0


class Crowd:
    """Traders who place, cancel and pay in without pause, each with a thread; what fails is asked for once more."""

    def __init__(self, users: list[User], seed: int) -> None:
        self.promises = Promises()
        self._stopped = threading.Event()
        self._threads = [
            threading.Thread(target=self._trade, args=(user, random.Random(f"{seed} {number}")))
            for number, user in enumerate(users)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join(60)

    def _trade(self, user: User, random_: random.Random) -> None:
        mine: list[int] = []
        for number in count():
            if self._stopped.wait(_PAUSE_SECONDS):
                return
            key = f"{user.name}-{number}"
            chance = random_.random()
            if chance < 0.1:
                self._pay_in(user, key, random_.randint(1, 1_000))
            elif chance < 0.3 and mine:
                self._cancel(user, mine.pop(random_.randrange(len(mine))))
            elif order_id := self._place(user, key, random_):
                mine.append(order_id)

    def _pay_in(self, user: User, key: str, cents: int) -> None:
        body, headers = {"amount_cents": cents}, {"Idempotency-Key": key}
        if self._ask(lambda: user.ask("POST", "/wallet/add-funds", body, **headers)):
            self.promises.deposits[key] = cents

    def _cancel(self, user: User, order_id: int) -> None:
        if self._ask(lambda: user.cancel(order_id)):
            self.promises.cancelled.add(order_id)

    def _place(self, user: User, key: str, random_: random.Random) -> int | None:
        ticket = {
            "side": random_.choice(("buy", "sell")),
            "symbol": "KELP",
            "type": "limit",
            "quantity": random_.randint(1, 9),
            "price_cents": 885 + random_.randint(-4, 4),
            "client_order_id": key,
        }
        answer = self._ask(lambda: user.ask("POST", "/v1/order", ticket))
        if answer is None:
            return None
        order_id: int = answer.json["order"]["id"]
        self.promises.orders[key] = order_id
        return order_id

    def _ask(self, ask: Callable[[], Answer]) -> Answer | None:
        """The answer when it is a yes. Somebody who hears nothing asks again: each of these is safe to repeat."""
        for _ in range(2):
            try:
                answer = ask()
            except (requests.RequestException, ValueError):
                self.promises.failures += 1
                continue
            if answer.status < 300:
                return answer
            if answer.status < 500:
                return None
            self.promises.failures += 1
        return None


@pytest.fixture
def crowd(exchange: Exchange) -> Iterator[Crowd]:
    users = [exchange.user(cents=10_000_000, shares={"KELP": 2_000}) for _ in range(4)]
    crowd = Crowd(users, seed=1)
    crowd.start()
    yield crowd
    crowd.stop()


def wrong(exchange: Exchange, statements: dict[str, str]) -> dict[str, object]:
    """What the statements find, by what it means; the first few rows of each."""
    found = {}
    for meaning, statement in statements.items():
        if rows := exchange.rows(statement):
            found[meaning] = rows[:3]
    return found


def kill(exchange: Exchange, victims: tuple[str, ...]) -> None:
    """kill -9, and wait until the supervisor has them back."""
    pids = {victim: exchange.lab.pid(victim) for victim in victims}
    for pid in pids.values():
        os.killpg(pid, signal.SIGKILL)

    def are_back() -> bool:
        processes = [exchange.lab.state().process(victim) for victim in victims]
        return all(
            process.phase == "ready" and process.identity is not None and process.identity.pid != pids[process.name]
            for process in processes
        )

    exchange.wait_for(are_back, f"{', '.join(victims)} back", 90)


def go_on(exchange: Exchange, crowd: Crowd, what: str) -> None:
    """Wait until more orders were placed."""
    before = len(crowd.promises.orders)
    exchange.wait_for(lambda: len(crowd.promises.orders) > before + 5, f"trading {what}", 60)


def test_whatever_dies_in_the_middle_everything_adds_up(exchange: Exchange, crowd: Crowd) -> None:
    assert {victim for victims in VICTIMS for victim in victims} == {
        process.name for process in exchange.lab.state().processes
    } - {"telemetry_store", "workbench"}
    for victims in VICTIMS:
        go_on(exchange, crowd, f"before {', '.join(victims)} die")
        kill(exchange, victims)
        assert wrong(exchange, ALWAYS) == {}, f"after {', '.join(victims)} died"
    go_on(exchange, crowd, "after all of it")
    crowd.stop()
    exchange.wait_for(lambda: not wrong(exchange, IN_THE_END), f"an end of {list(IN_THE_END)}", 60)
    assert wrong(exchange, ALWAYS) == {}
    check = requests.get(exchange.lab.url("matching-engine", "/check"), timeout=10).json()
    assert check["agrees"], check
    _kept(exchange, crowd.promises)


def _kept(exchange: Exchange, promises: Promises) -> None:
    """Each promise was kept, once."""
    rows = exchange.rows("SELECT id, client_order_id, status FROM orders WHERE client_order_id LIKE 'tester-%%'")
    stored = {row["client_order_id"]: row["id"] for row in rows}
    assert {key: stored.get(key) for key in promises.orders} == promises.orders
    assert len(promises.orders) > 60
    statuses = {row["id"]: row["status"] for row in rows}
    assert {statuses[order_id] for order_id in promises.cancelled} <= {"CANCELLED"}
    deposits = exchange.rows(
        "SELECT idempotency_key, available_delta FROM transactions WHERE idempotency_key LIKE 'user:%%'"
    )
    paid_in = {row["idempotency_key"].split(":", 2)[2]: row["available_delta"] for row in deposits}
    assert {key: paid_in.get(key) for key in promises.deposits} == promises.deposits
