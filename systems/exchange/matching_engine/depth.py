"""What waits in a book at its best prices: now, and as it will be once a plan is applied.

Others are told in the transaction that decides on the plan, which comes before the book changes.
"""

from __future__ import annotations

from collections import Counter

from systems.exchange.matching_engine.book import OrderBook
from systems.exchange.matching_engine.orders import Plan, Side

#: Prices and the shares that wait there, best first.
Depth = list[tuple[int, int]]


def depth(book: OrderBook, side: Side, levels: int) -> Depth:
    """Of the book as it is."""
    return [(level.price_cents, level.quantity) for level in book.levels(side, levels)]


def depth_after(book: OrderBook, plan: Plan, side: Side, levels: int) -> Depth:
    """Of the book as it is once the plan is applied."""
    order = plan.order
    if side is order.side:
        return _with(depth(book, side, levels), order.price_cents, plan.rests, side)[:levels]
    taken: Counter[int] = Counter()
    for fill in plan.fills:
        taken[fill.price_cents] += fill.quantity
    left = [(price, quantity - taken[price]) for price, quantity in depth(book, side, levels + len(taken))]
    return [level for level in left if level[1]][:levels]


def _with(known: Depth, price_cents: int, quantity: int, side: Side) -> Depth:
    if not quantity:
        return known
    shares = dict(known)
    shares[price_cents] = shares.get(price_cents, 0) + quantity
    return sorted(shares.items(), reverse=side is Side.BUY)
