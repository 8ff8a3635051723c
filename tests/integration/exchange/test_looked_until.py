from __future__ import annotations

from datetime import UTC, datetime

import pytest

from observability import Telemetry
from observability.postgresql import Database
from systems.exchange.looked_until import LookedUntil
from systems.exchange.wallet_service import ledger
from systems.exchange.wallet_service.bodies import FundsToBlock
from systems.exchange.wallet_service.holds import Holds
from systems.exchange.wallet_service.metrics import WalletMetrics

ADA = 13


@pytest.fixture
def holds(database: Database, telemetry: Telemetry) -> Holds:
    with database.transaction() as transaction:
        ledger.move(transaction, [ledger.Movement(ADA, "USD", "deposit", 1_000)])
    return Holds(database, WalletMetrics(telemetry.registry), telemetry)


def block(holds: Holds, order_id: int) -> None:
    holds.block(FundsToBlock(order_id=order_id, user_id=ADA, asset="USD", amount=100))


def backdate(database: Database, order_id: int, minutes: int) -> None:
    with database.transaction() as transaction:
        transaction.execute(
            """
            UPDATE holds SET created_at = now() - make_interval(mins => %(minutes)s) WHERE order_id = %(order_id)s
            """,
            {"order_id": order_id, "minutes": minutes},
        )


def test_what_comes_between_two_rounds_is_found_by_the_second(holds: Holds) -> None:
    block(holds, 1)
    assert holds.sweep(patience_seconds=0) == 1
    block(holds, 2)
    assert holds.sweep(patience_seconds=0) == 1


def test_the_first_round_looks_at_everything_and_the_next_ones_at_what_is_younger(
    holds: Holds, database: Database
) -> None:
    block(holds, 1)
    backdate(database, 1, minutes=60)
    assert holds.sweep(patience_seconds=0) == 1
    block(holds, 2)
    # So long no transaction takes: nothing can turn up there any more.
    backdate(database, 2, minutes=60)
    assert holds.sweep(patience_seconds=0) == 0


def test_a_round_that_found_more_than_it_takes_begins_at_the_same_place_again(holds: Holds, database: Database) -> None:
    for order_id in (1, 2, 3):
        block(holds, order_id)
        backdate(database, order_id, minutes=60 - order_id)
    assert [holds.sweep(patience_seconds=0, limit=2) for _ in range(3)] == [2, 1, 0]


def test_transactions_that_are_under_way_have_half_a_minute(database: Database) -> None:
    with database.transaction() as transaction:
        reached = LookedUntil().reach(transaction, 10)
        row = transaction.fetch_one("SELECT now() AS now") or {}
    assert (row["now"] - reached).total_seconds() == 40
    assert LookedUntil().time == datetime(1970, 1, 1, tzinfo=UTC)
