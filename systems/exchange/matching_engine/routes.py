"""What can be asked of the matching engine: its books, and whether they are right. Orders come as events."""

from __future__ import annotations

import time
from typing import Any

from flask import Flask

from observability.errors import RequestError
from observability.postgresql import Database
from systems.exchange.instruments import SYMBOLS
from systems.exchange.matching_engine import ledger
from systems.exchange.matching_engine.comparison import differences, differences_from_book
from systems.exchange.matching_engine.engine import MatchingEngine
from systems.exchange.matching_engine.leadership import Leadership

SPAN_NAMES = {"/book/<symbol>": "get_book", "/check": "check_books"}

_LEVELS = 50
#: Rows and books are not looked at in the same moment: what differs only then is no difference.
_LOOKS = 5
_LOOK_SECONDS = 0.1


def add_routes(app: Flask, engine: MatchingEngine, leadership: Leadership, database: Database) -> None:
    """Add the two routes."""

    @app.get("/book/<symbol>")
    def get_book(symbol: str) -> dict[str, Any]:
        _require_leadership(leadership)
        if symbol not in SYMBOLS:
            raise RequestError(
                404, "unknown_symbol", f"{symbol[:20]!r} is not traded here", hint=f"one of: {', '.join(SYMBOLS)}"
            )
        view = engine.books.view(symbol, _LEVELS)
        return {
            "symbol": symbol,
            "version": view.version,
            "orders": len(view.orders),
            "bids": view.bids,
            "asks": view.asks,
            "halted": symbol in engine.halted,
        }

    @app.get("/check")
    def check_books() -> dict[str, Any]:
        _require_leadership(leadership)
        found = {symbol: problems for symbol in SYMBOLS if (problems := _problems(engine, database, symbol))}
        return {"agrees": not found, "differences": found, "halted": engine.halted}


def _problems(engine: MatchingEngine, database: Database, symbol: str) -> list[str]:
    problems: list[str] = []
    for look in range(_LOOKS):
        if look:
            time.sleep(_LOOK_SECONDS)
        before = engine.books.view(symbol, levels=0)
        with database.transaction() as transaction:
            ledger.take_time(transaction)
            stored = ledger.waiting_orders(transaction, symbol)
        problems = differences(stored, crossed=False) + differences_from_book(stored, before.orders)
        if not problems:
            break
    return problems[:20]


def _require_leadership(leadership: Leadership) -> None:
    if not leadership.is_held():
        raise RequestError(
            503, "engine_not_trading", "this engine does not trade: it waits for the lock", hint="try again shortly"
        )
