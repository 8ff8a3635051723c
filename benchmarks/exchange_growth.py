"""How the exchange's flows grow: with the orders that wait, with its users, and with the trades that are long done.

    .venv/bin/python -m benchmarks.exchange_growth [--times 40] [--only "orders that wait"] [--largest 100000]

For each of the three an exchange of its own, filled step by step with SQL (`exchange_rows.py`). At each size the
matching engine is killed, and has to read its books again; then one client goes through the flows, as somebody who is
no part of the crowd. Cells are p50 / p95 in milliseconds at the smallest size, then the ratios to that. A log-in is
nearly all password hash, which no table makes slower: its ratio is the machine's.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from contextlib import suppress

import psutil
import requests

from benchmarks.exchange_rows import Rows
from benchmarks.running_exchange import RunningExchange, User, running_exchange
from benchmarks.running_lab import PORT_OFFSET
from systems.exchange.instruments import INSTRUMENTS

#: Users of the crowd while something else grows.
_FEW_USERS = 50
#: Between them the flows trade: the crowd's orders wait farther from the middle.
_NEAREST_TICKS = 5
#: The first ones make connections, and have statements prepared.
_WARM_UP = 3
_ENGINE_SECONDS = 120.0
_PAUSE_SECONDS = 0.05

#: What grows -> its sizes, and how it gets there.
DIMENSIONS: dict[str, tuple[tuple[int, ...], Callable[[Rows, int], None]]] = {
    "orders that wait": (
        (100, 1_000, 10_000, 100_000),
        lambda rows, size: rows.have_waiting(size, nearest=_NEAREST_TICKS),
    ),
    "users with seven wallets each": ((100, 1_000, 20_000), lambda rows, size: rows.have_users(size)),
    "trades long done": ((1_000, 10_000, 100_000), lambda rows, size: rows.have_trades(size)),
}

Durations = dict[str, list[float]]


def go_through_flows(exchange: RunningExchange, times: int) -> Durations:
    """Flow -> milliseconds of each answer."""
    durations: Durations = {}
    seller, buyer = exchange.user(shares=1_000_000), exchange.user(cents=10**11)
    trades_before = exchange.newest_trade()
    for number in range(-_WARM_UP, times):
        instrument = list(INSTRUMENTS.values())[number % len(INSTRUMENTS)]
        symbol, price_cents = instrument.symbol, instrument.reference_price_cents
        newcomer = User(exchange.gateway)
        answers = [
            ("sign up", newcomer.register()),
            ("log in", newcomer.log_in()),
            ("add funds", newcomer.pay_in(1_000_000)),
            ("place an order", seller.place("sell", symbol, price_cents)),
            ("place an order", buyer.place("buy", symbol, price_cents)),
        ]
        waiting = buyer.place("buy", symbol, price_cents - instrument.tick_cents).json["order"]["id"]
        answers += [
            ("see one's orders", buyer.ask("GET", "/v1/orders?status=open")),
            ("see one's positions", buyer.ask("GET", "/reports/positions")),
            ("cancel an order", buyer.cancel(waiting)),
        ]
        exchange.wait_until_settled()
        if number >= 0:
            for name, answer in answers:
                durations.setdefault(name, []).append(answer.milliseconds)
    trades = exchange.trades_since(trades_before)[_WARM_UP:]
    return {**durations, "… until it is settled": [trade.settled_milliseconds for trade in trades]}


def restart_engine(exchange: RunningExchange) -> float:
    """Kill the matching engine; the seconds until the one that the lab starts in its place trades."""
    url, parent = exchange.lab.url("matching-engine"), psutil.Process(exchange.lab.pid("matching-engine"))
    begin = time.perf_counter()
    killed = [parent, *parent.children(recursive=True)]
    for process in killed:
        process.kill()
    psutil.wait_procs(killed, timeout=10)
    while True:
        with suppress(requests.RequestException):
            if requests.get(f"{url}/book/ACRN", timeout=5).ok:
                break
        if time.perf_counter() > begin + _ENGINE_SECONDS:
            raise TimeoutError("the matching engine does not trade again")
        time.sleep(_PAUSE_SECONDS)
    seconds = time.perf_counter() - begin
    exchange.lab.refresh()
    return seconds


def measure(dimension: str, times: int, largest: int, port_offset: int) -> dict[int, Durations]:
    """Size -> what `go_through_flows` says then, and how long the engine took to start."""
    sizes, fill = DIMENSIONS[dimension]
    measured = {}
    with running_exchange(port_offset=port_offset) as exchange:
        rows = Rows(exchange.connection)
        rows.have_users(_FEW_USERS)
        for size in (size for size in sizes if size <= largest):
            fill(rows, size)
            start_ms = restart_engine(exchange) * 1000
            measured[size] = {**go_through_flows(exchange, times), "start of the engine": [start_ms]}
    return measured


def print_growth(dimension: str, measured: dict[int, Durations]) -> None:
    smallest, *larger = measured
    print(f"\n| {dimension} | {' | '.join(f'{size:,}' for size in measured)} |\n|{'---|' * (len(measured) + 1)}")
    for name, first in measured[smallest].items():
        cells = [" / ".join(f"{value:.0f} ms" for value in _middle_and_end(first))]
        for size in larger:
            pairs = zip(_middle_and_end(measured[size][name]), _middle_and_end(first), strict=True)
            cells.append(" / ".join(f"{value / base:.2f}" for value, base in pairs))
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


def _middle_and_end(durations: list[float]) -> list[float]:
    """p50 and p95, or the only one there is."""
    if len(durations) == 1:
        return durations
    cuts = statistics.quantiles(durations, n=20)
    return [cuts[9], cuts[18]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=40, help="how often each flow at each size")
    parser.add_argument("--only", choices=DIMENSIONS, help="what grows; all three in turn without it")
    parser.add_argument("--largest", type=int, default=100_000)
    parser.add_argument("--port-offset", type=int, default=PORT_OFFSET)
    options = parser.parse_args()
    for dimension in [options.only] if options.only else DIMENSIONS:
        print_growth(dimension, measure(dimension, options.times, options.largest, options.port_offset))


if __name__ == "__main__":
    main()
