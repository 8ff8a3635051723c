"""What is known of one symbol's market: last price, depth, recent trades, candles of one minute.

Events may come twice, and late: a trade counts once, and an older depth never replaces a newer one.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

#: So many of the newest are kept.
TRADES = 200
CANDLES = 240
CANDLE_SECONDS = 60

Levels = list[list[int]]


@dataclass(frozen=True, order=True, slots=True)
class Trade:
    """Ordered by id, which is the sequence in which they took place. `created_at` is RFC 3339."""

    execution_id: int
    price_cents: int
    quantity: int
    taker_side: str
    created_at: str

    @property
    def minute(self) -> int:
        """When its candle begins, in Unix seconds."""
        return int(datetime.fromisoformat(self.created_at).timestamp()) // CANDLE_SECONDS * CANDLE_SECONDS


@dataclass(slots=True)
class Candle:
    """The trades of the minute that begins at `start_unix_seconds`; the ids are those of its first and last one."""

    start_unix_seconds: int
    open_cents: int
    high_cents: int
    low_cents: int
    close_cents: int
    quantity: int
    trades: int
    first_execution_id: int
    last_execution_id: int

    @classmethod
    def of(cls, trade: Trade) -> Candle:
        """A minute in which only this one took place so far."""
        price, number = trade.price_cents, trade.execution_id
        return cls(trade.minute, price, price, price, price, trade.quantity, 1, number, number)

    def add(self, trade: Trade) -> None:
        """Trades may be told of in any sequence."""
        price = trade.price_cents
        if trade.execution_id < self.first_execution_id:
            self.first_execution_id, self.open_cents = trade.execution_id, price
        if trade.execution_id > self.last_execution_id:
            self.last_execution_id, self.close_cents = trade.execution_id, price
        self.high_cents, self.low_cents = max(self.high_cents, price), min(self.low_cents, price)
        self.quantity += trade.quantity
        self.trades += 1


class Board:
    """Starts empty; `snapshot` and `restore` carry it over a restart."""

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.bids: Levels = []
        self.asks: Levels = []
        #: The newest event that told of the depth.
        self.depth_event_id = 0
        #: When that was, RFC 3339; None before the first.
        self.updated_at: str | None = None
        #: Oldest first.
        self._trades: list[Trade] = []
        self._candles: dict[int, Candle] = {}
        self._known: set[int] = set()
        #: Trades up to this one have been forgotten: whoever tells of one repeats it.
        self._forgotten_id = 0

    @property
    def last_price_cents(self) -> int | None:
        """Of the newest trade; None before the first."""
        return self._trades[-1].price_cents if self._trades else None

    @property
    def last_execution_id(self) -> int:
        """The newest trade; 0 before the first."""
        return self._trades[-1].execution_id if self._trades else self._forgotten_id

    @property
    def best_bid_cents(self) -> int | None:
        """None when nobody buys."""
        return self.bids[0][0] if self.bids else None

    @property
    def best_ask_cents(self) -> int | None:
        """None when nobody sells."""
        return self.asks[0][0] if self.asks else None

    def tell_depth(self, event_id: int, bids: Levels, asks: Levels, at: str | None) -> None:
        """What waits since that event; ignored when a newer one has been told."""
        if event_id >= self.depth_event_id:
            self.depth_event_id, self.bids, self.asks, self.updated_at = event_id, bids, asks, at

    def tell_trades(self, trades: Iterable[Trade]) -> int:
        """How many of them were new."""
        new = [one for one in trades if one.execution_id > self._forgotten_id and one.execution_id not in self._known]
        for trade in new:
            self._known.add(trade.execution_id)
            insort(self._trades, trade)
            self._count(trade)
        self._forget()
        return len(new)

    def begin_anew(self, trades: Sequence[Trade], candles: Iterable[Candle]) -> None:
        """Know these trades, newest first, and candles of all up to the newest of them; of what was known before, only
        what came after them."""
        later = [one for one in self._trades if one.execution_id > trades[0].execution_id]
        self._trades = sorted(trades)
        self._known = {one.execution_id for one in trades}
        self._forgotten_id = self._trades[0].execution_id - 1
        self._candles = {candle.start_unix_seconds: candle for candle in candles}
        self.tell_trades(later)

    def trades(self, limit: int) -> list[Trade]:
        """Newest first."""
        return self._trades[: -limit - 1 : -1]

    def candles(self, limit: int) -> list[Candle]:
        """Oldest first; a minute without a trade has none."""
        return [self._candles[minute] for minute in sorted(self._candles)[-limit:]]

    def snapshot(self) -> dict[str, Any]:
        """All of it, as JSON can carry it."""
        return {
            "bids": self.bids,
            "asks": self.asks,
            "depth_event_id": self.depth_event_id,
            "updated_at": self.updated_at,
            "forgotten_id": self._forgotten_id,
            "trades": [asdict(trade) for trade in self._trades],
            "candles": [asdict(candle) for candle in self.candles(CANDLES)],
        }

    @classmethod
    def restore(cls, symbol: str, snapshot: dict[str, Any]) -> Board:
        """The board that the snapshot was made of. Raises KeyError, TypeError or ValueError when it is none."""
        board = cls(symbol)
        board.tell_depth(snapshot["depth_event_id"], snapshot["bids"], snapshot["asks"], snapshot["updated_at"])
        board._forgotten_id = int(snapshot["forgotten_id"])
        board._trades = sorted(Trade(**trade) for trade in snapshot["trades"])
        board._known = {trade.execution_id for trade in board._trades}
        board._candles = {candle["start_unix_seconds"]: Candle(**candle) for candle in snapshot["candles"]}
        return board

    def _count(self, trade: Trade) -> None:
        candle = self._candles.get(trade.minute)
        if candle is None:
            self._candles[trade.minute] = Candle.of(trade)
        else:
            candle.add(trade)

    def _forget(self) -> None:
        if len(self._trades) > TRADES:
            old, self._trades = self._trades[:-TRADES], self._trades[-TRADES:]
            self._forgotten_id = max(self._forgotten_id, old[-1].execution_id)
            self._known.difference_update(trade.execution_id for trade in old)
        for minute in sorted(self._candles)[:-CANDLES]:
            del self._candles[minute]
