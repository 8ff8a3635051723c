"""Connections that begin a request and never end it, at the gateway as the lab starts it."""

from __future__ import annotations

import socket
from contextlib import ExitStack

import pytest
import requests

from tests.integration.exchange.backing import until
from tests.integration.exchange.client_gateway.conftest import KEYS
from tests.integration.exchange.running_service import RunningService
from tests.machine import free_port

HEAD = "POST /auth/login HTTP/1.1\r\nHost: exchange\r\nContent-Type: application/json\r\n"
#: More than the gateway has threads.
COUNT = 30
LOGIN = {"username": "ada", "password": "correct horse"}


def log_in(gateway: RunningService) -> requests.Response:
    return requests.post(f"{gateway.url}/auth/login", json=LOGIN, timeout=10)


@pytest.mark.slow
@pytest.mark.parametrize(
    "beginning",
    ["Content-Length: 1000\r\n\r\n{", "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"],
    ids=["length", "chunks"],
)
def test_what_has_no_body_is_answered_and_all_else_once_they_are_gone(
    postgresql_url: str, redis_url: str, beginning: str
) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    settings = {"EXCHANGE_JWT_KEYS": KEYS, "RATE_LIMIT_CREDENTIALS": "1000", "USER_SERVICE_URL": nobody}
    gateway = RunningService("systems.exchange.client_gateway", postgresql_url, redis_url, **settings)
    try:
        until(lambda: gateway.answers("/health"), seconds=60)
        with ExitStack() as stack:
            slow = [
                stack.enter_context(socket.create_connection(("127.0.0.1", gateway.port), 20)) for _ in range(COUNT)
            ]
            for connection in slow:
                connection.sendall((HEAD + beginning).encode())

            assert requests.get(f"{gateway.url}/openapi.json", timeout=10).status_code == 200
            assert requests.get(f"{gateway.url}/wallet", timeout=10).status_code == 401
            refused = log_in(gateway)
            assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
            assert refused.json()["error"]["type"] == "too_many_slow_bodies"

        # Nobody is there to look at the password: the body has come as far as that.
        until(lambda: log_in(gateway).json()["error"]["type"] == "user-service_unavailable")
    finally:
        gateway.kill()
