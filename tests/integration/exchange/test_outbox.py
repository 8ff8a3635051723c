from __future__ import annotations

from observability.postgresql import Database
from systems.exchange.events import Event, outbox
from tests.integration.exchange.backing import Watched


def test_events_added_together_are_in_the_sequence_in_which_they_were_given(database: Database) -> None:
    numbers = [5, 3, 9, 1, 7, 2, 8, 4, 6, 0]
    with database.transaction() as transaction:
        before = outbox.add(transaction, "trades", "order_closed", {"number": -1})
        added = outbox.add_all(transaction, "trades", "trade_executed", [{"number": number} for number in numbers])
        stored = transaction.fetch_all(
            "SELECT id, stream, name, payload, traceparent, created_at FROM outbox ORDER BY id"
        )
    assert [event.payload["number"] for event in added] == numbers
    assert [Event(**row) for row in stored] == [before, *added]


def test_however_many_they_are_it_is_one_statement(database: Database, exchange_telemetry: Watched) -> None:
    with database.transaction() as transaction:
        outbox.add_all(transaction, "trades", "trade_executed", [{"number": number} for number in range(50)])
        assert outbox.add_all(transaction, "trades", "trade_executed", []) == []
    assert exchange_telemetry.names == ["INSERT INTO outbox", "COMMIT"]
