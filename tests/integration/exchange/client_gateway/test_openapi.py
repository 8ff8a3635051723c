"""The gateway keeps to its own description, whatever it is sent."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from systems.exchange.client_gateway.operations import OPERATIONS
from tests.integration.exchange.backing import PostgresqlServer
from tests.integration.exchange.client_gateway.conftest import Gateway
from tests.integration.exchange.whole_exchange import AtTheGateway, whole_exchange

_CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
_EXAMPLES = 4


def test_every_operation_is_described_and_nothing_else(gateway: Gateway) -> None:
    document = gateway.client.get("/openapi.json").json
    assert document is not None
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert described == {(each.method, each.path) for each in OPERATIONS}
    assert {each.name for each in OPERATIONS if each.needs_token} == {
        operation["operationId"]
        for methods in document["paths"].values()
        for operation in methods.values()
        if "security" in operation
    }


def test_bodies_say_what_they_take(gateway: Gateway) -> None:
    document = gateway.client.get("/openapi.json").json
    assert document is not None
    schemas = document["components"]["schemas"]
    assert schemas["OrderTicket"]["properties"]["quantity"] == {
        "maximum": 1_000_000,
        "minimum": 1,
        "title": "Quantity",
        "type": "integer",
    }
    assert schemas["Registration"]["properties"]["password"]["writeOnly"] is True
    assert schemas["Deposit"]["additionalProperties"] is False


def test_answers_are_described_field_by_field(gateway: Gateway) -> None:
    document = gateway.client.get("/openapi.json").json
    assert document is not None
    order = document["components"]["schemas"]["OrderInFull"]
    assert set(order["required"]) == set(order["properties"]) >= {"filled", "status", "average_fill_price_cents"}
    described = {
        (operation["operationId"], status): response["content"]["application/json"]["schema"]
        for methods in document["paths"].values()
        for operation in methods.values()
        for status, response in operation["responses"].items()
    }
    assert described["list_orders", "200"] == {"$ref": "#/components/schemas/Orders"}
    assert {schema["$ref"] for (_, status), schema in described.items() if status >= "400"} == {
        "#/components/schemas/Error"
    }


@pytest.mark.slow
def test_whatever_it_is_sent_it_answers_as_described(postgresql_server: PostgresqlServer, redis_url: str) -> None:
    with whole_exchange(postgresql_server, redis_url) as exchange:
        send_all_sorts(exchange.gateway, exchange.user("ada"))


def send_all_sorts(gateway: Flask, user: AtTheGateway) -> None:
    schema = schemathesis.openapi.from_wsgi("/openapi.json", gateway)
    operations = [each.ok() for each in schema.get_all_operations()]
    # The description itself is left out.
    assert len(operations) == len(OPERATIONS) - 1
    for operation in operations:
        # One of them is to log out.
        user.log_in()
        for mode in _modes(operation):
            strategy = operation.as_strategy(generation_mode=mode)

            @settings(
                max_examples=_EXAMPLES,
                deadline=None,
                database=None,
                derandomize=True,
                suppress_health_check=list(HealthCheck),
            )
            @given(case=strategy, has_token=st.booleans())
            def ask(case: schemathesis.Case, has_token: bool) -> None:
                headers = {"Authorization": f"Bearer {user.token}"} if has_token else {}
                case.call_and_validate(headers=headers, checks=_CHECKS)

            ask()


def _modes(operation: Any) -> list[GenerationMode]:
    """Whether there is anything that could be sent wrongly."""
    can_be_wrong = operation.body or operation.query
    return [GenerationMode.POSITIVE, *([GenerationMode.NEGATIVE] if can_be_wrong else [])]
