"""One server that stands for services which a test does not need, in JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests import stand_in
from tests.stand_in import StandIn

#: (status, body) of an answer
Told = tuple[int, Any]


@dataclass
class Services:
    """All services behind the gateway in one server."""

    _server: StandIn
    #: "METHOD /path" -> its answer; an empty object with 200 for all others.
    answers: dict[str, Told] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self._server.url

    @property
    def asked(self) -> list[tuple[str, str, Any]]:
        """Method, path and body of each request."""
        return [(method, path, json.loads(body) if body else None) for method, path, _, body in self._server.requests]

    @property
    def headers(self) -> list[dict[str, str]]:
        return [headers for _, _, headers, _ in self._server.requests]

    def answer(self, method: str, path: str) -> tuple[int, bytes]:
        status, content = self.answers.get(f"{method} {path.partition('?')[0]}", (200, {}))
        return status, json.dumps(content).encode()


@contextmanager
def standing_in() -> Iterator[Services]:
    """The server, while the block runs."""
    with stand_in.standing_in() as server:
        services = Services(server)
        server.answer = services.answer
        yield services
