"""The books of all symbols, shared by the thread that matches and those that answer questions."""

from __future__ import annotations

import operator
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from systems.exchange.matching_engine.book import OrderBook
from systems.exchange.matching_engine.depth import Depth, depth
from systems.exchange.matching_engine.orders import IncomingOrder, Plan, RestingOrder, Side

#: Whether two users are one.
SameOwner = Callable[[int, int], bool]


@dataclass(frozen=True)
class View:
    """A book at one moment. `orders`: id -> shares it has still to trade; of each side who trades first in front."""

    version: int
    orders: dict[int, int]
    bids: Depth
    asks: Depth


class Books:
    """Only one thread changes them; any thread may look at them. `on_change` hears of each book that has changed."""

    def __init__(self, symbols: Iterable[str], on_change: Callable[[str, OrderBook], None]) -> None:
        self._books = {symbol: OrderBook() for symbol in symbols}
        self._on_change = on_change
        self._same_owner: SameOwner = operator.eq
        self._lock = threading.Lock()

    def __getitem__(self, symbol: str) -> OrderBook:
        """To look at, by the thread that changes them. Raises KeyError for a symbol that is not traded."""
        return self._books[symbol]

    def tell_owners_by(self, same_owner: SameOwner) -> None:
        """From now on nobody trades with whoever this says is the same."""
        self._same_owner = same_owner
        for book in self._books.values():
            book.same_owner = same_owner

    def apply(self, symbol: str, plan: Plan) -> None:
        """See OrderBook.apply."""
        with self._lock:
            self._books[symbol].apply(plan)
        self._on_change(symbol, self._books[symbol])

    def remove(self, symbol: str, order_id: int) -> RestingOrder | None:
        """See OrderBook.remove."""
        with self._lock:
            removed = self._books[symbol].remove(order_id)
        self._on_change(symbol, self._books[symbol])
        return removed

    def replace(self, symbol: str, orders: Iterable[IncomingOrder]) -> OrderBook:
        """A new book of the symbol, with these orders in their sequence."""
        book = OrderBook(self._same_owner)
        for order in orders:
            book.restore(order)
        with self._lock:
            # Whoever compares two looks by version must not take this one for the one before.
            book.version += self._books[symbol].version + 1
            self._books[symbol] = book
        self._on_change(symbol, book)
        return book

    def view(self, symbol: str, levels: int) -> View:
        """Raises KeyError for a symbol that is not traded."""
        with self._lock:
            book = self._books[symbol]
            return View(
                book.version,
                {order.order_id: order.quantity for order in book},
                depth(book, Side.BUY, levels),
                depth(book, Side.SELL, levels),
            )
