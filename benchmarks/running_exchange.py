"""A running exchange for a benchmark: its users over HTTP, its database directly, and what its processes use."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any, LiteralString
from urllib.parse import urlsplit

import psycopg
from psycopg.rows import dict_row

from benchmarks.chain import ROOT
from benchmarks.running_lab import PORT_OFFSET, RunningLab, running_lab
from lab.telemetry_client import Span, TraceNotFound
from systems.exchange.instruments import INSTRUMENTS

#: Limits are there for people: a benchmark asks as often as it can, and its orders may wait.
_NO_LIMITS = {
    "RATE_LIMIT_REQUESTS": "1000000000",
    "RATE_LIMIT_CREDENTIALS": "1000000000",
    "RISK_MAX_OPEN_ORDERS": "100000",
}
_NUMBERS = count(1)
_NOT_FINISHED = """
    SELECT (SELECT count(*) FROM orders WHERE status IN ('NEW', 'CANCELLING'))
        + (SELECT count(*) FROM executions WHERE settled_at IS NULL) AS number
"""


_TRADES = """
    SELECT extract(epoch FROM executions.created_at - taker.created_at)::float8 * 1000 AS executed_milliseconds,
        extract(epoch FROM settled_at - taker.created_at)::float8 * 1000 AS settled_milliseconds
    FROM executions JOIN orders AS taker
        ON taker.id = CASE taker_side WHEN 'buy' THEN buy_order_id ELSE sell_order_id END
    WHERE executions.id > %(after)s
    ORDER BY executions.id
"""


@dataclass(frozen=True)
class Trade:
    """When an order that met another was matched, and when that was settled: from the transaction that stored it to
    those that did that."""

    executed_milliseconds: float
    settled_milliseconds: float


@dataclass(frozen=True)
class Answer:
    """What the gateway answered, and how long that took."""

    status: int
    json: Any
    trace_id: str
    milliseconds: float


class User:
    """Somebody at the gateway's API, over one connection. For one thread."""

    def __init__(self, gateway: str) -> None:
        self.name = f"user-{next(_NUMBERS)}-{time.time_ns():x}"
        self.id = 0
        address = urlsplit(gateway)
        assert address.hostname is not None
        self._connection = http.client.HTTPConnection(address.hostname, address.port, timeout=30)
        self._headers = {"Content-Type": "application/json"}

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """Raises RuntimeError for an answer that is a refusal: a benchmark that is refused measures something else."""
        content = None if body is None else json.dumps(body)
        begin = time.perf_counter()
        self._connection.request(method, path, content, self._headers)
        response = self._connection.getresponse()
        text = response.read()
        milliseconds = (time.perf_counter() - begin) * 1000
        if response.status >= 400:
            raise RuntimeError(f"{method} {path}: {response.status} {text[:300]!r}")
        return Answer(response.status, json.loads(text), response.headers.get("X-Trace-Id", ""), milliseconds)

    def register(self) -> Answer:
        body = {"username": self.name, "email": f"{self.name}@example.org", "password": "correct horse"}
        answer = self.ask("POST", "/auth/register", body)
        self.id = answer.json["user"]["id"]
        return answer

    def log_in(self) -> Answer:
        answer = self.ask("POST", "/auth/login", {"username": self.name, "password": "correct horse"})
        self._headers["Authorization"] = f"Bearer {answer.json['token']}"
        return answer

    def pay_in(self, cents: int) -> Answer:
        return self.ask("POST", "/wallet/add-funds", {"amount_cents": cents})

    def bring(self, symbol: str, quantity: int) -> Answer:
        return self.ask("POST", "/wallet/add-shares", {"symbol": symbol, "quantity": quantity})

    def place(self, side: str, symbol: str, price_cents: int, quantity: int = 1) -> Answer:
        ticket = {"side": side, "symbol": symbol, "type": "limit", "price_cents": price_cents, "quantity": quantity}
        return self.ask("POST", "/v1/order", ticket)

    def cancel(self, order_id: int) -> Answer:
        return self.ask("DELETE", f"/v1/order/{order_id}")


class RunningExchange:
    """`lab` is where its processes are."""

    def __init__(self, lab: RunningLab) -> None:
        self.lab = lab
        self.gateway = lab.url("client-gateway")
        secrets = json.loads((lab.state_directory / "secrets" / "secrets.json").read_text(encoding="utf-8"))
        address = urlsplit(lab.url("postgresql"))
        password = secrets["EXCHANGE_DATABASE_PASSWORD"]
        self.database_url = f"postgresql://exchange:{password}@{address.hostname}:{address.port}/exchange"
        self.redis_url = lab.url("redis")
        self.connection: psycopg.Connection[dict[str, Any]] = psycopg.connect(
            self.database_url, autocommit=True, row_factory=dict_row
        )

    def user(self, *, cents: int = 0, shares: int = 0) -> User:
        """Somebody who is logged in and has this much money, and so many shares of everything."""
        user = User(self.gateway)
        user.register()
        user.log_in()
        if cents:
            user.pay_in(cents)
        if shares:
            for symbol in INSTRUMENTS:
                user.bring(symbol, shares)
        return user

    def row(self, statement: LiteralString, **parameters: Any) -> dict[str, Any]:
        row = self.connection.execute(statement, parameters).fetchone()
        assert row is not None
        return row

    def wait_until_settled(self, seconds: float = 120) -> None:
        """Until every order has met the engine, and every trade is settled."""
        deadline = time.monotonic() + seconds
        while self.row(_NOT_FINISHED)["number"]:
            if time.monotonic() > deadline:
                raise TimeoutError("the exchange is not done with its orders")
            time.sleep(0.05)

    def newest_trade(self) -> int:
        return int(self.row("SELECT coalesce(max(id), 0) AS id FROM executions")["id"])

    def trades_since(self, trade_id: int) -> list[Trade]:
        """Those after that one, in their sequence. All are settled: `wait_until_settled` first."""
        return [Trade(**row) for row in self.connection.execute(_TRADES, {"after": trade_id})]

    def trace(self, trace_id: str, *, names: tuple[str, ...], seconds: float = 30) -> list[Span]:
        """The trace, once it has spans with these names."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                spans = self.lab.telemetry.trace(trace_id)
                if {span.name for span in spans} >= set(names) and any(not span.parent_span_id for span in spans):
                    return spans
            except TraceNotFound:
                pass
            if time.monotonic() > deadline:
                raise TimeoutError(f"trace {trace_id} has no {names}")
            time.sleep(0.05)


@contextmanager
def running_exchange(*, telemetry: bool = True, port_offset: int = PORT_OFFSET) -> Iterator[RunningExchange]:
    """An exchange without traders and limits, ended at the end of the block."""
    settings = {**_NO_LIMITS, **({} if telemetry else {"OTEL_SDK_DISABLED": "true"})}
    with running_lab(ROOT, "--system", "exchange", settings=settings, port_offset=port_offset) as lab:
        exchange = RunningExchange(lab)
        try:
            yield exchange
        finally:
            exchange.connection.close()
