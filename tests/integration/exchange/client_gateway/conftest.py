"""The gateway with a real Redis, and one stand-in for all the services behind it, which answers as it is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask.testing import FlaskClient

from feature_flags import read_flags
from observability import Telemetry
from systems.exchange.client_gateway.app import create_app
from systems.exchange.tokens import Token, Tokens
from tests.integration.exchange.backing import Watched
from tests.integration.exchange.stand_in import Services, standing_in
from tests.machine import free_port

KEYS = "a key of the exchange that is long enough"


@pytest.fixture
def services() -> Iterator[Services]:
    with standing_in() as services:
        yield services


@dataclass
class Gateway:
    """The gateway, and a token that it believes."""

    client: FlaskClient
    telemetry: Telemetry
    token: Token

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """As whoever has the token."""
        headers = {"Authorization": f"Bearer {self.token.text}", **headers}
        return self.client.open(path, method=method, json=body, headers=headers)

    def value(self, name: str, **labels: str) -> float | None:
        return self.telemetry.registry.get_sample_value(name, labels)


MakeGateway = Callable[..., Gateway]


@pytest.fixture
def make_gateway(services: Services, redis_url: str, exchange_telemetry: Watched) -> MakeGateway:
    """`make_gateway(CORS_ORIGINS="https://a.example")`; settings that are not given suit the test."""

    def make(**settings: str) -> Gateway:
        telemetry = exchange_telemetry.of("client-gateway")
        environ = {
            "EXCHANGE_JWT_KEYS": KEYS,
            "EXCHANGE_REDIS_URL": redis_url,
            **{
                f"{name}_URL": services.url
                for name in (
                    "USER_SERVICE",
                    "ORDER_MANAGER",
                    "WALLET_SERVICE",
                    "REPORTING_SERVICE",
                    "MARKET_DATA_SERVICE",
                )
            },
            **settings,
        }
        app = create_app(environ, telemetry=telemetry, flags=read_flags({}))
        return Gateway(app.test_client(), telemetry, Tokens(KEYS, telemetry).issue(13, "ada"))

    return make


@pytest.fixture
def gateway(make_gateway: MakeGateway) -> Gateway:
    return make_gateway()


@pytest.fixture
def nowhere() -> str:
    """Where nobody listens."""
    return f"127.0.0.1:{free_port()}"
