"""The rows of users, and of tokens that were logged out before they expired."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from observability.postgresql import Transaction

Row = dict[str, Any]

_ADD = """
    INSERT INTO users (username, email, password_hash) VALUES (%(username)s, %(email)s, %(password_hash)s)
    ON CONFLICT DO NOTHING
    RETURNING id, username, email, created_at
"""
_TAKEN = """
    SELECT coalesce(bool_or(username = %(username)s), false) AS username,
        coalesce(bool_or(email = %(email)s), false) AS email
    FROM users WHERE username = %(username)s OR email = %(email)s
"""
_BY_USERNAME = "SELECT id, username, email, created_at, password_hash FROM users WHERE username = %(username)s"
_BY_TOKEN = """
    SELECT users.id, username, email, created_at, revoked_tokens.token_id IS NOT NULL AS is_revoked
    FROM users LEFT JOIN revoked_tokens ON revoked_tokens.token_id = %(token_id)s
    WHERE users.id = %(user_id)s
"""
_REVOKE = """
    INSERT INTO revoked_tokens (token_id, expires_at) VALUES (%(token_id)s, %(expires_at)s)
    ON CONFLICT DO NOTHING
"""
#: A day more than its time: clocks differ, and nothing is gained by haste.
_FORGET = "DELETE FROM revoked_tokens WHERE expires_at < now() - interval '1 day'"


def add(transaction: Transaction, username: str, email: str, password_hash: str) -> Row | None:
    """The new user; None when the name or the address is taken."""
    return transaction.fetch_one(_ADD, {"username": username, "email": email, "password_hash": password_hash})


def what_is_taken(transaction: Transaction, username: str, email: str) -> str | None:
    """`username` or `email`; None when both are free."""
    row = transaction.fetch_one(_TAKEN, {"username": username, "email": email}) or {}
    return next((column for column in ("username", "email") if row.get(column)), None)


def find(transaction: Transaction, username: str) -> Row | None:
    """With the password's hash."""
    return transaction.fetch_one(_BY_USERNAME, {"username": username})


def find_owner(transaction: Transaction, user_id: int, token_id: str) -> Row | None:
    """Whose a token is, with `is_revoked`."""
    return transaction.fetch_one(_BY_TOKEN, {"user_id": user_id, "token_id": token_id})


def revoke(transaction: Transaction, token_id: str, expires_at: datetime) -> None:
    """The token is worth nothing any more. What has expired anyway need not be remembered."""
    transaction.execute(_REVOKE, {"token_id": token_id, "expires_at": expires_at})
    transaction.execute(_FORGET)


def as_json(row: Row) -> Row:
    """What may be shown of a user."""
    return {name: row[name] for name in ("id", "username", "email", "created_at")}
