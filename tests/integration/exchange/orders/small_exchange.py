"""The exchange in one process and one thread: the services' real code over a real database, events when the test says.

They are published over Redis as ever, and nobody reads them there: each waits in the outbox until it is delivered.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Flask, jsonify
from opentelemetry.trace import SpanKind
from werkzeug.test import TestResponse

from feature_flags import FixedFlags
from observability.messages import continued
from observability.postgresql import Database
from observability.redis import Redis
from systems.exchange.events import Event, Handler, Publisher, outbox
from systems.exchange.instruments import SYMBOLS
from systems.exchange.matching_engine.engine import HALTED, MatchingEngine
from systems.exchange.matching_engine.metrics import EngineMetrics
from systems.exchange.order_manager.app import create_app as create_order_manager
from systems.exchange.order_manager.sweeper import Sweeper
from systems.exchange.risk_manager.app import create_app as create_risk_manager
from systems.exchange.wallet_service.app import create_app as create_wallet_service
from systems.exchange.wallet_service.holds import Holds
from systems.exchange.wallet_service.metrics import WalletMetrics
from tests.integration.exchange.backing import Watched
from tests.integration.exchange.orders.in_process import connect


class SmallExchange:
    """Order manager, risk manager, wallet service and matching engine.

    Attributes:
        quote: what the market data service would answer with.
        flags: of the order manager and the risk manager.
        risk_line, wallet_line: what the order manager calls them over, and where such calls can be disturbed.
    """

    def __init__(self, postgresql_url: str, redis_url: str, database: Database, watched: Watched) -> None:
        self.database = database
        self._redis_url = redis_url
        self._redis = Redis(redis_url, watched.of("test"))
        self._watched = watched
        environ = {
            "EXCHANGE_DATABASE_URL": postgresql_url,
            "EXCHANGE_REDIS_URL": redis_url,
            "SWEEP_PAUSE_SECONDS": "0",
            "SWEEP_PATIENCE_SECONDS": "0",
        }
        self.quote: dict[str, Any] = {}
        self.flags = FixedFlags()
        self.wallets_app = create_wallet_service(
            environ, telemetry=watched.of("wallet-service"), database=database, consumes=False
        )
        telemetry = watched.of("order-manager")
        self._risk_app = create_risk_manager(
            environ, telemetry=watched.of("risk-manager"), flags=self.flags, database=database
        )
        risk_manager, self.risk_line = connect("risk-manager", self._risk_app, telemetry)
        wallet_service, self.wallet_line = connect("wallet-service", self.wallets_app, telemetry)
        market_data, self.market_data_line = connect("market-data-service", self._quotes(), telemetry)
        self.orders_app = create_order_manager(
            environ,
            telemetry=telemetry,
            flags=self.flags,
            database=database,
            risk_manager=risk_manager,
            wallet_service=wallet_service,
            market_data_service=market_data,
        )
        self.engine = self.start_engine()

    def _quotes(self) -> Flask:
        app = Flask("quotes")

        @app.get("/quotes/<symbol>")
        def quote(symbol: str) -> Any:
            return jsonify({"symbol": symbol, **self.quote})

        return app

    def start_engine(self) -> MatchingEngine:
        """A new engine in place of the one before, whose book is read from the database."""
        telemetry = self._watched.of("matching-engine")
        publisher = Publisher(self.database, Redis(self._redis_url, telemetry), telemetry)
        self.engine = MatchingEngine(
            SYMBOLS, publisher, EngineMetrics(telemetry.registry, halted=HALTED), telemetry, leads=lambda: True
        )
        with self.database.transaction() as transaction:
            for symbol in SYMBOLS:
                self.engine.load(transaction, symbol)
        return self.engine

    def deposit(self, user_id: int, asset: str, amount: int) -> None:
        answer = self.wallets_app.test_client().post(
            f"/update-balance/{user_id}", json={"asset": asset, "amount": amount}
        )
        assert answer.status_code in (200, 201), answer.json

    def place(self, **order: Any) -> TestResponse:
        return self.orders_app.test_client().post("/order", json=order)

    def cancel(self, order_id: int, user_id: int) -> TestResponse:
        return self.orders_app.test_client().delete(f"/order/{order_id}?user_id={user_id}")

    def limit_open_orders(self, user_id: int, number: int) -> None:
        """How many the user may have open from now on."""
        limits = {
            "max_order_value_cents": 100_000_000,
            "max_quantity": 10_000,
            "price_band_percent": 20,
            "max_open_orders": number,
        }
        answer = self._risk_app.test_client().put(f"/limits/{user_id}", json=limits)
        assert answer.status_code == 200, answer.json

    def ask(self, path: str) -> TestResponse:
        """Of the order manager."""
        return self.orders_app.test_client().get(path)

    def events(self, *names: str) -> list[Event]:
        """All there ever were, or those with these names, oldest first."""
        with self.database.transaction(traced=False) as transaction:
            rows = transaction.fetch_all(
                "SELECT id, stream, name, payload, traceparent, created_at FROM outbox ORDER BY id"
            )
        return [Event(**row) for row in rows if not names or row["name"] in names]

    def deliver(self, group: str, event: Event) -> None:
        """As the group's consumer handles it: the first time; any other time nothing happens."""
        span_name, handler = self._handlers(group)[event.name]
        with self._watched.of(group).tracer.start_as_current_span(
            span_name, context=continued(event.traceparent), kind=SpanKind.CONSUMER
        ):
            with self.database.transaction() as transaction:
                is_new = outbox.claim(transaction, group, event)
                after_commit = handler(event, transaction) if is_new else None
            if after_commit is not None:
                after_commit()

    def deliver_everything(self) -> None:
        """In the order in which it happened, until nothing more happens."""
        done: set[tuple[str, int]] = set()
        while True:
            waiting = [
                (group, event)
                for event in self.events()
                for group in ("matching-engine", "wallet-service")
                if event.name in self._handlers(group) and (group, event.id) not in done
            ]
            if not waiting:
                return
            for group, event in waiting:
                self.deliver(group, event)
                done.add((group, event.id))

    def rows(self, statement: Any, parameters: Mapping[str, Any] = {}) -> list[dict[str, Any]]:
        with self.database.transaction(traced=False) as transaction:
            return transaction.fetch_all(statement, parameters)

    def wallets(self) -> dict[tuple[int, str], tuple[int, int]]:
        """(user, asset) -> (available, blocked)."""
        return {
            (row["user_id"], row["asset"]): (row["available"], row["blocked"])
            for row in self.rows("SELECT user_id, asset, available, blocked FROM wallets")
        }

    def forget_everything(self) -> None:
        """As if nothing had ever happened here."""
        for line in (self.risk_line, self.wallet_line, self.market_data_line):
            line.mend()
        self.quote = {}
        with self.database.transaction() as transaction:
            transaction.execute(
                """
                TRUNCATE wallets, holds, transactions, risk_limits, client_order_ids, orders, executions, outbox,
                    processed_events
                """
            )
        self._redis.run("FLUSHALL", name="FLUSHALL")
        self.flags.apply({})
        self.start_engine()

    def sweep_wallets(self) -> int:
        """What is blocked for orders that were never stored, given back: how many they were."""
        telemetry = self._watched.of("wallet-service")
        return Holds(self.database, WalletMetrics(telemetry.registry), telemetry).sweep(patience_seconds=0)

    def sweep_orders(self) -> int:
        """Cancellations that were left in the middle, finished: how many they were."""
        sweeper: Sweeper = self.orders_app.extensions["sweeper"]
        return sweeper.sweep()

    def _handlers(self, group: str) -> Mapping[str, tuple[str, Handler]]:
        if group == "wallet-service":
            handlers: Mapping[str, tuple[str, Handler]] = self.wallets_app.extensions["handlers"]
            return handlers
        return {
            "order_created": ("process_order", self.engine.process_order),
            "order_cancelled": ("remove_order", self.engine.remove_order),
        }
