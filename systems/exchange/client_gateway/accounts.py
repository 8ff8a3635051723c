"""Sign up, log in, log out, who am I: the user service knows, the gateway passes on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import flask

from systems.exchange.accounts import account_of
from systems.exchange.client_gateway.calls import Answer, Call, View
from systems.exchange.client_gateway.login_limit import LoginLimit
from systems.exchange.client_gateway.services import Services, content
from systems.exchange.client_gateway.sessions import Sessions, authorization


def account_views(services: Services, sessions: Sessions, login_limit: LoginLimit) -> Mapping[str, View]:
    """The functions of these operations."""
    users = services.users

    def register(call: Call) -> Answer:
        answer = users.post("/register", json=call.body.with_password())
        return content(users, answer), answer.status

    def login(call: Call) -> Answer:
        with login_limit.trying(account_of(call.body.username), flask.request.remote_addr or ""):
            # Not tried again by itself: each try costs a password hash.
            return content(users, users.post("/login", json=call.body.with_password())), 200

    def logout(call: Call) -> Answer:
        assert call.claims is not None
        # Safe to repeat: a token that is worth nothing stays so.
        answer = content(users, users.post("/logout", headers=authorization(), repeatable=True))
        sessions.end(call.claims, (call.claims.expires_at - datetime.now(UTC)).total_seconds())
        return answer, 200

    def me(call: Call) -> Answer:
        return content(users, users.get("/me", headers=authorization())), 200

    return {"register": register, "login": login, "logout": logout, "me": me}
