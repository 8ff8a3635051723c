"""Whatever bytes come to the gateway: an answer that blames whoever sent them, and nothing of it stays."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from systems.exchange.client_gateway.operations import OPERATIONS, Operation
from tests.described_answers import assert_described
from tests.integration.exchange.backing import PostgresqlServer, RedisServer
from tests.integration.exchange.whole_exchange import WholeExchange, whole_exchange

WITH_BODY = [operation for operation in OPERATIONS if operation.body]
#: Bodies that are no JSON, no object, or not to be read at once.
BODIES = {
    "nothing": b"",
    "a NUL": b"\x00",
    "no UTF-8": b"\xff\xfe\xfd",
    "half of it": b'{"symbol": "ACRN", "qua',
    "no object": b"[1, 2]",
    "null": b"null",
    "a number": b"7",
    "not a number": b"NaN",
    "very deep lists": b"[" * 50_000,
    "very deep objects": b'{"symbol":' * 20_000 + b"1" + b"}" * 20_000,
    "a very long number": b'{"quantity": ' + b"9" * 10_000 + b"}",
    "a number without end": b'{"quantity": 1e999999}',
    "the same name twice": b'{"quantity": 1, "quantity": 2}',
    "UTF-16": '{"symbol": "ACRN"}'.encode("utf-16"),
    "too much": b'{"symbol": "' + b"A" * 5_000_000 + b'"}',
}
#: What no field takes, whatever it is called: as JSON writes it.
VALUES = {
    "NUL": r'"\u0000"',
    "half of a character": r'"\ud800"',
    "the other half": r'"\udc00x"',
    "a long text": json.dumps("x" * 20_000),
    "control characters": r'"\u0001\u001b[31m\r\n"',
    "right to left": r'"\u202eadmin"',
    "a huge number": "9" * 400,
    "beyond 64 bits": str(2**64),
    "below nothing": "-1",
    "a fraction": "1.5",
    "a whole fraction": "1.0",
    "true": "true",
    "null": "null",
    "a list": "[1]",
    "an object": '{"$gt": ""}',
    "a number as text": '"1"',
    "SQL": json.dumps("x'; DROP TABLE orders; --"),
}
#: What is put into paths and queries, as it goes over the wire.
PARTS = [
    "%00",
    "%ff",
    "%ed%a0%80",
    "..%2f..%2fmetrics",
    "%0d%0aX-Evil:%201",
    "%25",
    "1e3",
    "-1",
    "9" * 5_000,
    "%F0%9F%92%B8",
    "'",
]


@pytest.fixture(scope="module")
def exchange(postgresql_server: PostgresqlServer, redis_server: RedisServer) -> Iterator[WholeExchange]:
    redis_server.empty()
    with whole_exchange(postgresql_server, redis_server.url) as exchange:
        yield exchange


@pytest.fixture(scope="module")
def token(exchange: WholeExchange) -> str:
    return exchange.user("ada").token


def sent(exchange: WholeExchange, token: str, method: str, path: str, **more: Any) -> int:
    """The status, of an answer that is as described."""
    headers = {"Authorization": f"Bearer {token}", **more.pop("headers", {})}
    answer = exchange.client().open(path, method=method, headers=headers, **more)
    body = answer.get_data()
    if answer.status_code != 404 or b"unknown_route" not in body:
        assert_described(method, path, answer.status_code, body)
    return answer.status_code


def path_of(operation: Operation) -> str:
    return operation.path.replace("{id}", "7").replace("{symbol}", "ACRN")


@pytest.mark.parametrize("body", BODIES.values(), ids=list(BODIES))
def test_bodies_that_are_none_are_refused(exchange: WholeExchange, token: str, body: bytes) -> None:
    statuses = {
        operation.name: sent(
            exchange, token, operation.method, path_of(operation), data=body, content_type="application/json"
        )
        for operation in WITH_BODY
    }
    assert set(statuses.values()) <= {413, 422}, statuses


@pytest.mark.parametrize("value", VALUES.values(), ids=list(VALUES))
def test_values_that_no_field_takes_are_refused(exchange: WholeExchange, token: str, value: str) -> None:
    for operation in WITH_BODY:
        assert operation.body is not None
        usual = usual_body(operation)
        for field in [*usual, "__proto__"]:
            body = (
                "{"
                + ", ".join(
                    f"{json.dumps(name)}: {value if name == field else json.dumps(usual[name])}"
                    for name in dict.fromkeys([*usual, field])
                )
                + "}"
            )
            status = sent(
                exchange,
                token,
                operation.method,
                operation.path,
                data=body.encode(),
                content_type="application/json",
            )
            # Any text can be a password, and the name of somebody who is not known here.
            assert status in (409, 422) or field in ("password", "username"), (operation.name, field)
            assert status < 500


def usual_body(operation: Operation) -> dict[str, Any]:
    """What the operation takes."""
    return {
        "register": {"username": "carol", "email": "carol@example.com", "password": "correct horse"},
        "login": {"username": "ada", "password": "correct horse"},
        "add_funds": {"amount_cents": 1},
        "add_shares": {"symbol": "ACRN", "quantity": 1},
        "place_order": {
            "symbol": "ACRN",
            "side": "sell",
            "type": "limit",
            "quantity": 1,
            "price_cents": 4_250,
            "client_order_id": "mine",
        },
    }[operation.name]


@pytest.mark.parametrize("part", PARTS)
def test_paths_and_queries_that_make_no_sense_are_refused(exchange: WholeExchange, token: str, part: str) -> None:
    for operation in OPERATIONS:
        if "{" in operation.path:
            path = operation.path.replace("{id}", part).replace("{symbol}", part)
            assert sent(exchange, token, operation.method, path) == 404
        if operation.query:
            for name in [*operation.query.model_fields, "x"]:
                assert sent(exchange, token, operation.method, f"{path_of(operation)}?{name}={part}") == 422


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer a.b.c",
        "Bearer ..",
        "Basic YWRhOg==",
        "Bearer \xff\xfe",
        "Bearer " + "a" * 20_000,
    ],
)
def test_tokens_that_are_none_are_refused(exchange: WholeExchange, authorization: str) -> None:
    assert sent(exchange, "", "GET", "/wallet", headers={"Authorization": authorization}) == 401


@pytest.mark.parametrize("key", ["", " ", "a b", "\xff", "x" * 65, "a\tb"])
def test_keys_that_are_none_are_refused(exchange: WholeExchange, token: str, key: str) -> None:
    status = sent(
        exchange, token, "POST", "/wallet/add-funds", json={"amount_cents": 1}, headers={"Idempotency-Key": key}
    )
    assert status == 422


def test_nothing_of_it_stays_and_what_it_was_made_of_is_taken(exchange: WholeExchange, token: str) -> None:
    assert exchange.orders.wallets() == {}
    assert exchange.orders.rows("SELECT FROM orders") == []

    statuses = {
        operation.name: sent(exchange, token, operation.method, operation.path, json=usual_body(operation))
        for operation in WITH_BODY
    }
    # Whose password was any text.
    assert statuses.pop("register") in (201, 409)
    assert statuses == {"login": 401, "add_funds": 200, "add_shares": 200, "place_order": 201}
