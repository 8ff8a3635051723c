"""The gateway and what is behind it in one process: the services' real code, without a network between them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from feature_flags import FixedFlags
from observability.http_client import ServiceClient
from observability.postgresql import Database
from systems.exchange.client_gateway.app import create_app as create_gateway
from systems.exchange.client_gateway.services import Services
from systems.exchange.market_data_service.app import create_app as create_market_data_service
from systems.exchange.reporting_service.app import create_app as create_reporting_service
from systems.exchange.user_service.app import create_app as create_user_service
from tests.integration.exchange.backing import PostgresqlServer, Watched
from tests.integration.exchange.orders.in_process import connect
from tests.integration.exchange.orders.small_exchange import SmallExchange

PASSWORD = "correct horse battery"


class WholeExchange:
    """All but notifications. Events come to the engine and the wallets when `orders.deliver_everything` says so, to the
    market data by themselves."""

    def __init__(self, postgresql_url: str, redis_url: str, database: Database, watched: Watched) -> None:
        self.orders = SmallExchange(postgresql_url, redis_url, database, watched)
        environ = {
            "EXCHANGE_DATABASE_URL": postgresql_url,
            "EXCHANGE_REDIS_URL": redis_url,
            "EXCHANGE_JWT_KEYS": "a key of the exchange that is long enough",
            "RATE_LIMIT_REQUESTS": "1000000",
            "RATE_LIMIT_CREDENTIALS": "1000000",
            "RATE_LIMIT_FAILED_LOGINS": "1000000",
        }
        flags = FixedFlags()
        telemetry = watched.of("client-gateway")

        def client_of(service: str, app: Flask) -> ServiceClient:
            client, _ = connect(service, app, telemetry)
            return client

        users = create_user_service(environ, telemetry=watched.of("user-service"), flags=flags, database=database)
        reports = create_reporting_service(
            environ, telemetry=watched.of("reporting-service"), flags=flags, database=database
        )
        market = create_market_data_service(environ, telemetry=watched.of("market-data-service"), flags=flags)
        self._follower = market.extensions["follower"]
        self.gateway: Flask = create_gateway(
            environ,
            telemetry=telemetry,
            flags=flags,
            services=Services(
                users=client_of("user-service", users),
                orders=client_of("order-manager", self.orders.orders_app),
                wallets=client_of("wallet-service", self.orders.wallets_app),
                reports=client_of("reporting-service", reports),
                market=client_of("market-data-service", market),
            ),
        )

    def stop(self) -> None:
        self._follower.stop()

    def client(self) -> FlaskClient:
        return self.gateway.test_client()

    def user(self, name: str) -> AtTheGateway:
        """Somebody new, who is logged in."""
        user = AtTheGateway(self.client(), name)
        assert user.register().status_code == 201
        assert user.log_in().status_code == 200
        return user


class AtTheGateway:
    """A user who asks the gateway."""

    def __init__(self, client: FlaskClient, name: str) -> None:
        self._client = client
        self.name = name
        self.token = ""

    def register(self) -> TestResponse:
        return self.ask(
            "POST", "/auth/register", {"username": self.name, "email": f"{self.name}@example.com", "password": PASSWORD}
        )

    def log_in(self, password: str = PASSWORD) -> TestResponse:
        answer = self.ask("POST", "/auth/login", {"username": self.name, "password": password})
        if answer.json and "token" in answer.json:
            self.token = answer.json["token"]
        return answer

    def ask(self, method: str, path: str, body: Any = None, **more: Any) -> TestResponse:
        """`more`: as Flask's test client takes it."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        more.setdefault("headers", headers)
        if body is not None:
            more["json"] = body
        return self._client.open(path, method=method, **more)


@contextmanager
def whole_exchange(postgresql: PostgresqlServer, redis_url: str) -> Iterator[WholeExchange]:
    """One with a database of its own."""
    watched = Watched()
    with postgresql.database() as url:
        database = Database(url, watched.of("test"), connections=20)
        exchange = WholeExchange(url, redis_url, database, watched)
        yield exchange
        exchange.stop()
        database.close()
