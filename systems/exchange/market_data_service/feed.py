"""What the service does with each event, and how it begins: the boards of all symbols."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from observability import Telemetry
from observability.postgresql import Database
from systems.exchange.events import Event
from systems.exchange.market_data_service import history
from systems.exchange.market_data_service.board import CANDLES, TRADES, Board, Trade
from systems.exchange.market_data_service.memory import BoardMemory
from systems.exchange.market_data_service.metrics import MarketDataMetrics

_LEVELS = 10


class Feed:
    """One thread feeds it, any thread may look at a board inside `reading`."""

    def __init__(
        self,
        symbols: Iterable[str],
        database: Database,
        memory: BoardMemory,
        metrics: MarketDataMetrics,
        telemetry: Telemetry,
    ) -> None:
        self._boards = {symbol: Board(symbol) for symbol in symbols}
        self._database = database
        self._memory = memory
        self._metrics = metrics
        self._logger = telemetry.logger
        self._left_out: str | None = None
        #: Held while a board changes, or is read.
        self.reading = threading.RLock()

    def board(self, symbol: str) -> Board:
        """Raises KeyError for a symbol that is not traded."""
        return self._boards[symbol]

    def begin(self) -> None:
        """Know what was known before: from Redis, and from the database what happened since, or all of it."""
        for symbol in self._boards:
            recalled = self._memory.recall(symbol)
            if recalled is not None:
                self._boards[symbol] = recalled
            self._catch_up(symbol)

    def leave_out(self, symbol: str | None) -> None:
        """From now on pass by what happens to this symbol; None = to none."""
        before, self._left_out = self._left_out, symbol
        if before is not None and before != symbol:
            self._catch_up(before)

    def _catch_up(self, symbol: str) -> None:
        board = self._boards[symbol]
        with self._database.transaction() as transaction:
            # Before what it leads to is read: no event that is not in there may be taken for an older one.
            newest_event_id = history.newest_event_id(transaction)
            trades = history.trades_after(transaction, symbol, board.last_execution_id, TRADES)
            # So many, that others may lie between them and what is known: their candles have to be complete as well.
            misses_more = len(trades) == TRADES
            candles = history.candles(transaction, symbol, trades[0].execution_id, CANDLES) if misses_more else []
            bids, asks = history.waiting(transaction, symbol, _LEVELS)
        with self.reading:
            if misses_more:
                board.begin_anew(trades, candles)
            else:
                board.tell_trades(trades)
            board.tell_depth(newest_event_id, bids, asks, board.updated_at)
        self._metrics.tell(board)
        self._logger.info("%s is up to date", symbol, extra={"exchange.symbol": symbol, "missed_trades": len(trades)})

    def update_market_data(self, event: Event) -> None:
        """`market_data`: a symbol's depth after a change, and the trades that made it."""
        payload = event.payload
        if payload["symbol"] == self._left_out:
            return
        board = self._boards[payload["symbol"]]
        trades = [Trade(**trade) for trade in payload["trades"]]
        with self.reading:
            board.tell_depth(event.id, payload["bids"], payload["asks"], event.created_at.isoformat())
            board.tell_trades(trades)
        self._metrics.tell(board)
        self._memory.keep(board)
        self._logger.info(
            "%s is known up to event %s",
            board.symbol,
            event.id,
            extra={"exchange.symbol": board.symbol, "trades": len(trades)},
        )
