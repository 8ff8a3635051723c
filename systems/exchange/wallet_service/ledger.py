"""Every change of a wallet, each with exactly one row in `transactions`: their sums are the wallets, always.

A change that would leave less than nothing is not made. Whoever changes several wallets does it in one call here, which
takes them in one order, so that two who change the same ones do not wait for each other for ever.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from observability.postgresql import Transaction

Kind = Literal["deposit", "block", "unblock", "pay", "receive"]


class Movement(NamedTuple):
    """A change of one wallet: of what is available, of what is blocked, or from the one to the other."""

    user_id: int
    asset: str
    kind: Kind
    available: int
    blocked: int = 0


class TooLittle(Exception):
    """The wallet has not got what is to be taken out of it. Nothing was changed in it."""

    def __init__(self, movement: Movement) -> None:
        super().__init__(f"user {movement.user_id} has too little {movement.asset}")
        self.movement = movement


_CHANGE = """
    UPDATE wallets SET available = available + %(available)s, blocked = blocked + %(blocked)s
    WHERE user_id = %(user_id)s AND asset = %(asset)s
        AND available + %(available)s >= 0 AND blocked + %(blocked)s >= 0
"""
_MAKE = """
    INSERT INTO wallets (user_id, asset) VALUES (%(user_id)s, %(asset)s)
    ON CONFLICT DO NOTHING
"""
_NOTE = """
    INSERT INTO transactions
        (user_id, asset, kind, available_delta, blocked_delta, order_id, execution_id, idempotency_key)
    SELECT user_id, asset, kind, available_delta, blocked_delta, %(order_id)s, %(execution_id)s, %(idempotency_key)s
    FROM unnest(
        %(user_ids)s::bigint[], %(assets)s::text[], %(kinds)s::text[], %(available)s::bigint[], %(blocked)s::bigint[]
    ) AS movement (user_id, asset, kind, available_delta, blocked_delta)
    ON CONFLICT (idempotency_key) DO NOTHING
"""
_BALANCES = "SELECT asset, available, blocked FROM wallets WHERE user_id = %(user_id)s ORDER BY asset <> 'USD', asset"
_BALANCE = "SELECT asset, available, blocked FROM wallets WHERE user_id = %(user_id)s AND asset = %(asset)s"
_WITH_KEY = """
    SELECT user_id, asset, available_delta FROM transactions WHERE idempotency_key = %(idempotency_key)s
"""


def move(
    transaction: Transaction,
    movements: Sequence[Movement],
    *,
    order_id: int | None = None,
    execution_id: int | None = None,
    idempotency_key: str | None = None,
) -> bool:
    """Make these changes. What is only added to is made when it is missing.

    Raises TooLittle; the transaction is then to be rolled back. False: there is a transaction with this idempotency key
    already; likewise.
    """
    ordered = sorted(movements)
    for movement in ordered:
        _change(transaction, movement)
    noted = transaction.execute(
        _NOTE,
        {
            "user_ids": [movement.user_id for movement in ordered],
            "assets": [movement.asset for movement in ordered],
            "kinds": [movement.kind for movement in ordered],
            "available": [movement.available for movement in ordered],
            "blocked": [movement.blocked for movement in ordered],
            "order_id": order_id,
            "execution_id": execution_id,
            "idempotency_key": idempotency_key,
        },
    )
    return noted == len(ordered)


def _change(transaction: Transaction, movement: Movement) -> None:
    values = {
        "user_id": movement.user_id,
        "asset": movement.asset,
        "available": movement.available,
        "blocked": movement.blocked,
    }
    if transaction.execute(_CHANGE, values):
        return
    if movement.available < 0 or movement.blocked < 0:
        raise TooLittle(movement)
    transaction.execute(_MAKE, values)
    transaction.execute(_CHANGE, values)


def balances(transaction: Transaction, user_id: int) -> list[dict[str, Any]]:
    """What the user has, money first; [] for who has no wallet."""
    return transaction.fetch_all(_BALANCES, {"user_id": user_id})


def balance(transaction: Transaction, user_id: int, asset: str) -> dict[str, Any]:
    """What the user has of an asset."""
    found = transaction.fetch_one(_BALANCE, {"user_id": user_id, "asset": asset})
    return found or {"asset": asset, "available": 0, "blocked": 0}


def deposit_with_key(transaction: Transaction, idempotency_key: str) -> Movement | None:
    """What was paid in with this key."""
    row = transaction.fetch_one(_WITH_KEY, {"idempotency_key": idempotency_key})
    return Movement(row["user_id"], row["asset"], "deposit", row["available_delta"]) if row else None
