"""Bodies and queries that can be used, and how those that cannot are refused."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from flask import Flask
from pydantic import BaseModel, ConfigDict, Field, field_validator

from observability.errors import RequestError
from systems.exchange.bodies import read_body, read_query


class Ticket(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    quantity: Annotated[int, Field(ge=1)]
    symbol: str = "ACRN"

    @field_validator("symbol")
    @classmethod
    def _known(cls, symbol: str) -> str:
        if symbol != "ACRN":
            raise ValueError("is not traded here")
        return symbol


def body(data: str) -> Ticket:
    with Flask("test").test_request_context("/", method="POST", data=data):
        return read_body(Ticket)


def refused(data: str) -> dict[str, Any]:
    with pytest.raises(RequestError) as caught:
        body(data)
    assert (caught.value.status, caught.value.type) == (422, "invalid_body")
    assert caught.value.hint == "the body takes: quantity, symbol"
    return {field["field"]: field["message"] for field in caught.value.details["fields"]}


def test_a_body_becomes_a_model() -> None:
    assert body('{"quantity": 5}') == Ticket(quantity=5)


@pytest.mark.parametrize(
    ("data", "field", "message"),
    [
        ('{"quantity": 0}', "quantity", "Input should be greater than or equal to 1"),
        ('{"quantity": "5"}', "quantity", "Input should be a valid integer"),
        ('{"quantity": 5.0}', "quantity", "Input should be a valid integer"),
        ('{"quantity": 1e400}', "quantity", "Input should be a valid integer"),
        ("{}", "quantity", "Field required"),
        ('{"quantity": 1, "pirce": 3}', "pirce", "Extra inputs are not permitted"),
        ('{"quantity": 1, "symbol": "NONE"}', "symbol", "is not traded here"),
        ("[]", "", "Input should be an object"),
        ("", "", "Invalid JSON"),
        ("not json", "", "Invalid JSON"),
        ('{"quantity": 1, "symbol": "\\u0000"}', "", "null characters cannot be stored"),
    ],
)
def test_a_body_that_cannot_be_used_is_refused_with_the_field_and_why(data: str, field: str, message: str) -> None:
    assert refused(data)[field].startswith(message)


def test_every_field_at_fault_is_told_at_once() -> None:
    assert set(refused('{"quantity": 0, "symbol": "NONE"}')) == {"quantity", "symbol"}


def test_what_was_sent_is_not_repeated() -> None:
    assert "secret" not in str(refused('{"quantity": "secret"}'))


def test_the_texts_of_a_query_are_read_as_what_they_stand_for() -> None:
    with Flask("test").test_request_context("/?quantity=7&symbol=ACRN&quantity=8"):
        assert read_query(Ticket) == Ticket(quantity=7)


@pytest.mark.parametrize("query", ["quantity=x", "quantity=1&symbol=%00", ""])
def test_a_query_that_cannot_be_used_is_refused(query: str) -> None:
    with Flask("test").test_request_context(f"/?{query}"), pytest.raises(RequestError) as caught:
        read_query(Ticket)
    assert (caught.value.status, caught.value.type) == (422, "invalid_query")
