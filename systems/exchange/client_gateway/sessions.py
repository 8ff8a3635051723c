"""Who is asking: the token in the Authorization header, verified here, and not logged out as far as anybody knows.

A signature says that a token was given out, not that it was not taken back. The user service knows that; what it said
is kept in Redis for a while (`session:<token id>`), so that it is not asked at every request.
"""

from __future__ import annotations

import contextlib

import flask

from observability.errors import RequestError
from observability.http_client import ServiceClient
from observability.redis import Redis, RedisUnavailable
from systems.exchange.client_gateway.services import content
from systems.exchange.tokens import Claims, Tokens

#: For so long a token that was taken back behind Redis' back is still believed.
_REMEMBERED_SECONDS = 60
_ACTIVE, _ENDED = "active", "ended"


class Sessions:
    """Believes a token, or refuses it with 401."""

    def __init__(self, tokens: Tokens, redis: Redis, users: ServiceClient) -> None:
        self._tokens = tokens
        self._redis = redis
        self._users = users

    def claims(self) -> Claims:
        """What the token of this request says. Asks nobody: whether it was taken back, `require_active` knows."""
        return self._tokens.verify(bearer_token())

    def require_active(self, claims: Claims) -> bool:
        """Raises RequestError with 401 when the token was logged out or its user is gone. Whether the user service was
        asked for that, and not only what is remembered of its answer."""
        key = _key(claims)
        try:
            known = self._redis.get(key, name="GET session")
        except RedisUnavailable:
            self._ask()
            return True
        if known == _ACTIVE:
            return False
        if known == _ENDED:
            raise RequestError(401, "revoked_token", "the token was logged out", "log in again: POST /auth/login")
        self._ask()
        # Unless something is known by now: a logout that came in between stays the last word.
        self._remember(key, _ACTIVE, _REMEMBERED_SECONDS, "NX")
        return True

    def end(self, claims: Claims, seconds: float) -> None:
        """The token was logged out: tell the other gateways for as long as it would be valid."""
        self._remember(_key(claims), _ENDED, max(1, round(seconds)))

    def _ask(self) -> None:
        content(self._users, self._users.get("/me", headers=authorization()))

    def _remember(self, key: str, state: str, seconds: int, *options: str) -> None:
        # Without Redis the user service is asked at every request.
        with contextlib.suppress(RedisUnavailable):
            self._redis.run("SET", key, state, "EX", seconds, *options, name="SET session")


def bearer_token() -> str:
    """The token of the request being handled. Raises RequestError with 401 when there is none."""
    scheme, _, token = flask.request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise RequestError(
            401,
            "token_missing",
            "this needs a token",
            "log in with POST /auth/login and send `Authorization: Bearer <token>`",
            headers={"WWW-Authenticate": "Bearer"},
        )
    return token.strip()


def authorization() -> dict[str, str]:
    """The same for a service that is called on behalf of the caller."""
    return {"Authorization": f"Bearer {bearer_token()}"}


def _key(claims: Claims) -> str:
    return f"session:{claims.token_id}"
