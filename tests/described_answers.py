"""Whether an answer of the exchange's gateway is what `/openapi.json` says of it."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from systems.exchange.client_gateway.answer_models import Error
from systems.exchange.client_gateway.openapi import describe
from systems.exchange.client_gateway.operations import OPERATIONS, Operation


def assert_described(method: str, path: str, status: int, body: bytes | str) -> Operation:
    """The operation that was asked for. Raises AssertionError, or pydantic's ValidationError that says what is missing
    in the answer, or in the description."""
    operation = _operation(method, path.partition("?")[0])
    responses = _paths()[operation.path][method.lower()]["responses"]
    assert str(status) in responses, f"{method} {path} answered {status}; described are {', '.join(responses)}"
    (operation.answer if status < 400 else Error).model_validate_json(body)
    return operation


def _operation(method: str, path: str) -> Operation:
    for operation in OPERATIONS:
        if operation.method == method and re.fullmatch(
            re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(operation.path)), path
        ):
            return operation
    raise LookupError(f"the gateway has no operation {method} {path}")


@cache
def _paths() -> dict[str, Any]:
    paths: dict[str, Any] = describe(OPERATIONS)["paths"]
    return paths
