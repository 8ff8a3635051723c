"""The order book alone: orders per second against a sorted list in the same run, and how both grow with the book.

.venv/bin/python -m benchmarks.matching_engine [--orders 20000] [--rounds 5] [--largest 1000000]

A mixed flow, the same for both: half of the events are orders that wait, a third cancels an order that waits, the rest
trades. As many orders come as go, so the book keeps its size. The naive book keeps a sorted list of each side and looks
through it to cancel; above 10,000 orders it is left out. Rounds alternate, figures are medians,
times are CPU.
"""

from __future__ import annotations

import argparse
import gc
import random
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import thread_time

from systems.exchange.matching_engine.book import OrderBook
from systems.exchange.matching_engine.orders import IncomingOrder, Side
from tests.unit.matching_engine.naive_book import NaiveBook

MIDDLE_CENTS = 10_000
SMALLEST = 100
#: Above it a cancel of the naive book takes milliseconds, and fills the run with waiting.
NAIVE_LARGEST = 10_000

#: An order to place, or the id of one to cancel.
Event = IncomingOrder | int


@dataclass
class Flow:
    """Fills a book of `size` orders, then keeps it at about that size. Deterministic."""

    size: int
    orders: int

    def __post_init__(self) -> None:
        self._random = random.Random(7)
        self._next_id = 0
        #: Prices on each side: more in a larger book, as in a market that many watch.
        self._prices = max(20, min(2_000, self.size // 20))
        self._waiting: list[int] = []

    def filling(self) -> Iterator[IncomingOrder]:
        """The orders that wait at the beginning."""
        for _ in range(self.size):
            yield self._limit_order()

    def events(self) -> Iterator[Event]:
        """What comes then."""
        for _ in range(self.orders):
            chance = self._random.random()
            if chance < 0.5:
                yield self._limit_order()
            elif chance < 0.5 + 1 / 3 and self._waiting:
                place = self._random.randrange(len(self._waiting))
                self._waiting[place], self._waiting[-1] = self._waiting[-1], self._waiting[place]
                yield self._waiting.pop()
            else:
                yield self._market_order()

    def _limit_order(self) -> IncomingOrder:
        side = self._random.choice((Side.BUY, Side.SELL))
        # Most wait near the middle.
        distance = 1 + min(self._prices - 1, int(self._random.expovariate(4 / self._prices)))
        price_cents = MIDDLE_CENTS - distance if side is Side.BUY else MIDDLE_CENTS + distance
        order = self._order(side, price_cents, self._random.randint(1, 100), rests=True)
        self._waiting.append(order.order_id)
        return order

    def _market_order(self) -> IncomingOrder:
        side = self._random.choice((Side.BUY, Side.SELL))
        limit_cents = MIDDLE_CENTS + self._prices if side is Side.BUY else MIDDLE_CENTS - self._prices
        return self._order(side, limit_cents, self._random.randint(1, 100), rests=False)

    def _order(self, side: Side, price_cents: int, quantity: int, *, rests: bool) -> IncomingOrder:
        self._next_id += 1
        # Everybody is somebody else: nobody meets an own order.
        return IncomingOrder(self._next_id, self._next_id, side, price_cents, quantity, rests)


def book() -> Callable[[Event], object]:
    """What takes events, with the real book behind it."""
    real = OrderBook()

    def take(event: Event) -> object:
        if isinstance(event, int):
            return real.remove(event)
        plan = real.plan(event)
        real.apply(plan)
        return plan

    return take


def naive_book() -> Callable[[Event], object]:
    """Likewise, with the sorted list."""
    naive = NaiveBook()

    def take(event: Event) -> object:
        return naive.cancel(event) if isinstance(event, int) else naive.place(event)

    return take


@dataclass
class Speed:
    """Of one run."""

    per_second: float
    #: The slowest event of a hundred, in microseconds.
    p99_microseconds: float


def measure(make: Callable[[], Callable[[Event], object]], size: int, orders: int) -> Speed:
    """Fill a book, then time the events that follow."""
    flow = Flow(size, orders)
    take = make()
    for order in flow.filling():
        take(order)
    events = list(flow.events())
    seconds = []
    gc.collect()
    # As services do: what exists lives as long as the process.
    gc.freeze()
    began = thread_time()
    for event in events:
        before = thread_time()
        take(event)
        seconds.append(thread_time() - before)
    total = thread_time() - began
    gc.unfreeze()
    return Speed(len(events) / total, statistics.quantiles(seconds, n=100)[98] * 1e6)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=20_000, help="events of a run")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--largest", type=int, default=1_000_000, help="orders in the largest book")
    options = parser.parse_args()
    print("| orders that wait | orders/s | p99 | against the smallest book | sorted list | times as fast |")
    print("|---|---|---|---|---|---|")
    size, smallest = SMALLEST, 0.0
    while size <= options.largest:
        ours: list[Speed] = []
        theirs: list[Speed] = []
        for _ in range(options.rounds):
            ours.append(measure(book, size, options.orders))
            if size <= NAIVE_LARGEST:
                theirs.append(measure(naive_book, size, options.orders))
        per_second = statistics.median(one.per_second for one in ours)
        p99 = statistics.median(one.p99_microseconds for one in ours)
        smallest = smallest or per_second
        naive, ratio = "–", "–"
        if theirs:
            naive = f"{statistics.median(one.per_second for one in theirs):,.0f}"
            pairs = zip(ours, theirs, strict=True)
            ratio = f"{statistics.median(own.per_second / other.per_second for own, other in pairs):.1f}"
        print(f"| {size:,} | {per_second:,.0f} | {p99:.0f} µs | {per_second / smallest:.2f} | {naive} | {ratio} |")
        size *= 10


if __name__ == "__main__":
    main()
