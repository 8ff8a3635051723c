"""What can be asked of the market data service."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Flask, request

from observability.errors import RequestError
from systems.exchange.instruments import INSTRUMENTS, SYMBOLS
from systems.exchange.market_data_service.board import CANDLES, TRADES, Board
from systems.exchange.market_data_service.feed import Feed

SPAN_NAMES = {
    "/instruments": "get_instruments",
    "/quotes/<symbol>": "get_quote",
    "/depth/<symbol>": "get_depth",
    "/trades/<symbol>": "get_trades",
    "/candles/<symbol>": "get_candles",
}


def add_routes(app: Flask, feed: Feed) -> None:
    """Add the five routes."""

    @app.get("/instruments")
    def get_instruments() -> dict[str, Any]:
        with feed.reading:
            return {
                "instruments": [
                    {**instrument.as_json(), "last_price_cents": feed.board(symbol).last_price_cents}
                    for symbol, instrument in INSTRUMENTS.items()
                ]
            }

    @app.get("/quotes/<symbol>")
    def get_quote(symbol: str) -> dict[str, Any]:
        with feed.reading:
            board = _board(feed, symbol)
            return {
                "symbol": symbol,
                "last_price_cents": board.last_price_cents,
                "best_bid_cents": board.best_bid_cents,
                "best_ask_cents": board.best_ask_cents,
                "updated_at": board.updated_at,
            }

    @app.get("/depth/<symbol>")
    def get_depth(symbol: str) -> dict[str, Any]:
        with feed.reading:
            board = _board(feed, symbol)
            return {"symbol": symbol, "bids": board.bids, "asks": board.asks, "updated_at": board.updated_at}

    @app.get("/trades/<symbol>")
    def get_trades(symbol: str) -> dict[str, Any]:
        with feed.reading:
            trades = _board(feed, symbol).trades(_limit(50, TRADES))
        return {"symbol": symbol, "trades": [asdict(trade) for trade in trades]}

    @app.get("/candles/<symbol>")
    def get_candles(symbol: str) -> dict[str, Any]:
        with feed.reading:
            candles = _board(feed, symbol).candles(_limit(60, CANDLES))
            return {"symbol": symbol, "candles": [asdict(candle) for candle in candles]}


def _board(feed: Feed, symbol: str) -> Board:
    try:
        return feed.board(symbol)
    except KeyError:
        raise RequestError(
            404, "unknown_symbol", f"{symbol[:20]!r} is not traded here", hint=f"one of: {', '.join(SYMBOLS)}"
        ) from None


def _limit(otherwise: int, highest: int) -> int:
    text = request.args.get("limit", str(otherwise))
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= highest):
        raise RequestError(
            400, "invalid_limit", f"limit {text[:20]!r} is not allowed", hint=f"a whole number from 1 to {highest}"
        )
    return int(text)
