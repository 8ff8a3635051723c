"""Orders through the whole exchange: how many a second, how long each takes, where that time goes, and the memory.

    .venv/bin/python -m benchmarks.exchange [--rounds 3] [--seconds 10] [--clients 8] [--flows 30]

In each round, in turn: the exchange with one client and with several, the same without telemetry, and PostgreSQL alone
with the same statements in the same transactions (`bare_orders.py`). A client has two users; the one sells what the
other buys, as soon as the answer before is there, so that two orders make one trade. Figures are medians over the
rounds, ratios those within a round; CPU is that of everybody at work, until the last trade is settled.

Then one client goes through the seven flows, and their traces tell where the time went.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import psutil
import psycopg

from benchmarks.bare_orders import run_bare_exchange, running_postgresql
from benchmarks.exchange_rows import Rows
from benchmarks.running_exchange import RunningExchange, User, running_exchange
from benchmarks.running_lab import PORT_OFFSET
from benchmarks.time_shares import KINDS, of_handler, self_times_ms, shares, until_answered
from lab.telemetry_client import Span
from systems.exchange.instruments import INSTRUMENTS
from systems.exchange.orders import NewOrder

_PLENTY_CENTS, _PLENTY_SHARES = 10**11, 10**6
_WARM_UP_SECONDS = 2.0
_PERCENTILES = (50, 95, 99)


@dataclass
class Run:
    """One variant in one round. Durations are in milliseconds."""

    orders: int
    #: Until the last answer, and until the last trade was settled.
    placing_seconds: float
    settled_seconds: float
    answered: list[float]
    executed: list[float] = field(default_factory=list)
    settled: list[float] = field(default_factory=list)
    #: Who -> milliseconds of CPU an order.
    cpu: dict[str, float] = field(default_factory=dict)

    @property
    def placed_per_second(self) -> float:
        return self.orders / self.placing_seconds

    @property
    def settled_per_second(self) -> float:
        return self.orders / self.settled_seconds


def tickets(number: int) -> Iterator[tuple[str, str, int]]:
    """Side, symbol and price of a client's orders: sold, and bought at once, at the price where trading began."""
    symbols = list(INSTRUMENTS.values())
    for turn in itertools.count(number):
        instrument = symbols[turn % len(symbols)]
        for side in ("sell", "buy"):
            yield side, instrument.symbol, instrument.reference_price_cents


def run_exchange(exchange: RunningExchange, traders: Sequence[tuple[User, User]], seconds: float) -> Run:
    """As many clients as there are pairs of traders, each as fast as it is answered."""
    before = exchange.lab.cpu_seconds_by_process()
    trades_before = exchange.newest_trade()
    answered: list[float] = []
    failed: list[BaseException] = []
    begin = time.perf_counter()

    def work(number: int, seller: User, buyer: User) -> None:
        try:
            for side, symbol, price_cents in tickets(number):
                if time.perf_counter() > begin + seconds and side == "sell":
                    return
                user = seller if side == "sell" else buyer
                answered.append(user.place(side, symbol, price_cents).milliseconds)
        except BaseException as error:
            failed.append(error)
            raise

    clients = [threading.Thread(target=work, args=(number, *pair)) for number, pair in enumerate(traders)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    placed = time.perf_counter()
    if failed:
        raise RuntimeError("a client could not go on") from failed[0]
    exchange.wait_until_settled()
    settled = time.perf_counter()
    after = exchange.lab.cpu_seconds_by_process()
    later = exchange.trades_since(trades_before)
    return Run(
        orders=len(answered),
        placing_seconds=placed - begin,
        settled_seconds=settled - begin,
        answered=answered,
        executed=[trade.executed_milliseconds for trade in later],
        settled=[trade.settled_milliseconds for trade in later],
        cpu=_by_role({name: (after[name] - before[name]) / len(answered) * 1000 for name in after}),
    )


def _by_role(cpu: dict[str, float]) -> dict[str, float]:
    apart = ("postgresql", "redis", "telemetry_store")
    services = sum(value for name, value in cpu.items() if name not in (*apart, "supervisor", "workbench"))
    return {"services": services, **{name: cpu[name] for name in apart}}


def run_bare(clients: int, seconds: float) -> Run:
    """The same orders without the exchange's services."""
    with running_postgresql() as url:
        with psycopg.connect(url, autocommit=True) as connection:
            Rows(connection).have_users(2 * clients)
        run_bare_exchange(url, [_orders(number) for number in range(clients)], min(_WARM_UP_SECONDS, seconds))
        server = next(process for process in psutil.Process().children(recursive=True) if process.name() == "postgres")
        before = _cpu_of_server(server)
        run = run_bare_exchange(url, [_orders(number) for number in range(clients)], seconds)
        server_cpu = _cpu_of_server(server) - before
    orders = len(run.stored)
    cpu = {"in the place of services": run.cpu_seconds / orders * 1000, "postgresql": server_cpu / orders * 1000}
    return Run(orders, seconds, run.seconds, run.stored, cpu=cpu)


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def _cpu_of_server(server: psutil.Process) -> float:
    """With the connections that have ended."""
    times = server.cpu_times()
    ended = times.children_user + times.children_system
    return _cpu_seconds(server) + ended + sum(_cpu_seconds(child) for child in server.children())


def _orders(number: int) -> Callable[[], NewOrder]:
    """As of the client with this number; the users of `Rows` count from 1."""
    run = time.time_ns()
    numbered = enumerate(tickets(number))

    def next_order() -> NewOrder:
        turn, (side, symbol, price_cents) = next(numbered)
        return NewOrder.model_validate(
            {
                "user_id": 2 * number + (1 if side == "sell" else 2),
                "client_order_id": f"{run}:{number}:{turn}",
                **{"symbol": symbol, "side": side, "type": "limit", "quantity": 1, "price_cents": price_cents},
            }
        )

    return next_order


def measure_speed(rounds: int, seconds: float, clients: int, port_offset: int) -> dict[str, list[Run]]:
    """Variant -> its run in each round."""
    runs: dict[str, list[Run]] = {}

    def note(variant: str, run: Run) -> None:
        runs.setdefault(variant, []).append(run)

    for _ in range(rounds):
        for telemetry in (True, False):
            said = "" if telemetry else ", no telemetry"
            with running_exchange(telemetry=telemetry, port_offset=port_offset) as exchange:
                traders = [
                    (exchange.user(shares=_PLENTY_SHARES), exchange.user(cents=_PLENTY_CENTS)) for _ in range(clients)
                ]
                run_exchange(exchange, traders, min(_WARM_UP_SECONDS, seconds))
                note(f"exchange, 1 client{said}", run_exchange(exchange, traders[:1], seconds))
                note(f"exchange, {clients} clients{said}", run_exchange(exchange, traders, seconds))
        for count in (1, clients):
            note(f"PostgreSQL alone, {count} at once", run_bare(count, seconds))
    return runs


def print_speed(runs: dict[str, list[Run]]) -> None:
    base = runs[next(iter(runs))]
    columns = ("orders/s", "against the first", "settled/s", "answered", "traded", "settled", "CPU ms an order")
    print(f"| | {' | '.join(columns)} |\n|{'---|' * (len(columns) + 1)}")
    for variant, own in runs.items():
        ratio = statistics.median(
            run.placed_per_second / first.placed_per_second for run, first in zip(own, base, strict=True)
        )
        cells = [
            f"{statistics.median(run.placed_per_second for run in own):.0f}",
            f"{ratio:.2f}",
            f"{statistics.median(run.settled_per_second for run in own):.0f}",
            *(_percentiles([getattr(run, name) for run in own]) for name in ("answered", "executed", "settled")),
            ", ".join(f"{who} {statistics.median(run.cpu[who] for run in own):.1f}" for who in own[0].cpu),
        ]
        print(f"| {variant} | {' | '.join(cells)} |")


def _percentiles(rounds: list[list[float]]) -> str:
    """p50 / p95 / p99 in ms: the median over the rounds of each."""
    if not all(len(durations) > 1 for durations in rounds):
        return "–"
    cuts = [statistics.quantiles(durations, n=100) for durations in rounds]
    return " / ".join(f"{statistics.median(cut[percent - 1] for cut in cuts):.0f}" for percent in _PERCENTILES)


@dataclass
class Flow:
    """Traces of one of the ways through the exchange, and how long its answers took."""

    answered: list[float] = field(default_factory=list)
    traces: list[list[Span]] = field(default_factory=list)


#: The last span that a trace waits for: without it, it is not there as a whole.
_LAST_SPANS = {
    "place an order": ("update_market_data", "settle_trade"),
    "cancel an order": ("remove_order",),
}


def go_through_flows(exchange: RunningExchange, times: int) -> dict[str, Flow]:
    """One newcomer after the other does everything once."""
    flows: dict[str, Flow] = {}
    trace_ids: list[tuple[str, str]] = []
    seller, buyer = exchange.user(shares=_PLENTY_SHARES), exchange.user(cents=_PLENTY_CENTS)
    # Before anything is noted: connections are made, and statements are prepared.
    for side, symbol, price_cents in itertools.islice(tickets(0), 24):
        (seller if side == "sell" else buyer).place(side, symbol, price_cents)
    for number in range(times):
        user, instrument = User(exchange.gateway), list(INSTRUMENTS.values())[number % len(INSTRUMENTS)]
        symbol, price_cents = instrument.symbol, instrument.reference_price_cents
        asked = {"sign up": user.register(), "log in": user.log_in(), "add funds": user.pay_in(10**9)}
        seller.place("sell", symbol, price_cents)
        asked["place an order"] = user.place("buy", symbol, price_cents)
        # Nobody sells so far below the price.
        waiting = user.place(
            "buy", symbol, price_cents - price_cents // 20 // instrument.tick_cents * instrument.tick_cents
        )
        exchange.wait_until_settled()
        asked["see one's orders"] = user.ask("GET", "/v1/orders")
        asked["see one's positions"] = user.ask("GET", "/reports/positions")
        asked["cancel an order"] = user.cancel(waiting.json["order"]["id"])
        for name, answer in asked.items():
            flows.setdefault(name, Flow()).answered.append(answer.milliseconds)
            trace_ids.append((name, answer.trace_id))
    for name, trace_id in trace_ids:
        flows[name].traces.append(exchange.trace(trace_id, names=_LAST_SPANS.get(name, ())))
    return flows


def print_shares(flows: dict[str, Flow]) -> None:
    print(f"| | p50 / p95 ms | {' | '.join(KINDS)} |\n|{'---|' * (len(KINDS) + 2)}")

    def row(name: str, milliseconds: list[float], parts: list[list[Span]]) -> None:
        cuts = statistics.quantiles(milliseconds, n=20)
        share = shares(self_times_ms(part) for part in parts)
        cells = " | ".join(f"{share[kind]:.0%}" if share[kind] >= 0.005 else "–" for kind in KINDS)
        print(f"| {name} | {cuts[9]:.0f} / {cuts[18]:.0f} | {cells} |")

    for name, flow in flows.items():
        row(name, flow.answered, [until_answered(trace) for trace in flow.traces])
    orders = flows["place an order"].traces
    for name, said in (("process_order", "… then: matched"), ("settle_trade", "… then: settled")):
        handled = [part for trace in orders for part in of_handler(trace, name)]
        row(said, [part[0].duration_seconds * 1000 for part in handled], handled)
    print("\n| from the sending of an event to its handler | p50 / p95 ms |\n|---|---|")
    for name in ("process_order", "settle_trade", "update_market_data"):
        waits = [_waited_ms(span, trace) for trace in orders for span in trace if span.name == name]
        cuts = statistics.quantiles(waits, n=20)
        print(f"| {name} | {cuts[9]:.1f} / {cuts[18]:.1f} |")


def _waited_ms(handler: Span, trace: Sequence[Span]) -> float:
    """Since the sending began: it ends when Redis has answered, and by then the handler may be at work."""
    (sending,) = (span for span in trace if span.span_id == handler.parent_span_id)
    return max(0.0, (handler.start_time_unix_nano - sending.start_time_unix_nano) / 1e6)


def print_memory(memory: dict[str, float]) -> None:
    print("| process | MB |\n|---|---|")
    for name, megabytes in sorted(memory.items(), key=lambda item: -item[1]):
        print(f"| {name} | {megabytes:.0f} |")
    print(f"| together | {sum(memory.values()):.0f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="0: only the flows and the memory")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--flows", type=int, default=30, help="how often each flow; 0: only the speed")
    parser.add_argument("--port-offset", type=int, default=PORT_OFFSET)
    options = parser.parse_args()
    if options.rounds:
        print_speed(measure_speed(options.rounds, options.seconds, options.clients, options.port_offset))
    if options.flows:
        with running_exchange(port_offset=options.port_offset) as exchange:
            idle = exchange.lab.memory_by_process()
            flows = go_through_flows(exchange, options.flows)
            print()
            print_shares(flows)
            print(f"\nMemory ({sum(idle.values()):.0f} MB right after the start):\n")
            print_memory(exchange.lab.memory_by_process())


if __name__ == "__main__":
    main()
