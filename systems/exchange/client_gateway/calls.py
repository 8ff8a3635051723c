"""From a request to a call: how often, who, is it well-formed; then the function of the operation.

routes = Routes(app, sessions, rate_limit, slow_bodies, requests=300, credentials=100)
routes.add({"wallet": lambda call: …, …})
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import flask
from opentelemetry.trace import get_current_span
from pydantic import BaseModel

from observability.errors import RequestError
from systems.exchange.bodies import read_body, read_query
from systems.exchange.client_gateway.addresses import caller_of
from systems.exchange.client_gateway.operations import OPERATIONS, Operation
from systems.exchange.client_gateway.rate_limit import RateLimit
from systems.exchange.client_gateway.sessions import Sessions
from systems.exchange.client_gateway.slow_bodies import SlowBodies
from systems.exchange.orders import LARGEST_ID
from systems.exchange.tokens import Claims


@dataclass(frozen=True)
class Call:
    """A request that may go on."""

    operation: Operation
    #: Whose token it is; None for what needs none.
    claims: Claims | None
    body: Any
    query: Any
    #: The path's parameters.
    path: Mapping[str, str]
    #: Whether the user service has said, for this very request, that there is such a user.
    user_was_asked_for: bool = False

    @property
    def user_id(self) -> int:
        """Whose token it is. Only for operations that need one."""
        if self.claims is None:
            raise LookupError(f"{self.operation.name} needs no token: there is no user")
        return self.claims.user_id

    def order_id(self) -> int:
        """The id in the path. What can be no id is an order that is not there."""
        text = self.path["id"]
        # Digits only: int() also takes signs, blanks, underscores and other alphabets.
        if not (text.isascii() and text.isdigit() and 0 < int(text[:20]) <= LARGEST_ID):
            raise RequestError(404, "unknown_order", "there is no such order", "GET /v1/orders lists yours")
        return int(text)


#: (body that is JSON, status)
Answer = tuple[Any, int]
View = Callable[[Call], Answer]


class Routes:
    """Adds operations to an app, each behind the same doors."""

    def __init__(
        self,
        app: flask.Flask,
        sessions: Sessions,
        rate_limit: RateLimit,
        slow_bodies: SlowBodies,
        *,
        requests: int,
        credentials: int,
    ) -> None:
        self._app = app
        self._sessions = sessions
        self._rate_limit = rate_limit
        self._slow_bodies = slow_bodies
        self._requests = requests
        self._credentials = credentials

    def add(self, views: Mapping[str, View]) -> None:
        """Raises LookupError when an operation has no function, or a function no operation."""
        names = {operation.name for operation in OPERATIONS}
        if names != set(views):
            raise LookupError(f"operations and their functions differ: {sorted(names ^ set(views))}")
        for operation in OPERATIONS:
            self._app.add_url_rule(
                operation.rule,
                endpoint=operation.name,
                view_func=partial(self._answer, operation, views[operation.name]),
                methods=[operation.method],
            )

    def _answer(self, operation: Operation, view: View, **path: str) -> flask.Response:
        claims, user_was_asked_for = self._admit(operation)
        body: BaseModel | None = self._body(operation.body) if operation.body else None
        query: BaseModel | None = read_query(operation.query) if operation.query else None
        answer, status = view(Call(operation, claims, body, query, path, user_was_asked_for))
        response = flask.jsonify(answer)
        response.status_code = status
        return response

    def _body(self, model: type[BaseModel]) -> BaseModel:
        self._slow_bodies.receive(flask.request)
        return read_body(model)

    def _admit(self, operation: Operation) -> tuple[Claims | None, bool]:
        """Whose token it is, and whether the user service was asked for them."""
        address = caller_of(flask.request.remote_addr or "")
        if operation.takes_credentials:
            self._rate_limit.admit("credentials", address, self._credentials)
            return None, False
        if not operation.needs_token:
            self._rate_limit.admit("address", address, self._requests)
            return None, False
        # The signature first: it costs nobody else anything, and says who has to be counted.
        claims = self._sessions.claims()
        get_current_span().set_attribute("user.id", claims.user_id)
        self._rate_limit.admit("user", str(claims.user_id), self._requests)
        return claims, self._sessions.require_active(claims)
