"""Money and shares of whoever asks."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Any

import flask

from observability.errors import RequestError
from systems.exchange.client_gateway.calls import Answer, Call, View
from systems.exchange.client_gateway.services import Services, content
from systems.exchange.client_gateway.sessions import authorization

_IDEMPOTENCY_KEY = re.compile(r"[A-Za-z0-9._:-]{1,64}", re.ASCII)


def wallet_views(services: Services) -> Mapping[str, View]:
    """The functions of these operations."""
    users, wallets = services.users, services.wallets

    def wallet(call: Call) -> Answer:
        return read_wallet(services, call.user_id), 200

    def add_funds(call: Call) -> Answer:
        return deposit(call, "USD", call.body.amount_cents)

    def add_shares(call: Call) -> Answer:
        return deposit(call, call.body.symbol, call.body.quantity)

    def deposit(call: Call, asset: str, amount: int) -> Answer:
        key = _idempotency_key(call.user_id)
        # A token outlives its user, and so does what is remembered of it; money must not go to nobody.
        if not call.user_was_asked_for:
            content(users, users.get("/me", headers=authorization()))
        # The first deposit makes the wallet. Asked for first, so that a wallet service that is away refuses before
        # anything can have been booked.
        read_wallet(services, call.user_id)
        answer = wallets.post(
            f"/update-balance/{call.user_id}",
            json={"asset": asset, "amount": amount, "idempotency_key": key},
            repeatable=True,
        )
        return content(wallets, answer), 200

    return {"wallet": wallet, "add_funds": add_funds, "add_shares": add_shares}


def read_wallet(services: Services, user_id: int) -> Any:
    """The balances; none at all for who has never paid anything in."""
    answer = services.wallets.get(f"/balance/{user_id}")
    if answer.status == 404:
        return {"user_id": user_id, "balances": []}
    return content(services.wallets, answer)


def _idempotency_key(user_id: int) -> str:
    """What makes this deposit one and the same when it is sent again: the caller's key, or one of our own, which makes
    repeating a call to the wallet service safe."""
    given = flask.request.headers.get("Idempotency-Key")
    if given is None:
        return f"gateway:{uuid.uuid4().hex}"
    if not _IDEMPOTENCY_KEY.fullmatch(given):
        raise RequestError(
            422,
            "invalid_idempotency_key",
            "the Idempotency-Key header cannot be used",
            "1 to 64 of letters, digits, dot, colon, underscore and hyphen, such as a UUID",
        )
    # Two users may have the same idea.
    return f"user:{user_id}:{given}"
