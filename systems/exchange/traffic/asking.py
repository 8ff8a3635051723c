"""How a trader's script is written: a generator that yields what it asks and is sent what was answered.

    def script(trader):
        answer = yield from trader.ask("GET", "/wallet")
        if answer.status == 200: …

A script neither waits nor connects: `driver.py` does, and tests answer as they please.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Ask:
    """A request to the gateway."""

    method: str
    path: str
    body: Mapping[str, Any] | None = None
    token: str | None = None

    def __repr__(self) -> str:
        # Neither password nor token.
        return f"Ask({self.method} {self.path})"


@dataclass(frozen=True)
class Answer:
    """What came back; status 0 when nothing did."""

    status: int
    json: Any = None

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


Script = Generator[Ask, Answer, None]
Asking = Generator[Ask, Answer, Answer]


class Trader:
    """An account, and how it gets in."""

    def __init__(self, name: str, seed: int) -> None:
        self.name = name
        # Not a secret: whoever has the seed may be a simulated trader.
        self.password = f"simulated {seed} {name}"
        self.token: str | None = None

    def register(self) -> Asking:
        """Sign up; 409 when there is an account from an earlier run."""
        return (
            yield Ask(
                "POST",
                "/auth/register",
                {"username": self.name, "email": f"{self.name}@example.com", "password": self.password},
            )
        )

    def log_in(self, password: str | None = None) -> Asking:
        """With the right password unless another is given."""
        answer = yield Ask("POST", "/auth/login", {"username": self.name, "password": password or self.password})
        if answer.ok:
            self.token = answer.json["token"]
        return answer

    def come_in(self) -> Generator[Ask, Answer, bool]:
        """Sign up, unless there is an account from an earlier run, and log in; whether it worked."""
        yield from self.register()
        return (yield from self.log_in()).ok

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Asking:
        """As whoever is logged in; logs in again when the token has expired."""
        answer = yield Ask(method, path, body, self.token)
        if answer.status == 401 and (yield from self.log_in()).ok:
            answer = yield Ask(method, path, body, self.token)
        return answer
