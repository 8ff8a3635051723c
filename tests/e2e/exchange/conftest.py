"""The exchange as a user meets it, and its database and traces as nobody outside does. One lab for the folder."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

import psycopg
import pytest
import requests
from psycopg.rows import dict_row

from lab.paths import REPOSITORY
from tests.described_answers import assert_described
from tests.e2e.conftest import BootedLab, boot
from tests.span_trees import SeenSpan, missing, read_trace, read_tree

_NUMBERS = count(1)


@pytest.fixture(scope="package")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BootedLab]:
    yield from boot(tmp_path_factory.mktemp("lab"), "--system", "exchange", "--no-traffic")


@dataclass
class Answer:
    """What the gateway answered."""

    status: int
    json: Any
    trace_id: str


class User:
    """Somebody at the gateway's API."""

    def __init__(self, gateway: str, name: str) -> None:
        self.name = name
        self.password = f"the password of {name}"
        self.id = 0
        self._gateway = gateway
        self._session = requests.Session()
        self._session.trust_env = False

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        response = self._session.request(method, self._gateway + path, json=body, headers=headers, timeout=20)
        answer = Answer(response.status_code, response.json(), response.headers["X-Trace-Id"])
        # Of failures the tests that make them say what they may be.
        if answer.status < 500:
            assert_described(method, path, answer.status, response.content)
        return answer

    def register(self) -> Answer:
        answer = self.ask(
            "POST",
            "/auth/register",
            {"username": self.name, "email": f"{self.name}@example.com", "password": self.password},
        )
        if answer.status == 201:
            self.id = answer.json["user"]["id"]
        return answer

    def log_in(self) -> Answer:
        answer = self.ask("POST", "/auth/login", {"username": self.name, "password": self.password})
        if answer.status == 200:
            self._session.headers["Authorization"] = f"Bearer {answer.json['token']}"
        return answer

    def pay_in(self, cents: int) -> Answer:
        return self.ask("POST", "/wallet/add-funds", {"amount_cents": cents})

    def bring(self, symbol: str, quantity: int) -> Answer:
        return self.ask("POST", "/wallet/add-shares", {"symbol": symbol, "quantity": quantity})

    def place(self, side: str, symbol: str, quantity: int, price_cents: int | None) -> Answer:
        """A limit order, or a market order without a price."""
        ticket: dict[str, Any] = {"side": side, "symbol": symbol, "quantity": quantity}
        priced = {"type": "market"} if price_cents is None else {"type": "limit", "price_cents": price_cents}
        return self.ask("POST", "/v1/order", ticket | priced)

    def cancel(self, order_id: int) -> Answer:
        return self.ask("DELETE", f"/v1/order/{order_id}")


class Exchange:
    """The running exchange, from all sides."""

    def __init__(self, lab: BootedLab, wait_for: Callable[..., Any]) -> None:
        self.lab = lab
        self.wait_for = wait_for
        self.gateway = lab.url("client-gateway")
        secrets = json.loads((lab.state_dir / "secrets" / "secrets.json").read_text())
        (self._port,) = re.findall(r":(\d+)", lab.url("postgresql"))
        self._password = secrets["EXCHANGE_DATABASE_PASSWORD"]

    def new_user(self) -> User:
        """Nobody knows them yet."""
        return User(self.gateway, f"tester-{next(_NUMBERS)}")

    def user(self, *, cents: int = 0, shares: Mapping[str, int] | None = None) -> User:
        """Somebody who is logged in and has this."""
        user = self.new_user()
        assert user.register().status == 201
        assert user.log_in().status == 200
        if cents:
            assert user.pay_in(cents).status == 200
        for symbol, quantity in (shares or {}).items():
            assert user.bring(symbol, quantity).status == 200
        return user

    def rows(self, statement: str, **parameters: Any) -> list[dict[str, Any]]:
        """What the database has."""
        with psycopg.connect(
            host="127.0.0.1",
            port=int(self._port),
            user="exchange",
            dbname="exchange",
            password=self._password,
            connect_timeout=5,
        ) as connection:
            return connection.cursor(row_factory=dict_row).execute(statement.encode(), parameters).fetchall()

    def wallet(self, user: User) -> dict[str, tuple[int, int]]:
        """asset -> available and blocked."""
        rows = self.rows("SELECT asset, available, blocked FROM wallets WHERE user_id = %(id)s", id=user.id)
        return {row["asset"]: (row["available"], row["blocked"]) for row in rows}

    def order(self, order_id: int) -> dict[str, Any]:
        (row,) = self.rows("SELECT * FROM orders WHERE id = %(id)s", id=order_id)
        return row

    def shows(self, answer: Answer, flow: str) -> None:
        """The trace of an answer holds the tree in tests/data/exchange/<flow>.txt, before long."""
        tree = read_tree((REPOSITORY / "tests/data/exchange" / f"{flow}.txt").read_text(encoding="utf-8"))
        address = f"{self.lab.state().backends['tempo']}/api/traces/{answer.trace_id}"
        spans: list[SeenSpan] = []

        def holds() -> bool:
            nonlocal spans
            response = requests.get(address, timeout=10)
            spans = read_trace(response.json()) if response.ok else []
            return bool(spans) and missing(tree, spans) == []

        try:
            self.wait_for(holds, f"the tree of {flow}", 15)
        except pytest.fail.Exception:
            seen = "\n".join(f"{span.label}: {span.name}" for span in sorted(spans, key=lambda span: span.started))
            pytest.fail(f"{flow} lacks {missing(tree, spans)} in trace {answer.trace_id}:\n{seen}")


@pytest.fixture(scope="package")
def exchange(lab: BootedLab, wait_for: Callable[..., Any]) -> Exchange:
    return Exchange(lab, wait_for)
