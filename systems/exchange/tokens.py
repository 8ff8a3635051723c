"""Who is logged in, as a signed token: issue one, verify one, and change the key without logging anybody out.

Signed with HMAC-SHA256. `EXCHANGE_JWT_KEYS` holds the keys, separated by commas: the first one signs, every one
verifies. To change the key put a new one in front, and take the old one away when its last token has expired.
Whether a token was revoked is not known here.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt

from observability import Telemetry
from observability.errors import RequestError
from systems.exchange.shared_settings import KEYS_VARIABLE

#: RFC 7518, 3.2: a key of HS256 is at least as long as its hash.
_SHORTEST_KEY_BYTES = 32
_ALGORITHM = "HS256"
_ISSUER = "exchange"
_CLAIMS = ["sub", "name", "jti", "iss", "iat", "exp"]


@dataclass(frozen=True)
class Token:
    """A token as it is given to whoever has logged in."""

    text: str
    token_id: str
    expires_at: datetime

    def __repr__(self) -> str:
        # The text opens an account: it must not get into a log by way of this object.
        return f"Token(token_id={self.token_id!r}, expires_at={self.expires_at!r})"


@dataclass(frozen=True)
class Claims:
    """What a verified token says."""

    user_id: int
    username: str
    token_id: str
    expires_at: datetime


class TokenRefused(RequestError):
    """A token nobody may act with: 401, and `type` says why.

    `expired_token`, `unknown_token_key` (signed with a key that has been taken away, or elsewhere), `forged_token`
    (its signature does not fit its content), `malformed_token` (not a token of this exchange at all).
    """

    def __init__(self, type: str, message: str) -> None:
        super().__init__(401, type, message, hint="log in again: POST /auth/login")


class Tokens:
    """Issues and verifies tokens.

        tokens = Tokens(os.environ["EXCHANGE_JWT_KEYS"], telemetry)
        token = tokens.issue(13, "ada")
        tokens.verify(token.text).user_id       # 13

    Raises ValueError when there is no key, or one that is too short to protect anything.
    """

    def __init__(
        self,
        keys: str,
        telemetry: Telemetry,
        *,
        lifetime_seconds: float = 3600.0,
        leeway_seconds: float = 5.0,
    ) -> None:
        self._keys = read_keys(keys)
        self._signing_key_id = next(iter(self._keys))
        self._lifetime = timedelta(seconds=lifetime_seconds)
        #: Clocks of two machines differ a little.
        self._leeway_seconds = leeway_seconds
        self._tracer = telemetry.tracer_provider.get_tracer("jwt")

    def issue(self, user_id: int, username: str) -> Token:
        """A new token, valid from now on."""
        with self._tracer.start_as_current_span("generate_token", attributes={"user.id": user_id}) as span:
            now = datetime.now(UTC).replace(microsecond=0)
            token_id, expires_at = uuid.uuid4().hex, now + self._lifetime
            span.set_attribute("exchange.token.key_id", self._signing_key_id)
            text = jwt.encode(
                {
                    "iss": _ISSUER,
                    "sub": str(user_id),
                    "name": username,
                    "jti": token_id,
                    "iat": now,
                    "exp": expires_at,
                },
                self._keys[self._signing_key_id],
                algorithm=_ALGORITHM,
                headers={"kid": self._signing_key_id},
            )
            return Token(text, token_id, expires_at)

    def verify(self, text: str) -> Claims:
        """What the token says. Raises TokenRefused for one that must not be believed."""
        refusal: TokenRefused
        with self._tracer.start_as_current_span("verify_token") as span:
            try:
                claims = self._claims(text)
            except TokenRefused as refused:
                # The caller's mistake and not this service's: by the semantic conventions the span has not failed.
                refusal = refused
                span.set_attribute("error.type", refused.type)
            else:
                span.set_attribute("user.id", claims.user_id)
                return claims
        raise refusal

    def _claims(self, text: str) -> Claims:
        try:
            key_id = jwt.get_unverified_header(text).get("kid")
        except jwt.InvalidTokenError:
            raise TokenRefused("malformed_token", "this is no token of the exchange") from None
        key = self._keys.get(key_id) if isinstance(key_id, str) else None
        if key is None:
            raise TokenRefused("unknown_token_key", "the token is signed with a key that is not in use here")
        try:
            claims: dict[str, Any] = jwt.decode(
                text,
                key,
                algorithms=[_ALGORITHM],
                issuer=_ISSUER,
                leeway=self._leeway_seconds,
                options={"require": _CLAIMS},
            )
        except jwt.ExpiredSignatureError:
            raise TokenRefused("expired_token", "the token has expired") from None
        except jwt.InvalidSignatureError:
            raise TokenRefused("forged_token", "the token's signature does not fit its content") from None
        except jwt.InvalidTokenError:
            raise TokenRefused("malformed_token", "the token does not say what a token of the exchange says") from None
        try:
            expires_at = datetime.fromtimestamp(claims["exp"], UTC)
            return Claims(int(claims["sub"]), str(claims["name"]), str(claims["jti"]), expires_at)
        except ValueError:
            raise TokenRefused("malformed_token", "the token does not say whose it is") from None


def read_keys(text: str) -> dict[str, str]:
    """The keys by their ids, the signing one first. Raises ValueError that says what a key has to be."""
    keys = [key.strip() for key in text.split(",") if key.strip()]
    if not keys:
        raise ValueError(
            f"{KEYS_VARIABLE} is empty: give at least one key of {_SHORTEST_KEY_BYTES} bytes or more,"
            " for example the output of `openssl rand -hex 32`"
        )
    for number, key in enumerate(keys, start=1):
        if len(key.encode()) < _SHORTEST_KEY_BYTES:
            raise ValueError(
                f"key {number} of {KEYS_VARIABLE} has {len(key.encode())} bytes: expected {_SHORTEST_KEY_BYTES} or more"
            )
    return {_key_id(key): key for key in keys}


def _key_id(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:8]
