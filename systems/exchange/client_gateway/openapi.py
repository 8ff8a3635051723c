"""`/openapi.json`: the table of operations, and the models of bodies, queries and answers, as OpenAPI 3.1 has them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from systems.exchange.client_gateway.answer_models import Error
from systems.exchange.client_gateway.operations import Operation

_PARAMETER = re.compile(r"\{(\w+)\}")
_SCHEMAS = "#/components/schemas/{model}"
_PATH_PARAMETERS: dict[str, dict[str, Any]] = {
    "id": {"type": "integer", "minimum": 1, "maximum": 2**63 - 1},
    "symbol": {"type": "string", "examples": ["ACRN"]},
}
_EVERYWHERE = {
    429: "Too many requests; Retry-After says when to ask again.",
    502: "A service behind the gateway failed.",
    503: "A service behind the gateway is away; Retry-After says when to ask again.",
}


def describe(operations: Iterable[Operation]) -> dict[str, Any]:
    """The document."""
    operations = tuple(operations)
    taken = {model for each in operations for model in (each.body, each.query) if model is not None}
    given = {each.answer for each in operations} | {Error}
    _, definitions = models_json_schema(
        [(model, "validation") for model in sorted(taken, key=_name)]
        + [(model, "serialization") for model in sorted(given, key=_name)],
        ref_template=_SCHEMAS,
    )
    schemas = definitions["$defs"]
    paths: dict[str, dict[str, Any]] = {}
    for each in operations:
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "The stock exchange",
            "version": "1.0.0",
            "description": "Money is whole cents, shares are whole. Every answer names its trace in X-Trace-Id.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def _name(model: type[BaseModel]) -> str:
    return model.__name__


def _operation(operation: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {"operationId": operation.name, "summary": operation.summary}
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": _PATH_PARAMETERS[name]}
        for name in _PARAMETER.findall(operation.path)
    ]
    if operation.query:
        schema = schemas[operation.query.__name__]
        parameters += [
            {"name": name, "in": "query", "required": name in schema.get("required", ()), "schema": about}
            for name, about in schema["properties"].items()
        ]
    if parameters:
        described["parameters"] = parameters
    if operation.body:
        reference = {"$ref": _SCHEMAS.format(model=operation.body.__name__)}
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": reference}}}
    if operation.needs_token:
        described["security"] = [{"token": []}]
    answers = {**operation.answers, **_refusals(operation)}
    described["responses"] = {
        str(status): _response(status, text, operation.answer if status < 400 else Error)
        for status, text in sorted(answers.items())
    }
    return described


def _refusals(operation: Operation) -> dict[int, str]:
    refusals = dict(_EVERYWHERE)
    if operation.body or operation.query:
        refusals[422] = "A field cannot be used; `fields` of the error says which and why."
    if operation.body:
        refusals |= {413: "The body is too large."}
    if operation.needs_token:
        refusals[401] = "No token, or one that is not valid any more."
    if operation.path in {"/wallet/add-funds", "/wallet/add-shares"}:
        refusals[409] = "The Idempotency-Key was used for something else."
    return refusals


def _response(status: int, description: str, model: type[BaseModel]) -> dict[str, Any]:
    schema = {"$ref": _SCHEMAS.format(model=model.__name__)}
    response: dict[str, Any] = {"description": description, "content": {"application/json": {"schema": schema}}}
    if status in (429, 503):
        response["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "seconds"}}
    return response
