"""The user service's routes: register, log in, who is it, log out."""

from __future__ import annotations

from typing import Any

from flask import Flask, request
from opentelemetry.trace import get_current_span

from observability import Telemetry
from observability.errors import RequestError
from observability.postgresql import Database
from systems.exchange.accounts import Credentials, Registration, account_of
from systems.exchange.bodies import read_body
from systems.exchange.tokens import Claims, Tokens
from systems.exchange.user_service import user_table
from systems.exchange.user_service.metrics import UserMetrics
from systems.exchange.user_service.passwords import Passwords

SPAN_NAMES = {
    "POST /register": "register_user",
    "POST /login": "authenticate_user",
    "GET /me": "GET /me",
    "POST /logout": "logout_user",
}


def add_routes(
    app: Flask,
    database: Database,
    passwords: Passwords,
    tokens: Tokens,
    metrics: UserMetrics,
    telemetry: Telemetry,
) -> None:
    """Add the four routes. Addresses mean the same in capitals, as names do."""
    logger = telemetry.logger

    @app.post("/register")
    def register() -> tuple[dict[str, Any], int]:
        registration = validate_user()
        username, email = account_of(registration.username), registration.email.lower()
        # Not inside the transaction: a hash takes longer than a connection should be kept.
        password_hash = passwords.hash(registration.password.get_secret_value())
        with database.transaction() as transaction:
            user = user_table.add(transaction, username, email, password_hash)
            if user is None:
                # Somebody has been faster since it was looked at.
                raise _taken(user_table.what_is_taken(transaction, username, email) or "username")
        metrics.registrations.inc()
        get_current_span().set_attribute("user.id", user["id"])
        logger.info("User %s registered", user["id"], extra={"user_id": user["id"]})
        return {"user": user_table.as_json(user)}, 201

    def validate_user() -> Registration:
        with telemetry.span("validate_user"):
            registration = read_body(Registration)
            with database.transaction() as transaction:
                taken = user_table.what_is_taken(
                    transaction, account_of(registration.username), registration.email.lower()
                )
        if taken:
            raise _taken(taken)
        return registration

    @app.post("/login")
    def login() -> dict[str, Any]:
        credentials = read_body(Credentials)
        with database.transaction() as transaction:
            user = user_table.find(transaction, account_of(credentials.username))
        try:
            is_right = passwords.verify(
                credentials.password.get_secret_value(), user["password_hash"] if user else None
            )
        except RequestError:
            metrics.logins.labels("busy").inc()
            raise
        if user is None or not is_right:
            metrics.logins.labels("refused").inc()
            # The same words for both: who has an account here is nobody's business.
            raise RequestError(401, "wrong_credentials", "there is no user with this name and this password")
        token = tokens.issue(user["id"], user["username"])
        metrics.logins.labels("success").inc()
        get_current_span().set_attribute("user.id", user["id"])
        logger.info("User %s logged in", user["id"], extra={"user_id": user["id"]})
        return {"token": token.text, "expires_at": token.expires_at, "user": user_table.as_json(user)}

    @app.get("/me")
    def me() -> dict[str, Any]:
        claims = read_token()
        with database.transaction() as transaction:
            user = user_table.find_owner(transaction, claims.user_id, claims.token_id)
        if user is None:
            raise RequestError(401, "unknown_user", "the token is of a user who is not there any more")
        if user["is_revoked"]:
            raise RequestError(401, "revoked_token", "the token was logged out", hint="log in again: POST /auth/login")
        return {"user": user_table.as_json(user)}

    @app.post("/logout")
    def logout() -> dict[str, Any]:
        claims = read_token()
        with database.transaction() as transaction:
            user_table.revoke(transaction, claims.token_id, claims.expires_at)
        logger.info("User %s logged out", claims.user_id, extra={"user_id": claims.user_id})
        return {"logged_out": True}

    def read_token() -> Claims:
        scheme, _, text = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not text:
            raise RequestError(
                401,
                "missing_token",
                "this needs a token: the header Authorization: Bearer …",
                hint="log in: POST /auth/login",
                headers={"WWW-Authenticate": "Bearer"},
            )
        claims = tokens.verify(text.strip())
        get_current_span().set_attribute("user.id", claims.user_id)
        return claims


def _taken(what: str) -> RequestError:
    return RequestError(
        409, f"{what}_taken", f"there is a user with this {what} already", hint=f"choose another {what}"
    )
