"""The wallet service's routes: what somebody has, paying in, blocking and unblocking for orders."""

from __future__ import annotations

from typing import Any

from flask import Flask
from opentelemetry.trace import get_current_span

from observability import Telemetry
from observability.errors import RequestError
from observability.postgresql import Database
from systems.exchange.bodies import read_body
from systems.exchange.record_ids import parse_id
from systems.exchange.wallet_service import ledger
from systems.exchange.wallet_service.bodies import BalanceUpdate, FundsToBlock, FundsToUnblock
from systems.exchange.wallet_service.holds import Holds
from systems.exchange.wallet_service.ledger import Movement
from systems.exchange.wallet_service.metrics import WalletMetrics
from systems.exchange.wallet_service.snapshots import Snapshots

SPAN_NAMES = {
    "GET /balance/<user_id>": "GET /balance/{user_id}",
    "POST /update-balance/<user_id>": "POST /update-balance/{user_id}",
    "POST /block-funds": "block_funds",
    "POST /unblock-funds": "unblock_funds",
}


class _PaidInBefore(Exception):
    """Takes back what a repeated deposit has begun."""


def add_routes(
    app: Flask,
    database: Database,
    snapshots: Snapshots,
    holds: Holds,
    metrics: WalletMetrics,
    telemetry: Telemetry,
) -> None:
    """Add the four routes."""
    logger = telemetry.logger

    @app.get("/balance/<user_id>")
    def get_balance(user_id: str) -> dict[str, Any]:
        user = _asked_user(user_id)
        balances = snapshots.balances(user)
        if not balances:
            raise RequestError(404, "no_wallet", f"user {user} has no wallet yet", hint="the first deposit makes one")
        return {"user_id": user, "balances": balances}

    @app.post("/update-balance/<user_id>")
    def update_balance(user_id: str) -> dict[str, Any]:
        user, update = _asked_user(user_id), read_body(BalanceUpdate)
        deposit = Movement(user, update.asset, "deposit", update.amount)
        try:
            with database.transaction() as transaction:
                if not ledger.move(transaction, [deposit], idempotency_key=update.idempotency_key):
                    raise _PaidInBefore
                balance = ledger.balance(transaction, user, update.asset)
        except _PaidInBefore:
            return repeat(deposit, update.idempotency_key or "")
        metrics.deposits.inc()
        logger.info(
            "User %s paid in %s %s",
            user,
            update.amount,
            update.asset,
            extra={"user_id": user, "asset": update.asset, "amount": update.amount},
        )
        return balance

    def repeat(deposit: Movement, idempotency_key: str) -> dict[str, Any]:
        with database.transaction() as transaction:
            before = ledger.deposit_with_key(transaction, idempotency_key)
            balance = ledger.balance(transaction, deposit.user_id, deposit.asset)
        if before != deposit:
            raise RequestError(
                409,
                "idempotency_key_reused",
                "with this idempotency_key something else was paid in before",
                hint="take a new key for each deposit",
            )
        logger.info(
            "User %s had paid in %s %s before",
            deposit.user_id,
            deposit.available,
            deposit.asset,
            extra={"user_id": deposit.user_id, "asset": deposit.asset, "amount": deposit.available},
        )
        return balance

    @app.post("/block-funds")
    def block_funds() -> dict[str, Any]:
        funds = read_body(FundsToBlock)
        span = get_current_span()
        span.set_attribute("exchange.order.id", funds.order_id)
        span.set_attribute("user.id", funds.user_id)
        return holds.block(funds)

    @app.post("/unblock-funds")
    def unblock_funds() -> dict[str, Any]:
        funds = read_body(FundsToUnblock)
        get_current_span().set_attribute("exchange.order.id", funds.order_id)
        return holds.unblock(funds.order_id)


def _asked_user(text: str) -> int:
    user_id = parse_id("user", text)
    get_current_span().set_attribute("user.id", user_id)
    return user_id
