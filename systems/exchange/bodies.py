"""What a request brings, as a pydantic model; or 422, with every field that cannot be used and why.

    order = read_body(NewOrder)

    {"error": {"type": "invalid_body", "message": "quantity: Input should be greater than or equal to 1",
               "fields": [{"field": "quantity", "message": "Input should be greater than or equal to 1"}], …}}

What was sent is not repeated in the answer: it may hold a password.
"""

from __future__ import annotations

from typing import TypeVar

from flask import request
from pydantic import BaseModel, ValidationError

from observability.errors import RequestError

Model = TypeVar("Model", bound=BaseModel)

_NULL = "null characters cannot be stored"


def read_body(model: type[Model]) -> Model:
    """The JSON body of the request being handled. Raises RequestError (422, `invalid_body`)."""
    body = request.get_data()
    if b"\\u0000" in body:
        raise _refusal("body", model, [("", _NULL)])
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise _refusal("body", model, _fields(error)) from None


def read_query(model: type[Model]) -> Model:
    """The query parameters, of each name the first. Raises RequestError (422, `invalid_query`)."""
    query = request.args.to_dict()
    if any("\0" in value for value in query.values()):
        raise _refusal("query", model, [("", _NULL)])
    try:
        # Whatever the model says of bodies: everything in a query is text.
        return model.model_validate(query, strict=False)
    except ValidationError as error:
        raise _refusal("query", model, _fields(error)) from None


def _fields(error: ValidationError) -> list[tuple[str, str]]:
    """Name and message of each field at fault; the name is empty when it is the whole."""
    return [
        (".".join(map(str, one["loc"])), one["msg"].removeprefix("Value error, "))
        for one in error.errors(include_url=False, include_context=False, include_input=False)
    ]


def _refusal(part: str, model: type[BaseModel], fields: list[tuple[str, str]]) -> RequestError:
    message = "; ".join(f"{name}: {text}" if name else text for name, text in fields)
    return RequestError(
        422,
        f"invalid_{part}",
        message[:500],
        hint=f"the {part} takes: {', '.join(model.model_fields)}",
        # A body can be wrong in as many places as it has.
        details={"fields": [{"field": name, "message": text} for name, text in fields[:20]]},
    )
