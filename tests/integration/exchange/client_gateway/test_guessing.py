"""Somebody guesses a password, from many addresses and at two gateways: processes as the lab starts them, over HTTP."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from requests.adapters import HTTPAdapter

from tests.integration.exchange.client_gateway.conftest import KEYS
from tests.integration.exchange.running_service import RunningService, running_services

ADA = {"username": "ada", "email": "ada@example.com", "password": "correct horse"}
FAILURES = 5
HOME = "127.0.0.2"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux has more loopback addresses than 127.0.0.1"),
]


class FromAddress(HTTPAdapter):
    """Asks as if from another machine."""

    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__()

    def init_poolmanager(self, *args: int, **more: object) -> None:  # type: ignore[override]
        super().init_poolmanager(*args, **more, source_address=(self._address, 0))  # type: ignore[no-untyped-call]


def log_in(gateway: RunningService, username: str, password: str, address: str) -> requests.Response:
    with requests.Session() as session:
        session.mount("http://", FromAddress(address))
        body = {"username": username, "password": password}
        return session.post(f"{gateway.url}/auth/login", json=body, timeout=20)


@pytest.fixture
def gateways(postgresql_url: str, redis_url: str) -> Iterator[list[RunningService]]:
    """Two, with the user service behind both."""
    keys = {"EXCHANGE_JWT_KEYS": KEYS}
    hashes = {"PASSWORD_HASHES_WAITING": "30", "SERVICE_THREADS": "40"}
    limits = {"RATE_LIMIT_FAILED_LOGINS": str(FAILURES), "RATE_LIMIT_FAILED_LOGINS_SECONDS": "1000000000"}
    with (
        running_services("systems.exchange.user_service", 1, postgresql_url, redis_url, **keys, **hashes) as [users],
        running_services(
            "systems.exchange.client_gateway",
            2,
            postgresql_url,
            redis_url,
            **keys,
            **limits,
            USER_SERVICE_URL=users.url,
        ) as gateways,
    ):
        yield gateways


def test_whoever_guesses_gets_no_further_and_the_owner_still_comes_in(gateways: list[RunningService]) -> None:
    assert requests.post(f"{gateways[0].url}/auth/register", json=ADA, timeout=20).status_code == 201
    assert log_in(gateways[0], "ada", ADA["password"], HOME).status_code == 200

    for username in ("ada", "nobody"):
        with ThreadPoolExecutor(8) as pool:
            answers = list(
                pool.map(
                    lambda n, username=username: log_in(gateways[n % 2], username, f"guess {n}", f"127.0.1.{n + 1}"),
                    range(24),
                )
            )
        statuses = [answer.status_code for answer in answers]
        assert (statuses.count(401), statuses.count(429)) == (FAILURES, 24 - FAILURES)
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert refused.json()["error"]["type"] == "too_many_failed_logins"
        assert int(refused.headers["Retry-After"]) > 0

    # The right password does not help who is unknown here, and where its owner has been before it still does.
    assert log_in(gateways[1], "ada", ADA["password"], "127.0.1.100").status_code == 429
    assert log_in(gateways[1], "ada", ADA["password"], HOME).status_code == 200
