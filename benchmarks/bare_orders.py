"""An exchange without services: orders as the same statements in the same transactions, without telemetry, in a
PostgreSQL of its own with the lab's settings.

Processes reserve, block and store, one matches, one settles, as in the exchange; between them are queues in place of
HTTP, Redis and the outbox's readers. What it achieves is what PostgreSQL and its driver allow.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from multiprocessing import get_context
from multiprocessing.queues import Queue
from typing import Any

from benchmarks.chain import ROOT, free_ports
from lab.backing.postgresql import PASSWORD_VARIABLE
from observability import Telemetry, setup
from observability.postgresql import Database
from systems.exchange.events import Event, outbox
from systems.exchange.instruments import SYMBOLS
from systems.exchange.matching_engine.engine import HALTED, MatchingEngine
from systems.exchange.matching_engine.metrics import EngineMetrics
from systems.exchange.order_manager import order_table
from systems.exchange.orders import NewOrder
from systems.exchange.storage.migrate import migrate
from systems.exchange.wallet_service.bodies import FundsToBlock
from systems.exchange.wallet_service.holds import Holds
from systems.exchange.wallet_service.metrics import WalletMetrics
from systems.exchange.wallet_service.settlement import Settlement

_PASSWORD = "bare"
#: Processes that need not import everything anew.
_FORK = get_context("fork")


@contextmanager
def running_postgresql() -> Iterator[str]:
    """The URL of an empty database with all tables, in a server as the lab starts it."""
    (port,) = free_ports(1)
    with tempfile.TemporaryDirectory(prefix="bare-postgresql-", ignore_cleanup_errors=True) as folder:
        command = [sys.executable, "-m", "lab.backing.postgresql"]
        command += ["--folder", folder, "--port", str(port), "--database", "exchange"]
        environ = {**os.environ, PASSWORD_VARIABLE: _PASSWORD}
        process = subprocess.Popen(command, cwd=ROOT, env=environ, stderr=subprocess.DEVNULL)
        url = f"postgresql://exchange:{_PASSWORD}@127.0.0.1:{port}/exchange"
        try:
            migrate(url)
            yield url
        finally:
            # Fast: whoever is still connected has to go.
            process.send_signal(signal.SIGINT)
            process.wait(30)


@dataclass
class BareRun:
    """What came of it: milliseconds until each order was stored, the seconds until the last trade was settled, and the
    CPU seconds of the processes in the place of services."""

    stored: list[float]
    seconds: float
    cpu_seconds: float


def run_bare_exchange(database_url: str, clients: Sequence[Callable[[], NewOrder]], seconds: float) -> BareRun:
    """A process for each client, which places as fast as it can; one that matches, and one that settles."""
    orders: Queue[Event | None] = _FORK.Queue()
    trades: Queue[Event | None] = _FORK.Queue()
    stored: Queue[list[float]] = _FORK.Queue()
    before = os.times()
    begin = time.perf_counter()
    placing = [
        _FORK.Process(target=_place_orders, args=(database_url, client, begin + seconds, orders, stored))
        for client in clients
    ]
    matching = _FORK.Process(target=_match_orders, args=(database_url, orders, trades))
    settling = _FORK.Process(target=_settle_trades, args=(database_url, trades))
    for process in (*placing, matching, settling):
        process.start()
    durations = list(chain.from_iterable(stored.get() for _ in placing))
    for process in placing:
        process.join()
    orders.put(None)
    matching.join()
    trades.put(None)
    settling.join()
    elapsed, after = time.perf_counter() - begin, os.times()
    cpu_seconds = after.children_user + after.children_system - before.children_user - before.children_system
    return BareRun(durations, elapsed, cpu_seconds)


def _connect(database_url: str) -> tuple[Database, Telemetry]:
    telemetry = setup("bare-orders", namespace="exchange", version="1", environ={"OTEL_SDK_DISABLED": "true"})
    return Database(database_url, telemetry), telemetry


def _place_orders(
    database_url: str,
    next_order: Callable[[], NewOrder],
    end: float,
    orders: Queue[Event | None],
    stored: Queue[list[float]],
) -> None:
    database, telemetry = _connect(database_url)
    holds = Holds(database, WalletMetrics(telemetry.registry), telemetry)
    durations = []
    while (started := time.perf_counter()) < end:
        orders.put(_place(database, holds, next_order()))
        durations.append((time.perf_counter() - started) * 1000)
    stored.put(durations)


def _place(database: Database, holds: Holds, order: NewOrder) -> Event:
    assert order.client_order_id is not None
    assert order.price_cents is not None
    with database.transaction() as transaction:
        order_id = order_table.reserve_for(transaction, order.user_id, order.client_order_id).order_id
    buys = order.side == "buy"
    holds.block(
        FundsToBlock(
            order_id=order_id,
            user_id=order.user_id,
            asset="USD" if buys else order.symbol,
            amount=order.quantity * order.price_cents if buys else order.quantity,
        )
    )
    with database.transaction() as transaction:
        stored = order_table.insert(transaction, order_id, order, order.price_cents)
        assert stored is not None
        return outbox.add(transaction, "orders", "order_created", order_table.as_event(stored))


def _match_orders(database_url: str, orders: Queue[Event | None], trades: Queue[Event | None]) -> None:
    database, telemetry = _connect(database_url)
    metrics = EngineMetrics(telemetry.registry, halted=HALTED)
    publisher: Any = _ToQueue(trades)
    engine = MatchingEngine(SYMBOLS, publisher, metrics, telemetry, leads=lambda: True)
    while event := orders.get():
        with database.transaction() as transaction:
            outbox.claim(transaction, "matching-engine", event)
            after_commit = engine.process_order(event, transaction)
        if after_commit is not None:
            after_commit()


def _settle_trades(database_url: str, trades: Queue[Event | None]) -> None:
    database, telemetry = _connect(database_url)
    settlement = Settlement(WalletMetrics(telemetry.registry), telemetry)
    while event := trades.get():
        with database.transaction() as transaction:
            outbox.claim(transaction, "wallet-service", event)
            settlement.settle(event, transaction)


class _ToQueue:
    """In the place of a publisher."""

    def __init__(self, trades: Queue[Event | None]) -> None:
        self._trades = trades

    def publish(self, events: Iterable[Event]) -> None:
        for event in events:
            if event.name == "trade_executed":
                self._trades.put(event)
