"""The wallet service: what is blocked, released, paid and received adds up, whatever is asked twice or at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from feature_flags import FixedFlags
from observability import Telemetry
from observability.postgresql import Database
from observability.redis import Redis
from systems.exchange.events import Consumer, Event, Publisher, outbox
from systems.exchange.wallet_service import audit as audit_module
from systems.exchange.wallet_service.app import create_app
from systems.exchange.wallet_service.audit import Audit
from systems.exchange.wallet_service.holds import Holds
from systems.exchange.wallet_service.metrics import WalletMetrics
from systems.exchange.wallet_service.sweeper import Sweeper
from tests.integration.exchange.backing import Watched, until

ADA, BOB = 1, 2
_ADD_ORDER = """
    INSERT INTO orders (id, user_id, symbol, side, type, price_cents, quantity, filled, status)
    VALUES (%(id)s, %(user_id)s, 'ACRN', %(side)s, 'limit', %(price_cents)s, %(quantity)s, %(filled)s, %(status)s)
"""
_ADD_EXECUTION = """
    INSERT INTO executions
        (symbol, price_cents, quantity, buy_order_id, sell_order_id, buyer_id, seller_id, taker_side)
    VALUES ('ACRN', %(price_cents)s, %(quantity)s, %(buy_order_id)s, %(sell_order_id)s, 1, 2, 'buy')
    RETURNING id
"""


class Bank:
    """The service, and its database looked into from the side."""

    def __init__(self, app: Flask, database: Database, telemetry: Telemetry, flags: FixedFlags) -> None:
        self.app = app
        self.flags = flags
        self.database = database
        self.telemetry = telemetry
        self.metrics = WalletMetrics(telemetry.registry)

    def get(self, path: str) -> TestResponse:
        return self.app.test_client().get(path)

    def post(self, path: str, **body: Any) -> TestResponse:
        return self.app.test_client().post(path, json=body)

    def pay_in(self, user_id: int, asset: str, amount: int, **body: Any) -> TestResponse:
        return self.post(f"/update-balance/{user_id}", asset=asset, amount=amount, **body)

    def block(self, order_id: int, user_id: int, asset: str, amount: int) -> TestResponse:
        return self.post("/block-funds", order_id=order_id, user_id=user_id, asset=asset, amount=amount)

    def unblock(self, order_id: int) -> TestResponse:
        return self.post("/unblock-funds", order_id=order_id)

    def has(self, user_id: int) -> dict[str, tuple[int, int]]:
        """Asset -> (available, blocked)."""
        answer = self.get(f"/balance/{user_id}")
        found = answer.json["balances"] if answer.status_code == 200 else []  # type: ignore[index]
        return {balance["asset"]: (balance["available"], balance["blocked"]) for balance in found}

    def rows(self, statement: Any, **parameters: Any) -> list[dict[str, Any]]:
        with self.database.transaction() as transaction:
            return transaction.fetch_all(statement, parameters)

    def add_order(self, id: int, user_id: int, side: str, price_cents: int, quantity: int, **row: Any) -> None:
        """As the order manager stores it: its hold is there."""
        values = {"filled": 0, "status": "OPEN", **row}
        amount = quantity * price_cents if side == "buy" else quantity
        assert self.block(id, user_id, "USD" if side == "buy" else "ACRN", amount).status_code == 200
        with self.database.transaction() as transaction:
            transaction.execute(
                _ADD_ORDER,
                {
                    "id": id,
                    "user_id": user_id,
                    "side": side,
                    "price_cents": price_cents,
                    "quantity": quantity,
                    **values,
                },
            )

    def fill(self, buy_order_id: int, sell_order_id: int, price_cents: int, quantity: int) -> Event:
        """As the matching engine does."""
        with self.database.transaction() as transaction:
            execution = transaction.fetch_one(
                _ADD_EXECUTION,
                {
                    "price_cents": price_cents,
                    "quantity": quantity,
                    "buy_order_id": buy_order_id,
                    "sell_order_id": sell_order_id,
                },
            )
            assert execution is not None
            transaction.execute(
                "UPDATE orders SET filled = filled + %(quantity)s WHERE id IN (%(buy)s, %(sell)s)",
                {"quantity": quantity, "buy": buy_order_id, "sell": sell_order_id},
            )
            return outbox.add(transaction, "trades", "trade_executed", {"execution_id": execution["id"]})

    def end_order(self, order_id: int, status: str) -> Event:
        with self.database.transaction() as transaction:
            transaction.execute(
                "UPDATE orders SET status = %(status)s WHERE id = %(order_id)s",
                {"status": status, "order_id": order_id},
            )
            return outbox.add(transaction, "trades", "order_closed", {"order_id": order_id})

    def handle(self, event: Event) -> None:
        """As the consumer does, without it knowing that it has handled the event before."""
        _, handler = self.app.extensions["handlers"][event.name]
        with self.database.transaction() as transaction:
            after_commit = handler(event, transaction)
        if after_commit is not None:
            after_commit()

    def sweeper(self, patience_seconds: float = 0.0) -> Sweeper:
        holds = Holds(self.database, self.metrics, self.telemetry)
        return Sweeper(self.database, holds, self.metrics, self.telemetry, patience_seconds=patience_seconds)

    def assert_it_adds_up(self) -> None:
        assert self.sweeper().check() == {"wallets": 0, "holds": 0}
        # Once more, by the checkpoints and by the transactions below them.
        audit = Audit(self.database)
        audit.look_back()
        assert audit.look() == set()


@pytest.fixture
def bank(postgresql_url: str, database: Database, exchange_telemetry: Watched) -> Bank:
    environ = {"EXCHANGE_DATABASE_URL": postgresql_url, "SWEEP_PAUSE_SECONDS": "0"}
    telemetry, flags = exchange_telemetry.of("wallet-service"), FixedFlags()
    app = create_app(environ, telemetry=telemetry, flags=flags, database=database, consumes=False)
    return Bank(app, database, exchange_telemetry.of("sweeper"), flags)


def error(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, answer.json["error"]["type"]  # type: ignore[index]


def at_once(calls: Sequence[Callable[[], TestResponse]]) -> list[int]:
    """The statuses of calls that are made at the same time."""
    statuses: list[int] = []
    start = threading.Barrier(len(calls))

    def make(call: Callable[[], TestResponse]) -> None:
        start.wait(20)
        statuses.append(call().status_code)

    threads = [threading.Thread(target=make, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(statuses)


# Balances and deposits


def test_who_has_never_paid_in_has_no_wallet(bank: Bank) -> None:
    assert error(bank.get("/balance/1")) == (404, "no_wallet")


def test_the_first_deposit_makes_the_wallet_and_the_next_adds_to_it(bank: Bank) -> None:
    assert bank.pay_in(ADA, "USD", 1000).json == {"asset": "USD", "available": 1000, "blocked": 0}
    assert bank.pay_in(ADA, "USD", 500).json == {"asset": "USD", "available": 1500, "blocked": 0}
    bank.pay_in(ADA, "BRZY", 3)
    bank.pay_in(ADA, "ACRN", 7)

    assert bank.get("/balance/1").json == {
        "user_id": 1,
        "balances": [
            {"asset": "USD", "available": 1500, "blocked": 0},
            {"asset": "ACRN", "available": 7, "blocked": 0},
            {"asset": "BRZY", "available": 3, "blocked": 0},
        ],
    }
    bank.assert_it_adds_up()


def test_a_deposit_with_a_key_is_paid_in_once_however_often_it_is_sent(bank: Bank) -> None:
    statuses = at_once([lambda: bank.pay_in(ADA, "USD", 1000, idempotency_key="k-1")] * 5)

    assert statuses == [200] * 5
    assert bank.pay_in(ADA, "USD", 1000, idempotency_key="k-1").json == {
        "asset": "USD",
        "available": 1000,
        "blocked": 0,
    }
    assert len(bank.rows("SELECT FROM transactions")) == 1
    bank.assert_it_adds_up()


@pytest.mark.parametrize(("user_id", "asset", "amount"), [(BOB, "USD", 10), (ADA, "ACRN", 10), (ADA, "USD", 11)])
def test_a_key_stands_for_one_deposit(bank: Bank, user_id: int, asset: str, amount: int) -> None:
    bank.pay_in(ADA, "USD", 10, idempotency_key="k-1")

    assert error(bank.pay_in(user_id, asset, amount, idempotency_key="k-1")) == (409, "idempotency_key_reused")
    assert bank.has(ADA) == {"USD": (10, 0)}
    assert bank.has(BOB) == {}


def test_first_deposits_at_once_make_one_wallet(bank: Bank) -> None:
    assert at_once([lambda: bank.pay_in(ADA, "USD", 10)] * 6) == [200] * 6

    assert bank.has(ADA) == {"USD": (60, 0)}
    bank.assert_it_adds_up()


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"amount": 0}, "amount"),
        ({"amount": -5}, "amount"),
        ({"amount": 1.5}, "amount"),
        ({"amount": "10"}, "amount"),
        ({"amount": True}, "amount"),
        ({"amount": 10**12 + 1}, "amount"),
        ({"asset": "EUR"}, "asset"),
        ({"idempotency_key": ""}, "idempotency_key"),
        ({"user_id": 2}, "user_id"),
    ],
)
def test_what_is_no_deposit_is_refused_with_the_field(bank: Bank, changed: dict[str, Any], field: str) -> None:
    answer = bank.post("/update-balance/1", **{"asset": "USD", "amount": 10, **changed})

    assert error(answer) == (422, "invalid_body")
    assert [one["field"] for one in answer.json["error"]["fields"]] == [field]  # type: ignore[index]
    assert bank.has(ADA) == {}


@pytest.mark.parametrize("user_id", ["0", "-1", "x", "1.0", "9" * 30])
def test_a_user_has_a_number(bank: Bank, user_id: str) -> None:
    assert error(bank.get(f"/balance/{user_id}")) == (400, "invalid_user_id")
    assert error(bank.post(f"/update-balance/{user_id}", asset="USD", amount=1)) == (400, "invalid_user_id")


# Blocking


def test_what_is_blocked_is_not_available(bank: Bank) -> None:
    bank.pay_in(ADA, "USD", 1000)

    assert bank.block(7, ADA, "USD", 400).json == {"order_id": 7, "asset": "USD", "amount": 400, "closed": False}
    assert bank.has(ADA) == {"USD": (600, 400)}
    bank.assert_it_adds_up()


def test_the_same_block_twice_is_one(bank: Bank) -> None:
    bank.pay_in(ADA, "USD", 1000)

    assert at_once([lambda: bank.block(7, ADA, "USD", 400)] * 4) == [200] * 4
    assert bank.has(ADA) == {"USD": (600, 400)}
    bank.assert_it_adds_up()


@pytest.mark.parametrize(("asset", "type"), [("USD", "insufficient_funds"), ("ACRN", "insufficient_shares")])
def test_more_than_there_is_cannot_be_blocked(bank: Bank, asset: str, type: str) -> None:
    assert error(bank.block(7, ADA, asset, 1)) == (409, type)
    bank.pay_in(ADA, asset, 10)
    assert error(bank.block(7, ADA, asset, 11)) == (409, type)

    assert bank.has(ADA) == {asset: (10, 0)}
    assert bank.block(7, ADA, asset, 10).status_code == 200
    bank.assert_it_adds_up()


def test_nothing_is_spent_twice(bank: Bank) -> None:
    bank.pay_in(ADA, "USD", 1000)

    calls = [lambda order_id=order_id: bank.block(order_id, ADA, "USD", 400) for order_id in range(1, 7)]  # type: ignore[misc]
    assert at_once(calls) == [200, 200, 409, 409, 409, 409]
    assert bank.has(ADA) == {"USD": (200, 800)}
    bank.assert_it_adds_up()


def test_another_hold_for_the_same_order_is_refused(bank: Bank) -> None:
    bank.pay_in(ADA, "USD", 1000)
    bank.block(7, ADA, "USD", 400)

    assert error(bank.block(7, ADA, "USD", 401)) == (409, "hold_differs")
    assert error(bank.block(7, BOB, "USD", 400)) == (409, "hold_differs")


@pytest.mark.parametrize("field", ["order_id", "user_id", "asset", "amount"])
def test_each_part_of_a_hold_is_needed(bank: Bank, field: str) -> None:
    body = {"order_id": 7, "user_id": ADA, "asset": "USD", "amount": 10}
    del body[field]

    answer = bank.post("/block-funds", **body)
    assert error(answer) == (422, "invalid_body")
    assert [one["field"] for one in answer.json["error"]["fields"]] == [field]  # type: ignore[index]


# Unblocking


def test_what_was_blocked_for_an_order_that_was_not_stored_is_given_back_once(bank: Bank) -> None:
    bank.pay_in(ADA, "USD", 1000)
    bank.block(7, ADA, "USD", 400)

    answer = bank.unblock(7)
    assert answer.json == {"order_id": 7, "asset": "USD", "released": 400, "closed": True}
    assert bank.unblock(7).json == {"order_id": 7, "asset": "USD", "released": 0, "closed": True}
    assert bank.has(ADA) == {"USD": (1000, 0)}
    assert error(bank.block(7, ADA, "USD", 400)) == (409, "hold_closed")
    bank.assert_it_adds_up()


def test_what_was_never_blocked_cannot_be_given_back(bank: Bank) -> None:
    assert error(bank.unblock(7)) == (404, "unknown_hold")
    assert error(bank.post("/unblock-funds", order_id=0)) == (422, "invalid_body")


@pytest.mark.parametrize("status", ["NEW", "OPEN", "PARTIALLY_FILLED", "FILLED"])
def test_an_order_that_may_still_need_it_keeps_what_it_has_blocked(bank: Bank, status: str) -> None:
    bank.pay_in(ADA, "USD", 1000)
    bank.add_order(7, ADA, "buy", 10, 40, status=status)

    assert error(bank.unblock(7)) == (409, "order_is_live")
    assert bank.has(ADA) == {"USD": (600, 400)}


@pytest.mark.parametrize("status", ["CANCELLING", "CANCELLED", "REJECTED"])
@pytest.mark.parametrize("is_settled", [True, False], ids=["settled before", "settled after"])
def test_a_cancelled_order_gets_back_what_its_fills_do_not_need(bank: Bank, status: str, is_settled: bool) -> None:
    bank.pay_in(ADA, "USD", 1000)
    bank.pay_in(BOB, "ACRN", 100)
    bank.add_order(7, ADA, "buy", 10, 40)
    bank.add_order(8, BOB, "sell", 9, 50)
    trade = bank.fill(7, 8, 9, 15)
    if is_settled:
        bank.handle(trade)
    bank.end_order(7, status)
    bank.end_order(8, status)

    assert bank.unblock(7).json["released"] == 250  # type: ignore[index]
    assert bank.unblock(8).json["released"] == 35  # type: ignore[index]
    assert bank.unblock(7).json["released"] == 0  # type: ignore[index]
    bank.assert_it_adds_up()
    bank.handle(trade)

    assert bank.has(ADA) == {"USD": (865, 0), "ACRN": (15, 0)}
    assert bank.has(BOB) == {"USD": (135, 0), "ACRN": (85, 0)}
    bank.assert_it_adds_up()


def test_an_order_that_the_engine_has_closed_gets_its_rest_back_however_often_that_is_told(bank: Bank) -> None:
    bank.pay_in(ADA, "USD", 1000)
    bank.add_order(7, ADA, "buy", 10, 40)
    closed = bank.end_order(7, "CANCELLED")

    bank.handle(closed)
    bank.handle(closed)

    assert bank.has(ADA) == {"USD": (1000, 0)}
    bank.assert_it_adds_up()


# Settlement


def test_an_execution_moves_money_and_shares_and_the_better_price_is_the_buyers(bank: Bank) -> None:
    bank.pay_in(ADA, "USD", 1000)
    bank.pay_in(BOB, "ACRN", 100)
    bank.add_order(7, ADA, "buy", 10, 40)
    bank.add_order(8, BOB, "sell", 9, 50)

    bank.handle(bank.fill(7, 8, 9, 40))

    assert bank.has(ADA) == {"USD": (640, 0), "ACRN": (40, 0)}
    assert bank.has(BOB) == {"USD": (360, 0), "ACRN": (50, 10)}
    holds = bank.rows("SELECT order_id, remaining, closed_at IS NULL AS is_open FROM holds ORDER BY order_id")
    assert holds == [
        {"order_id": 7, "remaining": 0, "is_open": False},
        {"order_id": 8, "remaining": 10, "is_open": True},
    ]
    bank.assert_it_adds_up()


def test_an_execution_is_settled_once_however_often_it_is_told(bank: Bank) -> None:
    bank.pay_in(ADA, "USD", 1000)
    bank.pay_in(BOB, "ACRN", 100)
    bank.add_order(7, ADA, "buy", 10, 40)
    bank.add_order(8, BOB, "sell", 10, 40)
    trade = bank.fill(7, 8, 10, 40)

    for _ in range(3):
        bank.handle(trade)

    assert bank.has(ADA) == {"USD": (600, 0), "ACRN": (40, 0)}
    assert bank.has(BOB) == {"USD": (400, 0), "ACRN": (60, 0)}
    bank.assert_it_adds_up()


def test_an_execution_beyond_what_is_blocked_changes_nothing_and_is_told(bank: Bank) -> None:
    bank.pay_in(ADA, "USD", 1000)
    bank.pay_in(BOB, "ACRN", 100)
    bank.add_order(7, ADA, "buy", 10, 10)
    bank.add_order(8, BOB, "sell", 10, 40)
    with bank.database.transaction() as transaction:
        # Nothing that the services do: as if somebody had worked on the tables by hand.
        transaction.execute("UPDATE orders SET quantity = 40 WHERE id = 7")
    trade = bank.fill(7, 8, 10, 40)

    with pytest.raises(ValueError, match="the hold of order 7 has less than 400 left"):
        bank.handle(trade)

    assert bank.has(ADA) == {"USD": (900, 100)}
    assert bank.rows("SELECT settled_at FROM executions") == [{"settled_at": None}]


def test_crossing_settlements_at_once_do_not_wait_for_each_other_for_ever(bank: Bank) -> None:
    for user_id in (ADA, BOB):
        bank.pay_in(user_id, "USD", 100_000)
        bank.pay_in(user_id, "ACRN", 1000)
    trades = []
    for number in range(10):
        buyer, seller = (ADA, BOB) if number % 2 else (BOB, ADA)
        bank.add_order(100 + number, buyer, "buy", 10, 5)
        bank.add_order(200 + number, seller, "sell", 10, 5)
        trades.append(bank.fill(100 + number, 200 + number, 10, 5))
    with bank.database.transaction() as transaction:
        transaction.execute(
            "UPDATE executions SET buyer_id = 2, seller_id = 1 WHERE buy_order_id IN (100, 102, 104, 106, 108)"
        )

    threads = [threading.Thread(target=bank.handle, args=(trade,)) for trade in trades]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert bank.has(ADA) == bank.has(BOB) == {"USD": (100_000, 0), "ACRN": (1000, 0)}
    bank.assert_it_adds_up()


def test_every_change_of_a_wallet_says_what_it_was_for(bank: Bank) -> None:
    bank.pay_in(ADA, "USD", 1000)
    bank.pay_in(BOB, "ACRN", 100)
    bank.add_order(7, ADA, "buy", 10, 40)
    bank.add_order(8, BOB, "sell", 9, 50)
    bank.handle(bank.fill(7, 8, 9, 40))
    bank.handle(bank.end_order(8, "CANCELLED"))

    changes = bank.rows(
        "SELECT user_id, asset, kind, available_delta, blocked_delta, order_id, execution_id"
        " FROM transactions ORDER BY user_id, asset DESC, id"
    )
    assert [tuple(change.values()) for change in changes] == [
        (ADA, "USD", "deposit", 1000, 0, None, None),
        (ADA, "USD", "block", -400, 400, 7, None),
        (ADA, "USD", "pay", 40, -400, None, 1),
        (ADA, "ACRN", "receive", 40, 0, None, 1),
        (BOB, "USD", "receive", 360, 0, None, 1),
        (BOB, "ACRN", "deposit", 100, 0, None, None),
        (BOB, "ACRN", "block", -50, 50, 8, None),
        (BOB, "ACRN", "pay", 0, -40, None, 1),
        (BOB, "ACRN", "unblock", 10, -10, 8, None),
    ]


def test_the_service_settles_by_itself_what_it_hears_of(
    bank: Bank, postgresql_url: str, redis_url: str, exchange_telemetry: Watched
) -> None:
    environ = {
        "EXCHANGE_DATABASE_URL": postgresql_url,
        "EXCHANGE_REDIS_URL": redis_url,
        "SWEEP_PAUSE_SECONDS": "0",
    }
    telemetry = exchange_telemetry.of("wallet-service")
    app = create_app(environ, telemetry=telemetry, database=bank.database)
    consumer: Consumer = app.extensions["consumer"]
    assert app.test_client().get("/ready").status_code == 200
    bank.pay_in(ADA, "USD", 1000)
    bank.pay_in(BOB, "ACRN", 100)
    bank.add_order(7, ADA, "buy", 10, 40)
    bank.add_order(8, BOB, "sell", 10, 40)

    publisher = Publisher(bank.database, Redis(redis_url, bank.telemetry), bank.telemetry)
    publisher.publish([bank.fill(7, 8, 10, 40)])

    until(lambda: bank.has(ADA) == {"USD": (600, 0), "ACRN": (40, 0)})
    until(lambda: exchange_telemetry.named("settle_trade"))
    consumer.stop()
    settled = [line for line in exchange_telemetry.lines if line.message.startswith("Settled: order")]
    assert [line.fields["order_id"] for line in settled] == [7, 8]


# Sweeping


def test_a_hold_whose_order_never_came_is_given_back(bank: Bank) -> None:
    bank.pay_in(ADA, "USD", 1000)
    bank.block(7, ADA, "USD", 400)
    bank.add_order(8, ADA, "buy", 10, 10)

    assert bank.sweeper(patience_seconds=60).sweep() == 0
    assert bank.sweeper().sweep() == 1
    assert bank.has(ADA) == {"USD": (900, 100)}
    bank.assert_it_adds_up()


def test_whoever_looks_finds_wallets_that_do_not_add_up(bank: Bank, exchange_telemetry: Watched) -> None:
    bank.pay_in(ADA, "USD", 1000)
    bank.pay_in(BOB, "USD", 1000)
    bank.block(7, ADA, "USD", 400)
    with bank.database.transaction() as transaction:
        transaction.execute("UPDATE wallets SET available = available + 1 WHERE user_id = 2")
        transaction.execute("UPDATE holds SET remaining = remaining - 1")

    assert bank.sweeper().check() == {"wallets": 1, "holds": 1}
    assert [line.message for line in exchange_telemetry.lines if line.level == "error"] == [
        "1 wallets do not add up with their transactions",
        "1 wallets do not add up with what orders have blocked",
    ]
    with bank.database.transaction() as transaction:
        transaction.execute("DELETE FROM wallets WHERE user_id = 2")
        transaction.execute("UPDATE holds SET remaining = remaining + 1")
    assert bank.sweeper().check() == {"wallets": 1, "holds": 0}


def test_transactions_that_were_added_once_are_not_added_at_the_next_look(bank: Bank) -> None:
    bank.pay_in(ADA, "USD", 1000)
    audit = Audit(bank.database)
    assert audit.look() == set()
    bank.pay_in(ADA, "USD", 1)
    with bank.database.transaction() as transaction:
        transaction.execute("DELETE FROM transactions WHERE available_delta = 1000")

    # Looking only at what is new, nothing is missed.
    assert audit.look() == set()


@pytest.mark.parametrize("transactions", [1, 2, 100])
def test_whoever_looks_back_finds_transactions_that_were_rewritten(
    bank: Bank, monkeypatch: pytest.MonkeyPatch, transactions: int
) -> None:
    monkeypatch.setattr(audit_module, "_OLD_TRANSACTIONS", transactions)
    for amount in (1, 2, 3, 4):
        for user in (ADA, BOB):
            bank.pay_in(user, "USD", amount)
    audit = Audit(bank.database)
    assert audit.look() == set()

    def look_back() -> None:
        for _ in range(40):
            audit.look_back()

    with bank.database.transaction() as transaction:
        transaction.execute("UPDATE transactions SET available_delta = 5 WHERE user_id = 2 AND available_delta = 3")
    look_back()
    assert audit.look() == {(BOB, "USD")}
    with bank.database.transaction() as transaction:
        transaction.execute("UPDATE transactions SET available_delta = 3 WHERE user_id = 2 AND available_delta = 5")
    look_back()
    assert audit.look() == set()


def test_a_wallet_with_very_many_new_transactions_is_added_up_over_several_looks(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_module, "_NEW_TRANSACTIONS", 3)
    monkeypatch.setattr(audit_module, "_WALLETS", 1)
    for user in (ADA, BOB):
        for amount in (1, 2, 3, 4):
            bank.pay_in(user, "USD", amount)
    with bank.database.transaction() as transaction:
        transaction.execute("UPDATE wallets SET available = available + 1 WHERE user_id = 2")
    audit = Audit(bank.database)

    assert [audit.look() for _ in range(3)] == [set(), {(BOB, "USD")}, {(BOB, "USD")}]


@pytest.mark.slow
def test_looking_while_money_moves_finds_nothing(bank: Bank) -> None:
    bank.pay_in(ADA, "USD", 100_000)
    audit = Audit(bank.database)
    with ThreadPoolExecutor(4) as pool:
        blocks = [pool.submit(bank.block, order_id, ADA, "USD", 1) for order_id in range(1, 200)]
        while not all(block.done() for block in blocks):
            assert audit.look() == set()
            audit.look_back()
    assert audit.look() == set()
    (checkpoint,) = bank.rows("SELECT transaction_id FROM wallet_checkpoints")
    assert checkpoint == bank.rows("SELECT max(id) AS transaction_id FROM transactions")[0]


# What is seen of it


def test_the_traces_show_the_hops_to_the_tables(bank: Bank, exchange_telemetry: Watched) -> None:
    bank.get("/balance/1")
    bank.pay_in(ADA, "USD", 1000)
    bank.block(7, ADA, "USD", 400)
    bank.unblock(7)

    routes = ("GET /balance/{user_id}", "POST /update-balance/{user_id}", "block_funds", "unblock_funds")
    shown: dict[str, list[str]] = {route: [] for route in routes}
    for span in sorted(exchange_telemetry.spans, key=lambda span: span.start_time or 0):
        if span.name in shown:
            current = shown[span.name]
        else:
            current.append(span.name)
    assert shown == {
        "GET /balance/{user_id}": ["SELECT FROM wallets"],
        "POST /update-balance/{user_id}": [
            "UPDATE wallets",
            "INSERT INTO wallets",
            "UPDATE wallets",
            "INSERT INTO transactions",
            "SELECT FROM wallets",
            "COMMIT",
        ],
        "block_funds": ["INSERT INTO holds", "UPDATE wallets", "INSERT INTO transactions", "COMMIT"],
        "unblock_funds": [
            "SELECT FROM holds",
            "SELECT FROM orders",
            "UPDATE holds",
            "UPDATE wallets",
            "INSERT INTO transactions",
            "COMMIT",
        ],
    }


def test_lines_about_an_order_have_its_id(bank: Bank, exchange_telemetry: Watched) -> None:
    bank.pay_in(ADA, "USD", 1000)
    bank.block(7, ADA, "USD", 400)
    bank.unblock(7)

    told = {line.message: line.fields.get("order_id") for line in exchange_telemetry.lines}
    assert told == {
        "User 1 paid in 1000 USD": None,
        "Blocked 400 cents for order 7": 7,
        "Gave back 400 cents of order 7": 7,
    }


def test_metrics_tell_what_was_done(bank: Bank) -> None:
    bank.pay_in(ADA, "USD", 1000)
    bank.block(7, ADA, "USD", 400)
    bank.block(8, ADA, "USD", 4000)

    text = bank.get("/metrics").text
    assert 'exchange_holds_total{outcome="blocked"} 1.0' in text
    assert 'exchange_holds_total{outcome="refused"} 1.0' in text
    assert "exchange_deposits_total 1.0" in text
    assert "exchange_settlements_total 0.0" in text


# What flags change


def test_trades_that_are_no_whole_lots_wait_until_lots_are_no_longer_asked_for(bank: Bank) -> None:
    bank.pay_in(ADA, "USD", 1000)
    bank.pay_in(BOB, "ACRN", 100)
    bank.add_order(7, ADA, "buy", 10, 40)
    bank.add_order(8, BOB, "sell", 10, 40)
    even, odd = bank.fill(7, 8, 10, 20), bank.fill(7, 8, 10, 15)

    bank.flags.set("settlement-lots", {"shares": 10})
    bank.handle(even)
    with pytest.raises(ValueError, match="15 shares cannot be delivered in lots of 10"):
        bank.handle(odd)
    assert bank.has(ADA) == {"USD": (600, 200), "ACRN": (20, 0)}

    bank.flags.set("settlement-lots")
    bank.handle(odd)
    assert bank.has(ADA) == {"USD": (600, 50), "ACRN": (35, 0)}
    bank.assert_it_adds_up()


def test_reads_that_keep_their_connections_leave_none_until_they_give_them_back(
    postgresql_url: str, exchange_telemetry: Watched
) -> None:
    environ = {"EXCHANGE_DATABASE_URL": postgresql_url, "SWEEP_PAUSE_SECONDS": "0"}
    telemetry, flags = exchange_telemetry.of("wallet-service"), FixedFlags()
    database = Database(postgresql_url, telemetry, connections=2, timeout_seconds=1.0)
    app = create_app(environ, telemetry=telemetry, flags=flags, database=database, consumes=False)

    def read() -> int:
        return app.test_client().get("/balance/1").status_code

    flags.set("balance-snapshots", {"share": 1.0})
    assert [read() for _ in range(4)] == [404, 404, 503, 503]
    with psycopg.connect(postgresql_url, autocommit=True) as administrator:
        # As the server does after a while.
        administrator.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'wallet-service'"
        )
    flags.set("balance-snapshots")
    assert database._metrics.connections.labels("used")._value.get() == 0
    assert [read() for _ in range(4)] == [404, 404, 404, 404]
    database.close()
