"""Whether what the database says of a symbol's orders agrees with itself, and with the book in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from systems.exchange.matching_engine.ledger import StoredOrder


def differences(stored: Sequence[StoredOrder], *, crossed: bool) -> list[str]:
    """What is wrong with a symbol's rows, a sentence each; empty when all is well. `crossed`: see OrderBook.crossed."""
    found = [
        f"order {one.order.order_id} has traded {one.filled} shares, its executions say {one.executed}"
        for one in stored
        if one.filled != one.executed
    ]
    if crossed:
        found.append("buyers and sellers who should have traded wait side by side")
    return found


def differences_from_book(stored: Sequence[StoredOrder], book: Mapping[int, int]) -> list[str]:
    """How the book in memory (order -> shares it has still to trade, in sequence) differs from the rows."""
    rows = {one.order.order_id: one.order.quantity for one in stored}
    return [
        f"order {order_id} has {rows.get(order_id, 0)} shares to trade in the database, "
        f"{book.get(order_id, 0)} in the book"
        for order_id in sorted(rows.keys() | book.keys())
        if rows.get(order_id) != book.get(order_id)
    ]
